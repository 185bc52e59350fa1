#!/bin/sh
# rmv cat: stored content, byte for byte, checked on its way out.
. "$(dirname "$0")/lib.sh"

sha() { sha256sum "$1" | cut -d' ' -f1; }
(
    repository w && mkdir -p data/raw/sub && printf 'one\0\377' >data/raw/a && printf two >data/raw/sub/b &&
    head -c 20000000 /dev/urandom >big.bin && rmv add -q data/raw big.bin && git add -A && git commit -qm first &&
    printf new >data/raw/a && rmv add -q data/raw && git add -A && git commit -qm second
) || exit 1

it 'prints a tracked file'                 'cd w && rmv cat big.bin | cmp - big.bin'
it 'prints a file in a tracked folder'     'cd w && test "$(rmv cat data/raw/sub/b)" = two'
it 'takes paths as typed from here'        'cd w/data && test "$(rmv cat raw/a)" = new'
it 'prints what an older revision had'     'cd w && test "$(rmv cat --rev HEAD~ data/raw/a | sha256sum)" = "$(printf "one\0\377" | sha256sum)"'
it 'needs no data in the workspace'        'cp -a w gone && cd gone && rm -r data/raw big.bin && test "$(rmv cat data/raw/a)" = new && test "$(rmv cat big.bin | sha256sum)" = "$(sha256sum <../w/big.bin)"'
it 'prints an object by its id'            'cd w && test "$(rmv cat $(sha data/raw/a))" = new'
it 'prints an object by the start of its id' 'cd w && test "$(rmv cat $(sha data/raw/a | cut -c1-10))" = new'
it 'prints the listing of a folder'        'cd w && tree=$(rmv ls data --json | python3 -c "import json, sys; print(json.load(sys.stdin)[0][\"id\"])") && rmv cat --kind tree $tree | head -1 | grep "^rmv-tree 1$" && test "$(rmv cat --kind tree $tree | sha256sum | cut -d" " -f1)" = $tree'
it 'prints a record'                       'cd w && rmv cat --kind record $(sed -n "s/.*record: //p" data/raw.rmv) | grep -q in-toto'
it 'takes no file for a listing or a record' 'cd w && exits 2 rmv cat --kind tree $(sha data/raw/a) && exits 5 rmv cat --kind record $(sha data/raw/a)'
it 'refuses an unknown kind'               'cd w && exits 2 rmv cat --kind chunk $(sha data/raw/a)'
it 'says that a folder is a folder'        'cd w && exits 2 rmv cat data/raw && says "hint: .rmv ls data/raw" rmv cat data/raw'
it 'says what is not tracked'              'cd w && exits 3 rmv cat nothing && exits 3 rmv cat data/raw/none && says "none" rmv cat data/raw/none'
it 'says which id is unknown'              'cd w && exits 3 rmv cat 0123456789 && says 0123456789 rmv cat 0123456789'
it 'takes one argument'                    'cd w && exits 2 rmv cat && exits 2 rmv cat data/raw/a big.bin'
it 'fails when its output cannot be written' 'cd w && exits 7 rmv cat data/raw/a >/dev/full && exits 7 rmv cat big.bin >/dev/full'
it 'prints nothing of a damaged small file' '
    cp -a w hurt && cd hurt && for pack in $(find .rmstore/objects -name "*.zst"); do
        chmod u+w $pack && python3 - $pack <<-PY
import sys
path = sys.argv[1]
data = bytearray(open(path, "rb").read())
for i in range(40, len(data) - 400 if len(data) > 900 else min(len(data), 120)): data[i] ^= 0x55
open(path, "wb").write(data)
PY
    done
    status=0; rmv cat data/raw/sub/b >out 2>err || status=$?
    test $status -ne 0 && test ! -s out && test -s err'
