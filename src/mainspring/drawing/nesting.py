"""Nesting: a layout of states inside states, with arrows that cross their borders.

Each state lays out what is inside it in rows (`layers`).  An arrow between two states is routed in the innermost state
around both; where it begins or ends deeper, it passes the borders between through ports: points on the upper or lower
border, which the layout inside puts into a row of their own.  Whether an arrow passes above or below is known from the
ranks alone, so that is decided from the outside in; sizes and places are found from the inside out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import accumulate

from mainspring.drawing.lattice import Box, Link
from mainspring.drawing.layers import layered
from mainspring.drawing.ranks import backward_edges
from mainspring.drawing.routes import Pins, Point
from mainspring.drawing.statechart import ROOT, Arrow, State, Statechart

PADDING = 18.0
PORT = Box(10.0, 0.0)
STRIP = 26.0
"""Below the regions of a parallel state, for each arrow from one to another."""
ARROW_ROOM = 14.0
CLEARANCE = 10.0
"""Between an arrow that crosses a heading, and its text."""

End = tuple[int, bool]
"""One end of an arrow: its number, and whether it is the source."""

Size = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much room texts need."""

    state: Callable[[State], Size]
    """Of a whole atomic state."""
    heading: Callable[[State], Size]
    """Of the texts above what is inside a state."""
    label: Callable[[Arrow], Size]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a state is, and how high its heading is; with `mirrored`, that is at the right."""

    x: float
    y: float
    width: float
    height: float
    heading: float = 0.0
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Way:
    """The route of an arrow: straight, curve, straight, ...; and the middle of its label."""

    points: tuple[Point, ...]
    label: Point
    around: str
    """The state in which the label stands."""
    is_loop: bool = False


@dataclass(frozen=True, slots=True)
class Drawing:
    width: float
    height: float
    spots: dict[str, Spot]
    ways: tuple[Way, ...]


@dataclass(slots=True)
class Block:
    """A state with all that is inside it, from its own upper left corner."""

    width: float
    height: float
    heading: float = 0.0
    mirrored: bool = False
    inside: list[tuple[str, float, float]] = field(default_factory=list)
    """The states in it, and where they are."""
    parts: dict[End | int, tuple[Point, ...]] = field(default_factory=dict)
    """Parts of arrows: those that meet here by their number, those that pass the border by the end that is inside."""
    labels: dict[int, Point] = field(default_factory=dict)
    loops: set[int] = field(default_factory=set)
    ports: dict[End, float] = field(default_factory=dict)

    def move(self, dx: float) -> None:
        """All that is inside, to the right."""
        self.width += dx
        self.inside = [(id, x + dx, y) for id, x, y in self.inside]
        self.parts = {key: tuple((x + dx, y) for x, y in points) for key, points in self.parts.items()}
        self.labels = {number: (x + dx, y) for number, (x, y) in self.labels.items()}
        self.ports = {end: x + dx for end, x in self.ports.items()}


@dataclass(slots=True)
class Content:
    """What is to be laid out in one state: its members are the states in it, then its ports."""

    members: list[str]
    links: list[tuple[int, int, int | End]] = field(default_factory=list)
    """From and to which member, and which part of an arrow it is."""
    tops: list[int] = field(default_factory=list)
    bottoms: list[int] = field(default_factory=list)
    ends: dict[int, End] = field(default_factory=dict)
    """The arrow's end that passes a port."""


def nest(chart: Statechart, sizes: Sizes) -> Drawing:
    """Places for all states and ways for all arrows, from (0, 0)."""
    nesting = _Nesting(chart, sizes)
    nesting.arrange(ROOT)
    nesting.build(ROOT)
    return nesting.drawing()


