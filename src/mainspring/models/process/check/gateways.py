"""Gateways: how many flows they have, and what may follow those that wait for events."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child, children, is_true, label
from mainspring.models.process.check.outline import GATEWAYS, Outline, id_of, kind_of
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.xml_text import Element

WAITED_FOR = frozenset({"message", "timer", "signal", "conditional"})
"""What a gateway may wait for (10.6.6)."""
DIRECTIONS = {
    "Converging": (True, False),
    "Diverging": (False, True),
    "Mixed": (True, True),
}
"""Whether several flows come in and go out; `Unspecified` says nothing (8.4.9)."""


def _counts(outline: Outline, gateway: Element) -> tuple[int, int]:
    return len(outline.incoming[id_of(gateway)]), len(outline.outgoing[id_of(gateway)])


def direction(outline: Outline, gateway: Element) -> str | None:
    said = gateway.attributes.get("gatewayDirection", "Unspecified").strip()
    wanted = DIRECTIONS.get(said)
    comes, goes = _counts(outline, gateway)
    if wanted is None or (comes > 1, goes > 1) == wanted or not (comes or goes):
        return None
    return f"has gatewayDirection='{said}', but {comes} incoming and {goes} outgoing sequence flows"


def splits_or_joins(outline: Outline, gateway: Element) -> str | None:
    comes, goes = _counts(outline, gateway)
    if comes > 1 or goes > 1 or not (comes or goes) or direction(outline, gateway):
        return None
    return "neither joins several sequence flows nor splits into several"


def goes_on(outline: Outline, gateway: Element) -> str | None:
    return None if any(_counts(outline, gateway)) else "has no sequence flows at all"


# --- Event-based gateways ------------------------------------------------------------------------


def waits_for_several(outline: Outline, gateway: Element) -> str | None:
    return None if _counts(outline, gateway)[1] > 1 else "needs two or more outgoing sequence flows to wait for"


def instantiates_without_incoming(outline: Outline, gateway: Element) -> str | None:
    if is_true(gateway, "instantiate") and outline.incoming[id_of(gateway)]:
        return "has instantiate='true', and so can have no incoming sequence flows"
    return None


def parallel_instantiates(_: Outline, gateway: Element) -> str | None:
    if gateway.attributes.get("eventGatewayType") == "Parallel" and not is_true(gateway, "instantiate"):
        return "has eventGatewayType='Parallel', which only one that starts a process can have: instantiate='true'"
    return None


def _targets(outline: Outline, gateway: Element) -> list[Element]:
    found = (outline.refer(flow, "targetRef") for flow in outline.outgoing[id_of(gateway)])
    return [each for each in found if each is not None]


def waits_for_events(outline: Outline, gateway: Element) -> str | None:
    for target in _targets(outline, gateway):
        if target.name == "receiveTask":
            continue
        kinds = {kind_of(each) for each in outline.definitions(target)}
        if target.name != "intermediateCatchEvent" or not kinds or kinds - WAITED_FOR:
            return (
                f"leads to {label(target)}: what follows it must be a receive task, or an intermediate event that "
                "catches a message, a signal, a time or a condition"
            )
    return None


def nothing_else_leads_there(outline: Outline, gateway: Element) -> str | None:
    for target in _targets(outline, gateway):
        if len(outline.incoming[id_of(target)]) > 1:
            return f"waits for {label(target)}, which no other sequence flow may lead to"
    return None


def receives_one_way(outline: Outline, gateway: Element) -> str | None:
    targets = _targets(outline, gateway)
    receives = any(each.name == "receiveTask" for each in targets)
    catches = any(kind_of(each) == "message" for target in targets for each in outline.definitions(target))
    return (
        "waits for messages by events and by receive tasks; it can have only one of them"
        if receives and catches
        else None
    )


def bare_receive_tasks(outline: Outline, gateway: Element) -> str | None:
    waiting = {id_of(each) for each in _targets(outline, gateway) if each.name == "receiveTask"}
    for event in children(outline.parents[gateway], "boundaryEvent"):
        if event.attributes.get("attachedToRef") in waiting:
            return f"waits for the receive task that {label(event)} is attached to; it can have no boundary events"
    return None


def starts_by_messages(outline: Outline, gateway: Element) -> str | None:
    """All that a parallel one waits for is of one conversation, which only messages can be."""
    if gateway.attributes.get("eventGatewayType") != "Parallel":
        return None
    for target in _targets(outline, gateway):
        if {kind_of(each) for each in outline.definitions(target)} - {"message"}:
            return f"waits for {label(target)}; a parallel one waits for messages only"
    return None


def complex_knows_when(outline: Outline, gateway: Element) -> str | None:
    condition = child(gateway, "activationCondition")
    if condition is not None and not condition.text.strip() and len(outline.incoming[id_of(gateway)]) > 1:
        return "has an empty activationCondition"
    return None


RULES = (
    Rule("8.4.9", GATEWAYS, direction, OF_COMPLETE),
    Rule("8.4.9", GATEWAYS, goes_on),
    Rule("10.6.1", GATEWAYS - {"eventBasedGateway"}, splits_or_joins, OF_COMPLETE),
    Rule("10.6.5", ("complexGateway",), complex_knows_when),
    Rule("10.6.6", ("eventBasedGateway",), waits_for_several),
    Rule("10.6.6", ("eventBasedGateway",), instantiates_without_incoming),
    Rule("10.6.6", ("eventBasedGateway",), parallel_instantiates),
    Rule("10.6.6", ("eventBasedGateway",), waits_for_events),
    Rule("10.6.6", ("eventBasedGateway",), nothing_else_leads_there),
    Rule("10.6.6", ("eventBasedGateway",), receives_one_way),
    Rule("10.6.6", ("eventBasedGateway",), bare_receive_tasks),
    Rule("10.6.6", ("eventBasedGateway",), starts_by_messages),
)
