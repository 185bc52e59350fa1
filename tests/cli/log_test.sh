#!/bin/sh
# rmv log: which commits changed tracked data, and how.
. "$(dirname "$0")/lib.sh"

sha() { sha256sum "$1" | cut -d' ' -f1; }
commit() { git add -A && GIT_AUTHOR_DATE="2025-01-0$2T10:00:00Z" GIT_COMMITTER_DATE="2025-01-0$2T10:00:00Z" git commit -qm "$1"; }
(
    repository w && mkdir -p data/raw && printf one >data/raw/a && printf b >data/raw/b && printf x >single.csv &&
    rmv add -q data/raw single.csv && commit 'Add all' 1 &&
    echo 1 >code && commit 'Only code' 2 &&
    printf two >data/raw/a && rmv add -q data/raw && commit 'Change a' 3 &&
    echo '# a comment' >>single.csv.rmv && commit 'Comment' 4 &&
    rm single.csv.rmv && commit 'Drop it' 5
) || exit 1

it 'shows the commits that changed data, newest first' 'cd w && test "$(rmv log | grep -v "^ " | cut -d" " -f2-)" = "2025-01-05T10:00:00Z Drop it
2025-01-03T10:00:00Z Change a
2025-01-01T10:00:00Z Add all"'
it 'says what they did'            'cd w && rmv log | grep -E "^  removed +[0-9a-f]{64} +1  single.csv$" && rmv log | grep -E "^  changed .*data/raw/ \(2 files\)$" && test "$(rmv log | grep -c "^  added")" = 2'
it 'shows the ids of files'        'cd w && rmv log single.csv | grep "added *$(sha single.csv) "'
it 'shows one path'                'cd w && test "$(rmv log single.csv | grep -vc "^ ")" = 2 && test "$(rmv log data | grep -vc "^ ")" = 2'
it 'looks into tracked folders'    'cd w && test "$(rmv log data/raw/a | grep -vc "^ ")" = 2 && test "$(rmv log data/raw/b | grep -vc "^ ")" = 1'
it 'takes paths as typed from here' 'cd w/data && rmv log raw/b | grep "Add all" && ! rmv log raw/b | grep "Change a"'
it 'stops after -n commits'        'cd w && test "$(rmv log -n 1 | grep -vc "^ ")" = 1 && rmv log -n 1 | grep "Drop it" && test -z "$(rmv log -n 0)"'
it 'prints JSON'                   'cd w && rmv log --json | python3 -c "
import json, sys
commits = json.load(sys.stdin)
assert [c[\"summary\"] for c in commits] == [\"Drop it\", \"Change a\", \"Add all\"]
change = commits[1][\"changes\"][0]
assert change[\"change\"] == \"changed\" and change[\"path\"] == \"data/raw\" and change[\"kind\"] == \"tree\"
assert change[\"old_id\"] != change[\"new_id\"] and change[\"source\"] == \"data/raw.rmv\""'
it 'leaves other branches out unless told' 'cd w && git checkout -q -b side HEAD~4 && printf s >data/raw/a && rmv add -q -f data/raw 2>/dev/null || rmv add -q data/raw; git add -A && git commit -qm "On the side" && git checkout -q main && ! rmv log | grep side && rmv log --all | grep "On the side"'
it 'shows the stage of an output'  'repository p && printf "schema: \"2.0\"\nstages:\n  train:\n    cmd: x\n    outs:\n    - {path: m, sha256: %s, kind: blob, size: 3}\n" $(printf abc | sha256sum | cut -d" " -f1) >rmv.lock && git add -A && git commit -qm run && rmv log | grep " m by stage train$" && rmv log m'
it 'exits 3 for what never changed' 'cd w && exits 3 rmv log nothing && says "no commit has changed" rmv log nothing'
it 'warns of what cannot be read'  'cd p && echo "stages: [" >rmv.lock && git commit -qam broken && git checkout -q HEAD~ rmv.lock && git commit -qm mended && says "warning: .*rmv.lock:" rmv log && rmv log | grep run'
it 'says that there is no commit yet' 'repository e && exits 3 rmv log && says "no commit yet" rmv log'
it 'needs Git'                     'mkdir n && cd n && rmv init -q --no-scm && exits 2 rmv log && says "not in a Git repository" rmv log'
it 'works in a shallow clone'      'git clone -q --depth 2 file://$PWD/w shallow && cd shallow && rmv log | grep "Drop it"'
it 'shows no control characters of messages' 'repository c && printf 1 >f && rmv add -q f && git add -A && git commit -qm "$(printf "red \033[31m")" && rmv log | grep "\"red .033"'
