#!/usr/bin/python3
"""File arguments: what they select and what is said when they select nothing."""

import random
import unittest

import tap
from filecase import FileCase
from server import encode, scope
from server.mapping import ViewMap


class Scopes(unittest.TestCase):
    PATHS = [f"//d/{a}/{b}/{c}" for a in ("a", "b", "ab", "a-b") for b in ("x", "y.tmp", "x%40")
             for c in ("1", "2.tmp", "é")]
    PIECES = ("...", "a/...", "b/...", "a/x/...", "ab/...", "a-b/x/1", "*/x/...", "....tmp", "a/*/1",
              ".../1", "a/x/*")

    def same(self, view: ViewMap) -> None:
        found = scope.of_view(view)
        for path in self.PATHS:
            with self.subTest(view=view.lines(), path=path):
                self.assertEqual(encode(path) in found, view.translate(path) is not None)

    def test_views(self):
        """a scope holds exactly what its view maps, for random views"""
        chance = random.Random(4711)
        for _ in range(300):
            lines = []
            for piece in chance.sample(self.PIECES, chance.randint(1, 5)):
                flag = chance.choice(["", "", "", "-", "+"])
                lines.append((flag, f"//d/{piece}", f"//c/{chance.choice(['', 'z/'])}{piece}"))
            self.same(ViewMap.of(lines))

    def test_trees_need_no_test(self):
        """views of whole trees and files are byte ranges alone"""
        view = ViewMap.of([("", "//d/...", "//c/..."), ("-", "//d/a/...", "//c/a/..."),
                           ("", "//d/a/x/...", "//c/q/..."),
                           ("-", "//d/ab/x/1", "//c/ab/x/1")])
        self.same(view)
        self.assertIsNone(scope.of_view(view).test)

    def test_exclusions_by_name(self):
        """names excluded at any depth are one test on top of the ranges"""
        view = ViewMap.of([("", "//d/...", "//c/..."), ("-", "//d/....tmp", "//c/....tmp")])
        self.same(view)
        self.assertEqual(scope.of_view(view).ranges, [(b"//d/", b"//d0")])

    def test_without(self):
        """taking a scope away"""
        whole, part = scope.of_pattern("//d/..."), scope.of_pattern("//d/a/*/1")
        rest = whole.without(part)
        for path in self.PATHS:
            self.assertEqual(encode(path) in rest, encode(path) not in part)

    def test_invalid_utf8(self):
        """bytes that are no characters are in their place"""
        self.assertIn(b"//d/\xff\xfe", scope.of_pattern("//d/..."))
        self.assertIn(b"//d/\xff", scope.of_pattern(b"//d/\xff".decode("utf-8", "surrogateescape")))


