"""Incidents: a token stops where it is, with the reason, until somebody has seen to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mainspring.models.process.game.ending import cancel
from mainspring.models.process.game.session import Session
from mainspring.models.process.plan import Arc
from mainspring.models.process.state import INCIDENT, STUCK, Incident, Token

BEGIN, WORK, END = "begin", "work", "end"
"""The phase of an element in which it stopped."""


def stick(session: Session, token: Token, error: Exception, values: Mapping[str, Any]) -> None:
    """An activity could not begin: nothing of it has happened, and its token stays before it.

    `values`: what it was given, such as the item of a loop; it is to begin with them once more.
    """
    cancel(session, token)
    stuck = Token(session.next_id(), token.node, token.scope, STUCK, loop=token.loop, undoes=token.undoes)
    session.add(stuck)
    for name, value in values.items():
        session.set(stuck.id, name, value)
    report(session, stuck, BEGIN, str(error))


def stick_on_the_way(session: Session, node: str, scope: int, arc: Arc | None, error: Exception) -> None:
    """A token could not go through an element: it stays there."""
    token = Token(session.next_id(), node, scope, STUCK, arc="" if arc is None else arc.id)
    session.add(token)
    report(session, token, BEGIN, str(error))


def report(
    session: Session, token: Token, phase: str, message: str, values: Any = None, kind: str = "NoValueError"
) -> None:
    session.incidents[token.id] = Incident(token.id, token.node, phase, message, session.at, values, kind)


def find_incident(session: Session, token: int) -> Incident | None:
    found = session.incidents.get(token)
    if found is not None:
        return found
    if token in session.gone or token in session.resolved:
        return None
    return session.state.incidents.get(token)


def resolve(session: Session, token: int) -> None:
    """There is no incident any more."""
    if session.incidents.pop(token, None) is None:
        session.resolved[token] = None
        session.closed.append(f"{INCIDENT}/{token}")
