#!/bin/sh
# rmv repro when it is interrupted, killed, or not alone.
. "$(dirname "$0")/lib.sh"

# A shell lets what it starts in the background ignore SIGINT, hence env --default-signal.

repository "$TEST_FOLDER/signals"
printf '  a:\n    cmd: echo half >a.out; echo $$ >pid; sleep 60 & echo $! >child; wait; echo whole >a.out\n    outs: [a.out]\n' | stages
it 'stops a command and all it started on SIGINT, and records nothing' '
    env --default-signal=INT rmv repro >log 2>&1 & pid=$!; wait_for child; kill -INT $pid; exits 130 wait $pid
    is_gone $(cat pid); is_gone $(cat child); test ! -e rmv.lock; grep "stage .a. was stopped" log'
it 'does so on SIGTERM'                           '
    rm -f pid child; rmv repro >log 2>&1 & pid=$!; wait_for child; kill -TERM $pid; exits 130 wait $pid; is_gone $(cat child); test ! -e rmv.lock'
it 'runs the stage from the start afterwards'     'sed -i "s/sleep 60/sleep 0/" rmv.yaml; rmv repro -q; test "$(cat a.out)" = whole'
it 'kills what does not stop when asked'          '
    printf "  b:\n    cmd: trap \"\" TERM INT; echo \$\$ >stubborn; while :; do sleep 1; done\n" | stages
    env --default-signal=INT rmv repro >log 2>&1 & pid=$!; wait_for stubborn; kill -INT $pid; exits 130 wait $pid; is_gone $(cat stubborn)'
it 'does not begin the next stage after an interrupt' '
    printf "  c:\n    cmd: kill -INT \$PPID; sleep 60\n    outs: [c.out]\n  d:\n    cmd: touch d.ran\n    deps: [c.out]\n" | stages
    exits 130 env --default-signal=INT rmv repro; test ! -e d.ran'

repository "$TEST_FOLDER/killed"
printf '  a:\n    cmd: echo half >a.out; touch started; while [ ! -e go ]; do sleep 0.05; done; echo run >>runs; cp runs a.out\n    outs: [a.out]\n' | stages
it 'leaves what a killed repro started alone until it ends, and runs the stage again' '
    rmv repro >log 2>&1 & pid=$!; wait_for started; kill -KILL $pid; wait $pid || :
    test ! -e rmv.lock; rm started; rmv repro >log2 2>&1 & second=$!
    sleep 0.5; test ! -e started; grep "Waiting for stage .a." log2; touch go; wait $second
    test "$(wc -l <runs)" = 2; cmp runs a.out; rmv status -q; rmv fsck -q'
it 'never runs a stage twice at once, and not again what another process has just run' '
    rm -f go started runs rmv.lock a.out; rm -rf .rmstore/runs
    rmv repro >one 2>&1 & first=$!; wait_for started; rmv repro >two 2>&1 & second=$!; sleep 0.3; touch go
    wait $first; wait $second; test "$(wc -l <runs)" = 1; grep "Waiting for stage .a." two; grep "Stage .a. is up to date" two'
it 'lets other stages and commands work meanwhile' '
    rm -f go started runs a.out rmv.lock; rm -rf .rmstore/runs; printf "  b:\n    cmd: echo 1 >b.out\n    outs: [b.out]\n" >>rmv.yaml; echo 1 >data
    rmv repro a >one 2>&1 & first=$!; wait_for started; rmv repro -q b; rmv add -q data; touch go; wait $first
    grep -q "^  a:" rmv.lock; grep -q "^  b:" rmv.lock; rmv status -q'
it 'does not wait for what a command left running' '
    printf "  a:\n    cmd: (sleep 60; echo late) & echo \$! >left; echo 1 >a2\n    outs: [a2]\n" | stages
    timeout 20 rmv repro -q; kill -0 $(cat left); kill $(cat left)
    rm a2; sed -i "s/echo 1 >a2/echo 2 >a2/" rmv.yaml; timeout 20 rmv repro -q; kill $(cat left)'
it 'shows what a command prints, and keeps it'    '
    printf "  a:\n    cmd: echo to out; echo to err >&2; seq 100000\n" | stages
    rmv repro >out 2>err; grep "^to out" out; grep "^to err" err; test "$(tail -n 1 out)" = 100000; grep " - a - WARNING - to err$" .rmstore/logs/a.log; tail -n 1 .rmstore/logs/a.log | grep " - a - INFO - 100000$"'
it 'keeps quiet with -q, but not the log'         'test -z "$(rmv repro -q 2>&1)"; grep " - to out$" .rmstore/logs/a.log'

# Runs that end shortly after one another are recorded together.
repository "$TEST_FOLDER/together"
for i in 1 2 3 4 5 6; do printf "  s$i:\n    cmd: echo $i >$i.out\n    outs: [$i.out]\n"; done | stages
it 'records many short stages' '
    rmv repro -q; test "$(grep -c "^  s" rmv.lock)" = 6; test "$(wc -l <.gitignore)" = 6; rmv status -q; rmv fsck -q
    test -z "$(ls .rmstore/runs/started)"'
it 'records what has ended while another stage runs' '
    printf "  a:\n    cmd: echo 1 >a.out\n    outs: [a.out]\n  b:\n    cmd: while [ ! -e go ]; do sleep 0.05; done; echo 1 >b.out\n    outs: [b.out]\n" | stages
    rm rmv.lock; rmv repro -q >log 2>&1 & pid=$!; wait_for rmv.lock || :; sed -n "/^  a:/p" rmv.lock >seen; touch go; wait $pid; test -s seen; rmv status -q'
