#!/usr/bin/python3
"""Replays captures of resolve, resolved, shelve, unshelve, submit with a trigger, reopen, reconcile and
status, in the manner of test_replay_files.

Files are given contents that have exactly the differences a capture counts, so that what is counted, decided
and told can be compared with it line by line.
"""

import json
import os
import re
import shutil
import tempfile
import unittest

import tap
import test_replay_files as replay
from frameserver import P4, run_p4
from reference import json_lines, vectors
from server.archive import Archive, digest
from test_replay_files import CLIENTFMT, FORMATS, NOON, TRANSCRIPTS, UNTAGGED, Capture, body

HOME = "/home/alice/ws1"        # the workspace of the client's captures
MERGING = re.compile(r"(?:info: )?(\S+) - (merging|vs) (//\S+?) ?#(\d+)(?:,#(\d+))?"
                     r"(?: using base (//\S+)#(\d+))?$")
CHUNKS = re.compile(r"(?:info: )?Diff chunks: (\d+) yours \+ (\d+) theirs \+ (\d+) both"
                    r" \+ (\d+) conflicting$")
RESULT = re.compile(r"(?:info: )?(//\S+) - (?:resolve skipped\.|(.*) (//\S+))$")


def contents(yours: int, theirs: int, both: int, conflicting: int) -> tuple[str, str, str]:
    """(base, theirs, yours) with so many chunks of each kind, unchanged lines between them."""
    sides: tuple[list[str], list[str], list[str]] = ([], [], [])
    kinds = "y" * yours + "t" * theirs + "b" * both + "c" * conflicting
    for number, kind in enumerate(kinds):
        changed = {"y": ("old", "old", "mine"), "t": ("old", "new", "old"), "b": ("old", "same", "same"),
                   "c": ("old", "new", "mine")}[kind]
        for side, word in zip(sides, changed):
            side += [f"{word} {number}", f"line {number}.1", f"line {number}.2"]
    return tuple("".join(line + "\n" for line in ["first", *side]) for side in sides)


class Case(replay.Case):
    def setUp(self) -> None:
        super().setUp()
        self.root = tempfile.mkdtemp(prefix="replay-")
        self.addCleanup(shutil.rmtree, self.root, True)
        self.archive = Archive(self.server.root)

    def content(self, path: str, rev: int, text: str, **more) -> None:
        """A revision with a content."""
        data = text.encode()
        self.archive.write(path, f"1.{rev}", [data])
        self.state.rev(path, rev, digest=digest(data), size=len(data), lbrRev=f"1.{rev}", **more)

    def local(self, client_file: str, text: str) -> str:
        path = os.path.join(self.root, client_file.split("/", 3)[3])
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, 0o444)
        return path

    def merge(self, client: str, target: str, client_file: str, source: str, first: int, last: int,
              counts: tuple[int, int, int, int], user: str = "super") -> None:
        """A file of the client with a pending content resolve of these differences."""
        self.merge_texts(client, target, client_file, source, (first, last), contents(*counts), user)

    def merge_texts(self, client: str, target: str, client_file: str, source: str, span: tuple[int, int],
                    texts: tuple[str, str, str], user: str = "super") -> None:
        """The same with given contents of base, theirs and yours."""
        (first, last), (base, theirs, yours) = span, texts
        self.content(source, first - 1, base)
        self.content(source, last, theirs)
        self.content(target, 1, yours)
        self.state.have(client, target, client_file, 1)
        self.state.opened(client, user, target, client_file, "integrate")
        self.state.put("resolve", client=client, shelf=0, toFile=target, fromFile=source,
                       startFromRev=first - 1, endFromRev=last, startToRev=0, endToRev=1, how=0, state=0,
                       baseFile=source, baseRev=first - 1, type="content", change=0)
        self.local(client_file, yours)

    def lines(self, *args: str, client: str = "ws", user: str = "super", cwd: str | None = None,
              **options) -> list[str]:
        ours = self.server.client(user=user, client=client, tagged=False, cwd=cwd or self.root)
        result = ours.run(*args, **options)
        return ["... " * m.generic + m.text if m.generic == 1 else m.text for m in result.messages]


# what the genuine client printed

