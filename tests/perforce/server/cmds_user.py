"""user, group: the people, and their limits."""

import time

from . import auth, formcmd
from .cmds_list import USER_TYPES
from .cmds_login import check_password
from .command import Context, command
from .messages import M
from .names import check_id
from .options import Options
from .specs import SpecError

LIMITS = {"MaxResults": "maxResults", "MaxScanRows": "maxScanRows", "MaxLockTime": "maxLockTime",
          "MaxOpenFiles": "maxOpenFiles", "MaxMemory": "maxMemory", "Timeout": "timeout",
          "PasswordTimeout": "passTimeout"}
MEMBERS = {"Subgroups": 1, "Owners": 2, "Users": 0}


# users

@command("user", "d D o i f F y", M.UseUser, maximum=1)
def user(ctx: Context, opts: Options) -> None:
    name = opts.args[0] if opts.args else ctx.user
    if ("f" in opts or "F" in opts) and not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    if "d" in opts:
        _delete_user(ctx, opts, name)
        return
    formcmd.process(ctx, opts, "user", lambda: _user_values(ctx, name), lambda v: _save_user(ctx, opts, v),
                    M.UserNoChange(user=name))


def _user_values(ctx: Context, name: str) -> dict:
    row = ctx.store.object("SELECT * FROM user WHERE user = ?", name)
    if row is None:
        return {"User": name, "Type": "standard", "Email": f"{name}@{ctx.client_name}", "FullName": name,
                "AuthMethod": "perforce"}
    reviews = [path for (path,) in ctx.store.all("SELECT depotFile FROM review WHERE user = ? ORDER BY seq",
                                                 name)]
    return {"User": name, "Type": USER_TYPES[row.type], "Email": row.email or "",
            "Update": formcmd.stamp(row.updateDate), "Access": formcmd.stamp(row.accessDate),
            "FullName": row.fullName or "", "JobView": row.jobView or None,
            "Password": "******" if row.password else None, "AuthMethod": row.authMethod or "perforce",
            "Reviews": reviews or None}


def _save_user(ctx: Context, opts: Options, values: dict) -> None:
    name = check_id(values["User"], numeric=True)
    if name != ctx.user and "f" not in opts:
        ctx.fail(M.NoPerms)
    if values.get("Type", "standard") not in USER_TYPES:
        raise SpecError("user", M.InvalidType(type="user type", arg=values["Type"]))
    old, now = _user_values(ctx, name), int(time.time())
    known = "Update" in old
    if known and all(values.get(k) == old.get(k)
                     for k in ("Email", "FullName", "JobView", "Password", "Reviews", "Type")):
        ctx.message(M.UserNoChange, user=name)
        return
    password = values.get("Password")
    with ctx.store.write():
        auth.create_user(ctx.store, name, ctx.client_name)
        ctx.store.execute("UPDATE user SET type = ?, email = ?, fullName = ?, jobView = ?, updateDate = ?"
                          " WHERE user = ?",
                          USER_TYPES.index(values.get("Type", "standard")), values["Email"],
                          values["FullName"], values.get("JobView"), now, name)
        ctx.store.execute("DELETE FROM review WHERE user = ?", name)
        ctx.store.many("INSERT INTO review VALUES (?, ?, ?)",
                       ((name, seq, path) for seq, path in enumerate(values.get("Reviews") or ())))
        if password and password != "******":
            check_password(ctx, password)
            auth.store_password(ctx.store, name, password)
    ctx.message(M.UserSave, user=name)


def _delete_user(ctx: Context, opts: Options, name: str) -> None:
    formcmd.fire(ctx, "form-delete", "user", name)
    if name != ctx.user and "f" not in opts and "F" not in opts:
        ctx.fail(M.WrongUserDelete, user=name)
    if ctx.store.value("SELECT 1 FROM user WHERE user = ?", name) is None:
        ctx.fail(M.UserNotExist, user=name)
    clients = ctx.store.value("SELECT COUNT(DISTINCT client) FROM working WHERE user = ?", name)
    if clients:
        ctx.message(M.UserCantDelete, user=name, value=clients)
        return
    with ctx.store.write():
        for table in ("user", "review", "ticket"):
            ctx.store.execute(f"DELETE FROM {table} WHERE user = ?", name)
        if "F" in opts:
            ctx.store.execute("DELETE FROM member WHERE name = ? AND kind <> 1", name)
            ctx.store.execute("DELETE FROM protect WHERE name = ? AND isGroup = 0", name)
    ctx.message(M.UserDelete, user=name)


# groups

