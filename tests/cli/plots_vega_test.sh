#!/bin/sh
# rmv plots templates, and what plots show and diff print for Vega-Lite: --show-vega, --json --split.
. "$(dirname "$0")/lib.sh"

json() { python3 -c "import json,sys; d=json.load(sys.stdin)
$1"; }

repository "$TEST_FOLDER/main"
printf 'epoch,loss,a.b[0],class\n1,3,1.5,x\n2,1.25,2,y\n3,,3,x\n' >log.csv
printf 'plots:\n- both:\n    x: epoch\n    y: {log.csv: [loss, class], other.csv: loss}\n    template: scatter\n' >rmv.yaml
cp log.csv other.csv; git add -A; git commit -qm 1; git tag v1; sed -i 's/^1,3/1,4/' log.csv

it 'lists the templates'                        'test "$(rmv plots templates | tr "\n" " ")" = "linear simple scatter scatter_jitter smooth confusion confusion_normalized bar_horizontal bar_horizontal_sorted "; rmv plots templates --json | json "assert len(d[\"templates\"]) == 9"'
it 'prints each as a specification with a place for the data' '
    for t in $(rmv plots templates); do rmv plots templates $t >$t.json; json "assert d[\"data\"] == {\"values\": \"<DVC_METRIC_DATA>\"} and \"vega-lite/v5\" in d[\"\$schema\"]" <$t.json; done'
it 'knows no others'                            'exits 2 rmv plots templates lineer; says "did you mean .linear." rmv plots templates lineer; exits 2 rmv plots templates linear simple'
it 'draws a copy as the template it is of, without a warning' '
    for t in $(rmv plots templates); do rmv plots show --json -t $t.json -x epoch -y loss log.csv 2>err | json "assert d[\"log.csv\"][\"template\"] == \"$t\""; test ! -s err; done'
it 'draws a changed copy as what it is most like' '
    for t in $(rmv plots templates); do sed "s/\"anchor\": \"middle\"/\"anchor\": \"start\"/" $t.json >changed.json
        rmv plots show --json -t changed.json -x epoch -y loss log.csv 2>err | json "assert d[\"log.csv\"][\"template\"] == \"$t\""; grep "changed.json. is for Vega, which is not used here: drawn as .$t." err; done
    sed "s/\"type\": \"line\"/\"type\": \"bar\"/" simple.json >standing.json; says "drawn as .linear." rmv plots show -q --json -v -t standing.json log.csv'
it 'finds templates by name beside the settings' '
    mkdir -p .rmstore/plots .dvc/plots; cp simple.json .rmstore/plots/mine.json; cp smooth.json .dvc/plots/mine.json; cp scatter.json .dvc/plots/dots.json
    rmv plots show --json -t mine log.csv | json "assert d[\"log.csv\"][\"template\"] == \"simple\""; rmv plots show --json -t dots log.csv | json "assert d[\"log.csv\"][\"template\"] == \"scatter\""
    printf "{}" >.rmstore/plots/../x.json; exits 10 rmv plots show -t .rmstore/x.json log.csv; exits 10 rmv plots show -t ../x log.csv; rm -r .rmstore/plots .dvc .rmstore/x.json'
it 'fills a template in with the data'          '
    rmv plots show --show-vega -x epoch -y loss log.csv | json "
assert d[\"data\"][\"values\"] == [{\"epoch\": 1, \"loss\": 4, \"rev\": \"workspace\"}, {\"epoch\": 2, \"loss\": 1.25, \"rev\": \"workspace\"}], d[\"data\"]
e = d[\"encoding\"]; assert (e[\"x\"][\"field\"], e[\"y\"][\"field\"], e[\"x\"][\"title\"]) == (\"epoch\", \"loss\", \"epoch\") and e[\"x\"][\"type\"] == \"quantitative\"
assert d[\"title\"][\"text\"] == \"log.csv\" and e[\"color\"][\"scale\"][\"domain\"] == [\"workspace\"] and \"strokeDash\" not in e"
    rmv plots show --show-vega --title T --x-label X --y-label Y -y loss log.csv | json "assert d[\"title\"][\"text\"] == \"T\" and d[\"encoding\"][\"x\"][\"field\"] == \"step\" and d[\"encoding\"][\"x\"][\"title\"] == \"X\" and d[\"encoding\"][\"y\"][\"title\"] == \"Y\" and d[\"data\"][\"values\"][1] == {\"step\": 1, \"loss\": 1.25, \"rev\": \"workspace\"}"'
it 'leaves no anchor in any template'           'for t in $(rmv plots templates); do rmv plots show --show-vega -t $t both >out; ! grep "<DVC" out; rmv plots show --show-vega -t $t -x loss -y class log.csv >out 2>/dev/null; ! grep "<DVC" out; done'
it 'escapes what Vega-Lite would take for a path' 'rmv plots show --show-vega -x epoch -y "a.b[0]" log.csv | json "assert d[\"encoding\"][\"y\"][\"field\"] == r\"a\\.b\\[0\\]\" and d[\"data\"][\"values\"][0][\"a.b[0]\"] == 1.5"'
it 'says that texts are names'                  'rmv plots show --show-vega -x class -y loss log.csv | json "x = d[\"encoding\"][\"x\"]; assert x[\"type\"] == \"nominal\" and x[\"sort\"] is None and d[\"data\"][\"values\"][0][\"class\"] == \"x\""'
it 'puts revisions together'                    'rmv plots diff --show-vega --targets log.csv -x epoch -y loss v1 | json "
assert [(r[\"rev\"], r[\"loss\"]) for r in d[\"data\"][\"values\"]] == [(\"v1\", 3), (\"v1\", 1.25), (\"workspace\", 4), (\"workspace\", 1.25)] and d[\"encoding\"][\"color\"][\"scale\"][\"domain\"] == [\"v1\", \"workspace\"]"'
it 'tells several columns and files apart'      'rmv plots show --show-vega both 2>err | json "
assert d[\"encoding\"][\"y\"][\"field\"] == \"dvc_inferred_y_value\" and d[\"encoding\"][\"shape\"][\"field\"] == \"filename::field\"
assert d[\"data\"][\"values\"][-1] == {\"epoch\": 2, \"dvc_inferred_y_value\": 1.25, \"rev\": \"workspace\", \"filename\": \"other.csv\", \"field\": \"loss\", \"filename::field\": \"other.csv::loss\"}, d[\"data\"][\"values\"][-1]"; grep "class" err'
it 'follows a template of the user, old or new' '
    printf "%s" "{\"data\": {\"values\": \"<DVC_METRIC_DATA>\"}, \"title\": \"<DVC_METRIC_TITLE> of <DVC_METRIC_X_LABEL>\", \"mark\": \"rule\", \"encoding\": {\"x\": {\"field\": \"<DVC_METRIC_X>\"}, \"size\": {\"value\": 3}, \"shape\": \"<DVC_METRIC_SHAPE>\"}}" >own.json
    rmv plots show --show-vega -t own.json --title T -x epoch -y loss log.csv 2>err | json "assert d[\"title\"] == \"T of epoch\" and d[\"mark\"] == \"rule\" and len(d[\"data\"][\"values\"]) == 2 and d[\"encoding\"] == {\"x\": {\"field\": \"epoch\"}, \"size\": {\"value\": 3}}"; test ! -s err'
it 'refuses a template that takes no data'      'echo "{\"mark\": \"line\"}" >none.json; exits 2 rmv plots show --show-vega -t none.json log.csv; says "no place for its data" rmv plots show --show-vega -t none.json log.csv; says "<DVC_METRIC_DATA>" rmv plots show --json --split -t none.json log.csv'
it 'writes texts that JSON readers read'        'printf "x,y\n\"a\"\"b\\\\\",1\n\001c,2\n\303\n" >odd.csv; rmv plots show --show-vega --title "\"q\" <DVC_METRIC_X>" -x x -y y odd.csv | json "assert d[\"data\"][\"values\"][0][\"x\"] == \"a\\\"b\\\\\" and d[\"data\"][\"values\"][1][\"x\"] == \"\x01c\", d[\"data\"]"; rmv plots show --json -x x -y y --title "$(printf "\0010 0 0")" odd.csv | json "assert len(d[\"odd.csv\"][\"series\"][0][\"points\"]) == 2"'
it 'is of one plot'                             'exits 2 rmv plots show --show-vega; exits 2 rmv plots show --show-vega log.csv other.csv; mkdir -p some; cp log.csv some/a.csv; cp log.csv some/b.csv; exits 2 rmv plots show --show-vega some; says "is 2 plots" rmv plots show --show-vega some; rm -r some; exits 2 rmv plots show --show-vega --json log.csv; exits 2 rmv plots show --show-vega --open log.csv'
it 'is of data'                                 'printf "\211PNG" >i.png; exits 2 rmv plots show --show-vega i.png; says "is an image" rmv plots show --show-vega i.png; exits 3 rmv plots show --show-vega nope.csv; echo >empty.csv; exits 3 rmv plots show --show-vega -y none log.csv'
it 'gives specification and data apart'         'rmv plots diff --json --split --targets log.csv -x epoch -y loss v1 | json "
p = d[\"log.csv\"]; assert p[\"content\"][\"data\"][\"values\"] == \"<DVC_METRIC_DATA>\" and p[\"content\"][\"encoding\"][\"y\"][\"field\"] == \"loss\"
assert list(p[\"datapoints\"]) == [\"v1\", \"workspace\"] and p[\"datapoints\"][\"workspace\"][0] == {\"epoch\": 1, \"loss\": 4, \"rev\": \"workspace\"} and len(p[\"series\"]) == 2"
    rmv plots show --json --split i.png | json "assert \"content\" not in d[\"i.png\"]"; exits 2 rmv plots show --split log.csv; says "give both" rmv plots show --split log.csv'
