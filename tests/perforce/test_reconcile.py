#!/usr/bin/python3
"""reconcile, status, clean, diff and diff2: what differs between a workspace and the depot, or between
revisions."""

import os

import tap
from filecase import FileCase

BASE = "".join(f"line {number}\n" for number in range(1, 11))


class WorkCase(FileCase):
    count = 0

    def setUp(self) -> None:
        type(self).count += 1
        self.ws = self.workspace(f"w{self.count:02d}",
                                 view=[f"//depot/{self.count:02d}/... //w{self.count:02d}/..."])
        self.ws.client.cwd = self.ws.root
        self.depot = f"//depot/{self.count:02d}"

    def texts(self, *args: str) -> list[str]:
        """What a plain command says, without the test's paths."""
        places = ((self.ws.root + "/", "LOCAL/"), (self.depot + "/", "//"))
        found = []
        for message in self.ws.plain(*args).messages:
            text = message.text
            for place, short in places:
                text = text.replace(place, short)
            found.append(text)
        return found

    def shown(self, *args: str) -> list[str]:
        """Plain lines that are no messages."""
        return [line.replace(self.ws.root + "/", "LOCAL/") for line in self.ws.plain(*args).lines]

    def scene(self) -> None:
        """Changed, missing and new files; one is open."""
        self.ws.add("changed", "gone", "open", "same", content=BASE)
        self.ws.good("edit", "open")
        self.ws.write("changed", BASE + "more\n")
        os.unlink(self.ws.path("gone"))
        self.ws.write("sub/new", "new\n")


