"""fstat: one record of fields per file, from the depot, the client and whoever has it open.

Files stream past in the order of their paths; what the client has and what is opened run alongside in the
same order, so a million files take no memory.  Sorting (-S, -r) is the exception.
"""

import heapq
from typing import Iterable, Iterator

from . import encode
from .command import Context, command
from .filequery import FileArg, known_client_files, parse_all
from .filter import compile_filter
from .messages import M
from .openfiles import HOW, Opened, others_opened, resolves
from .options import Options, UsageError
from .revquery import BATCH, Bound, Query, Rev, Revs, raw_rows
from .scope import Scope

OLD_LETTERS = {"C": "Rc", "H": "Rh", "W": "Ro", "P": "Op", "l": "Ol", "s": "Os"}
NOT_OPENED = {"o": M.ExOPENCLIENT, "u": M.ExOPENCLIENT, "r": M.ExRESOLVED, "n": M.ExOPENCLIENT,
              "h": M.ExHAVE,
              "c": M.ExVIEW, "s": M.ExFILE}
SORTS = {"d": lambda f: f.rev.date if f.rev else 0, "h": lambda f: f.have or 0,
         "r": lambda f: f.rev.rev if f.rev else 0,
         "s": lambda f: (f.rev.size or 0) if f.rev else 0, "t": lambda f: f.rev.type if f.rev else ""}


class File:
    """Everything known about one file."""

    __slots__ = ("path", "rev", "have", "client_file", "opened", "others", "shelved")

    def __init__(self, path: str, rev: Rev | None):
        self.path, self.rev = path, rev
        self.have = self.client_file = self.opened = None
        self.others: list[Opened] = []
        self.shelved = False


class Along:
    """A sorted stream of (path, ...) rows that is asked for ascending paths."""

    def __init__(self, rows: Iterable[tuple]):
        self.rows = iter(rows)
        self.row = next(self.rows, None)

    def at(self, path: bytes) -> tuple | None:
        while self.row is not None and self.row[0] < path:
            self.row = next(self.rows, None)
        return self.row if self.row is not None and self.row[0] == path else None


class Wishes:
    """The options of one fstat."""

    def __init__(self, ctx: Context, opts: Options):
        for letter in OLD_LETTERS.keys() & opts.values.keys():
            word = OLD_LETTERS[letter]
            opts.add(word[0], word[1])
        self.output = set("".join(opts.all("O")))
        self.only = set("".join(opts.all("R")))
        self.sort = "".join(opts.all("S"))
        self.reverse = "r" in opts
        self.max = opts.number("m") or None
        self.fields = set(opts["T"].replace(",", " ").split()) if "T" in opts else None
        self.filter = compile_filter(opts["F"]) if "F" in opts else None
        self.since = opts.number("c") if "c" in opts else None
        self.change = _change(ctx, opts["e"]) if "e" in opts else None
        unknown = self.only - set("chnorsu") or set(self.sort) - SORTS.keys()
        if unknown or ("s" in self.only and not self.change):
            raise UsageError(M.UseFstat())

    @property
    def by_client(self) -> bool:
        """Whether the client matters at all."""
        return "s" not in self.output


def _change(ctx: Context, text: str):
    row = ctx.store.object("SELECT * FROM change WHERE change = ?", int(text)) if text.isdigit() else None
    if row is None:
        ctx.fail(M.NoSuchChange, change=f"Change {text}")
    return row


@command("fstat", "A: C F: H L O. P R. S. T: U W c# e: l m# r s --streamviews", M.UseFstat, minimum=1)
def fstat(ctx: Context, opts: Options) -> None:
    wishes = Wishes(ctx, opts)
    left = wishes.max
    for arg in parse_all(ctx, opts.args):
        found = 0
        for fields in _wanted(wishes, _sorted(ctx, wishes, _files(ctx, wishes, arg))):
            found += 1
            ctx.result()
            ctx.record(fields)
            if left is not None and found >= left:
                break
        if not found:
            _warn(ctx, wishes, arg)


def _warn(ctx: Context, wishes: Wishes, arg: FileArg) -> None:
    letter = next((letter for letter in "ournhcs" if letter in wishes.only), None)
    if letter is None or not arg.scope:
        arg.warn_empty()
    else:
        ctx.message(NOT_OPENED[letter](argc=arg.text))


def _wanted(wishes: Wishes, records: Iterator[list]) -> Iterator[list]:
    """The records the filter accepts, cut to the wished fields."""
    for fields in records:
        known = {key: _text(value) for key, value in fields if value is not None}
        if wishes.filter is not None and not wishes.filter(known):
            continue
        yield fields if wishes.fields is None else [pair for pair in fields if pair[0] in wishes.fields]


def _text(value) -> str:
    return "" if value is True else str(value)


