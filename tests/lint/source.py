#!/usr/bin/python3
"""The walls of the source: layers, who may include which foreign header, sizes, marks, what stands beside what."""
import re
import shutil
import subprocess
from fnmatch import fnmatch

from tap import TOP, check, end, name_of, skip, sources

LAYERS = ["base", "formats", "resources", "clients", "domain", "services"]  # each may include itself and those before
# The libraries and the only files that may include their headers.
FOREIGN = {
    "yaml.h": ["lib/formats/yaml*"],
    "json-c/*": ["lib/formats/json*"],
    "json.h": ["lib/formats/json*"],
    "sqlite3.h": ["lib/resources/db.c", "tests/unit/*"],
    "systemd/sd-journal.h": ["lib/resources/journal*.c", "lib/base/log.c", "tests/unit/*"],
    "systemd/sd-bus.h": ["lib/resources/bus*", "lib/clients/*_client.*", "lib/clients/job_wire*", "lib/services/*_bus.*", "bin/*d.c", "tests/unit/*"],
    "systemd/sd-bus-vtable.h": ["lib/services/*_bus.*"],
    "libssh2*.h": ["lib/resources/ssh.*"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]', re.MULTILINE)
MAX_LINES = 800
MAX_COLUMNS = 160  # code is formatted to 109; comments beside tables may run on
MARKS = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "X" * 3, "HA" + "CK"]) + r")\b")

C_FILES = sources("lib/**/*.[ch]", "bin/*.[ch]", "tests/unit/*.[ch]", "tests/perforce/client/*.[ch]", "web/cgi/*.[ch]")
PYTHON_FILES = [p for p in sources("tests/**/*", "web/**/*.py")
                if p.suffix == ".py" or p.read_bytes().startswith(b"#!/usr/bin/python3")]
SHELL_FILES = [p for p in sources("tests/**/*", ".ci/*", "config/bash-completion/*")
               if p.suffix == ".sh" or re.match(rb"#!.*\b(ba)?sh\n", p.read_bytes()[:40]) or p.parent.name == "bash-completion"]


def includes_of(path):
    return INCLUDE.findall(path.read_text(errors="replace"))


def layer_breaks():
    for path in sources("lib/*/*.[ch]"):
        layer = path.parent.name
        if layer not in LAYERS:
            yield f"{name_of(path)}: no layer is called {layer}"
            continue
        for kind, header in includes_of(path):
            other = header.split("/")[0]
            if kind == '"' and other not in LAYERS and header != "version.h":
                yield f"{name_of(path)}: includes \"{header}\", not named by its layer"
            elif kind == '"' and other in LAYERS and LAYERS.index(other) > LAYERS.index(layer):
                yield f"{name_of(path)}: {layer} includes the higher {header}"


def foreign_breaks():
    for path in sources("lib/**/*.[ch]", "bin/*.[ch]"):
        for _, header in includes_of(path):
            for pattern, allowed in FOREIGN.items():
                if fnmatch(header, pattern) and not any(fnmatch(name_of(path), a) for a in allowed):
                    yield f"{name_of(path)}: <{header}> is included by {', '.join(allowed)} only"


def sql_breaks():
    """SQL stays in the stores and in db."""
    statement = re.compile(r'"\s*(SELECT|INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)\b')
    for path in sources("lib/**/*.c", "bin/*.c"):
        if not fnmatch(name_of(path), "lib/services/*_store.c") and not fnmatch(name_of(path), "lib/resources/db*.c"):
            for match in statement.finditer(path.read_text(errors="replace")):
                yield f"{name_of(path)}: {match[0]}"


def lonely_modules():
    for path in sources("lib/*/*.c"):
        family = path.with_name(path.name.split("_")[0] + "_verbs.h")  # one table, many files with a verb each
        if not path.with_suffix(".h").exists() and not family.exists():
            yield f"{name_of(path)} has no header"


def missing_pages():
    for path in sources("bin/*.c"):
        if not any(path.with_suffix(f".{section}").exists() for section in (1, 8)):
            yield f"{name_of(path)} has no man page beside it"


def too_long():
    for path in C_FILES + PYTHON_FILES + SHELL_FILES:
        lines = path.read_text(errors="replace").splitlines()
        if len(lines) > MAX_LINES:
            yield f"{name_of(path)}: {len(lines)} lines, {MAX_LINES} are the limit"
        for number, line in enumerate(lines, 1):
            if len(line) > MAX_COLUMNS and path in C_FILES:
                yield f"{name_of(path)}:{number}: {len(line)} columns"


ROOT_CODE = ["bin/weir-unitd.c", "lib/services/unitd_*.c", "lib/services/units_bus.c"]
ROOT_MAX = 600


def root_code():
    """What runs as root stays readable in one sitting, and keeps away from databases and parsers."""
    lines = sum(len(path.read_text().splitlines()) for path in sources(*ROOT_CODE))
    if not 0 < lines <= ROOT_MAX:
        yield f"weir-unitd has {lines} lines, {ROOT_MAX} are the limit"
    for path in sources(*ROOT_CODE):
        yield from [f"{name_of(path)}: includes {header}" for _, header in includes_of(path)
                    if re.search(r"json|yaml|sqlite|/db\.h|_store\.h|config", header)]


def marks():
    for path in C_FILES + PYTHON_FILES + SHELL_FILES + sources("Makefile", "README.md", "units/**/*", "bin/*.[18]", "config/*"):
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            if found := MARKS.search(line):
                yield f"{name_of(path)}:{number}: {found[0]}"


def bad_spelling():
    """Programs that their interpreters cannot even read."""
    for path in SHELL_FILES:
        done = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True, check=False)
        if done.returncode:
            yield done.stderr.strip()
    for path in PYTHON_FILES:
        try:
            compile(path.read_bytes(), name_of(path), "exec")
        except SyntaxError as error:
            yield f"{name_of(path)}:{error.lineno}: {error.msg}"


def badly_formatted():
    for path in C_FILES:
        if subprocess.run(["clang-format", "--dry-run", "-Werror", str(path)], capture_output=True, check=False).returncode:
            yield f"{name_of(path)} (`make format` mends it)"


def strangers():
    """The top level is a fixed list."""
    known = {"units", "bin", "lib", "dbus", "web", "config", "tests", "Makefile", "README.md", "LICENSE", ".ci", ".clang-format",
             ".clang-tidy", ".editorconfig", ".gitignore", ".git", "build"}
    return sorted(p.name for p in TOP.iterdir() if p.name not in known)


check("a layer includes itself and lower layers only", layer_breaks())
check("foreign headers stay in their one module", foreign_breaks())
check("SQL stays in the stores", sql_breaks())
check("every module has a header", lonely_modules())
check("every program has a man page beside it", missing_pages())
check(f"no source is longer than {MAX_LINES} lines or wider than {MAX_COLUMNS} columns", too_long())
check(f"the code that runs as root has {ROOT_MAX} lines at most", root_code())
check("no unfinished marks", marks())
check("every script can be read by its interpreter", bad_spelling())
check("nothing unexpected at the top level", strangers())
if shutil.which("clang-format"):
    check("C is formatted as .clang-format says", badly_formatted())
else:
    skip("C is formatted as .clang-format says", "clang-format is not installed (`make deps-lint`)")
end()
