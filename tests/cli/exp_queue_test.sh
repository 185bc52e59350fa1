#!/bin/sh
# The queue of experiments, and what is left when running them does not end well.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

experiment_project "$TEST_FOLDER/main"
it 'says that nothing is queued'              'rmv queue status | grep "Nothing is queued" && rmv exp run --run-all | grep "Nothing is queued"'
it 'queues and runs nothing'                  '
    rmv exp run --queue -n q -S train.rank=20,21,22 | grep "^Queued experiment q-3$" && test $(git for-each-ref refs/exps/queue | wc -l) = 3 && rmv queue status | grep -c Queued | grep 3 && test -z "$(rmv exp list)"'
it 'queues what is there now'                 'sed -i "s/other: 1/other: 5/" params.yaml; rmv exp run --queue -q -n late; git checkout -q params.yaml'
it 'refuses a name that waits'                'exits 4 rmv exp run --queue -n late && exits 4 rmv exp run -n late'
it 'lists the queue as JSON'                  'rmv queue status --json | python3 -c "import json,sys; l=json.load(sys.stdin); assert [t[\"name\"] for t in l]==[\"q-1\",\"q-2\",\"q-3\",\"late\"] or len(l)==4"'
it 'takes one off'                            'rmv queue remove q-2 | grep "Removed q-2" && exits 3 rmv queue remove q-2 && exits 2 rmv queue remove'
it 'refuses --run-all with a parameter'       'exits 2 rmv exp run --run-all -S other=1 && exits 2 rmv exp run --run-all train'
it 'runs all of it'                           '
    rmv exp run --run-all -j 2 >out; grep "Experiment late is done" out && in_experiment q-3 metrics.json | grep 44 && in_experiment late params.yaml | grep "other: 5" && ! git for-each-ref refs/exps/queue | grep . && test $(rmv queue status | grep -c Success) = 3; rm out'
it 'prints what an experiment printed'        'rmv queue logs q-3 | grep "training with 22" && exits 3 rmv queue logs none && exits 2 rmv queue logs ../q'
it 'moves what failed, and goes on'           '
    echo "test \$rank != 41" >>train.sh; rmv exp run -q --queue -n f -S train.rank=40,41,42; git checkout -q train.sh; exits 1 rmv queue start 2>err;
    rmv queue status | grep -E "f-2 .* Failed" && reference_of f-1 && reference_of f-3 && ! reference_of f-2 | grep -v failed && rmv queue logs f-2 | grep "exit status 1"; rm err'
it 'does not run it again'                    'rmv exp run --run-all | grep "Nothing is queued"'
it 'lists what was queued and is done, behind what failed and what waits, with the time it was queued' '
    rmv exp run -q -n plain -S train.rank=43; rmv exp run -q --queue -n later -S train.rank=44; rmv queue status >out; head -n 1 out | grep -E "^Task +Name +Created +Status$"; grep -E "^[0-9a-f]{7} +q-1 +20[0-9]{2}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2} +Success$" out
    test "$(sed -nE "s/^[0-9a-f]{7} .* //p" out | uniq | tr "\n" " ")" = "Queued Failed Success "; test "$(grep -oE " q-[0-9] " out | tr -d "\n")" = " q-1  q-3 "; test "$(grep -oE " f-[0-9] " out | tr -d "\n")" = " f-2  f-1  f-3 "; tail -n 1 out | grep "Nobody works on the queue"; rmv queue remove -q later; ! rmv queue status | grep Nobody; rm out'
it 'says in JSON what came of each'           '
    rmv queue status --json >out; q=$(git rev-parse $(reference_of q-1)) python3 -c "
