#!/usr/bin/python3
"""file_server.py FOLDER STATE: serves the files in FOLDER on a free port of the loopback, in several ways:

  /etag/NAME       with an ETag                      /dated/NAME      with Last-Modified and no ETag
  /mute/NAME       with neither                      /no-head/NAME    as dated, but HEAD is refused
  /deaf/NAME       … and ranges are ignored          /moved/NAME      302 to /etag/NAME
  /shy/NAME        as etag, with 403 for HEAD       /silent/NAME     as etag, but not as long as STATE/silent exists

and lists the keys of S3 buckets, of which there is always more: each page has no key in /lists/empty, one in
/lists/endless; in /lists/stuck and /lists/round the next page is one that was there before. /lists/sparse ends, behind
many pages without a key and two with one.

Writes its port to STATE/port once it listens, and one line per request, method and path, to STATE/log.
Ends by itself after TIME_LIMIT seconds, so that a test that dies leaves nothing behind.
"""
import email.utils, hashlib, os, sys, threading, time, urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TIME_LIMIT = 300
FOLDER, STATE = sys.argv[1], sys.argv[2]
lock = threading.Lock()


class Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in [("Content-Length", str(len(body)))] + list(headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def list_keys(self, bucket):
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        page = int(query.get("continuation-token", ["0"])[0])
        more = bucket != "sparse" or page < 600
        following = {"stuck": 1, "round": (page + 1) % 7}.get(bucket, page + 1)
        has_key = bucket in ("endless", "round") or (bucket == "sparse" and page in (100, 600))
        body = "<?xml version='1.0'?><ListBucketResult><IsTruncated>%s</IsTruncated>" % str(more).lower()
        if has_key:
            body += "<Contents><Key>k%d</Key><ETag>e</ETag><Size>1</Size></Contents>" % page
        if more:
            body += "<NextContinuationToken>%d</NextContinuationToken>" % following
        self.answer(200, (body + "</ListBucketResult>").encode())

    def handle_one(self):
        with lock, open(STATE + "/log", "a") as log:
            log.write("%s %s\n" % (self.command, self.path))
        way, _, name = self.path.lstrip("/").partition("/")
        if way == "lists":
            return self.list_keys(name.partition("?")[0])
        path = os.path.join(FOLDER, os.path.basename(name))
        if not os.path.isfile(path):
            return self.answer(404)
        while way == "silent" and os.path.exists(STATE + "/silent"):
            time.sleep(0.05)
        if way == "moved":
            return self.answer(302, headers=[("Location", "/etag/" + name)])
        if self.command == "HEAD" and way in ("no-head", "deaf", "shy"):
            return self.answer(403 if way == "shy" else 405)
        with open(path, "rb") as file:
            body = file.read()
        headers = []
        if way in ("etag", "shy", "silent"):
            headers.append(("ETag", '"%s"' % hashlib.md5(body).hexdigest()[:8]))
        elif way != "mute":
            headers.append(("Last-Modified", email.utils.formatdate(os.stat(path).st_mtime, usegmt=True)))
        if self.headers.get("Range") == "bytes=0-0" and way != "deaf":
            headers.append(("Content-Range", "bytes 0-0/%d" % len(body)))
            return self.answer(206, body[:1], headers)
        self.answer(200, body, headers)

    do_GET = do_HEAD = handle_one


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


server = Server(("127.0.0.1", 0), Answer)
with open(STATE + "/port.part", "w") as port:
    port.write("%d\n" % server.server_address[1])
os.rename(STATE + "/port.part", STATE + "/port")
threading.Timer(TIME_LIMIT, lambda: os._exit(0)).start()
server.serve_forever()
