"""What comes to a process that nobody waits for an answer to: outcomes of tasks and children, times, messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mainspring.models.contract import (
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
    Event,
    Failure,
    Received,
    TaskCompleted,
    TaskFailed,
    TaskLost,
    TimerFired,
)
from mainspring.models.process.decisions import Again
from mainspring.models.process.document import ERROR
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.game.ending import complete
from mainspring.models.process.game.events import come
from mainspring.models.process.game.gateways import start_instance
from mainspring.models.process.game.incidents import END, WORK, find_incident, report
from mainspring.models.process.game.scopes import begin_scope
from mainspring.models.process.game.session import Session
from mainspring.models.process.game.tasks import result_of
from mainspring.models.process.game.throwing import catch, error_values, find_catcher
from mainspring.models.process.state import ROOT, Token
from mainspring.models.retry import Retry, lost_failure, retry_delay

_decode = msgspec.json.Decoder().decode

Arrived = bool | Again
"""Whether it means anything; or that a task is tried again, and nothing else changes."""


def begin_process(session: Session, values: Mapping[str, Any], entry: str) -> None:
    """The process begins, with its input as variables; `entry` is what started it."""
    plan = session.plan
    token = session.add(Token(session.next_id(), plan.id, 0, called=plan.id))
    assert token.id == ROOT, "the root is the first token"
    session.spawn(0)
    for name, value in values.items():
        session.set(ROOT, name, value)
    vertex = plan.root.vertices.get(entry)
    session.entry = vertex
    begin_scope(session, token, plan.root, vertex)
    if vertex is not None:
        start_instance(session, vertex, ROOT)


# --- Tasks ------------------------------------------------------------------------------------


def _token_of(session: Session, key: str) -> Token | None:
    """The token that waits for a task or a child."""
    id = session.state.tasks.get(key)
    return None if id is None else session.find(id)


def _task_completed(session: Session, event: TaskCompleted) -> Arrived:
    token = _token_of(session, event.key)
    if token is None:
        return False
    value = _decode(event.output)
    finish(session, token, result_of(session.vertex(token), value))
    return True


def finish(session: Session, token: Token, values: Mapping[str, Any]) -> None:
    """What an element gave is taken; where that fails, it is kept with an incident."""
    try:
        complete(session, token, values)
    except NoValueError as error:
        report(session, token, END, str(error), dict(values))


def _task_failed(session: Session, event: TaskFailed) -> Arrived:
    """An error that something names is for it; others are tried again first, and then for what takes all (13.5.3)."""
    token = _token_of(session, event.key)
    if token is None or find_incident(session, token.id) is not None:
        return False
    names = names_of(event.error)
    catcher = find_catcher(session, token, ERROR, names, named=True)
    if catcher is None:
        work = session.vertex(token).node.work
        retry = Retry(max=0) if work is None else Retry(max=work.retries, delay_s=work.retry_delay_s, jitter=0.0)
        state = session.state
        wait_s = retry_delay(retry, event.error, retries=token.attempts, instance=state.instance, key=event.key)
        if wait_s is not None:
            return Again(event.key, session.at + wait_s)
        catcher = find_catcher(session, token, ERROR, names)
    if catcher is None:
        report(session, token, WORK, event.error.message, kind=event.error.type)
    else:
        catch(session, catcher, error_values(catcher.trigger, event.error))
    return True


def names_of(failure: Failure) -> frozenset[str]:
    """By what codes an error may be caught: its own, and the names of its classes, with and without their modules."""
    kinds = {failure.type, *failure.kinds}
    return frozenset(kinds | {kind.rpartition(".")[2] for kind in kinds})


def _task_lost(session: Session, event: TaskLost) -> Arrived:
    token = _token_of(session, event.key)
    if token is None:
        return False
    if not event.final:
        return Again(event.key, session.at, counted=False)
    error = lost_failure(event)
    report(session, token, WORK, error.message, kind=error.type)
    return True


# --- Children ---------------------------------------------------------------------------------


def _child_completed(session: Session, event: ChildCompleted) -> Arrived:
    token = _token_of(session, event.key)
    if token is None:
        return False
    vertex = session.vertex(token)
    value = _decode(event.output)
    takes_all = vertex.node.call is None or vertex.node.call.takes_all or bool(vertex.outputs)
    finish(session, token, result_of(vertex, value) if takes_all else {})
    return True


def _child_failed(session: Session, event: ChildFailed) -> Arrived:
    return _child_lost(session, event.key, event.error)


def _child_cancelled(session: Session, event: ChildCancelled) -> Arrived:
    return _child_lost(session, event.key, Failure("InstanceCancelledError", event.reason or "it was cancelled"))


def _child_lost(session: Session, key: str, error: Failure) -> Arrived:
    token = _token_of(session, key)
    if token is None:
        return False
    catcher = find_catcher(session, token, ERROR, names_of(error))
    if catcher is None:
        report(session, token, WORK, error.message, kind=error.type)
    else:
        catch(session, catcher, error_values(catcher.trigger, error))
    return True


# --- Times and messages -----------------------------------------------------------------------


def _timer_fired(session: Session, event: TimerFired) -> Arrived:
    return _come(session, event.key, {})


def _received(session: Session, event: Received) -> Arrived:
    data = _decode(event.data)
    return _come(session, event.key, data if isinstance(data, dict) else {event.name: data})


def _come(session: Session, key: str, values: Mapping[str, Any]) -> Arrived:
    wait = session.find_wait(key)
    if wait is None:
        return False
    try:
        come(session, key, values)
    except NoValueError as error:
        report(session, session.token(wait.token), END, str(error), dict(values))
    return True


ARRIVE: dict[type[Event], Callable[[Session, Any], Arrived]] = {
    TaskCompleted: _task_completed,
    TaskFailed: _task_failed,
    TaskLost: _task_lost,
    ChildCompleted: _child_completed,
    ChildFailed: _child_failed,
    ChildCancelled: _child_cancelled,
    TimerFired: _timer_fired,
    Received: _received,
}
