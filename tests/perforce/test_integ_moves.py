#!/usr/bin/python3
"""Files that were moved on one side or the other: integrate, copy and undo find where they went."""

import tap
from integcase import IntegCase, lines


class Moves(IntegCase):
    def both(self, *names: str) -> None:
        """s/NAME, branched to t/NAME."""
        self.add(*[f"s/{name}" for name in names])
        self.ws.good("integrate", self.at("s/..."), self.at("t/..."))
        self.ws.submit()

    def merge(self, *options: str):
        return self.ws.plain("merge", *options, self.at("s/..."), self.at("t/..."))

    def test_moved_source(self):
        """a moved source moves its target, and the next integration goes to the new name"""
        self.both("a")
        self.move("s/a", "s/b")
        self.assertEqual(self.texts(self.merge("-Ob", "-n")), [
            "t/a#1 - integrate from s/b#1 using base s/a#1", "must resolve move to t/b using base t/a",
            "must resolve content from s/b#1 using base s/a#1"])
        self.merge()
        self.ws.good("resolve", "-at")
        self.assertEqual(self.opened(), ["t/a#1 move/delete", "t/b#1 move/add"])
        self.ws.submit()
        self.assertEqual(self.flows("t/b"), ["#1 move/add: copy from s/b#1; moved from t/a#1"])
        self.assertEqual(self.flows("t/a")[-1], "#2 move/delete: moved into t/b#1")
        self.assertEqual(self.flows("s/b"), ["#1 move/add: moved from s/a#1; edit into t/b#1"])
        self.assertEqual(self.texts(self.merge()), ["t/... - all revision(s) already integrated."])
        self.change("s/b", lines("x", 2, 3, 4, 5))
        self.assertEqual(self.texts(self.merge("-Ob", "-n"))[0],
                         "t/b#1 - integrate from s/b#2 using base s/b#1")

    def test_moved_and_edited(self):
        """moved and edited in the source, edited in the target"""
        self.both("a")
        self.move("s/a", "s/b")
        self.change("s/b", lines("x", 2, 3, 4, 5))
        self.change("t/a", lines(1, 2, 3, 4, "y"))
        self.merge()
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(self.read("t/b"), lines("x", 2, 3, 4, "y"))
        self.assertEqual(self.flows("t/b")[0].split(":")[0], "#1 move/add")

    def test_move_ignored(self):
        """the content can be had without the move; then the names stay apart"""
        self.both("a")
        self.move("s/a", "s/b")
        self.change("s/b", lines("x", 2, 3, 4, 5))
        self.merge()
        self.ws.good("resolve", "-ay", "-Am")
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(self.flows("t/a")[-1], "#2 integrate: copy from s/b#1,#2")
        self.assertEqual(self.texts(self.merge()), ["t/... - all revision(s) already integrated."])
        self.change("s/b", lines("x", 2, 3, 4, "z"))
        self.assertEqual(self.texts(self.merge("-n"))[0], "t/a#2 - integrate from s/b#3")

    def test_moved_target(self):
        """a target that was moved in its own branch is found"""
        self.both("a")
        self.move("t/a", "t/sub/b")
        self.assertEqual(self.texts(self.merge()), ["t/... - all revision(s) already integrated."])
        self.change("s/a", lines("x", 2, 3, 4, 5))
        self.assertEqual(self.texts(self.merge("-n"))[0],
                         "t/sub/b#1 - integrate from s/a#2 (remapped from t/a)")
        narrow = self.ws.plain("integrate", "-n", self.at("s/a"), self.at("t/a"))
        self.assertEqual(self.texts(narrow), ["t/sub/b - not in branch view (remapped from t/a)"])
        self.merge()
        self.ws.good("resolve", "-as")
        self.ws.submit()
        self.assertEqual(self.flows("t/sub/b")[-1], "#2 integrate: copy from s/a#2")

    def test_target_not_in_client(self):
        """a moved target outside of the client's view is told"""
        self.both("a")
        self.move("t/a", "t/out/b")
        self.change("s/a", "x\n")
        small = self.workspace("small", view=["//depot/... //small/...",
                                              f"-{self.at('t/out/...')} //small/{self.here}/t/out/..."])
        result = small.plain("integrate", "-n", self.at("s/..."), self.at("t/..."))
        self.assertEqual(self.texts(result), ["t/out/b - not in client view (remapped from t/a)"])

    def test_without_moves(self):
        """-Di takes a move for a deletion and a new file"""
        self.both("a")
        self.move("s/a", "s/b")
        result = self.ws.plain("integrate", "-n", "-Di", self.at("s/..."), self.at("t/..."))
        self.assertEqual(self.texts(result), ["t/a#1 - delete from s/a#2", "t/b#1 - branch/sync from s/b#1"])

    def test_half(self):
        """the deleted half of a move alone is not integrated"""
        self.both("a")
        self.move("s/a", "s/b")
        text = f"{self.at('t/a')} - move/delete(s) must be integrated along with matching move/add(s)."
        self.check_error(self.integ("s/a", "t/a"), text, 2, 17)

    def test_twin(self):
        """where another file took the old name, the move comes first"""
        self.both("a")
        self.move("s/a", "s/b")
        self.add("s/a", content="twin\n")
        result = self.merge("-n")
        self.assertEqual([(text, m.severity) for text, m in zip(self.texts(result), result.messages)][0],
                         ("t/a - resolve move to t/b before integrating from s/a", 2))
        self.assertEqual(self.texts(result)[1], "t/a#1 - integrate from s/b#1")
        self.merge()
        self.ws.good("resolve", "-at")
        self.ws.submit()
        self.assertEqual(self.texts(self.merge("-n"))[0], "t/a#3 - branch from s/a#3")

    def test_moved_into_branch(self):
        """a file moved in from where nothing is mapped is a new file"""
        self.both("a")
        self.add("elsewhere/f")
        self.move("elsewhere/f", "s/f")
        self.assertEqual(self.texts(self.merge("-n"))[0], "t/f#1 - branch from s/f#1")

    def test_two_sources(self):
        """two sources that end up at one target are resolved one after the other"""
        self.both("a")
        self.move("t/a", "t/b")
        self.change("s/a", lines("x", 2, 3, 4, 5))
        self.add("s/b")
        result = self.ws.plain("integrate", self.at("s/..."), self.at("t/..."))
        self.assertEqual(self.texts(result), ["t/b#1 - integrate from s/a#2 (remapped from t/a)",
                                              "t/b#1 - integrate from s/b#1"])
        self.ws.good("resolve", "-at", "-Ac")
        self.ws.submit()
        self.assertEqual(self.flows("t/b")[-1], "#2 integrate: copy from s/a#2; copy from s/b#1")

    def test_moved_then_deleted(self):
        """a source that was moved and deleted does not take the file that came to its old name"""
        self.both("a")
        self.move("s/a", "s/b")
        self.delete("s/b")
        self.add("s/a", content="another\n")
        self.ws.good("copy", self.at("s/a"), self.at("t/a"))
        self.ws.submit()
        self.assertEqual(self.texts(self.ws.plain("integrate", self.at("s/..."), self.at("t/..."))),
                         ["t/... - all revision(s) already integrated."])

    def test_copy(self):
        """copy moves, too"""
        self.both("a")
        self.move("s/a", "s/b")
        self.ws.good("copy", self.at("s/..."), self.at("t/..."))
        self.assertEqual(self.opened(), ["t/a#1 move/delete", "t/b#1 move/add"])
        self.ws.submit()
        self.assertEqual(self.flows("t/b"), ["#1 move/add: copy from s/b#1; moved from t/a#1"])
        self.assertEqual(self.texts(self.ws.plain("copy", self.at("s/..."), self.at("t/..."))),
                         ["t/... - file(s) up-to-date."])

    def test_copy_twin(self):
        """copy of a moved file and of the one that took its name"""
        self.both("a")
        self.move("s/a", "s/b")
        self.add("s/a", content="twin\n")
        self.ws.good("copy", self.at("s/..."), self.at("t/..."))
        self.ws.submit()
        self.assertEqual(self.flows("t/a")[-1], "#2 branch: branch from s/a#3; moved into t/b#1")
        self.assertEqual(self.flows("t/b"), ["#1 move/add: copy from s/b#1; moved from t/a#1"])
        self.assertEqual(self.read("t/a"), "twin\n")


