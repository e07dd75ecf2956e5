"""What the listing commands share: name filters, -m, dates and short descriptions."""

from typing import Iterable, Iterator

from .auth import pattern_regex
from .command import Context
from .dates import format_day, format_time
from .options import Options

SHORT = 31      # bytes of a description that short listings show


def day(seconds: int | None, with_time: bool = False) -> str:
    """A date of plain output: server time zone, YYYY/MM/DD and with -t the time."""
    return format_time(seconds) if with_time else format_day(seconds)


def one_line(text: str | None) -> str:
    """A description in one line: newlines become blanks."""
    return (text or "").replace("\n", " ")


def name_filter(opts: Options, fold: bool = False):
    """The predicate of -e (case counts as on the server) and -E (it does not) name filters."""
    exact = [pattern_regex(p, fold) for p in opts.all("e")]
    folded = [pattern_regex(p.lower()) for p in opts.all("E")]

    def accepts(name: str) -> bool:
        return (not exact or any(r.fullmatch(name) for r in exact)) and (
            not folded or any(r.fullmatch(name.lower()) for r in folded))
    return accepts


def limited(ctx: Context, opts: Options, rows: Iterable, accepts=lambda row: True) -> Iterator:
    """The accepted rows up to -m of them; counts scanned and result rows."""
    left = opts.number("m") or None
    for row in rows:
        ctx.scanned()
        if not accepts(row):
            continue
        ctx.result()
        yield row
        left = left and left - 1
        if left == 0:
            return
