"""Restoring a checkpoint or journal that a real server wrote: `p4d -r ROOT -jr FILE`.

One converter per table turns a row into rows of the store; rows differ between server versions in how many
fields they have, new ones come at the end or are told apart by their kind.  Tables without a converter are
counted and skipped (most of them are indexes of others).  What refers across tables is settled at the end:
descriptions, depots, the types of views, the clients of shelves. All of it is one transaction: a file that
cannot be read to its end leaves the store as it was.
"""

import sys
from collections import Counter
from pathlib import Path

from . import filetype, journalcodes as codes, spelling
from .journal import JournalError, JournalRow, read
from .messages import M
from .schema import DROP_TRIGGERS, FILL_HEADS, TRIGGERS
from .store import Store

BATCH = 5000
NO_DIGEST = "0" * 32
COPIED = ("pv", "rv")
CASE_FOLDED = 2             # flag in a checkpoint's header: its server ignores case
SHOWN_ERRORS = 20


class Report:
    """What a restore did: rows by table restored and skipped, and what could not be read as (line,
    reason)."""

    def __init__(self):
        self.restored, self.skipped = Counter(), Counter()
        self.errors: list[tuple[int, str]] = []

    def __str__(self) -> str:
        lines = [f"{name:<20} {count:>9} restored" for name, count in sorted(self.restored.items())]
        lines += [f"{name:<20} {count:>9} skipped" for name, count in sorted(self.skipped.items())]
        lines += [f"line {line}: {reason}" for line, reason in self.errors[:SHOWN_ERRORS]]
        if len(self.errors) > SHOWN_ERRORS:
            lines.append(f"{len(self.errors) - SHOWN_ERRORS} more lines could not be read")
        total = f"{sum(self.restored.values())} rows restored, {sum(self.skipped.values())} skipped"
        return "\n".join([*lines, f"{total}, {len(self.errors)} unreadable."])


# -- converters: a row's fields -> (target, values) --

def _at(fields: list, place: int, default=None):
    """A field that rows of old versions do not have."""
    return fields[place] if place < len(fields) else default


def _digest(text: str) -> str | None:
    return None if text == NO_DIGEST else text


def _size(number: int | None) -> int | None:
    return None if number is None or number < 0 else number


def _type(code: int) -> str:
    return str(filetype.from_code(code))


def _action(code: int) -> str:
    return codes.word(codes.ACTIONS, code, "edit")


def _revision(fields: list) -> tuple:
    """depotFile rev type action change date modTime digest [size] [traitLot] [lazy] lbrFile lbrRev
    lbrType."""
    name, rev, kind, action, change, date, modified, digest, *middle, lbr_file, lbr_rev, lbr_type = fields
    size = middle[0] if len(middle) >= 2 else None
    lazy = middle[2] if len(middle) >= 3 else 0
    return (name, rev, _type(kind), _action(action), change, date, modified, _digest(digest), _size(size),
            lazy, lbr_file, lbr_rev, _type(lbr_type))


def _rev(fields: list):
    return "rev", _revision(fields)


def _shelf(fields: list):
    name, rev, kind, action, change, *rest = _revision(fields)
    return "shelf", (change, name, rev, kind, action, *rest)


def _have(fields: list):
    """clientFile depotFile haveRev [type] [time]."""
    client_file, name, rev = fields[:3]
    client = client_file.split("/")[2]
    return "have", (client, name, client_file, rev, _type(_at(fields, 3, 0)), _at(fields, 4, 0))


def _opened(fields: list) -> tuple:
    """clientFile depotFile client user haveRev workRev [isVirtual] type action change modTime isLocked
    digest size traitLot tampered clientType movedFile status; old rows end earlier and have no isVirtual."""
    client_file, name, client, user, have, work, *rest = fields
    virtual = rest.pop(0) if len(fields) > 12 else 0
    kind, action, change, modified = rest[:4]
    moved = _at(rest, 10) or None
    digest, size = _digest(_at(rest, 5, NO_DIGEST)), _size(_at(rest, 6))
    return (client, name, client_file, user, have, work, virtual, _type(kind), _action(action), change,
            modified, _at(rest, 4, 0), digest, size, _at(rest, 8, 0), _type(_at(rest, 9, kind)), moved,
            _at(rest, 11, 0))


def _working(fields: list):
    return "working", _opened(fields)


def _workingx(fields: list):
    row = _opened(fields)
    shelf, (name, client_file, user, have, work, virtual, kind, action) = int(row[0]), row[1:9]
    return "workingx", (shelf, name, "", client_file, user, have, work, virtual, kind, action, *row[10:14],
                        row[16])


def _integed(fields: list):
    return "integed", tuple(fields[:8])


