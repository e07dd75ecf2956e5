"""depot: where files are kept."""

import time

from . import formcmd
from .command import Context, command
from .messages import M
from .names import check_domain
from .options import Options
from .specs import SpecError
from .store import prefix_range

DEPOT = 100
TYPES = ("local", "stream", "remote", "spec", "archive", "unload", "tangent", "extension", "graph", "trait")
SINGLE = ("spec", "unload", "extension", "trait")


@command("depot", "d f o i t:", M.UseDepot, maximum=1)
def depot(ctx: Context, opts: Options) -> None:
    if not opts.args and "i" not in opts:
        ctx.fail(M.WrongArg(), M.UseDepot())
    name = opts.args[0] if opts.args else ""
    if "o" not in opts and not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    if "d" in opts:
        _delete(ctx, name)
        return
    formcmd.process(ctx, opts, "depot", lambda: _values(ctx, name, opts.get("t", "local")),
                    lambda v: _save(ctx, v), M.DepotNoChange(depotName=name))


def _values(ctx: Context, name: str, kind: str) -> dict:
    row = ctx.store.object("SELECT * FROM domain WHERE type = ? AND name = ?", DEPOT, name)
    if row is None:
        return {"Depot": name, "Owner": ctx.user, "Date": formcmd.stamp(int(time.time())),
                "Description": f"Created by {ctx.user}.\n", "Type": kind, "Address": "local",
                "Suffix": ".p4s", "StreamDepth": f"//{name}/1", "Map": f"{name}/..."}
    special = [entry for (entry,) in ctx.store.all(
        'SELECT "left" FROM view WHERE type = ? AND name = ? AND kind = 2 ORDER BY seq', DEPOT, name)]
    return {"Depot": name, "Owner": row.owner or "", "Date": formcmd.stamp(row.updateDate),
            "Description": row.description or "", "Type": row.kind, "Address": row.address or "local",
            "Suffix": row.suffix or ".p4s", "StreamDepth": row.streamDepth or f"//{name}/1", "Map": row.map,
            "SpecMap": special or None}


def stream_depth(text: str | None, name: str) -> int:
    """The number in //depot/N or N; 0 if it is none."""
    last = (text or f"//{name}/1").rpartition("/")[2]
    return int(last) if last.isdigit() else 0


def _check(ctx: Context, name: str, values: dict) -> None:
    kind, where = values["Type"], values["Map"]
    if kind not in TYPES:
        raise SpecError("depot", M.InvalidType(type="depot type", arg=kind))
    if not where.endswith("/...") or "*" in where or "..." in where[:-3]:
        raise SpecError("depot", M.DepotMapInvalid(map=where))
    if kind == "stream" and not 1 <= stream_depth(values.get("StreamDepth"), name) <= 10:
        raise SpecError("depot", M.DepotStreamDepthReq(depot=name))
    if values.get("SpecMap") and kind != "spec":
        raise SpecError("depot", M.DepotNotSpec())
    old = ctx.store.value("SELECT kind FROM domain WHERE type = ? AND name = ?", DEPOT, name)
    if old not in (None, kind):
        raise SpecError("depot", M.NoDepotTypeChange())
    twin = ctx.store.value("SELECT name FROM domain WHERE type = ? AND kind = ? AND name <> ?", DEPOT, kind,
                           name)
    if kind in SINGLE and twin:
        raise SpecError("depot", M.DepotTypeDup(depotType=kind, depot=twin))


def _save(ctx: Context, values: dict) -> None:
    name = check_domain(ctx.store, values["Depot"], DEPOT)
    _check(ctx, name, values)
    fields = ("Owner", "Description", "Type", "Address", "Suffix", "StreamDepth", "Map", "SpecMap")
    old = _values(ctx, name, values["Type"])
    exists = ctx.store.value("SELECT 1 FROM domain WHERE type = ? AND name = ?", DEPOT, name)
    if exists and all(_same(values.get(f) or old.get(f), old.get(f)) for f in fields):
        ctx.message(M.DepotNoChange, depotName=name)
        return
    if exists and stream_depth(values.get("StreamDepth"), name) != stream_depth(old["StreamDepth"], name):
        _may_change_depth(ctx, name, values)
    now = int(time.time())
    with ctx.store.write():
        ctx.store.insert("domain", type=DEPOT, name=name, owner=values.get("Owner") or ctx.user,
                         updateDate=now, accessDate=now, description=values.get("Description") or "",
                         kind=values["Type"], address=_or_none(values.get("Address"), "local"),
                         suffix=_or_none(values.get("Suffix"), ".p4s"), map=values["Map"],
                         streamDepth=f"//{name}/{stream_depth(values.get('StreamDepth'), name)}"
                         if values["Type"] == "stream" else None)
        ctx.store.execute("DELETE FROM view WHERE type = ? AND name = ?", DEPOT, name)
        ctx.store.many('INSERT INTO view (type, name, kind, seq, "left") VALUES (?, ?, 2, ?, ?)',
                       ((DEPOT, name, seq, line) for seq, line in enumerate(values.get("SpecMap") or ())))
    ctx.message(M.DepotSave, depotName=name)


def _same(one, other) -> bool:
    """Whether two values of a form are equal; texts of old servers end without a newline."""
    return one == other or (isinstance(one, str) and isinstance(other, str)
                            and one.rstrip("\n") == other.rstrip("\n"))


def _or_none(text: str | None, default: str) -> str | None:
    return None if text in (None, "", default) else text


def _may_change_depth(ctx: Context, name: str, values: dict) -> None:
    low, high = prefix_range(f"//{name}/")
    streams = ctx.store.value("SELECT 1 FROM stream WHERE stream >= ? AND stream < ?", low, high)
    if streams or _has_files(ctx, name):
        raise SpecError("depot", M.DepotDepthDiffers(depotDepth=values["StreamDepth"]))


def _has_files(ctx: Context, name: str) -> bool:
    low, high = prefix_range(f"//{name}/")
    return ctx.store.value("SELECT 1 FROM rev WHERE depotFile >= ? AND depotFile < ?", low, high) is not None


def _delete(ctx: Context, name: str) -> None:
    formcmd.fire(ctx, "form-delete", "depot", name)
    if ctx.store.value("SELECT 1 FROM domain WHERE type = ? AND name = ?", DEPOT, name) is None:
        ctx.fail(M.NoSuchDepot, depot=name)
    low, high = prefix_range(f"//{name}/")
    if ctx.store.value("SELECT 1 FROM stream WHERE stream >= ? AND stream < ?", low, high):
        ctx.fail(M.DepotHasStreams, depot=name)
    if _has_files(ctx, name):
        ctx.fail(M.PurgeFirst, depot=name)
    with ctx.store.write():
        ctx.store.execute("DELETE FROM domain WHERE type = ? AND name = ?", DEPOT, name)
        ctx.store.execute("DELETE FROM view WHERE type = ? AND name = ?", DEPOT, name)
    ctx.message(M.DepotDelete, depotName=name)
