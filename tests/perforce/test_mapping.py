#!/usr/bin/python3
"""View maps: own vectors, the product's where they are, properties, bad input, speed."""

import random
import time
import unittest

import tap
from reference import DATA, json_lines, table, vectors
from server.command import CommandError
from server.mapping import ViewMap, check_line, quote_line, split_line
from server.wildcard import Pattern, decode_path, encode_path, has_wildcards


def probe(view: ViewMap, direction: str, path: str):
    return (view.translate(path), view.translate_all(path)) if direction == "T" else \
        (view.reverse(path), view.reverse_all(path))


def refusal(left: str, right: str) -> str:
    try:
        check_line(left, right)
    except CommandError as error:
        return str(error)
    return ""


class OwnVectors(unittest.TestCase):
    def test_translate(self):
        for case in json_lines(DATA / "map-translate.jsonl"):
            view = ViewMap(case["view"])
            with self.subTest(case["note"]):
                self.assertEqual(view.disambiguated().lines(), case["disambiguated"])
                for direction, path, wanted, *everywhere in case["probes"]:
                    place, places = probe(view, direction, path)
                    self.assertEqual(place, wanted, path)
                    self.assertEqual(places, everywhere[0] if everywhere else [wanted] * bool(wanted), path)

    def test_join(self):
        for case in json_lines(DATA / "map-join.jsonl"):
            with self.subTest(case["note"]):
                joined = ViewMap(case["left"]).join(ViewMap(case["right"]))
                self.assertEqual(joined.lines(), case["joined"])

    def test_validate(self):
        for left, right, message in table(DATA / "map-validate.tsv"):
            with self.subTest(left):
                self.assertEqual(refusal(left, right), message)


class ProductVectors(unittest.TestCase):
    def test_translate(self):
        for case in json_lines(vectors("map-translate.jsonl"))[1:]:
            view = ViewMap(case["view"])
            self.assertEqual(view.disambiguated().lines(), case["disambiguated"], case["view"])
            for wanted in case["probes"]:
                place, places = probe(view, wanted["dir"], wanted["in"])
                self.assertEqual((place, places), (wanted["out"], wanted["all"]), (case["view"], wanted))

    def test_join(self):
        for case in json_lines(vectors("map-join.jsonl"))[1:]:
            joined = ViewMap(case["left"]).join(ViewMap(case["right"]))
            self.assertEqual(joined.lines(), case["joined"], case)

    def test_validate(self):
        for left, right, message in table(vectors("map-validate.tsv")):
            self.assertEqual(refusal(left, right), message)


class Rules(unittest.TestCase):
    def random_view(self, generator: random.Random) -> ViewMap:
        def path():
            parts = [generator.choice("abc") for _ in range(generator.randint(0, 2))]
            return "/".join([*parts, generator.choice(("...", "*", "%%1/...", "f"))])
        lines = []
        for _ in range(generator.randint(1, 5)):
            left = path()
            right = generator.choice(("", "a/", "x/")) + left if generator.random() < .7 else left
            lines.append(f"{generator.choice(('', '', '', '-', '+'))}//d/{left} //c/{right}")
        return ViewMap(lines)

    def test_reverse_undoes_translate(self):
        """What a map without overlays maps somewhere comes back to where it was."""
        generator, checked = random.Random(5), 0
        paths = ["//d/" + "/".join(name) for name in ("f", "af", "abf", "aaf", "bcf", "abcf", "caaf")]
        for _ in range(300):
            view = self.random_view(generator)
            if any(line.flag == "+" for line in view.rows):
                continue
            for path in paths:
                place = view.translate(path)
                if place is not None:
                    self.assertEqual(view.reverse(place), path, view.lines())
                    checked += 1
        self.assertGreater(checked, 200)

    def test_disambiguation_is_stable(self):
        generator = random.Random(6)
        paths = ["//d/" + "/".join(name) for name in ("f", "af", "abf", "aaf", "bcf", "abcf")]
        for _ in range(200):
            view = self.random_view(generator)
            again = ViewMap(view.disambiguated().lines())
            for path in paths:
                self.assertEqual(view.translate(path), again.translate(path), view.lines())

    def test_join_is_one_after_the_other(self):
        generator, root = random.Random(7), ViewMap(["//c/... /home/w/...", "-//c/x/... /home/w/x/..."])
        paths = ["//d/" + "/".join(name) for name in ("f", "af", "abf", "aaf", "bcf")]
        for _ in range(200):
            view = self.random_view(generator)
            joined = view.join(root)
            for path in paths:
                step = view.translate(path)
                wanted = root.translate(step) if step is not None else None
                self.assertEqual(joined.translate(path), wanted, (view.lines(), path))

    def test_case(self):
        lines = ["//Depot/Main/... //Ws/...", "-//depot/main/TMP/... //ws/tmp/..."]
        folded = ViewMap(lines, fold=True)
        self.assertEqual(folded.translate("//DEPOT/main/A/b"), "//Ws/A/b")
        self.assertIsNone(folded.translate("//depot/MAIN/tmp/x"))
        joined = ViewMap(["//depot/main/... //ws/..."], fold=True).limit_left("//DEPOT/Main/Src/*.C")
        self.assertEqual(joined.translate("//depot/main/src/File.c"), "//ws/Src/File.C")
        self.assertIsNone(ViewMap(["//Depot/... //ws/..."]).translate("//depot/x"))

    def test_limits(self):
        view = ViewMap(["//d/... //c/...", "-//d/tmp/... //c/tmp/..."])
        self.assertEqual(view.limit_left("//d/src/...").lines(), ["//d/src/... //c/src/..."])
        self.assertEqual(view.limit_right("//c/tmp/...").lines(),
                         ["//d/tmp/... //c/tmp/...", "-//d/tmp/... //c/tmp/..."])
        self.assertFalse(view.limit_left("//e/..."))

    def test_prefixes(self):
        view = ViewMap(["//d/a/... //c/a/...", "//d/a/b/... //c/x/...", "//d/e/*.c //c/*.c",
                        "-//q/... //c/q/..."])
        self.assertEqual(view.left_prefixes(), ["//d/a/", "//d/e/"])
        self.assertEqual(ViewMap(["//d/a/... //c/..."]).tree_pair, ("//d/a/", "//c/"))
        self.assertIsNone(view.tree_pair)

    def test_swapped(self):
        view = ViewMap(["//d/... //c/..."])
        self.assertEqual(view.swapped().translate("//c/f"), "//d/f")


