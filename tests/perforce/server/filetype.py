"""File types: their names, their numbers in journals, and what they mean for content.

A type is a base (text, binary, symlink, ...), client modifiers (m, w, x), k or ko (keywords), l (exclusive
open) and a storage method (C, D, F or X; S or Sn keeps only the last n revisions).  Names are printed as
servers of today do: base+modifiers; the one word names of old ones (xtext) are understood.  Canonical content, which archives
hold and digests are of, has LF line ends and keywords unexpanded.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from . import encode
from .command import CommandError
from .dates import format_day, format_time, format_zoned
from .messages import M

BASES = {"text": 0x0, "binary": 0x1, "symlink": 0x4, "resource": 0x5, "unicode": 0x8, "rawtext": 0x9,
         "apple": 0xD, "utf16": 0x1008, "utf8": 0x2008}
DEFAULT_STORAGE = {"binary": "C", "resource": "C", "apple": "C"}
STORAGE = {"D": 0x0, "F": 0x1, "C": 0x3, "X": 0x4}
ONE_WORD = {
    "ctempobj": "binary+Sw", "ctext": "text+C", "cxtext": "text+Cx", "ktext": "text+k", "kxtext": "text+kx",
    "ltext": "text+F", "tempobj": "binary+FSw", "ubinary": "binary+F", "uresource": "resource+F",
    "uxbinary": "binary+Fx", "xbinary": "binary+x", "xltext": "text+Fx", "xtempobj": "binary+Swx",
    "xtext": "text+x", "xunicode": "unicode+x", "xutf16": "utf16+x",
}
KEPT = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 16, 32, 64, 128, 256, 512)
MODIFIER = re.compile(r"ko|S(\d*)|[mwxklCDFX]")

EXECUTABLE, WRITABLE, MODTIME = 0x20000, 0x100000, 0x200000
KEYWORDS_OLD, KEYWORDS, EXCLUSIVE, LIMITED = 0x10, 0x20, 0x40, 0x80

KEYWORD = re.compile(rb"\$(Id|Header|DateTimeUTC|DateTimeTZ|DateTime|DateUTC|Date|Change|File|Revision"
                     rb"|Author)(?::[^$\n]*)?\$")
OLD_KEYWORD = re.compile(rb"\$(Id|Header)(?::[^$\n]*)?\$")


class FileType(NamedTuple):
    """storage '' means the base's own method; keep is n of +Sn, 0 for all revisions."""

    base: str = "text"
    modtime: bool = False
    writable: bool = False
    executable: bool = False
    keywords: str = ""
    exclusive: bool = False
    storage: str = ""
    keep: int = 0

    def __str__(self) -> str:
        return f"{self.base}+{self._modifiers()}".removesuffix("+")

    def _modifiers(self) -> str:
        keep = "" if not self.keep else "S" if self.keep == 1 else f"S{self.keep}"
        return "".join((self.storage, keep, self.keywords, "w" * self.writable, "x" * self.executable,
                        "m" * self.modtime, "l" * self.exclusive))

    @property
    def method(self) -> str:
        """The storage method that applies: D, F, C or X."""
        return self.storage or DEFAULT_STORAGE.get(self.base, "D")

    @property
    def is_text(self) -> bool:
        """Whether line ends are translated on the client."""
        return self.base in ("text", "unicode", "utf8", "utf16")

    @property
    def code(self) -> int:
        """The number of the type in journals."""
        base = BASES[self.base]
        code = (base & 0xF) << 16 | (base >> 12) << 24 | STORAGE[self.method]
        code |= EXECUTABLE * self.executable | WRITABLE * self.writable | MODTIME * self.modtime
        code |= {"k": KEYWORDS, "ko": KEYWORDS_OLD, "": 0}[self.keywords] | EXCLUSIVE * self.exclusive
        return code | (LIMITED | KEPT.index(self.keep) << 8 if self.keep else 0)


@lru_cache(maxsize=1024)
def parse(text: str, default: FileType | None = None) -> FileType:
    """A type by name.  `+mods` alone are added to `default`.  Raises CommandError with the product's
    message."""
    base, plus, modifiers = text.partition("+")
    word = ONE_WORD.get(base, base)
    if not base and plus:
        if default is None:
            raise CommandError(M.BadTypePartial())
        return _add(default, modifiers, text)
    base, _, own = word.partition("+")
    if base not in BASES:
        raise CommandError(M.BadType(type=text))
    found = _add(_add(FileType(base), own, text), modifiers, text)
    return found if found.storage != DEFAULT_STORAGE.get(base, "D") else found._replace(storage="")


