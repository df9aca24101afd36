"""What expressions of a process see and give."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import msgspec

Evaluate = Callable[[Any], Any]
"""Takes what gives the value of a name by `[name]`, and raises `KeyError` for one that is not in sight."""

MOMENT: ContextVar[float] = ContextVar("the time of the step that evaluates", default=0.0)
"""`now()` is the time at which an event came, so that the same event decides the same whenever it is asked."""


class NoValueError(Exception):
    """An expression has no value, or one of the wrong kind; becomes an incident."""


class CodeInvalidError(Exception):
    """A text that is no expression."""


def _other(value: object) -> Any:
    """What JSON has no form for: as text."""
    return str(value)


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_other)
PLAIN = frozenset({type(None), bool, int, str})


def encode(value: Any) -> bytes:
    return _encoder.encode(value)


def plain(value: Any) -> Any:
    """A value as its JSON would be read again."""
    return value if type(value) in PLAIN else msgspec.json.decode(_encoder.encode(value))
