"""View maps: ordered lines `[-+&]left right` that translate paths in both directions.

Used for client views, branch views, generated stream views, protections and the root map of a client.  The
rules are the product's: the last line that matches wins, an exclusion unmaps, `+` overlays, `&` adds further
client places, and every later line also hides what earlier lines would put at its place (disambiguation).
Translation works on the disambiguated lines through an index by literal prefix, so the cost per path does
not grow with the number of lines.
"""

from bisect import bisect_right
from typing import NamedTuple

from .messages import M
from .specs import join_words, split_words
from .wildcard import JOIN_ROWS, MapError, Pattern, fold_case, meet, pattern

MAP, UNMAP, OVERLAY, DITTO = '', '-', '+', '&'
DUPLICATE_WINDOW = 8        # how many earlier rows a new exclusion is compared with
JOIN_LIMIT = 1000000        # rows after which a join is refused however long its inputs


class Line(NamedTuple):
    flag: str
    left: Pattern
    right: Pattern


def split_line(text):
    """Split one view line into (flag, left, right); right is None for a one sided line.  Quotes may stand
    around either side, the flag before or inside the first quote; a `##` note at the end is dropped."""
    words = split_words(text)[0]
    if not words or len(words) > 2:
        raise MapError(M.ParseErr(line=text))
    left = words[0]
    flag = left[0] if left[:1] in ('-', '+', '&') else MAP
    return flag, left[len(flag):], words[1] if len(words) == 2 else None


def quote_line(flag, left, right=None):
    """The spelling of a line in a form: a side with blanks is quoted, the flag inside."""
    return join_words([flag + left] if right is None else [flag + left, right])


def check_line(left, right):
    """Raise MapError unless the two sides can be paired."""
    one, other = pattern(left), pattern(right)
    one.check()
    other.check()
    if set(one.slots) != set(other.slots):
        raise MapError(M.WildMismatch(arg=left, arg2=right))


class _Index:
    """Finds, for one direction, the highest line that matches a path."""

    def __init__(self, lines, side, fold):
        self.fold, self.lines, self.side = fold, lines, side
        by_length = {}
        for number, line in enumerate(lines):
            half = line[side]
            table = by_length.setdefault(len(half.prefix), {})
            table.setdefault(half.prefix, []).append((number, half))
        for table in by_length.values():
            for rows in table.values():
                rows.reverse()
        self.lengths = sorted(by_length)
        self.tables = [(length, by_length[length]) for length in self.lengths]

    def _candidates(self, path):
        key = fold_case(path) if self.fold else path
        for length, table in self.tables[:bisect_right(self.lengths, len(path))]:
            rows = table.get(key[:length])
            if rows:
                yield rows

    def best(self, path):
        """Number of the highest matching line, -1 without one."""
        best = -1
        for rows in self._candidates(path):
            for number, half in rows:
                if number < best:
                    break
                if half.kind == 'tree' or half.match(path):
                    best = number
                    break
        return best

    def all(self, path):
        """Numbers of all matching lines, highest first."""
        found = [number for rows in self._candidates(path) for number, half in rows if half.match(path)]
        return sorted(found, reverse=True)


