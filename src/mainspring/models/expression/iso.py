"""Temporal values as text: ISO 8601 as XML Schema and the standard allow it (section 10.3.2.3.4 to 10.3.2.3.8)."""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.temporal import (
    DAY,
    HOUR,
    MINUTE,
    SECOND,
    Date,
    DateTime,
    DaysDuration,
    Duration,
    MonthsDuration,
    Temporal,
    Time,
)

SHOWN_MAX = 40
"""Characters of a wrong text that a message shows."""
COMPONENT_DIGITS_MAX = 18
"""Digits of one component of a duration: more than any duration can hold."""
DATE_UNITS = {"Y": 12, "M": 1, "D": DAY}
TIME_UNITS = {"H": HOUR, "M": MINUTE, "S": SECOND}
"""The letters of a duration in their order: months or nanoseconds that each stands for."""


def read_temporal(text: str) -> Temporal:
    """Read what an at-literal holds: any temporal value."""
    if text.startswith(("P", "-P")):
        return read_duration(text)
    if "T" in text.partition("@")[0]:
        return read_date_time(text)
    return read_time(text) if text[2:3] == ":" else read_date(text)


def read_date(text: str) -> Date:
    """Read `YYYY-MM-DD`; a year has four digits, or up to nine without leading zeros, and may be negative."""
    year, month, day = _split_date(text)
    if not (_digits(month, 2) and _digits(day, 2) and _is_year(year)):
        raise Fault(f"{text[:SHOWN_MAX]!r} is not a date such as 2024-02-29")
    return Date(int(year), int(month), int(day))


