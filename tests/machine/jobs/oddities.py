"""Scenarios: what real depots, clients and people have that a sample depot has not."""
from pathlib import Path

from hooks import tickets_for_hooks
from jobs import Job, create, nothing_left, submitted_once, weirctl
from perforce import ROOM, Pair, Workspace, content, described, files, lines, p4, pending_of, run
from scenario import make_program, scenario
from tap import equal, eventually, holds

BASE = lines("base")
THEIRS = lines("base", l5="theirs 5")
YOURS = lines("base", l5="yours 5")


def own_client(pair: Pair, **fields: str) -> Workspace:
    """A client of somebody's own that shows main, with these fields of its form changed."""
    own = Workspace(f"{pair.name}-own", pair.main, shared=True)
    form = {k: v for k, v in p4("client", "-o", own.name)[0].items() if k not in ("code", "Update", "Access")}
    p4("client", "-i", form=form | fields)
    return own


def conflicting(tag: str, client: bool = False, **spec: object) -> tuple[Pair, Workspace | None, Job]:
    """A job that waits with one content conflict, perhaps in somebody's own client."""
    pair = Pair(tag, {"a.txt": BASE, "mine.txt": BASE, "yours.txt": BASE})
    pair.in_dev.change({"a.txt": THEIRS})
    pair.in_main.change({"a.txt": YOURS})
    own = own_client(pair) if client else None
    job = create(stream=pair.dev, **({"client": own.name} if own else {}), **spec)
    job.needs_resolve()
    return pair, own, job


def pending(client: str, description: str = "Somebody's.") -> str:
    """A new numbered changelist."""
    said = p4("change", "-i", client=client, form={"Change": "new", "Client": client, "Status": "new", "Description": description})
    return next(word for word in said[0]["data"].split() if word.isdigit())


def opened(workspace: Workspace) -> dict[str, str]:
    """What is open in it, and in which changelist."""
    return {r["depotFile"].rsplit("/", 1)[1]: r["change"] for r in workspace.p4("opened", check=False) if "depotFile" in r}


# --- people in the same workspace ----------------------------------------------------------------------------------------------

@scenario("files that somebody opened in the job's client meanwhile: a hook's are taken, theirs are not")
def foreign_files_and_a_hook(tag: str) -> None:
    hook = make_program(f"{tag}-hook", f"#!/bin/sh\necho from the hook >hook.txt\nP4TICKETS={tickets_for_hooks()} exec p4 add hook.txt\n")
    pair, own, job = conflicting(tag, client=True, hooks={"pre_submit": [hook]})
    number = pending(own.name)
    own.p4("edit", "mine.txt")
    own.p4("edit", "-c", number, "yours.txt")
    weirctl("resolve", job.id, "*", "--accept=theirs")
    change = job.done()["changelist"]
    equal(sorted(described(change)), [f"{pair.main}/{n}" for n in ("a.txt", "hook.txt")], "what was submitted")
    equal(opened(own), {"mine.txt": "default", "yours.txt": number}, "what stays open")
    own.p4("revert", "//...")
    nothing_left(job, own.name)


@scenario("more files open in the default changelist than can be told from a hook's: said, and left alone")
def many_foreign_files(tag: str) -> None:
    pair, own, job = conflicting(tag, client=True, hooks={"pre_submit": ["true"]})
    names = [f"{'long-' * 12}{n:04d}.txt" for n in range(2000)]
    for name in names:
        (own.root / name).write_text("x\n")
    run(["p4", "-c", own.name, "-x", "-", "add"], "\n".join(names).encode(), cwd=own.root)
    weirctl("resolve", job.id, "*", "--accept=theirs")
    holds(own.name in job.failed("too many open files", seconds=60)["error"], "the client is not named")
    equal(len(opened(own)), len(names), "files that stay open")
    own.p4("revert", "-k", "//...")
    nothing_left(job, own.name)


