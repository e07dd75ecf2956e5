"""Three way merge of texts with the product's chunks, counts and outcomes of resolve -as, -am and -af.

Base, theirs and yours are compared pairwise (base-theirs, base-yours, theirs-yours).  A walk over all three
at once takes at every place a chunk: all equal, changed by yours, by theirs, by both alike, or conflicting.
The third comparison is what lets edits of neighbouring lines stand beside each other, and tells the same
insertion made twice from two different ones; a conflict reaches to the next line that all three share,
without new lines at its end that both have added.
"""

from bisect import bisect_right
from typing import NamedTuple

from .diff import Hunk, Snake, hunks, line_keys, snakes, split_lines

ALL, YOURS, THEIRS, BOTH, CONFLICT = "all", "yours", "theirs", "both", "conflicting"
COUNTED = (YOURS, THEIRS, BOTH, CONFLICT)


class Chunk(NamedTuple):
    """Lines [base, base_end) of the base, and so on; kind is who changed them."""

    kind: str
    base: int
    theirs: int
    yours: int
    base_end: int
    theirs_end: int
    yours_end: int


class Gap(NamedTuple):
    """Where a place stands in a comparison: `equal` lines follow, or that many lines of either side until
    some do."""

    equal: int
    left: int
    right: int

    @property
    def in_step(self) -> bool:
        return self.left == self.right == 0


class _Pair:
    """The comparison of two of the files."""

    def __init__(self, left: list, right: list):
        self.left_size, self.right_size = len(left), len(right)
        self.snakes: list[Snake] = [snake for snake in snakes(left, right) if snake.length]
        self.ends = [snake.old_at + snake.length for snake in self.snakes]
        self.of_left = {snake.old_at + i: snake.new_at + i
                        for snake in self.snakes for i in range(snake.length)}
        self.rights = set(self.of_left.values())

    def at(self, left: int, right: int) -> Gap:
        """The next equal lines that are not yet passed on either side."""
        for snake in self.snakes[bisect_right(self.ends, left):]:
            if snake.new_at + snake.length <= right:
                continue
            inside = max(left - snake.old_at, right - snake.new_at, 0)
            gap = snake.old_at + inside - left, snake.new_at + inside - right
            return Gap(snake.length - inside if gap == (0, 0) else 0, *gap)
        return Gap(0, self.left_size - left, self.right_size - right)


