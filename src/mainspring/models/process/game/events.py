"""Events that a token comes to or that come to a token: start, catch, throw, boundary and end (13.5)."""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec.structs import replace

from mainspring.models.contract import Failure
from mainspring.models.process.decisions import Thrown
from mainspring.models.process.document import (
    BOUNDARY,
    CANCEL,
    CATCH,
    COMPENSATE,
    CONDITIONAL,
    ERROR,
    ESCALATION,
    LINK,
    MESSAGE,
    SIGNAL,
    START,
    TERMINATE,
)
from mainspring.models.process.expression import NoValueError, plain
from mainspring.models.process.game.compensation import cancel_transaction, throw_compensation
from mainspring.models.process.game.ending import cancel, clear, complete
from mainspring.models.process.game.flow import leave
from mainspring.models.process.game.scopes import begin_event_sub
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.tasks import ask
from mainspring.models.process.game.throwing import catch, find_catcher, throw_error
from mainspring.models.process.game.waiting import correlation, holds, next_time, subscribe
from mainspring.models.process.plan import Arc, Trigger, Vertex
from mainspring.models.process.state import GATEWAY, WAIT, Token, Wait

# --- Start and catch --------------------------------------------------------------------------


def pass_through(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """A start event, or an event that has come: its token goes on."""
    session.trail.append(vertex.id)
    leave(session, vertex, scope)


def enter_catch(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """A token waits for an event (13.5.2); the end of a link leads on at once."""
    session.trail.append(vertex.id)
    if not vertex.events or any(trigger.kind == LINK for trigger in vertex.events):
        leave(session, vertex, scope)
        return
    token = session.add(Token(session.next_id(), vertex.id, scope, WAIT))
    try:
        subscribe(session, vertex, token)
    except NoValueError:
        session.take_away(token)
        raise


# --- What has come ----------------------------------------------------------------------------


def come(session: Session, key: str, values: Mapping[str, Any]) -> None:
    """What was waited for has come; raises `NoValueError`."""
    wait = session.find_wait(key)
    assert wait is not None, f"nothing waits as {key}"
    vertex, token = session.plan.vertices[wait.node], session.token(wait.token)
    again = _once_more(session, key, wait, vertex)
    if vertex.needs_all and _lacks_others(session, vertex, token):
        session.assign_all(token.id, values)
        return
    if vertex.kind == BOUNDARY:
        _come_to_boundary(session, vertex, token, values)
    elif vertex.kind == START:
        begin_event_sub(session, _sub_of(session, vertex), token, values)
    elif token.role == GATEWAY:
        _come_to_gateway(session, vertex, token, values)
    elif again:
        session.spawn(token.scope)
        _pass_values(session, vertex, token, values)
        leave(session, vertex, token.scope)
    else:
        complete(session, token, values)


def _once_more(session: Session, key: str, wait: Wait, vertex: Vertex) -> bool:
    """Whether it is waited for again: a cycle has times left, or what came does not end the waiting (13.5.2)."""
    stays = not vertex.node.interrupting
    following = next_time(wait) if stays or vertex.kind == CATCH else None
    if following is not None:
        session.wait(key, following)
        return True
    if wait.kind == CONDITIONAL and stays:
        session.wait(key, replace(wait, holds=True))
        return True
    if stays and wait.kind in (MESSAGE, SIGNAL):
        return True
    session.drop_wait(key)
    return False


def _lacks_others(session: Session, vertex: Vertex, token: Token) -> bool:
    """Of a parallel multiple event: whether something else must come too (10.5.5)."""
    return any(wait.node == vertex.id for wait in map(session.find_wait, session.keys_of(token.id)) if wait is not None)


def _come_to_boundary(session: Session, vertex: Vertex, token: Token, values: Mapping[str, Any]) -> None:
    """An interrupting event ends the activity; in any case a token leaves by the event (13.5.3)."""
    scope = token.scope
    _pass_values(session, vertex, token, values)
    if vertex.node.interrupting:
        cancel(session, token)
    else:
        session.spawn(scope)
    session.send(vertex, scope)


def _come_to_gateway(session: Session, vertex: Vertex, token: Token, values: Mapping[str, Any]) -> None:
    """The first event decides; the others are no longer waited for (13.4.4)."""
    session.trail.append(vertex.id)
    session.take_away(token)
    complete(session, session.add(Token(session.next_id(), vertex.id, token.scope, WAIT)), values)


def _pass_values(session: Session, vertex: Vertex, token: Token, values: Mapping[str, Any]) -> None:
    more = {name: plain(value) for name, value in values.items()}
    if vertex.outputs:
        for evaluate, path in vertex.outputs:
            session.assign(token.scope, path, evaluate(session.sight(token.id, more)))
    else:
        session.assign_all(token.scope, more)


def _sub_of(session: Session, start: Vertex) -> Vertex:
    owner = start.area.owner
    assert owner is not None, f"{start.id} is in no event sub-process of {session.plan.id}"
    return owner


def look_at_conditions(session: Session) -> bool:
    """Conditions are asked when variables have changed; what begins to hold has come (10.5.5). Whether any has."""
    for key in session.condition_keys():
        wait = session.find_wait(key)
        if wait is None:
            continue
        is_so = holds(session, wait)
        if is_so and not wait.holds:
            come(session, key, {})
            return True
        if wait.holds and not is_so:
            session.wait(key, replace(wait, holds=False))
    return False


# --- Throw and end ----------------------------------------------------------------------------


def enter_throw(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """An intermediate event throws all it has, and its token goes on (13.5.1)."""
    session.trail.append(vertex.id)
    if vertex.node.work is not None:
        ask(session, vertex, session.add(Token(session.next_id(), vertex.id, scope)))
        return
    for trigger in vertex.events:
        if trigger.kind == COMPENSATE:
            throw_compensation(session, vertex, scope, trigger.definition.activity, trigger.definition.wait)
            return
        if trigger.kind == LINK:
            session.send(_target_of(vertex, trigger), scope)
            return
        clearings = session.clearings(scope)
        _THROW[trigger.kind](session, vertex, trigger, scope)
        if session.clearings(scope) != clearings:
            return
    leave(session, vertex, scope)


def enter_end(session: Session, vertex: Vertex, scope: int, arc: Arc | None) -> None:
    """An end event throws all it has and consumes its token (13.5.6)."""
    session.trail.append(vertex.id)
    if vertex.node.work is not None:
        ask(session, vertex, session.add(Token(session.next_id(), vertex.id, scope)))
        return
    for trigger in sorted(vertex.events, key=lambda each: each.kind in _ENDS):
        clearings = session.clearings(scope)
        _THROW[trigger.kind](session, vertex, trigger, scope)
        if trigger.kind in _ENDS or session.clearings(scope) != clearings:
            return
    session.consume(scope)


def _target_of(vertex: Vertex, trigger: Trigger) -> Vertex:
    target = vertex.area.links.get(trigger.name)
    if target is None:
        raise NoValueError(f"no link event catches {trigger.name!r} here")
    return target


def _throw_message(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    sight = session.sight(scope)
    if vertex.inputs:
        values = {path[0]: plain(evaluate(sight)) for evaluate, path in vertex.inputs}
    else:
        values = session.visible(scope)
    if not trigger.name:
        raise NoValueError("it does not say which message it sends")
    session.thrown.append(Thrown(MESSAGE, trigger.name, correlation(session, trigger, sight), values))


def _throw_signal(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    sight = session.sight(scope)
    values = {path[0]: plain(evaluate(sight)) for evaluate, path in vertex.inputs}
    session.thrown.append(Thrown(SIGNAL, trigger.name, "", values))


def _throw_error(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    message = f"the end event {vertex.id!r} threw it, and nothing catches it"
    failure = Failure(trigger.name or "error", message, kinds=(trigger.name,), node=vertex.id)
    throw_error(session, session.token(scope), failure, (trigger.name,))


def _throw_escalation(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    """An escalation that nothing catches is of no consequence (13.5.4)."""
    catcher = find_catcher(session, session.token(scope), ESCALATION, (trigger.name,))
    if catcher is not None:
        catch(session, catcher, {})


def _throw_terminate(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    """All that is in the scope is over, and the scope is done as if it had completed (13.5.6)."""
    clear(session, session.token(scope))
    session.queue.append((None, scope, None))


def _throw_cancel(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    cancel_transaction(session, vertex, scope)


def _throw_compensation(session: Session, vertex: Vertex, trigger: Trigger, scope: int) -> None:
    throw_compensation(session, vertex, scope, trigger.definition.activity, trigger.definition.wait)


_THROW: dict[str, Callable[[Session, Vertex, Trigger, int], None]] = {
    MESSAGE: _throw_message,
    SIGNAL: _throw_signal,
    ERROR: _throw_error,
    ESCALATION: _throw_escalation,
    TERMINATE: _throw_terminate,
    CANCEL: _throw_cancel,
    COMPENSATE: _throw_compensation,
}
_ENDS = (COMPENSATE, ERROR, CANCEL, TERMINATE)
"""What an end event throws last, for it takes care of the token itself."""
