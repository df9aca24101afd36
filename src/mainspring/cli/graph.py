"""`mainspring graph`: a picture of a definition, or of an instance with its statuses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any, cast

import msgspec

from mainspring.cli.commands import UsageError, nearest
from mainspring.cli.files import write
from mainspring.cli.load import TargetNotFoundError, is_file, load
from mainspring.cli.moments import duration
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import look
from mainspring.drawing import dot, mermaid, svg
from mainspring.drawing.graph import Edge, Graph, Node
from mainspring.errors import InstanceNotFoundError, StoreNotFoundError
from mainspring.models.contract import NodeView
from mainspring.models.workflow import WORKFLOW
from mainspring.watch import Times, Watch

FORMATS: dict[str, Any] = {"svg": svg.draw, "mermaid": mermaid.draw, "dot": dot.draw}
SUFFIXES = {".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot"}


def arguments(parser: Parser) -> None:
    parser.add_argument("target", metavar="FILE|module:name|ID", help="a definition, or an instance with its statuses")
    parser.add_argument(
        "--format", metavar="FORMAT", help="svg, mermaid or dot; default: as the file is called, else svg"
    )
    parser.add_argument("--output", metavar="FILE", default="-", help="write to this file; default: standard output")
    parser.examples = [
        ("mainspring graph report.py --output report.svg", "a definition"),
        ("mainspring graph report:1 --format mermaid", "an instance, for a README"),
    ]


def perform(options: Options, output: Output) -> int:
    draw = FORMATS[_format(options)]
    graph, title = _graph_of(options)
    if output.is_json:
        output.json({"title": title, "nodes": graph.nodes, "edges": graph.edges})
        return 0
    write(options.output, draw(graph, title=title), output)
    return 0


def _format(options: Options) -> str:
    chosen = options.format or SUFFIXES.get(PurePath(options.output).suffix, "svg")
    if chosen not in FORMATS:
        raise UsageError(f"no format {chosen!r}{nearest(chosen, FORMATS)}; there are {', '.join(FORMATS)}")
    return str(chosen)


def _graph_of(options: Options) -> tuple[Graph, str]:
    """Of an instance if there is one of that id, else of a definition."""
    target: str = options.target
    watch = None if is_file(target) else _find(target, options)
    if watch is not None:
        return graph_of(watch.nodes(), watch.times), f"{target} ({watch.status})"
    try:
        workflow = load(target)
    except UsageError:
        raise TargetNotFoundError(f"{target!r} is neither a file, a module, nor an instance in the store") from None
    plan = WORKFLOW.compile(workflow.deployable().document, _anything)
    nodes = WORKFLOW.nodes(plan, WORKFLOW.initial(plan, 0))
    return graph_of([msgspec.structs.replace(node, status="") for node in nodes], {}), workflow.name


def _find(id: str, options: Options) -> Watch | None:
    """The instance of that id, if there is a store and it has one."""
    try:
        with look(options) as looking:
            watch = Watch.of(looking, id)
            watch.advance()
            return watch
    except (StoreNotFoundError, InstanceNotFoundError):
        return None


def _anything(name: str) -> Any:
    """No condition is asked to draw a picture."""
    return lambda *_args, **_kwargs: name


def graph_of(nodes: Sequence[NodeView], times: Times) -> Graph:
    """What drawing knows of nodes."""
    keys = {node.key for node in nodes}
    return Graph(
        nodes=tuple(
            Node(node.key, kind=node.kind, status=cast("Any", node.status), note=_note(node, times)) for node in nodes
        ),
        edges=tuple(
            Edge(parent, node.key, style="dashed" if node.status == "skipped" else "solid")
            for node in nodes
            for parent in node.parents
            if parent in keys
        ),
    )


def _note(node: NodeView, times: Times) -> str:
    words = []
    if node.total:
        words.append(
            f"{node.completed:,} of {node.total:,}" if node.completed < node.total else f"{node.total:,} items"
        )
    if node.status == "completed" and node.key in times:
        start, end = times[node.key]
        words.append(duration(end - start))
    return ", ".join(words)
