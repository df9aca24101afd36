"""Routes: the rows' heights, the places of the boxes, and the way of each edge between them.

A route alternates: straight within a row, a curve across the gap to the next, straight again.  So it can never touch a
box of a row that it passes: there it stays in its lane.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from mainspring.drawing.lattice import LOOP_WIDTH, Box, Chain, Lattice

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pins:
    """What is decided before, about boxes and links by their numbers."""

    first: Collection[int] = ()
    last: Collection[int] = ()
    """Boxes that have the first row, or the last one, for themselves."""
    fixed: Mapping[tuple[int, bool], float] = field(default_factory=dict)
    """For a link, and its source (true) or target, how far from the middle of its box it ends."""
    against: Collection[int] = ()
    """Links whose arrow points from their target to their source."""


FREE = Pins()

SLOPE = 0.12
"""A gap is at least this part of the way that an edge runs sideways in it: flatter curves run into one another."""

GAP_GROWTH_MAX = 3.0
STUB = 8.0
"""The straight end of an edge at a box, so that its arrow never lies across a flat curve."""

LOOP_REACH_MAX = 16.0
"""Of a loop, up and down beside its box, however high that is."""

PORT_GAP = 14.0
"""Between two ends on one side of a box, where they do not meet in its middle."""

PORT_ROW_PART = 0.45
"""Of a gap, above or below boxes without height: room for two stubs and a curve."""

PORTS_PART = 0.6
"""Of a box's side, at most, for its ports."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box stands: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float
    row: int


@dataclass(frozen=True, slots=True)
class Route:
    """The way of one edge from its source to its target.

    Every second part is straight, starting with the first; those between are curves.  A loop has four points: out of
    the box, twice beside it, and back.
    """

    points: tuple[Point, ...]
    label: Point
    """The middle of the label's place."""
    is_loop: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    tops: tuple[float, ...]
    bottoms: tuple[float, ...]


def rows_of(lattice: Lattice, order: Sequence[Sequence[int]], centres: Sequence[float], *, gap_min: float) -> Rows:
    """Each row as high as its highest member; each gap as its widest edge needs."""
    tops: list[float] = []
    bottoms: list[float] = []
    y = 0.0
    for row, members in enumerate(order):
        tops.append(y)
        bottoms.append(y + max(lattice.heights[member] for member in members))
        sideways = max(
            (abs(centres[member] - centres[other]) for member in members for other in lattice.down[member]), default=0.0
        )
        gap = min(max(gap_min, SLOPE * sideways), GAP_GROWTH_MAX * gap_min)
        y = bottoms[-1] + gap * share_of_gap(lattice, order, row, is_straight=sideways < 1)
    return Rows(tuple(tops), tuple(bottoms))


def share_of_gap(lattice: Lattice, order: Sequence[Sequence[int]], row: int, *, is_straight: bool) -> float:
    """Rows of labels alone stand within a gap between boxes, so they halve it; and ports need hardly any."""
    beside = order[row : row + 2]
    if any(all(not lattice.heights[member] for member in members) for members in beside if members):
        return PORT_ROW_PART if is_straight else 0.7
    return 1.0 if all(min(members) < lattice.box_count for members in beside) else 0.6


def places_of(lattice: Lattice, boxes: Sequence[Box], rows: Rows, centres: Sequence[float]) -> tuple[Place, ...]:
    """Boxes stand in the middle of their row."""
    return tuple(
        Place(
            x=centre - box.width / 2,
            y=(rows.tops[row] + rows.bottoms[row] - box.height) / 2,
            width=box.width,
            height=box.height,
            row=row,
        )
        for box, centre, row in zip(boxes, centres, lattice.rows, strict=False)
    )


def routes_of(
    lattice: Lattice, places: Sequence[Place], rows: Rows, centres: Sequence[float], pins: Pins = FREE
) -> tuple[Route, ...]:
    """One route per link, in their order."""
    offsets = ports(lattice, places, centres, pins)
    return tuple(
        loop(chain, places[chain.members[0]])
        if chain.is_loop
        else way(chain, lattice, places, rows, centres, offsets[number])
        for number, chain in enumerate(lattice.chains)
    )


