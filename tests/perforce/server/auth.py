"""Who may do what: passwords, tickets, protections, group limits.

admit() is called before every command.  Access evaluates the protections table for one user and host.
A ticket is 32 hex digits, kept as its SHA-256; a password as salt and PBKDF2.  The passwords of a restored
checkpoint match nothing (how the product makes them is not public): p4d-control sets new ones.
"""

import hashlib
import hmac
import re
import secrets
import time

from . import encode
from .command import Command, CommandError, Context, Limits
from .messages import M
from .spelling import folds
from .store import Row, Store
from .wildcard import fold_case

LEVELS = ("none", "list", "read", "branch", "open", "write", "review", "owner", "admin", "super")
RANK = {name: rank for rank, name in enumerate(LEVELS)}
DEFAULT_TIMEOUT = 43200
UNLIMITED = 2147483647
GOOD, EXPIRED, LOGGED_OUT = 0, 1, 2
ROUNDS = 2000


# passwords

def hash_password(password: str) -> str:
    salt = secrets.token_hex(8)
    return f"{salt}${_digest(salt, password)}"


def _digest(salt: str, password: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", encode(password), salt.encode(), ROUNDS).hex()


def password_matches(stored: str, password: str) -> bool:
    salt, dollar, digest = stored.partition("$")
    return bool(dollar) and hmac.compare_digest(digest, _digest(salt, password))


def is_strong(password: str) -> bool:
    """The product's rule: two of upper case, lower case, anything else."""
    kinds = (any(c.isupper() for c in password), any(c.islower() for c in password),
             any(not c.isalpha() for c in password))
    return sum(kinds) >= 2


def store_password(store: Store, user: str, password: str) -> None:
    """Sets or (empty) removes a password (inside write()); the user's tickets end."""
    store.execute("UPDATE user SET password = ?, passDate = ?, reset = 0, strong = ? WHERE user = ?",
                  hash_password(password) if password else None, int(time.time()), int(is_strong(password)),
                  user)
    store.execute("UPDATE ticket SET state = ? WHERE user = ?", LOGGED_OUT, user)


def security(store: Store) -> int:
    text = store.config("security", "0")
    return int(text) if text.isdigit() else 0


# tickets

def ticket_hash(ticket: str) -> str:
    return hashlib.sha256(encode(ticket.upper())).hexdigest()


def new_ticket(store: Store, user: str, host: str, timeout: int) -> str:
    """Issues a ticket (inside write()); host '' is valid everywhere."""
    ticket, now = secrets.token_hex(16).upper(), int(time.time())
    store.execute("DELETE FROM ticket WHERE user = ? AND expires < ?", user, now - 30 * 86400)
    store.insert("ticket", user=user, hash=ticket_hash(ticket), host=host, issued=now, expires=now + timeout,
                 state=GOOD)
    return ticket


def find_ticket(store: Store, user: str, ticket: str) -> Row | None:
    if not re.fullmatch("[0-9A-Fa-f]{32}", ticket):
        return None
    return store.object("SELECT * FROM ticket WHERE user = ? AND hash = ?", user, ticket_hash(ticket))


def ticket_problem(row: Row, host: str):
    """None for a good ticket, else the message that says what is wrong with it."""
    if row.host and row.host != host:
        return M.BadPassword
    if row.state == LOGGED_OUT:
        return M.LoggedOut
    if row.state == EXPIRED or row.expires <= time.time():
        return M.LoginExpired
    return None


def password_problem(store: Store, user: Row):
    """None, or PasswordExpired if the password is older than the user's groups allow."""
    timeout = group_value(store, user.user, "passTimeout")
    if timeout in (None, -1) or not user.passDate or user.passDate + timeout > time.time():
        return None
    return M.PasswordExpired


def authenticate(ctx: Context) -> tuple[Row | None, str]:
    """How the user proves who he is: (ticket row or None, "" | "password" | "ticket"); CommandError if
    not."""
    user = ctx.store.object("SELECT * FROM user WHERE user = ?", ctx.user)
    level = security(ctx.store)
    if user is None or not user.password:
        if level >= 2:
            raise CommandError(M.MustSetPassword())
        return None, ""
    row = find_ticket(ctx.store, ctx.user, ctx.session.ticket)
    if row is not None:
        problem = ticket_problem(row, ctx.session.peer_host) or password_problem(ctx.store, user)
        if problem:
            raise CommandError(problem())
        return row, "ticket"
    if not ctx.session.ticket or not password_matches(user.password, ctx.session.ticket):
        raise CommandError(M.BadPassword())
    if level >= 3:
        raise CommandError(M.TicketOnly())
    return None, "password"


# groups and limits

def groups_of(store: Store, user: str) -> list[str]:
    """The groups a user is in, through subgroups as well."""
    found: list[str] = []
    same = "lower(name) = lower(?)" if folds(store) else "name = ?"
    todo = store.all(f'SELECT "group" FROM member WHERE {same} AND kind = 0', user)
    while todo:
        (name,) = todo.pop()
        if name not in found:
            found.append(name)
            todo += store.all(f'SELECT "group" FROM member WHERE {same} AND kind = 1', name)
    return found


def highest(values) -> int | None:
    """The best of several group limits: -1 (unlimited) wins, None (unset) is ignored; None if nothing is
    set."""
    known = [v for v in values if v is not None]
    return None if not known else -1 if -1 in known else max(known)


def group_value(store: Store, user: str, column: str) -> int | None:
    rows = [store.value(f'SELECT {column} FROM "group" WHERE name = ?', g) for g in groups_of(store, user)]
    return highest(rows)


def ticket_timeout(store: Store, user: str) -> int:
    value = group_value(store, user, "timeout")
    return DEFAULT_TIMEOUT if value is None else UNLIMITED if value < 0 else value


def limits_of(ctx: Context) -> Limits:
    """The user's limits from his groups, lowered by the client's -z variables and by faults."""
    values = []
    for column, variable in (("maxResults", "maxResults"), ("maxScanRows", "maxScanRows"),
                             ("maxLockTime", "maxLockTime"), ("maxOpenFiles", "maxOpenFiles")):
        limit = group_value(ctx.store, ctx.user, column)
        known = [] if limit in (None, -1) else [limit]
        asked = ctx.session.vars.get(variable)
        known += [int(asked)] if asked.isdigit() else []
        forced = ctx.server.faults.limit(ctx.user, column)
        known += [] if forced is None else [forced]
        values.append(min(known, default=None))
    return Limits(*values)


# protections

def pattern_regex(pattern: str, fold: bool = False) -> re.Pattern:
    parts = re.split(r"(\.\.\.|\*|%%\d)", pattern)
    return re.compile("".join(".*" if p == "..." else "[^/]*" if p == "*" or p.startswith("%%")
                              else re.escape(p)
                              for p in parts), re.S | (re.I | re.A if fold else 0))


class Line:
    """One protections line that concerns the user."""

    def __init__(self, perm: str, flag: str, path: str, fold: bool = False):
        self.right = perm.startswith("=")
        self.perm = perm.lstrip("=")
        self.exclude = flag == "-"
        self.path = path
        wild = re.search(r"[A-Za-z]|\.\.\.|\*|%%\d" if fold else r"\.\.\.|\*|%%\d", path)
        self.prefix = path[:wild.start()] if wild else path
        self.simple = path == self.prefix + "..."
        self.regex = pattern_regex(path, fold)

    def concerns(self, level: str) -> bool:
        """Whether the line says anything about this level: an exclusion takes all away, =right only
        itself."""
        if self.right:
            return self.perm == level
        return self.exclude or RANK[self.perm] >= RANK[level]

    def matches(self, path: str) -> bool:
        return path.startswith(self.prefix) if self.simple else self.regex.fullmatch(path) is not None


class Filter:
    """Which depot paths a user has a level on: allowed(path), whole(prefix)."""

    def __init__(self, lines: list[Line] | None):
        self.lines = lines

    def __call__(self, path: str) -> bool:
        if self.lines is None:
            return True
        return next((not line.exclude for line in self.lines if line.matches(path)), False)

    def whole(self, prefix: str) -> bool | None:
        """True or False if all paths below prefix share that answer, None if they must be looked at."""
        if self.lines is None:
            return True
        for line in self.lines:
            if line.simple and prefix.startswith(line.prefix):
                return not line.exclude
            if line.prefix.startswith(prefix) or prefix.startswith(line.prefix):
                return None
        return False


class Access:
    """The protections table as it applies to one user on one host."""

    def __init__(self, store: Store, user: str, host: str):
        rows = store.all("SELECT perm, isGroup, name, host, flag, depotFile FROM protect WHERE perm <> ?"
                         " ORDER BY seq DESC", "")
        self.open = not rows
        groups = set(groups_of(store, user)) if rows else set()
        fold = folds(store)
        self.lines = [Line(perm, flag, path, fold) for perm, is_group, name, where, flag, path in rows
                      if name_applies(is_group, name, user, groups, fold) and host_applies(where, host)]

    def allowed(self, level: str) -> Filter:
        """The paths this user has at least this level on."""
        return Filter(None if self.open else [line for line in self.lines if line.concerns(level)])

    def max_level(self, path: str | None = None) -> str:
        """The highest level the user has anywhere, or on a path."""
        if self.open:
            return "super"
        for level in reversed(LEVELS[1:]):
            lines = [line for line in self.lines if line.concerns(level)]
            if path is not None and Filter(lines)(path):
                return level
            if path is None and _grants_anywhere(lines):
                return level
        return "none"

    def has(self, level: str) -> bool:
        return self.open or _grants_anywhere([line for line in self.lines if line.concerns(level)])


def _grants_anywhere(lines: list[Line]) -> bool:
    """Whether a grant is left that no later line (they come last first) takes away as a whole."""
    taken: list[Line] = []
    for line in lines:
        if line.exclude:
            taken.append(line)
        elif not any(t.simple and line.prefix.startswith(t.prefix) for t in taken):
            return True
    return False


def name_applies(is_group: int, name: str, user: str, groups: set[str], fold: bool = False) -> bool:
    if is_group:
        return name in groups or (fold and fold_case(name) in map(fold_case, groups))
    return name == user or ((fold or "*" in name) and pattern_regex(name, fold).fullmatch(user) is not None)


def host_applies(pattern: str, host: str) -> bool:
    if pattern.startswith("proxy-"):
        return False
    if re.fullmatch(r"[\d.]+/\d+", pattern):
        import ipaddress
        return ipaddress.ip_address(host) in ipaddress.ip_network(pattern, strict=False)
    return pattern == host or ("*" in pattern and pattern_regex(pattern).fullmatch(host) is not None)


# the gate

def admit(ctx: Context, entry: Command) -> bool:
    """Whether the command may run; says why not."""
    try:
        _check_charset(ctx)
        if entry.auth:
            authenticate(ctx)
            _enabled(ctx)
        if entry.level and not ctx.access.has(entry.level):
            raise CommandError(M.NoPerms())
        ctx.limits = limits_of(ctx)
    except CommandError as error:
        ctx.message(*error.messages)
        return False
    return True


def _check_charset(ctx: Context) -> None:
    """A unicode server serves unicode clients only, another one only the others; who leaves it open fits both."""
    charset, unicode = ctx.session.vars.get("charset"), ctx.store.config("unicode") == "1"
    if unicode and charset == "none":
        raise CommandError(M.Unicode())
    if not unicode and charset not in ("", "none", "auto"):
        raise CommandError(M.Unicode2())


def _enabled(ctx: Context) -> None:
    """The user must exist (he is created on the way, as in the product) and have some protection."""
    if not ctx.access.open and not ctx.access.lines:
        raise CommandError(M.NoProtect(user=ctx.user))
    now = int(time.time())
    access = ctx.store.value("SELECT accessDate FROM user WHERE user = ?", ctx.user, default=-1)
    if access < 0 and ctx.store.config("dm.user.noautocreate", "0") != "0":
        raise CommandError(M.NoProtect(user=ctx.user))
    if now - access < 60:
        return
    with ctx.store.write():
        if access < 0:
            create_user(ctx.store, ctx.user, ctx.client_name)
        ctx.store.execute("UPDATE user SET accessDate = ? WHERE user = ?", now, ctx.user)


def create_user(store: Store, user: str, client: str) -> None:
    now = int(time.time())
    store.execute("INSERT OR IGNORE INTO user (user, type, email, updateDate, accessDate, fullName,"
                  " authMethod) VALUES (?, 0, ?, ?, ?, ?, ?)",
                  user, f"{user}@{client}", now, now, user, "perforce")
