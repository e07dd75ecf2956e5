"""Scenarios: who waits for whom, and what survives the daemons."""
import json

from jobs import Job, create, nothing_left, processes_in, refused, submitted_once, weirctl
from perforce import Pair, Workspace, content, run
from scenario import Gate, scenario
from tap import equal, eventually, holds


def queue() -> list[str]:
    return [job["id"] for job in json.loads(weirctl("queue", "--json"))]


@scenario("two jobs for one client: the second waits with its position, and starts when the first has ended")
def two_jobs(tag: str) -> None:
    pair, gate = Pair(tag), Gate(tag)
    pair.in_dev.change({"a.txt": "1\n"})
    own = Workspace(f"{tag}-own", pair.main, shared=True)
    first = create(stream=pair.dev, client=own.name, hooks={"build": gate.command})
    gate.reached()
    pair.in_dev.change({"a.txt": "2\n"})
    second, third = (create(stream=pair.dev, client=own.name) for _ in "23")
    fields = second.show()
    equal(fields["status"], "queued", "the second one")
    holds(fields["position"] >= 1, "it has a position")
    equal([job for job in queue() if job in (second.id, third.id)], [second.id, third.id], "the queue")
    holds(first.id in json.dumps(fields), "it says what it waits for")
    weirctl("cancel", third.id)
    third.cancelled()
    gate.open()
    submitted_once(first, first.done()["changelist"])
    submitted_once(second, second.done()["changelist"])
    holds(second.show()["started_at"] >= first.show()["finished_at"], "the second one starts after the end of the first")
    equal(content(f"{pair.main}/a.txt"), "2\n", "the file")
    for job in (first, second, third):
        nothing_left(job, own.name)


@scenario("jobs of different clients run side by side")
def side_by_side(tag: str) -> None:
    gates = [Gate(f"{tag}{n}") for n in range(3)]
    jobs = []
    for n, gate in enumerate(gates):
        pair = Pair(f"{tag}{'abc'[n]}")
        pair.in_dev.change({"a.txt": "x\n"})
        jobs.append(create(stream=pair.dev, hooks={"build": gate.command}))
    for gate in gates:
        gate.reached()
    equal([job.status for job in jobs], ["running"] * 3, "all of them")
    for gate in gates:
        gate.open()
    for job in jobs:
        submitted_once(job, job.done()["changelist"])


@scenario("--wait: weirctl integrate ends with the job, and with its success")
def waiting(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    said = json.loads(weirctl("integrate", "--server=demo", f"--stream={pair.dev}", "--wait", "--json"))
    equal(Job(said["id"]).status, "done", "the job")
    refused("integrate", "--server=demo", f"--stream={pair.dev}", "--hook=update_component=false", "--wait")


@scenario("the runner is killed: another attempt goes on, and submits once", seconds=6)
def runner_killed(tag: str) -> None:
    pair, gate = Pair(tag), Gate(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    gate.close()
    unit = job.unit()
    run(["systemctl", "kill", "-s", "KILL", "--kill-whom=main", unit])
    gate.reached()
    holds(job.unit() != unit, "another unit")
    equal(processes_in(unit), [], "processes of the first one")
    gate.open()
    fields = job.done()
    equal(fields["attempt"], 2, "attempt")
    submitted_once(job, fields["changelist"])
    nothing_left(job)


@scenario("the runner is killed while conflicts are open: what was resolved stays resolved", seconds=6)
def waiting_killed(tag: str) -> None:
    pair = Pair(tag, {"a.txt": "1\n", "b.txt": "1\n"})
    pair.in_dev.change({"a.txt": "2\n", "b.txt": "2\n"})
    pair.in_main.change({"a.txt": "3\n", "b.txt": "3\n"})
    job = create(stream=pair.dev)
    job.needs_resolve()
    weirctl("resolve", job.id, f"{pair.main}/a.txt", "--accept=yours")
    eventually(lambda: len([c for c in job.show()["conflicts"] if c["state"] == "open"]) == 1, 10, "one is resolved")
    unit = job.unit()
    run(["systemctl", "kill", "-s", "KILL", unit])
    eventually(lambda: job.unit() != unit and job.status == "needs_resolve", 20, "it waits again")
    weirctl("resolve", job.id, f"{pair.main}/b.txt", "--accept=theirs")
    submitted_once(job, job.done()["changelist"])
    equal([content(f"{pair.main}/{n}.txt") for n in "ab"], ["3\n", "2\n"], "the files")
    nothing_left(job)


@scenario("somebody else may look, but not cancel, continue or resolve")
def strangers(tag: str) -> None:
    pair, gate = Pair(tag), Gate(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    shown = run(["runuser", "-u", "nobody", "--", "weirctl", "show", job.id, "--json"])
    equal(json.loads(shown.stdout)["id"], job.id, "what nobody sees")
    for words in (["cancel", job.id], ["resolve", job.id, "*", "--accept=theirs"]):
        done = run(["runuser", "-u", "nobody", "--", "weirctl", *words])
        holds(done.returncode != 0, f"nobody may {words[0]}")
    equal(job.status, "running", "the job")
    gate.open()
    job.done()
