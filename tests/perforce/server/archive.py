"""File contents: the archives under a server's root, as real servers lay them out.

A revision's record names its archive: lbrFile `//depot/path`, lbrRev `1.N` and lbrType.  Contents stored as
deltas are in `path,v` (RCS, read only), others are one file each in `path,d/`: `1.N.gz`, or `1.N`
uncompressed.  New contents are always written as single files: to a temporary name first, so a killed server
leaves no half revision.  Contents are canonical (see filetype).  A depot's directory is its Map, below the
root unless absolute.  Names are tried in other case too, since servers that ignore case write what they
like.
"""

import gzip
import hashlib
import os
import tempfile
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Iterable

from . import encode
from .filetype import FileType, from_code, parse
from .rcs import RcsError, RcsFile

CHUNK = 64 * 1024
DEPOT = 100


class ArchiveError(Exception):
    """A content is missing or unreadable; str() says which and why."""


def digest(content: bytes) -> str:
    """The digest of records: MD5, upper case hex."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest().upper()


@lru_cache(maxsize=8)
def _rcs(path: bytes, _mtime: int, _size: int) -> RcsFile:
    with open(path, "rb") as file:
        return RcsFile(file.read())


def _find(base: bytes, name: bytes) -> bytes | None:
    """The path of name (with slashes) below base; where an exact name does not exist, one that differs in
    case."""
    exact = os.path.join(base, name)
    if os.path.exists(exact):
        return exact
    at = base
    for part in name.split(b"/"):
        path = os.path.join(at, part)
        if not os.path.exists(path):
            if not os.path.isdir(at):
                return None
            path = next((entry.path for entry in os.scandir(at) if entry.name.lower() == part.lower()), None)
            if path is None:
                return None
        at = path
    return at


class Archive:
    """The archives of one server root.  `maps` is the Map field of each depot that has one other than
    NAME/..."""

    def __init__(self, root: str | Path, maps: dict[str, str] | None = None):
        self.root, self.maps = Path(root), maps or {}

    @classmethod
    def of(cls, store) -> "Archive":
        """The archives beside a store."""
        rows = store.rows("SELECT name, map FROM domain WHERE type = ?", DEPOT)
        return cls(store.root, {name: place for name, place in rows if place})

    def _place(self, lbr_file: str) -> tuple[bytes, bytes]:
        """(directory of the depot, path below it)."""
        depot, _, name = lbr_file.removeprefix("//").partition("/")
        parts = encode(name).split(b"/")
        if not depot or not name or depot.startswith(".") and depot.strip(".") == "" or any(
                part in (b"", b".", b"..") or b"\0" in part for part in parts):
            raise ArchiveError(f"{lbr_file}: not a name in an archive")
        place = self.root / self.maps.get(depot, f"{depot}/...").removesuffix("/...")
        return encode(str(place)), encode(name)

    # reading

    def read(self, lbr_file: str, lbr_rev: str, lbr_type: str | FileType | int = "") -> bytes:
        """A revision's canonical content.  The type only decides what is tried first; what is there is
        read."""
        base, name = self._place(lbr_file)
        deltas = _kind(lbr_type).method == "D"
        tries = (self._delta, self._single) if deltas else (self._single, self._delta)
        try:
            for attempt in tries:
                content = attempt(base, name, lbr_rev)
                if content is not None:
                    return content
        except (OSError, EOFError, zlib.error, RcsError) as error:
            raise ArchiveError(f"{lbr_file} {lbr_rev}: {error}") from error
        raise ArchiveError(f"{lbr_file} {lbr_rev}: no such archive")

    @staticmethod
    def _single(base: bytes, name: bytes, lbr_rev: str) -> bytes | None:
        path = _find(base, name + b",d/" + encode(lbr_rev) + b".gz")
        if path:
            with gzip.open(path) as file:
                return file.read()
        path = _find(base, name + b",d/" + encode(lbr_rev))
        return Path(os.fsdecode(path)).read_bytes() if path else None

    @staticmethod
    def _delta(base: bytes, name: bytes, lbr_rev: str) -> bytes | None:
        path = _find(base, name + b",v")
        if not path:
            return None
        status = os.stat(path)
        try:
            return _rcs(path, status.st_mtime_ns, status.st_size).revision(lbr_rev)
        except KeyError:
            return None

    def has(self, lbr_file: str, lbr_rev: str, lbr_type: str | FileType | int = "") -> bool:
        try:
            self.read(lbr_file, lbr_rev, lbr_type)
        except ArchiveError:
            return False
        return True

    def exists(self, lbr_file: str, lbr_rev: str) -> bool:
        """Whether there is a content of that name, without reading it; one in an RCS file does not count."""
        base, name = self._place(lbr_file)
        return any(_find(base, name + b",d/" + encode(lbr_rev) + suffix) for suffix in (b".gz", b""))

    # writing

    def write(self, lbr_file: str, lbr_rev: str, chunks: Iterable[bytes], compress: bool = True
              ) -> tuple[str, int]:
        """Store a canonical content as a single file, replacing one of that name; its (digest, size)."""
        base, name = self._place(lbr_file)
        folder = os.path.join(base, name + b",d")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, encode(lbr_rev))
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=b"tmp.")
        try:
            with os.fdopen(handle, "wb") as raw:
                found = _store(raw, chunks, compress)
            os.replace(temporary, path + b".gz" if compress else path)
        except BaseException:
            os.unlink(temporary)
            raise
        return found

    def remove(self, lbr_file: str, lbr_rev: str) -> None:
        """Delete a content that is a single file; a delta in an RCS file stays."""
        base, name = self._place(lbr_file)
        for suffix in (b".gz", b""):
            path = _find(base, name + b",d/" + encode(lbr_rev) + suffix)
            if path:
                os.unlink(path)
                if not os.listdir(os.path.dirname(path)):
                    os.rmdir(os.path.dirname(path))


def _kind(lbr_type: str | FileType | int) -> FileType:
    if isinstance(lbr_type, FileType):
        return lbr_type
    return from_code(lbr_type) if isinstance(lbr_type, int) else parse(lbr_type or "text+C")


def _store(raw, chunks: Iterable[bytes], compress: bool) -> tuple[str, int]:
    md5, size = hashlib.md5(usedforsecurity=False), 0
    with gzip.GzipFile("", "wb", 1, raw, mtime=0) if compress else raw as file:
        for chunk in chunks:
            md5.update(chunk)
            size += len(chunk)
            file.write(chunk)
    return md5.hexdigest().upper(), size
