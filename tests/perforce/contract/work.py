"""Working with files: open, submit, sync, move, revert."""

import os

from .case import Contract


class Work(Contract):
    def test_round(self):
        """add, edit, delete through a workspace"""
        self.write("r/a.txt", "one\n")
        (record,) = self.ok("add", "r/a.txt").records
        self.assertEqual((record["depotFile"], record["action"], record["type"]),
                         ("//demo/main/r/a.txt", "add", "text"))
        change = self.submit("first")
        self.assertFalse(os.access(f"{self.room}/ws/r/a.txt", os.W_OK) and os.getuid())
        self.ok("edit", "r/a.txt")
        self.write("r/a.txt", "one\ntwo\n")
        (record,) = self.p4("opened").records
        self.assertEqual((record["action"], record["rev"], record["change"], record["clientFile"]),
                         ("edit", "1", "default", "//ws/r/a.txt"))
        self.submit("second")
        self.assertEqual(self.run_p4("print", "-q", "//demo/main/r/a.txt").stdout, b"one\ntwo\n")
        self.assertEqual(self.run_p4("print", "-q", f"//demo/main/r/a.txt@{change}").stdout, b"one\n")
        self.ok("delete", "r/a.txt")
        self.submit("third")
        (record,) = self.p4("filelog", "//demo/main/r/a.txt").records
        self.assertEqual([record[f"action{n}"] for n in range(3)], ["delete", "edit", "add"])

    def test_change(self):
        """a numbered change is created, submitted under its number or a newer one, and described"""
        (text,) = self.ok("change", "-i", stdin="Change: new\nDescription:\n\twaiting\n").infos
        number = text.split()[1]
        self.write("c.txt")
        self.ok("add", "-c", number, "c.txt")
        newer = self.add({"other.txt": "x\n"})
        done = self.ok("submit", "-c", number)
        submitted = int(done.records[-1]["submittedChange"])
        self.assertGreater(submitted, newer)
        (record,) = self.p4("describe", "-s", str(submitted)).records
        self.assertEqual((record["desc"], record["depotFile0"], record["action0"], record["oldChange"]),
                         ("waiting\n", "//demo/main/c.txt", "add", number))

    def test_nothing_to_submit(self):
        """an empty change is refused"""
        done = self.p4("submit", "-d", "nothing")
        self.assertEqual((done.messages, done.status),
                         ([(3, 17, "No files to submit from the default changelist.")], 1))

    def test_out_of_date(self):
        """the second of two edits has to resolve"""
        self.add({"o.txt": "o\n"})
        self.workspace("late", "//demo/main")
        self.ok("sync", "-q", client="late")
        self.ok("edit", "o.txt", client="late")
        self.ok("edit", "o.txt")
        self.write("o.txt", "mine\n")
        self.submit("mine")
        self.write("o.txt", "late\n", "late")
        done = self.p4("submit", "-d", "late", client="late")
        self.assertEqual(done.status, 1)
        self.assertIn("Out of date files must be resolved or reverted.", done.texts)
        number = done.texts[-1].rpartition(" ")[2].rstrip(".'")
        self.assertEqual(self.p4("opened", client="late").records[0]["change"], number)
        self.ok("revert", "//...", client="late")

    def test_sync(self):
        """sync to a change, to nothing, and back"""
        first = self.add({"s/a.txt": "1\n"})
        self.ok("edit", "s/a.txt")
        self.write("s/a.txt", "2\n")
        self.submit("two")
        path = f"{self.room}/ws/s/a.txt"
        (record,) = self.ok("sync", f"//ws/s/...@{first}").records
        self.assertEqual((record["action"], record["rev"], record["clientFile"]), ("updated", "1", path))
        self.assertEqual(open(path).read(), "1\n")
        self.assertEqual(self.ok("sync", "//ws/s/...#none").records[0]["action"], "deleted")
        self.assertFalse(os.path.exists(path))
        self.assertEqual(self.ok("sync", "-n", "//ws/s/...").records[0]["action"], "added")
        self.assertFalse(os.path.exists(path))
        self.ok("sync", "//ws/s/...")
        (record,) = self.p4("have", "//ws/s/...").records
        self.assertEqual((record["haveRev"], record["path"]), ("2", path))

    def test_move(self):
        """a move has two halves"""
        self.add({"m/old.txt": "m\n"})
        self.ok("edit", "m/old.txt")
        self.ok("move", "m/old.txt", "m/new.txt")
        self.assertEqual(sorted(r["action"] for r in self.p4("opened", "//demo/main/m/...").records),
                         ["move/add", "move/delete"])
        self.submit("move")
        (record,) = self.p4("integrated", "//demo/main/m/new.txt").records
        self.assertEqual((record["how"], record["fromFile"]), ("moved from", "//demo/main/m/old.txt"))

    def test_revert(self):
        """revert brings the content back"""
        self.add({"v.txt": "v\n"})
        self.ok("edit", "v.txt")
        self.write("v.txt", "spoiled")
        (record,) = self.ok("revert", "v.txt").records
        self.assertEqual((record["oldAction"], record["action"]), ("edit", "reverted"))
        self.assertEqual(open(f"{self.room}/ws/v.txt").read(), "v\n")

    def test_names(self):
        """special characters are encoded, other bytes survive"""
        self.write("odd@#%*.txt")
        self.ok("add", "-f", "odd@#%*.txt")
        self.write("größe mit blanks.txt")
        self.ok("add", "größe mit blanks.txt")
        odd = b"\xff\xfe.txt".decode("utf-8", "surrogateescape")
        self.write(odd)
        self.ok("add", odd)
        self.submit("odd names")
        for name in ("odd%40%23%25%2A.txt", "größe mit blanks.txt", odd):
            (record,) = self.p4("files", f"//demo/main/{name}").records
            self.assertEqual(record["depotFile"], f"//demo/main/{name}")
        (record,) = self.p4("where", "//demo/main/odd%40%23%25%2A.txt").records
        self.assertEqual(record["path"], f"{self.room}/ws/odd@#%*.txt")

    def test_switch(self):
        """one client serves one stream after another"""
        self.stream("side", "development", "//demo/main", ["share ..."])
        self.workspace("wander", "//demo/main")
        self.ok("client", "-s", "-S", "//demo/side", client="wander")
        (record,) = self.p4("client", "-o", client="wander").records
        self.assertEqual((record["Stream"], record["View0"]),
                         ("//demo/side", "//demo/side/... //wander/..."))
        done = self.p4("submit", "-d", "x", client="wander")
        self.assertEqual(done.status, 1)
