"""revert: takes back what was opened.

The client is put right first and the rows are dropped as the answers come, so a workspace that refuses a
file keeps it open.
"""

from . import openfiles
from .command import Context, command
from .filequery import client_files, parse_all
from .messages import M
from .openfiles import ADDS, Opened
from .options import Options, UsageError
from .scope import EVERYTHING
from .transfer import Outbox
from .workspace import local_digest

# (what happened, was it locked) -> message
LINES = {("reverted", 0): M.ReleaseRevert, ("abandoned", 0): M.ReleaseAbandon,
         ("deleted", 0): M.ReleaseDelete,
         ("cleared", 0): M.ReleaseClear, ("reverted", 1): M.ReleaseUnlockRevert,
         ("abandoned", 1): M.ReleaseUnlockAbandon, ("deleted", 1): M.ReleaseUnlockDelete,
         ("cleared", 1): M.ReleaseUnlockClear}


@command("revert", "a c: C: k K n S. w --remote:", M.UseRelease, level="open")
def revert(ctx: Context, opts: Options) -> None:
    if not opts.args and not {"a", "S"} & opts.values.keys():
        raise UsageError(M.UseRelease())
    if "C" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    release = Release(ctx, opts)
    for arg in parse_all(ctx, opts.args) if opts.args else (None,):
        rows = openfiles.of_client(ctx.store, opts.get("C", ctx.client_name),
                                   arg.scope if arg else EVERYTHING,
                                   release.change)
        if not rows:
            ctx.message(release.nothing, argc=arg.text if arg else None)
        named = {row.depotFile for row in rows}
        for row in rows:
            # the old half of a move goes with the new one
            if row.action != "move/delete" or row.movedFile not in named:
                release.one(row)
    release.finish()


class Release:
    def __init__(self, ctx: Context, opts: Options):
        self.ctx, self.store = ctx, ctx.store
        self.preview, self.unchanged, self.wipe = "n" in opts, "a" in opts, "w" in opts
        self.keep, self.foreign = "k" in opts or "C" in opts, "C" in opts
        self.change = self._change(opts)
        self.files = client_files(ctx) if not self.foreign else None
        self.outbox = Outbox(ctx, self.files, clobber=True) if not self.foreign else None
        in_change = M.ExOPENCHANGE if self.change else M.ExOPENDFLT
        self.nothing = M.ExOPENCLIENT if self.change is None else in_change

    def _change(self, opts: Options) -> int | None:
        if "c" not in opts:
            return None
        return 0 if opts["c"] == "default" else int(opts["c"]) if opts["c"].isdigit() else -1

    def finish(self) -> None:
        if self.outbox:
            self.outbox.finish()

    def one(self, row: Opened) -> None:
        if row.user != self.ctx.user and not self.foreign:
            self.ctx.message(M.ReleaseNotOwner, depotFile=row.depotFile, haveRev=self._rev(row),
                             user=row.user)
        elif row.action == "move/delete" and openfiles.own(self.store, row.client, row.movedFile or ""):
            self.ctx.message(M.ReleaseHasMoved, depotFile=row.depotFile, haveRev=self._rev(row))
        elif not self.unchanged or self._is_unchanged(row):
            self._release(row)

    def _is_unchanged(self, row: Opened) -> bool:
        if openfiles.resolves(self.store, row.client, row.depotFile):
            self.ctx.message(M.ReleaseHasPending, depotFile=row.depotFile, haveRev=self._rev(row))
            return False
        if row.action not in ("edit", "integrate", "add"):
            return False
        found = local_digest(self.ctx, self.files, row.clientFile, row.type)
        base = openfiles.revision(self.store, row.depotFile, row.haveRev)
        return found == "" or (base is not None and found == base.digest and base.type == row.type)

    @staticmethod
    def _rev(row: Opened) -> str:
        return f"#{row.haveRev}" if row.haveRev else "#none" if row.action in ADDS else ""

    def _release(self, row: Opened) -> None:
        source = openfiles.own(self.store, row.client, row.movedFile) if row.movedFile else None
        if source is not None and row.action == "move/add":
            self._undo_move(row, source)
            return
        how = self._how(row)
        self._say(row, how)
        if self.preview:
            return
        done = self._dropper(row)
        if row.virtual:                     # the workspace has nothing of it
            done()
        elif how == "reverted":
            self._restore(row, done)
        elif how == "deleted":
            self.outbox.remove(self.files.local(row.clientFile), done)
        else:
            done()

    def _undo_move(self, row: Opened, source: Opened) -> None:
        self._say(row, "cleared" if self.keep else "deleted")
        self._say(source, "cleared" if self.keep else "reverted")
        if self.preview:
            return
        if self.keep:
            self._dropper(row)()
            self._dropper(source)()
            return
        self.outbox.remove(self.files.local(row.clientFile), self._dropper(row))
        self._restore(source, self._dropper(source))

    def _how(self, row: Opened) -> str:
        """What becomes of the workspace file."""
        if self.keep:
            return "cleared"
        if row.haveRev:
            return "reverted"
        if row.action == "add" and not self.wipe:
            return "abandoned"
        return "deleted" if row.action in ADDS else "cleared"

    def _restore(self, row: Opened, done) -> None:
        base = openfiles.revision(self.store, row.depotFile, row.haveRev)
        if base is not None and base.live:
            self.outbox.put(base, self.files.local(row.clientFile), done)
        else:
            self.outbox.remove(self.files.local(row.clientFile), done)

    def _dropper(self, row: Opened):
        def drop() -> None:
            with self.store.write():
                openfiles.drop(self.store, row)
        return drop

    def _say(self, row: Opened, how: str) -> None:
        self.ctx.result()
        local = self.files.local(row.clientFile) if self.files else row.clientFile
        self.ctx.emit([("depotFile", row.depotFile), ("clientFile", local),
                       ("haveRev", row.haveRev or "none"),
                       ("oldAction", row.action), ("action", how)],
                      LINES[how, 1 if row.locked else 0], depotFile=row.depotFile, haveRev=self._rev(row),
                      action=row.action)
