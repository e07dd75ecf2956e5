"""Scenarios: what others do meanwhile, and what a server refuses."""
import json

from conflicts import BASE, THEIRS
from jobs import Job, create, nothing_left, refused, submitted_once, weirctl
from perforce import ROOM, Pair, Workspace, content, described, lines, make_user, p4, run, save
from scenario import Gate, scenario
from tap import equal, eventually, holds

PASSWORD = "Scenario-User-1"


def prepare_server() -> None:
    """A second user who may write, triggers for files of certain names, and a server that is away."""
    make_user("bob", PASSWORD)
    table = p4("protect", "-o")[0]
    rows = [table[f"Protections{n}"] for n in range(len(table)) if f"Protections{n}" in table]
    save("protect", {f"Protections{n}": row for n, row in enumerate(["write user bob * //...", *rows])})
    save("triggers", {"Triggers0": 'no change-submit //demo/.../rejected.txt "echo Not on a Friday.; exit 1"',
                      "Triggers1": f'before change-submit //demo/.../gate-before-*.txt "{ROOM}/gate {ROOM}/gates/before-%client%"',
                      "Triggers2": f'after change-commit //demo/.../gate-after-*.txt "{ROOM}/gate {ROOM}/gates/after-%client%"'})
    add_away()


def add_away() -> None:
    """A server at a port where nobody listens."""
    with open("/etc/weir/servers.yaml", "a", encoding="utf-8") as file:
        file.write("  - name: away\n    p4port: localhost:1\n    p4user: weir\n")


def login(user: str, password: str = PASSWORD) -> dict[str, str]:
    """The environment of somebody with a ticket of their own."""
    environment = {"P4USER": user, "P4TICKETS": str(ROOM / f"tickets-{user}")}
    done = run(["p4", "login"], f"{password}\n".encode(), environment)
    holds(done.returncode == 0, f"{user} logs in: {done.stderr!r}")
    return environment


# --- somebody submits meanwhile ------------------------------------------------------------------------------------------------

def overtaken(tag: str, theirs: str, meanwhile: dict[str, str | None]) -> tuple[Pair, object]:
    """A job that stands before its submit while somebody else submits to the target."""
    pair, gate = Pair(tag, {"a.txt": BASE, "b.txt": BASE}), Gate(tag)
    pair.in_dev.change({"a.txt": theirs})
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    pair.in_main.change(meanwhile)
    gate.open()
    return pair, job


@scenario("out of date at submit: synced, merged again and submitted")
def out_of_date(tag: str) -> None:
    pair, job = overtaken(tag, lines("base", l2="theirs"), {"a.txt": lines("base", l10="meanwhile")})
    fields = job.done()
    equal(content(f"{pair.main}/a.txt"), lines("base", l2="theirs", l10="meanwhile"), "the file")
    submitted_once(job, fields["changelist"])
    nothing_left(job)


@scenario("out of date at submit with a conflict: asked again, resolved and submitted")
def out_of_date_conflict(tag: str) -> None:
    pair, job = overtaken(tag, THEIRS, {"a.txt": lines("base", l5="meanwhile")})
    equal([c["depot_path"] for c in job.needs_resolve()], [f"{pair.main}/a.txt"], "the conflict")
    weirctl("resolve", job.id, "*", "--accept=yours")  # what the job had made of it
    fields = job.done()
    equal(content(f"{pair.main}/a.txt"), THEIRS, "the file")
    submitted_once(job, fields["changelist"])
    nothing_left(job)


@scenario("out of date at submit: what the job adds was added by somebody else")
def out_of_date_added(tag: str) -> None:
    pair, gate = Pair(tag), Gate(tag)
    pair.in_dev.change({"n.txt": "theirs\n"})
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    pair.in_main.change({"n.txt": "meanwhile\n"})
    gate.open()
    job.needs_resolve()
    weirctl("resolve", job.id, "*", "--accept=theirs")
    submitted_once(job, job.done()["changelist"])
    equal(content(f"{pair.main}/n.txt"), "theirs\n", "the file")
    nothing_left(job)


