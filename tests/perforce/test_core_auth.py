#!/usr/bin/python3
"""Passwords, tickets, protections and group limits."""

import time

import tap
from servercase import ServerCase

BAD = "Perforce password (P4PASSWD) invalid or unset."
EXPIRED = "Your session has expired, please login again."


class Tickets(ServerCase):
    @classmethod
    def prepare(cls):
        cls.good("passwd", "-P", "secret")

    def logged_in(self, *flags: str, **options):
        client = self.as_user("super", **options)
        client.answers = ["secret"]
        result = client.run("login", *flags)
        self.assertEqual((result.errors, client.prompts), ([], ["Enter password: "]))
        return client

    def test_without(self):
        """a user with a password needs it or a ticket; info and login -s say so or not"""
        client = self.as_user("super")
        self.check_error(client.run("users"), BAD, 3, 36)
        self.check_error(client.run("login", "-s"), BAD, 3, 36)
        self.assertEqual(client.run("info").errors, [])
        client.answers = ["wrong"]
        self.check_error(client.run("login"), "Password invalid.", 3, 4)
        client.ticket = "0123456789ABCDEF0123456789ABCDEF"
        self.check_error(client.run("users"), BAD, 3, 36)

    def test_login(self):
        """login hands out a ticket of 32 hex digits that works and shows its remaining time"""
        client = self.logged_in()
        self.assertRegex(client.ticket, "^[0-9A-F]{32}$")
        self.assertEqual(client.run("users").errors, [])
        (record,) = client.run("login", "-s").records
        self.assertEqual((list(record), record["AuthedBy"]),
                         (["User", "AuthedBy", "TicketExpiration"], "HostTicket"))
        self.assertIn(int(record["TicketExpiration"]), range(43190, 43201))
        client.tagged = False
        self.assertRegex(client.run("login", "-s").lines[0],
                         "^User super ticket expires in 1[12] hours (59|0) minutes\\.$")

    def test_login_record(self):
        client = self.as_user("super")
        client.answers = ["secret"]
        self.assertEqual(client.run("login").records, [{"User": "super", "TicketExpiration": "43200"}])
        client.tagged, client.answers = False, ["secret"]
        self.assertEqual(client.run("login").lines, ["User super logged in."])

    def test_print(self):
        """login -p prints the ticket and stores nothing"""
        client = self.logged_in("-p")
        self.assertEqual(client.tickets, [])
        client.answers = ["secret"]
        client.ticket = client.run("login", "-p").infos[0]
        self.assertEqual(client.run("users").errors, [])

    def test_password_as_ticket(self):
        """P4PASSWD may hold the password at low security levels"""
        client = self.as_user("super", ticket="secret")
        self.assertEqual(client.run("users").errors, [])
        self.assertEqual(client.run("login", "-s").records, [{"User": "super", "AuthedBy": "Password"}])
        client.tagged = False
        self.assertEqual(client.run("login", "-s").lines,
                         ["User super was authenticated by password not ticket."])

    def test_expire(self):
        """an expired ticket says so, for login -s too, and a new login works"""
        client = self.logged_in()
        self.assertGreaterEqual(int(self.server.control("expire", "super")), 1)
        for command in (("users",), ("login", "-s"), ("streams",)):
            self.check_error(client.run(*command), EXPIRED, 3, 4)
        self.assertEqual(self.logged_in().run("users").errors, [])

    def test_logout(self):
        """a ticket is no good after logout, and the client forgets it"""
        client = self.logged_in()
        ticket = client.ticket
        self.assertEqual(client.run("logout").infos, ["User super logged out."])
        self.assertEqual(client.tickets[-1], ("super", ""))
        self.check_error(client.run("users"), BAD, 3, 36)
        client.ticket = ticket
        self.check_error(client.run("users"), "Your session was logged out, please login again.", 3, 4)

    def test_everywhere(self):
        """logout of one host leaves login -a tickets; logout -a ends them"""
        everywhere, here = self.logged_in("-a"), self.logged_in()
        here.run("logout")
        self.assertEqual(everywhere.run("users").errors, [])
        everywhere.run("logout", "-a")
        everywhere.ticket = everywhere.tickets[0][1]
        self.assertEqual(len(everywhere.run("users").errors), 1)

    def test_restart(self):
        """tickets survive a crash of the server"""
        client = self.logged_in()
        self.server.restart()
        self.assertEqual(client.run("users").errors, [])


class NoPassword(ServerCase):
    def test_not_necessary(self):
        """a user without password needs no login"""
        self.assertEqual(self.p4("login").records, [{"User": "super"}])
        self.assertEqual(self.p4("login", "-s").records, [{"User": "super"}])
        self.assertEqual(self.plain("login").lines,
                         ["'login' not necessary, no password set for this user."])

    def test_created(self):
        """a new user is created by the first command, if the server lets it"""
        self.as_user("newcomer").run("users")
        self.assertIn("newcomer", [r["User"] for r in self.p4("users").records])
        self.good("configure", "set", "dm.user.noautocreate=1")
        self.check_error(self.as_user("other").run("users"),
                         "Access for user 'other' has not been enabled by 'p4 protect'.", 3, 6)
        self.good("configure", "unset", "dm.user.noautocreate")


