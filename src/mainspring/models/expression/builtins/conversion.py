"""Conversion functions (section 10.3.4.1)."""

from __future__ import annotations

from mainspring.models.expression import tree
from mainspring.models.expression.arithmetic import midnight
from mainspring.models.expression.arithmetic import negate as negated
from mainspring.models.expression.decimals import Number, integer, multiply, number_of_text
from mainspring.models.expression.decimals import negate as negative
from mainspring.models.expression.errors import ExpressionError, Fault
from mainspring.models.expression.iso import read_date, read_date_time, read_duration, read_temporal, read_time
from mainspring.models.expression.lexer import tokenize
from mainspring.models.expression.objects import Range
from mainspring.models.expression.parser import parse
from mainspring.models.expression.ranges import bound, range_of
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.temporal import (
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    Duration,
    MonthsDuration,
    Time,
)
from mainspring.models.expression.values import order, order_key, show, text_of

GROUPINGS, POINTS = (" ", ",", "."), (",", ".")
ZONE_STEPS = 20
"""What looking for a time zone costs, where there may be one."""
PARSING_STEPS = 100
"""What reading a range costs besides its characters."""
OPEN_STARTS, OPEN_ENDS = ("(", "]"), (")", "[")
OPENS, CLOSES = {"[": ">=", "(": ">", "]": ">"}, {"]": "<=", ")": "<", "[": "<"}
"""The comparison that a bracket stands for where the other end of the range is missing."""


def to_date(value: str | Date | DateTime) -> Date:
    """The date that a text writes, or that of a date and time."""
    if isinstance(value, str):
        return read_date(value)
    return value.date if isinstance(value, DateTime) else value


def date_of(year: Number, month: Number, day: Number) -> Date:
    """A date from its components."""
    return Date(integer(year, "the year"), integer(month, "the month"), integer(day, "the day"))


def to_date_time(run: Run, value: str | DateTime) -> DateTime:
    """The date and time that a text writes."""
    run.spend(ZONE_STEPS)
    return read_date_time(value) if isinstance(value, str) else value


def date_and_time(date: Date | DateTime, time: Time) -> DateTime:
    """A date, or that of a date and time, with a time."""
    return DateTime(to_date(date), time)


def date_time_of(
    run: Run,
    year: Number,
    month: Number,
    day: Number,
    hour: Number,
    minute: Number,
    second: Number,
    *zone: DaysDuration | str,
) -> DateTime:
    """A date and time from its components, with an offset or a zone if one is given."""
    run.spend(ZONE_STEPS)
    return DateTime(date_of(year, month, day), time_of(hour, minute, second, *zone))


def to_time(run: Run, value: str | Date | DateTime | Time) -> Time:
    """The time that a text writes, or that of a date and time; that of a date is its midnight in UTC."""
    run.spend(ZONE_STEPS)
    match value:
        case str():
            return read_time(value)
        case Time():
            return value
        case _:
            return midnight(value).time


