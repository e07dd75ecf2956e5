"""Carrying out what integ_plan decided: telling it, bringing the files into the workspace, and opening them.

Files are sent pipelined; a file is open as soon as the client has confirmed it, so one that it refused (a
writable file in the way) stays as it was.  Rows are written in portions.
"""

import time

from . import integ_plan, integ_rows, openfiles
from .command import Context
from .filequery import client_files
from .integ_files import Step
from .integ_rows import Record, span
from .messages import Bound, M
from .openfiles import ADDS, DELETES, Opened
from .options import Options
from .revquery import Rev
from .transfer import Outbox

PORTION = 500
FLAGS = {"content": "c", "branch": "b", "delete": "d", "filetype": "t", "move": "m"}
HAVE = ("INSERT OR REPLACE INTO have (client, depotFile, clientFile, rev, type, time)"
        " VALUES (?, ?, ?, ?, ?, ?)")
WORKING = (f"INSERT OR REPLACE INTO working ({openfiles.COLUMNS_OPENED}) VALUES"
           f" ({', '.join('?' * len(Opened._fields))})")


class Opener:
    """options: -c -n -q -v -h -K -O."""

    def __init__(self, ctx: Context, opts: Options, shows_resolves: bool = False):
        self.ctx, self.store = ctx, ctx.store
        self.files = client_files(ctx)
        self.change = openfiles.pending_change(ctx, opts.get("c"))
        self.has_change = "c" in opts
        self.preview, self.quiet, self.virtual = "n" in opts, "q" in opts, "v" in opts
        self.expand = "K" not in opts
        shown = "".join(opts.all("O"))
        self.shows_base = "b" in shown or "o" in opts
        self.shows_resolves = shows_resolves or "r" in shown
        self.takes_type = "t" in opts
        self.outbox = Outbox(ctx, self.files)
        self.rows: list[tuple[Opened, list[Record], Rev | None]] = []
        self.count = 0
        self.made: dict[str, Opened] = {}

    def open(self, step: Step) -> bool:
        """Opens the target of a step, or tells why not; whether it is (or would be) open."""
        step = self._again(step)
        refusal = step.refusal or self._elsewhere(step.opened)
        if refusal is not None:
            self.ctx.message(refusal)
            return False
        self.ctx.limits.opened()
        self.count += 1
        self.made[step.target] = self._row(step)
        self._tell(step)
        if not self.preview:
            self._carry_out(step)
        return True

    def _again(self, step: Step) -> Step:
        """A second source for what this command has opened already: one more resolve, where both are
        merged."""
        row = self.made.get(step.target)
        if row is None or step.refusal is not None:
            return step
        if row.action == step.action == "integrate":
            return step._replace(opened=row)
        return step._replace(refusal=M.IntegBadAction(depotFile=step.target, action=step.action,
                                                      badAction=row.action))

    def _elsewhere(self, row: Opened | None) -> Bound | None:
        """A file that is open in another change than that of -c."""
        if row is None or not self.has_change or row.change == self.change:
            return None
        return M.OpenBadChange(depotFile=row.depotFile, change=row.change_text)

    def finish(self) -> None:
        self.outbox.finish()
        self._write()

    # telling

    def is_pending(self, step: Step) -> bool:
        return any(want.how is None for want in step.wants)

    def needs_sync(self, step: Step) -> bool:
        """Whether the client gets the target's revision first."""
        if step.opened is not None or step.yours is None:
            return False
        return step.have != step.yours.rev

    def _tell(self, step: Step) -> None:
        self.ctx.result()
        if self.quiet:
            return
        work_rev = step.opened.workRev if step.opened else step.yours.rev if step.yours else step.next_rev
        if self.ctx.tagged:
            self.ctx.record(self._pairs(step, work_rev))
        else:
            self._message(step, work_rev)
            for want in step.wants if self.shows_resolves else ():
                self._tell_resolve(want)
        self._notes(step)

    def _other(self, step: Step) -> str | None:
        """The second action of the pair: sync, where the workspace gets a file."""
        if step.action in ADDS or self._is_copied(step):
            return None if self.virtual or self.is_pending(step) else "sync"
        return "sync" if self.needs_sync(step) else None

    @staticmethod
    def _is_copied(step: Step) -> bool:
        """Whether the workspace gets the source's content in the place of the target's."""
        return any(want.how == integ_rows.COPY_FROM for want in step.wants)

    def _pairs(self, step: Step, work_rev: int) -> list[tuple[str, object]]:
        base = step.base if self.shows_base else None
        pairs = [("depotFile", step.target),
                 ("clientFile", self.files.local(self.files.client_file(step.target))),
                 ("workRev", work_rev), ("action", step.action), ("otherAction", self._other(step)),
                 ("fromFile", step.source.depotFile), ("startFromRev", step.start or "none"),
                 ("endFromRev", step.end or "none"), ("baseFile", base and base[0]),
                 ("baseRev", base and base[1]),
                 ("remappedFrom", step.remapped)]
        shown = [want for want in step.wants if want.how is None] if self.shows_resolves else []
        for number, want in enumerate(shown):
            pairs += [(f"resolveType{number}", want.type), (f"resolveFlag{number}", FLAGS[want.type]),
                      (f"resolveFromFile{number}", want.from_file)]
            if want.base and want.type != integ_rows.MOVE:
                pairs += [(f"resolveBaseFile{number}", want.base[0]), (f"resolveBaseRev{number}",
                                                                       want.base[1])]
        return pairs

    def _message(self, step: Step, work_rev: int) -> None:
        sync, base = self._other(step), step.base if self.shows_base else None
        facts = {"depotFile": step.target, "workRev": f"#{work_rev}", "action": step.action,
                 "fromFile": step.source.depotFile, "fromRev": span(step.start, step.end) if step.end
                 else "#none"}
        if step.action in ADDS:
            message = M.IntegSyncBranch if sync else M.IntegOpenOkay
        elif step.action in DELETES:
            message = M.IntegSyncDelete if sync else M.IntegOpenOkay
        else:
            message = M.IntegSyncIntegBase if sync else M.IntegOpenOkayBase
            facts |= {"baseFile": base and base[0], "baseRev": base and f"#{base[1]}",
                      "remappedFrom": step.remapped}
        self.ctx.message(message, **facts)

    def _tell_resolve(self, want) -> None:
        if want.how is not None:
            return
        base_file, base_rev = want.base or (None, None)
        if want.type == integ_rows.MOVE:
            self.ctx.message(M.IntegPreviewResolveMove, fromFile=want.from_file, baseFile=base_file)
        else:
            self.ctx.message(M.IntegPreviewResolve, resolveType=want.type, fromFile=want.from_file,
                             fromRev=span(want.start, want.end), baseFile=base_file,
                             baseRev=base_rev and f"#{base_rev}")

    def _notes(self, step: Step) -> None:
        """What stands in the way of submitting it, and who else is at it."""
        if step.opened is not None:
            return
        warning = openfiles.stream_rules(self.ctx).warning(step.target)
        if warning is not None:
            self.ctx.message(warning)
        openfiles.also_opened(self.ctx, step.target, step.others)

    # doing

    def _carry_out(self, step: Step) -> None:
        row = self.made[step.target]
        records = [integ_plan.record(want, step, step.target, row.client, row.change) for want in step.wants]
        local = self.files.local(row.clientFile)
        synced = step.yours if self.needs_sync(step) and not row.virtual else None

        def done() -> None:
            self._done(row, records, synced)
        if step.opened is not None or row.virtual or step.action == "branch" and self.is_pending(step):
            done()
        elif step.action in DELETES:
            self.outbox.remove(local, done)
        elif step.action in ADDS or self._is_copied(step):
            self.outbox.put(step.source, local, done, expand=self.expand)
        elif synced is not None:
            self.outbox.put(step.yours, local, done, expand=self.expand)
        else:
            done()

    def _row(self, step: Step) -> Opened:
        """The working row that a step leaves."""
        if step.opened is not None:
            return self._row_again(step)
        rev = step.yours.rev if step.yours else 0
        copied = step.action in ADDS or self._is_copied(step)
        kind = step.source.type if step.yours is None or copied or self.takes_type else step.yours.type
        virtual = int(self.virtual and not (step.action == "integrate" and self.is_pending(step)))
        return Opened(self.ctx.client_name, step.target, self.files.client_file(step.target), self.ctx.user,
                      rev,
                      rev or step.next_rev, kind, step.action, self.change, 0, 0,
                      step.source.digest if copied else None, None, step.moved, virtual)

    def _row_again(self, step: Step) -> Opened:
        kind = step.source.type if self.takes_type else step.opened.type
        return step.opened._replace(type=kind)

    def _done(self, row: Opened, records: list[Record], synced: Rev | None) -> None:
        self.rows.append((row, records, synced))
        if len(self.rows) >= PORTION:
            self._write()

    def _write(self) -> None:
        rows, self.rows = self.rows, []
        now = int(time.time())
        if not rows:
            return
        with self.store.write():
            self.store.many(WORKING, (row for row, _, _ in rows))
            integ_rows.put(self.store, *(record for _, records, _ in rows for record in records))
            self.store.many(HAVE, ((row.client, row.depotFile, row.clientFile, synced.rev, synced.type, now)
                                   for row, _, synced in rows if synced is not None))
