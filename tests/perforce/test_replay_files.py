#!/usr/bin/python3
"""Replays captures of the product for the commands about files: a server is given the state that a capture
shows, the capture's command is run, and the answer must be the capture's.

Two kinds of captures, both in ../shared/reference/perforce beside this repository; without it everything is
skipped. Those of the genuine client (clientfmt) are run through p4 in every format and compared byte for
byte.  Those of real servers (transcripts) are compared in texts, field names, order, severity, or in parts
where a capture says it is a part or comes from a server of another age.
"""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

os.environ["TZ"] = "UTC"        # the captures' times are in this zone

import tap  # noqa: E402
from frameserver import P4, run_p4  # noqa: E402
from server.dates import parse_date  # noqa: E402
from server.openfiles import HOW  # noqa: E402
from server.store import Store  # noqa: E402
from test_clientfmt import CAPTURES as CLIENTFMT, FORMATS, Capture  # noqa: E402
from wireclient import HERE, Server  # noqa: E402

TRANSCRIPTS = HERE.parents[2] / "shared/reference/perforce/transcripts"
NOON = 1701424800               # the time in the client captures
REVISION = re.compile(r"\.\.\. #(\d+) change (\d+) (\S+) on (\S+) by (\S+)@(\S+) \((.*)\) '(.*)'$")
DIGESTS = ("5F4DCC3B5AA765D61D8327DEB882CF99", "AABBCCDDEEFF00112233445566778899")


class State:
    """Rows of a server's database, put in by hand."""

    def __init__(self, root: str):
        self.store = Store(root)

    def wipe(self) -> None:
        tables = [name for (name,) in self.store.all("SELECT CAST(name AS BLOB) FROM sqlite_master WHERE"
                                                     " type = 'table'")]
        with self.store.write():
            for table in tables:
                self.store.execute(f'DELETE FROM "{table}"')

    def put(self, table: str, **columns) -> None:
        with self.store.write():
            self.store.insert(table, **columns)

    def depot(self, name: str = "depot") -> None:
        self.put("domain", type=100, name=name, kind="local", map=f"{name}/...")

    def client(self, name: str, root: str, *view: tuple[str, str, str], owner: str = "alice",
               stream: str | None = None) -> None:
        self.put("domain", type=99, name=name, owner=owner, root=root,
                 options="noallwrite noclobber nocompress unlocked"
                 " nomodtime normdir", submitOptions="submitunchanged", lineEnd="local", stream=stream,
                 accessDate=0,
                 updateDate=0)
        for seq, (flag, left, right) in enumerate(view):
            self.put("view", type=99, name=name, kind=0, seq=seq, flag=flag, left=left, right=right)

    def change(self, number: int, user: str, client: str, date: int, text: str, status: int = 1,
               path: str | None = None,
               **more) -> None:
        self.put("change", change=number, user=user, client=client, date=date, description=text,
                 status=status, type="public",
                 path=path, **more)
        if self.store.counter("change") < number:
            self.put("counter", name="change", value=str(number))

    def rev(self, path: str, rev: int, change: int = 1, action: str = "edit", kind: str = "text",
            date: int = NOON, **more) -> None:
        self.put("rev", depotFile=path, rev=rev, type=kind, action=action, change=change, date=date,
                 **{"modTime": date, "lbrFile": path, "lbrRev": f"1.{change}", "lbrType": "text+C", **more})

    def revs(self, path: str, upto: int, **last) -> None:
        """Revisions 1 to upto; what is given is about the last one."""
        for number in range(1, upto):
            self.rev(path, number, action="add" if number == 1 else "edit")
        self.rev(path, upto, **({"action": "add"} if upto == 1 else {}) | last)

    def have(self, client: str, path: str, place: str, rev: int, time: int = NOON) -> None:
        self.put("have", client=client, depotFile=path, clientFile=place, rev=rev, type="text", time=time)

    def opened(self, client: str, user: str, path: str, place: str, action: str = "edit", rev: int = 1,
               have: int | None = None,
               **more) -> None:
        self.put("working", client=client, user=user, depotFile=path, clientFile=place, action=action,
                 workRev=rev,
                 haveRev=rev if have is None else have, **{"type": "text", "change": 0, **more})


class Case(unittest.TestCase):
    """One server for all tests of a class; each begins with an empty database."""

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.addClassCleanup(cls.server.stop)
        cls.state = State(cls.server.root)
        cls.addClassCleanup(cls.state.store.close)

    def setUp(self):
        self.state.wipe()
        self.state.depot()