@command("group", "a A d F o i", M.UseGroup, maximum=1)
def group(ctx: Context, opts: Options) -> None:
    if not opts.args and "i" not in opts:
        ctx.fail(M.WrongArg(), M.UseGroup())
    name = opts.args[0] if opts.args else ""
    if "o" not in opts:
        _may_change_group(ctx, opts, name)
    if "d" in opts:
        _delete_group(ctx, opts, name)
        return
    formcmd.process(ctx, opts, "group", lambda: _group_values(ctx, name),
                    lambda v: _save_group(ctx, opts, v), M.GroupNotUpdated(group=name))


def _may_change_group(ctx: Context, opts: Options, name: str) -> None:
    if ctx.access.has("super") or ("A" in opts and ctx.access.has("admin")):
        return
    if "a" not in opts:
        ctx.fail(M.NoPerms)
    if name and not _owns_group(ctx, name):
        ctx.fail(M.GroupNotOwner, user=ctx.user, group=name)


def _owns_group(ctx: Context, name: str) -> bool:
    return bool(ctx.store.value('SELECT 1 FROM member WHERE "group" = ? AND kind = 2 AND name = ?', name,
                                ctx.user))


def _limit_text(value: int | None) -> str:
    return "unset" if value is None else "unlimited" if value < 0 else str(value)


def _limit_number(field: str, text: str) -> int | None:
    if text == "unset":
        return None
    if text == "unlimited":
        return -1
    if not text.isdigit() or int(text) == 0:
        raise SpecError("group", (M.BadTimeout if "Timeout" in field else M.BadMaxResult)(value=text))
    return int(text)


def _group_values(ctx: Context, name: str) -> dict:
    row = ctx.store.object('SELECT * FROM "group" WHERE name = ?', name)
    values: dict = {"Group": name, "Description": row.description or "" if row else ""}
    for field, column in LIMITS.items():
        default = auth.DEFAULT_TIMEOUT if column == "timeout" else None
        values[field] = _limit_text(row[column] if row else default)
    for field, kind in MEMBERS.items():
        values[field] = [n for (n,) in ctx.store.all(
            'SELECT name FROM member WHERE "group" = ? AND kind = ? ORDER BY name', name, kind)]
    return values


def _save_group(ctx: Context, opts: Options, values: dict) -> None:
    name = check_id(values["Group"])
    old = _group_values(ctx, name)
    exists = ctx.store.value('SELECT 1 FROM "group" WHERE name = ?', name) is not None
    if exists and "A" in opts and not ctx.access.has("super"):
        ctx.fail(M.GroupExists, group=name)
    if "a" in opts and not ctx.access.has("super") and not _owns_group(ctx, name):
        ctx.fail(M.GroupNotOwner, user=ctx.user, group=name)
    columns = {column: _limit_number(field, values.get(field) or _limit_default(field))
               for field, column in LIMITS.items()}
    members = [(name, member, kind) for field,
               kind in MEMBERS.items() for member in dict.fromkeys(values.get(field) or ())]
    _store_group(ctx, name, values.get("Description"), columns, members)
    if not members:
        ctx.message(M.GroupDeleted if exists else M.GroupNotCreated, group=name)
    elif not exists:
        ctx.message(M.GroupCreated, group=name)
    else:
        same = _group_values(ctx, name) == old
        ctx.message(M.GroupNotUpdated if same else M.GroupUpdated, group=name)


def _limit_default(field: str) -> str:
    return str(auth.DEFAULT_TIMEOUT) if field == "Timeout" else "unset"


def _store_group(ctx: Context, name: str, description, columns: dict, members: list) -> None:
    """A group without members ceases to exist."""
    with ctx.store.write():
        ctx.store.execute('DELETE FROM "group" WHERE name = ?', name)
        ctx.store.execute('DELETE FROM member WHERE "group" = ?', name)
        if members:
            ctx.store.insert("group", name=name, description=description, **columns)
            ctx.store.many("INSERT INTO member VALUES (?, ?, ?)", members)


def _delete_group(ctx: Context, opts: Options, name: str) -> None:
    formcmd.fire(ctx, "form-delete", "group", name)
    with ctx.store.write():
        if not ctx.store.execute('DELETE FROM "group" WHERE name = ?', name):
            ctx.fail(M.NoSuchDomain, type="Group", name=name)
        ctx.store.execute('DELETE FROM member WHERE "group" = ?', name)
        if "F" in opts:
            ctx.store.execute("DELETE FROM member WHERE name = ? AND kind = 1", name)
            ctx.store.execute("DELETE FROM protect WHERE name = ? AND isGroup = 1", name)
    ctx.message(M.GroupDeleted, group=name)
