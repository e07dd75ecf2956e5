#!/usr/bin/python3
"""SSL ports and trust: the server's credentials, first contact, changed keys, `p4 trust`, and weir's pinned
fingerprints."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import tap
from frameserver import P4
from weirrig import Rig, missing
from wireclient import HERE, Server

OTHER = ":".join(["AB"] * 20)


class Credentials:
    """A P4SSLDIR, and what p4d says about it."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="tls-"))
        self.home = Path(tempfile.mkdtemp(prefix="tls-home-"))

    def remove(self) -> None:
        shutil.rmtree(self.folder)
        shutil.rmtree(self.home)

    def p4d(self, *args: str) -> subprocess.CompletedProcess:
        return subprocess.run([sys.executable, HERE / "p4d", *args], capture_output=True, text=True, check=False,
                              env={**os.environ, "P4SSLDIR": str(self.folder)})

    def renew(self) -> str:
        """Another key; its fingerprint."""
        for file in self.folder.iterdir():
            file.unlink()
        self.p4d("-Gc")
        return self.p4d("-Gf").stdout.removeprefix("Fingerprint: ").strip()

    def server(self, host: str = "127.0.0.1") -> Server:
        os.environ["P4SSLDIR"] = str(self.folder)
        return Server(host=f"ssl:{host}")


@unittest.skipUnless(shutil.which("openssl"), "openssl is not installed")
@unittest.skipUnless(P4.exists(), f"{P4} is not built")
class TlsCase(unittest.TestCase):
    def setUp(self):
        self.credentials = Credentials()
        self.addCleanup(self.credentials.remove)
        self.print = self.credentials.renew()
        self.start()

    def start(self, host: str = "127.0.0.1"):
        self.server = self.credentials.server(host)
        self.addCleanup(self.server.stop)
        self.peer = f"{host}:{self.server.port}"
        self.port = f"ssl:{self.peer}"

    def new_key(self) -> None:
        """The same server under another key."""
        self.old, self.print = self.print, self.credentials.renew()
        self.server.restart()

    def p4(self, *args: str, stdin: str = "", **env: str) -> subprocess.CompletedProcess:
        base = {"HOME": str(self.credentials.home), "P4PORT": self.port, "P4USER": "super", "P4CLIENT": "ws"}
        return subprocess.run([P4, *args], capture_output=True, text=True, check=False, input=stdin,
                              env=base | env, timeout=60)

    def said(self, *args: str, status: int = 0, **options) -> str:
        done = self.p4(*args, **options)
        self.assertEqual((done.returncode, done.stderr), (status, ""))
        return done.stdout

    @property
    def trust_file(self) -> Path:
        return self.credentials.home / ".p4trust"


