#!/bin/sh
# What rmv repro does with what is at the outputs after a run that did not succeed.
. "$(dirname "$0")/lib.sh"

stage() { # stage <command>: the only one there is; its output is out
    printf 'stages:\n  a:\n    cmd: %s\n    outs: [out]\n' "$1" >rmv.yaml
}
fails() { # fails <command>: it leaves something, and then nothing is there that is in the way
    rm -rf out .rmstore/runs rmv.lock
    stage "$1; exit 1"
    exits 1 rmv repro -q
}
is_refused() { # is_refused: and then done with --force
    stage 'rm -rf out; echo whole >out'
    exits 4 rmv repro -q
    says "would replace .out., which rmv has never saved" rmv repro
    says "rmv repro --force a" rmv repro
}

repository "$TEST_FOLDER/leftovers"
it 'removes what a failed run left, and says nothing' '
    fails "echo half >out"; test "$(cat out)" = half; stage "test ! -e out && echo whole >out"; rmv repro 2>log; test "$(cat out)" = whole; test ! -s log; test ! -e .rmstore/runs/started/a'
it 'removes a folder that a failed run left'      '
    fails "mkdir -p out/in && echo 1 >out/in/1 && ln -s 1 out/in/link"; stage "test ! -e out && echo whole >out"; rmv repro 2>log; test "$(cat out)" = whole; test ! -s log'
it 'removes what the last of several attempts left' '
    rm -rf out .rmstore/runs rmv.lock; printf "stages:\n  a:\n    cmd: test ! -e out \&\& echo half >out; exit 1\n    outs: [out]\n    retry: {attempts: 3, delay: 10ms}\n" >rmv.yaml
    exits 1 rmv repro -q; test -e out; stage "test ! -e out && echo whole >out"; rmv repro 2>log; test ! -s log'
it 'refuses to replace a file that was put there since' '
    fails "echo half >out"; echo mine >new; mv new out; is_refused; test "$(cat out)" = mine; rmv repro -q --force; test "$(cat out)" = whole'
it 'refuses to where a failed run left nothing'   '
    fails "true"; echo mine >out; is_refused; test "$(cat out)" = mine'
it 'refuses to replace a file that was changed since, whatever its time and size' '
    fails "echo half >out"; touch -r out time; printf mine | dd of=out conv=notrunc 2>/dev/null; touch -r time out; is_refused; test "$(cat out)" = mine'
it 'refuses to replace a folder with a new file'  '
    fails "mkdir -p out/in && echo 1 >out/in/1"; echo mine >out/in/2; is_refused; test "$(cat out/in/2)" = mine'
it 'refuses to replace a folder with a changed file' '
    fails "mkdir -p out/in && echo 1 >out/in/1"; echo 2 >out/in/1; is_refused; test "$(cat out/in/1)" = 2'
it 'refuses again after that'                     'exits 4 rmv repro -q; test "$(cat out/in/1)" = 2'
it 'refuses to replace anything if the mark is damaged' '
    for damage in "s/1/2/" "s/[0-9a-f]\{64\}/0/" "s/out/tuo/" "s/.*//"; do fails "echo half >out"; sed -i "$damage" .rmstore/runs/started/a; is_refused; done
    fails "echo half >out"; head -c 40 .rmstore/runs/started/a >cut; cp cut .rmstore/runs/started/a; is_refused'
it 'takes what is there if it is told to'         'fails "echo half >out"; echo mine >out; rmv commit a; rmv status -q; test ! -e .rmstore/runs/started/a'

killed() { # killed <command>: rmv is killed while the command, which lives on, runs
    rm -rf out .rmstore/runs rmv.lock started go
    stage "$1; touch started; while [ ! -e go ]; do sleep 0.05; done"
    rmv repro -q >log 2>&1 & pid=$!
    wait_for started; kill -KILL $pid; wait $pid || :
    touch go
}
it 'keeps what may be a killed run'\''s or a user'\''s, and goes on' '
    killed "echo half >out"; sleep 0.3; echo "really mine" >new; mv new out; stage "test ! -e out && echo whole >out"
    rmv repro 2>log; test "$(cat out)" = whole; id=$(sed -n "s/.*out.*kept as object //p" log); test "$(rmv cat "$id")" = "really mine"; rmv fsck -q'
it 'keeps a folder like that'                     '
    killed "mkdir out && echo half >out/1"; sleep 0.3; echo mine >out/2; stage "test ! -e out && echo whole >out"; rmv repro 2>log; test "$(cat out)" = whole
    id=$(sed -n "s/.*out.*kept as tree //p" log); test -n "$id"; rmv cat --kind tree "$id" >listing; grep 2 listing'
it 'needs nothing kept with --force'              '
    killed "echo half >out"; stage "test ! -e out && echo whole >out"; rmv repro --force 2>log; test "$(cat out)" = whole; ! grep kept log'
