#!/bin/sh
# completion: scripts that bash, zsh and fish really take.
. "$(dirname "$0")/lib.sh"

for shell in bash zsh fish; do rmv completion $shell >rmv.$shell && recomart completion $shell >recomart.$shell || exit 1; done
# What bash offers for the words behind it: the last one is being typed.
in_bash() { bash -c '. ./rmv.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _rmv; printf "%s\n" "${COMPREPLY[@]}"' bash "$@"; }

it 'bash takes the scripts'                    'bash -n rmv.bash && bash -n recomart.bash && bash -c ". ./rmv.bash; complete -p rmv" | grep "default.*_rmv"'
it 'bash completes commands'                   'in_bash rmv che | grep -x checkout && in_bash rmv che | grep -x check-ignore && in_bash rmv "" | grep -x help && ! in_bash rmv che | grep -x add'
it 'bash completes the second word of a command' 'test "$(in_bash rmv stage "")" = "add
list" && test "$(in_bash rmv metrics s)" = show'
it 'bash completes options'                    'in_bash rmv add --no | grep -x -e --no-commit && in_bash rmv add --q | grep -x -e --quiet && in_bash rmv stage add --de | grep -x -e --desc && in_bash rmv add x y --js | grep -x -e --json'
it 'bash completes what is to be explained'    'in_bash rmv help lin | grep -x lineage && in_bash rmv completion "" | grep -x fish'
it 'bash leaves other words to files'          'test -z "$(in_bash rmv add da)" && test -z "$(in_bash rmv stage add da)"'
it 'bash takes it sourced as the help says'    'bash -c ". <(rmv completion bash); complete -p rmv"'

if command -v zsh >/dev/null; then
    cat >zsh_test <<'Z'
zmodload zsh/zpty
in_zsh() {
    local all part
    zpty -d z 2>/dev/null
    zpty z "PATH='$PATH' zsh -f -i"
    zpty -w z "PS1=; autoload -U compinit; compinit -D -u; zstyle ':completion:*' list-prompt ''; setopt auto_list no_beep; $1; echo rea''dy"
    repeat 100; do zpty -r -t z part && all+=$part; [[ $all == *ready* ]] && break; sleep 0.1; done
    zpty -w -n z "$2"$'\t\t'; all=
    repeat 30; do while zpty -r -t z part; do all+=$part; done; [[ $all == *$3* ]] && break; sleep 0.1; done
    zpty -d z
    [[ $all == *$3* ]] || { print -r -- "no '$3' in: $all"; return 1; }
}
Z
    it 'zsh takes the scripts'                     'zsh -n rmv.zsh && zsh -n recomart.zsh'
    it 'zsh completes commands, when it is sourced' 'zsh -f -c ". ./zsh_test; in_zsh \". ./rmv.zsh\" \"rmv lin\" lineage && in_zsh \". ./rmv.zsh\" \"rmv che\" check-ignore"'
    it 'zsh completes options and second words'    'zsh -f -c ". ./zsh_test; in_zsh \". ./rmv.zsh\" \"rmv add --no-c\" no-commit && in_zsh \". ./rmv.zsh\" \"rmv metrics s\" show && in_zsh \". ./rmv.zsh\" \"rmv stage add --des\" desc"'
    it 'zsh completes files'                       ': >unmistakable && zsh -f -c ". ./zsh_test; in_zsh \". ./rmv.zsh\" \"rmv add unm\" unmistakable"'
    it 'zsh finds it in its folder of functions'   'mkdir -p site && cp rmv.zsh site/_rmv && zsh -f -c ". ./zsh_test; in_zsh \"fpath+=(\$PWD/site); compinit -D -u\" \"rmv lin\" lineage"'
else
    skip 'zsh completes' 'there is no zsh here'
fi

if command -v fish >/dev/null; then
    in_fish() { fish --no-config -c "source rmv.fish; complete -C '$1'"; }
    it 'fish takes the scripts'                    'fish -n rmv.fish && fish -n recomart.fish'
    it 'fish completes commands'                   'in_fish "rmv che" | grep "^checkout.*make" && test "$(in_fish "rmv stag" | wc -l)" = 1'
    it 'fish completes the second word of a command' 'in_fish "rmv stage " | grep "^add" && in_fish "rmv stage " | grep "^list" && ! in_fish "rmv stage add " | grep "^list"'
    it 'fish completes options'                    'in_fish "rmv add --no" | grep "^--no-commit" && in_fish "rmv stage add --des" | grep "^--desc" && in_fish "rmv ls --qu" | grep "^--quiet" && ! in_fish "rmv ls --no-com" | grep no-commit'
    it 'fish completes what is to be explained'    'in_fish "rmv help lin" | grep "^lineage" && in_fish "rmv completion f" | grep "^fish"'
else
    skip 'fish completes' 'there is no fish here'
fi

it 'refuses other shells, and none'            'exits 2 rmv completion tcsh && exits 2 rmv completion && says "bash, zsh and fish" rmv completion tcsh && exits 2 rmv completion bash zsh'
it 'fails when it cannot be written'           'exits 7 rmv completion bash >/dev/full'
