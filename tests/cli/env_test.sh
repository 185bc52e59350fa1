#!/bin/sh
# Variables of the environment that rmv.yaml gives to commands.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
cat >rmv.yaml <<'TEXT'
vars: [{level: 3}]
env:
  SEED: 1
  MODE: all
stages:
  a:
    cmd: printf '%s|' "$SEED" "$MODE" "$RATE" "$FLAG" "$TEXT" >a; echo >>runs
    env: {MODE: own, RATE: 0.5, FLAG: true, TEXT: "it's $HOME; ${level}"}
    outs: [a: {cache: false}]
  b:
    cmd: printf '%s|' "$SEED" "$MODE" "$RATE" >b
    outs: [b]
TEXT
runs() { test "$(wc -l <runs)" -eq "$1" || { wc -l <runs; return 1; }; }
it 'gives all commands the variables at the top'  'rmv repro -q; test "$(cat b)" = "1|all||"'
it 'gives a stage its own besides, which win'     'test "$(cat a)" = "1|own|0.5|true|it'"'"'s \$HOME; 3|"'
it 'records them in rmv.lock'                     'grep -A3 "    env:" rmv.lock | grep "MODE: all"; grep "SEED: .1." rmv.lock'
it 'runs nothing when nothing changed'            'runs 1; rmv repro -q; runs 1; rmv status -q'
it 'runs a stage again when a value changes'      'sed -i "s/RATE: 0.5/RATE: 0.7/" rmv.yaml; says "env: RATE .0.5. → .0.7." rmv status; rmv repro -q; runs 2; rmv status -q'
it 'does not run others then'                     'rmv repro b | grep "up to date"'
it 'runs all when one at the top changes'         'sed -i "s/SEED: 1/SEED: 2/" rmv.yaml; rmv repro -q; runs 3; test "$(cat b)" = "2|all||"'
it 'finds the run with the old value again'       'sed -i "s/SEED: 2/SEED: 1/" rmv.yaml; rmv repro -q; runs 3; test "$(cat b)" = "1|all||"; cut -d"|" -f1 a | grep -x 1'
it 'does not mind another order'                  'sed -i "s/{MODE: own, RATE: 0.7,/{RATE: 0.7, MODE: own,/" rmv.yaml; rmv status -q'
it 'sees a variable go'                           'sed -i "/^  MODE: all/d" rmv.yaml; says "env: MODE all → .none." rmv status'
it 'lists them'                                   'rmv stage list --json | grep -A4 "\"env\"" | grep "\"FLAG\": \"true\""'
it 'names the place of a wrong value'             'printf "stages:\n  a:\n    cmd: x\n    env: {A: [1]}\n" >rmv.yaml; exits 2 rmv repro; says "rmv.yaml:4:14: variable .A. must be a string, a number, true or false, not a list" rmv repro'
it 'names the place of a wrong name'              'printf "env:\n  A-B: 1\n" >rmv.yaml; exits 2 rmv repro; says "rmv.yaml:2:3: .A-B. is no name for a variable" rmv repro'
it 'keeps its own variables'                      'printf "env: {RMV_ROOT: /}\n" >rmv.yaml; says "rmv.yaml:1:7: rmv itself sets .RMV_ROOT." rmv repro'
