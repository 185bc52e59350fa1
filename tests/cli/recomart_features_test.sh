#!/bin/sh
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/golden.sh"
golden shop
sql() { sqlite3 data/features.local/features.db "$1"; }

it 'has all 61 events in the fixture'     'test "$(wc -l <data/processed/prepared_interactions.csv)" = 62'
it 'builds the three tables'              'recomart features | grep -E "user_item_features +48 rows"'
it 'writes them as files with a manifest' 'ls data/features | tr "\n" " " | grep -F "item_features.csv manifest.json user_features.csv user_item_features.csv"'
it 'changes no byte when it runs again'   'cp -R data/features before && recomart features -q && diff -r before data/features'
it 'prints what the demo of the customer prints' '
    recomart features get --user U1 --item 3 >out
    grep -Fx "=== Feature Store Demo (Version v1) ===" out
    grep -Fx "User Features for user_id = U1" out && grep -E "^0 +U1 +5 +1.6$" out
    grep -Fx "Item Features for product_id = 3" out && grep -E "^0 +3 +6 +1.333333 +4.7$" out
    grep -Fx "User-Item Features for user_id = U1, product_id = 3" out && grep -E "^0 +U1 +3 +1 +1$" out'
it 'looks up with every digit as CSV'     'recomart features get --item 8 --format csv | grep -Fx 8,3,1.3333333333333333,1.8999999999999997'
it 'looks up as JSON'                     'recomart features get --user U1 --item 2 --format json | grep -F "\"total_interaction_score\": 4"'
it 'says when there are no rows'          'recomart features get --user nobody | grep -F "(no rows)"'
it 'names an unknown version'             'says "has no group .user_features. of version .v7." recomart features get --user U1 --version v7'
it 'asks whose features'                  'exits 2 recomart features get'
it 'refuses a product that is no number'  'exits 2 recomart features get --item three'
it 'refuses an unknown format'            'exits 2 recomart features get --user U1 --format xml'
it 'lists what is registered and built'   'recomart features list | grep -F "table user_item_features, 48 rows"'
it 'lists as JSON'                        'recomart features list --json | grep -F "\"rows\": 48"'
if command -v sqlite3 >/dev/null; then
    it 'fills the tables of the schema of the customer' '
        test "$(sql "SELECT count(*) FROM user_item_features")" = 48
        test "$(sql "SELECT total_interactions, avg_interaction_score FROM user_features WHERE user_id = '\''U1'\''")" = "5|1.6"
        sql ".schema user_features" | grep -F "user_features (user_id VARCHAR PRIMARY KEY, total_interactions INT, avg_interaction_score FLOAT)"
        sql ".schema user_item_features" | grep -F "PRIMARY KEY (user_id, product_id)"'
    it 'stamps them with the id of the files' '
        test "$(sql "SELECT stamp FROM feature_versions WHERE version = '\''v1'\''")" = "$(sha256sum <data/features/manifest.json | cut -d" " -f1)"'
fi
it 'joins users and products through their interactions' '
    recomart features view training --user U1 --item 8 --format csv >none && test "$(wc -l <none)" = 1
    recomart features view training --user U5 --item 8 --format csv >out
    grep -Fx user_id,product_id,interaction_count,total_interaction_score,user_features.total_interactions,user_features.avg_interaction_score,item_features.total_interactions,item_features.avg_interaction_score,avg_rating out
    grep -Fx U5,8,1,1.0,4,1.5,3,1.3333333333333333,1.8999999999999997 out'
it 'joins all of them'                    'test "$(recomart features view training --format csv | wc -l)" = 49'
it 'builds version 2 beside version 1 where params.yaml asks for it' '
    sed "s/versions: .v1./versions: [v1, v2]/" params.yaml >both.yaml && cp -R data/features only-v1
    recomart features --params both.yaml | grep -E "^v2 +user_item_features_v2 +48 rows"
    cmp only-v1/user_features.csv data/features/user_features.csv
    recomart features get --user U1 --version v2 --format csv | grep -Ex "U1,5,1.6,0.894427190999[0-9]*,2.0,[0-9.]+"
    recomart features get --user U1 | grep -E "^0 +U1 +5 +1.6$"'
it 'trains the same model on version 2'   '
    sed "s/features: v1/features: v2/" both.yaml >v2.yaml
    recomart train --no-tracking --params v2.yaml | grep -F "6.40995474 5.17645066 4.57186327"
    rm -r data/models'
it 'leaves nothing of a version that is built no more' 'recomart features -q && diff -r only-v1 data/features && rm -r only-v1'
it 'refuses a version there is not'       'sed "s/versions: .v1./versions: [v1, v7]/" params.yaml >bad.yaml; says "bad.yaml:[0-9]+:[0-9]+: a version is v1 or v2" recomart features --params bad.yaml'
it 'names an unknown view'                'exits 3 recomart features view none'
it 'fills the tables again when they are gone' 'rm -r data/features.local && recomart features get --user U1 | grep U1'
it 'fills the tables again when the files are others' '
    cp -R data/features old && sed -i "/^U1,/d" data/processed/prepared_interactions.csv && recomart features -q
    recomart features get --user U1 | grep -F "(no rows)"
    rm -r data/features && mv old data/features
    recomart features get --user U1 | grep -E "^0 +U1 +5 +1.6$"'
it 'refuses files that were edited'       '
    echo U99,1,1.0 >>data/features/user_features.csv && rm -r data/features.local
    says "user_features.csv. is not what the manifest says" recomart features get --user U1'
it 'registers a new version'              '
    recomart features register user_features --version v9 --key user_id:VARCHAR --feature "age:INT:in years"
    recomart features list | grep -F "table user_features_v9, not built"'
it 'never redefines one'                  'exits 4 recomart features register user_features --version v1 --key user_id:VARCHAR --feature age:INT'
it 'says what to do without prepared data' '
    rm data/processed/prepared_interactions.csv
    says "hint: make it with .recomart prepare." recomart features
    exits 3 recomart features'
