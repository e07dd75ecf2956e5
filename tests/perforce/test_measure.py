#!/usr/bin/python3
"""weir-measure against the stand-in: sizes to the byte, the shortcut that asks only for what moved, and failures that
change nothing."""

import signal
import time

import tap
from weirrig import IDLE, MeasureCase


class Shortcut(MeasureCase):
    """What moved is measured, what did not is not."""

    @classmethod
    def prepare(cls):
        rig = cls.rig
        rig.make_depot("lab")
        rig.make_depot("parts", "local")
        rig.save_stream("//lab/main", "mainline")
        cls.main = rig.workspace("//lab/main")
        for i in range(12):
            cls.main.put(f"src/d{i % 3}/f{i}.c", 100 + i)
        cls.main.put("lib/a.c", 5000)
        cls.main.submit()
        cls.parts = rig.workspace("//parts/...")
        cls.parts.put("tool/a.bin", 700)
        cls.parts.put("other/b.bin", 900)
        cls.parts.submit()
        rig.save_stream("//lab/dev", "development", "//lab/main")
        rig.save_stream("//lab/rel", "release", "//lab/main")
        rig.save_stream("//lab/virt", "virtual", "//lab/main", ("share src/d1/...",))
        rig.save_stream("//lab/imports", "development", "//lab/main",
                        ("share own/...", "import tool/... //parts/tool/...", "import lib/..."))
        time.sleep(3.1)  # until the specs are older than their times can be mistaken

    def test_01_first(self):
        """the first run measures everything"""
        self.good()
        self.check_truth()
        self.assertEqual(self.rig.rows("SELECT count(*) FROM samples"), [(5,)])

    def test_02_idle(self):
        """an idle run takes four commands and prolongs every line"""
        before = self.rig.rows("SELECT max(last_at) FROM samples GROUP BY stream_id")
        self.good()
        self.assertEqual(self.rig.commands(), IDLE)
        after = self.rig.rows("SELECT max(last_at) FROM samples GROUP BY stream_id")
        self.assertTrue(all(old < new for old, new in zip(before, after)))
        self.assertEqual(self.rig.rows("SELECT count(*) FROM samples"), [(5,)])

    def test_03_one_moved(self):
        """a moved stream that is its own path takes one command"""
        dev = self.rig.workspace("//lab/dev")
        dev.put("new.c", 12345)
        dev.submit()
        self.assertEqual(self.moved(), ["sizes"])

    def test_04_imports(self):
        """a change to what is imported moves the importing stream alone, which takes two commands"""
        self.parts.put("tool/a.bin", 701)
        self.parts.submit()
        self.assertEqual(self.moved(), ["client", "sizes"])
        self.parts.put("other/b.bin", 901)
        self.parts.submit()
        self.assertEqual(self.moved(), [])

    def test_05_parent_files(self):
        """a change in the mainline moves virtual and importing streams that show it"""
        self.main.put("lib/a.c", 5001)
        self.main.submit()
        self.assertEqual(sorted(self.moved()), ["client", "sizes", "sizes"])
        self.main.put("src/d1/f1.c", 1)
        self.main.submit()
        self.assertEqual(sorted(self.moved()), ["client", "sizes", "sizes"])

    def test_06_wide_change(self):
        """a change whose common path says too little is looked into"""
        wide = self.rig.workspace("//lab/main")
        wide.put("lib/a.c", 5002)
        wide.put("src/d2/f2.c", 7)
        wide.submit()
        self.assertEqual(sorted(self.moved()), ["client", "describe", "sizes", "sizes"])

    def test_07_delete_and_move(self):
        """deleted and moved files"""
        self.main.delete("src/d0/f0.c")
        self.main.move("src/d0/f3.c", "src/d1/f3-moved.c")
        self.main.submit()
        self.moved()

    def test_08_ancestor_spec(self):
        """the spec of an ancestor that the mask leaves out is seen"""
        rig = self.rig
        rig.configure(f"servers:\n  - name: demo\n    p4port: {rig.port}\n    p4user: super\n    stream_mask: imp*\n")
        rig.save_stream("//lab/main", "mainline", "none", ("share src/...", "import lib/... //parts/other/..."))
        self.good()
        row = rig.rows("SELECT size_bytes, file_count FROM streams WHERE path = '//lab/imports'")
        self.assertEqual(row, [rig.truth("//lab/imports")])
        rig.save_stream("//lab/main", "mainline")
        rig.configure()
        self.good()
        self.check_truth()

    def test_09_same_second(self):
        """a spec saved twice in one second is seen twice"""
        for paths in (("share own/...",), ("share own/...", "import lib/..."), ("share own/...", "import tool/... //parts/other/...")):
            self.rig.save_stream("//lab/imports", "development", "//lab/main", paths)
            self.moved(note=str(paths))
        time.sleep(3.1)
        self.good()
        self.good()
        self.assertEqual(self.rig.commands(), IDLE)

    def test_10_obliterate(self):
        """obliterate leaves no change: --full finds it, and so does the weekly run"""
        self.rig.p4("obliterate", "-y", "//lab/main/src/d2/...")
        self.good("--full", "demo")
        self.check_truth()
        self.rig.p4("obliterate", "-y", "//lab/main/src/d1/...")
        with_settings = "measure:\n  full_every: 1s\n"
        self.rig.configure(settings=with_settings)
        time.sleep(1.1)
        self.good()
        self.check_truth()
        self.rig.configure()

    def test_11_change_lost(self):
        """when the last change known is gone, everything is measured"""
        dev = self.rig.workspace("//lab/dev")
        dev.put("passing.c", 10)
        change = dev.submit()
        self.good()
        self.rig.p4("obliterate", "-y", "//lab/dev/passing.c")
        self.rig.p4("change", "-d", "-f", str(change))
        self.good()
        self.check_truth()

    def test_12_one_stream(self):
        """one stream is measured when asked for, also one not listed yet"""
        self.rig.save_stream("//lab/fresh", "development", "//lab/main")
        fresh = self.rig.workspace("//lab/fresh")
        fresh.put("a.c", 77)
        fresh.submit()
        self.good("--server", "demo", "--stream", "//lab/fresh")
        self.assertEqual(self.rig.measured()["//lab/fresh"], (77, 1))
        done = self.rig.measure("--server", "demo", "--stream", "//lab/nowhere")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no stream //lab/nowhere", done.stderr)
        self.good("--stream", "//lab/fresh/")
        number = self.rig.rows("SELECT id FROM streams WHERE path = '//lab/fresh'")[0][0]
        self.good(f"demo#{number}")
        self.moved()

    def test_13_many_changes(self):
        """hundreds of changes between two runs"""
        for i in range(120):
            self.main.put(f"src/many/{i % 7}.c", 10 + i)
            self.main.put("lib/many.c", 10 + i)
            self.main.submit()
        self.assertLess(len(self.moved()), 12)


