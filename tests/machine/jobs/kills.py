"""The kill matrix: while a job is in a stage, one of those it needs dies by kill -9. Afterwards the job is done, waits, or has failed with a
reason; what it submitted it submitted once; and nothing of it is left.

Lanes have streams and jobs of their own; with more than one, the death of a daemon hits jobs in other stages, too.
"""
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from jobs import FINAL, Job, create, nothing_left, weirctl
from perforce import Pair, lines, run, submitted_by
from tap import Failed, equal, eventually, holds

STAGES = ("INIT", "GET_LATEST_CL", "SYNC", "UPDATE_COMPONENT", "INTEGRATE", "RESOLVE_PASS_1", "RESOLVE_CHECK", "NEEDS_RESOLVE", "PRE_SUBMIT",
          "BUILD", "SHELVE", "P4PUSH", "CLEANUP")
VICTIMS = ("runner", "weir-jobd", "weir-unitd", "weir-lockd", "perforce")
HOOKS = {name: ["sleep", "0.05"] for name in ("update_component", "pre_submit", "build")}
REASONS = ("interrupted in ", "server unreachable", "p4 failed", "workspace busy", "submit rejected", "out of date")
SETTLED = 150  # seconds after which a job must have come to rest


@dataclass
class Matrix:
    """What a row of deaths came to."""

    ends: Counter = field(default_factory=Counter)
    hits: Counter = field(default_factory=Counter)
    troubles: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


class Lane:
    """Streams of its own; every run changes them anew."""

    def __init__(self, number: int):
        self.pair, self.runs = Pair(f"kill{number}", {"a.txt": lines("a"), "b.txt": lines("b")}), 0

    def change(self, conflicts: bool) -> None:
        """Something to integrate, and when it shall conflict the same line on both sides."""
        self.runs += 1
        self.pair.in_dev.p4("sync", "-q")
        self.pair.in_dev.change({"a.txt": lines("a", l5=f"dev {self.runs}"), f"new{self.runs}.txt": "new\n"})
        if conflicts:
            self.pair.in_main.p4("sync", "-q")
            self.pair.in_main.change({"a.txt": lines("a", l5=f"main {self.runs}")})


def kill(victim: str, job: Job, matrix: Matrix) -> None:
    if victim == "runner":
        run(["systemctl", "kill", "--kill-whom=main", "-s", "KILL", job.unit()])
    elif victim == "perforce":
        run(["systemctl", "kill", "-s", "KILL", "perforce.service"])
        eventually(lambda: run(["p4", "info", "-s"]).returncode == 0, 30, "the server is back")
    else:
        run(["systemctl", "kill", "-s", "KILL", f"{victim}.service"])


def rest(job: Job) -> str:
    """Its status, once it has ended or waits; a job that waits is helped to its end."""
    end = time.monotonic() + SETTLED
    while time.monotonic() < end:
        status = job.status
        if status in FINAL:
            return status
        if status == "needs_resolve":
            weirctl("resolve", job.id, "*", "--accept=theirs", check=False)  # weir-jobd may just be dead
            time.sleep(0.3)
        time.sleep(0.05)
    raise Failed(f"{job} is still {job.status}\n{job.story()}")


def judge(job: Job, status: str) -> None:
    fields = job.show()
    submitted = submitted_by(job.id)
    equal(submitted, [fields["changelist"]] if status == "done" else [], f"what {job}, {status}, has submitted\n{job.story()}")
    if status != "done":
        holds(any((fields["reason"] or "").startswith(r) for r in REASONS), f"{job} is {status}: {fields['reason']!r}\n{job.story()}")
    nothing_left(job)


def one_death(lane: Lane, victim: str, stage: str, draw: random.Random, matrix: Matrix) -> None:
    lane.change(conflicts=stage == "NEEDS_RESOLVE")
    job = create_stubbornly(lane)
    reached = job.until_stage(stage, *STAGES[STAGES.index(stage) + 1:])
    time.sleep(draw.uniform(0, 0.04))
    kill(victim, job, matrix)
    status = rest(job)
    judge(job, status)
    with matrix.lock:
        matrix.ends[f"{victim}: {status}"] += 1
        matrix.hits[reached] += 1


def create_stubbornly(lane: Lane) -> Job:
    """What was killed last may not be back yet."""
    for _ in range(20):
        try:
            return create(stream=lane.pair.dev, hooks=HOOKS)
        except Failed as failure:
            trouble = failure
            time.sleep(0.5)
    raise trouble


def run_matrix(count: int, seed: int, at_once: int = 1) -> Matrix:
    matrix, order = Matrix(), [(v, s) for s in STAGES for v in VICTIMS]
    random.Random(seed).shuffle(order)
    numbers = iter(range(count))

    def work(index: int) -> None:
        lane = Lane(index)
        while (number := following()) is not None:
            victim, stage = order[number % len(order)]
            try:
                one_death(lane, victim, stage, random.Random(seed * 100000 + number), matrix)
            except Exception as error:  # every run counts by itself
                with matrix.lock:
                    matrix.troubles.append(f"run {number}, {victim} killed in {stage}: {type(error).__name__}: {error}")

    def following() -> int | None:
        with matrix.lock:
            return next(numbers, None)
    lanes = [threading.Thread(target=work, args=(n,)) for n in range(at_once)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    return matrix
