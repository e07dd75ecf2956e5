"""reshelve: a shelf's files copied into another shelf."""

import time

from . import changespec, encode, integ_rows, shelf
from .archive import ArchiveError
from .changespec import PENDING, title
from .command import Context, command
from .filequery import parse_all
from .messages import M
from .options import Options, UsageError
from .shelf import Shelved
from .store import Row
from .transfer import archive, store_content


@command("reshelve", "s: c: f p", M.UseShelvem, level="open")
def reshelve(ctx: Context, opts: Options) -> None:
    if "s" not in opts or "f" in opts and "c" not in opts:
        raise UsageError(M.UseShelvem())
    source = changespec.require(ctx.store, changespec.number_of(opts["s"]))
    files = _files(ctx, opts, source)
    target = _target(ctx, opts)
    before = [] if target is None else shelf.of_change(ctx.store, target.change)
    if target is not None and _is_refused(ctx, opts, files, before):
        return
    with ctx.store.write():
        number = target.change if target is not None else changespec.create(ctx, source.description)
        gone = _copy(ctx, files, before, number)
    shelf.remove_archives(archive(ctx), gone)
    _tell(ctx, files, number)


def _files(ctx: Context, opts: Options, source: Row) -> list[Shelved]:
    """The files of the shelf that the arguments name and the user may read."""
    every = shelf.of_change(ctx.store, source.change)
    if not every:
        ctx.fail(M.ChangeNotShelved, change=title(source.change))
    readable = ctx.access.allowed("read")
    scopes = [arg.scope for arg in parse_all(ctx, opts.args)]
    files = [file for file in every if readable(file.depotFile)
             and (not scopes or any(encode(file.depotFile) in scope for scope in scopes))]
    if not files:
        ctx.fail(M.NoShelve)
    return files


def _target(ctx: Context, opts: Options) -> Row | None:
    """The change of -c, which has to be the user's; None: a new one."""
    if "c" not in opts:
        return None
    row = changespec.require(ctx.store, changespec.number_of(opts["c"]))
    if row.status != PENDING:
        ctx.fail(M.AlreadyCommitted, change=title(row.change))
    changespec.own(ctx, row)
    return row


def _is_refused(ctx: Context, opts: Options, files: list[Shelved], before: list[Shelved]) -> bool:
    """Says which files are in the target already, unless -f replaces them."""
    there = {file.depotFile for file in before}
    refused = [file for file in files if file.depotFile in there and "f" not in opts]
    for file in refused:
        ctx.message(M.ShelveCantUpdate, depotFile=file.depotFile)
    return bool(refused)


def _copy(ctx: Context, files: list[Shelved], before: list[Shelved], number: int) -> list[Shelved]:
    """Writes the copies, with their resolves (inside write()); what they replace."""
    names = {file.depotFile for file in files}
    gone = [file for file in before if file.depotFile in names]
    shelf.drop(ctx.store, gone)
    shelf.put(ctx.store, [_copied(ctx, file, number) for file in files])
    for file in files:
        for record in integ_rows.of_file(ctx.store, file.client, file.depotFile, file.change):
            integ_rows.put(ctx.store, record._replace(client=ctx.client_name, shelf=number))
    return gone


def _copied(ctx: Context, file: Shelved, number: int) -> Shelved:
    """A file of another shelf as one of this: with a content of its own, where the other has one."""
    row = file.opened()._replace(client=ctx.client_name, user=ctx.user, change=number, locked=0)
    received = file.received()
    if received is not None and not file.lazy:
        try:
            data = archive(ctx).read(file.lbrFile, file.lbrRev, file.lbrType)
        except ArchiveError:
            ctx.fail(M.LbrOpenFail, lbrFile=file.lbrFile, lbrRev=file.lbrRev)
        name = shelf.free_name(archive(ctx), file.depotFile, number)
        received = store_content(ctx, row, data, name, file.modTime or 0)
    return Shelved.of(row, number, received, int(time.time()))


def _tell(ctx: Context, files: list[Shelved], number: int) -> None:
    ctx.emit([("change", number)], M.ShelveBegin, change=number)
    for file in files:
        rev = file.workRev or 1
        ctx.emit([("depotFile", file.depotFile), ("rev", rev), ("action", file.action)], M.SubmitTransfer,
                 action=file.action, depotFile=file.depotFile, depotRev=f"#{rev}")
    if not ctx.tagged:
        ctx.message(M.ShelveComplete, change=title(number))
