"""Data: inputs and outputs, their sets, and how they are passed on (10.4)."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child, children, is_true, label
from mainspring.models.process.check.outline import CATCHING, THROWING, Outline, id_of, kind_of, references
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.xml_text import Element

WITH_ITEMS = ("dataObject", "dataInput", "dataOutput")
INPUT_SETS = {"optionalInputRefs": "dataInputRefs", "whileExecutingInputRefs": "dataInputRefs"}
OUTPUT_SETS = {"optionalOutputRefs": "dataOutputRefs", "whileExecutingOutputRefs": "dataOutputRefs"}


# --- Items ---------------------------------------------------------------------------------------


def item_of(outline: Outline, data: Element) -> Element | None:
    """The item definition of something that holds data; a reference has that of its data object."""
    own = outline.refer(data, "itemSubjectRef")
    if own is None and data.name in ("dataObjectReference", "dataStoreReference"):
        held = outline.refer(data, "dataObjectRef") or outline.refer(data, "dataStoreRef")
        return None if held is None else outline.refer(held, "itemSubjectRef")
    return own


def is_same_item(one: Element | None, other: Element | None) -> bool:
    """The same definition, or two of the same structure."""
    if one is other:
        return True
    structure = "" if one is None else one.attributes.get("structureRef", "").strip()
    return bool(structure) and other is not None and structure == other.attributes.get("structureRef", "").strip()


def told(item: Element | None) -> str:
    return "no item definition" if item is None else label(item)


def is_collection_like_item(outline: Outline, data: Element) -> str | None:
    item = outline.refer(data, "itemSubjectRef")
    if item is None or item.name != "itemDefinition":
        return None
    if is_true(data, "isCollection") == is_true(item, "isCollection"):
        return None
    return f"and its {label(item)} do not agree in isCollection"


def shows_state(outline: Outline, reference: Element) -> str | None:
    """The name of a reference with a state is that of its data object with the state in brackets."""
    state, name = child(reference, "dataState"), reference.attributes.get("name", "").strip()
    held = outline.refer(reference, "dataObjectRef")
    if state is None or held is None or not name or not state.attributes.get("name"):
        return None
    wanted = f"{held.attributes.get('name', '').strip()} [{state.attributes['name'].strip()}]"
    return None if name == wanted else f"is named {name!r:.80}; in its state that is {wanted!r:.80}"


# --- Inputs, outputs and their sets --------------------------------------------------------------


def _is_listed(outline: Outline, data: Element, kind: str, name: str) -> bool:
    holder = outline.parents[data]
    return any(id_of(data) in references(each, name) for each in children(holder, kind))


def input_is_in_set(outline: Outline, data: Element) -> str | None:
    return None if _is_listed(outline, data, "inputSet", "dataInputRefs") else "is in no inputSet"


def output_is_in_set(outline: Outline, data: Element) -> str | None:
    return None if _is_listed(outline, data, "outputSet", "dataOutputRefs") else "is in no outputSet"


def has_sets(_: Outline, specification: Element) -> str | None:
    missing = [name for name in ("inputSet", "outputSet") if child(specification, name) is None]
    return f"has no {' and no '.join(missing)}" if missing else None


def set_has_its_data(_: Outline, data_set: Element) -> str | None:
    for part, whole in (INPUT_SETS if data_set.name == "inputSet" else OUTPUT_SETS).items():
        strange = sorted(set(references(data_set, part)) - set(references(data_set, whole)))
        if strange:
            return f"has {strange[0]!r} among its {part}, but not among its {whole}"
    return None


def sets_agree(outline: Outline, data_set: Element) -> str | None:
    """An input set names the output sets that come of it, and these name it."""
    forth, back = (
        ("outputSetRefs", "inputSetRefs") if data_set.name == "inputSet" else ("inputSetRefs", "outputSetRefs")
    )
    for other in outline.refer_all(data_set, forth):
        if id_of(data_set) not in references(other, back):
            return f"names {label(other)} among its {forth}, but is not among the {back} there"
    return None


# --- Associations --------------------------------------------------------------------------------


def _is_of_process(outline: Outline, data: Element) -> bool:
    holder = outline.parents[data]
    holder = outline.parents[holder] if holder.name == "ioSpecification" else holder
    return outline.parents.get(holder) is outline.source.root


def input_only_given(outline: Outline, association: Element) -> str | None:
    """Who starts a process gives its inputs; nothing inside does."""
    for data in outline.refer_all(association, "targetRef"):
        if data.name == "dataInput" and _is_of_process(outline, data):
            return f"leads to {label(data)}, an input of the whole process; nothing inside can write it"
    return None


def output_only_taken(outline: Outline, association: Element) -> str | None:
    for data in outline.refer_all(association, "sourceRef"):
        if data.name == "dataOutput" and _is_of_process(outline, data):
            return f"reads {label(data)}, an output of the whole process; nothing inside can read it"
    return None


def passes_one_item(outline: Outline, association: Element) -> str | None:
    if child(association, "transformation") is not None:
        return None
    sources = references(association, "sourceRef")
    if len(sources) > 1:
        return f"has {len(sources)} sources, but no transformation that makes one value of them"
    return _differs(outline, association)


def _differs(outline: Outline, association: Element) -> str | None:
    ends = [*outline.refer_all(association, "sourceRef"), *outline.refer_all(association, "targetRef")]
    items = [item_of(outline, each) for each in ends]
    if len(items) != 2 or None in items or is_same_item(items[0], items[1]):
        return None
    return f"passes on {told(items[0])} as {told(items[1])}, but has no transformation"


# --- Data of events ------------------------------------------------------------------------------


def _item_of_definition(outline: Outline, definition: Element) -> Element | None:
    kind = kind_of(definition)
    what = outline.refer(definition, f"{kind}Ref")
    return None if what is None else outline.refer(what, "itemRef" if kind == "message" else "structureRef")


def event_has_data(outline: Outline, event: Element) -> str | None:
    """An event that has data has one for each item of its definitions, of the same item (10.5.1)."""
    name = "dataOutput" if event.name in CATCHING else "dataInput"
    data = list(children(event, name))
    items = [_item_of_definition(outline, each) for each in outline.definitions(event)] if data else []
    for item in items:
        match = next((each for each in data if is_same_item(item_of(outline, each), item)), None)
        if item is not None and match is None:
            return f"has no <{name}> for {told(item)}, which its event carries"
        if match is not None:
            data.remove(match)
    return None


RULES = (
    Rule("10.4.1", WITH_ITEMS, is_collection_like_item, OF_COMPLETE),
    Rule("10.4.1", ("dataObjectReference",), shows_state, OF_COMPLETE),
    Rule("10.4.1", ("ioSpecification",), has_sets, OF_COMPLETE),
    Rule("10.4.1", ("dataInput",), input_is_in_set, OF_COMPLETE),
    Rule("10.4.1", ("dataOutput",), output_is_in_set, OF_COMPLETE),
    Rule("10.4.1", ("inputSet", "outputSet"), set_has_its_data),
    Rule("10.4.1", ("inputSet", "outputSet"), sets_agree),
    Rule("10.4.1", ("dataInputAssociation", "dataOutputAssociation"), input_only_given),
    Rule("10.4.1", ("dataInputAssociation", "dataOutputAssociation"), output_only_taken),
    Rule("10.4.1", ("dataInputAssociation", "dataOutputAssociation"), passes_one_item, OF_COMPLETE),
    Rule("10.5.1", frozenset(CATCHING | THROWING), event_has_data, OF_COMPLETE),
)
