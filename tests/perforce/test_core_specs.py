#!/usr/bin/python3
"""Depots, users, clients, branches, labels, changelists, counters, settings: forms, lists and refusals."""

import tap
from servercase import ServerCase

DEPOT = "Depot: {0}\nType: {1}\nMap: {0}/...\nDescription:\n\tA depot\n\tof files.\n"


class Depots(ServerCase):
    def test_life(self):
        """a depot is saved, not changed, listed, refused a new type, deleted"""
        form = DEPOT.format("one", "local")
        self.assertEqual(self.p4("depot", "-i", stdin=form).infos, ["Depot one saved."])
        self.assertEqual(self.p4("depot", "-i", stdin=form).infos, ["Depot one not changed."])
        (record,) = [r for r in self.p4("depots").records if r["name"] == "one"]
        self.assertEqual(list(record), ["name", "time", "type", "map", "desc"])
        self.assertRegex(self.plain("depots", "-e", "on*").lines[0],
                         r"^Depot one \d{4}/\d\d/\d\d local one/\.\.\. 'A depot of files\. '$")
        self.assertIn("Depot type cannot be changed.",
                      self.p4("depot", "-i", stdin=DEPOT.format("one", "stream")).errors[0])
        self.assertEqual(self.p4("depot", "-d", "one").infos, ["Depot one deleted."])
        self.check_error(self.p4("depot", "-d", "one"), "Depot 'one' doesn't exist.", 3, 2)

    def test_stream_depot(self):
        self.good("depot", "-i", stdin=DEPOT.format("deep", "stream") + "StreamDepth: //deep/2\n")
        (record,) = self.p4("depot", "-o", "deep").records
        self.assertEqual((record["StreamDepth"], record["Type"], record["Suffix"]),
                         ("//deep/2", "stream", ".p4s"))
        (record,) = self.p4("depots", "-t", "stream").records
        self.assertEqual(record["streamDepth"], "//deep/2")

    def test_template(self):
        """an unknown depot's form is a template and nothing is made"""
        (record,) = self.p4("depot", "-o", "ghost").records
        self.assertEqual((record["Map"], record["Description"]), ("ghost/...", "Created by super.\n"))
        self.assertNotIn("ghost", [r["name"] for r in self.p4("depots").records])

    def test_bad_forms(self):
        """each mistake has its own message below the form's name"""
        cases = [("Depot: x\nType: nix\nMap: x/...\n", "Invalid depot type 'nix'."),
                 ("Depot: x\nType: local\nMap: x\n",
                  "Map entry 'x' must have only 1 wildcard which must be a trailing '/...' or '\\...'."),
                 ("Type: local\nMap: x/...\n", "Missing required field 'Depot'."),
                 ("Depot: x\nType: local\nMap: x/...\nColour: red\n",
                  "Error detected at line 4.\nUnknown field name 'Colour'."),
                 ("Depot: x\nType: stream\nMap: x/...\nStreamDepth: 11\n",
                  "Depot 'x' of type stream requires StreamDepth field between 1-10.")]
        for form, text in cases:
            with self.subTest(form=form):
                self.check_error(self.p4("depot", "-i", stdin=form),
                                 f"Error in depot specification.\n{text}", 3, 4)
        for name, text in (("a@b", "Revision chars (@, #) not allowed in 'a@b'."),
                           ("77", "Purely numeric name not allowed"
                           " - '77'."), ("a/b", "Slashes (/) not allowed in 'a/b'."),
                           ("-x", "Initial dash character"
                           " not allowed in '-x'."), ("a*", "Wildcards (*, %%x, ...) not allowed in 'a*'.")):
            self.assertIn(text,
                          self.p4("depot", "-i",
                                  stdin=f"Depot: {name}\nType: local\nMap: x/...\n").errors[0])