class ViewMap:
    """An immutable map.  `lines` are view lines as they stand in a form (lowest precedence first); `fold`
    ignores case."""

    def __init__(self, lines=(), fold=False):
        self.fold = fold
        self.rows = []
        for text in lines:
            flag, left, right = split_line(text)
            self.rows.append(self._row(flag, left, left if right is None else right))
        self._distinct = None
        self._index = [None, None]

    @classmethod
    def of(cls, rows, fold=False, distinct=False):
        """A map of (flag, left, right) triples; `distinct` says that they are disambiguated already."""
        made = cls((), fold)
        made.rows = [made._row(*row) for row in rows]
        made._distinct = made if distinct else None
        return made

    def _row(self, flag, left, right):
        return Line(flag, pattern(left, self.fold), pattern(right, self.fold))

    def triples(self):
        return [(line.flag, line.left.text, line.right.text) for line in self.rows]

    def lines(self):
        """The rows as view lines, lowest first."""
        return [quote_line(*row) for row in self.triples()]

    def __len__(self):
        return len(self.rows)

    def __bool__(self):
        return any(line.flag != UNMAP for line in self.rows)

    # -- translation --

    def translate(self, path):
        """Left to right: where the path is mapped to, None if it is not."""
        return self._translate(path, 0)

    def is_ditto(self, path):
        """Whether a left path is mapped by an `&` line alone."""
        index = self._lookup(0)
        best = index.best(path)
        if best < 0 or index.lines[best].flag != DITTO:
            return False
        return self._below_ditto(index, path, 0, index.lines[best]).flag == DITTO

    def reverse(self, path):
        """Right to left."""
        return self._translate(path, 1)

    def translate_all(self, path):
        """Every place of a left path, from the highest line down: its `&` lines' and that of the line that
        maps it."""
        return self._explode(path, 0)

    def reverse_all(self, path):
        return self._explode(path, 1)

    def translate_many(self, paths, side=0):
        """translate() (reverse() for side 1) of each path, with the one tree line `//x/... //y/...` treated
        by slices."""
        pair = self.tree_pair
        if pair and not self.fold:
            head, onto = pair[side], pair[1 - side]
            size = len(head)
            return [onto + path[size:] if path[:size] == head else None for path in paths]
        return [self._translate(path, side) for path in paths]

    def _lookup(self, side):
        index = self._index[side]
        if index is None:
            index = self._index[side] = _Index(self.disambiguated().rows, 1 + side, self.fold)
        return index

    def _translate(self, path, side):
        index = self._lookup(side)
        best = index.best(path)
        if best < 0:
            return None
        line = index.lines[best]
        if line.flag == UNMAP:
            return None
        if line.flag == DITTO:
            line = self._below_ditto(index, path, side, line)
        return _carry(line, side, path)

    @staticmethod
    def _below_ditto(index, path, side, ditto):
        """The line that really maps a path whose highest line is `&`: the first other one below, if it maps.
        Where yet a lower plain line gives the same place again, the product stays with the `&` line."""
        below = [index.lines[number] for number in index.all(path)]
        below = [line for line in below if line.flag != DITTO]
        if not below or below[0].flag == UNMAP:
            return ditto
        place = _carry(below[0], side, path)
        repeated = any(line.flag == MAP and _carry(line, side, path) == place for line in below[1:])
        return ditto if repeated else below[0]

    def _explode(self, path, side):
        """The places that the `&` lines and the highest other line give, unless that other line above them
        unmaps."""
        index, places, mapped = self._lookup(side), [], False
        for number in index.all(path):
            line = index.lines[number]
            if line.flag != DITTO:
                if mapped:
                    continue
                mapped = True
                if line.flag == UNMAP:
                    break
            places.append(_carry(line, side, path))
        return places

    # -- disambiguation and joining --

    def disambiguated(self):
        """The same map with an exclusion for everything a higher line hides of a lower one."""
        if self._distinct is None:
            rows = []
            for place in reversed(range(len(self.rows))):
                line = self.rows[place]
                if line.flag == UNMAP:
                    continue
                for higher in reversed(self.rows[place + 1:]):
                    self._hide(rows, line, higher)
                rows.append(line)
            rows.reverse()
            self._distinct = ViewMap((), self.fold)
            self._distinct.rows = rows
            self._distinct._distinct = self._distinct
        return self._distinct

    def _hide(self, rows, line, higher):
        """Append the exclusions of what `higher` takes away from `line`, on the left and on the right."""
        if higher.flag == OVERLAY:
            return
        for side in (1, 2) if higher.flag != DITTO else (2,):
            for ours, _ in meet(line[side], higher[side]):
                row = self._row(UNMAP, line.left.expand(ours), line.right.expand(ours))
                if not any(above.left.covers(row.left) and above.right.covers(row.right)
                           for above in rows[-DUPLICATE_WINDOW:] if above.flag != OVERLAY):
                    rows.append(row)

    def join(self, other):
        """The map that carries a path through self and then through other."""
        first, second = self.disambiguated().rows, other.disambiguated().rows
        rows, limit = [], min(JOIN_ROWS + len(first) + len(second), JOIN_LIMIT)
        for line in first:
            for further in second:
                for ours, theirs in reversed(meet(line.right, further.left)):
                    rows.append((_joined_flag(line.flag, further.flag),
                                 line.left.expand(ours), further.right.expand(theirs)))
                if len(rows) > limit:
                    raise MapError(M.TooWild())
        return ViewMap.of(rows, self.fold, distinct=True)

    def limit_left(self, text):
        """The part of the map whose left side lies within a pattern."""
        return ViewMap.of([(MAP, text, text)], self.fold, distinct=True).join(self)

    def limit_right(self, text):
        return self.join(ViewMap.of([(MAP, text, text)], self.fold, distinct=True))

    def swapped(self):
        """The map with its sides exchanged."""
        made = ViewMap((), self.fold)
        made.rows = [Line(line.flag, line.right, line.left) for line in self.rows]
        return made

    # -- what it touches --

    def left_prefixes(self):
        """Literal prefixes, none within another, that hold every left path of the map: ranges for a
        database."""
        return _outermost(line.left.prefix for line in self.rows if line.flag != UNMAP)

    def right_prefixes(self):
        return _outermost(line.right.prefix for line in self.rows if line.flag != UNMAP)

    @property
    def tree_pair(self):
        """(left prefix, right prefix) if the map is one plain `left... right...` line, else None."""
        rows = self.rows
        if len(rows) == 1 and rows[0].flag != UNMAP and rows[0].left.kind == rows[0].right.kind == 'tree':
            return rows[0].left.text[:-3], rows[0].right.text[:-3]
        return None


def _carry(line, side, path):
    """The other side of a line for a path that its one side matches."""
    source, target = line[1 + side], line[2 - side]
    if source.kind == target.kind == 'tree':
        return target.text[:-3] + path[len(source.prefix):]
    return target.expand(dict(zip(source.slots, source.groups(path))))


def _joined_flag(one, other):
    if UNMAP in (one, other):
        return UNMAP
    if DITTO in (one, other):
        return DITTO
    return OVERLAY if OVERLAY in (one, other) else MAP


def _outermost(prefixes):
    kept = []
    for prefix in sorted(set(prefixes)):
        if not kept or not prefix.startswith(kept[-1]):
            kept.append(prefix)
    return kept
