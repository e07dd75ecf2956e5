"""Reading of journals and checkpoints: rows `@pv@ VERSION @db.TABLE@ FIELDS`, one after another, plain or
gzipped.

Strings stand between `@`, a literal `@` is doubled, a string may span lines; other fields are bare words.  A
file is read as a stream.  A row that cannot be read is reported by line number and skipped: inside a string
no line can begin like a row does, so the next row is always found again.
"""

import gzip
import re
import zlib
from pathlib import Path
from typing import BinaryIO, Iterator, NamedTuple

from . import decode

ROW = re.compile(rb"@([a-z]{2})@ ")
FIELD = re.compile(rb"@([^@]*(?:@@[^@]*)*)@(?= |$)|([^@\s]+)(?= |$)")
NUMBER = re.compile(r"-?[0-9]{1,18}")
MAX_ROW = 64 << 20


class JournalError(Exception):
    """The file ends early or cannot be read at all; str() says where."""


class JournalRow(NamedTuple):
    """operation: pv (put), rv (replace), dv (delete), vv (verify), nx (note), ex (end of a transaction),
    ...; fields: numbers as int, everything else as text; error: what is wrong with it, then there are no
    fields."""

    operation: str
    version: int
    table: str
    fields: list
    line: int
    error: str = ""


def open_journal(path: str | Path) -> BinaryIO:
    """The file's bytes, unpacked if it is gzipped (whatever its name)."""
    file = open(path, "rb")
    magic = file.peek(2)[:2]
    return gzip.GzipFile(fileobj=file) if magic == b"\x1f\x8b" else file


def read(path: str | Path) -> Iterator[JournalRow]:
    """All rows of a file."""
    line = 0
    try:
        with open_journal(path) as file:
            for line, raw, whole in _records(file):
                yield _row(line, raw) if whole else _bad(line, "bad quoting")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise JournalError(f"{path}: damaged after line {line}: {error}") from error


def _records(file: BinaryIO) -> Iterator[tuple[int, bytes, bool]]:
    """(number of its first line, bytes, complete) of every record; a record is complete if its quotes
    are."""
    start, parts, odd, size = 0, [], False, 0
    for number, line in enumerate(file, 1):
        if parts and ROW.match(line):
            yield start, b"".join(parts), False
            parts = []
        if not parts:
            start, odd, size = number, False, 0
        odd ^= line.count(b"@") & 1
        size += len(line)
        if size <= MAX_ROW:
            parts.append(line)
        if not odd:
            yield start, b"".join(parts), size <= MAX_ROW
            parts = []
    if parts:
        yield start, b"".join(parts), False


def _bad(line: int, why: str) -> JournalRow:
    return JournalRow("", 0, "", [], line, why)


def _row(line: int, raw: bytes) -> JournalRow:
    found = ROW.match(raw)
    if not found:
        return _bad(line, "not a journal row") if raw.strip() else JournalRow("", 0, "", [], line)
    operation = found[1].decode()
    fields = _fields(raw.rstrip(b"\n"), found.end())
    if fields is None:
        return _bad(line, "bad quoting")
    if operation[1] != "v":
        return JournalRow(operation, 0, "", fields, line)
    if len(fields) < 2 or not isinstance(fields[0], int) or not isinstance(fields[1], str):
        return _bad(line, "missing table name or version")
    return JournalRow(operation, fields[0], fields[1], fields[2:], line)


def _fields(raw: bytes, at: int) -> list | None:
    fields = []
    while at < len(raw):
        if raw[at] == 0x20:
            at += 1
            continue
        found = FIELD.match(raw, at)
        if not found:
            return None
        at = found.end()
        if found[2] is None:
            fields.append(decode(found[1].replace(b"@@", b"@")))
        else:
            word = decode(found[2])
            fields.append(int(word) if NUMBER.fullmatch(word) else word)
    return fields