class IgnoringCase(MeasureCase):
    """A server to which `SRC/A.c` and `src/a.c` are one file."""

    @classmethod
    def prepare(cls):
        rig = cls.rig
        rig.p4("configure", "set", "caseHandling=insensitive")
        rig.make_depot("lab")
        rig.make_depot("parts", "local")
        rig.save_stream("//lab/Main", "mainline")
        cls.main = rig.workspace("//lab/Main")
        cls.main.put("Src/A.c", 100)
        cls.main.put("src/b.c", 50)
        cls.main.submit()
        cls.parts = rig.workspace("//parts/...")
        cls.parts.put("Tool/a.bin", 7)
        cls.parts.submit()
        rig.save_stream("//lab/imp", "development", "//lab/Main",
                        ("share own/...", "import tool/... //parts/TOOL/...", "import SRC/..."))
        rig.save_stream("//lab/virt", "virtual", "//lab/Main", ("share SRC/...",))
        time.sleep(3.1)
        if rig.measure().returncode != 0:
            raise AssertionError("the first run failed")

    def test_1_first(self):
        """files are found by views of another case"""
        self.check_truth()
        self.assertEqual(self.rig.measured(), {"//lab/Main": (150, 2), "//lab/imp": (157, 3), "//lab/virt": (150, 2)})

    def test_2_moved(self):
        """a change is found whatever case its paths, the views and their parents have"""
        self.parts.put("tOOL/new.bin", 20)
        self.parts.submit()
        self.assertEqual([name for name in self.moved() if name != "describe"], ["client", "sizes"])
        self.main.put("SRC/new.c", 1000)
        self.main.submit()
        self.assertEqual(sorted(self.moved()), ["client", "client", "sizes", "sizes", "sizes"])
        self.main.delete("Src/A.c")
        self.main.submit()
        self.assertEqual(sorted(self.moved()), ["client", "client", "sizes", "sizes", "sizes"])

    def test_3_one_stream(self):
        """a stream asked for in another case is the one that is known"""
        self.good("--server", "demo", "--stream", "//lab/IMP")
        self.assertEqual(len(self.rig.rows("SELECT path FROM streams")), 3)


