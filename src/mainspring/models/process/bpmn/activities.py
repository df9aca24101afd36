"""Activities of a BPMN file (10.3): what each kind needs beside a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mainspring.models.process.bpmn.code import LANGUAGES, Reading
from mainspring.models.process.bpmn.data import as_called, of_loop, read_inputs, read_outputs
from mainspring.models.process.bpmn.events import message_of, message_of_operation
from mainspring.models.process.bpmn.loops import read_loop
from mainspring.models.process.bpmn.people import read_people
from mainspring.models.process.bpmn.source import (
    CAMUNDA,
    SAME_AS_CAMUNDA,
    ZEEBE,
    Source,
    camunda,
    child,
    extensions,
    is_true,
    label,
    local,
    text_of,
)
from mainspring.models.process.bpmn.work import read_work
from mainspring.models.process.document import (
    CALL,
    MANUAL,
    MESSAGE,
    RECEIVE,
    RULE,
    SCRIPT,
    SEND,
    SERVICE,
    TASK,
    TEXT,
    USER,
    Call,
    Code,
    EventDefinition,
    MultiInstance,
    Script,
    Work,
)
from mainspring.models.xml_text import Element

GLOBAL_TASKS = {
    "globalTask": TASK,
    "globalScriptTask": SCRIPT,
    "globalUserTask": USER,
    "globalManualTask": MANUAL,
    "globalBusinessRuleTask": RULE,
}
"""Global tasks (10.3.7), and the tasks they are."""
AROUND_WORK = frozenset(
    {
        *("standardLoopCharacteristics", "multiInstanceLoopCharacteristics"),
        *("dataInputAssociation", "dataOutputAssociation", "extensionElements"),
    }
)
"""What repeats an activity, or gives and takes its data; most have none of it."""
UNKNOWN_EXTENSIONS = {
    "executionListeners": "execution listeners are not run",
    "executionListener": "execution listeners are not run",
    "taskListeners": "task listeners are not run",
    "taskListener": "task listeners are not run",
    "connector": "connectors are not known; name a handler",
    "field": "injected fields are not known; use input parameters",
}
"""Extensions that would do something here if we had them."""


class ActivityReader:
    """Reads what is particular to each kind of activity."""

    def __init__(self, source: Source, reading: Reading, scripts: Mapping[str, str], lanes: Mapping[str, str]) -> None:
        self.source = source
        self.reading = reading
        self.scripts = scripts
        self.lanes = lanes
        """The name of the innermost lane that each node is in."""

    def read(self, kind: str, element: Element) -> dict[str, Any]:
        """The fields of a node that an activity has."""
        source = self.source
        for each in extensions(element, ZEEBE, CAMUNDA, *SAME_AS_CAMUNDA):
            if each.name in UNKNOWN_EXTENSIONS:
                source.warn(f"{label(element)}: {UNKNOWN_EXTENSIONS[each.name]}", each)
        details: dict[str, Any] = {
            "start_quantity": self._quantity(element, "startQuantity"),
            "completion_quantity": self._quantity(element, "completionQuantity"),
            "for_compensation": is_true(element, "isForCompensation"),
        }
        if any(each.name in AROUND_WORK for each in element.elements):
            details |= self._around(element)
        more = self._MORE.get(kind)
        return details if more is None else details | more(self, element)

    def _around(self, element: Element) -> dict[str, Any]:
        """What repeats it, and the data that it is given and that are taken from it."""
        loop = read_loop(self.source, self.reading, element)
        inputs = read_inputs(self.source, self.reading, element)
        outputs = read_outputs(self.source, self.reading, element)
        if isinstance(loop, MultiInstance):
            loop, inputs, outputs = of_loop(loop, inputs, outputs)
        if element.name == CALL:
            inputs, outputs = as_called(self.source, element, inputs, outputs)
        return {"loop": loop, "inputs": inputs, "outputs": outputs}

    def _quantity(self, element: Element, attribute: str) -> int:
        text = element.attributes.get(attribute, "1").strip()
        if text == "1":
            return 1
        if not text.isdigit() or int(text) < 1:
            self.source.refuse(f"{label(element)}: {attribute} is {text!r:.20}; it must be 1 or more", element)
            return 1
        return int(text)

    # --- What is done by a handler --------------------------------------------------------------

    def _service(self, element: Element) -> dict[str, Any]:
        work = read_work(self.source, element, self.scripts)
        if work is None:
            self.source.warn(
                f"{label(element)} names no handler; its id is taken for the name of one (or give it one by "
                "implementation, zeebe:taskDefinition or camunda:topic)",
                element,
            )
            work = Work(element.attributes.get("id", ""))
        return {"work": work}

    def _script(self, element: Element) -> dict[str, Any]:
        zeebe = next((each for each in extensions(element, ZEEBE) if each.name == "script"), None)
        if zeebe is not None:
            code = self.reading.expression(zeebe, zeebe.attributes.get("expression", ""))
            return {
                "script": None if code is None else Script(code, zeebe.attributes.get("resultVariable", "").strip())
            }
        work = read_work(self.source, element, self.scripts)
        if work is not None:
            return {"work": work}
        written = child(element, "script")
        language = element.attributes.get("scriptFormat", "").strip()
        if written is None or not written.text.strip():
            if camunda(element, "resource"):
                self.source.refuse(f"{label(element)} loads its script from elsewhere; write it in the file", element)
            return {}
        if language and LANGUAGES.get(language.lower()) is None:
            self.source.refuse(
                f"{label(element)} is a script in {language}; only FEEL is known (or give a handler for {language})",
                written,
            )
            return {}
        if not language:
            told = "has no scriptFormat (BPMN 2.0.2, 10.3.3); it is taken for FEEL"
            self.source.warn(f"{label(element)} {told}", written)
        code = self.reading.expression(written) if not language else Code(
            written.text.strip().removeprefix("="), LANGUAGES[language.lower()], written.line
        )  # fmt: skip
        return {} if code is None else {"script": Script(code, camunda(element, "resultVariable") or "")}

    def _rule(self, element: Element) -> dict[str, Any]:
        decision = next((each for each in extensions(element, ZEEBE) if each.name == "calledDecision"), None)
        named = camunda(element, "decisionRef") or (decision.attributes.get("decisionId") if decision else None)
        work = read_work(self.source, element, self.scripts)
        if work is None and named:
            self.source.refuse(
                f"{label(element)} asks for the decision {named!r:.60}; DMN tables are not known, name a handler",
                element,
            )
        return {"work": work}

    def _send(self, element: Element) -> dict[str, Any]:
        work = read_work(self.source, element, self.scripts)
        message = self._message(element)
        if work is None and not message:
            self.source.warn(f"{label(element)} names neither a message nor a handler; it does nothing", element)
        return {"work": work, "events": message}

    def _receive(self, element: Element) -> dict[str, Any]:
        message = self._message(element)
        if not message and not element.attributes.get("messageRef"):
            self.source.lack(f"{label(element)} does not say which message it waits for; give it a messageRef", element)
        return {"events": message, "instantiate": is_true(element, "instantiate")}

    def _message(self, element: Element) -> tuple[EventDefinition, ...]:
        details = message_of(self.source, self.reading, element.attributes.get("messageRef", ""), element)
        operation = element.attributes.get("operationRef", "") or text_of(element, "operationRef")
        if not details and operation:
            details = message_of_operation(self.source, self.reading, operation, element)
        return (EventDefinition(MESSAGE, line=element.line, **details),) if details else ()

    # --- People and calls -----------------------------------------------------------------------

    def _user(self, element: Element) -> dict[str, Any]:
        lane = self.lanes.get(element.attributes.get("id", ""), "")
        return {"people": read_people(self.source, self.reading, element, lane)}

    def _call(self, element: Element) -> dict[str, Any]:
        zeebe = next((each for each in extensions(element, ZEEBE) if each.name == "calledElement"), None)
        if zeebe is not None:
            called = self.reading.value(zeebe.attributes.get("processId"), zeebe)
            gives = zeebe.attributes.get("propagateAllParentVariables", "true") != "false"
            takes = zeebe.attributes.get("propagateAllChildVariables", "true") != "false"
            return {"call": None if called is None else Call(called, gives, takes)}
        text = local(element.attributes.get("calledElement", ""))
        if not text:
            self.source.refuse(f"{label(element)} does not say what it calls; give it a calledElement", element)
            return {}
        called = self.reading.value(element.attributes["calledElement"], element)
        if called is not None and called.language == TEXT:
            called = Code(text, TEXT, element.line)
        return {"call": self._camunda_call(element, called or Code(text, TEXT, element.line))}

    def _camunda_call(self, element: Element, called: Code) -> Call:
        """`camunda:in` and `camunda:out` with `variables="all"`; single ones are inputs and outputs."""
        gives = [each for each in extensions(element, CAMUNDA, *SAME_AS_CAMUNDA) if each.name == "in"]
        takes = [each for each in extensions(element, CAMUNDA, *SAME_AS_CAMUNDA) if each.name == "out"]
        key = next((each.attributes["businessKey"] for each in gives if each.attributes.get("businessKey")), None)
        return Call(
            called,
            not gives or any(each.attributes.get("variables") == "all" for each in gives),
            not takes or any(each.attributes.get("variables") == "all" for each in takes),
            self.reading.value(key, element),
        )

    _MORE: dict[str, Callable[[ActivityReader, Element], dict[str, Any]]] = {
        SERVICE: _service,
        SCRIPT: _script,
        RULE: _rule,
        SEND: _send,
        RECEIVE: _receive,
        USER: _user,
        CALL: _call,
    }
