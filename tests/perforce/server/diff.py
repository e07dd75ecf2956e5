"""Line differences as the product finds and prints them (-dn -dc -du -ds, ignoring with -db -dw -dl).

The comparison is Myers' linear space algorithm with the product's choice among equally short ones, after
which insertions and deletions that stand alone slide down as far as they can.  merge3.py merges by the same
differences.  Contents are bytes.
"""

import re
from typing import Callable, NamedTuple

EFFORT = 500                # edits from either end after which a stretch is divided where the search stands
LARGE = 4000                # lines of both texts from which on lines without a partner are set aside first

CONTEXT = 3                 # lines shown around a change

BLANKS = re.compile(rb"[ \t\r]+")


class Snake(NamedTuple):
    """Lines old_at.. and new_at.. that are equal, `length` of them."""

    old_at: int
    new_at: int
    length: int


class Hunk(NamedTuple):
    """Lines [old_from, old_to) are replaced by [new_from, new_to)."""

    old_from: int
    old_to: int
    new_from: int
    new_to: int


def split_lines(content: bytes) -> list[bytes]:
    """Lines with their ends; the last one may have none."""
    lines = content.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _key_l(line: bytes) -> bytes:
    return line.rstrip(b"\r\n")


def _key_b(line: bytes) -> bytes:
    return BLANKS.sub(b" ", line.rstrip(b"\n")).rstrip(b" ")


def _key_w(line: bytes) -> bytes:
    return BLANKS.sub(b"", line.rstrip(b"\n"))


IGNORING: dict[str, Callable[[bytes], bytes]] = {"l": _key_l, "b": _key_b, "w": _key_w}


def line_keys(lines: list[bytes], flags: str = "") -> list[bytes]:
    """What of each line counts under -dl, -db or -dw."""
    key = next((IGNORING[flag] for flag in "wbl" if flag in flags), None)
    return [key(line) for line in lines] if key else lines


# -- comparing --

def snakes(old: list, new: list) -> list[Snake]:
    """The equal stretches in order, with a (perhaps empty) one at the start and one at the end."""
    numbers: dict = {}
    first = [numbers.setdefault(line, len(numbers)) for line in old]
    second = [numbers.setdefault(line, len(numbers)) for line in new]
    found = [Snake(0, 0, 0)]
    for old_at, new_at, length in _matches(first, second) if len(old) + len(new) < LARGE \
            else _matches_of_common(first, second):
        last = found[-1]
        if (last.old_at + last.length, last.new_at + last.length) == (old_at, new_at):
            found[-1] = last._replace(length=last.length + length)
        else:
            found.append(Snake(old_at, new_at, length))
    last = found[-1]
    if (last.old_at + last.length, last.new_at + last.length) != (len(old), len(new)):
        found.append(Snake(len(old), len(new), 0))
    return _slid_down(first, second, found)


def _matches_of_common(old: list[int], new: list[int]):
    """_matches() of large texts: lines without a partner cannot match and only cost time."""
    common = set(old) & set(new)
    kept_old = [place for place, line in enumerate(old) if line in common]
    kept_new = [place for place, line in enumerate(new) if line in common]
    for x, y, length in _matches([old[place] for place in kept_old], [new[place] for place in kept_new]):
        for i in range(length):
            yield kept_old[x + i], kept_new[y + i], 1


def _matches(old: list[int], new: list[int]):
    """Equal stretches, unmerged, in order."""
    todo = [(0, len(old), 0, len(new))]
    while todo:
        item = todo.pop()
        if len(item) == 3:
            yield item
            continue
        old_from, old_to, new_from, new_to = item
        x, y = old_from, new_from
        while x < old_to and y < new_to and old[x] == new[y]:
            x, y = x + 1, y + 1
        u, v = old_to, new_to
        while u > x and v > y and old[u - 1] == new[v - 1]:
            u, v = u - 1, v - 1
        if u < old_to:
            todo.append((u, v, old_to - u))
        if x < u and y < v:
            todo += reversed(_halves(old, new, x, u, y, v))
        if x > old_from:
            yield old_from, new_from, x - old_from


def _halves(old, new, old_from, old_to, new_from, new_to) -> list[tuple]:
    """A stretch divided at the middle of its shortest edit: what is before, the equal lines there, what is
    after."""
    x, y, u, v = _middle(old[old_from:old_to], new[new_from:new_to])
    parts = [(old_from, old_from + x, new_from, new_from + y), (old_from + x, new_from + y, u - x),
             (old_from + u, old_to, new_from + v, new_to)]
    return [part for part in parts if len(part) == 4 or part[2]]


