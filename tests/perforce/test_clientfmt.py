#!/usr/bin/python3
"""The C client's output formats, byte for byte.

Two parts.  Shapes: scenarios of our own (data/clientfmt-*.json), each played to the client in every format.
Replay: captures of the product's client in ../shared/reference/perforce/clientfmt, one test per file.  The
frames that a capture implies are worked out from the captures of the same scenario in other formats: records
and messages from the -G one, plain messages from the -Mj one.  A message becomes the template and arguments
that make that text, found in the table of the product's messages, so the client's expansion is checked too.
"""

import json
import re
import shlex
import socket
import sys
import tempfile
import unittest
from functools import cache
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import tap  # noqa: E402
from frameserver import TOP, Command, Done, FrameServer, Peer, raw, run_p4  # noqa: E402

REFERENCE = TOP.parent / "shared/reference/perforce"
CAPTURES = REFERENCE / "clientfmt"
FORMATS = {"plain": [], "s": ["-s"], "ztag": ["-ztag"], "ztag-s": ["-s", "-ztag"], "G": ["-G"],
           "Mj": ["-Mj"],
           "ztag-Mj": ["-ztag", "-Mj"]}

# Captures that say something about the product's build or machine and not about the client's behaviour.
NOT_APPLIED = {
    "opt-V--plain": "the block names the product's build and libraries; last line and status are compared",
}


# --- our own shapes ----------------------------------------------------------------------------------------

def play(peer: Peer, steps: list) -> None:
    """The steps of a data file: frames, with `ask` those that are answered; `drop` closes the connection."""
    for step in steps:
        if step["func"] == "drop":
            peer.drop()
        elif "ask" in step:
            peer.ask(step["func"],
                     **{key: value for key, value in step.items() if key not in ("func", "ask")})
        else:
            peer.send_pairs(step.items())


class Shapes(unittest.TestCase):
    """One test per scenario and format of the data files."""


def shape_test(scenario: dict, name: str):
    def test(self: unittest.TestCase) -> None:
        expected = scenario["expect"][name]

        def handler(peer: Peer, command: Command) -> None:
            play(peer, scenario["tagged" if b"tag" in peer.protocol and "tagged" in scenario else "frames"])

        with FrameServer(handler) as server:
            done = server.p4(*FORMATS[name], *scenario["args"], stdin=raw(scenario.get("stdin", "")))
        compare(self, done, expected["exit"], raw(expected["stdout"]), raw(expected["stderr"]))
    return test


def compare(test: unittest.TestCase, done: Done, status: int, stdout: bytes, stderr: bytes) -> None:
    test.assertEqual(done.stdout, stdout)
    test.assertEqual(done.stderr, stderr)
    test.assertEqual(done.status, status)


def add_shapes() -> None:
    for path in sorted((HERE / "data").glob("clientfmt-*.json")):
        for scenario in json.loads(path.read_text()):
            for name in scenario["expect"]:
                test = shape_test(scenario, name)
                test.__doc__ = f"shape {scenario['name']} --{name}"
                setattr(Shapes, f"test_{path.stem}_{scenario['name']}_{name}".replace("-", "_"), test)


# --- captures of the product's client ----------------------------------------------------------------------

class Capture:
    """One file: the command line, what came out, the exit status."""

    def __init__(self, name: str):
        self.name = name
        self.scenario, _, self.format = name.partition("--")
        content = (CAPTURES / f"{name}.txt").read_bytes()
        head, _, body = content.partition(b"--- stdout\n")
        self.head = dict(re.findall(r"^# ([\w ]+): (.*)$", head.decode(), re.MULTILINE))
        self.stdout, _, self.stderr = body.rpartition(b"--- stderr\n")
        binary = CAPTURES / f"{name}.bin"
        if binary.exists():
            self.stdout = binary.read_bytes()
        self.status = int(self.head["exit"])

    def args(self) -> list[str]:
        """The command line behind `p4`; the template of -F was captured without its quotes."""
        line = self.head["command"].removeprefix("p4").strip()
        if match := re.fullmatch(r"(.*)-F (.*) (\w+)", line):
            return [*shlex.split(match[1]), "-F", match[2], match[3]]
        return shlex.split(line)


@cache
def capture(name: str) -> Capture:
    return Capture(name)


