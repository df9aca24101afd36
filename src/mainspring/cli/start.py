"""`mainspring start`: start a workflow, a state machine or a process and return at once."""

from __future__ import annotations

from mainspring import Machine, Process, Workflow
from mainspring.cli.deploy import oddities
from mainspring.cli.load import is_file, load_definition
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.run import add_start_arguments, start
from mainspring.cli.stores import hint, store_of
from mainspring.engine import Engine


def arguments(parser: Parser) -> None:
    add_start_arguments(parser, "report.py, report.py:name, order.scxml, claim.bpmn, or the name of what was deployed")
    parser.add_argument("--key", metavar="KEY", default="", help="of a process: by which messages find it")
    parser.note = "What was started runs in any process that works on the store, such as `mainspring worker`."
    parser.examples = [
        ("mainspring start report.py url=https://example.org --id report-17", "prints the id, and is done"),
        ("mainspring start order.scxml amount=500", "a state machine"),
    ]


def perform(options: Options, output: Output) -> int:
    definition = _named(options.target)
    targets = () if isinstance(definition, str) else (options.target,)
    with oddities() as odd, Engine(store_of(options), slots=0) as engine:
        instance = start(engine, definition, options)
        status = instance.status
    if output.is_json:
        output.json({"id": instance.id, "existed": instance.existed, "status": status, "oddities": odd})
        return 0
    output.line(
        f"{instance.id} was there already, and is {status}" if instance.existed else f"{instance.id} has started"
    )
    for each in odd:
        output.line(f"  odd: {each}")
    output.table(
        ["", "", ""],
        [
            (" ", (hint(options, "worker", *targets), "name"), "runs it, if nobody does"),
            (" ", (hint(options, "show", instance.id), "name"), "how it stands"),
        ],
    )
    return 0


def _named(target: str) -> Workflow | Machine | Process | str:
    """The definition of a file or a module; or the name of one that was deployed."""
    return load_definition(target) if is_file(target) or ":" in target else target
