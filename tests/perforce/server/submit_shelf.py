"""submit -e: a shelf becomes a submitted change; the workspace is left alone.

The shelf is locked first.  Its archives become those of the new revisions, in the transaction that also ends
the shelf; a submit that fails after locking leaves the shelf locked (unlock -s).
"""

from . import changespec, integ_rows, openfiles, shelf, triggers
from .changespec import PENDING, title
from .command import Context
from .commit import Commit, Content
from .filequery import client_files
from .integ_history import chunks
from .integ_rows import span
from .messages import M
from .openfiles import COLUMNS_OPENED, DELETES, Opened
from .revquery import COLUMNS, Rev, made, raw_rows
from .shelf import Shelved


class ShelfCommit(Commit):
    """The transaction."""

    def __init__(self, ctx: Context, number: int, files: list[Shelved], contents: list[Content]):
        super().__init__(ctx, client_files(ctx), number, contents)
        self.shelf, self.shelved = number, files

    def _check(self) -> None:
        self._check_heads({rev.depotFile: rev.rev for rev in heads(self.ctx, self.shelved)})
        if shelf.of_change(self.store, self.number) != self.shelved or opened_at(self.ctx, self.number):
            self.ctx.fail(M.SubmitDataChanged)

    def _rename(self) -> int:
        submitted = super()._rename()
        self.store.execute("UPDATE change SET shelved = 0 WHERE change = ?", submitted)
        return submitted

    def _close_all(self) -> None:
        shelf.drop(self.store, self.shelved)


def heads(ctx: Context, files: list[Shelved]) -> list[Rev]:
    """The heads of the shelved files that the depot has."""
    found: list[Rev] = []
    for marks, keys in chunks(file.depotFile for file in files):
        found += map(made,
                     raw_rows(ctx.store,
                              f"SELECT {COLUMNS} FROM head h JOIN rev r ON r.depotFile = h.depotFile"
                              f" AND r.rev = h.rev WHERE h.depotFile IN ({marks})", *keys))
    return found


def opened_at(ctx: Context, number: int) -> list[Opened]:
    return [Opened(*row) for row in ctx.store.rows(f"SELECT {COLUMNS_OPENED} FROM working WHERE change = ?",
                                                   number)]