@unittest.skipUnless(CLIENTFMT.is_dir(), f"no captures at {CLIENTFMT}")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Formats(Case):
    def setUp(self) -> None:
        super().setUp()
        self.state.put("user", user="alice", accessDate=1 << 40)

    def check(self, scenario: str, prepare, names: tuple = tuple(FORMATS), home: str | None = None) -> None:
        """The capture in some formats, each from the same state.  home: the workspace's place, which need
        not exist where no file of it is needed."""
        for name in names:
            if not (CLIENTFMT / f"{scenario}--{name}.txt").exists():
                continue
            capture = Capture(f"{scenario}--{name}")
            with self.subTest(name):
                self.setUp()
                self.state.client("ws1", home or self.root, ("", "//depot/main/...", "//ws1/main/..."))
                prepare()
                env = {"HOME": "/nonexistent", "P4USER": "alice", "P4CLIENT": "ws1",
                       "P4PORT": f"127.0.0.1:{self.server.port}"}
                done = run_p4("-d", home or self.root, *capture.args(), env=env)
                shown = done.stdout if home else done.stdout.replace(self.root.encode(), HOME.encode())
                self.assertEqual((shown, done.stderr, done.status),
                                 (capture.stdout, capture.stderr, capture.status))

    def two_files(self) -> None:
        self.merge("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", "//depot/dev/a.txt", 2, 4, (1, 1, 0, 0),
                   "alice")
        self.merge("ws1", "//depot/main/b.bin", "//ws1/main/b.bin", "//depot/dev/b.bin", 2, 2, (1, 1, 0, 0),
                   "alice")
        with self.state.store.write():
            self.state.store.execute("UPDATE rev SET type = ? WHERE depotFile = ?", "binary",
                                     "//depot/dev/b.bin")
            self.state.store.execute("UPDATE working SET type = ? WHERE depotFile = ?", "binary",
                                     "//depot/main/b.bin")

    def test_preview(self):
        """resolve-n in all formats"""
        self.check("resolve-n", self.two_files, home=HOME)

    def test_preview_base(self):
        """resolve-n-o; tagged captures have the plain message where resolve-n shows the record"""
        def prepare() -> None:
            self.merge("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", "//depot/dev/a.txt", 2, 4,
                       (1, 1, 0, 0), "alice")
        self.check("resolve-n-o", prepare, UNTAGGED)

    def test_merge(self):
        """resolve-am; its tagged captures have messages where servers send records"""
        def prepare() -> None:
            self.merge("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", "//depot/dev/a.txt", 4, 4,
                       (1, 1, 0, 0), "alice")
            self.merge("ws1", "//depot/main/c.txt", "//ws1/main/c.txt", "//depot/dev/c.txt", 2, 2,
                       (2, 0, 0, 1), "alice")
        self.check("resolve-am", prepare, UNTAGGED)

    def opened(self) -> None:
        """Change 12 with an edit of revision 3."""
        for rev in (1, 2, 3):
            self.content("//depot/main/a.txt", rev, f"{rev}\n", action="add" if rev == 1 else "edit")
        self.state.have("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", 3)
        self.state.change(12, "alice", "ws1", NOON, "x\n", 0)
        self.state.opened("ws1", "alice", "//depot/main/a.txt", "//ws1/main/a.txt", rev=3, change=12)
        self.local("//ws1/main/a.txt", "new\n")

    def test_shelve(self):
        """shelve in all formats"""
        self.check("shelve", self.opened)

    def test_submit(self):
        """submit-ok in all formats: a change that gets a new number"""
        def prepare() -> None:
            self.opened()
            self.state.put("counter", name="change", value="13")
        self.check("submit-ok", prepare)


# what the product's merge makes of many texts

