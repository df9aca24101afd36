"""`mainspring cancel|pause|resume|retry|rerun`: requests to an instance, durable when the command returns."""

from __future__ import annotations

from mainspring.cli.output import Output, paint, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import hint, is_worked_on
from mainspring.instance import Instance

REASONED = ("cancel", "pause")
WAKING = ("resume", "retry", "rerun")
"""After these something is to run, so somebody must be there to run it."""


def arguments(parser: Parser) -> None:
    verb = parser.command.name
    parser.add_argument("id", metavar="ID", help="of the instance")
    if verb == "rerun":
        parser.add_argument(
            "node", metavar="NODE", help="the node to begin with; all that depends on it runs again too"
        )
    if verb in REASONED:
        parser.add_argument("--reason", metavar="TEXT", default="", help="is kept in the journal")
    parser.note = "It works while other processes use the store: they see it within a tenth of a second."


def perform(options: Options, output: Output) -> int:
    with open_to_steer(options) as engine:
        instance = engine.get(options.id)
        before = instance.status
        _ask(instance, options)
        status = instance.status
        waits = options.command in WAKING and not is_worked_on(engine)
    if output.is_json:
        output.json({"id": options.id, "command": options.command, "before": before, "status": status})
        return 0
    output.line(f"{sign(status, output)} {options.id} is {status}" + (" already" if status == before else ""))
    if waits and status == "running":
        output.line(f"  nobody works on this store now; {paint(hint(options, 'work'), 'name', output)} does")
    return 0


def _ask(instance: Instance, options: Options) -> None:
    match options.command:
        case "cancel":
            instance.cancel(options.reason)
        case "pause":
            instance.pause(options.reason)
        case "resume":
            instance.resume()
        case "retry":
            instance.retry()
        case "rerun":
            instance.rerun(options.node)
        case verb:
            raise ValueError(f"no verb {verb!r}")
