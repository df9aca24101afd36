"""The layout as a whole: nothing overlaps, edges point down, routes keep clear of boxes, and the work stays bounded."""

from __future__ import annotations

import random
import sys
from itertools import combinations, pairwise

import pytest
from hypothesis import given

from mainspring.drawing.lattice import Box, Link
from mainspring.drawing.layers import layout
from tests.drawing.graphs import layouts_in


def overlap(one, other) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@given(layouts_in(cycles=True))
def test_no_two_boxes_overlap_and_all_stay_inside(drawn):
    boxes, links = drawn
    plan = layout(boxes, links)
    assert not any(overlap(one, other) for one, other in combinations(plan.places, 2))
    for place in plan.places:
        assert place.x >= -1e-6
        assert place.y >= -1e-6
        assert place.x + place.width <= plan.width + 1e-6
        assert place.y + place.height <= plan.height + 1e-6


@given(layouts_in(cycles=False))
def test_all_edges_point_down_where_there_is_no_cycle(drawn):
    boxes, links = drawn
    plan = layout(boxes, links)
    for link, route in zip(links, plan.routes, strict=True):
        source, target = plan.places[link.source], plan.places[link.target]
        assert source.y + source.height < target.y
        ys = [y for _, y in route.points]
        assert ys == sorted(ys)


@given(layouts_in(cycles=True))
def test_a_route_joins_its_boxes_and_touches_no_other(drawn):
    boxes, links = drawn
    plan = layout(boxes, links)
    for link, route in zip(links, plan.routes, strict=True):
        assert touches(route.points[0], plan.places[link.source])
        assert touches(route.points[-1], plan.places[link.target])
        if route.is_loop:
            continue
        straight = [part for index, part in enumerate(pairwise(route.points)) if index % 2 == 0]
        curves = [part for index, part in enumerate(pairwise(route.points)) if index % 2 == 1]
        assert all(start[0] == end[0] for start, end in straight)
        for number, place in enumerate(plan.places):
            own = number in (link.source, link.target)
            assert own or not any(passes(part, place) for part in straight)
            assert not any(in_rows_of(part, place) for part in curves)


def touches(point, place) -> bool:
    inside = place.x - 1e-6 <= point[0] <= place.x + place.width + 1e-6
    return inside and place.y - 1e-6 <= point[1] <= place.y + place.height + 1e-6


def passes(part, place) -> bool:
    (x, y), (_, other_y) = part
    crosses = min(y, other_y) < place.y + place.height - 1e-6 and max(y, other_y) > place.y + 1e-6
    return place.x < x < place.x + place.width and crosses


def in_rows_of(part, place) -> bool:
    """Curves run between the rows, where there is no box."""
    low, high = sorted((part[0][1], part[1][1]))
    return low < place.y + place.height - 1e-6 and high > place.y + 1e-6


@given(layouts_in(cycles=True))
def test_rightward_is_downward_seen_in_the_mirror(drawn):
    boxes, links = drawn
    plan = layout(boxes, links, direction="right")
    assert not any(overlap(one, other) for one, other in combinations(plan.places, 2))
    assert [(place.width, place.height) for place in plan.places] == [(box.width, box.height) for box in boxes]
    assert layout(boxes, links, direction="right") == plan


def test_nothing_has_an_empty_layout():
    assert layout([], []) == layout([], [], direction="right")
    assert layout([], []).places == ()


def test_a_loop_stays_beside_its_box_and_its_label_outside():
    plan = layout([Box(100, 40)], [Link(0, 0, 50, 18)])
    place, route = plan.places[0], plan.routes[0]
    assert route.is_loop
    assert route.label[0] - 25 > place.x + place.width
    assert route.label[0] + 25 <= plan.width


@pytest.mark.parametrize("shape", ["layered", "random", "fan"])
def test_the_work_grows_with_the_graph_and_not_with_its_square(shape):
    small, large = (steps_of_layout(*large_graph(shape, count)) for count in (150, 600))
    assert large < 2 * 4 * small, f"four times as large, {large / small:.1f} times as much to do"


@pytest.mark.slow
@pytest.mark.parametrize("shape", ["layered", "random", "fan"])
def test_ten_thousand_boxes_are_drawn(shape):
    boxes, links = large_graph(shape, 10_000)
    assert len(layout(boxes, links).places) == 10_000


def large_graph(shape, count):
    chance = random.Random(1)
    links = {
        "layered": lambda: [
            Link(chance.randrange(max(0, i - 60), i - 30), i) for i in range(31, count) for _ in range(3)
        ],
        "random": lambda: [Link(chance.randrange(count), chance.randrange(count)) for _ in range(2 * count)],
        "fan": lambda: [link for i in range(1, count - 1) for link in (Link(0, i), Link(i, count - 1))],
    }[shape]()
    return [Box(120, 40)] * count, links


def steps_of_layout(boxes, links):
    """Lines of Python that the layout runs: unlike seconds, the same on a busy machine."""
    steps = 0

    def count(frame, event, argument):
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        layout(boxes, links)
    finally:
        sys.settrace(before)
    return steps
