"""Recurrence rules: judged by the cases of libical, and where these say nothing."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import TICK, zone_of
from mainspring.models.schedule.recurrence import Recurrence

ROOT = Path(__file__).parents[3]
SUITES = Path(os.environ.get("MAINSPRING_SUITES") or ROOT.parent / "shared" / "suites")
CASES = SUITES / "rrule" / "cases.txt"


def read_time(text: str) -> datetime:
    return datetime.strptime(text.rstrip("Z"), "%Y%m%dT%H%M%S" if "T" in text else "%Y%m%d")


def cases() -> list[dict[str, str]]:
    if not CASES.exists():
        return []
    blocks = CASES.read_text(encoding="utf-8").split("\n\n")
    read = [
        dict(line.split(":", 1) for line in block.splitlines() if line and not line.startswith("#")) for block in blocks
    ]
    return [case for case in read if "RRULE" in case]


def times_of(rule: Recurrence, after: datetime, limit: int) -> list[datetime]:
    found: list[datetime] = []
    while len(found) < limit and (each := rule.next_local(after)) is not None:
        found.append(each)
        after = each
    return found


def test_all_cases_are_here():
    if not CASES.exists():
        pytest.skip(f"the recurrence cases are not here: there is no {CASES}")
    assert len(cases()) == 79


@pytest.mark.parametrize("case", cases(), ids=lambda case: case["RRULE"])
def test_a_case_of_others(case):
    start = read_time(case["DTSTART"])
    rule = Recurrence(case["RRULE"], start, is_date="T" not in case["DTSTART"])
    expected = [read_time(each) for each in case["INSTANCES"].split(",")]

    assert times_of(rule, start - timedelta(days=1), len(expected) + 3) == expected

    # From anywhere in between the rest is the same.
    middle = len(expected) // 2
    fresh = Recurrence(case["RRULE"], start, is_date="T" not in case["DTSTART"])
    assert times_of(fresh, expected[middle] - TICK, len(expected)) == expected[middle:]
    if "START-AT" in case:
        at = read_time(case["START-AT"])
        assert times_of(fresh, at - TICK, len(expected)) == [each for each in expected if each >= at]


def test_a_rule_is_asked_far_from_its_start_without_passing_what_lies_between():
    rule = Recurrence("FREQ=SECONDLY;INTERVAL=7", datetime(1990, 1, 1))
    found = rule.next_local(datetime(2026, 1, 1))
    assert found is not None
    assert (found - datetime(1990, 1, 1)).total_seconds() % 7 == 0
    assert found - datetime(2026, 1, 1) <= timedelta(seconds=7)


def test_until_is_an_instant_where_it_ends_with_z():
    rule = Recurrence("FREQ=DAILY;UNTIL=20260103T080000Z", datetime(2026, 1, 1, 9), zone_of("Europe/Berlin"))
    assert times_of(rule, datetime(2025, 1, 1), 9) == [datetime(2026, 1, day, 9) for day in (1, 2, 3)]


def test_what_never_happens_has_no_next_time():
    assert (
        Recurrence("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", datetime(2026, 1, 1)).next_local(datetime(2026, 1, 1)) is None
    )


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("BYDAY=MO", "FREQ must be one of"),
        ("FREQ=FORTNIGHTLY", "not 'FORTNIGHTLY'"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL must be a whole number from 1, not '0'"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "COUNT and UNTIL exclude each other"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY: 32 is not 1 to 31"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH: 13"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR: 24 is not 0 to 23"),
        ("FREQ=MONTHLY;BYDAY=2XX", "BYDAY: '2XX'"),
        ("FREQ=WEEKLY;BYDAY=2MO", "BYDAY with a number"),
        ("FREQ=MONTHLY;BYWEEKNO=3", "BYWEEKNO is for FREQ=YEARLY only"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs another part"),
        ("FREQ=DAILY;UNTIL=tomorrow", "UNTIL: 'TOMORROW'"),
        ("FREQ=DAILY;BYMOON=1", "no part 'BYMOON'"),
        ("FREQ=DAILY;WKST=XX", "WKST"),
        ("FREQ=DAILY;DAILY", "'DAILY' is not of the form"),
        ("FREQ=DAILY;COUNT=1000000", "COUNT: at most 100,000"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_part_and_the_reason(rule, words):
    with pytest.raises(SettingInvalidError) as caught:
        Recurrence(rule, datetime(2026, 1, 1))
    assert words in str(caught.value)
    assert str(caught.value).startswith("rrule: ")
