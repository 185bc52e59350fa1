#!/bin/sh
# rmv ls: what is tracked, and what is inside it, now and in any revision.
. "$(dirname "$0")/lib.sh"

sha() { sha256sum "$1" | cut -d' ' -f1; }
(
    repository w && mkdir -p data/raw/sub data/raw/empty other && printf one >data/raw/a && printf two >data/raw/sub/b &&
    printf '#!/bin/sh\n' >data/raw/run && chmod +x data/raw/run && ln -s a data/raw/link && printf single >other/one.csv &&
    rmv add -q data/raw other/one.csv && git add -A && git commit -qm first && git tag v1 &&
    printf changed >data/raw/a && rmv add -q data/raw && git add -A && git commit -qm second
) || exit 1

it 'lists what is tracked'                'cd w && test "$(rmv ls | wc -l)" = 2 && rmv ls | grep -E "data/raw/$" && rmv ls | grep "^$(sha other/one.csv) .* other/one.csv$"'
it 'lists one level of a tracked folder'  'cd w && test "$(rmv ls data/raw | sed "s/.*  //" | tr "\n" " ")" = "data/raw/a data/raw/empty/ data/raw/link data/raw/run data/raw/sub/ "'
it 'lists everything with -R'             'cd w && rmv ls -R data/raw | grep "data/raw/sub/b$" && rmv ls -R | grep "data/raw/sub/b$"'
it 'shows the ids that sha256sum shows'   'cd w && rmv ls -R data/raw | grep "^$(sha data/raw/a) " && rmv ls -R | grep "^$(sha data/raw/sub/b) "'
it 'shows sizes in bytes'                 'cd w && rmv ls data/raw | grep -E " 7  data/raw/a$"'
it 'lists one file'                       'cd w && test "$(rmv ls data/raw/sub/b)" = "$(sha data/raw/sub/b)            3  data/raw/sub/b"'
it 'lists a folder above tracked ones'    'cd w && rmv ls data | grep "data/raw/$" && ! rmv ls data | grep other'
it 'speaks of paths as typed from here'   'cd w/data && rmv ls raw | grep " raw/a$" && rmv ls ../other | grep " ../other/one.csv$"'
it 'shows an older revision'              'cd w && rmv ls --rev v1 data/raw/a | grep "^$(printf one | sha256sum | cut -d" " -f1) "'
it 'needs no data in the workspace'       'cp -a w gone && cd gone && rm -r data/raw other/one.csv && test "$(rmv ls -R | wc -l)" = 8'
it 'prints JSON'                          'cd w && rmv ls -R --json data/raw | python3 -c "
import json, sys
items = {i[\"path\"]: i for i in json.load(sys.stdin)}
assert items[\"data/raw/run\"][\"type\"] == \"executable\", items
assert items[\"data/raw/link\"][\"type\"] == \"link\"
assert items[\"data/raw/empty\"][\"type\"] == \"folder\"
assert items[\"data/raw/a\"][\"size\"] == 7 and len(items[\"data/raw/a\"][\"id\"]) == 64"'
it 'prints an empty list of JSON'         'repository none && test "$(rmv ls --json)" = "[]"'
it 'says what is not tracked'             'cd w && exits 3 rmv ls data/rax && says "nothing is tracked at .data/rax" rmv ls data/rax && exits 3 rmv ls data/raw/none'
it 'says which revision is unknown'       'cd w && exits 3 rmv ls --rev nowhere && says "nowhere" rmv ls --rev nowhere'
it 'refuses paths outside'                'cd w && exits 10 rmv ls .. && exits 10 rmv ls /etc && exits 10 rmv ls .git'
it 'takes one path'                       'cd w && exits 2 rmv ls data other'
it 'quotes odd names'                     'repository odd && mkdir d && : >"d/$(printf "new\nline")" && : >"d/$(printf "\377")" && rmv add -q d &&
    rmv ls d | grep "\"d/new.nline\"" && rmv ls d | grep "\"d/.377\"" && test "$(rmv ls d | wc -l)" = 2 && rmv ls --json d | grep "path-bytes.*d/%FF"'
it 'names a folder whose listing is lost' 'cp -a w lost && cd lost && rm -rf .rmstore/objects && exits 3 rmv ls data/raw && rmv ls | grep data/raw'
it 'names a damaged pointer with its line' 'cp -a w bad && cd bad && sed -i "s/sha256: ./sha256: X/" data/raw.rmv && exits 5 rmv ls && says "data/raw.rmv:3:" rmv ls'
it 'names a pointer with merge conflicts' 'cd bad && printf "outs:\n<<<<<<< HEAD\n" >data/raw.rmv && exits 5 rmv ls && says "data/raw.rmv:2: .*merge conflict" rmv ls'
