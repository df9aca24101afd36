"""The flowchart that pictures of processes are made of: figures in figures, and lines between any of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from mainspring.drawing.graph import Status
from mainspring.drawing.routes import Point

Form = Literal["box", "circle", "diamond", "note", "page", "drum", "group", "band"]
"""A note is open at its right; a page has a folded corner; a band is as wide as all that stands above and below it."""
Border = Literal["thin", "double", "thick"]
LineKind = Literal["flow", "message", "link", "arrow"]
"""Solid with an arrow; dashed from a circle to an open arrow; dotted; dotted with an open arrow."""
Tail = Literal["", "slash", "diamond"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure, with those inside it."""

    id: str
    form: Form = "box"
    label: str = ""
    """In a box, below a circle, above a diamond."""
    icon: str = ""
    """Of `icons.ICONS`: in the corner of a box, in the middle of others."""
    is_filled: bool = False
    """The icon is."""
    border: Border = "thin"
    is_dashed: bool = False
    marks: tuple[str, ...] = ()
    """Icons at the lower border of a box."""
    on: str = ""
    """The box on whose lower border it stands."""
    inside: tuple[Figure, ...] = ()
    status: Status = ""
    note: str = ""
    """In small letters."""
    dots: int = 0
    """How many are here now, as a badge."""
    count: int = 0
    """How many have been here, as a badge."""
    alert: str = ""
    """Why it needs somebody."""
    heat: float | None = None
    """From 0 to 1."""
    story: str = ""
    """For whoever points at it."""


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    source: str
    target: str
    kind: LineKind = "flow"
    label: str = ""
    tail: Tail = ""
    count: int = 0
    """How often it was gone along."""
    heat: float | None = None


@dataclass(frozen=True, slots=True)
class Spot:
    """Where something stands: its upper left corner and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> Point:
        return self.x + self.width / 2, self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def moved(self, dx: float, dy: float) -> Spot:
        return Spot(self.x + dx, self.y + dy, self.width, self.height)


@dataclass(slots=True)
class Plan:
    """Where everything stands.  Filled by a layout or by whoever knows, and only read after that."""

    spots: dict[str, Spot] = field(default_factory=dict)
    """By figure."""
    ways: dict[str, tuple[Point, ...]] = field(default_factory=dict)
    """By line: the corners from its source to its target."""
    labels: dict[str, Spot] = field(default_factory=dict)
    """By figure or line: where its label stands, if not in its usual place."""

    def extent(self) -> Spot:
        """What holds all figures, lines and labels."""
        spots = [*self.spots.values(), *self.labels.values()]
        points = [point for way in self.ways.values() for point in way]
        xs = [*(each.x for each in spots), *(each.right for each in spots), *(x for x, _ in points)]
        ys = [*(each.y for each in spots), *(each.bottom for each in spots), *(y for _, y in points)]
        if not xs:
            return Spot(0.0, 0.0, 0.0, 0.0)
        return Spot(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


@dataclass(frozen=True, slots=True)
class Flowchart:
    """Figures and lines in the order of their definition.

    Raises ValueError when two figures have one id, or a line names a figure that is not there.
    """

    figures: tuple[Figure, ...]
    lines: tuple[Line, ...] = ()
    given: Plan | None = None
    """Where everything stands, where that is known; None: it is to be laid out."""

    def __post_init__(self) -> None:
        ids = [figure.id for figure, _ in self.all_figures()]
        known = set(ids)
        if len(known) < len(ids):
            raise ValueError("two figures of the chart have the same id")
        for line in self.lines:
            for end in (line.source, line.target):
                if end not in known:
                    raise ValueError(f"the line {line.id!r} ends at {end!r}, which is no figure")

    def all_figures(self) -> Iterator[tuple[Figure, str]]:
        """Each figure with the id of the one around it, from the outside in."""
        waiting = [(figure, "") for figure in reversed(self.figures)]
        while waiting:
            figure, around = waiting.pop()
            yield figure, around
            waiting += [(inner, figure.id) for inner in reversed(figure.inside)]

    def by_id(self) -> Mapping[str, Figure]:
        return {figure.id: figure for figure, _ in self.all_figures()}
