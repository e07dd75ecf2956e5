"""How a server answers: sessions, listings, and what it says when something is not there."""

from .case import CONFIG, EMPTY, FAILED, NOTHING, UNKNOWN, ADMIN, Contract


class Answers(Contract):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.change = cls.add({"a.txt": "a" * 100, "dir/b.txt": "b\n"})

    def test_info(self):
        """info tells version, time and case handling without a client"""
        (record,) = self.p4("info", "-s", client="none").records
        for key in ("serverVersion", "serverDate", "caseHandling", "serverRoot"):
            self.assertIn(key, record)
        self.assertRegex(record["serverVersion"], r"^P4D/\S+/\d{4}\.\d/\d+ \(\d{4}/\d\d/\d\d\)$")

    def test_newest_change(self):
        """changes -m 1 -s submitted is the newest one"""
        (record,) = self.p4("changes", "-m", "1", "-s", "submitted").records
        self.assertEqual((record["change"], record["status"], record["user"]),
                         (str(self.change), "submitted", "super"))
        self.assertEqual(self.p4("changes", "-m", "1", "-s", "submitted", "//demo/main/...").records,
                         [record])
        self.assertTrue(record["time"].isdigit())

    def test_streams(self):
        """streams have these fields"""
        (record,) = self.p4("streams", "//demo/*").records
        for key in ("Stream", "Update", "Access", "Owner", "Name", "Parent", "Type", "desc", "Options"):
            self.assertIn(key, record)
        self.assertEqual((record["Stream"], record["Type"], record["Parent"]),
                         ("//demo/main", "mainline", "none"))

    def test_nothing_there(self):
        """nothing selected is a warning and no failure"""
        for args, text in ((("files", "//demo/main/none"), "//demo/main/none - no such file(s)."),
                           (("files", "//demo/main/a.txt@1"),
                            "//demo/main/a.txt@1 - no file(s) at that changelist number."),
                           (("opened",), "File(s) not opened on this client."),
                           (("sync",), "File(s) up-to-date."),
                           (("fstat", "//demo/main/none"), "//demo/main/none - no such file(s).")):
            done = self.p4(*args)
            self.assertEqual((done.messages, done.status), ([(EMPTY, NOTHING, text)], 0), args)

    def test_nonsense(self):
        """what makes no sense fails"""
        for args, generic in ((("files", "//demo/main/a.txt@nobody"), 4), (("frobnicate",), 1),
                              (("files",), 1),
                              (("files", "//nodepot/..."), UNKNOWN)):
            done = self.p4(*args)
            self.assertEqual(([m[:2] for m in done.messages], done.status), ([(FAILED, generic)], 1), args)

    def test_no_client(self):
        """a command that needs the client says which one is missing"""
        done = self.p4("have", client="nobody")
        self.assertEqual(done.messages,
                         [(FAILED, UNKNOWN, "Client 'nobody' unknown - use 'client' command to create it.")])
        done = self.p4("files", "a.txt", client="nobody")
        self.assertEqual(done.messages,
                         [(FAILED, CONFIG, "a.txt - must create client 'nobody' to access local files.")])

    def test_limits(self):
        """limits fail the command as a whole"""
        done = self.p4("-zmaxScanRows=1", "files", "//demo/...")
        self.assertEqual(([m[:2] for m in done.messages], done.status), ([(FAILED, ADMIN)], 1))

    def test_missing_spec(self):
        """specs that are not there come as templates without Update and Access"""
        for kind in ("client", "stream"):
            name = "//demo/none" if kind == "stream" else "none"
            (record,) = self.p4(kind, "-o", *(["-t", "development", "-P", "//demo/main"] if kind == "stream"
                                              else []), name).records
            self.assertNotIn("Access", record)
            self.assertEqual(record[kind.capitalize()], name)

    def test_formats(self):
        """plain output, errors on standard error, fstat always tagged"""
        done = self.run_p4("files", "//demo/main/a.txt", "//demo/main/none")
        self.assertEqual((done.stdout.decode(), done.stderr.decode(), done.returncode),
                         (f"//demo/main/a.txt#1 - add change {self.change} (text)\n",
                          "//demo/main/none - no such file(s).\n", 0))
        done = self.run_p4("fstat", "//demo/main/a.txt")
        self.assertTrue(done.stdout.startswith(b"... depotFile //demo/main/a.txt\n"))
        done = self.run_p4("-s", "files", "//demo/main/none")
        self.assertEqual(done.stdout.decode(), "warning: //demo/main/none - no such file(s).\nexit: 0\n")


class Sessions(Contract):
    """Runs last of its own server: from here on the super user has a password."""

    def test_login(self):
        """password, ticket, expiry of both"""
        self.run_p4("passwd", stdin="Contract-1\nContract-1\n")
        done = self.p4("files", "//demo/...")
        self.assertEqual(([m[:2] for m in done.messages], done.status), ([(FAILED, CONFIG)], 1))
        self.assertEqual(self.p4("login", "-s").status, 1)
        wrong = self.run_p4("login", stdin="Wrong-1\n")
        self.assertEqual((wrong.returncode, wrong.stderr), (1, b"Password invalid.\n"))
        self.assertEqual(self.run_p4("login", stdin="Contract-1\n").returncode, 0)
        (record,) = self.p4("login", "-s").records
        self.assertEqual(record["User"], "super")
        self.assertGreater(int(record["TicketExpiration"]), 40000)
        self.assertEqual(self.p4("changes", "-m1").status, 0)
        ticket = self.run_p4("login", "-p", stdin="Contract-1\n").stdout.split()[-1]
        self.assertRegex(ticket, rb"^[0-9A-F]{32}$")
        self.assertEqual(self.p4("-P", ticket.decode(), "changes", "-m1", P4TICKETS="/nonexistent").status,
                         0)
        self.assertEqual(self.p4("logout").status, 0)
        self.assertEqual(self.p4("changes", "-m1").status, 1)
