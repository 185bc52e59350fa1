#!/bin/sh
# Files of a workspace that are links into the store: hard, symbolic, and sharing blocks.
. "$(dirname "$0")/lib.sh"

repository w
w=$TEST_FOLDER/w
loose() { find .rmstore/objects/loose -type f 2>/dev/null; }
object() { echo "$w/.rmstore/objects/loose/$(sha256sum "$1" | cut -c1-2)/$(sha256sum "$1" | cut -c1-64)"; }
same() { test "$(stat -Lc %d:%i "$1")" = "$(stat -Lc %d:%i "$2")"; }
sizes() { du -s --apparent-size -B1 .rmstore/objects | cut -f1; }
fresh() { # fresh <types>: data/raw, a copy in ../raw1
    cd "$TEST_FOLDER"; rm -rf w raw1; repository w; mkdir -p data/raw/sub
    rmv config cache.type "$1"
    head -c 3000000 /dev/urandom >data/raw/big; echo one >data/raw/a; echo two >data/raw/sub/b
    printf "#!/bin/sh\n" >data/raw/run; chmod 755 data/raw/run; : >data/raw/empty; ln -s a data/raw/link
    cp -a data/raw ../raw1; rmv add -q data/raw; git add -A; git commit -qm "data as $1"
}

it 'takes the types of DVC, in any order, and refuses others' '
    rmv config cache.type reflink,hardlink,symlink,copy; rmv config cache.type "reflink, copy"
    exits 2 rmv config cache.type reflink,softlink; says "types are reflink, hardlink" rmv config cache.type softlink
    exits 2 rmv config cache.type copy,copy; exits 2 rmv config cache.type ""; exits 2 rmv config cache.type copy,'

for type in hardlink symlink; do
fresh $type
it "$type: every file but empty ones is a read-only link to the only copy" '
    for name in big a sub/b; do same data/raw/$name "$(object data/raw/$name)"; done
    same data/raw/run "$(object data/raw/run).x"; test "$(stat -Lc %a data/raw/a data/raw/run | tr "\n" " ")" = "444 555 "
    test ! -L data/raw/empty && test "$(stat -c %h data/raw/empty)" = 1; test "$(readlink data/raw/link)" = a
    diff -r --no-dereference ../raw1/sub data/raw/sub || diff -r ../raw1 data/raw; test "$(sizes)" -lt 3200000'
it "$type: status is clean and reads nothing, and adding again changes nothing" '
    rmv status -q; ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o ../trace rmv status >/dev/null
    ! grep -E "raw/(big|a)|\"(big|a|b)\"|loose/../" ../trace
    cp data/raw.rmv ../before; rmv add -q data/raw; cmp data/raw.rmv ../before; same data/raw/a "$(object data/raw/a)"'
it "$type: checkout makes links again, and reads nothing to do so" '
    rm -r data/raw; ASAN_OPTIONS=detect_leaks=0 strace -f -qq -e trace=open,openat,openat2 -o ../trace rmv checkout -q
    ! grep -E "loose/../" ../trace; diff -r ../raw1 data/raw; same data/raw/big "$(object data/raw/big)"; rmv status -q'
it "$type: --link is for one command, --relink for files that are right already" '
    rmv checkout -q --relink --link copy; test "$(stat -c %h%a data/raw/a)" = 1644; test ! -L data/raw/run; diff -r ../raw1 data/raw
    test "$(stat -c %a data/raw/run)" = 755; rmv status -q; says "4 relinked" rmv checkout --relink
    same data/raw/a "$(object data/raw/a)"; rmv status -q; says "6 unchanged" rmv checkout --relink; exits 2 rmv checkout --link soft'
it "$type: unprotect gives a file of its own, whose edit is kept apart" '
    rmv unprotect -q data/raw/a data/raw/sub; test "$(stat -c %h%a data/raw/a data/raw/sub/b | tr "\n" " ")" = "1644 1644 "
    test ! -L data/raw/a; rmv status -q; cmp data/raw/a ../raw1/a; echo edited >>data/raw/a; exits 1 rmv status -q
    rmv add -q data/raw; same data/raw/a "$(object data/raw/a)"; git commit -qam edited
    rmv fsck -q; rmv checkout -q HEAD~1; diff -r ../raw1 data/raw; rmv checkout -q HEAD; says edited cat data/raw/a'
