#!/usr/bin/python3
"""submit: the whole change or nothing of it, and what is said when it may not be."""

import hashlib
import os
import re
import threading

import tap
from filecase import FileCase
from wireclient import Client


class Submit(FileCase):
    def tearDown(self):
        self.ws.run("revert", "-w", "//...")

    def test_protocol(self):
        """what is printed, plain and tagged"""
        self.ws.write("p1.txt"), self.ws.write("p2.txt")
        self.ws.good("add", "p1.txt")
        texts = [m.text for m in self.ws.plain("submit", "-d", "one").messages]
        number = re.fullmatch(r"Submitting change (\d+)\.", texts[0])[1]
        self.assertEqual(texts[1:],
                         ["Locking 1 files ...", "add //demo/main/p1.txt#1", f"Change {number} submitted."])
        self.ws.good("add", "p2.txt")
        number = str(int(number) + 1)
        self.assertEqual(self.ws.good("submit", "-d", "two").records, [
            {"change": number}, {"locked": "1"},
            {"depotFile": "//demo/main/p2.txt", "rev": "1", "action": "add"},
            {"submittedChange": number}])

    def test_content(self):
        """digest and size are those of the canonical content"""
        self.ws.write("d.bin", bytes(range(256)) * 700)
        self.ws.write("d.txt", "zeile\n" * 40000)
        self.ws.good("add", "d.bin", "d.txt")
        self.ws.submit()
        for name in ("d.bin", "d.txt"):
            record = self.ws.run("fstat", "-Ol", name).records[0]
            self.assertEqual((record["fileSize"], record["digest"]), (str(len(self.ws.read(name))),
                             hashlib.md5(self.ws.read(name)).hexdigest().upper()))
            self.assertEqual(bytes(self.ws.run("print", "-q", name).data), self.ws.read(name))
        self.assertMessages(self.ws.run("verify", "-q", "//demo/..."))

    def test_keywords(self):
        """keywords are stored collapsed and come back expanded"""
        self.ws.write("k.txt", "$Id$ $Change$ $Other$\n")
        self.ws.good("add", "-t", "ktext", "k.txt")
        result = self.ws.plain("submit", "-d", "keys")
        self.assertIn("//demo/main/k.txt#1 - refreshing", result.infos)
        self.assertRegex(self.ws.read("k.txt").decode(),
                         r"^\$Id: //demo/main/k.txt#1 \$ \$Change: \d+ \$ \$Other\$$")
        self.assertEqual(self.ws.run("fstat", "-Ol", "k.txt").records[0]["fileSize"], "22")
        self.assertEqual(self.ws.run("print", "-q", "-k", "k.txt").text, "$Id$ $Change$ $Other$\n")
        self.ws.good("edit", "k.txt")
        self.assertEqual(len(self.ws.good("revert", "-a").records), 1)

    def test_renamed(self):
        """a change that is not the newest gets a new number"""
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: early\n").infos[0].split()[1]
        self.ws.write("r.txt")
        self.ws.good("add", "-c", number, "r.txt")
        self.ws.add("other.txt")
        result = self.ws.plain("submit", "-c", number)
        new = int(number) + 2
        self.assertEqual(result.infos[-1], f"Change {number} renamed change {new} and submitted.")
        self.assertEqual(self.ws.run("describe", "-s", str(new)).records[0]["oldChange"], number)
        self.assertEqual(self.ws.run("describe", "-s", "-O", number).records[0]["change"], str(new))
        self.assertEqual(self.ws.run("submit", "-c", number).errors, [f"Change {number} unknown."])
        self.assertEqual(self.ws.run("submit", "-c", str(new)).errors,
                         [f"Change {new} is already committed."])

    def test_form(self):
        """-i submits the files of the form"""
        self.ws.write("i1.txt"), self.ws.write("i2.txt")
        self.ws.good("add", "i1.txt", "i2.txt")
        form = "Change: new\nDescription:\n\tby form\nFiles:\n\t//demo/main/i1.txt\t# add\n"
        texts = [m.text for m in self.ws.plain("submit", "-i", stdin=form).messages]
        self.assertRegex(texts[0], r"^Change \d+ created with 1 open file\(s\)\.$")
        self.assertEqual([r["depotFile"] for r in self.ws.run("opened").records], ["//demo/main/i2.txt"])
        wrong = form.replace("i1.txt", "nowhere.txt")
        self.assertEqual(self.ws.run("submit", "-i", stdin=wrong).messages[-1].severity, 3)
        self.assertEqual(self.ws.run("submit", "-i", stdin="nonsense").messages[-1].severity, 3)

    def test_some_files(self):
        """a file argument takes only those of the default change"""
        self.ws.write("s1.txt"), self.ws.write("s2.txt")
        self.ws.good("add", "s1.txt", "s2.txt")
        self.ws.good("submit", "-d", "only one", self.ws.path("s1.txt"))
        self.assertEqual([r["depotFile"] for r in self.ws.run("opened").records], ["//demo/main/s2.txt"])

    def test_nothing(self):
        """nothing to submit"""
        self.check_error(self.ws.run("submit", "-d", "x"), "No files to submit from the default changelist.",
                         3, 17)
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: empty\n").infos[0].split()[1]
        self.check_error(self.ws.run("submit", "-c", number), "No files to submit.", 3, 17)
        self.check_error(self.ws.run("submit", "-c", "99999"), "Change 99999 unknown.", 3, 2)

    def test_out_of_date(self):
        """somebody was faster: a resolve is scheduled and nothing submitted"""
        self.ws.add("o.txt")
        other = self.workspace("slow", "//demo/main")
        other.good("sync")
        other.good("edit", "o.txt")
        other.write("o.txt", "theirs\n")
        self.ws.change("o.txt", "mine\n")
        result = other.plain("submit", "-d", "late")
        number = re.search(r"\d+", result.infos[0])[0]
        self.assertEqual(result.infos[1:], ["//demo/main/o.txt - must resolve #2"])
        self.assertEqual(result.errors, ["Out of date files must be resolved or reverted.",
                                         f"Submit failed -- fix problems above then use 'p4 submit -c"
                                         f" {number}'."])
        self.assertEqual([m.severity for m in result.messages if m.severity > 1], [3, 3])
        record = other.run("fstat", "-Or", "o.txt").records[0]
        self.assertEqual((record["unresolved"], record["resolveFromFile0"], record["resolveEndFromRev0"],
                          record["change"]),
                         ("", "//demo/main/o.txt", "2", number))
        result = other.plain("submit", "-c", number)
        self.assertEqual(result.infos[1:], ["//demo/main/o.txt - must resolve //demo/main/o.txt#2"])
        self.assertEqual(result.errors[0], "Merges still pending -- use 'resolve' to merge files.")
        self.assertEqual(self.ws.files("//demo/main/o.txt"), ["//demo/main/o.txt#2 edit"])

    def test_added_twice(self):
        """a file that somebody else added meanwhile"""
        other = self.workspace("twin", "//demo/main")
        other.write("twin.txt")
        other.good("add", "twin.txt")
        self.ws.add("twin.txt")
        self.assertIn("//demo/main/twin.txt - add of added file; must revert",
                      other.run("submit", "-d", "late").infos)

    def test_delete_of_old(self):
        """a delete of an old revision goes through the second time"""
        self.ws.add("old.txt")
        other = self.workspace("older", "//demo/main")
        other.good("sync")
        self.ws.change("old.txt", "new\n")
        other.good("delete", "old.txt")
        result = other.run("submit", "-d", "away")
        self.assertEqual(other.run("submit", "-c",
                                   re.search(r"submit -c (\d+)", result.errors[-1])[1]).errors, [])
        self.assertEqual(self.ws.files("//demo/main/old.txt"), ["//demo/main/old.txt#3 delete"])

    def test_missing_file(self):
        """a file the client cannot send: nothing is submitted, the files stay open in a change"""
        self.ws.write("m1.txt"), self.ws.write("m2.txt")
        self.ws.good("add", "m1.txt", "m2.txt")
        os.unlink(self.ws.path("m2.txt"))
        result = self.ws.run("submit", "-d", "incomplete")
        self.assertEqual(result.errors[0], "Some file(s) could not be transferred from client.")
        number = re.search(r"submit -c (\d+)", result.errors[1])[1]
        self.assertEqual(self.ws.files("//demo/main/m1.txt"), [])
        self.assertEqual({r["change"] for r in self.ws.run("opened").records}, {number})
        self.ws.write("m2.txt")
        self.assertEqual(self.ws.run("submit", "-c", number).errors, [])

    def test_unchanged(self):
        """SubmitOptions: unchanged files are reverted or left"""
        self.ws.add("u1.txt", "u2.txt")
        self.ws.good("edit", "u1.txt", "u2.txt")
        self.ws.write("u2.txt", "changed\n")
        result = self.ws.plain("submit", "-f", "revertunchanged", "-d", "part")
        self.assertIn("//demo/main/u1.txt#1 - unchanged, reverted", result.infos)
        self.assertEqual(self.ws.run("opened").records, [])
        self.ws.good("edit", "u1.txt")
        result = self.ws.plain("submit", "-f", "leaveunchanged", "-d", "none")
        self.assertIn("//demo/main/u1.txt#1 - unchanged, moved to default changelist", result.infos)
        self.assertEqual(result.errors, ["No files to submit."])
        self.assertEqual(self.ws.run("opened").records[0]["change"], "default")

    def test_reopen(self):
        """-r opens the files again"""
        self.ws.add("again.txt")
        self.ws.good("edit", "again.txt")
        self.ws.write("again.txt", "more\n")
        self.ws.good("submit", "-r", "-d", "again")
        record = self.ws.run("opened").records[0]
        self.assertEqual((record["depotFile"], record["rev"], record["change"]),
                         ("//demo/main/again.txt", "2", "default"))
        self.assertTrue(os.stat(self.ws.path("again.txt")).st_mode & 0o200)

    def test_temporary_revisions(self):
        """+Sn keeps the last contents only"""
        self.ws.write("t.bin", b"1")
        self.ws.good("add", "-t", "binary+S2", "t.bin")
        self.ws.submit()
        for number in range(3):
            self.ws.change("t.bin", b"%d" % number)
        self.assertEqual([line.split()[1] for line in self.ws.files("-a", "//demo/main/t.bin")],
                         ["edit", "edit", "purge", "purge"])
        self.assertEqual(self.ws.run("sizes", "-as", "//demo/main/t.bin").records[0]["fileCount"], "2")

    def test_streams(self):
        """files of a stream only go in from its own clients"""
        self.stream("dev", "development", "//demo/main",
                    ["share ...", "import lib/...", "import+ up/... //demo/main/up/..."])
        self.stream("virt", "virtual", "//demo/main", ["share ..."])
        self.ws.add("lib/l.txt", "up/u.txt")
        plain = self.workspace("plain", view=["//demo/main/... //plain/..."])
        plain.write("p.txt")
        plain.good("add", "p.txt")
        result = plain.run("submit", "-d", "no")
        self.assertEqual(result.infos, ["//demo/main/p.txt - warning: cannot submit from non-stream client"])
        self.assertEqual(result.errors[0][:13], "Submit failed")
        dev = self.workspace("dev", "//demo/dev")
        dev.good("sync")
        self.assertIn("//demo/main/lib/l.txt - warning: cannot submit from stream //demo/dev client",
                      dev.run("edit", "lib/l.txt").infos)
        self.assertEqual(dev.run("submit", "-d", "no").errors[0][:13], "Submit failed")
        dev.good("revert", "//...")
        dev.good("edit", "up/u.txt")
        dev.write("up/u.txt", "from dev\n")
        dev.submit()
        virt = self.workspace("virt", "//demo/virt")
        virt.good("sync")
        virt.add("v.txt")
        self.assertEqual(self.ws.files("//demo/main/v.txt", "//demo/main/up/u.txt"),
                         ["//demo/main/v.txt#1 add", "//demo/main/up/u.txt#2 edit"])

    def test_permission(self):
        """opening is not submitting"""
        self.good("protect", "-i",
                  stdin="Protections:\n\topen user ann * //...\n\twrite user ann * //demo/other/...\n"
                  "\tsuper user super * //...\n")
        ann = self.workspace("ann", "//demo/main", user="ann")
        ann.write("ann.txt")
        ann.good("add", "ann.txt")
        result = ann.run("submit", "-d", "no")
        self.assertEqual(result.infos, ["//demo/main/ann.txt - no permission to lock file"])
        ann.run("revert", "//...")


