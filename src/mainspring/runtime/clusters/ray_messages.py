"""What the keeper of a Ray cluster, its driver and its outpost tell each other: msgpack, with its length before it."""

from __future__ import annotations

from typing import IO

import msgspec
from msgspec import Struct

LENGTH_BYTES = 4


class Send(Struct, tag=True):
    """To the outpost: have a bundle performed."""

    id: str
    name: str
    bundle: bytes


class Tell(Struct, tag=True):
    """To the outpost: as `Cluster.tell`."""

    words: dict[str, list[int]]
    is_end: bool
    whole: list[str]


class Came(Struct, tag=True):
    """From the outpost: what a bundle came to."""

    id: str
    answer: bytes | None = None
    """None, as the error is: it was taken back before it began."""
    error: str = ""
    is_stranger: bool = False
    """It could not be loaded there."""


class There(Struct, tag=True):
    """From the outpost, again and again: it is there, and what has become of things since the last time."""

    threads: int
    said: list[bytes]
    came: list[Came]


class Away(Struct, tag=True):
    """From the driver, as its last word: the cluster is not there."""

    why: str


Order = Send | Tell
Report = There | Away

encode = msgspec.msgpack.Encoder().encode
decode_order = msgspec.msgpack.Decoder(Order).decode
decode_report = msgspec.msgpack.Decoder(Report).decode


def write(stream: IO[bytes], message: bytes) -> None:
    """Raises `OSError` where the other side is gone."""
    stream.write(len(message).to_bytes(LENGTH_BYTES, "little") + message)
    stream.flush()


def read(stream: IO[bytes]) -> bytes | None:
    """The next message; None: the other side is gone."""
    head = stream.read(LENGTH_BYTES)
    size = int.from_bytes(head, "little")
    data = stream.read(size)
    return data if len(head) == LENGTH_BYTES and len(data) == size else None
