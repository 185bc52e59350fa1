#!/bin/sh
# What docs/FORMATS.md says is enough to get everything back without rmv.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/w"
mkdir -p data/sub
head -c 3000000 /dev/urandom >data/big; seq 300000 >data/long; : >data/empty
for i in $(seq 1200); do echo "$i" >data/sub/file-$i; done
rmv add -q data; echo later >data/later; rmv add -q data
extract() { python3 "$SOURCE_ROOT/tests/recover.py" .rmstore/objects blob "$1" -; }
entry() { grep " $1\$" ../tree | cut -d " " -f "${2:-3}"; }

it 'gets a folder out by hand, from the id in the pointer' '
    extract "$(sed -n "s/.*sha256: //p" data.rmv)" >../tree
    head -n 1 ../tree | grep -x "rmv-tree 1" && test "$(wc -l <../tree)" = 6'
it 'gets out files of every size' '
    for name in big long empty later; do extract "$(entry $name)" | cmp - data/$name || exit 1; done'
it 'gets out a folder whose listing is stored in pieces' '
    extract "$(entry sub 4)" >../sub; test "$(wc -l <../sub)" = 1201
    extract "$(grep " file-77\$" ../sub | cut -d " " -f 3)" | cmp - data/sub/file-77'
it 'gets out a record' 'extract "$(sed -n "s/.*record: //p" data.rmv)" | python3 -m json.tool | grep in-toto'
# A changed file is stored as what differs from the one before.
kind_of() { od -An -j20 -N4 -tu4 "$1" | tr -d " "; }
edit() { python3 -c '
import sys
bytes = bytearray(open(sys.argv[1], "rb").read())
for at in range(1000, len(bytes), 40000): bytes[at:at + 3] = b"edited"
open(sys.argv[1], "wb").write(bytes)' "$1"; }
edit data/big; edit data/long; rmv add -q data; edit data/big; rmv add -q data
it 'gets out files that are stored as deltas, of deltas too' '
    test "$(for pack in .rmstore/objects/packs/*.zst; do kind_of "$pack"; done | grep -c 1)" = 2
    extract "$(sed -n "s/.*sha256: //p" data.rmv)" >../tree
    for name in big long empty later; do extract "$(entry $name)" | cmp - data/$name || exit 1; done'
it 'says when packs do not have it' '! extract "$(printf none | sha256sum | cut -d " " -f 1)"'
it 'needs no more than the stock tool to read and check packs' '
    for pack in .rmstore/objects/packs/*.zst; do
        test "$(kind_of "$pack")" = 1 || zstd -q -t "$pack" || exit 1
    done'
