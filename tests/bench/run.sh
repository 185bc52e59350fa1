#!/bin/bash
# tests/bench/run.sh BUILD [SCALE]: measures rmv against floors taken in the same run on the same data.
# Wall seconds are the median of five; each line ends with the ratio to its floor. SCALE 1 is 256 MiB
# and 20,000 files of 1 KiB. Whether writes were durable is said; docs/BENCHMARKS.md explains.
set -euo pipefail
export LC_ALL=C.UTF-8
build=$(cd "$1" && pwd)
scale=${2:-1}
PATH=$build:$PATH
folder=$(mktemp -d "${TMPDIR:-/tmp}/rmv-bench.XXXXXX")
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HOME=$folder GIT_CONFIG_NOSYSTEM=1

# median_of SETUP COMMAND: the median wall and CPU seconds of five runs, as "WALL CPU".
median_of() {
    local i
    for i in 1 2 3 4 5; do
        eval "$1" >/dev/null 2>&1
        TIMEFORMAT='%R %U %S'
        { time eval "$2" >/dev/null 2>&1; } 2>&1 | awk '{ print $1, $2 + $3 }'
    done | sort -n | sed -n 3p
}
line() { # line NAME "WALL CPU" FLOOR_NAME FLOOR_WALL
    awk -v name="$1" -v wall="${2% *}" -v cpu="${2#* }" -v floor="$3" -v base="$4" \
        'BEGIN { printf "%-34s %8.3f s  cpu %7.3f s", name, wall, cpu
                 if (base > 0) printf "  %6.2f x %s", wall / base, floor; print "" }'
}
larger() { awk -v a="$1" -v b="$2" 'BEGIN { print a > b ? a : b }'; }

generate W1 w1 "$(awk -v s="$scale" 'BEGIN { print 0.125 * s }')" && mv w1/data big
generate W4 w4 "$(awk -v s="$scale" 'BEGIN { print 0.2 * s }')" && mv w4/data small
du -sh --apparent-size big small
cat big/blob.bin small/*/* >/dev/null

new_workspace() { rm -rf w; mkdir w; git init -q w; (cd w && rmv init -q && rmv config --local core.fsync "$1" && cp -r "../$2" .); }

sha=$(median_of : 'openssl dgst -sha256 big/blob.bin')
cp=$(median_of 'rm -f copy' 'cp big/blob.bin copy'); rm -f copy
floor=$(larger "${sha% *}" "${cp% *}")
line 'floor: openssl dgst -sha256' "$sha" '' 0
line 'floor: cp of the file' "$cp" '' 0
line 'add one big file, not durable' "$(median_of 'new_workspace off big' 'cd w && rmv add -q big; cd ..')" 'the larger of both' "$floor"
line 'add one big file, durable' "$(median_of 'new_workspace on big' 'cd w && rmv add -q big; cd ..')" 'the larger of both' "$floor"

read_all=$(median_of : 'find small -type f -print0 | xargs -0 -P 2 -n 500 cat')
copy_all=$(median_of 'rm -rf copy' 'cp -r small copy'); rm -rf copy
line 'floor: read all small files' "$read_all" '' 0
line 'floor: cp -r of them' "$copy_all" '' 0
line 'add small files, durable' "$(median_of 'new_workspace on small' 'cd w && rmv add -q small; cd ..')" 'reading them' "${read_all% *}"
new_workspace on small
(cd w && rmv add -q small)
walk=$(median_of : 'find w/small -type f -size +1000000000c')
line 'floor: find -size over them' "$walk" '' 0
line 'status, nothing changed' "$(median_of : 'cd w && rmv status -q; cd ..')" 'find' "${walk% *}"
line 'add again, nothing changed' "$(median_of : 'cd w && rmv add -q small; cd ..')" 'find' "${walk% *}"
line 'checkout into an empty workspace' "$(median_of 'rm -rf w/small' 'cd w && rmv checkout -q; cd ..')" 'cp -r' "${copy_all% *}"
du -s --apparent-size -B1000 w/.rmstore/objects | awk '{ printf "%-34s %8.1f MB\n", "stored for the small files", $1 / 1000 }'
line 'rmv --version' "$(median_of : 'rmv --version')" '' 0
