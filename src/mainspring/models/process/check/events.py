"""Events: which of them can stand where, and with which flows."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child, children, is_true, label
from mainspring.models.process.check.outline import (
    ACTIVITIES,
    CATCHING,
    EVENT_DEFINITIONS,
    EVENTS,
    THROWING,
    Outline,
    id_of,
    is_event_sub_process,
    kind_of,
    references,
)
from mainspring.models.process.check.rule import OF_COMPLETE, QUIET, Rule
from mainspring.models.xml_text import Element

NONE = "none"
PROCESS_START = frozenset({NONE, "message", "timer", "conditional", "signal"})
SUB_PROCESS_START = frozenset({NONE})
EVENT_START = frozenset({"message", "timer", "escalation", "error", "compensate", "conditional", "signal"})
EVENT_START_BESIDE = EVENT_START - {"error", "compensate"}
CATCH = frozenset({"message", "timer", "conditional", "link", "signal"})
THROW = frozenset({NONE, "message", "escalation", "compensate", "link", "signal"})
END = frozenset({NONE, "message", "error", "escalation", "cancel", "compensate", "signal", "terminate"})
BOUNDARY = frozenset({"message", "timer", "escalation", "error", "cancel", "compensate", "conditional", "signal"})
BOUNDARY_BESIDE = BOUNDARY - {"error", "cancel", "compensate"}
"""Tables 10.84 to 10.90: what each place can catch or throw; `BESIDE` is what interrupts nothing."""


def _kinds(outline: Outline, event: Element) -> set[str]:
    return {kind_of(each) for each in outline.definitions(event)} or {NONE}


def _stray(outline: Outline, event: Element, allowed: frozenset[str], where: str) -> str | None:
    strange = sorted(_kinds(outline, event) - allowed)
    if not strange:
        return None
    if strange == [NONE]:
        return f"has no event definition, but {where} needs one"
    return f"has a definition of {' and '.join(strange)}, which {where} cannot have"


def start_kind(outline: Outline, event: Element) -> str | None:
    scope = outline.parents[event]
    if is_event_sub_process(scope):
        if is_true(event, "isInterrupting", default=True):
            return _stray(outline, event, EVENT_START, "the start of an event sub-process")
        return _stray(outline, event, EVENT_START_BESIDE, "the start of an event sub-process that interrupts nothing")
    if scope.name == "process":
        return _stray(outline, event, PROCESS_START, "the start of a process")
    return _stray(outline, event, SUB_PROCESS_START, "the start of a sub-process") if scope.name in ACTIVITIES else None


def catch_kind(outline: Outline, event: Element) -> str | None:
    return _stray(outline, event, CATCH, "an intermediate catch event")


def throw_kind(outline: Outline, event: Element) -> str | None:
    return _stray(outline, event, THROW, "an intermediate throw event")


def end_kind(outline: Outline, event: Element) -> str | None:
    return _stray(outline, event, END, "an end event")


def boundary_kind(outline: Outline, event: Element) -> str | None:
    if is_true(event, "cancelActivity", default=True):
        return _stray(outline, event, BOUNDARY, "a boundary event")
    return _stray(outline, event, BOUNDARY_BESIDE, "a boundary event that interrupts nothing")


def attached(outline: Outline, event: Element) -> str | None:
    host = outline.refer(event, "attachedToRef")
    if not event.attributes.get("attachedToRef"):
        return "is attached to nothing: attachedToRef names no activity"
    if host is not None and host.name in ACTIVITIES and outline.parents[host] is not outline.parents[event]:
        return f"is attached to {label(host)}, which stands in another process or sub-process"
    return None


def cancels_transaction(outline: Outline, event: Element) -> str | None:
    """Only a transaction can be cancelled, from an end event inside or seen at its border."""
    if "cancel" not in _kinds(outline, event):
        return None
    if event.name == "boundaryEvent":
        host = outline.refer(event, "attachedToRef")
        fits = host is None or host.name == "transaction"
    else:
        fits = any(each.name == "transaction" for each in outline.around(event))
    return None if fits else "catches or throws a cancel, which only a transaction has"


def one_start(_: Outline, scope: Element) -> str | None:
    if not is_event_sub_process(scope):
        return None
    count = sum(1 for _ in children(scope, "startEvent"))
    return None if count == 1 else f"is an event sub-process and needs exactly one start event; it has {count}"


def outside_flow(outline: Outline, scope: Element) -> str | None:
    if is_event_sub_process(scope) and (outline.incoming[id_of(scope)] or outline.outgoing[id_of(scope)]):
        return "is an event sub-process, which no sequence flow can enter or leave"
    return None


def callable_by_none(outline: Outline, process: Element) -> str | None:
    """What a call activity calls has a start that waits for nothing."""
    starts = list(children(process, "startEvent"))
    called = any(outline.refer(each, "calledElement") is process for each in outline.elements["callActivity"])
    if called and starts and not any(NONE in _kinds(outline, each) for each in starts):
        return "is called by a call activity, but has no start event without an event definition"
    return None


# --- Flows of events -----------------------------------------------------------------------------


def nothing_enters(outline: Outline, event: Element) -> str | None:
    flows = outline.incoming[id_of(event)]
    return f"has the incoming sequence flow {id_of(flows[0])!r}; it can have none" if flows else None


def nothing_leaves(outline: Outline, event: Element) -> str | None:
    flows = outline.outgoing[id_of(event)]
    return f"has the outgoing sequence flow {id_of(flows[0])!r}; it can have none" if flows else None


def boundary_leads_on(outline: Outline, event: Element) -> str | None:
    has_flow, is_compensation = bool(outline.outgoing[id_of(event)]), _kinds(outline, event) == {"compensate"}
    if is_compensation:
        return "catches a compensation: an association leads to its handler, not a sequence flow" if has_flow else None
    return None if has_flow else "has no outgoing sequence flow: nothing follows when it happens"


def catch_leads_on(outline: Outline, event: Element) -> str | None:
    if _kinds(outline, event) == {"link"}:
        return nothing_enters(outline, event)
    return None if outline.incoming[id_of(event)] else "has no incoming sequence flow"


def throw_leads_on(outline: Outline, event: Element) -> str | None:
    if "link" in _kinds(outline, event):
        return nothing_leaves(outline, event)
    return None if outline.outgoing[id_of(event)] else "has no outgoing sequence flow"


def throw_is_entered(outline: Outline, event: Element) -> str | None:
    return None if outline.incoming[id_of(event)] else "has no incoming sequence flow"


def catch_is_left(outline: Outline, event: Element) -> str | None:
    return None if outline.outgoing[id_of(event)] else "has no outgoing sequence flow"


# --- Event definitions ---------------------------------------------------------------------------


def refers_to_reusable(outline: Outline, event: Element) -> str | None:
    """Only definitions that stand beside the processes are there to be referred to (10.5.5)."""
    for reference in references(event, "eventDefinitionRef"):
        found = outline.source.by_id.get(reference)
        if found is not None and found.name in EVENT_DEFINITIONS and outline.parents[found] is not outline.source.root:
            return f"refers to {label(found)}, which is a part of {label(outline.parents[found])} and not for others"
    return None


def message_is_named(outline: Outline, definition: Element) -> str | None:
    if not outline.is_executable(definition):
        return None
    return None if definition.attributes.get("messageRef") else "has no messageRef, which an executable process needs"


def operation_is_named(outline: Outline, definition: Element) -> str | None:
    """Of a web service, which no engine's modeler writes: what happens to a message is said by its extensions."""
    if not outline.is_executable(definition) or child(definition, "operationRef") is not None:
        return None
    return "has no operationRef, which an executable process needs"


