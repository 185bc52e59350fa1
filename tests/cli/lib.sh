# For command-line tests: sourced first; gives each script an empty folder, `it`, `exits`, `says`,
# `repository`, `stages`, `wait_for`, `is_gone`, `serve_files` and `hold_server`. Output is TAP. The programs under test are first in PATH.
SOURCE_ROOT=$(cd "$(dirname "$0")/../.." && pwd)
PATH=${RMV_BUILD:-$SOURCE_ROOT/build}:$PATH
TEST_FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/rmv-cli.XXXXXX")
cd "$TEST_FOLDER" || exit 1
# Nothing of the user's own settings counts here.
export HOME="$TEST_FOLDER/.home" XDG_CONFIG_HOME="$TEST_FOLDER/.home" GIT_CONFIG_NOSYSTEM=1 LC_ALL=C.UTF-8
mkdir "$HOME"
printf '[user]\n name = Tester\n email = tester@example.com\n[init]\n defaultBranch = main\n' >"$HOME/.gitconfig"
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
number=0
it() { # it <what it does> <shell code that must succeed>
    number=$((number + 1))
    # Not inside the condition: there, `set -e` would count for nothing.
    output=$(set -e; eval "$2" 2>&1); status=$?
    if [ "$status" -eq 0 ]; then echo "ok $number - $1"; else
        echo "not ok $number - $1"
        printf '%s\n' "$output" | sed 's/^/# /'
        failed=1
    fi
}
skip() { # skip <what it does> <why>
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}
exits() { # exits <status> <command>...
    wanted=$1; shift
    actual=0; "$@" || actual=$?
    test "$actual" -eq "$wanted" || { echo "exit status $actual, not $wanted: $*"; return 1; }
}
says() { # says <pattern> <command>...: its output, errors included, matches the extended pattern
    pattern=$1; shift
    text=$("$@" 2>&1) || :
    printf '%s\n' "$text" | grep -qE -- "$pattern" || { printf 'no "%s" in: %s\n' "$pattern" "$text"; return 1; }
}
repository() { # repository <folder>: an empty workspace in a Git repository, and goes there
    mkdir -p "$1" && cd "$1" && git init -q . && rmv init -q
}
stages() { # stages <text>: rmv.yaml becomes this
    { echo 'stages:'; cat; } >rmv.yaml
}
wait_for() { # wait_for <file>: until it exists, 30 seconds at the most
    for _ in $(seq 600); do [ ! -e "$1" ] || return 0; sleep 0.05; done
    echo "no $1"; return 1
}
is_gone() { # is_gone <pid>: within 30 seconds
    for _ in $(seq 600); do kill -0 "$1" 2>/dev/null || return 0; sleep 0.05; done
    echo "process $1 is still there"; return 1
}
serve_files() { # tests/servers/file_server.py, until the script ends: its address, folder and log are in $site, $www and $log
    mkdir "$TEST_FOLDER/www" "$TEST_FOLDER/state"
    www=$TEST_FOLDER/www log=$TEST_FOLDER/state/log
    python3 "$SOURCE_ROOT/tests/servers/file_server.py" "$www" "$TEST_FOLDER/state" &
    file_server=$!
    wait_for "$TEST_FOLDER/state/port"
    export no_proxy=127.0.0.1
    site=http://127.0.0.1:$(cat "$TEST_FOLDER/state/port")
}
hold_server() { # hold_server <name> [<argument>]: tests/servers/<name>.sh, until release_server or the end; what it says once it is ready is in $answer. Else its exit status; 77: not installed
    mkfifo "$TEST_FOLDER/hold"
    "$SOURCE_ROOT/tests/servers/$1.sh" ${2:+"$2"} <"$TEST_FOLDER/hold" >"$TEST_FOLDER/answer" 2>"$TEST_FOLDER/server.err" &
    held_server=$!
    exec 9>"$TEST_FOLDER/hold"
    rm "$TEST_FOLDER/hold"
    for _ in $(seq 1200); do
        ! read -r answer <"$TEST_FOLDER/answer" || return 0
        kill -0 "$held_server" 2>/dev/null || { wait "$held_server" || return; return 1; }
        sleep 0.1
    done
    return 1
}
release_server() {
    exec 9>&-
    [ -z "$held_server" ] || wait "$held_server" || :
    held_server=
}
finish() {
    status=$?
    release_server
    [ -z "$file_server" ] || kill "$file_server" 2>/dev/null
    echo "1..$number"
    cd /; chmod -R u+w "$TEST_FOLDER" 2>/dev/null; rm -rf "$TEST_FOLDER"
    [ -z "$failed" ] || exit 1
    exit $status
}
trap finish EXIT
