#!/usr/bin/python3
"""integrate: what is opened for what, and the records that submitting it leaves on both sides."""

import tap
from integcase import IntegCase, lines


class Credit(IntegCase):
    """The outcomes of the common ways to integrate, from opening to the records."""

    def test_branch(self):
        """a new file is branched; its source's revision says so"""
        self.add("A")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - branch/sync from A#1"])
        self.assertEqual(self.opened(), ["B#1 branch"])
        self.assertEqual(self.ws.read(self.at("B", "ws")), self.ws.read(self.at("A", "ws")))
        self.ws.submit()
        self.assertEqual(self.flows("B"), ["#1 branch: branch from A#1"])
        self.assertEqual(self.flows("A"), ["#1 add: branch into B#1"])

    def test_branch_edited(self):
        """a branched file that is edited before its submit is an add"""
        self.add("A")
        self.integ("A", "B")
        self.ws.good("edit", self.at("B"))
        self.ws.write(self.at("B", "ws"), "other\n")
        self.ws.submit()
        self.assertEqual(self.flows("B"), ["#1 add: branch from A#1"])
        self.assertEqual(self.flows("A"), ["#1 add: add into B#1"])
        self.assertEqual(self.read("B"), "other\n")
        self.assertEqual(self.texts(self.integ("B", "A")), ["A#1 - integrate from B#1"])

    def copied(self, *how: str) -> None:
        self.add("A")
        self.branch("A", "B")
        self.change("A", lines(1, 2, 3, 4, 6))
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - integrate from A#2"])
        self.ws.good("resolve", *how)
        self.ws.submit()
        self.assertEqual(self.flows("B"), ["#1 branch: branch from A#1", "#2 integrate: copy from A#2"])
        self.assertEqual(self.flows("A"), ["#1 add: branch into B#1", "#2 edit: copy into B#2"])
        self.assertEqual(self.read("B"), lines(1, 2, 3, 4, 6))

    def test_copied(self):
        """where only the source changed, -am, -as and -at copy it"""
        for how in ("-am", "-as", "-at"):
            with self.subTest(how):
                self.setUp()
                self.copied(how)

    def test_merged(self):
        """where both changed, -am merges; nothing of it has to go back"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", lines("A", 2, 3, 4, 5))
        self.change("B", lines(1, 2, 3, 4, "B"))
        self.integ("A", "B")
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 integrate: merge from A#2")
        self.assertEqual(self.flows("A")[-1], "#2 edit: merge into B#3")
        self.assertEqual(self.read("B"), lines("A", 2, 3, 4, "B"))
        result = self.integ("B", "A", "-Ob")
        self.assertEqual(self.texts(result), ["A#2 - integrate from B#2,#3 using base A#2"])
        self.ws.good("resolve", "-as")
        self.ws.submit()
        self.assertEqual(self.flows("A")[-1], "#3 integrate: copy from B#2,#3")
        self.assertEqual(self.integ("A", "B").warnings,
                         [f"{self.at('B')} - all revision(s) already integrated."])

    def test_conflict_edited(self):
        """a conflict accepted with its markers is an edit, which has to go back"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", lines("A", 2, 3, 4, 5))
        self.change("B", lines("B", 2, 3, 4, 5))
        self.integ("A", "B")
        self.ws.good("resolve", "-am")
        self.assertEqual(self.ws.plain("submit", "-d", "x").errors[0].split("\n")[0],
                         "Merges still pending -- use 'resolve' to merge files.")
        self.ws.good("resolve", "-af")
        number = self.ws.run("opened").records[0]["change"]
        self.ws.good("submit", "-c", number)
        self.assertEqual(self.flows("B")[-1], "#3 integrate: edit from A#2")
        self.assertEqual(self.flows("A")[-1], "#2 edit: edit into B#3")
        self.assertIn(">>>> ORIGINAL", self.read("B"))
        self.assertEqual(self.texts(self.integ("B", "A", "-n")), ["A#2 - integrate from B#2,#3"])

    def test_ignored(self):
        """what is ignored changes nothing and is not asked about again"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", "x\n")
        self.integ("A", "B")
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 integrate: ignored A#2")
        self.assertEqual(self.flows("A")[-1], "#2 edit: ignored by B#2")
        self.assertEqual(self.read("B"), lines(1, 2, 3, 4, 5))
        for source, target in ("AB", "BA"):
            self.assertEqual(self.texts(self.integ(source, target)),
                             [f"{target} - all revision(s) already integrated."])

    def test_ignored_edited(self):
        """an ignored file that is edited on top is an edit with an ignored record"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", "x\n")
        self.integ("A", "B")
        self.ws.good("resolve", "-ay")
        self.ws.good("edit", self.at("B"))
        self.ws.write(self.at("B", "ws"), "own\n")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 edit: ignored A#2")
        self.assertEqual(self.read("B"), "own\n")

    def test_deleted(self):
        """a source that is deleted takes its target along"""
        self.add("A")
        self.branch("A", "B")
        self.delete("A")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - delete from A#2"])
        self.assertFalse(self.ws.exists(self.at("B", "ws")))
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 delete: delete from A#2")
        self.assertEqual(self.flows("A")[-1], "#2 delete: delete into B#2")

    def test_deleted_not_synced(self):
        """a target that the workspace does not have is synced on the way"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", "2\n")
        self.ws.good("sync", self.at("B") + "#none")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - sync/integrate from A#2"])
        self.assertEqual(self.ws.run("have", self.at("B")).records[0]["haveRev"], "1")
        self.ws.good("revert", self.at("B"))
        self.delete("A")
        self.ws.good("sync", self.at("B") + "#none")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - sync/delete from A#2,#3"])

    def test_deleted_edited(self):
        """a deletion of a file with changes of its own has to be decided; -Ds decides"""
        self.add("A")
        self.branch("A", "B")
        self.change("B", "own\n")
        self.delete("A")
        self.assertEqual(self.texts(self.integ("A", "B", "-n", "-Ds")), ["B#2 - delete from A#2"])
        self.assertEqual(self.texts(self.integ("A", "B", "-Or")), ["B#2 - integrate from A#2",
                                                                   "must resolve delete from A#2"])
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 integrate: ignored A#2")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B - all revision(s) already integrated."])

    def test_delete_resolve(self):
        """-Rd asks about deletions"""
        self.add("A")
        self.branch("A", "B")
        self.delete("A")
        self.integ("A", "B", "-Rd")
        self.ws.good("resolve", "-at")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 delete: delete from A#2")

    def test_added_again(self):
        """a file added again is branched over its deleted target, as another file"""
        self.add("A")
        self.branch("A", "B")
        self.delete("A")
        self.branch("A", "B")
        self.add("A", content="again\n")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#3 - branch/sync from A#3"])
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 branch: branch from A#3")

    def test_deleted_by_its_users(self):
        """a target that its users deleted comes back only if somebody says so, or with -Dt"""
        self.add("A")
        self.branch("A", "B")
        self.delete("B")
        self.assertEqual(self.texts(self.integ("A", "B")), ["B - all revision(s) already integrated."])
        self.change("A", "2\n")
        self.assertEqual(self.texts(self.integ("A", "B", "-n", "-Dt")), ["B#3 - branch/sync from A#2"])
        self.assertEqual(self.texts(self.integ("A", "B", "-n", "-Or")), ["B#3 - branch from A#2",
                                                                         "must resolve branch from A#2"])

    def test_cherry_pick(self):
        """one revision alone: only its change is taken, and what was left out still can be"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", lines("x", 2, 3, 4, 5))
        self.change("A", lines("x", 2, 3, 4, "y"))
        result = self.ws.plain("integrate", "-Ob", self.at("A") + "#3,3", self.at("B"))
        self.assertEqual(self.texts(result), ["B#1 - integrate from A#3 using base A#2"])
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(self.read("B"), lines(1, 2, 3, 4, "y"))
        self.assertEqual(self.flows("B")[-1], "#2 integrate: merge from A#3")
        record = self.ws.run("integrated", self.at("B")).records[0]
        self.assertEqual((record["startFromRev"], record["endFromRev"]), ("#2", "#3"))
        self.assertEqual(self.texts(self.integ("A", "B", "-n", "-Rs")), ["B#2 - integrate from A#2"])
        self.assertEqual(self.texts(self.integ("A", "B", "-n")), ["B#2 - integrate from A#2,#3"])

    def test_several_spans(self):
        """-Rs schedules a resolve for each run of revisions that is lacking"""
        self.add("A")
        self.branch("A", "B")
        for number in (2, 3, 4):
            self.change("A", lines(1, 2, 3, 4, *range(6, 5 + number)))
        self.ws.good("integrate", self.at("A") + "#3,3", self.at("B"))
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        result = self.ws.plain("integrate", "-Rs", "-Or", self.at("A"), self.at("B"))
        self.assertEqual(self.texts(result), [
            "B#2 - integrate from A#2,#4", "must resolve content from A#2 using base A#1",
            "must resolve content from A#4 using base A#3"])
        self.assertEqual(len(self.ws.run("resolve", "-n").records), 2)

    def test_forced(self):
        """-f takes what was taken already"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", "2\n")
        self.integ("A", "B")
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.ws.good("integrate", "-f", self.at("A") + "#2,2", self.at("B"))
        self.ws.good("resolve", "-at")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 integrate: copy from A#2")
        self.assertEqual(self.read("B"), "2\n")

    def test_two_sources(self):
        """a file that is open for one source takes another; both leave their record"""
        self.add("A", "C")
        self.branch("A", "B")
        self.change("A", lines("x", 2, 3, 4, 5))
        self.integ("A", "B")
        self.ws.good("resolve", "-am")
        self.assertEqual(self.texts(self.integ("C", "B")), ["B#1 - integrate from C#1"])
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 integrate: copy from A#2; ignored C#1")
        self.assertEqual(self.read("B"), lines("x", 2, 3, 4, 5))

    def test_branch_resolve(self):
        """-Rb asks about new files; refusing one leaves a deleted revision that says so"""
        self.add("A")
        self.assertEqual(self.texts(self.integ("A", "B", "-Rb", "-Or")), ["B#1 - branch from A#1",
                                                                          "must resolve branch from A#1"])
        self.assertFalse(self.ws.exists(self.at("B", "ws")))
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.assertEqual(self.flows("B"), ["#1 delete: ignored A#1"])
        self.assertEqual(self.texts(self.integ("A", "B")), ["B - all revision(s) already integrated."])
        self.integ("A", "C", "-Rb")
        self.ws.good("resolve", "-at")
        self.ws.submit()
        self.assertEqual(self.flows("C"), ["#1 branch: branch from A#1"])

    def test_baseless(self):
        """files with nothing in common are integrated without a base; merge refuses them"""
        self.add("A")
        self.add("B", content=lines(7, 8))
        self.assertEqual(self.texts(self.ws.plain("merge", "-n", self.at("A"), self.at("B"))),
                         ["B - can't merge unrelated file A#1"])
        self.assertEqual(self.texts(self.integ("A", "B", "-Ob", "-Or")),
                         ["B#1 - integrate from A#1", "must resolve content from A#1"])
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 integrate: ignored A#1")

    def test_into_added(self):
        """a file that is open for add takes an integration"""
        self.add("A")
        self.ws.add(self.at("B", "ws"), content="own\n", submit=False)
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - integrate from A#1"])
        self.ws.good("resolve", "-ay")
        self.ws.submit()
        self.assertEqual(self.flows("B"), ["#1 add: ignored A#1"])
        self.assertEqual(self.read("B"), "own\n")

    def test_third_file(self):
        """credit through a file in between counts, and so does a common origin as base"""
        self.add("A")
        self.branch("A", "B")
        self.branch("B", "C")
        self.assertEqual(self.texts(self.integ("A", "C")), ["C - all revision(s) already integrated."])
        self.change("A", lines("x", 2, 3, 4, 5))
        self.assertEqual(self.texts(self.integ("A", "C", "-n", "-Ob")),
                         ["C#1 - integrate from A#2 using base A#1"])
        self.branch("A", "D")
        self.change("C", lines(1, 2, 3, 4, "c"))
        self.assertEqual(self.texts(self.integ("D", "C", "-n", "-Ob")),
                         ["C#2 - integrate from D#1 using base A#1"])
        self.assertEqual(self.texts(self.integ("C", "D", "-n", "-Ob")),
                         ["D#1 - integrate from C#2 using base C#1"])

    def test_tampered(self):
        """a file that was changed by hand after its resolve is refused"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", lines("x", 2, 3, 4, 5))
        self.change("B", lines(1, 2, 3, 4, "y"))
        self.integ("A", "B")
        self.ws.good("resolve", "-am")
        self.ws.write(self.at("B", "ws"), "by hand\n")
        result = self.ws.plain("submit", "-d", "x")
        self.assertEqual(result.errors[0],
                         f"//all/{self.at('B', 'ws')} tampered with after resolve - edit or revert.")
        self.assertEqual(self.opened(), ["B#2 integrate"])

    def test_lazy(self):
        """branched and copied revisions share their source's archive and are there without the workspace"""
        self.add("A", content=bytes(range(256)) * 100)
        self.assertEqual(self.texts(self.integ("A", "B", "-v")), ["B#1 - branch from A#1"])
        self.assertFalse(self.ws.exists(self.at("B", "ws")))
        self.ws.submit()
        self.assertEqual(self.ws.run("have", self.at("B")).records, [])
        self.assertEqual(bytes(self.ws.run("print", "-q", self.at("B")).data), bytes(range(256)) * 100)
        sizes = [self.ws.run("sizes", option, self.at("B")).records[0]["fileSize"] for option in ("-s",
                                                                                                  "-z")]
        self.assertEqual(sizes, ["25600", "0"])
        self.ws.good("sync", self.at("B"))
        self.assertTrue(self.ws.exists(self.at("B", "ws")))

    def test_filetype(self):
        """a changed type is a resolve of its own; -t takes the source's"""
        self.add("A")
        self.branch("A", "B")
        self.ws.good("edit", "-t", "text+x", self.at("A"))
        self.ws.submit()
        result = self.integ("A", "B", "-n", "-Or")
        self.assertEqual(self.texts(result)[1:], ["must resolve filetype from A#2 using base A#1",
                                                  "must resolve content from A#2 using base A#1"])
        self.integ("A", "B", "-t")
        self.assertEqual(self.ws.run("opened").records[0]["type"], "text+x")
        self.ws.good("revert", self.at("B"))
        self.integ("A", "B")
        self.ws.good("resolve", "-at")
        self.ws.submit()
        self.assertEqual(self.ws.run("files", self.at("B")).records[0]["type"], "text+x")
        self.assertEqual(self.flows("B")[-1], "#2 integrate: copy from A#2")


