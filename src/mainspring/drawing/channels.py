"""Channels: ways with right angles through the gaps between columns.

Within a column a way keeps to its lane, so it never touches a box.  In a gap it runs up or down on a track; tracks are
given out so that two ways never lie on each other, and cross as little as the order of the columns lets them.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from mainspring.drawing.columns import Cell, Columns, Tie
from mainspring.drawing.routes import Point

GAP = 44.0
"""Between columns, at least."""
TRACK = 14.0
SAME = 0.5
"""Heights that differ by less are one."""
CLEARANCE = 6.0
Turn = tuple[int, float, float]
"""Gap, height before and after."""
ORDERED_MAX = 400
"""Pieces in one gap that are ordered pair by pair; more are taken as they come."""


@dataclass(slots=True)
class Piece:
    """What runs up or down in one gap: ways that share an end share it."""

    lefts: set[float]
    rights: set[float]
    track: int = 0

    @property
    def low(self) -> float:
        return min((*self.lefts, *self.rights))

    @property
    def high(self) -> float:
        return max((*self.lefts, *self.rights))

    @property
    def key(self) -> tuple[float, float]:
        """Ways down begin to turn from below, ways up from above: so they do not cross."""
        left = min(self.lefts, default=self.high)
        is_down = left <= self.low + SAME
        return (-left if is_down else left), self.high


@dataclass(slots=True)
class Course:
    """The way of one tie: where it starts and ends, and its turns between."""

    start: list[Point] = field(default_factory=list)
    """Corners before the first gap; x from the middle of the column of the source."""
    end: list[Point] = field(default_factory=list)
    turns: list[Turn] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Channels:
    width: float
    xs: tuple[float, ...]
    """The middle of each column."""
    ways: tuple[tuple[Point, ...], ...]
    labels: tuple[Point, ...]
    """By tie: the middle of its label."""
    tips: frozenset[tuple[int, bool]]
    """Cells whose top (true) or bottom is taken by a way."""


def channels(found: Columns, cells: Sequence[Cell], ties: Sequence[Tie]) -> Channels:
    """The columns' places across, and the ways of all ties."""
    return _Channels(found, cells, ties).routed()