def time_of(hour: Number, minute: Number, second: Number, zone: DaysDuration | str | None = None) -> Time:
    """A time from its components, with an offset or a zone if one is given."""
    hours, minutes = integer(hour, "the hour"), integer(minute, "the minute")
    if not 0 <= hours <= 23 or not 0 <= minutes <= 59 or not 0 <= second < 60:
        raise Fault(f"{show(hour)}:{show(minute)}:{show(second)} is not a time of the day")
    nanoseconds = (hours * 60 + minutes) * 60 * SECOND + int(multiply(second, SECOND))
    if isinstance(zone, str):
        return Time(nanoseconds, None, zone)
    return Time(nanoseconds, None if zone is None else zone.nanoseconds // SECOND)


def to_number(text: str, grouping: str | None = None, point: str | None = None) -> Number:
    """The number that a text writes with these separators."""
    if grouping is not None and grouping not in GROUPINGS:
        raise Fault("the grouping separator must be a space, a comma, a period or null")
    if point is not None and point not in POINTS:
        raise Fault("the decimal separator must be a comma, a period or null")
    if grouping is not None and grouping == point:
        raise Fault("the two separators must differ")
    plain = text if grouping is None else text.replace(grouping, "")
    plain = plain if point is None or point == "." else plain.replace(".", " ").replace(point, ".")
    digits = plain.removeprefix("-")
    mantissa, _, exponent = digits.lower().partition("e")
    whole, has_point, fraction = mantissa.partition(".")
    parts = [whole or "0", fraction if has_point else "0", exponent.lstrip("+-") if "e" in digits.lower() else "0"]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise Fault(f"{show(text)} is not a number")
    value = number_of_text(digits)
    return negative(value) if plain.startswith("-") else value


def to_string(run: Run, value: object) -> str:
    """The value as text."""
    if value is None:
        raise Fault("null has no text")
    text = text_of(value, run.limits.string_max)
    run.write(len(text))
    return text


def to_duration(value: str | Duration) -> Duration:
    """The duration that a text writes."""
    return read_duration(value) if isinstance(value, str) else value


def months_between(start: Date | DateTime, end: Date | DateTime) -> MonthsDuration:
    """The whole months from one date to another; times of day do not count."""
    first, last = to_date(start), to_date(end)
    months = (last.year - first.year) * 12 + last.month - first.month
    if months > 0 and last.day < first.day:
        months -= 1
    elif months < 0 and last.day > first.day:
        months += 1
    return MonthsDuration(months)


def to_range(run: Run, text: str) -> Range:
    """The range that a text writes; its ends must be literals of one kind, and one may be missing where it is open."""
    run.spend(PARSING_STEPS + len(text))
    try:
        signs = [(said if kind == "sign" else "", start, end) for kind, said, start, end in tokenize(text)[:-1]]
        if len(signs) > 3 and signs[1][0] == ".." and signs[0][0] in OPEN_STARTS:
            return _half(CLOSES.get(signs[-1][0]), text[signs[1][2] : signs[-1][1]], text)
        if len(signs) > 3 and signs[-2][0] == ".." and signs[-1][0] in OPEN_ENDS:
            return _half(OPENS.get(signs[0][0]), text[signs[0][2] : signs[-2][1]], text)
        node = parse(text)
    except ExpressionError as error:
        raise Fault(f"{show(text)} is not a range: {error.warning.message}") from None
    if not isinstance(node, tree.Span):
        raise Fault(f"{show(text)} is not a range")
    start, end = _constant(node.start), _constant(node.end)
    if order(start, end) > 0:
        raise Fault(f"{show(text)} ends before it starts")
    return range_of(start, end, start_included=node.start_included, end_included=node.end_included)


def _half(operator: str | None, end: str, text: str) -> Range:
    """A range that has one end, which is what a comparison with that end is."""
    value = _constant(parse(end))
    if operator is None or order_key(value) is None:
        raise Fault(f"{show(text)} is not a range")
    return bound(operator, value)


READERS: dict[str, Reader] = {
    "date": read_date,
    "time": read_time,
    "date and time": read_date_time,
    "duration": read_duration,
}


def _constant(node: tree.Node) -> object:
    """The value of a literal, of a negative one, or of a temporal function of a literal."""
    match node:
        case tree.Literal(value=value):
            return value
        case tree.At(value=text):
            return read_temporal(text)
        case tree.Negate(operand=tree.Literal(value=value)):
            return negated(value)
        case tree.Call(function=tree.Name(name=name), arguments=(tree.Literal(value=str(text)),)) if name in READERS:
            return READERS[name](text)
        case _:
            raise Fault("the ends of a range in a string must be literals")


COMPONENTS = "year: number, month: number, day: number, hour: number, minute: number, second: number"
FUNCTIONS: Table = {
    "date": (("from: string|day", to_date, False), ("year: number, month: number, day: number", date_of, False)),
    "date and time": (
        ("from: string|date and time", to_date_time, True),
        ("date: day, time: time", date_and_time, False),
        (COMPONENTS, date_time_of, True),
        (f"{COMPONENTS}, offset: days and time duration", date_time_of, True),
        (f"{COMPONENTS}, timezone: string", date_time_of, True),
    ),
    "time": (
        ("from: string|day|time", to_time, True),
        ("hour: number, minute: number, second: number, offset?: days and time duration?", time_of, False),
    ),
    "number": (
        ("from: string", to_number, False),
        ("from: string, grouping separator: string?, decimal separator: string?", to_number, False),
    ),
    "string": (("from: any", to_string, True),),
    "duration": (("from: string|duration", to_duration, False),),
    "years and months duration": (("from: day, to: day", months_between, False),),
    "range": (("from: string", to_range, True),),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable

    from mainspring.models.expression.functions import Table

    Reader = Callable[[str], object]
