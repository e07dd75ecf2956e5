#!/usr/bin/python3
"""Changes between streams: merge down, copy up, what flows where, and what has not flowed yet."""

import tap
from filecase import FileCase
from integcase import lines


class StreamCase(FileCase):
    """//demo/main with a development, a release, a task and a virtual stream, each with a workspace."""

    @classmethod
    def prepare(cls) -> None:
        super().prepare()
        cls.main = cls.ws
        cls.stream("dev", "development", "//demo/main", ["share ...", "isolate build/..."])
        cls.stream("rel", "release", "//demo/main", ["share ..."])
        cls.stream("virt", "virtual", "//demo/dev", ["share src/...", "exclude src/secret/..."])
        cls.stream("sub", "development", "//demo/virt", ["share ..."])
        for name in ("dev", "rel", "virt", "sub"):
            setattr(cls, name, cls.workspace(f"ws-{name}", f"//demo/{name}"))
        cls.main.add("src/a.txt", "src/secret/s.txt", "build/out.bin", "docs/d.txt",
                     content=lines(1, 2, 3, 4, 5))
        for name in ("dev", "rel"):
            cls.main.good("populate", "-S", f"//demo/{name}", "-r")
            getattr(cls, name).good("sync")

    def setUp(self) -> None:
        self.addCleanup(lambda: [ws.run("revert", "-w", "//...") for ws in (self.main, self.dev, self.rel,
                                                                            self.virt, self.sub)])

    def texts(self, result) -> list[str]:
        return [message.text.replace("//demo/", "") for message in result.messages]

    def level(self) -> None:
        """Brings main and dev to the same state."""
        for into, args in ((self.dev, ("merge", "-F", "-S", "//demo/dev", "-r")),
                           (self.main, ("merge", "-F", "-S", "//demo/dev"))):
            if into.run(*args).records:
                into.good("resolve", "-at")
                into.submit("level")


CLOSED = "Stream {} not configured to 'copy' or 'merge' changes in this direction."


