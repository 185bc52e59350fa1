#!/bin/sh
# What users mean by what they type for a stage, in the workspace's root and below.
. "$(dirname "$0")/lib.sh"

means() { # means <what is typed> <names of stages>
    actual=$(rmv stage list --name-only "$1" | tr '\n' ' ')
    test "$actual" = "$2 " || { echo "'$1' means: $actual"; return 1; }
    rmv repro --dry "$1" >listed && test "$(grep -c 'Would run' listed)" -eq "$(echo "$2" | wc -w)"
}

repository "$TEST_FOLDER/main"
mkdir -p models empty
cat >rmv.yaml <<'YAML'
stages:
  same: {cmd: echo root}
  loop: {foreach: [x, "y:z"], do: {cmd: "echo ${item}"}}
  up: {cmd: echo >up, outs: [up]}
YAML
cat >models/rmv.yaml <<'YAML'
stages:
  same: {cmd: echo models}
  loop: {foreach: [x, "y:z"], do: {cmd: "echo ${item}"}}
  only: {cmd: echo >only.txt, outs: [only.txt]}
YAML

it 'takes names in the root for those of the root' 'means same same; means loop "loop@x loop@y:z"; means loop@y:z loop@y:z; means "lo*" "loop@x loop@y:z"; means rmv.yaml "same loop@x loop@y:z up"; exits 3 rmv repro only; says "did you mean .models/rmv.yaml:only." rmv repro only'
it 'knows stages of other files by file and name' 'means models/rmv.yaml:same models/rmv.yaml:same; means ./models/rmv.yaml:loop "models/rmv.yaml:loop@x models/rmv.yaml:loop@y:z"
    means models/rmv.yaml:loop@y:z models/rmv.yaml:loop@y:z; means "models/rmv.yaml:lo*" "models/rmv.yaml:loop@x models/rmv.yaml:loop@y:z"'
it 'takes names in a folder for those of its rmv.yaml' 'cd models; means same models/rmv.yaml:same; means only models/rmv.yaml:only; means loop "models/rmv.yaml:loop@x models/rmv.yaml:loop@y:z"; means loop@y:z models/rmv.yaml:loop@y:z
    means "o*" models/rmv.yaml:only; means "*" "models/rmv.yaml:same models/rmv.yaml:loop@x models/rmv.yaml:loop@y:z models/rmv.yaml:only"'
it 'finds those of other folders from there'      'cd models; means ../rmv.yaml:same same; means ../rmv.yaml:loop@y:z loop@y:z; means "../rmv.yaml:lo*" "loop@x loop@y:z"; means rmv.yaml:same models/rmv.yaml:same; means models/rmv.yaml:same models/rmv.yaml:same; means up up'
it 'finds stages by their outputs, seen from there' 'means models/only.txt models/rmv.yaml:only; cd models; means only.txt models/rmv.yaml:only; means ../up up'
it 'finds those of the root in a folder without a file' 'cd empty; means same same; means ../models/rmv.yaml:only models/rmv.yaml:only'
it 'runs the one of the folder, not that of the root' 'cd models; test "$(rmv repro same 2>&1 | tail -n 1)" = models; cd ..; test "$(rmv repro same | tail -n 1)" = root'
it 'says so for all commands that take stages'    'cd models; rmv status only | grep "models/rmv.yaml:only: not run yet"; rmv status loop | grep -c loop@ | grep -x 2; rmv freeze only; grep -A1 only rmv.yaml | grep "frozen: true"; rmv unfreeze only
    rmv dag only | grep "models/rmv.yaml:only"; rmv repro -q only; echo new >only.txt; rmv commit -q only; rmv status only | grep clean; rmv remove only; ! grep only rmv.yaml'
it 'takes patterns with --glob as without'        'rmv repro --dry --glob "lo*" >with; rmv repro --dry "lo*" | diff with -'
it 'names the nearest'                            'says "did you mean .same." rmv repro smae'
it 'takes any name, and any item of a loop'       '
    repository "$TEST_FOLDER/names"; stages <<"YAML"
  data/clean: {cmd: echo 1 >one, outs: [one]}
  "a:b": {cmd: echo 2 >two, deps: [one], outs: [two]}
  "[x]*": {cmd: echo 3 >three, deps: [two], outs: [three]}
  "my stage.é": {foreach: [data/x, "y:z"], do: {cmd: "echo $RMV_STAGE >\"$(echo ${item} | tr / _)\""}}
YAML
    rmv repro -q; rmv repro -q; test "$(cat one two three)" = "1
2
3"; test "$(cat data_x y:z)" = "my stage.é@data/x
my stage.é@y:z"; test "$(ls .rmstore/logs | wc -l)" = 5
    for name in data/clean a:b "[x]*" "my stage.é" "rmv.yaml:a:b"; do rmv stage list --name-only "$name" >/dev/null; rmv status "$name" >/dev/null; rmv dag "$name" >/dev/null; done
    rmv repro -f -s a:b | grep "Running stage .a:b.: forced"; rmv freeze data/clean; rmv remove a:b; test "$(rmv stage list --name-only | wc -l)" = 4'
