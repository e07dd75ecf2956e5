"""counter(s), key(s): named values.  Counters the server lives on may not be set at will."""

from .command import CommandError, Context, command
from .messages import M, Message
from .options import Options

PROTECTED = ("journal", "job", "upgrade", "maxCommitChange")


class Kind:
    """What differs between counters and keys."""

    def __init__(self, table: str, key: str, *, get: Message, put: Message, delete: Message,
                 missing: Message, not_numeric: Message, argument: str):
        self.table, self.key = f'"{table}"', key
        self.get, self.put, self.delete, self.missing = get, put, delete, missing
        self.not_numeric, self.argument = not_numeric, argument


COUNTER = Kind("counter", "counter", get=M.CounterGet, put=M.CounterSet, delete=M.CounterDelete,
               missing=M.NoSuchCounter, not_numeric=M.CounterNotNumeric, argument="counterName")
KEY = Kind("key", "key", get=M.CounterGet, put=M.KeySet, delete=M.KeyDelete, missing=M.NoSuchKey,
           not_numeric=M.KeyNotNumeric, argument="keyName")


@command("counter", "d f i", M.UseCounter, minimum=1, maximum=2)
def counter(ctx: Context, opts: Options) -> None:
    changing = len(opts.args) > 1 or "d" in opts or "i" in opts
    name = opts.args[0]
    if changing:
        _may_change_counter(ctx, name, opts)
    _one(ctx, opts, COUNTER, changing)


@command("key", "d i", M.UseKey, minimum=1, maximum=2)
def key(ctx: Context, opts: Options) -> None:
    changing = len(opts.args) > 1 or "d" in opts or "i" in opts
    if changing and not ctx.access.has("review"):
        ctx.fail(M.NoPerms)
    _one(ctx, opts, KEY, changing)


def _may_change_counter(ctx: Context, name: str, opts: Options) -> None:
    needed = "super" if "f" in opts else "review"
    if not ctx.access.has(needed):
        ctx.fail(M.NoPerms)
    if name in PROTECTED or (name == "change" and "f" not in opts):
        ctx.fail(M.NotThatCounter, counter=name)


def _one(ctx: Context, opts: Options, kind: Kind, changing: bool) -> None:
    name = opts.args[0]
    sql = f"SELECT value FROM {kind.table} WHERE name = ?"
    if not changing:
        value = ctx.store.value(sql, name, default="0")
        ctx.emit([(kind.key, name), ("value", value)], kind.get, counterValue=value)
        return
    with ctx.store.write():
        if "d" in opts:
            if not ctx.store.execute(f"DELETE FROM {kind.table} WHERE name = ?", name):
                ctx.fail(kind.missing, **{kind.key: name})
            ctx.message(kind.delete, counterName=name)
            return
        value = _new_value(ctx, opts, kind, ctx.store.value(sql, name, default="0"))
        ctx.store.execute(f"INSERT OR REPLACE INTO {kind.table} VALUES (?, ?)", name, value)
    if "i" in opts:
        ctx.emit([(kind.key, name), ("value", value)], kind.get, counterValue=value)
    else:
        ctx.message(kind.put, counterName=name)


def _new_value(ctx: Context, opts: Options, kind: Kind, old: str) -> str:
    name = opts.args[0]
    if "i" in opts:
        if not old.lstrip("-").isdigit():
            raise CommandError(kind.not_numeric(**{kind.argument: name}))
        return str(int(old) + 1)
    value = opts.args[1] if len(opts.args) > 1 else ""
    if name == "change" and kind is COUNTER:
        if not value.lstrip("-").isdigit():
            ctx.fail(M.MustBeNumeric, counter=name)
        if value.startswith("-"):
            ctx.fail(M.MayNotBeNegative, counter=name)
    return value


@command("counters", "e: m#", M.UseCounters, maximum=0)
def counters(ctx: Context, opts: Options) -> None:
    _list(ctx, opts, COUNTER)


@command("keys", "e: m#", M.UseKeys, maximum=0)
def keys(ctx: Context, opts: Options) -> None:
    _list(ctx, opts, KEY)


def _list(ctx: Context, opts: Options, kind: Kind) -> None:
    wanted = glob_filter(opts.all("e"))
    left = opts.number("m") or None
    for name, value in ctx.store.rows(f"SELECT name, value FROM {kind.table} ORDER BY name"):
        ctx.scanned()
        if not wanted(name):
            continue
        if left == 0:
            break
        left = left and left - 1
        ctx.result()
        ctx.emit([(kind.key, name), ("value", value)], M.CountersData, counterName=name, counterValue=value)


def glob_filter(patterns: list[str], fold: bool = False):
    """A predicate for -e (and, fold, -E) name filters with * and ... wildcards; no pattern accepts
    everything."""
    from .auth import pattern_regex
    regexes = [pattern_regex((p.lower() if fold else p).replace("...", "*")) for p in patterns]

    def accepts(name: str) -> bool:
        text = name.lower() if fold else name
        return not regexes or any(r.fullmatch(text) for r in regexes)
    return accepts