it 'has recorded what a stage needs when it starts' '
    printf "  a:\n    cmd: echo 2 >a.out\n    outs: [a.out]\n  b:\n    cmd: cp rmv.lock b.out\n    deps: [a.out]\n    outs: [b.out]\n" | stages
    rmv repro -q; grep "cmd: echo 2 >a.out" b.out'
it 'ignores the outputs of all stages that may run yet when it first changes .gitignore' '
    printf "  a:\n    cmd: echo 4 >a.out\n    outs: [a.out]\n  b:\n    cmd: cp .gitignore b.seen\n    deps: [a.out]\n    outs: [b.out: {cache: false}]\n  c:\n    cmd: exit 1\n    deps: [b.out]\n    outs: [c.out]\n  d:\n    cmd: echo 1 >d.out\n    outs: [d.out]\n" | stages
    rm .gitignore; sed -i "s/cp .gitignore b.seen/cp .gitignore b.seen; echo 1 >b.out/" rmv.yaml
    rmv repro -q b; test "$(cat b.seen)" = /a.out; exits 1 rmv repro -q; grep -x /a.out .gitignore; exits 1 grep b.out .gitignore
    rm .gitignore; exits 1 rmv repro -q -f; grep -x /a.out b.seen; grep -x /c.out b.seen; test "$(sort .gitignore | uniq -d | wc -l)" = 0'
it 'lets gc have the store while a stage runs' '
    printf "  a:\n    cmd: echo 5 >a.out\n    outs: [a.out]\n  b:\n    cmd: timeout 20 rmv gc -q && echo 1 >b.out\n    deps: [a.out]\n    outs: [b.out]\n" | stages
    rmv repro -q; rmv status -q; rmv fsck -q'
it 'takes an output over from a stage that another process has recorded meanwhile' '
    printf "  a:\n    cmd: echo 6 >a.out\n    outs: [a.out]\n  b:\n    cmd: cp a.out b.out\n    deps: [a.out]\n    outs: [b.out]\n" | stages
    rmv repro -q; cat >other.sh <<"SH"
sed "s/^  b:/  gone:/; s/b.out/c.out/" rmv.lock >other && mv other rmv.lock && cp a.out c.out
SH
    printf "  a:\n    cmd: echo 7 >a.out\n    outs: [a.out]\n  b:\n    cmd: sh other.sh\n    deps: [a.out]\n    outs: [c.out]\n" | stages
    rmv repro -q; test "$(grep -c "c.out" rmv.lock)" = 1; exits 1 grep gone rmv.lock; rmv status -q'
it 'has recorded what ended before a stage that fails' '
    printf "  a:\n    cmd: echo 3 >a.out\n    outs: [a.out]\n  b:\n    cmd: exit 1\n" | stages
    exits 1 rmv repro -q; grep "cmd: echo 3 >a.out" rmv.lock; test "$(rmv repro --dry | grep -c "^Would run")" = 1; rmv fsck -q'
it 'replaces an output with content that another run has just made' '
    printf "  a:\n    cmd: echo same >a.out\n    outs: [a.out]\n  b:\n    cmd: echo other >c.out\n    outs: [c.out]\n" | stages
    echo same >c.out; rmv repro -q; test "$(cat c.out)" = other'
it 'lets gc work while it asks, and while it waits for another process' '
    printf "  a:\n    cmd: date +%%N >a.out\n    outs: [a.out]\n  b:\n    cmd: touch b.ran; while [ ! -e go ]; do sleep 0.05; done\n    deps: [a.out]\n" | stages
    rm -f go b.ran; mkfifo answers; rmv repro -i <answers >log 2>&1 & pid=$!; exec 8>answers; echo y >&8
    until grep -q "Run stage .b." log; do sleep 0.05; done; timeout 60 rmv gc -q || { echo "gc waits while it asks"; exit 1; }
    echo q >&8; exits 130 wait $pid; exec 8>&-
    rmv repro --single-item b >log 2>&1 & first=$!; wait_for b.ran; rm a.out; rmv repro --force >log2 2>&1 & second=$!
    until grep -q "Waiting for stage .b." log2; do sleep 0.05; done; timeout 60 rmv gc -q || { echo "gc waits as well"; exit 1; }
    touch go; wait $first; wait $second'

command -v strace >/dev/null || { skip 'sweeps' 'strace is not installed'; exit 0; }
setup='git init -q . && rmv init -q && mkdir in && echo 1 >in/1 && echo 2 >in/2 &&
       printf "stages:\n  a:\n    cmd: mkdir a && cat in/* >a/x\n    deps: [in]\n    outs: [a]\n  b:\n    cmd: wc -l <a/x >b\n    deps: [a]\n    outs: [b]\n" >rmv.yaml'
sound='rmv fsck -q && rmv repro -q && rmv status -q && test "$(cat b)" = 2 && rm -rf a b rmv.lock && rmv repro -q && test "$(cat b)" = 2 && rmv fsck -q'
it 'is sound wherever it is killed, and a second run succeeds' '"$SOURCE_ROOT/tests/fault_sweep.sh" "$setup" "rmv repro -q" "$sound"'
setup='git init -q . && rmv init -q && for i in 1 2 3; do printf "  s$i:\n    cmd: echo $i >$i.out\n    outs: [$i.out]\n"; done | sed "1i stages:" >rmv.yaml'
sound='rmv fsck -q && rmv repro -q && rmv status -q && cat 1.out 2.out 3.out | tr -d "\n" | grep -x 123 && rm -rf ?.out rmv.lock && rmv repro -q && test "$(cat 3.out)" = 3 && rmv fsck -q'
it 'is so too when several stages are recorded together' '"$SOURCE_ROOT/tests/fault_sweep.sh" "$setup" "rmv repro -q" "$sound"'
