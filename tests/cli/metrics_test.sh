#!/bin/sh
# rmv metrics show.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
printf 'stages:\n  eval:\n    cmd: sh mk\n    deps: [in.json]\n    metrics:\n    - out/m.json\n    - n.yaml: {cache: false}\n' >rmv.yaml
mkdir out; echo 'cp in.json out/m.json; echo "k: 1.50" >n.yaml' >mk; printf '{"p": {"at5": 0.19, "at10": 1}, "list": [1, 2]}' >in.json
it 'warns of metrics that do not exist yet'       'exits 3 rmv metrics show; says "warning.*n.yaml" rmv metrics show'
it 'shows what stages wrote, under dotted names'  'rmv repro -q; rmv metrics show >out.txt; printf "Path        Metric  Value\nn.yaml      k       1.5\nout/m.json  p.at5   0.19\nout/m.json  p.at10  1\nout/m.json  list    [1, 2]\n" | diff - out.txt'
it 'shows one file'                               'test "$(rmv metrics show n.yaml | wc -l)" = 2; exits 3 rmv metrics show nope.json'
it 'shows stored and uncached metrics of a revision' '
    git add -A; git commit -qm one; printf "{\"p\": {\"at5\": 0.5}}" >in.json; rmv repro -q; git add -A; git commit -qm two
    rmv metrics show | grep -E "p.at5 +0.5$"; rmv metrics show --rev HEAD~1 | grep -E "p.at5 +0.19$"; rmv metrics show --rev HEAD~1 | grep -E "n.yaml +k"; grep -q 0.5 out/m.json'
it 'prints JSON'                                  'rmv metrics show --json | python3 -c "import json,sys; assert json.load(sys.stdin)[\"out/m.json\"][\"p\"][\"at5\"] == 0.5"'
it 'prints Markdown'                              'rmv metrics show --md | sed -n 2p | grep -E "^\|-+\|-+\|-+\|$"; rmv metrics show --md | grep -E "^\| n.yaml +\| k +\| 1.5 +\|$"'
it 'names an unknown revision'                    'exits 3 rmv metrics show --rev nope; says "nope" rmv metrics show --rev nope'
it 'says where a file is broken'                  'echo "{" >broken.json; exits 5 rmv metrics show broken.json; says "broken.json" rmv metrics show broken.json'
it 'shows files that rmv.yaml lists at the top'   'printf "metrics: [top.yaml]\n" >rmv.yaml; echo "a: true" >top.yaml; rmv metrics show | grep -E "top.yaml +a +true"'
it 'says that there are none'                     'rm rmv.yaml; exits 3 rmv metrics show; says "there are no metrics" rmv metrics show'
