#!/bin/sh
# rmv repro with stages that are jobs of a real Slurm.
. "$(dirname "$0")/lib.sh"

hold_server slurm; status=$?
if [ "$status" = 77 ]; then
    skip 'runs stages as jobs of Slurm' 'no Slurm here (Debian: slurm-wlm munge)'
    exit 0
fi
it 'has a Slurm to test with' 'cat "$TEST_FOLDER/server.err"; test '"$status"' -eq 0'
[ "$status" = 0 ] || exit 1
slurm=$answer
export SLURM_CONF="$slurm/slurm.conf"
is_idle() { # no job runs; one that was cancelled takes a moment to go
    for _ in $(seq 300); do [ -n "$(squeue -h)" ] || return 0; sleep 0.1; done
    squeue; return 1
}

repository "$TEST_FOLDER/work"
stages <<'YAML'
  first: {cmd: 'echo from first; echo warned >&2; echo $SLURM_JOB_PARTITION/$SLURM_CPUS_PER_TASK/$RMV_STAGE/$(pwd)/$GREETING >first.out', outs: [first.out], env: {GREETING: hi}}
  second: {cmd: ["cat first.out >second.out", "echo \"it's\" >>second.out"], deps: [first.out], outs: [second.out]}
YAML
echo 'executor: {slurm: {partition: test, cpus: 2, time: 5m, memory: 64M}}' >>rmv.yaml
it 'runs stages as jobs, in the order of what they need' '
    timeout 60 rmv repro >out 2>err; cat out err
    printf "test/2/first/%s/hi\nit\047s\n" "$PWD" | diff - second.out
    grep "^Stage .first. runs as job [0-9]* of Slurm" out; rmv status -q; rmv fsck -q'
it 'passes on and logs what they print' '
    grep -x "from first" out; grep -x warned err
    grep -E "^[0-9-]+ [0-9:,]+ - first - INFO - from first$" .rmstore/logs/first.log; grep -E " - first - WARNING - warned$" .rmstore/logs/first.log'
it 'leaves no files of ended jobs' 'test -z "$(ls .rmstore/jobs)"'
it 'has nothing to do then' 'rmv repro | grep "^Everything is up to date"'
it 'runs here when told to' 'rmv repro -f --executor local first >out && ! grep Slurm out; grep -x "//first/$PWD/hi" first.out; exits 2 rmv repro --executor x'

stages <<'YAML'
  code: {cmd: 'echo going; exit 7'}
  signal: {cmd: 'exec >>log 2>&1; kill -SEGV $$'}
  refused: {cmd: 'true', executor: {slurm: {partition: nowhere}}}
  limit: {cmd: 'sleep 300', timeout: 2s}
YAML
it 'carries exit codes and signals through' '
    exits 1 timeout 100 rmv repro -k -j 4 --executor slurm >out 2>&1; cat out
    grep "stage .code. failed: exit status 7" out; grep "^    going" out
    grep "stage .signal. failed: killed by signal 11" out'
it 'says what Slurm does not take'  'grep "stage .refused. failed: Slurm does not take its job: .*invalid partition" out'
it 'ends a job when its time is up' 'grep "stage .limit. failed: it ran longer than its timeout of 2 s" out; is_idle'
stages <<'YAML'
  again: {cmd: 'echo x >>tries; test $(wc -l <tries) -ge 2; echo 1 >o', outs: [o], retry: {attempts: 2, delay: 10ms}}
YAML
sed -i 's/; echo 1/ \&\& echo 1/' rmv.yaml
it 'tries again as it would here' 'timeout 60 rmv repro --executor slurm && test "$(cat tries)" = "x
x" && rmv status -q'

stages <<'YAML'
  long: {cmd: 'touch started; sleep 300', outs: [never]}
YAML
it 'cancels its jobs on an interrupt, and records nothing' '
    env --default-signal=INT rmv repro --executor slurm >out 2>&1 & pid=$!; wait_for started; kill -INT $pid
    exits 130 wait $pid; cat out; is_idle; ! grep -q "^  long:" rmv.lock; test -z "$(ls .rmstore/jobs)"'
stages <<'YAML'
  long: {cmd: 'echo x >>count; while [ ! -e go ]; do sleep 0.1; done; echo 1 >o2; echo finished', outs: [o2]}
