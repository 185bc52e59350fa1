# Workload P: pipelines of trivial stages. A row's name ends in the number of stages, of which SCALE is taken.
# Every run that changes a workspace gets a new one, and old ones stay until the end: deleting many files makes
# some filesystems slow for those who then create others.

pipelines_count=0

stages_of() { number "int((${1##*-} * $scale) + 0.999)"; } # stages_of ROW

# fresh_pipeline COUNT: enters a new workspace. Each stage reads a file of its own, and writes one.
fresh_pipeline() {
    cd "$work/P"
    space=$work/P/$$-$((++pipelines_count))
    git init -q "$space"
    cd "$space"
    rmv init -q
    mkdir -p data/in data/out
    seq "$1" | (cd data/in && split -l 1 -a 6 -d --numeric-suffixes=1 - '')
    {
        printf 'stages:\n  s:\n    foreach:\n'
        seq -f '    - "%06.0f"' "$1"
        printf '    do:\n      cmd: echo ${item} >data/out/${item}\n      deps: ["data/in/${item}"]\n'
        printf '      outs: ["data/out/${item}"]\n'
    } >rmv.yaml
    git add -A
    git commit -qm pipeline
    settle
}

# ran_pipeline COUNT: enters one in which all stages are up to date.
ran_pipeline() {
    if [ -e "$work/P/ran-$1" ]; then
        cd "$work/P/ran-$1"
        return
    fi
    fresh_pipeline "$1"
    rmv repro -q
    rmv repro -q # the stat index knows files that were too fresh before
    cd ..
    mv "$space" "ran-$1"
    cd "ran-$1"
    settle
}

run_none() { ran_pipeline "$(stages_of "$1")"; measured rmv repro -q; }
run_none-10() { run_none none-10; }
run_none-100() { run_none none-100; }
run_none-1000() { run_none none-1000; }
run_walk-ran() { ran_pipeline "$(stages_of "$row")"; measured floors walk data; }

run_cold() { fresh_pipeline "$(stages_of "$1")"; measured rmv repro -q; }
run_cold-1000() { run_cold cold-1000; }
run_cold-4000() { run_cold cold-4000; }
# Each stage needs what the one before it made.
fresh_chain() {
    fresh_pipeline 1
    echo 0 >data/out/000000
    seq -f '%06.0f' "$1" | awk -v before=000000 '
        BEGIN { print "stages:" }
        { printf "  s%s:\n    cmd: echo %s >data/out/%s\n    deps: [\"data/out/%s\"]\n    outs: [\"data/out/%s\"]\n", $1, $1, $1, before, $1
          before = $1 }' >rmv.yaml
    git add -A
    git commit -qm chain
    settle
}
run_chain-1000() { fresh_chain "$(stages_of chain-1000)"; measured rmv repro -q; }
run_spawn() { measured floors spawn "$work/P/$$-$((++pipelines_count))" "$(stages_of "$row")"; }

run_parse-2000() {
    if [ "${parsed:-}" != "$work" ]; then fresh_pipeline "$(stages_of "$row")"; parsed=$work parsed_space=$space; fi
    cd "$parsed_space"
    measured rmv stage list
}

# Two stages of two seconds each, which need nothing of each other.
run_parallel() {
    fresh_pipeline 1
    printf 'stages:\n  a:\n    cmd: sleep 2; echo 1 >a\n    outs: [a]\n  b:\n    cmd: sleep 2; echo 1 >b\n    outs: [b]\n' >rmv.yaml
    measured rmv repro -q -j 2
}
run_sleep() { measured sleep 2; }

# What counts is the CPU time of rmv itself, without that of the commands.
plan_pipelines() {
    cpu_column=5
    case $row in
    none-10) floors=(walk-ran) cpu_goal=0.015 ;;
    none-100) floors=(walk-ran) cpu_goal=0.040 ;;
    none-1000) floors=(walk-ran) cpu_goal=0.300 ;;
    cold-1000) floors=(spawn) cpu_goal=5 ;;
    cold-4000) floors=(spawn cold-1000) cpu_goal=20 ;;
    chain-1000) floors=(spawn) cpu_goal=2 ;;
    parse-2000) time_goal=0.100 ;;
    parallel) floors=(sleep) time_goal=2.3 ;;
    esac
}
