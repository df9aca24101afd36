"""Timetables: unions, exclusions, business days; the latest of many and their number, without passing them all."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import DST
from mainspring.models.schedule.request import changed, settings_of, told
from mainspring.models.schedule.settings import Target
from mainspring.models.schedule.timetable import Timetable, timetable_of
from tests.models.schedule.expressions import expression
from tests.models.schedule.oracle import changes_of

ANCHOR = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2025, 1, 1, tzinfo=UTC)
TARGET = Target("report", model="task", digest="d1")


def table(**options: Any) -> Timetable:
    return Timetable(settings_of(TARGET, options), ANCHOR)


def times(timetable: Timetable, count: int, after: float = ANCHOR) -> list[str]:
    found: list[str] = []
    while len(found) < count and (at := timetable.next_after(after)) is not None:
        found.append(datetime.fromtimestamp(at, timetable.zone).strftime("%m-%d %H:%M"))
        after = at
    return found


def test_rules_together_are_a_union_without_doubles():
    both = table(cron=["0 9 * * *", "0 */9 * * *"], at=datetime(2026, 1, 1, 12, tzinfo=UTC))
    assert times(both, 5) == ["01-01 09:00", "01-01 12:00", "01-01 18:00", "01-02 00:00", "01-02 09:00"]


def test_an_interval_is_counted_from_the_start_or_by_its_phase():
    assert times(table(every="45m"), 2) == ["01-01 00:45", "01-01 01:30"]
    assert times(table(every="45m", starts_at=datetime(2026, 1, 1, 0, 10, tzinfo=UTC)), 2) == [
        "01-01 00:10",
        "01-01 00:55",
    ]
    assert times(table(every="1h", phase_s=300), 2) == ["01-01 00:05", "01-01 01:05"]


def test_parts_of_a_second_do_not_add_up():
    quarter = table(every="250ms")
    at = ANCHOR
    for number in range(1, 1_001):
        found = quarter.next_after(at)
        assert found == ANCHOR + number * 0.25
        at = found
    tenth = table(every=0.1)
    assert tenth.next_after(ANCHOR + 1e8) == ANCHOR + 1e8 + 0.1


@pytest.mark.parametrize(
    ("every", "expected"),
    [
        ("1d", ["03-28 09:30", "03-29 09:30", "03-30 09:30"]),
        ("2w", ["03-28 09:30", "04-11 09:30", "04-25 09:30"]),
        ("1mo", ["03-28 09:30", "04-28 09:30", "05-28 09:30"]),
        ("1y", ["03-28 09:30", "03-28 09:30"]),
    ],
)
def test_a_calendar_interval_keeps_the_time_of_day(every, expected):
    daily = table(every=every, tz="Europe/Berlin", starts_at=datetime(2026, 3, 28, 9, 30, tzinfo=BERLIN))
    assert times(daily, len(expected)) == expected


def test_a_month_that_is_too_short_has_its_last_day():
    monthly = table(every="1mo", starts_at=datetime(2026, 1, 31, 8, tzinfo=UTC))
    assert times(monthly, 4) == ["01-31 08:00", "02-28 08:00", "03-31 08:00", "04-30 08:00"]


def test_days_weekdays_windows_times_of_day_and_rules_are_left_out():
    daily = table(cron="0 9 * * *", exclude=["weekends", date(2026, 1, 5), "2026-01-06"])
    assert times(daily, 3) == ["01-01 09:00", "01-02 09:00", "01-07 09:00"]
    windowed = table(cron="0 9 * * *", exclude=(datetime(2026, 1, 2, tzinfo=UTC), datetime(2026, 1, 9, 9, tzinfo=UTC)))
    assert times(windowed, 2) == ["01-01 09:00", "01-09 09:00"]
    nightly = table(cron="0 * * * *", exclude="22:00-06:00", starts_at=datetime(2026, 1, 1, 20, tzinfo=UTC))
    assert times(nightly, 4) == ["01-01 20:00", "01-01 21:00", "01-02 06:00", "01-02 07:00"]
    ruled = table(cron="0 9 * * *", exclude=["FREQ=WEEKLY;BYDAY=FR;BYHOUR=9;BYMINUTE=0;BYSECOND=0", "0 9 3 * *"])
    assert times(ruled, 2) == ["01-01 09:00", "01-04 09:00"]
    one = table(cron="0 9 * * *", exclude=[datetime(2026, 1, 1, 9, tzinfo=UTC)])
    assert times(one, 1) == ["01-02 09:00"]


def test_a_calendar_of_holidays_is_any_mapping_or_set_of_days():
    holidays = {date(2026, 1, 1): "New Year", date(2026, 1, 6): "Epiphany"}
    assert times(table(cron="0 9 * * *", exclude=holidays), 5)[0] == "01-02 09:00"
    assert times(table(cron="0 9 6 * *", exclude=set(holidays)), 1) == ["02-06 09:00"]


def test_what_falls_on_a_day_off_moves_to_the_next_business_day():
    monthly = table(cron="0 9 1,3,4 * *", exclude=["weekends", "2026-01-05"], business_day=True)
    # The 3rd and the 4th are a weekend, the 5th is off: both move to the 6th, where they are one.
    assert times(monthly, 3) == ["01-01 09:00", "01-06 09:00", "02-02 09:00"]
    two = table(cron="0 8,9 3 * *", exclude="weekends", business_day=True)
    assert times(two, 3) == ["01-05 08:00", "01-05 09:00", "02-03 08:00"]


def test_rules_that_leave_nothing_come_to_an_end():
    assert times(table(cron="0 9 * * SUN", exclude="weekends"), 1) == []
    assert times(table(at=datetime(2025, 1, 1, tzinfo=UTC)), 1) == []


def test_the_start_and_the_end_are_included():
    bounded = table(
        every="1h", starts_at=datetime(2026, 1, 1, 5, tzinfo=UTC), ends_at=datetime(2026, 1, 1, 7, tzinfo=UTC)
    )
    assert times(bounded, 9) == ["01-01 05:00", "01-01 06:00", "01-01 07:00"]
    assert bounded.next_after(ANCHOR, is_bounded=False) == ANCHOR + 3_600


def test_the_latest_and_the_number_are_those_that_stepping_finds():
    """Around changes of clocks at midnight, by half an hour, by a day, and by one and two hours."""
    chance, compared = random.Random(5), 0
    changes = [each for name in ("America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Antarctica/Troll")
               for each in changes_of(name)]  # fmt: skip
    while compared < 60:
        change, text = chance.choice(changes), expression(chance)
        try:
            timetable = table(
                cron=text, tz=change.zone, dst=chance.choice(DST), starts_at=datetime(1970, 1, 1, tzinfo=UTC)
            )
        except SettingInvalidError:
            continue
        if len(text.split()) == 6:
            continue  # too many to step through
        after, until = change.at - chance.uniform(0, 5e5), change.at + chance.uniform(0, 5e5)
        stepped = list(timetable.between(after, until))
        counted = timetable.count(after, until)
        assert counted.number == len(stepped) or not counted.is_exact
        assert timetable.latest(after, until, 3) == stepped[-3:]
        compared += 1


def test_a_million_misses_are_counted_without_passing_them():
    every = table(every=0.5)
    assert every.count(ANCHOR, ANCHOR + 500_000.0) == (1_000_000, True)
    assert every.latest(ANCHOR, ANCHOR + 500_000.0, 2) == [ANCHOR + 499_999.5, ANCHOR + 500_000.0]
    minutely = table(cron="* * * * *", tz="Europe/Berlin")
    year_s = 365 * 86_400
    assert minutely.count(ANCHOR, ANCHOR + 2 * year_s) == (2 * 365 * 1_440, True)
    with_exclusions = table(every=0.5, exclude="weekends")
    assert with_exclusions.count(ANCHOR, ANCHOR + year_s) == (1_000, False), "at least so many"


@pytest.fixture
def steps(monkeypatch):
    """Counts how often a timetable is asked for its next occurrence."""
    asked = []
    next_after = Timetable.next_after

    def counted(self, after, **options):
        asked.append(after)
        return next_after(self, after, **options)

    monkeypatch.setattr(Timetable, "next_after", counted)
    return asked


@pytest.mark.parametrize("count", [1, 1_000])
@pytest.mark.parametrize(
    ("options", "first", "last", "gap_s"),
    [
        # Down from a second before ten in the evening: the first gap is eight hours, all others a second.
        ({"every": "1s", "exclude": "22:00-06:00"}, "2026-01-01T21:59:58", "2026-12-01T12:00:00", 1.0),
        # Back just after the gap: the latest lie on both sides of it.
        ({"every": "1s", "exclude": "22:00-06:00"}, "2026-01-01T21:59:58", "2026-12-01T06:00:05", 1.0),
        # The first gap is the shortest there is, the others are days.
        (
            {"cron": "0 9 * * *", "at": datetime(2026, 1, 1, 9, 0, 0, 10, tzinfo=UTC), "starts_at": BEGIN},
            "2026-01-01T08:00:00",
            "2125-12-31T12:00:00",
            86_400.0,
        ),
        # A hundred a second, for a minute a day.
        ({"every": "10ms", "exclude": "00:01-00:00"}, "2026-01-01T00:00:50", "2126-01-01T00:00:30", 0.01),
    ],
)
def test_the_latest_are_found_in_a_bounded_number_of_steps(options, first, last, gap_s, count, steps):
    after, until = (datetime.fromisoformat(each).replace(tzinfo=UTC).timestamp() for each in (first, last))
    found = table(**options).latest(after, until, count)
    assert len(steps) <= 100 + 15 * count, len(steps)
    assert len(found) == count
    assert found[-1] > until - gap_s
    assert all(early < late for early, late in pairwise(found))


def test_the_latest_are_those_that_stepping_finds_wherever_the_gaps_are():
    chance = random.Random(7)
    for _ in range(300):
        instants = sorted({ANCHOR + chance.choice((1e-5, 1.0, 3_600.0, 1e8)) * chance.random() for _ in range(60)})
        timetable = table(at=[datetime.fromtimestamp(each, UTC) for each in instants], starts_at=BEGIN)
        after, until = ANCHOR - 1 + chance.random() * 10 ** chance.uniform(-5, 7), ANCHOR + 10 ** chance.uniform(-5, 8)
        count = chance.choice((1, 2, 5, 100))
        assert timetable.latest(after, until, count) == list(timetable.between(after, until))[-count:]


def test_a_timetable_is_kept():
    settings = settings_of(TARGET, {"every": 5}).encode()
    assert timetable_of(settings, 1.0) is timetable_of(bytes(bytearray(settings)), 1.0)


def test_an_update_changes_what_is_said_and_keeps_the_rest():
    before = settings_of(TARGET, {"every": 5, "overlap": "allow", "tz": "Europe/Berlin"})
    after = changed(before, {"cron": "0 9 * * *"})
    assert (told(after), after.overlap, after.tz) == ("0 9 * * *", "allow", "Europe/Berlin")
    assert changed(before, {"overlap": "skip"}).rules == before.rules


def test_what_an_update_says_is_none_is_taken_back():
    plain = settings_of(TARGET, {"every": 5})
    said: dict[str, Any] = {
        "count": 3, "starts_at": BEGIN, "ends_at": datetime(2031, 1, 1, tzinfo=UTC), "exclude": "weekends",
        "dst": "skip", "tz": "Europe/Berlin", "business_day": True, "overlap": "allow", "catchup": timedelta(hours=1),
        "jitter_s": 3, "pause_on_failure": 2,
    }  # fmt: skip
    before = settings_of(TARGET, {"every": 5} | said)
    for name in said:
        assert changed(before, {name: None}) == settings_of(TARGET, {"every": 5} | said | {name: None})
        assert changed(before, {name: None}) != before
    assert changed(before, dict.fromkeys(said)) == plain
    assert changed(before, {}) == before


@pytest.mark.parametrize(
    ("options", "words"), [({"every": None}, "needs a rule; give one of"), ({"phase_s": 5}, "give both")]
)
def test_an_update_to_no_rule_is_refused(options, words):
    with pytest.raises(SettingInvalidError, match=words):
        changed(settings_of(TARGET, {"every": 5}), options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "needs a rule; give one of every=, cron=, rrule=, at="),
        ({"every": 0}, "every: 0 must be 0.01 seconds or more"),
        ({"every": "0s"}, "every: '0s' must be"),
        ({"every": -5}, "every: -5"),
        ({"every": "often"}, "every: 'often' is no interval"),
        ({"every": "1.5d"}, "every: '1.5d' must be a whole number"),
        ({"every": True}, "every: True"),
        ({"cron": "61 * * * *"}, "cron: '61 * * * *': field minute"),
        ({"cron": 5}, "cron must be text"),
        ({"cron": ""}, "cron must be text such as '0 9 * * MON-FRI', not ''"),
        ({"rrule": " "}, "rrule must be text such as 'FREQ=DAILY;BYHOUR=9', not ' '"),
        ({"rrule": "DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY"}, "say it with starts_at="),
        ({"rrule": "DTSTART=20260101T090000Z;FREQ=DAILY"}, "DTSTART is no part of a rule"),
        ({"rrule": "RRULE:FREQ=DAILY\nEXDATE:20260101T090000Z"}, "say it with exclude="),
        ({"rrule": "FREQ=NEVER"}, "rrule: 'FREQ=NEVER': FREQ must be"),
        ({"every": 5, "tz": "Mars/Olympus"}, "tz: 'Mars/Olympus' is no time zone"),
        ({"every": 5, "tz": 5}, "tz: 5 is no time zone"),
        ({"at": datetime(2026, 1, 1)}, "has no time zone; write datetime(…, tzinfo=ZoneInfo('Europe/Berlin'))"),
        ({"every": 5, "starts_at": datetime(2026, 1, 1)}, "starts_at=datetime.datetime(2026, 1, 1, 0, 0) has no time"),
        ({"every": 5, "ends_at": "tomorrow"}, "ends_at must be a datetime with a zone"),
        (
            {"every": 5, "starts_at": datetime(2026, 2, 1, tzinfo=UTC), "ends_at": datetime(2026, 1, 1, tzinfo=UTC)},
            "ends_at lies before starts_at",
        ),
        ({"every": 5, "dst": "sometimes"}, "dst must be one of skip, shift, both, vixie"),
        ({"every": 5, "overlap": "fight"}, "overlap must be one of allow, skip"),
        ({"every": 5, "catchup": "some"}, "catchup must be 'none', 'latest', 'all'"),
        ({"every": 5, "catchup": 0}, "catchup must be a whole number from 1"),
        ({"every": 5, "catchup": -timedelta(hours=6)}, "reaches back; write datetime.timedelta(seconds=21600), not"),
        ({"every": 5, "jitter_s": -1}, "jitter_s must be seconds"),
        ({"every": 5, "count": 0}, "count must be a whole number from 1"),
        ({"every": 5, "pause_on_failure": 0}, "pause_on_failure must be"),
        ({"every": 5, "business_day": 1}, "business_day must be True or False"),
        ({"cron": "0 9 * * *", "phase_s": 3}, "phase_s goes together with every="),
        ({"every": 5, "exclude": "someday"}, "exclude: 'someday' is neither"),
        ({"every": 5, "exclude": "2026-02-30"}, "exclude: there is no day '2026-02-30'"),
        ({"every": 5, "exclude": 7}, "exclude: 7 is no day"),
        ({"every": 5, "exclude": "25:00-26:00"}, "exclude: '25:00-26:00' is no time of day"),
        ({"every": 5, "exclude": "09:00-09:00"}, "'09:00-09:00' begins and ends at the same time, which leaves"),
        ({"every": 5, "exclude": "00:00-24:00"}, "for whole days '2026-12-25', 'SUN' or 'weekends'"),
        ({"every": 5, "exclude": [datetime(2026, 1, 1)]}, "exclude=datetime.datetime(2026, 1, 1, 0, 0) has no time"),
        (
            {"every": 5, "exclude": [(datetime(2026, 2, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))]},
            "exclude: a window from 2026-02-01T00:00:00Z to 2026-01-01T00:00:00Z ends before it starts",
        ),
        ({"every": 5, "exclude": ["MON", "TUE", "WED", "THU", "FRI", "weekends"]}, "every day of the week"),
        ({"every": 5, "exclude": "61 * * * *"}, "cron: '61 * * * *'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_field_and_the_reason(options, words):
    with pytest.raises(SettingInvalidError) as caught:
        settings_of(TARGET, options)
    assert words in str(caught.value)


def test_a_zone_may_be_given_as_such():
    assert settings_of(TARGET, {"every": 5, "tz": BERLIN}).tz == "Europe/Berlin"
    assert settings_of(TARGET, {"every": 5, "tz": UTC}).tz == "UTC"
    with pytest.raises(SettingInvalidError, match="no name that can be stored"):
        settings_of(TARGET, {"every": 5, "tz": timezone(timedelta(hours=1))})
