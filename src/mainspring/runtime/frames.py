"""What a worker and its child processes say to each other: msgpack, each message with its length before it."""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from mainspring.handler_context import LogLine
from mainspring.models.contract import Failure

LENGTH_BYTES = 4


class Perform(msgspec.Struct, tag=True):
    """To the child: run a handler."""

    path: str
    """`module:qualname`"""
    instance: str
    key: str
    attempt: int
    payload: bytes
    bytes_max: int
    """Of the output."""


class Ready(msgspec.Struct, tag=True):
    """From the child: it has started."""


class Said(msgspec.Struct, tag=True):
    """From the child: progress and lines of the handler."""

    fraction: float | None
    lines: tuple[LogLine, ...]


class Returned(msgspec.Struct, tag=True):
    """From the child: the handler's output."""

    output: bytes
    dropped: int = 0
    """Lines that were too many to be sent."""


class Raised(msgspec.Struct, tag=True):
    """From the child: the handler failed."""

    failure: Failure
    dropped: int = 0
    """Lines that were too many to be sent."""


Answer = Ready | Said | Returned | Raised

_encode = msgspec.msgpack.Encoder().encode
_decode_answer = msgspec.msgpack.Decoder(Answer).decode
_decode_request = msgspec.msgpack.Decoder(Perform).decode


def write(stream: BinaryIO, message: Perform | Answer) -> None:
    """Raises `OSError` where the other side is gone."""
    data = _encode(message)
    stream.write(len(data).to_bytes(LENGTH_BYTES, "little"))
    stream.write(data)
    stream.flush()


def read_request(stream: BinaryIO) -> Perform | None:
    """The next request; None: the other side is gone."""
    data = _read(stream)
    return None if data is None else _decode_request(data)


def read_answer(stream: BinaryIO) -> Answer | None:
    """The next answer; None: the other side is gone."""
    data = _read(stream)
    return None if data is None else _decode_answer(data)


def _read(stream: BinaryIO) -> bytes | None:
    head = stream.read(LENGTH_BYTES)
    if len(head) < LENGTH_BYTES:
        return None
    size = int.from_bytes(head, "little")
    data = stream.read(size)
    return data if len(data) == size else None