def unmarshal(data: bytes) -> list[list[tuple[bytes, object]]]:
    """The dictionaries of a -G stream, in their order."""
    objects, at = [], 0

    def item() -> object:
        nonlocal at
        kind, number = data[at:at + 1], int.from_bytes(data[at + 1:at + 5], "little")
        at += 5
        if kind == b"i":
            return number
        assert kind == b"s", kind
        at += number
        return data[at - number:at]

    while at < len(data):
        assert data[at:at + 1] == b"{", data[at:]
        at += 1
        pairs = []
        while data[at:at + 1] != b"0":
            pairs.append((item(), item()))
        at += 1
        objects.append(pairs)
    return objects


# --- message templates -------------------------------------------------------------------------------------

def template_pattern(fmt: str) -> tuple[str, list[str], int]:
    """A pattern for the texts of a template, the names of its groups, the number of literal characters."""
    names: list[str] = []
    literal = 0

    def quoted(text: str) -> str:
        nonlocal literal
        literal += len(text)
        return re.escape(text)

    def walk(text: str) -> str:
        out, at = "", 0
        for m in re.finditer(r"%'(.*?)'%|%%|%!%|%(\w+)%|\[([^\]]*%\w+%[^\]]*)\]", text, re.S):
            out += quoted(text[at:m.start()])
            at = m.end()
            if m[1] is not None:
                out += quoted(m[1])
            elif m[2] is not None:
                names.append(m[2])
                out += "(.*?)"
            elif m[3] is not None:
                shown, _, other = m[3].partition("|")
                out += f"(?:{walk(shown).replace('(.*?)', '(.+?)')}|{quoted(other)})"
            elif m[0] == "%%":
                out += quoted("%")
        return out + quoted(text[at:])

    pattern = walk(fmt)
    return pattern, names, literal


@cache
def templates() -> dict[tuple[int, int], list[tuple[int, int, str, list[str], re.Pattern]]]:
    """The product's messages by severity and generic code: literal size, code, template, names, pattern."""
    table: dict = {}
    for line in (REFERENCE / "messages-2023.2.tsv").read_text().splitlines():
        if line.startswith("#"):
            continue
        columns = line.split("\t")
        severity, generic, code = int(columns[3]), int(columns[4]), int(columns[6])
        fmt = columns[8].replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\'", "'")
        pattern, names, literal = template_pattern(fmt)
        if literal >= 3:
            table.setdefault((severity, generic),
                             []).append((literal, code, fmt, names, re.compile(pattern, re.S)))
    for entries in table.values():
        entries.sort(key=lambda entry: -entry[0])
    return table


def find_template(text: str, severity: int, generic: int) -> tuple[int, str, dict[str, str]] | None:
    """Code, template and arguments that make this text; the template that says most of it itself."""
    for _, code, fmt, names, pattern in templates().get((severity, generic), []):
        match = pattern.fullmatch(text)
        if not match:
            continue
        args: dict[str, str] = {}
        if all(value is None or args.setdefault(name, value) == value for name,
               value in zip(names, match.groups())):
            return code, fmt, args
    return None


def message_pairs(text: str, severity: int, generic: int) -> list[tuple]:
    """The frame of a message: one template, a chain of one per line, or else the text as it is."""
    if found := find_template(text, severity, generic):
        return [("func", "message"), ("code", found[0]), ("fmt", found[1]), *found[2].items()]
    lines = text.split("\n")
    chain = [find_in_any(line, severity) for line in lines]
    if len(lines) > 1 and all(chain):
        pairs: list[tuple] = [("func", "message")]
        for i, (code, fmt, args) in enumerate(reversed(chain)):
            pairs += [(f"code{i}", code), (f"fmt{i}", fmt), *args.items()]
        return pairs
    return [("func", "message"), ("code", severity << 28 | generic << 16), ("fmt", text.replace("%", "%%"))]


def find_in_any(text: str, severity: int) -> tuple[int, str, dict[str, str]] | None:
    for key in templates():
        if key[0] == severity and (found := find_template(text, *key)):
            return found
    return None


# --- frames of a scenario ----------------------------------------------------------------------------------

def tagged_frames(scenario: str) -> list[list[tuple]]:
    frames = []
    for pairs in unmarshal(capture(f"{scenario}--G").stdout):
        fields = dict(pairs)
        code = fields[b"code"]
        if code == b"stat":
            frames.append([("func", "record"), *pairs[1:]])
        elif code in (b"text", b"binary"):
            frames.append([("func", code), *pairs[1:]])
        elif code == b"info":
            frames.append(message_pairs(fields[b"data"].decode(), 1, fields[b"level"]))
        else:
            text = fields[b"data"].decode().removesuffix("\n")
            frames.append(message_pairs(text, fields[b"severity"], fields[b"generic"]))
    return frames


