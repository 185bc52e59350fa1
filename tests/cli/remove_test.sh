#!/bin/sh
# rmv remove: to stop tracking data, and to take stages out of the pipeline.
. "$(dirname "$0")/lib.sh"

(
    repository w && mkdir -p data/raw/sub && echo one >data/raw/a && echo two >data/raw/sub/b && echo single >data/one.csv &&
    rmv add -q data/raw data/one.csv && git add -A && git commit -qm first
) || exit 1
(
    repository p && printf 'stages:\n  # makes a\n  a:\n    cmd: echo a >a.txt\n    outs: [a.txt]\n\n  # makes b\n  b:\n    cmd: cat a.txt >b.txt\n    deps: [a.txt]\n    outs: [b.txt]\n    metrics: [{m.json: {cache: false}}]\n\n# the end\nparams: [params.yaml]\n' >rmv.yaml &&
    sed -i 's/cat a.txt >b.txt/cat a.txt >b.txt; echo 1 >m.json/' rmv.yaml && echo 'x: 1' >params.yaml && rmv repro -q && git add -A && git commit -qm first
) || exit 1

it 'stops tracking, and leaves the data' 'cp -a w one && cd one && rmv remove data/raw.rmv | grep "removed  data/raw.rmv" && test ! -e data/raw.rmv &&
    test -e data/raw/sub/b && ! rmv ls | grep raw && ! grep raw data/.gitignore && grep one.csv data/.gitignore && test -n "$(git status --porcelain data/raw)"'
it 'takes the path of the data too' 'cp -a w two && cd two/data && rmv remove -q one.csv && test ! -e one.csv.rmv && test -e one.csv'
it 'no checkout takes the data away afterwards' 'cd one && rmv checkout -q && test -e data/raw/a && rmv status -q'
it 'can be taken back by Git' 'cp -a w three && cd three && rmv remove -q --outs data/raw && test ! -e data/raw && git checkout -q . && rmv checkout -q && grep two data/raw/sub/b'
it 'removes the data with --outs' 'cp -a w four && cd four && rmv remove --outs data/raw data/one.csv && test ! -e data/raw && test ! -e data/one.csv && test ! -e data/.gitignore'
it 'refuses to remove data that is not saved, and touches nothing' 'cp -a w five && cd five && echo edited >data/raw/a && exits 4 rmv remove --outs data/one.csv data/raw &&
    says "data/raw/a" rmv remove --outs data/raw && test -e data/one.csv && test -e data/raw.rmv && grep edited data/raw/a'
it 'but does with -f' 'cd five && rmv remove -q --outs -f data/raw && test ! -e data/raw && test ! -e data/raw.rmv'
it 'keeps files that were never added, and says so' 'cp -a w six && cd six && echo mine >data/raw/mine && rmv remove --outs data/raw | grep "kept     data/raw/mine" && test "$(ls data/raw)" = mine'
it 'refuses to remove the data of a pointer that is not committed' 'cp -a w seven && cd seven && echo new >new && rmv add -q new && exits 4 rmv remove --outs new && says "not committed" rmv remove --outs new &&
    test -e new && echo more >>data/one.csv && rmv add -q data/one.csv && exits 4 rmv remove --outs data/one.csv && rmv remove -q --outs -f new && test ! -e new'
