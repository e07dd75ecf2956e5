"""File arguments of commands: from what was typed to the revisions it selects.

An argument is a path in depot syntax, client syntax (`//CLIENT/...`) or local syntax, with wildcards, and a
revision specification.  parse() makes it a FileArg: the depot paths it stands for (a Scope, through the
client's view where the syntax or the command asks for it) and its revision bounds.  Every argument that
selects nothing is answered by the product's warning for it; the rest of the arguments go on.
"""

from typing import Iterable, Iterator

from . import clientspec, revspec, scope
from .command import CommandError, Context
from .filepath import ClientRoot
from .mapping import ViewMap
from .messages import M
from .revquery import HEAD, Bound, Merged, Query, Rev, Revs
from .wildcard import has_wildcards, pattern

DEPOT, LABEL = 100, 108

NOTHING_AT = {"rev": M.ExATREVISION, "none": M.ExATREVISION, "change": M.ExATCHANGE, "date": M.ExATDATE,
              "client": M.ExATHAVE, "label": M.ExATLABEL, "head": M.ExFILE}
NOTHING_ABOVE = {"rev": M.ExABOVEREVISION, "none": M.ExABOVEREVISION, "change": M.ExABOVECHANGE,
                 "date": M.ExABOVEDATE, "client": M.ExABOVEHAVE, "label": M.ExABOVELABEL,
                 "head": M.ExABOVEREVISION}
NOTHING_BELOW = {"rev": M.ExBELOWREVISION, "none": M.ExBELOWREVISION, "change": M.ExBELOWCHANGE,
                 "date": M.ExBELOWDATE, "client": M.ExBELOWHAVE, "label": M.ExBELOWLABEL, "head": M.ExFILE}


class ClientFiles:
    """The client's view and root: depot paths to client and local paths and back, as text."""

    def __init__(self, ctx: Context):
        self.ctx, self.client = ctx, ctx.client_spec()
        self.view: ViewMap = clientspec.view(ctx.store, self.client)
        self.root = ClientRoot(self.client, ctx.cwd)
        self.scope = scope.of_view(self.view)
        self.pins = [(scope.of_pattern(path, self.view.fold), change)
                     for path, change in clientspec.change_view(ctx.store, self.client)]

    def client_file(self, depot_file: str) -> str | None:
        """//CLIENT/... of a depot file, None if the view does not map it."""
        return self.view.translate(depot_file)

    def depot_file(self, client_file: str) -> str | None:
        return spelled(self.ctx, self.view.reverse(client_file))

    def local(self, client_file: str) -> str:
        return self.root.local(client_file)


def spelled(ctx: Context, depot_file: str | None) -> str | None:
    """A depot file that a view gave, as the server knows it if case does not count."""
    if depot_file is None or ctx.spelling is None:
        return depot_file
    return ctx.spelling.existing(ctx.spelling.path(depot_file))


def client_files(ctx: Context) -> ClientFiles:
    """The ClientFiles of the command's client, made once per command."""
    found = getattr(ctx, "client_files", None)
    if found is None:
        found = ctx.client_files = ClientFiles(ctx)
    return found


def known_client_files(ctx: Context) -> ClientFiles | None:
    """The same, None where there is no such client: for commands that only show more with one."""
    return client_files(ctx) if ctx.client_spec(required=False) is not None else None


class FileArg:
    """One parsed argument.  `path` is depot or client syntax; `view` the part of the client's view it goes
    through (None for plain depot syntax)."""

    def __init__(self, ctx: Context, text: str, path: str, revs: Revs, files: ClientFiles | None,
                 is_client: bool):
        self.ctx, self.text, self.path, self.revs = ctx, text, path, revs
        self.is_client = is_client
        self.view: ViewMap | None = None
        self.pins = files.pins if files is not None else []
        fold = clientspec.folds(ctx.store)
        pattern(path, fold).check()
        if is_client:
            self.view = files.view.limit_right(path)
        elif files is not None:
            self.view = files.view.limit_left(path)
        if self.view is None:
            self.scope = scope.of_pattern(path, fold)
        elif path in ("//...", files.root.prefix + "..."):
            self.scope = files.scope
        else:
            self.scope = scope.of_view(self.view)

    @property
    def is_wild(self) -> bool:
        return has_wildcards(self.path)

    @property
    def depot_path(self) -> str | None:
        """The depot file a path without wildcards names (which need not exist); None if the view does not
        map it."""
        if self.is_client:
            return spelled(self.ctx, self.view.reverse(self.path))
        return self.path if self.view is None or self.view.translate(self.path) is not None else None

    def allowed(self, level: str) -> scope.Scope:
        """Its paths as far as the user has a permission on them."""
        return self.scope & scope.of_filter(self.ctx.access.allowed(level))

    def query(self, level: str = "list", exact: bool = True) -> Query | Merged:
        """The revisions the argument selects; of what the client's ChangeView pins none after its change."""
        paths, queries = self.allowed(level), []
        for pinned, change in reversed(self.pins):
            queries.append(Query(self.ctx, paths & pinned, self.revs, exact, change))
            paths = paths.without(pinned)
        rest = Query(self.ctx, paths, self.revs, exact)
        return Merged([*queries, rest]) if queries else rest

    def warn_empty(self, level: str = "list") -> None:
        """Says why nothing was selected."""
        self.ctx.message(self._reason(level)(argc=self.text))

    def _reason(self, level: str):
        if not self.scope:
            return M.ExVIEW if self.view is not None else M.ExFILE
        if self.revs.shelf is not None or not _any(self.ctx, self.scope, Revs()):
            return M.ExFILE
        if not _any(self.ctx, self.allowed(level), Revs()):
            return M.ExPROTECT
        low, high = self.revs.low, self.revs.high
        if low is None:
            return NOTHING_AT[high.kind]
        if not _any(self.ctx, self.scope, Revs(low)):
            return NOTHING_ABOVE[low.kind]
        return NOTHING_BELOW[high.kind]