def plain_frames(scenario: str) -> list[list[tuple]]:
    """From the JSON lines without tags.  Records lost their order there: those of -G have it."""
    records = [frame for frame in tagged_frames(scenario) if frame[0][1] == "record"]
    frames = []
    for line in capture(f"{scenario}--Mj").stdout.decode().splitlines():
        fields = json.loads(line)
        if "severity" in fields:
            text = fields["data"].removesuffix("\n")
            frames.append(message_pairs(text, fields["severity"], fields["generic"]))
        elif "level" in fields:
            frames.append(message_pairs(fields["data"], 1, fields["level"]))
        elif set(fields) == {"data"}:
            frames.append([("func", "text"), ("data", fields["data"])])
        else:
            frames.append(next(record for record in records if len(record) == len(fields) + 1 and
                               all(fields[key.decode()].encode() == value for key, value in record[1:])))
    return frames


def is_tagged(peer: Peer) -> bool:
    return b"tag" in peer.protocol


def play_scenario(scenario: str):
    def handler(peer: Peer, command: Command) -> None:
        for frame in tagged_frames(scenario) if is_tagged(peer) else plain_frames(scenario):
            peer.send_pairs(frame)
    return handler


def specdef() -> bytes:
    match = re.search(rb"^\.\.\. specdef (.*)$", capture("change-o--ztag").stdout, re.MULTILINE)
    assert match
    return match[1]


def play_form_output(peer: Peer, command: Command) -> None:
    """change -o: the text, or the fields with the definition they were formatted by."""
    if not is_tagged(peer):
        peer.send("form", data=json.loads(capture("change-o--Mj").stdout)["data"])
        return
    fields = unmarshal(capture("change-o--G").stdout)[0][1:]
    peer.record([*fields, ("specdef", specdef()), ("specFormatted", "")])


def play_form_input(peer: Peer, command: Command) -> None:
    """change -i: a form with a Change field is accepted."""
    answer = peer.ask("client-InputData", specdef=specdef() if b"specstring" in peer.protocol else None)
    if b"Change:" in answer[b"data"]:
        text = capture("change-i-form--plain").stdout.decode().removesuffix("\n")
        peer.send_pairs(message_pairs(text, 1, 0))
        return
    error = json.loads(capture("change-i-form--Mj").stdout.split(b"\n")[0])
    peer.send_pairs(message_pairs(error["data"].removesuffix("\n"), error["severity"], error["generic"]))


def play_prompt(peer: Peer, command: Command) -> None:
    prompt, text = capture("login-prompt--plain").stdout.decode().split("\n")[:2]
    assert peer.ask("client-Prompt", data=prompt, noecho="")[b"data"] == b"secret"
    peer.send_pairs(message_pairs(text, 1, 0))


def play_drop(peer: Peer, command: Command) -> None:
    peer.drop()


def play_changes(peer: Peer, command: Command) -> None:
    """The records, or lines, of another scenario; -q has a warning among them."""
    play_scenario("changes-m2")(peer, command)
    if not is_tagged(peer):
        warning = capture("opt-q--plain").stderr.decode().removesuffix("\n")
        peer.send_pairs(message_pairs(warning, 2, 17))


def play_files(peer: Peer, command: Command) -> None:
    """One line per argument of a -x batch."""
    listing = capture("opt-x--plain")
    lines = {line.split("#")[0]: line for line in listing.stdout.decode().splitlines()}
    for arg in command.args:
        text = lines.get(arg.decode())
        if text:
            peer.send_pairs(message_pairs(text, 1, 0))
        else:
            peer.send_pairs(message_pairs(f"{arg.decode()} - no such file(s).", 2, 17))


def play_unicode(peer: Peer, command: Command) -> None:
    text = capture("unicode-server-charset-none--plain").stdout.decode().removesuffix("\n")
    peer.send_pairs(message_pairs(text, 1, 0))


HANDLERS = {"change-o": play_form_output, "change-i-form": play_form_input,
            "change-i-marshal": play_form_input,
            "change-i-json": play_form_input, "login-prompt": play_prompt, "drop": play_drop,
            "opt-F-ztag": play_changes, "opt-F-missingkey": play_changes, "opt-q": play_changes,
            "opt-x": play_files,
            "opt-x-b": play_files, "unicode-server-charset-none": play_unicode}
