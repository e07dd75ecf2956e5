#!/usr/bin/python3
"""Files that a client may have and not open: those of its `&` lines and those that its ChangeView pins; and what
describe, integrated, opened and interchanges show with their options."""

import tap
from filecase import FileCase

DITTO = "can't {} that is additionally mapped in client's View"
PINNED = "can't {} that is restricted by client's ChangeView mapping"


class ReadOnly(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.all = cls.workspace("all", view=["//depot/... //all/..."])
        cls.all.add("own/a", "extra/a", "extra/b", "old/a")
        cls.pinned = int(cls.all.run("changes", "-m1").records[0]["change"])
        cls.all.change("own/a", "own two\n")
        cls.some = cls.workspace("some", view=["//depot/own/... //some/own/...", "&//depot/extra/... //some/extra/...",
                                               "//depot/old/... //some/old/...", "//depot/both/... //some/both/...",
                                               "&//depot/both/... //some/more/..."],
                                 extra=f"ChangeView:\n\t//depot/old/...@{cls.pinned}\n")
        cls.some.good("sync")

    def setUp(self):
        self.addCleanup(self.some.run, "revert", "//...")

    def said(self, *args: str) -> list[str]:
        return [message.text for message in self.some.plain(*args).messages]

    def test_ditto(self):
        """edit, delete, add, move and integrate leave files of `&` lines alone"""
        self.assertEqual(self.said("edit", "//depot/extra/a"), ["//some/extra/a - " + DITTO.format("edit file")])
        self.assertEqual(self.said("delete", "//depot/extra/a"), ["//some/extra/a - " + DITTO.format("delete file")])
        self.some.write("extra/new")
        self.assertEqual(self.said("add", self.some.path("extra/new")),
                         ["//some/extra/new - " + DITTO.format("add file")])
        self.assertEqual(self.said("integrate", "-f", "//depot/own/a", "//depot/extra/a"),
                         ["//some/extra/a - " + DITTO.format("integrate into file")])
        self.some.good("edit", "own/a")
        self.assertEqual(self.said("move", "own/a", "//depot/extra/c"),
                         ["//some/extra/c - " + DITTO.format("move file")])
        self.assertEqual([r["depotFile"] for r in self.some.run("opened").records], ["//depot/own/a"])

    def test_severity(self):
        """a refusal is information"""
        (message,) = self.some.run("edit", "//depot/extra/a").messages
        self.assertEqual((message.severity, message.generic), (1, 0))

    def test_mapped_as_well(self):
        """what a plain line maps as well can be opened there"""
        self.some.write("both/n")
        self.assertEqual(self.said("add", self.some.path("both/n")), ["//depot/both/n#1 - opened for add"])

    def test_pinned(self):
        """a ChangeView pins files down"""
        self.assertEqual(self.said("edit", "old/a"), ["//some/old/a - " + PINNED.format("edit file")])
        self.assertEqual(self.said("integrate", "-f", "//depot/own/a", "//depot/old/a"),
                         ["//some/old/a - " + PINNED.format("integrate into file")])
        self.some.write("old/new")
        self.assertEqual(self.said("reconcile", self.some.path("old/...")),
                         ["//some/old/new - " + PINNED.format("add file")])


class Options(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.all = cls.workspace("all", view=["//depot/... //all/..."])
        cls.all.add("m/a", "m/b", content="one\n")
        cls.all.good("integrate", "//depot/m/...", "//depot/r/...")
        cls.branched = cls.all.submit()
        cls.all.change("m/b", "two\n")
        cls.all.good("integrate", "//depot/m/...", "//depot/r/...")
        cls.all.good("resolve", "-at")
        cls.merged = cls.all.submit()

    def texts(self, *args: str) -> list[str]:
        return [message.text for message in self.all.plain(*args).messages]

    def test_integrated(self):
        """-m shows the most recent, newest first; options that exclude each other"""
        self.assertEqual(self.texts("integrated", "-m", "2", "//depot/r/..."),
                         ["//depot/r/b#2 - copy from //depot/m/b#2", "//depot/r/a#1 - branch from //depot/m/a#1"])
        self.assertEqual(self.texts("integrated", "-s", str(self.merged), "//depot/r/..."),
                         ["//depot/r/b#2 - copy from //depot/m/b#2"])
        for args in (("-m", "1", "-s", "2"), ("-r",)):
            self.assertTrue(self.texts("integrated", *args)[0].startswith("Usage: integrated "))

    def test_source_and_parent(self):
        """-s goes with -b and -P with -S, for all that integrate"""
        for name in ("integrate", "merge", "copy", "populate", "interchanges"):
            for option in ("-s", "-P"):
                result = self.all.run(name, option, "//depot/m/...", "//depot/m/...", "//depot/r/...")
                self.assertTrue(result.messages[-1].text.startswith(f"Usage: {name} "), (name, option))
                self.assertEqual((result.messages[-1].severity, result.messages[-1].generic), (3, 1))

    def test_opened(self):
        """listings of more than this client's files name user and client; those of a change do not"""
        self.addCleanup(self.all.run, "revert", "//...")
        self.all.good("edit", "//depot/m/a")
        for args in (("-a",), ("-u", "super"), ("-C", "all")):
            self.assertEqual(self.texts("opened", *args), ["//depot/m/a#1 - edit default change (text) by super@all"])
        for args in ((), ("-c", "default"), ("-c", "default", "-a")):
            self.assertEqual(self.texts("opened", *args), ["//depot/m/a#1 - edit default change (text)"])

    def test_describe(self):
        """-a shows what was added, -S how shelved files differ, -I finds a change by its identity"""
        self.assertIn("\n==== //depot/m/a#1 (text) ====\n\none\n", self.all.plain("describe", "-a", "1").text
                      + self.all.plain("describe", "-a", "2").text)
        self.addCleanup(self.all.run, "revert", "//...")
        self.all.good("edit", "//depot/m/a")
        self.all.write("m/a", "one\nmore\n")
        number = self.all.plain("change", "-i", stdin="Change: new\nDescription: s\nIdentity: own-1\nFiles:\n"
                                                      "\t//depot/m/a\n").messages[0].text.split()[1]
        self.all.good("shelve", "-c", number)
        text = self.all.plain("describe", "-S", number).text
        self.assertIn("Differences ...\n\n==== //depot/m/a#1 (text) ====\n\n1a2\n> more\n", text)
        self.assertNotIn("Differences", self.all.plain("describe", "-S", "-s", number).text)
        self.assertNotIn("Differences", self.all.plain("describe", number).text)
        self.assertEqual(self.all.run("describe", "-I", "own-1").records[0]["change"], number)
        self.assertMessages(self.all.run("describe", "-I", "own-2"), "own-2 - no such changelist.")


if __name__ == "__main__":
    tap.main()
