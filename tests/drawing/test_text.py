"""Text in pictures fits where it should, and is escaped."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing.text import cell_count, escaped, fitted, lines_of, one_line, padded, shortened, width_of


@given(st.text())
def test_any_text_survives_xml_but_for_what_xml_forbids(text):
    back = ElementTree.fromstring(f"<a b='{escaped(text)}'>{escaped(text)}</a>")
    assert len(back.text or "") <= len(text)
    if text.isprintable():
        assert (back.text or "", back.attrib["b"]) == (text, text)


@given(st.text(), st.integers(0, 30))
def test_shortened_and_padded_text_fits(text, cells):
    assert cell_count(shortened(text, cells)) <= cells
    assert cell_count(padded(text, cells)) == cells


@given(st.text())
def test_one_line_has_no_breaks(text):
    assert one_line(text).isprintable()
    assert one_line(one_line(text)) == one_line(text)


@given(st.text(max_size=80), st.integers(1, 3))
def test_broken_lines_are_few_and_fit(text, count):
    lines = lines_of(text, size=10, width_max=100, count_max=count)
    assert 1 <= len(lines) <= count
    assert all(width_of(line, 10) <= 100 for line in lines)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("short", ["short"]),
        ("fetch the leap seconds", ["fetch the leap", "seconds"]),
        ("read_every_single_zone", ["read_every_", "single_zone"]),
        ("a b c d e f g h i j k l m n o p q r s t u v w", ["a b c d e f g h i", "j k l m n o p q…"]),
        ("", [""]),
    ],
)
def test_lines_break_where_a_reader_would(text, lines):
    assert lines_of(text, size=10, width_max=82, count_max=2) == lines


def test_wide_characters_count_double():
    assert cell_count("時計") == 4
    assert shortened("時計時計", 5) == "時計…"
    assert fitted("iiii", size=10, width_max=100) == "iiii"
