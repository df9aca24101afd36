"""Where labels stand beside figures that somebody else has placed: where they cover the least.

Each takes the first of a few places that is free, or else the one where least is in its way; earlier labels are in the
way of later ones.  What is near is found by a grid, so that a diagram of a thousand figures costs a thousand looks.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mainspring.drawing.figures import LABEL_GAP, label_size, usual_label
from mainspring.drawing.flow_layout import BAND_HEADING
from mainspring.drawing.flowchart import Figure, Flowchart, Plan, Spot
from mainspring.drawing.routes import Point

OUTSIDE = ("circle", "diamond", "page", "drum")
"""Figures whose label stands beside them."""
CELL = 120.0
THICKNESS = 4.0
"""Of a line, as something that is in the way."""
FIGURE_WEIGHT = 4.0
"""A label on a figure or on another label is read worse than one that a line goes through."""


class _Crowd:
    """What is in the way, by cells of a grid."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[tuple[Spot, float, str]]] = {}

    def add(self, spot: Spot, weight: float, owner: str = "") -> None:
        for cell in _cells(spot):
            self._cells.setdefault(cell, []).append((spot, weight, owner))

    def cost(self, spot: Spot, owner: str) -> float:
        """How much of others a label there would cover."""
        found = {
            (other, weight)
            for cell in _cells(spot)
            for other, weight, whose in self._cells.get(cell, ())
            if whose != owner
        }
        return sum(_shared(spot, other) * weight for other, weight in found)


def label_places(chart: Flowchart, plan: Plan) -> dict[str, Spot]:
    """Places for the labels of figures that have none in the plan."""
    shown = [figure for figure, _ in chart.all_figures() if figure.id in plan.spots]
    crowd = _crowd(shown, plan)
    places = {}
    for figure in shown:
        if figure.form in OUTSIDE and (figure.label or figure.note) and figure.id not in plan.labels:
            place = min(_candidates(figure, plan.spots[figure.id]), key=lambda spot: crowd.cost(spot, figure.id))
            places[figure.id] = place
            crowd.add(place, FIGURE_WEIGHT)
    return places


def _crowd(shown: list[Figure], plan: Plan) -> _Crowd:
    crowd = _Crowd()
    for figure in shown:
        spot = plan.spots[figure.id]
        for part in _solid(figure, spot):
            crowd.add(part, FIGURE_WEIGHT, figure.id)
        if figure.inside or figure.form in ("band", "group"):
            corners = (spot.x, spot.y), (spot.right, spot.y), (spot.right, spot.bottom), (spot.x, spot.bottom)
            for line in _lines((*corners, corners[0])):
                crowd.add(line, 1.0)
    for spot in plan.labels.values():
        crowd.add(spot, FIGURE_WEIGHT)
    for way in plan.ways.values():
        for line in _lines(way):
            crowd.add(line, 1.0)
    return crowd


def _lines(way: tuple[Point, ...]) -> Iterator[Spot]:
    """The parts of a way that are upright or level, or nearly so; others are in nobody's way for long."""
    for (x, y), (to_x, to_y) in pairwise(way):
        width, height = abs(x - to_x), abs(y - to_y)
        if min(width, height) <= THICKNESS:
            yield Spot(min(x, to_x) - 2, min(y, to_y) - 2, width + THICKNESS, height + THICKNESS)


def _candidates(figure: Figure, spot: Spot) -> Iterator[Spot]:
    """The usual place first; then the other side, right and left, and the corners."""
    usual, size = usual_label(figure, spot), label_size(figure)
    x, y = spot.middle
    below, above = spot.bottom + LABEL_GAP, spot.y - LABEL_GAP - size.height
    right, left = spot.right + LABEL_GAP, spot.x - LABEL_GAP - size.width
    yield usual
    yield usual.moved(0.0, (above if usual.y == below else below) - usual.y)
    for at_x, at_y in (
        (right, y - size.height / 2), (left, y - size.height / 2), (x + 6, below), (x + 6, above),
        (x - 6 - size.width, below), (x - 6 - size.width, above),
    ):  # fmt: skip
        yield Spot(at_x, at_y, size.width, size.height)


def _solid(figure: Figure, spot: Spot) -> Iterator[Spot]:
    """Where nothing else can be read: of what is around others only its heading."""
    if figure.form == "band" and figure.label:
        yield Spot(spot.x, spot.y, BAND_HEADING, spot.height)
    elif figure.inside and figure.form != "band":
        yield Spot(spot.x, spot.y, spot.width, BAND_HEADING)
    elif figure.form not in ("band", "group"):
        yield spot


def _cells(spot: Spot) -> Iterator[tuple[int, int]]:
    for column in range(int(spot.x // CELL), int(spot.right // CELL) + 1):
        for row in range(int(spot.y // CELL), int(spot.bottom // CELL) + 1):
            yield column, row


def _shared(one: Spot, other: Spot) -> float:
    width = min(one.right, other.right) - max(one.x, other.x)
    height = min(one.bottom, other.bottom) - max(one.y, other.y)
    return width * height if width > 0 and height > 0 else 0.0
