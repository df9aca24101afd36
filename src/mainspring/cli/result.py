"""How an instance ended, and what to type next."""

from __future__ import annotations

import msgspec

from mainspring.cli.moments import duration
from mainspring.cli.output import Output, cut, paint, sign
from mainspring.cli.parser import Options
from mainspring.cli.stores import hint
from mainspring.instance import Info
from mainspring.models.contract import Failure

OUTPUT_LINES_MAX = 20
"""Of a result; more is for `show --json`."""


def show_end(info: Info, seconds: float | None, options: Options, output: Output) -> None:
    """The result or the failure, and what makes sense now."""
    took = f" in {duration(seconds)}" if seconds is not None else ""
    output.line(f"{sign(info.status, output)} {paint(info.id, 'bold', output)} {info.status}{took}")
    if info.status == "completed":
        show_value(info.output, output)
    elif info.failure is not None:
        show_failure(info.failure, output)
    elif info.reason:
        output.line(f"  {info.reason}")
    show_next(info, options, output)


def show_value(value: object, output: Output) -> None:
    """JSON, in several lines where one is too long."""
    if value is None:
        return
    encoded = msgspec.json.encode(value)
    if len(encoded) <= output.width - 2:
        output.line(f"  {encoded.decode()}")
        return
    lines = msgspec.json.format(encoded).decode().splitlines()
    for line in lines[:OUTPUT_LINES_MAX]:
        output.line(f"  {cut_line(line, output.width - 2)}")
    if len(lines) > OUTPUT_LINES_MAX:
        output.line(paint(f"  … {len(lines) - OUTPUT_LINES_MAX:,} more lines", "quiet", output))


def cut_line(line: str, width: int) -> str:
    indent = len(line) - len(line.lstrip())
    return " " * indent + cut(line.strip(), width - indent)


def show_failure(failure: Failure, output: Output) -> None:
    output.line(f"  {paint(str(failure), 'failed', output)}")
    place = place_of(failure)
    if place:
        output.line(paint(f"  {place}", "quiet", output))


def place_of(failure: Failure) -> str:
    """The last line of the traceback that names a file."""
    lines = [line.strip() for line in failure.traceback.splitlines() if line.strip().startswith("File ")]
    return lines[-1] if lines else ""


NEXT: dict[str, tuple[tuple[str, str], ...]] = {
    "created": (("cancel", "end it before it begins"),),
    "running": (
        ("timeline", "when each task ran"),
        ("pause", "begin nothing more"),
        ("cancel", "end it now"),
    ),
    "paused": (("resume", "go on"), ("cancel", "end it now")),
    "completed": (("show", "each node"), ("timeline", "when each task ran"), ("graph", "a picture of it")),
    "failed": (
        ("show", "each node, with its error"),
        ("logs", "what the tasks said"),
        ("retry", "run again what failed; what completed is kept"),
    ),
    "cancelled": (("show", "each node"), ("retry", "run what was cancelled")),
}
"""By status: commands that make sense, and what they do."""


def show_next(info: Info, options: Options, output: Output) -> None:
    rows = [
        ((f"  {hint(options, verb, info.id)}", "name"), (what, "quiet"))
        for verb, what in NEXT[info.status]
        if verb != options.command
    ]
    if rows:
        output.line()
        output.table(["", ""], rows)
