#!/usr/bin/python3
"""Streams: their specifications, lists and views, and the clients bound to them."""

import contextlib

import tap
from servercase import ServerCase
from server.store import Store

DEPOT = "Depot: {0}\nType: {1}\nMap: {0}/...\n"
RECORD = ["Stream", "Update", "Access", "Owner", "Name", "Parent", "Type", "desc", "Options",
          "firmerThanParent", "changeFlowsToParent", "changeFlowsFromParent", "baseParent", "ParentView"]
TREE = (("main", "mainline", None), ("dev", "development", "main"), ("rel", "release", "main"),
        ("virt", "virtual", "main"), ("below", "development", "virt"), ("job", "task", "dev"))


class StreamCase(ServerCase):
    @classmethod
    def prepare(cls):
        cls.good("depot", "-i", stdin=DEPOT.format("s", "stream"))
        cls.good("depot", "-i", stdin=DEPOT.format("plain", "local"))
        for name, kind, parent in TREE:
            result = cls.make(name, kind, parent)
            assert result.infos == [f"Stream //s/{name} saved."], result.messages

    @classmethod
    def make(cls, name: str, kind: str, parent: str | None, replace=()):
        where = ("-P", f"//s/{parent}") if parent else ()
        return cls.edit("stream", "-t", kind, *where, f"//s/{name}", replace=replace)

    def paths(self, name: str, *lines: str, extra: str = ""):
        """Saves a stream with other Paths (and further fields)."""
        text = self.plain("stream", "-o", f"//s/{name}").text
        head = text[:text.index("Paths:")]
        body = "Paths:\n" + "".join(f"\t{line}\n" for line in lines) + extra
        return self.plain("stream", "-i", stdin=head + body)

    def view(self, name: str) -> list[str]:
        record = self.p4("client", "-S", f"//s/{name}", "-o", "c").records[0]
        return [record[f"View{i}"] for i in range(99) if f"View{i}" in record]


class Lists(StreamCase):
    def test_record(self):
        """the fields of streams, in order, with what follows from the type"""
        records = {r["Stream"]: r for r in self.p4("streams").records}
        self.assertEqual(list(records), sorted(f"//s/{name}" for name, *_ in TREE))
        self.assertTrue(all(list(r) == RECORD for r in records.values()))
        computed = {name: tuple(records[f"//s/{name}"][key] for key in RECORD[9:13]) for name, *_ in TREE}
        self.assertEqual(computed, {
            "main": ("n/a", "false", "false", "none"), "dev": ("false", "true", "true", "//s/main"),
            "rel": ("true", "true", "false", "//s/main"), "virt": ("n/a", "false", "false", "//s/main"),
            "below": ("false", "true", "true", "//s/main"), "job": ("false", "true", "true", "//s/dev")})
        self.assertEqual((records["//s/main"]["Parent"], records["//s/dev"]["Parent"]), ("none", "//s/main"))
        self.assertTrue(records["//s/main"]["Update"].isdigit())
        self.assertEqual(records["//s/main"]["Options"],
                         "allsubmit unlocked notoparent nofromparent mergedown")

    def test_plain(self):
        self.assertIn("Stream //s/dev development //s/main 'dev'", self.plain("streams").lines)

    def test_choice(self):
        """paths, filters, fields and a maximum"""
        def names(*args: str) -> list[str]:
            return [r["Stream"] for r in self.p4("streams", *args).records]
        self.assertEqual(names("//s/d*"), ["//s/dev"])
        self.assertEqual(names("//s/dev", "//s/main"), ["//s/dev", "//s/main"])
        self.assertEqual(names("-F", "Parent=//s/main&(Type=development|Type=release)"),
                         ["//s/dev", "//s/rel"])
        self.assertEqual(names("-F", "type=development"), [])
        self.assertEqual(names("-m", "2"), ["//s/below", "//s/dev"])
        self.assertEqual(self.plain_client.run("streams", "-T", "Stream,Type", "-m1").records,
                         [{"Stream": "//s/below", "Type": "development"}])

    def test_none(self):
        self.check_error(self.p4("streams", "//s/nix"), "//s/nix - no such stream.", 2, 17)
        self.check_error(self.p4("streams", "-F", "Type=nix"), "No such stream.", 2, 17)

    def test_view_match(self):
        """the streams whose view shows a file"""
        self.paths("virt", "share ...", "exclude sec/...")
        def found(path: str) -> list[str]:
            return [r["Stream"] for r in self.p4("streams", "--viewmatch", path).records]
        self.assertEqual(found("//s/main/a"), ["//s/main", "//s/virt"])
        self.assertEqual(found("//s/main/sec/a"), ["//s/main"])
        self.assertEqual(self.plain("streams", "--viewmatch", "//s/main/a", "//s/main").lines,
                         ["Stream //s/main share ... //s/main/..."])

    def test_protected(self):
        """streams of a path the user may not list are not listed"""
        self.good("protect", "-i",
                  stdin="Protections:\n\twrite user * * //...\n\tlist user bob * -//s/dev/...\n"
                  "\tsuper user super * //...\n")
        self.assertNotIn("//s/dev", [r["Stream"] for r in self.as_user("bob").run("streams").records])

    def test_istat(self):
        (record,) = self.p4("istat", "-a", "//s/dev").records
        self.assertEqual(list(record)[:7], ["stream", "parent", "type", "parentType", "firmerThanParent",
                                            "changeFlowsToParent", "changeFlowsFromParent"])
        self.assertEqual(self.plain("istat", "//s/dev").records[0]["parentType"], "mainline")
        self.check_error(self.p4("istat", "//s/main"),
                         "Stream '//s/main' has no parent, therefore (command not allowed).", 3, 1)
        self.check_error(self.p4("istat", "//s/nix"), "Stream '//s/nix' doesn't exist.", 3, 2)


