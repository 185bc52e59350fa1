#!/bin/sh
# SIGKILL, a full disk and a failing disk at system calls of gc and fsck --repair: nothing that is in use is
# lost, no file of the user, and a second run succeeds. RMV_SWEEP=all: at every call that changes something.
. "$(dirname "$0")/lib.sh"
sweep=$SOURCE_ROOT/tests/fault_sweep.sh
command -v strace >/dev/null || { skip 'sweeps' 'strace is not installed'; exit 0; }
swept() { # swept <fault> <setup> <run> <check>: leaves the counts in the output
    status=0; "$sweep" -f "$1" -n 5 "$2" "$3" "$4" >"$TEST_FOLDER/swept" || status=$?
    sed 's/^/# /' "$TEST_FOLDER/swept" >&3
    return $status
}
exec 3>&1

# Two committed versions, and between them one that nothing leads to any more.
setup='git init -q . && rmv init -q && rmv config core.threads 1 && mkdir -p data/sub && printf one >data/a && seq 400000 >data/big && rmv add -q data &&
       git add -A && git commit -qm First && seq 300000 | tac >data/big && seq 90000 >data/gone && rmv add -q data && rm data/gone && seq 400002 >data/big &&
       printf two >data/sub/b && rmv add -q data && git add -A && git commit -qm Second && find data -type f -exec sha256sum {} + >sums'
whole='sha256sum --quiet -c sums'
back='rmv fsck -q && rm -rf data && rmv checkout -q && rmv status -q && '$whole' && test -z "$(ls .rmstore/objects/tmp)" &&
      git checkout -q HEAD~1 && rmv checkout -q && seq 400000 | cmp data/big - && test ! -e data/sub/b && git checkout -q - && rmv checkout -q && '$whole
damage='python3 -c "
import glob, os
for name in sorted(glob.glob(\".rmstore/objects/packs/*.zst\")):
    os.chmod(name, 0o644)
    with open(name, \"r+b\") as f:
        f.seek(os.path.getsize(name) * 4 // 10)
        f.write(b\"damage\")
"'
for fault in kill ENOSPC EIO; do
    it "$fault during gc loses nothing in use, and a second gc succeeds" \
        'swept $fault "$setup" "rmv gc -q --grace 0 --repack" "rmv fsck -q && $whole && rmv gc -q --grace 0 --repack && test ! -e .rmstore/objects/packs/doomed && $back"'
    # What only the first version had is lost for good; nothing else may be.
    it "$fault during fsck --repair loses nothing, and a second repair succeeds" \
        'swept $fault "$setup && git checkout -q HEAD~1 && rmv checkout -q && cp -r data ../\$(basename \$PWD).first && git checkout -q - && rmv checkout -q && $damage" "rmv fsck --repair -q" \
         "$whole && { rmv fsck --repair -q || :; } && $whole && git checkout -q HEAD~1 && rm -rf data && mv ../\$(basename \$PWD).first data && { rmv fsck --repair -q || :; } && rmv gc -q --grace 0 &&
          git checkout -q - && rmv checkout -q && $whole && $back"'
done
