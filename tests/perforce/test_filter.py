#!/usr/bin/python3
"""Filter expressions: operators, precedence, wildcards, numbers, dates, mistakes."""

import unittest

import tap
from server.command import CommandError
from server.filter import compile_filter

STREAM = {"Stream": "//shop/dev", "Type": "development", "Owner": "ann",
          "Options": "allsubmit unlocked toparent",
          "Name": "New till (v2)", "Files": "120", "Update": "1704164645", "Parent": "//shop/main"}


class Filters(unittest.TestCase):
    def check(self, text, wanted, **options):
        self.assertEqual(compile_filter(text, **options)(STREAM), wanted, text)

    def test_terms(self):
        for text, wanted in (("Type=development", True), ("Type=release", False),
                             ("Type = development", True),
                             ("type=development", False), ("Missing=x", False), ("Options=unlocked", True),
                             ("ann", True), ("bob", False), ("Parent=//shop/main", True),
                             ("Parent=//shop/*", True),
                             ("Name=New\\ till\\ \\(v2\\)", True), ("Name=\\(v2\\)", True),
                             ("Owner=a*n", True),
                             ("Owner=a\\*n", False), ("Owner>am", True), ("Owner<am", False)):
            self.check(text, wanted)

    def test_operators(self):
        for text, wanted in (("Type=development&Owner=ann", True), ("Type=development&Owner=bob", False),
                             ("Type=release|Owner=ann", True), ("Type=release|Owner=bob", False),
                             ("^Owner=bob", True), ("^Owner=ann", False),
                             ("Owner=ann & ^Type=release", True),
                             ("Owner=ann Type=development", True), ("Owner=ann Type=release", False),
                             ("Parent=//shop/main&(Type=development|Type=release)", True),
                             ("Owner=bob&Type=release|Owner=ann", True),
                             ("Owner=ann&(Type=release|^Owner=bob)", None)):
            if wanted is None:
                with self.assertRaises(CommandError):
                    compile_filter(text)
            else:
                self.check(text, wanted)

    def test_numbers_and_dates(self):
        for text, wanted in (("Files>99", True), ("Files<=120", True), ("Files=0120", True),
                             ("Files<99", False),
                             ("Update=2024/01/02", True), ("Update>=2024/01/02", True),
                             ("Update>2024/01/02", False),
                             ("Update<=2024/01/02", True), ("Update<2024/01/02", False),
                             ("Update>2024/01/02:00:00:00", True)):
            self.check(text, wanted)

    def test_fold(self):
        self.check("type=DEVELOPMENT", True, fold=True)

    def test_mistakes(self):
        for text in ("", "(a", "a)", "a=", "=b", "a|^b", "a&", "&", "a=(b)", "^", "\\"):
            with self.assertRaises(CommandError, msg=text):
                compile_filter(text)


if __name__ == "__main__":
    tap.main()
