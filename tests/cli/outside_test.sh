#!/bin/sh
# Dependencies on files and folders outside the workspace.
. "$(dirname "$0")/lib.sh"

runs() { test "$(wc -l <runs)" -eq "$1" || { cat runs; return 1; }; }
data=$TEST_FOLDER/data
state() { (cd "$data" && find . -printf '%p %y %i %s %T@ %C@ %m\n' | sort); }
opened() { # opened COMMAND…: which files of $data it opens
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o "$TEST_FOLDER/trace" "$@" >/dev/null
    grep -oE "\"[^\"]*(big|part)[0-9]*\", [^)]*O_RDONLY[^)]*\)" "$TEST_FOLDER/trace" || :
}
mkdir "$data" "$data/folder"; echo one >"$data/x.csv"; echo 1 >"$data/folder/part1"

repository "$TEST_FOLDER/main"
printf '  get:\n    cmd: echo >>runs; cat ../data/x.csv %s/folder/* >got\n    deps: [../data/x.csv, %s/folder]\n    outs: [got]\n  next:\n    cmd: cp got next\n    deps: [got]\n    outs: [next]\n' "$data" "$data" | stages
state >before
it 'runs a stage that depends on files outside, and once' 'rmv repro -q; runs 1; says "up to date" rmv repro; runs 1; rmv status -q; test "$(cat next)" = "$(printf "one\n1")"'
it 'keeps their paths in rmv.lock, as they are written' 'grep "^      ../data/x.csv:" rmv.lock; grep "^      $data/folder:" rmv.lock; grep "sha256: $(sha256sum <../data/x.csv | cut -c 1-64)" rmv.lock'
it 'neither stores nor touches them'         'state | diff before -; exits 3 rmv cat "$(sha256sum <../data/x.csv | cut -c 1-64)"; rmv fsck -q'
it 'runs it again when a file changed, and says so' '
    echo two >../data/x.csv; exits 1 rmv status -q; says "get: changed: ../data/x.csv .modified.$" rmv status; says "../data/x.csv .modified." rmv repro --dry; runs 1
    rmv repro -q; runs 2; test "$(head -n 1 next)" = two; rmv status -q'
it 'and when a folder did'                   'echo 2 >"$data/folder/part2"; says "$data/folder .modified, 1 → 2 files." rmv repro; runs 3; rm "$data/folder/part2"; echo 9 >"$data/folder/part1"; says "$data/folder .modified, 2 → 1 files." rmv repro; runs 4'
it 'finds the run for what was there before' 'echo 1 >"$data/folder/part1"; rmv repro -q; runs 4; test "$(cat next)" = "$(printf "two\n1")"; rmv status -q'
it 'sees an edit that keeps size and time'   'touch -r ../data/x.csv ../stamp; echo six >../data/x.csv; touch -r ../stamp ../data/x.csv; rmv repro -q; runs 5; test "$(head -n 1 next)" = six'
it 'sees edits in quick succession'          'for i in 1 2 3 4 5 6 7 8; do echo "n$i" >../data/x.csv; rmv repro -q; test "$(head -n 1 next)" = "n$i"; done; runs 13'
it 'does not run for a new time alone'       'touch ../data/x.csv "$data/folder/part1"; rmv repro -q; runs 13; rmv status -q'
it 'reads nothing that it knows'             'sleep 0.1; head -c 300000 /dev/urandom >../data/big1; printf "  big:\n    cmd: wc -c ../data/big1 >size\n    deps: [../data/big1]\n    outs: [size]\n" >>rmv.yaml
    sleep 2.1; rmv repro -q; opened rmv status -q >out; cat out; ! grep big1 out; ! grep part1 out; echo x >>../data/big1; opened sh -c "rmv status -q || :" >out; grep big1 out; rmv repro -q; rm .rmstore/outside; opened rmv status -q | grep big1'
it 'shows them in the lineage, the list of stages and that of dependencies' '
    rmv lineage next >out || :; cat out; grep -E "outside +../data/x.csv: .*sha256=\"$(sha256sum <../data/x.csv | cut -c 1-64)" out; grep -E "outside +$data/folder: .*nfiles=1" out
    rmv stage list --json | python3 -c "import json,sys; assert json.load(sys.stdin)[\"stages\"][0][\"deps\"] == [\"../data/x.csv\", \"$data/folder\"]"; rmv dag | grep next'
it 'follows a link, and sees where it leads' 'ln -s x.csv ../data/link; printf "  link:\n    cmd: cp ../data/link linked\n    deps: [../data/link]\n    outs: [linked]\n" >>rmv.yaml; rmv repro -q; ln -sfn folder/part1 ../data/link; says "../data/link .modified" rmv repro; test "$(cat linked)" = 1'
it 'notices that a file became a folder'     'rm ../data/link; mkdir ../data/link; says "../data/link .a folder now." rmv status; rmdir ../data/link; cp ../data/x.csv ../data/link; rmv repro -q'
it 'warns of what changes while the stage runs, and runs it again' '
    printf "  busy:\n    cmd: cat ../data/busy >busy.out; echo \$((\$(cat count 2>/dev/null || echo 0) + 1)) >count; test \$(cat count) -gt 1 || echo later >../data/busy\n    deps: [../data/busy]\n    outs: [busy.out]\n" | stages; echo early >../data/busy
    says "../data/busy. changed while stage .busy., which depends on it, was running" rmv repro; exits 1 rmv status -q; rmv repro -q; test "$(cat busy.out)" = later; rmv status -q'
