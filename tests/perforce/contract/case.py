"""A server for the checks of one class, and ways to run p4 against it."""

import marshal
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
P4D = os.environ.get("P4D", "")
P4 = os.environ.get("P4") or str(HERE.parent.parent / os.environ.get("B", "build/debug") / "p4")
CLOSED = "allsubmit unlocked notoparent nofromparent mergedown"
OPEN = "allsubmit unlocked toparent fromparent mergedown"
EMPTY, FAILED = 2, 3            # severities
NOTHING, ADMIN, CONFIG, UNKNOWN = 17, 35, 36, 2         # generic codes


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return sock.getsockname()[1]


@dataclass
class Done:
    """One run of p4 -G: its records, its messages as (severity, generic, text), its infos, and the exit
    status."""

    status: int
    records: list[dict[str, str]]
    messages: list[tuple[int, int, str]]
    infos: list[str]
    stderr: str

    @property
    def texts(self) -> list[str]:
        return [text for _, _, text in self.messages]


def text_of(value) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def unmarshal(data: bytes) -> list[dict[str, str]]:
    stream, found = BytesIO(data), []
    while stream.tell() < len(data):
        found.append({text_of(key): text_of(value) for key, value in marshal.load(stream).items()})
    return found


def sort_out(done: subprocess.CompletedProcess) -> Done:
    found = Done(done.returncode, [], [], [], done.stderr.decode("utf-8", "replace"))
    for record in unmarshal(done.stdout):
        code = record.pop("code")
        if code == "error":
            found.messages.append((int(record["severity"]), int(record["generic"]),
                                   record["data"].rstrip("\n")))
        elif code == "info":
            found.infos.append(record["data"])
        elif code == "stat":
            found.records.append(record)
    return found


@unittest.skipUnless(os.path.exists(P4), f"{P4} is not there")
class Contract(unittest.TestCase):
    """self.p4(...) runs p4 -G as the super user in the workspace; self.ok(...) must succeed."""

    @classmethod
    def setUpClass(cls):
        cls.room = tempfile.mkdtemp(prefix="contract-")
        cls.addClassCleanup(shutil.rmtree, cls.room, True)
        cls.start()
        cls.env = {"PATH": os.environ["PATH"], "HOME": cls.room, "P4PORT": f"127.0.0.1:{cls.port}",
                   "P4USER": "super",
                   "P4CLIENT": "ws", "P4TICKETS": f"{cls.room}/tickets", "P4CONFIG": "",
                   "P4ENVIRO": f"{cls.room}/enviro",
                   "P4LANGUAGE": "en", "P4CHARSET": "none"}
        cls.wait()
        cls.prepare()

    @classmethod
    def start(cls) -> None:
        cls.port = free_port()
        os.makedirs(f"{cls.room}/root")
        program = [P4D] if P4D else [sys.executable, str(HERE / "p4d")]
        cls.server = subprocess.Popen([*program, "-r", f"{cls.room}/root", "-p", f"127.0.0.1:{cls.port}",
                                       "-L",
                                       f"{cls.room}/log"], stdout=subprocess.DEVNULL,
                                      stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.stop)

    @classmethod
    def stop(cls) -> None:
        cls.server.terminate()
        cls.server.wait(30)

    @classmethod
    def wait(cls) -> None:
        end = time.monotonic() + 30
        while cls.run_p4("info", "-s").returncode:
            if time.monotonic() > end or cls.server.poll() is not None:
                raise AssertionError("the server did not start")
            time.sleep(0.05)

    @classmethod
    def prepare(cls) -> None:
        """Depot demo with the mainline //demo/main, and the workspace ws of it."""
        cls.ok("depot", "-i",
               stdin="Depot: demo\nType: stream\nStreamDepth: //demo/1\nMap: demo/...\nDescription: x\n")
        cls.stream("main", "mainline", "none", ["share ..."])
        cls.workspace("ws", "//demo/main")

    @classmethod
    def run_p4(cls, *args: str, stdin: str = "", cwd: str | None = None,
               **env: str) -> subprocess.CompletedProcess:
        return subprocess.run([P4, *args], input=stdin.encode(), env=cls.env | env, cwd=cwd or cls.room,
                              capture_output=True,
                              timeout=60, check=False)

    @classmethod
    def p4(cls, *args: str, stdin: str = "", client: str = "ws", **env: str) -> Done:
        folder = f"{cls.room}/{client}"
        # a form on standard input has to be marshalled for -G, so it goes in without
        options = () if stdin else ("-G",)
        done = cls.run_p4(*options, *args, stdin=stdin, cwd=folder if os.path.isdir(folder) else None,
                          P4CLIENT=client, **env)
        if stdin:
            return Done(done.returncode, [], [], text_of(done.stdout).splitlines(), text_of(done.stderr))
        return sort_out(done)

    @classmethod
    def ok(cls, *args: str, **options) -> Done:
        done = cls.p4(*args, **options)
        if done.status:
            raise AssertionError(f"{args}: {done}")
        return done

    @classmethod
    def stream(cls, name: str, kind: str, parent: str, paths: list[str], extra: str = "") -> None:
        options = CLOSED if kind in ("mainline", "virtual") else OPEN
        lines = "".join(f"\t{path}\n" for path in paths)
        cls.ok("stream", "-i",
               stdin=f"Stream: //demo/{name}\nOwner: super\nName: {name}\nParent: {parent}\nType: {kind}\n"
               f"Description:\n\tx\nOptions: {options}\nPaths:\n{lines}{extra}")

    @classmethod
    def workspace(cls, name: str, stream: str) -> None:
        os.makedirs(f"{cls.room}/{name}", exist_ok=True)
        cls.ok("client", "-i",
               stdin=f"Client: {name}\nOwner: super\nRoot: {cls.room}/{name}\nStream: {stream}\n"
               "Options: noallwrite clobber nocompress unlocked nomodtime normdir\nLineEnd: local\n")

    @classmethod
    def write(cls, name: str, content: str | bytes = "text\n", client: str = "ws") -> str:
        path = Path(cls.room, client, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    @classmethod
    def add(cls, files: dict[str, str | bytes], client: str = "ws") -> int:
        """Adds files and submits them; the change."""
        for name, content in files.items():
            cls.write(name, content, client)
        cls.ok("add", *files, client=client)
        return cls.submit("add", client=client)

    @classmethod
    def submit(cls, text: str, client: str = "ws") -> int:
        done = cls.ok("submit", "-d", text, client=client)
        return int(next(r["submittedChange"] for r in done.records if "submittedChange" in r))
