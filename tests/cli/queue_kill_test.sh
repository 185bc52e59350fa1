#!/bin/sh
# Killing what the queue runs, following its logs, and taking what has ended off the list.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

experiment_project "$TEST_FOLDER/main"
# Each run writes started-RANK with its own number and that of a child, prints, and waits for go-RANK.
cat >slow.sh <<'SH'
rank=$(sed -n 's/^ *rank: \([0-9]*\).*/\1/p' params.yaml)
sleep 600 & child=$!
case $rank in 9?) trap 'echo got TERM' TERM; tick='echo tick' ;; esac
echo "hello from $rank"
echo "$$ $child" >"$MARKS/new-$rank"; mv "$MARKS/new-$rank" "$MARKS/started-$rank"
for _ in $(seq 1200); do test -e "$MARKS/go-$rank" && break; $tick; sleep 0.05 || :; done
kill $child
echo "bye from $rank"; echo "$rank" >out.txt
SH
printf 'stages:\n  slow:\n    cmd: sh slow.sh\n    deps: [slow.sh]\n    params: [train.rank]\n    outs: [out.txt]\n' >rmv.yaml
git add -A; git commit -qm slow
export MARKS="$TEST_FOLDER/marks"; mkdir "$MARKS"
ticks_of() { # ticks_of <name>: how long it went on after it was asked to end, in twentieths of a second at most
    rmv queue logs "$1" | sed '1,/got TERM/d' | grep -c tick || :
}
are_gone() { # are_gone <rank>: what that run started
    for process in $(cat "$MARKS/started-$1"); do is_gone "$process" || return 1; done
}

it 'wants to know what to kill'                   'exits 2 rmv queue kill && exits 2 rmv queue kill --all x && exits 3 rmv queue kill none'
it 'says that nothing runs'                       'rmv queue kill --all | grep "^Nothing runs"'
it 'kills none where one does not run'            '
    rmv exp run -q --queue -n w -S train.rank=1; exits 3 rmv queue kill w 2>err; grep "does not run" err && grep "queue remove w" err; rmv queue status | grep -E "w .* Queued"; rmv queue remove -q w; rm err'
it 'kills one, with all it started, and the next goes on' '
    rmv exp run -q --queue -n a -S train.rank=11,12; rmv queue start -q 2>err & pid=$!; waits "test -e $MARKS/started-11"; touch $MARKS/go-12
    rmv queue kill a-1 | grep "^Killed a-1$"; are_gone 11; ends 1 $pid; grep "a-1.*it was killed" err; reference_of a-2 | grep -v failed; ! reference_of a-1 | grep -v failed
    rmv queue status | grep -E "a-1 .* Failed"; rmv queue logs a-1 | grep "hello from 11"; rmv queue logs a-1 | tail -n 1 | grep "it was killed"; test -z "$(ls .rmstore/exps/trees .rmstore/exps/kill | grep "^a")"; rm err'
it 'does not run what was killed again'           'rmv queue start | grep "Nothing is queued"'
it 'keeps the others that run at once'            '
    rmv exp run -q --queue -n b -S train.rank=21,22,23; rmv queue start -q -j 3 2>/dev/null & pid=$!; waits "test -e $MARKS/started-21 -a -e $MARKS/started-22 -a -e $MARKS/started-23"
    rmv queue kill b-1 b-3 >out; grep -c Killed out | grep 2; are_gone 21; are_gone 23; kill -0 $(cat $MARKS/started-22); touch $MARKS/go-22; ends 1 $pid; reference_of b-2 | grep -v failed; rmv queue status | grep -c Failed | grep 3; rm out'
it 'kills by the id of a task, and all'           '
    rmv exp run -q --queue -n c -S train.rank=31,32; rmv queue start -q -j 2 2>/dev/null & pid=$!; waits "test -e $MARKS/started-31 -a -e $MARKS/started-32"
    rmv queue kill $(rmv queue status | sed -n "s/ .*c-1 .*//p") | grep "^Killed c-1$"; rmv queue kill --all | grep "^Killed c-2$"; ends 1 $pid; are_gone 31; are_gone 32'
it 'kills at once with --force what does not listen' '
    rmv exp run -q --queue -n d -S train.rank=91; rmv queue start -q 2>/dev/null & pid=$!; waits "test -e $MARKS/started-91"; rmv queue kill -f d | grep "^Killed d$"
    ends 1 $pid; are_gone 91; test $(ticks_of d) -lt 40'
it 'kills without --force what does not listen, later' '
    rmv exp run -q --queue -n e -S train.rank=92; rmv queue start -q 2>/dev/null & pid=$!; waits "test -e $MARKS/started-92"; rmv queue kill e | grep "^Killed e$"; ends 1 $pid; are_gone 92; rmv queue logs e | grep "got TERM"'
