"""What has flowed between files: which revisions of a source a target still lacks, and what both have in
common.

Works on the records of submitted integrations (`integed`).  Credit is followed through files in between,
through moves, and backwards: a revision that came from the target by itself needs no integration back, one
that was edited on the way does. A History is made per command; preload() reads the records of many files at
a time.
"""

from typing import Iterable, Iterator, NamedTuple

from . import encode, openfiles
from .integ_rows import (ADD_FROM, ADD_INTO, BRANCH_FROM, BRANCH_INTO, COPY_FROM, COPY_INTO, DELETE_FROM,
                         DELETE_INTO, EDIT_FROM, EDIT_INTO, IGNORED, IGNORED_BY, MERGE_FROM, MERGE_INTO,
                         MOVED_FROM)
from .store import Store

FROM = frozenset((MERGE_FROM, BRANCH_FROM, COPY_FROM, IGNORED, DELETE_FROM, EDIT_FROM, ADD_FROM))
# Records of a target by which revisions of the source are accounted for, or came from the target unedited.
COVERING = FROM | {MERGE_INTO, BRANCH_INTO, COPY_INTO, IGNORED_BY, DELETE_INTO}
AUTOMATIC = frozenset((MERGE_FROM, BRANCH_FROM, COPY_FROM, IGNORED, DELETE_FROM))
BACK = frozenset((EDIT_INTO, ADD_INTO))
CONTENT = frozenset((MERGE_FROM, BRANCH_FROM, COPY_FROM, EDIT_FROM, ADD_FROM, MOVED_FROM))
CREDIT = FROM | {MOVED_FROM}
MOST_FILES = 500            # files a credit is followed through
MOST_STEPS = 20             # files a revision is followed back through
CHUNK = 500                 # keys in one query
COLUMNS = "fromFile, startFromRev, endFromRev, startToRev, endToRev, how, change"


class Credit(NamedTuple):
    """A row of `integed`, without its toFile."""
    fromFile: str
    start: int
    end: int
    startTo: int
    endTo: int
    how: int
    change: int


def chunks(keys: Iterable[str]) -> Iterator[tuple[str, list[bytes]]]:
    """The keys in portions for `IN (...)`: its question marks and the values."""
    values = [encode(key) for key in keys]
    for at in range(0, len(values), CHUNK):
        some = values[at:at + CHUNK]
        yield ", ".join("?" * len(some)), some


