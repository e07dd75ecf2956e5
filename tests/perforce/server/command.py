"""Commands of the server: the registry, the context a command runs in, and its errors.

A module cmds_*.py registers its commands with @command; server.py imports every such module it finds.  A
command is a function of (ctx, opts).  It answers through ctx: tagged records, messages, text, forms, asks to
the client.  ctx.fail() ends it with an error; everything it wrote in an open store.write() is rolled back.
"""

import dataclasses
import time
from typing import Callable, Iterable

from .messages import Bound, M, Message
from .options import Options, Spec, UsageError

TEXT_CHUNK = 64 * 1024


class CommandError(Exception):
    """Ends a command with an error (several bound messages: one chained message, first set first)."""

    def __init__(self, *messages: Bound):
        super().__init__(messages[-1].render())
        self.messages = messages


class ClientFailed(Exception):
    """The client could not do what it was asked; it has shown why."""


class Terminated(Exception):
    """The command was ended by monitor terminate or by a fault."""


@dataclasses.dataclass
class Command:
    name: str
    func: Callable
    spec: Spec
    level: str | None
    auth: bool


COMMANDS: dict[str, Command] = {}


def command(name: str, words: str, usage: Message, minimum: int = 0,
            maximum: int | None = None, level: str | None = "list", auth: bool = True, aliases: tuple = ()):
    """Registers a command.  words, usage, minimum, maximum: see options.Spec.  level: the protection level a
    user
    needs somewhere to run it at all (None: no check); auth=False: runs without login."""
    def register(func):
        entry = Command(name, func, Spec(words, usage, minimum, maximum), level, auth)
        for key in (name, *aliases):
            COMMANDS[key] = entry
        return func
    return register


class Limits:
    """The group limits (or -z variables) that hold for one command; None: unlimited."""

    def __init__(self, results: int | None = None, rows: int | None = None, milliseconds: int | None = None,
                 open_files: int | None = None):
        self.results, self.rows, self.milliseconds, self.open_files = results, rows, milliseconds, open_files
        self.results_seen = self.rows_seen = self.opened_seen = 0
        self.started = time.monotonic()

    def scanned(self, count: int = 1) -> None:
        self.rows_seen += count
        if self.rows is not None and self.rows_seen > self.rows:
            raise CommandError(M.MaxScanRows(maxScanRows=self.rows))
        if self.milliseconds is not None and (time.monotonic() - self.started) * 1000 > self.milliseconds:
            raise CommandError(M.MaxLockTime(maxLockTime=f"{self.milliseconds / 1000:g}"))

    def results_of(self, count: int = 1) -> None:
        self.results_seen += count
        if self.results is not None and self.results_seen > self.results:
            raise CommandError(M.MaxResults(maxResults=self.results))


    def opened(self, count: int = 1) -> None:
        self.opened_seen += count
        if self.open_files is not None and self.opened_seen > self.open_files:
            raise CommandError(M.MaxOpenFiles(maxOpenFiles=self.open_files))


