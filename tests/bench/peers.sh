# The peers, each with its own settings, measured once. Of every peer there are four functions:
#
#   NAME_init      a new repository; sets $stored_in, what of it counts as stored
#   NAME_add       measures saving ./data
#   NAME_status    measures finding out that nothing changed: by saving again, where there is no status
#   NAME_restore   measures restoring all of it
#
# They run in $tree, where the data is, and may write to $folder.

readonly peer_seconds=600 # nobody waits longer for one command
timed() { measured timeout "$peer_seconds" "$@"; }

restic_init() {
    export RESTIC_REPOSITORY=$folder/repository RESTIC_PASSWORD=bench
    restic init -q
    stored_in=$RESTIC_REPOSITORY
}
restic_add() { timed restic backup -q data; }
restic_status() { timed restic backup -q data; }
restic_restore() { timed restic restore -q latest --target "$folder/restored"; }

borg_init() {
    export BORG_REPO=$folder/repository BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
    borg init -e none
    stored_in=$BORG_REPO archive=0
}
borg_add() { archive=$((archive + 1)); timed borg create -C zstd "::archive$archive" data; }
borg_status() { borg_add; }
borg_restore() { mkdir "$folder/restored"; (cd "$folder/restored"; timed borg extract "::archive$archive"); }

ostree_init() {
    stored_in=$folder/repository
    ostree --repo="$stored_in" init --mode=bare-user
}
ostree_add() { timed ostree --repo="$stored_in" commit -b main --tree=dir=data; }
ostree_status() { ostree_add; }
ostree_restore() { timed ostree --repo="$stored_in" checkout -U -C main "$folder/restored"; }

casync_init() { stored_in=$folder/repository index=0; mkdir "$stored_in"; }
casync_add() {
    index=$((index + 1))
    timed casync make --store="$stored_in/store.castr" "$stored_in/$index.caidx" data
}
casync_status() { casync_add; }
casync_restore() {
    mkdir "$folder/restored"
    timed casync extract --store="$stored_in/store.castr" "$stored_in/$index.caidx" "$folder/restored"
}

git_init() { own_tree; git init -q; stored_in=.git/objects; }
git_add() { timed git add data; }
git_status() { timed git status; }
git_restore() { rm -rf data; timed git checkout -q -- data; }

git-annex_init() { own_tree; git init -q; git annex init -q bench; stored_in=.git; }
git-annex_add() { timed git annex add -q data; }
git-annex_status() { timed git annex status; }
git-annex_restore() { rm -rf data; timed git checkout -q -- data; }

# For those that keep the data inside their repository.
own_tree() {
    tree=$folder/tree
    mkdir "$tree"
    cp -r data "$tree/"
    cd "$tree"
}

measure_peers() {
    local peer
    enter_workspace
    for peer in $peers; do
        if [ "$peer" = no ]; then continue; fi
        if ! command -v "$peer" >/dev/null; then echo "  $peer is not installed"; continue; fi
        (measure_peer) || {
            echo "  $peer failed, or took longer than $peer_seconds s for one command:"
            tail -3 "$work/$workload/$peer/errors"
        }
        chmod -R u+w "$work/$workload/$peer"
        rm -rf "${work:?}/$workload/$peer"
    done
}

measure_peer() {
    local folder=$work/$workload/$peer tree=$space stored_in
    rm -rf "$folder"
    mkdir -p "$folder"
    "${peer}_init" >/dev/null 2>"$folder/errors"
    who=$peer
    forget "$peer"
    case $workload in
    W5*) measure_peer_versions ;;
    *) measure_peer_rows ;;
    esac
}

measure_peer_rows() {
    local row
    for row in add status restore; do
        forget "$peer"
        settle
        "${peer}_$row" 2>"$folder/errors"
        printf '  %-8s' "$row"
        if [ $row = add ]; then show "$peer" "$(bytes_in "$stored_in")"; else show "$peer"; fi
    done
}

# The figure is of the second version and later ones, as of rmv.
measure_peer_versions() {
    local row=versions version
    for version in "$data"/v*; do
        cp --remove-destination "$version"/data/* data/
        settle
        "${peer}_add" 2>"$folder/errors"
        [ "${version##*/}" != v00 ] || forget "$peer"
    done
    show "$peer" "$(bytes_in "$stored_in")"
}
