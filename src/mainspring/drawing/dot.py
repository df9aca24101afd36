"""A graph in the DOT language of Graphviz."""

from __future__ import annotations

from mainspring.drawing.graph import Edge, Graph, Node, Shape, shape_of
from mainspring.drawing.layers import Direction
from mainspring.drawing.text import one_line
from mainspring.drawing.theme import COLOURS

SHAPES: dict[Shape, str] = {
    "card": 'shape=box style="rounded,filled"',
    "stack": 'shape=box3d style="filled"',
    "frame": 'shape=box peripheries=2 style="rounded,filled"',
    "pill": 'shape=oval style="filled"',
    "round": 'shape=box style="rounded,filled"',
    "diamond": 'shape=diamond style="filled"',
    "dot": 'shape=point width=0.18 style="filled"',
}


def draw(graph: Graph, *, title: str = "", direction: Direction = "down") -> str:
    """The digraph's source.  Node names are `n0`, `n1`, ... in the order of the nodes."""
    names = {node.id: f"n{index}" for index, node in enumerate(graph.nodes)}
    heading = [f"    label={quoted(title)} labelloc=t labeljust=l"] if title else []
    lines = [
        "digraph {",
        f'    rankdir={"TB" if direction == "down" else "LR"} charset="UTF-8" fontname=Helvetica',
        *heading,
        f'    node [fontname=Helvetica fontsize=11 margin="0.16,0.08" {colours("")}]',
        f'    edge [fontname=Helvetica fontsize=9 arrowsize=0.7 color="{COLOURS["line"][0]}"]',
        *(f"    {names[node.id]} [{attributes_of(node)}]" for node in graph.nodes),
        *(f"    {names[edge.source]} -> {names[edge.target]}{attributes_of_edge(edge)}" for edge in graph.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def attributes_of(node: Node) -> str:
    text = quoted(node.text) if shape_of(node) != "dot" else '""'
    if node.note:
        text = f"{text[:-1]}\\n{quoted(node.note)[1:]}"
    status = f" {colours(node.status)} tooltip={quoted(node.status)}" if node.status else ""
    return f"label={text} {SHAPES[shape_of(node)]}{status}"


def attributes_of_edge(edge: Edge) -> str:
    parts = [
        *([f"label={quoted(edge.label)}"] if edge.label else []),
        *(["style=dashed"] if edge.style == "dashed" else []),
    ]
    return f" [{' '.join(parts)}]" if parts else ""


def colours(status: str) -> str:
    fill, line = (f"{status}-tint", status) if status else ("card", "line")
    return f'fillcolor="{COLOURS[fill][0]}" color="{COLOURS[line][0]}"'


def quoted(text: str) -> str:
    """A quoted string: backslashes start escapes such as `\\N`, and ampersands entities, even within quotes."""
    plain = one_line(text).replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
