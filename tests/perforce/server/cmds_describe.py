"""describe: one changelist with its files, and with what it changed in them."""

from typing import Iterator

from . import changespec, encode, jobs
from .archive import ArchiveError
from .changespec import PENDING, STATUS, title
from .cmds_changes import indented
from .command import CommandError, Context, command
from .dates import format_time, parse_date
from .diff import diff
from .filequery import rev_text
from .listing import day
from .messages import M
from .openfiles import ADDS, COLUMNS_OPENED, MOVED_FROM, Opened, revision
from .options import Options
from .revquery import Bound, Query, Rev, Revs
from .scope import of_filter
from .store import Row, Store
from .transfer import content

DIFFED = ("edit", "integrate")


@command("describe", "a d. f I m# O s S", M.UseDescribe, minimum=1)
def describe(ctx: Context, opts: Options) -> None:
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    for text in opts.args:
        row = (changespec.by_identity(ctx.store, text) if "I" in opts else
               changespec.load(ctx.store, changespec.number_of(text), "O" in opts))
        if row is None:
            ctx.message(M.ExCHANGE, argc=text)
            continue
        Description(ctx, opts, row).show()


class Description:
    def __init__(self, ctx: Context, opts: Options, row: Row):
        self.ctx, self.store, self.opts, self.row = ctx, ctx.store, opts, row
        self.readable = "f" in opts or changespec.may_read(ctx, row)
        self.text = row.description if self.readable else changespec.HIDDEN
        self.shelved = "S" in opts
        self.jobs = self._jobs()

    def show(self) -> None:
        files = self._files() if self.readable else []
        if self.ctx.tagged:
            self.ctx.record([*self._head(), *self._job_pairs(), *self._file_pairs(files)])
        else:
            self._plain(files)
        if "s" not in self.opts and files and isinstance(files[0], Rev):
            self._differences(files)

    # what there is

    def _jobs(self) -> list[Row]:
        return list(self.store.objects("SELECT * FROM fix WHERE change = ? ORDER BY job", self.row.change))

    def _files(self) -> "list[Rev | Opened]":
        """Submitted, shelved or opened files, those the user may list, up to -m."""
        most = self.opts.number("m") or None
        number = self.row.change
        paths = of_filter(self.ctx.access.allowed("list"))
        if self.shelved:
            return list(Query(self.ctx, paths, Revs(shelf=number)).highest())[:most]
        if self.row.status == PENDING:
            sql = f"SELECT {COLUMNS_OPENED} FROM working WHERE change = ? ORDER BY depotFile"
            rows = self.store.all(sql, number)
            return [Opened(*row) for row in rows if encode(row[1]) in paths][:most]
        bound = Bound("change", number)
        return list(Query(self.ctx, paths, Revs(bound, bound)).highest())[:most]

    # tagged

    def _head(self) -> list[tuple[str, object]]:
        row = self.row
        return [("change", row.change), ("user", row.user), ("client", row.client), ("time", row.date),
                ("desc", self.text), ("status", STATUS[row.status]), ("changeType", row.type or "public"),
                ("path", row.path or None), ("oldChange", row.oldChange or None),
                ("shelved", True if row.shelved else None), ("stream", row.stream or None)]

    def _job_pairs(self) -> Iterator[tuple]:
        for n, fix in enumerate(self.jobs):
            values = jobs.load(self.store, fix.job) or {}
            yield from ((f"job{n}", fix.job), (f"jobstat{n}", values.get("Status", fix.status)))

    def _file_pairs(self, files: "list[Rev | Opened]") -> Iterator[tuple]:
        for n, file in enumerate(files):
            opened = isinstance(file, Opened)
            yield from ((f"depotFile{n}", file.depotFile), (f"action{n}", file.action),
                        (f"type{n}", file.type),
                        (f"rev{n}", (file.workRev if opened else file.rev) or "none"))
            if not opened and file.live:
                yield from ((f"fileSize{n}", file.size), (f"digest{n}", file.digest or None))
            if not opened and file.action == "move/add":
                yield from self._moved_from(n, file)

    def _moved_from(self, n: int, rev: Rev) -> Iterator[tuple]:
        found = self.store.row("SELECT fromFile, endFromRev FROM integed WHERE toFile = ? AND endToRev = ?"
                               " AND how = ?", rev.depotFile, rev.rev, MOVED_FROM)
        if found:
            yield from ((f"fromFile{n}", found[0]), (f"fromRev{n}", found[1]))

    # plain

    def _plain(self, files: "list[Rev | Opened]") -> None:
        row = self.row
        message = M.DescribeChangePending if row.status == PENDING else M.DescribeChange
        head = message.render({"change": title(row.change), "user": row.user, "client": row.client,
                               "date": format_time(row.date),
                               "description": indented(self.text)})
        parts = [head, "\n"]
        if self.jobs:
            parts += [M.DescribeFixed.render({}), "\n", *(_job_text(self.store, row) for row in self.jobs)]
        listing = M.DescribeShelved if self.shelved else M.DescribeAffected
        parts += [listing.render({}), "\n"]
        self.ctx.text("".join(parts))
        for file in files:
            rev = file.workRev if isinstance(file, Opened) else file.rev
            self.ctx.message(M.DescribeData, depotFile=file.depotFile, depotRev=rev_text(rev),
                             action=file.action)
        self.ctx.text("\n")

    # differences

    def _differences(self, files: list[Rev]) -> None:
        if not self.ctx.tagged:
            self.ctx.text(M.DescribeDifferences.render({}).lstrip("\n") + "\n")
        for rev in files:
            if rev.action in DIFFED:
                self._difference(rev)
            elif "a" in self.opts and rev.action in ADDS:
                self._content(rev)

    def _difference(self, rev: Rev) -> None:
        """A revision against the one before it; a shelved one against the one it was opened at."""
        before = revision(self.store, rev.depotFile, rev.rev if self.shelved else rev.rev - 1)
        if before is None or not before.live:
            return
        kinds = {"type": before.type, "type2": rev.type if rev.type != before.type else None}
        self.ctx.text(M.DescribeDiff.render({"depotFile": rev.depotFile, "depotRev": f"#{rev.rev}",
                                             **kinds}) + "\n")
        old, new = self._read(before), self._read(rev)
        if b"\0" in old + new or rev.type.partition("+")[0].endswith("binary"):
            self.ctx.text(M.Diff2Differ.render({}) + "\n")
        else:
            self.ctx.text(diff(old, new, "".join(self.opts.all("d"))))

    def _content(self, rev: Rev) -> None:
        """-a: what was added, as it is."""
        self.ctx.text(M.DescribeDiff.render({"depotFile": rev.depotFile, "depotRev": f"#{rev.rev}",
                                             "type": rev.type}) + "\n")
        data = self._read(rev)
        if b"\0" not in data:
            self.ctx.text(data)

    def _read(self, rev: Rev) -> bytes:
        try:
            return content(self.ctx, rev, False)
        except ArchiveError as error:
            raise CommandError(M.LbrOpenFail(lbrFile=rev.lbrFile, lbrRev=rev.lbrRev)) from error


def _job_text(store: Store, fix: Row) -> str:
    """A job under the change that fixes it: as it is now."""
    values = jobs.load(store, fix.job) or {}
    found = {"job": fix.job, "date": day(parse_date(values["Date"]) if values else fix.date),
             "user": values.get("User", fix.user), "status": values.get("Status", fix.status)}
    text = indented(values.get("Description", ""))
    return M.JobDescription.render(found | {"description": text}) + "\n"
