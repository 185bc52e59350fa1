#!/bin/sh
# Dependencies on named datasets: ds://NAME.
. "$(dirname "$0")/lib.sh"

serve_files

runs() { test "$(cat runs)" -eq "$1" || { cat runs; return 1; }; }
pipeline() { # pipeline DATASETS [NAME]: one stage that depends on one of them
    echo 0 >runs
    printf 'stages:\n  get:\n    cmd: echo $(($(cat runs) + 1)) >runs; date +%%N >made\n    deps: ["ds://%s"]\n    outs: [made]\ndatasets:\n%s\n' "${2:-birds}" "$1" >rmv.yaml
}
commit() { # commit FILE TEXT: in the other repository
    mkdir -p "$(dirname "$birds/$1")"; echo "$2" >"$birds/$1"; git -C "$birds" add -A; git -C "$birds" commit -qm "$1"
}
birds=$TEST_FOLDER/birds
git init -q "$birds"; commit data/a.csv one; commit readme.txt hello; git -C "$birds" tag v1
mkdir "$birds/tracked"; commit tracked.dvc 'outs: [{path: tracked, md5: 1.dir}]'
commit made/dvc.lock 'stages: {}'

repository "$TEST_FOLDER/main"
it 'runs a stage that depends on a dataset with a URL, and once' 'echo one >"$www/a.csv"; pipeline "- {name: birds, type: url, url: \"$site/etag/a.csv\"}"; rmv repro -q; runs 1; rmv repro -q; runs 1; says "up to date" rmv repro; rmv status -q'
it 'keeps in rmv.lock what the name stood for' 'grep "^      ds://birds:" rmv.lock; grep "type: url" rmv.lock; grep -F "url: $site/etag/a.csv" rmv.lock; grep "etag: .\"[0-9a-f]\{8\}\"" rmv.lock'
it 'runs it again when the server says so'   'echo two >"$www/a.csv"; exits 1 rmv status -q; says "get.*ds://birds: etag .* → " rmv repro; runs 2'
it 'and when the name stands for something else, but not for another description' '
    cp "$www/a.csv" "$www/b.csv"; pipeline "- {name: birds, type: url, url: \"$site/etag/b.csv\"}"; says "ds://birds: url $site/etag/a.csv → $site/etag/b.csv" rmv repro; runs 1
    pipeline "- {name: cats, type: url, url: \"https://example.com/cats\"}
