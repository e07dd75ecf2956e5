#!/usr/bin/python3
"""Replays captures of integrate, merge, copy, populate and istat, in the manner of test_replay_files.

What a capture shows of a server's state is put in: files, what the client has, and credit such that exactly
the shown revisions are lacking.  Lines of old servers are compared where later ones answer the same.
"""

import re
import unittest

import tap
import test_replay_files as replay
from frameserver import P4, run_p4
from server.integ_rows import BRANCH_FROM, BRANCH_INTO
from test_replay_files import CLIENTFMT, FORMATS, TRANSCRIPTS, Capture, body, records

# target#rev - action from source#first,last
LINE = re.compile(r"(?:info: )?(//\S+)#(\d+) - (branch/sync|integrate|sync/delete)"
                  r" from (//\S+?)#(\d+)(?:,#(\d+))?$")
NOT_APPLIED = {
    "integrate--s--1": "a server of 2007 let a branch view make names with wildcards",
    "integrate--s--4": "integrations without a base needed a flag until 2013",
}


class State(replay.State):
    """Pairs of files with some revisions of the source already integrated."""

    def credit(self, target: str, source: str, upto: int, rev: int, change: int = 1) -> None:
        for to_file, from_file, how, spans in ((target, source, BRANCH_FROM, (0, upto, 0, rev)),
                                               (source, target, BRANCH_INTO, (0, rev, 0, upto))):
            start, end, start_to, end_to = spans
            self.put("integed", toFile=to_file, fromFile=from_file, startFromRev=start, endFromRev=end,
                     startToRev=start_to, endToRev=end_to, how=how, change=change)

    def pair(self, target: str, rev: int, action: str, source: str, start: int, end: int) -> None:
        """The state in which this is what integrate says; the client has the head of what is there."""
        self.revs(source, end, action="delete" if action == "delete" else "edit" if end > 1 else "add")
        if action == "branch":
            return
        self.revs(target, rev)
        self.credit(target, source, start, rev)
        if action != "delete":
            self.have("ws", target, target.replace("//", "//ws/", 1), rev)

    def stream(self, name: str, kind: str, parent: str) -> None:
        loose = kind == "mainline"
        self.put("domain", type=115, name=name, owner="super",
                 options="allsubmit unlocked " + ("notoparent nofromparent" if loose
                                                  else "toparent fromparent"))
        self.put("stream", stream=name, parent=parent, type=kind, title=name, change=1, parentView="inherit")
        self.put("template", name=name, change=1, kind=0, seq=0, type="share", left="...")


