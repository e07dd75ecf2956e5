"""Which file integrates into which: branch views, stream views and path pairs, limited by the arguments of
the command.

parts() makes of a command's options and arguments a list of Parts.  Each maps source paths to target paths,
both in depot syntax, and has the revisions of the sources that are looked at.  merge, copy, populate,
interchanges and undo use the same.
"""

from typing import NamedTuple

from . import clientspec, streamspec
from .cmds_domain import BRANCH, view_rows
from .command import Context
from .filequery import FileArg, client_files, parse, split_revs
from .mapping import MAP, OVERLAY, UNMAP, ViewMap, check_line
from .messages import M, Message
from .options import Options, UsageError
from .revquery import Revs
from .streamspec import NONE, Stream
from .streamview import branch_rows


class Part(NamedTuple):
    """One argument's share.  text: how messages name it (None: the command had no argument); source: the
    source argument of a path pair."""
    view: ViewMap
    revs: Revs
    text: str | None
    source: str | None = None


class Usages(NamedTuple):
    """The usage messages of a command: for pairs, with -b, with -S."""
    pair: Message
    branch: Message
    stream: Message


def check_options(opts: Options, usages: Usages) -> None:
    """-s is about a branch, -P about a stream."""
    if "s" in opts and "b" not in opts:
        raise UsageError(usages.branch())
    if "P" in opts and "S" not in opts and "--from" not in opts:
        raise UsageError(usages.stream())


def parts(ctx: Context, opts: Options, usages: Usages, through_client: bool = True) -> list[Part]:
    """The parts of integrate and its kin.  through_client: targets may be given in client syntax."""
    if "b" in opts and "S" in opts:
        raise UsageError(usages.pair())
    if "b" in opts:
        return _of_branch(ctx, opts, usages)
    if "S" in opts:
        return _of_view(ctx, stream_view(ctx, opts), opts.args)
    if len(opts.args) != 2:
        raise UsageError(M.WrongArg(), usages.pair())
    return [_of_pair(ctx, *opts.args)]


# path pairs

def _of_pair(ctx: Context, source: str, target: str) -> Part:
    from_arg, to_arg = parse(ctx, source), parse(ctx, target)
    has_from, has_to = split_text(source)[1], split_text(target)[1]
    if has_from and has_to:
        ctx.fail(M.NoRev)
    view = pair_view(ctx, from_arg, to_arg)
    return Part(view, (from_arg if has_from else to_arg).revs, split_text(target)[0] + (has_from or has_to),
                source)


def pair_view(ctx: Context, source: FileArg, target: FileArg) -> ViewMap:
    """The map of a path pair; a side in client syntax goes through the client's view."""
    check_line(source.path, target.path)
    view = ViewMap.of([(MAP, source.path, target.path)], clientspec.folds(ctx.store))
    if source.is_client:
        view = client_files(ctx).view.join(view)
    if target.is_client:
        view = view.join(client_files(ctx).view.swapped())
    return view


def split_text(text: str) -> tuple[str, str]:
    """An argument as typed: path and revision specification."""
    place = next((at for at, char in enumerate(text) if char in "#@"), len(text))
    return text[:place], text[place:]


# branch views

def _of_branch(ctx: Context, opts: Options, usages: Usages) -> list[Part]:
    view = branch_view(ctx, opts["b"])
    if "s" not in opts:
        return _of_view(ctx, view.swapped() if "r" in opts else view, opts.args)
    source = parse(ctx, opts["s"])
    both = limit(view, source, left=True).triples() + limit(view.swapped(), source, left=True).triples()
    made = ViewMap.of(both, view.fold)
    if not made:
        ctx.message(M.ExSVIEW, argc=opts["s"])
        return []
    made_parts = _of_view(ctx, made, opts.args)
    return [part._replace(revs=source.revs, source=opts["s"]) for part in made_parts]


def branch_view(ctx: Context, name: str) -> ViewMap:
    rows = view_rows(ctx, BRANCH, name)
    if not rows:
        ctx.fail(M.NoSuchDomain2, type="Branch", name=name, command="branch")
    lines = [tuple(word or "" for word in row) for row in rows]
    if any(flag == OVERLAY for flag, _, _ in lines):
        ctx.fail(M.NoIntegOverlays)
    return ViewMap.of(lines, clientspec.folds(ctx.store))


