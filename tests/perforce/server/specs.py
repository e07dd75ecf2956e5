"""Forms: their definitions, and forms as text, as values and as tagged fields.

A form's values are a dict by field name, in form order: text for scalar fields, a list of entries for list
fields.  An entry of a wlist is its words joined by blanks, quoted where a word has a blank; a `## note` at
its end is part of it, and an entry that is only `## note` is one too.  An entry may be given to format() as
(entry, comment): the comment is shown after `#` and does not come back.  Command modules take and give
values; nobody else knows the text.
"""

import re
from typing import NamedTuple

from .command import CommandError
from .messages import M
from .specdefs import DEFINITIONS, TITLES

TAG = re.compile(r"([A-Za-z][\w-]*):(.*)")
WORD = re.compile(r'\s*(?:(#.*)|((?:[^\s"]|"[^"]*")+)|(.+))')
NOTE = re.compile(r"\s+#(?!#).*$")
LISTS = ("wlist", "llist")
UNSHOWN = ("noaltsync",)        # defaults of switches that the product leaves out


class SpecError(CommandError):
    """A form the product refuses; the last message names the form."""

    def __init__(self, form: str, *messages):
        super().__init__(*messages, M.ErrorInSpec(domain=form))


class Field(NamedTuple):
    name: str
    type: str
    words: int
    maxwords: int
    choices: tuple
    required: bool
    shown_empty: bool
    definition: str

    @property
    def is_list(self) -> bool:
        return self.type in LISTS

    @property
    def is_options(self) -> bool:
        """A line of switches, each one of a group of alternatives."""
        return self.type == "line" and bool(self.choices)


def _field(line: str) -> Field:
    name, *attributes = line.split(";")
    found = dict(attribute.partition(":")[::2] for attribute in attributes)
    words = int(found.get("words", 1))
    groups = tuple(tuple(group.split("/")) for group in found["val"].split(",")) if "val" in found else ()
    return Field(name, found.get("type", "word"), words, int(found.get("maxwords", words)), groups,
                 "rq" in found, found.get("opt") == "default", line)


def split_words(text: str) -> tuple[list[str], str]:
    """The words of an entry without their quotes, and its `## note` (or '').  A single # starts a comment,
    which is dropped.  CommandError if a quote does not end."""
    words, note, at = [], "", 0
    while found := WORD.match(text, at):
        at = found.end()
        comment, word, rest = found.groups()
        if comment is not None:
            note = comment if comment.startswith("##") else ""
        elif word is not None:
            words.append(word.replace('"', ""))
        elif rest.strip():
            raise CommandError(M.NoEndQuote(value=rest.strip()))
    return words, note


def join_words(words, note: str = "") -> str:
    """An entry of these words."""
    quoted = [f'"{word}"' if not word or re.search(r"\s|^#", word) else word for word in words]
    return " ".join(quoted + [note] if note else quoted)


