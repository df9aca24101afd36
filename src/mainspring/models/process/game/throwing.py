"""Errors and escalations: they go outward from scope to scope until something catches them (13.5.3, 13.5.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from mainspring.models.contract import Failure
from mainspring.models.process.document import ERROR
from mainspring.models.process.game.ending import cancel
from mainspring.models.process.game.scopes import area_of, begin_event_sub, start_of
from mainspring.models.process.game.session import Session
from mainspring.models.process.plan import Trigger, Vertex
from mainspring.models.process.state import BODY, ROOT, Token


class Catcher(NamedTuple):
    """What catches: a boundary event of an activity, or an event sub-process of a scope."""

    around: Token
    vertex: Vertex
    """The boundary event, or the event sub-process."""
    trigger: Trigger


def find_catcher(
    session: Session, token: Token, kind: str, names: Iterable[str], *, named: bool = False
) -> Catcher | None:
    """The nearest that takes one of these codes; at the same distance, one that names it before one that takes all.

    `named`: only one that names it.
    """
    names = frozenset(names)
    while True:
        found = _at(session, token, kind, names, named)
        if found is not None or token.id == ROOT:
            return found
        token = session.token(token.scope)


def _at(session: Session, token: Token, kind: str, names: frozenset[str], named: bool) -> Catcher | None:
    area = area_of(session, token)
    if area is not None and not token.interrupted:
        subs = [(sub, trigger) for sub in area.event_subs for trigger in start_of(sub).events]
        found = _match(subs, kind, names, named)
        if found is not None:
            return Catcher(token, *found)
    if token.id == ROOT or (token.loop and session.token(token.scope).role == BODY):
        return None  # of a loop, the events are attached to the whole
    boundaries = [(each, trigger) for each in session.vertex(token).boundaries for trigger in each.events]
    found = _match(boundaries, kind, names, named)
    return None if found is None else Catcher(token, *found)


def _match(
    triggers: list[tuple[Vertex, Trigger]], kind: str, names: frozenset[str], named: bool
) -> tuple[Vertex, Trigger] | None:
    same = [each for each in triggers if each[1].kind == kind]
    for each in same:
        if each[1].name in names:
            return each
    return None if named else next((each for each in same if not each[1].name), None)


def catch(session: Session, catcher: Catcher, values: Mapping[str, Any]) -> None:
    """What was thrown is taken: an interrupting event ends the activity, or what is in the scope (13.5.3)."""
    around, vertex, _ = catcher
    if vertex.node.by_event:
        begin_event_sub(session, vertex, around, values)
        return
    scope = around.scope
    if vertex.node.interrupting:
        cancel(session, around)
    else:
        session.spawn(scope)
    for name, value in values.items():
        session.assign(scope, (name,), value)
    session.send(vertex, scope)


def throw_error(session: Session, token: Token, failure: Failure, names: Iterable[str]) -> None:
    """An error ends what it is thrown in; one that nothing catches ends the process (13.5.3)."""
    catcher = find_catcher(session, token, ERROR, names)
    if catcher is None:
        session.failure = failure
        session.is_over = True
        session.queue.clear()
        return
    catch(session, catcher, error_values(catcher.trigger, failure))


def error_values(trigger: Trigger, failure: Failure) -> dict[str, Any]:
    """The error as variables, where the event says which."""
    definition = trigger.definition
    found = {definition.code_variable: failure.type, definition.message_variable: failure.message}
    return {name: value for name, value in found.items() if name}