class Lines(unittest.TestCase):
    def test_split_and_quote(self):
        for text, parts in (('//d/... //c/...', ("", "//d/...", "//c/...")),
                            ('"-//d/a b/..." "//c/a b/..."', ("-", "//d/a b/...", "//c/a b/...")),
                            ('-"//d/a b/..." //c/x', ("-", "//d/a b/...", "//c/x")),
                            ('+//d/x', ("+", "//d/x", None)),
                            ('&//d/... //c/... ## why', ("&", "//d/...", "//c/..."))):
            self.assertEqual(split_line(text), parts)
        self.assertEqual(quote_line("-", "//d/a b/...", "//c/x"), '"-//d/a b/..." //c/x')

    def test_refused(self):
        for text in ("", "   ", "//a //b //c", '"//a', "# only a comment"):
            with self.assertRaises(CommandError, msg=text):
                split_line(text)

    def test_too_wild(self):
        left = "//d/" + "*".join("a" * 11)
        with self.assertRaises(CommandError) as caught:
            other = f"{left.replace('a', 'aa')} //c/" + "*".join("b" * 11)
            ViewMap([f"{left} {left}"]).join(ViewMap([other]))
        self.assertIn("Excessive combinations", str(caught.exception))

    def test_encoding(self):
        self.assertEqual(encode_path("a@b#c*d%e"), "a%40b%23c%2Ad%25e")
        self.assertEqual(decode_path(encode_path("50%40@")), "50%40@")
        self.assertTrue(has_wildcards("//d/..."))
        self.assertFalse(has_wildcards("//d/..a%2A"))

    def test_patterns(self):
        self.assertTrue(Pattern("//d/....c").match("//d/x/y.c"))
        self.assertFalse(Pattern("//d/*.c").match("//d/x/y.c"))
        self.assertEqual(Pattern("//d/a*/x").prefix, "//d/a")
        self.assertTrue(Pattern("//d/...").covers(Pattern("//d/a/*")))
        self.assertFalse(Pattern("//d/*").covers(Pattern("//d/...")))


class Speed(unittest.TestCase):
    def test_many(self):
        """100,000 translations through one line and through 200, each well under a second"""
        paths = [f"//d/main/dir{i % 300}/f{i}.c" for i in range(100000)]
        excluded = [f"-//d/main/dir{i}/... //c/dir{i}/..." for i in range(200)]
        for lines, mapped in ((["//d/main/... //c/..."], 100000), (["//d/main/... //c/...", *excluded],
                                                                   33300)):
            view = ViewMap(lines)
            start = time.perf_counter()
            places = [view.translate(path) for path in paths]
            self.assertLess(time.perf_counter() - start, 1.5)
            self.assertAlmostEqual(sum(place is not None for place in places), mapped, delta=100)
            self.assertEqual(view.translate_many(paths), places)


if __name__ == "__main__":
    tap.main()
