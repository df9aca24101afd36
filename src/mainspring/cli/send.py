"""`mainspring send`: an event for a state machine, durable when the command returns."""

from __future__ import annotations

from pathlib import Path

import msgspec

from mainspring.cli.load import make_importable, read_input
from mainspring.cli.output import Output, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer


def arguments(parser: Parser) -> None:
    parser.add_argument("id", metavar="ID", help="of the instance")
    parser.add_argument("event", metavar="EVENT", help="its name")
    parser.add_argument(
        "words", metavar="name=value", nargs="*", default=[], help="data of the event; JSON where it is JSON"
    )
    parser.add_argument("--data", metavar="JSON", help="a JSON object, @file, or - for standard input")
    parser.add_argument("--event-id", metavar="TEXT", default="", help="sent again under this id, it is taken once")
    parser.note = "Python conditions are imported from this folder; where they are not, another process takes it."
    parser.examples = [("mainspring send claim-17 approve boss=true", "an event with data")]


def perform(options: Options, output: Output) -> int:
    make_importable(Path.cwd())
    data = read_input(None, options.data, options.words)
    with open_to_steer(options) as engine:
        instance = engine.get(options.id)
        outcome = instance.send(options.event, data or None, event_id=options.event_id)
        state, status = instance.state, instance.status
    if output.is_json:
        told = None if outcome is None else msgspec.to_builtins(outcome)
        output.json({"id": options.id, "event": options.event, "state": state, "status": status, "outcome": told})
        return 0
    if outcome is None:
        output.line(f"{sign('pending', output)} {options.id}: its code is not here; a process that has it takes it")
    elif not outcome.taken:
        output.line(f"{sign('skipped', output)} {options.id} is in {state}: {outcome.reason}")
    else:
        ending = "" if status == "running" else f", {status}"
        output.line(f"{sign(status, output)} {options.id} is in {state}{ending}")
    return 0
