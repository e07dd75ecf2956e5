#!/usr/bin/python3
"""Dates and revision specifications."""

import time
import unittest

import tap
from server.command import CommandError
from server.dates import format_day, format_time, format_zoned, parse_date
from server.revspec import Rev, parse, split_path


class Dates(unittest.TestCase):
    def test_round_trip(self):
        for text in ("2024/01/02 03:04:05", "1999/12/31 23:59:59", "2030/07/01 00:00:00"):
            self.assertEqual(format_time(parse_date(text)), text)
            self.assertEqual(parse_date(text.replace(" ", ":")), parse_date(text))
        self.assertEqual(format_day(parse_date("2024/1/2")), "2024/01/02")

    def test_zone(self):
        self.assertEqual(parse_date("1970/01/02 01:00:00 +0100"), 86400)
        self.assertEqual(parse_date("1970/01/01 19:30:00 -0430"), 86400)
        self.assertEqual(format_time(86400, utc=True), "1970/01/02 00:00:00")
        self.assertRegex(format_zoned(0), r"^19(70/01/01|69/12/31) \d\d:\d\d:\d\d [-+]\d{4} \S+$")

    def test_now(self):
        self.assertAlmostEqual(parse_date("now"), time.time(), delta=2)

    def test_refused(self):
        for text in ("", "2024", "2024/13/01", "2024/01/32", "24/01/01", "2024/01/01:25:00:00",
                     "2024/01/01x",
                     "2024/01/01:1", "9999999999999/01/01"):
            with self.assertRaises(CommandError, msg=text):
                parse_date(text)


class Revisions(unittest.TestCase):
    def test_split(self):
        self.assertEqual(split_path("//d/a%40b#3"), ("//d/a%40b", "#3"))
        self.assertEqual(split_path("//d/..."), ("//d/...", ""))
        self.assertEqual(split_path("@12,#head"), ("", "@12,#head"))

    def test_single(self):
        for text, high in (("#3", Rev("rev", 3)), ("#head", Rev("head")), ("#have", Rev("have")),
                           ("#none", Rev("none")),
                           ("#0", Rev("none")), ("@12", Rev("change", 12)), ("@lab-1", Rev("name", "lab-1")),
                           ("@=7", Rev("shelf", 7)), ("#<3", Rev("rev", 3, True)), ("#<=3", Rev("rev", 3)),
                           ("@1970/01/02:00:00:00 +0000", Rev("date", 86400))):
            self.assertEqual(parse(text), (None, high))
        self.assertEqual(parse(""), (None, None))

    def test_range(self):
        self.assertEqual(parse("#2,#4"), (Rev("rev", 2), Rev("rev", 4)))
        self.assertEqual(parse("#2,4"), (Rev("rev", 2), Rev("rev", 4)))
        self.assertEqual(parse("@12,#head"), (Rev("change", 12), Rev("head")))
        self.assertEqual(parse("@>100"), (Rev("change", 100, True), None))
        self.assertEqual(parse("#>=2"), (Rev("rev", 2), None))

    def test_refused(self):
        for text, message in (("#", "Unintelligible"), ("@", "Unintelligible"),
                              ("#x", "Invalid revision number 'x'"),
                              ("#1,", "Unintelligible"), ("#1#2", "Unintelligible"),
                              ("@=x", "Unintelligible"),
                              ("#=3", "Unintelligible"), ("#>1,#2", "Unintelligible"),
                              ("@2024/99/99", "Invalid date"),
                              ("#-1", "Invalid revision number")):
            with self.subTest(text), self.assertRaisesRegex(CommandError, message):
                parse(text)


if __name__ == "__main__":
    tap.main()
