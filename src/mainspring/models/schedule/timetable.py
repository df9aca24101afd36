"""The timetable of a schedule: its rules together, less what is excluded.

Everything here is a function of the settings and of the instant at which the schedule was first made (`anchor`), from
which intervals are counted where no other start is given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from itertools import islice
from math import sqrt
from typing import NamedTuple
from zlib import crc32

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import (
    EPOCH,
    TICK_S,
    CivilRule,
    Dst,
    instant_at,
    local_of,
    next_instant,
    zone_of,
)
from mainspring.models.schedule.cron import Cron
from mainspring.models.schedule.interval import CalendarInterval, Every, Once
from mainspring.models.schedule.recurrence import Recurrence
from mainspring.models.schedule.settings import (
    AnyRule,
    AtRule,
    CalendarRule,
    CronRule,
    EveryRule,
    RecurrenceRule,
    Settings,
    decode_settings,
)

Next = Callable[[float], float | None]
"""The first instant after this one."""

EXCLUDED_MAX = 10_000
"""Occurrences, or days, that are looked through for one that is not excluded."""
COUNTED_MAX = 1_000
"""Misses that are counted one by one, where there is no other way."""
LOOKS_MAX = 100
"""At stretches, for the latest occurrences; two instants within a hundred years are told apart after half as many."""
MOVED_MAX = 1_000
"""Occurrences of excluded days that are moved to the business day after them."""
DAY_S = 86_400
DAY = timedelta(days=1)


class Counted(NamedTuple):
    number: int
    is_exact: bool
    """False: there are more."""


class Timetable:
    """Raises `SettingInvalidError` with the field and the reason."""

    def __init__(self, settings: Settings, anchor: float) -> None:
        self.settings = settings
        self.zone: tzinfo = zone_of(settings.tz)
        self._begin = anchor if settings.starts_at is None else settings.starts_at - TICK_S
        self._start = anchor if settings.starts_at is None else settings.starts_at
        self._rules = [self._made(rule) for rule in settings.rules]
        self._nexts: list[Next] = [next_of for next_of, _ in self._rules]
        exclude = settings.exclude
        self._not = [self._made(rule)[0] for rule in exclude.rules]
        self._dates = {date.fromisoformat(each) for each in exclude.dates}
        self._has_days_off = bool(exclude.dates or exclude.weekdays)
        self._is_plain = exclude == type(exclude)()

    # --- Occurrences --------------------------------------------------------------------------

    def next_after(self, after: float, *, is_bounded: bool = True) -> float | None:
        """The first occurrence after an instant; unbounded: whatever the start and the end of the schedule are."""
        if is_bounded:
            after = max(after, self._begin)
        found = self._next(after) if self._is_plain else self._next_allowed(after)
        end = self.settings.ends_at
        return None if is_bounded and end is not None and found is not None and found > end else found

    def between(self, after: float, until: float) -> Iterator[float]:
        """The occurrences in (after, until]."""
        while (found := self.next_after(after)) is not None and found <= until:
            yield found
            after = found

    def latest(self, after: float, until: float, count: int) -> list[float]:
        """The last so many occurrences in (after, until], without passing all that lie before them."""
        first = self.next_after(after)
        if first is None or first > until or count < 1:
            return []
        second = self.next_after(first)
        gap_s = 1.0 if second is None else second - first
        return self._latest(after, until, count, max(gap_s, TICK_S) * (count + 1))

    def _latest(self, after: float, until: float, count: int, guess_s: float) -> list[float]:
        """Looks for a stretch up to `until` that has enough: the gaps at its end may be unlike the first one.

        A stretch that has too many is given up after twice as many; between it and one that has too few, the geometric
        mean is looked at next.  That takes a few looks where the gaps differ little, and some forty where they do most.
        """
        longest_s = until - after
        short_s, span_s = TICK_S, min(longest_s, guess_s)
        long_s: float | None = None
        found: list[float] = []
        for _ in range(LOOKS_MAX):
            low = after if span_s == longest_s else until - span_s
            passed = list(islice(self.between(low, until), 2 * count + 2))
            if len(passed) == 2 * count + 2:
                long_s = span_s
            elif len(passed) >= count or low == after:
                return passed[-count:]
            else:
                found, short_s = passed, span_s
            span_s = min(span_s * 4, longest_s) if long_s is None else sqrt(short_s * long_s)
        return found

    def count(self, after: float, until: float) -> Counted:
        """How many there are in (after, until]; by arithmetic where the rule allows it."""
        after = max(after, self._begin)
        until = until if self.settings.ends_at is None else min(until, self.settings.ends_at)
        rule = self._rules[0][1] if len(self._rules) == 1 and self._is_plain else None
        if isinstance(rule, Every):
            return Counted(rule.count(after, until) if until > after else 0, is_exact=True)
        if isinstance(rule, Cron) and until - after > 2 * DAY_S:
            return Counted(self._count_days(rule, after, until), is_exact=True)
        number = 0
        for _ in self.between(after, until):
            if number == COUNTED_MAX:
                return Counted(number, is_exact=False)
            number += 1
        return Counted(number, is_exact=True)

    def due_at(self, occurrence: float, schedule: str) -> float:
        """When it is to fire: later than it says by a share of `jitter_s` that is its own and always the same."""
        jitter_s = self.settings.jitter_s
        if not jitter_s:
            return occurrence
        share: float = crc32(f"{schedule}/{occurrence!r}".encode()) / 2**32
        return round(occurrence + jitter_s * share, 6)

    def told(self, occurrence: float) -> str:
        """An occurrence as people of its zone write it, in ISO 8601."""
        return datetime.fromtimestamp(occurrence, self.zone).isoformat()

    # --- Rules --------------------------------------------------------------------------------

    def _next(self, after: float) -> float | None:
        nexts = self._nexts
        if len(nexts) == 1:
            return nexts[0](after)
        return min((found for each in nexts if (found := each(after)) is not None), default=None)

    def _made(self, rule: AnyRule) -> tuple[Next, object]:
        match rule:
            case AtRule():
                once = Once(rule.at)
                return once.next_after, once
            case EveryRule():
                every = Every(rule.seconds, self._start if rule.phase_s is None else rule.phase_s)
                return every.next_after, every
            case CronRule():
                return self._civil(Cron(rule.cron), "vixie")
            case CalendarRule():
                return self._civil(CalendarInterval(rule.count, rule.unit, self._local_start()), "shift")
            case RecurrenceRule():
                return self._civil(Recurrence(rule.rrule, self._local_start(), self.zone), "shift")

    def _local_start(self) -> datetime:
        return local_of(self._start, self.zone).replace(microsecond=0)

    def _civil(self, rule: CivilRule, custom: Dst) -> tuple[Next, CivilRule]:
        zone, dst = self.zone, self.settings.dst or custom

        def next_after(after: float) -> float | None:
            return next_instant(rule, zone, dst, after)

        return next_after, rule

    def _count_days(self, rule: Cron, after: float, until: float) -> int:
        """Whole days by multiplication; days on which clocks are changed, the first and the last one by one."""
        first, last = local_of(after, self.zone).date(), local_of(until, self.zone).date()
        number, day = 0, first
        lower = after
        while day <= last:
            upper = self._midnight(day + DAY) - TICK_S
            plain = first < day < last and upper + TICK_S - self._midnight(day) == DAY_S
            number += rule.times_on(day) if plain else sum(1 for _ in self.between(lower, min(upper, until)))
            lower, day = upper, day + DAY
        return number

    def _midnight(self, day: date) -> float:
        return instant_at(datetime.combine(day, datetime.min.time()), self.zone)

    # --- Exclusions ---------------------------------------------------------------------------

    def _next_allowed(self, after: float) -> float | None:
        moved = self._next_moved(after) if self.settings.business_day and self._has_days_off else None
        for _ in range(EXCLUDED_MAX):
            found = self._next(after)
            if found is None:
                return moved
            look_from = self._look_from(found)
            if look_from is None:
                return found if moved is None else min(found, moved)
            if moved is None and self.settings.business_day and self._is_day_off(found):
                moved = self._next_moved(max(after, found - TICK_S))
            after = max(found, look_from - TICK_S)
        return moved

    def _look_from(self, instant: float) -> float | None:
        """Where to look on, if an instant is excluded; None: it is not."""
        exclude = self.settings.exclude
        if self._has_days_off and self._is_day_off(instant):
            return self._midnight(self._day_on_from(local_of(instant, self.zone).date()))
        if instant in exclude.instants:
            return instant
        for start, end in exclude.windows:
            if start <= instant < end:
                return end
        for from_s, to_s in exclude.daily:
            end_at = self._end_of_daily(instant, from_s, to_s)
            if end_at is not None:
                return end_at
        return instant if any(each(instant - TICK_S) == instant for each in self._not) else None

    def _end_of_daily(self, instant: float, from_s: int, to_s: int) -> float | None:
        local = local_of(instant, self.zone)
        second = (local - datetime.combine(local.date(), datetime.min.time())).total_seconds()
        is_inside = from_s <= second < to_s if from_s < to_s else second >= from_s or second < to_s
        if not is_inside:
            return None
        day = local.date() + DAY if from_s >= to_s and second >= from_s else local.date()
        return max(instant, instant_at(datetime.combine(day, datetime.min.time()) + timedelta(seconds=to_s), self.zone))

    def _is_day_off(self, instant: float) -> bool:
        return self._is_off(local_of(instant, self.zone).date())

    def _is_off(self, day: date) -> bool:
        return day.weekday() in self.settings.exclude.weekdays or day in self._dates

    def _day_on_from(self, day: date) -> date:
        for _ in range(EXCLUDED_MAX):
            if not self._is_off(day):
                return day
            day += DAY
        return day

    def _next_moved(self, after: float) -> float | None:
        """The first occurrence after an instant that was moved to a business day."""
        day = local_of(after, self.zone).date()
        first = day
        while self._is_off(first - DAY) and day - first < timedelta(days=EXCLUDED_MAX):
            first -= DAY
        on = self._day_on_from(day)
        if first == on:
            return None
        moved: list[float] = []
        begin = max(self._midnight(first) - TICK_S, self._begin)
        for number, each in enumerate(self._raw_between(begin, self._midnight(on) - TICK_S)):
            if number == MOVED_MAX:
                break
            local = local_of(each, self.zone)
            at = instant_at(datetime.combine(on, local.time()), self.zone)
            if at > after and self._is_off(local.date()):
                moved.append(at)
        return min(moved, default=None)

    def _raw_between(self, after: float, until: float) -> Iterator[float]:
        while (found := self._next(after)) is not None and found <= until:
            yield found
            after = found


@lru_cache(maxsize=20_000)
def timetable_of(settings: bytes, anchor: float) -> Timetable:
    """Of settings as they are stored; making one costs more than asking it."""
    return Timetable(decode_settings(settings), anchor)


def check_exclusions(settings: Settings) -> None:
    """Raises `SettingInvalidError` for exclusions that leave nothing."""
    if set(settings.exclude.weekdays) >= set(range(7)):
        raise SettingInvalidError("exclude: every day of the week is excluded, so nothing is left")
    for start, end in settings.exclude.windows:
        if not start < end:
            told = [(EPOCH + timedelta(seconds=each)).isoformat() for each in (start, end)]
            raise SettingInvalidError(f"exclude: a window from {told[0]}Z to {told[1]}Z ends before it starts")
