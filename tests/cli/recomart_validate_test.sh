#!/bin/sh
# Validation: what is found, what is put aside, what fails, and that the same data gives the same bytes.
. "$(dirname "$0")/lib.sh"

sources=$SOURCE_ROOT/data/source_files
mkdir data && cp -r "$SOURCE_ROOT/data/config" data/ && cp "$SOURCE_ROOT/params.yaml" .
day1=data/raw/clickstream/2025/01/01/clickstream.csv
put() { # put <day of January> <file>
    mkdir -p "data/raw/clickstream/2025/01/$1" && cp "$2" "data/raw/clickstream/2025/01/$1/clickstream.csv"
}
fresh() { # the customer's day and catalogue, and nothing else
    rm -rf data/raw data/validated reports logs data/metrics
    put 01 "$sources/clickstream.csv"
    mkdir -p data/raw/products/2025/01/01 && cp "$sources/products.json" data/raw/products/2025/01/01/
}
report() { # report <expression over the report r>: is it true?
    python3 - "$1" <<'PY'
import json, sys
r = json.load(open("reports/data_quality_report.json"))
files = {f["File"]: f for f in r["datasets"]}
clicks = [f for f in r["datasets"] if f["Dataset"] == "Clickstream"]
products = [f for f in r["datasets"] if f["Dataset"] == "Products"]
if not eval("(" + sys.argv[1] + ")"): print(json.dumps(r, indent=1)[:4000]); sys.exit("not so: " + sys.argv[1])
PY
}
sums() { find data/validated reports data/metrics -type f -print0 | sort -z | xargs -0 sha256sum; }

fresh
it 'says that there is nothing to validate' '
    mkdir empty && cp -r data/config empty/ && cd empty && mkdir data && mv config data/ &&
    exits 3 recomart validate && says "ingest-clickstream" recomart validate && ! test -e data/validated'
