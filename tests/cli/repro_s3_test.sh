#!/bin/sh
# Dependencies on s3://, asked of a real server that checks signatures.
. "$(dirname "$0")/lib.sh"

unset AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_REGION AWS_DEFAULT_REGION \
    AWS_ENDPOINT_URL_S3 AWS_SHARED_CREDENTIALS_FILE AWS_CONFIG_FILE
runs() { test "$(cat runs)" -eq "$1" || { cat runs; return 1; }; }
pipeline() { # pipeline URL: one stage that depends on it
    echo 0 >runs
    printf 'stages:\n  get:\n    cmd: echo $(($(cat runs) + 1)) >runs; date +%%N >made\n    deps: ["%s"]\n    outs: [made]\n' "$1" >rmv.yaml
}

# What needs no server.
repository "$TEST_FOLDER/alone"
export AWS_ENDPOINT_URL=http://127.0.0.1:1 no_proxy=127.0.0.1
it 'says how to give credentials where there are none' 'pipeline s3://bucket/key; exits 10 rmv repro; says "stage .get. depends on a URL .rmv.yaml:4.: .s3://bucket/key.: there are no credentials for S3" rmv repro; says "hint: set AWS_ACCESS_KEY_ID" rmv repro; exits 1 rmv status -q; runs 0'
export AWS_ACCESS_KEY_ID=test:tester AWS_SECRET_ACCESS_KEY=testing
it 'names stage and URL when no server answers' 'exits 7 rmv repro; says "get.*.s3://bucket/key.: cannot get .http://127.0.0.1:1/bucket/key.: Connection refused" rmv repro'
it 'knows a profile that is not there'         'exits 2 env AWS_PROFILE=nobody rmv repro; says "AWS_PROFILE names the profile .nobody., which neither" env AWS_PROFILE=nobody rmv repro'
it 'refuses an endpoint that is no URL'        'exits 2 env AWS_ENDPOINT_URL=ftp://x rmv repro; says "the endpoint of S3 is no URL" env AWS_ENDPOINT_URL=x rmv repro; exits 2 env AWS_REGION=a/b rmv repro'
it 'refuses what names no bucket'              'for url in s3:// s3:///key s3://a%b/key s3://.x/key "s3://a b/key"; do pipeline "$url"; exits 2 rmv repro; says "rmv.yaml:4:12: .* names no bucket" rmv repro; done; pipeline s3://KEY:SECRET@bucket/x; exits 10 rmv repro; rmv repro >out 2>&1 || :; ! grep SECRET out'

# One that lists keys in odd ways.
serve_files
export AWS_ENDPOINT_URL="$site/lists"
asks() { # asks N: the server was asked that often
    test "$(grep -c "^GET /lists" "$log")" = "$1" || { grep -c "^GET /lists" "$log"; return 1; }
}
it 'takes a list with many pages that have no key' 'pipeline s3://sparse/; rmv repro -q; grep "nfiles: 2" rmv.lock; asks 601'
it 'ends for a list whose pages come again'    '
    : >"$log"; pipeline s3://stuck/; exits 5 rmv repro; asks 2; says "stage .get. depends on a URL .rmv.yaml:4.: .s3://stuck/.: the list of keys has no end: the server gives a page of it again" rmv repro
    : >"$log"; pipeline s3://round/; exits 5 rmv repro; test "$(grep -c "^GET" "$log")" -lt 30; says "has no end" rmv repro; runs 0'
it 'ends for a list that goes on without a key' ': >"$log"; pipeline s3://empty/; exits 5 rmv repro; asks 1000; says "s3://empty/.: the list of keys has no end: 1000 of its pages have no key" rmv repro; exits 1 rmv status -q; runs 0'
unset AWS_ENDPOINT_URL

hold_server s3; status=$?
if [ "$status" = 77 ]; then
    skip 'asks a real S3 server' 'no OpenStack Swift here (Debian: swift-proxy swift-account swift-container swift-object)'
    exit 0
fi
it 'has a server to test with' 'cat "$TEST_FOLDER/server.err"; test '"$status"' -eq 0'
[ "$status" = 0 ] || exit 1
export AWS_ENDPOINT_URL="$answer"
s3() { python3 "$SOURCE_ROOT/tests/servers/s3.py" "$AWS_ENDPOINT_URL" "$@"; }
put() { content=$1; shift; printf '%s' "$content" | s3 PUT "$@"; }