def loop(chain: Chain, place: Place) -> Route:
    right, y, reach = place.x + place.width, place.y + place.height / 2, min(place.height / 4, LOOP_REACH_MAX)
    points = (
        (right, y - reach),
        (right + LOOP_WIDTH, y - reach),
        (right + LOOP_WIDTH, y + reach),
        (right, y + reach),
    )
    # The curve reaches three quarters of the way to its control points.
    return Route(points, label=(right + LOOP_WIDTH * 0.75 + chain.label_width / 2, y), is_loop=True)


def way(
    chain: Chain,
    lattice: Lattice,
    places: Sequence[Place],
    rows: Rows,
    centres: Sequence[float],
    offsets: tuple[float, float],
) -> Route:
    upper, *lanes, lower = chain.members
    top, bottom = places[upper], places[lower]
    x = centres[upper] + offsets[0]
    points = [(x, top.y + top.height), (x, rows.bottoms[top.row] + STUB)]
    for lane in lanes:
        row = lattice.rows[lane]
        points += [(centres[lane], rows.tops[row]), (centres[lane], rows.bottoms[row])]
    x = centres[lower] + offsets[1]
    points += [(x, rows.tops[bottom.row] - STUB), (x, bottom.y)]
    label = middle_of(points)
    if chain.label_lane is not None:
        row = lattice.rows[chain.label_lane]
        label = (centres[chain.label_lane], (rows.tops[row] + rows.bottoms[row]) / 2)
    return Route(tuple(reversed(points) if chain.backward else points), label)


def middle_of(points: Sequence[Point]) -> Point:
    (x, y), (other_x, other_y) = points[0], points[-1]
    return (x + other_x) / 2, (y + other_y) / 2


def ports(lattice: Lattice, places: Sequence[Place], centres: Sequence[float], pins: Pins) -> list[tuple[float, float]]:
    """How far from the middle of its box each chain starts and ends.

    Edges of one direction meet in the middle, which reads as one fork or join.  Where some come and some go, or two
    join the same boxes, they are spread in the order of where they lead.
    """
    sides: dict[tuple[int, bool], list[tuple[float, int]]] = defaultdict(list)
    for number, chain in enumerate(lattice.chains):
        if not chain.is_loop:
            upper, lower = chain.members[0], chain.members[-1]
            sides[upper, True].append((centres[chain.members[1]], number))
            sides[lower, False].append((centres[chain.members[-2]], number))
    fixed = {
        (number, is_source != lattice.chains[number].backward): offset
        for (number, is_source), offset in pins.fixed.items()
    }
    offsets = [[0.0, 0.0] for _ in lattice.chains]
    for (box, is_upper), ends in sides.items():
        taken = {number: fixed[number, is_upper] for _, number in ends if (number, is_upper) in fixed}
        if taken:
            found = beside(taken, ends, centres[box], places[box].width)
        else:
            found = spread(lattice, ends, places[box].width, is_upper, pins)
        for number, offset in found.items():
            offsets[number][0 if is_upper else 1] = offset
    return [(start, end) for start, end in offsets]


def spread(
    lattice: Lattice, ends: Sequence[tuple[float, int]], width: float, is_upper: bool, pins: Pins
) -> dict[int, float]:
    """Around the middle of a side, if the ends do not meet there."""
    chains = [lattice.chains[number] for _, number in ends]
    others = [chain.members[-1 if is_upper else 0] for chain in chains]
    directions = {lattice.chains[number].backward != (number in pins.against) for _, number in ends}
    if len(directions) == 1 and len(set(others)) == len(others):
        return {}
    gap = min(PORT_GAP, width * PORTS_PART / max(1, len(ends) - 1))
    return {number: gap * (index - (len(ends) - 1) / 2) for index, (_, number) in enumerate(sorted(ends))}


def beside(taken: dict[int, float], ends: Sequence[tuple[float, int]], centre: float, width: float) -> dict[int, float]:
    """Some ends have their place; the others get the free ones nearest to where they lead."""
    reach = max(0.0, width / 2 - PORT_GAP)
    found = dict(taken)
    for wanted, number in sorted(ends):
        if number not in found:
            near = min(max(wanted - centre, -reach), reach)
            steps = (near + sign * step * PORT_GAP / 2 for step in range(2 * len(ends) + 4) for sign in (1, -1))
            free = (at for at in steps if abs(at) <= reach and all(abs(at - x) >= PORT_GAP for x in found.values()))
            found[number] = next(free, near)
    return found
