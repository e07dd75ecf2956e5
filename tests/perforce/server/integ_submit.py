"""What integrations mean for submit: contents that are in the archives already, and the records that stay.

Called by cmds_submit (before anything is fetched) and commit (inside its transaction); integ_rows says what
the rows mean.
"""

from . import integ_rows, openfiles
from .integ_rows import BRANCH_FROM, COPY_FROM, IGNORED, MOVED_FROM, MOVED_INTO, RESOLVED
from .openfiles import Opened
from .revquery import Rev
from .store import Store
from .transfer import Received

UNTOUCHED = ("branch", "integrate", "move/add")
PUT = "INSERT OR REPLACE INTO integed VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


def sources(store: Store, row: Opened, shelf: int = 0) -> list[Rev]:
    """The revisions the content of an opened (or shelved) file may be the same as: what it was branched or
    copied from, and, where all of it was ignored, its own."""
    records = [record for record in integ_rows.of_file(store, row.client, row.depotFile, shelf)
               if record.state == RESOLVED and record.type in integ_rows.CREDITED]
    found = [openfiles.revision(store, record.fromFile, record.endFromRev) for record in reversed(records)
             if record.how in (BRANCH_FROM, COPY_FROM) and record.endFromRev > 0]
    if any(record.how == IGNORED for record in records) and row.haveRev:
        found.append(openfiles.revision(store, row.depotFile, row.haveRev))
    return [rev for rev in found if rev is not None and rev.live and rev.lbrFile]


def known_content(store: Store, row: Opened) -> Rev | None:
    """The revision whose archive holds what will be submitted, so that nothing needs to be fetched; None if
    the workspace has the content."""
    if row.action not in UNTOUCHED or not (row.digest or row.virtual):
        return None
    found = sources(store, row)
    same = next((rev for rev in found if rev.digest and rev.digest == row.digest), None)
    return same or (found[0] if row.virtual and found else None)


def received(rev: Rev) -> Received:
    """The content of a revision as if the client had sent it."""
    return Received(rev.lbrFile, rev.lbrRev, rev.lbrType, rev.digest, rev.size, rev.modTime or 0)


def tampered(row: Opened, found: str) -> bool:
    """Whether a file that was resolved by the server is not what it was then."""
    return row.action in UNTOUCHED and bool(row.digest) and row.digest != found


def write_credit(store: Store, row: Opened, rev: int, change: int, shelf: int = 0) -> None:
    """The records of one submitted file, opened or shelved, in both directions."""
    for record in integ_rows.of_file(store, row.client, row.depotFile, shelf):
        how = integ_rows.credited(record, row.action)
        if how is not None:
            pair(store, row.depotFile, rev, record.fromFile, record.startFromRev, record.endFromRev, how,
                 change)


def write_move(store: Store, row: Opened, rev: int, source_rev: int, change: int) -> None:
    """The records of a move/add and its move/delete."""
    pair(store, row.depotFile, rev, row.movedFile, 0, source_rev - 1, (MOVED_FROM, MOVED_INTO), change,
         source_rev)


def pair(store: Store, to_file: str, rev: int, from_file: str, start: int, end: int, how: tuple[int, int],
         change: int,
         source_rev: int = 0) -> None:
    """A record and its reciprocal: revision rev of to_file came from from_file.  source_rev: the revision of
    the source that the reciprocal belongs to, if that is not what was taken."""
    back = (source_rev - 1, source_rev) if source_rev else (start, end)
    store.execute(PUT, to_file, from_file, start, end, rev - 1, rev, how[0], change)
    store.execute(PUT, from_file, to_file, rev - 1, rev, *back, how[1], change)