class Merge:
    """A merge of three contents.

    flags are those of resolve -d: b, w, l ignore blanks or line ends when lines are compared; g makes
    conflicts of neighbouring edits; x keeps lines that both have changed alike from absorbing what differs
    behind them; t leaves the base out."""

    def __init__(self, base: bytes, theirs: bytes, yours: bytes, flags: str = ""):
        self.base, self.theirs, self.yours = split_lines(base), split_lines(theirs), split_lines(yours)
        keys = [line_keys(lines, flags) for lines in (self.base, self.theirs, self.yours)]
        self.cautious, self.guarded = "x" in flags, "g" in flags
        self.chunks: list[Chunk] = []
        unchanged = [side for side in (1, 2) if keys[side] == keys[0]]
        if unchanged and not set("gxt") & set(flags):
            self._one_sided(keys[0], keys[3 - unchanged[0]], THEIRS if unchanged[0] == 2 else YOURS)
            return
        self.base_theirs, self.base_yours = _Pair(keys[0], keys[1]), _Pair(keys[0], keys[2])
        self.theirs_yours = _Pair(keys[1], keys[2])
        if "t" in flags:
            self._two_way()
        else:
            self._walk()
        if self.guarded:
            self._guard()

    # -- results --

    def counts(self) -> dict[str, int]:
        """How many chunks are yours, theirs, both and conflicting."""
        return {kind: sum(chunk.kind == kind for chunk in self.chunks) for kind in COUNTED}

    def outcome(self, mode: str) -> str:
        """What resolve -as, -am or -af ("s", "m", "f") does: skip, theirs, yours, merged or edit."""
        counts = self.counts()
        if counts[CONFLICT]:
            return "edit" if mode == "f" else "skip"
        if not counts[YOURS]:
            return "theirs"
        if not counts[THEIRS]:
            return "yours"
        return "skip" if mode == "s" else "merged"

    def text(self, original: str = "ORIGINAL", theirs: str = "THEIRS", yours: str = "YOURS",
             every: bool = False) -> bytes:
        """The merged content; conflicts (every: all changes) stand between markers that carry the given
        names of the files."""
        out: list[bytes] = []
        for place, chunk in enumerate(self.chunks):
            if every and chunk.kind in (YOURS, THEIRS, BOTH):
                self._changed(out, chunk, original, {YOURS: yours, THEIRS: theirs, BOTH: yours}[chunk.kind])
            elif chunk.kind == CONFLICT:
                self._marked(out, chunk, original, theirs, yours, place + 1 == len(self.chunks))
            elif chunk.kind in (ALL, YOURS):
                out += self.yours[chunk.yours:chunk.yours_end]
            else:
                out += self.theirs[chunk.theirs:chunk.theirs_end]
        return b"".join(out)

    def _marked(self, out: list[bytes], chunk: Chunk, original: str, theirs: str, yours: str,
                last: bool) -> None:
        _mark(out, f">>>> ORIGINAL {original}")
        out += self.base[chunk.base:chunk.base_end]
        _mark(out, f"==== THEIRS {theirs}")
        out += self.theirs[chunk.theirs:chunk.theirs_end]
        _mark(out, f"==== YOURS {yours}")
        out += self.yours[chunk.yours:chunk.yours_end]
        if not last:
            _mark(out, "<<<<")

    def _changed(self, out: list[bytes], chunk: Chunk, original: str, name: str) -> None:
        """A change that is no conflict, with what was there before."""
        _mark(out, f">>>> ORIGINAL {original}")
        out += self.base[chunk.base:chunk.base_end]
        _mark(out, f"==== {chunk.kind.upper()} {name}")
        if chunk.kind == YOURS:
            out += self.yours[chunk.yours:chunk.yours_end]
        else:
            out += self.theirs[chunk.theirs:chunk.theirs_end]
        _mark(out, "<<<<")

    # -- the walk --

    def _one_sided(self, base: list, changed: list, kind: str) -> None:
        """Only one side differs from the base: what it differs in are the chunks."""
        at, new = 0, 0
        for hunk in [*hunks(base, changed), Hunk(len(base), len(base), len(changed), len(changed))]:
            self._add_one_sided(ALL, at, hunk.old_from, new, hunk.new_from, kind)
            self._add_one_sided(kind, hunk.old_from, hunk.old_to, hunk.new_from, hunk.new_to, kind)
            at, new = hunk.old_to, hunk.new_to

    def _add_one_sided(self, what: str, old: int, old_end: int, new: int, new_end: int, changed: str) -> None:
        if old == old_end and new == new_end:
            return
        if changed == THEIRS:
            self.chunks.append(Chunk(what, old, new, old, old_end, new_end, old_end))
        else:
            self.chunks.append(Chunk(what, old, old, new, old_end, old_end, new_end))

    def _two_way(self) -> None:
        """Without a base: what theirs and yours share counts as both's, the rest conflicts."""
        theirs = yours = 0
        for snake in [*self.theirs_yours.snakes, Snake(len(self.theirs), len(self.yours), 0)]:
            if (theirs, yours) != snake[:2]:
                self.chunks.append(Chunk(CONFLICT, 0, theirs, yours, 0, *snake[:2]))
            theirs, yours = snake.old_at + snake.length, snake.new_at + snake.length
            if snake.length:
                self.chunks.append(Chunk(BOTH, 0, *snake[:2], 0, theirs, yours))

    def _walk(self) -> None:
        end = (len(self.base), len(self.theirs), len(self.yours))
        at = (0, 0, 0)
        while at != end:
            kind, *steps = self._next(*at)
            if kind == CONFLICT and not any(steps):
                at = self._conflict(*at)
                continue
            after = tuple(place + step for place, step in zip(at, steps))
            self.chunks.append(Chunk(kind, *at, *after))
            at = after

    def _guard(self) -> None:
        """Make one conflict of neighbouring edits, and of an edit both made with what differs right behind
        it."""
        joined: list[Chunk] = []
        for chunk in self.chunks:
            last = joined[-1] if joined else None
            if last and ALL not in (last.kind, chunk.kind) and _is_edit(last) and _is_edit(chunk) \
                    and {last.kind, chunk.kind} != {BOTH}:
                joined[-1] = Chunk(CONFLICT, *last[1:4], *chunk[4:])
            else:
                joined.append(chunk)
        self.chunks = joined

    def _conflict(self, base: int, theirs: int, yours: int) -> tuple:
        """Take everything up to the next line that all three share as a conflict, less what both added at
        its end."""
        stop = self._shared(base, theirs, yours)
        same, t, y = 0, stop[1] - 1, stop[2] - 1
        while t - same >= theirs and y - same >= yours and self._added_by_both(t - same, y - same):
            same += 1
        self.chunks.append(Chunk(CONFLICT, base, theirs, yours, stop[0], stop[1] - same, stop[2] - same))
        if same:
            self.chunks.append(Chunk(BOTH, stop[0], stop[1] - same, stop[2] - same, *stop))
        return stop

    def _shared(self, base: int, theirs: int, yours: int) -> tuple:
        for line in range(base, len(self.base)):
            t, y = self.base_theirs.of_left.get(line, -1), self.base_yours.of_left.get(line, -1)
            if t >= theirs and y >= yours:
                return line, t, y
        return len(self.base), len(self.theirs), len(self.yours)

    def _added_by_both(self, theirs: int, yours: int) -> bool:
        return self.theirs_yours.of_left.get(theirs) == yours and theirs not in self.base_theirs.rights \
            and yours not in self.base_yours.rights

    def _next(self, base: int, theirs: int, yours: int) -> tuple:
        """The next chunk as (kind, lines of base, of theirs, of yours); a conflict of no lines means: up to
        the next shared line."""
        bt, by = self.base_theirs.at(base, theirs), self.base_yours.at(base, yours)
        ty = self.theirs_yours.at(theirs, yours)
        if bt.equal and by.equal:
            return ALL, *[min(bt.equal, by.equal)] * 3
        if self.guarded and ty.equal and (bt.equal or by.equal):
            return ALL, *[min(ty.equal, bt.equal or by.equal)] * 3
        if bt.in_step:
            return self._yours_changed(base, theirs, yours, bt, by, ty)
        if by.in_step:
            return self._theirs_changed(base, theirs, yours, bt, by, ty)
        if bt.right == by.right == 0:
            return self._deleted(base, min(bt.left, by.left))
        if ty.in_step:
            return _both_changed(bt, by, ty)
        return self._all_apart(base, theirs, yours, bt, by, ty)

    def _yours_changed(self, base, theirs, yours, bt: Gap, by: Gap, ty: Gap) -> tuple:
        step = self._one_changed(bt.equal, by, Gap(ty.equal, ty.right, ty.left), ty.in_step,
                                 lambda lines: self.base_theirs.at(base + lines, theirs + lines))
        if step is None:
            return CONFLICT, 0, 0, 0
        lines, new = step
        if not lines and not new:
            if ty.right == 0 and ty.left and self.theirs_yours.at(theirs + ty.left, yours).equal > bt.equal:
                return THEIRS, 0, ty.left, 0
            new = by.right
        return YOURS, lines, lines, new

    def _theirs_changed(self, base, theirs, yours, bt: Gap, by: Gap, ty: Gap) -> tuple:
        step = self._one_changed(by.equal, bt, ty, ty.in_step,
                                 lambda lines: self.base_yours.at(base + lines, yours + lines))
        if step is None:
            return CONFLICT, 0, 0, 0
        lines, new = step
        if not lines and not new:
            if ty.left == 0 and ty.right and self.theirs_yours.at(theirs, yours + ty.right).equal > by.equal:
                return YOURS, 0, 0, ty.right
            new = bt.right
        return THEIRS, lines, new, lines

    def _one_changed(self, unchanged: int, hunk: Gap, across: Gap, in_step: bool, after) -> tuple | None:
        """Of the one file that has a change here: (lines of the base, lines of its own) it changes before
        the other file changes too; None if the two changes cannot be told apart.

        `unchanged` is how far the other file follows the base, `across` the gap between the two files seen
        from the changed one, after(n) the other file's place in its own comparison n lines on."""
        lines, new = min(unchanged, hunk.left), 0 if in_step else min(hunk.right, across.left)
        inside = unchanged < hunk.left
        if inside and (hunk.right and new or self.cautious and not new and self._last_kind() == BOTH):
            return None
        if unchanged <= hunk.left and new and lines:
            rest = across.left - new, across.right - lines
            if min(rest) == 0 < max(rest) and not (after(lines).left and after(lines).right):
                return None
        return lines, new

    def _last_kind(self) -> str:
        return self.chunks[-1].kind if self.chunks else ""

    def _deleted(self, base: int, lines: int) -> tuple:
        """Both lack these lines; a file that has them at another place has moved them rather than deleted
        them."""
        kept_theirs, kept_yours = base in self.base_theirs.of_left, base in self.base_yours.of_left
        kind = BOTH if kept_theirs == kept_yours else THEIRS if kept_yours else YOURS
        return kind, lines, 0, 0

    def _all_apart(self, base, theirs, yours, bt: Gap, by: Gap, ty: Gap) -> tuple:
        """No two files agree here."""
        if ty.left == 0 and 0 < ty.right < by.right:
            return YOURS, 0, 0, ty.right
        if ty.right == 0 and 0 < ty.left < bt.right:
            return THEIRS, 0, ty.left, 0
        if self._ends_inside(self.base_theirs, base, theirs, bt, by.left):
            return CONFLICT, 0, bt.right, min(by.right, ty.right)
        if self._ends_inside(self.base_yours, base, yours, by, bt.left):
            return CONFLICT, 0, min(bt.right, ty.left), by.right
        return CONFLICT, 0, 0, 0


    def _ends_inside(self, pair: _Pair, base: int, at: int, gap: Gap, lines: int) -> bool:
        """Whether a file only inserts here and its next change begins within the `lines` the other file
        replaces."""
        if gap.left or not gap.right:
            return False
        equal = pair.at(base, at + gap.right).equal
        if equal < lines or not self.guarded:
            return equal < lines
        return equal == lines and not pair.at(base + equal, at + gap.right + equal).in_step