@scenario("files that somebody opened in the client that the job made: they go with it")
def foreign_files_in_its_own(tag: str) -> None:
    pair, _, job = conflicting(tag)
    client = f"weir-{job}"
    p4("edit", f"{pair.main}/mine.txt", client=client, check=False)
    p4("sync", f"{pair.main}/...", client=client)
    p4("edit", f"{pair.main}/mine.txt", client=client)
    p4("edit", "-c", pending(client), f"{pair.main}/yours.txt", client=client)
    weirctl("resolve", job.id, "*", "--accept=theirs")
    change = job.done(seconds=30)["changelist"]
    equal(list(described(change)), [f"{pair.main}/a.txt"], "what was submitted")
    nothing_left(job)


@scenario("somebody attached a job of the server to the changelist: it does not hold it")
def attached_job(tag: str) -> None:
    for client in (False, True):
        pair, own, job = conflicting(tag + "mo"[client], client=client)
        change = pending_of(job.id)[0]
        p4("job", "-i", form={"Job": f"{tag}-{client:d}", "Status": "open", "User": "super", "Description": "A bug."})
        p4("fix", "-c", change, f"{tag}-{client:d}")
        weirctl("cancel", job.id)
        job.cancelled(seconds=30)
        nothing_left(job, own.name if own else "")
        equal([r for r in p4("fixes", "-j", f"{tag}-{client:d}", check=False) if "Change" in r], [], "what the server's job is fixed by")
        holds(p4("jobs", "-e", f"Job={tag}-{client:d}"), "the server's job is still there")


# --- clients of people ---------------------------------------------------------------------------------------------------------

