#!/usr/bin/python3
"""The C client beside its formats: settings, ports, tickets, batches, prompts, and what it does when things go wrong."""

import marshal
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402
from frameserver import LENGTH, P4, Command, FrameServer, Peer, pack, run_p4  # noqa: E402

CLOSED = b"Perforce client error:\n\tPartner exited unexpectedly.\n"
INFO = 1 << 28


def quiet(peer: Peer, command: Command) -> None:
    """A server that has nothing to say."""


class Folder(unittest.TestCase):
    """A test with a directory of its own."""

    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name).resolve()

    def write(self, name: str, content: bytes | str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


class Settings(Folder):
    def env(self, **more: str) -> dict[str, str]:
        return {"HOME": str(self.folder / "home"), **more}

    def set_lines(self, *args: str, cwd: Path | None = None, **env: str) -> dict[bytes, bytes]:
        done = run_p4(*args, "set", env=self.env(**env), cwd=cwd or self.folder)
        self.assertEqual((done.status, done.stderr), (0, b""))
        return dict(line.split(b"=", 1) for line in done.stdout.splitlines())

    def test_precedence(self) -> None:
        """-E, the nearest P4CONFIG, the environment, P4ENVIRO: the first that has a variable wins"""
        self.write("home/.p4enviro", "P4USER=from-enviro\nP4EDITOR=ed\nP4HOST=h\n")
        self.write(".p4config", "P4CLIENT=outer\nP4HOST=outer-host\n# P4PORT=no\nP4DIFF = x\n")
        inner = self.write("a/b/.p4config", "P4CLIENT=inner  \r\nP4CLIENT=second\n\nno equals sign\nP4MERGE=a=b").parent
        lines = self.set_lines(cwd=inner, P4CONFIG=".p4config", P4CLIENT="env", P4USER="env-user", PWD="/tmp")
        self.assertEqual(lines[b"P4CLIENT"], b"inner (config '%s/.p4config')" % bytes(inner))
        self.assertEqual(lines[b"P4HOST"], b"outer-host (config '%s/.p4config')" % bytes(self.folder))
        self.assertEqual(lines[b"P4MERGE"], b"a=b (config '%s/.p4config')" % bytes(inner))
        self.assertEqual(lines[b"P4USER"], b"env-user")
        self.assertEqual(lines[b"P4EDITOR"], b"ed (enviro)")
        self.assertEqual(lines[b"P4CONFIG"], b".p4config (config '%s/.p4config', '%s/.p4config' )"
                         % (bytes(inner), bytes(self.folder)))
        self.assertNotIn(b"P4PORT", lines)

    def test_used(self) -> None:
        """what the server is told comes from there, options first"""
        self.write(".p4config", "P4CLIENT=cfg-ws\nP4USER=cfg user\n")
        with FrameServer(quiet) as server:
            env = self.env(P4PORT=server.port, P4CONFIG=".p4config", P4HOST="box")
            run_p4("info", env=env, cwd=self.folder)
            run_p4("-u", "opt", "-c", "ws", "-c", "later", "-H", "other", "-d", "/usr", "info", env=env, cwd=self.folder)
            run_p4("-E", "P4CLIENT=updated", "-E", "P4CONFIG=", "info", env=env, cwd=self.folder)
            run_p4("info", env={"P4PORT": server.port, "USER": "shell user", "P4HOST": "deep.example.com"}, cwd="/")
        seen = [(p[b"user"], p[b"client"], p[b"host"], p[b"cwd"]) for p in server.protocols]
        here = bytes(self.folder)
        self.assertEqual(seen, [(b"cfg_user", b"cfg-ws", b"box", here), (b"opt", b"ws", b"other", b"/usr"),
                                (os.environb.get(b"NOUSER", seen[2][0]), b"updated", b"box", here),
                                (b"shell_user", b"deep", b"deep.example.com", b"/")])

    def test_variables(self) -> None:
        """$configdir and $home are replaced, an empty variable is none"""
        self.write("w/.p4config", "P4TICKETS=$configdir/tickets\nP4TRUST=$home/trust\n")
        lines = self.set_lines(cwd=self.folder / "w", P4CONFIG=".p4config")
        self.assertIn(bytes(self.folder / "w/tickets"), lines[b"P4TICKETS"])
        self.assertIn(bytes(self.folder / "home/trust"), lines[b"P4TRUST"])
        self.assertEqual(self.set_lines(P4CONFIG=".none")[b"P4CONFIG"], b".none (config 'noconfig')")
        with FrameServer(quiet) as server:
            run_p4("-p", server.port, "info", env=self.env(P4CLIENT="", P4USER="u", P4HOST="h.x"))
        self.assertEqual(server.protocols[0][b"client"], b"h")

    def test_unreadable(self) -> None:
        """a P4CONFIG that is a directory, a socket, garbage or without end changes nothing"""
        (self.folder / "dir/.p4config").mkdir(parents=True)
        (self.folder / "sock").mkdir()
        with socket.socket(socket.AF_UNIX) as unix:
            unix.bind(str(self.folder / "sock/.p4config"))
            for name in ("dir", "sock"):
                self.assertNotIn(b"P4CLIENT", self.set_lines(cwd=self.folder / name, P4CONFIG=".p4config"))
        self.write("g/.p4config", bytes(range(256)) * 9000 + b"=\n=\n\0=\n")
        os.mkfifo(self.folder / "fifo")
        self.assertEqual(run_p4("set", env=self.env(P4CONFIG=".p4config"), cwd=self.folder / "g").status, 0)
        self.assertEqual(run_p4("set", env=self.env(P4CONFIG="fifo", P4ENVIRO="/dev/zero"), cwd=self.folder).status, 0)

    def test_working_directory(self) -> None:
        """$PWD keeps the way through a symbolic link and is not believed when it leads elsewhere"""
        (self.folder / "real").mkdir()
        (self.folder / "link").symlink_to("real")
        with FrameServer(quiet) as server:
            for pwd in ("link", "real", "elsewhere"):
                run_p4("-p", server.port, "info", env=self.env(PWD=str(self.folder / pwd)), cwd=self.folder / "real")
        names = [os.path.basename(protocol[b"cwd"]) for protocol in server.protocols]
        self.assertEqual(names, [b"link", b"real", b"real"])

    def test_set_writes(self) -> None:
        """p4 set VAR=value writes the P4ENVIRO file, an empty value takes it out, -q prints without the source"""
        enviro = self.write("enviro", "# mine\nP4USER=old\nP4PORT=p:1\n")
        env = self.env(P4ENVIRO=str(enviro))
        self.assertEqual(run_p4("set", "P4USER=new", "P4DIFF=d", "P4PORT=", "P4PASSWD=secret", env=env).status, 0)
        self.assertEqual(enviro.read_text(), "# mine\nP4USER=new\nP4DIFF=d\n")
        self.assertEqual(run_p4("set", "P4USER", env=env).stdout, b"P4USER=new (enviro)\n")
        self.assertEqual(run_p4("set", "-q", "P4USER", "P4PORT", env=env).stdout, b"P4USER=new\n")
        hidden = run_p4("set", "P4USER=x", env={**env, "P4USER": "y"})
        self.assertEqual(hidden.stderr, b"Perforce client warning:\n\tWarning: environment variable hides registry "
                                        b"definition of P4USER.\n")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["enviro"])

    def test_options(self) -> None:
        """mistakes in global options are told on stderr"""
        for args, complaint in ((["-k"], b"Invalid option: -k."), (["--nonsense=3"], b"Invalid option: --nonsense."),
                                (["-p"], b"Option: -p needs argument."), (["--port"], b"Option: --port needs argument."),
                                (["-r", "x", "info"], b"Option: -r needs a non-negative integer argument."),
                                (["--quiet=1"], b"Unexpected arguments.")):
            done = run_p4(*args)
            self.assertEqual((done.status, done.stdout), (1, b""))
            self.assertEqual(done.stderr, b"Perforce client error:\n\tp4 -h for usage.\n\t" + complaint + b"\n")
        self.assertEqual(run_p4("-s", "-V").stdout.splitlines()[-1][:8], b"Rev. P4/")
        self.assertIn(b"-x file", run_p4("-h").stdout)


