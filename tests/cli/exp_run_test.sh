#!/bin/sh
# rmv exp run: variations of a pipeline, run beside the workspace and kept without a branch.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

state() { # everything that a user could miss: files, their times, Git's index, references and HEAD
    find . \( -path ./.git -o -path ./.rmstore \) -prune -o -type f -printf '%p %T@ %i\n' -exec sha256sum {} + | sort
    git status --porcelain; git rev-parse HEAD; git for-each-ref refs/heads refs/tags; git worktree list; sha256sum .git/index
}
it 'refuses to run outside Git' '
    mkdir none && cd none && rmv init -q --no-scm && says "this is no Git repository" rmv exp run && exits 2 rmv exp run'
it 'refuses to run without a commit' 'repository empty && says "there is none yet" rmv exp run && exits 3 rmv exp run'

experiment_project "$TEST_FOLDER/main"
it 'runs the pipeline and says which experiment it is' '
    state >../before; rmv exp run -n first >out && grep "^Experiment first is done: [0-9a-f]\{7\}$" out && grep "^training with 10$" out && rm out'
it 'leaves the workspace as it was'           'state >../after; diff ../before ../after'
it 'leaves no work tree behind'               'test -z "$(ls .rmstore/exps/trees)" && ! ls .rmstore/exps/index-* 2>/dev/null'
it 'makes one commit on top of HEAD, under refs/exps' '
    base=$(git rev-parse HEAD); ref=refs/exps/$(echo $base | cut -c1-2)/$(echo $base | cut -c3-)/first;
    test "$(git rev-parse $ref^)" = $base && test $(experiments) = 1'
it 'records lock file, metrics and .gitignore' '
    in_experiment first rmv.lock | grep -q train.rank && in_experiment first metrics.json | grep -q 20 && in_experiment first .gitignore | grep -q /model'
it 'stores the data it made'                  '
    id=$(in_experiment first rmv.lock | grep -A1 "path: model" | sed -n "s/.*sha256: //p"); rmv cat --kind tree $id | grep rank'
it 'keeps what it printed in a log'           'grep "training with 10" .rmstore/exps/logs/first.log'
it 'sets a parameter and keeps the comments'  '
    rmv exp run -q -n twenty -S train.rank=20 && in_experiment twenty params.yaml | grep "^  rank: 20 # columns$" && in_experiment twenty metrics.json | grep 40'
it 'does not touch the parameters of the workspace' 'git diff --exit-code'
it 'restores from the run cache what did not change' '
    rmv exp run -n again -S train.rank=20 | grep "Restored stage .train.: from the run cache"'
it 'lets the workspace restore what an experiment ran' '
    sed -i "s/rank: 10/rank: 20/" params.yaml; rmv repro | grep "Restored stage .train. from the run cache"; git checkout -q params.yaml; rmv repro -q; git checkout -q .gitignore; rm -f rmv.lock metrics.json'
it 'sets parameters of other files'           'rmv exp run -q -n deep -S model.json:depth=7 -S other=2 && in_experiment deep model.json | grep "\"depth\": 7" && in_experiment deep params.yaml | grep "other: 2"'
it 'adds, sets and removes parameters'        '
    rmv exp run -q -n shape -S +train.new.x=1 -S ++other=5 -S "~train.rate" && in_experiment shape params.yaml >out; grep "x: 1" out && grep "other: 5" out && ! grep rate out; rm out'
it 'takes values as YAML'                     'rmv exp run -q -n yaml -S "other=[1, two, 3.5]" && in_experiment yaml params.yaml | grep -F "other: [1, \"two\", 3.5]"'

number_before=$(experiments)
it 'runs one experiment per value'            '
    rmv exp run -q -S train.rank=30,31 -S "other=range(1,3)"; test $(experiments) = $((number_before + 4))'