repository "$TEST_FOLDER/main"
it 'runs a stage that depends on an object, and once' 's3 PUT bucket </dev/null; put one bucket/a.csv; pipeline s3://bucket/a.csv; rmv repro -q; runs 1; rmv repro -q; runs 1; says "up to date" rmv repro; rmv status -q'
it 'keeps its ETag in rmv.lock'                'grep "^      s3://bucket/a.csv:" rmv.lock; grep "etag: .*$(printf one | md5sum | cut -c 1-32)" rmv.lock; grep "size: 3" rmv.lock'
it 'runs it again when it changed, and says so' 'put three bucket/a.csv; exits 1 rmv status -q; says "get.*s3://bucket/a.csv: etag .* → " rmv status; rmv repro -q; runs 2; cp made ../made2; rmv status -q'
it 'does not for the same content, and finds the run for an old one' 'put three bucket/a.csv; rmv repro -q; runs 2; put one bucket/a.csv; rmv repro -q; put three bucket/a.csv; rmv repro -q; runs 2; cmp made ../made2'
it 'takes any key'                             'put x "bucket/odd/a b+c~é&=?#%25.csv"; pipeline "s3://bucket/odd/a b+c~é&=?#%25.csv"; rmv repro -q; runs 1; rmv repro -q; runs 1; put y "bucket/odd/a b+c~é&=?#%25.csv"; rmv repro -q; runs 2'
it 'takes a key that ends with a slash as a folder, page by page' '
    put x bucket/raw/1 bucket/raw/2 bucket/raw/3 bucket/raw/4 bucket/raw/deep/5 bucket/raw/6 bucket/raw/7 bucket/rawhide; pipeline s3://bucket/raw/; rmv repro -q; runs 1; grep "nfiles: 7" rmv.lock; grep "size: 7" rmv.lock; grep "listing: [0-9a-f]\{64\}$" rmv.lock; rmv repro -q; runs 1
    put y bucket/raw/7; rmv repro -q; runs 2; put xx bucket/raw/4; says "s3://bucket/raw/: listing .* → .*size 7 → 8" rmv repro; runs 3; put z bucket/raw/8; says "nfiles 7 → 8" rmv repro; runs 4; s3 DELETE bucket/raw/deep/5; says "nfiles 8 → 7" rmv repro; runs 5; put other bucket/rawhide; rmv repro -q; runs 5; rmv status -q'
it 'and one that is no object but has keys below it' 'pipeline s3://bucket/raw; rmv repro -q; grep "nfiles: 7" rmv.lock; rmv repro -q; runs 1; put object bucket/raw; says "etag" rmv repro; s3 DELETE bucket/raw'
it 'takes a whole bucket'                      'pipeline s3://bucket; rmv repro -q; grep "nfiles: 10" rmv.lock; rmv repro -q; runs 1'
it 'names what is not there'                   'pipeline s3://bucket/none; exits 3 rmv repro; says "stage .get. depends on a URL .rmv.yaml:4.: .s3://bucket/none.: there is no such object, and no key below it" rmv repro; pipeline s3://nobody/x; exits 3 rmv repro; says "s3://nobody/x.*404" rmv repro; runs 0; exits 1 rmv status -q'
it 'says so where the credentials do not suffice, and shows none' '
    put new bucket/a.csv; pipeline s3://bucket/a.csv; exits 10 env AWS_SECRET_ACCESS_KEY=sesame rmv repro; says "s3://bucket/a.csv.*HTTP status 403" env AWS_SECRET_ACCESS_KEY=sesame rmv repro; says "hint: are the credentials right" env AWS_SECRET_ACCESS_KEY=sesame rmv repro
    AWS_SECRET_ACCESS_KEY=sesame rmv repro >out 2>&1 || :; rmv repro -q; ! grep -rE "sesame|testing" out rmv.lock .rmstore/logs; runs 1'
it 'takes credentials, region and endpoint from profiles' '
    mkdir "$HOME/.aws"; printf "[default]\naws_access_key_id = nobody\naws_secret_access_key = wrong\n\n[work]\naws_access_key_id=test:tester\n# a note\n" >"$HOME/.aws/credentials"
    printf "[default]\nregion = us-east-1\n[profile work]\nregion = us-east-1\naws_secret_access_key = testing\nendpoint_url = %s/\ns3 =\n  endpoint_url = http://127.0.0.1:1\n" "$AWS_ENDPOINT_URL" >"$HOME/.aws/config"
    put fresh bucket/a.csv; alone="env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY -u AWS_ENDPOINT_URL"; $alone AWS_PROFILE=work rmv repro -q; runs 2; exits 10 env -u AWS_ACCESS_KEY_ID -u AWS_SECRET_ACCESS_KEY rmv repro; rm -r "$HOME/.aws"'
it 'says what else may be wrong'                'pipeline s3://bucket/a.csv; put wrong bucket/a.csv; exits 7 env AWS_REGION=mars rmv repro; says "hint: are the credentials right.*AWS_REGION" env AWS_REGION=mars rmv repro'
it 'is made by stage add, too, and shown in the lineage' 'rm rmv.yaml; rmv stage add -q -n add -d s3://bucket/a.csv -o added "echo 1 >added"; rmv repro -q; rmv lineage added >out; cat out; grep -E "url +s3://bucket/a.csv: etag=" out'