def names_its_code(outline: Outline, definition: Element) -> str | None:
    """What an executable process throws has the code by which it is caught (8.4.3, 8.4.4)."""
    if outline.parents[definition].name not in THROWING or not outline.is_executable(definition):
        return None
    kind = kind_of(definition)
    thrown = outline.refer(definition, f"{kind}Ref")
    if thrown is not None and not thrown.attributes.get(f"{kind}Code", "").strip():
        return f"throws {label(thrown)}, which has no {kind}Code"
    return None if thrown is not None or definition.attributes.get(f"{kind}Ref") else f"has no {kind}Ref to throw"


def compensates_activity(outline: Outline, definition: Element) -> str | None:
    reference = definition.attributes.get("activityRef")
    if reference and outline.parents[definition].name in CATCHING:
        return "catches a compensation; activityRef is only for what throws one"
    return None


RULES = (
    Rule("10.5.2", ("startEvent",), start_kind),
    Rule("10.5.2", ("startEvent",), nothing_enters),
    Rule("10.5.2", ("process",), callable_by_none),
    Rule("10.5.3", ("endEvent",), end_kind),
    Rule("10.5.3", ("endEvent",), nothing_leaves),
    Rule("10.5.4", ("intermediateCatchEvent",), catch_kind),
    Rule("10.5.4", ("intermediateThrowEvent",), throw_kind),
    Rule("10.5.4", ("boundaryEvent",), boundary_kind),
    Rule("10.5.4", ("boundaryEvent",), attached),
    Rule("10.5.4", ("boundaryEvent",), nothing_enters),
    Rule("10.5.4", ("boundaryEvent",), boundary_leads_on, OF_COMPLETE),
    Rule("10.5.4", ("intermediateCatchEvent",), catch_leads_on, OF_COMPLETE),
    Rule("10.5.4", ("intermediateCatchEvent",), catch_is_left, OF_COMPLETE),
    Rule("10.5.4", ("intermediateThrowEvent",), throw_leads_on, OF_COMPLETE),
    Rule("10.5.4", ("intermediateThrowEvent",), throw_is_entered, OF_COMPLETE),
    Rule("10.5.5", ("endEvent", "boundaryEvent"), cancels_transaction),
    Rule("10.5.5", EVENTS, refers_to_reusable),
    Rule("10.5.5", ("messageEventDefinition",), message_is_named, OF_COMPLETE),
    Rule("10.5.5", ("messageEventDefinition",), operation_is_named, QUIET),
    Rule("10.5.5", ("compensateEventDefinition",), compensates_activity, OF_COMPLETE),
    Rule("10.5.5", ("errorEventDefinition", "escalationEventDefinition"), names_its_code, OF_COMPLETE),
    Rule("10.3.5", ("subProcess", "transaction"), one_start),
    Rule("10.3.5", ("subProcess", "transaction"), outside_flow),
)
