#!/usr/bin/python3
"""Restoring checkpoints: own rows of several server versions, damage, and what real servers wrote."""

import gzip
import re
import shutil
import subprocess
import tarfile
import tempfile
import unittest
from pathlib import Path

import tap
from reference import CHECKPOINTS, DATA
from server.archive import Archive, digest
from server.checkpoint import restore
from server.journal import JournalError, read
from server.store import Store

OWN = DATA / "checkpoint.jnl"
P4D = Path(__file__).with_name("p4d")
HEADS = """SELECT COUNT(*), SUM(size) FROM head WHERE live AND depotFile >= CAST(? AS BLOB)
    AND depotFile < CAST(? AS BLOB)"""


class RootCase(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="p4root."))
        self.addCleanup(shutil.rmtree, self.root)
        self.store = Store(self.root)
        self.addCleanup(self.store.close)

    def file(self, data: bytes) -> Path:
        path = self.root / "input"
        path.write_bytes(data)
        return path


class Journal(RootCase):
    def rows(self, data: bytes):
        return list(read(self.file(data)))

    def test_fields(self):
        (row,) = self.rows(b"@pv@ 3 @db.x@ 5 -7 @a@@b@ @@ 0A @c\nd@ @12@ \n")
        self.assertEqual((row.operation, row.version, row.table, row.line), ("pv", 3, "db.x", 1))
        self.assertEqual(row.fields, [5, -7, "a@b", "", "0A", "c\nd", "12"])

    def test_bytes_survive(self):
        (row,) = self.rows(b"@pv@ 0 @db.x@ @caf\xe9@ \n")
        self.assertEqual(row.fields, ["caf\udce9"])

    def test_damage_is_found_and_left_behind(self):
        rows = self.rows(b"@pv@ 0 @db.a@ @open\nstill open\n@pv@ 0 @db.b@ 1 \nrubbish\n@pv@ db.c 1 \n"
                         b"@pv@ 0 @db.d@ 2 \n")
        self.assertEqual([(row.line, row.table, row.error) for row in rows],
                         [(1, "", "bad quoting"), (3, "db.b", ""), (4, "", "not a journal row"),
                          (5, "", "missing table name or version"), (6, "db.d", "")])

    def test_text_that_looks_like_rows(self):
        """a row inside a description has its @ doubled and stays text"""
        rows = self.rows(b"@pv@ 0 @db.desc@ 1 @x\n@@pv@@ 0 @@db.y@@ 1\n@ \n@ex@ 1 2\n")
        self.assertEqual([row.operation for row in rows], ["pv", "ex"])
        self.assertEqual(rows[0].fields[1], "x\n@pv@ 0 @db.y@ 1\n")

    def test_gzip(self):
        data = b"@pv@ 0 @db.x@ 1 \n" * 5000
        self.assertEqual(len(self.rows(gzip.compress(data))), 5000)
        with self.assertRaisesRegex(JournalError, "damaged after line"):
            self.rows(gzip.compress(data)[:-20])
        broken = bytearray(gzip.compress(data))
        broken[len(broken) // 2] ^= 0xFF
        with self.assertRaises(JournalError):
            self.rows(bytes(broken))


class Restored(RootCase):
    def setUp(self):
        super().setUp()
        self.report = restore(self.store, OWN)

    def rows(self, sql, *args):
        return self.store.all(sql, *args)

    def one(self, sql, *args):
        (row,) = self.rows(sql, *args)
        return row

    def test_report(self):
        self.assertEqual(self.report.errors, [])
        self.assertEqual(self.report.skipped, {"db.ixtext": 2, "db.invented": 1, "db.config": 1})
        self.assertEqual(self.report.restored["db.rev"], 6)
        self.assertIn("db.ixtext                    2 skipped", str(self.report))

    def test_revisions_of_every_version(self):
        self.assertEqual(self.rows("SELECT depotFile, rev, type, action, size, lazy, lbrType FROM rev"), [
            ("//old/a", 1, "binary", "add", None, 0, "binary"),
            ("//old/b", 1, "text", "move/delete", 11, 0, "text"),
            ("//shop/dev/a.c", 1, "text", "branch", 20, 1, "text"),
            ("//shop/dev/a.c", 2, "text", "edit", 30, 0, "text+C"),
            ("//shop/dev/caf@e.txt", 1, "binary", "add", 7, 0, "binary"),
            ("//shop/dev/gone", 1, "text", "delete", None, 0, "text")])
        self.assertEqual(self.one("SELECT digest, lbrFile, lbrRev FROM rev WHERE lazy"),
                         ("F" * 32, "//shop/main/a.c", "1.12"))

    def test_heads(self):
        self.assertEqual(self.one(HEADS, "//shop/dev/", "//shop/dev0"), (2, 37))
        self.assertEqual(self.one("SELECT rev, live FROM head WHERE depotFile = ?", "//shop/dev/gone"), (1,
                                                                                                         0))

    def test_heads_are_kept_from_here_on(self):
        with self.store.write():
            self.store.insert("rev", depotFile="//shop/dev/a.c", rev=3, type="text", action="edit",
                              change=32,
                              size=99)
        self.assertEqual(self.one(HEADS, "//shop/dev/", "//shop/dev0"), (2, 106))

    def test_changes(self):
        columns = "client, user, status, shelved, type, path, oldChange, description"
        self.assertEqual(self.one(f"SELECT {columns} FROM change WHERE change = 31"),
                         ("bench", "ann", 1, 0, "public", "//shop/dev/*", None,
                          "a change\nwith @ signs and\n@pv@ 9 @db.rev@ in its text\n"))
        self.assertEqual(self.one(f"SELECT {columns} FROM change WHERE change = 14"),
                         ("veteran", "bob", 1, 0, "public", None, 12, "first"))
        self.assertEqual(self.rows("SELECT change, status, shelved, type FROM change WHERE status = 0"),
                         [(15, 0, 1, "public"), (16, 0, 0, "restricted")])

    def test_streams(self):
        self.assertEqual(self.rows("SELECT stream, parent, type, title, change, copyChange FROM stream"),
                         [("//shop/dev", "//shop/main", "development", "dev till", 9, 7),
                          ("//shop/main", "none", "mainline", "main", 1, 0)])
        self.assertEqual(self.rows('SELECT kind, seq, type, "left", "right" FROM template'
                                   ' WHERE name = ? AND change = 9',
                                   "//shop/dev"),
                         [(0, 0, "share", "...", ""), (0, 1, "import", "lib/...", "//old/lib/..."),
                          (2, 2, "", ".bak", "")])
        self.assertEqual(self.one("SELECT options, description, owner FROM domain WHERE name = ?",
                                  "//shop/dev"),
                         ("allsubmit locked toparent fromparent mergedown",
                          'a dev stream\nwith "two" lines', "bob"))

    def test_domains(self):
        self.assertEqual(self.one("SELECT type, host, root, altRoot1, options, stream FROM domain"
                                  " WHERE name = ?",
                                  "bench"),
                         (99, "pc7", "/home/ann/b", "C:\\b",
                          "noallwrite clobber nocompress unlocked nomodtime rmdir",
                          "//shop/dev"))
        self.assertEqual(self.one("SELECT description, root FROM domain WHERE name = ?", "veteran"),
                         ("since ever", "/v"))
        self.assertEqual(self.one("SELECT revision, options FROM domain WHERE name = ?", "r1"),
                         ("@12", "locked noautoreload"))
        self.assertEqual(self.rows("SELECT name, kind, map, streamDepth, address FROM domain"
                                   " WHERE type = 100"),
                         [("far", "remote", "//shop/...", None, "far.example:1666"),
                          ("old", "local", "../old/...", None, None), ("shop", "stream", "shop/...",
                                                                       "//shop/1", None)])

    def test_views(self):
        self.assertEqual(self.rows('SELECT type, flag, "left", "right" FROM view WHERE name = ?', "veteran"),
                         [(99, "", "//old/...", "//veteran/..."), (99, "-", "//old/tmp/...",
                                                                   "//veteran/tmp/..."),
                          (99, "+", "//shop/main/...", "//veteran/...")])
        self.assertEqual(self.one('SELECT type, "left", "right" FROM view WHERE name = ?', "tosub"),
                         (98, "//old/a/...", "//old/b/..."))

    def test_people(self):
        self.assertEqual(self.rows("SELECT user, email, fullName, password, passDate FROM user"),
                         [("ann", "ann@example.org", "Ann A.", "00112233445566778899AABBCCDDEEFF",
                           1500000001),
                          ("bob", "bob@example.org", "Bob", None, 0)])
        self.assertEqual(self.rows('SELECT name, maxResults, maxLockTime, timeout, maxMemory FROM "group"'),
                         [("all", None, 30000, -1, 512), ("devs", 5000, None, 43200, None)])
        self.assertEqual(self.rows('SELECT "group", name, kind FROM member ORDER BY 1, 3, 2'),
                         [("all", "devs", 1), ("devs", "ann", 0), ("devs", "bob", 0), ("devs", "ann", 2)])
        self.assertEqual(self.rows("SELECT perm, isGroup, name, host, flag, depotFile FROM protect"),
                         [("write", 0, "*", "*", "", "//..."), ("=read", 1, "devs", "10.0.0.*", "-",
                                                                "//old/..."),
                          ("super", 0, "ann", "*", "", "//...")])

    def test_work_in_progress(self):
        self.assertEqual(self.rows("SELECT client, depotFile, rev, time FROM have"),
                         [("bench", "//shop/dev/a.c", 2, 1500000102), ("veteran", "//old/a", 1, 0)])
        self.assertEqual(self.rows("SELECT depotFile, haveRev, action, change, locked, digest, movedFile"
                                   " FROM working"),
                         [("//shop/dev/a.c", 2, "edit", 0, 1, None, None),
                          ("//shop/dev/n", 0, "move/add", 16, 0, None, "//shop/dev/m")])
        self.assertEqual(self.one("SELECT change, client, action, digest FROM workingx"),
                         (15, "bench", "edit", "3" * 32))
        self.assertEqual(self.one("SELECT change, depotFile, rev, size, lbrRev FROM shelf"),
                         (15, "//shop/dev/a.c", 2, 33, "1.15"))
        self.assertEqual(self.one("SELECT client, toFile, fromFile, endFromRev, baseRev, change"
                                  " FROM resolve"),
                         ("bench", "//shop/dev/a.c", "//shop/main/a.c", 1, 1, 0))
        self.assertEqual(self.one("SELECT * FROM integed"), ("//shop/dev/a.c", "//shop/main/a.c", 0, 1, 0,
                                                             1, 2, 14))

    def test_settings(self):
        self.assertEqual(self.store.counter("change"), 31)
        self.assertEqual(self.store.config("security"), "1")
        self.assertEqual(self.store.config("caseHandling", "sensitive"), "sensitive")
        self.assertEqual(self.one('SELECT * FROM "key"'), ("k", "v"))
        self.assertEqual(self.one("SELECT name, value, user FROM property"), ("P", "url", "ann"))
        self.assertEqual(self.one("SELECT * FROM label"), ("r1", "//old/a", 1))


class Damage(RootCase):
    def test_bad_rows_are_reported_and_the_rest_restored(self):
        data = OWN.read_bytes() + (b"@pv@ 9 @db.rev@ @//x@ 1 \n@pv@ 9 @db.have@ @open\n"
                                   b"@pv@ 1 @db.nameval@ @k2@ @v2@ \n"
                                   b"@pv@ 4 @db.change@ @words@ @for@ 1 2 3 4 5 \n")
        report = restore(self.store, self.file(data))
        lines = data[:data.index(b"@//x@")].count(b"\n") + 1
        self.assertEqual([line for line, _ in report.errors], [lines, lines + 1, lines + 3])
        self.assertIn("db.rev version 9 with 2 fields", report.errors[0][1])
        self.assertEqual(self.store.value('SELECT value FROM "key" WHERE name = ?', "k2"), "v2")

    def test_cut_off_restores_nothing(self):
        packed = gzip.compress(OWN.read_bytes())
        for data in (packed[:-9], packed[:300], b"", b"hello\n", b"\x1f\x8b"):
            with self.assertRaises(JournalError):
                restore(self.store, self.file(data))
            self.assertEqual(self.store.value("SELECT COUNT(*) FROM rev"), 0)
        restore(self.store, OWN)
        self.assertEqual(self.store.value("SELECT COUNT(*) FROM head"), 5)

    def test_journal_after_checkpoint(self):
        """later rows replace, dv rows delete, heads follow"""
        data = OWN.read_bytes() + (b"@rv@ 1 @db.counters@ @change@ @40@ \n"
                                   b"@dv@ 1 @db.nameval@ @k@ @v@ \n"
                                   b"@dv@ 9 @db.rev@ @//shop/dev/a.c@ 2 0 1 31 0 0 "
                                   b"0123456789ABCDEF0123456789ABCDEF 30 0 0 @//shop/dev/a.c@ @1.31@ 3 \n")
        restore(self.store, self.file(data))
        self.assertEqual(self.store.counter("change"), 40)
        self.assertEqual(self.store.all('SELECT * FROM "key"'), [])
        self.assertEqual(self.store.row(HEADS, "//shop/dev/", "//shop/dev0"), (2, 27))

    def run_p4d(self, *args):
        return subprocess.run([P4D, *args], capture_output=True, text=True, timeout=60, check=False)

    def test_command(self):
        root = str(self.root / "new")
        (self.root / "new").mkdir()
        done = self.run_p4d("-r", root, "-jr", str(OWN))
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn("db.rev                       6 restored", done.stdout)
        again = self.run_p4d("-r", root, "-jr", str(OWN))
        self.assertEqual(again.returncode, 1)
        self.assertIn("non-empty database", again.stderr)
        (self.root / "other").mkdir()
        missing = self.run_p4d("-r", str(self.root / "other"), "-jr", "/nonexistent")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("/nonexistent", missing.stderr)
        self.assertNotIn("Traceback", again.stderr + missing.stderr)


class RealServers(RootCase):
    """What p4d wrote: every row of the tables that matter, sums by stream, contents by digest."""

    REV = re.compile(r"^@pv@ 9 @db\.(rev|revsh)@ @([^@]*)@ (\d+) \d+ (\d+) (\d+) \d+ \d+ (\w+) (-?\d+) ")

    def checkpoint(self, name: str) -> Path:
        path = CHECKPOINTS / name / "checkpoint.gz"
        if not path.exists():
            self.skipTest(f"no {path}")
        return path

    def records(self, path: Path):
        with gzip.open(path, "rt", encoding="utf-8", errors="surrogateescape") as file:
            return [found for found in map(self.REV.match, file) if found]

    def check_rows(self, name: str) -> None:
        path = self.checkpoint(name)
        report = restore(self.store, path)
        self.assertEqual(report.errors, [])
        for table, target in (("rev", "rev"), ("revsh", "shelf"), ("change", "change"), ("have", "have"),
                              ("working", "working"), ("workingx", "workingx"), ("integed", "integed"),
                              ("domain", "domain"), ("view", "view"), ("stream", "stream"), ("user", "user"),
                              ("protect", "protect"), ("template", "template"), ("counters", "counter")):
            count = self.store.value(f"SELECT COUNT(*) FROM {target}")
            self.assertEqual(count, report.restored[f"db.{table}"], table)
        heads, sums = {}, {}
        for found in self.records(path):
            if found[1] == "rev" and int(found[3]) > heads.get(found[2], (0,))[0]:
                heads[found[2]] = int(found[3]), int(found[4]), int(found[7])
        for depot_file, (_, action, size) in heads.items():
            if action not in (2, 6, 7, 9):
                stream = "/".join(depot_file.split("/")[:4])
                count, total = sums.get(stream, (0, 0))
                sums[stream] = count + 1, total + size
        streams = [stream for (stream,) in self.store.all("SELECT stream FROM stream")]
        self.assertEqual(len(streams), 2)
        for stream in streams:
            self.assertEqual(self.store.row(HEADS, stream + "/", stream + "0"), sums[stream], stream)

    def test_classic_and_streams(self):
        self.check_rows("r15.1-jenkins")
        self.assertEqual(self.store.config("caseHandling"), "insensitive")

    def test_streams(self):
        self.check_rows("r17-streams")
        self.assertEqual(self.store.value("SELECT COUNT(*) FROM change WHERE shelved"), 143)

    def test_contents(self):
        """every revision and shelved file has the digest and size the server recorded"""
        restore(self.store, self.checkpoint("r15.1-jenkins"))
        with tarfile.open(CHECKPOINTS / "r15.1-jenkins" / "depot.tar.gz") as archives:
            archives.extractall(self.root)
        archive, checked = Archive.of(self.store), 0
        for table in ("rev", "shelf"):
            for lbr_file, lbr_rev, lbr_type, wanted, size in self.store.all(
                    f"SELECT lbrFile, lbrRev, lbrType, digest, size FROM {table}"):
                content = archive.read(lbr_file, lbr_rev, lbr_type)
                self.assertEqual((digest(content), len(content)), (wanted, size), (lbr_file, lbr_rev))
                checked += 1
        self.assertEqual(checked, 650)


if __name__ == "__main__":
    tap.main()
