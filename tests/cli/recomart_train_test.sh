#!/bin/sh
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/golden.sh"
golden shop
run_of() { dirname "$(dirname "$(grep -l "recomart $1" mlruns/0/*/tags/mlflow.source.name | tail -n 1)")"; }

it 'says what to do without features'     'says "hint: build the features: recomart features" recomart train'
it 'records the failed run as failed'     'grep -x "status: 4" mlruns/0/*/meta.yaml && rm -r mlruns'
it 'trains'                               'recomart features -q && recomart train >out && grep -Fx "Model trained and saved successfully" out'
it 'has the singular values of the customer' 'grep -F "6.40995474 5.17645066 4.57186327 3.98325917 3.74427288" out'
it 'gives the same bytes again'           'cp data/models/model.bin before && recomart train -q && cmp before data/models/model.bin'
it 'gives the same bytes from tables that were filled again' 'rm -r data/features.local data/models && recomart train -q && cmp before data/models/model.bin'
it 'records the run'                      '
    run=$(run_of train)
    test "$(cat "$run/params/n_components")" = 10 && cmp data/models/model.bin "$run/artifacts/model.bin"
    grep -x "status: 3" "$run/meta.yaml"'
it 'names the commit in a Git repository' '
    git init -q . && git add params.yaml && git commit -qm first && recomart train -q
    grep -qF "$(git rev-parse HEAD)" mlruns/0/*/tags/mlflow.source.git.commit && rm -rf .git'
it 'records nothing with --no-tracking'   'rm -r mlruns && recomart train -q --no-tracking && test ! -e mlruns'
it 'trains even where it cannot record, and warns' '
    MLFLOW_TRACKING_URI=http://127.0.0.1:9 recomart train >out 2>&1
    grep -F "warning: tracking" out && grep -F successfully out'
it 'takes the rank from params.yaml'      'sed -i "s/rank: 10 /rank: 3 /" params.yaml && recomart train --no-tracking | grep -F "rank 3;"'
it 'names a bad rank by line'             'sed "s/rank: 3 /rank: 0 /" params.yaml >bad.yaml && says "bad.yaml:[0-9]+:[0-9]+: .rank. must be between" recomart train --params bad.yaml'
it 'names a misspelt key'                 'sed "s/weighting:/wieghting:/" params.yaml >bad.yaml && says "weighting" recomart train --params bad.yaml'
it 'names a bad weighting'                'sed "s/weighting: sum/weighting: tfidf/" params.yaml >bad.yaml && exits 2 recomart train --params bad.yaml'
it 'names a missing version of the features' 'sed "s/features: v1/features: v8/" params.yaml >bad.yaml && says "no features of version .v8." recomart train --params bad.yaml'
it 'leaves the model alone when it fails' '
    cp data/models/model.bin before && : >data/features/item_features.csv
    exits 5 recomart train && cmp before data/models/model.bin'
