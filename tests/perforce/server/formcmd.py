"""Forms from the commands' side: -o shows one, -i reads one from the client, neither opens the client's
editor."""

from typing import Callable

from .command import Context
from .dates import format_time as stamp  # noqa: F401  (dates in forms)
from .messages import Bound
from .options import Options
from .specs import SPECS


def show(ctx: Context, kind: str, values: dict, extra=()) -> None:
    """The form on the client's standard output; extra pairs follow the fields of a tagged form."""
    spec = SPECS[kind]
    ctx.form(spec.format(values), [*spec.tagged(values), *extra], spec.encoded)


def read(ctx: Context, kind: str, required: bool = True) -> dict:
    """The form the client has on its standard input, as values; SpecError if it is wrong."""
    spec = SPECS[kind]
    answer = ctx.ask("client-InputData", specdef=spec.encoded)
    return spec.parse(answer.get("data"), required)


def edit(ctx: Context, kind: str, values: dict) -> dict | None:
    """The form after the client's user edited it; None if it was left as it is."""
    spec = SPECS[kind]
    text = spec.format(values)
    answer = ctx.ask("client-EditData", data=text)
    after = answer.get("data", text)
    return None if after == text else spec.parse(after)


def process(ctx: Context, opts: Options, kind: str, template: Callable[[], dict],
            save: Callable[[dict], None], unchanged: Bound) -> None:
    """-o, -i or the editor, for the common kind of form command."""
    if "o" in opts:
        show(ctx, kind, template())
    elif "i" in opts:
        save(read(ctx, kind))
    else:
        values = edit(ctx, kind, template())
        if values is None:
            ctx.message(unchanged)
        else:
            save(values)
