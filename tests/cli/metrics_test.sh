#!/bin/sh
# rmv metrics show, rmv metrics diff.
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

# v1: 0.5 and Git's n.yaml; v2 on main: 0.6123456; other: 0.7; then edited.
repository "$TEST_FOLDER/history"
printf 'stages:\n  eval:\n    cmd: cp in.json m.json; cp n.in n.yaml\n    deps: [in.json, n.in]\n    metrics:\n    - m.json\n    - n.yaml: {cache: false}\n' >rmv.yaml
version() { # version <json> <yaml>
    echo "$1" >in.json; echo "$2" >n.in; rmv repro -q; git add -A; git commit -qm "$1"
}
version '{"acc": 0.5, "n": 3}' 'k: 1'; git tag v1
git checkout -q -b other; version '{"acc": 0.7, "n": 3, "extra": "x|y"}' 'k: 1'
git checkout -q main; rmv checkout -q -f; version '{"acc": 0.6123456, "n": 4}' 'k: 1'
it 'shows every branch'                           '
    rmv metrics show -a m.json >out; cat out; grep -E "^Revision +Path +acc +n +extra$" out; grep -E "^workspace +m.json +0.61235 +4 +-$" out
    grep -E "^main +m.json +0.61235 +4" out; grep -E "^other +m.json +0.7 +3 +x.y" out; test "$(wc -l <out)" = 4'
