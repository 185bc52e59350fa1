#!/bin/sh
# rmv repro --every, the history of runs, and units of systemd.
. "$(dirname "$0")/lib.sh"

# A shell lets what it starts in the background ignore SIGINT, hence env --default-signal.
state() { rmv runs -n 1 --json | grep '"state"' | cut -d'"' -f4; }
eventually() { # eventually <shell code>: succeeds within 20 seconds
    for _ in $(seq 200); do ! eval "$1" || return 0; sleep 0.1; done
    echo "never: $1"; return 1
}
lines() { wc -l <.rmstore/runs/history; }

repository "$TEST_FOLDER/history"
it 'says that nothing was run yet'            'says "Nothing was run" rmv runs; test "$(rmv runs --json)" = "[]"; test -z "$(rmv runs -q)"'
printf '  a:\n    cmd: echo 1 >a\n    outs: [a]\n  b:\n    cmd: test ! -e bad\n    deps: [a]\n    always_changed: true\n' | stages
it 'lists a run that succeeded'               'rmv repro -q; says "^[0-9a-f]{8}  success  20[0-9-]+ [0-9:]+  [0-9]+ ms +2 ran *$" rmv runs'
it 'lists one that failed, and why'           'touch bad; exits 1 rmv repro -k b; rm bad; says "failed .*1 up to date, 1 failed  stage .b. failed: exit status 1$" rmv runs -n 1'
it 'keeps what was typed'                     'rmv runs -n 1 --json | tr -d " \n" | grep -F "\"arguments\":[\"-k\",\"b\"]"'
it 'lists one that never began'               'cp rmv.yaml kept; echo "  c: {cmd: 1}" >>rmv.yaml; sed -i "s/cmd: 1/cmmd: x/" rmv.yaml; exits 2 rmv repro; mv kept rmv.yaml; test $(state) = failed; says "cmmd" rmv runs -n 1'
it 'does not list what only would run'        'before=$(lines); rmv repro --dry; test $(lines) = $before'
it 'writes one line where nothing changed'    'sed -i /always/d rmv.yaml; rmv repro -q; before=$(lines); rmv repro -q; test $(lines) = $((before + 1)); says "success .* 2 up to date" rmv runs -n 1'
it 'prints the newest first, as many as asked' 'test $(rmv runs | wc -l) = $(($(rmv runs -n 0 --csv | wc -l))); test $(rmv runs -n 2 --csv | wc -l) = 3; rmv runs --md | head -n 2 | grep "^|---"'
it 'refuses what makes no sense'              'exits 2 rmv runs x; exits 2 rmv runs -n -1; exits 2 rmv runs --json --csv'
it 'skips lines that are torn or damaged'     '
    count=$(rmv runs -n 0 --csv | wc -l); sed -i "2s/a/b/" .rmstore/runs/history; printf "{\"id\"" >>.rmstore/runs/history
    rmv repro -q; test "$(rmv runs -n 0 --csv | wc -l)" = $((count + 1)); rmv fsck -q'
it 'leaves the history of a newer version alone' '
    cp .rmstore/runs/history kept; sed -i "1s/1/2/" .rmstore/runs/history; cp .rmstore/runs/history newer
    rmv repro -f 2>err; test "$(grep -c "newer version" err)" = 1; cmp newer .rmstore/runs/history; exits 9 rmv runs; cp kept .rmstore/runs/history'
it 'does not fail where it cannot be written' '
    mv .rmstore/runs runs; touch .rmstore/runs; says "warning: this run is not noted" rmv repro; rmv repro -q; rm .rmstore/runs; mv runs .rmstore/runs'
many_runs() { # many_runs <count>: the history becomes this many successful runs
    python3 -c '
import hashlib, json, sys
print("rmv-history 1")
for i in range(int(sys.argv[1])):
    line = json.dumps({"id": "%08x" % i, "state": "success", "start": 1000 + i, "end": 2000 + i, "arguments": ["-q"]})
    print(line, hashlib.sha256(line.encode()).hexdigest()[:8])' "$1" >.rmstore/runs/history
}
it 'keeps the last 1,000 runs'                '
    many_runs 6000
    test "$(rmv runs -n 0 --csv | wc -l)" = 1001; rmv repro -q; test $(lines) = 1001; rmv runs -n 2 --csv | grep ^0000176f; rmv repro -q; test $(lines) = 1002
    test "$(rmv runs -n 0 --csv | wc -l)" = 1001'
it 'loses none where several end at once, also while old ones go' '
    many_runs 4500
    while [ "$(wc -c <.rmstore/runs/history)" -lt 524000 ]; do tail -n 1 .rmstore/runs/history >last; cat last >>.rmstore/runs/history; done
    for i in $(seq 8); do (for k in 1 2 3 4 5; do rmv repro -q; done) & done; wait
    test $(lines) -lt 1200; test "$(rmv runs -n 40 --csv | grep -c "success,20[2-9]")" = 40'

repository "$TEST_FOLDER/states"
printf '  a:\n    cmd: echo $$ >child; echo 1 >a; touch started; while [ ! -e go ]; do sleep 0.05; done\n    outs: [a]\n' | stages
it 'shows what is running, and what was killed' '
    rmv repro >log 2>&1 & pid=$!; wait_for started; test $(state) = running; rmv runs --json | grep duration
    kill -KILL $pid; wait $pid || :; test $(state) = killed; touch go; is_gone $(cat child)'
