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
