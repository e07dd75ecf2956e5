"""The Perforce side of a scenario: commands in -G records, workspaces, streams of the scenario's own."""
import io
import marshal
import os
import subprocess
from pathlib import Path

from tap import Failed

ROOM = Path("/srv/lab")  # units of jobs may write there
TIMEOUT = 300


def text_of(value: object) -> str:
    return value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else str(value)


def run(arguments: list[str | bytes], data: bytes = b"", environment: dict[str, str] | None = None,
        cwd: Path | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(arguments, input=data, capture_output=True, timeout=TIMEOUT, check=False, cwd=cwd,
                          env=dict(os.environ, **(environment or {})))


def p4(*words: str, client: str = "", user: str = "", form: dict[str, str] | None = None, check: bool = True,
       cwd: Path | None = None, tickets: Path | None = None) -> list[dict[str, str]]:
    """The records of one command; errors raise, unless check is off. form goes to its standard input."""
    options = ["-c", client] if client else []
    options += ["-u", user] if user else []
    data = marshal.dumps({k.encode(): v.encode("utf-8", "surrogateescape") for k, v in form.items()}, 0) if form else b""
    done = run(["p4", "-G", *options, *words], data, {"P4TICKETS": str(tickets)} if tickets else None, cwd)
    records, stream = [], io.BytesIO(done.stdout)
    while stream.tell() < len(done.stdout):
        records.append({text_of(k): text_of(v) for k, v in marshal.load(stream).items()})
    wrong = [r.get("data", "") for r in records if r.get("code") == "error" and int(r.get("severity", 3)) >= 3]
    if check and (wrong or done.stderr):
        raise Failed(f"p4 {' '.join(words[:6])}: {''.join(wrong)}{done.stderr.decode(errors='replace')}")
    return [r for r in records if r.get("code") != "error" or not check]


def save(kind: str, form: dict[str, str], *flags: str) -> None:
    p4(kind, "-i", *flags, form=form)


def make_user(name: str, password: str) -> None:
    save("user", {"User": name, "Email": f"{name}@example.org", "FullName": name}, "-f")
    done = run(["p4", "passwd", name], f"{password}\n{password}\n".encode())
    if done.returncode:
        raise Failed(f"p4 passwd {name}: {done.stderr.decode()}")


def make_stream(path: str, kind: str, parent: str, paths: tuple[str, ...] = ("share ...",), **fields: str) -> str:
    form = {"Stream": path, "Owner": "super", "Name": path.rsplit("/", 1)[1], "Parent": parent, "Type": kind,
            "Options": "allsubmit unlocked toparent fromparent mergedown", "Description": "A scenario's.", **fields}
    if kind == "mainline":
        form["Options"] = "allsubmit unlocked notoparent nofromparent mergedown"
    form |= {f"Paths{n}": line for n, line in enumerate(paths)}
    save("stream", form)
    return path


class Workspace:
    """A client and its folder. Files are named by their path below the folder, as people see it."""

    def __init__(self, name: str, stream: str = "", view: tuple[str, ...] = (), owner: str = "", shared: bool = False):
        self.name, self.root, self.user = name, ROOM / "ws" / name, owner
        self.root.mkdir(parents=True)
        form = {"Client": name, "Root": str(self.root), "Options": "noallwrite clobber nocompress unlocked nomodtime normdir"}
        form |= {"Stream": stream} if stream else {f"View{n}": line for n, line in enumerate(view)}
        p4("client", "-i", form=form, user=owner)
        if shared:  # also a job works in it, which runs as another user
            self.root.chmod(0o777)

    def p4(self, *words: str, check: bool = True) -> list[dict[str, str]]:
        return p4(*words, client=self.name, user=self.user, check=check, cwd=self.root)

    def sync(self) -> None:
        self.p4("sync", "-q")

    def write(self, path: str, content: str | bytes) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            self.p4("edit", encoded(path))
            file.chmod(0o644)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return file

    def put(self, path: str, content: str | bytes) -> None:
        """Opens the file with that content, for add or edit."""
        was_there = (self.root / path).exists()
        self.write(path, content)
        if not was_there:
            self.p4("add", "-f", str(self.root / path))

    def submit(self, description: str = "A scenario's change.") -> int:
        return number_of(self.p4("submit", "-d", description))

    def change(self, files: dict[str, str | bytes | None]) -> int:
        """Submits files with their new contents; None deletes. The changelist."""
        for path, content in files.items():
            if content is None:
                self.p4("delete", encoded(path))
            else:
                self.put(path, content)
        return self.submit()


def number_of(records: list[dict[str, str]]) -> int:
    for record in records:
        if "submittedChange" in record:
            return int(record["submittedChange"])
    raise Failed(f"nothing was submitted: {records}")


def encoded(path: str) -> str:
    """A file's name as Perforce writes it."""
    for plain, code in (("%", "%25"), ("@", "%40"), ("#", "%23"), ("*", "%2A")):
        path = path.replace(plain, code)
    return path


def content(path: str) -> str:
    """What is in the newest revision of a depot file."""
    done = run(["p4", "print", "-q", path])
    if done.returncode or not done.stdout and done.stderr:
        raise Failed(f"p4 print {path}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode("utf-8", "surrogateescape")


def files(path: str) -> dict[str, str]:
    """Depot file -> action of its head, of all that is below path and not deleted."""
    return {r["depotFile"]: r["action"] for r in p4("files", "-e", f"{path}/...") if "depotFile" in r}


def described(change: int) -> dict[str, str]:
    """Depot file -> action, in a submitted changelist."""
    record = p4("describe", "-s", str(change))[0]
    return {record[f"depotFile{n}"]: record[f"action{n}"] for n in range(len(record)) if f"depotFile{n}" in record}


def pending_of(job: str) -> list[str]:
    """Pending changelists that carry a job's tag."""
    return [r["change"] for r in p4("changes", "-l", "-s", "pending") if f"[weir {job}]" in r.get("desc", "")]


def submitted_by(job: str, path: str = "//...") -> list[int]:
    """Submitted changelists that carry a job's tag."""
    return [int(r["change"]) for r in p4("changes", "-l", "-s", "submitted", path) if f"[weir {job}]" in r.get("desc", "")]


class Pair:
    """A mainline of the scenario's own and a development stream below it, each with a workspace."""

    def __init__(self, name: str, files: dict[str, str | bytes] | None = None):
        self.name = name
        self.main, self.dev = f"//demo/{name}m", f"//demo/{name}d"
        make_stream(self.main, "mainline", "none")
        make_stream(self.dev, "development", self.main)
        self.in_main = Workspace(f"{name}m", self.main)
        self.in_dev = Workspace(f"{name}d", self.dev)
        self.in_main.change(files or {"a.txt": lines("a")})
        self.in_dev.p4("integrate", "-S", self.dev, "-r")
        self.in_dev.submit("Branched.")


def lines(word: str, count: int = 12, **changed: str) -> str:
    """Numbered lines; changed={"l5": "text"} replaces line 5."""
    return "".join(f"{changed.get(f'l{n}', f'{word} {n}')}\n" for n in range(1, count + 1))
