"""changes: lists of changelists, of the whole server or of those that touched some files."""

from typing import Iterable, Iterator

from . import changespec, decode, encode
from .changespec import PENDING, STATUS, title
from .command import Context, command
from .filequery import FileArg, parse_all
from .listing import day, one_line
from .messages import M
from .openfiles import HOW
from .options import Options, UsageError
from .revquery import Query
from .store import Row

SHORT, LONG = 31, 250       # bytes of a description without and with -L
STATES = {"pending": "status = 0", "submitted": "status = 1", "shelved": "shelved = 1"}
FROM = tuple(number for number, text in enumerate(HOW) if text.endswith("from"))


@command("changes", "a c: e# f i l L m# r s: t u: --stream --nostream", M.UseChanges,
         aliases=("changelists",))
def changes(ctx: Context, opts: Options) -> None:
    if opts.get("s", "pending") not in STATES or ("l" in opts and "L" in opts):
        raise UsageError(M.UseChanges())
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    if not opts.args:
        _list(ctx, opts, _rows(ctx, opts))
    for arg in parse_all(ctx, opts.args):
        found = _list(ctx, opts, _of_files(ctx, opts, arg))
        if not found and not opts.values.keys() & {"c", "u", "s", "e"}:
            arg.warn_empty()


# which changes

def _conditions(opts: Options) -> tuple[str, list]:
    terms, args = ["1"], []
    for letter, term in (("u", "user = ?"), ("c", "client = ?"), ("e", "change >= ?")):
        if letter in opts:
            terms.append(term)
            args.append(opts[letter] if letter != "e" else opts.number("e"))
    if "s" in opts:
        terms.append(STATES[opts["s"]])
    if "--stream" in opts or "--nostream" in opts:
        terms.append(f"stream IS {'NOT ' if '--stream' in opts else ''}NULL")
    return " AND ".join(terms), args


def _rows(ctx: Context, opts: Options) -> Iterator[Row]:
    where, args = _conditions(opts)
    order = "change" if "r" in opts else "change DESC"
    for row in ctx.store.objects(f"SELECT * FROM change WHERE {where} ORDER BY {order}", *args):
        ctx.scanned()
        yield row


def _of_files(ctx: Context, opts: Options, arg: FileArg) -> Iterator[Row]:
    """The changes that touched files: submitted ones, with -s shelved the shelves."""
    if opts.get("s") == "shelved":
        numbers: Iterable[int] = sorted(_shelves(ctx, arg), reverse=True)
    else:
        numbers = _touching(ctx, opts, arg)
    where, args = _conditions(opts)
    for number in numbers:
        row = ctx.store.object(f"SELECT * FROM change WHERE change = ? AND {where}", number, *args)
        if row is not None:
            yield row


def _shelves(ctx: Context, arg: FileArg) -> set[int]:
    paths = arg.allowed("list")
    found = set()
    for low, high in paths.ranges:
        for path, change in ctx.store.rows("SELECT depotFile, change FROM shelf WHERE depotFile >= ? AND"
                                           " depotFile < ?",
                                           low, high):
            ctx.scanned()
            if encode(path) in paths:
                found.add(change)
    return found


def _touching(ctx: Context, opts: Options, arg: FileArg) -> Iterator[int]:
    query = arg.query(exact=False)
    if _may_walk(opts, arg):
        known = []
        for number in query.newest_changes():
            if number is None:
                break
            known.append(number)
            yield number
        else:
            return
        yield from sorted(query.changes() - set(known), reverse=True)
        return
    found = query.changes()
    if "i" in opts:
        found |= _inherited(ctx, query)
    yield from sorted(found, reverse="r" not in opts)


def _may_walk(opts: Options, arg: FileArg) -> bool:
    """Whether going down from the newest change finds the answer: when only a few are wanted, newest
    first."""
    simple = arg.revs.low is None and arg.revs.high.kind in ("head", "change") and arg.revs.shelf is None
    return simple and "m" in opts and not {"i", "r"} & opts.values.keys()


def _inherited(ctx: Context, query: Query) -> set[int]:
    """Changes whose revisions were integrated into the selected ones, however far back."""
    marks = ", ".join(map(str, FROM))
    todo: list[tuple[str, int, int]] = [(rev.depotFile, rev.rev - 1, rev.rev) for rev in query.every()]
    seen, found = set(todo), set()
    while todo:
        path, start, end = todo.pop()
        ctx.scanned()
        for source, first, last in ctx.store.all(
                "SELECT fromFile, startFromRev, endFromRev FROM integed WHERE toFile = ? AND endToRev > ?"
                " AND endToRev <= ?"
                f" AND how IN ({marks})", path, start, end):
            found |= {change for (change,) in ctx.store.all(
                "SELECT change FROM rev WHERE depotFile = ? AND rev > ? AND rev <= ?", source, first, last)}
            if (source, first, last) not in seen:
                seen.add((source, first, last))
                todo.append((source, first, last))
    return found


# showing them

def _list(ctx: Context, opts: Options, rows: Iterable[Row]) -> int:
    left, count = opts.number("m") or None, 0
    for row in rows:
        readable = "f" in opts or changespec.may_read(ctx, row)
        if not readable and not opts.args:
            continue
        count += 1
        ctx.result()
        show(ctx, opts, row, row.description if readable else changespec.HIDDEN)
        left = left and left - 1
        if left == 0:
            break
    return count


def cut(text: str, length: int) -> str:
    """The first bytes of a text; a character that would be cut in two is left out."""
    raw = encode(text)
    while length and length < len(raw) and raw[length] & 0xC0 == 0x80:
        length -= 1
    return decode(raw[:length])


def show(ctx: Context, opts: Options, row: Row, text: str,
         further: Iterable[tuple[str, object]] = ()) -> None:
    """One change as `changes` lists it, with further fields in its record."""
    if "l" not in opts:
        text = cut(text, LONG if "L" in opts else SHORT)
    pairs = [("change", row.change), ("time", row.date), ("user", row.user), ("client", row.client),
             ("status", STATUS[row.status]), ("changeType", row.type or "public"),
             ("path", row.path or None),
             ("oldChange", row.oldChange or None), ("shelved", True if row.shelved else None),
             ("desc", text), *further]
    shown = indented(text) if {"l", "L"} & opts.values.keys() else f" '{one_line(text)}'"
    ctx.emit(pairs, M.ChangesDataPending if row.status == PENDING else M.ChangesData,
             change=title(row.change),
             date=day(row.date, "t" in opts), user=row.user, client=row.client, description=shown)


def indented(text: str) -> str:
    """A description below a heading: an empty line, then every line behind a tab."""
    lines = text.rstrip("\n").split("\n") if text else []
    return "\n\n" + "".join(f"\t{line}\n" for line in lines)
