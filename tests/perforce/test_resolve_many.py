#!/usr/bin/python3
"""Resolves, shelves and submits through the C client, and of 20,000 files at once."""

import time

import tap
from integcase import lines
from server.archive import Archive, digest
from server.store import Store
from test_integ_client import ClientCase

BASE, THEIRS, YOURS = lines(1, 2, 3, 4, 5), lines(1, "2t", 3, 4, 5), lines(1, 2, 3, 4, "5y")
MERGED = lines(1, "2t", 3, 4, "5y")


class Many(ClientCase):
    """Files t/N of the workspace, open for integration from s/N, all with the same three contents."""

    FILES = 20_000

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        store = Store(cls.server.root)
        cls.fill(store, Archive(cls.server.root))
        store.close()
        for folder in range(100):
            (cls.root / f"t/{folder}").mkdir(parents=True)
        for number in range(cls.FILES):
            path = cls.root / cls.name(number)
            path.write_text(YOURS)
            path.chmod(0o444)

    @staticmethod
    def name(number: int) -> str:
        return f"t/{number % 100}/f{number}"

    @classmethod
    def fill(cls, store: Store, archive: Archive) -> None:
        """The rows of the database; every revision of a kind has the same archive."""
        kinds = {"base": BASE, "theirs": THEIRS, "yours": YOURS}
        for kind, text in kinds.items():
            archive.write(f"//depot/{kind}", "1.1", [text.encode()])
        targets = [(f"//depot/{name}", f"//depot/s/{name}", f"//c/{name}")
                   for name in map(cls.name, range(cls.FILES))]
        with store.write():
            for path, rev, kind in ((1, 1, "base"), (1, 2, "theirs"), (0, 1, "yours")):
                data = kinds[kind].encode()
                store.many("INSERT INTO rev VALUES (?, ?, ?, ?, 1, 1, 1, ?, ?, 1, ?, ?, ?)",
                           ((target[path], rev, "text", "edit", digest(data), len(data), f"//depot/{kind}",
                             "1.1", "text+C") for target in targets))
            store.many("INSERT INTO have VALUES (?, ?, ?, 1, ?, 1)", (
                ("c", path, place, "text") for path, _, place in targets))
            store.many("INSERT INTO working (client, depotFile, clientFile, user, haveRev, workRev, type, action,"
                       " change) VALUES (?, ?, ?, ?, 1, 1, ?, ?, 0)", (
                           ("c", path, place, "super", "text", "integrate") for path, _, place in targets))
            store.many("INSERT INTO resolve VALUES (?, 0, ?, ?, 1, 2, 0, 1, 0, 0, ?, 1, ?, 0)", (
                ("c", path, source, source, "content") for path, source, _ in targets))
            store.set_counter("change", 1)

    def timed(self, limit: float, *args: str) -> list[str]:
        start = time.monotonic()
        shown = self.good(*args, timeout=600).splitlines()
        taken = time.monotonic() - start
        print(f"# {' '.join(args)}: {taken:.1f} s")
        self.assertLess(taken, limit)
        return shown

    def test_all(self):
        """a merge of 20,000 files is resolved, shelved, and submitted from the shelf in seconds"""
        self.assertEqual(len(self.timed(60, "resolve", "-n")), self.FILES)
        shown = self.timed(240, "resolve", "-am")
        self.assertEqual(len(shown), 3 * self.FILES)
        self.assertEqual(set(shown[1::3]), {"Diff chunks: 1 yours + 1 theirs + 0 both + 0 conflicting"})
        self.assertEqual((self.root / self.name(77)).read_text(), MERGED)
        number = self.good("change", "-i", stdin="Change: new\nDescription: many\n").split()[1]
        self.assertEqual(len(self.timed(60, "reopen", "-c", number, "//...")), self.FILES)
        self.assertEqual(len(self.timed(120, "shelve", "-c", number)), self.FILES + 2)
        self.assertEqual(len(self.timed(120, "revert", "-c", number, "//...")), self.FILES)
        self.assertEqual(self.timed(120, "submit", "-e", number)[-1], f"Change {number} submitted.")
        self.assertEqual(self.good("print", "-q", f"//depot/{self.name(77)}"), MERGED)
        (record,) = self.json("filelog", "-m1", f"//depot/{self.name(77)}")
        self.assertEqual((record["action0"], record["how0,0"]), ("integrate", "merge from"))


if __name__ == "__main__":
    tap.main()