class Users(ServerCase):
    def test_form(self):
        self.assertEqual(list(self.p4("user", "-o").records[0])[:8],
                         ["User", "Type", "Email", "Update", "Access", "FullName", "AuthMethod",
                          "specFormatted"])
        self.assertEqual(self.edit("user", replace=(("FullName:\tsuper", "FullName:\tThe Boss"),)).infos,
                         ["User super saved."])
        self.assertEqual(self.edit("user").infos, ["User super not changed."])
        self.assertRegex(self.plain("users", "sup*").lines[0],
                         r"^super <super@ws> \(The Boss\) accessed \d{4}/\d\d/\d\d$")

    def test_others(self):
        """other users' forms take -f; an unknown one cannot be deleted"""
        form = "User: joe\nEmail: joe@x\nFullName: Joe\n"
        self.check_error(self.p4("user", "-i", stdin=form), "You don't have permission for this operation.",
                         3, 6)
        self.assertEqual(self.p4("user", "-f", "-i", stdin=form).infos, ["User joe saved."])
        self.assertEqual(self.p4("users", "j*").records[0]["Email"], "joe@x")
        self.check_error(self.p4("user", "-d", "joe"), "Not user 'joe'; use -f to force delete.", 3, 6)
        self.assertEqual(self.p4("user", "-d", "-f", "joe").infos, ["User joe deleted."])
        self.check_error(self.p4("user", "-d", "-f", "joe"), "User joe doesn't exist.", 3, 2)

    def test_none(self):
        self.check_error(self.p4("users", "nobody"), "nobody - no such user(s).", 2, 17)