def _sorted(ctx: Context, wishes: Wishes, files: Iterator[File]) -> Iterator[list]:
    if not wishes.sort and not wishes.reverse:
        return (_record(ctx, wishes, file) for file in files)
    listed = list(files)
    for letter in reversed(wishes.sort):
        listed.sort(key=SORTS[letter])
    if wishes.reverse:
        listed.reverse()
    if not wishes.sort:
        return (_record(ctx, wishes, file) for file in listed)
    total = ("totalFileCount", len(listed))
    return ([*_record(ctx, wishes, file), *([total] if file is listed[0] else [])] for file in listed)


# which files

def _files(ctx: Context, wishes: Wishes, arg: FileArg) -> Iterator[File]:
    """The files of an argument with all that is known about them, those that -R and the changes leave."""
    paths = arg.allowed("list")
    opened = _opened(ctx, paths)
    details = Details(ctx, wishes, paths, opened)
    for path, revs in _revisions(ctx, wishes, arg, paths, opened):
        for rev in revs:
            file = details.file(path, rev)
            if _passes(wishes, file, details):
                yield file


def _opened(ctx: Context, paths: Scope) -> dict[str, Opened]:
    """The client's own opened files in the scope, by path."""
    rows = ctx.store.objects("SELECT * FROM working WHERE client = ? ORDER BY depotFile", ctx.client_name)
    return {row.depotFile: Opened.of(row) for row in rows if encode(row.depotFile) in paths}


def _revisions(ctx: Context, wishes: Wishes, arg: FileArg, paths: Scope,
               opened: dict[str, Opened]) -> Iterator[tuple[str, list[Rev | None]]]:
    """(path, its revisions) in the order of paths; a file that is only opened has the one revision None."""
    if wishes.change is not None:
        yield from _of_change(ctx, wishes, paths, opened)
        return
    if wishes.only & set("onru"):
        for path in opened:
            yield path, list(_lookup(ctx, wishes, arg, path)) or [None]
        return
    query = arg.query() if wishes.since is None else Query(ctx, paths, Revs(Bound("change", wishes.since),
                                                                            arg.revs.high))
    stream = _grouped(query.every() if "f" in wishes.output else query.highest())
    if not arg.revs.is_head or wishes.since is not None or not wishes.by_client:
        yield from stream
        return
    yield from _with_adds(stream, opened)


def _grouped(revs: Iterator[Rev]) -> Iterator[tuple[str, list[Rev]]]:
    path, group = None, []
    for rev in revs:
        if rev.depotFile != path and group:
            yield path, group
            group = []
        path = rev.depotFile
        group.append(rev)
    if group:
        yield path, group


def _with_adds(stream: Iterator[tuple], opened: dict[str, Opened]) -> Iterator[tuple]:
    """The stream with the opened files that are not in the depot put in their places."""
    adds = [path for path, row in opened.items() if not row.in_depot]
    if not adds:
        yield from stream
        return
    pending = ((encode(path), path, [None]) for path in adds)
    known = ((encode(path), path, revs) for path, revs in stream)
    last = None
    for _, path, revs in heapq.merge(known, pending, key=lambda item: item[0]):
        if path != last:
            yield path, revs
        last = path


def _lookup(ctx: Context, wishes: Wishes, arg: FileArg, path: str) -> Iterator[Rev]:
    raw = encode(path)
    query = Query(ctx, Scope([(raw, raw + b"\0")]), arg.revs)
    return query.every() if "f" in wishes.output else query.highest()


def _of_change(ctx: Context, wishes: Wishes, paths: Scope, opened: dict[str, Opened]) -> Iterator[tuple]:
    """-e: the files of one change: shelved (-Rs), opened at it, or submitted with it."""
    number = wishes.change.change
    if "s" in wishes.only:
        yield from _grouped(Query(ctx, paths, Revs(shelf=number)).highest())
    elif wishes.change.status == 1 and "o" not in wishes.only:
        bound = Bound("change", number)
        yield from _grouped(Query(ctx, paths, Revs(bound, bound)).highest())
    else:
        for path, row in opened.items():
            if row.change == number:
                raw = encode(path)
                yield path, list(Query(ctx, Scope([(raw, raw + b"\0")])).highest()) or [None]


def _passes(wishes: Wishes, file: File, details: "Details") -> bool:
    """The -R limits."""
    only = wishes.only
    if "c" in only and file.client_file is None or "h" in only and not file.have:
        return False
    if not only & set("onru"):
        return True
    row = file.opened
    if row is None:
        return False
    if "n" in only and not (row.in_depot and file.rev and row.haveRev != file.rev.rev):
        return False
    states = {state for state, *_ in details.resolves(file)}
    return not ("u" in only and 0 not in states or "r" in only and 1 not in states)


