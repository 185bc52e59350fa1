#!/bin/sh
# Damage of any kind in any pack of a history that is stored as deltas: what can be read stays readable,
# whatever gc and fsck --repair do; what is lost is named; adding the data again mends it, and the loss of
# records of how it was added can be accepted. RMV_SWEEP=all: in more ways.
. "$(dirname "$0")/lib.sh"
sha() { sha256sum "$1" | cut -c1-64; }
# Three committed versions of a large file, and a small one. The last version is in the workspace.
history() {
    repository w && mkdir data && head -c 2500000 /dev/urandom >data/big && echo 1 >data/a
    for version in 1 2 3; do
        test $version = 1 || { echo $version >data/a; python3 -c '
import sys
bytes = bytearray(open("data/big", "rb").read())
for at in range(50000, len(bytes), 100000): bytes[at:at + 1] = b"edit %s" % sys.argv[1].encode()
open("data/big", "wb").write(bytes)' $version; }
        cp -r data ../data.$version && rmv add -q data && git add -A && git commit -qm $version && git tag v$version
    done
    rmv config --local core.fsync off; cd .. && mv w whole
}
kind() { od -An -tu4 -j20 -N4 "$1" | tr -d ' '; }
damage() { # damage <pack> <how>
    chmod u+w "$1" && size=$(stat -c %s "$1")
    case $2 in
    missing) rm "$1" ;;
    short) truncate -s $((size / 2)) "$1" ;;
    headless) printf damage | dd of="$1" bs=1 conv=notrunc status=none ;;
    footer) printf damage | dd of="$1" bs=1 seek=$((size - 100)) conv=notrunc status=none ;;
    *) printf damage | dd of="$1" bs=1 seek=$((size * $2 / 100)) conv=notrunc status=none ;;
    esac
}
readable() { # which of the files can be read from the store; wrong bytes are none
    for version in 1 2 3; do
        for name in a big; do
            id=$(sha ../data.$version/$name)
            rmv cat "$id" >../got 2>/dev/null && { test "$(sha ../got)" = "$id" && echo "$version/$name" || { echo "wrong bytes of $version/$name" >&2; return 1; }; }
        done
    done
    return 0
}
still() { readable >../now && test -z "$(comm -23 ../before ../now)" || { echo "after $1 can no longer be read:"; comm -23 ../before ../now; return 1; }; }
heal() { # adding every version again
    for version in 1 2 3; do
        git checkout -q -f v$version && rm -rf data && cp -r ../data.$version data && rmv add -q data && git diff --quiet -I record: || return 1
    done
}
one() { # one <pack> <how>
    rm -rf w && cp -a whole w && cd w && damage ".rmstore/objects/packs/$1" "$2" && readable >../before || return 1
    found=0; rmv fsck >../found 2>&1 || found=$?
    test "$(wc -l <../before)" -eq 6 || { test $found -eq 1 && grep -qE '^    data.*(at v|at HEAD|workspace)' ../found; } || { echo 'what is lost is not named:'; cat ../found; return 1; }
    still fsck || return 1
    cp -a .rmstore/objects ../objects
    rmv gc -q --grace 0 --repack >../out 2>&1 || grep -q 'hint\|fsck' ../out || { cat ../out; return 1; }
    still 'gc --repack' || return 1
    rmv fsck --repair >../out 2>&1 || :
    still 'gc and fsck --repair' || return 1
    rm -rf .rmstore/objects && mv ../objects .rmstore/objects
    rmv fsck --repair >../out 2>&1 || :
    still 'fsck --repair' && grep -q 3/a ../now && grep -q 3/big ../now || { echo 'the workspace has it, and it is not repaired'; return 1; }
    rmv gc -q --grace 0 >../out 2>&1 || grep -q 'hint\|fsck' ../out || { cat ../out; return 1; }
    still 'fsck --repair and gc' || return 1
    heal && { rmv fsck --repair >../out 2>&1 || :; }
    ! grep -E '^(missing|damaged) (file|folder)' ../out || { echo 'adding all again does not mend it:'; cat ../out; return 1; }
    rmv fsck --accept-loss >../out 2>&1 || :
    rmv gc -q --grace 0 --repack >../out 2>&1 && rmv fsck >../out 2>&1 || { cat ../out; return 1; }
    test "$(readable | wc -l)" -eq 6 || { echo 'gc took what was mended'; return 1; }
}
all() { # all <how>
    for pack in $(ls whole/.rmstore/objects/packs); do
        (one "$pack" "$1") || { echo "pack $pack of kind $(kind "whole/.rmstore/objects/packs/$pack"), $1"; return 1; }
    done
}
history >/dev/null 2>&1
it 'has two packs of deltas to damage' 'test "$(for pack in whole/.rmstore/objects/packs/*; do kind "$pack"; done | grep -c 1)" -eq 2'
hows='missing short footer 40'
test "${RMV_SWEEP:-}" != all || hows='missing short headless footer 10 25 40 50 60 75 90'
for how in $hows; do
    it "damage ($how) in any pack costs nothing else, is named, and adding again mends it" "all $how"
done
