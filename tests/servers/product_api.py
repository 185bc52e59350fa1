#!/usr/bin/python3
"""product_api.py FILE FOLDER: a product API that misbehaves on request, on a free port of the loopback.
Serves FILE; writes its port to FOLDER/port once it listens, and one line per request to FOLDER/log
(path, Authorization header or -). Ends by itself after TIME_LIMIT seconds, so that a test that dies
leaves nothing behind.

  /good            the catalogue                     /flaky           500 twice, then the catalogue
  /down            500, always                       /busy/N          429, Retry-After: N; then good
  /busy-date       429, Retry-After a date in 2 s    /missing         404
  /forbidden       403                               /secret          401 unless the token is "sesame"
  /stall           half of it, then silence          /silent          no answer at all
  /truncated       less than its Content-Length      /reset           the connection is reset
  /chunk-cut       chunked, and the end is missing   /broken          JSON that stops making sense
  /html            200 with a page                   /empty           200 with nothing
  /object          JSON, but no array                /lacking         a product without category
  /none            an array of nothing               /huge            does not end
  /lying           says it is short, and is not      /moved           302 to /good
  /to-file         302 to file:///etc/passwd         /round           302 to itself
"""
import email.utils, json, os, socket, struct, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME_LIMIT = 120
FILE, FOLDER = sys.argv[1], sys.argv[2]
CATALOGUE = open(FILE, "rb").read()
HALF = CATALOGUE[:len(CATALOGUE) // 2]
lock, asked = threading.Lock(), {}


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", size=None, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if size is None else size))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def hang_up(self, reset=False):
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR) if not reset else self.connection.close()

    def do_GET(self):
        with lock:
            number = asked[self.path] = asked.get(self.path, 0) + 1
            with open(FOLDER + "/log", "a") as log:
                log.write("%s %s\n" % (self.path, self.headers.get("Authorization", "-")))
        try:
            word = self.path.strip("/").split("/")
            getattr(self, "get_" + word[0].replace("-", "_"), self.get_missing)(number, *word[1:])
        except (BrokenPipeError, ConnectionResetError, OSError):
            self.close_connection = True

    def get_good(self, n): self.answer(200, CATALOGUE)
    def get_flaky(self, n): self.answer(500 if n <= 2 else 200, CATALOGUE if n > 2 else b"oops")
    def get_down(self, n): self.answer(500, b"oops")
    def get_missing(self, n, *_): self.answer(404, b"nothing here")
    def get_forbidden(self, n): self.answer(403)
    def get_html(self, n): self.answer(200, b"<html>One moment, please</html>")
    def get_empty(self, n): self.answer(200)
    def get_none(self, n): self.answer(200, b"[]")
    def get_object(self, n): self.answer(200, b'{"products": []}')
    def get_broken(self, n): self.answer(200, CATALOGUE.rstrip()[:-1] + b", oops]")
    def get_moved(self, n): self.answer(302, Location="/good")
    def get_round(self, n): self.answer(302, Location="/round")
    def get_to_file(self, n): self.answer(302, Location="file:///etc/passwd")

    def get_busy(self, n, seconds):
        self.answer(429, Retry_After=seconds) if n == 1 else self.answer(200, CATALOGUE)

    def get_busy_date(self, n):
        when = email.utils.formatdate(time.time() + 2, usegmt=True)
        self.answer(429, Retry_After=when) if n == 1 else self.answer(200, CATALOGUE)

    def get_secret(self, n):
        known = self.headers.get("Authorization") == "Bearer sesame"
        self.answer(200, CATALOGUE) if known else self.answer(401)

    def get_lacking(self, n):
        products = json.loads(CATALOGUE)
        del products[3]["category"]
        self.answer(200, json.dumps(products).encode())

    def get_stall(self, n):
        self.answer(200, HALF, size=len(CATALOGUE))
        time.sleep(TIME_LIMIT)

    def get_silent(self, n):
        time.sleep(TIME_LIMIT)

    def get_truncated(self, n):
        self.answer(200, HALF, size=len(CATALOGUE))
        self.hang_up()

    def get_reset(self, n):
        self.answer(200, HALF, size=len(CATALOGUE))
        self.hang_up(reset=True)

    def get_chunk_cut(self, n):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s\r\n" % (len(HALF), HALF))
        self.wfile.flush()
        self.hang_up()

    def get_huge(self, n):
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        while True:
            self.wfile.write(CATALOGUE)

    def get_lying(self, n):
        self.send_response(200)
        self.send_header("Content-Length", "10")
        self.end_headers()
        self.close_connection = True
        self.wfile.write(CATALOGUE)


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Answer)
with open(FOLDER + "/port.part", "w") as port:
    port.write("%d\n" % server.server_address[1])
os.rename(FOLDER + "/port.part", FOLDER + "/port")
threading.Timer(TIME_LIMIT, lambda: os._exit(0)).start()
server.serve_forever()
