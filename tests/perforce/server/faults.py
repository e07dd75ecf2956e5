"""Faults on request, for tests: latency, refused and cut connections, hung commands, tickets that expire,
limits.

They are set by p4d-control, which talks to a running server over the Unix socket ROOT/control.  A request is
one
line of words; the answer is one line, `ok ...` or `error ...`.  Faults are not kept over a restart.
"""

import contextlib
import os
import socket
import threading
import time

from . import auth
from .command import Context
from .store import Store

SOCKET = "control"
LIMITS = {"maxresults": "maxResults", "maxscanrows": "maxScanRows", "maxlocktime": "maxLockTime",
          "maxopenfiles": "maxOpenFiles"}
USAGE = """latency SECONDS [COMMAND]      delay every command (or one) before it runs
refuse on|off                  accept connections and close them at once
drop BYTES|off [COUNT]         cut connections after so many bytes of answer (the next COUNT, or all)
hang COMMAND|off [SECONDS]     let a command hang (until terminated, or so long) before it runs
expire USER|all                expire the tickets of a user, or all
password USER PASSWORD         set a password (a restored server's are not known)
limit USER NAME VALUE|off      maxresults, maxscanrows, maxlocktime or maxopenfiles for a user
reset                          remove all faults
ping                           answer ok"""


@contextlib.contextmanager
def socket_address(root: str):
    """The address of a root's control socket, also where the path of the root is too long for one."""
    folder = os.open(root, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{SOCKET}"
    finally:
        os.close(folder)


class Faults:
    def __init__(self, root: str):
        self.root = root
        self.listener: socket.socket | None = None
        self.reset()

    def reset(self) -> None:
        self.latency: dict[str, float] = {}
        self.refuse = False
        self.drop: int | None = None
        self.drop_count: int | None = None
        self.hang: dict[str, float] = {}
        self.limits: dict[tuple[str, str], int] = {}

    # asked by the server

    def refuses(self) -> bool:
        return self.refuse

    def budget(self) -> int | None:
        """How many bytes a new connection may send; None: all it wants."""
        if self.drop is None or self.drop_count == 0:
            return None
        if self.drop_count is not None:
            self.drop_count -= 1
        return self.drop

    def before(self, ctx: Context) -> None:
        """Latency and hanging, before a command runs."""
        delay = self.latency.get(ctx.name, self.latency.get("", 0))
        if delay:
            time.sleep(delay)
        until = self.hang.get(ctx.name)
        end = time.monotonic() + (until or 0)
        while ctx.name in self.hang and not ctx.terminated and (not until or time.monotonic() < end):
            time.sleep(0.02)

    def limit(self, user: str, column: str) -> int | None:
        return self.limits.get((user, column))

    # the control socket

    def start(self) -> None:
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        with socket_address(self.root) as path:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)
            self.listener.bind(path)
            os.chmod(path, 0o600)
        self.listener.listen(8)
        threading.Thread(target=self._serve, daemon=True).start()

    def stop(self) -> None:
        if self.listener is not None:
            self.listener.close()
            self.listener = None

    def _serve(self) -> None:
        while self.listener is not None:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                try:
                    peer.settimeout(5)
                    line = peer.makefile("r", encoding="utf-8").readline(4096)
                    peer.sendall((self.handle(line.split()) + "\n").encode())
                except OSError:
                    pass

    def handle(self, words: list[str]) -> str:
        """Carries out one request; the answer line."""
        verb = getattr(self, f"_do_{words[0]}", None) if words else None
        if verb is None:
            return "error unknown request"
        try:
            return ("ok " + (verb(*words[1:]) or "")).rstrip()
        except (TypeError, ValueError, KeyError) as error:
            return f"error {words[0]}: {error}"

    def _do_ping(self) -> None:
        pass

    def _do_reset(self) -> None:
        self.reset()

    def _do_latency(self, seconds: str, command: str = "") -> None:
        self.latency[command] = float(seconds)

    def _do_refuse(self, state: str) -> None:
        self.refuse = _switch(state)

    def _do_drop(self, size: str, count: str | None = None) -> None:
        self.drop = None if size == "off" else int(size)
        self.drop_count = None if count is None else int(count)

    def _do_hang(self, command: str, seconds: str = "0") -> None:
        if command == "off":
            self.hang.clear()
        else:
            self.hang[command] = float(seconds)

    def _do_limit(self, user: str, name: str, value: str) -> None:
        key = (user, LIMITS[name.lower()])
        if value == "off":
            self.limits.pop(key, None)
        else:
            self.limits[key] = int(value)

    def _do_password(self, user: str, password: str) -> None:
        with contextlib.closing(Store(self.root)) as store, store.write():
            auth.create_user(store, user, "control")
            auth.store_password(store, user, password)

    def _do_expire(self, user: str) -> str:
        with contextlib.closing(Store(self.root)) as store, store.write():
            if user == "all":
                return str(store.execute("UPDATE ticket SET state = 1 WHERE state = 0"))
            return str(store.execute("UPDATE ticket SET state = 1 WHERE state = 0 AND user = ?", user))


def _switch(word: str) -> bool:
    if word not in ("on", "off"):
        raise ValueError(f"'{word}' is neither on nor off")
    return word == "on"