class Context:
    """What a running command knows and how it answers.

    store   the database (read freely, write inside `with ctx.store.write():`)
    session the connection: user, client, host, cwd, variables, channel
    """

    def __init__(self, server, session, store, name: str, args: list[str]):
        self.server, self.session, self.store = server, session, store
        self.name, self.args = name, args
        self.user: str = session.user
        self.client_name: str = session.client
        self.host: str = session.host
        self.cwd: str = session.cwd
        self.tagged: bool = session.tagged
        from . import spelling
        self.spelling = spelling.of(store)
        if self.spelling is not None:
            self.user = self.spelling.name("user", self.user)
            self.client_name = self.spelling.name("client", self.client_name)
        self.limits = Limits()
        self.started = time.time()
        self.terminated = False
        self._client = None
        self._access = None

    # output

    def record(self, pairs: Iterable[tuple[str, object]]) -> None:
        """A tagged record.  Values: text, bytes, numbers, True (an empty flag); None leaves the key out."""
        self.check()
        self.session.channel.write("record", pairs.items() if isinstance(pairs, dict) else pairs)

    def message(self, *messages: Bound | Message, **args) -> None:
        """Sends a message: ctx.message(M.X, a=1) or ctx.message(M.X(a=1)); several are one chained
        message."""
        self.check()
        bound = [m(**args) if isinstance(m, Message) else m for m in messages]
        self.session.channel.write("message", message_pairs(bound))

    def emit(self, pairs, message: Message, **args) -> None:
        """The record if the client wants tagged output, else the message."""
        if self.tagged:
            self.record(pairs)
        else:
            self.message(message, **args)

    def fail(self, *messages: Bound | Message, **args):
        """Ends the command with an error."""
        raise CommandError(*[m(**args) if isinstance(m, Message) else m for m in messages])

    def info(self, level: int, text: str) -> None:
        self.check()
        self.session.channel.write("info", [("level", level), ("data", text)])

    def text(self, data: str | bytes, func: str = "text") -> None:
        """Text (or with func="binary" binary) content, chunked."""
        self.check()
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        for at in range(0, len(data), TEXT_CHUNK):
            self.session.channel.write(func, [("data", data[at:at + TEXT_CHUNK])])

    def form(self, text: str, fields: Iterable[tuple[str, object]], specdef: str) -> None:
        """A specification form: its text, or tagged its fields."""
        if not self.tagged:
            self.text(text)
            return
        wanted = specdef if self.session.specstring else None
        self.record([*fields, ("specFormatted", True), ("specdef", wanted)])

    # the client

    def send(self, func: str, **fields) -> None:
        """Has the client do something without waiting for an answer."""
        self.session.channel.write(func, fields.items())

    def ask(self, func: str, **fields):
        """Has the client do something and waits for its answer (a wire.Frame); ClientFailed if it could
        not."""
        answer = self.session.ask(func, fields)
        if answer.get("status") == "error":
            raise ClientFailed(answer.get("error"))
        return answer

    # state

    def check(self) -> None:
        """Called often by everything that loops: ends the command if it was terminated."""
        if self.terminated:
            raise CommandError(M.CommandCancelled())

    def scanned(self, count: int = 1) -> None:
        """Counts database rows looked at."""
        self.check()
        self.limits.scanned(count)

    def result(self, count: int = 1) -> None:
        """Counts rows of the result."""
        self.limits.results_of(count)

    @property
    def access(self):
        """auth.Access of this user from this host."""
        if self._access is None:
            from . import auth
            self._access = auth.Access(self.store, self.user, self.session.peer_host)
        return self._access

    def client_spec(self, required: bool = True):
        """The client's spec (spec_store.Client) or None; with required, the product's error if there is
        none."""
        if self._client is None:
            from . import clientspec
            self._client = clientspec.load(self.store, self.client_name)
            if self._client is not None:
                clientspec.check_use(self, self._client)
                clientspec.touch(self.store, self._client)
        if self._client is None and required:
            self.fail(M.NoSuchDomain2, type="Client", name=self.client_name, command="client")
        return self._client


def message_pairs(messages: list[Bound]) -> list[tuple[str, object]]:
    """The frame of one message, or of a chained one."""
    pairs: list[tuple[str, object]] = []
    for index, bound in enumerate(messages):
        suffix = "" if len(messages) == 1 else str(index)
        pairs += [("code" + suffix, bound.message.code), ("fmt" + suffix, bound.message.fmt)]
    args: dict = {}
    for bound in messages:
        args.update(bound.args)
    return [*pairs, *args.items()]


def run(ctx: Context, entry: Command) -> None:
    """Parses the arguments and runs the command; its errors become messages."""
    try:
        opts: Options = entry.spec.parse(ctx.args)
        if ctx.spelling is not None:
            ctx.spelling.options(entry.name, opts)
        entry.func(ctx, opts)
    except (CommandError, UsageError) as error:
        ctx.terminated = False
        ctx.message(*error.messages)
    except ClientFailed:
        pass
