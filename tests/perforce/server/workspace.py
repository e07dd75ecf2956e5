"""What is in a client's workspace: which files, of what type and content.  Asks are pipelined."""

import itertools
from typing import Iterable, Iterator, NamedTuple

from . import filetype
from .archive import digest
from .command import Context
from .filequery import ClientFiles
from .openfiles import Opened
from .transfer import WINDOW, base_of, fetch


class Local(NamedTuple):
    """A workspace file.  type: text, binary, symlink, dir or other; digest: of the canonical content, "" if
    there is no such file."""
    exists: bool
    type: str
    size: int
    modTime: int
    executable: bool
    digest: str


def look(ctx: Context, files: ClientFiles, wanted: Iterable[tuple[str, str]],
         digests: bool = True) -> Iterator[Local]:
    """Client files with the type each has in the depot, one after another."""
    wanted = iter(wanted)
    while batch := list(itertools.islice(wanted, WINDOW)):
        asks = []
        for client_file, kind_text in batch:
            kind = filetype.parse(kind_text)
            asks.append(ctx.session.begin("client-StatFile",
                                          {"path": files.local(client_file), "type": base_of(kind),
                                           "lineEnd": files.client.lineEnd or None, "digest": True if digests
                                           and not kind.keywords else None}))
        answers = [ctx.session.finish(ask) for ask in asks]
        for (client_file, kind_text), answer in zip(batch, answers):
            found = _local(answer)
            if digests and found.exists and filetype.parse(kind_text).keywords:
                found = found._replace(digest=_collapsed_digest(ctx, files, client_file, kind_text))
            yield found


def _local(answer) -> Local:
    return Local("exists" in answer, answer.get("type"), int(answer.get("size") or 0),
                 int(answer.get("mtime") or 0), "exec" in answer, answer.get("digest") if "exists" in answer
                 else "")


def _collapsed_digest(ctx: Context, files: ClientFiles, client_file: str, kind_text: str) -> str:
    """Keywords are collapsed here, so the content has to come over."""
    found = fetch(ctx, files, unopened(ctx, "", client_file, 0, kind_text))
    return digest(found.data) if found is not None else ""


def unopened(ctx: Context, depot_file: str, client_file: str, rev: int, kind: str) -> Opened:
    """The row a file would have that is only looked at."""
    return Opened(ctx.client_name, depot_file, client_file, ctx.user, rev, rev, kind, "edit", 0, 0, 0, None,
                  None, None, 0)


def local_digest(ctx: Context, files: ClientFiles, client_file: str, kind_text: str) -> str:
    """The digest of one workspace file in canonical form, "" if the file is missing."""
    return next(look(ctx, files, [(client_file, kind_text)])).digest


def listing(ctx: Context, folder: str, recursive: bool = True) -> list[str]:
    """The local paths of the files in a directory, hidden ones too."""
    found: list[str] = []

    def entry(frame) -> None:
        if frame.get("type") in ("file", "text", "symlink"):
            found.append(frame.get("path"))
    ctx.session.ask("client-ListDir", {"path": folder, "recursive": True if recursive else None,
                                       "hidden": True}, entry)
    return found
