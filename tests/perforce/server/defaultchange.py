"""Numbered changes made from files of the default one, for submit and shelve: by form, by description, in
the editor."""

from . import changespec, formcmd, jobs, openfiles
from .changespec import title
from .cmds_change import listed_jobs, save as save_change
from .command import Context
from .filequery import parse
from .messages import M
from .openfiles import Opened
from .options import Options
from .scope import EVERYTHING

PLACEHOLDER = "<enter description here>\n"


def files(ctx: Context, opts: Options) -> list[Opened]:
    """The files of the default change, those of the argument if there is one."""
    paths = parse(ctx, opts.args[0]).allowed("open") if opts.args else EVERYTHING
    return openfiles.of_client(ctx.store, ctx.client_name, paths, 0)


def number(ctx: Context, description: str, paths: list[str], kind: str = "public") -> int:
    """A new change with these files."""
    with ctx.store.write():
        made = changespec.create(ctx, description, kind)
        ctx.store.many("UPDATE working SET change = ? WHERE client = ? AND depotFile = ? AND change = 0",
                       ((made, ctx.client_name, path) for path in paths))
    return made


def from_form(ctx: Context, values: dict, rows: list[Opened]) -> int:
    """A change from a form: a new one takes the files that are listed."""
    if values["Change"] != "new":
        save_change(ctx, Options(), values)
        return changespec.number_of(values["Change"])
    if values["Description"] in ("", PLACEHOLDER):
        ctx.fail(M.ErrorInSpec(domain="change"), M.MissingDesc())
    listed = {entry.strip('"') for entry in values.get("Files") or ()}
    if not listed <= {row.depotFile for row in rows}:
        ctx.fail(M.ErrorInSpec(domain="change"), M.CantOpenHere())
    with ctx.store.write():
        made = number(ctx, values["Description"], sorted(listed), values.get("Type") or "public")
        fixed, _ = jobs.relink(ctx, changespec.require(ctx.store, made), listed_jobs(values))
    ctx.message(M.ChangeCreated, change=title(made), workCount=len(listed) or None, jobCount=fixed or None)
    return made


def from_editor(ctx: Context, rows: list[Opened]) -> int:
    """A change from the form as the user's editor left it."""
    template = {"Change": "new", "Client": ctx.client_name, "User": ctx.user, "Status": "new",
                "Description": PLACEHOLDER, "Files": [(row.depotFile, row.action) for row in rows]}
    values = formcmd.edit(ctx, "change", template)
    if values is None:
        ctx.fail(M.MissingDesc)
    return from_form(ctx, values, rows)
