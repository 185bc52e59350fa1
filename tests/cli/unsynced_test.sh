#!/bin/sh
# A power cut after core.fsync=off: what was not on the disk is found, and stored again.
. "$(dirname "$0")/lib.sh"

written() { # written <folder>: a repository with data that was stored without fsync
    repository "$1" && rmv config --local core.fsync off && mkdir d && head -c 9000000 /dev/urandom >d/big && seq 3000 >d/a && echo b >d/b && rmv add -q d
}
mark=.rmstore/objects/unsynced
restarted() { # restarted: since the mark was made
    echo 00000000-0000-4000-8000-000000000000 >$mark
}
packs() { ls .rmstore/objects/packs/*.zst; }
zeros() { # zeros <file> <at>: a page that was allocated and never written
    chmod u+w "$1" && dd if=/dev/zero of="$1" bs=1 seek="$2" count=4096 conv=notrunc 2>/dev/null && chmod a-w "$1"
}
is_whole_again() { # is_whole_again: everything can be added, and comes back
    rmv add -q d && cp -r d kept && rm -rf d && rmv checkout -q && diff -r kept d
}

it 'notes in which boot something was stored without fsync' 'written noted && cmp $mark /proc/sys/kernel/random/boot_id'
it 'looks once after a restart, and goes on'      'written once && restarted && echo c >d/c && rmv add d 2>log && test ! -s log && cmp $mark /proc/sys/kernel/random/boot_id && rmv fsck -q'
it 'and takes the mark away if it is to last again' 'cd once && restarted && rmv config --local core.fsync on && echo d >d/d && rmv add -q d && test ! -e $mark && rmv fsck -q'
for damage in 'truncate -s 100000' 'truncate -s 0' 'truncate -s -10'; do
    it "stores again what a torn pack had ($damage)" "written \"$TEST_FOLDER/torn\" && for pack in \$(packs); do chmod u+w \$pack && $damage \$pack && chmod a-w \$pack; done && restarted && is_whole_again"
    rm -rf "$TEST_FOLDER/torn"
done
it 'stores again what has a page of zeros in its place' '
    written page && pack=$(ls -S $(packs) | head -n 1) && zeros $pack 5000000 && restarted && is_whole_again'
it 'says that something is damaged, and how it is mended' '
    written says && pack=$(ls -S $(packs) | head -n 1) && zeros $pack 5000000 && restarted && rm d/big && echo c >d/c && rmv add d 2>log && grep "core.fsync off.*damaged: .rmv fsck. lists it" log && exits 1 rmv fsck -q'
it 'does so with an empty mark, as a power cut may leave it' '
    written empty && pack=$(ls -S $(packs) | head -n 1) && zeros $pack 5000000 && : >$mark && is_whole_again'
it 'does so even if what is stored now shall last' '
    written lasting && pack=$(ls -S $(packs) | head -n 1) && zeros $pack 5000000 && restarted && rmv config --local core.fsync on && is_whole_again && test ! -e $mark'
