"""weir's measuring programs without a machine: a p4d, a message bus and a lock manager of their own, a folder for
configuration and state.  The truth about a stream's size comes from `fstat` of every file through a client of it.
"""

import marshal
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from wireclient import HERE, Server

TOP = Path(__file__).resolve().parents[2]
BUILD = (TOP / os.environ.get("B", "build/debug")).resolve()
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>"""
# Counts commands: the program weir runs is this script, which runs p4.
COUNTER = """#!/bin/sh
for a; do case $a in info|login|changes|streams|stream|describe|sizes|client|trust) c=$a; break;; esac; done
echo "$c $*" >>{log}
exec {p4} "$@"
"""
GONE = ("delete", "move/delete", "purge", "archive")
IDLE = ["info", "login", "changes", "streams"]  # the commands of a run on a server that rests
PROGRAMS = ("weir-measure", "weir-sync", "weir-lockd", "p4")


def missing() -> str | None:
    """Why the rig cannot stand here, or None."""
    lacking = [name for name in PROGRAMS if not (BUILD / name).exists()]
    if lacking:
        return f"{', '.join(lacking)} not built"
    return None if shutil.which("dbus-daemon") else "dbus-daemon is not installed"


class Rig:
    """Everything one test class needs; stop() ends it all."""

    def __init__(self, checkpoint: Path | None = None, generate: tuple[str, ...] = (),
                 options: tuple[str, ...] = ()):
        """With a checkpoint the server is restored from it before it starts; generate: options of p4d-generate; options:
        of p4d."""
        self.folder = Path(tempfile.mkdtemp(prefix="weir-rig-"))
        root = self.folder / "root"
        fill = (["p4d", "-r", str(root), "-jr", str(checkpoint)] if checkpoint else
                ["p4d-generate", "-r", str(root), *generate] if generate else None)
        if fill:
            root.mkdir()
            subprocess.run([sys.executable, str(HERE / fill[0]), *fill[1:]], check=True, capture_output=True)
        self.server = Server(str(root) if fill else None, options)
        self.port = f"localhost:{self.server.port}"
        self.processes: list[subprocess.Popen] = []
        for name in ("config", "state", "work"):
            (self.folder / name).mkdir()
        self.log = self.folder / "commands"
        self.environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.folder}/bus",
                            "PATH": f"{BUILD}:{os.environ['PATH']}", "P4PORT": self.port, "P4USER": "super",
                            "P4TICKETS": f"{self.folder}/state/tickets", "WEIR_LOG_LEVEL": "info",
                            "P4CONFIG": "", "P4CLIENT": "none", "TRIGGER_UNIT": ""}
        self._start_bus()
        self.configure()

    def _start_bus(self) -> None:
        (self.folder / "bus.conf").write_text(BUS.format(socket=self.folder / "bus"))
        self._spawn("dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile")
        self.wait_for(lambda: (self.folder / "bus").exists())
        self.lockd = self._spawn(BUILD / "weir-lockd")
        self.wait_for(lambda: subprocess.run(
            ["busctl", f"--address=unix:path={self.folder}/bus", "status", "org.weir.Locks1"],
            capture_output=True, check=False).returncode == 0)

    def _spawn(self, *argv) -> subprocess.Popen:
        process = subprocess.Popen([str(a) for a in argv], env=self.environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    @staticmethod
    def wait_for(condition, seconds: float = 10) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                raise AssertionError("it never came true")
            time.sleep(0.02)

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.send_signal(signal.SIGKILL)
            process.wait()
        self.server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # weir

    def configure(self, servers: str | None = None, settings: str = "") -> subprocess.CompletedProcess:
        """Writes the configuration and puts it into force."""
        counter = self.folder / "counting-p4"
        counter.write_text(COUNTER.format(log=self.log, p4=BUILD / "p4"))
        counter.chmod(0o755)
        (self.folder / "config/weir.yaml").write_text(f"p4:\n  program: {counter}\n{settings}")
        (self.folder / "config/servers.yaml").write_text(servers or (
            f"servers:\n  - name: demo\n    p4port: {self.port}\n    p4user: super\n    stream_mask: '*'\n"))
        return self.weir("weir-sync")

    def weir(self, program: str, *args: str, timeout: float = 120, **extra: str) -> subprocess.CompletedProcess:
        return subprocess.run(self._argv(program, args), env={**self.environment, **extra}, capture_output=True,
                              text=True, timeout=timeout, check=False)

    def start(self, program: str, *args: str) -> subprocess.Popen:
        return subprocess.Popen(self._argv(program, args), env=self.environment, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True)

    def _argv(self, program: str, args: tuple[str, ...]) -> list[str]:
        return [str(BUILD / program), "--config", f"{self.folder}/config", "--state", f"{self.folder}/state", *args]

    def measure(self, *args: str, **extra: str) -> subprocess.CompletedProcess:
        self.log.write_text("")
        return self.weir("weir-measure", *(args or ("demo",)), **extra)

    def commands(self) -> list[str]:
        """The p4 commands of the last measure(), by name."""
        return [line.split(" ", 1)[0] for line in self.log.read_text().splitlines()]

    def rows(self, sql: str, *args) -> list[tuple]:
        with sqlite3.connect(f"file:{self.folder}/state/monitor/monitor.db?mode=ro", uri=True) as db:
            return db.execute(sql, args).fetchall()

    def state(self) -> str:
        return self.rows("SELECT state FROM servers WHERE name = 'demo'")[0][0]

    def measured(self) -> dict[str, tuple[int, int]]:
        return {path: (size, files) for path, size, files in self.rows(
            "SELECT path, size_bytes, file_count FROM streams WHERE state = 'active' AND missing_listings = 0")}

    def mark_stale(self, direct: int, count: int) -> None:
        """Has so many streams measured again by the next run, as if a change had touched them."""
        with sqlite3.connect(self.folder / "state/monitor/monitor.db") as db:
            db.execute("UPDATE streams SET stale = 1 WHERE id IN (SELECT id FROM streams WHERE direct = ? AND"
                       " state = 'active' ORDER BY id LIMIT ?)", (direct, count))

    def everything(self) -> list[tuple]:
        """All that is known of streams, to see whether anything changed."""
        return self.rows("SELECT id, path, state, missing_listings, size_bytes, file_count, measured_at FROM streams"
                         " ORDER BY id") + self.rows("SELECT * FROM samples ORDER BY 1, 2")

    # Perforce

    def p4(self, *args: str, stdin: str | None = None, client: str = "none", good: bool = True) -> str:
        done = subprocess.run([str(BUILD / "p4"), "-c", client, *args], env=self.environment, input=stdin or "",
                              capture_output=True, text=True, errors="surrogateescape", check=False,
                              cwd=self.folder / "work", timeout=60)
        if good and done.returncode != 0:
            raise AssertionError(f"p4 {args}: {done.stderr}{done.stdout}")
        return done.stdout

    def records(self, *args: str, client: str = "none") -> list[dict]:
        done = subprocess.run([str(BUILD / "p4"), "-G", "-c", client, *args], env=self.environment, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60)
        found, data = [], memoryview(done.stdout)
        while data:
            record = marshal.loads(data)
            data = data[record_length(data):]
            found.append({k.decode(): v.decode(errors="surrogateescape") if isinstance(v, bytes) else v
                          for k, v in record.items()})
        return found

    def truth(self, stream: str) -> tuple[int, int]:
        """Size and number of the files that a client of the stream would have, one by one."""
        self.p4("client", "-i", stdin=f"Client: truth\nOwner: super\nRoot: /nowhere\nStream: {stream}\n", client="truth")
        size = files = 0
        for record in self.records("fstat", "-Ol", "-T", "depotFile,headAction,fileSize", "//truth/...", client="truth"):
            if record["code"] == "stat" and record["headAction"] not in GONE:
                size += int(record["fileSize"])
                files += 1
        return size, files

    def streams(self) -> list[str]:
        return [record["Stream"] for record in self.records("streams") if record["code"] == "stat"]

    def make_depot(self, name: str, kind: str = "stream") -> None:
        depth = f"StreamDepth: //{name}/1\n" if kind == "stream" else ""
        self.p4("depot", "-i", stdin=f"Depot: {name}\nType: {kind}\nMap: {name}/...\n{depth}")

    def save_stream(self, path: str, kind: str, parent: str = "none", paths: tuple[str, ...] = ("share ...",),
                    more: str = "", name: str | None = None) -> str:
        lines = "".join(f"\t{line}\n" for line in paths)
        options = "notoparent nofromparent" if kind in ("virtual", "mainline") else "toparent fromparent"
        return self.p4("stream", "-i", stdin=(
            f"Stream: {path}\nOwner: super\nName: {name or path.rsplit('/', 1)[1]}\nParent: {parent}\nType: {kind}\n"
            f"Options: allsubmit unlocked {options} mergedown\nPaths:\n{lines}{more}"))

    def workspace(self, target: str) -> "Workspace":
        """A client of a stream, or of a depot's folder when it ends with /..."""
        return Workspace(self, target)


