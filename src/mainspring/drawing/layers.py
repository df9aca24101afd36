"""Layers: a layered layout of a directed graph (Sugiyama's scheme): boxes in rows, edges that point down.

Four steps, each with its own file: rank the boxes and open lanes for long edges (`lattice`), order each row
(`crossings`), find coordinates (`coordinates`), route the edges (`routes`).  Deterministic, and linear but for sorting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mainspring.drawing.coordinates import Spacing, coordinates
from mainspring.drawing.crossings import uncross
from mainspring.drawing.lattice import Box, Link, lattice
from mainspring.drawing.routes import FREE, Pins, Place, Route, places_of, routes_of, rows_of

Direction = Literal["down", "right"]

NODE_GAP: dict[Direction, float] = {"down": 28.0, "right": 18.0}
"""Between neighbours in a row; texts are wide, so columns may stand closer."""

LANE_GAP = 14.0
ROW_GAP: dict[Direction, float] = {"down": 44.0, "right": 52.0}
"""Between rows, at least."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Places in the order of the boxes, routes in the order of the links; all within (0, 0) and (width, height)."""

    width: float
    height: float
    places: tuple[Place, ...]
    routes: tuple[Route, ...]


def layout(boxes: Sequence[Box], links: Sequence[Link], *, direction: Direction = "down") -> Layout:
    """Places for all boxes and routes for all links, in pixels.

    Without cycles each link ends in a later row than it starts in; in a cycle one link runs back, and a loop stays
    beside its box.  With direction `right` the rows are columns.
    """
    if direction == "right":
        return turned(layered([turn_box(box) for box in boxes], [turn_link(link) for link in links], direction))
    return layered(boxes, links, direction)


def layered(
    boxes: Sequence[Box],
    links: Sequence[Link],
    direction: Direction = "down",
    pins: Pins = FREE,
) -> Layout:
    """The layout downward, with the gaps of `direction`."""
    plan = lattice(boxes, links, first=pins.first, last=pins.last)
    order = uncross(plan.members_by_row(), plan.up, plan.down)
    spacing = Spacing(node_gap=NODE_GAP[direction], lane_gap=LANE_GAP)
    centres = coordinates(order, plan.up, plan.down, widths=plan.widths, first_lane=plan.box_count, spacing=spacing)
    rows = rows_of(plan, order, centres, gap_min=ROW_GAP[direction])
    places = places_of(plan, boxes, rows, centres)
    width = max((centre + width / 2 for centre, width in zip(centres, plan.widths, strict=True)), default=0.0)
    height = rows.bottoms[-1] if rows.bottoms else 0.0
    return Layout(width, height, places, routes_of(plan, places, rows, centres, pins))


def turned(plan: Layout) -> Layout:
    """Mirrored at the diagonal: rows become columns."""
    return Layout(
        width=plan.height,
        height=plan.width,
        places=tuple(turn_place(place) for place in plan.places),
        routes=tuple(turn_route(route) for route in plan.routes),
    )


def turn_box(box: Box) -> Box:
    return Box(box.height, box.width)


def turn_link(link: Link) -> Link:
    return replace(link, label_width=link.label_height, label_height=link.label_width)


def turn_place(place: Place) -> Place:
    return Place(x=place.y, y=place.x, width=place.height, height=place.width, row=place.row)


def turn_route(route: Route) -> Route:
    return Route(tuple((y, x) for x, y in route.points), (route.label[1], route.label[0]), route.is_loop)
