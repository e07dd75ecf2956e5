"""add, edit and delete: opening files.

Each file is answered for itself: a refusal is plain information and the others go on.  What the client has
to do (give the file's type, make it writable, remove it) is asked first, the rows of one argument are
written together.
"""

from typing import Iterator

from . import encode, filetype, openfiles
from .command import Context, command
from .filequery import FileArg, client_files, parse_all
from .filetype import FileType
from .messages import M
from .openfiles import DELETES, Opened, is_absent
from .options import Options
from .revquery import Rev, Revs
from .transfer import set_writable
from .wildcard import encode_path

SPECIAL = "@#%*"
ENCODED = ("%40", "%23", "%25", "%2A", "%2a")
EDITABLE = {"edit": "edit", "add": "add", "move/add": "move/add", "branch": "add", "integrate": "edit"}


class Opening:
    """What add, edit and delete have in common: options, change, client."""

    def __init__(self, ctx: Context, opts: Options, action: str):
        self.ctx, self.store, self.action = ctx, ctx.store, action
        self.files = client_files(ctx)
        self.change = openfiles.pending_change(ctx, opts.get("c"))
        self.has_change = "c" in opts
        self.type = opts.get("t")
        self.preview, self.keep = "n" in opts, "k" in opts

    def open_as(self, depot_file: str, client_file: str, base: Rev | None, kind: str, work_rev: int,
                have: int) -> None:
        """Opens one file, says so, and notes what stands in its way."""
        row = Opened(self.ctx.client_name, depot_file, client_file, self.ctx.user, have, work_rev, kind,
                     self.action,
                     self.change, 0, 0, None, None, None, 0)
        if not self.preview:
            with self.store.write():
                openfiles.put(self.store, row)
        self.say(row, M.OpenSuccess)
        openfiles.notes(self.ctx, depot_file, base, have, self.action)

    def say(self, row: Opened, message) -> None:
        self.ctx.result()
        self.ctx.emit([("depotFile", row.depotFile), ("clientFile", self.files.local(row.clientFile)),
                       ("workRev", row.workRev or 1), ("action", row.action), ("type", row.type)],
                      message, depotFile=row.depotFile, workRev=f"#{row.workRev or 1}", action=row.action)

    def already(self, row: Opened) -> None:
        """The file is open here as something else."""
        self.ctx.message(M.OpenBadAction, depotFile=row.depotFile, action=self.action, badAction=row.action)


# add

@command("add", "c: d f I n t:", M.UseOpen, minimum=1, level="open")
def add(ctx: Context, opts: Options) -> None:
    opening = Opening(ctx, opts, "add")
    for text in opts.args:
        found = _target(opening, text, "f" in opts)
        if found is not None:
            _add(opening, opts, *found)


def _target(opening: Opening, text: str, force: bool) -> tuple[str, str] | None:
    """(depot file, client file) of a name to add; None (and said why) if the view does not map it."""
    ctx, files = opening.ctx, opening.files
    if "..." in text:
        ctx.fail(M.WildAddTripleDots)
    plain = text
    for code in ENCODED if text.startswith("//") else ():
        plain = plain.replace(code, "")
    if any(char in plain for char in SPECIAL):
        if not force:
            ctx.fail(M.WildAdd(), M.WildAddFilename(filename=text))
        text = encode_path(text) if plain == text else text
    arg = FileArg(ctx, text, *_path(opening, text))
    depot_file = arg.depot_path
    if depot_file is None:
        ctx.message(M.ExVIEW, argc=text)
        return None
    if not ctx.access.allowed("open")(depot_file):
        ctx.message(M.ExPROTECT, argc=text)
        return None
    return depot_file, files.client_file(depot_file)


def _path(opening: Opening, text: str) -> tuple:
    """The arguments of FileArg for one name without revision."""
    files = opening.files
    if not text.startswith("//"):
        return files.root.client_file(text), Revs(), files, True
    return text, Revs(), files, text.startswith(files.root.prefix)


