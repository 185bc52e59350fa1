#!/bin/sh
# tests/run.sh BUILD TEST...: runs unit tests and command-line tests and ends with "N passed, N failed".
root=$(cd "$(dirname "$0")/.." && pwd)
build=$1; shift
RMV_BUILD=$(cd "$build" && pwd); export RMV_BUILD
cd "$root" || exit 1
# fontconfig keeps a pattern until the process ends.
LSAN_OPTIONS=suppressions=$root/tests/leaks.txt:print_suppressions=0; export LSAN_OPTIONS
TSAN_OPTIONS=suppressions=$root/tests/races.txt; export TSAN_OPTIONS
report=$(mktemp) || exit 1
trap 'rm -f "$report"' EXIT
prove --jobs "$(nproc)" --merge --verbose --exec "$root/tests/tap.sh" "$@" >"$report" 2>&1
status=$?
passed=$(grep -cE '^ok [0-9]+' "$report")
failed=$(grep -cE '^not ok [0-9]+' "$report")
skipped=$(grep -ciE '^ok [0-9]+.*# skip' "$report")
if [ $status -ne 0 ]; then
    grep -vE '^ok [0-9]+' "$report"
    [ "$failed" -gt 0 ] || failed=1
else
    grep -iE '^ok [0-9]+.*# skip|^Files=' "$report"
fi
echo "$((passed - skipped)) passed, $failed failed, $skipped skipped"
exit $status
