"""Submitting the opened files of a change, whole or not at all.

In order: the files are checked and locked, triggers may object, the contents are fetched from the client
into new archives, triggers may object again, and one transaction writes revisions, integration records and
the change and closes the files.  Up to that transaction nothing of the depot has changed, so a server killed
at any moment leaves at most archives that no revision names; a submit that fails leaves the files open and
locked in a numbered change.
"""

from . import integ_rows, integ_submit, openfiles, triggers
from .archive import digest
from .changespec import title
from .command import CommandError, Context
from .commit import Commit, Content
from .filequery import client_files
from .filetype import parse as parse_type
from .integ_rows import PENDING, span
from .messages import M
from .openfiles import COLUMNS_OPENED, DELETES, Opened
from .options import Options, UsageError
from .revquery import COLUMNS, Rev, made, raw_rows
from .transfer import Outbox, Received, fetch_all, set_writable, store_content
from .workspace import look

OPTIONS = ("submitunchanged", "revertunchanged", "leaveunchanged")
HEADS = (f"SELECT {COLUMNS} FROM working w JOIN head h ON h.depotFile = w.depotFile JOIN rev r"
         " ON r.depotFile = h.depotFile AND r.rev = h.rev WHERE w.client = ? AND w.change = ?")
LOCKS = (f"SELECT {COLUMNS_OPENED} FROM working WHERE locked = 1 AND client <> ?"
         " AND depotFile IN (SELECT depotFile FROM working WHERE client = ? AND change = ?)")


