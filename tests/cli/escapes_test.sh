#!/bin/sh
# What a clone's files hold must not reach the terminal as commands to it.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
escape=$(printf '\033'); c1=$(printf '\302\233')
printf '"p\\e[31m": "\\e]0;x\\a"\nq: "\\x9b31m"\n' >params.yaml
printf '{"m\\u001b[31m": "\\u001b[32m", "b": 1}' >m.json
printf '  s:\n    cmd: "true"\n    desc: "d\\e[2Jm"\n    deps: ["i\\e[31mn"]\n    params: ["p\\e[31m", q]\n    outs: ["o\\e[31mo"]\n    metrics: [{m.json: {cache: false}}]\n' | stages
git add -A; git commit -qm start
is_clean() { # is_clean <command>...: what it prints has no control character, and says so in words
    "$@" >out 2>&1 || :
    ! grep -q "[$escape$c1]" out && grep -q '\\033\|\\302\\233\|\\u001b' out
}

it 'in reasons of a stage'        'is_clean rmv status'
on_a_terminal() { # on_a_terminal <command>...: fails at any sequence that is none of ours
    python3 "$SOURCE_ROOT/tests/cli/terminal.py" 200x20 "$@" </dev/null >out || :
    ! grep "Traceback" out && grep -q '\\033\|\\302\\233' out
}
it 'in errors'                    'on_a_terminal rmv repro && on_a_terminal rmv repro "a${escape}b" && on_a_terminal rmv repro "a${c1}b"'
it 'in a description'             'is_clean rmv stage list'
it 'in metrics and their names'   'is_clean rmv metrics show && is_clean rmv metrics show --md && is_clean rmv exp show'
it 'in parameters'                'is_clean rmv params diff --all'
it 'in the history of runs'       'is_clean rmv runs'
it 'in documents of JSON'         'is_clean rmv stage list --json && is_clean rmv metrics show --json'

# What Git and YAML let through: control characters behind ASCII, and what turns the direction.
printf 'stages:\n  "n\\u009bm":\n    cmd: "true"\n    deps: [params.yaml]\n    frozen: true\n  "two\\u202ename":\n    cmd: echo >x\n    outs: [x]\n' >rmv.yaml
git add -A; git commit -qm c1; git branch "b${c1}b"
has_none() { # has_none <command>...: it succeeds, and prints something without one of these
    "$@" >out 2>&1 && test -s out && ! grep -q "[$escape$c1$(printf '\342\200\256')]" out
}
it 'in names of stages'           'has_none rmv stage list && has_none rmv stage list --name-only && has_none rmv status && has_none rmv repro && has_none rmv dag && has_none rmv dag --mermaid && has_none rmv dag --dot && has_none rmv freeze "two*" && has_none rmv unfreeze "two*"; rmv stage list | grep -F "n\\302\\233m"'
it 'in names of stages as JSON, which stay what they are' 'rmv stage list --json >out; ! grep "$c1" out; python3 -c "import json; assert [s[\"name\"] for s in json.load(open(\"out\"))[\"stages\"]] == [\"n\\x9bm\", \"two\\u202ename\"]"'
it 'in names of experiments from elsewhere' '
    id=$(git rev-parse HEAD); git update-ref "refs/exps/$(echo $id | cut -c1-2)/$(echo $id | cut -c3-)/e${c1}e" HEAD; has_none rmv exp list && has_none rmv exp list --name-only && has_none rmv exp show; has_none rmv exp rename "e${c1}e" plain; has_none rmv exp list'
it 'in errors that go to a file'  'is_clean rmv repro "a${escape}b" && is_clean rmv repro "a${c1}b" && is_clean rmv queue kill "a${escape}b" && is_clean rmv queue logs "a${escape}b" && is_clean rmv exp apply "a${escape}b" && is_clean rmv stage list "a${escape}b"'
it 'in settings, on a terminal'   'git config -f .rmstore/config.local cache.dir "$PWD/.rmstore/objects/../a${escape}[31mb" && rmv config --local cache.dir | grep -q "$escape" && on_a_terminal rmv config --local cache.dir; git config -f .rmstore/config.local --unset cache.dir'
it 'in CSV, on a terminal alone'  'cat >rmv.yaml <<"YAML"
metrics: [m.json]
YAML
    rmv metrics show --csv | grep -q "$escape" && on_a_terminal rmv metrics show --csv'
