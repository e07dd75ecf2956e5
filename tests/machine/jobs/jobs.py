"""weir's side of a scenario: making jobs with weirctl, waiting for them, and what may be left of them."""
import json
import os
import shlex
import sqlite3
import subprocess
import time
from pathlib import Path

from perforce import p4, pending_of, run, submitted_by
from tap import Failed, equal, eventually, holds

DATABASE = "/var/lib/weir/jobs/jobs.db"
FINAL = ("done", "failed", "cancelled")
CGROUPS = Path("/sys/fs/cgroup/weir.slice/weir-jobs.slice")
# What weirctl integrate calls the fields of a specification; the others have the same name.
OPTIONS = {"branch_spec": "branch", "source": "from", "target": "to", "clean_workspace": "clean-workspace"}


def weirctl(*words: str, check: bool = True, data: bytes = b"", environment: dict[str, str] | None = None) -> str:
    done = run(["weirctl", *words], data, environment)
    if check and done.returncode:
        raise Failed(f"weirctl {shlex.join(words)} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", "surrogateescape") if check else \
        (done.stdout + done.stderr).decode("utf-8", "surrogateescape")


def refused(*words: str, environment: dict[str, str] | None = None) -> str:
    """The command must fail; what it says."""
    done = run(["weirctl", *words], b"", environment)
    said = (done.stdout + done.stderr).decode("utf-8", "surrogateescape")
    holds(done.returncode != 0, f"weirctl {shlex.join(words)} was accepted: {said}")
    return said


def options_of(spec: dict[str, object]) -> list[str]:
    """A specification as options of weirctl integrate."""
    words = []
    for name, value in spec.items():
        if name == "hooks":
            words += [w for hook, command in value.items() for w in ("--hook", f"{hook}={shlex.join(command)}")]
        elif name == "limits":
            words += [f"--limit={limit}={number}" for limit, number in value.items()]
        elif value is True:
            words.append(f"--{OPTIONS.get(name, name)}")
        else:
            words.append(f"--{OPTIONS.get(name, name)}={value}")
    return words


class Job:
    def __init__(self, job: str):
        self.id = job

    def __str__(self) -> str:
        return self.id

    def show(self) -> dict:
        return json.loads(weirctl("show", self.id, "--json"))

    def row(self, *columns: str) -> tuple:
        """From the database, which costs nothing: for waiting and for hitting a stage. Assertions look at `show`."""
        with sqlite3.connect(f"file:{DATABASE}?mode=ro", uri=True, timeout=10) as db:
            return db.execute(f"SELECT {', '.join(columns)} FROM jobs WHERE id = ?", (self.id,)).fetchone()

    @property
    def status(self) -> str:
        return self.row("status")[0]

    def unit(self) -> str:
        return f"weir-job-{self.id}-{self.row('attempt')[0]}.service"

    def until(self, *wanted: str, seconds: float = 60, pause: float = 0.03) -> str:
        """Waits until the status is one of these; a final one that was not wanted ends the waiting."""
        end = time.monotonic() + seconds
        while True:
            status = self.status
            if status in wanted:
                return status
            if status in FINAL or time.monotonic() > end:
                raise Failed(f"{self.id} is {status} instead of {' or '.join(wanted)}\n{self.story()}")
            time.sleep(pause)

    def until_stage(self, *wanted: str, seconds: float = 60, pause: float = 0.003) -> str:
        """Waits until the stage is one of these, or the job has ended."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            stage, status = self.row("stage", "status")
            if stage in wanted or status in FINAL:
                return stage
            time.sleep(pause)
        raise Failed(f"{self.id} does not get to {' or '.join(wanted)}\n{self.story()}")

    def done(self, seconds: float = 60) -> dict:
        """It ends well; its fields."""
        self.until("done", seconds=seconds)
        return self.show()

    def failed(self, reason: str, seconds: float = 60) -> dict:
        self.until("failed", seconds=seconds)
        fields = self.show()
        holds(reason in fields.get("reason", ""), f"reason {fields.get('reason')!r} instead of {reason!r}\n{self.story()}")
        return fields

    def cancelled(self, by: str = "root", seconds: float = 60) -> dict:
        self.until("cancelled", seconds=seconds)
        fields = self.show()
        holds(by in fields["reason"], f"reason {fields['reason']!r} does not name {by}")
        return fields

    def needs_resolve(self, seconds: float = 60) -> list[dict]:
        """It waits; its conflicts."""
        self.until("needs_resolve", seconds=seconds)
        eventually(lambda: self.show().get("conflicts"), 10, f"{self.id} lists its conflicts")
        return self.show()["conflicts"]

    def log(self) -> str:
        subprocess.run(["journalctl", "--sync"], check=False)
        return run(["journalctl", "-q", "-o", "cat", f"WEIR_JOB={self.id}"]).stdout.decode(errors="replace")

    def story(self) -> str:
        """For whoever looks after a failure."""
        shown = weirctl("show", self.id, check=False)
        return f"{shown}\n" + "\n".join(self.log().splitlines()[-40:])


def create(**spec: object) -> Job:
    spec.setdefault("server", "demo")
    environment = spec.pop("environment", None)
    return Job(json.loads(weirctl("integrate", "--json", *options_of(spec), environment=environment))["id"])


# --- what may be left --------------------------------------------------------------------------------------------------

def active_units() -> list[str]:
    listed = run(["systemctl", "list-units", "--all", "--plain", "--no-legend", "weir-job-*"]).stdout.decode()
    return [line.split()[0] for line in listed.splitlines()]


def processes_in(unit: str) -> list[int]:
    """All that is in a unit's cgroup and below it."""
    found = []
    for file in (CGROUPS / unit).glob("**/cgroup.procs"):
        try:
            found += [int(n) for n in file.read_text().split()]
        except OSError:  # it went while we looked
            continue
    return found


