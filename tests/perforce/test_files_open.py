#!/usr/bin/python3
"""Opening files: add, edit, delete, move, reopen, lock, revert, opened, and what is refused."""

import os

import tap
from filecase import FileCase


class Add(FileCase):
    def test_types(self):
        """the type is found in the file"""
        for name, content in (("t.txt", "t\n"), ("b.bin", b"\0\1"), ("empty", b""), ("run.sh", "run\n")):
            self.ws.write(name, content)
        os.chmod(self.ws.path("run.sh"), 0o755)
        os.symlink("t.txt", self.ws.path("link"))
        result = self.ws.good("add", "t.txt", "b.bin", "link", "run.sh", "empty", "missing")
        self.assertEqual({r["depotFile"].rpartition("/")[2]: r["type"] for r in result.records},
                         {"t.txt": "text", "b.bin": "binary", "link": "symlink", "run.sh": "text+x",
                          "empty": "text",
                          "missing": "text"})
        self.assertMessages(result, f"{self.ws.path('empty')} - empty, assuming text.",
                            f"{self.ws.path('missing')} - missing, assuming text.")
        self.assertEqual(list(result.records[0].items()), [
            ("depotFile", "//demo/main/t.txt"), ("clientFile", self.ws.path("t.txt")), ("workRev", "1"),
            ("action", "add"),
            ("type", "text")])
        self.ws.good("revert", "...")

    def test_given_type(self):
        """-t gives the type or adds to it"""
        self.ws.write("k1"), self.ws.write("k2", b"\0")
        self.assertEqual(self.ws.good("add", "-t", "text+k", "k1").records[0]["type"], "text+k")
        self.assertEqual(self.ws.good("add", "-t", "+l", "k2").records[0]["type"], "binary+l")
        self.assertEqual(self.ws.run("add", "-t", "nonsense", "k3").messages[-1].severity, 3)
        self.ws.good("revert", "...")

    def test_special_names(self):
        """names with special characters need -f and are encoded"""
        self.ws.write("a@b#c*d%e")
        result = self.ws.run("add", "a@b#c*d%e")
        self.assertEqual(result.errors,
                         ["The file named 'a@b#c*d%e' contains wildcards [@#%*].\nCan't add filenames with"
                                         " wildcards [@#%*] in them.\nUse -f option to force add."])
        self.assertEqual(self.ws.good("add", "-f", "a@b#c*d%e").records[0]["depotFile"],
                         "//demo/main/a%40b%23c%2Ad%25e")
        self.ws.submit()
        self.assertEqual(self.ws.run("have", "//demo/main/a%40b%23c%2Ad%25e").records[0]["path"],
                         self.ws.path("a@b#c*d%e"))
        self.assertEqual(self.ws.run("add", "x...y").errors,
                         ["Can't add filenames containing the ellipsis wildcard (...)."])

    def test_bytes(self):
        """a name that is not UTF-8 comes back as it went"""
        name = b"caf\xe9.txt".decode("utf-8", "surrogateescape")
        with open(os.path.join(self.ws.root.encode(), b"caf\xe9.txt"), "wb") as out:
            out.write(b"x\n")
        self.ws.good("add", name)
        self.ws.submit()
        self.ws.good("sync", "#none")
        self.assertFalse(os.path.exists(os.path.join(self.ws.root.encode(), b"caf\xe9.txt")))
        self.ws.good("sync")
        self.assertTrue(os.path.exists(os.path.join(self.ws.root.encode(), b"caf\xe9.txt")))
        self.assertIn(f"//demo/main/{name}#1 add", self.ws.files("//demo/main/..."))

    def test_refused(self):
        """what cannot be added"""
        self.ws.add("there.txt")
        self.assertMessages(self.ws.run("add", "there.txt"),
                            "//demo/main/there.txt - can't add existing file")
        self.ws.good("edit", "there.txt")
        self.assertMessages(self.ws.run("add", "there.txt"),
                            "//demo/main/there.txt - can't add (already opened for edit)")
        self.ws.good("revert", "there.txt")
        os.makedirs(self.ws.path("folder"), exist_ok=True)
        self.assertMessages(self.ws.run("add", "folder"),
                            f"{self.ws.path('folder')} - directory file can't be added.")
        self.ws.good("delete", "there.txt")
        self.ws.submit()
        self.ws.write("there.txt")
        self.assertMessages(self.ws.plain("add", "there.txt"), "//demo/main/there.txt#3 - opened for add")
        self.assertMessages(self.ws.plain("add", "there.txt"),
                            "//demo/main/there.txt#3 - currently opened for add")
        self.ws.submit()
        self.assertEqual(self.ws.files("//demo/main/there.txt"), ["//demo/main/there.txt#3 add"])

    def test_outside(self):
        """files outside the view, and a change that is none"""
        narrow = self.workspace("narrow", view=["//demo/main/dir/... //narrow/dir/..."])
        narrow.write("x"), narrow.write("dir/y")
        self.assertMessages(narrow.run("add", "x"), "x - file(s) not in client view.")
        self.assertEqual(narrow.run("add", "-c", "999", "dir/y").errors, ["Change 999 unknown."])
        self.assertMessages(narrow.run("add", "dir/y"),
                            "//demo/main/dir/y - warning: cannot submit from non-stream client")


