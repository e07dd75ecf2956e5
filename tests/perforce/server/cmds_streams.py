"""streams: lists of streams."""

import json

from .filter import compile_filter
from . import streamspec
from .auth import pattern_regex
from .command import Context, command
from .listing import limited
from .mapping import ViewMap
from .messages import M
from .options import Options
from .streamspec import Stream
from .streamview import client_rows, entries
from .wildcard import has_wildcards, pattern


@command("streams", "U F: T: m# a --viewmatch:", M.UseStreams)
def streams(ctx: Context, opts: Options) -> None:
    if "U" in opts:
        ctx.fail(M.ExSTREAM)
    if "T" in opts:
        ctx.tagged = True
    if "--viewmatch" in opts:
        _view_matches(ctx, opts)
        return
    every = streamspec.every(ctx.store)
    parents = {s.name: s for s in every}
    rows = [record(parents, s) for s in every] + (_deleted(ctx) if "a" in opts else [])
    _list(ctx, opts, sorted(rows, key=lambda r: r["Stream"]))


def record(parents: dict[str, Stream], s: Stream) -> dict:
    return {"Stream": s.name, "Update": str(s.updated), "Access": str(s.accessed), "Owner": s.owner,
            "Name": s.title, "Parent": s.parent, "Type": s.type, "desc": s.description, "Options": s.options,
            **dict(streamspec.flow(parents, s)), "ParentView": s.parent_view}


def _deleted(ctx: Context) -> list[dict]:
    return [{**json.loads(text), "deleted": ""}
            for (text,) in ctx.store.all("SELECT record FROM deletedStream")]


def _list(ctx: Context, opts: Options, rows: list[dict]) -> None:
    wanted = compile_filter(opts["F"]) if "F" in opts else None
    fields = opts["T"].replace(",", " ").split() if "T" in opts else None
    readable = ctx.access.allowed("list")
    for path in opts.args or [None]:
        regex = pattern_regex(path, ctx.spelling is not None) if path is not None else None

        def accepts(row: dict) -> bool:
            name = row["Stream"]
            shown = (regex is None or regex.fullmatch(name)) and readable_stream(readable, name)
            return bool(shown) and (wanted is None or wanted(row))
        found = False
        for row in limited(ctx, opts, rows, accepts):
            found = True
            _show(ctx, fields, row)
        if not found:
            ctx.message(M.ExSTREAM, argc=path)


def readable_stream(allowed, name: str) -> bool:
    return allowed.whole(name + "/") is not False


def _show(ctx: Context, fields: list[str] | None, row: dict) -> None:
    if ctx.tagged:
        ctx.record([(k, v) for k, v in row.items() if fields is None or k in fields])
    else:
        ctx.message(M.StreamsData, stream=row["Stream"], type=row["Type"], parent=row["Parent"],
                    title=row["Name"], status="deleted" if "deleted" in row else None)


# --viewmatch

def _view_matches(ctx: Context, opts: Options) -> None:
    wanted = compile_filter(opts["F"]) if "F" in opts else None
    regexes = [pattern_regex(path, ctx.spelling is not None) for path in opts.args]
    fields = opts["T"].replace(",", " ").split() if "T" in opts else None
    names = [s.name for s in streamspec.every(ctx.store) if not regexes or
             any(r.fullmatch(s.name) for r in regexes)]
    found = (match for name in names for path in opts.all("--viewmatch")
             for match in _matching(ctx, name, path))
    for row in limited(ctx, opts, found, lambda r: wanted is None or wanted(r)):
        if ctx.tagged:
            ctx.record([(k, v) for k, v in row.items() if fields is None or k in fields])
        else:
            ctx.message(M.StreamViewMatchData, stream=row["Stream"], pathtype=row["PathType"],
                        viewPath=row["ViewPath"], depotPath=row["DepotPath"])


def _matching(ctx: Context, name: str, path: str):
    """The entry of a stream's view that shows a depot path: the last that matches it, if it is in the view
    at all."""
    chain, best, fold = streamspec.chain(ctx.store, name), None, ctx.spelling is not None
    if not has_wildcards(path) and ViewMap.of(client_rows(chain, "view"), fold).translate(path) is None:
        return
    for entry in entries(chain):
        shape = pattern(entry.depot, fold)
        if shape.match(path) or shape.covers(pattern(path, fold)):
            best = entry
    if best is not None and best.kind != "exclude":
        yield {"Stream": name, "DepotPath": best.depot + best.at, "ViewPath": best.view,
               "PathType": best.kind, "PathSource": best.source}
