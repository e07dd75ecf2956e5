"""submit: a pending change becomes a submitted one, whole or not at all.

In order: the files are checked and locked, their contents are fetched from the client into new archives, and
one transaction writes revisions, integration records and the change and closes the files.  Up to that
transaction nothing of the depot has changed, so a server killed at any moment leaves at most archives that
no revision names; a submit that fails leaves the files open and locked in a numbered change.
"""

from . import changespec, formcmd, integ_submit, openfiles
from .archive import digest
from .changespec import PENDING, title
from .cmds_change import save as save_change
from .command import Context, command
from .commit import Commit, Content
from .filequery import client_files, parse
from .filetype import parse as parse_type
from .messages import M
from .openfiles import DELETES, Opened
from .options import Options, UsageError
from .scope import EVERYTHING
from .transfer import Outbox, Received, fetch, local_digest, set_writable, store_content

OPTIONS = ("submitunchanged", "revertunchanged", "leaveunchanged")


@command("submit", "b c: d: f: i K r s S. --noretransfer: --parallel:", M.UseSubmit, maximum=1,
         level="write")
def submit(ctx: Context, opts: Options) -> None:
    if ("c" in opts) + ("d" in opts) + ("i" in opts) > 1 or ("c" in opts and opts.args):
        raise UsageError(M.UseSubmit())
    client_files(ctx)
    number = _chosen(ctx, opts)
    submission = Submission(ctx, opts, number)
    if not submission.rows:
        ctx.fail(M.NoSubmit)
    submission.run()


# which change

def _chosen(ctx: Context, opts: Options) -> int:
    """The number of the change to submit; files of the default change get one first."""
    if "c" in opts:
        row = changespec.require(ctx.store, changespec.number_of(opts["c"]))
        if row.status != PENDING:
            ctx.fail(M.AlreadyCommitted, change=title(row.change))
        changespec.own(ctx, row)
        return row.change
    rows = _of_default(ctx, opts)
    if "i" in opts:
        return _from_form(ctx, formcmd.read(ctx, "change"), rows)
    if not rows:
        ctx.fail(M.NoDefaultSubmit)
    if "d" in opts:
        return _numbered(ctx, opts["d"].rstrip("\n") + "\n", [row.depotFile for row in rows])
    template = {"Change": "new", "Client": ctx.client_name, "User": ctx.user, "Status": "new",
                "Description": "<enter description here>\n",
                "Files": [(row.depotFile, row.action) for row in rows]}
    values = formcmd.edit(ctx, "change", template)
    if values is None:
        ctx.fail(M.MissingDesc)
    return _from_form(ctx, values, rows)


def _of_default(ctx: Context, opts: Options) -> list[Opened]:
    paths = parse(ctx, opts.args[0]).allowed("open") if opts.args else EVERYTHING
    return openfiles.of_client(ctx.store, ctx.client_name, paths, 0)


def _numbered(ctx: Context, description: str, files: list[str], kind: str = "public") -> int:
    with ctx.store.write():
        number = changespec.create(ctx, description, kind)
        for path in files:
            ctx.store.execute("UPDATE working SET change = ? WHERE client = ? AND depotFile = ? AND change"
                              " = 0", number,
                              ctx.client_name, path)
    return number


def _from_form(ctx: Context, values: dict, rows: list[Opened]) -> int:
    """A change from a form: a new one takes the files that are listed."""
    if values["Change"] != "new":
        save_change(ctx, Options(), values)
        return changespec.number_of(values["Change"])
    if values["Description"] in ("", "<enter description here>\n"):
        ctx.fail(M.ErrorInSpec(domain="change"), M.MissingDesc())
    listed = {entry.strip('"') for entry in values.get("Files") or ()}
    if not listed <= {row.depotFile for row in rows}:
        ctx.fail(M.ErrorInSpec(domain="change"), M.CantOpenHere())
    number = _numbered(ctx, values["Description"], sorted(listed), values.get("Type") or "public")
    ctx.message(M.ChangeCreated, change=title(number), workCount=len(listed) or None)
    return number


