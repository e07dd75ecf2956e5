#!/usr/bin/python3
"""p4d-generate: the depot it makes is one the server can work with."""

import shutil
import subprocess
import sys
import tempfile
import unittest

import tap
from server.store import Store
from wireclient import HERE, Server


class Generate(unittest.TestCase):
    def generate(self, root: str, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, HERE / "p4d-generate", "-r", root, *args],
                              capture_output=True, text=True, timeout=120)

    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="generate-")
        self.addCleanup(shutil.rmtree, self.root)

    def test_depot(self):
        """streams, files, revisions, sizes and contents agree with each other"""
        done = self.generate(self.root, "--streams", "20", "--files", "150", "--revisions", "3", "--deleted",
                             "20", "--virtual", "10")
        self.assertEqual(done.returncode, 0, done.stderr)
        store = Store(self.root)
        kinds = [kind for (kind,) in store.all("SELECT type FROM stream ORDER BY stream")]
        self.assertEqual((kinds[0], len(kinds)), ("mainline", 20))
        real = sum(kind != "virtual" for kind in kinds)
        self.assertGreater(store.value("SELECT COUNT(*) FROM rev"), 150 * 2 * real)
        self.assertEqual(store.value("SELECT COUNT(*) FROM head"), 150 * real)
        live, size = store.row("SELECT COUNT(*), SUM(size) FROM head WHERE live")
        self.assertLess(live, 150 * real)
        store.close()
        server = Server(self.root)
        self.addCleanup(server.stop)
        client = server.client()
        (record,) = client.run("sizes", "-s", "//big/...").records
        self.assertEqual((int(record["fileCount"]), int(record["fileSize"])), (live, size))
        self.assertEqual(len(client.run("streams").records), 20)
        path = "//big/s00/d0/f00.txt#1"
        (record,) = client.run("sizes", path).records
        printed = client.run("print", "-q", path)
        self.assertEqual((printed.errors, len(printed.data)), ([], int(record["fileSize"])))
        self.assertEqual(client.run("verify", "-q", "//big/s00/...").messages, [])

    def test_again(self):
        """the same options make the same depot; a depot is not overwritten"""
        other = tempfile.mkdtemp(prefix="generate-")
        self.addCleanup(shutil.rmtree, other)
        for root in (self.root, other):
            self.assertEqual(self.generate(root, "--streams", "3", "--files", "10").returncode, 0)
        rows = [Store(root).all("SELECT depotFile, rev, digest FROM rev") for root in (self.root, other)]
        self.assertEqual(rows[0], rows[1])
        self.assertEqual(self.generate(self.root, "--streams", "3").returncode, 1)
        self.assertEqual(self.generate(self.root, "--streams", "2", "--files", "5", "--depot",
                                       "two").returncode, 0)
        store = Store(self.root)
        numbers = [n for (n,) in store.all("SELECT change FROM change")]
        self.assertEqual((len(numbers), max(numbers)), (len(set(numbers)), store.counter("change")))

    def test_triggers(self):
        """the head table goes on following revisions afterwards"""
        self.generate(self.root, "--streams", "1", "--files", "2")
        store = Store(self.root)
        with store.write():
            store.execute("DELETE FROM rev WHERE depotFile = ?", "//big/s0/d0/f00.txt")
        self.assertEqual(store.value("SELECT COUNT(*) FROM head"), 1)


if __name__ == "__main__":
    tap.main()
