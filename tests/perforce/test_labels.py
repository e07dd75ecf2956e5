#!/usr/bin/python3
"""Labels: tag and labelsync, what they say, whom they refuse, and labels as revisions."""

import tap
from filecase import FileCase


class Labels(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a", "b", "dir/c", "gone")
        cls.ws.change("a", "two\n")
        cls.ws.good("delete", cls.ws.path("gone"))
        cls.ws.submit()

    def said(self, *args: str) -> list[str]:
        return [message.text.replace("//demo/main/", "") for message in self.ws.plain(*args).messages]

    def held(self, label: str) -> list[str]:
        return [f"{r['depotFile'].removeprefix('//demo/main/')}#{r['rev']}"
                for r in self.ws.run("files", f"//...@{label}").records]

    def test_tag(self):
        """head revisions that are there are tagged, in a label that is made when it is missing"""
        self.assertEqual(self.said("tag", "-n", "-l", "one", "//demo/main/..."),
                         ["a#2 - added", "b#1 - added", "dir/c#1 - added"])
        self.assertEqual(self.ws.run("labels", "-e", "one").records, [])
        self.ws.good("tag", "-l", "one", "//demo/main/...")
        self.assertEqual(self.held("one"), ["a#2", "b#1", "dir/c#1"])
        self.assertEqual(self.ws.run("label", "-o", "one").records[0]["Options"], "unlocked noautoreload")
        self.assertEqual(self.said("tag", "-l", "one", "//demo/main/..."), ["... - label in sync."])
        self.assertEqual(self.said("tag", "-l", "one", "//demo/main/a#1"), ["a#1 - updated"])
        self.assertEqual(self.held("one"), ["a#1", "b#1", "dir/c#1"])

    def test_take_out(self):
        """-d takes files out at whatever revision, also deleted ones"""
        self.ws.good("tag", "-l", "out", "//demo/main/...", "//demo/main/gone#1")
        self.assertEqual(self.said("tag", "-d", "-l", "out", "//demo/main/a#1", "//demo/main/gone"),
                         ["a#2 - deleted", "gone#1 - deleted"])
        (message,) = self.ws.run("tag", "-d", "-l", "out", "//demo/main/a").messages
        self.assertEqual((message.text, message.severity, message.generic),
                         ("//demo/main/a - file(s) not in label.", 2, 17))

    def test_refused(self):
        """other people's, locked and automatic labels; what there is not"""
        label = "Label: {}\nOwner: {}\nOptions: {} noautoreload\nRevision: {}\n"
        for name, owner, lock, revision in (("theirs", "ann", "unlocked", ""), ("shut", "super", "locked", ""),
                                            ("auto", "super", "unlocked", "@2")):
            self.ws.good("label", "-i", stdin=label.format(name, owner, lock, revision))
        self.assertEqual(self.said("tag", "-l", "theirs", "a"), ["Can't modify label 'theirs' owned by 'ann'."])
        self.assertEqual(self.said("tag", "-l", "shut", "a"),
                         ["Can't modify locked label 'shut'.\nUse 'label' to change label options."])
        self.assertEqual(self.said("tag", "-l", "auto", "a"),
                         ["Label 'auto' has a Revision field and must remain empty."])
        self.assertEqual(self.said("tag", "-l", "ws", "a"), ["ws is a client, not a label."])
        self.assertEqual(self.said("labelsync", "-l", "never"),
                         ["Label 'never' unknown - use 'label' command to create it."])
        self.assertEqual(self.said("tag", "-l", "none", "nosuch"), ["nosuch - no such file(s)."])
        self.assertTrue(self.said("tag", "a")[0].startswith("Usage: tag "))

    def test_view(self):
        """a label holds what its view has"""
        self.ws.good("label", "-i", stdin="Label: part\nOwner: super\nOptions: unlocked noautoreload\nView:\n"
                                          "\t//demo/main/dir/...\n")
        self.assertEqual(self.said("tag", "-l", "part", "//demo/main/..."), ["dir/c#1 - added"])

    def test_labelsync(self):
        """labelsync makes a label what the client has"""
        self.ws.good("tag", "-l", "mine", "//demo/main/b", "//demo/main/gone#1")
        self.ws.good("sync", "a#1")
        self.addCleanup(self.ws.run, "sync")
        self.assertEqual(self.said("labelsync", "-l", "mine"),
                         ["a#1 - added", "dir/c#1 - added", "gone#1 - deleted"])
        self.assertEqual(self.said("labelsync", "-l", "mine"), ["Label in sync."])
        self.assertEqual(self.said("labelsync", "-l", "mine", "a#2"), ["a#2 - updated"])
        self.assertEqual(self.said("labelsync", "-q", "-l", "mine", "a"), [])
        self.assertEqual(self.held("mine"), ["a#1", "b#1", "dir/c#1"])
        record = self.ws.run("labelsync", "-d", "-l", "mine", "a").records[0]
        self.assertEqual(list(record.items()), [("depotFile", "//demo/main/a"), ("rev", "1"), ("action", "deleted")])


if __name__ == "__main__":
    tap.main()
