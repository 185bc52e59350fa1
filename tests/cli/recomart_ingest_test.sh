#!/bin/sh
# Ingestion into the lake: files as they are, and a product API with every fault it can have.
. "$(dirname "$0")/lib.sh"

sources=$SOURCE_ROOT/data/source_files
raw=data/raw/clickstream/2025/01/01/clickstream.csv
products=data/raw/products/2025/01/01/products.json
day='--date 2025-01-01'
unset http_proxy https_proxy ALL_PROXY RECOMART_API_TOKEN
cat >params.yaml <<'YAML'
ingest: {attempts: 4, delay_seconds: 0.01, delay_max_seconds: 3, timeout_seconds: 0.4, size_max_mb: 1}
YAML

mkdir server
python3 "$SOURCE_ROOT/tests/servers/product_api.py" "$sources/products.json" "$PWD/server" &
server=$!
trap 'kill $server; finish' EXIT
for _ in $(seq 100); do [ -e server/port ] && break; sleep 0.1; done
api=http://127.0.0.1:$(cat server/port)

# Ingestion from the API that must fail, with everything as it was before.
refused() { # refused <status> <path> <what it says>
    sums=$(find data/raw -type f -exec sha256sum {} + | sort)
    exits "$1" recomart ingest-products $day --url "$api/$2" >said 2>&1 || { cat said; return 1; }
    grep -qE "$3" said || { cat said; return 1; }
    [ "$sums" = "$(find data/raw -type f -exec sha256sum {} + | sort)" ] || { echo 'the lake changed'; return 1; }
}

it 'copies the clickstream byte for byte' \
    'recomart ingest-clickstream $day --source $sources/clickstream.csv && cmp $raw $sources/clickstream.csv'
it 'takes it from source_files by itself' '
    mkdir -p data/source_files && cp $sources/clickstream.csv data/source_files/ &&
    recomart ingest-clickstream $day && cmp $raw $sources/clickstream.csv'
it 'fills the partition of today without --date' \
    'recomart ingest-clickstream && cmp data/raw/clickstream/$(date -u +%Y/%m/%d)/clickstream.csv $sources/clickstream.csv'
it 'replaces a day as a whole, and no other' '
    recomart ingest-clickstream --date 2025-01-02 --source $sources/2025-01-02/clickstream.csv &&
    sum=$(sha256sum $raw) &&
    recomart ingest-clickstream --date 2025-01-02 --source $sources/2025-01-03/clickstream.csv &&
    cmp data/raw/clickstream/2025/01/02/clickstream.csv $sources/2025-01-03/clickstream.csv &&
    test "$sum" = "$(sha256sum $raw)" && test $(ls -A data/raw/clickstream/2025/01/02 | wc -l) = 1'
it 'keeps further columns, and any order of them' '
    printf "device,x,timestamp,event_type,product_id,user_id\r\nweb,1,2025-01-05,view,1,U1\r\n" >odd.csv &&
    recomart ingest-clickstream --date 2025-01-05 --source odd.csv &&
    cmp odd.csv data/raw/clickstream/2025/01/05/clickstream.csv'
it 'takes transactions and ratings too' '
    printf "transaction_id,user_id,product_id,quantity,price,timestamp\nT1,U1,1,2,109.95,2025-01-01 10:00:00\n" >t.csv &&
    printf "user_id,item_id,rating,timestamp\nU1,1,5,2025-01-01 10:00:00\n" >r.csv &&
    recomart ingest-transactions $day --source t.csv && cmp t.csv data/raw/transactions/2025/01/01/transactions.csv &&
    recomart ingest-ratings $day --source r.csv && cmp r.csv data/raw/ratings/2025/01/01/ratings.csv'
it 'refuses a file without the columns, naming them, and keeps the day' '
    printf "user_id,product_id\nU1,2\n" >bad.csv &&
    exits 5 recomart ingest-clickstream $day --source bad.csv &&
    says "bad.csv:1: no column event_type, timestamp, device" recomart ingest-clickstream $day --source bad.csv &&
    cmp $raw $sources/clickstream.csv'
it 'refuses an empty, a missing and a strange source' '
    : >empty.csv && exits 5 recomart ingest-clickstream $day --source empty.csv &&
    exits 3 recomart ingest-clickstream $day --source none.csv &&
    exits 7 recomart ingest-clickstream $day --source data && cmp $raw $sources/clickstream.csv'
it 'refuses what is no date' '
    exits 2 recomart ingest-clickstream --date 2025-02-30 && says "2025-02-30" recomart ingest-products --date 2025-02-30'
