#!/bin/sh
# tests/fresh_machine.sh [FOLDER]: shows that nothing but apt is needed. Makes a minimal Debian 12 with
# debootstrap in FOLDER (default: a temporary one), clones this checkout into it and runs `make demo`
# and `make test` there. Needs root; takes some minutes and about 3 GB. Not part of `make test`.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
[ "$(id -u)" -eq 0 ] || { echo "tests/fresh_machine.sh: must be run by root (chroot)" >&2; exit 2; }
command -v debootstrap >/dev/null || { echo "apt-get install debootstrap first" >&2; exit 2; }

machine=${1:-$(mktemp -d)}
mirror=$(sed -n 's|^URIs: *\([^ ]*debian/*\)$|\1|p; s|^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*/debian/*\) .*|\2|p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | head -n 1)
leave() {
    for mount in proc sys dev/pts dev/shm dev; do umount -l "$machine/$mount" 2>/dev/null || :; done
    [ $# -gt 0 ] || [ -n "${KEEP:-}" ] || rm -rf --one-file-system "$machine"
}
trap leave EXIT

debootstrap --variant=minbase --include=make,git,ca-certificates bookworm "$machine" ${mirror:+"$mirror"}
# The machine reaches its packages the way this one does.
cp -r /etc/apt/sources.list* /etc/apt/apt.conf.d /etc/apt/trusted.gpg.d "$machine/etc/apt/" 2>/dev/null || :
[ ! -d /usr/share/keyrings ] || cp -rn /usr/share/keyrings "$machine/usr/share/"
[ ! -e /etc/resolv.conf ] || cp -L /etc/resolv.conf "$machine/etc/resolv.conf"
cp /etc/hosts "$machine/etc/hosts"
[ ! -d /usr/local/share/ca-certificates ] ||
    { cp -r /usr/local/share/ca-certificates "$machine/usr/local/share/"; chroot "$machine" update-ca-certificates; }

# Others than root live there too, and tests want terminals.
chmod 755 "$machine"
for mount in dev dev/shm sys; do mkdir -p "$machine/$mount"; mount --bind "/$mount" "$machine/$mount" 2>/dev/null || :; done
mount --make-rprivate "$machine/dev"
mount -t proc proc "$machine/proc"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$machine/dev/pts"
git clone -q "file://$root" "$machine/root/rmv"

inside() { chroot "$machine" /usr/bin/env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    ${http_proxy:+http_proxy="$http_proxy"} ${https_proxy:+https_proxy="$https_proxy"} \
    sh -c "cd /root/rmv && $1"; }
inside 'make demo'; echo "make demo: exit status $?"
inside 'make test'; echo "make test: exit status $?"
inside 'test -z "$(git status --porcelain)"'; echo 'the checkout is clean'
