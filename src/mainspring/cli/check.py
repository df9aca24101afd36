"""`mainspring check`: all that is wrong with a definition, with its places."""

from __future__ import annotations

from mainspring.cli.load import load
from mainspring.cli.output import Output, sign
from mainspring.cli.parser import Options, Parser


def arguments(parser: Parser) -> None:
    parser.add_argument(
        "target", metavar="FILE|module:name", help="report.py, report.py:name, report.yaml, package.module:name"
    )
    parser.note = (
        "Unknown nodes, cycles, two nodes with one key, wrong arguments, unknown handlers, outputs that cannot exist: "
        "all problems at once, each with its file, line and node. Exit code 2 if there are any."
    )


def perform(options: Options, output: Output) -> int:
    workflow = load(options.target)
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