# what the genuine client printed

VIEW = ("", "//depot/...", "//ws1/...")


def sizes(state: State) -> None:
    state.revs("//depot/main/a.txt", 3, change=12, size=120)
    state.revs("//depot/main/b.txt", 1, change=12, size=7)


def files(state: State) -> None:
    state.revs("//depot/main/a.txt", 3, change=12)


def fstat(state: State) -> None:
    state.revs("//depot/main/a.txt", 3, change=12, modTime=1701424000)
    state.have("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", 2)
    for client, user, more in (("ws1", "alice", {"rev": 2}), ("ws2", "bob", {"change": 13}),
                               ("ws3", "carol", {"locked": 1})):
        state.opened(client, user, "//depot/main/a.txt", f"//{client}/main/a.txt", **more)


def opened(state: State) -> None:
    state.opened("ws1", "alice", "//depot/main/a.txt", "//ws1/main/a.txt", rev=3)
    state.opened("ws1", "alice", "//depot/main/b.bin", "//ws1/main/b.bin", "add", have=0, change=15,
                 type="binary+l", locked=1)


def have(state: State) -> None:
    state.revs("//depot/main/a.txt", 3)
    state.have("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", 3)


def changes_long(state: State) -> None:
    state.change(12, "alice", "ws1", NOON, "line one\n\nline three\n", path="//depot/main/*")


def describe(state: State) -> None:
    state.change(12, "alice", "ws1", NOON, "second change\n", path="//depot/main/*")
    state.rev("//depot/main/a.txt", 3, 12, size=120, digest=DIGESTS[0])
    state.rev("//depot/main/b.txt", 1, 12, "add", size=7, digest=DIGESTS[1])


def where(state: State) -> None:
    state.client("ws1", "/home/alice/ws1", VIEW, ("-", "//depot/main/x/...", "//ws1/main/x/..."))


def exclusive(state: State) -> None:
    state.revs("//depot/main/b.bin", 1, kind="binary+l")
    state.have("ws1", "//depot/main/b.bin", "//ws1/main/b.bin", 1)
    state.opened("ws2", "bob", "//depot/main/b.bin", "//ws2/main/b.bin", type="binary+l")


def sync_preview(state: State) -> None:
    state.revs("//depot/main/a.txt", 1, change=12, size=12)
    state.revs("//depot/main/b.txt", 4, change=11, size=38)
    state.revs("//depot/main/c.txt", 3, change=11, action="delete")
    state.revs("//depot/main/d.txt", 3, change=11)
    for name, rev in (("b", 3), ("c", 2), ("d", 1)):
        state.have("ws1", f"//depot/main/{name}.txt", f"//ws1/main/{name}.txt", rev)
    state.opened("ws1", "alice", "//depot/main/d.txt", "//ws1/main/d.txt")


def pending(state: State) -> None:
    state.revs("//depot/main/a.txt", 3)
    state.change(12, "alice", "ws1", NOON, "work\n", status=0)
    state.opened("ws1", "alice", "//depot/main/a.txt", "//ws1/main/a.txt", rev=3, change=12)
    state.put("resolve", client="ws1", shelf=0, toFile="//depot/main/a.txt", fromFile="//depot/dev/a.txt",
              startFromRev=1,
              endFromRev=4, startToRev=3, endToRev=3, how=0, state=0, type="content", change=12)


def out_of_date(state: State) -> None:
    pending(state)
    with state.store.write():
        state.store.execute("DELETE FROM resolve")
    state.rev("//depot/main/a.txt", 4, 11)


def shelf(state: State) -> None:
    pending(state)
    state.put("shelf", change=12, depotFile="//depot/main/a.txt", rev=3, type="text", action="edit",
              date=NOON)


def nothing(state: State) -> None:
    """An empty depot."""


ALL = tuple(FORMATS)
UNTAGGED = ("plain", "s", "Mj")
# scenario -> (state, formats that are compared; the others have reasons below)
SCENARIOS = {
    "sizes": (sizes, ALL), "sizes-s": (sizes, ALL),
    # tagged captures of these two have the plain message, invented like the others' values: sizes-s shows
    # the record
    "sizes-s-b": (sizes, UNTAGGED), "sizes-sh": (sizes, UNTAGGED),
    "files-mixed": (files, ALL), "files-none": (files, ALL), "fstat": (fstat, ALL), "opened": (opened, ALL),
    # changes-m2: its invented description is longer than the 31 bytes that captures of real servers have
    "opened-none": (nothing, ALL), "have": (have, ALL), "changes-l": (changes_long, ALL),
    # with -s the product's servers send the header as text; the capture sends it as messages
    "describe-s": (describe, ("plain", "ztag", "ztag-s", "G", "ztag-Mj")),
    "where": (where, ALL), "where-notinview": (nothing, ALL), "edit-excl": (exclusive, ALL),
    "sync-n": (sync_preview, ALL), "sync-uptodate": (have, ALL),
    # tagged captures have messages where later servers have records
    "submit-mustresolve": (pending, UNTAGGED), "submit-outofdate": (out_of_date, UNTAGGED),
    "submit-hasshelf": (shelf, ALL), "submit-nodefault": (nothing, ALL),
}


