#!/bin/sh
# rmv du: what data costs in the store, and what dedup and compression save.
. "$(dirname "$0")/lib.sh"

value() { python3 -c "import json,sys; print(json.load(sys.stdin)$1)"; }
incompressible() { python3 -c "
import random, sys
sys.stdout.buffer.write(random.Random($1).randbytes($2))"; }
packs() { cat .rmstore/objects/packs/*.zst | wc -c; }
(
    repository w && mkdir -p data/raw/sub && incompressible 1 3000000 >data/raw/big && cp data/raw/big data/raw/sub/copy &&
    head -c 500000 /dev/zero >data/raw/zeros && echo small >data/one.csv && rmv add -q data/raw data/one.csv && git add -A && git commit -qm first && git tag v1 &&
    { cat data/raw/big; incompressible 2 400000; } >grown && mv grown data/raw/big && rmv add -q data/raw && git add -A && git commit -qm second && git tag v2
) || exit 1

it 'prints size, new and stored for each output, and the sum' 'cd w && rmv du && rmv du -b data/one.csv | grep -E "^6 +6 +[0-9]+ +data/one.csv" &&
    rmv du | grep -E "MiB .*data/raw$" && rmv du | grep "together"'
it 'counts all files, and equal ones once' 'cd w && test "$(rmv du --json v1 | value "[\"total\"][\"size\"]")" = 6500006 &&
    test "$(rmv du --json v1 | value "[\"total\"][\"saved\"][\"same_files\"]")" = 3000000 && test "$(rmv du --json v1 | value "[\"total\"][\"files\"]")" = 4'
it 'counts what compression saved' 'cd w && test "$(rmv du --json v1 | value "[\"total\"][\"saved\"][\"compression\"]")" -gt 490000 && test "$(rmv du --json v1 | value "[\"total\"][\"stored\"]")" -lt 3020000'
it 'tells what each version added' 'cd w && rmv du --json v1 v2 -- data/raw | python3 -c "
import json, sys
document = json.load(sys.stdin)
first, second = document[\"outputs\"]
assert first[\"revision\"] == \"v1\" and second[\"revision\"] == \"v2\" and second[\"path\"] == \"data/raw\", document
assert 3490000 < first[\"new\"] <= 3500000, first
assert 400000 <= second[\"new\"] < 1500000 and second[\"size\"] == 6900000, second
assert document[\"total\"][\"saved\"][\"same_parts\"] > 2000000, document"'
it 'all versions together cost about what the packs hold' 'cd w && stored=$(rmv du --json v1 v2 | value "[\"total\"][\"stored\"]") && all=$(packs) &&
    test $stored -le $all && test $stored -gt $((all * 97 / 100))'
it 'measures a part of an output' 'cd w && rmv du --json data/raw/sub | value "[\"outputs\"][0]" | grep "data/raw/sub" && test "$(rmv du --json data/raw/sub | value "[\"total\"][\"size\"]")" = 3000000'
it 'measures outputs below a folder' 'cd w && test "$(rmv du --json data | value "[\"outputs\"].__len__()")" = 2'
it 'needs no data in the workspace, and reads none' 'cp -a w gone && cd gone && rm -r data/raw && test "$(rmv du --json | value "[\"total\"][\"size\"]")" = 6900006'
it 'skips a path that a revision does not have' 'cd w && echo x >late && rmv add -q late && git add -A && git commit -qm third && test "$(rmv du --json v1 HEAD -- late | value "[\"outputs\"].__len__()")" = 1'
it 'counts what is missing, and goes on' 'cp -a w lost && cd lost && rm -rf .rmstore/objects/packs && rmv du | grep "not in the store" && test "$(rmv du --json | value "[\"total\"][\"stored\"]")" = 0'
it 'an empty workspace costs nothing' 'repository none && rmv du && test "$(rmv du --json | value "[\"total\"][\"size\"]")" = 0'
it 'leaves out what belongs to Git' 'repository nocache && printf "stages:\n  s:\n    cmd: echo 1 >m.json\n    metrics: [{m.json: {cache: false}}]\n" >rmv.yaml && rmv repro -q && test "$(rmv du --json | value "[\"outputs\"]")" = "[]"'
it 'refuses what is not tracked, and unknown revisions' 'cd w && exits 3 rmv du nothing && exits 3 rmv du -- nothing && exits 3 rmv du nowhere -- data && exits 10 rmv du -- ..'
