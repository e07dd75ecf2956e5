#!/usr/bin/python3
"""sync of workspaces whose view has changed: files that come where others were, and others in their places."""

import tap
from filecase import FileCase


class Places(FileCase):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.all = cls.workspace("all", view=["//depot/... //all/..."])
        for name in ("a", "b", "c"):
            cls.all.add(f"{name}/file", content=f"{name}\n")
        cls.stream("dev", "development", "//demo/main", ["share ..."])
        cls.ws.add("one", "two", content="main\n")
        cls.ws.good("populate", "-r", "-S", "//demo/dev")
        cls.dev = cls.workspace("dev", "//demo/dev")
        cls.dev.good("sync")
        cls.dev.change("two", "dev\n")

    def view(self, *lines: str):
        """The workspace `some` with this view."""
        return self.workspace("some", view=lines)

    def said(self, some, *args: str) -> list[str]:
        return [message.text.replace(some.root + "/", "") for message in some.plain("sync", *args).messages]

    def haves(self, some) -> dict[str, str]:
        return {r["clientFile"].removeprefix(f"//{some.name}/"): r["depotFile"] for r in some.run("have").records}

    def clear(self, some) -> None:
        some.run("revert", "//...")
        some.run("sync", "-q", "#none")

    def test_switch(self):
        """a stream client that is switched has the files of the new stream, whichever name comes first"""
        self.addCleanup(self.dev.good, "client", "-s", "-S", "//demo/dev")
        for stream, content, revs in (("main", b"main\n", (1, 1)), ("dev", b"dev\n", (1, 2)), ("main", b"main\n", (1, 1))):
            self.dev.good("client", "-s", "-S", f"//demo/{stream}")
            wanted = [f"//demo/{stream}/{name}#{rev} - replacing {name}" for name, rev in zip(("one", "two"), revs)]
            self.assertEqual(self.said(self.dev, "-n"), wanted)
            self.assertEqual(self.said(self.dev), wanted)
            self.assertEqual((self.dev.read("two"), self.dev.read("one")), (content, b"main\n"))
            self.assertEqual(self.haves(self.dev), {name: f"//demo/{stream}/{name}" for name in ("one", "two")})
            self.assertEqual(self.said(self.dev), ["File(s) up-to-date."])

    def test_depot_path(self):
        """also where only the new file's depot path is synced"""
        some = self.view("//depot/b/file //some/x")
        self.addCleanup(self.clear, some)
        some.good("sync")
        self.view("//depot/a/file //some/x")
        record = some.good("sync", "//depot/a/file").records[0]
        self.assertEqual((record["action"], record["rev"], record["fileSize"]), ("replaced", "1", "2"))
        self.assertEqual((some.read("x"), self.haves(some)), (b"a\n", {"x": "//depot/a/file"}))

    def test_swapped(self):
        """files that change places"""
        some = self.view("//depot/a/file //some/x", "//depot/b/file //some/y")
        self.addCleanup(self.clear, some)
        some.good("sync")
        self.view("//depot/a/file //some/y", "//depot/b/file //some/x")
        self.assertEqual(self.said(some), ["//depot/a/file#1 - replacing y", "//depot/b/file#1 - replacing x"])
        self.assertEqual((some.read("x"), some.read("y")), (b"b\n", b"a\n"))

    def test_opened(self):
        """an opened file keeps its place"""
        some = self.view("//depot/b/file //some/x")
        self.addCleanup(self.clear, some)
        some.good("sync")
        some.good("edit", "x")
        self.view("//depot/a/file //some/x")
        self.assertEqual(self.said(some), ["//depot/b/file#1 - is opened for edit and can't be deleted"])
        self.assertEqual(some.read("x"), b"b\n")
        some.good("revert", "//...")
        self.assertEqual(self.said(some), ["//depot/a/file#1 - replacing x"])

    def test_writable(self):
        """a writable file is not written over, and stays the other one's"""
        some = self.view("//depot/b/file //some/x")
        self.addCleanup(self.clear, some)
        some.good("sync")
        some.write("x", "mine\n")
        self.view("//depot/a/file //some/x")
        some.run("sync")
        self.assertEqual((some.read("x"), self.haves(some)), (b"mine\n", {"x": "//depot/b/file"}))
        some.good("sync", "-f")
        self.assertEqual((some.read("x"), self.haves(some)), (b"a\n", {"x": "//depot/a/file"}))


if __name__ == "__main__":
    tap.main()