it 'leaves no partial file when the disk is full' '
    (ulimit -f 1; trap "" XFSZ; exits 7 recomart ingest-clickstream $day --source $sources/clickstream.csv --quiet) &&
    cmp $raw $sources/clickstream.csv && test $(ls -A $(dirname $raw) | wc -l) = 1'

it 'gets the catalogue over HTTP, byte for byte' \
    'recomart ingest-products $day --url $api/good && cmp $products $sources/products.json'
it 'gets it from a file' \
    'recomart ingest-products --date 2025-01-07 --url file://$sources/products.json && cmp data/raw/products/2025/01/07/products.json $products'
it 'says so in the log, in the form that is looked for' '
    grep -qE "^[0-9-]{10} [0-9:,]{12} - INFO - Starting product API ingestion$" logs/ingestion.log &&
    grep -qE " - INFO - Product data ingested successfully from API at $products$" logs/ingestion.log'
it 'tries again after 500, 500' '
    : >logs/ingestion.log && recomart ingest-products $day --url $api/flaky &&
    grep -qE "ERROR - Attempt 1 failed: HTTP status 500$" logs/ingestion.log &&
    grep -q "ERROR - Attempt 2 failed" logs/ingestion.log && ! grep -q "Attempt 3" logs/ingestion.log'
it 'gives up after the configured attempts' '
    : >logs/ingestion.log && refused 7 down "HTTP status 500" && test $(grep -c "Attempt . failed" logs/ingestion.log) = 4 &&
    grep -qE "ERROR - Product ingestion failed after retries$" logs/ingestion.log'
it 'calls a timeout a timeout' '
    : >logs/ingestion.log && refused 7 stall "Connection timeout" &&
    grep -qE " - ERROR - Attempt 1 failed: Connection timeout$" logs/ingestion.log'
it 'waits as long as Retry-After asks' '
    start=$(date +%s%N) && recomart ingest-products $day --url $api/busy/1 &&
    test $(($(date +%s%N) - start)) -ge 1000000000'
it 'understands Retry-After as a date'      'recomart ingest-products $day --url $api/busy-date'
it 'does not try a 404 again'              '
    : >server/log && refused 3 missing "HTTP status 404" && test $(wc -l <server/log) = 1'
it 'survives a truncated answer'           'refused 7 truncated "ended too early"'
it 'survives a reset connection'           'refused 7 reset "cannot get"'
it 'survives a missing last chunk'         'refused 7 chunk-cut "cannot get"'
it 'refuses an answer without end'         'refused 6 huge "longer than 1000000 bytes"'
it 'does not follow a redirect to a file'  'refused 7 to-file "Redirect"'
it 'refuses broken JSON and keeps it'      '
    rm -rf logs/rejected && refused 5 broken "kept as .logs/rejected/products-2025-01-01.json" &&
    test -s logs/rejected/products-2025-01-01.json'
it 'refuses a page of HTML and keeps it'   'refused 5 html "kept as" && grep -q "<html>" logs/rejected/products-2025-01-01.json'
it 'refuses an empty answer, an object, an empty list, a lying length' '
    refused 5 empty "kept as" && refused 5 object "array" && refused 5 none "empty" && refused 5 lying "kept as"'
it 'refuses a product without a category'  'refused 5 lacking "product 4 has no .category."'
it 'takes the token from the environment'  '
    refused 10 secret "HTTP status 401" && RECOMART_API_TOKEN=sesame recomart ingest-products $day --url $api/secret &&
    ! grep -rq sesame logs data'
it 'sends the token nowhere the user has not named' '
    for url in https://api.invalid/products http://localhost@api.invalid/; do
        RECOMART_API_TOKEN=sesame exits 10 recomart ingest-products $day --url $url >said 2>&1 &&
        grep -q "export RECOMART_API_HOST=.api.invalid" said || return 1
    done
    RECOMART_API_HOST=api.invalid RECOMART_API_TOKEN=sesame exits 10 recomart ingest-products $day --url http://api.invalid/ >said 2>&1 &&
    grep -q "use an https address" said'
it 'names the setting that is wrong' '
    echo "ingest: {attempts: 0}" >bad.yaml &&
    says "bad.yaml:1:20: .attempts. must be between 1 and 100" recomart ingest-products --params bad.yaml'
it 'names its stage in the log of the ratings pipeline' '
    cp $SOURCE_ROOT/data/config/config.yaml . && : >logs/ingestion.log &&
    recomart ingest-ratings $day --source r.csv --config config.yaml &&
    grep -qE " - ingestion - INFO - Ingested 1 interactions$" logs/ingestion.log'