it 'reports a clean day as clean, with the columns that are expected' '
    recomart validate && report "clicks[0][\"Rows\"] == 61 and all(clicks[0][k] == 0 for k in
        [\"Missing Values\", \"Duplicates\", \"Invalid Events\", \"Invalid Device\"])" &&
    report "products[0][\"Rows\"] == 20 and all(products[0][k] == 0 for k in
        [\"Missing Values\", \"Duplicates\", \"Invalid Price\", \"Invalid Rating\"])" &&
    report "r[\"summary\"][\"quality_score\"] == 100 and r[\"summary\"][\"success\"]"'
it 'lets a clean file through byte for byte' '
    cmp $day1 data/validated/clickstream/2025/01/01/clickstream.csv &&
    cmp data/raw/products/2025/01/01/products.json data/validated/products/2025/01/01/products.json &&
    ! test -e data/validated/rejected'
it 'gives the same bytes again' 'sums >one && sleep 1.1 && recomart validate && sums | cmp - one'
it 'logs the score' 'grep -qE " - INFO - Quality score: 100.0/100$" logs/validation.log'
it 'writes a page that needs nothing else' '
    grep -q "<title>RecoMart data quality report" reports/data_quality_report.html &&
    ! grep -qE "(src|href)=|@import|url\(" reports/data_quality_report.html'

it 'counts exactly what was planted, and puts it aside with reasons' '
    python3 "$SOURCE_ROOT/tests/recomart/generate.py" 5000 made 0.02 >planted &&
    rm -rf data/raw/clickstream && put 01 made/clickstream.csv && cp made/products.json data/raw/products/2025/01/01/ &&
    recomart validate && python3 - <<PY
import csv, json
planted = json.load(open("planted"))["defects"]
f = [f for f in json.load(open("reports/data_quality_report.json"))["datasets"] if f["Dataset"] == "Clickstream"][0]
assert f["Missing Values"] == planted["user"] + planted["product"], f
assert f["Duplicates"] == planted["double"] and f["Invalid Events"] == planted["event"], f
assert f["Invalid Device"] == planted["device"], f
rejected = list(csv.DictReader(open("data/validated/rejected/clickstream/2025/01/01/clickstream.csv")))
assert len(rejected) == f["Rejected"] == sum(planted.values()) - planted["device"], (len(rejected), planted)
assert sum(r["reasons"] == "timestamp is no time" for r in rejected) == planted["time"]
lines = open("data/raw/clickstream/2025/01/01/clickstream.csv").read().split("\n")
assert all(lines[int(r["line"]) - 1] == r["record"] for r in rejected)
kept = open("data/validated/clickstream/2025/01/01/clickstream.csv").read().split("\n")
assert len(kept) - 2 == f["Accepted"] == f["Rows"] - f["Rejected"]
PY'

fresh; recomart validate -q
it 'fails with status 1 when too much is wrong, and leaves the validated lake alone' '
    sed "2,30s/view/glance/" $sources/clickstream.csv >bad.csv && put 02 bad.csv &&
    find data/validated -type f | sort >before && exits 1 recomart validate &&
    says "expect_column_values_to_be_in_set of event_type is not met: .* glance" recomart validate &&
    find data/validated -type f -not -path "*/rejected/*" | sort | cmp - before &&
    test -s data/validated/rejected/clickstream/2025/01/02/clickstream.csv &&
    report "not r[\"summary\"][\"success\"]" && grep -q "ERROR - .*event_type" logs/validation.log'
it 'recovers when the day is mended' 'put 02 $sources/2025-01-02/clickstream.csv && recomart validate && ! test -e data/validated/rejected'

fresh
it 'finds products that nobody sells' '
    printf "user_id,product_id,event_type,timestamp,device\nU1,999,view,2025-01-02 10:00:00,web\n" >odd.csv &&
    put 02 odd.csv && exits 1 recomart validate && says "expect_column_values_to_exist_in_products" recomart validate'
it 'finds events that lie in the future, seen from the end of the day or --at' '
    fresh && put 02 $sources/2025-01-03/clickstream.csv && says "in_the_future" recomart validate &&
    fresh && says "in_the_future" recomart validate --at 2024-12-30 && recomart validate --at 2025-06-01 &&
    exits 2 recomart validate --at tomorrow'
it 'finds missing columns' '
    fresh && cut -d, -f1-4 $sources/clickstream.csv >bad.csv && put 02 bad.csv && exits 1 recomart validate &&
    report "clicks[1][\"quality_score\"] == 70 and clicks[1][\"Accepted\"] == 0"'
it 'finds a day that is much smaller than the one before, and only warns' '
    fresh && head -n 3 $sources/2025-01-02/clickstream.csv >small.csv && put 02 small.csv && recomart validate &&
    report "[e for e in clicks[1][\"expectations\"] if \"previous\" in e[\"expectation_type\"]][0][\"success\"] == False"'
it 'puts damaged records aside' '
    fresh && (cat $sources/clickstream.csv; printf "U1,2,view\nU1,2,\"vi\"ew,2025-01-01 10:00:00,web\n") >bad.csv &&
    put 01 bad.csv && recomart validate && report "clicks[0][\"Damaged\"] == 2 and clicks[0][\"Accepted\"] == 61" &&
    cmp $sources/clickstream.csv data/validated/clickstream/2025/01/01/clickstream.csv &&
    grep -q "63,too few fields,\"U1,2,view\"" data/validated/rejected/clickstream/2025/01/01/clickstream.csv'
it 'looks at prices, ratings and types of products, and lets the good ones through' '
    fresh && sed "s/\"price\": 22.3/\"price\": \"22.3\"/; s/\"rate\": 4.7/\"rate\": 47/; s/\"id\": 20,/\"id\": 19,/" \
        $sources/products.json >data/raw/products/2025/01/01/products.json && exits 1 recomart validate &&
    report "products[0][\"Rejected\"] == 4 and products[0][\"Invalid Rating\"] == 2" &&
    grep -q "price is of the wrong type" data/validated/rejected/products/2025/01/01/products.csv &&
    grep -q "id was there before" data/validated/rejected/products/2025/01/01/products.csv'
it 'says what is wrong with a catalogue that is none' '
    fresh && echo "{" >data/raw/products/2025/01/01/products.json && exits 1 recomart validate &&
    says "products.json:" recomart validate && report "products[0][\"quality_score\"] == 0"'
it 'keeps no more rejected rows than configured' '
    fresh && (cat $sources/clickstream.csv; yes "U1,2,view" | head -n 9) >bad.csv && put 01 bad.csv &&
    echo "validate: {rejected_max: 4, score_min: 0}" >few.yaml && recomart validate --params few.yaml &&
    test $(wc -l <data/validated/rejected/clickstream/2025/01/01/clickstream.csv) = 5 && report "clicks[0][\"Rejected\"] == 9"'
it 'fails on a score that is too low' '
    fresh && echo "validate: {score_min: 99}" >strict.yaml && sed "2s/^U[0-9]*//; 3s/web/tv/; 3s/mobile/tv/" $sources/clickstream.csv >bad.csv &&
    put 01 bad.csv && recomart validate && exits 1 recomart validate --params strict.yaml &&
    says "its score is 9[0-9.]*; 99.0 is needed" recomart validate --params strict.yaml'
it 'says where a suite is wrong' '
    fresh && sed "s/to_not_be_null/to_not_be_nul/" data/config/expectations.yaml >wrong.yaml &&
    exits 2 recomart validate --suites wrong.yaml && says "wrong.yaml:[0-9]+:[0-9]+:.*\n?" recomart validate --suites wrong.yaml &&
    says "did you mean" recomart validate --suites wrong.yaml'
it 'validates ratings from 1 to 5' '
    fresh && rm -r data/raw/clickstream && mkdir -p data/raw/ratings/2025/01/01 &&
    { echo user_id,item_id,rating,timestamp; for i in $(seq 40); do echo "U$i,3,$((i % 5 + 1)),2025-01-01 10:00:00"; done
      echo "U1,4,6,2025-01-01 11:00:00"; } >data/raw/ratings/2025/01/01/ratings.csv &&
    recomart validate --config data/config/config.yaml &&
    report "[f[\"Invalid Rating\"] for f in r[\"datasets\"] if f[\"Dataset\"] == \"Ratings\"] == [1]" &&
    grep -q " - validation - INFO - Quality score: " logs/validation.log'
it 'removes partitions that the raw lake no longer has' '
    fresh && put 02 $sources/2025-01-02/clickstream.csv && recomart validate && rm -r data/raw/clickstream/2025/01/02 &&
    recomart validate && ! test -e data/validated/clickstream/2025/01/02 && test $(ls -A data | grep -c part) = 0'
it 'lets nobody else replace the lake meanwhile' '
    fresh && exits 8 flock -n data recomart validate'
