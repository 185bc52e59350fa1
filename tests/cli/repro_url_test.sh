#!/bin/sh
# Dependencies on URLs: a real server says when they changed.
. "$(dirname "$0")/lib.sh"

serve_files

runs() { test "$(cat runs)" -eq "$1" || { cat runs; return 1; }; }
pipeline() { # pipeline URL: one stage that depends on it
    echo 0 >runs
    printf 'stages:\n  get:\n    cmd: echo $(($(cat runs) + 1)) >runs; cat %s/a.csv >a.csv\n    deps: [%s]\n    outs: [a.csv]\n' "$www" "$1" >rmv.yaml
}

repository "$TEST_FOLDER/main"
echo one >"$www/a.csv"; pipeline "$site/etag/a.csv"
it 'runs a stage that depends on a URL, and once'  'rmv repro -q; runs 1; rmv repro -q; runs 1; says "up to date" rmv repro; rmv status -q'
it 'keeps the ETag in rmv.lock'                    'grep -F "$site/etag/a.csv:" rmv.lock; grep -E "etag: .\"[0-9a-f]{8}\"" rmv.lock'
it 'asks for no content'                           'grep "^HEAD /etag/a.csv" "$log"; ! grep "^GET /etag" "$log"'
it 'runs it again when the ETag changed, and says so' '
    echo two >"$www/a.csv"; exits 1 rmv status -q; says "get.*$site/etag/a.csv: etag .* → " rmv status
    says "get.*/etag/a.csv: etag .* → " rmv repro --dry; runs 1; says "/etag/a.csv: etag .* → " rmv repro; runs 2; test "$(cat a.csv)" = two; rmv status -q'
it 'calls that a changed dependency'               'echo two2 >"$www/a.csv"; rmv status --json >out || :; grep dependency out; echo two >"$www/a.csv"'
it 'finds the run for an old ETag again'           'echo one >"$www/a.csv"; rmv repro -q; runs 2; test "$(cat a.csv)" = one'
it 'shows the URL in the lineage of what was made' 'rmv lineage a.csv >out; cat out; grep -E "url +$site/etag/a.csv: etag=" out; grep "The chain holds" out; rmv lineage --json a.csv | grep -F "$site/etag/a.csv"'
it 'lists it among the dependencies'               'rmv stage list --json | python3 -c "import json,sys; assert json.load(sys.stdin)[\"stages\"][0][\"deps\"] == [\"$site/etag/a.csv\"]"'
it 'does not run for another order of dependencies and comments' 'rmv repro -q; sed -i "s/^stages/# x\nstages/" rmv.yaml; rmv repro -q; runs 2'
it 'follows a redirect'                            'pipeline "$site/moved/a.csv"; rmv repro -q; runs 1; rmv repro -q; runs 1; echo three >"$www/a.csv"; rmv repro -q; runs 2'
it 'takes date and size where there is no ETag'    '
    pipeline "$site/dated/a.csv"; touch -d "2020-01-01 00:00:00 UTC" "$www/a.csv"; rmv repro -q; runs 1; grep "last_modified: Wed, 01 Jan 2020 00:00:00 GMT" rmv.lock; grep "size: 6" rmv.lock
    rmv repro -q; runs 1; touch -d "2020-01-02 00:00:00 UTC" "$www/a.csv"; says "last_modified Wed, 01 .* → Thu, 02 " rmv repro; runs 2
    echo longer >"$www/a.csv"; touch -d "2020-01-02 00:00:00 UTC" "$www/a.csv"; says "size 6 → 7" rmv repro; runs 3'
it 'asks for one byte where HEAD is refused'       'pipeline "$site/no-head/a.csv"; rmv repro -q; runs 1; grep "size: 7" rmv.lock; rmv repro -q; runs 1; pipeline "$site/deaf/a.csv"; rmv repro -q; runs 1; grep "size: 7" rmv.lock; pipeline "$site/shy/a.csv"; rmv repro -q; runs 1; grep "etag:" rmv.lock'
it 'asks once for all stages'                      '
    : >"$log"; printf "stages:\n  a: {cmd: echo a >a, deps: [%s/etag/a.csv], outs: [a]}\n  b: {cmd: echo b >b, deps: [a, %s/etag/a.csv], outs: [b]}\n" "$site" "$site" >rmv.yaml; rmv repro -q
    test "$(grep -c . "$log")" = 1'
