#!/usr/bin/python3
"""Replays the captures that need a closer look: from Windows clients, servers of other ages, and tests' authors who
changed or invented a part.  What is not compared is said beside it.

Not replayed, for a server of this kind could not have printed them:
  annotate, job, pull, tag, license: commands that are not served
  resolve--plain--10: a manual's picture of a prompt, with another letter than servers print (see test_resolve)
"""

import os
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

import tap
import test_replay_files as replay
import test_replay_listings as listings
from frameserver import P4
from server.openfiles import HOW
from test_replay_files import TRANSCRIPTS, body, records

HOWS = {text: number for number, text in (HOW.items() if isinstance(HOW, dict) else enumerate(HOW))}


def unix(text: str) -> str:
    """Paths of a Windows client as they would be here: c:\\p4 is /p4; its quotes are those of the client's Root."""
    return re.sub(r"\b[a-zA-Z]:(?=\\)", "", text).replace("\\", "/").replace('"', "")


@unittest.skipUnless(TRANSCRIPTS.is_dir(), f"no captures at {TRANSCRIPTS}")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Rest(replay.Case):
    ours, lines, shown = replay.Transcripts.ours, replay.Transcripts.lines, replay.Transcripts.shown
    fstat_state, filelog_state = replay.Transcripts.fstat_state, replay.Transcripts.filelog_state
    long_state = listings.Listings.long_state
    p4, workspace = listings.Listings.p4, listings.Listings.workspace

    # submit

    def trigger(self, kind: str, name: str, script: str) -> None:
        """A trigger of the whole depot, which is the super user to the server."""
        file = Path(tempfile.mkdtemp(prefix="replay-"), "trigger")
        self.addCleanup(subprocess.run, ["rm", "-rf", file.parent], check=True)
        port = f"127.0.0.1:{self.server.port}"
        file.write_text(f"#!/bin/sh\nexport P4PORT={port} P4USER=super HOME=/nonexistent\n{script}\n")
        file.chmod(0o755)
        self.ours("triggers", "-i", stdin=f"Triggers:\n\t{name} {kind} //... {file}\n")

    def submit(self, name: str, rev: int, trigger: str, script: str) -> subprocess.CompletedProcess:
        """Submits by a form what a capture shows, beginning with the number it shows."""
        root = self.workspace()
        text = body(name)
        number = int(re.match(r"Change (\d+) created", text)[1])
        path = re.search(r"(?m)^(?:add|edit) (//.*)#", text)[1]
        local = Path(root, path.removeprefix("//depot/"))
        local.parent.mkdir(parents=True)
        local.write_text("one\n")
        if rev > 1:
            self.p4("add", str(local), cwd=root)
            self.p4("submit", "-d", "x", cwd=root)
            self.p4("edit", str(local), cwd=root)
            local.write_text("two\n")
        else:
            self.p4("add", str(local), cwd=root)
        self.ours("counter", "-f", "change", str(number - 1))
        self.trigger("change-content", trigger, script)
        form = f"Change: new\nDescription: x\nFiles:\n\t{path}\n"
        return subprocess.run([P4, "-p", f"127.0.0.1:{self.server.port}", "-u", "super", "-c", "ws", "submit", "-i"],
                              input=form, capture_output=True, text=True, check=False, cwd=root,
                              env={"HOME": "/nonexistent"})

    def test_submit_renumbered(self):
        """submit--plain--1: other changes were made meanwhile (the capture's author put in two numbers of his)"""
        lines = self.shown("submit--plain--1")
        edited, final = re.findall(r"\d+", lines[-1])
        done = self.submit("submit--plain--1", 1, "busy", f"{P4} counter -f change {int(final) - 1} >/dev/null")
        started = re.search(r"\d+", lines[0])[0]
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.splitlines(), [*lines[:-1], lines[-1].replace(edited, started)])

    def test_submit_refused(self):
        """submit--plain--3: a trigger refuses the contents"""
        info, _, errors = body("submit--plain--3").partition("Submit validation failed")
        said = errors.partition("validation failed:\n")[2]
        done = self.submit("submit--plain--3", 2, "checkstyle", f"cat <<'END'\n{said}END\nexit 1")
        self.assertEqual((done.returncode, done.stdout), (1, info))
        shown = [line.rstrip() for line in done.stderr.splitlines() if line.strip()]
        self.assertEqual(shown[:2] + shown[-1:],
                         [line for line in ("Submit validation failed" + errors).splitlines() if line][:2]
                         + [said.strip()])

    def test_submit_record(self):
        """submit--ztag--1: the record of a file"""
        root = self.workspace()
        Path(root, "hello.txt").write_text("x\n")
        self.ours("add", "hello.txt", cwd=root)
        shown = self.p4("-ztag", "submit", "-d", "x", cwd=root).stdout.split("\n\n")
        (expected,) = records("submit--ztag--1")
        found = [dict(re.findall(r"(?m)^\.\.\. (\S+) (.*)$", record)) for record in shown]
        self.assertIn(expected, found)

    # where things are

    def test_where(self):
        """where--s--1 and --3: of Windows clients (one has lost its name to the author); exclusions stood elsewhere in 2006"""
        for name, client, root in (("where--s--1", "user_client", "/p4"), ("where--s--3", "client", "/p4-test/my root")):
            with self.subTest(name):
                self.setUp()
                text = unix(body(name)).replace("albrecht_test", client).replace("/zpm/", "/proj/")
                rows = re.findall(rf"(?m)^info: (-?)(//.*?) (//.*?) ({root}/.*)$", text)
                self.state.client(client, root, *(row[:3] for row in rows), owner="super")
                shown = self.lines("where", "//depot/...", client=client)
                for flag, left, right, path in rows:
                    self.assertIn(f"{flag}{left} {right} {path}", shown)
                self.assertEqual(sorted(shown), sorted("{}{} {} {}".format(*row) for row in rows))
                mapped = [line for line in shown if not line.startswith("-")]
                self.assertEqual(mapped, ["{}{} {} {}".format(*row) for row in rows if not row[0]])

    def test_info(self):
        """info--plain--1 and --3: the same labels in the same order (neither a proxy nor a replica is here)"""
        self.workspace()
        with self.state.store.write():
            self.state.store.insert("config", name="serverid", value="one")
        labels = [line.partition(":")[0] for line in self.p4("info").stdout.splitlines()]
        for name in ("info--plain--1", "info--plain--3"):
            captured = [line.partition(":")[0] for line in self.shown(name)]
            missing = [label for label in captured if label not in labels]
            self.assertIn(missing, (["Proxy version"], ["Replica of"]))
            self.assertEqual([label for label in labels if label in captured],
                             [label for label in captured if label in labels])

    # records

    def test_changes(self):
        """changes--ztag--2: put together by its author: submitted, renumbered, restricted and shelved at once"""
        (expected,) = records("changes--ztag--2")
        self.state.change(int(expected["change"]), expected["user"], expected["client"], int(expected["time"]),
                          expected["desc"], path=expected["path"], oldChange=int(expected["oldChange"]), shelved=1)
        with self.state.store.write():
            self.state.store.execute("UPDATE change SET type = ?", expected["changeType"])
        (record,) = self.ours("changes").records
        self.assertEqual(record, expected)

    def test_change_form(self):
        """change--plain--1: the fields and the list of files (its comments are cut by its author)"""
        root = self.workspace()
        self.state.revs("//depot/testArea/testFile", 1)
        self.state.opened("ws", "super", "//depot/testArea/testFile", "//ws/testArea/testFile")
        shown = self.p4("change", "-o", cwd=root).stdout
        fields = re.compile(r"(?m)^(\w+):(?:\t(.*))?$")
        expected = [(key, {"cli": "ws", "user": "super"}.get(value, value)) for key, value in
                    fields.findall(body("change--plain--1"))]
        ours = [pair for pair in fields.findall(shown) if pair[0] in dict(expected)]
        self.assertEqual(ours, expected)
        self.assertIn("\t" + self.shown("change--plain--1")[-1] + "\n", shown)

    def test_fstat(self):
        """fstat--ztag--1, --5 and --16: local paths of other machines; --16 has lost the number of `otherOpen`"""
        for name, flags in (("fstat--ztag--1", ()), ("fstat--ztag--5", ("-e", "38")), ("fstat--ztag--16", ())):
            for expected in records(name):
                with self.subTest(name, path=expected["depotFile"]):
                    self.setUp()
                    expected = {key: value.strip() for key, value in expected.items() if key != "otherOpen"}
                    local = unix(expected.pop("clientFile"))
                    self.state.change(int(expected["headChange"]), "super", "ws", 0, "x\n")
                    path = self.fstat_state(expected, local.rpartition("/")[0])
                    (record,) = [r for r in self.ours("fstat", *flags, path).records if "depotFile" in r]
                    self.assertEqual(record.pop("clientFile"), local)
                    self.assertLessEqual(expected.items(), record.items())

    def test_filelog(self):
        """filelog--plain--2: -l -t -i (how files came about is in words of its author: these lines are left out)"""
        text = "\n".join(line for line in body("filelog--plain--2").split("\n") if not line.startswith("... ... "))
        blocks = re.split(r"(?m)^(?=//)", text)[1:]
        for block in blocks:
            path = block.split("\n")[0]
            with self.subTest(path):
                self.setUp()
                self.long_state(re.sub(r"( on \S+) (\d+:\d+:\d+)", r"\1:\2", block.rstrip("\n") + "\n"))
                shown = self.p4("filelog", "-l", "-t", path).stdout
                self.assertEqual([line for line in shown.split("\n") if line.strip()],
                                 [line for line in block.split("\n") if line.strip()])

    def test_integrated(self):
        """integrated--plain--1: each line as such (together they are no history)"""
        line = re.compile(r"(\S+?)#(\d+)(?:,#(\d+))? - (.*) (//\S+?)#(\d+)(?:,#(\d+))?$")
        for text in self.shown("integrated--plain--1"):
            with self.subTest(text):
                self.setUp()
                target, low, high, how, source, start, end = line.match(text).groups()
                self.state.put("integed", toFile=target, fromFile=source, how=HOWS[how], change=1,
                               startToRev=int(low) - 1, endToRev=int(high or low),
                               startFromRev=int(start) - 1, endFromRev=int(end or start))
                self.state.revs(target, int(high or low))
                self.assertEqual(self.lines("integrated", target), [text])

    # sync

    def test_sync(self):
        """sync--plain--3: a new file; --9: the client's own failure after the line, exit status 1"""
        root = self.workspace()
        for name in ("a", "b"):
            Path(root, name).write_text("x\n")
            self.p4("add", name, cwd=root)
        self.p4("submit", "-d", "x", cwd=root)
        self.p4("sync", "#none", cwd=root)
        expected = self.shown("sync--plain--3")[0].replace("<depot>", "//depot/a").replace("<local>", f"{root}/a")
        self.assertEqual(self.p4("sync", "a", cwd=root).stdout.splitlines(), [expected])
        Path(root, "b", "in the way").mkdir(parents=True)
        done = self.p4("sync", "-f", "b", cwd=root)
        info, failure = self.shown("sync--plain--9")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout.splitlines(), [f"//depot/b#1 - added as {root}/b"])
        self.assertEqual(re.sub(r": [^:]*$", "", done.stderr.strip()),
                         re.sub(r": [^:]*$", "", failure).replace(info.split(" as ")[-1].split()[-1], f"{root}/b"))

    # forms and settings

    def test_forms(self):
        """user--s--2, branch--s--1 and --2: fields and values (info lines, another comment, and `direct` were theirs)"""
        for name, kind in (("user--s--2", "user"), ("branch--s--1", "branch"), ("branch--s--2", "branch")):
            with self.subTest(name):
                self.setUp()
                form = "\n".join(line.removeprefix("info:").removeprefix(" ") for line in body(name).splitlines()
                                 if line.startswith("info:"))
                form = re.sub(r"(?m)^#.*\n", "", form).replace("locked direct", "locked")
                self.assertEqual(self.ours(kind, "-i", *(("-f",) if kind == "user" else ()), stdin=form).errors, [])
                shown = self.p4("-s", kind, "-o", form.split()[1]).stdout
                self.assertTrue(shown.endswith("\nexit: 0\n"))
                lines = [line.removeprefix("text:").strip() for line in shown.splitlines()]
                for line in filter(None, form.splitlines()):
                    if not line.startswith(("Update:", "Access:")):
                        self.assertIn(line.strip(), lines)

    def test_set(self):
        """set--plain--1: where settings come from; `(set)` is a registry's, here it is a file's `(enviro)`"""
        with tempfile.TemporaryDirectory(prefix="replay-") as room:
            expected = body("set--plain--1").replace("/tmp/x", room).replace("(set)", "(enviro)").strip().splitlines()
            values = dict(line.split(" (")[0].split("=", 1) for line in expected)
            Path(room, ".p4config").write_text(f"P4CLIENT={values['P4CLIENT']}\nP4PORT={values['P4PORT']}\n")
            Path(room, "enviro").write_text(f"P4EDITOR={values['P4EDITOR']}\n")
            environment = {"HOME": room, "P4CONFIG": values["P4CONFIG"], "P4DIFF": values["P4DIFF"],
                           "P4ENVIRO": f"{room}/enviro", "PATH": os.environ["PATH"]}
            done = subprocess.run([P4, "set"], capture_output=True, text=True, check=True, cwd=room, env=environment)
            self.assertEqual([line for line in done.stdout.splitlines() if not line.startswith("P4ENVIRO")], expected)


if __name__ == "__main__":
    tap.main()
