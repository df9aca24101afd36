"""A graph as SVG: valid, escaped, accessible, and without anything that runs."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings

from mainspring.drawing import svg
from mainspring.drawing.graph import Edge, Graph, Node
from tests.drawing.graphs import graphs, texts

SPACE = "{http://www.w3.org/2000/svg}"


def parse(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


@settings(max_examples=50)
@given(graphs(), texts)
def test_any_graph_is_valid_xml_without_scripts(graph, title):
    root = parse(svg.draw(graph, title=title))
    names = {element.tag.removeprefix(SPACE) for element in root.iter()}
    assert names <= {"svg", "title", "desc", "style", "g", "rect", "path", "circle", "text"}
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)


def test_text_is_escaped_and_kept():
    label = "<script>alert('x')</script> & \"more\""
    picture = svg.draw(Graph((Node("a", label, note="<b>"),)), title=label)
    assert "<script" not in picture
    texts_of = [element.text for element in parse(picture).iter(f"{SPACE}title")]
    assert texts_of == [label, f"{label} · <b>"]


def test_what_xml_cannot_hold_is_replaced():
    assert "a\ufffdb" in [element.text for element in parse(svg.draw(Graph((Node("a\0b"),)))).iter(f"{SPACE}title")]


def test_it_says_in_words_what_it_shows():
    graph = Graph((Node("a", status="completed"), Node("b", status="failed")), (Edge("a", "b"),))
    root = parse(svg.draw(graph, title="report"))
    assert root.attrib["role"] == "img"
    assert [root[0].text, root[1].text] == ["report", "2 nodes and 1 edge: 1 completed, 1 failed."]


def test_it_has_colours_for_the_dark():
    assert "@media (prefers-color-scheme:dark)" in svg.draw(Graph((Node("a"),)))


@pytest.mark.parametrize("status", ["pending", "running", "completed", "failed", "cancelled", "skipped"])
def test_a_status_is_seen_by_colour_sign_and_text(status):
    picture = svg.draw(Graph((Node("a", status=status),)))
    assert f"f-{status}-tint s-{status}" in picture
    assert f'class="sign s-{status}"' in picture
    assert f"a · {status}" in picture


def test_a_wide_graph_lies_on_its_side_unless_told_otherwise():
    graph = Graph((Node("a"), *(Node(str(i)) for i in range(20))), tuple(Edge("a", str(i)) for i in range(20)))

    def ratio(picture: str) -> float:
        return float(parse(picture).attrib["width"]) / float(parse(picture).attrib["height"])

    assert ratio(svg.draw(graph)) < 2 < ratio(svg.draw(graph, direction="down"))


def test_the_same_graph_gives_the_same_picture():
    graph = Graph((Node("a"), Node("b"), Node("c")), (Edge("a", "b"), Edge("a", "c", "no", "dashed"), Edge("c", "c")))
    assert svg.draw(graph) == svg.draw(graph)


def test_a_graph_knows_its_own_faults():
    with pytest.raises(ValueError, match="same id"):
        Graph((Node("a"), Node("a")))
    with pytest.raises(ValueError, match="ends at 'b', which is no node"):
        Graph((Node("a"),), (Edge("a", "b"),))
