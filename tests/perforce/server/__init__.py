"""The Perforce stand-in's server engine.

Text rule, the same in every module: inside Python all text (paths, names, descriptions) is `str` decoded as
UTF-8 with surrogateescape, so bytes that are not UTF-8 survive; on the wire and in SQLite it is bytes.
wire.py and store.py do the conversion, nobody else.  File content is always `bytes`.

Text columns of the store hold BLOBs: compare them with bound parameters, never with SQL string literals.
"""


def encode(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "surrogateescape")


def decode(data: bytes | str) -> str:
    return data if isinstance(data, str) else data.decode("utf-8", "surrogateescape")


VERSION_TEXT = "P4D/LINUX26X86_64/2023.2/2535420 (2024/01/05)"
