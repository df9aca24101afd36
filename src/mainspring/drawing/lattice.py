"""The lattice: boxes and lanes in rows, with edges only between neighbouring rows.

A lane is the place that an edge over several rows keeps in each row between; a label stands in the middle lane of its
edge.  Boxes keep their numbers; lanes are numbered after them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mainspring.drawing.ranks import backward_edges, rank

LANES_MAX = 40_000
LANES_PER_BOX_MAX = 16
"""Edges that would need more lanes than this in all run straight, the longest first: a random graph of 10,000 nodes
would need millions, and they would cover its picture anyway."""

LOOP_WIDTH = 26.0
"""How far a loop reaches out beside its box."""


@dataclass(frozen=True, slots=True)
class Box:
    """A node's size."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Link:
    """An edge between two boxes, named by their place in the sequence of boxes, with the size of its label."""

    source: int
    target: int
    label_width: float = 0.0
    label_height: float = 0.0


@dataclass(frozen=True, slots=True)
class Chain:
    """What a link became: the boxes and lanes it passes, from the upper end to the lower."""

    members: tuple[int, ...]
    backward: bool = False
    """The link runs upward."""
    label_lane: int | None = None
    label_width: float = 0.0

    @property
    def is_loop(self) -> bool:
        return len(self.members) == 1


@dataclass(slots=True)
class Lattice:
    """Filled by `lattice`, and only read after that."""

    box_count: int
    widths: list[float]
    heights: list[float]
    rows: list[int]
    """The row of each box and lane."""
    up: list[list[int]] = field(default_factory=list)
    down: list[list[int]] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)

    def members_by_row(self) -> list[list[int]]:
        members: list[list[int]] = [[] for _ in range(max(self.rows, default=-1) + 1)]
        for member, row in enumerate(self.rows):
            members[row].append(member)
        return members

    def add_lane(self, row: int, width: float, height: float) -> int:
        self.widths.append(width)
        self.heights.append(height)
        self.rows.append(row)
        self.up.append([])
        self.down.append([])
        return len(self.rows) - 1


def lattice(
    boxes: Sequence[Box], links: Sequence[Link], *, first: Collection[int] = (), last: Collection[int] = ()
) -> Lattice:
    """Ranks the boxes and opens the lanes; the boxes of `first` and `last` have the outermost rows for themselves."""
    widths = [box.width for box in boxes]
    for link in links:
        if link.source == link.target:
            # Both sides grow, so that the box stays in the middle of its place.
            widths[link.source] = max(
                widths[link.source], boxes[link.source].width + 2 * (LOOP_WIDTH + link.label_width)
            )
    straight = [number for number, link in enumerate(links) if link.source != link.target]
    pairs = [(links[number].source, links[number].target) for number in straight]
    backward = dict(zip(straight, backward_edges(len(boxes), pairs), strict=True))
    ends = {number: ends_of(links[number], backward[number]) for number in straight}
    spans = spans_of(links, ends)
    rows = pinned(rank(len(boxes), list(ends.values()), list(spans.values())), first, last)
    count = len(boxes)
    made = Lattice(count, widths, [box.height for box in boxes], rows, [[] for _ in boxes], [[] for _ in boxes])
    with_lanes = affordable(ends, rows, count)
    for number, link in enumerate(links):
        if number not in ends:
            made.chains.append(Chain((link.source,), label_width=link.label_width))
        elif number not in with_lanes:
            made.chains.append(Chain(ends[number], backward=backward[number], label_width=link.label_width))
        else:
            made.chains.append(open_lanes(made, link, ends[number], backward[number]))
    return made


def pinned(rows: list[int], first: Collection[int], last: Collection[int]) -> list[int]:
    """The rows, with some boxes alone in the outermost ones: nothing leads into the first, or out of the last."""
    if not first and not last:
        return rows
    others = [row for box, row in enumerate(rows) if box not in first and box not in last]
    shift = int(bool(first)) - min(others, default=0)
    end = max(others, default=0) + shift + 1
    return [0 if box in first else end if box in last else row + shift for box, row in enumerate(rows)]


def ends_of(link: Link, backward: bool) -> tuple[int, int]:
    return (link.target, link.source) if backward else (link.source, link.target)


def spans_of(links: Sequence[Link], ends: dict[int, tuple[int, int]]) -> dict[int, int]:
    """An edge needs a lane, and so two rows, for its label, or when another edge already joins the same two boxes."""
    seen: set[tuple[int, int]] = set()
    spans = {}
    for number, pair in ends.items():
        spans[number] = 2 if links[number].label_width or pair in seen else 1
        seen.add(pair)
    return spans


def affordable(ends: dict[int, tuple[int, int]], rows: Sequence[int], box_count: int) -> set[int]:
    """The links that get lanes: the shortest ones, until all lanes are given away."""
    lengths = {number: rows[lower] - rows[upper] - 1 for number, (upper, lower) in ends.items()}
    left = min(LANES_MAX, LANES_PER_BOX_MAX * box_count)
    chosen = set()
    for number in sorted(lengths, key=lengths.__getitem__):
        left -= lengths[number]
        if left < 0:
            break
        chosen.add(number)
    return chosen


def open_lanes(made: Lattice, link: Link, ends: tuple[int, int], backward: bool) -> Chain:
    upper, lower = ends
    first, last = made.rows[upper] + 1, made.rows[lower]
    middle = (first + last - 1) // 2 if link.label_width else -1
    members = [upper]
    label_lane = None
    for row in range(first, last):
        is_label = row == middle
        lane = made.add_lane(row, link.label_width if is_label else 0.0, link.label_height if is_label else 0.0)
        members.append(lane)
        label_lane = lane if is_label else label_lane
    members.append(lower)
    for above, below in pairwise(members):
        made.down[above].append(below)
        made.up[below].append(above)
    return Chain(tuple(members), backward, label_lane, link.label_width)
