"""The flow of one process or sub-process as places that hold tokens, without data: any condition may hold or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple, TypeVar

from mainspring.models.process.document import (
    CANCEL,
    COMPLEX,
    END,
    ERROR,
    EVENT_BASED,
    EXCLUSIVE,
    INCLUSIVE,
    LINK,
    PARALLEL,
    TERMINATE,
    THROW,
)
from mainspring.models.process.plan import Arc, Area, Vertex

T = TypeVar("T")
CHOICES_MAX = 4
"""Flows of which all combinations are tried; of more, each alone, and all at once."""
ENDS_ALL = frozenset({TERMINATE, ERROR, CANCEL})
"""What an end event ends the whole process or sub-process by (13.4.6)."""
LOOKING = frozenset({INCLUSIVE, COMPLEX})
"""Gateways that wait for what can still come; a complex one at the latest (13.4.3, 13.4.5)."""


class Outcome(NamedTuple):
    """What may follow when tokens are taken at a node."""

    nodes: tuple[str, ...]
    """The node, and its boundary events that happen."""
    gives: tuple[int, ...]
    """Places that get a token."""
    ends_all: bool = False


class Net:
    """Places are sequence flows, and ways into nodes that no flow leads to; a marking is a set of them, as bits.

    Places are numbered so that tokens that are behind move first.  What meets somewhere is there together then, and
    no other order needs to be tried: only a node itself can take what has arrived at it.
    """

    def __init__(self, area: Area, entries: Sequence[Vertex]) -> None:
        self.area = area
        self.entries = entries
        self.order = _order(entries)
        rank = {vertex.id: place for place, vertex in enumerate(self.order)}
        arcs = [arc for vertex in self.order for arc in vertex.outgoing]
        doors = list({vertex.id: vertex for vertex in (*entries, *area.links.values())}.values())
        ways: list[Arc | Vertex] = sorted([*arcs, *doors], key=lambda way: _turn(_target(way), rank))
        self.targets = [_target(way) for way in ways]
        self._place = {id(way): place for place, way in enumerate(ways)}
        self.takes = {vertex.id: self._bits(vertex.incoming) for vertex in self.order}
        self._outcomes: dict[str, list[Outcome]] = {}

    def _bits(self, arcs: Iterable[Arc]) -> int:
        return sum(self.bit(arc) for arc in arcs)

    def bit(self, arc: Arc) -> int:
        """The place of a flow; 0: nothing can come by it."""
        return 1 << self._place[id(arc)] if id(arc) in self._place else 0

    def start(self, vertices: Iterable[Vertex]) -> int:
        """The marking with a token at each."""
        return sum(1 << self._place[id(vertex)] for vertex in vertices)

    # --- What can happen ----------------------------------------------------------------------------

    def step(self, marking: int) -> tuple[int, Vertex] | None:
        """The tokens that move next and the node that takes them; None: none can."""
        rest = marking
        while rest:
            place = rest & -rest
            rest ^= place
            vertex = self.targets[place.bit_length() - 1]
            taken = self._taken(vertex, marking, place)
            if taken:
                return taken, vertex
        return None

    def _taken(self, vertex: Vertex, marking: int, place: int) -> int:
        if len(vertex.incoming) < 2:
            return place
        if vertex.kind == PARALLEL:
            # A flow from where nothing can come is a place that never holds a token, so the join waits for ever.
            needed, is_reachable = self.takes[vertex.id], all(self.bit(arc) for arc in vertex.incoming)
            return needed if is_reachable and marking & needed == needed else 0
        if vertex.kind in LOOKING:
            return 0 if self._expects_more(vertex, marking) else marking & self.takes[vertex.id]
        return place

    def _expects_more(self, vertex: Vertex, marking: int) -> bool:
        """Whether a token could still come by a flow that has none, and not as well by one that has (13.4.3)."""
        reach = vertex.upstream or {}
        full = sum(1 << number for number, arc in enumerate(vertex.incoming) if marking & self.bit(arc))
        empty = (1 << len(vertex.incoming)) - 1 & ~full
        rest = marking & ~self.takes[vertex.id]
        while empty and rest:
            place = rest & -rest
            rest ^= place
            found = reach.get(self.targets[place.bit_length() - 1].id, 0)
            if found & empty and not found & full:
                return True
        return False

    def outcomes(self, vertex: Vertex) -> list[Outcome]:
        known = self._outcomes.get(vertex.id)
        if known is None:
            known = self._outcomes[vertex.id] = list(self._made(vertex))
        return known

    def _made(self, vertex: Vertex) -> Iterator[Outcome]:
        if vertex.kind == END:
            yield Outcome((vertex.id,), (), _ends_all(vertex))
            return
        beside = [each for each in vertex.boundaries if not each.node.interrupting]
        for boundaries in ([], *_some(beside)):
            extra = tuple(place for each in boundaries for place in next(self._ways(each)))
            happened = (vertex.id, *(each.id for each in boundaries))
            for gives in self._ways(vertex):
                yield Outcome(happened, (*gives, *extra))
        for boundary in vertex.boundaries:
            if boundary.node.interrupting:
                for gives in self._ways(boundary):
                    yield Outcome((vertex.id, boundary.id), gives)

    def _ways(self, vertex: Vertex) -> Iterator[tuple[int, ...]]:
        """The places that get tokens together when a node is left."""
        links = [self.area.links[event.name] for event in vertex.events if event.kind == LINK]
        if vertex.kind == THROW and links:
            yield tuple(self._place[id(each)] for each in links)
        elif vertex.kind == EXCLUSIVE or (vertex.kind == EVENT_BASED and not vertex.node.is_parallel):
            yield from ((self._place[id(arc)],) for arc in vertex.outgoing)
        else:
            for arcs in _left_by(vertex):
                yield tuple(self._place[id(arc)] for arc in arcs)


def _left_by(vertex: Vertex) -> Iterator[list[Arc]]:
    """The flows that tokens leave a node by together: those without a condition, and some of the others (13.4)."""
    asked = [arc for arc in vertex.outgoing if arc.condition is not None and arc is not vertex.default]
    always = [arc for arc in vertex.outgoing if arc not in asked and arc is not vertex.default]
    if vertex.kind in LOOKING and vertex.default is None:
        asked, always = [*asked, *always], []
    if vertex.kind == PARALLEL or not asked:
        yield [*vertex.outgoing]
        return
    yield from ([*always, *arcs] for arcs in _some(asked))
    if vertex.default is not None or always:
        yield [*always, *([] if vertex.default is None else [vertex.default])]


def _some(things: Sequence[T]) -> Iterator[list[T]]:
    """All combinations of at least one; of many, each alone and all at once."""
    if len(things) > CHOICES_MAX:
        yield from ([each] for each in things)
        yield [*things]
        return
    for count in range(1, len(things) + 1):
        yield from (list(each) for each in combinations(things, count))


def _turn(vertex: Vertex, rank: dict[str, int]) -> tuple[bool, int]:
    """What ends all comes last, when the rest has shown where it leads."""
    return _ends_all(vertex), rank.get(vertex.id, -1)


def _ends_all(vertex: Vertex) -> bool:
    return vertex.kind == END and any(event.kind in ENDS_ALL for event in vertex.events)


def _target(way: Arc | Vertex) -> Vertex:
    return way.target if isinstance(way, Arc) else way


def followers(vertex: Vertex) -> Iterator[Vertex]:
    """Where a token may go on from a node."""
    yield from (arc.target for arc in vertex.outgoing)
    yield from vertex.boundaries
    if vertex.kind == THROW:
        links = (vertex.area.links.get(event.name) for event in vertex.events if event.kind == LINK)
        yield from (each for each in links if each is not None)


def _order(entries: Sequence[Vertex]) -> list[Vertex]:
    """What can be reached, each node behind all that lead to it, as far as there are no circles."""
    left: list[Vertex] = []
    seen: set[str] = set()
    for entry in entries:
        if entry.id in seen:
            continue
        seen.add(entry.id)
        waiting = [(entry, followers(entry))]
        while waiting:
            vertex, others = waiting[-1]
            follower = next((each for each in others if each.id not in seen), None)
            if follower is None:
                left.append(vertex)
                waiting.pop()
            else:
                seen.add(follower.id)
                waiting.append((follower, followers(follower)))
    left.reverse()
    return left
