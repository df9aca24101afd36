"""`mainspring cancel|pause|resume|retry|rerun`: requests to an instance, durable when the command returns."""

from __future__ import annotations

from mainspring.cli.load import read_input
from mainspring.cli.output import Output, paint, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import hint, is_worked_on
from mainspring.instance import Instance

ARGUMENTS = {"cancel": ("reason",), "pause": ("reason",), "resume": (), "retry": (), "rerun": ("node",)}
"""Of each verb of `Instance`, the options that it takes."""
IDLE_TWICE = ("cancel", "pause", "resume")
"""Said a second time, these change nothing."""
WAKING = ("resume", "retry", "rerun")
"""After these something is to run, so somebody must be there to run it."""


def arguments(parser: Parser) -> None:
    verb = parser.command.name
    parser.add_argument("id", metavar="ID", help="of the instance")
    if "node" in ARGUMENTS[verb]:
        parser.add_argument(
            "node", metavar="NODE", help="the node to begin with; all that depends on it runs again too"
        )
    if "reason" in ARGUMENTS[verb]:
        parser.add_argument("--reason", metavar="TEXT", default="", help="is kept in the journal")
    if verb == "retry":
        parser.add_argument(
            "words", metavar="name=value", nargs="*", default=[], help="variables of a process that are corrected first"
        )
        parser.add_argument("--data", metavar="JSON", help="such a JSON object, @file, or - for standard input")
        parser.add_argument("--by", metavar="NAME", default="", help="who corrects them; is kept in the journal")
    parser.note = "It works while other processes use the store: they see it within a tenth of a second."


def perform(options: Options, output: Output) -> int:
    with open_to_steer(options) as engine:
        instance = engine.get(options.id)
        before = instance.info()
        if options.command == "retry" and (options.words or options.data is not None):
            instance.set_variables(read_input(None, options.data, options.words), by=options.by)
        taken = _ask(instance, options)
        status = instance.status
        waits = options.command in WAKING and not is_worked_on(engine)
    if output.is_json:
        output.json(
            {"id": options.id, "command": options.command, "taken": taken, "before": before.status, "status": status}
        )
        return 0
    if not taken:
        work = paint(hint(options, "worker", "FILE"), "name", output)
        output.line(f"{options.command} of {options.id} is requested")
        output.line(f"  a process that has the code of {before.definition!r} must take it up: {work}")
        return 0
    same = status == before.status and options.command in IDLE_TWICE
    output.line(f"{sign(status, output)} {options.id} is {status}" + (" already" if same else ""))
    if waits and status == "running":
        output.line(f"  nobody works on this store now; {paint(hint(options, 'worker'), 'name', output)} does")
    return 0


def _ask(instance: Instance, options: Options) -> bool:
    """Whether the request was taken up at once; otherwise it is left for a process that has the definition's code."""
    arguments = [getattr(options, name) for name in ARGUMENTS[options.command]]
    return getattr(instance, options.command)(*arguments) is not False
