#!/usr/bin/python3
"""shelve, unshelve and submit -e, and that a killed server leaves a whole shelf, change or nothing."""

import os
import re

import tap
from filecase import FileCase, Workspace
from wireclient import Client


BASE, EDITED = "1\n2\n3\n4\n5\nlast\n", "1\n2\n3\n4\n5\nedited\n"


class ShelfCase(FileCase):
    count = 0

    def setUp(self) -> None:
        type(self).count += 1
        self.here = f"t{self.count:02d}"
        self.addCleanup(self.ws.run, "revert", "-w", "//...")

    @staticmethod
    def new_change(ws: Workspace, text: str = "shelved") -> str:
        return ws.good("change", "-i", stdin=f"Change: new\nDescription: {text}\n").infos[0].split()[1]

    def at(self, name: str) -> str:
        return f"//demo/main/{self.here}/{name}"

    def local(self, name: str) -> str:
        return f"{self.here}/{name}"

    def mixed(self) -> str:
        """A change with an edit, an add, a deletion and a move."""
        self.ws.add(*[self.local(name) for name in ("edit", "delete", "old")], content=BASE)
        number = self.new_change(self.ws)
        self.ws.good("edit", "-c", number, self.at("edit"), self.at("old"))
        self.ws.write(self.local("edit"), EDITED)
        self.ws.good("move", "-c", number, self.at("old"), self.at("new"))
        self.ws.good("delete", "-c", number, self.at("delete"))
        self.ws.write(self.local("add"), "added\n")
        self.ws.good("add", "-c", number, self.at("add"))
        return number

    def other(self, name: str = "other") -> Workspace:
        ws = self.workspace(f"{name}{self.here}", "//demo/main")
        ws.good("sync")
        return ws

    def files_of(self, number: str) -> list[str]:
        return [f"{r['depotFile'].rpartition('/')[2]} {r['action']}"
                for r in self.ws.run("files", f"//...@={number}").records]

    def content(self, spec: str) -> bytes:
        return bytes(self.ws.run("print", "-q", spec).data)


