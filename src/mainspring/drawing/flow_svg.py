"""A flowchart as SVG."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from mainspring.drawing.channels import middle_of
from mainspring.drawing.figures import (
    CIRCLE,
    ICON_ROOM,
    MARK,
    MARKS_ROOM,
    SMALL_LINE,
    SMALL_SIZE,
    TEXT_LINE,
    TEXT_SIZE,
    label_lines,
    line_label_lines,
    line_label_size,
    text_lines,
    usual_label,
)
from mainspring.drawing.flow_layout import BAND_HEADING, lay_out
from mainspring.drawing.flowchart import Figure, Flowchart, Line, Plan, Spot
from mainspring.drawing.icons import ICONS
from mainspring.drawing.routes import Point
from mainspring.drawing.svg import counted, pair, rectangle
from mainspring.drawing.text import escaped, fitted, lines_of, width_of
from mainspring.drawing.theme import document, number

MARGIN = 24.0
HEADING_ROOM = 34.0
ARROW = 10.0
HEAT_MIN = 0.08
"""How much of the colour the coolest has that was visited at all."""
AROUND = 0.3
"""The same of what is around others, whose own colours are to be seen on it."""
CORNER = 6.0
"""The radius of a way's corners."""

RULES = (
    ".heading{font-size:16px;font-weight:600}",
    ".box{stroke-width:1.4}",
    ".thick{stroke-width:3.4}",
    ".lit{stroke-width:2.2}",
    ".lit.thick{stroke-width:3.8}",
    ".dashed{stroke-dasharray:5 4}",
    ".frame{fill:none;stroke-width:1.4;stroke-dasharray:9 4 2 4}",
    ".open{fill:none;stroke-width:1.4}",
    ".way{fill:none;stroke-width:1.4;stroke-linejoin:round}",
    ".way.gone{stroke-width:2}",
    ".message{stroke-dasharray:7 4}",
    ".dotted{stroke-dasharray:1.5 3.5;stroke-linecap:round}",
    ".icon{stroke-width:1.3;stroke-linejoin:round}",
    ".hollow{fill:none}",
    f".text{{font-size:{TEXT_SIZE:g}px;text-anchor:middle}}",
    f".small{{font-size:{SMALL_SIZE:g}px;text-anchor:middle}}",
    ".start{text-anchor:start}",
    ".title{font-size:12px;font-weight:600}",
    ".badge{font-size:10px;font-weight:600;text-anchor:middle}",
)


def draw(chart: Flowchart, *, title: str = "") -> str:
    """An SVG document; laid out where nobody has said where everything stands."""
    plan = lay_out(chart) if chart.given is None else chart.given
    extent = plan.extent()
    top = MARGIN + (HEADING_ROOM if title else 0.0)
    width = max(extent.width, 8.6 * min(len(title), 80)) + 2 * MARGIN
    heading = f'<text class="heading f-ink" x="{number(MARGIN)}" y="{number(MARGIN + 12)}">{escaped(title)}</text>'
    shift = f"translate({number(MARGIN - extent.x)} {number(top - extent.y)})"
    return document(
        [*([heading] if title else []), f'<g transform="{shift}">', *drawn(chart, plan), "</g>"],
        width=width,
        height=extent.height + top + MARGIN,
        title=title or "Process",
        description=describe(chart),
        rules=RULES,
    )


def describe(chart: Flowchart) -> str:
    figures = [figure for figure, _ in chart.all_figures()]
    size = f"{counted(len(figures), 'figure')} and {counted(len(chart.lines), 'line')}"
    told = [
        f"{figure.label or figure.id}: {figure.status}" for figure in figures if figure.status in ("running", "failed")
    ]
    return f"{size}; {'; '.join(told)}." if told else f"{size}."


def drawn(chart: Flowchart, plan: Plan) -> Iterator[str]:
    """From the back to the front: what is around others, lines, figures, what stands on borders, labels, badges."""
    shown = [figure for figure, _ in chart.all_figures() if figure.id in plan.spots]
    back = [figure for figure in shown if figure.inside or figure.form == "band"]
    front = [figure for figure in shown if not figure.inside and figure.form != "band"]
    for figure in [*back]:
        yield from draw_figure(figure, plan)
    for line in chart.lines:
        if len(plan.ways.get(line.id, ())) > 1:
            yield from draw_line(line, plan.ways[line.id])
    edges = {figure.on for figure in front}
    for figure in sorted(front, key=lambda figure: bool(figure.on)):
        yield from draw_figure(figure, plan, has_edge=figure.id in edges)
    for line in chart.lines:
        yield from draw_line_label(line, plan)
    for figure in shown:
        yield from draw_label(figure, plan)
        yield from draw_badges(figure, plan.spots[figure.id])


