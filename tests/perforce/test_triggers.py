#!/usr/bin/python3
"""triggers: the table, and what triggers of changes, shelves and forms may do."""

import threading
import time

import tap
from filecase import FileCase


class TriggerCase(FileCase):
    def setUp(self) -> None:
        self.addCleanup(self.ws.run, "revert", "-w", "//...")
        self.addCleanup(self.triggers)

    def triggers(self, *lines: str) -> None:
        self.good("triggers", "-i", stdin="Triggers:\n" + "".join(f"\t{line}\n" for line in lines))

    def add(self, name: str) -> None:
        self.ws.write(name)
        self.ws.good("add", name)

    def note(self, name: str = "note") -> str:
        """What a trigger has written."""
        with open(f"{self.room}/{name}") as file:
            return file.read()


class Table(TriggerCase):
    def test_form(self):
        """-i and -o, saved or not changed"""
        line = 'check change-submit //demo/... "/bin/check %changelist%"'
        self.assertMessages(self.p4("triggers", "-i", stdin=f"Triggers:\n\t{line}\n"), "Triggers saved.")
        self.assertMessages(self.p4("triggers", "-i", stdin=f"Triggers:\n\t{line}\n"),
                            "Triggers not changed.")
        self.assertEqual(self.p4("triggers", "-o").records[0]["Triggers0"], line)
        self.assertIn(f"\t{line}\n", self.plain("triggers", "-o").text)

    def test_refused(self):
        """wrong types, paths, numbers of words; only for super users"""
        for line in ("a no-such-type //... x", "a change-submit demo x", "a change-submit //..."):
            self.assertEqual(self.p4("triggers", "-i", stdin=f"Triggers:\n\t{line}\n").messages[-1].severity,
                             3, line)
        self.good("protect", "-i",
                  stdin="Protections:\n\twrite user * * //...\n\tsuper user super * //...\n")
        self.check_error(self.as_user("ann").run("triggers", "-o"),
                         "You don't have permission for this operation.", 3, 6)


class Changes(TriggerCase):
    def test_rejected(self):
        """a change is refused before or after its contents came, and stays locked in a numbered change"""
        for kind, transferred in (("change-submit", False), ("change-content", True)):
            with self.subTest(kind):
                self.triggers(f"style {kind} //demo/main/... \"echo bad style in %changelist%; exit 3\"")
                self.add("r.txt")
                result = self.ws.plain("submit", "-d", "x")
                (record,) = self.ws.run("opened").records
                number = record["change"]
                errors = [(m.text, m.severity, m.generic) for m in result.messages if m.severity > 1]
                self.assertEqual(errors, [
                    (f"Submit validation failed -- fix problems then use 'p4 submit -c {number}'.\n"
                     f"'style' validation failed: bad style in {number}", 3, 5)])
                self.assertEqual("add //demo/main/r.txt#1" in result.infos, transferred)
                self.assertEqual(record["ourLock"], "")
                self.triggers()
                self.ws.good("revert", "-w", "//...")

    def test_unlocked(self):
        """submit.unlocklocked unlocks them again"""
        self.good("configure", "set", "submit.unlocklocked=1")
        self.addCleanup(self.good, "configure", "unset", "submit.unlocklocked")
        self.triggers('no change-submit //... "exit 1"')
        self.add("u.txt")
        self.ws.run("submit", "-d", "x")
        self.assertNotIn("ourLock", self.ws.run("opened").records[0])

    def test_retried(self):
        """the change goes in when the trigger is content"""
        self.triggers('no change-content //... "exit 1"')
        self.add("again.txt")
        self.ws.run("submit", "-d", "x")
        number = self.ws.run("opened").records[0]["change"]
        self.triggers()
        self.ws.good("submit", "-c", number)

    def test_variables(self):
        """what is known of the change reaches the command"""
        words = "%user% %client% %change% %oldchangelist% %command%"
        self.triggers(f'note change-commit //demo/main/v/... "echo {words} > {self.room}/note"')
        self.add("v/v.txt")
        self.ws.good("change", "-i", stdin="Change: new\nDescription: between\n")
        change = self.ws.run("opened").records[0]["change"]
        self.assertEqual(change, "default")
        submitted = self.ws.submit()
        self.assertEqual(self.note(), f"super ws {submitted} {submitted} submit\n")

    def test_paths(self):
        """only files in its paths fire a trigger; a minus takes some out; lines of one name are one
        trigger"""
        self.triggers('no change-submit //demo/main/p/... "exit 1"',
                      "no change-submit -//demo/main/p/free/... unused")
        self.add("q.txt")
        self.ws.submit()
        self.add("p/free/x.txt")
        self.ws.submit()
        self.add("p/x.txt")
        self.assertEqual(len(self.ws.run("submit", "-d", "x").errors), 1)

    def test_first_failure(self):
        """triggers run in order up to the first failure; what good ones print is information"""
        self.triggers('one change-submit //... "echo fine"', 'two change-submit //... "exit 1"',
                      f'three change-submit //... "touch {self.room}/three"')
        self.add("f.txt")
        result = self.ws.run("submit", "-d", "x")
        self.assertIn("fine", result.infos)
        self.assertIn("'two' validation failed: ", result.errors[0])
        self.assertRaises(FileNotFoundError, self.note, "three")

    def test_commit(self):
        """a trigger after the commit cannot refuse any more"""
        self.triggers('late change-commit //... "echo too late; exit 1"')
        self.add("c.txt")
        result = self.ws.run("submit", "-d", "x")
        self.assertEqual(result.errors, ["'late' validation failed: too late"])
        self.assertEqual(self.ws.files("//demo/main/c.txt"), ["//demo/main/c.txt#1 add"])

    def test_slow(self):
        """others work on while a submit waits for its trigger"""
        self.triggers('slow change-submit //demo/main/slow.txt "sleep 3"')
        self.add("slow.txt")
        thread = threading.Thread(target=self.ws.run, args=("submit", "-d", "slow"))
        other = self.workspace("quick", "//demo/main")
        thread.start()
        self.server.wait_for(lambda: any(r["command"] == "submit"
                                         for r in other.run("monitor", "show").records))
        started = time.monotonic()
        other.write("quick.txt")
        other.good("add", "quick.txt")
        other.submit()
        self.assertLess(time.monotonic() - started, 2.5)
        thread.join()
        self.assertEqual(self.ws.files("//demo/main/slow.txt"), ["//demo/main/slow.txt#1 add"])

    def test_terminated(self):
        """monitor terminate ends a submit that waits for its trigger, and nothing is submitted"""
        self.triggers('long change-content //... "sleep 60"')
        self.add("long.txt")
        results: list = []
        thread = threading.Thread(target=lambda: results.append(self.ws.run("submit", "-d", "long")))
        thread.start()
        watch = self.as_user("super")

        def running() -> list[dict]:
            return [r for r in watch.run("monitor", "show").records if r["command"] == "submit"]
        self.server.wait_for(running)
        time.sleep(0.2)
        watch.run("monitor", "terminate", running()[0]["id"])
        thread.join(10)
        self.assertFalse(thread.is_alive())
        self.assertEqual(results[0].messages[-1].severity, 3)
        self.assertEqual(self.ws.files("//demo/main/long.txt"), [])


