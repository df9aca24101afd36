"""A graph as SVG: readable at once, light and dark, without scripts, and told in words to those who cannot see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from mainspring.drawing.graph import STATUSES, Edge, Graph, Node, Shape, shape_of
from mainspring.drawing.lattice import Box, Link
from mainspring.drawing.layers import Direction, Layout, layout
from mainspring.drawing.routes import Place, Point, Route
from mainspring.drawing.text import escaped, lines_of, width_of
from mainspring.drawing.theme import SIGN_RULE, document, number, sign

LABEL_SIZE = 13.0
LABEL_LINE = 17.0
NOTE_SIZE = 11.0
NOTE_LINE = 15.0
LABEL_WIDTH_MAX = 190.0
LABEL_LINES_MAX = 2
EDGE_LABEL_SIZE = 11.0
EDGE_LABEL_WIDTH_MAX = 150.0
PADDING_X, PADDING_Y = 14.0, 10.0
WIDTH_MIN = 72.0
SIGN_ROOM = 22.0
MARGIN = 24.0
HEADING = 34.0
ARROW_LENGTH, ARROW_HALF = 7.0, 3.6
STACK_STEP = 4.0
SCREEN_WIDTH = 1280.0
"""A wider picture is laid on its side if that makes it narrower: a page scrolls downward."""

RULES = (
    ".heading{font-size:16px;font-weight:600}",
    f".label{{font-size:{LABEL_SIZE:g}px;font-weight:500}}",
    f".note{{font-size:{NOTE_SIZE:g}px}}",
    f".edge-label{{font-size:{EDGE_LABEL_SIZE:g}px;text-anchor:middle}}",
    ".box{stroke-width:1.4}",
    ".way{fill:none;stroke-width:1.4}",
    ".dashed{stroke-dasharray:5 4}",
    SIGN_RULE,
)


@dataclass(frozen=True, slots=True)
class Caption:
    """A node's text, broken into lines."""

    lines: tuple[str, ...]
    notes: tuple[str, ...]
    width: float

    @property
    def height(self) -> float:
        return LABEL_LINE * len(self.lines) + NOTE_LINE * len(self.notes)


def draw(graph: Graph, *, title: str = "", direction: Direction | None = None) -> str:
    """An SVG document of the graph; without a direction, downward unless that is too wide for a screen.

    Labels that are too long are cut; the whole text is shown where the pointer rests.
    """
    captions = [caption_of(node) for node in graph.nodes]
    boxes = [box_of(node, caption) for node, caption in zip(graph.nodes, captions, strict=True)]
    plan, chosen = best_layout(boxes, links_of(graph), direction)
    top = MARGIN + (HEADING if title else 0.0)
    width = max(plan.width, width_of(title, 17.0)) + 2 * MARGIN
    left = (width - plan.width) / 2
    body = [
        f'<text class="heading f-ink" x="{number(MARGIN)}" y="{number(MARGIN + 12)}">{escaped(title)}</text>'
        if title
        else "",
        f'<g transform="translate({number(left)} {number(top)})">',
        *(line for edge, route in zip(graph.edges, plan.routes, strict=True) for line in draw_way(edge, route, chosen)),
        *(
            line
            for node, caption, place in zip(graph.nodes, captions, plan.places, strict=True)
            for line in draw_node(node, caption, place)
        ),
        *(line for edge, route in zip(graph.edges, plan.routes, strict=True) for line in draw_edge_label(edge, route)),
        "</g>",
    ]
    return document(
        (line for line in body if line),
        width=width,
        height=plan.height + top + MARGIN,
        title=title or "Graph",
        description=describe(graph),
        rules=RULES,
    )


def best_layout(boxes: list[Box], links: list[Link], direction: Direction | None) -> tuple[Layout, Direction]:
    if direction:
        return layout(boxes, links, direction=direction), direction
    down = layout(boxes, links)
    if down.width <= SCREEN_WIDTH:
        return down, "down"
    right = layout(boxes, links, direction="right")
    return (right, "right") if right.width < down.width else (down, "down")


