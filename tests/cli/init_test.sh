#!/bin/sh
# rmv init: a workspace is made where Git is, once, and repaired when asked again.
. "$(dirname "$0")/lib.sh"

it 'makes a workspace in a Git repository'    'mkdir a && cd a && git init -q && rmv init && test -d .rmstore/objects && test -f .rmstore/config'
it 'lets Git track its settings alone'        'cd a && git add -A && test "$(git ls-files | tr "\n" " ")" = ".rmstore/.gitignore .rmstore/config "'
it 'can be repeated'                          'cd a && echo "[core]" >>.rmstore/config && cp .rmstore/config x && rm .rmstore/.gitignore && rmv init && cmp x .rmstore/config && test -f .rmstore/.gitignore'
it 'prints nothing with --quiet'              'cd a && test -z "$(rmv init -q)"'
it 'refuses to do without Git'                'mkdir b && cd b && exits 2 rmv init && says "hint: .*--no-scm" rmv init && test ! -e .rmstore'
it 'does without Git when told'               'cd b && rmv init --no-scm && rmv ls'
it 'refuses to make one inside another'       'mkdir a/in && cd a/in && exits 4 rmv init && says "inside the workspace" rmv init && test ! -e .rmstore'
it 'makes one inside another when told'       'cd a/in && rmv init --nested && test -d .rmstore'
it 'makes one in a repository of its own inside another' 'mkdir a/own && git init -q a/own && rmv init --cd a/own && test -d a/own/.rmstore'
it 'makes one in another folder'              'mkdir c && git init -q c && rmv init --cd c && test -d c/.rmstore'
it 'takes no arguments'                       'exits 2 rmv init folder'
it 'refuses a bare repository'                'git init -q --bare d.git && cd d.git && exits 2 rmv init && says "without a work tree" rmv init'
it 'refuses what a newer rmv has made'        'echo 9 >c/.rmstore/version && exits 9 rmv ls --cd c && says "install a newer rmv" rmv ls --cd c'
it 'works in a linked worktree with the objects of the main one' '
    mkdir e && cd e && repository m && echo 1 >f && git add -A && git commit -qm one && git worktree add -q ../l &&
    cd ../l && rmv ls && test ! -e .rmstore/objects'
