"""Machines from SCXML files (W3C Recommendation of 1 September 2015), with FEEL as the data model.

Every element has its own small reader, in one table.  Nothing is fetched: what a file refers to by `src` is asked of
`read`, which its caller hands in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from msgspec import convert, to_builtins

from mainspring.errors import DefinitionInvalidError, InvalidError, MainspringError, Problem
from mainspring.models.machine.document import (
    DEEP,
    FINAL,
    PARALLEL,
    SHALLOW,
    STATE,
    AnyAction,
    Assign,
    Branch,
    Call,
    Cancel,
    Datum,
    Document,
    Done,
    ForEach,
    If,
    Invoke,
    Log,
    Parameter,
    Raise,
    Script,
    Send,
    State,
    Transition,
    Value,
)
from mainspring.models.machine.scxml_words import without_meaning
from mainspring.models.xml_text import Element, XmlInvalidError, read_xml

NAMESPACE = "http://www.w3.org/2005/07/scxml"
OWN_NAMESPACE = "urn:mainspring:machine"
"""Of what the standard has no word for: Python callables, strictness, descriptions."""
OWN = f"{OWN_NAMESPACE} "
TASK_FIELDS = ("retries", "timeout_s", "priority", "queue", "requires", "executor", "memory_max_mb")
"""How an invoked task is to be run; SCXML knows no tasks."""
DATA_MODELS = ("", "feel", "null")

Read = Callable[[str], str]
"""Finds the text that a `src` names; raises `MainspringError`."""


class SourceDeniedError(InvalidError):
    """A file refers to another one, and whoever reads it allows none."""


def deny(source: str) -> str:
    raise SourceDeniedError(f"{source!r} is not fetched: only the text itself is read")


class Scxml(NamedTuple):
    """What a text says, what is wrong with it and what odd, and the `file:line` of its parts."""

    document: Document
    problems: list[Problem]
    odd: list[Problem]
    places: Mapping[str, str]


def read_scxml(text: str | bytes, *, file: str = "<text>", read: Read = deny) -> Document:
    """The machine of an SCXML document; raises `DefinitionInvalidError` with all that is wrong, by line."""
    made = read_with_places(text, file=file, read=read)
    if made.problems:
        raise DefinitionInvalidError(file, made.problems)
    return made.document


def read_with_places(text: str | bytes, *, file: str = "<text>", read: Read = deny) -> Scxml:
    """The same with all that is known of it; raises `DefinitionInvalidError` for what is no SCXML at all."""
    try:
        root = read_xml(text)
    except XmlInvalidError as error:
        raise DefinitionInvalidError(file, [Problem(error.reason, f"{file}:{error.line}")]) from None
    reader = _Reader(file, read)
    if root.name != "scxml" or root.namespace not in (NAMESPACE, ""):
        message = f"is no SCXML document: its root is not <scxml> of the namespace {NAMESPACE}"
        raise DefinitionInvalidError(file, [Problem(message, reader.place(root))])
    reader.know("", root)
    document = reader.document(root)
    odd = [Problem(message, reader.place(element)) for message, element in without_meaning(root)]
    return Scxml(document, reader.problems, odd, reader.places)


class _Reader:
    def __init__(self, file: str, read: Read) -> None:
        self.file = file
        self.read = read
        self.problems: list[Problem] = []
        self.places: dict[str, str] = {}
        self.count = 0

    def know(self, place: str, element: Element) -> None:
        self.places.setdefault(place, f"{self.file}:{element.line}")

    def report(self, message: str, element: Element) -> None:
        self.problems.append(Problem(message, self.place(element)))

    def place(self, element: Element) -> str:
        return f"{self.file}:{element.line}, <{element.name}>"

    # --- Structure ----------------------------------------------------------------------------

    def document(self, root: Element) -> Document:
        get = root.attributes.get
        if get("datamodel", "") not in DATA_MODELS:
            self.report(f'data model {get("datamodel")!r} is not offered; expressions are FEEL: datamodel="feel"', root)
        return Document(
            machine=get("name", "machine"),
            states=self.states(root),
            initial=self.words(get("initial", "")),
            data=self.data(root),
            script=self.start_script(root),
            late=get("binding", "early") == "late",
            strict=get(f"{OWN}strict") == "true",
            open=get(f"{OWN}open") == "true",
            exact=get(f"{OWN}exact") == "true",
            description=get(f"{OWN}description", ""),
            meta=self.meta(root),
        )

    def start_script(self, root: Element) -> tuple[AnyAction, ...]:
        """What is done before anything is entered: scripts of the standard, and of ours any actions."""
        own = (each for each in root.elements if each.name == "script" and each.namespace == OWN_NAMESPACE)
        found = [action for each in self.children(root, "script") for action in self.script(each)]
        return (*found, *(action for each in own for action in self.actions(each)))

    @staticmethod
    def meta(element: Element) -> Any:
        text = element.attributes.get(f"{OWN}meta")
        return None if text is None else plain_value(text)

    def states(self, parent: Element) -> dict[str, State]:
        found: dict[str, State] = {}
        for element in self.children(parent, "state", "parallel", "final", "history"):
            id = element.attributes.get("id", "")
            if not id:
                self.count += 1
                id = f"{element.name}.{self.count}"
            if id in found:
                self.report(f"there are two states {id!r}; give each its own id", element)
                self.count += 1
                id = f"{id}#{self.count}"
            self.know(f"state {id}", element)
            for position, each in enumerate(self.children(element, "transition"), 1):
                self.know(f"state {id}, transition {position}", each)
            for name, word in (("onentry", "enter"), ("onexit", "exit"), ("invoke", "invoke"), ("datamodel", "data")):
                for each in self.children(element, name):
                    self.know(f"state {id}, {word}", each)
            found[id] = self.state(element)
        return found

    def state(self, element: Element) -> State:
        get = element.attributes.get
        kinds = {"state": STATE, "parallel": PARALLEL, "final": FINAL}
        kind = kinds.get(element.name) or {"deep": DEEP}.get(get("type", ""), SHALLOW)
        initial, initial_actions = self.words(get("initial", "")), ()
        for inner in self.children(element, "initial"):
            if initial:
                self.report("has both an attribute and an element `initial`; one is enough", element)
            for transition in self.children(inner, "transition"):
                made = self.transition(transition)
                initial, initial_actions = made.targets, made.actions  # type: ignore[assignment]
        done = next((self.done(each) for each in self.children(element, "donedata")), None)
        return State(
            kind=kind,
            initial=initial,
            initial_actions=initial_actions,
            states=self.states(element),
            on=tuple(self.transition(each) for each in self.children(element, "transition")),
            enter=tuple(self.actions(each) for each in self.children(element, "onentry")),
            exit=tuple(self.actions(each) for each in self.children(element, "onexit")),
            invoke=tuple(self.invoke(each) for each in self.children(element, "invoke")),
            data=self.data(element),
            done=done,
            description=get(f"{OWN}description", ""),
            tags=self.words(get(f"{OWN}tags", "")),
            meta=self.meta(element),
        )

    def transition(self, element: Element) -> Transition:
        get = element.attributes.get
        return Transition(
            event=get("event", ""),
            target=self.words(get("target", "")),
            when=Call(get(f"{OWN}call", "")) if get(f"{OWN}call") else get("cond", ""),
            actions=self.actions(element),
            internal=get("type", "external") == "internal",
            description=get(f"{OWN}description", ""),
            meta=self.meta(element),
        )

    def data(self, element: Element) -> tuple[Datum, ...]:
        return tuple(
            Datum(each.attributes.get("id", ""), self.value(each, "expr"))
            for model in self.children(element, "datamodel")
            for each in self.children(model, "data")
        )

    def done(self, element: Element) -> Done:
        return Done(self.parameters(element), self.content(element))

    def invoke(self, element: Element) -> Invoke:
        get = element.attributes.get
        inner = next((each for each in self.children(element, "content")), None)
        content: Any = None
        if inner is not None:
            machine = next((each for each in inner.elements if each.name == "scxml"), None)
            content = self.value_of_text(inner) if machine is None else to_builtins(self.document(machine))
        finalize = next((self.actions(each) for each in self.children(element, "finalize")), None)
        made = Invoke(
            type=get("type", "machine"),
            type_of=get("typeexpr", ""),
            id=get("id", ""),
            id_location=get("idlocation", ""),
            source=get("src", ""),
            source_of=get("srcexpr", ""),
            names=self.words(get("namelist", "")),
            parameters=self.parameters(element),
            digest=get(f"{OWN}digest", ""),
            content=content,
            content_of="" if inner is None else inner.attributes.get("expr", ""),
            autoforward=get("autoforward", "false") == "true",
            finalize=finalize,
        )
        return self.with_task(made, element)

    def with_task(self, made: Invoke, element: Element) -> Invoke:
        """How an invoked task is to be run, from our own attribute."""
        try:
            asked = convert(json.loads(element.attributes.get(f"{OWN}task", "{}")), dict[str, Any])
            return convert(to_builtins(made) | asked, Invoke)
        except ValueError as error:  # as well of msgspec
            self.report(f"its attribute `task` is no object with {', '.join(TASK_FIELDS)}: {error}", element)
            return made

    # --- Executable content -------------------------------------------------------------------

    def actions(self, element: Element) -> tuple[AnyAction, ...]:
        found: list[AnyAction] = []
        for each in element.elements:
            make = _ACTIONS.get(each.name)
            if make is not None and each.namespace in (NAMESPACE, ""):
                found += make(self, each)
            elif (each.namespace, each.name) == (OWN_NAMESPACE, "call"):
                found.append(Call(each.attributes.get("name", "")))
            else:
                self.report(f"<{each.name}> is nothing that a machine can do", each)
        return tuple(found)

    def raise_(self, element: Element) -> tuple[AnyAction, ...]:
        return (Raise(element.attributes.get("event", "")),)

    def send(self, element: Element) -> tuple[AnyAction, ...]:
        get = element.attributes.get
        return (
            Send(
                event=get("event", ""),
                event_of=get("eventexpr", ""),
                target=get("target", ""),
                target_of=get("targetexpr", ""),
                type=get("type", ""),
                type_of=get("typeexpr", ""),
                id=get("id", ""),
                id_location=get("idlocation", ""),
                delay=get("delay", ""),
                delay_of=get("delayexpr", ""),
                names=self.words(get("namelist", "")),
                parameters=self.parameters(element),
                content=self.content(element),
            ),
        )

    def cancel(self, element: Element) -> tuple[AnyAction, ...]:
        return (Cancel(element.attributes.get("sendid", ""), element.attributes.get("sendidexpr", "")),)

    def assign(self, element: Element) -> tuple[AnyAction, ...]:
        return (Assign(element.attributes.get("location", ""), self.value(element, "expr") or Value()),)

    def script(self, element: Element) -> tuple[AnyAction, ...]:
        source = element.attributes.get("src")
        return (Script(element.text.strip() if source is None else self.fetch(source, element)),)

    def log(self, element: Element) -> tuple[AnyAction, ...]:
        return (Log(element.attributes.get("label", ""), element.attributes.get("expr", "")),)

    def foreach(self, element: Element) -> tuple[AnyAction, ...]:
        get = element.attributes.get
        return (ForEach(get("array", ""), get("item", ""), get("index", ""), self.actions(element)),)

    def if_(self, element: Element) -> tuple[AnyAction, ...]:
        """The parts stand side by side: `<if> … <elseif/> … <else/> …` (4.3)."""
        parts: list[tuple[str | None, Element]] = [(element.attributes.get("cond", ""), _empty_like(element))]
        for each in element.elements:
            if each.name in ("elseif", "else") and each.namespace in (NAMESPACE, ""):
                parts.append((each.attributes.get("cond") if each.name == "elseif" else None, _empty_like(each)))
            else:
                parts[-1][1].add(each)
        branches = tuple(Branch(when, self.actions(part)) for when, part in parts if when is not None)
        otherwise = tuple(action for when, part in parts if when is None for action in self.actions(part))
        return (If(branches, otherwise),)

    # --- Values -------------------------------------------------------------------------------

    def parameters(self, element: Element) -> tuple[Parameter, ...]:
        return tuple(
            Parameter(
                each.attributes.get("name", ""), each.attributes.get("expr") or each.attributes.get("location", "")
            )
            for each in self.children(element, "param")
        )

    def content(self, element: Element) -> Value | None:
        return next((self.value(each, "expr") for each in self.children(element, "content")), None)

    def value(self, element: Element, attribute: str) -> Value | None:
        """What an element says: by an expression, by a file, or by what is inside it (5.3.2, 5.4.2, 5.6.2)."""
        if attribute in element.attributes:
            return Value(expression=element.attributes[attribute])
        if "src" in element.attributes:
            return Value(constant=plain_value(self.fetch(element.attributes["src"], element)))
        constant = self.value_of_text(element)
        return None if constant is None else Value(constant=constant)

    def value_of_text(self, element: Element) -> Any:
        inner = list(element.elements)
        if inner:
            return "".join(each.write() for each in inner)
        return plain_value(element.text) if element.text.strip() else None

    def fetch(self, source: str, element: Element) -> str:
        try:
            return self.read(source)
        except MainspringError as error:
            self.report(str(error), element)
            return ""

    def children(self, element: Element, *names: str) -> list[Element]:
        return [each for each in element.elements if each.name in names and each.namespace in (NAMESPACE, "")]

    @staticmethod
    def words(text: str) -> tuple[str, ...]:
        return tuple(text.split())


def plain_value(text: str) -> Any:
    """JSON as its value, other text with its white space normalized (B.2.8)."""
    try:
        return json.loads(text)
    except ValueError:
        return " ".join(text.split())


def _empty_like(element: Element) -> Element:
    return Element(f"{element.namespace} {element.name}", {}, element.line)


_ACTIONS: Mapping[str, Callable[[Any, Element], tuple[AnyAction, ...]]] = {
    "raise": _Reader.raise_,
    "send": _Reader.send,
    "cancel": _Reader.cancel,
    "assign": _Reader.assign,
    "script": _Reader.script,
    "log": _Reader.log,
    "foreach": _Reader.foreach,
    "if": _Reader.if_,
}
"""Executable content by the name of its element."""
