"""Flowcharts: nothing overlaps, lines have right angles, end on borders and go round boxes."""

from __future__ import annotations

from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.drawing import flow_dot, flow_mermaid, flow_svg
from mainspring.drawing.flow_layout import lay_out
from mainspring.drawing.flowchart import Figure, Flowchart, Line, Plan, Spot

NEAR = 0.01
NASTY = 'a <b> & "c" \x07 \\N'


@st.composite
def charts(draw, *, has_bands: bool = False):
    count = 0
    lines: list[Line] = []

    def figures(left: int) -> list[Figure]:
        nonlocal count
        made: list[Figure] = []
        for _ in range(draw(st.integers(1, 5))):
            count += 1
            id = f"f{count}"
            form = draw(st.sampled_from(["box", "box", "circle", "diamond"]))
            inside = figures(left - 1) if left and form == "box" and draw(st.integers(0, 3)) == 0 else []
            label = draw(st.sampled_from(["", "go", "a label that is broken into some lines"]))
            made.append(Figure(id, form=form, label=label, inside=tuple(inside)))
        boxes = [figure for figure in made if figure.form == "box"]
        for box in boxes:
            for _ in range(draw(st.integers(0, 2))):
                count += 1
                made.append(Figure(f"f{count}", form="circle", label=draw(st.sampled_from(["", "late"])), on=box.id))
        connect([figure.id for figure in made], [figure.id for figure in made if not figure.on])
        return made

    def connect(sources: list[str], targets: list[str]) -> None:
        pairs = st.tuples(st.sampled_from(sources), st.sampled_from(targets))
        for source, target in draw(st.lists(pairs, max_size=8)):
            label = draw(st.sampled_from(["", "", "amount > 5"]))
            lines.append(Line(f"l{len(lines)}", source, target, label=label))

    if not has_bands:
        return Flowchart(tuple(figures(2)), tuple(lines))
    bands = [figures(0) for _ in range(draw(st.integers(1, 3)))]
    members = [figure for band in bands for figure in band]
    connect([each.id for each in members], [each.id for each in members if not each.on])
    lanes = tuple(Figure(f"b{number}", form="band", inside=tuple(band)) for number, band in enumerate(bands))
    return Flowchart((Figure("pool", form="band", label="Pool", inside=lanes),), tuple(lines))


def is_within(inner: Spot, outer: Spot) -> bool:
    return (
        outer.x - NEAR <= inner.x
        and inner.right <= outer.right + NEAR
        and outer.y - NEAR <= inner.y
        and inner.bottom <= outer.bottom + NEAR
    )


def is_apart(one: Spot, other: Spot) -> bool:
    beside = one.right <= other.x + NEAR or other.right <= one.x + NEAR
    above = one.bottom <= other.y + NEAR or other.bottom <= one.y + NEAR
    return beside or above


def is_on_border(point: tuple[float, float], figure: Figure, spot: Spot) -> bool:
    x, y = point
    if figure.form == "circle":
        dx, dy = x - spot.middle[0], y - spot.middle[1]
        return abs((dx * dx + dy * dy) ** 0.5 - spot.width / 2) < NEAR
    if figure.form == "diamond":
        return abs(abs(x - spot.middle[0]) + abs(y - spot.middle[1]) - spot.width / 2) < NEAR
    edges = (x - spot.x, x - spot.right, y - spot.y, y - spot.bottom)
    return min(map(abs, edges)) < NEAR and is_within(Spot(x, y, 0, 0), spot)


def check_places(chart: Flowchart, plan: Plan) -> None:
    around = {figure.id: outer for figure, outer in chart.all_figures()}
    figures = chart.by_id()
    assert plan.spots.keys() == figures.keys()
    for one, other in combinations(figures, 2):
        if around[one] == around[other] and one != figures[other].on and other != figures[one].on:
            assert is_apart(plan.spots[one], plan.spots[other]), (one, other)
    for id, outer in around.items():
        if outer:
            assert is_within(plan.spots[id], plan.spots[outer]), (id, outer)