class Shelving(ShelfCase):
    def test_shelve(self):
        """what is told, plain and tagged; the files stay open"""
        number = self.mixed()
        lines = self.ws.plain("shelve", "-c", number).lines
        self.assertEqual(lines, [f"Shelving files for change {number}.", f"add {self.at('add')}#1",
                                 f"delete {self.at('delete')}#1", f"edit {self.at('edit')}#1",
                                 f"move/add {self.at('new')}#1", f"move/delete {self.at('old')}#1",
                                 f"Change {number} files shelved."])
        records = self.ws.run("shelve", "-f", "-c", number).records
        self.assertEqual(records[:2], [{"change": number},
                                       {"depotFile": self.at("add"), "rev": "1", "action": "add"}])
        self.assertEqual(len(self.ws.run("opened").records), 5)

    def test_read(self):
        """shelved contents are there for print, files, describe, diff2 and changes"""
        number = self.mixed()
        self.ws.good("shelve", "-c", number)
        self.assertEqual(self.files_of(number),
                         ["add add", "delete delete", "edit edit", "new move/add", "old move/delete"])
        self.assertEqual(self.content(f"{self.at('edit')}@={number}"), EDITED.encode())
        record = self.ws.run("describe", "-S", "-s", number).records[0]
        self.assertEqual((record["shelved"], record["depotFile2"], record["rev2"], record["fileSize2"]),
                         ("", self.at("edit"), "1", "17"))
        self.assertEqual(self.ws.run("changes", "-s", "shelved", self.at("...")).records[0]["change"],
                         number)
        result = self.ws.plain("diff2", self.at("edit"), f"{self.at('edit')}@={number}")
        path = self.at("edit")
        self.assertEqual(result.lines, [f"==== {path}#1 (text) - {path}@={number} (text) ==== content"])
        self.assertEqual(result.text, "6c6\n< last\n---\n> edited\n")

    def test_again(self):
        """what is shelved is only replaced with -f (named files) or -r (the whole set)"""
        number = self.mixed()
        self.ws.good("shelve", "-c", number)
        result = self.ws.run("shelve", "-c", number, self.at("edit"))
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages],
                         [(f"{self.at('edit')} - already shelved, use -f to update.", 3, 1)])
        self.ws.write(self.local("edit"), "edited again\n")
        self.ws.write(self.local("add"), "not yet\n")
        self.ws.good("shelve", "-f", "-c", number, self.at("edit"))
        self.assertEqual(self.content(f"{self.at('edit')}@={number}"), b"edited again\n")
        self.assertEqual(self.content(f"{self.at('add')}@={number}"), b"added\n")
        self.ws.good("revert", self.at("delete"))
        self.ws.good("shelve", "-r", "-c", number)
        self.assertEqual(self.files_of(number), ["add add", "edit edit", "new move/add", "old move/delete"])
        self.assertEqual(self.content(f"{self.at('add')}@={number}"), b"not yet\n")

    def test_delete(self):
        """-d removes some or all; the change can go then"""
        number = self.mixed()
        self.ws.good("shelve", "-c", number)
        self.ws.good("revert", "//...")
        self.check_error(self.ws.run("change", "-d", number),
                         f"Change {number} has shelved files associated with it and can't be deleted.", 3, 3)
        self.assertMessages(self.ws.run("shelve", "-d", "-c", number, self.at("edit")),
                            f"Shelved change {number} partially deleted, still contains 4 file(s).")
        self.assertMessages(self.ws.run("shelve", "-d", "-c", number), f"Shelved change {number} deleted.")
        self.check_error(self.ws.run("shelve", "-d", "-c", number),
                         "No shelved files in changelist to delete.", 3, 17)
        self.assertMessages(self.ws.run("change", "-d", number), f"Change {number} deleted.")

    def test_archives(self):
        """replaced and deleted shelves leave no archives behind"""
        number = self.mixed()

        def archives() -> list[str]:
            place = f"{self.server.root}/demo/main/{self.here}/edit,d"
            return sorted(os.listdir(place))
        self.ws.good("shelve", "-c", number)
        first = archives()
        self.ws.write(self.local("edit"), "two\n")
        self.ws.good("shelve", "-f", "-c", number)
        self.assertEqual(len(archives()), len(first))
        self.assertNotEqual(archives(), first)
        self.ws.good("shelve", "-d", "-c", number)
        self.assertEqual(len(archives()), len(first) - 1)

    def test_form(self):
        """-i makes the change; nothing to shelve is an error"""
        self.check_error(self.ws.run("shelve", "-c", self.new_change(self.ws)), "No files to shelve.", 3, 17)
        self.ws.write(self.local("f"))
        self.ws.good("add", self.at("f"))
        form = f"Change: new\nDescription: by form\nFiles:\n\t{self.at('f')}\n"
        lines = self.ws.plain("shelve", "-i", stdin=form).lines
        self.assertEqual([re.sub(r"\d+", "N", line.replace(self.at("f"), "F")) for line in lines],
                         ["Change N created with N open file(s).", "Shelving files for change N.", "add F#N",
                          "Change N files shelved."])

    def test_owner(self):
        """only the owner's client may alter a shelf, an admin may delete it"""
        number = self.mixed()
        self.ws.good("shelve", "-c", number)
        other = self.other()
        self.check_error(other.run("shelve", "-d", "-c", number), f"Change {number} belongs to client ws.",
                         3, 3)
        self.assertMessages(other.run("shelve", "-d", "-f", "-c", number),
                            f"Shelved change {number} deleted.")
        eve = self.workspace(f"eve{self.here}", "//demo/main", user="eve")
        self.assertEqual(eve.run("shelve", "-c", number).errors,
                         [f"Change {number} can only be updated by user super."])
        self.assertEqual(self.ws.run("shelve", "-c", "99999").errors, ["Change 99999 unknown."])

    def test_unresolved(self):
        """a file with an open resolve is refused, one that is resolved keeps its records"""
        self.ws.add(self.local("a"), content="base\n")
        number = self.new_change(self.ws)
        self.ws.good("integrate", "-Rb", "-c", number, self.at("a"), self.at("b"))
        result = self.ws.run("shelve", "-c", number)
        self.assertEqual([(m.text, m.severity) for m in result.messages],
                         [(f"{self.at('b')} - must resolve {self.at('a')}#1 before shelving", 3)])
        self.ws.good("resolve", "-am")
        self.ws.good("shelve", "-c", number)
        self.ws.good("revert", "//...")
        self.ws.good("unshelve", "-s", number)
        self.assertEqual(self.ws.plain("resolved").infos,
                         [f"{self.ws.path(self.local('b'))} - branch from {self.at('a')}#1"])
        self.ws.submit()
        self.assertEqual(self.ws.run("integrated", self.at("b")).records[0]["how"], "branch from")

    def test_unchanged(self):
        """-a leaveunchanged leaves out what is as it was"""
        number = self.mixed()
        self.ws.write(self.local("edit"), BASE)
        self.assertIn(f"{self.at('edit')}#1 - unchanged, not shelved",
                      self.ws.plain("shelve", "-a", "leaveunchanged", "-c", number).infos)
        self.assertNotIn("edit edit", self.files_of(number))

    def test_missing(self):
        """a file the client cannot send ends it, the shelf is as it was"""
        number = self.mixed()
        os.unlink(self.ws.path(self.local("edit")))
        result = self.ws.run("shelve", "-c", number)
        self.assertEqual(result.errors, [
            "Some file(s) could not be transferred from client.",
            f"Shelve aborted -- fix problems then use 'p4 shelve -c {number}'."])
        self.assertEqual(self.files_of(number), [])

    def test_usage(self):
        """bad combinations"""
        for options in (("-d",), ("-r",), ("-i", "-c", "1"), ("-d", "-r", "-c", "1"), ("-a", "x", "-c", "1"),
                        ("-As",)):
            result = self.ws.run("shelve", *options)
            self.assertEqual((result.messages[-1].severity, result.messages[-1].generic), (3, 1), options)


