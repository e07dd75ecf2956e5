"""stream: the specification of a stream; its rules are the product's."""

import json
import time

from . import clientspec, formcmd, streamspec
from .cmds_depot import stream_depth
from .cmds_streams import record
from .command import CommandError, Context, command
from .mapping import quote_line
from .messages import M
from .names import check_id
from .options import Options
from .specs import SPECS, SpecError, join_words, split_words
from .streamspec import COMPONENTS, IGNORED, NONE, PATHS, REMAPPED, STREAM, Stream
from .streamview import StreamSpec, change_view, check_paths

RELEASE_OPTIONS = "allsubmit unlocked toparent nofromparent mergedown"
CLOSED_OPTIONS = "allsubmit unlocked notoparent nofromparent mergedown"
CONVERSIONS = ("development", "release")


@command("stream", "d f i o P: t: v --parentview: u", M.UseStream, maximum=1)
def stream(ctx: Context, opts: Options) -> None:
    name = opts.args[0] if opts.args else _own_stream(ctx, opts)
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    if "d" in opts:
        _delete(ctx, opts, name)
    elif "o" in opts:
        _show(ctx, opts, name)
    else:
        formcmd.process(ctx, opts, "stream", lambda: _template(ctx, opts, name),
                        lambda v: _save(ctx, opts, v),
                        M.DomainNoChange(domainType="Stream", domainName=name))


def _own_stream(ctx: Context, opts: Options) -> str:
    """Without an argument the current client's stream is meant."""
    if "i" in opts:
        return ""
    client = ctx.client_spec(required=False)
    if client is None or not client.stream:
        ctx.fail(M.StreamNotRelative)
    return client.stream


# values

def _template(ctx: Context, opts: Options, name: str) -> dict:
    """The stream's form, or that of a new one."""
    found = streamspec.load(ctx.store, name)
    if found is not None:
        return values_of(found)
    check_name(ctx, name)
    kind = opts.get("t")
    if kind is None:
        ctx.fail(M.UseStreamc)
    if kind not in streamspec.TYPES:
        raise SpecError("stream", M.FieldBadVal(field="Type", text="/".join(streamspec.TYPES)))
    options = {"release": RELEASE_OPTIONS, "sparserel": RELEASE_OPTIONS, "virtual": CLOSED_OPTIONS,
               "mainline": CLOSED_OPTIONS}.get(kind, streamspec.DEFAULT_OPTIONS)
    return {"Stream": name, "Owner": ctx.user, "Name": name.rpartition("/")[2],
            "Parent": opts.get("P", NONE), "Type": kind, "Description": f"Created by {ctx.user}.\n",
            "Options": options, "ParentView": opts.get("--parentview", "inherit"), "Paths": ["share ..."]}


def values_of(found: Stream) -> dict:
    def entries(rows: list[tuple]) -> list[str] | None:
        return [join_words([w for w in row[:-1] if w], row[-1]) for row in rows] or None
    return {"Stream": found.name, "Update": formcmd.stamp(found.updated),
            "Access": formcmd.stamp(found.accessed), "Owner": found.owner, "Name": found.title,
            "Parent": found.parent, "Type": found.type, "Description": found.description,
            "Options": found.options, "ParentView": found.parent_view,
            "Components": entries(found.components), "Paths": entries(found.paths),
            "Remapped": entries(found.remapped), "Ignored": entries(found.ignored)}


def from_values(values: dict, change: int) -> Stream:
    def rows(field: str, width: int) -> list[tuple]:
        split = [split_words(entry) for entry in values.get(field) or ()]
        return [(*words, *[""] * (width - len(words)), note) for words, note in split]
    return Stream(name=values["Stream"], parent=values["Parent"], type=values["Type"], title=values["Name"],
                  owner=values.get("Owner") or "", description=values.get("Description") or "",
                  options=SPECS["stream"].options("Options", values.get("Options") or ""),
                  parent_view=values.get("ParentView") or "inherit", updated=0, accessed=0, change=change,
                  paths=rows("Paths", 3), remapped=rows("Remapped", 2), ignored=rows("Ignored", 1),
                  components=rows("Components", 3))


