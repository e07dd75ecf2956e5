"""TAP for the lint suite: check(NAME, COMPLAINTS) passes when there is nothing to complain about."""
import sys
from collections.abc import Iterable
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
_count = 0
_failed = 0


def check(name: str, complaints: Iterable[str]) -> None:
    global _count, _failed
    found = list(complaints)
    _count += 1
    _failed += bool(found)
    print(f"{'not ok' if found else 'ok'} {_count} - {name}")
    for complaint in found:
        print("#   " + complaint.replace("\n", "\n#   "))


def skip(name: str, reason: str) -> None:
    global _count
    _count += 1
    print(f"ok {_count} - {name} # SKIP {reason}")


def end() -> None:
    print(f"1..{_count}")
    sys.exit(1 if _failed else 0)


def sources(*patterns: str) -> list[Path]:
    """Files of the repository by patterns, what is built left out."""
    return sorted(p for pattern in patterns for p in TOP.glob(pattern) if p.is_file() and "__pycache__" not in p.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(TOP))
