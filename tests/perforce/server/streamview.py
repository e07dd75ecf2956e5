"""From stream specs to views: what a client of a stream sees, and what flows between a stream and its
parent.

A stream's effective view is a list of entries ordered from general to special, the last match wins.  A
stream that inherits takes every one of its Paths lines through its parent's effective view, so it can narrow
what the parent shows but never widen it; of two path types the more restrictive one holds.  A virtual stream
owns no files, its depot sides are its parent's.  Callers give a chain: the StreamSpec of a stream, its
parent's, and so on.
"""

import re
from typing import NamedTuple

from .command import CommandError
from .mapping import DITTO, MAP, UNMAP, ViewMap, check_line, quote_line
from .messages import M
from .wildcard import has_wildcards, meet, pattern

PATH_TYPES = ("share", "isolate", "import", "import+", "import&", "exclude")
OWNED = ("share", "isolate")

Row = tuple[str, str, str]      # flag, left, right

_WILDCARD = re.compile(r"\.\.\.|\*")
_POSITIONAL = re.compile(r"%%[0-9]")


class StreamSpec(NamedTuple):
    """What generating views needs of a stream.  paths: (type, view path, depot path or ""); remapped: (from,
    to)."""

    name: str
    type: str
    paths: list
    remapped: list = []
    ignored: list = []
    inherit: bool = True
    components: list = []

    @property
    def is_virtual(self) -> bool:
        return self.type == "virtual"


class Entry(NamedTuple):
    """One line of an effective view: `view` is relative to the stream's root, `depot` where its files are
    (with an exclusion: where they would be), `at` the @change or @label an import is limited to, `source`
    the stream whose line it comes from."""

    view: str
    kind: str
    depot: str
    at: str = ""
    source: str = ""


def sort_key(line: str, slash_last: bool = False) -> tuple:
    """Key of the product's order of stream view lines: what ends in `...` there, then `*`, then the slash
    (or last, in the order by depot side), then bytes."""
    body, tree = (line[:-3], True) if line.endswith("...") else (line, False)
    slash = 0x200 if slash_last else 2
    keys = [slash if char == 0x2F else 1 if char == 0x2A else char + 3
            for char in body.encode("utf-8", "surrogateescape")]
    return tuple(keys + [0] if tree else keys)


def _split_at(depot: str) -> tuple[str, str]:
    path, mark, at = depot.partition("@")
    return path, mark + at


def _most_restrictive(kind: str, parents: str) -> str:
    """The path type that holds where a line of `kind` meets one of the parent's."""
    if "exclude" in (kind, parents):
        return "exclude"
    if parents.startswith("import"):
        return "import" if kind in ("import", "share", "isolate") and parents != "import&" else parents
    return "isolate" if (kind, parents) == ("share", "isolate") else kind


def _own_lines(spec: StreamSpec) -> list[Row]:
    """The Paths lines from general to special; of two with the same view path the later one counts."""
    lines = {view: (kind, view, depot) for kind, view, depot in spec.paths}
    return sorted(lines.values(), key=lambda line: sort_key(line[1]))


def _root_entries(spec: StreamSpec, lines) -> list[Entry]:
    """The view of a stream that does not look at a parent."""
    entries = []
    for kind, view, depot in lines:
        path, at = _split_at(depot)
        if kind.startswith("import") and not path:
            continue
        entries.append(Entry(view, kind, path or f"{spec.name}/{view}", at, spec.name))
    return entries


def _through(spec: StreamSpec, line, above: Entry) -> list[Entry]:
    """What one Paths line makes of one entry of the parent's view."""
    kind, view, depot = line
    made = []
    for ours, theirs in meet(pattern(view), pattern(above.view)):
        place = pattern(view).expand(ours)
        inherited = pattern(above.depot).expand(theirs)
        effective = _most_restrictive(kind, above.kind)
        if effective == "exclude":
            made.append(Entry(place, effective, f"{spec.name}/{place}", "", spec.name))
        elif depot:
            path, at = _split_at(depot)
            shown = kind if kind == "import&" else effective
            made.append(Entry(place, shown, pattern(path).expand(ours), at, spec.name))
        elif effective in OWNED and not spec.is_virtual:
            made.append(Entry(place, effective, f"{spec.name}/{place}", "", spec.name))
        elif kind in OWNED and above.kind.startswith("import"):
            made.append(Entry(place, above.kind, inherited, above.at, above.source))
        else:
            made.append(Entry(place, effective, inherited, above.at, spec.name))
    return made


def entries(chain: list[StreamSpec]) -> list[Entry]:
    """The effective view of chain[0], from general to special, without its Ignored and Remapped fields."""
    spec, lines = chain[0], _own_lines(chain[0])
    if len(chain) == 1:
        return _root_entries(spec, lines)
    parent = entries(chain[1:])
    if not spec.inherit:
        made = []
        for line in lines:
            lookup = line[0].startswith("import") and not line[2]
            made += [entry for above in parent for entry in _through(spec, line, above)] if lookup \
                else _root_entries(spec, [line])
    else:
        made = [entry for line in lines for above in parent for entry in _through(spec, line, above)]
    unique = {}
    for entry in made:
        unique.pop(entry.view, None)
        unique[entry.view] = entry
    return sorted(unique.values(), key=lambda entry: sort_key(entry.view))


def _gathered(chain: list[StreamSpec], field: str) -> list:
    """A field's lines as inherited: the oldest ancestor's first."""
    own = list(getattr(chain[0], field))
    return own if len(chain) == 1 or not chain[0].inherit else _gathered(chain[1:], field) + own


