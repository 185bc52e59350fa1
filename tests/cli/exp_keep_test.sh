#!/bin/sh
# What is done with experiments once they ran: apply, list, branch, rename, save, remove, push, pull.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

experiment_project "$TEST_FOLDER/main"
rmv exp run -q -n twenty -S train.rank=20
rmv exp run -q -n thirty -S train.rank=30

it 'lists experiments under their baseline'   'rmv exp list >out; head -n 1 out | grep "^main:$" && grep -E "^    [0-9a-f]{7} \[twenty\]$" out; rm out'
it 'lists names or ids alone'                 'test "$(rmv exp list --name-only)" = "thirty
twenty" && rmv exp list --sha-only | grep "$(git rev-parse $(reference_of twenty))"'
it 'lists as JSON'                            'rmv exp list --json | python3 -c "import json,sys; d=json.load(sys.stdin); e,=d.values(); assert [x[\"name\"] for x in e]==[\"thirty\",\"twenty\"]"'

it 'applies an experiment: parameters, lock, metrics and data' '
    rmv exp apply twenty >out; grep "^written  params.yaml$" out && grep "rank: 20 # columns" params.yaml && grep 40 metrics.json && test "$(cat model/rank)" = 20 && rm out && rmv status -q'
it 'leaves HEAD and the index alone'          'git diff --cached --exit-code && test "$(git branch --show-current)" = main'
it 'needs no run afterwards'                  'rmv repro | grep "Everything is up to date"'
it 'applies another one over it'              'rmv exp apply -q thirty && grep "rank: 30" params.yaml && test "$(cat model/rank)" = 30 && rmv status -q'
it 'applies the same one again'               'rmv exp apply -q thirty && rmv status -q'
it 'applies by the start of a commit id'      'rmv exp apply -q $(git rev-parse --short=8 $(reference_of twenty)) && test "$(cat model/rank)" = 20'
it 'prints JSON'                              'rmv exp apply --json thirty | python3 -c "import json,sys; d=json.load(sys.stdin); assert d[\"name\"]==\"thirty\" and \"params.yaml\" in d[\"written\"]"'
it 'refuses to replace a change that nothing keeps, and lists it' '
    echo "# mine" >>params.yaml; exits 4 rmv exp apply twenty 2>err; grep "^    params.yaml$" err && grep "exp save" err && grep "# mine" params.yaml && grep "rank: 30" params.yaml && test "$(cat model/rank)" = 30; rm err'
it 'replaces it once it is saved'             'rmv exp save -q -n mine && rmv exp apply -q twenty && ! grep "# mine" params.yaml && rmv exp apply -q mine && grep "# mine" params.yaml && rmv exp apply -q twenty'
it 'replaces it with --force'                 'echo "# mine" >>params.yaml; rmv exp apply -q --force thirty && ! grep "# mine" params.yaml'
it 'replaces what a repro left, which the run cache has' '
    sed -i "s/rank: 30/rank: 20/" params.yaml; rmv repro -q; rmv exp apply -q thirty && test "$(cat model/rank)" = 30'
it 'keeps files that neither HEAD nor the experiment knows' 'echo n >notes; echo s >staged; git add staged; rmv exp apply -q twenty; test -e notes && test -e staged && git diff --cached --name-only | grep staged; git rm -qf staged; rm notes'
it 'refuses over data that nobody saved'      'echo precious >model/rank; exits 4 rmv exp apply thirty && test "$(cat model/rank)" = precious && grep "rank: 20" params.yaml'
it 'gives it up with --force'                 'rmv exp apply -q -f thirty && test "$(cat model/rank)" = 30'
it 'names the nearest experiment'             'says "there is no experiment .thrity.; did you mean .thirty." rmv exp apply thrity; exits 3 rmv exp apply thrity'
it 'takes an applied experiment back with git' '
    git add -A && git commit -qm thirty && rmv status -q && git diff HEAD $(reference_of thirty) --exit-code'
it 'lists those of older commits with --num, --rev and -A' '
    test -z "$(rmv exp list)" && rmv exp list -n 2 | grep twenty && rmv exp list --rev HEAD~1 | grep twenty && rmv exp list -A | grep twenty && rmv exp list -n -1 | grep twenty'
it 'applies one of an older commit'           'rmv exp apply -q twenty && test "$(cat model/rank)" = 20 && git checkout -q . && rmv checkout -q'
it 'names an unknown revision'                'says "no-such" rmv exp list --rev no-such; exits 3 rmv exp list --rev no-such'
it 'brings back what the experiment has and HEAD does not, and removes what it lacks' '
    git rm -q train.sh; echo new >new.txt; git add new.txt; git commit -qm other; rmv exp apply -q twenty; test -e train.sh && ! test -e new.txt; git checkout -q .; rm train.sh'
git reset -q --hard HEAD~1; rmv checkout -q