class Arguments(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "dir/b.txt", "dir/c d.txt", "dir/sub/e.txt", "dir2/f.txt")
        cls.first = cls.ws.change("a.txt", "two\n") - 1
        cls.ws.good("delete", cls.ws.path("dir2/f.txt"))
        cls.last = cls.ws.submit("drop f")

    def selected(self, *args: str) -> list[str]:
        return [line.removeprefix("//demo/main/") for line in self.ws.files(*args)]

    def test_syntaxes(self):
        """depot, client and local syntax name the same files"""
        for text in ("//demo/main/dir/b.txt", "//ws/dir/b.txt", self.ws.path("dir/b.txt"), "dir/b.txt",
                     "./dir/../dir/b.txt"):
            self.assertEqual(self.selected(text), ["dir/b.txt#1 add"], text)

    def test_wildcards(self):
        """* stays in a directory, ... does not, %%n is a star"""
        self.assertEqual(self.selected("//demo/main/*"), ["a.txt#2 edit"])
        self.assertEqual(self.selected("//demo/main/dir/%%1.txt"), ["dir/b.txt#1 add", "dir/c d.txt#1 add"])
        self.assertEqual(self.selected("//demo/main/dir/..."),
                         ["dir/b.txt#1 add", "dir/c d.txt#1 add", "dir/sub/e.txt#1 add"])
        self.assertEqual(self.selected("//*/main/.../e.txt"), ["dir/sub/e.txt#1 add"])
        self.assertEqual(self.selected("//.../a.txt"), ["a.txt#2 edit"])

    def test_revisions(self):
        """revision specifications"""
        cases = {"#1": ["a.txt#1 add"], "#head": ["a.txt#2 edit"], f"@{self.first}": ["a.txt#1 add"],
                 "#1,#2": ["a.txt#2 edit"],
                 f"@{self.first},{self.first}": ["a.txt#1 add"], "#have": ["a.txt#2 edit"],
                 "@ws": ["a.txt#2 edit"],
                 "@2100/01/01": ["a.txt#2 edit"], "@now": ["a.txt#2 edit"],
                 f"@>{self.first}": ["a.txt#2 edit"]}
        for spec, wanted in cases.items():
            self.assertEqual(self.selected("//demo/main/a.txt" + spec), wanted, spec)
        self.assertEqual(self.selected("-a", "//demo/main/a.txt"), ["a.txt#2 edit", "a.txt#1 add"])
        self.assertEqual(self.selected(f"@{self.last},@{self.last}"), ["dir2/f.txt#2 delete"])

    def test_deleted(self):
        """-e leaves out what is deleted, -m stops"""
        self.assertIn("dir2/f.txt#2 delete", self.selected("//demo/..."))
        self.assertNotIn("dir2/f.txt#2 delete", self.selected("-e", "//demo/..."))
        self.assertEqual(len(self.selected("-m", "2", "//demo/...")), 2)

    def test_nothing(self):
        """the warning says what was missing"""
        cases = {"//demo/main/zz": "no such file(s).", "//demo/main/a.txt#9": "no file(s) at that revision.",
                 "//demo/main/a.txt@1": "no file(s) at that changelist number.",
                 "//demo/main/a.txt@1999/01/01": "no file(s) as of that date.",
                 "//demo/main/a.txt#3,#4": "no revision(s) above that revision.",
                 f"//demo/main/a.txt@{self.last},@{self.last}": "no revision(s) above those at that"
                                                                " changelist number.",
                 "//demo/main/a.txt@1999/01/01,1999/01/02": "no revision(s) before that date.",
                 "//demo/main/dir2/f.txt#have": "file(s) not on client."}
        for text, reason in cases.items():
            result = self.ws.run("files", text)
            self.assertMessages(result, f"{text} - {reason}")
            self.assertEqual((result.messages[0].severity, result.messages[0].generic), (2, 17))

    def test_the_rest_goes_on(self):
        """an argument that selects nothing does not stop the others"""
        result = self.ws.run("files", "//demo/main/zz", "//demo/main/a.txt", "//demo/main/yy")
        self.assertEqual((len(result.records), len(result.warnings)), (1, 2))

    def test_errors(self):
        """arguments that make no sense end the command"""
        cases = {"//nowhere/a": ("//nowhere/a - must refer to client 'ws'.", 2), "/elsewhere/a": None,
                 "//demo/main/a.txt@nobody": ("Invalid changelist/client/label/date '@nobody'.", 4),
                 "//demo/main/a.txt#x": ("Invalid revision number 'x'.", 1),
                 "//demo/main/......": ("Senseless juxtaposition of wildcards in '//demo/main/......'.", 39)}
        for text, wanted in cases.items():
            result = self.ws.run("files", text)
            wanted = wanted or (f"Path '/elsewhere/a' is not under client's root '{self.ws.root}'.", 3)
            self.assertEqual([(m.text, m.generic, m.severity) for m in result.messages], [(*wanted, 3)])

    def test_no_client(self):
        """depot syntax needs no client, local syntax does"""
        client = self.server.client(client="nobody", cwd=self.ws.root)
        self.assertEqual(len(client.run("files", "//demo/main/a.txt").records), 1)
        self.check_error(client.run("files", "a.txt"),
                         "a.txt - must create client 'nobody' to access local files.", 3, 36)
        self.check_error(client.run("have"), "Client 'nobody' unknown - use 'client' command to create it.",
                         3, 2)

    def test_outside_view(self):
        """client syntax outside the view"""
        narrow = self.workspace("narrow", view=["//demo/main/dir/... //narrow/..."])
        self.assertMessages(narrow.run("files", "//narrow/b.txt/x"), "//narrow/b.txt/x - no such file(s).")
        wide = self.workspace("one", view=["//demo/main/dir/... //one/d/..."])
        self.assertMessages(wide.run("sizes", "-s", "//one/e/..."),
                            "//one/e/... - file(s) not in client view.")
        self.assertEqual(len(wide.run("files", "//one/...").records), 3)

    def test_labels(self):
        """@label is what the label holds"""
        with self.server_store() as store, store.write():
            store.insert("domain", type=108, name="rel1", owner="super")
            store.execute("INSERT INTO label VALUES (?, ?, 1)", "rel1", "//demo/main/a.txt")
        self.assertEqual(self.selected("//demo/...@rel1"), ["a.txt#1 add"])
        self.assertMessages(self.ws.run("files", "//demo/main/dir/...@rel1"),
                            "//demo/main/dir/...@rel1 - file(s) not in label.")

    def server_store(self):
        import contextlib
        from server.store import Store
        return contextlib.closing(Store(self.server.root))


