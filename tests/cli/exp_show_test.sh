#!/bin/sh
# rmv exp show and rmv exp diff: what experiments have to show.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

python() { python3 -c "import json,sys; d=json.load(sys.stdin); $1"; }

experiment_project "$TEST_FOLDER/main"
it 'shows workspace and HEAD without any experiment' 'rmv exp show >out; grep "^workspace " out && grep "^main " out && test $(wc -l <out) = 3; rm out'
rmv exp run -q -n base
rmv exp run -q -n b -S train.rank=20
rmv exp run -q -n a -S train.rank=9
it 'shows a row for each experiment, below its commit' '
    rmv exp show >../out; cat ../out; sed -n 4,6p ../out | cut -d" " -f1-2 >../names; printf "├── a\n├── b\n└── base\n" | cmp - ../names && grep -E "^├── b  .* 40 +80 +20 +0.5 +1 +[0-9a-f]{7}" ../out'
it 'shows metrics, parameters and dependencies as columns' 'rmv exp show | head -n 1 | grep -E "^Experiment +Created +score +loss +train.rank +train.rate +other +train.sh +raw|^Experiment +Created +score +loss +train.rank +train.rate +other +raw +train.sh"'
it 'shows none for what the workspace has not run' 'rmv exp show | grep -E "^workspace +- +- +- +10 "'
it 'shows what the workspace has'             'rmv exp apply -q b; rmv exp show | grep -E "^workspace +- +40 +80 +20 "; git checkout -q .; git clean -fdq'
it 'sorts by a metric'                        'rmv exp show --sort-by score | sed -n "s/.*── \([a-z]*\) .*/\1/p" | tr "\n" " " | grep "^a base b $"'
it 'sorts the other way round'                'rmv exp show --sort-by metrics.json:score --sort-order desc | sed -n "s/.*── \([a-z]*\) .*/\1/p" | tr "\n" " " | grep "^b base a $"'
it 'names the nearest column'                 'says "there is no column .scor.; did you mean .score." rmv exp show --sort-by scor; exits 3 rmv exp show --sort-by scor'
it 'drops columns'                            'rmv exp show --drop "^train" --drop raw | head -n 1 >../out; ! grep -E "train|raw" ../out && grep other ../out'
it 'keeps columns'                            'rmv exp show --drop . --keep "rank$" | head -n 1 | grep -E "^Experiment +Created +train.rank$"'
it 'leaves out what is the same everywhere'   'rmv exp show --only-changed | head -n 1 | grep -E "^Experiment +Created +score +loss +train.rank$"'
it 'refuses what is no regular expression'    'exits 2 rmv exp show --drop "["'
it 'shows only parameters that stages depend on' 'rmv exp show --param-deps | head -n 1 >../out; grep train.rank ../out && ! grep -E "train.rate|other" ../out'
it 'hides the workspace and the time'         'rmv exp show --hide-workspace --no-timestamp >../out; ! grep workspace ../out && ! grep Created ../out'
it 'shows ids in place of names'              'rmv exp show --sha | grep "── $(git rev-parse --short=7 $(reference_of b))"'
it 'prints CSV'                               '
    rmv exp show --csv >../out; head -n 1 ../out | grep "^Experiment,rev,typ,Created,parent,score,loss," && grep -E "^b,[0-9a-f]{40},experiment,20[0-9TZ:-]+,$(git rev-parse HEAD),40,80,20,0.5,1," ../out'
it 'prints Markdown'                          'rmv exp show --md | sed -n 2p | grep -E "^\|-+\|-+\|"'
it 'prints JSON'                              '
    rmv exp show --json | python "w,m=d; assert w[\"rev\"]==\"workspace\"; e=m[\"experiments\"]; assert [x[\"name\"] for x in e]==[\"a\",\"b\",\"base\"]; assert e[1][\"data\"][\"metrics\"][\"metrics.json\"][\"data\"][\"score\"]==40 and e[1][\"data\"][\"params\"][\"params.yaml\"][\"data\"][\"train\"][\"rank\"]==20 and len(e[1][\"data\"][\"deps\"][\"raw\"][\"sha256\"])==64"'
it 'refuses two forms at once'                'exits 2 rmv exp show --csv --md && exits 2 rmv exp show --sort-order up && exits 2 rmv exp show x'
it 'shows the same without its cache'         'rmv exp show >../one; rm .rmstore/exps/results; rmv exp show >../two; cmp ../one ../two'
it 'reads commits again with --force'         'python3 - <<"PY"
import hashlib, re
head, body = open(".rmstore/exps/results").read().split("\n", 1)
body = body.replace("\"score\":40", "\"score\":41")
open(".rmstore/exps/results", "w").write(f"rmv-results 1 {hashlib.sha256(body.encode()).hexdigest()}\n{body}")
PY
    rmv exp show >../two; ! cmp -s ../one ../two; rmv exp show -f >../two; cmp ../one ../two; rmv exp show >../two; cmp ../one ../two'
