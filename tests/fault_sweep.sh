#!/bin/bash
# tests/fault_sweep.sh [-f kill|ENOSPC|EIO] [-c CALLS] [-n COUNT] SETUP RUN CHECK
#
# Runs RUN once for every system call that it makes (of those in CALLS; default: all that change
# something), with that call hit by a fault: SIGKILL before it starts, or failing with the given errno.
# Each time SETUP makes a fresh folder, and afterwards CHECK has to succeed there. The three are shell
# text and run in that folder. With -n, so many points are chosen evenly; RMV_SWEEP=all or a number says
# otherwise. Prints the points that failed and a last line with the counts; exit
# status 1 if a check failed, 77 without strace.
set -u
fault=kill
calls=write,pwrite64,writev,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,symlinkat,unlink,unlinkat,mkdir,mkdirat,rmdir,ftruncate,fallocate,copy_file_range,fchmod,fchmodat,fcntl,openat,openat2,ioctl
most=0
while getopts f:c:n: option; do
    case $option in
    f) fault=$OPTARG ;;
    c) calls=$OPTARG ;;
    n) most=$OPTARG ;;
    *) exit 2 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 3 ] || { sed -n 2,10p "$0" >&2; exit 2; }
command -v strace >/dev/null || exit 77
export SETUP=$1 RUN=$2 CHECK=$3 CALLS=$calls FAULT=$fault
SWEEP=$(mktemp -d "${TMPDIR:-/tmp}/rmv-sweep.XXXXXX")
export SWEEP
trap 'rm -rf "$SWEEP"' EXIT

prepare() { mkdir "$SWEEP/$1" && cd "$SWEEP/$1" && sh -c "$SETUP" >/dev/null 2>&1; }

# strace counts "when" per thread and per system call, so the points are the highest count of each.
list_points() {
    awk '{ call = $2; sub(/\(.*/, "", call); if (call !~ /^[a-z]/) next
           n = ++count[$1 " " call]; if (n > most[call]) most[call] = n }
         END { for (call in most) for (i = 1; i <= most[call]; i++) print call, i }' "$1" | sort
}

hit() { # hit CALL N: one point
    local name=$1-$2 what=signal=KILL
    [ "$FAULT" = kill ] || what=error=$FAULT
    prepare "$name" || { echo "FAIL $1 $2: setup failed"; return; }
    timeout -s KILL 300 strace -f -qq -o /dev/null -e signal=none -e inject="$1:$what:when=$2" \
        sh -c "exec $RUN" >"$SWEEP/$name.out" 2>&1
    timeout -s KILL 300 sh -ec "$CHECK" >"$SWEEP/$name.check" 2>&1
    local status=$?
    if [ $status -eq 0 ]; then echo "ok $1 $2"
    elif [ $status -eq 137 ]; then echo "FAIL $1 $2: the check took too long"
    else echo "FAIL $1 $2: $(tail -n 2 "$SWEEP/$name.check" | tr '\n' ' ')"; fi
    cd / && rm -rf "${SWEEP:?}/$name"
}
export -f prepare hit

(prepare probe) || { echo "the setup fails" >&2; exit 2; }
(cd "$SWEEP/probe" && strace -f -qq -o "$SWEEP/trace" -e trace="$calls" -e signal=none sh -c "exec $RUN" >/dev/null 2>&1)
(cd "$SWEEP/probe" && sh -ec "$CHECK" >/dev/null 2>&1) || { echo "the check fails without any fault" >&2; exit 2; }
list_points "$SWEEP/trace" >"$SWEEP/all"
all=$(wc -l <"$SWEEP/all")
case ${RMV_SWEEP:-} in
all) most=0 ;;
[1-9]*) most=$RMV_SWEEP ;;
esac
[ "$most" -gt 0 ] && [ "$most" -lt "$all" ] || most=$all
awk -v all="$all" -v most="$most" 'int(NR * most / all) > int((NR - 1) * most / all)' "$SWEEP/all" >"$SWEEP/points"
xargs -a "$SWEEP/points" -P "$(nproc)" -L 1 bash -c 'hit "$1" "$2"' hit 2>/dev/null >"$SWEEP/results"
grep '^FAIL' "$SWEEP/results"
points=$(wc -l <"$SWEEP/points") passed=$(grep -c '^ok' "$SWEEP/results")
echo "fault $fault at $points of $all system calls: $passed passed, $((points - passed)) failed"
[ "$points" -gt 0 ] && [ "$points" -eq "$passed" ]
