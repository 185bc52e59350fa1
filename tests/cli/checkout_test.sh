#!/bin/sh
# What users of `rmv checkout` rely on.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/w"
mkdir -p data/raw/sub
for i in 1 2 3; do echo "content $i" >data/raw/f$i; done
echo x >data/raw/sub/x; echo single >one.csv
rmv add -q data/raw one.csv
git add -A; git commit -qm first; git tag v1
cp -r data/raw ../raw1

it 'restores deleted files and folders' '
    rm one.csv data/raw/f1; rmv checkout; rm -r data/raw; rmv checkout
    diff -r data/raw ../raw1; test "$(cat one.csv)" = single; rmv status -q'
it 'restores one file of a folder' '
    rm data/raw/f1 data/raw/f2; rmv checkout data/raw/f1; test -f data/raw/f1 && test ! -e data/raw/f2
    rm -r data/raw; rmv checkout data/raw/sub/x; test "$(find data/raw -type f)" = data/raw/sub/x; rmv checkout'
it 'takes a pointer for its data' 'rm one.csv; rmv checkout one.csv.rmv; test -f one.csv'
it 'reads nothing back after a checkout' '
    rm -r data/raw; rmv checkout -q; ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o ../trace rmv status >/dev/null
    ! grep -E "\"(f[1-3]|sub/x)\"|raw/f[1-3]\"" ../trace'
it 'refuses to lose what is not saved, lists it, and touches nothing' '
    echo edited >data/raw/f1; echo edited >data/raw/sub/x; rm data/raw/f2; exits 4 rmv checkout
    says "data/raw/f1" rmv checkout; says "data/raw/sub/x" rmv checkout
    test "$(cat data/raw/f1)" = edited; test ! -e data/raw/f2'
it 'gives it up with -f' 'rmv checkout -f; diff -r data/raw ../raw1'
it 'replaces what is saved without asking' '
    echo second >data/raw/f1; rmv add -q data/raw; git commit -qam second; git tag v2
    git checkout -q v1 -- data/raw.rmv; rmv checkout; diff -r data/raw ../raw1
    git checkout -q HEAD -- data/raw.rmv; rmv checkout; test "$(cat data/raw/f1)" = second'
it 'keeps untracked files without -f, and removes them with it' '
    echo mine >data/raw/mine; mkdir data/raw/own; echo mine >data/raw/own/x; rmv checkout v1
    test "$(cat data/raw/mine data/raw/own/x | tr -d "\n")" = minemine; says "2 not tracked and kept" rmv checkout
    rmv checkout -f; diff -r data/raw ../raw1; rmv checkout -q v2'
it 'lists what it changed, and not where it only kept something' '
    echo mine >data/raw/mine; test "$(rmv checkout | head -1)" = "0 added, 0 modified, 0 deleted, 5 unchanged"
    rm one.csv; test "$(rmv checkout | head -1)" = "added     one.csv"; rm data/raw/mine
    rm -r data/raw/sub; mkdir data/raw/sub; says "^modified  data/raw" rmv checkout; rmv status -q'
it 'prints counts alone with --summary, and JSON' '
    rm data/raw/f2; test "$(rmv checkout --summary)" = "1 added, 0 modified, 0 deleted, 4 unchanged"
    rm data/raw/f2; rmv checkout --json | python3 -c "