class ShelfSubmission:
    def __init__(self, ctx: Context, number: int):
        self.ctx, self.store, self.number = ctx, ctx.store, number
        self.change = changespec.require(ctx.store, number)
        self.files: list[Shelved] = []
        self.heads: dict[str, Rev] = {}

    def run(self) -> None:
        ctx = self.ctx
        self._check_change()
        openfiles.refuse_stranger(ctx)
        ctx.emit([("change", self.number)], M.SubmitBegin, change=self.number)
        self._check()
        self._lock()
        self._fire("change-submit")
        contents = [self._content(file) for file in self.files]
        self._fire("change-content")
        submitted = ShelfCommit(ctx, self.number, self.files, contents).run()
        message = M.SubmitComplete if submitted == self.number else M.SubmitRenamed
        ctx.emit([("submittedChange", submitted)], message, change=title(self.number),
                 newChange=title(submitted, False))
        for failed in triggers.fire(ctx, "change-commit", submitted, self._paths(),
                                    oldchangelist=self.number):
            ctx.message(failed)

    def _check_change(self) -> None:
        change = self.change
        if change.status != PENDING:
            self.ctx.fail(M.AlreadyCommitted, change=title(change.change))
        if change.user != self.ctx.user:
            self.ctx.fail(M.ChangeNotOwner, change=title(change.change), user=change.user)
        self.files = shelf.of_change(self.store, self.number)
        if not self.files:
            self.ctx.fail(M.SubmitNeedsShelved, change=self.number)

    def _paths(self) -> list[str]:
        return [file.depotFile for file in self.files]

    def _failed(self, *reasons) -> None:
        for reason in reasons:
            self.ctx.message(reason)
        self.ctx.fail(M.SubmitShelvedFailed, change=self.number)

    def _fire(self, kind: str) -> None:
        failed = triggers.fire(self.ctx, kind, self.number, self._paths())
        if failed:
            triggers.fire(self.ctx, "change-failed", self.number, self._paths())
            self.ctx.fail(*failed, M.TriggersFailed(change=self.number))

    # checks

    def _check(self) -> None:
        """Tells everything that stands in the way, then fails."""
        opened = opened_at(self.ctx, self.number)
        for client in sorted({row.client for row in opened}):
            self.ctx.message(M.ShelvedHasWorking, client=client, change=self.number)
        locks = self._locks()
        if any([self._is_refused(file, locks.get(file.depotFile)) for file in self.files]) or opened:
            self._failed(*([M.CouldntLock()] if locks else []))
        self.heads = {rev.depotFile: rev for rev in heads(self.ctx, self.files)}
        if any([self._is_stale(file) for file in self.files]):
            self._failed(M.ResolveOrRevert())
        if any([self._is_unresolved(file) for file in self.files]):
            self._failed(M.MergesPending())

    def _locks(self) -> dict[str, Opened]:
        found = {}
        for marks, keys in chunks(self._paths()):
            for row in self.store.rows(f"SELECT {COLUMNS_OPENED} FROM working WHERE depotFile IN ({marks})"
                                       " AND locked = 1", *keys):
                found[row[1]] = Opened(*row)
        return found

    def _is_refused(self, file: Shelved, owner: Opened | None) -> bool:
        """Protections, streams, locks and halves of moves."""
        ctx = self.ctx
        warning = openfiles.stream_rules(ctx).warning(file.depotFile)
        if not ctx.access.allowed("write")(file.depotFile):
            ctx.message(M.LockNoPermission, depotFile=file.depotFile)
        elif warning is not None:
            ctx.message(warning)
        elif owner is not None:
            ctx.message(M.LockAlreadyOther, depotFile=file.depotFile, user=owner.user, client=owner.client)
        elif file.movedFile and file.movedFile not in self._paths():
            ctx.message(M.MoveNoMatch, depotFile=file.depotFile, movedFile=file.movedFile,
                        direction="from " if file.action == "move/add" else "to ")
        else:
            return False
        return True

    def _is_stale(self, file: Shelved) -> bool:
        head = self.heads.get(file.depotFile)
        row = file.opened()
        if file.rev == 0:
            if head is None or not head.live:
                return False
            self.ctx.message(M.SubmitWasAdd, depotFile=file.depotFile, action=file.action)
        elif head is None:
            self.ctx.message(M.ShelveNotSubmittable, depotFile=file.depotFile)
        elif head.rev == file.rev and (head.live or row.action in DELETES):
            return False
        elif not head.live and row.action not in DELETES:
            self.ctx.message(M.SubmitWasDelete, depotFile=file.depotFile, action=file.action)
        else:
            self.ctx.message(M.SubmitNewResolve, fromFile=file.depotFile, fromRev=f"#{head.rev}")
        return True

    def _is_unresolved(self, file: Shelved) -> bool:
        pending = [record for record in integ_rows.of_file(self.store, file.client, file.depotFile,
                                                           self.number)
                   if record.state == integ_rows.PENDING]
        for record in pending:
            self.ctx.message(M.SubmitResolve, toFile=file.depotFile, fromFile=record.fromFile,
                             fromRev=span(record.startFromRev, record.endFromRev))
        return bool(pending)

    def _lock(self) -> None:
        self.ctx.emit([("locked", len(self.files))], M.SubmitLocking, unlockedCount=len(self.files))
        with self.store.write():
            if shelf.of_change(self.store, self.number) != self.files:
                self.ctx.fail(M.SubmitDataChanged)
            shelf.lock(self.store, self.number, 1)
        self.files = [file._replace(locked=1) for file in self.files]

    def _content(self, file: Shelved) -> Content:
        head = self.heads.get(file.depotFile)
        rev = head.rev + 1 if head else 1
        self.ctx.emit([("depotFile", file.depotFile), ("rev", rev), ("action", file.action)],
                      M.SubmitTransfer, action=file.action, depotFile=file.depotFile, depotRev=f"#{rev}")
        return Content(file.opened(), rev, file.received())
