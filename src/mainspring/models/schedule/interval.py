"""Rules by arithmetic: once, every so many seconds, every so many days or months."""

from __future__ import annotations

import calendar
import re
from datetime import datetime, timedelta
from typing import Literal

from mainspring.errors import SettingInvalidError

Unit = Literal["day", "week", "month", "year"]

EVERY_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3_600.0}
CALENDAR: dict[str, Unit] = {"d": "day", "w": "week", "mo": "month", "y": "year"}
EVERY_S_MIN = 0.01
"""More often than a hundred times a second a store cannot follow."""
EVERY_S_MAX = 100 * 366 * 86_400.0
COUNT_MAX = 10_000
"""Of days to years between two times."""


class Once:
    """One instant."""

    def __init__(self, instant: float) -> None:
        self.instant = instant

    def next_after(self, after: float) -> float | None:
        return self.instant if self.instant > after else None


class Every:
    """Every so many seconds, counted from an instant; exact to the microsecond however often it has happened."""

    def __init__(self, seconds: float, start: float) -> None:
        self.step_us = round(seconds * 1e6)
        self.start_us = round(start * 1e6)

    def next_after(self, after: float) -> float:
        number = (round(after * 1e6) - self.start_us) // self.step_us + 1
        while (found := (self.start_us + number * self.step_us) / 1e6) <= after:
            number += 1
        return found

    def count(self, after: float, until: float) -> int:
        """How many there are in (after, until]."""
        first = self.next_after(after)
        if first > until:
            return 0
        return (round(until * 1e6) - round(first * 1e6)) // self.step_us + 1


class CalendarInterval:
    """The same time of day every so many days, weeks, months or years; in a month that is too short, its last day."""

    is_wild = False

    def __init__(self, count: int, unit: Unit, start: datetime) -> None:
        self.count = count
        self.unit = unit
        self.start = start

    def next_local(self, after: datetime) -> datetime | None:
        number = self._number_near(after) - 1
        while (found := self._nth(number)) is not None and found <= after:
            number += 1
        return found

    def _number_near(self, moment: datetime) -> int:
        """How many steps lie between the start and a moment, or one more or less."""
        if self.unit in ("day", "week"):
            return (moment - self.start).days // (self.count * (7 if self.unit == "week" else 1))
        months = (moment.year - self.start.year) * 12 + moment.month - self.start.month
        return months // (self.count * (12 if self.unit == "year" else 1))

    def _nth(self, number: int) -> datetime | None:
        steps = number * self.count
        try:
            if self.unit in ("day", "week"):
                return self.start + timedelta(days=steps * (7 if self.unit == "week" else 1))
            month = self.start.year * 12 + self.start.month - 1 + steps * (12 if self.unit == "year" else 1)
            year, month = month // 12, month % 12 + 1
            day = min(self.start.day, calendar.monthrange(year, month)[1])
            return self.start.replace(year=year, month=month, day=day)
        except (OverflowError, ValueError):  # the calendar ends with the year 9999
            return None


def read_every(every: str | float | timedelta) -> float | tuple[int, Unit]:
    """Seconds, or a number of days to years; raises `SettingInvalidError`.

    `10`, `"10s"`, `"250ms"`, `"5m"`, `"2h"` are exact; `"1d"`, `"2w"`, `"1mo"`, `"1y"` keep the time of day.
    """
    if isinstance(every, timedelta):
        return _checked(every.total_seconds(), every)
    if isinstance(every, int | float) and not isinstance(every, bool):
        return _checked(float(every), every)
    found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(ms|s|min|mo|m|h|d|w|y)?\s*", every) if isinstance(every, str) else None
    if found is None:
        raise SettingInvalidError(
            f"every: {every!r} is no interval; write seconds, '250ms', '10s', '5m', '2h', or '1d', '2w', '1mo', '1y'"
        )
    number, unit = float(found[1]), found[2] or "s"
    if unit in EVERY_S:
        return _checked(number * EVERY_S[unit], every)
    if number != int(number) or not 1 <= number <= COUNT_MAX:
        raise SettingInvalidError(f"every: {every!r} must be a whole number from 1 to {COUNT_MAX:,} of them")
    return int(number), CALENDAR[unit]


def _checked(seconds: float, every: object) -> float:
    if not EVERY_S_MIN <= seconds <= EVERY_S_MAX:
        raise SettingInvalidError(
            f"every: {every!r} must be {EVERY_S_MIN:g} seconds or more, and 100 years at most; for once, say at="
        )
    return seconds
