#!/bin/sh
# Stores that several users share: permissions of the store whatever the umask is, and two real users.
. "$(dirname "$0")/lib.sh"

modes() { # modes <folder>: of everything in the store there
    (cd "$1" && find . -printf '%y %m %P\n' | sort -k 3)
}
all_shared() { # all_shared <folder>: folders 2770 or more, files that can be written 660 or more, others readable
    wrong=$(find "$1" -type d ! -perm -2770 -o -type f -perm -200 ! -perm -660 -o -type f ! -perm -440)
    test -z "$wrong" || { modes "$1"; return 1; }
}
fill() { # fill <folder>: something of every kind of file a store has
    mkdir -p "$1" && head -c 3000000 /dev/urandom >"$1/big" && echo small >"$1/small" && rmv add -q "$1" && rmv add -q --link hardlink "$1/small" && echo more >>"$1/big" && rmv add -q "$1"
}

umask 077
it 'keeps to the umask without'               'repository none && fill d && test -z "$(find .rmstore/objects -perm /070 ! -name "*.rmvp" -type f -perm /020)" && test "$(stat -c %a .rmstore/objects/packs)" = 700'
it 'opens a store to the group with Git'\''s core.sharedRepository' 'repository git && git config core.sharedRepository group && fill d && all_shared .rmstore/objects && test -z "$(find .rmstore/objects -perm /007)" && rmv fsck -q'
it 'takes Git'\''s other words and modes'     'repository words && git config core.sharedRepository 0640 && fill d && test "$(stat -c %a .rmstore/objects/lock)" = 640 && test "$(stat -c %a .rmstore/objects/packs)" = 2750 &&
    git config core.sharedRepository world && rmv status -q && test "$(stat -c %a .rmstore/objects/packs)" = 2775 && git config core.sharedRepository nobody && says "Git.s core.sharedRepository: it must be" rmv status'
it 'opens it with core.shared, which comes before Git'\''s' 'repository own && git config core.sharedRepository group && rmv config --local core.shared umask && fill d && ! all_shared .rmstore/objects >/dev/null &&
    rmv config --local core.shared group && rmv status -q && all_shared .rmstore/objects && exits 2 rmv config --local core.shared nobody && exits 2 rmv config core.shared group'
it 'opens what is in a store already once it is shared' 'repository late && fill d && rmv config --local core.shared group && rmv status -q && all_shared .rmstore/objects && fill e && rmv gc -q --grace 0 && rmv fsck -q && all_shared .rmstore/objects'
it 'takes a folder that was made for sharing for shared' 'mkdir made && chmod 2770 made && repository user && rmv config --local cache.dir ../made && fill d && all_shared ../made && test -e ../made/users'

if test "$(id -u)" = 0 && command -v setpriv >/dev/null; then
    group=54321
    as() { # as <uid> <command>...: another user of the group
        uid=$1; shift
        setpriv --reuid "$uid" --regid "$uid" --groups "$uid,$group" env HOME="$TEST_FOLDER/home$uid" "$@"
    }
    chmod 755 "$TEST_FOLDER"
    for uid in 54322 54323; do
        mkdir "home$uid" && cp "$HOME/.gitconfig" "home$uid" && chown -R "$uid:$uid" "home$uid"
    done
    project() { # project <uid> <store>: with a workspace of that user's at home, which the group may read
        as "$1" sh -c 'umask 027; cd && mkdir p && cd p && git init -q . && rmv init -q && rmv config --local cache.dir "$0" && mkdir d && seq 1 30000 >d/shared && echo "$1" >d/own && rmv add -q d && git add -A && git commit -qm 1' "$2" "$1"
        chgrp -R $group "home$1" && chmod -R g+rX "home$1"
    }
    it 'lets two users of a group add, check out, clear up and check one store' '
        mkdir store && chgrp $group store && chmod 2770 store && git config --file "$TEST_FOLDER/home54323/.gitconfig" safe.directory "$TEST_FOLDER/home54322/p" && chown 54323 home54323/.gitconfig &&
        project 54322 "$TEST_FOLDER/store" && project 54323 "$TEST_FOLDER/store" && all_shared store && test -z "$(find store ! -group $group)" &&
        test "$(find store -user 54322 | wc -l)" -gt 3 && test "$(find store -user 54323 | wc -l)" -gt 1 &&
        as 54323 sh -c "cd && cd p && rm -r d && rmv checkout -q && seq 1 30000 | cmp - d/shared && rmv fsck -q && echo lost >d/lost && rmv add -q d && git checkout -q d.rmv && rmv gc --grace 0 && rmv fsck -q" &&
        as 54322 sh -c "umask 077; cd && cd p && rm -r d && rmv checkout -q && echo 2 >d/new && rmv add -q d && rmv status -q && rmv fsck -q" && all_shared store &&
        as 54323 sh -c "cd && cd p && rmv fsck -q && echo 3 >d/new && rmv add -q d"'
    it 'says what is wrong where the store is not shared' '
        mkdir closed && chown 54322 closed && as 54323 sh -c "cd && mkdir q && cd q && git init -q . && rmv init -q && rmv config --local cache.dir $TEST_FOLDER/closed; echo 1 >x; rmv add x 2>&1; test ! -e x.rmv" | grep -E "closed.*Permission denied"' 
else
    skip 'lets two users of a group add, check out, clear up and check one store' 'needs root and setpriv'
    skip 'says what is wrong where the store is not shared' 'needs root and setpriv'
fi
