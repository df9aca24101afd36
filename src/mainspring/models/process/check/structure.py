"""What may stand where in a file, what needs an id, and how expressions and addresses are written."""

from __future__ import annotations

import re

from mainspring.models.process.bpmn.source import is_true, label
from mainspring.models.process.check.outline import (
    ACTIVITIES,
    CHOREOGRAPHY_ACTIVITIES,
    EVENTS,
    FLOW_NODES,
    SUB_PROCESSES,
    Outline,
)
from mainspring.models.process.check.rule import OF_COMPLETE, QUIET, Rule
from mainspring.models.xml_text import Element

XSI_TYPE = "http://www.w3.org/2001/XMLSchema-instance type"
FORMAL = "tFormalExpression"
GLOBAL_TASKS = frozenset(
    {"globalTask", "globalUserTask", "globalManualTask", "globalScriptTask", "globalBusinessRuleTask"}
)
CHOREOGRAPHIES = frozenset({"choreography", "subChoreography", "globalChoreographyTask"})
HOLDS_ACTIVITIES = SUB_PROCESSES | {"process"}
HOLDS_FLOW = HOLDS_ACTIVITIES | CHOREOGRAPHIES
HOLDS_PROPERTIES = ACTIVITIES | EVENTS | {"process"}
PARENTS = {
    **dict.fromkeys(ACTIVITIES, HOLDS_ACTIVITIES),
    **dict.fromkeys(FLOW_NODES - ACTIVITIES - CHOREOGRAPHY_ACTIVITIES, HOLDS_FLOW),
    **dict.fromkeys(CHOREOGRAPHY_ACTIVITIES, CHOREOGRAPHIES),
    **dict.fromkeys(("dataObject", "dataObjectReference", "dataStoreReference"), HOLDS_FLOW),
    "sequenceFlow": HOLDS_FLOW,
    "property": HOLDS_PROPERTIES,
}
"""In what an element can stand directly."""

EXPRESSIONS = (
    "conditionExpression",
    "loopCardinality",
    "loopCondition",
    "completionCondition",
    "condition",
    "activationCondition",
    "timeDate",
    "timeCycle",
    "timeDuration",
    "from",
    "to",
)
"""Those that may be told in words, unless the process is executed."""
ALWAYS_FORMAL = ("transformation", "messagePath", "dataPath", "formalExpression")
MARKS = ("=", "${", "#{")
"""How an expression of a known language begins; it is formal whatever else is written."""

URI = re.compile(r"(?:[\w.~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*", re.ASCII)
"""The characters of RFC 3986."""
ADDRESSES = {
    "transaction": ("method",),
    "definitions": ("expressionLanguage", "typeLanguage", "targetNamespace"),
    "import": ("namespace", "importType"),
    **dict.fromkeys((*EXPRESSIONS, *ALWAYS_FORMAL), ("language",)),
}


def is_root_element(outline: Outline, element: Element) -> str | None:
    if outline.parents[element] is outline.source.root:
        return "cannot stand directly in <definitions>"
    return None


def stands_well(outline: Outline, element: Element) -> str | None:
    parent = outline.parents[element]
    return None if parent.name in PARENTS[element.name] else f"cannot stand in {label(parent)}"


def is_formal(outline: Outline, expression: Element) -> str | None:
    if not outline.is_executable(expression) or _is_formal(expression):
        return None
    if outline.parents[expression].name == "complexBehaviorDefinition":
        return None
    return f"is not marked as formal; an executable process needs xsi:type='{FORMAL}'"


def is_not_empty(outline: Outline, expression: Element) -> str | None:
    in_behavior = outline.parents[expression].name == "complexBehaviorDefinition"
    if expression.name in ALWAYS_FORMAL or in_behavior or _is_formal(expression):
        return None if expression.text.strip() else "is a formal expression and empty"
    return None


def _is_formal(expression: Element) -> bool:
    written = expression.attributes.get(XSI_TYPE, "").rpartition(":")[2]
    return written == FORMAL or expression.text.strip().startswith(MARKS)


def has_good_addresses(_: Outline, element: Element) -> str | None:
    for name in ADDRESSES[element.name]:
        value = element.attributes.get(name, "").strip()
        if not URI.fullmatch(value):
            return f"has {name}={value!r:.80}, which is no URI"
    return None


def is_process_public(_: Outline, process: Element) -> str | None:
    """A public process shows what others see; it is not one to run (10.2.1)."""
    kind = process.attributes.get("processType", "None").strip()
    if kind == "Public" and is_true(process, "isExecutable"):
        return "has processType='Public', which cannot be executable"
    return None


PARTS = ("lane", "laneSet", "participant", "messageFlow", "ioSpecification", *EXPRESSIONS, *ALWAYS_FORMAL)
"""What is always a part of something, besides those of `PARENTS`."""

RULES = (
    Rule("8.2.1", PARTS, is_root_element),
    Rule("8.4.8", frozenset(PARENTS), stands_well),
    Rule("8.4.6", EXPRESSIONS, is_formal, QUIET),
    Rule("8.4.6", (*EXPRESSIONS, *ALWAYS_FORMAL), is_not_empty, OF_COMPLETE),
    Rule("8.4.6", frozenset(ADDRESSES), has_good_addresses, OF_COMPLETE),
    Rule("10.2.1", ("process",), is_process_public, OF_COMPLETE),
)
