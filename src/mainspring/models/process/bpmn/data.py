"""What goes into an activity and comes out of it: data associations, Zeebe's mappings and Camunda 7's parameters."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from mainspring.models.process.bpmn.code import Reading
from mainspring.models.process.bpmn.loops import variable_of
from mainspring.models.process.bpmn.source import (
    CAMUNDA,
    SAME_AS_CAMUNDA,
    ZEEBE,
    Source,
    child,
    children,
    extensions,
    label,
    local,
    text_of,
)
from mainspring.models.process.document import FEEL, TEXT, Code, Datum, Mapping, MultiInstance
from mainspring.models.xml_text import Element

CALL_PARAMETERS = {"input": "in", "output": "out"}
"""Of Camunda 7's call activities."""


def read_data(source: Source, element: Element) -> tuple[Datum, ...]:
    """The properties and data objects of a process, a sub-process or an activity."""
    return tuple(
        Datum(each.attributes.get("id", ""), variable_of(source, each), each.line)
        for each in children(element, "property", "dataObject")
    )


def read_inputs(source: Source, reading: Reading, element: Element) -> tuple[Mapping, ...]:
    """What is given to an activity when it begins, in order."""
    return (
        *_associations(source, reading, element, "dataInputAssociation"),
        *_parameters(source, reading, element, "input"),
    )


def read_outputs(source: Source, reading: Reading, element: Element) -> tuple[Mapping, ...]:
    """What is taken out of an activity when it ends, in order."""
    return (
        *_parameters(source, reading, element, "output"),
        *_associations(source, reading, element, "dataOutputAssociation"),
    )


def of_loop(
    loop: MultiInstance, inputs: tuple[Mapping, ...], outputs: tuple[Mapping, ...]
) -> tuple[MultiInstance, tuple[Mapping, ...], tuple[Mapping, ...]]:
    """What an activity's own data input brings for all its instances is the collection, and is not given to each; what
    they give together goes where the activity's own data output leads (10.3.8)."""
    gives = next((each for each in inputs if loop.collection is not None and each.target == loop.collection.text), None)
    if gives is not None:
        loop = replace(loop, collection=gives.source)
    takes = next((each for each in outputs if each.source.text == loop.output_collection), None)
    if takes is not None:
        loop = replace(loop, output_collection=takes.target)
    return (
        loop,
        tuple(each for each in inputs if each is not gives),
        tuple(each for each in outputs if each is not takes),
    )


def as_called(
    source: Source, call: Element, inputs: tuple[Mapping, ...], outputs: tuple[Mapping, ...]
) -> tuple[tuple[Mapping, ...], tuple[Mapping, ...]]:
    """What a call gives and takes, by the names that the data have in what it calls: they match by their places
    (10.3.6)."""
    called = source.by_id.get(local(call.attributes.get("calledElement", "")))
    given, wanted = (None if each is None else child(each, "ioSpecification") for each in (call, called))
    if given is None or wanted is None:
        return inputs, outputs
    names = {
        kind: dict(zip(_names(source, given, kind), _names(source, wanted, kind), strict=False))
        for kind in ("dataInput", "dataOutput")
    }
    of_inputs, of_outputs = names["dataInput"], names["dataOutput"]
    given_on = (replace(each, target=of_inputs.get(each.target, each.target)) for each in inputs)
    sources = (replace(each.source, text=of_outputs.get(each.source.text, each.source.text)) for each in outputs)
    taken = (replace(each, source=code) for each, code in zip(outputs, sources, strict=True))
    return tuple(given_on), tuple(taken)


def _names(source: Source, specification: Element, kind: str) -> list[str]:
    return [variable_of(source, each) for each in children(specification, kind)]


def _associations(source: Source, reading: Reading, element: Element, kind: str) -> Iterator[Mapping]:
    """Data associations (10.4.2): assignments where there are any, or else the one value as it is or transformed."""
    associations = list(children(element, kind))
    # One output alone needs no mapping to a variable of its own name; beside others it would be lost without.
    is_alone = kind == "dataInputAssociation" or len(associations) == 1
    for each in associations:
        target = text_of(each, "targetRef")
        to = source.find(target, each) if target else None
        name = "" if to is None else variable_of(source, to)
        assignments = list(children(each, "assignment"))
        for assignment in assignments:
            value = reading.expression(child(assignment, "from"))
            place = text_of(assignment, "to").removeprefix("=").strip() or name
            if value is not None:
                yield Mapping(value, place)
        if assignments or to is None:
            continue
        transformation = reading.expression(child(each, "transformation"))
        origin = text_of(each, "sourceRef")
        found = source.find(origin, each) if origin else None
        if transformation is not None:
            yield Mapping(transformation, name)
        elif found is not None and (variable_of(source, found) != name or not is_alone):
            yield Mapping(Code(variable_of(source, found), FEEL, each.line), name)


def _parameters(source: Source, reading: Reading, element: Element, kind: str) -> Iterator[Mapping]:
    for around in extensions(element, ZEEBE, CAMUNDA, *SAME_AS_CAMUNDA):
        if around.name == "ioMapping":
            for each in (each for each in around.elements if each.name == kind):
                given = reading.value(each.attributes.get("source"), each) or Code("null", FEEL, each.line)
                yield Mapping(given, each.attributes.get("target", "").strip())
        elif around.name == "inputOutput":
            for each in (each for each in around.elements if each.name == f"{kind}Parameter"):
                value = _camunda_value(source, reading, each)
                if value is not None:
                    yield Mapping(value, each.attributes.get("name", "").strip())
        elif around.name == CALL_PARAMETERS[kind] and around.attributes.get("target"):
            yield _call_parameter(reading, around)


def _call_parameter(reading: Reading, element: Element) -> Mapping:
    """`camunda:in` and `camunda:out` of a call activity: a variable, or an expression, under another name."""
    source = element.attributes.get("source", "").strip()
    computed = reading.value(element.attributes.get("sourceExpression"), element)
    return Mapping(computed or Code(source, FEEL, element.line), element.attributes["target"].strip())


def _camunda_value(source: Source, reading: Reading, element: Element) -> Code | None:
    """A text, an expression, a list or a map; a script is refused by its language."""
    if not element.elements:
        return reading.value(element.text, element) or Code("", TEXT, element.line)
    inside = element.elements[0]
    if inside.name == "script":
        language = inside.attributes.get("scriptFormat", "").strip()
        if language.lower() == "feel":
            return Code(inside.text.strip(), FEEL, inside.line)
        source.refuse(f"{label(element)} is a script in {language or 'no language'}; only FEEL is known", inside)
        return None
    if inside.name in ("list", "map"):
        text = _collection(source, inside)
        return None if text is None else Code(text, FEEL, inside.line)
    source.refuse(f"{label(element)} holds a <{inside.name}>; known are texts, lists and maps", inside)
    return None


def _collection(source: Source, element: Element) -> str | None:
    """A list or a map of texts, as FEEL."""
    entries = []
    for each in element.elements:
        text = each.text.strip()
        if text.startswith(("${", "#{")) or each.elements:
            source.refuse(
                f"an entry of a <{element.name}> is no constant; write the collection as one expression", each
            )
            return None
        quoted = '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
        entries.append(quoted if element.name == "list" else f"{_key(each)}: {quoted}")
    return f"[{', '.join(entries)}]" if element.name == "list" else f"{{{', '.join(entries)}}}"


def _key(element: Element) -> str:
    return '"' + element.attributes.get("key", "").replace('"', '\\"') + '"'