class Specs(StreamCase):
    def test_form(self):
        """stream -o has the form's fields, then the computed ones and what they are called"""
        record = self.p4("stream", "-o", "//s/dev").records[0]
        self.assertEqual(list(record)[:11], ["Stream", "Update", "Access", "Owner", "Name", "Parent", "Type",
                                             "Description", "Options", "ParentView", "Paths0"])
        self.assertEqual([record[record[f"extraTag{i}"]] for i in range(4)],
                         ["false", "true", "true", "//s/main"])
        self.assertEqual(record["Paths0"], "share ...")

    def test_template(self):
        """a stream that does not exist has a form without dates; it takes a type"""
        record = self.p4("stream", "-t", "release", "-P", "//s/main", "-o", "//s/new").records[0]
        self.assertEqual((record["Type"], record["Parent"], "Update" in record),
                         ("release", "//s/main", False))
        self.assertEqual(len(self.p4("stream", "-o", "//s/new").errors), 1)
        self.assertEqual(self.p4("streams", "//s/new").records, [])

    def test_saving(self):
        """saving consumes a change number, saving the same again does not; old versions stay"""
        def counter() -> int:
            return int(self.p4("counter", "change").records[0]["value"])
        self.make("many", "development", "main")
        first = counter()
        self.assertEqual(self.edit("stream", "//s/many").infos, ["Stream //s/many not changed."])
        self.assertEqual(counter(), first)
        self.paths("many", "share ...", "isolate bin/... ## note",
                   extra="Remapped:\n\ta/... b/...\nIgnored:\n\t.tmp\n")
        self.assertEqual(counter(), first + 1)
        record = self.p4("stream", "-o", "//s/many").records[0]
        self.assertEqual((record["Paths1"], record["Remapped0"], record["Ignored0"]),
                         ("isolate bin/... ## note", "a/... b/...", ".tmp"))
        self.assertEqual(self.p4("stream", "-o", f"//s/many@{first}").records[0].get("Paths1"), None)
        self.check_error(self.p4("stream", "-o", "//s/many@1"), "No stream '//s/many' existed at change 1",
                         3, 3)

    def test_names(self):
        """names with blanks, percent, underscore, quotes, hyphen and letters of the world"""
        for name in ("a-b", "a_b", "50%25", "it's", "größe", "a b"):
            with self.subTest(name=name):
                text = self.plain("stream", "-t", "development", "-P", "//s/main", "-o", f"//s/{name}").text
                self.assertEqual(self.plain("stream", "-i", stdin=text).infos, [f"Stream //s/{name} saved."])
                self.assertEqual([r["Name"] for r in self.p4("streams", f"//s/{name}").records], [name])

    def test_refusals(self):
        """each rule of a stream's specification has its message"""
        cases = [
            ("//s/x/y", ("-t", "mainline"),
             "Stream '//s/x/y' must reside in first folder below depot level."),
            ("//nix/x", ("-t", "mainline"), "Depot 'nix' unknown - use 'depot' to create it."),
            ("//plain/x", ("-t", "mainline"), "Depot type for 'plain' must be 'stream'."),
            ("//s/x", ("-t", "strange"), "Value for field 'Type' must be one of"),
        ]
        for name, args, text in cases:
            with self.subTest(name=name):
                self.assertIn(text, self.p4("stream", *args, "-o", name).errors[0])
        forms = [
            (("x", "development", None), "Invalid parent field 'none'. Check stream, parent and type."),
            (("x", "mainline", "main"), "Invalid parent field '//s/main'. Check stream, parent and type."),
            (("x", "development", "nix"), "Invalid parent field '//s/nix'. Check stream, parent and type."),
            (("x", "development", "job"),
             "Parent stream '//s/job' is a task stream, child streams not allowed."),
        ]
        for args, text in forms:
            with self.subTest(args=args):
                self.check_error(self.make(*args), f"Error in stream specification.\n{text}", 3, 4)

    def test_bad_fields(self):
        cases = [(("notoparent nofromparent", "toparent fromparent"),
                  "Stream '//s/v2' type of virtual cannot have 'toparent' or 'fromparent' options set."),
                 (("share ...", "share /x/..."),
                  "View '/x/...' must be relative and not contain leading slashes "),
                 (("share ...", "shore ..."), "must be one of"),
                 (("share ...", "import x/... //nix/x/..."),
                  "Import path '//nix/x/...' is not under an accessible depot."),
                 (("share ...", ""), "Missing required field 'Paths'."),
                 (("allsubmit", "nosubmit"), "Invalid option 'nosubmit' in Options option field.")]
        for replace, text in cases:
            with self.subTest(replace=replace):
                self.assertIn(text, self.make("v2", "virtual", "main", replace=(replace,)).errors[0])
        self.assertEqual(self.p4("streams", "//s/v2").records, [])

    def test_loop(self):
        """a stream cannot become its own ancestor"""
        result = self.edit("stream", "//s/dev", replace=(("Parent:\t//s/main", "Parent:\t//s/dev"),))
        self.assertIn("Invalid parent field '//s/dev'.", result.errors[0])
        result = self.edit("stream", "//s/virt", replace=(("Parent:\t//s/main", "Parent:\t//s/below"),))
        self.assertIn("Stream hierarchy in endless loop!", result.errors[0])

    def test_delete(self):
        """not with children or clients; streams -a remembers it"""
        self.make("gone", "development", "main")
        self.check_error(self.p4("stream", "-d", "//s/main"),
                         "Stream '//s/main' has child streams; cannot delete until they are removed.", 3, 5)
        self.edit("client", "-S", "//s/gone", "user-of-it")
        self.check_error(self.p4("stream", "-d", "//s/gone"),
                         "Stream '//s/gone' has active clients; cannot delete until they are removed.", 3, 5)
        self.good("client", "-d", "user-of-it")
        self.assertEqual(self.p4("stream", "-d", "//s/gone").infos, ["Stream //s/gone deleted."])
        self.assertEqual(self.p4("streams", "//s/gone").records, [])
        self.assertEqual(self.p4("streams", "-a", "//s/gone").records[0]["deleted"], "")
        self.check_error(self.p4("stream", "-d", "//s/gone"), "Stream '//s/gone' doesn't exist.", 3, 2)

    def test_locked(self):
        self.make("mine", "development", "main", replace=(("unlocked", "locked"),))
        ann = self.as_user("ann", tagged=False)
        form = ann.run("stream", "-o", "//s/mine").text.replace("share ...", "share x/...")
        self.assertIn("Stream '//s/mine' is owned by 'super'.",
                      ann.run("stream", "-i", stdin=form).errors[0])
        self.assertEqual(ann.run("stream", "-i", "-f", stdin=form).infos, ["Stream //s/mine saved."])


