#!/bin/sh
# rmv move: data, pointer and .gitignore go to another path together.
. "$(dirname "$0")/lib.sh"

(
    repository w && mkdir -p data/raw/sub archive && echo one >data/raw/a && echo two >data/raw/sub/b && echo single >one.csv &&
    rmv add -q data/raw one.csv && sed -i 's/^outs:/# mine\ndesc: kept\nouts:/' data/raw.rmv && git add -A && git commit -qm first
) || exit 1

it 'renames a folder with its pointer' 'cp -a w one && cd one && rmv move data/raw data/y2025 | grep "data/raw → data/y2025" && test -e data/y2025/sub/b && test ! -e data/raw && test ! -e data/raw.rmv && rmv status -q'
it 'what was written into the pointer stays' 'cd one && grep "# mine" data/y2025.rmv && grep "desc: kept" data/y2025.rmv && grep "path: y2025" data/y2025.rmv'
it 'also where names need quotes' 'cp -a w odd && cd odd && last=raw && for name in 2025 "a: b #c" "{x, y}" "- \"q\""; do rmv move -q "data/$last" "data/$name" &&
    test -e "data/$name/sub/b" && grep "# mine" "data/$name.rmv" && rmv status -q || exit 1; last=$name; done'
it 'moves to names that are no text' 'cd odd && last="- \"q\"" && for name in "$(printf "new\nline")" "$(printf "\377")" "plain"; do rmv move -q "data/$last" "data/$name" &&
    test -e "data/$name/sub/b" && rmv status -q || exit 1; last=$name; done; grep "desc: kept" data/plain.rmv'
it 'its line in .gitignore moves' 'cd one && grep -x /y2025 data/.gitignore && ! grep raw data/.gitignore && git add -A && test -z "$(git ls-files data/y2025)"'
it 'reads nothing again' 'cp -a w quick && cd quick && sleep 0.1 && rmv status -q && rmv move -q data/raw other && ASAN_OPTIONS=detect_leaks=0 strace -f -o ../trace -e trace=openat,openat2 rmv status -q && ! grep -E "\"(a|b|sub/b)\"" ../trace'
it 'lineage still holds' 'cd one && git commit -qm moved && rmv lineage data/y2025/a'
it 'a checkout of the older commit brings it back where it was' 'cd one && rmv checkout -q HEAD~1 && test -e data/raw/a && test ! -e data/y2025 && rmv checkout -q HEAD && test -e data/y2025/a && test ! -e data/raw'
it 'moves into a folder' 'cp -a w two && cd two && rmv move -q one.csv archive && test -e archive/one.csv && test -e archive/one.csv.rmv && test ! -e one.csv.rmv && rmv move -q data/raw archive/ && test -e archive/raw/a && rmv status -q'
it 'moves to the root' 'cp -a w root && cd root/data && rmv move -q raw .. && test -e ../raw/a && cd .. && rmv status -q'
it 'makes folders that are missing' 'cp -a w three && cd three && rmv move -q one.csv x/y/z.csv && test -e x/y/z.csv && grep "path: z.csv" x/y/z.csv.rmv && rmv status -q'
it 'takes the pointer for what it names' 'cp -a w four && cd four && rmv move -q one.csv.rmv renamed.csv && test -e renamed.csv && rmv status -q'
it 'moves the pointer of data that is not here' 'cp -a w five && cd five && rm -r data/raw && rmv move data/raw data/gone | grep "pointer alone" && rmv checkout -q && test -e data/gone/a'
it 'moves edited data as it is' 'cp -a w six && cd six && echo edited >one.csv && rmv move -q one.csv two.csv && grep edited two.csv && exits 1 rmv status -q'
it 'overwrites nothing' 'cp -a w seven && cd seven && echo mine >mine && exits 4 rmv move one.csv mine && says "exists already" rmv move one.csv mine && grep mine mine && test ! -e mine.rmv && test -e one.csv &&
    echo x >archive/one.csv && exits 4 rmv move one.csv archive && exits 4 rmv move one.csv one.csv && : >free.rmv && exits 5 rmv move one.csv free; rm free.rmv; rmv status -q'
it 'overwrites no other data, even where only its pointer is here' 'cp -a w eight && cd eight && echo other >other && rmv add -q other && rm other && exits 4 rmv move one.csv other && test -e one.csv && grep "path: other" other.rmv'
it 'refuses paths inside tracked folders, from and to' 'cd w && exits 2 rmv move data/raw/a x && says "plain .mv" rmv move data/raw/a x && exits 2 rmv move one.csv data/raw && exits 2 rmv move one.csv data/raw/new && test -e one.csv && rmv status -q'
it 'refuses to move a folder into itself' 'cd w && exits 2 rmv move data/raw data/raw/in && exits 4 rmv move data/raw data/raw && rmv status -q'
it 'refuses ignored places, what Git tracks, and paths outside' 'cp -a w nine && cd nine && echo "*.tmp" >.rmvignore && exits 4 rmv move one.csv one.tmp && exits 10 rmv move one.csv ../x && exits 10 rmv move one.csv .git/x && test -e one.csv'
it 'refuses outputs of stages, and what is not tracked' 'cp -a w ten && cd ten && printf "stages:\n  s:\n    cmd: cat one.csv >out\n    deps: [one.csv]\n    outs: [out]\n" >rmv.yaml && rmv repro -q && exits 2 rmv move out elsewhere && exits 3 rmv move nothing x && : >plain && exits 3 rmv move plain x'
it 'names the stages that depend on the old path' 'cd ten && says "stage .s. depends on .one.csv." rmv move one.csv two.csv && test -e two.csv'
it 'prints JSON' 'cp -a w json && cd json && rmv move --json one.csv two.csv | python3 -c "
import json, sys
assert json.load(sys.stdin) == {\"old_path\": \"one.csv\", \"path\": \"two.csv\", \"pointer\": \"two.csv.rmv\", \"data\": True, \"dependents\": []}"'
it 'does not go through links' 'cp -a w link && cd link && ln -s /tmp out && exits 10 rmv move one.csv out/x && test -e one.csv && test ! -e /tmp/x.rmv'
it 'refuses to move a relative link to where it would lead elsewhere' 'cp -a w rel && cd rel && mkdir behind && echo x >behind/x && ln -s behind/x linked && rmv add -q linked && exits 2 rmv move linked archive && says "relative link" rmv move linked archive && rmv move -q linked other && rmv status -q && test -L other'
it 'refuses wrong requests' 'cd w && exits 2 rmv move && exits 2 rmv move one.csv && exits 2 rmv move a b c'

# Each system call that changes something is the last one, once.
it 'a kill at any step leaves what status explains and another move finishes' '
    for step in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
        rm -rf k && cp -a w k && cd k && git add -A && { git commit -qm x || :; } && rmv status -q
        strace -f -qq -o /dev/null -e trace=renameat,renameat2,unlinkat,fsync,rename -e inject=renameat,renameat2,unlinkat,fsync,rename:signal=KILL:when=$step rmv move -q data/raw data/y2025 || :
        rmv status >../said || { cat ../said; echo "status after step $step"; exit 1; }
        if test -e data/raw.rmv; then test -z "$(rmv status --json | grep "\"not stored\"")" && rmv move -q data/raw data/y2025; fi || { echo "step $step"; exit 1; }
        test -e data/y2025/sub/b && test ! -e data/raw && test ! -e data/raw.rmv && grep -qx /y2025 data/.gitignore && ! grep raw data/.gitignore && rmv status -q || { echo "step $step"; rmv status; ls data; exit 1; }
        cd ..
    done'
