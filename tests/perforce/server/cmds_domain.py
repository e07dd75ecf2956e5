"""branch and label: named views."""

import time

from . import formcmd, streamspec
from .command import CommandError, Context, command
from .mapping import check_line, quote_line, split_line
from .messages import M, Message
from .names import check_domain, own_depots
from .options import Options
from .specs import SPECS, SpecError, split_words
from .store import Row
from .streamview import branch_rows

BRANCH, LABEL = 98, 108


class Kind:
    """What differs between branches and labels."""

    def __init__(self, code: int, title: str, options: str, usage: Message):
        self.code, self.title, self.options, self.usage = code, title, options, usage
        self.spec = title.lower()


BRANCHES = Kind(BRANCH, "Branch", "unlocked", M.UseBranch)
LABELS = Kind(LABEL, "Label", "unlocked noautoreload", M.UseLabel)


@command("branch", "d f i o S: P:", M.UseBranch, maximum=1)
def branch(ctx: Context, opts: Options) -> None:
    if "S" in opts:
        _show_stream(ctx, opts)
    else:
        _run(ctx, opts, BRANCHES)


@command("label", "d f g i o t:", M.UseLabel, maximum=1)
def label(ctx: Context, opts: Options) -> None:
    _run(ctx, opts, LABELS)


def _run(ctx: Context, opts: Options, kind: Kind) -> None:
    if not opts.args and "i" not in opts:
        ctx.fail(M.WrongArg(), kind.usage())
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    name = opts.args[0] if opts.args else ""
    if "d" in opts:
        _delete(ctx, opts, kind, name)
        return
    formcmd.process(ctx, opts, kind.spec, lambda: _values(ctx, opts, kind, name),
                    lambda v: _save(ctx, opts, kind, v),
                    M.DomainNoChange(domainType=kind.title, domainName=name))


def load(ctx: Context, code: int, name: str) -> Row | None:
    return ctx.store.object("SELECT * FROM domain WHERE type = ? AND name = ?", code, name)


def view_rows(ctx: Context, code: int, name: str) -> list[tuple]:
    return ctx.store.all('SELECT flag, "left", "right" FROM view WHERE type = ? AND name = ? AND kind = 0'
                         " ORDER BY seq", code, name)


def _values(ctx: Context, opts: Options, kind: Kind, name: str) -> dict:
    row = load(ctx, kind.code, name)
    if row is None:
        check_domain(ctx.store, name, kind.code)
        values = {kind.title: name, "Owner": ctx.user, "Description": f"Created by {ctx.user}.\n",
                  "Options": kind.options, "View": _default_view(ctx, kind)}
    else:
        lines = [quote_line(flag, left, right if kind is BRANCHES else None)
                 for flag, left, right in view_rows(ctx, kind.code, name)]
        values = {kind.title: name, "Update": formcmd.stamp(row.updateDate),
                  "Access": formcmd.stamp(row.accessDate), "Owner": row.owner or "",
                  "Description": row.description or "", "Options": row.options,
                  "Revision": row.revision or None, "ServerID": row.serverId or None, "View": lines or None}
    if kind is LABELS and "t" in opts:
        template = _values(ctx, Options(), kind, opts["t"])
        values |= {"Options": template["Options"], "View": template["View"]}
    return values


def _default_view(ctx: Context, kind: Kind) -> list[str]:
    both = kind is BRANCHES
    sides = [f"//{depot}/..." for depot in own_depots(ctx.store)]
    return [quote_line("", side, side if both else None) for side in sides] or None


def _save(ctx: Context, opts: Options, kind: Kind, values: dict) -> None:
    name = values[kind.title]
    row = load(ctx, kind.code, name)
    try:
        check_domain(ctx.store, name, kind.code)
        if row is not None and row.owner != ctx.user and "locked" in (row.options or "").split() and "f" not in opts:
            raise CommandError(M.LockedUpdate(type=kind.spec, name=name, user=row.owner))
        lines = [_check_line(kind, entry) for entry in values.get("View") or () if split_words(entry)[0]]
        options = SPECS[kind.spec].options("Options", values.get("Options") or kind.options)
    except CommandError as error:
        raise error if isinstance(error, SpecError) else SpecError(kind.spec, *error.messages) from None
    fields = ("Owner", "Description", "Revision", "View")
    if row is not None and row.options == options:
        old = _values(ctx, Options(), kind, name)
        if all((values.get(f) or None) == (old.get(f) or None) for f in fields):
            ctx.message(M.DomainNoChange, domainType=kind.title, domainName=name)
            return
    _store(ctx, kind, values, options, lines, row)
    ctx.message(M.DomainSave, domainType=kind.title, domainName=name)


def _check_line(kind: Kind, entry: str) -> tuple:
    flag, left, right = split_line(entry)
    if right is None and kind is BRANCHES:
        raise CommandError(M.FieldWords(field="View"))
    for side in filter(None, (left, right)):
        if not side.startswith("//"):
            raise CommandError(M.PathNotUnder(depotFile=side, prefix="//..."))
    check_line(left, right or left)
    return flag, left, right


def _store(ctx: Context, kind: Kind, values: dict, options: str, lines: list[tuple],
           row: Row | None) -> None:
    name, now = values[kind.title], int(time.time())
    with ctx.store.write():
        ctx.store.insert("domain", type=kind.code, name=name, owner=values.get("Owner") or ctx.user,
                         updateDate=now, accessDate=row.accessDate if row is not None else now,
                         options=options, description=values.get("Description") or "",
                         revision=values.get("Revision") or None)
        ctx.store.execute("DELETE FROM view WHERE type = ? AND name = ?", kind.code, name)
        ctx.store.many('INSERT INTO view (type, name, kind, seq, flag, "left", "right")'
                       " VALUES (?, ?, 0, ?, ?, ?, ?)",
                       ((kind.code, name, seq, *line) for seq, line in enumerate(lines)))


def _delete(ctx: Context, opts: Options, kind: Kind, name: str) -> None:
    formcmd.fire(ctx, "form-delete", kind.spec, name)
    row = load(ctx, kind.code, name)
    if row is None:
        ctx.fail(M.NoSuchDomain, type=kind.title, name=name)
    if "locked" in (row.options or "").split() and "f" not in opts:
        ctx.fail(M.LockedDelete, type=kind.spec, name=name)
    with ctx.store.write():
        ctx.store.execute("DELETE FROM domain WHERE type = ? AND name = ?", kind.code, name)
        ctx.store.execute("DELETE FROM view WHERE type = ? AND name = ?", kind.code, name)
        if kind is LABELS:
            ctx.store.execute("DELETE FROM label WHERE name = ?", name)
    ctx.message(M.DomainDelete, domainType=kind.title, domainName=name)


def _show_stream(ctx: Context, opts: Options) -> None:
    """branch -o -S: the branch view a stream has with its parent (or with -P)."""
    if "o" not in opts:
        ctx.fail(M.UseBrancho)
    name = opts["S"]
    chain = streamspec.chain(ctx.store, name)
    if not chain:
        ctx.fail(M.NoSuchDomain2, type="Stream", name=name, command="stream")
    other = streamspec.chain(ctx.store, opts["P"]) if "P" in opts else chain[1:]
    if not other:
        ctx.fail(M.StreamIsMainline, name=name)
    lines = [quote_line(*row) for row in branch_rows(chain, other)]
    formcmd.show(ctx, "branch", {"Branch": opts.args[0] if opts.args else name, "Owner": ctx.user,
                                 "Description": f"Created by {ctx.user}.\n", "Options": "unlocked",
                                 "View": lines})
