#!/bin/sh
# The page that rmv plots writes: --html-template, --open; experiments; tables of many rows.
. "$(dirname "$0")/lib.sh"

json() { python3 -c "import json,sys; d=json.load(sys.stdin)
$1"; }

repository "$TEST_FOLDER/main"
printf 'v\n1\n3\n2\n' >log.csv; printf 'plots: [log.csv]\nstages:\n  s: {cmd: "cp in.csv out.csv", deps: [in.csv], plots: [{out.csv: {cache: false}}]}\n' >rmv.yaml; printf 'v\n7\n' >in.csv
rmv repro -q; git add -A; git commit -qm 1

it 'puts the plots into a page of the user'     '
    printf "<html><head>{refresh_tag}{scripts}<style>b { color: red }</style></head><body><p>{x} {{y}} {plot_div {</p>{plot_divs}<hr>{plot_divs}</body></html>" >t.html
    test "$(rmv plots show --html-template t.html)" = rmv_plots/index.html
    grep -qF "<style>b { color: red }</style></head><body><p>{x} {{y}} {plot_div {</p><style>" rmv_plots/index.html; test "$(grep -c "<polyline" rmv_plots/index.html)" = 4; tail -n 1 rmv_plots/index.html | grep -x "</body></html>"; ! grep -q "plot_divs\|scripts}" rmv_plots/index.html'
it 'styles nothing of that page but the plots'  'grep -o "<style>.plots.*</style>" rmv_plots/index.html | head -n 1 | sed "s/<[^>]*>//g; s/{[^}]*}/\n/g" | tr "," "\n" | grep . >selectors; test -s selectors; ! grep -v "^\.plots" selectors'
it 'refuses a page without a place for them'    'echo "{plots}" >bad.html; exits 2 rmv plots show --html-template bad.html -o x.html; test ! -e x.html; says "bad.html. has no place for the plots: it lacks .plot_divs." rmv plots show --html-template bad.html; : >empty.html; exits 2 rmv plots show --html-template empty.html'
it 'refuses one that is not there, or endless'  'exits 3 rmv plots show --html-template nope.html; says "nope.html" rmv plots show --html-template nope.html; exits 6 rmv plots show --html-template /dev/zero; exits 2 rmv plots show --json --html-template t.html'

mkdir bin
printf '#!/bin/sh\necho "$#" >"%s/opened"; echo "$1" >>"%s/opened"; exit $(cat "%s/status")\n' "$PWD" "$PWD" "$PWD" >bin/xdg-open; chmod +x bin/xdg-open; echo 0 >status
it 'opens the page, by its full path'           'PATH="$PWD/bin:$PATH" rmv plots show -q --open -o "-q \$(touch ran) .html"; test "$(cat opened)" = "1
$PWD/-q \$(touch ran) .html"; test ! -e ran'
it 'says that it could not be opened'           'echo 3 >status; PATH="$PWD/bin:$PATH" exits 7 rmv plots show -q --open -o p.html; PATH="$PWD/bin:$PATH" says "cannot open .*p.html.: exit status 3" rmv plots show --open -o p.html; test -s p.html'
it 'says that nothing is there to open it'      'mkdir -p only; ln -sf "$(command -v rmv)" "$(command -v git)" only; exits 3 env PATH="$PWD/only" rmv plots show -q --open -o p.html; says "open it in a browser" env PATH="$PWD/only" rmv plots show --open -o p.html'


it 'takes the folder and the page from settings, relative to the workspace' '
    printf "<p>ours</p>{plot_divs}" >ours.html; mkdir -p deep; rmv config plots.out_dir ./reports/all/; rmv config plots.html-template ours.html; test "$(rmv plots show)" = reports/all/index.html; grep -q "<p>ours" reports/all/index.html
    (cd deep; test "$(rmv plots diff)" = ../reports/all/index.html; test ! -e reports -a ! -e rmv_plots); rmv plots show --json >/dev/null; rmv plots show --show-vega log.csv >/dev/null'
it 'lets options count more than settings'      'echo "<p>theirs</p>{plot_divs}" >theirs.html; test "$(rmv plots show --html-template theirs.html -o other)" = other/index.html; grep -q "<p>theirs" other/index.html; rm -r other'
it 'opens each page where plots.auto_open says so' 'echo 0 >status; rm -f opened; rmv config --local plots.auto_open true; PATH="$PWD/bin:$PATH" rmv plots show -q; grep -x "$PWD/reports/all/index.html" opened; rm opened; rmv plots show --json >/dev/null; rmv config --local plots.auto_open no; PATH="$PWD/bin:$PATH" rmv plots show -q; test ! -e opened'
it 'refuses settings that mean nothing'         'exits 2 rmv config --local plots.auto_open maybe; says "plots.auto-open. must be true or false" rmv config --local plots.auto_open maybe; exits 2 rmv config plots.out_dir ""; exits 2 rmv config plots.outdir x; says "did you mean .plots.out-dir" rmv config plots.outdir x'
it 'lets a project set no path outside of it, and open nothing' '
    for path in ../x /etc/passwd a/../../x .git/x .rmstore/x; do exits 2 rmv config plots.html_template $path; says "must be a path inside the workspace" rmv config plots.out_dir $path; done; exits 2 rmv config plots.auto_open true; test "$(rmv config plots.html_template)" = ours.html
    cp .rmstore/config kept; printf "[plots]\n out-dir = ../stolen\n" >.rmstore/config; exits 5 rmv plots show; says "config: .plots.out-dir. must be a path inside" rmv plots show; test ! -e ../stolen; mv kept .rmstore/config'
it 'takes any path from its user'               'mkdir ../mine; mv ours.html ../mine; rmv config --local plots.html_template ../mine/ours.html; rmv config --local plots.out_dir "$TEST_FOLDER/mine/out"; test "$(rmv plots show)" = "$TEST_FOLDER/mine/out/index.html"; grep -q "<p>ours" ../mine/out/index.html; rmv config --local --unset plots.html_template; rmv config --local --unset plots.out_dir; mv ../mine/ours.html .; rm -r ../mine'
it 'follows no link that is planted on the way' '
    mkdir ../away; rm -r reports; ln -s ../away reports; exits 10 rmv plots show; says "plots.out-dir" rmv plots show; rm reports; mkdir reports; ln -s ../../away reports/all; exits 10 rmv plots show; test -z "$(ls ../away)"; rm -r reports
    echo "{plot_divs}" >../away/page; rm ours.html; ln -s ../away/page ours.html; exits 10 rmv plots show; says "plots.html-template.*symbolic link" rmv plots show; rm -r ours.html ../away; exits 3 rmv plots show; says "ours.html" rmv plots show; rmv config --unset plots.html_template; rmv config --unset plots.out_dir'

rm -rf bin only opened status ./-q* ./*.html rmv_plots selectors reports deep
it 'compares an experiment with what it started from' '
    printf "v\n8\n9\n" >in.csv; rmv exp run -q --name try; git checkout -q .
    rmv plots diff -e try --json --targets out.csv | json "s = d[\"out.csv\"][\"series\"]; assert [x[\"revision\"] for x in s] == [\"main\", \"try\"] and [len(x[\"points\"]) for x in s] == [1, 2], s"
    rmv plots diff try --json --targets out.csv | json "s = d[\"out.csv\"][\"series\"]; assert [x[\"revision\"] for x in s] == [\"try\", \"workspace\"] and [len(x[\"points\"]) for x in s] == [2, 1], s"
    rmv plots diff -e try HEAD --json --targets out.csv | json "assert [x[\"revision\"] for x in d[\"out.csv\"][\"series\"]] == [\"try\", \"HEAD\"]"'
it 'knows what is no experiment'                'exits 3 rmv plots diff -e nope; says "nope" rmv plots diff -e nope; exits 2 rmv plots diff -e; exits 3 rmv plots diff nope'

python3 - <<PY
import math
with open("many.csv", "w") as f:
    f.write("step,value,unused,name\n")
    for i in range(600000):
        f.write(f"{i},{math.sin(i / 50000) + (5 if i == 123457 else 0)},{'x' * 40},{'abcd'[i % 4]}{i % 500}\n")
PY
cat >peak.py <<'PY'
import resource, subprocess, sys
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
assert peak <= int(sys.argv[1]), peak
PY
most=32768; ! grep -qa __asan_init "$(command -v rmv)" || most=1048576
it 'reads a large table in little memory'       '
    for t in linear smooth scatter scatter_jitter; do python3 peak.py $most rmv plots show -t $t -x step -y value many.csv -o $t.html; done
    python3 peak.py $most rmv plots show -t confusion -x name -y name many.csv -o confusion.html; python3 peak.py $most rmv plots show -t bar_horizontal_sorted -x value -y name many.csv -o bars.html
    python3 peak.py $most rmv plots show --json -x step -y value many.csv; python3 peak.py $most rmv plots show --show-vega -x step -y value many.csv'
it 'says what of many points is drawn'          'grep -q "600000 points: of each stretch narrower than a pixel" linear.html; grep -q "600000 points: of those on one spot, one is drawn" scatter.html; grep -q "600000 points: the curve" smooth.html; grep -q "600000 points: of each name, the longest" bars.html; grep -q "500 names: the first 300 are drawn" bars.html; grep -q "500 × 500 classes are too many" confusion.html; test "$(cat ./*.html | wc -c)" -lt 3000000'
it 'draws the one point that stands out'        'for t in linear smooth scatter; do python3 - $t.html <<PY
import re, sys
page = open(sys.argv[1]).read()
points = [(float(x), float(y)) for x, y in re.findall(r"(?:points=\"|\s)([\d.]+),([\d.]+)(?=\s)", page)] or [(float(x), float(y)) for x, y in re.findall(r"cx=\"([\d.]+)\" cy=\"([\d.]+)\"", page)]
top = [p for p in points if p[1] < 60]
assert len(points) > 200 and len(top) == 1, (len(points), top)
# 123457 of 0 to 599999, inside 76 to 620 with a twentieth left free on both sides
assert abs(top[0][0] - (76 + 544 * (0.05 + 123457 / 599999) / 1.1)) < 1, top
PY
    done'
it 'takes numbers for no classes'                'for t in confusion bar_horizontal; do python3 peak.py $most rmv plots show -t $t -x value -y step many.csv -o c.html; says "more than 20000 classes" rmv plots show -t $t -x value -y step many.csv -o c.html; done'
it 'counts every row of a matrix'               'sed "s/,\([abcd]\)[0-9]*$/,\1/" many.csv >few.csv; rmv plots show -q -t confusion -x name -y name few.csv -o c.html; test "$(grep -o "on-dark\">" c.html | wc -l)" = 4; test "$(grep -c ">150000<" c.html)" = 4'
it 'keeps the digits of long numbers that are names' 'printf "id,v\n123456789012345678,1\n123456789012345679,2\nx,3\n" >ids.csv; rmv plots show -t bar_horizontal --json -x v -y id ids.csv | json "assert [p[1] for p in d[\"ids.csv\"][\"series\"][0][\"points\"]] == [\"123456789012345678\", \"123456789012345679\", \"x\"]"'
it 'names the numbers before the first text'    'printf "x,y\n1,1\n2.50,2\na,3\n1.0,4\n" >mixed.csv; rmv plots show --json -x x -y y mixed.csv | json "assert d[\"mixed.csv\"][\"series\"][0][\"points\"] == [[\"1\", 1], [\"2.5\", 2], [\"a\", 3], [\"1\", 4]]"'
it 'takes x from another file, row by row'      'printf "plots:\n- p: {x: {xs.csv: a}, y: {ys.csv: b}}\n" >rmv.yaml; printf "a\n5\n\n\"\"\nq\n9\n" >xs.csv; printf "b\n1\n2\n3\n" >ys.csv; rmv plots show --json p | json "assert d[\"p\"][\"series\"][0][\"points\"] == [[\"5\", 1], [\"q\", 3]], d"'
it 'takes fields as they are met in practice'   'printf "\357\273\277a,b\r\n1,2\r\n\r\n\"3\"x,4,5\n6\n\"7\n8\",\"9\"\n,10\n11,12" >odd.csv; rmv plots show --json -x a -y b odd.csv | json "assert d[\"odd.csv\"][\"series\"][0][\"points\"] == [[\"1\", 2], [\"3x\", 4], [\"7\\n8\", 9], [\"11\", 12]], d"'
it 'names the line of a value without an end'   'python3 -c "print(\"a,b\n1,2\n3,\\\"\" + \"x\" * 2000000)" >open.csv; says "open.csv:3: a value is longer than" rmv plots show --json open.csv'
it 'draws a large table of a revision'          'rmv add -q many.csv; git add -A; git commit -qm data; rmv plots diff -q --targets many.csv -x step -y value HEAD -o d.html; grep -q "1200000 points" d.html; rm many.csv; rmv plots diff --json --targets many.csv -x step -y value HEAD | json "s = d[\"many.csv\"][\"series\"]; assert len(s) == 1 and len(s[0][\"points\"]) == 600000"'
python3 - <<PY
import json
rows = [{"step": i, "deep": {"v": i * 0.5, "w": [1, {"x": "]}"}]}, "text": "a\\"]},{[" + str(i % 7)} for i in range(60000)]
small = [{"other": 1}, {"other": 2}]
json.dump({"meta": [1, [2], {"a": 3}], "first": small, "inner": {"empty": [], "mixed": [{"b": 1}, 2], "rows": rows}, "last": [{"step": 5, "z": NaN} for NaN in [float("nan")]]}, open("many.json", "w"))
json.dump(rows[:40000], open("list.json", "w"), indent=1)
text = json.dumps({"rows": rows}); at = text.index('"step": 41234')
open("broken.json", "w").write(text[:at] + "\"step\";" + text[at + 7:])
open("cut.json", "w").write(text[:-100])
open("other.json", "w").write(text[:-1] + ', "others": [{"a": 1}, {"a": nothing}]}')
PY
it 'reads the rows of large JSON one by one'    'test "$(wc -c <list.json)" -gt 2000000; python3 peak.py $((most * 3 / 4)) rmv plots show -x step -y deep.v list.json -o l.html; python3 peak.py $((most * 3 / 4)) rmv plots show -x step -y deep.v many.json -o m.html
    rmv plots show --json -x step -y deep.v many.json | json "p = d[\"many.json\"][\"series\"][0][\"points\"]; assert len(p) == 60000 and p[-1] == [59999, 29999.5] and p[1] == [1, 0.5]"
    rmv plots show --json -x text -y step list.json | json "p = d[\"list.json\"][\"series\"][0][\"points\"]; assert len(p) == 40000 and p[8] == [\"a\\\"]},{[1\", 8], p[8]"
    rmv plots show --json many.json | json "assert d[\"many.json\"][\"series\"][0][\"points\"] == [[0, 1], [1, 2]]"; says "has no column .deep.x.; did you mean .deep.[vw]." rmv plots show --json -y deep.x list.json'
it 'names what is broken in large JSON'         'says "broken.json: row 41235:1:[0-9]+:" rmv plots show --json -y step broken.json; says "cut.json:1:[0-9]+:" rmv plots show --json -y step cut.json; says "other.json:1:[0-9]+:" rmv plots show --json -y step other.json'
