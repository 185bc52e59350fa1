#!/bin/sh
# What users of `rmv status` rely on.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/w"
mkdir -p data/raw/sub
for i in 1 2 3 4; do echo "content $i" >data/raw/f$i; done
echo x >data/raw/sub/x; echo single >one.csv
rmv add -q data/raw one.csv
git add -A; git commit -qm first

it 'is clean after an add' 'rmv status | grep -q "^clean: 2"; rmv status -q'
it 'opens no data when nothing changed' '
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o ../trace rmv status >/dev/null
    ! grep -E "\"(f[1-4]|sub/x|one.csv)\"|raw/f[1-4]\"" ../trace'
it 'stays clean after a touch' 'touch data/raw/f1 one.csv; rmv status -q; rmv status | grep -q clean'
it 'counts what changed in a folder' '
    echo new >data/raw/new; echo edited >data/raw/f1; rm data/raw/f2; mv data/raw/f3 data/raw/moved
    says "modified +data/raw +\(1 added, 1 modified, 1 deleted, 1 renamed\)" rmv status'
it 'lists every path with -v' '
    rmv status -v >../out
    grep -q "modified  data/raw/f1" ../out && grep -q "deleted   data/raw/f2" ../out &&
    grep -q "added     data/raw/new" ../out && grep -q "renamed   data/raw/f3 → data/raw/moved" ../out'
it 'exits 0, or with -q 1 and without a word' '
    rmv status >/dev/null; exits 1 rmv status -q; test -z "$(rmv status -q 2>&1 || :)"'
it 'says all of it as JSON' '
    rmv status --json | python3 -c "
import json, sys
found = json.load(sys.stdin)
assert not found[\"clean\"]
raw = found[\"outputs\"][0]
assert (raw[\"path\"], raw[\"state\"]) == (\"data/raw\", \"modified\"), raw
assert [raw[k] for k in (\"added\", \"modified\", \"deleted\", \"renamed\")] == [1, 1, 1, 1], raw
assert len(raw[\"changes\"]) == 4, raw
assert found[\"outputs\"][1][\"state\"] == \"clean\""'
it 'looks only at the paths it is given' '
    rmv status -q one.csv; exits 1 rmv status -q data; exits 1 rmv status -q data/raw/sub'
it 'takes a pointer for its data' 'rmv status -q one.csv.rmv; exits 1 rmv status -q data/raw.rmv; says "modified +data/raw" rmv status data/raw.rmv'
it 'refuses a path with nothing tracked' 'exits 3 rmv status nosuch; says "not tracked" rmv status nosuch'
it 'is clean again after checkout -f' 'rmv checkout -q -f; rmv status -q'
it 'sees an edit that keeps size and time' '
    touch -r data/raw/f1 ../stamp; sed -i s/content/CONTENT/ data/raw/f1; touch -r ../stamp data/raw/f1
    exits 1 rmv status -q; rmv checkout -q -f; rmv status -q'
it 'sees such an edit also in the same tick, in place' '
    python3 - <<END
import os, subprocess
for i in range(30):
    with open("one.csv", "w") as f: f.write("a%05d" % i)
    subprocess.run(["rmv", "add", "-q", "one.csv"], check=True)
    before = os.stat("one.csv")
    with open("one.csv", "r+") as f: f.write("b")
    os.utime("one.csv", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert subprocess.run(["rmv", "status", "-q"]).returncode == 1, i
END'
it 'is not fooled by an edit right before the add either' '
    python3 - <<END
import subprocess
for i in range(30):
    for text in ("first", "secnd"):
        with open("one.csv", "w") as f: f.write(text)
    subprocess.run(["rmv", "add", "-q", "one.csv"], check=True)
    assert subprocess.run(["rmv", "status", "-q"]).returncode == 0
    with open("one.csv", "w") as f: f.write("third")
    assert subprocess.run(["rmv", "status", "-q"]).returncode == 1
END
    git checkout -q one.csv.rmv; rmv checkout -q -f'
it 'sees a changed exec bit' 'chmod +x data/raw/f1; exits 1 rmv status -q; chmod -x data/raw/f1; rmv status -q'
it 'sees an empty folder come and go' '
    mkdir data/raw/hollow; exits 1 rmv status -q; says "1 added" rmv status; rmdir data/raw/hollow; rmv status -q'
it 'says what is in a folder that stands where a file was' '
    rm one.csv; mkdir one.csv; echo x >one.csv/x; says "modified +one.csv +\(1 added, 1 deleted\)" rmv status
    says "added +one.csv/x" rmv status -v; rm -r one.csv; rmv checkout -q one.csv; rmv status -q'
it 'calls what is gone deleted' 'rm one.csv; says "deleted +one.csv" rmv status; rmv checkout -q; rmv status -q'
it 'calls what is gone here and in the store so' '
    cp -r .rmstore/objects ../objects; rm one.csv; find .rmstore/objects -name "*.zst" -delete; rm -rf .rmstore/objects/index/*
    says "one.csv.*not in the store" rmv status
    rm -r .rmstore/objects; mv ../objects .rmstore/objects; rmv checkout -q; rmv status -q'
it 'does without the stat index' 'rm .rmstore/index; rmv status -q; printf garbage >.rmstore/index; rmv status -q'
it 'names a damaged pointer' '
    cp one.csv.rmv ../keep; echo "outs: [" >one.csv.rmv; exits 5 rmv status; says "one.csv.rmv:" rmv status
    mv ../keep one.csv.rmv'
it 'lists stages that would run again' '
    printf "stages:\n  make:\n    cmd: cp one.csv made\n    deps: [one.csv]\n    outs: [made]\n" >rmv.yaml
    says "make: " rmv status; exits 1 rmv status -q; rm rmv.yaml'
it 'says which stage makes what is missing' '
    printf "stages:\n  make:\n    cmd: cp none made\n    deps: [none]\n    outs: [made]\n  use:\n    cmd: cp made used\n    deps: [made]\n    outs: [used]\n" >rmv.yaml
    says "make: dependency .none. of stage .make. does not exist" rmv status
    says "use: missing: made, which stage .make. makes" rmv status; rm rmv.yaml'