class Refusals(IntegCase):
    """What is told when there is nothing to do, or it may not be done."""

    def test_pending(self):
        """the same again while it is open"""
        self.add("A")
        self.integ("A", "B")
        self.check_error(self.integ("A", "B"),
                         f"{self.at('B')} - all revision(s) already integrated in pending changelist.",
                         2, 17)

    def test_nothing(self):
        """no source, no target, nothing left"""
        self.add("A")
        self.check_error(self.ws.plain("integrate", "//depot/none/...", "//depot/x/..."),
                         "//depot/none/... - no such file(s).",
                         2, 17)
        self.check_error(self.ws.plain("integrate", self.at("A"), "//demo/main/A"),
                         "//demo/main/A - no target file(s) in both client and branch view.", 2, 17)
        self.branch("A", "B")
        self.check_error(self.integ("A", "B"), f"{self.at('B')} - all revision(s) already integrated.", 2,
                         17)

    def test_revisions(self):
        """revisions that nothing has, and numbers beyond all bounds"""
        self.add("A")
        for revs, text in (("#none", "no file(s) at that revision."),
                           ("@1", "no file(s) at that changelist number."),
                           ("#2,#head", "no revision(s) above that revision."),
                           ("#" + "9" * 30 + ",#head", "no revision(s) above that revision.")):
            result = self.ws.plain("integrate", "-n", self.at("A") + revs, self.at("C"))
            self.check_error(result, f"{self.at('A')}{revs} - {text}", 2, 17)
        for revs in ("@" + "9" * 30, "#2"):         # up to and including
            found = self.ws.run("integrate", "-n", self.at("A") + revs, self.at("C")).records
            self.assertEqual([record["endFromRev"] for record in found], ["1"])

    def test_usage(self):
        """bad options and arguments"""
        for args in (["-x", "a", "b"], ["a"], ["a", "b", "c"], ["-Rz", "a", "b"], ["-Oz", "a", "b"],
                     ["-b", "x", "-S", "y"],
                     ["-s", "a", "b"], ["-P", "//demo/main", "a", "b"], ["-Ax", "-S", "//demo/main"]):
            with self.subTest(args):
                result = self.ws.plain("integrate", *args)
                self.assertEqual(result.messages[0].severity, 3)
                self.assertIn("Usage: integrate", result.messages[0].text)
        self.assertEqual(self.ws.plain("integrate", "//depot/...", "//depot/x/*").errors,
                         ["Incompatible wildcards '//depot/...' <-> '//depot/x/*'."])
        self.assertEqual(self.ws.plain("integrate", "//depot/a#1", "//depot/b#1").errors,
                         ["A revision specification (# or @) cannot be used here."])
        self.assertEqual(self.ws.plain("integrate", "-b", "none").errors,
                         ["Branch 'none' unknown - use 'branch' command to create it."])
        self.assertEqual(self.ws.plain("integrate", "-S", "//demo/none").errors,
                         ["Stream '//demo/none' unknown - use 'stream' command to create it."])
        self.assertEqual(self.ws.plain("integrate", "-c", "99999", "a", "b").errors,
                         ["Change 99999 unknown."])

    def test_open_targets(self):
        """a target that is open for something else is refused, as plain information"""
        self.add("A", "B", "C")
        self.ws.good("delete", self.at("B"))
        result = self.integ("A", "B")
        self.assertEqual([(m.text, m.severity) for m in result.messages],
                         [(f"{self.at('B')} - can't integrate (already opened for delete)", 1)])
        self.ws.good("revert", self.at("B"))
        self.integ("A", "D")
        self.assertEqual(self.texts(self.integ("C", "D")),
                         ["D - can't integrate (already opened for branch)"])
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: x\n").infos[0].split()[1]
        self.ws.good("edit", self.at("C"))
        self.assertEqual(self.texts(self.integ("A", "C", "-c", number)),
                         ["C - can't change from default change - use 'reopen'"])

    def test_into_edited(self):
        """a target open for edit gets the resolve and stays what it is"""
        self.add("A")
        self.branch("A", "B")
        self.change("A", lines("x", 2, 3, 4, 5))
        self.ws.good("edit", self.at("B"))
        self.ws.write(self.at("B", "ws"), lines(1, 2, 3, 4, "mine"))
        self.assertEqual(self.texts(self.integ("A", "B")), ["B#1 - integrate from A#2"])
        self.assertEqual(self.opened(), ["B#1 edit"])
        self.ws.good("resolve", "-am")
        self.ws.submit()
        self.assertEqual(self.read("B"), lines("x", 2, 3, 4, "mine"))
        self.assertEqual(self.flows("B")[-1], "#2 edit: merge from A#2")

    def test_exclusive(self):
        """an exclusive target that somebody has open is refused"""
        self.add("A")
        self.ws.write(self.at("B", "ws"))
        self.ws.good("add", "-t", "text+l", self.at("B"))
        self.ws.submit()
        other = self.workspace("other", view=["//depot/... //other/..."])
        other.good("sync", self.at("B"))
        other.good("edit", self.at("B"))
        result = self.integ("A", "B")
        self.assertEqual([(m.text, m.severity) for m in result.messages],
                         [(f"{self.at('B')} - can't integrate exclusive file already opened", 1)])
        other.good("revert", self.at("B"))
        self.add("C")
        other.good("sync", self.at("C"))
        other.good("edit", self.at("C"))
        self.assertEqual(self.texts(self.integ("A", "C")), ["C#1 - integrate from A#1",
                                                            "C - also opened by super@other"])

    def test_writable_file(self):
        """a file in the way is not overwritten, and the target is not open then"""
        self.add("A")
        self.ws.write(self.at("B", "ws"), "in the way\n")
        self.integ("A", "B")
        self.assertEqual(self.opened(), [])
        self.assertEqual(self.ws.read(self.at("B", "ws")), b"in the way\n")

    def test_limits(self):
        """-m opens so many; MaxOpenFiles of a group refuses more"""
        self.add(*[f"s/{n}" for n in range(5)])
        self.ws.good("integrate", "-m", "2", self.at("s/..."), self.at("t/..."))
        self.assertEqual(self.opened(), ["t/0#1 branch", "t/1#1 branch"])
        self.good("group", "-i", stdin="Group: few\nMaxOpenFiles: 3\nUsers:\n\tcarol\n")
        carol = self.workspace("carol", view=["//depot/... //carol/..."], user="carol")
        self.check_error(carol.plain("integrate", "-n", "-q", self.at("s/..."), self.at("t/...")),
                         "Opening too many files (over 3); see 'p4 help maxopenfiles'.", 3, 35)

    def test_virtual(self):
        """a file opened with -v cannot be edited, and revert leaves what is in its place"""
        self.add("A")
        self.ws.write(self.at("B", "ws"), "unrelated\n")
        self.integ("A", "B", "-v")
        self.assertEqual(self.texts(self.ws.plain("edit", self.at("B"))),
                         ["B - can't edit file branched with integrate -v"])
        self.ws.good("revert", self.at("B"))
        self.assertEqual(self.ws.read(self.at("B", "ws")), b"unrelated\n")

    def test_overlay(self):
        """branch views with overlaid lines are refused"""
        self.ws.good("branch", "-i",
                     stdin="Branch: over\nOwner: super\nView:\n\t//depot/a/... //depot/b/...\n"
                     "\t+//depot/c/... //depot/b/...\n")
        self.check_error(self.ws.plain("integrate", "-b", "over"),
                         "Overlay (+) mappings are not allowed in branch views.", 3, 1)

    def test_protections(self):
        """what may not be read is no source, what may not be opened no target"""
        self.add("A")
        user = self.workspace("guest", view=["//depot/... //guest/..."], user="guest")
        self.good("protect", "-i", stdin=f"Protections:\n\twrite user guest * //depot/{self.here}/...\n"
                  f"\tlist user guest * -//depot/{self.here}/secret/...\n\tsuper user super * //...\n")
        self.addCleanup(self.good, "protect", "-i",
                        stdin="Protections:\n\twrite user * * //...\n\tsuper user super * //...\n")
        self.add("secret/S")
        self.assertEqual(user.plain("integrate", "-n", self.at("secret/S"), self.at("T")).warnings,
                         [f"{self.at('secret/S')} - no permission for operation on file(s)."])
        self.assertEqual(user.plain("integrate", "-n", self.at("A"), self.at("secret/T")).warnings,
                         [f"{self.at('secret/T')} - no target file(s) in both client and branch view."])
        self.assertEqual(len(user.plain("integrate", "-n", self.at("A"), self.at("T")).infos), 1)


