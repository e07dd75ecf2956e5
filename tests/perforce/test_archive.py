#!/usr/bin/python3
"""Archives: RCS deltas, single files, other case, depots elsewhere, damage, writing."""

import gzip
import random
import shutil
import tempfile
import unittest
from pathlib import Path

import tap
from server.archive import Archive, ArchiveError, digest
from server.rcs import RcsError, RcsFile

RCS = b"""head     1.9;
access   ;
symbols  ;
locks    ;comment  @@;


1.9
date     2020.01.03.00.00.00;  author p4;  state Exp;
branches ;
next     1.4;

1.4
date     2020.01.02.00.00.00;  author p4;  state Exp;
branches ;
next     1.1;

1.1
date     2020.01.01.00.00.00;  author p4;  state Exp;
branches ;
next     ;


desc
@@


1.9
log
@@
text
@one
two @@ home
three
five@


1.4
log
@a log @@ with a sign@
text
@d1 1
a2 2
two and a half
a line @@ more
d4 1
a4 1
four
@


1.1
log
@@
text
@d1 4
a4 1
only
@
"""
REVISIONS = {"1.9": b"one\ntwo @ home\nthree\nfive",
             "1.4": b"two @ home\ntwo and a half\na line @ more\nthree\nfour\n",
             "1.1": b"only\nfour\n"}


def rcs_of(versions: list[list[bytes]]) -> bytes:
    """An RCS file of versions (oldest first), each a list of lines, made with whole-file deltas."""
    numbers = [f"1.{place + 1}".encode() for place in range(len(versions))][::-1]
    parts = [b"head     %s;\naccess   ;\nsymbols  ;\nlocks    ;comment  @@;\n\n" % numbers[0]]
    for number, older in zip(numbers, [*numbers[1:], b""]):
        parts.append(b"\n%s\ndate     2020.01.01.00.00.00;  author p4;  state Exp;\nbranches ;\n" % number)
        parts.append(b"next     %s;\n" % older)
    parts.append(b"\n\ndesc\n@@\n")
    newer = None
    for number, lines in zip(numbers, versions[::-1]):
        text = b"".join(lines)
        if newer is not None:
            text = (b"d1 %d\n" % len(newer) if newer else b"") + b"a%d %d\n" % (len(newer),
                                                                                len(lines)) + text
        parts.append(b"\n\n%s\nlog\n@@\ntext\n@%s@\n" % (number, text.replace(b"@", b"@@")))
        newer = lines
    return b"".join(parts)


class Rcs(unittest.TestCase):
    def test_deltas(self):
        file = RcsFile(RCS)
        self.assertEqual({number: file.revision(number) for number in REVISIONS}, REVISIONS)
        with self.assertRaises(KeyError):
            file.revision("1.5")

    def test_many_versions(self):
        generator = random.Random(3)
        sizes = [generator.randint(1, 8) for _ in range(60)]
        versions = [[b"%d @ line\n" % generator.randint(0, 9) for _ in range(size)] for size in sizes]
        file = RcsFile(rcs_of(versions))
        for place, lines in enumerate(versions):
            self.assertEqual(file.revision(f"1.{place + 1}"), b"".join(lines))

    def test_damaged(self):
        for data in (b"", b"text", b"head", b"head 1.1;", RCS[:300], RCS[:-20], RCS.replace(b"desc",
                                                                                            b"dusk"),
                     RCS.replace(b"log\n@@\ntext", b"text")):
            with self.assertRaises(RcsError, msg=data[-40:]):
                RcsFile(data)
        for data in (RCS.replace(b"d1 4", b"d9 4"), RCS.replace(b"d1 4", b"x1 4"),
                     RCS.replace(b"next     1.4", b"next ")):
            with self.assertRaises(RcsError):
                RcsFile(data).revision("1.1")


