"""Scopes: sub-processes, called processes and event sub-processes begin and become empty (13.3.4, 13.3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.models.process.document import AD_HOC, CONDITIONAL, START
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.game.ending import clear, complete
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.waiting import holds, subscribe
from mainspring.models.process.plan import Area, Vertex
from mainspring.models.process.state import ROOT, SCOPE, Token


def area_of(session: Session, token: Token) -> Area | None:
    """What is inside of a token: a called process, or the body of a sub-process."""
    if token.called:
        return session.plan.areas[token.called]
    return session.plan.vertices[token.node].body if token.role == SCOPE else None


def begin_scope(session: Session, token: Token, area: Area, entry: Vertex | None = None) -> None:
    """Data objects are empty, event sub-processes listen, and a token is at each start (13.3.4).

    A condition that holds already starts its event sub-process before anything else.
    """
    session.counts[token.id] = 0
    local = session.local(token.id)
    for name in area.data:
        if name not in local:
            session.set(token.id, name, None)
    for sub in area.event_subs:
        subscribe(session, start_of(sub), token)
    if any(_starts_at_once(session, token, sub) for sub in area.event_subs):
        return
    begins = [entry] if entry is not None else _begins(session, token, area)
    session.spawn(token.id, len(begins))
    for vertex in begins:
        session.send(vertex, token.id)
    if not begins:
        session.queue.append((None, token.id, None))


def _starts_at_once(session: Session, token: Token, sub: Vertex) -> bool:
    """Whether an interrupting event sub-process takes the place of the scope before it has begun."""
    start = start_of(sub)
    if not start.node.interrupting or not any(trigger.kind == CONDITIONAL for trigger in start.events):
        return False
    for key in session.keys_of(token.id):
        wait = session.find_wait(key)
        if wait is not None and wait.node == start.id and wait.kind == CONDITIONAL and holds(session, wait):
            begin_event_sub(session, sub, token, {})
            return True
    return False


def _begins(session: Session, token: Token, area: Area) -> list[Vertex]:
    owner = area.owner
    if owner is None or owner.kind != AD_HOC:
        return area.initial or area.starts[:1]
    begins = area.initial
    if owner.active is not None:
        ids = owner.active(session.sight(token.id))
        if not isinstance(ids, list) or any(id not in area.vertices for id in ids):
            raise NoValueError(f"the activities to begin are {ids!r:.80}; expected a list of ids in {owner.id!r}")
        begins = [area.vertices[id] for id in ids]
    if owner.node.ordering == "Sequential" and len(begins) > 1:
        session.items[token.id] = [vertex.id for vertex in begins[1:]]
        return begins[:1]
    return begins


def start_of(sub: Vertex) -> Vertex:
    """The start event of an event sub-process."""
    assert sub.body is not None
    return next(vertex for vertex in sub.body.starts if vertex.kind == START)


def begin_event_sub(session: Session, sub: Vertex, around: Token, values: Mapping[str, Any]) -> None:
    """An event sub-process begins inside its scope; an interrupting one takes the place of all there (13.3.5)."""
    start = start_of(sub)
    assert sub.body is not None
    if start.node.interrupting:
        clear(session, around)
        for key in session.keys_of(around.id):
            wait = session.find_wait(key)
            if wait is not None and session.plan.vertices[wait.node].kind == START:
                session.drop_wait(key)
        around = session.change(replace(session.token(around.id), interrupted=True))
    session.spawn(around.id)
    token = session.add(Token(session.next_id(), sub.id, around.id))
    session.trail.append(sub.id)
    for name, value in _taken(session, start, around, values).items():
        session.set(token.id, name, value)
    begin_scope(session, token, sub.body, start)


def _taken(session: Session, start: Vertex, around: Token, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the event brought: as its outputs say, or as it is."""
    if not start.outputs:
        return dict(values)
    sight = session.sight(around.id, values)
    return {path[0]: evaluate(sight) for evaluate, path in start.outputs}


def scope_emptied(session: Session, token: Token) -> None:
    """No token is left in a scope, so it has completed (13.3.4); an ad-hoc one may have had enough before (13.3.5)."""
    if token.id != ROOT and session.vertex(token).kind == AD_HOC and _goes_on(session, token):
        return
    if session.count(token.id):
        return
    if token.id == ROOT:
        session.is_over = True
        session.output = session.local(ROOT)
        session.queue.clear()
        session.drop_waits(ROOT)
        return
    complete(session, token)


def _goes_on(session: Session, token: Token) -> bool:
    vertex = session.vertex(token)
    if vertex.completion is not None and vertex.completion(session.sight(token.id)):
        if vertex.node.cancel_remaining:
            clear(session, token)
        session.items[token.id] = []
        return False
    if session.count(token.id):
        return True
    waiting = session.items.get(token.id, session.state.items.get(token.id, []))
    if not waiting or vertex.body is None:
        return False
    session.items[token.id] = waiting[1:]
    session.spawn(token.id)
    session.send(vertex.body.vertices[waiting[0]], token.id)
    return True
