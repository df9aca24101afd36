"""Arithmetic on all kinds of values: one table of what goes with what (DMN 1.5, section 10.3.2.5, tables 57 to 60)."""

from __future__ import annotations

from decimal import Decimal

from mainspring.models.expression import decimals
from mainspring.models.expression.decimals import Number, integer, rounded
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.temporal import (
    DAY,
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Time,
)
from mainspring.models.expression.values import describe_kind, is_local, kind_of

NUMBER, STRING, DATE, TIME, MOMENT = "number", "string", "date", "time", "date and time"
DAYS, MONTHS = "days and time duration", "years and months duration"
VERBS = {"+": "added to", "-": "subtracted from", "*": "multiplied with", "/": "divided by", "**": "raised to"}


def calculate(operator: str, left: object, right: object) -> object:
    """The result of an operator on two adopted values; raises Fault when the table has no row for their kinds."""
    row = TABLE.get((kind_of(left), operator, kind_of(right)))
    if row is None:
        first, second = (right, left) if operator in "+-" else (left, right)
        raise Fault(f"{describe_kind(first)} cannot be {VERBS[operator]} {describe_kind(second)}")
    return row(left, right)


def negate(value: object) -> object:
    """The value with the other sign."""
    match value:
        case bool():
            pass
        case int() | Decimal():
            return decimals.negate(value)
        case DaysDuration():
            return DaysDuration(-value.nanoseconds)
        case MonthsDuration():
            return MonthsDuration(-value.months)
    raise Fault(f"{describe_kind(value)} cannot be negated")


def _date_plus_days(date: Date, duration: DaysDuration) -> Date:
    """A date counts from its midnight; what is left of the last day is dropped."""
    return Date.of_number(date.number + duration.nanoseconds // DAY)


def _date_less_days(date: Date, duration: DaysDuration) -> Date:
    return Date.of_number(date.number + -duration.nanoseconds // DAY)


def _moment_plus_months(moment: DateTime, duration: MonthsDuration) -> DateTime:
    return DateTime(moment.date.plus_months(duration.months), moment.time)


def _moment_less_months(moment: DateTime, duration: MonthsDuration) -> DateTime:
    return DateTime(moment.date.plus_months(-duration.months), moment.time)


def _time_plus(time: Time, duration: DaysDuration) -> Time:
    return time.at(time.nanoseconds + duration.nanoseconds)


def _time_less(time: Time, duration: DaysDuration) -> Time:
    return time.at(time.nanoseconds - duration.nanoseconds)


def _moments_apart(left: DateTime | Date, right: DateTime | Date) -> DaysDuration:
    """A date stands for its midnight in UTC."""
    first, second = midnight(left), midnight(right)
    if first.is_local != second.is_local:
        raise Fault("a local date and time cannot be subtracted from or by one that has an offset")
    return DaysDuration(first.instant() - second.instant())


def midnight(value: DateTime | Date) -> DateTime:
    """A date and time; that of a date is its midnight in UTC."""
    return DateTime(value, Time(0, offset=0)) if isinstance(value, Date) else value


def _times_apart(left: Time, right: Time) -> DaysDuration:
    if is_local(left) != is_local(right):
        raise Fault("a local time cannot be subtracted from or by one that has an offset")
    return DaysDuration(left.instant() - right.instant())


def _days_times(duration: DaysDuration, factor: Number) -> DaysDuration:
    return DaysDuration(_cut(decimals.multiply(duration.nanoseconds, factor)))


def _months_times(duration: MonthsDuration, factor: Number) -> MonthsDuration:
    return MonthsDuration(_cut(decimals.multiply(duration.months, factor)))


def _days_by(duration: DaysDuration, divisor: Number) -> DaysDuration:
    return DaysDuration(_cut(decimals.divide(duration.nanoseconds, divisor)))


def _months_by(duration: MonthsDuration, divisor: Number) -> MonthsDuration:
    return MonthsDuration(_cut(decimals.divide(duration.months, divisor)))


def _cut(amount: Number) -> int:
    """The whole part: durations are counted in whole nanoseconds or months."""
    return integer(rounded(amount, 0, "down"), "the duration")


TABLE: dict[tuple[str, str, str], Rule] = {
    (NUMBER, "+", NUMBER): decimals.add,
    (NUMBER, "-", NUMBER): decimals.subtract,
    (NUMBER, "*", NUMBER): decimals.multiply,
    (NUMBER, "/", NUMBER): decimals.divide,
    (NUMBER, "**", NUMBER): decimals.power,
    (STRING, "+", STRING): lambda left, right: left + right,
    (DATE, "+", DAYS): _date_plus_days,
    (DAYS, "+", DATE): lambda left, right: _date_plus_days(right, left),
    (DATE, "-", DAYS): _date_less_days,
    (DATE, "+", MONTHS): lambda left, right: left.plus_months(right.months),
    (MONTHS, "+", DATE): lambda left, right: right.plus_months(left.months),
    (DATE, "-", MONTHS): lambda left, right: left.plus_months(-right.months),
    (MOMENT, "+", DAYS): lambda left, right: left.plus(right.nanoseconds),
    (DAYS, "+", MOMENT): lambda left, right: right.plus(left.nanoseconds),
    (MOMENT, "-", DAYS): lambda left, right: left.plus(-right.nanoseconds),
    (MOMENT, "+", MONTHS): _moment_plus_months,
    (MONTHS, "+", MOMENT): lambda left, right: _moment_plus_months(right, left),
    (MOMENT, "-", MONTHS): _moment_less_months,
    (TIME, "+", DAYS): _time_plus,
    (DAYS, "+", TIME): lambda left, right: _time_plus(right, left),
    (TIME, "-", DAYS): _time_less,
    (DATE, "-", DATE): _moments_apart,
    (MOMENT, "-", MOMENT): _moments_apart,
    (DATE, "-", MOMENT): _moments_apart,
    (MOMENT, "-", DATE): _moments_apart,
    (TIME, "-", TIME): _times_apart,
    (DAYS, "+", DAYS): lambda left, right: DaysDuration(left.nanoseconds + right.nanoseconds),
    (DAYS, "-", DAYS): lambda left, right: DaysDuration(left.nanoseconds - right.nanoseconds),
    (DAYS, "*", NUMBER): _days_times,
    (NUMBER, "*", DAYS): lambda left, right: _days_times(right, left),
    (DAYS, "/", NUMBER): _days_by,
    (DAYS, "/", DAYS): lambda left, right: decimals.divide(left.nanoseconds, right.nanoseconds),
    (MONTHS, "+", MONTHS): lambda left, right: MonthsDuration(left.months + right.months),
    (MONTHS, "-", MONTHS): lambda left, right: MonthsDuration(left.months - right.months),
    (MONTHS, "*", NUMBER): _months_times,
    (NUMBER, "*", MONTHS): lambda left, right: _months_times(right, left),
    (MONTHS, "/", NUMBER): _months_by,
    (MONTHS, "/", MONTHS): lambda left, right: decimals.divide(left.months, right.months),
}
"""The kinds on the left and right of each operator, and what it does with them."""


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Rule = Callable[[Any, Any], object]
