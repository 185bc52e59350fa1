#!/bin/sh
# What rmv repro and rmv exp run draw on a terminal, and that they draw nothing elsewhere.
. "$(dirname "$0")/lib.sh"

export TERM=xterm
# terminal <columns>x<lines> <command>...: see terminal.py. What it wrote is in ../raw, what is seen at last in ../seen.
terminal() { python3 "$SOURCE_ROOT/tests/cli/terminal.py" --raw ../raw "$@" >../seen; }
escapes() { LC_ALL=C grep -c "$(printf '\033')" "$1" || :; }
# In a stage's command: waits for a word in a pipe, and fails unless that is "ok".
for name in a b c d e f g h; do mkfifo "$TEST_FOLDER/$name"; done
hold() { echo "read word <../$1; test \$word = ok || exit 1"; }

repository "$TEST_FOLDER/two"
stages <<YAML
  a: {cmd: 'echo from a; $(hold a); echo 1 >a.out', outs: [a.out]}
  bee: {cmd: '$(hold b); echo 1 >b.out', outs: [b.out], retry: {attempts: 3, delay: 3s}}
  c: {cmd: '$(hold c); cat a.out b.out >c.out', deps: [a.out, b.out], outs: [c.out]}
YAML
it 'shows a line for each stage that runs, and how many are done' '
    terminal 100x24 rmv repro -j 2 <<STEPS
see ^\[a\] from a
see ^a +running +[0-9]+:
see ^bee +running +[0-9]+:
see ^0 of 3 stages done, 2 running$
run echo ok >../a
see ^bee +running +[0-9]+:
see ^1 of 3 stages done, 1 running$
gone ^a +running
run echo ok >../b
see ^c +running +[0-9]+:
see ^2 of 3 stages done, 1 running$
run echo ok >../c
STEPS'
it 'leaves what plain lines would have been'      '
    mv ../seen ../first; rm -rf rmv.lock *.out .rmstore/runs; for name in a b c; do echo ok >../$name & done
    rmv repro -j 2 >../plain 2>&1; wait; sort ../plain >../plain.sorted; sed "/^$/d" ../first | sort | diff - ../plain.sorted'
it 'shows which attempt comes next, and when'     '
    terminal 100x24 rmv repro -f -j 2 <<STEPS
see ^bee +running
run echo no >../b
see ^bee +attempt 2 of 3 in [123] s +[0-9]+:
see ^bee +attempt 2 of 3 +[0-9]+:
run echo ok >../b
run echo ok >../a
run echo ok >../c
STEPS
    grep "^attempt 2 of 3 follows in 3 s" ../seen; ! grep " running" ../seen'
it 'leaves a clean screen after Ctrl-C'           '
    exits 130 terminal 100x24 rmv repro -f -j 2 <<STEPS
see ^0 of 3 stages done, 2 running$
type \x03
STEPS
    ! grep -E "running|stopping|done" ../seen; sed "/^$/d" ../seen | tail -n 1 | grep "^rmv: interrupted; stage .[abe]*. was stopped"'
it 'leaves a clean screen after a failure'        '
    exits 1 terminal 100x24 rmv repro -f a <<STEPS
see ^a +running
run echo no >../a
STEPS
    ! grep -E "running|done" ../seen; grep "^rmv: stage .a. failed: exit status 1" ../seen'
it 'keeps to the width of the terminal, also when that changes' '
    terminal 30x24 rmv repro -f a <<STEPS
see ^a  running  [0-9]+:
see ^0 of 1 stage done, 1 running$
size 16x24
see ^0 of 1 stage d…$
size 40x24
see ^0 of 1 stage done, 1 running$
run echo ok >../a
STEPS'
for name in a b c d e f g h; do echo "  stage-日本-$name: {cmd: '$(hold $name)'}"; done | stages
it 'shows those that have run longest where there are too many' '
    terminal 34x7 rmv repro -j 8 <<STEPS
see ^stage-日本-a +running +[0-9]+:
see ^stage-日本-d +running +[0-9]+:
see ^and 4 more$
see ^0 of 8 stages done, 8 running$
run echo ok >../a
see ^stage-日本-e +running +[0-9]+:
see ^and 3 more$
size 34x3
see ^and 7 more$
run for name in b c d e f g h; do echo ok >../\$name; done
STEPS
    ! grep -E "running|more" ../seen'

repository "$TEST_FOLDER/one"
stages <<YAML
  a: {cmd: 'printf half; $(hold a); printf " and more"; $(hold b)'}
