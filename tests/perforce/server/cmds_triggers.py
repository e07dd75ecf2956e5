"""triggers: the form with the table of triggers."""

from . import formcmd, triggers
from .command import Context, command
from .messages import M
from .options import Options
from .specs import SpecError, split_words


@command("triggers", "i o", M.UseTriggers, maximum=0, level=None)
def edit_triggers(ctx: Context, opts: Options) -> None:
    if not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    formcmd.process(ctx, opts, "triggers", lambda: {"Triggers": triggers.entries(ctx.store)},
                    lambda values: _save(ctx, values), M.TriggerNoChange())


def _save(ctx: Context, values: dict) -> None:
    entries = list(values.get("Triggers") or ())
    for entry in entries:
        _check(entry)
    if entries == triggers.entries(ctx.store):
        ctx.message(M.TriggerNoChange)
        return
    with ctx.store.write():
        ctx.store.insert("config", name=triggers.CONFIG, value="\n".join(entries))
    ctx.message(M.TriggerSave)


def _check(entry: str) -> None:
    words, _ = split_words(entry)
    _, kind, path, _ = words
    if kind not in triggers.TYPES:
        raise SpecError("triggers", M.InvalidType(type="trigger", arg=kind))
    if kind in triggers.CHANGE_TYPES and not path.removeprefix("-").startswith("//"):
        raise SpecError("triggers", M.PathNotUnder(depotFile=path, prefix="//..."))
