#!/bin/sh
# rmv version: what a report of a fault begins with.
. "$(dirname "$0")/lib.sh"

it 'names rmv and its libraries'   'rmv version | grep -E "^rmv [0-9.]+$" && rmv version | grep -E "^libgit2 [0-9.]+$" && rmv version | grep -E "^zstd [0-9.]+$"'
it 'agrees with --version'         'test "$(rmv version | head -1)" = "$(rmv --version)"'
it 'prints JSON'                   'rmv version --json | python3 -c "import json, sys; assert json.load(sys.stdin)[\"zstd\"]"'
it 'takes no arguments'            'exits 2 rmv version x'
