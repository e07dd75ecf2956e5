"""monitor: the running commands, and ending one."""

import time

from .command import Context, command
from .messages import M
from .options import Options, Spec

SHOW = Spec("a l e L s:", M.UseMonitors, maximum=0)
ARGS_WIDTH = 35
USER_WIDTH = 10


@command("monitor", "a l e L s:", M.UseMonitor)
def monitor(ctx: Context, opts: Options) -> None:
    actions = {"show": _show, "terminate": _terminate}
    verb = opts.args[0] if opts.args else ""
    if verb not in actions or opts.values:
        ctx.fail(M.UseMonitor)
    if ctx.store.config("monitor", "1") == "0":
        ctx.fail(M.MonitorDisabled)
    actions[verb](ctx, opts.args[1:])


def _elapsed(seconds: float) -> str:
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _show(ctx: Context, argv: list[str]) -> None:
    opts = SHOW.parse(argv)
    if {"a", "l", "e", "L"} & opts.values.keys() and not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    with ctx.server.lock:
        running = sorted(ctx.server.running.values(), key=lambda c: c.id)
    for other in running:
        state = "T" if other.terminated else "R"
        if opts.get("s") in (None, state):
            _row(ctx, opts, other, state)


def _row(ctx: Context, opts: Options, other: Context, state: str) -> None:
    long, environment = "l" in opts, "e" in opts
    args = " ".join(other.args) if long or "a" in opts else ""
    elapsed = _elapsed(time.time() - other.started)
    prog = other.session.prog if environment else None
    host = other.session.peer_host if environment else None
    client = other.client_name if environment else None
    if ctx.tagged:
        ctx.record([("id", other.id), ("prog", prog), ("host", host), ("status", state),
                    ("user", other.user), ("client", client), ("time", elapsed), ("command", other.name),
                    ("args", args or None)])
        return
    user = other.user if long else f"{other.user[:USER_WIDTH]:{USER_WIDTH}}"
    ctx.message(M.MonitorData, id=f"{other.id:5d}", prog=prog, host=host, runstate=state, user=user,
                client=client, elapsed=elapsed, function=other.name,
                args=args if long else args[:ARGS_WIDTH])


def _terminate(ctx: Context, argv: list[str]) -> None:
    if len(argv) != 1:
        ctx.fail(M.UseMonitorc)
    with ctx.server.lock:
        other = ctx.server.running.get(int(argv[0])) if argv[0].isdigit() else None
    if other is None:
        ctx.fail(M.MonitorBadId, id=argv[0])
    if other.user != ctx.user and not ctx.access.has("super"):
        ctx.fail(M.NoPerms)
    other.terminated = True
    ctx.message(M.MonitorTerminate, id=argv[0])
