"""Detours: ways with right angles round all figures, for lines that no layout has a lane for.

The shortest way with few corners over a grid of the lines beside all figures.
"""

from __future__ import annotations

import heapq
import math
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise

from mainspring.drawing.channels import straightened
from mainspring.drawing.flowchart import Figure, Flowchart, Line, Plan, Spot
from mainspring.drawing.routes import Point

CLEARANCE = 11.0
CORNER = 40.0
"""What a corner costs, in pixels of way."""
SHARED = 4.0
"""What a pixel along another detour costs, as a multiple of one alone."""
APART = 8.0
"""Between two detours side by side."""
ASIDE = 300.0
"""What it costs to begin or end at the left or right, where lines of the layout do."""
FIGURES_MAX = 150
LINES_MAX = 200
"""Beyond these the grid is too fine to search: lines then run straight from border to border."""
WIDE = 200.0
DIRECTIONS = ((1, 0), (-1, 0), (0, 1), (0, -1))
ARRIVED = len(DIRECTIONS)
Step = tuple[int, int, int]
"""A place in the grid, and the direction in which it was entered."""


def detours(chart: Flowchart, plan: Plan, lines: Sequence[Line]) -> dict[str, tuple[Point, ...]]:
    """Ways for some lines, between figures that have their places."""
    if not lines:
        return {}
    figures = chart.by_id()
    solid = [plan.spots[id] for id, figure in figures.items() if is_solid(figure) and id in plan.spots]
    is_fine = len(solid) <= FIGURES_MAX and len(lines) <= LINES_MAX
    grid = _Grid(plan, solid) if is_fine else None
    found = {}
    for line in lines:
        if line.source in plan.spots and line.target in plan.spots:
            source, target = plan.spots[line.source], plan.spots[line.target]
            way = grid.way(source, target) if grid is not None else None
            found[line.id] = way or straight(source, target)
            if grid is not None and way is not None:
                grid.keep(way)
    return found


def is_solid(figure: Figure) -> bool:
    """Nothing may be drawn across it; a box with others inside can be entered."""
    return not figure.inside and figure.form != "group"


def straight(source: Spot, target: Spot) -> tuple[Point, ...]:
    """From border to border, on the line between the middles."""
    return border(source, target.middle), border(target, source.middle)


def border(spot: Spot, towards: Point) -> Point:
    """Where the line from the middle of a spot leaves it."""
    x, y = spot.middle
    dx, dy = towards[0] - x, towards[1] - y
    reach = max(abs(dx) / (spot.width / 2 or 1), abs(dy) / (spot.height / 2 or 1))
    return (x + dx / reach, y + dy / reach) if reach else (x, y)


def ends(spot: Spot, other: Spot) -> Iterator[tuple[Point, Point]]:
    """Where lines may begin, and a little outside of it: the middles of the sides; of what is as wide as a band,
    above or below the other's middle."""
    x, y = spot.middle
    if spot.width > WIDE:
        x = min(max(other.middle[0], spot.x + CLEARANCE), spot.right - CLEARANCE)
    yield (x, spot.y), (x, spot.y - CLEARANCE)
    yield (x, spot.bottom), (x, spot.bottom + CLEARANCE)
    yield (spot.x, y), (spot.x - CLEARANCE, y)
    yield (spot.right, y), (spot.right + CLEARANCE, y)


def widened(spot: Spot, by: float) -> Spot:
    return Spot(spot.x - by, spot.y - by, spot.width + 2 * by, spot.height + 2 * by)


