"""help and ping: what there is, and how to call it."""

import time

from .command import COMMANDS, Context, command
from .messages import M
from .options import Options

MAX_PINGS = 1000


@command("help", "", M.UseHelp, level=None, auth=False)
def show_help(ctx: Context, opts: Options) -> None:
    if not opts.args:
        names = sorted(COMMANDS)
        ctx.info(0, "Commands of this server: " + " ".join(names))
        return
    for name in opts.args:
        entry = COMMANDS.get(name)
        if entry is None:
            ctx.fail(M.NoHelp, command=name)
        ctx.info(0, entry.spec.usage().render())


@command("ping", "f t: c# r# s# p# i#", M.UsePing, maximum=0, level=None)
def ping(ctx: Context, opts: Options) -> None:
    """Round trips to the client."""
    count = min(opts.number("c", 1) or 1, MAX_PINGS)
    start = time.monotonic()
    for _ in range(count):
        ctx.ask("client-StatFile", path="/")
    ctx.message(M.InfoPingTime, fileCount=count, time=f"{time.monotonic() - start:.3f}s")