def _show(ctx: Context, opts: Options, text: str) -> None:
    name, at, change = text.partition("@")
    if at:
        found = streamspec.load(ctx.store, name, int(change)) if change.isdigit() else None
        if found is None:
            ctx.fail(M.NoStreamAtChange, stream=name, change=change)
        values = values_of(found)
    else:
        values = _template(ctx, opts, name)
        found = streamspec.load(ctx.store, name)
    extra = streamspec.flow(ctx.store, found or from_values(values, 0))
    if "v" in opts:
        rows = clientspec.stream_rows(ctx.store, name, "", int(change) if at else None)
        values["View"] = [quote_line(flag, left, right.removeprefix("///")) for flag, left, right in rows]
        chain = streamspec.chain(ctx.store, name, int(change) if at else None)
        values["ChangeView"] = (change_view(chain) if chain else None) or None
    tags = [pair for number, (key, _) in enumerate(extra)
            for pair in ((f"extraTag{number}", key), (f"extraTagType{number}", "word"))]
    formcmd.show(ctx, "stream", values, tags + extra)


# rules

def check_name(ctx: Context, name: str) -> None:
    """//depot/name, with as many parts as its stream depot wants."""
    if not name.startswith("//"):
        raise CommandError(M.StreamRootErr(stream=name))
    if "//" in name[2:]:
        raise CommandError(M.StreamDoubleSlash(stream=name))
    if name.endswith("/"):
        raise CommandError(M.StreamEndSlash(id=name))
    parts = name[2:].split("/")
    if len(parts) < 2:
        raise CommandError(M.StreamEqDepot(stream=name))
    check_id(name, slashes=True)
    depot = ctx.store.object("SELECT kind, streamDepth FROM domain WHERE type = 100 AND name = ?", parts[0])
    if depot is None:
        raise CommandError(M.NoSuchDepot2(depot=parts[0]))
    if depot.kind != "stream":
        raise CommandError(M.DepotNotStream(depot=parts[0]))
    depth = stream_depth(depot.streamDepth, parts[0])
    if len(parts) - 1 != depth:
        raise CommandError(M.StreamDepthErr(stream=name) if depth == 1 else
                           M.StreamDepthDiffers(stream=name, depotDepth=depot.streamDepth))


def _check_parent(ctx: Context, new: Stream) -> None:
    if (new.type == "mainline") != (new.parent == NONE) and new.type != "virtual":
        raise CommandError(M.InvalidParent(parent=new.parent))
    if new.parent == NONE:
        return
    parent = streamspec.load(ctx.store, new.parent)
    if parent is None or new.parent == new.name:
        raise CommandError(M.InvalidParent(parent=new.parent))
    if parent.type == "task":
        raise CommandError(M.StreamParentIsTask(name=parent.name))
    if parent.type in streamspec.SPARSE and new.type != "virtual":
        raise CommandError(M.NoSparseChildren(parent=parent.name, stream=new.name))
    chain = streamspec.ancestry(ctx.store, parent)
    if len(chain) >= streamspec.MAX_DEPTH or any(above.name == new.name for above in chain):
        raise CommandError(M.StreamOverflow())


def _check_change(ctx: Context, opts: Options, new: Stream, old: Stream | None) -> None:
    """What may not change, and who may change it."""
    if old is None:
        return
    if old.has("locked") and old.owner != ctx.user and "f" not in opts:
        raise CommandError(M.StreamNotOwner(stream=old.name, owner=old.owner))
    if new.type in streamspec.SPARSE and old.type not in streamspec.SPARSE:
        raise CommandError(M.NoStreamTypeChangeToSparse(stream=new.name, streamType=new.type))
    if old.type in streamspec.SPARSE and new.type not in streamspec.SPARSE:
        raise CommandError(M.NoStreamTypeChangeToNonSparse(stream=new.name, streamType=new.type))
    if old.type in streamspec.SPARSE and new.parent != old.parent:
        raise CommandError(M.NoReparentSparse(stream=new.name))
    if new.type == "task" != old.type:
        raise CommandError(M.StreamNoConvert(type=old.type))
    if old.type == "task" and new.type not in ("task", *CONVERSIONS):
        raise CommandError(M.StreamBadConvert(type=new.type))
    if new.parent_view != old.parent_view:
        raise CommandError(M.StreamParentViewNoChange(value=new.parent_view))


def check(ctx: Context, opts: Options, new: Stream, old: Stream | None) -> None:
    check_name(ctx, new.name)
    if new.type in ("virtual", "mainline") and (new.has("toparent") or new.has("fromparent")):
        if new.type == "virtual":
            raise CommandError(M.StreamNoFlow(stream=new.name))
        new.options = new.options.replace(" toparent", " notoparent").replace(" fromparent", " nofromparent")
    if new.parent_view == "noinherit" and new.type in ("virtual", "task"):
        raise CommandError(M.StreamPVVirtualOnlyInh() if new.type == "virtual" else M.StreamPVTaskOnlyInh())
    _check_parent(ctx, new)
    _check_change(ctx, opts, new, old)
    if new.type in streamspec.SPARSE:
        _pin(ctx, new, old)
    check_paths(StreamSpec(new.name, new.type,
                           [(row[0], streamspec.unpinned(new.type, row[1]), row[2]) for row in new.paths if row[1]],
                           [row[:2] for row in new.remapped if row[0]],
                           [text for text, _ in new.ignored if text]))
    for kind, _, depot, _ in new.paths:
        if depot:
            _check_import(ctx, depot)


