"""resolve and resolved: deciding what integrations, syncs and unshelved files leave open, and showing what
was decided.

Files are taken in portions: their workspace contents come over first, then every record is decided in order,
then the results go out and, once the client has them, into the database.
"""

import itertools
from typing import Iterator

from . import encode, integ_rows, openfiles, resolve_action, resolve_content, resolve_file, resolve_prompt
from .command import ClientFailed, Context, command
from .filequery import FileArg, client_files, parse_all
from .integ_rows import BRANCH, CONTENT, DELETE, FILETYPE, MOVE, PENDING, RESOLVED, Record, span
from .messages import M
from .openfiles import HOW as HOW_TEXT
from .options import Options, UsageError
from .resolve_content import EDITED, SKIP, THEIRS, YOURS, Applier
from .resolve_file import File, Output, is_open, key, tell, tell_result
from .scope import EVERYTHING
from .transfer import Outbox, fetch_all

PORTION = 64
TYPES = {"b": BRANCH, "c": CONTENT, "d": DELETE, "m": MOVE, "t": FILETYPE, "a": None, "Q": None, "f": None}
MODES = "smftye"
DIFF_FLAGS = set("nscublwgtx0123456789")


@command("resolve", "a. A. c: d. e f K n N o S. t v", M.UseResolve, level="open")
def resolve(ctx: Context, opts: Options) -> None:
    _check_options(opts)
    if "S" in opts:
        ctx.message(M.NoStreamFieldsResolve)
        return
    Resolver(ctx, opts).run()


def _check_options(opts: Options) -> None:
    unknown = set("".join(opts.all("A"))) - TYPES.keys() or set("".join(opts.all("d"))) - DIFF_FLAGS
    if unknown or opts.get("a", "m") not in tuple(MODES):
        raise UsageError(M.UseResolve())


class Resolver:
    def __init__(self, ctx: Context, opts: Options):
        self.ctx, self.store, self.opts = ctx, ctx.store, opts
        self.files = client_files(ctx)
        self.mode: str | None = opts.get("a")
        self.preview, self.explains = bool({"n", "N"} & opts.values.keys()), "N" in opts
        self.again, self.shows_base, self.as_text = "f" in opts, "o" in opts, "t" in opts
        self.flags = "".join(opts.all("d"))
        wanted = "".join(opts.all("A"))
        self.types = {TYPES[letter] for letter in wanted or TYPES}
        if "f" in wanted:
            self.types = set(TYPES.values())
        self.change = openfiles.pending_change(ctx, opts["c"]) if "c" in opts else None
        self.outbox, self.out = Outbox(ctx, self.files, clobber=True), Output(ctx)
        self.applier = Applier(ctx, self.outbox, "K" not in opts, "e" in opts)

    def run(self) -> None:
        records = integ_rows.of_client(self.store, self.ctx.client_name)
        for arg in parse_all(self.ctx, self.opts.args) if self.opts.args else (None,):
            found = 0
            for portion in self._portions(arg, records):
                found += len(portion)
                self._portion(portion)
            if not found:
                self.ctx.message(M.ExTORESOLVE, argc=arg.text if arg else None)

    def _portions(self, arg: FileArg | None, records: dict[str, list[Record]]) -> Iterator[list[File]]:
        paths = arg.allowed("open") if arg else EVERYTHING
        rows = openfiles.of_client(self.store, self.ctx.client_name, paths, self.change)
        files = (File(self.ctx, self.files, self.out, row, records[row.depotFile]) for row in rows
                 if row.depotFile in records)
        wanted = (file for file in files if any(map(self._is_wanted, file.records)))
        while portion := list(itertools.islice(wanted, PORTION)):
            yield portion

    def _is_wanted(self, record: Record) -> bool:
        again = self.again and record.type == CONTENT and record.state == RESOLVED
        return record.type in self.types and (is_open(record) or again)

    # a portion

    def _portion(self, portion: list[File]) -> None:
        if not self.preview:
            self._fetch(portion)
        try:
            for file in portion:
                self.ctx.check()
                self._file(file)
        finally:
            self._store(portion)

    def _fetch(self, portion: list[File]) -> None:
        """The workspace contents that have to be looked at."""
        wanted = {file.row.depotFile: file for file in portion if self.mode not in ("t", "y")
                  and any(record.type == CONTENT and self._is_wanted(record) for record in file.records)}
        for row, found in fetch_all(self.ctx, self.files, [file.row for file in wanted.values()]):
            file = wanted[row.depotFile]
            file.yours = found.data if found is not None else None

    def _store(self, portion: list[File]) -> None:
        try:
            self.outbox.finish()
        finally:                # also when the client has gone: what it has confirmed is so
            self._save([file for file in portion if file.changed])
        self.out.flush()

    def _save(self, files: list[File]) -> None:
        with self.store.write():
            for file in files:
                file.save()

    def _file(self, file: File) -> None:
        done: set[tuple] = set()
        while True:
            record = next((each for each in file.records if key(each) not in done and self._is_wanted(each)),
                          None)
            if record is None:
                return
            done.add(key(record))
            self.ctx.result()
            self._record(file, record)
            if self.mode is None:           # a person sees what came of an answer before the next question
                self.outbox.finish()
                self.out.flush()

    def _record(self, file: File, record: Record) -> None:
        kind = file.merge_kind(record, self.as_text) if record.type == CONTENT else ""
        tell(file, record, kind, self.shows_base, self.mode in ("t", "y"))
        if self.preview:
            if self.explains and record.type != CONTENT:
                resolve_prompt.explain(self.out, resolve_action.question(self.ctx, file, record))
            return
        if self._is_source_gone(file, record):
            return
        if record.type == CONTENT:
            self._content(file, record, kind)
        else:
            self._action(file, record)

    def _is_source_gone(self, file: File, record: Record) -> bool:
        """Their revision was obliterated, or their shelf deleted: it can only be ignored."""
        if record.type in (MOVE, DELETE) or self.mode == "y":
            return False
        theirs = file.theirs(record)
        if theirs is not None and theirs.lbrFile and theirs.live:
            return False
        if theirs is None and record.endFromRev < 0:
            self.out.message(M.ResolveShelveDelete, depotFile=record.fromFile,
                             rev=span(0, record.endFromRev))
        else:
            self.out.message(M.ResolveMustIgnore, clientFile=file.row.clientFile)
        return True

    # content

    def _content(self, file: File, record: Record, kind: str) -> None:
        if self.mode in ("t", "y"):
            choice, content = THEIRS if self.mode == "t" else YOURS, None
        elif file.yours is None or self._is_tampered(file):
            tell_result(file, record, None)
            return
        elif self.mode == "e":
            choice, content = EDITED, None
        else:
            choice, content = self._compare(file, record, kind)
        if choice == SKIP:
            tell_result(file, record, None)
            return
        number, text = self.applier.how(choice)
        self.applier.apply(file, record, choice, content, self._finisher(file, record, number, text))

    def _is_tampered(self, file: File) -> bool:
        """A file that was not opened for edit has to be as it was left; -ae is what takes it as it is."""
        if self.mode == "e" or not file.is_tampered():
            return False
        self.out.message(M.ResolveTampered, clientFile=file.row.clientFile)
        return True

    def _compare(self, file: File, record: Record, kind: str) -> tuple[str, bytes | None]:
        found = resolve_content.compare(file, record, kind, self.flags, "v" in self.opts)
        if found is None:
            return SKIP, None
        if self.mode is None:
            self.out.flush()
            return resolve_prompt.content(self.ctx, self.opts, file, record, found)
        return found.outcomes[self.mode], found.merged

    def _finisher(self, file: File, record: Record, number: int, text: str):
        place = self.out.later()

        def done() -> None:
            file.settle(record, number)
            tell_result(file, record, text, place)
        return done

    # the others

    def _action(self, file: File, record: Record) -> None:
        asked = resolve_action.question(self.ctx, file, record)
        if self.mode is None:
            choice = resolve_prompt.action(self.ctx, self.out, asked)
        else:
            choice = resolve_action.decide(asked, self.mode)
        if choice == SKIP:
            tell_result(file, record, None)
            return
        number, text = resolve_action.how(record, choice)
        try:
            resolve_action.apply(self.ctx, self.outbox, file, record, choice,
                                 self._finisher(file, record, number, text))
        except ClientFailed:
            tell_result(file, record, None)