it 'is made by stage add, too'               'rm rmv.yaml; rmv stage add -q -n added -d ../data/x.csv -d "$data/folder" -o added "cp ../data/x.csv added"; rmv repro -q; cmp added ../data/x.csv; rmv status -q'

printf '  gone:\n    cmd: echo x >x\n    deps: [../data/none, %s/nope]\n    outs: [x]\n  other:\n    cmd: echo y >y\n    outs: [y]\n' "$data" | stages
it 'names stage and path of what is not there' 'exits 3 rmv repro gone; says "dependency .../data/none. of stage .gone. does not exist .rmv.yaml:4.$" rmv repro gone; says "hint: it is outside the workspace" rmv repro gone; test ! -e x; exits 1 rmv status -q; says "gone: dependency .../data/none" rmv status; says "other: not run" rmv status'
it 'does without what is not there where that is allowed' '
    echo 1 >../data/none; echo 2 >"$data/nope"; rmv repro -q; rm "$data/nope"; exits 3 rmv repro -q; says "up to date" rmv repro --allow-missing; rmv repro -q --allow-missing
    sed -i "s/echo x/echo X/" rmv.yaml; exits 3 rmv repro -q --allow-missing; says "dependency .$data/nope. of stage .gone. does not exist" rmv repro --allow-missing; rmv repro -q --allow-missing other'
it 'refuses what is no data'                 'mkfifo ../data/fifo; printf "  a:\n    cmd: x\n    deps: [../data/fifo]\n" | stages; exits 2 timeout 20 rmv repro; says "stage .a. depends on a path outside the workspace .rmv.yaml:4.: .$data/fifo.*a FIFO" timeout 20 rmv repro
    mkdir ../data/odd; mv ../data/fifo ../data/odd; sed -i s/fifo/odd/ rmv.yaml; exits 2 timeout 20 rmv repro; says "data/odd/fifo. is a FIFO" timeout 20 rmv repro; rm -r ../data/odd'
it 'refuses a folder that the workspace is in' 'printf "  a:\n    cmd: x\n    deps: [%s]\n" "$TEST_FOLDER" | stages; exits 10 rmv repro; says "rmv.yaml:4:12: the workspace itself is in .$TEST_FOLDER" rmv repro; sed -i "s|deps: .*|deps: [..]|" rmv.yaml; exits 10 rmv repro'
it 'takes outputs only inside, and says why' '
    for key in outs metrics plots; do printf "  a:\n    cmd: touch ../data/made\n    $key: [../data/made]\n" | stages; exits 10 rmv repro; says "rmv.yaml:4:[0-9]+: .../data/made. is outside the workspace, and only dependencies" rmv repro; says "hint: rmv writes nothing outside the workspace" rmv repro; done
    test ! -e ../data/made; printf "  a:\n    cmd: touch made\n    outs: [%s/made]\n" "$PWD" | stages; rmv repro -q; grep "path: made$" rmv.lock'
it 'takes an absolute path into the workspace for what it is' 'printf "  one:\n    cmd: echo 1 >one\n    outs: [one]\n  two:\n    cmd: cp one two\n    deps: [%s/one]\n    outs: [two]\n" "$PWD" | stages; rmv repro -q; says "n0 -> n1" rmv dag --dot; test "$(grep -c "path: one$" rmv.lock)" = 2'

repository "$TEST_FOLDER/exp"
echo "n: 1" >params.yaml
printf '  get:\n    cmd: cat %s/x.csv params.yaml >got; date +%%N >>got\n    deps: [%s/x.csv]\n    params: [n]\n    outs: [got]\n' "$data" "$data" | stages
rmv repro -q; git add -A; git commit -qm one
it 'sees the same file in an experiment, which finds runs with it again' '
    rmv exp run -q --name e1 -S n=2; rmv exp apply -q e1; head -n 1 got | diff "$data/x.csv" -; grep "n: 2" got; cp got ../got2; git checkout -q .; rmv checkout -q -f; sed -i "s/1/2/" params.yaml; rmv repro -q; cmp got ../got2; git checkout -q .; rmv repro -q'
it 'does not read it again for experiments'   'cp "$data/x.csv" "$data/big2"; sed -i "s/x.csv/big2/g" rmv.yaml; sleep 2.1; rmv repro -q; git commit -qam big; opened rmv exp run -q --name e2 -S n=5 >out; cat out
    test "$(grep -c big2 out)" = 1 # by the command'
it 'says of a relative path that an experiment is elsewhere' 'sed -i "s|deps: .*|deps: [../data/x.csv]|" rmv.yaml; rmv repro -q; git commit -qam relative; says "an experiment runs in another folder" rmv exp run --name e3 -S n=6; says "hint: an absolute path" rmv exp run --name e4 -S n=7'
it 'left the data outside as it was'         'test "$(find "$data" -type f | wc -l)" -ge 5; test ! -e "$data/.rmstore"; test ! -e "$data/.gitignore"; ls -A "$TEST_FOLDER/data" | sort >now; cat now; ! grep -E "rmv|tmp" now'
