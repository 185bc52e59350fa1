"""Runs a command on a terminal of its own and looks at what is to be seen there.

terminal.py [--raw FILE] COLUMNSxLINES COMMAND... <STEPS

A step is a line; each waits up to 40 seconds for what it needs:
    see REGEX       until a line of the screen matches
    gone REGEX      until none does
    run COMMAND     runs a shell command beside
    type TEXT       types it; \\x03 is Ctrl-C
    size 40x10      changes the size of the terminal
Then the command has to end. What the screen shows at last is printed, and its exit status returned.
The terminal knows what a plain one knows; any other control character or sequence is an error, as is
a line that is too long while wrapping is off, unless the size has changed.
"""
import codecs, fcntl, os, pty, re, select, signal, struct, subprocess, sys, termios, time, unicodedata

SECONDS = 40
CODE = re.compile(r"\x1b\[(\?)?(\d*)([A-Za-z])")


class Screen:
    def __init__(self, columns, lines):
        self.columns, self.lines = columns, lines
        self.rows, self.row, self.column, self.wraps = [""], 0, 0, True
        self.is_fixed, self.rest = True, ""
        self.decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def put(self, char):
        width = 0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        if self.column + width > self.columns:
            if not self.wraps:
                if self.is_fixed:
                    sys.exit("a line is too long: %s" % self.rows[self.row])
                return
            self.feed()
            self.column = 0
        row = self.rows[self.row].ljust(self.column, " ")
        # A wide character is kept as itself and a mark for its second column.
        self.rows[self.row] = row[:self.column] + char + "\0" * (width - 1) + row[self.column + width:]
        self.column += width

    def feed(self):
        self.row += 1
        if self.row == len(self.rows):
            self.rows.append("")

    def code(self, private, number, letter):
        count = int(number or (1 if letter == "A" else 0))
        if private and letter in "hl" and count == 7:
            self.wraps = letter == "h"
        elif letter == "K" and count == 0:
            self.rows[self.row] = self.rows[self.row][:self.column]
        elif letter == "J" and count == 0:
            self.rows[self.row] = self.rows[self.row][:self.column]
            del self.rows[self.row + 1:]
        elif letter == "A":
            top = max(0, len(self.rows) - self.lines)
            self.row = max(top, self.row - count)
        else:
            sys.exit("an escape sequence that is not known: %s%s%s" % (private, number, letter))

    def show(self, data):
        text = self.rest + self.decode(data)
        self.rest = ""
        at = 0
        while at < len(text):
            char = text[at]
            if char == "\x1b":
                found = CODE.match(text, at)
                if not found:
                    if len(text) - at < 8:
                        self.rest = text[at:]
                        return
                    sys.exit("an escape sequence that is not known: %r" % text[at:at + 8])
                self.code(*found.groups())
                at = found.end()
                continue
            if char == "\r":
                self.column = 0
            elif char == "\n":
                self.feed()
            elif char == "\t":
                self.column = self.column // 8 * 8 + 8
            elif unicodedata.category(char) == "Cc":
                sys.exit("a control character: %r" % char)
            else:
                self.put(char)
            at += 1

    def visible(self):
        return [row.replace("\0", "").rstrip() for row in self.rows[-self.lines:]]


class Terminal:
    def __init__(self, columns, lines, command, raw):
        self.screen, self.raw = Screen(columns, lines), raw
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_DFL)
            os.execvp(command[0], command)

    def look(self, seconds):
        """Takes what is written; False at the end."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            data = b""
        if self.raw:
            self.raw.write(data)
        self.screen.show(data)
        return data != b""

    def until(self, what, is_there):
        end = time.monotonic() + SECONDS
        while not is_there(self.screen.visible()):
            if time.monotonic() > end or not self.look(0.05):
                sys.exit("%s: the screen shows\n%s" % (what, "\n".join(self.screen.visible())))

    def step(self, line):
        word, _, rest = line.partition(" ")
        if word == "see":
            self.until(line, lambda rows: any(re.search(rest, row) for row in rows))
        elif word == "gone":
            self.until(line, lambda rows: not any(re.search(rest, row) for row in rows))
        elif word == "run":
            subprocess.run(rest, shell=True, check=True, timeout=SECONDS)
        elif word == "type":
            os.write(self.fd, rest.encode().decode("unicode_escape").encode())
        elif word == "size":
            columns, lines = map(int, rest.split("x"))
            self.screen.columns, self.screen.lines, self.screen.is_fixed = columns, lines, False
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        else:
            sys.exit("what is '%s'?" % line)

    def finish(self):
        end = time.monotonic() + SECONDS
        while self.look(0.05):
            if time.monotonic() > end:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit("it does not end: the screen shows\n%s" % "\n".join(self.screen.visible()))
        status = os.waitpid(self.pid, 0)[1]
        print("\n".join(self.screen.rows).replace("\0", ""))
        return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def main():
    arguments = sys.argv[1:]
    raw = None
    if arguments[0] == "--raw":
        raw = open(arguments[1], "wb", buffering=0)
        arguments = arguments[2:]
    columns, lines = map(int, arguments[0].split("x"))
    terminal = Terminal(columns, lines, arguments[1:], raw)
    for line in sys.stdin:
        if line.strip():
            terminal.step(line.strip())
    sys.exit(terminal.finish())


main()