@unittest.skipIf(missing(), missing())
class MeasureCase(unittest.TestCase):
    """A rig per class, made by prepare(); tests run in the order of their names."""

    options: tuple[str, ...] = ()       # of p4d

    @classmethod
    def setUpClass(cls):
        cls.rig = Rig(options=cls.options)
        cls.addClassCleanup(cls.rig.stop)
        cls.prepare()

    @classmethod
    def prepare(cls) -> None:
        pass

    def good(self, *args: str, **extra: str) -> str:
        done = self.rig.measure(*args, **extra)
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout + done.stderr

    def check_truth(self, note: str = "") -> None:
        expected = {stream: self.rig.truth(stream) for stream in self.rig.streams()}
        self.assertEqual(self.rig.measured(), expected, note)

    def moved(self, *args: str, note: str = "") -> list[str]:
        """A run that must be right; which commands it took beyond those of an idle one."""
        self.good(*args)
        commands = self.rig.commands()
        self.check_truth(note)
        for name in IDLE:
            if name in commands:
                commands.remove(name)
        return commands


def record_length(data: memoryview) -> int:
    """Bytes of the marshalled dictionary at the beginning: `{`, pairs of `s`/`i` values, `0`."""
    at = 1
    while data[at] != ord("0"):
        at += 5 + (int.from_bytes(data[at + 1:at + 5], "little") if data[at] == ord("s") else 0)
    return at + 1


