"""Columns: boxes from left to right in columns, bands of them one below the other, and lanes for their ties.

The layered layout of `layers`, for lines with right angles: a tie that leads back keeps a lane in each column from its
target's to its source's, below both.  `channels` finds the ways between the columns.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mainspring.drawing.coordinates import Spacing, coordinates
from mainspring.drawing.crossings import count_crossings, uncross
from mainspring.drawing.lattice import Box, Chain, Lattice, Link, affordable, open_lanes
from mainspring.drawing.ranks import backward_edges, rank
from mainspring.drawing.routes import Point

SPACING = Spacing(node_gap=28.0, lane_gap=18.0)
BAND_PADDING = 18.0
BAND_HEIGHT_MIN = 90.0


@dataclass(frozen=True, slots=True)
class Cell:
    """The room of a figure, which stands in its middle."""

    width: float
    height: float
    core: Box
    """The figure itself."""
    has_tips: bool = False
    """Lines may leave and enter at its top and its bottom as well."""
    is_bottom_free: bool = True


@dataclass(frozen=True, slots=True)
class Tie:
    """A line between two cells, by their numbers."""

    source: int
    target: int
    label: tuple[float, float] = (0.0, 0.0)
    start: tuple[Point, ...] = ()
    """Where it begins, from the middle of its source, if not at the right side; then it leaves to the right."""


@dataclass(slots=True)
class Columns:
    """Filled by `columns`, and only read after that."""

    lattice: Lattice
    order: list[list[int]]
    """The boxes and lanes of each column, from above."""
    centres: list[float] = field(default_factory=list)
    """How far down."""
    backward: list[bool] = field(default_factory=list)
    """By tie; the chain of one that leads back has its lanes alone, from its target's column to its source's."""
    bands: list[tuple[float, float]] = field(default_factory=list)
    """Top and bottom of each."""

    @property
    def height(self) -> float:
        return self.bands[-1][1]


def columns(
    cells: Sequence[Cell],
    ties: Sequence[Tie],
    *,
    bands: Sequence[int] = (),
    band_count: int = 0,
    riders: Mapping[int, int] | None = None,
) -> Columns:
    """`bands`: in which band each cell is, if there are any; `riders`: cells without ties, and above which other they
    stand."""
    riders = riders or {}
    made, backward = _lattice(cells, ties, riders)
    band_of = [*(bands or [0] * len(cells))]
    for tie, chain in zip(ties, made.chains, strict=True):
        for member in chain.members:
            if member >= len(band_of):
                band_of.append(band_of[tie.source])
    aside = {
        (tie.source, chain.members[1]): tie.start[-1][1]
        for tie, chain in zip(ties, made.chains, strict=True)
        if tie.start and chain.members
    }
    order = _hung(uncross(made.members_by_row(), made.up, made.down), made, aside)
    order = [sorted(column, key=band_of.__getitem__) for column in order]
    for rider, host in riders.items():
        column = order[made.rows[host]]
        column.remove(rider)
        column.insert(column.index(host), rider)
    for upper, lower in aside:  # they do not pull at what they leave, so that the others are straight
        made.down[upper].remove(lower)
        made.up[lower].remove(upper)
    found = Columns(made, order, backward=backward)
    if any(backward):
        _place(found, band_of, band_count)
        _open_back_lanes(found, ties, band_of)
    _place(found, band_of, band_count)
    return found


def _lattice(cells: Sequence[Cell], ties: Sequence[Tie], riders: Mapping[int, int]) -> tuple[Lattice, list[bool]]:
    """Rows are columns here, and widths heights."""
    straight = [number for number, tie in enumerate(ties) if tie.source != tie.target]
    turned = backward_edges(len(cells), [(ties[number].source, ties[number].target) for number in straight])
    backward = [tie.source == tie.target for tie in ties]
    for number, is_backward in zip(straight, turned, strict=True):
        backward[number] = is_backward
    ends = {number: (tie.source, tie.target) for number, tie in enumerate(ties) if not backward[number]}
    labelled = {ties[number].source for number in ends if ties[number].label[0]}
    seen: set[tuple[int, int]] = set()
    spans = []
    for pair in ends.values():
        # Branches of one fork stand in one column, whether they have a label or not.
        spans.append(2 if pair[0] in labelled or pair in seen else 1)
        seen.add(pair)
    rows = rank(len(cells), list(ends.values()), spans)
    for rider, host in riders.items():
        rows[rider] = rows[host]
    made = Lattice(
        len(cells), [cell.height for cell in cells], [cell.width for cell in cells], rows,
        [[] for _ in cells], [[] for _ in cells],
    )  # fmt: skip
    with_lanes = affordable(ends, rows, len(cells))
    for number, tie in enumerate(ties):
        width, height = tie.label
        if number in with_lanes:
            link = Link(tie.source, tie.target, height, width)
            made.chains.append(open_lanes(made, link, ends[number], backward=False))
        else:
            made.chains.append(Chain(ends.get(number, ())))
    return made, backward


def _hung(order: list[list[int]], made: Lattice, aside: Mapping[tuple[int, int], float]) -> list[list[int]]:
    """What leaves a box at its lower border is below what leaves at its side, in this column and the next ones."""
    if not aside:
        return order
    found = [list(column) for column in order]
    deepest = max(aside.values())
    for before, column in pairwise(found):
        place = {member: index for index, member in enumerate(before)}
        keys: dict[int, float] = {}
        last = -1.0
        for member in column:
            above = [
                place[each] + 0.9 * aside.get((each, member), 0.0) / deepest
                for each in made.up[member]
                if each in place
            ]
            last = keys[member] = sum(above) / len(above) if above else last
        column.sort(key=keys.__getitem__)
    allowed = count_crossings(order, made.down) + len(aside)
    return found if count_crossings(found, made.down) <= allowed else order


def _open_back_lanes(found: Columns, ties: Sequence[Tie], band_of: list[int]) -> None:
    """The shortest first, so that they lie within one another."""
    made, centres = found.lattice, found.centres
    numbers = [number for number, is_backward in enumerate(found.backward) if is_backward]
    for number in sorted(numbers, key=lambda number: made.rows[ties[number].source] - made.rows[ties[number].target]):
        tie = ties[number]
        level = centres[tie.source]
        if band_of[tie.source] == band_of[tie.target]:
            level = max(level, centres[tie.target])
        first, last = made.rows[tie.target], made.rows[tie.source]
        middle = (first + last) // 2
        lanes: list[int] = []
        for row in range(first, last + 1):
            width, height = tie.label if row == middle else (0.0, 0.0)
            lane = made.add_lane(row, height, width)
            band_of.append(band_of[tie.source])
            centres.append(level)
            if lanes:
                made.down[lanes[-1]].append(lane)
                made.up[lane].append(lanes[-1])
            lanes.append(lane)
            keys = [(band_of[member], centres[member]) for member in found.order[row]]
            found.order[row].insert(bisect_right(keys, (band_of[lane], level)), lane)
        label = lanes[middle - first] if tie.label[0] else None
        made.chains[number] = Chain(tuple(lanes), backward=True, label_lane=label, label_width=tie.label[0])


def _place(found: Columns, band_of: Sequence[int], band_count: int) -> None:
    """Each band by itself, and below the one before."""
    made = found.lattice
    members: list[list[int]] = [[] for _ in range(band_count or 1)]
    for member, band in enumerate(band_of):
        members[band].append(member)
    found.centres = [0.0] * len(band_of)
    found.bands = []
    top = 0.0
    for own in members:
        number = {member: index for index, member in enumerate(own)}
        order = [[number[each] for each in column if each in number] for column in found.order]
        up, down = (
            [[number[each] for each in side[one] if each in number] for one in own] for side in (made.up, made.down)
        )
        widths = [made.widths[member] for member in own]
        first_lane = sum(member < made.box_count for member in own)
        placed = coordinates(order, up, down, widths=widths, first_lane=first_lane, spacing=SPACING, is_straight=True)
        height = max((centre + width / 2 for centre, width in zip(placed, widths, strict=True)), default=0.0)
        padding, least = (BAND_PADDING, BAND_HEIGHT_MIN) if band_count else (0.0, 0.0)
        room = max(height + 2 * padding, least)
        for member, centre in zip(own, placed, strict=True):
            found.centres[member] = top + (room - height) / 2 + centre
        found.bands.append((top, top + room))
        top += room
