#!/bin/sh
# Preparation, against the customer's figures and against data with every fault that validation lets by.
. "$(dirname "$0")/lib.sh"

sources=$SOURCE_ROOT/data/source_files
prepared=data/processed/prepared_interactions.csv
cp "$SOURCE_ROOT/params.yaml" .
put() { # put <day of January> <file>
    mkdir -p "data/validated/clickstream/2025/01/$1" && cp "$2" "data/validated/clickstream/2025/01/$1/clickstream.csv"
}
catalogue() { # catalogue <day of January> <file>
    mkdir -p "data/validated/products/2025/01/$1" && cp "$2" "data/validated/products/2025/01/$1/products.json"
}
fresh() { rm -rf data logs; put 01 "$sources/clickstream.csv"; catalogue 01 "$sources/products.json"; }
rows() { # rows <expression over rows>: is it true?
    python3 - "$1" <<'PY'
import collections, csv, sys
rows = list(csv.DictReader(open("data/processed/prepared_interactions.csv", newline="")))
if not eval("(" + sys.argv[1] + ")"): print(open("data/processed/prepared_interactions.csv").read()[:2000]); sys.exit("not so: " + sys.argv[1])
PY
}

it 'says that nothing was validated' 'exits 3 recomart prepare && says "recomart validate" recomart prepare'
fresh
it 'has the columns that are expected' '
    recomart prepare && test "$(head -n 1 $prepared)" = user_id,product_id,event_type,timestamp,device,id,title,price,description,category,image,rating.rate,rating.count,event_score,category_encoded,price_normalized,hour'
