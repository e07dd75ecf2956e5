"""Lists of specifications: users, groups, depots, clients, branches, labels."""

from .auth import pattern_regex
from .command import Context, command
from .listing import day, limited, name_filter, one_line
from .messages import M
from .options import Options

USER_TYPES = ("standard", "operator", "service")


# users

@command("users", "l a r c m#", M.UseUsers)
def users(ctx: Context, opts: Options) -> None:
    if "l" in opts and not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    for name in opts.args or [None]:
        regex = pattern_regex(name, ctx.spelling is not None) if name is not None else None
        rows = limited(ctx, opts, ctx.store.objects("SELECT * FROM user ORDER BY user"),
                       lambda row: (regex is None or regex.fullmatch(row.user)) and
                       ("a" in opts or row.type == 0))
        found = False
        for row in list(rows):
            found = True
            _user(ctx, opts, row)
        if not found:
            ctx.message(M.ExUSER, argc=name)


def _user(ctx: Context, opts: Options, row) -> None:
    expires = ctx.store.value("SELECT MAX(expires) FROM ticket WHERE user = ? AND state = 0", row.user,
                              default=0)
    if ctx.tagged:
        long = "l" in opts
        ctx.record([("User", row.user), ("Type", USER_TYPES[row.type]), ("Email", row.email or ""),
                    ("Update", row.updateDate or 0), ("Access", row.accessDate or 0),
                    ("FullName", row.fullName or ""),
                    ("Password", "enabled" if long and row.password else None),
                    ("ticketExpiration", expires if long else None),
                    ("passwordChange", row.passDate if long else None)])
        return
    fields = {"user": row.user, "email": row.email, "fullName": row.fullName,
              "accessDate": day(row.accessDate)}
    if "l" in opts:
        ctx.message(M.UsersDataLong, **fields, type=USER_TYPES[row.type], endDate=day(expires),
                    passDate=day(row.passDate))
    else:
        ctx.message(M.UsersData, **fields)


# groups

@command("groups", "m# v i g u o", M.UseGroups, maximum=1)
def groups(ctx: Context, opts: Options) -> None:
    names = _group_names(ctx, opts)
    left = opts.number("m") or len(names)
    for name in names[:left]:
        ctx.scanned()
        if ctx.tagged:
            _group_records(ctx, name)
        elif "v" in opts:
            row = ctx.store.object('SELECT * FROM "group" WHERE name = ?', name)
            ctx.message(M.GroupsDataVerbose222, group=name, **_limits_text(row))
        else:
            ctx.message(M.GroupsData, group=name)


def _group_names(ctx: Context, opts: Options) -> list[str]:
    """The groups asked for: all, or those that hold a user, a group, an owner."""
    if not opts.args:
        return [name for (name,) in ctx.store.all('SELECT name FROM "group" ORDER BY name')]
    name = opts.args[0]
    if "v" in opts and not {"i", "g", "u", "o"} & opts.values.keys():
        return [g for (g,) in ctx.store.all('SELECT name FROM "group" WHERE name = ?', name)]
    kinds = [k for flag, k in (("u", 0), ("g", 1), ("o", 2)) if flag in opts] or [0, 1]
    found = {g for kind in kinds for (g,) in
             ctx.store.all('SELECT "group" FROM member WHERE name = ? AND kind = ?', name, kind)}
    if "i" in opts:
        todo = list(found)
        while todo:
            rows = ctx.store.all('SELECT "group" FROM member WHERE name = ? AND kind = 1', todo.pop())
            above = {group for (group,) in rows}
            todo += above - found
            found |= above
    return sorted(found)


def _number(value: int | None) -> int:
    return 0 if value is None else value


def _limits_text(row) -> dict[str, int]:
    return {"maxresults": _number(row.maxResults), "maxscanrows": _number(row.maxScanRows),
            "maxtimeout": _number(row.maxLockTime), "maxopenfiles": _number(row.maxOpenFiles),
            "maxmem": _number(row.maxMemory), "timeout": _number(row.timeout),
            "passtimeout": _number(row.passTimeout)}


