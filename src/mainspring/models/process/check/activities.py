"""Activities: loops, scripts, resources, ad-hoc sub-processes and compensation."""

from __future__ import annotations

import re

from mainspring.models.process.bpmn.source import child, children, is_true, label, local
from mainspring.models.process.check.outline import (
    ACTIVITIES,
    CHOREOGRAPHY_ACTIVITIES,
    Outline,
    id_of,
    is_compensation,
    is_event_sub_process,
)
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.xml_text import Element

NO_CONDITION = re.compile(r"""[+-]?\d+(\.\d+)?|"[^"]*"|'[^']*'""")
"""Literals of numbers and texts, which are neither true nor false."""
NOT_AD_HOC = ("startEvent", "endEvent", *sorted(CHOREOGRAPHY_ACTIVITIES), "conversation", "conversationLink")
PERFORMERS = ("performer", "humanPerformer", "potentialOwner", "resourceRole")


def one_loop(_: Outline, activity: Element) -> str | None:
    loops = list(children(activity, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"))
    return None if len(loops) < 2 else f"has {len(loops)} loop characteristics; it can have one"


def knows_how_often(_: Outline, loop: Element) -> str | None:
    if all(child(loop, name) is not None for name in ("loopCardinality", "loopDataInputRef")):
        return "has a loopCardinality and a loopDataInputRef; only one of them can tell how many instances there are"
    return None


def completion_is_condition(_: Outline, condition: Element) -> str | None:
    if NO_CONDITION.fullmatch(condition.text.strip()):
        return f"is {condition.text.strip():.40}, which is neither true nor false"
    return None


def cardinality_is_number(_: Outline, cardinality: Element) -> str | None:
    text = cardinality.text.strip()
    if re.fullmatch(r"""true|false|-\d+|[+-]?\d+\.\d+|"[^"]*"|'[^']*'""", text):
        return f"is {text:.40}; it must be a number of instances"
    return None


def behaves(_: Outline, loop: Element) -> str | None:
    if loop.attributes.get("behavior") == "Complex" and child(loop, "complexBehaviorDefinition") is None:
        return "has behavior='Complex', but no complexBehaviorDefinition"
    return None


def loops_over_own_input(outline: Outline, loop: Element) -> str | None:
    """A task repeats for each item of one of its own data inputs (10.3.8)."""
    host = outline.parents[loop]
    for found in outline.refer_all(loop, "loopDataInputRef"):
        if found.name == "dataInput" and host not in outline.around(found):
            return f"repeats for the items of {label(found)}, which is no data input of {label(host)}"
    return None


def receives_first(outline: Outline, task: Element) -> str | None:
    if is_true(task, "instantiate") and outline.incoming[id_of(task)]:
        return "has instantiate='true', and so can have no incoming sequence flows"
    return None


# --- Who does it ---------------------------------------------------------------------------------


def resource_one_way(_: Outline, performer: Element) -> str | None:
    expression = child(performer, "resourceAssignmentExpression") is not None
    if expression and child(performer, "resourceRef") is not None:
        return "has both a resourceRef and a resourceAssignmentExpression; it can have one of them"
    return None


def parameters_of_resource(_: Outline, performer: Element) -> str | None:
    if child(performer, "resourceParameterBinding") is not None and child(performer, "resourceRef") is None:
        return "has a resourceParameterBinding, but no resourceRef whose parameters it could be for"
    return None


# --- Sub-processes -------------------------------------------------------------------------------


def ad_hoc_has_work(_: Outline, scope: Element) -> str | None:
    return None if any(children(scope, *ACTIVITIES)) else "has no activity in it"


def ad_hoc_has_no_ends(_: Outline, scope: Element) -> str | None:
    strange = next(children(scope, *NOT_AD_HOC), None)
    return None if strange is None else f"has {label(strange)} in it, which an ad-hoc sub-process cannot have"


def ad_hoc_order(_: Outline, scope: Element) -> str | None:
    if is_true(scope, "triggeredByEvent"):
        return "is an ad-hoc sub-process and cannot be triggered by an event"
    return None


# --- Compensation --------------------------------------------------------------------------------


def compensates_outside_flow(outline: Outline, activity: Element) -> str | None:
    if is_compensation(activity) and (outline.incoming[id_of(activity)] or outline.outgoing[id_of(activity)]):
        return "is for compensation (isForCompensation='true'), and so no sequence flow can enter or leave it"
    return None


def has_handler(outline: Outline, event: Element) -> str | None:
    """An association leads from a boundary event that catches compensation to what compensates."""
    if not any(each.name == "compensateEventDefinition" for each in outline.definitions(event)):
        return None
    ends = (local(each.attributes.get("targetRef", "")) for each in outline.associations[id_of(event)])
    handlers = [found for end in ends if (found := outline.source.by_id.get(end)) and found.name in ACTIVITIES]
    if not handlers:
        return "catches a compensation, but no association leads from it to the activity that compensates"
    strange = next((each for each in handlers if not is_compensation(each)), None)
    return None if strange is None else f"leads to {label(strange)}, which is not marked as isForCompensation='true'"


def one_compensation(_: Outline, scope: Element) -> str | None:
    """A sub-process is compensated by one event sub-process at most (10.7)."""
    handlers = [
        each
        for each in children(scope, "subProcess")
        if is_event_sub_process(each)
        and any(child(start, "compensateEventDefinition") is not None for start in children(each, "startEvent"))
    ]
    return (
        None if len(handlers) < 2 else f"has {len(handlers)} event sub-processes for its compensation; it can have one"
    )


RULES = (
    Rule("10.3.1", PERFORMERS, resource_one_way),
    Rule("10.3.1", PERFORMERS, parameters_of_resource),
    Rule("10.3.3", ("receiveTask",), receives_first),
    Rule("10.3.5", ("adHocSubProcess",), ad_hoc_has_work),
    Rule("10.3.5", ("adHocSubProcess",), ad_hoc_has_no_ends),
    Rule("10.3.5", ("adHocSubProcess",), ad_hoc_order),
    Rule("10.3.8", ACTIVITIES, one_loop),
    Rule("10.3.8", ("multiInstanceLoopCharacteristics",), knows_how_often),
    Rule("10.3.8", ("multiInstanceLoopCharacteristics",), behaves),
    Rule("10.3.8", ("multiInstanceLoopCharacteristics",), loops_over_own_input),
    Rule("10.3.8", ("completionCondition", "loopCondition", "conditionExpression"), completion_is_condition),
    Rule("10.3.8", ("loopCardinality",), cardinality_is_number),
    Rule("10.7", ACTIVITIES, compensates_outside_flow),
    Rule("10.7", ("boundaryEvent",), has_handler, OF_COMPLETE),
    Rule("10.7", ("process", "subProcess", "transaction"), one_compensation),
)
