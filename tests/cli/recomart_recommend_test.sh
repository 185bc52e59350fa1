#!/bin/sh
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/golden.sh"
golden shop
recomart features -q && recomart train -q --no-tracking

it 'prints what the customer prints'      '
    recomart recommend --user U1 -k 5 --include-known >out
    head -n 2 out | tr "\n" "|" | grep -Fx "Recommendations for U1:|[ 2  1  3  7 11]|"'
it 'shows scores'                         'grep -E "^ +1 +2 +4.0135" out'
it 'leaves out known products by default' 'recomart recommend --user U1 -q | tail -n 1 | grep -Fx "[ 7 11  6  5 20]"'
it 'recommends as many as asked for'      'recomart recommend --user U1 -k 2 -q | tail -n 1 | grep -Fx "[ 7 11]"'
it 'recommends at most what there is'     'test "$(recomart recommend --user U20 -k 100 --json | grep -c product_id)" = 16'
it 'refuses to recommend nothing'         'exits 2 recomart recommend --user U1 -k 0; exits 2 recomart evaluate -k 0; says "positive" recomart recommend --user U1 -k 0'
it 'says so where a user knows everything' '
    cp -R data kept; awk "BEGIN { for (i = 1; i <= 20; i++) print \"U50,\" i \",view,2025-01-03 09:00:00,2.1,1\" }" >>data/processed/prepared_interactions.csv
    recomart features -q && says "knows every product: --include-known" recomart recommend --user U50; rm -r data; mv kept data'
it 'gives a stranger the popular products, and says so' '
    recomart recommend --user nobody >out
    grep -F "most popular products" out && sed -n 2p out | grep -Fx "[3 2 5 1 4]"'
it 'prints JSON'                          'recomart recommend --user U1 --json | grep -F "\"product_id\": 7"'
it 'has titles where there is a catalogue' '
    mkdir -p data/validated/products/2025/01/01
    cp "$SOURCE_ROOT/data/source_files/products.json" data/validated/products/2025/01/01/
    recomart recommend --user U1 | grep -E "^ +1 +7 +0.2063  [A-Z]"'
it 'knows users who came after training'  '
    echo "U99,4,v,2025-01-02 09:00:00,2.1,1" >>data/processed/prepared_interactions.csv
    recomart features -q && recomart recommend --user U99 >out
    ! grep -F "most popular" out && ! sed -n 2p out | grep -w 4'
it 'takes the settings of params.yaml'    'sed -i "s/include_known: false/include_known: true/" params.yaml && recomart recommend --user U1 -q | tail -n 1 | grep -F "[ 2  1"'
it 'lets the command line win'            'recomart recommend --user U1 -q --exclude-known | tail -n 1 | grep -vF "[ 2  1"'
it 'asks for whom'                        'exits 2 recomart recommend'
it 'refuses a contradiction'              'exits 2 recomart recommend --user U1 --include-known --exclude-known'
it 'takes no argument'                    'exits 2 recomart recommend U1'
it 'says what to do without a model'      'rm data/models/model.bin && says "hint: train one" recomart recommend --user U1'