def _group_records(ctx: Context, name: str) -> None:
    row = ctx.store.object('SELECT * FROM "group" WHERE name = ?', name)
    members: dict[tuple[str, int], set[int]] = {}
    for member, kind in ctx.store.all('SELECT name, kind FROM member WHERE "group" = ? ORDER BY name, kind',
                                      name):
        members.setdefault((member, kind == 1), set()).add(kind)
    for (member, subgroup), kinds in members.items():
        ctx.result()
        ctx.record([("user", member), ("group", name), ("isSubGroup", int(subgroup)),
                    ("isOwner", int(2 in kinds)), ("isUser", int(0 in kinds)),
                    ("passTimeout", _number(row.passTimeout)), ("maxScanRows", _number(row.maxScanRows)),
                    ("maxLockTime", _number(row.maxLockTime)), ("maxOpenFiles", _number(row.maxOpenFiles)),
                    ("timeout", _number(row.timeout)), ("maxResults", _number(row.maxResults)),
                    ("maxMemory", _number(row.maxMemory)), ("description", row.description or "")])


# depots

@command("depots", "t: e: E:", M.UseDepots, maximum=0)
def depots(ctx: Context, opts: Options) -> None:
    accepts = name_filter(opts, ctx.spelling is not None)
    rows = ctx.store.all("SELECT name, updateDate, kind, address, map, description, streamDepth"
                         " FROM domain WHERE type = 100 ORDER BY name")
    for name, date, kind, address, where, text, depth in limited(ctx, opts, rows,
                                                                    lambda r: accepts(r[0])):
        if "t" in opts and kind != opts["t"]:
            continue
        remote = address if kind in ("remote", "archive") and address else None
        if ctx.tagged:
            ctx.record([("name", name), ("time", date or 0), ("type", kind), ("extra", remote),
                        ("map", where), ("desc", text or ""),
                        ("streamDepth", depth if kind == "stream" else None)])
        else:
            ctx.message(M.DepotsDataExtra if remote else M.DepotsData, type="Depot", depotName=name,
                        updateDate=day(date), location=kind, address=remote, map=where,
                        description=one_line(text))


# clients, branches, labels

def _domains(ctx: Context, opts: Options, code: int):
    accepts = name_filter(opts, ctx.spelling is not None)
    user, stream, server = opts.get("u"), opts.get("S"), opts.get("s")
    rows = ctx.store.objects("SELECT * FROM domain WHERE type = ? ORDER BY name",
                             code) if stream is None else \
        ctx.store.objects("SELECT * FROM domain WHERE type = ? AND stream = ? ORDER BY name", code, stream)

    def wanted(row) -> bool:
        return accepts(row.name) and user in (None, row.owner) and server in (None, row.serverId)
    return list(limited(ctx, opts, rows, wanted))


@command("clients", "t u: e: E: m# S: U a s:", M.UseDomainClients, maximum=0, aliases=("workspaces",))
def clients(ctx: Context, opts: Options) -> None:
    for row in _domains(ctx, opts, 99) if "U" not in opts else []:
        if ctx.tagged:
            ctx.record([("client", row.name), ("Update", row.updateDate or 0),
                        ("Access", row.accessDate or 0), ("Owner", row.owner or ""),
                        ("Options", row.options), ("SubmitOptions", row.submitOptions),
                        ("LineEnd", row.lineEnd), ("Root", row.root), ("Host", row.host or ""),
                        ("Stream", row.stream or None), ("ServerID", row.serverId or None),
                        ("Type", row.kind or "writeable"), ("Backup", row.backup or "enable"),
                        ("Description", row.description or "")])
        else:
            ctx.message(M.DomainsDataClient, domainType="Client", domainName=row.name,
                        updateDate=day(row.updateDate, "t" in opts), domainMount=row.root,
                        description=one_line(row.description))


def _simple_domains(ctx: Context, opts: Options, code: int, key: str, title: str) -> None:
    for row in _domains(ctx, opts, code):
        if ctx.tagged:
            ctx.record([(key, row.name), ("Update", row.updateDate or 0), ("Access", row.accessDate or 0),
                        ("Owner", row.owner or ""), ("Options", row.options),
                        ("Description", row.description or ""), ("Revision", row.revision or None)])
        else:
            ctx.message(M.DomainsData, domainType=title, domainName=row.name,
                        updateDate=day(row.updateDate, "t" in opts), description=one_line(row.description))


@command("branches", "t u: e: E: m#", M.UseBranches, maximum=0)
def branches(ctx: Context, opts: Options) -> None:
    _simple_domains(ctx, opts, 98, "branch", "Branch")


@command("labels", "t u: e: E: m# U R a s:", M.UseLabels, maximum=0)
def labels(ctx: Context, opts: Options) -> None:
    _simple_domains(ctx, opts, 108, "label", "Label")