it 'shows what was interrupted'               '
    rm -f go started; rmv repro >log 2>&1 & pid=$!; wait_for started; kill -TERM $pid; exits 130 wait $pid; test $(state) = interrupted'

repository "$TEST_FOLDER/every"
printf '  a:\n    cmd: date +%%s.%%N >>times; sleep 0.1; test ! -e bad\n    always_changed: true\n' | stages
it 'runs at once, and again and again'        '
    env --default-signal=INT rmv repro --every 1s >log 2>&1 & pid=$!; eventually "test \$(rmv runs --csv | grep -c success) -ge 2"; kill -INT $pid; exits 130 wait $pid
    test "$(wc -l <times)" -ge 2; grep "The next run is at 20" log; grep -E "^rmv: stopped( during a run|; the next run)" log'
it 'goes on after a failure'                  '
    rm times; touch bad; rmv repro --every 1s >log 2>&1 & pid=$!; eventually "test \$(state) = failed"; rm bad; eventually "test \$(state) = success"; kill -TERM $pid; exits 130 wait $pid
    grep "failed: exit status 1" log'
it 'never overlaps itself, and runs once for all times that it missed' '
    rm times; sed -i "s/sleep 0.1/sleep 2.3/" rmv.yaml; rmv repro --every 1s >log 2>&1 & pid=$!; eventually "test -e times && test \$(wc -l <times) = 3"; kill -TERM $pid; exits 130 wait $pid
    awk "NR > 1 && \$1 - last < 2.3 { exit 1 } { last = \$1 }" times; ! grep "Waiting" log; test $(state) = interrupted; grep "stopped during a run" log'
it 'ends the run, too, when it is killed'     '
    sed -i "s/sleep 2.3/echo \$\$ >child; sleep 60/" rmv.yaml; rmv repro -q --every 1s >log 2>&1 & pid=$!; wait_for child; kill -KILL $pid; is_gone $(cat child)'
it 'waits for the time of the day'            '
    rm times; env --default-signal=INT TZ=UTC rmv repro --every 2d --at 23:59 >log 2>&1 & pid=$!; eventually "grep -q next log"; kill -INT $pid; exits 130 wait $pid
    test ! -e times; grep "The next run is at 20.* 23:59:00" log'
it 'refuses times that make no sense'         '
    for every in "" 0s 1 100ms 1.5s 5y 400d -1d "1 d"; do exits 2 rmv repro --every "$every"; done
    for at in "" 24:00 12:60 2:00 noon 02:000; do exits 2 rmv repro --every 1d --at "$at"; done
    exits 2 rmv repro --every 1h --at 02:00; exits 2 rmv repro --at 02:00; exits 2 rmv repro --every 1d --dry; exits 2 rmv repro --every 1d --interactive; test ! -e times'
it 'refuses to wait outside of a workspace'   'mkdir -p "$TEST_FOLDER/none"; cd "$TEST_FOLDER/none"; exits 2 timeout 10 rmv repro --every 1d --at 02:00'

mkdir "$TEST_FOLDER/units"
repository "$TEST_FOLDER/a \$HOME 100% \"x' y"
it 'prints a unit'                            '
    rmv service print --every 1d --at 02:00 -- -j 4 "a\$b %n \"c\\" >unit; grep "^Restart=on-failure$" unit
    grep -F "ExecStart=\"" unit | grep -F "\"repro\" \"--every\" \"1d\" \"--at\" \"02:00\" \"-j\" \"4\" \"a\$\$b %%n \\\"c\\\\\""
    grep -F "WorkingDirectory=$(pwd | sed s/%/%%/)" unit; head -n 1 unit | grep -E "^# .*/rmv-[A-Za-z0-9_.-]+.service$"'
it 'prints it as JSON'                        'rmv service print --json | python3 -c "import json, sys; unit = json.load(sys.stdin); assert \"[Install]\" in unit[\"text\"] and unit[\"path\"].endswith(unit[\"unit\"])"'
it 'refuses what repro would refuse'          'exits 2 rmv service print -- --nope; exits 2 rmv service print --every 1h --at 02:00; exits 2 rmv service print --every x; cd "$TEST_FOLDER/none"; exits 2 rmv service print'
it 'refuses folders that a unit cannot name'  'mkdir "end\\" "$(printf "new\nline")"; cd "end\\"; exits 9 rmv service print; cd ..; cd "$(printf "new\nline")"; exits 9 rmv service print'
if command -v systemd-analyze >/dev/null; then
    it 'prints what systemd accepts'          '
        export XDG_RUNTIME_DIR="$TEST_FOLDER/units"; rmv service print --every 15m -- -j 4 "a\$b %n \"c\\" >"$TEST_FOLDER/units/rmv-x.service"
        systemd-analyze --user verify "$TEST_FOLDER/units/rmv-x.service" ; sed -i s/ExecStart=/ExecStart=@@/ "$TEST_FOLDER/units/rmv-x.service"; ! systemd-analyze --user verify "$TEST_FOLDER/units/rmv-x.service"'
else skip 'prints what systemd accepts' 'systemd-analyze is not installed'; fi
