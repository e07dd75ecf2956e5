#!/usr/bin/python3
"""sync, flush, have, where and fstat: what a client has and how it gets there."""

import os

import tap
from filecase import FileCase


class Sync(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "dir/b.txt")
        cls.ws.change("a.txt", "two\n")
        cls.ws.write("x.sh", "run\n")
        os.chmod(cls.ws.path("x.sh"), 0o755)
        cls.ws.good("add", "x.sh")
        cls.last = cls.ws.submit()

    def fresh(self, name: str, **options):
        ws = self.workspace(name, "//demo/main", **options)
        self.addCleanup(lambda: (ws.run("sync", "-f", "#none"), ws.run("client", "-d", name)))
        return ws

    def test_lines(self):
        """added, updated, refreshed, deleted"""
        ws = self.fresh("s1")
        self.assertMessages(ws.plain("sync", "@1"), "@1 - no file(s) at that changelist number.")
        self.assertMessages(ws.plain("sync", f"a.txt@{self.last - 2}"),
                            f"//demo/main/a.txt#1 - added as {ws.path('a.txt')}")
        self.assertMessages(ws.plain("sync", "a.txt"), f"//demo/main/a.txt#2 - updating {ws.path('a.txt')}")
        self.assertEqual(ws.read("a.txt"), b"two\n")
        self.assertMessages(ws.plain("sync", "a.txt"), "a.txt - file(s) up-to-date.")
        self.assertMessages(ws.plain("sync", "-f", "a.txt"),
                            f"//demo/main/a.txt#2 - refreshing {ws.path('a.txt')}")
        self.assertMessages(ws.plain("sync", "a.txt#none"),
                            f"//demo/main/a.txt#2 - deleted as {ws.path('a.txt')}")
        self.assertFalse(ws.exists("a.txt"))

    def test_records(self):
        """the first record has the totals"""
        ws = self.fresh("s2")
        records = ws.good("sync").records
        self.assertEqual(list(records[0].items()), [
            ("depotFile", "//demo/main/a.txt"), ("clientFile", ws.path("a.txt")), ("rev", "2"),
            ("action", "added"),
            ("fileSize", "4"), ("totalFileSize", "13"), ("totalFileCount", "3"), ("change", str(self.last))])
        self.assertNotIn("totalFileSize", records[1])
        self.assertMessages(ws.run("sync"), "File(s) up-to-date.")
        self.assertTrue(os.stat(ws.path("x.sh")).st_mode & 0o111)
        self.assertFalse(os.stat(ws.path("a.txt")).st_mode & 0o222)

    def test_preview(self):
        """-n says the same and does nothing, -q says nothing, -m looks at so many files"""
        ws = self.fresh("s3")
        shown = [m.text for m in ws.plain("sync", "-n").messages]
        self.assertEqual((len(shown), ws.exists("a.txt"), ws.run("have").records), (3, False, []))
        self.assertEqual(len(ws.run("sync", "-m", "2").records), 2)
        self.assertEqual(ws.run("sync", "-q").messages, [])
        self.assertEqual(len(ws.run("have").records), 3)

    def test_clobber(self):
        """a writable file is not written over, except with -f or clobber"""
        ws = self.fresh("s4")
        ws.good("sync", "a.txt#1")
        ws.write("a.txt", "precious")
        ws.run("sync", "a.txt")
        self.assertEqual((ws.read("a.txt"), ws.run("have", "a.txt").records[0]["haveRev"]),
                         (b"precious", "1"))
        ws.good("sync", "-f", "a.txt")
        self.assertEqual(ws.read("a.txt"), b"two\n")
        reckless = self.fresh("s5", options="noallwrite clobber nocompress unlocked nomodtime normdir")
        reckless.good("sync", "a.txt#1")
        reckless.write("a.txt", "worthless")
        reckless.good("sync")
        self.assertEqual(reckless.read("a.txt"), b"two\n")

    def test_safe(self):
        """-s compares contents first"""
        ws = self.fresh("s6", options="allwrite noclobber nocompress unlocked nomodtime normdir")
        ws.good("sync", "a.txt#1")
        self.assertTrue(os.stat(ws.path("a.txt")).st_mode & 0o200)
        ws.write("a.txt", "precious")
        self.assertIn(f"//demo/main/a.txt#2 - can't update modified file {ws.path('a.txt')}",
                      ws.plain("sync", "-s").infos)
        self.assertEqual(ws.read("a.txt"), b"precious")

    def test_flush(self):
        """flush and -k change what the server believes, -p only the workspace"""
        ws = self.fresh("s7")
        self.assertEqual(len(ws.good("flush", "a.txt").records), 1)
        self.assertEqual((ws.exists("a.txt"), len(ws.run("have").records)), (False, 1))
        ws.good("sync", "-k", "#none")
        ws.good("sync", "-p")
        self.assertEqual((ws.exists("dir/b.txt"), ws.run("have").records), (True, []))

    def test_opened(self):
        """opened files are left alone; a newer revision schedules a resolve"""
        ws = self.fresh("s8")
        ws.good("sync", "a.txt#1", "dir/b.txt")
        ws.good("edit", "a.txt", "dir/b.txt")
        ws.write("a.txt", "mine\n")
        self.assertMessages(ws.plain("sync", "a.txt"),
                            "//demo/main/a.txt#2 - is opened and not being changed",
                            "//demo/main/a.txt - must resolve #2 before submitting")
        record = ws.run("opened", "a.txt").records[0]
        self.assertEqual((record["rev"], record["haveRev"], ws.read("a.txt")), ("2", "2", b"mine\n"))
        self.assertEqual(ws.run("fstat", "-Ru", "//...").records[0]["depotFile"], "//demo/main/a.txt")
        self.assertMessages(ws.plain("sync", "a.txt#1"),
                            "//demo/main/a.txt#2 - is opened at a later revision - not changed")
        self.assertMessages(ws.plain("sync", "dir/b.txt#none"),
                            "//demo/main/dir/b.txt#1 - is opened for edit and can't be deleted")
        ws.good("revert", "//...")

    def test_view_change(self):
        """files that left the view are removed, moved ones replaced"""
        ws = self.fresh("s9")
        ws.good("sync")
        ws.good("client", "-i",
                stdin=f"Client: s9\nOwner: super\nRoot: {ws.root}\nView:\n\t//demo/main/a.txt"
                      f" //s9/new/a.txt\n")
        lines = sorted(m.text.split(" - ")[1].split()[0] for m in ws.plain("sync").messages)
        self.assertEqual(lines, ["deleted", "deleted", "replacing"])
        self.assertEqual((ws.exists("a.txt"), ws.exists("new/a.txt"), ws.exists("dir/b.txt")),
                         (False, True, False))

    def test_range(self):
        """a range only touches files with a revision in it"""
        ws = self.fresh("s10")
        ws.good("sync")
        self.assertMessages(ws.plain("sync", "a.txt#1,#1"),
                            f"//demo/main/a.txt#1 - updating {ws.path('a.txt')}")
        self.assertTrue(ws.exists("dir/b.txt"))

    def test_switch(self):
        """a client that changes streams moves its files"""
        self.stream("dev", "development", "//demo/main", ["share ...", "import dir/..."])
        dev = self.workspace("devws", "//demo/dev")
        dev.add("only-dev.txt")
        ws = self.fresh("s11")
        ws.good("sync")
        ws.good("client", "-s", "-S", "//demo/dev")
        ws.good("sync")
        self.assertEqual((ws.exists("a.txt"), ws.exists("dir/b.txt"), ws.exists("only-dev.txt")),
                         (False, True, True))

    def test_nothing(self):
        """nothing there, nothing in the view"""
        ws = self.fresh("s12")
        self.assertMessages(ws.run("sync", "nothing/..."), "nothing/... - no such file(s).")
        self.assertMessages(ws.run("sync", "//depot/..."), "//depot/... - file(s) not in client view.")

    def test_have_and_where(self):
        """the fields of have and where"""
        ws = self.fresh("s13")
        self.assertMessages(ws.run("have"), "File(s) not on client.")
        ws.good("sync", "a.txt")
        record = ws.run("have").records[0]
        self.assertEqual(list(record), ["depotFile", "clientFile", "path", "haveRev", "syncTime"])
        self.assertEqual((record["clientFile"], record["path"], record["haveRev"]),
                         ("//s13/a.txt", ws.path("a.txt"), "2"))
        self.assertMessages(ws.plain("have"), f"//demo/main/a.txt#2 - {ws.path('a.txt')}")
        self.assertMessages(ws.plain("where", "dir/..."),
                            f"//demo/main/dir/... //s13/dir/... {ws.path('dir/...')}")
        self.assertMessages(ws.run("where", "//depot/x"), "//depot/x - file(s) not in client view.")
        mapped = self.workspace("map",
                                view=["//demo/main/... //map/...", "-//demo/main/dir/... //map/dir/..."])
        self.assertEqual(mapped.run("where", "//demo/main/...").records, [
            {"depotFile": "//demo/main/...", "clientFile": "//map/...", "path": mapped.path("...")},
            {"unmap": "", "depotFile": "//demo/main/dir/...", "clientFile": "//map/dir/...",
             "path": mapped.path("dir/...")}])


