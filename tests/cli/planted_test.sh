#!/bin/sh
# Links that a clone may bring along: nothing where they lead is cleared, or written to.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

experiment_project "$TEST_FOLDER/main"
mkdir -p ../mine/folder; echo precious >../mine/folder/file; echo precious >../mine/index-4194305-1
plant() { # plant <path in .rmstore>: a symbolic link there to what is mine
    rm -rf .rmstore/exps; mkdir -p "$(dirname ".rmstore/$1")"; ln -s "$TEST_FOLDER/mine" ".rmstore/$1"
}
is_whole() { test "$(find ../mine | wc -l)" -eq 4 && grep -q precious ../mine/folder/file; }

it 'refuses a symbolic link as the folder of experiments' \
    'plant exps; exits 10 rmv exp run -n one && says "exps. is or goes through a symbolic link" rmv exp run && is_whole'
it 'refuses one as the folder of work trees, and clears nothing behind it' \
    'plant exps/trees; exits 1 rmv exp run -n one && says "trees. is or goes through a symbolic link" rmv exp run && is_whole'
it 'writes no log through one' 'plant exps/logs; rmv exp run -q -n one; is_whole'
it 'takes a link among the work trees away, and not where it leads' '
    plant exps/trees/other; git worktree add -q ../wt; ln -s "$TEST_FOLDER/wt" .rmstore/exps/trees/wt
    rmv exp run -q -n two -S train.rank=3; is_whole && test -e ../wt/params.yaml && test -z "$(ls .rmstore/exps/trees)"'
it 'refuses locks of stages behind one' \
    'rm -rf .rmstore/runs; mkdir .rmstore/runs; ln -s "$TEST_FOLDER/mine" .rmstore/runs/locks; exits 10 rmv repro; is_whole'
it 'applies no settings of a machine, and no state of rmv, that an experiment brings' '
    rm -rf .rmstore/runs; for file in .rmstore/config.local .rmstore/runs/index sub/.RMSTORE/config; do
        blob=$(echo planted | git hash-object -w --stdin); export GIT_INDEX_FILE="$TEST_FOLDER/index"; git read-tree HEAD; git update-index --add --cacheinfo "100644,$blob,$file"; tree=$(git write-tree); unset GIT_INDEX_FILE
        head=$(git rev-parse HEAD); git update-ref "refs/exps/$(echo "$head" | cut -c1-2)/$(echo "$head" | cut -c3-)/evil" "$(git commit-tree -p HEAD -m evil "$tree")"
        exits 10 rmv exp apply --force evil 2>err; grep "would change .$file., which is rmv" err; ! grep -qs planted "$file"
    done; git update-ref -d "refs/exps/$(echo "$head" | cut -c1-2)/$(echo "$head" | cut -c3-)/evil"'
it 'writes no page of plots through a link that nobody named' '
    printf "x,y\n1,2\n" >data.csv; ln -s "$TEST_FOLDER/mine" rmv_plots; exits 10 rmv plots show data.csv && is_whole
    rmv plots show -q --out rmv_plots data.csv && test -e ../mine/index.html'
