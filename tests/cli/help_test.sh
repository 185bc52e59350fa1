#!/bin/sh
# The frame of both programs: help, man pages, completion, and what happens to wrong requests.
. "$(dirname "$0")/lib.sh"

it 'lists its commands'                          'rmv help | grep -E "^  add +"'
it 'does so and exits 2 when asked for nothing'   'exits 2 rmv | grep -E "^usage: rmv COMMAND"'
it 'explains a command'                          'rmv help add | grep -E "^usage: rmv add"'
it 'explains it with --help too'                 'rmv add --help | grep "^usage: rmv add"'
it 'suggests the nearest command'                'says "did you mean .rmv checkout." rmv chekout && exits 2 rmv chekout'
it 'lists commands of two words that begin alike' '
    for asked in "help exp" "exp --help" "exp -h"; do rmv $asked >out && grep -E "^  exp run +run a" out && ! grep -E "^  (add|queue)" out || exit 1; done'
it 'does so and exits 2 when asked for half of one' 'exits 2 rmv queue >out && grep -E "^  queue start +" out && says "which command of .queue." rmv queue'
it 'suggests the nearest of them'                'says "no command .exp rnu." rmv exp rnu; says "did you mean .rmv exp run." rmv exp rnu; exits 2 rmv exp rnu; says "rmv help exp. lists" rmv exp zzzzzzzzzzz; says "no command .exp zzz." rmv help exp zzz'
it 'suggests the nearest option'                 'says "did you mean .--quiet." rmv add --quit x && exits 2 rmv add --quit x'
it 'says what an option needs'                   'says "needs a value: FOLDER" rmv add --cd'
it 'prints its version'                          'rmv --version | grep -E "^rmv [0-9]+\.[0-9]+\.[0-9]+$"'
it 'refuses to work outside a workspace'         'exits 2 rmv status && says "rmv init" rmv status'
it 'fails when its output cannot be written'     'exits 7 rmv help >/dev/full'
it 'explains help itself'                        'rmv help help | grep "^usage: rmv help" && recomart help help | grep -e --man'
it 'writes man pages in ASCII'                   'recomart help --man train | grep -F "[u00D7]" && ! recomart help --man train | LC_ALL=C grep "[^ -~]"'
it 'has a man page for every command that man accepts' '
    for program in rmv recomart; do
        $program help | sed -n "s/^  \([a-z-]*\( [a-z]*\)\{0,1\}\)   *.*/\1/p" | grep -v "^help" | while read -r command; do
            $program help --man $command >page && grep -q "^.SH NAME" page && grep -q "^.SH OPTIONS" page || { echo "$command"; exit 1; }
        done
    done'
it 'has help with every command, not only a summary' '
    for program in rmv recomart; do
        $program help | sed -n "s/^  \([a-z-]*\( [a-z]*\)\{0,1\}\)   *.*/\1/p" | grep -v "^help" | while read -r command; do
            test $($program help $command | wc -w) -gt 40 || { echo "$command says too little"; exit 1; }
        done
    done'
it 'starts in under 10 ms of processor time' '
    python3 - <<PY
import os, resource, subprocess
for _ in range(20): subprocess.run(["rmv", "--version"], stdout=subprocess.DEVNULL)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
ms = (used.ru_utime + used.ru_stime) / 20 * 1000
print("%.1f ms" % ms)
# Sanitizers and busy machines need more; the bound is for the program as it is shipped.
raise SystemExit(ms >= (10 if "build-" not in os.environ.get("RMV_BUILD", "") else 1000))
PY'
it 'says where options belong'                   'exits 2 rmv --nope && says "no option .--nope. before a command" rmv --nope'
