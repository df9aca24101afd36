"""Icons of flowcharts, as paths in a square of 20 by 20 around (0, 0)."""

from __future__ import annotations

import math
from typing import NamedTuple


class Icon(NamedTuple):
    outline: str
    """Filled where the figure says so."""
    details: str = ""
    """Lines in it, which stay visible when it is filled."""
    is_solid: bool = False
    """The outline is always filled."""


def circle(radius: float) -> str:
    return f"M{-radius:g} 0a{radius:g} {radius:g} 0 1 0 {2 * radius:g} 0a{radius:g} {radius:g} 0 1 0 {-2 * radius:g} 0Z"


def gear(teeth: int, inner: float, outer: float) -> str:
    """A wheel with so many teeth."""
    points = []
    for tooth in range(teeth):
        for part, radius in ((-0.32, inner), (-0.2, outer), (0.2, outer), (0.32, inner)):
            angle = 2 * math.pi * (tooth + part) / teeth
            points.append(f"{radius * math.sin(angle):.2f} {-radius * math.cos(angle):.2f}")
    return f"M{'L'.join(points)}Z"


ENVELOPE = Icon("M-9 -6.5H9V6.5H-9Z", "M-9 -6.5L0 1L9 -6.5")
PENTAGON = "M0 -8.5L8.5 -2.3L5.3 7.3H-5.3L-8.5 -2.3Z"
PLUS = "M-2.2 -8H2.2V-2.2H8V2.2H2.2V8H-2.2V2.2H-8V-2.2H-2.2Z"
BACKWARD = "M-.6 -6.5V6.5L-9 0ZM8.4 -6.5V6.5L0 0Z"
PAGE = "M-7 -8.5H7V8.5H-7Z"

ICONS: dict[str, Icon] = {
    # In circles
    "message": ENVELOPE,
    "timer": Icon(circle(9.5), "M0 -6V0L3.8 2.4M0 -9.5v2M0 9.5v-2M-9.5 0h2M9.5 0h-2"),
    "error": Icon("M-8 7.5L-3.2 -7L2.4 2L8 -8L3.6 7.5L-2.2 -1Z"),
    "escalation": Icon("M0 -9L7 8L0 1.5L-7 8Z"),
    "signal": Icon("M0 -8.5L8.5 6.5H-8.5Z"),
    "conditional": Icon(PAGE, "M-4.5 -5H4.5M-4.5 -1.7H4.5M-4.5 1.7H4.5M-4.5 5H4.5"),
    "compensation": Icon(BACKWARD),
    "cancel": Icon("M-8 -5.2L-5.2 -8L0 -2.8L5.2 -8L8 -5.2L2.8 0L8 5.2L5.2 8L0 2.8L-5.2 8L-8 5.2L-2.8 0Z"),
    "link": Icon("M-9 -3.5H1V-7.5L9 0L1 7.5V3.5H-9Z"),
    "terminate": Icon(circle(10), is_solid=True),
    "multiple": Icon(PENTAGON),
    "parallel-multiple": Icon(PLUS),
    # In diamonds
    "cross": Icon("M-7.5 -9H-4L0 -3L4 -9H7.5L1.8 0L7.5 9H4L0 3L-4 9H-7.5L-1.8 0Z", is_solid=True),
    "plus": Icon("M-1.7 -10H1.7V-1.7H10V1.7H1.7V10H-1.7V1.7H-10V-1.7H-1.7Z", is_solid=True),
    "ring": Icon(f"{circle(10.5)}{circle(7.5)}", is_solid=True),
    "star": Icon(
        "M-1.6 -10H1.6V-3.9L5.9 -8.2L8.2 -5.9L3.9 -1.6H10V1.6H3.9L8.2 5.9L5.9 8.2L1.6 3.9V10H-1.6V3.9L-5.9 8.2"
        "L-8.2 5.9L-3.9 1.6H-10V-1.6H-3.9L-8.2 -5.9L-5.9 -8.2L-1.6 -3.9Z",
        is_solid=True,
    ),
    "events": Icon(circle(13), f"{circle(10.5)}M0 -6.5L6.5 -1.8L4 5.6H-4L-6.5 -1.8Z"),
    "first-of-events": Icon(circle(12), "M0 -7L7 -1.9L4.3 6H-4.3L-7 -1.9Z"),
    "all-of-events": Icon(circle(12), PLUS),
    # In the corner of boxes
    "person": Icon("M-8.5 9C-8.5 2 -5 .5 0 .5S8.5 2 8.5 9ZM0 -9.5a4.6 4.6 0 1 1 -.01 0Z"),
    "gear": Icon(gear(8, 6.6, 9.4), circle(3)),
    "script": Icon(
        "M-5 -9H8C4 -5 4 -3 6 0S8 6 4 9H-9C-5 6 -5 4 -7 1S-9 -5 -5 -9Z", "M-4 -5H3M-4 -1.5H2M-3 2H4M-3 5.5H4"
    ),
    "send": Icon("M-9 -6.5H9V6.5H-9Z", "M-9 -6.5L0 1L9 -6.5", is_solid=True),
    "receive": ENVELOPE,
    "start-receive": Icon(circle(10), "M-6 -4H6V4H-6ZM-6 -4L0 1L6 -4"),
    "hand": Icon(
        "M-9 -4C-6 -8 -3 -8 3 -7.5V-5H-2H8.5V-2.2H9.5V.8H8.5V3.6H6.5V6.6H-4C-7 6.6 -9 5 -9 3Z",
        "M2 -2.2H8M2 .8H8M2 3.6H7",
    ),
    "table": Icon("M-9 -7.5H9V7.5H-9Z", "M-9 -3.5H9M-9 2H9M-3.5 -3.5V7.5M-9 -5.8H9M-9 -4.6H9"),
    # At the lower border of boxes
    "loop": Icon("", "M-3.5 6.5A7.5 7.5 0 1 1 3.5 6.6M-8.5 6.8H-3.3V1.6"),
    "parallel": Icon("M-7.5 -8H-4.5V8H-7.5ZM-1.5 -8H1.5V8H-1.5ZM4.5 -8H7.5V8H4.5Z", is_solid=True),
    "sequential": Icon("M-8 -7.5V-4.5H8V-7.5ZM-8 -1.5V1.5H8V-1.5ZM-8 4.5V7.5H8V4.5Z", is_solid=True),
    "backward": Icon(BACKWARD),
    "any": Icon("M-9 3C-7 -5 -3 -5 0 -1.5S7 1.5 9 -4V-1C7 6 3 6 0 2.5S-7 0 -9 6Z", is_solid=True),
    "more": Icon("M-8 -8H8V8H-8Z", "M0 -5V5M-5 0H5"),
}  # fmt: skip