class Unshelving(ShelfCase):
    def shelved(self) -> str:
        number = self.mixed()
        self.ws.good("shelve", "-c", number)
        self.ws.good("revert", "-w", "//...")
        return number

    def test_all(self):
        """everything is open again as it was, with its content"""
        number, other = self.shelved(), None
        other = self.other()
        lines = other.plain("unshelve", "-s", number).lines
        self.assertEqual(lines, [f"{self.at(name)}#1 - unshelved, opened for {action}"
                                 for name, action in (("add", "add"), ("delete", "delete"), ("edit", "edit"),
                                                      ("new", "move/add"), ("old", "move/delete"))])
        self.assertEqual(other.read(self.local("edit")), EDITED.encode())
        self.assertEqual(other.read(self.local("add")), b"added\n")
        self.assertEqual([other.exists(self.local(name)) for name in ("new", "old", "delete")],
                         [True, False, False])
        self.assertTrue(os.stat(other.path(self.local("edit"))).st_mode & 0o200)
        other.submit("theirs")
        self.assertEqual(other.files("-e", self.at("...")),
                         [f"{self.at('add')}#1 add", f"{self.at('edit')}#2 edit",
                          f"{self.at('new')}#1 move/add"])

    def test_some(self):
        """-c, file arguments, -n; tagged records"""
        number, mine = self.shelved(), self.new_change(self.ws, "mine")
        self.assertEqual(self.ws.run("unshelve", "-n", "-s", number, self.at("edit")).records,
                         [{"depotFile": self.at("edit"), "rev": "1", "action": "edit"}])
        self.assertEqual(self.ws.run("opened").records, [])
        self.ws.good("unshelve", "-c", mine, "-s", number, self.at("edit"))
        self.assertEqual([(r["depotFile"], r["change"]) for r in self.ws.run("opened").records],
                         [(self.at("edit"), mine)])
        self.assertEqual(self.ws.run("unshelve", "-s", number, self.at("nothing")).warnings,
                         [f"{self.at('nothing')} - no file(s) to unshelve."])
        self.assertEqual(self.ws.run("unshelve", "-s", mine).errors,
                         [f"Change {mine} is not currently shelved."])
        self.assertEqual(self.ws.run("unshelve", "-s", "99999").errors, ["Change 99999 unknown."])

    def test_over_edit(self):
        """a file open for edit keeps its content and gets a resolve with the shelf"""
        number = self.shelved()
        self.ws.good("edit", self.at("edit"))
        self.ws.write(self.local("edit"), "mine\n" + BASE)
        result = self.ws.plain("unshelve", "-s", number, self.at("edit"))
        self.assertEqual([(m.text, m.generic) for m in result.messages],
                         [(f"{self.at('edit')}#1 - unshelved, opened for edit", 0),
                          (f"{self.at('edit')} - must resolve {self.at('edit')}@={number} before submitting",
                           1)])
        self.assertEqual(self.ws.read(self.local("edit")), b"mine\n" + BASE.encode())
        (record,) = self.ws.run("resolve", "-n", "-o").records
        self.assertEqual((record["shelvedChange"], record["baseRev"]), (number, "1"))
        self.assertEqual(self.ws.plain("resolve", "-n").infos,
                         [f"{self.ws.path(self.local('edit'))} - merging {self.at('edit')}@={number}"])
        self.ws.good("resolve", "-af")
        self.assertEqual(self.ws.read(self.local("edit")), b"mine\n" + EDITED.encode())
        self.ws.submit()
        self.assertEqual(self.ws.run("filelog", self.at("edit")).records[0].get("how0,0"), None)

    def test_shelf_gone(self):
        """a resolve with a shelf that was deleted cannot be done, but ignored"""
        number = self.shelved()
        self.ws.good("edit", self.at("edit"))
        self.ws.good("unshelve", "-s", number, self.at("edit"))
        self.ws.good("shelve", "-d", "-c", number)
        self.assertEqual(self.ws.run("resolve", "-am").errors, [
            f"{self.at('edit')}@={number}: can't resolve (shelved file was deleted);"
            " must revert, or revert -k and edit before submit."])
        self.assertEqual(self.ws.plain("resolve", "-ay").infos[-1],
                         f"//ws/{self.local('edit')} - ignored {self.at('edit')}")

    def test_refused(self):
        """other open actions stay as they are, as plain information"""
        number = self.shelved()
        self.ws.good("delete", self.at("edit"))
        result = self.ws.run("unshelve", "-s", number, self.at("edit"))
        self.assertEqual([(m.text, m.severity) for m in result.messages],
                         [(f"{self.at('edit')} - can't unshelve (already opened for delete)", 1)])

    def test_writable(self):
        """a writable file is not overwritten, except with -f"""
        number = self.shelved()
        os.chmod(self.ws.path(self.local("edit")), 0o644)
        self.ws.run("unshelve", "-s", number, self.at("edit"))
        self.assertEqual(self.ws.run("opened").records, [])
        self.ws.good("unshelve", "-f", "-s", number, self.at("edit"))
        self.assertEqual(self.ws.read(self.local("edit")), EDITED.encode())

    def test_added_meanwhile(self):
        """a shelved add of a file that is there by now is an edit to resolve"""
        number = self.shelved()
        other = self.other()
        other.add(self.local("add"), content="theirs\n")
        result = self.ws.plain("unshelve", "-s", number, self.at("add"))
        self.assertEqual(result.lines, [
            f"{self.at('add')}#1 - unshelved, opened for edit",
            f"{self.at('add')} - must resolve {self.at('add')}@={number} before submitting"])
        self.ws.good("resolve", "-at")
        self.assertEqual(self.ws.read(self.local("add")), b"added\n")
        self.ws.submit()
        self.assertEqual(self.content(self.at("add")), b"added\n")

    def test_old_base(self):
        """a shelf of an older revision opens that; sync schedules the resolve"""
        number = self.shelved()
        other = self.other()
        other.change(self.local("edit"), "first\n" + BASE)
        self.ws.good("sync")
        self.ws.good("unshelve", "-s", number, self.at("edit"))
        self.assertEqual(self.ws.run("resolve", "-n").warnings, ["No file(s) to resolve."])
        self.assertEqual(self.ws.run("opened").records[0]["rev"], "1")
        self.ws.good("sync")
        self.ws.good("resolve", "-af")
        self.assertEqual(self.ws.read(self.local("edit")), b"first\n" + EDITED.encode())

    def test_deleted_meanwhile(self):
        """a shelved edit of a file that is gone"""
        number = self.shelved()
        other = self.other()
        other.good("delete", self.at("edit"))
        other.submit()
        self.assertEqual(self.ws.run("unshelve", "-s", number, self.at("edit")).infos,
                         [f"Can't unshelve {self.at('edit')} to open for edit:"
                          " file does not exist or has been deleted."])

    def test_other_branch(self):
        """-b and -S carry the files to another branch"""
        number = self.shelved()
        if not self.ws.run("streams", "//demo/side").records:
            self.stream("side", "development", "//demo/main", ["share ..."])
        self.ws.run("populate", "-r", "-S", "//demo/side")
        side = self.workspace(f"side{self.here}", "//demo/side")
        side.good("sync")
        result = side.plain("unshelve", "-S", "//demo/side", "-s", number, self.at("edit"), self.at("add"))
        self.assertEqual(result.lines,
                         [f"{self.at(name).replace('main', 'side')}#1 - unshelved, opened for {name}"
                          for name in ("add", "edit")])
        self.assertEqual(side.read(self.local("edit")), EDITED.encode())