it "$type: writing through a link shows in status and fsck, and is never restored from" '
    target=$(object data/raw/big); chmod u+w "$target"; printf "written to" | dd of=data/raw/big conv=notrunc status=none
    exits 1 rmv status -q; exits 1 rmv fsck; says "loose/.*written to" rmv fsck; says "data/raw/big: in the workspace" rmv fsck
    rm data/raw/big; exits 5 rmv checkout; test ! -e data/raw/big
    says "loose/" rmv checkout
    cp ../raw1/big data/raw/big; rmv add -q data/raw; rmv fsck -q; same data/raw/big "$target"; cmp data/raw/big ../raw1/big; rmv status -q'
it "$type: a damaged loose object is mended from a pack that has the object" '
    rmv config cache.type copy; rm -rf data/raw; cp -a ../raw1 data/raw; mkdir ../packed; mv .rmstore/objects/loose ../packed
    rm -f .rmstore/index; rmv add -q data/raw; rm -rf .rmstore/objects/loose; mv ../packed/loose .rmstore/objects; rmdir ../packed
    rmv config cache.type '$type'; target=$(object ../raw1/a); chmod u+w "$target"; echo bad >"$target"
    rmv fsck -q; rm data/raw/a; rmv checkout -q; cmp data/raw/a ../raw1/a; same data/raw/a "$target"; cmp "$target" ../raw1/a'
it "$type: fsck --repair mends what is sound elsewhere, and says what is not" '
    fresh copy; rmv checkout -q --relink --link '$type'; rmv config cache.type '$type'; chmod 644 "$(object ../raw1/a)"; echo bad >"$(object ../raw1/a)"; rmv fsck --repair >../out || :
    grep "1 file of loose objects made anew" ../out; cmp "$(object ../raw1/a)" ../raw1/a; rmv fsck -q; rmv checkout -qf; diff -r ../raw1 data/raw
    fresh '$type'; chmod 755 "$(object ../raw1/run).x"; echo bad >"$(object ../raw1/run).x"; exits 1 rmv fsck --repair; exits 1 rmv fsck; says "data/raw/run" rmv fsck
    cp --remove-destination ../raw1/run data/raw/run; rmv fsck -q --repair; test "$(cat data/raw/run)" = "#!/bin/sh"; rmv fsck -q; fresh '$type'; rm "$(object ../raw1/a)"; exits 1 rmv fsck; says "missing file" rmv fsck'
fresh $type
it "$type: a file that other names lead to is copied, and they stay what they are" '
    echo mine >data/mine; ln data/mine ../mine; rmv add -q data/mine; echo more >>../mine; test "$(cat ../mine)" = "mine
more"; test "$(cat data/mine)" = mine; same data/mine "$(object data/mine)"; rm ../mine'
it "$type: exec bits of the same content are told apart" '
    cp ../raw1/run data/plain; chmod 644 data/plain; rmv add -q data/plain; test ! -x data/plain || test "$(id -u)" = 0
    rmv checkout -q --relink; test "$(stat -Lc %a data/plain data/raw/run | tr "\n" " ")" = "444 555 "; rmv status -q; rm data/plain; rmv checkout -q; test "$(stat -Lc %a data/plain)" = 444
    rmv fsck -q'
it "$type: gc keeps what is in use and takes the rest" '
    echo gone >data/gone; rmv add -q data/gone; gone=$(object data/gone); test -f "$gone"; rm data/gone data/gone.rmv
    rmv gc --grace 14d >/dev/null; test -f "$gone"; rmv gc --grace 0 >/dev/null; test ! -e "$gone"
    rmv status -q; rmv fsck -q; test -f "$(object data/raw/big)"'
it "$type: no file is lost when add is killed at any moment" '
    n=1; while :; do
        rm -rf ../k; mkdir -p ../k/data; (cd ../k && git init -q . && rmv init -q && rmv config cache.type '$type' && echo k1 >data/k1 && echo k2 >data/k2)
        status=0; (cd ../k && ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=linkat,link,renameat,rename,symlinkat,fchmod,unlinkat,unlink,syncfs,fsync -e inject=linkat,link,renameat,rename,symlinkat,fchmod,unlinkat,unlink,syncfs,fsync:signal=KILL:when=$n rmv add -q data) || status=$?
        test "$(cat ../k/data/k1 ../k/data/k2 | tr "\n" " ")" = "k1 k2 "
        (cd ../k && rmv fsck -q && rmv add -q data && rmv status -q && rmv fsck -q && test -z "$(ls .rmstore/objects/tmp)")
        test $status -ne 0 || break; n=$((n + 1)); done; test $n -gt 3; rm -rf ../k'
done