class Merge(StreamCase):
    def test_down(self):
        """merge without arguments takes from the parent"""
        self.level()
        self.check_error(self.dev.plain("merge"), "All revision(s) already integrated.", 2, 17)
        self.main.change("src/a.txt", lines(1, 2, 3, 4, "down"))
        dev, main = self.revs("dev", "main")
        for args in ((), ("-S", "//demo/dev", "-r"), ("--from", "//demo/main"),
                     ("-S", "//demo/dev", "--from", "//demo/main")):
            self.assertEqual(self.texts(self.dev.plain("merge", "-n", *args)), [
                f"dev/src/a.txt#{dev} - integrate from main/src/a.txt#{main}",
                f"must resolve content from main/src/a.txt#{main} using base main/src/a.txt#{main - 1}"])
        self.dev.good("merge")
        self.dev.good("resolve", "-as")
        self.dev.submit()
        self.check_error(self.dev.plain("merge"), "All revision(s) already integrated.", 2, 17)

    def revs(self, *streams: str) -> list[int]:
        return [int(self.main.run("files", f"//demo/{name}/src/a.txt").records[0]["rev"]) for name
                in streams]

    def test_new_files(self):
        """new files and deletions are asked about"""
        self.level()
        self.main.add("src/new.txt")
        self.main.good("delete", "docs/d.txt")
        self.main.submit()
        self.assertEqual(self.texts(self.dev.plain("merge")), [
            "dev/docs/d.txt#1 - integrate from main/docs/d.txt#2",
            "must resolve delete from main/docs/d.txt#2",
            "dev/src/new.txt#1 - branch from main/src/new.txt#1",
            "must resolve branch from main/src/new.txt#1"])
        self.dev.good("resolve", "-as")
        self.dev.submit()
        self.assertEqual(self.dev.files("//demo/dev/docs/...", "//demo/dev/src/new.txt"),
                         ["//demo/dev/docs/d.txt#2 delete", "//demo/dev/src/new.txt#1 branch"])

    def test_wrong_direction(self):
        """a stream takes and gives as its type says, -F overrides"""
        cases = [("dev", ("merge", "-S", "//demo/dev"),
                  "Stream //demo/dev needs 'copy' not 'merge' in this direction."),
                 ("dev", ("copy", "-S", "//demo/dev", "-r"),
                  "Stream //demo/dev needs 'merge' not 'copy' in this direction."),
                 ("main", ("copy", "-S", "//demo/rel"),
                  "Stream //demo/rel needs 'merge' not 'copy' in this direction."),
                 ("rel", ("merge",), "Stream //demo/rel needs 'copy' not 'merge' in this direction."),
                 ("main", ("merge", "-S", "//demo/main"),
                  "Stream '//demo/main' has no parent, therefore (command not allowed)."),
                 ("main", ("integrate", "-S", "//demo/main"),
                  "Stream '//demo/main' has no parent, therefore (command not allowed)."),
                 ("virt", ("merge", "-S", "//demo/virt"), CLOSED.format("//demo/virt")),
                 ("virt", ("interchanges", "-S", "//demo/virt"), CLOSED.format("//demo/virt"))]
        for workspace, args, text in cases:
            with self.subTest(args):
                self.check_error(getattr(self, workspace).plain(*args), text, 3, 1)
        self.assertEqual(self.main.plain("merge", "-n", "-F", "-S", "//demo/dev").errors, [])

    def test_switched_off(self):
        """options of the stream can close a direction"""
        self.stream("closed", "development", "//demo/main", ["share ..."])
        form = self.main.plain("stream", "-o", "//demo/closed").text.replace("toparent fromparent",
                                                                             "notoparent nofromparent")
        self.main.good("stream", "-i", stdin=form)
        ws = self.workspace("ws-closed", "//demo/closed")
        for args in (("merge",), ("copy", "-S", "//demo/closed"), ("interchanges", "-S", "//demo/closed")):
            self.check_error(ws.plain(*args), CLOSED.format("//demo/closed"), 3, 1)
        self.assertEqual(ws.plain("integrate", "-n", "-S", "//demo/closed", "-r").errors, [])

    def test_owner(self):
        """a stream with ownersubmit takes changes of its owner alone"""
        self.stream("owned", "development", "//demo/main", ["share ..."])
        form = self.main.plain("stream", "-o", "//demo/owned").text.replace("allsubmit", "ownersubmit")
        self.main.good("stream", "-i", stdin=form)
        bob = self.workspace("ws-owned", "//demo/owned", user="bob")
        bob.good("integrate", "-S", "//demo/owned", "-r")
        result = bob.plain("submit", "-d", "not mine")
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages],
                         [("Currently only user 'super' can submit to stream '//demo/owned'.", 3, 1)])
        mine = self.workspace("ws-mine", "//demo/owned")
        mine.good("integrate", "-S", "//demo/owned", "-r")
        mine.submit()

    def test_isolated(self):
        """what a stream does not share does not flow"""
        self.level()
        self.main.change("build/out.bin", "main's\n")
        self.dev.add("build/own.bin")
        self.check_error(self.dev.plain("merge"), "All revision(s) already integrated.", 2, 17)
        self.check_error(self.main.plain("copy", "-S", "//demo/dev"), "File(s) up-to-date.", 2, 17)
        self.assertEqual(self.main.files("//demo/main/build/own.bin"), [])

    def test_no_stream(self):
        """merge needs a stream or two paths"""
        plain = self.workspace("no-stream", view=["//depot/... //no-stream/..."])
        self.assertIn("Usage: merge", plain.plain("merge").messages[0].text)
        self.assertIn("Usage: merge", plain.plain("merge", "-x").messages[0].text)

    def test_target_arguments(self):
        """files and revisions limit a stream merge"""
        self.level()
        first = self.main.change("src/a.txt", lines("one", 2, 3, 4, 5))
        self.main.change("src/a.txt", lines("two", 2, 3, 4, 5))
        head = self.revs("main")[0]
        self.assertEqual(self.texts(self.dev.plain("merge", "-n",
                                                   f"//demo/dev/src/...@{first}"))[0].split(" - ")[1],
                         f"integrate from main/src/a.txt#{head - 1}")
        for text in (f"@{first}", f"//...@{first}", f"//ws-dev/...@{first},@{first}"):
            found = self.texts(self.dev.plain("integrate", "-n", "-S", "//demo/dev", "-r", text))
            self.assertEqual([line.split("from ")[1] for line in found], [f"main/src/a.txt#{head - 1}"])
        self.check_error(self.dev.plain("merge", "-n", "//demo/dev/docs/..."),
                         "//demo/dev/docs/... - all revision(s) already integrated.", 2, 17)
        self.check_error(self.dev.plain("merge", "-n", "//demo/rel/..."),
                         "//demo/rel/... - no target file(s) in branch view.",
                         2, 17)

    def test_wrong_client(self):
        """targets outside of the client's view are left alone"""
        self.level()
        self.main.change("src/a.txt", lines("seen", 2, 3, 4, 5))
        self.check_error(self.main.plain("integrate", "-S", "//demo/dev", "-r"),
                         "No target file(s) in both client and branch view.", 2, 17)