class Permissions(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("open/a.txt", "secret/b.txt", "secret/public/c.txt")
        cls.good("protect", "-i",
                 stdin="Protections:\n\tlist user ann * //...\n\tlist user ann * -//demo/main/secret/...\n"
                 "\tlist user ann * //demo/main/secret/public/...\n\tread user bob *"
                 " //demo/main/*/a*\n\tsuper user super * //...\n")
        cls.ann = cls.server.client(user="ann")
        cls.bob = cls.server.client(user="bob")

    def test_hidden(self):
        """what may not be listed is not there"""
        names = [r["depotFile"] for r in self.ann.run("files", "//demo/...").records]
        self.assertEqual(names, ["//demo/main/open/a.txt", "//demo/main/secret/public/c.txt"])
        self.assertEqual(self.ann.run("sizes", "-s", "//demo/...").records[0]["fileCount"], "2")
        self.assertEqual([r["dir"] for r in self.ann.run("dirs", "//demo/main/*").records],
                         ["//demo/main/open", "//demo/main/secret"])
        self.assertMessages(self.ann.run("files", "//demo/main/secret/b.txt"),
                            "//demo/main/secret/b.txt - no permission for operation on file(s).")

    def test_levels(self):
        """listing is not reading"""
        self.check_error(self.ann.run("print", "//demo/main/open/a.txt"),
                         "You don't have permission for this operation.", 3, 6)
        result = self.bob.run("print", "//demo/...")
        self.assertEqual([r["depotFile"] for r in result.records], ["//demo/main/open/a.txt"])
        self.check_error(self.bob.run("add", "//demo/main/open/x"),
                         "You don't have permission for this operation.", 3, 6)

    def test_wild_protection(self):
        """protections with wildcards inside"""
        self.assertEqual(self.bob.run("sizes", "-s", "//...").records[0]["fileCount"], "1")


class Limits(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add(*[f"f{n:03}" for n in range(60)], content="12345\n")

    def limited(self, *args: str, **limits: str):
        return self.server.client(client="ws", cwd=self.ws.root, **limits).run(*args)

    def test_results(self):
        """maxResults ends a listing"""
        result = self.limited("files", "//demo/...", maxResults="50")
        self.assertEqual(result.errors, ["Request too large (over 50); see 'p4 help maxresults'."])
        self.assertEqual(self.limited("files", "//demo/...", maxResults="60").errors, [])

    def test_rows(self):
        """maxScanRows counts what is looked at, also by sizes -s"""
        for command in (("sizes", "-s"), ("files",), ("fstat",)):
            self.assertEqual(self.limited(*command, "//demo/...", maxScanRows="59").errors,
                             ["Too many rows scanned (over 59); see 'p4 help maxscanrows'."], command)
        self.assertEqual(self.limited("sizes", "-s", "//demo/...", maxScanRows="60").errors, [])
        self.assertEqual(self.limited("sizes", "-s", "//demo/main/f00*", maxScanRows="20").errors, [])


class Case(FileCase):
    """A server that ignores case."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("Dir/File.txt")
        cls.good("configure", "set", "caseHandling=insensitive")

    def test_folding(self):
        """paths in any case name the file as it was spelled first"""
        for text in ("//DEMO/Main/dir/FILE.TXT", "//demo/main/DIR/...", "//ws/dir/file.txt"):
            self.assertEqual(self.ws.files(text), ["//demo/main/Dir/File.txt#1 add"], text)
        self.assertEqual(self.ws.run("sizes", "-s", "//ws/DIR/...").records[0]["fileCount"], "1")
        self.assertEqual([r["dir"] for r in self.ws.run("dirs", "//demo/MAIN/*").records],
                         ["//demo/main/Dir"])


if __name__ == "__main__":
    tap.main()
