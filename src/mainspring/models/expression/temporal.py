"""Dates, times and durations as the standard has them: years to ±999,999,999 and nanoseconds (section 10.3.2.3).

The standard library's types hold neither, so these are what expressions work with; `standard.py` translates at the
border. All are immutable values; the operators on them are in `arithmetic.py`.
"""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.zones import offset_at_instant, offset_at_local, standard_offset, zone_named

YEAR_MAX = 999_999_999
OFFSET_MAX = 18 * 3600
"""Seconds that a zone may be away from UTC."""
SECOND = 1_000_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
"""In nanoseconds."""
NANOSECONDS_MAX = 10**34
"""Durations stay within the digits of a number."""
MONTHS_MAX = 12 * (2 * YEAR_MAX + 1)
_MONTH_DAYS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


class Value:
    """A temporal value: equal, and of equal hash, when the parts are."""

    __slots__: tuple[str, ...] = ()
    __match_args__: tuple[str, ...] = ()

    def _parts(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__match_args__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Value) and type(self) is type(other) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash((type(self), self._parts()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self._parts()))})"


class Date(Value):
    """A day of the proleptic Gregorian calendar; the year 0 is the one before 1."""

    __slots__ = ("day", "month", "year")
    __match_args__ = ("year", "month", "day")

    def __init__(self, year: int, month: int, day: int) -> None:
        if not -YEAR_MAX <= year <= YEAR_MAX:
            raise Fault(f"the year {year} is not between -{YEAR_MAX} and {YEAR_MAX}")
        if not 1 <= month <= 12:
            raise Fault(f"the month {month} is not between 1 and 12")
        if not 1 <= day <= days_of_month(year, month):
            raise Fault(f"the month {year}-{month:02} has no day {day}")
        self.year, self.month, self.day = year, month, day

    @classmethod
    def of_number(cls, number: int) -> Date:
        """The day so many days after 1970-01-01."""
        # Howard Hinnant's civil_from_days: years start in March, so that the leap day is the last of a year.
        era, day_of_era = divmod(number + 719_468, 146_097)
        year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
        day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
        month_from_march = (5 * day_of_year + 2) // 153
        month = month_from_march + 3 if month_from_march < 10 else month_from_march - 9
        year = year_of_era + era * 400 + (month <= 2)
        return cls(year, month, day_of_year - (153 * month_from_march + 2) // 5 + 1)

    @property
    def number(self) -> int:
        """Days after 1970-01-01."""
        year = self.year - (self.month <= 2)
        era, year_of_era = divmod(year, 400)
        month_from_march = self.month - 3 if self.month > 2 else self.month + 9
        day_of_year = (153 * month_from_march + 2) // 5 + self.day - 1
        return era * 146_097 + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468

    @property
    def weekday(self) -> int:
        """1 for Monday to 7 for Sunday."""
        return (self.number + 3) % 7 + 1

    def plus_months(self, months: int) -> Date:
        """So many months later, on the last day of the month where the day does not exist."""
        year, month = divmod(self.year * 12 + self.month - 1 + months, 12)
        if not -YEAR_MAX <= year <= YEAR_MAX:
            raise Fault(f"the year {year} is not between -{YEAR_MAX} and {YEAR_MAX}")
        return Date(year, month + 1, min(self.day, days_of_month(year, month + 1)))


class Time(Value):
    """A time of day, with an offset from UTC in seconds, a named zone, or neither."""

    __slots__ = __match_args__ = ("nanoseconds", "offset", "zone")

    def __init__(self, nanoseconds: int, offset: int | None = None, zone: str | None = None) -> None:
        assert 0 <= nanoseconds < DAY
        assert offset is None or zone is None
        if offset is not None and not -OFFSET_MAX <= offset <= OFFSET_MAX:
            raise Fault("the offset is more than 18 hours")
        if zone is not None:
            zone_named(zone)
        self.nanoseconds, self.offset, self.zone = nanoseconds, offset, zone

    @property
    def utc_offset(self) -> int | None:
        """The offset in seconds, as far as a time without a date can tell."""
        return standard_offset(self.zone) if self.zone is not None else self.offset

    def instant(self) -> int:
        """Nanoseconds since midnight in UTC; local ones where there is no offset."""
        return self.nanoseconds - (self.utc_offset or 0) * SECOND

    def at(self, nanoseconds: int) -> Time:
        """The same kind of time at another moment of the day."""
        return Time(nanoseconds % DAY, self.offset, self.zone)


class DateTime(Value):
    """A date with a time; `offset` is that of the zone at this moment, or None for a local time."""

    __slots__ = ("date", "offset", "time")
    __match_args__ = ("date", "time", "offset")

    def __init__(self, date: Date, time: Time, offset: int | None = None) -> None:
        """`offset` tells which of two equal local times is meant; without it, the first."""
        if time.zone is not None and offset is None:
            offset = offset_at_local(time.zone, date.number, time.nanoseconds // SECOND)
        self.date, self.time = date, time
        self.offset = time.offset if time.zone is None else offset

    @property
    def is_local(self) -> bool:
        """Whether the date and time has neither offset nor zone."""
        return self.offset is None

    def instant(self) -> int:
        """Nanoseconds since 1970-01-01T00:00:00 in UTC; local ones where there is no offset."""
        return self.date.number * DAY + self.time.nanoseconds - (self.offset or 0) * SECOND

    def plus(self, nanoseconds: int) -> DateTime:
        """So much later, on the clocks of the same zone."""
        instant = self.instant() + nanoseconds
        day, rest = divmod(instant, DAY)
        offset = self.offset
        if self.time.zone is not None:
            offset = offset_at_instant(self.time.zone, day, rest // SECOND)
        day, rest = divmod(instant + (offset or 0) * SECOND, DAY)
        return DateTime(Date.of_number(day), self.time.at(rest), offset)


class DaysDuration(Value):
    """A days and time duration."""

    __slots__ = __match_args__ = ("nanoseconds",)

    def __init__(self, nanoseconds: int) -> None:
        if not -NANOSECONDS_MAX < nanoseconds < NANOSECONDS_MAX:
            raise Fault("the duration is too long")
        self.nanoseconds = nanoseconds


class MonthsDuration(Value):
    """A years and months duration."""

    __slots__ = __match_args__ = ("months",)

    def __init__(self, months: int) -> None:
        if not -MONTHS_MAX <= months <= MONTHS_MAX:
            raise Fault("the duration is too long")
        self.months = months


Duration = DaysDuration | MonthsDuration
Temporal = Date | Time | DateTime | DaysDuration | MonthsDuration


def days_of_month(year: int, month: int) -> int:
    """How many days a month has."""
    leap = month == 2 and year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return _MONTH_DAYS[month - 1] + leap
