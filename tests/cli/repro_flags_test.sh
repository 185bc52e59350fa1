#!/bin/sh
# rmv repro: flags that change which stages run.
. "$(dirname "$0")/lib.sh"

# a → b → c, and d beside them; every command notes its stage in `ran`.
repository "$TEST_FOLDER/main"
printf 'ran\n*.out\n!rmv.yaml\n' >.gitignore
echo 1 >in; echo 'p: 1' >params.yaml
cat >rmv.yaml <<'YAML'
stages:
  a: {cmd: "echo a >>ran; wc -c <in >a.out", deps: [in], outs: [a.out]}
  b: {cmd: "echo b >>ran; cat a.out >b.out", deps: [a.out], params: [p], outs: [b.out]}
  c: {cmd: "echo c >>ran; cat b.out >c.out", deps: [b.out], outs: [c.out]}
  d: {cmd: "echo d >>ran; echo d >d.out", outs: [d.out], deps: [in]}
YAML
ran() { test ! -e ran || tr '\n' ' ' <ran; rm -f ran; }
runs() { # runs "<stages>" <arguments>...
    rm -f ran; wanted=$1; shift
    rmv repro "$@" >out 2>&1 || { cat out; return 1; }
    actual=$(ran)
    test "$actual" = "$wanted${wanted:+ }" || { echo "ran '$actual', not '$wanted'"; cat out; return 1; }
}

it 'runs everything once'                         'runs "a b c d"'
it 'stops below a stage that gave the same'       'echo 2 >in; runs "a d"'
it 'goes on below it with --force-downstream'     '
    echo 3 >in; runs "a b c d" --force-downstream; grep "Running stage .b.: forced by stage .a." out
    runs "" --force-downstream'
it 'forces nothing for a restored output'         'rm a.out; runs "" --force-downstream; test -f a.out'
it 'says so in a dry run'                         'echo 4 >in; rmv repro --dry --force-downstream >out; grep "Would run stage .c.: forced by stage .b.; after .b." out; runs "a d"'
it 'forces what is below the target alone'        'echo 5 >in; runs "a b" --force-downstream b; runs "d"'

it 'asks before each stage'                       '
    echo "p: 2" >params.yaml; echo 666666 >in
    printf "y\ny\nn\ny\n" | { rm -f ran; exits 1 rmv repro -i >out 2>err; }; test "$(ran)" = "a b d " || cat out err
    grep "Run stage .a. (changed: in (modified))?" err; grep "declined: .c." err'
it 'does not run what needs a declined stage'     '
    echo 7777777777 >in; printf "no\nyes\n" | { exits 1 rmv repro -i >out 2>err; }; test "$(ran)" = "d "
    grep "Stage .a. is not run" out; grep "Stage .b. is not run: it needs .a." out; grep "declined: .a.; not run because of that: .b., .c." err'
it 'asks again for what it does not understand'   'printf "maybe\na\n" | runs "a b c" -i; test "$(grep -o "Run stage .a." out | wc -l)" = 2; ! grep "Run stage .b." out'
it 'stops at q, and where nobody answers'         'echo 8 >in; echo q | exits 130 rmv repro -i; exits 130 rmv repro -i </dev/null; test -z "$(ran)"; says "there was no answer" rmv repro -i </dev/null'
it 'asks nothing when nothing changed'            'runs "a b d"; rmv repro -i </dev/null'
it 'asks one stage at a time'                     'exits 2 rmv repro -i -j 2'
it 'notes in JSON what was declined'              'echo 99 >in; { yes n || :; } | { rmv repro -i --json 2>/dev/null || :; } | python3 -c "import json,sys; d=json.load(sys.stdin); assert not d[\"ok\"] and [s[\"state\"] for s in d[\"stages\"]] == [\"declined\", \"blocked\", \"blocked\", \"declined\"], d"; runs "a b c d"'

it 'goes on after a failure with --ignore-errors' '
    sed -i "s/echo b >>ran; cat/echo b >>ran; exit 7; cat/" rmv.yaml
    rmv repro --ignore-errors >out 2>err; cat out err; test "$(ran)" = "b "
    grep "stage .b. failed: exit status 7" err; grep "dependency .b.out. of stage .c. does not exist" err; ! grep "exit 7" rmv.lock'
it 'runs what depends on it with what it left'    '
    sed -i "s/exit 7; cat a.out >b.out/cat a.out a.out >b.out; exit 7/" rmv.yaml
    rmv repro --ignore-errors >out 2>err; test "$(ran)" = "b c "; cmp b.out c.out'
it 'still fails without it'                       'exits 1 rmv repro; exits 1 rmv repro -k; exits 2 rmv repro -k --ignore-errors; rm ran'
it 'says in JSON which stages failed'             'rmv repro --ignore-errors --json 2>/dev/null | python3 -c "import json,sys; d=json.load(sys.stdin); assert d[\"ok\"] and {s[\"stage\"]: s[\"state\"] for s in d[\"stages\"]}[\"b\"] == \"failed\""'

