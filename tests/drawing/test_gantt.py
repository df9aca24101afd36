"""Timelines as SVG and as text."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing import gantt
from mainspring.drawing.gantt import Attempt, Track
from mainspring.drawing.graph import STATUSES
from mainspring.drawing.text import cell_count

NOW = 1_000.0
instants = st.floats(0, NOW)
attempts = st.builds(
    Attempt, instants, st.none() | instants, st.sampled_from(["running", "completed", "failed", "lost"])
)
tracks = st.builds(
    Track,
    st.text(max_size=60),
    st.sampled_from(STATUSES),
    st.none() | instants,
    st.lists(attempts, max_size=3).map(tuple),
    st.text(max_size=10),
)
timelines = st.lists(tracks, max_size=6)


@given(timelines, st.text(max_size=20))
def test_any_timeline_is_valid_xml(timeline, title):
    root = ElementTree.fromstring(gantt.draw_svg(timeline, now=NOW, title=title))
    bars = [element for element in root.iter() if element.tag.endswith("rect")][1:]
    assert len(bars) == sum(len(track.attempts) for track in timeline)
    assert all(float(bar.attrib["x"]) + float(bar.attrib["width"]) <= float(root.attrib["width"]) for bar in bars)


@given(timelines, st.integers(0, 160))
def test_any_timeline_fits_its_columns(timeline, width):
    lines = gantt.draw_text(timeline, now=NOW, width=width).splitlines()
    legend_width = 60
    assert all(cell_count(line) <= max(width, gantt.WIDTH_MIN, legend_width) for line in lines)


def test_a_retried_task_is_told_in_text():
    timeline = [
        Track("list", "completed", 0, (Attempt(0, 2, "completed"),)),
        Track("fetch", "running", 2, (Attempt(2, 4, "failed"), Attempt(6, None, "running"))),
        Track("join", "pending"),
    ]
    assert gantt.draw_text(timeline, now=10, width=60).splitlines() == [
        "        0       2 s     4 s      6 s     8 s",
        "✓ list  ████████                                  2.0 s",
        "▶ fetch         ▒▒▒▒▒▒▒▒········▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓ 6.0 s (2×)",
        "· join                                            pending",
        "█ completed  ▓ running  ▒ failed",
    ]


def test_clocks_that_disagree_make_no_negative_bar():
    timeline = [Track("a", "completed", 5, (Attempt(4, 3, "completed"),))]
    assert "0 ms" in gantt.draw_text(timeline, now=5)
    ElementTree.fromstring(gantt.draw_svg(timeline, now=5))


def test_a_very_long_timeline_is_cut_and_says_so(monkeypatch):
    monkeypatch.setattr(gantt, "TRACKS_MAX", 3)
    timeline = [Track(f"t{index}") for index in range(10)]
    assert "… and 7 more" in gantt.draw_text(timeline, now=0)
    assert "… and 7 more" in gantt.draw_svg(timeline, now=0)


def test_nothing_is_drawn_without_a_fault():
    assert gantt.draw_text([], now=0).strip() == "0"
    assert "0 tasks" in gantt.draw_svg([], now=0)
