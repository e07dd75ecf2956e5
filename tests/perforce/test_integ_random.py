#!/usr/bin/python3
"""Histories made at random: whatever happened before, what was integrated is not asked for again.

Three branches get files added, edited, deleted, moved, integrated and copied in all directions.
`SEEDS=100:200` in the environment tries others than the usual ones.
"""

import os
import random

import tap
from integcase import IntegCase

STEPS = 25
FIRST, LAST = (int(word) for word in os.environ.get("SEEDS", "0:12").split(":"))
OPERATIONS = ("add", "edit", "edit", "delete", "move", "integrate", "integrate", "integrate", "integrate",
              "copy")
OPTIONS = ((), ("-Rbd",), ("-Rb",), ("-Di",), ("-Rs",))
RESOLVES = ("-am", "-am", "-as", "-at", "-ay")
WAITING = ("already opened", "resolve move")        # what may be left for the next time


class Histories(IntegCase):
    def test_again(self):
        """what was decided stays decided, copies are the same, contents are whole"""
        for seed in range(FIRST, LAST):
            with self.subTest(seed):
                self.setUp()
                self.random = random.Random(seed)
                for step in range(STEPS):
                    getattr(self, self.random.choice(OPERATIONS))(step, self.random.choice("mdr"))
                self.assertEqual(self.ws.run("verify", "-q", self.at("...")).errors, [])

    def live(self, branch: str) -> list[str]:
        return [r["depotFile"].rpartition("/")[2] for r in self.ws.run("files", "-e",
                                                                       self.at(f"{branch}/...")).records]

    def done(self, *args: str):
        """A command that comes to its end without an error."""
        result = self.ws.run(*args)
        self.assertTrue(result.released and not result.errors, f"{args} {result.messages}")
        return result

    def commit(self) -> None:
        if self.ws.run("opened").records:
            self.done("submit", "-d", "step")

    def some(self, branch: str) -> str | None:
        files = self.live(branch)
        self.ws.run("sync")
        return self.random.choice(files) if files else None

    def add(self, step: int, branch: str) -> None:
        name = f"f{self.random.randrange(6)}"
        if name not in self.live(branch):
            self.ws.add(self.at(f"{branch}/{name}", "ws"), content=f"new {step}\n" + "line\n" * 6)

    def edit(self, step: int, branch: str) -> None:
        name = self.some(branch)
        if name is not None:
            place = self.at(f"{branch}/{name}", "ws")
            text = self.ws.read(place).decode().split("\n")
            text[self.random.randrange(len(text))] = f"edited {step}"
            self.ws.change(place, "\n".join(text))

    def delete(self, step: int, branch: str) -> None:
        name = self.some(branch)
        if name is not None:
            super().delete(f"{branch}/{name}")

    def move(self, step: int, branch: str) -> None:
        name, target = self.some(branch), f"f{self.random.randrange(9)}"
        if name is not None and target not in self.live(branch):
            super().move(f"{branch}/{name}", f"{branch}/{target}")

    def pair(self, branch: str) -> tuple[str, str]:
        self.ws.run("sync")
        other = self.random.choice([name for name in "mdr" if name != branch])
        return self.at(f"{other}/..."), self.at(f"{branch}/...")

    def integrate(self, step: int, branch: str) -> None:
        pair, options = self.pair(branch), self.random.choice(OPTIONS)
        first = self.done("integrate", *options, *pair)
        for flag in (self.random.choice(RESOLVES), "-af", "-ay"):
            self.done("resolve", flag)
        self.commit()
        again = self.done("integrate", "-n", *options, *pair)
        if not any(word in message.text for message in first.messages for word in WAITING):
            self.assertEqual(again.records, [])

    def copy(self, step: int, branch: str) -> None:
        pair = self.pair(branch)
        self.done("copy", *pair)
        self.commit()
        self.assertEqual(self.done("copy", "-n", *pair).records, [])


if __name__ == "__main__":
    tap.main()