class Case(replay.Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.state = State(cls.server.root)
        cls.addClassCleanup(cls.state.store.close)

    def streams(self, depot: str = "stream") -> None:
        self.state.put("domain", type=100, name=depot, kind="stream", map=f"{depot}/...",
                       streamDepth=f"//{depot}/1")
        self.state.stream(f"//{depot}/main", "mainline", "none")
        self.state.stream(f"//{depot}/dev", "development", f"//{depot}/main")

    def ours(self, *args: str, client: str = "ws", tagged: bool = True):
        return self.server.client(client=client, tagged=tagged).run(*args)

    def lines(self, *args: str, client: str = "ws") -> list[str]:
        return [message.text for message in self.ours(*args, client=client, tagged=False).messages]


# what the genuine client printed

PIECES = {"plain": rb"(?<=\n)", "s": rb"(?<=\n)", "Mj": rb"(?<=\n)", "ztag-Mj": rb"(?<=\n)",
          "ztag": rb"(?<=\n\n)",
          "ztag-s": rb"(?=info1: depotFile |exit: )", "G": rb"(?=\{s\x04\0\0\0code)"}


@unittest.skipUnless(CLIENTFMT.is_dir(), f"no captures at {CLIENTFMT}")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Formats(Case):
    def printed(self, capture: Capture):
        env = {"HOME": "/nonexistent", "P4USER": "alice", "P4CLIENT": "ws1",
               "P4PORT": f"127.0.0.1:{self.server.port}"}
        self.state.put("user", user="alice", accessDate=1 << 40)
        return run_p4("-d", "/home/alice/ws1/main", *capture.args(), env=env)

    def formats(self, scenario: str):
        for name in FORMATS:
            if (CLIENTFMT / f"{scenario}--{name}.txt").exists():
                yield name, Capture(f"{scenario}--{name}")

    def test_integrate(self):
        """integrate-n in all formats; its files are not in the order servers have, so the pieces are
        compared"""
        self.state.client("ws1", "/home/alice/ws1", ("", "//depot/...", "//ws1/..."))
        self.state.pair("//depot/main/n.txt", 1, "branch", "//depot/dev/n.txt", 0, 2)
        self.state.pair("//depot/main/a.txt", 3, "integrate", "//depot/dev/a.txt", 1, 4)
        self.state.pair("//depot/main/x.txt", 2, "delete", "//depot/dev/x.txt", 2, 3)
        self.state.have("ws1", "//depot/main/a.txt", "//ws1/main/a.txt", 3)
        for name, capture in self.formats("integrate-n"):
            with self.subTest(name):
                done = self.printed(capture)
                self.assertEqual(sorted(re.split(PIECES[name], done.stdout)),
                                 sorted(re.split(PIECES[name], capture.stdout)))
                self.assertEqual((done.stderr, done.status), (capture.stderr, capture.status))

    def test_merge(self):
        """merge-none in all formats"""
        self.streams()
        self.state.client("ws1", "/home/alice/ws1", ("", "//stream/dev/...", "//ws1/..."),
                          stream="//stream/dev")
        self.state.revs("//stream/main/a.txt", 2)
        self.state.revs("//stream/dev/a.txt", 1, action="branch")
        self.state.credit("//stream/dev/a.txt", "//stream/main/a.txt", 2, 1)
        for name, capture in self.formats("merge-none"):
            with self.subTest(name):
                done = self.printed(capture)
                self.assertEqual((done.stdout, done.stderr, done.status), (capture.stdout, capture.stderr,
                                                                           capture.status))

    def test_istat(self):
        """istat: the fields of the captured record in its order, always tagged"""
        self.streams()
        self.state.client("ws1", "/home/alice/ws1", ("", "//stream/dev/...", "//ws1/..."),
                          stream="//stream/dev")
        self.state.revs("//stream/dev/a.txt", 1)
        fields = [line.split()[1] for line in Capture("istat--plain").stdout.decode().splitlines() if line]
        for name in ("plain", "ztag"):
            done = self.printed(Capture(f"istat--{name}"))
            shown = [line.split(" ", 2)[1:] for line in done.stdout.decode().splitlines() if line]
            self.assertEqual([key for key, _ in shown],
                             [key for key in fields if key != "integFromParentHow"])
            self.assertEqual((dict(shown)["integToParent"], dict(shown)["integToParentHow"]),
                             ("true", "copy"))


# what real servers printed

@unittest.skipUnless(TRANSCRIPTS.is_dir(), f"no captures at {TRANSCRIPTS}")
class Transcripts(Case):
    def replay(self, name: str, source: str, target: str) -> list[str]:
        """The lines of an integrate -n through a view, and what we say to them."""
        found = [match for line in body(name).splitlines() if (match := LINE.match(line))]
        for match in found:
            path, rev, action, origin, first, last = match.groups()
            action = {"branch/sync": "branch", "sync/delete": "delete"}.get(action, action)
            self.state.pair(path, int(rev), action, origin, int(first) - 1, int(last or first))
        self.state.client("ws", "/ws", ("", "//...", "//ws/..."))
        wanted = [match[0].removeprefix("info: ") for match in found]
        self.assertEqual(self.lines("integrate", "-n", source, target),
                         sorted(wanted, key=lambda s: s.split(" ")[0]))
        return wanted

    def test_preview(self):
        """integrate--s--2: branches and integrations of one branch view"""
        self.assertGreater(len(self.replay("integrate--s--2", "//depot/dev/bt/...",
                                           "//depot/dev/bt31/...")), 40)

    def test_reverse(self):
        """integrate--s--3: the same backwards, with ranges"""
        self.assertGreater(len(self.replay("integrate--s--3", "//depot/dev/bt31/...",
                                           "//depot/dev/bt/...")), 30)

    def test_single(self):
        """integrate--plain--1"""
        self.replay("integrate--plain--1", "//depot/tc1/bat/a", "//depot/tc1/bat/b")

    def test_record(self):
        """integrate--ztag--1: records of integrations"""
        self.state.depot("YBB")
        self.state.client("ws", "/ws", ("", "//YBB/development/...", "//ws/..."))
        expected = records("integrate--ztag--1")
        for record in expected:
            self.state.pair(record["depotFile"], int(record["workRev"]), "integrate", record["fromFile"],
                            int(record["startFromRev"]), int(record["endFromRev"]))
            self.state.have("ws", record["depotFile"], "//ws/" + record["depotFile"].rpartition("/")[2],
                            int(record["workRev"]))
        found = self.ours("integrate", "-n", "//YBB/mainline/...", "//YBB/development/...").records
        self.assertEqual([list(record) for record in found], [list(record) for record in expected])
        for record in (*found, *expected):
            record.pop("clientFile")
        self.assertEqual(found, expected)

    def test_branch_record(self):
        """integrate--ztag--2: the record of a new file, of integrate and of copy"""
        (expected,) = records("integrate--ztag--2")
        self.state.client("ws", "/Users/zig/p4", ("", "//depot/...", "//ws/depot/..."))
        source, target = expected["fromFile"], expected["depotFile"]
        self.state.pair(target, 1, "branch", source, 0, int(expected["endFromRev"]))
        for command in (("integ", "-n", "-t", "-i", "-d"), ("copy", "-n")):
            (record,) = self.ours(*command, source, target).records
            self.assertEqual(list(record.items()), list(expected.items()))

    def test_merge(self):
        """merge--plain--1 and --2: what a stream lacks of its parent, and nothing"""
        self.state.put("domain", type=100, name="DPM", kind="stream", map="DPM/...", streamDepth="//DPM/1")
        self.state.stream("//DPM/MAIN", "mainline", "none")
        self.state.stream("//DPM/DEV", "development", "//DPM/MAIN")
        self.state.client("ws", "/ws", ("", "//DPM/DEV/...", "//ws/..."), stream="//DPM/DEV")
        self.state.pair("//DPM/DEV/startbuild", 1, "integrate", "//DPM/MAIN/startbuild", 1, 2)
        self.state.have("ws", "//DPM/DEV/startbuild", "//ws/startbuild", 1)
        shown = self.lines("merge", "-n", "-S", "//DPM/DEV", "-r")
        self.assertEqual(shown[:1], body("merge--plain--1").splitlines())
        self.assertTrue(shown[1].startswith("must resolve content from //DPM/MAIN/startbuild#2"))
        self.state.credit("//DPM/DEV/startbuild", "//DPM/MAIN/startbuild", 2, 1)
        result = self.ours("merge", "-S", "//DPM/DEV", "-r")
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages],
                         [(body("merge--plain--2").strip(), 2, 17)])

    def test_copy(self):
        """copy--plain--1 and --2: over changes that have to be merged first, and the wrong way"""
        self.streams("Codex")
        for name, kind in (("blu", "development"), ("x", "development")):
            self.state.stream(f"//Codex/{name}", kind, "//Codex/main")
        self.state.client("ws", "/ws", ("", "//Codex/main/...", "//ws/..."), stream="//Codex/main")
        self.state.client("wx", "/wx", ("", "//Codex/x/...", "//wx/..."), stream="//Codex/x")
        self.state.revs("//Codex/main/new", 1)
        for args, client, name in ((("-S", "//Codex/blu"), "ws", "copy--plain--1"),
                                   (("--from", "//Codex/main"), "wx", "copy--plain--2")):
            result = self.ours("copy", *args, client=client)
            self.assertEqual([(m.text, m.severity) for m in result.messages], [(body(name).strip(), 3)])

    def test_populate(self):
        """populate--plain--1"""
        self.state.revs("//depot/a/f", 1)
        self.state.revs("//depot/b/g", 2, action="delete")
        result = self.ours("populate", "//depot/a/...", "//depot/b/...")
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages],
                         [(body("populate--plain--1").strip(), 3, 4)])

    def test_all(self):
        """every capture of these commands is replayed, or there is a reason why not"""
        mine = {path.stem for path in TRANSCRIPTS.glob("*.txt")
                if path.stem.split("--")[0] in ("integrate", "merge", "copy", "populate")}
        replayed = {"integrate--s--2", "integrate--s--3", "integrate--plain--1", "integrate--ztag--1",
                    "integrate--ztag--2",
                    "merge--plain--1", "merge--plain--2", "copy--plain--1", "copy--plain--2",
                    "populate--plain--1"}
        self.assertEqual(mine - replayed, set(NOT_APPLIED))
        for name, reason in NOT_APPLIED.items():
            print(f"# not applied: {name}: {reason}")


if __name__ == "__main__":
    tap.main()