class Shapes(IntegCase):
    """Arguments, records and previews."""

    def test_record(self):
        """tagged records have the captured fields in their order"""
        self.add("A")
        result = self.ws.run("integrate", "-n", self.at("A"), self.at("B"))
        local = self.ws.path(self.at("B", "ws"))
        self.assertEqual(list(result.records[0].items()), [
            ("depotFile", self.at("B")), ("clientFile", local), ("workRev", "1"), ("action", "branch"),
            ("otherAction", "sync"), ("fromFile", self.at("A")), ("startFromRev", "none"),
            ("endFromRev", "1")])
        self.branch("A", "B")
        self.change("A", "2\n")
        result = self.ws.run("integrate", "-n", "-Ob", self.at("A"), self.at("B"))
        self.assertEqual(list(result.records[0].items()), [
            ("depotFile", self.at("B")), ("clientFile", local), ("workRev", "1"), ("action", "integrate"),
            ("fromFile", self.at("A")), ("startFromRev", "1"), ("endFromRev", "2"),
            ("baseFile", self.at("A")),
            ("baseRev", "1")])

    def test_preview(self):
        """-n tells the same and does nothing"""
        self.add("A", "s/x", "s/y")
        first = self.ws.plain("integrate", "-n", self.at("s/..."), self.at("t/..."))
        self.assertEqual(self.opened(), [])
        self.assertFalse(self.ws.exists(self.at("t/x", "ws")))
        self.assertEqual(self.texts(first), self.texts(self.ws.plain("integrate", self.at("s/..."),
                                                                     self.at("t/..."))))

    def test_quiet(self):
        """-q keeps the lines of files to itself"""
        self.add("A")
        self.assertEqual(self.integ("A", "B", "-q").messages, [])
        self.assertEqual(self.opened(), ["B#1 branch"])

    def test_syntaxes(self):
        """local and client syntax, wildcards that reorder, revisions on either side"""
        self.add("s/a.one", "s/b.two")
        result = self.ws.plain("integrate", "-n", self.ws.path(self.at("s/...", "ws")),
                               f"//all/{self.here}/t/...")
        self.assertEqual(self.texts(result), ["t/a.one#1 - branch/sync from s/a.one#1",
                                              "t/b.two#1 - branch/sync from s/b.two#1"])
        result = self.ws.plain("integrate", "-n", self.at("s/%%1.%%2"), self.at("%%2/%%1"))
        self.assertEqual(self.texts(result), ["one/a#1 - branch/sync from s/a.one#1",
                                              "two/b#1 - branch/sync from s/b.two#1"])
        first = self.change("s/a.one", "2\n")
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", self.at("s/..."),
                                                  self.at("t/...") + f"@{first - 1}")),
                         ["t/a.one#1 - branch/sync from s/a.one#1",
                          "t/b.two#1 - branch/sync from s/b.two#1"])
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", self.at("s/...") + f"@{first},{first}",
                                                  self.at("t/..."))),
                         ["t/a.one#1 - branch/sync from s/a.one#2"])

    def test_branch_spec(self):
        """-b, reversed, limited by target arguments, and with -s either side as the source"""
        self.add("s/a", "s/b", "s/no/c")
        view = f"\t{self.at('s/...')} {self.at('t/...')}\n\t-{self.at('s/no/...')} {self.at('t/no/...')}\n"
        self.ws.good("branch", "-i", stdin="Branch: br\nOwner: super\nDescription: see http://x/...\nView:\n"
                     + view)
        both = ["t/a#1 - branch/sync from s/a#1", "t/b#1 - branch/sync from s/b#1"]
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", "-b", "br")), both)
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", "-b", "br", self.at("t/b"))), both[1:])
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", "-b", "br", "-s", self.at("s/a"))),
                         both[:1])
        self.check_error(self.ws.plain("integrate", "-n", "-b", "br", "-s", self.at("x/a")),
                         f"{self.at('x/a')} - no source file(s) in branch view.", 2, 17)
        self.check_error(self.ws.plain("integrate", "-n", "-b", "br", self.at("x/a")),
                         f"{self.at('x/a')} - no target file(s) in branch view.", 2, 17)
        self.ws.good("integrate", "-b", "br")
        self.ws.submit()
        self.check_error(self.ws.plain("integrate", "-b", "br"), "All revision(s) already integrated.", 2,
                         17)
        self.change("t/a", "2\n")
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", "-r", "-b", "br")),
                         ["s/a#1 - integrate from t/a#2"])
        self.assertEqual(self.texts(self.ws.plain("integrate", "-n", "-b", "br", "-s", self.at("t/a"))),
                         ["s/a#1 - integrate from t/a#2"])

    def test_names(self):
        """blanks, encoded characters, other alphabets, long names"""
        odd = ["with blank", "at%40 hash%23 star%2A percent%25", "größe/日本", "x" * 200 + "/" + "y" * 200]
        for name in odd:
            self.ws.write(self.at(name, "ws").replace("%40", "@").replace("%23", "#").replace("%2A",
                    "*").replace("%25", "%"))
            self.ws.good("add", "-f", self.at(name))
        self.ws.submit()
        self.ws.good("integrate", self.at("..."), f"//depot/{self.here}-copy/...")
        self.ws.submit()
        found = [r["depotFile"] for r in self.ws.run("files", f"//depot/{self.here}-copy/...").records]
        self.assertEqual(found, sorted((f"//depot/{self.here}-copy/{name}" for name in odd), key=str.encode))

    def test_have(self):
        """-h works on the revision the workspace has"""
        self.add("A")
        self.branch("A", "B")
        self.change("B", "2\n")
        self.change("A", lines("x", 2, 3, 4, 5))
        self.ws.good("sync", self.at("B") + "#1")
        self.assertEqual(self.texts(self.integ("A", "B", "-n")), ["B#2 - sync/integrate from A#2"])
        self.integ("A", "B", "-h")
        self.assertEqual(self.opened(), ["B#1 integrate"])

    def test_change(self):
        """-c opens in a numbered change; what others have open there stays theirs"""
        self.add("A")
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: x\n").infos[0].split()[1]
        self.integ("A", "B", "-c", number)
        self.assertEqual(self.ws.run("opened").records[0]["change"], number)
        self.ws.good("submit", "-c", number)
        other = self.as_user("alice", client="all").run("integrate", "-c", number, "a", "b")
        self.assertEqual(other.messages[-1].severity, 3)


if __name__ == "__main__":
    tap.main()
