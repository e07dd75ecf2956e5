"""Forms from the commands' side: -o shows one, -i reads one from the client, neither opens the client's
editor.  Triggers may change a form on its way out and in, and refuse one on its way in and before it is
saved."""

from typing import Callable

from . import triggers
from .command import Context
from .dates import format_time as stamp  # noqa: F401  (dates in forms)
from .messages import Bound
from .options import Options
from .specs import SPECS, SpecError


def show(ctx: Context, kind: str, values: dict, extra=()) -> None:
    """The form on the client's standard output; extra pairs follow the fields of a tagged form."""
    spec = SPECS[kind]
    text, values = _outgoing(ctx, kind, values)
    ctx.form(text, [*spec.tagged(values), *extra], spec.encoded)


def _outgoing(ctx: Context, kind: str, values: dict) -> tuple[str, dict]:
    """The form as text and values, after the triggers that may rewrite it."""
    spec = SPECS[kind]
    text = spec.format(values)
    after, failed = triggers.fire_form(ctx, "form-out", kind, _name(kind, values), text)
    if failed:
        raise SpecError(kind, *failed)
    return (text, values) if after == text else (after, spec.parse(after, False))


def _incoming(ctx: Context, kind: str, text: str, required: bool = True) -> dict:
    spec = SPECS[kind]
    text, failed = triggers.fire_form(ctx, "form-in", kind, "", text)
    if failed:
        raise SpecError(kind, *failed)
    values = spec.parse(text, required)
    if ctx.spelling is not None:
        values = ctx.spelling.form(kind, values)
    fire(ctx, "form-save", kind, _name(kind, values), text)
    return values


def _name(kind: str, values: dict) -> str:
    """What a form is about: its first field, or for a table (triggers, protections) its kind."""
    field = next(iter(SPECS[kind].fields.values()))
    return kind if field.is_list else str(values.get(field.name) or "")


def fire(ctx: Context, when: str, kind: str, name: str, text: str = "") -> None:
    """Triggers that may only refuse: form-save, form-commit, form-delete."""
    _, failed = triggers.fire_form(ctx, when, kind, name, text)
    if failed:
        raise SpecError(kind, *failed)


def read(ctx: Context, kind: str, required: bool = True) -> dict:
    """The form the client has on its standard input, as values; SpecError if it is wrong."""
    answer = ctx.ask("client-InputData", specdef=SPECS[kind].encoded)
    return _incoming(ctx, kind, answer.get("data"), required)


def edit(ctx: Context, kind: str, values: dict) -> dict | None:
    """The form after the client's user edited it; None if it was left as it is."""
    text, _ = _outgoing(ctx, kind, values)
    answer = ctx.ask("client-EditData", data=text)
    after = answer.get("data", text)
    return None if after == text else _incoming(ctx, kind, after)


def process(ctx: Context, opts: Options, kind: str, template: Callable[[], dict],
            save: Callable[[dict], None], unchanged: Bound) -> None:
    """-o, -i or the editor, for the common kind of form command."""
    if "o" in opts:
        show(ctx, kind, template())
        return
    values = read(ctx, kind) if "i" in opts else edit(ctx, kind, template())
    if values is None:
        ctx.message(unchanged)
        return
    save(values)
    fire(ctx, "form-commit", kind, _name(kind, values))
