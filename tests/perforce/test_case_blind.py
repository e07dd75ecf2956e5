#!/usr/bin/python3
"""A server that ignores case (p4d -C1): whatever is typed finds what is there, and shows the first spelling of it."""

import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import tap
from filecase import FileCase
from frameserver import P4
from wireclient import Server


class CaseBlind(FileCase):
    options = ("-C1",)

    @classmethod
    def prepare(cls) -> None:
        super().prepare()
        cls.ws.write("Lib/Core.c", "int core;\n")
        cls.ws.write("Lib/more/Extra.c", "int extra;\n")
        cls.ws.write("Doc/Guide.txt", "guide\n")
        cls.ws.good("add", *(cls.ws.path(name) for name in ("Lib/Core.c", "Lib/more/Extra.c", "Doc/Guide.txt")))
        cls.ws.submit("begin")
        cls.stream("dev", "development", "//DEMO/Main", ["share ..."])
        cls.other = cls.server.client(user="SUPER", client="WS", cwd=cls.ws.root)

    def names(self, *args: str) -> list[str]:
        """What a command of the same user and client, spelled otherwise, answers."""
        result = self.other.run(*args)
        self.assertEqual(result.errors, [])
        return [record.get("depotFile") or record.get("dir") or record.get("path") for record in result.records]

    def test_paths(self):
        """depot paths, client paths and patterns, in each command that takes them"""
        core = "//demo/main/Lib/Core.c"
        for command in ("files", "sizes", "fstat", "have", "where", "filelog", "print"):
            self.assertEqual(self.names(command, "//Demo/MAIN/lib/core.C"), [core], command)
        for argument in ("//DEMO/main/LIB/c*.c", "//Ws/lib/core.c", "//wS/LIB/C*.C", "//demo/main/lib/core.c#1",
                         "//demo/main/L*/CORE.c", "//Demo/main/lib/core.c@ws"):
            self.assertEqual(self.names("files", argument)[:1], [core], argument)
        folders = [name.lower() for name in self.names("dirs", "//DEMO/MAIN/*")]
        self.assertEqual(folders, ["//demo/main/doc", "//demo/main/lib"])
        self.assertEqual([r["change"] for r in self.other.run("changes", "//DEMO/Main/LIB/MORE/...").records], ["2"])

    def test_arguments_as_typed(self):
        """sums and warnings show the argument as it was typed"""
        (record,) = self.other.run("sizes", "-s", "//DEMO/Main/...").records
        self.assertEqual((record["path"], record["fileCount"]), ("//DEMO/Main/...", "3"))
        self.assertEqual(self.other.run("files", "//DEMO/main/None").warnings, ["//DEMO/main/None - no such file(s)."])

    def test_forms(self):
        """clients, streams, depots, users: shown as they were first spelled, changed and not made twice"""
        for name, known in (("client Ws", "ws"), ("stream //Demo/DEV", "//demo/dev"), ("depot DEMO", "demo"),
                            ("user Super", "super")):
            kind, given = name.split()
            (record,) = self.other.run(kind, "-o", given).records
            self.assertEqual(record[kind.title()], known)
        self.good("client", "-i", stdin=f"Client: WS\nOwner: SUPER\nRoot: {self.ws.root}\nDescription: again\n"
                  "Stream: //DEMO/Main\n")
        (record,) = self.p4("clients", "-S", "//DEMO/MAIN").records
        self.assertEqual((record["client"], record["Stream"], record["Owner"]), ("ws", "//demo/main", "super"))
        self.assertEqual([r["User"] for r in self.p4("users").records], ["super"])
        self.assertEqual([r["User"] for r in self.p4("users", "SU*").records], ["super"])

    def test_views(self):
        """a view whose sides are spelled in another way maps the same files"""
        place = self.workspace("Other", view=["//DEMO/Main/lib/... //OTHER/Code/...",
                                              "-//demo/MAIN/LIB/more/... //other/code/more/..."])
        synced = place.good("sync", "//other/CODE/c*").records
        self.assertEqual([r["depotFile"] for r in synced], ["//demo/main/Lib/Core.c"])
        self.assertEqual(place.read("Code/Core.c"), b"int core;\n")

    def test_open(self):
        """one file is not opened twice under two names; a new file keeps its own spelling"""
        opened = self.other.run("edit", self.ws.path("lib/CORE.c"))
        self.assertEqual([r["depotFile"] for r in opened.records], ["//demo/main/Lib/Core.c"])
        self.assertEqual(self.names("opened", "//DEMO/..."), ["//demo/main/Lib/Core.c"])
        self.ws.write("DOC/guide.TXT")
        refused = self.other.run("add", self.ws.path("DOC/guide.TXT"))
        self.assertEqual(refused.infos, ["//demo/main/Doc/Guide.txt - can't add existing file"])
        self.assertEqual(self.names("revert", "//demo/MAIN/lib/..."), ["//demo/main/Lib/Core.c"])
        self.ws.add("LIB/New.c")
        self.assertEqual(self.ws.files("//demo/main/lib/new.c"), ["//demo/main/LIB/New.c#1 add"])

    def test_streams(self):
        """integration of streams, and the rules that find parents, children and clients"""
        child = self.workspace("dev-ws", "//DEMO/Dev")
        merged = child.good("merge", "-n", "-S", "//DEMO/dev", "-r", "//DEMO/DEV/Doc/...")
        self.assertEqual([(r["depotFile"], r["fromFile"]) for r in merged.records if "fromFile" in r],
                         [("//demo/dev/Doc/Guide.txt", "//demo/main/Doc/Guide.txt")])
        self.assertEqual(self.p4("stream", "-d", "//DEMO/Main").errors,
                         ["Stream '//demo/main' has child streams; cannot delete until they are removed."])
        self.assertEqual(self.p4("istat", "//Demo/DEV").records[0]["parent"], "//demo/main")

    def test_zz_protections(self):
        """names, groups and paths of protections"""
        self.good("group", "-i", stdin="Group: Makers\nUsers:\n\tEVE\n")
        self.good("protect", "-i", stdin="Protections:\n\tsuper user SUPER * //...\n\tread group MAKERS * //DEMO/...\n"
                  "\tlist user eve * -//demo/MAIN/doc/...\n")
        eve = self.server.client(user="Eve", client="none")
        shown = [r["depotFile"] for r in eve.run("files", "//demo/main/l*/c*").records]
        self.assertEqual(shown, ["//demo/main/Lib/Core.c"])
        self.assertEqual(eve.run("files", "//demo/main/Doc/...").records, [])
        self.assertEqual(self.p4("protects", "-m").records, [{"permMax": "super"}])