@unittest.skipUnless(CLIENTFMT.is_dir(), f"no captures at {CLIENTFMT}")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Formats(Case):
    """p4 and the server together print what the genuine client printed."""


def format_test(scenario: str, prepare, name: str):
    def test(self: Formats) -> None:
        capture = Capture(f"{scenario}--{name}")
        self.state.client("ws1", "/home/alice/ws1", VIEW)
        self.state.put("user", user="alice", accessDate=1 << 40)
        prepare(self.state)
        env = {"HOME": "/nonexistent", "P4USER": "alice", "P4CLIENT": "ws1",
               "P4PORT": f"127.0.0.1:{self.server.port}"}
        done = run_p4("-d", "/home/alice/ws1/main", *capture.args(), env=env)
        self.assertEqual((done.stdout, done.stderr, done.status),
                         (capture.stdout, capture.stderr, capture.status))
    test.__doc__ = f"{scenario} --{name}"
    return test


for _scenario, (_prepare, _formats) in SCENARIOS.items():
    for _name in _formats:
        if not CLIENTFMT.is_dir() or (CLIENTFMT / f"{_scenario}--{_name}.txt").exists():
            setattr(Formats, f"test_{_scenario}_{_name}".replace("-", "_"),
                    format_test(_scenario, _prepare, _name))


# what real servers printed

def body(name: str) -> str:
    return (TRANSCRIPTS / f"{name}.txt").read_text("utf-8").partition("\n---\n")[2]


def records(name: str) -> list[dict[str, str]]:
    """Tagged records of a capture: a blank line ends one, except in a description."""
    found: list[dict[str, str]] = [{}]
    last = None
    for line in body(name).split("\n"):
        if match := re.match(r"\.\.\. (?:\.\.\. )?(\S+) ?(.*)", line):
            if match[1] == "depotFile" and found[-1].get("depotFile") or match[1] in found[-1]:
                found.append({})
            last, found[-1][match[1]] = match[1], match[2]
        elif last and last.startswith("desc"):
            found[-1][last] += "\n" + line
    for record in found:
        for key in record:
            if key.startswith("desc"):
                record[key] = record[key].rstrip("\n") + "\n" * ("\n" in record[key])
    return [record for record in found if record]