def ignored_patterns(chain: list[StreamSpec]) -> list[str]:
    """View patterns of everything the Ignored fields hide, at any depth."""
    patterns = []
    for name in _gathered(chain, "ignored"):
        if name.startswith("/"):
            patterns += [name[1:], f"...{name}"]
        elif name.startswith("..."):
            patterns.append(name)
        else:
            patterns += [name, f".../{name}"] if has_wildcards(name[:1]) else [f"...{name}"]
    return patterns


def _as_stars(flag: str, left: str, right: str) -> Row:
    """Write positional wildcards as stars where both sides have them in the same order."""
    slots = _POSITIONAL.findall(left)
    if slots and slots == _POSITIONAL.findall(right) and "*" not in left:
        return flag, _POSITIONAL.sub("*", left), _POSITIONAL.sub("*", right)
    return flag, left, right


def _adds_nothing(rows: list, row: Row) -> bool:
    """True if a row repeats what the last row it touches does: the same mapping, or an exclusion of
    nothing."""
    flag, left, right = row
    for above in reversed(rows):
        if meet(pattern(above[2]), pattern(right)):
            if flag != above[0]:
                return False
            covered = pattern(above[1]).covers(pattern(left)) and pattern(above[2]).covers(pattern(right))
            return covered and (flag == UNMAP or ViewMap.of([above]).translate(left) == right)
    return flag == UNMAP


def _view_rows(chain: list[StreamSpec], prefix: str) -> list[Row]:
    rows = []
    for entry in entries(chain):
        flag = UNMAP if entry.kind == "exclude" else DITTO if entry.kind == "import&" else MAP
        row = flag, entry.depot, f"{prefix}/{entry.view}"
        if not _adds_nothing(rows, row):
            rows.append(row)
    for view in ignored_patterns(chain):
        rows.append((UNMAP, f"{chain[0].name}/{view}", f"{prefix}/{view}"))
    return rows


def _remapped(rows: list, chain: list[StreamSpec], prefix: str) -> list:
    """Rows whose client sides went through the Remapped fields."""
    lines = _gathered(chain, "remapped")
    if not lines:
        return rows
    moves = [(MAP, f"{prefix}/...", f"{prefix}/...")]
    moves += [(MAP, f"{prefix}/{source}", f"{prefix}/{target}") for source, target in lines]
    return ViewMap.of(rows).join(ViewMap.of(moves)).triples()


def client_rows(chain: list[StreamSpec], client: str, lookup=None) -> list[Row]:
    """The generated view of a client of chain[0] as (flag, depot side, client side), lowest precedence
    first. `lookup(stream, at)` gives the chain of a component; without it components are left out."""
    prefix = f"//{client}"
    rows = [_as_stars(*row) for row in _remapped(_view_rows(chain, prefix), chain, prefix)]
    return rows + _component_rows(chain, client, lookup, (chain[0].name,)) if lookup else rows


def _component_rows(chain, client, lookup, seen) -> list:
    rows = []
    for _, folder, stream in chain[0].components:
        name, at = _split_at(stream)
        if name in seen:
            raise CommandError(M.StreamOverflow())
        inner, place = lookup(name, at), f"{client}/{folder.rstrip('/')}"
        rows += client_rows(inner, place)
        rows += _component_rows(inner, place, lookup, (*seen, name))
    return rows


def client_view(chain: list[StreamSpec], client: str, lookup=None) -> list[str]:
    """The generated view as lines of a client form."""
    return [quote_line(*row) for row in client_rows(chain, client, lookup)]


def change_view(chain: list[StreamSpec]) -> list[str]:
    """The ChangeView lines that imports at a change or label bring: `//depot/path/...@N`."""
    return [entry.depot + entry.at for entry in entries(chain) if entry.at and entry.kind != "exclude"]


def branch_rows(chain: list[StreamSpec], other: list[StreamSpec] | None = None) -> list[Row]:
    """What flows between a stream (left) and its parent or `other` stream (right): what both of them
    share."""
    rows = []
    theirs = entries(other or chain[1:])
    for entry in entries(chain):
        for opposite in theirs:
            flag = MAP if entry.kind == opposite.kind == "share" else UNMAP
            for ours, others in meet(pattern(entry.view), pattern(opposite.view)):
                row = flag, pattern(entry.depot).expand(ours), pattern(opposite.depot).expand(others)
                if not _adds_nothing(rows, row):
                    rows.append(_as_stars(*row))
    root, theirs_root = chain[0].name, (other or chain[1:])[0].name
    rows += [(UNMAP, f"{root}/{view}", f"{theirs_root}/{view}") for view in ignored_patterns(chain)]
    return rows


def check_paths(spec: StreamSpec) -> None:
    """Raise CommandError for lines of a stream spec that the product does not accept."""
    for kind, view, depot in spec.paths:
        if kind not in PATH_TYPES:
            raise CommandError(M.FieldBadVal(field="Paths", text="/".join(PATH_TYPES)))
        if kind == "import&" and not depot:
            raise CommandError(M.FieldWords(field="Paths"))
        _check_view_path(view)
        path = _split_at(depot)[0]
        if path and not path.startswith("//"):
            raise CommandError(M.StreamPathSlash(view=path))
        check_line(view, path or view)
    for source, target in spec.remapped:
        _check_view_path(source)
        _check_view_path(target)
        check_line(source, target)


def _check_view_path(view: str) -> None:
    if view.startswith("/"):
        raise CommandError(M.StreamPathRooted(view=view))
    if _POSITIONAL.search(view):
        raise CommandError(M.PosWild(path=view))
    folder, _, _ = view.rpartition("/")
    if _WILDCARD.search(folder):
        raise CommandError(M.LocWild(loc="Embedded", path=view))