class Archives(unittest.TestCase):
    def setUp(self):
        self.root = Path(tempfile.mkdtemp(prefix="p4root."))
        self.addCleanup(shutil.rmtree, self.root)
        self.archive = Archive(self.root)

    def put(self, name, data):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def test_layouts(self):
        self.put("shop/main/a.c,v", RCS)
        self.put("shop/main/b.bin,d/1.7.gz", gzip.compress(b"packed"))
        self.put("shop/main/b.bin,d/1.8", b"plain")
        self.assertEqual(self.archive.read("//shop/main/a.c", "1.4", "text"), REVISIONS["1.4"])
        self.assertEqual(self.archive.read("//shop/main/b.bin", "1.7", "binary"), b"packed")
        self.assertEqual(self.archive.read("//shop/main/b.bin", "1.8", 65537), b"plain")

    def test_type_changed_after(self):
        """what is there is read, whatever the type says"""
        self.put("shop/a,v", RCS)
        self.put("shop/a,d/1.12.gz", gzip.compress(b"newer"))
        self.assertEqual(self.archive.read("//shop/a", "1.9", "binary"), REVISIONS["1.9"])
        self.assertEqual(self.archive.read("//shop/a", "1.12", "text"), b"newer")

    def test_other_case(self):
        self.put("shop/main/readme,v", RCS)
        self.assertEqual(self.archive.read("//shop/Main/ReadMe", "1.9", "text"), REVISIONS["1.9"])
        self.put("shop/Main/ReadMe,d/1.9.gz", gzip.compress(b"exact first"))
        self.assertEqual(self.archive.read("//shop/Main/ReadMe", "1.9", "binary"), b"exact first")

    def test_depot_elsewhere(self):
        self.put("volume/x/f,d/1.1.gz", gzip.compress(b"away"))
        for place in ("volume/x/...", f"{self.root}/volume/x/..."):
            self.assertEqual(Archive(self.root, {"far": place}).read("//far/f", "1.1"), b"away")

    def test_missing_and_damaged(self):
        self.put("shop/short,d/1.1.gz", gzip.compress(random.randbytes(500))[:90])
        self.put("shop/no,d/1.1.gz", b"not gzip")
        self.put("shop/bad,v", RCS[:200])
        for name in ("short", "no", "bad", "absent"):
            with self.assertRaises(ArchiveError, msg=name):
                self.archive.read(f"//shop/{name}", "1.1", "text")
            self.assertFalse(self.archive.has(f"//shop/{name}", "1.1"))

    def test_no_way_out(self):
        for name in ("//shop/../secret", "//../x", "//./x", "//shop", "//shop//x", "/shop/x", "//shop/./x",
                     "//shop/a\0b"):
            with self.assertRaises(ArchiveError, msg=name):
                self.archive.read(name, "1.1")
            with self.assertRaises(ArchiveError, msg=name):
                self.archive.write(name, "1.1", [b"x"])

    def test_write(self):
        content = [b"first ", b"second\n", b"\xff\0"]
        for compress in (True, False):
            found = self.archive.write("//shop/caf\udce9 %40", "1.3", content, compress)
            self.assertEqual(found, (digest(b"".join(content)), 15))
            self.assertEqual(self.archive.read("//shop/caf\udce9 %40", "1.3"), b"".join(content))
            self.archive.remove("//shop/caf\udce9 %40", "1.3")
            self.assertFalse(self.archive.has("//shop/caf\udce9 %40", "1.3"))
        self.assertEqual(list((self.root / "shop").iterdir()), [])

    def test_failed_write_leaves_nothing(self):
        def breaks():
            yield b"some"
            raise OSError("the client went away")
        self.archive.write("//shop/f", "1.1", [b"old"])
        with self.assertRaises(OSError):
            self.archive.write("//shop/f", "1.1", breaks())
        self.assertEqual(self.archive.read("//shop/f", "1.1"), b"old")
        self.assertEqual(len(list((self.root / "shop/f,d").iterdir())), 1)

    def test_remove_leaves_deltas(self):
        self.put("shop/a,v", RCS)
        self.archive.remove("//shop/a", "1.9")
        self.assertTrue(self.archive.has("//shop/a", "1.9"))


if __name__ == "__main__":
    tap.main()