class Edit(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "b.txt", "c.txt")
        cls.other = cls.workspace("other", "//demo/main", user="ann")
        cls.other.good("sync")

    def tearDown(self):
        self.ws.run("revert", "//...")
        self.other.run("revert", "//...")

    def test_edit(self):
        """the file becomes writable; the others are told"""
        self.assertFalse(os.stat(self.ws.path("a.txt")).st_mode & 0o200)
        self.assertMessages(self.ws.plain("edit", "a.txt"), "//demo/main/a.txt#1 - opened for edit")
        self.assertTrue(os.stat(self.ws.path("a.txt")).st_mode & 0o200)
        self.assertMessages(self.ws.plain("edit", "a.txt"),
                            "//demo/main/a.txt#1 - currently opened for edit")
        result = self.other.plain("edit", "a.txt")
        self.assertMessages(result, "//demo/main/a.txt#1 - opened for edit",
                            "//demo/main/a.txt - also opened by super@ws")
        self.assertEqual([m.generic for m in result.messages], [0, 1])

    def test_not_synced(self):
        """only files of the client can be opened"""
        empty = self.workspace("empty", "//demo/main")
        self.assertMessages(empty.run("edit", "a.txt"), "a.txt - file(s) not on client.")
        self.assertMessages(empty.run("delete", "//demo/main/..."),
                            "//demo/main/... - file(s) not on client.")
        self.assertEqual(empty.good("delete", "-v", "//demo/main/a.txt").records[0]["action"], "delete")
        empty.good("revert", "//...")

    def test_exclusive(self):
        """+l: one at a time"""
        self.ws.write("x.bin", b"\0")
        self.ws.good("add", "-t", "binary+l", "x.bin")
        self.ws.submit()
        self.other.good("sync")
        self.ws.good("edit", "x.bin")
        result = self.other.run("edit", "x.bin")
        self.assertMessages(result, "//demo/main/x.bin - can't edit exclusive file already opened",
                            "//demo/main/x.bin - also opened by super@ws")
        self.assertEqual([m.severity for m in result.messages], [1, 1])
        self.assertEqual(self.other.run("opened").records, [])

    def test_changes(self):
        """-c opens in a change, reopen moves between changes, and says so"""
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: later\n").infos[0].split()[1]
        self.ws.good("edit", "-c", number, "a.txt")
        self.assertEqual(self.ws.run("opened", "-c", number).records[0]["change"], number)
        self.assertMessages(self.ws.run("edit", "-c", "default", "a.txt"),
                            f"//demo/main/a.txt - can't change from change {number} - use 'reopen'")
        self.assertMessages(self.ws.plain("reopen", "-c", "default", "a.txt"),
                            "//demo/main/a.txt#1 - reopened; default change")
        self.assertMessages(self.ws.plain("reopen", "-t", "text+x", "a.txt"),
                            "//demo/main/a.txt#1 - reopened; type text+x")
        self.assertMessages(self.ws.plain("reopen", "-c", "default", "a.txt"),
                            "//demo/main/a.txt#1 - nothing changed; default change")
        self.assertEqual(self.other.run("edit", "-c", number, "b.txt").errors,
                         [f"Change {number} can only be updated by user super."])
        self.assertMessages(self.ws.run("reopen", "-c", "default", "b.txt"),
                            "b.txt - file(s) not opened on this client.")

    def test_delete(self):
        """the file goes at once; -k leaves it"""
        self.ws.good("delete", "a.txt")
        self.assertFalse(self.ws.exists("a.txt"))
        self.assertMessages(self.ws.run("edit", "a.txt"),
                            "//demo/main/a.txt - can't edit (already opened for delete)")
        self.ws.good("delete", "-k", "b.txt")
        self.assertTrue(self.ws.exists("b.txt"))
        self.ws.good("edit", "c.txt")
        self.assertMessages(self.ws.run("delete", "c.txt"),
                            "//demo/main/c.txt - can't delete (already opened for edit)")

    def test_preview(self):
        """-n does nothing"""
        for command in ("edit", "delete"):
            self.assertEqual(len(self.ws.good(command, "-n", "a.txt").records), 1)
        self.assertEqual(self.ws.run("opened").records, [])
        self.assertTrue(self.ws.exists("a.txt"))

    def test_old_revision(self):
        """the head is mentioned, and a deleted head"""
        self.ws.change("b.txt", "new\n")
        self.assertMessages(self.other.plain("edit", "b.txt"), "//demo/main/b.txt#1 - opened for edit",
                            "//demo/main/b.txt - must sync/resolve #2 before submitting")
        self.other.good("revert", "b.txt")
        self.ws.good("delete", "b.txt")
        self.ws.submit()
        self.assertIn("//demo/main/b.txt - warning: edit of deleted file",
                      self.other.run("edit", "b.txt").infos)
        self.other.good("revert", "b.txt")
        self.ws.add("b.txt")
        self.other.good("sync")

    def test_lock(self):
        """locks belong to one client"""
        self.ws.good("edit", "a.txt")
        self.other.good("edit", "a.txt")
        self.assertMessages(self.ws.run("lock"), "//demo/main/a.txt - locking")
        self.assertMessages(self.ws.run("lock", "a.txt"), "//demo/main/a.txt - already locked")
        result = self.other.run("lock")
        self.assertMessages(result, "//demo/main/a.txt - already locked by super@ws")
        self.assertEqual(result.messages[0].severity, 1)
        self.assertMessages(self.ws.plain("opened"),
                            "//demo/main/a.txt#1 - edit default change (text) *locked*")
        self.assertEqual(self.ws.run("fstat", "a.txt").records[0]["ourLock"], "")
        other = self.other.run("fstat", "a.txt").records[0]
        self.assertEqual((other["otherOpen0"], other["otherLock0"], other["otherLock"], other["otherOpen"]),
                         ("super@ws", "super@ws", "1", "1"))
        self.other.write("a.txt", "mine\n")
        refused = self.other.run("submit", "-d", "no")
        self.assertIn("//demo/main/a.txt - already locked by super@ws", refused.infos)
        self.assertEqual(refused.errors[0], "File(s) couldn't be locked.")
        self.assertRegex(refused.errors[1],
                         r"^Submit failed -- fix problems above then use 'p4 submit -c \d+'.$")
        self.assertMessages(self.ws.run("unlock"), "//demo/main/a.txt - unlocking")
        self.assertMessages(self.ws.run("unlock"), "//demo/main/a.txt - already unlocked")


