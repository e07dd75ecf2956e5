"""filelog and integrated: the history of files, and what flowed between them."""

from typing import Iterator

from . import changespec, encode
from .changespec import title
from .cmds_changes import LONG, SHORT, cut, indented
from .command import Context, command
from .filequery import FileArg, parse_all
from .listing import day, one_line
from .mapping import ViewMap
from .messages import M
from .openfiles import HOW, MOVED_FROM
from .options import Options, UsageError
from .revquery import Bound, Query, Rev, Revs
from .scope import Scope

BRANCH_FROM = 2
CONTENT_FROM = (2, 4)       # branch from, copy from
QUIET = ("ignored by", "branch into", "copy into", "merge into", "edit into", "add into", "delete into",
         "undone by")


class Record:
    """A row of `integed` as history shows it."""

    def __init__(self, row: tuple):
        self.file, self.start_from, self.end_from, self.start_to, self.end_to, self.how = row

    @property
    def span(self) -> str:
        return span(self.start_from, self.end_from)


def span(start: int, end: int) -> str:
    """Revisions after start up to end: #3, or #2,#4."""
    return f"#{start + 1},#{end}" if start + 1 < end else f"#{end}"


def number(rev: int) -> str:
    return f"#{rev}" if rev else "#none"


def records(ctx: Context, path: str) -> dict[int, list[Record]]:
    """The integration records of a file by revision; in a revision by partner, newest part first."""
    found: dict[int, list[Record]] = {}
    for row in ctx.store.rows("SELECT fromFile, startFromRev, endFromRev, startToRev, endToRev, how FROM"
                              " integed WHERE toFile = ? ORDER BY fromFile, startFromRev DESC", path):
        found.setdefault(row[4], []).append(Record(row))
    return found


# filelog

@command("filelog", "c# h i l L m# p s t", M.UseFilelog, minimum=1)
def filelog(ctx: Context, opts: Options) -> None:
    for arg in parse_all(ctx, opts.args):
        found = False
        for path, revs in _files(ctx, opts, arg):
            found = True
            _history(ctx, opts, path, revs)
        if not found:
            arg.warn_empty()


def _files(ctx: Context, opts: Options, arg: FileArg) -> Iterator[tuple[str, list[Rev]]]:
    revs = arg.revs
    if "c" in opts:
        bound = Bound("change", opts.number("c"))
        revs = Revs(bound, bound)
    most = opts.number("m") or None
    path, group = None, []
    for rev in Query(ctx, arg.allowed("list"), revs, exact=False).every():
        if rev.depotFile != path and group:
            yield path, group
            group = []
        path = rev.depotFile
        if most is None or len(group) < most:
            group.append(rev)
    if group:
        yield path, group


def _history(ctx: Context, opts: Options, path: str, revs: list[Rev]) -> None:
    """A file, and the files its history came from: always through moves, with -i and -h through branches."""
    seen = {path}
    left = opts.number("m") or None
    while revs:
        ctx.result()
        integrations = records(ctx, path)
        _show(ctx, opts, path, revs, integrations)
        left = left and left - len(revs)
        source = _source(opts, revs[-1], integrations)
        if source is None or source.file in seen or left == 0 or not ctx.access.allowed("list")(source.file):
            return
        path = source.file
        seen.add(path)
        raw = encode(path)
        older = Query(ctx, Scope([(raw, raw + b"\0")]),
                      Revs(Bound("rev", 1), Bound("rev", source.end_from))).every()
        revs = list(older)[:left]


def _source(opts: Options, oldest: Rev, integrations: dict[int, list[Record]]) -> Record | None:
    wanted = (MOVED_FROM, *(CONTENT_FROM if "h" in opts else (BRANCH_FROM,) if "i" in opts else ()))
    return next((record for record in integrations.get(oldest.rev, ()) if record.how in wanted), None)


def _show(ctx: Context, opts: Options, path: str, revs: list[Rev],
          integrations: dict[int, list[Record]]) -> None:
    pairs: list[tuple[str, object]] = [("depotFile", path)]
    if not ctx.tagged:
        ctx.message(M.FilelogData, depotFile=path)
    for index, rev in enumerate(revs):
        change = changespec.load(ctx.store, rev.change)
        shown = [record for record in integrations.get(rev.rev, ())
                 if "s" not in opts or HOW[record.how] not in QUIET]
        if ctx.tagged:
            pairs += _pairs(ctx, opts, index, rev, change, shown)
        else:
            _lines(ctx, opts, rev, change, shown)
    if ctx.tagged:
        ctx.record(pairs)