def _any(ctx: Context, paths: scope.Scope, revs: Revs) -> bool:
    return next(Query(ctx, paths, revs).highest(), None) is not None


def depot_names(ctx: Context) -> set[str]:
    """The depots; known once per command."""
    found = getattr(ctx, "depot_names", None)
    if found is None:
        found = ctx.depot_names = {name
                                   for (name,) in ctx.store.rows("SELECT name FROM domain WHERE type = ?",
                                                                 DEPOT)}
    return found


def split_revs(ctx: Context, text: str) -> tuple[str, Revs]:
    """The path of an argument and its bounds, with names looked up."""
    path, spec = revspec.split_path(text)
    low, high = revspec.parse(spec)
    if high is not None and high.kind == "shelf":
        return path, Revs(shelf=high.value)
    return path, Revs(low and _bound(ctx, low), _bound(ctx, high) if high else HEAD)


def _bound(ctx: Context, end: revspec.Rev) -> Bound:
    if end.kind == "have":
        return Bound("client", ctx.client_name, end.beyond)
    if end.kind != "name":
        return Bound(*end)
    if ctx.spelling is not None:
        end = end._replace(value=ctx.spelling.revision(end.value))
    label = ctx.store.row("SELECT revision FROM domain WHERE type = ? AND name = ?", LABEL, end.value)
    if label is not None:
        return _label(ctx, end, (label[0] or "").strip('"'))
    if ctx.store.value("SELECT 1 FROM domain WHERE type = ? AND name = ?", clientspec.CLIENT, end.value):
        return Bound("client", end.value, end.beyond)
    raise CommandError(M.BadAtRev(arg=end.value))


def _label(ctx: Context, end: revspec.Rev, revision: str) -> Bound:
    """A label's files, or for an automatic label the revision it stands for."""
    if not revision:
        return Bound("label", end.value, end.beyond)
    _, found = revspec.parse(revision)
    if found is None or found.kind in ("name", "have", "shelf"):
        raise CommandError(M.BadAtRev(arg=end.value))
    return Bound(*found)


def parse(ctx: Context, text: str, through_client: bool = False, revisions: bool = True) -> FileArg:
    """One argument.  through_client: depot syntax too goes through the client's view (sync, edit, ...)."""
    path, revs = split_revs(ctx, text) if revisions else (text, Revs())
    path = ctx.spelling.file(path) if ctx.spelling is not None else path
    if not path:
        files = client_files(ctx) if through_client else None
        return FileArg(ctx, text, files.root.prefix + "..." if files else "//...", revs, files,
                       files is not None)
    if path.startswith("//"):
        return _depot_or_client(ctx, text, path, revs, through_client)
    if ctx.client_spec(required=False) is None:
        ctx.fail(M.NeedClient, arg=text, client=ctx.client_name)
    files = client_files(ctx)
    return FileArg(ctx, text, files.root.client_file(path), revs, files, True)


def _depot_or_client(ctx: Context, text: str, path: str, revs: Revs, through_client: bool) -> FileArg:
    first = path[2:].partition("/")[0]
    if has_wildcards(first) or first in depot_names(ctx) or not first:
        return FileArg(ctx, text, path, revs, client_files(ctx) if through_client else None, False)
    if first == ctx.client_name:
        return FileArg(ctx, text, path, revs, client_files(ctx), True)
    raise CommandError(M.ReferClient(path=path, client=ctx.client_name))


def parse_all(ctx: Context, texts: Iterable[str], through_client: bool = False, default: str | None = None,
              revisions: bool = True) -> Iterator[FileArg]:
    """The arguments one after another; without any, `default`, whose message names no argument."""
    texts = list(texts)
    if not texts and default is not None:
        arg = parse(ctx, default, through_client, revisions)
        arg.text = None
        yield arg
    for text in texts:
        yield parse(ctx, text, through_client, revisions)


def select(ctx: Context, opts, level: str = "list", every: bool = False, exact: bool = True,
           keep=lambda rev: True) -> Iterator[tuple[FileArg, Rev]]:
    """What depot commands list: the kept revisions of each argument, up to -m in all; warns of empty
    arguments."""
    left = opts.number("m") or None
    for arg in parse_all(ctx, opts.args):
        query, found = arg.query(level, exact), False
        for rev in query.every() if every else query.highest():
            if not keep(rev):
                continue
            found = True
            ctx.result()
            yield arg, rev
            left = left and left - 1
            if left == 0:
                return
        if not found:
            arg.warn_empty(level)


def rev_text(rev: int | None) -> str:
    """A revision as messages show it: #3, #none."""
    return f"#{rev}" if rev else "#none"


def depot_rev(arg: FileArg, rev: Rev) -> str:
    """The revision of a listed file: #3, or @=12 of a shelf."""
    return f"@={arg.revs.shelf}" if arg.revs.shelf is not None else f"#{rev.rev}"


def change_text(change: int | None) -> str:
    """An opened file's change as messages show it."""
    return f"change {change}" if change else "default change"