class _Channels:
    def __init__(self, found: Columns, cells: Sequence[Cell], ties: Sequence[Tie]) -> None:
        self.found = found
        self.cells = cells
        self.ties = ties
        self.rows = found.lattice.rows
        self.y = found.centres
        self.tips: dict[tuple[int, bool], str] = {}
        self.pieces: dict[int, list[Piece]] = defaultdict(list)
        self.piece_of: dict[tuple[int, int], Piece] = {}
        self.boxes = [[member for member in column if member < len(cells)] for column in found.order]

    def routed(self) -> Channels:
        courses = [self.course(number) for number in range(len(self.ties))]
        self.share(courses)
        for pieces in self.pieces.values():
            give_tracks(pieces)
        count = len(self.found.order)
        widths = [
            max((self.found.lattice.heights[each] for each in column), default=0.0) for column in self.found.order
        ]
        gaps = [self.gap(number, is_outer=number in (0, count)) for number in range(count + 1)]
        lefts = [0.0]
        for number in range(count):
            lefts.append(lefts[-1] + gaps[number] + widths[number])
        xs = [lefts[number] + gaps[number] + widths[number] / 2 for number in range(count)]
        ways = tuple(self.way(number, course, xs, lefts) for number, course in enumerate(courses))
        labels = tuple(self.label(number, xs, ways[number]) for number in range(len(self.ties)))
        return Channels(lefts[-1] + gaps[-1], tuple(xs), ways, labels, frozenset(self.tips))

    def gap(self, number: int, *, is_outer: bool) -> float:
        tracks = max((piece.track + 1 for piece in self.pieces[number]), default=0)
        if is_outer:
            return tracks * TRACK
        return max(GAP, (tracks + 1) * TRACK + 8)

    # --- Ends -----------------------------------------------------------------------------------

    def course(self, number: int) -> Course:
        tie, chain = self.ties[number], self.found.lattice.chains[number]
        course = Course()
        source, target = tie.source, tie.target
        levels = [self.y[member] for member in chain.members]
        if self.found.backward[number]:
            self.begin(course, tie, levels[-1], is_back=True)
            if not course.start or tie.start:
                course.turns.append((self.rows[source] + 1, self.leaves(tie, levels[-1]), levels[-1]))
            rows = range(self.rows[source], self.rows[target], -1)
            backward = levels[::-1]
            course.turns += [
                (row, a, b) for row, (a, b) in zip(rows, pairwise(backward), strict=True) if abs(a - b) > SAME
            ]
            if not self.enter(course, target, levels[0], is_back=True):
                course.turns.append((self.rows[target], levels[0], self.y[target]))
            return course
        self.begin(course, tie, levels[1])
        is_tip = bool(course.start) and not tie.start
        levels[0] = levels[1] if is_tip else self.leaves(tie, levels[1])
        if len(levels) > 2 or not is_tip:
            before = levels[-2]
            if self.enter(course, target, before):
                levels[-1] = before
        first = self.rows[source] + 1
        for index, (a, b) in enumerate(pairwise(levels)):
            if abs(a - b) > SAME:
                course.turns.append((first + index, a, b))
        return course

    def leaves(self, tie: Tie, level: float) -> float:
        """How far down a tie leaves its source; one that begins elsewhere than at the side avoids a small corner."""
        if not tie.start:
            return self.y[tie.source]
        usual = self.y[tie.source] + tie.start[-1][1]
        return level if abs(usual - level) < TRACK / 2 else usual

    def begin(self, course: Course, tie: Tie, level: float, *, is_back: bool = False) -> None:
        """At the right side, or at a tip if the way up or down from there is clear."""
        cell, y = self.cells[tie.source], self.y[tie.source]
        if tie.start:
            course.start = [(x, y + dy) for x, dy in tie.start[:-1]]
            course.start.append((tie.start[-1][0], self.leaves(tie, level)))
        elif tie.source != tie.target and self.is_clear(tie.source, level, "out", is_back):
            half = cell.core.height / 2
            course.start = [(0.0, y - half if level < y else y + half), (0.0, level)]

    def enter(self, course: Course, target: int, level: float, *, is_back: bool = False) -> bool:
        if not self.is_clear(target, level, "in", is_back):
            return False
        y, half = self.y[target], self.cells[target].core.height / 2
        course.end = [(0.0, level), (0.0, y - half if level < y else y + half)]
        return True

    def is_clear(self, box: int, level: float, use: str, is_back: bool) -> bool:
        """Whether a way can run straight up or down from a box to a level; then the tip is taken."""
        cell, y = self.cells[box], self.y[box]
        is_up = level < y
        if not (cell.has_tips or (is_back and not is_up and cell.is_bottom_free)):
            return False
        room = cell.height if use == "out" and is_up else cell.core.height
        if abs(level - y) < room / 2 + CLEARANCE or self.tips.get((box, is_up), use) != use:
            return False
        low, high = min(level, y) - CLEARANCE, max(level, y) + CLEARANCE
        for other in self.boxes[self.rows[box]]:
            half = self.cells[other].height / 2
            if other != box and self.y[other] + half > low and self.y[other] - half < high:
                return False
        self.tips[box, is_up] = use
        return True

    # --- Tracks ---------------------------------------------------------------------------------

    def share(self, courses: Sequence[Course]) -> None:
        """Ways that leave or enter a box together turn together; the others each have a piece of their own."""
        for gap, turns in self.together(courses):
            free = [(number, turn) for number, turn in turns if (number, gap) not in self.piece_of]
            if len(free) > 1:
                piece = Piece({turn[1] for _, turn in free}, {turn[2] for _, turn in free})
                self.add(piece, gap, [number for number, _ in free])
        for number, course in enumerate(courses):
            for gap, before, after in course.turns:
                if (number, gap) not in self.piece_of:
                    self.add(self.piece(number, gap, before, after), gap, [number])

    def together(self, courses: Sequence[Course]) -> list[tuple[int, list[tuple[int, Turn]]]]:
        """Turns in one gap at one end of ways that lead forward; where most meet first."""
        groups: dict[tuple[int, int, float, bool], list[tuple[int, Turn]]] = defaultdict(list)
        for number, course in enumerate(courses):
            if not course.turns or self.found.backward[number]:
                continue
            first, last = course.turns[0], course.turns[-1]
            if not course.start and first[0] == self.rows[self.ties[number].source] + 1:
                groups[first[0], self.ties[number].source, first[1], True].append((number, first))
            if not course.end and last[0] == self.rows[self.ties[number].target]:
                groups[last[0], self.ties[number].target, last[2], False].append((number, last))
        return [(gap, turns) for (gap, *_), turns in sorted(groups.items(), key=lambda item: -len(item[1]))]

    def piece(self, number: int, gap: int, before: float, after: float) -> Piece:
        """A way back turns round at its ends, and comes from the right between them."""
        if not self.found.backward[number]:
            return Piece({before}, {after})
        if gap == self.rows[self.ties[number].source] + 1:
            return Piece({before, after}, set())
        if gap == self.rows[self.ties[number].target]:
            return Piece(set(), {before, after})
        return Piece({after}, {before})

    def add(self, piece: Piece, gap: int, numbers: Sequence[int]) -> None:
        self.pieces[gap].append(piece)
        for number in numbers:
            self.piece_of[number, gap] = piece

    # --- Ways -----------------------------------------------------------------------------------

    def way(self, number: int, course: Course, xs: Sequence[float], lefts: Sequence[float]) -> tuple[Point, ...]:
        tie = self.ties[number]
        x, y = xs[self.rows[tie.source]], self.y[tie.source]
        points = [(x + dx, at) for dx, at in course.start] or [(x + self.cells[tie.source].core.width / 2, y)]
        for gap, before, after in course.turns:
            at = lefts[gap] + (self.piece_of[number, gap].track + (gap > 0)) * TRACK
            points += [(at, before), (at, after)]
        x, y = xs[self.rows[tie.target]], self.y[tie.target]
        points += [(x + dx, at) for dx, at in course.end] or [(x - self.cells[tie.target].core.width / 2, y)]
        return straightened(points)

    def label(self, number: int, xs: Sequence[float], way: Sequence[Point]) -> Point:
        lane = self.found.lattice.chains[number].label_lane
        if lane is not None:
            return xs[self.rows[lane]], self.y[lane]
        return middle_of(way)


