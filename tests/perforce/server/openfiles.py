"""Opened files: the rows of `working` and `resolve`, who else has a file, and what opening one warns about.

Every command that opens, moves, reverts or submits files goes through here; integrate, resolve and shelve
share the same rows.  A file has one row per client; haveRev 0 means that the client has no revision of it.
"""

from typing import Iterable, NamedTuple

from . import changespec, encode, streamspec, streamview
from .changespec import title
from .command import CommandError, Context
from .filequery import ClientFiles
from .messages import M, Message
from .revquery import COLUMNS, Rev, made, raw_rows
from .schema import ABSENT
from .scope import Scope
from .store import Row, Store
from .wildcard import pattern

HOW = ("merge from", "merge into", "branch from", "branch into", "copy from", "copy into", "ignored",
       "ignored by",
       "delete from", "delete into", "edit into", "add into", "edit from", "add from", "moved from",
       "moved into",
       "undid", "undone by")
MOVED_FROM, MOVED_INTO = 14, 15
ADDS = ("add", "branch", "move/add", "import")
DELETES = ("delete", "move/delete")
SUBMITTABLE = ("share", "isolate", "import+")
STREAM_DEPOT = "stream"


class Opened(NamedTuple):
    """A row of `working`; change 0 is the default changelist."""
    client: str
    depotFile: str
    clientFile: str
    user: str
    haveRev: int
    workRev: int
    type: str
    action: str
    change: int
    locked: int
    modTime: int
    digest: str | None
    size: int | None
    movedFile: str | None
    virtual: int

    @staticmethod
    def of(row: Row) -> "Opened":
        return Opened(*[row[name] for name in Opened._fields])

    @property
    def in_depot(self) -> bool:
        """Whether it is a revision of the depot that is opened."""
        return self.haveRev > 0

    @property
    def change_text(self) -> str:
        return title(self.change, capital=False)


COLUMNS_OPENED = ", ".join(Opened._fields)


def own(store: Store, client: str, depot_file: str) -> Opened | None:
    """What this client has the file open for."""
    row = store.row(f"SELECT {COLUMNS_OPENED} FROM working WHERE client = ? AND depotFile = ?", client,
                    depot_file)
    return row and Opened(*row)


def of_client(store: Store, client: str, paths: Scope, change: int | None = None) -> list[Opened]:
    """The client's opened files in a scope, by path; of one change if it is given."""
    rows = store.rows(f"SELECT {COLUMNS_OPENED} FROM working WHERE client = ? ORDER BY depotFile", client)
    return [Opened(*row) for row in rows if encode(row[1]) in paths and change in (None, row[8])]


def of_change(store: Store, client: str, change: int) -> list[Opened]:
    rows = store.rows(f"SELECT {COLUMNS_OPENED} FROM working WHERE client = ? AND change = ? ORDER BY"
                      f" depotFile", client, change)
    return [Opened(*row) for row in rows]


def others(store: Store, client: str, depot_file: str) -> list[Opened]:
    """Who else has the file open."""
    rows = store.rows(f"SELECT {COLUMNS_OPENED} FROM working WHERE depotFile = ? AND client <> ? ORDER BY"
                      f" client", depot_file, encode(client))
    return [Opened(*row) for row in rows]


def others_opened(store: Store, paths: Scope, client: str) -> dict[str, list[Opened]]:
    """The same for all files of a scope."""
    found: dict[str, list[Opened]] = {}
    for low, high in paths.ranges:
        for row in store.rows(f"SELECT {COLUMNS_OPENED} FROM working WHERE depotFile >= ? AND depotFile < ?"
                              " AND client <> ? ORDER BY depotFile, client", low, high, encode(client)):
            if encode(row[1]) in paths:
                found.setdefault(row[1], []).append(Opened(*row))
    return found


def resolves(store: Store, client: str, depot_file: str) -> list[tuple]:
    """(state, how, type, base file, base rev, from file, start, end) of an opened file's resolve records."""
    return store.all("SELECT state, how, type, baseFile, baseRev, fromFile, startFromRev, endFromRev FROM"
                     " resolve"
                     " WHERE client = ? AND shelf = 0 AND toFile = ? ORDER BY fromFile, startFromRev",
                     client, depot_file)


def put(store: Store, row: Opened) -> None:
    """Writes a row (inside write())."""
    store.insert("working", **row._asdict())


def drop(store: Store, row: Opened) -> None:
    """Forgets that a file is open, and its resolves (inside write())."""
    store.execute("DELETE FROM working WHERE client = ? AND depotFile = ?", row.client, row.depotFile)
    store.execute("DELETE FROM resolve WHERE client = ? AND shelf = 0 AND toFile = ?", row.client,
                  row.depotFile)


def schedule(store: Store, row: Opened, from_file: str, start: int, end: int, base_rev: int,
             base_file: str | None = None) -> None:
    """Schedules a content resolve of from_file's revisions after start up to end (inside write())."""
    store.insert("resolve", client=row.client, shelf=0, toFile=row.depotFile, fromFile=from_file,
                 startFromRev=start,
                 endFromRev=end, startToRev=row.haveRev, endToRev=row.haveRev, how=0, state=0,
                 baseFile=base_file or from_file, baseRev=base_rev, type="content", change=row.change)


def head(store: Store, depot_file: str) -> Rev | None:
    """The head revision of a file, deleted or not."""
    return revision(store, depot_file,
                    store.value("SELECT rev FROM head WHERE depotFile = ?", depot_file, default=0))


def revision(store: Store, depot_file: str, rev: int) -> Rev | None:
    row = raw_rows(store, f"SELECT {COLUMNS} FROM rev r WHERE depotFile = ? AND rev = ?", depot_file,
                   rev).fetchone()
    return row and made(row)


