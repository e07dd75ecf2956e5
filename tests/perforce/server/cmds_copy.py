"""copy and populate: making files the same as others, in the workspace or at once in the depot."""

import time

from . import changespec, encode, integ_map, integ_submit
from .changespec import SUBMITTED
from .cmds_integ import no_source
from .cmds_interchanges import lacks
from .command import Context, command
from .commit import common_path
from .integ_copy import CopyPlanner, is_in_the_way, paired
from .integ_files import Rules, Step
from .integ_map import Flow, Part, Usages
from .integ_open import Opener
from .integ_rows import BRANCH_FROM, BRANCH_INTO, span
from .messages import M
from .options import Options, UsageError
from .revquery import Query, Rev
from .scope import of_view

COPY = Usages(M.UseCopy, M.UseCopyb, M.UseCopyS)
POPULATE = Usages(M.UsePopulate, M.UsePopulateb, M.UsePopulateS)


@command("copy", "A. b: c: D. e f F K m# n P: q r s: S: v --from:", M.UseCopy, level="open")
def copy(ctx: Context, opts: Options) -> None:
    integ_map.check_options(opts, COPY)
    if integ_map.goes_to_client_stream(opts):
        integ_map.use_client_stream(ctx, opts, COPY)
    if "S" in opts and "F" not in opts:
        flow = integ_map.flow_of(ctx, opts)
        integ_map.check_flow(ctx, flow, "copy")
        _check_merged(ctx, flow)
    if opts.get("A") == "s":
        ctx.message(M.ExUPTODATE)
        return
    Copy(ctx, opts).run(integ_map.parts(ctx, opts, COPY))


def _check_merged(ctx: Context, flow: Flow) -> None:
    """Refuses to copy over changes that should be merged in the other direction first."""
    back = flow._replace(upwards=not flow.upwards)
    if back.how == "merge" and lacks(ctx, back):
        ctx.fail(M.CopyNeedsMergeFirst, stream=flow.stream.name)


def refuse_range(ctx: Context, part: Part) -> None:
    if part.revs.low is not None:
        ctx.fail(M.NoRevRange)


class Copy:
    def __init__(self, ctx: Context, opts: Options):
        self.ctx = ctx
        self.opener = Opener(ctx, opts)
        self.planner = CopyPlanner(ctx, Rules.of(ctx, opts))
        self.planner.force, self.planner.existing = "f" in opts, "e" in opts
        self.most = opts.number("m") or None

    def run(self, parts: list[Part]) -> None:
        """Nothing is opened if any target is in the way."""
        for part in parts:
            refuse_range(self.ctx, part)
        planned = [(part, self._steps(part)) for part in parts]
        for _, steps in planned:
            if any(is_in_the_way(step) for step in steps):
                self.ctx.fail(M.CopyOpenTarget)
        for part, steps in planned:
            self._open(steps)
        self.opener.finish()

    def _steps(self, part: Part) -> list[Step]:
        steps = paired(list(self.planner.steps(part)))
        if not steps:
            self._nothing(part)
        return [step for step in steps if step.opened is None or is_in_the_way(step)]

    def _open(self, steps: list[Step]) -> None:
        for step in steps:
            if self.most is not None and self.opener.count >= self.most:
                return
            self.opener.open(step)

    def _nothing(self, part: Part) -> None:
        planner = self.planner
        if planner.mapped:
            self.ctx.message(M.ExUPTODATE, argc=part.text)
        elif planner.sources:
            self.ctx.message(M.ExBVIEW, argc=part.text)
        else:
            no_source(self.ctx, part)


# populate

@command("populate", "b: d: f m# n o P: r s: S:", M.UsePopulate, level="write")
def populate(ctx: Context, opts: Options) -> None:
    integ_map.check_options(opts, POPULATE)
    if "b" in opts and len(opts.args) > 1 or "S" in opts and len(opts.args) > 1:
        raise UsageError(M.ExtraArg(), (POPULATE.branch if "b" in opts else POPULATE.stream)())
    if "S" in opts:
        _refuse_virtual(ctx, opts)
    for part in integ_map.parts(ctx, opts, POPULATE):
        refuse_range(ctx, part)
        Population(ctx, opts, part).run()


