"""configure and property: settings of the server, and of applications."""

import time

from . import auth
from .command import Context, command
from .formcmd import stamp
from .listing import limited
from .messages import M
from .options import Options

FIXED = ("unicode", "P4JOURNAL", "P4ROOT")
ACTIONS = ("set", "unset", "show")
SCOPES = ("any", "user", "group")


@command("configure", "", M.UseConfigure, minimum=1, level="super")
def configure(ctx: Context, opts: Options) -> None:
    verb, args = opts.args[0], opts.args[1:]
    if verb not in ACTIONS or (verb != "show" and len(args) != 1):
        ctx.fail(M.UseConfigure)
    if verb == "show":
        _show(ctx, args)
        return
    server, hash_mark, setting = args[0].rpartition("#")
    name, equals, value = setting.partition("=")
    if not name or bool(equals) != (verb == "set"):
        ctx.fail(M.UseConfigure)
    if name in FIXED:
        ctx.fail(M.NotThisConfigVar, name=name)
    _change(ctx, server if hash_mark else "any", name, value if equals else None)


def _change(ctx: Context, server: str, name: str, value: str | None) -> None:
    with ctx.store.write():
        if value is not None:
            ctx.store.execute("INSERT OR REPLACE INTO config VALUES (?, ?)", name, value)
        elif not ctx.store.execute("DELETE FROM config WHERE name = ?", name):
            ctx.fail(M.NoSuchConfig, config=name)
    if value is None:
        ctx.message(M.ConfigureUnSet, serverName=server, variableName=name)
    else:
        ctx.message(M.ConfigureSet, serverName=server, variableName=name, variableValue=value)


def _show(ctx: Context, args: list[str]) -> None:
    rows = ctx.store.all("SELECT name, value FROM config ORDER BY name")
    everything = not args or args[0] in ("allservers", "any")
    shown = [row for row in rows if not row[0].startswith(".") and (everything or row[0] == args[0])]
    if not shown:
        ctx.message(M.ConfigureNone)
    for name, value in shown:
        record = [("ServerName", "any"), ("Type", "configure"), ("Name", name), ("Value", value)]
        if args and everything:
            ctx.emit(record, M.ConfigData, serverName="any", variableName=name, variableValue=value)
        else:
            ctx.emit(record, M.VariableData, name=name, value=value, source="(configure)")


# properties

@command("property", "l a d n: v: s# u: g: A F: T: m#", M.UseProperty, maximum=0)
def property_command(ctx: Context, opts: Options) -> None:
    actions = [flag for flag in "lad" if flag in opts]
    lacking = ("a" in opts and not {"n", "v"} <= opts.values.keys()) or ("d" in opts and "n" not in opts)
    if len(actions) != 1 or lacking or ("u" in opts and "g" in opts):
        ctx.fail(M.UseProperty)
    if ("l" not in opts or "A" in opts) and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    {"l": _list_properties, "a": _add_property, "d": _delete_property}[actions[0]](ctx, opts)


def _scope(opts: Options) -> tuple[int, str]:
    return (1, opts["u"]) if "u" in opts else (2, opts["g"]) if "g" in opts else (0, "")


def _add_property(ctx: Context, opts: Options) -> None:
    scope, who = _scope(opts)
    key = (opts["n"], opts.number("s", 1), scope, who)
    with ctx.store.write():
        old = ctx.store.value("SELECT 1 FROM property WHERE name = ? AND seq = ? AND scope = ? AND who = ?",
                              *key)
        ctx.store.execute("INSERT OR REPLACE INTO property VALUES (?, ?, ?, ?, ?, ?, ?)", *key, opts["v"],
                          int(time.time()), ctx.user)
    ctx.message(M.PropertyAdd, settingName=opts["n"], action="updated" if old else "added")


def _delete_property(ctx: Context, opts: Options) -> None:
    scope, who = _scope(opts)
    sequence = opts.number("s", 1)
    with ctx.store.write():
        if not ctx.store.execute("DELETE FROM property WHERE name = ? AND seq = ? AND scope = ? AND who = ?",
                                 opts["n"], sequence, scope, who):
            ctx.fail(M.NoSuchProperty, settingName=opts["n"], settingSequence=sequence,
                     settingUser=opts.get("u", "any"), settingGroup=opts.get("g", "any"))
    ctx.message(M.PropertyDelete, settingName=opts["n"])


def _list_properties(ctx: Context, opts: Options) -> None:
    """Without -A: what holds for the caller (his own, his groups', everyone's), higher sequences first."""
    every = ctx.store.all("SELECT name, seq, scope, who, value, date, user FROM property"
                          " ORDER BY name, seq DESC, scope DESC")
    mine = {(0, ""), (1, opts.get("u", ctx.user)), *((2, g) for g in auth.groups_of(ctx.store, ctx.user))}
    if "g" in opts:
        mine = {(0, ""), (2, opts["g"])}

    def wanted(row) -> bool:
        name, sequence, scope, who = row[:4]
        return opts.get("n", name) == name and ("A" in opts or (scope, who) in mine) and (
            "s" not in opts or opts.number("s") == sequence)
    shown = list(limited(ctx, opts, every, wanted))
    for row in shown:
        _property_row(ctx, "A" in opts, *row)
    if not shown:
        ctx.message(M.ExPROPERTY, settingName=opts.get("n"))


def _property_row(ctx: Context, everything: bool, name, sequence, scope, who, value, date, user) -> None:
    if ctx.tagged:
        details = [("time", date), ("modified", stamp(date)), ("modifiedBy", user)] if everything else []
        ctx.record([("name", name), ("sequence", sequence), ("value", value),
                    ("appliesToType", SCOPES[scope] if everything else None),
                    ("appliesTo", who if everything and scope else None), *details])
    elif everything:
        ctx.message(M.PropertyAllData, settingName=name, settingNalue=value, appliesToType=SCOPES[scope],
                    appliesTo=who, sequence=sequence)
    else:
        ctx.message(M.PropertyData, settingName=name, settingNalue=value)
