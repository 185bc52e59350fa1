#!/bin/sh
# rmv repro -j, retry and timeout: several stages at once, and stages that need more than one attempt.
. "$(dirname "$0")/lib.sh"

meet='touch $RMV_STAGE.here; for i in $(seq 200); do [ ! -e $other.here ] || break; sleep 0.05; done; test -e $other.here'

repository "$TEST_FOLDER/jobs"
stages <<YAML
  a: {cmd: 'other=b; $meet; echo a >a.out; echo from a', outs: [a.out]}
  b: {cmd: 'other=a; $meet; echo b >b.out; printf from_b', outs: [b.out]}
  c: {cmd: 'cat a.out b.out >c.out', deps: [a.out, b.out], outs: [c.out]}
YAML
it 'runs stages that do not need each other at once' '
    timeout 60 rmv repro -j 2 >out && test "$(tr "\n" " " <c.out)" = "a b " && rmv status -q'
it 'prints whole lines with the stage in front'   'grep -x "\[a\] from a" out && grep -x "\[b\] from_b" out && grep "^Stage .c. has run" out'
it 'has nothing to do then'                       'rmv repro -j 2 | tail -n 1 | grep "^Everything is up to date"'
it 'records each of them'                         'test "$(grep -c "^    record: " rmv.lock)" = 3; rmv lineage c.out >/dev/null'
it 'runs as many as there are processors with -j 0, and refuses less' 'rmv repro -q -f -j 0 || test "$(nproc)" = 1; exits 2 rmv repro -j -1'
it 'gives the same lock file as one after the other' '
    sed "s/  \(record\|size\): .*//" rmv.lock >parallel; rm -f rmv.lock *.out; rm -rf .rmstore/runs; touch a.here b.here
    rmv repro -q && sed "s/  \(record\|size\): .*//" rmv.lock | diff parallel -'
stages <<'YAML'
  bad: {cmd: 'while [ ! -e good.started ]; do sleep 0.05; done; exit 3'}
  good: {cmd: 'touch good.started; sleep 0.5; echo 1 >good.out', outs: [good.out]}
  more: {cmd: 'touch more.ran', deps: [good.out]}
YAML
it 'lets what runs come to its end when another fails, and starts nothing new' '
    exits 1 rmv repro -j 2 >out 2>&1; grep "stage .bad. failed" out; grep -q "^  good:" rmv.lock; test -e good.out; test ! -e more.ran'
it 'goes on with -k'                              'exits 1 rmv repro -k -j 2 >out 2>&1; test -e more.ran'
stages <<'YAML'
  x: {cmd: 'echo $$ >x.pid; sleep 60'}
  y: {cmd: 'trap "" TERM; echo $$ >y.pid; while :; do sleep 0.1; done'}
YAML
it 'stops all of them on an interrupt'            '
    env --default-signal=INT rmv repro -j 2 >log 2>&1 & pid=$!; wait_for x.pid; wait_for y.pid; sleep 0.1; kill -INT $pid
    exits 130 wait $pid; is_gone $(cat x.pid); is_gone $(cat y.pid); ! grep -q "^  [xy]:" rmv.lock'
{ for i in $(seq 60); do echo "  s$i: {cmd: 'echo $i >o$i', outs: [o$i]}"; done; } | stages
it 'brings many through a few at a time'          'rmv repro -q -j 5 && test "$(cat o1 o60 | tr "\n" " ")" = "1 60 " && rmv status -q && rmv fsck -q'

repository "$TEST_FOLDER/retry"
stages <<'YAML'
  a:
    cmd: echo half >a.out; echo x >>tries; test $(wc -l <tries) -ge 3; echo whole >a.out
    outs: [a.out]
    retry: {attempts: 3, delay: 100ms}
YAML
sed -i 's/cmd: echo half/cmd: test ! -e a.out \&\& echo half/; s/-ge 3; echo/-ge 3 \&\& echo/' rmv.yaml
it 'tries a stage that fails again, on a clean slate' '
    rmv repro >out 2>&1; cat out; test "$(cat a.out)" = whole; test "$(wc -l <tries)" = 3; grep "attempt 2 of 3 follows in 0.1 s" out; grep "attempt 3 of 3 follows in 0.2 s" out; rmv status -q'
it 'keeps the log of all attempts'                'test "$(grep -c " - INFO - > test" .rmstore/logs/a.log)" = 3'
it 'gives up after the last attempt'              '
    rm tries; sed -i "s/-ge 3/-ge 9/" rmv.yaml; exits 1 rmv repro >out 2>&1; test "$(wc -l <tries)" = 3; grep "stage .a. failed" out'
it 'does not run again because of other limits'   '
    sed -i "s/-ge 9/-ge 0/" rmv.yaml; rmv repro -q; sed -i "s/attempts: 3/attempts: 7/" rmv.yaml; rmv repro | grep "up to date"'
stages <<'YAML'
  slow:
    cmd:
    - echo fast
    - sleep 60 & echo $! >child; wait
    timeout: 300ms
YAML
it 'stops a stage that takes longer than its timeout, and all it started' '
    exits 1 timeout 30 rmv repro >out 2>&1; grep "stage .slow. failed: it ran longer than its timeout of 0.3 s" out; is_gone $(cat child)'
it 'tries it again if it may'                     '
    echo "    retry: {attempts: 2, delay: 10ms}" >>rmv.yaml; exits 1 timeout 30 rmv repro >out 2>&1; grep "attempt 2 of 2 follows" out'
it 'is interrupted between attempts'              '
    printf "  p:\n    cmd: exit 1\n    retry: {attempts: 2, delay: 1h}\n" | stages
    env --default-signal=INT rmv repro >log 2>&1 & pid=$!; for i in $(seq 100); do grep -q follows log && break; sleep 0.05; done
    kill -INT $pid; exits 130 wait $pid'

repository "$TEST_FOLDER/limits"
stages <<'YAML'
  a: {cmd: 'sleep 0.3; test ! -e b.now; echo 1 >a.out', outs: [a.out], executor: {local: {memory: 600M}}}
  b: {cmd: 'touch b.now; sleep 0.3; rm b.now; echo 1 >b.out', outs: [b.out], executor: {local: {memory: 600M}}}
YAML
echo 'executor: {local: {jobs: 4, memory: 1G}}' >>rmv.yaml
it 'runs no more at once than memory allows'      'timeout 60 rmv repro -j 4 -q && test -e a.out && test -e b.out'
sed -i 's/memory: 1G/memory: 512M/' rmv.yaml
it 'refuses a stage that needs more than all may use' 'says "stage .a. needs more memory" rmv repro; exits 2 rmv repro'
command -v python3 >/dev/null && {
    stages <<'YAML'
  big: {cmd: 'python3 -c "bytearray(300 << 20)"', executor: {local: {memory: 100M}}}
  small: {cmd: 'python3 -c "bytearray(30 << 20)"', executor: {local: {memory: 100M}}}
YAML
    it 'holds a stage to its memory'              'rmv repro -q small; says "MemoryError" rmv repro big; exits 1 rmv repro big'
}

repository "$TEST_FOLDER/files"
stages <<'YAML'
  s:
    foreach: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28]
    do:
      cmd: sleep 0.3; touch o${item}
      outs: ['o${item}']
YAML
it 'runs fewer at once than -j says if it may not open that many files' \
    '(ulimit -n 200; rmv repro -q -j 28); ls o* | wc -l | grep "^28$"'