class Move(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "dir/b.txt", "dir/c.txt", "there.txt")

    def tearDown(self):
        self.ws.run("revert", "-w", "//...")

    def opened(self) -> list[str]:
        return [f"{r['depotFile'].removeprefix('//demo/main/')} {r['action']}"
                for r in self.ws.run("opened").records]

    def test_move(self):
        """two halves that know each other"""
        self.ws.good("edit", "a.txt")
        self.assertMessages(self.ws.plain("move", "a.txt", "new/a2.txt"),
                            "//demo/main/new/a2.txt#1 - moved from //demo/main/a.txt#1")
        self.assertEqual(self.opened(), ["a.txt move/delete", "new/a2.txt move/add"])
        self.assertTrue(self.ws.exists("new/a2.txt") and not self.ws.exists("a.txt"))
        self.assertEqual(self.ws.run("fstat", "new/a2.txt").records[0]["movedFile"], "//demo/main/a.txt")
        self.assertMessages(self.ws.plain("revert", "a.txt"),
                            "//demo/main/a.txt#1 - has been moved, not reverted")
        self.assertMessages(self.ws.plain("revert", "new/a2.txt"),
                            "//demo/main/new/a2.txt#none - was move/add, deleted",
                            "//demo/main/a.txt#1 - was move/delete, reverted")
        self.assertTrue(self.ws.exists("a.txt") and not self.ws.exists("new/a2.txt"))

    def test_further_and_back(self):
        """moved again, and back"""
        self.ws.good("edit", "a.txt")
        self.ws.good("move", "a.txt", "x.txt")
        self.ws.good("move", "x.txt", "y.txt")
        self.assertEqual(self.opened(), ["a.txt move/delete", "y.txt move/add"])
        self.ws.good("move", "y.txt", "a.txt")
        self.assertEqual(self.opened(), ["a.txt edit"])

    def test_added(self):
        """an added file is only added elsewhere"""
        self.ws.write("n.txt")
        self.ws.good("add", "n.txt")
        self.ws.good("move", "n.txt", "m.txt")
        self.assertEqual(self.opened(), ["m.txt add"])

    def test_wildcards(self):
        """whole directories"""
        self.ws.good("edit", "dir/...")
        self.ws.good("move", "dir/...", "dir2/sub/...")
        self.assertEqual(self.opened(),
                         ["dir/b.txt move/delete", "dir/c.txt move/delete", "dir2/sub/b.txt move/add",
                                         "dir2/sub/c.txt move/add"])

    def test_refused(self):
        """targets that exist, sources that are not open"""
        self.assertMessages(self.ws.run("move", "a.txt", "q.txt"),
                            "a.txt - file(s) not opened for edit or add.")
        self.ws.good("edit", "a.txt")
        self.assertMessages(self.ws.run("move", "a.txt", "there.txt"),
                            "//demo/main/there.txt - is synced; use -f to force move")
        self.assertEqual(self.opened(), ["a.txt edit"])

    def test_rename(self):
        """-r needs no edit"""
        self.ws.good("move", "-r", "a.txt", "r.txt")
        self.assertEqual(self.opened(), ["a.txt move/delete", "r.txt move/add"])

    def test_halves_stay_together(self):
        """a change with one half cannot be submitted"""
        self.ws.good("edit", "a.txt")
        self.ws.good("move", "a.txt", "z.txt")
        result = self.ws.run("submit", "-d", "half", "//demo/main/z.txt")
        self.assertIn("//demo/main/z.txt - needs from file //demo/main/a.txt", result.infos)
        self.assertEqual(result.errors[0][:13], "Submit failed")


