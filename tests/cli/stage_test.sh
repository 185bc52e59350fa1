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
it 'runs where it was added'                      'mkdir -p sub; cd sub; rmv stage add here -o x "pwd >x"; rmv repro -q here; test "$(cat x)" = "$PWD"; grep -x "    wdir: sub" ../rmv.yaml'
it 'lists names with descriptions or outputs'     'printf "stages:\n  a: {cmd: x, desc: makes it}\n  long: {cmd: x, outs: [o, p], frozen: true}\n  c: {cmd: x}\n" >rmv.yaml
    printf "a     makes it\nlong  makes o, p  [frozen]\nc     has no outputs\n" >wanted; rmv stage list | diff wanted -'
it 'lists nothing without a pipeline'             'rm rmv.yaml; test -z "$(rmv stage list)"'
