"""One file that is being resolved: its open row, its records, and the four contents of a content resolve.

Made by cmds_resolve for every file; resolve_content and resolve_action decide the records one after another,
each on what the one before left.  Nothing is written here: what has to be stored is collected in `row`,
`others` and `changed`, and saved when the client has confirmed the workspace's side.
"""

import functools
from typing import Callable

from . import filetype, integ_rows, openfiles, transfer
from .archive import ArchiveError, digest
from .command import Context
from .filequery import ClientFiles
from .integ_rows import CONTENT, PENDING, RESOLVED, Record
from .integ_submit import UNTOUCHED
from .messages import M
from .openfiles import Opened
from .revquery import Rev, made, raw_rows

FLAGS = {"content": "c", "branch": "b", "delete": "d", "filetype": "t", "move": "m"}
SHELVED = ("SELECT depotFile, rev, type, action, change, date, modTime, digest, size, lazy, lbrFile,"
           " lbrRev, lbrType FROM shelf WHERE change = ? AND depotFile = ?")
TEXT_3WAY, RAW_3WAY, RAW_2WAY = "3waytext", "3wayraw", "2wayraw"


def is_text(rev: Rev | None) -> bool:
    return rev is not None and filetype.parse(rev.type).is_text


def key(record: Record) -> tuple:
    """What a record is known by while its file may be renamed."""
    return record.fromFile, record.startFromRev, record.type


class Output:
    """What is told of a portion of files: kept until the client has confirmed them, so that all lines of a
    file come together and files in their order."""

    def __init__(self, ctx: Context):
        self.ctx = ctx
        self.slots: list[list[Callable[[], None]]] = []

    def message(self, message, **facts) -> None:
        self.later().append(lambda: self.ctx.message(message, **facts))

    def record(self, pairs: list[tuple[str, object]]) -> None:
        self.later().append(lambda: self.ctx.record(pairs))

    def later(self) -> list[Callable[[], None]]:
        """A place in the order for what is to be said when it is known."""
        self.slots.append([])
        return self.slots[-1]

    def flush(self) -> None:
        slots, self.slots = self.slots, []
        for slot in slots:
            for say in slot:
                say()


class File:
    """records: all of the file's.  yours: the workspace's content if it is known."""

    def __init__(self, ctx: Context, files: ClientFiles, out: Output, row: Opened, records: list[Record]):
        self.ctx, self.files, self.out, self.row, self.records = ctx, files, out, row, records
        self.yours: bytes | None = None
        self.revisions: dict[tuple, Rev | None] = {}
        self.others: list[Opened] = []          # rows of other files that a move makes
        self.gone: list[Opened] = []            # rows that a move replaces
        self.changed: list[tuple[Record, Record]] = []      # (as it was, as it is now)

    @property
    def local(self) -> str:
        return self.files.local(self.row.clientFile)

    @functools.cached_property
    def expected(self) -> str | None:
        """The digest the workspace file has if nobody touched it; None if its user may."""
        row = self.row
        if row.action not in UNTOUCHED or row.digest:
            return row.digest if row.action in UNTOUCHED else None
        contents = [record for record in self.records if record.type == CONTENT]
        if row.action != "integrate" or any(record.state == RESOLVED for record in contents):
            return None
        own = [record.baseRev for record in contents if not record.is_foreign
               and record.baseFile == row.depotFile]
        base = openfiles.revision(self.ctx.store, row.depotFile, min([row.haveRev, *own]))
        return base and base.digest

    def is_tampered(self) -> bool:
        return bool(self.expected) and self.yours is not None and digest(self.yours) != self.expected

    def settle(self, record: Record, how: int) -> None:
        """Remembers what became of a record."""
        done = record._replace(how=how, state=RESOLVED, toFile=self.row.depotFile)
        self.changed.append((record, done))
        self.records = [done if key(each) == key(record) else each for each in self.records]

    def save(self) -> None:
        """Writes what was decided (inside write())."""
        store = self.ctx.store
        for old in self.gone:
            openfiles.put(store, old)
        for row in (*self.others, self.row):
            openfiles.put(store, row)
        for before, after in self.changed:
            store.execute("DELETE FROM resolve WHERE client = ? AND shelf = 0 AND toFile = ?"
                          " AND fromFile = ? AND startFromRev = ? AND type = ?", before.client,
                          before.toFile, before.fromFile, before.startFromRev, before.type)
            integ_rows.put(store, after)
        self.changed, self.others, self.gone = [], [], []

    # contents

    def theirs(self, record: Record) -> Rev | None:
        """Their revision: one of the depot or of a shelf."""
        known = (record.fromFile, record.endFromRev)
        if known not in self.revisions:
            if record.endFromRev > 0:
                self.revisions[known] = openfiles.revision(self.ctx.store, *known)
            else:
                row = raw_rows(self.ctx.store, SHELVED, -record.endFromRev, record.fromFile).fetchone()
                self.revisions[known] = row and made(row)
        return self.revisions[known]

    def base(self, record: Record) -> Rev | None:
        known = (record.baseFile, record.baseRev)
        if record.baseFile and known not in self.revisions:
            self.revisions[known] = openfiles.revision(self.ctx.store, *known)
        return self.revisions.get(known)

    def text(self, rev: Rev | None) -> bytes | None:
        """A revision's content, None (and said so) if it is gone."""
        try:
            return transfer.content(self.ctx, rev, False) if rev is not None and rev.lbrFile else None
        except ArchiveError:
            self.out.message(M.LbrOpenFail, lbrFile=rev.lbrFile, lbrRev=rev.lbrRev)
            return None

    def merge_kind(self, record: Record, forced_text: bool = False) -> str:
        """How a content resolve works: a merge of texts, or a choice."""
        theirs, base = self.theirs(record), self.base(record)
        if base is None or theirs is None:
            return RAW_2WAY
        mine = filetype.parse(self.row.type).is_text
        if forced_text or (mine and is_text(theirs) and is_text(base)):
            return TEXT_3WAY
        return RAW_3WAY if is_text(theirs) != is_text(base) else RAW_2WAY


