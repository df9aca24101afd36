"""What became of an event, for people and programs to read."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from mainspring.models.machine.plan import Plan
from mainspring.models.machine.session import Taken


class Move(Struct, frozen=True, gc=False):
    """Transitions that were taken together (a microstep)."""

    event: str
    """Its name; empty: they needed none."""
    transitions: tuple[tuple[str, tuple[str, ...]], ...]
    """The source of each, and its targets."""
    left: tuple[str, ...]
    entered: tuple[str, ...]
    configuration: tuple[str, ...]
    """What was active afterwards."""


class Outcome(Struct, frozen=True, gc=False):
    """What an event led to; true if a transition took it."""

    event: str
    moves: tuple[Move, ...]
    taken: bool
    reason: str = ""
    """Why no transition took it."""

    def __bool__(self) -> bool:
        return self.taken


def moves_of(plan: Plan, trail: Iterable[Taken]) -> tuple[Move, ...]:
    """The steps of a trail in words."""
    ids = [vertex.id for vertex in plan.states]

    def names(states: Iterable[int]) -> tuple[str, ...]:
        return tuple([ids[state] for state in states])

    return tuple(
        Move(
            event,
            tuple([(ids[arc.source], names(arc.targets)) for arc in step.arcs]),
            names(step.exited),
            names(step.entered),
            names(step.node.active),
        )
        for event, step in trail
    )
