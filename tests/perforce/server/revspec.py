"""Revision specifications: what stands behind a file argument's path, as `#3`, `@12,@15`, `@2024/01/31` or
`@=7`.

Only the text is looked at here; whether `@name` is a label or a client is for the caller, who has the
database.
"""

from typing import NamedTuple

from .command import CommandError
from .dates import looks_like_date, parse_date
from .messages import M

OPERATORS = (">=", "<=", ">", "<", "=")
KEYWORDS = ("head", "have", "none")
HIGHEST = 0x7FFFFFFF            # numbers of revisions and changes have 32 bits


class Rev(NamedTuple):
    """One end of a specification.  kind: rev (value a number), head, have, none, change (a number), date
    (epoch seconds), name (a label's or client's name), shelf (a change); `beyond` marks an end that is
    itself left out (`#>3`, `@<100`)."""

    kind: str
    value: object = None
    beyond: bool = False


def split_path(argument: str) -> tuple[str, str]:
    """The path of an argument and its revision specification, '' without one.  In a path `#` and `@` are
    encoded."""
    for place, char in enumerate(argument):
        if char in "#@":
            return argument[:place], argument[place:]
    return argument, ""


def parse(spec: str) -> tuple[Rev | None, Rev | None]:
    """(low, high) of a specification.  low None: a single revision `high`; both None: there is no
    specification; high None: everything from low on.  Raises CommandError with the product's message."""
    if not spec:
        return None, None
    first, comma, second = spec.partition(",")
    mark = first[0]
    operator, low = _end(first, spec)
    if not comma:
        return (low, None) if operator in (">", ">=") else (None, low)
    if operator or not second:
        raise CommandError(M.BadRevSpec(arg=spec))
    operator, high = _end(second if second[0] in "#@" else mark + second, spec)
    if operator:
        raise CommandError(M.BadRevSpec(arg=spec))
    return low, high


def _end(text: str, spec: str) -> tuple[str, Rev]:
    """One end with its operator ('' or >, >=, <, <=)."""
    mark, body = text[0], text[1:]
    operator = next((sign for sign in OPERATORS if body.startswith(sign)), "")
    body = body[len(operator):]
    if not body or "#" in body or "@" in body:
        raise CommandError(M.BadRevSpec(arg=spec))
    if operator == "=":
        return "", _shelf(mark, body, spec)
    rev = _revision(body) if mark == "#" else _change(body)
    return operator, rev._replace(beyond=operator in (">", "<"))


def _shelf(mark: str, body: str, spec: str) -> Rev:
    if mark != "@" or not body.isdecimal():
        raise CommandError(M.BadRevSpec(arg=spec))
    return Rev("shelf", min(int(body), HIGHEST))


def _revision(body: str) -> Rev:
    if body in KEYWORDS:
        return Rev(body)
    if not body.isdecimal():
        raise CommandError(M.BadRevision(rev=body))
    return Rev("rev", min(int(body), HIGHEST)) if int(body) else Rev("none")


def _change(body: str) -> Rev:
    if body.isdecimal():
        return Rev("change", min(int(body), HIGHEST))
    if looks_like_date(body):
        return Rev("date", parse_date(body))
    return Rev("name", body)
