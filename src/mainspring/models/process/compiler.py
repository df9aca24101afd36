"""Compiling a process: from its document to its plan, with all that is in the way."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.process.code import compile_code, compile_condition
from mainspring.models.process.document import (
    BOUNDARY,
    CATCH,
    COMPENSATE,
    LINK,
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
from mainspring.models.process.plan import Arc, Area, Loop, Plan, Trigger, Vertex
from mainspring.models.process.running import running

PEOPLE = ("assignee", "users", "groups", "due", "follow_up", "priority")
"""Expressions of a user task."""


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
        self.compiled: dict[tuple[str, str, bool], Evaluate] = {}
        """Expressions by text, language and whether they are conditions: many elements say the same."""

    def wrong(self, message: str, what: Node | Flow, line: int = 0) -> None:
        line = line or what.line
        kind = what.kind if isinstance(what, Node) else "sequenceFlow"
        place = f"{self.file or 'line'}:{line}" if line else ""
        self.problems.append(Problem(f"<{kind}> {what.id!r}: {message}", place))

    def code(self, code: Code | None, what: Node | Flow, *, condition: bool = False) -> Evaluate | None:
        if code is None:
            return None
        written = code.text, code.language, condition
        known = self.compiled.get(written)
        if known is not None:
            return known
        try:
            made = self.compiled[written] = compile_condition(code) if condition else compile_code(code)
        except CodeInvalidError as error:
            self.wrong(str(error), what, code.line)
            return None
        return made

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
            for field in PEOPLE:
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
