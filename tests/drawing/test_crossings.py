"""The order within layers lets fewer edges cross, never more."""

from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from mainspring.drawing.crossings import count_crossings, uncross

WIDTH = 6
layered_edges = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, WIDTH - 1), st.integers(0, WIDTH - 1)), max_size=24
)


def three_layers(edges):
    layers = [list(range(start, start + WIDTH)) for start in (0, WIDTH, 2 * WIDTH)]
    down: list[list[int]] = [[] for _ in range(3 * WIDTH)]
    up: list[list[int]] = [[] for _ in range(3 * WIDTH)]
    for layer, above, below in edges:
        down[layers[layer][above]].append(layers[layer + 1][below])
        up[layers[layer + 1][below]].append(layers[layer][above])
    return layers, up, down


@given(layered_edges)
def test_crossings_are_the_pairs_that_cross(edges):
    layers, _, down = three_layers(edges)
    expected = sum(
        one[0] == other[0] and (one[1] - other[1]) * (one[2] - other[2]) < 0 for one, other in combinations(edges, 2)
    )
    assert count_crossings(layers, down) == expected


@given(layered_edges)
def test_the_new_order_has_the_same_members_and_no_more_crossings(edges):
    layers, up, down = three_layers(edges)
    order = uncross(layers, up, down)
    assert [sorted(layer) for layer in order] == layers
    assert count_crossings(order, down) <= count_crossings(layers, down)
    assert uncross(layers, up, down) == order


def test_a_tree_in_the_wrong_order_loses_all_its_crossings():
    edges = [(0, 0, 5), (0, 1, 4), (0, 2, 3), (0, 3, 2), (0, 4, 1), (0, 5, 0), (1, 0, 3), (1, 3, 0)]
    layers, up, down = three_layers(edges)
    assert count_crossings(layers, down) > 10
    assert count_crossings(uncross(layers, up, down), down) == 0