# What a fresh clone looks like: pointers and rmv.lock, no data.
repository "$TEST_FOLDER/clone"
printf 'ran\n' >.gitignore; mkdir data; echo 1 >data/x; rmv add -q data; echo 'p: 1' >params.yaml
cat >rmv.yaml <<'YAML'
stages:
  a: {cmd: "echo a >>ran; cat data/x >a.out", deps: [data/x], outs: [a.out]}
  b: {cmd: "echo b >>ran; cat a.out >b.out", deps: [a.out], params: [p], outs: [b.out]}
YAML
rmv repro -q; rm ran; rm -r data a.out b.out
it 'misses data that is not here'                 'exits 3 rmv repro; says "dependency .data/x. of stage .a. does not exist" rmv repro'
it 'does without it with --allow-missing'         'runs "" --allow-missing; grep "Everything is up to date" out; ! test -e data; ! test -e b.out'
it 'does without it in a dry run'                 'rmv repro --dry --allow-missing >out; grep "Stage .b. is up to date" out'
it 'needs it where something else changed'        'echo "p: 2" >params.yaml; exits 3 rmv repro --allow-missing; says "dependency .a.out. of stage .b. does not exist.*" rmv repro --allow-missing; echo "p: 1" >params.yaml'
it 'sees that other data should be here'          '
    mkdir data; echo 2 >data/x; rmv add -q data; rm -r data; rm -rf .rmstore/index
    exits 3 rmv repro --allow-missing; says "dependency .data/x. of stage .a. does not exist" rmv repro --allow-missing'
it 'runs it once the data is back'                'rmv checkout -q data; runs "a b"'
echo 3 >data/y; rmv add -q data; echo 'p: 3' >params.yaml; sed -i 's/cat a.out >b.out/cat  a.out >b.out/' rmv.yaml; echo 4444 >data/x; rmv add -q data
it 'gives the reasons in parts in the status'     'rmv status --json | python3 -c "
import json, sys; d = {s[\"stage\"]: s for s in json.load(sys.stdin)[\"pipeline\"]}
assert d[\"a\"][\"changes\"] == [{\"change\": \"dependency\", \"text\": \"data/x (modified)\"}], d
assert [c[\"change\"] for c in d[\"b\"][\"changes\"]] == [\"parameter\", \"command\"] and d[\"b\"][\"changes\"][0][\"text\"] == \"params.yaml: p 1 → 3\", d
assert d[\"b\"][\"reason\"] == \"changed: params.yaml: p 1 → 3; command changed\""'
it 'gives the status of a stage'                  'test "$(rmv status b)" = "pipeline:
  b: changed: params.yaml: p 1 → 3; command changed"; exits 1 rmv status -q a; rmv status --json a b | python3 -c "
import json, sys; d = json.load(sys.stdin); assert [s[\"stage\"] for s in d[\"pipeline\"]] == [\"a\", \"b\"] and d[\"outputs\"] == [], d"'
it 'gives the status of a path without that of stages' 'rmv status data | grep -v pipeline; ! rmv status data | grep pipeline; echo "{" >rmv.yaml; rmv status data; exits 3 rmv status b'

repository "$TEST_FOLDER/restores"
mkdir in; echo 1 >in/a; echo 'p: 1' >params.yaml; rmv add -q in
stages <<'YAML'
  a: {cmd: "mkdir a; cp in/a a/x; cat params.yaml >a/y", deps: [in], params: [p], outs: [a]}
  b: {cmd: "cat a/x >b", deps: [a/x], outs: [b]}
  c: {cmd: "cat a/* b >c", deps: [a, b], outs: [c]}
YAML
rmv repro -q; git add -A; git commit -qm 1
dry() { rmv repro --dry "$@" >out; cat out; }

it 'tells what it would restore from what it would run' '
    rm -r a b c; dry; grep "^Would restore stage .a. from the store: output missing: a" out; grep "^Would run stage .b.: if .a. makes something new" out || grep "b.*a/x" out; test ! -e a'
it 'knows what would be there for the stages below' '
    rmv checkout -q; rm -r c; dry; grep "^Stage .b. is up to date" out; grep "^Would restore stage .c. from the store" out; rm -r a; mv b kept; dry c; grep -c "^Would r" out; mv kept b; rmv repro -q'
it 'looks into the run cache, too, and stores nothing' '
    echo "p: 2" >params.yaml; rmv repro -q; echo "p: 1" >params.yaml; cp rmv.lock before; dry; grep "^Would restore stage .a. from the run cache: changed: params.yaml: p 2 . 1" out; cmp rmv.lock before; grep 2 a/y
    rmv repro --dry --json | python3 -c "import json,sys; d=json.load(sys.stdin); assert d[\"stages\"][0][\"state\"] == \"would be restored\", d"
    dry --no-run-cache; grep "^Would run stage .a.: changed: params.yaml: p 2 . 1" out; rmv repro | grep "^Restored stage .a."'
it 'runs nothing of a chain that is restored'      '
    printf "  %s\n" "a: {cmd: echo 1 >a, outs: [a]}" "b: {cmd: cat a >b, deps: [a], outs: [b]}" "c: {cmd: cat b >c, deps: [b], outs: [c]}" | stages
    rm -rf a b c; rmv repro -q; rm a b c; dry; test "$(grep -c "^Would restore stage" out)" = 3; ! grep "^Would run" out; dry -f; test "$(grep -c "^Would run" out)" = 3
    rm -r .rmstore/objects; rmv init -q; dry; test "$(grep -c "^Would run" out)" = 3'
