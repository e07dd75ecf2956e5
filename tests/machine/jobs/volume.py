"""Scenarios that need a machine for themselves: no secret shows anywhere while a job runs; 200,000 lines of one job; 20,000 files."""
import os
import subprocess
import threading
import time
from pathlib import Path

from jobs import create, nothing_left, submitted_once, weirctl
from perforce import ROOM, Pair, p4, run
from scenario import Gate, scenario
from tap import equal, eventually, holds

LINES = 200_000
FILES = 20_000


# --- secrets -------------------------------------------------------------------------------------------------------------------

class Watch(threading.Thread):
    """Looks through the arguments and environments of all processes, over and over, for a text."""

    def __init__(self, secret: bytes):
        super().__init__(daemon=True)
        self.secret, self.found, self.looks, self.is_over = secret, set(), 0, False

    def run(self) -> None:
        while not self.is_over:
            for pid in filter(str.isdigit, os.listdir("/proc")):
                for name in ("cmdline", "environ"):
                    try:
                        if self.secret in Path(f"/proc/{pid}/{name}").read_bytes():
                            self.found.add(f"{name} of {Path(f'/proc/{pid}/comm').read_text().strip()}")
                    except OSError:
                        continue
            self.looks += 1


def output(*words: str) -> bytes:
    return subprocess.run(words, capture_output=True, check=False).stdout


def callers_ticket() -> bytes:
    ticket = next(w for w in output("p4", "tickets").decode().splitlines() if "(super)" in w).split()[-1].encode()
    equal(len(ticket), 32, "the canary, the caller's ticket, is a ticket")
    return ticket


def main_pid(unit: str) -> int:
    return int(output("systemctl", "show", "-P", "MainPID", unit))


def is_in_memory(pid: int, secret: bytes) -> bool:
    """Whether a process has it anywhere where it can write."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            if not rights.startswith("rw"):
                continue
            begin, end = (int(number, 16) for number in place.split("-"))
            try:
                memory.seek(begin)
                if secret in memory.read(end - begin):
                    return True
            except OSError:  # not there for reading
                continue
    return False


def files_with(secret: bytes, since: Path) -> list[str]:
    """Of those written since then, wherever they are but with the server."""
    found = run(["find", "/", "/run", "/tmp", "/dev/shm", "-xdev", "-newer", str(since), "-type", "f",
                 "-exec", "grep", "-a", "-l", "-F", secret.decode(), "{}", "+"]).stdout
    return sorted(found.decode().splitlines())


@scenario("no secret in arguments, environments, the journal, jobs.db, transient units, properties or answers")
def no_secret(tag: str) -> None:
    ticket = callers_ticket()
    pair, gate, watch = Pair(tag), Gate(tag), Watch(ticket)
    pair.in_dev.change({"a.txt": "x\n"})
    watch.start()
    job = create(stream=pair.dev, hooks={"build": gate.command})
    gate.reached()
    unit = job.unit()
    shown = output("systemctl", "show", unit) + output("systemctl", "cat", unit) + \
        output("busctl", "call", "org.weir.Jobs1", "/org/weir/Jobs1", "org.weir.Jobs1.Manager", "GetJob", "s", job.id)
    holds(b"weir-credentials" in output("systemctl", "cat", unit), "the credential is in the unit by its file")
    holds(ticket not in shown, "the ticket is in what systemd or weir-jobd tells")
    for root in ("/run/systemd/transient", "/run/systemd/units", "/var/lib/weir", "/var/lib/weir-credentials", "/etc"):
        equal(run(["grep", "-r", "-a", "-l", "-F", "-f", "-", root], ticket).stdout, b"", f"the ticket below {root}")
    for daemon in ("weir-jobd", "weir-unitd", "weir-lockd"):
        holds(not is_in_memory(main_pid(daemon), ticket), f"{daemon} still has the ticket in its memory")
    gate.open()
    job.done()
    watch.is_over = True
    watch.join()
    equal((watch.found, watch.looks > 3), (set(), True), "the ticket in arguments or environments")
    holds(ticket not in output("journalctl", "-q", "--all", "-o", "export"), "the ticket is in the journal")
    equal(sorted(os.listdir("/var/lib/weir-credentials")), [], "credentials of jobs that have ended")
    nothing_left(job)


@scenario("a runner that is killed, or crashes, leaves no ticket in a file; credentials go with the last attempt")
def no_leftover(tag: str) -> None:
    ticket, pair, gate = callers_ticket(), Pair(tag), Gate(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    since, own = ROOM / "out" / tag, Path("/root/.p4tickets")
    since.touch()
    time.sleep(0.02)  # as exact as the times of files are
    own.touch()
    job = create(stream=pair.dev, hooks={"build": gate.command})
    for signal in ("KILL", "SEGV"):  # after the first one another attempt goes on
        gate.reached()
        gate.close()
        run(["systemctl", "kill", "--kill-whom=main", "-s", signal, job.unit()])
    job.failed("signal")
    nothing_left(job)
    equal(files_with(ticket, since), [str(own)], "files with the ticket")
    equal(sorted(os.listdir("/var/lib/weir-credentials")), [], "credentials of jobs that have ended")


# --- many ------------------------------------------------------------------------------------------------------------------------

@scenario(f"{LINES:,} lines of one hook arrive in the journal, complete and in order")
def many_lines(tag: str) -> None:
    pair = Pair(tag)
    pair.in_dev.change({"a.txt": "x\n"})
    job = create(stream=pair.dev, hooks={"build": ["seq", "-f", "line %.0f of many", str(LINES)]})
    job.done(seconds=180)
    wanted = [f"line {n} of many" for n in range(1, LINES + 1)]
    got = [line for line in job.log().splitlines() if line.endswith("of many")]
    holds(got == wanted, f"{len(got)} lines came, in order: {got == sorted(got, key=lambda line: int(line.split()[1]))}")
    told = [line for line in weirctl("logs", job.id).splitlines() if line.endswith("of many")]
    holds([line[line.index("line "):] for line in told] == wanted, f"weirctl logs tells {len(told)} lines")


@scenario(f"a changelist of {FILES:,} files")
def many_files(tag: str) -> None:
    pair = Pair(tag)
    for n in range(FILES):
        file = pair.in_dev.root / f"d{n % 100}" / f"f{n}.txt"
        file.parent.mkdir(exist_ok=True)
        file.write_text(f"{n}\n")
    names = "".join(f"d{n % 100}/f{n}.txt\n" for n in range(FILES)).encode()
    added = run(["p4", "-c", pair.in_dev.name, "-x", "-", "add"], names, cwd=pair.in_dev.root)
    equal(added.returncode, 0, f"adding them: {added.stderr[:200]!r}")
    pair.in_dev.submit()
    job = create(stream=pair.dev)
    fields = job.done(seconds=300)
    submitted_once(job, fields["changelist"])
    equal(p4("sizes", "-s", f"{pair.main}/...")[0]["fileCount"], str(FILES + 1), "files in the parent")
    eventually(lambda: not Path(f"/var/lib/weir-run/{job}").exists(), 30, "its workspace is gone")
    nothing_left(job)
