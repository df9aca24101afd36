"""The border to Python: each row of the mapping in docs/reference/feel.md, in both directions."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal, localcontext
from enum import IntEnum, StrEnum
from zoneinfo import ZoneInfo

import pytest

from mainspring import feel

PARIS = ZoneInfo("Europe/Paris")
HALF_PAST_FIVE = timezone(timedelta(hours=5, minutes=30))


class Colour(StrEnum):
    RED = "red"


class Level(IntEnum):
    HIGH = 3


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (None, None),
        (True, True),
        (7, 7),
        (0.1, Decimal("0.1")),
        (Decimal("1.10"), Decimal("1.10")),
        ("text", "text"),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        ([1, 0.5], [1, Decimal("0.5")]),
        ((1, 2), [1, 2]),
        ({"a": {"b": 1.5}}, {"a": {"b": Decimal("1.5")}}),
        (date(2024, 2, 29), date(2024, 2, 29)),
        (time(12, 30, 15, 250), time(12, 30, 15, 250)),
        (time(12, tzinfo=UTC), time(12, tzinfo=UTC)),
        (datetime(2024, 1, 1, 12), datetime(2024, 1, 1, 12)),  # noqa: DTZ001 - a local one is meant
        (datetime(2024, 1, 1, 12, tzinfo=HALF_PAST_FIVE), datetime(2024, 1, 1, 12, tzinfo=HALF_PAST_FIVE)),
        (datetime(2024, 1, 1, 12, tzinfo=PARIS), datetime(2024, 1, 1, 12, tzinfo=PARIS)),
        (timedelta(days=-1, seconds=5), timedelta(days=-1, seconds=5)),
    ],
)
def test_a_value_goes_in_and_comes_out(given, found):
    value = feel.compile("x")(x=given)

    assert value == found
    assert type(value) is type(found)


def test_the_second_of_two_equal_times_stays_the_second():
    second = datetime(2024, 10, 27, 2, 30, tzinfo=PARIS, fold=1)

    value = feel.compile('x + duration("PT0S")')(x=second)

    assert value.astimezone(UTC) == second.astimezone(UTC)
    assert feel.compile('x - duration("PT1H")')(x=second).astimezone(UTC) == datetime(2024, 10, 27, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('@"2024-02-29"', date(2024, 2, 29)),
        ('@"10000-01-01"', feel.Date(10000, 1, 1)),
        ('@"-0001-01-01"', feel.Date(-1, 1, 1)),
        ('@"12:00:00.123456789"', feel.Time(43_200_123_456_789)),
        ('@"PT0.000001S"', timedelta(microseconds=1)),
        ('@"PT0.000000001S"', feel.DaysDuration(1)),
        ('@"P1Y2M"', feel.MonthsDuration(14)),
        ("[1..2)", feel.Range(1, 2, start_included=True, end_included=False)),
        ("10 / 4", Decimal("2.5")),
        ("10 / 5", 2),
    ],
)
def test_a_result_is_of_the_standard_library_where_that_can_hold_it(text, found):
    value = feel.compile(text)()

    assert value == found
    assert type(value) is type(found)


@pytest.mark.parametrize(
    "wrong", [float("nan"), float("inf"), Decimal("sNaN"), Decimal("1e9999"), object(), {1, 2}, len]
)
def test_what_has_no_meaning_is_null_with_a_warning_wherever_it_hides(wrong):
    inputs = {"x": wrong, "xs": [1, wrong], "c": {"x": wrong}}

    for text in (
        "x",
        "xs[2]",
        "xs[item > 0]",
        "c.x",
        "[c][x > 1]",
        "for x in xs return x",
        "sum(xs)",
        "string(c)",
        "xs",
    ):
        result = feel.evaluate(text, inputs)
        assert result.value in (None, [])
        assert result.warnings


def test_inputs_are_never_changed():
    inputs = {"xs": [3, 1, 2.5], "c": {"a": 1}}

    feel.compile('[sort(xs), append(xs, 1), context put(c, "a", 2), reverse(xs)]')(inputs)

    assert inputs == {"xs": [3, 1, 2.5], "c": {"a": 1}}


def test_numbers_are_exact_to_34_digits():
    assert feel.compile("a + b = 0.3")(a=0.1, b=0.2) is True
    assert feel.compile("1 / 3")() == Decimal("0.3333333333333333333333333333333333")
    assert feel.compile("9999999999999999999999999999999999 + 1")() == 10**34
    assert feel.compile("12345678901234567890123456789012345")() == Decimal("1.234567890123456789012345678901234E+34")
    assert feel.compile("2 ** 100")() == 2**100
    assert feel.compile("2 ** 0.5 * 2 ** 0.5")() == pytest.approx(Decimal(2), abs=Decimal("1e-32"))


def test_a_whole_number_of_any_length_may_come_in():
    huge = 10**5_000 + 1

    assert feel.compile("x - x")(x=huge) == 0
    assert feel.compile("string(x)")(x=huge) == "1" + "0" * 5_000
    assert feel.evaluate("string(x)", {"x": 10**7_000}).warnings


def test_the_context_for_decimals_of_the_caller_makes_no_difference():
    third = "0.3333333333333333333333333333333333"

    with localcontext(prec=3):
        assert str(feel.compile("1 / 3")()) == third
        assert str(feel.compile("-(1 / 3)")()) == f"-{third}"
        assert str(feel.compile("abs(-1 / 3)")()) == third
        assert str(feel.compile("number(text)")(text=f"-{third}")) == f"-{third}"
        assert feel.compile("9999999999999999999999999999999998.0 + 1")() == 9999999999999999999999999999999999
        assert feel.compile("modulo(1e32 + 0.5, 7)")() == Decimal("2.5")
