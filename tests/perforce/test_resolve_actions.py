#!/usr/bin/python3
"""Resolves of what is no content: branching, deleting, moving and file types, and what submit makes of
them."""

import tap
from integcase import IntegCase, lines
from server.filetype import parse
from server.resolve_action import merge_types

BASE = lines(1, 2, 3, 4, 5)


class Actions(IntegCase):
    def said(self, *options: str) -> list[str]:
        """What a resolve says, without the test's folder."""
        texts = [message.text for message in self.ws.plain("resolve", *options).messages]
        for place, short in ((self.ws.path(self.here) + "/", "LOCAL/"), (f"//depot/{self.here}/", "//"),
                             (f"//all/{self.here}/", "//all/")):
            texts = [text.replace(place, short) for text in texts]
        return texts

    def trees(self) -> None:
        """s/a branched to t/a."""
        self.add("s/a", content=BASE)
        self.flow()
        self.ws.submit()

    def flow(self, *options: str):
        return self.ws.plain("integrate", *options, f"//depot/{self.here}/s/...",
                             f"//depot/{self.here}/t/...")

    # branching

    def test_branch(self):
        """-n -N name the choices; every mode but -ay branches"""
        for mode in ("-am", "-as", "-af", "-at"):
            with self.subTest(mode):
                self.setUp()
                self.add("A")
                self.integ("A", "B", "-Rb")
                self.assertFalse(self.ws.exists(self.at("B", "ws")))
                self.assertEqual(self.said("-N"),
                                 ["LOCAL/B - resolving branch from //A#1", "Branch resolve:", "at: branch",
                                  "ay: ignore"])
                self.assertEqual(self.said(mode),
                                 ["LOCAL/B - resolving branch from //A#1", "//all/B - branch from //A"])
                self.assertTrue(self.ws.exists(self.at("B", "ws")))
                self.ws.submit()
                self.assertEqual(self.flows("B"), ["#1 branch: branch from A#1"])

    def test_branch_unresolved(self):
        """what is not decided cannot be submitted"""
        self.add("A")
        self.integ("A", "B", "-Rb")
        result = self.ws.run("submit", "-d", "x")
        self.assertEqual(result.errors[0], "Merges still pending -- use 'resolve' to merge files.")
        self.assertEqual(self.ws.files(self.at("B")), [])

    def test_branch_over_deleted(self):
        """a file that its users deleted is only branched again when somebody says so"""
        self.trees()
        self.change("t/a", lines("own"))
        self.delete("t/a")
        self.change("s/a", lines("more"))
        self.flow()
        self.assertEqual(self.said("-am")[-1], "//all/t/a - resolve skipped.")
        self.assertEqual(self.said("-at")[-1], "//all/t/a - branch from //s/a")
        self.ws.submit()
        self.assertEqual(self.flows("t/a")[-1].partition(":")[0], "#4 branch")

    # deleting

    def test_delete(self):
        """an untouched target goes by itself; accepted, the workspace file is gone at once"""
        self.trees()
        self.delete("s/a")
        self.flow("-Rd")
        self.assertEqual(self.said("-N")[1:], ["Delete resolve:", "at: delete", "ay: ignore"])
        self.assertEqual(self.said("-am"),
                         ["LOCAL/t/a - resolving delete from //s/a#2", "//all/t/a - delete from //s/a"])
        self.assertFalse(self.ws.exists(self.at("t/a", "ws")))
        self.assertEqual(self.opened(), ["t/a#1 delete"])
        self.ws.submit()
        self.assertEqual(self.flows("t/a")[-1], "#2 delete: delete from s/a#2")

    def test_delete_of_edited(self):
        """a target with changes of its own is left until somebody decides"""
        self.trees()
        self.change("t/a", lines("own"))
        self.delete("s/a")
        self.flow()
        for mode in ("-am", "-as", "-af"):
            self.assertEqual(self.said(mode)[-1], "//all/t/a - resolve skipped.")
        self.assertEqual(self.said("-ay")[-1], "//all/t/a - ignored //s/a")
        self.assertTrue(self.ws.exists(self.at("t/a", "ws")))
        self.ws.submit()
        self.assertEqual(self.flows("t/a")[-1], "#3 integrate: ignored s/a#2")
        self.assertEqual(bytes(self.ws.run("print", "-q", self.at("t/a")).data).decode(), lines("own"))

    def test_delete_taken(self):
        """-at deletes it all the same"""
        self.trees()
        self.change("t/a", lines("own"))
        self.delete("s/a")
        self.flow()
        self.assertEqual(self.said("-at")[-1], "//all/t/a - delete from //s/a")
        self.ws.submit()
        self.assertEqual(self.flows("t/a")[-1], "#3 delete: delete from s/a#2")

    # moving

    def moved(self, edited: bool = False) -> None:
        """The source was moved (and changed), the target not."""
        self.trees()
        self.ws.good("edit", self.at("s/a"))
        self.ws.good("move", self.at("s/a"), self.at("s/b"))
        if edited:
            self.ws.write(self.at("s/b", "ws"), lines(1, 2, 3, 4, "5 moved"))
        self.ws.submit()

    def test_move(self):
        """the target follows its source, contents and records come along"""
        self.moved(edited=True)
        self.change("t/a", lines("1 own", 2, 3, 4, 5))
        self.flow()
        self.assertEqual(self.said("-N", "-Am"),
                         ["LOCAL/t/a - resolving move to //t/b", "Filename resolve:", "at: " +
                          self.at("t/b").replace(f"//depot/{self.here}/", "//"), "ay: //t/a"])
        said = self.said("-am")
        self.assertEqual([text for text in said if " from " in text],
                         ["//all/t/b - copy from //t/b", "//all/t/b - merge from //s/b"])
        self.assertEqual(sorted(self.opened()), ["t/a#2 move/delete", "t/b#1 move/add"])
        self.assertEqual((self.ws.exists(self.at("t/a", "ws")), self.ws.read(self.at("t/b", "ws")).decode()),
                         (False, lines("1 own", 2, 3, 4, "5 moved")))
        self.ws.submit()
        self.assertEqual(self.flows("t/b")[0], "#1 move/add: merge from s/b#1; moved from t/a#1,#2")
        self.assertEqual(self.flow().warnings[0].partition(" - ")[2], "all revision(s) already integrated.")

    def test_move_ignored(self):
        """-ay keeps the name, and the content decides for itself"""
        self.moved(edited=True)
        self.flow()
        self.assertEqual(self.said("-ay", "-Am")[-1], "//all/t/a - ignored //t/b")
        self.said("-am")
        self.ws.submit()
        self.assertEqual(self.ws.read(self.at("t/a", "ws")).decode(), lines(1, 2, 3, 4, "5 moved"))
        self.assertEqual(self.ws.files(f"//depot/{self.here}/t/..."), [f"{self.at('t/a')}#2 integrate"])

    def test_move_reverted(self):
        """revert takes an accepted move back"""
        self.moved()
        self.flow()
        self.said("-am")
        self.ws.good("revert", "//...")
        self.assertEqual((self.ws.exists(self.at("t/a", "ws")), self.ws.exists(self.at("t/b", "ws"))),
                         (True, False))
        self.assertEqual(self.ws.run("opened").records, [])
        self.assertEqual(self.ws.run("resolved").records, [])

    def test_both_moved(self):
        """a file that was renamed on both sides keeps its name until somebody decides"""
        self.moved()
        self.move("t/a", "t/c")
        self.flow()
        if any("move" in text for text in self.said("-n")):
            self.assertEqual(self.said("-am", "-Am")[-1], "//all/t/c - resolve skipped.")
            self.said("-ay")
        self.ws.submit()
        self.assertEqual(self.ws.files("-e", f"//depot/{self.here}/t/..."),
                         [f"{self.at('t/c')}#2 integrate"])

    # file types

    def typed(self, theirs: str, yours: str) -> None:
        self.trees()
        for name, kind in (("s/a", theirs), ("t/a", yours)):
            if kind != "text":
                self.ws.good("edit", "-t", kind, self.at(name))
                self.ws.submit()
        self.flow()

    def test_types(self):
        """a side that alone has changed the type wins; both changes are joined by -am only"""
        for theirs, yours, mode, told, kind in (("text+w", "text", "-as", "copy from", "text+w"),
                                                ("text+w", "text", "-ay", "ignored", "text"),
                                                ("text+w", "text+k", "-am", "merge from", "ktext+w"),
                                                ("text+w", "text+k", "-at", "copy from", "text+w"),
                                                ("text+w", "text+k", "-as", None, "ktext"),
                                                ("binary", "utf8", "-am", None, "utf8")):
            with self.subTest(mode, theirs=theirs, yours=yours):
                self.setUp()
                self.typed(theirs, yours)
                self.assertEqual(self.said("-At", mode)[-1],
                                 f"//all/t/a - {told} //s/a" if told else "//all/t/a - resolve skipped.")
                self.assertEqual(parse(self.ws.run("opened").records[0]["type"]), parse(kind))
                self.doCleanups()

    def test_merge_types(self):
        """each part of a type comes from the side that changed it"""
        for base, theirs, yours, merged in (("text", "text+x", "text+w", "text+xw"),
                                            ("text+x", "text", "text+xw", "text+w"),
                                            ("text", "binary", "text+x", "binary+x"),
                                            ("text", "text+C", "text+F", None),
                                            ("text", "binary", "utf8", None)):
            found = merge_types(parse(base), parse(theirs), parse(yours))
            self.assertEqual(found, parse(merged) if merged else None, (base, theirs, yours))


if __name__ == "__main__":
    tap.main()
