#!/bin/sh
# What users of `rmv add` rely on.
. "$(dirname "$0")/lib.sh"

hash_of() { sha256sum "$1" | cut -d ' ' -f 1; }
opened() { # opened <pattern> <command>...: how many matching files it opened
    pattern=$1; shift
    ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o "$TEST_FOLDER/trace" "$@" >/dev/null
    grep -c "$pattern" "$TEST_FOLDER/trace" || :
}

repository "$TEST_FOLDER/w"
printf abc >one.csv
mkdir -p data/raw/sub data/raw/empty
printf 1 >data/raw/a; printf 22 >data/raw/sub/b; : >data/raw/nothing
printf '#!/bin/sh\n' >data/raw/run; chmod 755 data/raw/run
ln -s nowhere data/raw/dangling

it 'leaves a pointer, a line in .gitignore, and the data' '
    rmv add one.csv
    grep -q "sha256: $(hash_of one.csv)" one.csv.rmv
    grep -q "size: 3" one.csv.rmv
    test "$(cat .gitignore)" = /one.csv
    test "$(cat one.csv)" = abc'
it 'prints the id that sha256sum prints' '
    rmv add one.csv | grep -q "^$(hash_of one.csv)  one.csv"'
it 'leaves one pointer for a folder, with size and count' '
    rmv add data/raw
    grep -q "kind: tree" data/raw.rmv
    grep -q "nfiles: 5" data/raw.rmv
    test "$(cat data/.gitignore)" = /raw'
it 'says the same as JSON' '
    rmv add --json data/raw one.csv | python3 -c "
