"""File contents between the archives and the client's workspace.

Outbox pipelines: it sends several files before it waits for the first answer, and tells which of them
arrived.  The client shows its own errors, so a file that failed is only left out of what is recorded.
"""

from typing import Callable

from . import filetype
from .archive import Archive, ArchiveError, digest
from .command import TEXT_CHUNK, Context
from .filequery import ClientFiles
from .messages import M
from .openfiles import Opened
from .revquery import Rev

WINDOW = 64                 # files on their way at once


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
        kind = filetype.parse(rev.type)
        self.count += 1
        handle, write = f"sync{self.count}", writable or self.allwrite or kind.writable
        self.ctx.send("client-OpenFile", handle=handle, path=local, type=base_of(kind),
                      perms="rw" if write else "ro",
                      exec=kind.executable or None, lineEnd=self.files.client.lineEnd or None,
                      modTime=rev.modTime if (self.modtime or kind.modtime) and rev.modTime else None,
                      clobber=True if kind.writable else self.clobber)
        for at in range(0, len(data), TEXT_CHUNK):
            self.ctx.send("client-WriteFile", handle=handle, data=data[at:at + TEXT_CHUNK])
        self._begin("client-CloseFile",
                    {"handle": handle, "digest": rev.digest if not kind.keywords else None}, done)

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


def fetch(ctx: Context, files: ClientFiles, row: Opened) -> tuple[bytes, int] | None:
    """The workspace content of an opened file in canonical form and its modification time; None if the
    client could not send it."""
    kind, path = filetype.parse(row.type), files.local(row.clientFile)
    chunks: list[bytes] = []
    session = ctx.session
    status = session.begin("client-StatFile", {"path": path})
    sending = session.begin("client-SendFile", {"path": path, "type": base_of(kind),
                                                "lineEnd": files.client.lineEnd or None})
    modified = session.finish(status).get("mtime")
    answer = session.finish(sending, lambda frame: chunks.append(frame.raw("data")))
    if answer.get("status") == "error":
        return None
    return filetype.collapse_keywords(b"".join(chunks), kind), int(modified or 0)


def store_content(ctx: Context, row: Opened, data: bytes, lbr_rev: str, mod_time: int = 0) -> Received:
    """Writes an archive for an opened file."""
    kind = filetype.parse(row.type)
    found, size = archive(ctx).write(row.depotFile, lbr_rev, [data], compress=kind.method != "F")
    stored = kind._replace(keywords="", exclusive=False, storage=kind.method if kind.method == "F" else "C")
    return Received(row.depotFile, lbr_rev, str(stored), found, size, mod_time)


def local_digest(ctx: Context, files: ClientFiles, client_file: str, kind_text: str) -> str | None:
    """The digest of a workspace file in canonical form, "" if the file is missing."""
    kind = filetype.parse(kind_text)
    if kind.keywords:
        return _expanded_digest(ctx, files, client_file, kind)
    answer = ctx.ask("client-StatFile", path=files.local(client_file), digest=True, type=base_of(kind),
                     lineEnd=files.client.lineEnd or None)
    return answer.get("digest") if "exists" in answer else ""


def _expanded_digest(ctx: Context, files: ClientFiles, client_file: str, kind: filetype.FileType) -> str:
    """Keywords are collapsed here, so the content has to come over."""
    local = files.local(client_file)
    if "exists" not in ctx.ask("client-StatFile", path=local):
        return ""
    row = Opened(ctx.client_name, "", client_file, ctx.user, 0, 0, str(kind), "edit", 0, 0, 0, None, None,
                 None, 0)
    found = fetch(ctx, files, row)
    return digest(found[0]) if found is not None else ""
