"""Resolves of branching, deleting, moving and file types: what each choice is called, what is suggested,
what it does.

A choice is theirs, yours or (file types) merged; doing one changes the file's open row, and the workspace at
once.
"""

from typing import NamedTuple

from . import filetype, openfiles
from .command import Context
from .integ_history import History
from .integ_rows import BRANCH, BRANCH_FROM, COPY_FROM, DELETE, DELETE_FROM, FILETYPE, IGNORED, MERGE_FROM, \
    MOVE, MOVED_FROM, Record
from .messages import M
from .resolve_content import MERGED, SKIP, THEIRS, YOURS
from .resolve_file import File
from .transfer import Outbox, set_writable

HOW = {(BRANCH, THEIRS): (BRANCH_FROM, "branch from"), (DELETE, THEIRS): (DELETE_FROM, "delete from")}
ANY_HOW = {THEIRS: (COPY_FROM, "copy from"), YOURS: (IGNORED, "ignored"), MERGED: (MERGE_FROM, "merge from")}
LAST = "SELECT MAX(change) FROM integed WHERE toFile = ? AND how IN ({})"


def how(record: Record, choice: str) -> tuple[int, str]:
    return HOW.get((record.type, choice)) or ANY_HOW[choice]


class Question(NamedTuple):
    """What a person is asked: the kind of resolve and what each choice would give ("" where there is no such
    choice)."""
    title: str
    merged: str
    theirs: str
    yours: str
    suggestion: str


def question(ctx: Context, file: File, record: Record) -> Question:
    return QUESTIONS[record.type](ctx, file, record)


def decide(asked: Question, mode: str) -> str:
    """What an automatic mode does: -as takes only whole sides, -am what is suggested, -af a merge rather
    than nothing."""
    if mode in "ty":
        return THEIRS if mode == "t" else YOURS
    if mode == "s" and asked.suggestion == MERGED:
        return SKIP
    if mode == "f" and asked.suggestion == SKIP and asked.merged:
        return MERGED
    return SKIP if mode == "e" else asked.suggestion


# questions

def _branch(ctx: Context, file: File, record: Record) -> Question:
    """Branching over a file that was deleted for reasons of its own needs somebody to say so."""
    deleted = openfiles.head(ctx.store, file.row.depotFile)
    return Question("Branch resolve", "", M.ResolveDoBranchActionT.render({}),
                    M.ResolveDoBranchActionY.render({}), SKIP if deleted is not None
                    and _lacks(ctx, deleted, record) else THEIRS)


def _lacks(ctx: Context, target, record: Record) -> bool:
    """Whether the target has revisions that the source never had."""
    history = History(ctx.store)
    return bool(history.needed(target.depotFile, range(1, target.rev + 1), record.fromFile,
                               max(record.endFromRev, 0)))


def _delete(ctx: Context, file: File, record: Record) -> Question:
    """A target with changes of its own is not deleted unasked."""
    head = openfiles.revision(ctx.store, file.row.depotFile, file.row.haveRev)
    changed = file.row.action in ("edit", "add") or (head is not None and _lacks(ctx, head, record))
    return Question("Delete resolve", "", M.ResolveDoDeleteActionT.render({}),
                    M.ResolveDoDeleteActionY.render({}), SKIP if changed else THEIRS)


def _move(ctx: Context, file: File, record: Record) -> Question:
    """A file that was renamed on both sides has no name of its own."""
    moved = ctx.store.value(LAST.format(MOVED_FROM), file.row.depotFile, default=0)
    credit = ctx.store.value(LAST.format("0, 2, 4, 6, 12, 13"), file.row.depotFile, default=0)
    return Question("Filename resolve", "", record.fromFile, file.row.depotFile,
                    SKIP if moved > credit or file.row.action == "move/add" else THEIRS)


def _filetype(ctx: Context, file: File, record: Record) -> Question:
    theirs, base = file.theirs(record), file.base(record)
    kinds = [filetype.parse(kind) for kind in (base.type if base else file.row.type, theirs.type,
                                               file.row.type)]
    merged = merge_types(*kinds) if base else None
    suggestion = MERGED if merged is not None else SKIP
    if merged in kinds[1:]:
        suggestion = THEIRS if merged == kinds[1] else YOURS
    names = [M.ResolveFiletypeAction.render({"type": str(kind)}) if kind else ""
             for kind in (merged, *kinds[1:])]
    return Question("Filetype resolve", *names, suggestion)


def merge_types(base: filetype.FileType, theirs: filetype.FileType, yours: filetype.FileType):
    """Each part of a type as the side that changed it has it; None if both changed one differently."""
    parts = []
    for old, one, two in zip(base, theirs, yours):
        if one != two and old not in (one, two):
            return None
        parts.append(one if two == old else two)
    return filetype.FileType(*parts)


QUESTIONS = {BRANCH: _branch, DELETE: _delete, MOVE: _move, FILETYPE: _filetype}


# carrying out

def apply(ctx: Context, outbox: Outbox, file: File, record: Record, choice: str, done) -> None:
    ACTIONS[record.type](ctx, outbox, file, record, choice, done)


def _apply_branch(ctx: Context, outbox: Outbox, file: File, record: Record, choice: str, done) -> None:
    if choice == YOURS:
        file.row = file.row._replace(action="delete", digest=None)
        done()
        return
    theirs = file.theirs(record)
    file.row = file.row._replace(digest=theirs.digest)
    file.expected = theirs.digest
    outbox.put(theirs._replace(type=file.row.type), file.local, done)


def _apply_delete(ctx: Context, outbox: Outbox, file: File, _record: Record, choice: str, done) -> None:
    if choice == YOURS:
        done()
        return
    file.row = file.row._replace(action="delete", digest=None)
    outbox.remove(file.local, done)


def _apply_move(ctx: Context, outbox: Outbox, file: File, record: Record, choice: str, done) -> None:
    row, target = file.row, file.files.client_file(record.fromFile)
    if choice == YOURS or target is None:
        done()
        return
    outbox.finish()
    ctx.ask("client-MoveFile", **{"from": file.local, "to": file.files.local(target), "rmdir": True})
    head = openfiles.head(ctx.store, record.fromFile)
    file.gone.append(row._replace(action="move/delete", movedFile=record.fromFile, digest=None))
    file.row = row._replace(depotFile=record.fromFile, clientFile=target, haveRev=0, workRev=head.rev + 1
                            if head else 1, action="move/add", movedFile=row.depotFile)
    for old in file.records:
        file.changed.append((old, old._replace(toFile=record.fromFile)))
    file.records = [old._replace(toFile=record.fromFile) for old in file.records]
    done()


def _apply_filetype(ctx: Context, outbox: Outbox, file: File, record: Record, choice: str, done) -> None:
    asked = question(ctx, file, record)
    if choice != YOURS:
        kind = str(filetype.parse((asked.merged if choice == MERGED else asked.theirs).strip("()")))
        file.row = file.row._replace(type=kind)
        writable = file.row.action in ("edit", "add", "move/add") or filetype.parse(kind).writable
        set_writable(ctx, file.local, kind, writable or outbox.allwrite)
    done()


ACTIONS = {BRANCH: _apply_branch, DELETE: _apply_delete, MOVE: _apply_move, FILETYPE: _apply_filetype}
