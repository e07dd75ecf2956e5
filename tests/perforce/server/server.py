"""The server process: listens, runs each connection in a thread of its own, dispatches commands.

State that is not in the database: the running commands (monitor) and the faults (faults.py).  A connection
that
breaks the protocol is closed without a word, as a broken client deserves; a bug in a command becomes an
"Internal error" message and a traceback on the log, and never ends the server.
"""

import importlib
import os
import pkgutil
import re
import socket
import sys
import threading
import time
import traceback

from . import auth, faults, tls
from .command import COMMANDS, Command, Context, run
from .messages import M
from .session import Session
from .store import Pool
from .wire import Channel, Closed, Frame, WireError

BACKLOG = 128
PREFIX = re.compile(r"(tcp|ssl)(4|6|46|64)?")


def load_commands() -> None:
    package = sys.modules[__package__]
    for module in pkgutil.iter_modules(package.__path__):
        if module.name.startswith("cmds_"):
            importlib.import_module(f"{__package__}.{module.name}")


def parse_port(port: str) -> tuple[str, int]:
    """HOST and number of a P4PORT such as 1666, :1666, host:1666, tcp:host:1666 or ssl:host:1666."""
    words = port.split(":")
    if PREFIX.fullmatch(words[0]):
        words = words[1:]
    if not words or not words[-1].isdigit():
        raise ValueError(f"invalid port '{port}'")
    return ":".join(words[:-1]).strip("[]"), int(words[-1])


class Server:
    def __init__(self, root: str, port: str):
        load_commands()
        self.root = os.path.realpath(root)
        self.pool = Pool(self.root)
        self.started = time.time()
        self.faults = faults.Faults(self.root)
        self.lock = threading.Lock()
        self.running: dict[int, Context] = {}
        self.last_id = os.getpid()
        self.tls = tls.context() if port.startswith("ssl") else None
        self.certificate_expires = tls.expires() if self.tls is not None else None
        host, number = parse_port(port)
        self.listener = self._listen(host, number)
        self.port = self.listener.getsockname()[1]
        self.address = f"{host or socket.gethostname()}:{self.port}"
        self.faults.start()

    @staticmethod
    def _listen(host: str, number: int) -> socket.socket:
        if host or not socket.has_dualstack_ipv6():
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            return socket.create_server((host, number), family=family, backlog=BACKLOG)
        return socket.create_server(("", number), family=socket.AF_INET6, dualstack_ipv6=True,
                                    backlog=BACKLOG)

    def serve(self) -> None:
        """Accepts connections until close()."""
        while True:
            try:
                sock, peer = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._connection, args=(sock, peer), daemon=True).start()

    def close(self) -> None:
        self.listener.close()
        self.faults.stop()

    def _connection(self, sock: socket.socket, peer: tuple) -> None:
        secured = self._secured(sock)
        if secured is None:
            sock.close()
            return
        channel = Channel(secured)
        try:
            if not self.faults.refuses():
                self._commands(channel, peer)
        except (WireError, OSError):
            pass
        except Exception:  # a bug must not take the thread's connection down silently
            traceback.print_exc()
        finally:
            channel.close()

    def _secured(self, sock: socket.socket) -> socket.socket | None:
        """The connection to talk over; None if it does not come to that."""
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock if self.tls is None else tls.accept(self.tls, sock)
        except OSError:
            return None

    def _commands(self, channel: Channel, peer: tuple) -> None:
        protocol = channel.read()
        if protocol.func != "protocol":
            return
        address = (peer[0].removeprefix("::ffff:"), peer[1])
        session = Session(channel, protocol, address)
        channel.budget = self.faults.budget()
        with self.pool.store() as store:
            channel.write("server-hello", self._hello(store))
            channel.flush()
            while True:
                frame = self._next(channel)
                if frame is None:
                    return
                self._run(session, store, frame)

    @staticmethod
    def _next(channel: Channel) -> Frame | None:
        try:
            return channel.read()
        except Closed:
            return None

    def _hello(self, store) -> list[tuple[str, object]]:
        return [("serverAddress", store.config("auth.id") or None),
                ("unicode", store.config("unicode") == "1" or None),
                ("caseHandling", store.config("caseHandling", "sensitive")),
                ("security", store.config("security", "0"))]

    def _run(self, session: Session, store, frame: Frame) -> None:
        name = frame.func.removeprefix("user-")
        args = []
        while f"arg{len(args)}" in frame:
            args.append(frame.get(f"arg{len(args)}"))
        if "ticket" in frame:
            session.ticket = frame.get("ticket")
        ctx = Context(self, session, store, name, args)
        self._enter(ctx)
        try:
            self._dispatch(ctx, COMMANDS.get(name))
        finally:
            with self.lock:
                del self.running[ctx.id]
        session.channel.write("release")
        session.channel.flush()

    def _enter(self, ctx: Context) -> None:
        with self.lock:
            self.last_id += 1
            ctx.id = self.last_id
            self.running[ctx.id] = ctx

    def _dispatch(self, ctx: Context, entry: Command | None) -> None:
        try:
            self.faults.before(ctx)
            if entry is None:
                ctx.message(M.BadCommand)
            elif auth.admit(ctx, entry):
                run(ctx, entry)
        except WireError:
            raise
        except Exception as error:
            traceback.print_exc()
            ctx.terminated = False
            ctx.message(M.DevErr, text=f"{type(error).__name__}: {error}")
