#!/bin/sh
# A throw-away filesystem for tests: tests/servers/filesystem.sh xfs|btrfs|ext4|tmpfs [MIB]. Prints one
# line, the folder it is mounted at. It is there until the script's standard input ends, also when the
# test dies, and leaves nothing behind. Exit 77: not possible here (not root, no loop devices, ...).
type=$1
size=${2:-400} # XFS refuses 300 MiB and less; the file has holes
PATH=$PATH:/usr/sbin:/sbin
[ "$(id -u)" = 0 ] || exit 77
[ "$type" = tmpfs ] || command -v "mkfs.$type" >/dev/null || exit 77
folder=$(mktemp -d /tmp/rmv-filesystem.XXXXXX) || exit 1
mkdir "$folder/mnt"

finish() {
    for i in 1 2 3 4 5 6 7 8 9 10; do
        mountpoint -q "$folder/mnt" || break
        umount "$folder/mnt" 2>/dev/null || sleep 0.2
    done
    rmdir "$folder/mnt" && rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

case $type in
tmpfs) mount -t tmpfs -o "size=${size}m" none "$folder/mnt" 2>/dev/null || exit 77 ;;
*)
    truncate -s "${size}M" "$folder/image"
    case $type in
    ext4) mkfs.ext4 -q -F "$folder/image" ;;
    xfs) mkfs.xfs -q -m reflink=1 "$folder/image" ;;
    btrfs) mkfs.btrfs -q "$folder/image" ;;
    *) exit 77 ;;
    esac >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 77; }
    mount -t "$type" -o loop "$folder/image" "$folder/mnt" 2>/dev/null || exit 77
    ;;
esac
echo "$folder/mnt"
cat >/dev/null
