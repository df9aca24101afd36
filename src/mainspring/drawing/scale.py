"""Scales: round steps for axes, and numbers and durations as people write them."""

from __future__ import annotations

import math
from dataclasses import dataclass

TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)
TICKS_MAX = 1_000
"""More than any axis can show; a step that would need more is a mistake."""

DAY_S = 86_400
SMALLEST = 1e-300
"""Of a step: what is shorter has no extent; powers of ten end not far below."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Maps `low`..`high` of the data to `start`..`end` of the picture."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        if self.high == self.low:
            return self.start
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def round_step(span: float, count: int) -> float:
    """1, 2 or 5 times a power of ten, so that about `count` steps make up `span`."""
    raw = span / max(count, 1)
    if raw < SMALLEST or not math.isfinite(raw):
        return 1.0
    power: float = 10.0 ** math.floor(math.log10(raw))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)


def time_step(span_s: float, count: int) -> float:
    """As `round_step`, but in the steps of a clock from one second on, and of whole days from one day on."""
    raw = span_s / max(count, 1)
    if raw < 1:
        return round_step(span_s, count)
    if raw > TIME_STEPS_S[-1]:
        return DAY_S * max(1.0, round_step(span_s / DAY_S, count))
    return next(step for step in TIME_STEPS_S if step >= raw)


def ticks(low: float, high: float, step: float) -> list[float]:
    """The multiples of `step` from `low` to `high`, both included."""
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [index * step for index in range(first, min(last, first + TICKS_MAX) + 1)]


def number_text(value: float) -> str:
    """Four digits at most, thousands apart: `1,234,567`, `12.35`, `0.0012`."""
    if value == 0:
        return "0"
    if abs(value) >= 1000 or value == round(value):
        return f"{value:,.0f}"
    return f"{value:.4g}" if abs(value) >= 1e-4 else f"{value:.1e}"


def duration_text(seconds: float) -> str:
    """In two units at most: `340 ms`, `1.2 s`, `2 min 5 s`, `3 h 12 min`, `2 d 4 h`."""
    if seconds < 0.9995:
        return f"{seconds * 1000:.0f} ms" if seconds >= 0.001 or seconds == 0 else f"{seconds * 1e6:.0f} µs"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    for unit, size, small, small_size in (("d", DAY_S, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= size:
            rest = whole % size // small_size
            return f"{whole // size} {unit} {rest} {small}" if rest else f"{whole // size} {unit}"
    return f"{whole} s"


def tick_text(seconds: float, step: float) -> str:
    """A place on an axis of time that goes in steps of `step` seconds: no more digits than the steps have."""
    if step >= 1:
        return "0" if seconds == 0 else duration_text(seconds).replace(".0 s", " s")
    if step >= 0.001:
        digits = max(0, -math.floor(math.log10(step)))
        return f"{seconds:.{digits}f} s" if step >= 0.1 else f"{seconds * 1000:,.0f} ms"
    return f"{seconds * 1e6:,.0f} µs"
