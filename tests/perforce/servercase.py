"""A test case with a p4d of its own, shared by the tests of a class."""

import unittest

from wireclient import Client, Result, Server


class ServerCase(unittest.TestCase):
    """self.server runs; self.p4(...) runs a command as the super user with tagged output, self.plain(...)
    without."""

    options: tuple[str, ...] = ()       # of p4d

    @classmethod
    def setUpClass(cls):
        cls.server = Server(options=cls.options)
        cls.addClassCleanup(cls.server.stop)
        cls.tagged_client = cls.server.client(cwd="/tmp/ws")
        cls.plain_client = cls.server.client(cwd="/tmp/ws", tagged=False)
        cls.prepare()

    @classmethod
    def prepare(cls) -> None:
        """Commands that set the stage for all tests of the class."""

    @classmethod
    def p4(cls, *args: str, stdin: str | None = None) -> Result:
        return cls.tagged_client.run(*args, stdin=stdin)

    @classmethod
    def plain(cls, *args: str, stdin: str | None = None) -> Result:
        return cls.plain_client.run(*args, stdin=stdin)

    @classmethod
    def good(cls, *args: str, stdin: str | None = None) -> Result:
        """A command that must not fail."""
        result = cls.p4(*args, stdin=stdin)
        if result.errors or not result.released:
            raise AssertionError(f"{args}: {result.messages}")
        return result

    @classmethod
    def edit(cls, kind: str, *args: str, replace: tuple[tuple[str, str], ...] = ()) -> Result:
        """`kind -o args`, texts replaced, `kind -i`."""
        form = cls.plain(kind, "-o", *args)
        if form.errors:
            return form
        text = form.text
        for old, new in replace:
            if old not in text:
                raise AssertionError(f"{old!r} is not in the form\n{text}")
            text = text.replace(old, new)
        return cls.plain(kind, "-i", stdin=text)

    def check_error(self, result: Result, text: str, severity: int, generic: int) -> None:
        """The one message of a failed command."""
        self.assertEqual([(m.text, m.severity, m.generic) for m in result.messages],
                         [(text, severity, generic)])

    def as_user(self, user: str, **options) -> Client:
        return self.server.client(user=user, cwd="/tmp/ws", **options)
