"""`mainspring check`: all that is wrong with a definition, with its places."""

from __future__ import annotations

from warnings import catch_warnings, simplefilter

from mainspring import Machine, Process
from mainspring.cli.load import load_definition
from mainspring.cli.output import Output, sign
from mainspring.cli.parser import Options, Parser
from mainspring.errors import DefinitionOddWarning, InvalidError


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "target", metavar="FILE|module:name", help="report.py, report.py:name, report.yaml, order.scxml, package:name"
    )
    parser.add_argument("--strict", action="store_true", help="of machines and processes: what is odd is wrong as well")
    parser.note = (
        "Unknown nodes, cycles, two nodes with one key, wrong arguments, unknown handlers, outputs that cannot exist: "
        "all problems at once, each with its file, line and node. Exit code 2 if there are any."
    )


def perform(options: Options, output: Output) -> int:
    workflow = load_definition(options.target)
    if isinstance(workflow, Process):
        return _tell_process(workflow, output, is_strict=options.strict)
    if isinstance(workflow, Machine):
        return _tell_machine(workflow, output, is_strict=options.strict)
    deployable = workflow.deployable()
    if output.is_json:
        output.json(
            {"definition": workflow.name, "nodes": len(workflow.nodes), "digest": deployable.digest, "problems": []}
        )
        return 0
    count = len(workflow.nodes)
    output.line(
        f"{sign('completed', output)} {workflow.name}: {count} {'node' if count == 1 else 'nodes'}, no problems"
    )
    return 0


def _tell_process(process: Process, output: Output, *, is_strict: bool) -> int:
    """What its file says and is not done, and what is odd about its flow, is told, and is no problem: it runs."""
    with catch_warnings():
        simplefilter("ignore", DefinitionOddWarning)  # it is told below
        deployable = process.deployable()
    elements, warnings = len(process.plan.vertices), [str(each) for each in process.warnings]
    odd = [str(each) for each in (*process.oddities(), *process.missing_handlers())]
    if output.is_json:
        told = {"definition": process.name, "elements": elements, "digest": deployable.digest}
        output.json({**told, "problems": [], "warnings": warnings, "oddities": odd})
        return InvalidError.exit_code if odd and is_strict else 0
    output.line(f"{sign('completed', output)} {process.name}: {elements} elements, no problems")
    for each in warnings:
        output.line(f"  warning: {each}")
    for each in odd:
        output.line(f"  odd: {each}")
    return InvalidError.exit_code if odd and is_strict else 0


def _tell_machine(machine: Machine, output: Output, *, is_strict: bool) -> int:
    """What is odd about a machine is no problem: it runs."""
    states, odd = machine.plan.states[1:], [str(each) for each in machine.oddities()]
    if output.is_json:
        digest = machine.document.digest
        output.json(
            {"definition": machine.name, "states": len(states), "digest": digest, "problems": [], "oddities": odd}
        )
        return InvalidError.exit_code if odd and is_strict else 0
    output.line(f"{sign('completed', output)} {machine.name}: {len(states)} states, no problems")
    for each in odd:
        output.line(f"  odd: {each}")
    return InvalidError.exit_code if odd and is_strict else 0