@scenario("a client with AltRoots: the root that is here is used, the other one is not made")
def alternate_roots(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    pair.in_dev.change({"a.txt": THEIRS})
    pair.in_main.change({"a.txt": YOURS})
    own = own_client(pair, Root=str(ROOM / f"{tag}-elsewhere"), AltRoots0=str(ROOM / "ws" / f"{tag}-own"))
    job = create(stream=pair.dev, client=own.name)
    equal(job.needs_resolve()[0]["local_path"], str(own.root / "a.txt"), "where the conflict is")
    equal((own.root / "a.txt").read_text(), YOURS, "the file there")
    (own.root / "a.txt").write_text("both\n")
    weirctl("resolve", job.id, "*", "--accept=edit")
    job.done()
    equal(content(f"{pair.main}/a.txt"), "both\n", "the file")
    holds(not (ROOM / f"{tag}-elsewhere").exists(), "the other root was made")
    nothing_left(job, own.name)


@scenario("a client that cannot be used from this host or by this user: said at once, nothing is made")
def unusable_clients(tag: str) -> None:
    for name, fields, reason, words in (
            ("h", {"Host": "elsewhere.example.org"}, "client of another host", ["elsewhere.example.org", "Host field"]),
            ("l", {"Owner": "bob", "Options": "noallwrite clobber nocompress locked nomodtime normdir"}, "locked client", ["bob"])):
        pair = Pair(tag + name)
        pair.in_dev.change({"a.txt": "x\n"})
        own = own_client(pair, **fields)
        job = create(stream=pair.dev, client=own.name)
        error = job.failed(reason)["error"]
        holds(all(word in error for word in [own.name, *words]), f"the message is {error!r}")
        nothing_left(job, own.name)


@scenario("a writable file in the way: named, with what to do, and it stays")
def writable_file(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    own = own_client(pair, Options="noallwrite noclobber nocompress unlocked nomodtime normdir")
    pair.in_dev.change({"new.txt": "new\n"})
    (own.root / "new.txt").write_text("mine\n")
    (own.root / "new.txt").chmod(0o666)
    job = create(stream=pair.dev, client=own.name)
    error = job.failed("writable file in the way")["error"]
    holds(str(own.root / "new.txt") in error and "move it away" in error, f"the message is {error!r}")
    equal((own.root / "new.txt").read_text(), "mine\n", "the file")
    nothing_left(job, own.name)


@scenario("a file that was changed without being opened is neither submitted nor lost")
def unopened_changes(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE, "other.txt": BASE})
    own = own_client(pair)
    own.sync()
    for name in ("a.txt", "other.txt"):
        (own.root / name).chmod(0o666)
        (own.root / name).write_text("not meant for others\n")
    pair.in_dev.change({"a.txt": THEIRS})
    job = create(stream=pair.dev, client=own.name)
    error = job.failed("local changes")["error"]
    holds(f"{pair.main}/a.txt" in error and "other.txt" not in error, f"the message is {error!r}")
    equal([(own.root / n).read_text() for n in ("a.txt", "other.txt")], ["not meant for others\n"] * 2, "the files")
    nothing_left(job, own.name)
    create(stream=pair.dev, client=own.name, clean_workspace=True).done()
    equal(content(f"{pair.main}/a.txt"), THEIRS, "the file, when it may be taken back")
    equal((own.root / "other.txt").read_text(), "not meant for others\n", "a file that the job has nothing to do with")


# --- what integrate and resolve cannot do at once ------------------------------------------------------------------------------

@scenario("moved, and another file added in its place: what must wait is told, and comes with the next job")
def moved_and_added(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    pair.in_dev.p4("edit", "a.txt")
    pair.in_dev.p4("move", "a.txt", "b.txt")
    pair.in_dev.submit()
    pair.in_dev.change({"a.txt": "another\n"})
    job = create(stream=pair.dev)
    job.done()
    equal(list(files(pair.main)), [f"{pair.main}/b.txt"], "the files after the first job")
    shown = weirctl("show", job.id)
    holds("integrate again" in shown and f"{pair.main}/a.txt - resolve move to" in shown, f"it is not told: {shown}")
    create(stream=pair.dev).done()
    equal(sorted(files(pair.main)), [f"{pair.main}/a.txt", f"{pair.main}/b.txt"], "the files after the second job")
    nothing_left(job)


@scenario("an answer that does not settle a conflict: said which, and why")
def unsettled(tag: str) -> None:
    pair = Pair(tag, {"bin": bytes(range(256)), "gone.txt": BASE})
    pair.in_dev.change({"bin": bytes(range(256)) * 2, "gone.txt": YOURS})
    pair.in_main.change({"bin": bytes(range(256)) * 3, "gone.txt": None})
    job = create(stream=pair.dev)
    job.needs_resolve()
    weirctl("resolve", job.id, f"{pair.main}/bin", "--accept=merged")
    eventually(lambda: f"{pair.main}/bin is still to be resolved (content), merged did not settle it" in job.log(), 15, "the log says so")
    weirctl("resolve", job.id, f"{pair.main}/gone.txt", "--accept=edit")
    eventually(lambda: f"{pair.main}/gone.txt is still to be resolved (branch), edit did not settle it" in job.log(), 15, "of the other, too")
    weirctl("resolve", job.id, "*", "--accept=theirs")
    submitted_once(job, job.done()["changelist"])
    nothing_left(job)


@scenario("a symbolic link with conflicts, accepted as somebody made it")
def edited_link(tag: str) -> None:
    pair = Pair(tag)
    for side, target in ((pair.in_main, "base"), (pair.in_dev, "theirs"), (pair.in_main, "yours")):
        link = side.root / "link"
        if side is pair.in_dev:
            side.p4("integrate", "-S", pair.dev, "-r")
            side.submit()
        if link.is_symlink():
            side.p4("edit", "link")
            link.unlink()
        link.symlink_to(target)
        side.p4("add", "-t", "symlink", "link", check=False)
        side.submit()
    job = create(stream=pair.dev)
    path = job.needs_resolve()[0]["local_path"]
    p4("edit", path, client=f"weir-{job}", check=False)
    Path(path).unlink()
    Path(path).symlink_to("both")
    weirctl("resolve", job.id, "*", "--accept=edit")
    job.done()
    equal(content(f"{pair.main}/link").strip(), "both", "where the link points to")
    nothing_left(job)

