#!/bin/sh
# That `make bench` measures what it says, on workloads so small that it takes no time.
. "$(dirname "$0")/lib.sh"
build=${RMV_BUILD:-$SOURCE_ROOT/build}
bench=$SOURCE_ROOT/tests/bench
for program in measure generate floors; do
    [ -x "$build/$program" ] || { skip 'benchmarks' "make bench-programs makes $program"; exit 0; }
done
export SCALE=0.001 RUNS=2 PEERS=no BENCH_DATA="$TEST_FOLDER/data" BENCH_RESULTS="$TEST_FOLDER/results" BENCH_COMMIT=abc123

it 'measures times, memory and status of a command' '
    measure line sh -c "exec sleep 0.2"; awk "{ exit !(NF == 5 && \$1 >= 0.2 && \$1 < 5 && \$2 < \$1 && \$3 == 0 && \$4 > 500) }" line
    exits 3 measure line sh -c "exit 3"; test "$(wc -l <line)" = 1; exits 2 measure line; exits 143 measure line sh -c "kill \$\$"'
it 'tells its own CPU time from that of its children' '
    measure line sh -c "for i in 1 2 3 4 5 6; do sh -c \"i=0; while [ \\\$i -lt 100000 ]; do i=\\\$((i + 1)); done\"; done"
    tail -n 1 line; tail -n 1 line | awk "{ exit !(\$5 > 0 && \$5 < \$2 / 4) }"'
it 'sees anonymous memory, and not mapped files' '
    measure -m memory python3 -c "
import mmap, time
held = b\"x\" * 50_000_000; time.sleep(0.2)"
    awk "{ exit !(\$3 > 48000 && \$3 < 90000 && \$4 >= \$3) }" memory'
it 'floors see every file and byte' '
    mkdir -p tree/a/b; printf 12345 >tree/x; printf 123 >tree/a/b/y; test "$(floors walk tree)" = "2 files, 8 bytes"
    test "$(floors read tree)" = "2 files, 8 bytes"; floors spawn made 3; test "$(cat made/2)" = 2; exits 2 floors spawn made'
it 'measures a row and its floors, and leaves figures and goals' '
    "$bench/run.sh" "$build" W4 add status checkout fsck >out; grep -q "^W4 status" out && grep -q "status took .* x that" out
    for row in add status checkout fsck; do
        awk -F "\t" -v row=$row "\$1 == \"figure\" && \$2 == \"W4\" && \$3 == row && \$4 == row && \$5 > 0 && \$6 > 0 && \$7 > 0 { n++ } END { exit n != 1 }" "$BENCH_RESULTS"
        grep -q "^goal	W4	$row	" "$BENCH_RESULTS"
    done
    awk -F "\t" "\$3 == \"add\" && \$4 == \"add\" { exit !(\$9 > 0.01 && \$9 < 0.1) }" "$BENCH_RESULTS"'
it 'never writes to the data, and makes it once' '
    find "$BENCH_DATA" -type f | wc -l | grep -x 100; before=$(find "$BENCH_DATA" -printf "%p %T@ %C@\n" | sort | sha256sum)
    "$bench/run.sh" "$build" W4 one gc >out; test "$(find "$BENCH_DATA" -printf "%p %T@ %C@\n" | sort | sha256sum)" = "$before"'
it 'adds every version of W5' '
    "$bench/run.sh" "$build" W5 versions checkout-versions >out; grep -q "no peer was measured" out; grep -q "^  versions .*stored" out'
it 'measures pipelines' '
    SCALE=0.01 "$bench/run.sh" "$build" P none-1000 cold-1000 parse-2000 >out; grep -q "walk-ran" out; grep -q "spawn .* took" out
    grep -q "^goal	P	cold-1000	CPU s	" "$BENCH_RESULTS"; grep -q "^goal	P	parse-2000	time s	" "$BENCH_RESULTS"'
it 'makes tables of it' '
    "$bench/table.sh" "$BENCH_RESULTS" >table; grep -qE "^\| W4 status \|.* × walk .*abc123" table; grep -qE "^\| W4 add \|.*read" table'
it 'stops when what it measures fails' '
    mkdir failing; for program in measure generate floors; do ln -s "$build/$program" failing; done
    printf "#!/bin/sh\ncase \$1 in status) exit 1 ;; esac\nexec \"%s\" \"\$@\"\n" "$build/rmv" >failing/rmv; chmod 755 failing/rmv
    ! "$bench/run.sh" failing W4 status >out 2>&1; grep -q "W4 status: this failed: rmv status" out'
