#!/usr/bin/python3
"""What happened to files: changes, describe, filelog, integrated, print, verify, obliterate, and restored
servers."""

import gzip
import re
import subprocess
import sys
import tarfile
import tempfile
import unittest
from pathlib import Path

import tap
from filecase import FileCase
from reference import CHECKPOINTS
from server.diff import diff
from wireclient import HERE, Server


class History(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.add("a.txt", "dir/b.txt", content="one\ntwo\nthree\n")
        cls.first = 2
        cls.ws.good("edit", "a.txt")
        cls.ws.write("a.txt", "one\n2\nthree\nfour\n")
        cls.ws.good("submit", "-d", "A longer description of what was done.\n\nWith a second part.")
        cls.second = cls.first + 1
        cls.ws.good("edit", "dir/b.txt")
        cls.ws.good("move", "dir/b.txt", "dir/c.txt")
        cls.third = cls.ws.submit("moved")

    def test_changes(self):
        """lists of changes, plain and tagged"""
        lines = [m.text for m in self.ws.plain("changes").messages]
        self.assertRegex(lines[1],
                         rf"^Change {self.second} on \S+ by super@ws 'A longer description of what wa'$")
        record = self.ws.run("changes", "-m", "1").records[0]
        self.assertEqual(list(record),
                         ["change", "time", "user", "client", "status", "changeType", "path", "desc"])
        self.assertEqual((record["change"], record["status"], record["path"], record["desc"]),
                         (str(self.third), "submitted", "//demo/main/dir/*", "moved\n"))
        self.assertEqual(len(self.ws.run("changes", "-m", "1", "//demo/main/a.txt",
                                         "//demo/main/dir/...").records), 2)

    def test_changes_long(self):
        """-l, -L, -t"""
        long = self.ws.plain("changes", "-l", f"@{self.second},{self.second}").messages[0].text
        self.assertEqual(long.split("\n")[1:], ["", "\tA longer description of what was done.", "\t",
                                                "\tWith a second part.", ""])
        self.assertRegex(self.ws.plain("changes", "-t", "-m1").messages[0].text,
                         r"\d\d:\d\d:\d\d by super@ws")
        self.assertEqual(self.ws.run("changes", "-l", f"@{self.second},{self.second}").records[0]["desc"],
                         "A longer description of what was done.\n\nWith a second part.\n")

    def numbers(self, *args: str) -> list[int]:
        return [int(r["change"]) for r in self.ws.run("changes", *args).records]

    def test_changes_of_files(self):
        """changes that touched files, within revisions, reversed, through the client's view"""
        self.assertEqual(self.numbers("//demo/main/a.txt"), [self.second, self.first])
        self.assertEqual(self.numbers("-r", "//demo/main/a.txt"), [self.first, self.second])
        self.assertEqual(self.numbers("-m", "1", "//demo/main/a.txt"), [self.second])
        self.assertEqual(self.numbers("//demo/main/a.txt#1"), [self.first])
        self.assertEqual(self.numbers(f"//demo/...@{self.second}"), [self.second, self.first])
        self.assertEqual(self.numbers(f"//ws/...@>{self.first}"), [self.third, self.second])
        self.assertEqual(self.numbers("-m", "5", f"//ws/dir/...@{self.third}"), [self.third, self.first])
        self.assertMessages(self.ws.run("changes", "//demo/none/..."), "//demo/none/... - no such file(s).")

    def test_changes_filtered(self):
        """by status, user, client and number"""
        pending = int(self.ws.good("change", "-i",
                                   stdin="Change: new\nDescription: waiting\n").infos[0].split()[1])
        self.addCleanup(self.ws.run, "change", "-d", str(pending))
        self.assertEqual(self.numbers("-s", "pending"), [pending])
        self.assertIn("*pending*", self.ws.plain("changes", "-s", "pending").messages[0].text)
        self.assertEqual(self.numbers("-s", "submitted", "-e", str(self.second)), [self.third, self.second])
        self.assertEqual(self.numbers("-u", "nobody"), [])
        self.assertEqual(len(self.numbers("-c", "ws", "-u", "super")), 4)
        self.assertEqual(self.numbers("-s", "shelved"), [])
        self.assertEqual(self.ws.run("changes", "-s", "lost").messages[0].severity, 3)

    def test_describe(self):
        """a change with its files and differences"""
        result = self.ws.plain("describe", str(self.second))
        self.assertRegex(result.text,
                         rf"^Change {self.second} by super@ws on [\d/]{{10}} [\d:]{{8}}\n\n\tA longer")
        self.assertIn("Affected files ...\n\n", result.text)
        self.assertEqual(result.lines, ["//demo/main/a.txt#2 edit"])
        self.assertTrue(result.text.endswith("==== //demo/main/a.txt#2 (text) ====\n\n2c2\n< two\n---\n>"
                                             " 2\n3a4\n> four\n"))
        self.assertNotIn("====", self.ws.plain("describe", "-s", str(self.second)).text)
        unified = self.ws.plain("describe", "-du1", str(self.second)).text
        self.assertIn("@@ -1,3 +1,4 @@\n one\n-two\n+2\n three\n+four\n", unified)

    def test_describe_record(self):
        """the fields of a change"""
        record = self.ws.run("describe", "-s", str(self.third)).records[0]
        self.assertEqual(list(record)[:8],
                         ["change", "user", "client", "time", "desc", "status", "changeType", "path"])
        self.assertEqual([record[f"{key}{n}"] for n in (0, 1) for key in ("depotFile", "action", "rev")],
                         ["//demo/main/dir/b.txt", "move/delete", "2", "//demo/main/dir/c.txt", "move/add",
                          "1"])
        self.assertNotIn("fileSize0", record)
        self.assertEqual(record["fileSize1"], "14")
        self.assertEqual(len([k for k in self.ws.run("describe", "-s", "-m", "1", str(self.third)).records[0]
                              if k.startswith("depotFile")]), 1)
        self.assertMessages(self.ws.run("describe", "-s", "12345"), "12345 - no such changelist.")

    def test_describe_pending(self):
        """a pending change shows what is open"""
        self.ws.good("edit", "a.txt")
        number = re.search(r"\d+",
                           self.ws.good("change", "-i", stdin="Change: new\nDescription: open\nFiles:\n"
                                                "\t//demo/main/a.txt\n").infos[0])[0]
        result = self.ws.plain("describe", number)
        self.assertIn("*pending*", result.text)
        self.assertEqual(result.lines, ["//demo/main/a.txt#2 edit"])
        self.assertEqual(self.ws.run("describe", "-s", number).records[0]["status"], "pending")
        self.ws.good("revert", "a.txt")
        self.ws.good("change", "-d", number)

    def test_restricted(self):
        """a restricted change hides its description from those who may see none of its files"""
        self.ws.add("secret/s.txt")
        number = self.numbers("-m", "1")[0]
        self.ws.good("change", "-f", "-t", "restricted", str(number))
        self.good("protect", "-i",
                  stdin="Protections:\n\tread user ann * //...\n\tread user ann * -//demo/main/secret/...\n"
                  "\tsuper user super * //...\n")
        ann = self.server.client(user="ann")
        self.assertNotIn(str(number), [r["change"] for r in ann.run("changes").records])
        record = ann.run("describe", "-s", str(number)).records[0]
        self.assertIn("no permission", record["desc"])
        self.assertNotIn("depotFile0", record)
        self.check_error(ann.run("obliterate", "-y", "//..."),
                         "You don't have permission for this operation.", 3, 6)

    def test_filelog(self):
        """revisions, newest first, and where a file came from"""
        texts = self.ws.plain("filelog", "dir/c.txt").messages
        self.assertEqual([(m.generic, re.sub(r" on \S+", "", m.text)) for m in texts], [
            (0, "//demo/main/dir/c.txt"),
            (1, f"#1 change {self.third} move/add by super@ws (text) 'moved '"),
            (2, "moved from //demo/main/dir/b.txt#1"), (0, "//demo/main/dir/b.txt"),
            (1, f"#1 change {self.first} add by super@ws (text) 'add a.txt dir/b.txt '")])
        record = self.ws.run("filelog", "dir/c.txt").records[0]
        self.assertEqual(list(record),
                         ["depotFile", "rev0", "change0", "action0", "type0", "time0", "user0", "client0",
                                        "fileSize0", "digest0", "desc0", "how0,0", "file0,0", "srev0,0",
                          "erev0,0"])
        self.assertEqual((record["how0,0"], record["srev0,0"], record["erev0,0"]),
                         ("moved from", "#none", "#1"))
        source = self.ws.run("filelog", "dir/b.txt").records[0]
        self.assertEqual((source["action0"], source["how0,0"], source["file0,0"]),
                         ("move/delete", "moved into", "//demo/main/dir/c.txt"))
        self.assertEqual([k for k in self.ws.run("filelog", "-m", "1", "a.txt").records[0]
                          if k.startswith("rev")], ["rev0"])
        self.assertEqual(self.ws.run("filelog", "-c", str(self.first), "a.txt").records[0]["rev0"], "1")
        self.assertMessages(self.ws.run("filelog", "none"), "none - no such file(s).")

    def test_integrated(self):
        """both directions of a move"""
        self.assertEqual([m.text for m in self.ws.plain("integrated", "//demo/main/dir/...").messages], [
            "//demo/main/dir/b.txt#2 - moved into //demo/main/dir/c.txt#1",
            "//demo/main/dir/c.txt#1 - moved from //demo/main/dir/b.txt#1"])
        self.assertEqual(self.ws.run("integrated", "//demo/main/dir/c.txt").records, [
            {"toFile": "//demo/main/dir/c.txt", "fromFile": "//demo/main/dir/b.txt", "startToRev": "#none",
             "endToRev": "#1",
             "startFromRev": "#none", "endFromRev": "#1", "how": "moved from", "change": str(self.third)}])
        self.assertMessages(self.ws.run("integrated", "//demo/main/a.txt"),
                            "//demo/main/a.txt - no file(s) integrated.")

    def test_print(self):
        """headers, revisions, parts, files"""
        result = self.ws.plain("print", "a.txt#1")
        self.assertEqual((result.lines, result.text),
                         ([f"//demo/main/a.txt#1 - add change {self.first} (text)"], "one\ntwo\nthree\n"))
        self.assertEqual(self.ws.run("print", "--offset", "4", "--size", "3", "a.txt#1").text, "two")
        self.assertEqual([r["rev"] for r in self.ws.run("print", "-a", "a.txt").records], ["2", "1"])
        self.ws.good("print", "-o", "out/%%1.old", "//demo/main/%%1.txt")
        self.assertEqual(self.ws.read("out/a.old"), b"one\n2\nthree\nfour\n")
        self.assertEqual(self.ws.plain("print", "//demo/main/dir/b.txt").text, "")

    def test_verify(self):
        """damaged and missing archives are errors"""
        self.ws.add("v1.txt", "v2.txt", "v3.txt", content="to be damaged\n")
        archive = Path(self.server.root, "demo/main")
        for file in archive.glob("v1.txt,d/*"):
            file.write_bytes(gzip.compress(b"something else\n"))
        for file in archive.glob("v2.txt,d/*"):
            file.unlink()
        result = self.ws.run("verify", "-q", "//demo/...")
        self.assertEqual([(r["depotFile"], r["status"]) for r in result.records],
                         [("//demo/main/v1.txt", "BAD!"), ("//demo/main/v2.txt", "MISSING!")])
        plain = self.ws.plain("verify", "-q", "//demo/main/v*")
        self.assertEqual([m.severity for m in plain.messages], [3, 3])
        self.assertEqual(len(self.ws.run("verify", "//demo/main/v3.txt").records), 1)
        self.assertEqual(self.ws.run("print", "v2.txt").errors[0][:28], "Error opening librarian file")
        self.ws.good("obliterate", "-y", "//demo/main/v1.txt", "//demo/main/v2.txt", "//demo/main/v3.txt")

    def test_obliterate(self):
        """nothing is left of a file, not even its content; lazy copies keep theirs"""
        self.ws.add("o/one.txt", "o/two.txt", content="obliterated\n")
        self.ws.good("edit", "o/one.txt")
        self.ws.good("move", "o/one.txt", "o/copy.txt")
        self.ws.submit()
        shown = [m.text for m in self.ws.plain("obliterate", "//demo/main/o/one.txt").messages]
        self.assertEqual(shown, ["//demo/main/o/one.txt#2 - purged", "//demo/main/o/one.txt#1 - purged",
                                 "Would delete 1 integration 2 revision record(s).",
                                 "This was report mode.  Use -y to remove files."])
        self.assertEqual(len(self.ws.files("//demo/main/o/one.txt")), 1)
        self.ws.good("obliterate", "-y", "//demo/main/o/one.txt", "//demo/main/o/two.txt")
        self.assertMessages(self.ws.run("files", "//demo/main/o/one.txt"),
                            "//demo/main/o/one.txt - no such file(s).")
        self.assertEqual(self.ws.run("print", "o/copy.txt").text, "obliterated\n")
        self.assertFalse(Path(self.server.root, "demo/main/o/two.txt,d").exists())
        self.assertEqual(self.ws.run("integrated", "//demo/main/o/...").records, [])
        self.ws.good("obliterate", "-y", "//demo/main/o/...")
        self.assertFalse(Path(self.server.root, "demo/main/o/one.txt,d").exists())

    def test_obliterate_revision(self):
        """a single revision means just that one"""
        self.ws.add("r.txt")
        for text in ("2", "3"):
            self.ws.change("r.txt", text)
        self.ws.good("obliterate", "-y", "//demo/main/r.txt#2")
        self.assertEqual(self.ws.files("-a", "//demo/main/r.txt"),
                         ["//demo/main/r.txt#3 edit", "//demo/main/r.txt#1 add"])


class Differences(unittest.TestCase):
    def test_formats(self):
        """the formats of -d"""
        old, new = b"a\nb\nc\nd\n", b"a\nx\nc\n"
        self.assertEqual(diff(old, new), b"2c2\n< b\n---\n> x\n4d3\n< d\n")
        self.assertEqual(diff(old, new, "n"), b"d2 1\na2 1\nx\nd4 1\n")
        self.assertEqual(diff(old, new, "s"),
                         b"add 0 chunks 0 lines\ndeleted 1 chunks 1 lines\nchanged 1 chunks 1 / 1 lines\n")
        self.assertEqual(diff(old, old), b"")
        self.assertEqual(diff(b"a \n", b"a\n", "b"), b"")
        self.assertEqual(diff(b"a\r\n", b"a\n", "l"), b"")
        self.assertEqual(diff(b"", b"a\n"), b"0a1\n> a\n")


# servers that were real ones

STRING = re.compile(rb"@((?:[^@]|@@)*)@|(\S+)")
ACTIONS = ("add", "edit", "delete", "branch", "integrate", "import", "purge", "move/delete", "move/add",
           "archive")


def rows(text: bytes, table: str) -> list[list]:
    """The rows of one table of a checkpoint, read in the simplest way there is."""
    found = []
    for match in re.finditer(rb"^@pv@ \d+ @" + table.encode() + rb"@ ((?:@(?:[^@]|@@)*@|[^@\n])*)\n", text,
                             re.M):
        fields = [quoted.replace(b"@@", b"@").decode("utf-8", "surrogateescape") if not plain else
                  int(plain) if len(plain) < 20 and plain.lstrip(b"-").isdigit() else plain.decode()
                  for quoted, plain in STRING.findall(match[1])]
        found.append(fields)
    return found


class Restored:
    """What a real server wrote, listed by the commands."""

    folder = archives = ""

    @classmethod
    def setUpClass(cls):
        source = CHECKPOINTS / cls.folder
        if not source.exists():
            raise unittest.SkipTest(f"no {source}")
        cls.text = gzip.decompress((source / "checkpoint.gz").read_bytes())
        cls.root = tempfile.TemporaryDirectory(prefix="restored-")
        cls.addClassCleanup(cls.root.cleanup)
        with tarfile.open(source / cls.archives) as tar:
            tar.extractall(cls.root.name)
        subprocess.run([sys.executable, str(HERE / "p4d"), "-r", cls.root.name, "-jr",
                        str(source / "checkpoint.gz")],
                       check=True, capture_output=True)
        cls.server = Server(cls.root.name)
        cls.addClassCleanup(cls.server.stop)
        cls.client = cls.server.client(user="super", client=cls.some_client)
        cls.admit()

    @classmethod
    def admit(cls) -> None:
        """Passwords of the restored users are not ours: they are taken away in the database."""
        from server.store import Store
        store = Store(cls.root.name)
        with store.write():
            store.execute("UPDATE user SET password = NULL")
            store.execute("UPDATE config SET value = ? WHERE name = ?", "0", "security")
            store.insert("protect", seq=99, perm="super", isGroup=0, name="super", host="*", flag="",
                         depotFile="//...")
        store.close()

    def run_(self, *args: str) -> list[dict]:
        result = self.client.run(*args)
        self.assertEqual(result.errors, [], args)
        return result.records

    def test_files(self):
        """files -a lists every revision as recorded"""
        listed = {(r["depotFile"], int(r["rev"]), int(r["change"]), r["action"], int(r["time"]))
                  for r in self.run_("files", "-a", "//...")}
        recorded = {(r[0], r[1], r[4], ACTIONS[r[3]], r[5]) for r in rows(self.text, "db.rev")}
        self.assertGreater(len(recorded), 90)
        self.assertEqual(listed, recorded)

    def test_sizes(self):
        """sizes and fstat agree with the recorded heads, stream by stream"""
        heads: dict = {}
        for path, rev, _, action, _, _, _, digest, size, *_ in rows(self.text, "db.rev"):
            if path not in heads or heads[path][0] < rev:
                heads[path] = (rev, ACTIONS[action], size, digest)
        for (stream, *_) in rows(self.text, "db.stream"):
            mine = [h for path, h in heads.items() if path.startswith(stream + "/") and "delete" not in h[1]]
            record = self.run_("sizes", "-s", stream + "/...")[0]
            self.assertEqual((int(record["fileCount"]), int(record["fileSize"])),
                             (len(mine), sum(h[2] for h in mine)), stream)
        for record in self.run_("fstat", "-Ol", "-Os", "//..."):
            rev, action, size, digest = heads[record["depotFile"]]
            self.assertEqual((int(record["headRev"]), record["headAction"]), (rev, action))
            if "delete" not in action:
                self.assertEqual((int(record["fileSize"]), record["digest"]), (size, digest))

    def test_changes(self):
        """changes lists them all, with the path the server had computed"""
        listed = {int(r["change"]): (r["client"], r["user"], int(r["time"]), r["status"], r.get("path", ""))
                  for r in self.run_("changes")}
        recorded = {r[0]: (r[2], r[3], r[4], "submitted" if r[5] == 1 else "pending", r[7])
                    for r in rows(self.text, "db.change")}
        self.assertEqual(listed, recorded)

    def test_common_paths(self):
        """our own computation of a change's path gives the server's"""
        from server.commit import common_path
        files: dict = {}
        for row in rows(self.text, "db.rev"):
            files.setdefault(row[4], []).append(row[0])
        for change, *rest in rows(self.text, "db.change"):
            if change in files:
                self.assertEqual(common_path(files[change]), rest[6])

    def test_integrated(self):
        """integration records, and filelog"""
        listed = sorted((r["toFile"], r["fromFile"], r["startFromRev"], r["endFromRev"], int(r["change"]))
                        for r in self.run_("integrated", "//..."))

        def number(rev: int) -> str:
            return f"#{rev}" if rev else "#none"
        records = rows(self.text, "db.integed")
        self.assertEqual(listed, sorted((r[0], r[1], number(r[2]), number(r[3]), r[7]) for r in records))
        hows = [key for record in self.run_("filelog", "//...") for key in record if key.startswith("how")]
        self.assertEqual(len(hows), len(records))

    def test_have_and_opened(self):
        """what clients have and have open"""
        listed = {(r["depotFile"], int(r["haveRev"])) for r in self.run_("have")}
        prefix = f"//{self.some_client}/"
        self.assertEqual(listed,
                         {(r[1], r[2]) for r in rows(self.text, "db.have") if r[0].startswith(prefix)})
        opened = {(r["client"], r["depotFile"], r["action"]) for r in self.run_("opened", "-a")}
        self.assertEqual(opened, {(r[2], r[1], ACTIONS[r[8]]) for r in rows(self.text, "db.working")})

    def test_shelves(self):
        """shelved files"""
        shelved: dict = {}
        for row in rows(self.text, "db.revsh"):
            shelved.setdefault(row[4], set()).add(row[0])
        self.assertEqual({int(r["change"]) for r in self.run_("changes", "-s", "shelved")}, set(shelved))
        for change, paths in list(shelved.items())[:20]:
            record = self.run_("describe", "-S", "-s", str(change))[0]
            self.assertEqual({value for key, value in record.items() if key.startswith("depotFile")}, paths)
            self.assertEqual({r["depotFile"] for r in self.run_("files", f"//...@={change}")}, paths)

    def test_verify(self):
        """archives that are there match, the others are reported missing"""
        result = self.client.run("verify", "-q", "//...")
        self.assertEqual({r["status"] for r in result.records} - {"MISSING!"}, set())
        self.assertEqual(len(result.records), self.missing)


class Classic(Restored, unittest.TestCase):
    folder, archives, some_client, missing = "r15.1-jenkins", "depot.tar.gz", "admin.ws", 0


class Streamed(Restored, unittest.TestCase):
    folder, archives, some_client, missing = "r17-streams", "depots.tar.gz", "SampleDeveloper-client-dev", 88


if __name__ == "__main__":
    tap.main()
