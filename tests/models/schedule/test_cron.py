"""Cron expressions: what they mean, beside cronsim's own way (Debian's), and what is refused."""

from __future__ import annotations

import random
from datetime import datetime

import pytest
from cronsim import CronSim, CronSimError

from mainspring.errors import SettingInvalidError
from mainspring.models.schedule.civil import next_instant, zone_of
from mainspring.models.schedule.cron import Cron
from tests.models.schedule.expressions import expression

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Africa/Casablanca", "Pacific/Apia", "Asia/Tehran",
    "America/Sao_Paulo", "Antarctica/Troll", "Europe/London", "Asia/Kathmandu",
)  # fmt: skip
"""Not among them: Lord Howe and St John's.  Where clocks are changed by half an hour, or a minute after midnight,
cronsim 2.8 leaves out half hours, names one instant twice, or never ends; our own times there are in test_civil.py."""
EACH = 5
"""Times of each expression that are compared."""


def near_a_change(chance: random.Random, zone_name: str) -> float:
    """Some instant; more often than not in the days before clocks are changed."""
    at, zone = chance.uniform(0, 2e9), zone_of(zone_name)
    if zone_name == "UTC" or chance.random() < 0.4:
        return float(int(at))
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    for _ in range(400):
        at += 86_400
        if datetime.fromtimestamp(at, zone).utcoffset() != offset:
            break
    return float(int(at - chance.uniform(0, 2 * 86_400)))


def compare(chance: random.Random) -> int:
    """One expression, beside cronsim; returns how many times were compared."""
    text, name = expression(chance), chance.choice(ZONES)
    zone = zone_of(name)
    at = near_a_change(chance, name)
    try:
        theirs = CronSim(text, datetime.fromtimestamp(at, zone))
    except CronSimError:
        with pytest.raises(SettingInvalidError):
            Cron(text)
        return 0
    ours = Cron(text)
    for number in range(EACH):
        expected = next(theirs, None)
        found = next_instant(ours, zone, "vixie", at)
        if expected is None or found is None:
            assert expected is None
            assert found is None
            return number
        at = expected.timestamp()
        if datetime.fromtimestamp(at, zone).replace(tzinfo=None) != expected.replace(tzinfo=None):
            return number  # a wall-clock time that does not exist; cronsim has it, and we have not
        assert found == at, f"{text!r} in {name}: {datetime.fromtimestamp(found, zone)}, cronsim has {expected}"
    return EACH


def test_some_expressions_beside_cronsim():
    chance = random.Random(11)
    assert sum(compare(chance) for _ in range(400)) > 1_000


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_expressions_beside_cronsim():
    chance = random.Random(12)
    assert sum(compare(chance) for _ in range(10_000)) > 30_000


# --- What cronsim lacks -------------------------------------------------------------------------


def dates(text: str, after: str, count: int) -> list[str]:
    rule, at = Cron(text), datetime.fromisoformat(after)
    found: list[str] = []
    while len(found) < count and (each := rule.next_local(at)) is not None:
        found.append(f"{each:%Y-%m-%d %H:%M}")
        at = each
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("@daily", ["2026-01-02 00:00", "2026-01-03 00:00"]),
        ("@hourly", ["2026-01-01 01:00", "2026-01-01 02:00"]),
        ("@weekly", ["2026-01-04 00:00", "2026-01-11 00:00"]),
        ("@monthly", ["2026-02-01 00:00", "2026-03-01 00:00"]),
        ("@yearly", ["2027-01-01 00:00", "2028-01-01 00:00"]),
        ("0 9 15W * *", ["2026-01-15 09:00", "2026-02-16 09:00", "2026-03-16 09:00", "2026-04-15 09:00"]),
        ("0 9 1W * ?", ["2026-01-01 09:00", "2026-02-02 09:00", "2026-03-02 09:00", "2026-04-01 09:00",
                        "2026-05-01 09:00",
                        "2026-06-01 09:00", "2026-07-01 09:00", "2026-08-03 09:00"]),
        ("0 9 31W * *", ["2026-01-30 09:00", "2026-03-31 09:00", "2026-05-29 09:00"]),
        ("0 9 1,15W * *", ["2026-01-01 09:00", "2026-01-15 09:00", "2026-02-01 09:00", "2026-02-16 09:00"]),
        ("0 9 L * *", ["2026-01-31 09:00", "2026-02-28 09:00"]),
        ("0 9 LW * *", ["2026-01-30 09:00", "2026-02-27 09:00"]),
        ("0 9 * * FRIL", ["2026-01-30 09:00", "2026-02-27 09:00"]),
        ("0 9 * * MON#1", ["2026-01-05 09:00", "2026-02-02 09:00"]),
        ("0 0 29 2 *", ["2028-02-29 00:00", "2032-02-29 00:00"]),
        ("0 9 13 * FRI", ["2026-01-02 09:00", "2026-01-09 09:00", "2026-01-13 09:00"]),
    ],
)  # fmt: skip
def test_the_times_of_an_expression(text, expected):
    assert dates(text, "2026-01-01 00:30" if "@" in text else "2026-01-01 00:00", len(expected)) == expected


def test_seconds_come_first_in_six_fields():
    found = Cron("*/20 * * * * *").next_local(datetime(2026, 1, 1, 0, 0, 41))
    assert found == datetime(2026, 1, 1, 0, 1, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("61 * * * *", "field minute: '61' makes no sense; it takes 0 to 59"),
        ("* 24 * * *", "field hour: '24'"),
        ("* * 32 * *", "field day-of-month: '32'"),
        ("* * 40W * *", "field day-of-month: '40W'"),
        ("* * * 13 *", "field month: '13'"),
        ("* * * * FUNDAY", "field day-of-week: 'FUNDAY'"),
        ("0 9 * * MON#6", "field day-of-week: 'MON#6'"),
        ("*/0 * * * *", "field minute: '*/0'"),
        ("5-1 * * * *", "field minute: '5-1'"),
        ("x * * * * *", "field second: 'X'"),
        ("* * *", "has 3 fields; write five"),
        ("*/00 * * * *", "field minute: '*/00' makes no sense; a step is 1 or more"),
        ("@sometimes", "there is no '@sometimes'; there are @yearly, "),
        ("@reboot", "@midnight, @hourly, and five or six fields"),
        ("@every 5m", "for an interval write every='5m'"),
        ("", "has 0 fields"),
        ("0 0 30 2 *", "field day-of-month: none of its months has that day"),
    ],
)
def test_a_wrong_expression_is_refused_with_the_field_and_the_reason(text, words):
    with pytest.raises(SettingInvalidError) as caught:
        Cron(text)
    assert words in str(caught.value)
