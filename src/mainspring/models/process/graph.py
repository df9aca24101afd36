"""A process as a flowchart, for whoever draws it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import replace

from mainspring.drawing.detours import detours
from mainspring.drawing.flowchart import Border, Figure, Flowchart, Form, Line, LineKind, Plan, Spot, Tail
from mainspring.drawing.graph import Status
from mainspring.drawing.label_places import label_places
from mainspring.models.process import document as written
from mainspring.models.process.document import (
    ACTIVITIES,
    AD_HOC,
    BOUNDARY,
    CALL,
    COMPLEX,
    END,
    EVENT_BASED,
    EXCLUSIVE,
    GATEWAYS,
    INCLUSIVE,
    MANUAL,
    PARALLEL,
    RECEIVE,
    RULE,
    SCRIPT,
    SEND,
    SERVICE,
    START,
    THROW,
    TRANSACTION,
    USER,
    Body,
    Document,
    Lane,
    Node,
)
from mainspring.models.process.traces import Trace, Traces

ICONS = {
    USER: "person", SERVICE: "gear", SCRIPT: "script", SEND: "send", RECEIVE: "receive", MANUAL: "hand", RULE: "table",
    EXCLUSIVE: "cross", PARALLEL: "plus", INCLUSIVE: "ring", COMPLEX: "star", EVENT_BASED: "events",
}  # fmt: skip
"""By kind of node (tables 10.3 to 10.9, 10.5)."""
EVENT_ICONS = {"compensate": "compensation"}
"""By kind of event, where its icon is not called the same."""
BORDERS: Mapping[str, Border] = {START: "thin", END: "thick"}
"""Of events; those between have two."""
DATA: Mapping[str, Form] = {
    "textAnnotation": "note", "group": "group", "dataObjectReference": "page", "dataStoreReference": "drum",
}  # fmt: skip

MADE = re.compile(
    r"sid-[0-9A-Fa-f-]{8,}|_?[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|[A-Z][A-Za-z]+_[0-9a-z]{7}"
)
"""Ids that modelers make up: of Signavio, of those that take a UUID, of bpmn.io."""
SHORT_S = 0.001
"""What took less was done in one step."""
INCIDENTS_MAX = 3
"""Told at one element."""


def flowchart_of(
    document: Document,
    traces: Traces | None = None,
    *,
    is_heat: bool = False,
    say_duration: Callable[[float], str] = str,
) -> Flowchart:
    """The flowchart of a file's processes, at the places that its diagram interchange says, if all have one.

    `is_heat`: colours tell how often something was entered, compared with the others, not where an instance stands.
    """
    drawer = _Drawer(document, traces or Traces(), is_heat, say_duration)
    figures = drawer.figures()
    chart = Flowchart(figures, tuple(drawer.lines(figures)))
    plan = _given(document, chart)
    return chart if plan is None else replace(chart, given=plan)


class _Drawer:
    def __init__(self, document: Document, traces: Traces, is_heat: bool, say_duration: Callable[[float], str]) -> None:
        self.document = document
        self.traces = traces
        self.is_heat = is_heat
        self.say_duration = say_duration
        self.hottest = max((each.visits for each in traces.elements.values()), default=0) or 1
        nodes = [node for part in document.processes for node in nodes_of(part.body)]
        self.is_nameless = not any(node.name for node in nodes)
        """Ids then say what elements are; where a modeler has given them, they say nothing."""
        self.beside = self.read_beside({node.id for node in nodes})
        """Artifacts by id, with the node that they are about."""
        owners = {node.id for node in nodes} | {part.id for part in document.processes}
        self.around = {each.id: each.around for each in document.artifacts if each.around in owners}
        """Artifacts by id, with the process or sub-process that they stand in."""
        self.collapsed = {shape.element for shape in document.shapes if not shape.expanded}

    def read_beside(self, nodes: Collection[str]) -> dict[str, str]:
        artifacts = {artifact.id for artifact in self.document.artifacts}
        bodies = [body for part in self.document.processes for body in bodies_of(part.body)]
        pairs = [(each.source, each.target) for body in bodies for each in body.associations]
        pairs += [(each.source, each.target) for each in self.document.associations]
        found: dict[str, str] = {}
        for one, other in (*pairs, *((target, source) for source, target in pairs)):
            if one in artifacts and other in nodes:
                found.setdefault(one, other)
        return found

    # --- Figures --------------------------------------------------------------------------------

    def figures(self) -> tuple[Figure, ...]:
        document = self.document
        parts = {part.id: part for part in document.processes}
        artifacts = tuple(figure for figure in self.artifacts() if figure.id not in self.beside | self.around)
        if document.participants:
            pools = [self.pool(each, parts) for each in document.participants]
            inside = {each.process for each in document.participants}
            loose = [part for part in document.processes if part.id not in inside]
            return (*pools, *(self.part(part) for part in loose if part.body.nodes), *artifacts)
        if len(document.processes) > 1:
            return (*(self.part(part) for part in document.processes if part.body.nodes), *artifacts)
        return (*self.inside(document.part.body, document.process), *artifacts)

    def pool(self, participant: written.Participant, parts: Mapping[str, written.ProcessPart]) -> Figure:
        part = parts.get(participant.process)
        name = participant.name or (part.name if part else "") or participant.process or participant.id
        return Figure(participant.id, form="band", label=name, inside=self.inside(part.body, part.id) if part else ())

    def part(self, part: written.ProcessPart) -> Figure:
        """A process without a pool; of a global task, the task itself."""
        if part.is_global_task:
            return self.node(part.body.nodes[0])
        return Figure(part.id, form="band", label=part.name or part.id, inside=self.inside(part.body, part.id))

    def inside(self, body: Body, owner: str) -> tuple[Figure, ...]:
        figures = {node.id: self.node(node) for node in body.nodes}
        for each in self.artifacts():
            node = self.beside.get(each.id)
            if node in figures or (node is None and self.around.get(each.id) == owner):
                figures[each.id] = each
        lanes = [self.lane(lane, figures) for lane in body.lanes]
        if not lanes:
            return tuple(figures.values())
        placed = {figure.id for lane in lanes for figure in everything(lane)}
        rest = [figure for id, figure in figures.items() if id not in placed]
        return (*lanes, *rest)

    def lane(self, lane: Lane, figures: Mapping[str, Figure]) -> Figure:
        inner = [self.lane(each, figures) for each in lane.lanes]
        deeper = {figure.id for each in inner for figure in everything(each)}
        own = [figures[id] for id in dict.fromkeys(lane.nodes) if id in figures and id not in deeper]
        here = {figure.id for figure in own}
        # A boundary event is where its activity is, an annotation where its node is.
        own += [
            figure
            for figure in figures.values()
            if figure.id not in here and (figure.on or self.beside.get(figure.id)) in here
        ]
        label = "" if lane.name == lane.id and is_made(lane.id) else lane.name
        return Figure(lane.id, form="band", label=label, inside=(*inner, *own))

    def artifacts(self) -> Iterator[Figure]:
        for artifact in self.document.artifacts:
            form = DATA[artifact.kind]
            if form != "group" or any(shape.element == artifact.id for shape in self.document.shapes):
                yield Figure(artifact.id, form=form, label=artifact.text or ("…" if form == "note" else ""))

    def node(self, node: Node) -> Figure:
        is_activity = node.kind in ACTIVITIES
        label = node.name or (node.id if (is_activity or self.is_nameless) and not is_made(node.id) else "")
        is_collapsed = node.id in self.collapsed
        inside = self.inside(node.body, node.id) if node.body is not None and not is_collapsed else ()
        form: Form = "box" if is_activity else "diamond" if node.kind in GATEWAYS else "circle"
        figure = Figure(node.id, form=form, label=label, inside=inside, icon=ICONS.get(node.kind, ""))
        if is_activity:
            figure = self.activity(figure, node, is_collapsed=is_collapsed or (node.body is not None and not inside))
        elif node.kind == EVENT_BASED and node.instantiate:
            figure = replace(figure, icon="all-of-events" if node.is_parallel else "first-of-events")
        elif form == "circle":
            figure = event(figure, node)
        return self.traced(figure, node)

    def activity(self, figure: Figure, node: Node, *, is_collapsed: bool) -> Figure:
        """The marks of an activity (10.3)."""
        marks = []
        if isinstance(node.loop, written.StandardLoop):
            marks.append("loop")
        elif node.loop is not None:
            marks.append("sequential" if node.loop.sequential else "parallel")
        if node.for_compensation:
            marks.append("backward")
        if node.kind == AD_HOC:
            marks.append("any")
        if is_collapsed:
            marks.append("more")
        return replace(
            figure,
            marks=tuple(marks),
            border="thick" if node.kind == CALL else "double" if node.kind == TRANSACTION else "thin",
            is_dashed=node.by_event,
            icon="start-receive" if node.kind == RECEIVE and node.instantiate else figure.icon,
        )

    def traced(self, figure: Figure, node: Node) -> Figure:
        trace = self.traces.elements.get(node.id, Trace())
        took = trace.mean_s
        note = self.say_duration(took) if took is not None and took >= SHORT_S else ""
        words = (figure.label or node.id, node.kind, counted(trace.visits, "visit"), counted(trace.tokens, "token"))
        status: Status = ""
        if not self.is_heat:
            visited: Status = "completed" if trace.visits else ""
            status = "failed" if trace.incidents else "running" if trace.tokens else visited
        return replace(
            figure,
            status=status,
            heat=trace.visits / self.hottest if self.is_heat else None,
            dots=trace.tokens,
            count=trace.visits if trace.visits > 1 or self.is_heat else 0,
            alert="; ".join(trace.incidents[:INCIDENTS_MAX]),
            note=note,
            story=" · ".join(word for word in (*words, note, *trace.incidents[:INCIDENTS_MAX]) if word),
        )

    # --- Lines ----------------------------------------------------------------------------------

    def lines(self, figures: tuple[Figure, ...]) -> Iterator[Line]:
        """All whose ends are drawn; an id that is missing or taken is made up."""
        known = {figure.id for each in figures for figure in (each, *everything(each))}
        known |= {part.id for part in self.document.processes if part.id in known}
        seen: set[str] = set()
        for line in self.all_lines():
            if line.source in known and line.target in known:
                id = line.id if line.id and line.id not in seen else f"{line.source} {line.target} {len(seen)}"
                seen.add(id)
                yield replace(line, id=id)

    def all_lines(self) -> Iterator[Line]:
        for part in self.document.processes:
            for body in bodies_of(part.body):
                nodes = {node.id: node for node in body.nodes}
                for flow in body.flows:
                    yield self.flow(flow, nodes.get(flow.source))
                yield from map(self.association, body.associations)
        yield from map(self.association, self.document.associations)
        for message in self.document.message_flows:
            yield Line(message.id, message.source, message.target, "message", message.name)

    def flow(self, flow: written.Flow, source: Node | None) -> Line:
        """With a slash where it is the default, a diamond where it is conditional and leaves no gateway (8.4.13)."""
        tail: Tail = ""
        label = flow.name
        if source is not None and source.default == flow.id:
            tail = "slash"
        elif source is not None and flow.condition is not None and source.kind not in GATEWAYS:
            tail = "diamond"
        if not label and flow.condition is not None:
            label = flow.condition.text.strip().removeprefix("=").strip()
        count = self.traces.flows.get(flow.id, 0)
        heat = count / self.hottest if self.is_heat else None
        return Line(flow.id, flow.source, flow.target, "flow", label, tail, count, heat)

    def association(self, association: written.Association) -> Line:
        boundary = {
            node.id for part in self.document.processes for node in nodes_of(part.body) if node.kind == BOUNDARY
        }
        kind: LineKind = "arrow" if association.is_of_data or association.source in boundary else "link"
        return Line(association.id, association.source, association.target, kind)


def is_made(id: str) -> bool:
    """Whether a modeler has made an id up: `sid-67C9…`, `_8f3c…`, `Activity_0k3x9aw`; it says nothing."""
    return MADE.fullmatch(id) is not None


def counted(count: int, noun: str) -> str:
    return "" if not count else f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def event(figure: Figure, node: Node) -> Figure:
    """Circles (10.5): thin at the start, double between, thick at the end; filled where they throw."""
    throws = node.kind in (THROW, END)
    kinds = [each.kind for each in node.events]
    icon = EVENT_ICONS.get(kinds[0], kinds[0]) if kinds else ""
    if len(kinds) > 1:
        icon = "parallel-multiple" if node.needs_all else "multiple"
    return replace(
        figure,
        icon=icon,
        is_filled=throws,
        border=BORDERS.get(node.kind, "double"),
        is_dashed=not node.interrupting,
        on=node.attached_to if node.kind == BOUNDARY else "",
    )


def nodes_of(body: Body) -> Iterator[Node]:
    """All nodes in a body, and in what is inside them."""
    for inner in bodies_of(body):
        yield from inner.nodes


def bodies_of(body: Body) -> Iterator[Body]:
    yield body
    for node in body.nodes:
        if node.body is not None:
            yield from bodies_of(node.body)


def everything(figure: Figure) -> Iterator[Figure]:
    """All that is inside a figure."""
    for inner in figure.inside:
        yield inner
        yield from everything(inner)


# --- The diagram interchange ----------------------------------------------------------------------


def _given(document: Document, chart: Flowchart) -> Plan | None:
    """The places of a file's diagram (12); None if it leaves a flow node out."""
    shapes = {shape.element: shape for shape in document.shapes}
    figures = chart.by_id()
    if not shapes or any(
        figure.form in ("box", "circle", "diamond") and id not in shapes for id, figure in figures.items()
    ):
        return None
    plan = Plan()
    for id in figures:
        if id in shapes:
            shape = shapes[id]
            plan.spots[id] = Spot(shape.x, shape.y, shape.width, shape.height)
            if shape.label:
                plan.labels[id] = Spot(*shape.label)
    for edge in document.edges:
        if len(edge.points) > 1:
            plan.ways[edge.element] = edge.points
            if edge.label:
                plan.labels[edge.element] = Spot(*edge.label)
    missing = [line for line in chart.lines if line.id not in plan.ways]
    plan.ways |= detours(chart, plan, missing)
    plan.labels |= label_places(chart, plan)
    return plan
