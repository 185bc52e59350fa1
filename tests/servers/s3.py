#!/usr/bin/python3
"""s3.py URL METHOD PATH...: PUT, with standard input as the content, or DELETE of BUCKET or BUCKET/KEY…
on the server of tests/servers/s3.sh. Signed (AWS Signature Version 4) by the book, not by libcurl."""
import datetime, hashlib, hmac, sys, urllib.parse, urllib.request

KEY, SECRET, REGION = "test:tester", "testing", "us-east-1"


def digest(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def send(url, method, path, content):
    path = "/" + urllib.parse.quote(path, safe="/-_.~")
    host = urllib.parse.urlsplit(url).netloc
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    payload = hashlib.sha256(content).hexdigest()
    names = "host;x-amz-content-sha256;x-amz-date"
    canonical = "%s\n%s\n\nhost:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n\n%s\n%s" % (
        method, path, host, payload, now, names, payload)
    scope = "%s/%s/s3/aws4_request" % (now[:8], REGION)
    to_sign = "AWS4-HMAC-SHA256\n%s\n%s\n%s" % (now, scope, hashlib.sha256(canonical.encode()).hexdigest())
    key = ("AWS4" + SECRET).encode()
    for part in scope.split("/"):
        key = digest(key, part)
    headers = {"x-amz-content-sha256": payload, "x-amz-date": now, "Content-Type": "application/octet-stream",
               "Authorization": "AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s" % (
                   KEY, scope, names, digest(key, to_sign).hex())}
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(url + path, content, headers, method=method)
    opener.open(request, timeout=60).close()


content = sys.stdin.buffer.read() if sys.argv[2] == "PUT" else b""
for path in sys.argv[3:]:
    send(sys.argv[1], sys.argv[2], path, content)
