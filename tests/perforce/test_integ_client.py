#!/usr/bin/python3
"""Integrations through the C client: what is printed in each format, exit codes, files in the workspace, and
many files at once."""

import json
import shutil
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import tap
from frameserver import P4, Done, run_p4
from integcase import lines
from wireclient import HERE, Server


@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class ClientCase(unittest.TestCase):
    """self.p4(...) runs the client in the workspace `c` of //depot, below self.root."""

    @classmethod
    def setUpClass(cls):
        cls.room = Path(tempfile.mkdtemp(prefix="integ-")).resolve()
        cls.addClassCleanup(shutil.rmtree, cls.room, True)
        cls.make_depot()
        cls.server = Server(str(cls.room / "server"))
        cls.addClassCleanup(cls.server.stop)
        cls.root = cls.room / "c"
        cls.root.mkdir()
        cls.good("depot", "-i", stdin="Depot: depot\nOwner: super\nType: local\nMap: depot/...\n")
        cls.good("client", "-i", stdin=f"Client: c\nRoot: {cls.root}\nView:\n\t//depot/... //c/...\n")

    @classmethod
    def make_depot(cls) -> None:
        (cls.room / "server").mkdir()

    @classmethod
    def p4(cls, *args: str, stdin: str = "", timeout: float = 120) -> Done:
        env = {"HOME": str(cls.room), "P4PORT": f"127.0.0.1:{cls.server.port}", "P4USER": "super",
               "P4CLIENT": "c"}
        return run_p4(*args, stdin=stdin.encode(), env=env, cwd=cls.room / "c" if hasattr(cls, "root")
                      else "/",
                      timeout=timeout)

    @classmethod
    def good(cls, *args: str, stdin: str = "", timeout: float = 120) -> str:
        done = cls.p4(*args, stdin=stdin, timeout=timeout)
        if done.status:
            raise AssertionError(f"{args}: {done.stdout} {done.stderr}")
        return done.stdout.decode()

    def json(self, *args: str) -> list[dict]:
        return [json.loads(line) for line in self.good("-ztag", "-Mj", *args).splitlines()]

    def write(self, name: str, content: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists():
            path.chmod(0o644)
        path.write_text(content)

    def submit(self, command: str, *names: str, content: str = "") -> None:
        """Opens files by a command, writes them and submits."""
        if command == "add":
            for name in names:
                self.write(name, content)
        self.good(command, *names)
        if command == "edit":
            for name in names:
                self.write(name, content)
        self.good("submit", "-d", f"{command} {' '.join(names)}")


class Printed(ClientCase):
    def test_nothing_to_do(self):
        """nothing to integrate is a warning on stderr, and the exit code is 0"""
        self.submit("add", "n/a", content="1\n")
        self.good("integrate", "//depot/n/...", "//depot/m/...")
        self.good("submit", "-d", "branch")
        done = self.p4("integrate", "//depot/n/...", "//depot/m/...")
        self.assertEqual((done.status, done.stdout, done.stderr),
                         (0, b"", b"//depot/m/... - all revision(s) already integrated.\n"))
        done = self.p4("-s", "integrate", "//depot/n/...", "//depot/m/...")
        self.assertEqual(done.stdout,
                         b"warning: //depot/m/... - all revision(s) already integrated.\nexit: 0\n")
        self.assertEqual(self.json("integrate", "//depot/n/...", "//depot/m/..."), [
            {"data": "//depot/m/... - all revision(s) already integrated.\n", "generic": 17, "severity": 2}])
        self.assertEqual(self.p4("integrate", "-S", "//no/stream").status, 1)

    def test_conflict(self):
        """a conflict stays until it is decided; then the change goes in"""
        self.submit("add", "a/f", content=lines(1, 2, 3))
        self.good("integrate", "a/f", "b/f")
        self.good("submit", "-d", "branch")
        self.submit("edit", "a/f", content=lines("theirs", 2, 3))
        self.submit("edit", "b/f", content=lines("yours", 2, 3))
        self.assertEqual(self.good("-s", "integrate", "-Ob", "-Or", "//depot/a/...", "//depot/b/..."),
                         "info: //depot/b/f#2 - integrate from //depot/a/f#2 using base //depot/a/f#1\n"
                         "info1: must resolve content from //depot/a/f#2 using base //depot/a/f#1\n"
                         "exit: 0\n")
        self.assertEqual((self.root / "b/f").stat().st_mode & 0o222, 0)
        self.assertTrue(self.good("resolve", "-am").endswith("//c/b/f - resolve skipped.\n"))
        done = self.p4("submit", "-d", "too early")
        self.assertEqual(done.status, 1)
        self.assertIn(b"//depot/b/f - must resolve //depot/a/f#2\n", done.stdout)
        number = self.json("opened")[0]["change"]
        self.good("resolve", "-at")
        self.assertIn("submitted.", self.good("submit", "-c", number))
        self.assertEqual((self.root / "b/f").read_text(), lines("theirs", 2, 3))
        self.assertEqual(self.good("print", "-q", "//depot/b/f"), lines("theirs", 2, 3))

    def test_workspace(self):
        """branches, changes and deletions arrive in the workspace, revert takes them back"""
        self.submit("add", "s/keep", "s/gone", content="1\n")
        self.good("integrate", "//depot/s/...", "//depot/t/...")
        self.good("submit", "-d", "branch")
        self.submit("edit", "s/keep", content="2\n")
        self.submit("add", "s/new", content="3\n")
        self.good("delete", "s/gone")
        self.good("submit", "-d", "delete")
        self.good("integrate", "//depot/s/...", "//depot/t/...")
        self.assertEqual(sorted(path.name for path in (self.root / "t").iterdir()), ["keep", "new"])
        self.good("revert", "//depot/t/...")
        self.assertEqual({path.name: path.read_text() for path in (self.root / "t").iterdir()},
                         {"keep": "1\n", "gone": "1\n"})
        self.good("copy", "//depot/s/...", "//depot/t/...")
        self.assertEqual({path.name: path.read_text() for path in (self.root / "t").iterdir()},
                         {"keep": "2\n", "new": "3\n"})
        self.good("submit", "-d", "copy")
        self.assertEqual(self.good("integrated", "//depot/t/new"),
                         "//depot/t/new#1 - branch from //depot/s/new#1\n")

    def test_names(self):
        """special characters, other alphabets and long paths"""
        names = ["o/at@ hash# star* percent%", "o/größe 日本", "o/" + "/".join("x" * 100 for _ in range(9))]
        for name in names:
            self.write(name, "odd\n")
        self.good("add", "-f", *names)
        self.good("submit", "-d", "odd")
        self.good("integrate", "//depot/o/...", "//depot/p/...")
        self.good("submit", "-d", "odd")
        for name in names:
            self.assertEqual((self.root / ("p" + name[1:])).read_text(), "odd\n")


class Many(ClientCase):
    FILES = 20000

    @classmethod
    def make_depot(cls) -> None:
        subprocess.run([HERE / "p4d-generate", "-r", cls.room / "server", "--streams", "1", "--files",
                        str(cls.FILES),
                        "--revisions", "2"], check=True, stdout=subprocess.DEVNULL)

    def timed(self, limit: float, *args: str) -> list[str]:
        start = time.monotonic()
        shown = self.good(*args, timeout=300).splitlines()
        taken = time.monotonic() - start
        print(f"# {' '.join(args)}: {taken:.1f} s")
        self.assertLess(taken, limit)
        return shown

    def test_many(self):
        """20,000 files are previewed, opened, submitted and found integrated in seconds"""
        pair = ("//big/s0/...", "//depot/many/...")
        self.assertEqual(len(self.timed(20, "integrate", "-n", *pair)), self.FILES)
        self.assertEqual(len(self.timed(20, "integrate", "-v", *pair)), self.FILES)
        self.assertTrue(self.timed(60, "submit", "-d", "many")[-1].endswith("submitted."))
        self.assertEqual(self.timed(20, "integrate", *pair), [])
        self.assertEqual(len(self.timed(60, "integrate", "//depot/many/d00*/...", "//depot/more/d00*/...")),
                         1000)
        self.assertEqual((self.root / "more/d001/f01.txt").read_text(),
                         self.good("print", "-q", "//big/s0/d001/f01.txt"))
        self.good("revert", "//...")
        (line,) = self.timed(20, "populate", pair[0], "//depot/made/...")
        self.assertRegex(line, rf"^{self.FILES} files branched \(change \d+\)\.$")


if __name__ == "__main__":
    tap.main()
