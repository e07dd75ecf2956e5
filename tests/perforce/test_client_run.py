#!/usr/bin/python3
"""The C client while commands run: batches, forms, and what it does when things go wrong."""

import marshal
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402
from frameserver import LENGTH, P4, Command, Folder, FrameServer, Peer, pack, quiet, run_p4  # noqa: E402

CLOSED = b"Perforce client error:\n\tPartner exited unexpectedly.\n"
INFO = 1 << 28


class Batches(Folder):
    def commands(self, *args: str, stdin: bytes = b"", handler=quiet) -> list[tuple[str, list[bytes]]]:
        with FrameServer(handler) as server:
            self.done = server.p4(*args, stdin=stdin)
        return [(command.name, command.args) for command in server.commands]

    def test_arguments(self) -> None:
        """-x adds lines to the command, batch by batch; blank lines are empty arguments"""
        lines = b"one\n\ntwo words\n\xff\nlast"
        self.assertEqual(self.commands("-x", "-", "-b", "2", "files", "-e", stdin=lines),
                         [("files", [b"-e", b"one", b""]), ("files", [b"-e", b"two words", b"\xff"]),
                          ("files", [b"-e", b"last"])])
        self.assertEqual([len(args) for _, args in self.commands("-x", "-", "files", stdin=b"a\n" * 300)],
                         [128, 128, 44])
        self.assertEqual(self.commands("-x", "-", "files", stdin=b""), [])
        self.assertEqual(len(self.commands("-x", "-", "-b0", "files", stdin=b"a\nb\n")), 2)

    def test_no_file(self) -> None:
        """a file that is not there"""
        self.assertEqual(self.commands("-s", "-x", "/no/file", "files"), [])
        self.assertEqual((self.done.status, self.done.stdout), (1, b"exit: 1\n"))
        self.assertEqual(self.done.stderr,
                         b"Perforce client error:\n\topen for read: /no/file: No such file or directory\n")

    def test_run(self) -> None:
        """-x FILE run runs its lines over one connection; forms end with a dot"""
        script = self.write("script", 'info -s\n\n  files "two words" a"b c"d\nchange -i\nchange -i\n')
        forms = []

        def handler(peer: Peer, command: Command) -> None:
            if command.name == "change":
                forms.append(peer.ask("client-InputData")[b"data"])
        self.assertEqual(self.commands("-x", str(script), "run", stdin=b"one\nform\n.\nother\n",
                                       handler=handler),
                         [("info", [b"-s"]), ("files", [b"two words", b"ab cd"]), ("change", [b"-i"]),
                          ("change", [b"-i"])])
        self.assertEqual(forms, [b"one\nform\n", b"other\n"])

    def test_run_stops(self) -> None:
        """a fatal message ends -x FILE run, a failed one does not"""
        def handler(peer: Peer, command: Command) -> None:
            peer.message(4 if command.name == "die" else 3, 33, "bad")
        commands = self.commands("-x", "-", "run", stdin=b"one\ndie\nthree\n", handler=handler)
        self.assertEqual([name for name, _ in commands], ["one", "die"])
        self.assertEqual(self.done.status, 1)

    def test_drop_ends(self) -> None:
        """a lost connection ends a batch"""
        self.assertEqual(len(self.commands("-x", "-", "-b1", "files", stdin=b"a\nb\n", handler=lambda p,
                                           c: p.drop())), 1)