class _Nesting:
    def __init__(self, chart: Statechart, sizes: Sizes) -> None:
        self.chart = chart
        self.sizes = sizes
        self.states = {state.id: state for state, _ in chart.all_states()}
        self.around = {state.id: around for state, around in chart.all_states()}
        self.inside: dict[str, list[str]] = defaultdict(list)
        for id, around in self.around.items():
            self.inside[around].append(id)
        self.meeting: dict[str, list[int]] = defaultdict(list)
        """The arrows that are routed in a state."""
        for number, arrow in enumerate(chart.arrows):
            self.meeting[self.meet(arrow)].append(number)
        self.passing: dict[str, list[tuple[End, bool]]] = defaultdict(list)
        """The ends of arrows that pass the border of a state, and whether that is at its top."""
        self.contents: dict[str, Content] = {}
        self.blocks: dict[str, Block] = {}

    # --- Where arrows go ----------------------------------------------------------------------

    def line(self, id: str) -> list[str]:
        """A state and those around it, outermost first."""
        found = [id]
        while found[-1] != ROOT:
            found.append(self.around[found[-1]])
        return found[::-1]

    def meet(self, arrow: Arrow) -> str:
        """The innermost state around both ends; one that is an end itself, if the other is inside it."""
        if arrow.source == arrow.target:
            return self.around[arrow.source]
        pairs = zip(self.line(arrow.source), self.line(arrow.target), strict=False)
        return [one for one, other in pairs if one == other][-1]

    def member(self, around: str, id: str) -> str:
        """The state in `around` that is, or holds, this one."""
        line = self.line(id)
        return line[line.index(around) + 1]

    def arrange(self, id: str) -> None:
        """The links in a state, and through which borders they pass; from the outside in."""
        content = self.contents[id] = Content(list(self.inside[id]))
        index = {member: number for number, member in enumerate(content.members)}
        for number in self.meeting[id]:
            arrow = self.chart.arrows[number]
            if arrow.source == id:
                source = self.port(content, (number, True), at_top=True)
            else:
                source = index[self.member(id, arrow.source)]
            if arrow.target == id:
                target = self.port(content, (number, False), at_top=False)
            else:
                target = index[self.member(id, arrow.target)]
            content.links.append((source, target, number))
        for end, at_top in self.passing[id]:
            inner = index[self.member(id, self.state_at(end))]
            port = self.port(content, end, at_top=at_top)
            content.links.append((port, inner, end) if at_top else (inner, port, end))
        self.pass_on(content, is_parallel=self.is_parallel(id))
        for member in content.members:
            if self.inside[member]:
                self.arrange(member)

    def port(self, content: Content, end: End, *, at_top: bool) -> int:
        number = len(content.members) + len(content.tops) + len(content.bottoms)
        (content.tops if at_top else content.bottoms).append(number)
        content.ends[number] = end
        return number

    def pass_on(self, content: Content, *, is_parallel: bool) -> None:
        """Which borders of its members the links pass."""
        count = len(content.members) + len(content.ends)
        pairs = [(source, target) for source, target, _ in content.links if source != target]
        turned = iter(backward_edges(count, pairs))
        for source, target, part in content.links:
            backward = source != target and next(turned)
            for member, is_source in ((source, True), (target, False)):
                if member in content.ends or source == target:
                    continue
                end = part if isinstance(part, tuple) else (part, is_source)
                id = content.members[member]
                if self.state_at(end) != id:
                    at_top = is_source == backward
                    if is_parallel and not isinstance(part, tuple):
                        at_top = source in content.ends  # from one region to another: below both
                    self.passing[id].append((end, at_top))

    def state_at(self, end: End) -> str:
        arrow = self.chart.arrows[end[0]]
        return arrow.source if end[1] else arrow.target

    def is_parallel(self, id: str) -> bool:
        return id != ROOT and self.states[id].kind == "parallel"

    # --- Sizes and places ---------------------------------------------------------------------

    def build(self, id: str) -> Block:
        """The block of a state; from the inside out."""
        for member in self.inside[id]:
            self.build(member)
        if id != ROOT and not self.inside[id]:
            made = Block(*self.sizes.state(self.states[id]))
        else:
            made = self.regions(id) if self.is_parallel(id) else self.rows(id)
        self.blocks[id] = made
        return made

    def rows(self, id: str) -> Block:
        """States in rows, and the arrows between them."""
        content = self.contents[id]
        blocks = [self.blocks[member] for member in content.members]
        boxes = [Box(block.width, block.height) for block in blocks] + [PORT] * len(content.ends)
        links = [
            Link(source, target, *(self.sizes.label(self.chart.arrows[part]) if isinstance(part, int) else ()))
            for source, target, part in content.links
        ]
        pins = Pins(content.tops, content.bottoms, self.fixed(content), self.against(content))
        plan = layered(boxes, links, pins=pins)
        middles = {
            content.ends[port]: plan.places[port].x + PORT.width / 2 for port in (*content.tops, *content.bottoms)
        }
        tops = [middles[end] for end, at_top in self.passing[id] if at_top]
        made, dx, dy = self.framed(id, plan.width, plan.height, middles, tops)
        for member, place in zip(content.members, plan.places, strict=False):
            made.inside.append((member, place.x + dx, place.y + dy))
        for (source, _, part), route in zip(content.links, plan.routes, strict=True):
            points = tuple((x + dx, y + dy) for x, y in route.points)
            if isinstance(part, int):
                made.labels[part] = route.label[0] + dx, route.label[1] + dy
                points = self.to_border(id, self.chart.arrows[part], points, made)
                if route.is_loop:
                    made.loops.add(part)
            elif source in content.ends:
                points = points[::-1]  # parts that pass a border are kept as they lead outward
            made.parts[part] = points
        return made

    def to_border(self, id: str, arrow: Arrow, points: tuple[Point, ...], made: Block) -> tuple[Point, ...]:
        """An arrow from a state into it begins below its heading; one out of it to itself ends at its border."""
        if arrow.source == id:
            points = ((points[0][0], made.heading), *points[1:])
        if arrow.target == id and arrow.source != id:
            points = (*points[:-1], (points[-1][0], made.height))
        return points

    def fixed(self, content: Content) -> dict[tuple[int, bool], float]:
        """Where links have to meet the ports of the states that they lead into or out of."""
        found = {}
        for number, (source, target, part) in enumerate(content.links):
            for member, is_source in ((source, True), (target, False)):
                if member in content.ends or source == target:
                    continue
                end = part if isinstance(part, tuple) else (part, is_source)
                block = self.blocks[content.members[member]]
                if end in block.ports:
                    found[number, is_source] = block.ports[end] - block.width / 2
        return found

    def against(self, content: Content) -> set[int]:
        """Links to and from ports are made downward, whichever way their arrow points."""
        return {
            number
            for number, (source, _, part) in enumerate(content.links)
            if isinstance(part, tuple) and part[1] == (source in content.ends)
        }

    def regions(self, id: str) -> Block:
        """The regions of a parallel state, side by side."""
        blocks = [self.blocks[member] for member in self.inside[id]]
        lefts = list(accumulate((block.width for block in blocks[:-1]), initial=0.0))
        middles = {end: left + at for block, left in zip(blocks, lefts, strict=True) for end, at in block.ports.items()}
        own = [(end, at_top) for end, at_top in self.passing[id] if self.around[self.state_at(end)] == id]
        for end, _ in own:
            number = self.inside[id].index(self.state_at(end))
            middles[end] = lefts[number] + blocks[number].width / 2
        ends = {end: at for end, at in middles.items() if end[0] not in self.meeting[id]}
        tops = [at for end, at in ends.items() if (end, True) in self.passing[id]]
        height = max(block.height for block in blocks) + STRIP * len(self.meeting[id])
        made, dx, dy = self.framed(id, lefts[-1] + blocks[-1].width, height, ends, tops, padding=0.0)
        blocks[0].move(dx)
        for number, (member, left, block) in enumerate(zip(self.inside[id], lefts, blocks, strict=True)):
            made.inside.append((member, left + dx if number else 0.0, dy))
            block.height = height
        blocks[-1].width = made.width - made.inside[-1][1]
        for end, at_top in own:  # a region has no border of its own, so the arrow ends a little inside of it
            x, y = made.ports[end], dy if at_top else dy + height
            made.parts[end] = ((x, y + (ARROW_ROOM if at_top else -ARROW_ROOM)), (x, y))
        for level, number in enumerate(self.meeting[id], 1):
            self.cross(id, number, middles, made, dx, made.height - STRIP * (level - 0.5))
        return made

    def cross(self, id: str, number: int, middles: dict[End, float], made: Block, dx: float, y: float) -> None:
        """An arrow from one region to another, below them; or from the parallel state itself, or to it."""
        arrow = self.chart.arrows[number]
        lefts = {member: x for member, x, _ in made.inside}
        at = {}
        for is_source, state in ((True, arrow.source), (False, arrow.target)):
            if state != id:
                member = self.member(id, state)
                middle = lefts[member] + self.blocks[member].width / 2
                at[is_source] = middles[number, is_source] + dx if (number, is_source) in middles else middle
        if arrow.source == id:
            made.parts[number] = ((at[False], made.heading), (at[False], made.heading + STRIP))
        elif arrow.target == id:
            made.parts[number] = ((at[True], y), (at[True], made.height))
        else:
            a, b = at[True], at[False]
            made.parts[number] = ((a, y - STRIP), (a, y), (a, y), (b, y), (b, y), (b, y - STRIP))
        points = made.parts[number]
        made.labels[number] = (points[0][0] + points[-1][0]) / 2, points[len(points) // 2][1]

    def framed(
        self,
        id: str,
        width: float,
        height: float,
        middles: dict[End, float],
        tops: Iterable[float],
        padding: float = PADDING,
    ) -> tuple[Block, float, float]:
        """The block around a content, and how far that is moved in it: arrows from above pass beside the heading."""
        if id == ROOT:
            return Block(width, height), 0.0, 0.0
        text, heading = self.sizes.heading(self.states[id])
        full = max(width + 2 * padding, text)
        left = (full - width) / 2 if padding else 0.0
        crossing = [left + at for at in tops]
        to_right = max(0.0, text + CLEARANCE - min(crossing, default=full))
        to_left = max(0.0, max(crossing, default=0.0) - (full - text - CLEARANCE))
        mirrored = to_left < to_right
        shift = 0.0 if mirrored else to_right
        dx, dy = left + shift, heading + padding
        made = Block(full + (to_left if mirrored else to_right), dy + height + padding, heading, mirrored)
        made.ports = {end: at + dx for end, at in middles.items()}
        return made, dx, dy

    # --- All of it ----------------------------------------------------------------------------

    def drawing(self) -> Drawing:
        spots: dict[str, Spot] = {}
        corners = {ROOT: (0.0, 0.0)}
        for id in (ROOT, *self.states):
            block, (x, y) = self.blocks[id], corners[id]
            if id != ROOT:
                spots[id] = Spot(x, y, block.width, block.height, block.heading, block.mirrored)
            corners |= {member: (x + dx, y + dy) for member, dx, dy in block.inside}
        ways = tuple(self.way(number, corners) for number in range(len(self.chart.arrows)))
        root = self.blocks[ROOT]
        return Drawing(root.width, root.height, spots, ways)

    def way(self, number: int, corners: dict[str, Point]) -> Way:
        """The parts of an arrow, one behind the other; where two meet, the point between them goes."""
        arrow = self.chart.arrows[number]
        around = self.meet(arrow)
        points = self.part(around, number, corners)
        for id in self.between(around, arrow.source):
            if part := self.part(id, (number, True), corners):
                points = (*part[:-1], *points[1:])
        for id in self.between(around, arrow.target):
            if part := self.part(id, (number, False), corners):
                points = (*points[:-1], *part[::-1][1:])
        block, (x, y) = self.blocks[around], corners[around]
        label = block.labels[number]
        return Way(points, (label[0] + x, label[1] + y), around, number in block.loops)

    def between(self, around: str, id: str) -> list[str]:
        """The states between, outermost first."""
        line = self.line(id)
        return line[line.index(around) + 1 : -1] if id != around else []

    def part(self, id: str, key: End | int, corners: dict[str, Point]) -> tuple[Point, ...]:
        x, y = corners[id]
        return tuple((px + x, py + y) for px, py in self.blocks[id].parts.get(key, ()))
