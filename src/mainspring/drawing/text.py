"""Text in pictures: how wide it is without a font at hand, how it is broken and shortened, and how it is escaped."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from xml.sax.saxutils import escape as escape_markup

NARROW: Final = frozenset("ijl.,:;!|'`()[]{}ftrI ")
WIDE: Final = frozenset("mwMW@%")
ELLIPSIS = "…"

ILLEGAL_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""XML 1.0, section 2.2: everything that is no Char, not even as a reference."""


def escaped(text: str) -> str:
    """As XML text or attribute value; what XML cannot hold at all becomes the replacement character."""
    return escape_markup(ILLEGAL_IN_XML.sub("\ufffd", text), {'"': "&quot;", "'": "&#39;"})


def width_of(text: str, size: float) -> float:
    """About the width in pixels of one line in a sans-serif font of `size` pixels; rather too wide than too narrow."""
    return size * sum(map(ems, text))


def ems(character: str) -> float:
    if character in NARROW:
        return 0.34
    if character in WIDE:
        return 0.92
    if unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.71 if character.isupper() else 0.6


def cell_count(text: str) -> int:
    """The number of columns that a terminal shows it in."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def shortened(text: str, cells: int) -> str:
    """At most so many columns, the end replaced by an ellipsis where it does not fit."""
    if cell_count(text) <= cells:
        return text
    kept = ""
    for character in text:
        if cell_count(kept + character) >= cells:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS if cells > 0 else ""


def padded(text: str, cells: int) -> str:
    """Exactly so many columns."""
    fitting = shortened(text, cells)
    return fitting + " " * (cells - cell_count(fitting))


def one_line(text: str) -> str:
    """Without line breaks, tabs and other control characters."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def lines_of(text: str, *, size: float, width_max: float, count_max: int) -> list[str]:
    """Broken between words, or after `_`, `-`, `.` and `/`, into so many lines at most; the last may be shortened."""
    pieces = re.findall(r"\s*[^\s_\-./]*[_\-./]*", one_line(text))
    lines = [""]
    for piece in pieces:
        if not lines[-1] or width_of(lines[-1] + piece, size) <= width_max:
            lines[-1] += piece
        else:
            lines.append(piece)
    lines = [line.strip() for line in lines]
    if len(lines) > count_max:
        lines = [*lines[: count_max - 1], " ".join(lines[count_max - 1 :])]
    return [fitted(line, size=size, width_max=width_max) for line in lines]


def fitted(line: str, *, size: float, width_max: float) -> str:
    if width_of(line, size) <= width_max:
        return line
    left = width_max - width_of(ELLIPSIS, size)
    for index, character in enumerate(line):
        left -= size * ems(character)
        if left < 0:
            return line[:index].rstrip() + ELLIPSIS
    return line
