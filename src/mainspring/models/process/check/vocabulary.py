"""What the attributes of elements are called, and which values they can have (the schema of BPMN 2.0.2, 15.3)."""

from __future__ import annotations

from collections.abc import Iterator

from mainspring.models.process.check.outline import ACTIVITIES, GATEWAYS, Outline
from mainspring.models.process.check.rule import WARNED, Rule
from mainspring.models.xml_text import Element

OF_ACTIVITY = frozenset({"isForCompensation", "startQuantity", "completionQuantity", "default"})
OF_CATCH = frozenset({"parallelMultiple"})
MORE: dict[str, frozenset[str]] = {
    "serviceTask": frozenset({"implementation", "operationRef"}),
    "sendTask": frozenset({"implementation", "operationRef", "messageRef"}),
    "receiveTask": frozenset({"implementation", "operationRef", "messageRef", "instantiate"}),
    "userTask": frozenset({"implementation"}),
    "businessRuleTask": frozenset({"implementation"}),
    "scriptTask": frozenset({"scriptFormat"}),
    "callActivity": frozenset({"calledElement"}),
    "subProcess": frozenset({"triggeredByEvent"}),
    "transaction": frozenset({"triggeredByEvent", "method"}),
    "adHocSubProcess": frozenset({"triggeredByEvent", "ordering", "cancelRemainingInstances"}),
}
"""Of kinds of activities, beside those of all."""
KNOWN: dict[str, frozenset[str]] = {
    **{name: OF_ACTIVITY | MORE.get(name, frozenset()) for name in ACTIVITIES},
    **dict.fromkeys(GATEWAYS, frozenset({"gatewayDirection", "default"})),
    "eventBasedGateway": frozenset({"gatewayDirection", "instantiate", "eventGatewayType"}),
    "startEvent": OF_CATCH | {"isInterrupting"},
    "boundaryEvent": OF_CATCH | {"cancelActivity", "attachedToRef"},
    "intermediateCatchEvent": OF_CATCH,
    "intermediateThrowEvent": frozenset(),
    "endEvent": frozenset(),
    "sequenceFlow": frozenset({"sourceRef", "targetRef", "isImmediate"}),
    "process": frozenset({"processType", "isClosed", "isExecutable", "definitionalCollaborationRef"}),
    "messageEventDefinition": frozenset({"messageRef"}),
    "signalEventDefinition": frozenset({"signalRef"}),
    "errorEventDefinition": frozenset({"errorRef"}),
    "escalationEventDefinition": frozenset({"escalationRef"}),
    "compensateEventDefinition": frozenset({"waitForCompletion", "activityRef"}),
    "timerEventDefinition": frozenset(),
    "conditionalEventDefinition": frozenset(),
    "standardLoopCharacteristics": frozenset({"testBefore", "loopMaximum"}),
    "multiInstanceLoopCharacteristics": frozenset(
        {"isSequential", "behavior", "oneBehaviorEventRef", "noneBehaviorEventRef"}
    ),
}
"""Of what is executed, beside `id` and `name`; those of other namespaces are their engine's."""

TRUTH = frozenset({"true", "false", "1", "0"})
VALUES: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("isForCompensation", "instantiate", "triggeredByEvent", "cancelRemainingInstances", "parallelMultiple"),
            *("isInterrupting", "cancelActivity", "isImmediate", "isClosed", "isExecutable", "waitForCompletion"),
            *("testBefore", "isSequential"),
        ),
        TRUTH,
    ),
    "gatewayDirection": frozenset({"Unspecified", "Converging", "Diverging", "Mixed"}),
    "eventGatewayType": frozenset({"Exclusive", "Parallel"}),
    "processType": frozenset({"None", "Public", "Private"}),
}
"""Of attributes that can have these values only; another would be taken for the default."""


def is_known(_: Outline, element: Element) -> str | None:
    strange = sorted(name for name in _strange(element) if " " not in name)
    return f"has an attribute {strange[0]!r:.60}, which BPMN does not know and nobody looks at" if strange else None


def _strange(element: Element) -> Iterator[str]:
    known = KNOWN[element.name]
    return (name for name in element.attributes if name not in known and name not in ("id", "name"))


def has_value(_: Outline, element: Element) -> str | None:
    for name, value in element.attributes.items():
        values = VALUES.get(name)
        if values is not None and value.strip() not in values and name in KNOWN[element.name]:
            return f"has {name}={value!r:.40}; it can be {', '.join(sorted(values))}"
    return None


RULES = (
    Rule("15.3", frozenset(KNOWN), is_known, WARNED),
    Rule("15.3", frozenset(KNOWN), has_value),
)