class SecurityLevels(ServerCase):
    def test_levels(self):
        """higher levels ask for strong passwords, then for any, then for tickets"""
        self.good("configure", "set", "security=1")
        self.check_error(self.p4("passwd", "-P", "short"),
                         "Password should be at least 8 characters in length.", 3, 4)
        self.check_error(self.p4("passwd", "-P", "alllowercase"),
                         "Password should be mixed case or contain non alphabetic characters.", 3, 4)
        self.good("configure", "set", "security=2")
        self.check_error(self.p4("users"), "Password must be set before access can be granted.", 3, 1)
        self.good("passwd", "-P", "Long-enough1")
        self.tagged_client.ticket = "Long-enough1"
        self.good("configure", "set", "security=3")
        self.check_error(self.p4("users"),
                         "Password not allowed at this server security level, use 'p4 login'.", 3, 1)
        self.tagged_client.answers = ["Long-enough1"]
        self.good("login")
        self.good("users")

    def test_change(self):
        """passwd wants the old password, twice the same new one, and ends all tickets"""
        client = self.as_user("ann")
        client.answers = ["One-more-1", "One-more-2"]
        self.check_error(client.run("passwd"), "Passwords don't match.", 3, 4)
        client.answers = ["One-more-1", "One-more-1"]
        self.assertEqual(client.run("passwd").infos, ["Password updated."])
        client.answers = ["One-more-1"]
        client.run("login")
        self.assertEqual(client.run("users").errors, [])
        client.answers = ["wrong", "x", "x"]
        self.check_error(client.run("passwd"), "Password invalid.", 3, 4)
        client.answers = ["One-more-1", "Two-more-1", "Two-more-1"]
        self.assertEqual(client.run("passwd").infos, ["Password updated."])
        self.assertEqual(client.prompts[-3:],
                         ["Enter old password: ", "Enter new password: ", "Re-enter new password: "])
        self.assertEqual(len(client.run("users").errors), 1)


class Groups(ServerCase):
    def group(self, name: str, text: str):
        return self.good("group", "-i", stdin=f"Group: {name}\n{text}")

    def test_timeouts(self):
        """the highest timeout of a user's groups holds, unlimited above all; unset counts for nothing"""
        cases = [("unset", "unset", "43200"), ("100", "unset", "100"), ("100", "300", "300"),
                 ("100", "unlimited", "2147483647")]
        bob = self.as_user("bob")
        bob.run("passwd", "-P", "secret")
        for one, other, seconds in cases:
            with self.subTest(one=one, other=other):
                self.group("g1", f"Timeout: {one}\nUsers:\n\tbob\n")
                self.group("g2", f"Timeout: {other}\nSubgroups:\n\tg1\n")
                bob.answers = ["secret"]
                self.assertEqual(bob.run("login").records[0]["TicketExpiration"], seconds)
                left = bob.run("login", "-s").records[0]["TicketExpiration"]
                self.assertAlmostEqual(int(left), int(seconds), delta=60)

    def test_short_ticket(self):
        """a ticket really ends after its time"""
        self.group("g3", "Timeout: 1\nUsers:\n\teve\n")
        eve = self.as_user("eve")
        eve.run("passwd", "-P", "secret")
        eve.answers = ["secret"]
        eve.run("login")
        self.assertEqual(eve.run("users").errors, [])
        time.sleep(1.1)
        self.check_error(eve.run("users"), EXPIRED, 3, 4)

    def test_limits(self):
        """group limits and -z variables stop a command that goes over them"""
        for number in range(6):
            self.good("counter", f"c{number}", "1")
        self.group("slow", "MaxScanRows: 3\nUsers:\n\tcarl\n")
        carl = self.as_user("carl")
        self.check_error(carl.run("counters"), "Too many rows scanned (over 3); see 'p4 help maxscanrows'.",
                         3, 35)
        self.group("slow", "MaxScanRows: unlimited\nMaxResults: 2\nUsers:\n\tcarl\n")
        result = carl.run("counters")
        self.assertEqual(result.errors, ["Request too large (over 2); see 'p4 help maxresults'."])
        self.assertEqual(self.as_user("super", maxResults="1").run("counters").messages[-1].generic, 35)
        self.assertEqual(self.as_user("super", maxResults="100").run("counters").errors, [])
        self.check_error(self.as_user("super", maxLockTime="0").run("counters"),
                         "Operation took too long (over 0 seconds); see 'p4 help maxlocktime'.", 3, 35)

    def test_bad_limits(self):
        result = self.p4("group", "-i", stdin="Group: g\nMaxResults: many\nUsers:\n\tx\n")
        self.check_error(result, "Error in group specification.\nInvalid maximum value 'many'.", 3, 4)

    def test_life(self):
        """a group is created, shown, not changed, listed by member, and ends with its last member"""
        form = "Group: team\nDescription:\n\tus\nOwners:\n\tann\nUsers:\n\tann\n\tbob\n"
        messages = [self.p4("group", "-i", stdin=text).infos[0] for text in
                    (form, form, form.replace("bob", "carl"), "Group: team\n", "Group: team\n")]
        self.assertEqual(messages, ["Group team created.", "Group team not updated.", "Group team updated.",
                                    "Group team deleted.", "Group team not created."])
        self.good("group", "-i", stdin=form)
        self.assertIn("team", self.plain("groups", "bob").lines)
        self.assertNotIn("team", self.plain("groups", "nobody").lines)
        self.assertEqual([(r["user"], r["isOwner"], r["isUser"]) for r in self.p4("groups").records
                          if r["group"] == "team"], [("ann", "1", "1"), ("bob", "0", "1")])
        self.check_error(self.p4("group", "-d", "nix"), "Group 'nix' doesn't exist.", 3, 2)
        self.assertEqual(self.p4("group", "-d", "team").infos, ["Group team deleted."])


