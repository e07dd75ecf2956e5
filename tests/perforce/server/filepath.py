"""Client paths in their two spellings: `//CLIENT/dir/file` (client syntax, special characters encoded) and
the file's place on the user's disk (local syntax, plain), and the way from what a user typed to the first.
"""

import posixpath

from .command import CommandError
from .messages import M
from .wildcard import decode_path


def active_root(client, cwd: str) -> str:
    """The client's root, or the alternate root the user is in."""
    roots = [root for root in (client.root, client.altRoot1, client.altRoot2) if root]
    return next((root for root in roots if _below(cwd, root) is not None), roots[0] if roots else "")


def _below(path: str, root: str) -> str | None:
    """path relative to root, None if it is not under it.  The root "null" holds every path."""
    if root == "null":
        return path.lstrip("/")
    root = root.rstrip("/")
    if path == root:
        return ""
    return path[len(root) + 1:] if path.startswith(root + "/") else None


def absolute(text: str, cwd: str) -> str:
    """What was typed as an absolute local path without `.` and `..`; wildcards stay as they are."""
    path = posixpath.normpath(text if text.startswith("/") else posixpath.join(cwd or "/", text))
    return "/" + path.lstrip("/")


class ClientRoot:
    """Carries client syntax to local syntax and back for one client and one user's place on his disk."""

    def __init__(self, client, cwd: str):
        self.prefix = f"//{client.name}/"
        self.root = active_root(client, cwd)
        self.cwd = cwd
        self._start = "/" if self.root == "null" else self.root.rstrip("/") + "/"

    def local(self, client_file: str) -> str:
        """//CLIENT/a%40b -> ROOT/a@b; wildcards stay as they are."""
        return self._start + decode_path(client_file[len(self.prefix):])

    def client_file(self, local: str) -> str:
        """ROOT/dir/file -> //CLIENT/dir/file; CommandError if it is elsewhere.  Nothing is encoded: a local
        argument with special characters is refused or taken for a wildcard, as in the product."""
        path = absolute(local, self.cwd)
        rest = _below(path, self.root)
        if rest is None:
            raise CommandError(M.NotUnderRoot(path=path, root=self.root))
        return self.prefix + rest if rest else self.prefix.rstrip("/")
