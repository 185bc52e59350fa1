#!/bin/sh
# rmv stage add and rmv stage list.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
it 'makes rmv.yaml with its first stage'          '
    rmv stage add prep -d raw -o clean.txt cp raw clean.txt; printf "stages:\n  prep:\n    cmd: cp raw clean.txt\n    deps:\n    - raw\n    outs:\n    - clean.txt\n" | diff - rmv.yaml'
it 'adds one that repro runs'                     'echo 1 >raw; rmv stage add -q count -d clean.txt -M n.json "wc -l <clean.txt >n.json"; rmv repro -q; test "$(cat n.json)" = 1; grep -A1 "metrics:" rmv.yaml | grep "n.json:"'
it 'leaves every byte that was there'             '
    printf "# first\n\nstages:   # all\n    a:\n        cmd: x   # here\n# end of a\n\n# about metrics\nmetrics: [m.json]\n# last" >rmv.yaml
    rmv stage add b -o o y; cat >wanted <<"TEXT"
# first

stages:   # all
    a:
        cmd: x   # here
    b:
      cmd: y
      outs:
      - o
# end of a

# about metrics
metrics: [m.json]
# last
TEXT
    printf %s "$(cat wanted)" | diff - rmv.yaml'
it 'refuses a name that is taken, and writes nothing' 'cp rmv.yaml before; exits 4 rmv stage add b -o p z; says "rmv.yaml:6: there is a stage .b. already" rmv stage add b z; cmp before rmv.yaml'
it 'refuses an output that is taken'              'exits 2 rmv stage add c -o o z; says "both make .o." rmv stage add c -o o z; cmp before rmv.yaml'
it 'refuses a cycle'                              'exits 2 rmv stage add c -d q -o q z; cmp before rmv.yaml'
it 'refuses a path that leaves the workspace'     'exits 10 rmv stage add c -o ../x z; cmp before rmv.yaml'
it 'refuses names that cannot be one'             'for name in "" a:b a/b a@b "a
b"; do exits 2 rmv stage add "$name" z; done; cmp before rmv.yaml'
it 'needs a command'                              'exits 2 rmv stage add c -o x; says "which command" rmv stage add c'
it 'does not touch stages in braces'              'printf "stages: {a: {cmd: x}}\n" >rmv.yaml; exits 2 rmv stage add b y; says "rmv.yaml:1:9: .stages. is written in braces" rmv stage add b y'
it 'adds to an empty file and to empty stages'    '
    : >rmv.yaml; rmv stage add a x; printf "stages:\n" >rmv.yaml; rmv stage add a x; grep "    cmd: x" rmv.yaml; printf "metrics: [m]\n" >rmv.yaml; rmv stage add a x; rmv stage list | grep "^a "'
it 'writes all kinds of outputs and parameters'   '
    rm rmv.yaml; rmv stage add all -d d1 -d d2 -o o1 -O o2 --outs-persist o3 -m m1 -M m2 --plots p1 --plots-no-cache p2 -p a.b,c -p q.json:x,y -p r.yaml: --desc "what for" --always-changed x
    rmv stage list --json | python3 -c "