def _add(opening: Opening, opts: Options, depot_file: str, client_file: str) -> None:
    ctx, store = opening.ctx, opening.store
    row = openfiles.own(store, ctx.client_name, depot_file)
    if row is not None:
        _add_opened(opening, opts, row)
        return
    base = openfiles.head(store, depot_file)
    if not is_absent(base):
        ctx.message(M.OpenCantExists, depotFile=depot_file, action="add")
        return
    if openfiles.refuse_read_only(ctx, opening.files, depot_file, client_file, "add"):
        return
    kind = _new_type(opening, client_file)
    if kind is None or openfiles.refuse_exclusive(ctx, depot_file, kind, "add"):
        return
    opening.open_as(depot_file, client_file, None, kind, base.rev + 1 if base else 1, 0)


def _add_opened(opening: Opening, opts: Options, row: Opened) -> None:
    """add of a file that is open: -d makes an edit of a deleted file, or a move, an add."""
    ctx, base = opening.ctx, openfiles.head(opening.store, row.depotFile)
    if "d" in opts and (row.action == "move/add" or row.action == "edit" and is_absent(base)):
        changed = row._replace(action="add", movedFile=None, haveRev=0, workRev=base.rev + 1 if base else 1)
        if not opening.preview:
            with opening.store.write():
                _split_move(opening, row)
                openfiles.put(opening.store, changed)
        opening.say(changed, M.OpenReOpen)
    elif row.action == "add":
        opening.say(row, M.OpenUpToDate)
    else:
        opening.already(row)


def _split_move(opening: Opening, row: Opened) -> None:
    """The source of a move that becomes an add is a plain delete."""
    if row.movedFile:
        opening.store.execute("UPDATE working SET action = ?, movedFile = NULL WHERE client = ? AND"
                              " depotFile = ?",
                              "delete", row.client, row.movedFile)


def _new_type(opening: Opening, client_file: str) -> str | None:
    """The type of a new file: -t, completed by what the client finds; None for what cannot be added."""
    ctx, local = opening.ctx, opening.files.local(client_file)
    found = ctx.ask("client-StatFile", path=local)
    kind = found.get("type")
    if "exists" not in found or found.get("size") == "0" and kind in ("text", "binary"):
        state = "empty" if "exists" in found else "missing"
        if opening.type is None:
            ctx.message(M.CheckFileAssume, file=local, type=state, type2="text")
        kind = "text"
    elif kind in ("dir", "other"):
        ctx.message(M.CheckFileCant, file=local, type="directory" if kind == "dir" else "special")
        return None
    base = FileType(kind, executable="exec" in found and kind != "symlink")
    return str(base if opening.type is None else filetype.parse(opening.type, base))


# edit

@command("edit", "c: k n t: --remote:", M.UseOpen, minimum=1, level="open", aliases=("open",))
def edit(ctx: Context, opts: Options) -> None:
    opening = Opening(ctx, opts, "edit")
    for arg in parse_all(ctx, opts.args, through_client=True):
        found = 0
        for depot_file, have in _on_client(ctx, arg):
            found += 1
            _edit(opening, depot_file, have)
        if not found:
            ctx.message(M.ExHAVE if arg.scope else M.ExVIEW, argc=arg.text)


def _on_client(ctx: Context, arg: FileArg) -> list[tuple[str, int]]:
    """(depot file, have revision) of the files of an argument that the client has or has open, permitted
    ones."""
    paths, found = arg.allowed("open"), {}
    for row in openfiles.of_client(ctx.store, ctx.client_name, paths):
        found[row.depotFile] = row.haveRev
    for path, rev in have_rows(ctx, arg):
        found.setdefault(path, rev)
    return sorted(found.items(), key=lambda item: encode(item[0]))


def have_rows(ctx: Context, arg: FileArg, level: str = "open") -> Iterator[tuple[str, int]]:
    """(depot file, revision) of the client's files in an argument; a revision in the argument must be the
    one it has."""
    paths = arg.allowed(level)
    for low, high in paths.ranges:
        for path, rev in ctx.store.all("SELECT depotFile, rev FROM have WHERE client = ? AND depotFile >= ?"
                                       " AND depotFile < ? ORDER BY depotFile", ctx.client_name, low, high):
            ctx.scanned()
            if encode(path) in paths and (
                    arg.revs.high.kind != "rev" or arg.revs.high.value == rev):
                yield path, rev


