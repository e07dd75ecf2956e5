"""move, reopen, lock and unlock: what can be done to files that are open."""

from . import changespec, encode, filetype, openfiles, shelf
from .changespec import number_of, title
from .command import Context, command
from .filequery import FileArg, client_files, parse, parse_all
from .messages import M
from .openfiles import COLUMNS_OPENED, DELETES, Opened, is_absent
from .options import Options, UsageError
from .scope import EVERYTHING
from .wildcard import pattern


# move

@command("move", "c: f k n r t:", M.UseMove, minimum=2, maximum=2, level="open", aliases=("rename",))
def move(ctx: Context, opts: Options) -> None:
    if "r" in opts and {"f", "t"} & opts.values.keys():
        raise UsageError(M.UseMover())
    source, target = (parse(ctx, text, through_client=True) for text in opts.args)
    pairs = _pairs(ctx, source, target)
    mover = Mover(ctx, opts)
    moved = 0
    for from_file, to_file in pairs:
        if mover.may_start(from_file):
            moved += 1
            mover.move(from_file, to_file)
    if not moved:
        ctx.message(M.ExHAVE if "r" in opts else M.ExOPENNOTEDITADD, argc=source.text)


def _pairs(ctx: Context, source: FileArg, target: FileArg) -> list[tuple[str, str]]:
    """(from, to) client files: those open or synced that the first argument names, carried by its
    wildcards."""
    left, right = pattern(_client_path(ctx, source)), pattern(_client_path(ctx, target))
    if set(left.slots) != set(right.slots):
        ctx.fail(M.WildMismatch, arg=source.path, arg2=target.path)
    names = {row.clientFile for row in openfiles.of_client(ctx.store, ctx.client_name, EVERYTHING)}
    names |= {name for (name,) in ctx.store.all("SELECT clientFile FROM have WHERE client = ?",
                                                ctx.client_name)}
    found = []
    for name in sorted(names, key=encode):
        groups = left.groups(name)
        if groups is not None:
            found.append((name, right.expand(dict(zip(left.slots, groups)))))
    return found


def _client_path(ctx: Context, arg: FileArg) -> str:
    """The argument in client syntax."""
    if arg.is_client:
        return arg.path
    rows = arg.view.rows
    if not rows:
        ctx.fail(M.ExVIEW, argc=arg.text)
    return rows[-1].right.text


