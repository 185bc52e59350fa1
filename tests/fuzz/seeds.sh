#!/bin/bash
# tests/fuzz/seeds.sh FOLDER: makes FOLDER/TARGET/… with inputs to start from, using the rmv in PATH.
# A last byte of 1 asks pack, index and chunk_list to put checksums right, 3 the sizes of an index too.
set -eu
golden=$(cd "$(dirname "$0")/../data/pipelines" && pwd)
mkdir -p "$1" && cd "$1"
mkdir -p pack index chunk_list tree pointer stat_index lock_file json yaml record pipeline document plot_rows yaml_change
work=$(mktemp -d "${TMPDIR:-/tmp}/rmv-seeds.XXXXXX")
trap 'rm -rf "$work"' EXIT
seeds=$PWD
with() { for end in 0 1 3; do { cat "$1"; printf "\\00$end"; } >"$seeds/$2.$end"; done; } # with FILE SEED
cd "$work"
rmv init -q --no-scm >/dev/null
mkdir d && seq 20 >d/a && head -c 300 /dev/zero >d/z && printf x >d/x && chmod +x d/x && ln -s a d/l && mkdir d/empty
rmv add -q d && seq 30 >d/a && rmv add -q d
seq 300 >e && rmv add -q e
printf 'stages:\n  s:\n    cmd: cp e f\n    deps: [e]\n    params: [p]\n    outs: [f]\n' >rmv.yaml
printf 'p: 1\n' >params.yaml
rmv repro -q
n=0
for pack in .rmstore/objects/packs/*.zst; do n=$((n + 1)); with "$pack" "pack/$n"; done
for segment in .rmstore/objects/index/*.idx; do n=$((n + 1)); with "$segment" "index/$n"; done
with .rmstore/index stat_index/1
cp d.rmv "$seeds/pointer/1"; cp e.rmv "$seeds/pointer/2"
cp rmv.lock "$seeds/lock_file/1"; cp rmv.yaml "$seeds/pipeline/1"; cp rmv.yaml rmv.lock d.rmv "$seeds/yaml/"
record=$(sed -n 's/ *record: //p' d.rmv)
rmv cat --kind record "$record" >"$seeds/record/1"
cp "$seeds/record/1" "$seeds/json/1"
id=$(printf 'a%.0s' {1..64})
printf 'rmv-tree 1\nd 1024 3 %s images\nf 17 %s a\\x20\\x0ab\nl 7 %s latest\nx 210 %s run.sh\n' $id $id $id $id >"$seeds/tree/1"
printf 'rmv-tree 1\nf 17 %s a b\nl 7 %s c\\xff\n' $id $id >"$seeds/tree/2"
printf 'rmv-tree 1\n' >"$seeds/tree/3"
# Two deltas, as docs/FORMATS.md says: one of what pack_fuzz puts beside it, one of both.
seq 3000 >base; seq 3000 | sed 's/99$/edited/' >1; seq 2990 | sed 's/99$/edited/; s/50$/again/' >2
cat 1 base >both; zstd -q --patch-from=base 1 -o 1.delta; zstd -q --patch-from=both 2 -o 2.delta
python3 - <<'PY'
import hashlib, struct
frames, records, pack = b'', [], b''
for number, (name, bases) in enumerate((('1', ['base']), ('2', ['1', 'base']))):
    content = open(name, 'rb').read()
    texts = [open(base, 'rb').read() for base in bases]
    frame = struct.pack('<II4sI', 0x184D2A5C, 8 + 40 * len(texts), b'base', len(texts))
    frame += b''.join(struct.pack('<32sII', hashlib.sha256(text).digest(), len(text), 0) for text in texts)
    frame += open(name + '.delta', 'rb').read()
    pack += frame
    frames += struct.pack('<IIQ', len(frame), len(content), 0)  # pack_fuzz knows the checksum
    records.append(struct.pack('<32sIIIBBH', hashlib.sha256(content).digest(), number, 0, len(content), 0, number + 1, 0))
pack = struct.pack('<II8sIIQ', 0x184D2A5A, 24, b'rmv-pack', 1, 1, 0) + pack
body = struct.pack('<8sII16sQIIIIQ', b'rmv-foot', 1, 1, b'sha256', len(pack), 2, 2, 0, 0, 0) + frames + b''.join(sorted(records))
pack += struct.pack('<II', 0x184D2A5B, len(body) + 64) + body
pack += hashlib.sha256(body).digest() + struct.pack('<QIIQ8s', len(body), 1, 1, 0, b'rmv-tail')
open('deltas', 'wb').write(pack)
PY
with deltas pack/deltas
printf '\001{"m": [1, {"a": 2}], "r": {"e": [], "t": [{"a": 1, "b": {"c": "]}"}}, {"a": null, "b": 2.5}]}, "u": [{"b": "\\""}]}' >"$seeds/plot_rows/1"
printf '\005\357\273\277a,b\r\n1,"x ""y"""\n\n"2"z,3,4\n5' >"$seeds/plot_rows/2"
printf '\014a\tb\n1\t"x\n"\n' >"$seeds/plot_rows/3"
for i in 0 1 2 3 4 5 7; do
    for path in a a.0 'a.1.b\.csv' a.2.c.d f.1; do
        { printf "\\00$i"; printf '%s\n' "$path" 'a: # one' '- x.csv  # two' '- b.csv:' '    c: 1 # three' '- c: {d: 1, e: [2, 3]}' '# end' 'f: [g, {h: i}]'; } >"$seeds/yaml_change/$i$path"
    done
done
python3 - "$seeds" "$golden" <<'PY'
import os, re, struct, sys
languages = ['.toml', '.py', '.yaml', '.ini', '.json']
for case in sorted(os.listdir(sys.argv[2])):
    parts = re.split('^-- (.*) --\n', open(os.path.join(sys.argv[2], case)).read(), flags=re.M)
    for path, text in zip(parts[1::2], parts[2::2]):
        name = case.replace('.golden', '-') + path.replace('/', '-')
        ending = os.path.splitext(path)[1]
        if path.endswith('rmv.yaml'):
            open('%s/pipeline/%s' % (sys.argv[1], name), 'w').write(text)
        if ending in languages:
            open('%s/document/%s' % (sys.argv[1], name), 'w').write(text + chr(languages.index(ending)))
for level in (0, 1):
    for count in (0, 1, 3):
        text = struct.pack('<8sII16sQQ', b'rmv-list', 1, level, b'sha256', 1000 * count, count)
        text += b''.join(bytes([i]) * 32 + struct.pack('<Q', 1000) for i in range(count))
        for end in (0, 1):
            open('%s/chunk_list/%d-%d.%d' % (sys.argv[1], level, count, end), 'wb').write(text + bytes([end]))
PY
