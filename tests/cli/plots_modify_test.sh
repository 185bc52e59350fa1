#!/bin/sh
# rmv plots modify: options of plots in rmv.yaml.
. "$(dirname "$0")/lib.sh"

repository "$TEST_FOLDER/main"
cat >original <<'YAML'
# head
stages:
  train:   # the model
    cmd: sh mk   # run
    deps: [mk]
    outs:
    - model.bin   # big
    - logs.csv    # to be a plot
    metrics:
    - m.json: {cache: false}  # numbers
    plots:
    - train.csv        # plain
    - flow.csv: {cache: false, x: epoch}   # flow
    # before block
    - block.csv:
        cache: false   # no
        x: step  # eks
        title: T
  other:
    cmd: echo
    outs: [a.csv, "b.csv"]
    plots: [c.csv]
  "odd.name":
    cmd: echo
    outs: [only.csv]
  loop:
    foreach: [u, v]
    do:
      cmd: echo
      plots: ["${item}.csv"]
  grid:
    matrix: {k: [p]}
    cmd: echo
    plots: ["${item.k}.csv"]
  shared:
    cmd: echo
    plots:
    - s.csv: &look {x: a}
    - t.csv: *look
plots:
- both:
    x: a
    y: {train.csv: b}
- log.csv
# end
YAML
modify() { cp original rmv.yaml; rmv plots modify -q "$@"; }
changes() { # changes [<diff of the original and rmv.yaml>]
    diff original rmv.yaml | grep "^[<>]" >changed || :
    if [ "${1:-}" ]; then printf '%s\n' "$1" | diff - changed; else test ! -s changed || { cat changed; return 1; }; fi
}

it 'gives a plain plot options'                 'modify train.csv -x epoch --title "a: b"; changes "<     - train.csv        # plain
>     - train.csv:        # plain
>         x: epoch
>         title: '"'a: b'"'"'
it 'adds to options in braces'                  'modify flow.csv -y loss --x-label "X \"q\"" --y-label Y; changes "<     - flow.csv: {cache: false, x: epoch}   # flow
>     - flow.csv: {cache: false, x: epoch, y: \"loss\", x_label: \"X \\\"q\\\"\", y_label: \"Y\"}   # flow"'
it 'takes options out of braces'                'modify flow.csv --unset x; changes "<     - flow.csv: {cache: false, x: epoch}   # flow
>     - flow.csv: {cache: false}   # flow"'
it 'changes some and takes others out'          'modify block.csv --unset x,title -t simple; changes "<         x: step  # eks
<         title: T
>         template: simple"; modify block.csv --unset x --unset title; changes "<         x: step  # eks
<         title: T"'
it 'takes all of them out'                      'modify train.csv --no-header; cp rmv.yaml with; rmv plots modify -q train.csv --unset no-header; changes; grep -c "header: false" with'
it 'replaces a value, and its comment stays'    'modify block.csv -x epoch; changes "<         x: step  # eks
>         x: epoch  # eks"'
it 'makes an output a plot'                     'modify logs.csv -x e; changes "<     - logs.csv    # to be a plot
>     - logs.csv:
>         x: e"; modify m.json; changes "<     metrics:
<     - m.json: {cache: false}  # numbers
>     - m.json:
>         cache: false"
    modify a.csv -t scatter; changes "<     outs: [a.csv, \"b.csv\"]
<     plots: [c.csv]
>     outs: [\"b.csv\"]
>     plots: [c.csv, {a.csv: {template: \"scatter\"}}]"
    modify only.csv; changes "<     outs: [only.csv]
>     plots:
>     - only.csv"'
it 'knows plots of the top level'               'modify both --title X; changes ">     title: X"; modify log.csv --title X; changes "< - log.csv
> - log.csv:
>     title: X"; exits 2 modify log.csv --no-header; says "with that change: rmv.yaml:.*unknown key .header." modify log.csv --no-header; changes'
it 'leaves loops and what hangs on an anchor alone' 'for plot in u.csv p.csv; do exits 9 modify $plot -x e; changes; says "rmv.yaml:[0-9]+:[0-9]+: that is of all stages of the loop" modify $plot -x e; done
    says "cannot be changed in place" modify t.csv -y e; changes; says "edit rmv.yaml:[0-9]+ by hand" modify t.csv -y e; says "cannot be changed in place" modify s.csv -y e; changes'
it 'refuses what it cannot do, and changes nothing' '
    exits 3 modify nope.csv -x e; exits 3 modify train.csv --unset title; says "has no .title." modify train.csv --unset title; exits 2 modify flow.csv --unset cache; exits 2 modify train.csv; exits 2 modify
    exits 2 modify train.csv flow.csv -x e; exits 2 modify train.csv -t lineer; says "did you mean .linear." modify train.csv -t lineer; exits 10 modify ../train.csv -x e; changes'
it 'finds a plot from another folder, in its own rmv.yaml' 'cp original rmv.yaml; mkdir -p sub/deep; printf "stages:\n  s:\n    cmd: echo\n    plots: [p.csv]\n" >sub/rmv.yaml; (cd sub/deep && test "$(rmv plots modify ../p.csv -x k)" = "sub/rmv.yaml: '"'../p.csv'"' is drawn so from now on"); grep -qF "plots: [{p.csv: {x: \"k\"}}]" sub/rmv.yaml; changes; rm -r sub'
it 'runs no stage again'                        'stages <<YAML
  s:
    cmd: printf "a,b\n1,2\n" >p.csv
    plots: [p.csv]
YAML
    rmv repro -q; rmv plots modify -q p.csv -x a --title T; rmv repro | grep "up to date\|nothing"; rmv plots show --json | grep "\"title\": \"T\""'
