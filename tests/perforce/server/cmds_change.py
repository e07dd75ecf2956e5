"""change: pending changelists, and corrections to submitted ones."""

import time

from . import changespec, clientspec, formcmd, jobs
from .changespec import PENDING, STATUS, SUBMITTED, title
from .command import CommandError, Context, command
from .dates import parse_date
from .messages import M
from .options import Options
from .specs import SpecError, split_words
from .store import Row

PLACEHOLDER = "<enter description here>\n"


@command("change", "d i o s t: U: f u O I --serverid:", M.UseChange, maximum=1, aliases=("changelist",))
def change(ctx: Context, opts: Options) -> None:
    if "f" in opts and "u" in opts:
        ctx.fail(M.UseChange)
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    row = None
    if opts.args and opts.args[0] != "default":
        row = changespec.require(ctx.store, changespec.number_of(opts.args[0]), "O" in opts)
    if "d" in opts:
        _delete(ctx, opts, row)
    elif ("t" in opts or "U" in opts) and "i" not in opts:
        _set_fields(ctx, opts, row)
    else:
        unchanged = M.ChangeUpdated(change=title(row.change)) if row is not None else M.MissingDesc()
        formcmd.process(ctx, opts, "change", lambda: _values(ctx, opts, row), lambda v: save(ctx, opts, v),
                        unchanged)


# values

def _open_files(ctx: Context, client: str, number: int) -> list[tuple[str, str]]:
    """(depot file, action) of a pending change; with 0 of the client's default one."""
    return ctx.store.all("SELECT depotFile, action FROM working WHERE client = ? AND change = ?"
                         " ORDER BY depotFile", client, number)


def _values(ctx: Context, opts: Options, row: Row | None) -> dict:
    if row is None:
        return {"Change": "new", "Client": ctx.client_name, "User": ctx.user, "Status": "new",
                "Description": PLACEHOLDER, "Files": _open_files(ctx, ctx.client_name, 0) or None}
    files = _open_files(ctx, row.client, row.change) if row.status == PENDING else []
    readable = "f" in opts or changespec.may_read(ctx, row)
    fixed = [(name, jobs.summary(jobs.load(ctx.store, name))) for name in jobs.fixing(ctx.store, row.change)]
    return {"Change": str(row.change), "Date": formcmd.stamp(row.date), "Client": row.client,
            "User": row.user, "Status": STATUS[row.status], "Type": row.type or "public",
            "ImportedBy": row.importer or None, "Identity": row.identity or None,
            "Description": row.description if readable else changespec.HIDDEN, "Jobs": fixed or None,
            "Stream": row.stream or None, "Files": files or None}


# saving

def save(ctx: Context, opts: Options, values: dict) -> None:
    try:
        if values["Description"] in ("", PLACEHOLDER):
            raise CommandError(M.MissingDesc())
        if values["Change"] == "new":
            _create(ctx, values)
        else:
            _update(ctx, opts, values)
    except CommandError as error:
        raise error if isinstance(error, SpecError) else SpecError("change", *error.messages) from None


def _listed(ctx: Context, values: dict, client: str, number: int) -> list[str]:
    """The Files of the form, each of which must be open in this change or in the default one."""
    known = {path for path,
             _ in _open_files(ctx, client, 0) + (_open_files(ctx, client, number) if number else [])}
    files = [entry.strip('"') for entry in values.get("Files") or ()]
    if not known.issuperset(files):
        raise CommandError(M.CantOpenHere())
    return files


def _create(ctx: Context, values: dict) -> None:
    client = values.get("Client") or ctx.client_name
    if values.get("User", ctx.user) != ctx.user or values.get("Status", "new") not in ("new", "pending"):
        raise CommandError(M.TheseCantChange())
    if clientspec.load(ctx.store, client) is None:
        raise CommandError(M.NoSuchDomain2(type="Client", name=client, command="client"))
    files = _listed(ctx, values, client, 0)
    with ctx.store.write():
        number = changespec.create(ctx, values["Description"], values.get("Type") or "public", client)
        ctx.store.execute("UPDATE change SET identity = ? WHERE change = ?", values.get("Identity"), number)
        _move(ctx, client, files, number)
        fixed, _ = jobs.relink(ctx, changespec.require(ctx.store, number), listed_jobs(values))
    ctx.message(M.ChangeCreated, change=title(number), workCount=len(files) or None, jobCount=fixed or None)


def listed_jobs(values: dict) -> list[str]:
    """The Jobs of the form; with -s each has the status it is to get behind it."""
    return [split_words(entry)[0][0] for entry in values.get("Jobs") or () if split_words(entry)[0]]


def _move(ctx: Context, client: str, files: list[str], number: int) -> None:
    for path in files:
        ctx.store.execute("UPDATE working SET change = ? WHERE client = ? AND depotFile = ?", number, client,
                          path)


