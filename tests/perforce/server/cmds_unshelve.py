"""unshelve: opening the files of a shelf in a workspace.

A file that is not open is opened as it was when it was shelved, with the shelved content.  One that is open
for edit keeps its content and gets a resolve with the shelved one.  A file is recorded as open when the
client has confirmed it.
"""

import time

from . import encode, filetype, integ_map, integ_rows, openfiles, shelf
from .archive import ArchiveError
from .changespec import number_of, require, title
from .command import Context, command
from .filequery import client_files, parse_all, spelled
from .integ_rows import CONTENT, PENDING, Record
from .mapping import ViewMap
from .messages import M
from .openfiles import ADDS, DELETES, Opened
from .options import Options, UsageError
from .revquery import Rev
from .shelf import Shelved
from .transfer import Outbox, archive

WRITABLE = ("edit", "add", "move/add")
EDITABLE = ("edit", "integrate")


@command("unshelve", "A. b: c: f K n P: s: S:", M.UseUnshelve, level="open")
def unshelve(ctx: Context, opts: Options) -> None:
    if "s" not in opts or opts.get("A", "f") not in ("f", "s") or ("P" in opts and "S" not in opts):
        raise UsageError(M.UseUnshelve())
    change = require(ctx.store, number_of(opts["s"])).change
    Unshelving(ctx, opts, change).run()


def _view(ctx: Context, opts: Options) -> ViewMap | None:
    """The map of -b or -S."""
    if "S" in opts:
        return integ_map.stream_view(ctx, opts)
    return integ_map.branch_view(ctx, opts["b"]) if "b" in opts else None