class Reconcile(WorkCase):
    def test_all(self):
        """edits, deletions and additions are opened"""
        self.scene()
        expected = ["//changed#1 - opened for edit", "//gone#1 - opened for delete",
                    "//sub/new#1 - opened for add"]
        self.assertEqual(self.texts("reconcile", "-n"), expected)
        self.assertEqual(len(self.ws.run("opened").records), 1)
        self.assertEqual(self.texts("reconcile"), expected)
        self.assertEqual([(r["action"], r["rev"]) for r in self.ws.run("opened").records],
                         [("edit", "1"), ("delete", "1"), ("edit", "1"), ("add", "1")])
        self.assertEqual([(m.text, m.severity, m.generic) for m in self.ws.run("reconcile").messages],
                         [("No file(s) to reconcile.", 2, 17)])
        self.ws.submit()
        self.assertEqual(self.ws.files("-e", f"{self.depot}/..."),
                         [f"{self.depot}/changed#2 edit", f"{self.depot}/open#2 edit",
                          f"{self.depot}/same#1 add", f"{self.depot}/sub/new#1 add"])

    def test_records(self):
        """the captured fields, clientFile a local path"""
        self.scene()
        record = self.ws.run("reconcile", "-n").records[-1]
        self.assertEqual(list(record.items()),
                         [("depotFile", f"{self.depot}/sub/new"), ("clientFile", self.ws.path("sub/new")),
                          ("workRev", "1"), ("action", "add"), ("type", "text")])

    def test_kinds(self):
        """-a -e -d take one kind; arguments limit the place"""
        self.scene()
        self.assertEqual(self.texts("reconcile", "-n", "-a"), ["//sub/new#1 - opened for add"])
        self.assertEqual(self.texts("reconcile", "-n", "-d"), ["//gone#1 - opened for delete"])
        self.assertEqual(self.texts("reconcile", "-n", "-e"), ["//changed#1 - opened for edit"])
        self.assertEqual(self.texts("reconcile", "-n", "sub/..."), ["//sub/new#1 - opened for add"])
        self.assertEqual(self.texts("reconcile", "-n", f"{self.depot}/gone"),
                         ["//gone#1 - opened for delete"])
        self.assertEqual(self.texts("reconcile", "-n", "same"), ["same - no file(s) to reconcile."])
        self.ws.client.cwd = self.ws.path("sub")
        self.assertEqual(self.texts("reconcile", "-n"), ["//sub/new#1 - opened for add"])

    def test_change(self):
        """-c opens in a change"""
        self.scene()
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: x\n").infos[0].split()[1]
        self.ws.good("reconcile", "-c", number)
        self.assertEqual([r["change"] for r in self.ws.run("opened").records],
                         [number, number, "default", number])

    def test_moves(self):
        """a missing file and a similar new one are a move"""
        self.ws.add("a/old", "b/other", content=BASE)
        os.makedirs(self.ws.path("c"))
        os.rename(self.ws.path("a/old"), self.ws.path("c/new"))
        self.ws.write("c/new", BASE + "one more\n")
        self.ws.write("c/strange", "nothing in common\n")
        self.assertEqual(self.texts("reconcile"),
                         ["//a/old#1 - opened for move/delete", "//c/new#1 - opened for move/add",
                          "//c/strange#1 - opened for add"])
        self.ws.submit()
        self.assertEqual(self.ws.run("integrated", f"{self.depot}/c/new").records[0]["how"], "moved from")

    def test_opened(self):
        """an edit that is missing becomes a deletion, a deletion that is there an edit"""
        self.ws.add("one", "two", content=BASE)
        self.ws.good("edit", "one")
        self.ws.good("delete", "two")
        os.unlink(self.ws.path("one"))
        self.ws.write("two", "back\n")
        self.assertEqual(self.texts("reconcile"),
                         ["//one#1 - opened for delete", "//two#1 - opened for edit"])
        self.assertEqual([r["action"] for r in self.ws.run("opened").records], ["delete", "edit"])

    def test_names(self):
        """special characters need -f; types are found out"""
        self.ws.write("odd@#", "x\n"), self.ws.write("bin", b"\0"), self.ws.write("run.sh", "x\n")
        os.chmod(self.ws.path("run.sh"), 0o755)
        os.symlink("bin", self.ws.path("link"))
        messages = self.ws.run("reconcile", "-n").messages
        self.assertEqual([(m.text, m.severity) for m in messages], [
            (f"{self.ws.path('odd@#')} - can't reconcile filename with wildcards [@#%*]."
             " Use -f to force reconcile.", 2)])
        self.assertEqual([(r["depotFile"].rpartition("/")[2], r["type"])
                          for r in self.ws.run("reconcile", "-f").records],
                         [("bin", "binary"), ("link", "symlink"), ("odd%40%23", "text"),
                          ("run.sh", "text+x")])

    def test_type_change(self):
        """-t sees a new mode and base"""
        self.ws.add("plain", content=BASE)
        os.chmod(self.ws.path("plain"), 0o755)
        self.assertEqual(self.texts("reconcile", "-n"), ["No file(s) to reconcile."])
        self.assertEqual(self.ws.run("reconcile", "-t", "-n").records[0]["type"], "text+x")

    def test_have_list(self):
        """-k takes files as synced that are there already"""
        self.ws.add("k", content=BASE)
        self.ws.good("sync", "-k", "#none")
        self.assertEqual(self.ws.run("have").records, [])
        self.assertEqual(len(self.ws.run("reconcile", "-k").records), 1)
        self.assertEqual(self.ws.run("have").records[0]["haveRev"], "1")


class Status(WorkCase):
    def test_status(self):
        """what would be opened and what is, by relative paths"""
        self.scene()
        self.assertEqual(self.texts("status"),
                         ["changed - reconcile to edit //changed#1", "gone - reconcile to delete //gone#1",
                          "sub/new - reconcile to add //sub/new#1",
                          "open - submit change default to edit //open#1"])
        self.assertEqual(len(self.ws.run("opened").records), 1)
        record = self.ws.run("status").records[0]
        self.assertEqual((record["localFile"], record["clientFile"]), ("changed", self.ws.path("changed")))
        self.assertEqual(len(self.texts("status", "-A")), 3)
        self.assertEqual(len(self.ws.run("opened").records), 4)


