#!/bin/sh
# Eight processes that add, check out and collect at once in one workspace. RMV_SOAK_SECONDS=60 for longer.
. "$(dirname "$0")/lib.sh"
seconds=${RMV_SOAK_SECONDS:-8}

# Whatever fails must say who stands in the way; waiting for it is fine.
attempt() { # attempt <name> <command>...
    name=$1; shift
    "$@" >"../$name.out" 2>&1 && { echo done >>"../$name.count"; return 0; }
    grep -q 'locked by' "../$name.out" && return 0
    { echo "$*:"; cat "../$name.out"; } >>../errors
}
until_end() { while [ "$(date +%s)" -lt "$end" ]; do "$@"; done; }
fill() { # fill <folder> <number>: small files, a large one, and one that changes a little
    seq "$2" $(($2 + 3000)) >"$1/a" && echo "$2" >"$1/sub/b" && seq 300000 | sed "$((5000 + $2 % 90000))s/.*/$2/" >"$1/big" &&
        head -c 1200000 /dev/urandom >"$1/noise"
}
add_one() {
    n=$(($(cat "../$1.n") + 1)) && echo "$n" >"../$1.n" && fill "$1" "$n" && attempt "$1" rmv add -q "$1" &&
        attempt "$1.cat" rmv cat "$1/sub/b" && { test "$(cat "../$1.cat.out")" = "$n" || grep -q 'locked by' "../$1.out" "../$1.cat.out" ||
            echo "$1/sub/b is not $n: $(cat "../$1.cat.out")" >>../errors; }
}
check_out_one() {
    rm -rf "$1/sub" "$1/big" && attempt "$1" rmv checkout -q "$1" && { grep -q 'locked by' "../$1.out" ||
        (cd "$1" && find . -type f -exec sha256sum {} + | sort) | cmp -s - "../$1.sums" || echo "$1 came back different" >>../errors; }
}
collect() { attempt gc rmv gc -q --grace 0 --repack; }
check() { attempt fsck rmv fsck -q; attempt status rmv status -q s; }

soak() {
    repository w
    for each in a1 a2 a3 a4 c1 c2; do mkdir -p $each/sub && echo 0 >../$each.n && fill $each 0 && rmv add -q $each; done
    mkdir s && seq 2000 >s/x && rmv add -q s
    for each in c1 c2; do (cd $each && find . -type f -exec sha256sum {} + | sort) >../$each.sums; done
    git add -A && git commit -q -m First && : >../errors
    end=$(($(date +%s) + seconds))
    for each in a1 a2 a3 a4; do until_end add_one $each & done
    for each in c1 c2; do until_end check_out_one $each & done
    until_end collect & until_end check &
    wait
    wc -l ../*.count | sed 's/^/# /' >../summary
}
it "eight processes add, check out, collect and check for $seconds s without an error" 'soak; cat ../errors; test ! -s ../errors'
cd w 2>/dev/null || exit 1
sed -n 's/^#  */# /p' ../summary
it 'each of them got something done' 'for each in a1 a2 a3 a4 c1 c2 gc fsck; do test -s ../$each.count || { echo "$each did nothing"; exit 1; }; done'
it 'nothing is lost' 'for each in a1 a2 a3 a4; do rmv add -q $each; done && find a? c? s -type f -exec sha256sum {} + | sort >../before && rm -rf a? c? s && rmv checkout -q &&
    find a? c? s -type f -exec sha256sum {} + | sort | cmp - ../before'
it 'the first revision is still there' 'rmv checkout -q -f HEAD && test "$(cat a1/sub/b)" = 0'
it 'the store is sound, and nothing is left over' 'rmv fsck && test -z "$(ls .rmstore/objects/tmp)" && test -z "$(find . -path ./.rmstore -prune -o -name ".rmv-tmp-*" -print)"'