it 'shows every tag'                              'rmv metrics show -T >out; grep -E "^v1 +m.json +0.5 +3 +-$" out; grep -E "^v1 +n.yaml +- +- +1$" out'
it 'shows every commit once'                      'rmv metrics show -A --json >out; python3 -c "
import json; d = json.load(open(\"out\")); assert len(d) == 4, d
assert sorted(v[\"m.json\"][\"acc\"] for k, v in d.items() if k != \"workspace\") == [0.5, 0.6123456, 0.7]"'
it 'shows several revisions'                      'test "$(rmv metrics show --rev v1 --rev other --csv m.json)" = "Revision,Path,acc,n,extra
v1,m.json,0.5,3,-
other,m.json,0.7,3,x|y"'
it 'escapes what Markdown would take for a column' 'rmv metrics show -a --md | grep -F "x\\|y"'
it 'leaves out states that cannot be read'        'git checkout -q -b broken; echo "{" >rmv.yaml; git commit -qam broken; git checkout -q main; rmv checkout -q -f; rmv metrics show -a >out 2>err; grep "warning.*broken" err; grep "^other" out; ! grep "^broken" out; git branch -q -D broken'
it 'rounds to the digits that are wanted'         'rmv metrics show --precision 2 | grep -E "acc +0.61$"; rmv metrics show --precision 0 | grep -E "acc +1$"; rmv metrics show --json | grep 0.6123456; exits 2 rmv metrics show --precision -1; exits 2 rmv metrics show --precision 18'
it 'does not round small numbers away'            'echo "a: 0.00000123456
b: -1.0e-20
c: 2.0
d: 1.0e+30" >t.yaml; rmv metrics show t.yaml >out; grep -E "a +1.2346e-06" out; grep -E "b +-1e-20" out; grep -E "c +2.0" out; grep -E "d +1e.30" out; rm t.yaml'
it 'leaves the path away with --no-path'          'rmv metrics show --no-path | head -1 | grep -E "^Metric +Value$"'
it 'takes folders with -R'                        'mkdir -p sub; test "$(rmv metrics show -R . | wc -l)" = 4; exits 3 rmv metrics show -R sub; exits 2 rmv metrics show -R'

it 'diffs nothing when nothing changed'           'test -z "$(rmv metrics diff)"; test "$(rmv metrics diff --json)" = "{}"'
it 'diffs the last commit and the workspace'      '
    echo "{\"acc\": 0.7, \"n\": 2, \"new\": true}" >in.json; rmv repro -q; rmv metrics diff >out
    printf "Path    Metric  HEAD     workspace  Change\nm.json  acc     0.61235  0.7        0.08765\nm.json  n       4        2          -2\nm.json  new     -        true       -\n" | diff - out'
it 'diffs two revisions'                          'rmv metrics diff v1 other | grep -E "acc +0.5 +0.7 +0.2$"; rmv metrics diff v1 other | grep -E "extra +- +x.y +-"; git status --porcelain m.json | grep . && exit 1; grep -q true m.json'
it 'diffs with all digits in JSON'                'rmv metrics diff v1 main --json | python3 -c "
import json, sys; d = json.load(sys.stdin)[\"m.json\"]; assert d[\"acc\"][\"old\"] == 0.5 and abs(d[\"acc\"][\"diff\"] - 0.1123456) < 1e-12 and d[\"n\"] == {\"old\": 3, \"new\": 4, \"diff\": 1}, d"'
it 'diffs what is equal with --all'               'rmv metrics diff --all | grep -E "n.yaml +k +1 +1 +0$"; ! rmv metrics diff | grep n.yaml'
it 'diffs as Markdown, without the path'          'rmv metrics diff --md --no-path | sed -n 2p | grep -E "^\|-+\|-+\|-+\|-+\|$"'
it 'diffs one file'                               'echo "q: 2" >q.yaml; rmv metrics diff --targets q.yaml >out; grep -E "q.yaml +q +- +2 +-" out; test "$(wc -l <out)" = 2; exits 3 rmv metrics diff --targets nope.yaml; says "nope.yaml" rmv metrics diff --targets nope.yaml'
it 'diffs with the precision that is wanted'      'rmv metrics diff --precision 1 | grep -E "acc +0.6 +0.7 +0.1$"'
it 'diffs two revisions at most'                  'exits 2 rmv metrics diff a b c; exits 3 rmv metrics diff nope'
it 'diffs nothing outside Git'                    'mkdir ../plain; cd ../plain; rmv init -q --no-scm; exits 2 rmv metrics diff; exits 2 rmv metrics show -a; says "no Git repository" rmv metrics show -a'
repository "$TEST_FOLDER/odd"
it 'reads what Python writes for numbers that are not finite' '
    printf "metrics: [m.json]\n" >rmv.yaml; printf "{\"loss\": NaN, \"best\": -Infinity, \"n\": 1}" >m.json; rmv metrics show | grep -E "^m.json +loss +nan$"; rmv metrics show --json | python3 -c "
import json, sys
assert json.load(sys.stdin, parse_constant=lambda word: 1 / 0) == {\"m.json\": {\"loss\": None, \"best\": None, \"n\": 1}}"'
it 'keeps odd names on their line'               '
    printf "{\"new\\\\nline\": 1, \"a|b\": 2, \"c,d\": 3, \"esc\\\\u001b[1m\": 4}" >m.json; rmv metrics show >out; test "$(wc -l <out)" = 5; grep -F "new\\nline " out; grep -F "esc\\033[1m  4" out
    rmv metrics show --md >out; test "$(wc -l <out)" = 6; test "$(awk "{ print length }" out | sort -u | wc -l)" = 1; grep -F "| a\\|b " out
    rmv metrics show --csv | python3 -c "
import csv, sys
assert [row[1] for row in csv.reader(sys.stdin)] == [\"Metric\", \"new\nline\", \"a|b\", \"c,d\", \"esc\x1b[1m\"]"'
it 'prints the others when a file is broken, and fails' '
    printf "metrics: [bad.json, m.json, none.json, worse.json]\n" >rmv.yaml; echo "{" >bad.json; echo x >worse.json; exits 5 rmv metrics show; rmv metrics show >out 2>errors || :; grep -E "^m.json +c,d +3$" out; grep "warning: worse.json:1:1" errors; grep "warning: cannot open .none.json" errors; grep "^rmv: bad.json:2:1: the text ends" errors; exits 5 rmv metrics show bad.json'
it 'compares the others when a committed file was broken' '
    git add -A; git commit -qm broken; printf "{\"n\": 1}" | tee bad.json >worse.json; echo "{\"n\": 5}" >m.json; rmv metrics diff >out 2>errors; grep -E "^m.json +n +- +5 +-$" out; test "$(grep -c "warning: HEAD: " errors)" = 2; echo "{" >bad.json; exits 5 rmv metrics diff; says "bad.json:2:1" rmv metrics diff'
it 'shows paths from the current folder in diffs, too' '
    mkdir -p sub; cd sub; echo 1 >../bad.json; rmv metrics diff 2>/dev/null | grep -E "^../m.json +n "; rmv metrics diff --json 2>/dev/null | grep "\"m.json\""; printf "a: 1\n" >../params.yaml; rmv params diff | grep -E "^../params.yaml +a +- +1$"'
it 'rounds tables, and nothing for other programs' '
    rm -rf ../digits; repository ../digits; printf "stages:\n  s:\n    cmd: x\n    metrics: [{m.json: {cache: false}}]\n" >rmv.yaml; echo "{\"a\": 0.1234567890123, \"n\": 12345678901234567}" >m.json
    rmv metrics show | grep -E "a +0.12346$"; rmv metrics show --md | grep "| 0.12346 "; rmv metrics show --csv | grep "^m.json,a,0.1234567890123$"; rmv metrics show --json | grep "0.1234567890123\b"; rmv metrics show --csv | grep ",12345678901234567$"
    rmv metrics show --csv --precision 2 | grep ",0.12$"; rmv metrics show --precision 8 | grep "0.12345679$"; exits 2 rmv metrics show --precision -1; exits 2 rmv metrics show --csv --precision 18'
