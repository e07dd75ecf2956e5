"""submit: a pending change, or a shelf, becomes a submitted change."""

from . import changespec, defaultchange, formcmd
from .changespec import PENDING, title
from .command import Context, command
from .filequery import client_files
from .messages import M
from .options import Options, UsageError
from .submission import Submission
from .submit_shelf import ShelfSubmission


@command("submit", "b c: d: e: f: i K r s S. --noretransfer: --parallel:", M.UseSubmit, maximum=1,
         level="write")
def submit(ctx: Context, opts: Options) -> None:
    _check_options(opts)
    client_files(ctx)
    if "e" in opts:
        ShelfSubmission(ctx, changespec.number_of(opts["e"])).run()
        return
    submission = Submission(ctx, opts, _chosen(ctx, opts))
    if not submission.rows:
        ctx.fail(M.NoSubmit)
    submission.run()


def _check_options(opts: Options) -> None:
    if "e" in opts and (opts.args or {"c", "d", "f", "i", "K", "r", "s"} & opts.values.keys()):
        raise UsageError(M.UseSubmite())
    if "c" in opts and opts.args:
        raise UsageError(M.UseSubmitc())
    if ("c" in opts) + ("d" in opts) + ("i" in opts) > 1:
        raise UsageError(M.UseSubmit())


def _chosen(ctx: Context, opts: Options) -> int:
    """The number of the change to submit; files of the default change get one first."""
    if "c" in opts:
        row = changespec.require(ctx.store, changespec.number_of(opts["c"]))
        if row.status != PENDING:
            ctx.fail(M.AlreadyCommitted, change=title(row.change))
        changespec.own(ctx, row)
        return row.change
    rows = defaultchange.files(ctx, opts)
    if "i" in opts:
        return defaultchange.from_form(ctx, formcmd.read(ctx, "change"), rows)
    if not rows:
        ctx.fail(M.NoDefaultSubmit)
    if "d" in opts:
        return defaultchange.number(ctx, opts["d"].rstrip("\n") + "\n", [row.depotFile for row in rows])
    return defaultchange.from_editor(ctx, rows)
