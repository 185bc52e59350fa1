#!/bin/sh
# Data that was added, then edited, then read by a stage: it is stored first, so the run can be repeated.
. "$(dirname "$0")/lib.sh"

repository w
mkdir -p data/raw data/out && printf one >data/raw/a && rmv add -q data/raw
printf 'stages:\n  join:\n    cmd: cat data/raw/* >data/out/joined\n    deps: [data/raw]\n    outs: [data/out/joined]\n' >rmv.yaml
rmv repro -q && git add -A && git commit -qm first
printf two >data/raw/b

it 'says what it would run, and stores nothing, with --dry' \
    'cp data/raw.rmv before && says "Would run stage .join." rmv repro --dry && cmp before data/raw.rmv'
it 'stores the edit, says so, and updates the pointer' \
    'says "Stored .data/raw., which changed" rmv repro && ! cmp -s before data/raw.rmv && rmv status -q'
it 'so that the run can be repeated from the store' \
    'git add -A && git commit -qm second && rm -rf data/raw data/out/joined && rmv checkout -q &&
     test "$(cat data/out/joined)" = onetwo && test "$(cat data/raw/b)" = two'
it 'and its lineage ends at the added data' 'rmv lineage data/out/joined && says "added from" rmv lineage data/out/joined'
it 'does not touch a pointer whose data no stage reads' \
    'mkdir other && printf x >other/x && rmv add -q other && printf y >>other/x && cp other.rmv before &&
     printf 3 >data/raw/c && rmv repro -q && cmp before other.rmv'
it 'only the part that a stage reads, where it reads a part' \
    'mkdir parts && printf p >parts/p && printf q >parts/q && rmv add -q parts &&
     printf "stages:\n  p:\n    cmd: cp parts/p copy\n    deps: [parts/p]\n    outs: [copy]\n" >rmv.yaml &&
     rmv repro -q && printf pp >parts/p && printf qq >parts/q && rmv repro -q &&
     says "1 modified" rmv status parts && says "parts/q" rmv status -v parts'
it 'does not give up the only copy of an output that the store has lost' 'repository lost && printf "stages:\n  s:\n    cmd: cat in >o; date +%%N >>o\n    deps: [in]\n    outs: [o]\n" >rmv.yaml &&
    echo 1 >in && rmv repro -q && cp o ../was && rm -f .rmstore/objects/packs/* .rmstore/objects/index/* && echo 2 >in && says "not in the store.*kept as object" rmv repro &&
    rmv cat "$(sha256sum ../was | cut -c1-64)" | cmp - ../was && echo 3 >in && ! rmv repro 2>&1 | grep kept'