class Empty(MeasureCase):
    """A server that begins with nothing."""

    def test_1_no_streams(self):
        """no streams at all is a success, with a warning"""
        done = self.rig.measure()
        self.assertEqual(done.returncode, 0)
        self.assertIn("no streams at all", done.stderr)

    def test_2_first_change(self):
        """the first change of a server that had none is seen"""
        self.rig.make_depot("new")
        self.rig.save_stream("//new/main", "mainline")
        time.sleep(3.1)
        self.good()
        self.check_truth()
        workspace = self.rig.workspace("//new/main")
        workspace.put("first.c", 42)
        workspace.submit()
        self.moved()
        self.assertEqual(self.rig.measured(), {"//new/main": (42, 1)})

    def test_3_label_pin(self):
        """a stream pinned to a label is measured in every run"""
        self.rig.save_stream("//new/pinned", "development", "//new/main",
                             ("share own/...", "import lib/... //new/main/...@nightly"))
        time.sleep(3.1)
        self.good()
        self.good()
        self.assertIn("sizes", self.rig.commands())


class Moods(MeasureCase):
    """Whatever the server does wrong, nothing that is known is lost."""

    @classmethod
    def prepare(cls):
        rig = cls.rig
        rig.make_depot("lab")
        rig.save_stream("//lab/main", "mainline")
        rig.save_stream("//lab/virt", "virtual", "//lab/main", ("share src/...",))
        workspace = rig.workspace("//lab/main")
        workspace.put("src/a.c", 100)
        workspace.submit()
        time.sleep(3.1)
        if rig.measure().returncode != 0:
            raise AssertionError("the first run failed")
        cls.before = rig.everything()

    def tearDown(self):
        self.rig.server.control("reset")

    def unharmed(self, state: str) -> str:
        done = self.rig.measure()
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertEqual(self.rig.state(), state)
        self.assertEqual(self.rig.everything(), self.before)
        return done.stderr

    def test_1_refused(self):
        """no connection"""
        self.rig.server.control("refuse", "on")
        self.unharmed("unreachable")

    def test_2_dropped(self):
        """connections that break at any byte"""
        for count in (1, 40, 200, 400, 700):
            self.rig.server.control("reset")
            self.rig.server.control("drop", str(count))
            self.unharmed("unreachable")

    def test_3_limits(self):
        """MaxResults"""
        self.rig.server.control("limit", "super", "maxresults", "1")
        self.unharmed("limit")

    def test_4_hanging(self):
        """a command that hangs is ended by the timeout"""
        self.rig.configure(f"servers:\n  - name: demo\n    p4port: {self.rig.port}\n    p4user: super\n"
                           "    stream_mask: '*'\n    timeout: 1s\n")
        self.rig.server.control("hang", "streams")
        self.assertIn("no answer within", self.unharmed("unreachable"))
        self.rig.server.control("reset")
        self.rig.configure()

    def test_5_no_program(self):
        """no p4 program"""
        config = self.rig.folder / "config/weir.yaml"
        text = config.read_text()
        config.write_text("p4:\n  program: /nonexistent/p4\n")
        self.unharmed("failed")
        config.write_text(text)

    def test_6_two_servers(self):
        """a server that is down does not keep the other from being measured"""
        self.rig.configure((self.rig.folder / "config/servers.yaml").read_text() +
                           "  - name: down\n    p4port: localhost:1\n    p4user: x\n")
        done = self.rig.measure("--all")
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertEqual(self.rig.rows("SELECT name, state FROM servers ORDER BY name"),
                         [("demo", "ok"), ("down", "unreachable")])

    def test_7_tickets(self):
        """no ticket, expired ticket, and a ticket again"""
        rig = self.rig
        rig.configure()
        rig.p4("passwd", stdin="secret-1\nsecret-1\n", good=False)
        rig.server.control("password", "super", "Secret-1")
        self.before = rig.everything()
        self.assertIn("weirctl login", self.unharmed("auth"))
        rig.p4("login", stdin="Secret-1\n")
        self.good()
        self.assertGreater(rig.rows("SELECT ticket_expires_at FROM servers WHERE name = 'demo'")[0][0], time.time() * 1e6)
        self.before = rig.everything()
        rig.server.control("expire", "super")
        self.assertIn("expired", self.unharmed("auth"))
        rig.p4("login", stdin="Secret-1\n")
        self.good()
        self.assertEqual(rig.state(), "ok")

    def test_8_usage(self):
        """wrong command lines end with 64, unknown servers with 1"""
        for args in (["--all", "demo"], ["--server", "demo", "x"], ["--stream", "lab"], ["demo//"], ["--wait=soon", "demo"], []):
            with self.subTest(args=args):
                self.assertEqual(self.rig.weir("weir-measure", *args).returncode, 64)
        self.assertEqual(self.rig.measure("unknown").returncode, 1)
        self.assertEqual(self.rig.measure("unknown#3").returncode, 1)


