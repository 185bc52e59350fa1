#!/bin/sh
# rmv lineage: from any file back to its sources, with everything on the way checked.
. "$(dirname "$0")/lib.sh"

# project <folder>: three stages over data that was added, in a workspace of its own. The pieces of
# code and the pipeline are committed; the run is not.
project() {
    repository "$1"
    mkdir -p data/raw src
    seq 1 100 >data/raw/a.csv
    seq 5 50 >'data/raw/b c.csv'
    printf 'data:\n  limit: 20\ntrain:\n  seed: 7\n' >params.yaml
    echo 'head -n "$1" data/raw/a.csv' >src/prepare.sh
    echo 'sort -r data/clean.csv' >src/features.sh
    echo 'cat data/features/f.txt | sha256sum' >src/train.sh
    cat >rmv.yaml <<'YAML'
stages:
  prepare:
    cmd: sh src/prepare.sh 20 >data/clean.csv
    deps: [data/raw, src/prepare.sh]
    params: [data.limit]
    outs: [data/clean.csv]
  features:
    cmd:
    - mkdir -p data/features
    - sh src/features.sh >data/features/f.txt
    deps: [data/clean.csv, src/features.sh]
    outs: [data/features]
  train:
    cmd: sh src/train.sh >model.bin; wc -l <data/clean.csv >metrics.json
    deps: [data/clean.csv, data/features, src/train.sh]
    params: [train.seed]
    outs: [model.bin]
    metrics:
    - metrics.json: {cache: false}
YAML
    rmv add -q data/raw
    commit 'Add data and pipeline'
}
commit() { git add -A && git commit -q -m "$1"; }
ran() { project "$1" && rmv repro -q; }
committed() { ran "$1" && commit 'Train'; }
holds() { rmv lineage "$@" >out 2>&1 && grep '^The chain holds\.$' out || { cat out; return 1; }; }
breaks() { exits 1 rmv lineage "$@" >out 2>&1 && grep '^The chain does not hold' out || { cat out; return 1; }; }
json() { # json <path> <python expression over d>...: each is true of the document
    path=$1; shift
    rmv lineage --json "$path" >out.json || :
    for expression; do
        python3 -c 'import json, sys; d = json.load(open("out.json")); sys.exit(not eval(sys.argv[1]))' "$expression" ||
            { echo "not so: $expression"; cat out.json; return 1; }
    done
}
# damage <hex id>: changes a byte of the frame that holds the object, as a bad disk would.
damage() {
    for pack in .rmstore/objects/packs/*.zst; do
        chmod u+w "$pack"
        python3 - "$pack" <<'PY'
import sys
path = sys.argv[1]
data = bytearray(open(path, "rb").read())
data[len(data) // 4] ^= 0x20
open(path, "wb").write(data)
PY
    done
}
field() { python3 -c 'import json, sys; print(eval("json.load(sys.stdin)" + sys.argv[1]))' "$1"; }

it 'ends at the data that was added' 'committed a && holds model.bin && grep "added from .*data/raw" out &&
    grep "stage train" out && grep "stage features" out && grep "stage prepare" out'
it 'says with which command, parameters, commit, time and machine' 'committed b && rmv lineage model.bin >out &&
    grep "command  sh src/train.sh" out && grep "params   params.yaml: train.seed=7" out &&
    grep "commit   $(git rev-parse --short=10 HEAD) Train" out && grep "when     20.* UTC, .* on $(uname -n)" out'
it 'shows what several stages used only once' 'committed c && rmv lineage model.bin >out &&
    test $(grep -c "data/clean.csv .* see above" out) -eq 1 && test $(grep -c "stage prepare" out) -eq 1'
it 'checks code against the commit that the run is bound to' 'committed d && rmv lineage model.bin >out &&
    grep "src/train.sh .* Git $(git rev-parse --short=10 HEAD)  verified" out'
it 'works from a file inside a tracked folder' 'committed e && holds data/features/f.txt &&
    grep "part of  data/features" out && holds "data/raw/b c.csv" && grep "added from" out'
it 'works from the output of a stage that is not stored' 'committed f && holds metrics.json && grep "stage train" out'
it 'works from a file that Git tracks' 'committed g && holds src/train.sh && grep "Git .* verified" out'
it 'works from the id of an object' 'committed h && id=$(sha256sum <data/raw/a.csv | cut -c1-12) && holds $id && grep "^data/raw/a.csv" out'
it 'works from a folder below the workspace' 'committed i && cd data && rmv lineage clean.csv | grep "stage prepare"'
it 'holds before the run is committed, and says so' 'ran j && holds model.bin && grep "no commit names this run yet" out'

it 'calls a run of uncommitted code dirty until it is committed' 'project k && echo "# new" >>src/train.sh && rmv repro -q &&
    rmv lineage model.bin >out && grep "src/train.sh .* dirty" out && grep "not all of it is committed" out &&
    commit "Train with new code" && holds model.bin && grep "src/train.sh .* verified" out'
it 'is about the revision it is asked for' 'committed l && old=$(git rev-parse HEAD) && seq 1 60 >data/raw/a.csv &&
    rmv add -q data/raw && rmv repro -q && sed -i "s/seed: 7/seed: 8/" params.yaml && rmv repro -q && commit "Train again" &&
    holds model.bin && grep "train.seed=8" out && holds --rev $old model.bin && grep "train.seed=7" out &&
    test -z "$(git status --porcelain -uno)"'
it 'finds the older version that a run used' 'committed m && seq 1 60 >data/raw/a.csv && rmv add -q data/raw && commit "Newer data" &&
    holds model.bin && grep "data/raw .* older version  verified" out && grep "added from" out'
it 'says when no commit has what a run used' 'project n && seq 1 70 >data/raw/a.csv && rmv add -q data/raw && rmv repro -q &&
    seq 1 60 >data/raw/a.csv && rmv add -q data/raw && commit "Old run, newer data" &&
    breaks model.bin && grep "no commit has the version that was used" out'
it 'says when code was committed otherwise than it ran' 'project n2 && echo "# one" >>src/train.sh && rmv repro -q &&
    echo "# two" >>src/train.sh && commit "Train, they say" && breaks model.bin && grep "no commit has what was used" out'
it 'says when the code that ran is in another commit than the run' 'ran n3 && echo "# two" >>src/train.sh && commit "Train, and new code" &&
    holds model.bin && grep "which names the run first, has another" out'
it 'works without Git' 'mkdir o && cd o && rmv init -q --no-scm && seq 9 >x && rmv add -q x && rmv lineage x | grep "added from .*x"'

it 'notices an id changed in the lock file' 'committed p && other=$(sha256sum <data/raw/a.csv | cut -d" " -f1) &&
    was=$(sha256sum <model.bin | cut -d" " -f1) && sed -i "s/$was/$other/" rmv.lock && breaks model.bin &&
    grep "rmv.lock has another id for .model.bin. than the record" out'
it 'notices a dependency changed in the lock file' 'committed q && sed -i "0,/size: 51/s//size: 52/" rmv.lock && breaks model.bin &&
    grep "another size for .data/clean.csv." out'
it 'notices a command changed in the lock file' 'committed r && sed -i "s/sh src.prepare.sh 20/sh src\/prepare.sh 21/" rmv.lock &&
    breaks model.bin && grep "another command" out'
it 'notices parameters changed in the lock file' 'committed s && sed -i "s/train.seed: 7/train.seed: 9/" rmv.lock && breaks model.bin &&
    grep "other parameters" out'
it 'notices a record of something else' 'committed t && rmv lineage --json model.bin >j && train=$(field "[\"runs\"][0][\"record\"]" <j) &&
    rmv lineage --json data/clean.csv >j && prepare=$(field "[\"runs\"][0][\"record\"]" <j) && sed -i "s/$train/$prepare/" rmv.lock &&
    breaks model.bin && grep "but it is of rmv.yaml:prepare" out'
it 'does not mind comments and order' 'committed u && sed -i "s/^stages:/# a note\nstages:/" rmv.lock && echo "# another" >>data/raw.rmv && holds model.bin'
it 'notices parameters that were committed otherwise than they ran' 'project v && sed -i "s/seed: 7/seed: 9/" params.yaml && rmv repro -q &&
    sed -i "s/seed: 9/seed: 8/" params.yaml && commit "Train, they say" && breaks model.bin && grep "has another .train.seed. in params.yaml" out'
it 'notices that the file in the workspace is another' 'committed w && echo x >model.bin && breaks model.bin && grep "the workspace has other content there" out'
it 'holds for a file that is not in the workspace' 'committed x && rm model.bin && holds model.bin && grep "rmv checkout" out'

it 'notices damaged objects, and names them and their paths' 'committed y && damage && breaks model.bin &&
    grep -E "(damaged|checksum|zstd)" out'
it 'notices objects that are gone, and names them and their paths' 'committed z && cp -r .rmstore/objects kept && rm -f .rmstore/objects/packs/* .rmstore/objects/index/* &&
    breaks data/raw && grep "its record is not in the store" out &&
    grep "data/raw/a.csv.: object $(sha256sum <data/raw/a.csv | cut -c1-64) is not in the store" out'
it 'says that nobody knows where a file without a record is from' 'committed aa && sed -i "/record:/d" data/raw.rmv && breaks model.bin &&
    grep "data/raw.rmv names no record" out && grep "unrecorded" out'

it 'names paths with spaces and bytes that are not UTF-8' 'repository ab && mkdir d && name=$(printf "d/a b\\377") && echo x >"$name" && rmv add -q "$name" && commit x &&
    holds "$name" && grep "d/a b.377" out && json "$name" "d[\"artifacts\"][0][\"path-bytes\"] == \"d/a%20b%FF\"" "d[\"holds\"]"'
it 'follows a folder with outputs of several runs to all of them' 'repository ab2 && mkdir data && seq 3 >data/a && seq 4 >data/b && rmv add -q data/a data/b &&
    printf "stages:\n  sum:\n    cmd: cat data/a data/b >all\n    deps: [data]\n    outs: [all]\n" >rmv.yaml && rmv repro -q && commit x && holds all &&
    grep "added from .*data/a" out && grep "added from .*data/b" out && seq 9 >data/b && rmv add -q data/b && breaks all && grep "folder is not what was used any more" out'
it 'prints JSON that says the same' 'committed ac && json model.bin "d[\"holds\"] is True" "d[\"version\"] == 1" "len(d[\"runs\"]) == 4" \
    "[r[\"source\"] for r in d[\"runs\"] if r[\"kind\"] == \"add\"] == [\"data/raw\"]" \
    "all(x[\"status\"] == \"verified\" for x in d[\"runs\"] + d[\"artifacts\"])" \
    "d[\"artifacts\"][0][\"path\"] == \"model.bin\" and d[\"runs\"][d[\"artifacts\"][0][\"run\"]][\"stage\"] == \"train\"" &&
    sed -i "s/train.seed: 7/train.seed: 9/" rmv.lock && json model.bin "d[\"holds\"] is False" "d[\"status\"] == \"changed\""'
it 'prints a graph that Graphviz reads' 'committed ad && rmv lineage --dot model.bin >out && grep -q "^digraph lineage {" out && grep -q "^}$" out &&
    test $(grep -c -- "->" out) -ge 8 && if command -v dot >/dev/null; then dot -Tsvg out >out.svg; fi'
it 'quotes names in that graph' 'repository ae && name="q\"\\n b" && echo x >"$name" && rmv add -q "$name" && rmv lineage --dot "$name" >out &&
    if command -v dot >/dev/null; then dot -Tsvg out >out.svg; fi; grep "label=" out'
it 'keeps to ASCII where the terminal does' 'committed af && LC_ALL=C rmv lineage model.bin >out && ! LC_ALL=C grep -q "[^ -~]" out && grep "^.- stage train" out'
it 'prints nothing with --quiet, and still knows' 'committed ag && test -z "$(rmv lineage -q model.bin)" && sed -i "s/seed: 7/seed: 9/" rmv.lock && exits 1 rmv lineage -q model.bin'
it 'reads no file with --quick' 'committed ah && rmv lineage --quick model.bin | grep "not their content"'

it 'knows no such path'            'committed ai && exits 3 rmv lineage nope && says "neither tracked nor in the workspace" rmv lineage nope'
it 'knows no such id'              'committed aj && exits 3 rmv lineage 0123456789abcdef && says "has an object" rmv lineage 0123456789abcdef'
it 'knows no such revision'        'committed ak && exits 3 rmv lineage --rev nope model.bin && says "nope" rmv lineage --rev nope model.bin'
it 'refuses what is outside'       'committed al && exits 10 rmv lineage ../x && says "outside the workspace" rmv lineage ../x'
it 'asks for one path'             'committed am && exits 2 rmv lineage && exits 2 rmv lineage model.bin data/raw && exits 2 rmv lineage --json --dot model.bin'
it 'says which outputs a folder has' 'committed an && exits 2 rmv lineage data && says "data/clean.csv" rmv lineage data'
it 'follows a folder that was updated in part to what it was before' 'repository "$TEST_FOLDER/part" && mkdir d && echo 1 >d/a && rmv add -q d &&
    git add -A && git commit -qm one && echo 2 >d/b && rmv add -q d/b && rmv lineage d >out &&
    grep "added from d/b" out && grep "older version" out && grep "added from d  " out'
