#!/usr/bin/python3
"""The C client before a command runs: settings, options, ports, the introduction, tickets."""

import os
import pwd
import socket
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402
from frameserver import P4, Command, Folder, FrameServer, Peer, quiet, run_p4  # noqa: E402


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
        inner = self.write("a/b/.p4config",
                           "P4CLIENT=inner  \r\nP4CLIENT=second\n\nno equals sign\nP4MERGE=a=b").parent
        lines = self.set_lines(cwd=inner, P4CONFIG=".p4config", P4CLIENT="env", P4USER="env-user",
                               PWD="/tmp")
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
            options = ["-u", "opt", "-c", "ws", "-c", "later", "-H", "other", "-d", "/usr"]
            run_p4(*options, "info", env=env, cwd=self.folder)
            run_p4("-E", "P4CLIENT=updated", "-E", "P4CONFIG=", "info", env=env, cwd=self.folder)
            run_p4("info", env={"P4PORT": server.port, "USER": "shell user", "P4HOST": "deep.example.com"},
                   cwd="/")
        seen = [(p[b"user"], p[b"client"], p[b"host"], p[b"cwd"]) for p in server.protocols]
        here = bytes(self.folder)
        self.assertEqual(seen, [(b"cfg_user", b"cfg-ws", b"box", here), (b"opt", b"ws", b"other", b"/usr"),
                                (pwd.getpwuid(os.getuid()).pw_name.encode(), b"updated", b"box", here),
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
        self.assertEqual(run_p4("set", env=self.env(P4CONFIG="fifo", P4ENVIRO="/dev/zero"),
                                cwd=self.folder).status, 0)

    def test_working_directory(self) -> None:
        """$PWD keeps the way through a symbolic link and is not believed when it leads elsewhere"""
        (self.folder / "real").mkdir()
        (self.folder / "link").symlink_to("real")
        with FrameServer(quiet) as server:
            for name in ("link", "real", "elsewhere"):
                run_p4("-p", server.port, "info", env=self.env(PWD=str(self.folder / name)),
                       cwd=self.folder / "real")
        names = [os.path.basename(protocol[b"cwd"]) for protocol in server.protocols]
        self.assertEqual(names, [b"link", b"real", b"real"])

    def test_set_writes(self) -> None:
        """p4 set VAR=value writes the P4ENVIRO file, VAR= takes it out, -q prints without the source"""
        enviro = self.write("enviro", "# mine\nP4USER=old\nP4PORT=p:1\n")
        env = self.env(P4ENVIRO=str(enviro))
        self.assertEqual(run_p4("set", "P4USER=new", "P4DIFF=d", "P4PORT=", "P4PASSWD=secret",
                                env=env).status, 0)
        self.assertEqual(enviro.read_text(), "# mine\nP4USER=new\nP4DIFF=d\n")
        self.assertEqual(run_p4("set", "P4USER", env=env).stdout, b"P4USER=new (enviro)\n")
        self.assertEqual(run_p4("set", "-q", "P4USER", "P4PORT", env=env).stdout, b"P4USER=new\n")
        hidden = run_p4("set", "P4USER=x", env={**env, "P4USER": "y"})
        self.assertEqual(hidden.stderr,
                         b"Perforce client warning:\n\tWarning: environment variable hides registry "
                                        b"definition of P4USER.\n")
        self.assertEqual(sorted(p.name for p in self.folder.iterdir()), ["enviro"])

    def test_options(self) -> None:
        """mistakes in global options are told on stderr"""
        for args, complaint in ((["-k"], b"Invalid option: -k."),
                                (["--nonsense=3"], b"Invalid option: --nonsense."),
                                (["-p"], b"Option: -p needs argument."),
                                (["--port"], b"Option: --port needs argument."),
                                (["-r", "x", "info"], b"Option: -r needs a non-negative integer argument."),
                                (["--quiet=1"], b"Unexpected arguments.")):
            done = run_p4(*args)
            self.assertEqual((done.status, done.stdout), (1, b""))
            self.assertEqual(done.stderr,
                             b"Perforce client error:\n\tp4 -h for usage.\n\t" + complaint + b"\n")
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
        self.assertEqual(self.port_error("localhost:"),
                         ["\tP4PORT for this server is not valid: localhost:."])
        self.assertEqual(self.port_error("rsh:/bin/true"),
                         ["\tP4PORT for this server is not valid: rsh:/bin/true."])


class Introduction(Folder):
    def protocol(self, *args: str, env: dict | None = None) -> dict[bytes, bytes]:
        with FrameServer(quiet) as server:
            run_p4("-p", server.port, *args, "info", env=env or {"HOME": str(self.folder), "P4USER": "maya"})
        return server.protocols[0]

    def test_tags(self) -> None:
        """tag and specstring go with the formats that want them"""
        for args, tag, spec in (([], 0, 0), (["-s"], 0, 0), (["-ztag"], 1, 0), (["-Ztag"], 1, 0),
                                (["-G"], 1, 1),
                                (["-Mj"], 0, 1), (["-Mj", "-z", "tag"], 1, 1), (["--field", "a=b"], 1, 1)):
            protocol = self.protocol(*args)
            self.assertEqual((b"tag" in protocol, b"specstring" in protocol), (bool(tag), bool(spec)), args)

    def test_variables(self) -> None:
        """-z variables, program and version"""
        protocol = self.protocol("-zprog=tool", "-z", "maxScanRows=7", "-zversion=v9", "-zfunc=evil")
        self.assertEqual((protocol[b"prog"], protocol[b"maxScanRows"], protocol[b"version"],
                          protocol[b"func"]),
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
        self.assertEqual(done.stdout,
                         b"other:1 (nils) 00\nsrv:1666 (maya) CC33\nlocalhost:1667 (maya) BB22\n")
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
            for user, more, args in (("maya", {}, []), ("maya", {"P4PASSWD": "pw"}, []),
                                     ("nobody", {"P4PASSWD": "pw"}, []),
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
            peer.ask("client-SetTicket", serverAddress="srv:1666", user=command.args[0].decode(),
                     ticket="T" * 32)

        users = [f"user{i}" for i in range(40)]
        with FrameServer(handler) as server:
            running = [subprocess.Popen([P4, "-p", server.port, "login", user], env=self.base)
                       for user in users]
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
            done = run_p4("-p", server.port, "login",
                          env={"P4TICKETS": str(self.folder / "no/such"), "P4USER": "maya"})
        self.assertEqual(done.status, 1)
        self.assertEqual(done.stderr.decode(),
                         f"open for write: {self.folder}/no/such: No such file or directory\n")
        self.assertEqual(answers[0][b"status"], b"error")
        self.assertIn(b"No such file", answers[0][b"error"])


if __name__ == "__main__":
    tap.main()
