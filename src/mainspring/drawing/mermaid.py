"""A graph as a Mermaid flowchart, for Markdown that draws it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from mainspring.drawing.graph import STATUSES, Edge, Graph, Node, Shape, shape_of
from mainspring.drawing.layers import Direction
from mainspring.drawing.text import one_line
from mainspring.drawing.theme import COLOURS

BRACKETS: dict[Shape, tuple[str, str]] = {
    "card": ("[", "]"),
    "stack": ("[[", "]]"),
    "frame": ("[[", "]]"),
    "pill": ("([", "])"),
    "round": ("(", ")"),
    "diamond": ("{", "}"),
    "dot": ("((", "))"),
}

MARKUP = re.compile(r"""["#&<>`*~\\|$%]|(?<!\w)_|_(?!\w)|^[-+]|(?<=^\d)[.)](?=\s)|(?<=^\d\d)[.)](?=\s)""")
"""What Mermaid, Markdown (which labels are read as: `1. one` is a list) or HTML could take for markup."""

ARROWS = {"solid": "-->", "dashed": "-.->"}


def draw(graph: Graph, *, title: str = "", direction: Direction = "down") -> str:
    """The flowchart's source.  Node names are `n0`, `n1`, ... in the order of the nodes, so no id can be misread."""
    names = {node.id: f"n{index}" for index, node in enumerate(graph.nodes)}
    lines = [
        *(["---", f"title: {json.dumps(title, ensure_ascii=False)}", "---"] if title else []),
        f"flowchart {'TD' if direction == 'down' else 'LR'}",
        *(f"    {names[node.id]}{node_text(node)}" for node in graph.nodes),
        *(f"    {names[edge.source]} {edge_text(edge)} {names[edge.target]}" for edge in graph.edges),
        *(f"    {line}" for line in class_lines(graph, names)),
    ]
    return "\n".join(lines) + "\n"


def node_text(node: Node) -> str:
    start, end = BRACKETS[shape_of(node)]
    text = quoted(node.text) if shape_of(node) != "dot" else '" "'
    if node.note:
        text = f"{text[:-1]}<br/>{quoted(node.note)[1:]}"
    return f"{start}{text}{end}"


def edge_text(edge: Edge) -> str:
    arrow = ARROWS[edge.style]
    return f"{arrow}|{quoted(edge.label)}|" if edge.label else arrow


def quoted(text: str) -> str:
    """In double quotes, with markup written as numbered entities."""
    return '"' + MARKUP.sub(lambda found: f"#{ord(found[0])};", one_line(text) or " ") + '"'


def class_lines(graph: Graph, names: dict[str, str]) -> Iterator[str]:
    """Colours by status.  Mermaid has one colour for light and dark, so the text keeps to the light scheme as well."""
    for status in STATUSES:
        members = ",".join(names[node.id] for node in graph.nodes if node.status == status)
        if status and members:
            fill, line, ink = COLOURS[f"{status}-tint"][0], COLOURS[status][0], COLOURS["ink"][0]
            yield f"classDef {status} fill:{fill},stroke:{line},color:{ink}"
            yield f"class {members} {status}"
