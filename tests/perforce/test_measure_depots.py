#!/usr/bin/python3
"""weir-measure on whole depots: random ones under random changes, and those of real servers' checkpoints."""

import gzip
import os
import random
import re
import time
import unittest
from pathlib import Path

import tap
from weirrig import TOP, MeasureCase, Rig, missing


class Random(MeasureCase):
    """Random depots, random changes: always the truth, to the byte."""

    FOLDERS = ("src", "src/deep/er", "lib", "doc", "a b", "gen")
    POOL = ("share ...", "share src/...", "share lib/...", "isolate gen/...", "exclude doc/...", "exclude src/deep/...",
            "import lib/... //ext/lib/...", "import+ doc/... //ext/doc/...", "import src/deep/...", "share a*/...",
            "import x.c //ext/lib/f1.c", "share src/....c", "exclude ....tmp")

    steps = "30"

    @classmethod
    def prepare(cls):
        cls.seed = int(os.environ.get("SEED", "20261121"))
        cls.random = random.Random(cls.seed)
        cls.rig.make_depot("r")
        cls.rig.make_depot("ext", "local")
        cls.rig.save_stream("//r/main", "mainline")
        cls.external = cls.rig.workspace("//ext/...")
        for i in range(4):
            cls.external.put(f"lib/f{i}.c", 50 + i)
            cls.external.put(f"doc/d{i}.txt", 60 + i)
        cls.external.submit()
        cls.fill("//r/main", 20)
        cls.number = 0

    @classmethod
    def fill(cls, stream: str, n: int) -> None:
        workspace = cls.rig.workspace(stream)
        for _ in range(n):
            cls.change(workspace)
        if cls.rig.p4("opened", client=workspace.client, good=False):
            workspace.p4("submit", "-d", "random", good=False)
            workspace.p4("revert", "//...", good=False)

    @classmethod
    def change(cls, workspace) -> None:
        name = f"{cls.random.choice(cls.FOLDERS)}/{cls.random.choice('abc')}{cls.random.randrange(4)}{cls.random.choice(('.c', '.tmp', ''))}"
        kind = cls.random.choice(("put", "put", "put", "delete", "move"))
        try:
            if kind == "put":
                workspace.put(name, cls.random.randrange(3000))
            elif (workspace.root / name).exists():
                if kind == "delete":
                    workspace.delete(name)
                else:
                    workspace.move(name, name + f".moved{cls.random.randrange(1000)}")
        except AssertionError:
            pass  # not in the view, or opened already: the server may refuse

    def save_random_spec(self, path: str | None = None) -> None:
        streams = self.rig.records("streams")
        parents = [s["Stream"] for s in streams if s.get("Type") != "task" and s["Stream"] != path]
        kind = self.random.choice(("development", "release", "virtual", "task", "development"))
        if path is None:
            self.__class__.number += 1
            path = f"//r/s{self.number}"
        elif path != "//r/main":
            known = next(s for s in streams if s["Stream"] == path)
            kind = known["Type"]
        paths = tuple(self.random.sample(self.POOL, self.random.randrange(1, 4)))
        more = self.random.choice(("", "", "Remapped:\n\tlib/... moved/lib/...\n", "Ignored:\n\t.tmp\n\tgen/deep\n"))
        if path == "//r/main":
            self.rig.p4("stream", "-i", stdin=(f"Stream: {path}\nOwner: super\nName: main\nParent: none\nType: mainline\n"
                                               "Paths:\n\tshare ...\n" + more), good=False)
            return
        try:
            self.rig.save_stream(path, kind, self.random.choice(parents), paths, more)
        except AssertionError:
            pass  # a combination that streams may not have

    def step(self, kinds: tuple[str, ...]) -> str:
        kind = self.random.choice(kinds)
        streams = self.rig.streams()
        if kind == "submit":
            self.fill(self.random.choice(streams), self.random.randrange(1, 5))
        elif kind == "external":
            self.external.put(f"{self.random.choice(('lib', 'doc'))}/f{self.random.randrange(6)}.c", self.random.randrange(2000))
            self.external.submit()
        elif kind == "spec":
            self.save_random_spec(self.random.choice(streams))
        elif kind == "main":
            self.save_random_spec("//r/main")
        elif kind == "new" and len(streams) < 12:
            self.save_random_spec()
        elif kind == "delete":
            self.rig.p4("stream", "-d", self.random.choice(streams), good=False)
        elif kind == "obliterate":
            self.rig.p4("obliterate", "-y", f"{self.random.choice(streams)}/{self.random.choice(self.FOLDERS)}/...", good=False)
        return kind

    def run_steps(self, kinds: tuple[str, ...]) -> tuple[int, int]:
        """Returns how many streams were measured, and how many there were, over all runs."""
        measured = possible = 0
        for number in range(int(os.environ.get("STEPS", self.steps))):
            done = [self.step(kinds) for _ in range(self.random.randrange(1, 4))]
            text = self.good(*(("--full",) if "obliterate" in done else ()), "demo")
            self.check_truth(f"SEED={self.seed} step {number}: {done}")
            measured += int(text.split(" measured,")[0].rsplit(" ", 1)[1])
            possible += len(self.rig.streams())
        return measured, possible

    def test_1_anything(self):
        """random depots, random changes of specs and files"""
        for _ in range(8):
            self.save_random_spec()
        self.run_steps(("submit",) * 5 + ("external", "spec", "new", "delete", "main", "obliterate"))
        self.assertGreater(len(self.rig.streams()), 4)
        self.assertGreater(sum(size for size, _ in self.rig.measured().values()), 10000)

    def test_2_files(self):
        """random changes of files: most streams need not be measured"""
        time.sleep(3.1)
        self.good()
        measured, possible = self.run_steps(("submit", "submit", "external"))
        self.assertLess(measured, possible * 0.7)
        self.assertGreater(measured, 0)