class Virtual(StreamCase):
    def test_under(self):
        """a virtual stream stands for the stream under it, as far as it shows it"""
        self.level()
        self.main.change("src/a.txt", lines("v", 2, 3, 4, 5))
        self.main.change("src/secret/s.txt", "v\n")
        self.main.change("docs/d.txt", "v\n")
        found = self.texts(self.virt.plain("integrate", "-n", "-S", "//demo/virt", "-r"))
        self.assertEqual([text.split(" - ")[0].split("#")[0] for text in found], ["dev/src/a.txt"])
        self.assertEqual(len(self.virt.plain("merge", "-n", "-F", "-S", "//demo/virt", "-r").infos), 2)

    def test_child_of_virtual(self):
        """the parent of a virtual stream's child is what lies under the virtual stream"""
        self.sub.good("integrate", "-S", "//demo/sub", "-r")
        self.sub.submit()
        self.assertEqual(self.sub.files("//demo/sub/..."), ["//demo/sub/src/a.txt#1 branch"])
        self.sub.change("src/a.txt", lines("sub", 2, 3, 4, 5))
        self.assertEqual([text.split("#")[0] for text in self.texts(self.virt.plain("integrate", "-n", "-S",
                                                                                    "//demo/sub"))],
                         ["dev/src/a.txt"])

    def test_populate(self):
        """a virtual stream cannot be populated"""
        self.check_error(self.virt.plain("populate", "-S", "//demo/virt", "-r"),
                         "Target stream is virtual, cannot update.", 3, 1)

    def test_other_parent(self):
        """-P takes another stream for the parent"""
        self.rel.add("src/fix.txt")
        self.assertEqual(self.texts(self.dev.plain("integrate", "-n", "-S", "//demo/dev", "-P",
                                                   "//demo/rel", "-r",
                                                   "//demo/dev/src/fix.txt")),
                         ["dev/src/fix.txt#1 - branch/sync from rel/src/fix.txt#1"])
        self.check_error(self.dev.plain("merge", "-S", "//demo/dev", "-P", "//demo/none", "-r"),
                         "Stream '//demo/none' unknown - use 'stream' command to create it.", 3, 2)