class SubmitShelf(ShelfCase):
    def shelved(self) -> str:
        number = self.mixed()
        self.ws.good("shelve", "-c", number)
        self.ws.good("revert", "-w", "//...")
        return number

    def failed(self, number: str) -> str:
        return f"Submit failed -- fix problems above then use 'p4 submit -e {number}'."

    def test_submit(self):
        """from another client; the workspace is left alone and the shelf is gone"""
        number, other = self.shelved(), self.other()
        result = other.plain("submit", "-e", number)
        self.assertEqual(result.lines, [f"Submitting change {number}.", "Locking 5 files ...",
                                        f"add {self.at('add')}#1", f"delete {self.at('delete')}#2",
                                        f"edit {self.at('edit')}#2", f"move/add {self.at('new')}#1",
                                        f"move/delete {self.at('old')}#2", f"Change {number} submitted."])
        self.assertEqual(other.read(self.local("edit")), BASE.encode())
        self.assertEqual(self.ws.run("files", f"//...@={number}").records, [])
        self.assertEqual(self.ws.run("verify", "-q", self.at("...")).messages, [])
        self.assertEqual(self.content(self.at("edit")), EDITED.encode())
        self.assertEqual(self.ws.run("integrated", self.at("new")).records[0]["how"], "moved from")
        self.assertNotIn("shelved", self.ws.run("describe", "-s", number).records[0])
        self.assertEqual(len(other.good("sync").records), 5)
        self.assertEqual(other.read(self.local("edit")), EDITED.encode())

    def test_renumbered(self):
        """a shelf that is not the newest change gets a new number"""
        number = self.shelved()
        newer = self.new_change(self.ws)
        result = self.ws.plain("submit", "-e", number)
        self.assertEqual(result.lines[-1], f"Change {number} renamed change {int(newer) + 1} and submitted.")
        self.assertEqual(self.ws.run("describe", "-s", str(int(newer) + 1)).records[0]["oldChange"], number)

    def test_records(self):
        """tagged like any submit"""
        number = self.shelved()
        records = self.ws.run("submit", "-e", number).records
        self.assertEqual((records[0], records[1], records[-1]),
                         ({"change": number}, {"locked": "5"}, {"submittedChange": number}))

    def test_refused(self):
        """open files, no shelf, another's shelf, a submitted one"""
        number = self.mixed()
        self.check_error(self.ws.run("submit", "-e", number),
                         f"Change {number} does not have shelved files --  cannot submit.", 3, 5)
        self.ws.good("shelve", "-c", number)
        self.check_error(self.ws.run("submit", "-c", number),
                         f"Change {number} has shelved files --  cannot submit.", 3, 5)
        result = self.ws.run("submit", "-e", number)
        self.assertEqual((result.infos, result.errors),
                         ([f"Cannot submit - files are open by client ws at change {number}."],
                          [self.failed(number)]))
        eve = self.workspace(f"eve{self.here}", "//demo/main", user="eve")
        self.assertEqual(eve.run("submit", "-e", number).errors,
                         [f"Change {number} can only be updated by user super."])
        self.ws.good("revert", "-w", "//...")
        self.ws.good("submit", "-e", number)
        self.assertEqual(self.ws.run("submit", "-e", number).errors,
                         [f"Change {number} is already committed."])

    def test_out_of_date(self):
        """somebody was faster"""
        number = self.shelved()
        self.other().change(self.local("edit"), "faster\n")
        result = self.ws.run("submit", "-e", number)
        self.assertEqual((result.infos, result.errors), ([f"{self.at('edit')} - must resolve #2"],
                         ["Out of date files must be resolved or reverted.", self.failed(number)]))
        self.assertEqual(self.content(self.at("edit")), b"faster\n")

    def test_locked(self):
        """a file that somebody has locked"""
        number, other = self.shelved(), self.other()
        other.good("edit", self.at("edit"))
        other.good("lock", self.at("edit"))
        result = self.ws.run("submit", "-e", number)
        self.assertEqual((result.infos, result.errors),
                         ([f"{self.at('edit')} - already locked by super@{other.name}"],
                          ["File(s) couldn't be locked.", self.failed(number)]))

    def test_streams(self):
        """only from a client of the stream"""
        number = self.shelved()
        plain = self.workspace(f"plain{self.here}", view=[f"//demo/main/... //plain{self.here}/..."])
        result = plain.run("submit", "-e", number)
        self.assertIn(f"{self.at('edit')} - warning: cannot submit from non-stream client", result.infos)
        self.assertEqual(result.errors, [self.failed(number)])

    def test_interrupted(self):
        """a submit that fails after locking leaves the shelf locked; unlock -s frees it"""
        number = self.shelved()
        self.good("triggers", "-i", stdin=f"Triggers:\n\tstop change-content {self.at('...')} \"exit 1\"\n")
        self.addCleanup(self.good, "triggers", "-i", stdin="Triggers:\n")
        self.assertEqual(len(self.ws.run("submit", "-e", number).errors), 1)
        self.assertEqual(self.ws.run("unshelve", "-s", number).errors,
                         ["File(s) in this shelve are locked - try again later!"])
        self.assertIn(f"{self.at('edit')} - shelved file locked, try again later.",
                      self.ws.run("shelve", "-d", "-c", number).infos)
        self.assertEqual(len(self.ws.run("unlock", "-s", number).infos), 5)
        self.assertEqual(self.ws.run("unlock", "-s", number).warnings,
                         ["Shelved file(s) not locked in that changelist."])
        self.good("triggers", "-i", stdin="Triggers:\n")
        self.ws.good("submit", "-e", number)