class CaseBlind(Random):
    """The same on a server that ignores case, where everybody spells as he likes."""

    options = ("-C1",)
    steps = "10"

    @classmethod
    def spelled(cls, text: str) -> str:
        return cls.random.choice((str, str.upper, str.lower, str.swapcase, str.title))(text)

    @classmethod
    def change(cls, workspace) -> None:
        put, workspace.put = workspace.put, lambda name, size: put(cls.spelled(name), size)
        try:
            super().change(workspace)
        finally:
            del workspace.put

    def save_random_spec(self, path: str | None = None) -> None:
        save, pool = self.rig.save_stream, self.POOL
        kinds = [line.partition(" ") for line in pool]
        self.POOL = tuple(kind + blank + self.spelled(paths) for kind, blank, paths in kinds)
        self.rig.save_stream = lambda path, kind, parent, *more: save(self.spelled(path), kind, self.spelled(parent), *more)
        try:
            super().save_random_spec(path)
        finally:
            self.POOL, self.rig.save_stream = pool, save


CHECKPOINTS = TOP.parent / "shared/data/perforce"


def head_sums(checkpoint: Path, prefix: str) -> tuple[int, int]:
    """Size and number of the heads below a path, straight from the db.rev rows of a checkpoint, which know both."""
    heads: dict[str, tuple[int, int, int]] = {}
    row = re.compile(r"^@pv@ \d+ @db\.rev@ @((?:[^@]|@@)*)@ (\d+) (\d+) (\d+) (\d+) (\d+) (\d+) (\w+) (-?\d+) ")
    with gzip.open(checkpoint, "rt", errors="surrogateescape") as lines:
        for found in filter(None, map(row.match, lines)):
            path, revision, action, size = found[1].lower(), int(found[2]), int(found[4]), int(found[9])
            if path.startswith(prefix.lower()) and revision > heads.get(path, (0, 0, 0))[0]:
                heads[path] = revision, action, size
    there = [size for _, action, size in heads.values() if action not in (2, 6, 7, 9)]
    return sum(there), len(there)


@unittest.skipIf(missing(), missing())
class Restored(unittest.TestCase):
    """Servers restored from checkpoints that real ones wrote."""

    def restored(self, name: str, user: str, streams: list[str]) -> None:
        checkpoint = CHECKPOINTS / name / "checkpoint.gz"
        if not checkpoint.exists():
            self.skipTest(f"{checkpoint} is not there")
        rig = Rig(checkpoint)
        self.addCleanup(rig.stop)
        rig.server.control("password", user, "Restored-1")
        rig.environment["P4USER"] = user
        rig.p4("login", stdin="Restored-1\n")
        rig.configure(f"servers:\n  - name: demo\n    p4port: {rig.port}\n    p4user: {user}\n    stream_mask: '*'\n")
        done = rig.measure("--all")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(rig.measured(), {stream: head_sums(checkpoint, stream + "/") for stream in streams})
        self.assertGreater(rig.measured()[streams[0]][1], 3)

    def test_r15(self):
        """a server of 2015 that ignores case"""
        self.restored("r15.1-jenkins", "jenkins", ["//stream/main", "//stream/Ace-main"])

    def test_r17(self):
        """a server of 2017 with a development stream"""
        self.restored("r17-streams", "SampleManager", ["//StreamsDepot/mainSampleData", "//StreamsDepot/devSampleData"])


if __name__ == "__main__":
    tap.main()
