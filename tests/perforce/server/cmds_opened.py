"""opened, have and where: what a client has open, what it has, and where its view puts files."""

from typing import Iterator

from . import encode, openfiles
from .changespec import number_of
from .command import Context, command
from .filequery import FileArg, client_files, parse_all
from .mapping import UNMAP
from .messages import M
from .openfiles import COLUMNS_OPENED, Opened
from .options import Options, UsageError
from .scope import EVERYTHING, Scope

# (short, somebody else's, state) -> message
LINES = {
    (False, False, ""): M.OpenedData, (False, False, "locked"): M.OpenedLocked,
    (False, False, "x"): M.OpenedXData,
    (False, True, ""): M.OpenedOther, (False, True, "locked"): M.OpenedOtherLocked,
    (False, True, "x"): M.OpenedXOther,
    (True, False, ""): M.OpenedDataS, (True, False, "locked"): M.OpenedLockedS,
    (True, False, "x"): M.OpenedXDataS,
    (True, True, ""): M.OpenedOtherS, (True, True, "locked"): M.OpenedOtherLockedS,
    (True, True, "x"): M.OpenedXOtherS,
}
FLAGS = {"&": "ditto", "+": "remap", UNMAP: "unmap"}


# opened

@command("opened", "a c: C: g m# s S. u: x", M.UseOpened)
def opened(ctx: Context, opts: Options) -> None:
    everywhere = "c" not in opts and bool({"a", "C", "u", "x", "g"} & opts.values.keys())
    left = opts.number("m") or None
    for arg in parse_all(ctx, opts.args) if opts.args else (None,):
        paths = arg.allowed("list") if arg else EVERYTHING
        found = 0
        for row in _rows(ctx, opts, paths):
            found += 1
            _show(ctx, row, "s" in opts, everywhere or row.client != ctx.client_name)
            left = left and left - 1
            if left == 0:
                return
        if not found:
            ctx.message(_nothing(opts), argc=arg.text if arg else None)


def _nothing(opts: Options):
    if "c" in opts:
        return M.ExOPENDFLT if opts["c"] == "default" else M.ExOPENCHANGE
    if {"a", "x", "g"} & opts.values.keys() and not {"C", "u"} & opts.values.keys():
        return M.ExOPENALL
    return M.ExOPENCLIENT


def _rows(ctx: Context, opts: Options, paths: Scope) -> Iterator[Opened]:
    where, args = _conditions(ctx, opts)
    allowed = ctx.access.allowed("list")
    sql = f"SELECT {COLUMNS_OPENED} FROM working WHERE {where} ORDER BY depotFile, client"
    for row in ctx.store.all(sql, *args):
        ctx.scanned()
        found = Opened(*row)
        if "x" in opts and not openfiles.is_exclusive(found.type):
            continue
        if encode(found.depotFile) in paths and allowed(found.depotFile):
            ctx.result()
            yield found


def _conditions(ctx: Context, opts: Options) -> tuple[str, list]:
    if opts.get("c") == "default":
        return "change = 0 AND client = ?", [ctx.client_name]
    if "c" in opts:
        return "change = ?", [number_of(opts["c"])]
    terms = [(column, opts[letter]) for letter, column in (("C", "client"), ("u", "user")) if letter in opts]
    if not terms and not {"a", "x", "g"} & opts.values.keys():
        terms = [("client", ctx.client_name)]
    return " AND ".join(f"{column} = ?" for column, _ in terms) or "1", [value for _, value in terms]


def _show(ctx: Context, row: Opened, short: bool, other: bool) -> None:
    state = "locked" if row.locked else "x" if openfiles.is_exclusive(row.type) else ""
    pairs = [("depotFile", row.depotFile), ("clientFile", row.clientFile), ("rev", row.workRev or 1),
             ("haveRev", row.haveRev or "none"), ("action", row.action), ("change", row.change or "default"),
             ("type", row.type), ("user", row.user), ("client", row.client),
             ("ourLock", True if row.locked else None),
             ("movedFile", row.movedFile or None)]
    if short:
        pairs = [pair for pair in pairs if pair[0] not in ("rev", "haveRev", "type", "clientFile")]
    ctx.emit(pairs, LINES[short, other, state], depotFile=row.depotFile, workRev=f"#{row.workRev or 1}",
             action=row.action, change=row.change_text, type=row.type, user=row.user, client=row.client)


# have

@command("have", "", M.UseHave)
def have(ctx: Context, opts: Options) -> None:
    files = client_files(ctx)
    for arg in parse_all(ctx, opts.args, through_client=False, default=files.root.prefix + "..."):
        found = 0
        for path, client_file, rev, time in _have_rows(ctx, arg):
            found += 1
            ctx.result()
            local = files.local(client_file)
            ctx.emit([("depotFile", path), ("clientFile", client_file), ("path", local), ("haveRev", rev),
                      ("syncTime", time or None)], M.HaveData, depotFile=path, haveRev=f"#{rev}", lp=local)
        if not found:
            ctx.message(M.ExHAVE, argc=arg.text)


def _have_rows(ctx: Context, arg: FileArg) -> Iterator[tuple]:
    """The client's files in an argument; without one also those that its view does not map any more."""
    paths = EVERYTHING if arg.text is None else arg.scope
    for low, high in paths.ranges:
        for row in ctx.store.rows("SELECT depotFile, clientFile, rev, time FROM have WHERE client = ? AND"
                                  " depotFile >= ?"
                                  " AND depotFile < ? ORDER BY depotFile", ctx.client_name, low, high):
            ctx.scanned()
            if encode(row[0]) in paths and (arg.revs.high.kind != "rev" or arg.revs.high.value == row[2]):
                yield row


# where

@command("where", "", M.UseWhere)
def where(ctx: Context, opts: Options) -> None:
    files = client_files(ctx)
    for arg in parse_all(ctx, opts.args or ["..."], through_client=True):
        if arg.revs.low is not None or not arg.revs.is_head:
            raise UsageError(M.UseWhere())
        rows = arg.view.rows
        if not any(line.flag != UNMAP for line in rows):
            ctx.message(M.ExVIEW, argc=arg.text)
            continue
        for line in rows:
            depot_file, client_file = line.left.text, line.right.text
            local = files.local(client_file)
            flag = FLAGS.get(line.flag)
            ctx.emit([*([(flag, True)] if flag else []), ("depotFile", depot_file),
                      ("clientFile", client_file),
                      ("path", local)], M.WhereData, mapFlag=line.flag, depotFile=depot_file,
                     clientFile=client_file,
                     localPath=local)
