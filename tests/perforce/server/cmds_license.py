"""license -u: what a server without a license allows, and how much of it is used."""

from .command import Context, command
from .messages import M
from .options import Options, UsageError

USERS, CLIENTS, FILES, REPOS = 5, 20, 1000, 10
COUNTS = (("user", USERS, 'SELECT COUNT(*) FROM "user"', M.LicensedUsers),
          ("client", CLIENTS, "SELECT COUNT(*) FROM domain WHERE type = 99", M.LicensedClients),
          ("file", FILES, "SELECT COUNT(*) FROM head", None),
          ("repo", REPOS, "SELECT 0", M.LicensedRepos))


@command("license", "i o L u v l", M.UseLicense, maximum=0, level="admin")
def show_license(ctx: Context, opts: Options) -> None:
    if "u" not in opts:
        raise UsageError(M.UseLicense())
    counts = [(name, limit, _count(ctx, sql, limit), message) for name, limit, sql, message in COUNTS]
    if ctx.tagged:
        ctx.record([("isLicensed", "no")] + [pair for name, limit, count, _ in counts for pair in
                                             ((f"{name}Count", count), (f"{name}Limit", limit))])
        return
    for _, limit, count, message in counts:
        if message is not None:
            ctx.message(message, count=count, max=limit)


def _count(ctx: Context, sql: str, limit: int) -> str:
    """How many there are; beyond the limit nobody counts."""
    count = ctx.store.value(sql)
    return f">{limit}" if count > limit else str(count)