@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class Tickets(unittest.TestCase):
    def test_tickets(self):
        """p4 keeps a ticket under the user's name in lower case, and finds it however the user is spelled"""
        server = Server(options=("-C1",))
        self.addCleanup(server.stop)
        with tempfile.TemporaryDirectory(prefix="tickets-") as home:
            def p4(user: str, *args: str, stdin: str = "") -> subprocess.CompletedProcess:
                return subprocess.run([P4, "-u", user, *args], input=stdin, capture_output=True, text=True, check=False,
                                      env={"HOME": home, "P4PORT": f"127.0.0.1:{server.port}", "PATH": os.environ["PATH"]})
            self.assertEqual(p4("Weir", "passwd", stdin="Secret-1\nSecret-1\n").returncode, 0)
            self.assertEqual(p4("WEIR", "depots").returncode, 1)
            self.assertEqual(p4("WEIR", "login", stdin="Secret-1\n").returncode, 0)
            (line,) = Path(home, ".p4tickets").read_text().splitlines()
            self.assertRegex(line, r"^127\.0\.0\.1:\d+=weir:[0-9A-F]{32}$")
            for user in ("weir", "Weir", "WEIR"):
                self.assertEqual(p4(user, "depots").returncode, 0, user)
                self.assertIn("ticket expires in", p4(user, "login", "-s").stdout)
            self.assertEqual(p4("wEIR", "logout").returncode, 0)
            self.assertEqual(p4("Weir", "depots").returncode, 1)


if __name__ == "__main__":
    tap.main()