class _Grid:
    def __init__(self, plan: Plan, solid: Sequence[Spot]) -> None:
        self.solid = solid
        self.labels = list(plan.labels.values())
        xs = {x for spot in solid for x in (spot.x - CLEARANCE, spot.right + CLEARANCE, spot.middle[0])}
        ys = {y for spot in solid for y in (spot.y - CLEARANCE, spot.bottom + CLEARANCE, spot.middle[1])}
        self.xs, self.ys = sorted(xs), sorted(ys)
        self.kept: list[Spot] = []
        """The pieces of detours that have been found."""

    def way(self, source: Spot, target: Spot) -> tuple[Point, ...] | None:
        """From a little outside of one to a little outside of the other, and then straight in."""
        first = {outside: at for at, outside in ends(source, target)}
        last = {outside: at for at, outside in ends(target, source)}
        found = self.between(
            {each: ASIDE * (each[1] == at[1]) for each, at in first.items()},
            {each: ASIDE * (each[1] == at[1]) for each, at in last.items()},
        )
        return straightened([first[found[0]], *found, last[found[-1]]]) if found else None

    def keep(self, way: Sequence[Point]) -> None:
        """Later ones run beside it, not on it."""
        for (x, y), (to_x, to_y) in pairwise(way):
            self.kept.append(Spot(min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y)))
            if y == to_y:
                self.ys = sorted({*self.ys, y - APART, y + APART})
            else:
                self.xs = sorted({*self.xs, x - APART, x + APART})

    def between(self, starts: Mapping[Point, float], goals: Mapping[Point, float]) -> list[Point] | None:
        """The cheapest way from any start to any goal, each with what it costs itself."""
        xs = sorted({*self.xs, *(x for x, _ in (*starts, *goals))})
        ys = sorted({*self.ys, *(y for _, y in (*starts, *goals))})
        blocked, shared = self.blocked(xs, ys), self.shared(xs, ys)
        dearest = {(bisect_left(xs, x), bisect_left(ys, y)): price for (x, y), price in goals.items()}
        waiting: list[tuple[float, int, int, int]] = []
        cost: dict[Step, float] = {}
        came: dict[Step, Step] = {}
        for (x, y), price in starts.items():
            for direction in range(len(DIRECTIONS)):
                step = bisect_left(xs, x), bisect_left(ys, y), direction
                cost[step] = price
                heapq.heappush(waiting, (price, *step))
        while waiting:
            spent, i, j, direction = heapq.heappop(waiting)
            if spent > cost[i, j, direction]:
                continue
            if direction == ARRIVED:
                return self.traced(came[i, j, ARRIVED], came, xs, ys)
            ahead = [(i, j, ARRIVED, dearest[i, j])] if (i, j) in dearest else []
            ahead += self.ahead((i, j, direction), blocked, shared, xs, ys)
            for k, m, turn, price in ahead:
                if spent + price < cost.get((k, m, turn), math.inf):
                    cost[k, m, turn] = spent + price
                    came[k, m, turn] = (i, j, direction)
                    heapq.heappush(waiting, (spent + price, k, m, turn))
        return None

    def ahead(
        self,
        at: Step,
        blocked: Collection[Step],
        shared: Collection[Step],
        xs: Sequence[float],
        ys: Sequence[float],
    ) -> Iterator[tuple[int, int, int, float]]:
        """The places one step away, and what it costs to go there."""
        i, j, direction = at
        for turn, (di, dj) in enumerate(DIRECTIONS):
            k, m = i + di, j + dj
            if turn == direction ^ 1 or not (0 <= k < len(xs) and 0 <= m < len(ys)):
                continue
            edge = (min(i, k), j, 0) if dj == 0 else (i, min(j, m), 1)
            if edge not in blocked:
                length = (abs(xs[k] - xs[i]) + abs(ys[m] - ys[j])) * (SHARED if edge in shared else 1.0)
                yield k, m, turn, length + (CORNER if turn != direction else 0.0)

    def shared(self, xs: Sequence[float], ys: Sequence[float]) -> set[Step]:
        """Edges of the grid that another detour takes."""
        found: set[Step] = set()
        for piece in self.kept:
            i, j = bisect_left(xs, piece.x), bisect_left(ys, piece.y)
            if piece.height == 0:
                found.update((each, j, 0) for each in range(i, bisect_left(xs, piece.right)))
            else:
                found.update((i, each, 1) for each in range(j, bisect_left(ys, piece.bottom)))
        return found

    def blocked(self, xs: Sequence[float], ys: Sequence[float]) -> set[Step]:
        """Edges of the grid that would cross a figure or a label."""
        found: set[Step] = set()
        near = CLEARANCE - 1
        inflated = [
            Spot(each.x - near, each.y - near, each.width + 2 * near, each.height + 2 * near) for each in self.solid
        ]
        for spot in (*inflated, *self.labels):
            first, last = bisect_left(xs, spot.x), bisect_left(xs, spot.right)
            top, bottom = bisect_left(ys, spot.y), bisect_left(ys, spot.bottom)
            for j in range(top, bottom + 1):
                if j < len(ys) and spot.y < ys[j] < spot.bottom:
                    found.update((i, j, 0) for i in range(max(0, first - 1), last) if xs[i] < spot.right)
            for i in range(first, last + 1):
                if i < len(xs) and spot.x < xs[i] < spot.right:
                    found.update((i, j, 1) for j in range(max(0, top - 1), bottom) if ys[j] < spot.bottom)
        return found

    def traced(
        self,
        at: Step,
        came: dict[Step, Step],
        xs: Sequence[float],
        ys: Sequence[float],
    ) -> list[Point]:
        points = [(xs[at[0]], ys[at[1]])]
        while at in came:
            at = came[at]
            points.append((xs[at[0]], ys[at[1]]))
        return points[::-1]
