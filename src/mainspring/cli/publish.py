"""`mainspring publish|signal`: a message for the one instance that waits for it, or a signal for all."""

from __future__ import annotations

from mainspring.cli.load import read_input
from mainspring.cli.output import Output, sign
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer


def arguments(parser: Parser) -> None:
    parser.add_argument("name", metavar="NAME", help="of the message or the signal")
    parser.add_argument("words", metavar="name=value", nargs="*", default=[], help="its data; JSON where it is JSON")
    parser.add_argument("--data", metavar="JSON", help="a JSON object, @file, or - for standard input")
    if parser.command.name == "publish":
        parser.add_argument("--key", metavar="KEY", default="", help="by which the instance is found")
        parser.add_argument("--ttl", metavar="SECONDS", type=float, default=0.0, help="it waits so long for a receiver")
        parser.add_argument("--message-id", metavar="TEXT", default="", help="sent again under it, it is given once")
    parser.examples = [("mainspring publish payment-received --key policy-4711 amount=30", "with data")]


def perform(options: Options, output: Output) -> int:
    data = read_input(None, options.data, options.words)
    with open_to_steer(options) as engine:
        if options.command == "signal":
            told: str | int | None = engine.signal(options.name, data)
        else:
            receiver = engine.publish(options.name, data, key=options.key, ttl_s=options.ttl, id=options.message_id)
            told = None if receiver is None else receiver.id
    if output.is_json:
        output.json({"name": options.name, "receivers" if options.command == "signal" else "receiver": told})
    elif told is None:
        output.line(f"{sign('pending', output)} {options.name} waits for somebody who wants it")
    else:
        whom = f"{told} instances" if isinstance(told, int) else told
        output.line(f"{sign('completed', output)} {options.name} was given to {whom}")
    return 0
