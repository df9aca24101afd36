"""What expressions of a process see and give; the languages are in `language.py`, loaded with the first.

A compiled expression is a function of the variables in sight.  A missing variable, or a comparison without a meaning,
is an error with its place, which becomes an incident at the element, and no silent null.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from importlib import import_module
from typing import Any

import msgspec

from mainspring.models.process.document import TEXT, Code

Evaluate = Callable[[Any], Any]
"""Takes what gives the value of a name by `[name]`, and raises `KeyError` for one that is not in sight."""

MOMENT: ContextVar[float] = ContextVar("the time of the step that evaluates", default=0.0)
"""`now()` is the time at which an event came, so that the same event decides the same whenever it is asked."""


class NoValueError(Exception):
    """An expression has no value, or one of the wrong kind; becomes an incident."""


class CodeInvalidError(Exception):
    """A text that is no expression."""


def compile_code(code: Code) -> Evaluate:
    """Raises `CodeInvalidError` with the place in the text."""
    if code.language == TEXT:
        text = code.text
        return lambda _: text
    evaluate: Evaluate = import_module("mainspring.models.process.language").compile_expression(code)
    return evaluate


def compile_condition(code: Code) -> Evaluate:
    """The same for what must be true or false."""
    evaluate = compile_code(code)

    def holds(scope: Any) -> bool:
        value = evaluate(scope)
        if value is True or value is False:
            return value
        raise NoValueError(f"{code.text:.200}: the condition gives {value!r:.80}, neither true nor false")

    return holds


# --- Values -----------------------------------------------------------------------------------


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