import json, sys
found = json.load(sys.stdin)
assert [f[\"path\"] for f in found] == [\"data/raw\", \"one.csv\"], found
assert found[0][\"kind\"] == \"tree\" and found[0][\"nfiles\"] == 5, found
assert not found[0][\"changed\"], found"'
it 'prints nothing with --quiet' 'test -z "$(rmv add -q one.csv 2>&1)"'
it 'names a record of the add in the pointer' 'grep -qE "record: [0-9a-f]{64}" one.csv.rmv'

it 'leaves the pointer as it is, to the byte, when nothing changed' '
    cp -p data/raw.rmv before; rmv add data/raw
    cmp before data/raw.rmv
    test "$(stat -c %i%Y before data/raw.rmv | cut -c 1-4 | wc -l)" = 2
    test ! data/raw.rmv -nt before'
it 'opens no file of the data again when nothing changed' '
    test "$(opened "data/raw/\(a\|nothing\|run\)\|\"a\"\|\"sub/b\"\|one.csv\"" rmv add data/raw one.csv)" = 0'
it 'sees a touched file as unchanged' '
    touch data/raw/a; cp data/raw.rmv before; rmv add data/raw; cmp before data/raw.rmv'

it 'brings everything back bit for bit' '
    cp -a data/raw ../copy; rm -r data/raw one.csv; rmv checkout
    diff -r --no-dereference data/raw ../copy
    test -x data/raw/run && test ! -x data/raw/a
    test -d data/raw/empty
    test "$(readlink data/raw/dangling)" = nowhere
    test "$(cat one.csv)" = abc'
it 'keeps the exec bit of a single file' '
    printf "#!/bin/sh\n" >tool; chmod 755 tool; rmv add tool; rm tool; rmv checkout tool; test -x tool'
it 'takes several targets, and patterns with --glob' '
    touch g1.txt g2.txt; rmv add --glob "g*.txt"
    test -f g1.txt.rmv && test -f g2.txt.rmv
    says "nothing matches .*z\*" rmv add --glob "z*"'
it 'leaves pointers out of what patterns match' '
    says "^[0-9a-f]{64}  g1.txt" rmv add --glob "g1*"; test ! -e g1.txt.rmv.rmv
    exits 3 rmv add --glob "g1*.rmv"; touch rmv.yaml; exits 3 rmv add --glob "rmv*"; rm rmv.yaml'
it 'takes ** in a pattern for any number of folders' '
    mkdir -p deep/a/b; for name in deep/0.dat deep/a/1.dat deep/a/b/2.dat deep/a/b/other; do echo x >$name; done
    rmv add --glob "deep/**/*.dat" >../out; test "$(cut -c 67- ../out | tr -d "\n")" = "deep/0.dat  (2 B)deep/a/1.dat  (2 B)deep/a/b/2.dat  (2 B)"
    test ! -e deep/a/b/other.rmv; exits 3 rmv add --glob "deep/**/*.none"; exits 9 rmv add --glob "**/a/**"; rm -r deep'
it 'says every pointer once, however many paths it covers' '
    test "$(rmv add data/raw/a data/raw/sub/b data/raw/run | wc -l)" = 1
    test "$(rmv add --json data/raw/a data/raw/sub/b | grep -c \"pointer\")" = 1'
it 'stores the same content once' '
    head -c 3000000 /dev/urandom >big1; rmv add big1
    before=$(du -sk .rmstore/objects | cut -f 1); cp big1 big2; rmv add big2
    after=$(du -sk .rmstore/objects | cut -f 1)
    test $((after - before)) -lt 200'
it 'takes empty files and empty folders' '
    : >void; mkdir hollow; rmv add void hollow; rm -r void hollow; rmv checkout
    test -f void && test ! -s void && test -d hollow'

it 'keeps names with blanks, signs, tabs and bytes that are no UTF-8' '
    mkdir names
    for name in " lead" "trail " "#hash" "!bang" "-dash" "co:lon" "tab	x" "ümläut" "new
line" "$(printf "bad\\377")" "back\\slash" "quo\"te"; do printf x >"names/$name"; done
    cp -a names ../names; rmv add names; rm -r names; rmv checkout names; diff -r names ../names'
it 'tracks and ignores files with such names' '
    for name in "#hash" "!bang" "-dash" "trail " "co:lon" "tab	x" "ümläut" "new
line" "$(printf "bad\\377")" "st*r" "back\\slash"; do
        printf "%s" "$name" >"$name"; rmv add -- "$name"
        git check-ignore -q -- "$name" || { echo "not ignored: $name"; exit 1; }
        rm -- "$name"; rmv checkout -- "$name" || exit 1
        test "$(cat -- "$name"; echo x)" = "${name}x" || { echo "content of $name"; exit 1; }
    done
    rmv status -q'
it 'refuses a name too long for a pointer, and leaves the data' '
    long=$(printf "n%.0s" $(seq 252)); printf x >"$long"
    exits 6 rmv add "$long"; says "251 bytes" rmv add "$long"; test "$(cat "$long")" = x
    rm "$long"; long=$(printf "n%.0s" $(seq 251)); printf x >"$long"; rmv add "$long"'
it 'takes a name of 255 bytes inside a folder' '
    mkdir long; printf x >"long/$(printf "n%.0s" $(seq 255))"; rmv add long; rm -r long; rmv checkout long
    test -f "long/$(printf "n%.0s" $(seq 255))"'

it 'refuses what does not exist and leaves no pointer' '
    exits 3 rmv add missing; test ! -e missing.rmv; says "missing" rmv add missing'
it 'writes nothing unless all paths can be added' '
    printf x >fine; exits 3 rmv add fine missing; test ! -e fine.rmv; rm fine'
it 'writes no pointer if the path could not be ignored' '
    mkdir unignored; printf x >unignored/data; ln -s /dev/null unignored/.gitignore
    exits 10 rmv add unignored/data; says "unignored/.gitignore. is no regular file" rmv add unignored/data
    test ! -e unignored/data.rmv && test -L unignored/.gitignore
    rm unignored/.gitignore; rmv add unignored/data; test "$(cat unignored/.gitignore)" = /data'
it 'says of an empty pointer that it is empty, and what to do' '
    printf x >hollowed; rmv add hollowed; : >hollowed.rmv
    exits 5 rmv add hollowed; says "hollowed.rmv. is empty" rmv status; says "git restore" rmv add hollowed
    test ! -s hollowed.rmv; rm hollowed.rmv; rmv add hollowed; rmv status -q'
it 'refuses a path outside the workspace' '
    printf x >../outside; exits 10 rmv add ../outside; test ! -e ../outside.rmv'
it 'copies what is outside into the workspace with -o, and says where it came from' '
    mkdir -p ../ext/raw/empty; echo 1 >../ext/raw/a; ln -s a ../ext/raw/link; echo "#" >../ext/raw/run; chmod 755 ../ext/raw/run
    rmv add -o in/raw ../ext/raw; diff -r --no-dereference in/raw ../ext/raw; test -x in/raw/run; rm -r in/raw; rmv checkout in/raw
    diff -r --no-dereference in/raw ../ext/raw; says "added from $TEST_FOLDER/ext/raw" rmv lineage in/raw
    rmv add -o in ../ext/raw/a; test -f in/a.rmv; rmv add -o in/raw/more ../ext/raw/a; test ! -e in/raw/more.rmv; rmv status -q in'
it 'refuses with -o what is there, or could not be added, and leaves nothing' '
    exits 4 rmv add -o one.csv ../ext/raw/a; test "$(cat one.csv)" = abc; mkfifo ../ext/p; exits 2 timeout 5 rmv add -o new ../ext/p
    exits 3 rmv add -o new ../ext/none; exits 2 rmv add -o new one.csv; exits 2 rmv add -o new ..; exits 2 rmv add -o new ../ext/raw ../ext/p
    exits 10 rmv add -o ../new ../ext/raw; exits 10 rmv add -o .git/new ../ext/raw; ln -s ../ext door; exits 10 rmv add -o door/new ../ext/raw/a; rm door
    test ! -e new && test ! -e ../new && test ! -e ../ext/new && test -z "$(find . -name ".rmv-tmp*")"; rm -r in'
it 'refuses the store and the repository' 'exits 10 rmv add .rmstore; exits 10 rmv add .git; exits 10 rmv add .'
it 'refuses what Git tracks, and says how to stop that' '
    printf x >code.py; git add code.py; exits 4 rmv add code.py
    says "git rm -r --cached .code.py" rmv add code.py; test ! -e code.py.rmv
    mkdir src; mv code.py src/; git add -A src; exits 4 rmv add src; git rm -rq --cached src code.py'
it 'refuses a pointer that Git would ignore, and leaves nothing' '
    mkdir -p ignored; echo x >ignored/x; cp .gitignore ../saved; echo ignored/ >>.gitignore
    exits 4 rmv add ignored/x; says "Git ignores .ignored/x.rmv" rmv add ignored/x; test ! -e ignored/x.rmv
    rmv add -q ignored; rm -r ignored ignored.rmv; mv ../saved .gitignore'
it 'refuses the files that say what is tracked' '
    for name in rmv.yaml .rmvignore .gitattributes; do
        echo "# x" >$name; exits 2 rmv add $name; says "not data" rmv add $name; test ! -e $name.rmv; rm $name
    done; exits 2 rmv add .gitignore'
it 'refuses what is around or inside something tracked, and names both' '
    says "data.* cannot .*data/raw" rmv add data; exits 4 rmv add data; test ! -e data.rmv'
it 'refuses an argument inside another' 'mkdir -p o/i; exits 2 rmv add o o/i; test ! -e o.rmv'
it 'refuses a pointer file' 'exits 2 rmv add data/raw.rmv; says "pointer" rmv add data/raw.rmv'
it 'refuses outputs of stages, run or not, and names the stage' '
    printf "stages:\n  make:\n    cmd: echo x\n    outs: [made]\n" >rmv.yaml; printf x >made
    exits 4 rmv add made; says "make" rmv add made; test ! -e made.rmv; rm rmv.yaml made'
it 'refuses FIFOs at once and names them' '
    mkdir pipes; mkfifo pipes/p; exits 2 timeout 5 rmv add pipes; says "pipes/p.* FIFO" rmv add pipes
    test ! -e pipes.rmv; exits 2 timeout 5 rmv add pipes/p; rm -r pipes'
it 'refuses sockets and devices as well' '
    mkdir odd; python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\"odd/s\")"
    exits 2 timeout 5 rmv add odd; says "odd/s.* socket" rmv add odd; exits 2 timeout 5 rmv add odd/s; rm -r odd
    if mknod device c 1 3 2>/dev/null; then exits 2 timeout 5 rmv add device; says "device. is a device" rmv add device; rm device; fi
    test ! -e odd.rmv && test ! -e device.rmv'
it 'refuses a repository inside the data' '
    mkdir nest; git init -q nest/repo; exits 10 rmv add nest; says "nest/repo/.git" rmv add nest; rm -rf nest'

it 'follows a path that is itself a link, and not one on the way' '
    mkdir ../store; printf inside >../store/f; ln -s ../store linked; rmv add linked
    grep -q "kind: tree" linked.rmv; git check-ignore -q linked
    exits 10 rmv add linked/f; rm linked linked.rmv'
it 'keeps links inside a folder as links, wherever they lead' '
    mkdir links; echo x >links/file; ln -s file links/here; ln -s ../../store links/out; ln -s /nowhere links/gone
    cp -a links ../links; rmv add links; rm -r links; rmv checkout links; diff -r --no-dereference links ../links
    test "$(readlink links/here links/out links/gone | tr "\n" " ")" = "file ../../store /nowhere "'
it 'updates the folder when a file inside is added' '
    printf new >data/raw/new; old=$(grep sha256 data/raw.rmv); rmv add data/raw/new
    test "$old" != "$(grep sha256 data/raw.rmv)"; test ! -e data/raw/new.rmv
    grep -q "nfiles: 6" data/raw.rmv; rmv status -q'
it 'updates the folder also where the rest of it is not here' '
    cp -a data/raw ../whole; rm -r data/raw; mkdir -p data/raw/sub; printf 333 >data/raw/sub/b
    rmv add data/raw/sub/b; rmv checkout; printf 333 >../whole/sub/b
    diff -r --no-dereference data/raw ../whole; rm -r ../whole'
it 'takes a deleted path out of the folder' '
    rm data/raw/new; rmv add data/raw/new; grep -q "nfiles: 5" data/raw.rmv; rmv status -q
    exits 3 rmv add data/raw/never'
it 'keeps comments and fields of the user in a pointer' '
    printf "# mine\ndesc: the data\nmeta: {a: 1}\n" | cat - data/raw.rmv >p; mv p data/raw.rmv
    printf more >data/raw/more; rmv add data/raw
    sed -i "s/^- path: raw/&\n  labels: [a, b]  # ours/" data/raw.rmv; printf most >data/raw/more; rmv add data/raw
    grep -q "^  labels: \[a, b\]  # ours" data/raw.rmv && head -3 data/raw.rmv | grep -q "^# mine" && grep -q "^desc: the data" data/raw.rmv &&
    grep -q "nfiles: 6" data/raw.rmv'
it 'names the file and line of a damaged pointer' '
    cp one.csv.rmv keep; printf "outs:\n- path: one.csv\n  sha256: xyz\n  kind: blob\n" >one.csv.rmv
    mv one.csv.rmv bad; cp bad one.csv.rmv; exits 5 rmv add one.csv; says "one.csv.rmv:3" rmv add one.csv; mv keep one.csv.rmv; rm bad'
it 'takes a file where a folder was, and a folder where a file was' '
    mkdir swap; printf 1 >swap/x; rmv add swap; rm -r swap; printf 2 >swap; rmv add swap
    grep -q "kind: blob" swap.rmv; rm swap; rmv checkout swap; test "$(cat swap)" = 2
    rm swap; mkdir swap; printf 3 >swap/x; rmv add swap; grep -q "kind: tree" swap.rmv; rm -r swap swap.rmv'
it 'takes data that is read-only' '
    mkdir ro; printf x >ro/f; chmod 444 ro/f; chmod 555 ro; rmv add ro; chmod 755 ro; rm -rf ro ro.rmv'
it 'takes it also from a user who may not write to it' '
    plain_user=$(test "$(id -u)" -ne 0 || echo su nobody -s /bin/sh); chmod 711 "$TEST_FOLDER"
    # The checkout may lie where that user may not go.
    mkdir "$TEST_FOLDER/plain" "$TEST_FOLDER/bin"; cp "$(command -v rmv)" "$TEST_FOLDER/bin"; test -z "$plain_user" || chown nobody "$TEST_FOLDER/plain"
    cat >"$TEST_FOLDER/script" <<END
cd $TEST_FOLDER/plain && export HOME=$TEST_FOLDER/plain PATH=$TEST_FOLDER/bin:\$PATH && git init -q . && rmv init -q && mkdir ro || exit 1
echo x >ro/f; chmod 444 ro/f; chmod 555 ro; rmv add -q ro && chmod 755 ro && rm -rf ro && rmv checkout -q && test "\$(cat ro/f)" = x
END
    chmod 755 "$TEST_FOLDER/script"; ${plain_user:-sh} "$TEST_FOLDER/script"'
it 'refuses a file that is being written, and takes it afterwards' '
    head -c 30000000 /dev/zero >busy
    python3 -c "
import time
end = time.time() + 120
with open(\"busy\", \"ab\", 0) as f:
    while time.time() < end: f.write(b\"x\")" & writer=$!
    until test "$(stat -c %s busy)" -gt 30000000; do sleep 0.05; done
    status=0; rmv add busy 2>../said || status=$?; kill $writer; wait $writer || :
    test $status = 4; grep -q "busy. changed while it was read" ../said; test ! -e busy.rmv; rmv add busy'
it 'works in a folder below, with paths as typed there' '
    (cd data && printf s >sub.csv && rmv add sub.csv | grep -q "  sub.csv  " && test -f sub.csv.rmv)'
it 'says where it belongs outside a workspace' '(cd / && exits 2 rmv add tmp)'

it 'refuses a folder with something tracked inside, and forgets what it was about to track' '
    mkdir -p nest/in other; echo 1 >nest/in/file; echo 2 >nest/beside; echo 3 >other/file
    rmv add -q nest/in; exits 4 rmv add -q nest; says "in it is tracked already" rmv add nest
    test ! -e nest.rmv
    exits 4 rmv add -q other nest; test ! -e other.rmv; rmv checkout -q
    test "$(cat nest/in/file nest/beside other/file | tr -d "\n")" = 123
    rm nest/in.rmv; rmv add -q nest other; rmv status -q; rm -r nest nest.rmv other other.rmv'
it 'refuses a folder with an output of a stage inside, whose rmv.yaml is in there, too' '
    mkdir -p whole/sub; echo 1 >whole/sub/file
    printf "stages:\n  make:\n    cmd: echo x >out\n    outs: [out]\n" >whole/sub/rmv.yaml
    echo x >whole/sub/out; exits 4 rmv add -q whole/sub/out; rmv repro -q -R whole
    exits 4 rmv add -q whole; test ! -e whole.rmv; test -s whole/sub/out; rm -r whole'
it 'can be run several times at once' '
    for i in 1 2 3 4 5 6; do echo "$i" >par$i; done
    for i in 1 2 3 4 5 6; do rmv add -q par$i & done; wait
    for i in 1 2 3 4 5 6; do test -f par$i.rmv && git check-ignore -q par$i || exit 1; done
    test "$(grep -c par .gitignore)" = 6; rmv status -q'
# What it has stored becomes a pack of its own, and the rest another: together they are as large as the file.
it 'reuses what a killed add has stored' '
    packs=.rmstore/objects/packs; temporary=.rmstore/objects/tmp
    head -c 150000000 /dev/urandom >large; count=$(ls $packs | wc -l); size=$(du -sm $packs | cut -f 1)
    rmv add -q large & pid=$!
    for i in $(seq 1000); do
        if [ "$(du -sm $temporary | cut -f 1)" -ge 60 ] || ! kill -0 $pid 2>/dev/null; then break; fi
        sleep 0.01
    done 2>/dev/null
    kill -9 $pid 2>/dev/null || :; wait $pid || :
    if [ ! -e large.rmv ]; then
        rmv add -q large
        test "$(ls $packs | wc -l)" -ge $((count + 2)); test "$(du -sm $packs | cut -f 1)" -lt $((size + 155))
        test "$(du -sm $temporary | cut -f 1)" -lt 10
    fi
    cp large ../large; rm large; rmv checkout -q large; cmp large ../large; rm large large.rmv ../large'
it 'survives being killed at any moment, and the next add succeeds' '
    mkdir many; for i in $(seq 300); do echo "content $i" >many/$i; done; cp -r many ../many
    for delay in 0.001 0.004 0.008 0.015 0.03; do
        rmv add -q many & pid=$!; sleep $delay; kill -9 $pid 2>/dev/null || :; wait $pid || :
        diff -r many ../many || exit 1
        if [ -e many.rmv ]; then break; fi
    done
    rmv add -q many; rm -r many; rmv checkout -q many; diff -r many ../many; rmv status -q'

# Somebody else's pipelines and pointers, whole or broken, in a folder that is not tracked yet.
strange() { # strange <folder>: some that cannot be read
    mkdir -p "$1/in" && echo 'stages: [' >"$1/rmv.yaml" && echo broken >"$1/in/x.rmv" && echo 'outs: 3' >"$1/rmv.lock" && echo 1 >"$1/a"
}
it 'names a pointer that cannot be read, and what to do if it is data' 'repository strange && strange d && echo y >y &&
    for command in "status" "add y" "ls" "checkout"; do exits 5 rmv $command && says "d/(in/x.rmv|rmv.lock):1:" rmv $command || exit 1; done
    says "if it is data, .rmv add. it" rmv status; rm d/in/x.rmv d/rmv.lock; says "^rmv: d/rmv.yaml:2:1: " rmv status; says "hint: if it is data, .rmv add. the folder" rmv status'
it 'adds a folder with broken pointers and pipelines, which then are data' 'repository strange2 && strange d && rmv add -q d && rmv status -q && exits 3 rmv repro && test -z "$(rmv stage list)" &&
    rm -r d && rmv checkout -q && grep broken d/in/x.rmv && echo more >>d/in/x.rmv && says "1 modified" rmv status && rmv add -q d && git add -A && git commit -qm 1 && rm -r d && rmv checkout -q HEAD && grep more d/in/x.rmv && rmv gc -q && rmv fsck -q'
it 'adds a folder with pointers and lock files that are whole, but were never ours' 'repository other && mkdir d && echo 1 >d/a && rmv add -q d/a &&
    printf "stages:\n  s:\n    cmd: echo 1 >o\n    outs: [o]\n" >d/rmv.yaml && rmv repro -q d/rmv.yaml && cd .. && repository mine && cp -r ../other/d . &&
    rmv add -q d && rmv status -q && rmv ls -R | grep "d/a.rmv" && rmv ls -R | grep "d/rmv.lock" && test -z "$(rmv stage list)"'
it 'still refuses a folder with a pointer of ours' 'repository ours && mkdir d && echo 1 >d/a && rmv add -q d/a && exits 4 rmv add d && rm d/a && exits 4 rmv add d && git add -A && git commit -qm 1 && rm -rf .rmstore/placed && exits 4 rmv add d && test ! -e d.rmv &&
    echo broken >d/a.rmv && exits 4 rmv add d && exits 5 rmv status && ! rmv status 2>&1 | grep "if it is data"'
it 'adds a single file that looks like a pointer' 'repository looks && echo broken >x.rmv && exits 5 rmv status && rmv add -q x.rmv && rmv status -q && rm x.rmv && rmv checkout -q && grep broken x.rmv'
it 'never takes what rmv was writing for data, and removes what dead processes left of it' '
    repository leftovers && mkdir -p d/s && echo 1 >d/a && echo 2 >d/s/b && echo mine >d/.rmv-tmp-notes && ln -s a d/.rmv-tmp-999999999-0 && echo half >d/s/.rmv-tmp-999999999-1 && echo half >d/.rmv-tmp-$$-7
    rmv add -q d && rmv status -q && test "$(rmv ls -R d | grep -c rmv-tmp)" = 1 && test "$(cd d && ls -A . s | grep rmv-tmp | sort | tr "\n" " ")" = ".rmv-tmp-$$-7 .rmv-tmp-notes "
    echo half >d/s/.rmv-tmp-999999999-1 && rmv status -q && test -e d/s/.rmv-tmp-999999999-1 && rmv checkout -q && test ! -e d/s/.rmv-tmp-999999999-1 && test -e d/.rmv-tmp-$$-7
    echo half >d/s/.rmv-tmp-999999999-1 && rm d/a && rmv checkout -q && test ! -e d/s/.rmv-tmp-999999999-1 && rmv status -q'
