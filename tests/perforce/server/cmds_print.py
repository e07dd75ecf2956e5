"""print and verify: the contents of revisions, shown or checked."""

import posixpath

from . import filetype
from .archive import ArchiveError, digest
from .command import TEXT_CHUNK, Context, command
from .filequery import FileArg, change_text, depot_rev, select
from .messages import M
from .options import Options, UsageError
from .revquery import Rev
from .transfer import archive, base_of, content
from .wildcard import decode_path, pattern

STATUS_BAD, STATUS_MISSING = "BAD!", "MISSING!"


@command("print", "a A B: k K L: m# o: q Q: U --offset: --size:", M.UsePrint, minimum=1, level="read")
def print_(ctx: Context, opts: Options) -> None:
    for arg, rev in select(ctx, opts, "read", every="a" in opts):
        _header(ctx, opts, arg, rev)
        if not rev.live:
            continue
        try:
            data = _part(content(ctx, rev, not {"k", "K"} & opts.values.keys()), opts)
        except ArchiveError:
            ctx.message(M.LbrOpenFail, lbrFile=rev.lbrFile, lbrRev=rev.lbrRev)
            continue
        if "o" in opts:
            _write(ctx, opts, arg, rev, data)
        else:
            _show(ctx, rev, data)


def _header(ctx: Context, opts: Options, arg: FileArg, rev: Rev) -> None:
    if "q" in opts and not ctx.tagged:
        return
    ctx.emit([("depotFile", rev.depotFile), ("rev", rev.rev), ("change", rev.change), ("action", rev.action),
              ("type", rev.type), ("time", rev.date), ("fileSize", rev.size if rev.live else None)],
             M.FilesData, depotFile=rev.depotFile, depotRev=depot_rev(arg, rev), action=rev.action,
             change=change_text(rev.change), type=rev.type)


def _part(data: bytes, opts: Options) -> bytes:
    """What --offset and --size leave."""
    for name in ("--offset", "--size"):
        if name in opts and not opts[name].isdigit():
            raise UsageError(M.UsePrint())
    start = opts.number("--offset")
    return data[start:start + opts.number("--size")] if "--size" in opts else data[start:]


def _show(ctx: Context, rev: Rev, data: bytes) -> None:
    func = "binary" if base_of(filetype.parse(rev.type)) == "binary" else "text"
    ctx.text(data, func)
    ctx.session.channel.write(func, [("data", b"")])


def _write(ctx: Context, opts: Options, arg: FileArg, rev: Rev, data: bytes) -> None:
    kind = filetype.parse(rev.type)
    ctx.send("client-OpenFile", handle="print", path=_target(ctx, opts["o"], arg, rev), type=base_of(kind),
             perms="ro",
             exec=kind.executable or None, clobber=True)
    for at in range(0, len(data), TEXT_CHUNK):
        ctx.send("client-WriteFile", handle="print", data=data[at:at + TEXT_CHUNK])
    ctx.ask("client-CloseFile", handle="print")


def _target(ctx: Context, text: str, arg: FileArg, rev: Rev) -> str:
    """The local file of -o; its wildcards stand for those of the argument."""
    left, right = pattern(arg.path), pattern(text)
    path = text
    if right.slots:
        name = rev.depotFile if not arg.is_client else ctx.client_files.client_file(rev.depotFile)
        groups = left.groups(name)
        if set(left.slots) != set(right.slots) or groups is None:
            ctx.fail(M.WildMismatch, arg=arg.path, arg2=text)
        path = right.expand({slot: decode_path(value) for slot, value in zip(left.slots, groups)})
    return posixpath.join(ctx.cwd or "/", path)


# verify

@command("verify", "A b# m# q r R s S t u U v X z Z --only: --compressed:", M.UseVerify, minimum=1,
         level="admin")
def verify(ctx: Context, opts: Options) -> None:
    if opts.get("--only", "BAD") not in ("BAD", "MISSING") or ("u" in opts and "v" in opts):
        raise UsageError(M.UseVerify())
    seen: set[tuple] = set()
    for arg, rev in select(ctx, opts, "list", every=True, exact=False, keep=_has_content):
        if "X" in opts and filetype.parse(rev.type).storage == "X":
            continue
        if "z" in opts and (rev.lbrFile, rev.lbrRev) in seen:
            continue
        seen.add((rev.lbrFile, rev.lbrRev))
        if not ("u" in opts and rev.digest):
            _verify(ctx, opts, rev)


def _has_content(rev: Rev) -> bool:
    return rev.live


def _verify(ctx: Context, opts: Options, rev: Rev) -> None:
    try:
        data = archive(ctx).read(rev.lbrFile, rev.lbrRev, rev.lbrType)
        found, status = digest(data), _status(opts, rev, data)
    except ArchiveError:
        found, status = rev.digest or "", STATUS_MISSING
    if status is None and {"u", "v"} & opts.values.keys():
        with ctx.store.write():
            ctx.store.execute("UPDATE rev SET digest = ?, size = ? WHERE depotFile = ? AND rev = ?", found,
                              len(data),
                              rev.depotFile, rev.rev)
    if (status is None and "q" in opts) or ("--only" in opts and status != opts["--only"] + "!"):
        return
    ctx.emit([("depotFile", rev.depotFile), ("rev", rev.rev), ("change", rev.change), ("action", rev.action),
              ("type", rev.type), ("digest", found), ("status", status)],
             M.VerifyDataProblem if status else M.VerifyData, depotFile=rev.depotFile,
             depotRev=f"#{rev.rev}",
             action=rev.action, change=change_text(rev.change), type=rev.type, digest=found, status=status)


def _status(opts: Options, rev: Rev, data: bytes) -> str | None:
    if "v" in opts:
        return None
    bad_size = "s" in opts and rev.size is not None and rev.size != len(data)
    return STATUS_BAD if bad_size or (rev.digest and rev.digest != digest(data)) else None


