"""Agendas as SVG and as text."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing import agenda
from mainspring.drawing.agenda import Day, Line
from mainspring.drawing.text import cell_count

DAY = Day(1_000.0, 87_400.0, lambda at: f"{at / 3_600:05.1f}")
instants = st.lists(st.floats(DAY.start, DAY.end), max_size=30).map(lambda each: tuple(sorted(each)))
lines = st.lists(st.builds(Line, st.text(max_size=40), instants, st.text(max_size=10), st.booleans()), max_size=6)


@given(lines, st.text(max_size=20))
def test_any_agenda_is_valid_xml(rows, title):
    root = ElementTree.fromstring(agenda.draw_svg(rows, DAY, title=title))
    dots = [element for element in root.iter() if element.tag.endswith("circle")]
    assert len(dots) == sum(len(line.instants) for line in rows)
    assert all(0 <= float(dot.attrib["cx"]) <= float(root.attrib["width"]) for dot in dots)


@given(st.lists(st.builds(Line, st.text(st.characters(categories=["L", "N"]), max_size=40), instants), max_size=6))
def test_any_agenda_fits_its_columns(rows):
    for row in agenda.draw_text(rows, DAY, width=80).splitlines():
        assert cell_count(row) <= 80


def test_one_is_a_dot_several_are_a_number_and_too_many_a_bar():
    once = agenda.draw_text([Line("a", (1_000.0,))], DAY, width=60)
    assert once.count("●") == 1
    assert "3" in agenda.draw_text([Line("a", (1_000.0, 1_001.0, 1_002.0))], DAY, width=60)
    often = Line("a", tuple(44_200.0 + number for number in range(agenda.MARKS_MAX)))
    [_, row] = agenda.draw_text([often], DAY, width=60).splitlines()
    assert row.endswith("·" + "+" * 28)
    assert "500 times or more" in agenda.draw_svg([often], DAY)
