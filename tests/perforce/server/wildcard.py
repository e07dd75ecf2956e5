"""Wildcard patterns of depot, client and local paths.

A pattern is literal text with wildcards between it: `...` stands for anything, `*` and `%%0`..`%%9` for
anything without a slash.  Every wildcard owns a slot (0-9 positional, 10-19 stars, 20-22 dots), which is how
the two sides of a view line are paired.  This module knows one pattern at a time and the meeting of two;
mapping.py builds view maps on top of it.
"""

import re
from functools import lru_cache

from .command import CommandError
from .messages import M

STAR_SLOT, DOTS_SLOT = 10, 20
MAX_STARS, MAX_DOTS, MAX_WILDCARDS = 10, 3, 10
JOIN_ROWS = 10000           # rows one meeting of two patterns may yield before it counts as too wild

_TOKEN = re.compile(r'\.\.\.|\*|%%[0-9]')
_ENCODE = re.compile(r'[%@#*]')
_DECODE = re.compile(r'%(40|23|2[aA]|25)')
_LOWER = {upper: upper + 32 for upper in range(ord('A'), ord('Z') + 1)}


class MapError(CommandError):
    """A pattern, a view line or a meeting of maps that the product refuses."""


def encode_path(path):
    """Write the characters that have a meaning in depot syntax as %xx."""
    return _ENCODE.sub(lambda found: '%%%02X' % ord(found[0]), path)


def decode_path(path):
    """The file name that depot syntax stands for."""
    return _DECODE.sub(lambda found: chr(int(found[1], 16)), path)


def fold_case(path):
    """The form in which a case insensitive server compares paths: only ASCII letters fold."""
    return path.translate(_LOWER)


def has_wildcards(path):
    return _TOKEN.search(path) is not None


def is_dots(slot):
    return slot >= DOTS_SLOT


def _tokens(text):
    """Split into literals (text) and wildcards (slot numbers), without checking anything."""
    tokens, stars, dots, at = [], STAR_SLOT, DOTS_SLOT, 0
    for found in _TOKEN.finditer(text):
        if found.start() > at:
            tokens.append(text[at:found.start()])
        at = found.end()
        if found[0] == '...':
            tokens.append(dots)
            dots += 1
        elif found[0] == '*':
            tokens.append(stars)
            stars += 1
        else:
            tokens.append(int(found[0][2]))
    if at < len(text):
        tokens.append(text[at:])
    return tuple(tokens), stars - STAR_SLOT, dots - DOTS_SLOT


class Pattern:
    """One pattern.  Immutable; `text` is its spelling, `prefix` the literal text before its first
    wildcard."""

    __slots__ = ('text', 'fold', 'tokens', 'slots', 'prefix', 'suffix', 'kind', '_regex', '_covers')

    def __init__(self, text, fold=False):
        self.text, self.fold = text, fold
        self.tokens = _tokens(text)[0]
        self.slots = tuple(token for token in self.tokens if isinstance(token, int))
        self.prefix = self._edge(0)
        self.suffix = self._edge(-1)
        if not self.slots:
            self.kind = 'literal'
        elif self.tokens[-1:] == (DOTS_SLOT,) and len(self.slots) == 1:
            self.kind = 'tree'
        else:
            self.kind = 'wild'
        self._regex = self._covers = None

    def _edge(self, end):
        token = self.tokens[end] if self.tokens else ''
        if isinstance(token, int):
            return ''
        return fold_case(token) if self.fold else token

    def check(self):
        """Raise MapError if the product would not accept this pattern on either side of a view line."""
        tokens, stars, dots = _tokens(self.text)
        wild = [isinstance(token, int) for token in tokens]
        if any(left and right for left, right in zip(wild, wild[1:])):
            raise MapError(M.Juxtaposed(arg=self.text))
        if dots > MAX_DOTS:
            raise MapError(M.ExtraDots(arg=self.text))
        if stars > MAX_STARS:
            raise MapError(M.ExtraStars(arg=self.text))
        if len(set(self.slots)) != len(self.slots):
            raise MapError(M.Duplicate(arg=self.text))

    def _compile(self, star, dots):
        flags = re.DOTALL | (re.IGNORECASE | re.ASCII if self.fold else 0)
        parts = [re.escape(token) if isinstance(token, str) else dots if is_dots(token) else star
                 for token in self.tokens]
        return re.compile(''.join(parts), flags).fullmatch

    def groups(self, path):
        """What each wildcard, in order, stands for in `path`, each as long as possible; None without a
        match."""
        if self._regex is None:
            self._regex = self._compile(r'([^/]*)', r'(.*)')
        found = self._regex(path)
        return found.groups() if found else None

    def match(self, path):
        if self.kind == 'wild':
            return self.groups(path) is not None
        if self.fold:
            path = fold_case(path)
        return path == self.prefix if self.kind == 'literal' else path.startswith(self.prefix)

    def covers(self, other):
        """True if everything `other` matches is seen, wildcard by wildcard, to be matched by this pattern
        too."""
        if self._covers is None:
            self._covers = self._compile(r'[^/\x01]*', r'.*')
        text = ''.join(token if isinstance(token, str) else '\x01' if is_dots(token) else '\x02'
                        for token in other.tokens)
        return self._covers(text) is not None

    def expand(self, bindings):
        """The text of this pattern with each slot replaced by bindings[slot]."""
        return ''.join(bindings[token] if isinstance(token, int) else token for token in self.tokens)


