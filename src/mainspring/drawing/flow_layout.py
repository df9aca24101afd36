"""The layout of a flowchart: from left to right, boxes with what is inside them, bands one below the other.

Sizes and places are found from the inside out.  Figures that lines join are laid out together (`columns`, `channels`);
groups that nothing joins stand one below the other.  Lines between what is inside different boxes go round all figures
(`detours`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mainspring.drawing.channels import channels
from mainspring.drawing.columns import Cell, Tie, columns
from mainspring.drawing.detours import detours
from mainspring.drawing.figures import (
    CIRCLE,
    HEADING,
    LABEL_GAP,
    MARKS_ROOM,
    SMALL_LINE,
    core_of,
    label_size,
    line_label_size,
    usual_label,
)
from mainspring.drawing.flowchart import Figure, Flowchart, Line, Plan, Spot
from mainspring.drawing.lattice import Box
from mainspring.drawing.routes import Point

PADDING = 20.0
PART_GAP = 34.0
"""Between groups that nothing joins."""
BAND_HEADING = 30.0
"""At the left of a band, for its name."""
BAND_PADDING = 24.0
BAND_GAP = 56.0
"""Between bands that are not inside another, for the lines between them."""
CLOSED_BAND = 60.0
"""The height of a band with nothing in it."""
CORRIDOR = 14.0
"""Below a box, for each line out of a circle at its border."""
PORCH_GAP = 22.0
"""Between two circles at the border of a box."""
BESIDE = ("note",)
"""Forms that stand above what they are about."""


class Porch(NamedTuple):
    """Circles at the lower border of a box."""

    circles: tuple[Figure, ...] = ()
    offsets: tuple[float, ...] = ()
    """From the left of the box to their middles."""
    width: float = 0.0
    label_height: float = 0.0

    @property
    def height(self) -> float:
        """Below the border."""
        if not self.circles:
            return 0.0
        return CIRCLE / 2 + LABEL_GAP + self.label_height + CORRIDOR * len(self.circles)

    def depth(self, index: int) -> float:
        """How far below the border the line out of a circle runs; the first one deepest, so that none is crossed."""
        return CIRCLE / 2 + LABEL_GAP + self.label_height + CORRIDOR * (len(self.circles) - index - 0.5)


@dataclass(slots=True)
class Block:
    """Something with all that is in it, from its own upper left corner."""

    width: float
    height: float
    plan: Plan = field(default_factory=Plan)

    def take(self, other: Plan, dx: float, dy: float) -> None:
        """The plan of something inside."""
        self.plan.spots |= {id: spot.moved(dx, dy) for id, spot in other.spots.items()}
        self.plan.labels |= {id: spot.moved(dx, dy) for id, spot in other.labels.items()}
        self.plan.ways |= {id: tuple((x + dx, y + dy) for x, y in way) for id, way in other.ways.items()}


def lay_out(chart: Flowchart) -> Plan:
    """Places for all figures, labels and lines, from (0, 0)."""
    layout = _Layout(chart)
    block = layout.pile(chart.figures)
    plan = block.plan
    plan.ways |= detours(chart, plan, [line for line in chart.lines if line.id not in plan.ways])
    return plan


class _Layout:
    def __init__(self, chart: Flowchart) -> None:
        self.figures = chart.by_id()
        self.around = {figure.id: around for figure, around in chart.all_figures()}
        self.porches: dict[str, list[Figure]] = {}
        for figure in self.figures.values():
            if figure.on in self.figures:
                self.porches.setdefault(figure.on, []).append(figure)
        self.lines: dict[str, list[Line]] = {}
        """By the box or the outermost band around both ends."""
        for line in chart.lines:
            if line.kind != "message":
                source, target = self.field(line.source), self.field(line.target)
                if source == target:
                    self.lines.setdefault(source, []).append(line)

    def field(self, id: str) -> str:
        """The box, or the outermost band, that a figure is laid out in."""
        around = self.around[self.host(id)]
        while around and self.figures[around].form == "band" and self.around[around]:
            around = self.around[around]
        return around

    def host(self, id: str) -> str:
        on = self.figures[id].on
        return on if on in self.figures else id

    # --- What stands below each other -----------------------------------------------------------

    def pile(self, figures: Sequence[Figure]) -> Block:
        """Bands, and what else is in the chart."""
        bands = [figure for figure in figures if figure.form == "band"]
        others = [figure for figure in figures if figure.form != "band"]
        blocks = [(band, self.band(band)) for band in bands]
        width = max((block.width for _, block in blocks), default=0.0)
        made = Block(width, 0.0)
        for band, block in blocks:
            made.height += BAND_GAP if made.height else 0.0
            made.take(block.plan, 0.0, made.height)
            made.plan.spots[band.id] = Spot(0.0, made.height, width, block.height)
            for inner in lanes_of(band):  # as wide as the widest
                spot = made.plan.spots[inner.id]
                made.plan.spots[inner.id] = Spot(spot.x, spot.y, width - spot.x, spot.height)
            made.height += block.height
        if others:
            rest = self.inside("", others)
            made.height += BAND_GAP if made.height else 0.0
            made.take(rest.plan, 0.0, made.height)
            made.width, made.height = max(made.width, rest.width), made.height + rest.height
        return made

    def band(self, band: Figure) -> Block:
        if not band.inside:
            return Block(2 * BAND_HEADING, CLOSED_BAND)
        leaves = [lane for lane in lanes_of(band) if not any(each.form == "band" for each in lane.inside)]
        depths = {lane.id: depth for lane, depth in with_depth(band)}
        left = BAND_HEADING * (1 + max(depths.values(), default=0))
        if leaves:
            return self.lanes(band, leaves, depths, left)
        inner = self.inside(band.id, band.inside)
        made = Block(left + inner.width + 2 * BAND_PADDING, inner.height + 2 * BAND_PADDING)
        made.take(inner.plan, left + BAND_PADDING, BAND_PADDING)
        return made

    def lanes(self, band: Figure, leaves: Sequence[Figure], depths: dict[str, int], left: float) -> Block:
        """All lanes of a band together; what is in none of them goes into the first."""
        loose = [figure for figure in band.inside if figure.form != "band"]
        groups = [[*leaf.inside, *(loose if number == 0 else [])] for number, leaf in enumerate(leaves)]
        inner, extents = self.joined(band.id, [each for group in groups for each in group], groups)
        made = Block(left + inner.width + 2 * BAND_PADDING, inner.height)
        made.take(inner.plan, left + BAND_PADDING, 0.0)
        spots = made.plan.spots
        for leaf, (top, bottom) in zip(leaves, extents, strict=True):
            x = BAND_HEADING * depths[leaf.id]
            spots[leaf.id] = Spot(x, top, made.width - x, bottom - top)
        for lane in reversed(list(lanes_of(band))):
            inside = [spots[each.id] for each in lane.inside if each.form == "band"]
            if inside:
                x = BAND_HEADING * depths[lane.id]
                top, bottom = min(each.y for each in inside), max(each.bottom for each in inside)
                spots[lane.id] = Spot(x, top, made.width - x, bottom - top)
        return made

    def inside(self, around: str, figures: Sequence[Figure]) -> Block:
        """Groups that lines join, one below the other; then, side by side, what is only there to be read."""
        made = Block(0.0, 0.0)
        for group in self.groups(around, figures):
            block, _ = self.joined(around, group)
            made.height += PART_GAP if made.height else 0.0
            made.take(block.plan, 0.0, made.height)
            made.width, made.height = max(made.width, block.width), made.height + block.height
        return made

    def groups(self, around: str, figures: Sequence[Figure]) -> list[list[Figure]]:
        root = {figure.id: figure.id for figure in figures}

        def find(id: str) -> str:
            while root[id] != id:
                root[id] = root[root[id]]
                id = root[id]
            return id

        for line in self.lines.get(around, ()):
            source, target = self.host(line.source), self.host(line.target)
            if source in root and target in root:
                root[find(target)] = find(source)
        for figure in figures:
            if figure.on in root:
                root[find(figure.id)] = find(figure.on)
        found: dict[str, list[Figure]] = {}
        loose: list[Figure] = []
        for figure in figures:
            if (
                find(figure.id) == figure.id
                and figure.form in ("page", "drum", "note")
                and not self.is_joined(around, figure)
            ):
                loose.append(figure)
            else:
                found.setdefault(find(figure.id), []).append(figure)
        return [*found.values(), *([loose] if loose else [])]

    def is_joined(self, around: str, figure: Figure) -> bool:
        return any(figure.id in (line.source, line.target) for line in self.lines.get(around, ()))

    # --- What lines join ------------------------------------------------------------------------

    def joined(
        self, around: str, figures: Sequence[Figure], groups: Sequence[Sequence[Figure]] = ()
    ) -> tuple[Block, list[tuple[float, float]]]:
        """Figures in columns; with the top and bottom of each of the groups, which are bands."""
        standing = [figure for figure in figures if figure.on not in self.figures]
        number = {figure.id: index for index, figure in enumerate(standing)}
        blocks = [self.block(figure) for figure in standing]
        porches = [self.porch(figure) for figure in standing]
        cells = [self.cell(*each) for each in zip(standing, blocks, porches, strict=True)]
        band_of = [index for index, group in enumerate(groups) for figure in group if figure.id in number]
        lines = [
            line
            for line in self.lines.get(around, ())
            if self.host(line.source) in number and self.host(line.target) in number
        ]
        riders = dict(self.riders(lines, number))
        for rider, host in riders.items() if groups else ():
            band_of[rider] = band_of[host]
        tied = [line for line in lines if not {number.get(line.source), number.get(line.target)} & riders.keys()]
        ties = [self.tie(line, number, blocks, porches) for line in tied]
        found = columns(cells, ties, bands=band_of, band_count=len(groups), riders=riders)
        ways = channels(found, cells, ties)
        made = Block(ways.width, found.height)
        for index, figure in enumerate(standing):
            x, y = ways.xs[found.lattice.rows[index]], found.centres[index]
            core = cells[index].core
            spot = Spot(x - core.width / 2, y - core.height / 2, core.width, core.height)
            made.plan.spots[figure.id] = spot
            made.take(blocks[index].plan, spot.x, spot.y)
            self.seat(made, porches[index], spot)
            if figure.form in ("circle", "diamond", "page", "drum") and label_size(figure).height:
                taken = (index, True) in ways.tips, (index, False) in ways.tips
                made.plan.labels[figure.id] = usual_label(figure, spot, is_top_taken=taken[0], is_bottom_taken=taken[1])
        for line, way, middle in zip(tied, ways.ways, ways.labels, strict=True):
            made.plan.ways[line.id] = way
            width, height = line_label_size(line)
            if width:
                made.plan.labels[line.id] = Spot(middle[0] - width / 2, middle[1] - height / 2, width, height)
        return made, found.bands

    def riders(self, lines: Sequence[Line], number: dict[str, int]) -> Iterator[tuple[int, int]]:
        """Notes, and what they are about."""
        for line in lines:
            for rider, host in ((line.source, line.target), (line.target, line.source)):
                if self.figures[rider].form in BESIDE and self.figures[host].form not in BESIDE:
                    yield number[rider], number[self.host(host)]
                    break

    def block(self, figure: Figure) -> Block:
        """A figure with what is inside it."""
        core = core_of(figure)
        if not figure.inside:
            return Block(core.width, core.height)
        inner = self.inside(figure.id, figure.inside)
        below = MARKS_ROOM + 4.0 if figure.marks else PADDING
        made = Block(max(core.width, inner.width + 2 * PADDING), max(core.height, inner.height + HEADING + below))
        made.take(inner.plan, (made.width - inner.width) / 2, HEADING)
        return made

    def cell(self, figure: Figure, block: Block, porch: Porch) -> Cell:
        block.width = max(block.width, porch.width)
        core = Box(block.width, block.height)
        label = label_size(figure) if figure.form not in ("box", "note", "group", "band") else Box(0.0, 0.0)
        outside = label.height + LABEL_GAP if label.height else 0.0
        return Cell(
            max(core.width, label.width),
            core.height + 2 * max(outside, porch.height),
            core,
            has_tips=figure.form == "diamond",
            is_bottom_free=not porch.circles and not label.height,
        )

    def porch(self, figure: Figure) -> Porch:
        circles = tuple(self.porches.get(figure.id, ()))
        if not circles:
            return Porch()
        offsets, at = [], 14.0
        for circle in circles:
            offsets.append(at + CIRCLE / 2)
            at += max(CIRCLE, CIRCLE / 2 + 8 + label_size(circle).width) + PORCH_GAP
        label_height = max(label_size(circle).height for circle in circles)
        return Porch(circles, tuple(offsets), at, max(SMALL_LINE, label_height))

    def seat(self, made: Block, porch: Porch, spot: Spot) -> None:
        for circle, offset in zip(porch.circles, porch.offsets, strict=True):
            seat = Spot(spot.x + offset - CIRCLE / 2, spot.bottom - CIRCLE / 2, CIRCLE, CIRCLE)
            made.plan.spots[circle.id] = seat
            size = label_size(circle)
            if size.height:
                made.plan.labels[circle.id] = Spot(seat.middle[0] + 7, seat.bottom + 1, size.width, size.height)

    def tie(self, line: Line, number: dict[str, int], blocks: Sequence[Block], porches: Sequence[Porch]) -> Tie:
        source, target = number[self.host(line.source)], number[self.host(line.target)]
        start: tuple[Point, ...] = ()
        if line.source not in number:
            porch, block = porches[source], blocks[source]
            index = next(index for index, circle in enumerate(porch.circles) if circle.id == line.source)
            x, bottom = porch.offsets[index] - block.width / 2, block.height / 2
            start = ((x, bottom + CIRCLE / 2), (x, bottom + porch.depth(index)))
        return Tie(source, target, line_label_size(line), start)


def lanes_of(band: Figure) -> Iterator[Figure]:
    """The bands in a band, from the outside in."""
    for figure in band.inside:
        if figure.form == "band":
            yield figure
            yield from lanes_of(figure)


def with_depth(band: Figure, depth: int = 1) -> Iterator[tuple[Figure, int]]:
    for figure in band.inside:
        if figure.form == "band":
            yield figure, depth
            yield from with_depth(figure, depth + 1)
