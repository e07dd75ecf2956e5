"""sync and flush: bringing a client to the revisions its view and the arguments ask for.

plan() compares what is wanted with what the client has and yields one Step per file that differs; the steps
are then carried out, pipelined, and a file is recorded as synced only when the client has confirmed it.
"""

import sys
import time
from collections import deque
from typing import Iterator, NamedTuple

from . import encode, openfiles, scope
from .changespec import SUBMITTED, title
from .command import Context, command
from .filequery import ClientFiles, FileArg, client_files, parse_all
from .messages import M
from .openfiles import Opened
from .options import Options
from .revquery import Rev
from .transfer import Outbox
from .wildcard import pattern
from .workspace import local_digest

MESSAGES = {"added": M.SyncAdd, "updated": M.SyncUpdate, "refreshed": M.SyncRefresh,
            "replaced": M.SyncReplace,
            "deleted": M.SyncDelete}
UNSAFE = {"added": M.SyncNotSafeAdd, "updated": M.SyncNotSafeUpdate, "refreshed": M.SyncNotSafeUpdate,
          "replaced": M.SyncNotSafeReplace, "deleted": M.SyncNotSafeDelete}


class Have(NamedTuple):
    depotFile: str
    clientFile: str
    rev: int


class Step(NamedTuple):
    """One file to change: rev None for a deletion; old is the place the client has it at."""
    action: str
    depotFile: str
    clientFile: str
    rev: Rev | None
    have: Have | None


WORDS = "E f K k L m# n N p q r s --parallel: --use-stream-change:"


@command("sync", WORDS, M.UseSync, aliases=("update", "get"))
def sync(ctx: Context, opts: Options) -> None:
    Sync(ctx, opts).run()


@command("flush", WORDS, M.UseSync)
def flush(ctx: Context, opts: Options) -> None:
    opts.add("k", "")
    Sync(ctx, opts).run()


