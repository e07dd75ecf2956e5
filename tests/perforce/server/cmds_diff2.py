"""diff2: one set of depot files against another, by name or through a branch view."""

from typing import NamedTuple

from . import encode, integ_map
from .archive import ArchiveError
from .cmds_diff import tell_difference
from .command import CommandError, Context, command
from .dates import format_time
from .diff import diff
from .filequery import FileArg, parse
from .mapping import ViewMap
from .messages import M
from .options import Options, UsageError
from .revquery import Query, Rev, Revs
from .scope import of_filter, of_view
from .transfer import content


class Side(NamedTuple):
    """A revision, and how messages call it: `#3`, `@=12`."""
    rev: Rev
    text: str


class Pair(NamedTuple):
    left: Side | None
    right: Side | None
    status: str


@command("diff2", "A. b: d. O. P: q S: t u", M.UseDiff2, maximum=2)
def diff2(ctx: Context, opts: Options) -> None:
    if opts.get("A", "f") != "f" or opts.get("O", "d") != "d" or "b" in opts and "S" in opts:
        raise UsageError(M.UseDiff2())
    left, right = _arguments(ctx, opts)
    revs = [arg.revs if arg else Revs() for arg in (left, right)]
    pairs = _pairs(ctx, _view(ctx, opts, left, right), *revs)
    if not pairs:
        _nothing(ctx, left, right)
        return
    every = not {"q", "O", "u"} & opts.values.keys()
    shown = [pair for pair in pairs if every or pair.status != "identical"]
    if not shown:
        ctx.message(M.ExDIFF, argc=left.text if left else None)
    for pair in shown:
        ctx.result()
        _show(ctx, opts, pair)


def _arguments(ctx: Context, opts: Options) -> tuple[FileArg | None, FileArg | None]:
    """The two sides; a single argument is the right one."""
    args = [parse(ctx, text) for text in opts.args]
    if not {"b", "S"} & opts.values.keys() and len(args) != 2:
        raise UsageError(M.WrongArg(), M.UseDiff2n())
    if any(not arg.path for arg in args):
        raise CommandError(M.Diff2BadArgs())
    return (args[0], args[1]) if len(args) == 2 else (None, args[0] if args else None)


def _view(ctx: Context, opts: Options, left: FileArg | None, right: FileArg | None) -> ViewMap:
    if not {"b", "S"} & opts.values.keys():
        return integ_map.pair_view(ctx, left, right)
    view = integ_map.branch_view(ctx, opts["b"]) if "b" in opts else integ_map.stream_view(ctx, opts)
    if left is not None:
        view = integ_map.limit(view, left, left=True)
    return integ_map.limit(view, right, left=False) if right is not None else view


def _nothing(ctx: Context, *args: FileArg | None) -> None:
    given = [arg for arg in args if arg is not None]
    for arg in given:
        arg.warn_empty("read")
    if not given:
        ctx.message(M.ExFILE)


def _pairs(ctx: Context, view: ViewMap, left: Revs, right: Revs) -> list[Pair]:
    """The pairs by left path, or what that would be."""
    readable = of_filter(ctx.access.allowed("read"))
    lefts = _sides(Query(ctx, of_view(view) & readable, left), left)
    rights = _sides(Query(ctx, of_view(view.swapped()) & readable, right), right)
    found: dict[str, Pair] = {}
    for path, rev in lefts.items():
        other = rights.pop(view.translate(path), None)
        found[path] = Pair(rev, other, _status(rev, other))
    for path, rev in rights.items():
        found[view.reverse(path) or path] = Pair(None, rev, "right only")
    return [found[path] for path in sorted(found, key=encode)]


def _sides(query: Query, revs: Revs) -> dict[str, Side]:
    return {rev.depotFile: Side(rev, f"@={revs.shelf}" if revs.shelf is not None else f"#{rev.rev}")
            for rev in query.highest() if rev.live}


def _status(left: Side, right: Side | None) -> str:
    if right is None:
        return "left only"
    if left.rev.digest != right.rev.digest:
        return "content"
    return "identical" if left.rev.type == right.rev.type else "types"


# showing

MESSAGES = {"content": M.Diff2DataContent, "types": M.Diff2DataTypes, "identical": M.Diff2DataIdentical,
            "left only": M.Diff2DataLeft, "right only": M.Diff2DataRight}


def _show(ctx: Context, opts: Options, pair: Pair) -> None:
    left, right = pair.left, pair.right
    if "u" in opts:
        if left and right:
            _unified(ctx, opts, left, right)
        return
    pairs: list[tuple[str, object]] = [("status", pair.status)]
    facts = {}
    for suffix, side in (("", left), ("2", right)):
        if side is not None:
            name, rev = suffix if left is not None else "", side.rev
            pairs += [(f"depotFile{suffix}", rev.depotFile), (f"rev{suffix}", side.text.removeprefix("#")),
                      (f"type{suffix}", rev.type)]
            facts |= {f"depotFile{name}": rev.depotFile, f"depotRev{name}": side.text,
                      f"type{name}": rev.type}
    ctx.emit(pairs, MESSAGES[pair.status], **facts)
    if pair.status == "content" and "q" not in opts:
        tell_difference(ctx, opts, (left.rev.type, right.rev.type), *_contents(ctx, left, right))


def _unified(ctx: Context, opts: Options, left: Side, right: Side) -> None:
    """What the patch program reads."""
    old, new = _contents(ctx, left, right)
    facts = {"depotFile": left.rev.depotFile, "depotFile2": right.rev.depotFile}
    if b"\0" in old + new and "t" not in opts:
        ctx.message(M.Diff2DataUnifiedDiffer, depotRev=left.text, depotRev2=right.text, **facts)
        return
    ctx.message(M.Diff2DataUnified, depotDate=format_time(left.rev.date),
                depotDate2=format_time(right.rev.date), **facts)
    ctx.text(diff(old, new, "u" + "".join(opts.all("d"))))


def _contents(ctx: Context, *sides: Side) -> list[bytes]:
    try:
        return [content(ctx, side.rev, False) for side in sides]
    except ArchiveError as error:
        raise CommandError(M.LbrOpenFail(lbrFile=sides[0].rev.lbrFile,
                                         lbrRev=sides[0].rev.lbrRev)) from error
