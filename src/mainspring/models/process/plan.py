"""A process compiled: its elements as objects that lead to each other, its expressions as functions.

An area is what a process, a global task or a sub-process is made of.  Called processes of the same file are areas of
the same plan.  Nothing in a plan changes after it is made, and all instances of a definition share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.contract import TaskSpec
from mainspring.models.process.code import compile_code, compile_condition
from mainspring.models.process.document import (
    ACTIVITIES,
    AD_HOC,
    BOUNDARY,
    CATCH,
    COMPENSATE,
    LINK,
    SCRIPT,
    START,
    THROW,
    Body,
    Code,
    Document,
    EventDefinition,
    Flow,
    MultiInstance,
    Node,
    ProcessPart,
    StandardLoop,
)
from mainspring.models.process.expression import CodeInvalidError, Evaluate
from mainspring.models.process.running import running


class Arc:
    """A sequence flow, compiled."""

    __slots__ = ("condition", "flow", "id", "source", "target")

    def __init__(self, flow: Flow, source: Vertex, target: Vertex) -> None:
        self.flow = flow
        self.id = flow.id
        self.source = source
        self.target = target
        self.condition: Evaluate | None = None


class Vertex:
    """A flow node, compiled."""

    __slots__ = (
        "activation", "active", "area", "attached", "body", "boundaries", "call", "call_key", "code", "compensator",
        "completion", "default", "events", "has_conditions", "id", "incoming", "inputs", "is_activity", "is_in_ad_hoc",
        "is_plain_script", "kind", "loop", "needs_all", "node", "outgoing", "outputs", "people", "spec",
        "takes", "upstream",
    )  # fmt: skip

    def __init__(self, node: Node, area: Area) -> None:
        self.node = node
        self.id = node.id
        self.kind = node.kind
        self.needs_all = node.needs_all and len(node.events) > 1
        self.area = area
        """In which it is."""
        self.body: Area | None = None
        """What is in it."""
        self.is_activity = node.kind in ACTIVITIES
        self.is_in_ad_hoc = area.owner is not None and area.owner.kind == AD_HOC
        self.is_plain_script = (
            node.kind == SCRIPT and node.work is None and not node.inputs and not node.outputs
            and node.completion_quantity == 1 and not node.for_compensation and not self.is_in_ad_hoc
        )  # fmt: skip
        """Whether nothing can happen while it runs."""
        self.incoming: list[Arc] = []
        self.outgoing: list[Arc] = []
        self.default: Arc | None = None
        self.has_conditions = False
        """Whether some of its outgoing flows are not taken."""
        self.attached: Vertex | None = None
        """Of a boundary event: the activity."""
        self.boundaries: list[Vertex] = []
        """Of an activity: its boundary events, without those of compensation."""
        self.compensator: Vertex | None = None
        """Of an activity: what undoes it."""
        self.upstream: dict[str, int] | None = None
        """Of a joining gateway: the incoming flows, as bits, that a token at each node could still reach."""
        self.events: list[Trigger] = []
        self.loop: Loop | None = None
        self.inputs: list[tuple[Evaluate, tuple[str, ...]]] = []
        self.outputs: list[tuple[Evaluate, tuple[str, ...]]] = []
        work = node.work
        self.spec = None if work is None else TaskSpec(work.handler, work.queue, work.priority, work.timeout_s)
        """Of its tasks."""
        self.takes = None if work is None else work.takes
        """The variables that its handler takes; None: nobody knows, so it is offered all that are in sight."""
        self.code: Evaluate | None = None
        """Of a script."""
        self.activation: Evaluate | None = None
        self.completion: Evaluate | None = None
        self.active: Evaluate | None = None
        self.call: Evaluate | None = None
        self.call_key: Evaluate | None = None
        self.people: dict[str, Evaluate] = {}

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id}>"


class Trigger:
    """An event definition, compiled."""

    __slots__ = ("code", "correlation", "definition", "index", "kind", "name")

    def __init__(self, definition: EventDefinition, index: int) -> None:
        self.definition = definition
        self.kind = definition.kind
        self.name = definition.name
        self.index = index
        self.code: Evaluate | None = None
        self.correlation: Evaluate | None = None


class Loop:
    """A standard loop or a multi-instance, compiled."""

    __slots__ = ("cardinality", "collection", "completion", "complex", "condition", "none", "one", "output", "what")

    def __init__(self, what: StandardLoop | MultiInstance) -> None:
        self.what = what
        self.condition: Evaluate | None = None
        self.cardinality: Evaluate | None = None
        self.collection: Evaluate | None = None
        self.completion: Evaluate | None = None
        self.output: Evaluate | None = None
        self.one: Trigger | None = None
        self.none: Trigger | None = None
        self.complex: list[tuple[Evaluate, Trigger]] = []


class Area:
    """What a process, a global task or a sub-process is made of."""

    __slots__ = ("compensation", "data", "event_subs", "id", "initial", "joins", "links", "owner", "starts", "vertices")

    def __init__(self, id: str, owner: Vertex | None, data: Iterable[str]) -> None:
        self.id = id
        self.owner = owner
        """The sub-process; None: it is a process."""
        self.data = tuple(data)
        self.vertices: dict[str, Vertex] = {}
        self.initial: list[Vertex] = []
        """Where tokens begin when nothing particular has started it: none start events, or else all that nothing
        leads to (13.4.1)."""
        self.starts: list[Vertex] = []
        """Start events that wait for something, and what instantiates a process by receiving."""
        self.event_subs: list[Vertex] = []
        """Event sub-processes, without that of compensation."""
        self.compensation: Vertex | None = None
        """The event sub-process that compensates this area."""
        self.links: dict[str, Vertex] = {}
        """Where the links of a name lead."""
        self.joins: list[Vertex] = []
        """Inclusive and complex gateways, which look at what could still come."""


class Plan:
    """A definition, compiled."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.id = document.process
        self.areas: dict[str, Area] = {}
        """Processes and global tasks by id."""
        self.vertices: dict[str, Vertex] = {}
        """All flow nodes by id."""
        self.has_joins = False
        """Whether any gateway looks at what could still come."""

    @property
    def root(self) -> Area:
        return self.areas[self.id]


