"""Reading of RCS files (`,v`): a head revision in full and every older one as a delta against the next
newer.

Only what a server writes is read: the chain from head along `next`; branches, symbols and logs are skipped.
"""

import re

TOKEN = re.compile(rb"\s*(?:@([^@]*(?:@@[^@]*)*)@|([^\s;:@]+)|([;:]))", re.S)
COMMAND = re.compile(rb"([ad])(\d+) (\d+)")


class RcsError(Exception):
    """The file is not an RCS file, or damaged."""


class RcsFile:
    """One parsed file.  revision(number) gives the content of `1.7`."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0
        self.head = ""
        self.next: dict[str, str] = {}
        self.text: dict[str, bytes] = {}
        self._admin()
        while self._is_revision(word := self._word()):
            self._delta(word.decode())
        if word != b"desc":
            raise RcsError(f"expected desc at byte {self.at}")
        self._string()
        while (word := self._word()) is not None:
            self._delta_text(word.decode("latin-1"))

    # parsing

    def _token(self):
        found = TOKEN.match(self.data, self.at)
        if not found:
            if self.data[self.at:].strip():
                raise RcsError(f"damaged at byte {self.at}")
            return None
        self.at = found.end()
        return found

    def _word(self) -> bytes | None:
        found = self._token()
        if found is None:
            return None
        if found[2] is None:
            raise RcsError(f"expected a word before byte {self.at}")
        return found[2]

    def _string(self) -> bytes:
        found = self._token()
        if found is None or found[1] is None:
            raise RcsError(f"expected a string before byte {self.at}")
        return found[1].replace(b"@@", b"@")

    def _phrase(self) -> list[bytes]:
        """The words up to the semicolon."""
        words = []
        while (found := self._token()) is not None and found[3] != b";":
            words.append(found[2] or found[1] or b"")
        return words

    @staticmethod
    def _is_revision(word: bytes | None) -> bool:
        return word is not None and re.fullmatch(rb"\d+(\.\d+)+", word) is not None

    def _admin(self) -> None:
        if self._word() != b"head":
            raise RcsError("not an RCS file")
        head = self._phrase()
        self.head = head[0].decode() if head else ""
        while True:
            start = self.at
            word = self._word()
            if word is None:
                raise RcsError("ends in its header")
            if word == b"desc" or self._is_revision(word):
                self.at = start
                return
            self._phrase()

    def _delta(self, number: str) -> None:
        while True:
            start = self.at
            word = self._word()
            if word is None or word == b"desc" or self._is_revision(word):
                self.at = start
                return
            words = self._phrase()
            if word == b"next":
                self.next[number] = words[0].decode() if words else ""

    def _delta_text(self, number: str) -> None:
        for name in (b"log", b"text"):
            if self._word() != name:
                raise RcsError(f"expected {name.decode()} of {number} before byte {self.at}")
            value = self._string()
        self.text[number] = value

    # content

    def revision(self, number: str) -> bytes:
        """The content of a revision; KeyError if the file does not have it."""
        if number not in self.text:
            raise KeyError(number)
        at = self.head
        lines = _lines(self.text[at])
        while at != number:
            at = self.next.get(at, "")
            if at not in self.text:
                raise RcsError(f"{number} cannot be reached from {self.head}")
            lines = _patched(lines, self.text[at])
        return b"".join(lines)


def _lines(text: bytes) -> list[bytes]:
    lines = text.split(b"\n")
    last = lines.pop()
    return [line + b"\n" for line in lines] + ([last] if last else [])


def _patched(lines: list[bytes], delta: bytes) -> list[bytes]:
    """`lines` after the commands of a delta: dN M deletes M lines from N on, aN M adds the M next lines
    behind N. Line numbers are those before the delta."""
    commands, made, done, at = _lines(delta), [], 0, 0
    while at < len(commands):
        found = COMMAND.match(commands[at])
        at += 1
        if not found:
            raise RcsError("damaged delta")
        start, count = int(found[2]), int(found[3])
        upto = start if found[1] == b"a" else start - 1
        if upto < done or upto > len(lines):
            raise RcsError("delta does not fit")
        made += lines[done:upto]
        done = upto
        if found[1] == b"d":
            done += count
        else:
            made += commands[at:at + count]
            at += count
    return made + lines[done:]
