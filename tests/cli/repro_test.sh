#!/bin/sh
# rmv repro: which stages run, why, and what is left behind when they do not end well.
. "$(dirname "$0")/lib.sh"

# Every command notes its stage in `ran`; ran() prints what ran, and forgets it.
pipeline() { # pipeline <folder>: prep → train → eval, in a repository with one commit
    repository "$1"
    mkdir raw; echo 1 >raw/a; echo 2 >raw/b
    printf 'train:\n  rank: 10\n  rate: 0.5\nother: 1\n' >params.yaml
    cat >rmv.yaml <<'YAML'
stages:
  prep:
    cmd: echo prep >>ran; cat raw/* >clean.txt
    deps: [raw]
    outs: [clean.txt]
  train:
    cmd:
    - echo train >>ran
    - mkdir -p model && cp clean.txt model/data && grep rank params.yaml >model/rank
    deps: [clean.txt]
    params: [train.rank]
    outs: [model]
  eval:
    cmd: echo eval >>ran; wc -c <model/data >size; printf '{"size":%d}\n' $(cat size) >metrics.json; rm size
    deps: [model]
    metrics:
    - metrics.json: {cache: false}
YAML
    printf 'ran\n' >.gitignore
    rmv add -q raw
    git add -A; git commit -qm start
}
ran() { test ! -e ran || tr '\n' ' ' <ran; rm -f ran; }
runs() { # runs "<stages>" <arguments>...: rmv repro runs exactly these, in this order
    rm -f ran; wanted=$1; shift
    rmv repro "$@" >out 2>&1 || { cat out; return 1; }
    actual=$(ran)
    test "$actual" = "$wanted${wanted:+ }" || { echo "ran '$actual', not '$wanted'"; cat out; return 1; }
}

pipeline "$TEST_FOLDER/main"
it 'runs all stages in order, then none'          'runs "prep train eval" && runs "" && tail -n 1 out | grep "^Everything is up to date.$"'
it 'says of each stage that it is up to date'     'says "Stage .train. is up to date" rmv repro'
it 'ignores outputs in Git, but not uncached ones' 'git check-ignore -q clean.txt && git check-ignore -q model && ! git check-ignore -q metrics.json'
it 'leaves a clean workspace'                     'rmv status -q'
it 'records each run'                             'test "$(grep -c "^    record: " rmv.lock)" = 3'
it 'shows ids that sha256sum shows'               'grep -q "$(sha256sum <clean.txt | cut -d" " -f1)" rmv.lock'
it 'keeps the log of a stage'                     'grep -E "^[0-9]{4}-[0-9-]+ [0-9:]{8},[0-9]{3} - train - INFO - > echo train" .rmstore/logs/train.log'
it 'runs what is below a changed dependency, and says why' '
    echo 3 >raw/c; echo 9 >raw/a; runs "prep train eval" && grep "prep.: changed: raw (1 added, 1 modified)" out'
it 'runs what is below a changed parameter, and says why' '
    sed -i "s/rank: 10/rank: 20/" params.yaml; runs "train eval" && grep "train.: changed: params.yaml: train.rank 10 → 20" out && test "$(cat model/rank)" = "  rank: 20"'
it 'does not care for parameters that no stage names' 'sed -i "s/other: 1/other: 2/" params.yaml && runs ""'
it 'goes back to old inputs without a run'        '
    sed -i "s/rank: 20/rank: 10/" params.yaml; echo 1 >raw/a; rm raw/c; runs "" && grep "Restored stage .train. from the run cache" out &&
    grep -q "rank: 10" model/rank && rmv status -q'
it 'runs again with --no-run-cache'               'sed -i "s/rank: 10/rank: 20/" params.yaml; runs "train eval" --no-run-cache; sed -i "s/rank: 20/rank: 10/" params.yaml; runs ""'
it 'runs a changed command, and cuts off where the output is the same' '
    sed -i "s/cat raw/cat  raw/" rmv.yaml; runs "prep" && grep "prep.: command changed" out'
it 'does not run for comments, descriptions and the order of keys' '
    sed -i "s/^  train:/  # why\n  train:\n    desc: fits the model/" rmv.yaml
    python3 - <<PY
text = open("rmv.yaml").read()
text = text.replace("    deps: [raw]\n    outs: [clean.txt]\n", "    outs: [clean.txt]\n    deps: [raw]\n")
open("rmv.yaml", "w").write(text)
PY
    runs ""'
it 'rebuilds a deleted lock file from the run cache' 'cp rmv.lock before; rm rmv.lock; runs "" && cmp rmv.lock before'
it 'restores a deleted output'                    'rm clean.txt; runs "" && test -f clean.txt && grep "output missing: clean.txt" out'
it 'restores a deleted folder'                    'rm -r model; runs "" && test -f model/data'
it 'restores a deleted uncached output'           'rm metrics.json; runs "" && grep size metrics.json'
it 'restores an edited output, and keeps the edit' '
    echo mine >clean.txt; id=$(sha256sum <clean.txt | cut -d" " -f1); runs "" && grep "warning: .clean.txt. had been edited.*$id" out &&
    test "$(cat clean.txt)" != mine && test "$(rmv cat $id)" = mine'
it 'runs everything with --force'                 'runs "prep train eval" --force && grep "prep.: forced" out && cmp rmv.lock before'
it 'runs a stage and what it needs'               'echo 5 >raw/b; runs "prep train" train'
it 'takes an output for the stage that makes it'  'echo 555 >raw/b; runs "prep train eval" metrics.json'
it 'runs a stage alone with --single-item'        'echo 66 >raw/b; runs "" --single-item train && runs "prep" -s prep'
it 'runs from a stage to the end with --downstream' 'runs "train eval" --downstream train && echo 7777 >raw/b; runs "" --downstream train && runs "prep train eval" --downstream prep'
it 'changes nothing with --dry'                   '
    echo 8 >raw/b; cp rmv.lock before; runs "" --dry && grep "Would run stage .prep.: changed: raw (1 modified)" out &&
    grep "Would run stage .eval.: if .train. makes something new" out && cmp rmv.lock before; rmv repro -q'
it 'names the nearest stage for an unknown one'   'says "did you mean .train." rmv repro tain && exits 3 rmv repro tain'
it 'refuses --single-item without a target'       'exits 2 rmv repro --single-item'
it 'prints JSON'                                  'rmv repro --json 2>/dev/null | python3 -c "import json,sys; d=json.load(sys.stdin); assert d[\"ok\"] and [s[\"state\"] for s in d[\"stages\"]] == [\"up to date\"]*3"'
it 'says how many files a folder has now that nobody added' '
    repository ../folder; mkdir in; echo 1 >in/a; stages <<"YAML"
  a: {cmd: "cat in/* >out", deps: [in], outs: [out]}
YAML
    rmv repro -q; echo 2 >in/b; echo 3 >in/c; rmv repro --dry | grep -F "changed: in (modified, 1 → 3 files)"; rmv repro -q; echo 4 >in/c; rmv repro --dry | grep -F "changed: in (modified)"'
it 'finds in another branch what was run in this one, without a lock file' '
    repository ../branches; stages <<"YAML"
  a: {cmd: "echo ran >>.git/ran; cp in out", deps: [in], outs: [out]}
YAML
    echo 1 >in; rmv repro -q; git add -A; git commit -qm 1; git switch -qc other; echo 2 >in; rmv repro -q; git commit -qam 2
    git switch -q main; git switch -qc third; rm rmv.lock out; echo 2 >in; rmv repro | grep "^Restored stage .a. from the run cache"; test "$(cat out)" = 2; test "$(wc -l <.git/ran)" = 2'
it 'says in JSON why a stage ran, for how long, and where its log is' '
    repository ../log; stages <<"YAML"
  good: {cmd: echo hello, always_changed: true}
  "bad one": {cmd: "sleep 0.2; exit 3"}
YAML
    rmv repro -k --json 2>/dev/null >out || :; python3 -c "
import json
good, bad = json.load(open(\"out\"))[\"stages\"]
assert good[\"why\"] == good[\"reason\"] and \"always\" in good[\"why\"], good
assert bad[\"state\"] == \"failed\" and \"not run yet\" in bad[\"why\"] and \"exit status 3\" in bad[\"reason\"], bad
assert 0.2 <= bad[\"duration\"] < 60 and 0 <= good[\"duration\"] < 60
assert open(good[\"log\"]).read().endswith(\"INFO - hello\\n\") and \"ERROR\" in open(bad[\"log\"]).read()"'
it 'works from a folder below'                    'cd raw && says "Everything is up to date" rmv repro'
it 'opens no file of data when nothing changed'   '
    command -v strace >/dev/null || exit 0
    ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=open,openat,openat2 -o trace rmv repro -q
    ! grep -E "clean.txt|metrics.json|raw/[ab]|model/data" trace'
it 'says what would run in a chain that never ran' '
    pipeline "$TEST_FOLDER/dry" && rmv repro --dry >out && test ! -e rmv.lock && test ! -e clean.txt &&
    grep "Would run stage .eval.: not run yet; after .train." out'

repository "$TEST_FOLDER/kinds"
it 'never runs a frozen stage, nor what it needs' '
    printf "  a:\n    cmd: echo a >>ran; cp in a.out\n    deps: [in]\n    outs: [a.out]\n  b:\n    cmd: echo b >>ran; cp a.out b.out\n    deps: [a.out]\n    outs: [b.out]\n" | stages
    echo 1 >in; runs "a b"; printf "    frozen: true\n" >>rmv.yaml; echo 2 >in; runs "" b && runs "a" && grep "Stage .b. is frozen" out && test "$(cat b.out)" = 1'
it 'restores what a frozen stage made'            'rm b.out; runs "" && test "$(cat b.out)" = 1'
it 'takes what was edited of a frozen stage as it is' 'echo mine >b.out; runs "" && test "$(cat b.out)" = mine && rmv status -q'
it 'runs a frozen stage again when it thaws'      'sed -i /frozen/d rmv.yaml; runs "b" && test "$(cat b.out)" = 2'
it 'always runs what always changed, and leaves the lock file alone' '
    printf "  a:\n    cmd: echo a >>ran; echo x >a.out\n    outs: [a.out]\n    always_changed: true\n  b:\n    cmd: echo b >>ran; cp a.out b.out\n    deps: [a.out]\n    outs: [b.out]\n" | stages
    runs "a b"; cp rmv.lock before; runs "a" && grep always_changed out && cmp rmv.lock before'
it 'always runs a stage without dependencies and outputs' 'printf "  hello:\n    cmd: echo hello >>ran\n" | stages; runs hello; runs hello'
it 'forgets stages that rmv.yaml no longer has'   '! grep -q "a.out" rmv.lock'
it 'lets an output move to another stage'         '
    printf "  a:\n    cmd: echo 1 >x; echo 2 >y\n    outs: [x, y]\n" | stages; rmv repro -q
    printf "  a:\n    cmd: echo 1 >x\n    outs: [x]\n  b:\n    cmd: echo 2 >y\n    outs: [y]\n" | stages; rmv repro b && rmv repro && rmv status -q && rmv repro | grep Everything'
it 'keeps a persistent output for the next run'   '
    printf "  a:\n    cmd: cat in >>log\n    deps: [in]\n    outs:\n    - log: {persist: true}\n" | stages
    echo 1 >in; rmv repro -q; echo 2 >in; rmv repro -q; test "$(tr "\n" " " <log)" = "1 2 "'
it 'removes other outputs before a run'           '
    printf "  a:\n    cmd: test ! -e d; mkdir d; cat in >d/\$(cat in)\n    deps: [in]\n    outs: [d]\n" | stages
    echo 1 >in; rmv repro -q; echo 3 >in; rmv repro -q; test "$(ls d)" = 3'
it 'stores an output that was uncached before, and the other way round' '
    printf "  a:\n    cmd: echo a >>ran; echo 1 >u\n    outs:\n    - u: {cache: false}\n" | stages; runs a; ! git check-ignore -q u
    sed -i "s/cache: false/cache: true/" rmv.yaml; runs "" && git check-ignore -q u && rmv status -q; sed -i "s/cache: true/cache: false/" rmv.yaml; runs "" && ! git check-ignore -q u'
it 'runs a command in its working folder, with paths from there' '
    mkdir -p sub/dir; echo 1 >sub/in; printf "  a:\n    wdir: sub/dir\n    cmd: cp ../in out; pwd >where; echo \"\$RMV_STAGE \$RMV_ROOT\" >env\n    deps: [../in]\n    outs: [out, where, env]\n" | stages
    rmv repro -q; test "$(cat sub/dir/where)" = "$PWD/sub/dir" && test "$(cat sub/dir/env)" = "a $PWD" && grep -q "path: sub/in" rmv.lock && rmv repro | grep "Everything"'
it 'runs again in another working folder'         'mkdir sub/two; sed -i "s|wdir: sub/dir|wdir: sub/two|" rmv.yaml; says "working folder changed" rmv repro'
it 'keeps spaces, quotes and other bytes of names and commands' '
    cat >rmv.yaml <<"YAML"
stages:
  a:
    cmd: printf "%s\n" "it'"'"'s \"here\" $((1 + 1)) $HOME" >"my out.txt"; echo 1 >-dash; echo 2 >"ä#:"
    outs: [my out.txt, "-dash", "ä#:"]
YAML
    rmv repro -q; test "$(cat "my out.txt")" = "it'"'"'s \"here\" 2 $HOME" && rmv repro | grep Everything && rm -- -dash "my out.txt" && rmv repro -q && test -s -dash && test -s "my out.txt"'
it 'reads parameters of JSON files, and of a whole file' '
    printf "{\"a\": {\"b\": [1, 2]}}" >p.json; echo "x: 1" >q.yaml
    printf "  a:\n    cmd: echo a >>ran; echo >a.out\n    params:\n    - p.json: [a.b]\n    - q.yaml:\n    outs: [a.out]\n" | stages
    runs a; printf "{\"a\":  {\"b\": [1,2]}, \"c\": 1}" >p.json; runs ""; printf "{\"a\": {\"b\": [1, 3]}}" >p.json; runs a; grep -F "p.json: a.b [1, 2] → [1, 3]" out
    echo "y: 1" >>q.yaml; runs a; grep -F "q.yaml: y (none) → 1" out'
it 'says which parameter is missing'              'echo "{}" >p.json; exits 3 rmv repro && says "stage .a. needs parameters that .p.json. does not have: .a.b." rmv repro'

repository "$TEST_FOLDER/fail"
it 'fails with the exit status and the end of the log' '
    printf "  good:\n    cmd: echo 1 >good\n    outs: [good]\n  bad:\n    cmd: echo some words; echo more >&2; exit 7\n    deps: [good]\n    outs: [bad]\n  below:\n    cmd: cp bad below\n    deps: [bad]\n    outs: [below]\n  apart:\n    cmd: echo 2 >apart\n    outs: [apart]\n" | stages
    exits 1 rmv repro 2>err; grep "stage .bad. failed: exit status 7" err && grep "^    some words" err && grep "^    more" err && test ! -e below'
it 'keeps what was done before the failure'       'grep -q "^  good:" rmv.lock && ! grep -q "^  bad:" rmv.lock && rmv repro good | grep "Everything"'
it 'runs what does not depend on it with --keep-going' '
    exits 1 rmv repro -k >out 2>err; test -e apart && test ! -e below && grep "below. is not run: it needs .bad." out && grep "1 stage failed: .bad.; not run because of that: .below." err'
it 'says in JSON which stage failed' '
    rmv repro --json 2>/dev/null | python3 -c "
import json, sys
found = json.load(sys.stdin)
assert not found[\"ok\"] and found[\"stages\"][-1][\"state\"] == \"failed\", found"'
it 'says which signal ended a command'            'sed -i "s/exit 7/kill -9 \$\$/" rmv.yaml; says "failed: killed by signal 9 .Killed." rmv repro'
it 'fails if an output was not made, and does not lock the stage' '
    sed -i "s/kill -9 ..$/true/" rmv.yaml; says "stage .bad. did not make its output: .bad." rmv repro; exits 1 rmv repro; ! grep -q "^  bad:" rmv.lock'
it 'fails before the run if a dependency is missing' '
    printf "  a:\n    cmd: touch ran; touch x\n    deps: [nowhere]\n    outs: [x]\n" | stages; exits 3 rmv repro; test ! -e ran; says "dependency .nowhere. of stage .a. does not exist" rmv repro'
it 'fails if a stage removes its dependency'      '
    printf "  a:\n    cmd: mv in x\n    deps: [in]\n    outs: [x]\n" | stages; echo 1 >in; says "stage .a. removed its dependency .in." rmv repro; exits 3 rmv repro; test ! -e rmv.lock || ! grep -q "^  a:" rmv.lock'
it 'warns if a dependency changed meanwhile, and runs again' '
    printf "  a:\n    cmd: cp in x; echo more >>in\n    deps: [in]\n    outs: [x]\n" | stages; echo 1 >in; says "warning: .in. changed while stage .a." rmv repro; says "Running stage .a." rmv repro'
it 'does not remove what it never saved'          '
    printf "  a:\n    cmd: echo 1 >precious\n    outs: [precious]\n" | stages; echo mine >precious; exits 4 rmv repro; test "$(cat precious)" = mine && says "never saved" rmv repro && rmv repro -q --force a && test "$(cat precious)" = 1'
it 'removes what a failed run left behind'        '
    printf "  a:\n    cmd: echo half >out1; exit 1\n    outs: [out1]\n" | stages; exits 1 rmv repro; test -e out1; sed -i "s/exit 1/echo whole >out1/" rmv.yaml; rmv repro -q && test "$(cat out1)" = whole'
it 'restores nothing from a damaged run cache'    '
    printf "  a:\n    cmd: echo 1 >out2\n    outs: [out2]\n" | stages; rmv repro -q; printf "junk\nmore junk" >.rmstore/runs/index; rm rmv.lock out2; says "Running stage" rmv repro; rm rmv.lock; says "from the run cache" rmv repro'
it 'runs without storing with --no-commit, and stores later' '
    printf "  a:\n    cmd: echo later >out3\n    outs: [out3]\n" | stages; rmv repro -q --no-commit; says "not stored" rmv status; rmv commit && rmv status -q'

repository "$TEST_FOLDER/refused"
it 'runs nothing in a cycle, and names the stages' '
    printf "  a:\n    cmd: touch ran\n    deps: [b.out]\n    outs: [a.out]\n  b:\n    cmd: touch ran\n    deps: [a.out]\n    outs: [b.out]\n" | stages
    exits 2 rmv repro; says "cycle: .a. needs .b. needs .a." rmv repro; test ! -e ran'
it 'refuses a stage that depends on its own output' '
    printf "  a:\n    cmd: touch ran\n    deps: [x/y]\n    outs: [x]\n" | stages; exits 2 rmv repro; says "rmv.yaml:4:.*stage .a. depends on its own output" rmv repro'
it 'refuses one output of two stages'             '
    printf "  a:\n    cmd: touch ran\n    outs: [x]\n  b:\n    cmd: touch ran\n    outs: [x]\n" | stages; exits 2 rmv repro; says "stages .a. and .b. both make .x." rmv repro; test ! -e ran'
it 'refuses overlapping outputs'                  '
    printf "  a:\n    cmd: touch ran\n    outs: [x]\n  b:\n    cmd: touch ran\n    outs: [x/y]\n" | stages; exits 2 rmv repro; says "output .x/y. of stage .b. overlaps output .x. of stage .a." rmv repro; test ! -e ran'
it 'refuses an output that a pipeline is in'      '
    rm rmv.yaml; mkdir u; printf "stages:\n  a:\n    wdir: ..\n    cmd: mkdir -p u\n    outs: [u]\n" >u/rmv.yaml; exits 2 rmv repro u/rmv.yaml:a; says "u/rmv.yaml:5:12: .u/rmv.yaml. lies inside .u., an output of stage" rmv repro --force u/rmv.yaml:a; test -e u/rmv.yaml; rm -r u'
it 'refuses an output that a pointer tracks'      '
    mkdir t; echo 1 >t/x; rmv add -q t; printf "  a:\n    cmd: touch ran\n    outs: [t/x]\n" | stages; exits 4 rmv repro; says "stage .a. makes .t/x., but .t.rmv. already tracks .t." rmv repro; test ! -e ran'
it 'refuses paths that leave the workspace'       '
    for path in ../x /etc/x .git/x .rmstore/x; do printf "  a:\n    cmd: touch ran\n    outs: [%s]\n" $path | stages; exits 10 rmv repro 2>err; grep "rmv.yaml:4:12" err; done; test ! -e ran'
it 'says where an unknown key is, and the nearest known' '
    printf "  a:\n    cmd: touch ran\n    otus: [x]\n" | stages; says "rmv.yaml:4:5: unknown key .otus., did you mean .outs." rmv repro; exits 2 rmv repro'
it 'says where bad YAML is'                       'printf "  a: [\n" | stages; says "rmv.yaml:3:1" rmv repro'
it 'says that there is no pipeline'               'rm rmv.yaml; exits 3 rmv repro && says "rmv stage add" rmv repro'
it 'does not write through a link at an output'   '
    printf "  a:\n    cmd: rm -f l; echo 1 >l\n    outs: [l]\n" | stages; echo theirs >../target; rmv repro -q; rm l; ln -s ../target l; rmv repro -q || :; test "$(cat ../target)" = theirs'

repository "$TEST_FOLDER/loops"
cat >params.yaml <<'YAML'
models: {us: {rank: 1}, gb: {rank: 2}}
YAML
cat >rmv.yaml <<'YAML'
vars: [{name: world}]
stages:
  hello:
    cmd: echo hello >>ran; echo ${name} >hello.txt
    outs: [hello.txt]
  train:
    foreach: ${models}
    do:
      cmd: echo train-${key} >>ran; echo ${item.rank} $(cat hello.txt) >model-${key}
      deps: [hello.txt]
      outs: ['model-${key}']
  grid:
    matrix: {a: [1, 2], b: [x/y, z]}
    cmd: echo grid >>ran; mkdir -p "$(dirname 'g/${key}')"; echo '${item.b}' >'g/${key}'
    outs: ['g/${key}']
YAML
printf 'ran\n' >.gitignore
it 'runs the stages of loops, then none'          'runs "hello train-us train-gb grid grid grid grid" && test "$(cat model-gb)" = "2 world" && runs ""'
it 'keeps what they were run with in rmv.lock'    'grep -q "^  train@gb:" rmv.lock && grep -q "cmd: echo train-gb" rmv.lock && grep -q "^  grid@1-x/y:" rmv.lock'
it 'runs only the item that changed'              'sed -i "s/gb: {rank: 2}/gb: {rank: 3}/" params.yaml; runs "train-gb"'
it 'takes a loop, one of it, and a pattern as targets' '
    runs "train-us train-gb" --force --single-item train && runs "train-us" --force --single-item train@us &&
    runs "train-us train-gb" --force --single-item "tr*" && exits 3 rmv repro trian'
it 'leaves a clean workspace after loops'         'rmv status -q'
it 'names the template that has no value'         'sed -i "s/{name: world}/{nom: x}/" rmv.yaml; says "rmv.yaml:4:10: there is no value for .{name}" rmv repro'

repository "$TEST_FOLDER/several"
mkdir -p prep models/deep
printf 'stages:\n  report:\n    cmd: echo report >>ran; wc -c <models/model >report\n    deps: [models/model]\n    outs: [report]\n' >rmv.yaml
printf 'stages:\n  clean:\n    cmd: echo clean >>../ran; echo 1 >clean\n    outs: [clean]\n' >prep/rmv.yaml
printf 'stages:\n  train:\n    cmd: echo train >>../ran; cat ../prep/clean >model\n    deps: [../prep/clean]\n    outs: [model]\n  other:\n    cmd: echo other >>../ran; echo 1 >other\n    outs: [other]\n' >models/rmv.yaml
printf 'stages:\n  deep:\n    cmd: echo deep >>../../ran; echo 1 >deep.out\n    outs: [deep.out]\n' >models/deep/rmv.yaml
printf 'ran\n' >.gitignore
it 'runs the stages of this folder and what they need in others' 'runs "clean train report" && runs "" && test -e prep/rmv.lock && test -e models/rmv.lock'
it 'means the file of the folder it is started in' '(cd models && rmv repro -q) && test "$(ran)" = "other "'
it 'runs the stages of every file with -P'        'runs "deep" -P'
it 'runs those in and below a folder with -R'     'runs "train deep other" -f -s -R models; exits 3 rmv repro -R data; exits 2 rmv repro -R'
it 'runs what is connected with -p'               'runs "clean train report" -f -p prep/rmv.yaml:clean'
it 'takes FILE:NAME and whole files as targets'   'runs "train" -f -s models/rmv.yaml:train && runs "train other" -f -s models/rmv.yaml'
it 'leaves a clean workspace with several files'  'git add -A; git commit -qm several; rmv status -q && rmv dag | grep -q "models/rmv.yaml:train"'
it 'takes an rmv.yaml in data for data'           'mkdir data; echo 1 >data/a; rmv add -q data; echo "no: yaml: at all" >data/rmv.yaml; rmv add -q data; rmv status -q; runs ""'
it 'reads the files of a revision'                'rmv params diff HEAD >/dev/null; rmv stage list | grep -q "prep/rmv.yaml:clean"'
