"""A machine's configurations, discovered as they are reached: what an event leads to is worked out once.

A `Node` is a configuration with what its histories remember.  For each name of an event it knows a `Choice`: which
transitions to ask, in which order.  Each set of transitions that is taken together is a `Step`: what is left, done and
entered, and the node behind it.  So a machine with parallel and nested states moves as fast as a flat one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from mainspring.models.machine.actions import Do
from mainspring.models.machine.document import FINAL, PARALLEL
from mainspring.models.machine.plan import ROOT, Arc, Plan, Vertex
from mainspring.models.machine.structure import Entry, Memory, exit_set, remembered, without_conflicts

NODES_MAX = 10_000
"""Configurations that are remembered; beyond that, all are forgotten and found again."""
CHOICES_MAX = 1_000
"""Names of events that a node remembers: they may come from outside, and be without end."""

MemoryIds = tuple[tuple[str, ...] | None, ...]
"""A memory by the ids of states."""

Groups = tuple[tuple[Arc, ...], ...]


class Step:
    """A set of transitions taken together (a microstep), from one node to another."""

    __slots__ = ("arcs", "entered", "exited", "node", "ops", "words")

    def __init__(self, arcs: tuple[Arc, ...], exited: tuple[int, ...], entered: tuple[int, ...], node: Node) -> None:
        self.arcs = arcs
        self.exited = exited
        self.entered = entered
        self.node = node
        self.words: Any = None
        """The same for people, for the event that it was last told of."""
        self.ops: tuple[Do, ...] = ()
        """All that is to be done, in order."""


class Choice:
    """What may follow from an event in a node."""

    __slots__ = ("groups", "plain", "step")

    def __init__(self, groups: Groups, step: Step | None) -> None:
        self.plain: Any = None
        """What a machine in memory remembers of a step with which nothing has to be done, and nothing follows."""
        self.groups = groups
        """For each atomic state the transitions to ask, the state's own first; the first that holds is taken."""
        self.step = step
        """Where nothing has to be asked."""


class Node:
    """A configuration with its memory."""

    __slots__ = ("active", "choices", "eventless", "ids", "is_final", "mask", "memory", "memory_ids", "steps")

    def __init__(self, plan: Plan, active: tuple[int, ...], memory: Memory) -> None:
        self.active = active
        self.memory = memory
        self.ids = tuple(plan.states[state].id for state in active)
        self.mask = sum(1 << state for state in active)
        self.choices: dict[str, Choice] = {}
        self.steps: dict[tuple[int, ...], Step] = {}
        self.eventless: Choice | None = None
        """None: no transition without an event can be taken here."""
        self.is_final = any(plan.states[state].kind == FINAL and plan.states[state].parent == ROOT for state in active)

        self.memory_ids = tuple(
            [None if kept is None else tuple([plan.states[index].id for index in kept]) for kept in memory]
        )

    @property
    def is_calm(self) -> bool:
        """Whether nothing follows without an event."""
        return self.eventless is None and not self.is_final