it 'has 48 views, 10 clicks and 3 carts of 20 users, scored 1, 2, 3' '
    rows "collections.Counter((r[\"event_type\"], r[\"event_score\"]) for r in rows) ==
        {(\"view\", \"1\"): 48, (\"click\", \"2\"): 10, (\"add_to_cart\", \"3\"): 3}" &&
    rows "len({r[\"user_id\"] for r in rows}) == 20 and len({(r[\"user_id\"], r[\"product_id\"]) for r in rows}) == 48"'
it 'scales the price of product 1 to 0.10281843474053466' '
    rows "{r[\"price_normalized\"] for r in rows if r[\"product_id\"] == \"1\"} == {\"0.10281843474053466\"}" &&
    rows "{r[\"price_normalized\"] for r in rows if r[\"product_id\"] == \"14\"} == {\"1.0\"}" &&
    rows "{r[\"price_normalized\"] for r in rows if r[\"product_id\"] == \"19\"} == {\"0.0\"}"'
it 'encodes categories in sorted order from 0' '
    rows "{(r[\"category\"], r[\"category_encoded\"]) for r in rows} == {(\"electronics\", \"0\"), (\"jewelery\", \"1\"),
        (chr(109) + \"en\" + chr(39) + \"s clothing\", \"2\"), (\"women\" + chr(39) + \"s clothing\", \"3\")}"'
it 'writes numbers as pandas does' '
    rows "[r[\"price\"] for r in rows if r[\"id\"] == \"5\"][0] == \"695.0\" and [r[\"rating.rate\"] for r in rows if r[\"id\"] == \"7\"][0] == \"3.0\"" &&
    rows "[r[\"rating.count\"] for r in rows if r[\"id\"] == \"7\"][0] == \"400\""'
it 'has the hour of each time' 'rows "all(int(r[\"timestamp\"][11:13]) == int(r[\"hour\"]) for r in rows)"'
it 'prints the sparsity of 0.88' 'says "sparsity 0.88\)" recomart prepare'
it 'gives the same bytes every time, plots too' '
    find data/processed -type f -print0 | sort -z | xargs -0 sha256sum >one && test $(wc -l <one) = 10 && sleep 1.1 &&
    rm -r data/processed && recomart prepare && find data/processed -type f -print0 | sort -z | xargs -0 sha256sum | cmp - one'
it 'draws plots that are PNG, and a page that has them' '
    for plot in interaction_distribution top_products activity_by_hour events_per_user events_per_item category_share device_share sparsity; do
        test "$(head -c 8 data/processed/eda/$plot.png | tail -c 7 | head -c 3)" = PNG || { echo $plot; exit 1; }
    done; test $(grep -c "data:image/png;base64," data/processed/eda/eda.html) = 8'

it 'counts events that were ingested twice once' '
    sha256sum $prepared >one && put 02 $sources/clickstream.csv && recomart prepare && sha256sum -c one'
it 'appends the events of another day' '
    put 02 $sources/2025-01-02/clickstream.csv && recomart prepare && test $(wc -l <$prepared) = 91'
it 'takes the newest snapshot of the catalogue' '
    sed "s/109.95/99.5/" $sources/products.json >new.json && catalogue 03 new.json && recomart prepare &&
    rows "{r[\"price\"] for r in rows if r[\"product_id\"] == \"1\"} == {\"99.5\"}"'

header=user_id,product_id,event_type,timestamp,device
fresh
it 'drops what has no user, no product, another type or no time' '
    printf "$header\n,1,view,2025-01-01 10:00:00,web\nU1,,view,2025-01-01 10:00:00,web\nU1,1,glance,2025-01-01 10:00:00,web\nU1,1,view,never,web\nU1,1,view,2025-01-01 10:00:00,web\n" >odd.csv &&
    put 01 odd.csv && recomart prepare && rows "len(rows) == 1" &&
    grep -q "2 interactions were dropped without user or product" logs/preparation.log'
it 'brings times of every form and zone to UTC' '
    printf "timestamp,device,event_type,user_id,product_id,more\n2025-01-01T01:15:00+05:30,web,view,U1,1,x\n1735722900,web,view,U2,1,x\n\"Wed, 01 Jan 2025 09:15:00 GMT\",web,view,U3,1,x\n2025-01-01 09:15:00.5,web,view,U4,1,x\n" >odd.csv &&
    put 01 odd.csv && recomart prepare &&
    rows "[r[\"timestamp\"] for r in rows] == [\"2024-12-31 19:45:00\", \"2025-01-01 09:15:00\", \"2025-01-01 09:15:00\", \"2025-01-01 09:15:00.500\"]" &&
    rows "[r[\"hour\"] for r in rows] == [\"19\", \"9\", \"9\", \"9\"]"'
it 'reads times without a zone in the configured one' '
    printf "$header\nU1,1,view,2025-01-01 10:00:00,web\n" >odd.csv && put 01 odd.csv &&
    echo "prepare: {timezone: \"+02:00\"}" >zone.yaml && recomart prepare --params zone.yaml &&
    rows "rows[0][\"timestamp\"] == \"2025-01-01 08:00:00\""'
it 'fills in what is missing as configured, or leaves it empty' '
    printf "$header\nU1,1,view,2025-01-01 10:00:00,\nU1,2,view,2025-01-01 10:00:00,web\nU1,3,view,2025-01-01 10:00:00,web\nU1,77,view,2025-01-01 10:00:00,web\n" >odd.csv &&
    put 01 odd.csv && recomart prepare &&
    rows "rows[0][\"device\"] == \"unknown\" and rows[3][\"category\"] == \"unknown\" and rows[3][\"price\"] == \"55.99\" and rows[3][\"id\"] == \"\"" &&
    echo "prepare: {impute: {}}" >none.yaml && recomart prepare --params none.yaml &&
    rows "rows[0][\"device\"] == \"\" and rows[3][\"category_encoded\"] == \"\" and rows[3][\"price_normalized\"] == \"\""'
cat >odd.json <<'JSON'
[{"id": 1, "title": "A \"B\", c", "price": 1, "description": "x\ny", "category": "\u00e9t\u00e9", "image": "", "rating": {"rate": 1, "count": 2}}]
JSON
it 'quotes what needs it, and keeps every character' '
    printf "$header\n\"U,1\",1,view,2025-01-01 10:00:00,web\n" >odd.csv && put 01 odd.csv && catalogue 01 odd.json && recomart prepare &&
    rows "rows[0][\"title\"] == \"A \\\"B\\\", c\" and rows[0][\"description\"] == \"x\\ny\" and rows[0][\"category\"] == chr(233) + \"t\" + chr(233) and rows[0][\"user_id\"] == \"U,1\"" &&
    rows "rows[0][\"price_normalized\"] == \"0.0\""'
fresh
it 'counts purchases with five per unit, or not at all' '
    mkdir -p data/validated/transactions/2025/01/01 &&
    printf "transaction_id,user_id,product_id,quantity,price,timestamp\nT1,U1,1,2,109.95,2025-01-01 10:00:00\nT1,U1,1,2,109.95,2025-01-01 10:00:00\nT2,U1,1,2,109.95,2025-01-01 10:00:00\n" >data/validated/transactions/2025/01/01/transactions.csv &&
    recomart prepare && rows "[(r[\"event_type\"], r[\"event_score\"], r[\"device\"]) for r in rows[61:]] == [(\"purchase\", \"10\", \"\")] * 2" &&
    echo "prepare: {strength: {purchase: 0}}" >free.yaml && recomart prepare --params free.yaml && rows "len(rows) == 61"'
it 'takes ratings as strength, with or without a catalogue' '
    rm -rf data && mkdir -p data/validated/ratings/2025/01/01 &&
    printf "user_id,item_id,rating,timestamp\nU1,1,4.5,2025-01-01 10:00:00\nU1,2,3,2025-01-01 10:00:00\n" >data/validated/ratings/2025/01/01/ratings.csv &&
    recomart prepare --config "$SOURCE_ROOT/data/config/config.yaml" &&
    rows "[(r[\"product_id\"], r[\"event_type\"], r[\"event_score\"]) for r in rows] == [(\"1\", \"rating\", \"4.5\"), (\"2\", \"rating\", \"3\")]" &&
    catalogue 01 $sources/products.json && recomart prepare && rows "rows[0][\"price\"] == \"109.95\""'
fresh
it 'refuses a damaged record, naming file and line, and keeps what there was' '
    recomart prepare && sha256sum $prepared >one && (cat $sources/clickstream.csv; echo U1,2) >bad.csv && put 01 bad.csv &&
    exits 5 recomart prepare && says "01/01/clickstream.csv:63: the record has 2 fields" recomart prepare && sha256sum -c one'
it 'asks for the catalogue' 'rm -r data/validated/products && put 01 $sources/clickstream.csv && exits 3 recomart prepare && says "ingest-products" recomart prepare'
it 'names the setting that is wrong' '
    echo "prepare: {strength: {veiw: 1}}" >bad.yaml && exits 2 recomart prepare --params bad.yaml && says "bad.yaml:1:22.*veiw" recomart prepare --params bad.yaml &&
    echo "prepare: {timezone: Mars}" >bad.yaml && says "Mars" recomart prepare --params bad.yaml'