class Copy(StreamCase):
    def test_up(self):
        """a development stream is copied up: changed, new and deleted files, credited"""
        self.level()
        self.dev.change("src/a.txt", lines("up", 2, 3, 4, 5))
        self.dev.add("src/up.txt")
        self.dev.good("delete", "src/secret/s.txt")
        self.dev.submit()
        texts = self.texts(self.main.plain("copy", "-S", "//demo/dev"))
        self.assertEqual([text.split(" - ")[1].split("#")[0] for text in texts],
                         ["sync/integrate from dev/src/a.txt", "delete from dev/src/secret/s.txt",
                          "branch/sync from dev/src/up.txt"])
        self.assertEqual(self.main.run("resolve", "-n").warnings, ["No file(s) to resolve."])
        self.assertEqual(self.main.read("src/a.txt").decode(), lines("up", 2, 3, 4, 5))
        self.check_error(self.main.plain("copy", "-S", "//demo/dev"),
                         "Can't copy to target path with files already open.", 3, 4)
        self.main.submit()
        self.check_error(self.main.plain("copy", "-S", "//demo/dev"), "File(s) up-to-date.", 2, 17)
        self.check_error(self.dev.plain("merge"), "All revision(s) already integrated.", 2, 17)
        record = self.main.run("integrated", "//demo/main/src/a.txt").records[-1]
        self.assertIn(record["how"], ("copy from", "branch into", "merge from", "copy into"))

    def test_merge_first(self):
        """copy refuses to go over what should be merged down first"""
        self.level()
        self.main.change("src/a.txt", lines("first", 2, 3, 4, 5))
        self.dev.add("src/z.txt")
        self.check_error(self.main.plain("copy", "-S", "//demo/dev"),
                         "Stream //demo/dev cannot 'copy' over outstanding 'merge' changes.", 3, 1)
        self.assertEqual(self.main.plain("copy", "-n", "-F", "-S", "//demo/dev").errors, [])

    def test_release(self):
        """a release takes by copy and gives by merge"""
        self.main.change("src/a.txt", lines("release", 2, 3, 4, 5))
        self.rel.good("copy", "-S", "//demo/rel", "-r", "//demo/rel/src/a.txt")
        self.rel.submit()
        self.assertEqual(self.rel.read("src/a.txt").decode(), lines("release", 2, 3, 4, 5))
        self.rel.change("src/a.txt", lines("release", 2, 3, 4, "fix"))
        self.assertEqual(self.main.plain("merge", "-n", "-S", "//demo/rel",
                                         "//demo/main/src/a.txt").infos[0].split(" - ")[1][:27],
                         "integrate from //demo/rel/s")

    def test_not_there(self):
        """a file that the source never had is deleted in the target"""
        self.level()
        self.main.add("src/extra.txt")
        result = self.main.plain("copy", "-n", "-F", "-S", "//demo/dev")
        self.assertIn("main/src/extra.txt#1 - delete from dev/src/extra.txt#none", self.texts(result))
        self.assertEqual(self.main.plain("copy", "-n", "-e", "-F", "-S", "//demo/dev").warnings,
                         ["File(s) up-to-date."])

    def test_options(self):
        """-v keeps the workspace as it is, -m opens so many, -f records what is the same"""
        self.main.add("c/1", "c/2", "c/3")
        self.main.good("copy", "-m", "2", "//demo/main/c/...", "//demo/main/e/...")
        self.assertEqual(len(self.main.run("opened").records), 2)
        self.main.run("revert", "-w", "//...")
        self.assertEqual(self.main.plain("copy", "-v", "//demo/main/c/1", "//demo/main/e/1").infos,
                         ["//demo/main/e/1#1 - branch from //demo/main/c/1#1"])
        self.assertFalse(self.main.exists("e/1"))
        self.main.submit()
        self.main.add("same")
        self.check_error(self.main.plain("copy", "//demo/main/c/2", "//demo/main/same"),
                         "//demo/main/same - file(s) up-to-date.",
                         2, 17)
        self.main.good("copy", "-f", "//demo/main/c/2", "//demo/main/same")
        self.main.submit()
        self.assertEqual(self.main.run("integrated", "//demo/main/same").records[0]["how"], "copy from")
        self.assertEqual(self.main.plain("copy", "//demo/main/c/...@1,@2", "//demo/main/x/...").errors,
                         ["A revision range cannot be used here."])


