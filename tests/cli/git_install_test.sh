#!/bin/sh
# rmv install: hooks of Git, and the drivers that show and merge pointers.
. "$(dirname "$0")/lib.sh"

(
    repository w && mkdir -p data/sub && echo one >data/a && echo two >data/b && echo deep >data/sub/c && rmv add -q data && git add -A && git commit -qm base && rmv install -q
) || exit 1
# Two branches that both change the data, in a copy of w: branch <folder> <ours> <theirs>
branches() {
    cp -a w "$1" && cd "$1" && git switch -qc theirs && (cd data && eval "$3") && rmv add -q data && git add -A && git commit -qm theirs &&
        git switch -q main && (cd data && eval "$2") && rmv add -q data && git add -A && git commit -qm ours
}

it 'installs hooks, and says where'        'cp -a w i && cd i && rmv install --uninstall -q && test ! -e .git/hooks/post-checkout && rmv install | grep "installed .*/hooks/post-checkout" && test -x .git/hooks/post-checkout && test -x .git/hooks/pre-commit'
it 'changes nothing that is committed'     'cd w && test -z "$(git status --porcelain)"'
it 'can be done again'                     'cd i && cksum .git/hooks/p* .git/config .git/info/attributes >../before && rmv install -q && cksum .git/hooks/p* .git/config .git/info/attributes | cmp - ../before'
it 'switching branches brings the data'    'cp -a w s && cd s && git switch -qc other && echo changed >data/a && rm data/b && rmv add -q data && git add -A && git commit -qm other &&
    git switch -q main && grep one data/a && test -e data/b && git switch -q other && grep changed data/a && test ! -e data/b'
it 'unsaved data is not given up for that' 'cd s && echo mine >data/a && git switch -q main 2>../said || :; grep mine data/a && grep "data/a" ../said'
it 'restoring files alone checks out nothing' 'cp -a w f && cd f && rm data/a && git checkout -q -- data.rmv && test ! -e data/a'
it 'committing says when data differs, and goes on' 'cp -a w c && cd c && echo edited >data/a && : >file && git add file && git commit -qm x 2>../said && grep "rmv status" ../said && rmv checkout -qf && : >g && git add g && git commit -qm y 2>../said && test ! -s ../said'
it 'chains a hook that was there before'   'cp -a w h && cd h && rmv install -q --uninstall && printf "#!/bin/sh\necho \"mine \$3\" >>../chained\n" >.git/hooks/post-checkout && chmod 700 .git/hooks/post-checkout && rmv install -q &&
    git switch -qc new && grep "mine 1" ../chained && test "$(stat -c %a .git/hooks/post-checkout.before-rmv)" = 700 && rm data/a && git switch -q main && test -e data/a'
it 'one that fails stops ours'             'cd h && printf "#!/bin/sh\nexit 1\n" >.git/hooks/post-checkout.before-rmv && rm data/a && { git switch -q new || :; } && test ! -e data/a'
it 'puts it back'                          'cd h && rmv install -q && rmv install --uninstall | grep "removed .*post-checkout" && grep "exit 1" .git/hooks/post-checkout && test ! -e .git/hooks/post-checkout.before-rmv && test ! -e .git/hooks/pre-commit && ! grep -E "diff .rmv|merge .rmv" .git/config && ! grep rmv .git/info/attributes'
it 'refuses where both names are taken'    'cp -a w t && cd t && rmv install -q --uninstall && echo a >.git/hooks/pre-commit && echo b >.git/hooks/pre-commit.before-rmv && exits 4 rmv install && says "make one hook of the two" rmv install && grep a .git/hooks/pre-commit && grep b .git/hooks/pre-commit.before-rmv'
it 'refuses hooks outside the repository'  'cp -a w o && cd o && rmv install -q --uninstall && mkdir ../shared && git config core.hooksPath "$PWD/../shared" && exits 4 rmv install && says "core.hooksPath" rmv install && test -z "$(ls ../shared)"'
it 'takes the folder of hooks that Git takes' 'cp -a w p && cd p && mkdir .githooks && git config core.hooksPath .githooks && rmv install -q && test -x .githooks/post-checkout'
it 'works for a workspace in a folder'     'mkdir m && cd m && git init -q . && mkdir "it'"'"'s sub" && cd "it'"'"'s sub" && rmv init -q && mkdir data && echo 1 >data/a && rmv add -q data && git add -A && git commit -qm one && rmv install -q &&
    git switch -qc x && echo 2 >data/a && rmv add -q data && git add -A && git commit -qm two && git switch -q main && grep 1 data/a && cd .. && git init -q other && mkdir second && cd second && rmv init -q && exits 4 rmv install && says "another workspace" rmv install'
