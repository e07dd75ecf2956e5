"""A client workspace as commands use it: its fields and its view.

load() reads it; a stream client's view is generated from its stream each time, so that a changed stream takes
effect at once.
"""

from .messages import M
from .store import Row, Store

CLIENT = 99


def load(store: Store, name: str) -> Row | None:
    """The client's row of `domain`, or None."""
    return store.object("SELECT * FROM domain WHERE type = ? AND name = ?", CLIENT, name)


def check_use(ctx, client: Row) -> None:
    """The product's refusals: a client locked to another user, or bound to another host."""
    if "locked" in (client.options or "").split() and client.owner != ctx.user:
        ctx.fail(M.LockedClient, client=client.name, user=client.owner)
    if client.host and client.host != ctx.host:
        ctx.fail(M.LockedHost, client=client.name, host=client.host)
