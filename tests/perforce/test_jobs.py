#!/usr/bin/python3
"""Jobs, and the changes that fix them: job, jobs, fix, fixes, and what change, submit and describe make of them."""

import tap
from filecase import FileCase


def form(name: str, text: str, status: str = "open") -> str:
    return f"Job: {name}\nStatus: {status}\nUser: super\nDescription:\n\t{text}\n"


class Jobs(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "b.txt")
        cls.ws.good("job", "-i", stdin=form("new", "first\n\tand more"))
        cls.ws.good("job", "-i", stdin=form("DEV-7", "a wish"))

    def plain(self, *args: str, stdin: str | None = None) -> list[str]:
        return [message.text for message in self.ws.plain(*args, stdin=stdin).messages]

    def status(self, name: str) -> str:
        return self.ws.run("job", "-o", name).records[0]["Status"]

    def pending(self, file: str, *names: str) -> str:
        """A change with the file that fixes the jobs; what was said of it, and its number."""
        self.ws.good("edit", self.ws.path(file))
        jobs = "".join(f"\t{name}\n" for name in names)
        said = self.plain("change", "-i", stdin=f"Change: new\nDescription: work\nJobs:\n{jobs}"
                                                f"Files:\n\t//demo/main/{file}\n")
        number = said[0].split()[1]
        self.assertEqual(said, [f"Change {number} created with 1 open file(s) fixing {len(names)} job(s)."])
        return number

    def test_form(self):
        """a job is a form; new ones are numbered"""
        record = self.ws.run("job", "-o").records[0]
        self.assertEqual([record[key] for key in ("Job", "Status", "User", "Description")],
                         ["new", "open", "super", "<enter description here>\n"])
        self.assertEqual(self.ws.run("job", "-o", "job000001").records[0]["Description"], "first\nand more\n")
        self.assertEqual(self.plain("job", "-i", stdin=form("X-1", "x")), ["Job X-1 saved."])
        self.assertEqual(self.plain("job", "-i", stdin=form("X-1", "x")), ["Job X-1 not changed."])
        self.assertEqual(self.plain("job", "-d", "X-1"), ["Job X-1 deleted."])
        self.assertEqual(self.plain("job", "-d", "X-1"), ["Job 'X-1' doesn't exist."])

    def test_refused_forms(self):
        """forms that are no job"""
        cases = {form("job", "x"): "The job name 'job' is reserved.",
                 "Status: open\n": "Missing required field 'Job'.",
                 form("Y", "x", "odd"): "Error detected at line 2.\nValue for field 'Status' must be one of"
                                        " open/suspended/closed.",
                 form("Y@1", "x"): "Revision chars (@, #) not allowed in 'Y@1'.",
                 form("Y", "<enter description here>"): "'Description' field blank.  You must provide it."}
        for text, reason in cases.items():
            result = self.ws.run("job", "-i", stdin=text)
            self.assertMessages(result, f"Error in job specification.\n{reason}")
            self.assertEqual((result.messages[0].severity, result.messages[0].generic), (3, 4))
        self.assertEqual(self.ws.run("job", "-o", "Y").records[0]["Status"], "open")

    def test_list(self):
        """jobs: filters, limits, long texts"""
        names = lambda *args: [record["Job"] for record in self.ws.run("jobs", *args).records]  # noqa: E731
        self.assertEqual(names("-e", "DEV-7 | job000001"), ["DEV-7", "job000001"])
        self.assertEqual(names("-r")[0], "job000001")
        self.assertEqual(names("-r", "-m", "1"), ["job000001"])
        self.assertEqual(names("-e", "Description=*wish*"), ["DEV-7"])
        self.assertEqual(names("//demo/main/nosuch"), [])
        self.assertRegex(self.plain("jobs", "-e", "Job=DEV-7")[0], r"^DEV-7 on \d{4}/\d\d/\d\d by super \*\w+\* 'a wish '$")
        self.assertRegex(self.plain("jobs", "-l", "-r", "-m1")[0],
                         r"^job000001 on \S+ by super \*\w+\*\n\n\tfirst\n\tand more\n$")
        self.assertEqual(list(self.ws.run("jobs", "-m1").records[0]), ["Job", "Status", "User", "Date",
                                                                      "Description"])

    def test_submit_closes(self):
        """a job gets the status of its fix when the change is submitted, not before"""
        self.ws.good("job", "-i", stdin=form("S-1", "to close"))
        self.ws.good("job", "-i", stdin=form("S-2", "to keep"))
        number = self.pending("a.txt", "S-1", "S-2")
        self.assertEqual(self.plain("fix", "-c", number, "-s", "same", "S-2"), [f"S-2 fixed by change {number} (same)."])
        self.assertEqual(self.status("S-1"), "open")
        self.assertEqual([self.ws.run("change", "-o", number).records[0][key] for key in ("Jobs0", "Jobs1")],
                         ["S-1", "S-2"])
        done = self.ws.good("submit", "-c", number).records[-1]["submittedChange"]
        self.assertEqual((self.status("S-1"), self.status("S-2")), ("closed", "open"))
        record = self.ws.run("describe", "-s", done).records[0]
        self.assertEqual([record[key] for key in ("job0", "jobstat0", "job1", "jobstat1")],
                         ["S-1", "closed", "S-2", "open"])
        self.assertIn("\nJobs fixed ...\n\nS-1 on ", self.ws.plain("describe", "-s", done).text)
        self.assertEqual([r["Job"] for r in self.ws.run("jobs", "//demo/main/a.txt").records], ["S-1", "S-2"])
        self.assertEqual([r["Change"] for r in self.ws.run("fixes", "-j", "S-1").records], [done])
        self.assertRegex(self.plain("fixes", "-c", done)[1],
                         rf"^S-2 fixed by change {done} on \S+ by super@ws \(same\)$")

    def test_renamed(self):
        """a fix goes along with a change that submit renames"""
        self.ws.good("job", "-i", stdin=form("R-1", "renamed"))
        number = self.pending("b.txt", "R-1")
        self.ws.good("change", "-i", stdin="Change: new\nDescription: higher\n")
        done = self.ws.good("submit", "-c", number).records[-1]["submittedChange"]
        self.assertNotEqual(done, number)
        self.assertEqual([r["Change"] for r in self.ws.run("fixes", "-j", "R-1").records], [done])

    def test_change_form(self):
        """the Jobs of a change come and go with its form"""
        self.ws.good("job", "-i", stdin=form("C-1", "come"))
        made = self.plain("change", "-i", stdin="Change: new\nDescription: none yet\n")[0].split()[1]
        update = f"Change: {made}\nStatus: pending\nDescription: one\n"
        self.assertEqual(self.plain("change", "-i", stdin=update + "Jobs:\n\tC-1 # come\n"),
                         [f"Change {made} updated, adding 1 fix(es)."])
        self.assertEqual(self.plain("change", "-d", made),
                         [f"Change {made} has 1 fixes associated with it and can't be deleted."])
        self.assertEqual(self.plain("job", "-d", "C-1"), ["C-1 has 1 fixes associated with it and can't be deleted."])
        self.assertEqual(self.plain("change", "-i", stdin=update), [f"Change {made} updated, removing 1 fix(es)."])
        self.assertEqual(self.plain("change", "-i", stdin=update + "Jobs:\n\tnone\n"),
                         ["Error in change specification.\nJob 'none' unknown - use 'job' to create it."])
        self.assertEqual(self.plain("change", "-d", made), [f"Change {made} deleted."])

    def test_fix(self):
        """fix of what is not there, and taking it back"""
        first = self.ws.run("changes", "-s", "submitted", "-r", "-m1").records[0]["change"]
        self.assertEqual(self.plain("fix", "-c", first, "nosuch"), ["Job 'nosuch' doesn't exist."])
        self.assertEqual(self.plain("fix", "-c", "999", "DEV-7"), ["Change 999 unknown."])
        self.assertEqual(self.plain("fix", "-c", first, "-s", "odd", "DEV-7"),
                         ["Job fix status must be one of open/suspended/closed/same."])
        self.assertTrue(self.plain("fix", "DEV-7")[0].startswith("Usage: fix "))
        submitted = self.ws.run("changes", "-s", "submitted", "-m1").records[0]["change"]
        self.assertEqual(self.plain("fix", "-c", submitted, "DEV-7"), [f"DEV-7 fixed by change {submitted} (closed)."])
        self.assertEqual(self.status("DEV-7"), "closed")
        self.assertEqual(self.plain("fix", "-d", "-c", submitted, "DEV-7"),
                         [f"Deleted fix DEV-7 by change {submitted}."])
        self.assertEqual(self.plain("fix", "-d", "-c", submitted, "DEV-7"), ["No such fix."])


if __name__ == "__main__":
    tap.main()
