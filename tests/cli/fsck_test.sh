#!/bin/sh
# rmv fsck: is everything that pointers, lock files and records of any revision lead to sound?
. "$(dirname "$0")/lib.sh"

commit() { git add -A && git commit -q -m "$1"; }
dataset() { # dataset <folder>: one folder in two committed versions, the older one tagged
    repository "$1"
    mkdir -p data/raw/deep
    seq 1 1000 >data/raw/a.csv
    seq 1 500 >'data/raw/deep/b c.csv'
    rmv add -q data/raw && commit 'First' && git tag v1
    seq 1 2000 >data/raw/a.csv
    rmv add -q data/raw && commit 'Second'
}
packs() { ls -tr .rmstore/objects/packs/*.zst; } # oldest first
flip() { # flip <pack> <offset>: changes a byte
    chmod u+w "$1"
    python3 -c 'import sys; f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); b = f.read(1); f.seek(int(sys.argv[2])); f.write(bytes([b[0] ^ 1]))' "$1" "$2"
}
damaged() { exits 1 rmv fsck "$@" >out 2>&1; }

it 'finds nothing wrong in a new workspace' 'repository a && rmv fsck'
it 'finds nothing wrong in data of several revisions' 'dataset b && rmv fsck >out && grep "2 committed versions" out && rmv fsck --quick'
it 'is quiet when asked to be' 'dataset c && test -z "$(rmv fsck -q)"'
it 'does not mind objects that nothing leads to' 'dataset d && git rm -q --cached data/raw.rmv && rm data/raw.rmv && rmv fsck && cd .. && repository d2 &&
    echo x >x && rmv add -q x && rm x.rmv && rmv fsck'
it 'names object, pack, path and revisions that damage touches' 'dataset e && flip $(packs | head -1) 40 && damaged &&
    id=$(seq 1 1000 | sha256sum | cut -c1-64) && grep "damaged file $id in pack $(basename $(packs | head -1))" out || grep "damaged folder .* in pack" out &&
    grep "data/raw" out && grep "at v1" out'
it 'knows what is damaged only in the past' 'dataset f && flip $(packs | head -1) 40 && damaged --json && python3 - out <<PY
import json
text = open("out").read()
problems = json.loads(text[:text.rindex("}") + 1])["problems"]
used = [use for problem in problems for use in problem["uses"]]
assert used, problems
assert any("v1" in use["names"] for use in used), used
PY'
it 'names what is missing' 'dataset g && rm -f .rmstore/objects/packs/* .rmstore/objects/index/* && damaged &&
    grep "missing folder" out && grep "missing record" out && grep "data/raw: in the workspace, at HEAD, main" out && damaged --quick && grep "missing folder" out'
it 'names single files that are missing' 'repository h && mkdir d && echo 1 >d/a && rmv add -q d && cp -r .rmstore/objects first &&
    echo 2 >d/b && rmv add -q d && rm first/lock && for pack in first/packs/*; do rm -f .rmstore/objects/packs/$(basename $pack); done && rm -f .rmstore/objects/index/* &&
    damaged && grep "missing file $(echo 1 | sha256sum | cut -c1-64)" out && grep "    d/a: in the workspace" out && ! grep "    d/b:" out'
it 'checks a pointer that cannot be read' 'dataset i && echo "outs: [" >data/raw.rmv && damaged && grep "unreadable.*data/raw.rmv" out'
it 'says which committed pointer cannot be read' 'dataset j && cp data/raw.rmv keep && echo "outs: [" >data/raw.rmv && commit Broken && cp keep data/raw.rmv &&
    commit Mended && damaged && grep "unreadable.*data/raw.rmv at" out'
it 'checks the records of stages' 'repository k && printf "stages:\n  s:\n    cmd: echo 1 >x\n    outs: [x]\n" >rmv.yaml && rmv repro -q && commit run && rmv fsck &&
    was=$(sed -n "s/ *record: //p" rmv.lock) && sed -i "s/$was/$(echo nothing | sha256sum | cut -c1-64)/" rmv.lock && damaged &&
    grep "missing record $(echo nothing | sha256sum | cut -c1-64)" out && grep "    x: in the workspace" out'
it 'takes a file that is no record for damage' 'repository l && echo x >x && rmv add -q x && id=$(sha256sum <x | cut -c1-64) &&
    sed -i "s/record: .*/record: $id/" x.rmv && damaged && grep "damaged record $id" out && exits 1 rmv lineage x'
it 'prints JSON' 'dataset m && rmv fsck --json | python3 -c "import json, sys; d = json.load(sys.stdin); assert d[\"clean\"] is True and d[\"versions\"] == 2 and d[\"problems\"] == [] and d[\"objects\"] > 5"'
it 'works without Git' 'mkdir n && cd n && rmv init -q --no-scm && echo x >x && rmv add -q x && rmv fsck'
it 'lets rmv add mend what it found damaged' 'repository p && mkdir d && seq 1 3000 >d/a && head -c 3000000 /dev/urandom >d/big && rmv add -q d && git add -A && git commit -q -m First &&
    pack=$(packs) && cp $pack sound && flip $pack 60 && flip $pack $(($(stat -c %s $pack) / 2)) && damaged && rmv add -q d && rmv fsck >out 2>&1 && grep "damaged copies of objects are intact" out &&
    rm -r d && rmv checkout -q && rmv status && test -z "$(git status --porcelain d.rmv)"'
it 'keeps the only good copy of damaged data' 'repository q && seq 1 3000 >a && rmv add -q a && git add -A && git commit -q -m First && seq 5 >b && seq 1 4000 >a && rmv add -q a &&
    flip $(packs | tail -1) 60 && damaged && exits 4 rmv checkout HEAD a && seq 1 4000 | cmp a -'
it 'refuses arguments' 'dataset o && exits 2 rmv fsck data'
it 'refuses to work outside a workspace' 'exits 2 rmv fsck'
