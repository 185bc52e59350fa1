#!/bin/bash
# tests/fuzz/run.sh SECONDS [TARGET...]: runs fuzz targets, by default all, with libFuzzer and the
# sanitizers for address and undefined behaviour, two at a time. Needs clang. The corpora and what was
# found stay in build-fuzzer/corpus; prints the number of runs of each. Exit status 1 if something was found.
set -u
cd "$(dirname "$0")/../.." || exit 2
seconds=${1:?how many seconds each?}; shift
[ $# -gt 0 ] || set -- $(ls tests/fuzz/*_fuzz.c | sed 's/.*\///; s/_fuzz.c//')
make -s -j"$(nproc)" all SANITIZE= && make -s -j"$(nproc)" SANITIZE=fuzzer CC=clang $(printf 'build-fuzzer/tests/fuzz/%s_fuzz ' "$@") || exit 2
PATH=$PWD/build:$PATH tests/fuzz/seeds.sh build-fuzzer/seeds || exit 2
fuzz() { # fuzz SECONDS TARGET
    local corpus=build-fuzzer/corpus/$2 log=build-fuzzer/$2.log
    mkdir -p "$corpus"
    build-fuzzer/tests/fuzz/"$2"_fuzz -max_total_time="$1" -max_len=8192 -rss_limit_mb=2048 -timeout=20 \
        -artifact_prefix="$corpus-found-" "$corpus" build-fuzzer/seeds/"$2" >"$log" 2>&1
    local status=$? runs
    runs=$(sed -n 's/^Done \([0-9]*\) runs.*/\1/p; s/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
    [ "$status" -eq 0 ] && echo "$2: $runs runs, nothing found" || { echo "$2: FOUND something, see $log"; exit 1; }
}
export -f fuzz
printf '%s\n' "$@" | xargs -P 2 -I{} bash -c "fuzz $seconds {}"
