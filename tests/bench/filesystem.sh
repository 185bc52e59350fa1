# Filesystems of their own, where $filesystem (BENCH_FS) says which. A filesystem that others write to, or from which
# many files have just been deleted, makes some programs wait and others not. So each workload gets a new one, and each
# checkout and each copy another. They lie in image files, of which only what is written takes room, and are made with
# the defaults of mkfs.

image_size=64G # mkfs.ext4 gives it four million inodes

# filesystem_mount FOLDER: makes FOLDER a filesystem, a new one unless its image is there. Nothing if none is asked for.
filesystem_mount() {
    local device
    mkdir -p "$1"
    if [ -z "$filesystem" ] || mountpoint -q "$1"; then return; fi
    if [ ! -e "$1.img" ]; then
        truncate -s $image_size "$1.img"
        "mkfs.$filesystem" -q "$1.img"
    fi
    # Bypassing the page cache of the image, as a disk does; where that cannot be done, through it.
    device=$(losetup --find --show --direct-io=on "$1.img" 2>/dev/null) || device=$(losetup --find --show "$1.img")
    mount "$device" "$1"
    losetup --detach "$device" # when it is unmounted
}

filesystem_remove() { # filesystem_remove FOLDER: with what is in it
    if [ -n "$filesystem" ]; then
        cd /
        if mountpoint -q "$1"; then umount "$1"; fi
        rm -f "$1.img"
    fi
    rm -rf "${1:?}"
}

filesystems_unmount() { # all below $work, which keep what is in them
    local folder
    cd /
    for folder in "$work"/*; do
        if mountpoint -q "$folder"; then umount "$folder"; fi
    done
}

# with_fresh COMMAND...: with $fresh, a folder in which nothing was ever deleted.
with_fresh() {
    local fresh=$work/fresh
    (filesystem_remove "$fresh")
    filesystem_mount "$fresh"
    ("$@")
    (filesystem_remove "$fresh")
}

check_filesystem() {
    local tool
    [ -n "$filesystem" ] || return 0
    [ "$(id -u)" = 0 ] || { echo 'run.sh: only root can mount the filesystem that BENCH_FS asks for' >&2; exit 1; }
    for tool in "mkfs.$filesystem" losetup mount; do
        command -v "$tool" >/dev/null || { echo "run.sh: BENCH_FS=$filesystem needs '$tool'" >&2; exit 1; }
    done
}
