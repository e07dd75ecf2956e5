"""A server of frames for tests of the C client: it plays what a function of the test says, and nothing else.

    with FrameServer(handler) as server:
        done = server.p4("-ztag", "info")

`handler(peer, command)` runs once per command; what it returns is ignored, a release is sent after it unless
it dropped the connection.  Everything is bytes, so that paths and values may be anything.
"""

import os
import socket
import struct
import subprocess
import tempfile
import threading
import unittest
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterable

TOP = Path(__file__).resolve().parent.parent.parent
P4 = (TOP / os.environ.get("B", "build/debug")).resolve() / "p4"
LENGTH = struct.Struct("<I")

Pairs = list[tuple[bytes, bytes]]


def raw(value: str | bytes | int) -> bytes:
    """Bytes as they are, everything else as text; surrogates \\udcXX stand for bytes that are no UTF-8."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")


def pack(pairs: Iterable[tuple]) -> bytes:
    """One frame of the protocol."""
    parts = [LENGTH.pack(len(raw(part))) + raw(part) for pair in pairs for part in pair]
    payload = b"".join(parts)
    return LENGTH.pack(len(payload)) + payload


def unpack(payload: bytes) -> Pairs:
    parts, at = [], 0
    while at < len(payload):
        (size,) = LENGTH.unpack_from(payload, at)
        parts.append(payload[at + 4:at + 4 + size])
        at += 4 + size
    return list(zip(parts[0::2], parts[1::2]))


class Dropped(Exception):
    """The connection is gone, by our wish or the client's."""


@dataclass
class Done:
    """What a run of p4 left behind."""

    status: int
    stdout: bytes
    stderr: bytes


class Peer:
    """The client's end of one connection, as the handler sees it."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.protocol: dict[bytes, bytes] = {}
        self.asked = 0

    def send(self, func: str, **fields) -> None:
        self.send_pairs([(b"func", func)] + [(key, value) for key,
                                             value in fields.items() if value is not None])

    def send_pairs(self, pairs: Iterable[tuple]) -> None:
        self.send_bytes(pack(pairs))

    def send_bytes(self, data: bytes) -> None:
        try:
            self.connection.sendall(data)
        except OSError as error:
            raise Dropped from error

    def record(self, pairs: Iterable[tuple]) -> None:
        self.send_pairs([(b"func", b"record"), *pairs])

    def message(self, severity: int, generic: int, fmt: str | bytes, **args) -> None:
        self.send("message", code=severity << 28 | len(args) << 24 | generic << 16 | 6 << 10, fmt=fmt,
                  **args)

    def ask(self, func: str, **fields) -> dict[bytes, bytes]:
        """The fields of the answer; frames that come before it are kept in `before`."""
        self.asked += 1
        self.before: list[Pairs] = []
        self.send(func, ask=self.asked, **fields)
        while True:
            pairs = self.receive()
            if pairs[0][1] == b"answer":
                answer = dict(pairs)
                assert answer[b"id"] == raw(self.asked), answer
                return answer
            self.before.append(pairs)

    def receive(self) -> Pairs:
        (size,) = LENGTH.unpack(self.read(4))
        return unpack(self.read(size))

    def read(self, size: int) -> bytes:
        data = bytearray()
        while len(data) < size:
            try:
                piece = self.connection.recv(size - len(data))
            except OSError as error:
                raise Dropped from error
            if not piece:
                raise Dropped
            data += piece
        return bytes(data)

    def drop(self) -> None:
        raise Dropped


@dataclass
class Command:
    name: str
    args: list[bytes]
    fields: dict[bytes, bytes]


Handler = Callable[[Peer, Command], object]


class FrameServer:
    """Listens on a free port of this machine; one thread per connection."""

    def __init__(self, handler: Handler, hello: dict | None = None):
        self.handler = handler
        self.hello = {"serverAddress": "frames.example:1666"} if hello is None else hello
        self.problems: list[BaseException] = []
        self.commands: list[Command] = []
        self.protocols: list[dict[bytes, bytes]] = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.threads: list[threading.Thread] = []

    def __enter__(self) -> "FrameServer":
        self.thread = threading.Thread(target=self._accept, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(10)
        for thread in self.threads:
            thread.join(10)
        if self.problems and _[0] is None:
            raise self.problems[0]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        peer = Peer(connection)
        try:
            peer.protocol = dict(peer.receive())
            self.protocols.append(peer.protocol)
            peer.send("server-hello", **self.hello)
            while True:
                self._command(peer)
        except Dropped:
            pass
        except BaseException as error:  # shown by the test that owns the server
            self.problems.append(error)
        finally:
            connection.close()

    def _command(self, peer: Peer) -> None:
        pairs = peer.receive()
        fields = dict(pairs)
        args = [value for key, value in pairs if key.startswith(b"arg")]
        command = Command(fields[b"func"].decode().removeprefix("user-"), args, fields)
        self.commands.append(command)
        self.handler(peer, command)
        peer.send("release")

    def p4(self, *args, **options) -> Done:
        return run_p4("-p", self.port, *args, **options)


def run_p4(*args, stdin: bytes = b"", env: dict | None = None, cwd: str | Path = "/",
           timeout: float = 60) -> Done:
    """Runs the client with an environment of nothing but what is given."""
    base = {"HOME": "/nonexistent", "P4USER": "maya", "P4CLIENT": "maya-ws", "P4CHARSET": "none"}
    done = subprocess.run([str(P4), *args], input=stdin, env=base if env is None else env, cwd=cwd,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=timeout, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def quiet(peer: Peer, command: Command) -> None:
    """A server that has nothing to say."""


class Folder(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name).resolve()

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path
