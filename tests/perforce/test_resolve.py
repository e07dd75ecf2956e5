#!/usr/bin/python3
"""resolve and resolved: contents that are merged, chosen, edited or refused."""

import os

import tap
from integcase import IntegCase, lines

BASE = lines(1, 2, 3, 4, 5, 6, 7)


class ResolveCase(IntegCase):
    """A and B have a common base; theirs and yours change each."""

    def prepare_files(self, theirs: str | bytes, yours: str | bytes, base: str | bytes = BASE) -> None:
        self.add("A", content=base)
        self.branch("A", "B")
        self.change("A", theirs)
        if yours != base:
            self.change("B", yours)
        self.integ("A", "B")

    def resolve(self, *options: str):
        return self.ws.plain("resolve", *options)

    def said(self, *options: str) -> list[str]:
        """What a resolve says, without the test's folder."""
        texts = [message.text for message in self.resolve(*options).messages]
        places = ((self.ws.path(self.here) + "/", "LOCAL/"), (f"//depot/{self.here}/", "//"),
                  (f"//all/{self.here}/", "//all/"))
        for place, short in places:
            texts = [text.replace(place, short) for text in texts]
        return texts

    def content(self, name: str) -> bytes:
        return self.ws.read(self.at(name, "ws"))


class Content(ResolveCase):
    """Texts with a base."""

    def test_modes(self):
        """each automatic mode takes what it may take"""
        theirs, yours = lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7)
        both, merged = lines(1, "2y", 3, 4, 5, 6, 7), lines(1, "2t", 3, 4, 5, "6y", 7)
        cases = (  # theirs, yours, mode -> how ("" is skipped), content
            (theirs, BASE, "-as", "copy from", theirs), (theirs, BASE, "-am", "copy from", theirs),
            (theirs, yours, "-as", "", yours), (theirs, yours, "-am", "merge from", merged),
            (theirs, yours, "-af", "merge from", merged), (theirs, yours, "-at", "copy from", theirs),
            (theirs, yours, "-ay", "ignored", yours), (theirs, theirs, "-am", "copy from", theirs),
            (theirs, both, "-am", "", both), (theirs, both, "-as", "", both),
            (theirs, lines(1, "2t", 3, 4, 5, "6y", 7), "-am", "ignored", lines(1, "2t", 3, 4, 5, "6y", 7)))
        for theirs_now, yours_now, mode, how, content in cases:
            with self.subTest(mode, theirs=theirs_now, yours=yours_now):
                self.setUp()
                self.prepare_files(theirs_now, yours_now)
                told = self.said(mode)[-1]
                self.assertEqual(told, f"//all/B - {how} //A" if how else "//all/B - resolve skipped.")
                self.assertEqual(self.content("B"), content.encode())
                left = self.said("-n")
                self.assertEqual(left == ["No file(s) to resolve."], bool(how))
                self.doCleanups()

    def test_lines(self):
        """header, chunks and result, the base with -o, and the counts' generic code"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        self.assertEqual(self.said("-n"), ["LOCAL/B - merging //A#2"])
        self.assertEqual(self.said("-n", "-o"), ["LOCAL/B - merging //A#2 using base //A#1"])
        self.assertEqual(self.said("-n", "-at"), ["LOCAL/B - vs //A#2"])
        result = self.resolve("-am")
        self.assertEqual([(m.severity, m.generic) for m in result.messages], [(1, 0), (1, 34), (1, 0)])
        self.assertEqual(result.messages[1].text, "Diff chunks: 1 yours + 1 theirs + 0 both + 0 conflicting")
        self.assertEqual(self.said("-am"), ["No file(s) to resolve."])

    def test_records(self):
        """tagged previews have the captured fields in their order; what is accepted is a record too"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        (record,) = self.ws.run("resolve", "-n", "-o").records
        self.assertEqual(list(record.items()),
                         [("clientFile", self.at("B", "local")), ("fromFile", self.at("A")),
                          ("startFromRev", "1"), ("endFromRev", "2"), ("resolveType", "content"),
                          ("resolveFlag", "c"), ("contentResolveType", "3waytext"),
                          ("baseFile", self.at("A")), ("baseRev", "1")])
        result = self.ws.run("resolve", "-am")
        self.assertEqual(result.records[1], {"toFile": f"//all/{self.here}/B", "how": "merge from",
                                             "fromFile": self.at("A")})

    def test_conflict(self):
        """-af leaves markers, which make it an edit that has to flow back"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, "2y", 3, 4, 5, 6, 7))
        self.assertEqual(self.said("-af")[1:], ["Diff chunks: 0 yours + 0 theirs + 0 both + 1 conflicting",
                                                "//all/B - edit from //A"])
        self.assertEqual(self.content("B").decode(),
                         f"line 1\n>>>> ORIGINAL {self.at('A')}#1\nline 2\n"
                         f"==== THEIRS {self.at('A')}#2\nline 2t\n"
                         f"==== YOURS //all/{self.here}/B\nline 2y\n<<<<\n" + lines(3, 4, 5, 6, 7))
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 integrate: edit from A#2")
        self.assertEqual(self.flows("A")[-1], "#2 edit: edit into B#3")

    def test_all_marked(self):
        """-v marks every change, so that -af makes an edit of a clean merge"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        self.assertEqual(self.said("-v", "-af")[-1], "//all/B - edit from //A")
        text = self.content("B").decode()
        self.assertIn("==== THEIRS ", text)
        self.assertIn("line 2\n", text)
        self.assertEqual(text.count(">>>> ORIGINAL"), 2)
        self.assertEqual(text.count("<<<<"), 2)

    def test_edited_by_hand(self):
        """-ae takes the file as it is in the workspace"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, "2y", 3, 4, 5, 6, 7))
        self.ws.write(self.at("B", "ws"), "by hand\n")
        self.assertEqual(self.said("-am")[-2:], ["//all/B tampered with before resolve - edit or revert.",
                                                 "//all/B - resolve skipped."])
        self.assertEqual(self.said("-ae"), ["LOCAL/B - merging //A#2", "//all/B - edit from //A"])
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 integrate: edit from A#2")
        self.assertEqual(bytes(self.ws.run("print", "-q", self.at("B")).data), b"by hand\n")

    def test_edited_first(self):
        """a file that was opened for edit may be changed before its resolve"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), BASE)
        self.ws.good("edit", self.at("B"))
        self.ws.write(self.at("B", "ws"), lines(1, 2, 3, 4, 5, "6 mine", 7))
        self.assertEqual(self.said("-am")[-1], "//all/B - merge from //A")
        self.assertEqual(self.content("B").decode(), lines(1, "2t", 3, 4, 5, "6 mine", 7))
        self.assertTrue(os.stat(self.at("B", "local")).st_mode & 0o200)
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#2 edit: merge from A#2")
        self.assertEqual(self.flows("A")[-1], "#2 edit: edit into B#2")

    def test_tampered_after(self):
        """a merged file that was changed without edit is refused by submit, and put right by edit"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        self.said("-am")
        self.ws.write(self.at("B", "ws"), "tampered\n")
        result = self.ws.run("submit", "-d", "x")
        self.assertEqual(result.errors[0],
                         f"//all/{self.here}/B tampered with after resolve - edit or revert.")
        number = self.ws.run("opened").records[0]["change"]
        self.ws.good("edit", "-c", number, self.at("B"))
        self.ws.good("submit", "-c", number)
        self.assertEqual(bytes(self.ws.run("print", "-q", self.at("B")).data), b"tampered\n")

    def test_read_only(self):
        """what resolve writes stays read-only until edit"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), BASE)
        self.said("-am")
        self.assertFalse(os.stat(self.at("B", "local")).st_mode & 0o200)
        self.ws.good("edit", self.at("B"))
        self.assertTrue(os.stat(self.at("B", "local")).st_mode & 0o200)

    def test_again(self):
        """-f decides once more, with the former result as yours"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        self.said("-ay")
        self.assertEqual(self.said("-at"), ["No file(s) to resolve."])
        self.assertEqual(self.said("-f", "-at")[-1], "//all/B - copy from //A")
        self.assertEqual(self.said("-f", "-am")[1:],
                         ["Diff chunks: 0 yours + 0 theirs + 1 both + 0 conflicting",
                          "//all/B - copy from //A"])
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1], "#3 integrate: copy from A#2")

    def test_ignored_as_edit(self):
        """-e records an edit in place of ignoring"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        self.assertEqual(self.said("-e", "-ay")[-1], "//all/B - edit from //A")
        self.assertEqual(self.content("B").decode(), lines(1, 2, 3, 4, 5, "6y", 7))

    def test_blanks(self):
        """-db -dw -dl do not see differences of blanks and line ends"""
        self.prepare_files(BASE.replace("line 2", "line  2"), BASE.replace("line 2", "line\t2"))
        self.assertEqual(self.said("-am")[-1], "//all/B - resolve skipped.")
        self.assertNotEqual(self.said("-db", "-am")[-1], "//all/B - resolve skipped.")

    def test_file_gone(self):
        """a workspace file that is not there is skipped by a merge, and brought by -at"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        os.unlink(self.at("B", "local"))
        self.assertEqual(self.said("-am")[-1], "//all/B - resolve skipped.")
        self.assertEqual(self.said("-at")[-1], "//all/B - copy from //A")
        self.assertEqual(self.content("B").decode(), lines(1, "2t", 3, 4, 5, 6, 7))

    def test_several_sources(self):
        """two sources of one file are merged one after the other"""
        self.add("A", content=BASE)
        self.branch("A", "B")
        self.branch("A", "C")
        self.change("A", lines(1, "2a", 3, 4, 5, 6, 7))
        self.change("C", lines(1, 2, 3, 4, 5, "6c", 7))
        self.integ("A", "B")
        self.integ("C", "B")
        self.assertEqual(self.said("-am")[-1], "//all/B - merge from //C")
        self.assertEqual(self.content("B").decode(), lines(1, "2a", 3, 4, 5, "6c", 7))
        self.assertEqual(len(self.ws.run("resolved").records), 2)


class Raw(ResolveCase):
    """What is no text, or has no base."""

    def test_binary(self):
        """by digests: one side changed is taken, two are left"""
        for theirs, yours, count, told in (
                (b"\0t", b"\0b", "0 yours + 1 theirs + 0 both + 0 conflicting", "copy from //A"),
                (b"\0t", b"\0t", "0 yours + 0 theirs + 1 both + 0 conflicting", "copy from //A"),
                (b"\0t", b"\0y", "0 yours + 0 theirs + 0 both + 1 conflicting", None)):
            with self.subTest(theirs=theirs, yours=yours):
                self.setUp()
                self.prepare_files(theirs, yours, b"\0b")
                self.assertEqual(self.ws.run("resolve", "-n").records[0]["contentResolveType"], "2wayraw")
                expected = ["LOCAL/B - vs //A#2", f"Non-text diff: {count}",
                            f"//all/B - {told}" if told else "//all/B - resolve skipped."]
                self.assertEqual(self.said("-af"), expected)
                self.doCleanups()

    def test_binary_became_text(self):
        """theirs is text now: told as a merge of both kinds; -t merges anyway"""
        self.add("A", content=b"\0b")
        self.branch("A", "B")
        self.ws.good("edit", "-t", "text", self.at("A"))
        self.ws.write(self.at("A", "ws"), "text\n")
        self.ws.submit()
        self.integ("A", "B")
        self.assertIn("LOCAL/B - binary/text merge //A#2", self.said("-n", "-Ac"))
        self.assertEqual(self.said("-t", "-n", "-Ac"), ["LOCAL/B - merging //A#2"])

    def test_no_base(self):
        """unrelated texts: only equal ones resolve by themselves"""
        self.add("A", content=lines(1, 2, 3))
        self.add("B", content=lines(1, "x", 3))
        self.add("C", content=lines(1, 2, 3))
        self.integ("A", "B")
        self.assertEqual(self.said("-am"),
                         ["LOCAL/B - vs //A#1", "Diff chunks: 1 between yours and theirs (no common base)",
                          "//all/B - resolve skipped."])
        self.assertEqual(self.said("-af")[-1], "//all/B - copy from //A")
        self.integ("A", "C")
        self.assertEqual(self.said("-as")[-1], "//all/C - copy from //A")

    def test_types(self):
        """a type that changed is asked about before the content"""
        self.prepare_files(lines(1, 2), BASE)
        self.ws.run("revert", "//...")
        self.ws.good("edit", "-t", "text+x", self.at("A"))
        self.ws.submit()
        self.ws.good("edit", "-t", "text+w", self.at("B"))
        self.ws.submit()
        self.integ("A", "B")
        self.assertEqual(self.said("-n"),
                         ["LOCAL/B - resolving filetype from //A#2,#3", "LOCAL/B - merging //A#2,#3"])
        self.assertEqual(self.said("-N", "-At")[1:],
                         ["Filetype resolve:", "at: (text+x)", "ay: (text+w)", "am: (text+wx)"])
        self.assertEqual(self.said("-as", "-At")[-1], "//all/B - resolve skipped.")
        self.assertEqual(self.said("-am")[1], "//all/B - merge from //A")
        self.assertEqual(self.ws.run("opened").records[0]["type"], "text+wx")
        self.assertEqual(os.stat(self.at("B", "local")).st_mode & 0o111, 0o111)
        self.ws.submit()
        self.assertEqual(self.flows("B")[-1].split(": ")[1], "copy from A#2,#3")


class Selection(ResolveCase):
    """Which files and kinds are looked at."""

    def two(self) -> None:
        self.add("s/x", "s/y", content=BASE)
        self.ws.plain("integrate", f"//depot/{self.here}/s/...", f"//depot/{self.here}/t/...")
        self.ws.submit()
        for name in ("s/x", "s/y"):
            self.change(name, lines(name))
        self.ws.plain("integrate", f"//depot/{self.here}/s/...", f"//depot/{self.here}/t/...")

    def test_arguments(self):
        """by depot, client and local names and by wildcards; what has none is a warning"""
        self.two()
        self.assertEqual(len(self.said("-n", self.at("t/x"))), 1)
        self.assertEqual(len(self.said("-n", f"//all/{self.here}/t/*")), 2)
        self.assertEqual(len(self.said("-n", self.at("t/x", "local"), self.at("t/y"))), 2)
        result = self.resolve("-am", self.at("s/x"))
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages],
                         [(f"{self.at('s/x')} - no file(s) to resolve.", 2, 17)])

    def test_change(self):
        """-c looks at one change"""
        self.two()
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: x\n").infos[0].split()[1]
        self.ws.good("reopen", "-c", number, self.at("t/y"))
        self.assertEqual(len(self.said("-n", "-c", number)), 1)
        self.said("-am", "-c", number)
        self.assertEqual([r["clientFile"] for r in self.ws.run("resolve", "-n").records],
                         [self.at("t/x", "local")])
        self.assertEqual(self.ws.run("resolve", "-n", "-c", "99999").messages[-1].severity, 3)

    def test_kinds(self):
        """-A takes some kinds only"""
        self.two()
        self.assertEqual(self.said("-n", "-Abdmt"), ["No file(s) to resolve."])
        self.assertEqual(len(self.said("-n", "-Ac")), 2)

    def test_usage(self):
        """bad options"""
        for options in (("-ax",), ("-Az",), ("-dz",), ("-q",)):
            result = self.ws.run("resolve", *options)
            self.assertEqual((result.messages[-1].severity, result.messages[-1].generic), (3, 1), options)

    def test_stream_specs(self):
        """-So is about stream specifications, of which none is open"""
        self.assertEqual(self.ws.run("resolve", "-So").warnings, ["No stream fields to resolve."])

    def test_resolved(self):
        """resolved lists what was decided, by yours or theirs"""
        self.two()
        self.assertEqual(self.ws.run("resolved").warnings, ["No file(s) resolved."])
        self.said("-at")
        local = self.at("t/x", "local")
        plain = self.ws.plain("resolved").infos
        self.assertEqual(plain[0], f"{local} - copy from {self.at('s/x')}#2")
        self.assertEqual(self.ws.plain("resolved", "-o").infos[0],
                         f"{local} - copy from {self.at('s/x')}#2 base {self.at('s/x')}#1")
        self.assertEqual(len(self.ws.plain("resolved", self.at("s/x")).infos), 1)
        self.assertEqual(len(self.ws.plain("resolved", self.at("t/x", "local")).infos), 1)
        self.assertEqual(self.ws.run("resolved", self.at("t/x")).warnings,
                         [f"{self.at('t/x')} - no file(s) resolved."])
        (record,) = self.ws.run("resolved", self.at("s/x")).records
        self.assertEqual(list(record.items())[:8],
                         [("path", local), ("toFile", f"//all/{self.here}/t/x"),
                          ("fromFile", self.at("s/x")), ("startToRev", "#none"), ("endToRev", "#1"),
                          ("startFromRev", "#1"), ("endFromRev", "#2"), ("how", "copy from")])


class Synced(ResolveCase):
    """Resolves with newer revisions of the same file."""

    def behind(self, mine: str, *theirs: str) -> None:
        """An edit of revision 1 while others submit more."""
        self.add("A", content=BASE)
        other = self.workspace(f"other{self.here}", view=[f"//depot/... //other{self.here}/..."])
        other.good("sync")
        self.ws.good("edit", self.at("A"))
        self.ws.write(self.at("A", "ws"), mine)
        for content in theirs:
            other.change(self.at("A", "ws"), content)

    def test_sync(self):
        """sync schedules one for each step, which merge one after the other"""
        self.behind(lines(1, 2, 3, 4, 5, 6, "7m"), lines("1t", 2, 3, 4, 5, 6, 7),
                    lines("1t", 2, 3, "4t", 5, 6, 7))
        self.assertIn(f"{self.at('A')} - must resolve #2 before submitting",
                      self.ws.plain("sync", f"{self.at('A')}#2").infos)
        self.ws.plain("sync")
        self.assertEqual(self.said("-n", "-o"), ["LOCAL/A - merging //A#2 using base //A#1",
                                                 "LOCAL/A - merging //A#3 using base //A#2"])
        self.assertEqual([text for text in self.said("-am") if "from" in text],
                         ["//all/A - merge from //A"] * 2)
        self.assertEqual(self.content("A").decode(), lines("1t", 2, 3, "4t", 5, 6, "7m"))
        self.ws.submit()
        self.assertEqual(self.flows("A"), ["#1 add", "#2 edit", "#3 edit", "#4 edit"])

    def test_theirs(self):
        """-at throws the edit away, the file stays open and writable"""
        self.behind(lines("m"), lines("t"))
        self.ws.plain("sync")
        self.assertEqual(self.said("-at"), ["LOCAL/A - vs //A#2", "//all/A - copy from //A"])
        self.assertEqual(self.content("A").decode(), lines("t"))
        self.assertEqual(self.ws.run("opened").records[0]["action"], "edit")
        self.assertTrue(os.stat(self.at("A", "local")).st_mode & 0o200)

    def test_out_of_date(self):
        """a late submit schedules it, a resolved one goes through, and revert gives the new revision"""
        self.behind(lines(1, 2, 3, 4, 5, 6, "7m"), lines("1t", 2, 3, 4, 5, 6, 7))
        result = self.ws.run("submit", "-d", "late")
        self.assertEqual(result.errors[0], "Out of date files must be resolved or reverted.")
        number = self.ws.run("opened").records[0]["change"]
        self.assertEqual(self.said("-am", "-c", number)[-1], "//all/A - merge from //A")
        self.ws.good("submit", "-c", number)
        self.assertEqual(bytes(self.ws.run("print", "-q", self.at("A")).data).decode(),
                         lines("1t", 2, 3, 4, 5, 6, "7m"))

    def test_out_of_date_integration(self):
        """a merge that was overtaken is merged with what overtook it"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, 2, 3, 4, 5, "6y", 7))
        self.said("-am")
        other = self.workspace(f"fast{self.here}", view=[f"//depot/... //fast{self.here}/..."])
        other.good("sync")
        other.change(self.at("B", "ws"), lines(1, 2, 3, "4o", 5, "6y", 7))
        result = self.ws.run("submit", "-d", "late")
        self.assertEqual(result.errors[0], "Out of date files must be resolved or reverted.")
        number = self.ws.run("opened").records[0]["change"]
        self.assertEqual(self.said("-am")[-1], "//all/B - merge from //B")
        self.assertEqual(self.content("B").decode(), lines(1, "2t", 3, "4o", 5, "6y", 7))
        self.ws.good("submit", "-c", number)
        self.assertEqual(self.flows("B")[-1], "#4 integrate: merge from A#2")


