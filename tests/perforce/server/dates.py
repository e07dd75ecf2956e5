"""Dates as the product writes and reads them, in the server's time zone."""

import re
import time

from .command import CommandError
from .messages import M

DATE = re.compile(r"(\d{4})/(\d{1,2})/(\d{1,2})(?:[: ](\d{1,2}):(\d{2})(?::(\d{2}))?)?(?: ?([-+]\d{4}))?")


def looks_like_date(text: str) -> bool:
    return text == "now" or DATE.match(text) is not None


def parse_date(text: str) -> int:
    """Epoch seconds of `YYYY/MM/DD`, `YYYY/MM/DD[: ]hh:mm[:ss]` (optionally with a zone as +hhmm) or
    `now`."""
    if text == "now":
        return int(time.time())
    found = DATE.fullmatch(text.strip())
    if not found:
        raise CommandError(M.InvalidDate(date=text))
    year, month, day, hour, minute, second = (int(part or 0) for part in found.groups()[:6])
    clock = hour < 24 and minute < 60 and second < 62
    if not (clock and year >= 1970 and 1 <= month <= 12 and 1 <= day <= 31):
        raise CommandError(M.InvalidDate(date=text))
    fields = (year, month, day, hour, minute, second, 0, 0, -1)
    zone = found[7]
    if not zone:
        return int(time.mktime(fields))
    offset = int(zone[1:3]) * 3600 + int(zone[3:5]) * 60
    return int(_utc(fields) - (offset if zone[0] == "+" else -offset))


def _utc(fields: tuple) -> float:
    return time.mktime((*fields[:8], 0)) - time.timezone


def format_day(seconds: int | None, utc: bool = False) -> str:
    """`YYYY/MM/DD`, as in listings."""
    return time.strftime("%Y/%m/%d", (time.gmtime if utc else time.localtime)(seconds or 0))


def format_time(seconds: int | None, utc: bool = False) -> str:
    """`YYYY/MM/DD hh:mm:ss`, as in forms and describe."""
    return time.strftime("%Y/%m/%d %H:%M:%S", (time.gmtime if utc else time.localtime)(seconds or 0))


def format_zoned(seconds: int | None) -> str:
    """`YYYY/MM/DD hh:mm:ss +hhmm ZONE`, as in info."""
    return time.strftime("%Y/%m/%d %H:%M:%S %z %Z", time.localtime(seconds or 0))
