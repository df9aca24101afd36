"""Writing what a command made to where the user wants it."""

from __future__ import annotations

from pathlib import Path

from mainspring.cli.output import Output
from mainspring.errors import DeniedError


class FileDeniedError(DeniedError):
    """A file cannot be written."""


def write(target: str, text: str, output: Output) -> None:
    """To a file, which is told, or to standard output for `-`."""
    if target == "-":
        output.write(text)
        return
    try:
        Path(target).write_text(text, encoding="utf-8")
    except OSError as error:
        raise FileDeniedError(f"{target} cannot be written: {error.strerror}") from None
    output.note(f"wrote {target}")