it 'refuses what the server says nothing of'       'pipeline "$site/mute/a.csv"; exits 9 rmv repro; says "get.*rmv.yaml:4.*does not say whether .$site/mute/a.csv. changes" rmv repro; says "hint: .*always_changed" rmv repro; runs 0'
it 'names stage and URL of what is not there'      'pipeline "$site/etag/none.csv"; exits 3 rmv repro; says "stage .get. depends on a URL.*cannot get .$site/etag/none.csv.: HTTP status 404" rmv repro; runs 0; exits 1 rmv status -q; says "get.*HTTP status 404" rmv status'
it 'is made by stage add, too'                     'rm rmv.yaml; rmv stage add -q -n get -d "$site/etag/a.csv" -o got.csv "cp $www/a.csv got.csv"; rmv repro -q; test "$(cat got.csv)" = longer; rmv status -q'
it 'knows no other schemes'                        'for url in gs://b/k ssh://h/f hdfs://h/f remote://r/f ftp://h/f file:///etc/passwd; do pipeline $url; exits 9 rmv repro; says "rmv.yaml:4:12: .$url.: a dependency can be on http://, https://, s3:// and ds://, not on ${url%%:*}://" rmv repro; done; runs 0'
it 'refuses passwords, and does not repeat them'   'pipeline http://me:sesame@127.0.0.1/a; exits 10 rmv repro; says "http://127.0.0.1/a. is given with a user or a password" rmv repro; rmv repro >out 2>&1 || :; ! grep -E "sesame|me:" out; printf "stages:\n  a: {cmd: x, outs: [\"http://me:sesame@h/a\"]}\n" >rmv.yaml; exits 9 rmv repro; rmv repro >out 2>&1 || :; ! grep sesame out'
it 'refuses what is no URL'                        'for url in http:// "http://h/a b" http:///x; do pipeline "\"$url\""; exits 2 rmv repro; says "is no proper URL" rmv repro; done'

repository "$TEST_FOLDER/silent"
# How a server keeps silent: it takes the request, and answers once $state/silent is gone.
state=$TEST_FOLDER/state
asked() { for _ in $(seq 600); do grep -qs "/silent/$1" "$log" && return 0; sleep 0.05; done; echo "never asked for $1"; return 1; }
for name in b c d e; do cp "$www/a.csv" "$www/$name.csv"; done
printf '  ask:\n    cmd: echo asked >asked\n    deps: [%s/silent/b.csv]\n    outs: [asked]\n' "$site" | stages
it 'ends at once when it is interrupted while a server is silent' '
    : >"$state/silent"; env --default-signal=INT rmv repro >out 2>&1 & pid=$!; asked b.csv
    kill -INT $pid; exits 130 wait $pid; grep "interrupted before stage .ask." out; test ! -e asked
    test "$(grep -c "/silent/b.csv" "$log")" = 1 # so it did not wait for the end of an attempt'
it 'does so behind a stage that runs, and stops that' '
    printf "  ask:\n    cmd: echo asked >asked\n    deps: [%s/silent/c.csv]\n    outs: [asked]\n  run:\n    cmd: echo \$\$ >pid; sleep 60\n    outs: [never]\n" "$site" | stages
    env --default-signal=INT rmv repro -j2 >out 2>&1 & pid=$!; asked c.csv; wait_for pid
    kill -INT $pid; exits 130 wait $pid; is_gone $(cat pid); test ! -e asked'
it 'goes on with what runs, and with other stages, while a server is silent' '
    printf "  ask:\n    cmd: echo asked >asked\n    deps: [%s/silent/d.csv]\n    outs: [asked]\n  one:\n    cmd: echo 1 >one\n    outs: [one]\n  two:\n    cmd: cp one two; echo to be seen\n    deps: [one]\n    outs: [two]\n" "$site" | stages
    rm -f rmv.lock; rmv repro -j2 >out 2>&1 & pid=$!; asked d.csv; for _ in $(seq 600); do grep -q "Stage .ask. waits for the server of .$site/silent/d.csv." out && break; sleep 0.05; done; wait_for two; for _ in $(seq 600); do grep -q "^  two:" rmv.lock && break; sleep 0.05; done
    grep "to be seen" out; grep "waits for the server" out; grep "^  two:" rmv.lock; test ! -e asked; rm "$state/silent"; wait $pid; test "$(cat asked)" = asked; rmv status -q'
it 'has recorded what ended when it asks a server' '
    : >"$state/silent"; : >"$log"; printf "  a: {cmd: echo a >quick, outs: [quick]}\n  ask:\n    cmd: echo asked >asked\n    deps: [%s/silent/e.csv]\n    outs: [asked]\n" "$site" | stages
    rm -f rmv.lock; rmv repro -q & pid=$!; asked e.csv; cp rmv.lock seen || :; rm "$state/silent"; wait $pid; grep "^  a:" seen'
it 'asks for all of a silent server only once, and then lets the stages run' '
    : >"$state/silent"; : >"$log"; printf "  a: {cmd: echo a >a, deps: [%s/silent/e.csv], outs: [a]}\n  b: {cmd: echo b >b, deps: [%s/silent/e.csv], outs: [b]}\n" "$site" "$site" | stages
    rmv repro -q & pid=$!; asked e.csv; rm "$state/silent"; wait $pid; test -e a; test -e b; test "$(grep -c . "$log")" = 1'
rm -f "$state/silent"

cd "$TEST_FOLDER/main"
silent=http://127.0.0.1:1/a.csv # nobody listens there
pipeline $silent; printf '  other: {cmd: echo x >x, outs: [x]}\n' >>rmv.yaml
it 'names stage and URL when no server answers'    'exits 7 rmv repro get; says "stage .get. depends on a URL .rmv.yaml:4.: cannot get .$silent.: Connection refused" rmv repro get; runs 0'
it 'still says what became of other stages'        'exits 1 rmv status -q; says "get.*Connection refused" rmv status; says "other.*not run yet" rmv status'
it 'runs without a server what is frozen'          'rmv freeze get; rmv repro -q other; test -e x'