class Protections(ServerCase):
    TABLE = """Protections:
\twrite user * * //...
\tlist user bob * -//d/secret/...
\t=write user carl * -//d/lib/...
\tread group readers * //r/...
\tlist user eve 10.9.8.7 -//...
\tsuper user super * //... ## the boss
"""

    @classmethod
    def prepare(cls):
        cls.good("group", "-i", stdin="Group: readers\nUsers:\n\tdave\n")
        cls.good("protect", "-i", stdin=cls.TABLE)

    def test_form(self):
        """the table comes back as it was saved, with its notes; saving it again changes nothing"""
        text = self.plain("protect", "-o").text
        self.assertIn("\tsuper user super * //... ## the boss\n", text)
        self.assertEqual(self.plain("protect", "-i", stdin=text).infos, ["Protections not changed."])

    def test_lists(self):
        """protects shows the lines that apply, with the number they have in the table"""
        self.assertEqual(self.p4("protects", "-u", "bob").records, [
            {"line": "1", "perm": "write", "user": "*", "host": "*", "depotFile": "//..."},
            {"unmap": "", "line": "2", "perm": "list", "user": "bob", "host": "*",
             "depotFile": "//d/secret/..."}])
        self.assertEqual(self.plain("protects", "-a").lines[1], "list user bob * -//d/secret/...")
        self.assertEqual(self.p4("protects", "-g", "readers").records[0]["isgroup"], "")
        self.assertEqual([r["line"] for r in self.p4("protects", "-u", "bob", "//d/secret/x").records],
                         ["1", "2"])
        self.assertEqual([r["line"] for r in self.p4("protects", "-u", "bob", "//e/x").records], ["1"])

    def test_maximum(self):
        cases = [(("-m",), "super"), (("-m", "-u", "bob"), "write"),
                 (("-M", "-u", "bob", "//d/secret/a"), "none"), (("-M", "-u", "carl", "//d/lib/a"), "open"),
                 (("-M", "-u", "carl", "//d/a"), "write"), (("-M", "-u", "eve", "-h", "10.9.8.7"), "none"),
                 (("-M", "-u", "eve"), "write")]
        for args, level in cases:
            with self.subTest(args=args):
                self.assertEqual(self.p4("protects", *args).records, [{"permMax": level}])
                self.assertEqual(self.plain("protects", *args).lines, [level])

    def test_refused(self):
        """what a user may not do is refused with the product's words"""
        bob = self.as_user("bob")
        for command in (("protect", "-o"), ("configure", "show"), ("group", "-i"), ("depot", "-i"),
                        ("protects", "-a"), ("user", "-o", "-f", "x"), ("counter", "-f", "x", "1"),
                        ("users", "-l")):
            with self.subTest(command=command):
                self.check_error(bob.run(*command), "You don't have permission for this operation.", 3, 6)

    def test_bad_tables(self):
        """a table without super user, or with lines that make no sense, is not saved"""
        cases = [("write user * * //...", "Can't delete last valid 'super' entry from protections table."),
                 ("own user * * //...", "Invalid protection mode 'own'."),
                 ("super users * * //...", "Indicator must be 'user' or 'group', not 'users'."),
                 ("super user * *", "Wrong number of words for field 'Protections'.")]
        before = self.plain("protect", "-o").text
        for line, text in cases:
            with self.subTest(line=line):
                result = self.p4("protect", "-i", stdin=f"Protections:\n\t{line}\n")
                self.assertIn(text, result.errors[0])
        self.assertEqual(self.plain("protect", "-o").text, before)


class EmptyProtections(ServerCase):
    def test_empty(self):
        """without a table everybody is super user"""
        self.check_error(self.p4("protects"), "Protections table is empty.", 3, 35)
        self.assertEqual(self.p4("protects", "-m").records, [{"permMax": "super"}])
        self.assertIn("super user super * //...", self.plain("protect", "-o").text)


if __name__ == "__main__":
    tap.main()