def _pin(ctx: Context, new: Stream, old: Stream | None) -> None:
    """Shared paths of a sparse stream are as of a change of the parent: the newest, and from then on that."""
    known = [row[1].partition("@")[2] for row in old.paths if "@" in row[1]] if old is not None else []
    newest = ctx.store.value("SELECT MAX(change) FROM change WHERE status = 1", default=0)
    number = known[0] if known else str(newest)
    for at, (kind, view, *rest) in enumerate(new.paths):
        path, _, given = view.partition("@")
        if kind == "share" and path and (known and given not in ("", number)):
            raise CommandError(M.SparseStreamShareChangeNoUpdate())
        if kind == "share" and path and newest:
            new.paths[at] = (kind, f"{path}@{given or number}", *rest)


def _check_import(ctx: Context, path: str) -> None:
    depot = path[2:].partition("/")[0]
    if ctx.store.value("SELECT 1 FROM domain WHERE type = 100 AND name = ?", depot) is None:
        raise CommandError(M.ImportNotUnder(depotFile=path))


# saving

def _save(ctx: Context, opts: Options, values: dict) -> None:
    new = from_values(values, 0)
    old = streamspec.load(ctx.store, new.name)
    try:
        check(ctx, opts, new, old)
    except CommandError as error:
        raise error if isinstance(error, SpecError) else SpecError("stream", *error.messages) from None
    if old is not None and _same(old, new):
        ctx.message(M.DomainNoChange, domainType="Stream", domainName=new.name)
        return
    with ctx.store.write():
        store_stream(ctx, new, ctx.store.next_change(), old)
    ctx.message(M.DomainSave, domainType="Stream", domainName=new.name)


def _same(old: Stream, new: Stream) -> bool:
    fields = ("parent", "type", "title", "owner", "description", "options", "paths", "remapped", "ignored",
              "components")
    return all(getattr(old, field) == getattr(new, field) for field in fields)


def store_stream(ctx: Context, new: Stream, change: int, old: Stream | None = None) -> None:
    """Writes a checked stream as of a change (inside write())."""
    store, now = ctx.store, int(time.time())
    store.insert("domain", type=STREAM, name=new.name, owner=new.owner or ctx.user, updateDate=now,
                 accessDate=now, description=new.description, options=new.options)
    store.execute("DELETE FROM deletedStream WHERE stream = ?", new.name)
    store.insert("stream", stream=new.name, parent=new.parent, type=new.type, title=new.title, change=change,
                 parentView=new.parent_view, baseParent=streamspec.base_parent(store, new))
    rows = [(PATHS, *row) for row in new.paths]
    rows += [(REMAPPED, "", *row) for row in new.remapped]
    rows += [(IGNORED, "", text, "", note) for text, note in new.ignored]
    rows += [(COMPONENTS, *row) for row in new.components]
    store.many('INSERT INTO template (name, change, seq, kind, type, "left", "right", comment)'
               " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
               ((new.name, change, seq, *row) for seq, row in enumerate(rows)))


def _delete(ctx: Context, opts: Options, name: str) -> None:
    formcmd.fire(ctx, "form-delete", "stream", name)
    found = streamspec.load(ctx.store, name)
    if found is None:
        ctx.fail(M.NoSuchDomain, type="Stream", name=name)
    if found.owner != ctx.user and found.has("locked") and "f" not in opts:
        ctx.fail(M.StreamNotOwner, stream=name, owner=found.owner)
    if streamspec.children(ctx.store, name):
        ctx.fail(M.StreamHasChildren, stream=name)
    if ctx.store.value("SELECT 1 FROM domain WHERE stream = ? AND type = 99", name):
        ctx.fail(M.StreamHasClients, stream=name, type="active")
    with ctx.store.write():
        ctx.store.next_change()
        ctx.store.insert("deletedStream", stream=name, record=json.dumps(record(ctx.store, found)))
        ctx.store.execute("DELETE FROM stream WHERE stream = ?", name)
        ctx.store.execute("DELETE FROM template WHERE name = ?", name)
        ctx.store.execute("DELETE FROM domain WHERE type = ? AND name = ?", STREAM, name)
    ctx.message(M.DomainDelete, domainType="Stream", domainName=name)