import json, sys
found = json.load(sys.stdin)
assert (found[\"added\"], found[\"unchanged\"]) == (1, 4), found
assert found[\"outputs\"][0][\"path\"] == \"data/raw\""'

it 'restores pointers and data of a revision, and HEAD does not move' '
    head=$(git rev-parse HEAD); rmv checkout v1; diff -r data/raw ../raw1
    git diff --quiet v1 -- data/raw.rmv; test "$(git rev-parse HEAD)" = "$head"; rmv status -q'
it 'goes on to another revision, and back' '
    rmv checkout v2; test "$(cat data/raw/f1)" = second; rmv checkout v1; rmv checkout HEAD
    test -z "$(git status --porcelain)"; rmv status -q'
it 'refuses over a pointer that was edited and not committed' '
    echo third >data/raw/f1; rmv add -q data/raw; exits 4 rmv checkout v1; says "data/raw.rmv" rmv checkout v1
    test "$(cat data/raw/f1)" = third; rmv checkout -f v1; diff -r data/raw ../raw1; rmv checkout HEAD'
it 'removes pointers that HEAD has and the revision lacks, with their data' '
    echo later >later.csv; rmv add -q later.csv; git add -A; git commit -qm third; git tag v3
    rmv checkout v1; test ! -e later.csv && test ! -e later.csv.rmv; rmv status -q
    rmv checkout v3; test "$(cat later.csv)" = later; test -z "$(git status --porcelain)"'
it 'keeps pointers that are not committed anywhere' '
    echo fresh >fresh.csv; rmv add -q fresh.csv; rmv checkout v1; test -f fresh.csv && test -f fresh.csv.rmv
    rmv checkout v3; rm fresh.csv fresh.csv.rmv; git checkout -q .gitignore'
it 'takes one path of a revision' '
    rmv checkout v1 -- data/raw; diff -r data/raw ../raw1; test -f later.csv; rmv status -q; rmv checkout v3'
it 'takes one file of a folder of a revision' '
    rmv checkout v1 -- data/raw/f1; test "$(cat data/raw/f1)" = "content 1"; exits 1 rmv status -q; rmv checkout v3; rmv status -q'
it 'removes data of the branch before, after git switch; untracked files stay' '
    git checkout -q -b other v1; echo stray >stray.txt; rmv checkout; test ! -e later.csv; test -f stray.txt
    git checkout -q main; rmv checkout; test -f later.csv && test -f stray.txt; rm stray.txt'
it 'keeps data of the branch before that was edited and not saved' '
    echo precious >later.csv; git checkout -q other; exits 4 rmv checkout; says "later.csv" rmv checkout
    test "$(cat later.csv)" = precious; git checkout -q main; rmv checkout -f'
it 'moves HEAD with --switch, not before the checks' '
    rmv checkout --switch other; test "$(git branch --show-current)" = other; test ! -e later.csv; rmv status -q
    echo unsaved >data/raw/f1; exits 4 rmv checkout --switch main; test "$(git branch --show-current)" = other
    rmv checkout -f; rmv checkout --switch main; test -f later.csv; rmv status -q; exits 2 rmv checkout --switch'
it 'refuses an argument that is both revision and path, and one that is neither' '
    echo x >v1; exits 2 rmv checkout v1; rmv checkout v1 --; rmv checkout v3 --; rm v1
    exits 3 rmv checkout nosuch; says "nosuch" rmv checkout nosuch; exits 3 rmv checkout -- nosuch; exits 3 rmv checkout nosuch --'
it 'restores outputs with cache: false from Git' '
    printf "stages:\n  score:\n    cmd: cp one.csv score.json\n    deps: [one.csv]\n    outs: [{score.json: {cache: false}}]\n" >rmv.yaml
    rmv repro -q; git add -A; git commit -qm scored; git tag v4
    echo other >one.csv; rmv add -q one.csv; rmv repro -q; git commit -qam rescored; git tag v5
    test "$(cat score.json)" = other; rmv checkout v4; test "$(cat score.json)" = single; rmv status -q one.csv
    echo local >score.json; exits 4 rmv checkout v5; test "$(cat score.json)" = local
    rmv checkout -f v5; test "$(cat score.json)" = other; rmv status -q'

it 'names a missing object, and restores the others' '
    cp -r .rmstore ../saved; mkdir two; echo kept >two/kept; rmv add -q two; echo lost >two/lost; cp -r .rmstore/objects ../before
    rmv add -q two; id=$(sha256sum two/lost | cut -c 1-64); tree=$(sed -n "s/.*sha256: //p" two.rmv); rmv cat --kind blob "$tree" >../tree || :
    rm -r .rmstore/objects; mv ../before .rmstore/objects
    mkdir ../t; cp ../tree ../t/tree 2>/dev/null && cp ../t/tree tree.txt && rmv add -q tree.txt
    rm -r two; exits 3 rmv checkout two; says "two/lost.*$id|$id" rmv checkout two; test "$(cat two/kept)" = kept
    test ! -e two/lost; rm -rf two two.rmv tree.txt tree.txt.rmv'
it 'does not claim to have restored what it has not' '
    git clone -q . ../bare; cd ../bare; exits 3 rmv checkout >../out 2>/dev/null; ! grep -q "^added" ../out
    grep -q "^0 added, 0 modified" ../out; says "deleted +data/raw.*not in the store" rmv status; ! rmv status | grep "brings back"'
it 'never restores a damaged object; the old file stays' '
    head -c 100000 /dev/urandom >noise; rmv add -q noise; cp noise ../noise
    echo old >noise2; cp noise2 noise; rmv add -q noise; rm noise2; git checkout -q -- . 2>/dev/null || :
    printf "outs:\n- path: noise\n  sha256: %s\n  kind: blob\n  size: 100000\n" "$(sha256sum ../noise | cut -c 1-64)" >noise.rmv
    for pack in .rmstore/objects/packs/*.zst; do
        python3 - "$pack" ../noise <<END
import sys
pack, wanted = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()[5000:5100]
at = pack.find(wanted)
if at >= 0:
    with open(sys.argv[1], "r+b") as f:
        f.seek(at); f.write(bytes([wanted[0] ^ 1]))
END
    done
    exits 5 rmv checkout noise; says "$(sha256sum ../noise | cut -c 1-16)" rmv checkout noise; says "pack" rmv checkout noise
    test "$(cat noise)" = old; rm noise noise.rmv'
it 'writes nothing through a planted link' '
    mkdir ../victim; echo safe >../victim/f1; mv data/raw ../aside; ln -s "$TEST_FOLDER/victim" data/raw
    exits 10 rmv checkout; test "$(cat ../victim/f1)" = safe
    rmv checkout -f; test "$(cat ../victim/f1)" = safe; test ! -L data/raw; rmv status -q data/raw
    rm -r data; ln -s "$TEST_FOLDER/victim" data; exits 10 rmv checkout -f; test "$(ls ../victim)" = f1
    rm data; git checkout -q -- data; rmv checkout'
it 'refuses hostile paths in pointers' '
    sed "s/path: .*/path: ..\/evil/" one.csv.rmv >evil.rmv; exits 10 rmv checkout; test ! -e ../evil
    sed "s/path: .*/path: .git\/hooks\/x/" one.csv.rmv >evil.rmv; exits 10 rmv checkout; rm evil.rmv'
it 'restores a folder of very many files and very many folders, and then reads nothing' '
    mkdir -p lots/flat; for i in $(seq 700); do echo "flat $i" >lots/flat/$i; mkdir -p lots/deep/$((i % 9))/$i; echo "deep $i" >lots/deep/$((i % 9))/$i/f; done
    rmv add -q lots; mv lots ../lots; test "$(rmv checkout --summary lots)" = "1400 added, 0 modified, 0 deleted, 0 unchanged"; diff -r lots ../lots
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o ../trace rmv status lots >/dev/null; ! grep -E "lots.*/f\"|\"(f|[0-9]*)\", O_RDONLY\|O_N" ../trace
    rm -r lots ../lots lots.rmv'
it 'links nothing in a new folder to an object that somebody has written to' '
    rmv config cache.type hardlink; mkdir -p linked/sub; echo good >linked/sub/f; rmv add -q linked; chmod u+w linked/sub/f
    echo bad >linked/sub/f; rm -rf linked; exits 5 rmv checkout linked; says "linked/sub/f" rmv checkout linked; test ! -e linked/sub/f
    rmv config --unset cache.type; rm -rf linked linked.rmv'
it 'picks up where a killed checkout left off' '
    mkdir many; for i in $(seq 400); do head -c 20000 /dev/urandom >many/$i; done; rmv add -q many; cp -r many ../many
    for delay in 0.005 0.01 0.02 0.03 0.05 0.08; do
        rm -r many; rmv checkout -q many & pid=$!; sleep $delay; kill -9 $pid 2>/dev/null || :; wait $pid || :
        rmv checkout -q many || exit 1
        diff -r many ../many || exit 1
    done
    rmv status -q many'

special() { mkfifo d/s/pipe d/extra && python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("d/socket")'; }
it 'passes over FIFOs and sockets, and names those in the place of files' 'repository special && mkdir -p d/s && echo 1 >d/s/1 && echo 2 >d/s/2 && echo 3 >one && rmv add -q d one &&
    rm d/s/1 d/s/2 one && mkfifo d/s/1 one && special && exits 4 timeout 10 rmv checkout >out 2>&1; grep "d/s/1: a FIFO is in its place" out && grep "one: a FIFO is in its place" out &&
    test "$(cat d/s/2)" = 2 && test -p d/s/1 && grep "3 not tracked and kept" out && ! grep "extra:" out && says "kept *d/socket" rmv checkout -v'
it 'replaces and removes them with -f' 'cd special && timeout 10 rmv checkout -f && test "$(cat d/s/1 d/s/2 one)" = "$(printf "1\n2\n3")" && test ! -e d/extra && test ! -e d/socket && test ! -e d/s/pipe && rmv status -q'
it 'puts a folder in the place of a FIFO with -f, and a file in that of a folder that holds one' 'cd special && rm -r d/s one && mkfifo d/s && mkdir one && mkfifo one/p &&
    exits 4 timeout 10 rmv checkout; test -p d/s && test -p one/p && timeout 10 rmv checkout -f && test "$(cat d/s/1 one)" = "$(printf "1\n3")" && rmv status -q'
it 'restores one file out of a folder with FIFOs, and leaves what is behind a link alone' 'cd special && rm d/s/1 && mkfifo d/p && timeout 10 rmv checkout d/s/1 && test "$(cat d/s/1)" = 1 && test -p d/p &&
    mkdir ../behind && mkfifo ../behind/p && rm -r d && ln -s ../behind d && timeout 10 rmv checkout -f && test -p ../behind/p && test ! -L d && rmv status -q'
it 'leaves a FIFO that .rmvignore names alone' 'cd special && echo "/d/*.pipe" >.rmvignore && mkfifo d/a.pipe && rm d/s/1 && timeout 10 rmv checkout -f && test -p d/a.pipe && rmv status -q'

# Every renaming waits, so that there is time for an edit between the check and the writing.
slowly() { ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=rename,renameat,unlinkat -e inject=rename,renameat,unlinkat:delay_enter=400000 "$@"; }
edit_meanwhile() { # edit_meanwhile <file>: while `rmv checkout -q HEAD~1` is writing
    (slowly rmv checkout -q HEAD~1 >out 2>&1 || echo $? >status) & pid=$!
    for i in $(seq 100); do test -z "$(find d -name '.rmv-tmp-*')" || break; sleep 0.05; done
    echo edited >"$1"; wait $pid
    grep "edited meanwhile" out && grep -x 4 status && grep edited "$1"
}
if strace -f -o /dev/null -e inject=rename:delay_enter=1 true 2>/dev/null; then
    it 'keeps an edit made while it is writing' 'repository race && rmv config --local core.threads 1 && mkdir d && echo 1 >d/a && echo 1 >d/b && rmv add -q d && git add -A && git commit -q -m 1 &&
        echo 2 >d/a && echo 2 >d/b && echo 2 >d/z && rmv add -q d && git commit -qam 2 && edit_meanwhile d/b && grep 1 d/a'
else
    skip 'keeps an edit made while it is writing' 'strace does not work here'
fi
if strace -f -o /dev/null true 2>/dev/null; then
    it 'waits for the disk a few times only, however many pointers change, come and go' 'repository pointers && mkdir d e && (cd d && for i in $(seq 100); do echo $i >$i; done && rmv add -q *) && git add -A && git commit -qm 1 &&
        (cd d && rm *.rmv 1; for i in $(seq 2 100); do echo b$i >$i; done; rmv add -q *) && (cd e && for i in $(seq 50); do echo $i >$i; done && rmv add -q *) && git add -A && git commit -qm 2 &&
        for rev in HEAD~1 HEAD; do ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o ../calls -e trace=fsync,fdatasync,syncfs rmv checkout -q $rev && test $(wc -l <../calls) -le 20 || { cat ../calls; exit 1; }; done &&
        test -z "$(git status --porcelain)" && rmv status -q && test "$(cat d/50)" = b50 && test -e e/50 && test ! -e d/1.rmv'
else
    skip 'waits for the disk a few times only, however many pointers change, come and go' 'strace does not work here'
fi