def rests_on_host(job: str) -> list[str]:
    """Units, processes, folders, locks and credentials of a job that has ended."""
    rests = [unit for unit in active_units() if unit.startswith(f"weir-job-{job}-")]
    rests += [str(path) for path in CGROUPS.glob(f"weir-job-{job}-*")]
    rests += [str(path) for path in Path("/run/weir-job").glob(f"{job}-*")]
    rests += [str(path) for path in (Path("/var/lib/weir-run") / job, Path("/var/lib/weir-credentials") / job) if path.exists()]
    return rests + [f"lock {lock['resource']}" for lock in json.loads(weirctl("locks", "--json")) if job in json.dumps(lock)]


def rests_on_server(job: str, client: str) -> list[str]:
    opened = [r["depotFile"] for r in p4("opened", "-a", "-C", client) if "depotFile" in r]
    rests = [f"opened {file}" for file in opened[:5]] + [f"changelist {change}" for change in pending_of(job)]
    return rests + [f"client {r['client']}" for r in p4("clients", "-e", f"weir-{job}")]


def nothing_left(job: Job, client: str = "", but: tuple[str, ...] = ()) -> None:
    """Neither here nor on the server; `but` are beginnings of what may stay."""
    def rests() -> list[str]:
        found = rests_on_host(job.id) + rests_on_server(job.id, client or f"weir-{job.id}")
        return [rest for rest in found if not rest.startswith(but or ("\0",))]
    try:
        eventually(lambda: not rests(), 5, "nothing is left")
    except Failed:
        raise Failed(f"left of {job}: {rests()}\n{job.story()}") from None
    equal(job.show().get("left_behind", []), [], f"what {job} could not remove")


def rests_of_all() -> list[str]:
    """When no job runs: what any of them left, also one that nobody knows because it never came to be."""
    rests = active_units() + [f"{folder}/{name}" for folder in ("/var/lib/weir-run", "/var/lib/weir-credentials", "/run/weir-job")
                              if Path(folder).is_dir() for name in os.listdir(folder)]
    rests += [f"lock {lock['resource']}" for lock in json.loads(weirctl("locks", "--json")) if "INT-" in json.dumps(lock)]
    rests += [f"client {r['client']}" for r in p4("clients", "-e", "weir-INT-*") if "client" in r]
    return rests + [f"changelist {r['change']}" for r in p4("changes", "-l", "-s", "pending") if "[weir INT-" in r.get("desc", "")]


def nothing_left_at_all() -> None:
    try:
        eventually(lambda: not rests_of_all(), 10, "nothing is left")
    except Failed:
        raise Failed(f"left: {rests_of_all()}") from None


def submitted_once(job: Job, change: int) -> None:
    equal(submitted_by(job.id), [change], f"changelists that {job} submitted")