def describe(graph: Graph) -> str:
    counts = Counter(node.status for node in graph.nodes)
    statuses = ", ".join(f"{counts[status]} {status}" for status in STATUSES if status and counts[status])
    size = f"{counted(len(graph.nodes), 'node')} and {counted(len(graph.edges), 'edge')}"
    return f"{size}: {statuses}." if statuses else f"{size}."


def counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


# --- Sizes --------------------------------------------------------------------------------------


def caption_of(node: Node) -> Caption:
    if shape_of(node) == "dot":
        return Caption((), (), 0.0)
    lines = lines_of(node.text, size=LABEL_SIZE, width_max=LABEL_WIDTH_MAX, count_max=LABEL_LINES_MAX)
    notes = lines_of(node.note, size=NOTE_SIZE, width_max=LABEL_WIDTH_MAX, count_max=1) if node.note else []
    widths = [width_of(line, LABEL_SIZE) for line in lines] + [width_of(line, NOTE_SIZE) for line in notes]
    return Caption(tuple(lines), tuple(notes), max(widths))


def box_of(node: Node, caption: Caption) -> Box:
    width = max(WIDTH_MIN, caption.width + 2 * PADDING_X + (SIGN_ROOM if node.status else 0.0))
    height = caption.height + 2 * PADDING_Y
    match shape_of(node):
        case "dot":
            return Box(18.0, 18.0)
        case "diamond":  # text of a width and height fits into twice both, but its corners may stick out a little
            return Box(width * 1.35, height * 1.7)
        case "stack":
            return Box(width + 2 * STACK_STEP, height + 2 * STACK_STEP)
        case "frame":
            return Box(width + 8.0, height + 8.0)
        case "card" | "pill" | "round":
            return Box(width, height)


def links_of(graph: Graph) -> list[Link]:
    place = {node.id: index for index, node in enumerate(graph.nodes)}
    return [Link(place[edge.source], place[edge.target], *edge_label_size(edge)) for edge in graph.edges]


def edge_label_size(edge: Edge) -> tuple[float, float]:
    if not edge.label:
        return 0.0, 0.0
    return width_of(edge_label(edge), EDGE_LABEL_SIZE) + 10.0, EDGE_LABEL_SIZE + 7.0


def edge_label(edge: Edge) -> str:
    return lines_of(edge.label, size=EDGE_LABEL_SIZE, width_max=EDGE_LABEL_WIDTH_MAX, count_max=1)[0]


# --- Nodes --------------------------------------------------------------------------------------


def draw_node(node: Node, caption: Caption, place: Place) -> Iterator[str]:
    story = " · ".join(part for part in (node.text, node.note, node.status) if part)
    yield f"<g><title>{escaped(story)}</title>"
    yield from draw_shape(shape_of(node), place, classes_of(node))
    shift = SIGN_ROOM / 2 if node.status and caption.lines else 0.0
    forward = STACK_STEP if shape_of(node) == "stack" else 0.0  # the front card of a stack stands lower left
    x = place.x + place.width / 2 - forward
    y = place.y + (place.height - caption.height) / 2 + forward
    if shift:
        yield sign(node.status, x=x - caption.width / 2 - 5, y=y + caption.height / 2)
    anchor = f'x="{number(x + shift - caption.width / 2)}"' if shift else f'x="{number(x)}" text-anchor="middle"'
    for line in caption.lines:
        yield f'<text class="label f-ink" {anchor} y="{number(y + 13)}">{escaped(line)}</text>'
        y += LABEL_LINE
    for line in caption.notes:
        yield f'<text class="note f-quiet" {anchor} y="{number(y + 11)}">{escaped(line)}</text>'
        y += NOTE_LINE
    yield "</g>"


def classes_of(node: Node) -> str:
    if not node.status:
        return "box f-card s-line"
    dashed = " dashed" if node.status == "skipped" else ""
    return f"box f-{node.status}-tint s-{node.status}{dashed}"


