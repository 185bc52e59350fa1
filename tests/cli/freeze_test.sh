#!/bin/sh
# rmv freeze, rmv unfreeze.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
echo 1 >in
cat >rmv.yaml <<'YAML'
# the whole
vars:
- n: 1
stages:
  # what comes first
  a:   # this one
    # a command
    cmd: cat in >a.out   # with a comment
    deps:
    - in
    outs: [a.out]

  b: {cmd: cat a.out >b.out, deps: [a.out], outs: [b.out]}
  c:
    frozen: false # not now
    cmd: |
      echo c >c.out

    outs: [c.out]
  loop:
    foreach: [x, y]
    do:
      cmd: echo ${item} >${item}.out
      outs:
      - ${item}.out
  grid:
    matrix: {k: [1, 2]}
    cmd: echo ${item.k} >k${item.k}
    outs: ["k${item.k}"]
YAML
cp rmv.yaml before
frozen() { rmv stage list --json >list; python3 -c "
import json
print(*sorted(s['name'] for s in json.load(open('list'))['stages'] if s.get('frozen')))"; }
it 'freezes a stage, and keeps every other byte'  '
    says "Stage .a. is frozen now" rmv freeze a
    diff before rmv.yaml >out || :; test "$(cat out)" = "7a8
>     frozen: true" || test "$(grep -c "^[<>]" out)" = 1; grep -q "^    frozen: true$" rmv.yaml'
it 'does nothing the second time'                 'cp rmv.yaml once; says "Stage .a. was frozen already" rmv freeze a; cmp once rmv.yaml'
it 'keeps it from running'                        'rmv unfreeze -q a; rmv repro -q; rmv freeze -q a; echo 2 >in; rmv repro >out; grep "Stage .a. is frozen" out'
it 'unfreezes it, and leaves the file as it was'  'says "no longer frozen" rmv unfreeze a; cmp before rmv.yaml'
it 'lets it run again'                            'rmv repro >out; grep "Running stage .a." out'
it 'freezes what is written in braces'            'rmv freeze -q b; grep -q "^  b: {frozen: true, cmd: cat" rmv.yaml; rmv unfreeze -q b; cmp before rmv.yaml'
it 'turns false into true, with its comment'      'rmv freeze -q c; grep -q "frozen: true # not now" rmv.yaml; rmv unfreeze c; ! grep -q frozen rmv.yaml; rmv repro -q; cp before rmv.yaml'
it 'takes it out of the end of braces'            'sed "s/outs: .b.out.}/outs: [b.out], frozen: true}/" before >rmv.yaml; rmv unfreeze -q b; cmp before rmv.yaml'
it 'freezes loops whole'                          'rmv freeze loop grid; grep -A4 "do:" rmv.yaml | grep "^      frozen: true"; rmv stage list >/dev/null; rmv unfreeze -q loop grid; cmp before rmv.yaml'
it 'does not freeze one of a loop'                'exits 9 rmv freeze loop@x; says "hint: the loop is called .loop." rmv freeze loop@x; cmp before rmv.yaml'
it 'takes outputs, FILE:NAME and patterns'        'rmv freeze -q a.out rmv.yaml:b "[c]"; test "$(grep -c "frozen: true" rmv.yaml)" = 3; rmv unfreeze -q "*"; ! grep -q frozen rmv.yaml; cp before rmv.yaml'
it 'prints JSON'                                  'rmv freeze --json b a >out; python3 -c "import json; d=json.load(open(\"out\"))[\"stages\"]; assert [(s[\"stage\"], s[\"frozen\"], s[\"changed\"]) for s in d] == [(\"a\", True, True), (\"b\", True, True)], d"; rmv unfreeze -q a b'
it 'names the nearest stage'                      'exits 3 rmv freeze looop; says "did you mean .loop" rmv freeze looop'
it 'wants a stage'                                'exits 2 rmv freeze; exits 2 rmv unfreeze'
it 'changes nothing where one of several is wrong' 'exits 3 rmv freeze a nope; cmp before rmv.yaml'
it 'refuses where others would be frozen too'     '
    printf "stages:\n  p: &p\n    cmd: echo 1\n  q: *p\n" >rmv.yaml; cp rmv.yaml before
    exits 2 rmv freeze q; says "rmv.yaml:4:6: cannot freeze stage .q." rmv freeze q; cmp before rmv.yaml'
it 'freezes stages in other files'                'mkdir sub; printf "stages:\n  s: {cmd: echo}\n" >sub/rmv.yaml; rmv freeze sub/rmv.yaml:s; grep "{frozen: true, cmd" sub/rmv.yaml; cd sub; rmv unfreeze sub/rmv.yaml:s || rmv unfreeze rmv.yaml:s; ! grep frozen rmv.yaml'
it 'freezes a plain stage with an @ in its name'  '
    printf "stages:\n  a@b:\n    cmd: echo\n  l@m:\n    foreach: [x, y@z]\n    do:\n      cmd: echo ${item}\n" >rmv.yaml; cp rmv.yaml before; rmv freeze a@b | grep "Stage .a@b. is frozen now"; test "$(grep -A1 "a@b:" rmv.yaml | tail -n 1)" = "    frozen: true"; test "$(grep -c frozen rmv.yaml)" = 1
    rmv unfreeze a@b; cmp before rmv.yaml'
it 'knows a loop with an @ in its name'           'exits 9 rmv freeze l@m@x; says "hint: the loop is called .l@m." rmv freeze l@m@y@z; rmv freeze -q l@m; test "$(frozen)" = "l@m@x l@m@y@z"; rmv unfreeze -q "*"; cmp before rmv.yaml'
it 'takes what is in front of the @ of a plain stage for no loop' '
    exits 3 rmv freeze a; says "there is no stage .a." rmv freeze a; says "did you mean .a@b" rmv freeze a; exits 3 rmv repro a; exits 3 rmv freeze l; says "did you mean .l@m@x" rmv freeze l; exits 3 rmv freeze l@m@y; cmp before rmv.yaml'
it 'knows loops in other files and below the root' '
    mkdir -p more/of; printf "stages:\n  g@h: {cmd: echo}\n  g:\n    matrix: {k: [1, 2]}\n    cmd: echo \${item.k}\n" >more/of/rmv.yaml; rmv freeze more/of/rmv.yaml:g; test "$(frozen)" = "more/of/rmv.yaml:g@1 more/of/rmv.yaml:g@2"; (cd more/of; rmv unfreeze -q g; exits 9 rmv freeze g@1; rmv freeze -q g@h); test "$(frozen)" = "more/of/rmv.yaml:g@h"; rm -r more'
