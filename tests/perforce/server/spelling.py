"""Servers that ignore case: what comes in takes the spelling the server knows it by.

The first spelling of a user, a client, a depot, a stream, a file is the one that is kept.  A Spelling belongs
to one command; it goes over the command's user and client, its options, the paths of its arguments (which
messages show as they were typed) and the forms it reads, so that everything behind it compares as if case
counted.  What is left to compare without case are patterns: see `fold` in wildcard and mapping.  Where case
counts there is no Spelling at all.
"""

import re

from .revspec import split_path
from .store import Store
from .wildcard import fold_case, has_wildcards

SENSITIVE, INSENSITIVE = "sensitive", "insensitive"
STREAM_DEPTH = 14           # parts of the longest path that can be a stream's
NAMES = {
    "user": "SELECT user FROM user",
    "group": 'SELECT name FROM "group"',
    "branch": "SELECT name FROM domain WHERE type = 98",
    "client": "SELECT name FROM domain WHERE type = 99",
    "depot": "SELECT name FROM domain WHERE type = 100",
    "label": "SELECT name FROM domain WHERE type = 108",
    "stream": "SELECT stream FROM stream",
}

FLOW = {"S": "path", "P": "path", "b": "branch", "--from": "path"}
OPTIONS = {
    "branch": FLOW, "branches": {"u": "user"}, "change": {"U": "user"}, "changes": {"c": "client", "u": "user"},
    "client": {"S": "path", "t": "client"}, "clients": {"u": "user", "S": "path"}, "copy": FLOW, "diff2": FLOW,
    "dirs": {"S": "path"}, "integrate": FLOW, "integrated": {"b": "branch"}, "interchanges": FLOW,
    "label": {"t": "label"}, "labels": {"u": "user"}, "merge": FLOW, "opened": {"C": "client", "u": "user"},
    "populate": FLOW, "protects": {"u": "user", "g": "group"}, "revert": {"C": "client"}, "stream": {"P": "path"},
    "streams": {"--viewmatch": "path"}, "unshelve": {"S": "path", "P": "path", "b": "branch"},
}
ARGUMENTS = {
    "branch": "branch", "client": "client", "depot": "depot", "group": "group", "groups": "member",
    "istat": "path", "label": "label", "login": "user", "logout": "user", "passwd": "user", "stream": "path",
    "streams": "path", "user": "user",
}
FORMS = {
    "branch": {"Branch": "branch", "Owner": "user", "View": "line"},
    "change": {"Client": "client", "User": "user", "Stream": "path", "Files": "line"},
    "client": {"Client": "client", "Owner": "user", "Stream": "path", "View": "line", "ChangeView": "line"},
    "depot": {"Depot": "depot", "Owner": "user"},
    "group": {"Group": "group", "Users": "user", "Owners": "user", "Subgroups": "group"},
    "label": {"Label": "label", "Owner": "user", "View": "line"},
    "stream": {"Stream": "path", "Parent": "path", "Owner": "user", "Paths": "line", "Components": "line"},
    "user": {"User": "user"},
}
PATHS = (("stream", "parent"), ("stream", "baseParent"), ("domain", "stream"), ("template", "name"),
         ("template", "right"), ("view", "left"), ("view", "right"))

_PATH = re.compile(r'(^|[\s"])([-+&]?)(//[^\s"]+)')


def folds(store: Store) -> bool:
    """Whether the server ignores case."""
    return store.config("caseHandling", SENSITIVE) != SENSITIVE


def ignore_case(store: Store) -> None:
    """Makes it a server that ignores case (inside write()); files are found by their folded path."""
    store.insert("config", name="caseHandling", value=INSENSITIVE)
    store.execute("CREATE INDEX IF NOT EXISTS head_folded ON head (lower(depotFile))")


def of(store: Store) -> "Spelling | None":
    return Spelling(store) if folds(store) else None


class Spelling:
    """What is known is read when it is first asked for."""

    def __init__(self, store: Store):
        self.store = store
        self._known: dict[str, dict[str, str]] = {}

    def _names(self, kind: str) -> dict[str, str]:
        if kind not in self._known:
            self._known[kind] = {fold_case(name): name for (name,) in self.store.all(NAMES[kind])}
        return self._known[kind]

    def name(self, kind: str, text: str) -> str:
        return self._names(kind).get(fold_case(text), text)

    def member(self, text: str) -> str:
        """A user or a group."""
        return self.name("user" if fold_case(text) in self._names("user") else "group", text)

    def path(self, text: str) -> str:
        """//depot/stream/… or //client/…: its first parts, as far as they are a depot, a stream, a client."""
        if not text.startswith("//"):
            return text
        path, revision = split_path(text)
        parts = path.split("/")
        if fold_case(parts[2]) not in self._names("depot"):
            return "/".join(["", "", self.name("client", parts[2]), *parts[3:]]) + revision
        parts[2] = self.name("depot", parts[2])
        for depth in range(min(len(parts), STREAM_DEPTH), 3, -1):
            stream = self._names("stream").get(fold_case("/".join(parts[:depth])))
            if stream is not None:
                return "/".join([stream, *parts[depth:]]) + revision
        return "/".join(parts) + revision

    def existing(self, path: str) -> str:
        """A depot file, or the path itself if there is none."""
        if has_wildcards(path) or self.store.value("SELECT 1 FROM head WHERE depotFile = ?", path):
            return path
        found = self.store.value("SELECT depotFile FROM head WHERE lower(depotFile) = lower(?) LIMIT 1", path)
        return found or self.store.value("SELECT depotFile FROM working WHERE lower(depotFile) = lower(?)"
                                         " LIMIT 1", path) or path

    def file(self, path: str) -> str:
        """The path of a file argument."""
        return self.existing(self.path(path)) if path.startswith("//") else path

    def revision(self, text: str) -> str:
        """What stands behind the @ of a file argument: a label or a client."""
        return self.name("label" if fold_case(text) in self._names("label") else "client", text)

    def line(self, text: str) -> str:
        """A line of a view, a stream's path: every path in it."""
        return _PATH.sub(lambda found: found[1] + found[2] + self.path(found[3]), text)

    def _one(self, kind: str, text: str) -> str:
        return self.name(kind, text) if kind in NAMES else getattr(self, kind)(text)

    def options(self, command: str, opts) -> None:
        """The options and arguments of a command."""
        for letter, kind in OPTIONS.get(command, {}).items():
            if letter in opts:
                opts.values[letter] = [self._one(kind, text) for text in opts.values[letter]]
        if command in ARGUMENTS:
            opts.args = [self._one(ARGUMENTS[command], text) for text in opts.args]

    def form(self, spec: str, values: dict) -> dict:
        """The fields of a form that was read."""
        for field, kind in FORMS.get(spec, {}).items():
            if values.get(field):
                value = values[field]
                values[field] = [self._one(kind, text) for text in value] if isinstance(value, list) else \
                    self._one(kind, value)
        return values


def settle(store: Store) -> None:
    """What a checkpoint says about one thing in several spellings, in one (inside write())."""
    spelling = Spelling(store)
    for table, column in PATHS:
        rows = store.all(f'SELECT DISTINCT "{column}" FROM {table} WHERE substr("{column}", 1, 2) = ?', "//")
        for (old,) in rows:
            new = spelling.path(old)
            if new != old:
                store.execute(f'UPDATE OR REPLACE {table} SET "{column}" = ? WHERE "{column}" = ?', new, old)