it 'does not trust a damaged cache'           'sed -i "2s/40/41/" .rmstore/exps/results; rmv exp show >../two; cmp ../one ../two; echo junk >.rmstore/exps/results; rmv exp show >../two; cmp ../one ../two'
it 'names a column by its file where two have it' '
    printf "train:\n  rank: 3\n" >more.yaml; sed -i "s/params: .train.rank./params: [train.rank, more.yaml: [train.rank]]/" rmv.yaml; git add more.yaml; rmv exp run -q -n two; rmv exp show | head -n 1 | grep -E "params.yaml:train.rank.* more.yaml:train.rank|more.yaml:train.rank.* params.yaml:train.rank"; rmv exp remove -q two; git rm -qf more.yaml; git checkout -q .'
it 'shows what waits and what failed'         '
    rmv exp run -q --queue -n broken -S train.rank=50; echo "exit 1" >>train.sh; rmv exp run -q --queue -n failing; git checkout -q train.sh; exits 1 rmv exp run -q --run-all 2>/dev/null; rmv exp run -q --queue -n waiting -S train.rank=60;
    rmv exp show >../out; grep -E "── waiting +[0-9: -]+ +Queued +- +- +60 " ../out && grep -E "── failing +[0-9: -]+ +Failed +- +- +10 " ../out && ! rmv exp show --hide-failed --hide-queued | grep -E "waiting|failing"; rmv queue remove -q --all; rmv exp remove -q broken'

it 'shows metrics that rmv stores'            '
    sed -i "s/- metrics.json: .*/- metrics.json/" rmv.yaml; rmv exp run -q -n stored -S train.rank=33; ! in_experiment stored metrics.json 2>/dev/null; rmv exp show | grep -E "── stored .* 66 +67 +33 "; git checkout -q rmv.yaml; rmv exp remove -q stored'

it 'compares two experiments'                 '
    rmv exp diff b a >../out; grep -E "^metrics.json +score +40 +18 +-22$" ../out && grep -E "^params.yaml +train.rank +20 +9 +-11$" ../out && ! grep other ../out'
it 'compares one with the workspace'          'rmv exp diff b | grep -E "train.rank +20 +10 +-10"'
it 'compares with any revision'               'rmv exp diff HEAD b | grep -E "score +- +40 +-"'
it 'takes its name for a revision elsewhere, too' '
    rmv metrics diff b a | grep -E "score +40 +18 +-22" && rmv params diff b a | grep -E "train.rank +20 +9"
    rmv metrics show --rev b >../out; cat ../out; grep -E "score +40" ../out
    rmv diff b a >../out; cat ../out; grep -E "^modified +model/rank" ../out; rmv diff b >../out; cat ../out; grep -E "^deleted +model/rank" ../out
    test -z "$(rmv diff b a -- raw)"; rmv du b a | grep model; exits 3 rmv metrics diff nothing; exits 3 rmv metrics show --rev nothing'
it 'takes a path for a path, whatever experiments are called' '
    rmv exp rename -q a raw; rmv diff raw >../out; rmv exp rename -q raw a; cat ../out; test ! -s ../out'
it 'shows all else where one file is broken' '
    cp train.sh ../kept; printf "echo \"{\" >metrics.json\n" >>train.sh; rmv exp run -q -n broken -S train.rank=44; cp ../kept train.sh; touch -d 2020-01-01 train.sh
    rmv exp show >../out 2>../err; cat ../out; grep -E "── broken +20[0-9: -]+ +- +- +44 +0.5 " ../out && grep -E "warning: [0-9a-f]{7}: metrics.json:" ../err; rmv exp remove -q broken'
it 'prints nothing where nothing differs'     'test -z "$(rmv exp diff)" && test -z "$(rmv exp diff b b)"'
it 'prints all with --all'                    'rmv exp diff b a --all | grep -E "other +1 +1"'
it 'prints differences as JSON and Markdown'  'rmv exp diff b a --json | python "assert d[\"metrics\"][\"metrics.json\"][\"score\"]=={\"old\":40,\"new\":18,\"diff\":-22} and d[\"params\"][\"params.yaml\"][\"train.rank\"][\"new\"]==9" && rmv exp diff b a --md | grep "^| metrics.json | score"'
it 'names what is neither an experiment nor a revision' 'says "neither an experiment nor a revision" rmv exp diff nothing; exits 3 rmv exp diff nothing && exits 2 rmv exp diff a b a'

rmv exp apply -q b; git add -A; git commit -qm second; git tag v2
it 'shows those of HEAD'                      'rmv exp show | grep -c "──" | grep -v . || test "$(rmv exp show | grep -c ──)" = 0'
it 'shows those of older commits'             'test $(rmv exp show -n 2 | grep -c ──) = 3 && test $(rmv exp show --rev HEAD~1 | grep -c ──) = 3 && test $(rmv exp show -A | grep -c ──) = 3'
it 'shows branches and tags'                  'git branch old HEAD~1; rmv exp show -a >../out; grep "^old " ../out && test $(grep -c ── ../out) = 3 && rmv exp show -T | grep -E "^(main|v2) "'
it 'names a revision that is none'            'exits 3 rmv exp show --rev no-such'
it 'shows a commit that cannot be read as such, and the others' '
    echo "stages: [" >rmv.yaml; git commit -qam bad; rmv exp show -n 3 >../out 2>../err; grep -E "^main .* ! +!" ../out && grep -E "── b .* 40 " ../out && grep "rmv.yaml" ../err'
