"""A machine as boxes and arrows, for whoever draws it."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mainspring.drawing.graph import Edge, Graph, Node
from mainspring.models.machine.document import FINAL, HISTORIES, PARALLEL
from mainspring.models.machine.plan import ROOT, Arc, Plan, Vertex

INITIAL = "(initial)"
"""The dot where a machine begins."""


def graph_of(plan: Plan, active: Collection[str] = (), *, has_ended: bool = False) -> Graph:
    """The graph of a machine; what is active is shown as running, or as completed once the machine has ended.

    What is inside a state hangs below it by dashed arrows.
    """
    status = "completed" if has_ended else "running"
    nodes = [Node(INITIAL, kind="initial")]
    for vertex in plan.states[1:]:
        kind = "final" if vertex.kind == FINAL else "state"
        nodes.append(
            Node(vertex.id, kind=kind, status=status if vertex.id in active else "", note=_note(vertex))  # type: ignore[arg-type]
        )
    return Graph(tuple(nodes), tuple(_edges(plan)))


def _note(vertex: Vertex) -> str:
    if vertex.kind in HISTORIES:
        return f"{vertex.kind} history"
    return "all at once" if vertex.kind == PARALLEL else ""


def _edges(plan: Plan) -> Iterator[Edge]:
    for first in plan.states[ROOT].initial:
        yield Edge(INITIAL, plan.states[first].id)
    for vertex in plan.states[1:]:
        for inner in (*vertex.children, *vertex.histories):
            yield Edge(vertex.id, plan.states[inner].id, style="dashed")
        for arc in vertex.arcs:
            for target in arc.targets or (arc.source,):
                yield Edge(vertex.id, plan.states[target].id, label=_label(arc))


def _label(arc: Arc) -> str:
    when = arc.document.when
    test = when if isinstance(when, str) else f"{when.name.rpartition('.')[2].rpartition(':')[2]}()"
    return " ".join(word for word in (arc.document.event, f"[{test}]" if test else "") if word)
