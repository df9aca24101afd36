"""What is waited for from outside: messages, signals, times and conditions (13.5)."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from msgspec.structs import replace

from mainspring.models.process.document import CONDITIONAL, MESSAGE, SIGNAL, SUBSCRIBED, TIMER
from mainspring.models.process.expression import NoValueError
from mainspring.models.process.game.session import Session, Sight
from mainspring.models.process.plan import Trigger, Vertex
from mainspring.models.process.state import Token, Wait


def subscribe(session: Session, vertex: Vertex, token: Token) -> None:
    """A token waits for the events of an element; raises `NoValueError`."""
    sight = session.sight(token.id)
    triggers = [trigger for trigger in vertex.events if trigger.kind in SUBSCRIBED]
    for trigger in triggers:
        key = f"{vertex.id}/{token.id}"
        if len(triggers) > 1:
            key += f"/{trigger.index}"
        wait = Wait(token.id, vertex.id, trigger.index, trigger.kind)
        session.wait(key, _WAIT[trigger.kind](session, wait, trigger, sight))


def _for_message(session: Session, wait: Wait, trigger: Trigger, sight: Sight) -> Wait:
    if not trigger.name:
        raise NoValueError("it does not say which message it waits for")
    return replace(wait, name=trigger.name, key=correlation(session, trigger, sight))


def correlation(session: Session, trigger: Trigger, sight: Sight) -> str:
    """The key of a message: what it says, or the key of the instance."""
    if trigger.correlation is None:
        return session.key
    value = trigger.correlation(sight)
    if value is None or isinstance(value, dict | list):
        raise NoValueError(f"the correlation key of message {trigger.name!r} is {value!r:.60}; it must be a text")
    return str(value)


def _for_signal(session: Session, wait: Wait, trigger: Trigger, sight: Sight) -> Wait:  # noqa: ARG001
    return replace(wait, name=trigger.name)


def _for_timer(session: Session, wait: Wait, trigger: Trigger, sight: Sight) -> Wait:
    if trigger.code is None:
        raise NoValueError("it does not say when")
    # Calendars take as long to load as all the rest, and most processes wait for no time.
    times = import_module("mainspring.models.process.times")
    alarm = times.alarm_of(trigger.definition.timer, trigger.code(sight), session.at)
    return replace(wait, ready_at=alarm.ready_at, repeats=alarm.repeats, interval=alarm.interval)


def _for_condition(session: Session, wait: Wait, trigger: Trigger, sight: Sight) -> Wait:  # noqa: ARG001
    session.has_new_values = True  # it may hold already
    return wait


_WAIT: dict[str, Callable[[Session, Wait, Trigger, Sight], Wait]] = {
    MESSAGE: _for_message,
    SIGNAL: _for_signal,
    TIMER: _for_timer,
    CONDITIONAL: _for_condition,
}


def next_time(wait: Wait) -> Wait | None:
    """The same timer, once more; None: that was the last time."""
    if wait.kind != TIMER or wait.repeats == 0:
        return None
    times = import_module("mainspring.models.process.times")
    alarm = times.next_alarm(times.Alarm(wait.ready_at, wait.repeats, wait.interval))
    return replace(wait, ready_at=alarm.ready_at, repeats=alarm.repeats)


def holds(session: Session, wait: Wait) -> bool:
    """Whether a condition holds; one that has no value yet does not."""
    trigger: Any = session.plan.vertices[wait.node].events[wait.event]
    try:
        return bool(trigger.code(session.sight(wait.token)))
    except NoValueError:
        return False
