#!/bin/sh
# Workspaces and Git repositories inside a workspace: what lies in them is none of its business.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/w"
mkdir inner && rmv init -q --nested --cd inner && git init -q module
for folder in inner module; do mkdir -p $folder/deep; echo 1 >$folder/deep/data; done
echo mine >own.csv; rmv add -q own.csv

# Its pointer would be found by nobody: checkout would take the data away, and gc its content.
it 'refuses to add what is in another workspace, naming that' '
    exits 4 rmv add inner/deep/data; says "deep/data.* is in .inner.*workspace" rmv add inner/deep/data
    exits 4 rmv add inner/deep; test ! -e inner/deep/data.rmv; test ! -e inner/deep/.gitignore'
it 'refuses to add what is in another repository' '
    exits 4 rmv add module/deep/data; says "is in .module.*repository" rmv add module/deep; test ! -e module/deep.rmv'
it 'adds it when asked there' 'cd inner && rmv add -q deep && rmv status -q && test -e deep.rmv && cd .. && rmv status -q'
it 'refuses to move data there' '
    exits 4 rmv move own.csv inner/deep/own.csv; exits 4 rmv move own.csv module; test -e own.csv && test -e own.csv.rmv && rmv status -q'
it 'leaves data alone around which a repository was made' '
    mkdir late && echo late >late/data && rmv add -q late/data && git init -q late && rmv checkout && test "$(cat late/data)" = late'
it 'leaves data alone around which a workspace was made' '
    mkdir later && echo late >later/data && rmv add -q later/data && git add -A later && git commit -qm later
    rmv init -q --nested --cd later && rmv checkout && test "$(cat later/data)" = late'
