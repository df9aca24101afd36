"""Which handler does an activity of a BPMN file: as plain BPMN, Zeebe and Camunda 7 name it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mainspring.models.process.bpmn.source import (
    CAMUNDA,
    SAME_AS_CAMUNDA,
    ZEEBE,
    Source,
    camunda,
    extensions,
    label,
    local,
    text_of,
)
from mainspring.models.process.document import Work
from mainspring.models.xml_text import Element

ZEEBE_RETRIES = 3
"""Attempts of a Zeebe task that says nothing else."""
_BEAN = re.compile(r"[$#]\{\s*([\w.:-]+?)\s*(?:\.\s*execute\s*\(.*\))?\s*\}")
"""`${bean}` or `${bean.execute(execution)}`: the name of a bean is the name of a handler."""
_RETRIES = re.compile(r"R(\d+)/(P.*)")
_SECONDS = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def read_work(source: Source, element: Element, scripts: Mapping[str, str]) -> Work | None:
    """The handler of a task and how it is run; None: nothing says that there is one."""
    zeebe = next((each for each in extensions(element, ZEEBE) if each.name == "taskDefinition"), None)
    if zeebe is not None:
        return _zeebe(source, element, zeebe)
    named = _camunda_handler(source, element)
    if named:
        retries, delay_s = _camunda_retries(source, element)
        return Work(named, retries, delay_s, result=camunda(element, "resultVariable") or "")
    if element.name in ("scriptTask", "globalScriptTask"):
        return _script(element, scripts)
    implementation = element.attributes.get("implementation", "").strip()
    if implementation and not implementation.startswith("##"):
        return Work(implementation)
    return _operation(source, element)


def _zeebe(source: Source, element: Element, definition: Element) -> Work:
    handler = definition.attributes.get("type", "").strip()
    if handler.startswith("="):
        source.refuse(f"{label(element)} computes its type; a handler has a constant name", definition)
    attempts = definition.attributes.get("retries", "").strip() or str(ZEEBE_RETRIES)
    if not attempts.isdigit():
        source.refuse(f"{label(element)} has retries {attempts!r:.30}; give a number", definition)
        attempts = "1"
    headers = {
        header.attributes.get("key", ""): header.attributes.get("value", "")
        for each in extensions(element, ZEEBE)
        if each.name == "taskHeaders"
        for header in each.elements
    }
    return Work(handler, max(0, int(attempts) - 1), headers=headers, result=headers.get("resultVariable", ""))


def _camunda_handler(source: Source, element: Element) -> str:
    topic = camunda(element, "topic")
    if topic:
        return topic
    java = camunda(element, "class")
    if java:
        return java
    for attribute in ("delegateExpression", "expression"):
        text = camunda(element, attribute)
        if text:
            bean = _BEAN.fullmatch(text)
            if bean:
                return bean[1]
            source.refuse(
                f"{label(element)} calls Java: {text!r:.80}; name a handler, as camunda:topic or ${{handler}}", element
            )
    return ""


def _camunda_retries(source: Source, element: Element) -> tuple[int, float]:
    for each in extensions(element, CAMUNDA, *SAME_AS_CAMUNDA):
        if each.name == "failedJobRetryTimeCycle":
            text = each.text.strip()
            cycle = _RETRIES.fullmatch(text)
            parts = _SECONDS.fullmatch(cycle[2]) if cycle else None
            if cycle and parts and any(parts.groups()):
                scaled = zip(parts.groups(), (86_400, 3_600, 60, 1), strict=True)
                return int(cycle[1]), sum(float(number) * scale for number, scale in scaled if number)
            source.refuse(f"{label(element)} is retried {text!r:.40}; write it as R3/PT5M", each)
    return 0, 0.0


def _script(element: Element, scripts: Mapping[str, str]) -> Work | None:
    """A script in a language that somebody else knows."""
    language = element.attributes.get("scriptFormat", "").strip()
    handler = scripts.get(language) or scripts.get(language.lower())
    return None if handler is None else Work(handler, headers={"script": text_of(element, "script")})


def _operation(source: Source, element: Element) -> Work | None:
    """A service task may name an operation (8.4.3), whose implementation or name is the handler's."""
    reference = element.attributes.get("operationRef", "")
    if not reference or element.name != "serviceTask":
        return None
    operation = source.by_id.get(local(reference))  # a rule tells where there is none
    if operation is None:
        return None
    return Work(operation.attributes.get("implementationRef") or operation.attributes.get("name") or reference)
