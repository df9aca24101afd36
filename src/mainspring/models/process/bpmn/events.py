"""Event definitions of a BPMN file (10.5.5), with what they refer to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mainspring.models.process.bpmn.code import Reading
from mainspring.models.process.bpmn.source import (
    ZEEBE,
    Source,
    camunda,
    child,
    children,
    extensions,
    label,
    local,
    text_of,
)
from mainspring.models.process.document import (
    CANCEL,
    COMPENSATE,
    CONDITIONAL,
    ERROR,
    ESCALATION,
    LINK,
    MESSAGE,
    SIGNAL,
    TERMINATE,
    TIMER,
    EventDefinition,
)
from mainspring.models.xml_text import Element

KINDS = {
    "messageEventDefinition": MESSAGE,
    "timerEventDefinition": TIMER,
    "signalEventDefinition": SIGNAL,
    "conditionalEventDefinition": CONDITIONAL,
    "errorEventDefinition": ERROR,
    "escalationEventDefinition": ESCALATION,
    "cancelEventDefinition": CANCEL,
    "compensateEventDefinition": COMPENSATE,
    "linkEventDefinition": LINK,
    "terminateEventDefinition": TERMINATE,
}
TIMES = {"timeDate": "date", "timeDuration": "duration", "timeCycle": "cycle"}


def read_events(source: Source, reading: Reading, element: Element) -> tuple[EventDefinition, ...]:
    """The event definitions of an event in their order: inside it, and those it refers to."""
    found = []
    for each in element.elements:
        if each.name in KINDS:
            found.append(read_event(source, reading, each))
        elif each.name == "eventDefinitionRef":
            shared = source.find(each.text, element, *KINDS)
            if shared is not None:
                found.append(read_event(source, reading, shared, is_shared=True))
    return tuple(found)


def read_event(source: Source, reading: Reading, element: Element, is_shared: bool = False) -> EventDefinition:
    """One event definition."""
    kind = KINDS[element.name]
    details = _DETAILS[kind](source, reading, element)
    return EventDefinition(kind, element.attributes.get("id", ""), element.line, is_shared=is_shared, **details)


def message_of(source: Source, reading: Reading, reference: str, element: Element) -> dict[str, Any]:
    """The name and the correlation of the message that an element refers to."""
    if not reference:
        return {}
    message = source.find(reference, element, "message")
    if message is None:
        return {}
    correlation = next(
        (
            reading.value(each.attributes.get("correlationKey"), each)
            for each in extensions(message, ZEEBE)
            if each.name == "subscription"
        ),
        None,
    )
    name = message.attributes.get("name", "").strip() or message.attributes["id"]
    if name.startswith("="):
        source.refuse(f"{label(message)} has an expression as its name; give it a constant one", message)
    return {"name": name, "reference": local(reference), "correlation": correlation}


def _message(source: Source, reading: Reading, element: Element) -> dict[str, Any]:
    details = message_of(source, reading, element.attributes.get("messageRef", ""), element)
    operation = text_of(element, "operationRef")
    if not details and operation:
        details = message_of_operation(source, reading, operation, element)
    handler = camunda(element, "topic") or camunda(element, "class") or camunda(element, "delegateExpression") or ""
    if not handler and not operation and not element.attributes.get("messageRef"):
        source.lack(f"{label(element)} has no messageRef: it does not say which message (BPMN 2.0.2, 10.5.5)", element)
    return {**details, "handler": handler.removeprefix("${").removesuffix("}")}


def message_of_operation(source: Source, reading: Reading, reference: str, element: Element) -> dict[str, Any]:
    """The message that an operation takes (8.4.3)."""
    operation = source.by_id.get(local(reference))  # a rule tells where there is none
    incoming = "" if operation is None else text_of(operation, "inMessageRef")
    return message_of(source, reading, incoming, element)


def _timer(source: Source, reading: Reading, element: Element) -> dict[str, Any]:
    times = list(children(element, *TIMES))
    if len(times) != 1:
        found = "none" if not times else f"{len(times)}"
        source.refuse(f"{label(element)} needs one of timeDate, timeDuration and timeCycle, and has {found}", element)
        return {}
    code = reading.value(times[0].text, times[0])
    if code is None:
        source.refuse(f"{label(element)}: <{times[0].name}> is empty", times[0])
    return {"timer": TIMES[times[0].name], "code": code}


def _condition(source: Source, reading: Reading, element: Element) -> dict[str, Any]:
    code = reading.expression(child(element, "condition"))
    if code is None:
        source.refuse(f"{label(element)} has no condition (BPMN 2.0.2, 10.5.5)", element)
    return {"code": code}


def _named(attribute: str, kind: str, field: str) -> Callable[[Source, Reading, Element], dict[str, Any]]:
    def read(source: Source, reading: Reading, element: Element) -> dict[str, Any]:  # noqa: ARG001 - one signature
        reference = element.attributes.get(attribute, "")
        if not reference:
            return {}
        found = source.find(reference, element, kind)
        if found is None:
            return {}
        name = found.attributes.get(field, "").strip() or found.attributes.get("name", "").strip()
        return {"name": name or found.attributes["id"], "reference": local(reference)}

    return read


_error = _named("errorRef", "error", "errorCode")
_escalation = _named("escalationRef", "escalation", "escalationCode")
_signal_named = _named("signalRef", "signal", "name")


def _signal(source: Source, reading: Reading, element: Element) -> dict[str, Any]:
    if not element.attributes.get("signalRef"):
        source.warn(f"{label(element)} has no signalRef: it does not say which signal (BPMN 2.0.2, 10.5.5)", element)
    return _signal_named(source, reading, element)


def _caught_error(source: Source, reading: Reading, element: Element) -> dict[str, Any]:
    return {
        **_error(source, reading, element),
        "code_variable": camunda(element, "errorCodeVariable") or "",
        "message_variable": camunda(element, "errorMessageVariable") or "",
    }


def _compensation(source: Source, reading: Reading, element: Element) -> dict[str, Any]:  # noqa: ARG001
    wait = element.attributes.get("waitForCompletion", "true").strip() not in ("false", "0")
    return {"activity": local(element.attributes.get("activityRef", "")), "wait": wait}


def _link(source: Source, reading: Reading, element: Element) -> dict[str, Any]:  # noqa: ARG001
    name = element.attributes.get("name", "").strip()
    if not name:
        source.refuse(
            f"{label(element)} has no name, by which the other end of the link is found (BPMN 2.0.2, 10.5.5)", element
        )
    return {"name": name}


def _nothing(source: Source, reading: Reading, element: Element) -> dict[str, Any]:  # noqa: ARG001
    return {}


_DETAILS: dict[str, Callable[[Source, Reading, Element], dict[str, Any]]] = {
    MESSAGE: _message,
    TIMER: _timer,
    SIGNAL: _signal,
    CONDITIONAL: _condition,
    ERROR: _caught_error,
    ESCALATION: _escalation,
    CANCEL: _nothing,
    COMPENSATE: _compensation,
    LINK: _link,
    TERMINATE: _nothing,
}
