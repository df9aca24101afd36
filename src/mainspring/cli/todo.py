"""`mainspring tasks|incidents`: what waits for people, over all instances or in one."""

from __future__ import annotations

from typing import Any

from mainspring.case import Incident, UserTask
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import hint


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", nargs="?", help="of an instance; default: all")
    if parser.command.name == "tasks":
        parser.add_argument("--assignee", metavar="NAME", help="whose they are")
        parser.add_argument("--user", metavar="NAME", help="who is a candidate")
        parser.add_argument("--group", metavar="NAME", help="whose members are candidates")
    parser.add_argument("--element", metavar="ELEMENT", help="of the process")


def perform(options: Options, output: Output) -> int:
    found = _tasks(options) if options.command == "tasks" else _incidents(options)
    if output.is_json:
        output.json([_plain(each) for each in found])
        return 0
    if not found:
        output.line("nothing waits for people" if options.command == "tasks" else "nothing has stopped")
        return 0
    for each in found:
        output.line(line_of(each))
    first = found[0]
    verb = "complete" if options.command == "tasks" else "resolve"
    output.table(["", "", ""], [(" ", (hint(options, verb, first.instance, first.id), "name"), "sees to the first")])
    return 0


def _tasks(options: Options) -> list[UserTask]:
    with open_to_steer(options) as engine:
        found = engine.user_tasks(
            assignee=options.assignee, user=options.user, group=options.group, element=options.element
        )
        if options.id is not None:
            engine.get(options.id)
    return [each for each in found if options.id in (None, each.instance)]


def _incidents(options: Options) -> list[Incident]:
    with open_to_steer(options) as engine:
        found = engine.incidents(element=options.element)
        if options.id is not None:
            engine.get(options.id)
    return [each for each in found if options.id in (None, each.instance)]


def line_of(each: UserTask | Incident) -> str:
    if isinstance(each, Incident):
        return f"{each.instance}  {each.id}  {each.type}: {each.message}"
    who = each.assignee or ", ".join((*each.users, *each.groups)) or "anybody"
    due = f"  due {each.due_at:%Y-%m-%d %H:%M}" if each.due_at is not None else ""
    return f"{each.instance}  {each.id}  {each.name or each.element}  for {who}{due}"


def _plain(each: UserTask | Incident) -> dict[str, Any]:
    values = {name: getattr(each, name) for name in each.__slots__}
    return {name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()}