def _description(ctx: Context, opts: Options, change) -> str:
    if change is None:
        return ""
    text = change.description if changespec.may_read(ctx, change) else changespec.HIDDEN
    return text if "l" in opts else cut(text, LONG if "L" in opts else SHORT)


def _pairs(ctx: Context, opts: Options, n: int, rev: Rev, change, shown: list[Record]) -> Iterator[tuple]:
    yield from ((f"rev{n}", rev.rev), (f"change{n}", rev.change), (f"action{n}", rev.action),
                (f"type{n}", rev.type),
                (f"time{n}", rev.date), (f"user{n}", change.user if change else ""),
                (f"client{n}", change.client if change else ""))
    if rev.live:
        yield from ((f"fileSize{n}", rev.size), (f"digest{n}", rev.digest or None))
    yield f"desc{n}", _description(ctx, opts, change)
    for m, record in enumerate(shown):
        yield from ((f"how{n},{m}", HOW[record.how]), (f"file{n},{m}", record.file),
                    (f"srev{n},{m}", number(record.start_from)), (f"erev{n},{m}", number(record.end_from)))


def _lines(ctx: Context, opts: Options, rev: Rev, change, shown: list[Record]) -> None:
    text = _description(ctx, opts, change)
    long = {"l", "L"} & opts.values.keys()
    ctx.message(M.FilelogRevMessage, depotRev=f"#{rev.rev}", change=title(rev.change, False),
                action=rev.action,
                date=day(rev.date, "t" in opts), user=change.user if change else "",
                client=change.client if change else "", type=rev.type,
                description=indented(text) if long else f" '{one_line(text)}'")
    for record in shown:
        ctx.message(M.FilelogInteg, how=HOW[record.how], fromFile=record.file, fromRev=record.span)


# integrated

@command("integrated", "b: m# r s# --into-only", M.UseInteged)
def integrated(ctx: Context, opts: Options) -> None:
    if {"m", "s"} <= opts.values.keys() or "r" in opts and "b" not in opts:
        raise UsageError(M.UseInteged())
    left = opts.number("m") or None
    for arg in parse_all(ctx, opts.args, default="//..."):
        found = False
        rows = _integed(ctx, opts, arg)
        for row in sorted(rows, key=lambda row: -row[7]) if left else rows:
            found = True
            ctx.result()
            _show_integed(ctx, *row)
            left = left and left - 1
            if left == 0:
                return
        if not found:
            ctx.message(M.ExINTEGED, argc=arg.text)


def _integed(ctx: Context, opts: Options, arg: FileArg) -> Iterator[tuple]:
    paths, since = arg.allowed("list"), opts.number("s")
    branch = _branch(ctx, opts)
    for low, high in paths.ranges:
        for row in ctx.store.rows("SELECT toFile, fromFile, startToRev, endToRev, startFromRev, endFromRev,"
                                  " how, change FROM"
                                  " integed WHERE toFile >= ? AND toFile < ? AND change >= ?"
                                  " ORDER BY toFile, fromFile, startFromRev DESC", low, high, since):
            ctx.scanned()
            if encode(row[0]) not in paths or ("--into-only" in opts
                                               and not HOW[row[6]].endswith(("into", "by"))):
                continue
            if branch is None or branch.translate(row[1]) == row[0]:
                yield row


def _branch(ctx: Context, opts: Options):
    """The mapping of -b: records whose source it carries to their target."""
    if "b" not in opts:
        return None
    rows = ctx.store.all('SELECT flag, "left", "right" FROM view WHERE type = 98 AND name = ? AND kind = 0'
                         ' ORDER BY seq',
                         opts["b"])
    if not rows:
        ctx.fail(M.NoSuchDomain2, type="Branch", name=opts["b"], command="branch")
    view = ViewMap.of([tuple(word or "" for word in row) for row in rows])
    return view.swapped() if "r" in opts else view


def _show_integed(ctx: Context, to_file: str, from_file: str, start_to: int, end_to: int, start: int,
                  end: int, how: int,
                  change: int) -> None:
    ctx.emit([("toFile", to_file), ("fromFile", from_file), ("startToRev", number(start_to)),
              ("endToRev", number(end_to)), ("startFromRev", number(start)), ("endFromRev", number(end)),
              ("how", HOW[how]), ("change", change)],
             M.IntegedData, toFile=to_file, toRev=span(start_to, end_to), how=HOW[how], fromFile=from_file,
             fromRev=span(start, end))
