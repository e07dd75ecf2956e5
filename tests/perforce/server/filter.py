"""Filter expressions (-F of streams and fstat, -e of jobs): `Type=development & (Owner=ann |
^Options=*locked*)`.

Terms are `field OP value` or a bare word, which any field may hold.  `^` binds closest, then `&`, then `|`;
terms that only blanks separate must all hold.  A value matches a field as a whole or one of its words; `*`
in it stands for anything, a backslash takes the next character as it is.  Numbers and dates compare by
value.
"""

import re
from typing import Callable

from .command import CommandError
from .dates import looks_like_date, parse_date
from .messages import M

Test = Callable[[dict], bool]

TOKEN = re.compile(r"\s*(>=|<=|[=<>&|^()]|(?:\\.|[^\s\\=<>&|^()])+)", re.S)
COMPARE = {"=": lambda a, b: a == b, ">": lambda a, b: a > b, "<": lambda a, b: a < b,
           ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b}
OPERATORS = {*COMPARE, "&", "|", "^", "(", ")"}
DAY = 86400


def compile_filter(text: str, fold: bool = False) -> Test:
    """The predicate over a record (a dict of text by field) that an expression is.  `fold` ignores case, in
    field names too.  Raises CommandError with the product's message for what cannot be parsed."""
    parser = _Parser(text, fold)
    test = parser.all_of()
    if parser.token is not None:
        raise parser.error()
    return test


class _Parser:
    def __init__(self, text: str, fold: bool):
        self.text, self.fold = text, fold
        self.at = self.start = 0
        self.token = None
        self.advance()

    def advance(self) -> str | None:
        """Step over the current token and return it."""
        taken, self.start = self.token, self.at
        found = TOKEN.match(self.text, self.at)
        if found:
            self.at = found.end()
        elif self.text[self.at:].strip():
            raise self.error()
        self.token = found[1] if found else None
        return taken

    def error(self) -> CommandError:
        return CommandError(M.ParseErr(line=self.text[self.start:].strip() or self.text))

    def all_of(self) -> Test:
        tests = [self.any_of()]
        while self.token not in (None, ")"):
            tests.append(self.any_of())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def any_of(self) -> Test:
        negated, tests = self.token == "^", [self.both()]
        while self.token == "|":
            self.advance()
            if negated or self.token == "^":
                raise CommandError(M.NoNotOp())
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else lambda record: any(test(record) for test in tests)

    def both(self) -> Test:
        tests = [self.one()]
        while self.token == "&":
            self.advance()
            tests.append(self.one())
        return tests[0] if len(tests) == 1 else lambda record: all(test(record) for test in tests)

    def one(self) -> Test:
        if self.token == "^":
            self.advance()
            test = self.one()
            return lambda record: not test(record)
        if self.token == "(":
            self.advance()
            test = self.all_of()
            if self.token != ")":
                raise self.error()
            self.advance()
            return test
        return self.term()

    def word(self) -> str:
        if self.token is None or self.token in OPERATORS:
            raise self.error()
        return self.advance()

    def term(self) -> Test:
        word = self.word()
        if self.token not in COMPARE:
            value = _Value(word, self.fold)
            return lambda record: any(value.holds("=", text) for text in record.values())
        operator = self.advance()
        field, value = _plain(word), _Value(self.word(), self.fold)
        if not self.fold:
            return lambda record: field in record and value.holds(operator, record[field])
        return lambda record: any(value.holds(operator, text) for name, text in record.items()
                                  if name.lower() == field.lower())


def _plain(token: str) -> str:
    return re.sub(r"\\(.)", r"\1", token, flags=re.S)


class _Value:
    """The right side of a term."""

    def __init__(self, token: str, fold: bool):
        self.fold = fold
        self.text = _plain(token)
        pieces = [re.escape(_plain(piece)) for piece in _split_stars(token)]
        self.pattern = re.compile(".*".join(pieces), re.S | (re.I if fold else 0))
        self.is_date = looks_like_date(self.text) and self.text != "now"
        self.number = _number(self.text)
        if self.is_date:
            self.number = parse_date(self.text)
            self.span = 1 if ":" in self.text else DAY

    def holds(self, operator: str, value) -> bool:
        text = str(value)
        number = _number(text)
        if number is None and self.is_date and looks_like_date(text):
            number = parse_date(text)
        if self.number is not None and number is not None:
            return self._compare_numbers(operator, number)
        if operator == "=":
            return bool(self.pattern.fullmatch(text)) or any(map(self.pattern.fullmatch, text.split()))
        mine = self.text.lower() if self.fold else self.text
        words = [text, *text.split()]
        return any(COMPARE[operator](word.lower() if self.fold else word, mine) for word in words)

    def _compare_numbers(self, operator: str, number: int) -> bool:
        if self.is_date and operator == "=":
            return self.number <= number < self.number + self.span
        if self.is_date and operator in ("<=", ">"):
            return COMPARE[operator](number, self.number + self.span - 1)
        return COMPARE[operator](number, self.number)


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]+", text) else None


def _split_stars(token: str) -> list[str]:
    """A token at its unescaped stars."""
    pieces, last = [], 0
    for found in re.finditer(r"\\.|\*", token, re.S):
        if found[0] == "*":
            pieces.append(token[last:found.start()])
            last = found.end()
    return [*pieces, token[last:]]
