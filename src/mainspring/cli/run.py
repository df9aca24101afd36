"""`mainspring run`: run a workflow to its end, or go on with it, and watch."""

from __future__ import annotations

from mainspring import Machine, Process, Workflow
from mainspring.cli.commands import UsageError
from mainspring.cli.load import load_definition, read_input
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.session import Session
from mainspring.cli.stores import hint
from mainspring.cli.values import read_attributes
from mainspring.engine import Engine
from mainspring.instance import Instance


def arguments(parser: Parser) -> None:
    add_start_arguments(parser, "report.py, report.py:name, report.yaml, package.module:name")
    parser.add_argument("--slots", metavar="N", type=int, help="attempts at once; default: as the handlers allow")
    parser.add_argument("--quiet", action="store_true", help="only the result")
    parser.note = (
        "Inputs are words behind the target: count=3 url=https://example.org. "
        "Ctrl-C once lets what runs end and begins nothing more; twice stops at once. Either way nothing is lost: the "
        "same command with the same --id goes on where it was, also after a crash."
    )
    parser.examples = [
        ("mainspring run report.py url=https://example.org", "the only workflow of a file"),
        ("mainspring run report.yaml --input @input.json --id report-17", "go on with the same command"),
        ("mainspring run reports.weekly:workflow --slots 4", "of a module"),
    ]


def add_start_arguments(parser: Parser, targets: str) -> None:
    """What `run` and `start` have in common; `targets`: examples."""
    parser.add_argument("target", metavar="FILE|module:name", help=targets)
    parser.add_argument(
        "words", metavar="name=value", nargs="*", default=[], help="an input; JSON where it is JSON, else text"
    )
    parser.add_argument(
        "--input", metavar="JSON", help="all inputs as one JSON object; @FILE reads it, - reads standard input"
    )
    parser.add_argument("--id", metavar="ID", help="of the instance; the same id again is the same instance")
    parser.add_argument("--attribute", metavar="NAME=VALUE", action="append", help="to find the instance by")
    parser.add_argument("--priority", metavar="N", type=int, help="higher runs first; default 0, of a task as it says")


def perform(options: Options, output: Output) -> int:
    if options.slots is not None and options.slots < 1:
        raise UsageError("--slots must be 1 or more; `mainspring start` starts without running")
    workflow = load_definition(options.target)
    if not isinstance(workflow, Workflow):
        kind = "state machine" if isinstance(workflow, Machine) else "process"
        raise UsageError(
            f"{options.target} is a {kind}, which waits for others: `mainspring start {options.target}` begins one,"
            f" `mainspring worker {options.target}` runs it"
        )
    with Session(options, output) as session:
        instance = start(session.engine, workflow, options)
        go_on = hint(options, "run", options.target, "--id", instance.id)
        return session.watch(instance, title=workflow.name, go_on=go_on)


def start(engine: Engine, definition: Workflow | Machine | Process | str, options: Options) -> Instance:
    """The instance that the arguments ask for, new or not."""
    workflow = definition if isinstance(definition, Workflow) else None
    input = read_input(workflow, options.input, options.words)
    attributes = read_attributes(options.attribute)
    key = getattr(options, "key", "")
    return engine.start(
        definition, input, id=options.id, priority=options.priority or 0, attributes=attributes or None, key=key
    )