it 'records no stage of what was killed'          'rm -rf .rmstore/exps/results; test -z "$(rmv exp list --name-only | grep "^[de]$")" && test -z "$(git worktree list | sed 1d)"'
it 'ends for one whose process died'              '
    rmv exp run -q --queue -n f -S train.rank=41; rmv queue start -q & pid=$!; waits "test -e $MARKS/started-41"; kill -STOP $pid; timeout 30 rmv queue kill f >out & killer=$!; waits "test -e .rmstore/exps/kill/f"; kill -9 $pid; wait $pid 2>/dev/null || :
    ends 0 $killer; grep "f waits again" out; kill $(cat $MARKS/started-41); rmv queue remove -q f; rm out'
it 'follows a planted link nowhere'               '
    rm -rf .rmstore/exps/kill; mkdir ../away; ln -s "$TEST_FOLDER/away" .rmstore/exps/kill; touch ../away/g; rmv exp run -q --queue -n g -S train.rank=42; touch $MARKS/go-42; exits 1 rmv queue start -q 2>err; grep -i "link" err; test -e ../away/g; rm -r .rmstore/exps/kill ../away err; rmv queue remove -q g'

it 'prints a log that is there and ends'          'rmv queue logs -f b-2 | grep "bye from 22" && exits 3 rmv queue logs -f none 2>err; grep "no log" err; rm err'
it 'follows one that runs until its end'          '
    rmv exp run -q --queue -n h -S train.rank=51; rmv queue start -q & pid=$!; waits "test -e $MARKS/started-51"; rmv queue logs --follow h >../follow & reader=$!; waits "grep hello ../follow"; ! grep bye ../follow; kill -0 $reader; touch $MARKS/go-51; ends 0 $reader; ends 0 $pid; grep "bye from 51" ../follow; rmv queue logs h | cmp - ../follow'
it 'follows one until it is killed'               '
    rmv exp run -q --queue -n i -S train.rank=52; rmv queue start -q 2>/dev/null & pid=$!; waits "test -e $MARKS/started-52"; rmv queue logs -f i >../follow & reader=$!; waits "grep hello ../follow"; rmv queue kill -q i; ends 0 $reader; ends 1 $pid; tail -n 1 ../follow | grep "it was killed"'
it 'leaves the experiment alone when the follower is interrupted' '
    rmv exp run -q --queue -n j -S train.rank=53; rmv queue start -q & pid=$!; waits "test -e $MARKS/started-53"; env --default-signal=INT rmv queue logs -f j >../follow & reader=$!; waits "grep hello ../follow"; kill -INT $reader; wait $reader || :; touch $MARKS/go-53; ends 0 $pid; reference_of j'
it 'needs little memory for a long log'           '
    head -c 300000000 /dev/zero >.rmstore/exps/logs/long.log; rmv queue logs long | wc -c | grep "^300000000$"
    python3 -c "import resource, subprocess; subprocess.run([\"rmv\", \"queue\", \"logs\", \"long\"], check=True, stdout=subprocess.DEVNULL); assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 150000"; rm .rmstore/exps/logs/long.log'
it 'leaves the log of one that runs to it'        '
    rmv exp run -q -n k -S train.rank=54 & pid=$!; waits "test -e $MARKS/started-54"; exits 1 rmv exp run -q -f -n k -S train.rank=55 2>/dev/null; rmv queue logs k | grep "hello from 54"; touch $MARKS/go-54; ends 0 $pid; rmv queue logs k | grep "bye from 54"'

it 'takes off what failed, with its log'          'rmv queue status | grep -E "a-1 .* Failed"; rmv queue remove a-1 | grep "^Removed a-1$"; exits 3 rmv queue logs a-1; exits 3 rmv queue remove a-1'
it 'removes the logs of what is done, not the experiments' '
    rmv queue logs h >/dev/null; rmv queue remove --success >out; grep "^Removed h$" out; grep "^Removed the log of k$" out; exits 3 rmv queue logs h; reference_of h; rmv queue logs d >/dev/null; rmv queue status | grep -E "d .* Failed"; rm out'
it 'removes what waits with exp remove, and neither what runs nor what failed' '
    rmv exp run -q --queue -n m -S train.rank=63,64; rmv queue start -q & pid=$!; waits "test -e $MARKS/started-63"; rmv exp remove --queue >out; test "$(cat out)" = "Removed m-2 from the queue"; rmv queue status | grep -E "m-1 .* Running"; rmv queue status | grep -E "d .* Failed"; touch $MARKS/go-63; ends 0 $pid; reference_of m-1; rm out'
it 'removes all but what runs'                    '
    rmv exp run -q --queue -n l -S train.rank=61,62; rmv queue start -q & pid=$!; waits "test -e $MARKS/started-61"; exits 8 rmv queue remove l-2 l-1; rmv queue status | grep -E "l-2 .* Queued"
    rmv queue remove --all >out; grep "^Removed l-2$" out; grep "^Removed d$" out; ! grep "l-1" out; rmv queue logs l-1 | grep hello; touch $MARKS/go-61; ends 0 $pid; reference_of l-1; test "$(rmv queue status | grep -cE "Success|Failed|Queued")" = 1; rm out'