def _update(ctx: Context, opts: Options, values: dict) -> None:
    row = changespec.require(ctx.store, changespec.number_of(values["Change"]))
    if row.status == SUBMITTED:
        _update_submitted(ctx, opts, values, row)
        return
    if row.user != ctx.user and "f" not in opts:
        raise CommandError(M.ChangeNotOwner(change=title(row.change), user=row.user))
    if values.get("User", row.user) != row.user:
        raise CommandError(M.OpenFilesCantChangeUser() if _open_files(ctx, row.client, row.change) else
                           M.TheseCantChange())
    if values.get("Client", row.client) != row.client or values.get("Status", "pending") != "pending":
        raise CommandError(M.TheseCantChange())
    listed = set(_listed(ctx, values, row.client, row.change))
    before = {path for path, _ in _open_files(ctx, row.client, row.change)}
    with ctx.store.write():
        _write(ctx, row, values, int(time.time()))
        _move(ctx, row.client, sorted(listed - before), row.change)
        _move(ctx, row.client, sorted(before - listed), 0)
        added, removed = jobs.relink(ctx, row, listed_jobs(values))
    ctx.message(M.ChangeUpdated, change=title(row.change), workCount=len(listed - before) or None,
                workCount2=len(before - listed) or None, jobCount=added or None, jobCount2=removed or None)


def _update_submitted(ctx: Context, opts: Options, values: dict, row: Row) -> None:
    if not {"f", "u"} & opts.values.keys():
        raise CommandError(M.NoModComChange(change=row.change))
    if "u" in opts and row.user != ctx.user:
        raise CommandError(M.CommittedNoPerm(change=title(row.change), user=row.user))
    date = parse_date(values["Date"]) if values.get("Date") else row.date
    if values.get("Status", "submitted") != "submitted" or values.get("Client", row.client) != row.client:
        raise CommandError(M.TheseCantChange())
    changed = values.get("User", row.user) != row.user or formcmd.stamp(date) != formcmd.stamp(row.date)
    if changed and "f" not in opts:
        raise CommandError(M.OwnerCantChange())
    with ctx.store.write():
        _write(ctx, row, values, date, values.get("User"))
    ctx.message(M.ChangeUpdated, change=title(row.change))


def _write(ctx: Context, row: Row, values: dict, date: int, user: str | None = None) -> None:
    ctx.store.execute("UPDATE change SET description = ?, type = ?, date = ?, user = ?, updateDate = ?,"
                      " identity = ? WHERE change = ?",
                      values["Description"], values.get("Type") or row.type or "public", date,
                      user or row.user, int(time.time()), values.get("Identity") or None, row.change)


def _set_fields(ctx: Context, opts: Options, row: Row | None) -> None:
    """-t and -U change one field without the form."""
    if row is None or opts.get("t", "public") not in ("public", "restricted"):
        ctx.fail(M.UseChanget if "t" in opts else M.UseChangeU)
    if row.user != ctx.user and "f" not in opts:
        ctx.fail(M.ChangeNotOwner, change=title(row.change), user=row.user)
    if row.status == SUBMITTED and not {"f", "u"} & opts.values.keys():
        ctx.fail(M.NoModComChange, change=row.change)
    if "U" in opts and _open_files(ctx, row.client, row.change):
        ctx.fail(M.OpenFilesCantChangeUser)
    with ctx.store.write():
        ctx.store.execute("UPDATE change SET type = ?, user = ?, updateDate = ? WHERE change = ?",
                          opts.get("t", row.type), opts.get("U", row.user), int(time.time()), row.change)
    ctx.message(M.ChangeUpdated, change=title(row.change))


# deleting

def _delete(ctx: Context, opts: Options, row: Row | None) -> None:
    if row is None:
        ctx.fail(M.UseChanged)
    name = title(row.change)
    formcmd.fire(ctx, "form-delete", "change", str(row.change))
    if row.status == PENDING and row.user != ctx.user and "f" not in opts:
        ctx.fail(M.ChangeNotOwner, change=name, user=row.user)
    if row.status == SUBMITTED and "f" not in opts:
        ctx.fail(M.NoModComChange, change=row.change)
    refusal = _refusal(ctx, row, name)
    if refusal is not None:
        if refusal.message.severity >= 3:
            ctx.fail(refusal)
        ctx.message(refusal)
        return
    with ctx.store.write():
        ctx.store.execute("DELETE FROM change WHERE change = ?", row.change)
    ctx.message(M.ChangeDeleteSuccess, change=name)


def _refusal(ctx: Context, row: Row, name: str):
    """Why a change cannot be deleted, None if it can.  Some reasons are plain information to the product."""
    def count(table: str) -> int:
        return ctx.store.value(f"SELECT COUNT(*) FROM {table} WHERE change = ?", row.change)
    if row.status == SUBMITTED:
        files = count("rev")
        return M.ChangeDeleteHasFiles(change=name, count=files) if files else None
    if opened := count("working"):
        return M.ChangeDeleteOpen(change=name, count=opened)
    if count("shelf"):
        return M.ChangeDeleteShelved(change=name)
    if fixes := count("fix"):
        return M.ChangeDeleteHasFix(change=name, count=fixes)
    return None
