#!/usr/bin/python3
"""annotate: where the lines of a file come from."""

import tap
from filecase import FileCase


class Annotate(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("f", content="one\ntwo\nthree\n")
        cls.first = int(cls.ws.run("changes", "-m1").records[0]["change"])
        cls.ws.change("f", "one\n2\nthree\nfour\n")
        cls.ws.change("f", "zero\none\nthree\nfour\n")
        cls.all = cls.workspace("all", view=["//depot/... //all/..."])

    def said(self, *args: str) -> list[str]:
        return self.ws.plain("annotate", *args).text.splitlines()

    def test_revisions(self):
        """the revision that brought each line, up to that of the argument"""
        self.assertEqual(self.said("f"), ["3: zero", "1: one", "1: three", "2: four"])
        self.assertMessages(self.ws.plain("annotate", "f"), f"//demo/main/f#3 - edit change {self.first + 2} (text)")
        self.assertMessages(self.ws.plain("annotate", "-q", "f"))
        self.assertEqual(self.said("f#2"), ["1: one", "2: 2", "1: three", "2: four"])
        self.assertEqual(self.said("-c", "f#1"), [f"{self.first}: {word}" for word in ("one", "two", "three")])

    def test_range(self):
        """a range knows of nothing before it"""
        self.assertEqual(self.said("f#2,3"), ["3: zero", "2: one", "2: three", "2: four"])

    def test_all(self):
        """-a shows also what is gone, and from when to when lines were there"""
        self.assertEqual(self.said("-a", "f"), ["3-3: zero", "1-3: one", "1-1: two", "2-2: 2", "1-3: three", "2-3: four"])

    def test_user(self):
        """-u names user and day; tagged records have the fields"""
        self.assertRegex(self.said("-u", "f")[1], r"^1: super \d{4}/\d\d/\d\d one$")
        head, line = self.ws.run("annotate", "-a", "-u", "f").records[:2]
        self.assertEqual((head["depotFile"], head["rev"]), ("//demo/main/f", "3"))
        self.assertEqual(list(line), ["upper", "lower", "user", "time", "data"])
        self.assertEqual((line["data"], line["lower"], line["upper"]), ("zero\n", "3", "3"))

    def test_blanks(self):
        """-db takes lines that differ in blanks alone for the same"""
        self.all.add("w", content="a b\nc\n")
        self.all.change("w", "a   b\nc\n")
        self.assertEqual(self.said("//depot/w"), ["2: a   b", "1: c"])
        self.assertEqual(self.said("-db", "//depot/w"), ["1: a   b", "1: c"])

    def test_branches(self):
        """-i goes on in the file that a file was branched from"""
        self.all.add("src", content="a\n")
        number = int(self.all.run("changes", "-m1").records[0]["change"])
        self.all.change("src", "a\nb\n")
        self.all.good("integrate", "//depot/src", "//depot/dst")
        self.all.submit()
        self.all.change("dst", "a\nb\nc\n")
        self.assertEqual(self.said("//depot/dst"), ["1: a", "1: b", "2: c"])
        self.assertEqual(self.said("-i", "//depot/dst"), [f"{number}: a", f"{number + 1}: b", f"{number + 3}: c"])

    def test_gone(self):
        """deleted files only with -a; other files not at all"""
        self.all.add("gone", content="x\n")
        self.all.good("delete", "//depot/gone")
        self.all.submit()
        self.assertEqual(self.said("//depot/gone"), [])
        self.assertEqual(self.said("-a", "//depot/gone"), ["1-1: x"])
        self.assertMessages(self.ws.plain("annotate", "nosuch"), "nosuch - no such file(s).")


if __name__ == "__main__":
    tap.main()