class Vectors(Case):
    """The vectors of merges, as files of a workspace."""

    HOW = {"theirs": "copy from", "yours": "ignored", "merged": "merge from", "edit": "edit from"}

    def cases(self, flags: str) -> list[dict]:
        found = [*json_lines(vectors("merge-curated.jsonl"))[1:],
                 *json_lines(vectors("merge-random.jsonl"))[1:]]
        return [case for case in found if case["flags"] == flags][:250]

    def replay(self, flags: str, mode: str) -> None:
        """One resolve of all cases: what is counted and told of each, and what its file is then."""
        self.state.client("ws", self.root, ("", "//depot/t/...", "//ws/..."), owner="super")
        cases, expected = self.cases(flags), []
        for number, case in enumerate(cases):
            name = f"{number:03d}"
            texts = case["base"], case["theirs"], case["yours"]
            self.merge_texts("ws", f"//depot/t/{name}", f"//ws/{name}", f"//depot/s/{name}", (2, 2), texts)
            how = self.HOW.get(case[{"s": "as_", "m": "am", "f": "af"}[mode]])
            expected += [f"{self.root}/{name} - merging //depot/s/{name}#2", case["line"],
                         f"//ws/{name} - {how} //depot/s/{name}" if how
                         else f"//ws/{name} - resolve skipped."]
        options = [f"-a{mode}", *([f"-d{flags}"] if flags else [])]
        self.assertEqual(self.lines("resolve", *options), expected)
        for number, case in enumerate(cases):
            with open(f"{self.root}/{number:03d}", newline="") as file:
                self.assertEqual(file.read(), self.result(case, mode, f"{number:03d}"), case)

    @staticmethod
    def result(case: dict, mode: str, name: str) -> str:
        choice = case[{"s": "as_", "m": "am", "f": "af"}[mode]]
        if choice not in ("merged", "edit"):
            return case["theirs" if choice == "theirs" else "yours"]
        names = (("ORIGINAL B", f"ORIGINAL //depot/s/{name}#1"), ("THEIRS T", f"THEIRS //depot/s/{name}#2"),
                 ("YOURS Y", f"YOURS //ws/{name}"))
        text = case["result"]
        for short, full in names:
            text = re.sub(rf"(?m)^(>>>>|====) {short}$", rf"\1 {full}", text)
        return text

    def test_modes(self):
        """-as, -am and -af"""
        for mode in "smf":
            with self.subTest(mode):
                self.setUp()
                self.replay("", mode)

    def test_flags(self):
        """-am with -db, -dw, -dl, -dg"""
        flags = sorted({case["flags"] for case in json_lines(vectors("merge-curated.jsonl"))[1:]} - {""})
        self.assertGreater(len(flags), 1)
        for flag in flags:
            with self.subTest(flag):
                self.setUp()
                self.replay(flag, "m")


# what real servers printed