import json, os, re
tasks = {t[\"name\"]: t for t in json.load(open(\"out\"))}
assert tasks[\"q-1\"][\"rev\"] == os.environ[\"q\"] and tasks[\"q-1\"][\"state\"] == \"Success\", tasks
assert tasks[\"f-2\"][\"rev\"] is None and tasks[\"f-2\"][\"state\"] == \"Failed\", tasks
assert all(re.fullmatch(\"20..-..-..T..:..:..Z\", t[\"created\"]) for t in tasks.values()), tasks
"; rm out'
it 'prints a log by the id of its task'       'id=$(rmv queue status | sed -n "s/ .*q-3 .*//p"); rmv queue logs "$id" | grep "training with 22"; rmv queue remove $id | grep "^Removed q-3$"; exits 3 rmv queue logs q-3; exits 3 rmv queue remove $id; reference_of q-3'
it 'moves one in the list that is renamed, with its log, and takes one off that is removed' '
    rmv exp rename -q f-1 first; rmv queue status | grep -E " first +.*Success" && ! rmv queue status | grep f-1; rmv queue logs first | grep "training with 40"; exits 3 rmv queue logs f-1; rmv exp remove -q first; ! rmv queue status | grep first; ! git for-each-ref | grep first'
it 'takes all off that are done, with their logs, and leaves the experiments and what failed' '
    rmv queue remove --success >out; grep "^Removed q-1$" out; grep "^Removed the log of plain$" out; ! grep f-2 out; exits 3 rmv queue logs q-1; reference_of q-1; reference_of f-3; ! rmv queue status | grep Success; rmv queue status | grep Failed; ! git for-each-ref refs/exps/done | grep .; rm out'
it 'forgets what failed'                      'rmv queue remove --failed | grep f-2 && rmv queue status | grep Nothing'
it 'lists a name once, as it ended last'      '
    run() { rmv exp run -q -f --queue -n again -S train.rank=$1; git checkout -q train.sh; rmv exp run -q --run-all 2>/dev/null || :; rmv queue status | sed -nE "s/.*again .* //p"; }
    test "$(run 1)" = Success; echo "exit 1" >>train.sh; test "$(run 2)" = Failed; rmv queue logs again | grep "exit status 1"; test "$(run 3)" = Success; rmv queue remove -q --all; rmv exp remove -q again'
it 'empties the queue with exp remove'        'rmv exp run -q --queue -S train.rank=1,2; rmv exp remove -q --queue && rmv queue status | grep Nothing'
it 'says that nobody works on the queue'      'rmv queue stop | grep Nobody'

cat >slow.sh <<'SH'
rank=$(sed -n 's/^ *rank: \([0-9]*\).*/\1/p' params.yaml)
echo $$ >>"$MARKS/started"; echo "$rank" >>"$MARKS/ranks"
for i in $(seq 150); do test -e "$MARKS/go" && break; sleep 0.1; done
echo "$rank" >out.txt
SH
printf 'stages:\n  slow:\n    cmd: sh slow.sh\n    deps: [slow.sh]\n    params: [train.rank]\n    outs: [out.txt]\n' >rmv.yaml
git add -A; git commit -qm slow
export MARKS="$TEST_FOLDER/marks"; mkdir "$MARKS"
fresh() { rm -f "$MARKS"/*; }

it 'shows what runs'                          '
    rmv exp run -q --queue -n s -S train.rank=1,2; rmv queue start -q & pid=$!; waits "test -e $MARKS/started"; rmv queue status >out; grep -E "s-1 .* Running" out && grep -E "s-2 .* Queued" out && grep "is being worked on" out;
    exits 8 rmv queue remove s-1 && exits 8 rmv queue start; touch $MARKS/go; ends 0 $pid && reference_of s-2; rm out'
it 'stops after what runs'                    '
    fresh; rmv exp run -q --queue -n t -S train.rank=3,4; rmv queue start -q & pid=$!; waits "test -e $MARKS/started"; rmv queue stop | grep "No further"; touch $MARKS/go; ends 0 $pid && reference_of t-1 && rmv queue status | grep -E "t-2 .* Queued"; rmv queue remove -q --all'
it 'stops no process of this machine for a queue that is worked on elsewhere' '
    fresh; rmv exp run -q --queue -n v -S train.rank=4; rmv queue start -q & pid=$!; waits "test -e $MARKS/started"; sleep 60 & bystander=$!; echo "$bystander elsewhere" >.rmstore/exps/runner
    exits 8 rmv queue stop --kill 2>err; grep "process $bystander on elsewhere" err && kill -0 $bystander; kill $bystander; touch $MARKS/go; ends 0 $pid; rmv exp remove -q v'
it 'stops what runs with --kill, and it waits again' '
    fresh; rmv exp run -q --queue -n u -S train.rank=5; rmv queue start -q 2>/dev/null & pid=$!; waits "test -e $MARKS/started"; rmv queue stop --kill | grep stopped; ends 130 $pid && ! kill -0 $(cat $MARKS/started) 2>/dev/null && rmv queue status | grep -E "u .* Queued" && test -z "$(ls .rmstore/exps/trees)"; rmv queue remove -q --all'
it 'runs several at once'                     '
    fresh; rmv exp run -q -j 3 -n v -S train.rank=6,7,8 & pid=$!; waits "test \$(wc -l <$MARKS/started) = 3"; touch $MARKS/go; ends 0 $pid && test "$(sort $MARKS/ranks | tr "\n" " ")" = "6 7 8 "'
for signal in INT TERM; do
    it "stops the children at SIG$signal, and leaves nothing" '
        fresh; n=$(experiments); git status --porcelain >../before; env --default-signal=INT rmv exp run -q -j 2 -S train.rank=11,12,13 2>../err & pid=$!; waits "test \$(wc -l <$MARKS/started) = 2"; kill -s '$signal' $pid;
        ends 130 $pid && for p in $(cat $MARKS/started); do ! kill -0 $p 2>/dev/null || exit 1; done; test -z "$(ls .rmstore/exps/trees)" && test $(git worktree list | wc -l) = 1 && test $(experiments) = $n &&
        git status --porcelain >../after && cmp ../before ../after && grep interrupted ../err'
done
it 'clears what a killed run left, at the next one' '
    fresh; n=$(experiments); rmv exp run -q -n w -S train.rank=14 & pid=$!; waits "test -e $MARKS/started"; kill -9 $pid; wait $pid 2>/dev/null || :; test $(experiments) = $n && ls .rmstore/exps/trees | grep "^w$" && touch $MARKS/go;
    kill $(cat $MARKS/started) 2>/dev/null || :; rmv exp run -q -n x -S train.rank=15 && test -z "$(ls .rmstore/exps/trees)" && test $(git worktree list | wc -l) = 1 && test $((n + 1)) = $(experiments)'
it 'leaves what another process runs alone'   '
    fresh; rmv exp run -q -n y -S train.rank=16 & pid=$!; waits "test -e $MARKS/started"; ls .rmstore/exps/trees | grep "^y$" && exits 1 rmv exp run -q nothing 2>/dev/null; rmv exp run -q -n z slow -S train.rank=14 -f & second=$!; waits "test \$(wc -l <$MARKS/started) = 2";
    test -d .rmstore/exps/trees/y; touch $MARKS/go; ends 0 $pid && ends 0 $second && reference_of y && reference_of z'

it 'runs on while gc removes what nobody needs' '
    fresh; rmv exp run -q -n during -S train.rank=17 & pid=$!; waits "test -e $MARKS/started"; rmv gc -q --repack --grace 0 >/dev/null; touch $MARKS/go; ends 0 $pid; rmv gc -q --repack --grace 0 >/dev/null; rmv exp apply -q during && test "$(cat out.txt)" = 17; git checkout -q .; git clean -fdq; rm -f out.txt'

it 'keeps what experiments lead to in gc'     '
    git checkout -q HEAD~1 -- rmv.yaml; rmv exp run -q -n kept -S train.rank=77; rm -rf .rmstore/runs; rmv gc -q --grace 0 >/dev/null; rmv exp apply -q kept && test "$(cat model/rank)" = 77 && rmv fsck >/dev/null'
it 'keeps what waits in gc'                   '
    echo more >raw/more; rmv exp run -q --queue -n waits; rm raw/more; rmv gc -q --grace 0 >/dev/null; rmv exp run -q --run-all && in_experiment waits raw.rmv | grep "nfiles: 3"'
it 'knows them as a scope of gc'               '
    git checkout -q HEAD -- . ; git clean -fdq; rm -rf model clean.txt .rmstore/runs; rmv gc -q --repack --all-experiments --grace 0 >/dev/null; id=$(in_experiment kept rmv.lock | grep -A1 "path: model" | sed -n "s/.*sha256: //p"); rmv cat --kind tree $id | grep rank'
it 'lets go of what removed experiments led to' '
    id=$(in_experiment kept rmv.lock | grep -A1 "path: model" | sed -n "s/.*sha256: //p"); git checkout -q HEAD -- . ; git clean -fdq; rm -rf model out.txt clean.txt .rmstore/runs; rmv exp remove -q -A; rmv gc --repack --grace 0 >/dev/null; exits 3 rmv cat --kind tree $id 2>/dev/null'
it 'refuses a task from elsewhere that leads out of the workspace' '
    task() { git update-ref refs/exps/queue/evil $(printf "rmv: x\n\n%s" "$1" | git commit-tree -p HEAD "HEAD^{tree}"); rmv queue start 2>err; cat err; ! reference_of evil | grep -v queue; };
    task "{\"rmv_experiment\": 1, \"prefix\": \".\", \"targets\": [], \"copied\": [\"../../secret\"]}"; grep -i "evil" err; task "{\"rmv_experiment\": 1, \"prefix\": \"../..\", \"targets\": [], \"copied\": []}"; grep -i "evil" err;
    task "{\"rmv_experiment\": 2, \"prefix\": \".\"}"; grep "newer version" err; task nothing; grep "no task" err; git update-ref -d refs/exps/queue/evil; rm err'