class Fstat(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "b.txt", "big.txt", "gone.txt")
        cls.ws.change("big.txt", "x" * 5000)
        cls.ws.good("delete", "gone.txt")
        cls.last = cls.ws.submit("gone")

    def names(self, *args: str) -> list[str]:
        return [r["depotFile"].rpartition("/")[2] for r in self.ws.run("fstat", *args).records]

    def test_fields(self):
        """the fields of a synced file, in their order"""
        record = self.ws.run("fstat", "-Olp", "a.txt").records[0]
        self.assertEqual(list(record), ["depotFile", "clientFile", "path", "isMapped", "headAction",
                                        "headType", "headTime",
                                        "headRev", "headChange", "headModTime", "haveRev", "digest",
                                        "fileSize"])
        self.assertEqual((record["clientFile"], record["path"]), ("//ws/a.txt", self.ws.path("a.txt")))
        self.assertEqual(list(self.ws.run("fstat", "-Os", "a.txt").records[0])[:2],
                         ["depotFile", "headAction"])
        gone = self.ws.run("fstat", "-Ol", "gone.txt").records[0]
        self.assertNotIn("fileSize", gone)
        self.assertEqual((gone["headAction"], gone["headModTime"]), ("delete", "0"))

    def test_always_tagged(self):
        """records also without tagged output"""
        self.assertEqual(len(self.ws.plain("fstat", "//...").records), 4)

    def test_selected_fields(self):
        """-T keeps the order of the record"""
        self.assertEqual(list(self.ws.run("fstat", "-Ol", "-T", "fileSize,depotFile headRev",
                                          "a.txt").records[0]),
                         ["depotFile", "headRev", "fileSize"])

    def test_filter(self):
        """-F looks at the fields"""
        self.assertEqual(self.names("-Ol", "-F", "fileSize > 1000", "//..."), ["big.txt"])
        self.assertEqual(self.names("-F", "^headAction=delete", "//..."), ["a.txt", "b.txt", "big.txt"])
        self.assertEqual(self.names("-F", "headRev=2 & headAction=edit", "//..."), ["big.txt"])
        self.assertEqual(self.ws.run("fstat", "-F", "a = (", "//...").messages[-1].severity, 3)

    def test_order(self):
        """-r, -S and -m"""
        self.assertEqual(self.names("-r", "//..."), ["gone.txt", "big.txt", "b.txt", "a.txt"])
        result = self.ws.run("fstat", "-Ss", "-Ol", "-r", "-m", "1", "//...")
        self.assertEqual((result.records[0]["depotFile"], result.records[0]["totalFileCount"]),
                         ("//demo/main/big.txt", "4"))
        self.assertEqual(self.names("-m", "2", "//..."), ["a.txt", "b.txt"])

    def test_revisions(self):
        """-Of lists all revisions, a revision selects"""
        self.assertEqual([r["headRev"] for r in self.ws.run("fstat", "-Of", "big.txt").records], ["2", "1"])
        self.assertEqual(self.ws.run("fstat", "big.txt#1").records[0]["headRev"], "1")
        self.assertEqual(self.names("-c", str(self.last), "//..."), ["gone.txt"])
        described = self.ws.run("fstat", "-e", str(self.last), "//...").records[0]
        self.assertEqual((described["depotFile"], described["desc"]), ("//demo/main/gone.txt", "gone\n"))

    def test_opened(self):
        """opened files, -R"""
        self.ws.write("new.txt")
        self.ws.good("add", "new.txt")
        self.ws.good("edit", "b.txt")
        self.addCleanup(self.ws.run, "revert", "-w", "//...")
        self.assertEqual(self.names("//..."), ["a.txt", "b.txt", "big.txt", "gone.txt", "new.txt"])
        self.assertEqual(self.names("-Ro", "//..."), ["b.txt", "new.txt"])
        record = self.ws.run("fstat", "new.txt").records[0]
        self.assertEqual(list(record),
                         ["depotFile", "clientFile", "isMapped", "action", "actionOwner", "change", "type",
                                        "workRev"])
        self.assertEqual(self.names("-Rh", "//..."), ["a.txt", "b.txt", "big.txt"])
        self.assertEqual(self.names("-Rc", "//..."), ["a.txt", "b.txt", "big.txt", "gone.txt", "new.txt"])
        result = self.ws.run("fstat", "-Ru", "//demo/...")
        self.assertMessages(result, "//demo/... - file(s) not opened on this client.")

    def test_old_letters(self):
        """letters of earlier versions"""
        self.assertIn("digest", self.ws.run("fstat", "-l", "a.txt").records[0])
        self.assertEqual(self.ws.run("fstat", "-P", "a.txt").records[0]["clientFile"], "//ws/a.txt")
        self.assertEqual(self.ws.run("fstat", "-Rx", "a.txt").messages[-1].severity, 3)

    def test_some_missing(self):
        """records and warnings in the order of the arguments"""
        result = self.ws.run("fstat", "nope.txt", "a.txt")
        self.assertMessages(result, "nope.txt - no such file(s).")
        self.assertEqual(len(result.records), 1)


