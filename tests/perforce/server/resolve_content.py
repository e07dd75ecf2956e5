"""Content resolves: comparing base, theirs and yours, and putting the result into the workspace.

The product merges in the client; here the server does, from its archives and the file that the client sends,
with the chunks, counts and outcomes of merge3.
"""

from typing import NamedTuple

from . import filetype
from .archive import digest
from .command import Context
from .integ_rows import CONTENT, COPY_FROM, EDIT_FROM, IGNORED, MERGE_FROM, Record
from .integ_submit import UNTOUCHED
from .merge3 import COUNTED, Merge, chunks_without_base, merge_binary
from .messages import M
from .resolve_file import TEXT_3WAY, File
from .revquery import Rev
from .transfer import Outbox

WRITABLE = ("edit", "add", "move/add")
THEIRS, YOURS, MERGED, EDITED, SKIP = "theirs", "yours", "merged", "edit", "skip"
HOW = {THEIRS: (COPY_FROM, "copy from"), YOURS: (IGNORED, "ignored"), MERGED: (MERGE_FROM, "merge from"),
       EDITED: (EDIT_FROM, "edit from")}


class Comparison(NamedTuple):
    """What a merge found.  outcomes: what each automatic mode does; merged: the merged text of a text
    merge."""
    outcomes: dict[str, str]
    suggestion: str
    merged: bytes | None
    counts: dict[str, int]


def compare(file: File, record: Record, kind: str, flags: str, all_marked: bool) -> Comparison | None:
    """Merges and tells the counts; None (and said so) if a content is not to be had."""
    theirs, base = file.theirs(record), file.base(record)
    if kind == TEXT_3WAY:
        return _merge(file, record, theirs, base, flags, all_marked)
    if base is None and is_textual(file, theirs):
        return _two_way(file, record, theirs, flags)
    counts = merge_binary(base.digest if base else "", theirs.digest, digest(file.yours))
    file.out.message(M.MergeMsg2, **counts)
    return Comparison(*_without_merge(counts), None, counts)


def is_textual(file: File, theirs: Rev) -> bool:
    return filetype.parse(file.row.type).is_text and filetype.parse(theirs.type).is_text


def _merge(file: File, record: Record, theirs: Rev, base: Rev, flags: str,
           all_marked: bool) -> Comparison | None:
    texts = [file.text(base), file.text(theirs)]
    if None in texts:
        return None
    merge = Merge(*texts, file.yours, flags)
    counts = merge.counts()
    file.out.message(M.MergeMsg3, **counts)
    their_rev = f"#{theirs.rev}" if record.endFromRev > 0 else f"@={-record.endFromRev}"
    merged = merge.text(f"{base.depotFile}#{base.rev}", f"{theirs.depotFile}{their_rev}",
                        file.row.clientFile, all_marked)
    outcomes = {mode: merge.outcome(mode) for mode in "smf"}
    if all_marked and outcomes["f"] == MERGED:
        outcomes["f"] = EDITED
    suggestion = EDITED if counts["conflicting"] else outcomes["m"]
    return Comparison(outcomes, suggestion, merged, counts)


def _two_way(file: File, record: Record, theirs: Rev, flags: str) -> Comparison | None:
    """Two texts that have no common base."""
    text = file.text(theirs)
    if text is None:
        return None
    count = chunks_without_base(text, file.yours, flags)
    file.out.message(M.MergeMsg32, chunks=count)
    same = dict.fromkeys("smf", THEIRS)
    outcomes = same if not count else {"s": SKIP, "m": SKIP, "f": THEIRS}
    return Comparison(outcomes, THEIRS, None, dict.fromkeys(COUNTED, 0))


def _without_merge(counts: dict[str, int]) -> tuple[dict[str, str], str]:
    if counts["conflicting"]:
        return dict.fromkeys("smf", SKIP), THEIRS
    choice = YOURS if counts["yours"] else THEIRS
    return dict.fromkeys("smf", choice), choice


class Applier:
    """Carries out decisions; done() is called when the workspace has the result."""

    def __init__(self, ctx: Context, outbox: Outbox, expand: bool, ignored_as_edit: bool):
        self.ctx, self.outbox, self.expand, self.ignored_as_edit = ctx, outbox, expand, ignored_as_edit

    def apply(self, file: File, record: Record, choice: str, content: bytes | None, done) -> None:
        """content: of a merged or edited result; None for an edited one that is in the workspace already."""
        theirs = file.theirs(record)
        if choice == THEIRS:
            self._take_theirs(file, theirs, done)
        elif choice in (MERGED, EDITED) and content is not None:
            self._write(file, content, done, None if choice == EDITED else digest(content))
        else:
            self._keep(file, None if choice == EDITED else file.expected, done)

    def how(self, choice: str) -> tuple[int, str]:
        return HOW[EDITED if choice == YOURS and self.ignored_as_edit else choice]

    def _mark(self, file: File, found: str | None) -> None:
        if file.row.action in UNTOUCHED:
            file.row = file.row._replace(digest=found)
            file.expected = found

    def _take_theirs(self, file: File, theirs: Rev, done) -> None:
        self._mark(file, theirs.digest)
        kind = filetype.parse(file.row.type)
        more = sum(record.type == CONTENT for record in file.records) > 1
        file.yours = file.text(theirs) if more else None
        self.outbox.put(theirs._replace(type=str(kind)), file.local, done, self._writable(file), self.expand)

    def _write(self, file: File, content: bytes, done, found: str | None) -> None:
        self._mark(file, found)
        file.yours = content
        self.outbox.put_content(content, filetype.parse(file.row.type), file.local, done,
                                self._writable(file))

    def _keep(self, file: File, found: str | None, done) -> None:
        self._mark(file, found)
        done()

    @staticmethod
    def _writable(file: File) -> bool:
        return file.row.action in WRITABLE

