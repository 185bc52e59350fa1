#!/bin/sh
# .rmvignore and rmv check-ignore: what is left out of tracked data, as .gitignore would leave it out.
. "$(dirname "$0")/lib.sh"

listed() { rmv ls -R data | sed -n 's/.*  //p' | sort | tr '\n' ' '; } # what is tracked below data
(
    repository w && mkdir -p data/sub/cache data/keep && printf '*.tmp\n/data/sub/cache/\n!important.tmp\n' >.rmvignore &&
    : >data/a && : >data/b.tmp && : >data/important.tmp && : >data/sub/c.tmp && : >data/sub/d && : >data/sub/cache/e && : >data/keep/cache
) || exit 1

it 'leaves out what the file in the root says' 'cp -a w one && cd one && rmv add -q data &&
    test "$(listed)" = "data/a data/important.tmp data/keep/ data/keep/cache data/sub/ data/sub/d "'
it 'takes no notice when ignored files come, change and go' 'cd one && git add -A && git commit -qm one &&
    echo more >data/b.tmp && echo new >data/sub/new.tmp && rm data/sub/c.tmp && mkdir data/sub/cache/deep && exits 0 rmv status -q &&
    test -z "$(rmv diff)" && test "$(rmv status --json | python3 -c "import json,sys; print(json.load(sys.stdin)[\"clean\"])")" = True'
it 'adds nothing then, and leaves the pointer as it is' 'cd one && cksum data.rmv >before && rmv add -q data && cksum data.rmv | cmp - before'
it 'checkout leaves them where they are' 'cd one && rm data/a && echo edited >data/sub/d && rmv checkout -qf && test -e data/a && test ! -s data/sub/d &&
    grep more data/b.tmp && test -e data/sub/new.tmp && test -d data/sub/cache/deep && exits 0 rmv status -q'
it 'checkout does not even tell of them' 'cd one && rm data/a && rmv checkout --json | python3 -c "
import json, sys
report = json.load(sys.stdin)
assert report[\"kept\"] == [] and report[\"added\"] == 1 and report[\"deleted\"] == 0, report"'
it 'takes away a folder but for the ignored files in it' 'cp -a one two && cd two && rm -r data/keep && echo x >data/keep.tmp && echo y >data/sub/y &&
    rmv add -q data && git add -A && git commit -qm two && rmv checkout -q HEAD~1 && test -e data/keep/cache && test ! -e data/sub/y && test -e data/keep.tmp &&
    rmv checkout -q HEAD && test ! -e data/keep && test -e data/sub/y && mkdir data/keep && : >data/keep/cache && : >data/keep/mine.tmp &&
    rmv checkout -qf && test -e data/keep/mine.tmp && test ! -e data/keep/cache'
it 'a file that an older version has is restored, over saved data only' 'repository old && mkdir data && echo one >data/x.log && echo a >data/a && rmv add -q data &&
    git add -A && git commit -qm one && echo "*.log" >.rmvignore && rmv add -q data && git add -A && git commit -qm two && test "$(listed)" = "data/a " &&
    rmv checkout -q HEAD~1 && grep one data/x.log && rmv checkout -q HEAD && test -e data/x.log &&
    echo mine >data/x.log && exits 4 rmv checkout -q HEAD~1 && says "data/x.log" rmv checkout HEAD~1 && grep mine data/x.log &&
    rmv checkout -qf HEAD~1 && grep one data/x.log'
it 'files in inner folders count from there on, and come last' 'repository nested && mkdir -p data/in/deep && echo "*.tmp" >.rmvignore &&
    printf "!keep.tmp\n/only\n" >data/in/.rmvignore && : >data/keep.tmp && : >data/in/keep.tmp && : >data/in/x.tmp && : >data/in/only && : >data/in/deep/only &&
    rmv add -q data && test "$(listed)" = "data/in/ data/in/.rmvignore data/in/deep/ data/in/deep/only data/in/keep.tmp "'
it 'nothing comes back out of a folder that is left out' 'repository parent && mkdir -p data/out && printf "out/\n!out/in\n" >.rmvignore && : >data/out/in && : >data/a &&
    rmv add -q data && test "$(listed)" = "data/a "'
it 'refuses an ignored path, and names the line' 'cd w && exits 4 rmv add data/b.tmp && says "data/b.tmp. is ignored, by .rmvignore:1: \*\.tmp" rmv add data/b.tmp &&
    says "by .rmvignore:2: /data/sub/cache/" rmv add data/sub/cache/e && test ! -e data/b.tmp.rmv'
it 'so it does inside a tracked folder' 'cd one && exits 4 rmv add data/b.tmp && cksum data.rmv | cmp - before'
it 'leaves ignored matches out of --glob' 'cp -a w globbed && cd globbed && rmv add -q --glob "data/*" && test -e data/a.rmv && test -e data/important.tmp.rmv && test ! -e data/b.tmp.rmv &&
    exits 3 rmv add --glob "data/b*" && says "nothing that is not ignored matches" rmv add --glob "data/b*"'
it 'a path that is tracked itself counts whatever the lines say' 'repository itself && mkdir data && : >data/a && rmv add -q data && echo "/data" >.rmvignore && exits 0 rmv status -q &&
    test "$(listed)" = "data/a "'
it 'an ignored FIFO is no trouble' 'repository fifo && mkdir data && mkfifo data/pipe.tmp && echo "*.tmp" >.rmvignore && timeout 10 rmv add -q data'
it 'dependencies of stages do not see them either' 'repository dep && mkdir src && echo 1 >src/a.py && echo "__pycache__" >.rmvignore &&
    printf "stages:\n  s:\n    cmd: cat src/a.py >out\n    deps: [src]\n    outs: [out]\n" >rmv.yaml && rmv repro -q && mkdir src/__pycache__ && echo x >src/__pycache__/a.pyc &&
    rmv repro --json | grep "up to date"'
it 'a link or a folder in the place of the file does not count' 'repository link && mkdir data && : >data/a.tmp && echo "*.tmp" >../patterns && ln -s ../patterns .rmvignore &&
    mkdir data/.rmvignore && says "warning: ..rmvignore. is no regular file" rmv add data && rmv ls data | grep a.tmp'
it 'refuses a file that is too large' 'repository large && mkdir data && : >data/a && head -c 1100000 /dev/zero | tr "\0" "#" >.rmvignore && exits 6 rmv add data && says "\.rmvignore" rmv add data && test ! -e data.rmv'
it 'hostile patterns take no time' 'repository hostile && mkdir data && python3 -c "
print(\"*a\" * 2000 + \"b\"); print(\"**/a/\" * 2000 + \"b\"); print(\"[\" * 5000)" >data/.rmvignore && : >data/$(printf "%0250d" 0 | tr 0 a) && timeout 10 rmv add -q data'

it 'check-ignore says which paths are ignored' 'cd w && test "$(rmv check-ignore data/a data/b.tmp data/sub/cache/e)" = "data/b.tmp
data/sub/cache/e"'
it 'check-ignore answers by its exit status' 'cd w && exits 0 rmv check-ignore -q data/b.tmp && exits 1 rmv check-ignore -q data/a data/important.tmp && exits 1 rmv check-ignore .'
it 'check-ignore -v names the line' 'cd w && test "$(rmv check-ignore -v data/b.tmp)" = ".rmvignore:1:*.tmp	data/b.tmp" &&
    test "$(rmv check-ignore -d data/sub/cache/e)" = ".rmvignore:2:/data/sub/cache/	data/sub/cache/e" && rmv check-ignore -v data/b.tmp data/important.tmp | grep ":3:!important.tmp	data/important.tmp"'
it 'check-ignore tells of those that do not match' 'cd w && test "$(rmv check-ignore -nv data/a data/b.tmp)" = "::	data/a
.rmvignore:1:*.tmp	data/b.tmp" && test "$(rmv check-ignore -n data/a data/b.tmp)" = "data/a
data/b.tmp"'
it 'check-ignore needs no path to exist, and a slash makes it a folder' 'cd w && rmv check-ignore none/x.tmp && mkdir -p o && echo "build/" >o/.rmvignore &&
    exits 1 rmv check-ignore o/build && rmv check-ignore o/build/ && rmv check-ignore o/build/x'
it 'check-ignore speaks of paths as typed' 'cd w/data && test "$(rmv check-ignore b.tmp ../data/sub/c.tmp)" = "b.tmp
../data/sub/c.tmp" && rmv check-ignore --json b.tmp | python3 -c "
import json, sys
assert json.load(sys.stdin) == [{\"path\": \"data/b.tmp\", \"ignored\": True, \"source\": \".rmvignore\", \"line\": 1, \"pattern\": \"*.tmp\"}]"'
it 'check-ignore refuses wrong requests' 'cd w && exits 2 rmv check-ignore && exits 10 rmv check-ignore ../x && exits 10 rmv check-ignore .git && cd / && exits 2 rmv check-ignore x'

# Git is asked about the same patterns and the same paths.
cat >compare.py <<'PY'
import os, random, subprocess, sys
random.seed(int(sys.argv[1]))
def git(*args, **more): return subprocess.run(("git",) + args, capture_output=True, **more)
pieces = ["a", "b", "ab", "a.b", "*", "?", "**", "a*", "*b", "[ab]", "[!a]", "[a-b]", "\\a", "\\*", "[[:alpha:]]", "[", "a\\", "!", "#", " ", "a ", "\\ "]
names = ["a", "b", "ab", "a.b", "*", "aab", "!", "#", " ", "a ", "abb", "["]
def pattern():
    text = "/".join("".join(random.choices(pieces, k=random.choice([1, 1, 2]))) for _ in range(random.choice([1, 1, 2, 3])))
    return random.choice(["", "", "", "!", "\\!", "/", "#", "\\#"]) + text + random.choice(["", "", "/", " ", "  ", "\r", "\\"])
wrong = 0
for round in range(12):
    folder = "c%s.%d" % (sys.argv[1], round)
    os.makedirs(folder)
    os.chdir(folder)
    git("init", "-q", "."); subprocess.run(["rmv", "init", "-q"])
    paths = []
    for _ in range(60):
        parts = random.choices(names, k=random.choice([1, 2, 2, 3, 4]))
        path = "/".join(parts)
        try:
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            if random.random() < 0.2: os.makedirs(path, exist_ok=True)
            else: open(path, "w").close()
        except (NotADirectoryError, FileExistsError, IsADirectoryError): continue
        paths.append(path)
    folders = [f for f, _, _ in os.walk(".") if "/." not in f]
    for place in [".", ".", random.choice(folders), random.choice(folders)]:
        text = "\n".join(pattern() for _ in range(random.choice([1, 3, 6]))) + random.choice(["", "\n"])
        for name in (".gitignore", ".rmvignore"):
            with open(os.path.join(place, name), "w", newline="") as file: file.write(text)
    theirs = git("check-ignore", "--no-index", "-z", "--stdin", input=b"\0".join(p.encode() for p in paths)).stdout.split(b"\0")[:-1]
    ours = subprocess.run(["rmv", "check-ignore", "--json", "--"] + paths, capture_output=True)
    import json
    mine = {i["path"] for i in json.loads(ours.stdout) if i["ignored"]}
    for path in paths:
        if (path in mine) != (path.encode() in theirs):
            wrong += 1
            print(folder, repr(path), "git", path.encode() in theirs, "rmv", path in mine)
            print(git("check-ignore", "--no-index", "-v", path).stdout, subprocess.run(["rmv", "check-ignore", "-v", "--", path], capture_output=True).stdout)
    os.chdir("..")
sys.exit(wrong > 0)
PY
it 'decides as Git does about .gitignore' 'python3 compare.py 1 && python3 compare.py 2'
