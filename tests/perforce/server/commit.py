"""The transaction that makes a pending change a submitted one.

Everything it needs is at hand before it starts: the archives are written, the files are locked.  It gives
the change its final number, writes revisions and integration records, and closes the files; readers see all
of it or nothing.
"""

import os
import time
from typing import NamedTuple

from . import encode, filetype, integ_submit, jobs, openfiles
from .command import Context
from .filequery import ClientFiles
from .messages import M
from .openfiles import DELETES, Opened
from .revquery import Rev
from .transfer import Received


class Content(NamedTuple):
    """One file of a submission: its row, the revision it becomes, and its content (None for a deletion)."""
    row: Opened
    rev: int
    received: Received | None


def common_path(paths: list[str]) -> str:
    """The path field of a change: `dir/*` if all its files are in one directory, else what they begin with
    and `...`."""
    folders = {path.rpartition("/")[0] for path in paths}
    if len(folders) == 1:
        return folders.pop() + "/*"
    return os.path.commonprefix(sorted(paths, key=encode)) + "..."


class Commit:
    """Of the opened files of a change.  shelf: the change whose shelf is submitted instead (see
    submit_shelf)."""

    shelf = 0

    def __init__(self, ctx: Context, files: ClientFiles, number: int, contents: list[Content]):
        self.ctx, self.store, self.files = ctx, ctx.store, files
        self.number, self.contents = number, contents
        self.revs = {content.row.depotFile: content.rev for content in contents}
        self.now = int(time.time())

    def run(self) -> int:
        """Commits; the number the change got."""
        with self.store.write():
            self._check()
            submitted = self._rename()
            for content in self.contents:
                base = self._base(content)
                self._write_rev(content, base, submitted)
                self._write_integrations(content, submitted)
                self._purge_old(content)
            self._close_all()
        return submitted

    def _check(self) -> None:
        """Nobody may have touched the change or its files since it was locked."""
        heads = dict(self.store.rows("SELECT w.depotFile, h.rev FROM working w"
                                     " JOIN head h ON h.depotFile = w.depotFile WHERE w.client = ? AND"
                                     " w.change = ?", self.ctx.client_name, self.number))
        now = openfiles.of_change(self.store, self.ctx.client_name, self.number)
        self._check_heads(heads)
        if now != [content.row for content in self.contents]:
            self.ctx.fail(M.SubmitDataChanged)

    def _check_heads(self, heads: dict[str, int]) -> None:
        if any(heads.get(content.row.depotFile, 0) != content.rev - 1 for content in self.contents):
            self.ctx.fail(M.SubmitDataChanged)

    def _rename(self) -> int:
        """The change's final number: its own if no higher one was given out since."""
        submitted = self.number if self.store.counter("change") == self.number else self.store.next_change()
        path = common_path([content.row.depotFile for content in self.contents])
        old = self.number if submitted != self.number else None
        self.store.execute("UPDATE change SET change = ?, oldChange = IFNULL(oldChange, ?), status = 1,"
                           " date = ?, path = ?,"
                           " updateDate = ?, accessDate = ? WHERE change = ?", submitted, old, self.now,
                           path, self.now,
                           self.now, self.number)
        self.store.execute("UPDATE fix SET change = ? WHERE change = ?", submitted, self.number)
        jobs.submitted(self.store, submitted)
        self.store.set_counter("maxCommitChange", submitted)
        return submitted

    # revisions

    def _base(self, content: Content) -> Rev | None:
        """A revision whose archive the new one can share: what it was moved, branched or copied from."""
        row, received = content.row, content.received
        if received is None:
            return None
        moved = (openfiles.revision(self.store, row.movedFile, self.revs.get(row.movedFile, 1) - 1)
                 if row.action == "move/add" else None)
        for base in (moved, *integ_submit.sources(self.store, row, self.shelf)):
            if base is not None and base.digest == received.digest and base.lbrFile:
                return base
        return None

    def _write_rev(self, content: Content, base: Rev | None, submitted: int) -> None:
        row, received = content.row, content.received
        if received is None:
            stored = (None, None, 0, row.depotFile, f"1.{submitted}", row.type)
        elif base is not None:
            stored = (received.digest, received.size, 1, base.lbrFile, base.lbrRev, base.lbrType)
        else:
            stored = (received.digest, received.size, 0, received.lbrFile, received.lbrRev, received.lbrType)
        self.store.execute("INSERT INTO rev VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row.depotFile,
                           content.rev,
                           row.type, row.action, submitted, self.now, self._mod_time(content), *stored)

    def _mod_time(self, content: Content) -> int:
        return content.received.modTime or self.now if content.received else 0

    def _purge_old(self, content: Content) -> None:
        """+Sn keeps the contents of the last n revisions only."""
        keep = filetype.parse(content.row.type).keep
        if keep:
            self.store.execute("UPDATE rev SET action = ?, digest = NULL, size = NULL WHERE depotFile = ?"
                               " AND rev <= ?"
                               " AND size IS NOT NULL", "purge", content.row.depotFile, content.rev - keep)

    # integration records

    def _write_integrations(self, content: Content, submitted: int) -> None:
        row = content.row
        integ_submit.write_credit(self.store, row, content.rev, submitted, self.shelf)
        if row.action == "move/add":
            integ_submit.write_move(self.store, row, content.rev, self.revs[row.movedFile], submitted)

    # the client

    def _close_all(self) -> None:
        for content in self.contents:
            self._close(content)

    def _close(self, content: Content) -> None:
        row = content.row
        openfiles.drop(self.store, row)
        if row.virtual:                 # the workspace has nothing of it until the next sync
            return
        if row.action in DELETES:
            self.store.execute("DELETE FROM have WHERE client = ? AND depotFile = ?", row.client,
                               row.depotFile)
        else:
            self.store.insert("have", client=row.client, depotFile=row.depotFile, clientFile=row.clientFile,
                              rev=content.rev, type=row.type, time=self.now)
