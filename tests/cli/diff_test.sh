#!/bin/sh
# What users of `rmv diff` rely on.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/w"

mkdir -p data/raw
echo one >data/raw/a; echo two >data/raw/b; echo three >data/raw/c; echo single >one.csv
it 'compares with nothing before the first commit' '
    rmv add -q data/raw one.csv; says "added +data/raw/a" rmv diff'
git add -A; git commit -qm first; git tag v1
it 'says nothing when nothing changed' 'test -z "$(rmv diff)"'
it 'compares HEAD with the workspace, unsaved changes included' '
    echo changed >data/raw/a; rm data/raw/b; mv data/raw/c data/raw/moved; echo new >data/raw/new
    rmv diff >../out
    grep -q "modified  data/raw/a  (4 B → 8 B)" ../out && grep -q "deleted   data/raw/b  (4 B)" ../out &&
    grep -q "renamed   data/raw/c → data/raw/moved" ../out && grep -q "added     data/raw/new  (4 B)" ../out &&
    grep -q "1 added, 1 modified, 1 deleted, 1 renamed" ../out'
it 'sees a tracked file that is renamed with its pointer' '
    mv one.csv uno.csv; rm one.csv.rmv; rmv add -q uno.csv; says "renamed +one.csv → uno.csv" rmv diff'
rmv commit -q; git add -A; git commit -qm second; git tag v2
it 'compares two revisions, either way' '
    says "modified +data/raw/a +\(4 B → 8 B\)" rmv diff v1 v2
    says "modified +data/raw/a +\(8 B → 4 B\)" rmv diff v2 v1
    test -z "$(rmv diff v1 v1)"'
it 'compares a revision with the workspace' '
    says "renamed +data/raw/c" rmv diff v1; test -z "$(rmv diff v2)"; says "renamed" rmv diff HEAD~1'
it 'needs no data in the workspace for two revisions' 'mv data ../d; says "deleted +data/raw/b" rmv diff v1 v2; mv ../d data'
it 'limits itself to paths' '
    test "$(rmv diff v1 v2 data/raw/a | wc -l)" = 2; test -z "$(rmv diff v1 v2 data/raw/nosuch 2>/dev/null)"
    test "$(rmv diff v1 v2 -- data/raw/b | grep -c deleted)" = 2'
it 'says all of it as JSON' '
    rmv diff --json v1 v2 | python3 -c "
import json, sys
found = {c[\"path\"]: c for c in json.load(sys.stdin)}
assert found[\"data/raw/a\"][\"old_size\"] == 4 and found[\"data/raw/a\"][\"new_size\"] == 8
assert found[\"data/raw/moved\"][\"old_path\"] == \"data/raw/c\"
assert len(found[\"data/raw/new\"][\"new_id\"]) == 64"'
it 'names a revision it does not know' '
    exits 3 rmv diff nosuch; says "nosuch" rmv diff nosuch; exits 3 rmv diff v1 nosuch --; says "nosuch" rmv diff v1 nosuch --'
it 'says how two revisions are given' 'exits 3 rmv diff v1..v2; says "REV REV" rmv diff v1..v2'
it 'refuses an argument that is both revision and path' '
    echo x >v1; exits 2 rmv diff v1; says "both a revision and a path" rmv diff v1
    says "renamed" rmv diff v1 --; rm v1'
it 'refuses a third revision' 'exits 2 rmv diff v1 v2 v1 --'
it 'compares with the workspace outside Git only in words' '
    mkdir ../plain; cd ../plain; rmv init -q --no-scm; exits 2 rmv diff'
