"""Frames of the stand-in's wire protocol (WIRE.md): a length, then ordered key/value pairs.

Channel is used by the server (one per connection) and by the Python test client.  Reading and writing are
bounded; a peer that breaks the rules raises WireError, one that goes away raises Closed.  Output is buffered
until flush(), or until it is large.
"""

import socket
import struct
from functools import lru_cache
from typing import Iterable

from . import decode, encode

MAX_FRAME = 16 * 1024 * 1024
FLUSH_AT = 64 * 1024
LEN = struct.Struct("<I")

Pairs = list[tuple[str, bytes]]


class WireError(Exception):
    """The peer sent something that is not a frame."""


class Closed(WireError):
    """The peer closed the connection."""


def value_bytes(value) -> bytes:
    """A frame value: bytes as they are, text as UTF-8, numbers in decimal, True as the empty flag value."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return encode(value)
    if value is True:
        return b""
    return str(int(value)).encode()


@lru_cache(maxsize=4096)
def _key(key: str) -> bytes:
    """A key with its length; the same few come over and over."""
    raw = encode(key)
    return LEN.pack(len(raw)) + raw


def pack(pairs: Iterable[tuple[str, object]]) -> bytes:
    """One frame.  Pairs whose value is None are left out."""
    parts = []
    for key, value in pairs:
        if value is None:
            continue
        raw = value.encode("utf-8", "surrogateescape") if type(value) is str else value_bytes(value)
        parts += (_key(key), LEN.pack(len(raw)), raw)
    payload = b"".join(parts)
    if len(payload) > MAX_FRAME:
        raise WireError(f"frame of {len(payload)} bytes is too large")
    return LEN.pack(len(payload)) + payload


def unpack(payload: bytes) -> Pairs:
    pairs, at, end = [], 0, len(payload)
    while at < end:
        key, at = _string(payload, at, end)
        value, at = _string(payload, at, end)
        pairs.append((decode(key), value))
    return pairs


def _string(payload: bytes, at: int, end: int) -> tuple[bytes, int]:
    if at + 4 > end:
        raise WireError("truncated frame")
    (size,) = LEN.unpack_from(payload, at)
    at += 4
    if at + size > end:
        raise WireError("string runs past its frame")
    return payload[at:at + size], at + size


class Frame:
    """A received frame: ordered pairs with access by key.  get() gives text, raw() gives bytes."""

    def __init__(self, pairs: Pairs):
        self.pairs = pairs
        self._map = dict(pairs)

    def __contains__(self, key: str) -> bool:
        return key in self._map

    def get(self, key: str, default: str = "") -> str:
        value = self._map.get(key)
        return default if value is None else decode(value)

    def raw(self, key: str, default: bytes = b"") -> bytes:
        return self._map.get(key, default)

    @property
    def func(self) -> str:
        return self.get("func")


class Channel:
    """Buffered frames over one connected socket.

    `budget` is the number of bytes that may still be sent before the connection is cut (None: no limit); it
    serves the fault "drop after N bytes".
    """

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.reader = sock.makefile("rb", buffering=FLUSH_AT)
        self.out = bytearray()
        self.budget: int | None = None

    def read(self) -> Frame:
        """The next frame; Closed at a clean end of stream."""
        head = self._exactly(4, first=True)
        (size,) = LEN.unpack(head)
        if size > MAX_FRAME:
            raise WireError(f"frame of {size} bytes is too large")
        return Frame(unpack(self._exactly(size)))

    def _exactly(self, size: int, first: bool = False) -> bytes:
        try:
            data = self.reader.read(size)
        except OSError as error:
            raise Closed(str(error)) from error
        if len(data) < size:
            raise Closed("end of stream" if first and not data else "end of stream inside a frame")
        return data

    def write(self, func: str, pairs: Iterable[tuple[str, object]] = ()) -> None:
        self.out += pack([("func", func), *pairs])
        if len(self.out) >= FLUSH_AT:
            self.flush()

    def flush(self) -> None:
        data, self.out = bytes(self.out), bytearray()
        if not data:
            return
        cut = self.budget is not None and len(data) > self.budget
        if cut:
            data = data[:self.budget]
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Closed(str(error)) from error
        if self.budget is not None:
            self.budget -= len(data)
        if cut:
            self.close()
            raise Closed("connection dropped on request")

    def close(self) -> None:
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.reader.close()
        self.sock.close()