@lru_cache(maxsize=4096)
def pattern(text, fold=False):
    """A shared Pattern: views repeat the same few thousand lines over and over."""
    return Pattern(text, fold)


def _apart(one, other):
    """Cheap proof that two patterns have nothing in common: their literal ends differ."""
    head = min(len(one.prefix), len(other.prefix))
    tail = min(len(one.suffix), len(other.suffix))
    return one.prefix[:head] != other.prefix[:head] or \
        (tail > 0 and one.suffix[-tail:] != other.suffix[-tail:])


def _units(half):
    """A pattern as single characters and slots."""
    units = []
    for token in half.tokens:
        if isinstance(token, int):
            units.append(token)
        else:
            units.extend(token)
    return units


def _keys(units, fold):
    """What units are compared by; what a wildcard takes in keeps its case."""
    return [fold_case(unit) if isinstance(unit, str) else unit for unit in units] if fold else units


class _Meeting:
    """All ways in which two patterns can describe the same path.

    A depth first walk over both at once.  Where a wildcard faces a character it first tries to end there,
    then to take the character in; where two wildcards face each other they share a new wildcard of the
    narrower kind, and then one of them ends.  Each way is a pair of bindings: for every slot of either
    pattern the pattern text it stands for.
    """

    def __init__(self, one, other):
        self.left, self.right = _units(one), _units(other)
        self.left_keys, self.right_keys = _keys(self.left, one.fold), _keys(self.right, other.fold)
        self.left_slots, self.right_slots = one.slots, other.slots
        self.ways = {}

    def run(self):
        todo = [(0, 0, (), 0)]
        while todo:
            todo.extend(reversed(self._step(*todo.pop())))
        return list(self.ways.values())

    def _step(self, i, j, bound, greedy):
        """Follow one branch; return the branches it splits into, most wanted first.  `bound` is a linked
        list ((side, slot, text), rest); `greedy` marks a wildcard (1 left, 2 right) that must take something
        first."""
        left, right = self.left, self.right
        left_keys, right_keys = self.left_keys, self.right_keys
        while i < len(left) and j < len(right) and isinstance(left[i], str) and isinstance(right[j], str):
            if left_keys[i] != right_keys[j]:
                return []
            i, j = i + 1, j + 1
        one = left[i] if i < len(left) else None
        other = right[j] if j < len(right) else None
        if one is None and other is None:
            self._found(bound)
            return []
        if isinstance(one, int) and isinstance(other, int):
            return self._share(i, j, bound, one, other)
        if isinstance(one, int):
            return self._take(0, one, other, (i + 1, j), (i, j + 1), bound, greedy == 1)
        if isinstance(other, int):
            return self._take(1, other, one, (i, j + 1), (i + 1, j), bound, greedy == 2)
        return []

    @staticmethod
    def _take(side, slot, char, ended, taken, bound, greedy):
        branches = [] if greedy else [(*ended, bound, 0)]
        if char is not None and (char != '/' or is_dots(slot)):
            branches.append((*taken, ((side, slot, char), bound), 0))
        return branches

    @staticmethod
    def _share(i, j, bound, one, other):
        shared = '...' if is_dots(one) and is_dots(other) else '*'
        bound = ((0, one, shared), ((1, other, shared), bound))
        return [(i + 1, j, bound, 0), (i, j + 1, bound, 1)]

    def _found(self, bound):
        if len(self.ways) >= JOIN_ROWS:
            raise MapError(M.TooWild())
        pieces = []
        while bound:
            piece, bound = bound
            pieces.append(piece)
        pieces.reverse()
        bindings = ({slot: '' for slot in self.left_slots}, {slot: '' for slot in self.right_slots})
        stars = [0, 0]
        for side, slot, text in pieces:
            if text == '*':
                stars[side] += 1
                if stars[side] > MAX_WILDCARDS:
                    raise MapError(M.TooWild2())
                text = '%%%%%d' % (stars[side] % 10)
            bindings[side][slot] += text
        self.ways[tuple(bindings[0].values()), tuple(bindings[1].values())] = bindings


def meet(one, other):
    """Every way two patterns overlap: list of (bindings of one, bindings of other), most specific choice
    first.

    A literal star cannot occur (it is spelled %2A), so a `*` piece always is a shared wildcard and becomes a
    positional one."""
    if one.fold != other.fold:
        raise ValueError('patterns of different case rules')
    if _apart(one, other):
        return []
    if one.text == other.text and len(one.slots) <= 1:
        same = {slot: '...' if is_dots(slot) else '%%1' for slot in one.slots}
        return [(same, same)]
    if one.kind == other.kind == 'tree':
        return [_nested(one, other)]
    return _Meeting(one, other).run()


def _nested(one, other):
    """Two `prefix...` patterns: the longer prefix is what they have in common."""
    if len(one.prefix) >= len(other.prefix):
        return {DOTS_SLOT: '...'}, {DOTS_SLOT: one.text[len(other.prefix):]}
    return {DOTS_SLOT: other.text[len(one.prefix):]}, {DOTS_SLOT: '...'}
