"""Jobs and what fixes them: the rows of `job` and `fix`, for the commands about them and for changes.

A job is kept as the text of its form; load() gives its values.  A fix ties a job to a change and has the
status that the job gets when the change is submitted ("same" leaves the job's own).
"""

import time
from typing import Iterator

from . import decode
from .changespec import SUBMITTED, title
from .command import CommandError, Context
from .dates import format_time
from .messages import M
from .names import check_id
from .specs import SPECS
from .store import Row, Store

STATES = ("open", "suspended", "closed")
FIXED, SAME = "closed", "same"


def load(store: Store, name: str) -> dict | None:
    """The values of a job's form."""
    form = store.value("SELECT form FROM job WHERE job = ?", name)
    return None if form is None else SPECS["job"].parse(form if isinstance(form, str) else decode(form), False)


def require(store: Store, name: str) -> dict:
    values = load(store, name)
    if values is None:
        raise CommandError(M.NoSuchJob(job=name))
    return values


def every(store: Store, backwards: bool = False) -> Iterator[dict]:
    """All jobs by name."""
    for (name,) in store.all(f"SELECT job FROM job ORDER BY job {'DESC' if backwards else ''}"):
        yield load(store, name)


def save(store: Store, values: dict) -> str:
    """Writes a job (inside write()), a new one under the next name; the name."""
    name = values["Job"]
    if name == "new":
        number = store.counter("job") + 1
        store.set_counter("job", number)
        name = f"job{number:06d}"
    values = values | {"Job": check_id(name), "Date": format_time(int(time.time()))}
    store.insert("job", job=name, form=SPECS["job"].format(values, header=False))
    return name


def summary(values: dict | None) -> str:
    """The first line of a job's description, as lists show it beside its name."""
    return next(iter((values or {}).get("Description", "").splitlines()), "")


# fixes

def fixing(store: Store, change: int) -> list[str]:
    """The jobs that a change fixes."""
    return [job for (job,) in store.all("SELECT job FROM fix WHERE change = ? ORDER BY job", change)]


def link(store: Store, name: str, change: Row, client: str, user: str, status: str = FIXED) -> None:
    """Has a change fix a job (inside write()); a submitted one at once."""
    store.insert("fix", job=name, change=change.change, date=int(time.time()), status=status, client=client,
                 user=user)
    if change.status == SUBMITTED:
        _set_status(store, name, status)


def unlink(store: Store, name: str, change: int) -> bool:
    """Takes a fix back (inside write()); whether there was one."""
    return bool(store.execute("DELETE FROM fix WHERE job = ? AND change = ?", name, change))


def relink(ctx: Context, change: Row, wanted: list[str]) -> tuple[int, int]:
    """Has a pending change fix these jobs and no others (inside write()): how many came, how many went."""
    before = set(fixing(ctx.store, change.change))
    for name in wanted:
        if load(ctx.store, name) is None:
            raise CommandError(M.NoSuchJob2(job=name))
    for name in set(wanted) - before:
        link(ctx.store, name, change, ctx.client_name, ctx.user)
    for name in before - set(wanted):
        unlink(ctx.store, name, change.change)
    return len(set(wanted) - before), len(before - set(wanted))


def submitted(store: Store, change: int) -> None:
    """The jobs of a change that is submitted get the status of their fix (inside write())."""
    for name, status in store.all("SELECT job, status FROM fix WHERE change = ?", change):
        _set_status(store, name, status)


def _set_status(store: Store, name: str, status: str) -> None:
    values = load(store, name)
    if values is not None and status != SAME and values.get("Status") != status:
        save(store, values | {"Status": status})


def fix_text(row: Row) -> dict:
    """A fix as messages name it."""
    return {"job": row.job, "change": title(row.change, False), "status": row.status}