def draw_shape(shape: Shape, place: Place, classes: str) -> Iterator[str]:
    x, y, width, height = place.x, place.y, place.width, place.height
    match shape:
        case "card":
            yield rectangle(x, y, width, height, radius=7, classes=classes)
        case "round":
            yield rectangle(x, y, width, height, radius=15, classes=classes)
        case "pill":
            yield rectangle(x, y, width, height, radius=height / 2, classes=classes)
        case "stack":
            for step in (2, 1, 0):
                offset = step * STACK_STEP
                size = width - 2 * STACK_STEP, height - 2 * STACK_STEP
                yield rectangle(x + offset, y + 2 * STACK_STEP - offset, *size, radius=7, classes=classes)
        case "frame":
            yield rectangle(x, y, width, height, radius=9, classes=classes)
            yield rectangle(x + 4, y + 4, width - 8, height - 8, radius=6, classes=classes)
        case "diamond":
            points = f"M{number(x + width / 2)} {number(y)}l{number(width / 2)} {number(height / 2)}"
            points += f"l{number(-width / 2)} {number(height / 2)}l{number(-width / 2)} {number(-height / 2)}Z"
            yield f'<path class="{classes}" stroke-linejoin="round" d="{points}"/>'
        case "dot":
            yield f'<circle class="f-ink" cx="{number(x + width / 2)}" cy="{number(y + height / 2)}" r="7"/>'


def rectangle(x: float, y: float, width: float, height: float, *, radius: float, classes: str) -> str:
    return (
        f'<rect class="{classes}" x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}" '
        f'rx="{number(radius)}"/>'
    )


# --- Edges --------------------------------------------------------------------------------------


def draw_way(edge: Edge, route: Route, direction: Direction) -> Iterator[str]:
    yield from arrow_and_line(route, direction, is_dashed=edge.style == "dashed")


def arrow_and_line(route: Route, direction: Direction, *, is_dashed: bool = False) -> Iterator[str]:
    points = list(route.points)
    end, before = points[-1], points[-2]
    along = 1 if direction == "down" else 0
    if route.is_loop:
        along = 1 - along
    step = (
        -ARROW_LENGTH
        if end[along] < before[along] or (end == before and points[-3][along] > end[along])
        else ARROW_LENGTH
    )
    points[-1] = (end[0], end[1] - step) if along else (end[0] - step, end[1])
    curve = loop_path(points) if route.is_loop else path(points, along)
    dashed = " dashed" if is_dashed else ""
    yield f'<path class="way s-line{dashed}" d="{curve}"/>'
    yield f'<path class="f-line" d="{arrow(end, step, along)}"/>'


def path(points: list[Point], along: int) -> str:
    """Straight, curve, straight, ... ; the curves leave and arrive in the direction of the rows."""
    parts = [f"M{pair(points[0])}"]
    for index, (start, end) in enumerate(pairwise(points)):
        if index % 2 == 0:
            if start != end:
                parts.append(f"L{pair(end)}")
        elif start[1 - along] == end[1 - along]:
            parts.append(f"L{pair(end)}")
        else:
            middle = (start[along] + end[along]) / 2
            controls = [(point[0], middle) if along else (middle, point[1]) for point in (start, end)]
            parts.append(f"C{pair(controls[0])} {pair(controls[1])} {pair(end)}")
    return "".join(parts)


def loop_path(points: list[Point]) -> str:
    return f"M{pair(points[0])}C{' '.join(map(pair, points[1:]))}"


def arrow(tip: Point, step: float, along: int) -> str:
    x, y = tip
    if along:
        return f"M{pair(tip)}L{pair((x - ARROW_HALF, y - step))}L{pair((x + ARROW_HALF, y - step))}Z"
    return f"M{pair(tip)}L{pair((x - step, y - ARROW_HALF))}L{pair((x - step, y + ARROW_HALF))}Z"


def pair(point: Point) -> str:
    return f"{number(point[0])} {number(point[1])}"


def draw_edge_label(edge: Edge, route: Route) -> Iterator[str]:
    if not edge.label:
        return
    width, height = edge_label_size(edge)
    x, y = route.label
    yield f"<g><title>{escaped(edge.label)}</title>"
    yield rectangle(x - width / 2, y - height / 2, width, height, radius=4, classes="f-paper")
    yield f'<text class="edge-label f-quiet" x="{number(x)}" y="{number(y + 4)}">{escaped(edge_label(edge))}</text></g>'
