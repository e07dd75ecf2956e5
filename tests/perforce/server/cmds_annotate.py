"""annotate: which revision each line of a file comes from."""

from typing import Iterator

from . import changespec, encode
from .archive import ArchiveError
from .cmds_filelog import BRANCH_FROM, records
from .command import Context, command
from .dates import format_day, format_time
from .diff import hunks, line_keys, split_lines
from .filequery import FileArg, change_text, parse_all
from .messages import M
from .options import Options
from .revquery import Bound, Query, Rev, Revs
from .scope import Scope
from .transfer import content


class Line:
    """A line, the revision that brought it and the last one that had it."""

    def __init__(self, text: bytes, rev: Rev):
        self.text, self.first, self.last, self.there = text, rev, rev, True


@command("annotate", "a c i q t T u d. --tab:", M.UseAnnotate, minimum=1, level="read")
def annotate(ctx: Context, opts: Options) -> None:
    for arg in parse_all(ctx, opts.args):
        found = False
        for revs in _files(ctx, arg):
            if revs[-1].live or "a" in opts:
                found = True
                _file(ctx, opts, revs)
        if not found:
            arg.warn_empty("read")


def _files(ctx: Context, arg: FileArg) -> Iterator[list[Rev]]:
    """The revisions of each file in the range, oldest first."""
    low = arg.revs.low or Bound("rev", 1)
    group: list[Rev] = []
    for rev in Query(ctx, arg.allowed("read"), Revs(low, arg.revs.high), exact=False).every():
        if group and group[0].depotFile != rev.depotFile:
            yield group[::-1]
            group = []
        group.append(rev)
    if group:
        yield group[::-1]


def _file(ctx: Context, opts: Options, revs: list[Rev]) -> None:
    head = revs[-1]
    if ctx.tagged or "q" not in opts:
        ctx.emit([("depotFile", head.depotFile), ("rev", head.rev), ("change", head.change), ("action", head.action),
                  ("type", head.type), ("time", head.date)], M.FilesData, depotFile=head.depotFile,
                 depotRev=f"#{head.rev}", action=head.action, change=change_text(head.change), type=head.type)
    if "binary" in head.type and "t" not in opts:
        return
    for line in _lines(ctx, opts, _inherited(ctx, revs) if "i" in opts else revs):
        if line.there or "a" in opts:
            _show(ctx, opts, line)


def _inherited(ctx: Context, revs: list[Rev]) -> list[Rev]:
    """The revisions with those of the files that they were branched from before them."""
    seen = {revs[0].depotFile}
    while True:
        first = revs[0]
        rows = records(ctx, first.depotFile).get(first.rev, ())
        source = next((row for row in rows if row.how == BRANCH_FROM and row.file not in seen), None)
        if source is None or not ctx.access.allowed("read")(source.file):
            return revs
        seen.add(source.file)
        raw = encode(source.file)
        older = Query(ctx, Scope([(raw, raw + b"\0")]), Revs(Bound("rev", 1), Bound("rev", source.end_from))).every()
        revs = [*list(older)[::-1], *revs]


def _lines(ctx: Context, opts: Options, revs: list[Rev]) -> list[Line]:
    """The lines of all revisions in their places; those of the last one are there."""
    flags, lines = "".join(opts.all("d")), []
    for rev in revs:
        ctx.check()
        lines = _advanced(lines, rev, split_lines(_text(ctx, rev)), flags)
    return lines


def _text(ctx: Context, rev: Rev) -> bytes:
    if not rev.live:
        return b""
    try:
        return content(ctx, rev, False)
    except ArchiveError:
        ctx.fail(M.LbrOpenFail, lbrFile=rev.lbrFile, lbrRev=rev.lbrRev)


def _advanced(lines: list[Line], rev: Rev, texts: list[bytes], flags: str) -> list[Line]:
    """The lines after one more revision."""
    there = [number for number, line in enumerate(lines) if line.there] + [len(lines)]
    old = [lines[number].text for number in there[:-1]]
    made, at = [], 0
    for hunk in hunks(line_keys(old, flags), line_keys(texts, flags)):
        start, stop = there[hunk.old_from], there[hunk.old_to]
        for line in lines[start:stop]:
            line.there = False
        made += lines[at:stop] + [Line(text, rev) for text in texts[hunk.new_from:hunk.new_to]]
        at = stop
    made += lines[at:]
    for line, text in zip((line for line in made if line.there), texts):
        line.last, line.text = rev, text
    return made


def _show(ctx: Context, opts: Options, line: Line) -> None:
    change = changespec.load(ctx.store, line.first.change) if "u" in opts else None
    by_change = {"c", "i"} & opts.values.keys()
    lower, upper = ((rev.change if by_change else rev.rev) for rev in (line.first, line.last))
    user = change.user if change is not None else ""
    if ctx.tagged:
        when = format_time(line.first.date) if "u" in opts else None
        ctx.record([("upper", upper), ("lower", lower), ("user", user if "u" in opts else None), ("time", when),
                    ("data", line.text)])
        return
    span = f"{lower}-{upper}" if "a" in opts else f"{lower}"
    who = f"{user} {format_day(line.first.date)} " if "u" in opts else ""
    ctx.text(f"{span}: {who}".encode() + line.text)
