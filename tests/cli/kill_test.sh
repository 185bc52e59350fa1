#!/bin/sh
# SIGKILL at every system call that changes something: nothing acknowledged is lost, nothing is in the way.
. "$(dirname "$0")/lib.sh"
sweep=$SOURCE_ROOT/tests/fault_sweep.sh
command -v strace >/dev/null || { skip 'sweeps' 'strace is not installed'; exit 0; }

setup='git init -q . && rmv init -q && mkdir -p data/sub && printf one >data/a && printf two >data/sub/b &&
       seq 400000 >data/big && printf old >kept && rmv add -q kept'
sound='rmv fsck -q && rmv add -q data && rmv fsck -q && rmv checkout -q && rmv status -q &&
       rm -rf data kept && rmv checkout -q && test "$(cat data/a data/sub/b kept)" = onetwoold &&
       test "$(seq 400000 | sha256sum)" = "$(sha256sum <data/big)"'

it 'a killed add leaves a sound store, and a second add succeeds' '"$sweep" "$setup" "rmv add -q data" "$sound"'
it 'a full disk during add leaves a sound store, and a second add succeeds' \
    '"$sweep" -f ENOSPC "$setup" "rmv add -q data" "$sound"'
it 'a failing disk during add leaves a sound store, and a second add succeeds' \
    '"$sweep" -f EIO -c fsync,fdatasync,write,pwrite64,renameat,renameat2,rename "$setup" "rmv add -q data" "$sound"'
back='rmv fsck -q && rmv checkout -q && rmv status -q && test "$(cat data/a data/sub/b kept)" = onetwoold &&
       test "$(seq 400000 | sha256sum)" = "$(sha256sum <data/big)"'
it 'a killed checkout can be repeated' '"$sweep" "$setup && rmv add -q data && rm -rf data kept" "rmv checkout -q" "$back"'
it 'a checkout that met a full disk can be repeated' \
    '"$sweep" -f ENOSPC -c write,openat2,mkdirat,renameat,renameat2,ftruncate,symlinkat \
     "$setup && rmv add -q data && rm -rf data kept" "rmv checkout -q" "$back"'