class Details:
    """Fills in what the client and others have to do with a file."""

    def __init__(self, ctx: Context, wishes: Wishes, paths: Scope, opened: dict[str, Opened]):
        self.ctx, self.wishes, self.opened = ctx, wishes, opened
        self.client = known_client_files(ctx) if wishes.by_client else None
        self.haves = Along(self._have_rows(paths)) if self.client is not None else None
        self.others = others_opened(ctx.store, paths, ctx.client_name) if wishes.by_client else {}
        self.shelves = self._shelves(paths) if wishes.by_client else set()

    def _have_rows(self, paths: Scope) -> Iterator[tuple]:
        for low, high in paths.ranges:
            rows = raw_rows(self.ctx.store,
                            "SELECT depotFile, rev FROM have WHERE client = ? AND depotFile >= ?"
                            " AND depotFile < ? ORDER BY depotFile", self.ctx.client_name, low, high)
            while batch := rows.fetchmany(BATCH):
                yield from batch

    def _shelves(self, paths: Scope) -> set[str]:
        """Files shelved by this user and client."""
        rows = self.ctx.store.rows("SELECT s.depotFile FROM change c JOIN shelf s ON s.change = c.change"
                                   " WHERE c.client = ? AND c.shelved = 1", self.ctx.client_name)
        return {path for (path,) in rows if encode(path) in paths}

    def file(self, path: str, rev: Rev | None) -> File:
        file = File(path, rev)
        file.opened, file.others = self.opened.get(path), self.others.get(path, [])
        file.shelved = path in self.shelves
        if self.client is not None:
            row = self.haves.at(encode(path))
            file.have = row[1] if row else None
            file.client_file = file.opened.clientFile if file.opened else self.client.client_file(path)
        return file

    def resolves(self, file: File) -> list[tuple]:
        return resolves(self.ctx.store, self.ctx.client_name, file.path) if file.opened else []


# one record

def _record(ctx: Context, wishes: Wishes, file: File) -> list[tuple[str, object]]:
    fields: list[tuple[str, object]] = [("depotFile", file.path)]
    if wishes.by_client:
        fields += _place(ctx, wishes, file)
    if file.rev is not None:
        fields += _head(wishes, file)
    if wishes.by_client:
        fields += _own(ctx, wishes, file)
        if "f" not in wishes.output:
            fields += _others(file)
    if wishes.change is not None:
        fields.append(("desc", wishes.change.description or ""))
    return fields


def _place(ctx: Context, wishes: Wishes, file: File) -> Iterator[tuple]:
    if file.opened is not None and file.opened.movedFile:
        yield "movedFile", file.opened.movedFile
    if file.client_file is not None:
        local = ctx.client_files.local(file.client_file)
        if "p" in wishes.output:
            yield from (("clientFile", file.client_file), ("path", local))
        else:
            yield "clientFile", local
        yield "isMapped", True
    if file.shelved or "s" in wishes.only:
        yield "shelved", True


def _head(wishes: Wishes, file: File) -> Iterator[tuple]:
    rev = file.rev
    if "s" not in wishes.only:
        yield from (("headAction", rev.action), ("headType", rev.type), ("headTime", rev.date),
                    ("headRev", rev.rev), ("headChange", rev.change), ("headModTime", rev.modTime or 0))
    else:
        yield from (("action", rev.action), ("type", rev.type), ("workRev", rev.rev),
                    ("revtime", rev.modTime))
    if file.have:
        yield "haveRev", file.have
    if "b" in wishes.output:
        yield from (("lbrFile", rev.lbrFile), ("lbrRev", rev.lbrRev), ("lbrType", rev.lbrType))
    if "l" in wishes.output and rev.live:
        yield from (("digest", rev.digest or None), ("fileSize", rev.size))


def _own(ctx: Context, wishes: Wishes, file: File) -> Iterator[tuple]:
    row = file.opened
    if row is None or "s" in wishes.only:
        return
    if file.rev is None and file.have:
        yield "haveRev", file.have
    yield from (("action", row.action), ("actionOwner", row.user), ("change", row.change or "default"),
                ("type", row.type), ("workRev", row.workRev or None))
    if row.locked:
        yield "ourLock", True
    rows = resolves(ctx.store, ctx.client_name, file.path)
    for name, state in (("resolved", 1), ("unresolved", 0), ("reresolvable", 1)):
        if any(found == state for found, *_ in rows):
            yield name, True
    if "r" in wishes.output:
        yield from _resolve_fields(rows)


def _resolve_fields(rows: list[tuple]) -> Iterator[tuple]:
    for number, (_, how, kind, base_file, base_rev, from_file, start, end) in enumerate(rows):
        yield f"resolveAction{number}", HOW[how]
        yield f"resolveType{number}", kind or "content"
        if base_file:
            yield f"resolveBaseFile{number}", base_file
            yield f"resolveBaseRev{number}", base_rev
        yield f"resolveFromFile{number}", from_file
        yield f"resolveStartFromRev{number}", start or "none"
        yield f"resolveEndFromRev{number}", end


def _others(file: File) -> Iterator[tuple]:
    locks = 0
    for number, row in enumerate(file.others):
        yield f"otherOpen{number}", f"{row.user}@{row.client}"
        yield f"otherAction{number}", row.action
        yield f"otherChange{number}", row.change or "default"
    for number, row in enumerate(file.others):
        if row.locked:
            locks += 1
            yield f"otherLock{number}", f"{row.user}@{row.client}"
    if locks:
        yield "otherLock", locks
    if file.others:
        yield "otherOpen", len(file.others)
