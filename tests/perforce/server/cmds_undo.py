"""undo: opening files so that some of their revisions are taken back by the next submit.

The workspace gets the revision before the undone ones, and the file is open at the last of them: what came
later is merged in by sync and resolve.
"""

from typing import Iterator, NamedTuple

from . import integ_rows, openfiles
from .command import Context, command
from .filequery import FileArg, client_files, parse
from .integ_rows import RESOLVED, UNDID, UNDO, Record
from .messages import M
from .openfiles import Opened
from .options import Options
from .revquery import HEAD, Query, Rev, Revs
from .transfer import Outbox


class Undone(NamedTuple):
    """What is taken back of one file: its revisions after `before` (0: all) up to `last`."""
    before: Rev | None
    last: Rev


@command("undo", "c: K n", M.UseUndo, minimum=1, maximum=1, level="open")
def undo(ctx: Context, opts: Options) -> None:
    arg = parse(ctx, opts.args[0], through_client=True)
    opener = Undo(ctx, opts)
    found = False
    for undone in _undone(ctx, arg):
        found = True
        opener.open(undone)
    opener.outbox.finish()
    if not found:
        arg.warn_empty("open")


def _undone(ctx: Context, arg: FileArg) -> Iterator[Undone]:
    """The revisions of each file that the argument names; a single specification names just that one."""
    revs = arg.revs
    if revs.low is None and revs.high.kind in ("change", "date", "rev"):
        revs = Revs(revs.high, revs.high)
    elif revs.low is None:
        revs = Revs(None, HEAD)
    group: list[Rev] = []
    query = Query(ctx, arg.allowed("open"), revs)
    for rev in query.highest() if revs.low is None else query.every():
        if group and group[0].depotFile != rev.depotFile:
            yield _span(ctx, group)
            group = []
        group.append(rev)
    if group:
        yield _span(ctx, group)


def _span(ctx: Context, newest_first: list[Rev]) -> Undone:
    first, last = newest_first[-1], newest_first[0]
    return Undone(openfiles.revision(ctx.store, first.depotFile, first.rev - 1), last)


class Undo:
    def __init__(self, ctx: Context, opts: Options):
        self.ctx, self.store = ctx, ctx.store
        self.files = client_files(ctx)
        self.change = openfiles.pending_change(ctx, opts.get("c"))
        self.preview, self.expand = "n" in opts, "K" not in opts
        self.outbox = Outbox(ctx, self.files)

    def open(self, undone: Undone) -> None:
        path, last = undone.last.depotFile, undone.last
        row = openfiles.own(self.store, self.ctx.client_name, path)
        if row is not None:
            self.ctx.message(M.IntegBadAction, depotFile=path, action="undo", badAction=row.action)
            return
        if not self._is_there(undone.before) and not last.live:
            return                          # it was not there before, and it is not there now
        opened = self._row(undone)
        if openfiles.refuse_exclusive(self.ctx, path, opened.type, "undo"):
            return
        self._tell(opened)
        openfiles.notes(self.ctx, path, openfiles.head(self.store, path), opened.haveRev, opened.action)
        if not self.preview:
            self._carry_out(undone, opened)

    @staticmethod
    def _is_there(rev: Rev | None) -> bool:
        return rev is not None and rev.live

    def _row(self, undone: Undone) -> Opened:
        """edit, where the file goes back to an older state; add and delete, where it comes back or goes."""
        last, before = undone.last, undone.before
        action = "delete" if not self._is_there(before) else "edit" if last.live else "add"
        have = 0 if action == "add" else last.rev
        work = last.rev + 1 if action == "add" else last.rev
        kind = before.type if action != "delete" else last.type
        return Opened(self.ctx.client_name, last.depotFile, self.files.client_file(last.depotFile),
                      self.ctx.user, have, work,
                      kind, action, self.change, 0, 0, None, None, None, 0)

    def _tell(self, row: Opened) -> None:
        self.ctx.result()
        self.ctx.emit([("depotFile", row.depotFile), ("clientFile", self.files.local(row.clientFile)),
                       ("workRev", row.workRev), ("action", row.action), ("type", row.type)],
                      M.OpenSuccess, depotFile=row.depotFile, workRev=f"#{row.workRev}", action=row.action)

    def _carry_out(self, undone: Undone, row: Opened) -> None:
        start = undone.before.rev if undone.before else 0
        record = Record(row.client, 0, row.depotFile, row.depotFile, start, undone.last.rev, row.haveRev,
                        row.haveRev,
                        UNDID, RESOLVED, None, 0, UNDO, row.change)

        def done() -> None:
            with self.store.write():
                openfiles.put(self.store, row)
                integ_rows.put(self.store, record)
                if row.haveRev:
                    self.store.insert("have", client=row.client, depotFile=row.depotFile,
                                      clientFile=row.clientFile,
                                      rev=row.haveRev, type=row.type, time=undone.last.date)
        local = self.files.local(row.clientFile)
        if row.action == "delete":
            self.outbox.remove(local, done)
        else:
            self.outbox.put(undone.before, local, done, writable=True, expand=self.expand)
