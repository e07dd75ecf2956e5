"""What the rows of `working` and `resolve` mean while an integration is open, and what becomes of them.

Written by integrate, merge, copy, undo, sync and unshelve; changed by resolve and edit; read by submit.

`working` of a target
    branch      haveRev 0, workRev the revision it becomes.  The workspace has the source's content,
                read-only.
    integrate   haveRev and workRev the revision the client has (the head, unless integrate -h).
    delete      haveRev and workRev the revision that goes; the workspace file is gone already.
    move/add, move/delete   a pair linked by movedFile, as move makes it.
  type      the target's type; of a new file the source's.
  virtual   1 after -v: the workspace has nothing of the file, and gets nothing at submit.
  digest    digest of the content that the server or an automatic resolve put into the workspace.  submit
            takes the content of such a row from the archive of the revision that has that digest, if it is
            one of the resolved records' sources or the target's own; otherwise it fetches the file and
            refuses one that is different ("tampered with after resolve").  None: the workspace file is the
            user's (edit, add, accepted edit).  Whoever accepts a content resolve sets it; edit sets it to
            None, and branch becomes add, integrate becomes edit.

`resolve`, one row per record
  toFile    depot path of the opened file.  A move resolve that is accepted renames it in all rows of the
            file.
  fromFile  depot path of the source.  The same as toFile: the resolve is with a newer revision of the file
            itself (sync, submit) or with a shelved one (unshelve), which is never credited.
  startFromRev, endFromRev    the source's revisions after start (0: from the first) up to end.  A negative
            end is a shelved revision: -12 is `@=12`, start then is the revision the shelf is based on.
  startToRev, endToRev        the target's revision when the record was made (0, 0 of a new file).
  baseFile, baseRev           the common base; None and 0 where there is none.
  type      what is to be decided: content, branch, delete, filetype, move (attributes and charset do not
            occur).  undo is never pending: it says that the file is open to undo the revisions after start
            up to end of itself.
            move: fromFile is the name the target would get, baseFile the name it has been given up to now.
            filetype: fromFile and its revisions as content; the types are those of fromFile#end, of the
            base, of the working row.
  state     0 pending, 1 resolved.  A file that integrate opened without a question has its one row resolved
            at once: type branch (how: branch from), delete (delete from) or content (copy: copy from).
  how       pending: what accepting it would be recorded as: content 0, branch 2, delete 8, filetype and
            move 4.  Resolved content, branch, delete: merge from 0, branch from 2, copy from 4, ignored 6,
            delete from 8, edit from 12.  Resolved filetype and move: 4 theirs, 6 yours, 0 merged.
  change    the change the file is open in.
  shelf     0, or the change whose shelf the row belongs to (client: the one that shelved).

What resolve does to the working row when a record is accepted (at), or ignored (ay)
  branch    at: the source's content is sent, digest set.  ay: action delete (a revision that records the
            refusal); how ignored.
  delete    at: action delete, workspace file removed.  ay: stays integrate; how ignored.
  move      at: the file moves: toFile becomes move/delete, fromFile move/add, linked by movedFile, content
            and records go along.  ay: nothing.
  filetype  at, am: type.  ay: nothing.
  content   at, am, ae: the workspace's content, digest (None for ae).  ay: nothing; digest that of the
            content there.

At submit resolved content, branch and delete records with another file become two rows of `integed` (see
credited()).
"""

from typing import NamedTuple

from .store import Store

(MERGE_FROM, MERGE_INTO, BRANCH_FROM, BRANCH_INTO, COPY_FROM, COPY_INTO, IGNORED, IGNORED_BY, DELETE_FROM,
 DELETE_INTO, EDIT_INTO, ADD_INTO, EDIT_FROM, ADD_FROM, MOVED_FROM, MOVED_INTO, UNDID, UNDONE_BY) = range(18)