class History:
    def __init__(self, store: Store, until: int | None = None):
        self.store, self.until = store, until
        self.known: dict[str, list[Credit]] = {}
        self.reached: dict[tuple, dict[str, set[int]]] = {}

    def preload(self, paths: Iterable[str]) -> None:
        """Forgets what is known and reads the records of these files."""
        self.known, self.reached = {path: [] for path in paths}, {}
        for marks, keys in chunks(self.known):
            for row in self.store.rows(f"SELECT toFile, {COLUMNS} FROM integed WHERE toFile IN ({marks})",
                                       *keys):
                self._keep(row[0], Credit(*row[1:]))

    def _keep(self, path: str, credit: Credit) -> None:
        if self.until is None or credit.change <= self.until:
            self.known[path].append(credit)

    def of(self, path: str) -> list[Credit]:
        """The records of one file as a target."""
        if path not in self.known:
            self.known[path] = []
            for row in self.store.rows(f"SELECT {COLUMNS} FROM integed WHERE toFile = ?", path):
                self._keep(path, Credit(*row))
        return self.known[path]

    def between(self, source: str, target: str) -> list[Credit]:
        return [credit for credit in self.of(target) if credit.fromFile == source]

    # what is needed

    def needed(self, source: str, revs: Iterable[int], target: str, head: int,
               direct: bool = False) -> list[int]:
        """The revisions of source that target (at its revision head) lacks."""
        left = set(revs)
        for credit in self.between(source, target):
            if credit.how in COVERING:
                left.difference_update(range(credit.start + 1, credit.end + 1))
        if left and not direct:
            contained = self.contained(target, range(1, head + 1), CREDIT)
            left -= contained.get(source, set())
            left = {rev for rev in left if not self._is_derived(source, rev, contained)}
        return sorted(left)

    def contained(self, path: str, revs: range, hows: frozenset) -> dict[str, set[int]]:
        """All revisions of all files that have gone into some revisions of a file."""
        key = (path, revs, hows)
        if key not in self.reached:
            self.reached[key] = self._walk(path, revs, hows)
        return self.reached[key]

    def _walk(self, path: str, revs: range, hows: frozenset) -> dict[str, set[int]]:
        found, todo = {path: set(revs)}, [path]
        while todo and len(found) < MOST_FILES:
            file = todo.pop()
            for credit in self.of(file):
                if credit.how not in hows or credit.endTo not in found[file]:
                    continue
                known = found.setdefault(credit.fromFile, set())
                more = set(range(credit.start + 1, credit.end + 1)) - known
                if more:
                    known |= more
                    todo.append(credit.fromFile)
        return found

    def _is_derived(self, source: str, rev: int, contained: dict[str, set[int]], depth: int = 0) -> bool:
        """Whether a revision was made of nothing but what is contained, be it through others."""
        origins = [credit for credit in self.of(source) if credit.endTo == rev and credit.how in AUTOMATIC]
        if not origins or depth > MOST_STEPS:
            return False
        return not any(self._was_edited(source, rev, credit.fromFile) for credit in origins) and all(
            other in contained.get(credit.fromFile, ()) or self._is_derived(credit.fromFile, other,
                                                                            contained, depth + 1)
            for credit in origins for other in range(credit.start + 1, credit.end + 1))

    def _was_edited(self, source: str, rev: int, origin: str) -> bool:
        return any(credit.end == rev and credit.how in BACK for credit in self.between(source, origin))

    # what is common

    # A source's life is the range of its revisions since it was added last: what was there before is another
    # file.

    def related(self, source: str, life: range, target: str, head: int) -> bool:
        """Whether a file has anything in common with a source in this life."""
        if any(credit.end in life for credit in self.between(source, target)):
            return True
        return self._common(source, life, target, head) is not None

    def base(self, source: str, start: int, life: range, target: str, head: int,
             forced: bool = False) -> tuple[str, int] | None:
        """The revision to merge source's revisions after start against.  forced: start was asked for."""
        if start and forced and self._has_content(source, start):
            return source, start
        found = [*self._forward(source, start, target), *self._backward(source, life, target, head)]
        for _, _, file, rev in sorted(found, reverse=True):
            if self._has_content(file, rev):
                return file, rev
        return self._common(source, life, target, head)

    def _forward(self, source: str, start: int, target: str) -> Iterator[tuple]:
        """(change, preference, file, revision): what target had of source before."""
        if not start:
            return
        covering = [credit.change for credit in self.between(source, target)
                    if credit.how in COVERING and credit.start < start <= credit.end]
        yield max(covering, default=0), 1, source, start

    def _backward(self, source: str, life: range, target: str, head: int) -> Iterator[tuple]:
        """What source had of target."""
        for credit in self.between(target, source):
            if credit.how in CONTENT and credit.endTo in life and credit.end <= head:
                yield credit.change, 0, target, credit.end

    def _common(self, source: str, life: range, target: str, head: int) -> tuple[str, int] | None:
        """The newest revision that has gone into both."""
        ours, theirs = self.contained(target, range(1, head + 1), CONTENT), self.contained(source, life,
                                                                                           CONTENT)
        best = None
        for file in ours.keys() & theirs.keys():
            for rev in sorted(ours[file] & theirs[file], reverse=True):
                found = openfiles.revision(self.store, file, rev)
                if found is not None and found.live:
                    best = max(best or (0, "", 0), (found.change, file, rev))
                    break
        return best and best[1:]

    def _has_content(self, file: str, rev: int) -> bool:
        found = openfiles.revision(self.store, file, rev)
        return found is not None and found.live

    # moves

    def moved_to(self, path: str, rev: int) -> str | None:
        """Where a move/delete revision went."""
        sql = "SELECT toFile FROM integed WHERE fromFile = ? AND how = ? AND endFromRev = ?"
        return self.store.value(sql, path, MOVED_FROM, rev - 1)

    def moved_from(self, path: str, revs: range) -> Credit | None:
        """The newest move that brought a file here with one of some revisions."""
        moves = [credit for credit in self.of(path) if credit.how == MOVED_FROM and credit.endTo in revs]
        return max(moves, key=lambda credit: credit.endTo, default=None)