class Clean(WorkCase):
    def test_clean(self):
        """the workspace is what was synced, opened files stay"""
        self.scene()
        self.ws.write("open", "mine\n")
        self.assertEqual(self.texts("clean", "-n"),
                         ["//changed#1 - refreshing LOCAL/changed", "//gone#1 - added as LOCAL/gone",
                          "//sub/new#none - deleted as LOCAL/sub/new"])
        self.assertTrue(self.ws.exists("sub/new"))
        self.ws.good("clean")
        self.assertEqual((self.ws.read("changed"), self.ws.read("gone"), self.ws.exists("sub/new"),
                          self.ws.read("open")), (BASE.encode(), BASE.encode(), False, b"mine\n"))
        self.assertEqual(self.texts("clean"), ["No file(s) to reconcile."])


class Diff(WorkCase):
    def test_lists(self):
        """-sa -sb -sd -se -sl -sr"""
        self.scene()
        self.assertEqual(self.shown("diff", "-se"), ["LOCAL/changed"])
        self.assertEqual(self.shown("diff", "-sd"), ["LOCAL/gone"])
        self.assertEqual(self.shown("diff", "-sa"), [])
        self.assertEqual(self.shown("diff", "-sr"), ["LOCAL/open"])
        self.assertEqual(self.shown("diff", "-sl"),
                         ["diff LOCAL/changed", "missing LOCAL/gone", "same LOCAL/same"])
        self.ws.write("open", "mine\n")
        self.assertEqual(self.shown("diff", "-sa"), ["LOCAL/open"])
        (record,) = self.ws.run("diff", "-sa").records
        self.assertEqual(record, {"depotFile": f"{self.depot}/open", "clientFile": self.ws.path("open"),
                                  "rev": "1", "type": "text"})

    def test_diff(self):
        """open files against what they were opened from, others with a revision or -f"""
        self.scene()
        self.ws.write("open", BASE.replace("line 5", "changed"))
        result = self.ws.plain("diff")
        self.assertEqual(result.lines, [f"==== {self.depot}/open#1 - {self.ws.path('open')} ===="])
        self.assertEqual(result.text, "5c5\n< line 5\n---\n> changed\n")
        self.assertEqual(self.ws.plain("diff", "-du1").text,
                         "@@ -4,3 +4,3 @@\n line 4\n-line 5\n+changed\n line 6\n")
        self.assertEqual(self.ws.plain("diff", "changed").warnings,
                         ["changed - file(s) not opened on this client."])
        self.assertEqual(self.ws.plain("diff", "changed#1").text, "10a11\n> more\n")
        self.assertEqual(self.ws.plain("diff", "-f", "changed").text, "10a11\n> more\n")
        self.assertEqual(len(self.ws.plain("diff", "-Od", "same#1").lines), 0)

    def test_binary(self):
        """binary files only differ; -t compares them"""
        self.ws.add("b", content=b"\0one\n")
        self.ws.good("edit", "b")
        self.ws.write("b", b"\0two\n")
        self.assertEqual(self.ws.plain("diff").text, "(... files differ ...)\n")
        self.assertIn("two", self.ws.plain("diff", "-t").text)

    def test_nothing(self):
        """nothing open; usage"""
        self.assertEqual([(m.text, m.severity) for m in self.ws.run("diff").messages],
                         [("File(s) not opened on this client.", 2)])
        self.assertEqual(self.ws.run("diff", "-sx").messages[-1].severity, 3)

    def test_keywords(self):
        """expanded keywords are no difference"""
        self.ws.write("k", "$Id$\n")
        self.ws.good("add", "-t", "ktext", "k")
        self.ws.submit()
        self.assertNotEqual(self.ws.read("k"), b"$Id$\n")
        self.assertEqual(self.shown("diff", "-se"), [])
        self.assertEqual(self.texts("reconcile", "-n"), ["No file(s) to reconcile."])


