#!/usr/bin/python3
"""Views of streams: inheritance, path types, Remapped, Ignored, order, branch views, refusals."""

import random
import unittest

import tap
from reference import DATA, table, vectors
from server.command import CommandError
from server.mapping import ViewMap
from server.streamview import (StreamSpec, branch_rows, change_view, check_paths, client_rows, client_view,
                               entries,
                               sort_key)


def stream(name, kind, *paths, remapped=(), ignored=(), inherit=True, components=()):
    """A StreamSpec from words: "share ...", "import lib/... //d/lib/..."."""
    lines = [tuple((line.split() + [""])[:3]) for line in paths]
    return StreamSpec(f"//shop/{name}", kind, lines, [tuple(line.split()) for line in remapped],
                      list(ignored),
                      inherit, [tuple(line.split()) for line in components])


def view(*chain):
    return ViewMap.of(client_rows(list(chain), "bench"))


MAIN = stream("main", "mainline", "share ...")


class Order(unittest.TestCase):
    def check(self, lines, slash_last):
        shuffled = list(lines)
        random.Random(1).shuffle(shuffled)
        self.assertEqual(sorted(shuffled, key=lambda line: sort_key(line, slash_last)), lines)

    def test_own(self):
        for order, *lines in table(DATA / "stream-sort.tsv"):
            self.check(lines, order == "slash last")

    def test_product(self):
        sets = {}
        for order, name, _, line in table(vectors("stream-sort.tsv")):
            sets.setdefault((order, name), []).append(line)
        self.assertEqual(len(sets), 4)
        for (order, _), lines in sets.items():
            self.check(lines, order == "LHS")


class Views(unittest.TestCase):
    def test_mainline(self):
        self.assertEqual(client_view([MAIN], "bench"), ["//shop/main/... //bench/..."])

    def test_share_isolate_import_exclude(self):
        dev = stream("dev", "development", "import ...", "share src/...", "isolate out/...",
                     "exclude tmp/...",
                     "import ext/... //vendor/ext/...")
        self.assertEqual(client_view([dev, MAIN], "bench"), [
            "//shop/main/... //bench/...",
            "//vendor/ext/... //bench/ext/...",
            "//shop/dev/out/... //bench/out/...",
            "//shop/dev/src/... //bench/src/...",
            "-//shop/dev/tmp/... //bench/tmp/..."])

    def test_child_cannot_widen(self):
        parent = stream("main", "mainline", "share src/...", "isolate out/...", "exclude src/secret/...")
        child = stream("dev", "development", "share ...")
        found = view(child, parent)
        self.assertEqual(found.translate("//shop/dev/src/a"), "//bench/src/a")
        self.assertEqual(found.translate("//shop/dev/out/a"), "//bench/out/a")
        self.assertIsNone(found.translate("//shop/dev/src/secret/a"))
        self.assertIsNone(found.translate("//shop/dev/doc/a"))
        kinds = {entry.view: entry.kind for entry in entries([child, parent])}
        self.assertEqual(kinds, {"src/...": "share", "out/...": "isolate", "src/secret/...": "exclude"})

    def test_import_through_generations(self):
        """an import without a path follows what the parent shows, down to an import of the grandparent"""
        main = stream("main", "mainline", "share ...", "import lib/... //vendor/lib/...")
        middle = stream("mid", "development", "share ...")
        leaf = stream("leaf", "development", "import ...", "share app/...")
        found = view(leaf, middle, main)
        self.assertEqual(found.reverse("//bench/lib/x"), "//vendor/lib/x")
        self.assertEqual(found.reverse("//bench/app/x"), "//shop/leaf/app/x")
        self.assertEqual(found.reverse("//bench/doc/x"), "//shop/mid/doc/x")

    def test_virtual(self):
        """a virtual stream shows its nearest real ancestor's files"""
        dev = stream("dev", "development", "share ...")
        slim = stream("slim", "virtual", "share src/...", "exclude src/big/...")
        slimmer = stream("slimmer", "virtual", "share src/ui/...")
        self.assertEqual(client_view([slimmer, slim, dev, MAIN], "bench"),
                         ["//shop/dev/src/ui/... //bench/src/ui/..."])
        found = view(slim, dev, MAIN)
        self.assertIsNone(found.translate("//shop/dev/src/big/x"))
        self.assertIsNone(found.translate("//shop/dev/doc/x"))
        self.assertEqual(found.translate("//shop/dev/src/x"), "//bench/src/x")

    def test_noinherit(self):
        parent = stream("main", "mainline", "share src/...", ignored=[".bak"])
        child = stream("rel", "release", "share ...", inherit=False)
        self.assertEqual(client_view([child, parent], "bench"), ["//shop/rel/... //bench/..."])

    def test_ignored(self):
        main = stream("main", "mainline", "share ...", ignored=[".bak", "/tmp", "/out/..."])
        dev = stream("dev", "development", "share ...", "import lib/... //vendor/lib/...", ignored=["~"])
        found = view(dev, main)
        for hidden in ("a.bak", "x/y/a.bak", "tmp", "x/tmp", "out/a", "x/out/a/b", "a~"):
            self.assertIsNone(found.translate(f"//shop/dev/{hidden}"), hidden)
        self.assertIsNone(found.translate("//vendor/lib/x.bak"))
        for shown in ("bak", "tmp2", "x/tmp/a", "outer/a", "a~b"):
            self.assertEqual(found.translate(f"//shop/dev/{shown}"), f"//bench/{shown}")

    def test_remapped(self):
        main = stream("main", "mainline", "share ...", remapped=["doc/... manual/...",
                                                                 "src/*.txt notes/*.txt"])
        found = view(main)
        self.assertEqual(found.translate("//shop/main/doc/a"), "//bench/manual/a")
        self.assertEqual(found.translate("//shop/main/src/a.txt"), "//bench/notes/a.txt")
        self.assertEqual(found.translate("//shop/main/src/a.c"), "//bench/src/a.c")
        self.assertIsNone(found.translate("//shop/main/manual/a"))
        self.assertIsNone(found.reverse("//bench/doc/a"))

    def test_remapped_and_ignored_are_inherited(self):
        main = stream("main", "mainline", "share ...", remapped=["doc/... manual/..."], ignored=[".bak"])
        found = view(stream("dev", "development", "share ...", remapped=["doc/en/... english/..."]), main)
        self.assertEqual(found.translate("//shop/dev/doc/x"), "//bench/manual/x")
        self.assertEqual(found.translate("//shop/dev/doc/en/x"), "//bench/english/x")
        self.assertIsNone(found.translate("//shop/dev/doc/x.bak"))

    def test_ditto_and_change(self):
        main = stream("main", "mainline", "share ...", "import& one/... //v/lib/...",
                      "import& two/... //v/lib/...",
                      "import old/... //v/lib/...@77")
        found = view(main)
        self.assertEqual(found.translate_all("//v/lib/x"), ["//bench/two/x", "//bench/one/x",
                                                            "//bench/old/x"])
        self.assertEqual(change_view([main]), ["//v/lib/...@77"])

    def test_components(self):
        inner = stream("inner", "mainline", "share ...", "import z.a //v/z.a")
        middle = stream("mid", "mainline", "share ...", components=["readonly in //shop/inner"])
        outer = stream("outer", "mainline", "share ...", components=["writeall m/ //shop/mid@9"])
        known = {("//shop/inner", ""): [inner], ("//shop/mid", "@9"): [middle]}
        lines = client_view([outer], "bench", lambda name, at: known[name, at])
        self.assertEqual(lines, ["//shop/outer/... //bench/...", "//shop/mid/... //bench/m/...",
                                 "//shop/inner/... //bench/m/in/...", "//v/z.a //bench/m/in/z.a"])
        loop = stream("loop", "mainline", "share ...", components=["readonly l //shop/loop"])
        with self.assertRaises(CommandError):
            client_view([loop], "bench", lambda name, at: [loop])

    def test_last_of_equal_paths_counts(self):
        main = stream("main", "mainline", "share ...", "share lib/...", "import lib/... //v/lib/...")
        self.assertEqual(view(main).reverse("//bench/lib/x"), "//v/lib/x")


