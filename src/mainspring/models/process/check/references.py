"""References by id: where each may lead."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.models.process.bpmn.source import children, label, local
from mainspring.models.process.check.outline import (
    ACTIVITIES,
    EVENT_DEFINITIONS,
    EVENTS,
    FLOW_NODES,
    Outline,
)
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.xml_text import Element

NODE = FLOW_NODES
ITEM_AWARE = frozenset(
    {"dataInput", "dataOutput", "dataObject", "dataObjectReference", "dataStore", "dataStoreReference", "property"}
)
CONVERSATIONS = frozenset({"conversation", "subConversation", "callConversation"})
TALKS = ACTIVITIES | EVENTS | CONVERSATIONS | {"participant"}
LINKED = CONVERSATIONS | {"participant"} | ACTIVITIES | EVENTS
PARTICIPANT, MESSAGE, ITEM, OPERATION = (
    frozenset({name}) for name in ("participant", "message", "itemDefinition", "operation")
)
FLOW, INTERFACE = frozenset({"sequenceFlow"}), frozenset({"interface"})
COLLABORATION = frozenset({"collaboration", "globalConversation", "choreography"})

ATTRIBUTES: dict[str, dict[str, frozenset[str]]] = {
    "sequenceFlow": {"sourceRef": NODE, "targetRef": NODE},
    "messageFlow": {"sourceRef": TALKS, "targetRef": TALKS, "messageRef": MESSAGE},
    "conversationLink": {"sourceRef": LINKED, "targetRef": LINKED},
    "boundaryEvent": {"attachedToRef": ACTIVITIES},
    "participant": {"processRef": frozenset({"process"})},
    "process": {"definitionalCollaborationRef": COLLABORATION},
    "message": {"itemRef": ITEM},
    "error": {"structureRef": ITEM},
    "escalation": {"structureRef": ITEM},
    "signal": {"structureRef": ITEM},
    "messageEventDefinition": {"messageRef": MESSAGE},
    "signalEventDefinition": {"signalRef": frozenset({"signal"})},
    "errorEventDefinition": {"errorRef": frozenset({"error"})},
    "escalationEventDefinition": {"escalationRef": frozenset({"escalation"})},
    "compensateEventDefinition": {"activityRef": ACTIVITIES},
    "serviceTask": {"operationRef": OPERATION},
    "sendTask": {"operationRef": OPERATION, "messageRef": MESSAGE},
    "receiveTask": {"operationRef": OPERATION, "messageRef": MESSAGE},
    "dataObjectReference": {"dataObjectRef": frozenset({"dataObject"})},
    "dataStoreReference": {"dataStoreRef": frozenset({"dataStore"})},
    "ioBinding": {
        "operationRef": OPERATION,
        "inputDataRef": frozenset({"dataInput", "inputSet"}),
        "outputDataRef": frozenset({"dataOutput", "outputSet"}),
    },
    "correlationSubscription": {"correlationKeyRef": frozenset({"correlationKey"})},
    "correlationPropertyBinding": {"correlationPropertyRef": frozenset({"correlationProperty"})},
    "correlationPropertyRetrievalExpression": {"messageRef": MESSAGE},
    "resourceParameterBinding": {"parameterRef": frozenset({"resourceParameter"})},
    "multiInstanceLoopCharacteristics": {
        "oneBehaviorEventRef": EVENT_DEFINITIONS,
        "noneBehaviorEventRef": EVENT_DEFINITIONS,
    },
    "group": {"categoryValueRef": frozenset({"categoryValue"})},
    "callConversation": {"calledCollaborationRef": COLLABORATION},
    "choreographyTask": {"initiatingParticipantRef": PARTICIPANT},
    "callChoreography": {"initiatingParticipantRef": PARTICIPANT},
    "subChoreography": {"initiatingParticipantRef": PARTICIPANT},
}
"""Attributes that refer, and what they may refer to."""
for _name in ACTIVITIES | {"exclusiveGateway", "inclusiveGateway", "complexGateway"}:
    ATTRIBUTES.setdefault(_name, {})["default"] = FLOW
for _name in ITEM_AWARE:
    ATTRIBUTES.setdefault(_name, {})["itemSubjectRef"] = ITEM

CHILDREN: dict[str, frozenset[str]] = {
    "incoming": FLOW,
    "outgoing": FLOW,
    "flowNodeRef": NODE,
    "eventDefinitionRef": EVENT_DEFINITIONS,
    "operationRef": OPERATION,
    "inMessageRef": MESSAGE,
    "outMessageRef": MESSAGE,
    "errorRef": frozenset({"error"}),
    "interfaceRef": INTERFACE,
    "supportedInterfaceRef": INTERFACE,
    "participantRef": PARTICIPANT,
    "innerParticipantRef": PARTICIPANT,
    "outerParticipantRef": PARTICIPANT,
    "messageFlowRef": frozenset({"messageFlow"}),
    "innerMessageFlowRef": frozenset({"messageFlow"}),
    "outerMessageFlowRef": frozenset({"messageFlow"}),
    "choreographyRef": frozenset({"choreography"}),
    "correlationPropertyRef": frozenset({"correlationProperty"}),
    "resourceRef": frozenset({"resource"}),
    "dataInputRefs": frozenset({"dataInput"}),
    "optionalInputRefs": frozenset({"dataInput"}),
    "whileExecutingInputRefs": frozenset({"dataInput"}),
    "dataOutputRefs": frozenset({"dataOutput"}),
    "optionalOutputRefs": frozenset({"dataOutput"}),
    "whileExecutingOutputRefs": frozenset({"dataOutput"}),
    "inputSetRefs": frozenset({"inputSet"}),
    "outputSetRefs": frozenset({"outputSet"}),
    "loopDataInputRef": ITEM_AWARE,
    "loopDataOutputRef": ITEM_AWARE,
}
"""Elements whose text refers, and to what."""
HOLDERS: dict[str, dict[str, frozenset[str]]] = {
    "dataInputAssociation": {"sourceRef": ITEM_AWARE, "targetRef": ITEM_AWARE},
    "dataOutputAssociation": {"sourceRef": ITEM_AWARE, "targetRef": ITEM_AWARE},
    "linkEventDefinition": {
        "source": frozenset({"linkEventDefinition"}),
        "target": frozenset({"linkEventDefinition"}),
    },
}
"""Elements that have others of a common name, whose text refers."""


ONLY_TOLD = frozenset({"incoming", "outgoing", "flowNodeRef"})
"""What says once more what is known already: modelers leave these behind when something is deleted."""

TOLD_BY_READER = frozenset(
    {
        *("messageEventDefinition messageRef", "signalEventDefinition signalRef", "errorEventDefinition errorRef"),
        *("escalationEventDefinition escalationRef", "sendTask messageRef", "receiveTask messageRef"),
        "eventDefinitionRef",
    }
)
"""What is wrong with these is told by who follows them, when the file is read."""
TOLD_BY_PLAN = frozenset(
    {
        *("sequenceFlow sourceRef", "sequenceFlow targetRef", "boundaryEvent attachedToRef"),
        *(f"{name} default" for name in ATTRIBUTES),
    }
)
"""What leads nowhere of these is told when the file is compiled."""


def attributes_lead(outline: Outline, element: Element) -> str | None:
    told = (
        _wrong(outline, name, element.attributes.get(name, ""), kinds, f"{element.name} {name}")
        for name, kinds in ATTRIBUTES[element.name].items()
    )
    return "; ".join(each for each in told if each) or None


def text_leads(outline: Outline, element: Element) -> str | None:
    holder = outline.parents[element]
    wrong = _wrong(outline, element.name, element.text, CHILDREN[element.name], element.name)
    return f"of {label(holder)} {wrong}" if wrong else None


def inside_leads(outline: Outline, element: Element) -> str | None:
    return "; ".join(_wrong_inside(outline, element)) or None


def _wrong_inside(outline: Outline, element: Element) -> Iterator[str]:
    for name, kinds in HOLDERS[element.name].items():
        for each in children(element, name):
            wrong = _wrong(outline, name, each.text, kinds, name)
            if wrong:
                yield wrong


def _wrong(outline: Outline, name: str, value: str, kinds: frozenset[str], what: str) -> str | None:
    reference = local(value)
    if not reference or what in TOLD_BY_READER:
        return None
    found = outline.source.by_id.get(reference)
    if found is None:
        # A name of another namespace is told by its prefix, and leads out of the file; a structure may be any type.
        is_told = ":" in value or name == "structureRef" or what in TOLD_BY_PLAN
        return None if is_told else f"refers by {name} to {reference!r}, which is not in the file"
    if found.name in kinds:
        return None
    wanted = "a flow node" if kinds is NODE else " or ".join(f"<{kind}>" for kind in sorted(kinds)[:4])
    return f"refers by {name} to {label(found)}; expected {wanted}"


RULES = (
    Rule("8.3.1", frozenset(ATTRIBUTES), attributes_lead),
    Rule("8.3.1", frozenset(CHILDREN) - ONLY_TOLD, text_leads),
    Rule("8.3.1", ONLY_TOLD, text_leads, OF_COMPLETE),
    Rule("8.3.1", frozenset(HOLDERS), inside_leads),
)