RECIPROCAL = {MERGE_FROM: MERGE_INTO, BRANCH_FROM: BRANCH_INTO, COPY_FROM: COPY_INTO, IGNORED: IGNORED_BY,
              DELETE_FROM: DELETE_INTO, EDIT_FROM: EDIT_INTO, ADD_FROM: ADD_INTO, MOVED_FROM: MOVED_INTO,
              UNDID: UNDONE_BY}
# What a record turns into for the source when the target was edited afterwards: changes of its own flow
# back.
EDITED = {MERGE_FROM: EDIT_INTO, COPY_FROM: EDIT_INTO, IGNORED: EDIT_INTO, BRANCH_FROM: ADD_INTO}

PENDING, RESOLVED = 0, 1
CONTENT, BRANCH, DELETE, FILETYPE, MOVE, UNDO = "content", "branch", "delete", "filetype", "move", "undo"
CREDITED = (CONTENT, BRANCH, DELETE)
SUGGESTED = {CONTENT: MERGE_FROM, BRANCH: BRANCH_FROM, DELETE: DELETE_FROM, FILETYPE: COPY_FROM,
             MOVE: COPY_FROM}
# The order in which resolves of one file are shown and decided.
ORDER = (BRANCH, DELETE, MOVE, FILETYPE, CONTENT, UNDO)


class Record(NamedTuple):
    """A row of `resolve`."""
    client: str
    shelf: int
    toFile: str
    fromFile: str
    startFromRev: int
    endFromRev: int
    startToRev: int
    endToRev: int
    how: int
    state: int
    baseFile: str | None
    baseRev: int
    type: str
    change: int

    @property
    def is_foreign(self) -> bool:
        """Whether the source is another file, so that the record is worth credit."""
        return self.fromFile != self.toFile and self.endFromRev > 0


COLUMNS = ", ".join(Record._fields)
PUT = f"INSERT OR REPLACE INTO resolve ({COLUMNS}) VALUES ({', '.join('?' * len(Record._fields))})"


def of_file(store: Store, client: str, to_file: str, shelf: int = 0) -> list[Record]:
    """The records of an opened (or shelved) file in the order they are decided in."""
    rows = store.all(f"SELECT {COLUMNS} FROM resolve WHERE client = ? AND shelf = ? AND toFile = ?"
                     " ORDER BY fromFile, startFromRev", client, shelf, to_file)
    return sorted((Record(*row) for row in rows), key=lambda record: ORDER.index(record.type))


def of_client(store: Store, client: str, shelf: int = 0) -> dict[str, list[Record]]:
    """All records of a client's opened files (or of one shelf of it) by target."""
    found: dict[str, list[Record]] = {}
    for row in store.rows(f"SELECT {COLUMNS} FROM resolve WHERE client = ? AND shelf = ?"
                          " ORDER BY toFile, fromFile, startFromRev", client, shelf):
        found.setdefault(row[2], []).append(Record(*row))
    for records in found.values():
        records.sort(key=lambda record: ORDER.index(record.type))
    return found


def put(store: Store, *records: Record) -> None:
    """Writes records (inside write())."""
    store.many(PUT, records)


def span(start: int, end: int) -> str:
    """The revisions of a record as messages show them: `#3`, `#2,#4`, `@=12`."""
    if end < 0:
        return f"@={-end}"
    return f"#{start + 1},#{end}" if start + 1 < end else f"#{end}"


def credited(record: Record, action: str) -> tuple[int, int] | None:
    """The `how` numbers that a resolved record leaves behind for target and source, given the action the
    target is submitted with; None if it leaves nothing."""
    if record.type == UNDO:
        return UNDID, UNDONE_BY
    if record.state != RESOLVED or record.type not in CREDITED or not record.is_foreign:
        return None
    edited = action in ("edit", "add", "move/add") and record.how in EDITED
    return record.how, EDITED[record.how] if edited else RECIPROCAL.get(record.how, record.how)
