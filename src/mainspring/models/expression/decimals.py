"""Numbers: decimals of 34 digits (DMN 1.5, section 10.3.2.3.1), kept as `int` while they are whole.

A number is an `int` of at most 34 digits or a finite `Decimal`. Whole numbers are the fast path: Python adds two of
them in a tenth of the time of two decimals, and the result is the same as long as it has no more than 34 digits.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_DOWN,
    ROUND_HALF_EVEN,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DivisionByZero,
    InvalidOperation,
    Overflow,
)

from mainspring.models.expression.errors import Fault

Operation = Callable[[Decimal, Decimal], Decimal]

Number = int | Decimal

DIGITS = 34
# Operators such as `-` and `%`, and `abs`, round to the context that the caller of this library happens to have. Only
# comparisons are used on decimals directly.
WHOLE_MAX = 10**DIGITS
"""The first whole number that no longer has its 34 digits."""
EXPONENT_MAX, EXPONENT_MIN = 6144, -6143
"""Exponents of IEEE 754-2008 decimal128, the format that the standard names."""
SCALE_MIN, SCALE_MAX = -6111, 6176
"""Scales that a number of this format can be rounded to."""

DECIMAL128 = Context(
    prec=DIGITS,
    rounding=ROUND_HALF_EVEN,
    Emin=EXPONENT_MIN,
    Emax=EXPONENT_MAX,
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
_WIDE = Context(prec=SCALE_MAX + EXPONENT_MAX + DIGITS, traps=[InvalidOperation])
"""Rounds to any scale without running out of digits; the result is cut to 34 digits afterwards."""

ROUNDINGS = {
    "half even": ROUND_HALF_EVEN,
    "half up": ROUND_HALF_UP,
    "half down": ROUND_HALF_DOWN,
    "up": ROUND_UP,
    "down": ROUND_DOWN,
    "floor": ROUND_FLOOR,
    "ceiling": ROUND_CEILING,
}


def number_of_text(text: str) -> Number:
    """The number that digits with an optional point and exponent write; raises Fault when it is too large."""
    if text.isdecimal() and len(text) <= DIGITS:
        return int(text)
    try:
        value = DECIMAL128.create_decimal(text)
    except (InvalidOperation, Overflow):
        raise Fault(f"{text[:50]!r} is not a number of 34 digits and an exponent up to {EXPONENT_MAX}") from None
    has_fraction = isinstance(exponent := value.as_tuple().exponent, int) and exponent < 0
    return value if has_fraction and "e" not in text.lower() else whole(value)


def number_of_float(value: float) -> Decimal:
    """The shortest decimal that stands for this float: 0.1 means 0.1."""
    if value != value or value in (float("inf"), float("-inf")):
        raise Fault(f"{value} is not a number of FEEL")
    return Decimal(repr(value))


def fit(value: Number) -> Number:
    """The number with at most 34 digits; raises Fault when it is too large."""
    if type(value) is int and -WHOLE_MAX < value < WHOLE_MAX:
        return value
    try:
        return DECIMAL128.create_decimal(value)
    except Overflow:
        raise Fault("the number is too large") from None


def add(left: Number, right: Number) -> Number:
    """The sum."""
    if type(left) is int and type(right) is int:
        return fit(left + right)
    return _decided(DECIMAL128.add, left, right)


def subtract(left: Number, right: Number) -> Number:
    """The difference."""
    if type(left) is int and type(right) is int:
        return fit(left - right)
    return _decided(DECIMAL128.subtract, left, right)


def multiply(left: Number, right: Number) -> Number:
    """The product."""
    if type(left) is int and type(right) is int:
        return fit(left * right)
    return _decided(DECIMAL128.multiply, left, right)


def divide(left: Number, right: Number) -> Number:
    """The quotient, whole where it is exactly so."""
    if right == 0:
        raise Fault("division by zero")
    if type(left) is int and type(right) is int and left % right == 0:
        return left // right
    return _decided(DECIMAL128.divide, left, right)


def power(base: Number, exponent: Number) -> Number:
    """The power; exact where it has at most 34 digits, and 1 for an exponent of 0 (IEEE 754-2008, section 9.2.1)."""
    if exponent == 0:
        return 1
    if base == 0 and exponent < 0:
        raise Fault("division by zero")
    result = _decided(DECIMAL128.power, base, exponent)
    exact = type(base) is int and type(exponent) is int and exponent >= 0
    return int(result) if exact and -WHOLE_MAX < result < WHOLE_MAX else result


def modulo(dividend: Number, divisor: Number) -> Number:
    """The remainder that has the sign of the divisor (section 10.3.4.5)."""
    if divisor == 0:
        raise Fault("modulo by zero")
    if type(dividend) is int and type(divisor) is int:
        return dividend % divisor
    rest = _WIDE.remainder(Decimal(dividend), Decimal(divisor))
    return fit(rest) if rest == 0 or (rest < 0) is (divisor < 0) else add(rest, divisor)


def negate(value: Number) -> Number:
    """The number with the other sign."""
    return -value if type(value) is int else DECIMAL128.minus(value)


def rounded(value: Number, scale: int, how: str) -> Number:
    """The number with `scale` digits after the point."""
    if not SCALE_MIN <= scale <= SCALE_MAX:
        raise Fault(f"the scale {scale} is not between {SCALE_MIN} and {SCALE_MAX}")
    if type(value) is int and scale >= 0:
        return value
    decimal = Decimal(value)
    exponent = decimal.as_tuple().exponent
    if isinstance(exponent, int) and -exponent <= scale:
        return value
    result = decimal.quantize(Decimal(1).scaleb(-scale, _WIDE), rounding=ROUNDINGS[how], context=_WIDE)
    return whole(result) if scale <= 0 else fit(result)


def whole(value: Number) -> Number:
    """The same number, as `int` when it is whole and has at most 34 digits."""
    if isinstance(value, int) or not -WHOLE_MAX < value < WHOLE_MAX or value != value.to_integral_value():
        return value
    return int(value)


def integer(value: Number, what: str) -> int:
    """The whole part, for counts and positions; raises Fault when it is absurdly large."""
    if not -WHOLE_MAX < value < WHOLE_MAX:
        raise Fault(f"{what} is too large")
    return int(value)


def square_root(value: Number) -> Number:
    """The square root, whole where it is exactly so."""
    if value < 0:
        raise Fault("a negative number has no square root")
    return whole(DECIMAL128.sqrt(Decimal(value)))


def exponential(value: Number) -> Number:
    """The natural exponential."""
    return whole(_decided(lambda number, _: DECIMAL128.exp(number), value, 0))


def logarithm(value: Number) -> Number:
    """The natural logarithm."""
    if value <= 0:
        raise Fault("only a positive number has a logarithm")
    return whole(DECIMAL128.ln(Decimal(value)))


def text_of_number(value: Number) -> str:
    """The number without an exponent, as the standard writes it."""
    value = fit(value)
    return str(value) if type(value) is int else format(value, "f")


def _decided(operation: Operation, left: Number, right: Number) -> Decimal:
    try:
        return operation(Decimal(left), Decimal(right))
    except Overflow:
        raise Fault("the result is too large for a number") from None
    except (InvalidOperation, DivisionByZero):
        raise Fault("the result is not a number") from None
