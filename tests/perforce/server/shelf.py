"""Shelved files: the rows of `shelf` and `workingx`, which always come in pairs, and the archives that are
theirs alone.

Written by shelve, by submit -e and by checkpoints; read by unshelve, submit and resolve.  A shelf's archive
gets a name nobody uses, so that replacing a shelf leaves the old content whole until the database names the
new one. Contents that are in the depot already are shared (lazy 1).
"""

from typing import Iterable, NamedTuple

from . import integ_rows
from .archive import Archive
from .openfiles import Opened
from .store import Store
from .transfer import Received

SHELF = ("change, depotFile, rev, type, action, date, modTime, digest, size, lazy, lbrFile, lbrRev, lbrType")
OPEN = ("change, depotFile, client, clientFile, user, haveRev, workRev, virtual, type, action, modTime,"
        " locked, digest, size, movedFile")
JOINED = ("SELECT s.change, s.depotFile, s.rev, s.type, s.action, s.date, s.modTime, s.digest, s.size,"
          " s.lazy, s.lbrFile, s.lbrRev, s.lbrType, IFNULL(w.client, c.client), w.clientFile,"
          " IFNULL(w.user, c.user), w.workRev, IFNULL(w.locked, 0), w.digest, w.movedFile FROM shelf s"
          " JOIN change c ON c.change = s.change"
          " LEFT JOIN workingx w ON w.change = s.change AND w.depotFile = s.depotFile"
          " WHERE s.change = ? ORDER BY s.depotFile")


class Shelved(NamedTuple):
    """rev: the revision it is based on, 0 of a new file; digest: of the content, openDigest: see
    integ_rows."""
    change: int
    depotFile: str
    rev: int
    type: str
    action: str
    date: int
    modTime: int
    digest: str | None
    size: int | None
    lazy: int
    lbrFile: str | None
    lbrRev: str | None
    lbrType: str | None
    client: str
    clientFile: str | None
    user: str
    workRev: int | None
    locked: int
    openDigest: str | None
    movedFile: str | None

    @staticmethod
    def of(row: Opened, change: int, received: Received | None, now: int) -> "Shelved":
        """The shelved form of an opened file; received None: a deletion."""
        content = (0, None, None, 0, None, None, None)
        if received is not None:
            own = received.lbrFile == row.depotFile and f"{received.lbrRev}.".startswith(f"1.{change}.")
            content = (received.modTime or now, received.digest, received.size, int(not own),
                       received.lbrFile, received.lbrRev, received.lbrType)
        return Shelved(change, row.depotFile, row.haveRev, row.type, row.action, now, *content, row.client,
                       row.clientFile, row.user, row.workRev, 0, row.digest, row.movedFile)

    def opened(self) -> Opened:
        """The open state it was shelved in."""
        return Opened(self.client, self.depotFile, self.clientFile or "", self.user, self.rev, self.workRev
                      or self.rev or 1, self.type, self.action, self.change, self.locked, self.modTime,
                      self.openDigest, self.size, self.movedFile, 0)

    def received(self) -> Received | None:
        """Its content, as submit takes it."""
        if self.lbrFile is None or self.digest is None:
            return None
        return Received(self.lbrFile, self.lbrRev, self.lbrType, self.digest, self.size, self.modTime or 0)


def of_change(store: Store, change: int) -> list[Shelved]:
    """The files of a shelf by path."""
    return [Shelved(*row) for row in store.rows(JOINED, change)]


def put(store: Store, files: Iterable[Shelved]) -> None:
    """Writes files (inside write()); the change is a shelved one from now on."""
    files = list(files)
    store.many(f"INSERT OR REPLACE INTO shelf ({SHELF}) VALUES ({', '.join('?' * 13)})",
               (file[:13] for file in files))
    store.many(f"INSERT OR REPLACE INTO workingx ({OPEN}) VALUES ({', '.join('?' * 15)})",
               ((file.change, file.depotFile, file.client, file.clientFile, file.user, file.rev,
                 file.workRev, 0, file.type, file.action, file.modTime, file.locked, file.openDigest,
                 file.size, file.movedFile) for file in files))
    store.many("UPDATE change SET shelved = 1 WHERE change = ?", {(file.change,) for file in files})


def put_records(store: Store, client: str, change: int, files: Iterable[str]) -> None:
    """Keeps copies of the opened files' resolve records with their shelf (inside write())."""
    for path in files:
        for record in integ_rows.of_file(store, client, path):
            integ_rows.put(store, record._replace(shelf=change))


def drop(store: Store, files: Iterable[Shelved]) -> None:
    """Takes files out of their shelf (inside write())."""
    files = list(files)
    keys = [(file.change, file.depotFile) for file in files]
    store.many("DELETE FROM shelf WHERE change = ? AND depotFile = ?", keys)
    store.many("DELETE FROM workingx WHERE change = ? AND depotFile = ?", keys)
    store.many("DELETE FROM resolve WHERE client = ? AND shelf = ? AND toFile = ?",
               ((file.client, file.change, file.depotFile) for file in files))
    store.many("UPDATE change SET shelved = EXISTS (SELECT 1 FROM shelf WHERE shelf.change = ?)"
               " WHERE change = ?", {(file.change, file.change) for file in files})


def lock(store: Store, change: int, locked: int) -> None:
    """Locks or unlocks a shelf (inside write())."""
    store.execute("UPDATE workingx SET locked = ? WHERE change = ?", locked, change)


def is_locked(store: Store, change: int) -> bool:
    return bool(store.value("SELECT 1 FROM workingx WHERE change = ? AND locked = 1", change))


# archives

def free_name(archive: Archive, path: str, change: int) -> str:
    """An lbrRev for a shelved content that no archive has yet."""
    number, name = 0, f"1.{change}"
    while archive.exists(path, name):
        number += 1
        name = f"1.{change}.{number}"
    return name


def remove_archives(archive: Archive, files: Iterable[Shelved]) -> None:
    """Removes the contents of dropped files that were theirs alone."""
    for file in files:
        if file.lbrFile and not file.lazy:
            archive.remove(file.lbrFile, file.lbrRev)