class Views(StreamCase):
    def test_simple(self):
        self.assertEqual(self.view("main"), ["//s/main/... //c/..."])
        self.assertEqual(self.view("dev"), ["//s/dev/... //c/..."])

    def test_virtual(self):
        """a virtual stream shows its parent's files"""
        self.assertEqual(self.view("virt"), ["//s/main/... //c/..."])

    def test_imports(self):
        self.make("lib", "development", "main")
        self.paths("lib", "share ...", "import tools/... //plain/tools/...", "import parents/...",
                   "exclude doc/...")
        view = self.view("lib")
        self.assertEqual(view[0], "//s/lib/... //c/...")
        self.assertIn("//plain/tools/... //c/tools/...", view)
        self.assertIn("//s/main/parents/... //c/parents/...", view)
        self.assertTrue(any(line.startswith("-") and line.endswith("//c/doc/...") for line in view))
        shown = self.p4("stream", "-o", "-v", "//s/lib").records[0]
        self.assertEqual([shown[f"View{i}"] for i in range(len(view))],
                         [line.replace("//c/", "") for line in view])

    def test_follows(self):
        """a client's view follows its stream at once, and the client's form shows it"""
        self.make("moving", "development", "main")
        self.edit("client", "-S", "//s/moving", "follower")
        self.paths("moving", "share src/...")
        self.assertEqual(self.p4("client", "-o", "follower").records[0]["View0"],
                         "//s/moving/src/... //follower/src/...")
        self.assertEqual(self.p4("clients", "-S", "//s/moving").records[0]["Stream"], "//s/moving")

    def test_switch(self):
        self.edit("client", "-S", "//s/main", "sw")
        self.assertEqual(self.p4("client", "-s", "-S", "//s/dev", "sw").infos, ["Client sw switched."])
        record = self.p4("client", "-o", "sw").records[0]
        self.assertEqual((record["Stream"], record["View0"]), ("//s/dev", "//s/dev/... //sw/..."))
        self.check_error(self.p4("client", "-s", "-S", "//s/nix", "sw"),
                         "Stream '//s/nix' unknown - use 'stream' command to create it.", 3, 2)
        self.check_error(self.p4("client", "-S", "//s/main", "-o", "sw"),
                         "Client 'sw' already exists; use a new client or -s without -o to switch to"
                         " different stream.", 3, 0)

    def test_at_change(self):
        """StreamAtChange shows the view as it was"""
        self.make("past", "development", "main")
        change = self.p4("counter", "change").records[0]["value"]
        self.paths("past", "share only/...")
        record = self.p4("client", "-S", f"//s/past@{change}", "-o", "old").records[0]
        self.assertEqual((record["StreamAtChange"], record["View0"]), (change, "//s/past/... //old/..."))

    def test_change_view(self):
        """what is imported at a change is in stream -o -v as a view line and a ChangeView line"""
        self.make("pinned", "development", "main")
        self.paths("pinned", "share ...", "import ext/... //plain/ext/...@7", "import lab/... //plain/lab/...@REL")
        (record,) = self.p4("stream", "-o", "-v", "//s/pinned").records
        lines = [record[key] for key in record if key.startswith("View") or key.startswith("ChangeView")]
        self.assertEqual(lines, ["//s/pinned/... ...", "//plain/ext/... ext/...", "//plain/lab/... lab/...",
                                 "//plain/ext/...@7", "//plain/lab/...@REL"])
        self.assertNotIn("ChangeView0", self.p4("stream", "-o", "//s/pinned").records[0])

    def test_sparse(self):
        """shared paths of a sparse stream are as of a change, which is no part of the view; what it may not become"""
        with self.server_store() as store, store.write():
            store.insert("change", change=500, client="c", user="u", date=1, status=1, description="x")
        self.assertEqual(self.make("thin", "sparsedev", "main").infos, ["Stream //s/thin saved."])
        (record,) = self.p4("stream", "-o", "-v", "//s/thin").records
        self.assertEqual((record["Paths0"], record["View0"]), ("share ...@500", "//s/thin/... ..."))
        for change, text in (
                (("Type:\tsparsedev", "Type:\tdevelopment"),
                 "Failed to change sparse stream '//s/thin' to non-sparse type 'development'."),
                (("Parent:\t//s/main", "Parent:\t//s/dev"),
                 "Cannot change parent of stream '//s/thin' because it is a sparse stream."),
                (("@500", "@499"), "The change number in a sparse stream share path cannot be updated by editing the"
                 " stream spec.  Use an integration command to update the change of a sparse stream share path.")):
            refused = self.edit("stream", "//s/thin", replace=(change,))
            self.assertEqual(refused.errors, ["Error in stream specification.\n" + text])
        self.assertEqual(self.make("under", "development", "thin").errors,
                         ["Error in stream specification.\n"
                          "Stream '//s/thin' cannot parent '//s/under' because it is a sparse stream."])
        self.assertEqual(self.make("over", "virtual", "thin").infos, ["Stream //s/over saved."])
        fat = self.edit("stream", "//s/dev", replace=(("Type:\tdevelopment", "Type:\tsparserel"),))
        self.assertEqual(fat.errors, ["Error in stream specification.\n"
                                      "Failed to change non-sparse stream '//s/dev' to sparse type 'sparserel'."])

    def test_parent_view_types(self):
        """virtual and task streams inherit"""
        for kind, title in (("virtual", "Virtual"), ("task", "Task")):
            made = self.edit("stream", "-t", kind, "-P", "//s/main", "//s/alone",
                             replace=(("ParentView:\tinherit", "ParentView:\tnoinherit"),))
            self.assertEqual(made.errors, ["Error in stream specification.\n"
                                           f"{title} streams may only have inherit ParentViews."])

    def server_store(self):
        return contextlib.closing(Store(self.server.root))

    def test_branch_view(self):
        """branch -o -S shows what flows to the parent"""
        self.assertEqual(self.p4("branch", "-o", "-S", "//s/dev", "x").records[0]["View0"],
                         "//s/dev/... //s/main/...")
        self.check_error(self.p4("branch", "-o", "-S", "//s/main", "x"),
                         "Stream '//s/main' has no parent, therefore (command not allowed).", 3, 1)


if __name__ == "__main__":
    tap.main()