class Dialogue(ResolveCase):
    """resolve without -a asks."""

    def ask(self, *answers: str, options: tuple = ()):
        self.ws.client.answers = list(answers)
        self.ws.client.prompts = []
        return self.resolve(*options)

    def test_prompt(self):
        """the prompt suggests; an empty answer or `a` accepts"""
        for theirs, yours, suggestion, told in ((lines("t"), BASE, "at", "copy from"),
                                                (lines(1, "2t", 3, 4, 5, 6, 7),
                                                 lines(1, 2, 3, 4, 5, "6y", 7), "am", "merge from")):
            for answer in ("", "a"):
                self.setUp()
                self.prepare_files(theirs, yours)
                result = self.ask(answer)
                self.assertEqual(self.ws.client.prompts,
                                 [f"Accept(a) Edit(e) Diff(d) Merge (m) Skip(s) Help(?) {suggestion}: "])
                self.assertEqual(result.messages[-1].text, f"//all/{self.here}/B - {told} {self.at('A')}")
                self.doCleanups()

    def test_choices(self):
        """help, difference, skip, yours"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, "2y", 3, 4, 5, 6, 7))
        result = self.ask("?", "dt", "nonsense", "s")
        self.assertIn("> line 2t", result.text)
        self.assertEqual(len(self.ws.client.prompts), 4)
        self.assertTrue(result.messages[-1].text.endswith("resolve skipped."))
        self.assertTrue(self.ask("ay").messages[-1].text.endswith(f"ignored {self.at('A')}"))

    def test_markers(self):
        """accepting markers has to be confirmed"""
        self.prepare_files(lines(1, "2t", 3, 4, 5, 6, 7), lines(1, "2y", 3, 4, 5, 6, 7))
        result = self.ask("am", "n", "ae", "y")
        self.assertEqual(self.ws.client.prompts[1], "There are still change markers: confirm accept (y/n)? ")
        self.assertTrue(result.messages[-1].text.endswith(f"edit from {self.at('A')}"))

    def test_binary(self):
        """files that are no text are taken as a whole"""
        self.prepare_files(b"\0t", b"\0y", b"\0b")
        self.ask("am", "at")
        self.assertEqual(self.ws.client.prompts[0], "Accept (at/ay) Skip (s) Help (?) at: ")
        self.assertEqual(self.content("B"), b"\0t")

    def test_actions(self):
        """what is no content is explained first"""
        self.add("A")
        self.ws.plain("integrate", "-Rb", self.at("A"), self.at("B"))
        result = self.ask("", options=())
        self.assertEqual([m.text for m in result.messages[1:4]],
                         ["Branch resolve:", "at: branch", "ay: ignore"])
        self.assertEqual(self.ws.client.prompts, ["Accept(at/ay) Skip(s) Help(?) at: "])
        self.assertTrue(result.messages[-1].text.endswith(f"branch from {self.at('A')}"))


if __name__ == "__main__":
    tap.main()
