"""Collaborations and choreographies: who talks to whom (9, 11)."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child, children, label
from mainspring.models.process.check.outline import EVENTS, THROWING, Outline, id_of, kind_of, references
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.xml_text import Element

CONVERSATION_PARTS = (
    *("conversation", "subConversation", "callConversation", "conversationLink"),
    *("messageFlowAssociation", "participantAssociation", "conversationAssociation"),
    *("association", "group", "textAnnotation"),
)


def _number(element: Element, name: str, default: int) -> int | None:
    text = element.attributes.get(name, "").strip()
    if not text:
        return default
    return int(text) if text.removeprefix("-").isdecimal() else None


def counts_well(_: Outline, multiplicity: Element) -> str | None:
    least, most = _number(multiplicity, "minimum", 0), _number(multiplicity, "maximum", 1)
    if least is None or most is None:
        return "has a minimum or maximum that is no number"
    if least < 0 or most < 1 or most < least:
        return f"has minimum {least} and maximum {most}; the maximum is at least one and at least the minimum"
    return None


def names_choreography(_: Outline, collaboration: Element) -> str | None:
    if child(collaboration, "choreographyRef") is not None:
        return "has a choreographyRef, which only a collaboration can have"
    return None


def is_plain_conversation(_: Outline, conversation: Element) -> str | None:
    strange = next(children(conversation, *CONVERSATION_PARTS), None)
    return None if strange is None else f"has {label(strange)} in it; a global conversation has none"


# --- Message flows -------------------------------------------------------------------------------


def _pool(outline: Outline, end: Element) -> Element | None:
    """The participant that an end of a message flow belongs to, or else its process."""
    if end.name == "participant":
        return end
    process = outline.process(end)
    owners = (each for each in outline.elements["participant"] if outline.refer(each, "processRef") is process)
    return next(owners, process)


def between_pools(outline: Outline, flow: Element) -> str | None:
    source, target = outline.refer(flow, "sourceRef"), outline.refer(flow, "targetRef")
    if source is None or target is None:
        return None
    pool = _pool(outline, source)
    if pool is None or pool is not _pool(outline, target):
        return None
    return f"leads from {label(source)} to {label(target)}, both of {label(pool)}; messages go to another participant"


def sends(outline: Outline, event: Element) -> str | None:
    """What a message flow leaves throws a message."""
    flows = outline.messages_from[id_of(event)]
    if not flows:
        return None
    if event.name not in THROWING:
        return f"is the source of the message flow {id_of(flows[0])!r}, but catches and sends nothing"
    return None if _has_message(outline, event) else f"is the source of {label(flows[0])}, but throws no message"


def receives(outline: Outline, event: Element) -> str | None:
    """What a message flow enters catches a message."""
    flows = outline.messages_to[id_of(event)]
    if not flows:
        return None
    if event.name in THROWING:
        return f"is the target of the message flow {id_of(flows[0])!r}, but throws and receives nothing"
    return None if _has_message(outline, event) else f"is the target of {label(flows[0])}, but catches no message"


def _has_message(outline: Outline, event: Element) -> bool:
    return any(kind_of(each) == "message" for each in outline.definitions(event))


# --- Choreographies ------------------------------------------------------------------------------


def has_participants(outline: Outline, activity: Element) -> str | None:
    participants = references(activity, "participantRef")
    if len(participants) < 2:
        return f"has {len(participants)} participants; it needs two"
    first = activity.attributes.get("initiatingParticipantRef", "").rpartition(":")[2]
    return (
        None
        if first in participants or first not in outline.source.by_id
        else f"is begun by {first!r}, which is not among its participants"
    )


RULES = (
    Rule("9.3.1", ("participantMultiplicity",), counts_well),
    Rule("9.4", ("messageFlow",), between_pools),
    Rule("9.4", EVENTS, sends, OF_COMPLETE),
    Rule("9.4", EVENTS, receives, OF_COMPLETE),
    Rule("9.5", ("globalConversation",), is_plain_conversation),
    Rule("9.2", ("choreography", "globalConversation", "globalChoreographyTask"), names_choreography),
    Rule("11.5", ("choreographyTask", "callChoreography", "subChoreography"), has_participants),
)