def _add(kind: FileType, modifiers: str, text: str) -> FileType:
    fields, storage, at = {}, [], 0
    while at < len(modifiers):
        found = MODIFIER.match(modifiers, at)
        if not found:
            raise CommandError(M.BadTypeMod(arg=text))
        at = found.end()
        letter = found[0]
        if letter[0] == "S":
            fields["keep"] = _keep(found[1])
        elif letter in STORAGE:
            storage.append(letter)
        elif letter in ("k", "ko"):
            fields["keywords"] = letter
        else:
            fields[{"m": "modtime", "w": "writable", "x": "executable", "l": "exclusive"}[letter]] = True
    if len(set(storage)) > 1:
        raise CommandError(M.BadStorageCombo(arg=text))
    if fields.get("keywords") and kind.base in ("symlink", "apple", "resource"):
        raise CommandError(M.BadTypeCombo(option="+k", arg=text))
    return kind._replace(**fields, **({"storage": storage[0]} if storage else {}))


def _keep(digits: str) -> int:
    count = int(digits or 1)
    if count not in KEPT:
        raise CommandError(M.BadVersionCount(count=digits))
    return count


def from_code(code: int) -> FileType:
    """The type that a journal's number stands for.  Journals of old servers have the client's part eight
    bits lower."""
    if code < 0x10000 and code & 0xFF00 and not code & LIMITED:
        code = (code & 0xFF00) << 8 | code & 0xFF
    number = (code >> 16 & 0xD) | (code >> 24 & 0xF) << 12
    base = next((name for name, value in BASES.items() if value == number), "text")
    method = {1: "F", 2: "F", 3: "C", 4: "X", 6: "C"}.get(code & 0xF, "D")
    return FileType(
        base, bool(code & MODTIME), bool(code & WRITABLE), bool(code & EXECUTABLE),
        "k" if code & KEYWORDS else "ko" if code & KEYWORDS_OLD else "", bool(code & EXCLUSIVE),
        "" if method == DEFAULT_STORAGE.get(base, "D") else method,
        KEPT[code >> 8 & 0xF] if code & LIMITED else 0)


# -- content --

def normalise(content: bytes, kind: FileType, line_end: bytes = b"\n") -> bytes:
    """Canonical content of what a client has: `line_end` is that of the client's text files."""
    if kind.is_text and line_end != b"\n":
        content = content.replace(line_end, b"\n")
    return collapse_keywords(content, kind)


def collapse_keywords(content: bytes, kind: FileType) -> bytes:
    if not kind.keywords:
        return content
    return (KEYWORD if kind.keywords == "k" else OLD_KEYWORD).sub(rb"$\1$", content)


def expand_keywords(content: bytes, kind: FileType, depot_file: str, rev: int, change: int, date: int,
                    user: str) -> bytes:
    """Content as a client gets it: `$Id$` becomes `$Id: //depot/file#3 $`, and so on."""
    if not kind.keywords:
        return content
    identity = f"{depot_file}#{rev}"
    values = {
        "Id": identity, "Header": identity, "File": depot_file, "Revision": f"#{rev}", "Change": change,
        "Author": user, "Date": format_day(date), "DateUTC": format_day(date, utc=True),
        "DateTime": format_time(date), "DateTimeUTC": format_time(date, utc=True),
        "DateTimeTZ": format_zoned(date),
    }
    found = KEYWORD if kind.keywords == "k" else OLD_KEYWORD

    def expanded(match: re.Match) -> bytes:
        return b"$%s: %s $" % (match[1], encode(str(values[match[1].decode()])))
    return found.sub(expanded, content)


def detect(sample: bytes) -> str:
    """The base type of a new file by the beginning of its content, as the client's rules have it without
    Unicode mode."""
    if sample.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf16"
    if sample.startswith(b"\xef\xbb\xbf"):
        return "utf8"
    if b"\0" in sample or sample.startswith((b"%PDF-", b"\x1f\x8b")):
        return "binary"
    high = sum(byte >= 0x80 or byte < 0x20 and byte not in b"\t\n\v\f\r\x1b\b\x07" for byte in sample)
    return "binary" if high * 10 > len(sample) * 3 and not _is_utf8(sample) else "text"


def _is_utf8(sample: bytes) -> bool:
    try:
        sample[:len(sample) - 3].decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start >= len(sample) - 6
    return True
