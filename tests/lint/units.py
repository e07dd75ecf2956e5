#!/usr/bin/python3
"""The installed tree: what `make install DESTDIR=` leaves is complete, verified by systemd, and each service is sandboxed."""
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tap import TOP, check, end, sources

CEILING = 2.0
# Where the bus, polkit and the journal look, and nowhere below another PREFIX.
FIXED = ("etc/dbus-1/system.d/", "usr/share/polkit-1/actions/", "usr/share/polkit-1/rules.d/", "usr/lib/systemd/catalog/")
BUILD = (TOP / os.environ.get("B", "build/debug")).resolve()


def run(*command: str, **more) -> subprocess.CompletedProcess:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=TOP, **more)


def install(root: str, *arguments: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKELEVEL", "DESTDIR")}
    return run("make", "-s", "install", f"B={BUILD}", f"DESTDIR={root}", *arguments, env=environment)


def installed(root: Path) -> list[str]:
    return sorted(str(p.relative_to(root)) for p in root.rglob("*") if p.is_file())


def unfilled(root: Path):
    """Places such as @BINDIR@ that install did not fill in."""
    for name in installed(root):
        if found := re.search(rb"@[A-Z]+@", (root / name).read_bytes()):
            if not name.startswith(("usr/lib/weir/", "usr/bin/", "usr/lib/systemd/catalog/")):  # @FIELD@ is the catalog's own
                yield f"{name}: {found[0].decode()}"


def services() -> list[str]:
    return [p.name.replace("@.", "@demo.") for p in sources("units/*.service")]


def borrow_system(root: Path) -> None:
    """verify --root wants the units that ours refer to, and a root that looks like one."""
    for folder in ("usr/lib/systemd/system", "usr/share/dbus-1", "usr/bin", "usr/sbin"):
        for path in Path("/", folder).iterdir():
            target = root / folder / path.name
            if not target.exists() and path.name in KEEP_UNITS or folder.endswith("bin") and path.name in ("systemctl", "touch", "sh", "kill", "lighttpd"):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, target)
    (root / "bin").symlink_to("usr/bin")


KEEP_UNITS = {f"{name}" for name in (
    "sysinit.target basic.target sockets.target paths.target slices.target timers.target shutdown.target multi-user.target "
    "network-online.target network.target dbus.socket dbus.service local-fs.target umount.target").split()}


def verify(root: Path):
    borrow_system(root)
    names = [p.name for p in sources("units/*.*")]
    names = [re.sub(r"@\.", "@demo.", n) for n in names]
    done = run("systemd-analyze", "verify", "--man=no", f"--root={root}",
               *[str(root / "usr/lib/systemd/system" / n.replace("@demo.", "@.")) if "@" not in n else n for n in names])
    # Only what concerns weir: the borrowed units of the system are not ours to judge.
    return [line for line in (done.stderr + done.stdout).splitlines() if "weir" in line]


def exposure(root: Path):
    for name in services():
        path = root / "usr/lib/systemd/system" / name.replace("@demo.", "@.")
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={int(CEILING * 10)}", str(path))
        level = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
        if level is None:
            yield f"{name}: {done.stderr.strip() or 'no exposure level was given'}"
        elif float(level[1]) > CEILING:
            yield f"{name}: {level[1]} is above {CEILING}"
        else:
            print(f"# {name}: {level[1]}")


def bad_xml():
    for path in sources("dbus/*.conf", "dbus/*.xml", "dbus/*.policy"):
        done = run("xmllint", "--noout", "--nonet", str(path))
        if done.returncode:
            yield done.stderr.strip()


def bad_users(root: Path):
    done = run("systemd-sysusers", f"--root={root}", "weir.conf")  # a line that it cannot read is no error to it
    yield from [line for line in done.stderr.splitlines() if not line.startswith("Creating ")]
    if not re.search(r"^weir:", (root / "etc/passwd").read_text(), re.MULTILINE):
        yield "there is no user weir"
    done = run("systemd-tmpfiles", f"--root={root}", "--create", "weir.conf")
    yield from [done.stderr] if done.stderr else []
    if oct((root / "var/lib/weir/monitor").stat().st_mode)[-4:] != "2750":
        yield "/var/lib/weir/monitor is not 2750"


def bad_catalog(root: Path):
    """Both languages explain exactly the messages that the source sends."""
    sent = set(re.findall(r'define WEIR_MESSAGE_\w+ "([0-9a-f]{32})"', (TOP / "lib/resources/journal.h").read_text()))
    for path in sources("config/*.catalog"):
        explained = re.findall(r"^-- ([0-9a-f]{32})$", path.read_text(), re.MULTILINE)
        yield from [f"{path.name} does not explain {message}" for message in sent - set(explained)]
        yield from [f"{path.name} explains {message}, which nothing sends" for message in set(explained) - sent]
        yield from [f"{path.name} explains {message} twice" for message in {m for m in explained if explained.count(m) > 1}]
    done = run("journalctl", f"--root={root}", "--update-catalog")
    yield from [done.stderr] if done.returncode or done.stderr else []


def bad_timers():
    for path in sources("units/*.timer"):
        for expression in re.findall(r"^OnCalendar=(.+)$", path.read_text(), re.MULTILINE):
            done = run("systemd-analyze", "calendar", expression)
            if done.returncode or "never" in done.stdout:
                yield f"{path.name}: OnCalendar={expression}: {done.stderr or done.stdout}"


with tempfile.TemporaryDirectory(prefix="weir-install.") as folder:
    tree = Path(folder, "tree")
    done_install = install(str(tree))
    check("make install DESTDIR= works", [done_install.stderr] if done_install.returncode else [])
    if done_install.returncode:
        end()
    check("every @NAME@ is filled in", unfilled(tree))
    before = installed(tree)
    (tree / "etc/weir/servers.yaml").write_text("# mine\n")
    again = install(str(tree))
    check("installing again keeps the configuration",
          [again.stderr] if again.returncode or (tree / "etc/weir/servers.yaml").read_text() != "# mine\n" else [])
    other = Path(folder, "other")
    install(str(other), "PREFIX=/opt/weir")
    check("PREFIX is honoured",
          [f"{n} is outside" for n in installed(other) if not n.startswith(("opt/weir/", "etc/weir/", *FIXED))]
          + [f"nothing in {place}, the only one looked at" for place in FIXED
             if not any(n.startswith(place) for n in installed(other))]
          + [f"{n} names /usr/lib/weir" for n in installed(other)
             if n.endswith((".service", ".timer")) and "/usr/lib/weir" in (other / n).read_text()])
    check("D-Bus and polkit files are well-formed XML", bad_xml())
    check("users and folders are made", bad_users(tree))
    check("the journal's catalog explains every message in both languages", bad_catalog(tree))
    check("timers elapse", bad_timers())
    check(f"no service is exposed above {CEILING}", exposure(tree))
    check("systemd-analyze verify has nothing to say", verify(tree))
    gone = run("make", "-s", "uninstall", f"B={BUILD}", f"DESTDIR={other}", "PREFIX=/opt/weir")
    check("make uninstall leaves the configuration only",
          [gone.stderr] if gone.returncode else [n for n in installed(other) if not n.startswith("etc/weir/")])
end()
