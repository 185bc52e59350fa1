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
    rmv dag --tree >out; cat >wanted <<TEXT
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
    rmv dag --tree >out; test "$(wc -L <out)" -le 4; test "$(wc -l <out)" = 599'
it 'draws a target with what it needs'            'test "$(rmv dag train | grep -c "[a-z]")" = 2; rmv dag model | grep train; ! rmv dag train | grep eval'
it 'draws outputs'                                'rmv dag --tree --outs | grep -A3 "^clean$" | grep model; rmv dag --outs | grep "│ *metrics.json *│"'
it 'prints DOT with quoted names'                 'rmv dag --dot --outs | grep -F "label=\"plot \\\"a\\\".png\""; rmv dag --dot | grep -E "n[0-9]+ -> n[0-9]+;"'
it 'prints Mermaid'                               'rmv dag --mermaid | grep -E "^    n[0-9]+ --> n[0-9]+$"; rmv dag --mermaid --outs | grep -F "plot #34;a#34;.png"'
it 'prints JSON'                                  'rmv dag --json | python3 -c "import json,sys; d={s[\"name\"]: s[\"needs\"] for s in json.load(sys.stdin)[\"stages\"]}; assert d[\"eval\"] == [\"prep\", \"train\"] and d[\"lonely\"] == []"'
it 'draws one form at a time'                     'exits 2 rmv dag --dot --json'
it 'names the nearest stage'                      'says "did you mean .train." rmv dag tran; exits 3 rmv dag tran'
it 'refuses a cycle'                              'printf "stages:\n  a: {cmd: x, deps: [b], outs: [a]}\n  b: {cmd: x, deps: [a], outs: [b]}\n" >rmv.yaml; exits 2 rmv dag; says "form a cycle" rmv dag'
it 'draws nothing without a pipeline'             'rm rmv.yaml; test -z "$(rmv dag)"'

# Boxes.
draws() { # draws <stage:need,need...>...: rmv.yaml with these stages, and its drawing in `out`
    { echo stages:; for stage in "$@"; do
        name=${stage%%:*} needs=$(echo "${stage#*:}" | sed "s/[^,]*/&.out/g;s/^.out$//")
        echo "  $name: {cmd: x, deps: [$needs], outs: [$name.out]}"
    done; } >rmv.yaml
    rmv dag >out
}
TRACE="$SOURCE_ROOT/tests/cli/dag_trace.py"
it 'draws a stage as a box'                       'draws a:; printf "┌─────┐\n│  a  │\n└─────┘\n" | diff - out || { printf "┌───┐\n│ a │\n└───┘\n" | diff - out; }'
it 'draws a chain straight down'                  'draws first: second:first; printf "┌─────────┐\n│  first  │\n└────┬────┘\n     │\n┌────┴────┐\n│ second  │\n└─────────┘\n" >wanted; cat out; python3 "$TRACE" <out; test "$(python3 "$TRACE" <out | tail -n 1)" = "second: first"; grep -q "^ *│$" out'
it 'draws a diamond'                              '
    draws top: left:top right:top bottom:left,right; cat out; cat >wanted <<TEXT
      ┌─────┐
      │ top │
      └──┬──┘
   ┌─────┴──────┐
┌──┴────┐   ┌───┴───┐
│ left  │   │ right │
└──┬────┘   └───┬───┘
   └─────┐ ┌────┘
TEXT
    test "$(wc -l <out)" = 11; test "$(python3 "$TRACE" <out | tr "\n" ";")" = "bottom: left right;left: top;right: top;top:;"'
it 'draws parts below each other, and single stages in rows' '
    draws a: b:a x: y:x one: two: three:; test "$(grep -c "one.*two.*three" out)" = 1; test "$(grep -n "│ *x *│" out | cut -d: -f1)" -gt "$(grep -n "│ *b *│" out | cut -d: -f1)"'
it 'draws what is connected with a target with --full' 'draws a: b:a c:a z:; rmv dag b >out; ! grep c out; rmv dag --full b >out; grep "c  *│" out; ! grep z out'
it 'quotes names'                                 'printf "stages:\n  a: {cmd: x, outs: [\"p\\\\tq\"]}\n" >rmv.yaml; rmv dag --outs | grep -F "\"p\\tq\""'
it 'draws a tree where boxes would be too wide'   'draws a: $(for i in $(seq 40); do echo "below$i:a"; done); ! grep -q "┌" out; grep -q "├── below1$" out'
it 'prints Markdown'                              'rmv dag --md | sed -n "1p;\$p" | tr "\n" " " | grep -F "\`\`\`mermaid \`\`\` "; rmv dag --md | grep -- "-->"'
it 'shows exactly what is needed in any graph'    '
    for seed in $(seq 40); do
        python3 -c "
import random; r = random.Random($seed); n = r.randint(2, 12 if $seed % 4 else 24)
needs = [sorted(r.sample(range(i), min(i, r.choice([0, 1, 1, 2, 3])))) for i in range(n)]
open(\"wanted\", \"w\").write(\"\".join(\" \".join([f\"s{i}:\"] + sorted(f\"s{k}\" for k in needs[i])) + \"\n\" for i in sorted(range(n), key=lambda i: f\"s{i}\")))
open(\"rmv.yaml\", \"w\").write(\"stages:\n\" + \"\".join(f\"  s{i}: {{cmd: x, deps: {[chr(111) + str(k) for k in needs[i]]}, outs: [o{i}]}}\n\" for i in range(n)))"
        rmv dag >out; python3 "$TRACE" <out >drawn && diff wanted drawn || { echo "seed $seed"; cat out; exit 1; }
    done'
repository "$TEST_FOLDER/data"
mkdir -p in/a in/b; echo 1 >in/a/x; echo 2 >in/b/y; echo 3 >single; echo 4 >unused; rmv add -q in/a in/b single unused
stages <<'YAML'
  both: {cmd: x, deps: [in, script], outs: [o]}
  part: {cmd: x, deps: [in/a/x, o, single], outs: [p]}
YAML
it 'draws added data that stages read, as its pointer' '
    rmv dag --tree >out; grep -x "in/a.rmv" out; grep "also needs.*in/b.rmv\|also needs.*in/a.rmv" out; grep single.rmv out; ! grep "unused\|script" out; rmv dag | python3 "$TRACE" | grep -x "part: both in/a.rmv single.rmv"
    rmv dag --dot | grep -F "[label=\"in/b.rmv\"]"; test "$(rmv dag --mermaid | grep -c -e "-->")" = 5'
it 'draws it as itself with --outs, and only what targets need' '
    rmv dag --outs --tree | grep -x "in/a"; ! rmv dag --outs | grep "\.rmv"; rmv dag both >out; grep in/b.rmv out; ! grep single out'
it 'lists it in JSON'                             'rmv dag --json | python3 -c "
import json, sys
stages = {s[\"name\"]: (s[\"needs\"], s[\"data\"]) for s in json.load(sys.stdin)[\"stages\"]}
assert stages == {\"both\": ([], [\"in/a.rmv\", \"in/b.rmv\"]), \"part\": ([\"both\"], [\"in/a.rmv\", \"single.rmv\"])}, stages"'
