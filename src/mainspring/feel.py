"""FEEL, the expression language of DMN 1.5: compiled, bounded, and honest about its errors.

>>> from mainspring import feel
>>> guard = feel.compile("approval_required and amount > limit")
>>> guard(approval_required=True, amount=5000, limit=1000)
True
>>> sorted(feel.compile("for x in prices return x * rate").names)
['prices', 'rate']
>>> feel.unary("[1..10), > 100")(42)
False
>>> feel.evaluate("10 / amount", {"amount": 0})
Result(None, warnings=['division by zero (line 1, column 4)'])
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from os import urandom

from mainspring.models.expression.errors import (
    EvaluationError,
    ExpressionError,
    ExpressionSyntaxError,
    LimitError,
    LocatedWarning,
)
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.objects import Function, Range
from mainspring.models.expression.printer import quote
from mainspring.models.expression.program import Expression, Inputs, Result, UnaryTests, compile_text, compile_unary
from mainspring.models.expression.runtime import Plan
from mainspring.models.expression.temporal import Date, DateTime, DaysDuration, MonthsDuration, Time
from mainspring.models.expression.values import text_of

__all__ = [
    "Date",
    "DateTime",
    "DaysDuration",
    "EvaluationError",
    "Expression",
    "ExpressionError",
    "ExpressionSyntaxError",
    "Function",
    "LimitError",
    "Limits",
    "LocatedWarning",
    "MonthsDuration",
    "Range",
    "Result",
    "Time",
    "UnaryTests",
    "compile",
    "evaluate",
    "to_text",
    "unary",
]

DEFAULT_LIMITS = Limits()
RANDOM_BITS = 48
"""Bits of a random number; fifteen decimal digits."""

Clock = Callable[[], datetime]
Random = Callable[[], float]


def system_clock() -> datetime:
    """The present moment with the offset of this machine's zone."""
    return datetime.now().astimezone()


def system_random() -> float:
    """A random number from 0 up to 1."""
    return int.from_bytes(urandom(RANDOM_BITS // 8), "big") / (1 << RANDOM_BITS)


def compile(  # noqa: A001 - `feel.compile` reads as `re.compile` does
    text: str,
    *,
    strict: bool = False,
    language: str = "feel",
    names: Iterable[str] = (),
    clock: Clock | None = None,
    random: Random | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Expression:
    """Compile an expression; raises ExpressionSyntaxError with its place, or LimitError.

    `strict` raises EvaluationError where the standard would give null with a warning. `language` is `feel`, or
    `juel` for the `${…}` of older BPMN files. `names` are inputs whose names hold signs or keywords, such as `a-b`.
    `clock` and `random` are what `now()`, `today()` and `random number()` ask; without them, this machine.
    """
    plan = Plan(text, strict=strict, clock=clock or system_clock, random=random or system_random, limits=limits)
    return compile_text(plan, language=language, names=tuple(names))


def unary(
    text: str,
    *,
    strict: bool = False,
    names: Iterable[str] = (),
    clock: Clock | None = None,
    random: Random | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> UnaryTests:
    """Compile unary tests, as a cell of a decision table holds them; arguments and errors are those of `compile`."""
    plan = Plan(text, strict=strict, clock=clock or system_clock, random=random or system_random, limits=limits)
    return compile_unary(plan, names=tuple(names))


def evaluate(
    text: str,
    inputs: Inputs | None = None,
    *,
    strict: bool = False,
    language: str = "feel",
    names: Iterable[str] = (),
    clock: Clock | None = None,
    random: Random | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Result:
    """Compile and evaluate an expression once; names that the inputs have are known without `names`."""
    known = (*names, *(inputs or ()))
    expression = compile(text, strict=strict, language=language, names=known, clock=clock, random=random, limits=limits)
    return expression.evaluate(inputs)


def to_text(value: object) -> str:
    """A value as `string()` writes it, but texts in quotes; raises LimitError beyond a million characters.

    >>> print(to_text({"rate": compile("3 / 8")(), "names": ["a"]}))
    {rate: 0.375, names: ["a"]}
    """
    try:
        return quote(value) if isinstance(value, str) else text_of(value)
    except RecursionError:
        raise LimitError("the value is nested too deeply") from None
