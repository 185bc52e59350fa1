#!/bin/sh
# Everything that reads a format meets changed inputs for a moment; tests/fuzz/run.sh does it for long.
. "$(dirname "$0")/lib.sh"
build=${RMV_BUILD:-$SOURCE_ROOT/build}
it 'makes inputs to start from' '"$SOURCE_ROOT/tests/fuzz/seeds.sh" "$TEST_FOLDER/seeds"'
for target in pack index chunk_list tree pointer stat_index record lock_file pipeline yaml json document; do
    it "whatever claims to be of format $target is read safely" \
        'ASAN_OPTIONS=abort_on_error=1 timeout 60 "$build/tests/fuzz/${target}_fuzz" "${RMV_FUZZ_SECONDS:-1}" seeds/$target/* || {
             base64 fuzz-failed; exit 1; }'
done
