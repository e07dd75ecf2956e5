"""Differences between two texts, in the formats of -d flags: default, -dn (RCS), -dc[n], -du[n], -ds, and -db, -dw, -dl
for what counts as equal."""

import difflib
import re

CONTEXT = 3
NUMBER = re.compile(r"\d+")


def _key(line: bytes, flags: str) -> bytes:
    """What is compared of a line."""
    if "w" in flags:
        return re.sub(rb"\s+", b"", line)
    if "b" in flags:
        return re.sub(rb"[ \t]+", b" ", line).rstrip()
    return line.rstrip(b"\r\n") if "l" in flags else line


def _chunks(old: list[bytes], new: list[bytes], flags: str) -> list[tuple[int, int, int, int]]:
    """(start, end in old, start, end in new) of each place that differs."""
    matcher = difflib.SequenceMatcher(None, [_key(line, flags) for line in old], [_key(line, flags) for line in new],
                                      autojunk=False)
    return [tuple(span) for tag, *span in matcher.get_opcodes() if tag != "equal"]


def diff_lines(before: bytes, after: bytes, flags: str = "") -> bytes:
    """The body of a difference; empty if there is none."""
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    chunks = _chunks(old, new, flags)
    found = NUMBER.search(flags)
    context = int(found[0]) if found else CONTEXT
    if "s" in flags:
        return _summary(chunks)
    if "n" in flags:
        return b"".join(_rcs(chunk, new) for chunk in chunks)
    if "u" in flags or "c" in flags:
        write = _unified if "u" in flags else _context
        return b"".join(write(group, old, new, context) for group in _groups(chunks, context))
    return b"".join(_normal(chunk, old, new) for chunk in chunks)


def _span(start: int, end: int) -> bytes:
    return b"%d,%d" % (start + 1, end) if end > start + 1 else b"%d" % max(end, start)


def _normal(chunk: tuple, old: list[bytes], new: list[bytes]) -> bytes:
    a, b, c, d = chunk
    letter = b"a" if a == b else b"d" if c == d else b"c"
    head = _span(a, b) + letter + _span(c, d) + b"\n"
    middle = b"---\n" if letter == b"c" else b""
    return head + _marked(b"< ", old[a:b]) + middle + _marked(b"> ", new[c:d])


def _marked(mark: bytes, lines: list[bytes]) -> bytes:
    return b"".join(mark + (line if line.endswith(b"\n") else line + b"\n\\ No newline at end of file\n") for line in lines)


def _rcs(chunk: tuple, new: list[bytes]) -> bytes:
    a, b, c, d = chunk
    removed = b"d%d %d\n" % (a + 1, b - a) if b > a else b""
    return removed + (b"a%d %d\n" % (b, d - c) + b"".join(new[c:d]) if d > c else b"")


def _summary(chunks: list[tuple]) -> bytes:
    """Numbers of chunks and lines that were added, deleted and changed."""
    added = [d - c for a, b, c, d in chunks if a == b]
    deleted = [b - a for a, b, c, d in chunks if c == d]
    changed = [(b - a, d - c) for a, b, c, d in chunks if a != b and c != d]
    return (b"add %d chunks %d lines\ndeleted %d chunks %d lines\nchanged %d chunks %d / %d lines\n" % (
        len(added), sum(added), len(deleted), sum(deleted), len(changed), sum(one for one, _ in changed),
        sum(other for _, other in changed)))


def _groups(chunks: list[tuple], context: int) -> list[list[tuple]]:
    """Chunks that are near enough to share their context."""
    groups: list[list[tuple]] = []
    for chunk in chunks:
        if groups and chunk[0] - groups[-1][-1][1] <= 2 * context:
            groups[-1].append(chunk)
        else:
            groups.append([chunk])
    return groups


def _unified(group: list[tuple], old: list[bytes], new: list[bytes], context: int) -> bytes:
    first, last = group[0], group[-1]
    start, end = max(first[0] - context, 0), min(last[1] + context, len(old))
    new_start, new_end = max(first[2] - context, 0), min(last[3] + context, len(new))
    parts = [b"@@ -%d,%d +%d,%d @@\n" % (start + 1, end - start, new_start + 1, new_end - new_start)]
    at = start
    for a, b, c, d in group:
        parts += [_marked(b" ", old[at:a]), _marked(b"-", old[a:b]), _marked(b"+", new[c:d])]
        at = b
    return b"".join(parts) + _marked(b" ", old[at:end])


def _context(group: list[tuple], old: list[bytes], new: list[bytes], context: int) -> bytes:
    first, last = group[0], group[-1]
    sides = []
    for lines, low, high, own, other, mark in ((old, 0, 1, 0, 2, b"- "), (new, 2, 3, 2, 0, b"+ ")):
        start, end = max(first[low] - context, 0), min(last[high] + context, len(lines))
        body, at, touched = [], start, False
        for chunk in group:
            begin, finish = chunk[own], chunk[own + 1]
            only = chunk[other] == chunk[other + 1]
            body += [_marked(b"  ", lines[at:begin]), _marked(mark if only else b"! ", lines[begin:finish])]
            at, touched = finish, touched or finish > begin
        body.append(_marked(b"  ", lines[at:end]))
        sides.append((b"%d,%d" % (start + 1, end), b"".join(body) if touched else b""))
    (old_span, old_body), (new_span, new_body) = sides
    return b"***************\n*** " + old_span + b" ****\n" + old_body + b"--- " + new_span + b" ----\n" + new_body
