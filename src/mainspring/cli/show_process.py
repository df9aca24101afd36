"""What an instance of a process waits for, of people: open user tasks, and what has stopped."""

from __future__ import annotations

from mainspring.case import Incident, UserTask, incidents_of, tasks_of
from mainspring.cli.output import Output, cut, paint
from mainspring.cli.parser import Options
from mainspring.cli.stores import hint
from mainspring.cli.todo import line_of
from mainspring.looking import Looking
from mainspring.watch import Watch

SHOWN_MAX = 20
"""Of each; `mainspring tasks` and `mainspring incidents` tell all."""


def tell_people(looking: Looking, watch: Watch, options: Options, output: Output) -> None:
    """Nothing, where nobody is waited for."""
    number, id = watch.view.number, watch.view.public_id
    tasks = tasks_of(looking.reader, number, SHOWN_MAX + 1)
    incidents = incidents_of(looking.reader, number, SHOWN_MAX + 1)
    _tell("Waits for people", tasks, hint(options, "tasks", id), output)
    _tell("Has stopped", incidents, hint(options, "incidents", id), output)


def _tell(heading: str, found: list[UserTask] | list[Incident], all_of_them: str, output: Output) -> None:
    if not found:
        return
    output.line(f"\n{paint(heading, 'bold', output)}")
    for each in found[:SHOWN_MAX]:
        # The instance stands in the heading of the whole picture.
        told = line_of(each).removeprefix(f"{each.instance}  ")
        output.line(f"  {cut(told, max(40, output.width - 2))}")
    if len(found) > SHOWN_MAX:
        output.line(f"  … {paint(all_of_them, 'name', output)} tells all")