class Undo(IntegCase):
    def test_edit(self):
        """an edited revision is taken back, and both sides say so"""
        self.add("a", content="1\n")
        self.change("a", "2\n")
        self.change("a", "3\n")
        self.assertEqual(self.texts(self.ws.plain("undo", "-n", self.at("a"))), ["a#3 - opened for edit"])
        self.ws.good("undo", self.at("a"))
        self.ws.submit()
        self.assertEqual(self.flows("a")[2:], ["#3 edit: undone by a#4", "#4 edit: undid a#3"])
        self.assertEqual(self.read("a"), "2\n")

    def test_older(self):
        """an older revision is taken back by a merge with what came later"""
        self.add("a", content=lines(1, 2, 3, 4, 5))
        self.change("a", lines("bad", 2, 3, 4, 5))
        self.change("a", lines("bad", 2, 3, 4, "good"))
        self.assertEqual(self.texts(self.ws.plain("undo", self.at("a") + "#2")),
                         ["a#2 - opened for edit", "a - must sync/resolve #3 before submitting"])
        self.ws.good("sync", self.at("a"))
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(self.read("a"), lines(1, 2, 3, 4, "good"))

    def test_add_and_delete(self):
        """an added file goes, a deleted one comes back"""
        self.add("a", content="1\n")
        self.ws.good("undo", self.at("a"))
        self.assertFalse(self.ws.exists(self.at("a", "ws")))
        self.ws.submit()
        self.assertEqual(self.flows("a")[-1], "#2 delete: undid a#1")
        self.ws.good("undo", self.at("a"))
        self.ws.submit()
        self.assertEqual((self.flows("a")[-1], self.read("a")), ("#3 add: undid a#2", "1\n"))

    def test_change(self):
        """a whole change is taken back"""
        self.add("a", "b", content="1\n")
        self.ws.good("edit", self.at("a"), self.at("b"))
        for name in "ab":
            self.ws.write(self.at(name, "ws"), "2\n")
        number = self.ws.submit()
        self.ws.good("undo", f"@{number}")
        self.assertEqual(self.opened(), ["a#2 edit", "b#2 edit"])
        self.ws.submit()
        self.assertEqual(self.read("a") + self.read("b"), "1\n1\n")

    def test_refused(self):
        """open files, files that are not there, bad arguments"""
        self.add("a")
        self.ws.good("edit", self.at("a"))
        self.assertEqual(self.texts(self.ws.plain("undo", self.at("a"))),
                         ["a - can't undo (already opened for edit)"])
        self.check_error(self.ws.plain("undo", self.at("none")), f"{self.at('none')} - no such file(s).", 2,
                         17)
        self.assertIn("Usage: undo", self.ws.plain("undo").messages[0].text)

    def test_interchanges_after_moves(self):
        """a move that has been integrated is not to be integrated any more; edits before one that has not are"""
        def lacking() -> list[str]:
            found = self.ws.run("interchanges", "-f", self.at("m/..."), self.at("r/...")).records
            return [record[key].removeprefix(f"//depot/{self.here}/") for record in found
                    for key in record if key.startswith("depotFile")]
        self.add("m/a")
        self.integ("m/...", "r/...")
        self.ws.submit()
        self.change("m/a", lines(1, 2, 3, 4, 5, 6))
        self.move("m/a", "m/b")
        self.assertEqual(lacking(), ["m/a", "m/a", "m/b"])
        self.ws.good("merge", self.at("m/..."), self.at("r/..."))
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(lacking(), [])
        self.change("m/b", lines(1, 2, 3, 4, 5, 6, 7))
        self.move("m/b", "m/c")
        self.move("r/b", "r/d")
        self.assertEqual(lacking(), ["m/b", "m/c"])

    def test_copy_up_after_a_move_came_down(self):
        """a move that was merged down keeps nobody from copying up, and istat knows of nothing"""
        up = self.workspace("up", "//demo/main")
        up.add("old", content=lines(1, 2, 3))
        self.stream("child", "development", "//demo/main", ["share ..."])
        up.good("populate", "-r", "-S", "//demo/child")
        up.good("edit", "old")
        up.good("move", "old", "new")
        up.submit()
        down = self.workspace("down", "//demo/child")
        down.good("sync")
        self.assertEqual(up.run("copy", "-n", "-S", "//demo/child").errors,
                         ["Stream //demo/child cannot 'copy' over outstanding 'merge' changes."])
        down.good("merge")
        down.good("resolve", "-am")
        down.submit()
        status = down.run("istat", "-a", "//demo/child").records[0]
        self.assertEqual(status["integFromParent"], "false")
        down.change("new", lines(1, 2, 3, 4))
        self.assertEqual([(r["depotFile"], r["action"]) for r in up.good("copy", "-S", "//demo/child").records],
                         [("//demo/main/new", "integrate")])
        up.submit()
        self.assertEqual(up.read("new"), lines(1, 2, 3, 4).encode())
        self.assertMessages(down.plain("merge"), "All revision(s) already integrated.")


if __name__ == "__main__":
    tap.main()
