"""What is printed: lines, tables and JSON, in colours where somebody looks.

Written by hand because it must be quick: a table library costs more time than reading the store.
"""

from __future__ import annotations

import os
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from mainspring.errors import UnavailableError

WIDTH_DEFAULT = 100
"""Of what is no terminal."""

STYLES = {
    "bold": "1",
    "quiet": "2",
    "name": "36",
    "pending": "2",
    "created": "2",
    "running": "34",
    "paused": "35",
    "completed": "32",
    "failed": "31",
    "cancelled": "33",
    "skipped": "2",
    "lost": "33",
}
"""SGR parameters; statuses are styles, so that a status has one colour everywhere."""

SIGNS = {
    "pending": "·",
    "created": "·",
    "running": "▸",
    "paused": "‖",
    "completed": "✓",
    "failed": "✗",
    "cancelled": "–",
    "skipped": "»",
    "lost": "?",
}
"""A sign beside the colour, for those who see none."""

Cell = str | tuple[str, str]
"""Text, or (text, style)."""


class OutputLostError(UnavailableError):
    """Standard output takes no more."""


class Output:
    """Where a command prints to."""

    def __init__(self, *, is_json: bool = False) -> None:
        self.is_json = is_json
        self.is_terminal = sys.stdout.isatty()
        self.colour = colours_wanted(self.is_terminal)
        self.error_colour = colours_wanted(sys.stderr.isatty())
        self.width = shutil.get_terminal_size((WIDTH_DEFAULT, 24)).columns if self.is_terminal else WIDTH_DEFAULT

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Output:
        """For these arguments, read or not: errors in the arguments are printed as well."""
        for stream in (sys.stdout, sys.stderr):
            if hasattr(stream, "reconfigure"):
                stream.reconfigure(errors="replace")  # a terminal without Unicode shows `?` rather than nothing
        before = arguments[: arguments.index("--")] if "--" in arguments else arguments
        return cls(is_json="--json" in before)

    def write(self, text: str, *, flush: bool = False) -> None:
        """Text as it is; raises `BrokenPipeError` when nobody reads, `OutputLostError` when it cannot be written."""
        try:
            sys.stdout.write(text)
            if flush:
                sys.stdout.flush()
        except BrokenPipeError:
            raise
        except OSError as error:
            raise OutputLostError(f"standard output cannot be written: {error.strerror}") from error

    def line(self, text: str = "", *, flush: bool = False) -> None:
        self.write(f"{text}\n", flush=flush)

    def note(self, text: str) -> None:
        """Something for people: not part of the result, so it does not go where results do when these are JSON."""
        if self.is_json:
            print(text, file=sys.stderr)
        else:
            self.line(text, flush=True)  # whoever reads a log reads it as it happens

    def json(self, value: Any) -> None:
        """One JSON document."""
        self.write(msgspec.json.format(msgspec.json.encode(value, enc_hook=str)).decode() + "\n")

    def table(self, header: Sequence[str], rows: Iterable[Sequence[Cell]], *, right: Iterable[int] = ()) -> None:
        """Columns as wide as their contents; the last is cut where the terminal ends."""
        for line in table_lines(header, list(rows), frozenset(right), self):
            self.line(line)

    def close(self) -> None:
        """Everything is out; raises now rather than when Python ends."""
        self.write("", flush=True)


def colours_wanted(is_terminal: bool) -> bool:
    """https://no-color.org and https://force-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return is_terminal and os.environ.get("TERM") != "dumb"


def paint(text: str, style: str, output: Output, *, error: bool = False) -> str:
    """The text in a style, where colours are wanted."""
    wanted = output.error_colour if error else output.colour
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m" if wanted and style and text else text


def sign(status: str, output: Output) -> str:
    return paint(SIGNS.get(status, " "), status if status in STYLES else "", output)


def status_cell(status: str) -> Cell:
    return (f"{SIGNS.get(status, ' ')} {status}", status)


# --- Tables -----------------------------------------------------------------------------------


def table_lines(header: Sequence[str], rows: list[Sequence[Cell]], right: frozenset[int], output: Output) -> list[str]:
    texts = [[cell if isinstance(cell, str) else cell[0] for cell in row] for row in rows]
    widths = [max(width_of(text) for text in column) for column in zip(header, *texts, strict=True)]
    lines = []
    if any(header):
        lines.append(paint(_join(list(header), widths, right, output.width), "quiet", output))
    for row, cells in zip(texts, rows, strict=True):
        room = output.width - sum(widths[:-1]) - 2 * (len(widths) - 1)
        shown = [*row[:-1], cut(row[-1], max(room, 12))]
        padded = [
            _pad(text, width, place in right) for place, (text, width) in enumerate(zip(shown, widths, strict=True))
        ]
        padded[-1] = padded[-1].rstrip() if len(padded) - 1 not in right else padded[-1]
        painted = [
            text if isinstance(cell, str) else paint(text, cell[1], output)
            for text, cell in zip(padded, cells, strict=True)
        ]
        lines.append("  ".join(painted).rstrip())
    return lines


def _join(row: list[str], widths: list[int], right: frozenset[int], width: int) -> str:
    padded = [_pad(text, wide, place in right) for place, (text, wide) in enumerate(zip(row, widths, strict=True))]
    return "  ".join(padded).rstrip()[:width]


def _pad(text: str, width: int, to_right: bool) -> str:
    blanks = " " * max(0, width - width_of(text))
    return blanks + text if to_right else text + blanks


def width_of(text: str) -> int:
    """Columns on a terminal: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def cut(text: str, width: int) -> str:
    """At most so many columns, with a `…` where something is missing; one line."""
    text = " ".join(text.split()) if "\n" in text else text
    if width_of(text) <= width:
        return text
    kept, used = [], 1
    for character in text:
        used += width_of(character)
        if used > width:
            break
        kept.append(character)
    return "".join(kept) + "…"
