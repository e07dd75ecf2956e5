"""File contents between the archives and the client's workspace.

Outbox pipelines: it sends several files before it waits for the first answer, and tells which of them
arrived.  The client shows its own errors, so a file that failed is only left out of what is recorded.
"""

import itertools
from typing import Callable, Iterable, Iterator, NamedTuple

from . import filetype
from .archive import Archive, ArchiveError
from .command import TEXT_CHUNK, Context
from .filequery import ClientFiles
from .messages import M
from .openfiles import Opened
from .revquery import Rev

WINDOW = 64                 # files on their way at once
BYTES = 16 << 20            # and so many bytes, or one file


def archive(ctx: Context) -> Archive:
    """The server's archives; made once per command."""
    found = getattr(ctx, "archive", None)
    if found is None:
        found = ctx.archive = Archive.of(ctx.store)
    return found


def content(ctx: Context, rev: Rev, expand: bool = True) -> bytes:
    """A revision's content as clients get it; ArchiveError if there is none."""
    kind = filetype.parse(rev.type)
    data = archive(ctx).read(rev.lbrFile, rev.lbrRev, rev.lbrType)
    if not expand or not kind.keywords:
        return data
    user = ctx.store.value("SELECT user FROM change WHERE change = ?", rev.change, default="")
    return filetype.expand_keywords(data, kind, rev.depotFile, rev.rev, rev.change, rev.date, user)


def base_of(kind: filetype.FileType) -> str:
    """The type of a workspace file as the client knows types."""
    return "symlink" if kind.base == "symlink" else "text" if kind.is_text else "binary"


def set_writable(ctx: Context, local: str, type_text: str, writable: bool = True) -> None:
    """Makes a workspace file writable or read-only; a symbolic link has no permissions of its own."""
    kind = filetype.parse(type_text)
    if kind.base != "symlink":
        ctx.send("client-ChmodFile", path=local, perms="rw" if writable else "ro",
                 exec=kind.executable or None)


