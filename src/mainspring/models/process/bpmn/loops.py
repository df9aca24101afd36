"""Loops of a BPMN file: standard loops and multi-instances (10.3.8), also as Zeebe and Camunda 7 describe them."""

from __future__ import annotations

from typing import Any

from mainspring.models.process.bpmn.code import Reading
from mainspring.models.process.bpmn.events import KINDS, read_event
from mainspring.models.process.bpmn.source import ZEEBE, Source, camunda, child, children, extensions, label, text_of
from mainspring.models.process.document import (
    FEEL,
    Code,
    ComplexBehavior,
    EventDefinition,
    MultiInstance,
    StandardLoop,
)
from mainspring.models.xml_text import Element

BEHAVIORS = ("All", "None", "One", "Complex")


def read_loop(source: Source, reading: Reading, element: Element) -> StandardLoop | MultiInstance | None:
    """The loop of an activity; None: it has none."""
    found = list(children(element, "standardLoopCharacteristics", "multiInstanceLoopCharacteristics"))
    if not found:
        return None
    if found[0].name == "standardLoopCharacteristics":
        return _standard(source, reading, element, found[0])
    return _multi(source, reading, element, found[0])


def _standard(source: Source, reading: Reading, host: Element, element: Element) -> StandardLoop:
    maximum = element.attributes.get("loopMaximum")
    if maximum is not None and not maximum.strip().isdigit():
        source.refuse(f"{label(host)}: loopMaximum is {maximum!r:.20}; it must be a whole number from 0", element)
        maximum = None
    condition = reading.expression(child(element, "loopCondition"))
    if condition is None and maximum is None:
        source.refuse(f"{label(host)}: the loop has neither a condition nor a maximum, and would never end", element)
    before = element.attributes.get("testBefore", "").strip() in ("true", "1")
    return StandardLoop(condition, before, None if maximum is None else int(maximum), element.line)


def _multi(source: Source, reading: Reading, host: Element, element: Element) -> MultiInstance:
    loop = MultiInstance(
        sequential=element.attributes.get("isSequential", "").strip() in ("true", "1"),
        cardinality=reading.expression(child(element, "loopCardinality")),
        collection=_collection(source, reading, element),
        item=_item(element),
        completion=reading.expression(child(element, "completionCondition")),
        behavior=element.attributes.get("behavior", "All").strip(),
        one_event=_event(source, reading, element, "oneBehaviorEventRef"),
        none_event=_event(source, reading, element, "noneBehaviorEventRef"),
        complex=_complex(source, reading, element),
        line=element.line,
        **(_zeebe_output(reading, element) or _standard_output(source, element)),
    )
    if loop.behavior not in BEHAVIORS:
        known = ", ".join(BEHAVIORS)
        source.refuse(f"{label(host)}: behavior is {loop.behavior!r:.20}; known are {known}", element)
    if loop.cardinality is None and loop.collection is None:
        source.refuse(
            f"{label(host)}: the multi-instance has neither a loopCardinality nor a loopDataInputRef or collection, "
            "which tells how many instances there are (BPMN 2.0.2, 10.3.8)",
            element,
        )
    return loop


def _collection(source: Source, reading: Reading, element: Element) -> Code | None:
    zeebe = _zeebe(element)
    if zeebe is not None and zeebe.attributes.get("inputCollection"):
        return reading.expression(zeebe, zeebe.attributes["inputCollection"])
    named = camunda(element, "collection")
    if named:
        return reading.value(named, element) if named.startswith(("${", "#{")) else Code(named, FEEL, element.line)
    reference = text_of(element, "loopDataInputRef")
    return Code(_name_of(source, reference, element), FEEL, element.line) if reference else None


def _item(element: Element) -> str:
    zeebe = _zeebe(element)
    if zeebe is not None:
        return zeebe.attributes.get("inputElement", "").strip()
    named = camunda(element, "elementVariable")
    if named:
        return named
    datum = child(element, "inputDataItem")
    return "" if datum is None else (datum.attributes.get("name") or datum.attributes.get("id", "")).strip()


def _zeebe_output(reading: Reading, element: Element) -> dict[str, Any]:
    zeebe = _zeebe(element)
    if zeebe is None:
        return {}
    item = zeebe.attributes.get("outputElement", "")
    return {
        "output_collection": zeebe.attributes.get("outputCollection", "").strip(),
        "output_item": reading.expression(zeebe, item) if item else None,
    }


def _standard_output(source: Source, element: Element) -> dict[str, Any]:
    """`loopDataOutputRef` gathers the `outputDataItem` that each instance fills (table 10.29)."""
    reference, item = text_of(element, "loopDataOutputRef"), child(element, "outputDataItem")
    name = "" if item is None else variable_of(source, item)
    if not reference or not name:
        return {}
    collection = _name_of(source, reference, element)
    return {"output_collection": collection, "output_item": Code(name, FEEL, element.line), "result": name}


def _zeebe(element: Element) -> Element | None:
    return next((each for each in extensions(element, ZEEBE) if each.name == "loopCharacteristics"), None)


def _event(source: Source, reading: Reading, element: Element, attribute: str) -> EventDefinition | None:
    reference = element.attributes.get(attribute, "")
    found = source.find(reference, element, *KINDS) if reference else None
    return None if found is None else read_event(source, reading, found, is_shared=True)


def _complex(source: Source, reading: Reading, element: Element) -> tuple[ComplexBehavior, ...]:
    found = []
    for each in children(element, "complexBehaviorDefinition"):
        condition = reading.expression(child(each, "condition")) or Code("true", FEEL, each.line)
        event = child(each, "event")
        definition = None if event is None else next((part for part in event.elements if part.name in KINDS), None)
        if definition is None:
            source.refuse("a complexBehaviorDefinition has no event with an event definition", each)
            continue
        found.append(ComplexBehavior(condition, read_event(source, reading, definition)))
    return tuple(found)


def _name_of(source: Source, reference: str, element: Element) -> str:
    """The variable that a data object, a property or a data input is."""
    found = source.find(reference, element)
    return "" if found is None else variable_of(source, found)


def variable_of(source: Source, element: Element) -> str:
    """The name of the variable that an element of data stands for."""
    reference = element.attributes.get("dataObjectRef", "")
    if reference:
        found = source.find(reference, element)
        if found is not None and found is not element:
            element = found if found.attributes.get("name") else element
    return (element.attributes.get("name") or element.attributes.get("id", "")).strip()
