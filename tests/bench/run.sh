#!/bin/bash
# tests/bench/run.sh BUILD [WORKLOAD [ROW]...]: measures rmv, and beside it what no program can do without
# (floors) and what others do (peers), on the same data in the same run. docs/BENCHMARKS.md explains.
#
#   run.sh build                 everything, as `make bench`
#   run.sh build W4              all rows of one workload
#   run.sh build W4 status add   some of its rows
#
# Workloads: W1 W2 W3 W4 W4F W5 W5S P, and if named, W4x10 W4Fx10. Rows: generator add add-off status again one
# checkout fsck gc versions checkout-versions gc-versions peers; of P none-10 none-100 none-1000 cold-1000 cold-4000 chain-1000
# parse-2000 parallel. Each row can be measured on its own. Variables, as of `make bench` too:
#
#   WORKLOADS, ROWS   'W1 W4', 'add status': only these
#   SCALE             size of the workloads, 1
#   RUNS              how often everything is measured, 5; the median counts
#   PEERS             no, or which of them: 'restic git'; all that are installed
#   BENCH_DATA        folder of generated workloads, each made once; BUILD/bench-data
#   BENCH_WORK        folder to work in, kept; otherwise one beside the data, removed at the end
#   BENCH_FS          ext4 or xfs: work on filesystems of that kind, made for this, in images in BENCH_WORK; needs root
#   BENCH_RESULTS     file to which every figure is appended, tab-separated; a new BUILD/bench.tsv
#   BENCH_COMMIT      what the results say was measured; the commit of the sources
set -euo pipefail
export LC_ALL=C.UTF-8
bench=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
shift
workloads=${1:-${WORKLOADS:-}}
shift $(($# ? 1 : 0))
rows=${*:-${ROWS:-}}
scale=${SCALE:-1}
runs=${RUNS:-5}
peers=${PEERS:-restic borg git-annex ostree casync git}
data_folder=${BENCH_DATA:-$build/bench-data}
filesystem=${BENCH_FS:-}
results_file=${BENCH_RESULTS:-$build/bench.tsv}
[ -n "${BENCH_RESULTS:-}" ] || : >"$results_file"
PATH=$build:$PATH

. "$bench/report.sh"
. "$bench/data.sh"
. "$bench/filesystem.sh"
. "$bench/rows.sh"
. "$bench/plan.sh"
. "$bench/pipelines.sh"
. "$bench/peers.sh"

check_filesystem
mkdir -p "$data_folder"
work=${BENCH_WORK:-$(mktemp -d "${TMPDIR:-$(dirname "$data_folder")}/rmv-bench.XXXXXX")}
mkdir -p "$work/home" "$work/times"
if [ -n "${BENCH_WORK:-}" ]; then trap filesystems_unmount EXIT; else trap 'filesystems_unmount; rm -rf "$work"' EXIT; fi
# Nothing of the user's own settings counts here.
export HOME=$work/home XDG_CONFIG_HOME=$work/home XDG_CACHE_HOME=$work/home/cache GIT_CONFIG_NOSYSTEM=1
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
printf '[user]\n name = Bench\n email = bench@example.com\n[init]\n defaultBranch = main\n[gc]\n auto = 0\n' \
    >"$HOME/.gitconfig"

describe_machine
for workload in ${workloads:-W1 W2 W3 W4 W4F W5 W5S P}; do
    for row in ${rows:-$(rows_of "$workload")}; do
        measure_row
    done
    if [ -n "${BENCH_WORK:-}" ]; then continue; fi
    cd /
    for folder in "$workload" "${workload%x10}"; do filesystem_remove "$work/$folder"; done
done
summary