class Outbox:
    """Sends files to and removes files from the workspace.  put() and remove() call done(), in order, for
    each file that made it; finish() waits for the last."""

    def __init__(self, ctx: Context, files: ClientFiles, clobber: bool = False):
        self.ctx, self.files = ctx, files
        options = set((files.client.options or "").split())
        self.clobber = True if clobber or "clobber" in options else None
        self.allwrite, self.modtime = "allwrite" in options, "modtime" in options
        self.rmdir = True if "rmdir" in options else None
        self.waiting: list[tuple[str, Callable[[], None]]] = []
        self.count = 0
        self.failed = 0

    def put(self, rev: Rev, local: str, done: Callable[[], None], writable: bool = False,
            expand: bool = True) -> None:
        try:
            data = content(self.ctx, rev, expand)
        except ArchiveError:
            self.failed += 1
            self.ctx.message(M.LbrOpenFail, lbrFile=rev.lbrFile, lbrRev=rev.lbrRev)
            return
        self.put_content(data, filetype.parse(rev.type), local, done, writable, rev.modTime, rev.digest)

    def put_content(self, data: bytes, kind: filetype.FileType, local: str, done: Callable[[], None],
                    writable: bool = False, mod_time: int = 0, found: str | None = None) -> None:
        """The same for content that is no revision's; found is its digest if that is known."""
        self.count += 1
        handle, write = f"sync{self.count}", writable or self.allwrite or kind.writable
        self.ctx.send("client-OpenFile", handle=handle, path=local, type=base_of(kind),
                      perms="rw" if write else "ro",
                      exec=kind.executable or None, lineEnd=self.files.client.lineEnd or None,
                      modTime=mod_time if (self.modtime or kind.modtime) and mod_time else None,
                      clobber=True if kind.writable else self.clobber)
        for at in range(0, len(data), TEXT_CHUNK):
            self.ctx.send("client-WriteFile", handle=handle, data=data[at:at + TEXT_CHUNK])
        self._begin("client-CloseFile", {"handle": handle, "digest": found if not kind.keywords else None},
                    done)

    def remove(self, local: str, done: Callable[[], None]) -> None:
        self._begin("client-DeleteFile", {"path": local, "clobber": self.clobber, "rmdir": self.rmdir}, done)

    def _begin(self, func: str, fields: dict, done: Callable[[], None]) -> None:
        self.waiting.append((self.ctx.session.begin(func, fields), done))
        if len(self.waiting) >= WINDOW:
            self._collect(WINDOW // 2)

    def finish(self) -> None:
        self._collect(len(self.waiting))

    def _collect(self, count: int) -> None:
        for _ in range(count):
            ask, done = self.waiting.pop(0)
            if self.ctx.session.finish(ask).get("status") == "error":
                self.failed += 1
            else:
                done()


class Received:
    """What the client sent for one file: its canonical content's digest and size, and where it was
    stored."""

    def __init__(self, lbr_file: str, lbr_rev: str, lbr_type: str, digest: str, size: int,
                 mod_time: int = 0):
        self.lbrFile, self.lbrRev, self.lbrType = lbr_file, lbr_rev, lbr_type
        self.digest, self.size, self.modTime = digest, size, mod_time


class Fetched(NamedTuple):
    """A workspace file in canonical form, and when it was modified."""
    data: bytes
    modTime: int


def fetch(ctx: Context, files: ClientFiles, row: Opened) -> Fetched | None:
    """The workspace content of an opened file; None if the client could not send it."""
    ((_, found),) = fetch_all(ctx, files, [row])
    return found


def fetch_all(ctx: Context, files: ClientFiles,
              rows: Iterable[Opened]) -> Iterator[tuple[Opened, Fetched | None]]:
    """The same for many files, several on their way at once.  Nothing is on its way while one is yielded."""
    rows = iter(rows)
    while batch := list(itertools.islice(rows, WINDOW)):
        asks = [ctx.session.begin("client-StatFile", {"path": files.local(row.clientFile)}) for row in batch]
        statuses = [ctx.session.finish(ask) for ask in asks]
        at = 0
        while at < len(batch):
            size, end = 0, at
            while end < len(batch) and (end == at or size < BYTES):
                size += int(statuses[end].get("size") or 0)
                end += 1
            yield from _fetched(ctx, files, batch[at:end], statuses[at:end])
            at = end


def _fetched(ctx: Context, files: ClientFiles, rows: list[Opened],
             statuses: list) -> list[tuple[Opened, Fetched | None]]:
    asks = []
    for row in rows:
        chunks: list[bytes] = []
        fields = {"path": files.local(row.clientFile), "type": base_of(filetype.parse(row.type)),
                  "lineEnd": files.client.lineEnd or None}
        asks.append((ctx.session.begin("client-SendFile", fields, _collector(chunks)), chunks))
    found: list[tuple[Opened, Fetched | None]] = []
    for row, status, (ask, chunks) in zip(rows, statuses, asks):
        failed = ctx.session.finish(ask).get("status") == "error"
        data = filetype.collapse_keywords(b"".join(chunks), filetype.parse(row.type))
        found.append((row, None if failed else Fetched(data, int(status.get("mtime") or 0))))
    return found


def _collector(chunks: list[bytes]) -> Callable:
    return lambda frame: chunks.append(frame.raw("data"))


def store_content(ctx: Context, row: Opened, data: bytes, lbr_rev: str, mod_time: int = 0) -> Received:
    """Writes an archive for an opened file."""
    kind = filetype.parse(row.type)
    found, size = archive(ctx).write(row.depotFile, lbr_rev, [data], compress=kind.method != "F")
    stored = kind._replace(keywords="", exclusive=False, storage=kind.method if kind.method == "F" else "C")
    return Received(row.depotFile, lbr_rev, str(stored), found, size, mod_time)
