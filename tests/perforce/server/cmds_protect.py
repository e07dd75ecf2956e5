"""protect, protects: the protections table.  Its evaluation is in auth.py."""

import time

from . import auth, formcmd
from .command import CommandError, Context, command
from .messages import M
from .options import Options
from .specs import SpecError, join_words, split_words


@command("protect", "o i", M.UseProtect, maximum=1, level=None)
def protect(ctx: Context, opts: Options) -> None:
    if not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    formcmd.process(ctx, opts, "protect", lambda: _values(ctx), lambda v: _save(ctx, v), M.ProtectNoChange())


def _entry(perm: str, is_group: int, name: str, host: str, flag: str, path: str, comment: str | None) -> str:
    words = [perm, "group" if is_group else "user", name, host, flag + path] if perm else []
    return join_words(words, comment or "")


def _rows(ctx: Context) -> list[tuple]:
    return ctx.store.all("SELECT perm, isGroup, name, host, flag, depotFile, comment FROM protect"
                         " ORDER BY seq")


def _values(ctx: Context) -> dict:
    """The table; an empty one is shown as what holds then, with the caller as super user."""
    rows = _rows(ctx)
    if not rows:
        return {"Protections": ["write user * * //...", f"super user {ctx.user} * //..."]}
    updated = ctx.store.value("SELECT value FROM config WHERE name = ?", ".protect.update")
    return {"Update": formcmd.stamp(int(updated)) if updated else None,
            "Protections": [_entry(*row) for row in rows]}


def _parse(entry: str) -> tuple:
    words, note = split_words(entry)
    if not words:
        return ("", 0, "", "", "", "", note)
    perm, kind, name, host, path = words
    if perm.lstrip("=") not in auth.LEVELS[1:] or perm in ("=list", "=admin", "=super", "=review", "=owner"):
        raise SpecError("protect", M.InvalidType(type="protection mode", arg=perm))
    if kind not in ("user", "group"):
        raise SpecError("protect", M.UserOrGroup(value=kind))
    flag, path = ("-", path[1:]) if path.startswith("-") else ("", path)
    if not path.startswith("//"):
        raise SpecError("protect", M.PathNotUnder(depotFile=path, prefix="//..."))
    return (perm, int(kind == "group"), name, host, flag, path, note)


def _save(ctx: Context, values: dict) -> None:
    rows = [_parse(entry) for entry in values.get("Protections") or ()]
    if not rows:
        raise SpecError("protect", M.ProtectsEmpty())
    if rows == _rows(ctx):
        ctx.message(M.ProtectNoChange)
        return
    with ctx.store.write():
        ctx.store.execute("DELETE FROM protect")
        ctx.store.many("INSERT INTO protect VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                       ((seq, *row) for seq, row in enumerate(rows)))
        ctx.store.execute("INSERT OR REPLACE INTO config VALUES (?, ?)", ".protect.update",
                          str(int(time.time())))
        if not any(row[0] == "super" and not row[4] for row in rows):
            raise CommandError(M.ProtectsNoSuper())
    ctx.message(M.ProtectSave)


@command("protects", "s: a g: u: h: H m M S A", M.UseProtects, level=None)
def protects(ctx: Context, opts: Options) -> None:
    if {"a", "g", "u"} & opts.values.keys() and not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    rows = [row for row in enumerate(_rows(ctx), 1) if row[1][0]]
    if not rows and not {"m", "M"} & opts.values.keys():
        ctx.fail(M.ProtectsEmpty)
    shown = [row for row in rows if _applies(ctx, opts, row[1]) and _concerns(opts.args, row[1][5])]
    if "m" in opts or "M" in opts:
        _maximum(ctx, opts, [row for _, row in shown])
        return
    for number, row in shown:
        _show(ctx, number, row)


def _applies(ctx: Context, opts: Options, row: tuple) -> bool:
    _, is_group, name, host = row[:4]
    where = opts.get("h", ctx.session.peer_host if "H" in opts else None)
    if where is not None and not auth.host_applies(host, where):
        return False
    if "a" in opts:
        return True
    if "g" in opts:
        return bool(is_group) and name in {opts["g"], *_groups_above(ctx, opts["g"])}
    user = opts.get("u", ctx.user)
    here = ctx.session.peer_host
    return auth.name_applies(is_group, name, user, set(auth.groups_of(ctx.store, user)),
                             ctx.spelling is not None) and (
        where is not None or "u" in opts or auth.host_applies(host, here))


def _groups_above(ctx: Context, group: str) -> list[str]:
    return [g for (g,) in ctx.store.all('SELECT "group" FROM member WHERE name = ? AND kind = 1', group)]


def _concerns(files: list[str], path: str) -> bool:
    """Whether a line's path touches one of the files asked about (none: every line does)."""
    def touches(file: str) -> bool:
        one, other = auth.Line("list", "", file), auth.Line("list", "", path)
        return other.matches(file) or one.matches(path) or (
            "." in path and (one.prefix.startswith(other.prefix) or other.prefix.startswith(one.prefix))
            and path != other.prefix and file != one.prefix)
    return not files or any(touches(file) for file in files)


def _maximum(ctx: Context, opts: Options, rows: list[tuple]) -> None:
    """-m: the highest mode on any line; -M: what is left after exclusions (and for the file)."""
    if ctx.access.open:
        best = "super"
    elif "m" in opts:
        modes = [row[0] for row in rows if not row[4] and not row[0].startswith("=")]
        best = max(modes, key=auth.RANK.__getitem__, default="none")
    else:
        access = auth.Access(ctx.store, opts.get("u", ctx.user), opts.get("h", ctx.session.peer_host))
        best = access.max_level(opts.args[0] if opts.args else None)
    ctx.emit([("permMax", best)], M.ProtectsMaxData, perm=best)


def _show(ctx: Context, number: int, row: tuple) -> None:
    perm, is_group, name, host, flag, path, _ = row
    ctx.emit([("unmap", True if flag else None), ("line", number), ("perm", perm),
              ("isgroup", True if is_group else None), ("user", name), ("host", host), ("depotFile", path)],
             M.ProtectsData, perm=perm, isgroup="group" if is_group else "user", user=name, ipaddr=host,
             mapFlag=flag, depotFile=path)