YAML
it 'does not draw over a line that a stage has not ended' '
    terminal 100x24 rmv repro <<STEPS
see ^half$
run echo ok >../a
see ^half and more$
run echo ok >../b
STEPS
    ! grep running ../seen'
stages <<YAML
  a: {cmd: 'echo asked; $(hold a)'}
  b: {cmd: '$(hold b)', frozen: false}
YAML
it 'asks its questions on a line of their own'    '
    terminal 200x24 rmv repro -i <<STEPS
see ^Run stage .a. \(.*\)\? .*uit:$
type maybe\n
see uit: maybe$
type y\n
see ^a +running
run echo ok >../a
see ^Run stage .b. \(.*\)\? .*uit:$
gone running
type y\n
see ^b +running
see ^1 of 2 stages done, 1 running$
run echo ok >../b
STEPS
    ! grep " running" ../seen; test "$(grep -c "^Run stage .b." ../seen)" = 1'
echo 1 >data; stages <<YAML
  a: {cmd: '$(hold a); echo 2 >data; $(hold b)', deps: [data]}
YAML
it 'prints warnings above the lines'              '
    terminal 100x24 rmv repro <<STEPS
see ^a +running
run echo ok >../a
run echo ok >../b
STEPS
    grep "^rmv: warning: .data. changed while stage .a." ../seen; ! grep " running " ../seen'

it 'is plain where nothing can be drawn: TERM is dumb or not set, --quiet, --json' '
    for how in "env TERM=dumb rmv repro -f" "env -u TERM rmv repro -f" "rmv repro -qf" "rmv repro --json -f"; do
        printf "run echo ok >../%s\n" a b | terminal 100x24 $how; test "$(escapes ../raw)" = 0
    done'

# CSI as one character, and a title for the window; in a command, YAML has \e for it.
stages <<YAML
  loop:
    foreach: ["x\u009b2Jy"]
    do: {cmd: "$(hold a); : '\e]0;title\a'"}
YAML
it 'lets nothing from a file steer the terminal'  '
    exits 0 terminal 200x24 rmv repro <<STEPS
see ^loop@x.302.2332Jy +running +[0-9]+:
run echo ok >../a
STEPS
    grep -F "\\033]0;title\\007" ../seen; ! LC_ALL=C grep "$(printf "[\\a]\|\302\233")" ../raw'
it 'is plain where a standard stream leads elsewhere' '
    for how in "rmv repro -f | cat -v" "rmv repro -f 2>../file" "rmv repro -f >../file"; do
        echo "run echo ok >../a" | terminal 100x24 sh -c "$how"; test "$(escapes ../raw)" = 0
    done
    grep -F "Running stage '"'"'loop@x\302\2332Jy'"'"': forced" ../file'

repository "$TEST_FOLDER/experiments"
mkfifo ../1 ../2; echo 'rank: 0' >params.yaml; stages <<YAML
  train: {cmd: 'read word <$TEST_FOLDER/\${rank}; test \$word = ok && echo \${rank} >out', params: [rank], outs: [out]}
YAML
git add -A; git commit -qm start
it 'shows a line for each experiment that runs'   '
    exits 1 terminal 100x24 rmv exp run -S rank=1,2 -n both -j 2 <<STEPS
see ^both-1 +train: running +[0-9]+:
see ^both-2 +train: running +[0-9]+:
see ^0 of 2 experiments done, 2 running$
run echo ok >../1
see ^1 of 2 experiments done, 1 running$
run echo no >../2
STEPS
    ! grep -E " running|experiments done" ../seen; grep "^Experiment both-1 is done" ../seen; grep "^\[both-2\] failed: stage .train. failed" ../seen'
it 'is plain there where it is elsewhere'         '
    for how in "env TERM=dumb rmv exp run -f -S rank=1 -n one" "rmv exp run -f -q -S rank=2 -n two"; do
        n=${how#*rank=}; echo "run echo ok >../${n%% *}" | terminal 100x24 $how; test "$(escapes ../raw)" = 0
    done'

repository "$TEST_FOLDER/background"
stages <<YAML
  a: {cmd: 'echo from a; $(hold a)'}
YAML
it 'leaves the screen to whoever has it while it is in the background' '
    terminal 100x24 bash -c "set -m; rmv repro & read line; echo got \$line; read line; fg >/dev/null" <<STEPS
see ^from a$
type one\n
see ^got one$
run ! grep -q running ../raw
type two\n
see ^a +running +[0-9]+:
run echo ok >../a
STEPS
    ! grep " running" ../seen; grep "^two" ../seen'
