"""How activities and events that a token rests at end: they complete, or they are cancelled (13.3.2)."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.models.process.expression import plain
from mainspring.models.process.game.flow import chosen, take
from mainspring.models.process.game.session import Session
from mainspring.models.process.plan import Vertex
from mainspring.models.process.state import BODY, CHILD, Done, Token


def complete(session: Session, token: Token, values: Mapping[str, Any] | None = None) -> None:
    """An activity or an event is over: what it gave is kept, and its token goes on.

    Raises `NoValueError` where an output or a condition has no value; then the token is still there.
    """
    vertex = session.vertex(token)
    give(session, vertex, token, values)
    if token.loop and session.token(token.scope).role == BODY:
        output = None if vertex.loop is None else vertex.loop.output
        complete_iteration(session, vertex, token, None if output is None else plain(output(session.sight(token.id))))
        return
    remember(session, vertex, token, token.scope)
    go_on(session, vertex, token)


def go_on(session: Session, vertex: Vertex, token: Token) -> None:
    """A token leaves its place by the flows that lead out, or goes back to what compensates; raises `NoValueError`."""
    scope = token.scope
    arcs = [] if token.undoes else chosen(session, vertex, scope)
    session.take_away(token)
    if token.undoes:
        session.consume(scope)
        session.queue.append((None, token.undoes, None))
        return
    take(session, arcs, scope, quantity=vertex.node.completion_quantity)
    if vertex.is_in_ad_hoc:
        session.queue.append((None, scope, None))


def give(session: Session, vertex: Vertex, token: Token, values: Mapping[str, Any] | None) -> None:
    """Outputs say what becomes of the values; without any, all of them become variables (10.4.2)."""
    if not vertex.outputs:
        if values:
            session.assign_all(token.id, values)
        return
    more = {name: plain(value) for name, value in (values or {}).items()}
    for evaluate, path in vertex.outputs:
        value = evaluate(session.sight(token.id, more))
        session.assign(token.scope, path, value)


def complete_iteration(session: Session, vertex: Vertex, token: Token, output: Any) -> None:
    """One of a loop has completed, with its part of what is collected; the loop looks at what comes next (13.3.6,
    13.3.7)."""
    loop, body = vertex.loop, session.token(token.scope)
    assert loop is not None
    if loop.output is not None:
        session.outputs.setdefault(body.id, {})[token.loop] = output
    remember(session, vertex, token, body.scope)
    session.take_away(token)
    session.change(replace(body, done=body.done + 1))
    session.consume(body.id)
    session.queue.append((None, body.id, None))


def remember(session: Session, vertex: Vertex, token: Token, scope: int) -> None:
    """A completed activity can be compensated, if something says how (13.5.5)."""
    if not vertex.is_activity or token.undoes:
        return
    inside = tuple(session.completed(token.id)) if vertex.body is not None or token.called else ()
    own = vertex.compensator is not None or (vertex.body is not None and vertex.body.compensation is not None)
    if own or inside:
        values = session.local(token.id) if vertex.body is not None or token.called else {}
        session.remember(scope, Done(token.id, vertex.id, values, inside, token.called))


# --- Cancelling -------------------------------------------------------------------------------


def cancel(session: Session, token: Token) -> None:
    """An activity is interrupted, with all that is inside; whoever cancels it sees to the count of its scope."""
    for id in session.children(token.id):
        inner = session.find(id)
        if inner is not None:
            cancel(session, inner)
    if token.task:
        _withdraw(session, token)
    session.take_away(token)


def _withdraw(session: Session, token: Token) -> None:
    key = token.task
    if token.role == CHILD:
        if session.called.pop(key, None) is None:
            session.recalled[key] = None
    elif session.tasks.pop(key, None) is None:
        session.withdrawn[key] = None


def clear(session: Session, scope: Token) -> None:
    """Cancel all that is inside a scope, and every token on its way there."""
    for id in session.children(scope.id):
        inner = session.find(id)
        if inner is not None:
            cancel(session, inner)
    for node, flows in session.all_waiting(scope.id).items():
        if flows:
            session.set_waiting(scope.id, node, {})
    session.queue = deque(item for item in session.queue if item[1] != scope.id)
    session.counts[scope.id] = 0
    session.cleared[scope.id] = session.cleared.get(scope.id, 0) + 1
