"""Recurrence rules of RFC 5545, section 3.3.10.

They are expanded by dateutil, one period after another from any place on, not from the first one each time.  Where the
RFC says what dateutil does not do, it is said to dateutil in more words:

- What a rule does not say comes from its start (weekday of `BYWEEKNO`, month of a yearly `BYMONTHDAY`).
- `BYSETPOS` counts in whole periods, also in the one in which the rule begins.
- The years of `BYWEEKNO` are those that weeks belong to (ISO 8601), which matters where `INTERVAL` leaves some out.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from importlib import import_module
from itertools import product

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import EPOCH, TICK, local_of

FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY")
YEARLY, MONTHLY, WEEKLY, DAILY, HOURLY, MINUTELY, SECONDLY = range(7)
"""As dateutil counts them."""
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NUMBERS = {
    # part: (most, whether it counts from the end too, whether 0 is one of them)
    "BYMONTH": (12, False, False),
    "BYMONTHDAY": (31, True, False),
    "BYYEARDAY": (366, True, False),
    "BYWEEKNO": (53, True, False),
    "BYHOUR": (23, False, True),
    "BYMINUTE": (59, False, True),
    "BYSECOND": (60, False, True),
    "BYSETPOS": (366, True, False),
}
BESIDE = {"DTSTART": "starts_at", "RDATE": "at", "EXDATE": "exclude"}
"""What calendars write beside a rule, and the argument that says it here."""
COUNT_MAX = 100_000
"""Times of a rule that must be counted to know its end; with `UNTIL` it may have any number."""
YEARS_MAX = 100
"""What does not happen within so many years is taken never to happen."""
AHEAD = (2, 64)
"""Times that are kept once they have been expanded, for the next question is about the second of them: first few, and
twice as many each time, for whoever asks often."""

DAY = timedelta(days=1)


class Recurrence:
    """A recurrence rule with its start, as a rule of wall-clock times; raises `SettingInvalidError`.

    `is_date`: the start is a day, so parts of the rule that speak of times of day are ignored (RFC 5545).
    """

    def __init__(self, rule: str, start: datetime, zone: tzinfo = UTC, *, is_date: bool = False) -> None:
        self.rule = rule
        self.start = start
        parts = self._parts(rule)
        self._frequency = FREQUENCIES.index(parts.pop("FREQ"))
        self._interval = int(parts.pop("INTERVAL", "1"))
        self._count = int(parts.pop("COUNT")) if "COUNT" in parts else None
        self._until = self._read_until(parts.pop("UNTIL"), zone) if "UNTIL" in parts else None
        self._week_start = WEEKDAYS.index(parts.pop("WKST", "MO"))
        self._days = [self._read_day(each) for each in parts.pop("BYDAY").split(",")] if "BYDAY" in parts else []
        self._by = {name: [int(each) for each in text.split(",")] for name, text in parts.items()}
        if is_date:
            self._by = {name: each for name, each in self._by.items() if name not in TIMES}
        self.is_wild = self._frequency >= HOURLY
        self._complete()
        self._base = self._first_year() if "BYWEEKNO" in self._by else self._period_of(start)
        self._last: datetime | None = None
        self._is_counted = self._count is None
        self._ahead: list[datetime] = []
        """Times that follow one another."""
        self._ahead_count = AHEAD[0]

    def next_local(self, after: datetime) -> datetime | None:
        """The first of its times after this one."""
        if not self._is_counted:
            self._last = self._count_out()
            self._is_counted = True
        return self._within(self._find(after))

    def _within(self, found: datetime | None) -> datetime | None:
        if found is None:
            return None
        if (self._until is not None and found > self._until) or (self._last is not None and found > self._last):
            return None
        return found

    def _find(self, after: datetime) -> datetime | None:
        ahead = self._ahead
        if not ahead or not ahead[0] - TICK <= after < ahead[-1]:
            ahead = []
            for each in self._expand(max(after, self.start - TICK)):
                ahead.append(each)
                if len(ahead) == self._ahead_count:
                    break
            self._ahead, self._ahead_count = ahead, min(AHEAD[1], self._ahead_count * 2)
            return ahead[0] if ahead else None
        return ahead[bisect_right(ahead, after)]

    def _count_out(self) -> datetime | None:
        """The last time of a rule with `COUNT`."""
        last, count = None, self._count or 0
        for number, each in enumerate(self._expand(self.start - TICK), start=1):
            last = each
            if number == count:
                break
        return last

    # --- Expanding ----------------------------------------------------------------------------

    def _expand(self, after: datetime) -> Iterator[datetime]:
        """All times after this one, in order, from the period on in which it lies."""
        base = self._aligned(after)
        if base is None:
            return
        horizon = datetime(min(9_999, after.year + YEARS_MAX), 12, 31)
        for each in self._of_weeks(base, horizon) if "BYWEEKNO" in self._by else self._of_dateutil(base, horizon):
            if each > horizon:
                return
            if each > after and each >= self.start:
                yield each

    def _of_dateutil(self, base: datetime, horizon: datetime) -> Iterator[datetime]:
        rrule = import_module("dateutil.rrule")  # 40 ms, which few programs need
        weekdays = [rrule.weekdays[day](number) if number else rrule.weekdays[day] for number, day in self._days]
        by = {name.lower(): numbers for name, numbers in self._by.items()}
        return iter(
            rrule.rrule(
                self._frequency,
                dtstart=base,
                interval=self._interval,
                wkst=self._week_start,
                until=horizon,
                byweekday=weekdays or None,
                **by,
            )
        )

    def _of_weeks(self, base: datetime, horizon: datetime) -> Iterator[datetime]:
        """Yearly, by the numbers of weeks."""
        times = [time(h, m, s) for h, m, s in product(*(sorted(self._by[name]) for name in TIMES))]
        for year in range(base.year, horizon.year + 1, self._interval):
            days = sorted(self._days_of_weeks(year))
            found = [datetime.combine(day, each) for day in days for each in times]
            places = self._by.get("BYSETPOS")
            if places is not None:
                chosen = {each - 1 if each > 0 else len(found) + each for each in places}
                found = [each for place, each in enumerate(found) if place in chosen]
            yield from found

    def _days_of_weeks(self, year: int) -> Iterator[date]:
        first, following = first_week(year, self._week_start), first_week(year + 1, self._week_start)
        count = (following - first).days // 7
        weeks = {each if each > 0 else count + 1 + each for each in self._by["BYWEEKNO"]}
        for week in weeks & set(range(1, count + 1)):
            for _, weekday in self._days:
                day = first + DAY * (7 * (week - 1) + (weekday - self._week_start) % 7)
                if self._allows(day):
                    yield day

    def _allows(self, day: date) -> bool:
        """Whether the other parts let a day of a week through."""
        length = (day.replace(day=1) + 32 * DAY).replace(day=1) - day.replace(day=1)
        number, year_length = day.timetuple().tm_yday, 366 if _is_leap(day.year) else 365
        return (
            day.month in self._by.get("BYMONTH", (day.month,))
            and bool({day.day, day.day - length.days - 1} & set(self._by.get("BYMONTHDAY", (day.day,))))
            and bool({number, number - year_length - 1} & set(self._by.get("BYYEARDAY", (number,))))
        )

    # --- Periods ------------------------------------------------------------------------------

    def _first_year(self) -> datetime:
        """Of a rule of weeks: the year that the week of its start belongs to, if the start is one of its times."""
        week = self.start.date() - DAY * ((self.start.weekday() - self._week_start) % 7)
        year = (week + 3 * DAY).year  # the fourth day of a week is in the year to which it belongs
        is_time = self.start.date() in self._days_of_weeks(year)
        return datetime(year if is_time else self.start.year, 1, 1)

    def _period_of(self, moment: datetime) -> datetime:
        """The beginning of the period in which a moment lies."""
        day = datetime(moment.year, moment.month, moment.day)
        match self._frequency:
            case 0 if "BYWEEKNO" in self._by:
                return day.replace(month=1, day=1, year=day.year - 1)  # its first weeks may be in the year before
            case 0:
                return day.replace(month=1, day=1)
            case 1:
                return day.replace(day=1)
            case 2:
                return day - DAY * ((day.weekday() - self._week_start) % 7)
            case 3:
                return day
            case 4:
                return moment.replace(minute=0, second=0, microsecond=0)
            case 5:
                return moment.replace(second=0, microsecond=0)
            case _:
                return moment.replace(microsecond=0)

    def _aligned(self, moment: datetime) -> datetime | None:
        """The last beginning of a period of the rule up to a moment, or its first; None: past the calendar's end."""
        base, here = self._base, max(self._base, self._period_of(moment))
        try:
            if self._frequency == YEARLY:
                years = (here.year - base.year) // self._interval * self._interval
                return base.replace(year=base.year + years)
            if self._frequency == MONTHLY:
                months = (here.year - base.year) * 12 + here.month - base.month
                month = base.year * 12 + base.month - 1 + months // self._interval * self._interval
                return base.replace(year=month // 12, month=month % 12 + 1)
            step: timedelta = STEPS[self._frequency] * self._interval
            return base + (here - base) // step * step
        except (OverflowError, ValueError):
            return None

    # --- Reading ------------------------------------------------------------------------------

    def _parts(self, rule: str) -> dict[str, str]:
        text = rule.strip().upper()
        for name, argument in BESIDE.items():
            if name in text:
                raise self._wrong(f"{name} is no part of a rule; leave it out here, and say it with {argument}=")
        text = text.removeprefix("RRULE:")
        parts: dict[str, str] = {}
        for part in text.split(";"):
            name, equals, value = part.partition("=")
            if not equals or not value or name in parts:
                raise self._wrong(f"{part!r} is not of the form NAME=value, or is there twice")
            parts[name] = value
        if parts.get("FREQ") not in FREQUENCIES:
            raise self._wrong(f"FREQ must be one of {', '.join(FREQUENCIES)}, not {parts.get('FREQ', 'missing')!r}")
        for name, value in parts.items():
            self._check_part(name, value)
        self._check_together(parts)
        return parts

    def _check_part(self, name: str, value: str) -> None:
        if name in ("INTERVAL", "COUNT"):
            if not value.isdigit() or int(value) < 1:
                raise self._wrong(f"{name} must be a whole number from 1, not {value!r}")
        elif name in NUMBERS:
            for each in value.split(","):
                self._check_number(name, each)
        elif name == "WKST":
            if value not in WEEKDAYS:
                raise self._wrong(f"WKST must be one of {', '.join(WEEKDAYS)}, not {value!r}")
        elif name not in ("FREQ", "UNTIL", "BYDAY"):
            raise self._wrong(f"there is no part {name!r}")

    def _check_number(self, name: str, text: str) -> None:
        most, from_end, with_zero = NUMBERS[name]
        if not re.fullmatch(r"[+-]?\d{1,3}", text):
            raise self._wrong(f"{name}: {text!r} is no whole number")
        number = int(text)
        if not (0 < number <= most or (with_zero and number == 0) or (from_end and -most <= number < 0)):
            raise self._wrong(f"{name}: {number} is not {0 if with_zero else 1} to {most}")

    def _check_together(self, parts: dict[str, str]) -> None:
        """What the RFC does not allow side by side."""
        if "COUNT" in parts and "UNTIL" in parts:
            raise self._wrong("COUNT and UNTIL exclude each other")
        if "COUNT" in parts and int(parts["COUNT"]) > COUNT_MAX:
            raise self._wrong(f"COUNT: at most {COUNT_MAX:,}; beyond, say UNTIL")
        if "BYWEEKNO" in parts and parts["FREQ"] != "YEARLY":
            raise self._wrong("BYWEEKNO is for FREQ=YEARLY only")
        if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
            raise self._wrong("BYSETPOS needs another part that begins with BY")
        ordinal = re.search(r"\d", parts.get("BYDAY", ""))
        if ordinal and (parts["FREQ"] not in ("YEARLY", "MONTHLY") or "BYWEEKNO" in parts):
            raise self._wrong("BYDAY with a number is for FREQ=MONTHLY, and for YEARLY without BYWEEKNO")

    def _read_day(self, text: str) -> tuple[int, int]:
        """(number or 0, weekday)"""
        found = re.fullmatch(r"([+-]?\d{1,2})?(MO|TU|WE|TH|FR|SA|SU)", text)
        if found is None or (found[1] and not 1 <= abs(int(found[1])) <= 53):
            raise self._wrong(f"BYDAY: {text!r} is no weekday such as MO, 2TU or -1FR")
        return int(found[1] or 0), WEEKDAYS.index(found[2])

    def _read_until(self, text: str, zone: tzinfo) -> datetime:
        found = re.fullmatch(r"(\d{8})(?:T(\d{6})(Z)?)?", text)
        try:
            assert found is not None
            until = datetime.strptime(found[1] + (found[2] or "000000"), "%Y%m%d%H%M%S")
        except (AssertionError, ValueError):
            raise self._wrong(f"UNTIL: {text!r} is not of the form 20261231 or 20261231T180000Z") from None
        if not found[2]:
            return until + DAY - TICK
        return local_of((until - EPOCH).total_seconds(), zone) if found[3] else until

    def _complete(self) -> None:
        """Say what follows from the start, so that the rule can be expanded from any other place."""
        by, start, frequency = self._by, self.start, self._frequency
        by_date = [name for name in ("BYYEARDAY", "BYMONTHDAY") if name in by]
        if "BYWEEKNO" in by:
            if not self._days:
                self._days = [(0, start.weekday())]
        elif frequency == YEARLY and not by_date and not self._days:
            by.setdefault("BYMONTH", [start.month])
            by["BYMONTHDAY"] = [start.day]
        elif frequency == YEARLY and by_date == ["BYMONTHDAY"] and not self._days:
            by.setdefault("BYMONTH", [start.month])
        elif frequency == MONTHLY and not by_date and not self._days:
            by["BYMONTHDAY"] = [start.day]
        elif frequency == WEEKLY and not by_date and not self._days:
            self._days = [(0, start.weekday())]
        for name, finest, value in zip(
            TIMES, (HOURLY, MINUTELY, SECONDLY), (start.hour, start.minute, start.second), strict=True
        ):
            if name not in by and frequency < finest:
                by[name] = [value]

    def _wrong(self, reason: str) -> SettingInvalidError:
        return SettingInvalidError(f"rrule: {self.rule!r}: {reason}")


TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
STEPS: dict[int, timedelta] = {
    WEEKLY: timedelta(weeks=1),
    DAILY: DAY,
    HOURLY: timedelta(hours=1),
    MINUTELY: timedelta(minutes=1),
    SECONDLY: timedelta(seconds=1),
}


def first_week(year: int, week_start: int) -> date:
    """The first day of the year's first week: that with four days of the year at least."""
    fourth = date(year, 1, 4)
    return fourth - DAY * ((fourth.weekday() - week_start) % 7)


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
