#!/usr/bin/env python3
"""sync_order.py list|check TRACE: in which order a traced program made what it wrote durable.

TRACE is the output of strace -f -y -e trace=$CALLS (see cli/durability_test.sh). `list` prints the
events, one a line. `check` prints every breach of the rules of docs/FORMATS.md, "Durability
invariants", and fails if there is one:

  - a pack, an index, a pointer, a lock, settings, rmv.yaml: all that was written is durable before the file
    gets its name;
  - when a pointer or lock file gets its name, packs and the folders above them are durable;
  - when the program prints or ends, so are the names of all these but the index."""
import os
import re
import sys

PACK = re.compile(r'/objects/packs/pack-[0-9a-f]{64}\.zst$')
PROMISE = re.compile(r'(\.rmv|/rmv\.lock)$')
SETTINGS = re.compile(r'(/\.gitignore|/rmv\.yaml|/\.rmstore/config(\.local)?)$')
INDEX = re.compile(r'/objects/index/seg-[0-9a-f]+\.idx$')
CALL = re.compile(r'^(\d+) +(\w+)\((.*)\) += (\S+)')
ARGUMENT = re.compile(r'"((?:[^"\\]|\\.)*)"(?:\.\.\.)?|[ ]*(-?\w+)<((?:[^<>\\]|\\.)*)>(?:\(deleted\))?|([^,"<]+)')


def whole_calls(path):
    """Lines of calls; those that another thread's cut in two are joined where they end."""
    begun = {}
    for line in open(path, errors='replace'):
        pid = line.split(' ', 1)[0]
        if line.rstrip().endswith('<unfinished ...>'):
            begun[pid] = line.rsplit('<unfinished', 1)[0]
            continue
        resumed = re.match(r'^\d+ +<\.\.\. \w+ resumed>(.*)', line)
        yield begun.pop(pid, '') + resumed.group(1) if resumed else line


def arguments(text):
    """Strings as ('text', value), descriptors as ('fd', path), the rest as ('word', value)."""
    for match in ARGUMENT.finditer(text):
        text, number, path, word = match.groups()
        if text is not None:
            yield 'text', text
        elif path is not None:
            # A file here is what a command of a stage writes to, not what the program prints.
            is_printed = number == '1' and not path.startswith(os.getcwd() + '/')
            yield 'fd', 'stdout' if is_printed else path
        elif word.strip(' ,'):
            yield 'word', word.strip(' ,')


def paths_of(parts):
    """The absolute path of every string, taken from the folder descriptor before it."""
    folder = os.getcwd()
    for kind, value in parts:
        if kind == 'fd':
            folder = value
        elif kind == 'text':
            yield os.path.normpath(os.path.join(folder, value))


def events(trace):
    """('write'|'sync'|'syncfs'|'create'|'mkdir'|'unlink', path) and ('rename', from, to), as they succeeded."""
    for line in whole_calls(trace):
        match = CALL.match(line)
        if not match or match.group(4).startswith('-'):
            continue
        name, parts = match.group(2), list(arguments(match.group(3)))
        if name in ('write', 'pwrite64', 'writev', 'ftruncate', 'copy_file_range'):
            yield 'write', parts[0][1]
        elif name == 'syncfs':
            yield 'syncfs', parts[0][1]
        elif name in ('fsync', 'fdatasync'):
            yield 'sync', parts[0][1]
        elif name.startswith('rename') or name.startswith('link'):
            yield ('rename', *list(paths_of(parts))[:2])
        elif name.startswith('unlink'):
            yield 'unlink', next(paths_of(parts))
        elif name.startswith('mkdir'):
            yield 'mkdir', next(paths_of(parts))
        elif name.startswith('open') and re.search(r'O_CREAT|O_TRUNC', line) and 'O_TMPFILE' not in line:
            yield 'create', next(paths_of(parts))


class Disk:
    """What is not durable yet."""

    def __init__(self):
        self.unsynced = set()  # files with content that is not
        self.names = {}        # folder: names in it that are not
        self.breaches = []

    def add_name(self, path):
        self.names.setdefault(os.path.dirname(path), set()).add(path)

    def loose_names(self, pattern):
        return [name for names in self.names.values() for name in names if pattern.search(name)]

    def say(self, what, paths):
        self.breaches += [f'{what}: {path}' for path in paths]

    def rename(self, old, new):
        if old in self.unsynced and any(kind.search(new) for kind in (PACK, PROMISE, SETTINGS, INDEX)):
            self.say('renamed before its content was durable', [new])
        if PROMISE.search(new):
            self.say(f'{new} names a pack that is not durable', self.loose_names(PACK))
            folders = re.compile(r'/\.rmstore(/objects(/packs)?)?$')
            self.say(f'{new} names objects in a folder that is not durable', self.loose_names(folders))
        if old in self.unsynced:
            self.unsynced.discard(old)
            self.unsynced.add(new)
        self.add_name(new)

    def settle(self, when):
        for kind in (PACK, PROMISE, SETTINGS):
            self.say(f'{when} before its name was durable', self.loose_names(kind))

    def happen(self, event):
        kind, path = event[:2]
        if kind == 'write' and path == 'stdout':
            self.settle('the program printed')
        elif kind == 'write':
            self.unsynced.add(path)
        elif kind == 'syncfs':
            self.unsynced.clear()
            self.names.clear()
        elif kind == 'sync':
            self.unsynced.discard(path)
            self.names.pop(path, None)
        elif kind in ('create', 'mkdir'):
            self.add_name(path)
        elif kind == 'unlink':
            self.names.get(os.path.dirname(path), set()).discard(path)
        elif kind == 'rename':
            self.rename(path, event[2])


def main():
    what, trace = sys.argv[1:]
    happened = list(events(trace))
    if what == 'list':
        for event in happened:
            print(*event)
        return 0
    disk = Disk()
    for event in happened:
        disk.happen(event)
    disk.settle('the program ended')
    print('\n'.join(disk.breaches), end='\n' if disk.breaches else '')
    if not happened:
        print('the trace has no events')
    return 1 if disk.breaches or not happened else 0


sys.exit(main())