class Chart:
    """The nodes of a plan that are known so far; shared by all its instances, and only ever a cache."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._nodes: dict[tuple[tuple[int, ...], Memory], Node] = {}
        self._named: dict[tuple[tuple[str, ...], MemoryIds], Node] = {}
        self._has_eventless = any(arc.takes(None) for arc in plan.arcs)
        self.empty = Node(plan, (), (None,) * len(plan.histories))
        """Before the start, and after the end."""

    def node(self, active: Iterable[int], memory: Memory) -> Node:
        key = tuple(sorted(active)), memory
        known = self._nodes.get(key)
        if known is None:
            if len(self._nodes) >= NODES_MAX:
                self._nodes.clear()
            known = self._nodes[key] = Node(self.plan, *key)
            if self._has_eventless:
                choice = self._choice(known, None)
                known.eventless = choice if choice.groups else None
        return known

    def find(self, ids: tuple[str, ...], memory_ids: MemoryIds) -> Node:
        """The node of a configuration that is known by the ids of its states."""
        known = self._named.get((ids, memory_ids))
        if known is None:
            if len(self._named) >= NODES_MAX:
                self._named.clear()
            index = self.plan.index
            memory = tuple(None if kept is None else tuple(index[id] for id in kept) for kept in memory_ids)
            known = self.node([index[id] for id in ids], memory or self.empty.memory)
            self._named[ids, memory_ids] = known
        return known

    @cached_property
    def first(self) -> Step:
        """The step into the initial configuration."""
        return self._step(self.empty, (), set(), Entry(self.plan, self.empty.memory).start())

    def choose(self, node: Node, event: str) -> Choice:
        """What an event of this name may lead to."""
        known = node.choices.get(event)
        if known is None:
            if len(node.choices) >= CHOICES_MAX:
                node.choices.clear()
            known = node.choices[event] = self._choice(node, event)
        return known

    def step(self, node: Node, arcs: tuple[Arc, ...]) -> Step:
        """The step that these enabled transitions make, once conflicts between them are resolved."""
        key = tuple([arc.index for arc in arcs])
        known = node.steps.get(key)
        if known is None:
            chosen = without_conflicts(self.plan, arcs, node.active, node.memory)
            left = exit_set(self.plan, chosen, node.active, node.memory)
            after = remembered(self.plan, left, node.active, node.memory)
            known = node.steps[key] = self._step(node, chosen, left, Entry(self.plan, after).take(chosen))
        return known

    # --- Choices ------------------------------------------------------------------------------

    def _choice(self, node: Node, event: str | None) -> Choice:
        """selectTransitions of appendix D, as far as it does not depend on conditions."""
        groups = tuple(
            group
            for state in node.active
            if self.plan.states[state].is_atomic and (group := tuple(self._candidates(state, event)))
        )
        groups = tuple(dict.fromkeys(groups))
        if groups and all(group[0].guard is None for group in groups):
            return Choice(groups, self.step(node, tuple(dict.fromkeys(group[0] for group in groups))))
        return Choice(groups, None)

    def _candidates(self, state: int, event: str | None) -> Iterable[Arc]:
        for place in (state, *self.plan.ancestors(state)):
            for arc in self.plan.states[place].arcs:
                if arc.takes(event):
                    yield arc
                    if arc.guard is None:
                        return

    # --- Steps --------------------------------------------------------------------------------

    def _step(self, node: Node, arcs: tuple[Arc, ...], left: set[int], entry: Entry) -> Step:
        memory = entry.memory
        exited, entered = tuple(sorted(left, reverse=True)), tuple(sorted(entry.states))
        step = Step(arcs, exited, entered, self.node((set(node.active) - left) | entry.states, memory))
        ops: list[Do] = []
        for state in exited:
            ops += leaving(self.plan.states[state])
        ops += [arc.block for arc in arcs if arc.block is not None]
        for state in entered:
            ops += self._entering(state, entry)
        step.ops = tuple(ops) if any(not isinstance(op, _Mark) for op in ops) else ()
        return step

    def _entering(self, state: int, entry: Entry) -> Iterable[Do]:
        """One state of enterStates."""
        vertex = self.plan.states[state]
        yield _Enter(1 << state)
        if vertex.data and self.plan.document.late:
            yield _late(vertex)
        yield from vertex.enter
        if vertex.calls:
            yield lambda session: session.await_settled(vertex)
        if state in entry.by_default and vertex.initial_block is not None:
            yield vertex.initial_block
        history = entry.histories.get(state)
        if history is not None and (block := self.plan.states[history].arcs[0].block) is not None:
            yield block
        if vertex.kind == FINAL and vertex.parent != ROOT:
            yield self._done(vertex)

    def _done(self, vertex: Vertex) -> Do:
        """What entering a final state tells (3.7)."""
        plan = self.plan
        parent = plan.states[vertex.parent]
        around = plan.states[parent.parent] if parent.parent >= 0 else None
        regions = around if around is not None and around.kind == PARALLEL else None

        def tell(session: Any) -> None:
            session.done(parent.id, vertex.done)
            if regions is not None and all(is_in_final(plan, child, session.mask) for child in regions.children):
                session.done(regions.id, ())

        return tell


def circle(plan: Plan, nodes: Sequence[Node]) -> list[str]:
    """The innermost states that the last nodes went through, back to the first that comes again."""
    seen: list[str] = []
    for node in reversed(nodes):
        ids = ", ".join(plan.states[state].id for state in node.active if plan.states[state].is_atomic)
        if ids in seen:
            break
        seen.append(ids)
    return [*reversed(seen), seen[-1]]


def leaving(vertex: Vertex) -> Iterable[Do]:
    """One state of exitStates."""
    yield from vertex.exit
    if vertex.calls:
        yield lambda session: session.uninvoke(vertex)
    yield _Leave(1 << vertex.index)


def is_in_final(plan: Plan, state: int, mask: int) -> bool:
    """isInFinalState: whether a final child is active, or, of a parallel state, one in each region."""
    vertex = plan.states[state]
    if vertex.kind == PARALLEL:
        return bool(vertex.children) and all(is_in_final(plan, child, mask) for child in vertex.children)
    return any(mask >> child & 1 and plan.states[child].kind == FINAL for child in vertex.children)


def _late(vertex: Vertex) -> Do:
    return lambda session: session.bind(vertex)


class _Mark:
    """Keeps the active states right for `In()` while a step is under way; needed only beside other things to do."""

    __slots__ = ("bit",)

    def __init__(self, bit: int) -> None:
        self.bit = bit


class _Enter(_Mark):
    __slots__ = ()

    def __call__(self, session: Any) -> None:
        session.mask |= self.bit


class _Leave(_Mark):
    __slots__ = ()

    def __call__(self, session: Any) -> None:
        session.mask &= ~self.bit
