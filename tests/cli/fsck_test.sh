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
it 'names object, pack, path and revisions that damage touches' 'dataset e && pack=$(packs | head -1) && flip $pack 40 && damaged &&
    id=$(seq 1 1000 | sha256sum | cut -c1-64) && grep "damaged file $id in pack $(basename $pack)" out &&
    grep "data/raw/a.csv: at v1" out'
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
it 'prints JSON of damage without any commit' 'repository m2 && echo x >x && rmv add -q x && rm -f .rmstore/objects/*/* && exits 1 rmv fsck --json >out && python3 -c "import json; d = json.load(open(\"out\")); assert d[\"problems\"][0][\"message\"] is None, d"'
it 'prints JSON' 'dataset m && rmv fsck --json | python3 -c "import json, sys; d = json.load(sys.stdin); assert d[\"clean\"] is True and d[\"versions\"] == 2 and d[\"problems\"] == [] and d[\"objects\"] > 5"'
it 'works without Git' 'mkdir n && cd n && rmv init -q --no-scm && echo x >x && rmv add -q x && rmv fsck'
it 'lets rmv add mend what it found damaged' 'repository p && mkdir d && seq 1 3000 >d/a && head -c 3000000 /dev/urandom >d/big && rmv add -q d && git add -A && git commit -q -m First &&
    pack=$(packs) && cp $pack sound && flip $pack 60 && flip $pack $(($(stat -c %s $pack) / 2)) && damaged && rmv add -q d && rmv fsck >out 2>&1 && grep "damaged copies of objects are intact" out &&
    rm -r d && rmv checkout -q && rmv status && test -z "$(git status --porcelain d.rmv)"'
it 'keeps the only good copy of damaged data' 'repository q && seq 1 3000 >a && rmv add -q a && git add -A && git commit -q -m First && seq 5 >b && seq 1 4000 >a && rmv add -q a &&
    flip $(packs | tail -1) 60 && damaged && exits 4 rmv checkout HEAD a && seq 1 4000 | cmp a -'
# ---- Repairing: what was damaged, and what is left of it
tear() { chmod u+w "$1" && truncate -s $(($(stat -c %s "$1") - 10)) "$1"; } # the footer is gone
sums() { find "$@" -type f -exec sha256sum {} + | sort; }
tracked() { # tracked <folder>: small and large files, links, folders, all committed
    repository "$1" && mkdir -p d/sub/deep && seq 1 3000 >d/a && seq 5 >d/sub/deep/b && ln -s a d/link &&
        head -c 3000000 /dev/urandom >d/big && printf x >d/run && chmod +x d/run && rmv add -q d &&
        for i in $(seq 2000); do echo $i >d/sub/file-$i; done && rmv add -q d && commit First && sums d >"../$1.sums"
}
restores() { rm -rf d && rmv checkout -q && sums d | cmp - "../$1.sums" && rmv status -q; } # restores <folder>
everywhere() { # damages each pack at several places
    for pack in $(packs); do
        for part in 3 5 8; do flip $pack $((32 + $(stat -c %s $pack) * part / 10)); done
    done
}
it 'repairs damaged files, links and folders from the workspace' 'tracked r && everywhere && damaged && grep "fsck --repair" out && { rmv fsck --repair >out 2>&1 || grep "^damaged record" out; } &&
    grep "^repaired: damaged folder" out && ! grep -E "^damaged (file|folder)" out && restores r'
it 'repairs even where folders are damaged that hide what else is' 'tracked r2 && rm -f .rmstore/objects/packs/* .rmstore/objects/index/* && damaged --repair && grep "missing record" out && ! grep -E "^missing (file|folder)" out &&
    restores r2'
it 'moves what is sound out of damaged packs, which then go' 'tracked s && pack=$(packs | head -1) && cp $pack sound && flip $pack 50 && was=$(packs | wc -l) &&
    rmv fsck --repair >out 2>&1 && grep -E "1 pack removed" out && test ! -e $pack -o "$(sha256sum <$pack)" = "$(sha256sum <sound)" && rmv fsck && restores s'
it 'keeps damaged packs that have what is nowhere else' 'tracked t && pack=$(packs | head -1) && flip $pack $(($(stat -c %s $pack) / 2)) && mv d ../t.d && damaged --repair &&
    grep "1 kept" out && grep "d/" out && grep "rmv add" out && test -e $pack && mv ../t.d d && rmv fsck --repair -q && rmv fsck && restores t'
