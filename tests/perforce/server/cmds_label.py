"""tag and labelsync: which revisions a label holds."""

import time
from typing import Iterator

from . import encode
from .cmds_domain import LABEL, LABELS, view_rows
from .cmds_domain import load as load_domain
from .command import Context, command
from .filequery import FileArg, client_files, parse_all, split_revs
from .mapping import ViewMap
from .messages import M, Message
from .names import check_domain, own_depots
from .options import Options, UsageError
from .revquery import Bound, Query, Revs
from .scope import EVERYTHING, Scope, of_view
from .store import Row

ACTIONS = {"added": M.LabelSyncAdd, "deleted": M.LabelSyncDelete, "updated": M.LabelSyncUpdate}


@command("tag", "d g n U l:", M.UseTag, minimum=1, level="open")
def tag(ctx: Context, opts: Options) -> None:
    labelling = Labelling(ctx, opts, M.UseTag, may_make=True)
    for arg in parse_all(ctx, opts.args):
        _label(labelling, arg, arg.revs, live="d" not in opts and _is_plain(ctx, arg))


@command("labelsync", "a d g n q l:", M.UseLabelSync, level="open")
def labelsync(ctx: Context, opts: Options) -> None:
    labelling = Labelling(ctx, opts, M.UseLabelSync)
    have = Revs(high=Bound("client", ctx.client_name))
    if not opts.args:
        labelling.mirror(have)
    for arg in parse_all(ctx, opts.args, through_client=True):
        _label(labelling, arg, have if _is_plain(ctx, arg) else arg.revs, live=False)


def _is_plain(ctx: Context, arg: FileArg) -> bool:
    """Whether an argument names no revision."""
    return split_revs(ctx, arg.text)[0] == arg.text


def _label(labelling: "Labelling", arg: FileArg, revs: Revs, live: bool) -> None:
    """Puts the revisions of an argument into the label, or takes its files out."""
    wanted = Query(labelling.ctx, arg.allowed("list"), revs).highest()
    files = {rev.depotFile: rev.rev for rev in wanted if rev.live or not live}
    if labelling.takes_out:
        files = {path: 0 for path in labelling.held(arg.allowed("list"))}
    if not files and labelling.takes_out:
        labelling.ctx.message(M.ExLABEL, argc=arg.text)
    elif not files:
        arg.warn_empty()
    elif not labelling.change(files):
        labelling.ctx.message(M.ExLABSYNC, argc=arg.text)


class Labelling:
    """One command on one label; change() and mirror() do and tell it."""

    def __init__(self, ctx: Context, opts: Options, usage: Message, may_make: bool = False):
        if "l" not in opts:
            raise UsageError(usage())
        self.ctx, self.store, self.name = ctx, ctx.store, opts["l"]
        self.preview, self.quiet, self.takes_out = "n" in opts, "q" in opts, "d" in opts
        row = load_domain(ctx, LABEL, self.name)
        if row is not None:
            self._check(row)
        elif may_make:
            self._make("autoreload" if "U" in opts else "noautoreload")
        else:
            ctx.fail(M.NoSuchDomain2, type="Label", name=self.name, command="label")
        self.view = self._view()

    def _check(self, row: Row) -> None:
        if row.owner and row.owner != self.ctx.user:
            self.ctx.fail(M.LabelOwner, label=self.name, user=row.owner)
        if "locked" in (row.options or "").split():
            self.ctx.fail(M.LabelLocked, label=self.name)
        if row.revision:
            self.ctx.fail(M.LabelHasRev, label=self.name)

    def _make(self, reload: str) -> None:
        """A new label of the user, whose view is everything."""
        check_domain(self.store, self.name, LABEL)
        if self.preview:
            return
        now = int(time.time())
        with self.store.write():
            self.store.insert("domain", type=LABEL, name=self.name, owner=self.ctx.user, updateDate=now,
                              accessDate=now, options=LABELS.options.split()[0] + " " + reload,
                              description=f"Created by {self.ctx.user}.\n")
            self.store.many('INSERT INTO view (type, name, kind, seq, flag, "left") VALUES (?, ?, 0, ?, ?, ?)',
                            ((LABEL, self.name, seq, "", f"//{depot}/...")
                             for seq, depot in enumerate(own_depots(self.store))))

    def _view(self) -> Scope:
        """The files that the label may hold."""
        rows = view_rows(self.ctx, LABEL, self.name)
        if not rows:
            return EVERYTHING
        return of_view(ViewMap.of([(flag or "", left, left) for flag, left, _ in rows]))

    def held(self, paths: Scope) -> dict[str, int]:
        rows = self.store.all("SELECT depotFile, rev FROM label WHERE name = ? ORDER BY depotFile", self.name)
        return {path: rev for path, rev in rows if encode(path) in paths}

    def mirror(self, revs: Revs) -> None:
        """Makes the label what the client has."""
        paths = client_files(self.ctx).scope
        files = {rev.depotFile: rev.rev for rev in Query(self.ctx, paths, revs).highest()}
        gone = {path: 0 for path in self.held(EVERYTHING) if path not in files}
        if not self.change(gone | files):
            self.ctx.message(M.ExLABSYNC)

    def change(self, files: dict[str, int]) -> int:
        """Labels these revisions (0: takes the file out); how many that changed."""
        changes = list(self._changes(files))
        if not self.preview:
            with self.store.write():
                for path, rev, _ in changes:
                    self._write(path, 0 if files[path] == 0 else rev)
        for path, rev, action in changes if not self.quiet else ():
            self.ctx.result()
            self.ctx.emit([("depotFile", path), ("rev", rev), ("action", action)], ACTIONS[action],
                          depotFile=path, haveRev=f"#{rev}")
        return len(changes)

    def _changes(self, files: dict[str, int]) -> Iterator[tuple[str, int, str]]:
        held = self.held(EVERYTHING)
        for path, rev in sorted(files.items(), key=lambda item: encode(item[0])):
            if rev == 0 and path in held:
                yield path, held[path], "deleted"
            elif rev and encode(path) in self.view and held.get(path) != rev:
                yield path, rev, "updated" if path in held else "added"

    def _write(self, path: str, rev: int) -> None:
        if rev:
            self.store.insert("label", name=self.name, depotFile=path, rev=rev)
        else:
            self.store.execute("DELETE FROM label WHERE name = ? AND depotFile = ?", self.name, path)