it 'works in a linked work tree'           'cp -a w l && cd l && git worktree add -q ../linked -b linked 2>/dev/null && cd ../linked && test -e data/sub/c'
it 'is no trouble where rmv is not'        'cp -a w n && cd n && git switch -qc new && PATH=/usr/bin:/bin git switch -q main 2>../said && grep "no rmv in PATH" ../said'
it 'refuses outside Git, and wrong requests' 'mkdir x && cd x && rmv init -q --no-scm && exits 2 rmv install && cd ../w && exits 2 rmv install now'

it 'git diff shows what is in the folder'  'cp -a w d && cd d && echo new >data/n && rm data/b && rmv add -q data && git diff | grep -E "^\+n  \([0-9a-f]{12}, 4 B\)" && git diff | grep -E "^-b  " && git add -A && git commit -qm x && git log -p -1 | grep "^+n  "'
it 'shows what it cannot know as it is'    'cd d && rm -rf .rmstore/objects/packs && git log -p -1 | grep "not in the store" && echo "broken" >bad.rmv && test "$(rmv git-hook textconv bad.rmv)" = broken && exits 3 rmv git-hook textconv none'
it 'git merge merges folders file by file' '(branches m1 "echo ours >o; rm b" "echo theirs >t; echo x >sub/c") && cd m1 && git merge -q -m merged theirs && rmv checkout -q && test "$(cat data/o data/t data/sub/c data/a | tr "\n" " ")" = "ours theirs x one " && test ! -e data/b && rmv status -q && grep "nfiles: 4" data.rmv'
it 'the result can be added, and has a lineage then' 'cd m1 && rmv add -q data && rmv lineage data/t'
it 'takes the same change on both sides once' '(branches m2 "echo same >o; echo 1 >x" "echo same >o; echo 2 >y") && cd m2 && git merge -q -m merged theirs && rmv checkout -q && test "$(cat data/o data/x data/y | tr "\n" " ")" = "same 1 2 "'
it 'a file that both changed is a conflict, named, with both sides left' '(branches m3 "echo ours >a" "echo theirs >a; echo x >x") && cd m3 && exits 1 git merge -q theirs 2>../said && cat ../said && grep "data/a" ../said && grep "^<<<<<<<" data.rmv && grep "^>>>>>>>" data.rmv && grep ours data/a && git checkout -q --theirs data.rmv && rmv checkout -q && grep theirs data/a && test -e data/x'
it 'so is one that one side removed'       '(branches m4 "rm b; echo 1 >z" "echo changed >b") && cd m4 && exits 1 git merge -q theirs 2>../said && grep "data/b" ../said'
it 'and a folder where the other has a file' '(branches m5 "rm -r sub; echo 1 >sub" "echo x >sub/n") && cd m5 && exits 1 git merge -q theirs 2>../said && grep "data/sub" ../said'
it 'merges what both sides have added'     'repository b && git commit -q --allow-empty -m root && rmv install -q && git switch -qc theirs && mkdir data && echo t >data/t && rmv add -q data && git add -A && git commit -qm t && git switch -q main && mkdir -p data && rm -rf data/t && echo o >data/o && rmv add -q data && git add -A && git commit -qm o &&
    { git merge -q -m both theirs || git checkout -q --ours .gitignore .rmstore 2>/dev/null; } && rmv checkout -q && test -e data/t && test -e data/o'
it 'leaves both where a tree is not here'  '(branches m6 "echo 1 >o" "echo 2 >t") && cd m6 && rm -rf .rmstore/objects/packs && exits 1 git merge -q theirs 2>../said && grep "^<<<<<<<" data.rmv'
it 'refuses wrong requests to the drivers' 'cd w && exits 2 rmv git-hook merge a b c && exits 2 rmv git-hook textconv && exits 3 rmv git-hook merge a b c data.rmv'
