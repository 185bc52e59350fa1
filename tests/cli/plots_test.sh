#!/bin/sh
# rmv plots show, rmv plots diff.
. "$(dirname "$0")/lib.sh"

json() { python3 -c "import json,sys; d=json.load(sys.stdin)
$1"; }

repository "$TEST_FOLDER/main"
cat >mk <<'SH'
k=$(cat k); mkdir -p images
{ echo epoch,loss,acc; for i in 1 2 3 4 5; do echo "$i,$((10 * k - i)).5,0.$i"; done; } >train.csv
{ printf 'step\tv\n'; printf '1\t%s\n2\t5\n' "$k"; } >t.tsv
echo '{"meta": 1, "roc": [{"fpr": 0, "tpr": 0}, {"fpr": 0.5, "tpr": 0.8}, {"fpr": 1, "tpr": 1}]}' >roc.json
printf 'pr:\n- {recall: 0, precision: 1}\n- {recall: 1, precision: 0.%s}\n' "$k" >pr.yaml
printf 'actual,predicted\ncat,cat\ncat,dog\ndog,dog\ndog,dog\n"a, <b>",cat\n' >classes.csv
printf 'name,gain\none,%s\ntwo,7\nthree,-1\n' "$k" >imp.csv
printf '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>top.document.title="ran"</script><rect width="%s" height="9"/></svg>' "$k" >images/i.svg
printf '\211PNG\r\n\032\nnot really %s' "$k" >images/p.png; echo text >images/notes.txt
SH
cat >rmv.yaml <<'YAML'
stages:
  train:
    cmd: sh mk
    deps: [mk, k]
    outs: [images]
    plots:
    - train.csv: {cache: false, x: epoch, y: loss, title: "Loss <b>&\"x\"</b>"}
    - t.tsv: {x: step, template: smooth}
    - roc.json: {x: fpr, y: tpr, template: simple}
    - pr.yaml: {x: recall, template: scatter}
    - classes.csv: {x: actual, y: predicted, template: confusion}
    - imp.csv: {x: gain, y: name, template: bar_horizontal_sorted}
plots:
- images
- Both at once:
    x: epoch
    y: {train.csv: [acc, loss]}
    y_label: of either
- normalized:
    template: confusion_normalized
    x: actual
    y: {classes.csv: predicted}
YAML
echo 1 >k; rmv repro -q; git add -A; git commit -qm 1; git tag v1
echo 2 >k; rmv repro -q

it 'draws everything on one page, and prints where' 'test "$(rmv plots show)" = rmv_plots/index.html; test "$(grep -o "<section>" rmv_plots/index.html | wc -l)" = 10'
it 'writes where it is told'                      'rmv plots show -o a/b >out; test "$(cat out)" = a/b/index.html; rmv plots show -q -o p.html t.tsv; grep -q "<polyline" p.html'
it 'draws SVG that XML parsers read'              'rmv plots diff -q -o d.html; python3 -c "
import re, xml.dom.minidom
svgs = re.findall(r\"<svg.*?</svg>\", open(\"d.html\").read(), re.S); assert len(svgs) == 10, len(svgs)
for svg in svgs: xml.dom.minidom.parseString(svg)
assert not any(word in svg for svg in svgs for word in (\"nan\", \"inf\"))"'
it 'has neither scripts nor links in the page'    'rmv plots diff -q -o d.html; ! grep -iE "<script|<link|https?://[^w]|javascript:|onload" d.html; grep -q "default-src .none." d.html'
it 'escapes titles and classes'                   'grep -qF "Loss &#60;b&#62;&#38;&#34;x&#34;&#60;/b&#62;" d.html; grep -qF "a, &#60;b&#62;" d.html; ! grep -qF "<b>" d.html'
it 'shows images of both revisions side by side'  'test "$(grep -o "data:image/svg.xml;base64," d.html | wc -l)" = 2; test "$(grep -o "data:image/png;base64," d.html | wc -l)" = 2; grep -o "png;base64,[^\"]*" d.html | sed "s/.*,//" | while read -r b; do echo "$b" | base64 -d | grep -a "not really"; done >out; test "$(cut -b 1-12 out | tr -d "\n")" = "not really 1not really 2"'
it 'leaves out what is no plot in a folder'       '! grep -q "notes.txt" d.html'
it 'takes the data of revisions from Git and the store' '
    rmv plots diff v1 --json >out; json "
assert [s[\"revision\"] for s in d[\"train.csv\"][\"series\"]] == [\"v1\", \"workspace\"]
assert d[\"train.csv\"][\"series\"][0][\"points\"][:2] == [[1, 9.5], [2, 8.5]] and d[\"train.csv\"][\"series\"][1][\"points\"][0] == [1, 19.5]
assert d[\"t.tsv\"][\"series\"][0][\"points\"] == [[1, 1], [2, 5]] and d[\"t.tsv\"][\"template\"] == \"smooth\"
assert d[\"roc.json\"][\"series\"][0][\"points\"][1] == [0.5, 0.8]
assert d[\"pr.yaml\"][\"y_label\"] == \"precision\" and d[\"pr.yaml\"][\"series\"][1][\"points\"][1] == [1, 0.2]
assert [i[\"revision\"] for i in d[\"images/i.svg\"][\"images\"]] == [\"v1\", \"workspace\"]
assert not any(p[\"problems\"] for p in d.values())" <out'
it 'draws several columns together'               'rmv plots show --json "Both at once" | json "
p = d[\"Both at once\"]; assert list(d) == [\"Both at once\"] and [s[\"y\"] for s in p[\"series\"]] == [\"acc\", \"loss\"] and p[\"x_label\"] == \"epoch\" and p[\"y_label\"] == \"of either\""'
it 'counts classes in a matrix'                   'rmv plots show -q classes.csv -o c.html; python3 -c "
import re; page = open(\"c.html\").read(); cells = re.findall(r\"on-(?:dark|light)\\\">\s*<text[^>]*>([^<]*)<\", page)
assert cells == [\"0\", \"0\", \"0\", \"1\", \"1\", \"0\", \"0\", \"1\", \"2\"], cells"'
it 'gives shares of what was predicted'           'rmv plots show -q normalized -o c.html; python3 -c "
import re; page = open(\"c.html\").read(); cells = re.findall(r\"on-(?:dark|light)\\\">\s*<text[^>]*>([^<]*)<\", page)
assert cells == [\"0\", \"0\", \"0\", \"0.50\", \"0.50\", \"0\", \"0\", \"0.33\", \"0.67\"], cells"'
it 'sorts bars, and draws negative ones to the left' 'rmv plots show -q imp.csv -o c.html; grep -o ">\(one\|two\|three\)<" c.html | tr -d "\n" >out; test "$(cut -d: -f1 out)" = ">two<>one<>three<"; rmv plots show -t bar_horizontal -q imp.csv -o c.html; test "$(grep -o ">\(one\|two\|three\)<" c.html | tr -d "\n")" = ">one<>two<>three<"'
it 'takes columns, template and labels from the command line' '
    rmv plots show -x acc -y loss -t scatter --title T --x-label X --y-label Y --json train.csv | json "
p = d[\"train.csv\"]; assert (p[\"template\"], p[\"title\"], p[\"x_label\"], p[\"y_label\"]) == (\"scatter\", \"T\", \"X\", \"Y\") and p[\"series\"][0][\"points\"][0] == [0.1, 19.5], p"'
it 'draws files that rmv.yaml does not list'      'printf "3\n1\n2\n" >bare.csv; rmv plots show --no-header --json bare.csv | json "assert d[\"bare.csv\"][\"series\"][0][\"points\"] == [[0, 3], [1, 1], [2, 2]]"; printf "a,b\nx,1\n\"y \"\"q\"\"\",2\nx,\n" >n.csv; rmv plots show -x a --json n.csv | json "assert d[\"n.csv\"][\"series\"][0][\"points\"] == [[\"x\", 1], [\"y \\\"q\\\"\", 2]]"'
it 'draws a single value, huge and empty ones'    'printf "v\n5\n" >one.csv; rmv plots show -q one.csv -o c.html; ! grep -iE "=\"-?(nan|inf)" c.html; printf "v: [{a: 1.0e+308}, {a: -1.0e+308}, {a: .nan}, {a: .inf}, {a: 1.0e-320}, {a: 3}]" >huge.yaml; rmv plots show -q huge.yaml -o c.html; ! grep -iE "[\" ,]-?(nan|inf)" c.html; printf "v\n" >none.csv; says "nothing that could be drawn" rmv plots show none.csv -o c.html'
it 'draws a hundred thousand points as few'       'python3 -c "
print(\"v\")
for i in range(100000): print(i % 977)" >many.csv; rmv plots show -q many.csv -o c.html; test "$(wc -c <c.html)" -lt 60000'
it 'names a column that is not there'             'says "plot .train.csv.: .*has no column .los.; did you mean .loss." rmv plots show -y los train.csv -o c.html; grep -q "did you mean" c.html'
it 'names a file that is broken, and draws the rest' 'cp roc.json keep; echo "{" >roc.json; rmv plots show -o c.html 2>err; grep "roc.json" err; test "$(grep -o "<section>" c.html | wc -l)" = 10; mv keep roc.json'
it 'names a plot of which there is nothing'       'mv pr.yaml keep; says "there is no data for .pr.yaml.|.pr.yaml. does not exist" rmv plots show -o c.html; mv keep pr.yaml'
it 'names a target that is not there'             'exits 3 rmv plots show nope.csv; says "no plot and no file .nope.csv." rmv plots show nope.csv; exits 3 rmv plots diff --targets nope.csv'
it 'knows its templates'                          'exits 2 rmv plots show -t lineer; says "did you mean .linear." rmv plots show -t lineer'
it 'draws points a bit beside their place'        'rmv plots show -q -t scatter_jitter -x epoch -y loss train.csv -o j.html; rmv plots show -q -t scatter -x epoch -y loss train.csv -o s.html; test "$(grep -c "<circle" j.html)" = "$(grep -c "<circle" s.html)"; ! cmp -s j.html s.html; cp j.html again; rmv plots show -q -t scatter_jitter -x epoch -y loss train.csv -o j.html; cmp j.html again; ! grep -E "c[xy]=.-|nan" j.html; rm again'
mkdir -p .dvc/plots own
echo '{"layer": [{"mark": {"type": "text"}}, {"mark": {"type": "rect", "x": 1}}]}' >.dvc/plots/matrix.json
echo '{"data": {"values": "<DVC_METRIC_DATA>"}, "mark": "circle"}' >own/dots.json
echo '{"layer": [{"mark": "line", "transform": [{"loess": "y", "on": "x"}]}, {"mark": "point"}]}' >.dvc/plots/curve
echo '{"mark": "line"' >own/broken.json
it 'draws for a template of Vega what has its mark' '
    rmv plots show --json -t matrix -x actual -y predicted classes.csv 2>err | json "p = d[\"classes.csv\"]; assert p[\"template\"] == \"confusion\" and len(p[\"problems\"]) == 1, p"
    grep "warning.*template ..dvc/plots/matrix.json. is for Vega, which is not used here: drawn as .confusion." err
    rmv plots show --json -t curve train.csv 2>err | json "assert d[\"train.csv\"][\"template\"] == \"smooth\""
    (cd own; rmv plots show --json -t dots.json ../train.csv 2>../err) | json "assert d[\"train.csv\"][\"template\"] == \"scatter\""'
it 'refuses a template that is no JSON'           'exits 5 rmv plots show -t own/broken.json train.csv; says "own/broken.json:2:1" rmv plots show -t own/broken.json train.csv; exits 10 rmv plots show -t ../../x.json train.csv'
it 'draws what it can without the template of rmv.yaml' '
    cp rmv.yaml keep; sed -i "s/template: smooth/template: own\/broken.json/; s/template: scatter/template: nowhere/; s/template: simple/template: own\/dots.json/" rmv.yaml
    rmv plots show --json 2>err | json "assert [d[p][\"template\"] for p in (\"t.tsv\", \"pr.yaml\", \"roc.json\")] == [\"linear\", \"linear\", \"scatter\"]"
    grep "own/broken.json:2:1.*; drawn as .linear." err; grep "no template .nowhere.*; drawn as .linear." err; mv keep rmv.yaml'
rm -r .dvc own
it 'names an unknown revision'                    'exits 3 rmv plots diff nope; says "nope" rmv plots diff nope'
it 'shows every tag'                              'rmv plots show -T --json train.csv | json "assert [s[\"revision\"] for s in d[\"train.csv\"][\"series\"]] == [\"workspace\", \"v1\"]"'
it 'takes several revisions without the workspace' 'git add -A; git commit -qm 2; rmv plots diff v1 HEAD --json --targets t.tsv | json "assert [s[\"revision\"] for s in d[\"t.tsv\"][\"series\"]] == [\"v1\", \"HEAD\"]"'
it 'draws what it can of a history with a broken rmv.yaml' 'git checkout -q -b broken; echo "{" >rmv.yaml; git commit -qam broken; git checkout -q main; rmv plots show -a --json train.csv 2>err | json "assert \"main\" in [s[\"revision\"] for s in d[\"train.csv\"][\"series\"]]"; grep "warning.*broken" err; git branch -q -D broken'
it 'says that there are no plots'                 'repository ../none; exits 3 rmv plots show; says "there are no plots" rmv plots show; test "$(rmv plots show --json)" = "{}"'

cd "$TEST_FOLDER/main" || exit 1
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
if [ -n "$chromium" ]; then
    browse() { timeout 60 "$chromium" --headless --no-sandbox --disable-gpu --user-data-dir="$TEST_FOLDER/browser" "$@" 2>log; }
    it 'is shown by a browser, and runs nothing'  '
        rmv plots diff v1 -q -o d.html; browse --dump-dom "file://$PWD/d.html" >dom || { cat log; exit 1; }
        grep -F "<title>Plots: v1, workspace</title>" dom; test "$(grep -o "<svg" dom | wc -l)" = 10; test "$(grep -o "<img" dom | wc -l)" = 4'
    it 'has pixels in the colours of its lines'   '
        rmv plots show -q t.tsv -o c.html -t simple; browse --hide-scrollbars --window-size=900,600 --screenshot="$PWD/shot.png" "file://$PWD/c.html" >/dev/null
        python3 - <<PY
import struct, zlib
data = open("shot.png", "rb").read(); at, idat = 8, b""
while at < len(data):
    size, kind = struct.unpack(">I4s", data[at:at + 8]); body = data[at + 8:at + 8 + size]; at += 12 + size
    if kind == b"IHDR": width, height, depth, colour = struct.unpack(">IIBB", body[:10])
    if kind == b"IDAT": idat += body
channels = {2: 3, 6: 4}[colour]; raw = zlib.decompress(idat); stride = width * channels; before = bytearray(stride); found = 0
for y in range(height):
    kind, line = raw[y * (stride + 1)], bytearray(raw[y * (stride + 1) + 1:(y + 1) * (stride + 1)])
    for i in range(stride):
        a = line[i - channels] if i >= channels else 0; b = before[i]; c = before[i - channels] if i >= channels else 0
        if kind == 1: line[i] = (line[i] + a) & 255
        elif kind == 2: line[i] = (line[i] + b) & 255
        elif kind == 3: line[i] = (line[i] + (a + b) // 2) & 255
        elif kind == 4:
            p = a + b - c; pa, pb, pc = abs(p - a), abs(p - b), abs(p - c)
            line[i] = (line[i] + (a if pa <= pb and pa <= pc else b if pb <= pc else c)) & 255
    found += sum(line[i:i + 3] == b"\x4c\x78\xa8" for i in range(0, stride, channels)); before = line
assert found > 200, found
PY'
else
    skip 'is shown by a browser, and runs nothing' 'no chromium'
fi

mkdir several; cd several
printf 'fpr,tpr,rate\n0,0,1\n1,1,2\n' >train.csv; cp train.csv test.csv
cat >rmv.yaml <<'YAML'
plots:
- files: {x: fpr, y: {train.csv: tpr, test.csv: tpr}}
- columns: {x: fpr, y: {train.csv: [tpr, rate]}}
- both: {x: fpr, y: {train.csv: tpr, test.csv: rate}}
YAML
legend() { rmv plots "$@" -q -o s.html && grep -o '<i style[^/]*</i>[^<]*' s.html | sed 's/.*>//' | tr '\n' ,; }
axes() { rmv plots show --json "$1" | json "p = d['$1']; assert (p['x_label'], p['y_label']) == ('fpr', '$2'), p"; }

it 'tells series apart by their files'            'test "$(legend show files)" = several/train.csv,several/test.csv, && axes files tpr'
it 'tells them apart by their columns'            'test "$(legend show columns)" = tpr,rate, && axes columns y'
it 'tells them apart by both'                     'test "$(legend show both)" = "several/train.csv: tpr,several/test.csv: rate," && axes both y'
it 'tells them apart by revision, too'            '
    git add -A; git commit -qm several; legend diff HEAD --targets files | grep -F ",HEAD · several/test.csv,"
    rmv plots diff HEAD --targets files --json | json "s = d[\"files\"][\"series\"][1]; assert (s[\"revision\"], s[\"file\"]) == (\"HEAD\", \"several/test.csv\"), s"'
