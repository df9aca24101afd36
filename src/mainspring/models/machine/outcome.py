"""What became of an event, for people and programs to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:  # whoever holds an outcome need not load what compiles and runs machines
    from collections.abc import Iterable

    from mainspring.models.machine.chart import Step
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
    return tuple([_move(plan, event, step) for event, step in trail])


def _move(plan: Plan, event: str, step: Step) -> Move:
    known: Move | None = step.words
    if known is not None and known.event == event:
        return known
    ids = [vertex.id for vertex in plan.states]
    step.words = move = Move(
        event,
        tuple((ids[arc.source], tuple(ids[target] for target in arc.targets)) for arc in step.arcs),
        tuple(ids[state] for state in step.exited),
        tuple(ids[state] for state in step.entered),
        step.node.ids,
    )
    return move