def have_rev(store: Store, client: str, depot_file: str) -> int:
    """The revision the client has, 0 if none."""
    return store.value("SELECT rev FROM have WHERE client = ? AND depotFile = ?", client, depot_file,
                       default=0)


def is_absent(rev: Rev | None) -> bool:
    return rev is None or rev.action in ABSENT


# warnings about opened files

class StreamRules:
    """Which files the client may submit as far as streams are concerned; made once per command."""

    def __init__(self, ctx: Context):
        self.stream = ctx.client_spec().stream or ""
        self.store = ctx.store
        chain = streamspec.chain(ctx.store, self.stream) if self.stream else []
        self.entries = [(pattern(e.depot), e.kind) for e in streamview.entries(chain)
                        if e.depot] if chain else []
        self.depots = {name for (name,) in ctx.store.rows("SELECT name FROM domain WHERE type = 100 AND"
                                                          " kind = ?", STREAM_DEPOT)}

    def warning(self, depot_file: str):
        """None if the file may be submitted from this client, else the warning."""
        in_stream = depot_file.split("/")[2] in self.depots
        if not self.stream:
            return M.OpenWarnOpenStream(depotFile=depot_file) if in_stream else None
        kind = next((kind for shape, kind in reversed(self.entries) if shape.match(depot_file)), None)
        if kind in SUBMITTABLE:
            return None
        message = M.OpenWarnOpenNotStream if in_stream else M.OpenWarnFileNotMapped
        return message(depotFile=depot_file, stream=self.stream)


def refuse_stranger(ctx: Context) -> None:
    """Ends a submit into a stream that takes changes of its owner alone.  A virtual stream's files are those
    of the stream under it."""
    name = ctx.client_spec().stream
    stream = streamspec.load(ctx.store, name) if name else None
    if stream is not None and stream.type == "virtual":
        stream = streamspec.load(ctx.store, streamspec.base_parent(ctx.store, stream))
    if stream is not None and stream.has("ownersubmit") and stream.owner != ctx.user:
        ctx.fail(M.NotStreamOwner, user=stream.owner, stream=stream.name)


def stream_rules(ctx: Context) -> StreamRules:
    found = getattr(ctx, "stream_rules", None)
    if found is None:
        found = ctx.stream_rules = StreamRules(ctx)
    return found


def notes(ctx: Context, depot_file: str, head_rev: Rev | None, work_rev: int, action: str) -> None:
    """The lines under an opened file: what stands in the way of submitting it, and who else is at it."""
    if head_rev is not None and work_rev and head_rev.rev > work_rev:
        ctx.message(M.OpenMustResolve, depotFile=depot_file, workRev=f"#{head_rev.rev}")
    if action != "add" and head_rev is not None and head_rev.action in DELETES:
        warning = M.OpenWarnMoved if head_rev.action == "move/delete" else M.OpenWarnDeleted
        ctx.message(warning, depotFile=depot_file, action=action)
    warning = stream_rules(ctx).warning(depot_file)
    if warning is not None:
        ctx.message(warning)
    also_opened(ctx, depot_file)


def also_opened(ctx: Context, depot_file: str, rows: Iterable[Opened] | None = None) -> None:
    """Tells who else has a file open; rows, if that is known already."""
    for row in others(ctx.store, ctx.client_name, depot_file) if rows is None else rows:
        ctx.message(M.OpenIsLocked if row.locked else M.OpenIsOpened, depotFile=depot_file, user=row.user,
                    client=row.client)


def is_exclusive(type_text: str) -> bool:
    """Whether a type has +l: only one client may have the file open."""
    return "l" in type_text.partition("+")[2]


def refuse_exclusive(ctx: Context, depot_file: str, type_text: str, action: str) -> bool:
    """True (and said so) if an exclusive file is open elsewhere."""
    rows = others(ctx.store, ctx.client_name, depot_file)
    if not any(is_exclusive(row.type) for row in rows) and not (rows and is_exclusive(type_text)):
        return False
    ctx.message(M.OpenXOpened, depotFile=depot_file, action=action)
    also_opened(ctx, depot_file)
    return True


class ReadOnly(NamedTuple):
    """How a command says that its client may have a file, but not open it."""
    pinned: Message         # by a ChangeView line
    ditto: Message          # by an `&` line


OPEN_READ_ONLY = ReadOnly(M.OpenReadOnlyCMap, M.OpenReadOnlyAndMap)
INTEG_READ_ONLY = ReadOnly(M.IntegIntoReadOnlyCMap, M.IntegIntoReadOnlyAndMap)


def read_only(files: ClientFiles, depot_file: str, client_file: str, action: str,
              messages: ReadOnly = OPEN_READ_ONLY):
    """Why a file of the client's view cannot be opened there, or None."""
    raw = encode(depot_file)
    if any(raw in paths for paths, _ in files.pins):
        return messages.pinned(clientFile=client_file, action=action)
    if files.view.is_ditto(depot_file):
        return messages.ditto(clientFile=client_file, action=action)
    return None


def refuse_read_only(ctx: Context, files: ClientFiles, depot_file: str, client_file: str, action: str) -> bool:
    """True (and said so) if the client's view lets nobody open the file."""
    refusal = read_only(files, depot_file, client_file, action)
    if refusal is not None:
        ctx.message(refusal)
    return refusal is not None


def pending_change(ctx: Context, text: str | None) -> int:
    """The change of a -c option: 0 for default (or no option), else a pending change of the user and
    client."""
    if text in (None, "default"):
        return 0
    row = changespec.require(ctx.store, changespec.number_of(text))
    if row.status == changespec.SUBMITTED:
        raise CommandError(M.AlreadyCommitted(change=title(row.change)))
    changespec.own(ctx, row)
    return row.change
