"""Runs unittest test cases and reports in TAP on stdout; used by every test_*.py:

    if __name__ == "__main__":
        tap.main()
"""

import sys
import traceback
import unittest


class Result(unittest.TestResult):
    """Prints one TAP line per test as it ends."""

    def __init__(self):
        super().__init__()
        self.number = 0
        self.bad: set[str] = set()

    def _line(self, ok: bool, test: unittest.TestCase, note: str = "", detail: str = "") -> None:
        self.number += 1
        name = (test.shortDescription() or test.id().removeprefix("__main__.")).replace("#", "\\#")
        print(f"{'ok' if ok else 'not ok'} {self.number} - {name}{note}", flush=True)
        for line in detail.splitlines():
            print(f"# {line}")

    def addSuccess(self, test) -> None:
        if test.id() not in self.bad:
            self._line(True, test)

    def addFailure(self, test, err) -> None:
        super().addFailure(test, err)
        self._line(False, test, detail="".join(traceback.format_exception(*err)))

    addError = addFailure

    def addSubTest(self, test, subtest, err) -> None:
        if err is not None:
            self.bad.add(test.id())
            self.addFailure(subtest, err)

    def addSkip(self, test, reason) -> None:
        super().addSkip(test, reason)
        self._line(True, test, note=f" # SKIP {reason}")


def main() -> None:
    """Runs the tests of the calling program (or those named on its command line); exits 1 if one failed."""
    import __main__
    loader = unittest.TestLoader()
    names = [name for name in sys.argv[1:] if not name.startswith("-")]
    suite = loader.loadTestsFromNames(names, __main__) if names else loader.loadTestsFromModule(__main__)
    result = Result()
    suite.run(result)
    print(f"1..{result.number}")
    sys.exit(0 if not result.failures and result.number else 1)
