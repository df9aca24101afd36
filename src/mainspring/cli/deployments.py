"""`mainspring deployments`: definitions that were deployed, and whether instances of them begin; to change that."""

from __future__ import annotations

from dataclasses import asdict

from mainspring.cli.commands import UsageError
from mainspring.cli.output import Output, sign, status_cell
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import look

VERBS = ("pause", "resume")


def arguments(parser: Parser) -> None:
    parser.add_argument("verb", metavar="pause|resume", nargs="?", help="what to do; default: show all")
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the definition")
    parser.add_argument("--instances", action="store_true", help="pause or resume its instances too")
    parser.add_argument("--reason", metavar="TEXT", default="", help="pause: is kept in the journal, and shown")
    parser.note = (
        "While one is paused no instance of it begins: starts are refused, messages wait as long as their sender said,"
        " its timers rest."
    )
    parser.examples = [
        ("mainspring deployments", "what there is"),
        ("mainspring deployments pause claim --instances --reason audit", "and what runs of it"),
    ]


def perform(options: Options, output: Output) -> int:
    if options.verb is None:
        return _show(options, output)
    if options.verb not in VERBS or options.name is None:
        raise UsageError("write `mainspring deployments`, or with pause or resume and the name of a definition")
    with open_to_steer(options) as engine:
        deployment = engine.deployment(options.name)
        if options.verb == "pause":
            count = deployment.pause(options.reason, instances=options.instances)
        else:
            count = deployment.resume(instances=options.instances)
        status = deployment.status
    if output.is_json:
        output.json({"name": options.name, "status": status, "instances": count})
    else:
        too = f", and {count:,} instances with it" if options.instances else ""
        output.line(f"{sign(status, output)} {options.name} is {status}{too}")
    return 0


def _show(options: Options, output: Output) -> int:
    with look(options) as looking:
        infos = [each.info() for each in looking.deployments()]
    if output.is_json:
        output.json({"deployments": [asdict(info) for info in infos]})
    elif not infos:
        output.line("no definitions; `mainspring deploy FILE` stores one")
    else:
        rows = [
            [info.name, info.model, str(info.version), status_cell(info.status), ", ".join(info.schedules), info.reason]
            for info in infos
        ]
        output.table(["name", "model", "version", "status", "begins by", ""], rows)
    return 0