@scenario("out of date at submit: the file was deleted meanwhile")
def out_of_date_deleted(tag: str) -> None:
    pair, job = overtaken(tag, THEIRS, {"a.txt": None})
    if job.until("done", "needs_resolve") == "needs_resolve":
        weirctl("resolve", job.id, "*", "--accept=theirs")
    submitted_once(job, job.done()["changelist"])
    equal(content(f"{pair.main}/a.txt"), THEIRS, "the file")
    nothing_left(job)


@scenario("others submit other files meanwhile: no matter")
def not_in_the_way(tag: str) -> None:
    pair, job = overtaken(tag, THEIRS, {"b.txt": "meanwhile\n"})
    submitted_once(job, job.done()["changelist"])
    equal([content(f"{pair.main}/{n}.txt") for n in "ab"], [THEIRS, "meanwhile\n"], "the files")


# --- refused -------------------------------------------------------------------------------------------------------------------

@scenario("a trigger rejects the submit: failed with its words")
def trigger_rejects(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"fine.txt": "x\n"})
    save("branch", {"Branch": f"{tag}-b", "View0": f"{pair.dev}/fine.txt {pair.main}/rejected.txt"})
    job = create(branch_spec=f"{tag}-b")
    fields = job.failed("submit rejected: ")
    holds("Not on a Friday." in fields["reason"], f"the reason is {fields['reason']!r}")
    nothing_left(job)
    equal(p4("files", f"{pair.main}/rejected.txt", check=False)[0].get("depotFile"), None, "the file")


@scenario("a file locked by another user: waited for, and submitted once it is free", seconds=6)
def file_locked(tag: str) -> None:
    pair, gate = Pair(tag, {"a.txt": BASE}), Gate(tag)
    pair.in_dev.change({"a.txt": THEIRS})
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    other = locked_by_bob(pair)
    gate.open()
    eventually(lambda: "locked by bob" in job.log(), 30, "it says who has the file locked")
    other("revert", "a.txt")
    submitted_once(job, job.done()["changelist"])
    equal(content(f"{pair.main}/a.txt"), THEIRS, "the file")
    nothing_left(job)


def locked_by_bob(pair: Pair):
    """bob opens and locks a.txt; a way to run p4 as he."""
    tickets = ROOM / "tickets-bob"
    login("bob")
    name = f"{pair.name}-bob"
    root = ROOM / "ws" / name
    root.mkdir()
    p4("client", "-i", form={"Client": name, "Root": str(root), "Stream": pair.main}, user="bob", tickets=tickets)

    def as_bob(*words: str) -> None:
        p4(*words, client=name, user="bob", tickets=tickets, cwd=root)
    for words in (("sync", "-q"), ("edit", "a.txt"), ("lock", "a.txt")):
        as_bob(*words)
    return as_bob