def _edit(opening: Opening, depot_file: str, have: int) -> None:
    ctx, store = opening.ctx, opening.store
    row = openfiles.own(store, ctx.client_name, depot_file)
    if row is not None:
        _edit_opened(opening, row)
        return
    base = openfiles.revision(store, depot_file, have)
    if base is None:
        ctx.message(M.AddHaveVsRev, depotFile=depot_file)
        return
    client_file = opening.files.client_file(depot_file)
    kind = str(filetype.parse(opening.type, filetype.parse(base.type))) if opening.type else base.type
    if openfiles.refuse_read_only(ctx, opening.files, depot_file, client_file, "edit") or (
            openfiles.refuse_exclusive(ctx, depot_file, kind, "edit")):
        return
    if not opening.preview and not opening.keep:
        set_writable(opening.ctx, opening.files.local(client_file), kind)
    opening.open_as(depot_file, client_file, openfiles.head(store, depot_file), kind, have, have)


def _edit_opened(opening: Opening, row: Opened) -> None:
    ctx = opening.ctx
    if row.action in DELETES:
        opening.already(row)
    elif opening.has_change and row.change != opening.change:
        ctx.message(M.OpenBadChange, depotFile=row.depotFile, change=row.change_text)
    elif opening.type and str(filetype.parse(opening.type, filetype.parse(row.type))) != row.type:
        ctx.message(M.OpenBadType, depotFile=row.depotFile, type=row.type)
    elif row.virtual:
        ctx.message(M.IntegTooVirtual, depotFile=row.depotFile, action="edit")
    elif EDITABLE[row.action] != row.action or row.digest:
        changed = row._replace(action=EDITABLE[row.action], digest=None)
        if not opening.preview:
            with opening.store.write():
                openfiles.put(opening.store, changed)
            set_writable(ctx, opening.files.local(row.clientFile), row.type)
        opening.say(changed, M.OpenReOpen)
    else:
        opening.say(row, M.OpenUpToDate)


# delete

@command("delete", "c: k n v --remote:", M.UseOpen2, minimum=1, level="open")
def delete(ctx: Context, opts: Options) -> None:
    opening = Opening(ctx, opts, "delete")
    for arg in parse_all(ctx, opts.args, through_client=True):
        rows = _on_client(ctx, arg)
        if "v" in opts:
            rows += [(rev.depotFile, 0) for rev in arg.query("open").highest()
                     if rev.live and rev.depotFile not in dict(rows)]
        for depot_file, have in rows:
            _delete(opening, depot_file, have)
        if not rows:
            ctx.message(M.ExHAVE if arg.scope else M.ExVIEW, argc=arg.text)


def _delete(opening: Opening, depot_file: str, have: int) -> None:
    ctx, store = opening.ctx, opening.store
    row = openfiles.own(store, ctx.client_name, depot_file)
    if row is not None:
        if row.action == "delete":
            opening.say(row, M.OpenUpToDate)
        else:
            opening.already(row)
        return
    last = openfiles.head(store, depot_file)
    base = openfiles.revision(store, depot_file, have) if have else last
    client_file = opening.files.client_file(depot_file)
    if base is None or openfiles.refuse_read_only(ctx, opening.files, depot_file, client_file, "delete") or (
            openfiles.refuse_exclusive(ctx, depot_file, base.type, "delete")):
        return
    if have and not opening.preview and not opening.keep:
        remove_local(ctx, opening.files, client_file)
    opening.open_as(depot_file, client_file, last, base.type, base.rev, have or base.rev)


def remove_local(ctx: Context, files, client_file: str) -> None:
    """Has the client remove a file as its options say; ClientFailed if it is writable and may not be
    clobbered."""
    options = (files.client.options or "").split()
    ctx.ask("client-DeleteFile", path=files.local(client_file), clobber="clobber" in options or None,
            rmdir="rmdir" in options or None)