class Reports(StreamCase):
    def test_interchanges(self):
        """what has not flowed, as changes, with their files and texts"""
        self.level()
        self.check_error(self.main.plain("interchanges", "-S", "//demo/dev"),
                         "All revision(s) already integrated.", 2, 17)
        first = self.dev.change("src/a.txt", lines("i1", 2, 3, 4, 5))
        second = self.dev.change("src/a.txt", lines("i2", 2, 3, 4, 5))
        for args in (("-S", "//demo/dev"), ("//demo/dev/...", "//demo/main/...")):
            self.assertEqual([r["change"] for r in self.main.run("interchanges", *args).records],
                             [str(first), str(second)])
        line = self.main.plain("interchanges", "-S", "//demo/dev").infos[0]
        self.assertRegex(line,
                         rf"^Change {first} on \d{{4}}/\d\d/\d\d by super@ws-dev 'change src/a\.txt '$")
        record = self.main.run("interchanges", "-f", "-S", "//demo/dev").records[0]
        self.assertEqual((list(record)[:6], record["depotFile0"]),
                         (["change", "time", "user", "client", "status", "changeType"],
                          "//demo/dev/src/a.txt"))
        lines_ = self.main.plain("interchanges", "-f", "-l", "-S", "//demo/dev").lines
        self.assertIn("\n\n\tchange src/a.txt\n", lines_[0])
        self.assertTrue(any(text.startswith("//demo/dev/src/a.txt#") for text in lines_))
        self.assertEqual(self.main.run("interchanges", "-u", "nobody", "-S", "//demo/dev").records, [])
        self.check_error(self.main.plain("interchanges", "-S", "//demo/dev", "-r"),
                         "All revision(s) already integrated.", 2, 17)
        self.check_error(self.main.plain("interchanges", "//demo/none/...", "//demo/main/..."),
                         "//demo/none/... - no such file(s).", 2, 17)

    def test_cherry_picked(self):
        """a change that was picked is not listed, those around it are"""
        self.level()
        first = self.dev.change("src/a.txt", lines("p1", 2, 3, 4, 5))
        picked = self.dev.change("src/a.txt", lines("p1", 2, 3, 4, "p2"))
        last = self.dev.change("src/a.txt", lines("p3", 2, 3, 4, "p2"))
        self.main.good("integrate", f"//demo/dev/...@{picked},@{picked}", "//demo/main/...")
        self.main.good("resolve", "-am")
        self.main.submit()
        self.assertEqual([r["change"] for r in self.main.run("interchanges", "-S", "//demo/dev").records],
                         [str(first), str(last)])

    def test_istat(self):
        """whether something has to flow, in either direction"""
        self.level()
        record = self.main.run("istat", "-a", "//demo/dev").records[0]
        self.assertEqual(record, {
            "stream": "//demo/dev", "parent": "//demo/main", "type": "development", "parentType": "mainline",
            "firmerThanParent": "false", "changeFlowsToParent": "true", "changeFlowsFromParent": "true",
            "integToParent": "false", "toResult": "query", "integFromParent": "false",
            "fromResult": "query"})
        self.dev.change("src/a.txt", lines("istat", 2, 3, 4, 5))
        record = self.main.run("istat", "//demo/dev").records[0]
        self.assertEqual((record["integToParent"], record["integToParentHow"]), ("true", "copy"))
        self.assertNotIn("integFromParent", record)
        record = self.main.run("istat", "-r", "//demo/dev").records[0]
        self.assertEqual(record["integFromParent"], "false")
        self.check_error(self.main.plain("istat", "//demo/main"),
                         "Stream '//demo/main' has no parent, therefore (command not allowed).", 3, 1)

    def test_populate(self):
        """files are made at once in the depot, sharing their sources' archives"""
        self.main.add("pop/1", "pop/2")
        preview = self.main.plain("populate", "-n", "-o", "//demo/main/pop/...", "//depot/pop/...")
        self.assertEqual(preview.infos, ["//depot/pop/1#1 - branch from //demo/main/pop/1#1",
                                         "//depot/pop/2#1 - branch from //demo/main/pop/2#1",
                                         "2 files branched."])
        result = self.main.plain("populate", "-d", "made", "//demo/main/pop/...", "//depot/pop/...")
        number = result.infos[0].removeprefix("2 files branched (change ").removesuffix(").")
        described = self.main.run("describe", "-s", number).records[0]
        self.assertEqual((described["desc"], described["status"], described["depotFile1"],
                          described["action1"]),
                         ("made\n", "submitted", "//depot/pop/2", "branch"))
        self.assertEqual(self.main.run("print", "-q", "//depot/pop/1").text, "text\n")
        self.assertEqual(self.main.run("sizes", "-z", "//depot/pop/...").records[0]["fileSize"], "0")
        self.assertEqual(self.main.run("integrated", "//depot/pop/1").records[0]["how"], "branch from")
        self.check_error(self.main.plain("populate", "//demo/main/pop/...", "//depot/pop/..."),
                         "Can't populate target path when files already exist.", 3, 4)
        self.check_error(self.main.plain("populate", "//demo/main/none/...", "//depot/none/..."),
                         "//demo/main/none/... - no such file(s).", 2, 17)
        self.assertMessages(self.main.run("verify", "-q", "//depot/..."))
        record = self.main.run("populate", "-o", "//demo/main/pop/1", "//depot/one").records[0]
        self.assertEqual(record["fromFile"], "//demo/main/pop/1")
        change = self.main.run("changes", "-m1", "-l").records[0]
        self.assertEqual(change["desc"], "Populate //depot/one from //demo/main/pop/1.\n")


if __name__ == "__main__":
    tap.main()