class Counting(Client):
    """Runs `act` when it has received a number of frames."""

    after, act, seen = 0, None, 0

    def _frame(self, channel, frame, result, files):
        self.seen += 1
        if self.seen == self.after:
            self.act()
        super()._frame(channel, frame, result, files)


class Killed(FileCase):
    """kill -9 of the server at every step of a submit."""

    FILES = ("one.txt", "two.bin", "three.txt")

    def attempt(self, after: int) -> bool:
        """A submit whose server dies after so many frames; whether it was over before."""
        for name in self.FILES:
            self.ws.write(name, os.urandom(70000) + str(after).encode())
        if not self.ws.files("//demo/main/one.txt"):
            self.ws.good("add", *self.FILES)
        else:
            self.ws.good("edit", *self.FILES)
            for name in self.FILES:
                self.ws.write(name, os.urandom(70000) + str(after).encode())
        client = Counting(self.server.port, client="ws", cwd=self.ws.root)
        client.after, client.act = after, self.server.kill
        client.run("submit", "-d", f"attempt {after}")
        if client.seen < after:
            return True
        self.server.start()
        self.ws.client.port = self.server.port
        return False

    def test_killed(self):
        """all files of the change are there, or none, and the change can be submitted again"""
        outcomes = []
        for after in range(1, 40):
            before = self.heads()
            over = self.attempt(after)
            revisions = self.heads()
            self.assertIn(len({*revisions}), (0, 1), (after, revisions))
            self.assertEqual(self.ws.run("verify", "-q", "//demo/...").errors, [])
            outcomes.append(revisions != before)
            if over:
                break
            self.finish(revisions != before)
        self.assertTrue(over)
        self.assertIn(True, outcomes)
        self.assertIn(False, outcomes)

    def heads(self) -> list[str]:
        return [r["rev"] for r in self.ws.run("files", "//demo/main/...").records]

    def finish(self, done: bool) -> None:
        """After a crash the files are still open, unless the change is in."""
        opened = self.ws.run("opened").records
        self.assertEqual(len(opened), 0 if done else len(self.FILES))
        if not done:
            change = opened[0]["change"]
            number = ["-d", "again"] if change == "default" else ["-c", change]
            self.ws.good("submit", *number)
        for name in self.FILES:
            self.assertEqual(bytes(self.ws.run("print", "-q", self.ws.path(name)).data), self.ws.read(name))


