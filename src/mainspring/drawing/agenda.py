"""Agendas: what is to come, one line for each of those who are to do it, along the clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mainspring.drawing.scale import Scale, time_step
from mainspring.drawing.text import cell_count, escaped, fitted, one_line, padded, width_of
from mainspring.drawing.theme import document, number

Clock = Callable[[float], str]
"""What a clock shows at an instant, in five characters or so."""

MARKS_MAX = 500
"""Of one line; where more is to come, a bar says so."""


@dataclass(frozen=True, slots=True)
class Line:
    """One of those who are to do something."""

    label: str
    instants: tuple[float, ...]
    """Seconds since 1970, in order."""
    note: str = ""
    """Behind the line."""
    is_quiet: bool = False
    """Nothing of it will happen as things stand."""


@dataclass(frozen=True, slots=True)
class Day:
    """The time that is shown."""

    start: float
    end: float
    clock: Clock

    def ticks(self, count: int) -> list[float]:
        step = time_step(self.end - self.start, count)
        first = (self.start // step + 1) * step
        found = []
        while first <= self.end:
            found.append(first)
            first += step
        return found


# --- As text ------------------------------------------------------------------------------------

WIDTH_MIN = 40
CELLS_MIN = 20
MANY = "+"
AXIS_CELLS = 9
"""Between two times of the scale, about."""


def draw_text(lines: Sequence[Line], day: Day, *, width: int = 100) -> str:
    """In so many columns; a dot is one occurrence, a digit several, `+` ten or more."""
    width = max(WIDTH_MIN, width)
    labels = min(max((cell_count(one_line(line.label)) for line in lines), default=0), width // 3)
    notes = min(max((cell_count(line.note) for line in lines), default=0), width // 4)
    cells = max(CELLS_MIN, width - labels - notes - 3)
    rows = [" " * (labels + 1) + _axis(day, cells)]
    for line in lines:
        bar = _bar(line, day, cells)
        rows.append(f"{padded(one_line(line.label), labels)} {bar} {line.note}".rstrip())
    return "\n".join(rows) + "\n"


def _axis(day: Day, cells: int) -> str:
    scale = Scale(day.start, day.end, 0, cells)
    text = ""
    for at in day.ticks(max(1, cells // AXIS_CELLS)):
        place, told = round(scale(at)), day.clock(at)
        if place >= len(text) and place + len(told) <= cells:
            text = text.ljust(place) + told + " "
    return text.rstrip()


def _bar(line: Line, day: Day, cells: int) -> str:
    counts = [0] * cells
    scale = Scale(day.start, day.end, 0, cells)
    for at in line.instants:
        counts[min(int(scale(at)), cells - 1)] += 1
    told = [_cell(count, line.is_quiet) for count in counts]
    if len(line.instants) >= MARKS_MAX:
        first = min(int(scale(line.instants[0])), cells - 1)
        told[first:] = [MANY] * (cells - first)
    return "".join(told)


def _cell(count: int, is_quiet: bool) -> str:
    if count == 0:
        return "-" if is_quiet else "·"
    return "●" if count == 1 else str(count) if count < 10 else MANY


# --- As SVG -------------------------------------------------------------------------------------

CHART_WIDTH = 720.0
LABEL_WIDTH_MAX = 240.0
NOTE_WIDTH = 200.0
ROW = 24.0
MARGIN = 24.0
HEADING = 34.0
AXIS = 26.0
DOT = 4.0
TICK_COUNT = 8
LABEL_SIZE = 12.0
RULES = (
    ".heading{font-size:16px;font-weight:600}",
    f".label{{font-size:{LABEL_SIZE:g}px}}",
    ".tick{font-size:11px;text-anchor:middle}",
    ".note{font-size:11px}",
    ".grid{stroke-width:1}",
)


def draw_svg(lines: Sequence[Line], day: Day, *, title: str = "") -> str:
    """An SVG document, one row for each line in the given order."""
    labels = max((min(LABEL_WIDTH_MAX, width_of(one_line(each.label), LABEL_SIZE)) for each in lines), default=0.0)
    left, top = MARGIN + labels + 14, MARGIN + (HEADING if title else 0.0) + AXIS
    scale = Scale(day.start, day.end, left, left + CHART_WIDTH)
    bottom = top + ROW * len(lines)
    heading = f'<text class="heading f-ink" x="{number(MARGIN)}" y="{number(MARGIN + 12)}">{escaped(title)}</text>'
    body = [*([heading] if title else []), *_svg_axis(day, scale, top, bottom)]
    for index, line in enumerate(lines):
        body += _svg_line(line, day, scale, top + ROW * (index + 0.5))
    count = sum(len(line.instants) for line in lines)
    return document(
        body,
        width=left + CHART_WIDTH + NOTE_WIDTH + MARGIN,
        height=bottom + MARGIN,
        title=title or "Agenda",
        description=f"{count} occurrences of {len(lines)} schedules.",
        rules=RULES,
    )


def _svg_axis(day: Day, scale: Scale, top: float, bottom: float) -> Iterator[str]:
    for at in day.ticks(TICK_COUNT):
        x = number(scale(at))
        yield f'<path class="grid s-rule" d="M{x} {number(top - 4)}V{number(bottom)}"/>'
        yield f'<text class="tick f-quiet" x="{x}" y="{number(top - 10)}">{escaped(day.clock(at))}</text>'


def _svg_line(line: Line, day: Day, scale: Scale, y: float) -> Iterator[str]:
    label = fitted(one_line(line.label), size=LABEL_SIZE, width_max=LABEL_WIDTH_MAX)
    colour = "quiet" if line.is_quiet else "running"
    yield f'<text class="label f-ink" x="{number(MARGIN)}" y="{number(y + 4)}">{escaped(label)}</text>'
    if len(line.instants) >= MARKS_MAX:
        start, end = scale(line.instants[0]), scale(day.end)
        yield (
            f'<rect class="f-{colour}" x="{number(start)}" y="{number(y - DOT / 2)}" width="{number(end - start)}" '
            f'height="{number(DOT)}"><title>{MARKS_MAX} times or more</title></rect>'
        )
    else:
        for at in line.instants:
            yield (
                f'<circle class="f-{colour}" cx="{number(scale(at))}" cy="{number(y)}" r="{number(DOT)}">'
                f"<title>{escaped(day.clock(at))}</title></circle>"
            )
    yield f'<text class="note f-quiet" x="{number(scale.end + 12)}" y="{number(y + 4)}">{escaped(line.note)}</text>'