class Unshelving:
    def __init__(self, ctx: Context, opts: Options, number: int):
        self.ctx, self.store, self.number = ctx, ctx.store, number
        self.files = client_files(ctx)
        self.args = list(parse_all(ctx, opts.args))
        self.view = _view(ctx, opts)
        self.change = openfiles.pending_change(ctx, opts.get("c"))
        self.preview, self.expand = "n" in opts, "K" not in opts
        self.outbox = Outbox(ctx, self.files, clobber="f" in opts)
        self.names: dict[str, str] = {}
        self.writes: list = []
        self.skips_files = opts.get("A") == "s"

    def run(self) -> None:
        files = [] if self.skips_files else shelf.of_change(self.store, self.number)
        if not files and not self.skips_files:
            self.ctx.fail(M.ChangeNotShelved, change=title(self.number))
        if any(file.locked for file in files):
            self.ctx.fail(M.UnshelveIsLocked)
        readable = self.ctx.access.allowed("read")
        pairs = [(file, self._target(file)) for file in files if readable(file.depotFile)]
        pairs = [(file, target) for file, target in pairs if target is not None
                 and self._is_named(file, target)]
        self.names = {file.depotFile: target for file, target in pairs}
        try:
            for file, target in pairs:
                self.ctx.check()
                self._file(file, target)
            self.outbox.finish()
        finally:                # also when the client has gone: what it has confirmed is so
            self._write()
        if not pairs:
            self.ctx.message(M.ExTOUNSHELVE, argc=self.args[0].text if self.args else None)

    def _target(self, file: Shelved) -> str | None:
        """Where a file goes, through a branch's view in whichever direction maps it; None if that is not in
        the client's view."""
        target = file.depotFile
        if self.view is not None:
            target = spelled(self.ctx, self.view.translate(file.depotFile) or self.view.reverse(file.depotFile))
        return target if target is not None and self.files.client_file(target) is not None else None

    def _is_named(self, file: Shelved, target: str) -> bool:
        return not self.args or any(encode(path) in arg.scope for arg in self.args
                                    for path in (target, file.depotFile))

    # one file

    def _file(self, file: Shelved, target: str) -> None:
        opened = openfiles.own(self.store, self.ctx.client_name, target)
        head = openfiles.head(self.store, target)
        if opened is not None:
            self._over_opened(file, opened)
        elif file.action in ADDS and head is not None and head.live:
            self._over_existing(file, target, head)
        elif file.action not in ADDS and (head is None or self.view is None and not head.live
                                          and file.action not in DELETES):
            self.ctx.message(M.UnshelveBadEdit, depotFile=target, badEdit=file.action)
        elif not openfiles.refuse_exclusive(self.ctx, target, file.type, file.action):
            self._open(file, target, head)

    def _over_opened(self, file: Shelved, opened: Opened) -> None:
        """A file that is open keeps its content; the shelved one has to be resolved with it."""
        if opened.action not in EDITABLE or file.action not in EDITABLE or opened.user != self.ctx.user:
            self.ctx.message(M.UnshelveBadAction, depotFile=opened.depotFile, badAction=opened.action)
            return
        record = self._record(file, opened, file.depotFile, file.rev)
        records = integ_rows.of_file(self.store, opened.client, opened.depotFile)
        known = {(each.fromFile, each.endFromRev) for each in records}
        self._tell(file, opened)
        self._tell_resolve(file, opened)
        if not self.preview and (record.fromFile, record.endFromRev) not in known:
            with self.store.write():
                integ_rows.put(self.store, record)

    def _over_existing(self, file: Shelved, target: str, head: Rev) -> None:
        """A file that was added meanwhile is opened for edit."""
        row = self._row(file, target)._replace(action="edit", haveRev=head.rev, workRev=head.rev,
                                               type=head.type, movedFile=None, digest=None)
        record = self._record(file, row, None, 0)
        self._tell(file, row)
        self._tell_resolve(file, row)
        if not self.preview:
            def done() -> None:
                self._done(row, [record], head.rev)
            self.outbox.put(head, self.files.local(row.clientFile), done, writable=True)

    def _open(self, file: Shelved, target: str, head: Rev | None) -> None:
        row = self._row(file, target)
        if self.view is not None:
            row = self._row_of_branch(file, row, head)
        self._tell(file, row)
        records = self._records(file, row)
        if self.preview:
            return
        local = self.files.local(row.clientFile)

        def done() -> None:
            self._done(row, records, row.haveRev)
        if row.action in DELETES:
            self.outbox.remove(local, done)
            return
        try:
            data = archive(self.ctx).read(file.lbrFile, file.lbrRev, file.lbrType)
        except ArchiveError:
            self.ctx.message(M.LbrOpenFail, lbrFile=file.lbrFile, lbrRev=file.lbrRev)
            return
        self.outbox.put_content(data, filetype.parse(row.type), local, done, row.action in WRITABLE,
                                file.modTime or 0, file.digest)

    def _row(self, file: Shelved, target: str) -> Opened:
        """The open row as it was shelved, for this client and change."""
        head = self.store.value("SELECT rev FROM head WHERE depotFile = ?", target, default=0)
        return file.opened()._replace(client=self.ctx.client_name, depotFile=target,
                                      clientFile=self.files.client_file(target), user=self.ctx.user,
                                      change=self.change, locked=0, modTime=0, workRev=file.rev or head + 1,
                                      movedFile=self.names.get(file.movedFile) if file.movedFile else None)

    def _row_of_branch(self, file: Shelved, row: Opened, head: Rev | None) -> Opened:
        """Another branch has revisions of its own: the file is open at its head."""
        if file.action in ADDS:
            return row
        action = "delete" if row.action in DELETES else "edit"
        return row._replace(haveRev=head.rev, workRev=head.rev, action=action, digest=None)

    # records

    def _record(self, file: Shelved, row: Opened, base_file: str | None, base_rev: int) -> Record:
        """The resolve with a shelved content."""
        return Record(row.client, 0, row.depotFile, file.depotFile, file.rev, -self.number,
                      max(row.haveRev - 1, 0), row.haveRev, 0, PENDING, base_file, base_rev, CONTENT,
                      row.change)

    def _records(self, file: Shelved, row: Opened) -> list[Record]:
        """What was open or resolved when it was shelved comes along."""
        return [record._replace(client=row.client, shelf=0, toFile=row.depotFile, change=row.change)
                for record in integ_rows.of_file(self.store, file.client, file.depotFile, self.number)]

    # telling

    def _tell(self, file: Shelved, row: Opened) -> None:
        self.ctx.result()
        rev = row.workRev or 1
        self.ctx.emit([("depotFile", row.depotFile), ("rev", rev), ("action", row.action)],
                      M.UnshelveSuccess, depotFile=row.depotFile, depotRev=f"#{rev}", action=row.action)
        warning = openfiles.stream_rules(self.ctx).warning(row.depotFile)
        if warning is not None:
            self.ctx.message(warning)
        openfiles.also_opened(self.ctx, row.depotFile)

    def _tell_resolve(self, file: Shelved, row: Opened) -> None:
        self.ctx.message(M.UnshelveResolve, depotFile=row.depotFile, fromFile=file.depotFile,
                         rev=f"@={self.number}")

    # writing

    def _done(self, row: Opened, records: list[Record], have: int) -> None:
        self.writes.append((row, records, have))
        if len(self.writes) >= 500:
            self._write()

    def _write(self) -> None:
        writes, self.writes = self.writes, []
        if not writes:
            return
        now = int(time.time())
        with self.store.write():
            for row, records, have in writes:
                openfiles.put(self.store, row)
                integ_rows.put(self.store, *records)
                if have:
                    self.store.insert("have", client=row.client, depotFile=row.depotFile,
                                      clientFile=row.clientFile, rev=have, type=row.type, time=now)
