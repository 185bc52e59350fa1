#!/bin/sh
# The same features and the same model, whichever database is in between.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/golden.sh"
golden shop

if ! hold_server postgresql; then
    skip 'fills PostgreSQL' 'PostgreSQL is not installed'
    exit 0
fi
port=${answer#* }
printf 'backend: postgresql\nhost: 127.0.0.1\nport: %s\ndatabase: postgres\nuser: rmv\n' "$port" >postgresql.yaml
sql() { PGPASSWORD=secret psql -h 127.0.0.1 -p "$port" -U rmv -d postgres -Atc "$1"; }

it 'says where the password comes from'   'unset PGPASSWORD; says "the password comes from PGPASSWORD" recomart features --database postgresql.yaml'
it 'fills the tables of the customer'     '
    export PGPASSWORD=secret; recomart features --database postgresql.yaml
    test "$(sql "SELECT * FROM user_features WHERE user_id = '\''U11'\''")" = "U11|3|1.3333333333333333"
    test "$(sql "SELECT * FROM item_features WHERE product_id = 8")" = "8|3|1.3333333333333333|1.8999999999999997"
    test "$(sql "SELECT count(*), sum(total_interaction_score) FROM user_item_features")" = "48|77"'
it 'has the types of the schema of the customer' '
    test "$(sql "SELECT string_agg(data_type, '\'', '\'' ORDER BY ordinal_position) FROM information_schema.columns WHERE table_name = '\''item_features'\''")" = "integer, integer, double precision, double precision"'
it 'takes the password from a file of mode 0600' '
    unset PGPASSWORD; (umask 077; echo secret >password); echo "password_file: password" >>postgresql.yaml
    recomart features get --user U1 --database postgresql.yaml | grep -E "^0 +U1 +5 +1.6$"'
it 'trains the same model as from SQLite' '
    recomart train -q --no-tracking && mv data/models/model.bin sqlite.bin
    recomart train -q --no-tracking --database postgresql.yaml && cmp sqlite.bin data/models/model.bin'
it 'joins views'                          'recomart features view training --user U5 --item 8 --format csv --database postgresql.yaml | grep -Fx U5,8,1,1.0,4,1.5,3,1.3333333333333333,1.8999999999999997'
it 'recommends from it'                   'recomart recommend -q --user U1 --include-known --database postgresql.yaml | grep -Fx "[ 2  1  3  7 11]"'
it 'does not lose the tables when filling them fails' '
    cp -R data/features good && echo U99,x,1.0 >>data/features/user_features.csv
    sum=$(sha256sum <data/features/user_features.csv | cut -d" " -f1)
    sed -i "0,/\"sha256\": \"[0-9a-f]*\"/s//\"sha256\": \"$sum\"/" data/features/manifest.json
    says "user_features.csv:22: column .total_interactions. is not a number" recomart features get --user U1 --database postgresql.yaml
    test "$(sql "SELECT count(*) FROM user_features")" = 20
    rm -r data/features && mv good data/features'
