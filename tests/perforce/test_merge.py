#!/usr/bin/python3
"""Differences and three way merges: own vectors, the product's where they are, properties, large and odd
texts."""

import random
import time
import unittest

import tap
from reference import DATA, json_lines, vectors
from server.diff import diff, hunks, split_lines
from server.merge3 import COUNTED, Merge, chunks_without_base, merge_binary
from server.rcs import RcsFile

FORMATS = {"default": "", "du": "u", "du1": "u1", "dc": "c", "dc1": "c1", "dn": "n", "ds": "s", "db": "b",
           "dw": "w", "dl": "l"}


def text_of(words: str) -> bytes:
    return "".join(word.replace("_", " ") + "\n" for word in words.split()).encode()


def edited(generator: random.Random, lines: list[bytes]) -> list[bytes]:
    lines = list(lines)
    for _ in range(generator.randint(0, 4)):
        place, length = generator.randint(0, len(lines)), generator.randint(0, 2)
        lines[place:place + length] = [b"new %d\n" % generator.randint(0, 5)] * generator.randint(0, 2)
    return lines


class Merges(unittest.TestCase):
    def test_own(self):
        for case in json_lines(DATA / "merge.jsonl"):
            with self.subTest(case["note"]):
                texts = [text_of(case[side]) for side in ("base", "theirs", "yours")]
                merge = Merge(*texts, case.get("flags", ""))
                self.assertEqual(list(merge.counts().values()), case["counts"])
                self.assertEqual([merge.outcome(mode) for mode in "smf"], case["outcomes"])
                self.assertEqual(merge.text("b", "t", "y"), text_of(case["text"]))

    def replay(self, name):
        for case in json_lines(vectors(name))[1:]:
            merge = Merge(*(case[side].encode() for side in ("base", "theirs", "yours")), case["flags"])
            self.assertEqual(merge.counts(), case["chunks"], case)
            outcomes = [merge.outcome(mode) for mode in "smf"]
            self.assertEqual(outcomes, [case["as_"], case["am"], case["af"]], case)
            self.assertEqual(merge.text("B", "T", "Y").decode(), case["result"], case)

    def test_product_curated(self):
        self.replay("merge-curated.jsonl")

    def test_product_random(self):
        self.replay("merge-random.jsonl")

    def test_one_sided(self):
        """where one side is the base, each difference of the other is a chunk"""
        generator = random.Random(5)
        for _ in range(500):
            base = [b"%d\n" % generator.randint(0, 6) for _ in range(generator.randint(0, 12))]
            changed = edited(generator, base)
            count = len(hunks(base, changed))
            old, new = b"".join(base), b"".join(changed)
            for texts, kind in (((old, new, old), "theirs"), ((old, old, new), "yours")):
                merge = Merge(*texts)
                self.assertEqual(merge.counts(), dict.fromkeys(COUNTED, 0) | {kind: count})
                self.assertEqual(merge.text(), new)

    def test_properties(self):
        """chunks cover all three texts in order; what one side leaves alone the other decides"""
        generator = random.Random(11)
        for _ in range(1500):
            base = [b"%d\n" % generator.randint(0, 6) for _ in range(generator.randint(0, 12))]
            theirs, yours = edited(generator, base), edited(generator, base)
            texts = [b"".join(lines) for lines in (base, theirs, yours)]
            merge, at = Merge(*texts, generator.choice(("", "", "x", "g", "b"))), (0, 0, 0)
            for chunk in merge.chunks:
                self.assertEqual(chunk[1:4], at)
                at = chunk[4:]
            self.assertEqual(at, (len(base), len(theirs), len(yours)))
            self.assertEqual(Merge(texts[0], texts[0], texts[2]).text(), texts[2])
            self.assertEqual(Merge(texts[0], texts[1], texts[0]).text(), texts[1])
            self.assertEqual(Merge(texts[0], texts[1], texts[1]).text(), texts[1])

    def test_ignoring(self):
        crlf = Merge(b"a\r\nb\r\n", b"a\nb\n", b"a\r\nB\r\n", "l")
        self.assertEqual((crlf.counts()["yours"], crlf.text()), (1, b"a\r\nB\r\n"))
        self.assertEqual(Merge(b"a b\n", b"a  b\n", b"a b\n", "b").counts()["theirs"], 0)

    def test_last_line_without_end(self):
        merge = Merge(b"a\nb", b"a\nt", b"a\ny")
        self.assertEqual(merge.text("b", "t", "y"),
                         b"a\n>>>> ORIGINAL b\nb\n==== THEIRS t\nt\n==== YOURS y\ny")

    def test_binary(self):
        for digests, kind in (("121", "theirs"), ("112", "yours"), ("122", "both"), ("123", "conflicting"),
                              ("111", None)):
            self.assertEqual(merge_binary(*digests), {each: int(each == kind) for each in COUNTED})

    def test_without_base(self):
        self.assertEqual(chunks_without_base(b"a\nb\nc\n", b"a\nx\nc\ny\n"), 2)
        self.assertEqual(chunks_without_base(b"a\n", b"a\n"), 0)
        self.assertEqual(chunks_without_base(b"", b"a\n"), 1)


