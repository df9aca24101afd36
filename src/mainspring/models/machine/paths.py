"""Sequences of events that lead a machine through every state and every transition, for its author's own tests.

The way is sought over configurations, as `chart` knows them; nothing is run.  Conditions are met by data of the event
where some can be found: the names that they use are tried with the numbers and texts that they are compared with.
What cannot be met that way, such as a condition in Python, is told as a need of the step.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import Any

from msgspec import Struct, structs

from mainspring.models.machine import document as written
from mainspring.models.machine.chart import Chart, Node, Step, is_in_final
from mainspring.models.machine.conditions import Conditions, Need
from mainspring.models.machine.delay import seconds_of
from mainspring.models.machine.document import FINAL, HISTORIES, PARALLEL, AnyAction, blocks_of, timer_event
from mainspring.models.machine.plan import ROOT, Arc

STEPS_MAX = 20_000
"""Steps that are looked at; a machine with more is covered as far as they reach."""
MICROSTEPS_MAX = 100
WALKS_MAX = 200
"""Ways that one step may go on by itself."""
COST_OF_NEED = 100
"""A path of so many more steps is taken rather than one with a need."""


class PathStep(Struct, frozen=True):
    """One thing to do: send an event with its data, or let time pass."""

    event: str
    data: dict[str, Any] = {}
    wait_s: float = 0.0
    """Above 0: nothing is sent; the time-out of a state is awaited."""
    needs: tuple[str, ...] = ()
    """What must hold besides, in words."""


class Path(Struct, frozen=True):
    """Steps from the start; what they lead through, and where they end."""

    steps: tuple[PathStep, ...]
    states: tuple[str, ...]
    """Those that are entered, in document order."""
    configuration: tuple[str, ...]

    @property
    def events(self) -> tuple[str, ...]:
        return tuple(step.event for step in self.steps)

    @property
    def needs(self) -> tuple[str, ...]:
        """Of all steps."""
        return tuple(dict.fromkeys(need for step in self.steps for need in step.needs))

    def play(self, machine: Any) -> None:
        """Lead a machine in memory along; raises as `send` does where a need is not met."""
        for step in self.steps:
            if step.wait_s:
                machine.pass_time(step.wait_s)
            else:
                machine.send(step.event, step.data or None)


class Paths(Struct, frozen=True):
    """Paths that cover a machine together."""

    paths: tuple[Path, ...]
    missed: tuple[str, ...] = ()
    """States and transitions that none of them leads through, in words."""

    def __iter__(self) -> Iterator[Path]:
        return iter(self.paths)

    def __len__(self) -> int:
        return len(self.paths)


class Walk(Struct, frozen=True):
    """Microsteps that follow from one step, up to a point."""

    node: Node
    arcs: frozenset[int] = frozenset()
    entered: frozenset[int] = frozenset()
    internal: tuple[str, ...] = ()
    """Events that the machine has raised and not yet taken."""
    needs: tuple[str, ...] = ()
    length: int = 0
    is_idle: bool = False
    """No transition without an event is taken here."""


class Edge:
    """A step from one configuration to another, if its conditions are what is assumed."""

    __slots__ = ("source", "step", "walk")

    def __init__(self, source: Node, step: PathStep, walk: Walk) -> None:
        self.source = source
        self.step = step
        self.walk = walk


def find_paths(chart: Chart, data: Mapping[str, Any]) -> Paths:
    """The shortest paths that cover all that can be covered."""
    return _Search(chart, data).paths()


class _Search:
    def __init__(self, chart: Chart, data: Mapping[str, Any]) -> None:
        self.chart = chart
        self.plan = chart.plan
        self.conditions = Conditions(chart.plan, data)
        states = dict(_all(self.plan.document.states))
        self.delays = {
            timer_event(delay, id): seconds_of(delay) for id, state in states.items() for delay in state.after
        }
        self.raised = {id: _raised_by(state) for id, state in states.items()}
        self.first: dict[int, Edge] = {}
        """The edge by which a configuration is reached first, by the identity of its node."""
        self.edges: list[Edge] = []

    def paths(self) -> Paths:
        self.explore()
        wanted: dict[tuple[str, int], Edge] = {}
        for edge in self.edges:
            for key in (*(("arc", arc) for arc in edge.walk.arcs), *(("state", state) for state in edge.walk.entered)):
                wanted.setdefault(key, edge)
        ways = [self.way(edge) for edge in dict.fromkeys(wanted.values())]
        return Paths(tuple(self.path(way) for way in _without_beginnings(ways)), tuple(self.missed(wanted)))

    def explore(self) -> None:
        """All configurations, those with the cheapest way first."""
        number = count()
        waiting = [(0, next(number), edge) for edge in self.start()]
        while waiting and len(self.edges) < STEPS_MAX:
            cost, _, edge = heapq.heappop(waiting)
            self.edges.append(edge)
            if id(edge.walk.node) in self.first:
                continue
            self.first[id(edge.walk.node)] = edge
            for onward in self.onward(edge.walk.node):
                price = cost + 1 + COST_OF_NEED * len(onward.step.needs)
                heapq.heappush(waiting, (price, next(number), onward))

    def way(self, edge: Edge) -> tuple[Edge, ...]:
        """The edges from the start up to one."""
        found = [edge]
        while found[-1].source is not self.chart.empty:
            found.append(self.first[id(found[-1].source)])
        return tuple(reversed(found))

    def path(self, way: tuple[Edge, ...]) -> Path:
        entered = sorted({state for edge in way for state in edge.walk.entered})
        start, *others = way
        steps = [edge.step for edge in others]
        if start.step.needs:  # what has to hold from the start on is told with the first step
            steps = [start.step, *steps]
        return Path(tuple(steps), tuple(self.plan.states[state].id for state in entered), way[-1].walk.node.ids)

    def missed(self, covered: Mapping[tuple[str, int], Edge]) -> Iterator[str]:
        for vertex in self.plan.states[1:]:
            if vertex.kind in HISTORIES:
                continue
            if ("state", vertex.index) not in covered:
                yield f"state {vertex.id}"
            yield from (arc.place for arc in vertex.arcs if ("arc", arc.index) not in covered)

    # --- Steps --------------------------------------------------------------------------------

    def start(self) -> Iterator[Edge]:
        yield from self.settled(self.chart.empty, PathStep(""), self.after(None, self.chart.first))

    def onward(self, node: Node) -> Iterator[Edge]:
        """Every event that a transition of an active state is for; of time-outs the one that comes first."""
        if node.is_final:
            return
        arcs = [arc for state in node.active for arc in self.plan.states[state].arcs]
        names = dict.fromkeys(_example(name) for arc in arcs for name in arc.document.event.split())
        timers = sorted((self.delays[name], name) for name in names if name in self.delays)
        for name in names:
            if name in self.delays and name != timers[0][1]:
                continue
            for taken, needs in self.choices(node, name):
                wait_s = self.delays.get(name, 0.0)
                data, unmet = self.conditions.met(node, name, needs, with_data=not wait_s)
                if name.startswith(("done.invoke.", "error.invoke.")):
                    unmet = (*unmet, f"the end of what is invoked as {name.split('.', 2)[2]!r}")
                walk = self.after(None, self.chart.step(node, taken))
                yield from self.settled(node, PathStep(name, data, wait_s, unmet), walk)

    def choices(self, node: Node, event: str | None) -> Iterator[tuple[tuple[Arc, ...], tuple[Need, ...]]]:
        """For each transition that could be taken: a set with it, and which conditions then hold, or do not."""
        choice = self.chart.choose(node, event) if event else node.eventless
        for group in choice.groups if choice is not None else ():
            for arc in group:
                taken, needs = {arc: None}, [(each, False) for each in group[: group.index(arc)]]
                needs += [(arc, True)] if arc.guard is not None else []
                for other in choice.groups if choice is not None else ():
                    if arc not in other:
                        taken |= {each: None for each in other if each.guard is None}
                        needs += [(each, False) for each in other if each.guard is not None]
                yield tuple(sorted(taken, key=lambda each: each.index)), tuple(dict.fromkeys(needs))

    def settled(self, source: Node, step: PathStep, walk: Walk) -> Iterator[Edge]:
        """The ends that a step may have: after transitions without an event, and events that the machine raises."""
        waiting = [walk]
        for _ in range(WALKS_MAX):
            if not waiting:
                return
            walk = waiting.pop()
            following = list(self.following(walk)) if walk.length < MICROSTEPS_MAX else []
            waiting += reversed(following)
            if not following:
                needs = tuple(dict.fromkeys((*step.needs, *walk.needs)))
                yield Edge(source, structs.replace(step, needs=needs), walk)

    def following(self, walk: Walk) -> Iterator[Walk]:
        """The next microsteps that are possible; none: the machine has settled."""
        node = walk.node
        if node.is_final or (walk.is_idle and not walk.internal):
            return
        event = walk.internal[0] if walk.is_idle else None
        rest = structs.replace(walk, internal=walk.internal[1:]) if walk.is_idle else walk
        options = list(self.choices(node, event))
        for taken, needs in options:
            _, unmet = self.conditions.met(node, event or "", needs, with_data=False)
            yield self.after(rest, self.chart.step(node, taken), unmet)
        if all(arc.guard is not None for taken, _ in options for arc in taken):
            refused = tuple(dict.fromkeys((arc, False) for taken, _ in options for arc in taken))
            _, unmet = self.conditions.met(node, event or "", refused, with_data=False)
            yield structs.replace(rest, needs=(*rest.needs, *unmet), is_idle=True)

    def after(self, walk: Walk | None, step: Step, needs: Sequence[str] = ()) -> Walk:
        """One microstep further."""
        before = walk or Walk(step.node)
        return Walk(
            step.node,
            before.arcs | {arc.index for arc in step.arcs},
            before.entered | set(step.entered),
            (*before.internal, *self.tells(step)),
            (*before.needs, *needs),
            before.length + 1,
        )

    def tells(self, step: Step) -> Iterator[str]:
        """The events that a step raises: by its actions, and by final states that it enters (3.7)."""
        states, mask = self.plan.states, step.node.mask
        for state in step.exited:
            yield from self.raised[states[state].id][1]
        for arc in step.arcs:
            yield from _raised(arc.document.actions)
        for state in step.entered:
            vertex = states[state]
            yield from self.raised[vertex.id][0]
            if vertex.kind != FINAL or vertex.parent == ROOT:
                continue
            parent = states[vertex.parent]
            yield f"done.state.{parent.id}"
            around = states[parent.parent] if parent.index else parent
            if around.kind == PARALLEL and all(is_in_final(self.plan, child, mask) for child in around.children):
                yield f"done.state.{around.id}"


def _all(states: Mapping[str, written.State]) -> Iterator[tuple[str, written.State]]:
    for id, state in states.items():
        yield id, state
        yield from _all(state.states)


def _raised_by(state: written.State) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a state raises when it is entered, and when it is left."""
    enter, leave = ([action for block in blocks_of(blocks) for action in block] for blocks in (state.enter, state.exit))
    return tuple(_raised(enter)), tuple(_raised(leave))


def _raised(actions: Iterable[AnyAction]) -> Iterator[str]:
    """Events that actions raise whatever the data are; those within `if` and `foreach` are not certain."""
    for action in actions:
        is_sent = isinstance(action, written.Send) and not action.delay and action.target in ("", "#_internal")
        if isinstance(action, written.Raise) or is_sent:
            yield from (action.event,) if action.event else ()  # type: ignore[union-attr]


def _example(name: str) -> str:
    """An event that a descriptor takes."""
    return "anything" if name == "*" else name.removesuffix(".*")


def _without_beginnings(ways: list[tuple[Edge, ...]]) -> list[tuple[Edge, ...]]:
    """Those that are not the beginning of another."""
    begun = {way[:length] for way in ways for length in range(1, len(way))}
    return [way for way in ways if way not in begun]