class Input(Folder):
    SPEC = ("Change;code:201;rq;fmt:L;len:10;;Date;code:202;type:date;;Description;code:206;type:text;rq;;"
            "Options;code:1;type:line;;Type;code:2;type:select;opt:default;;Files;code:210;type:llist;;"
            "View;code:311;fmt:C;type:wlist;words:2;len:64;;")

    def form(self, fields: dict, *args: str) -> bytes:
        answers = []

        def handler(peer: Peer, command: Command) -> None:
            answers.append(peer.ask("client-InputData", specdef=self.SPEC)[b"data"])
        with FrameServer(handler) as server:
            self.done = server.p4(*(args or ["-G"]), "change", "-i", stdin=marshal.dumps(fields, 0))
        return answers[0]

    def test_rebuilt(self) -> None:
        """a form is rebuilt from its dictionary and its definition"""
        form = self.form({"Description": "one\n\ntwo", "Change": "new", "Files0": "//a/b",
                          "Files1": "//a/c\t# edit",
                          "Unknown": "x", "View0": "//a/... //b/...", "View1": "",
                          "View2": "//c/... //d/...",
                          "ViewComment0": "## why", "FilesComment1": "note", "DateComment": "##when",
                          "Date": "2024/01/02"})
        self.assertEqual(form.decode(),
                         "Change:\tnew\n\nDate:\t2024/01/02\t# when\n\nDescription:\n\tone\n\t\n\ttwo\n\n"
                         "Type:\n\nFiles:\n\t//a/b\n\t//a/c\t# edit\t# note\n\n"
                         "View:\n\t//a/... //b/...\t## why\n\t//c/... //d/...\n")
        self.assertEqual(self.done.stdout, b"")

    def test_bytes(self) -> None:
        """strings of both kinds, values that are no text"""
        form = self.form({b"Change": b"\xff\xfe", "Description": "é"})
        self.assertEqual(form, b"Change:\t\xff\xfe\n\nDescription:\n\t\xc3\xa9\n\nType:\n")

    def test_mistakes(self) -> None:
        """what is no dictionary is complained about and an empty form sent on"""
        for stdin, times in ((b"", 2), (b"{s\x06\0\0\0Change", 1), (b"[1]", 2),
                             (b"{i\x01\0\0\0s\x01\0\0\0a0", 1),
                             (b"{s\xff\xff\xff\xffab", 1)):
            answers = []

            def handler(peer: Peer, command: Command) -> None:
                answers.append(peer.ask("client-InputData", specdef=self.SPEC)[b"data"])
            with FrameServer(handler) as server:
                done = server.p4("-G", "change", "-i", stdin=stdin)
            self.assertEqual(marshal.loads(done.stdout)[b"data"],
                             b"Invalid marshalled data supplied as input.\n" * times)
            self.assertEqual((answers, done.status), ([b""], 0))

    def test_raw(self) -> None:
        """without a definition, or in other formats, stdin goes as it is"""
        data = os.urandom(100000)
        for args in ([], ["-G"], ["-s"]):
            answers = []

            def handler(peer: Peer, command: Command) -> None:
                answers.append(peer.ask("client-InputData")[b"data"])
            with FrameServer(handler) as server:
                server.p4(*args, "attribute", "-i", stdin=data)
            self.assertEqual(answers, [data])

    def test_field(self) -> None:
        """--field changes a form that is printed"""
        def handler(peer: Peer, command: Command) -> None:
            if command.name == "list":
                peer.record([("change", "1")])
                peer.record([("change", "2")])
                return
            peer.record([("Change", "7"), ("Description", "old\n"), ("Files0", "//a"), ("Files1", "//b"),
                         ("specdef", self.SPEC), ("specFormatted", "")])
        with FrameServer(handler) as server:
            done = server.p4("--field", "description=new text", "--field=Files+=//c", "--field", "Change+=8",
                             "change", "-o")
            self.assertEqual(done.stdout.decode(), "Change:\t78\n\nDescription:\n\tnew text\n\nType:\n\n"
                             "Files:\n\t//a\n\t//b\n\t//c\n")
            done = server.p4("--field", "Files=//only", "change", "-o")
            self.assertTrue(done.stdout.endswith(b"Files:\n\t//only\n"))
            self.assertEqual(server.p4("--field", "Nope=1", "change", "-o").stderr,
                             b"Unknown field name 'Nope'.\n")
            self.assertEqual(server.p4("--field", "=1", "change", "-o").stderr,
                             b"Usage: --field Field=value\n")
            self.assertEqual(server.p4("--field", "A=1", "list").stderr,
                             b"This command did not return a spec.  Try 'p4 (spectype) -o'?\n")

    def test_editor(self) -> None:
        """the editor's words, its file, its result; no file stays behind"""
        script = self.write("editor",
                            '#!/bin/sh\necho "$1 $#" >> $LOG\ncat "$2" >> $LOG\nprintf changed > "$2"\n')
        script.chmod(0o755)
        answers = []

        def handler(peer: Peer, command: Command) -> None:
            answers.append(peer.ask("client-EditData", data="form\n"))
        env = {"P4EDITOR": f"{script} -w", "LOG": str(self.folder / "log"),
               "TMPDIR": str(self.folder / "tmp"),
               "PATH": os.environ["PATH"]}
        (self.folder / "tmp").mkdir()
        with FrameServer(handler) as server:
            self.assertEqual(run_p4("-p", server.port, "change", env=env).status, 0)
            missing = run_p4("-p", server.port, "change", env={**env, "P4EDITOR": "/no/editor"})
            run_p4("-p", server.port, "change", env={**env, "P4EDITOR": "true"})
        self.assertEqual((answers[0][b"data"], b"changed" in answers[0]), (b"changed", True))
        self.assertEqual((self.folder / "log").read_text(), "-w 2\nform\n")
        self.assertEqual(missing.stderr, b"exec: /no/editor: No such file or directory\n")
        self.assertEqual((missing.status, answers[1][b"status"]), (1, b"error"))
        self.assertEqual((answers[2][b"data"], b"changed" in answers[2]), (b"form\n", False))
        self.assertEqual(list((self.folder / "tmp").iterdir()), [])


