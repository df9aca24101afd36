"""A graph in the DOT language."""

from __future__ import annotations

import html
import re

from hypothesis import given

from mainspring.drawing import dot
from mainspring.drawing.graph import Edge, Graph, Node
from mainspring.drawing.text import one_line
from tests.drawing.graphs import graphs, texts


def test_a_small_graph_is_written_out():
    graph = Graph((Node("a", 'say "hi"'), Node("b", note="2 s", status="failed")), (Edge("a", "b", "x", "dashed"),))
    lines = dot.draw(graph).splitlines()
    assert (lines[0], lines[-1]) == ("digraph {", "}")
    assert r'    n0 [label="say \"hi\"" shape=box style="rounded,filled"]' in lines
    assert (
        r'    n1 [label="b\n2 s" shape=box style="rounded,filled" fillcolor="#fdeeee" color="#c4282d" tooltip="failed"]'
        in lines
    )
    assert '    n0 -> n1 [label="x" style=dashed]' in lines


@given(texts)
def test_no_text_can_end_its_quotes(text):
    inner = dot.quoted(text)[1:-1]
    assert re.fullmatch(r'([^"\\]|\\["\\])*', inner)
    assert html.unescape(re.sub(r"\\(.)", r"\1", inner.replace("&amp;", "&#38;"))) == html.unescape(
        one_line(text).replace("&", "&#38;")
    )


@given(graphs())
def test_every_node_and_edge_has_one_line(graph):
    lines = dot.draw(graph, title="all").splitlines()
    assert sum(" -> " in line and line.startswith("    n") for line in lines) >= len(graph.edges)
    assert sum(bool(re.match(r"    n\d+ \[", line)) for line in lines) == len(graph.nodes)
