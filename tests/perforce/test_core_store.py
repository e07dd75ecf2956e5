#!/usr/bin/python3
"""The store: text that is not UTF-8, the head table, transactions, and a server that is killed."""

import shutil
import tempfile
import threading
import unittest

import tap
from server.schema import ABSENT
from server.store import Pool, Store, StoreError, prefix_range
from wireclient import Server


class StoreTest(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="store-")
        self.addCleanup(shutil.rmtree, self.root)
        self.store = Store(self.root)
        self.addCleanup(self.store.close)

    def revision(self, path: str, rev: int, action: str = "edit", size: int = 1) -> None:
        self.store.insert("rev", depotFile=path, rev=rev, type="text", action=action, change=rev, date=rev,
                          size=size)

    def heads(self) -> list:
        return self.store.all("SELECT depotFile, rev, size, live FROM head ORDER BY depotFile")

    def test_text(self):
        """bytes that are not UTF-8 come back as they were, and sort bytewise"""
        with self.store.write():
            for path in ("//d/b", "//d/a\udcff", "//d/ä"):
                self.revision(path, 1)
        self.assertEqual([p for p, *_ in self.heads()], ["//d/a\udcff", "//d/b", "//d/ä"])

    def test_prefix(self):
        """a prefix range holds what starts with the prefix and nothing else"""
        with self.store.write():
            for path in ("//d/a", "//d/a/x", "//d/a/\udcff\udcff", "//d/a0", "//d/b"):
                self.revision(path, 1)
        low, high = prefix_range("//d/a/")
        found = self.store.all("SELECT depotFile FROM rev WHERE depotFile >= ? AND depotFile < ?", low, high)
        self.assertEqual(found, [("//d/a/x",), ("//d/a/\udcff\udcff",)])
        self.assertEqual(len(self.store.all("SELECT 1 FROM rev WHERE depotFile >= ? AND depotFile < ?",
                                            *prefix_range(""))), 5)

    def test_heads(self):
        """the head table follows inserts, updates and deletes of revisions in any order"""
        with self.store.write():
            self.revision("//d/f", 2, "edit", 20)
            self.revision("//d/f", 1, "add", 10)
        self.assertEqual(self.heads(), [("//d/f", 2, 20, 1)])
        for number, action in enumerate(ABSENT, 3):
            with self.store.write():
                self.revision("//d/f", number, action)
            self.assertEqual(self.heads(), [("//d/f", number, 1, 0)])
        with self.store.write():
            self.store.execute("DELETE FROM rev WHERE rev > 2")
        self.assertEqual(self.heads(), [("//d/f", 2, 20, 1)])
        with self.store.write():
            self.store.execute("UPDATE rev SET depotFile = ?, size = 5 WHERE rev = 2", "//d/g")
        self.assertEqual(self.heads(), [("//d/f", 1, 10, 1), ("//d/g", 2, 5, 1)])
        with self.store.write():
            self.store.execute("DELETE FROM rev")
        self.assertEqual(self.heads(), [])

    def test_transactions(self):
        """an exception in a write rolls back everything, the nested write's work too"""
        with self.assertRaises(KeyError), self.store.write():
            self.store.set_counter("x", 1)
            with self.store.write():
                self.store.set_counter("y", 1)
            raise KeyError
        self.assertEqual((self.store.counter("x"), self.store.counter("y")), (0, 0))
        with self.store.write():
            self.store.set_counter("x", 2)
        self.assertEqual(Store(self.root).counter("x"), 2)

    def test_counters(self):
        """change numbers are given once each, also to threads"""
        pool, numbers = Pool(self.root), []

        def take():
            for _ in range(50):
                with pool.store() as store, store.write():
                    numbers.append(store.next_change())
        threads = [threading.Thread(target=take) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(sorted(numbers), list(range(1, 201)))

    def test_other_schema(self):
        """a database of another version is refused, not damaged"""
        self.store.db.execute("PRAGMA user_version=999")
        with self.assertRaises(StoreError):
            Store(self.root)


class Killed(unittest.TestCase):
    def test_kill(self):
        """kill -9 in the middle of writing loses nothing that was answered"""
        server = Server()
        self.addCleanup(server.stop)
        done = 0

        def increment():
            nonlocal done
            client = server.client()
            try:
                channel = client.connect()
                while client.run_on(channel, "counter", "-i", "k").released:
                    done += 1
            except OSError:
                pass
        for _ in range(3):
            done, before = 0, int(server.client().run("counter", "k").records[0]["value"])
            thread = threading.Thread(target=increment)
            thread.start()
            server.wait_for(lambda: done > 20)
            server.kill()
            thread.join()
            server.start()
            after = int(server.client().run("counter", "k").records[0]["value"])
            self.assertIn(after - before, (done, done + 1))


if __name__ == "__main__":
    tap.main()