@unittest.skipUnless(TRANSCRIPTS.is_dir(), f"no captures at {TRANSCRIPTS}")
class Transcripts(Case):
    def ours(self, *args: str, user: str = "super", client: str = "ws", tagged: bool = True, cwd: str = "/",
             stdin: str = ""):
        return self.server.client(user=user, client=client, tagged=tagged, cwd=cwd).run(*args, stdin=stdin)

    def lines(self, *args: str, **options) -> list[str]:
        """Plain lines as the client shows them: level 1 behind `... `, level 2 behind `... ... `."""
        result = self.ours(*args, tagged=False, **options)
        return ["... " * m.generic + m.text if m.severity == 1 else m.text for m in result.messages]

    def shown(self, name: str) -> list[str]:
        return [line for line in body(name).split("\n") if line]

    def part(self, expected: dict, record: dict) -> None:
        self.assertEqual({key: record.get(key) for key in expected}, expected)

    def test_files(self):
        """files--ztag--1"""
        (expected,) = records("files--ztag--1")
        self.state.rev(expected["depotFile"], 2, int(expected["change"]), expected["action"],
                       expected["type"],
                       int(expected["time"]))
        (record,) = self.ours("files", expected["depotFile"]).records
        self.assertEqual(list(record.items()), list(expected.items()))

    def fstat_state(self, expected: dict, root: str = "/r") -> str:
        """The state one fstat record shows; the depot path."""
        path = expected["depotFile"]
        name, depot = path.rpartition("/")[2], path.split("/")[2]
        self.state.depot(depot)
        self.state.client("ws", root, ("", path, f"//ws/{name}"))
        if "headRev" in expected:
            self.state.rev(path, int(expected["headRev"]), int(expected["headChange"]),
                           expected["headAction"],
                           expected["headType"], int(expected.get("headTime", 0)),
                           modTime=int(expected.get("headModTime", 0)))
        if "haveRev" in expected:
            self.state.have("ws", path, f"//ws/{name}", int(expected["haveRev"]))
        if "action" in expected:
            self.state.opened("ws", expected["actionOwner"], path, f"//ws/{name}", expected["action"],
                              int(expected.get("haveRev", 0)) or 1, int(expected.get("haveRev", 0)),
                              type=expected["type"])
        for n in range(int(expected.get("otherOpen") or 0)):
            user, _, client = expected[f"otherOpen{n}"].partition("@")
            self.state.opened(client, user, path, f"//{client}/{name}", expected[f"otherAction{n}"])
        return path

    def fstat_like(self, name: str, number: int = 0) -> None:
        expected = records(name)[number]
        path = self.fstat_state(expected)
        (record,) = self.ours("fstat", path).records
        expected.pop("clientFile")
        self.part({key: value.strip() for key, value in expected.items()}, record)
        kept = [key for key in record if key in expected]
        opened = {"action", "change", "type", "actionOwner"}        # old servers had the owner last
        self.assertEqual([k for k in kept if k not in opened], [k for k in expected if k not in opened])

    def test_fstat(self):
        """fstat--ztag--14 and others: synced, deleted, opened files, opened by others"""
        for name in ("fstat--plain--5", "fstat--ztag--4", "fstat--ztag--6", "fstat--ztag--7",
                     "fstat--ztag--8",
                     "fstat--ztag--9", "fstat--ztag--10", "fstat--ztag--14"):
            with self.subTest(name):
                self.setUp()
                self.fstat_like(name)
        for number in range(3):
            with self.subTest("fstat--ztag--15", number=number):
                self.setUp()
                self.fstat_like("fstat--ztag--15", number)

    def test_fstat_nothing(self):
        """fstat--plain--1, --2, --4"""
        self.state.client("ws", "/r", ("", "//depot/a/...", "//ws/..."))
        self.state.rev("//depot/a/x", 1)
        (message,) = self.ours("fstat", "-Ru", "//depot/...").messages
        self.assertEqual((message.text, message.severity), (body("fstat--plain--1").strip(), 2))
        (message,) = self.ours("fstat", "/r/none").messages
        self.assertEqual(message.text.split(" - ")[1], body("fstat--plain--2").strip().split(" - ")[1])
        (message,) = self.ours("fstat", "/elsewhere/a").messages
        self.assertEqual(message.severity, 3)
        wanted = re.fullmatch(r"Path '(.*)' is not under client's root '(.*)'\.\n", body("fstat--plain--4"))
        self.assertEqual(message.text + "\n",
                         body("fstat--plain--4").replace(wanted[1], "/elsewhere/a").replace(wanted[2], "/r"))

    def test_opened(self):
        """opened--plain--1, --2, --5 and --ztag--1"""
        for name in ("opened--plain--1", "opened--plain--2", "opened--plain--5"):
            with self.subTest(name):
                self.setUp()
                self.state.client("ws", "/r", ("", "//depot/...", "//ws/..."))
                for line in self.shown(name):
                    found = re.fullmatch(r"(.*)#(\d+) - (\S+) (.*) \((.*)\)", line)
                    path, rev, action, change, kind = found.groups()
                    self.state.opened("ws", "u", path, "//ws/x", action, int(rev),
                                      0 if action == "add" else None, type=kind,
                                      change=int(change.rpartition(" ")[2]) if change.startswith("change")
                                      else 0)
                self.assertEqual(self.lines("opened"), sorted(self.shown(name)))
        self.setUp()
        (expected,) = records("opened--ztag--1")
        self.state.opened("fc-ws", "danrs", expected["depotFile"], expected["clientFile"], "add", have=0)
        (record,) = self.ours("opened", "-a").records
        self.assertEqual(record, expected)

    def test_opened_nothing(self):
        """opened--s--2"""
        (message,) = self.ours("opened").messages
        self.assertEqual((f"error: {message.text}", message.severity), (self.shown("opened--s--2")[0], 2))

    def test_have(self):
        """have--ztag--1, have--plain--1"""
        (expected,) = records("have--ztag--1")
        self.state.client("fc-ws", "/ws", ("", "//depot/...", "//fc-ws/..."))
        self.state.have("fc-ws", expected["depotFile"], expected["clientFile"], 1, int(expected["syncTime"]))
        (record,) = self.ours("have", client="fc-ws").records
        self.assertEqual(record, expected | {"path": "/ws/hello.txt"})
        self.assertEqual(self.lines("have", client="fc-ws"), ["//depot/hello.txt#1 - /ws/hello.txt"])

    def test_where(self):
        """where--G--1 and where--ztag--1: views with exclusions"""
        expected = eval(body("where--G--1"), {"__builtins__": {}})
        root = expected[0]["path"].removesuffix("/branch1/...")
        self.state.client("client", root, ("", "//depot/branch1/base/...", "//client/branch1/..."),
                          ("-", "//depot/branch1/base/sub_file1", "//client/branch1/sub_file1"),
                          ("-", "//depot/branch1/base/dir/sub_file1", "//client/branch1/dir/sub_file1"),
                          ("", "//depot/branch1/base/dir/sub_file1", "//client/branch1/sub_file1"))
        ours = self.ours("where", "//depot/branch1/...", client="client").records
        wanted = [{k: v for k, v in record.items() if k != "code"} for record in expected]
        for record in wanted:
            self.assertIn(record, ours)
        mapped = [record for record in ours if "unmap" not in record]
        self.assertEqual(mapped, [record for record in wanted if "unmap" not in record])

    def test_changes(self):
        """changes--G--1 and --2, wire order; changes--plain--1"""
        for name, options in (("changes--G--1", ()), ("changes--G--2", ("-l",))):
            with self.subTest(name):
                self.setUp()
                text = body(name).partition("=== decoded")[2].splitlines()[1:]
                expected = [eval(line, {"__builtins__": {}}) for line in text if line.startswith("{")]
                for row in expected:
                    self.state.change(int(row["change"]), row["user"], row["client"], int(row["time"]),
                                      row["desc"],
                                      path=row["path"])
                ours = self.ours("changes", *options).records
                self.assertEqual([list({"code": "stat", **row}.items()) for row in ours],
                                 [list(row.items()) for row in expected])

    def test_changes_long(self):
        """changes--plain--1: -t -l"""
        shown = re.findall(r"Change (\d+) on (\S+ \S+) by (\S+)@(\S+)\n\n((?:\t.*\n)+)",
                           body("changes--plain--1"))
        for number, date, user, client, text in shown:
            self.state.change(int(number), user, client, parse_date(date.replace(" ", ":")),
                              re.sub(r"(?m)^\t", "", text))
        self.assertEqual("".join(line + "\n" for line in self.lines("changes", "-t", "-l")).strip("\n"),
                         body("changes--plain--1").strip("\n"))

    def describe_state(self, text: str) -> list[str]:
        """The changes a describe listing shows; their numbers."""
        numbers = []
        listing = r"(?m)^(Change .*)\n\n((?:\t.*\n)*)\nAffected files \.\.\.\n\n((?:\.\.\. .*\n)*)"
        for head, desc, listed in re.findall(listing, text):
            number, user, client, date = re.match(r"Change (\d+) by ([^@]+)@(\S+) on (\S+ \S+)",
                                                  head).groups()
            self.state.change(int(number), user, client, parse_date(date.replace(" ", ":")),
                              re.sub(r"(?m)^\t", "", desc),
                              status=0 if "*pending*" in head else 1)
            numbers.append(number)
            for path, rev, action in re.findall(r"(?m)^\.\.\. (.*)#(\d+) (\S+)$", listed):
                self.state.rev(path, int(rev), int(number), action)
        return numbers

    def test_describe(self):
        """describe--plain--4 to --8"""
        for name in ("describe--plain--4", "describe--plain--5", "describe--plain--6", "describe--plain--7",
                     "describe--plain--8"):
            with self.subTest(name):
                self.setUp()
                text = body(name) + "\n"
                numbers = self.describe_state(text)
                result = self.ours("describe", "-s", *numbers, tagged=False)
                self.assertEqual(result.lines,
                                 sorted(re.findall(r"(?m)^\.\.\. (//.*#\d+ \S+)$", text), key=str.encode))
                self.assertEqual(result.text.strip("\n"),
                                 re.sub(r"(?m)^\.\.\. //.*\n?", "", text).strip("\n"))

    def test_describe_record(self):
        """describe--ztag--1 and --2"""
        for name in ("describe--ztag--1", "describe--ztag--2"):
            with self.subTest(name):
                self.setUp()
                (expected,) = records(name)
                self.state.change(int(expected["change"]), expected["user"], expected["client"],
                                  int(expected["time"]),
                                  expected["desc"], 0 if expected["status"] == "pending" else 1,
                                  expected.get("path"))
                for n in range(2 if "depotFile0" in expected else 0):
                    self.state.rev(expected[f"depotFile{n}"], int(expected[f"rev{n}"]),
                                   int(expected["change"]),
                                   expected[f"action{n}"], expected[f"type{n}"],
                                   size=int(expected[f"fileSize{n}"]),
                                   digest=expected[f"digest{n}"])
                (record,) = self.ours("describe", "-s", expected["change"]).records
                self.assertEqual(record, expected)

    def filelog_state(self, lines: list[str]) -> None:
        """The history a plain filelog shows."""
        hows = {text: number for number, text in enumerate(HOW)}
        path = rev = None
        for line in lines:
            if line.startswith("//"):
                path = line
            elif match := REVISION.match(line):
                rev, change = int(match[1]), int(match[2])
                self.state.rev(path, rev, change, match[3], match[7])
                self.state.change(change, match[5], match[6], parse_date(match[4]), match[8])
                self.state.store.execute("UPDATE rev SET date = ? WHERE change = ?", parse_date(match[4]),
                                         change)
            elif match := re.match(r"\.\.\. \.\.\. (.*) (//[^#]*)#(\d+)(?:,#(\d+))?$", line):
                start, end = int(match[3]) - 1, int(match[4] or match[3])
                self.state.put("integed", toFile=path, fromFile=match[2], startFromRev=start, endFromRev=end,
                               startToRev=rev - 1,
                               endToRev=rev, how=hows[match[1]], change=change)

    def test_filelog(self):
        """filelog--plain--5 and --6: plain histories with integrations"""
        for name in ("filelog--plain--5", "filelog--plain--6"):
            with self.subTest(name):
                self.setUp()
                lines = self.shown(name)
                self.state.depot(lines[0].split("/")[2])
                self.filelog_state(lines)
                self.assertEqual(self.lines("filelog", lines[0]), lines)

    def test_filelog_record(self):
        """filelog--ztag--1: fields and their order"""
        hows = {"branch into": 3, "copy into": 5}
        expected = records("filelog--ztag--1")
        self.state.depot("YBB")
        for record in expected:
            for n in range(sum(key.startswith("rev") for key in record)):
                change = int(record[f"change{n}"])
                self.state.rev(record["depotFile"], int(record[f"rev{n}"]), change, record[f"action{n}"],
                               record[f"type{n}"],
                               int(record[f"time{n}"]), size=int(record[f"fileSize{n}"]),
                               digest=record[f"digest{n}"])
                self.state.change(change, record[f"user{n}"], record[f"client{n}"], 0, record[f"desc{n}"])
                if f"how{n},0" in record:
                    rev, other = int(record[f"rev{n}"]), record[f"file{n},0"]
                    start = record[f"srev{n},0"].strip("#")
                    self.state.put("integed", toFile=record["depotFile"], fromFile=other,
                                   how=hows[record[f"how{n},0"]],
                                   startFromRev=0 if start == "none" else int(start),
                                   endFromRev=int(record[f"erev{n},0"].strip("#")), startToRev=rev - 1,
                                   endToRev=rev, change=change)
        ours = self.ours("filelog", "-l", expected[0]["depotFile"] + "#1,#2",
                         expected[1]["depotFile"] + "#3,#6").records
        self.assertEqual([list(r.items()) for r in ours], [list(r.items()) for r in expected])

    def test_integrated(self):
        """integrated--ztag--1, and --plain--1 line by line"""
        (expected,) = records("integrated--ztag--1")
        self.state.put("integed", toFile=expected["toFile"], fromFile=expected["fromFile"], startFromRev=0,
                       endFromRev=1,
                       startToRev=0, endToRev=1, how=11, change=12345)
        (record,) = self.ours("integrated", "//depot/main/revisions.h").records
        self.assertEqual(list(record.items()), list(expected.items()))

    def workspace(self) -> str:
        root = tempfile.mkdtemp(prefix="replay-")
        self.addCleanup(shutil.rmtree, root, True)
        self.state.client("ws", root, ("", "//depot/...", "//ws/..."), owner="super")
        return root

    def test_edit(self):
        """edit--plain--1: also opened by; edit--plain--2 and --3"""
        root = self.workspace()
        lines = self.shown("edit--plain--1")
        for path, rev in re.findall(r"(?m)^(//.*)#(\d+) - opened", "\n".join(lines)):
            self.state.revs(path, int(rev))
            self.state.have("ws", path, path.replace("//depot/", "//ws/"), int(rev))
            self.state.opened("corkdog-wsf", "arichardson", path, path.replace("//depot/", "//corkdog-wsf/"))
        self.assertEqual(self.lines("edit", "//depot/...", cwd=root), lines)
        again = self.lines("edit", "//depot/...", cwd=root)
        self.assertEqual([line.split(" - ")[1] for line in again],
                         [self.shown("edit--plain--2")[0].split(" - ")[1]] * 2)
        missing = self.lines("edit", "//depot/zz", cwd=root)
        self.assertEqual([line.split(" - ")[1] for line in missing],
                         [self.shown("edit--plain--3")[0].split(" - ")[1]])

    def test_add_and_delete(self):
        """add--plain--1, delete--plain--1"""
        root = self.workspace()
        for name, command in (("add--plain--1", "add"), ("delete--plain--1", "delete")):
            lines = [line for line in self.shown(name) if line.startswith("//")]
            for path, rev in re.findall(r"(?m)^(//.*)#(\d+) - opened", "\n".join(lines)):
                local = os.path.join(root, path.removeprefix("//depot/"))
                os.makedirs(os.path.dirname(local), exist_ok=True)
                Path(local).write_text("x\n")
                with self.state.store.write():
                    self.state.store.execute("DELETE FROM rev WHERE depotFile = ?", path)
                    self.state.store.execute("DELETE FROM working WHERE depotFile = ?", path)
                if command == "delete":
                    self.state.revs(path, int(rev))
                    self.state.have("ws", path, path.replace("//depot/", "//ws/"), int(rev))
                elif int(rev) > 1:
                    self.state.revs(path, int(rev) - 1, action="delete")
                self.assertEqual(self.lines(command, path, cwd=root),
                                 [f"{path}#{rev} - opened for {command}"])

    def test_submit(self):
        """submit--plain--2, --4, --5 and --ztag--1: not renumbered and renumbered"""
        root = self.workspace()
        self.state.client("ws", root, ("", "//depot/...", "//ws/..."), owner="super")
        Path(root, "a").write_text("x\n")
        self.assertEqual(self.lines("add", "a", cwd=root), ["//depot/a#1 - opened for add"])
        lines = self.lines("submit", "-d", "CL1(1)", cwd=root)
        self.assertEqual(lines, [line.replace("Main/a", "a") for line in self.shown("submit--plain--4")])
        number = self.ours("change", "-i", cwd=root,
                           stdin="Change: new\nDescription: x\n").infos[0].split()[1]
        self.lines("edit", "-c", number, "a", cwd=root)
        self.ours("change", "-i", cwd=root, stdin="Change: new\nDescription: y\n")
        lines = self.lines("submit", "-c", number, cwd=root)
        shape = [re.sub(r"\d+", "N", line) for line in lines]
        self.assertEqual(shape, [re.sub(r"\d+", "N", line).replace("Main/a", "a")
                                 for line in self.shown("submit--plain--5")])

    def test_submit_form(self):
        """submit--plain--2: a form creates the change first"""
        root = self.workspace()
        Path(root, "foo.xml").write_text("x\n")
        self.lines("add", "foo.xml", cwd=root)
        lines = self.lines("submit", "-i", cwd=root,
                           stdin="Change: new\nDescription: x\nFiles:\n\t//depot/foo.xml\n")
        self.assertEqual([re.sub(r"\d+", "N", line) for line in lines],
                         [re.sub(r"\d+", "N", line).replace("modules/cordoba/runtime-ear/", "") for line in
                          self.shown("submit--plain--2")])

    def test_submit_nothing(self):
        """submit--ztag-Mj--1: an empty change; submit--plain--6: a shelf"""
        import json
        self.workspace()
        self.state.change(5, "super", "ws", NOON, "x\n", status=0)
        (message,) = self.ours("submit", "-c", "5").messages
        self.assertEqual({"data": message.text + "\n", "generic": message.generic,
                          "severity": message.severity},
                         json.loads(body("submit--ztag-Mj--1")))

    def test_sync(self):
        """sync--plain--1, --2, --6, --8 and --ztag--1"""
        root = self.workspace()
        self.state.revs("//depot/Main/a", 2, size=12)
        self.state.have("ws", "//depot/Main/a", "//ws/Main/a", 1)
        self.state.opened("ws", "super", "//depot/Main/a", "//ws/Main/a")
        self.assertEqual(self.lines("sync", cwd=root), self.shown("sync--plain--8"))
        self.assertEqual(self.lines("sync", "//depot/...@somelabel", cwd=root),
                         [self.shown("sync--plain--2")[0].strip()])
        self.state.revs("//depot/b", 1, size=12)
        expected = set(records("sync--ztag--1")[0])
        (record,) = self.ours("sync", "-n", "//depot/b", cwd=root).records
        self.assertEqual(set(record), expected)
        self.assertEqual(self.lines("sync", "-k", "//depot/b", cwd=root),
                         [f"//depot/b#1 - added as {root}/b"])
        self.assertEqual(self.lines("sync", "-k", "//depot/b#none", cwd=root),
                         [re.sub(r"//.*#1 - deleted as .*", f"//depot/b#1 - deleted as {root}/b",
                                 self.shown("sync--plain--1")[0])])

    def test_revert(self):
        """revert--plain--1, --2, --ztag--1 and --2"""
        root = self.workspace()
        self.state.revs("//depot/.classpath", 7)
        self.state.have("ws", "//depot/.classpath", "//ws/.classpath", 7)
        self.state.opened("ws", "super", "//depot/.classpath", "//ws/.classpath", rev=7)
        line = self.shown("revert--plain--1")[0]
        self.assertEqual(self.lines("revert", "-n", "//depot/.classpath", cwd=root),
                         [re.sub("//.*/", "//depot/", line)])
        self.ours("revert", "-k", "//depot/...", cwd=root)
        (message,) = self.ours("revert", ".classpath", cwd=root).messages
        self.assertEqual((message.text, message.severity), (self.shown("revert--plain--2")[0], 2))
        self.state.opened("ws", "super", "//depot/new.txt", "//ws/new.txt", "add", have=0)
        (record,) = self.ours("revert", "//depot/new.txt", cwd=root).records
        self.assertEqual((record["haveRev"], record["oldAction"]),
                         tuple(records("revert--ztag--2")[0][key] for key in ("haveRev", "oldAction")))
        self.assertEqual(set(record), set(records("revert--ztag--1")[0]))

    def test_reopen(self):
        """reopen--plain--1"""
        root = self.workspace()
        self.state.change(3, "super", "ws", NOON, "x\n", status=0)
        self.state.opened("ws", "super", "//depot/Main/a", "//ws/Main/a", change=3)
        self.assertEqual(self.lines("reopen", "-c", "default", "//depot/Main/a", cwd=root),
                         self.shown("reopen--plain--1"))

    def test_print(self):
        """print--plain--1, print--ztag-Mj--1 and --2"""
        import json
        self.state.rev("//depot/bn.h", 1, 7, "add")
        from server.archive import Archive
        Archive(self.server.root).write("//depot/bn.h", "1.7", [b"file-text\n"])
        result = self.ours("print", "//depot/bn.h#1", tagged=False)
        self.assertEqual([*result.lines, *result.text.splitlines()], self.shown("print--plain--1"))
        expected = json.loads(self.shown("print--ztag-Mj--1")[0])
        self.assertLessEqual(set(expected), set(self.ours("print", "//depot/bn.h").records[0]))
        (message,) = self.ours("print", "//depot/...@2037/01/01,2037/01/02").messages
        wanted = json.loads(body("print--ztag-Mj--2"))
        self.assertEqual((message.text.split(" - ")[1] + "\n", message.generic, message.severity),
                         (wanted["data"].split(" - ")[1], wanted["generic"], wanted["severity"]))


@unittest.skipUnless(TRANSCRIPTS.is_dir(), f"no captures at {TRANSCRIPTS}")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Prefixes(Case):
    def test_describe(self):
        """describe--s--2: the header is text, the files are lines of level 1"""
        text = body("describe--s--2").split("text: Change 2 ")[0]
        self.state.depot("test")
        self.state.change(1, "admin", "vimeshev", 1068477087, "Initiated test source line\n")
        self.state.rev("//test/sourceline/alwaysvalid/src/readme.txt", 1, 1, "add")
        done = subprocess.run([P4, "-s", "describe", "-s", "1"], capture_output=True, check=True, text=True,
                              env={"P4PORT": f"127.0.0.1:{self.server.port}", "P4USER": "super",
                                   "HOME": "/nonexistent"})
        wanted = re.sub(r"\n\n", "\n", text)
        self.assertEqual(done.stdout, wanted + "exit: 0\n")


if __name__ == "__main__":
    tap.main()
