"""Names of things: what the product accepts as an identifier."""

from .command import CommandError
from .messages import M
from .store import Store

MAX_NAME = 1024
DOMAINS = {98: "branch", 99: "client", 100: "depot", 108: "label"}


def check_id(name: str, slashes: bool = False, numeric: bool = False) -> str:
    """The name itself, or a CommandError that says what is wrong with it."""
    problem = _problem(name, slashes, numeric)
    if problem is not None:
        raise CommandError(problem)
    return name


def _problem(name: str, slashes: bool, numeric: bool):
    if not name:
        return M.IdEmpty()
    if len(name) > MAX_NAME:
        return M.IdTooLong()
    if name.startswith("-"):
        return M.IdHasDash(id=name)
    if any(ord(c) < 32 or ord(c) == 127 for c in name):
        return M.IdNonPrint(id=name)
    if "@" in name or "#" in name:
        return M.IdHasRev(id=name)
    if "*" in name or "..." in name or "%%" in name:
        return M.IdWild(id=name)
    if not slashes and "/" in name:
        return M.IdHasSlash(id=name)
    if "," in name:
        return M.IdHasComma(id=name)
    if not numeric and name.isdigit():
        return M.IdNumber(id=name)
    return None


def check_domain(store: Store, name: str, code: int) -> str:
    """A name for a new branch, client, depot or label: these share one namespace."""
    check_id(name)
    for other, title in DOMAINS.items():
        if other != code and store.value("SELECT 1 FROM domain WHERE type = ? AND name = ?", other, name):
            raise CommandError(M.WrongDomain(name=name, type=title, type2=DOMAINS[code]))
    return name


def own_depots(store: Store) -> list[str]:
    """The depots that hold files of their own."""
    return [depot for (depot,) in store.all("SELECT name FROM domain WHERE type = 100 AND kind IN (?, ?)"
                                            " ORDER BY name", "local", "stream")]