def compile_process(document: Document, file: str = "") -> Plan:
    """Raises `DefinitionInvalidError` with all that is in the way: references that lead nowhere, texts that are no
    expressions."""
    compiler = _Compiler(document, file)
    for part in running(document):
        compiler.part(part)
    if compiler.problems:
        raise DefinitionInvalidError(document.process, compiler.problems)
    return compiler.plan


class _Compiler:
    """Makes the plan, and gathers what is wrong."""

    def __init__(self, document: Document, file: str) -> None:
        self.plan = Plan(document)
        self.file = file
        self.problems: list[Problem] = []

    def wrong(self, message: str, what: Node | Flow, line: int = 0) -> None:
        line = line or what.line
        kind = what.kind if isinstance(what, Node) else "sequenceFlow"
        place = f"{self.file or 'line'}:{line}" if line else ""
        self.problems.append(Problem(f"<{kind}> {what.id!r}: {message}", place))

    def code(self, code: Code | None, what: Node | Flow, *, condition: bool = False) -> Evaluate | None:
        if code is None:
            return None
        try:
            return compile_condition(code) if condition else compile_code(code)
        except CodeInvalidError as error:
            self.wrong(str(error), what, code.line)
            return None

    # --- Areas ----------------------------------------------------------------------------------

    def part(self, part: ProcessPart) -> None:
        self.plan.areas[part.id] = self.area(part.id, part.body, None)

    def area(self, id: str, body: Body, owner: Vertex | None) -> Area:
        area = Area(id, owner, (datum.name or datum.id for datum in body.data))
        for node in body.nodes:
            self.vertex(node, area)
        for flow in body.flows:
            self.arc(flow, area)
        for vertex in area.vertices.values():
            self.finish(vertex, area)
        for association in body.associations:
            source, target = area.vertices.get(association.source), area.vertices.get(association.target)
            if source is not None and target is not None and source.attached is not None:
                source.attached.compensator = target
        area.initial = list(_initial(area))
        return area

    def vertex(self, node: Node, area: Area) -> None:
        vertex = Vertex(node, area)
        if node.id in self.plan.vertices:
            self.wrong("another element has this id", node)
        self.plan.vertices[node.id] = area.vertices[node.id] = vertex
        if node.body is not None:
            vertex.body = self.area(node.id, node.body, vertex)

    def arc(self, flow: Flow, area: Area) -> None:
        source, target = area.vertices.get(flow.source), area.vertices.get(flow.target)
        for end, found, id in (("sourceRef", source, flow.source), ("targetRef", target, flow.target)):
            if found is None:
                there = "is in another process or sub-process" if self.plan.vertices.get(id) else "is not in the file"
                self.wrong(f"its {end} {id!r} {there}", flow)
        if source is None or target is None:
            return
        arc = Arc(flow, source, target)
        arc.condition = self.code(flow.condition, flow, condition=True)
        source.outgoing.append(arc)
        target.incoming.append(arc)

    # --- Nodes ----------------------------------------------------------------------------------

    def finish(self, vertex: Vertex, area: Area) -> None:
        """What can be known of a node once all nodes and flows of its area are there."""
        node = vertex.node
        if node.default:
            vertex.default = next((arc for arc in vertex.outgoing if arc.id == node.default), None)
            if vertex.default is None:
                self.wrong(f"its default {node.default!r} is no flow that goes out of it", node)
        vertex.has_conditions = any(arc.condition is not None for arc in vertex.outgoing) or vertex.default is not None
        vertex.events = [self.trigger(event, index, node) for index, event in enumerate(node.events)]
        self.codes(vertex)
        if node.loop is not None:
            vertex.loop = self.loop(node.loop, node)
        if node.kind == BOUNDARY:
            self.attach(vertex, area)
        elif node.by_event:
            self.event_sub(vertex, area)
        elif (node.kind == START and node.events) or node.instantiate:
            area.starts.append(vertex)
        elif node.kind == CATCH:
            area.links.update((event.name, vertex) for event in vertex.events if event.kind == LINK)
        elif node.kind in ("inclusiveGateway", "complexGateway") and len(vertex.incoming) > 1:
            vertex.upstream = upstream(vertex)
            area.joins.append(vertex)
            self.plan.has_joins = True

    def trigger(self, event: EventDefinition, index: int, node: Node) -> Trigger:
        trigger = Trigger(event, index)
        trigger.code = self.code(event.code, node, condition=event.kind == "conditional")
        trigger.correlation = self.code(event.correlation, node)
        return trigger

    def codes(self, vertex: Vertex) -> None:
        node = vertex.node
        for mappings, compiled in ((node.inputs, vertex.inputs), (node.outputs, vertex.outputs)):
            for mapping in mappings:
                evaluate = self.code(mapping.source, node)
                if evaluate is not None:
                    compiled.append((evaluate, tuple(mapping.target.split("."))))
        if node.script is not None:
            vertex.code = self.code(node.script.code, node)
        vertex.activation = self.code(node.activation, node, condition=True)
        vertex.completion = self.code(node.completion, node, condition=True)
        vertex.active = self.code(node.active, node)
        if node.call is not None:
            vertex.call = self.code(node.call.element, node)
            vertex.call_key = self.code(node.call.key, node)
        if node.people is not None:
            for field in ("assignee", "users", "groups", "due", "follow_up", "priority"):
                evaluate = self.code(getattr(node.people, field), node)
                if evaluate is not None:
                    vertex.people[field] = evaluate

    def loop(self, what: StandardLoop | MultiInstance, node: Node) -> Loop:
        loop = Loop(what)
        if isinstance(what, StandardLoop):
            loop.condition = self.code(what.condition, node, condition=True)
            return loop
        loop.cardinality = self.code(what.cardinality, node)
        loop.collection = self.code(what.collection, node)
        loop.completion = self.code(what.completion, node, condition=True)
        loop.output = self.code(what.output_item, node)
        loop.one = None if what.one_event is None else self.trigger(what.one_event, 0, node)
        loop.none = None if what.none_event is None else self.trigger(what.none_event, 0, node)
        for behavior in what.complex:
            condition = self.code(behavior.condition, node, condition=True)
            if condition is not None:
                loop.complex.append((condition, self.trigger(behavior.event, 0, node)))
        return loop

    def attach(self, vertex: Vertex, area: Area) -> None:
        node = vertex.node
        vertex.attached = around = area.vertices.get(node.attached_to)
        if around is None or not around.is_activity:
            self.wrong(f"it is attached to {node.attached_to!r}, which is no activity beside it", node)
        elif not any(event.kind == COMPENSATE for event in vertex.events):
            around.boundaries.append(vertex)
            around.is_plain_script = False
        else:
            around.is_plain_script = False
            around.compensator = around.compensator or next((arc.target for arc in vertex.outgoing), None)

    def event_sub(self, vertex: Vertex, area: Area) -> None:
        body = vertex.body
        start = None if body is None else next((each for each in body.starts if each.kind == START), None)
        if start is None:
            self.wrong("an event sub-process begins with a start event that waits for something", vertex.node)
        elif any(event.kind == COMPENSATE for event in start.events):
            area.compensation = vertex
        else:
            area.event_subs.append(vertex)


