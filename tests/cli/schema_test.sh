#!/bin/bash
# What is read from rmv.yaml: each tests/data/pipelines/CASE.golden has the files of a workspace, each
# behind a line "-- PATH --", and last, as `expected`, what `rmv stage list --json` prints, or, as
# `refused`, its exit status and the first line of its complaint. GOLDEN_UPDATE=1 writes the last part anew.
. "$(dirname "$0")/lib.sh"

unpack() { # unpack FILE: the files in it
    awk '/^-- .* --$/ { path = substr($0, 4, length($0) - 6); folder = path
             if (sub("/[^/]*$", "", folder)) system("mkdir -p " folder); printf "" >path; next }
         path { print >path }' "$1"
}
answer() { # prints what becomes the last part
    if rmv stage list --json >out 2>errors; then echo '-- expected --'; cat out
    else status=$?; echo '-- refused --'; echo "exit status $status"; head -n 1 errors; fi
}
check() { # check FILE
    mkdir case && cd case && rmv init -q --no-scm && unpack "$1" && rm -f expected refused
    answer >answer
    sed '/^-- \(expected\|refused\) --$/,$d' "$1" >input
    if [ -n "${GOLDEN_UPDATE:-}" ]; then cat input answer >"$1"; fi
    cat input answer | diff "$1" -
}
for file in "$SOURCE_ROOT"/tests/data/pipelines/*.golden; do
    it "reads $(basename "$file" .golden | tr _ ' '): $(sed -n '1s/^# //p' "$file")" "(check '$file'); result=\$?; rm -rf case; test \$result -eq 0"
done

repository hints
it 'says what to do about the usual mistakes in YAML' '
    printf "stages:\n\ta: {cmd: x}\n" >rmv.yaml; says "^hint: indent with spaces" rmv repro
    printf "stages:\n  a:\n    cmd: %%x\n" >rmv.yaml; says "^hint: .* between quotes" rmv repro
    printf "stages:\n  a:\n    cmd: echo total: 1\n" >rmv.yaml; says "^hint: put a text with .: . in it between quotes" rmv repro
    printf "stages:\n  a:\n    cmd: x\n    outs:\n    - o:\n      cache: false\n" >rmv.yaml; says "^hint: indent them deeper" rmv repro'
