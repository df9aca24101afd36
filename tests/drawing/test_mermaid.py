"""A graph as a Mermaid flowchart."""

from __future__ import annotations

import re

from hypothesis import given

from mainspring.drawing import mermaid
from mainspring.drawing.graph import Edge, Graph, Node
from mainspring.drawing.text import one_line
from tests.drawing.graphs import graphs, texts


def test_a_small_graph_is_written_out():
    graph = Graph(
        (Node("load"), Node("ok?", kind="condition"), Node("end", "the end", "output", "completed", "0.1 s")),
        (Edge("load", "ok?"), Edge("ok?", "end", "yes", "dashed")),
    )
    assert mermaid.draw(graph, direction="right").splitlines() == [
        "flowchart LR",
        '    n0["load"]',
        '    n1{"ok?"}',
        '    n2(["the end<br/>0.1 s"])',
        "    n0 --> n1",
        '    n1 -.->|"yes"| n2',
        "    classDef completed fill:#eaf7ee,stroke:#15803d,color:#1c2430",
        "    class n2 completed",
    ]


@given(texts)
def test_no_text_can_end_its_quotes_or_become_markup(text):
    quoted = mermaid.quoted(text)
    inner = quoted[1:-1]
    assert not re.search(r'["<>&`*\\|%$]', inner)
    back = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), inner)
    assert back == (one_line(text) or " ")


@given(graphs())
def test_every_node_and_edge_has_one_line(graph):
    lines = mermaid.draw(graph).splitlines()
    assert sum(bool(re.match(r"    n\d+ (-->|-\.->)", line)) for line in lines) == len(graph.edges)
    assert sum(bool(re.match(r"    n\d+[\[({]", line)) for line in lines) == len(graph.nodes)


def test_a_list_item_stays_a_label():
    assert mermaid.quoted("1. one") == '"1#46; one"'
    assert mermaid.quoted("- one") == '"#45; one"'
    assert mermaid.quoted("read_zone v1.2") == '"read_zone v1.2"'