def _resolve(fields: list):
    """toFile fromFile startFromRev endFromRev startToRev endToRev how state [baseFile baseRev]; toFile in
    client syntax."""
    client = fields[0].split("/")[2]
    kind = codes.RESOLVE_TYPES.get(fields[6], "content")
    return "resolve", (client, 0, *fields[:8], _at(fields, 8) or None, _at(fields, 9), kind, None)


def _resolvex(fields: list):
    _, (client, _, *rest) = _resolve(fields)
    return "resolve", ("", int(client) if client.isdigit() else 0, *rest)


def _change(fields: list):
    """change descKey client user date status description [root [importer identity [access [update
    [stream]]]]]."""
    number, key, client, user, date, status, description = fields[:7]
    kind = "restricted" if status & 4 else "public"
    root, importer, identity, access, update, stream = (_at(fields, place) or None for place in range(7, 13))
    old = key if key != number else None
    return "change", (number, client, user, date, int(status & 3 == 1), int(status & 3 == 2), kind, root,
                      old,
                      description, importer, identity, stream, update, access)


def _desc(fields: list):
    return "desc", tuple(fields[:2])


def _domain(fields: list):
    """name type extra mount mount2 mount3 owner updateDate accessDate options [mapState] description [stream
    serverId contents]; extra is a client's host or a label's revision."""
    name, kind, extra, root, alternative, other, owner, updated, accessed, bits, *rest = fields
    if rest and isinstance(rest[0], int):
        rest.pop(0)
    client, label = kind == codes.CLIENT, kind == codes.LABEL
    return "domain", (
        kind, name, owner, updated, accessed, _at(rest, 0, ""), codes.options(kind, bits),
        extra or None if client else None, root or None, alternative or None, other or None,
        "submitunchanged" if client else None, "local" if client else None, _at(rest, 1) or None,
        _at(rest, 2) or None, "writeable" if client else None, "enable" if client else None,
        extra or None if label else None)


def _depot(fields: list):
    """name type extra map; extra is an address, a suffix or a stream depth, as the type wants."""
    name, kind, extra, place = fields[:4]
    kind = codes.word(codes.DEPOT_TYPES, kind, "local")
    depth = f"//{name}/{extra or 1}" if kind == "stream" else None
    address, suffix = (extra or None if kind == wanted else None for wanted in ("remote", "spec"))
    return "depot", (kind, address, suffix, place, depth, name)


def _view(fields: list):
    """name seq mapFlag viewFile depotFile [comment]."""
    name, seq, flag, view, depot = fields[:5]
    kind = 1 if flag == codes.CHANGE_MAP else 0
    return "view", (0, name, kind, seq, codes.MAP_FLAGS.get(flag, ""), depot, view, _at(fields, 5) or None)


def _stream(fields: list):
    """stream parent title type mtime change copyChange mergeChange highChange hash status [parentView]."""
    name, parent, title, kind = fields[:4]
    return "stream", (name, parent, codes.word(codes.STREAM_TYPES, kind, "development"), title, 0,
                      "noinherit" if _at(fields, 11) == 1 else "inherit", None,
                      *(_at(fields, place, 0) for place in range(6, 11)))


def _template(fields: list):
    """name change seq parent type pathType viewFile depotFile [comment]."""
    name, change, seq, _, _, path, view, depot = fields[:8]
    note = _at(fields, 8)
    note = note if isinstance(note, str) and note else None
    if path == codes.IGNORE_PATH and not depot:
        return "template", (name, change, 2, seq, "", view, "", note)
    if path == codes.REMAP_PATH or depot and not depot.startswith("//"):
        return "template", (name, change, 1, seq, "", view, depot, note)
    kind = codes.PATH_TYPES.get(path, "share")
    if depot and not kind.startswith("import"):
        kind = "import"
    return "template", (name, change, 0, seq, kind, view, depot, note)


def _user(fields: list):
    """user email jobView updateDate accessDate fullName password strength ticket endDate [type [passDate
    ...]]."""
    name, email, job_view, updated, accessed, full_name, password, strength = fields[:8]
    return "user", (name, _at(fields, 10, 0), email, job_view or None, updated, accessed, full_name,
                    password or None, _at(fields, 11, 0), strength)


def _limit(value) -> int | None:
    """0 is unset, anything negative unlimited."""
    return None if not value else -1 if value < 0 else value


def _group(fields: list):
    """user group type maxResults maxScanRows maxLockTime [maxOpenFiles] timeout [passwordTimeout [maxMemory
    [idleTimeout]]]; one row for every member."""
    member, name, kind, results, rows, lock_time, *rest = fields
    opened = rest.pop(0) if len(rest) >= 3 else 0
    timeout, password, memory, idle = (_at(rest, place, 0) for place in range(4))
    limits = [results, rows, lock_time, opened, memory, timeout, idle, password]
    return "group", (name, *map(_limit, limits)), (member, kind)


