"""What copy and populate do about each pair of files: make the target what the source is, whatever flowed
before."""

from typing import Iterator

from . import encode
from .filequery import spelled
from .integ_files import Step, Want
from .integ_map import Part
from .integ_plan import BATCH, Planner
from .integ_rows import BRANCH, BRANCH_FROM, CONTENT, COPY_FROM, DELETE, DELETE_FROM
from .openfiles import DELETES
from .revquery import Query, Rev
from .scope import of_filter, of_view


def gone(path: str) -> Rev:
    """Stands for a source that has no revision in the range."""
    return Rev(path, 0, "text", "delete", 0, 0, 0, None, None, 0, None, None, None)


class CopyPlanner(Planner):
    """force: -f; existing: only sources that exist (-e).  Steps come by path of the target."""

    force = existing = False

    def steps(self, part: Part) -> Iterator[Step]:
        self.part = part
        self.sources = self.mapped = self.pending = self.moved_away = 0
        pairs = {target: source for source, target in self.pairs(part)}
        if not self.existing:
            for target, source in self._orphans(part, pairs):
                pairs[target] = source
        ordered = sorted(pairs.items(), key=lambda item: encode(item[0]))
        for at in range(0, len(ordered), BATCH):
            batch = [(source, target) for target, source in ordered[at:at + BATCH]]
            self.files.load(batch)
            for source, target in batch:
                step = self._copied(source, target)
                if step is not None:
                    yield self._checked(step)

    def _orphans(self, part: Part, pairs: dict[str, Rev]) -> Iterator[tuple[str, Rev]]:
        """Target files whose source has no revision in the range."""
        for rev in Query(self.ctx, of_view(part.view.swapped()) & of_filter(self.writable)).highest():
            source = spelled(self.ctx, part.view.reverse(rev.depotFile))
            known = rev.depotFile in pairs or source in (None, rev.depotFile)
            if rev.live and not known and self._in_client(rev.depotFile):
                self.mapped += 1
                yield rev.depotFile, gone(source)

    def _copied(self, source: Rev, target: str) -> Step | None:
        head = self.files.head(target)
        if not source.live:
            if head is None or not head.live:
                return None
            want = Want(DELETE, source.depotFile, max(source.rev - 1, 0), source.rev, None, DELETE_FROM)
            return self._step_of(source, target, "delete", want)
        if head is None or not head.live:
            return self._new(source, target)
        if self._same(source, head) and (not self.force or self.history.between(source.depotFile, target)):
            return None
        start = self._since(source, target, head)
        want = Want(CONTENT, source.depotFile, start, source.rev, None, COPY_FROM)
        return self._step_of(source, target, "integrate", want)

    def _new(self, source: Rev, target: str) -> Step:
        start = self._first(source)
        return self._step_of(source, target, "branch", Want(BRANCH, source.depotFile, start, source.rev,
                                                            None, BRANCH_FROM))

    @staticmethod
    def _same(source: Rev, head: Rev) -> bool:
        return source.type == head.type and source.digest == head.digest and source.size == head.size and (
            source.digest is not None or source.lbrFile == head.lbrFile and source.lbrRev == head.lbrRev)

    def _since(self, source: Rev, target: str, head: Rev) -> int:
        """After which revision of the source the copy begins: the first that the target lacks."""
        needed = self.history.needed(source.depotFile, self._life(source), target, head.rev)
        return needed[0] - 1 if needed else source.rev - 1

    def _step_of(self, source: Rev, target: str, action: str, want: Want) -> Step:
        head = self.files.head(target)
        yours = head if head is not None and head.live else None
        return Step(source, target, action, want.start, want.end, yours, self.opened.get(target), (want,),
                    moved=self._moved(source, target, action))

    def _moved(self, source: Rev, target: str, action: str) -> str | None:
        """The target's file that becomes this one, where the source was moved and the target was not yet."""
        if source.action != "move/add" or action != "branch" or self.rules.one_history:
            return None
        move = self.history.moved_from(source.depotFile, range(source.rev, source.rev + 1))
        older = move and self.part.view.translate(move.fromFile)
        if not older or older == target or older in self.opened or not self._in_client(older):
            return None
        head = self.files.head(older)
        return older if head is not None and head.live and self._is_heir(move.fromFile,
                range(1, move.end + 1), older) else None

    def _checked(self, step: Step) -> Step:
        """Open targets are for the command to refuse; what is exclusively open elsewhere is told."""
        if step.opened is not None:
            return step
        return super()._checked(step)


def is_in_the_way(step: Step) -> bool:
    """Whether an open target keeps copy from going ahead."""
    return step.opened is not None and not (step.action == "delete" and step.opened.action in DELETES)


def paired(steps: list[Step]) -> list[Step]:
    """The steps with moves made of what would be a new file and the end of another.  A source that was added
    again under the old name leaves its target a new file there."""
    by_target = {step.target: step for step in steps}
    for step in steps:
        old = by_target.get(step.moved or "")
        if old is None:
            by_target[step.target] = step._replace(moved=None)
            continue
        want = step.wants[0]._replace(type=CONTENT, how=COPY_FROM)
        by_target[step.target] = step._replace(action="move/add", wants=(want,))
        if old.action == "delete":
            by_target[old.target] = old._replace(action="move/delete", wants=(), moved=step.target)
        else:
            branch = old.wants[0]._replace(type=BRANCH, how=BRANCH_FROM)
            by_target[old.target] = old._replace(action="branch", wants=(branch,), moved=None)
    return list(by_target.values())
