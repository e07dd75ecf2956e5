"""shelve: keeping copies of opened files with their change on the server, and removing them.

Contents come over first, into archives that nothing names yet; one transaction then makes them the shelf, so
a server killed at any moment leaves the old shelf or the new one.  Archives of what was replaced are removed
afterwards.
"""

import time
from typing import Callable

from . import changespec, defaultchange, encode, formcmd, integ_rows, integ_submit, openfiles, shelf, \
    triggers
from .archive import digest
from .changespec import PENDING, title
from .command import Context, command
from .filequery import client_files, parse_all
from .integ_rows import span
from .messages import M
from .openfiles import DELETES, Opened
from .options import Options, UsageError
from .shelf import Shelved
from .store import Row
from .transfer import Received, archive, fetch_all, store_content
from .workspace import local_digest

UNCHANGED = ("submitunchanged", "leaveunchanged")


@command("shelve", "A. a: c: d f i p r --parallel:", M.UseShelve, level="open")
def shelve(ctx: Context, opts: Options) -> None:
    _check_options(opts)
    if "d" in opts:
        _delete(ctx, opts)
        return
    client_files(ctx)
    number, rows = _chosen(ctx, opts)
    if "p" in opts and not {"f", "r"} & opts.values.keys() and shelf.of_change(ctx.store, number):
        ctx.message(M.ShelvePromoted, change=title(number))
        return
    if not rows:
        ctx.fail(M.NoShelve)
    Shelving(ctx, opts, number, rows).run()


def _check_options(opts: Options) -> None:
    if opts.get("A", "f") != "f" or opts.get("a", UNCHANGED[0]) not in UNCHANGED:
        raise UsageError(M.UseShelve())
    if "d" in opts and ("c" not in opts or {"r", "i", "p", "a"} & opts.values.keys()):
        raise UsageError(M.UseShelvec())
    if "r" in opts and (not {"c", "i"} & opts.values.keys() or "f" in opts or opts.args):
        raise UsageError(M.UseShelver())
    if "i" in opts and ("c" in opts or opts.args):
        raise UsageError(M.UseShelvei())
    if not {"c", "i"} & opts.values.keys() and ({"f"} & opts.values.keys() or len(opts.args) > 1):
        raise UsageError(M.UseShelveNoOpts())


def _is_named(ctx: Context, opts: Options) -> Callable[[str], bool]:
    """Whether a file is one of the arguments' (any file, if there are none)."""
    scopes = [arg.allowed("open") for arg in parse_all(ctx, opts.args)]
    return lambda path: not opts.args or any(encode(path) in scope for scope in scopes)


def _pending(ctx: Context, text: str, forced: bool = False) -> Row:
    """A pending change whose shelf the user may alter."""
    row = changespec.require(ctx.store, changespec.number_of(text))
    if row.status != PENDING:
        ctx.fail(M.AlreadyCommitted, change=title(row.change))
    if not (forced and ctx.access.has("admin")):
        changespec.own(ctx, row)
    return row


def _chosen(ctx: Context, opts: Options) -> tuple[int, list[Opened]]:
    """The change to shelve, made from the default one where none is named, and its files."""
    if "c" in opts:
        number, is_named = _pending(ctx, opts["c"]).change, _is_named(ctx, opts)
        rows = openfiles.of_change(ctx.store, ctx.client_name, number)
        return number, [row for row in rows if is_named(row.depotFile)]
    rows = defaultchange.files(ctx, opts)
    if "i" in opts:
        number = defaultchange.from_form(ctx, formcmd.read(ctx, "change"), rows)
    elif not rows:
        ctx.fail(M.NoDefaultShelve)
    else:
        number = defaultchange.from_editor(ctx, rows)
    return number, openfiles.of_change(ctx.store, ctx.client_name, number)


