"""Revisions of the files of a scope, read from the database under revision bounds.

A Query streams: rows come from the database as they are wanted, in order of path, so that a million of them
need no memory.  highest() gives one revision per file, every() all of them, newest first.  Bounds are
resolved here (labels, clients, shelves become joins); what the bounds leave of which files is the caller's
business.
"""

import heapq
from typing import Iterator, NamedTuple

from . import decode, encode
from .schema import ABSENT
from .scope import Scope
from .store import Store

COLUMNS = ("r.depotFile, r.rev, r.type, r.action, r.change, r.date, r.modTime, r.digest, r.size, r.lazy,"
           " r.lbrFile, r.lbrRev, r.lbrType")
FEW = 20000                 # so many revisions by change are cheaper to sort than a walk over the paths
WALK = 20000                # revisions looked at, newest first, before changes are listed by path
BATCH = 512                 # rows between two looks at the limits


class Rev(NamedTuple):
    """A row of `rev` (of `shelf` with rev the base revision)."""
    depotFile: str
    rev: int
    type: str
    action: str
    change: int
    date: int
    modTime: int
    digest: str | None
    size: int | None
    lazy: int
    lbrFile: str | None
    lbrRev: str | None
    lbrType: str | None

    @property
    def live(self) -> bool:
        return self.action not in ABSENT



class Bound(NamedTuple):
    """One end of a revision range.  kind: rev, change, date (value a number), client or label (a name),
    head, none; `beyond` marks an end that is not part of the range (`#>3`)."""
    kind: str
    value: object = None
    beyond: bool = False


HEAD = Bound("head")


class Revs(NamedTuple):
    """A revision specification: `low` is None for a single one; shelf is the change of an `@=change`."""
    low: Bound | None = None
    high: Bound = HEAD
    shelf: int | None = None

    @property
    def is_head(self) -> bool:
        return self.low is None and self.high.kind == "head" and self.shelf is None


def raw_rows(store: Store, sql: str, *args) -> Iterator[tuple]:
    """Rows with their text still as bytes, for loops over very many of them."""
    cursor = store.db.cursor()
    cursor.row_factory = None
    return cursor.execute(sql, [encode(a) if isinstance(a, str) else a for a in args])


def made(row: tuple) -> Rev:
    return Rev._make([decode(v) if type(v) is bytes else v for v in row[:13]])


class Conditions:
    """The SQL that keeps the revisions within bounds.  `exact`: a single #n or @label means just that
    revision, not "up to it"."""

    def __init__(self, revs: Revs, exact: bool):
        self.joins, self.join_args, self.where, self.args = "", [], [], []
        if revs.low is not None:
            self._bound(revs.low, ">" if revs.low.beyond else ">=", "lo")
        elif exact and not revs.high.beyond and revs.high.kind in ("rev", "client", "label"):
            self._bound(revs.high, "=", "hi")
            return
        self._bound(revs.high, "<" if revs.high.beyond else "<=", "hi")

    def _bound(self, bound: Bound, operator: str, alias: str) -> None:
        if bound.kind in ("rev", "change", "date"):
            self.where.append(f"r.{bound.kind} {operator} ?")
            self.args.append(bound.value)
        elif bound.kind in ("client", "label"):
            table, column = ("have", "client") if bound.kind == "client" else ("label", "name")
            same = f"{alias}.{column} = ? AND {alias}.depotFile = r.depotFile"
            self.joins += f" JOIN {table} {alias} ON {same}"
            self.join_args.append(bound.value)
            self.where.append(f"r.rev {operator} {alias}.rev")
        elif bound.kind == "none":
            self.where.append("0" if operator != ">" else "1")
        elif operator in (">=", ">"):
            self.where.append(f"r.rev {operator} (SELECT MAX(x.rev) FROM rev x WHERE x.depotFile ="
                              f" r.depotFile)")

    def sql(self) -> str:
        return "".join(f" AND {condition}" for condition in self.where)


