"""Changelists: making and finding them, for every command that deals with one."""

import time

from .command import CommandError, Context
from .messages import M
from .store import Row, Store

PENDING, SUBMITTED = 0, 1
STATUS = ("pending", "submitted")
HIDDEN = "<description: restricted, no permission to view>\n"


def title(number: int, capital: bool = True) -> str:
    """How messages name a change: `Change 12`, `change 12`, `default change`."""
    if not number:
        return "Default change" if capital else "default change"
    return f"{'Change' if capital else 'change'} {number}"


def number_of(text: str) -> int:
    """A change number somebody typed."""
    if not text.isdigit() or int(text) == 0:
        raise CommandError(M.BadChange(change=text))
    return int(text)


def by_identity(store: Store, identity: str) -> Row | None:
    """The change that has an Identity."""
    return store.object("SELECT * FROM change WHERE identity = ? ORDER BY change LIMIT 1", identity)


def load(store: Store, number: int, original: bool = False) -> Row | None:
    """The change; with original also by the number it had before submit renamed it."""
    if original:
        row = store.object("SELECT * FROM change WHERE oldChange = ?", number)
        if row is not None:
            return row
    return store.object("SELECT * FROM change WHERE change = ?", number)


def require(store: Store, number: int, original: bool = False) -> Row:
    row = load(store, number, original)
    if row is None:
        raise CommandError(M.NoSuchChange(change=title(number)))
    return row


def create(ctx: Context, description: str, kind: str = "public", client: str | None = None) -> int:
    """A new pending change of the user and client (inside write()); its number."""
    number = ctx.store.next_change()
    now = int(time.time())
    ctx.store.insert("change", change=number, client=client or ctx.client_name, user=ctx.user, date=now,
                     status=PENDING, type=kind, description=description, updateDate=now, accessDate=now)
    return number


def own(ctx: Context, row: Row) -> None:
    """Refuses a pending change that is another user's or another client's."""
    if row.user != ctx.user:
        raise CommandError(M.ChangeNotOwner(change=title(row.change), user=row.user))
    if row.client != ctx.client_name:
        raise CommandError(M.WrongClient(change=title(row.change), client=row.client))


def may_read(ctx: Context, row: Row) -> bool:
    """Whether the user may see the description of a change: public, his own, or (restricted, submitted or
    shelved) one
    with a file he may list."""
    if row.type != "restricted" or row.user == ctx.user or ctx.access.open:
        return True
    allowed = ctx.access.allowed("list")
    table = "rev" if row.status == SUBMITTED else "shelf"
    paths = ctx.store.rows(f"SELECT depotFile FROM {table} WHERE change = ?", row.change)
    return any(allowed(path) for (path,) in paths)
