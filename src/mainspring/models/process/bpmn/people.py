"""Who does a user task of a BPMN file, and until when: the resources of the standard (10.3.4), Zeebe and Camunda 7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mainspring.models.process.bpmn.code import Reading
from mainspring.models.process.bpmn.source import (
    CAMUNDA,
    SAME_AS_CAMUNDA,
    ZEEBE,
    Source,
    camunda,
    child,
    children,
    extensions,
    text_of,
)
from mainspring.models.process.document import TEXT, Code, People
from mainspring.models.xml_text import Element

ZEEBE_ATTRIBUTES = {
    "assignmentDefinition": {"assignee": "assignee", "candidateUsers": "users", "candidateGroups": "groups"},
    "taskSchedule": {"dueDate": "due", "followUpDate": "follow_up"},
    "priorityDefinition": {"priority": "priority"},
}
CAMUNDA_ATTRIBUTES = {
    "assignee": "assignee",
    "candidateUsers": "users",
    "candidateGroups": "groups",
    "dueDate": "due",
    "followUpDate": "follow_up",
    "priority": "priority",
}
FORM_TYPES = {"string": "string", "long": "integer", "boolean": "boolean", "date": "string", "enum": "string"}
"""Types of Camunda 7's form fields, in JSON Schema."""


def read_people(source: Source, reading: Reading, element: Element, lane: str) -> People:
    """Where a user task names nobody, the lane it is in is its candidate group."""
    found: dict[str, Any] = {}
    for each in extensions(element, ZEEBE):
        for attribute, field in ZEEBE_ATTRIBUTES.get(each.name, {}).items():
            code = reading.value(each.attributes.get(attribute), each)
            if code is not None:
                found[field] = code
        if each.name == "formDefinition":
            names = ("formKey", "formId", "externalReference")
            found["form"] = next((each.attributes[name] for name in names if each.attributes.get(name)), "")
    for attribute, field in CAMUNDA_ATTRIBUTES.items():
        code = reading.value(camunda(element, attribute), element)
        if code is not None:
            found[field] = code
    form = camunda(element, "formKey") or camunda(element, "formRef")
    if form:
        found["form"] = form
    schema = _form_data(source, element)
    if schema is not None:
        found["form_schema"] = schema
    found |= _resources(reading, element, found)
    if lane and not found.keys() & {"assignee", "users", "groups"}:
        found["groups"] = Code(lane, TEXT, element.line)
    return People(**found)


def _resources(reading: Reading, element: Element, found: Mapping[str, Any]) -> dict[str, Any]:
    """`humanPerformer` is the assignee; `potentialOwner` names candidates, as `user(…)` and `group(…)` or groups."""
    roles: dict[str, Any] = {}
    performer = child(element, "humanPerformer") or child(element, "performer")
    if performer is not None and "assignee" not in found:
        roles["assignee"] = _role(reading, performer)
    users: list[str] = []
    groups: list[str] = []
    for owner in children(element, "potentialOwner"):
        code = _role(reading, owner)
        if code is None:
            continue
        if code.language != TEXT and not _is_list(code.text):
            roles["groups"] = code
            continue
        for word in (part.strip() for part in code.text.split(",")):
            kind, _, rest = word.partition("(")
            (users if kind == "user" and rest else groups).append(rest.removesuffix(")") if rest else word)
    for field, names in (("users", users), ("groups", groups)):
        if names and field not in found:
            roles[field] = Code(",".join(names), TEXT, element.line)
    return {name: code for name, code in roles.items() if code is not None}


def _is_list(text: str) -> bool:
    return text.startswith(("user(", "group("))


def _role(reading: Reading, element: Element) -> Code | None:
    assignment = child(element, "resourceAssignmentExpression")
    formal = None if assignment is None else child(assignment, "formalExpression")
    text = (formal.text if formal is not None else text_of(element, "resourceRef")).strip()
    if formal is not None and not _is_list(text) and not text.replace("_", "").replace("-", "").isalnum():
        return reading.expression(formal)
    return reading.value(text, element)


def _form_data(source: Source, element: Element) -> dict[str, Any] | None:
    """Camunda 7's form fields as JSON Schema."""
    form = next((each for each in extensions(element, CAMUNDA, *SAME_AS_CAMUNDA) if each.name == "formData"), None)
    if form is None:
        return None
    properties: dict[str, Any] = {}
    required = []
    for field in form.elements:
        name, kind = field.attributes.get("id", ""), field.attributes.get("type", "string")
        if kind not in FORM_TYPES:
            source.warn(f"form field {name!r} has the type {kind!r}, which is not checked", field)
        properties[name] = {"type": FORM_TYPES[kind]} if kind in FORM_TYPES else {}
        values = [each.attributes.get("id", "") for each in field.elements if each.name == "value"]
        if kind == "enum" and values:
            properties[name]["enum"] = values
        constraints = (each for around in field.elements if around.name == "validation" for each in around.elements)
        if any(constraint.attributes.get("name") == "required" for constraint in constraints):
            required.append(name)
    return {"type": "object", "properties": properties, "required": required}
