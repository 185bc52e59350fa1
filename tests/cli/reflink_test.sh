#!/bin/sh
# Files that share their blocks with the store, on the filesystems that can do that, and what becomes
# of links from one filesystem to another. Needs root and loop devices; without them all is skipped.
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin:/sbin

mounted() { # mounted <type>: sets `mnt`; stop with release_server
    hold_server filesystem "$1" && mnt=$answer
}
used() { sync -f "$mnt"; btrfs filesystem sync "$mnt" >/dev/null 2>&1 || :; df --output=used -B1024 "$mnt" | tail -1; }
extents() { filefrag -v "$1" | awk '/^ +[0-9]+:/ {print $4 $5}'; }

for type in xfs btrfs; do
if ! mounted $type; then
    release_server; skip "$type: shares blocks" "no loop mount of $type here"; continue
fi
repository "$mnt/w"
head -c 50000000 /dev/urandom >big; mkdir data; head -c 2000000 /dev/urandom >data/r; seq 400000 >data/text; echo small >data/small
before=$(used)
it "$type: adding a large file that does not compress copies no bytes" '
    rmv add -q big; after=$(used); echo used '$before' $after; test $((after - '$before')) -lt 4000; test "$(stat -c %h%a big)" = 1644
    object=$(find .rmstore/objects/loose -type f -size +40M); test "$(extents "$object")" = "$(extents big)"; rmv fsck -q; rmv status -q'
it "$type: what compresses, and what is small, goes into packs" '
    rmv add -q data; test "$(find .rmstore/objects/loose -type f | wc -l)" = 2'
it "$type: checkout shares blocks too, and the file is nobody else'\''s" '
    git add -A; git commit -qm first; sum=$(sha256sum <big); rm big; before=$(used); rmv checkout -q; after=$(used); echo used $before $after; test $((after - before)) -lt 4000
    test "$(sha256sum <big)" = "$sum"; object=$(find .rmstore/objects/loose -type f -size +40M); test "$(extents "$object")" = "$(extents big)"
    printf "written to" | dd of=big conv=notrunc status=none; exits 1 rmv status -q; rmv fsck -q; rmv checkout -qf; test "$(sha256sum <big)" = "$sum"'
it "$type: --relink turns copies into shared blocks, and links into files" '
    rmv checkout -q --relink --link copy; cp --reflink=never big big2; mv big2 big; rmv checkout -q --relink
    object=$(find .rmstore/objects/loose -type f -size +40M); test "$(extents "$object")" = "$(extents big)"; rmv status -q
    rmv checkout -q --relink --link symlink; test -L big; rmv checkout -q --relink; test ! -L big; rmv unprotect -q big; rmv status -q; rmv fsck -q'
it "$type: a flipped bit in the object never reaches the workspace" '
    object=$(find .rmstore/objects/loose -type f -size +40M); chmod u+w "$object"; printf "written to" | dd of="$object" bs=1 seek=30000000 conv=notrunc status=none
    cmp big "$object" && exit 1; rm big; exits 5 rmv checkout; test ! -e big; test -z "$(find . -maxdepth 1 -name ".rmv-tmp*")"; exits 1 rmv fsck -q; rm "$object"'
it "$type: a moved-in file is on the disk once" '
    head -c 30000000 /dev/urandom >moved; before=$(used); rmv add -q --link hardlink moved; after=$(used); test $((after - before)) -lt 4000
    rm moved; before=$(used); rmv checkout -q --link symlink moved; after=$(used); test $((after - before)) -lt 4000; test -L moved; rmv status -q moved'
cd "$TEST_FOLDER"; rm -rf "$mnt/w"; release_server
done

if ! mounted tmpfs; then
    release_server; skip 'where links are impossible, the next type is used, with one warning' 'no mount here'; exit
