#!/bin/sh
# add, checkout and repro leak nothing and touch no memory that is not theirs.
. "$(dirname "$0")/lib.sh"
command -v valgrind >/dev/null || { skip 'memory' 'valgrind is not installed'; exit 0; }
# Valgrind and the sanitizers exclude each other.
case ${RMV_BUILD:-} in *build-address | *build-thread) skip 'memory' 'built with a sanitizer'; exit 0 ;; esac
watched() { valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible "$(command -v rmv)" "$@"; }

repository w
mkdir -p data/sub && seq 1000 >data/a && seq 300000 >data/sub/big && ln -s a data/link && mkdir data/empty
printf 'p: 1\n' >params.yaml
printf 'stages:\n  sum:\n    cmd: cat data/a data/sub/big | sha256sum >sum.txt\n    deps: [data]\n    params: [p]\n    outs: [sum.txt]\n' >rmv.yaml

it 'add is clean'                   'watched add -q data'
it 'add again is clean'             'watched add -q data'
it 'status is clean'                'watched status'
it 'repro is clean'                 'watched repro'
it 'repro with nothing to do too'   'watched repro'
it 'checkout is clean'              'rm -rf data sum.txt && watched checkout -q && test -e data/sub/big'
it 'lineage is clean'               'watched lineage sum.txt'
it 'fsck is clean'                  'watched fsck'
it 'an error is clean'              'exits 3 watched add missing'
