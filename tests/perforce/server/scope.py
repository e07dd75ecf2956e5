"""Which depot paths a command works on, in a form the database can use.

A Scope is a list of byte ranges (ascending, apart, half open) and, where the ranges take in too much, a test
for a single path.  Views made of whole trees and single files become ranges alone, so that a stream of any
size is one or a few range scans; wildcards inside paths and exclusions such as `-//s/....tmp` add a test.
The cost of a scope follows its paths and never the size of the depot.  Paths are bytes here.
"""

import re
from bisect import bisect_right
from typing import Callable

from . import decode, encode
from .auth import Filter
from .mapping import UNMAP, Line, ViewMap
from .wildcard import Pattern, is_dots, meet, pattern

END = b"\xff" * 8           # above every path: paths start with a slash

Range = tuple[bytes, bytes]
Test = Callable[[bytes], bool]


def tree_range(prefix: bytes) -> Range:
    """All paths that start with prefix."""
    raw = prefix
    while raw and raw[-1] == 0xFF:
        raw = raw[:-1]
    return prefix, raw[:-1] + bytes([raw[-1] + 1]) if raw else END


def _range_of(shape: Pattern) -> Range:
    """The paths a pattern can match lie in this range; exactly these unless it is wild."""
    if shape.kind == "literal":
        return encode(shape.text), encode(shape.text) + b"\0"
    return tree_range(encode(shape.prefix))


def unite(ranges: list[Range], low: bytes, high: bytes) -> list[Range]:
    """ranges with [low, high) added."""
    made = []
    for one, other in ranges:
        if other < low or one > high:
            made.append((one, other))
        else:
            low, high = min(one, low), max(other, high)
    made.append((low, high))
    made.sort()
    return made


def subtract(ranges: list[Range], low: bytes, high: bytes) -> list[Range]:
    """ranges with [low, high) taken away."""
    made = []
    for one, other in ranges:
        if other <= low or one >= high:
            made.append((one, other))
            continue
        if one < low:
            made.append((one, low))
        if other > high:
            made.append((high, other))
    return made


def intersect(first: list[Range], second: list[Range]) -> list[Range]:
    made, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        low, high = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if low < high:
            made.append((low, high))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return made


class Scope:
    """Immutable; `test` is None if every path in the ranges belongs to it."""

    __slots__ = ("ranges", "test")

    def __init__(self, ranges: list[Range], test: Test | None = None):
        self.ranges, self.test = ranges, test

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __contains__(self, path: bytes) -> bool:
        at = bisect_right(self.ranges, (path, END + END)) - 1
        if at < 0 or path >= self.ranges[at][1]:
            return False
        return self.test is None or self.test(path)

    def __and__(self, other: "Scope") -> "Scope":
        tests = [test for test in (self.test, other.test) if test is not None]
        if len(tests) == 2:
            one, two = tests
            tests = [lambda path: one(path) and two(path)]
        return Scope(intersect(self.ranges, other.ranges), tests[0] if tests else None)

    def without(self, other: "Scope") -> "Scope":
        """The paths of self that are not in other."""
        if other.test is not None:
            return Scope(self.ranges,
                         lambda path: path not in other and (self.test is None or self.test(path)))
        ranges = self.ranges
        for low, high in other.ranges:
            ranges = subtract(ranges, low, high)
        return Scope(ranges, self.test)


EVERYTHING = Scope([(b"", END)])
NOTHING = Scope([])


def of_pattern(text: str, fold: bool = False) -> Scope:
    """The paths that match one pattern."""
    shape = pattern(text, fold)
    if fold:
        return Scope([(b"", END)], lambda path: shape.match(decode(path)))
    return Scope([_range_of(shape)], _only([shape]) if shape.kind == "wild" else None)


def of_view(view: ViewMap) -> Scope:
    """The left paths a view maps."""
    def maps(path: bytes) -> bool:
        return view.translate(decode(path)) is not None

    return Scope([(b"", END)], maps) if view.fold else _of_rows(view.disambiguated().rows, maps)


def _of_rows(rows: list[Line], translates: Test) -> Scope:
    ranges: list[Range] = []
    vetoes: list[Pattern] = []
    exact = True
    for number, line in enumerate(rows):
        shape = line.left
        if line.flag != UNMAP:
            ranges = unite(ranges, *_range_of(shape))
            exact = exact and shape.kind != "wild"
        elif shape.kind != "wild":
            ranges = subtract(ranges, *_range_of(shape))
        else:
            vetoes.append(shape)
            exact = exact and not _overruled(shape, rows[number + 1:])
    if not exact:
        return Scope(_candidates(rows), translates)
    return Scope(ranges, _veto(vetoes) if vetoes else None)


def _overruled(shape: Pattern, later: list[Line]) -> bool:
    """Whether a later line maps again some of what an exclusion took away."""
    return any(line.flag != UNMAP and meet(shape, line.left) for line in later)


def _candidates(rows: list[Line]) -> list[Range]:
    ranges: list[Range] = []
    for line in rows:
        if line.flag != UNMAP:
            ranges = unite(ranges, *_range_of(line.left))
    return ranges


def _matcher(shapes: list[Pattern]):
    """All shapes in one regular expression."""
    source = b"|".join(b"(?:" + b"".join(_piece(token) for token in shape.tokens) + rb")\Z"
                       for shape in shapes)
    return re.compile(source, re.DOTALL).match


def _piece(token: str | int) -> bytes:
    return re.escape(encode(token)) if isinstance(token, str) else b".*" if is_dots(token) else b"[^/]*"


def _only(shapes: list[Pattern]) -> Test:
    match = _matcher(shapes)
    return lambda path: match(path) is not None


def _veto(shapes: list[Pattern]) -> Test:
    match = _matcher(shapes)
    return lambda path: match(path) is None


def of_filter(allowed: Filter) -> Scope:
    """The paths protections allow."""
    if allowed.lines is None:
        return EVERYTHING
    ranges: list[Range] = []
    exact = True
    for line in reversed(allowed.lines):        # they come with the deciding line first
        bounds = tree_range(encode(line.prefix))
        if not line.simple:
            exact = False
        if not line.exclude:
            ranges = unite(ranges, *bounds)
        elif line.simple:
            ranges = subtract(ranges, *bounds)
    return Scope(ranges, None if exact else lambda path: allowed(decode(path)))
