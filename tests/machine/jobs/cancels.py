"""Cancelling jobs whose hooks want to survive: sessions and parents of their own, deaf to signals, stopped, or forking without end (the storm
bounds itself). Whoever survives, and how long it takes from the cancel to the last of them, is counted."""
import os
import random
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from jobs import CGROUPS, Job, create, nothing_left, weirctl
from perforce import ROOM, Pair
from scenario import make_program
from tap import Failed, eventually, holds

KINDS = ("setsid", "double-fork", "deaf", "stopped", "storm", "all")
STOP_TIMEOUT = 1
SLACK = 0.25  # beyond the stop time-out, or after an immediate cancel
ADVERSARY = r"""#!/usr/bin/python3
# adversary KIND FILE      writes FILE once it has spread, and goes on for a minute at most
import os, signal, sys, time
kind, file = sys.argv[1:]
end = time.monotonic() + 60
def deaf():
    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCHLD}:
        signal.signal(number, signal.SIG_IGN)
def child(*acts):
    if os.fork() == 0:
        for act in acts:
            act()
        while time.monotonic() < end:
            time.sleep(1)
        os._exit(0)
def vanish():  # the parent is gone
    os.setsid()
    if os.fork():
        os._exit(0)
def storm():  # a hundred forks in a row, each the child of the one before; the last one begins anew
    while time.monotonic() < end:
        for _ in range(100):
            pid = os.fork()
            if pid:
                os._exit(0)
        time.sleep(0.001)
acts = {"setsid": [(os.setsid,)] * 3, "double-fork": [(vanish,)] * 3, "deaf": [(deaf,)] * 3, "stopped": [(lambda: os.kill(os.getpid(), 19),)] * 3,
        "storm": [(storm,)] * 4}
acts["all"] = [(deaf, vanish), (deaf, os.setsid), (vanish, lambda: os.kill(os.getpid(), 19)), (deaf, vanish, storm)]
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for each in acts[kind]:
    child(*each)
if kind in ("deaf", "all"):
    deaf()
open(file, "w").close()
while time.monotonic() < end:
    time.sleep(1)
"""


@dataclass
class Tally:
    """What a row of cancels came to."""

    survivors: list[str] = field(default_factory=list)
    immediate: list[float] = field(default_factory=list)
    graceful: list[float] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)  # of each kind
    lock: threading.Lock = field(default_factory=threading.Lock)


def alive(unit: str, mark: str) -> list[int]:
    """The adversary's processes that are still in the unit."""
    found = []
    for file in (CGROUPS / unit).glob("**/cgroup.procs"):
        try:
            numbers = file.read_text().split()
        except OSError:
            continue
        found += [int(n) for n in numbers if mark in command_line(int(n))]
    return found


def command_line(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def survivors(mark: str) -> list[int]:
    """Of the adversary, wherever they are."""
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and mark in command_line(int(p))]


def cancel_one(pair: Pair, program: str, number: int, draw: random.Random, tally: Tally) -> None:
    kind, is_immediate = KINDS[number % len(KINDS)], draw.random() < 0.5
    mark = f"{ROOM}/out/adversary-{pair.name}-{number}"
    job = create(stream=pair.dev, hooks={"update_component": [program, kind, mark]}, limits={"stop_timeout": STOP_TIMEOUT})
    eventually(Path(mark).exists, 60, f"{kind} is up\n{job.story()}" if number < 0 else f"{kind} is up", pause=0.01)
    time.sleep(draw.uniform(0, 0.05))
    took = cancel_and_wait(job, mark, is_immediate)
    with tally.lock:
        (tally.immediate if is_immediate else tally.graceful).append(took)
        name = f"{kind}, {'immediate' if is_immediate else 'graceful'}"
        tally.slowest[name] = max(took, tally.slowest.get(name, 0))
    job.cancelled()
    nothing_left(job)
    if left := survivors(mark):
        tally.survivors.append(f"{kind}: {left}")


def cancel_and_wait(job: Job, mark: str, is_immediate: bool) -> float:
    """Seconds from the cancel until none of the adversary is left in the cgroup."""
    unit, began = job.unit(), time.monotonic()
    weirctl("cancel", job.id, *(["--immediate"] if is_immediate else []))
    while alive(unit, mark):
        if time.monotonic() - began > 30:
            raise Failed(f"{job} is not gone after 30 s\n{job.story()}")
        time.sleep(0.002)
    return time.monotonic() - began


def run_cancels(count: int, seed: int, at_once: int = 2) -> Tally:
    """Several lanes, each with streams of its own, share the numbers."""
    tally, program = Tally(), make_program("adversary", ADVERSARY)
    numbers = iter(range(count))

    def lane(index: int) -> None:
        pair = Pair(f"can{index}")
        pair.in_dev.change({"a.txt": "x\n"})
        while (number := next_number()) is not None:
            try:
                cancel_one(pair, program, number, random.Random(seed * 100000 + number), tally)
            except Exception as error:
                with tally.lock:
                    tally.troubles.append(f"cancel {number} ({KINDS[number % len(KINDS)]}): {error}")

    def next_number() -> int | None:
        with tally.lock:
            return next(numbers, None)
    lanes = [threading.Thread(target=lane, args=(n,)) for n in range(at_once)]
    for thread in lanes:
        thread.start()
    for thread in lanes:
        thread.join()
    return tally


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def report_cancels(report, count: int, seed: int, share: float, at_once: int = 2) -> None:
    """share: of the cancels that must be in time (a few samples have no 99th percentile)."""
    tally = run_cancels(count, seed, at_once)
    report.result(f"{count} cancels of jobs that want to survive: each ended as cancelled, nothing left", "\n".join(tally.troubles))
    print("# the slowest:", "; ".join(f"{name} {took * 1000:.0f} ms" for name, took in sorted(tally.slowest.items())))
    report.check("no process survived", lambda: holds(not tally.survivors, "\n".join(tally.survivors)))
    for name, values, limit in (("immediate", tally.immediate, SLACK), ("graceful", tally.graceful, STOP_TIMEOUT + SLACK)):
        took = percentile(values, share)
        report.check(f"{name}: {share:.0%} of {len(values)} are gone within {limit * 1000:.0f} ms ({took * 1000:.0f} ms)",
                     lambda took=took, limit=limit: holds(took <= limit, f"it took {took * 1000:.0f} ms"))
