# What is run: rmv in a workspace with a copy of the workload's data, and the floors beside it. Each run_WHO
# makes its own preparations and then measures one command.

# The workspace of $workload, which is entered: a Git repository with a copy of the data, no store yet.
enter_workspace() {
    space=$work/$workload/workspace
    filesystem_mount "$work/$workload"
    if [ "$workload" = P ]; then return; fi
    data=$(data_of "$workload")
    if [ ! -d "$space/data" ]; then
        rm -rf "$space"
        mkdir -p "$space"
        git init -q "$space"
        case $workload in
        W5*) cp -r "$data/v00/data" "$space/data" ;;
        *) cp -r "$data/data" "$space/data" ;;
        esac
    fi
    cd "$space"
    needed_mib=$(memory_for data)
    file=$(find data -type f -print -quit) # the only one, or one of many
}

# MiB that a copy of a folder takes in memory: what it takes on disk, 2 KiB for each file, and some more.
memory_for() { find "$1" -printf '%k\n' | awk '{ sum += $1 + 2 } END { print int(sum / 1024) + 256 }'; }

# What was written so far does not reach the disk while the next command is measured.
settle() { sync -f .; }

fresh_store() { # fresh_store on|off: an empty one
    rm -rf .rmstore data.rmv .gitignore ../versions-added
    rmv init -q
    rmv config --local core.fsync "$1"
    settle
}

# The data is added and unchanged, and the stat index knows it.
added() {
    if [ ! -e data.rmv ] || ! rmv status -q >/dev/null 2>&1; then
        fresh_store on
        rmv add -q data
        settle
    fi
}

run_add() { fresh_store on; measured rmv add -q data; }
run_add-off() { fresh_store off; measured rmv add -q data; }
run_status() { added; measured rmv status -q; }
run_again() { added; measured rmv add -q data; }
run_checkout() {
    added
    with_fresh checkout_there
}
checkout_there() { # in another workspace with the same store
    git init -q "$fresh/workspace"
    cp -r .rmstore data.rmv .gitignore "$fresh/workspace/"
    cd "$fresh/workspace"
    settle
    measured rmv checkout -q
}
run_fsck() { added; cat .rmstore/objects/packs/* >/dev/null; measured rmv fsck -q; }
run_gc() { added; measured rmv gc -q --grace 0; }

run_one() { # another 4 KiB, or less, in the middle of one file
    added
    local size block
    size=$(stat -c %s "$file")
    block=$((size < 4096 ? size : 4096))
    head -c "$block" /dev/urandom | dd of="$file" bs=1 seek=$(((size - block) / 2)) conv=notrunc status=none
    measured rmv add -q data
}

# Every version of W5 or W5S is added in turn; from the second on they are measured.
run_versions() {
    local version
    rm -rf data
    mkdir data
    fresh_store on
    for version in "$data"/v*; do
        cp "$version"/data/* data/
        settle
        if [ "${version##*/}" = v00 ]; then rmv add -q data; else measured rmv add -q data; fi
    done
    touch ../versions-added
}

versions_added() {
    local work=$work/unmeasured
    mkdir -p "$work/times"
    [ -e ../versions-added ] || run_versions
}

# The newest of them.
run_checkout-versions() { versions_added; run_checkout; }

# Older versions go: nothing names them any more.
run_gc-versions() { rm -f ../versions-added; versions_added; measured rmv gc -q --grace 0; }

# The same on a tenth of the files.
on_a_tenth() {
    local workload=${workload%x10} space data file
    (enter_workspace && "$@")
}
run_tenth-add() { on_a_tenth run_add; }
run_tenth-status() { on_a_tenth run_status; }
run_tenth-checkout() { on_a_tenth run_checkout; }
run_tenth-read() { on_a_tenth run_read; }
run_tenth-walk() { on_a_tenth run_walk; }
run_tenth-create() { on_a_tenth run_create; }

# Floors.
run_openssl() { measured openssl dgst -sha256 "$file"; }
run_cp() { rm -f ../copy; settle; measured cp "$file" ../copy; rm -f ../copy; }
run_dd() { rm -f ../copy; settle; measured dd if="$file" of=../copy bs=1M conv=fsync status=none; rm -f ../copy; }
run_zstd() { rm -f ../copy; settle; measured zstd -1 -T2 -q -o ../copy "$file"; mv ../copy ../compressed.zst; }
run_unzstd() {
    [ -e ../compressed.zst ] || zstd -1 -T2 -q -o ../compressed.zst "$file"
    rm -f ../copy; settle; measured zstd -d -q -o ../copy ../compressed.zst; rm -f ../copy
}
run_walk() { measured floors walk data; }
run_read() { measured floors read data; }
run_cp-r() { with_fresh copied cp -r; }
run_create() { with_fresh copied floors create; }
copied() { sync -f "$fresh"; measured "$@" data "$fresh/copy"; }