def _middle(old: list[int], new: list[int]) -> tuple[int, int, int, int]:
    """From (x, y) to (u, v): the equal lines where the shortest edits from both ends meet."""
    size, other = len(old), len(new)
    delta = size - other
    forward, backward = {1: 0}, {1: 0}
    for edits in range((size + other + 1) // 2 + 1):
        for k in range(-edits, edits + 1, 2):
            x, u = _step(forward, k, edits, old, new)
            if delta & 1 and abs(k - delta) < edits and u + backward.get(delta - k, -1) >= size:
                return x, x - k, u, u - k
        for k in range(edits, -edits - 1, -2):
            x, u = _step(backward, k, edits, old, new, True)
            if not delta & 1 and abs(delta - k) <= edits and u + forward.get(delta - k, -1) >= size:
                return size - u, other - (u - k), size - x, other - (x - k)
        if edits >= EFFORT:
            break
    k, x = max(forward.items(), key=lambda reached: 2 * reached[1] - reached[0])
    x = min(x, size)
    y = min(max(x - k, 0), other)
    return x, y, x, y


def _step(reached: dict, k: int, edits: int, old, new, backwards: bool = False) -> tuple[int, int]:
    """One more edit along diagonal k, then equal lines; (before, after) them, counted from the end if
    backwards."""
    if k == -edits or k != edits and reached.get(k - 1, -1) < reached.get(k + 1, -1):
        x = reached[k + 1]
    else:
        x = reached[k - 1] + 1
    start, size, other = x, len(old), len(new)
    if backwards:
        while x < size and x - k < other and old[size - 1 - x] == new[other - 1 - x + k]:
            x += 1
    else:
        while x < size and x - k < other and old[x] == new[x - k]:
            x += 1
    reached[k] = x
    return start, x


def _slid_down(old: list[int], new: list[int], found: list[Snake]) -> list[Snake]:
    """Move every insertion and deletion that stands alone as far down as it means the same."""
    place = 0
    while place + 1 < len(found):
        above, below = found[place], found[place + 1]
        x, y = above.old_at + above.length, above.new_at + above.length
        moved = 0
        if x == below.old_at or y == below.new_at:
            while moved < below.length and old[x + moved] == new[y + moved]:
                moved += 1
        if not moved:
            place += 1
            continue
        above = found[place] = above._replace(length=above.length + moved)
        below = found[place + 1] = Snake(below.old_at + moved, below.new_at + moved, below.length - moved)
        if below.length or place + 2 == len(found):
            place += 1
            continue
        del found[place + 1]
        after = found[place + 1]
        if (above.old_at + above.length, above.new_at + above.length) == after[:2]:
            found[place] = above._replace(length=above.length + after.length)
            del found[place + 1]
        place = max(place - 1, 0)
    return found


def hunks(old: list, new: list) -> list[Hunk]:
    """What differs, in order."""
    equal = snakes(old, new)
    made = [Hunk(above.old_at + above.length, below.old_at, above.new_at + above.length, below.new_at)
            for above, below in zip(equal, equal[1:])]
    return [hunk for hunk in made if hunk.old_from < hunk.old_to or hunk.new_from < hunk.new_to]


# -- printing --

def _normal(old, new, changes, _) -> list[bytes]:
    out = []
    for change in changes:
        before, after = _lines(change.old_from, change.old_to), _lines(change.new_from, change.new_to)
        gone, come = change.old_from < change.old_to, change.new_from < change.new_to
        letter = "c" if gone and come else "d" if gone else "a"
        out.append(f"{before}{letter}{after}\n".encode())
        out += [b"< " + line for line in old[change.old_from:change.old_to]]
        if letter == "c":
            out.append(b"---\n")
        out += [b"> " + line for line in new[change.new_from:change.new_to]]
    return out


def _lines(start: int, end: int) -> str:
    """Line numbers of a range as `3` or `3,5`; an empty one is the line before it."""
    return f"{start + 1},{end}" if end - start > 1 else f"{end}"


def _rcs(_, new, changes, __) -> list[bytes]:
    out = []
    for change in changes:
        if change.old_from < change.old_to:
            out.append(b"d%d %d\n" % (change.old_from + 1, change.old_to - change.old_from))
        if change.new_from < change.new_to:
            out.append(b"a%d %d\n" % (change.old_to, change.new_to - change.new_from))
            out += new[change.new_from:change.new_to]
    return out


def _summary(_, __, changes, ___) -> list[bytes]:
    added = [c for c in changes if c.old_from == c.old_to]
    deleted = [c for c in changes if c.new_from == c.new_to]
    changed = [c for c in changes if c.old_from < c.old_to and c.new_from < c.new_to]
    return [b"add %d chunks %d lines\n" % (len(added), sum(c.new_to - c.new_from for c in added)),
            b"deleted %d chunks %d lines\n" % (len(deleted), sum(c.old_to - c.old_from for c in deleted)),
            b"changed %d chunks %d / %d lines\n" % (
                len(changed), sum(c.old_to - c.old_from for c in changed),
                sum(c.new_to - c.new_from for c in changed))]


def _groups(changes: list[Hunk], context: int) -> list[list[Hunk]]:
    """Changes whose contexts touch, together."""
    groups: list[list[Hunk]] = []
    for change in changes:
        if groups and change.old_from - groups[-1][-1].old_to <= 2 * context:
            groups[-1].append(change)
        else:
            groups.append([change])
    return groups


def _around(group: list[Hunk], old: list, new: list, context: int) -> Hunk:
    """The lines a group is shown with."""
    first, last = group[0], group[-1]
    before = min(context, first.old_from, first.new_from)
    after = min(context, len(old) - last.old_to, len(new) - last.new_to)
    return Hunk(first.old_from - before, last.old_to + after, first.new_from - before, last.new_to + after)


def _unified(old, new, changes, context) -> list[bytes]:
    out = []
    for group in _groups(changes, context):
        shown = _around(group, old, new, context)
        out.append(b"@@ -%d,%d +%d,%d @@\n" % (
            shown.old_from + 1, shown.old_to - shown.old_from,
            shown.new_from + 1, shown.new_to - shown.new_from))
        at = shown.old_from
        for change in group:
            out += [_marked(b" ", line) for line in old[at:change.old_from]]
            out += [_marked(b"-", line) for line in old[change.old_from:change.old_to]]
            out += [_marked(b"+", line) for line in new[change.new_from:change.new_to]]
            at = change.old_to
        out += [_marked(b" ", line) for line in old[at:shown.old_to]]
    return out


def _marked(mark: bytes, line: bytes) -> bytes:
    return mark + line if line.endswith(b"\n") else mark + line + b"\n\\ No newline at end of file\n"


def _context(old, new, changes, context) -> list[bytes]:
    out = []
    for group in _groups(changes, context):
        shown = _around(group, old, new, context)
        out.append(b"***************\n")
        sides = (b"***", b"****", b"-", old), (b"---", b"----", b"+", new)
        for side, (head, tail, sign, lines) in enumerate(sides):
            start, end = shown[2 * side:2 * side + 2]
            out.append(b"%s %d,%d %s\n" % (head, start + 1, end, tail))
            if any(change[2 * side] < change[2 * side + 1] for change in group):
                out += _one_side(group, lines, side, sign, start, end)
    return out


def _one_side(group, lines, side, sign, start, end) -> list[bytes]:
    out = []
    for change in group:
        begin, finish = change[2 * side:2 * side + 2]
        other = change[2 - 2 * side:4 - 2 * side]
        mark = b"! " if other[0] < other[1] else sign + b" "
        out += [b"  " + line for line in lines[start:begin]] + [mark + line for line in lines[begin:finish]]
        start = finish
    return out + [b"  " + line for line in lines[start:end]]


FORMATS = {"n": _rcs, "s": _summary, "u": _unified, "U": _unified, "c": _context, "C": _context}


def diff(old: bytes, new: bytes, flags: str = "") -> bytes:
    """The body of `diff -d<flags>`: b w l (ignoring), and one of n s u[N] c[N]; b'' if nothing differs.  Other
    letters mean nothing, as in the product."""
    before, after = split_lines(old), split_lines(new)
    changes = hunks(line_keys(before, flags), line_keys(after, flags))
    form = next((letter for letter in flags if letter in FORMATS), "")
    if not changes and form != "s":
        return b""
    number = re.search(r"\d+", flags)
    context = int(number[0]) if number else CONTEXT
    return b"".join(FORMATS.get(form, _normal)(before, after, changes, context))
