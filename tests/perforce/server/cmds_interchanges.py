"""interchanges and istat: what has not been integrated yet, as changes and as one word."""

from typing import Iterable, Iterator

from . import changespec, encode, integ_map, streamspec
from .cmds_changes import show as show_change
from .cmds_integ import no_source
from .command import Context, command
from .integ_files import Rules
from .integ_map import Flow, Part, Usages
from .integ_plan import Planner
from .mapping import UNMAP, ViewMap
from .messages import M
from .options import Options
from .revquery import Rev, Revs
from .streamspec import NONE

USAGES = Usages(M.UseInterChanges, M.UseInterChangesb, M.UseInterChangesS)


@command("interchanges", "b: C# f F l P: r s: S: t u: --from:", M.UseInterChanges, level="list")
def interchanges(ctx: Context, opts: Options) -> None:
    integ_map.check_options(opts, USAGES)
    if "S" in opts and "F" not in opts:
        _check_flow(ctx, integ_map.flow_of(ctx, opts))
    for part in integ_map.parts(ctx, opts, USAGES):
        _list(ctx, opts, part)


def _check_flow(ctx: Context, flow: Flow) -> None:
    if flow.stream.parent != NONE and flow.how is None:
        ctx.fail(M.CopyDoNothing, stream=flow.stream.name)


def _list(ctx: Context, opts: Options, part: Part) -> None:
    planner = Planner(ctx, Rules(), opts.number("C") or None, by_client=False)
    found: dict[int, list[Rev]] = {}
    for revs in planner.lacking(part):
        for rev in revs:
            found.setdefault(rev.change, []).append(rev)
    shown = 0
    for number in sorted(found):
        row = changespec.load(ctx.store, number)
        if row is None or opts.get("u", row.user) != row.user:
            continue
        shown += 1
        ctx.result()
        show_change(ctx, opts, row, row.description if changespec.may_read(ctx, row) else changespec.HIDDEN,
                    _files(found[number]) if "f" in opts else ())
        if "f" in opts and not ctx.tagged:
            _tell_files(ctx, found[number])
    if not shown:
        _nothing(ctx, planner, part)


def _nothing(ctx: Context, planner: Planner, part: Part) -> None:
    if not planner.sources:
        no_source(ctx, part)
    else:
        ctx.message(M.ExINTEGPERM, argc=part.text)


def _by_path(revs: Iterable[Rev]) -> list[Rev]:
    return sorted(revs, key=lambda rev: encode(rev.depotFile))


def _files(revs: list[Rev]) -> Iterator[tuple[str, object]]:
    """The fields of -f."""
    for number, rev in enumerate(_by_path(revs)):
        yield from ((f"depotFile{number}", rev.depotFile), (f"action{number}", rev.action),
                    (f"type{number}", rev.type), (f"rev{number}", rev.rev))


def _tell_files(ctx: Context, revs: list[Rev]) -> None:
    for rev in _by_path(revs):
        ctx.info(1, f"{rev.depotFile}#{rev.rev}")


# istat

@command("istat", "A: a r c C s", M.UseIstat, minimum=1, maximum=1)
def istat(ctx: Context, opts: Options) -> None:
    """Where the changes of a stream may flow and, per direction asked for, whether there are any that
    should."""
    stream = streamspec.load(ctx.store, opts.args[0])
    if stream is None:
        ctx.fail(M.NoSuchDomain, type="Stream", name=opts.args[0])
    if stream.parent == NONE:
        ctx.fail(M.StreamIsMainline, name=stream.name)
    parent = streamspec.load(ctx.store, stream.parent)
    flows = dict(streamspec.flow(ctx.store, stream))
    pairs = [("stream", stream.name), ("parent", stream.parent), ("type", stream.type),
             ("parentType", parent.type if parent else ""), *list(flows.items())[:3]]
    for upwards in [True] * ("r" not in opts) + [False] * ("r" in opts or "a" in opts):
        pairs += _direction(ctx, opts, Flow(stream, stream.parent, upwards))
    ctx.record(pairs)


def _direction(ctx: Context, opts: Options, flow: Flow) -> list[tuple[str, object]]:
    how, name = flow.how, "To" if flow.upwards else "From"
    if how is None:
        return []
    pending = opts.get("A") != "s" and lacks(ctx, flow)
    return [(f"integ{name}Parent", "true" if pending else "false"),
            (f"integ{name}ParentHow", how if pending else None),
            ("toResult" if flow.upwards else "fromResult", "cache" if "s" in opts else "query")]


def lacks(ctx: Context, flow: Flow) -> bool:
    """Whether anything of a flow's source has not been integrated into its target."""
    rows = integ_map.stream_rows(ctx, flow.stream, flow.parent if flow.parent != flow.stream.parent
                                 else None)
    view = ViewMap.of([row for row in rows if row[0] == UNMAP or row[1] != row[2]])
    part = Part(view if flow.upwards else view.swapped(), Revs(), None)
    planner = Planner(ctx, Rules(), by_client=False)
    return next(planner.lacking(part), None) is not None
