#!/bin/sh
# rmv repro: how runs that ended are recorded, also when rmv was kept from looking, or another one fails.
. "$(dirname "$0")/lib.sh"

# pause SECONDS: what a stage does to keep rmv from looking at anything for so long.
cat >"$TEST_FOLDER/pause" <<'SH'
kill -STOP "$2"
(sleep "$1"; kill -CONT "$2") >/dev/null 2>&1 &
SH
chmod +x "$TEST_FOLDER/pause"
pause="sh $TEST_FOLDER/pause"
# A file that cannot be stored where no file may be larger than 2 MiB (4 MiB, with other shells).
head -c 9000000 /dev/urandom >"$TEST_FOLDER/big"
narrowly() { (trap '' XFSZ; ulimit -f 4096; "$@"); }

repository "$TEST_FOLDER/late"
stages <<YAML
  a: {cmd: '$pause 1.5 \$PPID; echo 1 >a.out', outs: [a.out], timeout: 500ms}
YAML
it 'does not call a run late that ended in time, however late it is looked at' '
    rmv repro -q && test "$(cat a.out)" = 1 && rmv status -q'

repository "$TEST_FOLDER/shared"
rmv config -q cache.type copy
stages <<YAML
  a: {cmd: 'while [ ! -e stopped ]; do sleep 0.02; done; echo 1 >a.out', outs: [a.out]}
  b: {cmd: '$pause 1.5 \$PPID; touch stopped; ln "$TEST_FOLDER/big" b.out', outs: [b.out]}
YAML
it 'records a run that ended although what another one made cannot be stored' '
    exits 7 narrowly rmv repro -q -j 2 >out 2>&1; cat out; grep "^  a:" rmv.lock; exits 1 grep "^  b:" rmv.lock; exits 1 grep "stage .a." out; grep -E "^rmv: (recording stage .b.|storing what stage .b. made): " out
    rmv fsck -q; rm b.out; rmv repro -q; rmv status -q; cmp b.out "$TEST_FOLDER/big"'
it 'does so with runs that are recorded together, and calls only the one failed' '
    rm -f stopped *.out rmv.lock; rm -rf .rmstore/runs; head -c 9000000 /dev/urandom >"$TEST_FOLDER/big"; sed -i "s/1.5/0.3/" rmv.yaml
    printf "  c: {cmd: \"while [ ! -e stopped ]; do sleep 0.02; done; echo 3 >c.out\", outs: [c.out]}\n" >>rmv.yaml
    exits 1 narrowly rmv repro -q -k -j 3 >out 2>&1; cat out; grep "^  a:" rmv.lock; grep "^  c:" rmv.lock; exits 1 grep "^  b:" rmv.lock
    grep "1 stage failed: .b." out; exits 1 grep -E "stage .(a|c). failed|storing.*[ac].out" out; rmv fsck -q; rmv repro -q; rmv status -q'

repository "$TEST_FOLDER/files"
mkdir sub; printf 'stages:\n  s: {cmd: "mkdir rmv.lock; echo 1 >s.out", outs: [s.out]}\n' >sub/rmv.yaml
stages <<'YAML'
  a: {cmd: 'echo 1 >a.out', outs: [a.out]}
YAML
it 'blames for a lock file that cannot be written only the stages in it' '
    rmv repro -k --all-pipelines >out 2>&1 && exit 1; cat out; grep "^  a:" rmv.lock; grep "1 stage failed: .sub/rmv.yaml:s." out'

repository "$TEST_FOLDER/times"
stages <<YAML
  a: {cmd: 'echo 1 >a.out', outs: [a.out]}
  b: {cmd: '$pause 3 \$PPID', outs: []}
YAML
it 'says how long commands ran, without what came before and after' '
    rmv repro --json >out 2>log; cat out; python3 -c "
import json
stages = {stage[\"stage\"]: stage for stage in json.load(open(\"out\"))[\"stages\"]}
assert stages[\"a\"][\"state\"] == stages[\"b\"][\"state\"] == \"ran\"
assert stages[\"a\"][\"duration\"] < 2.5, stages"'
