#!/usr/bin/python3
"""hostile.py HOST PORT N: N generated requests, each on a connection of its own. The generator is seeded, so a failure repeats.

Every request must be answered (or its connection closed) in time, never with 500 or above, and what looks like the API's JSON must be
JSON without anything of the machine in it. A request that was cut short may end without an answer.
"""
import json
import random
import socket
import sys

METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "get", "G\x00T", "X" * 300]
PATHS = ["/", "/api", "/api/", "/api/servers", "/api/server/1", "/api/server/0", "/api/server/-1", "/api/server/99999999999999999999",
         "/api/streams", "/api/streams/search", "/api/stream/1", "/api/stream/1/history", "/api/stream/%31", "/api/growth", "/api/stats",
         "/api/info", "/api/auth/check", "/api/status/locks", "/api/operations", "/metrics", "/healthz", "/api/openapi.json",
         "/api/update/all", "/api/update/stream/1", "/api/session", "/api/admin/sync-servers", "/api/../../../etc/passwd",
         "/api/%2e%2e/%2e%2e/etc/passwd", "/%2e%2e/lighttpd.conf", "/cgi/api.c", "/.git/config", "/api/stream/1%00", "/api/stream/1%0d%0aX: y",
         "/api/streams/search/../../x", "//api//servers", "/api/" + "a" * 3000, "/api/" + "%41" * 2000, "/locales/en.json", "/index.html"]
NAMES = ["page", "per_page", "server_id", "after", "sort", "order", "format", "q", "limit", "days", "direction", "wait", "x", "", "%00", "a" * 500]
VALUES = ["1", "0", "-1", "1e9", "9" * 30, "abc", "", "%27;DROP TABLE streams;--", "<script>alert(1)</script>", "%ff%fe", "%u1234", "%", "%%",
          "..%2f..%2fetc%2fpasswd", "csv", "json", "name", "\u043f\u0440\u0438\u0432\u0435\u0442", "%0d%0aSet-Cookie:%20x=y", "a" * 4000, "%25" * 50]
HEADERS = ["Cookie: weir_session=" + "a" * 64, "Cookie: weir_session=../../etc/passwd", "Cookie: " + "a=b; " * 200, "Cookie: weir_language=ru",
           "Accept-Language: " + "ru," * 500, "If-None-Match: *", "If-None-Match: " + '"' * 400, "Content-Type: application/json",
           "Content-Type: text/plain", "Content-Length: 5", "Content-Length: -1", "Content-Length: 99999999999", "Content-Length: 5\r\nContent-Length: 6",
           "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Origin: null", "Origin: http://evil.example", "Sec-Fetch-Site: cross-site",
           "Range: bytes=0-1,2-3,-1", "Expect: 100-continue", "X-Forwarded-For: 127.0.0.1", "Proxy: http://evil.example", "Bad Header", ": empty",
           "X: " + "y" * 9000, "Accept-Encoding: gzip;q=nan, br", "Upgrade: h2c", "Host: evil.example"]
BODIES = ["", "{}", "{", "[]", "null", '{"server": 1}', '{"server": "demo", "user": "a", "password": "b", "x": 1}', '{"a": ' * 200 + "1" + "}" * 200,
          '{"server": "demo", "user": "\\u0000", "password": "x"}', "\x00" * 100, "a=b&c=d", '{"server": "' + "d" * 5000 + '"}', "[" * 100000]


def make_request(chance: random.Random) -> bytes:
    target = chance.choice(PATHS)
    if chance.random() < 0.7:
        target += "?" + "&".join(f"{chance.choice(NAMES)}={chance.choice(VALUES)}" for _ in range(chance.choice([1, 1, 2, 3, 80])))
    body = chance.choice(BODIES).encode() if chance.random() < 0.5 else b""
    lines = [f"{chance.choice(METHODS)} {target} HTTP/{chance.choice(['1.1', '1.1', '1.1', '1.0', '3.7'])}", "Connection: close"]
    lines += chance.sample(HEADERS, chance.randrange(4))
    lines += ["Host: localhost"] if chance.random() < 0.95 else []
    lines += [f"Content-Length: {len(body)}"] if body and chance.random() < 0.9 else []
    request = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
    if chance.random() < 0.1:  # a byte turned, or cut short
        place = chance.randrange(len(request))
        request = request[:place] + (bytes([chance.randrange(256)]) + request[place + 1:] if chance.random() < 0.5 else b"")
    return request


def ask(address: tuple[str, int], request: bytes) -> bytes:
    answer = b""
    with socket.create_connection(address, timeout=40) as connection:
        try:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            while piece := connection.recv(65536):
                answer += piece
        except (ConnectionResetError, BrokenPipeError):
            pass
    return answer


def complaint(answer: bytes) -> str | None:
    if not answer:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    status = head.split(b" ")[1] if head.count(b" ") else b"?"
    if not status.isdigit() or (status >= b"500" and status != b"501" and status != b"505"):
        return f"status {status!r}"
    if b"set-cookie: x=y" in head.lower():
        return "a header was injected"
    if b"root:x:0" in answer or b"/var/lib" in body or b"/etc/" in body and b"application/json" not in head:
        return "something of the machine"
    if b"application/json" in head and body and status != b"200" and b"chunked" not in head.lower() and b"content-encoding" not in head.lower():
        try:
            json.loads(body)
        except ValueError:
            return f"no JSON: {body[:200]!r}"
    return None


def main() -> int:
    address, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
    chance = random.Random(20261121)
    failed = 0
    for number in range(count):
        request = make_request(chance)
        try:
            problem = complaint(ask(address, request))
        except OSError as error:
            problem = str(error)
        if problem:
            failed += 1
            print(f"request {number}: {problem}\n  {request[:300]!r}")
    print(f"{count} requests, {failed} with a wrong answer")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
