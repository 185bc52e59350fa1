#!/bin/sh
# A real filesystem whose power is cut: its kernel drops what was not synced. Needs root, loop devices
# and, from Debian's xfsprogs, xfs_io, which cuts the power of ext4 too.
. "$(dirname "$0")/lib.sh"
filesystems=
for each in ext4 xfs; do
    command -v "mkfs.$each" >/dev/null && grep -qw "$each" /proc/filesystems && filesystems="$filesystems $each"
done
why=
[ "$(id -u)" -eq 0 ] || why='needs root'
[ -e /dev/loop-control ] || why='no loop devices'
command -v xfs_io >/dev/null || why='xfs_io is not installed'
[ -n "$filesystems" ] || why='neither ext4 nor xfs is at hand'
disk=$TEST_FOLDER/disk image=$TEST_FOLDER/image
if [ -z "$why" ]; then
    mkdir "$disk" && truncate -s 320M "$image" && mkfs.ext4 -q -F "$image" && mount -o loop "$image" "$disk" 2>/dev/null &&
        umount "$disk" || why='cannot mount an image'
fi
[ -z "$why" ] || { skip 'power cuts' "$why"; exit 0; }
unmount() {
    cd "$TEST_FOLDER" || return 1
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
        umount "$disk" 2>/dev/null && return 0
        mountpoint -q "$disk" || return 0
        sleep 0.2
    done
    umount -l "$disk"
}
trap 'unmount; finish' EXIT

