#!/bin/sh
# rmv gc: what nothing leads to goes, everything else stays and can be checked out.
. "$(dirname "$0")/lib.sh"

commit() { git add -A && git commit -q -m "$1"; }
id_of() { printf '%s\n' "$1" | sha256sum | cut -c1-64; }
stored() { rmv cat "$(id_of "$1")" 2>/dev/null | grep -qx -- "$1"; }
gone() { ! stored "$1"; }
add() { # add <content>: as the file x
    printf '%s\n' "$1" >x && rmv add -q x
}
project() { # project <folder>: x at "one", committed
    repository "$1" && add one && commit one
}
everything() { (cd .rmstore/objects && find . -type f -exec sha256sum {} + | sort -k 2); }
refuses() { # refuses <pattern>: gc removes nothing and says why
    before=$(ls .rmstore/objects/packs) && exits 4 rmv gc --grace 0 >out 2>&1 && grep -E -- "$1" out && test "$before" = "$(ls .rmstore/objects/packs)"
}

it 'has nothing to do in a new workspace' 'repository a && rmv gc && rmv gc --grace 0'
it 'frees what was added and never kept' 'project b && add lost && git checkout -q x.rmv && rmv checkout -q && stored lost && rmv gc --grace 0 >out &&
    grep "1 pack removed" out && gone lost && stored one && rmv fsck && rm x && rmv checkout && grep -qx one x'