# resolved

@command("resolved", "o S.", M.UseResolved)
def resolved(ctx: Context, opts: Options) -> None:
    records = integ_rows.of_client(ctx.store, ctx.client_name)
    done = [record for target in sorted(records, key=encode) for record in records[target]
            if record.state != PENDING]
    for arg in parse_all(ctx, opts.args) if opts.args else (None,):
        found = [record for record in done if arg is None or encode(_named(arg, record)) in arg.scope]
        for record in found:
            ctx.result()
            _show(ctx, record, "o" in opts)
        if not found:
            ctx.message(M.ExRESOLVED, argc=arg.text if arg else None)


def _named(arg: FileArg, record: Record) -> str:
    """The file an argument is about: yours in client syntax, theirs in depot syntax."""
    return record.toFile if arg.is_client else record.fromFile


def _show(ctx: Context, record: Record, shows_base: bool) -> None:
    row = openfiles.own(ctx.store, ctx.client_name, record.toFile)
    client_file = row.clientFile if row else client_files(ctx).client_file(record.toFile) or record.toFile
    local = client_files(ctx).local(client_file)
    base = {}
    if shows_base and record.baseRev:
        base = {"baseFile": record.baseFile, "baseRev": f"#{record.baseRev}"}
    facts = {"localPath": local, "how": HOW_TEXT[record.how], "fromFile": record.fromFile,
             "fromRev": span(record.startFromRev, record.endFromRev), "resolveType": record.type, **base}
    message = M.ResolvedDataBase if base else M.ResolvedData
    if record.type == FILETYPE:
        message = M.ResolvedAction
    elif record.type == MOVE:
        message = M.ResolvedActionMove
    pairs = [("path", local), ("toFile", client_file), ("fromFile", record.fromFile),
             ("startToRev", _rev(record.startToRev)), ("endToRev", _rev(record.endToRev)),
             ("startFromRev", _rev(record.startFromRev)), ("endFromRev", _rev(record.endFromRev)),
             ("how", HOW_TEXT[record.how]), ("resolveType", record.type),
             ("resolveFlag", resolve_file.FLAGS[record.type]), *base.items()]
    ctx.emit(pairs, message, **facts)


def _rev(rev: int) -> str:
    return f"#{rev}" if rev > 0 else "#none" if not rev else f"@={-rev}"