class Submission:
    def __init__(self, ctx: Context, opts: Options, number: int):
        self.ctx, self.store, self.number = ctx, ctx.store, number
        self.files = client_files(ctx)
        self.reopen, self.expand = "r" in opts, "K" not in opts
        self.unchanged = self._unchanged_option(opts)
        self.rows = openfiles.of_change(self.store, ctx.client_name, number)
        self.heads: dict[str, Rev] = {}

    def _unchanged_option(self, opts: Options) -> str:
        word = opts.get("f") or self.files.client.submitOptions or OPTIONS[0]
        name, _, reopen = word.partition("+")
        if name not in OPTIONS or reopen not in ("", "reopen"):
            raise UsageError(M.UseSubmit())
        self.reopen = self.reopen and "f" not in opts or reopen == "reopen"
        return name

    def run(self) -> None:
        ctx = self.ctx
        if self.store.value("SELECT 1 FROM shelf WHERE change = ?", self.number):
            ctx.fail(M.SubmitIsShelved, change=self.number)
        openfiles.refuse_stranger(ctx)
        ctx.emit([("change", self.number)], M.SubmitBegin, change=self.number)
        self._check()
        while not self._lock():
            self._check()           # somebody else was faster
        try:
            contents, submitted = self._submit()
        except CommandError:
            self._unlock()
            raise
        message = M.SubmitComplete if submitted == self.number else M.SubmitRenamed
        self._refresh(contents, submitted)
        ctx.emit([("submittedChange", submitted)], message, change=title(self.number),
                 newChange=title(submitted, False))
        self._committed(submitted)

    def _submit(self) -> tuple[list[Content], int]:
        self._fire("change-submit")
        self._drop_unchanged()
        contents = self._transfer()
        self._fire("change-content")
        return contents, Commit(self.ctx, self.files, self.number, contents).run()

    def _unlock(self) -> None:
        """A failed submit leaves its files locked, unless the server is configured otherwise."""
        if self.store.config("submit.unlocklocked", "0") != "0":
            with self.store.write():
                self.store.execute("UPDATE working SET locked = 0 WHERE client = ? AND change = ?",
                                   self.ctx.client_name, self.number)

    def _failed(self, *reasons) -> None:
        for reason in reasons:
            self.ctx.message(reason)
        self.ctx.fail(M.SubmitFailed, change=self.number)

    def _fire(self, kind: str) -> None:
        """Triggers may refuse the change."""
        paths = [row.depotFile for row in self.rows]
        failed = triggers.fire(self.ctx, kind, self.number, paths)
        if failed:
            triggers.fire(self.ctx, "change-failed", self.number, paths)
            self.ctx.fail(*failed, M.TriggersFailed(change=self.number))

    def _committed(self, submitted: int) -> None:
        for failed in triggers.fire(self.ctx, "change-commit", submitted,
                                    [row.depotFile for row in self.rows], oldchangelist=self.number):
            self.ctx.message(failed)

    # checks

    def _check(self) -> None:
        """Tells everything that stands in the way, then fails."""
        locked = self._locks()
        if any([self._refused(row, locked.get(row.depotFile)) for row in self.rows]):
            self._failed(*([M.CouldntLock()] if locked else []))
        self.heads = self._read_heads()
        if any([self._is_stale(row) for row in self.rows]):
            self._failed(M.ResolveOrRevert())
        records = integ_rows.of_client(self.store, self.ctx.client_name)
        if any([self._is_unresolved(row, records.get(row.depotFile, ())) for row in self.rows]):
            self._failed(M.MergesPending())

    def _read_heads(self) -> dict[str, Rev]:
        rows = raw_rows(self.store, HEADS, self.ctx.client_name, self.number)
        return {rev.depotFile: rev for rev in map(made, rows)}

    def _locks(self) -> dict[str, Opened]:
        """Who else has files of the change locked."""
        name = self.ctx.client_name
        locks = [Opened(*row) for row in self.store.rows(LOCKS, name, name, self.number)]
        return {lock.depotFile: lock for lock in locks}

    def _refused(self, row: Opened, owner: Opened | None) -> bool:
        """Protections, streams, locks and halves of moves."""
        ctx = self.ctx
        warning = openfiles.stream_rules(ctx).warning(row.depotFile)
        partner = openfiles.own(self.store, row.client, row.movedFile) if row.movedFile else None
        if not ctx.access.allowed("write")(row.depotFile):
            ctx.message(M.LockNoPermission, depotFile=row.depotFile)
        elif warning is not None:
            ctx.message(warning)
        elif owner is not None:
            ctx.message(M.LockAlreadyOther, depotFile=row.depotFile, user=owner.user, client=owner.client)
        elif row.movedFile and (partner is None or partner.change != row.change):
            direction = "from " if row.action == "move/add" else "to "
            ctx.message(M.MoveNoMatch, depotFile=row.depotFile, direction=direction, movedFile=row.movedFile)
        else:
            return False
        return True

    def _is_stale(self, row: Opened) -> bool:
        """Whether the depot has moved on since the file was opened; a resolve with its head is scheduled."""
        head = self.heads.get(row.depotFile)
        if row.haveRev == 0:
            if head is None or not head.live:
                return False
            self.ctx.message(M.SubmitWasAdd, depotFile=row.depotFile, action=row.action)
            return True
        if head is None or head.rev == row.haveRev and (head.live or row.action in DELETES):
            return False
        if not head.live and row.action not in DELETES:
            self.ctx.message(M.SubmitWasDelete, depotFile=row.depotFile, action=row.action)
            return True
        self.ctx.message(M.SubmitNewResolve, fromFile=row.depotFile, fromRev=f"#{head.rev}")
        with self.store.write():
            openfiles.put(self.store, row._replace(haveRev=head.rev, workRev=head.rev))
            self.store.execute("UPDATE have SET rev = ? WHERE client = ? AND depotFile = ?", head.rev,
                               row.client, row.depotFile)
            if row.action not in DELETES:
                openfiles.schedule(self.store, row, row.depotFile, row.haveRev, head.rev, row.haveRev)
        return True

    def _is_unresolved(self, row: Opened, records) -> bool:
        pending = [record for record in records if record.state == PENDING]
        for record in pending:
            self.ctx.message(M.SubmitResolve, toFile=row.depotFile, fromFile=record.fromFile,
                             fromRev=span(record.startFromRev, record.endFromRev))
        return bool(pending)

    def _lock(self) -> bool:
        """Locks the files; False if the depot has changed since they were checked."""
        with self.store.write():
            if openfiles.of_change(self.store, self.ctx.client_name, self.number) != self.rows:
                self.ctx.fail(M.SubmitDataChanged)
            if self._locks() or self._read_heads() != self.heads:
                return False
            self.store.execute("UPDATE working SET locked = 1 WHERE client = ? AND change = ?",
                               self.ctx.client_name, self.number)
        self.ctx.emit([("locked", len(self.rows))], M.SubmitLocking, unlockedCount=len(self.rows))
        self.rows = [row._replace(locked=1) for row in self.rows]
        return True

    # unchanged files

    def _drop_unchanged(self) -> None:
        if self.unchanged == "submitunchanged":
            return
        outbox = Outbox(self.ctx, self.files, clobber=True)
        unchanged = self._unchanged_files()
        self.rows = [row for row in self.rows
                     if not (row.depotFile in unchanged and self._let_go(row, outbox))]
        outbox.finish()
        if not self.rows:
            self.ctx.fail(M.NoSubmit)

    def _unchanged_files(self) -> set[str]:
        """The edited files that are the same as what they were opened from."""
        records = integ_rows.of_client(self.store, self.ctx.client_name)
        rows = [row for row in self.rows if row.action == "edit" and row.haveRev
                and row.depotFile not in records]
        found = look(self.ctx, self.files, [(row.clientFile, row.type) for row in rows])
        return {row.depotFile for row, local in zip(rows, list(found)) if self._is_same(row, local.digest)}

    def _is_same(self, row: Opened, found: str) -> bool:
        base = openfiles.revision(self.store, row.depotFile, row.haveRev)
        return base is not None and base.type == row.type and base.digest == found

    def _let_go(self, row: Opened, outbox: Outbox) -> bool:
        """Reverts a file or moves it to the default change, as the options say."""
        reverted = self.unchanged == "revertunchanged"
        with self.store.write():
            if reverted:
                openfiles.drop(self.store, row)
            else:
                openfiles.put(self.store, row._replace(change=0, locked=0))
        if reverted:
            outbox.put(openfiles.revision(self.store, row.depotFile, row.haveRev),
                       self.files.local(row.clientFile),
                       lambda: None)
        self.ctx.message(M.SubmitReverted if reverted else M.SubmitMovedToDefault, depotFile=row.depotFile,
                         depotRev=f"#{row.haveRev}")
        return True

    # contents

    def _transfer(self) -> list[Content]:
        """The files with their contents in archives; fails if one is not to be had."""
        received = self._receive_all()
        contents = []
        for row in self.rows:
            head = self.heads.get(row.depotFile)
            rev = head.rev + 1 if head else 1
            self.ctx.emit([("depotFile", row.depotFile), ("rev", rev), ("action", row.action)],
                          M.SubmitTransfer, action=row.action, depotFile=row.depotFile, depotRev=f"#{rev}")
            contents.append(Content(row, rev, received.get(row.depotFile)))
        if any(content.received is None and content.row.action not in DELETES for content in contents):
            self.ctx.message(M.BadTransfers)
            self.ctx.fail(M.SubmitAborted, change=self.number)
        return contents

    def _receive_all(self) -> dict[str, Received]:
        received: dict[str, Received] = {}
        wanted = []
        for row in self.rows:
            known = integ_submit.known_content(self.store, row) if row.action not in DELETES else None
            if known is not None:
                received[row.depotFile] = integ_submit.received(known)
            elif row.action not in DELETES:
                wanted.append(row)
        for row, found in fetch_all(self.ctx, self.files, wanted):
            if found is None:
                continue
            if integ_submit.tampered(row, digest(found.data)):
                self.ctx.message(M.SubmitTampered, clientFile=row.clientFile)
                continue
            received[row.depotFile] = store_content(self.ctx, row, found.data, f"1.{self.number}",
                                                    found.modTime)
        return received

    # afterwards

    def _refresh(self, contents: list[Content], submitted: int) -> None:
        """The workspace after a submit: read-only again, keywords up to date, or open anew with -r."""
        outbox = Outbox(self.ctx, self.files, clobber=True)
        for content in contents:
            row = content.row
            if row.action in DELETES or row.virtual:
                continue
            if self.reopen:
                self._open_again(row, content.rev)
                continue
            if parse_type(row.type).keywords and self.expand:
                self.ctx.emit([("depotFile", row.depotFile), ("rev", content.rev), ("action", "refreshed")],
                              M.SubmitRefresh, depotFile=row.depotFile, depotRev=f"#{content.rev}")
                outbox.put(openfiles.revision(self.store, row.depotFile, content.rev),
                           self.files.local(row.clientFile), lambda: None)
            elif not outbox.allwrite:
                set_writable(self.ctx, self.files.local(row.clientFile), row.type,
                             parse_type(row.type).writable)
        outbox.finish()

    def _open_again(self, row: Opened, rev: int) -> None:
        with self.store.write():
            openfiles.put(self.store,
                          row._replace(action="edit", change=0, locked=0, haveRev=rev, workRev=rev,
                                                   movedFile=None))
        self.ctx.message(M.OpenReOpen, depotFile=row.depotFile, workRev=f"#{rev}", action="edit")