class Mover:
    def __init__(self, ctx: Context, opts: Options):
        self.ctx, self.store, self.opts = ctx, ctx.store, opts
        self.files = client_files(ctx)
        self.change = openfiles.pending_change(ctx, opts["c"]) if "c" in opts else None

    def _own(self, client_file: str) -> Opened | None:
        depot_file = self.files.depot_file(client_file)
        return openfiles.own(self.store, self.ctx.client_name, depot_file) if depot_file else None

    def may_start(self, from_file: str) -> bool:
        """Without -r a file must be open for edit or add, with it it must not be open."""
        row = self._own(from_file)
        return row is None if "r" in self.opts else row is not None and row.action not in DELETES

    def move(self, from_file: str, to_file: str) -> None:
        row = self._own(from_file) or self._unopened(from_file)
        target = self.files.depot_file(to_file)
        if row is None or self._refuse(row, target, to_file):
            return
        if "n" not in self.opts:
            if "k" not in self.opts:
                self._local(from_file, to_file)
            with self.store.write():
                self._write(row, target, to_file)
        back = row.movedFile == target
        self.ctx.emit([("toFile", target), ("toRev", 1), ("fromFile", row.depotFile),
                       ("fromRev", row.workRev or 1),
                       ("action", "edit" if back else "move/add")],
                      M.MoveSuccess, toFile=target, toRev="#1", fromFile=row.depotFile,
                      fromRev=f"#{row.workRev or 1}")
        openfiles.also_opened(self.ctx, row.depotFile)

    def _unopened(self, from_file: str) -> Opened | None:
        """With -r: the row an edit of the source would have."""
        depot_file = self.files.depot_file(from_file)
        have = openfiles.have_rev(self.store, self.ctx.client_name, depot_file) if depot_file else 0
        base = openfiles.revision(self.store, depot_file, have) if have else None
        if base is None or openfiles.refuse_exclusive(self.ctx, depot_file, base.type, "move"):
            return None
        return Opened(self.ctx.client_name, depot_file, from_file, self.ctx.user, have, have, base.type,
                      "edit", self.change or 0, 0, 0, None, None, None, 0)

    def _refuse(self, row: Opened, target: str | None, to_file: str) -> bool:
        ctx = self.ctx
        if target is None:
            ctx.message(M.ExVIEW, argc=to_file)
            return True
        if not ctx.access.allowed("open")(target):
            ctx.message(M.ExPROTECT, argc=target)
            return True
        if openfiles.refuse_read_only(ctx, self.files, target, to_file, "move"):
            return True
        other = openfiles.own(self.store, ctx.client_name, target)
        if target == row.movedFile:
            return False
        if other is not None:
            ctx.message(M.MoveBadAction, depotFile=target, badAction=other.action)
        elif openfiles.resolves(self.store, ctx.client_name, row.depotFile) and "f" in self.opts:
            ctx.message(M.MoveNotResolved, depotFile=row.depotFile)
        elif not is_absent(openfiles.head(self.store, target)):
            return self._refuse_existing(target)
        else:
            return False
        return True

    def _refuse_existing(self, target: str) -> bool:
        synced = openfiles.have_rev(self.store, self.ctx.client_name, target)
        if "f" in self.opts and synced:
            return False
        message = M.MoveNotSynced if "f" in self.opts else M.MoveNeedForce if synced else M.MoveExists
        self.ctx.message(message, depotFile=target, clientFile=target)
        return True

    def _local(self, from_file: str, to_file: str) -> None:
        self.ctx.ask("client-MoveFile",
                     **{"from": self.files.local(from_file), "to": self.files.local(to_file),
                                           "clobber": True if "f" in self.opts else None, "rmdir": True})

    def _write(self, row: Opened, target: str, to_file: str) -> None:
        """The rows after the move: an added file is only added elsewhere, a moved one moves on, another one
        leaves a move/delete behind."""
        store, change = self.store, row.change if self.change is None else self.change
        kind = self.opts.get("t")
        kind = str(filetype.parse(kind, filetype.parse(row.type))) if kind else row.type
        moved = row._replace(depotFile=target, clientFile=to_file, change=change, type=kind, locked=0)
        if row.movedFile == target:         # back to where it came from
            original = openfiles.own(store, row.client, target)
            openfiles.drop(store, row)
            openfiles.put(store, moved._replace(action="edit", haveRev=original.haveRev,
                                                workRev=original.workRev,
                                                movedFile=None))
        elif row.action == "add":
            openfiles.drop(store, row)
            openfiles.put(store, moved)
        elif row.movedFile:
            openfiles.drop(store, row)
            store.execute("UPDATE working SET movedFile = ? WHERE client = ? AND depotFile = ?", target,
                          row.client,
                          row.movedFile)
            openfiles.put(store, moved)
        else:
            openfiles.put(store, row._replace(action="move/delete", change=change, movedFile=target))
            head = openfiles.head(store, target)
            openfiles.put(store, moved._replace(action="move/add", haveRev=0,
                                                workRev=head.rev + 1 if head else 1,
                                                movedFile=row.depotFile))
            store.execute("UPDATE resolve SET toFile = ? WHERE client = ? AND shelf = 0 AND toFile = ?",
                          target,
                          row.client, row.depotFile)


# reopen

@command("reopen", "c: t: S. --charset:", M.UseReopen, minimum=1, level="open")
def reopen(ctx: Context, opts: Options) -> None:
    change = openfiles.pending_change(ctx, opts["c"]) if "c" in opts else None
    for arg in parse_all(ctx, opts.args):
        rows = openfiles.of_client(ctx.store, ctx.client_name, arg.allowed("open"))
        for row in rows:
            _reopen(ctx, opts, row, change)
        if not rows:
            ctx.message(M.ExOPENCLIENT, argc=arg.text)


def _reopen(ctx: Context, opts: Options, row: Opened, change: int | None) -> None:
    """Moves a file to a change, or gives it a type.  Both halves of a move go together, with the new
    file."""
    if row.user != ctx.user:
        ctx.message(M.OpenBadUser, depotFile=row.depotFile, user=row.user)
        return
    if change is not None and row.action == "move/delete":
        ctx.message(M.MoveNoMatch, depotFile=row.depotFile, direction="to ", movedFile=row.movedFile)
        return
    kind = str(filetype.parse(opts["t"], filetype.parse(row.type))) if "t" in opts else row.type
    if openfiles.is_exclusive(kind) != openfiles.is_exclusive(row.type):
        ctx.message(M.ReopenBadType, depotFile=row.depotFile, workRev=f"#{row.workRev}")
        return
    changed = row._replace(type=kind, change=row.change if change is None else change)
    with ctx.store.write():
        openfiles.put(ctx.store, changed)
        if row.movedFile:
            ctx.store.execute("UPDATE working SET change = ? WHERE client = ? AND depotFile = ?",
                              changed.change,
                              row.client, row.movedFile)
    message = M.ReopenDataNoChange if changed == row else M.ReopenData
    ctx.emit([("depotFile", row.depotFile), ("clientFile", client_files(ctx).local(row.clientFile)),
              ("rev", row.workRev or 1), ("action", row.action), ("change", changed.change or "default"),
              ("type", kind)],
             message, depotFile=row.depotFile, workRev=f"#{row.workRev or 1}",
             type=kind if "t" in opts else None, change=changed.change_text if change is not None else None)


