#!/usr/bin/python3
"""Replays the captured listings of real servers of every age: changes, describe, filelog, opened, fstat and forms, as
test_replay_files.py does for single commands.  What a capture shows of jobs is left out: jobs are not served."""

import json
import re
import subprocess
import tempfile
import unittest

import tap
import test_replay_files as replay
from frameserver import P4
from server.dates import parse_date
from test_replay_files import TRANSCRIPTS, body, records

JOBS = re.compile(r"(?m)^Jobs fixed \.\.\.\n\n.* on .* by .*\n\n(?:\t.*\n)+\n")
SHORT = re.compile(r"Change (\d+) on (\S+) by (\S+)@(\S+) '(.*)'$")


@unittest.skipUnless(TRANSCRIPTS.is_dir(), f"no captures at {TRANSCRIPTS}")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Listings(replay.Case):
    ours, lines, shown = replay.Transcripts.ours, replay.Transcripts.lines, replay.Transcripts.shown
    describe_state, filelog_state = replay.Transcripts.describe_state, replay.Transcripts.filelog_state

    def p4(self, *args: str, cwd: str = "/") -> subprocess.CompletedProcess:
        """The real way: the client prints what the server answers."""
        environment = {"P4PORT": f"127.0.0.1:{self.server.port}", "P4USER": "super", "P4CLIENT": "ws",
                       "HOME": "/nonexistent", "TZ": "UTC"}
        return subprocess.run([P4, *args], capture_output=True, check=False, text=True, cwd=cwd,
                              stdin=subprocess.DEVNULL, env=environment)

    def workspace(self) -> str:
        root = tempfile.TemporaryDirectory(prefix="replay-")
        self.addCleanup(root.cleanup)
        self.state.client("ws", root.name, ("", "//depot/...", "//ws/..."), owner="super")
        return root.name

    def test_changes(self):
        """changes--plain--4, --5, --6 and --s--1: 31 bytes of the description, line breaks as blanks"""
        for name in ("changes--plain--4", "changes--plain--5", "changes--plain--6", "changes--s--1"):
            with self.subTest(name):
                self.setUp()
                lines = [line.removeprefix("info: ") for line in self.shown(name) if " by " in line]
                for line in lines:
                    number, date, user, client, text = SHORT.match(line).groups()
                    self.state.change(int(number), user, client, parse_date(date),
                                      text + (" and more that is cut off\n" if len(text) > 30 else "\n"))
                flag = ("-s",) if "--s--" in name else ()
                done = self.p4(*flag, "changes")
                shown = [line.removeprefix("info: ") for line in done.stdout.splitlines() if line != "exit: 0"]
                self.assertEqual([line.rstrip("'").rstrip() for line in shown],
                                 [line.rstrip("'").rstrip() for line in lines])

    def test_changes_pending(self):
        """changes--plain--2: -l, submitted and pending"""
        shown = re.findall(r"Change (\d+) on (\S+) by (\S+)@(\S+)( \*pending\*)?\n\n((?:\t.*\n)+)",
                           body("changes--plain--2"))
        for number, date, user, client, pending, text in shown:
            self.state.change(int(number), user, client, parse_date(date), re.sub(r"(?m)^\t", "", text),
                              status=0 if pending else 1)
        self.assertEqual(self.p4("changes", "-l").stdout.strip("\n"), body("changes--plain--2").strip("\n"))

    def test_describe(self):
        """describe--plain--1 and --2, without their jobs"""
        for name in ("describe--plain--1", "describe--plain--2"):
            with self.subTest(name):
                self.setUp()
                text = JOBS.sub("", body(name) + "\n")
                numbers = self.describe_state(text)
                self.assertGreater(len(numbers), 1)
                self.assertEqual(sorted(self.p4("describe", "-s", *numbers).stdout.strip("\n").split("\n")),
                                 sorted(text.strip("\n").split("\n")))

    def test_describe_shelved(self):
        """describe--plain--3: -S, without its jobs"""
        text = JOBS.sub("", body("describe--plain--3"))
        listing = (r"Change (\d+) by \S+ on (\S+ \S+) \*pending\*\n\n((?:\t.*\n)+)\n"
                   r"Shelved files \.\.\.\n\n((?:\.\.\. .*\n)*)")
        for number, date, desc, files in re.findall(listing, text):
            self.state.change(int(number), "user", "cli", parse_date(date.replace(" ", ":")),
                              re.sub(r"(?m)^\t", "", desc), status=0)
            for path, rev, action in re.findall(r"(?m)^\.\.\. (.*)#(\d+) (\S+)$", files):
                self.state.put("shelf", change=int(number), depotFile=path, rev=int(rev), type="text",
                               action=action, date=0)
        shown = self.p4("describe", "-S", "-s", "123", "456", "789").stdout
        self.assertEqual([line for line in shown.split("\n") if line], [line for line in text.split("\n") if line])

    def test_describe_prefixed(self):
        """describe--s--3: which lines are text and which are files"""
        lines = [re.sub(r"^text: ?", "", line) if line.startswith("text:") else line.replace("info1: ", "... ", 1)
                 for line in body("describe--s--3").split("\n")]
        self.state.depot("hpdoc")
        self.state.change(9, "non", "non:all", parse_date("2002/04/23:04:12:59"), lines[2].lstrip("\t") + "\n")
        first = next(n for n, line in enumerate(lines) if line.startswith("Change 11 "))
        mine = [line for line in lines[:first] if line.startswith("...")]
        for path, rev, action in (re.match(r"\.\.\. (.*)#(\d+) (\S+)$", line).groups() for line in mine):
            self.state.rev(path, int(rev), 9, action)
        shown = self.p4("-s", "describe", "-s", "9").stdout.splitlines()
        self.assertEqual(len(mine), sum(line.startswith("info1: //") for line in shown))
        self.assertEqual(shown[0], "text: " + lines[0])
        self.assertEqual(sorted(line for line in shown if line.startswith("info1")),
                         sorted(line.replace("... ", "info1: ", 1) for line in mine))
        self.assertEqual(shown[-1], "exit: 0")

    def test_filelog(self):
        """filelog--plain--1: the head of a long history"""
        lines = self.shown("filelog--plain--1")
        self.filelog_state([line[:-1] + "...'" if len(line) > 110 else line for line in lines])
        self.assertEqual([re.sub(r" '.*", "", line) for line in self.lines("filelog", lines[0])],
                         [re.sub(r" '.*", "", line) for line in lines])

    def long_state(self, text: str) -> None:
        """What a `filelog -l` shows: descriptions stand below their revision."""
        flat = re.sub(r"(?m)^(\.\.\. #\d+ change .*\))\n\n((?:\t.*\n)+)\n?", r"\1 '?'\n", text)
        self.filelog_state([line.replace(" 20", " 20", 1) for line in flat.split("\n") if line])
        for number, desc in re.findall(r"(?m)^\.\.\. #\d+ change (\d+) .*\n\n((?:\t.*\n)+)", text):
            self.state.store.execute("UPDATE change SET description = ? WHERE change = ?",
                                     re.sub(r"(?m)^\t", "", desc), int(number))

    def test_filelog_long(self):
        """filelog--plain--7, --9: -l, with and without -t; --8: -i"""
        for name, flags in (("filelog--plain--7", ("-l", "-t")), ("filelog--plain--8", ("-l", "-t", "-i")),
                            ("filelog--plain--9", ("-l",))):
            with self.subTest(name):
                self.setUp()
                text = re.sub(r"( on \d+/\d+/\d+) (\d+:\d+:\d+)", r"\1:\2", body(name) + "\n")
                path = text.split("\n")[0]
                if not path.startswith("//depot"):
                    self.state.depot(path.split("/")[2])
                self.long_state(text)
                shown = self.p4("filelog", *flags, path).stdout
                self.assertEqual([line for line in shown.split("\n") if line.strip()],
                                 [line for line in body(name).split("\n") if line.strip()])

    def test_opened(self):
        """opened--plain--3 and --4, --ztag--2, --Mj--1"""
        root = self.workspace()
        self.state.revs("//depot/testArea/anotherfile", 99)
        self.state.opened("ws", "super", "//depot/testArea/anotherfile", "//ws/testArea/anotherfile", "move/delete",
                          rev=99, change=35)
        self.state.opened("ws", "super", "//depot/testArea/anotherfile-moved", "//ws/testArea/anotherfile-moved",
                          "move/add", have=0)
        self.state.change(35, "super", "ws", 0, "x\n", status=0)
        self.assertEqual(self.p4("opened").stdout.splitlines(), self.shown("opened--plain--3"))
        done = self.p4("opened", "testArea/anotherfile", "TestArea/newFile.txt", "/Users/myfile", cwd=root)
        expected = self.shown("opened--plain--4")
        self.assertEqual(done.stdout.splitlines(), expected[:1])
        self.assertEqual(done.stderr.splitlines(),
                         [expected[1], f"Path '/Users/myfile' is not under client's root '{root}'."])
        self.state.opened("other", "bob", "//depot/x.bin", "//other/x.bin", "add", rev=4, have=0, type="binary")
        (expected,) = records("opened--ztag--2")
        (record,) = self.ours("opened", "-a", "-m", "50", "//depot/x.bin").records
        self.assertEqual(list(record), list(expected))
        self.assertEqual(record["haveRev"], expected["haveRev"])
        (line,) = [json.loads(line) for line in self.p4("-Mj", "opened", "-a", "//depot/x.bin").stdout.splitlines()]
        self.assertEqual(set(line), set(json.loads(body("opened--Mj--1"))))

    def test_json_lines(self):
        """clients--Mj--1, sync--ztag-Mj--1: without -ztag one sentence and its level"""
        self.workspace()
        self.state.revs("//depot/b", 1, size=12)
        for command, name in ((("clients",), "clients--Mj--1"), (("sync", "-n"), "sync--ztag-Mj--1")):
            (line,) = [json.loads(line) for line in self.p4("-Mj", *command).stdout.splitlines()]
            expected = json.loads(body(name))
            self.assertEqual((set(line), line["level"]), (set(expected), expected["level"]))

    def test_fstat_nothing(self):
        """fstat--plain--3, --6 and --ztag-Mj--1: where warnings go, and in which shape"""
        root = self.workspace()
        self.state.revs("//depot/a.txt", 1)
        with self.state.store.write():
            self.state.store.execute("DELETE FROM domain WHERE name = 'ws'")
            self.state.store.execute("DELETE FROM view WHERE name = 'ws'")
        self.state.client("ws", root, ("", "//depot/...", "//ws/..."),
                          ("-", "//depot/elsewhere/...", "//ws/elsewhere/..."), owner="super")
        outside = self.p4("-ztag", "fstat", "elsewhere/a.fbx", cwd=root)
        self.assertEqual((outside.returncode, outside.stdout), (0, ""))
        self.assertEqual(outside.stderr, "elsewhere/" + body("fstat--plain--3").rsplit("\\", 1)[1])
        done = self.p4("fstat", "does-not-exist.txt", "does-not-exist-two.txt", cwd=root)
        self.assertEqual((done.returncode, done.stdout), (0, ""))
        self.assertEqual(done.stderr.splitlines(), [line.rsplit("\\", 1)[1] for line in self.shown("fstat--plain--6")])
        mixed = [json.loads(line) for line in self.p4("-Mj", "-ztag", "fstat", "a.txt", "nothere.txt",
                                                      cwd=root).stdout.splitlines()]
        expected = [json.loads(line) for line in self.shown("fstat--ztag-Mj--1")]
        self.assertLessEqual(set(expected[0]) - {"haveRev"}, set(mixed[0]))
        self.assertEqual(mixed[1:], expected[1:])
        self.assertEqual(list(mixed[0]), sorted(mixed[0]))

    def test_revert(self):
        """revert--plain--3"""
        root = self.workspace()
        self.state.revs("//depot/a", 1, size=0)
        self.state.have("ws", "//depot/a", "//ws/a", 1)
        self.state.opened("ws", "super", "//depot/a", "//ws/a")
        line = self.shown("revert--plain--3")[0].replace("<depot>", "//depot/a")
        kept = self.p4("revert", "-k", "a", cwd=root).stdout.splitlines()
        self.assertEqual([shown.replace("cleared", "reverted") for shown in kept], [line])
        self.state.opened("ws", "super", "//depot/a", "//ws/a")
        self.assertEqual(self.p4("revert", "-n", "a", cwd=root).stdout.splitlines(), [line])

    def test_forms(self):
        """client--s--2, user--s--1: the captures' fields in their order (then they were info, today text)"""
        for name, command, known in (
                ("client--s--2", ("client", "-o", "fresh"), {"Client", "Owner", "Root", "View"}),
                ("user--s--1", ("user", "-o", "patrickb"), {"User", "Email", "FullName"})):
            shown = self.p4("-s", *command).stdout.splitlines()
            self.assertEqual(shown[-1], "exit: 0")
            self.assertEqual({line.split(":")[0] for line in shown[:-1]}, {"text"})
            fields = re.findall(r"(?m)^text: (\w+):", "\n".join(shown))
            wanted = re.findall(r"(?m)^info: (\w+):", body(name))
            self.assertEqual([f for f in fields if f in wanted], [f for f in wanted if f in fields])
            self.assertLessEqual(known, set(fields) & set(wanted))


if __name__ == "__main__":
    tap.main()
