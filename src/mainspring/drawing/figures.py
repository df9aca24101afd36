"""How big figures are, how their labels are broken into lines, and where those stand."""

from __future__ import annotations

from mainspring.drawing.flowchart import Figure, Line, Spot
from mainspring.drawing.lattice import Box
from mainspring.drawing.text import lines_of, width_of

TEXT_SIZE = 12.0
TEXT_LINE = 15.0
SMALL_SIZE = 11.0
SMALL_LINE = 13.0
BOX = Box(112.0, 76.0)
TEXT_WIDTH_MAX = 100.0
TEXT_LINES_MAX = 5
ICON_ROOM = 24.0
"""At the top of a box that has an icon."""
CIRCLE = 36.0
DIAMOND = 50.0
LABEL_WIDTH_MAX = 104.0
LABEL_LINES_MAX = 3
LABEL_GAP = 5.0
"""Between a circle or a diamond and its label."""
NOTE_WIDTH_MAX = 150.0
LINE_LABEL_WIDTH_MAX = 120.0
HEADING = 30.0
"""Above what is inside a box."""
MARK = 16.0
MARKS_ROOM = 22.0


def text_lines(figure: Figure, width: float = TEXT_WIDTH_MAX, count: int = TEXT_LINES_MAX) -> list[str]:
    """What is written in a box."""
    return lines_of(figure.label, size=TEXT_SIZE, width_max=width, count_max=count) if figure.label else []


def label_lines(figure: Figure, width: float = LABEL_WIDTH_MAX) -> list[str]:
    """What is written beside a circle, a diamond, a page or a drum."""
    if not figure.label:
        return []
    return lines_of(figure.label, size=SMALL_SIZE, width_max=width, count_max=LABEL_LINES_MAX)


def label_size(figure: Figure, width: float = LABEL_WIDTH_MAX) -> Box:
    """Of a label that stands outside, with its note."""
    lines = label_lines(figure, width)
    notes = [figure.note] if figure.note else []
    widest = max((width_of(line, SMALL_SIZE) for line in [*lines, *notes]), default=0.0)
    return Box(widest, SMALL_LINE * (len(lines) + len(notes)))


def core_of(figure: Figure) -> Box:
    """A figure without what is inside it, and without a label that stands outside."""
    match figure.form:
        case "circle":
            return Box(CIRCLE, CIRCLE)
        case "diamond":
            return Box(DIAMOND, DIAMOND)
        case "note":
            lines = lines_of(figure.label, size=SMALL_SIZE, width_max=NOTE_WIDTH_MAX, count_max=6)
            widest = max(width_of(line, SMALL_SIZE) for line in lines)
            return Box(max(40.0, widest + 18), SMALL_LINE * len(lines) + 12)
        case "page":
            return Box(36.0, 48.0)
        case "drum":
            return Box(50.0, 46.0)
        case "box" | "group" | "band":
            lines = text_lines(figure)
            height = (
                TEXT_LINE * len(lines) + (MARKS_ROOM if figure.marks else 10.0) + (ICON_ROOM if figure.icon else 8.0)
            )
            return Box(BOX.width, max(BOX.height, height))


def usual_label(figure: Figure, spot: Spot, *, is_top_taken: bool = False, is_bottom_taken: bool = False) -> Spot:
    """Where a label stands: below a circle, above a diamond; beside the line where one begins there."""
    size = label_size(figure)
    x, _ = spot.middle
    above = figure.form == "diamond"
    if above and is_top_taken and not is_bottom_taken:
        above = False
    y = spot.y - LABEL_GAP - size.height if above else spot.bottom + LABEL_GAP
    if above and is_top_taken:
        return Spot(x + 6, y + 6, size.width, size.height)
    return Spot(x - size.width / 2, y, size.width, size.height)


def line_label_lines(line: Line) -> list[str]:
    if not line.label:
        return []
    return lines_of(line.label, size=SMALL_SIZE, width_max=LINE_LABEL_WIDTH_MAX, count_max=2)


def line_label_size(line: Line) -> tuple[float, float]:
    lines = line_label_lines(line)
    if not lines:
        return 0.0, 0.0
    return 0.9 * max(width_of(each, SMALL_SIZE) for each in lines) + 8.0, SMALL_LINE * len(lines) + 4.0