# --- Figures ------------------------------------------------------------------------------------


def draw_figure(figure: Figure, plan: Plan, *, has_edge: bool = False) -> Iterator[str]:
    """`has_edge`: something stands on its border."""
    spot = plan.spots[figure.id]
    story = figure.story or " · ".join(part for part in (figure.label or figure.id, figure.note, figure.status) if part)
    yield f"<g><title>{escaped(story)}</title>"
    stroke = (
        f"s-{figure.status} lit"
        if figure.status not in ("", "pending")
        else "s-line"
        if figure.form == "band"
        else "s-quiet"
    )
    fill = f"f-{figure.status}-tint" if figure.status and not figure.inside else "f-card"
    classes = f"box {fill} {stroke}{' dashed' if figure.is_dashed else ''}"
    match figure.form:
        case "circle":
            yield from draw_circle(figure, spot, classes)
        case "diamond":
            yield from draw_diamond(figure, spot, classes)
        case "box":
            yield from draw_box(figure, spot, classes, has_edge=has_edge)
        case "band":
            yield from draw_band(figure, spot, classes)
        case "group":
            yield f'<rect class="frame s-quiet" {sides(spot)} rx="10"/>'
        case "note":
            yield from draw_note(figure, spot)
        case "page" | "drum":
            yield from draw_data(figure, spot, stroke)
    yield "</g>"


def sides(spot: Spot) -> str:
    return f'x="{number(spot.x)}" y="{number(spot.y)}" width="{number(spot.width)}" height="{number(spot.height)}"'


def ring(spot: Spot, inset: float, classes: str, more: str = "") -> str:
    x, y = spot.middle
    return f'<circle class="{classes}" cx="{number(x)}" cy="{number(y)}" r="{number(spot.width / 2 - inset)}"{more}/>'


def draw_circle(figure: Figure, spot: Spot, classes: str) -> Iterator[str]:
    yield ring(spot, 0.0, f"{classes}{' thick' if figure.border == 'thick' else ''}")
    if figure.heat is not None:
        yield ring(spot, 0.0, "f-series-1", f' fill-opacity="{number(warmth(figure.heat))}"')
    if figure.border == "double":
        yield ring(spot, 3.4, f"hollow {classes.replace('f-card', '')}")
    yield from draw_icon(figure, spot.middle, spot.width / 36 * 0.92)


def draw_diamond(figure: Figure, spot: Spot, classes: str) -> Iterator[str]:
    x, y = spot.middle
    outline = f"M{pair((x, spot.y))}L{pair((spot.right, y))}L{pair((x, spot.bottom))}L{pair((spot.x, y))}Z"
    yield f'<path class="{classes}" stroke-linejoin="round" d="{outline}"/>'
    if figure.heat is not None:
        yield f'<path class="f-series-1" fill-opacity="{number(warmth(figure.heat))}" d="{outline}"/>'
    yield from draw_icon(figure, (x, y), spot.width / 50)


def draw_icon(figure: Figure, middle: Point, scale: float) -> Iterator[str]:
    icon = ICONS.get(figure.icon)
    if icon is None:
        return
    at = f'transform="translate({pair(middle)}) scale({number(scale)})"'
    solid = icon.is_solid or figure.is_filled
    if icon.outline:
        fill = "f-ink" if solid else "f-card"
        yield f'<path class="icon {fill} s-ink" fill-rule="evenodd" {at} d="{icon.outline}"/>'
    if icon.details:
        stroke = "s-card" if solid else "s-ink"
        yield f'<path class="icon hollow {stroke}" {at} d="{icon.details}"/>'