WITHOUT_SERVER = {"conn-refused", "conn-badhost", "usage", "nocommand", "tickets-empty", "set",
                  "charset-bogus",
                  "opt-V"}


def standard_input(scenario: str) -> bytes:
    """The form is what -Mj repeats behind its complaint."""
    if scenario == "login-prompt":
        return b"secret\n"
    if scenario.startswith("change-i-"):
        return capture(f"{scenario}--Mj").stdout.partition(b"\n")[2]
    return b""


def environment_of(scenario: str) -> dict[str, str]:
    env = {"HOME": "/nonexistent", "P4USER": "alice", "P4CLIENT": "ws1", "P4CHARSET": "none"}
    if scenario == "set":
        env |= dict(line.split("=", 1) for line in capture("set--plain").stdout.decode().splitlines())
    if scenario == "charset-bogus":
        env["P4CHARSET"] = "bogus"
    return env


def batch_arguments(args: list[str], folder: Path) -> list[str]:
    """-x with a file of our own in place of the captured one's name."""
    listing = capture("opt-x--plain")
    names = [line.split("#")[0] for line in listing.stdout.decode().splitlines()]
    names.insert(64, listing.stderr.decode().split(" ")[0])
    (folder / "args").write_text("\n".join(names) + "\n")
    return [str(folder / "args") if arg.endswith("args.txt") else arg for arg in args]


def cannot_resolve(scenario: str) -> str | None:
    """Why the resolver here gives another answer than where the capture was made."""
    host = {"conn-badhost": "no-such-host.invalid", "nocommand": "perforce"}.get(scenario)
    if not host:
        return None
    try:
        socket.getaddrinfo(host, 1666)
        return f"the name {host} exists here"
    except socket.gaierror as error:
        wanted = "Name or service not known"
        return None if error.strerror == wanted else f"the resolver says {error.strerror!r}"


class Replay(unittest.TestCase):
    """One test per captured file."""


def replay_test(name: str):
    def test(self: unittest.TestCase) -> None:
        expected = capture(name)
        scenario = expected.scenario
        if reason := cannot_resolve(scenario):
            self.skipTest(reason)
        done, batches = replay(expected)
        compare(self, done, expected.status, expected.stdout, expected.stderr)
        if scenario in ("opt-x", "opt-x-b"):
            self.assertEqual(batches, [128, 3] if scenario == "opt-x" else [50, 50, 31])
    return test


def replay(expected: Capture) -> tuple[Done, list[int]]:
    scenario, args, env = expected.scenario, expected.args(), environment_of(expected.scenario)
    if scenario in WITHOUT_SERVER:
        return run_p4(*args, env=env), []
    with tempfile.TemporaryDirectory() as folder:
        if "-x" in args:
            args = batch_arguments(args, Path(folder))
        with FrameServer(HANDLERS.get(scenario) or play_scenario(scenario)) as server:
            done = run_p4(*args, stdin=standard_input(scenario), env=env | {"P4PORT": server.port})
    return done, [len(command.args) for command in server.commands]


class ReplayVersion(unittest.TestCase):
    def test_last_line(self) -> None:
        """replay opt-V: last line and status"""
        if not CAPTURES.is_dir():
            self.skipTest(f"no {CAPTURES}")
        expected, done = capture("opt-V--plain"), run_p4("-V")
        self.assertEqual(done.stdout.splitlines()[-1], expected.stdout.splitlines()[-1])
        self.assertEqual((done.status, done.stderr), (expected.status, expected.stderr))


def add_replays() -> None:
    if not CAPTURES.is_dir():
        def absent(self: unittest.TestCase) -> None:
            """replay of captured formats"""
            self.skipTest(f"no {CAPTURES}")
        setattr(Replay, "test_absent", absent)
        return
    for name, reason in NOT_APPLIED.items():
        print(f"# not applied: {name}: {reason}")
    for path in sorted(CAPTURES.glob("*--*.txt")):
        if path.stem in NOT_APPLIED:
            continue
        test = replay_test(path.stem)
        test.__doc__ = f"replay {path.stem}"
        setattr(Replay, f"test_{path.stem}".replace("-", "_"), test)


add_shapes()
add_replays()

if __name__ == "__main__":
    tap.main()
