"""The server's state: one SQLite file ROOT/db.sqlite in WAL mode.

Store is one connection; every server thread takes one from the Pool.  All text goes through encode/decode
(see
the package), so text columns hold BLOBs and sort bytewise.  Writers of one process are serialised by
write(),
which commits on success and rolls back on any exception; a committed transaction survives kill -9.
"""

import contextlib
import itertools
import sqlite3
import threading
from pathlib import Path
from typing import Iterable, Iterator

from . import decode, encode
from .schema import SCHEMA, VERSION

FILE = "db.sqlite"
LISTED_AT_ONCE = 1000


class Row(dict):
    """A row by column name: row["path"] or row.path."""

    __getattr__ = dict.__getitem__


class StoreError(Exception):
    """The database cannot be used."""

def prefix_range(prefix: str) -> tuple[str, bytes]:
    """Bounds (low inclusive, high exclusive) of all keys that start with prefix, for `path >= ? AND path <
    ?`."""
    raw = encode(prefix)
    while raw and raw[-1] == 0xFF:
        raw = raw[:-1]
    return prefix, raw[:-1] + bytes([raw[-1] + 1]) if raw else b"\xff" * 8


def _bind(args: Iterable) -> list:
    return [encode(a) if isinstance(a, str) else a for a in args]


def _tuple(_cursor: sqlite3.Cursor, row: tuple) -> tuple:
    return tuple([decode(v) if type(v) is bytes else v for v in row])


class Store:
    def __init__(self, root: str | Path, lock=None):
        self.root = Path(root)
        self.lock = lock or threading.RLock()
        self.depth = 0
        self.db = sqlite3.connect(self.root / FILE, timeout=60, isolation_level=None,
                                  check_same_thread=False)
        self.db.row_factory = _tuple
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=NORMAL")
        self.db.execute("PRAGMA cache_size=-16000")
        self.db.execute("PRAGMA temp_store=MEMORY")
        self._prepare()

    def _prepare(self) -> None:
        version = self.db.execute("PRAGMA user_version").fetchone()[0]
        if version == VERSION:
            return
        if version:
            raise StoreError(f"{self.root / FILE}: schema {version}, this server knows {VERSION}")
        with self.lock:
            self.db.executescript(f"BEGIN EXCLUSIVE; {SCHEMA} PRAGMA user_version={VERSION}; COMMIT;")

    def close(self) -> None:
        self.db.close()

    def rows(self, sql: str, *args) -> Iterator[tuple]:
        """Rows as tuples, many of them read lazily: do not write to a table while iterating over it."""
        return self._listing(self.db.execute(sql, _bind(args)))

    def _listing(self, cursor: sqlite3.Cursor) -> Iterator[tuple]:
        """A few rows are read at once: nobody may write whose listing began before somebody else wrote."""
        first = cursor.fetchmany(LISTED_AT_ONCE)
        if len(first) < LISTED_AT_ONCE:
            return iter(first)
        return itertools.chain(first, cursor)

    def all(self, sql: str, *args) -> list[tuple]:
        return self.db.execute(sql, _bind(args)).fetchall()

    def row(self, sql: str, *args) -> tuple | None:
        return self.db.execute(sql, _bind(args)).fetchone()

    def value(self, sql: str, *args, default=None):
        """First column of the first row, or default if there is no row or it is NULL."""
        row = self.row(sql, *args)
        return default if row is None or row[0] is None else row[0]

    def named(self, sql: str, args: dict) -> tuple | None:
        """The first row of a query with :named arguments."""
        bound = {key: encode(a) if isinstance(a, str) else a for key, a in args.items()}
        return self.db.execute(sql, bound).fetchone()

    def objects(self, sql: str, *args) -> Iterator[Row]:
        cursor = self.db.execute(sql, _bind(args))
        names = [c[0] for c in cursor.description]
        return (Row(zip(names, row)) for row in self._listing(cursor))

    def object(self, sql: str, *args) -> Row | None:
        return next(self.objects(sql, *args), None)

    def execute(self, sql: str, *args) -> int:
        """Runs a writing statement (inside write()); the number of rows it touched."""
        return self.db.execute(sql, _bind(args)).rowcount

    def many(self, sql: str, rows: Iterable[Iterable]) -> None:
        self.db.executemany(sql, (_bind(r) for r in rows))

    def insert(self, table: str, **columns) -> None:
        """INSERT OR REPLACE of one row given by column name."""
        names = ", ".join(f'"{c}"' for c in columns)
        marks = ", ".join("?" * len(columns))
        self.execute(f'INSERT OR REPLACE INTO "{table}" ({names}) VALUES ({marks})', *columns.values())

    @contextlib.contextmanager
    def write(self):
        """A writing transaction; may be nested (the outermost one commits)."""
        with self.lock:
            if self.depth == 0:
                self.db.execute("BEGIN IMMEDIATE")
            self.depth += 1
            try:
                yield self
            except BaseException:
                self.depth -= 1
                if self.depth == 0:
                    self.db.execute("ROLLBACK")
                raise
            self.depth -= 1
            if self.depth == 0:
                self.db.execute("COMMIT")

    def counter(self, name: str) -> int:
        """A numeric counter's value, 0 if unset."""
        text = self.value("SELECT value FROM counter WHERE name = ?", name, default="0")
        return int(text) if text.lstrip("-").isdigit() else 0

    def set_counter(self, name: str, value: int | str) -> None:
        self.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", name, str(value))

    def next_change(self) -> int:
        """Allocates the next change number (inside write())."""
        number = self.counter("change") + 1
        self.set_counter("change", number)
        return number

    def config(self, name: str, default: str = "") -> str:
        return self.value("SELECT value FROM config WHERE name = ?", name, default=default)


class Pool:
    """Connections of one server process; they share the writers' lock. Each is used once: what a command left
    open in it would keep an old snapshot alive, with which the next one could not write."""

    def __init__(self, root: str | Path):
        self.root = root
        self.lock = threading.RLock()
        Store(root, self.lock).close()  # a database that cannot be used is known at once

    @contextlib.contextmanager
    def store(self):
        with contextlib.closing(Store(self.root, self.lock)) as store:
            yield store
