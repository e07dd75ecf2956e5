"""A client workspace as commands use it: its fields and its view.

load() reads it.  A stream client's view is generated from its stream each time it is asked for, so that a
changed
stream takes effect at once; StreamAtChange pins it to how the streams were at a change.
"""

import time

from . import streamspec
from .mapping import ViewMap
from .messages import M
from .spelling import folds
from .store import Row, Store
from .streamview import change_view as stream_changes, client_rows

CLIENT = 99
VIEW, CHANGE_VIEW = 0, 1


def load(store: Store, name: str) -> Row | None:
    """The client's row of `domain`, or None."""
    return store.object("SELECT * FROM domain WHERE type = ? AND name = ?", CLIENT, name)


def check_use(ctx, client: Row) -> None:
    """The product's refusals: a client locked to another user, or bound to another host."""
    if "locked" in (client.options or "").split() and client.owner != ctx.user:
        ctx.fail(M.LockedClient, client=client.name, user=client.owner)
    if client.host and client.host != ctx.host:
        ctx.fail(M.LockedHost, client=client.name, host=client.host)


def touch(store: Store, client: Row) -> None:
    """Notes that the client was used; to the minute, which saves a write per command."""
    now = int(time.time())
    if now - (client.accessDate or 0) >= 60:
        with store.write():
            store.execute("UPDATE domain SET accessDate = ? WHERE type = ? AND name = ?", now, CLIENT,
                          client.name)


def rows(store: Store, name: str, kind: int = VIEW) -> list[tuple[str, str, str]]:
    """The stored view lines: (flag, depot side, client side)."""
    return store.all('SELECT flag, "left", "right" FROM view WHERE type = ? AND name = ? AND kind = ?'
                     " ORDER BY seq",
                     CLIENT, name, kind)


def stream_rows(store: Store, stream: str, client: str,
                at_change: int | None = None) -> list[tuple[str, str, str]]:
    """The view lines a stream generates for a client of that name."""
    chain = streamspec.chain(store, stream, at_change)
    return client_rows(chain, client, streamspec.component_lookup(store)) if chain else []


def view_rows(store: Store, client: Row) -> list[tuple[str, str, str]]:
    """The view in force: generated for a stream client, else as stored."""
    if client.stream:
        at_change = int(client.streamAtChange) if (client.streamAtChange or "").isdigit() else None
        return stream_rows(store, client.stream, client.name, at_change)
    return rows(store, client.name)


def view(store: Store, client: Row) -> ViewMap:
    """The map from depot files to //CLIENT/... ."""
    return ViewMap.of(view_rows(store, client), folds(store))


def change_view(store: Store, client: Row) -> list[tuple[str, int]]:
    """ChangeView lines: (depot path pattern, highest change seen), those of pinned stream imports
    included."""
    lines = [text for _, text, _ in rows(store, client.name, CHANGE_VIEW)]
    if client.stream:
        chain = streamspec.chain(store, client.stream)
        lines += stream_changes(chain) if chain else []
    pairs = [line.rpartition("@")[::2] for line in lines]
    return [(path, int(number)) for path, number in pairs if number.isdigit()]