def draw_box(figure: Figure, spot: Spot, classes: str, *, has_edge: bool) -> Iterator[str]:
    thick = " thick" if figure.border == "thick" else ""
    yield rectangle(spot.x, spot.y, spot.width, spot.height, radius=9, classes=f"{classes}{thick}")
    if figure.heat is not None:
        paler = AROUND if figure.inside else 1.0
        more = f'fill-opacity="{number(paler * warmth(figure.heat))}"'
        yield f'<rect class="f-series-1" {sides(spot)} rx="9" {more}/>'
    if figure.border == "double":
        inner = spot.x + 3.5, spot.y + 3.5, spot.width - 7, spot.height - 7
        yield rectangle(*inner, radius=6, classes=f"hollow {classes.replace('f-card', '')}")
    yield from draw_icon(figure, (spot.x + 15, spot.y + 15), 0.8)
    left = spot.middle[0] - MARK * 1.2 * (len(figure.marks) - 1) / 2
    for index, mark in enumerate(figure.marks):
        middle = left + MARK * 1.2 * index, spot.bottom - 12
        yield from draw_icon(Figure(mark, icon=mark), middle, 0.66)
    if figure.inside:
        [name] = lines_of(figure.label, size=TEXT_SIZE * 1.06, width_max=spot.width - 24, count_max=1) or [""]
        yield f'<text class="title f-ink" x="{number(spot.x + 12)}" y="{number(spot.y + 19)}">{escaped(name)}</text>'
        return
    notes = [figure.note] if figure.note and not has_edge else []
    if figure.note and has_edge:  # in the corner: what stands on the border would cover it
        left, y = spot.right - 8 - width_of(figure.note, SMALL_SIZE) / 2, spot.bottom - 6
        yield f'<text class="small f-quiet" x="{number(left)}" y="{number(y)}">{escaped(figure.note)}</text>'
    low, high = (
        spot.y + (ICON_ROOM if figure.icon else 4.0),
        spot.bottom - (MARKS_ROOM if figure.marks else CIRCLE / 2 if has_edge else 4.0),
    )
    room = high - low - SMALL_LINE * len(notes)
    lines = text_lines(figure, max(30.0, spot.width - 12), max(1, int(room // TEXT_LINE)))
    height = TEXT_LINE * len(lines) + SMALL_LINE * len(notes)
    y = max(low, min(spot.middle[1] - height / 2, high - height))
    x = number(spot.middle[0])
    for line in lines:
        y += TEXT_LINE
        yield f'<text class="text f-ink" x="{x}" y="{number(y - 3.5)}">{escaped(line)}</text>'
    for line in notes:
        y += SMALL_LINE
        yield f'<text class="small f-quiet" x="{x}" y="{number(y - 2)}">{escaped(line)}</text>'


def warmth(heat: float) -> float:
    return HEAT_MIN + (0.85 - HEAT_MIN) * heat if heat else 0.0


def draw_band(figure: Figure, spot: Spot, classes: str) -> Iterator[str]:
    yield f'<rect class="{classes.replace("f-card", "f-paper")}" {sides(spot)}/>'
    if not figure.inside and spot.width > 3 * spot.height / 2 and spot.height < 2 * BAND_HEADING + 4:
        x, y = spot.middle
        yield f'<text class="text title f-ink" x="{number(x)}" y="{number(y + 4)}">{escaped(figure.label)}</text>'
        return
    x = spot.x + BAND_HEADING
    yield f'<path class="{classes}" d="M{number(x)} {number(spot.y)}V{number(spot.bottom)}"/>'
    name = fitted(figure.label, size=TEXT_SIZE * 1.12, width_max=spot.height - 8)
    at = f"translate({number(spot.x + BAND_HEADING / 2 + 4)} {number(spot.middle[1])}) rotate(-90)"
    yield f'<text class="text title f-ink" transform="{at}">{escaped(name)}</text>'


def draw_note(figure: Figure, spot: Spot) -> Iterator[str]:
    x, y = number(spot.x), number(spot.y)
    yield f'<path class="open s-quiet" d="M{number(spot.x + 14)} {y}H{x}V{number(spot.bottom)}h14"/>'
    lines = lines_of(figure.label, size=SMALL_SIZE, width_max=max(30.0, spot.width - 12), count_max=12)
    for index, line in enumerate(lines):
        at = spot.y + 6 + SMALL_LINE * (index + 0.75)
        yield f'<text class="small start f-ink" x="{number(spot.x + 8)}" y="{number(at)}">{escaped(line)}</text>'


def draw_data(figure: Figure, spot: Spot, stroke: str) -> Iterator[str]:
    x, y, width, height = spot.x, spot.y, spot.width, spot.height
    if figure.form == "page":
        fold = width / 3
        outline = (
            f"M{pair((x, y))}h{number(width - fold)}l{number(fold)} {number(fold)}V{number(y + height)}H{number(x)}Z"
        )
        lines = f"M{pair((x + width - fold, y))}v{number(fold)}h{number(fold)}"
    else:
        lip = height / 7
        curve = f"a{number(width / 2)} {number(lip)} 0 0 0 {number(width)} 0"
        outline = f"M{pair((x, y + lip))}v{number(height - 2 * lip)}{curve}v{number(2 * lip - height)}"
        outline += f"a{number(width / 2)} {number(lip)} 0 0 0 {number(-width)} 0Z"
        lines = f"M{pair((x, y + lip))}{curve}M{pair((x, y + 1.8 * lip))}{curve}"
    yield f'<path class="box f-card {stroke}" stroke-linejoin="round" d="{outline}"/>'
    yield f'<path class="open {stroke}" stroke-linejoin="round" d="{lines}"/>'
    for mark in figure.marks:
        yield from draw_icon(Figure(mark, icon=mark), (spot.middle[0], spot.bottom - 9), 0.6)


# --- Labels and badges --------------------------------------------------------------------------


def draw_label(figure: Figure, plan: Plan) -> Iterator[str]:
    """What stands beside a figure, with its note."""
    if figure.form not in ("circle", "diamond", "page", "drum", "group"):
        return
    spot = plan.spots[figure.id]
    place = plan.labels.get(figure.id) or usual_label(figure, spot)
    lines = label_lines(figure, max(place.width + 4, 40.0))
    x, y = place.middle[0], place.y
    for line in lines:
        y += SMALL_LINE
        yield f'<text class="small f-ink" x="{number(x)}" y="{number(y - 3)}">{escaped(line)}</text>'
    if figure.note:
        y += SMALL_LINE
        yield f'<text class="small f-quiet" x="{number(x)}" y="{number(y - 3)}">{escaped(figure.note)}</text>'


def draw_badges(figure: Figure, spot: Spot) -> Iterator[str]:
    """How many are here now at the upper left, how many have been here at the upper right; alerts before these."""
    is_round = figure.form in ("circle", "diamond")
    inset = 4.0 if is_round else 0.0
    x, y = spot.right - inset, spot.y + inset
    if figure.count:
        told = f"{figure.count:,}"
        width = 9.0 + 6.2 * len(told)
        yield rectangle(x - width + 9, y - 8, width, 16, radius=8, classes="box f-card s-quiet")
        yield f'<text class="badge f-ink" x="{number(x - width / 2 + 9)}" y="{number(y + 3.6)}">{told}</text>'
    x = spot.x + inset
    if figure.dots:
        yield f'<circle class="f-running" cx="{number(x)}" cy="{number(y)}" r="9"/>'
        told = str(figure.dots) if figure.dots < 100 else "99+"
        yield f'<text class="badge f-paper" x="{number(x)}" y="{number(y + 3.6)}">{told}</text>'
        x += 36.0 if figure.icon and not is_round else 21.0  # beside the icon, not on it
    if figure.alert:
        yield f"<g><title>{escaped(figure.alert)}</title>"
        yield f'<circle class="f-failed" cx="{number(x)}" cy="{number(y)}" r="9"/>'
        yield f'<text class="badge f-paper" x="{number(x)}" y="{number(y + 3.8)}">!</text></g>'


# --- Lines --------------------------------------------------------------------------------------


def draw_line(line: Line, way: tuple[Point, ...]) -> Iterator[str]:
    stroke = "s-completed gone" if line.count and line.heat is None else "s-quiet"
    fill = "f-completed" if line.count and line.heat is None else "f-quiet"
    style = {"message": " message", "link": " dotted", "arrow": " dotted"}.get(line.kind, "")
    wide = f' style="stroke-width:{number(1.4 + 5 * line.heat)}px"' if line.heat else ""
    yield f'<path class="way {stroke}{style}"{wide} d="{rounded(way, ends_in_arrow=line.kind == "flow")}"/>'
    tip, before = way[-1], way[-2]
    if line.kind == "flow":
        yield f'<path class="{fill}" d="{head(tip, before, is_open=False)}"/>'
    elif line.kind == "message":
        yield f'<path class="box f-paper s-quiet" stroke-linejoin="round" d="{head(tip, before, is_open=False)}"/>'
        (dx, dy), (x, y) = unit(way[0], way[1]), way[0]
        x, y = x + 4 * dx, y + 4 * dy
        yield f'<circle class="box f-paper s-quiet" cx="{number(x)}" cy="{number(y)}" r="4"/>'
    elif line.kind == "arrow":
        yield f'<path class="open s-quiet" d="{head(tip, before, is_open=True)}"/>'
    yield from draw_tail(line, way[0], way[1], stroke)


def unit(start: Point, end: Point) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = (dx * dx + dy * dy) ** 0.5 or 1.0
    return dx / length, dy / length


def head(tip: Point, before: Point, *, is_open: bool) -> str:
    (dx, dy), (x, y) = unit(before, tip), tip
    back, half = (x - dx * ARROW, y - dy * ARROW), ARROW * 0.42
    one, other = (back[0] - dy * half, back[1] + dx * half), (back[0] + dy * half, back[1] - dx * half)
    return f"M{pair(one)}L{pair(tip)}L{pair(other)}{'' if is_open else 'Z'}"


def draw_tail(line: Line, start: Point, after: Point, stroke: str) -> Iterator[str]:
    (dx, dy), (x, y) = unit(start, after), start
    if line.tail == "slash":
        x, y = x + dx * 10, y + dy * 10
        one, other = (x + dx * 4 - dy * 5, y + dy * 4 + dx * 5), (x - dx * 4 + dy * 5, y - dy * 4 - dx * 5)
        yield f'<path class="way {stroke}" d="M{pair(one)}L{pair(other)}"/>'
    elif line.tail == "diamond":
        side, end = (x + dx * 8, y + dy * 8), (x + dx * 16, y + dy * 16)
        one, other = (side[0] - dy * 4.5, side[1] + dx * 4.5), (side[0] + dy * 4.5, side[1] - dx * 4.5)
        yield f'<path class="box f-paper {stroke}" d="M{pair(start)}L{pair(one)}L{pair(end)}L{pair(other)}Z"/>'


def rounded(way: tuple[Point, ...], *, ends_in_arrow: bool) -> str:
    """A way with round corners, a little short of its tip where an arrow stands there."""
    points = list(way)
    if ends_in_arrow:
        dx, dy = unit(points[-2], points[-1])
        points[-1] = points[-1][0] - dx * ARROW * 0.7, points[-1][1] - dy * ARROW * 0.7
    parts = [f"M{pair(points[0])}"]
    for (before, corner), (_, after) in pairwise(pairwise(points)):
        radius = min(
            CORNER, *(abs(a[0] - b[0]) / 2 + abs(a[1] - b[1]) / 2 for a, b in ((before, corner), (corner, after)))
        )
        one, other = unit(corner, before), unit(corner, after)
        start = corner[0] + one[0] * radius, corner[1] + one[1] * radius
        end = corner[0] + other[0] * radius, corner[1] + other[1] * radius
        parts.append(f"L{pair(start)}Q{pair(corner)} {pair(end)}")
    return f"{''.join(parts)}L{pair(points[-1])}"


def draw_line_label(line: Line, plan: Plan) -> Iterator[str]:
    place = plan.labels.get(line.id)
    lines = line_label_lines(line)
    if not lines or line.id not in plan.ways:
        return
    if place is None:
        (x, y), (width, height) = middle_of(plan.ways[line.id]), line_label_size(line)
        place = Spot(x - width / 2, y - height / 2, width, height)
    x, y = place.middle[0], place.middle[1] - SMALL_LINE * len(lines) / 2
    width = line_label_size(line)[0]
    yield f"<g><title>{escaped(line.label)}</title>"
    yield rectangle(x - width / 2 - 1, y - 1, width + 2, SMALL_LINE * len(lines) + 2, radius=4, classes="f-paper")
    for each in lines:
        y += SMALL_LINE
        yield f'<text class="small f-quiet" x="{number(x)}" y="{number(y - 3)}">{escaped(each)}</text>'
    yield "</g>"
