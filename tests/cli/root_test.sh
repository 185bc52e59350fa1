#!/bin/sh
# The top of a checkout is a workspace, in which the README's commands work and nothing unexpected appears.
. "$(dirname "$0")/lib.sh"

if git -C "$SOURCE_ROOT" rev-parse --git-dir >/dev/null 2>&1; then
    mkdir top
    (cd "$SOURCE_ROOT" && git ls-files -z -- .gitignore .rmstore data/config data/source_files params.yaml rmv.yaml | tar --null -cf - -T -) | tar -xf - -C top
    cd top && git init -q . && git add -A && git commit -qm start

    it 'is a workspace when it is cloned'         'test -z "$(rmv ls)" && rmv status | grep "^pipeline:"'
    it 'takes in a day of data'                   '
        recomart ingest-clickstream --date 2025-01-01
        recomart ingest-products --date 2025-01-01 --url "file://$PWD/data/source_files/products.json"
        rmv add data/raw'
    it 'runs its pipeline, with the customer'"'"'s figures' '
        rmv repro >../out && grep -F "singular values 6.40995474 5.17645066 4.57186327 3.98325917 3.74427288" ../out
        recomart recommend --user U1 --include-known | grep -Fx "[ 2  1  3  7 11]"
        recomart evaluate --protocol customer --no-tracking | grep -Fx "Precision@5: 0.1900"; git checkout -q . && rmv repro -q'
    it 'leaves for Git what belongs there, and nothing else' '
        test "$(git status --porcelain -uall | tr "\n" " ")" = "?? data/.gitignore ?? data/metrics/evaluation.json ?? data/metrics/quality.json ?? data/models/.gitignore ?? data/raw.rmv ?? rmv.lock "'
    it 'is clean once that is committed'          'git add -A && git commit -qm "First day" && rmv status -q && test -z "$(git status --porcelain)"'
    it 'comes back after everything is deleted'   '
        find data/raw data/validated data/processed data/features data/models -type f ! -name .gitignore -exec sha256sum {} + | sort >../before
        rm -rf data/raw data/validated data/processed data/features data/models/model.bin; rmv checkout
        find data/raw data/validated data/processed data/features data/models -type f ! -name .gitignore -exec sha256sum {} + | sort | cmp - ../before
        test -z "$(git status --porcelain)" && rmv status -q'
    it 'explains its model down to the sources'   'rmv lineage data/models/model.bin | grep "^The chain holds"'
else
    skip 'is a workspace when it is cloned' 'the sources are in no Git repository'
fi
