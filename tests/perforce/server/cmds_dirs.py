"""dirs: the directories under a pattern that hold files.

Directories are not stored.  A head inside one shows that it is there, and the search goes on behind it, so
the cost follows the number of directories and not of files.
"""

from typing import Iterator

from . import clientspec, decode, encode, scope
from .command import Context, command
from .filequery import FileArg, client_files, parse, split_revs
from .mapping import UNMAP, ViewMap
from .messages import M
from .options import Options
from .revquery import raw_rows
from .wildcard import Pattern, pattern


NEXT = "SELECT depotFile FROM %s WHERE %s depotFile >= ? AND depotFile < ? ORDER BY depotFile LIMIT 1"


@command("dirs", "C D H i S: --streamviews", M.UseDirs, minimum=1)
def dirs(ctx: Context, opts: Options) -> None:
    for text in opts.args:
        path, revs = split_revs(ctx, text)
        if "..." in path:
            ctx.fail(M.DirsWild)
        below = parse(ctx, text[:len(path)].rstrip("/") + "/..." + text[len(path):])
        seen: set[bytes] = set()
        for shape in _shapes(ctx, opts, below):
            for name in _found(ctx, opts, below, shape):
                key = name.lower() if ctx.spelling is not None else name
                if key not in seen:
                    seen.add(key)
                    ctx.result()
                    ctx.emit([("dir", name)], M.DirsData, dirName=name)
        if not seen:
            ctx.message(M.ExFILE, argc=text)


def _shapes(ctx: Context, opts: Options, below: FileArg) -> list[Pattern]:
    """Patterns of the depot directories that an argument asks for."""
    fold = clientspec.folds(ctx.store) or "i" in opts
    if below.view is None:
        return [pattern(below.path[:-4], fold)]
    return [pattern(line.left.text[:-4], fold) for line in below.view.rows
            if line.flag != UNMAP and line.left.text.endswith("/...")]


def _limits(ctx: Context, opts: Options, below: FileArg, shape: Pattern) -> scope.Scope:
    """The files that may stand for a directory."""
    paths = below.allowed("list")
    if shape.fold and below.view is None:
        paths = scope.of_pattern(shape.text + "/...", True) & scope.of_filter(ctx.access.allowed("list"))
    if "C" in opts:
        paths = paths & client_files(ctx).scope
    if "S" in opts:
        paths = paths & _stream_scope(ctx, opts["S"])
    return paths


def _stream_scope(ctx: Context, stream: str) -> scope.Scope:
    rows = clientspec.stream_rows(ctx.store, stream, "stream")
    if not rows:
        ctx.fail(M.NoSuchDomain, type="Stream", name=stream)
    return scope.of_view(ViewMap.of(rows, clientspec.folds(ctx.store)))


def _found(ctx: Context, opts: Options, below: FileArg, shape: Pattern) -> Iterator[bytes]:
    paths = _limits(ctx, opts, below, shape)
    if not below.revs.is_head:
        below.scope = paths
        files = (encode(rev.depotFile) for rev in below.query().highest() if rev.live or "D" in opts)
        return _directories(files, shape)
    if "H" in opts:
        return _walk(ctx, paths, shape, NEXT % ("have", "client = ? AND"), [ctx.client_name])
    return _walk(ctx, paths, shape, NEXT % ("head", "" if "D" in opts else "live AND"), [])


def _directory(path: bytes, shape: Pattern) -> bytes | None:
    """The directory of a file at the depth of a pattern; None for a file that is not so deep."""
    parts = path.split(b"/")
    depth = shape.text.count("/") + 1
    return b"/".join(parts[:depth]) if len(parts) > depth else None


def _directories(files: Iterator[bytes], shape: Pattern) -> Iterator[bytes]:
    for path in files:
        name = _directory(path, shape)
        if name is not None and shape.match(decode(name)):
            yield name


def _walk(ctx: Context, paths: scope.Scope, shape: Pattern, sql: str, args: list) -> Iterator[bytes]:
    for low, high in paths.ranges:
        while row := raw_rows(ctx.store, sql, *args, low, high).fetchone():
            ctx.scanned()
            name = _directory(row[0], shape)
            known = name is not None and (paths.test is None or not shape.match(decode(name))
                                          or paths.test(row[0]))
            if known and shape.match(decode(name)):
                yield name
            # the byte behind the slash: everything in the directory is skipped
            low = name + b"0" if known else row[0] + b"\0"
