"""`mainspring complete|resolve|move`: what people do with an instance of a process, durable when it returns."""

from __future__ import annotations

from mainspring.cli.load import read_input
from mainspring.cli.output import Output, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.instance import Instance


def arguments(parser: Parser) -> None:
    verb = parser.command.name
    parser.add_argument("id", metavar="ID", help="of the instance")
    if verb == "move":
        parser.add_argument("element", metavar="FROM", help="the element whose tokens are taken away")
        parser.add_argument("target", metavar="TO", help="the element before which one is put")
    else:
        what = "the user task" if verb == "complete" else "the incident"
        parser.add_argument("element", metavar="ELEMENT", help=f"{what}: its element, or its id, such as approve#17")
        parser.add_argument(
            "words", metavar="name=value", nargs="*", default=[], help="variables; JSON where it is JSON"
        )
        parser.add_argument("--data", metavar="JSON", help="a JSON object, @file, or - for standard input")
    if verb == "resolve":
        parser.add_argument("--skip", action="store_true", help="take the element for done, instead of trying it again")
    parser.add_argument("--by", metavar="NAME", default="", help="who does it; is kept in the journal")


def perform(options: Options, output: Output) -> int:
    with open_to_steer(options) as engine:
        instance = engine.get(options.id)
        _do(instance, options)
        status = instance.status
    if output.is_json:
        output.json({"id": options.id, "command": options.command, "element": options.element, "status": status})
        return 0
    done = {"complete": "is completed", "resolve": "is seen to", "move": "has moved"}[options.command]
    output.line(f"{sign(status, output)} {options.element} of {options.id} {done}; it is {status}")
    return 0


def _do(instance: Instance, options: Options) -> None:
    if options.command == "move":
        instance.move(options.element, options.target, by=options.by)
        return
    data = read_input(None, options.data, options.words)
    if options.command == "complete":
        instance.complete(options.element, by=options.by, data=data)
    else:
        instance.resolve(options.element, by=options.by, data=data, skip=options.skip)
