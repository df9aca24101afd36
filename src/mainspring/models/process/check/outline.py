"""A BPMN file as the rules look at it: elements by name, what is around them, and which flows meet where."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from mainspring.models.process.bpmn.source import BPMN, Source, children, is_true, local
from mainspring.models.xml_text import Element

TASKS = frozenset(
    {
        "task",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "userTask",
        "manualTask",
        "businessRuleTask",
        "scriptTask",
    }
)
SUB_PROCESSES = frozenset({"subProcess", "transaction", "adHocSubProcess"})
ACTIVITIES = TASKS | SUB_PROCESSES | {"callActivity"}
GATEWAYS = frozenset({"exclusiveGateway", "inclusiveGateway", "parallelGateway", "complexGateway", "eventBasedGateway"})
CATCHING = frozenset({"startEvent", "intermediateCatchEvent", "boundaryEvent"})
THROWING = frozenset({"intermediateThrowEvent", "endEvent", "implicitThrowEvent"})
EVENTS = CATCHING | THROWING
CHOREOGRAPHY_ACTIVITIES = frozenset({"choreographyTask", "callChoreography", "subChoreography"})
FLOW_NODES = ACTIVITIES | GATEWAYS | EVENTS | CHOREOGRAPHY_ACTIVITIES
EVENT_DEFINITIONS = frozenset(
    f"{kind}EventDefinition"
    for kind in (
        "message",
        "timer",
        "error",
        "escalation",
        "cancel",
        "compensate",
        "conditional",
        "link",
        "signal",
        "terminate",
    )
)
STANDARD = frozenset(
    {
        *("", BPMN, "http://www.w3.org/2001/XMLSchema-instance", "http://www.w3.org/XML/1998/namespace"),
        *("http://www.omg.org/spec/BPMN/non-normative/color/1.0", "http://bpmn.sourceforge.net"),
    }
)
"""Namespaces of attributes and extensions that add nothing to a model, or only say how it is painted.  Any other tells
that a file was written for an engine or by its modeler, which completes the model its own way."""
ENGINE_EXPORTERS = ("bpmn-js", "bpmn.io", "camunda", "zeebe", "flowable", "activiti")
ENGINE_TARGETS = ("http://bpmn.io/", "http://www.activiti.org/", "http://www.flowable.org/")


class Outline:
    """The BPMN elements of a file, gathered in one walk; what stands in `extensionElements` is left out."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.elements: dict[str, list[Element]] = defaultdict(list)
        """By their name."""
        self.parents: dict[Element, Element] = {}
        self.writes_flows = False
        """Whether elements list their flows; where there are none, whether a modeler wrote the file."""
        self._is_for_engine = _is_from_engine(source.root)
        self._gather()
        self._names: dict[Element, frozenset[str]] = {}
        self.incoming = self._by_end("sequenceFlow", "targetRef")
        self.outgoing = self._by_end("sequenceFlow", "sourceRef")
        self.associations = self._by_end("association", "sourceRef")
        self.messages_to = self._by_end("messageFlow", "targetRef")
        self.messages_from = self._by_end("messageFlow", "sourceRef")

    def _gather(self) -> None:
        waiting = [self.source.root]
        while waiting:
            element = waiting.pop()
            self.elements[element.name].append(element)
            self._is_for_engine = self._is_for_engine or _speaks_to_engine(element)
            for each in element.elements:
                if each.namespace == BPMN and each.name != "extensionElements":
                    self.parents[each] = element
                    waiting.append(each)
                else:
                    self._is_for_engine = self._is_for_engine or _is_foreign(each)
        listed = self.elements["incoming"] or self.elements["outgoing"]
        exporter = self.source.root.attributes.get("exporter")
        self.writes_flows = bool(listed or (exporter and not self.elements["sequenceFlow"]))

    def _by_end(self, kind: str, end: str) -> dict[str, list[Element]]:
        found: dict[str, list[Element]] = defaultdict(list)
        for flow in self.elements[kind]:
            found[local(flow.attributes.get(end, ""))].append(flow)
        return found

    @property
    def is_complete(self) -> bool:
        """Whether the file says all that the standard wants said.

        A file for an engine says it by that engine's extensions; one that does not even list the flows of its elements
        was written by hand.
        """
        return self.writes_flows and not self._is_for_engine

    # --- Around and inside an element ---------------------------------------------------------------

    def around(self, element: Element) -> Iterator[Element]:
        """All that the element is in, the nearest first."""
        parent = self.parents.get(element)
        while parent is not None:
            yield parent
            parent = self.parents.get(parent)

    def process(self, element: Element) -> Element | None:
        """The process, choreography or global task that the element belongs to."""
        for each in chain((element,), self.around(element)):
            if self.parents.get(each) is self.source.root:
                return each
        return None

    def is_executable(self, element: Element) -> bool:
        process = self.process(element)
        return process is not None and is_true(process, "isExecutable")

    def holds(self, element: Element, name: str) -> bool:
        """Whether there is one of a name directly inside."""
        names = self._names.get(element)
        if names is None:
            names = self._names[element] = frozenset(each.name for each in element.elements if each.namespace == BPMN)
        return name in names

    def refer(self, element: Element, attribute: str) -> Element | None:
        """The element that an attribute refers to; None where there is none."""
        return self.source.by_id.get(local(element.attributes.get(attribute, "")))

    def refer_all(self, element: Element, *names: str) -> list[Element]:
        """The elements that the texts of its children refer to."""
        found = (self.source.by_id.get(reference) for reference in references(element, *names))
        return [each for each in found if each is not None]

    # --- Events -------------------------------------------------------------------------------------

    def definitions(self, event: Element) -> list[Element]:
        """What it catches or throws: its own definitions, and those it refers to (10.5.5)."""
        own = list(children(event, *EVENT_DEFINITIONS))
        return own + [each for each in self.refer_all(event, "eventDefinitionRef") if each.name in EVENT_DEFINITIONS]


def references(element: Element, *names: str) -> list[str]:
    """What the texts of its children refer to."""
    return [local(each.text) for each in children(element, *names)]


def id_of(element: Element) -> str:
    return element.attributes.get("id", "")


def kind_of(definition: Element) -> str:
    """`message` of a `messageEventDefinition`."""
    return definition.name.removesuffix("EventDefinition")


def is_event_sub_process(element: Element) -> bool:
    return element.name in SUB_PROCESSES and is_true(element, "triggeredByEvent")


def is_compensation(element: Element) -> bool:
    """An activity that is done only to make up for another (10.7)."""
    return element.name in ACTIVITIES and is_true(element, "isForCompensation")


def _is_from_engine(root: Element) -> bool:
    exporter, target = (root.attributes.get(name, "").lower() for name in ("exporter", "targetNamespace"))
    return exporter.startswith(ENGINE_EXPORTERS) or target.startswith(ENGINE_TARGETS)


def _speaks_to_engine(element: Element) -> bool:
    return any(name.rpartition(" ")[0] not in STANDARD for name in element.attributes if " " in name)


def _is_foreign(element: Element) -> bool:
    """Extension elements of an engine or its modeler; what is drawn has names of its own."""
    return element.name == "extensionElements" and any(each.namespace not in STANDARD for each in element.elements)