it 'spares what is young' 'project c && add lost && git checkout -q x.rmv && rmv gc && stored lost && rmv gc --grace 1h && stored lost &&
    touch -d "15 days ago" .rmstore/objects/packs/* && rmv gc && gone lost && stored one'
it 'stores again what was freed' 'project d && add lost && git checkout -q x.rmv && rmv checkout -q && rmv gc -q --grace 0 && gone lost && add lost && stored lost && rmv fsck'
it 'makes old packs young that are relied on again' 'project e && add lost && git checkout -q x.rmv && rmv checkout -q && touch -d "13 days ago" .rmstore/objects/packs/* &&
    add lost && test -n "$(find .rmstore/objects/packs -name "*.zst" -mmin -5)"'
it 'keeps what any part of the repository leads to' 'project f && add two && commit two && git tag old HEAD~1 &&
    git checkout -q -b side && add side && commit side && git checkout -q main && rmv checkout -q &&
    add logged && commit logged && git reset -q --hard HEAD~1 && rmv checkout -q -f &&
    add stashed1 && git stash -q && add stashed2 && git stash -q && rmv checkout -q -f &&
    add staged && git add x.rmv && add uncommitted &&
    git worktree add -q ../f2 side && (cd ../f2 && add worktree && git add x.rmv && add worktree2) &&
    git worktree add -q --detach ../f3 side && (cd ../f3 && add detached && commit detached && git checkout -q --detach HEAD~1) &&
    git update-ref refs/exps/e $(git -C ../f2 stash create) &&
    rmv gc --grace 0 >out &&
    for i in one two side logged stashed1 stashed2 staged uncommitted worktree worktree2 detached; do stored $i || { echo "$i is lost"; exit 1; }; done &&
    rmv fsck && rmv commit -q && git stash drop -q && git stash -q && git checkout -q --detach side && rmv checkout -f && grep -qx side x && rmv checkout -f old -- x && grep -qx one x'
it 'keeps other work trees when it runs in a linked one' 'project g && git worktree add -q ../g2 && add main && cd ../g2 && rmv gc --grace 0 && cd ../g && stored main && stored one'
it 'keeps what a merge in progress and several tags of a folder need' 'repository h && mkdir d && echo 1 >d/a && rmv add -q d && commit 1 && git tag -a -m v1 v1 && echo 2 >d/b && rmv add -q d && commit 2 &&
    echo 3 >d/c && rmv add -q d && git checkout -q d.rmv && rmv gc -q --grace 0 && gone 3 && rmv checkout -q -f && rmv checkout -q v1 && ls d >names && test "$(cat names)" = a && rmv fsck'
it 'keeps large files with all their chunks, and what shares chunks with those that go' 'repository i && head -c 6000000 /dev/urandom >x && rmv add -q x && commit 1 &&
    { cat x; echo more; } >y && rmv add -q y && rm y.rmv y && rmv gc --grace 0 && rmv fsck && sum=$(sha256sum <x) && rm x && rmv checkout -q && test "$sum" = "$(sha256sum <x)"'
it 'writes packs anew of which most goes' 'repository j && mkdir d && head -c 6000000 /dev/urandom >d/a && echo small >d/b && rmv add -q d && rm -r d d.rmv &&
    echo small >x && rmv add -q x && commit 1 && rmv gc --grace 0 >out && grep "1 written anew" out && test "$(du -s .rmstore/objects | cut -f1)" -lt 500 &&
    rmv fsck && stored small && rmv gc --grace 0 >out && grep "0 packs removed, 0 written anew" out'
it 'keeps the runs of the run cache' 'repository k && printf "stages:\n  s:\n    cmd: cp p x\n    deps: [p]\n    outs: [x]\n" >rmv.yaml && echo 1 >p && rmv repro -q && echo 2 >p && rmv repro -q &&
    commit 2 && rmv gc --grace 0 && stored 1 && echo 1 >p && rmv repro >out && ! grep -i running out && grep -qx 1 x'
it 'does nothing the second time' 'project l && add lost && git checkout -q x.rmv && rmv gc -q --grace 0 && before=$(everything) && rmv gc --grace 0 >out && grep "^freed: 0 objects" out && test "$before" = "$(everything)"'
it 'changes nothing in a dry run, and tells the same' 'project m && add lost && git checkout -q x.rmv && before=$(everything) && rmv gc --dry-run --grace 0 --json >would && test "$before" = "$(everything)" &&
    rmv gc --grace 0 --json >done && sed "s/\"dry_run\": true/\"dry_run\": false/" would | cmp - done && grep "\"packs_removed\": 1" done && gone lost'
it 'keeps only what files lead to if asked to' 'project n && add two && commit two && rmv gc --grace 0 --workspace && gone one && stored two && rmv checkout -f && grep -qx two x'
history() { # history <folder>: contents one (tagged v1), two, three on main; side on a branch off two; four is not committed
    project "$1" && git tag v1 && add two && GIT_COMMITTER_DATE="2020-01-02T00:00:00Z" commit two && git branch side && add three && commit three &&
    git switch -q side && add side && commit side && git switch -q main && rmv checkout -q && add four
}
only() { # only <contents that stay> <options of gc>...: the others go, and what stays can be checked out
    stay=$1; shift
    rmv gc --grace 0 "$@" || return 1
    for content in one two three side four; do
        case " $stay " in *" $content "*) stored $content ;; *) gone $content ;; esac || { echo "wrong: $content"; return 1; }
    done
    rmv fsck -q || test -n "$stay"
}
it 'keeps all that Git keeps without a scope'     'history sa && only "one two three side four"'
it 'keeps the last commits of branches with --all-branches' 'history sb && only "three side four" --all-branches && rmv checkout -qf side && grep -qx side x'
it 'keeps tagged commits with --all-tags'         'history sc && git tag -a -m annotated v2 side && only "one side four" -T'
it 'keeps all commits with --all-commits, but not what only a reflog leads to' 'history sd && git branch -q -D side && only "one two three four" --all-commits'
it 'keeps named revisions, and some before them'  'history se && only "one side four" --rev v1 --rev side && history sf && only "two side four" --rev side --num 2'
it 'keeps the last commits of HEAD with --num'    'history sg && only "two three four" --num 2 && history sh && only "one two three four" --num 50'
it 'keeps commits since a date with --date'       'history si && only "one three side four" --date 2020-01-03 && rmv gc --grace 0 --date 2999-01-01 && gone one && stored four'
it 'keeps all that any of several scopes does'    'history sj && only "one three side four" --all-tags --all-branches'
it 'keeps experiments with --all-experiments'     'history sk && git update-ref refs/exps/aa/bb/cc side && only "side four" --all-experiments'
it 'says what a scope would remove, and how much' 'history sl && before=$(everything) && rmv gc -n --grace 0 --all-branches >out && grep "^would be freed: [1-9][0-9]* objects, [0-9.]* [KM]*i*B" out && test "$before" = "$(everything)" && stored one'
it 'refuses scopes that make no sense, and removes nothing' 'history sm && exits 3 rmv gc --grace 0 --rev nosuch && exits 2 rmv gc --grace 0 --date yesterday && exits 2 rmv gc --grace 0 --num -1 &&
    ! rmv gc --grace 0 --not-in-remote && says "there are no remotes yet" rmv gc --not-in-remote && exits 2 rmv gc --grace 0 --projects /nosuch && only "one two three side four"'
it 'keeps what a named project needs, even if the store does not know it' 'history sn && git clone -q . ../sn2 && cd ../sn2 && rmv config --local cache.dir "$OLDPWD/.rmstore/objects" && cd - && rm -rf .rmstore/objects/users && only "one two three side four" --workspace --projects ../sn2 &&
    rm -rf .rmstore/objects/users && only "four" --workspace'
it 'removes nothing in a shallow clone' 'project o && add two && commit two && git clone -q --depth 1 "file://$PWD" ../o2 && cp -r .rmstore/objects ../o2/.rmstore/ && cd ../o2 &&
    rm -f .rmstore/objects/lock && refuses "shallow clone" && stored one && rmv gc --grace 0 --force && stored two'
it 'removes nothing if a Git object is missing' 'project p && blob=$(git rev-parse HEAD:x.rmv) && add two && commit two && rm -f .git/objects/$(echo $blob | cut -c1-2)/$(echo $blob | cut -c3-) && refuses "Git object $blob is missing"'
it 'removes nothing if a pointer cannot be read' 'project q && cp x.rmv keep && echo "outs: [" >x.rmv && refuses "x.rmv" && commit broken && cp keep x.rmv && commit mended && refuses "x.rmv. in Git.s history"'
it 'removes nothing if a linked worktree is not there' 'project r && git worktree add -q ../r2 && mv ../r2 ../r3 && refuses "linked worktree .*r2. is not there" && git worktree prune && rmv gc --grace 0'
it 'removes nothing if a folder is missing in the store' 'repository s && mkdir d && echo 1 >d/a && rmv add -q d && commit 1 && rm -f .rmstore/objects/packs/* && refuses "what is in folder"'
it 'keeps what any project needs that shares the store' 'project t && add lost && git checkout -q x.rmv && repository ../t2 && rmv config --local cache.dir ../t/.rmstore/objects && add other && commit one &&
    add newer && rmv gc --grace 0 && cd ../t && gone lost && stored other && stored newer && rmv gc --workspace --grace 0 && stored other && stored newer && cd ../t2 && rmv checkout -qf HEAD && test "$(cat x)" = other'
it 'removes nothing from a shared store if a user cannot be looked at' 'project t3 && add lost && git checkout -q x.rmv && repository ../t4 && rmv config --local cache.dir ../t3/.rmstore/objects && add other && commit one && cd ../t3 &&
    mv ../t4 ../t5 && refuses "t4.*cannot be looked at" && stored lost && says "remove .*/users/" rmv gc && rmv gc --grace 0 --force | grep "passed over.*t4" && gone lost && gone other &&
    rm .rmstore/objects/users/* && add lost && git checkout -q x.rmv && rmv gc --grace 0 && gone lost && echo rubbish >.rmstore/objects/users/x && refuses "users/x"'
it 'lets go of a user that has another store by now' 'project t6 && add lost && git checkout -q x.rmv && repository ../t7 && rmv config --local cache.dir ../t6/.rmstore/objects && add other && commit one &&
    rmv config --local --unset cache.dir && cd ../t6 && rmv gc --grace 0 && gone lost && gone other'
it 'knows a user whose store is a link' 'project t8 && repository ../t9 && rm -r .rmstore/objects && ln -s ../../t8/.rmstore/objects .rmstore/objects && add other && commit one && cd ../t8 && rmv gc --grace 0 && stored other &&
    cd ../t9 && rmv gc --grace 0 && cd ../t8 && stored other && rmv fsck -q && cd ../t9 && rmv fsck -q'
it 'wants to be told that older versions do not matter outside Git' 'mkdir u && cd u && rmv init -q --no-scm && echo x >x && rmv add -q x && echo y >x && rmv add -q x && refuses "not in a Git repository" && rmv gc -w --grace 0 && gone x && stored y'
it 'refuses what it does not understand' 'project w && exits 2 rmv gc x && exits 2 rmv gc --grace soon && exits 2 rmv gc --grace 5 && exits 2 rmv gc --grace -1d'
it 'puts many small packs together, and says so' '
    repository many && for i in 1 2 3 4 5 6 7 8 9; do echo $i >data && rmv add -q data && git add -A && git commit -q -m $i; done
    before=$(ls .rmstore/objects/packs | wc -l); test "$before" -ge 9
    rmv gc --dry-run | grep "would be merged: $before small packs" && test "$(ls .rmstore/objects/packs | wc -l)" = "$before"
    rmv gc | grep "^merged: $before small packs" && test "$(ls .rmstore/objects/packs | wc -l)" = 1
    rmv fsck && rmv checkout -q HEAD~8 && echo 1 | cmp - data'
it 'keeps what differences are made from' '
    repository deltas && head -c 3000000 /dev/urandom >data && rmv add -q data && git add -A && git commit -q -m 1 && cp data first
    printf edited | dd of=data bs=1 seek=1500000 conv=notrunc 2>/dev/null && rmv add -q data && git add -A && git commit -q -m 2 && cp data second
    git update-ref refs/heads/$(git branch --show-current) $(git commit-tree -m alone HEAD^{tree}) && git reflog expire --expire=now --all && rm first
    rmv gc --grace 0 --repack && rm data && rmv checkout -q && cmp data second && rmv fsck'
