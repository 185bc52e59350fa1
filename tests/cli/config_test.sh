#!/bin/sh
# rmv config: settings of four levels, of which the one that comes with a clone is not trusted.
. "$(dirname "$0")/lib.sh"

it 'sets and prints a setting'          'repository a && rmv config core.threads 3 && test "$(rmv config core.threads)" = 3 && grep -q "threads = 3" .rmstore/config'
it 'exits 1 for what is not set'        'cd a && exits 1 rmv config core.fsync'
it 'lets the nearer level win'          'cd a && rmv config --user core.threads 1 && test "$(rmv config core.threads)" = 3 && rmv config --local core.threads 5 && test "$(rmv config core.threads)" = 5'
it 'prints one level alone'             'cd a && test "$(rmv config --user core.threads) $(rmv config --project core.threads)" = "1 3"'
it 'lists what counts'                  'cd a && rmv config --local core.fsync off && test "$(rmv config --list | tr "\n" " ")" = "core.fsync=off core.threads=5 "'
it 'lists one level'                    'cd a && test "$(rmv config --list --project)" = core.threads=3'
it 'keeps the local file private'       'cd a && test "$(stat -c %a .rmstore/config.local)" = 600'
it 'removes a setting'                  'cd a && rmv config --local --unset core.threads && test "$(rmv config core.threads)" = 3 && exits 3 rmv config --local --unset core.threads'
it 'suggests the nearest setting'       'cd a && exits 2 rmv config core.thread 1 && says "did you mean .core.threads" rmv config core.thread'
it 'refuses a bad value'                'cd a && exits 2 rmv config core.threads many && exits 2 rmv config core.compression 20 && test "$(rmv config core.threads)" = 3'
it 'refuses what may not be committed'  'cd a && exits 2 rmv config cache.dir /tmp/x && says "hint: .*--local" rmv config cache.dir /tmp/x'
it 'refuses two levels at once'         'cd a && exits 2 rmv config --local --user core.threads 1'
it 'refuses odd requests'               'cd a && exits 2 rmv config && exits 2 rmv config --list core.threads && exits 2 rmv config a b c && exits 2 rmv config --unset'
it 'warns of what a clone may not set'  'repository b && printf "[cache]\ndir = ../stolen\n[x]\ny = 1\n" >.rmstore/config && says "warning: .*does not count" rmv ls && says "no setting .x.y" rmv ls && test ! -e ../stolen'
it 'refuses includes'                   'cd b && printf "[include]\npath = /etc/passwd\n" >.rmstore/config && exits 10 rmv ls && says "config:1: a config file may not include" rmv ls'
it 'names the line of a mistake'        'cd b && printf "[core]\n\n=\n" >.rmstore/config && exits 5 rmv ls && says "config:3: " rmv ls'
it 'refuses a local file that was committed' '
    repository c && printf "[cache]\ndir = ../stolen\n" >.rmstore/config.local && git add -f .rmstore/config.local &&
    exits 10 rmv ls && says "hint: .*git rm --cached" rmv ls && test ! -e ../stolen'
it 'works outside a workspace for the user' 'mkdir d && cd d && rmv config --user core.compression 3 && test "$(rmv config core.compression)" = 3 && exits 2 rmv config --local core.threads 1'

# A file of 7 MB, which is cut into chunks that several threads store.
seq -f '%09.0f,click,home' 350000 >"$TEST_FOLDER/numbers"
added_with() { # added_with <key> <value>: adds the file in a workspace with this setting, and stays in it
    (repository "$TEST_FOLDER/$1-$2") && cd "$TEST_FOLDER/$1-$2" && rmv config "$1" "$2" && cp ../numbers . && rmv add -q numbers
}
stored_bytes() { cat .rmstore/objects/packs/* | wc -c; }

it 'stores less at a higher core.compression' '
    added_with core.compression 1; quick=$(stored_bytes)
    added_with core.compression 12; small=$(stored_bytes)
    test "$small" -lt "$quick"'
it 'stores the same with any core.threads' '
    for threads in 1 2 8 1024; do
        added_with core.threads $threads
        sed "/record:/d" numbers.rmv | cmp - "$TEST_FOLDER/first" 2>/dev/null || test $threads = 1
        sed "/record:/d" numbers.rmv >"$TEST_FOLDER/first"
        zstd -qt .rmstore/objects/packs/*.zst
        rm numbers && rmv checkout -q && cmp numbers ../numbers
    done'
it 'takes no wrong value that was written by hand' '
    repository hand; echo 1 >file
    for line in "compression = 0" "compression = 20" "compression = fast" "threads = -1" "threads = 1025"; do
        printf "[core]\n    %s\n" "$line" >.rmstore/config
        exits 5 rmv add file
        says "core\.(compression|threads). must be a whole number" rmv add file
        test ! -e file.rmv
    done'
