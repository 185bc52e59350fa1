#!/bin/sh
# SIGKILL at system calls of exp run and exp apply, and of the git that they start: an experiment is there as a
# whole or not at all, the workspace is the user's, and nothing is in the way of the next one. RMV_SWEEP=all: at every call.
. "$(dirname "$0")/lib.sh"
sweep=$SOURCE_ROOT/tests/fault_sweep.sh
command -v strace >/dev/null || { skip 'sweeps' 'strace is not installed'; exit 0; }
swept() { # swept <setup> <run> <check>: leaves the counts in the output
    status=0; "$sweep" -f kill -n 8 "$1" "$2" "$3" >"$TEST_FOLDER/swept" || status=$?
    sed 's/^/# /' "$TEST_FOLDER/swept" >&3
    return $status
}
exec 3>&1

setup='git init -q . && rmv init -q && rmv config --local core.fsync false && printf "a: 1\n" >params.yaml && printf one >data && rmv add -q data &&
       printf "stages:\n  s:\n    cmd: cat params.yaml data >o\n    params: [a]\n    deps: [data]\n    outs: [o]\n" >rmv.yaml && git add -A && git commit -qm one'
untouched='test -z "$(git status --porcelain)" && printf one | cmp data -'
whole='for ref in $(git for-each-ref --format="%(refname)" refs/exps); do git show $ref:rmv.lock | grep -q "path: o"; done'
next='rmv exp run -q -n next -S a=3 && test -z "$(ls .rmstore/exps/trees)" && test $(git worktree list | wc -l) = 1 && ! ls .rmstore/exps/index-* 2>/dev/null &&
      rmv exp apply -q next && test "$(cat o)" = "a: 3
one" && rmv fsck -q && rmv status -q'
it 'leaves an experiment or none, and the workspace as it was' '
    swept "$setup" "rmv exp run -q -n x -S a=2" "$untouched && $whole && $next"'
it 'can be applied again'                     '
    swept "$setup && rmv exp run -q -n x -S a=2" "rmv exp apply -q x" "git fsck --no-dangling && rmv exp apply -q x && test \"\$(cat o)\" = \"a: 2
one\" && rmv status -q && git show \$(git for-each-ref --format=\"%(refname)\" refs/exps):rmv.lock | cmp - rmv.lock"'