class Crashes(MeasureCase):
    """Two at once, and sudden ends."""

    @classmethod
    def prepare(cls):
        rig = cls.rig
        rig.make_depot("lab")
        rig.save_stream("//lab/main", "mainline")
        rig.save_stream("//lab/virt", "virtual", "//lab/main", ("share src/...",))
        rig.save_stream("//lab/dev", "development", "//lab/main")
        cls.workspace = rig.workspace("//lab/main")
        cls.workspace.put("src/a.c", 100)
        cls.workspace.submit()
        rig.measure()

    def tearDown(self):
        self.rig.server.control("reset")

    def begin(self, *args: str):
        """A run that hangs in its first `sizes`."""
        self.rig.server.control("hang", "sizes")
        self.rig.log.write_text("")
        process = self.rig.start("weir-measure", *args)
        self.addCleanup(process.kill)
        self.rig.wait_for(lambda: "sizes" in self.rig.commands())
        return process

    def no_half_rows(self):
        rig = self.rig
        self.assertEqual(rig.rows("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(rig.rows("SELECT path FROM streams s WHERE size_bytes IS NOT NULL AND NOT EXISTS (SELECT 1 FROM"
                                  " samples WHERE stream_id = s.id AND size_bytes = s.size_bytes)"), [])

    def test_1_busy(self):
        """the second of two is busy and told who is first; another stream of the server is not"""
        first = self.begin("--server", "demo", "--stream", "//lab/main")
        for args in (["--server", "demo", "--stream", "//lab/main"], ["demo"], ["--all"]):
            done = self.rig.weir("weir-measure", *args)
            self.assertEqual(done.returncode, 75, args)
            self.assertIn("weir-measure", done.stderr)
            self.assertIn("measuring //lab/main", done.stderr)
        self.assertEqual(self.rig.weir("weir-sync").returncode, 75)
        self.rig.server.control("reset")
        self.assertEqual(self.rig.weir("weir-measure", "--server", "demo", "--stream", "//lab/dev").returncode, 0)
        self.assertEqual(first.wait(30), 0)

    def test_2_wait(self):
        """--wait waits its turn, at most as long as it says"""
        first = self.begin("demo")
        begun = time.monotonic()
        self.assertEqual(self.rig.weir("weir-measure", "--wait=1s", "demo").returncode, 75)
        self.assertGreater(time.monotonic() - begun, 0.9)
        second = self.rig.start("weir-measure", "--wait", "demo")
        self.addCleanup(second.kill)
        time.sleep(0.3)
        self.assertIsNone(second.poll())
        self.rig.server.control("reset")
        self.assertEqual(first.wait(30), 0)
        self.assertEqual(second.wait(30), 0)

    def test_3_killed(self):
        """kill -9 leaves no lock, no child, no half row; the next run is right"""
        self.workspace.put("src/a.c", 101)
        self.workspace.submit()
        process = self.begin("demo")
        self.assertEqual(len(self.rig.rows("SELECT * FROM runs")), 1)
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.rig.server.control("reset")
        self.no_half_rows()
        self.good()
        self.check_truth()
        self.assertEqual(self.rig.rows("SELECT * FROM runs"), [])

    def test_4_stopped(self):
        """SIGTERM ends it at once; nothing is taken for measured"""
        self.workspace.put("src/a.c", 102)
        self.workspace.submit()
        process = self.begin("demo")
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(20), 1)
        self.assertLess(time.monotonic() - begun, 10)
        self.rig.server.control("reset")
        self.no_half_rows()
        self.good()
        self.check_truth()

    def test_5_server_killed(self):
        """the server dies while it is asked"""
        self.workspace.put("src/a.c", 103)
        self.workspace.submit()
        process = self.begin("demo")
        self.rig.server.kill()
        self.assertEqual(process.wait(30), 1)
        self.assertEqual(self.rig.state(), "unreachable")
        self.no_half_rows()
        self.rig.server.start()
        self.good()
        self.check_truth()


