#!/bin/sh
# A dataset comes back from its packs alone: without rmv, and without any index.
. "$(dirname "$0")/lib.sh"

id_of() { sed -n 's/.*sha256: //p' "$1.rmv"; }
recover() { python3 "$SOURCE_ROOT/tests/recover.py" "${objects:-.rmstore/objects}" "$@"; }
# Contents, names, links and who may execute what.
same() { diff -r --no-dereference "$1" "$2" && listing "$1" >../one && listing "$2" | cmp - ../one; }
listing() { (cd "$1" && find . -printf '%y %p %l ' \( -type f -perm -u+x -printf 'x\n' -o -printf '\n' \) | sort); }

repository "$TEST_FOLDER/w"
mkdir -p data/many data/empty data/deep/er
seq 300000 >data/rows.csv; head -c 3000000 /dev/urandom >data/noise; : >data/nothing
for i in $(seq 1200); do echo "$i" >data/many/file-$i; done
printf '#!/bin/sh\n' >data/run.sh; cp data/noise data/deep/tool; chmod +x data/run.sh data/deep/tool
ln -s run.sh data/latest; ln -s ../nowhere data/deep/er/dangling; ln -s many data/link-to-folder
echo x >'data/deep/a \ b'; echo y >"data/deep/$(printf 'n\303\274\nl')"
rmv add -q data; first=$(id_of data); cp -a data ../first
python3 -c '
for name in "data/rows.csv", "data/noise":
    with open(name, "r+b") as file:
        for at in range(1000, 1500000, 40000): file.seek(at); file.write(b"edited")'
rm data/many/file-7; echo new >data/many/file-0; chmod -x data/run.sh; ln -sf rows.csv data/latest
rmv add -q data; second=$(id_of data); cp -a data ../second
rm -rf .rmstore/objects/index .rmstore/index data

it 'has a pack of deltas, and a listing in pieces, to recover from' '
    for pack in .rmstore/objects/packs/*.zst; do od -An -j20 -N4 -tu4 "$pack"; done | grep -q 1
    test "$(ls ../first/many | wc -l)" = 1200'
it 'recovers the first version' 'recover tree "$first" ../out-1 && same ../first ../out-1'
it 'recovers the edited version' 'recover tree "$second" ../out-2 && same ../second ../out-2'
it 'has found differences between the two' '! same ../out-1 ../out-2'
it 'reads nothing but packs and loose objects' '
    mkdir ../alone && cp -r .rmstore/objects/packs ../alone/packs
    objects=../alone recover tree "$second" ../out-3 && same ../second ../out-3'
it 'overwrites nothing' '
    says "exists already" recover tree "$first" ../out-2; exits 1 recover tree "$first" ../out-2
    same ../second ../out-2'

# Loose objects: files are links to them.
mkdir loose; head -c 2000000 /dev/urandom >loose/large; cp loose/large loose/program; chmod +x loose/program
echo different >>loose/program; cp -a loose ../loose
rmv config cache.type hardlink; rmv add -q loose
it 'recovers loose objects' '
    test -n "$(find .rmstore/objects/loose -type f)" && mv loose ../moved
    recover tree "$(id_of loose)" ../out-4 && same ../loose ../out-4'

it 'names what damage took, brings back the rest, and writes no wrong byte' '
    cp -r ../alone ../damaged && chmod -R u+w ../damaged
    python3 - ../damaged/packs/* <<"END"
import os, sys
largest = max(sys.argv[1:], key=os.path.getsize)
with open(largest, "r+b") as pack: pack.seek(os.path.getsize(largest) // 2); pack.write(b"damage")
END
    objects=../damaged exits 1 recover tree "$first" ../out-5 2>../said
    grep -q "out-5/.*: lost, no undamaged [0-9a-f]*$" ../said
    diff -r --no-dereference ../first ../out-5 >../differences || :
    ! grep -v "^Only in ../first" ../differences && test -s ../differences'
it 'says when there is no such object' '
    none=$(printf none | sha256sum | cut -d " " -f 1)
    says "lost, no undamaged $none" recover blob "$none" ../none && test ! -e ../none'

# A file of 26,300 chunks, as small as they get, so that its list is too long for one: the smallest chunk
# of noise over and over.
cd ..; repository "$TEST_FOLDER/v"
head -c 64M /dev/urandom >noise; rmv add -q noise
zstd -dcq .rmstore/objects/packs/*.zst >../content
python3 - <<'END'
import struct
content, noise = open("../content", "rb").read(), open("noise", "rb").read()
at = content.rindex(b"rmv-list\1\0\0\0\0\0\0\0")
count, = struct.unpack_from("<Q", content, at + 40)
sizes = [struct.unpack_from("<Q", content, at + 48 + 40 * i + 32)[0] for i in range(count)]
i = min(range(count - 1), key=lambda i: sizes[i])
chunk = noise[sum(sizes[:i]):sum(sizes[:i + 1])]
with open("repeated", "wb") as file:
    for _ in range(263): file.write(100 * chunk)
END
rmv add -q repeated; rm -rf .rmstore/objects/index
it 'recovers a file whose list of chunks is a list of lists' '
    zstd -dcq .rmstore/objects/packs/*.zst >../content
    LC_ALL=C grep -qaP "rmv-list\x01\0\0\0\x01\0\0\0" ../content
    recover blob "$(id_of repeated)" - >/dev/null'
