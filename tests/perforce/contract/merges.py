"""Integrating with what follows: resolve, shelve, submit of a shelf, locks, and the ways these fail."""

from .case import EMPTY, FAILED, NOTHING, Contract

BASE = "".join(f"line {number}\n" for number in range(1, 9))
NOTYET = 5                      # generic code


class Merges(Contract):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.stream("dev", "development", "//demo/main", ["share ..."])
        cls.workspace("dev", "//demo/dev")

    def merge(self, name: str, theirs: str, yours: str | None) -> None:
        """A file of main in dev with a base, changed on both sides, and open for the merge."""
        self.add({name: BASE})
        self.ok("merge", "--from", "//demo/main", f"//demo/dev/{name}", client="dev")
        self.ok("resolve", "-am", client="dev")
        self.submit("branch", client="dev")
        self.edit(name, theirs)
        if yours is not None:
            self.edit(name, yours, "dev")
        self.ok("merge", "--from", "//demo/main", f"//demo/dev/{name}", client="dev")

    def edit(self, name: str, content: str, client: str = "ws") -> None:
        self.ok("edit", name, client=client)
        self.write(name, content, client)
        self.submit("edit", client=client)

    def unresolved(self, name: str) -> list[dict[str, str]]:
        return self.p4("resolve", "-n", "-o", f"//demo/dev/{name}", client="dev").records

    def read(self, spec: str) -> str:
        return self.run_p4("print", "-q", spec).stdout.decode()

    def test_preview(self):
        """resolve -n -o tells both files, the revisions and the base"""
        self.merge("preview.txt", BASE.replace("line 2", "theirs"), BASE.replace("line 7", "yours"))
        (record,) = self.unresolved("preview.txt")
        self.assertEqual({key: record[key] for key in ("clientFile", "fromFile", "endFromRev", "resolveType",
                                                       "baseFile", "baseRev")},
                         {"clientFile": f"{self.room}/dev/preview.txt",
                          "fromFile": "//demo/main/preview.txt", "endFromRev": "2", "resolveType": "content",
                          "baseFile": "//demo/main/preview.txt", "baseRev": "1"})
        self.ok("revert", "//...", client="dev")

    def test_merged(self):
        """changes of different lines are merged; what was merged is not asked about again"""
        self.merge("merged.txt", BASE.replace("line 2", "theirs"), BASE.replace("line 7", "yours"))
        done = self.ok("resolve", "-am", client="dev")
        self.assertIn("Diff chunks: 1 yours + 1 theirs + 0 both + 0 conflicting", done.infos)
        self.submit("merged", client="dev")
        self.assertEqual(self.read("//demo/dev/merged.txt"),
                         BASE.replace("line 2", "theirs").replace("line 7", "yours"))
        done = self.p4("merge", "--from", "//demo/main", "//demo/dev/merged.txt", client="dev")
        self.assertEqual([m[:2] for m in done.messages], [(EMPTY, NOTHING)])
        self.assertEqual(done.status, 0)
        (record,) = self.p4("filelog", "-m1", "//demo/dev/merged.txt").records
        self.assertEqual((record["action0"], record["how0,0"], record["file0,0"], record["erev0,0"]),
                         ("integrate", "merge from", "//demo/main/merged.txt", "#2"))

    def test_conflict(self):
        """a conflict is skipped without failing, blocks its change, and is accepted either way"""
        for option, expected in (("-at", "theirs"), ("-ay", "yours")):
            name = f"conflict{option}.txt"
            self.merge(name, BASE.replace("line 2", "theirs"), BASE.replace("line 2", "yours"))
            done = self.p4("resolve", "-am", client="dev")
            self.assertEqual((done.status, done.messages), (0, []))
            self.assertIn("Diff chunks: 0 yours + 0 theirs + 0 both + 1 conflicting", done.infos)
            self.assertEqual(len(self.unresolved(name)), 1)
            done = self.p4("submit", "-d", "too early", client="dev")
            self.assertEqual((done.status, [m[:2] for m in done.messages]), (1, [(FAILED, NOTYET)] * 2))
            number = self.p4("opened", client="dev").records[0]["change"]
            self.ok("resolve", option, client="dev")
            self.assertEqual(self.unresolved(name), [])
            self.ok("submit", "-c", number, client="dev")
            self.assertEqual(self.read(f"//demo/dev/{name}"), BASE.replace("line 2", expected))

    def test_nothing(self):
        """nothing to resolve is a warning"""
        done = self.p4("resolve", "-am", client="dev")
        self.assertEqual((done.messages, done.status), ([(EMPTY, NOTHING, "No file(s) to resolve.")], 0))

    def test_deleted(self):
        """a deletion meets a change: nobody decides by himself"""
        self.add({"gone.txt": BASE})
        self.ok("merge", "--from", "//demo/main", "//demo/dev/gone.txt", client="dev")
        self.ok("resolve", "-am", client="dev")
        self.submit("branch", client="dev")
        self.edit("gone.txt", BASE + "more\n", "dev")
        self.ok("sync")
        self.ok("delete", "gone.txt")
        self.submit("delete")
        self.ok("merge", "--from", "//demo/main", "//demo/dev/gone.txt", client="dev")
        self.ok("resolve", "-am", client="dev")
        (record,) = self.unresolved("gone.txt")
        self.assertEqual(record["resolveType"], "delete")
        self.ok("resolve", "-at", client="dev")
        self.submit("accepted", client="dev")
        self.assertEqual(self.p4("files", "//demo/dev/gone.txt").records[0]["action"], "delete")

    def test_shelf(self):
        """a shelf is read, blocks its change, is submitted with its records, and is gone then"""
        self.merge("shelf.txt", BASE.replace("line 2", "theirs"), None)
        self.ok("resolve", "-am", client="dev")
        (text,) = self.ok("change", "-i", stdin="Change: new\nDescription:\n\tshelf\n", client="dev").infos
        number = text.split()[1]
        self.ok("reopen", "-c", number, "//demo/dev/shelf.txt", client="dev")
        self.ok("shelve", "-c", number, client="dev")
        self.assertEqual(self.read(f"//demo/dev/shelf.txt@={number}"), BASE.replace("line 2", "theirs"))
        done = self.p4("submit", "-c", number, client="dev")
        self.assertEqual((done.status, [m[:2] for m in done.messages]), (1, [(FAILED, NOTYET)]))
        done = self.p4("submit", "-e", number, client="dev")
        self.assertEqual((done.status, done.messages[-1][:2]), (1, (FAILED, NOTYET)))
        self.ok("revert", "-c", number, "//...", client="dev")
        done = self.ok("submit", "-e", number, client="dev")
        submitted = next(r["submittedChange"] for r in done.records if "submittedChange" in r)
        self.assertEqual(self.p4("files", "//demo/dev/shelf.txt").records[0]["change"], submitted)
        self.assertEqual(self.p4("describe", "-s", "-S", submitted).records[0].get("depotFile0"), None)
        (record,) = self.p4("filelog", "-m1", "//demo/dev/shelf.txt").records
        self.assertEqual(record["how0,0"], "copy from")
        self.ok("sync", client="dev")
        with open(f"{self.room}/dev/shelf.txt") as file:
            self.assertEqual(file.read(), BASE.replace("line 2", "theirs"))

    def test_unshelve(self):
        """a shelf comes back into the workspace; deleted it leaves an empty change that can go"""
        self.write("unshelve.txt", "shelved\n")
        (text,) = self.ok("change", "-i", stdin="Change: new\nDescription:\n\tshelf\n").infos
        number = text.split()[1]
        self.ok("add", "-c", number, "unshelve.txt")
        self.ok("shelve", "-c", number)
        self.ok("revert", "-w", "//...")
        self.ok("unshelve", "-s", number, "-c", number)
        (record,) = self.p4("opened", "-c", number).records
        self.assertEqual((record["action"], record["change"]), ("add", number))
        self.ok("revert", "-w", "//...")
        self.assertEqual(self.p4("change", "-d", number).status, 1)
        self.ok("shelve", "-d", "-c", number)
        self.ok("change", "-d", number)

    def test_locked(self):
        """a file somebody has locked cannot be submitted, and can when it is unlocked"""
        self.add({"locked.txt": BASE})
        self.workspace("locker", "//demo/main")
        self.ok("sync", client="locker")
        self.ok("edit", "locked.txt", client="locker")
        self.ok("lock", "locked.txt", client="locker")
        self.ok("edit", "locked.txt")
        self.write("locked.txt", "mine\n")
        done = self.p4("submit", "-d", "locked")
        self.assertEqual((done.status, done.messages[-1][:2]), (1, (FAILED, NOTYET)))
        number = self.p4("opened").records[0]["change"]
        self.ok("unlock", "locked.txt", client="locker")
        self.ok("submit", "-c", number)
        self.ok("revert", "//...", client="locker")

    def test_overtaken(self):
        """a merge that was overtaken has to be resolved with what overtook it"""
        self.merge("late.txt", BASE.replace("line 2", "theirs"), BASE.replace("line 7", "yours"))
        self.ok("resolve", "-am", client="dev")
        self.workspace("fast", "//demo/dev")
        self.ok("sync", client="fast")
        self.edit("late.txt", BASE.replace("line 7", "yours").replace("line 5", "fast"), "fast")
        done = self.p4("submit", "-d", "late", client="dev")
        self.assertEqual((done.status, [m[:2] for m in done.messages]), (1, [(FAILED, NOTYET)] * 2))
        number = self.p4("opened", client="dev").records[0]["change"]
        self.ok("sync", client="dev")
        self.ok("resolve", "-am", client="dev")
        self.ok("submit", "-c", number, client="dev")
        expected = BASE.replace("line 2", "theirs").replace("line 5", "fast").replace("line 7", "yours")
        self.assertEqual(self.read("//demo/dev/late.txt"), expected)
