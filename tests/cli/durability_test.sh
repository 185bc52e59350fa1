#!/bin/sh
# What is promised is durable first: the order of writes, syncs and renamings, as strace saw it.
. "$(dirname "$0")/lib.sh"
# The leak sanitizer cannot work under strace.
export ASAN_OPTIONS=detect_leaks=0
order=$SOURCE_ROOT/tests/sync_order.py
calls=openat,openat2,write,pwrite64,writev,ftruncate,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat
strace -f -o /dev/null true 2>/dev/null || { skip 'the order of syncs' 'strace does not work here'; exit 0; }
export LC_ALL=C

traced() { # traced <trace> <command>...
    trace=$1; shift
    strace -f -y -qq -s 80 -o "$trace" -e signal=none -e trace=$calls "$@"
}
sound() { # sound <trace>: and syncs are what makes it so
    python3 "$order" check "$1" || return 1
    grep -vE '(f(data)?sync|syncfs)\(' "$1" >"$1.unsynced"
    ! python3 "$order" check "$1.unsynced" >/dev/null
}
in_order() { # in_order <trace> <pattern>...: events match one after the other
    python3 "$order" list "$1" >"$1.events"; shift_trace=$1; shift
    at=0
    for pattern; do
        next=$(awk -v at="$at" -v pattern="$pattern" 'NR > at && $0 ~ pattern { print NR; exit }' "$shift_trace.events")
        [ -n "$next" ] || { echo "after line $at no '$pattern' in:"; cat "$shift_trace.events"; return 1; }
        at=$next
    done
}
syncs() { grep -cE ' (f(data)?sync|syncfs)\(' "$1"; }

git init -q . && traced init.trace rmv init -q
mkdir -p data/sub && echo one >data/a && echo two >data/sub/b
traced add.trace rmv add -q data
git add -A && git commit -qm first
it 'init and add make all durable that a pointer names' \
    'cat init.trace add.trace >both.trace && sound both.trace'
it 'add writes data, footer, pack, folder, index and pointer in this order' 'in_order add.trace \
    "^sync .*/objects$" "^create .*/objects/tmp/pack-" "^write .*/objects/tmp/pack-" "^sync .*/objects/tmp/pack-" \
    "^rename .*/objects/tmp/pack-.* .*/objects/packs/pack-" "^sync .*/objects/packs$" \
    "^write .*/objects/tmp/segment-" "^sync .*/objects/tmp/segment-" "^rename .*/objects/index/seg-" \
    "^write .*/.rmv-tmp-" "^sync .*/.rmv-tmp-" "^rename .*/data.rmv$" "^sync $PWD$"'
it 'nothing is written to a pack behind its fsync' \
    '! python3 "$order" list add.trace | awk "/^sync .*tmp\/pack-/ { synced = 1 } synced && /^write .*pack-/" | grep .'

echo three >data/a
it 'so does commit' 'traced commit.trace rmv commit -q && sound commit.trace'
printf 'stages:\n  count:\n    cmd: wc -l data/a > out.txt\n    deps: [data]\n    outs: [out.txt]\n' >rmv.yaml
it 'so does repro, before it publishes rmv.lock' 'traced repro.trace rmv repro -q && sound repro.trace &&
    in_order repro.trace "^sync .*/tmp/pack-" "^rename .*/packs/pack-" "^sync .*/objects/packs$" \
        "^write .*/.rmv-tmp-" "^sync .*/.rmv-tmp-" "^rename .*/rmv.lock$" "^sync $PWD$"'
it 'so does checkout of a revision, which rewrites pointers' \
    'git add -A && git commit -qm second && traced checkout.trace rmv checkout -q HEAD~1 && sound checkout.trace'
it 'so do config and stage add' 'traced config.trace rmv config --local core.compression 1 && sound config.trace &&
    traced stage.trace rmv stage add again -d data -o again.txt -- "wc -l data/a > again.txt" && sound stage.trace'

mkdir many && i=0 && while [ $i -lt 300 ]; do echo $i >many/$i; i=$((i + 1)); done
mkdir few && echo 1 >few/1 && echo 2 >few/2
traced few.trace rmv add -q few
traced many.trace rmv add -q many
mkdir singly && cp many/* singly/
traced singly.trace rmv add -q --glob 'singly/*'
it '300 pointers are as durable as one, and cost a few syncs more than two files' \
    'sound singly.trace && test "$(syncs singly.trace)" -le $(($(syncs few.trace) + 4)) && test "$(ls singly/*.rmv | wc -l)" = 300'
it '300 files cost no more syncs than two' 'test "$(syncs many.trace)" -le "$(syncs few.trace)"'
it 'an add makes few syncs' 'test "$(syncs many.trace)" -le 12'
it 'a second add of the same syncs the folder of packs at most' \
    'traced again.trace rmv add -q many && test "$(syncs again.trace)" -le 1'
it 'with core.fsync off, objects are not synced' 'mkdir off && echo off >off/1 && rmv config --local core.fsync off &&
    traced off.trace rmv add -q off && ! grep -E "sync\(.*/objects/" off.trace'

rmv config --local core.fsync on
damage() { # damage <file> <how>: what a power cut may make of a file that was not synced
    size=$(stat -c %s "$1")
    case $2 in
    empty) : >"$1" ;;
    zeros) head -c "$size" /dev/zero >"$1" ;;
    junk) head -c "$size" /dev/urandom >"$1" ;;
    cut) truncate -s $((size / 2)) "$1" ;;
    torn) dd if=/dev/zero of="$1" bs=1 count=40 seek=$((size - 40)) conv=notrunc status=none ;;
    begun) dd if=/dev/zero of="$1" bs=1 count=40 conv=notrunc status=none ;;
    gone) rm "$1" ;;
    esac
}
goes_on() { # goes_on <round>: everything works, and the result is right
    { rmv status -q || :; } && echo "round $1" >data/a && rmv add -q data && rmv repro -q && rmv fsck -q &&
        rm -rf data out.txt && rmv checkout -q && rmv status -q && test "$(cat data/a)" = "round $1" && test "$(cat data/sub/b)" = two &&
        grep -q "^1 data" out.txt
}
git add -A && git commit -qm third && rmv repro -q
for file in index runs/index placed; do
    it "whatever a power cut makes of .rmstore/$file costs time, never data" 'for how in empty zeros junk cut torn begun gone; do
        damage .rmstore/$file $how && goes_on "$file $how" || { echo "after: $how"; exit 1; }; done'
done

it 'repro makes all durable that it records of several stages together' 'repository "$TEST_FOLDER/together" &&
    for i in 1 2 3 4 5 6; do printf "  s$i:\n    cmd: echo $i >$i.out\n    outs: [$i.out]\n"; done | stages &&
    traced repro.trace rmv repro -q && sound repro.trace && test "$(grep -c "^  s" rmv.lock)" = 6'
it 'repro makes the mark of a run durable that takes its time' 'repository "$TEST_FOLDER/slow" &&
    printf "  slow:\n    cmd: sleep 1; echo 1 >out\n    outs: [out]\n" | stages && traced mark.trace rmv repro -q &&
    in_order mark.trace "^rename .*/runs/started/slow$" "^sync .*/runs/started/slow$" "^sync .*/runs/started$" "^rename .*/rmv.lock$"'