class Ports(unittest.TestCase):
    def port_error(self, port: str) -> list[str]:
        done = run_p4("-p", port, "info")
        self.assertEqual((done.status, done.stdout), (1, b""))
        lines = done.stderr.decode().splitlines()
        self.assertEqual(lines[:2], ["Perforce client error:", "\tConnect to server failed; check $P4PORT."])
        return lines[2:]

    def test_forms(self) -> None:
        """port, host:port, prefixes, brackets"""
        with FrameServer(quiet) as server:
            number = server.port.rpartition(":")[2]
            forms = [number, f":{number}", f"localhost:{number}", f"tcp:{server.port}", f"tcp4:{number}",
                     f"tcp46:localhost:{number}", f"[127.0.0.1]:{number}", f"tcp64:[127.0.0.1]:{number}"]
            for form in forms:
                self.assertEqual(run_p4("-p", form, "info").status, 0, form)
        self.assertEqual([p[b"port"].decode() for p in server.protocols], forms)

    def test_refused(self) -> None:
        """nobody listens, or it is no port"""
        self.assertEqual(self.port_error("127.0.0.1:1"), ["\tTCP connect to 127.0.0.1:1 failed.",
                                                          "\tconnect: 127.0.0.1:1: Connection refused"])
        self.assertEqual(self.port_error("1")[0], "\tTCP connect to 1 failed.")
        self.assertEqual(self.port_error("localhost:99999"), ["\tTCP port number 99999 is out of range."])
        self.assertEqual(self.port_error("localhost:"), ["\tP4PORT for this server is not valid: localhost:."])
        self.assertEqual(self.port_error("rsh:/bin/true"), ["\tP4PORT for this server is not valid: rsh:/bin/true."])

    def test_ssl(self) -> None:
        """ssl: to a server that has none"""
        with FrameServer(quiet) as server:
            self.assertEqual(self.port_error(f"ssl:{server.port}"),
                             ["\tFailed client SSL connection setup, server not using SSL."])


