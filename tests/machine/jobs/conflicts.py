"""Scenarios: what people have to decide, and every way to decide it."""
import time

from jobs import Job, create, nothing_left, refused, submitted_once, weirctl
from perforce import Pair, Workspace, content, described, lines, p4
from scenario import scenario
from tap import Failed, equal, eventually, holds

BASE = lines("base")
THEIRS = lines("base", l5="theirs 5", l9="theirs 9")
YOURS = lines("base", l5="yours 5")


def conflicting(tag: str, **spec: object) -> tuple[Pair, Job]:
    """A job that waits with one content conflict: dev says THEIRS, main says YOURS."""
    pair = Pair(tag, {"a.txt": BASE, "b.txt": BASE})
    pair.in_dev.change({"a.txt": THEIRS, "b.txt": lines("other")})
    pair.in_main.change({"a.txt": YOURS})
    job = create(stream=pair.dev, **spec)
    conflicts = job.needs_resolve()
    equal([(c["type"], c["depot_path"]) for c in conflicts], [("content", f"{pair.main}/a.txt")], "its conflicts")
    return pair, job


def ended(pair: Pair, job: Job, wanted: str | None, client: str = "") -> None:
    change = job.done()["changelist"]
    submitted_once(job, change)
    if wanted is not None:
        equal(content(f"{pair.main}/a.txt"), wanted, "the file")
        equal(content(f"{pair.main}/b.txt"), lines("other"), "the file beside it")
    nothing_left(job, client)


@scenario("content conflict: typed, with revisions, chunks and where the file is")
def conflict_fields(tag: str) -> None:
    pair, job = conflicting(tag)
    conflict = job.show()["conflicts"][0]
    equal([conflict["base"], conflict["theirs"], conflict["yours"]], [f"{pair.dev}/a.txt#1", f"{pair.dev}/a.txt#2", f"{pair.main}/a.txt#2"],
          "revisions")
    equal(conflict["chunks"], {"yours": 0, "theirs": 1, "both": 0, "conflicting": 1}, "chunks")
    with open(conflict["local_path"]) as file:
        equal(file.read(), YOURS, "the file in the workspace")
    weirctl("cancel", job.id)
    job.cancelled()
    nothing_left(job)


@scenario("content conflict resolved: theirs")
def accept_theirs(tag: str) -> None:
    pair, job = conflicting(tag)
    weirctl("resolve", job.id, f"{pair.main}/a.txt", "--accept=theirs")
    ended(pair, job, THEIRS)


@scenario("content conflict resolved: yours")
def accept_yours(tag: str) -> None:
    pair, job = conflicting(tag)
    weirctl("resolve", job.id, f"{pair.main}/a.txt", "--accept=yours")
    change = job.done()["changelist"]
    submitted_once(job, change)
    equal(content(f"{pair.main}/a.txt"), YOURS, "the file")
    holds(f"{pair.main}/a.txt" in described(change), "the credit is submitted, too")
    nothing_left(job)


@scenario("content conflict resolved: edit, the file as somebody made it")
def accept_edit(tag: str) -> None:
    pair, job = conflicting(tag)
    path = job.show()["conflicts"][0]["local_path"]
    wanted = lines("base", l5="both 5", l9="theirs 9")
    p4("edit", path, client=f"weir-{job}", check=False)
    with open(path, "w") as file:
        file.write(wanted)
    weirctl("resolve", job.id, path, "--accept=edit")
    ended(pair, job, wanted)


@scenario("content conflict resolved: merged, refused while chunks conflict, taken when none do")
def accept_merged(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    pair.in_dev.change({"a.txt": lines("base", l9="theirs 9")})
    pair.in_main.change({"a.txt": lines("base", l2="yours 2")})
    job = create(stream=pair.dev, resolve="none")
    job.needs_resolve()
    weirctl("resolve", job.id, f"{pair.main}/a.txt", "--accept=merged")
    job.done()
    equal(content(f"{pair.main}/a.txt"), lines("base", l2="yours 2", l9="theirs 9"), "the file")
    nothing_left(job)


@scenario("merged does not overrun a conflict: the job goes on waiting")
def merged_still_conflicts(tag: str) -> None:
    pair, job = conflicting(tag)
    weirctl("resolve", job.id, f"{pair.main}/a.txt", "--accept=merged")
    eventually(lambda: "Resolving" in job.log(), 20, "it was tried")
    eventually(lambda: job.status == "needs_resolve" and job.show()["conflicts"][0]["state"] == "open", 5, "it waits")
    weirctl("resolve", job.id, "*", "--accept=theirs")
    ended(pair, job, THEIRS)


@scenario("resolved by hand with plain p4: noticed within 20 s", seconds=20)
def by_hand(tag: str) -> None:
    pair, job = conflicting(tag)
    p4("resolve", "-at", f"{pair.main}/a.txt", client=f"weir-{job}")
    began = time.monotonic()
    ended(pair, job, THEIRS)
    holds(time.monotonic() - began < 25, f"it took {time.monotonic() - began:.0f} s")


@scenario("resolved by hand, then continue: at once")
def by_hand_continue(tag: str) -> None:
    pair, job = conflicting(tag)
    p4("resolve", "-ay", f"{pair.main}/a.txt", client=f"weir-{job}")
    began = time.monotonic()
    weirctl("continue", job.id)
    job.until("running", "done", seconds=8)
    holds(time.monotonic() - began < 8, f"it took {time.monotonic() - began:.0f} s")
    ended(pair, job, None)


@scenario("continue while conflicts are open: the job goes on waiting, its conflicts unchanged")
def continue_too_early(tag: str) -> None:
    pair, job = conflicting(tag)
    before = job.show()["conflicts"]
    weirctl("continue", job.id)
    time.sleep(0.5)
    equal([job.status, job.show()["conflicts"]], ["needs_resolve", before], "the job")
    weirctl("resolve", job.id, "*", "--accept=theirs")
    ended(pair, job, THEIRS)


@scenario("edits of different and of neighbouring lines merge by themselves")
def merges(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE, "b.txt": BASE})
    pair.in_dev.change({"a.txt": lines("base", l2="theirs"), "b.txt": lines("base", l6="theirs")})
    pair.in_main.change({"a.txt": lines("base", l10="yours"), "b.txt": lines("base", l7="yours")})
    job = create(stream=pair.dev)
    job.done()
    equal([content(f"{pair.main}/{n}.txt") for n in "ab"],
          [lines("base", l2="theirs", l10="yours"), lines("base", l6="theirs", l7="yours")], "the merged files")
    nothing_left(job)