class Together(FileCase):
    def test_many_clients(self):
        """eight clients submit at once: every change is whole, numbers and times ascend"""
        spaces = [self.workspace(f"c{n}", "//demo/main") for n in range(8)]
        errors: list = []

        def work(ws) -> None:
            for number in range(5):
                ws.write(f"{ws.name}/{number}.txt", ws.name)
                ws.write(f"{ws.name}/{number}b.txt", ws.name)
                for command in (("add", ws.path(f"{ws.name}/{number}.txt"),
                                 ws.path(f"{ws.name}/{number}b.txt")),
                                ("submit", "-d", f"{ws.name} {number}")):
                    errors.extend(ws.run(*command).errors)
        threads = [threading.Thread(target=work, args=(ws,)) for ws in spaces]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(errors, [])
        changes = self.ws.run("changes", "-s", "submitted").records
        self.assertEqual(len(changes), 40)
        numbers = [int(r["change"]) for r in changes]
        self.assertEqual(numbers, sorted(numbers, reverse=True))
        times = [int(r["time"]) for r in changes]
        self.assertEqual(times, sorted(times, reverse=True))
        for number in numbers:
            described = self.ws.run("describe", "-s", str(number)).records[0]
            self.assertEqual(sum(key.startswith("depotFile") for key in described), 2)

    def test_same_file(self):
        """four clients want the same file: what goes in is one after the other, the others are told why not"""
        self.ws.add("same.txt", content="0\n")
        spaces = [self.workspace(f"s{n}", "//demo/main") for n in range(4)]
        done: list[str] = []
        refused: list[str] = []

        def work(ws) -> None:
            for number in range(6):
                ws.run("sync", "-q")
                ws.run("edit", ws.path("same.txt"))
                ws.write("same.txt", f"{ws.name} {number}\n")
                result = ws.run("submit", "-d", f"{ws.name} {number}")
                if result.errors:
                    refused.append(result.errors[0])
                    ws.run("revert", "//...")
                else:
                    done.append(f"{ws.name} {number}\n")
        threads = [threading.Thread(target=work, args=(ws,)) for ws in spaces]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(self.ws.files("//demo/main/same.txt"), [f"//demo/main/same.txt#{len(done) + 1} edit"])
        self.assertEqual({bytes(self.ws.run("print", "-q", f"//demo/main/same.txt#{rev}").data).decode()
                          for rev in range(2, len(done) + 2)}, set(done))
        self.assertLessEqual(set(refused), {"Out of date files must be resolved or reverted.",
                                            "File(s) couldn't be locked."})


if __name__ == "__main__":
    tap.main()