class Submission:
    def __init__(self, ctx: Context, opts: Options, number: int):
        self.ctx, self.store, self.number = ctx, ctx.store, number
        self.files = client_files(ctx)
        self.reopen, self.expand = "r" in opts, "K" not in opts
        self.unchanged = self._unchanged_option(opts)
        self.rows = openfiles.of_change(self.store, ctx.client_name, number)

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
        ctx.emit([("change", self.number)], M.SubmitBegin, change=self.number)
        self._check()
        self._lock()
        self._drop_unchanged()
        contents = self._transfer()
        submitted = Commit(ctx, self.files, self.number, contents).run()
        message = M.SubmitComplete if submitted == self.number else M.SubmitRenamed
        self._refresh(contents, submitted)
        ctx.emit([("submittedChange", submitted)], message, change=title(self.number),
                 newChange=title(submitted, False))

    def _failed(self, *reasons) -> None:
        for reason in reasons:
            self.ctx.message(reason)
        self.ctx.fail(M.SubmitFailed, change=self.number)

    # checks

    def _check(self) -> None:
        """Tells everything that stands in the way, then fails."""
        refused = [self._refused(row) for row in self.rows]
        if any(refused):
            self._failed()
        stale = [self._is_stale(row) for row in self.rows]
        if any(stale):
            self._failed(M.ResolveOrRevert())
        unresolved = [self._is_unresolved(row) for row in self.rows]
        if any(unresolved):
            self._failed(M.MergesPending())

    def _refused(self, row: Opened) -> bool:
        """Protections, streams, locks and halves of moves."""
        ctx = self.ctx
        owner = next((other for other in openfiles.others(self.store, row.client, row.depotFile)
                      if other.locked), None)
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
        head = openfiles.head(self.store, row.depotFile)
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
            if row.action not in DELETES:
                openfiles.schedule(self.store, row, row.depotFile, row.haveRev, head.rev, row.haveRev)
        return True

    def _is_unresolved(self, row: Opened) -> bool:
        found = False
        records = openfiles.resolves(self.store, row.client, row.depotFile)
        for state, _, _, _, _, from_file, start, end in records:
            if state == 0:
                span = f"#{start + 1},#{end}" if start + 1 < end else f"#{end}"
                self.ctx.message(M.SubmitResolve, toFile=row.depotFile, fromFile=from_file, fromRev=span)
                found = True
        return found

    def _lock(self) -> None:
        self.ctx.emit([("locked", len(self.rows))], M.SubmitLocking, unlockedCount=len(self.rows))
        with self.store.write():
            for row in self.rows:
                if openfiles.own(self.store, row.client, row.depotFile) != row:
                    self.ctx.fail(M.SubmitDataChanged)
                openfiles.put(self.store, row._replace(locked=1))
        self.rows = [row._replace(locked=1) for row in self.rows]

    # unchanged files

    def _drop_unchanged(self) -> None:
        if self.unchanged == "submitunchanged":
            return
        outbox = Outbox(self.ctx, self.files, clobber=True)
        self.rows = [row for row in self.rows if not (self._is_unchanged(row) and self._let_go(row, outbox))]
        outbox.finish()
        if not self.rows:
            self.ctx.fail(M.NoSubmit)

    def _is_unchanged(self, row: Opened) -> bool:
        if row.action != "edit" or row.haveRev == 0:
            return False
        if openfiles.resolves(self.store, row.client, row.depotFile):
            return False
        base = openfiles.revision(self.store, row.depotFile, row.haveRev)
        return base is not None and base.type == row.type and base.digest == local_digest(
            self.ctx, self.files, row.clientFile, row.type)

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
        contents, missing = [], False
        for row in self.rows:
            rev = self.store.value("SELECT rev FROM head WHERE depotFile = ?", row.depotFile, default=0) + 1
            self.ctx.emit([("depotFile", row.depotFile), ("rev", rev), ("action", row.action)],
                          M.SubmitTransfer,
                          action=row.action, depotFile=row.depotFile, depotRev=f"#{rev}")
            received = None if row.action in DELETES else self._receive(row)
            missing = missing or received is None and row.action not in DELETES
            contents.append(Content(row, rev, received))
        if missing:
            self.ctx.message(M.BadTransfers)
            self.ctx.fail(M.SubmitAborted, change=self.number)
        return contents

    def _receive(self, row: Opened) -> Received | None:
        known = integ_submit.known_content(self.store, row)
        if known is not None:
            return integ_submit.received(known)
        found = fetch(self.ctx, self.files, row)
        if found is not None and integ_submit.tampered(row, digest(found[0])):
            self.ctx.message(M.SubmitTampered, clientFile=row.clientFile)
            return None
        return None if found is None else store_content(self.ctx, row, found[0], f"1.{self.number}",
                                                        found[1])

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
