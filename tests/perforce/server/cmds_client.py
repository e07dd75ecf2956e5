"""client: workspaces, classic and of streams."""

import time

from . import clientspec, formcmd, streamspec
from .clientspec import CHANGE_VIEW, CLIENT, VIEW
from .command import CommandError, Context, command
from .mapping import check_line, quote_line, split_line
from .messages import M
from .names import check_domain, own_depots
from .options import Options
from .specs import SPECS, SpecError, split_words
from .wildcard import fold_case

DEFAULT_OPTIONS = "noallwrite noclobber nocompress unlocked nomodtime normdir"
COPIED = ("Options", "SubmitOptions", "LineEnd", "View", "ChangeView", "Stream")
COMPARED = ("Owner", "Host", "Description", "Root", "AltRoots", "Options", "SubmitOptions", "LineEnd",
            "Stream", "StreamAtChange", "ServerID", "Type", "Backup", "View", "ChangeView")


@command("client", "d f F. i o s t: T: S: c# --serverid:", M.UseClient, maximum=1, aliases=("workspace",))
def client(ctx: Context, opts: Options) -> None:
    name = opts.args[0] if opts.args else ctx.client_name
    if "f" in opts and "s" not in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    if "d" in opts:
        _delete(ctx, opts, name)
    elif "s" in opts:
        _switch(ctx, opts, name)
    else:
        formcmd.process(ctx, opts, "client", lambda: _template(ctx, opts, name),
                        lambda v: _save(ctx, opts, v),
                        M.DomainNoChange(domainType="Client", domainName=name))


# values

def values_of(ctx: Context, row) -> dict:
    """The form of a stored client."""
    changes = [path for _, path, _ in clientspec.rows(ctx.store, row.name, CHANGE_VIEW)]
    return {"Client": row.name, "Update": formcmd.stamp(row.updateDate),
            "Access": formcmd.stamp(row.accessDate), "Owner": row.owner or "", "Host": row.host or "",
            "Description": row.description or "", "Root": row.root,
            "AltRoots": [r for r in (row.altRoot1, row.altRoot2) if r] or None, "Options": row.options,
            "SubmitOptions": row.submitOptions, "LineEnd": row.lineEnd, "Stream": row.stream or None,
            "StreamAtChange": row.streamAtChange or None, "ServerID": row.serverId or None,
            "Type": row.kind or "writeable", "Backup": row.backup or "enable",
            "View": [quote_line(*line) for line in clientspec.view_rows(ctx.store, row)] or None,
            "ChangeView": changes or None}


def _new_values(ctx: Context, opts: Options, name: str) -> dict:
    values = {"Client": name, "Owner": ctx.user, "Host": ctx.host,
              "Description": f"Created by {ctx.user}.\n", "Root": ctx.cwd, "Options": DEFAULT_OPTIONS,
              "SubmitOptions": "submitunchanged", "LineEnd": "local", "Type": opts.get("T", "writeable"),
              "Backup": "enable"}
    if "S" in opts:
        values |= _stream_values(ctx, opts, name)
    else:
        values["View"] = _default_view(ctx, name)
    return values


def _default_view(ctx: Context, name: str) -> list[str]:
    """Every depot with files of its own; with only one depot its name is left out."""
    depots = own_depots(ctx.store)
    if len(depots) == 1:
        return [quote_line("", f"//{depots[0]}/...", f"//{name}/...")]
    return [quote_line("", f"//{depot}/...", f"//{name}/{depot}/...") for depot in depots] or None


def _stream_values(ctx: Context, opts: Options, name: str) -> dict:
    stream, at, change = opts["S"].partition("@")
    if streamspec.load(ctx.store, stream) is None:
        ctx.fail(M.NoSuchDomain2, type="Stream", name=stream, command="stream")
    number = opts.number("c") if "c" in opts else int(change) if change.isdigit() else None
    lines = clientspec.stream_rows(ctx.store, stream, name, number)
    return {"Stream": stream, "StreamAtChange": change if at else None,
            "View": [quote_line(*line) for line in lines]}


def _template(ctx: Context, opts: Options, name: str) -> dict:
    """The form to show or edit: the stored one, a new one, or one like -t."""
    row = clientspec.load(ctx.store, name)
    if row is None:
        check_domain(ctx.store, name, CLIENT)
    elif "S" in opts and opts["S"].partition("@")[0] != row.stream:
        ctx.fail(M.ClientNoSwitch, client=name)
    values = values_of(ctx, row) if row is not None else _new_values(ctx, opts, name)
    if "t" in opts:
        values |= _copied(ctx, opts["t"], name)
    return values


