"""`mainspring graph`: a picture of a definition, or of an instance with its statuses."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath
from typing import Any, NamedTuple, cast

from mainspring import Machine, Process
from mainspring.cli.commands import UsageError, nearest
from mainspring.cli.files import write
from mainspring.cli.graph_process import FLOWCHARTS, heat_chart, instance_chart
from mainspring.cli.load import TargetUnknownError, is_file, load_definition
from mainspring.cli.moments import duration
from mainspring.cli.output import Output
from mainspring.cli.parser import Options, Parser
from mainspring.cli.stores import hint, look
from mainspring.drawing import dot, mermaid, statechart_dot, statechart_mermaid, statechart_svg, svg
from mainspring.drawing.flowchart import Flowchart
from mainspring.drawing.graph import Edge, EdgeStyle, Graph, Node
from mainspring.errors import InstanceNotFoundError, StoreNotFoundError
from mainspring.models.process.graph import flowchart_of
from mainspring.models.workflow.document import decode_document
from mainspring.models.workflow.graph import Arrow, Box, Picture, picture
from mainspring.tracing import PROCESS
from mainspring.watch import Times, Watch

WORKFLOW = "workflow"
"""The model whose pictures know arrows."""
MACHINE = "machine"
"""The model that draws itself."""
FORMATS: dict[str, Any] = {"svg": svg.draw, "mermaid": mermaid.draw, "dot": dot.draw}
CHARTS: dict[str, Any] = {"svg": statechart_svg.draw, "mermaid": statechart_mermaid.draw, "dot": statechart_dot.draw}
"""The same for state machines."""
TEXTS: dict[str, Callable[[Machine], str]] = {
    "scxml": Machine.to_scxml,
    "json": lambda machine: machine.to_json().decode(),
    "yaml": Machine.to_yaml,
}
"""State machines in other notations."""
SUFFIXES = {
    ".svg": "svg", ".mmd": "mermaid", ".mermaid": "mermaid", ".dot": "dot", ".gv": "dot",
    ".scxml": "scxml", ".json": "json", ".yaml": "yaml", ".yml": "yaml",
}  # fmt: skip


def arguments(parser: Parser) -> None:
    parser.add_argument("target", metavar="FILE|module:name|ID", help="a definition, or an instance with its statuses")
    parser.add_argument(
        "--format",
        metavar="FORMAT",
        help="svg, mermaid or dot, of a machine also scxml, json or yaml; default: as the file is called, else svg",
    )
    parser.add_argument(
        "--heat", action="store_true", help="of a process in the store, by its name: how often its instances went where"
    )
    parser.add_argument("--output", metavar="FILE", default="-", help="write to this file; default: standard output")
    parser.examples = [
        ("mainspring graph report.py --output report.svg", "a definition"),
        ("mainspring graph report:1 --format mermaid", "an instance, for a README"),
        ("mainspring graph claim --heat --output claim.svg", "where the instances of a process go"),
    ]


def perform(options: Options, output: Output) -> int:
    chosen = _format(options)
    drawn, title = _drawn(options)
    if isinstance(drawn, Chart):
        return _perform_machine(drawn, title, chosen, options, output)
    if chosen not in FORMATS:
        raise UsageError(f"{chosen} is a notation of state machines; of this there are {', '.join(FORMATS)}")
    if isinstance(drawn, Flowchart):
        if output.is_json:
            output.json({"title": title, "figures": drawn.figures, "lines": drawn.lines})
        else:
            write(options.output, FLOWCHARTS[chosen](drawn, title=title), output)
        return 0
    if output.is_json:
        output.json({"title": title, "nodes": drawn.nodes, "edges": drawn.edges})
        return 0
    write(options.output, FORMATS[chosen](drawn, title=title), output)
    return 0


def _perform_machine(drawn: Chart, title: str, chosen: str, options: Options, output: Output) -> int:
    chart = drawn.machine.picture(drawn.active, has_ended=drawn.has_ended)
    if output.is_json:
        output.json({"title": title, "states": chart.states, "arrows": chart.arrows})
        return 0
    text = TEXTS[chosen](drawn.machine) if chosen in TEXTS else CHARTS[chosen](chart, title=title)
    write(options.output, text if text.endswith("\n") else f"{text}\n", output)
    return 0


def _format(options: Options) -> str:
    known = [*FORMATS, *TEXTS]
    suffix = PurePath(options.output).suffix
    if suffix and suffix not in SUFFIXES and options.format is None:
        raise UsageError(
            f"no format for {options.output!r}; there are {', '.join(known)}: name the file"
            f" *{', *'.join(SUFFIXES)}, or give --format"
        )
    chosen = options.format or SUFFIXES.get(suffix, "svg")
    if chosen not in known:
        raise UsageError(f"no format {chosen!r}{nearest(chosen, known)}; there are {', '.join(known)}")
    return str(chosen)


class Chart(NamedTuple):
    """A state machine, and where it stands."""

    machine: Machine
    active: tuple[str, ...] = ()
    has_ended: bool = False


def _drawn(options: Options) -> tuple[Graph | Chart | Flowchart, str]:
    """Of an instance if there is one of that id, else of a definition."""
    target: str = options.target
    if options.heat:
        with look(options) as looking:
            return heat_chart(looking, target)
    found = None if is_file(target) else _of_instance(target, options)
    if found is not None:
        return found
    try:
        workflow = load_definition(target)
    except TargetUnknownError:
        listed = hint(options, "list", "--children")
        raise TargetUnknownError(
            f"{target!r} is neither a file, a module, nor an instance in the store; `{listed}` shows those"
        ) from None
    if isinstance(workflow, Machine):
        return Chart(workflow), workflow.name
    if isinstance(workflow, Process):
        return flowchart_of(workflow.document), workflow.document.part.name or workflow.name
    workflow.deployable()  # raises what is wrong with it
    return graph_of(picture(workflow.definition(), with_inputs=True), {}), workflow.name


def _of_instance(id: str, options: Options) -> tuple[Graph | Chart | Flowchart, str] | None:
    """The instance of that id, if there is a store and it has one."""
    try:
        with look(options) as looking:
            watch = Watch.of(looking, id)
            watch.advance()
            title = f"{id} ({watch.status})"
            if watch.view.model == MACHINE:
                return _machine(watch), title
            if watch.view.model == PROCESS:
                return instance_chart(looking, watch), title
            return graph_of(_picture(watch), watch.times), title
    except (StoreNotFoundError, InstanceNotFoundError):
        return None


def _machine(watch: Watch) -> Chart:
    """The states of a machine, with those that are active."""
    active = tuple(view.key for view in watch.nodes() if view.status in ("running", "completed"))
    return Chart(Machine.of_text(watch.document), active, watch.status == "completed")


def _picture(watch: Watch) -> Picture:
    views = watch.nodes()
    if watch.view.model == WORKFLOW:
        return picture(decode_document(watch.document), views)
    return Picture(tuple(Box(view.key, view.kind, view.status) for view in views), ())


def graph_of(drawn: Picture, times: Times) -> Graph:
    """What drawing knows of a picture."""
    skipped = {box.id for box in drawn.boxes if box.status == "skipped"}
    return Graph(
        nodes=tuple(
            Node(box.id, kind=box.kind, status=cast("Any", box.status), note=_note(box, times)) for box in drawn.boxes
        ),
        edges=tuple(Edge(arrow.source, arrow.target, style=_style(arrow, skipped)) for arrow in drawn.arrows),
    )


def _style(arrow: Arrow, skipped: set[str]) -> EdgeStyle:
    """Dashed: order without data, or a way that was not taken."""
    return "solid" if arrow.is_data and not skipped & {arrow.source, arrow.target} else "dashed"


def _note(box: Box, times: Times) -> str:
    note = re.sub(r"[\w.]+:(\w+)", r"\1", box.note)  # `module:name` is too long for a box
    if box.status == "completed" and box.id in times:
        start, end = times[box.id]
        return ", ".join(word for word in (note, duration(end - start)) if word)
    return note
