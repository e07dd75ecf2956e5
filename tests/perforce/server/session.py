"""One client connection: who is there, what it asked for, and asking it to do things.

The connection's variables come from the protocol frame.  Commands follow one after another until the client
closes.  Asks may be pipelined: begin() sends, finish() collects in the same order.
"""

from typing import Callable

from .wire import Channel, Frame, WireError


class Session:
    def __init__(self, channel: Channel, protocol: Frame, peer: tuple):
        self.channel = channel
        self.vars = protocol
        self.user = protocol.get("user")
        self.client = protocol.get("client")
        self.host = protocol.get("host")
        self.cwd = protocol.get("cwd")
        self.port = protocol.get("port")
        self.prog = protocol.get("prog", "p4")
        self.ticket = protocol.get("ticket")
        self.tagged = "tag" in protocol
        self.specstring = "specstring" in protocol
        self.peer_host, self.peer_port = peer[0], peer[1]
        self._last_ask = 0
        self._open: dict[str, Callable[[Frame], None] | None] = {}
        self._answers: dict[str, Frame] = {}

    def begin(self, func: str, fields: dict, each: Callable[[Frame], None] | None = None) -> str:
        """Sends an ask; its id.  Frames that come before the answer (file-data, dir-entry) go to each."""
        self._last_ask += 1
        self._open[str(self._last_ask)] = each
        self.channel.write(func, [("ask", self._last_ask), *fields.items()])
        return str(self._last_ask)

    def finish(self, ask: str) -> Frame:
        """The answer to an ask.  Answers to earlier asks are kept for whoever waits for them."""
        self.channel.flush()
        while ask not in self._answers:
            frame = self.channel.read()
            found = frame.get("id")
            if found not in self._open:
                raise WireError(f"answer to {found!r} while waiting for {ask}")
            if frame.func == "answer":
                del self._open[found]
                self._answers[found] = frame
            elif self._open[found] is not None:
                self._open[found](frame)
        return self._answers.pop(ask)

    def ask(self, func: str, fields: dict, each: Callable[[Frame], None] | None = None) -> Frame:
        return self.finish(self.begin(func, fields, each))
