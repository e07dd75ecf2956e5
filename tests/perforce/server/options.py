"""Command line options of server commands, in the product's manner and with its error texts.

A specification is a string of words: `a` a flag, `m#` takes a number, `c:` takes a value (-cX or -c X), `O.`
takes what is attached to it (-Ol), `--field:` a long option.  Flags may be bundled (-as).  The well-known
long
names (--max, --client, ...) are accepted for the letters a command has.
"""

from .messages import M, Message

LONG = {"change": "c", "user": "u", "preview": "n", "delete": "d", "force": "f", "input": "i", "output": "o",
        "max": "m", "quiet": "q", "short": "s", "long": "l", "all": "a", "filetype": "t", "stream": "S",
        "parent": "P", "client": "C", "filter": "F", "fields": "T"}


class UsageError(Exception):
    """Bad options: the bound messages, first set first."""

    def __init__(self, *messages):
        super().__init__(messages[0].render())
        self.messages = messages


class Options:
    """Parsed options: `"s" in opts`, opts["c"], opts.number("m"), opts.all("--viewmatch"), opts.args."""

    def __init__(self):
        self.values: dict[str, list[str]] = {}
        self.args: list[str] = []

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def __getitem__(self, name: str) -> str:
        return self.values[name][-1]

    def get(self, name: str, default: str | None = None) -> str | None:
        return self.values[name][-1] if name in self.values else default

    def number(self, name: str, default: int = 0) -> int:
        return int(self.values[name][-1]) if name in self.values else default

    def all(self, name: str) -> list[str]:
        return self.values.get(name, [])

    def add(self, name: str, value: str) -> None:
        self.values.setdefault(name, []).append(value)


class Spec:
    """What options and how many arguments a command takes; parse() gives Options or raises UsageError."""

    def __init__(self, words: str, usage: Message, minimum: int = 0, maximum: int | None = None):
        self.kinds: dict[str, str] = {}
        for word in words.split():
            kind = word[-1] if word[-1] in "#:." and len(word) > 1 else ""
            self.kinds[word[:len(word) - len(kind)]] = kind
        self.usage, self.minimum, self.maximum = usage, minimum, maximum

    def parse(self, argv: list[str]) -> Options:
        opts, rest = Options(), list(argv)
        while rest and len(rest[0]) > 1 and rest[0][0] == "-":
            word = rest.pop(0)
            if word.startswith("--"):
                self._long(opts, word, rest)
            else:
                self._bundle(opts, word[1:], rest)
        opts.args = rest
        if len(rest) < self.minimum or (self.maximum is not None and len(rest) > self.maximum):
            extra = self.maximum is not None and len(rest) > self.maximum and self.minimum == 0
            raise UsageError((M.ExtraArg if extra else M.WrongArg)(), self.usage())
        return opts

    def _fail(self, message: Message, option: str):
        raise UsageError(message(option=option), self.usage())

    def _bundle(self, opts: Options, letters: str, rest: list[str]) -> None:
        while letters:
            name, letters = letters[0], letters[1:]
            kind = self.kinds.get(name)
            if kind is None:
                self._fail(M.Invalid, name)
            if not kind:
                opts.add(name, "")
                continue
            self._value(opts, name, kind, letters, rest)
            return

    def _value(self, opts: Options, name: str, kind: str, attached: str, rest: list[str]) -> None:
        if not attached and kind != ".":
            if not rest:
                self._fail(M.NeedsArg, name)
            attached = rest.pop(0)
        if kind == "#" and not attached.isdigit():
            self._fail(M.NeedsNonNegArg, name)
        opts.add(name, attached)

    def _long(self, opts: Options, word: str, rest: list[str]) -> None:
        name, has_value, value = word.partition("=")
        key = name if name in self.kinds else LONG.get(name[2:], "")
        kind = self.kinds.get(key)
        if kind is None:
            self._fail(M.Invalid, name[1:])
        if not kind or kind == ".":
            opts.add(key, value)
        else:
            self._value(opts, key, kind, value, [value] if has_value and not value else rest)
