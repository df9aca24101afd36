"""`mainspring prune`: forget instances that ended long ago."""

from __future__ import annotations

from mainspring.cli.moments import duration, read_duration
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "--older-than", metavar="TIME", required=True, help="since their end: 12h, 30d, 2w; 0s: all that ended"
    )
    parser.note = "Instances that have ended go with all their history and children; those that have not are kept."


def perform(options: Options, output: Output) -> int:
    older_than_s = read_duration(options.older_than)
    with open_to_steer(options) as engine:
        count = engine.prune(older_than_s)
    if output.is_json:
        output.json({"pruned": count})
        return 0
    instances = "1 instance" if count == 1 else f"{count:,} instances"
    output.line(f"forgot {instances} that ended more than {duration(older_than_s)} ago")
    return 0
