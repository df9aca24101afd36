"""Graphs for the tests of drawing: any, and such without cycles."""

from __future__ import annotations

from hypothesis import strategies as st

from mainspring.drawing.graph import SHAPES, STATUSES, Edge, Graph, Node
from mainspring.drawing.lattice import Box, Link

NODES_MAX = 24
sizes = st.sampled_from([18.0, 40.0, 55.5, 120.0])
boxes = st.lists(st.builds(Box, sizes, sizes), min_size=1, max_size=NODES_MAX)
label_sizes = st.sampled_from([(0.0, 0.0), (0.0, 0.0), (60.0, 18.0)])


@st.composite
def layouts_in(draw, *, cycles: bool):
    """Boxes and links."""
    drawn = draw(boxes)
    numbers = st.integers(0, len(drawn) - 1)
    pairs = draw(st.lists(st.tuples(numbers, numbers), max_size=3 * len(drawn)))
    if not cycles:
        pairs = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    return drawn, [Link(*pair, *draw(label_sizes)) for pair in pairs]


texts = st.text(max_size=40)


@st.composite
def graphs(draw):
    count = draw(st.integers(0, 8))
    nodes = tuple(
        Node(
            str(index),
            draw(texts),
            draw(st.sampled_from([*SHAPES, "other"])),
            draw(st.sampled_from(STATUSES)),
            draw(texts),
        )
        for index in range(count)
    )
    ends = st.integers(0, count - 1).map(str)
    edges = st.builds(Edge, ends, ends, texts, st.sampled_from(["solid", "dashed"]))
    return Graph(nodes, tuple(draw(st.lists(edges, max_size=12))) if count else ())
