#!/bin/sh
# What a clone or an archive from a stranger may hold: nothing of it leads elsewhere or makes rmv wait.
. "$(dirname "$0")/lib.sh"

quick() { timeout 20 "$@" >/dev/null 2>&1 || test $? -ne 124; }

it 'does not wait for a FIFO in place of a file of its own' 'repository a && echo x >x && rmv add -q x &&
    for file in .rmstore/version .rmstore/placed .rmstore/placing rmv.yaml rmv.lock params.yaml; do
        rm -f "$file" && mkfifo "$file"
        for command in status "add x" checkout repro "stage list"; do
            quick rmv $command || { echo "rmv $command waits for $file"; exit 1; }
        done
        rm "$file"
    done'
it 'says what is wrong with a FIFO' 'repository b && rm .rmstore/version && mkfifo .rmstore/version && says "version.*FIFO" timeout 20 rmv status && exits 5 rmv status'

it 'takes no settings through a link in place of .rmstore' 'git init -q c && cd c && mkdir conf && printf "[cache]\n dir = ../stolen\n" >conf/config.local &&
    ln -s conf .rmstore && git add -A && git commit -q -m evil && echo x >x && exits 10 rmv add x && says "symbolic link.*must be a folder" rmv add x &&
    exits 10 rmv init && ! test -e ../stolen && test ! -e x.rmv'
it 'takes no settings from a submodule in place of .rmstore' 'git init -q sub && cd sub && printf "[cache]\n dir = ../stolen\n" >config.local && git add -A && git commit -q -m evil &&
    cd .. && git init -q d && cd d && git -c protocol.file.allow=always submodule add -q ../sub .rmstore && git commit -q -m evil && echo x >x &&
    exits 10 rmv add x && says "committed to Git" rmv add x && ! test -e ../stolen'
it 'does not store objects through a committed link' 'repository e && rm -rf .rmstore/objects && mkdir ../elsewhere && ln -s ../../elsewhere .rmstore/objects && git add -f .rmstore/objects &&
    echo x >x && exits 10 rmv add x && says "committed to Git.*store" rmv add x && test -z "$(ls ../elsewhere)"'
it 'clears nothing away, and writes nothing, through a link in the store' '
    mkdir mine && echo precious >mine/thesis.txt && echo precious >mine/train.idx && cp -r mine before
    for name in packs index tmp loose unsynced damaged; do
        cd "$TEST_FOLDER" && repository f$name && rm -rf .rmstore/objects/$name && ln -s ../../../mine .rmstore/objects/$name && echo x >x
        test $name != unsynced || ln -sfn ../../../mine/thesis.txt .rmstore/objects/$name
        for command in "add x" status fsck "fsck --repair" "gc --grace 0"; do rmv $command >/dev/null 2>&1 || :; done
        diff -r ../mine ../before || { echo "through $name"; exit 1; }
    done'
it 'points to nothing in a store that came with a clone' '
    repository lying && echo public >public.csv && rmv add -q public.csv && git add -f -A .rmstore/objects && git commit -q -m evil && rm -rf ../taken && git clone -q . ../taken && cd ../taken
    echo public >mine.csv && exits 10 rmv add mine.csv && says "objects. are committed to Git" rmv add mine.csv && test ! -e mine.csv.rmv && test -e mine.csv
    git rm -rq --cached .rmstore/objects && rm -rf .rmstore/objects && rmv add -q mine.csv && rm mine.csv && rmv checkout -q && test "$(cat mine.csv)" = public'
it 'says which link that is' 'cd ftmp && says "objects/tmp. is a symbolic link" rmv add x && exits 10 rmv add x && exits 10 rmv status && cd ../funsynced && says unsynced rmv add x && exits 7 rmv add x'
it 'stores objects through a link of the user' 'cd e && git rm -q --cached .rmstore/objects && rmv add -q x && test -d ../elsewhere/packs'
it 'refuses a file of aliases to aliases before it takes much memory' '
    repository "$TEST_FOLDER/laughs" && { echo "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"; for i in $(seq 20); do a="*a$((i - 1))"; echo "a$i: &a$i [$a,$a,$a,$a,$a,$a,$a,$a,$a]"; done; } >params.yaml
    cp params.yaml rmv.yaml; cat >peak.py <<PY
import resource, subprocess, sys
run = subprocess.run(sys.argv[2:], stderr=subprocess.PIPE, text=True)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(run.returncode, run.stderr, end="")
assert peak <= int(sys.argv[1]), peak
PY
    most=65536; ! grep -qa __asan_init "$(command -v rmv)" || most=524288
    says "^6 rmv: rmv.yaml:[56]:[0-9]+: aliases repeat 10.... values" python3 peak.py $most rmv repro; python3 peak.py $most rmv repro
    rm rmv.yaml; git add -A; git commit -qm laughs; python3 peak.py $most rmv params diff --all | grep "^[1-9]"; says "params.yaml:[56]:[0-9]+: aliases repeat" rmv params diff'
it 'refuses a loop that repeats long text before it takes much memory' '
    cd laughs; rm -f params.yaml
    { printf "vars:\n- items: ["; seq -s, 20000 | tr -d "\n"; printf "]\nstages:\n  x:\n    foreach: \${items}\n    do:\n      cmd: \"true\"\n      desc: "; head -c 100000 /dev/zero | tr "\\0" d; echo; } >rmv.yaml
    says "^6 rmv: stage .x@.*templates make more than 256 MiB" python3 peak.py 1048576 rmv stage list; python3 peak.py 1048576 rmv stage list; rm rmv.yaml'
it 'refuses a table of more columns than it looks at' '
    cd laughs; { seq -s, 10001; seq -s, 10001; } >wide.csv; says "wide.csv:1: there are more than 10000 columns" rmv plots show --show-vega wide.csv
    { seq -s, 10000; seq -s, 10000; } >wide.csv; rmv plots show --json wide.csv | grep -q "\[0, 10000\]"; rm wide.csv'