def _split_date(text: str) -> tuple[str, str, str]:
    sign = "-" if text.startswith("-") else ""
    parts = text[len(sign) :].split("-")
    return (sign + parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def _is_year(year: str) -> bool:
    digits = year.removeprefix("-")
    return _digits(digits, len(digits)) and (len(digits) == 4 or (4 < len(digits) <= 9 and digits[0] != "0"))


def read_time(text: str) -> Time:
    """Read `hh:mm:ss`, with a fraction, and then `Z`, an offset or `@` and a zone if wanted."""
    clock, offset, zone = _split_zone(text)
    nanoseconds = _read_clock(clock, text)
    return Time(nanoseconds % DAY, offset, zone)


def read_date_time(text: str) -> DateTime:
    """Read a date, `T` and a time; a date alone means its midnight, and 24:00:00 that of the next day."""
    date_text, has_time, time_text = text.partition("T")
    date = read_date(date_text)
    if not has_time:
        return DateTime(date, Time(0))
    clock, offset, zone = _split_zone(time_text)
    nanoseconds = _read_clock(clock, text)
    if nanoseconds == DAY:
        date = Date.of_number(date.number + 1)
    return DateTime(date, Time(nanoseconds % DAY, offset, zone))


def _split_zone(text: str) -> tuple[str, int | None, str | None]:
    """The clock's part of a time, and the offset or zone behind it."""
    clock, has_zone, zone = text.partition("@")
    if has_zone:
        return clock, None, zone
    if clock.endswith("Z"):
        return clock[:-1], 0, None
    place = max(clock.rfind("+"), clock.rfind("-"))
    return (clock, None, None) if place < 0 else (clock[:place], _read_offset(clock[place:]), None)


def _read_offset(text: str) -> int:
    parts = text[1:].split(":")
    if len(parts) not in (2, 3) or not all(_digits(part, 2) for part in parts):
        raise Fault(f"{text[:SHOWN_MAX]!r} is not an offset such as +02:00")
    hours, minutes, seconds = (*map(int, parts), 0)[:3]
    if minutes > 59 or seconds > 59:
        raise Fault(f"{text!r} is not an offset such as +02:00")
    total = hours * 3600 + minutes * 60 + seconds
    return -total if text[0] == "-" else total


def _read_clock(clock: str, text: str) -> int:
    """Nanoseconds after midnight; 24:00:00 is a whole day."""
    whole, has_point, fraction = clock.partition(".")
    parts = whole.split(":")
    well_formed = len(parts) == 3 and all(_digits(part, 2) for part in parts)
    if not well_formed or (has_point and not _digits(fraction, len(fraction))):
        raise Fault(f"{text[:SHOWN_MAX]!r} is not a time such as 18:30:00")
    hour, minute, second = map(int, parts)
    nanoseconds = hour * HOUR + minute * MINUTE + second * SECOND + int(fraction[:9].ljust(9, "0"))
    if minute > 59 or second > 59 or nanoseconds > DAY:
        raise Fault(f"{text[:SHOWN_MAX]!r} is not a time of the day")
    return nanoseconds


def read_duration(text: str) -> Duration:
    """Read `P1Y2M` or `P3DT4H5M6.7S`, negative with a minus before it; the two kinds do not mix."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text)
    date_part, has_time, time_part = body[1:].partition("T")
    dates, times = _fields(date_part, DATE_UNITS), _fields(time_part, TIME_UNITS)
    if not body.startswith("P") or not (dates or times) or (date_part and not dates) or (has_time and not times):
        raise Fault(f"{text[:SHOWN_MAX]!r} is not a duration such as P1Y2M or P3DT4H30M")
    if not times and "D" not in dates:
        return MonthsDuration(sign * (sum(dates.values()) // SECOND))
    if not dates.keys() <= {"D"}:
        raise Fault(f"{text[:SHOWN_MAX]!r} mixes years or months with days or times")
    return DaysDuration(sign * ((sum(dates.values()) + sum(times.values())) // SECOND))


def _fields(text: str, units: dict[str, int]) -> dict[str, int]:
    """Amounts by their letters, times a thousand million so that a fraction of a second stays whole; empty if wrong."""
    fields: dict[str, int] = {}
    waiting = list(units)
    while text:
        length = next((place for place, sign in enumerate(text) if sign in units), -1)
        unit = text[length]
        if length < 1 or unit not in waiting:
            return {}
        del waiting[: waiting.index(unit) + 1]
        whole, has_point, fraction = text[:length].partition(".")
        if not _digits(whole, len(whole)) or len(whole) > COMPONENT_DIGITS_MAX or (has_point and unit != "S"):
            return {}
        if fraction and not _digits(fraction, len(fraction)):
            return {}
        fields[unit] = (int(whole) * SECOND + int(fraction[:9].ljust(9, "0"))) * units[unit]
        text = text[length + 1 :]
    return fields


def _digits(text: str, length: int) -> bool:
    return len(text) == length > 0 and text.isascii() and text.isdigit()


def text_of_temporal(value: Temporal) -> str:
    """Write a temporal value in its canonical form."""
    match value:
        case Date():
            return _date_text(value)
        case Time():
            return _time_text(value)
        case DateTime():
            return f"{_date_text(value.date)}T{_time_text(value.time)}"
        case MonthsDuration():
            return _months_text(value.months)
        case DaysDuration():
            return _days_text(value.nanoseconds)


def _date_text(date: Date) -> str:
    return f"{'-' if date.year < 0 else ''}{abs(date.year):04}-{date.month:02}-{date.day:02}"


def _time_text(time: Time) -> str:
    minutes, rest = divmod(time.nanoseconds, MINUTE)
    clock = f"{minutes // 60:02}:{minutes % 60:02}:{rest // SECOND:02}{_fraction(rest)}"
    if time.zone is not None:
        return f"{clock}@{time.zone}"
    return clock if time.offset is None else clock + _offset_text(time.offset)


def _fraction(nanoseconds: int) -> str:
    digits = f"{nanoseconds % SECOND:09}".rstrip("0")
    return f".{digits}" if digits else ""


def _offset_text(offset: int) -> str:
    if offset == 0:
        return "Z"
    minutes, seconds = divmod(abs(offset), 60)
    text = f"{'-' if offset < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
    return f"{text}:{seconds:02}" if seconds else text


def _months_text(months: int) -> str:
    years, rest = divmod(abs(months), 12)
    body = (f"{years}Y" if years else "") + (f"{rest}M" if rest else "")
    return f"{'-' if months < 0 else ''}P{body or '0M'}"


def _days_text(nanoseconds: int) -> str:
    rest = abs(nanoseconds)
    days, rest = divmod(rest, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds = f"{rest // SECOND}{_fraction(rest)}S" if rest else ""
    clock = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "") + seconds
    body = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"{'-' if nanoseconds < 0 else ''}P{body or 'T0S'}"
