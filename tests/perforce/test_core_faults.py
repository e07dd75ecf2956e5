#!/usr/bin/python3
"""Faults on request, monitor, many connections at once, and peers that speak nonsense."""

import contextlib
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import tap
from servercase import ServerCase
from wireclient import HERE, Client, Server


class Faults(ServerCase):
    @classmethod
    def prepare(cls):
        for number in range(50):
            cls.good("counter", f"c{number:02d}", "x" * 100)

    def setUp(self):
        self.addCleanup(self.server.control, "reset")

    def test_latency(self):
        """a delay before every command, or before one"""
        self.server.control("latency", "0.3", "counters")
        times = []
        for name in ("keys", "counters"):
            start = time.monotonic()
            self.good(name)
            times.append(time.monotonic() - start)
        self.assertLess(times[0], 0.3)
        self.assertGreaterEqual(times[1], 0.3)

    def test_refuse(self):
        """connections are closed at once, until it is over"""
        self.server.control("refuse", "on")
        with self.assertRaises(Exception):
            self.p4("info")
        self.server.control("refuse", "off")
        self.good("info")

    def test_drop(self):
        """the answer ends after so many bytes, for the next connections only"""
        full = self.good("counters")
        self.assertEqual(len(full.records), 50)
        self.server.control("drop", "3000", "1")
        cut = self.p4("counters")
        self.assertFalse(cut.released)
        self.assertTrue(0 < len(cut.records) < 50)
        self.assertTrue(self.p4("counters").released)

    def test_hang(self):
        """a hung command shows in monitor and can be terminated"""
        self.server.control("hang", "counters")
        results = []
        thread = threading.Thread(target=lambda: results.append(self.server.client().run("counters")))
        thread.start()

        def hung() -> list[dict]:
            return [r for r in self.p4("monitor", "show").records if r["command"] == "counters"]
        self.server.wait_for(hung)
        self.good("info")
        ident = hung()[0]["id"]
        self.assertEqual(self.p4("monitor", "terminate", ident).infos,
                         [f"** process '{ident}' marked for termination **"])
        thread.join(10)
        self.check_error(results[0], "Command terminated by 'p4 monitor terminate'.", 3, 35)

    def test_limits(self):
        """MaxScanRows and the like for one user"""
        self.server.control("limit", "super", "maxscanrows", "10")
        result = self.p4("counters")
        self.assertEqual([(m.text, m.generic) for m in result.messages],
                         [("Too many rows scanned (over 10); see 'p4 help maxscanrows'.", 35)])
        self.assertEqual(self.as_user("other").run("counters").errors, [])
        self.server.control("limit", "super", "maxscanrows", "off")
        self.good("counters")

    def test_bad_requests(self):
        """the control command says what is wrong, and the server goes on"""
        for words in (["nix"], ["latency", "soon"], ["refuse", "maybe"], ["drop"],
                      ["limit", "u", "maxdogs", "1"]):
            with self.subTest(words=words), self.assertRaises(AssertionError):
                self.server.control(*words)
        done = subprocess.run([sys.executable, HERE / "p4d-control", "-r", "/nonexistent", "ping"],
                              capture_output=True)
        self.assertEqual(done.returncode, 1)
        self.good("info")


class Monitor(ServerCase):
    def test_show(self):
        self.assertRegex(self.plain("monitor", "show").lines[0], r"^ *\d+ R super      00:00:00 monitor $")
        self.assertRegex(self.plain("monitor", "show", "-ale").lines[0],
                         r"^ *\d+ wireclient 127\.0\.0\.1 R super ws 00:00:00 monitor show -ale$")
        record = self.p4("monitor", "show", "-a").records[0]
        self.assertEqual(list(record), ["id", "status", "user", "time", "command", "args"])

    def test_refusals(self):
        self.check_error(self.p4("monitor", "terminate", "1"), "Invalid session identifier: 1", 3, 1)
        self.assertTrue(self.p4("monitor", "sing").errors[0].startswith("Usage: monitor {"))
        self.good("configure", "set", "monitor=0")
        self.check_error(self.p4("monitor", "show"), "Monitor not currently enabled.", 3, 35)
        self.good("configure", "unset", "monitor")