def _initial(area: Area) -> Iterator[Vertex]:
    """None start events; where there is no start event at all, the nodes that nothing leads to (13.4.1, 13.3.4)."""
    starts = [vertex for vertex in area.vertices.values() if vertex.kind == START]
    if starts:
        yield from (vertex for vertex in starts if not vertex.events)
        return
    linked = {id(vertex) for vertex in area.links.values()}
    compensators = {id(vertex.compensator) for vertex in area.vertices.values()}
    for vertex in area.vertices.values():
        node = vertex.node
        is_reached = vertex.incoming or id(vertex) in linked or id(vertex) in compensators
        if not is_reached and not (node.by_event or node.for_compensation or node.instantiate or node.kind == BOUNDARY):
            yield vertex


def upstream(gateway: Vertex) -> dict[str, int]:
    """For each node, the incoming flows of a gateway (as bits) that a token there could still come in by, without
    passing the gateway itself (13.4.3)."""
    reach: dict[str, int] = {}
    for place, arc in enumerate(gateway.incoming):
        waiting = [arc.source]
        while waiting:
            vertex = waiting.pop()
            known = reach.get(vertex.id, 0)
            if vertex is gateway or known >> place & 1:
                continue
            reach[vertex.id] = known | 1 << place
            waiting += [each.source for each in vertex.incoming]
            if vertex.attached is not None:
                waiting.append(vertex.attached)
            waiting += _links_to(vertex)
    return reach


def _links_to(vertex: Vertex) -> list[Vertex]:
    """The throwing ends of a link."""
    names = {event.name for event in vertex.events if event.kind == LINK}
    if vertex.kind != CATCH or not names:
        return []
    return [
        each
        for each in vertex.area.vertices.values()
        if each.kind == THROW and any(event.kind == LINK and event.name in names for event in each.node.events)
    ]