class Query:
    """The revisions of a scope within bounds; `ceiling` hides what was submitted after a change."""

    def __init__(self, ctx, scope: Scope, revs: Revs = Revs(), exact: bool = True,
                 ceiling: int | None = None):
        self.ctx, self.scope, self.revs, self.ceiling = ctx, scope, revs, ceiling
        self.conditions = Conditions(revs, exact)
        if ceiling is not None:
            self.conditions.where.append("r.change <= ?")
            self.conditions.args.append(ceiling)

    def highest(self) -> Iterator[Rev]:
        """One revision per file: the highest within the bounds."""
        if self.revs.shelf is not None:
            return self._shelved()
        if self.revs.is_head and self.ceiling is None:
            return map(made, self._over("FROM head h JOIN rev r ON r.depotFile = h.depotFile AND r.rev ="
                                        " h.rev", "h"))
        few = self._few()
        if few is not None:
            return self._first_of_each(self._picked(few))
        return map(made, self._over("FROM rev r", "r", f"{COLUMNS}, MAX(r.rev)", " GROUP BY r.depotFile"))

    def every(self) -> Iterator[Rev]:
        """All revisions within the bounds; files ascending, revisions descending."""
        if self.revs.shelf is not None:
            return self._shelved()
        few = self._few()
        if few is not None:
            return self._picked(few)
        return map(made, self._over("FROM rev r", "r", order=", r.rev DESC"))

    def changes(self) -> set[int]:
        """The changes that made any revision within the bounds."""
        few = self._few()
        if few is not None:
            return {rev.change for rev in self._picked(few)}
        return {row[1] for row in self._over("FROM rev r", "r", "r.depotFile, r.change")}

    def newest_changes(self) -> Iterator[int]:
        """The same, newest first, from the top of the history down for WALK revisions; then ends with None
        if there may be more."""
        where, args = "1", []
        if self.revs.high.kind == "change":
            where, args = "change <= ?", [self.revs.high.value - self.revs.high.beyond]
        last, seen = None, 0
        rows = raw_rows(self.ctx.store,
                        "SELECT change, depotFile FROM rev INDEXED BY rev_change WHERE change IS NOT NULL"
                        f" AND {where} ORDER BY change DESC LIMIT {WALK + 1}", *args)
        for change, path in rows:
            seen += 1
            if seen > WALK:
                yield None
            elif change != last and path in self.scope:
                last = change
                yield change
        self.ctx.scanned(seen)

    def _over(self, source: str, alias: str, columns: str = COLUMNS, group: str = "", order: str = ""):
        """Rows of the scope's ranges, tested, one range after the other."""
        bounds = self.conditions
        sql = (f"SELECT {columns} {source}{bounds.joins} WHERE {alias}.depotFile >= ? AND {alias}.depotFile"
               f" < ?{bounds.sql()}{group} ORDER BY {alias}.depotFile{order}")
        for low, high in self.scope.ranges:
            yield from self._counted(raw_rows(self.ctx.store, sql, *bounds.join_args, low, high,
                                              *bounds.args))

    def _counted(self, rows: Iterator[tuple]) -> Iterator[tuple]:
        test, seen = self.scope.test, 0
        for row in rows:
            seen += 1
            if seen == BATCH:
                self.ctx.scanned(seen)
                seen = 0
            if test is None or test(row[0]):
                yield row
        self.ctx.scanned(seen)

    def _shelved(self) -> Iterator[Rev]:
        sql = ("SELECT r.depotFile, r.rev, r.type, r.action, r.change, r.date, r.modTime, r.digest, r.size,"
               " r.lazy,"
               " r.lbrFile, r.lbrRev, r.lbrType FROM shelf r WHERE r.change = ? ORDER BY r.depotFile")
        rows = raw_rows(self.ctx.store, sql, self.revs.shelf)
        return (made(row) for row in rows if row[0] in self.scope)

    # Ranges by change are short at the top of a long history: then the change index is the way in.

    def _few(self) -> list[tuple] | None:
        low, high = self.revs.low, self.revs.high
        if low is None or low.kind != "change" or high.kind not in ("change",
                                                                    "head") or self.ceiling is not None:
            return None
        where, args = "change >= ?", [low.value + 1 if low.beyond else low.value]
        if high.kind == "change":
            where, args = where + " AND change <= ?", [*args, high.value - high.beyond]
        sql = f"SELECT depotFile, rev FROM rev INDEXED BY rev_change WHERE {where} LIMIT {FEW + 1}"
        keys = raw_rows(self.ctx.store, sql, *args).fetchall()
        if len(keys) > FEW:
            return None
        self.ctx.scanned(len(keys))
        return sorted((path, -rev) for path, rev in keys if path in self.scope)

    def _picked(self, keys: list[tuple]) -> Iterator[Rev]:
        sql = f"SELECT {COLUMNS} FROM rev r WHERE r.depotFile = ? AND r.rev = ?"
        for path, rev in keys:
            yield from map(made, raw_rows(self.ctx.store, sql, path, -rev))

    @staticmethod
    def _first_of_each(revs: Iterator[Rev]) -> Iterator[Rev]:
        last = None
        for rev in revs:
            if rev.depotFile != last:
                last = rev.depotFile
                yield rev


