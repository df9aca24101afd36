"""Gateways: where tokens part and meet (13.4)."""

from __future__ import annotations

from mainspring.models.process.document import COMPLEX
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.game.flow import chosen, first_chosen, take
from mainspring.models.process.game.incidents import stick_on_the_way
from mainspring.models.process.game.scopes import area_of
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.waiting import subscribe
from mainspring.models.process.plan import Arc, Vertex
from mainspring.models.process.state import GATEWAY, Token


def enter_exclusive(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:  # noqa: ARG001
    """Each token goes on at once, by the first flow whose condition holds (13.4.2)."""
    if (len(vertex.outgoing) == 1 and not vertex.has_conditions) or not vertex.outgoing:
        arcs = vertex.outgoing
    else:
        arcs = [first_chosen(session, vertex, scope)]
    session.trail.append(vertex.id)
    take(session, arcs, scope)


def enter_parallel(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """It waits for a token on each incoming flow, and gives one to each outgoing flow without asking (13.4.1)."""
    if len(vertex.incoming) > 1 and arc is not None:
        waiting = dict(session.waiting_at(scope, vertex.id))
        waiting[arc.id] = waiting.get(arc.id, 0) + 1
        if len(waiting) < len(vertex.incoming):
            session.set_waiting(scope, vertex.id, waiting)
            return
        session.set_waiting(scope, vertex.id, {flow: count - 1 for flow, count in waiting.items()})
    session.trail.append(vertex.id)
    take(session, vertex.outgoing, scope, consumed=max(1, len(vertex.incoming)) if arc is not None else 1)


def enter_inclusive(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """A token goes out by each flow whose condition holds, or by the default; where flows meet it waits (13.4.3)."""
    if len(vertex.incoming) > 1 and arc is not None:
        _wait(session, vertex, scope, arc)
        return
    arcs = chosen(session, vertex, scope)
    session.trail.append(vertex.id)
    take(session, arcs, scope)


def _wait(session: Session, vertex: Vertex, scope: int, arc: Arc) -> None:
    waiting = dict(session.waiting_at(scope, vertex.id))
    waiting[arc.id] = waiting.get(arc.id, 0) + 1
    session.set_waiting(scope, vertex.id, waiting)


# --- Complex gateways -------------------------------------------------------------------------


def enter_complex(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """It starts when its condition holds, and is reset when no more tokens are expected (13.4.5)."""
    if len(vertex.incoming) <= 1 or arc is None:
        arcs = chosen(session, vertex, scope)
        session.trail.append(vertex.id)
        take(session, arcs, scope)
        return
    before = session.waiting_at(scope, vertex.id)
    _wait(session, vertex, scope, arc)
    if _reset_of(session, vertex, scope) is None:
        try:
            _start_if_active(session, vertex, scope)
        except NoValueError:
            session.set_waiting(scope, vertex.id, before)
            raise


def _reset_of(session: Session, vertex: Vertex, scope: int) -> Token | None:
    """The token that stands for a gateway that waits for its reset; None: it waits for its start."""
    tokens = (session.find(id) for id in session.children(scope))
    return next((each for each in tokens if each and each.node == vertex.id and each.role == GATEWAY), None)


def _start_if_active(session: Session, vertex: Vertex, scope: int) -> None:
    waiting = session.waiting_at(scope, vertex.id)
    count = sum(waiting.values())
    more = {"activationCount": count, "waitingForStart": True}
    more |= {arc.id: waiting.get(arc.id, 0) for arc in vertex.incoming}
    if not count or (vertex.activation is not None and not vertex.activation(session.sight(scope, more))):
        return
    arcs = chosen(session, vertex, scope)
    session.set_waiting(scope, vertex.id, {flow: number - 1 for flow, number in waiting.items()})
    session.trail.append(vertex.id)
    session.spawn(scope)
    session.add(Token(session.next_id(), vertex.id, scope, GATEWAY, arc=" ".join(waiting)))
    take(session, arcs, scope, consumed=len(waiting))


def _reset(session: Session, vertex: Vertex, scope: int, token: Token) -> None:
    """What came meanwhile is consumed; only flows with a condition that holds now get a token, and it may be none."""
    first = token.arc.split()
    waiting = session.waiting_at(scope, vertex.id)
    late = [flow for flow in waiting if flow not in first]
    sight = session.sight(scope, {"activationCount": sum(waiting.values()), "waitingForStart": False})
    arcs = [arc for arc in vertex.outgoing if arc.condition is not None and arc.condition(sight)]
    if not arcs and vertex.default is not None and late:
        arcs = [vertex.default]
    session.set_waiting(scope, vertex.id, {flow: waiting[flow] - (flow in late) for flow in waiting})
    session.take_away(token)
    take(session, arcs, scope, consumed=len(late) + 1)
    if session.find(scope) is not None:
        _start_if_active(session, vertex, scope)


# --- Joins that look at what could still come ---------------------------------------------------


def look_at_joins(session: Session) -> bool:
    """When no token moves: joins that nothing more can come to go on (13.4.3, 13.4.5).  Whether any has."""
    if not session.plan.has_joins:
        return False
    for scope in list(session.touched):
        token = session.find(scope)
        area = None if token is None else area_of(session, token)
        for vertex in () if area is None else area.joins:
            if _look_at_join(session, vertex, scope):
                return True
        session.touched.discard(scope)
    return False


def _look_at_join(session: Session, vertex: Vertex, scope: int) -> bool:
    waiting = session.waiting_at(scope, vertex.id)
    if vertex.kind == COMPLEX:
        token = _reset_of(session, vertex, scope)
        if token is None or _expects_more(session, vertex, scope, {*waiting, *token.arc.split()}):
            return False
        _reset(session, vertex, scope, token)
        return True
    if not waiting or _expects_more(session, vertex, scope, set(waiting)):
        return False
    session.set_waiting(scope, vertex.id, {flow: number - 1 for flow, number in waiting.items()})
    try:
        arcs = chosen(session, vertex, scope)
    except NoValueError as error:
        session.spawn(scope, 1 - len(waiting))
        stick_on_the_way(session, vertex.id, scope, None, error)
        return True
    session.trail.append(vertex.id)
    take(session, arcs, scope, consumed=len(waiting))
    return True


def _expects_more(session: Session, vertex: Vertex, scope: int, here: set[str]) -> bool:
    """Whether a token could still come by a flow that has none, and not as well by one that has (13.4.3)."""
    reach = vertex.upstream or {}
    full = sum(1 << place for place, arc in enumerate(vertex.incoming) if arc.id in here)
    empty = (1 << len(vertex.incoming)) - 1 & ~full
    if not empty:
        return False
    places = [session.token(id) for id in session.children(scope)]
    nodes = {token.node for token in places if not (token.node == vertex.id and token.role == GATEWAY)}
    nodes.update(node for node, flows in session.all_waiting(scope).items() if flows and node != vertex.id)
    return any((found := reach.get(node, 0)) & empty and not found & full for node in nodes)


# --- Event-based gateways ---------------------------------------------------------------------


def enter_event_based(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:  # noqa: ARG001
    """It waits for the first of the events that follow it (13.4.4)."""
    session.trail.append(vertex.id)
    token = session.add(Token(session.next_id(), vertex.id, scope, GATEWAY))
    try:
        for each in vertex.outgoing:
            if not each.target.events:
                raise NoValueError(f"{each.target.id!r} does not say what it waits for")
            subscribe(session, each.target, token)
    except NoValueError:
        session.take_away(token)
        raise


def start_instance(session: Session, entry: Vertex, scope: int) -> None:
    """A process that was started by one of the events behind a parallel event-based gateway waits for the others
    too (10.6.6)."""
    for arc in entry.incoming:
        gateway = arc.source
        if gateway.node.instantiate and gateway.node.is_parallel:
            for other in gateway.outgoing:
                if other.target is not entry:
                    session.spawn(scope)
                    session.send(other.target, scope, other)