class Differences(unittest.TestCase):
    def test_formats(self):
        old, new = b"one\ntwo\nthree\nfour\n", b"zero\none\n2\nthree\n"
        for flags, body in (
                ("", b"0a1\n> zero\n2c3\n< two\n---\n> 2\n4d4\n< four\n"),
                ("n", b"a0 1\nzero\nd2 1\na2 1\n2\nd4 1\n"),
                ("s", b"add 1 chunks 1 lines\ndeleted 1 chunks 1 lines\nchanged 1 chunks 1 / 1 lines\n"),
                ("u", b"@@ -1,4 +1,4 @@\n+zero\n one\n-two\n+2\n three\n-four\n"),
                ("c", b"***************\n*** 1,4 ****\n  one\n! two\n  three\n- four\n"
                      b"--- 1,4 ----\n+ zero\n  one\n! 2\n  three\n")):
            self.assertEqual(diff(old, new, flags), body, flags)
        self.assertEqual(diff(old, old), b"")

    def test_product(self):
        for case in json_lines(vectors("diff.jsonl"))[1:]:
            for name, flags in FORMATS.items():
                body = diff(case["old"].encode(), case["new"].encode(), flags)
                self.assertEqual(body.decode(), case[name], (name, case["note"], case["old"], case["new"]))

    def test_deltas_rebuild(self):
        """-dn is what an RCS file keeps: it turns the old text into the new one"""
        generator = random.Random(2)
        for _ in range(400):
            old, new = (b"".join(b"%d\n" % generator.randint(0, 5) for _ in range(generator.randint(0, 20)))
                        for _ in range(2))
            file = (b"head 1.2; access; 1.2 date x; next 1.1; 1.1 date x; next ; desc @@ "
                    b"1.2 log @@ text @%s@ 1.1 log @@ text @%s@" % (old, diff(old, new, "n")))
            self.assertEqual(RcsFile(file).revision("1.1"), new)

    def test_lone_changes_slide_down(self):
        self.assertEqual(hunks(split_lines(b"a\nb\na\nb\nc\n"), split_lines(b"a\nb\nc\n")), [(2, 4, 2, 2)])

    def test_speed(self):
        generator = random.Random(4)
        old = [b"%d\n" % generator.randint(0, 3000) for _ in range(20000)]
        new = list(old)
        for _ in range(150):
            new[generator.randrange(len(new))] = b"changed\n"
        start = time.perf_counter()
        self.assertGreater(len(diff(b"".join(old), b"".join(new))), 1000)
        self.assertGreater(len(diff(b"".join(old), b"other\n" * 20000)), 1000)
        self.assertLess(time.perf_counter() - start, 5)

    def test_flags_together(self):
        old, new = b"a b\nc\nd\n", b"a  b\nx\nd\n"
        self.assertEqual(diff(old, new, "bu0"), b"@@ -2,1 +2,1 @@\n-c\n+x\n")
        self.assertEqual(diff(old, new, "qwn"), b"d2 1\na2 1\nx\n")


if __name__ == "__main__":
    tap.main()