it 'runs several at once'                     '
    n=$(experiments); rmv exp run -j 3 -n sweep -S "train.rank=choice(40, 41, 42)" >out; test $(experiments) = $((n + 3)) &&
    test "$(in_experiment sweep-1 metrics.json; in_experiment sweep-3 metrics.json)" = "{\"score\": 80, \"loss\": 60}
{\"score\": 84, \"loss\": 58}" && grep "^\[sweep-2\] Running stage .train." out; rm out'
it 'invents names of two words'               'rmv exp run | grep -E "^Experiment [a-z]+-[a-z]+ is done"'
it 'prints JSON with --json'                  '
    rmv exp run --json -n doc 2>err | python3 -c "import json,sys; e, = json.load(sys.stdin); assert e[\"name\"] == \"doc\" and e[\"state\"] == \"Success\" and len(e[\"rev\"]) == 40"; rm err'
it 'says what its commit is to say'           'rmv exp run -q -n told -m "higher and wider" && git log -1 --format=%s $(reference_of told) | grep "^higher and wider$"'

it 'changes TOML, Python and INI files, and nothing else in them' '
    printf "# how\n[net]\ndepth = 3   # deep\nrate = 1_0.5\n" >net.toml; printf "import os\nclass Net:\n    seed = 7  # seed\n" >net.py; printf "; how\n[net]\nwide: 1\n" >net.ini
    git add -A; git commit -qm formats
    rmv exp run -q --name formats -S net.toml:net.depth=4 -S +net.toml:net.more=x -S net.py:Net.seed=8 -S net.ini:net.wide=2 -S net.ini:+shop.open=true
    git diff --unified=0 HEAD "$(git for-each-ref --format="%(objectname)" "refs/exps/*/*/formats" | head -1)" -- net.toml net.py net.ini | grep -E "^[-+][^-+]" >changed; cat changed
    printf "%s\n" "-wide: 1" "+wide: 2" "+[shop]" "+open = true" "-    seed = 7  # seed" "+    seed = 8  # seed" "-depth = 3   # deep" "+depth = 4   # deep" "+more = \"x\"" >wanted
    diff changed wanted; grep -q "depth = 3" net.toml'
it 'refuses what such a file cannot say'          'exits 9 rmv exp run -S net.toml:net.depth=null; says ".net.depth. cannot be set to that" rmv exp run -S net.toml:net.depth=null; exits 3 rmv exp run -S net.py:Net.sed=1; says "did you mean .Net.seed." rmv exp run -S net.py:Net.sed=1; exits 9 rmv exp run -S net.ini:net.wide="[1]"'
rmv exp remove -q formats; rm -f changed wanted; git reset -q --hard HEAD~1

n=$(experiments)
it 'refuses a parameter that is not there, and names the nearest' '
    says "no parameter .train.rnk.; did you mean .train.rank." rmv exp run -S train.rnk=1; exits 3 rmv exp run -q -S train.rnk=1'
it 'refuses a file that is not there'         'exits 3 rmv exp run -S none.yaml:a=1'
it 'refuses to add what is there'             'exits 4 rmv exp run -S +other=1'
it 'refuses what is no parameter'             'exits 2 rmv exp run -S other && exits 2 rmv exp run -S "=1"'
it 'refuses a file outside the workspace'     'exits 10 rmv exp run -S ../p.yaml:a=1'
it 'refuses a name that is taken'             'says "there is an experiment .first. already" rmv exp run -n first; exits 4 rmv exp run -n first'
it 'refuses a name that Git would not take'   'exits 2 rmv exp run -n "a b" && exits 2 rmv exp run -n ../a'
it 'refuses numbers of jobs that are none'    'exits 2 rmv exp run -j 0'
it 'refuses what excludes each other'         'exits 2 rmv exp run -P prep && exits 2 rmv exp run -k --ignore-errors && exits 2 rmv exp run -s'
it 'made nothing of all that'                 'test $(experiments) = $n && test -z "$(ls .rmstore/exps/trees)"'
it 'replaces an experiment with --force'      '
    old=$(git rev-parse $(reference_of first)); rmv exp run -q -f -n first -S other=9; test $(experiments) = $n && test "$old" != "$(git rev-parse $(reference_of first))"'

it 'takes along what is not committed yet'    '
    sed -i "s/training/learning/" train.sh; sed -i "s/^other: 1/other: 77/" params.yaml;
    rmv exp run -n dirty -S train.rank=11 | grep "learning with 11" && in_experiment dirty params.yaml | grep "other: 77" && in_experiment dirty train.sh | grep learning && git diff --name-only | tr "\n" " " | grep "^params.yaml train.sh $"'
it 'takes along what is only in the index'    'echo new >new.txt; git add new.txt; rmv exp run -q -n staged; in_experiment staged new.txt | grep new; git rm -qf new.txt'
it 'does not take along what Git does not track' '
    echo x >loose.txt; rmv exp run -q -n bare; ! in_experiment bare loose.txt 2>/dev/null; test -e loose.txt'
it 'copies what --copy-paths names'           '
    mkdir -p extra/in; echo seed >extra/in/seed; printf "stages:\n  s:\n    cmd: cat extra/in/seed loose.txt >o\n    outs: [o]\n" >rmv.yaml;
    exits 1 rmv exp run -q -n lacks; rmv exp run -q -n copies -C extra -C loose.txt && ! in_experiment copies loose.txt 2>/dev/null; git checkout -q .; rm -r extra loose.txt'
it 'takes along pipelines and locks that Git does not track' '
    mkdir sub; printf "stages:\n  t:\n    cmd: echo t >o\n    outs: [o]\n" >sub/rmv.yaml; (cd sub; rmv exp run -q -n below) && in_experiment below sub/rmv.lock | grep -q "path: o" && ! in_experiment below rmv.lock 2>/dev/null; rm -r sub'
it 'stores data that changed, and leaves its pointer alone' '
    echo 9 >raw/c; rmv exp run -q -n moredata; git diff --exit-code raw.rmv && in_experiment moredata raw.rmv | grep "nfiles: 3" && rm raw/c &&
    id=$(in_experiment moredata raw.rmv | sed -n "s/.*sha256: //p"); rmv cat --kind tree $id | grep " c$"'
it 'runs targets alone'                       'rmv exp run -n prep prep >out; ! grep train out && in_experiment prep rmv.lock | grep prep; rm out'
it 'names a target that does not exist'       'says "nothing" rmv exp run nothing; exits 1 rmv exp run nothing'

it 'records nothing of a failure, but says why and keeps the log' '
    n=$(experiments); echo "exit 3" >>train.sh; exits 1 rmv exp run -n broken 2>err; grep "experiment .broken. failed: stage .train. failed: exit status 3" err;
    test $(experiments) = $n && test -z "$(ls .rmstore/exps/trees)" && grep "exit status 3" .rmstore/exps/logs/broken.log; git checkout -q train.sh; rm err'
it 'goes on with the others after a failure'  '
    n=$(experiments); printf "test \$rank != 21\n" >>train.sh; exits 1 rmv exp run -q -S train.rank=20,21,22; test $(experiments) = $((n + 2)); git checkout -q train.sh'
it 'keeps what came out with --ignore-errors' '
    echo "exit 3" >>train.sh; rmv exp run -q -n half --ignore-errors 2>/dev/null; in_experiment half rmv.lock | grep "prep:" && ! in_experiment half rmv.lock | grep "train:"; git checkout -q train.sh'
it 'refuses to run in the middle of a merge'  '
    git checkout -qb a; echo a >f; git add f; git commit -qm a; git checkout -q main; git checkout -qb b; echo b >f; git add f; git commit -qm b; git merge -q a >/dev/null 2>&1 || :;
    exits 4 rmv exp run; git merge --abort; git checkout -q main'

it 'runs in a linked work tree'               'git worktree add -q ../linked main --detach; cd ../linked; rmv checkout -q; rmv exp run -q -n linked; in_experiment linked metrics.json | grep 20'
it 'runs in a workspace below the top'        '
    mkdir ../top && cd ../top && git init -q . && mkdir ws && cd ws && rmv init -q && printf "a: 1\n" >params.yaml && printf "stages:\n  s:\n    cmd: cp params.yaml o\n    params: [a]\n    outs: [o]\n" >rmv.yaml &&
    git add -A .. && git commit -qm one && rmv exp run -q -n deep -S a=2 && in_experiment deep ws/rmv.lock | grep "a: 2" && in_experiment deep ws/params.yaml | grep "a: 2" && git -C .. diff --exit-code'
it 'runs with a store elsewhere, and leaves no trace in its register' '
    experiment_project ../else; mkdir ../store; rmv config --local cache.dir ../store; rmv add -q raw; rmv exp run -q -n far; test "$(ls ../store/users | wc -l)" = 1 && in_experiment far metrics.json | grep 20 && rmv gc --grace 0 >/dev/null'
it 'gives links where the workspace has links' '
    experiment_project ../links; rmv config --local cache.type symlink; rmv exp run -q -n linked && in_experiment linked metrics.json | grep 20'