YAML
it 'finds a job again that a killed run left' '
    rmv repro --executor slurm >out 2>&1 & pid=$!; wait_for count; kill -KILL $pid; wait $pid || :
    rmv repro --executor slurm >out 2>&1 & pid=$!; sleep 1; touch go; wait $pid; cat out
    grep "goes on as job" out; test "$(cat count)" = x; grep -x finished out; rmv status -q; rmv lineage o2 >/dev/null'
loop() { # loop <command>: the stage runs it once there is a file go
    stages <<YAML
  long: {cmd: 'echo x >>count; while [ ! -e go ]; do sleep 0.1; done; $1', outs: [o2]}
YAML
    rm -f go count
}
submit_and_kill() {
    rmv repro --executor slurm >out 2>&1 & pid=$!
    wait_for count && kill -KILL $pid; wait $pid || :
}
it 'takes the result of one that ended meanwhile' '
    loop "echo 2 >o2"; submit_and_kill; touch go
    for i in $(seq 100); do [ -n "$(squeue -h)" ] || break; sleep 0.1; done
    rmv repro >out 2>&1; cat out; grep "goes on as job" out; test "$(cat count)" = x; test "$(cat o2)" = 2; rmv status -q'
head -c 9000000 /dev/urandom >"$TEST_FOLDER/big"
rmv config -q cache.type copy
narrowly() { (trap '' XFSZ; ulimit -f 4096; "$@"); }
it 'keeps the result of one that cannot be stored' '
    loop "cp \"$TEST_FOLDER/big\" o2"; touch go; sed -i "s/cp /ln /" rmv.yaml
    exits 7 narrowly rmv repro --executor slurm >out 2>&1; cat out; test "$(cat count)" = x; mkdir kept; cp -p .rmstore/jobs/*.job .rmstore/jobs/*.exit kept
    rmv repro >out 2>&1; cat out; grep "goes on as job" out; test "$(cat count)" = x; cmp o2 "$TEST_FOLDER/big"
    test -z "$(ls .rmstore/jobs)"; rmv status -q; rmv fsck -q'
it 'runs again what it is told to, whatever is left of a job whose result was taken' '
    cp -p kept/* .rmstore/jobs/; sed -i "s/ln /ln -f /" rmv.yaml; rmv repro -q; cp -p kept/* .rmstore/jobs/
    sed -i "s/ln -f /ln /" rmv.yaml; rmv repro -q; rm -f count; cp -p kept/* .rmstore/jobs/
    rmv repro -q -f --executor slurm; test "$(cat count)" = x; test -z "$(ls .rmstore/jobs)"'
if command -v strace >/dev/null; then
    it 'finds one again that ended before it was killed' '
        loop "echo kept >o2"; touch go; exits 137 strace -qq -o /dev/null -e trace=rename -e inject=rename:signal=KILL rmv repro --executor slurm >out 2>&1
        cat out; test "$(cat count)" = x; exits 1 grep -q kept rmv.lock; rmv repro >out 2>&1; cat out; grep "goes on as job" out; test "$(cat count)" = x
        grep -q kept rmv.lock; rmv status -q; test -z "$(ls .rmstore/jobs)"; rmv fsck -q'
else
    skip 'finds one again that ended before it was killed' 'strace is not installed'
fi
it 'forgets one that ended well without its output' '
    loop "true"; touch go; exits 1 rmv repro --executor slurm >out 2>&1; grep "did not make its output" out; test -z "$(ls .rmstore/jobs)"'
it 'cancels one whose inputs have changed since' '
    loop "echo 3 >o2"; submit_and_kill; loop "echo 4 >o2"; rmv repro --executor slurm >out 2>&1 & pid=$!
    for i in $(seq 300); do ! grep -q "cancelling it" out || break; sleep 0.1; done; touch go; wait $pid; cat out; grep "cancelling it" out; test "$(cat o2)" = 4; is_idle; rmv status -q'
it 'waits for a controller that is restarted' '
    loop "echo 5 >o2"; rmv repro --executor slurm >out 2>&1 & pid=$!; wait_for count
    "$slurm/restart" stop; sleep 1; "$slurm/restart"; sleep 6; touch go; wait $pid; cat out count
    test "$(cat count)" = x; test "$(grep -c "runs as job" out)" = 1; is_idle; rmv status -q'
it 'runs a command once, however often its script is started' '
    loop "echo 51 >o2"; rmv repro --executor slurm >out 2>&1 & pid=$!; wait_for count; cp .rmstore/jobs/*.sh kept.sh
    exits 1 timeout 10 sh kept.sh 2>err; grep "started this job before" err; touch go; wait $pid; cat out; test -z "$(ls .rmstore/jobs)"
    exits 1 timeout 10 sh kept.sh; test -z "$(ls .rmstore/jobs)"; test "$(cat count)" = x; test "$(cat o2)" = 51; rmv status -q'
partition() { # partition UP|DOWN: once the controller answers
    for i in $(seq 300); do ! scontrol update PartitionName=test State="$1" 2>/dev/null || return 0; sleep 0.1; done
    return 1
}
forget() { # the controller is killed and comes back with what it knew when ./older was copied
    "$slurm/restart" kill; rm -r "$slurm/state"; mv older "$slurm/state"; "$slurm/restart"; partition "$1"
}
# Notes every end so far: jobs that ended just before a controller was killed would run for minutes in its eyes.
settle() { is_idle; "$slurm/restart" stop; rm -rf older; cp -r "$slurm/state" older; "$slurm/restart"; partition "$1"; }
# It kills the first start: the command before the script, which then notes the signal, or both.
has_lost_it() { grep -E "stage .long. failed: (Slurm (lost sight of|does not know|ended) its job [0-9]+|killed by signal 9)" out; }
it 'runs a command once when a killed controller starts its job again' '
    settle DOWN; loop "echo 52 >o2"; rmv repro --executor slurm >out 2>&1 & pid=$!
    for i in $(seq 300); do ! grep -q "runs as job" out || break; sleep 0.1; done
    "$slurm/restart" stop; rm -r older; cp -r "$slurm/state" older; "$slurm/restart"; partition UP; wait_for count; forget UP
    exits 1 wait $pid; cat out; has_lost_it
    test "$(cat count)" = x; test -z "$(ls .rmstore/jobs)"; is_idle; rm count; touch go
    rmv repro --executor slurm; test "$(cat count)" = x; rmv status -q'
it 'runs a command once when the controller is killed, whatever it has noted by then' '
    settle UP; loop "echo 53 >o2"; rmv repro --executor slurm >out 2>&1 & pid=$!; wait_for count
    "$slurm/restart" kill; sleep 1; "$slurm/restart"; sleep 6; touch go; ended=0; wait $pid || ended=$?; cat out count
    test "$(cat count)" = x; is_idle; test -z "$(ls .rmstore/jobs)"
    if [ $ended = 0 ]; then rmv status -q; else has_lost_it; fi'
it 'submits again a job that Slurm lost before it began, whoever has its number now' '
    settle DOWN; loop "echo 54 >o2"; touch go
    rmv repro --executor slurm >out 2>&1 & pid=$!; for i in $(seq 300); do ! grep -q "runs as job" out || break; sleep 0.1; done
    kill -STOP $pid; forget DOWN; id=$(sbatch --parsable --output=/dev/null --wrap="sleep 60"); grep "runs as job $id " out
    partition UP; kill -CONT $pid; wait $pid; cat out; grep "has lost job $id; submitting it again" out; scancel $id; is_idle
    test "$(cat count)" = x; test "$(cat o2)" = 54; rmv status -q'
it 'does not submit while the controller is away, but later, once' '
    loop "echo 6 >o2"; touch go; "$slurm/restart" stop; sleep 0.5; rmv repro --executor slurm >out 2>&1 & pid=$!
    for i in $(seq 300); do ! grep -q "does not answer" out || break; sleep 0.1; done; "$slurm/restart"
    wait $pid; cat out; test "$(cat count)" = x; rmv status -q'
it 'shows on a terminal what its jobs do' '
    loop "echo 7 >o2"; scontrol update PartitionName=test State=DOWN
    TERM=xterm python3 "$SOURCE_ROOT/tests/cli/terminal.py" 100x24 rmv repro --executor slurm >seen <<STEPS
see ^long +queued in Slurm, job [0-9]+ \(PartitionDown\) +[0-9]+:
run scontrol update PartitionName=test State=UP
see ^long +running in Slurm, job [0-9]+ +[0-9]+:
run touch go
STEPS
    ! grep " in Slurm, " seen; test "$(cat o2)" = 7'
stages <<'YAML'
  bad: {cmd: 'true', executor: {slurm: {options: ["--output=/etc/passwd"]}}}
YAML
it 'refuses options that would take a job out of its sight' 'says "rmv.yaml:2:[0-9]+: .*--output.* is not for a stage to set" rmv repro; exits 2 rmv repro'
