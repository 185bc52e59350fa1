#!/bin/bash
# tests/tap.sh TEST: runs one test for prove, for 15 minutes at most; sweeps at every point may take their time.
# cmocka calls a skipped test "not ok", which TAP does not.
limit=900
[ "${RMV_SWEEP:-}" != all ] || limit=0
case $1 in
*.sh) exec timeout -k 10 $limit sh "$1" ;;
esac
timeout -k 10 $limit "$1" 2>&1 | sed -u 's/^not ok \([0-9]* # SKIP\)/ok \1/'
exit "${PIPESTATUS[0]}"