def _both_changed(bt: Gap, by: Gap, ty: Gap) -> tuple:
    """Theirs and yours agree, the base does not."""
    new, gone = min(ty.equal, bt.right, by.right), min(bt.left, by.left)
    if new or gone:
        return BOTH, min(gone, new) if new else gone, new, new
    if bt.right:
        return THEIRS, 0, *[min(ty.equal, bt.right)] * 2
    return YOURS, 0, *[min(ty.equal, by.right)] * 2


def _is_edit(chunk: Chunk) -> bool:
    """Whether it replaces lines of the base by others."""
    new = chunk.theirs_end - chunk.theirs if chunk.kind in (THEIRS, BOTH) else chunk.yours_end - chunk.yours
    return chunk.base < chunk.base_end and new > 0


def _mark(out: list[bytes], text: str) -> None:
    if out and not out[-1].endswith(b"\n"):
        out.append(b"\n")
    out.append(text.encode("utf-8", "surrogateescape") + b"\n")


def merge_binary(base: str, theirs: str, yours: str) -> dict[str, int]:
    """The counts of a file that is not text, by the digests of its three versions."""
    if yours == theirs:
        kind = BOTH if theirs != base else None
    elif yours == base:
        kind = THEIRS
    else:
        kind = YOURS if theirs == base else CONFLICT
    return {each: int(each == kind) for each in COUNTED}


def chunks_without_base(theirs: bytes, yours: bytes, flags: str = "") -> int:
    """How many places differ between two texts that have no common base."""
    old, new = (line_keys(split_lines(content), flags) for content in (theirs, yours))
    equal = snakes(old, new)
    return sum(above.old_at + above.length < below.old_at or above.new_at + above.length < below.new_at
               for above, below in zip(equal, equal[1:]))
