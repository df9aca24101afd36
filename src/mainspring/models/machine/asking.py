"""What a machine would take now, and why it does not take the rest."""

from __future__ import annotations

from typing import Any

from mainspring.errors import EventRefusedError, MachineEndedError
from mainspring.models.machine.chart import Choice
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.expression import ActionError
from mainspring.models.machine.plan import Arc, Plan
from mainspring.models.machine.session import Session

INNER = ("after.", "done.", "error")
"""Begin the names of events that the machine makes itself."""


def innermost(session: Session) -> list[str]:
    """The ids of the active states that have no active state inside."""
    states = session.plan.states
    return [states[state].id for state in session.node.active if states[state].is_atomic]


def available(session: Session, data: Any) -> list[str]:
    """The events with this data that a transition would take, in document order; the session stays as it is."""
    if session.has_ended:
        return []
    kept, found = session.event, set[str]()
    for state in session.node.active:
        for arc in session.plan.states[state].arcs:
            for name in arc.document.event.split():
                is_inner = name.startswith(INNER) or "*" in name
                if not is_inner and name not in found and _would_take(session, name, data):
                    found.add(name)
    session.event = kept
    session.touch()
    return [name for name in session.plan.events if name in found]


def _would_take(session: Session, name: str, data: Any) -> bool:
    """Whether a condition holds for an event of this name; one that cannot be evaluated does not."""
    session.event, session.mask = MachineEvent(name, data), session.node.mask
    session.touch()
    for group in session.chart.choose(session.node, name).groups:
        for arc in group:
            try:
                if arc.guard is None or arc.guard(session):
                    return True
            except ActionError:
                continue
    return False


def refusal_of(session: Session, event: str, choice: Choice | None) -> EventRefusedError | MachineEndedError:
    """Why no transition took an event; `choice`: what it might have led to."""
    name = session.plan.name
    if session.has_ended:
        return MachineEndedError(name, event, session.active_ids())
    arcs = [arc for group in choice.groups for arc in group] if choice is not None else []
    reasons = [_reason(session.plan, arc) for arc in dict.fromkeys(arcs)]
    return EventRefusedError(
        name, event, active=innermost(session), reasons=reasons, available=available(session, None)
    )


def _reason(plan: Plan, arc: Arc) -> str:
    targets = " and ".join(repr(plan.states[target].id) for target in arc.targets) or "nowhere"
    when = arc.document.when
    test = when if isinstance(when, str) else f"{when.name}()"
    return f"the way from {plan.states[arc.source].id!r} to {targets} needs {test}"
