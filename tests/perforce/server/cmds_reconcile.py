"""reconcile, status and clean: what was done in a workspace without telling the server, opened, shown or
taken back.

survey() compares what the client has with what is there; what is done about each finding is in FOUND.
"""

import posixpath
from collections import Counter
from typing import Iterator, NamedTuple

from . import encode, filetype, openfiles
from .archive import ArchiveError
from .command import Context, command
from .filequery import FileArg, client_files, parse_all
from .filetype import FileType
from .messages import M
from .openfiles import Opened, is_absent
from .options import Options, UsageError
from .revquery import Rev
from .transfer import Outbox, content, fetch, set_writable
from .wildcard import encode_path, has_wildcards, pattern
from .workspace import Local, listing, look, unopened

ADD, EDIT, DELETE = "add", "edit", "delete"
SPECIAL = "@#%*"
SIMILAR = 0.5               # of the lines of the larger file
MOST_PAIRS = 100            # files compared for moves


class Finding(NamedTuple):
    """One difference.  rev: what the client has; opened: the row of a file that is open for something else;
    moved: the depot path an added file was moved from, or a missing one to."""
    action: str
    depotFile: str
    clientFile: str
    type: str
    rev: Rev | None = None
    opened: Opened | None = None
    moved: str | None = None


@command("reconcile", "a c: d e f I k K l m n t w", M.UseReconcile, level="list", aliases=("rec",))
def reconcile(ctx: Context, opts: Options) -> None:
    Reconciliation(ctx, opts).run()


@command("status", "A a c: d e f I k m s", M.UseStatus, level="list")
def status(ctx: Context, opts: Options) -> None:
    if "A" in opts and {"a", "d", "e", "s"} & opts.values.keys():
        raise UsageError(M.UseStatus())
    Reconciliation(ctx, opts, preview="A" not in opts, as_local=True,
                   shows_opened=not {"A", "a", "d", "e"} & opts.values.keys()).run()


@command("clean", "a d e I K l m n", M.UseClean, level="list")
def clean(ctx: Context, opts: Options) -> None:
    opts.add("w", "")
    Reconciliation(ctx, opts).run()


