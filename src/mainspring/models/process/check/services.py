"""Services: operations and their messages, and whether the data of what uses them fits (8.5, 10.3.3, 10.3.6)."""

from __future__ import annotations

from mainspring.models.process.bpmn.source import child, children, label
from mainspring.models.process.check.data import is_same_item, item_of, told
from mainspring.models.process.check.outline import Outline, id_of
from mainspring.models.process.check.rule import OF_COMPLETE, Rule
from mainspring.models.process.check.structure import GLOBAL_TASKS
from mainspring.models.xml_text import Element

CALLABLE = GLOBAL_TASKS | {"process"}


def _count(specification: Element | None, name: str) -> int:
    return 0 if specification is None else sum(1 for _ in children(specification, name))


def _only(holder: Element | None, name: str) -> Element | None:
    return None if holder is None else child(holder, name)


def has_operation(_: Outline, interface: Element) -> str | None:
    return None if child(interface, "operation") is not None else "has no operation"


def takes_message(_: Outline, operation: Element) -> str | None:
    return (
        None if child(operation, "inMessageRef") is not None else "has no inMessageRef: an operation takes one message"
    )


def service_sets(outline: Outline, task: Element) -> str | None:
    specification = child(task, "ioSpecification")
    if specification is None or outline.refer(task, "operationRef") is None:
        return None
    if _count(specification, "inputSet") != 1 or _count(specification, "outputSet") > 1:
        return "needs exactly one inputSet and at most one outputSet, as its operation has one message each way"
    return None


def service_data(outline: Outline, task: Element) -> str | None:
    operation, specification = outline.refer(task, "operationRef"), child(task, "ioSpecification")
    if operation is None or specification is None:
        return None
    for reference, name in (("inMessageRef", "dataInput"), ("outMessageRef", "dataOutput")):
        for message in outline.refer_all(operation, reference):
            wrong = _unlike_message(outline, _only(specification, name), message)
            if wrong:
                return wrong
    return None


def send_data(outline: Outline, task: Element) -> str | None:
    return _message_data(outline, task, "inputSet", "dataInput")


def receive_data(outline: Outline, task: Element) -> str | None:
    return _message_data(outline, task, "outputSet", "dataOutput")


def _message_data(outline: Outline, task: Element, sets: str, name: str) -> str | None:
    specification, message = child(task, "ioSpecification"), outline.refer(task, "messageRef")
    if specification is None or message is None:
        return None
    if _count(specification, sets) > 1 or _count(specification, name) > 1:
        return f"has one message, and so at most one {sets} and one {name}"
    return _unlike_message(outline, _only(specification, name), message)


def _unlike_message(outline: Outline, data: Element | None, message: Element) -> str | None:
    item = outline.refer(message, "itemRef")
    if data is None or item is None or is_same_item(item_of(outline, data), item):
        return None
    return f"has {label(data)} of {told(item_of(outline, data))}, but {label(message)} is of {told(item)}"


# --- Calls ---------------------------------------------------------------------------------------


def call_has_data(outline: Outline, call: Element) -> str | None:
    """A call gives all inputs and takes all outputs of what it calls."""
    called = outline.refer(call, "calledElement")
    wanted = None if called is None else child(called, "ioSpecification")
    if called is None or wanted is None:
        return None
    given = child(call, "ioSpecification")
    for name in ("dataInput", "dataOutput"):
        if _count(given, name) != _count(wanted, name):
            return f"has {_count(given, name)} <{name}>, but {label(called)} has {_count(wanted, name)}"
    return None


def call_data_fits(outline: Outline, call: Element) -> str | None:
    called = outline.refer(call, "calledElement")
    wanted, given = (None if each is None else child(each, "ioSpecification") for each in (called, call))
    if called is None or wanted is None or given is None:
        return None
    for name in ("dataInput", "dataOutput"):
        for one, other in zip(children(given, name), children(wanted, name), strict=False):
            items = item_of(outline, one), item_of(outline, other)
            if None not in items and not is_same_item(*items):
                wanted_one = f"{label(other)} of {label(called)} is of {told(items[1])}"
                return f"has {label(one)} of {told(items[0])}, but {wanted_one}"
    return None


def binds_operations(outline: Outline, called: Element) -> str | None:
    """What offers an interface binds its data to each operation of it."""
    bound = {
        id_of(each) for binding in children(called, "ioBinding") if (each := outline.refer(binding, "operationRef"))
    }
    for interface in outline.refer_all(called, "supportedInterfaceRef"):
        for operation in children(interface, "operation"):
            if id_of(operation) not in bound:
                return f"supports {label(interface)}, but has no ioBinding for its {label(operation)}"
    return None


def binding_fits(outline: Outline, binding: Element) -> str | None:
    operation = outline.refer(binding, "operationRef")
    if operation is None:
        return None
    for name, reference in (("inputDataRef", "inMessageRef"), ("outputDataRef", "outMessageRef")):
        data = outline.refer(binding, name)
        for message in outline.refer_all(operation, reference):
            wrong = _unlike_message(outline, data, message)
            if wrong:
                return wrong
    return None


RULES = (
    Rule("8.5.1", ("interface",), has_operation, OF_COMPLETE),
    Rule("8.5.3", ("operation",), takes_message, OF_COMPLETE),
    Rule("10.3.3", ("serviceTask",), service_sets),
    Rule("10.3.3", ("serviceTask",), service_data),
    Rule("10.3.3", ("sendTask",), send_data),
    Rule("10.3.3", ("receiveTask",), receive_data),
    Rule("10.3.6", ("callActivity",), call_has_data, OF_COMPLETE),
    Rule("10.3.6", ("callActivity",), call_data_fits),
    Rule("10.3.6", CALLABLE, binds_operations, OF_COMPLETE),
    Rule("10.3.6", ("ioBinding",), binding_fits),
)
