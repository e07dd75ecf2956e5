#!/usr/bin/python3
"""File types: names, journal numbers, modifiers, keywords, detection."""

import unittest

import tap
from server.command import CommandError
from server.filetype import (KEPT, ONE_WORD, FileType, collapse_keywords, detect, expand_keywords, from_code,
                             normalise, parse)


class Names(unittest.TestCase):
    def test_numbers(self):
        """numbers as real journals have them"""
        for name, code in (("text", 0), ("binary+F", 65537), ("binary", 65539), ("binary+l", 65603),
                           ("text+C", 3),
                           ("text+F", 1), ("text+k", 0x20), ("text+ko", 0x10), ("text+x", 0x20000),
                           ("symlink", 0x40000),
                           ("unicode", 0x80000), ("text+w", 0x100000), ("text+m", 0x200000),
                           ("utf16", 0x1080000)):
            with self.subTest(name):
                self.assertEqual(parse(name).code, code)
                self.assertEqual(str(from_code(code)), name)

    def test_old_numbers(self):
        """old servers kept the client's part eight bits lower"""
        self.assertEqual([str(from_code(code)) for code in (0x103, 0x101, 0x200, 0x1000)],
                         ["binary", "binary+F", "text+x", "text+w"])

    def test_all_round(self):
        for base in ("text", "binary", "symlink", "unicode", "utf8", "utf16", "apple", "resource"):
            for modifiers in ("", "x", "w", "m", "l", "F", "C", "D", "S", "Sw", "xwml", "S16", "FS512x"):
                kind = parse(f"{base}+{modifiers}" if modifiers else base)
                self.assertEqual(parse(str(kind)), kind)
                self.assertEqual(from_code(kind.code), kind, str(kind))
        self.assertEqual([from_code(FileType(keep=keep).code).keep for keep in KEPT], list(KEPT))

    def test_one_word_names(self):
        for name, meaning in ONE_WORD.items():
            self.assertEqual(parse(name), parse(meaning))
            self.assertEqual(parse(str(parse(meaning))), parse(meaning))
        self.assertEqual(str(parse("xtext")), "text+x")
        self.assertEqual(str(parse("xtext+k")), "text+kx")
        self.assertEqual(str(parse("text+xwk")), "text+kwx")
        self.assertEqual(str(parse("tempobj")), "binary+FSw")
        self.assertEqual(str(parse("binary+C")), "binary")
        self.assertEqual(parse("tempobj").method, "F")

    def test_partial(self):
        self.assertEqual(str(parse("+l", parse("binary"))), "binary+l")
        self.assertEqual(str(parse("+F", parse("ctext"))), "text+F")

    def test_refused(self):
        for text, message in (("txt", "Invalid file type 'txt'"), ("text+q", "modifier on 'text+q'"),
                              ("text+CF", "Only one storage modifier"),
                              ("text+S11", "Bad version count '+S11'"),
                              ("symlink+k", "Disallowed modifier"), ("+x", "partial file type"),
                              ("", "Invalid file"),
                              ("text+S99999999999999999999", "Bad version count")):
            with self.subTest(text), self.assertRaises(CommandError) as caught:
                parse(text)
            self.assertIn(message, str(caught.exception))


class Content(unittest.TestCase):
    def expand(self, text, kind="ktext"):
        return expand_keywords(text, parse(kind), "//shop/a%40b", 3, 42, 86400, "ann")

    def test_keywords(self):
        self.assertEqual(self.expand(b"$Id$ $Revision$ $Change$ $Author$ $File$ $DateUTC$"),
                         b"$Id: //shop/a%40b#3 $ $Revision: #3 $ $Change: 42 $ $Author: ann $ "
                         b"$File: //shop/a%40b $ $DateUTC: 1970/01/02 $")
        self.assertEqual(self.expand(b"$Id: old $ x"), b"$Id: //shop/a%40b#3 $ x")
        self.assertEqual(self.expand(b"$Idx$ $ Id$ $Id\n$"), b"$Idx$ $ Id$ $Id\n$")
        self.assertEqual(self.expand(b"$Header$ $Change$", "text+ko"), b"$Header: //shop/a%40b#3 $ $Change$")
        self.assertEqual(self.expand(b"$Id$", "text"), b"$Id$")

    def test_collapse_undoes_expand(self):
        text = b"a $Id$ b $DateTime$ c $DateTimeTZ$\n$Header$"
        self.assertEqual(collapse_keywords(self.expand(text), parse("ktext")), text)

    def test_normalise(self):
        self.assertEqual(normalise(b"a\r\nb\r\n", parse("text"), b"\r\n"), b"a\nb\n")
        self.assertEqual(normalise(b"a\r\nb", parse("binary"), b"\r\n"), b"a\r\nb")
        self.assertEqual(normalise(b"$Id: x $\r\n", parse("ktext"), b"\r\n"), b"$Id$\n")

    def test_detect(self):
        for sample, kind in ((b"", "text"), (b"hello\n", "text"), (b"a\0b", "binary"), ("grün".encode(),
                                                                                        "text"),
                             (b"\xef\xbb\xbfx", "utf8"), (b"\xff\xfea\0", "utf16"),
                             (b"%PDF-1.4 x", "binary"),
                             (bytes(range(128, 256)) * 4, "binary"), ("ü".encode() * 500, "text")):
            self.assertEqual(detect(sample), kind, sample[:8])


if __name__ == "__main__":
    tap.main()
