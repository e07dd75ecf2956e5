"""job, jobs, fix and fixes: what is to be done, and the changes that did it."""

import time
from typing import Iterator

from . import changespec, formcmd, jobs
from .changespec import title
from .cmds_changes import SHORT, cut, indented
from .command import CommandError, Context, command
from .dates import format_time, parse_date
from .filequery import parse_all
from .filter import compile_filter
from .listing import day, limited, one_line
from .messages import M
from .options import Options, UsageError
from .specs import SpecError

PLACEHOLDER = "<enter description here>\n"
REQUIRED = ("Description",)


# job

@command("job", "d f i o", M.UseJob, maximum=1, level="list")
def job(ctx: Context, opts: Options) -> None:
    if "f" in opts and not ctx.access.has("admin"):
        ctx.fail(M.NoPerms)
    name = opts.args[0] if opts.args else "new"
    if "d" in opts:
        _delete(ctx, opts)
        return
    formcmd.process(ctx, opts, "job", lambda: _values(ctx, name), lambda values: _save(ctx, values),
                    M.JobNoChange(job=name))


def _values(ctx: Context, name: str) -> dict:
    found = jobs.load(ctx.store, name)
    return found or {"Job": name, "Status": jobs.STATES[0], "User": ctx.user,
                     "Date": format_time(int(time.time())), "Description": PLACEHOLDER}


def _save(ctx: Context, values: dict) -> None:
    try:
        before = jobs.load(ctx.store, values["Job"])
        _check(values)
        if before is not None and all(values.get(key) == before[key] for key in before if key != "Date"):
            ctx.message(M.JobNoChange, job=values["Job"])
            return
        with ctx.store.write():
            name = jobs.save(ctx.store, values)
    except CommandError as error:
        raise error if isinstance(error, SpecError) else SpecError("job", *error.messages) from None
    ctx.message(M.JobSave, job=name)


def _check(values: dict) -> None:
    if values["Job"] == "job":
        raise CommandError(M.JobNameJob())
    for field in REQUIRED:
        if values[field] == PLACEHOLDER:
            raise CommandError(M.JobDescMissing(field=field))


def _delete(ctx: Context, opts: Options) -> None:
    if not opts.args:
        raise UsageError(M.UseJobd())
    name = opts.args[0]
    formcmd.fire(ctx, "form-delete", "job", name)
    jobs.require(ctx.store, name)
    fixes_of = ctx.store.value("SELECT COUNT(*) FROM fix WHERE job = ?", name)
    if fixes_of:
        ctx.message(M.JobDeleteHasFix, job=name, count=fixes_of)
        return
    with ctx.store.write():
        ctx.store.execute("DELETE FROM job WHERE job = ?", name)
    ctx.message(M.JobDelete, job=name)


# jobs

@command("jobs", "e: i l m# r R", M.UseJobs)
def list_jobs(ctx: Context, opts: Options) -> None:
    if "R" in opts:
        if not ctx.access.has("super"):
            ctx.fail(M.NoPerms)
        return                  # there is no index apart from the jobs
    test = compile_filter(opts["e"], True) if "e" in opts else lambda record: True
    names = _fixed_by_files(ctx, opts)
    found = jobs.every(ctx.store, "r" in opts)
    for values in limited(ctx, opts, found, lambda v: (names is None or v["Job"] in names) and test(v)):
        _show_job(ctx, opts, values)


def _fixed_by_files(ctx: Context, opts: Options) -> set[str] | None:
    """The jobs that submitted changes to the files of the arguments fix; None without arguments."""
    if not opts.args:
        return None
    return {name for change in _changes_of_files(ctx, opts) for name in jobs.fixing(ctx.store, change)}


def _changes_of_files(ctx: Context, opts: Options) -> set[int]:
    found: set[int] = set()
    for arg in parse_all(ctx, opts.args):
        numbers = arg.query(exact=False).changes()
        if not numbers:
            arg.warn_empty()
        found |= numbers
    return found


def _show_job(ctx: Context, opts: Options, values: dict) -> None:
    text = values.get("Description", "")
    text = text if "l" in opts else cut(text, SHORT)
    stamp = parse_date(values["Date"])
    ctx.emit([("Job", values["Job"]), ("Status", values["Status"]), ("User", values["User"]),
              ("Date", stamp), ("Description", text)], M.JobDescription, job=values["Job"], date=day(stamp),
             user=values["User"], status=values["Status"],
             description=indented(text) if "l" in opts else f" '{one_line(text)}'")


# fix

@command("fix", "d s: c:", M.UseFix, minimum=1, level="open")
def fix(ctx: Context, opts: Options) -> None:
    if "c" not in opts:
        raise UsageError(M.UseFix())
    status = opts.get("s", jobs.FIXED)
    if status not in (*jobs.STATES, jobs.SAME):
        ctx.fail(M.FixBadVal, values="/".join((*jobs.STATES, jobs.SAME)))
    row = changespec.require(ctx.store, changespec.number_of(opts["c"]))
    for name in opts.args:
        jobs.require(ctx.store, name)
        with ctx.store.write():
            if "d" in opts:
                _unfix(ctx, name, row)
            else:
                jobs.link(ctx.store, name, row, ctx.client_name, ctx.user, status)
        facts = {"job": name, "change": title(row.change, False), "status": status}
        ctx.emit([("Job", name), ("Change", row.change), ("Status", status)],
                 M.FixDelete if "d" in opts else M.FixAdd, **facts)


def _unfix(ctx: Context, name: str, row) -> None:
    if not jobs.unlink(ctx.store, name, row.change):
        ctx.fail(M.NoSuchFix)


# fixes

@command("fixes", "i m# c: j:", M.UseFixes)
def fixes(ctx: Context, opts: Options) -> None:
    for row in limited(ctx, opts, _fixes(ctx, opts)):
        ctx.emit([("Job", row.job), ("Change", row.change), ("Date", row.date), ("User", row.user),
                  ("Client", row.client), ("Status", row.status)], M.FixesData, **jobs.fix_text(row),
                 date=day(row.date), user=row.user, client=row.client)


def _fixes(ctx: Context, opts: Options) -> Iterator:
    terms, args = ["1"], []
    if "c" in opts:
        terms, args = ["change = ?"], [changespec.number_of(opts["c"])]
    if "j" in opts:
        terms.append("job = ?")
        args.append(opts["j"])
    changes = _changes_of_files(ctx, opts) if opts.args else None
    for row in ctx.store.objects(f"SELECT * FROM fix WHERE {' AND '.join(terms)} ORDER BY job, change", *args):
        if changes is None or row.change in changes:
            yield row
