"""A stream as commands use it: its specification, now or at a change, and its place among other streams.

The paths are in `template`, one set per change that saved the stream.  save() and delete() are
cmds_stream's.
"""

import dataclasses

from .store import Row, Store
from .streamview import StreamSpec

STREAM = 115
NONE = "none"
PATHS, REMAPPED, IGNORED, COMPONENTS = range(4)
TYPES = ("mainline", "virtual", "development", "release", "task", "sparsedev", "sparserel")
FIRMER = {"release": True, "sparserel": True, "development": False, "sparsedev": False, "task": False}
SPARSE = ("sparsedev", "sparserel")
DEFAULT_OPTIONS = "allsubmit unlocked toparent fromparent mergedown"
MAX_DEPTH = 100


@dataclasses.dataclass
class Stream:
    """paths: (type, view path, depot path or "", comment); remapped: (view, client, comment); ignored:
    (pattern,
    comment); components: (type, folder, stream[@change], comment).  An entry that is only a comment has
    empty text."""

    name: str
    parent: str
    type: str
    title: str
    owner: str
    description: str
    options: str
    parent_view: str
    updated: int
    accessed: int
    change: int
    paths: list[tuple]
    remapped: list[tuple]
    ignored: list[tuple]
    components: list[tuple]

    @property
    def depot(self) -> str:
        return self.name.split("/")[2]

    def has(self, option: str) -> bool:
        return option in self.options.split()


def load(store: Store, name: str, at_change: int | None = None) -> Stream | None:
    """The stream, as it was saved last (at or before a change); None if there is none."""
    row = store.object("SELECT * FROM stream WHERE stream = ?", name)
    if row is None:
        return None
    change = row.change
    if at_change is not None and at_change < change:
        change = store.value("SELECT MAX(change) FROM template WHERE name = ? AND change <= ?", name,
                             at_change)
        if change is None:
            return None
    return _build(store, row, change)


def _build(store: Store, row: Row, change: int) -> Stream:
    domain = store.object("SELECT * FROM domain WHERE type = ? AND name = ?", STREAM, row.stream) or Row(
        owner="", description="", options=DEFAULT_OPTIONS, updateDate=0, accessDate=0)
    entries: list[list[tuple]] = [[], [], [], []]
    for kind, *words in store.rows('SELECT kind, type, "left", "right", comment FROM template'
                                   ' WHERE name = ? AND change = ? ORDER BY kind, seq', row.stream, change):
        entries[kind].append(tuple(word or "" for word in words))
    return Stream(name=row.stream, parent=row.parent, type=row.type, title=row.title or "",
                  owner=domain.owner or "", description=domain.description or "",
                  options=domain.options or DEFAULT_OPTIONS, parent_view=row.parentView or "inherit",
                  updated=domain.updateDate or 0, accessed=domain.accessDate or 0, change=change,
                  paths=entries[PATHS],
                  remapped=[(left, right, note) for _, left, right, note in entries[REMAPPED]],
                  ignored=[(left, note) for _, left, _, note in entries[IGNORED]],
                  components=entries[COMPONENTS])


def every(store: Store) -> list[Stream]:
    """All streams, in name order, read in a few queries: the listing of thousands stays cheap."""
    domains = {row.name: row for row in store.objects("SELECT * FROM domain WHERE type = ?", STREAM)}
    streams = []
    for row in store.objects("SELECT * FROM stream ORDER BY stream"):
        domain = domains.get(row.stream) or Row(owner="", description="", options="", updateDate=0,
                                                accessDate=0)
        streams.append(Stream(
            name=row.stream, parent=row.parent, type=row.type, title=row.title or "",
            owner=domain.owner or "", description=domain.description or "",
            options=domain.options or DEFAULT_OPTIONS, parent_view=row.parentView or "inherit",
            updated=domain.updateDate or 0, accessed=domain.accessDate or 0, change=row.change, paths=[],
            remapped=[], ignored=[], components=[]))
    return streams


def ancestry(store: Store, stream: Stream, at_change: int | None = None) -> list[Stream]:
    """The stream, its parent, and so on up to the mainline."""
    chain = [stream]
    while chain[-1].parent != NONE and len(chain) < MAX_DEPTH:
        parent = load(store, chain[-1].parent, at_change)
        if parent is None:
            break
        chain.append(parent)
    return chain


def chain(store: Store, name: str, at_change: int | None = None) -> list[StreamSpec]:
    """What streamview needs to generate the views of a stream: it and its ancestors; empty if there is
    none."""
    stream = load(store, name, at_change)
    if stream is None:
        return []
    return [StreamSpec(name=s.name, type=s.type,
                       paths=[(kind, unpinned(s.type, view), depot) for kind, view, depot, _ in s.paths if view],
                       remapped=[(left, right) for left, right, _ in s.remapped if left],
                       ignored=[text for text, _ in s.ignored if text], inherit=s.parent_view != "noinherit",
                       components=[(kind, folder, other) for kind, folder, other,
                                   _ in s.components if folder])
            for s in ancestry(store, stream, at_change)]


def unpinned(kind: str, view: str) -> str:
    """A view path without the change of its parent that a sparse stream shares it as of."""
    return view.partition("@")[0] if kind in SPARSE else view


def component_lookup(store: Store):
    """streamview's `lookup` for components, None where the server has them switched off."""
    if store.config("dm.stream.components", "0") == "0":
        return None

    def lookup(name: str, at: str) -> list[StreamSpec]:
        change = at.lstrip("@")
        return chain(store, name, int(change) if change.isdigit() else None)
    return lookup


def base_parent(parents: dict[str, Stream] | Store, stream: Stream) -> str:
    """The nearest ancestor that is not virtual, "none" if there is none."""
    name = stream.parent
    for _ in range(MAX_DEPTH):
        if name == NONE:
            return NONE
        parent = parents.get(name) if isinstance(parents, dict) else load(parents, name)
        if parent is None:
            return NONE
        if parent.type != "virtual":
            return name
        name = parent.parent
    return NONE


def flow(parents: dict[str, Stream] | Store, stream: Stream) -> list[tuple[str, str]]:
    """The computed fields: firmerThanParent, changeFlowsToParent, changeFlowsFromParent, baseParent."""
    related = stream.type in FIRMER
    firmer = "n/a" if not related else "true" if FIRMER[stream.type] else "false"
    return [("firmerThanParent", firmer),
            ("changeFlowsToParent", "true" if related and stream.has("toparent") else "false"),
            ("changeFlowsFromParent", "true" if related and stream.has("fromparent") else "false"),
            ("baseParent", base_parent(parents, stream))]


def children(store: Store, name: str) -> list[str]:
    return [child for (child,) in store.all("SELECT stream FROM stream WHERE parent = ? ORDER BY stream",
                                            name)]


def stream_of_path(store: Store, path: str) -> str | None:
    """The stream whose files include a depot path, None if the path is in no stream."""
    parts = path.split("/")
    for depth in range(4, min(len(parts), 14) + 1):
        name = "/".join(parts[:depth])
        if store.value("SELECT 1 FROM stream WHERE stream = ?", name) is not None:
            return name
    return None
