"""Bars and lines."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing import chart
from mainspring.drawing.chart import Bar, Series

values = st.floats(-1e9, 1e9)


def elements(picture: str, name: str) -> list[ElementTree.Element]:
    return [element for element in ElementTree.fromstring(picture).iter() if element.tag.endswith(name)]


@given(st.lists(st.builds(Bar, st.text(max_size=40), values), max_size=8), st.text(max_size=10))
def test_any_bars_are_valid_and_inside(bars, unit):
    rectangles = elements(chart.draw_bars(bars, title="t", unit=unit), "rect")[1:]
    assert len(rectangles) == len(bars)
    for rectangle in rectangles:
        assert float(rectangle.attrib["width"]) >= 0
        assert 0 <= float(rectangle.attrib["x"]) <= chart.WIDTH


@given(
    st.lists(
        st.builds(Series, st.text(max_size=40), st.lists(st.tuples(values, values), max_size=9).map(tuple)), max_size=6
    )
)
def test_any_lines_are_valid_and_inside(series):
    picture = chart.draw_lines(series, title="t", x_label="x", y_label="y")
    for circle in elements(picture, "circle"):
        assert 0 <= float(circle.attrib["cx"]) <= chart.WIDTH
    assert len(elements(picture, "circle")) == sum(bool(each.points) for each in series)


def test_bars_are_as_long_as_their_values():
    one, two = elements(chart.draw_bars([Bar("a", 2), Bar("b", 4)]), "rect")[1:]
    assert float(two.attrib["width"]) == pytest.approx(2 * float(one.attrib["width"]), abs=0.02)


def test_it_says_in_words_what_it_shows():
    (told,) = elements(chart.draw_bars([Bar("Tokyo", 9), Bar("Troll", 70)], unit="changes"), "desc")
    assert told.text == "Tokyo: 9 changes; Troll: 70 changes"


def test_years_have_no_comma():
    picture = chart.draw_lines([Series("zones", ((1900, 1), (2000, 2)))])
    assert ">1920<" in picture
    assert ">1,920<" not in picture


def test_too_much_or_no_number_is_refused():
    with pytest.raises(ValueError, match="at most 200 bars, not 201"):
        chart.draw_bars([Bar("a", 1)] * 201)
    with pytest.raises(ValueError, match="cannot show the value nan"):
        chart.draw_bars([Bar("a", float("nan"))])
    with pytest.raises(ValueError, match="at most 6 lines"):
        chart.draw_lines([Series("a", ())] * 7)
    with pytest.raises(ValueError, match="points"):
        chart.draw_lines([Series("a", ((0.0, 0.0),) * 10_001)])
