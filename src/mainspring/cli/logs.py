"""`mainspring logs`: what the tasks of an instance said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from mainspring.cli.moments import instant
from mainspring.cli.output import Output, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import look
from mainspring.cli.values import instant_json
from mainspring.looking import Looking
from mainspring.watch import node_of

LEVEL_STYLES = {"WARNING": "cancelled", "ERROR": "failed", "CRITICAL": "failed", "DEBUG": "quiet"}


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of the instance")
    parser.add_argument("node", metavar="NODE", nargs="?", help="only this node, or this task of a map (parts/3)")


def perform(options: Options, output: Output) -> int:
    with look(options) as looking:
        lines = [line for line in lines_of(looking, options.id) if _is_wanted(line[1], options.node)]
    if output.is_json:
        names = ("at", "task", "attempt", "level", "message")
        output.json({"id": options.id, "lines": [dict(zip(names, line, strict=True)) for line in lines]})
        return 0
    if not lines:
        output.note("nothing was said; handlers speak by mainspring.context().logger or report_progress")
    for at, task, attempt, level, message in lines:
        who = paint(f"{task}{f' (attempt {attempt})' if attempt > 1 else ''}", "name", output)
        when = paint(instant(datetime.fromisoformat(at)), "quiet", output)
        output.line(f"{when} {who} {paint(message, LEVEL_STYLES.get(level, ''), output)}")
    return 0


def lines_of(looking: Looking, id: str) -> Iterator[tuple[str, str, int, str, str]]:
    """Of an instance and then of those that it started."""
    root = looking.get(id)
    for line in root.logs():
        yield instant_json(line.at) or "", line.key, line.attempt, line.level, line.message
    for child in root.children():
        place = child.info().parent_key
        for at, task, attempt, level, message in lines_of(looking, child.id):
            yield at, f"{place}/{task}", attempt, level, message


def _is_wanted(task: str, wanted: str | None) -> bool:
    return wanted is None or wanted in (task, node_of(task))