class Listing(MeasureCase):
    """Streams come, go and come back, under any name."""

    @classmethod
    def prepare(cls):
        cls.rig.make_depot("lab")
        cls.rig.save_stream("//lab/main", "mainline")
        workspace = cls.rig.workspace("//lab/main")
        workspace.put("a.c", 10)
        workspace.submit()

    def test_1_names(self):
        """names that are awkward elsewhere"""
        for name in ("with-hyphen", "with_underscore", "50%25", "it's", "größe", "ведро", "a&b;c|d", "$(id)"):
            path = f"//lab/{name}"
            self.rig.save_stream(path, "development", "//lab/main")
            workspace = self.rig.workspace(path)
            workspace.put("own.c", len(name) * 11)
            workspace.submit()
            self.good("--server", "demo", "--stream", path)
            self.assertEqual(self.rig.measured()[path], (len(name) * 11, 1))
        self.moved()

    def test_2_gone_and_back(self):
        """missing once is not gone; twice is; history stays and goes on"""
        self.rig.p4("stream", "-d", "-f", "//lab/it's", good=False)
        self.rig.p4("client", "-d", "ws-__lab_it_s", good=False)
        self.rig.p4("stream", "-d", "//lab/it's", good=False)
        self.assertNotIn("//lab/it's", self.rig.streams())
        self.good()
        query = "SELECT state, missing_listings, size_bytes FROM streams WHERE path = '//lab/it''s'"
        self.assertEqual(self.rig.rows(query), [("active", 1, 44)])
        self.good("--list-only", "--server", "demo")
        self.assertEqual(self.rig.rows(query), [("gone", 2, 44)])
        self.rig.save_stream("//lab/it's", "development", "//lab/main")
        self.moved()
        self.assertEqual(self.rig.rows(query)[0][0], "active")

    def test_3_missing_while_changed(self):
        """a change made while a stream was missing once is not lost"""
        rig = self.rig
        workspace = rig.workspace("//lab/with-hyphen")
        rig.configure(f"servers:\n  - name: demo\n    p4port: {rig.port}\n    p4user: super\n    stream_mask: main\n")
        workspace.put("own.c", 4711)
        workspace.submit()
        self.good()
        rig.configure()
        self.moved()
        self.assertEqual(rig.measured()["//lab/with-hyphen"], (4711, 1))

    def test_4_mask(self):
        """the mask chooses by name"""
        rig = self.rig
        rig.save_stream("//lab/x1", "development", "//lab/main", name="qa-role-1")
        rig.configure(f"servers:\n  - name: demo\n    p4port: {rig.port}\n    p4user: super\n")
        self.good()
        self.assertEqual(list(rig.measured()), ["//lab/x1"])
        self.assertEqual(rig.measure("--server", "demo", "--stream", "//lab/main").returncode, 1)
        rig.configure()
        self.moved()

    def test_5_renamed_server(self):
        """renaming keeps everything, leaving the file retires, listing again returns"""
        rig = self.rig
        before = rig.everything()
        rig.configure(f"servers:\n  - name: other\n    p4port: {rig.port.upper()}\n    p4user: super\n    stream_mask: '*'\n")
        self.assertEqual(rig.rows("SELECT name, retired_at FROM servers"), [("other", None)])
        rig.configure("servers: []\n")
        self.assertEqual(rig.measure("other").returncode, 1)
        self.assertEqual(rig.measure("--all").returncode, 0)
        self.assertEqual(rig.everything(), before)
        broken = rig.configure("servers:\n  - name: demo\n    p4port: nowhere\n    p4user: u\n")
        self.assertEqual(broken.returncode, 78)
        self.assertIn("servers.yaml:3: p4port", broken.stderr)
        rig.configure()
        self.assertEqual(rig.everything(), before)
        self.moved()

    def test_6_own_timer(self):
        """the common timer leaves a server with an interval to its own timer"""
        rig = self.rig
        rig.configure((rig.folder / "config/servers.yaml").read_text() + "    interval: 1h\n")
        self.good("--all", TRIGGER_UNIT="weir-measure.timer")
        self.assertEqual(rig.commands(), [])
        self.good("--all")
        self.assertIn("streams", rig.commands())


if __name__ == "__main__":
    tap.main()
