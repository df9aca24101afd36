"""What may follow a point: entries of contexts and the properties of temporal values and ranges (table 65)."""

from __future__ import annotations

from mainspring.models.expression.decimals import Number, divide
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.objects import Range
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.temporal import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Time,
)
from mainspring.models.expression.values import describe_kind


def property_of(value: object, name: str) -> object:
    """The entry or property of this name; raises Fault when the value has none. A list gives that of each element."""
    if type(value) is dict:
        if name in value:
            return adopt(value[name])
        raise Fault(f"the context has no entry '{name}'")
    reader = PROPERTIES.get(type(value), {}).get(name)
    if reader is None:
        raise Fault(f"{describe_kind(value)} has no property '{name}'")
    return reader(value)


def _offset(seconds: int | None) -> DaysDuration | None:
    return None if seconds is None else DaysDuration(seconds * SECOND)


def _seconds(nanoseconds: int) -> Number:
    return divide(nanoseconds % MINUTE, SECOND)


def _signed(amount: int, unit: int, size: int | None = None) -> int:
    """How often a unit fits, counted away from zero, without what fills the next larger unit."""
    count = abs(amount) // unit if size is None else abs(amount) % size // unit
    return -count if amount < 0 else count


def _signed_seconds(nanoseconds: int) -> Number:
    return divide(abs(nanoseconds) % MINUTE * (-1 if nanoseconds < 0 else 1), SECOND)


_DATE: Readers = {
    "year": lambda date: date.year,
    "month": lambda date: date.month,
    "day": lambda date: date.day,
    "weekday": lambda date: date.weekday,
}
_TIME: Readers = {
    "hour": lambda time: time.nanoseconds // HOUR,
    "minute": lambda time: time.nanoseconds // MINUTE % 60,
    "second": lambda time: _seconds(time.nanoseconds),
    "time offset": lambda time: _offset(time.utc_offset),
    "timezone": lambda time: time.zone,
}


def _of_date(reader: Reader) -> Reader:
    return lambda moment: reader(moment.date)


def _of_time(reader: Reader) -> Reader:
    return lambda moment: reader(moment.time)


PROPERTIES: dict[type, Readers] = {
    Date: _DATE,
    Time: _TIME,
    DateTime: {
        **{name: _of_date(reader) for name, reader in _DATE.items()},
        **{name: _of_time(reader) for name, reader in _TIME.items()},
        "time offset": lambda moment: _offset(moment.offset),
    },
    DaysDuration: {
        "days": lambda duration: _signed(duration.nanoseconds, DAY),
        "hours": lambda duration: _signed(duration.nanoseconds, HOUR, DAY),
        "minutes": lambda duration: _signed(duration.nanoseconds, MINUTE, HOUR),
        "seconds": lambda duration: _signed_seconds(duration.nanoseconds),
    },
    MonthsDuration: {
        "years": lambda duration: _signed(duration.months, 12),
        "months": lambda duration: _signed(duration.months, 1, 12),
    },
    Range: {
        "start": lambda span: span.start,
        "end": lambda span: span.end,
        "start included": lambda span: span.start_included,
        "end included": lambda span: span.end_included,
    },
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    Reader = Callable[[Any], object]
    Readers = Mapping[str, Reader]