class Trust(TlsCase):
    UNKNOWN = ("The fingerprint of the server of your P4PORT setting\n'{0.port}' ({0.peer}) is not known.\n"
               "That fingerprint is {0.print}\n")

    def test_first_contact(self):
        """nothing is told to a server that is not trusted; plain text on stderr in every format"""
        expected = ("Perforce client error:\n"
                    f"\tThe authenticity of '{self.peer}' can't be established,\n"
                    "\tthis may be your first attempt to connect to this P4PORT.\n"
                    f"\tThe fingerprint for the key sent to your client is\n\t{self.print}\n"
                    "\tTo allow connection use the 'p4 trust' command.\n")
        for options in ((), ("-G",), ("-ztag", "-Mj")):
            done = self.p4(*options, "info")
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertEqual(done.stderr.replace("\n\t", "\n"), expected.replace("\n\t", "\n"))

    def test_accept(self):
        """yes, no, and answers beforehand"""
        asked = "Are you sure you want to establish trust (yes/no)? "
        unknown = self.UNKNOWN.format(self)
        self.assertEqual(self.said("trust", stdin="no\n", status=1).strip("\n"), (unknown + asked).strip("\n"))
        self.assertEqual(self.said("trust", "-n", status=1), unknown)
        self.assertFalse(self.trust_file.exists())
        added = f"Added trust for P4PORT '{self.port}' ({self.peer})\n"
        self.assertEqual(self.said("trust", stdin="yes\n").split(asked)[1].lstrip("\n"), added)
        self.assertEqual(self.trust_file.read_text(), f"{self.peer}=**++**:{self.print}\n")
        self.assertEqual(self.trust_file.stat().st_mode & 0o077, 0)
        self.assertEqual(self.said("trust", "-y"), "Trust already established.\n")
        self.assertEqual(self.said("trust", "-l"), f"{self.peer} (**++**) {self.print}\n")
        self.assertIn("Server encryption: encrypted\n", self.said("info"))
        self.assertEqual(self.said("trust", "-d"), f"Removed trust for P4PORT '{self.port}' ({self.peer})\n")
        self.assertEqual(self.said("trust", "-y"), self.UNKNOWN.format(self) + added)

    def test_changed(self):
        """another key: refused, and replaced only by force"""
        self.said("trust", "-y")
        self.new_key()
        done = self.p4("info")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("******* WARNING P4PORT IDENTIFICATION HAS CHANGED! *******", done.stderr)
        self.assertIn(self.print, done.stderr)
        done = self.p4("trust", "-y")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stdout, "Can't trust mismatched P4PORT key without the '-f' force option.\n")
        self.assertEqual(self.p4("info").returncode, 1)
        self.assertIn("Added trust", self.p4("trust", "-f", "-y").stdout)
        self.assertEqual(self.p4("info").returncode, 0)

    def test_entered(self):
        """a fingerprint from elsewhere: also a wrong one is entered, and then refuses"""
        self.assertIn("Added trust", self.said("trust", "-i", OTHER))
        self.assertIn("IDENTIFICATION HAS CHANGED", self.p4("info").stderr)
        done = self.p4("trust", "-f", "-i", self.print)
        self.assertEqual(done.returncode, 0)
        self.assertIn("IDENTIFICATION HAS CHANGED", done.stderr)
        self.assertEqual(self.p4("info").returncode, 0)

    def test_replacement(self):
        """a key announced beforehand takes over"""
        self.said("trust", "-y")
        coming = Credentials()
        self.addCleanup(coming.remove)
        expected = coming.renew()
        self.assertIn("Added trust", self.said("trust", "-r", "-i", expected))
        self.assertEqual(self.said("trust", "-r", "-l"), f"{self.peer} (++++++) {expected}\n")
        for file in coming.folder.iterdir():
            shutil.copy(file, self.credentials.folder / file.name)
        self.server.restart()
        self.assertEqual(self.p4("info").returncode, 0)
        self.assertEqual(self.trust_file.read_text(), f"{self.peer}=**++**:{expected}\n")

    def test_usage(self):
        """one of -y -n -d -l -i; no arguments; plain ports"""
        for words in (("-y", "-n"), ("-l", "-d"), ("-i", OTHER, "-y"), ("-x",), ("word",)):
            done = self.p4("trust", *words)
            self.assertEqual(done.returncode, 1, words)
            self.assertIn("Only one of -y -n -d -l -i is allowed.", done.stderr)
        plain = Server()
        self.addCleanup(plain.stop)
        done = self.p4("trust", P4PORT=f"127.0.0.1:{plain.port}")
        self.assertEqual((done.returncode, done.stdout), (0, "Only SSL connections require trust\n"))

    def test_p4trust(self):
        """the file of P4TRUST"""
        file = self.credentials.home / "other"
        self.said("trust", "-y", P4TRUST=str(file))
        self.assertTrue(file.exists() and not self.trust_file.exists())

    def test_cleartext(self):
        """no SSL to a port that has it"""
        done = self.p4("info", P4PORT=self.peer)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("Failed client connect, server using SSL.\n\tClient must add SSL protocol prefix to P4PORT.",
                      done.stderr.replace("\nClient must", "\n\tClient must"))

    def test_plain_server(self):
        """SSL to a port that has none; -vnet.maxwait bounds the handshake with one that says nothing"""
        plain = Server()
        self.addCleanup(plain.stop)
        done = self.p4("info", P4PORT=f"ssl:127.0.0.1:{plain.port}")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"SSL connect to ssl:127\.0\.0\.1:\d+ failed \(.+\)\.\n\t"
                         "Remove SSL protocol prefix from P4PORT or fix the TLS settings")
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = self.p4("-vnet.maxwait=1", "info", P4PORT=f"ssl:127.0.0.1:{silent.getsockname()[1]}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("failed (Connection timed out).", done.stderr)

    def test_much(self):
        """large answers and contents both ways, several commands over a connection"""
        self.said("trust", "-y")
        room = self.credentials.home / "ws"
        room.mkdir()
        self.p4("depot", "-i", stdin="Depot: big\nType: local\nMap: big/...\n")
        self.p4("client", "-i", stdin=f"Client: ws\nOwner: super\nRoot: {room}\nView:\n\t//big/... //ws/...\n")
        data = os.urandom(3_000_000)
        (room / "large.bin").write_bytes(data)
        for number in range(300):
            (room / f"f{number}.txt").write_text(f"file {number}\n" * 50)
        self.said("-x", "-", "add", stdin="".join(f"{file}\n" for file in sorted(room.iterdir())))
        self.said("submit", "-d", "much")
        shutil.rmtree(room)
        self.said("sync", "-f", "-q")
        self.assertEqual((room / "large.bin").read_bytes(), data)
        self.assertEqual(len(list(room.iterdir())), 301)


class Folder(unittest.TestCase):
    def test_credentials(self):
        """p4d -Gc and -Gf, and folders that are not safe"""
        made = Credentials()
        self.addCleanup(made.remove)
        self.assertIn("Either privatekey.txt or certificate.txt files do not exist.", made.p4d("-Gf").stderr)
        self.assertEqual(made.p4d("-Gc").returncode, 0)
        self.assertRegex(made.p4d("-Gf").stdout, r"^Fingerprint: ([0-9A-F]{2}:){19}[0-9A-F]{2}\n$")
        self.assertIn("P4SSLDIR contains credentials", made.p4d("-Gc").stderr)
        made.folder.chmod(0o755)
        done = made.p4d("-r", "/tmp", "-p", "ssl:127.0.0.1:0")
        self.assertEqual(done.returncode, 1)
        self.assertIn("P4SSLDIR directory or key and certificate files not secure.", done.stderr)


@unittest.skipIf(missing(), missing())
class Measured(TlsCase):
    """weir-measure of a server whose fingerprint is pinned."""

    def setUp(self):
        super().setUp()
        self.rig = Rig()
        self.addCleanup(self.rig.stop)

    def pin(self, trust: str | None) -> subprocess.CompletedProcess:
        line = f"    trust: {trust}\n" if trust else ""
        return self.rig.configure(f"servers:\n  - name: demo\n    p4port: {self.port}\n    p4user: super\n"
                                  f"    stream_mask: '*'\n{line}")

    def state_after_run(self) -> tuple[int, str]:
        status = self.rig.measure("demo").returncode
        return status, self.rig.rows("SELECT state FROM servers WHERE p4port = ?", self.port)[0][0]

    def test_pinned(self):
        """the right fingerprint measures, a wrong one or none does not; a new key needs its own"""
        self.pin(self.print.lower())
        self.assertEqual(self.state_after_run(), (0, "ok"))
        self.pin(OTHER)
        self.assertEqual(self.state_after_run()[1], "trust")
        self.pin(self.print)
        self.assertEqual(self.state_after_run(), (0, "ok"))
        self.new_key()
        self.assertEqual(self.state_after_run()[1], "trust")
        self.pin(self.print)
        self.assertEqual(self.state_after_run(), (0, "ok"))

    def test_unpinned(self):
        """first contact without a pin"""
        self.pin(None)
        status, state = self.state_after_run()
        self.assertEqual(state, "trust")
        self.assertNotEqual(status, 0)


if __name__ == "__main__":
    tap.main()
