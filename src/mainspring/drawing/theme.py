"""The look that all SVG pictures share: colours for light and dark, fonts, and the frame of a document.

Colours are classes, so one picture serves both; `var()` would be shorter, but many viewers of SVG do not know it.
Every status has a sign besides its colour, for readers who do not see the difference.
"""

from __future__ import annotations

from collections.abc import Iterable

from mainspring.drawing.text import escaped

FONT = "ui-sans-serif, system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', sans-serif"

COLOURS: dict[str, tuple[str, str]] = {
    # name: light, dark
    "paper": ("#ffffff", "#14171c"),
    "ink": ("#1c2430", "#e6eaf0"),
    "quiet": ("#5b6675", "#9aa6b5"),
    "line": ("#8e99a8", "#6e7a89"),
    "rule": ("#e4e8ed", "#2a303a"),
    "card": ("#fbfcfd", "#1d222a"),
    "edge": ("#c2cad4", "#465160"),
    "pending": ("#768293", "#8793a3"),
    "running": ("#1f6feb", "#58a0ff"),
    "completed": ("#15803d", "#45b96b"),
    "failed": ("#c4282d", "#ff7070"),
    "cancelled": ("#9a5b13", "#dba14a"),
    "skipped": ("#8a94a3", "#6f7b8a"),
    "pending-tint": ("#f5f7f9", "#20262f"),
    "running-tint": ("#eaf2fe", "#152b4a"),
    "completed-tint": ("#eaf7ee", "#14301f"),
    "failed-tint": ("#fdeeee", "#401c1f"),
    "cancelled-tint": ("#fcf3e4", "#38290f"),
    "skipped-tint": ("#f8f9fa", "#191d24"),
    "series-0": ("#2f6fde", "#6ba4ff"),
    "series-1": ("#d97706", "#f2a33c"),
    "series-2": ("#0f8f7e", "#3fc4b1"),
    "series-3": ("#b3379b", "#e077cb"),
    "series-4": ("#6d4bd8", "#a48bff"),
    "series-5": ("#6b7685", "#a3adba"),
}

SIGNS: dict[str, str] = {
    # Drawn with a stroke in a square of 12 by 12 around (0, 0).
    "pending": "M-3 0h.01M0 0h.01M3 0h.01",
    "running": "M-2.2 -3.4L3.4 0L-2.2 3.4Z",
    "completed": "M-3.6 .4L-1 3L3.8 -2.6",
    "failed": "M-3 -3L3 3M3 -3L-3 3",
    "cancelled": "M-3.2 0H3.2",
    "skipped": "M-3.4 -3L-.4 0L-3.4 3M.6 -3L3.6 0L.6 3",
}


def number(value: float) -> str:
    """A coordinate: two digits are finer than any screen, and short."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if value != round(value) else str(round(value))


def document(
    body: Iterable[str], *, width: float, height: float, title: str, description: str, rules: Iterable[str] = ()
) -> str:
    """A whole SVG document.  `title` and `description` are what a screen reader says."""
    size = f"{number(width)} {number(height)}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size}" width="{number(width)}" '
        f'height="{number(height)}" role="img" class="mainspring">'
    )
    return "\n".join(
        (
            head,
            f"<title>{escaped(title)}</title>",
            f"<desc>{escaped(description)}</desc>",
            f"<style>{style(rules)}</style>",
            f'<rect class="f-paper" width="{number(width)}" height="{number(height)}"/>',
            *body,
            "</svg>\n",
        )
    )


def style(rules: Iterable[str]) -> str:
    """`f-NAME` fills and `s-NAME` strokes with a colour; `rules` are those of one kind of picture."""
    base = f".mainspring{{font-family:{FONT};color-scheme:light dark}}"
    dark = f"@media (prefers-color-scheme:dark){{{colour_rules(1)}}}"
    return "".join((base, *(f".mainspring {rule}" for rule in rules), colour_rules(0), dark))


def colour_rules(scheme: int) -> str:
    return "".join(
        f".mainspring .f-{name}{{fill:{colours[scheme]}}}.mainspring .s-{name}{{stroke:{colours[scheme]}}}"
        for name, colours in COLOURS.items()
    )


def sign(status: str, *, x: float, y: float, colour: str = "") -> str:
    """The sign of a status around (x, y); nothing for a status without one."""
    if status not in SIGNS:
        return ""
    return (
        f'<path class="sign s-{colour or status}" transform="translate({number(x)} {number(y)})" d="{SIGNS[status]}"/>'
    )


SIGN_RULE = ".sign{fill:none;stroke-width:1.8;stroke-linecap:round;stroke-linejoin:round}"
