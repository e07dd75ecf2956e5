"""Triggers: the table, which of them a change or a form fires, and running their commands.

A command is run by the shell in the server's root with %vars% replaced.  It fails by its exit status; what
it printed goes to the user.  Nothing here holds the database, so a trigger may run p4 itself and may take
its time; monitor terminate ends it.
"""

import os
import re
import signal
import subprocess
import tempfile
import time
from typing import Iterable, NamedTuple

from . import decode, encode
from .command import Context
from .messages import Bound, M
from .specs import split_words
from .store import Store
from .wildcard import pattern

CONFIG = "triggers"
CHANGE_TYPES = ("change-submit", "change-content", "change-commit", "change-failed", "shelve-submit",
                "shelve-commit", "shelve-delete")
FORM_TYPES = ("form-out", "form-in", "form-save", "form-commit", "form-delete")
TYPES = CHANGE_TYPES + FORM_TYPES
POLL = 0.05
VARIABLE = re.compile(r"%(\w+)%")


class Trigger(NamedTuple):
    """paths: depot patterns, or kinds of forms; `-` before one excludes."""
    name: str
    type: str
    paths: tuple[str, ...]
    command: str

    def takes_file(self, path: str) -> bool:
        found = False
        for each in self.paths:
            if pattern(each.removeprefix("-")).match(path):
                found = not each.startswith("-")
        return found

    def takes_form(self, kind: str) -> bool:
        return self.paths[0] in (kind, "form")


def table(store: Store) -> list[Trigger]:
    """The triggers in order; lines of one name that follow each other are one trigger with several paths."""
    found: list[Trigger] = []
    for entry in entries(store):
        name, kind, path, command = split_words(entry)[0]
        last = found[-1] if found else None
        if last is not None and (last.name, last.type) == (name, kind):
            found[-1] = last._replace(paths=(*last.paths, path))
        else:
            found.append(Trigger(name, kind, (path,), command))
    return found


def entries(store: Store) -> list[str]:
    return [line for line in store.config(CONFIG).split("\n") if line]


# firing

def fire(ctx: Context, kind: str, change: int, files: Iterable[str], **extra: object) -> list[Bound]:
    """Runs the triggers of a change; the failure of the first that fails, nothing if none did."""
    paths = list(files)
    wanted = [trigger for trigger in table(ctx.store) if trigger.type == kind
              and any(map(trigger.takes_file, paths))]
    facts = {"change": change, "changelist": change, "oldchangelist": change, **extra}
    return _run_all(ctx, wanted, facts)


def fire_form(ctx: Context, kind: str, form: str, name: str, text: str) -> tuple[str, list[Bound]]:
    """Runs the triggers of a form on a file with its text; (the text they left, the failure)."""
    wanted = [trigger for trigger in table(ctx.store) if trigger.type == kind and trigger.takes_form(form)]
    if not wanted:
        return text, []
    with tempfile.NamedTemporaryFile(prefix="form.", dir=ctx.server.root) as file:
        file.write(encode(text))
        file.flush()
        failed = _run_all(ctx, wanted, {"formfile": file.name, "formname": name, "formtype": form})
        with open(file.name, "rb") as after:
            return decode(after.read()), failed


def _run_all(ctx: Context, wanted: list[Trigger], facts: dict) -> list[Bound]:
    for trigger in wanted:
        status, output = run(ctx, trigger, facts)
        if status:
            return [M.TriggerFailed(trigger=trigger.name, result=output)]
        if output and trigger.type != "form-out":
            ctx.message(M.TriggerOutput, result=output)
    return []


def variables(ctx: Context, facts: dict) -> dict[str, str]:
    host, _, port = ctx.server.address.rpartition(":")
    known = {"user": ctx.user, "client": ctx.client_name, "clienthost": ctx.host,
             "clientip": ctx.session.peer_host, "clientcwd": ctx.cwd, "clientprog": ctx.session.prog,
             "clientversion": ctx.session.vars.get("version"), "command": ctx.name, "argc": len(ctx.args),
             "args": ",".join(ctx.args), "quote": '"', "serverport": f"{host}:{port}", "serverhost": host,
             "serverroot": ctx.server.root, "serverid": ctx.store.config("serverid"),
             "servername": ctx.store.config("serverid"), "peerhost": ctx.host,
             "peerip": ctx.session.peer_host, **facts}
    return {name: str(value) for name, value in known.items()}


def run(ctx: Context, trigger: Trigger, facts: dict) -> tuple[int, str]:
    """(exit status, output) of a trigger's command."""
    known = variables(ctx, facts)
    words = VARIABLE.sub(lambda found: known.get(found[1], found[0]), trigger.command)
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(["/bin/sh", "-c", encode(words)], cwd=ctx.server.root,
                                   stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        _wait(ctx, process)
        output.seek(0)
        return process.returncode, decode(output.read()).rstrip("\n")


def _wait(ctx: Context, process: subprocess.Popen) -> None:
    """Waits for the end; a command that is terminated takes its trigger along."""
    while process.poll() is None:
        if ctx.terminated:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            ctx.check()
        time.sleep(POLL)
