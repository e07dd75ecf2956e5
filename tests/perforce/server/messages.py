"""The server's messages: templates with severity and generic code, looked up by name as M.Name.

A message is sent as its code, its raw template and the arguments; the client renders it.  M.Name(arg=value)
binds arguments.  The table is messages.tsv.  Message.render() is the client's rendering, for logs and tests.
"""

import re
from pathlib import Path

from . import decode
from .wire import value_bytes

ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
TABLE = Path(__file__).with_name("messages.tsv")


class Bound:
    """A message together with its arguments."""

    __slots__ = ("message", "args")

    def __init__(self, message: "Message", args: dict):
        self.message, self.args = message, args

    def render(self) -> str:
        return self.message.render(self.args)


class Message:
    __slots__ = ("name", "code", "fmt")

    def __init__(self, name: str, code: int, fmt: str):
        self.name, self.code, self.fmt = name, code, fmt

    @property
    def severity(self) -> int:
        return self.code >> 28

    @property
    def generic(self) -> int:
        return (self.code >> 16) & 0xFF

    def __call__(self, **args) -> Bound:
        return Bound(self, args)

    def render(self, args: dict) -> str:
        return render(self.fmt, args)


TOKEN = re.compile(r"%'(?P<literal>.*?)'%|%%|%!%|%(?P<name>\w+)%|\[(?P<option>(?:%'.*?'%|[^\]])*)\]", re.S)


def render(fmt: str, args: dict) -> str:
    """The text of a template: %name%, %'literal'%, %%, %!% (nothing) and [with %name%|without]."""
    def replace(match: re.Match) -> str:
        if match["literal"] is not None:
            return match["literal"]
        if match["name"] is not None:
            return text_of(args.get(match["name"]))
        if match["option"] is not None:
            return _option(match["option"], args)
        return "%" if match[0] == "%%" else ""
    return TOKEN.sub(replace, fmt)


def _option(body: str, args: dict) -> str:
    shown, _, other = body.partition("|")
    names = re.findall(r"%(\w+)%", re.sub(r"%'.*?'%", "", shown))
    given = any(text_of(args.get(name)) for name in names)
    return render(shown if given else other, args)


def text_of(value) -> str:
    return "" if value is None else decode(value_bytes(value))


class Table:
    """Attribute access to the messages of messages.tsv."""

    def __init__(self, path: Path = TABLE):
        for line in path.read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                name, code, fmt = line.split("\t")
                fmt = re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[1]), fmt)
                setattr(self, name, Message(name, int(code), fmt))


M = Table()
