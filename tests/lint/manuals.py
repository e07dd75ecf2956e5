#!/usr/bin/python3
"""What `--help` of a program says and what its man page says: the same options, the same verbs."""
import os
import re
import subprocess
from pathlib import Path

from tap import TOP, check, end, name_of, sources

BUILD = (TOP / os.environ.get("B", "build/debug")).resolve()
OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z0-9-]*)")
VERB = re.compile(r"^  ([a-z][a-z-]+)(?: |$)", re.MULTILINE)


def page_of(program: str) -> Path | None:
    return next((p for p in sources(f"bin/{program}.[18]")), None)


def plain(page: str) -> str:
    r"""roff without its escapes: \- is a hyphen, \fB and macros are dress."""
    text = page.replace(r"\-", "-")
    text = re.sub(r"\\f(\[[^]]*\]|[A-Z])|\\&", "", text)
    return re.sub(r"^\.\\\".*$", "", text, flags=re.MULTILINE)


def help_of(program: str, *verb: str) -> tuple[str, int]:
    done = subprocess.run([str(BUILD / program), *verb, "--help"], capture_output=True, text=True, timeout=10, check=False,
                          stdin=subprocess.DEVNULL)
    return done.stdout, done.returncode


def differences(program: str, page: Path) -> list[str]:
    text, status = help_of(program)
    if status != 0 or not text:
        return [f"{program} --help ended with {status} and {len(text)} bytes on standard output"]
    manual = plain(page.read_text())
    described = set(OPTION.findall(manual))
    verbs = VERB.findall(text)
    for verb in verbs:
        verb_text, status = help_of(program, verb)
        if status != 0:
            return [f"{program} {verb} --help ended with {status}"]
        text += verb_text
    offered = set(OPTION.findall(text))
    found = [f"{option} is in --help, not in {name_of(page)}" for option in sorted(offered - described)]
    found += [f"{option} is in {name_of(page)}, not in --help" for option in sorted(described - offered - foreign(manual))]
    found += [f"verb {verb} is in --help, not in {name_of(page)}" for verb in verbs
              if not re.search(rf"(?<![\w-]){re.escape(verb)}(?![\w-])", manual)]
    return found


def foreign(manual: str) -> set[str]:
    """Options of other programs, named on a line with that program."""
    lines = [line for line in manual.splitlines() if re.search(r"\b(systemctl|journalctl|busctl|systemd-\w+|p4)\b", line)]
    return {option for line in lines for option in OPTION.findall(line)}


def mandoc_complaints(page: Path) -> list[str]:
    text = page.read_text()
    wanted = [".SH NAME", ".SH SYNOPSIS", ".SH DESCRIPTION"]
    if page.suffix == ".5":
        wanted.remove(".SH SYNOPSIS")
    return [f"{name_of(page)}: no {heading}" for heading in wanted
            if heading not in text and heading.replace(".SH", ".Sh") not in text]


PROGRAMS = [p.stem for p in sources("bin/*.c")]
for name in PROGRAMS:
    manual_page = page_of(name)
    if manual_page is None:
        check(f"{name} --help and its page agree", [f"bin/{name}.1 or .8 is missing"])
    elif not (BUILD / name).exists():
        check(f"{name} --help and its page agree", [f"{BUILD / name} is not built"])
    else:
        check(f"{name} --help and its page agree", differences(name, manual_page))
check("man pages have the sections people look for",
      [c for page in sources("bin/*.[18]", "config/*.5") for c in mandoc_complaints(page)])
end()
