#!/bin/sh
# SIGKILL, a full disk and a failing disk at system calls of an add and a checkout that make links, and of
# repro: no file of the user is lost, none stays read-only that is no link, and a second run succeeds.
# RMV_SWEEP=all: at every call that changes something.
. "$(dirname "$0")/lib.sh"
sweep=$SOURCE_ROOT/tests/fault_sweep.sh
command -v strace >/dev/null || { skip 'sweeps' 'strace is not installed'; exit 0; }
swept() { # swept <fault> <setup> <run> <check>: leaves the counts in the output
    status=0; "$sweep" -f "$1" -n 4 "$2" "$3" "$4" >"$TEST_FOLDER/swept" || status=$?
    sed 's/^/# /' "$TEST_FOLDER/swept" >&3
    return $status
}
exec 3>&1

setup() { # setup <link type>
    echo "git init -q . && rmv init -q && rmv config --local core.threads 1 && rmv config cache.type $1 && mkdir -p data/sub && printf one >data/a && printf two >data/sub/b && printf x >data/run &&
        chmod 755 data/run && seq 200000 >data/big && ln -s a data/link && : >data/empty && find data -type f -exec sha256sum {} + >sums"
}
whole='sha256sum --quiet -c sums && test "$(readlink data/link)" = a && test -x data/run'
# A file that is read-only is a link into the store.
writable='! find data -type f -links 1 ! -perm -200 | grep .'
back='rmv fsck -q && rm -rf data && rmv checkout -q && rmv status -q && '$whole' && test -z "$(ls .rmstore/objects/tmp)" && test -z "$(find . -path ./.rmstore -prune -o -name ".rmv-tmp-*" -print)"'
repro_setup='git init -q . && rmv init -q && rmv config --local core.threads 1 && seq 3000 >in && rmv add -q in && printf "p: 1\n" >params.yaml &&
    printf "stages:\n  first:\n    cmd: sort in >out\n    deps: [in]\n    outs: [out]\n  second:\n    cmd: mkdir dir && head -n 5 out >dir/head && wc -l <out >count\n    deps: [out]\n    params: [p]\n    outs: [dir]\n    metrics:\n    - count: {cache: false}\n" >rmv.yaml &&
    git add -A && git commit -qm First'
for fault in kill ENOSPC EIO; do
    for type in hardlink symlink; do
        it "$fault during add of files that become ${type}s loses none, and a second add succeeds" \
            'swept $fault "$(setup $type)" "rmv add -q data" "$whole && rmv fsck -q && rmv add -q data && $writable && rmv status -q && $back"'
        it "$fault during checkout of ${type}s loses nothing, and it can be repeated" \
            'swept $fault "$(setup $type) && rmv add -q data && rm -rf data" "rmv checkout -q" "rmv fsck -q && rmv checkout -q && $whole && $writable && $back"'
    done
    it "$fault during repro loses nothing, and a second repro succeeds" \
        'swept $fault "$repro_setup" "rmv repro -q" "rmv fsck -q && { rmv repro -q || { sleep 1; rmv repro -q; }; } && rmv status -q && sort in | cmp - out && test \$(cat count) = 3000 && test -z \"\$(rmv repro 2>&1 | grep -i running)\" &&
          rmv fsck -q && rm -rf out dir count in && rmv checkout -q && rmv repro -q && rmv status -q && sort in | cmp - out && head -n 5 out | cmp - dir/head && test -z \"\$(ls .rmstore/objects/tmp)\""'
done
