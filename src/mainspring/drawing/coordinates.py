"""Coordinates: where the nodes of each layer stand on the axis along the layer.

Brandes and Koepf, "Fast and Simple Horizontal Coordinate Assignment" (2001): nodes are aligned with a median neighbour
into straight blocks, once for each of the four corners, and the two middle ones of the four positions are averaged.
Each of the four keeps the distances, so their order statistics, and the average, keep them too: nothing overlaps.
The blocks are compacted by longest paths over the graph of blocks, which avoids the known slips of the paper's version.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Layers = Sequence[Sequence[int]]
Neighbours = Sequence[Sequence[int]]
Conflicts = frozenset[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Spacing:
    node_gap: float
    """Between two nodes."""
    lane_gap: float
    """Beside a lane, the place of an edge that passes through a layer."""


def coordinates(
    layers: Layers,
    up: Neighbours,
    down: Neighbours,
    *,
    widths: Sequence[float],
    first_lane: int,
    spacing: Spacing,
    is_straight: bool = False,
) -> list[float]:
    """The centre of each node and lane, from 0; numbers from `first_lane` on are lanes.

    `is_straight`: of the average and the four it is made of, that with the most straight edges, for lines with right
    angles, which have corners where others only lean.
    """
    if not widths:
        return []
    conflicts = lane_conflicts(layers, up, first_lane)
    distances = Distances(widths, first_lane, spacing)
    four = [
        corner(layers, up if downward else down, conflicts, distances, downward, leftward)
        for downward in (True, False)
        for leftward in (True, False)
    ]
    extents = [extent(each, widths) for each in four]
    low, high = min(extents, key=lambda pair: pair[1] - pair[0])
    # Left-bound layouts are laid against the left edge of the narrowest, right-bound ones against its right edge.
    shifts = [high - right if number % 2 else low - left for number, (left, right) in enumerate(extents)]
    middle = [
        sum(sorted((a + shifts[0], b + shifts[1], c + shifts[2], d + shifts[3]))[1:3]) / 2
        for a, b, c, d in zip(*four, strict=True)
    ]
    chosen = max((middle, *four), key=lambda each: straight_count(each, down)) if is_straight else middle
    left, _ = extent(chosen, widths)
    return [x - left for x in chosen]


def straight_count(centres: Sequence[float], down: Neighbours) -> int:
    return sum(abs(centres[node] - centres[other]) < 0.5 for node, others in enumerate(down) for other in others)


def extent(centres: Sequence[float], widths: Sequence[float]) -> tuple[float, float]:
    left = min(x - width / 2 for x, width in zip(centres, widths, strict=True))
    right = max(x + width / 2 for x, width in zip(centres, widths, strict=True))
    return left, right


@dataclass(frozen=True, slots=True)
class Distances:
    widths: Sequence[float]
    first_lane: int
    spacing: Spacing

    def between(self, one: int, other: int) -> float:
        is_lane = one >= self.first_lane or other >= self.first_lane
        gap = self.spacing.lane_gap if is_lane else self.spacing.node_gap
        return (self.widths[one] + self.widths[other]) / 2 + gap


def lane_conflicts(layers: Layers, up: Neighbours, first_lane: int) -> Conflicts:
    """Edges (lower, upper) that cross the straight part of a lane and must therefore not be straightened themselves."""
    conflicts: set[tuple[int, int]] = set()
    for upper, lower in pairwise(layers):
        position = {node: index for index, node in enumerate(upper)}
        low, start = 0, 0
        for index, node in enumerate(lower):
            partner = inner_partner(node, up, first_lane)
            if partner is None and index < len(lower) - 1:
                continue
            high = len(upper) - 1 if partner is None else position[partner]
            for other in lower[start : index + 1]:
                conflicts.update(
                    (other, above)
                    for above in up[other]
                    if not low <= position[above] <= high and not (other >= first_lane and above >= first_lane)
                )
            low, start = high, index + 1
    return frozenset(conflicts)


def inner_partner(node: int, up: Neighbours, first_lane: int) -> int | None:
    """The lane above a lane of the same edge."""
    if node < first_lane or not up[node] or up[node][0] < first_lane:
        return None
    return up[node][0]


def corner(
    layers: Layers, neighbours: Neighbours, conflicts: Conflicts, distances: Distances, downward: bool, leftward: bool
) -> list[float]:
    """One of the four layouts.  Seen from its corner each is the same, so the layers are turned instead of the code."""
    seen = [layer if leftward else layer[::-1] for layer in (layers if downward else layers[::-1])]
    count = len(neighbours)
    root = align(seen, neighbours, conflicts, downward, count)
    centres = compact(seen, root, distances)
    return centres if leftward else [-x for x in centres]


def align(layers: Layers, neighbours: Neighbours, conflicts: Conflicts, downward: bool, count: int) -> list[int]:
    """The root of each node's block: nodes with one root stand exactly above each other."""
    root = list(range(count))
    for above, layer in pairwise(layers):
        position = {node: index for index, node in enumerate(above)}
        last = -1
        for node in layer:
            others = sorted(neighbours[node], key=position.__getitem__)
            middle = len(others) - 1
            for other in others[middle // 2 : middle // 2 + 1 + middle % 2]:
                edge = (node, other) if downward else (other, node)
                if position[other] > last and edge not in conflicts:
                    root[node], last = root[other], position[other]
                    break
    return root


def compact(layers: Layers, root: Sequence[int], distances: Distances) -> list[float]:
    """The blocks side by side: first as far left as they go, then each as near to its right neighbours as it can."""
    before: dict[int, dict[int, float]] = {block: {} for block in root}
    after: dict[int, dict[int, float]] = {block: {} for block in root}
    for layer in layers:
        for left, right in pairwise(layer):
            one, other = root[left], root[right]
            apart = max(distances.between(left, right), after[one].get(other, 0.0))
            after[one][other] = before[other][one] = apart
    order = [block for block in after if not before[block]]
    missing = {block: len(others) for block, others in before.items()}
    for block in order:  # grows while it is read
        for other in after[block]:
            missing[other] -= 1
            if not missing[other]:
                order.append(other)
    centre: dict[int, float] = {}
    for block in order:
        centre[block] = max((centre[other] + apart for other, apart in before[block].items()), default=0.0)
    for block in reversed(order):
        if after[block]:
            nearest = min(centre[other] - apart for other, apart in after[block].items())
            centre[block] = max(centre[block], nearest)
    return [centre[block] for block in root]