class Spec:
    """One kind of form."""

    def __init__(self, name: str):
        self.name = name
        self.fields = {field.name: field for line in DEFINITIONS[name].strip().splitlines()
                       for field in [_field(line.strip())]}
        self.encoded = "".join(f"{field.definition};;" for field in self.fields.values())

    def header(self) -> str:
        title = TITLES.get(self.name, f"A Perforce {self.name.capitalize()} Specification")
        return f"# {title}.\n#\n# Use 'p4 help {self.name}' to see more about it.\n"

    # -- text from values --

    def format(self, values: dict, header: bool = True) -> str:
        """The form as text: the fields that have a value, in the order of the definition."""
        blocks = [self.header()] if header else []
        for field in self.fields.values():
            value = values.get(field.name)
            if value or field.shown_empty:
                blocks.append(_block(field, value))
        return "\n".join(blocks)

    def tagged(self, values: dict) -> list[tuple[str, str]]:
        """The form as the fields of a record: lists become Name0, Name1, ..."""
        pairs = []
        for field in self.fields.values():
            value = values.get(field.name)
            if value is None:
                continue
            if field.is_list:
                pairs += [(f"{field.name}{number}", _entry(entry)[0]) for number, entry in enumerate(value)]
            else:
                pairs.append((field.name, str(value)))
        return pairs

    # -- values from text --

    def parse(self, text: str, required: bool = True) -> dict:
        """The values of a form.  Raises SpecError with the product's messages; `required` False lets fields
        miss."""
        values, field, open_at = {}, None, 0
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n"), 1):
            if line.startswith("#"):
                continue
            try:
                if found := TAG.match(line):
                    field, open_at = self._tag(found[1], values), number
                    line = " " + found[2].strip() if found[2].strip() else ""
                elif line and not line[0].isspace():
                    raise CommandError(M.Syntax(value=line))
                if field:
                    self._add(values, field, line, number == open_at)
                elif line.strip():
                    raise CommandError(M.Syntax(value=line.strip()))
            except CommandError as error:
                raise SpecError(self.name, *error.messages, M.LineNo(line=number)) from None
        return self._finish(values, required)

    def _tag(self, name: str, values: dict) -> Field:
        field = self.fields.get(name)
        if not field:
            raise CommandError(M.FieldUnknown(field=name))
        if name in values and not field.is_list:
            raise CommandError(M.Field2Many(field=name))
        values.setdefault(name, [])
        return field

    @staticmethod
    def _add(values: dict, field: Field, line: str, on_tag: bool) -> None:
        """Add one line of a field's value (`on_tag`: what stands beside its name)."""
        kept = values[field.name]
        if field.type == "text":
            if not on_tag or line:
                kept.append(_unindent(line))
            return
        line = line.strip()
        if not line:
            return
        if not field.is_list and kept:
            raise CommandError(M.Field2Many(field=field.name))
        entry = _check_entry(field, line)
        if entry:
            kept.append(entry)

    def _finish(self, values: dict, required: bool) -> dict:
        done = {}
        for field in self.fields.values():
            lines = values.get(field.name)
            if field.type == "text" and lines is not None:
                done[field.name] = text_of_lines(lines)
            elif lines is not None:
                done[field.name] = lines if field.is_list else lines[0] if lines else ""
            if required and field.required and not done.get(field.name):
                raise SpecError(self.name, M.FieldMissing(field=field.name))
        return done

    def from_tagged(self, pairs: dict, required: bool = True) -> dict:
        """The values of a form that arrives as fields (Name, Name0, Name1, ...); other keys are ignored."""
        values = {}
        for field in self.fields.values():
            numbered = []
            while field.is_list and f"{field.name}{len(numbered)}" in pairs:
                numbered.append(pairs[f"{field.name}{len(numbered)}"])
            if numbered:
                values[field.name] = numbered
            elif field.name in pairs:
                values[field.name] = pairs[field.name].splitlines() if field.is_list else pairs[field.name]
        return self.parse(self.format(values, header=False), required)

    def options(self, name: str, value: str) -> str:
        """A switches field with every switch named once, in the order of the definition; absent ones get
        their default.  Raises SpecError for a word that is none of them."""
        field, words = self.fields[name], value.split()
        known = {choice for group in field.choices for choice in group}
        for word in words:
            if word not in known:
                raise SpecError(self.name, M.BadOption(option=word, field=name))
        chosen = [next((word for word in reversed(words) if word in group), group[0])
                  for group in field.choices]
        return " ".join(word for word in chosen if word not in UNSHOWN)


def text_of_lines(lines: list[str]) -> str:
    """A text value: its lines without blank ones at the end, each ended; '' if nothing is left."""
    while lines and not lines[-1].strip():
        lines = lines[:-1]
    while lines and not lines[0].strip():
        lines = lines[1:]
    return "".join(line + "\n" for line in lines)


def _unindent(line: str) -> str:
    if line.startswith("\t"):
        return line[1:]
    return line.lstrip(" ")


def _check_entry(field: Field, line: str) -> str:
    """One line of a list, or the value of a scalar field, as it is kept; '' if only a comment stood
    there."""
    if field.type in ("line", "date"):
        return line
    if field.type == "llist":
        return "" if re.match(r"#(?!#)", line) else NOTE.sub("", line)
    words, note = split_words(line)
    if not words:
        return note if field.is_list else ""
    if not field.words <= len(words) <= field.maxwords:
        raise CommandError(M.FieldWords(field=field.name))
    if field.choices and not field.is_list and words[0] not in field.choices[0]:
        raise CommandError(M.FieldBadVal(field=field.name, text="/".join(field.choices[0])))
    return join_words(words, note) if field.is_list else words[0]


def _entry(entry) -> tuple[str, str]:
    return entry if isinstance(entry, tuple) else (entry, "")


def _block(field: Field, value) -> str:
    if field.is_list:
        lines = [f"\t{text}\t# {comment}\n" if comment else f"\t{text}\n"
                 for text, comment in map(_entry, value or ())]
        return f"{field.name}:\n" + "".join(lines)
    if field.type == "text":
        lines = str(value or "").rstrip("\n").split("\n")
        return f"{field.name}:\n" + "".join(f"\t{line}\n" for line in lines)
    text = str(value or "")
    return f"{field.name}:\t{join_words([text]) if field.type == 'word' and text else text}\n"


SPECS = {name: Spec(name) for name in DEFINITIONS}
