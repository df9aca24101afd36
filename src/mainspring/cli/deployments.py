"""`mainspring deployments`: definitions that were deployed, and whether instances of them begin; to change that."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mainspring.cli.commands import UsageError
from mainspring.cli.moments import pause_story
from mainspring.cli.output import Cell, Output, cut, sign, status_cell
from mainspring.cli.parser import Options, Parser
from mainspring.cli.steering import open_to_steer
from mainspring.cli.stores import look
from mainspring.deployment import DeploymentInfo

VERBS = ("pause", "resume")


def arguments(parser: Parser) -> None:
    parser.add_argument("verb", metavar="pause|resume", nargs="?", help="what to do; default: show all")
    parser.add_argument("name", metavar="NAME", nargs="?", help="of the definition")
    parser.add_argument("--instances", action="store_true", help="pause or resume its instances too")
    parser.add_argument("--reason", metavar="TEXT", default="", help="pause: is kept in the journal, and shown")
    parser.add_argument("--by", metavar="NAME", default="", help="pause: who does it; the same")
    parser.add_argument("--model", metavar="MODEL", help="where several have a definition of that name")
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
        deployment = engine.deployment(options.name, model=options.model)
        if options.verb == "pause":
            count = deployment.pause(options.reason, instances=options.instances, by=options.by)
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
        output.json({"deployments": [_json(info) for info in infos]})
    elif not infos:
        output.line("no definitions; `mainspring deploy FILE` stores one")
    else:
        output.table(
            ["name", "model", "version", "status", "instances", "begins by", ""], [_row(info) for info in infos]
        )
    return 0


def _json(info: DeploymentInfo) -> dict[str, Any]:
    return asdict(info) | {"paused_at": None if info.paused_at is None else info.paused_at.isoformat()}


def _row(info: DeploymentInfo) -> list[Cell]:
    return [
        cut(info.name, 32),
        info.model,
        str(info.version),
        status_cell(info.status),
        f"{info.paused_count:,} paused" if info.paused_count else "",
        ", ".join(info.schedules),
        (pause_story(info.reason, info.by, info.paused_at), "quiet"),
    ]
