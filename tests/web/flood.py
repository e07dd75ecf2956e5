#!/usr/bin/python3
"""flood.py URL SECONDS: asks again and again over new connections, four at a time, and says how many answers came."""
import sys
import threading
import time
import urllib.request

answers = failures = 0
lock = threading.Lock()


def ask(url: str, end: float) -> None:
    global answers, failures
    while time.monotonic() < end:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                good = answer.status == 200 and answer.read().endswith(b"}")
        except OSError as error:
            print(f"# {error}", file=sys.stderr)
            good = False
        with lock:
            answers += good
            failures += not good


def main() -> int:
    end = time.monotonic() + float(sys.argv[2])
    threads = [threading.Thread(target=ask, args=(sys.argv[1], end)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"{answers} answers, {failures} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
