"""TAP for programs in which many scenarios run at once: one result per scenario, its story below it when it failed."""
import os
import sys
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field


class Failed(AssertionError):
    """What a scenario says when something does not hold."""


def equal(got: object, wanted: object, what: str) -> None:
    if got != wanted:
        raise Failed(f"{what}: got {got!r} instead of {wanted!r}")


def holds(condition: object, what: str) -> None:
    if not condition:
        raise Failed(what)


@dataclass
class Skipped(Exception):
    reason: str


@dataclass
class Report:
    """Prints results as they come; safe to be used by several threads."""

    count: int = 0
    failed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def result(self, name: str, trouble: str = "", skipped: str = "") -> None:
        with self.lock:
            self.count += 1
            print(f"{'not ok' if trouble else 'ok'} {self.count} - {name}{f' # SKIP {skipped}' if skipped else ''}")
            for line in trouble.splitlines():
                print(f"#   {line}")
            if trouble:
                self.failed.append(name)
            sys.stdout.flush()

    def check(self, name: str, action: Callable[[], object]) -> None:
        """One result: action returns, or it raises."""
        began = time.monotonic()
        try:
            action()
        except Skipped as why:
            self.result(name, skipped=why.reason)
        except Failed as failure:
            self.result(name, str(failure))
        except Exception:  # a scenario that breaks must not take the others with it
            self.result(name, traceback.format_exc())
        else:
            self.result(name)
        if os.environ.get("SHOW_TIMES"):
            print(f"#   {time.monotonic() - began:.1f} s", flush=True)

    def end(self) -> int:
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0


def run_all(report: Report, actions: list[tuple[str, Callable[[], object]]], at_once: int) -> None:
    with ThreadPoolExecutor(max_workers=at_once) as pool:
        for done in [pool.submit(report.check, name, action) for name, action in actions]:
            done.result()


def eventually(action: Callable[[], object], seconds: float, what: str, pause: float = 0.05) -> object:
    """Repeats action until it is true; its value then."""
    end = time.monotonic() + seconds
    while True:
        value = action()
        if value:
            return value
        if time.monotonic() >= end:
            raise Failed(f"not within {seconds:g} s: {what}")
        time.sleep(pause)
