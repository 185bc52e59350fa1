#!/bin/sh
# Experiments that are only looked at, or asked about, before they run.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

experiment_project "$TEST_FOLDER/main"
is_untouched() { # no experiment, log, work tree or change came of it
    git status --porcelain >../after && cmp ../before ../after && test "$(experiments)" = "$n" && test "$(ls .rmstore/exps/logs 2>/dev/null | wc -l)" = "$logs" && test -z "$(ls .rmstore/exps/trees)" && test "$(git worktree list | wc -l)" = 1
}
remember() { git status --porcelain >../before; n=$(experiments); logs=$(ls .rmstore/exps/logs 2>/dev/null | wc -l); }

it 'says what would run, and makes nothing of it' '
    remember; rmv exp run --dry -S train.rank=20 >out; grep "^Would run stage .prep.: not run yet" out; grep "^Would run stage .train.: not run yet; after" out; rm out; is_untouched'
it 'says it of each experiment of a sweep'        '
    remember; rmv exp run --dry -j 4 -n s -S train.rank=20,21 >out; test "$(grep "^Dry run of" out | tr "\n" ,)" = "Dry run of experiment s-1,Dry run of experiment s-2," && grep -c "^Would run stage .prep" out | grep 2; rm out; is_untouched'
rmv exp run -q -n base; rmv exp apply -q base; git add -A; git commit -qm base
it 'sees the parameters of the experiment'        '
    remember; rmv exp run --dry -S train.rank=12 >out; grep "train.rank 10 → 12" out; ! grep prep out; rm out; is_untouched'
it 'says that nothing would run'                  'rmv exp run --dry | grep "Everything is up to date"'
it 'says it in JSON'                              '
    rmv exp run --dry -q --json -n d -S train.rank=12,13 | python3 -c "import json,sys; l=json.load(sys.stdin); assert [t[\"name\"] for t in l]==[\"d-1\",\"d-2\"] and all(t[\"state\"]==\"Dry run\" and t[\"rev\"] is None and [s[\"stage\"] for s in t[\"stages\"]]==[\"train\"] for t in l), l; assert \"10 → 13\" in l[1][\"stages\"][0][\"reason\"]"'
it 'refuses what a run would refuse'              'remember; exits 3 rmv exp run --dry -S none=1; exits 4 rmv exp run -q -n b2 && exits 4 rmv exp run --dry -n b2; rmv exp remove -q b2; rm .rmstore/exps/logs/b2.log; is_untouched'
it 'refuses a dry run of what is queued'          'exits 2 rmv exp run --dry --queue && exits 2 rmv exp run --dry --run-all && exits 2 rmv exp run -i --queue && exits 2 rmv exp run -i --run-all'

it 'asks before each stage that changed'          'printf "y\n" | rmv exp run -i -n yes -S train.rank=30 2>err; grep "Run stage .train. (changed: params.yaml: train.rank 10 → 30)?" err && in_experiment yes metrics.json | grep 60; rm err'
it 'runs the rest after all'                      'printf "a\n" | rmv exp run -i -f -n all -S train.rank=31,32 2>err; grep -o "Run stage" err | wc -l | grep "^1$"; reference_of all-1 && reference_of all-2; rm err'
it 'makes no experiment of a stage that is declined' 'remember; printf "n\n" | exits 1 rmv exp run -i -n no -S train.rank=33 2>err; grep "declined: .train." err; ! reference_of no; rm .rmstore/exps/logs/no.log err; is_untouched'
it 'stops at q, and runs no other'                'remember; printf "q\n" | exits 130 rmv exp run -i -n quit -S train.rank=34,35 2>err; grep "stopped before stage .train.; 0 of 2" err; grep -o "Run stage" err | wc -l | grep "^1$"; rm .rmstore/exps/logs/quit-1.log err; is_untouched'
it 'stops where nobody answers'                   'exits 130 rmv exp run -i -n quit -S train.rank=34 </dev/null 2>err; grep "no answer" err; rm err'
it 'asks one at a time'                           'exits 2 rmv exp run -i -j 2 && exits 2 rmv exp run -i --stage-jobs 2'
it 'takes what has no effect'                     'rmv exp run -q --no-commit --glob --temp -n plain -S train.rank=36 "tr*" && rmv exp apply -q -f plain && test "$(cat model/rank)" = 36'
