#!/bin/sh
# The story that `make demo` tells, as a test.
. "$(dirname "$0")/lib.sh"

it 'goes from an empty folder to a recommendation with its lineage' \
    '"$SOURCE_ROOT/tests/demo.sh" "$RMV_BUILD" "$TEST_FOLDER/demo" | tail -n 1 | grep "^All steps verified"'
