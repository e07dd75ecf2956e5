"""obliterate: removes revisions, what refers to them, and contents that nothing uses any more."""

from typing import NamedTuple

from .command import Context, command
from .filequery import parse_all
from .messages import M
from .options import Options
from .revquery import Query, Rev, Revs
from .transfer import archive


class Counts(NamedTuple):
    """Records that are (or would be) removed, in the product's words."""
    client: int = 0
    label: int = 0
    integration: int = 0
    working: int = 0
    revision: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(*[one + two for one, two in zip(self, other)])


@command("obliterate", "A a b h p q r: T y --purged-only", M.UsePurge, minimum=1, level="admin")
def obliterate(ctx: Context, opts: Options) -> None:
    counts, doomed = Counts(), []
    for arg in parse_all(ctx, opts.args):
        revs = [rev for rev in _revisions(ctx, opts, arg) if _wanted(opts, rev)]
        if not revs:
            arg.warn_empty("admin")
        doomed += revs
    with ctx.store.write():
        for rev in doomed:
            counts += _remove(ctx, opts, rev) if "y" in opts else _count(ctx, opts, rev)
    for rev in doomed if "q" not in opts else ():
        ctx.emit([("purgeFile", rev.depotFile), ("purgeRev", rev.rev)], M.PurgeData, depotFile=rev.depotFile,
                 depotRev=f"#{rev.rev}")
    if "y" in opts and not {"a", "p"} & opts.values.keys():
        _remove_archives(ctx, doomed)
    _report(ctx, opts, counts)


def _revisions(ctx: Context, opts: Options, arg) -> list[Rev]:
    """A single revision means just that one here, no specification all of them."""
    revs = arg.revs
    if revs.low is None and not revs.is_head:
        revs = Revs(revs.high, revs.high)
    return list(Query(ctx, arg.allowed("admin"), revs, exact=True).every())


def _wanted(opts: Options, rev: Rev) -> bool:
    if "b" in opts and not (rev.rev == 1 and rev.action == "branch"):
        return False
    if "--purged-only" in opts:
        return rev.action == "purge"
    return rev.action != "archive" or "A" in opts


# (what it counts, table, condition on one revision); the counts are in the order of Counts
REFERENCES = (
    ("have", "depotFile = ? AND rev = ?"),
    ("label", "depotFile = ? AND rev = ?"),
    ("integed", "(toFile = ? AND endToRev = ?)"),
    ("working", "depotFile = ? AND haveRev = ?"),
)


def _count(ctx: Context, opts: Options, rev: Rev) -> Counts:
    found = [ctx.store.value(f"SELECT COUNT(*) FROM {table} WHERE {where}", rev.depotFile, rev.rev)
             for table, where in REFERENCES]
    if "h" in opts:
        found[0] = 0
    return Counts(*found, 1)


def _remove(ctx: Context, opts: Options, rev: Rev) -> Counts:
    """Removes one revision and what refers to it; with -p only its content and everything but its
    history."""
    counts, store = _count(ctx, opts, rev), ctx.store
    if "p" in opts:
        store.execute("UPDATE rev SET action = ?, digest = NULL, size = NULL"
                      " WHERE depotFile = ? AND rev = ?", "purge",
                      rev.depotFile, rev.rev)
        return counts._replace(integration=0, client=0, label=0, working=0)
    for table, where in REFERENCES:
        if not ("h" in opts and table == "have"):
            store.execute(f"DELETE FROM {table} WHERE {where}", rev.depotFile, rev.rev)
    store.execute("DELETE FROM integed WHERE fromFile = ? AND endFromRev = ?", rev.depotFile, rev.rev)
    store.execute("DELETE FROM rev WHERE depotFile = ? AND rev = ?", rev.depotFile, rev.rev)
    return counts


def _remove_archives(ctx: Context, doomed: list[Rev]) -> None:
    """Contents that no revision and no shelf names any more; lazy copies keep the one they share."""
    shared = {*ctx.store.rows("SELECT lbrFile, lbrRev FROM rev WHERE lazy = 1"),
              *ctx.store.rows("SELECT lbrFile, lbrRev FROM shelf")}
    for lbr in {(rev.lbrFile, rev.lbrRev) for rev in doomed if rev.lbrFile and rev.live} - shared:
        if not ctx.store.value("SELECT 1 FROM rev WHERE depotFile = ? AND lbrRev = ? LIMIT 1", *lbr):
            archive(ctx).remove(*lbr)


def _report(ctx: Context, opts: Options, counts: Counts) -> None:
    if not any(counts):
        if not ctx.tagged:
            ctx.message(M.PurgeNoRecords)
        return
    if "p" in opts:
        message = M.PurgePurged if "y" in opts else M.PurgePurgeCheck
    else:
        message = M.PurgeDeleted if "y" in opts else M.PurgeCheck
    ctx.emit([("clientRecDeleted", counts.client), ("labelRecDeleted", counts.label),
              ("integrationRecDeleted", counts.integration), ("workingRecDeleted", counts.working),
              ("revisionRecDeleted", counts.revision), ("integrationRecAdded", 0),
              ("reportOnly", None if "y" in opts else True)],
             message, onHave=counts.client or None, onLabel=counts.label or None,
             onInteg=counts.integration or None,
             onWorking=counts.working or None, onRev=counts.revision or None)
    if "y" not in opts:
        ctx.message(M.PurgeReport)
