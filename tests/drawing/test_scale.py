"""Round steps, and numbers as people write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing.scale import Scale, duration_text, number_text, round_step, tick_text, ticks, time_step


@given(st.floats(1e-9, 1e12), st.integers(2, 12))
def test_steps_make_about_the_wanted_number(span, count):
    assert count / 2.6 <= span / round_step(span, count) <= count * 1.01
    assert span / time_step(span, count) <= count * 1.01


@pytest.mark.parametrize("span", [0.0, -1.0, 5e-324, 1e-310, float("inf"), float("nan")])
def test_what_has_no_extent_has_steps_all_the_same(span):
    assert round_step(span, 4) == 1.0


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6))
def test_ticks_are_round_and_inside(low, span):
    step = round_step(span, 5)
    for tick in ticks(low, low + span, step):
        assert low - step * 1e-6 <= tick <= low + span + step * 1e-6


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 ms"),
        (0.000_2, "200 µs"),
        (0.34, "340 ms"),
        (0.9999, "1.0 s"),
        (1.23, "1.2 s"),
        (9.97, "10 s"),
        (59.6, "1 min"),
        (125, "2 min 5 s"),
        (3600 * 3 + 720, "3 h 12 min"),
        (86400 * 2 + 4 * 3600 + 5, "2 d 4 h"),
    ],
)
def test_durations_have_two_units_at_most(seconds, told):
    assert duration_text(seconds) == told


@pytest.mark.parametrize(
    ("value", "told"), [(0, "0"), (1234567, "1,234,567"), (12.3456, "12.35"), (-3, "-3"), (0.00000123, "1.2e-06")]
)
def test_numbers_have_four_digits(value, told):
    assert number_text(value) == told


@pytest.mark.parametrize(
    ("seconds", "step", "told"),
    [
        (0, 1, "0"),
        (2, 2, "2 s"),
        (90, 30, "1 min 30 s"),
        (0.5, 0.5, "0.5 s"),
        (0.05, 0.05, "50 ms"),
        (2e-5, 1e-5, "20 µs"),
    ],
)
def test_ticks_of_time_have_the_digits_of_their_step(seconds, step, told):
    assert tick_text(seconds, step) == told


def test_a_scale_without_extent_maps_to_its_start():
    assert Scale(3, 3, 10, 20)(3) == 10