it 'a link into the store is its object, and not a link of the user' '
    fresh symlink; says "^f .*a$|a$" rmv ls data/raw; ! rmv cat data/raw/a | grep loose; test "$(rmv cat data/raw/a)" = one'
it 'a link whose object is gone is not stored as a link, and checkout mends it where it can' '
    fresh symlink; rm -rf .rmstore/objects/loose/*/*; exits 3 rmv add data/raw; says "checkout" rmv add data/raw
    exits 1 rmv status -q; fresh copy; rmv checkout -q --relink --link symlink; rm -rf .rmstore/objects/loose/*/*
    rmv checkout -q; diff -r ../raw1 data/raw; rmv status -q'
it 'gc keeps the object of a link that was moved and not added yet' '
    fresh symlink; mkdir data/mine; mv data/raw/a data/mine/a; rmv add -q data/raw; git commit -qam moved
    rmv gc --workspace --grace 0 >/dev/null; test "$(cat data/mine/a)" = one'
it 'a tracked file that is a link is checked out and edited like any other' '
    fresh symlink; echo single >data/one; rmv add -q data/one; test -L data/one; rmv status -q; rm data/one; rmv checkout -q; test -L data/one
    rmv unprotect -q data/one; echo more >>data/one; exits 4 rmv checkout; rmv add -q data/one; test -L data/one; rmv status -q
    rmv unprotect data/one | grep "^1 file can"; rmv unprotect data/one | grep "^All files could"; exits 3 rmv unprotect data/none; exits 2 rmv unprotect'
it 'stages write new files, not through links, and what persists is unprotected' '
    fresh symlink; git rm -qr --cached . 2>/dev/null; mkdir out
    printf "stages:\n  make:\n    cmd: echo \$\$ >>out/kept; echo \$\$ >out/new; echo 1 >out/git\n    always_changed: true\n    outs:\n    - out/kept:\n        persist: true\n    - out/new\n    - out/git:\n        cache: false\n" >rmv.yaml
    rmv repro -q; test -L out/kept && test -L out/new && test ! -L out/git; first=$(readlink out/kept)
    rmv repro -q; test "$(wc -l <out/kept)" = 2; test "$(wc -l <"$first")" = 1; rmv fsck -q; rmv status -q data
    rm -rf rmv.yaml rmv.lock out'
for type in symlink hardlink; do
it "$type: so is every output of stages that are recorded together, whatever is stored already" '
    cd "$TEST_FOLDER"; rm -rf w; repository w; rmv config cache.type $type; printf "stages:\n" >rmv.yaml
    for i in 1 2 3 4; do printf "  s$i:\n    cmd: mkdir d$i; echo same >d$i/same; echo $i | tee d$i/own >o$i\n    outs: [d$i, o$i]\n" >>rmv.yaml; done
    printf "  t:\n    cmd: cp o1 t1; echo same >t2\n    deps: [o1, d1]\n    outs: [t1, t2]\n" >>rmv.yaml
    rmv repro -q -j2; for name in d[1-4]/* o[1-4] t[12]; do same $name "$(object $name)"; test $type = hardlink || test -L $name; done
    rmv status -q; rmv fsck -q; test "$(rmv checkout --relink | grep -c relinked)" = 0; cd "$TEST_FOLDER"; rm -rf w'
done

it 'where links are impossible, the next type is used, with one warning' '
    if ! mkdir -p ../other || ! mount -t tmpfs -o size=20m none ../other 2>/dev/null; then echo "no mount"; exit 0; fi
    trap "umount ../other" EXIT; fresh copy; rmv config --local cache.dir "$(realpath ../other)/store"; rmv config cache.type hardlink,copy; rm -f .rmstore/index
    rmv add data/raw 2>../err; test "$(stat -c %h%a data/raw/a)" = 1644; test "$(grep -c "cannot be a link" ../err)" = 1; rmv status -q
    rm -r data/raw; rmv checkout -q; diff -r ../raw1 data/raw
    rmv config cache.type symlink; rmv checkout -q --relink; test -L data/raw/a; diff -r ../raw1 data/raw; rmv config --local --unset cache.dir'
it 'what is planted in the store is neither followed nor waited for' '
    fresh hardlink; a=$(object data/raw/a); rm -rf data/raw; rm -f "$a"; mkfifo "$a"; exits 3 timeout 20 rmv checkout; exits 1 timeout 20 rmv fsck
    echo secret >../secret; rm "$a"; ln -s "$TEST_FOLDER/secret" "$a"; exits 3 rmv checkout; exits 1 rmv fsck; test ! -e data/raw/a; rm "$a"'
