"""integrate and merge: opening files for what other files have and they lack."""

from . import integ_map
from .command import Context, command
from .filequery import parse
from .integ_files import Rules
from .integ_map import Part, Usages
from .integ_open import Opener
from .integ_plan import Planner
from .messages import M
from .options import Options, UsageError

INTEGRATE = Usages(M.UseInteg, M.UseIntegb, M.UseIntegS)
MERGE = Usages(M.UseMerge, M.UseMergeb, M.UseMergeS)


@command("integrate",
         "1 2 3 A. b: c: C# d D. f h i I K m# n o O. P: q r R. s: S: t v Z. --stream: --parent:",
         M.UseInteg, level="open", aliases=("integ",))
def integrate(ctx: Context, opts: Options) -> None:
    _check_options(opts, INTEGRATE)
    if not _has_files(opts):
        ctx.message(M.ExINTEGPERM)
        return
    Integration(ctx, opts).run(integ_map.parts(ctx, opts, INTEGRATE))


@command("merge", "A. b: c: F K m# n O. P: q r s: S: --from:", M.UseMerge, level="open")
def merge(ctx: Context, opts: Options) -> None:
    _check_options(opts, MERGE)
    if integ_map.goes_to_client_stream(opts):
        integ_map.use_client_stream(ctx, opts, MERGE)
    if "S" in opts and "F" not in opts:
        integ_map.check_flow(ctx, integ_map.flow_of(ctx, opts), "merge")
    if not _has_files(opts):
        ctx.message(M.ExINTEGPERM)
        return
    Integration(ctx, opts, shows_resolves=True).run(integ_map.parts(ctx, opts, MERGE))


def _check_options(opts: Options, usages: Usages) -> None:
    if opts.get("A", "f") not in ("f", "s"):
        raise UsageError(M.Invalid(option="A" + opts["A"]), usages.stream())
    integ_map.check_options(opts, usages)
    unknown = set("".join(opts.all("R"))) - set("bdslou") | set("".join(opts.all("O"))) - set("brd")
    if unknown:
        raise UsageError(M.Invalid(option=min(unknown)), usages.pair())


def _has_files(opts: Options) -> bool:
    """-As is about the specification of a stream alone, which has nothing to propagate here."""
    return opts.get("A") != "s"


class Integration:
    """One command: the plan of each part carried out, up to -m files in all."""

    def __init__(self, ctx: Context, opts: Options, shows_resolves: bool = False):
        self.ctx = ctx
        self.opener = Opener(ctx, opts, shows_resolves)
        self.planner = Planner(ctx, Rules.of(ctx, opts), opts.number("C") or None)
        self.most = opts.number("m") or None

    def run(self, parts: list[Part]) -> None:
        for part in parts:
            self._part(part)
            if self.most is not None and self.opener.count >= self.most:
                break
        self.opener.finish()

    def _part(self, part: Part) -> None:
        told = False
        for step in self.planner.steps(part):
            told = True
            self.opener.open(step)
            if self.most is not None and self.opener.count >= self.most:
                return
        if not told:
            self._nothing(part)

    def _nothing(self, part: Part) -> None:
        """Why a part opened nothing."""
        planner = self.planner
        if not part.view:
            self.ctx.message(M.ExTVIEW, argc=part.text)
        elif not planner.sources:
            no_source(self.ctx, part)
        elif not planner.mapped:
            self.ctx.message(M.ExBVIEW, argc=part.text)
        elif planner.pending:
            self.ctx.message(M.ExINTEGPEND, argc=part.text)
        elif planner.moved_away == planner.mapped:
            self.ctx.message(M.ExINTEGMOVEDEL, argc=part.text)
        else:
            self.ctx.message(M.ExINTEGPERM, argc=part.text)


def no_source(ctx: Context, part: Part) -> None:
    """No source file of a part has a revision in its range."""
    if part.source is not None:
        parse(ctx, part.source).warn_empty("read")
    else:
        ctx.message(M.ExFILE, argc=part.text)
