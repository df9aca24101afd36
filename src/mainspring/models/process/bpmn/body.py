"""The body of a process or a sub-process in a BPMN file: its nodes, flows, data and lanes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mainspring.models.process.bpmn.activities import ActivityReader
from mainspring.models.process.bpmn.code import Reading
from mainspring.models.process.bpmn.data import read_data, read_inputs, read_outputs
from mainspring.models.process.bpmn.events import read_events
from mainspring.models.process.bpmn.source import (
    BPMN,
    ZEEBE,
    Source,
    child,
    children,
    documentation,
    extensions,
    is_true,
    label,
    local,
)
from mainspring.models.process.bpmn.work import read_work
from mainspring.models.process.document import (
    ACTIVITIES,
    BOUNDARY,
    COMPLEX,
    EVENT_BASED,
    EVENTS,
    NODES,
    START,
    SUB_PROCESSES,
    Association,
    Body,
    Flow,
    Lane,
    Node,
)
from mainspring.models.xml_text import Element

BESIDE = frozenset({
    "documentation", "extensionElements", "auditing", "monitoring", "ioSpecification", "ioBinding", "property",
    "dataObject", "dataObjectReference", "dataStoreReference", "laneSet", "sequenceFlow", "association", "group",
    "textAnnotation", "incoming", "outgoing", "resourceRole", "performer", "humanPerformer", "potentialOwner",
    "dataInputAssociation", "dataOutputAssociation", "standardLoopCharacteristics", "multiInstanceLoopCharacteristics",
    "completionCondition", "correlationSubscription", "supports", "supportedInterfaceRef", "category",
    "rendering", "script", "dataInput", "dataOutput", "inputSet", "outputSet",
})  # fmt: skip
"""Elements of a body or an activity that are no nodes."""


DATA_ASSOCIATIONS = ("dataInputAssociation", "dataOutputAssociation")
DRAWN_DATA = ("dataObjectReference", "dataStoreReference")
CHOREOGRAPHY = frozenset({"choreographyTask", "subChoreography", "callChoreography"})
"""What a rule says of these is enough: they stand in choreographies only (11)."""


class BodyReader:
    """Reads bodies, one inside the other."""

    def __init__(self, source: Source, reading: Reading, scripts: Mapping[str, str]) -> None:
        self.source = source
        self.reading = reading
        self.lanes: dict[str, str] = {}
        self.scripts = scripts
        self.activities = ActivityReader(source, reading, scripts, self.lanes)

    def read(self, element: Element) -> Body:
        """All that is directly inside an element, and what is inside that."""
        lanes = tuple(self._lane(lane) for around in children(element, "laneSet") for lane in children(around, "lane"))
        nodes = []
        for each in element.elements:
            if each.namespace != BPMN:
                continue
            if each.name in NODES:
                nodes.append(self._node(each))
            elif each.name not in BESIDE and each.name not in CHOREOGRAPHY:
                self.source.refuse(f"<{each.name}> is not known here, so it could not be run", each)
        return Body(
            nodes=tuple(nodes),
            flows=self._flows(element),
            associations=(*read_associations(element), *_data_associations(self.source, element)),
            data=read_data(self.source, element),
            lanes=lanes,
        )

    # --- Nodes ----------------------------------------------------------------------------------

    def _node(self, element: Element) -> Node:
        kind, attributes = element.name, element.attributes
        details: dict[str, Any] = {}
        if kind in ACTIVITIES:
            details |= self.activities.read(kind, element)
        if kind in SUB_PROCESSES:
            details |= self._sub_process(kind, element)
        elif kind in EVENTS:
            details |= self._event(kind, element)
        elif kind == COMPLEX:
            details["activation"] = self.reading.expression(child(element, "activationCondition"))
        elif kind == EVENT_BASED:
            details["instantiate"] = is_true(element, "instantiate")
            details["is_parallel"] = attributes.get("eventGatewayType", "Exclusive") == "Parallel"
        return Node(
            id=self._id(element),
            kind=kind,
            name=attributes.get("name", "").strip(),
            line=element.line,
            documentation=documentation(element),
            default=local(attributes.get("default", "")),
            direction=attributes.get("gatewayDirection", ""),
            **details,
        )

    def _id(self, element: Element) -> str:
        id = element.attributes.get("id", "").strip()
        if not id:
            self.source.refuse(f"<{element.name}> has no id, by which others refer to it", element)
        return id

    def _sub_process(self, kind: str, element: Element) -> dict[str, Any]:
        active = next((each for each in extensions(element, ZEEBE) if each.name == "adHoc"), None)
        collection = "" if active is None else active.attributes.get("activeElementsCollection", "")
        ordering = element.attributes.get("ordering", "Parallel")
        if kind == "adHocSubProcess" and ordering not in ("Parallel", "Sequential"):
            self.source.refuse(
                f"{label(element)} has the ordering {ordering!r:.20}; known: Parallel, Sequential", element
            )
        return {
            "body": self.read(element),
            "by_event": is_true(element, "triggeredByEvent"),
            "ordering": ordering,
            "completion": self.reading.expression(child(element, "completionCondition")),
            "cancel_remaining": is_true(element, "cancelRemainingInstances", default=True),
            "active": self.reading.expression(active, collection) if active is not None and collection else None,
        }

    def _event(self, kind: str, element: Element) -> dict[str, Any]:
        interrupting = {BOUNDARY: "cancelActivity", START: "isInterrupting"}.get(kind, "")
        return {
            "events": read_events(self.source, self.reading, element),
            "needs_all": is_true(element, "parallelMultiple"),
            "attached_to": local(element.attributes.get("attachedToRef", "")),
            "interrupting": not interrupting or is_true(element, interrupting, default=True),
            "inputs": read_inputs(self.source, self.reading, element),
            "outputs": read_outputs(self.source, self.reading, element),
            "work": read_work(self.source, element, self.scripts),
        }

    # --- Flows ----------------------------------------------------------------------------------

    def _flows(self, element: Element) -> tuple[Flow, ...]:
        """In the order in which their source lists them, or else in that of the file (13.4.2)."""
        flows = [self._flow(each) for each in children(element, "sequenceFlow")]
        order = {
            local(outgoing.text): place
            for node in element.elements
            if node.name in NODES
            for place, outgoing in enumerate(children(node, "outgoing"))
        }
        return tuple(sorted(flows, key=lambda flow: order.get(flow.id, len(flows))))

    def _flow(self, element: Element) -> Flow:
        attributes = element.attributes
        return Flow(
            id=self._id(element),
            source=local(attributes.get("sourceRef", "")),
            target=local(attributes.get("targetRef", "")),
            name=attributes.get("name", "").strip(),
            condition=self.reading.expression(child(element, "conditionExpression")),
            line=element.line,
        )

    def _lane(self, element: Element) -> Lane:
        name = element.attributes.get("name", "").strip() or element.attributes.get("id", "")
        nodes = tuple(local(each.text) for each in children(element, "flowNodeRef"))
        inner = tuple(
            self._lane(lane) for around in children(element, "childLaneSet") for lane in children(around, "lane")
        )
        for node in nodes:
            self.lanes.setdefault(node, name)
        return Lane(element.attributes.get("id", ""), name, nodes, inner, element.line)


def _data_associations(source: Source, element: Element) -> Iterator[Association]:
    """Between the nodes directly inside an element and the data that are drawn."""
    for node in element.elements:
        for each in children(node, *DATA_ASSOCIATIONS) if node.name in NODES else ():
            end = "sourceRef" if each.name == "dataInputAssociation" else "targetRef"
            for data in (local(found.text) for found in children(each, end)):
                if data in source.by_id and source.by_id[data].name in DRAWN_DATA:
                    here = node.attributes.get("id", "")
                    ends = (data, here) if end == "sourceRef" else (here, data)
                    yield Association(each.attributes.get("id", ""), *ends, each.line, is_of_data=True)


def read_associations(element: Element) -> Iterator[Association]:
    """The associations directly inside an element."""
    for each in children(element, "association"):
        source, target = (local(each.attributes.get(end, "")) for end in ("sourceRef", "targetRef"))
        yield Association(each.attributes.get("id", ""), source, target, each.line)
