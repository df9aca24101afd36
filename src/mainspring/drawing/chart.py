"""Small charts as SVG: bars with labels, and lines over x."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mainspring.drawing.scale import Scale, number_text, round_step, ticks
from mainspring.drawing.text import escaped, fitted, one_line, width_of
from mainspring.drawing.theme import COLOURS, document, number

WIDTH = 760.0
MARGIN = 24.0
HEADING = 34.0
LABEL_SIZE = 12.0
LABEL_WIDTH_MAX = 220.0
BAR_ROW = 26.0
BAR = 16.0
LINES_HEIGHT = 280.0
TICK_COUNT = 5
BARS_MAX = 200
SERIES_MAX = sum(name.startswith("series-") for name in COLOURS)
"""More lines than colours cannot be told apart."""

POINTS_MAX = 10_000

RULES = (
    ".heading{font-size:16px;font-weight:600}",
    f".label{{font-size:{LABEL_SIZE:g}px}}",
    ".value{font-size:12px;font-weight:500;font-variant-numeric:tabular-nums}",
    ".tick{font-size:11px;font-variant-numeric:tabular-nums}",
    ".middle{text-anchor:middle}",
    ".end{text-anchor:end}",
    ".grid{stroke-width:1}",
    ".line{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}",
)


@dataclass(frozen=True, slots=True)
class Bar:
    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Series:
    """One line: points in the order of x."""

    label: str
    points: tuple[tuple[float, float], ...]


# --- Bars ---------------------------------------------------------------------------------------


def draw_bars(bars: Sequence[Bar], *, title: str = "", unit: str = "") -> str:
    """Bars from left to right, one below the other in the given order, each with its value; negative ones go left.

    Raises ValueError for more than `BARS_MAX` bars, or a value that is not finite.
    """
    if len(bars) > BARS_MAX:
        raise ValueError(
            f"a chart shows at most {BARS_MAX} bars, not {len(bars)}; draw the largest, and sum up the rest"
        )
    require_finite(bar.value for bar in bars)
    label_width = min(LABEL_WIDTH_MAX, max((width_of(one_line(bar.label), LABEL_SIZE) for bar in bars), default=0.0))
    value_width = max((width_of(value_text(bar.value, unit), 12.0) for bar in bars), default=0.0) + 10
    left, top = MARGIN + label_width + 12, MARGIN + (HEADING if title else 0.0)
    low, high = min(0.0, *(bar.value for bar in bars), 0.0), max(0.0, *(bar.value for bar in bars), 0.0)
    scale = Scale(low, high, left + (value_width if low < 0 else 0.0), WIDTH - MARGIN - value_width)
    bottom = top + BAR_ROW * len(bars)
    body = [heading(title)]
    for index, bar in enumerate(bars):
        body += draw_bar(bar, unit, scale, left, top + BAR_ROW * (index + 0.5))
    zero = number(scale(0.0))
    body.append(f'<path class="grid s-line" d="M{zero} {number(top - 2)}V{number(bottom + 2)}"/>')
    told = "; ".join(f"{one_line(bar.label)}: {value_text(bar.value, unit)}" for bar in bars)
    return document(
        filter(None, body), width=WIDTH, height=bottom + MARGIN, title=title or "Bars", description=told, rules=RULES
    )


def draw_bar(bar: Bar, unit: str, scale: Scale, left: float, y: float) -> Iterator[str]:
    start, end = sorted((scale(0.0), scale(bar.value)))
    label = fitted(one_line(bar.label), size=LABEL_SIZE, width_max=LABEL_WIDTH_MAX)
    value = value_text(bar.value, unit)
    yield f"<g><title>{escaped(f'{bar.label}: {value}')}</title>"
    yield f'<text class="label end f-ink" x="{number(left - 12)}" y="{number(y + 4)}">{escaped(label)}</text>'
    yield (
        f'<rect class="f-series-0" x="{number(start)}" y="{number(y - BAR / 2)}" width="{number(end - start)}" '
        f'height="{number(BAR)}" rx="{number(min(3.0, (end - start) / 2))}"/>'
    )
    place = f'class="value f-ink" x="{number(end + 6)}"'
    if bar.value < 0:
        place = f'class="value end f-ink" x="{number(start - 6)}"'
    yield f'<text {place} y="{number(y + 4)}">{escaped(value)}</text></g>'


def value_text(value: float, unit: str) -> str:
    return f"{number_text(value)} {unit}".rstrip()


# --- Lines --------------------------------------------------------------------------------------


def draw_lines(series: Sequence[Series], *, title: str = "", x_label: str = "", y_label: str = "") -> str:
    """Lines over x, each named at its end.

    Raises ValueError for more than `SERIES_MAX` lines, more than `POINTS_MAX` points in one, or a value that is not
    finite.
    """
    if len(series) > SERIES_MAX:
        raise ValueError(f"a chart shows at most {SERIES_MAX} lines, not {len(series)}")
    points = [point for each in series for point in each.points]
    if any(len(each.points) > POINTS_MAX for each in series):
        raise ValueError(f"a line has at most {POINTS_MAX:,} points; thin it out first")
    require_finite(value for point in points for value in point)
    x_low, x_high = limits([x for x, _ in points])
    y_low, y_high = limits([y for _, y in points])
    y_step = round_step(y_high - min(y_low, 0.0 if near_zero(y_low, y_high) else y_low), TICK_COUNT)
    y_low = 0.0 if near_zero(y_low, y_high) else math.floor(y_low / y_step) * y_step
    y_high = math.ceil(y_high / y_step) * y_step
    y_ticks = ticks(y_low, y_high, y_step)
    top = MARGIN + (HEADING if title else 0.0) + (18.0 if y_label else 0.0)
    left = MARGIN + max(width_of(number_text(value), 11.0) for value in y_ticks) + 10
    name_width = max((min(130.0, width_of(one_line(each.label), LABEL_SIZE)) for each in series), default=0.0)
    x_scale = Scale(x_low, x_high, left, WIDTH - MARGIN - name_width - 14)
    y_scale = Scale(y_low, y_high, top + LINES_HEIGHT, top)
    body = [heading(title), *draw_axes(x_scale, y_scale, y_ticks, x_label, y_label)]
    names = apart([y_scale(each.points[-1][1]) for each in series if each.points])
    for index, each in enumerate(one for one in series if one.points):
        body += draw_series(each, index, x_scale, y_scale, names[index])
    return document(
        filter(None, body),
        width=WIDTH,
        height=top + LINES_HEIGHT + (48 if x_label else 30) + MARGIN / 2,
        title=title or "Lines",
        description=describe_lines(series, x_label, y_label),
        rules=RULES,
    )


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The least and the largest; never the same, so that there is something to divide by."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def near_zero(low: float, high: float) -> bool:
    """Whether the axis may begin at zero without losing more than half of its height."""
    return 0 <= low <= high / 2


def describe_lines(series: Sequence[Series], x_label: str, y_label: str) -> str:
    told = [
        f"{one_line(each.label)}: {len(each.points)} points from {number_text(each.points[0][1])} "
        f"to {number_text(each.points[-1][1])}"
        for each in series
        if each.points
    ]
    axes = f"{y_label or 'y'} over {x_label or 'x'}"
    return f"{axes}. {'; '.join(told)}."


def draw_axes(x_scale: Scale, y_scale: Scale, y_ticks: Sequence[float], x_label: str, y_label: str) -> Iterator[str]:
    for value in y_ticks:
        y = y_scale(value)
        yield f'<path class="grid s-rule" d="M{number(x_scale.start)} {number(y)}H{number(x_scale.end)}"/>'
        yield tick_label(number_text(value), "end", x=x_scale.start - 8, y=y + 4)
    bottom = y_scale.start
    for value in ticks(x_scale.low, x_scale.high, round_step(x_scale.high - x_scale.low, TICK_COUNT + 2)):
        yield f'<path class="grid s-line" d="M{number(x_scale(value))} {number(bottom)}v5"/>'
        told = f"{value:.0f}" if is_year(x_scale) else number_text(value)
        yield tick_label(told, "middle", x=x_scale(value), y=bottom + 19)
    yield f'<path class="grid s-line" d="M{number(x_scale.start)} {number(bottom)}H{number(x_scale.end)}"/>'
    if x_label:
        middle = (x_scale.start + x_scale.end) / 2
        yield tick_label(x_label, "middle", x=middle, y=bottom + 38)
    if y_label:
        yield tick_label(y_label, "", x=MARGIN, y=y_scale.end - 14)


def tick_label(text: str, anchor: str, *, x: float, y: float) -> str:
    return f'<text class="tick {anchor} f-quiet" x="{number(x)}" y="{number(y)}">{escaped(text)}</text>'


def is_year(scale: Scale) -> bool:
    """Years are written without a comma; nothing else looks like 1000 to 2999 on both ends of an axis."""
    return scale.low >= 1000 and scale.high < 3000 and scale.low == round(scale.low)


def draw_series(series: Series, index: int, x_scale: Scale, y_scale: Scale, name_y: float) -> Iterator[str]:
    way = "L".join(f"{number(x_scale(x))} {number(y_scale(y))}" for x, y in series.points)
    end_x, end_y = series.points[-1]
    label = fitted(one_line(series.label), size=LABEL_SIZE, width_max=130.0)
    yield f"<g><title>{escaped(series.label)}</title>"
    yield f'<path class="line s-series-{index}" d="M{way}"/>'
    yield f'<circle class="f-series-{index}" cx="{number(x_scale(end_x))}" cy="{number(y_scale(end_y))}" r="3.5"/>'
    yield (
        f'<text class="label f-series-{index}" x="{number(x_scale.end + 10)}" y="{number(name_y + 4)}">'
        f"{escaped(label)}</text></g>"
    )


def apart(places: Sequence[float], distance: float = 15.0) -> list[float]:
    """The places moved down as far as it takes to keep them so far from each other."""
    moved = dict.fromkeys(range(len(places)), 0.0)
    least = -math.inf
    for index in sorted(moved, key=places.__getitem__):
        moved[index] = least = max(places[index], least + distance)
    return list(moved.values())


# --- Both ---------------------------------------------------------------------------------------


def heading(title: str) -> str:
    if not title:
        return ""
    return f'<text class="heading f-ink" x="{number(MARGIN)}" y="{number(MARGIN + 12)}">{escaped(title)}</text>'


def require_finite(values: Iterator[float]) -> None:
    for value in values:
        if not math.isfinite(value):
            raise ValueError(f"a chart cannot show the value {value}")