it 'makes a branch'                           'rmv exp branch twenty wider && test "$(git rev-parse wider)" = "$(git rev-parse $(reference_of twenty))" && rmv exp branch -q twenty && git rev-parse -q --verify twenty-branch'
it 'refuses a branch that is there'           'exits 1 rmv exp branch twenty wider && exits 2 rmv exp branch twenty -f'
it 'renames'                                  'rmv exp rename twenty zwanzig && reference_of zwanzig && ! reference_of twenty && rmv exp rename -q zwanzig twenty'
it 'refuses to rename to what is there'       'exits 4 rmv exp rename twenty thirty && exits 2 rmv exp rename twenty "a b" && exits 3 rmv exp rename none some; reference_of twenty'
it 'replaces with --force'                    'rmv exp run -q -n spare; rmv exp rename -q -f spare spare2 && reference_of spare2'

it 'saves the workspace without running'      '
    sed -i "s/rank: 30/rank: 99/" params.yaml; echo i >inside; echo o >outside; rmv exp save -n saved -I inside -m "by hand" | grep "^Experiment saved is saved: " &&
    in_experiment saved params.yaml | grep "rank: 99" && in_experiment saved inside && ! in_experiment saved outside 2>/dev/null && git log -1 --format=%s $(reference_of saved) | grep "by hand" && git status --porcelain | grep "?? inside"'
it 'refuses to save under a name that is taken' 'exits 4 rmv exp save -n saved && rmv exp save -q -f -n saved && exits 3 rmv exp save -I none && exits 3 rmv exp save x && exits 2 rmv exp save model 2>err; grep "made by stage .train." err; rm err; git checkout -q .; rm inside outside'
it 'saves changes of the data that is named, and of no other' '
    mkdir more; echo 1 >more/x; rmv add -q more; git add -A; git commit -qm more; echo 2 >raw/c; echo 2 >more/y; rmv exp save -q -n part more; in_experiment part more.rmv | grep "nfiles: 2"; in_experiment part raw.rmv >pointer; cmp pointer raw.rmv
    rmv exp save -q -n pointed -r raw.rmv; in_experiment pointed more.rmv | grep "nfiles: 1"; ! in_experiment pointed raw.rmv | cmp -s - raw.rmv; rmv exp save -q -n whole; ! in_experiment whole raw.rmv | cmp -s - raw.rmv; in_experiment whole more.rmv | grep "nfiles: 2"; git diff --quiet more.rmv raw.rmv
    rmv exp remove -q part pointed whole; rm raw/c pointer; git reset -q --hard HEAD~1; rm -r more'

git init -q --bare ../remote.git; git remote add origin ../remote.git; git push -q origin main
it 'pushes to a Git remote, and says that data stays' '
    rmv exp push -A origin twenty >out; grep "Pushed experiment twenty" out && grep "Data did not" out && git -C ../remote.git for-each-ref | grep "refs/exps/.*/twenty$"; rm out'
it 'pushes those of HEAD'                     'rmv exp push -q origin && git -C ../remote.git for-each-ref | grep -c refs/exps/ | grep "^3$"'
it 'pushes all, and again'                    'rmv exp push -q -A origin && rmv exp push -q -A origin && test $(git -C ../remote.git for-each-ref | grep -c refs/exps/) = $(experiments)'
it 'lists what a remote has'                  'rmv exp list -A origin | grep thirty && rmv exp list --name-only origin | grep saved'
it 'pulls into a clone'                       '
    git clone -q ../remote.git ../clone && cd ../clone && test $(experiments) = 0 && rmv exp pull origin saved | grep "Pulled experiment saved" && test $(experiments) = 1 && rmv exp pull -q -A origin && in_experiment twenty params.yaml | grep "rank: 20"'
it 'pulls by pattern, and names what is not there' 'cd ../clone; rmv exp remove -q -A; rmv exp pull -q origin "t*" && test $(experiments) = 2 && exits 3 rmv exp pull origin nothing'
it 'says which data an experiment lacks'      'cd ../clone; exits 3 rmv exp apply -f twenty 2>err; cat err; grep -E "model|raw|clean" err'
it 'refuses a remote that is none'            'exits 1 rmv exp push nowhere && exits 1 rmv exp pull nowhere && exits 2 rmv exp push && exits 2 rmv exp list --rev main -x'
it 'removes from a remote'                    'rmv exp remove -g origin twenty | grep "Removed twenty from origin" && ! git -C ../remote.git for-each-ref | grep twenty$ && exits 3 rmv exp remove -g origin twenty && reference_of twenty'

it 'removes by name and pattern'              'rmv exp run -q -n sw -S train.rank=1,2; rmv exp remove twenty "sw-*" >out; grep "Removed experiment sw-2" out && ! reference_of twenty && reference_of thirty; rm out'
it 'removes nothing if one is not there'      'exits 3 rmv exp remove thirty nothing; reference_of thirty'
it 'removes those of a revision'              'rmv exp remove -q --rev HEAD && test -z "$(rmv exp list)" && reference_of thirty'
it 'removes all but some'                     'rmv exp run -q -n new1; rmv exp run -q -n new2; rmv exp remove -q -A --keep new2 thirty && test $(experiments) = 2'
it 'removes all'                              'rmv exp remove -q -A && test $(experiments) = 0 && exits 2 rmv exp remove'
