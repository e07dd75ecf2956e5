"""The list of scenarios: each is a function with a short name for what it makes on the server, run beside others."""
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from perforce import ROOM
from tap import Failed, eventually

GATE = """#!/bin/sh
# gate FILE: says that it was reached, and waits until it is opened.
: >"$1.reached"
while [ ! -e "$1.open" ]; do sleep 0.05; done
"""


@dataclass
class Scenario:
    name: str
    tag: str  # part of the names of its streams and clients
    act: Callable[[str], None]
    seconds: int = 0  # a slow one begins before the others


scenarios: list[Scenario] = []


def scenario(name: str, seconds: int = 0) -> Callable[[Callable[[str], None]], Callable[[str], None]]:
    def enter(act: Callable[[str], None]) -> Callable[[str], None]:
        scenarios.append(Scenario(name, f"s{len(scenarios) + 1:02}", act, seconds))
        return act
    return enter


def prepare() -> None:
    """The room of all scenarios: jobs run as another user, and their units may write in /srv."""
    shutil.rmtree(ROOM, ignore_errors=True)
    for folder in (ROOM, ROOM / "ws", ROOM / "gates", ROOM / "out"):
        folder.mkdir()
        folder.chmod(0o777)
    make_program("gate", GATE)


def make_program(name: str, text: str) -> str:
    """A hook; its path."""
    path = ROOM / name
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


class Gate:
    """A hook that stands still until it is opened."""

    def __init__(self, name: str):
        self.path = ROOM / "gates" / name
        self.command = [str(ROOM / "gate"), str(self.path)]

    def reached(self, seconds: float = 60) -> None:
        eventually(Path(f"{self.path}.reached").exists, seconds, f"hook {self.path.name} is started")

    def open(self) -> None:
        Path(f"{self.path}.open").touch()

    def close(self) -> None:
        """For another pass."""
        for end in ("open", "reached"):
            Path(f"{self.path}.{end}").unlink(missing_ok=True)


__all__ = ["Failed", "Gate", "Scenario", "make_program", "prepare", "scenario", "scenarios"]
