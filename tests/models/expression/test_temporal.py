"""Dates, times, durations and zones: the calendar against the standard library's, and what is beyond it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring import feel
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.iso import read_temporal, text_of_temporal
from mainspring.models.expression.temporal import DAY, YEAR_MAX, Date, DateTime, DaysDuration, MonthsDuration, Time

dates = st.builds(Date, st.integers(-YEAR_MAX, YEAR_MAX), st.integers(1, 12), st.integers(1, 28))
times = st.one_of(
    st.builds(Time, st.integers(0, DAY - 1), st.none() | st.integers(-64_800, 64_800)),
    st.builds(Time, st.integers(0, DAY - 1), st.none(), st.sampled_from(["Europe/Paris", "Etc/UTC", "Asia/Kolkata"])),
)
durations = st.one_of(
    st.builds(DaysDuration, st.integers(-(10**25), 10**25)), st.builds(MonthsDuration, st.integers(-(10**9), 10**9))
)


@given(st.dates())
def test_the_calendar_is_that_of_python(day):
    ours = Date(day.year, day.month, day.day)

    assert ours.number == (day - date(1970, 1, 1)).days
    assert ours.weekday == day.isoweekday()
    assert Date.of_number(ours.number) == ours


@given(dates)
def test_every_day_of_two_thousand_million_years_has_a_number(day):
    assert Date.of_number(day.number) == day
    assert day.year > YEAR_MAX - 400 or Date.of_number(day.number + 146_097).weekday == day.weekday


@given(st.one_of(dates, times, st.builds(DateTime, dates, times), durations))
def test_what_is_written_is_read_as_the_same(value):
    assert read_temporal(text_of_temporal(value)) == value


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-(10**6), 10**6))
def test_days_are_added_as_python_adds_them(day, seconds):
    found = feel.compile("day + duration")(day=day, duration=timedelta(days=seconds))

    assert found == (day + timedelta(days=seconds) if abs(seconds) < 600_000 else found)


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ('@"2024-01-31" + @"P1M"', '@"2024-02-29"'),
        ('@"2024-03-31" - @"P1M"', '@"2024-02-29"'),
        ('@"2024-02-29" + @"P1Y"', '@"2025-02-28"'),
        ('@"2023-12-31" + @"P1D"', '@"2024-01-01"'),
        ('@"0001-01-01" - @"P1D"', '@"0000-12-31"'),
        ('@"23:00:00" + @"PT2H"', '@"01:00:00"'),
        ('@"00:00:00" - @"PT1S"', '@"23:59:59"'),
        ('@"2024-03-31T01:30:00@Europe/Paris" + @"PT1H"', '@"2024-03-31T03:30:00@Europe/Paris"'),
        ('@"2024-10-27T02:30:00@Europe/Paris" + @"PT1H" - @"2024-10-27T02:30:00@Europe/Paris"', '@"PT1H"'),
        ('@"2024-07-01T12:00:00@Europe/Paris"', '@"2024-07-01T10:00:00Z"'),
        ('@"12024-07-01T12:00:00@Europe/Paris"', '@"12024-07-01T10:00:00Z"'),
        ('@"2024-01-01T24:00:00"', '@"2024-01-02T00:00:00"'),
        ('@"2024-01-02" - @"2024-01-01T12:00:00Z"', '@"PT12H"'),
        ('@"10:00:00+02:00"', '@"08:00:00Z"'),
        ('@"2024-07-01T12:00:00@Europe/Paris".time offset', '@"PT2H"'),
        ('@"12:00:00@Europe/Paris".time offset', '@"PT1H"'),
        ('@"-P1Y2M".years', "-1"),
        ('@"-P1DT2H3M4.5S".seconds', "-4.5"),
        ('@"P1DT2H".hours', "2"),
        ('@"12:00:01.5".second', "1.5"),
        ('@"P1D" * 1.5', '@"P1DT12H"'),
        ('@"P1Y" / 5', '@"P2M"'),
        ('@"P1Y" / @"P5M"', "2.4"),
    ],
)
def test_temporal_arithmetic(text, result):
    assert feel.compile(f"({text}) = ({result})")() is True


@pytest.mark.parametrize(
    "text",
    ["", "soon", "24-01-01", "2024-1-1", "2024-00-01", "+2024-01-01", "02024-01-01", "9999999999-01-01", "2024-01-01 ",
     "１２34-01-01", "12:00", "12:60:00", "24:00:01", "12:00:00+1:00", "12:00:00+02:00@Europe/Paris",
     "12:00:00@", "12:00:00@a b", "2024-01-01T", "T12:00:00", "P", "PT", "P1", "P1H", "PT1D", "P1Y1D", "P-1D", "P1.5D",
     "p1d", "P1D2D", "--P1D", "P1DT"],
)  # fmt: skip
def test_what_is_no_temporal_value_is_told(text):
    with pytest.raises(Fault):
        read_temporal(text)
