"""What is odd about a machine that can run: told before it does, and refused by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.errors import Problem
from mainspring.models.machine.document import FINAL, HISTORIES, PARALLEL
from mainspring.models.machine.event import matches
from mainspring.models.machine.plan import ROOT, Arc, Plan
from mainspring.models.machine.structure import Entry


def oddities(plan: Plan) -> list[Problem]:
    """All of them, in document order, each with its place."""
    reached = reachable(plan)
    found: list[Problem] = []
    for vertex in plan.states[1:]:
        place = f"state {vertex.id}"
        if vertex.kind in HISTORIES:
            continue
        if vertex.index not in reached:
            found.append(Problem("no transition and no initial state leads to it", place))
        elif _is_stuck(plan, vertex.index):
            found.append(Problem("it has no way out, and is not final", place))
        found += (
            Problem(
                f"transition {number} is never taken: an earlier one takes {arc.document.event or 'the way'}", place
            )
            for number, arc in _shadowed(vertex.arcs)
        )
    return found


def reachable(plan: Plan) -> set[int]:
    """The states that can become active if every condition may hold."""
    forgotten = (None,) * len(plan.histories)
    reached = Entry(plan, forgotten).start().states
    while True:
        arcs = [arc for state in reached for arc in plan.states[state].arcs]
        grown = reached | Entry(plan, forgotten).take(arcs).states
        if len(grown) == len(reached):
            return reached
        reached = grown


def _is_stuck(plan: Plan, state: int) -> bool:
    vertex = plan.states[state]
    if not vertex.is_atomic or vertex.kind == FINAL:
        return False
    around = [plan.states[each] for each in (state, *plan.ancestors(state))]
    return not any(each.arcs or each.kind == PARALLEL for each in around if each.index != ROOT)


def _shadowed(arcs: list[Arc]) -> Iterator[tuple[int, Arc]]:
    """Transitions behind one of the same state that needs no condition and takes all their events."""
    for number, arc in enumerate(arcs, 1):
        names = arc.document.event.split()
        for earlier in arcs[: number - 1]:
            if earlier.guard is not None or bool(names) != bool(earlier.exact):
                continue
            if all(matches(earlier.document.event, name.removesuffix(".*")) for name in names):
                yield number, arc
                break