def _copied(ctx: Context, template: str, name: str) -> dict:
    """What -t takes from another client, its view turned to this one's name."""
    row = clientspec.load(ctx.store, template)
    if row is None:
        ctx.fail(M.NoSuchDomain2, type="Client", name=template, command="client")
    values = {key: value for key, value in values_of(ctx, row).items() if key in COPIED}
    values["View"] = [quote_line(flag, left, f"//{name}/" + right.removeprefix(f"//{template}/"))
                      for flag, left, right in clientspec.view_rows(ctx.store, row)]
    return values


# saving

def _save(ctx: Context, opts: Options, values: dict) -> None:
    name = values["Client"]
    row = clientspec.load(ctx.store, name)
    try:
        check_domain(ctx.store, name, CLIENT)
        _may_change(ctx, opts, row, name)
        lines, changes = _check(ctx, values)
    except CommandError as error:
        raise error if isinstance(error, SpecError) else SpecError("client", *error.messages) from None
    values = _complete(ctx, values, row)
    if row is not None and all((values.get(k) or None) == (v or None) for k, v in values_of(ctx, row).items()
                               if k in COMPARED):
        ctx.message(M.DomainNoChange, domainType="Client", domainName=name)
        return
    with ctx.store.write():
        _store(ctx, values, lines, changes, row)
    ctx.message(M.DomainSave, domainType="Client", domainName=name)


def _may_change(ctx: Context, opts: Options, row, name: str) -> None:
    if row is not None and row.owner != ctx.user and "locked" in (row.options or "").split() and "f" not in opts:
        raise CommandError(M.LockedUpdate(type="client", name=name, user=row.owner))


def _check(ctx: Context, values: dict) -> tuple[list[tuple], list[str]]:
    """The view lines and ChangeView lines of a form; CommandError for what is not allowed."""
    if len(values.get("AltRoots") or ()) > 2:
        raise CommandError(M.TooManyRoots())
    changes = [" ".join(split_words(line)[0]) for line in values.get("ChangeView") or ()]
    if values.get("Stream"):
        if streamspec.load(ctx.store, values["Stream"]) is None:
            raise CommandError(M.NoSuchDomain2(type="Stream", name=values["Stream"], command="stream"))
        return [], changes
    entries = [entry for entry in values.get("View") or () if split_words(entry)[0]]
    return [_check_line(ctx, values["Client"], entry) for entry in entries], changes


def _check_line(ctx: Context, client_name: str, entry: str) -> tuple[str, str, str]:
    flag, left, right = split_line(entry)
    if right is None:
        raise CommandError(M.FieldWords(field="View"))
    if not left.startswith("//"):
        raise CommandError(M.PathNotUnder(depotFile=left, prefix="//..."))
    prefix = f"//{client_name}/"
    if ctx.spelling is not None and fold_case(right).startswith(fold_case(prefix)):
        right = prefix + right[len(prefix):]
    if not right.startswith(prefix):
        raise CommandError(M.MapNotUnder(depotFile=right, prefix=prefix + "..."))
    depot = left[2:].partition("/")[0]
    if not set("*.%") & set(depot) and flag != "-" and not _is_depot(ctx, depot):
        raise CommandError(M.NoSuchDepot2(depot=depot))
    check_line(left, right)
    return flag, left, right


def _is_depot(ctx: Context, name: str) -> bool:
    return ctx.store.value("SELECT 1 FROM domain WHERE type = 100 AND name = ?", name) is not None


def _complete(ctx: Context, values: dict, row) -> dict:
    """The form with what it leaves out: defaults, and the generated view of a stream client."""
    values = dict(values)
    values["Owner"] = values.get("Owner") or (row.owner if row is not None else ctx.user)
    options = SPECS["client"].options("Options", values.get("Options") or DEFAULT_OPTIONS)
    values["Options"] = options.replace(" noaltsync", "")
    for key, default in (("SubmitOptions", "submitunchanged"), ("LineEnd", "local"), ("Type", "writeable"),
                         ("Backup", "enable")):
        values[key] = values.get(key) or default
    if values.get("Stream"):
        at = values.get("StreamAtChange") or ""
        values["View"] = [quote_line(*line) for line in clientspec.stream_rows(
            ctx.store, values["Stream"], values["Client"], int(at) if at.isdigit() else None)]
    return values


