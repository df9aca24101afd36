"""The graph that all pictures are made of: what a reader should see, free of what it means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Status = Literal["", "pending", "running", "completed", "failed", "cancelled", "skipped"]
"""As a user sees it; empty for a definition, which has none."""

EdgeStyle = Literal["solid", "dashed"]
"""Dashed: order without data, or a way that was not taken."""

STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Node:
    """One box; `kind` chooses its shape (`SHAPES`), `note` is a second, smaller line."""

    id: str
    label: str = ""
    """What is written in it; empty: its id."""
    kind: str = "task"
    status: Status = ""
    note: str = ""

    @property
    def text(self) -> str:
        return self.label or self.id


@dataclass(frozen=True, slots=True)
class Edge:
    source: str
    target: str
    label: str = ""
    style: EdgeStyle = "solid"


@dataclass(frozen=True, slots=True)
class Graph:
    """Nodes and edges in the order of their definition, which pictures keep where they can.

    Loops, parallel edges and cycles are allowed.

    Raises ValueError when two nodes have one id, or an edge names a node that is not there.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...] = ()

    def __post_init__(self) -> None:
        ids = {node.id for node in self.nodes}
        if len(ids) < len(self.nodes):
            raise ValueError("two nodes of the graph have the same id")
        for edge in self.edges:
            for end in (edge.source, edge.target):
                if end not in ids:
                    raise ValueError(f"the edge {edge.source!r} -> {edge.target!r} ends at {end!r}, which is no node")


Shape = Literal["card", "stack", "frame", "pill", "round", "diamond", "dot"]

SHAPES: dict[str, Shape] = {
    "task": "card",
    "map": "stack",  # many of a kind, one behind the other
    "workflow": "frame",  # a whole instance inside
    "input": "pill",
    "output": "pill",
    "start": "pill",
    "end": "pill",
    "state": "round",
    "final": "pill",
    "condition": "diamond",
    "gateway": "diamond",
    "initial": "dot",
}
"""The shape of each kind; another kind is drawn as a card."""


def shape_of(node: Node) -> Shape:
    return SHAPES.get(node.kind, "card")