it 'removes pointers whose data is gone' 'cp -a w eight && cd eight && rm -r data/raw && rmv remove -q --outs data/raw.rmv && test ! -e data/raw.rmv'
it 'works without Git' 'mkdir nogit && cd nogit && rmv init -q --no-scm && echo x >x && rmv add -q x && exits 4 rmv remove --outs x && rmv remove -q x && test -e x && test ! -e x.rmv'
it 'prints JSON' 'cp -a w nine && cd nine && rmv remove --outs --json data/raw | python3 -c "
import json, sys
report = json.load(sys.stdin)
assert report[\"removed\"] == [{\"source\": \"data/raw.rmv\", \"outs\": [\"data/raw\"]}], report
assert report[\"deleted\"] == 2 and report[\"kept\"] == []"'
it 'takes a target named twice once' 'cp -a w ten && cd ten && test "$(rmv remove data/raw data/raw.rmv | wc -l)" = 1'

it 'removes a stage from rmv.yaml, and only that' 'cp -a p pa && cd pa && rmv remove a && ! rmv stage list | grep "^a" && rmv stage list | grep b && grep "# makes b" rmv.yaml && grep "# the end" rmv.yaml && grep "params: .params.yaml." rmv.yaml'
it 'and from rmv.lock and .gitignore' 'cd pa && ! grep -E "^ +a:" rmv.lock && grep -E "^ +b:" rmv.lock && ! grep -x /a.txt .gitignore && grep -x /b.txt .gitignore && test -e a.txt'
it 'removes what it made with --outs, but for what belongs to Git' 'cp -a p pb && cd pb && rmv remove -q --outs b && test ! -e b.txt && test -e m.json && rmv repro -q && test -e a.txt'
it 'removes the last stage' 'cp -a p pc && cd pc && rmv remove -q a b && rmv stage list && git diff rmv.yaml | grep "^-  b:" && grep "params: .params.yaml." rmv.yaml && rmv status -q'
it 'a stage can be added again' 'cd pc && rmv stage add -q c -o c.txt -- "echo c >c.txt" && rmv repro -q && test -e c.txt'
it 'refuses outputs of stages, and names the stage' 'cp -a p pd && cd pd && exits 2 rmv remove a.txt && says "rmv remove a" rmv remove a.txt'
it 'refuses what a template makes' 'repository fe && printf "stages:\n  t:\n    foreach: [x, y]\n    do:\n      cmd: echo \${item} >\${item}.txt\n      outs: [\"\${item}.txt\"]\n" >rmv.yaml && cp rmv.yaml before && exits 3 rmv remove t@x && says "foreach" rmv remove t@x && cmp before rmv.yaml'
it 'refuses to take out a stage that others refer to' 'repository an && printf "stages:\n  a: &a\n    cmd: \"true\"\n  b: *a\n" >rmv.yaml && cp rmv.yaml before && ! rmv remove a 2>said && cmp before rmv.yaml'
it 'refuses stages in braces' 'repository br && echo "stages: {a: {cmd: \"true\"}}" >rmv.yaml && cp rmv.yaml before && exits 2 rmv remove a && cmp before rmv.yaml'
it 'says what it does not know' 'cd w && exits 3 rmv remove nothing && says "neither a stage nor tracked" rmv remove nothing && exits 2 rmv remove data/raw/a && says "inside .data/raw" rmv remove data/raw/a && exits 3 rmv remove ../x'
it 'removes nothing if one target is wrong' 'cd w && exits 3 rmv remove data/raw nothing && test -e data/raw.rmv'
it 'asks which is meant' 'cp -a p amb && cd amb && mkdir -p d && echo x >zz && cat >>rmv.yaml <<Y
Y
    sed -i "s/^  a:/  zz:/" rmv.yaml && rmv add -q zz && exits 2 rmv remove zz && rmv remove -q zz.rmv && test -e zz && rmv stage list | grep zz'
it 'refuses wrong requests' 'cd w && exits 2 rmv remove && exits 2 rmv remove -f data/raw && test -e data/raw.rmv'
it 'another run finishes one that was killed' 'cp -a w kill && cd kill && for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
    test -e data/raw.rmv || { git checkout -q . && rmv checkout -q; }
    timeout -s KILL 0.00$((i % 10))5 rmv remove -q --outs data/raw || :
    test ! -e data/raw.rmv || rmv remove -q --outs data/raw; test ! -e data/raw.rmv; test ! -e data/raw; ! grep -s raw data/.gitignore; rmv status -q; done'
