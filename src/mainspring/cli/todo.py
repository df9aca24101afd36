"""`mainspring tasks|incidents`: what waits for people, over all instances or in one.

What has stopped is an element of a process that goes on once it is resolved, or a whole instance that has failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mainspring.case import Incident, UserTask
from mainspring.cli.output import Output, paint
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import hint
from mainspring.instance import Info

FAILED_MAX = 50
"""Instances that have failed, the newest; `mainspring list --status failed` goes through all."""


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="of an instance; default: all")
    if parser.command.name == "tasks":
        parser.add_argument("--assignee", metavar="NAME", help="whose they are")
        parser.add_argument("--user", metavar="NAME", help="who is a candidate")
        parser.add_argument("--group", metavar="NAME", help="whose members are candidates")
    else:
        parser.note = "Instances that have failed come behind the incidents of processes, the newest first."
    parser.add_argument("--element", metavar="ELEMENT", help="of a process; only what waits there")


def perform(options: Options, output: Output) -> int:
    if options.command == "tasks":
        _tell(_tasks(options), [], False, options, output)
    else:
        _tell(*_stopped(options), options, output)
    return 0


def _tell(
    found: Sequence[UserTask | Incident], failed: Sequence[Info], has_more: bool, options: Options, output: Output
) -> None:
    if output.is_json:
        output.json([*map(_plain, found), *map(_plain_failed, failed)])
        return
    if not found and not failed:
        output.line("nothing waits for people" if options.command == "tasks" else "nothing has stopped")
        return
    for each in found:
        output.line(line_of(each))
    for info in failed:
        output.line(f"{info.id}  {info.model} {info.definition} failed: {_story(info)}")
    if has_more:
        output.line(paint(f"more: {hint(options, 'list', '--status', 'failed')}", "quiet", output))
    rows = []
    if found:
        verb = "complete" if options.command == "tasks" else "resolve"
        rows.append((" ", (hint(options, verb, found[0].instance, found[0].id), "name"), "sees to the first"))
    if failed:
        rows.append((" ", (hint(options, "retry", failed[0].id), "name"), "runs again what failed in it"))
    output.table(["", "", ""], rows)


def _tasks(options: Options) -> list[UserTask]:
    with open_to_steer(options) as engine:
        found = engine.user_tasks(
            assignee=options.assignee, user=options.user, group=options.group, element=options.element
        )
        if options.id is not None:
            engine.get(options.id)
    return [each for each in found if options.id in (None, each.instance)]


def _stopped(options: Options) -> tuple[list[Incident], list[Info], bool]:
    """Incidents, instances that have failed, and whether there are more of these; no element is theirs."""
    with open_to_steer(options) as engine:
        found = engine.incidents(element=options.element)
        if options.id is not None:
            info = engine.get(options.id).info()
            failed, has_more = [info] if info.status == "failed" else [], False
        else:
            page = engine.list(status="failed", limit=FAILED_MAX)
            failed, has_more = list(page), page.next is not None
    found = [each for each in found if options.id in (None, each.instance)]
    return (found, failed, has_more) if options.element is None else (found, [], False)


def line_of(each: UserTask | Incident) -> str:
    if isinstance(each, Incident):
        return f"{each.instance}  {each.id}  {each.type}: {each.message}"
    who = each.assignee or ", ".join((*each.users, *each.groups)) or "anybody"
    due = f"  due {each.due_at:%Y-%m-%d %H:%M}" if each.due_at is not None else ""
    return f"{each.instance}  {each.id}  {each.name or each.element}  for {who}{due}"


def _story(info: Info) -> str:
    """The first line of why it failed."""
    return str(info.failure or info.reason).partition("\n")[0]


def _plain_failed(info: Info) -> dict[str, Any]:
    """As an incident that has no id, for there is nothing to resolve by itself."""
    failure = info.failure
    return {
        "id": None,
        "element": failure.node or None if failure else None,
        "instance": info.id,
        "message": failure.message if failure else info.reason,
        "type": failure.type if failure else None,
        "phase": "failed",
        "at": info.ended_at.isoformat() if info.ended_at else None,
    }


def _plain(each: UserTask | Incident) -> dict[str, Any]:
    values = {name: getattr(each, name) for name in each.__slots__}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
