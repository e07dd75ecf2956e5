"""What integration knows of files while it decides: the options that matter, the revisions and who has what
open."""

from typing import Iterator, NamedTuple

from . import encode, openfiles
from .command import Context
from .integ_history import History, chunks
from .integ_rows import CONTENT
from .messages import Bound
from .openfiles import COLUMNS_OPENED, Opened
from .options import Options
from .revquery import COLUMNS, Rev, made, raw_rows


class Rules(NamedTuple):
    """The options that decide what is scheduled."""
    force: bool = False             # -f
    branch_resolves: bool = False   # -Rb
    delete_resolves: bool = False   # -Rd
    skip_credited: bool = False     # -Rs
    one_history: bool = False       # -Di
    rebranch: bool = False          # -Dt
    delete_edited: bool = False     # -Ds
    take_type: bool = False         # -t
    direct: bool = False            # -1
    baseless: bool = True           # merge refuses what is not related
    ours: bool = False              # -h: the target as the client has it

    @staticmethod
    def of(ctx: Context, opts: Options) -> "Rules":
        resolves, deleted = "".join(opts.all("R")), "".join(opts.all("D")) + ("ist" if "d" in opts else "")
        merge = ctx.name == "merge"
        return Rules("f" in opts, merge or "b" in resolves, merge or "d" in resolves, "s" in resolves,
                     "i" in deleted,
                     "t" in deleted, "s" in deleted, "t" in opts, "1" in opts, not merge, "h" in opts)


class Want(NamedTuple):
    """One resolve to schedule.  how None: it is pending."""
    type: str
    from_file: str
    start: int
    end: int
    base: tuple[str, int] | None = None
    how: int | None = None


class Step(NamedTuple):
    """action: branch, integrate or delete.  yours: the target's revision it starts from; opened: the
    target's row if the client has it open already; remapped: the name the target would have without moves;
    moved: the target's file that is moved to this name.  have, next_rev, others: what the client has of the
    target, what revision comes after its head, who else has it open."""
    source: Rev
    target: str
    action: str
    start: int = 0
    end: int = 0
    yours: Rev | None = None
    opened: Opened | None = None
    wants: tuple[Want, ...] = ()
    remapped: str | None = None
    refusal: Bound | None = None
    moved: str | None = None
    have: int = 0
    next_rev: int = 1
    others: tuple[Opened, ...] = ()

    @property
    def base(self) -> tuple[str, int] | None:
        return next((want.base for want in self.wants if want.type == CONTENT), None)


class Files:
    """What is known of a batch of files."""

    def __init__(self, ctx: Context, history: History):
        self.ctx, self.store, self.history = ctx, ctx.store, history
        self.heads: dict[str, Rev | None] = {}
        self.haves: dict[str, int] = {}
        self.others: dict[str, list[Opened]] = {}
        self.revisions: dict[str, list[Rev]] = {}

    def load(self, pairs: list[tuple[Rev, str]]) -> None:
        """Forgets the files known and reads what there is of these pairs."""
        targets = [target for _, target in pairs]
        self.heads, self.haves, self.others = dict.fromkeys(targets), {}, {}
        for rev in self._revs(f"SELECT {COLUMNS} FROM head h JOIN rev r ON r.depotFile = h.depotFile"
                              " AND r.rev = h.rev WHERE h.depotFile", targets):
            self.heads[rev.depotFile] = rev
        for marks, keys in chunks(targets):
            self.haves.update(self.store.rows(
                f"SELECT depotFile, rev FROM have WHERE client = ? AND depotFile IN ({marks})",
                self.ctx.client_name, *keys))
            for row in self.store.rows(
                    f"SELECT {COLUMNS_OPENED} FROM working WHERE depotFile IN ({marks}) AND client <> ?"
                    " ORDER BY client", *keys, encode(self.ctx.client_name)):
                self.others.setdefault(row[1], []).append(Opened(*row))
        self._load_sources(pairs)
        self.ctx.scanned(len(pairs) * 2)

    def _load_sources(self, pairs: list[tuple[Rev, str]]) -> None:
        """The histories that will be asked for: of every source but those of plain new files."""
        sources = [source.depotFile for source, target in pairs if self.heads[target] is not None
                   or source.rev > 1 or source.action == "move/add"]
        self.revisions = {path: [] for path in sources}
        for rev in self._revs(f"SELECT {COLUMNS} FROM rev r WHERE r.depotFile", sources,
                              " ORDER BY r.depotFile, r.rev"):
            self.revisions[rev.depotFile].append(rev)
        self.history.preload([*self.heads, *sources])

    def _revs(self, sql: str, paths: list[str], order: str = "") -> Iterator[Rev]:
        for marks, keys in chunks(paths):
            yield from map(made, raw_rows(self.store, f"{sql} IN ({marks}){order}", *keys))

    def head(self, path: str) -> Rev | None:
        if path not in self.heads:
            self.heads[path] = openfiles.head(self.store, path)
            self.haves[path] = openfiles.have_rev(self.store, self.ctx.client_name, path)
            self.others[path] = openfiles.others(self.store, self.ctx.client_name, path)
        return self.heads[path]

    def filled(self, step: Step) -> Step:
        """A step with what is known of its target."""
        head = self.head(step.target)
        return step._replace(have=self.haves.get(step.target, 0), next_rev=head.rev + 1 if head else 1,
                             others=tuple(self.others.get(step.target, ())))

    def revs(self, path: str) -> list[Rev]:
        """All revisions of a file, oldest first."""
        if path not in self.revisions:
            self.revisions[path] = list(self._revs(f"SELECT {COLUMNS} FROM rev r WHERE r.depotFile", [path],
                                                   " ORDER BY r.rev"))
        return self.revisions[path]