class Shelving:
    def __init__(self, ctx: Context, opts: Options, number: int, rows: list[Opened]):
        self.ctx, self.store, self.number, self.rows = ctx, ctx.store, number, rows
        self.files = client_files(ctx)
        self.replaces, self.overwrites = "r" in opts, "f" in opts or "r" in opts
        self.leaves = opts.get("a") == UNCHANGED[1]
        self.before = {file.depotFile: file for file in shelf.of_change(self.store, number)}
        self.now = int(time.time())

    def run(self) -> None:
        ctx = self.ctx
        ctx.emit([("change", self.number)], M.ShelveBegin, change=self.number)
        if any([self._is_refused(row) for row in self.rows]):
            return
        if self.leaves:
            self.rows = [row for row in self.rows if not self._is_unchanged(row)]
            if not self.rows:
                ctx.fail(M.NoShelve)
        found = triggers.fire(ctx, "shelve-submit", self.number, [row.depotFile for row in self.rows])
        if found:
            ctx.fail(*found, M.ShelveTriggersFailed)
        files = self._transfer()
        self._commit(files)
        if not ctx.tagged:
            ctx.message(M.ShelveComplete, change=title(self.number))
        triggers.fire(ctx, "shelve-commit", self.number, [row.depotFile for row in self.rows])

    # checks

    def _is_refused(self, row: Opened) -> bool:
        """Says what is in the way of shelving a file."""
        ctx, before = self.ctx, self.before.get(row.depotFile)
        pending = [record for record in integ_rows.of_file(self.store, row.client, row.depotFile)
                   if record.state == integ_rows.PENDING]
        if not ctx.access.allowed("open")(row.depotFile):
            ctx.message(M.ShelveNoPerm, depotFile=row.depotFile)
        elif before is not None and before.locked:
            ctx.message(M.ShelveLocked, depotFile=row.depotFile)
        elif before is not None and not self.overwrites:
            ctx.message(M.ShelveCantUpdate, depotFile=row.depotFile)
        elif before is not None and before.movedFile != row.movedFile and not self.replaces:
            ctx.message(M.ShelveIncompatible, depotFile=row.depotFile)
        elif pending:
            ctx.message(M.ShelveNeedsResolve, depotFile=row.depotFile, file=pending[0].fromFile,
                        srev=span(pending[0].startFromRev, pending[0].endFromRev))
        elif row.movedFile and not any(other.depotFile == row.movedFile for other in self.rows):
            ctx.message(M.MoveNoMatch, depotFile=row.depotFile, movedFile=row.movedFile,
                        direction="from " if row.action == "move/add" else "to ")
        else:
            return False
        return True

    def _is_unchanged(self, row: Opened) -> bool:
        base = openfiles.revision(self.store, row.depotFile, row.haveRev) if row.action == "edit" else None
        if base is None or base.type != row.type:
            return False
        if base.digest != local_digest(self.ctx, self.files, row.clientFile, row.type):
            return False
        self.ctx.message(M.ShelveNotChanged, depotFile=row.depotFile, depotRev=f"#{row.haveRev}")
        return True

    # contents

    def _transfer(self) -> list[Shelved]:
        """The files with their contents in archives; fails if one is not to be had."""
        known = {row.depotFile: integ_submit.known_content(self.store, row) for row in self.rows}
        wanted = [row for row in self.rows if row.action not in DELETES and known[row.depotFile] is None]
        received = {path: integ_submit.received(rev) for path, rev in known.items() if rev}
        for row, found in fetch_all(self.ctx, self.files, wanted):
            received[row.depotFile] = self._keep(row, found)
        for row in self.rows:
            rev = row.workRev or 1
            self.ctx.emit([("depotFile", row.depotFile), ("rev", rev), ("action", row.action)],
                          M.SubmitTransfer, action=row.action, depotFile=row.depotFile, depotRev=f"#{rev}")
            if openfiles.is_exclusive(row.type):
                self.ctx.message(M.ShelveXOpen, depotFile=row.depotFile)
        if any(received.get(row.depotFile) is None for row in self.rows if row.action not in DELETES):
            self.ctx.message(M.BadTransfers)
            self.ctx.fail(M.ShelveAborted, change=self.number)
        return [Shelved.of(row, self.number, received.get(row.depotFile), self.now) for row in self.rows]

    def _keep(self, row: Opened, found) -> Received | None:
        if found is None:
            return None
        if integ_submit.tampered(row, digest(found.data)):
            self.ctx.message(M.SubmitTampered, clientFile=row.clientFile)
            return None
        name = shelf.free_name(archive(self.ctx), row.depotFile, self.number)
        return store_content(self.ctx, row, found.data, name, found.modTime)

    def _commit(self, files: list[Shelved]) -> None:
        wanted = {file.depotFile for file in files}
        with self.store.write():
            if shelf.is_locked(self.store, self.number):
                self.ctx.fail(M.UnshelveIsLocked)
            gone = [file for file in shelf.of_change(self.store, self.number)
                    if self.replaces or file.depotFile in wanted]
            shelf.drop(self.store, gone)
            shelf.put(self.store, files)
            shelf.put_records(self.store, self.ctx.client_name, self.number, wanted)
        shelf.remove_archives(archive(self.ctx), gone)


# deleting

def _delete(ctx: Context, opts: Options) -> None:
    row = _pending(ctx, opts["c"], "f" in opts)
    every = shelf.of_change(ctx.store, row.change)
    is_named = _is_named(ctx, opts)
    files = [file for file in every if is_named(file.depotFile)]
    if not files:
        ctx.fail(M.NoShelveDelete)
    if any(file.locked for file in every):
        for file in files:
            ctx.message(M.ShelveLocked, depotFile=file.depotFile)
        return
    with ctx.store.write():
        shelf.drop(ctx.store, files)
    shelf.remove_archives(archive(ctx), files)
    ctx.message(M.ShelveDelete, change=row.change, count=len(every) - len(files) or None)
    triggers.fire(ctx, "shelve-delete", row.change, [file.depotFile for file in files])