fi
repository "$TEST_FOLDER/w"; mkdir -p data/sub; echo a >data/a; echo b >data/sub/b; head -c 2000000 /dev/urandom >data/r; cp -r data ../data1
rmv config --local cache.dir "$mnt/store"
it 'a hard link to another filesystem is impossible: the next type is used, with one warning' '
    rmv config cache.type hardlink,copy; rmv add data 2>../err; cat ../err; test "$(stat -c %h%a data/a)" = 1644; test "$(grep -c "cannot be a link" ../err)" = 1
    rmv status -q; rm -r data; rmv checkout 2>../err; cat ../err; test "$(grep -c "cannot be a link" ../err)" = 1; diff -r ../data1 data; rmv fsck -q'
it 'a symbolic link to another filesystem is fine' '
    rmv config cache.type reflink,symlink,hardlink; rmv checkout -q --relink; test -L data/a; test -L data/r; diff -r ../data1 data; rmv status -q
    rmv unprotect -q data; test ! -L data/a; echo more >>data/a; rmv add -q data; test -L data/a; rmv status -q'
it 'links of a store that is gone are mended, or the error names what is missing' '
    rmv config --local --unset cache.dir; exits 1 rmv status -q; exits 3 rmv add data; exits 3 rmv checkout; test -L data/a
    rmv config --local cache.dir "$mnt/store"; rmv status; mv "$mnt/store" "$mnt/moved"; rmv config --local cache.dir "$mnt/moved"
    rmv status || :; rmv checkout; rmv status; test -L data/a; cmp data/r ../data1/r'
it 'adding with a full disk loses nothing' '
    rm -rf "$mnt/moved"; rmv config --local cache.dir "$mnt/store"; rmv config cache.type symlink; git rm -q --cached data.rmv 2>/dev/null || :; rm -rf data data.rmv
    mkdir data; cp ../data1/r data/r; head -c 100000 /dev/zero >data/z; mount -o remount,size=1m "$mnt"
    exits 7 rmv add data; cmp data/r ../data1/r; test ! -e data.rmv; mount -o remount,size=400m "$mnt"; rmv add -q data; cmp data/r ../data1/r; rmv fsck -q; test -z "$(ls "$mnt/store/tmp")"'
cd "$TEST_FOLDER"; release_server

if mounted ext4; then
    repository "$mnt/limit"; rmv config --local cache.type hardlink
    mkdir d && for i in 1 2 3; do echo "content $i" >d/$i; done; rmv add -q d; object=$(find .rmstore/objects/loose -samefile d/1); mkdir ../names
    use_up() { # use_up <object>: names, until the filesystem allows no more of them
        python3 -c '
import errno, itertools, os, sys
for i in itertools.count():
    try: os.link(sys.argv[1], "../names/%s-%d" % (sys.argv[2], i))
    except FileExistsError: continue
    except OSError as error:
        assert error.errno == errno.EMLINK, error
        break' "$1" "$2"
    }
    it 'copies a file of which there cannot be another hard link' '
        rm -r d; use_up "$object" a; rmv checkout -q; grep -x "content 1" d/1; test "$(stat -c %h d/1)" = 1; test "$(stat -c %h d/2)" = 2; rmv status -q; rmv fsck -q'
    it 'lets such a file be edited, added and restored' '
        rmv unprotect d; echo edited >d/1; echo "content 1" >d/more; rmv add -q d; rm -r d; rmv checkout -q; grep -x edited d/1; grep -x "content 1" d/more; rmv status -q'
    it 'relinks all but that' 'rmv checkout -q --relink; test "$(stat -c %h d/more)" = 1; test "$(stat -c %h d/2)" = 2; rmv status -q'
    it 'links it again once some of the others are gone' 'find ../names -name "a-1*" -delete; rmv checkout -q --relink; test "$(stat -c %i d/more)" = "$(stat -c %i "$object")"; rmv status -q'
    cd "$TEST_FOLDER"
    release_server
else
    release_server; skip 'copies a file of which there cannot be another hard link' 'no loop mount of ext4 here'
fi
