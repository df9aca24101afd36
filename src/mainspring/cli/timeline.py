"""`mainspring timeline`: when each task ran."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, cast

import msgspec

from mainspring.cli.files import write
from mainspring.cli.output import Output, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import look
from mainspring.drawing import gantt
from mainspring.history import TaskTime
from mainspring.looking import Looking

ROWS = 40
"""Of a text; more scroll out of sight."""


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of the instance")
    parser.add_argument("--svg", metavar="FILE", help="write it as a picture; - writes to standard output")
    parser.add_argument(
        "--rows", metavar="N", type=int, default=ROWS, help=f"the N longest tasks; default {ROWS}, 0: all"
    )


def perform(options: Options, output: Output) -> int:
    with look(options) as looking:
        tasks = timeline(looking, options.id)
    now = time.time()
    if output.is_json:
        output.json({"id": options.id, "tasks": [msgspec.to_builtins(task) for task in tasks]})
        return 0
    shown = longest(tasks, options.rows, now)
    tracks = [track_of(task) for task in shown]
    if options.svg is not None:
        write(options.svg, gantt.draw_svg(tracks, now=now, title=options.id), output)
        return 0
    if not tasks:
        output.line(f"{options.id} has not begun a task yet")
        return 0
    output.line(gantt.draw_text(tracks, now=now, width=output.width).rstrip())
    if len(shown) < len(tasks):
        more = f"the {len(shown)} longest of {len(tasks):,} tasks; --rows 0 shows all"
        output.line(paint(more, "quiet", output))
    return 0


def timeline(looking: Looking, id: str) -> list[TaskTime]:
    """Of an instance and of all that it started, with the keys of those behind their ids."""
    root = looking.get(id)
    tasks = root.timeline()
    for child in root.children():
        place = child.info().parent_key
        tasks += [replace(task, key=f"{place}/{task.key}") for task in timeline(looking, child.id)]
    return sorted(tasks, key=lambda task: (task.ready_at, task.key))


def longest(tasks: list[TaskTime], count: int, now: float) -> list[TaskTime]:
    """The longest in their order of time; 0: all."""
    if not count or len(tasks) <= count:
        return tasks
    kept = {id(task) for task in sorted(tasks, key=lambda task: -_length(task, now))[:count]}
    return [task for task in tasks if id(task) in kept]


def _length(task: TaskTime, now: float) -> float:
    """Failures are worth seeing whatever they took."""
    failed = 1e9 if len(task.attempts) > 1 or task.status == "failed" else 0.0
    start = task.ready_at if task.started_at is None else task.started_at
    return failed + (task.finished_at or now) - start


def track_of(task: TaskTime) -> gantt.Track:
    attempts = tuple(
        gantt.Attempt(attempt.started_at, attempt.finished_at, cast("Any", attempt.outcome))
        for attempt in task.attempts
    )
    failure = next((attempt.failure for attempt in reversed(task.attempts) if attempt.failure), None)
    return gantt.Track(task.key, cast("Any", task.status), task.ready_at, attempts, str(failure or ""))
