"""Coordinates keep distances, and straighten what can be straight."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given

from mainspring.drawing.coordinates import Spacing, coordinates
from mainspring.drawing.crossings import uncross
from mainspring.drawing.lattice import Box, Link, lattice
from tests.drawing.graphs import layouts_in

SPACING = Spacing(node_gap=20, lane_gap=10)


def centres_of(boxes, links):
    plan = lattice(boxes, links)
    order = uncross(plan.members_by_row(), plan.up, plan.down)
    centres = coordinates(order, plan.up, plan.down, widths=plan.widths, first_lane=plan.box_count, spacing=SPACING)
    return plan, order, centres


@given(layouts_in(cycles=True))
def test_neighbours_keep_their_distance(drawn):
    plan, order, centres = centres_of(*drawn)
    for row in order:
        for left, right in pairwise(row):
            gap = SPACING.lane_gap if max(left, right) >= plan.box_count else SPACING.node_gap
            assert centres[right] - centres[left] >= (plan.widths[left] + plan.widths[right]) / 2 + gap - 1e-6
    assert min(centre - width / 2 for centre, width in zip(centres, plan.widths, strict=True)) == pytest.approx(0)


def test_nothing_has_no_coordinates():
    assert coordinates([], [], [], widths=[], first_lane=0, spacing=SPACING) == []


def test_a_long_edge_is_straight_between_its_ends():
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(3, 4), Link(0, 4)]
    plan, _, centres = centres_of([Box(100, 40)] * 5, links)
    lanes = plan.chains[4].members[1:-1]
    assert len({round(centres[lane], 6) for lane in lanes}) == 1


def test_a_parent_stands_in_the_middle_of_its_children():
    _, _, centres = centres_of([Box(100, 40)] * 4, [Link(0, 1), Link(0, 2), Link(0, 3)])
    assert centres[0] == pytest.approx(sum(centres[1:]) / 3)