class Reconciliation:
    def __init__(self, ctx: Context, opts: Options, preview: bool = False, as_local: bool = False,
                 shows_opened: bool = False):
        self.ctx, self.store, self.opts = ctx, ctx.store, opts
        self.files = client_files(ctx)
        self.preview, self.as_local = preview or "n" in opts, as_local or "l" in opts
        self.shows_opened, self.restores, self.flushes = shows_opened, "w" in opts, "k" in opts
        limited = {name for name, letter in ((ADD, "a"), (EDIT, "e"), (DELETE, "d")) if letter in opts}
        self.actions = limited or {ADD, EDIT, DELETE}
        self.change = openfiles.pending_change(ctx, opts.get("c"))
        self.outbox = Outbox(ctx, self.files, clobber=True)

    def run(self) -> None:
        default = self.files.root.client_file(self.ctx.cwd) + "/..."
        for arg in parse_all(self.ctx, self.opts.args, through_client=True, default=default,
                             revisions=False):
            found = self._flush(arg) if self.flushes else self._argument(arg)
            if not found:
                self.ctx.message(M.ExTORECONCILE, argc=arg.text)
        self.outbox.finish()

    def _argument(self, arg: FileArg) -> int:
        opened = openfiles.of_client(self.store, self.ctx.client_name, arg.allowed("list"))
        findings = self._with_moves(list(Survey(self, arg, opened).findings()))
        for finding in findings:
            self.ctx.check()
            if not self.restores and self._refused(finding):
                continue
            self._tell(finding)
            if not self.preview:
                (self._restore if self.restores else self._open)(finding)
        shown = [row for row in opened if self.shows_opened]
        for row in shown:
            self._tell_opened(row)
        return len(findings) + len(shown)

    # telling

    def _name(self, client_file: str) -> str:
        local = self.files.local(client_file)
        return posixpath.relpath(local, self.ctx.cwd) if self.ctx.cwd else local

    def _tell(self, finding: Finding) -> None:
        self.ctx.result()
        local, rev = self.files.local(finding.clientFile), self._work_rev(finding)
        action = finding.action if finding.moved is None else f"move/{finding.action}"
        if self.restores:
            self._tell_restored(finding, local)
            return
        pairs = [("depotFile", finding.depotFile), ("clientFile", local),
                 ("localFile", self._name(finding.clientFile) if self.as_local else None), ("workRev", rev),
                 ("action", action), ("type", finding.type)]
        if self.as_local:
            self.ctx.emit(pairs, M.StatusSuccess, localfile=self._name(finding.clientFile), action=action,
                          depotFile=finding.depotFile, workRev=f"#{rev}")
        else:
            self.ctx.emit(pairs, M.OpenSuccess, depotFile=finding.depotFile, workRev=f"#{rev}",
                          action=action)
        openfiles.also_opened(self.ctx, finding.depotFile)

    def _work_rev(self, finding: Finding) -> int:
        if finding.rev is not None:
            return finding.rev.rev
        return self.store.value("SELECT rev FROM head WHERE depotFile = ?", finding.depotFile, default=0) + 1

    def _tell_restored(self, finding: Finding, local: str) -> None:
        action = {ADD: "deleted", EDIT: "refreshed", DELETE: "added"}[finding.action]
        message = {ADD: M.SyncDelete, EDIT: M.SyncRefresh, DELETE: M.SyncAdd}[finding.action]
        rev = finding.rev.rev if finding.rev else None
        self.ctx.emit([("depotFile", finding.depotFile), ("clientFile", local), ("rev", rev or "none"),
                       ("action", action)], message, depotFile=finding.depotFile, localPath=local,
                      depotRev=f"#{rev or 'none'}", haveRev=f"#{rev or 'none'}")

    def _tell_opened(self, row: Opened) -> None:
        self.ctx.result()
        local, rev = self._name(row.clientFile), row.workRev or 1
        self.ctx.emit([("depotFile", row.depotFile), ("clientFile", self.files.local(row.clientFile)),
                       ("localFile", local), ("workRev", rev), ("action", row.action),
                       ("change", row.change or "default"), ("type", row.type)], M.StatusOpened,
                      localfile=local, change=row.change or "default", action=row.action,
                      depotFile=row.depotFile, workRev=f"#{rev}")

    def _refused(self, finding: Finding) -> bool:
        """Whether (and said why) a file cannot be opened."""
        facts = finding.depotFile, finding.clientFile, finding.action
        return openfiles.refuse_read_only(self.ctx, self.files, *facts) or openfiles.refuse_exclusive(
            self.ctx, finding.depotFile, finding.type, finding.action)

    # doing

    def _open(self, finding: Finding) -> None:
        rev = finding.rev.rev if finding.rev else 0
        row = finding.opened
        if row is None:
            row = unopened(self.ctx, finding.depotFile, finding.clientFile, rev, finding.type)
            row = row._replace(change=self.change, workRev=self._work_rev(finding))
        row = row._replace(action=finding.action, digest=None, type=finding.type, movedFile=None)
        with self.store.write():
            if finding.action == ADD and finding.moved:
                row = self._moved_row(row, finding.moved)
            openfiles.put(self.store, row)
        if finding.action != DELETE:
            set_writable(self.ctx, self.files.local(finding.clientFile), finding.type)

    def _moved_row(self, row: Opened, source: str) -> Opened:
        """The row of a moved file; the row of its source, which is open for delete by now, is made to
        match."""
        deleted = openfiles.own(self.store, row.client, source)
        if deleted is None:
            return row
        openfiles.put(self.store, deleted._replace(action="move/delete", movedFile=row.depotFile))
        return row._replace(action="move/add", movedFile=source)

    def _restore(self, finding: Finding) -> None:
        local = self.files.local(finding.clientFile)
        if finding.action == ADD:
            self.outbox.remove(local, lambda: None)
        else:
            self.outbox.put(finding.rev, local, lambda: None, expand="K" not in self.opts)

    # moves

    def _with_moves(self, findings: list[Finding]) -> list[Finding]:
        """Pairs what is missing with new files of the same or similar content; deletions come first then."""
        gone = [finding for finding in findings if finding.action == DELETE and finding.opened is None]
        new = [finding for finding in findings if finding.action == ADD]
        if not gone or not new or self.restores or len(gone) > MOST_PAIRS or len(new) > MOST_PAIRS:
            return findings
        moves = self._moves(gone, new)
        targets = {source: target for target, source in moves.items()}
        both = moves | targets
        moved = [finding._replace(moved=both.get(finding.depotFile)) for finding in findings]
        return sorted(moved, key=lambda finding: finding.depotFile not in targets)

    def _moves(self, gone: list[Finding], new: list[Finding]) -> dict[str, str]:
        """(new depot path: old one) of the files that were moved."""
        moves, texts = {}, {finding.depotFile: self._old(finding) for finding in gone}
        for finding in new:
            row = unopened(self.ctx, finding.depotFile, finding.clientFile, 0, finding.type)
            found = fetch(self.ctx, self.files, row)
            best = max(texts, key=lambda path: similarity(texts[path], found.data),
                       default=None) if found else None
            if best is not None and similarity(texts[best], found.data) >= SIMILAR:
                moves[finding.depotFile] = best
                del texts[best]
        return moves

    def _old(self, finding: Finding) -> bytes:
        try:
            return content(self.ctx, finding.rev, False)
        except ArchiveError:
            return b""

    # -k

    def _flush(self, arg: FileArg) -> int:
        """Files that are there with the content of the head, but that the client is not known to have."""
        missing = [rev for rev in arg.query("read").highest() if rev.live
                   and openfiles.have_rev(self.store, self.ctx.client_name, rev.depotFile) != rev.rev]
        places = [(self.files.client_file(rev.depotFile), rev.type) for rev in missing]
        same = [(rev, place[0]) for rev, place, local in zip(missing, places,
                                                             look(self.ctx, self.files, places))
                if local.exists and local.digest == rev.digest]
        for rev, client_file in same:
            self.ctx.emit([("depotFile", rev.depotFile), ("clientFile", self.files.local(client_file)),
                           ("rev", rev.rev), ("action", "added")], M.SyncAdd, depotFile=rev.depotFile,
                          depotRev=f"#{rev.rev}", localPath=self.files.local(client_file))
        if not self.preview:
            with self.store.write():
                for rev, client_file in same:
                    self.store.insert("have", client=self.ctx.client_name, depotFile=rev.depotFile,
                                      clientFile=client_file, rev=rev.rev, type=rev.type, time=0)
        return len(same)