class Diff2(WorkCase):
    def history(self) -> None:
        self.ws.add("a/text", "a/gone", "a/type", content=BASE)
        self.ws.change("a/text", BASE.replace("line 5", "changed"))
        self.ws.good("delete", "a/gone")
        self.ws.good("edit", "-t", "text+x", "a/type")
        self.ws.submit()
        self.ws.add("a/new", content=BASE)

    def test_headers(self):
        """each kind of pair, plain and tagged; -q leaves out what is the same"""
        self.history()
        self.ws.good("integrate", f"{self.depot}/a/text#1", f"{self.depot}/b/text")
        self.ws.good("integrate", f"{self.depot}/a/new", f"{self.depot}/b/new")
        self.ws.good("integrate", f"{self.depot}/a/type#1", f"{self.depot}/b/type")
        self.ws.good("integrate", f"{self.depot}/a/gone#1", f"{self.depot}/b/gone")
        self.ws.submit()
        args = (f"{self.depot}/a/...", f"{self.depot}/b/...")
        lines = [line.replace(self.depot, "") for line in self.ws.plain("diff2", *args).lines]
        self.assertEqual(lines,
                         ["==== <none> - /b/gone#1 ====",
                          "==== /a/new#1 (text) - /b/new#1 (text) ==== identical",
                          "==== /a/text#2 (text) - /b/text#1 (text) ==== content",
                          "==== /a/type#2 (text+x) - /b/type#1 (text) ==== types"])
        self.assertEqual(self.ws.plain("diff2", *args).text, "5c5\n< changed\n---\n> line 5\n")
        quiet = self.ws.run("diff2", "-q", *args)
        self.assertEqual([r["status"] for r in quiet.records], ["right only", "content", "types"])
        self.assertEqual(list(quiet.records[1]),
                         ["status", "depotFile", "rev", "type", "depotFile2", "rev2", "type2"])
        self.assertEqual(quiet.text, "")
        reverse = [line.replace(self.depot, "")
                   for line in self.ws.plain("diff2", "-q", args[1], args[0]).lines]
        self.assertEqual(reverse[0], "==== /b/gone#1 - <none> ===")

    def test_unified(self):
        """-u is what patch reads"""
        self.history()
        result = self.ws.plain("diff2", "-u", f"{self.depot}/a/text#1", f"{self.depot}/a/text")
        self.assertRegex(result.lines[0],
                         r"^--- //depot/\d+/a/text\t\d{4}/\d\d/\d\d \d\d:\d\d:\d\d\n\+\+\+ ")
        self.assertTrue(result.text.startswith("@@ -2,7 +2,7 @@\n"))

    def test_branch(self):
        """-b pairs through a branch view, arguments limit it"""
        self.history()
        self.good("branch", "-i",
                  stdin=f"Branch: b{self.count}\nView:\n\t{self.depot}/a/... {self.depot}/c/...\n")
        self.ws.good("integrate", "-b", f"b{self.count}")
        self.ws.submit()
        self.assertEqual(self.ws.run("diff2", "-q", "-b", f"b{self.count}").warnings,
                         ["No differing files."])
        self.ws.change("c/text", "other\n")
        records = self.ws.run("diff2", "-q", "-b", f"b{self.count}").records
        self.assertEqual([(r["status"], r["depotFile2"]) for r in records],
                         [("content", f"{self.depot}/c/text")])
        self.assertEqual(len(self.ws.run("diff2", "-b", f"b{self.count}", f"{self.depot}/c/new").records), 1)

    def test_nothing(self):
        """no differences, no files, wrong arguments"""
        self.history()
        same = (f"{self.depot}/a/text", f"{self.depot}/a/text")
        self.assertEqual([(m.text, m.severity) for m in self.ws.run("diff2", "-q", *same).messages],
                         [(f"{same[0]} - no differing files.", 2)])
        self.assertEqual(self.ws.run("diff2", f"{self.depot}/x", f"{self.depot}/y").warnings,
                         [f"{self.depot}/x - no such file(s).", f"{self.depot}/y - no such file(s)."])
        self.assertEqual(self.ws.run("diff2", same[0]).messages[-1].severity, 3)


if __name__ == "__main__":
    tap.main()
