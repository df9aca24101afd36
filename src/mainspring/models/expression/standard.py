"""The border to Python: its values become those of expressions, and results become its values again.

The mapping is written down in docs/reference/feel.md. Values go out as the standard library's types whenever these hold
them exactly; a year 10000 or a nanosecond stays what it is in here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal

from mainspring.models.expression.decimals import fit, number_of_float
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.objects import Function, Range
from mainspring.models.expression.temporal import (
    DAY,
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Time,
)
from mainspring.models.expression.zones import zone_named

Adopter = Callable[[object], object]

PLAIN = frozenset((type(None), bool, int, str, list, dict, Range, Date, Time, DateTime, DaysDuration, MonthsDuration))
"""Types that are values as they are."""
READY = frozenset((type(None), bool, int, str, Decimal))
"""Types of results that go out as they are."""
_SETTLED = READY - {Decimal}
"""The same inside of lists and dicts, where a Decimal may come from outside and be no number of FEEL."""
ANY_DAY = Date(2000, 1, 1)
"""Gives a time of day the date that it needs on its way out."""
YEARS = range(1, 10_000)
"""The years that the standard library knows."""


def adopt(value: object) -> object:
    """The value that a Python object stands for; only its surface is looked at. Raises Fault when there is none."""
    if type(value) in PLAIN:
        return value
    return _ADOPTERS.get(type(value), _adopt_other)(value)


def adopt_all(items: list[object]) -> list[object]:
    """The list with all its elements adopted; the very same list when that changes nothing."""
    return items if PLAIN.issuperset(map(type, items)) else [adopt(item) for item in items]


def _adopt_other(value: object) -> object:
    """Instances of subclasses become the plain value they are; other objects of Python have no meaning."""
    match value:
        case str():
            return str.__str__(value)
        case int():
            return int(value)
        case float():
            return number_of_float(float(value))
        case Mapping():
            return dict(value)
        case list() | tuple():
            return list(value)
        case datetime():
            return _adopt_datetime(value)
        case date():
            return _adopt_date(value)
        case Function():
            return value
        case _:
            raise Fault(f"a Python {type(value).__name__} has no meaning in an expression")


def _adopt_float(value: object) -> Decimal:
    assert isinstance(value, float)
    return number_of_float(value)


def _adopt_tuple(value: object) -> list[object]:
    assert isinstance(value, tuple)
    return list(value)


def _adopt_decimal(value: object) -> Decimal | int:
    assert isinstance(value, Decimal)
    if not value.is_finite():
        raise Fault(f"{value} is not a number of FEEL")
    return fit(value)


def _adopt_date(value: object) -> Date:
    assert isinstance(value, date)
    return Date(value.year, value.month, value.day)


def _adopt_datetime(value: object) -> DateTime:
    """A fold that the zone's name cannot tell is kept as the offset."""
    assert isinstance(value, datetime)
    offset, zone = _adopt_zone(value.tzinfo, value)
    clock = _adopt_clock(value, offset, zone)
    if zone is not None and value.fold and value.utcoffset() != value.replace(fold=0).utcoffset():
        return DateTime(_adopt_date(value), clock, _whole_seconds(value.utcoffset()))
    return DateTime(_adopt_date(value), clock)


def _adopt_time(value: object) -> Time:
    assert isinstance(value, time)
    return _adopt_clock(value, *_adopt_zone(value.tzinfo, value))


def _adopt_clock(value: datetime | time, offset: int | None, zone: str | None) -> Time:
    seconds = value.hour * 3600 + value.minute * 60 + value.second
    return Time(seconds * SECOND + value.microsecond * 1000, offset, zone)


def _adopt_zone(zone: tzinfo | None, value: datetime | time) -> tuple[int | None, str | None]:
    """The offset of a fixed zone, or the name of one with rules."""
    if zone is None:
        return None, None
    name = getattr(zone, "key", None)
    if isinstance(name, str):
        return None, name
    return _whole_seconds(value.utcoffset()), None


def _whole_seconds(offset: timedelta | None) -> int | None:
    return None if offset is None else int(offset.total_seconds())


def _adopt_timedelta(value: object) -> DaysDuration:
    assert isinstance(value, timedelta)
    seconds = value.days * 86_400 + value.seconds
    return DaysDuration(seconds * SECOND + value.microseconds * 1000)


_ADOPTERS: dict[type, Adopter] = {
    float: _adopt_float,
    Decimal: _adopt_decimal,
    tuple: _adopt_tuple,
    datetime: _adopt_datetime,
    date: _adopt_date,
    time: _adopt_time,
    timedelta: _adopt_timedelta,
}


def release(value: object) -> object:
    """The Python object for a result; lists and dicts are walked, and copied where something in them changes."""
    return value if type(value) in READY else _release(value, {})


def _release(value: object, done: dict[int, object]) -> object:
    """`done` keeps shared parts shared, so that a result made of itself many times over stays small."""
    value = adopt(value)
    match value:
        case list() | dict():
            if id(value) not in done:
                done[id(value)] = _release_list(value, done) if isinstance(value, list) else _release_dict(value, done)
            return done[id(value)]
        case Date() | Time() | DateTime() | DaysDuration():
            return _release_temporal(value)
        case _:
            return value


def _release_list(items: list[object], done: dict[int, object]) -> list[object]:
    if _SETTLED.issuperset(map(type, items)):
        return items
    return [item if type(item) in _SETTLED else _release(item, done) for item in items]


def _release_dict(entries: dict[str, object], done: dict[int, object]) -> dict[str, object]:
    return {key: item if type(item) in _SETTLED else _release(item, done) for key, item in entries.items()}


def _release_temporal(value: Date | Time | DateTime | DaysDuration) -> object:
    match value:
        case Date() if value.year in YEARS:
            return date(value.year, value.month, value.day)
        case DateTime() if value.date.year in YEARS and value.time.nanoseconds % 1000 == 0:
            return _release_datetime(value)
        case Time() if value.nanoseconds % 1000 == 0:
            return _release_datetime(DateTime(ANY_DAY, value)).timetz()
        case DaysDuration() if value.nanoseconds % 1000 == 0 and abs(value.nanoseconds) < timedelta.max.days * DAY:
            return timedelta(microseconds=value.nanoseconds // 1000)
        case _:
            return value


def _release_datetime(value: DateTime) -> datetime:
    midnight = datetime(value.date.year, value.date.month, value.date.day, tzinfo=_release_zone(value.time))
    moment = midnight + timedelta(microseconds=value.time.nanoseconds // 1000)
    if value.time.zone is not None and _whole_seconds(moment.utcoffset()) != value.offset:
        return moment.replace(fold=1)
    return moment


def _release_zone(value: Time) -> tzinfo | None:
    if value.zone is not None:
        return zone_named(value.zone)
    if value.offset is None:
        return None
    return UTC if value.offset == 0 else timezone(timedelta(seconds=value.offset))
