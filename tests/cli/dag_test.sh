#!/bin/sh
# rmv dag: what needs what.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
cat >rmv.yaml <<'YAML'
stages:
  eval:
    cmd: x
    deps: [model, clean/part.csv]
    metrics: [metrics.json]
  prep: {cmd: x, deps: [raw], outs: [clean]}
  train: {cmd: x, deps: [clean], outs: [model]}
  plot: {cmd: x, deps: [clean], plots: [plot "a".png]}
  lonely: {cmd: x}
YAML
it 'draws what is needed first, and names other needs' '
    rmv dag >out; cat >wanted <<TEXT
prep
├── train
│   │
│   eval  (also needs prep)
└── plot
lonely
TEXT
    diff wanted out'
it 'draws a long chain without growing to the right' '
    repository ../chain; { echo "stages:"; for i in $(seq 300); do echo "  s$i: {cmd: x, deps: [f$((i - 1))], outs: [f$i]}"; done; } >rmv.yaml
    rmv dag >out; test "$(wc -L <out)" -le 4; test "$(wc -l <out)" = 599'
it 'draws a target with what it needs'            'test "$(rmv dag train | grep -c "[a-z]")" = 2; rmv dag model | grep train; ! rmv dag train | grep eval'
it 'draws outputs'                                'rmv dag --outs | grep -A3 "^clean$" | grep model'
it 'prints DOT with quoted names'                 'rmv dag --dot --outs | grep -F "label=\"plot \\\"a\\\".png\""; rmv dag --dot | grep -E "n[0-9]+ -> n[0-9]+;"'
it 'prints Mermaid'                               'rmv dag --mermaid | grep -E "^    n[0-9]+ --> n[0-9]+$"; rmv dag --mermaid --outs | grep -F "plot #34;a#34;.png"'
it 'prints JSON'                                  'rmv dag --json | python3 -c "import json,sys; d={s[\"name\"]: s[\"needs\"] for s in json.load(sys.stdin)[\"stages\"]}; assert d[\"eval\"] == [\"prep\", \"train\"] and d[\"lonely\"] == []"'
it 'draws one form at a time'                     'exits 2 rmv dag --dot --json'
it 'names the nearest stage'                      'says "did you mean .train." rmv dag tran; exits 3 rmv dag tran'
it 'refuses a cycle'                              'printf "stages:\n  a: {cmd: x, deps: [b], outs: [a]}\n  b: {cmd: x, deps: [a], outs: [b]}\n" >rmv.yaml; exits 2 rmv dag; says "form a cycle" rmv dag'
it 'draws nothing without a pipeline'             'rm rmv.yaml; test -z "$(rmv dag)"'
