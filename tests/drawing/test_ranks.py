"""Edges point down after ranking, and cycles are opened first."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing.ranks import backward_edges, rank

COUNT = 12
pairs = st.lists(
    st.tuples(st.integers(0, COUNT - 1), st.integers(0, COUNT - 1)).filter(lambda pair: pair[0] != pair[1]), max_size=40
)


@given(pairs)
def test_every_edge_reaches_down_its_span_once_cycles_are_opened(edges):
    backward = backward_edges(COUNT, edges)
    turned = [edge[::-1] if turn else edge for edge, turn in zip(edges, backward, strict=True)]
    spans = [1 + index % 2 for index in range(len(edges))]
    ranks = rank(COUNT, turned, spans)
    assert all(ranks[low] - ranks[high] >= span for (high, low), span in zip(turned, spans, strict=True))
    assert min(ranks) >= 0


@given(pairs)
def test_without_cycles_no_edge_is_turned(edges):
    acyclic = [(min(edge), max(edge)) for edge in edges]
    assert not any(backward_edges(COUNT, acyclic))


def test_the_way_back_of_a_cycle_is_turned():
    assert backward_edges(4, [(0, 1), (1, 2), (2, 3), (3, 1)]) == [False, False, False, True]


def test_a_late_source_stands_just_above_what_it_feeds():
    # 0 -> 1 -> 2 -> 3, and 4 feeds only 3: it belongs beside 2, not on top.
    assert rank(5, [(0, 1), (1, 2), (2, 3), (4, 3)], [1, 1, 1, 1]) == [0, 1, 2, 3, 2]
