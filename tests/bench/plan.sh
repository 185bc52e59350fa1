# Which rows there are, what each is measured against, and what the goals are.

rows_of() {
    case $1 in
    W1) echo add-off add status again one checkout fsck gc peers ;;
    W2) echo generator add status again one checkout fsck gc peers ;;
    W4) echo generator add status again one checkout fsck gc peers ;;
    W5*) echo peers versions checkout-versions gc-versions ;;
    *x10) echo add status checkout ;;
    P) echo none-10 none-100 none-1000 cold-1000 cold-4000 chain-1000 parse-2000 parallel ;;
    *) echo add status again one checkout fsck gc peers ;;
    esac
}

# plan_row: sets for $workload and $row
#   floors        what else is measured in turn
#   wall_goals    "TIMES FLOOR [SECONDS]": TIMES the floor's time and SECONDS; the largest of them is the limit
#   time_goal     seconds by the clock, if any
#   cpu_goal      seconds, if any
#   cpu_column    of measure's figures: 2, the CPU time of all that was waited for, or 5, the program's own
#   stored_goal   MB without the indexes, if any
#   dvc           CPU seconds recorded of DVC, if any
plan_row() {
    floors=() wall_goals=() time_goal='' cpu_goal='' cpu_column=2 stored_goal='' dvc=''
    case $workload in
    W1 | W2 | W5*) plan_one_file ;;
    W3 | W4 | W4F) plan_many_files ;;
    *x10) plan_million_files ;;
    P) plan_pipelines ;;
    esac
}

# The floor at both sizes tells what the system makes of ten times as many.
plan_million_files() {
    local floor
    case $row in
    add) floor=read ;;
    status) floor=walk ;;
    checkout) floor=create ;;
    esac
    floors=("tenth-$floor" "tenth-$row" "$floor")
    wall_goals=("11 tenth-$row")
}

plan_one_file() {
    case $workload/$row in
    W1/add-off) floors=(openssl cp) wall_goals=('1.3 openssl' '1.3 cp') cpu_goal=4.0 ;;
    W1/add) floors=(openssl cp dd) wall_goals=('1.3 openssl' '1.3 cp' '1.2 dd') cpu_goal=4.0 dvc=9.0 ;;
    W2/add) floors=(zstd) wall_goals=('1.15 zstd') dvc=9.0 ;;
    W2/checkout) floors=(cp unzstd) wall_goals=('1.1 cp' '1.1 unzstd') dvc=2.8 ;;
    W?/status) dvc=.56 ;;
    W?/again) dvc=.8 ;;
    */one | */versions) floors=(openssl) ;;
    W1/checkout) floors=(cp) dvc=2.8 ;;
    W1/fsck) floors=(openssl) wall_goals=('1.3 openssl') ;;
    W2/fsck) floors=(openssl add) wall_goals=('1 add') ;;
    */checkout*) floors=(cp) ;;
    esac
}

plan_many_files() {
    case $row in
    add) floors=(read) ;;
    status) floors=(walk) wall_goals=('1.3 walk') ;;
    again) floors=(walk status) wall_goals=('1.5 status') ;;
    one) floors=(walk status) wall_goals=('1.5 status 0.030') ;;
    checkout) floors=(cp-r create) wall_goals=('0.7 cp-r') ;;
    fsck) floors=(add) wall_goals=('1 add') ;;
    esac
    case $workload/$row in
    W3/add) dvc=8.4 ;;
    W3/status) dvc=.9 wall_goals=() ;;
    W3/again) dvc=1.2 ;;
    W3/one) dvc=1.5 ;;
    W3/checkout) dvc=11.4 ;;
    W4*/add) dvc=38 wall_goals=('2 read') stored_goal=32 ;;
    W4*/status) dvc=5.4 ;;
    W4*/again) dvc=8.7 ;;
    W4*/one) dvc=9.9 ;;
    W4*/checkout) dvc=38 ;;
    esac
    case $workload/$row in
    */add | W4*/status) cpu_goal=$(number "$dvc / 20 * $slowness") ;;
    esac
}

measure_row() {
    echo
    echo "$workload $row"
    case $row in
    generator) measure_generator; return ;;
    peers) measure_peers; return ;;
    esac
    enter_workspace
    plan_row
    forget "$row" "${floors[@]}"
    interleave "${floors[@]}" "$row"
    who=$row sampling=yes
    "run_$row"
    sampling=
    show_row
}

show_row() {
    local floor stored='' indexes=''
    case $row in
    add | add-off | one | versions | gc*)
        indexes=$(bytes_in .rmstore/objects/index)
        stored=$(number "$(bytes_in .rmstore/objects) - $indexes")
        ;;
    esac
    show "$row" "$stored" "$indexes"
    for floor in "${floors[@]}"; do
        show "$floor" '' '' "$(number "$(median_of "$row" 1) / $(median_of "$floor" 1)")"
    done
    [ -z "$dvc" ] || show_recorded "$(number "$dvc * $scale * $slowness")" "$(median_of "$row" 2)"
    judge_row
}

judge_row() {
    judge_wall
    [ -z "$time_goal" ] || verdict time s "$(median_of "$row" 1)" "$time_goal" 'of the plan'
    [ -z "$cpu_goal" ] || verdict 'CPU' s "$(median_of "$row" "$cpu_column")" "$(number "$cpu_goal * $scale")" 'of the plan'
    [ -z "$stored_goal" ] || verdict stored MB "$stored" "$(number "$stored_goal * $scale")" 'without indexes'
    verdict 'anonymous memory' MiB "$(number "$(median_of "$row.memory" 3) / 1024")" 256 'any workload'
    case $workload/$row in
    W2/add) verdict stored MB "$stored" "$(number "1.02 * $(bytes_in ../compressed.zst)")" '1.02 zstd -1' ;;
    W5/versions) judge_versions 1.02 ;;
    W5S/versions) judge_versions 0.25 ;;
    esac
}

judge_wall() {
    local goal times floor plus limit=0 of='' this
    [ ${#wall_goals[@]} -gt 0 ] || return 0
    for goal in "${wall_goals[@]}"; do
        read -r times floor plus <<<"$goal"
        this=$(number "$times * $(median_of "$floor" 1) + ${plus:-0}")
        if is_true "$this > $limit"; then limit=$this of="$times $floor${plus:+ + $plus s}"; fi
    done
    verdict time s "$(median_of "$row" 1)" "$limit" "$of"
}

# judge_versions TIMES: against the smallest of three peers, as this results file has them.
judge_versions() {
    local smallest
    smallest=$(awk -F '\t' -v w="$workload" '$1 == "figure" && $2 == w && $3 == "versions" &&
        $4 ~ /^(restic|borg|casync)$/ { last[$4] = $9 } END { for (who in last) print last[who], who }' \
        "$results_file" | sort -g | head -1)
    [ -n "$smallest" ] || { echo '  no peer was measured: the row "peers" comes first'; return 0; }
    verdict 'stored, with indexes' MB "$(number "$stored + $indexes")" "$(number "$1 * ${smallest% *}")" \
        "$1 ${smallest#* }"
}

measure_generator() {
    local mb reference ours
    read -r mb reference <<<"$(reference_of "$workload")"
    ours=$(compressed_percent "$(data_of "$workload")/data" "$mb")
    verdict 'difference to the reference' '%' \
        "$(number "100 * ($ours > $reference ? $ours - $reference : $reference - $ours) / $reference")" 3 \
        "zstd -1 leaves $ours % of ours, $reference % of the reference"
}