def _of_view(ctx: Context, view: ViewMap, args: list[str]) -> list[Part]:
    """A view's parts: the whole of it, or what each target argument leaves of it."""
    if not args:
        return [Part(view, Revs(), None)]
    made = []
    for text in args:
        arg = parse(ctx, text)
        limited = limit(view, arg, left=False)
        if limited:
            made.append(Part(limited, arg.revs, text))
        else:
            ctx.message(M.ExTVIEW, argc=text)
    return made


def limit(view: ViewMap, arg: FileArg, left: bool) -> ViewMap:
    """The part of a view whose one side an argument names."""
    if arg.view is None:
        return view.limit_left(arg.path) if left else view.limit_right(arg.path)
    own = ViewMap.of([(flag, depot, depot) for flag, depot, _ in arg.view.disambiguated().triples()],
                     view.fold)
    return own.join(view) if left else view.join(own)


# stream views

def stream_view(ctx: Context, opts: Options) -> ViewMap:
    """The view of -S: from the stream to its parent (or the stream of -P), with -r the other way."""
    stream = require_stream(ctx, opts["S"])
    rows = stream_rows(ctx, stream, opts.get("P"))
    view = ViewMap.of([row for row in rows if row[0] == UNMAP or row[1] != row[2]],
                      clientspec.folds(ctx.store))
    return view.swapped() if "r" in opts else view


def require_stream(ctx: Context, name: str) -> Stream:
    stream = streamspec.load(ctx.store, name)
    if stream is None:
        ctx.fail(M.NoSuchDomain2, type="Stream", name=name, command="stream")
    return stream


def stream_rows(ctx: Context, stream: Stream, parent: str | None = None) -> list[tuple[str, str, str]]:
    """(flag, stream's path, parent's path).  A virtual stream stands for the stream under it, as far as it
    shows it."""
    chain = streamspec.chain(ctx.store, stream.name)
    if parent is not None:
        return branch_rows(chain, streamspec.chain(ctx.store, require_stream(ctx, parent).name))
    others = chain[1:]
    if stream.type == "virtual":
        while others and others[0].is_virtual:
            others.pop(0)
        others = others[1:]
    if stream.parent == NONE or not others:
        ctx.fail(M.StreamIsMainline, name=stream.name)
    return branch_rows(chain, others)


# flow

class Flow(NamedTuple):
    """Where the changes of a stream command go: stream is that of -S, upwards means to its parent."""
    stream: Stream
    parent: str
    upwards: bool

    @property
    def how(self) -> str | None:
        """merge or copy, None if nothing is to flow this way."""
        kind = self.stream.type
        option = "toparent" if self.upwards else "fromparent"
        if kind not in streamspec.FIRMER or not self.stream.has(option):
            return None
        return "merge" if streamspec.FIRMER[kind] == self.upwards else "copy"


def flow_of(ctx: Context, opts: Options) -> Flow:
    stream = require_stream(ctx, opts["S"])
    return Flow(stream, opts.get("P") or stream.parent, "r" not in opts)


def check_flow(ctx: Context, flow: Flow, how: str) -> None:
    """Refuses a merge or copy that the stream does not expect."""
    if flow.stream.parent == NONE:
        ctx.fail(M.StreamIsMainline, name=flow.stream.name)
    if flow.how is None:
        ctx.fail(M.CopyDoNothing, stream=flow.stream.name)
    if flow.how != how:
        ctx.fail(M.CopyWrongDirection if how == "copy" else M.MergeWrongDirection, stream=flow.stream.name)
    if flow.stream.type == "task" and flow.parent != flow.stream.parent:
        ctx.fail(M.NoReparentingTask, stream=flow.stream.name)


def use_client_stream(ctx: Context, opts: Options, usages: Usages) -> None:
    """merge and copy into the stream of the client (or of -S), from its parent or the stream of --from."""
    stream = opts.get("S") or ctx.client_spec().stream
    if not stream:
        raise UsageError(M.WrongArg(), usages.stream())
    opts.values |= {"S": [stream], "r": [""]}
    if "--from" in opts:
        _from_stream(ctx, opts, stream)


def goes_to_client_stream(opts: Options) -> bool:
    """Whether a merge or copy names its source by --from, or nothing at all."""
    return "b" not in opts and ("--from" in opts or "S" not in opts and len(opts.args) < 2)


def _from_stream(ctx: Context, opts: Options, stream: str) -> None:
    """--from: a child's changes go up, any other stream is treated as the parent."""
    source = require_stream(ctx, opts["--from"])
    if source.parent == stream:
        opts.values["S"] = [source.name]
        opts.values.pop("r")
    else:
        opts.add("P", source.name)