- {name: birds, type: url, url: \"$site/etag/b.csv\"}"; rmv repro -q; runs 0'
it 'names stage, dataset and URL of what is not there' 'pipeline "- {name: birds, type: url, url: \"$site/etag/none\"}"; exits 3 rmv repro; says "stage .get. depends on dataset .ds://birds. .rmv.yaml:4.: cannot get .$site/etag/none.: HTTP status 404" rmv repro; runs 0'

it 'knows a path of another Git repository at a revision' 'pipeline "- {name: birds, type: dvc, url: \"$birds\", path: data, rev: v1}"; rmv repro -q; runs 1; rmv repro -q; runs 1; grep "rev: v1" rmv.lock; grep "path: data" rmv.lock; grep "rev_lock: $(git -C "$birds" log -1 --format=%H v1 -- data)" rmv.lock; rmv status -q'
it 'does not run for commits behind the revision' 'commit data/a.csv two; rmv repro -q; runs 1; git -C "$birds" tag -f v1 >/dev/null; says "ds://birds: rev_lock .* → " rmv repro; runs 2'
it 'nor, on a branch, for commits that do not change the path' 'pipeline "- {name: birds, type: dvc, url: \"file://$birds\", path: data, rev: main}"; rmv repro -q; runs 1; commit readme.txt again; rmv repro -q; runs 1; commit data/b.csv 3; rmv repro -q; runs 2'
it 'takes the last commit where no revision is named, by a relative path too' 'pipeline "- {name: birds, type: dvc, url: ../birds, path: readme.txt}"; rmv repro -q; runs 1; rmv repro -q; commit readme.txt more; rmv repro -q; runs 2'
it 'takes the whole repository where no path is' 'pipeline "- {name: birds, type: dvc, url: ../birds}"; rmv repro -q; grep "rev_lock: $(git -C "$birds" rev-parse HEAD)" rmv.lock'
it 'looks at what says where data is'        '
    pipeline "- {name: birds, type: dvc, url: ../birds, path: tracked}"; rmv repro -q; runs 1; commit readme.txt 7; rmv repro -q; runs 1; commit tracked.dvc "outs: [{path: tracked, md5: 2.dir}]"; rmv repro -q; runs 2
    sed -i "s|path: tracked|path: tracked/inside/x|" rmv.yaml; rmv repro -q; runs 3; sed -i "s|path: tracked/inside/x|path: made/out|" rmv.yaml; rmv repro -q; runs 4; commit made/dvc.lock "stages: {a: {}}"; rmv repro -q; runs 5'
it 'shows it in the lineage and among the dependencies' 'rmv lineage made >out || :; cat out; grep -E "url +ds://birds: .*rev_lock=" out; rmv stage list --json | grep -F "\"ds://birds\""'
it 'does not run the hooks and programs of the other repository' '
    pipeline "- {name: birds, type: dvc, url: ../birds, path: data}"; printf "[core]\n\tfsmonitor = touch %s/bad\n\tpager = touch %s/bad\n[diff]\n\texternal = touch %s/bad\n[log]\n\tshowSignature = true\n[gpg]\n\tprogram = touch %s/bad\n" "$PWD" "$PWD" "$PWD" "$PWD" >>"$birds/.git/config"; rmv repro -q; rmv status -q; test ! -e bad'

it 'names what is not there: repository, revision, path' '
    pipeline "- {name: birds, type: dvc, url: ../nobody, path: data}"; exits 3 rmv repro; says "stage .get. depends on dataset .ds://birds. .rmv.yaml:4.: .*nobody" rmv repro
    pipeline "- {name: birds, type: dvc, url: ../birds, path: data, rev: v9}"; exits 3 rmv repro; says "ds://birds.*v9" rmv repro
    pipeline "- {name: birds, type: dvc, url: ../birds, path: nothing}"; git -C "$birds" rm -q made/dvc.lock; git -C "$birds" commit -qm rm; exits 3 rmv repro; says "ds://birds.*.nothing. is not there" rmv repro; runs 0
    exits 1 rmv status -q; says "get: .*nothing" rmv status'
it 'names the nearest dataset for one that is unknown' 'pipeline "- {name: birds, type: url, url: \"$site/etag/a.csv\"}" brids; exits 2 rmv repro; says "rmv.yaml:4:12: there is no dataset .brids." rmv repro; says "hint: did you mean .ds://birds.." rmv repro; pipeline "- {name: birds, type: url, url: \"$site/x\"}" zebra; says "hint: name it under .datasets." rmv repro; exits 2 rmv repro'
it 'refuses two of one name'                 'pipeline "- {name: birds, type: url, url: \"$site/x\"}
- {name: birds, type: url, url: \"$site/y\"}"; exits 2 rmv repro; says "rmv.yaml:8:3: there are two datasets .birds.: the other one is at rmv.yaml:7" rmv repro'
it 'says what it cannot know of'             '
    pipeline "- {name: birds, type: dc, url: \"dc://birds\"}"; exits 9 rmv repro; says "ds://birds.*it is of type .dc." rmv repro
    pipeline "- {name: birds, type: dvc, url: \"https://example.com/birds.git\"}"; exits 9 rmv repro; says "its repository is not on this machine" rmv repro; says "hint: clone it" rmv repro
    pipeline "- {name: birds, type: url, url: \"gs://b/k\"}"; exits 9 rmv repro; pipeline "- {name: birds, type: url}"; exits 2 rmv repro; says "it has no .url." rmv repro
    pipeline "- {name: birds, type: dvc, url: ../birds, path: ../x}"; exits 10 rmv repro; runs 0; rmv stage list >/dev/null'
it 'finds datasets of another rmv.yaml, and relative repositories from there' '
    mkdir sub; printf "datasets:\n- {name: far, type: dvc, url: ../../birds, path: data}\n" >sub/rmv.yaml; pipeline "- {name: birds, type: url, url: \"$site/etag/a.csv\"}" far; rmv repro -q; runs 1; grep "rev_lock" rmv.lock; rm -r sub; exits 2 rmv repro'
it 'is refused by stage add for a dataset that is unknown' 'rm rmv.yaml; exits 2 rmv stage add -q -n x -d ds://nobody -o y "echo >y"; test ! -e rmv.yaml'

repository "$TEST_FOLDER/tracked_by_git"
mkdir model; echo old >model/weights; echo old >report; git add -A; git commit -qm 1
it 'warns of outputs that Git tracks, too'        '
    printf "stages:\n  a: {cmd: \"mkdir -p model; echo 1 | tee report >model/weights\", outs: [model, report: {cache: false}]}\n" >rmv.yaml
    rmv repro -f 2>errors; cat errors; grep "warning: .model., which stage .a. makes, is tracked by Git" errors; test "$(wc -l <errors)" = 1'
it 'does so once, and not when it is mended'      'rmv repro 2>errors; test ! -s errors; git rm -rq --cached model; rmv repro -f 2>errors; cat errors; test ! -s errors; git status --short | grep "?? model" && exit 1; git check-ignore -q model'
