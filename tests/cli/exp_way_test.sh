#!/bin/sh
# What stands where an experiment has something else: `exp apply` must not take it away.
. "$(dirname "$0")/lib.sh"
. "$SOURCE_ROOT/tests/cli/exp.sh"

experiment_project "$TEST_FOLDER/main"
mkdir notes; echo n >notes/inside; rmv exp save -q -n folder -I notes/inside; rm -r notes
echo n >notes; rmv exp save -q -n file -I notes; rm notes
refused() { # refused <experiment> <path it lists>
    exits 4 rmv exp apply "$1" 2>err && grep "^    $2\$" err && rm err
}

it 'keeps an untracked file where an experiment has a folder' \
    'echo precious >notes; refused folder notes && grep precious notes'
it 'keeps an untracked symbolic link there, and what it leads to' \
    'rm notes; mkdir ../elsewhere; ln -s ../elsewhere notes; refused folder notes && test -L notes && test -z "$(ls ../elsewhere)"'
it 'keeps an untracked folder where an experiment has a file' \
    'rm notes; mkdir notes; echo precious >notes/mine; refused file notes/mine && grep precious notes/mine'
it 'keeps what Git ignores in such a folder, too' \
    'echo "*.log" >.git/info/exclude; mv notes/mine notes/mine.log; refused file notes/mine.log && test -e notes/mine.log'
it 'keeps an untracked folder where a file of HEAD was' \
    'rm -r notes; mv train.sh moved.sh; mkdir train.sh; echo precious >train.sh/mine; refused file train.sh/mine && grep precious train.sh/mine'
it 'replaces all of them with --force' \
    'rmv exp apply -q --force file && test -f notes && test -f train.sh && rm notes moved.sh; git diff --exit-code'
it 'puts a folder where a file of HEAD was, and takes it back' '
    echo n >notes; git add notes; git commit -qm notes; git rm -q --cached notes; rm notes; mkdir notes; echo n >notes/inside; rmv exp save -q -n other -I notes/inside
    rm -r notes; git reset -q --hard; rmv exp apply -q other && test -f notes/inside && rmv exp save -q -n again && rm -r notes && git checkout -q notes && test -f notes'
