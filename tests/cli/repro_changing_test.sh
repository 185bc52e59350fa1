#!/bin/sh
# Inputs that change while a stage runs: its outputs are of an unknown version, and must not pass for one.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
stages <<'YAML'
  a:
    cmd: touch running; while [ ! -e go ]; do sleep 0.02; done; cat in p.yaml >out
    deps: [in]
    params: [{p.yaml: [k]}]
    outs: [out]
YAML
echo one >in; echo 'k: 1' >p.yaml
change() { # change <shell code>: done while the stage runs
    rm -f go running; rmv repro >log 2>&1 & wait_for running; eval "$1"; touch go; wait $!
}

it 'warns of a dependency that changed, and runs the stage again although it is as before' \
    'change "echo two >in"; grep "^rmv: warning: .in. changed while stage .a." log; echo one >in; exits 1 rmv status -q; says "Running stage .a." rmv repro; grep one out; rmv status -q'
it 'does not take what it made from the run cache' \
    'echo three >in; change "echo four >in"; echo three >in; rmv repro | grep "Running stage .a."; grep three out; echo four >in; rmv repro | grep "Running stage .a."; grep four out'
it 'does the same with a parameter' \
    'echo five >in; change "echo \"k: 2\" >p.yaml"; grep "^rmv: warning: .p.yaml. changed while stage .a." log; echo "k: 1" >p.yaml; rmv repro | grep "Running stage .a."; grep "k: 1" out; echo "k: 2" >p.yaml; rmv repro | grep "Running stage .a."; grep "k: 2" out'
it 'does not mind other parameters of the file' \
    'echo six >in; change "echo \"other: 1\" >>p.yaml"; ! grep warning log; rmv status -q; rmv repro | grep "is up to date"'
it 'runs it again after its file of parameters went' \
    'echo seven >in; change "mv p.yaml q.yaml" || :; mv q.yaml p.yaml; rmv repro | grep "Running stage .a."; grep seven out'
