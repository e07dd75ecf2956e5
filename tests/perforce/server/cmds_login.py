"""login, logout, passwd: tickets and passwords."""

import time

from . import auth
from .command import CommandError, Context, command
from .messages import M
from .options import Options

MIN_PASSWORD = 8
MAX_PASSWORD = 1024


def user_row(ctx: Context, user: str):
    return ctx.store.object("SELECT * FROM user WHERE user = ?", user)


def authed_by(row, method: str) -> str:
    if method == "ticket":
        return "HostTicket" if row.host else "Ticket"
    return "Password"


def remaining(row) -> int:
    """Seconds a ticket is good for; an unlimited one always shows the same large number."""
    if row.expires - row.issued >= auth.UNLIMITED:
        return auth.UNLIMITED
    return max(0, row.expires - int(time.time()))


@command("login", "s p a h: r:", M.UseLogin, maximum=1, level=None, auth=False)
def login(ctx: Context, opts: Options) -> None:
    user = opts.args[0] if opts.args else ctx.user
    if user != ctx.user:
        auth.authenticate(ctx)
        if not ctx.access.has("super"):
            ctx.fail(M.NoPerms)
    if "s" in opts:
        _status(ctx, user)
    else:
        _login(ctx, opts, user)


def _status(ctx: Context, user: str) -> None:
    if user != ctx.user:
        _status_of_other(ctx, user)
        return
    row, method = auth.authenticate(ctx)
    if not method:
        ctx.emit([("User", user)], M.LoginNotRequired)
    elif method == "password":
        ctx.emit([("User", user), ("AuthedBy", "Password")], M.LoginNoTicket, user=user)
    else:
        _good_till(ctx, user, row)


def _good_till(ctx: Context, user: str, row) -> None:
    left = remaining(row)
    ctx.emit([("User", user), ("AuthedBy", authed_by(row, "ticket")), ("TicketExpiration", left)],
             M.LoginGoodTill, user=user, hours=left // 3600, minutes=left % 3600 // 60)


def _status_of_other(ctx: Context, user: str) -> None:
    if user_row(ctx, user) is None:
        ctx.fail(M.NoSuchUser, user=user)
    row = ctx.store.object("SELECT * FROM ticket WHERE user = ? AND state = 0 AND expires > ?"
                           " ORDER BY expires DESC LIMIT 1", user, int(time.time()))
    if row is None:
        ctx.message(M.LoginExpired2, user=user)
    else:
        _good_till(ctx, user, row)


def _login(ctx: Context, opts: Options, user: str) -> None:
    known = user_row(ctx, user)
    if known is None and user != ctx.user:
        ctx.fail(M.NoSuchUser, user=user)
    if known is None or not known.password:
        if auth.security(ctx.store) >= 2:
            ctx.fail(M.MustSetPassword)
        ctx.emit([("User", user)], M.LoginNotRequired, user=user if user != ctx.user else None)
        return
    if user == ctx.user:
        answer = ctx.ask("client-Prompt", data="Enter password: ", noecho=True)
        if not auth.password_matches(known.password, answer.get("data")):
            ctx.fail(M.BadPassword0)
    host = "" if "a" in opts else opts.get("h", ctx.session.peer_host)
    timeout = auth.ticket_timeout(ctx.store, user)
    with ctx.store.write():
        ticket = auth.new_ticket(ctx.store, user, host, timeout)
    if "p" in opts:
        ctx.message(M.LoginPrintTicket, ticket=ticket)
        return
    ctx.ask("client-SetTicket", user=user, ticket=ticket, serverAddress=ctx.store.config("auth.id") or None)
    ctx.emit([("User", user), ("TicketExpiration", timeout)], M.LoginUser, user=user)


@command("logout", "a h: 2", M.UseLogout, maximum=1, level=None, auth=False)
def logout(ctx: Context, opts: Options) -> None:
    user = opts.args[0] if opts.args else ctx.user
    if user != ctx.user or "h" in opts:
        auth.authenticate(ctx)
        if user != ctx.user and not ctx.access.has("super"):
            ctx.fail(M.NoPerms)
    with ctx.store.write():
        if "a" in opts:
            ctx.store.execute("UPDATE ticket SET state = 2 WHERE user = ?", user)
        else:
            ctx.store.execute("UPDATE ticket SET state = 2 WHERE user = ? AND host = ?", user,
                              opts.get("h", ctx.session.peer_host))
    if user == ctx.user:
        ctx.ask("client-SetTicket", user=user, ticket="", serverAddress=ctx.store.config("auth.id") or None)
    ctx.message(M.LogoutUser, user=user, target=opts.get("h"))


@command("passwd", "O: P:", M.UsePasswd, maximum=1, level=None, auth=False)
def passwd(ctx: Context, opts: Options) -> None:
    user = opts.args[0] if opts.args else ctx.user
    if "O" in opts and "P" not in opts:
        ctx.fail(M.WrongArg(), M.UsePasswd())
    known = user_row(ctx, user)
    if user != ctx.user:
        auth.authenticate(ctx)
        if not ctx.access.has("super"):
            ctx.fail(M.NoPerms)
        if known is None:
            ctx.fail(M.NoSuchUser, user=user)
    elif known is not None and known.password:
        old = opts.get("O")
        if old is None:
            old = ctx.ask("client-Prompt", data="Enter old password: ", noecho=True).get("data")
        if not auth.password_matches(known.password, old):
            ctx.fail(M.BadPassword0)
    _set_password(ctx, user, _new_password(ctx, opts))


def _new_password(ctx: Context, opts: Options) -> str:
    if "P" in opts:
        return opts["P"]
    first = ctx.ask("client-Prompt", data="Enter new password: ", noecho=True).get("data")
    again = ctx.ask("client-Prompt", data="Re-enter new password: ", noecho=True).get("data")
    if first != again:
        ctx.fail(M.BadPassword1)
    return first


def check_password(ctx: Context, password: str) -> None:
    """The rules of the server's security level."""
    level = auth.security(ctx.store)
    if len(password) > MAX_PASSWORD:
        raise CommandError(M.PasswordTooLong(maxLength=MAX_PASSWORD))
    if level >= 1 and len(password) < MIN_PASSWORD:
        raise CommandError(M.PasswordTooShort())
    if level >= 1 and not auth.is_strong(password):
        raise CommandError(M.PasswordTooSimple())


def _set_password(ctx: Context, user: str, password: str) -> None:
    if password or auth.security(ctx.store) >= 2:
        check_password(ctx, password)
    with ctx.store.write():
        auth.create_user(ctx.store, user, ctx.client_name)
        auth.store_password(ctx.store, user, password)
    ctx.message(M.PasswordSave if password else M.PasswordDelete)
