#!/bin/sh
# What programs and terminals get: JSON for any name, nothing with --quiet, no escape codes.
. "$(dirname "$0")/lib.sh"

# Every command that prints JSON, on a workspace with a name for each way to break it.
odd_workspace() {
    repository "$1"
    mkdir data
    for name in "a b" 'quo"te' 'back\slash' "tab	x" "ümläut" "new
line" "$(printf 'bad\377')" "$(printf 'esc\033[31m')"; do
        printf '%s' "$name" >"data/$name"
        printf '%s' "$name" >"$name.bin"
    done
    rmv add -q data ./*.bin
    cat >rmv.yaml <<'YAML'
stages:
  make:
    cmd: cat data/* >'out "1"' && echo '{}' >m.json
    deps: [data]
    outs: ['out "1"']
    metrics: [m.json]
YAML
    rmv repro -q
    git add -A; git commit -qm 'Say "odd"'
    for name in data/* ./*.bin; do printf more >>"$name"; done
}
odd_workspace "$TEST_FOLDER/odd"

is_json='python3 -c "
import json, sys
def paths(found):
    if isinstance(found, dict):
        for key, value in found.items():
            assert key != \"path\" or isinstance(value, str), found
            paths(value)
    elif isinstance(found, list):
        for value in found: paths(value)
paths(json.loads(sys.stdin.buffer.read().decode()))"'
for command in 'status' 'diff' 'diff HEAD' 'ls' 'ls -R data' 'log' 'stage list' 'dag' 'metrics show' 'params diff' \
    'version' 'lineage data' 'fsck' 'repro --dry' 'add data' 'checkout -f HEAD' 'repro'; do
    it "prints JSON for odd names: $command" "rmv $command --json 2>/dev/null | $is_json"
done
it 'gives names that are not UTF-8 as path-bytes' '
    rmv ls -R --json data | python3 -c "
import json, sys
found = [e[\"path-bytes\"] for e in json.load(sys.stdin) if \"path-bytes\" in e]
assert found == [\"data/bad%FF\"], found"
    rmv status --json | grep "\"source-bytes\": \"bad%FF.bin.rmv\""
    rmv add --json ./bad*.bin | grep "\"pointer-bytes\": \"bad%FF.bin.rmv\""
    printf x >"$(printf "data/kept\\377")"; rmv checkout --json -f HEAD -- ./bad*.bin; rmv checkout --json HEAD -- data | grep -A1 "\"kept-bytes\""
    rm data/kept*'
it 'leaves out of JSON what there is not' '
    rmv log --json | python3 -c "
import json, sys
changes = json.load(sys.stdin)[-1][\"changes\"]
assert all(\"old_size\" not in c and \"old_id\" not in c and \"new_size\" in c for c in changes), changes
assert sum(\"stage\" in c for c in changes) == 2, changes"'

it 'prints nothing at all with --quiet' '
    echo 1 >>data/extra
    for command in "add -q data" "repro -q" "commit -q" "checkout -q HEAD -f" "init -q" "status -q"; do
        said=$(rmv $command 2>&1 || :); test -z "$said" || { echo "$command: $said"; exit 1; }
    done'
it 'never has a file of its own in the place of a closed standard stream' '
    mkdir closed && cd closed && repository . && echo 1 >a && rmv add -q a && rm a
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o ../trace rmv checkout <&- >&- 2>&- || :
    test "$(cat a)" = 1; sed "1,/dev.null/d" ../trace >../opened; test -s ../opened; ! grep -E "= [012]$" ../opened | grep -v /dev/null'
it 'says errors even with --quiet' 'says "nosuch" rmv add -q nosuch'
it 'prints no control characters when names have some' '
    rmv add data >../out; echo 1 >>data/more
    for command in "status -v" diff "ls -R" log "lineage data" repro "stage list" dag; do rmv $command >>../out 2>&1 || :; done
    test "$(LC_ALL=C grep -c "$(printf "\033")" ../out)" = 0'
it 'colours nothing but terminals, and those not with NO_COLOR' '
    escapes() { grep -c "$(printf "\033.[0-9]*m")" "$1" || :; }
    rmv lineage data >../plain || :; test "$(escapes ../plain)" = 0
    script -qc "rmv lineage data" ../typed >/dev/null; test "$(escapes ../typed)" -gt 0
    NO_COLOR=1 script -qc "rmv lineage data" ../typed >/dev/null; test "$(escapes ../typed)" = 0'
it 'shows sizes and counts for people' '
    mkdir sizes; head -c 1536 /dev/zero >sizes/a; says "\(1 file, 1.5 KiB\)" rmv add sizes
    head -c 2097151 /dev/zero >big; says "\(2.0 MiB\)" rmv add big; printf 1 >small; says "\(1 B\)" rmv add small'