@unittest.skipUnless(TRANSCRIPTS.is_dir(), f"no captures at {TRANSCRIPTS}")
class Transcripts(Case):
    def shown(self, name: str) -> list[str]:
        return [line for line in body(name).split("\n") if line]

    def test_automatic(self):
        """resolve--s--1: a long resolve -am, each file with the counted differences; its workspace had files
        under older names than their client paths"""
        lines = [line for line in self.shown("resolve--s--1") if not line.startswith("exit")]
        self.state.client("vimeshev", self.root, ("", "//depot/dev/bt/...", "//vimeshev/dev/bt/..."),
                          owner="super")
        expected = []
        for head, counted, result in zip(lines[0::3], lines[1::3], lines[2::3]):
            local, _, source, first, last, *_ = MERGING.match(head).groups()
            counts = tuple(map(int, CHUNKS.match(counted).groups()))
            client_file = RESULT.match(result)[1]
            self.merge("vimeshev", client_file.replace("//vimeshev/", "//depot/"), client_file, source,
                       int(first), int(last or first), counts)
            expected += [head.removeprefix("info: ").replace(local, self.root +
                                                             client_file.removeprefix("//vimeshev")),
                         counted.removeprefix("info: "), result.removeprefix("info: ")]
        self.assertGreater(len(expected), 60)
        ours = self.lines("resolve", "-am", client="vimeshev")
        self.assertEqual(ours, sorted_by_file(expected))
        kept = [line for line in expected if line.endswith("skipped.")]
        self.assertEqual(len(self.lines("resolve", "-n", client="vimeshev")), len(kept))

    def test_theirs(self):
        """resolve--s--2: resolve -at; the server's lines come in the order it got to them, ours file by
        file"""
        lines = [line.removeprefix("info: ") for line in self.shown("resolve--s--2")
                 if not line.startswith("exit")]
        self.state.client("vimeshev", self.root, ("", "//depot/dev/bt/...", "//vimeshev/dev/bt/..."),
                          owner="super")
        sources = {match[3]: match for match in map(MERGING.match, lines) if match and match[2] == "vs"}
        expected = []
        for line in lines:
            match = RESULT.match(line) if line.startswith("//") else None
            if match and match[3] in sources:
                target = sources[match[3]][1].removeprefix("c:\\WORK\\mor2\\").replace("\\", "/")
                client_file, first, last = f"//vimeshev/{target}", *sources[match[3]].groups()[3:5]
                self.merge("vimeshev", f"//depot/{target}", client_file, match[3], int(first),
                           int(last or first), (1, 1, 0, 1))
                head = sources[match[3]][0]
                expected += [head.replace(sources[match[3]][1], f"{self.root}/{target}"),
                             f"{client_file} - {match[2]} {match[3]}"]
        self.assertGreater(len(expected), 10)
        self.assertEqual(sorted(self.lines("resolve", "-at", client="vimeshev")), sorted(expected))

    def test_small(self):
        """resolve--plain--1 to --6: previews, skips, merges, and sides taken; exit code 0 all along"""
        target, client_file, source = "//depot/f", "//ws/f", "//depot/s"
        for name, options, counts in (("1", ("-n",), (0, 0, 0, 1)), ("2", ("-am",), (0, 0, 0, 1)),
                                      ("3", ("-am",), (1, 1, 0, 0)), ("4", ("-am",), (1, 0, 1, 0)),
                                      ("5", ("-ay",), (1, 1, 0, 0)), ("6", ("-at",), (1, 1, 0, 0))):
            with self.subTest(name):
                self.setUp()
                self.state.client("ws", self.root, ("", "//depot/f", "//ws/f"), owner="super")
                self.merge("ws", target, client_file, source, 2, 2, counts)
                expected = []
                for line in self.shown(f"resolve--plain--{name}"):
                    line = line.replace("<local>", f"{self.root}/f").replace("<clientFile>", client_file)
                    expected.append(re.sub(r"<depot>$", source + ("#2" if " merging " in line else ""), line)
                                    .replace("<depot>", source))
                self.assertEqual(self.lines("resolve", *options), expected)

    def test_nothing(self):
        """resolve--plain--7 and --s--4"""
        self.state.client("ws", self.root, ("", "//depot/...", "//ws/..."), owner="super")
        self.assertEqual(self.lines("resolve", "-n", "//depot/..."), self.shown("resolve--plain--7"))
        self.assertEqual([f"error: {line}" for line in self.lines("resolve", "-am")],
                         self.shown("resolve--s--4")[:1])

    def test_base(self):
        """resolve--plain--9: -n -o with the bases"""
        lines = self.shown("resolve--plain--9")
        self.state.depot("IDEA")
        self.state.client("ws", self.root, ("", "//IDEA/...", "//ws/..."), owner="super")
        expected = []
        for line in lines:
            local, _, source, first, last, base, base_rev = MERGING.match(line).groups()
            self.assertEqual((source, int(first) - 1), (base, int(base_rev)))
            client_file = source.replace("//IDEA/", "//ws/")
            self.content(source, int(base_rev), "base\n")
            self.content(source, int(first), "theirs\n")
            self.state.opened("ws", "super", source, client_file, "edit", int(first))
            self.state.put("resolve", client="ws", shelf=0, toFile=source, fromFile=source,
                           startFromRev=int(base_rev), endFromRev=int(first), startToRev=0,
                           endToRev=int(base_rev), how=0, state=0, baseFile=base, baseRev=int(base_rev),
                           type="content", change=0)
            expected.append(line.replace(local, self.root +
                                         client_file.removeprefix("//ws")).replace(" #", "#"))
        self.assertEqual(self.lines("resolve", "-n", "-o"), expected)

    def test_marshalled(self):
        """resolve--ztag-Mj--1: texts and levels of what is counted and skipped"""
        self.state.client("alice_ws", self.root, ("", "//depot/...", "//alice_ws/..."), owner="super")
        self.merge("alice_ws", "//depot/a.txt", "//alice_ws/a.txt", "//depot/s.txt", 2, 2, (0, 0, 0, 1))
        result = self.server.client(client="alice_ws", cwd=self.root).run("resolve", "-am")
        self.assertEqual([{"data": m.text, "level": m.generic} for m in result.messages],
                         [json.loads(line) for line in self.shown("resolve--ztag-Mj--1")])

    def test_resolved(self):
        """resolved--plain--1"""
        expected = []
        for name in ("ExceptionAnalyser", "IDEA"):
            self.state.depot(name)
        self.state.client("ws", self.root, ("", "//IDEA/...", "//ws/IDEA/..."),
                          ("", "//ExceptionAnalyser/...", "//ws/EA/..."), owner="super")
        for line in self.shown("resolved--plain--1"):
            local, how, source, first, last = re.match(r"(\S+) - (.*) (//\S+?)#(\d+)(?:,#(\d+))?$",
                                                       line).groups()
            target = source.rpartition("/")[0] + "/" + local.rpartition("\\")[2]
            client_file = target.replace("//IDEA/", "//ws/IDEA/").replace("//ExceptionAnalyser/", "//ws/EA/")
            self.state.opened("ws", "super", target, client_file, "integrate")
            self.state.put("resolve", client="ws", shelf=0, toFile=target, fromFile=source,
                           startFromRev=int(first) - 1, endFromRev=int(last or first), startToRev=0,
                           endToRev=0, how={"branch from": 2, "ignored": 6}[how], state=1, type="branch"
                           if how == "branch from" else "content", baseRev=0, change=0)
            expected.append(line.replace(local, self.root + client_file.removeprefix("//ws")))
        self.assertEqual(self.lines("resolved"), sorted(expected, key=lambda line: "/IDEA/" in line))

    def shelving(self, name: str, depot: str) -> tuple[list[str], str]:
        """The files a capture shelves, open in a change of its number; (expected lines, number)."""
        lines = self.shown(name)
        number = re.search(r"Shelving files for change (\d+)\.", "\n".join(lines))[1]
        self.state.depot(depot)
        self.state.client("ws", self.root, ("", f"//{depot}/...", "//ws/..."), owner="super")
        self.state.change(int(number), "super", "ws", NOON, "x\n", 0)
        for action, path, rev in re.findall(r"(?m)^(\w+) (//\S+)#(\d+|none)$", "\n".join(lines)):
            client_file, rev = path.replace(f"//{depot}/",
                                            "//ws/"), 0 if rev == "none" or action == "add" else int(rev)
            if rev:
                self.content(path, rev, "old\n")
                self.state.have("ws", path, client_file, rev)
            self.state.opened("ws", "super", path, client_file, action, rev or 1, rev, change=int(number))
            if action != "delete":
                self.local(client_file, "new\n")
        return lines, number

    def test_shelve(self):
        """shelve--plain--3 to --5: edits, adds and deletions; later servers say #1 of an add where one said
        #none"""
        for name, depot in (("shelve--plain--3", "depot"), ("shelve--plain--4", "sw"),
                            ("shelve--plain--5", "sw")):
            with self.subTest(name):
                self.setUp()
                lines, number = self.shelving(name, depot)
                head = [line for line in lines if not line.startswith("Change") or line.endswith("shelved.")]
                ours = self.lines("shelve", "-r", "-c", number)
                self.assertEqual((ours[0], ours[-1]), (head[0], head[-1]))
                self.assertEqual(sorted(ours), sorted(line.replace("#none", "#1") for line in head))

    def test_shelve_form(self):
        """shelve--plain--1 and --2: a form makes the change, -d removes the shelf; then
        unshelve--plain--2"""
        self.state.client("ws", self.root, ("", "//depot/...", "//ws/..."), owner="super")
        self.content("//depot/Main/a", 1, "a\n", action="add")
        self.state.have("ws", "//depot/Main/a", "//ws/Main/a", 1)
        self.state.change(1, "super", "ws", NOON, "x\n")
        self.local("//ws/Main/a", "a\n")
        self.lines("edit", "//depot/Main/a")
        self.assertEqual(self.lines("shelve", "-i",
                                    stdin="Change: new\nDescription: x\nFiles:\n\t//depot/Main/a\n"),
                         self.shown("shelve--plain--1"))
        self.lines("revert", "//depot/...")
        self.assertEqual(self.lines("unshelve", "-s", "2", "-c", "2"), self.shown("unshelve--plain--2"))
        self.assertEqual(self.lines("shelve", "-c", "2", "-d"), self.shown("shelve--plain--2"))
        self.assertEqual(self.lines("reopen", "-c", "default", "Main/a"), self.shown("reopen--plain--1"))

    def test_unshelve(self):
        """unshelve--plain--4: also opened by somebody, and one to resolve"""
        lines = self.shown("unshelve--plain--4")
        self.state.client("ws", self.root, ("", "//depot/...", "//ws/..."), owner="super")
        self.state.change(14, "super", "ws", NOON, "x\n", 0)
        for path, rev in re.findall(r"(?m)^(//\S+)#(\d+) - unshelved", "\n".join(lines)):
            client_file = path.replace("//depot/", "//ws/")
            self.content(path, int(rev), "old\n")
            self.state.have("ws", path, client_file, int(rev))
            self.local(client_file, "old\n")
            self.archive.write(path, "1.14", [b"new\n"])
            self.state.put("shelf", change=14, depotFile=path, rev=int(rev), type="text", action="edit",
                           date=NOON, lazy=0, lbrFile=path, lbrRev="1.14", lbrType="text+C",
                           digest=digest(b"new\n"), size=4)
        self.state.opened("default", "Matt", "//depot/Project_X/main/README.md", "//default/x", rev=8)
        self.state.opened("ws", "super", "//depot/Project_X/main/src/alphabet.txt",
                          "//ws/Project_X/main/src/alphabet.txt")
        self.assertEqual(self.lines("unshelve", "-f", "-s", "14"), lines)

    def test_rejected(self):
        """submit--plain--3: a trigger about the content refuses"""
        lines = self.shown("submit--plain--3")
        path = "//depot/modules/cordoba/runtime-ear/Foo.java"
        self.state.client("ws", self.root, ("", "//depot/...", "//ws/..."), owner="super")
        self.content(path, 1, "old\n", action="add")
        self.state.have("ws", path, path.replace("//depot", "//ws"), 1)
        self.state.opened("ws", "super", path, path.replace("//depot", "//ws"))
        self.local(path.replace("//depot", "//ws"), "new\n")
        self.state.put("counter", name="change", value="80836")
        with open(f"{self.root}/said", "w") as file:
            file.write("\n" + lines[-1] + "\n")
        self.state.put("config", name="triggers",
                       value=f'checkstyle change-content //... "cat {self.root}/said; exit 1"')
        ours = self.lines("submit", "-i", stdin=f"Change: new\nDescription: x\nFiles:\n\t{path}\n")
        self.assertEqual([line.rstrip() for text in ours for line in text.split("\n") if line], lines)

    def test_reconcile(self):
        """reconcile--ztag-Mj--1 and status--ztag-Mj--1: the fields, and who else has it open"""
        self.state.client("ws", self.root, ("", "//depot/...", "//ws/..."), owner="super")
        (expected,) = [json.loads(line) for line in self.shown("reconcile--ztag-Mj--1")]
        self.local("//ws/new.txt", "x\n")
        (record,) = self.server.client(client="ws", cwd=self.root).run("reconcile", "-n").records
        self.assertEqual({key: record[key] for key in expected}, expected |
                         {"clientFile": f"{self.root}/new.txt"})
        os.unlink(f"{self.root}/new.txt")
        gone, message = [json.loads(line) for line in self.shown("status--ztag-Mj--1")]
        self.content("//depot/c.txt", 1, "c\n", action="add")
        self.state.have("ws", "//depot/c.txt", "//ws/c.txt", 1)
        self.state.opened("ws2", "alice", "//depot/c.txt", "//ws2/c.txt")
        result = self.server.client(client="ws", cwd=self.root).run("status")
        self.assertEqual({key: result.records[0][key] for key in gone}, gone |
                         {"clientFile": f"{self.root}/c.txt"})
        self.assertEqual([{"data": m.text, "level": m.generic} for m in result.messages], [message])


def sorted_by_file(lines: list[str]) -> list[str]:
    """Groups of three lines by the path of the first, bytewise as servers list them."""
    groups = [lines[at:at + 3] for at in range(0, len(lines), 3)]
    return [line for group in sorted(groups, key=lambda group: group[0].split(" - ")[0].encode())
            for line in group]


if __name__ == "__main__":
    tap.main()
