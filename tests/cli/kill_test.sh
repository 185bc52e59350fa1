#!/bin/sh
# SIGKILL, a full disk and a failing disk at system calls of add, commit and checkout: nothing acknowledged
# is lost, no file of the user, and nothing is in the way. RMV_SWEEP=all: at every call that changes something.
. "$(dirname "$0")/lib.sh"
sweep=$SOURCE_ROOT/tests/fault_sweep.sh
command -v strace >/dev/null || { skip 'sweeps' 'strace is not installed'; exit 0; }
swept() { # swept <fault> <setup> <run> <check>: leaves the counts in the output
    status=0; "$sweep" -f "$1" -n 5 "$2" "$3" "$4" >"$TEST_FOLDER/swept" || status=$?
    sed 's/^/# /' "$TEST_FOLDER/swept" >&3
    return $status
}
exec 3>&1

setup='git init -q . && rmv init -q && mkdir -p data/sub && printf one >data/a && printf two >data/sub/b &&
       seq 400000 >data/big && ln -s a data/link && printf old >kept && rmv add -q kept && find data kept -type f -exec sha256sum {} + >sums'
whole='sha256sum --quiet -c sums && test "$(readlink data/link)" = a'
back='rmv fsck -q && rm -rf data kept && rmv checkout -q && rmv status -q && test -z "$(ls .rmstore/objects/tmp)" &&
      test -z "$(find . -path ./.rmstore -prune -o -name ".rmv-tmp-*" -print)" && '$whole
stored='rmv fsck -q && '$whole' && rmv add -q data && rmv fsck -q && rmv checkout -q && rmv status -q && '$back
for fault in kill ENOSPC EIO; do
    it "$fault during add loses nothing, and a second add succeeds" 'swept $fault "$setup" "rmv add -q data" "$stored"'
    it "$fault while a changed folder is added loses neither version" \
        'swept $fault "$setup && rmv add -q data && cp data.rmv old.pointer && seq 400001 >data/big && find data kept -type f -exec sha256sum {} + >sums" "rmv add -q data" \
         "$stored && cp old.pointer data.rmv && rmv checkout -q && seq 400000 | cmp data/big -"'
    it "$fault during commit loses nothing, and a second commit succeeds" \
        'swept $fault "$setup && rmv add -q --no-commit data" "rmv commit -q data.rmv" "rmv fsck -q --json >out || grep -q missing out; $whole && rmv commit -q data.rmv && $back"'
    it "$fault during checkout loses nothing, and it can be repeated" \
        'swept $fault "$setup && rmv add -q data && rm -rf data kept" "rmv checkout -q" "rmv fsck -q && rmv checkout -q && $whole && $back"'
done
it 'a large file is whole or not there when checkout is killed, and nothing is left of it' \
    '"$sweep" -f kill -c write,linkat -n 8 "git init -q . && rmv init -q && seq 600000 >big && cp big right && rmv add -q big && rm big" "rmv checkout -q" \
     "test ! -e big || cmp big right; rmv checkout -q && cmp big right && test -z \"\$(ls -A | grep rmv-tmp)\""'