# A workspace on a new filesystem, all of it durable, with one dataset added and removed.
prepare() { # prepare <filesystem>
    unmount && rm -f "$image" && truncate -s 320M "$image"
    if [ "$1" = xfs ]; then mkfs.xfs -q "$image"; else mkfs.ext4 -q -F -m 0 "$image"; fi || return 1
    mount -o loop "$image" "$disk" && mkdir "$disk/work" && cd "$disk/work" && git init -q . && rmv init -q || return 1
    mkdir first && echo first >first/a && seq 20000 >first/b
    rmv add -q first && git add -A && git commit -qm first && sync -f .
    make_data
}
make_data() {
    mkdir -p data/sub && cp "$TEST_FOLDER/noise" data/large && printf '' >data/empty
    for each in 1 2 3 4 5 6 7 8 9; do seq $each$each$each >data/sub/$each; done
}
# The power is cut and comes back. -f: the filesystem's log still reaches the disk, data does not.
cut_power() { # cut_power <filesystem> [-f]
    xfs_io -x -c "shutdown $2" "$disk" && wait && unmount && mount -t "$1" -o loop "$image" "$disk" && cd "$disk/work"
}
# Everything that was added comes back.
holds() { rmv fsck -q && restores "$@"; } # holds <folder>...
restores() { # restores <folder>...
    rm -rf "$@" && rmv checkout -q "$@" &&
        for each; do (cd "$each" && find . -type f -exec sha256sum {} + | sort) >"$TEST_FOLDER/found" || return 1
            diff "$TEST_FOLDER/sums.$each" "$TEST_FOLDER/found" || return 1; done
}
is_right() { (cd "$1" && find . -type f -exec sha256sum {} + | sort) | diff "$TEST_FOLDER/sums.$1" -; } # is_right <folder>
# What is called unchanged is unchanged.
no_impostor() { # no_impostor <folder>
    ! rmv status -q "$1" || is_right "$1" || { echo 'status says that this is what was added'; return 1; }
}
# The data, with garbage in the same packs and in others.
garbage() {
    seq 200000 >data/gone && rmv add -q data && rm data/gone && rmv add -q data && git add -A && git commit -qm data &&
        for each in 1 2 3 4 5 6 7 8 9; do echo $each >passing && rmv add -q passing && rm passing passing.rmv || return 1; done && sync -f .
}
# An older version of the data is in the workspace, all of it durable.
older() {
    head -c 30000000 /dev/zero >data/large && echo older >data/sub/5 && rm data/empty && rmv add -q data && cp data.rmv older.pointer && rm -r data && make_data &&
        rmv add -q data && cp data.rmv newer.pointer && cp older.pointer data.rmv && rmv checkout -q && cp newer.pointer data.rmv && rm ./*.pointer && sync -f .
}
goes_on() { # after that, everything works
    mkdir -p later && echo later >later/x && rmv add -q later && rmv fsck -q && rmv status -q
}
sums() { (cd "$1" && find . -type f -exec sha256sum {} + | sort) >"$TEST_FOLDER/sums.$1"; }

head -c 30000000 /dev/urandom >"$TEST_FOLDER/noise"
for filesystem in $filesystems; do
    prepare "$filesystem" >/dev/null 2>&1 || { skip "power cuts on $filesystem" 'cannot make one'; continue; }
    sums first; sums data
    # Is it a power cut at all? (On ext4 the pointer's fsync takes everything along.)
    [ "$filesystem" = ext4 ] || it "$filesystem: with core.fsync off, it takes away what was added" \
        'prepare $filesystem && rmv config --local core.fsync off && rmv add -q data && cut_power $filesystem -f &&
         ! holds data'
    for option in '' -f; do
        cut="a power cut${option:+ with a flushed log}"
        it "$filesystem: what add has stored survives $cut" \
            'prepare $filesystem && rmv add -q data && cut_power $filesystem $option && holds first data && goes_on'
        it "$filesystem: what repro has stored survives $cut" \
            'prepare $filesystem && printf "stages:\n  copy:\n    cmd: cp first/b out\n    deps: [first]\n    outs: [out]\n" >rmv.yaml &&
             sync -f . && rmv repro -q && cut_power $filesystem $option && rmv fsck -q && rm -rf first out &&
             rmv checkout -q && cmp first/b out && rmv repro -q && goes_on'
        it "$filesystem: what commit has stored survives $cut" \
            'prepare $filesystem && rmv add -q --no-commit data && sync -f . && rmv commit -q data.rmv && cut_power $filesystem $option && holds first data && goes_on'
        it "$filesystem: what gc has kept and written anew survives $cut" \
            'prepare $filesystem && garbage && rmv gc -q --grace 0 --repack && cut_power $filesystem $option && holds first data && goes_on'
        it "$filesystem: after $cut, no file that checkout restored passes for what it is not" \
            'prepare $filesystem && rmv add -q data && sync -f . && rm -rf data && rmv checkout -q && cut_power $filesystem $option && no_impostor data &&
             rmv checkout -q data && is_right data && holds first data && goes_on'
        it "$filesystem: nor where it replaced others" \
            'prepare $filesystem && older && rmv checkout -q && cut_power $filesystem $option && no_impostor data && rmv checkout -q data && is_right data && holds first data && goes_on'
        for delay in 0.02 0.07; do
            it "$filesystem: $cut after $delay s of a commit does no harm" \
                'prepare $filesystem && rmv add -q --no-commit data && sync -f . && { rmv commit -q data.rmv 2>/dev/null & sleep $delay; cut_power $filesystem $option; } &&
                 restores first && rm -rf data && make_data && rmv add -q data && holds first data && goes_on'
            it "$filesystem: $cut after $delay s of a gc does no harm" \
                'prepare $filesystem && garbage && { rmv gc -q --grace 0 --repack 2>/dev/null & sleep $delay; cut_power $filesystem $option; } &&
                 holds first data && rmv gc -q --grace 0 --repack && holds first data && goes_on'
            it "$filesystem: $cut after $delay s of a checkout leaves no half file that passes for restored" \
                'prepare $filesystem && older && { rmv checkout -q 2>/dev/null & sleep $delay; cut_power $filesystem $option; } &&
                 no_impostor data && rmv checkout -q data && is_right data && holds first data && goes_on'
            it "$filesystem: $cut after $delay s of an add does no harm" \
                'prepare $filesystem && { rmv add -q data 2>/dev/null & sleep $delay; cut_power $filesystem $option; } &&
                 holds first && rm -rf data && make_data && rmv add -q data && holds first data && goes_on'
        done
    done
done