def give_tracks(pieces: list[Piece]) -> None:
    """From left to right.  A piece stands left of another if else its end would lie on the other's start."""
    pieces.sort(key=lambda piece: piece.key)
    order = in_order(pieces) if len(pieces) <= ORDERED_MAX else pieces
    done: list[Piece] = []
    for piece in order:
        piece.track = 1 + max(
            (
                other.track
                for other in done
                if other.low < piece.high + CLEARANCE and piece.low < other.high + CLEARANCE
            ),
            default=-1,
        )
        done.append(piece)


def in_order(pieces: Sequence[Piece]) -> list[Piece]:
    """As they are sorted, but for what must stand left of what; a ring of such demands is cut where it is met."""
    after: list[list[int]] = [[] for _ in pieces]
    missing = [0] * len(pieces)
    for one, piece in enumerate(pieces):
        for other, beside in enumerate(pieces):
            if one != other and any(abs(left - right) < CLEARANCE for left in piece.lefts for right in beside.rights):
                after[one].append(other)
                missing[other] += 1
    ready = [number for number, count in enumerate(missing) if not count]
    heapq.heapify(ready)
    waiting = set(range(len(pieces)))
    found = []
    while waiting:
        number = heapq.heappop(ready) if ready else min(waiting)
        if number not in waiting:
            continue
        waiting.discard(number)
        found.append(pieces[number])
        for other in after[number]:
            missing[other] -= 1
            if not missing[other]:
                heapq.heappush(ready, other)
    return found


def straightened(points: Sequence[Point]) -> tuple[Point, ...]:
    """Without corners where nothing turns."""
    found: list[Point] = []
    for point in points:
        if found and abs(found[-1][0] - point[0]) < SAME and abs(found[-1][1] - point[1]) < SAME:
            continue
        if len(found) > 1:
            (ax, ay), (bx, by) = found[-2], found[-1]
            if (abs(ax - bx) < SAME and abs(bx - point[0]) < SAME) or (
                abs(ay - by) < SAME and abs(by - point[1]) < SAME
            ):
                found.pop()
        found.append(point)
    return tuple(found)


def middle_of(way: Sequence[Point]) -> Point:
    """The middle of the longest part of a way."""
    if len(way) < 2:
        return way[0] if way else (0.0, 0.0)
    (ax, ay), (bx, by) = max(
        pairwise(way), key=lambda pair: abs(pair[0][0] - pair[1][0]) + abs(pair[0][1] - pair[1][1])
    )
    return (ax + bx) / 2, (ay + by) / 2
