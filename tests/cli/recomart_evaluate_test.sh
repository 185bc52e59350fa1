#!/bin/sh
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/golden.sh"
golden shop

it 'says what to do without a model'      'says "hint: train one: recomart train" recomart evaluate --no-tracking'
recomart features -q && recomart train -q --no-tracking
it 'gives the figures of the customer by the protocol of the customer' '
    recomart evaluate --protocol customer >out
    grep -Fx "Precision@5: 0.1900" out && grep -Fx "Recall@5: 0.9500" out'
it 'says that it leaks'                   'grep -F "It leaks" out'
it 'is honest by default'                 'recomart evaluate >out && grep -Fx "Recall@5: 0.3500" out'
it 'puts popularity and the protocol of the customer beside it' 'grep -E "^Recall@5 +0.3500 ± 0.2145 +0.2000 +0.4000 +0.9500$" out'
it 'says that 20 users are too few'       'grep -F "20 test users are too few for a claim (±0.21 on recall)" out'
it 'says how much ties decide'            'tr "\n" " " <out | grep -F "For 20 of 20 users the held-out product has the same score as others"'
it 'writes the metrics'                   'grep -F "\"recall_at_5\": 0.35," data/metrics/evaluation.json'
it 'prints nothing with --quiet'            'test -z "$(recomart evaluate -q --no-tracking 2>&1)"'
it 'writes the same metrics again'        'cp data/metrics/evaluation.json before && recomart evaluate -q && cmp before data/metrics/evaluation.json'
it 'records the run'                      'cat mlruns/0/*/metrics/precision_at_5 | cut -d" " -f2 | sort -u | tr "\n" " " | grep -Fx "0.07 0.19 "'
it 'takes another length of the lists'    'recomart evaluate -k 10 | grep -E "^Precision@10: "'
it 'refuses an unknown protocol'          'exits 2 recomart evaluate --protocol best'
it 'refuses lists of nothing'             'exits 2 recomart evaluate -k -1'
it 'warns when the model is older than the features' '
    sed -i "/^U1,1,v/d" data/processed/prepared_interactions.csv && recomart features -q
    says "trained on other features" recomart evaluate'
it 'refuses a damaged model'              'printf damaged | dd of=data/models/model.bin bs=1 seek=500 conv=notrunc 2>/dev/null; says "checksum does not match" recomart evaluate'
