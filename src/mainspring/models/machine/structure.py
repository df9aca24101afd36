"""Which states a set of transitions leaves and enters: the procedures of SCXML, appendix D, about structure alone.

All work on indices in document order, and have the names of the standard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mainspring.models.machine.document import DEEP, HISTORIES, PARALLEL, STATE
from mainspring.models.machine.plan import ROOT, Arc, Plan

Memory = tuple[tuple[int, ...] | None, ...]
"""What each history state remembers."""


def effective_targets(plan: Plan, arc: Arc, memory: Memory) -> set[int]:
    """getEffectiveTargetStates: the targets, with histories replaced by what they stand for."""
    found: set[int] = set()
    for target in arc.targets:
        vertex = plan.states[target]
        if vertex.kind not in HISTORIES:
            found.add(target)
            continue
        remembered = memory[plan.histories[target]]
        found |= effective_targets(plan, vertex.arcs[0], memory) if remembered is None else set(remembered)
    return found


def domain(plan: Plan, arc: Arc, memory: Memory) -> int | None:
    """getTransitionDomain: the innermost state that is neither left nor entered; None: there is no target."""
    targets = effective_targets(plan, arc, memory)
    if not targets:
        return None
    inside = all(plan.is_inside(target, arc.source) for target in targets)
    if arc.internal and plan.states[arc.source].kind == STATE and inside:
        return arc.source
    for ancestor in plan.ancestors(arc.source):
        is_compound = ancestor == ROOT or plan.states[ancestor].kind == STATE
        if is_compound and all(plan.is_inside(target, ancestor) for target in targets):
            return ancestor
    return ROOT


def exit_set(plan: Plan, arcs: Iterable[Arc], active: Sequence[int], memory: Memory) -> set[int]:
    """computeExitSet: what the transitions leave."""
    found: set[int] = set()
    for arc in arcs:
        within = domain(plan, arc, memory)
        if within is not None:
            found.update(state for state in active if plan.is_inside(state, within))
    return found


def without_conflicts(plan: Plan, arcs: Sequence[Arc], active: Sequence[int], memory: Memory) -> tuple[Arc, ...]:
    """removeConflictingTransitions: of two that leave a common state, the inner one, else the earlier."""
    if len(arcs) < 2:
        return tuple(arcs)
    kept: list[Arc] = []
    left = {arc.index: exit_set(plan, (arc,), active, memory) for arc in arcs}
    for arc in arcs:
        against = [other for other in kept if left[arc.index] & left[other.index]]
        if all(plan.is_inside(arc.source, other.source) for other in against):
            kept = [other for other in kept if other not in against]
            kept.append(arc)
    return tuple(kept)


def remembered(plan: Plan, leaving: Iterable[int], active: Sequence[int], memory: Memory) -> Memory:
    """What the histories remember once these states have been left (the first loop of exitStates)."""
    if not plan.histories:
        return memory
    slots = list(memory)
    for state in leaving:
        for history in plan.states[state].histories:
            deep = plan.states[history].kind == DEEP
            slots[plan.histories[history]] = tuple(
                inner
                for inner in active
                if (
                    plan.states[inner].is_atomic and plan.is_inside(inner, state)
                    if deep
                    else plan.states[inner].parent == state
                )
            )
    return tuple(slots)


class Entry:
    """computeEntrySet: what is entered, and which initial and default transitions have content on the way."""

    def __init__(self, plan: Plan, memory: Memory) -> None:
        self.plan = plan
        self.memory = memory
        self.states: set[int] = set()
        self.by_default: set[int] = set()
        """Compound states whose initial transition is taken."""
        self.histories: dict[int, int] = {}
        """For a parent: the history state that had nothing to remember."""

    def take(self, arcs: Iterable[Arc]) -> Entry:
        for arc in arcs:
            for target in arc.targets:
                self.add_descendants(target)
            ancestor = domain(self.plan, arc, self.memory)
            for state in sorted(effective_targets(self.plan, arc, self.memory)):
                self.add_ancestors(state, ancestor or ROOT)
        return self

    def start(self) -> Entry:
        """The initial transition of the machine."""
        self._add_all(self.plan.states[ROOT].initial, ROOT)
        return self

    def add_descendants(self, state: int) -> None:
        """addDescendantStatesToEnter."""
        vertex = self.plan.states[state]
        if vertex.kind in HISTORIES:
            known = self.memory[self.plan.histories[state]]
            if known is None:
                self.histories[vertex.parent] = state
                known = vertex.arcs[0].targets
            self._add_all(known, vertex.parent)
            return
        self.states.add(state)
        if vertex.kind == PARALLEL:
            self._add_regions(state)
        elif vertex.children:
            self.by_default.add(state)
            self._add_all(vertex.initial, state)

    def add_ancestors(self, state: int, within: int) -> None:
        """addAncestorStatesToEnter."""
        for ancestor in self.plan.ancestors(state):
            if ancestor in (within, ROOT):
                return
            self.states.add(ancestor)
            if self.plan.states[ancestor].kind == PARALLEL:
                self._add_regions(ancestor)

    def _add_all(self, states: Iterable[int], within: int) -> None:
        states = tuple(states)
        for state in states:
            self.add_descendants(state)
        for state in states:
            self.add_ancestors(state, within)

    def _add_regions(self, state: int) -> None:
        for child in self.plan.states[state].children:
            if not any(self.plan.is_inside(other, child) for other in self.states):
                self.add_descendants(child)