import json, sys
s = json.load(sys.stdin)[\"stages\"][0]
assert s[\"deps\"] == [\"d1\", \"d2\"] and s[\"desc\"] == \"what for\" and s[\"always_changed\"]
assert s[\"params\"] == {\"params.yaml\": [\"a.b\", \"c\"], \"q.json\": [\"x\", \"y\"], \"r.yaml\": []}, s
outs = {o[\"path\"]: (o[\"kind\"], o[\"cache\"], o[\"persist\"]) for o in s[\"outs\"]}
assert outs == {\"o1\": (\"data\", True, False), \"o2\": (\"data\", False, False), \"o3\": (\"data\", True, True), \"m1\": (\"metric\", True, False),
                \"m2\": (\"metric\", False, False), \"p1\": (\"plot\", True, False), \"p2\": (\"plot\", False, False)}, outs"'
it 'quotes words so that the command gets them'   '
    rm rmv.yaml; rmv stage add q -o out sh -c "printf %s \"\$1\" >out" - "it'"'"'s \${x} \"a\" \$HOME"; rmv repro -q; test "$(cat out)" = "it'"'"'s \${x} \"a\" \$HOME"'
it 'takes several commands'                       'rm rmv.yaml out; rmv stage add -c "echo 1 >out" -c "echo 2 >>out" -o out two; rmv repro -q; test "$(tr "\n" " " <out)" = "1 2 "'
it 'adds to the rmv.yaml of the folder it is run in'  '
    mkdir -p sub; cd sub; rmv stage add here -o x "pwd >x"; rmv repro -q here; test "$(cat x)" = "$PWD"; printf "stages:\n  here:\n    cmd: pwd >x\n    outs:\n    - x\n" | diff - rmv.yaml; ! grep here ../rmv.yaml'
it 'refuses what another rmv.yaml makes, or needs' '
    cd sub; exits 2 rmv stage add twice -o ../out z; says "both make .out." rmv stage add twice -o ../out z
    rmv stage add -q loop -d ../out -o back "cat ../out >back"; cd ..; cp rmv.yaml before; exits 2 rmv stage add -f two -d sub/back -o out z; says "cycle|need each other" rmv stage add -f two -d sub/back -o out z; cmp before rmv.yaml; rm -r sub'
it 'takes the name as an option, as DVC does'     '
    rm rmv.yaml; rmv stage add -n count -d test.txt -o lines "cat test.txt | wc -l >lines"; printf "stages:\n  count:\n    cmd: cat test.txt | wc -l >lines\n    deps:\n    - test.txt\n    outs:\n    - lines\n" | diff - rmv.yaml
    rmv stage add -n unzip -d Posts.xml.zip -o data/Posts.xml unzip Posts.xml.zip -d data/; grep -x "    cmd: unzip Posts.xml.zip -d data/" rmv.yaml; exits 2 rmv stage add -n nothing'
it 'replaces a stage in its place with --force, and nothing else' '
    printf "# first\nstages:\n  a:   # x\n    cmd: a\n  b:\n    foreach: [1, 2]\n    do: {cmd: b}\n  # of c\n  c: {cmd: c}\n" >rmv.yaml; exits 4 rmv stage add -n b z
    rmv stage add -n b --force -d d z; printf "# first\nstages:\n  a:   # x\n    cmd: a\n  b:\n    cmd: z\n    deps:\n    - d\n  # of c\n  c: {cmd: c}\n" | diff - rmv.yaml
    rmv stage add -n c -f "echo c"; test "$(tail -n 2 rmv.yaml)" = "  c:
    cmd: echo c"; rmv stage add -n new -f "echo new"; rmv stage list --name-only | grep -x new'
it 'runs what was added with --run'               'rm rmv.yaml; echo 1 >raw; rmv stage add -n one -d raw -o o1 "cp raw o1"; rmv stage add -n two -d o1 --outs-persist-no-cache o2 --run "cat o1 >>o2"; test "$(cat o1 o2)" = "1
1"; grep -A2 "o2:" rmv.yaml | tr -d " \n" | grep -xe "-o2:cache:falsepersist:true"'
it 'lists names with descriptions or outputs'     'printf "stages:\n  a: {cmd: x, desc: makes it}\n  long: {cmd: x, outs: [o, p], frozen: true}\n  c: {cmd: x}\n" >rmv.yaml
    printf "a     makes it\nlong  makes o, p  [frozen]\nc     has no outputs\n" >wanted; rmv stage list | diff wanted -'
it 'lists nothing without a pipeline'             'rm rmv.yaml; test -z "$(rmv stage list)"'
it 'lists chosen stages, and names alone'         '
    printf "stages:\n  prep: {cmd: x, outs: [o]}\n  train: {foreach: [x, y], do: {cmd: z}}\n" >rmv.yaml; mkdir -p m/deep; printf "stages:\n  train: {cmd: x}\n" >m/rmv.yaml; cp m/rmv.yaml m/deep
    test "$(rmv stage list --name-only train | tr "\n" " ")" = "train@x train@y "; test "$(rmv stage list o)" = "prep  makes o"; test "$(rmv stage list --name-only -R m | tr "\n" " ")" = "m/rmv.yaml:train m/deep/rmv.yaml:train " || test "$(rmv stage list --name-only -R m | tr "\n" " ")" = "m/deep/rmv.yaml:train m/rmv.yaml:train "
    test "$(rmv stage list --all | wc -l)" = 5; exits 3 rmv stage list nosuch; exits 2 rmv stage list --all prep; exits 2 rmv stage list --all -R
    test "$(rmv stage list --names-only -R | wc -l)" = 5; cd m; test "$(rmv stage list --names-only -R | wc -l)" = 2; cd ..
    rmv stage list --json train | python3 -c "import json,sys; assert [s[\"name\"] for s in json.load(sys.stdin)[\"stages\"]] == [\"train@x\", \"train@y\"]"'
it 'leaves out a file with a mistake, and says so' '
    rm -rf m; mkdir m n; printf "stages:\n  a: {cmd: x}\n" >rmv.yaml; printf "stages:\n  b: {cmd: x, what: y}\n" >m/rmv.yaml; printf "stages:\n  c: {cmd: x}\n" >n/rmv.yaml
    test "$(rmv stage list --name-only 2>err | tr "\n" " ")" = "a n/rmv.yaml:c "; grep "warning.*left out: m/rmv.yaml:2:15" err; test "$(wc -l <err)" -le 2; rmv stage list --all --json 2>/dev/null | python3 -c "import json,sys; assert len(json.load(sys.stdin)[\"stages\"]) == 2"'
it 'fails at it with --fail, and where a target is given' 'exits 2 rmv stage list --fail 2>err; grep "m/rmv.yaml:2:15" err; exits 2 rmv stage list a; exits 2 rmv stage list -R . --fail; printf "stages:\n  a: {cmd: x}\n" >m/rmv.yaml; rmv stage list --fail | wc -l | grep 3'
it 'fails where no file is sound'                 'rm -r m n; printf "stages: [x]\n" >rmv.yaml; exits 2 rmv stage list 2>err; grep "rmv.yaml:1:" err; ! grep "left out" err; exits 2 rmv stage list --fail; rm err'
it 'says whether it added, replaced or left a stage' '
    rm rmv.yaml; rmv stage add a x | grep "^Added stage .a. to rmv.yaml$"; rmv stage add -f b x | grep "^Added stage .b."; cp rmv.yaml before; touch -d @1 rmv.yaml
    rmv stage add -f a x | grep "^Stage .a. in rmv.yaml is like that already$"; cmp before rmv.yaml; test "$(stat -c %Y rmv.yaml)" = 1; rmv stage add -f a y | grep "^Replaced stage .a. in rmv.yaml$"; grep "cmd: y" rmv.yaml; test -z "$(rmv stage add -q -f a z)"'