class Workspace:
    """Files opened and submitted through one client."""

    def __init__(self, rig: Rig, target: str):
        self.rig, self.client = rig, "ws-" + "".join(c if c.isalnum() else "_" for c in target)
        self.root = rig.folder / "work" / self.client
        self.root.mkdir(exist_ok=True)
        form = f"Client: {self.client}\nOwner: super\nRoot: {self.root}\n"
        form += f"View:\n\t{target} //{self.client}/...\n" if target.endswith("/...") else f"Stream: {target}\n"
        rig.p4("client", "-i", stdin=form)
        rig.p4("sync", "-q", client=self.client)

    def p4(self, *args: str, good: bool = True) -> str:
        return self.rig.p4(*args, client=self.client, good=good)

    def put(self, name: str, size: int) -> None:
        """Adds the file, or edits it, with so many bytes."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        known = path.exists()
        if known:
            self.p4("edit", str(path))
            path.chmod(0o644)
        path.write_bytes(b"x" * size)
        if not known:
            self.p4("add", "-f", str(path))

    def delete(self, name: str) -> None:
        self.p4("delete", str(self.root / name))

    def move(self, old: str, new: str) -> None:
        self.p4("edit", str(self.root / old))
        self.p4("move", str(self.root / old), str(self.root / new))

    def submit(self, text: str = "change") -> int:
        self.p4("submit", "-d", text)
        return int(self.rig.p4("changes", "-s", "submitted", "-m1").split()[1])

    def files(self) -> list[str]:
        return [str(p.relative_to(self.root)) for p in sorted(self.root.rglob("*")) if p.is_file()]