class Connections(ServerCase):
    def raw(self, data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self.server.port), timeout=10) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while part := sock.recv(65536):
                    received += part
            except ConnectionResetError:
                pass
            return received

    def test_nonsense(self):
        """whatever arrives instead of frames, the server closes and lives on"""
        for data in (b"", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 100, struct.pack("<I", 0x7FFFFFFF),
                     os.urandom(1000), struct.pack("<II", 8, 0xFFFFFFFF) + b"abcd",
                     struct.pack("<I", 12) + b"\4\0\0\0func\0\0\0\0"):
            with self.subTest(data=data[:16]):
                self.assertEqual(self.raw(data), b"")
        self.good("info")

    def test_many(self):
        """twenty clients at once, each with its own connection"""
        errors = []

        def work(number: int):
            client = self.server.client(user=f"u{number}")
            for _ in range(5):
                result = client.run("counter", "-i", "shared")
                errors.extend(result.errors)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((errors, self.p4("counter", "shared").records[0]["value"]), ([], "100"))

    def test_batch(self):
        """several commands on one connection"""
        client = self.server.client()
        channel = client.connect()
        self.addCleanup(channel.close)
        for number in range(3):
            self.assertEqual(client.run_on(channel, "counter", "-i", "batch").records[0]["value"],
                             str(number + 1))

    def test_fast(self):
        """a command on an idle connection costs the server less than 5 ms"""
        client = self.server.client()
        channel = client.connect()
        self.addCleanup(channel.close)
        times = []
        for _ in range(50):
            start = time.monotonic()
            client.run_on(channel, "counter", "change")
            times.append(time.monotonic() - start)
        self.assertLess(sorted(times)[len(times) // 2], 0.005)


class CommandLine(unittest.TestCase):
    def p4d(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, HERE / "p4d", *args], capture_output=True, text=True,
                              timeout=60)

    @staticmethod
    def end(process: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)

    def wait_gone(self, port: int) -> None:
        for _ in range(500):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
            except ConnectionRefusedError:
                return
            time.sleep(0.01)
        self.fail("the server still listens")

    def test_version(self):
        done = self.p4d("-V")
        self.assertEqual((done.returncode, "Rev. P4D/" in done.stdout), (0, True))

    def test_long_root(self):
        """the control socket works below a path that is too long for a socket's address"""
        top = tempfile.mkdtemp(prefix="p4d-")
        self.addCleanup(shutil.rmtree, top)
        root = os.path.join(top, *["a-rather-long-name-of-a-directory"] * 6)
        os.makedirs(root)
        server = Server(root)
        self.addCleanup(server.stop)
        self.assertEqual(server.control("ping"), "")

    def test_unicode(self):
        """a unicode server (p4d -xi) refuses clients without a character set, another one those with one"""
        server = Server()
        self.addCleanup(server.stop)
        plain, utf8, auto = (server.client(charset=charset) for charset in ("none", "utf8", "auto"))
        self.assertEqual(plain.run("users").errors + auto.run("users").errors, [])
        self.assertEqual([(m.text, m.severity, m.generic) for m in utf8.run("users").messages],
                         [("Unicode clients require a unicode enabled server.", 3, 36)])
        server.kill()
        self.assertEqual(self.p4d("-r", server.root, "-xi").returncode, 0)
        server.start()
        self.assertEqual([(m.text, m.severity, m.generic) for m in plain.run("users").messages],
                         [("Unicode server permits only unicode enabled clients.", 3, 36)])
        self.assertEqual(utf8.run("info").records[0]["unicode"], "enabled")
        self.assertEqual(auto.run("users").errors, [])

    def test_daemon(self):
        """-d goes to the background with its log in -L; SIGTERM ends it"""
        root = tempfile.mkdtemp(prefix="p4d-")
        self.addCleanup(shutil.rmtree, root)
        log = os.path.join(root, "log")
        command = [sys.executable, HERE / "p4d", "-r", root, "-p", "127.0.0.1:0", "-d", "-L", log]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=60)
        port = int(done.stdout.strip().rstrip(".").rpartition(":")[2])
        record = Client(port).run("monitor", "show").records[0]
        daemon = int(record["id"]) - 1  # commands are numbered from the server's process id on
        self.addCleanup(self.end, daemon)
        os.kill(daemon, signal.SIGTERM)
        self.wait_gone(port)
        self.assertTrue(os.path.exists(log))

    def test_errors(self):
        """a root or a port that cannot be used is reported, with status 1"""
        done = self.p4d("-r", "/nonexistent", "-p", "1")
        self.assertEqual((done.returncode, "Root directory" in done.stderr), (1, True))
        server = Server()
        self.addCleanup(server.stop)
        for port in (f"127.0.0.1:{server.port}", "nowhere", "1666x"):
            with self.subTest(port=port):
                done = self.p4d("-r", server.root, "-p", port)
                self.assertEqual((done.returncode, "Listen" in done.stderr), (1, True))


if __name__ == "__main__":
    tap.main()