def _protect(fields: list):
    """seq isGroup user host perm mapFlag depotFile ..."""
    seq, is_group, name, host, perm, flag, path = fields[:7]
    flag = codes.MAP_FLAGS.get(flag, "")
    return "protect", (seq, codes.permission(perm), is_group, name, host, flag, path)


def _config(fields: list):
    """serverName name value; only what holds for any server."""
    return ("config", (fields[1], fields[2])) if fields[0] == "any" else None


def _property(fields: list):
    return "property", tuple(fields[:7])


def _pair(target: str):
    return lambda fields: (target, (fields[0], str(fields[1])))


def _label(fields: list):
    return "label", tuple(fields[:3])


CONVERTERS = {
    "db.rev": _rev, "db.revsh": _shelf, "db.have": _have, "db.working": _working, "db.workingx": _workingx,
    "db.integed": _integed, "db.resolve": _resolve, "db.resolvex": _resolvex, "db.change": _change,
    "db.desc": _desc, "db.domain": _domain, "db.depot": _depot, "db.view": _view, "db.stream": _stream,
    "db.template": _template, "db.user": _user, "db.group": _group, "db.protect": _protect,
    "db.config": _config, "db.property": _property, "db.label": _label, "db.counters": _pair("counter"),
    "db.nameval": _pair("key"),
}

# How rows of a table begin, whatever the version: s text, i number.
SHAPES = {
    "db.rev": "siiiiiis", "db.revsh": "siiiiiis", "db.have": "ssi", "db.working": "ssssiiiiii",
    "db.workingx": "ssssiiiiii", "db.integed": "ssiiiiii", "db.resolve": "ssiiiiii",
    "db.resolvex": "ssiiiiii",
    "db.change": "iissiis", "db.desc": "is", "db.domain": "sisssssiii", "db.depot": "siss",
    "db.view": "siiss",
    "db.stream": "sssi", "db.template": "siisiiss", "db.user": "sssiissi", "db.group": "ssiiii",
    "db.protect": "iissiis", "db.config": "sss", "db.property": "siissis", "db.counters": "s",
    "db.nameval": "ss",
    "db.label": "ssi",
}

# How rows of each target are written; the number of ? is the number of values.
COLUMNS = {
    "domain": "type, name, owner, updateDate, accessDate, description, options, host, root, altRoot1,"
              " altRoot2, submitOptions, lineEnd, stream, serverId, kind, backup, revision",
    "stream": "stream, parent, type, title, change, parentView, baseParent, copyChange, mergeChange,"
              " highChange, hash, status",
    "user": "user, type, email, jobView, updateDate, accessDate, fullName, password, passDate, strong",
    "group": "name, maxResults, maxScanRows, maxLockTime, maxOpenFiles, maxMemory, timeout, idleTimeout,"
             " passTimeout",
    "protect": "seq, perm, isGroup, name, host, flag, depotFile",
}

# Keys by which a `dv` row is deleted: (table, number of leading values, their columns).
DELETED = {"rev": ("depotFile", "rev"), "have": ("client", "depotFile"), "working": ("client", "depotFile"),
           "counter": ("name",), "key": ("name",), "domain": ("type", "name"), "stream": ("stream",),
           "user": ("user",), "change": ("change",), "label": ("name", "depotFile")}

SETTLE = """
UPDATE change SET description = text FROM restored_desc WHERE key = COALESCE(oldChange, change);
UPDATE change SET shelved = 1 WHERE change IN (SELECT change FROM shelf);
UPDATE view SET type = COALESCE((SELECT type FROM domain WHERE domain.name = view.name), 0) WHERE type = 0;
UPDATE stream SET change =
    COALESCE((SELECT MAX(change) FROM template WHERE template.name = stream.stream), 0);
UPDATE workingx SET client =
    COALESCE((SELECT client FROM change WHERE change.change = workingx.change), x'');
UPDATE resolve SET client =
    COALESCE((SELECT client FROM change WHERE change.change = shelf), client) WHERE shelf > 0;
UPDATE resolve SET change = (SELECT change FROM working
    WHERE working.client = resolve.client AND working.clientFile = resolve.toFile) WHERE shelf = 0;
UPDATE resolve SET toFile = COALESCE((SELECT depotFile FROM working
    WHERE working.client = resolve.client AND working.clientFile = resolve.toFile), toFile) WHERE shelf = 0;
"""


