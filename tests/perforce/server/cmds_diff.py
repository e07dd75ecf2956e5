"""diff: workspace files against revisions of the depot, and lists of files that differ or are missing."""

from typing import Iterator, NamedTuple

from . import encode, filetype, openfiles
from .archive import ArchiveError
from .command import CommandError, Context, command
from .diff import diff as compared
from .filequery import FileArg, client_files, parse_all
from .messages import M
from .openfiles import ADDS, DELETES, Opened
from .options import Options, UsageError
from .revquery import Rev
from .schema import ABSENT
from .scope import EVERYTHING
from .transfer import content, fetch_all
from .workspace import look, unopened

LISTS = "abdelr"
STATES = {True: "same", False: "diff", None: "missing"}


class Pair(NamedTuple):
    """A workspace file and the revision it is compared with; opened: its row if it is open."""
    clientFile: str
    rev: Rev
    opened: Opened | None


@command("diff", "A. d. f m# O. s. t", M.UseDiff)
def diff(ctx: Context, opts: Options) -> None:
    lists = opts.get("s", "a")
    if len(lists) != 1 or lists not in LISTS or opts.get("O", "d") != "d" or opts.get("A", "f") != "f":
        raise UsageError(M.UseDiff())
    for arg in parse_all(ctx, opts.args, through_client=True) if opts.args else (None,):
        pairs = list(_pairs(ctx, opts, arg))
        if not pairs:
            _nothing(ctx, opts, arg)
        elif "s" in opts:
            _list(ctx, opts["s"], pairs)
        else:
            _show(ctx, opts, pairs[:opts.number("m") or None])


def _nothing(ctx: Context, opts: Options, arg: FileArg | None) -> None:
    opened_only = opts.get("s", "a") in "abr" and "f" not in opts and (arg is None or arg.revs.is_head)
    if not opened_only and arg is not None and not arg.revs.is_head:
        arg.warn_empty("read")
    else:
        ctx.message(M.ExOPENCLIENT if opened_only else M.ExHAVE, argc=arg.text if arg else None)


# which files

def _pairs(ctx: Context, opts: Options, arg: FileArg | None) -> Iterator[Pair]:
    """The files that are compared: with a revision all that have it, else the opened or the unopened
    ones."""
    files = client_files(ctx)
    paths = arg.allowed("read") if arg else EVERYTHING
    opened = {row.depotFile: row for row in openfiles.of_client(ctx.store, ctx.client_name, paths)}
    if arg is not None and not (arg.revs.is_head and arg.text.partition("#")[1] == ""):
        for rev in arg.query("read").highest():
            if rev.live:
                yield Pair(files.client_file(rev.depotFile), rev, opened.get(rev.depotFile))
        return
    unopened_too, only_unopened = "f" in opts, opts.get("s", "a") in "del"
    for row in opened.values() if not only_unopened else ():
        rev = _base(ctx, row)
        if rev is not None:
            yield Pair(row.clientFile, rev, row)
    if unopened_too or only_unopened:
        yield from _unopened(ctx, arg, opened)


def _base(ctx: Context, row: Opened) -> Rev | None:
    if row.action in DELETES or not row.haveRev and row.action in ADDS:
        return None
    return openfiles.revision(ctx.store, row.depotFile, row.haveRev)


def _unopened(ctx: Context, arg: FileArg | None, opened: dict[str, Opened]) -> Iterator[Pair]:
    paths = arg.allowed("read") if arg else EVERYTHING
    rows = ctx.store.all("SELECT depotFile, clientFile, rev FROM have WHERE client = ? ORDER BY depotFile",
                         ctx.client_name)
    for path, client_file, number in rows:
        ctx.scanned()
        if path in opened or encode(path) not in paths:
            continue
        rev = openfiles.revision(ctx.store, path, number)
        if rev is not None and rev.action not in ABSENT:
            yield Pair(client_file, rev, None)


# lists

def _list(ctx: Context, kind: str, pairs: list[Pair]) -> None:
    files = client_files(ctx)
    wanted = [(pair.clientFile, pair.opened.type if pair.opened else pair.rev.type) for pair in pairs]
    for pair, local in zip(pairs, look(ctx, files, wanted)):
        same = None if not local.exists else local.digest == pair.rev.digest
        if not _is_listed(kind, pair, same, local.digest):
            continue
        ctx.result()
        place = files.local(pair.clientFile)
        if ctx.tagged:
            ctx.record([*([("status", STATES[same])] if kind == "l" else []),
                        ("depotFile", pair.rev.depotFile), ("clientFile", place), ("rev", pair.rev.rev),
                        ("type", pair.rev.type)])
        else:
            ctx.info(0, f"{STATES[same]} {place}" if kind == "l" else place)


def _is_listed(kind: str, pair: Pair, same: bool | None, found: str) -> bool:
    if kind == "b":         # resolved by the server and changed since
        row = pair.opened
        return row is not None and row.action == "integrate" and bool(row.digest) and found != row.digest
    return {"a": same is not True, "d": same is None, "e": same is False, "l": True, "r": same is True}[kind]


# differences

def _show(ctx: Context, opts: Options, pairs: list[Pair]) -> None:
    files = client_files(ctx)
    by_file = {pair.clientFile: pair for pair in pairs}
    rows = (pair.opened or unopened(ctx, pair.rev.depotFile, pair.clientFile, pair.rev.rev, pair.rev.type)
            for pair in pairs)
    for row, found in fetch_all(ctx, files, rows):
        pair = by_file[row.clientFile]
        if found is not None:
            _one(ctx, opts, pair, row.type, found.data)


def _one(ctx: Context, opts: Options, pair: Pair, kind: str, mine: bytes) -> None:
    try:
        theirs = content(ctx, pair.rev, False)
    except ArchiveError as error:
        raise CommandError(M.LbrOpenFail(lbrFile=pair.rev.lbrFile, lbrRev=pair.rev.lbrRev)) from error
    if "O" in opts and theirs == mine and kind == pair.rev.type:
        return
    ctx.result()
    place = client_files(ctx).local(pair.clientFile)
    ctx.emit([("depotFile", pair.rev.depotFile), ("clientFile", place), ("rev", pair.rev.rev),
              ("type", pair.rev.type)], M.DiffData, depotFile=pair.rev.depotFile,
             depotRev=f"#{pair.rev.rev}", localPath=place, type=kind if kind != pair.rev.type else None)
    tell_difference(ctx, opts, (pair.rev.type, kind), theirs, mine)


def tell_difference(ctx: Context, opts: Options, kinds: tuple[str, str], old: bytes, new: bytes) -> None:
    """The body of a comparison; of what is no text only that there is a difference."""
    if old == new:
        return
    if "t" not in opts and not all(filetype.parse(kind).is_text for kind in kinds):
        ctx.text(M.Diff2Differ.render({}) + "\n")
    else:
        ctx.text(compared(old, new, "".join(opts.all("d"))))