def _store(ctx: Context, values: dict, lines: list[tuple], changes: list[str], row) -> None:
    name, now = values["Client"], int(time.time())
    roots = [*(values.get("AltRoots") or ()), None, None]
    ctx.store.insert("domain", type=CLIENT, name=name, owner=values["Owner"], updateDate=now,
                     accessDate=row.accessDate if row is not None else now,
                     description=values.get("Description") or "", options=values["Options"],
                     host=values.get("Host") or None, root=values["Root"], altRoot1=roots[0],
                     altRoot2=roots[1], submitOptions=values["SubmitOptions"], lineEnd=values["LineEnd"],
                     stream=values.get("Stream") or None,
                     streamAtChange=values.get("StreamAtChange") or None,
                     serverId=values.get("ServerID") or None, kind=values["Type"], backup=values["Backup"])
    ctx.store.execute("DELETE FROM view WHERE type = ? AND name = ?", CLIENT, name)
    rows = [(CLIENT, name, VIEW, seq, *line) for seq, line in enumerate(lines)]
    rows += [(CLIENT, name, CHANGE_VIEW, seq, "", line, "") for seq, line in enumerate(changes)]
    ctx.store.many('INSERT INTO view (type, name, kind, seq, flag, "left", "right")'
                   " VALUES (?, ?, ?, ?, ?, ?, ?)", rows)


# switching and deleting

def _switch(ctx: Context, opts: Options, name: str) -> None:
    if ("S" in opts) == ("t" in opts) or "o" in opts:
        ctx.fail(M.UseClients)
    row = clientspec.load(ctx.store, name)
    if row is None:
        ctx.fail(M.NoSuchDomain2, type="Client", name=name, command="client")
    _may_change(ctx, opts, row, name)
    if "f" not in opts and ctx.store.value("SELECT 1 FROM working WHERE client = ?", name):
        ctx.fail(M.OpenedSwitch, client=name)
    values = values_of(ctx, row) | {"Stream": None, "StreamAtChange": None}
    values |= _stream_values(ctx, opts, name) if "S" in opts else _copied(ctx, opts["t"], name)
    lines, changes = _check(ctx, values)
    with ctx.store.write():
        _store(ctx, values, lines, changes, row)
    ctx.message(M.DomainSwitch, domainType="Client", domainName=name)


def _delete(ctx: Context, opts: Options, name: str) -> None:
    formcmd.fire(ctx, "form-delete", "client", name)
    row = clientspec.load(ctx.store, name)
    if row is None:
        ctx.fail(M.NoSuchDomain, type="Client", name=name)
    if "locked" in (row.options or "").split() and "f" not in opts:
        ctx.fail(M.LockedDelete, type="client", name=name)
    forced = "f" in opts and row.owner != ctx.user
    if ctx.store.value("SELECT 1 FROM working WHERE client = ?", name) and not forced:
        ctx.fail(M.OpenedDelete, client=name)
    shelved = ctx.store.value("SELECT 1 FROM change WHERE client = ? AND status = 0 AND shelved = 1", name)
    if shelved and opts.get("F") != "s":
        ctx.fail(M.ShelvedDelete, client=name)
    if ctx.store.value("SELECT 1 FROM change WHERE client = ? AND status = 0 AND shelved = 0",
                       name) and not forced:
        ctx.fail(M.PendingDelete, client=name)
    with ctx.store.write():
        _remove(ctx, name)
    ctx.message(M.DomainDelete, domainType="Client", domainName=name)


def _remove(ctx: Context, name: str) -> None:
    ctx.store.execute("DELETE FROM domain WHERE type = ? AND name = ?", CLIENT, name)
    ctx.store.execute("DELETE FROM view WHERE type = ? AND name = ?", CLIENT, name)
    ctx.store.execute("DELETE FROM resolve WHERE client = ? AND shelf = 0", name)
    ctx.store.execute("DELETE FROM change WHERE client = ? AND status = 0 AND shelved = 0", name)
    for table in ("have", "working"):
        ctx.store.execute(f"DELETE FROM {table} WHERE client = ?", name)