class _Loader:
    """Writes converted rows in batches."""

    def __init__(self, store: Store):
        self.store, self.waiting, self.count = store, {}, 0
        store.execute("CREATE TEMP TABLE restored_desc (key INTEGER PRIMARY KEY, text BLOB)")

    def put(self, target: str, values: tuple, *members: tuple) -> None:
        self.waiting.setdefault(target, []).append(values)
        for name, kinds in members:
            for kind, bit in enumerate((1, 2, 4)):
                if kinds & bit:
                    self.waiting.setdefault("member", []).append((values[0], name, kind))
        self.count += 1
        if self.count >= BATCH:
            self.flush()

    def flush(self) -> None:
        for target, rows in self.waiting.items():
            self.store.many(_statement(target, len(rows[0])), rows)
        self.waiting, self.count = {}, 0

    def delete(self, target: str, values: tuple) -> None:
        columns = DELETED.get(target)
        if columns:
            self.flush()
            matches = " AND ".join(f'"{column}" = ?' for column in columns)
            self.store.execute(f'DELETE FROM "{target}" WHERE {matches}', *values[:len(columns)])


def _statement(target: str, width: int) -> str:
    if target == "depot":
        return ("UPDATE domain SET kind = ?, address = ?, suffix = ?, map = ?, streamDepth = ?"
                " WHERE type = 100 AND name = ?")
    table = "restored_desc" if target == "desc" else target
    columns = f" ({COLUMNS[target]})" if target in COLUMNS else ""
    return f'INSERT OR REPLACE INTO "{table}"{columns} VALUES ({", ".join("?" * width)})'


def restore(store: Store, path: str | Path) -> Report:
    """Read a checkpoint (or journal) into a store.  Raises JournalError, and changes nothing, if the file is
    cut off or not one."""
    report = Report()
    with store.write():
        for statement in DROP_TRIGGERS.split(";"):
            store.execute(statement)
        loader, depots = _Loader(store), []
        for row in read(path):
            _take(row, loader, depots, report)
        loader.flush()
        if not report.restored:
            raise JournalError(f"{path}: holds no rows of a journal")
        for values in depots:
            loader.put("depot", values)
        loader.flush()
        _settle(store)
        if spelling.folds(store):
            spelling.ignore_case(store)
            spelling.settle(store)
    return report


def _take(row: JournalRow, loader: _Loader, depots: list, report: Report) -> None:
    if row.error:
        report.errors.append((row.line, row.error))
        return
    if row.operation == "nx" and row.fields[:1] == [0] and _at(row.fields, 3) == CASE_FOLDED:
        loader.put("config", ("caseHandling", "insensitive"))
    if row.operation not in (*COPIED, "dv"):
        return
    convert = CONVERTERS.get(row.table)
    if convert is None:
        report.skipped[row.table] += 1
        return
    made = _convert(convert, row)
    if isinstance(made, str):
        report.errors.append((row.line, made))
        return
    (report.restored if made else report.skipped)[row.table] += 1
    if made and made[0] == "depot":
        depots.append(made[1])
    elif made and row.operation == "dv":
        loader.delete(*made[:2])
    elif made:
        loader.put(*made)


def _convert(convert, row: JournalRow):
    """What a converter makes of a row, or, as text, why it cannot be one of its table."""
    what = f"{row.table} version {row.version} with {len(row.fields)} fields"
    kinds = "".join("i" if isinstance(field, int) else "s" for field in row.fields)
    if not kinds.startswith(SHAPES[row.table]):
        return f"{what}: not the columns of that table"
    try:
        return convert(row.fields)
    except (ValueError, IndexError, TypeError, AttributeError) as error:
        return f"{what}: {error}"


def _settle(store: Store) -> None:
    """What needs more than one table: see SETTLE; then the heads, which triggers keep from here on."""
    for statement in filter(str.strip, (SETTLE + FILL_HEADS).split(";")):
        store.execute(statement)
    for (name,) in store.all("SELECT stream FROM stream WHERE stream NOT IN (SELECT name FROM template)"):
        store.execute("INSERT INTO template VALUES (?, 0, 0, 0, ?, ?, ?, NULL)", name, "share", "...", "")
    for trigger in TRIGGERS.split("END;"):
        if trigger.strip():
            store.execute(trigger + "END")
    store.execute("DROP TABLE restored_desc")


def main(root: str | Path, path: str | Path) -> int:
    """`p4d -jr`: restore into an empty root and say what was done; the exit status."""
    Path(root).mkdir(parents=True, exist_ok=True)
    store = Store(root)
    try:
        if store.value("SELECT 1 FROM rev LIMIT 1") or store.value("SELECT 1 FROM change LIMIT 1"):
            print(M.CheckpointNoOverwrite.render({}), file=sys.stderr)
            return 1
        print(f"Recovering from {path}...")
        report = restore(store, path)
    except (OSError, JournalError) as error:
        print(f"{error}\nNothing was restored.", file=sys.stderr)
        return 1
    finally:
        store.close()
    print(report)
    return 1 if report.errors else 0
