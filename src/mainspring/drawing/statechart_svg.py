"""A statechart as SVG: states in states, regions side by side, and what is active in colour."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mainspring.drawing.nesting import Drawing, Sizes, Spot, Way, nest
from mainspring.drawing.routes import Route
from mainspring.drawing.statechart import Arrow, State, Statechart
from mainspring.drawing.svg import HEADING, MARGIN, arrow_and_line, counted, rectangle
from mainspring.drawing.text import ELLIPSIS, escaped, fitted, lines_of, one_line, width_of
from mainspring.drawing.theme import document, number

TITLE_SIZE = 13.0
TITLE_HEIGHT = 20.0
LINE_SIZE = 11.0
LINE_HEIGHT = 15.0
TEXT_WIDTH_MAX = 230.0
LABEL_SIZE = 11.0
LABEL_HEIGHT = 14.0
LABEL_WIDTH_MAX = 190.0
PARTS = re.compile(r" (?=\[|/ )")
LABEL_LINES_MAX = 3
"""Of one transition; whatever is longer is shown where the pointer rests."""
PADDING_X, PADDING_Y = 14.0, 8.0
WIDTH_MIN = 76.0
RULE_GAP = 4.0
DOT = 16.0
HISTORY = 30.0

RULES = (
    ".heading{font-size:16px;font-weight:600}",
    f".title{{font-size:{TITLE_SIZE:g}px;font-weight:600}}",
    f".line{{font-size:{LINE_SIZE:g}px}}",
    f".edge-label{{font-size:{LABEL_SIZE:g}px;text-anchor:middle}}",
    f".history{{font-size:{TITLE_SIZE:g}px;font-weight:600;text-anchor:middle}}",
    ".box{stroke-width:1.4}",
    ".inner{fill:none;stroke-width:1.2}",
    ".divider{fill:none;stroke-width:1.2;stroke-dasharray:6 5}",
    ".way{fill:none;stroke-width:1.4;stroke-linejoin:round}",
)


def draw(chart: Statechart, *, title: str = "") -> str:
    """An SVG document of the statechart; texts that are too long are cut, and whole where the pointer rests."""
    plan = nest(chart, Sizes(size_of, heading_of, label_size))
    top = MARGIN + (HEADING if title else 0.0)
    width = max(plan.width, width_of(title, 17.0)) + 2 * MARGIN
    states = {state.id: state for state, _ in chart.all_states()}
    body = [
        f'<text class="heading f-ink" x="{number(MARGIN)}" y="{number(MARGIN + 12)}">{escaped(title)}</text>'
        if title
        else "",
        f'<g transform="translate({number((width - plan.width) / 2)} {number(top)})">',
        *(line for state, around in chart.all_states() for line in draw_state(state, plan, states.get(around))),
        *(line for way in plan.ways for line in draw_way(way)),
        *(
            line
            for arrow, way in zip(chart.arrows, plan.ways, strict=True)
            for line in draw_label(arrow, way, states.get(way.around))
        ),
        "</g>",
    ]
    return document(
        (line for line in body if line),
        width=width,
        height=plan.height + top + MARGIN,
        title=title or "State machine",
        description=describe(chart),
        rules=RULES,
    )


def describe(chart: Statechart) -> str:
    states = [state for state, _ in chart.all_states() if state.kind != "initial"]
    active = [state.text for state in states if state.status]
    size = f"{counted(len(states), 'state')} and {counted(len(chart.arrows), 'arrow')}"
    return f"{size}; active: {', '.join(active)}." if active else f"{size}."


# --- Sizes --------------------------------------------------------------------------------------


def text_lines(state: State) -> tuple[list[str], list[str]]:
    title = lines_of(state.text, size=TITLE_SIZE, width_max=TEXT_WIDTH_MAX, count_max=1)
    lines = [lines_of(line, size=LINE_SIZE, width_max=TEXT_WIDTH_MAX, count_max=1)[0] for line in state.lines]
    return title, lines


def heading_of(state: State) -> tuple[float, float]:
    """The width and height of the texts above what is inside a state."""
    title, lines = text_lines(state)
    # Titles are bold, and so a little wider.
    width = max([width_of(line, TITLE_SIZE * 1.06) for line in title] + [width_of(line, LINE_SIZE) for line in lines])
    return width + 2 * PADDING_X, PADDING_Y + TITLE_HEIGHT + LINE_HEIGHT * len(lines) + (RULE_GAP if lines else 0.0)


def size_of(state: State) -> tuple[float, float]:
    match state.kind:
        case "initial":
            return DOT, DOT
        case "shallow" | "deep":
            return HISTORY, HISTORY
        case "final" | "state" | "parallel":
            width, height = heading_of(state)
            double = 8.0 if state.kind == "final" else 0.0
            return max(WIDTH_MIN, width) + double, height + PADDING_Y + double


def label_lines(arrow: Arrow) -> list[str]:
    return [line for label in arrow.labels for line in broken(label)]


def broken(label: str) -> list[str]:
    """A label in lines: before its condition and its action, and between words."""
    lines: list[str] = []
    for part in PARTS.split(label) if width_of(label, LABEL_SIZE) > LABEL_WIDTH_MAX else (label,):
        words = one_line(part).split(" ")
        lines.append(words[0])
        for word in words[1:]:
            if width_of(f"{lines[-1]} {word}", LABEL_SIZE) <= LABEL_WIDTH_MAX:
                lines[-1] += f" {word}"
            else:
                lines.append(word)
    if len(lines) > LABEL_LINES_MAX:
        lines = [*lines[: LABEL_LINES_MAX - 1], f"{lines[LABEL_LINES_MAX - 1]} {ELLIPSIS}"]
    return [fitted(line, size=LABEL_SIZE, width_max=LABEL_WIDTH_MAX) for line in lines]


def label_size(arrow: Arrow) -> tuple[float, float]:
    lines = label_lines(arrow)
    if not lines:
        return 0.0, 0.0
    return max(width_of(line, LABEL_SIZE) for line in lines) + 10.0, LABEL_HEIGHT * len(lines) + 4.0


# --- States -------------------------------------------------------------------------------------


def draw_state(state: State, plan: Drawing, around: State | None) -> Iterator[str]:
    spot = plan.spots[state.id]
    story = " · ".join(part for part in (state.text, *state.lines, "active" if state.status else "") if part)
    yield f"<g><title>{escaped(story)}</title>"
    match state.kind:
        case "initial":
            yield f'<circle class="f-ink" cx="{number(spot.x + DOT / 2)}" cy="{number(spot.y + DOT / 2)}" r="6.5"/>'
        case "shallow" | "deep":
            yield from draw_history(state, spot)
        case _ if around is not None and around.kind == "parallel":
            yield from draw_region(state, spot, is_first=around.states[0] is state)
        case _:
            yield from draw_box(state, spot)
    yield "</g>"


def draw_history(state: State, spot: Spot) -> Iterator[str]:
    x, y = spot.x + spot.width / 2, spot.y + HISTORY / 2
    yield f'<circle class="box f-paper s-line" cx="{number(x)}" cy="{number(y)}" r="{number(HISTORY / 2 - 1)}"/>'
    letter = "H*" if state.kind == "deep" else "H"
    yield f'<text class="history f-ink" x="{number(x)}" y="{number(y + 4.5)}">{letter}</text>'


def draw_region(state: State, spot: Spot, *, is_first: bool) -> Iterator[str]:
    """A region has no box of its own: a dashed line divides it from the one before."""
    if not is_first:
        line = f"M{number(spot.x)} {number(spot.y)}v{number(spot.height)}"
        yield f'<path class="divider s-line" d="{line}"/>'
    yield from draw_texts(state, spot, is_region=True)


def draw_box(state: State, spot: Spot) -> Iterator[str]:
    radius = min(14.0, spot.height / 2)
    stroke = f"s-{state.status}" if state.status else "s-line"
    fill = "f-card" if spot.heading or not state.status else f"f-{state.status}-tint"
    yield rectangle(spot.x, spot.y, spot.width, spot.height, radius=radius, classes=f"box {fill} {stroke}")
    if state.kind == "final":
        x, y, width, height = spot.x + 4, spot.y + 4, spot.width - 8, spot.height - 8
        yield rectangle(x, y, width, height, radius=radius - 3, classes=f"inner {stroke}")
    if spot.heading:
        yield from draw_rule(spot, spot.y + spot.heading, "s-rule" if not state.status else stroke)
    yield from draw_texts(state, spot)


def draw_rule(spot: Spot, y: float, stroke: str) -> Iterator[str]:
    yield f'<path class="inner {stroke}" d="M{number(spot.x)} {number(y)}h{number(spot.width)}"/>'


def draw_texts(state: State, spot: Spot, *, is_region: bool = False) -> Iterator[str]:
    """In the middle of an atomic state; at the left of what is inside others, or at the right if an arrow is there."""
    title, lines = text_lines(state)
    double = 4.0 if state.kind == "final" else 0.0
    y = spot.y + PADDING_Y + double + 14
    left, right = spot.x + PADDING_X + double, spot.x + spot.width - PADDING_X - double
    outer = f'x="{number(right)}" text-anchor="end"' if spot.mirrored else f'x="{number(left)}"'
    middle = f'x="{number(spot.x + spot.width / 2)}" text-anchor="middle"'
    ink = "f-quiet" if is_region and not state.status else f"f-{state.status}" if is_region else "f-ink"
    for line in title:
        where = outer if spot.heading or is_region else middle
        yield f'<text class="title {ink}" {where} y="{number(y)}">{escaped(line)}</text>'
    y += LINE_HEIGHT + RULE_GAP
    if lines and not spot.heading and not is_region:
        yield from draw_rule(spot, y - LINE_HEIGHT + 2, "s-rule" if not state.status else f"s-{state.status}")
    for line in lines:
        yield f'<text class="line f-quiet" {outer} y="{number(y)}">{escaped(line)}</text>'
        y += LINE_HEIGHT


# --- Arrows -------------------------------------------------------------------------------------


def draw_way(way: Way) -> Iterator[str]:
    yield from arrow_and_line(Route(way.points, way.label, way.is_loop), "down")


def draw_label(arrow: Arrow, way: Way, around: State | None) -> Iterator[str]:
    lines = label_lines(arrow)
    if not lines:
        return
    width, height = label_size(arrow)
    x, y = way.label
    yield f"<g><title>{escaped(' · '.join(arrow.labels))}</title>"
    ground = "f-paper" if around is None else "f-card"
    yield rectangle(x - width / 2 + 3, y - height / 2, width - 6, height, radius=4, classes=ground)
    for line in lines:
        at = y - height / 2 + LABEL_HEIGHT - 1
        yield f'<text class="edge-label f-ink" x="{number(x)}" y="{number(at)}">{escaped(line)}</text>'
        y += LABEL_HEIGHT
    yield "</g>"