# what is told

def tell(file: File, record: Record, kind: str, shows_base: bool, forced_raw: bool = False) -> None:
    """The line (or record) that begins the resolve of a record.  forced_raw: it is decided without a
    merge."""
    kind = RAW_2WAY if forced_raw else kind
    if file.ctx.tagged:
        file.out.record(_pairs(file, record, kind, shows_base))
        return
    facts = {"localPath": file.local, "fromFile": record.fromFile,
             "fromRev": integ_rows.span(record.startFromRev, record.endFromRev)}
    if shows_base and record.baseFile and not forced_raw:
        facts |= {"baseFile": record.baseFile, "baseRev": f"#{record.baseRev}" if record.baseRev else None}
    if record.type == integ_rows.MOVE:
        file.out.message(M.ResolveActionMove, **facts)
    elif record.type != CONTENT:
        file.out.message(M.ResolveAction, resolveType=record.type, **facts)
    elif kind == TEXT_3WAY:
        file.out.message(M.Resolve3WayTextBase if "baseFile" in facts else M.Resolve3WayText, **facts)
    elif kind == RAW_3WAY:
        file.out.message(M.Resolve3WayRaw, **facts, **_types(file, record))
    else:
        file.out.message(M.Resolve2WayRaw, **facts)


def _types(file: File, record: Record) -> dict[str, str]:
    base, theirs = file.base(record), file.theirs(record)
    return {"baseType": base.type, "headType": theirs.type}


def _pairs(file: File, record: Record, kind: str, shows_base: bool) -> list[tuple[str, object]]:
    shelf = -record.endFromRev if record.endFromRev < 0 else None
    pairs = [("clientFile", file.local), ("fromFile", record.fromFile),
             ("startFromRev", record.startFromRev or "none"),
             ("endFromRev", record.endFromRev if not shelf else "none"), ("shelvedChange", shelf),
             ("resolveType", record.type), ("resolveFlag", FLAGS[record.type]),
             ("contentResolveType", kind if record.type == CONTENT else None)]
    if shows_base and record.baseFile:
        pairs += [("baseFile", record.baseFile), ("baseRev", record.baseRev or None)]
    return pairs


def tell_result(file: File, record: Record, how: str | None, place: list | None = None) -> None:
    """What became of a record (how None: it was skipped), in a place that was kept for it or right now."""
    place = file.out.later() if place is None else place
    name = file.row.clientFile
    if how is None:
        place.append(lambda: file.ctx.message(M.ResolvedSkipped, toFile=name))
    else:
        place.append(lambda: file.ctx.emit([("toFile", name), ("how", how), ("fromFile", record.fromFile)],
                                           M.ResolvedFile, toFile=name, how=how, fromFile=record.fromFile))


def is_open(record: Record) -> bool:
    return record.state == PENDING
