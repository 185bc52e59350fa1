# For the tests of experiments: sourced after lib.sh. A pipeline whose metric follows a parameter.
experiment_project() { # experiment_project <folder>: prep → train, in a repository with one commit
    repository "$1"
    rmv config --local core.fsync false
    mkdir raw; echo 1 >raw/a; echo 2 >raw/b
    printf '# settings\ntrain:\n  rank: 10 # columns\n  rate: 0.5\nother: 1\n' >params.yaml
    printf '{"depth": 3, "name": "tree"}\n' >model.json
    cat >train.sh <<'SH'
rank=$(sed -n 's/^ *rank: \([0-9]*\).*/\1/p' params.yaml)
mkdir -p model; cp clean.txt model/data; echo "$rank" >model/rank
echo "training with $rank"
printf '{"score": %d, "loss": %d}\n' $((rank * 2)) $((100 - rank)) >metrics.json
SH
    cat >rmv.yaml <<'YAML'
stages:
  prep:
    cmd: cat raw/* >clean.txt
    deps: [raw]
    outs: [clean.txt]
  train:
    cmd: sh train.sh
    deps: [clean.txt, train.sh]
    params: [train.rank]
    outs: [model]
    metrics:
    - metrics.json: {cache: false}
YAML
    rmv add -q raw
    git add -A; git commit -qm start
}
experiments() { # the number of experiments
    git for-each-ref refs/exps | grep -cv "refs/exps/done/" || :
}
reference_of() { # reference_of <name>: of the experiment, or of the task that waits or failed
    git for-each-ref --format='%(refname)' | grep -v "^refs/exps/done/" | grep "^refs/exps/.*/$1\$"
}
in_experiment() { # in_experiment <name> <file>: its content there
    git show "$(reference_of "$1"):$2"
}
waits() { # waits <shell code>: until it succeeds, 30 seconds at most
    for _ in $(seq 600); do eval "$1" >/dev/null 2>&1 && return; sleep 0.05; done
    echo "never: $1"; return 1
}
ends() { # ends <status> <pid>: that child ends with it
    status=0; wait "$2" || status=$?
    test "$status" -eq "$1" || { echo "exit status $status, not $1"; return 1; }
}
