#!/bin/sh
# rmv params diff.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
printf 'train:\n  rank: 10\n  rate: 0.5\nname: old\n' >params.yaml; printf '{"x": 1}' >other.json
printf 'stages:\n  a:\n    cmd: x\n    params:\n    - train.rank\n    - other.json: [x]\n' >rmv.yaml
git add -A; git commit -qm one
it 'prints nothing when nothing changed'          'test -z "$(rmv params diff)"'
it 'compares the last commit with the workspace'  '
    printf "name: old\ntrain: {rate: 0.5, rank: 20}\nadded: [1, 2]\n" >params.yaml; printf "{\"x\": 2}" >other.json
    printf "Path         Param       HEAD  workspace\nparams.yaml  train.rank  10    20\nparams.yaml  added       -     [1, 2]\nother.json   x           1     2\n" >wanted; rmv params diff | diff wanted -'
it 'compares two revisions'                       'git add -A; git commit -qm two; test -z "$(rmv params diff)"; rmv params diff HEAD~1 | grep -E "train.rank +10 +20"; rmv params diff HEAD~1 HEAD | grep -E "^Path +Param +HEAD~1 +HEAD"'
it 'shows what is gone'                           'rm other.json; rmv params diff | grep -E "other.json +x +2 +-"'
it 'shows equal values with --all'                'rmv params diff --all | grep -E "name +old +old"'
it 'prints JSON'                                  'rmv params diff HEAD~1 HEAD --json | python3 -c "import json,sys; assert json.load(sys.stdin)[\"params.yaml\"][\"train.rank\"] == {\"old\": 10, \"new\": 20}"'
it 'prints Markdown'                              'rmv params diff HEAD~1 --md | sed -n 2p | grep -E "^\|-+\|-+\|-+\|-+\|$"'
it 'tells a number from a text'                   'printf "name: 1\n" >params.yaml; git commit -qam three; printf "name: \"1\"\n" >params.yaml; rmv params diff | grep -E "name +1 +\"1\""'
it 'names an unknown revision'                    'exits 3 rmv params diff nope; says nope rmv params diff nope'
it 'takes two revisions at the most'              'exits 2 rmv params diff a b c'
printf 'train: {rank: 1, rate: 2}\nname: z\n' >params.yaml; git add -A; git commit -qm four; printf 'train: {rank: 2, rate: 3}\nname: y\n' >params.yaml
it 'shows what stages depend on with --deps'      'test "$(rmv params diff --deps | tail -n +2 | tr -s " ")" = "params.yaml train.rank 1 2"'
it 'leaves the path away'                         'rmv params diff --no-path | head -1 | grep -E "^Param +HEAD"'
it 'compares one file'                            'printf "z: 1\n" >z.yaml; rmv params diff --targets z.yaml | tail -n +2 | grep -E "^z.yaml +z +- +1$"; exits 3 rmv params diff --targets nope.yaml; rm z.yaml'

repository "$TEST_FOLDER/formats"
printf 'train:\n  rank: 10\nsizes: [3, 5]\n' >params.yaml
printf '# how\n[net]\ndepth = 3\nrate = 1_0.5\nlayers = [ {units = 8}, {units = 16} ]\n' >net.toml
printf 'import os\nSEED = 7\nclass Data:\n    split: float = 0.2\n    def __init__(self):\n        self.folds = [1, 2]\nHOME = os.environ.get("HOME")\n' >conf.py
printf '{"lr": {"start": 1e-3}}' >lr.json
printf 'stages:\n  a:\n    cmd: echo >>runs\n    params:\n    - sizes.1\n    - net.toml: [net.depth, net.layers.1.units]\n    - conf.py: [SEED, Data.folds]\n    - lr.json:\n' >rmv.yaml
runs() { test "$(wc -l <runs)" -eq "$1" || { wc -l <runs; return 1; }; }
it 'takes parameters from YAML, TOML, Python and JSON' 'rmv repro -q; runs 1; rmv repro -q; runs 1
    for line in "sizes.1: 5" "net.depth: 3" "net.layers.1.units: 16" "SEED: 7" "start: 0.001"; do grep -F "$line" rmv.lock; done'
