"""A client of the stand-in's wire protocol in Python: engine tests need no C client.

Client runs commands and gives Results: records, messages (rendered), infos and text in order.  It answers
asks
from `stdin` (forms), `answers` (prompts) and a small table of workspace file functions, so that submit and
sync
work against real files.  Server starts a p4d process for a test and stops it.
"""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from server import decode, encode  # noqa: E402
from server.messages import render  # noqa: E402
from server.wire import Channel, Closed, Frame  # noqa: E402


class Message:
    """A received message: text without its final newline, severity, generic."""

    def __init__(self, frame: Frame):
        args = {key: decode(value) for key, value in frame.pairs}
        codes = [(int(args["code"]), args["fmt"])] if "code" in args else [
            (int(args[f"code{i}"]), args[f"fmt{i}"]) for i in range(8) if f"code{i}" in args]
        worst = max(reversed(codes), key=lambda c: c[0] >> 28)
        self.severity, self.generic = worst[0] >> 28, (worst[0] >> 16) & 0xFF
        self.text = "\n".join(render(fmt, args) for _, fmt in reversed(codes))

    def __repr__(self) -> str:
        return f"<{self.severity}/{self.generic} {self.text!r}>"


class Result:
    """What one command answered."""

    def __init__(self):
        self.records: list[dict[str, str]] = []
        self.messages: list[Message] = []
        self.lines: list[str] = []
        self.data = bytearray()
        self.released = False

    @property
    def errors(self) -> list[str]:
        return [m.text for m in self.messages if m.severity >= 3]

    @property
    def warnings(self) -> list[str]:
        return [m.text for m in self.messages if m.severity == 2]

    @property
    def infos(self) -> list[str]:
        return [m.text for m in self.messages if m.severity == 1]

    @property
    def text(self) -> str:
        return decode(bytes(self.data))


class Client:
    def __init__(self, port: int, user: str = "super", client: str = "ws", ticket: str = "",
                 tagged: bool = True, cwd: str = "/", host: str = "testhost", **variables: str):
        self.port, self.user, self.client, self.ticket = port, user, client, ticket
        self.tagged, self.cwd, self.host, self.variables = tagged, cwd, host, variables
        self.stdin: str | bytes = ""
        self.answers: list[str] = []
        self.prompts: list[str] = []
        self.tickets: list[tuple[str, str]] = []

    def connect(self) -> Channel:
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=60)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        channel = Channel(sock)
        channel.write("protocol", [
            ("prog", "wireclient"), ("version", "2023.2"), ("user", self.user), ("client", self.client),
            ("host", self.host), ("cwd", self.cwd), ("port", f"localhost:{self.port}"), ("api", 92),
            ("os", "UNIX"), ("tag", self.tagged or None),
            ("specstring", self.variables.pop("specstring", None)), ("ticket", self.ticket),
            *self.variables.items()])
        channel.flush()
        if channel.read().func != "server-hello":
            raise AssertionError("no server-hello")
        return channel

    def run(self, name: str, *args: str | bytes, stdin: str | bytes | None = None) -> Result:
        """Runs one command on a connection of its own."""
        channel = self.connect()
        try:
            return self.run_on(channel, name, *args, stdin=stdin)
        finally:
            channel.close()

    def run_on(self, channel: Channel, name: str, *args: str | bytes,
               stdin: str | bytes | None = None) -> Result:
        self.stdin = stdin if stdin is not None else ""
        files = Workspace(channel)
        result = Result()
        channel.write(f"user-{name}", [(f"arg{i}", a) for i, a in enumerate(args)])
        channel.flush()
        try:
            while not result.released:
                self._frame(channel, channel.read(), result, files)
        except Closed:
            pass
        return result

    def _frame(self, channel: Channel, frame: Frame, result: Result, files: "Workspace") -> None:
        func = frame.func
        if func == "release":
            result.released = True
        elif func == "record":
            result.records.append({k: decode(v) for k, v in frame.pairs[1:]})
        elif func == "message":
            result.messages.append(Message(frame))
            result.lines.append(result.messages[-1].text)
        elif func == "info":
            result.lines.append(frame.get("data"))
        elif func in ("text", "binary", "form"):
            result.data += frame.raw("data")
        elif func.startswith("client-"):
            self._do(channel, frame, files)
        else:
            raise AssertionError(f"unknown function {func}")

    def _do(self, channel: Channel, frame: Frame, files: "Workspace") -> None:
        fields: list = []
        if frame.func == "client-InputData":
            fields = [("data", encode(self.stdin))]
        elif frame.func == "client-Prompt":
            self.prompts.append(frame.get("data"))
            fields = [("data", self.answers.pop(0) if self.answers else "")]
        elif frame.func == "client-SetTicket":
            self.tickets.append((frame.get("user"), frame.get("ticket")))
            self.ticket = frame.get("ticket")
        else:
            fields = files.do(frame)
        if "ask" in frame:
            if not any(k == "status" for k, _ in fields):
                fields = [("status", "ok"), *fields]
            channel.write("answer", [("id", frame.get("ask")), *fields])
            channel.flush()