def similarity(old: bytes, new: bytes) -> float:
    """The share of lines that two contents have in common."""
    if old == new:
        return 1.0
    before, after = Counter(old.splitlines()), Counter(new.splitlines())
    most = max(before.total(), after.total())
    return (before & after).total() / most if most else 0.0


class Survey:
    """The comparison for one argument."""

    def __init__(self, work: Reconciliation, arg: FileArg, opened: list[Opened]):
        self.work, self.ctx, self.store = work, work.ctx, work.store
        self.files, self.opts = work.files, work.opts
        self.arg, self.paths = arg, arg.allowed("list")
        self.opened = {row.clientFile: row for row in opened}
        self.haves = {row[1]: Have(row[0], row[2], row[3]) for row in self._have_rows()}

    def _have_rows(self) -> Iterator[tuple]:
        rows = self.store.all("SELECT depotFile, clientFile, rev, time FROM have WHERE client = ?"
                              " ORDER BY depotFile", self.ctx.client_name)
        return (row for row in rows if encode(row[0]) in self.paths)

    def findings(self) -> Iterator[Finding]:
        """Deletions and edits of what the client has, then additions, by path."""
        yield from self._known()
        if ADD in self.work.actions:
            yield from self._unknown()

    def _known(self) -> Iterator[Finding]:
        rows = [(name, self.opened.get(name), self._revision(name))
                for name in {**self.haves, **self.opened}]
        rows = sorted((row for row in rows if row[2] is not None), key=lambda row: encode(row[2].depotFile))
        by_time = "m" in self.opts
        wanted = [(name, row.type if row else rev.type) for name, row, rev in rows]
        for (name, row, rev), local in zip(rows, look(self.ctx, self.files, wanted, not by_time)):
            self.ctx.scanned()
            if by_time and local.exists:
                local = self._by_time(name, rev, local)
            found = self._compared(name, row, rev, local)
            if found is not None and found.action in self.work.actions:
                yield found

    def _by_time(self, name: str, rev: Rev, local: Local) -> Local:
        """-m: a file that has not been touched since it was synced is taken for unchanged."""
        have = self.haves.get(name)
        if have is not None and have.time == local.modTime:
            return local._replace(digest=rev.digest or "")
        return next(look(self.ctx, self.files, [(name, rev.type)]))

    def _revision(self, name: str) -> Rev | None:
        row, have = self.opened.get(name), self.haves.get(name)
        path, rev = (row.depotFile, row.haveRev) if row else (have.depotFile, have.rev)
        return openfiles.revision(self.store, path, rev) if rev else None

    def _compared(self, name: str, row: Opened | None, rev: Rev, local: Local) -> Finding | None:
        kind = row.type if row else rev.type
        if row is not None:
            if row.action == "edit" and not local.exists:
                return Finding(DELETE, row.depotFile, name, kind, rev, row)
            if row.action == "delete" and local.exists and not self.work.restores:
                return Finding(EDIT, row.depotFile, name, kind, rev, row)
            return None
        if not local.exists:
            return Finding(DELETE, rev.depotFile, name, kind, rev) if rev.live else None
        changed = self._changed_type(kind, local) if "t" in self.opts else kind
        if local.digest != rev.digest or changed != kind:
            return Finding(EDIT, rev.depotFile, name, changed, rev)
        return None

    @staticmethod
    def _changed_type(kind: str, local: Local) -> str:
        """The type with the base and the x that the file has now."""
        old = filetype.parse(kind)
        base = old.base if local.type == "text" and old.is_text or local.type == old.base else local.type
        return str(old._replace(base=base, executable=local.executable and base != "symlink"))

    # new files

    def _unknown(self) -> Iterator[Finding]:
        for local in self._entries():
            self.ctx.scanned()
            name = self._client_name(local)
            if name in self.haves or name in self.opened:
                continue
            path = self.files.depot_file(name)
            if path is None or encode(path) not in self.paths or not is_absent(openfiles.head(self.store,
                                                                                              path)):
                continue
            if any(char in local for char in SPECIAL) and "f" not in self.opts:
                self.ctx.message(M.ReconcileNeedForce, file=local)
                continue
            yield Finding(ADD, path, name, self._type(name))

    def _type(self, name: str) -> str:
        (local,) = look(self.ctx, self.files, [(name, "text")], False)
        kind = local.type if local.type in ("text", "binary", "symlink") and local.size else "text"
        return str(FileType(kind, executable=local.executable and kind != "symlink"))

    def _entries(self) -> list[str]:
        """The local files below the places the argument stands for."""
        found: set[str] = set()
        for shape in self._shapes():
            literal = shape.partition("...")[0].partition("*")[0].partition("%%")[0].rpartition("/")[0]
            folder = self.files.local(literal + "/").rstrip("/") or "/"
            if self.ctx.ask("client-StatFile", path=folder).get("type") != "dir":
                continue
            recursive = has_wildcards(shape[len(literal) +
                                            1:]) and ("..." in shape or "/" in shape[len(literal) + 1:])
            match = pattern(shape).match
            found.update(path for path in listing(self.ctx, folder, recursive)
                         if match(self._client_name(path)))
        return sorted(found, key=encode)

    def _client_name(self, local: str) -> str:
        return self.files.root.prefix + encode_path(local[len(self.files.local(self.files.root.prefix)):])

    def _shapes(self) -> list[str]:
        """The argument in client syntax."""
        if self.arg.is_client:
            return [self.arg.path]
        return [line.right.text for line in self.arg.view.rows if line.flag != "-"]


class Have(NamedTuple):
    depotFile: str
    rev: int
    time: int
