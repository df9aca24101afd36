"""Sequence flows: what they may connect, and which elements need them."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child, children, is_true, label
from mainspring.models.process.check.outline import (
    ACTIVITIES,
    CHOREOGRAPHY_ACTIVITIES,
    EVENTS,
    FLOW_NODES,
    GATEWAYS,
    Outline,
    id_of,
    is_compensation,
    is_event_sub_process,
    kind_of,
    references,
)
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.xml_text import Element

SCOPES = ("process", "subProcess", "transaction", "choreography", "subChoreography")
"""Where flows lead from start to end; in an ad-hoc sub-process they need not (10.3.5)."""
STARTING = ("startEvent", "boundaryEvent")


def one_scope(outline: Outline, flow: Element) -> str | None:
    """A flow stays in its process and its sub-process."""
    scope = outline.parents[flow]
    for end in ("sourceRef", "targetRef"):
        node = outline.refer(flow, end)
        if node is not None and node.name in FLOW_NODES and outline.parents[node] is not scope:
            return f"stands in {label(scope)}, but its {end} {label(node)} stands in {label(outline.parents[node])}"
    return None


def both_ends(_: Outline, flow: Element) -> str | None:
    missing = [end for end in ("sourceRef", "targetRef") if not flow.attributes.get(end, "").strip()]
    return f"has no {' and no '.join(missing)}" if missing else None


def not_deferred(outline: Outline, flow: Element) -> str | None:
    if outline.is_executable(flow) and not is_true(flow, "isImmediate", default=True):
        return "has isImmediate='false', which an executable process must not have"
    return None


def condition_has_alternative(outline: Outline, flow: Element) -> str | None:
    source = outline.refer(flow, "sourceRef")
    if source is None or child(flow, "conditionExpression") is None or source.name not in ACTIVITIES:
        return None
    if len(outline.outgoing[id_of(source)]) < 2:
        return f"has a condition, but is the only flow out of {label(source)}: if it does not hold nothing can follow"
    return None


def may_be_conditional(outline: Outline, flow: Element) -> str | None:
    source = outline.refer(flow, "sourceRef")
    if source is None or child(flow, "conditionExpression") is None:
        return None
    # One of a parallel gateway is not asked for either, but does no harm: all its flows are taken (10.6.4).
    if source.name in EVENTS or source.name == "eventBasedGateway":
        return f"has a condition, which a flow out of {label(source)} cannot have"
    return None


def default_is_own(outline: Outline, node: Element) -> str | None:
    default = outline.refer(node, "default")
    if default is not None and default.name == "sequenceFlow" and outline.refer(default, "sourceRef") is not node:
        return f"has the default flow {id_of(default)!r}, which does not leave it"
    return None


def lists_its_flows(outline: Outline, node: Element) -> str | None:
    """`incoming` and `outgoing` say the same as the flows (8.4.13: they are two ends of one association)."""
    if not outline.writes_flows:
        return None
    for name, flows in (("incoming", outline.incoming), ("outgoing", outline.outgoing)):
        listed, real = set(references(node, name)), {id_of(flow) for flow in flows[id_of(node)]}
        if listed != real:
            odd = ", ".join(sorted(repr(each) for each in listed ^ real))
            return f"does not list as <{name}> the flows that lead there: {odd}"
    return None


# --- Which elements need flows -------------------------------------------------------------------


def needs_incoming(outline: Outline, node: Element) -> str | None:
    if outline.incoming[id_of(node)] or not _is_in_flow(outline, node) or _begins(outline, node):
        return None
    if not outline.holds(outline.parents[node], "startEvent"):
        return None
    return "has no incoming sequence flow, though there is a start event: nothing leads to it"


def needs_outgoing(outline: Outline, node: Element) -> str | None:
    if outline.outgoing[id_of(node)] or not _is_in_flow(outline, node) or _ends(outline, node):
        return None
    if not outline.holds(outline.parents[node], "endEvent"):
        return None
    return "has no outgoing sequence flow, though there is an end event: nothing follows it"


def start_and_end(outline: Outline, scope: Element) -> str | None:
    """With an end event there is a start event, and the other way round (10.5.2, 10.5.3)."""
    has_end, has_start = outline.holds(scope, "endEvent"), outline.holds(scope, "startEvent")
    starts = has_start or any(_instantiates(each) for each in children(scope, "receiveTask", "eventBasedGateway"))
    if has_end and not starts:
        return "has an end event but no start event"
    if has_start and not has_end:
        return "has a start event but no end event"
    return None


def _is_in_flow(outline: Outline, node: Element) -> bool:
    return outline.parents[node].name in SCOPES and not is_event_sub_process(node) and not is_compensation(node)


def _begins(outline: Outline, node: Element) -> bool:
    return node.name in STARTING or _instantiates(node) or (_is_link(outline, node) and _catches(node))


def _ends(outline: Outline, node: Element) -> bool:
    if node.name == "endEvent" or (_is_link(outline, node) and not _catches(node)):
        return True
    return node.name == "boundaryEvent" and any(kind_of(each) == "compensate" for each in outline.definitions(node))


def _catches(node: Element) -> bool:
    return node.name == "intermediateCatchEvent"


def _instantiates(node: Element) -> bool:
    return is_true(node, "instantiate")


def _is_link(outline: Outline, node: Element) -> bool:
    return node.name in EVENTS and any(kind_of(each) == "link" for each in outline.definitions(node))


NEED_FLOWS = ACTIVITIES | GATEWAYS | CHOREOGRAPHY_ACTIVITIES | {"intermediateCatchEvent", "intermediateThrowEvent"}

RULES = (
    Rule("8.4.13", ("sequenceFlow",), both_ends),
    Rule("7.6.1", ("sequenceFlow",), one_scope),
    Rule("8.4.13", ("sequenceFlow",), not_deferred, OF_COMPLETE),
    Rule("8.4.13", ("sequenceFlow",), condition_has_alternative, OF_COMPLETE),
    Rule("8.4.13", ("sequenceFlow",), may_be_conditional),
    Rule("8.4.13", ACTIVITIES | GATEWAYS, default_is_own),
    Rule("8.4.13", FLOW_NODES, lists_its_flows, OF_COMPLETE),
    Rule("10.5.2", NEED_FLOWS | {"endEvent"}, needs_incoming, OF_COMPLETE),
    Rule("10.5.3", NEED_FLOWS | {"startEvent"}, needs_outgoing, OF_COMPLETE),
    Rule("10.5.3", ("process", "subProcess", "transaction"), start_and_end, OF_COMPLETE),
)
