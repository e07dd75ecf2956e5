#!/usr/bin/python3
"""hostile.py HOST PORT N [SECONDS]: N generated requests, each on a connection of its own, several at a time, in that many seconds.

Half of them go to the routes of openapi.json, with their own parameters and fields and values that these cannot have; the others
anywhere. With WEIR_PASSWORD set, some come with a session, so that they reach what lies behind the login. Request n is the same in
every run, so a failure repeats.

Every request must be answered (or its connection closed) in time, never with 500 or above, and what looks like the API's JSON must be
JSON without anything of the machine in it. A request that was cut short may end without an answer.
"""
import json
import os
import random
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

SEED = 20261121
AT_ONCE = 4
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


IDS = ["1", "0", "-1", "2", "4711", "99999999999999999999", "1e3", "%31", "1%00", "..", "%2e%2e", "../../../etc/passwd", "..%2f..%2fetc%2fpasswd", "INT-1",
       "INT-20261121-001", "INT-20261121-999999999999", "int-20261121-001", "INT-", "%0d%0aX: y", "'", "\"", "<script>", "%ff", "a" * 300, ""]
JSON_VALUES = ["", "x", "demo", "weir", "//demo/main", "../../etc/passwd", "\u0000", "\u202e", "\ud800", "a" * 3000, "<img src=x onerror=alert(1)>", "-P secret",
               "$(id)", "'; DROP TABLE jobs;--", 0, 1, -1, 10**30, 1.5, 1e308, True, False, None, [], {}, [[]], [None] * 50, {"a": {"b": []}}]


@dataclass
class Route:
    """One operation of openapi.json."""

    method: str
    path: str
    parameters: list[str]
    fields: list[str]


def read_routes(address: tuple[str, int]) -> list[Route]:
    answer = ask(address, b"GET /api/openapi.json HTTP/1.0\r\nHost: localhost\r\n\r\n")
    found = []
    for path, methods in json.loads(answer.partition(b"\r\n\r\n")[2])["paths"].items():
        for method, what in methods.items():
            schema = what.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            query = [p["name"] for p in what.get("parameters", []) if p.get("in") == "query"]
            found.append(Route(method.upper(), path, query, list(schema.get("properties", {}))))
    return found


def log_in(address: tuple[str, int], password: str) -> str:
    """The header of a session that is as good as a person's."""
    body = json.dumps({"server": "demo", "user": "weir", "password": password})
    answer = ask(address, ("POST /api/session HTTP/1.0\r\nHost: localhost\r\nOrigin: http://localhost\r\nContent-Type: application/json\r\n"
                           f"Content-Length: {len(body)}\r\n\r\n{body}").encode()).decode()
    return "Cookie: " + re.search(r"weir_session=[0-9a-f]+", answer)[0] + "\r\nOrigin: http://localhost"


def request_to(route: Route, chance: random.Random) -> tuple[str, str, bytes]:
    """Method, target and body for a route, each nearly right."""
    method = route.method if chance.random() < 0.9 else chance.choice(METHODS)
    target = re.sub(r"\{\w+\}", lambda _: chance.choice(IDS), route.path)
    names = [n for n in route.parameters if chance.random() < 0.6] + chance.choices(NAMES, k=chance.choice([0, 0, 1]))
    target += ("?" + "&".join(f"{name}={chance.choice(VALUES)}" for name in names)) if names else ""
    fields = {name: chance.choice(JSON_VALUES) for name in route.fields if chance.random() < 0.7}
    if chance.random() < 0.2:
        fields[chance.choice(NAMES)] = chance.choice(JSON_VALUES)
    body = json.dumps(fields).encode() if route.fields else b""
    return method, target, body if chance.random() < 0.8 else chance.choice(BODIES).encode()


def request_anywhere(chance: random.Random) -> tuple[str, str, bytes]:
    target = chance.choice(PATHS)
    if chance.random() < 0.7:
        target += "?" + "&".join(f"{chance.choice(NAMES)}={chance.choice(VALUES)}" for _ in range(chance.choice([1, 1, 2, 3, 80])))
    return chance.choice(METHODS), target, chance.choice(BODIES).encode() if chance.random() < 0.5 else b""


def make_request(chance: random.Random, routes: list[Route], session: str) -> bytes:
    to_route = chance.random() < 0.6
    method, target, body = request_to(chance.choice(routes), chance) if to_route else request_anywhere(chance)
    lines = [f"{method} {target} HTTP/{chance.choice(['1.1', '1.1', '1.1', '1.0', '3.7'])}", "Connection: close"]
    lines += chance.sample(HEADERS, chance.choice([0, 0, 1] if to_route else [0, 1, 2, 3]))
    lines += [session] if session and chance.random() < 0.5 and not ends_session(method, target) else []
    lines += ["Content-Type: application/json"] if body and to_route else []
    lines += ["Host: localhost"] if chance.random() < 0.95 else []
    lines += [f"Content-Length: {len(body)}"] if body and chance.random() < 0.9 else []
    request = "\r\n".join(lines).encode("utf-8", "surrogatepass") + b"\r\n\r\n" + body
    if chance.random() < 0.1:  # a byte turned, or cut short
        place = chance.randrange(len(request))
        request = request[:place] + (bytes([chance.randrange(256)]) + request[place + 1:] if chance.random() < 0.5 else b"")
    return request


def ends_session(method: str, target: str) -> bool:
    """The session is to last for all of the requests."""
    return method == "DELETE" and "/api/session" in target


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


def run(address: tuple[str, int], count: int, end: float) -> tuple[int, list[str]]:
    """How many were sent, and what is wrong."""
    routes, password = read_routes(address), os.environ.get("WEIR_PASSWORD")
    session = log_in(address, password) if password else ""

    def attempt(number: int) -> str | None:
        if time.monotonic() > end:
            return "late"
        request = make_request(random.Random(f"{SEED} {number}"), routes, session)
        try:
            problem = complaint(ask(address, request))
        except OSError as error:
            problem = str(error)
        return problem and f"request {number}: {problem}\n  {request[:400]!r}"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        problems = list(pool.map(attempt, range(count)))
    if session and b'"user":"weir"' not in ask(address, f"GET /api/session HTTP/1.0\r\nHost: localhost\r\n{session}\r\n\r\n".encode()):
        problems.append("the session was lost on the way, so that nothing behind the login was asked")
    return count - problems.count("late"), [p for p in problems if p and p != "late"]


def main() -> int:
    address, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
    seconds = float(sys.argv[4]) if len(sys.argv) > 4 else 600
    sent, problems = run(address, count, time.monotonic() + seconds)
    for problem in problems[:40]:
        print(problem)
    print(f"{sent} requests of {count}, {len(problems)} with a wrong answer")
    return 1 if problems or sent < count else 0


if __name__ == "__main__":
    sys.exit(main())