def _refuse_virtual(ctx: Context, opts: Options) -> None:
    """A virtual stream has no files of its own that could be made."""
    stream = integ_map.require_stream(ctx, opts["S"])
    target = stream if "r" in opts else integ_map.require_stream(ctx, opts.get("P") or stream.parent)
    if target.type == "virtual":
        ctx.fail(M.PopulateIsVirtual)


class Population:
    """One populate: new files made of the archives of others, in one transaction."""

    def __init__(self, ctx: Context, opts: Options, part: Part):
        self.ctx, self.store, self.opts, self.part = ctx, ctx.store, opts, part
        self.planner = CopyPlanner(ctx, Rules(), by_client=False)
        self.planner.writable = ctx.access.allowed("write")

    def run(self) -> None:
        pairs = self._pairs()
        if not pairs:
            self._nothing()
            return
        if next(Query(self.ctx, of_view(self.part.view.swapped())).highest(), None) is not None:
            self.ctx.fail(M.PopulateTargetExists)
        change = None if "n" in self.opts else self._commit(pairs)
        if "o" in self.opts:
            for source, target in pairs:
                self._tell(source, target)
        self.ctx.message(M.PopulateComplete, fileCount=len(pairs), change=change)

    def _pairs(self) -> list[tuple[Rev, str]]:
        pairs = [(source, target) for source, target in self.planner.pairs(self.part)
                 if source.live or "f" in self.opts]
        pairs.sort(key=lambda pair: encode(pair[1]))
        return pairs[:self.opts.number("m") or None]

    def _nothing(self) -> None:
        if self.planner.sources:
            self.ctx.message(M.ExTVIEW if not self.planner.mapped else M.ExFILE, argc=self.part.text)
        else:
            no_source(self.ctx, self.part)

    def _tell(self, source: Rev, target: str) -> None:
        self.ctx.result()
        action = "branch" if source.live else "delete"
        self.ctx.emit([("depotFile", target), ("action", action), ("workRev", 1),
                       ("fromFile", source.depotFile),
                       ("startFromRev", "none"), ("endFromRev", source.rev)],
                      M.IntegOpenOkay, depotFile=target, workRev="#1", action=action,
                      fromFile=source.depotFile,
                      fromRev=span(0, source.rev))

    def _description(self) -> str:
        if "d" in self.opts:
            return self.opts["d"].rstrip("\n") + "\n"
        target, source = self.part.text, self.part.source
        if "S" in self.opts:
            stream = integ_map.require_stream(self.ctx, self.opts["S"])
            ends = [stream.name, self.opts.get("P") or stream.parent]
            target, source = ends if "r" in self.opts else reversed(ends)
        return M.PopulateDesc(target=target or self.opts.get("b"), source=source).render() + "\n"

    def _commit(self, pairs: list[tuple[Rev, str]]) -> int:
        now = int(time.time())
        with self.store.write():
            number = changespec.create(self.ctx, self._description())
            path = common_path([target for _, target in pairs])
            self.store.execute("UPDATE change SET status = ?, path = ?, date = ? WHERE change = ?",
                               SUBMITTED, path, now, number)
            self.store.set_counter("maxCommitChange", number)
            for source, target in pairs:
                self._write(source, target, number, now)
        return number

    def _write(self, source: Rev, target: str, change: int, now: int) -> None:
        action = "branch" if source.live else "delete"
        self.store.execute("INSERT INTO rev VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", target, 1,
                           source.type, action, change, now, source.modTime or 0, source.digest,
                           source.size, int(source.live), source.lbrFile, source.lbrRev, source.lbrType)
        integ_submit.pair(self.store, target, 1, source.depotFile, 0, source.rev,
                          (BRANCH_FROM, BRANCH_INTO), change)
