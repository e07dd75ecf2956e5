"""Where the vectors of the genuine product are, for tests that replay them when they are there."""

import json
import unittest
from pathlib import Path

DATA = Path(__file__).with_name("data")
REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "reference" / "perforce"
CHECKPOINTS = Path(__file__).resolve().parents[3] / "shared" / "data" / "perforce"


def vectors(name: str) -> Path:
    """A file of ../shared/reference/perforce/vectors; skips the test if there is none."""
    path = REFERENCE / "vectors" / name
    if not path.exists():
        raise unittest.SkipTest(f"no {path}")
    return path


def json_lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line]


def table(path: Path) -> list[list[str]]:
    """The rows of a tab separated file without its # lines."""
    lines = path.read_text("utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]