# lock and unlock

@command("lock", "c: g", M.UseLock, level="write")
def lock(ctx: Context, opts: Options) -> None:
    for row in _lockable(ctx, opts, "write"):
        owner = lock_owner(ctx, row.depotFile)
        if owner is not None:
            if owner.client == row.client:
                ctx.message(M.LockAlready, depotFile=row.depotFile)
            else:
                ctx.message(M.LockAlreadyOther, depotFile=row.depotFile, user=owner.user,
                            client=owner.client)
            continue
        with ctx.store.write():
            openfiles.put(ctx.store, row._replace(locked=1))
        ctx.message(M.LockSuccess, depotFile=row.depotFile)


def lock_owner(ctx: Context, depot_file: str) -> Opened | None:
    """Who has a file locked."""
    row = ctx.store.row(f"SELECT {COLUMNS_OPENED} FROM working WHERE depotFile = ? AND locked = 1",
                        depot_file)
    return row and Opened(*row)


@command("unlock", "c: f r s: x", M.UseUnlock, level="write")
def unlock(ctx: Context, opts: Options) -> None:
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    if "s" in opts:
        _unlock_shelf(ctx, opts)
        return
    for row in _lockable(ctx, opts, "write"):
        if not row.locked:
            ctx.message(M.UnLockAlready, depotFile=row.depotFile)
            continue
        if row.user != ctx.user and "f" not in opts:
            ctx.message(M.UnLockAlreadyOther, depotFile=row.depotFile, user=row.user, client=row.client)
            continue
        with ctx.store.write():
            openfiles.put(ctx.store, row._replace(locked=0))
        ctx.message(M.UnLockSuccess, depotFile=row.depotFile)


def _unlock_shelf(ctx: Context, opts: Options) -> None:
    """-s: a submit -e that failed leaves its shelf locked."""
    row = changespec.require(ctx.store, number_of(opts["s"]))
    if "f" not in opts and row.user != ctx.user:
        ctx.fail(M.ChangeNotOwner, change=title(row.change), user=row.user)
    locked = [file for file in shelf.of_change(ctx.store, row.change) if file.locked]
    with ctx.store.write():
        shelf.lock(ctx.store, row.change, 0)
    for file in locked:
        ctx.message(M.UnLockSuccess, depotFile=file.depotFile)
    if not locked:
        ctx.message(M.ExUNLOCKCHANGE)


def _lockable(ctx: Context, opts: Options, level: str) -> list[Opened]:
    """The opened files that lock and unlock are about; with -f and -c those of anybody's change."""
    client_files(ctx)
    change = None if "c" not in opts else _change_of(ctx, opts)
    found: list[Opened] = []
    for arg in parse_all(ctx, opts.args) if opts.args else (None,):
        paths = arg.allowed(level) if arg else EVERYTHING
        rows = _rows_of(ctx, opts, paths, change)
        if not rows:
            nothing = M.ExOPENCLIENT if change is None else M.ExOPENCHANGE if change else M.ExOPENDFLT
            ctx.message(nothing, argc=arg.text if arg else None)
        found += rows
    return found


def _change_of(ctx: Context, opts: Options) -> int:
    if "f" in opts and opts["c"] != "default":
        return number_of(opts["c"])
    return openfiles.pending_change(ctx, opts["c"])


def _rows_of(ctx: Context, opts: Options, paths, change: int | None) -> list[Opened]:
    if "f" not in opts:
        return openfiles.of_client(ctx.store, ctx.client_name, paths, change)
    rows = (Opened(*row) for row in ctx.store.all(f"SELECT {COLUMNS_OPENED} FROM working ORDER BY"
                                                  f" depotFile, client"))
    return [row for row in rows if encode(row.depotFile) in paths and change in (None, row.change)]
