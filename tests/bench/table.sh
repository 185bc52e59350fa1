#!/bin/bash
# tests/bench/table.sh RESULTS...: prints what run.sh left as Markdown, for docs/BENCHMARKS.md. Of a figure that was
# taken several times, the last one counts; each line says of which commit it is.
cat "$@" | awk -F '\t' '
function short(seconds) { return sprintf(seconds < 0.1 ? "%.3f" : "%.2f", seconds) }
function stored_of(key) { return stored[key] == "" ? "" : sprintf(indexes[key] == "" ? "%.1f" : "%.1f + %.2f", stored[key], indexes[key]) }
function append(list, separator, item) { return list == "" ? item : list separator item }

BEGIN { peer = "^(restic|borg|git-annex|ostree|casync|git)$" }
$1 == "machine" && $2 == "commit" { commit = $3 }
$1 == "machine" && $2 !~ /^(commit|date|method|rmv)$/ { machine[$2] = $3 }
$1 == "figure" && $4 == "DVC" { dvc[$2, $3] = $6; next }
$1 == "figure" {
    row = $2 SUBSEP $3
    key = row SUBSEP $4
    if (!(key in wall)) figures[++figures_count] = key
    wall[key] = $5; cpu[key] = $6; anonymous[key] = $7; resident[key] = $8; stored[key] = $9; indexes[key] = $10
    commits[key] = commit
    if ($3 == $4) ratios[row] = goals[row] = ""
    else if (row in ratios && $4 !~ peer) ratios[row] = append(ratios[row], ", ", sprintf("%.2f × %s", wall[row, $3] / $5, $4))
}
$1 == "goal" && ($2, $3) in goals && !($4 ~ /^anonymous/ && $8 == "met") {
    goals[$2, $3] = append(goals[$2, $3], "; ", sprintf("%s %s: %.3g of %.3g (%s)", $8 == "met" ? "✓" : "**✗**", $4, $5, $6, $7))
}
END {
    for (name in machine) print "- " name ": " machine[name]
    print ""
    print "| row | s | CPU s | of DVC | anonymous, resident MiB | stored + indexes MB | is | goals | commit |"
    print "|---|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= figures_count; i++) {
        key = figures[i]
        split(key, part, SUBSEP)
        row = part[1] SUBSEP part[2]
        if (part[2] != part[3]) continue
        printf "| %s %s | %s | %s | %s ", part[1], part[2], short(wall[key]), short(cpu[key]),
            row in dvc ? sprintf("1/%.0f", dvc[row] / cpu[key]) : ""
        printf "| %.0f, %.0f | %s ", anonymous[key], resident[key], stored_of(key)
        printf "| %s | %s | %s |\n", ratios[row], goals[row], commits[key]
    }
    print ""
    print "| peer | workload | row | CPU s | s | resident MiB | stored MB |"
    print "|---|---|---|---|---|---|---|"
    for (i = 1; i <= figures_count; i++) {
        key = figures[i]
        split(key, part, SUBSEP)
        if (part[3] ~ peer)
            printf "| %s | %s | %s | %s | %s | %.0f | %s |\n", part[3], part[1], part[2], short(cpu[key]), short(wall[key]),
                resident[key], stored_of(key)
    }
}'