class Trouble(Folder):
    def scripted(self, data: bytes) -> tuple[int, bytes, bytes]:
        """A server that answers the connection with these bytes and closes."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)

        def serve() -> None:
            connection, _ = listener.accept()
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            while connection.recv(65536):
                pass
            connection.close()
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        done = run_p4("-p", "127.0.0.1:%d" % listener.getsockname()[1], "files", timeout=20)
        thread.join(20)
        return done.status, done.stdout, done.stderr

    def test_drop_anywhere(self) -> None:
        """the server goes away at any byte: status 1, what came is shown, the reason is told"""
        hello = pack([("func", "server-hello"), ("serverAddress", "a:1")])
        line = pack([("func", "message"), ("code", INFO), ("fmt", "%x% there"), ("x", "line")])
        record = pack([("func", "record"), ("a", "1"), ("b", "")])
        release = pack([("func", "release")])
        stream = hello + line + record
        for size in range(len(stream) + 1):
            status, stdout, stderr = self.scripted(stream[:size])
            shown = (b"line there\n" if size >= len(hello + line) else b"") + \
                    (b"... a 1\n... b \n\n" if size == len(stream) else b"")
            told = b"" if size < len(hello) else b"Partner exited unexpectedly.\n"
            self.assertEqual((status, stdout, stderr), (1, shown, told + CLOSED), size)
        self.assertEqual(self.scripted(stream + release), (0, b"line there\n... a 1\n... b \n\n", b""))

    def test_hostile(self) -> None:
        """what is no frame ends it with a message"""
        hello = pack([("func", "server-hello")])
        bad = [b"\xff" * 8, LENGTH.pack(16 * 1024 * 1024 + 1), LENGTH.pack(0), LENGTH.pack(3) + b"abc",
               LENGTH.pack(8) + LENGTH.pack(100) + b"abcd",
               LENGTH.pack(8) + LENGTH.pack(0xffffffff) + b"abcd",
               pack([("func", "info")])[:4] + LENGTH.pack(4) + b"func" + LENGTH.pack(0xfffffff0) + b"info",
               pack([("data", "no function")]), b"HTTP/1.0 400 Bad Request\r\n\r\n",
               b"SSH-2.0-OpenSSH\r\n" * 9]
        for data in bad:
            for start in (b"", hello):
                status, stdout, stderr = self.scripted(start + data)
                self.assertEqual((status, stdout), (1, b""), data)
                self.assertIn(b"RpcTransport: partner is not a Perforce client/server.\n", stderr, data)

    def test_strange_messages(self) -> None:
        """codes, levels and templates that no server sends"""
        def handler(peer: Peer, command: Command) -> None:
            for code in ("", "x", "-1", "99999999999999999999", str(0xffffffff), str(1 << 28 | 0xff << 16)):
                peer.send("message", code=code, fmt="[%a%" * 50 + "%'" * 50 + "]" * 50)
            peer.send("message", **{f"code{i}": INFO for i in range(30)},
                      **{f"fmt{i}": f"m{i}" for i in range(30)})
            peer.send("message", fmt="no code", data="its data")
            peer.send("info", level="4294967296", data="level")
            peer.send("info")
            peer.send("text")
            peer.send("record")
            peer.send("no-such-function", data="x")
            peer.send("client-NoSuch", data="x")
            peer.send_pairs([("func", "record")] + [(f"key{i}", "v") for i in range(50000)])
        with FrameServer(handler) as server:
            for args in ([], ["-s"], ["-ztag"], ["-G"], ["-Mj"], ["-e"], ["-F", "%a%[%b%|c]"]):
                done = server.p4(*args, "x")
                self.assertEqual(done.status, 1, args)
                self.assertIn(b"level" if "-F" in args else b"its data", done.stdout, args)

    def test_wait(self) -> None:
        """-vnet.maxwait bounds each wait"""
        def handler(peer: Peer, command: Command) -> None:
            time.sleep(1.5)
        with FrameServer(handler) as server:
            began = time.monotonic()
            done = server.p4("-vnet.maxwait=1", "info")
            self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(done.status, 1)
        self.assertIn(b"TCP receive exceeded maximum configured duration of 1 seconds.", done.stderr)

    def test_retries(self) -> None:
        """-r starts over when the connection is lost, as often as it says"""
        def handler(peer: Peer, command: Command) -> None:
            if len(server.commands) < 3:
                peer.drop()
            peer.send("info", level=0, data="at last")
        for retries, status, commands in (("2", 0, 3), ("1", 1, 2)):
            with FrameServer(handler) as server:
                done = server.p4("-r", retries, "info")
            self.assertEqual((done.status, len(server.commands)), (status, commands))

    def test_refusal_before_hello(self) -> None:
        """messages before the introduction are shown"""
        message = pack([("func", "message"), ("code", 3 << 28 | 35 << 16), ("fmt", "Too many friends.")])
        self.assertEqual(self.scripted(message), (1, b"", b"Too many friends.\n" + CLOSED))

    def test_too_large(self) -> None:
        """a command that does not fit into a frame is not sent"""
        line = self.write("huge", b"x" * (17 * 1024 * 1024))
        with FrameServer(quiet) as server:
            done = server.p4("-x", str(line), "files")
        self.assertEqual((done.status, server.commands), (1, []))
        self.assertIn(b"Rpc buffer too big to send!", done.stderr)

    def test_no_reader(self) -> None:
        """stdout that is full or closed fails, and soon"""
        def handler(peer: Peer, command: Command) -> None:
            for _ in range(200):
                peer.send("info", level=0, data="x" * 20000)
        with FrameServer(handler) as server:
            with open("/dev/full", "wb") as full:
                self.assertEqual(subprocess.run([P4, "-p", server.port, "x"], stdout=full, env={},
                                                check=False).returncode, 1)
            for restore, status in ((True, -signal.SIGPIPE), (False, 1)):  # services have SIGPIPE ignored
                with subprocess.Popen([P4, "-p", server.port, "x"], stdout=subprocess.PIPE, env={},
                                      restore_signals=restore) as process:
                    process.stdout.close()
                    self.assertEqual(process.wait(20), status)

    def test_order(self) -> None:
        """stdout and stderr on one descriptor keep their order"""
        def handler(peer: Peer, command: Command) -> None:
            for i in range(50):
                peer.send("info", level=0, data=f"line {i}")
                peer.message(2, 17, "warning %i%", i=str(i))
        with FrameServer(handler) as server:
            done = subprocess.run([P4, "-p", server.port, "x"], stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT,
                                  env={}, check=False)
        self.assertEqual(done.stdout.decode().splitlines(),
                         [text for i in range(50) for text in (f"line {i}", f"warning {i}")])

    def test_nothing_held_back(self) -> None:
        """what the server said is out while it thinks on"""
        release = threading.Event()

        def handler(peer: Peer, command: Command) -> None:
            peer.record([("a", "1")])
            release.wait(20)
        with FrameServer(handler) as server:
            with subprocess.Popen([P4, "-p", server.port, "-G", "x"], stdout=subprocess.PIPE,
                                  env={}) as process:
                self.assertEqual(marshal.load(process.stdout), {b"code": b"stat", b"a": b"1"})
                release.set()
                self.assertEqual(process.wait(10), 0)

    def test_stream(self) -> None:
        """many records pass in constant memory"""
        record = pack([("func", "record"), ("depotFile", "//garden/beds/" + "r" * 60), ("rev", "7"),
                       ("fileSize", "90210")])

        peaks = []

        def handler(peer: Peer, command: Command) -> None:
            for _ in range(200):
                peer.send_bytes(record * 1000)
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks.append(int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]))

        with FrameServer(handler) as server:
            for args in (["-G"], ["-ztag", "-Mj"], ["-ztag"]):
                with subprocess.Popen([P4, "-p", server.port, *args, "x"], stdout=subprocess.PIPE,
                                      env={}) as process:
                    size = 0
                    while piece := process.stdout.read(1 << 20):
                        size += len(piece)
                    self.assertEqual(process.wait(10), 0)
                self.assertGreater(size, 200000 * 100)
        if b"__asan_init" not in P4.read_bytes():
            self.assertLess(max(peaks), 6 * 1024)


if __name__ == "__main__":
    tap.main()
