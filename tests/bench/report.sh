# Figures: taking, keeping and showing them.
#
# Every run of SOMETHING appends a line "WALL CPU ANONYMOUS RESIDENT OWN" to $work/times/SOMETHING. Lines of the
# results file are "figure", workload, row, who, wall s, CPU s (of workload P: the program's own), anonymous MiB, resident MiB, stored MB, indexes MB;
# or "goal", workload, row, what, actual, limit, of what, met|missed; or "machine", name, value.

number() { awk "BEGIN { printf \"%.10g\", $1 }"; }
is_true() { awk "BEGIN { exit !($1) }"; }
result() { (IFS=$'\t'; printf '%s\n' "$*") >>"$results_file"; }

# median_of WHO COLUMN: the lower one of the two in the middle, where there are two. Nothing if it was not measured.
median_of() {
    [ -s "$work/times/$1" ] || return 0
    cut -d ' ' -f "$2" "$work/times/$1" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

# measured COMMAND...: runs it for $who. Setting $sampling also looks at its memory, and does not count the time.
measured() {
    if [ -n "${sampling:-}" ]; then
        measure -m "$work/times/$who.memory" "$@" >/dev/null || failed "$@"
    else
        measure -t "${needed_mib:-0}" "$work/times/$who" "$@" >/dev/null || failed "$@"
    fi
}

failed() { echo "run.sh: $workload $row: this failed: $*" >&2; exit 1; }

# interleave WHO...: one run of each in turn, $runs times; the way to run one is the function run_WHO.
interleave() {
    local i
    for ((i = 0; i < runs; i++)); do
        for who in "$@"; do
            "run_$who"
        done
    done
}

# forget WHO...: what was measured of them before, in another row.
forget() {
    local name
    for name in "$@"; do rm -f "$work/times/$name" "$work/times/$name.memory"; done
}

bytes_in() { find "$@" -type f -printf '%s\n' 2>/dev/null | awk '{ sum += $1 } END { printf "%.3f", sum / 1e6 }'; }

# show WHO [STORED [INDEXES [RATIO]]]: its line, in MB and MiB; RATIO is how often its time went into the row's.
show() {
    local wall cpu anonymous resident
    wall=$(median_of "$1" 1) cpu=$(median_of "$1" "${cpu_column:-2}")
    anonymous=$(median_of "$1.memory" 3) resident=$(median_of "$1.memory" 4)
    [ -n "$wall" ] || { printf '  %-12s not measured\n' "$1"; return; }
    [ -z "$anonymous" ] || anonymous=$(number "int($anonymous / 102.4 + 0.5) / 10")
    resident=$(number "int(${resident:-$(median_of "$1" 4)} / 102.4 + 0.5) / 10")
    printf '  %-12s %9.3f s  cpu %8.3f s  resident %7.1f MiB' "$1" "$wall" "$cpu" "$resident"
    [ -z "$anonymous" ] || printf '  anonymous %6.1f' "$anonymous"
    [ -z "${2:-}" ] || printf '  stored %9.2f MB' "$2"
    [ -z "${3:-}" ] || printf ' + indexes %.2f' "$3"
    [ -z "${4:-}" ] || printf '  %s took %.2f x that' "$row" "$4"
    echo
    result figure "$workload" "$row" "$1" "$wall" "$cpu" "$anonymous" "$resident" "${2:-}" "${3:-}"
}

# show_recorded SCALED CPU: CPU seconds of DVC, as recorded and scaled, beside the row's.
show_recorded() {
    printf '  %-12s cpu %.2f s, recorded and scaled; here it is 1/%.1f of that\n' DVC "$1" "$(number "$1 / $2")"
    result figure "$workload" "$row" DVC '' "$1" '' '' '' ''
}

# verdict WHAT UNIT ACTUAL LIMIT OF: compares, says so, and counts.
goals_met=0 goals_missed=0
verdict() {
    local word=met
    if is_true "$3 <= $4"; then goals_met=$((goals_met + 1)); else word=missed goals_missed=$((goals_missed + 1)); fi
    printf '  %-6s %s: %.4g of at most %.4g %s (%s)\n' "$word" "$1" "$3" "$4" "$2" "$5"
    result goal "$workload" "$row" "$1 $2" "$3" "$4" "$5" "$word"
}

# The machine, and the speed of SHA-256 by which recorded CPU seconds of another one are scaled.
describe_machine() {
    local speed
    speed=$(for i in 1 2 3; do openssl speed -seconds 1 -bytes 16384 -evp sha256 2>/dev/null; done |
        awk '/^sha256/ { sub("k", "", $NF); if ($NF > best) best = $NF } END { print best / 1e6 }')
    slowness=$(number "1.56 / $speed")
    fact date "$(date -u +%FT%RZ)"
    fact commit "${BENCH_COMMIT:-$(git -C "$bench" describe --always --dirty 2>/dev/null || echo unknown)}"
    fact rmv "$(rmv --version | head -1)"
    fact processor "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(nproc) cores"
    fact memory "$(awk '/^MemTotal/ { printf "%.1f GiB", $2 / 1048576 }' /proc/meminfo)"
    fact system "$(uname -sr), $(stat -f -c %T "$work")"
    [ -z "$filesystem" ] || fact filesystem "new, $filesystem as mkfs makes it, in images of $image_size"
    fact 'openssl sha256' "$(printf '%.2f GB/s' "$speed")"
    fact method "scale $scale, median of $runs, page cache warm, durable but for add-off"
}
fact() {
    printf '%-16s %s\n' "$1" "$2"
    result machine "$1" "$2"
}

summary() { echo; echo "$goals_met goals met, $goals_missed missed; figures in $results_file"; }
