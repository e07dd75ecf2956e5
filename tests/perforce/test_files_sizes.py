#!/usr/bin/python3
"""sizes of streams: always the sum of the heads that `fstat -Ol` of a client shows."""

import random
import unittest

import tap
from filecase import FileCase
from wireclient import Result

ABSENT = ("delete", "move/delete", "purge", "archive")


def summed(result: Result) -> tuple[int, int]:
    """(files, bytes) of the heads in fstat -Ol records."""
    heads = [r for r in result.records if r.get("headAction", "delete") not in ABSENT]
    return len(heads), sum(int(r["fileSize"]) for r in heads)


class Sizes(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.ws.write("a.txt", "x" * 120)
        cls.ws.write("b.bin", b"\0" * 1025)
        cls.ws.add("gone.txt", submit=False)
        cls.ws.good("add", cls.ws.path("a.txt"), cls.ws.path("b.bin"))
        cls.ws.submit("three")
        cls.ws.good("delete", cls.ws.path("gone.txt"))
        cls.ws.submit("gone")
        cls.ws.change("a.txt", "x" * 7)

    def plain(self, *args: str) -> list[str]:
        return [message.text for message in self.ws.plain("sizes", *args).messages]

    def test_lines(self):
        """one line per file, deleted files have none"""
        self.assertEqual(self.plain("//demo/main/..."),
                         ["//demo/main/a.txt#2 7 bytes ", "//demo/main/b.bin#1 1025 bytes "])
        self.assertEqual(self.ws.run("sizes", "//demo/main/...").records[0],
                         {"depotFile": "//demo/main/a.txt", "rev": "2", "fileSize": "7"})

    def test_all_revisions(self):
        """-a lists every revision with content"""
        self.assertEqual(self.plain("-a", "//demo/main/..."), [
            "//demo/main/a.txt#2 7 bytes ", "//demo/main/a.txt#1 120 bytes ",
            "//demo/main/b.bin#1 1025 bytes ",
            "//demo/main/gone.txt#1 5 bytes "])
        self.assertEqual(self.plain("-as", "//demo/main/..."), ["//demo/main/... 4 files 1157 bytes "])

    def test_summary(self):
        """-s gives one line per argument, -b blocks, -h and -H units"""
        self.assertEqual(self.plain("-s", "//demo/main/...", "//demo/main/b*", "//demo/none/..."), [
            "//demo/main/... 2 files 1032 bytes ", "//demo/main/b* 1 files 1025 bytes ",
            "//demo/none/... 0 files 0 bytes "])
        self.assertEqual(self.plain("-s", "-b", "512", "//ws/..."), ["//ws/... 2 files 1032 bytes 4 blocks"])
        self.assertEqual(self.plain("-sh", "//ws/..."), ["//ws/... 2 files 1.0K "])
        self.assertEqual(self.plain("-H", "//demo/main/b.bin"), ["//demo/main/b.bin#1 1.0K "])
        self.assertEqual(self.ws.run("sizes", "-s", "-b", "512", "//ws/...").records,
                         [{"path": "//ws/...", "fileCount": "2", "fileSize": "1032", "blockCount": "4"}])

    def test_at_revision(self):
        """-s of the past"""
        self.assertEqual(self.plain("-s", "//demo/main/...@2"), ["//demo/main/...@2 3 files 1150 bytes "])
        self.assertEqual(self.plain("-s", "-m", "1", "//demo/main/..."),
                         ["//demo/main/... 1 files 7 bytes "])

    def test_usage(self):
        """options that do not go together"""
        for args in (("-s", "-z", "//..."), ("-h", "-H", "//..."), ("-Q", "//..."), ()):
            self.assertEqual(self.ws.run("sizes", *args).messages[0].severity, 3, args)


class Lazy(FileCase):
    def test_lazy(self):
        """-z leaves lazy copies out of the sum"""
        self.ws.add("b.bin", content=b"\0" * 1025)
        self.ws.good("edit", self.ws.path("b.bin"))
        self.ws.good("move", self.ws.path("b.bin"), self.ws.path("c.bin"))
        self.ws.submit("a lazy copy")
        for flag, size in (("-s", "1025"), ("-z", "0"), ("-az", "0")):
            self.assertEqual(self.ws.run("sizes", flag, "//demo/main/c.bin").records[0]["fileSize"], size,
                             flag)
        self.assertEqual(self.ws.run("sizes", "-as", "//demo/...").records[0]["fileSize"], "2050")


class Streams(FileCase):
    """Random depots, random stream specs."""

    KINDS = ("share", "share", "isolate", "import", "exclude")
    FOLDERS = ("src", "src/core", "docs", "docs/old", "obj", "art", "art/raw", "a b", "größe")
    NAMES = ("one.c", "two.tmp", "three.txt", "x%40y", "ü.bin", "tmp")

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.chance = random.Random(20260101)
        cls.work = {}
        cls.stream("dev", "development", "//demo/main", ["share ..."])
        cls.stream("rel", "release", "//demo/main", ["share ..."])
        for name in ("main", "dev", "rel"):
            cls.work[name] = cls.workspace(f"w-{name}", f"//demo/{name}")
            for number in range(3):
                cls.round(name, number)

    @classmethod
    def round(cls, name: str, number: int) -> None:
        """A change of adds, edits, deletes and moves."""
        ws, chance = cls.work[name], cls.chance
        there = [r["depotFile"] for r in ws.run("files", "-e", f"//demo/{name}/...").records]
        for path in chance.sample(there, len(there) // 3):
            cls.touch(ws, path, chance.choice(("edit", "delete", "move")), number)
        for folder in chance.sample(cls.FOLDERS, 5):
            for leaf in chance.sample(cls.NAMES, 3):
                local = leaf.replace("%40", "@")
                if not ws.exists(f"{folder}/{local}"):
                    ws.write(f"{folder}/{local}", "z" * chance.randint(0, 999))
                    ws.good("add", "-f", ws.path(f"{folder}/{local}"))
        ws.submit(f"round {number}")

    @classmethod
    def touch(cls, ws, path: str, how: str, number: int) -> None:
        local = path.split("/", 4)[4].replace("%40", "@")
        if how == "delete":
            ws.good("delete", path)
            return
        ws.good("edit", path)
        ws.write(local, "y" * cls.chance.randint(0, 999))
        if how == "move":
            ws.good("move", path, f"{path}.moved{number}")

    def same(self, stream: str, note: str = "") -> tuple[int, int]:
        """sizes -s and fstat -Ol of a client agree; what they say."""
        self.good("client", "-f", "-i",
                  stdin=f"Client: probe\nOwner: super\nRoot: /nowhere\nStream: {stream}\n")
        probe = self.server.client(client="probe")
        truth = summed(probe.run("fstat", "-Ol", "//probe/..."))
        result = probe.run("sizes", "-s", "//probe/...")
        if not result.records:
            self.assertEqual(result.warnings, ["//probe/... - file(s) not in client view."])
            self.assertEqual(truth, (0, 0), (stream, note))
            return truth
        record = result.records[0]
        self.assertEqual((int(record["fileCount"]), int(record["fileSize"])), truth, (stream, note))
        listed = probe.run("sizes", "//probe/...").records
        self.assertEqual((len(listed), sum(int(r["fileSize"]) for r in listed)), truth, (stream, note))
        view = probe.run("client", "-o").records[0]
        self.assertEqual(truth, self.by_map(view), (stream, note))
        return truth

    def by_map(self, form: dict) -> tuple[int, int]:
        """The same once more, from the lines of the client's view and all files of the server."""
        from server.mapping import ViewMap
        lines = [form[f"View{n}"] for n in range(1000) if f"View{n}" in form]
        view = ViewMap(lines)
        heads = self.p4("fstat", "-Ol", "-Os", "//...").records
        mine = [r for r in heads if r["headAction"] not in ABSENT
                and view.translate(r["depotFile"]) is not None]
        return len(mine), sum(int(r["fileSize"]) for r in mine)

    def test_plain_streams(self):
        """mainline, development, release"""
        for name in ("main", "dev", "rel"):
            count, size = self.same(f"//demo/{name}")
            self.assertGreater(count, 5)
            record = self.p4("sizes", "-s", f"//demo/{name}/...").records[0]
            self.assertEqual((int(record["fileCount"]), int(record["fileSize"])), (count, size))

    def test_random_specs(self):
        """imports, isolation, exclusions, remaps, ignored names, virtual and task streams"""
        counts = set()
        for number in range(15):
            kind = self.chance.choice(("development", "release", "virtual", "task"))
            parent = self.chance.choice(("//demo/main", "//demo/dev"))
            self.stream("odd", kind, parent, self.paths(kind), self.extras(), force=True)
            counts.add(self.same("//demo/odd", f"spec {number}"))
            self.good("client", "-f", "-d", "probe")
            self.good("stream", "-f", "-d", "//demo/odd")
        self.assertGreater(len(counts), 5)

    def paths(self, kind: str) -> list[str]:
        lines = ["share ..."] if self.chance.random() < .5 else []
        kinds = ("share", "import", "exclude") if kind == "virtual" else self.KINDS
        for folder in self.chance.sample(self.FOLDERS, 4):
            quoted = f'"{folder}/..."' if " " in folder else f"{folder}/..."
            word = self.chance.choice(kinds)
            if word == "import" and self.chance.random() < .6:
                other = self.chance.choice(self.FOLDERS)
                source = f"//demo/{self.chance.choice(('main', 'dev', 'rel'))}/{other}/..."
                quoted += f' "{source}"' if " " in source else f" {source}"
            lines.append(f"{word} {quoted}")
        return lines or ["share ..."]

    def extras(self) -> str:
        text = ""
        if self.chance.random() < .4:
            text += "Remapped:\n\tsrc/... code/...\n\tdocs/old/... src/older/...\n"
        if self.chance.random() < .5:
            text += "Ignored:\n\t.tmp\n\tobj/...\n\t/art/raw\n"
        return text

    def test_after_changes(self):
        """edits, deletes, moves, obliterate and a changed spec"""
        self.stream("mix", "development", "//demo/main",
                    ["share ...", "import docs/... //demo/dev/docs/...", "exclude obj/..."])
        self.work["mix"] = self.workspace("w-mix", "//demo/mix")
        self.same("//demo/mix", "empty")
        for number in range(3):
            self.round("dev", 10 + number)
            self.same("//demo/mix", f"round {number}")
        before = self.same("//demo/dev")
        doomed = self.p4("files", "-e", "//demo/dev/docs/...").records[0]["depotFile"]
        self.good("obliterate", "-y", doomed)
        self.assertEqual(self.same("//demo/dev")[0], before[0] - 1)
        first = self.same("//demo/mix", "obliterated")
        self.stream("mix", "development", "//demo/main", ["share ...", "exclude docs/..."])
        self.assertNotEqual(self.same("//demo/mix", "changed spec"), first)

    def test_pinned_import(self):
        """an import at a change stays what it was"""
        now = self.p4("counter", "change").records[0]["value"]
        self.stream("pin", "development", "//demo/main", [f"import ... //demo/rel/...@{now}"])
        self.good("client", "-f", "-i",
                  stdin="Client: pinned\nOwner: super\nRoot: /nowhere\nStream: //demo/pin\n")
        probe = self.server.client(client="pinned")
        before = probe.run("sizes", "-s", "//pinned/...").records
        self.assertGreater(int(before[0]["fileCount"]), 0)
        self.round("rel", 20)
        self.assertEqual(probe.run("sizes", "-s", "//pinned/...").records, before)
        self.assertEqual(summed(probe.run("fstat", "-Ol", "//pinned/...")),
                         (int(before[0]["fileCount"]), int(before[0]["fileSize"])))
        self.assertNotEqual(self.p4("sizes", "-s", "//demo/rel/...").records[0]["fileSize"],
                            before[0]["fileSize"])


if __name__ == "__main__":
    unittest.TestCase.maxDiff = None
    tap.main()