it 'runs again for a value of a TOML file'        'sed -i s/16/32/ net.toml; says "net.toml: net.layers.1.units 16 → 32" rmv status; rmv repro -q; runs 2'
it 'runs again for a value of a Python file'      'sed -i "s/\[1, 2\]/[1, 3]/" conf.py; says "conf.py: Data.folds \[1, 2\] → \[1, 3\]" rmv repro; runs 3'
it 'runs again for any value of a whole file'     'printf "{\"lr\": {\"start\": 1e-3}, \"new\": 1}" >lr.json; rmv repro -q; runs 4'
it 'does not for values nobody named'             'sed -i s/10.5/11.5/ net.toml; sed -i s/0.2/0.3/ conf.py; sed -i s/10/11/ params.yaml; rmv repro -q; runs 4'
it 'does not for comments and another order'      'printf "[net]\nlayers = [ { units = 8 }, { units = 32 } ]\nrate = 1.0\ndepth = 0x3 # three\n" >net.toml; rmv repro -q; runs 4'
it 'compares them with another revision'          'git add -A; git commit -qm one; sed -i "s/SEED = 7/SEED = 8/" conf.py; rmv params diff | grep -E "^conf.py +SEED +7 +8$"'
it 'names a parameter that is not there'          'sed -i /SEED/d conf.py; exits 3 rmv repro; says "needs parameters that .conf.py. does not have: .SEED." rmv repro'
it 'names the place of a mistake in a TOML file'  'echo "depth = 3" >>net.toml; exits 5 rmv repro; says "net.toml:5:1: .depth. is there already" rmv repro'
it 'takes variables from them for templates'      '
    printf "[net]\ndepth = 3\n" >net.toml; printf "class Data:\n    name = \"x y\"\n" >conf.py
    printf "vars: [net.toml, conf.py:Data]\nstages:\n  a: {cmd: \"echo \${net.depth} \${Data.name}\"}\n" >rmv.yaml
    rmv stage list --json | grep "\"cmd\": \"echo 3 x y\""'
it 'compares files that variables come from, too' 'git add -A; git commit -qm vars; sed -i "s/x y/z/" conf.py; rmv params diff | grep -E "^conf.py +Data.name +x y +z$"'

repository "$TEST_FOLDER/ini"
printf '; of the model\n[train]\nrank = 10\nname = deep\n[DEFAULT]\nseed = 7\n' >params.ini
printf 'stages:\n  a:\n    cmd: echo >>runs\n    params:\n    - params.ini: [train.rank, train.seed]\n' >rmv.yaml
it 'takes parameters from INI files'              'rmv repro -q; runs 1; rmv repro -q; runs 1; grep "train.rank: 10" rmv.lock; grep "train.seed: 7" rmv.lock'
it 'runs again for a value of an INI file'        'sed -i s/10/20/ params.ini; says "params.ini: train.rank 10 → 20" rmv status; rmv repro -q; runs 2; sed -i "s/seed = 7/seed = 8/" params.ini; rmv repro -q; runs 3'
it 'does not for others, comments and spelling'   'printf "[DEFAULT]\nseed: 8\n# more\n[train]\nname = flat\nrank = 0x14\n" >params.ini; rmv repro -q; runs 3'
it 'compares INI files with another revision'     'git add -A; git commit -qm one; sed -i s/0x14/30/ params.ini; rmv params diff --targets params.ini | grep -E "^params.ini +train.rank +20 +30$"'
it 'names the place of a mistake in an INI file'  'echo rank >>params.ini; exits 5 rmv repro; says "params.ini:7:1: .=. or .:. is missing" rmv repro'