class Introduction(Folder):
    def protocol(self, *args: str, env: dict | None = None) -> dict[bytes, bytes]:
        with FrameServer(quiet) as server:
            run_p4("-p", server.port, *args, "info", env=env or {"HOME": str(self.folder), "P4USER": "maya"})
        return server.protocols[0]

    def test_tags(self) -> None:
        """tag and specstring go with the formats that want them"""
        for args, tag, spec in (([], 0, 0), (["-s"], 0, 0), (["-ztag"], 1, 0), (["-Ztag"], 1, 0), (["-G"], 1, 1),
                                (["-Mj"], 0, 1), (["-Mj", "-z", "tag"], 1, 1), (["--field", "a=b"], 1, 1)):
            protocol = self.protocol(*args)
            self.assertEqual((b"tag" in protocol, b"specstring" in protocol), (bool(tag), bool(spec)), args)

    def test_variables(self) -> None:
        """-z variables, program and version"""
        protocol = self.protocol("-zprog=tool", "-z", "maxScanRows=7", "-zversion=v9", "-zfunc=evil")
        self.assertEqual((protocol[b"prog"], protocol[b"maxScanRows"], protocol[b"version"], protocol[b"func"]),
                         (b"tool", b"7", b"v9", b"protocol"))
        self.assertEqual(self.protocol()[b"prog"], b"p4")

    def test_arguments(self) -> None:
        """arguments are bytes and arrive whole"""
        args = [b"\xff\xfe", b"", b"x" * 120000, "é@#%1".encode(), b"-ztag"]
        with FrameServer(quiet) as server:
            for _ in range(2):
                run_p4("-p", server.port, "files", *args)
        self.assertEqual([command.args for command in server.commands], [args, args])
        self.assertEqual(server.commands[0].name, "files")

    def test_no_command(self) -> None:
        """without a command the server is asked for help"""
        with FrameServer(quiet) as server:
            server.p4()
        self.assertEqual(server.commands[0].name, "help")

    def test_password_is_hidden(self) -> None:
        """-P does not stay on the command line for others to read"""
        seen = []

        def look(peer: Peer, command: Command) -> None:
            seen.append(Path(f"/proc/{process.pid}/cmdline").read_bytes())

        with FrameServer(look) as server:
            with subprocess.Popen([P4, "-p", server.port, "-P", "swordfish", "info"], env={}) as process:
                process.wait(10)
        self.assertEqual(server.protocols[0][b"ticket"], b"swordfish")
        self.assertIn(b"info", seen[0])
        self.assertNotIn(b"swordfish", seen[0])