it 'takes what it can from a pack whose footer is torn, by the index' 'tracked u && pack=$(packs | tail -1) && tear $pack && mv d ../u.d && rmv fsck --repair >out 2>&1 && grep "1 pack removed" out && grep "repaired: store" out && test ! -e $pack && rmv fsck && restores u'
it 'sets a pack aside of which nobody knows what is in it' 'tracked v && for pack in $(packs); do tear $pack; done && rm -f .rmstore/objects/index/* && count=$(packs | wc -l) && damaged --repair && grep "$count set aside in torn/" out &&
    test $(ls .rmstore/objects/torn/*.zst | wc -l) = $count && ! grep -E "^(missing|damaged) (file|folder)" out && restores v'
it 'makes indexes again that leave something out' 'tracked w && for segment in .rmstore/objects/index/*; do chmod u+w $segment && printf junk >$segment; done && rmv fsck --repair -q && rmv fsck && rm -f .rmstore/objects/index/* && rmv fsck --repair && restores w'
it 'clears away what interrupted commands left' 'tracked x && touch .rmstore/objects/tmp/pack-1-2 .rmstore/objects/tmp/pack-1-2.journal .rmstore/objects/tmp/index-3-4 .rmstore/objects/unsynced &&
    rmv fsck --repair >out && grep "4 leftovers cleared" out && test -z "$(ls .rmstore/objects/tmp)" && test ! -e .rmstore/objects/unsynced && rmv fsck --repair | grep "0 leftovers"'
it 'repairs nothing where nothing is wrong, and changes no file' 'tracked y && rmv fsck --repair -q && find . -path ./.rmstore/index -prune -o -type f -exec sha256sum {} + | sort >../y.before &&
    rmv fsck --repair -q && find . -path ./.rmstore/index -prune -o -type f -exec sha256sum {} + | sort | diff ../y.before -'
it 'does not touch edits that were not saved' 'tracked z && flip $(packs | head -1) 50 && echo edit >d/sub/deep/b && { rmv fsck --repair -q || :; } && test "$(cat d/sub/deep/b)" = edit &&
    ! rmv cat $(echo edit | sha256sum | cut -c1-64) && exits 1 rmv status -q'
it 'tells in JSON what was repaired' 'tracked aa && flip $(packs | head -1) 50 && rmv fsck --repair --json >out 2>/dev/null && python3 - <<PY
import json
d = json.load(open("out"))
assert d["clean"] is True and d["problems"] == [], d
assert d["repair"]["packs_removed"] == 1 and d["repair"]["repaired"], d
PY'
it 'knows without reading what the last check found damaged' 'tracked bb && pack=$(packs | head -1) && flip $pack $(($(stat -c %s $pack) / 2)) && rmv fsck --quick && damaged && damaged --quick && grep "last full check found it damaged" out'

# ---- Samples
it 'checks a sample, and the same one again' 'tracked ba && rmv fsck --sample 30% >one && seed=$(sed -n "s/.*--seed \([0-9]*\).*/\1/p" one) && rmv fsck --sample 30 --seed $seed >two && diff one two &&
    rmv fsck --sample 100 --seed 1 | grep -E "sample: ([0-9]+) of \1 frames"'
it 'finds damage sooner or later' 'tracked bc && pack=$(packs | head -1) && flip $pack $(($(stat -c %s $pack) / 2)) && for seed in $(seq 60); do
    rmv fsck -q --sample 10 --seed $seed >out 2>&1 || break; done && grep "damaged\|store" out && rmv add -q d && rmv fsck -q --sample 10 --seed $seed'
it 'does not forget damage that a sample left out' 'tracked bd && pack=$(packs | head -1) && flip $pack $(($(stat -c %s $pack) / 2)) && damaged && exits 1 rmv fsck -q --sample 0.0001 --seed 1 && damaged --quick && grep "last full check" out'
it 'refuses what makes no sense' 'tracked be && for options in "--sample 0" "--sample 101" "--sample x" "--seed 1" "--quick --sample 5" "--repair --quick" "--repair --sample 5" "--sample 5 --seed -1"; do exits 2 rmv fsck $options || exit 1; done'
it 'refuses arguments' 'dataset o && exits 2 rmv fsck data'
it 'refuses to work outside a workspace' 'exits 2 rmv fsck'
# ---- What is lost for good
lost_record() { # lost_record <folder>: the record of the older version is damaged, and nothing else
    repository "$1" && seq 1 1000 >a && rmv add -q a && commit First && seq 1 2000 >a && rmv add -q a && commit Second &&
        record=$(git show HEAD~1:a.rmv | sed -n 's/ *record: //p') && rmv cat --kind record "$record" >/dev/null &&
        flip "$(packs | head -1)" 44 && damaged && git checkout -q HEAD~1 && seq 1 1000 >a && rmv add -q a && git checkout -q -f - && rmv checkout -q -f
}
it 'is no longer troubled by what it was told is lost' 'lost_record x1 && damaged --repair && grep "damaged record $record" out && grep "accept-loss" out &&
    rmv fsck --accept-loss >out && grep "record $record" out && grep "^    a: " out && rmv fsck -q && rmv fsck >out && grep "accepted as such: 1 object (--all" out && rmv fsck --all | grep "record $record" &&
    rmv fsck --json | python3 -c "import json, sys; d = json.load(sys.stdin); assert d[\"clean\"] and d[\"problems\"][0][\"accepted\"]"'
it 'still tells of what was lost later' 'cd x1 && for pack in $(packs); do flip $pack $(($(stat -c %s $pack) / 3)); done && damaged && grep -E "^(damaged|missing) (file|record)" out'
it 'has gc remove a pack of which nothing is left but what was accepted as lost' 'lost_record x2 && { rmv fsck --repair --accept-loss -q >out 2>&1 || { cat out; exit 1; }; } && was=$(packs | wc -l) &&
    rmv gc -q --grace 0 && rmv fsck >out && grep "accepted as such: 1 object" out && test "$(packs | wc -l)" -lt $was && rmv checkout -q HEAD~1 && seq 1000 | cmp - a'
it 'forgets that data was lost once it is added again' 'repository x3 && seq 1 1000 >a && rmv add -q a && commit First && rm -f .rmstore/objects/packs/* .rmstore/objects/index/* && mv a ../x3.a &&
    damaged && rmv fsck --accept-loss -q >/dev/null && rmv fsck -q && mv ../x3.a a && rmv add -q a && rm a && rmv checkout -q && seq 1 1000 | cmp - a && rmv fsck --all >out && ! grep "missing file" out'
it 'accepts no loss that it has not looked for' 'repository x4 && exits 2 rmv fsck --accept-loss --quick && exits 2 rmv fsck --accept-loss --sample 5'