class Shelves(TriggerCase):
    def test_shelve(self):
        """a shelf is refused, noticed and its removal noticed"""
        number = self.ws.good("change", "-i", stdin="Change: new\nDescription: x\n").infos[0].split()[1]
        self.ws.write("s.txt")
        self.ws.good("add", "-c", number, "s.txt")
        self.triggers('no shelve-submit //... "echo not now; exit 1"')
        result = self.ws.run("shelve", "-c", number)
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages], [
            ("Shelve validation failed -- fix problems then try again.\n"
             "'no' validation failed: not now", 3, 5)])
        self.assertEqual(self.ws.run("files", f"//...@={number}").records, [])
        self.triggers(f'on shelve-commit //... "echo on %change% >> {self.room}/shelves"',
                      f'off shelve-delete //... "echo off %change% >> {self.room}/shelves"')
        self.ws.good("shelve", "-c", number)
        self.ws.good("shelve", "-d", "-c", number)
        self.assertEqual(self.note("shelves"), f"on {number}\noff {number}\n")


class Forms(TriggerCase):
    FORM = "Branch: one\nOwner: super\nView:\n\t//demo/a/... //demo/b/...\n"

    def test_out(self):
        """form-out rewrites what is shown"""
        self.triggers('fill form-out branch "sed -i s/unlocked/locked/ %formfile%"')
        self.assertEqual(self.p4("branch", "-o", "new").records[0]["Options"], "locked")
        self.assertNotIn("unlocked", self.plain("branch", "-o", "new").text)

    def test_in(self):
        """form-in sees what comes, and may rewrite or refuse it"""
        self.triggers('fill form-in branch "sed -i s/Description/Nothing/ %formfile%"')
        self.assertEqual(self.p4("branch", "-i", stdin=self.FORM + "Description: x\n").messages[-1].severity,
                         3)
        self.triggers('no form-in branch "echo %formtype% refused; exit 1"')
        self.assertEqual(self.p4("branch", "-i", stdin=self.FORM).errors,
                         ["Error in branch specification.\n'no' validation failed: branch refused"])

    def test_save(self):
        """form-save refuses by name, form-commit follows, form-delete refuses"""
        self.triggers('no form-save branch "test %formname% != one || (echo no %formname%; exit 1)"',
                      f'done form-commit branch "echo %formtype% %formname% >> {self.room}/forms"')
        self.assertEqual(self.p4("branch", "-i", stdin=self.FORM).errors,
                         ["Error in branch specification.\n'no' validation failed: no one"])
        self.good("branch", "-i", stdin=self.FORM.replace("one", "two"))
        self.assertEqual(self.note("forms"), "branch two\n")
        self.triggers('keep form-delete branch "exit 1"')
        self.assertEqual(len(self.p4("branch", "-d", "two").errors), 1)
        self.triggers()
        self.good("branch", "-d", "two")

    def test_other_kinds(self):
        """a trigger is only for its kind of form, changes included"""
        self.triggers('no form-save change "exit 1"')
        self.good("branch", "-i", stdin=self.FORM)
        self.assertEqual(len(self.ws.run("change", "-i", stdin="Change: new\nDescription: x\n").errors), 1)


if __name__ == "__main__":
    tap.main()