class Counting(Client):
    """Runs `act` when it has received a number of frames."""

    after, act, seen = 0, None, 0

    def _frame(self, channel, frame, result, files):
        self.seen += 1
        if self.seen == self.after:
            self.act()
        super()._frame(channel, frame, result, files)


class Killed(FileCase):
    """kill -9 of the server, or of the client, at every step."""

    NAMES = ("one", "two", "three")

    def setUp(self) -> None:
        self.addCleanup(self.ws.run, "revert", "-w", "//...")

    def run_until(self, after: int, *args: str) -> bool:
        """Runs a command whose server dies after so many frames; whether it was over before."""
        client = Counting(self.server.port, client="ws", cwd=self.ws.root)
        client.after, client.act = after, self.server.kill
        client.run(*args)
        if client.seen < after:
            return True
        self.server.start()
        self.ws.client.port = self.server.port
        return False

    def write(self, text: str) -> None:
        for name in self.NAMES:
            self.ws.write(name, text * 20000)

    def shelf_of(self, number: str) -> set[bytes]:
        """The different contents of the shelved files."""
        files = self.ws.run("files", f"//...@={number}").records
        self.assertIn(len(files), (0, len(self.NAMES)))
        return {bytes(self.ws.run("print", "-q", f"{r['depotFile']}@={number}").data)[:8] for r in files}

    def test_shelve(self):
        """a shelf is the old one or the new one, never a mixture"""
        self.write("first   ")
        number = ShelfCase.new_change(self.ws)
        self.ws.good("sync")
        self.ws.run("edit", "-c", number, *self.NAMES), self.ws.run("add", "-c", number, *self.NAMES)
        outcomes = set()
        for after in range(1, 60):
            before = self.shelf_of(number)
            self.write(f"{after:8d}")
            over = self.run_until(after, "shelve", "-f", "-c", number)
            now = self.shelf_of(number)
            self.assertLessEqual(len(now), 1, (after, now))
            self.assertIn(now, (before, {b"%8d" % after}))
            outcomes.add(now == before)
            if over:
                break
        self.assertTrue(over)
        self.assertEqual(outcomes, {True, False})
        self.assertEqual(len(self.ws.run("opened").records), 3)

    def fresh_shelf(self, text: str) -> str:
        number = ShelfCase.new_change(self.ws)
        self.ws.run("sync", "-f")
        self.ws.run("edit", "-c", number, *self.NAMES)
        self.write(text)
        self.ws.run("add", "-c", number, *self.NAMES)
        self.ws.good("shelve", "-c", number)
        self.ws.good("revert", "-k", "//...")
        return number

    def contents(self) -> set[bytes]:
        return {bytes(self.ws.run("print", "-q", f"//demo/main/{name}").data)[:8] for name in self.NAMES}

    def test_submit_shelf(self):
        """a shelf whose submit was broken off before the end is there, locked, and can be submitted again;
        after it, it is gone"""
        for number, stage in enumerate(("change-submit", "change-content", "change-commit")):
            text = f"{number:8d}"
            shelf = self.fresh_shelf(text)
            self.good("triggers", "-i",
                      stdin=f"Triggers:\n\tkill {stage} //... \"kill -9 {self.server.process.pid}\"\n")
            self.ws.run("submit", "-e", shelf)
            self.server.restart()
            self.ws.client.port = type(self).tagged_client.port = self.server.port
            self.good("triggers", "-i", stdin="Triggers:\n")
            if stage == "change-commit":
                self.assertEqual((self.shelf_of(shelf), self.contents()), (set(), {text.encode()}))
                continue
            self.assertEqual(self.shelf_of(shelf), {text.encode()})
            self.assertNotEqual(self.contents(), {text.encode()})
            self.assertEqual(self.ws.run("shelve", "-d", "-c", shelf).errors, [])
            self.assertEqual(self.shelf_of(shelf), {text.encode()})
            self.ws.good("submit", "-e", shelf)
            self.assertEqual(self.contents(), {text.encode()})
            self.assertEqual(self.ws.run("verify", "-q", "//demo/...").messages, [])

    def test_submit_locked(self):
        """a submit that was broken off leaves its files locked in their change"""
        self.ws.write("l")
        self.ws.good("add", "l")
        self.good("triggers", "-i",
                  stdin=f"Triggers:\n\tkill change-content //... \"kill -9 {self.server.process.pid}\"\n")
        self.ws.run("submit", "-d", "broken off")
        self.server.restart()
        self.ws.client.port = type(self).tagged_client.port = self.server.port
        self.good("triggers", "-i", stdin="Triggers:\n")
        (record,) = self.ws.run("opened").records
        self.assertEqual((record["ourLock"], record["change"] != "default"), ("", True))
        self.assertMessages(self.ws.run("unlock"), "//demo/main/l - unlocking")
        self.ws.good("submit", "-c", record["change"])
        self.assertEqual(self.ws.files("//demo/main/l"), ["//demo/main/l#1 add"])

    def test_client_killed(self):
        """a client that dies during submit or shelve leaves nothing half done"""
        class Dying(Exception):
            pass

        def die() -> None:
            raise Dying
        number, names = ShelfCase.new_change(self.ws), ("c1", "c2", "c3")
        for name in names:
            self.ws.write(name, name * 50000)
        self.ws.good("add", "-c", number, *names)
        shelves, changes = set(), set()
        for after in range(1, 12):
            for command, found, spec in (("shelve", shelves, f"//...@={number}"),
                                         ("submit", changes, "//demo/main/c?")):
                client = Counting(self.server.port, client="ws", cwd=self.ws.root)
                client.after, client.act = after, die
                try:
                    client.run(command, "-c", number)
                except Dying:
                    pass
                self.server.wait_for(lambda: len(self.ws.run("monitor", "show").records) == 1)
                spec = spec.replace("?", "*")
                found.add(len(self.ws.run("files", spec).records))
                self.ws.run("shelve", "-d", "-c", number)
            if 3 in changes:
                break
            self.assertEqual(len(self.ws.run("opened", "-c", number).records), 3)
        self.assertEqual((shelves, changes), ({0, 3}, {0, 3}))


if __name__ == "__main__":
    tap.main()
