"""files and sizes: what revisions there are and how large they are."""

from typing import Iterator

from . import encode
from .command import Context, command
from .filequery import FileArg, change_text, depot_rev, parse_all, select
from .messages import M
from .options import Options, UsageError
from .revquery import Rev, totals

UNITS = "BKMGTP"


@command("files", "a A e i m# U --streamviews", M.UseFiles, minimum=1)
def files(ctx: Context, opts: Options) -> None:
    there = "e" in opts
    for arg, rev in select(ctx, opts, every="a" in opts, keep=lambda rev: rev.live or not there):
        ctx.emit([("depotFile", rev.depotFile), ("rev", rev.rev), ("change", rev.change),
                  ("action", rev.action),
                  ("type", rev.type), ("time", rev.date)],
                 M.FilesData, depotFile=rev.depotFile, depotRev=depot_rev(arg, rev), action=rev.action,
                 change=change_text(rev.change), type=rev.type)


@command("sizes", "a A b# h H m# s S U z", M.UseSizes, minimum=1)
def sizes(ctx: Context, opts: Options) -> None:
    if ("s" in opts and "z" in opts) or ("h" in opts and "H" in opts):
        raise UsageError(M.UseSizes())
    if "S" in opts:
        _shelved_sizes(ctx, opts)
    elif "s" in opts or "z" in opts:
        for arg in parse_all(ctx, opts.args):
            _sum(ctx, opts, arg)
    else:
        for arg, rev in select(ctx, opts, every="a" in opts, keep=_counts):
            _size(ctx, opts, rev.depotFile, rev.size, ("rev", rev.rev), f"#{rev.rev}")


def _counts(rev: Rev) -> bool:
    return rev.live


def human(size: int, scale: int) -> str:
    """A size for people: up to one decimal and a unit."""
    value, unit = float(size), 0
    while value >= scale and unit < len(UNITS) - 1:
        value, unit = value / scale, unit + 1
    return str(size) if unit == 0 else f"{value:.1f}{UNITS[unit]}"


def _shown(opts: Options, size: int | None) -> str:
    if size is None:
        return "<n/a>"
    scale = 1024 if "h" in opts else 1000 if "H" in opts else 0
    return human(size, scale) if scale else str(size)


def _blocks(opts: Options, size: int | None) -> int | None:
    block = opts.number("b")
    return -(-(size or 0) // block) if block else None


def _is_human(opts: Options) -> bool:
    return "h" in opts or "H" in opts


def _size(ctx: Context, opts: Options, path: str, size: int | None, key: tuple, rev_shown: str) -> None:
    blocks = _blocks(opts, size)
    ctx.emit([("depotFile", path), key, ("fileSize", _shown(opts, size)), ("blockCount", blocks)],
             M.FilesDiskUsageHuman if _is_human(opts) else M.FilesDiskUsage, depotFile=path,
             depotRev=rev_shown, fileSize=_shown(opts, size), blockCount=blocks)


def _sum(ctx: Context, opts: Options, arg: FileArg) -> None:
    """One line per argument, whatever it selects; an argument outside the client's view is a warning."""
    if not arg.scope:
        arg.warn_empty()
        return
    ctx.result()
    _summary(ctx, opts, arg, *_total(ctx, opts, arg))


def _summary(ctx: Context, opts: Options, arg: FileArg, count: int, size: int, blocks: int) -> None:
    blocks_shown = blocks if opts.number("b") else None
    ctx.emit([("path", arg.text), ("fileCount", count), ("fileSize", _shown(opts, size)),
              ("blockCount", blocks_shown)],
             M.FilesSummaryHuman if _is_human(opts) else M.FilesSummary, path=arg.text, fileCount=count,
             fileSize=_shown(opts, size), blockCount=blocks_shown)


def _total(ctx: Context, opts: Options, arg: FileArg) -> tuple[int, int, int]:
    if arg.revs.is_head and not arg.pins and not {"a", "m"} & opts.values.keys():
        return totals(ctx, arg.allowed("list"), opts.number("b"), "z" in opts)
    count = size = blocks = 0
    for rev in _first(arg, opts):
        counted = 0 if "z" in opts and rev.lazy else rev.size or 0
        count, size, blocks = count + 1, size + counted, blocks + (_blocks(opts, counted) or 0)
    return count, size, blocks


def _first(arg: FileArg, opts: Options) -> Iterator[Rev]:
    """The revisions to sum: those that are there, up to -m."""
    left = opts.number("m") or None
    query = arg.query()
    for rev in query.every() if "a" in opts else query.highest():
        if not rev.live:
            continue
        yield rev
        left = left and left - 1
        if left == 0:
            return


def _shelved_sizes(ctx: Context, opts: Options) -> None:
    """-S: the shelved files under each argument, of every shelf."""
    for arg in parse_all(ctx, opts.args):
        if not (arg.revs.is_head or arg.revs.shelf is not None):
            ctx.fail(M.NoRevRange)
        rows = list(_shelf_rows(ctx, arg))
        if {"s", "z"} & opts.values.keys():
            _summary(ctx, opts, arg, len(rows), sum(size or 0 for *_, size in rows),
                     sum(_blocks(opts, size) or 0 for *_, size in rows))
            continue
        for path, change, size in rows:
            _size(ctx, opts, path, size, ("change", change), f"@={change}")
        if not rows:
            ctx.message(M.ExFILE, argc=arg.text)


def _shelf_rows(ctx: Context, arg: FileArg) -> Iterator[tuple]:
    paths = arg.allowed("list")
    for low, high in paths.ranges:
        for row in ctx.store.rows("SELECT depotFile, change, size FROM shelf WHERE depotFile >= ? AND"
                                  " depotFile < ? ORDER BY depotFile, change", low, high):
            ctx.scanned()
            if encode(row[0]) in paths and arg.revs.shelf in (None, row[1]):
                yield row
