"""Sequence flows: which of them a token takes when it leaves an element (13.3.1, 13.4)."""

from __future__ import annotations

from mainspring.models.process.expression import NoValueError
from mainspring.models.process.game.session import Session
from mainspring.models.process.plan import Arc, Vertex


def chosen(session: Session, vertex: Vertex, scope: int) -> list[Arc]:
    """Flows without a condition, and those whose condition holds; the default one if no condition does (13.3.1), which
    for a gateway counts those without one (13.4.3).  Raises `NoValueError` if a token could go nowhere."""
    arcs = vertex.outgoing
    if not vertex.has_conditions:
        return arcs
    sight = session.sight(scope)
    taken = [
        arc for arc in arcs if arc is not vertex.default and (arc.condition is None or arc.condition(sight))
    ]  # fmt: skip
    unconditional = not vertex.is_activity and taken
    if vertex.default is not None and not unconditional and not any(arc.condition is not None for arc in taken):
        taken.append(vertex.default)
    if not taken:
        raise NoValueError("no condition of its flows holds, and none of them is the default")
    return taken


def first_chosen(session: Session, vertex: Vertex, scope: int) -> Arc:
    """The first flow whose condition holds, or else the default (13.4.2)."""
    sight = session.sight(scope)
    for arc in vertex.outgoing:
        if arc is not vertex.default and (arc.condition is None or arc.condition(sight)):
            return arc
    if vertex.default is not None:
        return vertex.default
    raise NoValueError("no condition of its flows holds, and none of them is the default")


def take(session: Session, arcs: list[Arc], scope: int, consumed: int = 1, quantity: int = 1) -> None:
    """So many tokens are consumed, and so many go out by each of the flows."""
    number = len(arcs) * quantity
    if not number:
        session.consume(scope, consumed)
        return
    if number != consumed:
        session.spawn(scope, number - consumed)
    trail, queue = session.trail, session.queue
    for arc in arcs:
        for _ in range(quantity):
            trail.append(arc.mark)
            queue.append((arc.target, scope, arc))


def leave(session: Session, vertex: Vertex, scope: int) -> None:
    """A token goes on; where nothing leads out, it is consumed (13.3.1)."""
    take(session, chosen(session, vertex, scope), scope)