def check_ways(chart: Flowchart, plan: Plan) -> None:
    figures = chart.by_id()
    solid = {id: figure for id, figure in figures.items() if figure.form == "box" and not figure.inside}
    for line in chart.lines:
        way = plan.ways[line.id]
        assert is_on_border(way[0], figures[line.source], plan.spots[line.source]), line
        assert is_on_border(way[-1], figures[line.target], plan.spots[line.target]), line
        for (ax, ay), (bx, by) in pairwise(way):
            assert abs(ax - bx) < NEAR or abs(ay - by) < NEAR, f"{line} leans"
            part = Spot(min(ax, bx), min(ay, by), abs(ax - bx), abs(ay - by))
            for id in solid:
                inner = plan.spots[id]
                core = Spot(inner.x + 1, inner.y + 1, inner.width - 2, inner.height - 2)
                assert is_apart(part, core), f"{line} goes through {id}"


@given(charts())
@settings(max_examples=150)
def test_nothing_overlaps_and_lines_go_round(chart):
    plan = lay_out(chart)
    check_places(chart, plan)
    check_ways(chart, plan)


@given(charts(has_bands=True))
@settings(max_examples=100)
def test_bands_lie_one_below_the_other(chart):
    plan = lay_out(chart)
    check_places(chart, plan)
    check_ways(chart, plan)
    widths = {(plan.spots[band.id].x, plan.spots[band.id].width) for band in chart.figures[0].inside}
    assert len(widths) == 1


@given(charts())
@settings(max_examples=30)
def test_pictures_are_well_formed_and_the_same_each_time(chart):
    told = flow_svg.draw(chart, title="<&>")
    ElementTree.fromstring(told)
    assert told == flow_svg.draw(chart, title="<&>")


@pytest.mark.parametrize("form", ["box", "circle", "diamond", "note", "page", "drum", "band"])
def test_what_is_written_is_escaped(form):
    figure = Figure("x", form=form, label=NASTY, alert=NASTY, note=NASTY, story=NASTY)
    chart = Flowchart((figure, Figure("y")), (Line("l", "x", "y", "message", label=NASTY),))
    root = ElementTree.fromstring(flow_svg.draw(chart, title=NASTY))
    assert any("<b> &" in (each.text or "") for each in root.iter())
    assert "\\\\N" in flow_dot.draw(chart, title=NASTY)
    assert "<b>" not in flow_mermaid.draw(chart)


def test_message_lines_go_round_the_boxes_of_other_bands():
    boxes = tuple(Figure(f"a{number}", label=f"a{number}") for number in range(3))
    flow = (Line("f0", "a0", "a1"), Line("f1", "a1", "a2"))
    other = Figure("pool", form="band", label="Other", inside=(Figure("b"),))
    chart = Flowchart(
        (Figure("own", form="band", label="Own", inside=boxes), other, Figure("closed", form="band", label="Closed")),
        (
            *flow,
            Line("m1", "a1", "b", "message"),
            Line("m2", "a2", "closed", "message"),
            Line("m3", "b", "a0", "message"),
        ),
    )
    plan = lay_out(chart)
    check_places(chart, plan)
    check_ways(chart, plan)


def test_a_thousand_figures():
    """Ten branches of a hundred boxes, with a way back in each."""
    figures = [Figure("start", form="circle"), Figure("fork", form="diamond")]
    lines = [Line("first", "start", "fork")]
    for branch in range(10):
        before = "fork"
        for number in range(100):
            id = f"b{branch}-{number}"
            figures.append(Figure(id, form="diamond" if number % 10 == 9 else "box"))
            lines.append(Line(f"to {id}", before, id))
            before = id
        lines.append(Line(f"back {branch}", before, f"b{branch}-0"))
    chart = Flowchart(tuple(figures), tuple(lines))
    plan = lay_out(chart)
    assert plan.spots.keys() == chart.by_id().keys()
    assert plan.ways.keys() == {line.id for line in lines}


def test_a_chart_of_what_is_not_there_is_refused():
    with pytest.raises(ValueError, match="which is no figure"):
        Flowchart((Figure("a"),), (Line("l", "a", "b"),))
    with pytest.raises(ValueError, match="same id"):
        Flowchart((Figure("a"), Figure("a")))
