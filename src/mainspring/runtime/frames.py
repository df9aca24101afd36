"""What a worker and its child processes say to each other: msgpack, each message with a mark and its length before it.

Invariant: every answer names the request it belongs to and the process that gives it, for a handler can copy its
process and write where it should not.  What does not fit is never taken for an answer.
"""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from mainspring.handler_context import LogLine
from mainspring.models.contract import Failure

MARK = b"\x00ms\xff"
"""Begins each message: what a handler writes to the pipe by mistake is known at once.  Read as
a length, as after a message that was torn apart, it is one that no message can have."""

LENGTH_BYTES = 4

ROOM_BYTES = 64 * 1024 * 1024
"""For what an answer holds beside its output: at most all lines of an attempt, or a failure."""


class FrameInvalidError(Exception):
    """What came through the pipe is no message of ours."""


class Perform(msgspec.Struct, tag=True):
    """To the child: run a handler."""

    token: int
    """The number of the request; its answers carry it."""
    path: str
    """`module:qualname`"""
    instance: str
    key: str
    attempt: int
    payload: bytes
    bytes_max: int
    """Of the output."""
    memory_max_mb: float | None = None
    name: str = ""
    """Of the handler, as its tasks call it."""


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
    unrestored: tuple[str, ...] = ()
    """What the handler has left changed in its process for good."""
    resident_mb: float = 0.0
    """What its process has in memory afterwards."""


class Raised(msgspec.Struct, tag=True):
    """From the child: the handler failed."""

    failure: Failure
    dropped: int = 0
    """Lines that were too many to be sent."""
    unrestored: tuple[str, ...] = ()
    """What the handler has left changed in its process for good."""
    resident_mb: float = 0.0
    """What its process has in memory afterwards."""


Answer = Ready | Said | Returned | Raised


class Envelope(msgspec.Struct):
    """An answer, and whose it is."""

    pid: int
    """The process that wrote it."""
    token: int
    """Of the request; 0 before the first."""
    answer: Answer


_encode = msgspec.msgpack.Encoder().encode
_decode_envelope = msgspec.msgpack.Decoder(Envelope).decode
_decode_request = msgspec.msgpack.Decoder(Perform).decode


def write(stream: BinaryIO, message: Perform | Envelope) -> None:
    """Raises `OSError` where the other side is gone."""
    data = _encode(message)
    stream.write(MARK + len(data).to_bytes(LENGTH_BYTES, "little"))
    stream.write(data)
    stream.flush()


def read_request(stream: BinaryIO) -> Perform | None:
    """The next request; None: the other side is gone."""
    data = _read(stream, None)
    return None if data is None else _decode_request(data)


def read_answer(stream: BinaryIO, bytes_max: int) -> Envelope | None:
    """The next answer; None: the other side is gone, or has closed the pipe.

    Raises `FrameInvalidError` where something else has written to the pipe.
    """
    data = _read(stream, bytes_max + ROOM_BYTES)
    try:
        return None if data is None else _decode_envelope(data)
    except msgspec.DecodeError as error:
        raise FrameInvalidError(str(error)) from None


def _read(stream: BinaryIO, size_max: int | None) -> bytes | None:
    head = stream.read(len(MARK) + LENGTH_BYTES)
    if not head.startswith(MARK[: len(head)]):
        raise FrameInvalidError(f"{head!r} does not begin a message")
    if len(head) < len(MARK) + LENGTH_BYTES:
        return None
    size = int.from_bytes(head[len(MARK) :], "little")
    if size_max is not None and size > size_max:
        raise FrameInvalidError(f"a message of {size:,} bytes is longer than any can be")
    data = stream.read(size)
    return data if len(data) == size else None