class Merged:
    """Several queries over scopes that are apart, as one."""

    def __init__(self, queries: list[Query]):
        self.queries = queries

    def highest(self) -> Iterator[Rev]:
        return heapq.merge(*(query.highest() for query in self.queries),
                           key=lambda rev: encode(rev.depotFile))

    def every(self) -> Iterator[Rev]:
        return heapq.merge(*(query.every() for query in self.queries),
                           key=lambda rev: (encode(rev.depotFile), -rev.rev))

    def changes(self) -> set[int]:
        return set().union(*(query.changes() for query in self.queries))

    @staticmethod
    def newest_changes() -> Iterator[None]:
        yield None


def totals(ctx, scope: Scope, blocksize: int = 0, skip_lazy: bool = False) -> tuple[int, int, int]:
    """Number, bytes and blocks of the files that are there at the head.  Ranges without a test are summed by
    the database."""
    size = "CASE WHEN lazy THEN 0 ELSE size END" if skip_lazy else "size"
    blocks = f"({size} + {blocksize - 1}) / {blocksize}" if blocksize else "0"
    counted = [0, 0, 0]
    for low, high in scope.ranges:
        if scope.test is None:
            sums = _summed(ctx, low, high, size, blocks)
        else:
            sums = _tested(ctx, scope.test, low, high, size, blocks)
        counted = [one + other for one, other in zip(counted, sums)]
    return tuple(counted)


def _summed(ctx, low: bytes, high: bytes, size: str, blocks: str) -> tuple[int, int, int]:
    row = ctx.store.row(f"SELECT COUNT(*), SUM(live), SUM(live * IFNULL({size}, 0)), SUM(live *"
                        f" IFNULL({blocks}, 0))"
                        " FROM head WHERE depotFile >= ? AND depotFile < ?", low, high)
    ctx.scanned(row[0])
    return row[1] or 0, row[2] or 0, row[3] or 0


def _tested(ctx, test, low: bytes, high: bytes, size: str, blocks: str) -> tuple[int, int, int]:
    rows = raw_rows(ctx.store, f"SELECT depotFile, IFNULL({size}, 0), IFNULL({blocks}, 0), live FROM head"
                    " WHERE depotFile >= ? AND depotFile < ?", low, high)
    count = total = block_total = 0
    while chunk := rows.fetchmany(4096):
        ctx.scanned(len(chunk))
        for path, bytes_, blocks_, live in chunk:
            if live and test(path):
                count, total, block_total = count + 1, total + bytes_, block_total + blocks_
    return count, total, block_total