@scenario("the ticket expires in the middle of a job: failed, and says so")
def ticket_expires(tag: str) -> None:
    user = f"{tag}user"
    make_user(user, PASSWORD)
    table = p4("protect", "-o")[0]
    rows = [table[f"Protections{n}"] for n in range(len(table)) if f"Protections{n}" in table]
    save("protect", {f"Protections{n}": row for n, row in enumerate([f"write user {user} * //...", *rows])})
    pair, gate = Pair(tag), Gate(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    job = create(stream=pair.dev, hooks={"build": gate.command}, environment=login(user))
    gate.reached()
    run(["p4d-control", "-r", "/var/lib/perforce/demo", "expire", user])
    gate.open()
    fields = job.failed("login expired", seconds=30)
    holds(fields["left_behind"], "it says what it could not remove")
    equal(content(f"{pair.main}/a.txt"), lines("a"), "the parent's file")


@scenario("a user without permission to submit: failed by the server's words")
def no_permission(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    make_user(f"{tag}reader", PASSWORD)
    job = create(stream=pair.dev, environment=login(f"{tag}reader"))
    job.until("failed")
    holds("p4 protect" in job.show()["error"], f"error {job.show()['error']!r}")


def with_options(stream: str, options: str, owner: str) -> None:
    form = {k: v for k, v in p4("stream", "-o", stream)[0].items() if k not in ("code", "Update", "Access")}
    save("stream", form | {"Options": f"{options} notoparent nofromparent mergedown", "Owner": owner}, "-f")


@scenario("the target stream takes submits of its owner alone: failed by the server's words; once it is open, a retry is done")
def owners_stream(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    with_options(pair.main, "ownersubmit unlocked", "bob")
    job = create(stream=pair.dev)
    fields = job.failed("")
    holds(pair.main in fields["error"] and "bob" in fields["error"], f"error {fields['error']!r}")
    nothing_left(job)
    with_options(pair.main, "allsubmit unlocked", "bob")
    again = Job(json.loads(weirctl("retry", job.id, "--json"))["id"])
    submitted_once(again, again.done()["changelist"])
    nothing_left(again)


@scenario("the target stream is locked: its form is closed, its files are not")
def locked_stream(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    with_options(pair.main, "allsubmit locked", "bob")
    job = create(stream=pair.dev)
    submitted_once(job, job.done()["changelist"])
    nothing_left(job)


@scenario("files that somebody has open in the client: failed with their list, and left alone")
def foreign_files(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE, "mine.txt": "1\n"})
    pair.in_dev.change({"a.txt": THEIRS})
    own = Workspace(f"{tag}-own", pair.main, shared=True)
    own.sync()
    own.put("mine.txt", "half done\n")
    job = create(stream=pair.dev, client=own.name)
    fields = job.failed("foreign opened files")
    holds(f"{pair.main}/mine.txt" in fields["error"], f"error {fields['error']!r}")
    equal([(own.root / "mine.txt").read_text(), len(own.p4("opened"))], ["half done\n", 1], "the file")


@scenario("clean_workspace: they are reverted, and the job is done")
def clean_workspace(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE, "mine.txt": "1\n"})
    pair.in_dev.change({"a.txt": THEIRS})
    own = Workspace(f"{tag}-own", pair.main, shared=True)
    own.p4("sync", "-q")
    own.put("mine.txt", "half done\n")
    job = create(stream=pair.dev, client=own.name, clean_workspace=True)
    submitted_once(job, job.done()["changelist"])
    nothing_left(job, own.name)


@scenario("a server that cannot be reached: refused, and says so")
def unreachable(tag: str) -> None:
    holds("Connect to server failed" in refused("integrate", "--server=away", "--stream=//demo/dev"), "it says why")


# --- cancelled in the middle of a submit ------------------------------------------------------------------------------------------

def submitting(tag: str, when: str) -> tuple[Pair, object, Gate]:
    """A job whose submit hangs in a trigger, before or after the server has committed it."""
    pair = Pair(tag)
    pair.in_dev.change({"plain.txt": "x\n"})
    save("branch", {"Branch": f"{tag}-b", "View0": f"{pair.dev}/plain.txt {pair.main}/gate-{when}-1.txt"})
    job = create(branch_spec=f"{tag}-b")
    gate = Gate(f"{when}-weir-{job}")
    gate.reached()
    equal(job.row("stage")[0], "P4PUSH", "its stage")
    return pair, job, gate


@scenario("cancelled during submit, before the server committed it: nothing is submitted")
def cancel_before_commit(tag: str) -> None:
    pair, job, gate = submitting(tag, "before")
    weirctl("cancel", job.id)
    gate.open()
    status = job.until("cancelled", "done")
    equal(len(p4("changes", f"{pair.main}/gate-before-1.txt")), 1 if status == "done" else 0, f"changelists of a job that is {status}")
    nothing_left(job)


@scenario("cancelled during submit, after the server committed it: done, with its changelist")
def cancel_after_commit(tag: str) -> None:
    pair, job, gate = submitting(tag, "after")
    weirctl("cancel", job.id)
    fields = job.done()
    gate.open()
    submitted_once(job, fields["changelist"])
    equal(list(described(fields["changelist"])), [f"{pair.main}/gate-after-1.txt"], "its files")
    nothing_left(job)


@scenario("the runner is killed during submit, after the server committed it: submitted once")
def kill_after_commit(tag: str) -> None:
    _, job, gate = submitting(tag, "after")
    run(["systemctl", "kill", "-s", "KILL", job.unit()])
    gate.open()
    fields = job.done()
    submitted_once(job, fields["changelist"])
    nothing_left(job)