class Sync:
    def __init__(self, ctx: Context, opts: Options):
        self.ctx, self.store, self.opts = ctx, ctx.store, opts
        self.files: ClientFiles = client_files(ctx)
        client_options = set((self.files.client.options or "").split())
        self.force, self.preview = "f" in opts, bool({"n", "N"} & opts.values.keys())
        self.metadata_only, self.publish, self.quiet = "k" in opts, "p" in opts, "q" in opts
        self.safe = "s" in opts or ctx.name == "update" or {"allwrite", "noclobber"} <= client_options
        self.outbox = Outbox(ctx, self.files, clobber=self.force)
        self.opened = {row.depotFile: row
                       for row in openfiles.of_client(ctx.store, ctx.client_name, scope.EVERYTHING)}
        self.recorded: list[tuple] = []
        self.places: set[str] = set()       # where this command puts files
        self.most = opts.number("m") or sys.maxsize      # files to look at: those that are up to date count

    def run(self) -> None:
        default = self.files.root.prefix + "..."
        for arg in parse_all(self.ctx, self.opts.args, through_client=True, default=default):
            self._check_changes(arg)
            self._argument(arg)
        self.outbox.finish()
        self._record()

    def _check_changes(self, arg: FileArg) -> None:
        """-E: a change in the arguments must be a submitted one."""
        for bound in (arg.revs.low, arg.revs.high) if "E" in self.opts else ():
            if bound is not None and bound.kind == "change" and not self.store.value(
                    "SELECT 1 FROM change WHERE change = ? AND status = ?", bound.value, SUBMITTED):
                self.ctx.fail(M.NoSuchChange, change=title(bound.value))

    def _argument(self, arg: FileArg) -> None:
        steps, seen, within = [], 0, 0
        for depot_file, rev, have in self._pairs(arg):
            seen += 1
            step = self._step(arg, depot_file, rev, have)
            if step is not None and not self._is_left_alone(step):
                steps.append(step)
            within = len(steps) if seen <= self.most else within
        if not steps:
            self._nothing(arg, seen)
        self._carry_out(*self._replacing(steps, within))

    def _nothing(self, arg: FileArg, seen: int) -> None:
        if seen or arg.text is None:
            self.ctx.message(M.ExUPTODATE, argc=arg.text)
        else:
            arg.warn_empty("read")

    # what differs

    def _pairs(self, arg: FileArg) -> Iterator[tuple[str, Rev | None, Have | None]]:
        """(file, wanted revision, had revision) in the order of paths."""
        haves = self._haves(arg)
        for rev in arg.query("read").highest():
            key = encode(rev.depotFile)
            while haves and haves[0][0] < key:
                yield self._gone(haves.popleft())
            have = haves.popleft()[1] if haves and haves[0][0] == key else None
            yield rev.depotFile, rev, have
        while haves:
            yield self._gone(haves.popleft())

    @staticmethod
    def _gone(item: tuple[bytes, Have]) -> tuple[str, None, Have]:
        return item[1].depotFile, None, item[1]

    def _haves(self, arg: FileArg) -> deque[tuple[bytes, Have]]:
        """The client's files in an argument, also those its view has lost: by their client path, or their
        depot path where the argument is one."""
        shape, found = pattern(arg.path, self.files.view.fold), deque()
        for row in self.store.rows("SELECT depotFile, clientFile, rev FROM have WHERE client = ? ORDER BY"
                                   " depotFile", self.ctx.client_name):
            self.ctx.scanned()
            if shape.match(row[1] if arg.is_client else row[0]):
                found.append((encode(row[0]), Have(*row)))
        return found

    def _step(self, arg: FileArg, depot_file: str, rev: Rev | None, have: Have | None) -> Step | None:
        place = self.files.client_file(depot_file)
        if rev is None and have is not None and place is not None and arg.revs.low is not None:
            return None                     # a range leaves alone what has no revision in it
        if rev is None or not rev.live or place is None:
            return Step("deleted", depot_file, have.clientFile, rev, have) if have is not None else None
        if have is None:
            return Step("added", depot_file, place, rev, None)
        if have.clientFile != place:
            return Step("replaced", depot_file, place, rev, have)
        if have.rev != rev.rev:
            return Step("updated", depot_file, place, rev, have)
        return Step("refreshed", depot_file, place, rev, have) if self.force else None

    # places that change hands

    def _replacing(self, steps: list[Step], count: int) -> tuple[list[Step], int]:
        """The steps, with one of a file that comes to where the client has another one, which its view has lost: it
        replaces that.  An opened one stays where it is."""
        holders = self._holders({step.clientFile for step in steps if step.action == "added"})
        if not holders:
            return steps, count
        made, within = [], 0
        for number, step in enumerate(steps):
            holder = holders.get(step.clientFile)
            if holder is not None and step.action == "added":
                kept = holder.depotFile in self.opened
                step = None if kept else step._replace(action="replaced", have=holder)
            elif holder is not None and step.action == "deleted" and step.depotFile not in self.opened:
                step = None
            if step is not None:
                made.append(step)
                within += number < count
        return made, within

    def _holders(self, places: set[str]) -> dict[str, Have]:
        """What the client has at these places of files that its view does not map any more."""
        if not places:
            return {}
        rows = self.store.rows("SELECT depotFile, clientFile, rev FROM have WHERE client = ?", self.ctx.client_name)
        return {row[1]: Have(*row) for row in rows
                if row[1] in places and self.files.client_file(row[0]) is None}

    # opened files

    def _is_left_alone(self, step: Step) -> bool:
        """An opened file that is where it should be, even with -f."""
        return step.action == "refreshed" and step.depotFile in self.opened

    def _kept(self, step: Step) -> bool:
        """True (and said so) for a file that is open, or with -p had: it is never written over."""
        row = self.opened.get(step.depotFile)
        if self.publish and (row is not None or step.have is not None):
            message = M.SyncCantPublishIsOpen if row is not None else M.SyncCantPublishOnHave
            self.ctx.message(message, depotFile=step.depotFile)
            return True
        if row is not None:
            self._opened(row, step)
        return row is not None

    def _opened(self, row: Opened, step: Step) -> None:
        facts = {"depotFile": row.depotFile, "workRev": f"#{row.workRev}", "action": row.action}
        if step.action == "deleted":
            self.ctx.message(M.SyncCantDelete, **facts)
        elif row.haveRev == 0:
            self.ctx.message(M.SyncCantReplace, **facts)
        elif step.rev.rev < row.workRev:
            self.ctx.message(M.SyncIntegBackwards, **facts)
        elif row.action in openfiles.DELETES:
            self.ctx.message(M.SyncIntegDelete, **facts)
            self._advance(row, step, resolve=False)
        else:
            self.ctx.message(M.SyncIntegUpdate, **(facts | {"workRev": f"#{step.rev.rev}"}))
            first = row.haveRev + 1
            span = f"#{first},#{step.rev.rev}" if first < step.rev.rev else f"#{step.rev.rev}"
            self.ctx.message(M.SyncResolve, depotFile=row.depotFile, revRange=span)
            self._advance(row, step, resolve=True)

    def _advance(self, row: Opened, step: Step, resolve: bool) -> None:
        """Moves an opened file to a newer revision and schedules the resolve with what it was based on."""
        if self.preview:
            return
        with self.store.write():
            openfiles.put(self.store, row._replace(haveRev=step.rev.rev, workRev=step.rev.rev))
            self._write_have(row.depotFile, row.clientFile, step.rev)
            if resolve:
                openfiles.schedule(self.store, row, row.depotFile, row.haveRev, step.rev.rev, row.haveRev)

    # carrying out

    def _carry_out(self, steps: list[Step], count: int) -> None:
        free = [step for step in steps if step.depotFile not in self.opened]
        total = [("totalFileSize", sum(step.rev.size or 0 for step in free if step.action != "deleted")),
                 ("totalFileCount", len(free)), ("change", self._newest(free))]
        self.places = {step.clientFile for step in steps[:count] if step.action != "deleted"}
        for step in steps[:count]:
            if self._kept(step):
                continue
            self._say(step, total)
            total = []
            if self.preview:
                continue
            if self.metadata_only:
                self._note(step)
            elif not (self.safe and not self.force and self._modified(step)):
                self._transfer(step)
        self.outbox.finish()
        self._record()

    def _newest(self, steps: list[Step]) -> int | None:
        return max((step.rev.change for step in steps if step.rev is not None), default=None)

    def _say(self, step: Step, total: list[tuple]) -> None:
        self.ctx.result()
        if self.quiet:
            return
        local = self.files.local(step.clientFile)
        rev = step.have.rev if step.action == "deleted" else step.rev.rev
        size = ("fileSize", step.rev.size) if step.action != "deleted" else ("fileSize", None)
        self.ctx.emit([("depotFile", step.depotFile), ("clientFile", local), ("rev", rev),
                       ("action", step.action), size,
                       *total], MESSAGES[step.action], depotFile=step.depotFile, depotRev=f"#{rev}",
                      haveRev=f"#{rev}",
                      localPath=local)

    def _modified(self, step: Step) -> bool:
        """True (and said so) if the workspace file is not what was synced last."""
        place = step.have.clientFile if step.have else step.clientFile
        base = openfiles.revision(self.store, step.have.depotFile, step.have.rev) if step.have else None
        found = local_digest(self.ctx, self.files, place, base.type if base else step.rev.type)
        if found == "" or (base is not None and found == base.digest):
            return False
        if step.action != "deleted" and found == step.rev.digest:
            return False
        rev = step.have.rev if step.action == "deleted" else step.rev.rev
        self.ctx.message(UNSAFE[step.action], depotFile=step.depotFile, depotRev=f"#{rev}",
                         localPath=self.files.local(place))
        return True

    def _transfer(self, step: Step) -> None:
        def done() -> None:
            self._note(step)
        if step.action == "deleted":
            self.outbox.remove(self.files.local(step.clientFile), done)
            return
        if step.action == "replaced" and step.have.clientFile not in self.places:
            self.outbox.remove(self.files.local(step.have.clientFile), lambda: None)
        self.outbox.put(step.rev, self.files.local(step.clientFile), done, expand="K" not in self.opts)

    def _note(self, step: Step) -> None:
        """Remembers that a file is where it should be; written in batches."""
        if self.publish:
            return
        self.recorded.append(step)
        if len(self.recorded) >= 1000:
            self._record()

    def _record(self) -> None:
        if not self.recorded:
            return
        with self.store.write():
            for step in self.recorded:
                if step.have is not None and (step.action == "deleted" or step.have.depotFile != step.depotFile):
                    self.store.execute("DELETE FROM have WHERE client = ? AND depotFile = ?",
                                       self.ctx.client_name, step.have.depotFile)
                if step.action != "deleted":
                    self._write_have(step.depotFile, step.clientFile, step.rev)
        self.recorded = []

    def _write_have(self, depot_file: str, client_file: str, rev: Rev) -> None:
        self.store.insert("have", client=self.ctx.client_name, depotFile=depot_file, clientFile=client_file,
                          rev=rev.rev,
                          type=rev.type, time=int(time.time()))