@scenario("resolve policies theirs and yours never ask")
def policies(tag: str) -> None:
    for policy, wanted in (("theirs", THEIRS), ("yours", YOURS)):
        pair = Pair(f"{tag}{policy[0]}", {"a.txt": BASE})
        pair.in_dev.change({"a.txt": THEIRS})
        pair.in_main.change({"a.txt": YOURS})
        create(stream=pair.dev, resolve=policy).done()
        equal(content(f"{pair.main}/a.txt"), wanted, f"policy {policy}")


@scenario("resolve policy safe leaves to people what both sides changed")
def policy_safe(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    pair.in_dev.change({"a.txt": lines("base", l2="theirs")})
    pair.in_main.change({"a.txt": lines("base", l10="yours")})
    job = create(stream=pair.dev, resolve="safe")
    equal(job.needs_resolve()[0]["depot_path"], f"{pair.main}/a.txt", "the conflict")
    weirctl("resolve", job.id, "*", "--accept=merged")
    job.done()
    equal(content(f"{pair.main}/a.txt"), lines("base", l2="theirs", l10="yours"), "the file")


# --- one side deletes, moves, or changes what a file is ------------------------------------------------------------------------

def decided(tag: str, prepare, accept: str) -> tuple[Pair, dict, dict[str, str]]:
    """dev and main are made to disagree; the job waits, is decided for all files, and is done. Its first conflict, what was submitted."""
    pair = Pair(tag, {"a.txt": BASE, "b.txt": BASE})
    prepare(pair)
    job = create(stream=pair.dev)
    conflict = job.needs_resolve()[0]
    weirctl("resolve", job.id, "*", f"--accept={accept}")
    fields = job.done()
    nothing_left(job)
    return pair, conflict, described(fields["changelist"]) if fields.get("changelist") else {}


def delete_versus_edit(pair: Pair) -> None:
    pair.in_dev.change({"a.txt": None})
    pair.in_main.change({"a.txt": YOURS})


def edit_versus_delete(pair: Pair) -> None:
    pair.in_dev.change({"a.txt": THEIRS})
    pair.in_main.change({"a.txt": None})


def exists(path: str) -> bool:
    return bool(p4("files", "-e", path, check=False)[0].get("depotFile"))


@scenario("deleted there, edited here: a delete conflict; theirs deletes")
def delete_edit_theirs(tag: str) -> None:
    pair, conflict, _ = decided(tag, delete_versus_edit, "theirs")
    equal([conflict["type"], exists(f"{pair.main}/a.txt")], ["delete", False], "type, and whether the file is still there")


@scenario("deleted there, edited here: yours keeps the file")
def delete_edit_yours(tag: str) -> None:
    pair, conflict, _ = decided(tag, delete_versus_edit, "yours")
    equal([conflict["type"], content(f"{pair.main}/a.txt")], ["delete", YOURS], "type and file")


@scenario("edited there, deleted here: a branch conflict; theirs brings the file back")
def edit_delete_theirs(tag: str) -> None:
    pair, conflict, _ = decided(tag, edit_versus_delete, "theirs")
    equal([conflict["type"], content(f"{pair.main}/a.txt")], ["branch", THEIRS], "type and file")


@scenario("edited there, deleted here: yours leaves it deleted")
def edit_delete_yours(tag: str) -> None:
    pair, conflict, _ = decided(tag, edit_versus_delete, "yours")
    equal([conflict["type"], exists(f"{pair.main}/a.txt")], ["branch", False], "type, and whether the file is there")


@scenario("moved there, edited here: the edit follows the move")
def move_versus_edit(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    pair.in_dev.p4("edit", "a.txt")
    pair.in_dev.p4("move", "a.txt", "moved.txt")
    pair.in_dev.submit()
    pair.in_main.change({"a.txt": YOURS})
    job = create(stream=pair.dev)
    job.done()
    equal([exists(f"{pair.main}/a.txt"), exists(f"{pair.main}/moved.txt")], [False, True], "old and new name")
    equal(content(f"{pair.main}/moved.txt"), YOURS, "the edit under the new name")
    nothing_left(job)


@scenario("edited there, moved here: the edit finds the file under its new name")
def edit_versus_move(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    pair.in_dev.change({"a.txt": THEIRS})
    pair.in_main.p4("edit", "a.txt")
    pair.in_main.p4("move", "a.txt", "moved.txt")
    pair.in_main.submit()
    job = create(stream=pair.dev)
    job.done()
    equal([exists(f"{pair.main}/a.txt"), exists(f"{pair.main}/moved.txt")], [False, True], "old and new name")
    equal(content(f"{pair.main}/moved.txt"), THEIRS, "the edit under the new name")
    nothing_left(job)


@scenario("added on both sides with different contents")
def both_added(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"n.txt": "theirs\n"})
    pair.in_main.change({"n.txt": "yours\n"})
    job = create(stream=pair.dev)
    equal([(c["type"], c["depot_path"]) for c in job.needs_resolve()], [("content", f"{pair.main}/n.txt")], "the conflict")
    weirctl("resolve", job.id, f"{pair.main}/n.txt", "--accept=theirs")
    job.done()
    equal(content(f"{pair.main}/n.txt"), "theirs\n", "the file")
    nothing_left(job)


@scenario("binary conflict: asked, never merged")
def binary(tag: str) -> None:
    pair = Pair(tag, {"image": bytes(range(256))})
    pair.in_dev.change({"image": bytes(range(256)) * 2})
    pair.in_main.change({"image": bytes(range(256)) * 3})
    job = create(stream=pair.dev)
    job.needs_resolve()
    weirctl("resolve", job.id, f"{pair.main}/image", "--accept=theirs")
    job.done()
    equal(p4("fstat", "-Ol", f"{pair.main}/image")[0]["fileSize"], "512", "its size")
    nothing_left(job)


@scenario("file type conflict")
def types(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE})
    for side, kind in ((pair.in_dev, "text+x"), (pair.in_main, "text+w")):
        side.p4("edit", "-t", kind, "a.txt")
        side.submit()
    job = create(stream=pair.dev)
    if job.until("done", "needs_resolve") == "needs_resolve":
        equal([c["type"] for c in job.needs_resolve()], ["filetype"], "the conflict")
        weirctl("resolve", job.id, "*", "--accept=theirs")
    job.done()
    holds("x" in p4("fstat", f"{pair.main}/a.txt")[0]["headType"].partition("+")[2], "the type is theirs")
    nothing_left(job)


@scenario("many conflicts, resolved one by one and the rest at once")
def many(tag: str) -> None:
    pair = Pair(tag, {f"f{n}": BASE for n in range(8)})
    pair.in_dev.change({f"f{n}": THEIRS for n in range(8)})
    pair.in_main.change({f"f{n}": YOURS for n in range(8)})
    job = create(stream=pair.dev)
    equal(len(job.needs_resolve()), 8, "conflicts")
    weirctl("resolve", job.id, f"{pair.main}/f0", "--accept=yours")
    eventually(lambda: len([c for c in job.show()["conflicts"] if c["state"] == "open"]) == 7, 10, "one less is open")
    weirctl("resolve", job.id, "*", "--accept=theirs")
    job.done()
    equal([content(f"{pair.main}/f{n}") for n in range(8)], [YOURS] + [THEIRS] * 7, "the files")
    nothing_left(job)


@scenario("what cannot be resolved or continued is refused")
def wrong_state(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    job = create(stream=pair.dev)
    job.done()
    for words in (["resolve", job.id, "*", "--accept=theirs"], ["continue", job.id], ["cancel", job.id]):
        holds("done" in refused(*words), f"{words[0]} of a finished job says what it is")
    holds("INT-20200101-001" in refused("show", "INT-20200101-001"), "an unknown job is named")


@scenario("cancelled while it waits, in a client of one's own: only the job's files are reverted")
def cancel_waiting(tag: str) -> None:
    pair = Pair(tag, {"a.txt": BASE, "mine.txt": "1\n"})
    pair.in_dev.change({"a.txt": THEIRS})
    pair.in_main.change({"a.txt": YOURS})
    own = Workspace(f"{tag}-own", pair.main, shared=True)
    job = create(stream=pair.dev, client=own.name)
    job.needs_resolve()
    own.p4("edit", "mine.txt")
    weirctl("cancel", job.id)
    job.cancelled()
    equal([(r["depotFile"], r["change"]) for r in own.p4("opened")], [(f"{pair.main}/mine.txt", "default")], "what stays open")
    own.p4("revert", "//...")
    equal((own.root / "a.txt").read_text(), YOURS, "the file in the workspace")
    nothing_left(job, own.name)


__all__ = ["Failed"]
