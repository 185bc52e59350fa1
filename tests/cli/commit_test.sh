#!/bin/sh
# What users of `rmv commit` rely on, for pointer files.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/w"
printf abc >one.csv
rmv add -q one.csv

it 'leaves storing to commit with --no-commit' '
    mkdir later; printf later-content >later/f; rmv add --no-commit later
    grep -q sha256 later.rmv; says "not stored +later" rmv status
    rmv commit later; rmv status -q; rm -r later; rmv checkout later; test "$(cat later/f)" = later-content'
it 'commits what changed in tracked data, and nothing else' '
    cp one.csv.rmv keep; printf edited >later/f; rmv commit | grep -q "  later"
    cmp keep one.csv.rmv; rmv status -q; test -z "$(rmv commit)"'
it 'leaves alone what is not here when it commits' '
    cp later.rmv keep; rm -r later; rmv commit; cmp keep later.rmv; rmv checkout later'
it 'commits only tracked paths' 'exits 3 rmv commit nosuch; says "not tracked" rmv commit nosuch'
it 'says nothing and changes nothing when nothing changed' '
    cp -p one.csv.rmv keep; test -z "$(rmv commit)"; cmp keep one.csv.rmv; test ! one.csv.rmv -nt keep'
it 'takes a path inside a tracked folder for the folder' '
    printf inside >later/g; rmv commit later/g; rmv status -q; rm -r later; rmv checkout later; test "$(cat later/g)" = inside'
it 'takes a pointer for its data' 'printf more >later/h; rmv commit later.rmv; rmv status -q'
it 'leaves a record of what it stored' 'grep -qE "record: [0-9a-f]{64}" later.rmv'
it 'refuses what cannot be stored, and the pointer stays' '
    cp later.rmv keep; mkfifo later/p; exits 2 rmv commit; says "later/p" rmv commit; cmp keep later.rmv; rm later/p; rmv status -q'

repository "$TEST_FOLDER/stages"
stages <<'YAML'
  a: {cmd: echo 1 >one, deps: [in], outs: [one]}
  b: {cmd: cat one >two, deps: [one], params: [k], outs: [two]}
  loop: {foreach: [x, y], do: {cmd: "echo ${item} >${item}", deps: [in], outs: ["${item}"]}}
YAML
echo in >in; echo 'k: 1' >params.yaml; rmv repro -q
it 'takes a stage by its name as if it had just run' 'echo 2 >in; echo mine >one; rmv commit a; ! rmv status a | grep a:; rmv status b | grep "b: changed: one"'
it 'takes all stages of a loop by its name'       'rmv commit loop >out; test "$(grep -c "^stage loop@" out)" = 2; rmv status loop | grep clean'
it 'takes what it needs too with --with-deps'     'echo 3 >in; rmv commit -d b; rmv status a b | grep clean; rmv status loop | grep loop@x'
it 'takes all stages as they are with --force'    'echo 4 >in; echo "k: 2" >params.yaml; rmv commit; rmv status | grep "b: changed: params.yaml"; rmv commit -f; rmv status -q; rm x; echo 5 >in; rmv commit --force; rmv status | grep "loop@x: changed: in"; ! rmv status | grep -E "^  (loop@y|a|b):"'
it 'takes those below a folder'                   'rmv commit -R .; exits 3 rmv commit -f nosuch'