class Revert(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "b.txt", "c.txt")

    def test_content_comes_back(self):
        """edits and deletions are undone, added files stay"""
        self.ws.good("edit", "a.txt")
        self.ws.write("a.txt", "spoiled")
        self.ws.good("delete", "b.txt")
        self.ws.write("n.txt", "new")
        self.ws.good("add", "n.txt")
        self.assertMessages(self.ws.plain("revert", "//..."), "//demo/main/a.txt#1 - was edit, reverted",
                            "//demo/main/b.txt#1 - was delete, reverted",
                            "//demo/main/n.txt#none - was add, abandoned")
        self.assertEqual((self.ws.read("a.txt"), self.ws.read("b.txt"), self.ws.read("n.txt")),
                         (b"text\n", b"text\n", b"new"))
        self.assertFalse(os.stat(self.ws.path("a.txt")).st_mode & 0o222)

    def test_unchanged(self):
        """-a only takes what is as it was"""
        self.ws.good("edit", "a.txt", "b.txt")
        self.ws.write("b.txt", "changed")
        self.assertEqual([r["depotFile"] for r in self.ws.good("revert", "-a").records],
                         ["//demo/main/a.txt"])
        self.assertMessages(self.ws.plain("revert", "-k", "b.txt"),
                            "//demo/main/b.txt#1 - was edit, cleared")
        self.assertEqual(self.ws.read("b.txt"), b"changed")
        self.ws.good("sync", "-f", "b.txt")

    def test_record(self):
        """the fields of a record"""
        self.ws.good("edit", "a.txt")
        self.assertEqual(list(self.ws.run("revert", "a.txt").records[0].items()), [
            ("depotFile", "//demo/main/a.txt"), ("clientFile", self.ws.path("a.txt")), ("haveRev", "1"),
            ("oldAction", "edit"),
            ("action", "reverted")])
        self.ws.write("w.txt")
        self.ws.good("add", "w.txt")
        record = self.ws.run("revert", "-w", "w.txt").records[0]
        self.assertEqual((record["haveRev"], record["action"], self.ws.exists("w.txt")),
                         ("none", "deleted", False))

    def test_nothing(self):
        """nothing to revert is a warning"""
        self.assertMessages(self.ws.run("revert", "c.txt"), "c.txt - file(s) not opened on this client.")
        self.assertMessages(self.ws.run("revert", "-c", "default", "c.txt"),
                            "c.txt - file(s) not opened in default changelist.")
        self.assertEqual(self.ws.run("revert").messages[0].severity, 3)

    def test_opened_elsewhere(self):
        """other people's files, and -C of an admin"""
        other = self.workspace("other", "//demo/main", user="ann")
        other.good("sync")
        other.good("edit", "c.txt")
        self.assertMessages(self.ws.plain("opened", "-a"),
                            "//demo/main/c.txt#1 - edit default change (text) by ann@other")
        self.assertMessages(self.ws.plain("opened", "-a", "-s"),
                            "//demo/main/c.txt - edit default change by ann@other")
        self.assertMessages(self.ws.run("opened"), "File(s) not opened on this client.")
        self.assertMessages(self.ws.run("opened", "-u", "bob"), "File(s) not opened on this client.")
        self.assertMessages(self.ws.run("opened", "-a", "//demo/main/a.txt"),
                            "//demo/main/a.txt - file(s) not opened anywhere.")
        self.assertEqual(self.ws.run("opened", "-C", "other").records[0]["clientFile"], "//other/c.txt")
        self.assertMessages(self.ws.plain("revert", "-C", "other", "//demo/main/c.txt"),
                            "//demo/main/c.txt#1 - was edit, cleared")
        self.assertMessages(self.ws.run("opened", "-a"), "File(s) not opened anywhere.")


if __name__ == "__main__":
    tap.main()
