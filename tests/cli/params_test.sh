#!/bin/sh
# rmv params diff.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
printf 'train:\n  rank: 10\n  rate: 0.5\nname: old\n' >params.yaml; printf '{"x": 1}' >other.json
printf 'stages:\n  a:\n    cmd: x\n    params:\n    - train.rank\n    - other.json: [x]\n' >rmv.yaml
git add -A; git commit -qm one
it 'prints nothing when nothing changed'          'test -z "$(rmv params diff)"'
it 'compares the last commit with the workspace'  '
    printf "name: old\ntrain: {rate: 0.5, rank: 20}\nadded: [1, 2]\n" >params.yaml; printf "{\"x\": 2}" >other.json
    printf "Path         Param       HEAD  workspace\nparams.yaml  train.rank  10    20\nparams.yaml  added       -     [1, 2]\nother.json   x           1     2\n" >wanted; rmv params diff | diff wanted -'
it 'compares two revisions'                       'git add -A; git commit -qm two; test -z "$(rmv params diff)"; rmv params diff HEAD~1 | grep -E "train.rank +10 +20"; rmv params diff HEAD~1 HEAD | grep -E "^Path +Param +HEAD~1 +HEAD"'
it 'shows what is gone'                           'rm other.json; rmv params diff | grep -E "other.json +x +2 +-"'
it 'shows equal values with --all'                'rmv params diff --all | grep -E "name +old +old"'
it 'prints JSON'                                  'rmv params diff HEAD~1 HEAD --json | python3 -c "import json,sys; assert json.load(sys.stdin)[\"params.yaml\"][\"train.rank\"] == {\"old\": 10, \"new\": 20}"'
it 'prints Markdown'                              'rmv params diff HEAD~1 --md | sed -n 2p | grep -E "^\|-+\|-+\|-+\|-+\|$"'
it 'tells a number from a text'                   'printf "name: 1\n" >params.yaml; git commit -qam three; printf "name: \"1\"\n" >params.yaml; rmv params diff | grep -E "name +1 +\"1\""'
it 'names an unknown revision'                    'exits 3 rmv params diff nope; says nope rmv params diff nope'
it 'takes two revisions at the most'              'exits 2 rmv params diff a b c'
printf 'train: {rank: 1, rate: 2}\nname: z\n' >params.yaml; git add -A; git commit -qm four; printf 'train: {rank: 2, rate: 3}\nname: y\n' >params.yaml
it 'shows what stages depend on with --deps'      'test "$(rmv params diff --deps | tail -n +2 | tr -s " ")" = "params.yaml train.rank 1 2"'
it 'leaves the path away'                         'rmv params diff --no-path | head -1 | grep -E "^Param +HEAD"'
it 'compares one file'                            'printf "z: 1\n" >z.yaml; rmv params diff --targets z.yaml | tail -n +2 | grep -E "^z.yaml +z +- +1$"; exits 3 rmv params diff --targets nope.yaml; rm z.yaml'
