"""Cron expressions: five fields or six (seconds first), names, `@daily` and the like, `L`, `W` and `#`.

Expressions are read, and days are matched, by cronsim, with Debian's rule for the two fields of days: where one of them
begins with a star both must match, else either.  What it lacks is added here: `@daily`, `?`, `15W` (the weekday nearest
to the 15th of the month), names before `L`, and the way to the next time without a step for each second between.
"""

from __future__ import annotations

import calendar
import re
from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from importlib import import_module
from typing import Any

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import SECOND

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = {
    "second": "0 to 59",
    "minute": "0 to 59",
    "hour": "0 to 23",
    "day-of-month": "1 to 31, L, LW or 15W",
    "month": "1 to 12 or JAN to DEC",
    "day-of-week": "0 to 7 or SUN to SAT, 5L or MON#2",
}
"""In their order, with what each takes besides `*`, lists, ranges and steps."""
DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
YEARS_MAX = 50
"""What does not happen within so many years never does; the 29th of February may be a certain weekday after 40."""

DAY = timedelta(days=1)


class Cron:
    """A cron expression, as a rule of wall-clock times; raises `SettingInvalidError` with the field at fault."""

    def __init__(self, expression: str) -> None:
        self.expression = expression
        name = expression.strip().lower()
        if name.startswith("@") and name not in NICKNAMES:
            interval = f"; for an interval write every={name[6:].strip()!r}" if name.startswith("@every ") else ""
            raise SettingInvalidError(
                f"cron: there is no {expression!r}; there are {', '.join(NICKNAMES)}, and five or six fields{interval}"
            )
        fields = NICKNAMES.get(name, expression).upper().split()
        if len(fields) not in (5, 6):
            raise SettingInvalidError(
                f"cron: {expression!r} has {len(fields)} fields; write five (minute hour day-of-month month"
                f" day-of-week), six with seconds first, or one of {', '.join(NICKNAMES)}"
            )
        self.is_wild = len(fields) == 6 or fields[0].startswith("*") or fields[1].startswith("*")
        self._weekdays_near: tuple[int, ...] = ()
        """The days of `15W`."""
        self._days = self._read(fields if len(fields) == 6 else ["0", *fields])
        self._hours = sorted(self._days.hours)
        self._minutes = sorted(self._days.minutes)
        self._seconds = sorted(self._days.seconds)
        self._first = time(self._hours[0], self._minutes[0], self._seconds[0])
        self._dates = self._plain_dates()

    def next_local(self, after: datetime) -> datetime | None:
        """The first of its times after this one."""
        start = after.replace(microsecond=0) + SECOND
        day = start.date()
        if self._fits(day):
            found = self._time_from(start.hour, start.minute, start.second)
            if found is not None:
                return datetime.combine(day, found)
        next_day = self._next_day(day)
        return None if next_day is None else datetime.combine(next_day, self._first)

    def times_on(self, day: date) -> int:
        """How often it fires on a day on which clocks are left alone."""
        return len(self._hours) * len(self._minutes) * len(self._seconds) if self._fits(day) else 0

    # --- Days and times -----------------------------------------------------------------------

    def _fits(self, day: date) -> bool:
        if day.month not in self._days.months:
            return False
        if not self._weekdays_near:
            return bool(self._days.match_day(day))
        by_date = self._days.match_dom(day) or any(day == nearest_weekday(day, each) for each in self._weekdays_near)
        by_weekday = bool(self._days.match_dow(day))
        return (by_date and by_weekday) if self._days.day_and else (by_date or by_weekday)

    def _next_day(self, day: date) -> date | None:
        last = day.year + YEARS_MAX
        day += DAY
        while day.year <= last:
            if day.month not in self._days.months:
                day = (day.replace(day=1) + 32 * DAY).replace(day=1)
            elif self._dates is not None:
                found = bisect_left(self._dates, day.day)
                if found < len(self._dates) and self._dates[found] <= calendar.monthrange(day.year, day.month)[1]:
                    return day.replace(day=self._dates[found])
                day = (day.replace(day=1) + 32 * DAY).replace(day=1)
            elif self._fits(day):
                return day
            else:
                day += DAY
        return None

    def _plain_dates(self) -> list[int] | None:
        """The days of the month, where nothing else matters: then there is no need to look at each day."""
        days = self._days
        if self._weekdays_near or not days.day_and or not days.weekdays >= set(range(7)) or min(days.days) < 1:
            return None
        return sorted(days.days)

    def _time_from(self, hour: int, minute: int, second: int) -> time | None:
        """The first of its times of day from this one on."""
        hours, minutes, seconds = self._hours, self._minutes, self._seconds
        place = bisect_left(hours, hour)
        if place < len(hours) and hours[place] == hour:
            found = bisect_left(minutes, minute)
            if found < len(minutes) and minutes[found] == minute:
                if second <= seconds[-1]:
                    return time(hour, minute, seconds[bisect_left(seconds, second)])
                found += 1
            if found < len(minutes):
                return time(hour, minutes[found], seconds[0])
            place += 1
        return time(hours[place], minutes[0], seconds[0]) if place < len(hours) else None

    # --- Reading ------------------------------------------------------------------------------

    def _read(self, fields: list[str]) -> Any:
        """What cronsim makes of it."""
        fields = [*fields[:3], *(_plain(field) for field in fields[3:])]
        near, rest = _split_days(fields[3])
        self._weekdays_near = tuple(near)
        cronsim = import_module("cronsim.cronsim")  # 20 ms, which few programs need
        for kind, name, text in zip(cronsim.Field, FIELDS, fields, strict=True):
            for term in (rest or ["*"]) if name == "day-of-month" else text.split(","):
                try:
                    kind.parse(term)
                except cronsim.CronSimError:
                    takes = "a step is 1 or more" if re.search(r"/0+$", term) else f"it takes {FIELDS[name]}"
                    raise SettingInvalidError(
                        f"cron: {self.expression!r}: field {name}: {term!r} makes no sense; {takes}"
                    ) from None
        made = [*fields[:3], ",".join(rest) or "1", *fields[4:]]
        try:
            days = cronsim.CronSim(" ".join(made), datetime(2000, 1, 1))
        except cronsim.CronSimError:
            raise SettingInvalidError(
                f"cron: {self.expression!r}: field day-of-month: none of its months has that day"
            ) from None
        if not rest:
            days.days = set()
        return days


def nearest_weekday(day: date, wanted: int) -> date | None:
    """The weekday nearest to a day of the month, within the month; None where it has no such day."""
    length = calendar.monthrange(day.year, day.month)[1]
    if wanted > length:
        return None
    meant = day.replace(day=wanted)
    match meant.weekday():
        case 5:
            return meant - DAY if wanted > 1 else meant + 2 * DAY
        case 6:
            return meant + DAY if wanted < length else meant - 2 * DAY
    return meant


def _plain(field: str) -> str:
    """In cronsim's words."""
    if field == "?":
        return "*"
    return re.sub(rf"\b({'|'.join(DAYS)})L\b", lambda found: f"{DAYS.index(found[1])}L", field)


def _split_days(field: str) -> tuple[list[int], list[str]]:
    """The days of `15W`, and the other terms."""
    terms = field.split(",")
    near = [int(term[:-1]) for term in terms if re.fullmatch(r"0?[1-9]W|[12]\dW|3[01]W", term)]
    return near, [term for term in terms if not re.fullmatch(r"0?[1-9]W|[12]\dW|3[01]W", term)]
