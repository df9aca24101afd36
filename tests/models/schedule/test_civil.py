"""Civil time, around every change of clocks that there has been since 1970, beside a slow and obvious oracle."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zlib import crc32

import pytest

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import DST, Dst, next_instant, zone_of, zones_version
from mainspring.models.schedule.cron import Cron
from mainspring.models.schedule.interval import CalendarInterval, Every
from tests.models.schedule.oracle import EPOCH, Change, changes_of, instants_of, zone_names

AROUND_S = 27 * 3_600
SHARE = 8
"""By default one change in so many is looked at."""


def fired(next_of: Callable[[float], float | None], after: float, until: float) -> list[float]:
    found: list[float] = []
    while (at := next_of(after)) is not None and at <= until:
        found.append(at)
        after = at
    return found


def expected(change: Change, dst: str, minutes: list[int], hours: list[int]) -> list[float]:
    middle = EPOCH + timedelta(seconds=change.at) + change.before
    day = datetime(middle.year, middle.month, middle.day) - timedelta(days=3)
    locals_ = [
        day + timedelta(days=days, hours=hour, minutes=minute)
        for days in range(7)
        for hour in hours
        for minute in minutes
    ]
    low, high = change.at - AROUND_S, change.at + AROUND_S
    return [each for each in instants_of(locals_, change, dst) if low < each <= high]


def is_lonely(change: Change) -> bool:
    """Whether no other change is so near that the two touch."""
    return all(other == change or abs(other.at - change.at) > 2 * AROUND_S for other in changes_of(change.zone))


def check(change: Change) -> None:
    """An interval, an hourly and some daily rules, under every policy."""
    zone = zone_of(change.zone)
    low, high = float(change.at - AROUND_S), float(change.at + AROUND_S)
    interval = Every(2_700.0, low)
    assert fired(interval.next_after, low, high) == [low + 2_700.0 * number for number in range(1, 73)]
    if not is_lonely(change):
        return
    middle = EPOCH + timedelta(seconds=change.at) + (change.before + change.after) / 2
    minutes_hours = [(30, 2), (middle.minute, middle.hour), ((middle.minute + 29) % 60, middle.hour)]
    rules: list[tuple[str, list[int], list[int]]] = [
        *((f"{minute} {hour} * * *", [minute], [hour]) for minute, hour in minutes_hours),
        ("*/30 * * * *", [0, 30], list(range(24))),
    ]
    for dst in DST:
        for expression, minutes, hours in rules:
            cron = Cron(expression)
            meaning = "both" if dst == "vixie" and cron.is_wild else dst
            found = fired(lambda after, cron=cron, dst=dst: next_instant(cron, zone, dst, after), low, high)  # type: ignore[misc]
            assert found == expected(change, meaning, minutes, hours), f"{change}: {expression!r}, dst={dst!r}"


def all_changes() -> list[Change]:
    return [change for name in zone_names() for change in changes_of(name)]


@pytest.mark.slow
@pytest.mark.timeout(3_600)
def test_around_every_change_of_every_zone():
    changes = all_changes()
    assert len(changes) > 15_000
    for change in changes:
        check(change)


def test_around_a_share_of_the_changes():
    names = [name for name in zone_names() if crc32(name.encode()) % 60 == 0]
    changes = [change for name in names for change in changes_of(name) if crc32(repr(change).encode()) % SHARE == 0]
    assert len(changes) > 10
    for change in changes:
        check(change)


# --- By hand, as a reader sees it -----------------------------------------------------------------


def told(expression: str, zone: str, dst: Dst, day: str) -> list[str]:
    """What fires on one day, in local time with its offset."""
    place, begin = zone_of(zone), datetime.fromisoformat(day)
    low, high = (
        begin.replace(tzinfo=place).timestamp() - 1,
        (begin + timedelta(days=1)).replace(tzinfo=place).timestamp(),
    )
    rule = Cron(expression)
    found = fired(lambda after: next_instant(rule, place, dst, after), low, high - 1)
    return [datetime.fromtimestamp(each, place).strftime("%H:%M%z") for each in found]


@pytest.mark.parametrize(
    ("expression", "dst", "spring", "autumn"),
    [
        ("30 2 * * *", "skip", [], ["02:30+0200"]),
        ("30 2 * * *", "shift", ["03:30+0200"], ["02:30+0200"]),
        ("30 2 * * *", "both", [], ["02:30+0200", "02:30+0100"]),
        ("30 2 * * *", "vixie", ["03:00+0200"], ["02:30+0200"]),
        ("0 1-3 * * *", "skip", ["01:00+0100", "03:00+0200"], ["01:00+0200", "02:00+0200", "03:00+0100"]),
        ("0 1-3 * * *", "shift", ["01:00+0100", "03:00+0200"], ["01:00+0200", "02:00+0200", "03:00+0100"]),
        ("0 1-3 * * *", "vixie", ["01:00+0100", "03:00+0200"], ["01:00+0200", "02:00+0200", "03:00+0100"]),
        ("0 1-3 * * *", "both", ["01:00+0100", "03:00+0200"], ["01:00+0200", "02:00+0200", "02:00+0100", "03:00+0100"]),
    ],
)
def test_the_hour_that_does_not_exist_and_the_hour_that_happens_twice(expression, dst, spring, autumn):
    assert told(expression, "Europe/Berlin", dst, "2026-03-29") == spring
    assert told(expression, "Europe/Berlin", dst, "2026-10-25") == autumn


def test_a_day_that_does_not_exist_is_leapt_over():
    assert told("0 9 * * *", "Pacific/Apia", "skip", "2011-12-30") == []
    assert told("0 9 * * *", "Pacific/Apia", "shift", "2011-12-31") == ["09:00+1400"]


def test_the_same_time_of_day_every_day_keeps_its_time_of_day():
    zone = zone_of("Europe/Berlin")
    rule = CalendarInterval(1, "day", datetime(2026, 3, 28, 9))
    found = fired(lambda after: next_instant(rule, zone, "shift", after), 1_774_600_000.0, 1_774_900_000.0)
    assert [datetime.fromtimestamp(each, UTC).hour for each in found] == [8, 7, 7]


def test_zones_come_from_the_package():
    assert zone_of("UTC") is UTC
    assert zones_version()[:2] == "20"
    for wrong in ("Mars/Olympus", "../../etc/passwd", "", "europe", "Europe", "zones"):
        with pytest.raises(SettingInvalidError, match="is no time zone"):
            zone_of(wrong)