class Branches(unittest.TestCase):
    def test_only_shared_flows(self):
        dev = stream("dev", "development", "import ...", "share src/...", "isolate src/gen/...")
        self.assertEqual(branch_rows([dev, MAIN]), [
            ("", "//shop/dev/src/...", "//shop/main/src/..."), ("-", "//shop/dev/src/gen/...",
                                                                "//shop/main/src/gen/...")])

    def test_other_stream(self):
        dev, rel = stream("dev", "development", "share ..."), stream("rel", "release", "share src/...")
        self.assertEqual(branch_rows([dev, MAIN], [rel, MAIN]), [("", "//shop/dev/src/...",
                                                                  "//shop/rel/src/...")])

    def test_parent_of_virtual(self):
        virtual = stream("slim", "virtual", "share src/...")
        task = stream("task", "task", "share ...")
        self.assertEqual(branch_rows([task, virtual, MAIN]), [("", "//shop/task/src/...",
                                                               "//shop/main/src/...")])


class Refusals(unittest.TestCase):
    def test_bad_lines(self):
        for line, text in (("steal ...", "must be one of share/isolate"),
                           ("import& a/...", "Wrong number of words"),
                           ("share /a/...", "must be relative"),
                           ("import a/... b/...", "requires leading slashes"),
                           ("share a/.../b/...", "Embedded wildcards"),
                           ("share a/*/b", "Embedded wildcards"),
                           ("import a/... //b/*", "Incompatible wildcards"),
                           ("share %%1", "Positional wildcards"),
                           ("share a/......", "juxtaposition")):
            with self.subTest(line), self.assertRaisesRegex(CommandError, text):
                check_paths(stream("s", "mainline", line))
        with self.assertRaises(CommandError):
            check_paths(stream("s", "mainline", remapped=["a/... b/*"]))

    def test_good_lines(self):
        check_paths(stream("s", "mainline", "share ...", "isolate bin/*", "isolate bin/...dll",
                           "share a/b.c", "import m/*.txt //o/m/*.txt", "import l/... //o/l/...@12",
                           remapped=["... x/...", "y/* y/z/*"]))


if __name__ == "__main__":
    tap.main()
