"""Sizes of streams: the sum of the heads that a client of the stream can see."""

from .case import Contract

DELETED = ("delete", "move/delete")


class Sizes(Contract):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.add({"src/a.c": "x" * 1000, "src/b.c": "y" * 20, "docs/d.txt": "z" * 300, "docs/e.txt": "",
                 "obj/o.o": b"\0" * 4096,
                 "img/i.tmp": "t" * 77})
        cls.stream("dev", "development", "//demo/main", ["share ..."])
        cls.workspace("dev", "//demo/dev")
        cls.add({"src/new.c": "n" * 55, "docs/dev.txt": "m" * 66}, client="dev")

    def heads(self, client: str) -> tuple[int, int]:
        records = [r for r in self.p4("fstat", "-Ol", f"//{client}/...", client=client).records
                   if r["headAction"] not in DELETED]
        return len(records), sum(int(r["fileSize"]) for r in records)

    def sizes(self, path: str, client: str = "ws") -> tuple[int, int]:
        (record,) = self.p4("sizes", "-s", path, client=client).records
        self.assertEqual(record["path"], path)
        return int(record["fileCount"]), int(record["fileSize"])

    def same(self, name: str) -> tuple[int, int]:
        self.workspace(f"c-{name}", f"//demo/{name}")
        found = self.sizes(f"//c-{name}/...", f"c-{name}")
        self.assertEqual(found, self.heads(f"c-{name}"))
        return found

    def test_mainline(self):
        """the path of a stream and its client have the same size"""
        self.assertEqual(self.same("main"), (6, 5493))
        self.assertEqual(self.sizes("//demo/main/..."), (6, 5493))
        self.assertEqual(self.same("dev"), (2, 121))

    def test_every_argument(self):
        """sizes -s answers once for every argument"""
        records = self.p4("sizes", "-s", "//demo/main/src/...", "//demo/main/docs/...").records
        self.assertEqual([(r["path"], r["fileSize"]) for r in records],
                         [("//demo/main/src/...", "1020"), ("//demo/main/docs/...", "300")])

    def test_imports(self):
        """imports count where they are seen"""
        self.stream("imp", "development", "//demo/main", ["import ...", "import lib/... //demo/dev/src/..."])
        self.assertEqual(self.same("imp"), (7, 5548))

    def test_exclusions(self):
        """excluded and ignored files do not count"""
        self.stream("exc", "development", "//demo/main", ["import ...", "exclude obj/..."],
                    "Ignored:\n\t.tmp\n")
        self.assertEqual(self.same("exc"), (4, 1320))

    def test_virtual(self):
        """a virtual stream has its parent's files, and none of its own"""
        self.stream("virt", "virtual", "//demo/main", ["share docs/..."])
        self.assertEqual(self.same("virt"), (2, 300))

    def test_remapped(self):
        """files keep their size elsewhere"""
        self.stream("remap", "development", "//demo/main", ["import ..."], "Remapped:\n\tsrc/... code/...\n")
        self.assertEqual(self.same("remap"), (6, 5493))
        where = self.p4("where", "//demo/main/src/a.c", client="c-remap").records[-1]
        self.assertEqual(where["clientFile"], "//c-remap/code/a.c")

    def test_deleted(self):
        """deleted and moved files are gone, edited ones have their new size"""
        self.stream("rel", "release", "//demo/main", ["share ..."])
        self.workspace("rel", "//demo/rel")
        self.add({"one": "1" * 10, "two": "2" * 20, "three": "3" * 30}, client="rel")
        self.ok("edit", "one", "two", client="rel")
        self.write("one", "1" * 100, "rel")
        self.ok("move", "two", "second", client="rel")
        self.ok("delete", "three", client="rel")
        self.submit("work", client="rel")
        self.assertEqual(self.sizes("//demo/rel/..."), (2, 120))
        self.assertEqual(self.heads("rel"), (2, 120))
        self.assertEqual([r["action"] for r in self.p4("files", "//demo/rel/...").records],
                         ["edit", "move/add", "delete", "move/delete"])
        self.ok("obliterate", "-y", "//demo/rel/second")
        self.assertEqual(self.sizes("//demo/rel/..."), (1, 100))