class Clients(ServerCase):
    @classmethod
    def prepare(cls):
        cls.good("depot", "-i", stdin=DEPOT.format("depot", "local"))
        cls.edit("client")

    def test_template(self):
        """a new client's form has no dates, an existing one has"""
        fresh = self.p4("client", "-o", "other").records[0]
        self.assertEqual((fresh["View0"], fresh["Root"], "Update" in fresh),
                         ("//depot/... //other/...", "/tmp/ws", False))
        self.assertRegex(self.p4("client", "-o").records[0]["Update"], r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d$")

    def test_list(self):
        (record,) = self.p4("clients", "-e", "ws").records
        self.assertEqual(list(record),
                         ["client", "Update", "Access", "Owner", "Options", "SubmitOptions", "LineEnd",
                                        "Root", "Host", "Type", "Backup", "Description"])
        self.assertTrue(record["Update"].isdigit())
        self.assertRegex(self.plain("clients", "-E", "WS").lines[0],
                         r"^Client ws \d{4}/\d\d/\d\d root /tmp/ws 'Created by super\. '$")
        self.assertEqual(self.p4("clients", "-u", "nobody").records, [])
        self.assertRegex(self.plain("clients", "-t").lines[0], r" \d\d:\d\d:\d\d root ")

    def test_views(self):
        """quotes, exclusions and overlays survive; bad lines have their message"""
        view = ('//depot/... //ws/...\n\t-//depot/x/... //ws/x/...\n\t"//depot/a b/..." "//ws/a b/..."'
                "\n\t+//depot/o/* //ws/q/*")
        self.edit("client", replace=(("//depot/... //ws/...", view),))
        record = self.p4("client", "-o").records[0]
        self.assertEqual([record[f"View{i}"] for i in range(4)], [line.strip() for line in view.split("\n")])
        cases = [("//depot/... //other/...", "Mapping '//other/...' is not under '//ws/...'."),
                 ("//nix/... //ws/...", "Depot 'nix' unknown - use 'depot' to create it."),
                 ("//depot/* //ws/...", "Incompatible wildcards '//depot/*' <-> '//ws/...'."),
                 ("//depot/...", "Wrong number of words for field 'View'."),
                 ('"//depot/... //ws/...', "No matching end quote")]
        for line, text in cases:
            with self.subTest(line=line):
                result = self.p4("client", "-i", stdin=f"Client: ws\nRoot: /tmp/ws\nView:\n\t{line}\n")
                self.assertIn(text, result.errors[0])
                self.assertTrue(result.errors[0].startswith("Error in client specification.\n"))
        self.edit("client", replace=((view, "//depot/... //ws/..."),))

    def test_unknown(self):
        self.check_error(self.p4("client", "-d", "nix"), "Client 'nix' doesn't exist.", 3, 2)
        self.check_error(self.p4("client", "-o", "-t", "nix", "new"),
                         "Client 'nix' unknown - use 'client' command to create it.", 3, 2)

    def test_template_client(self):
        """-t takes view and options from another client, under the new name"""
        form = self.plain("client", "-o", "-t", "ws", "copy").text
        self.assertIn("//depot/... //copy/...", form)
        self.plain("client", "-i", stdin=form)
        self.assertEqual(self.p4("client", "-d", "copy").infos, ["Client copy deleted."])

    def test_locked(self):
        """a locked client is its owner's"""
        self.edit("client", "mine", replace=(("unlocked", "locked"),))
        ann = self.as_user("ann", client="mine", tagged=False)
        form = ann.run("client", "-o").text.replace("Created by", "Taken by")
        self.assertIn("Locked client 'mine' owned by 'super'; use -f to force update.",
                      ann.run("client", "-i", stdin=form).errors[0])
        self.check_error(self.p4("client", "-d", "mine"), "client 'mine' is locked and can't be deleted.", 3,
                         6)
        self.assertEqual(self.p4("client", "-d", "-f", "mine").infos, ["Client mine deleted."])

    def test_info(self):
        """info names the client's root, or says that it is unknown"""
        record = self.p4("info").records[0]
        self.assertEqual((record["clientName"], record["clientRoot"], record["userName"]),
                         ("ws", "/tmp/ws", "super"))
        lost = self.as_user("super", client="nix", tagged=False).run("info").lines
        self.assertEqual(lost[:5],
                         ["User name: super", "Client name: nix", "Client host: testhost", "Client unknown.",
                                    "Current directory: /tmp/ws"])
        short = self.plain("info", "-s").lines
        self.assertFalse([line for line in short if line.startswith("Client root")])


class Changes(ServerCase):
    @classmethod
    def prepare(cls):
        cls.good("depot", "-i", stdin=DEPOT.format("depot", "local"))
        cls.edit("client")

    def create(self, text: str = "words") -> str:
        return self.p4("change", "-i", stdin=f"Change: new\nDescription:\n\t{text}\n").infos[0].split()[1]

    def test_new_form(self):
        self.assertEqual(self.p4("change", "-o").records, [
            {"Change": "new", "Client": "ws", "User": "super", "Status": "new",
             "Description": "<enter description here>\n", "specFormatted": ""}])

    def test_life(self):
        number = self.create("first\n\tsecond")
        record = self.p4("change", "-o", number).records[0]
        self.assertEqual((record["Status"], record["Description"]), ("pending", "first\nsecond\n"))
        self.assertRegex(record["Date"], r"^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d$")
        self.assertEqual(self.edit("change", number, replace=(("second", "third"),)).infos,
                         [f"Change {number} updated."])
        self.assertEqual(self.p4("change", "-t", "restricted", number).infos, [f"Change {number} updated."])
        self.assertEqual(self.p4("change", "-o", number).records[0]["Type"], "restricted")
        self.assertEqual(self.p4("change", "-d", number).infos, [f"Change {number} deleted."])
        self.check_error(self.p4("change", "-o", number), f"Change {number} unknown.", 3, 2)

    def test_refusals(self):
        number = self.create()
        other = self.as_user("ann").run("change", "-d", number)
        self.check_error(other, f"Change {number} can only be updated by user super.", 3, 1)
        self.check_error(self.p4("change", "-d", "x1"), "Invalid changelist number 'x1'.", 3, 1)
        cases = [("", "Missing required field 'Change'."),
                 ("Change: new\n", "Missing required field 'Description'."),
                 ("Change: new\nDescription: <enter description here>\n",
                  "Change description missing.  You must enter one."),
                 ("Change: new\nDescription: x\nFiles:\n\t//depot/f\n",
                  "Can't include file(s) not already opened.\nOpen new files with p4 add, p4 edit, etc.")]
        for form, text in cases:
            with self.subTest(form=form):
                self.check_error(self.p4("change", "-i", stdin=form),
                                 f"Error in change specification.\n{text}", 3, 4)

    def test_without_client(self):
        result = self.as_user("super", client="nix").run("change", "-i",
                                                         stdin="Change: new\nDescription: x\n")
        self.assertIn("Client 'nix' unknown - use 'client' command to create it.", result.errors[0])

    def test_restricted(self):
        """others do not read a restricted change, an administrator does with -f"""
        self.good("protect", "-i",
                  stdin="Protections:\n\twrite user * * //...\n\tsuper user super * //...\n")
        number = self.create("a secret")
        self.good("change", "-t", "restricted", number)
        shown = self.as_user("ann").run("change", "-o", number).records[0]
        self.assertNotIn("secret", shown["Description"])
        ann = self.as_user("ann")
        self.assertEqual(ann.run("change", "-o", "-f", number).errors,
                         ["You don't have permission for this operation."])
        self.assertEqual(self.p4("change", "-o", "-f", number).records[0]["Description"], "a secret\n")


class Views(ServerCase):
    @classmethod
    def prepare(cls):
        cls.good("depot", "-i", stdin=DEPOT.format("depot", "local"))

    def test_branch(self):
        result = self.edit("branch", "b1",
                           replace=(("//depot/... //depot/...", "//depot/a/... //depot/b/..."),))
        self.assertEqual(result.infos, ["Branch b1 saved."])
        self.assertEqual(self.edit("branch", "b1").infos, ["Branch b1 not changed."])
        self.assertEqual(self.p4("branch", "-o", "b1").records[0]["View0"], "//depot/a/... //depot/b/...")
        self.assertEqual(list(self.p4("branches").records[0]),
                         ["branch", "Update", "Access", "Owner", "Options", "Description"])
        self.assertRegex(self.plain("branches").lines[0],
                         r"^Branch b1 \d{4}/\d\d/\d\d 'Created by super\. '$")
        self.check_error(self.p4("client", "-o", "b1"), "b1 is a branch, not a client.", 3, 3)
        self.assertEqual(self.p4("branch", "-d", "b1").infos, ["Branch b1 deleted."])

    def test_label(self):
        self.assertEqual(self.edit("label", "l1").infos, ["Label l1 saved."])
        self.assertEqual(self.p4("label", "-o", "l1").records[0]["View0"], "//depot/...")
        self.assertEqual(self.p4("labels", "-e", "l*").records[0]["Options"], "unlocked noautoreload")
        self.assertEqual(self.p4("label", "-d", "l1").infos, ["Label l1 deleted."])
        self.check_error(self.p4("label", "-d", "l1"), "Label 'l1' doesn't exist.", 3, 2)


class Values(ServerCase):
    def test_counters(self):
        self.assertEqual(self.p4("counter", "hits").records, [{"counter": "hits", "value": "0"}])
        self.assertEqual(self.p4("counter", "hits", "7").infos, ["Counter hits set."])
        self.assertEqual(self.p4("counter", "-i", "hits").records, [{"counter": "hits", "value": "8"}])
        self.assertEqual(self.plain("counter", "hits").lines, ["8"])
        self.assertIn("hits = 8", self.plain("counters").lines)
        self.assertEqual(self.p4("counters", "-e", "hi*").records, [{"counter": "hits", "value": "8"}])
        self.check_error(self.p4("counter", "change", "5"), "Too dangerous to touch counter 'change'.", 3, 1)
        self.good("counter", "word", "abc")
        self.check_error(self.p4("counter", "-i", "word"),
                         "Can't increment counter 'word' - value is not numeric.", 3, 1)
        self.assertEqual(self.p4("counter", "-d", "hits").infos, ["Counter hits deleted."])
        self.check_error(self.p4("counter", "-d", "hits"), "No such counter 'hits'.", 3, 2)

    def test_keys(self):
        self.assertEqual(self.p4("key", "k", "v").infos, ["Key k set."])
        self.assertEqual((self.plain("key", "k").lines, self.plain("key", "none").lines), (["v"], ["0"]))
        self.assertEqual(self.p4("keys").records, [{"key": "k", "value": "v"}])
        self.assertEqual(self.p4("counters", "-e", "k").records, [])

    def test_properties(self):
        self.assertEqual(self.p4("property", "-a", "-n", "url", "-v", "one").infos, ["Property url added."])
        self.assertEqual(self.p4("property", "-a", "-n", "url", "-v", "two").infos,
                         ["Property url updated."])
        self.good("property", "-a", "-n", "url", "-v", "for ann", "-u", "ann", "-s", "2")
        self.assertEqual(self.p4("property", "-l").records,
                         [{"name": "url", "sequence": "1", "value": "two"}])
        self.assertEqual(self.plain("property", "-l", "-n", "url").lines, ["url = two"])
        self.assertEqual([r["value"] for r in self.as_user("ann").run("property", "-l").records],
                         ["for ann", "two"])
        self.assertEqual(len(self.p4("property", "-l", "-A").records), 2)
        self.check_error(self.p4("property", "-l", "-n", "nix"), "nix - no such property.", 2, 17)
        self.assertEqual(self.p4("property", "-d", "-n", "url").infos, ["Property url deleted."])

    def test_configure(self):
        self.assertEqual(self.p4("configure", "set", "monitor=2").infos,
                         ["For server 'any', configuration variable 'monitor' set to '2'"])
        self.assertIn("monitor=2 (configure)", self.plain("configure", "show").lines)
        self.good("configure", "unset", "monitor")
        self.check_error(self.p4("configure", "unset", "monitor"),
                         "No such configuration variable 'monitor'.", 3, 2)

    def test_unknown_command(self):
        self.check_error(self.p4("frobnicate"), "Unknown command.  Try 'p4 help' for info.", 3, 1)
        self.check_error(self.p4("help", "frobnicate"), "No help for frobnicate.", 3, 2)
        self.assertTrue(self.p4("help", "counter").lines[0].startswith("Usage: counter"))
        self.assertIn("streams", self.p4("help").lines[0])


if __name__ == "__main__":
    tap.main()