class Workspace:
    """The client- functions on files, plainly done."""

    def __init__(self, channel: Channel):
        self.channel = channel
        self.open: dict[str, tuple[str, bytearray, Frame]] = {}

    def do(self, frame: Frame) -> list:
        return getattr(self, frame.func.removeprefix("client-"))(frame) or []

    def OpenFile(self, frame: Frame) -> None:
        self.open[frame.get("handle")] = (frame.get("path"), bytearray(), frame)

    def WriteFile(self, frame: Frame) -> None:
        self.open[frame.get("handle")][1].extend(frame.raw("data"))

    def CloseFile(self, frame: Frame) -> list:
        path, data, opened = self.open.pop(frame.get("handle"))
        if frame.get("commit", "1") == "0":
            return []
        target = encode(path)
        if os.path.exists(target) and os.stat(target).st_mode & 0o200 and "clobber" not in opened:
            return [("status", "error"), ("error", f"Can't clobber writable file {path}")]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if os.path.lexists(target):
            os.unlink(target)
        if opened.get("type") == "symlink":
            os.symlink(bytes(data).rstrip(b"\n"), target)
            return [("size", len(data))]
        with open(target, "wb") as out:
            out.write(data)
        self._mode(target, opened)
        return [("size", len(data))]

    @staticmethod
    def _mode(target: bytes, frame: Frame) -> None:
        os.chmod(target,
                 (0o644 if frame.get("perms") == "rw" else 0o444) | (0o111 if "exec" in frame else 0))

    def ChmodFile(self, frame: Frame) -> None:
        if os.path.exists(encode(frame.get("path"))):
            self._mode(encode(frame.get("path")), frame)

    def DeleteFile(self, frame: Frame) -> None:
        if os.path.lexists(encode(frame.get("path"))):
            os.unlink(encode(frame.get("path")))

    def MoveFile(self, frame: Frame) -> None:
        target = encode(frame.get("to"))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(encode(frame.get("from")), target)

    def StatFile(self, frame: Frame) -> list:
        path = encode(frame.get("path"))
        if not os.path.lexists(path):
            return []
        if os.path.isdir(path):
            return [("exists", True), ("type", "dir")]
        data = self._content(path)
        kind = "symlink" if os.path.islink(path) else "binary" if b"\0" in data else "text"
        info = os.lstat(path)
        return [("exists", True), ("type", kind), ("size", len(data)), ("mode", f"{info.st_mode & 0o777:o}"),
                ("exec", bool(info.st_mode & 0o111) or None), ("mtime", int(info.st_mtime)),
                ("digest", hashlib.md5(data).hexdigest().upper()), ("digestSize", len(data)),
                ("empty", not data or None)]

    @staticmethod
    def _content(path: bytes) -> bytes:
        return os.readlink(path) + b"\n" if os.path.islink(path) else Path(os.fsdecode(path)).read_bytes()

    def SendFile(self, frame: Frame) -> list:
        path = encode(frame.get("path"))
        if not os.path.lexists(path):
            return [("status", "error"), ("error", f"{frame.get('path')}: no such file")]
        data = self._content(path)
        for at in range(0, len(data), 65536):
            self.channel.write("file-data", [("id", frame.get("ask")), ("data", data[at:at + 65536])])
        return [("size", len(data)), ("digest", hashlib.md5(data).hexdigest().upper())]

    def ListDir(self, frame: Frame) -> list:
        top, count = encode(frame.get("path")), 0
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                path = os.path.join(folder, name)
                self.channel.write("dir-entry", [("id", frame.get("ask")), ("path", path), ("type", "text"),
                                                 ("size", os.lstat(path).st_size)])
                count += 1
            if "recursive" not in frame:
                break
        return [("count", count)]


class Server:
    """A p4d process on a fresh root (or a given one), for the time of a test."""

    def __init__(self, root: str | None = None, options: tuple[str, ...] = (),
                 host: str = "127.0.0.1"):
        self.own, self.options, self.host = root is None, options, host
        self.root = root or tempfile.mkdtemp(prefix="p4d-")
        self.process: subprocess.Popen | None = None
        self.port = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, str(HERE / "p4d"), "-r", self.root, "-p", f"{self.host}:{self.port}",
                   *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "starting on" not in line:
            raise AssertionError(f"p4d did not start: {line!r}")
        self.port = int(line.strip().rstrip(".").rsplit(":", 1)[1])

    def kill(self) -> None:
        """kill -9, as a crash."""
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def restart(self) -> None:
        self.kill()
        self.start()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.kill()
        if self.own:
            shutil.rmtree(self.root, ignore_errors=True)

    def control(self, *words: str) -> str:
        done = subprocess.run([sys.executable, str(HERE / "p4d-control"), "-r", self.root, *words],
                              capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise AssertionError(f"p4d-control {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def client(self, **options) -> Client:
        return Client(self.port, **options)

    def wait_for(self, condition, seconds: float = 10) -> None:
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("condition not met in time")
            time.sleep(0.02)
