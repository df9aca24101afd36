"""Boxes and lanes: edges only join neighbouring rows."""

from __future__ import annotations

from hypothesis import given

from mainspring.drawing import lattice as module
from mainspring.drawing.lattice import Box, Link, lattice
from tests.drawing.graphs import layouts_in

BOX = Box(100, 40)


@given(layouts_in(cycles=True))
def test_every_edge_is_a_chain_from_row_to_row(drawn):
    boxes, links = drawn
    made = lattice(boxes, links)
    for link, chain in zip(links, made.chains, strict=True):
        assert chain.is_loop == (link.source == link.target)
        rows = [made.rows[member] for member in chain.members]
        assert rows == list(range(rows[0], rows[0] + len(rows)))
        ends = (chain.members[0], chain.members[-1])
        assert ends == ((link.target, link.source) if chain.backward else (link.source, link.target))


def test_a_label_has_a_lane_of_its_size():
    made = lattice([BOX, BOX], [Link(0, 1, 60, 18)])
    lane = made.chains[0].label_lane
    assert lane == 2
    assert (made.widths[lane], made.heights[lane], made.rows) == (60, 18, [0, 2, 1])


def test_the_second_edge_between_two_boxes_goes_round():
    made = lattice([BOX, BOX], [Link(0, 1), Link(1, 0)])
    assert [len(chain.members) for chain in made.chains] == [3, 3]


def test_edges_beyond_the_budget_run_straight_the_longest_first(monkeypatch):
    monkeypatch.setattr(module, "LANES_MAX", 1)
    links = [Link(0, 1), Link(1, 2), Link(2, 3), Link(0, 3), Link(0, 2)]
    made = lattice([BOX] * 4, links)
    assert [len(chain.members) for chain in made.chains] == [2, 2, 2, 2, 3]
