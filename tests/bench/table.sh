#!/bin/bash
# tests/bench/table.sh RESULTS...: prints what run.sh left as Markdown, for docs/BENCHMARKS.md. Of a figure that was
# taken several times, the last one counts; each line says of which commit it is.
cat "$@" | awk -F '\t' '
function short(seconds) { return sprintf(seconds < 0.1 ? "%.3f" : "%.2f", seconds) }
$1 == "machine" && $2 == "commit" { commit = $3 }
$1 == "machine" && $2 != "commit" && $2 != "date" && $2 != "method" { machine[$2] = $3 }
$1 == "figure" {
    key = $2 SUBSEP $3 SUBSEP $4
    if (!(key in wall)) { figures[++figures_count] = key }
    wall[key] = $5; cpu[key] = $6; anonymous[key] = $7; resident[key] = $8; stored[key] = $9; indexes[key] = $10
    commits[key] = commit
    if ($3 == $4) { ratios[$2, $3] = ""; goals[$2, $3] = "" }
    else if (($2, $3) in ratios) ratios[$2, $3] = ratios[$2, $3] sprintf("%s%.2f × %s", ratios[$2, $3] ? ", " : "", wall[$2, $3, $3] / $5, $4)
}
$1 == "goal" && ($2, $3) in goals && !($4 ~ /^anonymous/ && $8 == "met") {
    goals[$2, $3] = goals[$2, $3] sprintf("%s%s %s %s%.3g of %.3g (%s)", goals[$2, $3] ? "; " : "",
        $8 == "met" ? "✓" : "**✗**", $4, "", $5, $6, $7)
}
END {
    for (name in machine) print "- " name ": " machine[name]
    print "\n| row | s | CPU s | anonymous, resident MiB | stored + indexes MB | is | goals | commit |\n|---|---|---|---|---|---|---|---|"
    for (i = 1; i <= figures_count; i++) {
        split(figures[i], part, SUBSEP)
        if (part[2] != part[3]) continue
        key = figures[i]
        printf "| %s %s | %s | %s | %.0f, %.0f | %s | %s | %s | %s |\n", part[1], part[2], short(wall[key]), short(cpu[key]),
            anonymous[key], resident[key], stored[key] == "" ? "" : sprintf("%.1f + %.2f", stored[key], indexes[key]),
            ratios[part[1], part[2]], goals[part[1], part[2]], commits[key]
    }
    print "\n| peer | workload | row | CPU s | s | resident MiB | stored MB |\n|---|---|---|---|---|---|---|"
    for (i = 1; i <= figures_count; i++) {
        split(figures[i], part, SUBSEP)
        key = figures[i]
        if (part[3] ~ /^(restic|borg|git-annex|ostree|casync|git)$/)
            printf "| %s | %s | %s | %s | %s | %.0f | %s |\n", part[3], part[1], part[2], short(cpu[key]), short(wall[key]),
                resident[key], stored[key] == "" ? "" : sprintf("%.1f", stored[key])
    }
}'
