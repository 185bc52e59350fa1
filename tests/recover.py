#!/usr/bin/env python3
"""Gets what was stored out again with nothing but Python and the zstd tool, as docs/FORMATS.md says:

    recover.py OBJECTS tree|blob ID TARGET

OBJECTS is .rmstore/objects, of which packs/ and loose/ are read and no index. Kind and ID are `kind` and
`sha256` of a pointer file or of rmv.lock. TARGET does not exist yet; - is the standard output, for a blob.
Everything is checked against its id. What is lost is named, and the rest of a folder comes out; then the
exit status is 1."""
import functools, hashlib, io, os, re, struct, subprocess, sys, tempfile

class Lost(Exception):
    pass

places = {}  # by id: representation, frame, offset in its content, size

def read_footer(path):
    with open(path, 'rb') as pack:
        size = pack.seek(-64, os.SEEK_END)
        trailer = pack.read()
        body_size, = struct.unpack_from('<Q', trailer, 32)
        pack.seek(max(size - body_size, 0))
        body = pack.read(body_size)
    if trailer[-8:] != b'rmv-tail' or hashlib.sha256(body).digest() != trailer[:32]:
        raise ValueError('its footer is damaged')
    version, kind = struct.unpack_from('<II', body, 8)
    if version != 1 or kind > 1:
        raise ValueError('a newer format')
    frames_count, records_count = struct.unpack_from('<II', body, 40)
    frames, at = [], 32
    for i in range(frames_count):
        stored_size, = struct.unpack_from('<I', body, 64 + 16 * i)
        frames.append((path, at, stored_size, kind))
        at += stored_size
    for at in range(len(body) - 48 * records_count, len(body), 48):
        frame, offset, size, representation = struct.unpack_from('<IIIB', body, at + 32)
        places.setdefault(body[at:at + 32].hex(), []).append((representation, frames[frame], offset, size))

@functools.lru_cache(maxsize=64)
def content_of(path, at, size, kind):
    with open(path, 'rb') as pack:
        pack.seek(at)
        frame = pack.read(size)
    if not kind:
        return subprocess.run(['zstd', '-dcq'], input=frame, stdout=subprocess.PIPE, check=True).stdout
    end = 16 + 40 * struct.unpack_from('<I', frame, 12)[0]
    with tempfile.NamedTemporaryFile() as prefix:
        prefix.write(b''.join(whole(frame[base:base + 32].hex()) for base in range(16, end, 40)))
        prefix.flush()
        return subprocess.run(['zstd', '-dcq', '--patch-from=' + prefix.name], input=frame[end:],
                              stdout=subprocess.PIPE, check=True).stdout

def copies(id, wanted):
    for representation, frame, offset, size in places.get(id, []):
        if representation == wanted:
            try:
                yield content_of(*frame)[offset:offset + size]
            except (OSError, struct.error, subprocess.CalledProcessError, Lost) as error:
                print(f'{frame[0]}: {error}', file=sys.stderr)

def whole(id):
    for copy in copies(id, 0):
        if hashlib.sha256(copy).hexdigest() == id:
            return copy
    raise Lost(id)

def pieces(chunk_list):
    level, = struct.unpack_from('<I', chunk_list, 12)
    for at in range(48, len(chunk_list), 40):
        piece = whole(chunk_list[at:at + 32].hex())
        if level:
            yield from pieces(piece)
        else:
            yield piece

def loose(path):
    try:
        with open(path, 'rb') as file:
            yield from iter(lambda: file.read(1 << 20), b'')
    except OSError:
        raise Lost(path)

def sources(id):
    yield from ([copy] for copy in copies(id, 0))
    yield from map(pieces, copies(id, 1))
    yield from (loose(os.path.join(objects, 'loose', id[:2], id + end)) for end in ('', '.x'))

def save(id, out):
    for tried, source in enumerate(sources(id)):
        if tried:
            out.seek(0)
            out.truncate()
        check = hashlib.sha256()
        try:
            for piece in source:
                check.update(piece)
                out.write(piece)
        except (struct.error, Lost):
            continue
        if check.hexdigest() == id:
            return
    raise Lost(id)

def bytes_of(id):
    out = io.BytesIO()
    save(id, out)
    return out.getvalue()

def restore(kind, id, path):
    """Returns what lies in it, if it is a folder."""
    if kind == 'd':
        lines = bytes_of(id).decode('ascii').split('\n')
        if lines[0] != 'rmv-tree 1' or lines[-1]:
            raise Lost('not a tree of version 1')
        os.mkdir(path)
        return [entry(line, path) for line in lines[1:-1]]
    if kind == 'l':
        os.symlink(bytes_of(id), path)
    elif kind in ('f', 'x'):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o777 if kind == 'x' else 0o666)
        with open(file, 'wb') as out:
            save(id, out)
    return []

def entry(line, folder):
    kind, *numbers, id, name = line.split(' ', 4 if line[0] == 'd' else 3)
    name = re.sub(rb'\\x(..)', lambda escape: bytes.fromhex(escape[1].decode()), name.encode('ascii'))
    if name in (b'', b'.', b'..') or b'/' in name or b'\0' in name:
        raise Lost('a tree with the name %r' % name)
    return kind, id, os.path.join(folder, name)

if len(sys.argv) != 5 or sys.argv[2] not in ('tree', 'blob'):
    sys.exit(__doc__)
objects, wanted, id, target = sys.argv[1:]
if target != '-' and os.path.lexists(target):
    sys.exit(f'{target}: exists already; name one that does not')
for name in sorted(os.listdir(os.path.join(objects, 'packs'))):
    if name.endswith('.zst'):
        try:
            read_footer(os.path.join(objects, 'packs', name))
        except (OSError, ValueError, struct.error) as error:
            print(f'{name}: {error}', file=sys.stderr)
waiting, status = [('d' if wanted == 'tree' else 'f', id, os.fsencode(target))], 0
while waiting:
    kind, id, path = waiting.pop()
    try:
        if wanted == 'blob' and target == '-':
            save(id, sys.stdout.buffer)
        else:
            waiting += restore(kind, id, path)
    except Lost as lost:
        if kind in ('f', 'x') and os.path.lexists(path):
            os.unlink(path)
        print(f'{os.fsdecode(path)}: lost, no undamaged {lost}', file=sys.stderr)
        status = 1
sys.exit(status)