class Dirs(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a/x", "a-b/x", "a/sub/y", "gone/z", "top", "b c/x")
        cls.ws.good("delete", "gone/z")
        cls.ws.submit()

    def dirs(self, *args: str) -> list[str]:
        return [r["dir"].removeprefix("//demo/main/") for r in self.ws.run("dirs", *args).records]

    def test_dirs(self):
        """directories with files, those with deleted ones on request"""
        self.assertEqual(self.dirs("//demo/main/*"), ["a-b", "a", "b c"])
        self.assertEqual(self.dirs("-D", "//demo/main/*"), ["a-b", "a", "b c", "gone"])
        self.assertEqual(self.dirs("*"), ["a-b", "a", "b c"])
        self.assertEqual(self.dirs("//ws/a/*"), ["a/sub"])
        self.assertEqual(self.dirs("//demo/main/*/*"), ["a/sub"])
        self.assertEqual(self.dirs("//*"), ["//demo"])
        self.assertEqual(self.dirs("//demo/main/a"), ["a"])
        self.assertMessages(self.ws.run("dirs", "//demo/main/top"), "//demo/main/top - no such file(s).")
        self.assertMessages(self.ws.run("dirs", "//demo/..."),
                            "Wildcard ... not allowed by 'p4 dirs'.  Use * instead.")

    def test_limits(self):
        """-C, -H, -S, -i and revisions"""
        narrow = self.workspace("narrow", view=["//demo/main/a/... //narrow/a/..."])
        self.assertEqual([r["dir"] for r in narrow.run("dirs", "-C", "//demo/main/*").records],
                         ["//demo/main/a"])
        self.assertEqual(narrow.run("dirs", "-H", "//demo/main/*").records, [])
        self.assertEqual(self.dirs("-H", "//demo/main/*"), ["a-b", "a", "b c"])
        self.assertEqual(self.dirs("-i", "//demo/MAIN/A*"), ["a-b", "a"])
        self.assertEqual(self.dirs("//demo/main/*@2"), ["a-b", "a", "b c", "gone"])
        self.stream("only", "virtual", "//demo/main", ["share a/..."])
        self.assertEqual(self.dirs("-S", "//demo/only", "//demo/main/*"), ["a"])


if __name__ == "__main__":
    tap.main()
