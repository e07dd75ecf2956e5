"""What integrate does about each pair of files: branch, integrate, delete, or why not.

Planner.steps() goes through the sources of a Part in order and yields Steps; it neither writes nor talks to
the client.  A Step with a refusal is one that can only be told.  Pairs are adjusted for files that were
moved on either side.
"""

import itertools
from typing import Iterator

from . import integ_rows, openfiles
from .command import Context
from .filequery import client_files, spelled
from .integ_files import Files, Rules, Step, Want
from .integ_history import Credit, History
from .integ_map import Part
from .integ_rows import BRANCH, CONTENT, DELETE, DELETE_FROM, FILETYPE, MOVE, PENDING, RESOLVED, Record
from .messages import Bound, M
from .openfiles import DELETES, Opened
from .revquery import Query, Rev
from .revquery import Bound as RevBound
from .schema import ABSENT
from .scope import EVERYTHING, of_filter, of_view

BATCH = 500
MOVED_AWAY = "move/delete"


class Planner:
    def __init__(self, ctx: Context, rules: Rules, until: int | None = None, by_client: bool = True):
        self.ctx, self.store, self.rules = ctx, ctx.store, rules
        self.history = History(ctx.store, until)
        self.files = Files(ctx, self.history)
        self.client = client_files(ctx) if by_client else None
        opened = openfiles.of_client(ctx.store, ctx.client_name, EVERYTHING) if by_client else []
        self.opened = {row.depotFile: row for row in opened}
        self.records = integ_rows.of_client(ctx.store, ctx.client_name) if by_client else {}
        self.readable = ctx.access.allowed("read")
        self.writable = ctx.access.allowed("open" if by_client else "list")
        self.part: Part | None = None
        self.sources = self.mapped = self.pending = self.moved_away = 0

    def steps(self, part: Part) -> Iterator[Step]:
        """The steps of one part.  Afterwards sources, mapped, pending and moved_away say what there was."""
        self.part = part
        self.sources = self.mapped = self.pending = self.moved_away = 0
        pairs = self.pairs(part)
        while batch := list(itertools.islice(pairs, BATCH)):
            self.files.load(batch)
            for source, target in batch:
                step = self._step(source, target)
                if step is not None:
                    yield step

    def lacking(self, part: Part) -> Iterator[list[Rev]]:
        """Per source file that has any, the revisions that its target lacks, oldest first."""
        self.part = part
        self.sources = self.mapped = self.pending = self.moved_away = 0
        pairs = self.pairs(part)
        while batch := list(itertools.islice(pairs, BATCH)):
            self.files.load(batch)
            for source, nominal in batch:
                needed = self._lacked(source, nominal)
                if needed:
                    revs = self.files.revs(source.depotFile) if source.rev > 1 else [source]
                    yield [rev for rev in revs if rev.rev in needed]

    def _lacked(self, source: Rev, nominal: str) -> list[int]:
        target, _, refusal = self._place(source, nominal)
        if not source.live and (refusal is not None or not self._lacks_deletion(source, target)):
            return []
        needed = self._needed(source, self._range(source)[0], target)
        if source.action == MOVED_AWAY and target != nominal:       # the move itself is the new name's affair
            needed = [rev for rev in needed if rev != source.rev]
        return needed

    def _lacks_deletion(self, source: Rev, target: str) -> bool:
        head = self.files.head(target)
        return self._is_live(target) and head is not None and self.history.related(
            source.depotFile, self._life(source), target, head.rev)

    def pairs(self, part: Part) -> Iterator[tuple[Rev, str]]:
        """(source, target) of a part by path of the source; targets are in the client's view and may be
        opened."""
        paths = of_view(part.view) & of_filter(self.readable)
        revs = part.revs
        for source in Query(self.ctx, paths, revs, exact=False).highest():
            self.sources += 1
            target = spelled(self.ctx, part.view.translate(source.depotFile))
            if target in (None, source.depotFile):
                continue
            if self._in_client(target) and self.writable(target):
                self.mapped += 1
                yield source, target

    def _in_client(self, target: str) -> bool:
        return self.client is None or self.client.client_file(target) is not None

    # one pair

    def _step(self, source: Rev, nominal: str) -> Step | None:
        if source.action == MOVED_AWAY and not self.rules.one_history:
            self.moved_away += self._is_live(nominal)
            return None
        target, move, refusal = self._place(source, nominal)
        if refusal is not None:
            return Step(source, nominal, "integrate", refusal=refusal)
        remapped = nominal if target != nominal and move is None else None
        if source.live:
            step = self._present(source, target, move)
        else:
            step = self._deleted(source, target)
        return step and self._checked(step._replace(remapped=remapped))

    def _is_live(self, path: str) -> bool:
        """Whether there is a file to integrate into."""
        row = self.opened.get(path)
        if row is not None:
            return row.action not in DELETES
        head = self.files.head(path)
        return head is not None and head.live

    # moves

    def _place(self, source: Rev, nominal: str) -> tuple[str, str | None, Bound | None]:
        """(the target, the name it is to be moved to or None, why it cannot be)."""
        if self.rules.one_history:
            return nominal, None, None
        if self._is_live(nominal):
            return nominal, None, self._twin(source, nominal)
        target = self._followed(nominal)
        if target is not None and self._is_heir(source.depotFile, self._life(source), target):
            return target, None, self._unreachable(target, nominal)
        target = self._unmoved(source, nominal)
        return (target, nominal, None) if target else (nominal, None, None)

    def _followed(self, nominal: str) -> str | None:
        """Where the target was moved to in its own branch."""
        seen = {nominal}
        path = nominal
        head = self.files.head(path)
        while head is not None and head.action == MOVED_AWAY and path not in self.opened:
            path = self.history.moved_to(path, head.rev)
            if path is None or path in seen:
                return None
            seen.add(path)
            if self._is_live(path):
                return path
            head = self.files.head(path)
        return None

    def _unreachable(self, target: str, nominal: str) -> Bound | None:
        if self.part.view.reverse(target) is None:
            return M.IntegMovedOutScope(depotFile=target, movedFrom=nominal)
        if not self._in_client(target):
            return M.IntegMovedUnmapped(depotFile=target, movedFrom=nominal)
        return None if self.writable(target) else M.IntegMovedNoAccess(depotFile=target, movedFrom=nominal)

    def _unmoved(self, source: Rev, nominal: str) -> str | None:
        """The target under the name it had before the source was moved, if it has not been moved yet."""
        if source.rev == 1 and source.action != "move/add" or self.history.between(source.depotFile,
                                                                                   nominal):
            return None
        path, life, seen = source.depotFile, self._life(source), set()
        while (move := self.history.moved_from(path, life)) is not None and move.fromFile not in seen:
            seen.add(move.fromFile)
            older = self.part.view.translate(move.fromFile)
            if older is not None and older != nominal:
                target = older if self._is_live(older) else self._followed(older)
                if target and self._in_client(target) and self._is_left(move, target):
                    return target
            path, life = move.fromFile, range(1, move.end + 1)
        return None

    def _is_left(self, move: Credit, target: str) -> bool:
        """Whether a target is still that of a file that was moved away, and not of one that came after
        it."""
        head = self.files.head(move.fromFile)
        if head is not None and head.live and self._is_heir(move.fromFile, self._life(head), target):
            return False
        return self._is_heir(move.fromFile, range(1, move.end + 1), target)

    def _is_heir(self, source: str, life: range, target: str) -> bool:
        """Whether a live target has to do with a source."""
        head = self.files.head(target)
        return head is not None and head.live and self.history.related(source, life, target, head.rev)

    def _twin(self, source: Rev, nominal: str) -> Bound | None:
        """A file was moved away and another one added in its place: the target has to be moved first."""
        first = self._first(source)
        if not first or nominal in self.opened:
            return None
        if self.files.revs(source.depotFile)[first - 1].action != MOVED_AWAY:
            return None
        moved = self.history.moved_to(source.depotFile, first)
        place = moved and self.part.view.translate(moved)
        before = range(1, first)
        if not place or self._is_live(place) or not self._is_heir(source.depotFile, before, nominal):
            return None
        if not self.history.needed(source.depotFile, self._life(source), nominal,
                                   self.files.head(nominal).rev):
            return None
        return M.IntegBaselessMove(depotFile=nominal, moveFile=place, fromFile=source.depotFile)

    # revisions

    def _first(self, source: Rev) -> int:
        """The revision after which the source's present life begins: a file that was added again is another
        one."""
        if self.rules.one_history or source.rev == 1:
            return 0
        older = self.files.revs(source.depotFile)[:source.rev - 1]
        return max((rev.rev for rev in older if rev.action in ABSENT), default=0)

    def _life(self, source: Rev) -> range:
        return range(self._first(source) + 1, source.rev + 1)

    def _range(self, source: Rev) -> tuple[int, bool]:
        """(revision after which integration may start, whether the user asked for it)."""
        first, low = self._first(source), self.part.revs.low
        if low is None:
            return first, False
        asked = source.rev - 1
        for rev in reversed(self.files.revs(source.depotFile)[:source.rev]):
            if not self._reaches(rev, low):
                break
            asked = rev.rev - 1
        return max(first, asked), asked > 0

    def _reaches(self, rev: Rev, low: RevBound) -> bool:
        """Whether a revision is not below the lower end of the range."""
        if low.kind in ("client", "label"):
            table, column = ("have", "client") if low.kind == "client" else ("label", "name")
            sql = f"SELECT rev FROM {table} WHERE {column} = ? AND depotFile = ?"
            value, bound = rev.rev, self.store.value(sql, low.value, rev.depotFile, default=0)
        elif low.kind in ("head", "none"):
            value, bound = rev.rev, self.files.revs(rev.depotFile)[-1].rev if low.kind == "head" else 0
        else:
            value, bound = {"rev": rev.rev, "change": rev.change, "date": rev.date}[low.kind], low.value
        return value > bound if low.beyond else value >= bound

    def _needed(self, source: Rev, start: int, target: str) -> list[int]:
        """The source's revisions that the target lacks, those of pending records included."""
        revs = range(start + 1, source.rev + 1)
        head = self.files.head(target)
        if self.rules.force or head is None:
            return list(revs)
        return self.history.needed(source.depotFile, revs, target, head.rev, self.rules.direct)

    def _not_open(self, source: Rev, needed: list[int], target: str) -> list[int]:
        """What of it is not being integrated already."""
        covered: set[int] = set()
        for record in self.records.get(target, ()):
            if record.fromFile == source.depotFile and record.type in integ_rows.CREDITED:
                covered.update(range(record.startFromRev + 1, record.endFromRev + 1))
        return [rev for rev in needed if rev not in covered]

    # what to do

    def _present(self, source: Rev, target: str, move: str | None) -> Step | None:
        start, asked = self._range(source)
        needed = self._needed(source, start, target)
        if not needed:
            return None
        left = self._not_open(source, needed, target)
        if not left:
            self.pending += 1
            return None
        if self._is_live(target):
            return self._merge(source, target, left, asked, move)
        return self._branch(source, target, left)

    def _branch(self, source: Rev, target: str, needed: list[int]) -> Step:
        """A target that is not there.  One that its users deleted comes back only if somebody says so."""
        start, row, head = needed[0] - 1, self.opened.get(target), self.files.head(target)
        pending = self.rules.branch_resolves or (head is not None and not self.rules.rebranch
                                                 and self._was_refused(source, target, head))
        want = Want(BRANCH, source.depotFile, start, source.rev, None,
                    None if pending else integ_rows.BRANCH_FROM)
        return Step(source, target, "branch", start, source.rev, None, row, (want,))

    def _was_refused(self, source: Rev, target: str, head: Rev) -> bool:
        """Whether a deleted target had to do with this life of the source and was not deleted because of
        it."""
        deleted = [credit for credit in self.history.of(target)
                   if credit.endTo == head.rev and credit.how == DELETE_FROM]
        first = self._first(source)
        before = [credit for credit in self.history.between(source.depotFile, target) if credit.end > first]
        return bool(before) and not deleted

    def _merge(self, source: Rev, target: str, needed: list[int], asked: bool, move: str | None) -> Step:
        row, yours = self.opened.get(target), self._yours(target)
        head = yours.rev if yours else 0
        spans = list(_spans(needed)) if self.rules.skip_credited else [(needed[0] - 1, source.rev)]
        wants: list[Want] = []
        for start, end in spans:
            forced = asked and start == spans[0][0] or start > spans[0][0]
            base = self._base(source, start, end, target, head, forced) if head else None
            wants.append(Want(CONTENT, source.depotFile, start, end, base))
        start, end, base = wants[0].start, wants[-1].end, wants[0].base
        if base is None and not self.rules.baseless and row is None:
            return Step(source, target, "integrate", refusal=M.MergeBadBase(
                depotFile=target, fromFile=source.depotFile, fromRev=integ_rows.span(start, end)))
        if move is not None:
            wants.insert(0, Want(MOVE, move, start, end, (target, 0)))
        if self._types_differ(source, row.type if row else yours.type, base):
            wants.insert(len(wants) - len(spans), Want(FILETYPE, source.depotFile, start, end, base))
        return Step(source, target, "integrate", start, end, yours, row, tuple(wants))

    def _base(self, source: Rev, start: int, end: int, target: str, head: int,
              forced: bool) -> tuple[str, int] | None:
        """What to merge against.  Where everything is to be taken again, that is where the source began."""
        life = range(self._first(source) + 1, end + 1)
        base = self.history.base(source.depotFile, start, life, target, head, forced)
        if base is not None and self.rules.force and not forced and source.rev > life.start:
            return source.depotFile, life.start
        return base

    def _types_differ(self, source: Rev, ours: str, base: tuple[str, int] | None) -> bool:
        if source.type == ours or self.rules.take_type:
            return False
        common = openfiles.revision(self.store, *base) if base else None
        return common is None or common.type != source.type

    def _yours(self, target: str) -> Rev | None:
        """The target's revision that integration works on: the head, or what the client has."""
        row, head = self.opened.get(target), self.files.head(target)
        if row is not None:
            return openfiles.revision(self.store, target, row.haveRev) if row.haveRev else None
        if self.rules.ours and head is not None:
            return openfiles.revision(self.store, target, self.files.haves.get(target, 0))
        return head

    def _deleted(self, source: Rev, target: str) -> Step | None:
        """The source is gone: so goes a target that came from it, unless it has changes of its own."""
        if not self._lacks_deletion(source, target):
            return None
        start, head = self._range(source)[0], self.files.head(target)
        needed = self._needed(source, start, target)
        if not needed:
            return None
        left = self._not_open(source, needed, target)
        if not left:
            self.pending += 1
            return None
        pending = self.rules.delete_resolves or (
            not self.rules.delete_edited and self._has_own(source, target, head))
        row, begin = self.opened.get(target), left[0] - 1
        want = Want(DELETE, source.depotFile, begin, source.rev, None, None if pending else DELETE_FROM)
        action = "integrate" if pending else "delete"
        return Step(source, target, action, begin, source.rev, self._yours(target), row, (want,))

    def _has_own(self, source: Rev, target: str, head: Rev) -> bool:
        """Whether the target has changes that the source never had."""
        row = self.opened.get(target)
        if row is not None and row.action in ("edit", "add"):
            return True
        return bool(self.history.needed(target, range(1, head.rev + 1), source.depotFile, source.rev))

    # what stands in the way

    def _checked(self, step: Step) -> Step:
        if step.refusal is not None:
            return step
        step, row = self.files.filled(step), step.opened
        if row is not None:
            step = step._replace(refusal=self._refused_open(step, row))
        elif step.yours is None and step.action != "branch":
            step = step._replace(refusal=M.IntegMustSync(toFile=step.target))
        elif self.client is not None:
            step = step._replace(refusal=openfiles.read_only(
                self.client, step.target, self.client.client_file(step.target), step.action,
                openfiles.INTEG_READ_ONLY))
        kind = row.type if row else step.yours.type if step.yours else step.source.type
        if step.refusal is None and row is None and step.others and any(
                openfiles.is_exclusive(text) for text in (kind, *(other.type for other in step.others))):
            step = step._replace(refusal=M.IntegXOpened(depotFile=step.target, action=step.action))
        return step

    def _refused_open(self, step: Step, row: Opened) -> Bound | None:
        if row.user != self.ctx.user:
            return M.IntegBadUser(depotFile=row.depotFile, user=row.user)
        head = self.files.head(step.target)
        if row.action not in ("edit", "add", "integrate", "move/add") or step.action == "delete":
            action = step.action if step.action == "delete" or head is None or not head.live else "integrate"
            return M.IntegBadAction(depotFile=row.depotFile, action=action, badAction=row.action)
        if row.haveRev and head is not None and row.haveRev < head.rev:
            return M.IntegMustSync(toFile=row.depotFile)
        return None


def _spans(revs: list[int]) -> Iterator[tuple[int, int]]:
    """(start exclusive, end) of the runs of consecutive revisions."""
    for _, group in itertools.groupby(enumerate(revs), lambda item: item[1] - item[0]):
        run = [rev for _, rev in group]
        yield run[0] - 1, run[-1]


def record(want: Want, step: Step, target: str, client: str, change: int) -> Record:
    """The resolve row of a want."""
    yours = step.yours.rev if step.yours else 0
    state = PENDING if want.how is None else RESOLVED
    how = integ_rows.SUGGESTED[want.type] if want.how is None else want.how
    base_file, base_rev = want.base or (None, 0)
    return Record(client, 0, target, want.from_file, want.start, want.end, max(yours - 1, 0), yours, how,
                  state, base_file, base_rev, want.type, change)
