"""`mainspring start`: start a workflow, a state machine, a process or a task and return at once."""

from __future__ import annotations

from typing import Any

from mainspring import Machine, Process, Workflow
from mainspring.cli.commands import UsageError
from mainspring.cli.deploy import oddities
from mainspring.cli.load import is_file, load_definition, load_task, read_input
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.run import add_start_arguments, start
from mainspring.cli.stores import hint, store_of
from mainspring.cli.values import read_attributes
from mainspring.engine import Engine
from mainspring.handler import Handler
from mainspring.instance import Instance


def arguments(parser: Parser) -> None:
    add_start_arguments(
        parser, "report.py, report.py:name, order.scxml, claim.bpmn, tasks.py:name, or the name of what was deployed"
    )
    parser.add_argument("--key", metavar="KEY", default="", help="of a process: by which messages find it")
    parser.note = "What was started runs in any process that works on the store, such as `mainspring worker`."
    parser.examples = [
        ("mainspring start report.py url=https://example.org --id report-17", "prints the id, and is done"),
        ("mainspring start order.scxml amount=500", "a state machine"),
        ("mainspring start shop.tasks:add a=1 b=2", "a single task"),
    ]


def perform(options: Options, output: Output) -> int:
    definition = _named(options.target)
    targets = () if isinstance(definition, str) else (options.target,)
    with oddities() as odd, Engine(store_of(options), slots=0) as engine:
        if isinstance(definition, Handler):
            instance = _submit(engine, definition, options)
        else:
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


def _named(target: str) -> Workflow | Machine | Process | Handler[..., Any] | str:
    """The definition or the task of a file or a module; or the name of a definition that was deployed."""
    if not is_file(target) and ":" not in target:
        return target
    return load_task(target) or load_definition(target)


def _submit(engine: Engine, task: Handler[..., Any], options: Options) -> Instance:
    if options.key:
        raise UsageError("--key is for processes, by which messages find them; a task has none")
    input = read_input(task, options.input, options.words)
    attributes = read_attributes(options.attribute) or None
    [instance] = engine.submit_many(task, [input], ids=[options.id], priority=options.priority, attributes=attributes)
    return instance
