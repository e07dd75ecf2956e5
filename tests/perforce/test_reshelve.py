#!/usr/bin/python3
"""reshelve: shelves copied into others."""

import tap
from filecase import FileCase


class Reshelve(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a", "b", content="one\n")

    def setUp(self):
        self.addCleanup(self.ws.run, "revert", "-w", "//...")

    def shelve(self) -> str:
        """A shelf of an edit, an addition and a deletion; its number."""
        self.ws.good("edit", "a")
        self.ws.write("a", "shelved\n")
        self.ws.write("new", "added\n")
        self.ws.good("add", self.ws.path("new"))
        self.ws.good("delete", "b")
        made = self.plain("change", "-i", stdin="Change: new\nDescription: first\nFiles:\n" + "".join(
            f"\t//demo/main/{name}\n" for name in ("a", "b", "new")))[0].split()[1]
        self.ws.good("shelve", "-c", made)
        return made

    def plain(self, *args: str, stdin: str | None = None) -> list[str]:
        return [message.text for message in self.ws.plain(*args, stdin=stdin).messages]

    def test_new(self):
        """without -c a new change gets the files, with contents of their own"""
        first = self.shelve()
        said = self.plain("reshelve", "-s", first)
        number = said[0].split()[-1].rstrip(".")
        self.assertEqual(said, [f"Shelving files for change {number}.", "edit //demo/main/a#1", "delete //demo/main/b#1",
                                "add //demo/main/new#1", f"Change {number} files shelved."])
        self.ws.good("shelve", "-d", "-c", first)
        self.ws.good("revert", "-w", "//...")
        self.ws.good("change", "-d", first)
        self.ws.good("unshelve", "-s", number)
        self.assertEqual((self.ws.read("a"), self.ws.read("new"), self.ws.exists("b")), (b"shelved\n", b"added\n", False))
        self.assertEqual(self.ws.run("changes", "-s", "shelved").records[0]["desc"], "first\n")

    def test_into(self):
        """-c adds to a shelf of one's own; -f replaces what is in it"""
        first = self.shelve()
        target = self.plain("change", "-i", stdin="Change: new\nDescription: second\n")[0].split()[1]
        self.ws.good("reshelve", "-s", first, "-c", target, "//demo/main/a")
        self.assertEqual(self.ws.run("describe", "-S", "-s", target).records[0]["depotFile0"], "//demo/main/a")
        (message,) = self.ws.run("reshelve", "-s", first, "-c", target, "//demo/main/a").messages
        self.assertEqual((message.text, message.severity, message.generic),
                         ("//demo/main/a - already shelved, use -f to update.", 3, 1))
        self.ws.write("a", "shelved again\n")
        self.ws.good("shelve", "-f", "-c", first)
        records = self.ws.good("reshelve", "-s", first, "-c", target, "-f").records
        self.assertEqual([list(record) for record in records], [["change"]] + [["depotFile", "rev", "action"]] * 3)
        self.assertEqual(self.ws.run("print", "-q", f"//demo/main/a@={target}").text, "shelved again\n")

    def test_refused(self):
        """what has no shelf, is no change, or belongs to somebody else"""
        first = self.shelve()
        submitted = self.ws.run("changes", "-s", "submitted", "-m1").records[0]["change"]
        self.assertEqual(self.plain("reshelve", "-s", submitted), [f"Change {submitted} is not currently shelved."])
        self.assertEqual(self.plain("reshelve", "-s", first, "-c", submitted),
                         [f"Change {submitted} is already committed."])
        self.assertEqual(self.plain("reshelve", "-s", "999"), ["Change 999 unknown."])
        self.assertEqual(self.plain("reshelve", "-s", first, "//demo/main/other"), ["No files to shelve."])
        for args in ((), ("-f", "-s", first)):
            self.assertTrue(self.plain("reshelve", *args)[0].startswith("Usage: reshelve "))
        ann = self.workspace("ann", "//demo/main", user="ann")
        theirs = ann.plain("change", "-i", stdin="Change: new\nDescription: x\n").messages[0].text.split()[1]
        self.assertEqual(self.plain("reshelve", "-s", first, "-c", theirs),
                         [f"Change {theirs} can only be updated by user ann."])
        self.assertEqual(ann.run("reshelve", "-s", first).errors, [])


if __name__ == "__main__":
    tap.main()
