"""What is odd about a machine that can run: told before it does, and refused by nobody."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.errors import Problem
from mainspring.models.machine.document import FINAL, HISTORIES, PARALLEL
from mainspring.models.machine.plan import ROOT, Arc, Plan, Vertex
from mainspring.models.machine.structure import Entry, domain
from mainspring.models.machine.vocabulary import strange_words

PAIRS_MAX = 1_000_000
"""Pairs of transitions that are compared; in a larger machine, rivals in its regions are not looked for."""


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
            continue
        if _is_stuck(plan, vertex.index):
            found.append(Problem("it has no way out, and is not final", place))
        found += (
            Problem(f"it is never taken: {_named(plan, earlier)} always is before it", arc.place)
            for arc, earlier in _shadowed(plan, vertex, reached)
        )
    return [*plan.doubts, *found, *_rivals(plan, reached), *strange_words(plan)]


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


# --- Transitions behind others ------------------------------------------------------------------


def _shadowed(plan: Plan, vertex: Vertex, reached: set[int]) -> Iterator[tuple[Arc, Arc]]:
    """Transitions that are never taken, whichever state inside is active; with one that is always taken before."""
    atoms = [each for each in range(vertex.index, vertex.last + 1) if each in reached and plan.states[each].is_atomic]
    chains = [[arc for state in (atom, *plan.ancestors(atom)) for arc in plan.states[state].arcs] for atom in atoms]
    for arc in vertex.arcs:
        earlier = [next((each for each in _before(chain, arc) if _covers(each, arc)), None) for chain in chains]
        if earlier and earlier[0] is not None and None not in earlier:
            yield arc, earlier[0]


def _before(chain: list[Arc], arc: Arc) -> Iterator[Arc]:
    for each in chain:
        if each is arc:
            return
        yield each


def _covers(earlier: Arc, arc: Arc) -> bool:
    """Whether one transition is taken whenever another could be."""
    if earlier.guard is not None and earlier.document.when != arc.document.when:
        return False
    names = arc.document.event.split()
    if not earlier.exact:  # without an event it is taken at once, and so before the state can wait for any
        return ((bool(earlier.targets) or not names) and earlier.guard is None) or not names
    return bool(names) and all(earlier.takes(event) for name in names for event in _examples(name, arc))


def _examples(name: str, arc: Arc) -> Iterator[str]:
    """Events that a descriptor takes: itself, and one of those that begin so."""
    word = name.removesuffix(".*")
    yield word
    longer = f"{word}.x"
    if arc.takes(longer):
        yield longer


# --- Regions that want different things ---------------------------------------------------------


def _rivals(plan: Plan, reached: set[int]) -> Iterator[Problem]:
    """Transitions of two regions for one event, one of which leaves the other's: the earlier in the document wins."""
    arcs = [arc for arc in plan.arcs if arc.targets and arc.source in reached and _in_region(plan, arc.source)]
    if len(arcs) ** 2 > PAIRS_MAX:
        return
    forgotten = (None,) * len(plan.histories)
    domains = {arc.index: domain(plan, arc, forgotten) for arc in arcs}
    for number, one in enumerate(arcs):
        for other in arcs[number + 1 :]:
            if not _side_by_side(plan, one.source, other.source) or not _meet(one, other):
                continue
            if any(_leaves(plan, domains[a.index], b.source) for a, b in ((one, other), (other, one))):
                event = f"event {other.document.event!r}" if other.document.event else "both conditions"
                message = (
                    f"it depends on the order of the document: {event} may be taken by {_named(plan, one)} as well"
                )
                yield Problem(f"{message}, which comes first; only one of both is", other.place)


def _in_region(plan: Plan, state: int) -> bool:
    return any(plan.states[each].kind == PARALLEL for each in plan.ancestors(state))


def _side_by_side(plan: Plan, one: int, other: int) -> bool:
    """Whether two states are in different regions of one parallel state."""
    above = (one, *plan.ancestors(one))
    meeting = next(each for each in (other, *plan.ancestors(other)) if each in above)
    return meeting not in (one, other) and plan.states[meeting].kind == PARALLEL


def _meet(one: Arc, other: Arc) -> bool:
    """Whether there is an event for both."""
    if not one.exact or not other.exact:
        return not one.exact and not other.exact
    pairs = ((one, other), (other, one))
    return any(a.takes(name.removesuffix(".*")) for a, b in pairs for name in b.document.event.split())


def _leaves(plan: Plan, domain: int | None, state: int) -> bool:
    return domain is not None and plan.is_inside(state, domain)


# --- Words --------------------------------------------------------------------------------------


def _named(plan: Plan, arc: Arc) -> str:
    """A transition within a sentence."""
    way = arc.place.rpartition(", ")[2]
    event = f" for {arc.document.event!r}" if arc.document.event else ""
    return f"{way} of state {plan.states[arc.source].id!r}{event}"
