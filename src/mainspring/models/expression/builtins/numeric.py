"""Numeric functions (section 10.3.4.5) and `not` (section 10.3.4.2)."""

from __future__ import annotations

from mainspring.models.expression import arithmetic, decimals
from mainspring.models.expression.decimals import Number
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import SERIES_STEPS
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.temporal import DaysDuration, Duration, MonthsDuration


def absolute(value: Number | Duration) -> object:
    """The number or duration without its sign."""
    match value:
        case DaysDuration(nanoseconds=amount) | MonthsDuration(months=amount):
            negative = amount < 0
        case _:
            negative = value < 0
    return arithmetic.negate(value) if negative else value


def _rounding(how: str) -> Rounder:
    def rounded(value: Number, scale: Number | None = None) -> Number:
        places = 0 if scale is None else decimals.integer(scale, "the scale")
        return decimals.rounded(value, places, how)

    return rounded


def logarithm(run: Run, value: Number) -> Number:
    """The natural logarithm."""
    run.spend(SERIES_STEPS)
    return decimals.logarithm(value)


def exponential(run: Run, value: Number) -> Number:
    """The natural exponential."""
    run.spend(SERIES_STEPS)
    return decimals.exponential(value)


def is_odd(value: Number) -> bool:
    """Whether the number is whole and odd."""
    return decimals.modulo(value, 2) == 1


def is_even(value: Number) -> bool:
    """Whether the number is whole and even."""
    return decimals.modulo(value, 2) == 0


def random_number(run: Run) -> object:
    """A number from 0 up to 1, from the source that the caller of the expression gave."""
    if run.plan.random is None:
        raise Fault("random number() needs a source of randomness")
    return adopt(run.plan.random())


def negated(value: bool | None) -> bool | None:
    """The other truth value; that of null is null."""
    return None if value is None else not value


FUNCTIONS: Table = {
    "not": (("negand: boolean?", negated, False),),
    "decimal": (("n: number, scale: number", _rounding("half even"), False),),
    "floor": (("n: number, scale?: number", _rounding("floor"), False),),
    "ceiling": (("n: number, scale?: number", _rounding("ceiling"), False),),
    "round up": (("n: number, scale: number", _rounding("up"), False),),
    "round down": (("n: number, scale: number", _rounding("down"), False),),
    "round half up": (("n: number, scale: number", _rounding("half up"), False),),
    "round half down": (("n: number, scale: number", _rounding("half down"), False),),
    "abs": (("n: number|duration", absolute, False),),
    "modulo": (("dividend: number, divisor: number", decimals.modulo, False),),
    "sqrt": (("number: number", decimals.square_root, False),),
    "log": (("number: number", logarithm, True),),
    "exp": (("number: number", exponential, True),),
    "odd": (("number: number", is_odd, False),),
    "even": (("number: number", is_even, False),),
    "random number": (("", random_number, True),),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable

    from mainspring.models.expression.functions import Table

    Rounder = Callable[..., Number]