class Tickets(Folder):
    def setUp(self) -> None:
        super().setUp()
        self.file = self.folder / "tickets"
        self.base = {"P4TICKETS": str(self.file), "P4USER": "maya"}

    def store(self, user: str, ticket: str, address: str = "srv:1666") -> None:
        def handler(peer: Peer, command: Command) -> None:
            peer.ask("client-SetTicket", serverAddress=address, user=user, ticket=ticket)
        with FrameServer(handler) as server:
            self.assertEqual(run_p4("-p", server.port, "login", env=self.base).status, 0)

    def test_lines(self) -> None:
        """entries are added, replaced and removed; other lines stay; mode 0600"""
        self.file.write_text("other:1=nils:00\nnot an entry\n")
        self.file.chmod(0o400)
        self.store("maya", "AA11")
        self.store("maya", "BB22", "1667")
        self.store("maya", "CC33")
        self.assertEqual(self.file.read_text(),
                         "other:1=nils:00\nnot an entry\nsrv:1666=maya:CC33\nlocalhost:1667=maya:BB22\n")
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        done = run_p4("tickets", env=self.base)
        self.assertEqual(done.stdout, b"other:1 (nils) 00\nsrv:1666 (maya) CC33\nlocalhost:1667 (maya) BB22\n")
        self.store("maya", "")
        self.store("", "", "other:1")
        self.assertEqual(self.file.read_text(), "not an entry\nlocalhost:1667=maya:BB22\n")

    def test_link(self) -> None:
        """a symbolic link stays one"""
        (self.folder / "store").mkdir()
        self.file.symlink_to("store/real")
        (self.folder / "store/real").write_text("")
        self.store("maya", "AA11")
        self.assertTrue(self.file.is_symlink())
        self.assertEqual((self.folder / "store/real").read_text(), "srv:1666=maya:AA11\n")

    def test_used(self) -> None:
        """-P, then the ticket of P4PORT, then P4PASSWD; the server's own name has the last word"""
        with FrameServer(quiet) as server:
            self.file.write_text(f"{server.port}=maya:OF-PORT\nframes.example:1666=nils:OF-NAME\n")
            for user, more, args in (("maya", {}, []), ("maya", {"P4PASSWD": "pw"}, []), ("nobody", {"P4PASSWD": "pw"}, []),
                                     ("maya", {}, ["-P", "given"]), ("nils", {}, []), ("nobody", {}, [])):
                run_p4("-p", server.port, "-u", user, *args, "info", env={**self.base, **more})
        told = [(p[b"ticket"], p.get(b"password2"), c.fields.get(b"ticket"))
                for p, c in zip(server.protocols, server.commands)]
        self.assertEqual(told, [(b"OF-PORT", None, None), (b"OF-PORT", b"pw", None), (b"pw", None, None),
                                (b"given", None, None), (b"", None, b"OF-NAME"), (b"", None, None)])

    def test_case(self) -> None:
        """a server without case has its tickets under small letters"""
        self.file.write_text("srv:1=maya:AA11\n")
        with FrameServer(quiet, hello={"serverAddress": "srv:1", "caseHandling": "insensitive"}) as server:
            run_p4("-p", server.port, "-u", "Maya", "info", env=self.base)
        self.assertEqual(server.commands[0].fields[b"ticket"], b"AA11")

    def test_together(self) -> None:
        """many p4 at once lose nothing"""
        def handler(peer: Peer, command: Command) -> None:
            peer.ask("client-SetTicket", serverAddress="srv:1666", user=command.args[0].decode(), ticket="T" * 32)

        users = [f"user{i}" for i in range(40)]
        with FrameServer(handler) as server:
            running = [subprocess.Popen([P4, "-p", server.port, "login", user], env=self.base) for user in users]
            self.assertEqual([process.wait(60) for process in running], [0] * len(users))
        self.assertEqual(sorted(self.file.read_text().splitlines()),
                         sorted(f"srv:1666={user}:{'T' * 32}" for user in users))
        self.assertEqual([p.name for p in self.folder.iterdir()], ["tickets"])

    def test_cannot_write(self) -> None:
        """a tickets file that cannot be is told, and the server is told"""
        answers = []

        def handler(peer: Peer, command: Command) -> None:
            answers.append(peer.ask("client-SetTicket", serverAddress="srv:1666", user="maya", ticket="T"))
        with FrameServer(handler) as server:
            done = run_p4("-p", server.port, "login", env={"P4TICKETS": str(self.folder / "no/such"), "P4USER": "maya"})
        self.assertEqual(done.status, 1)
        self.assertEqual(done.stderr.decode(), f"open for write: {self.folder}/no/such: No such file or directory\n")
        self.assertEqual(answers[0][b"status"], b"error")
        self.assertIn(b"No such file", answers[0][b"error"])


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
        self.assertEqual(self.commands("-x", str(script), "run", stdin=b"one\nform\n.\nother\n", handler=handler),
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
        self.assertEqual(len(self.commands("-x", "-", "-b1", "files", stdin=b"a\nb\n", handler=lambda p, c: p.drop())), 1)


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
        form = self.form({"Description": "one\n\ntwo", "Change": "new", "Files0": "//a/b", "Files1": "//a/c\t# edit",
                          "Unknown": "x", "View0": "//a/... //b/...", "View1": "", "View2": "//c/... //d/...",
                          "ViewComment0": "## why", "FilesComment1": "note", "DateComment": "##when", "Date": "2024/01/02"})
        self.assertEqual(form.decode(), "Change:\tnew\n\nDate:\t2024/01/02\t# when\n\nDescription:\n\tone\n\t\n\ttwo\n\n"
                         "Type:\n\nFiles:\n\t//a/b\n\t//a/c\t# edit\t# note\n\nView:\n\t//a/... //b/...\t## why\n"
                         "\t//c/... //d/...\n")
        self.assertEqual(self.done.stdout, b"")

    def test_bytes(self) -> None:
        """strings of both kinds, values that are no text"""
        form = self.form({b"Change": b"\xff\xfe", "Description": "é"})
        self.assertEqual(form, b"Change:\t\xff\xfe\n\nDescription:\n\t\xc3\xa9\n\nType:\n")

    def test_mistakes(self) -> None:
        """what is no dictionary is complained about and an empty form sent on"""
        for stdin, times in ((b"", 2), (b"{s\x06\0\0\0Change", 1), (b"[1]", 2), (b"{i\x01\0\0\0s\x01\0\0\0a0", 1),
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
            done = server.p4("--field", "description=new text", "--field=Files+=//c", "--field", "Change+=8", "change", "-o")
            self.assertEqual(done.stdout.decode(), "Change:\t78\n\nDescription:\n\tnew text\n\nType:\n\n"
                             "Files:\n\t//a\n\t//b\n\t//c\n")
            done = server.p4("--field", "Files=//only", "change", "-o")
            self.assertTrue(done.stdout.endswith(b"Files:\n\t//only\n"))
            self.assertEqual(server.p4("--field", "Nope=1", "change", "-o").stderr, b"Unknown field name 'Nope'.\n")
            self.assertEqual(server.p4("--field", "=1", "change", "-o").stderr, b"Usage: --field Field=value\n")
            self.assertEqual(server.p4("--field", "A=1", "list").stderr,
                             b"This command did not return a spec.  Try 'p4 (spectype) -o'?\n")

    def test_editor(self) -> None:
        """the editor's words, its file, its result; no file stays behind"""
        script = self.write("editor", '#!/bin/sh\necho "$1 $#" >> $LOG\ncat "$2" >> $LOG\nprintf changed > "$2"\n')
        script.chmod(0o755)
        answers = []

        def handler(peer: Peer, command: Command) -> None:
            answers.append(peer.ask("client-EditData", data="form\n"))
        env = {"P4EDITOR": f"{script} -w", "LOG": str(self.folder / "log"), "TMPDIR": str(self.folder / "tmp"),
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
               LENGTH.pack(8) + LENGTH.pack(100) + b"abcd", LENGTH.pack(8) + LENGTH.pack(0xffffffff) + b"abcd",
               pack([("func", "info")])[:4] + LENGTH.pack(4) + b"func" + LENGTH.pack(0xfffffff0) + b"info",
               pack([("data", "no function")]), b"HTTP/1.0 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH\r\n" * 9]
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
            peer.send("message", **{f"code{i}": INFO for i in range(30)}, **{f"fmt{i}": f"m{i}" for i in range(30)})
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
                self.assertEqual(subprocess.run([P4, "-p", server.port, "x"], stdout=full, env={}, check=False).returncode, 1)
            with subprocess.Popen([P4, "-p", server.port, "x"], stdout=subprocess.PIPE, env={}) as process:
                process.stdout.close()
                self.assertEqual(process.wait(20), -signal.SIGPIPE)

    def test_order(self) -> None:
        """stdout and stderr on one descriptor keep their order"""
        def handler(peer: Peer, command: Command) -> None:
            for i in range(50):
                peer.send("info", level=0, data=f"line {i}")
                peer.message(2, 17, "warning %i%", i=str(i))
        with FrameServer(handler) as server:
            done = subprocess.run([P4, "-p", server.port, "x"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
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
            with subprocess.Popen([P4, "-p", server.port, "-G", "x"], stdout=subprocess.PIPE, env={}) as process:
                self.assertEqual(marshal.load(process.stdout), {b"code": b"stat", b"a": b"1"})
                release.set()
                self.assertEqual(process.wait(10), 0)

    def test_stream(self) -> None:
        """many records pass in constant memory"""
        record = pack([("func", "record"), ("depotFile", "//garden/beds/" + "r" * 60), ("rev", "7"), ("fileSize", "90210")])

        peaks = []

        def handler(peer: Peer, command: Command) -> None:
            for _ in range(200):
                peer.send_bytes(record * 1000)
            status = Path(f"/proc/{process.pid}/status").read_text()
            peaks.append(int(re.search(r"VmHWM:\s*(\d+) kB", status)[1]))

        with FrameServer(handler) as server:
            for args in (["-G"], ["-ztag", "-Mj"], ["-ztag"]):
                with subprocess.Popen([P4, "-p", server.port, *args, "x"], stdout=subprocess.PIPE, env={}) as process:
                    size = 0
                    while piece := process.stdout.read(1 << 20):
                        size += len(piece)
                    self.assertEqual(process.wait(10), 0)
                self.assertGreater(size, 200000 * 100)
        if b"__asan_init" not in P4.read_bytes():
            self.assertLess(max(peaks), 6 * 1024)


if __name__ == "__main__":
    tap.main()
