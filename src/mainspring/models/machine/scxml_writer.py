"""Machines as SCXML files, which `scxml` reads back with the same meaning.

What the standard has no word for stands in a namespace of our own: other programs pass over it.  Time-outs (`after`)
become what they are made of: a delayed event that is sent on entry and cancelled on exit.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from msgspec import convert, structs, to_builtins

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.machine import document as written
from mainspring.models.machine.delay import seconds_of
from mainspring.models.machine.document import (
    DEEP,
    FINAL,
    HISTORIES,
    PARALLEL,
    STATE,
    AnyAction,
    Call,
    Datum,
    Document,
    Invoke,
    State,
    Transition,
    Value,
    blocks_of,
    timer_event,
    transitions_after,
)
from mainspring.models.machine.scxml import NAMESPACE, OWN_NAMESPACE, TASK_FIELDS

ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, section 2.2."""

Attributes = Mapping[str, str | bool]


class Node:
    """An element to be written."""

    __slots__ = ("attributes", "inside", "name", "text")

    def __init__(self, name: str, attributes: Attributes, inside: Iterable[Node] = (), text: str = "") -> None:
        self.name = name
        self.attributes = attributes
        self.inside = list(inside)
        self.text = text

    def lines(self, indent: str = "") -> Iterator[str]:
        given = "".join(
            f" {name}={quoteattr(_word(value), _BREAKS)}" for name, value in self.attributes.items() if value
        )
        if not self.inside and not self.text:
            yield f"{indent}<{self.name}{given}/>"
        elif self.text:
            yield f"{indent}<{self.name}{given}>{escape(self.text)}</{self.name}>"
        else:
            yield f"{indent}<{self.name}{given}>"
            for node in self.inside:
                yield from node.lines(f"{indent}  ")
            yield f"{indent}</{self.name}>"


_BREAKS = {"\n": "&#10;", "\t": "&#9;", "\r": "&#13;"}
"""An attribute would lose its line breaks."""


def _word(value: str | bool) -> str:
    return "true" if value is True else str(value)


def write_scxml(document: Document) -> str:
    """The document as SCXML; raises `DefinitionInvalidError` for characters that XML has no form for."""
    text = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', *_machine(document).lines(), ""])
    if found := ILLEGAL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        problem = Problem(f"XML has no form for the character {found[0]!r}", f"line {line} of the SCXML")
        raise DefinitionInvalidError(document.machine, [problem])
    return text


# --- Structure --------------------------------------------------------------------------------


def _machine(document: Document) -> Node:
    attributes: dict[str, str | bool] = {
        "xmlns": NAMESPACE,
        "xmlns:ms": OWN_NAMESPACE,
        "version": "1.0",
        "name": document.machine,
        "datamodel": "feel",
        "initial": " ".join(document.root.initials),
        "binding": "late" if document.late else "",
        "ms:strict": document.strict,
        "ms:open": document.open,
        "ms:exact": document.exact,
        "ms:description": document.description,
        "ms:meta": _json(document.meta),
    }
    script = [Node("ms:script", {}, _actions(document.script))] if document.script else []
    return Node("scxml", attributes, [*_data(document.data_list), *script, *_states(document.states)])


def _states(states: Mapping[str, State]) -> list[Node]:
    return [_state(id, state) for id, state in states.items()]


def _state(id: str, state: State) -> Node:
    attributes: dict[str, str | bool] = {"id": id}
    if state.kind in HISTORIES:
        attributes["type"] = "deep" if state.kind == DEEP else "shallow"
    attributes |= {"ms:description": state.description, "ms:tags": " ".join(state.tags), "ms:meta": _json(state.meta)}
    inside: list[Node] = [*_data(state.data)]
    if state.initial_actions:
        first = state.initials or (next(iter(state.states)),)
        inside.append(Node("initial", {}, [_transition(Transition(target=first, actions=state.initial_actions))]))
    else:
        attributes["initial"] = " ".join(state.initials)
    names = {STATE: "state", PARALLEL: "parallel", FINAL: "final"}
    timers = {delay: timer_event(delay, id) for delay in state.after}
    enter = [*blocks_of(state.enter), *((_timer(delay, event),) for delay, event in timers.items())]
    leave = [*blocks_of(state.exit), *((written.Cancel(id=event),) for event in timers.values())]
    late = [
        structs.replace(each, event=timers[delay])
        for delay, after in state.after.items()
        for each in transitions_after(after)
    ]
    inside += [Node("onentry", {}, _actions(block)) for block in enter]
    inside += [Node("onexit", {}, _actions(block)) for block in leave]
    inside += [_invoke(each) for each in state.invoke]
    inside += [_transition(each) for each in (*late, *state.on)]
    if state.done is not None:
        inside.append(Node("donedata", {}, _values(state.done.parameters, state.done.content)))
    return Node(names.get(state.kind, "history"), attributes, [*inside, *_states(state.states)])


def _timer(delay: str, event: str) -> AnyAction:
    """In the notation of the standard, which knows seconds."""
    return written.Send(event=event, id=event, delay=f"{seconds_of(delay):.3f}".rstrip("0").rstrip(".") + "s")


def _transition(transition: Transition) -> Node:
    when = transition.when
    attributes: dict[str, str | bool] = {
        "event": transition.event,
        "cond": when if isinstance(when, str) else "",
        "ms:call": when.name if isinstance(when, Call) else "",
        "target": " ".join(transition.targets),
        "type": "internal" if transition.internal else "",
        "ms:description": transition.description,
        "ms:meta": _json(transition.meta),
    }
    return Node("transition", attributes, _actions(transition.actions))


def _data(data: Iterable[Datum]) -> list[Node]:
    nodes = [_valued("data", {"id": datum.name}, datum.value) for datum in data]
    return [Node("datamodel", {}, nodes)] if nodes else []


def _invoke(invoke: Invoke) -> Node:
    attributes: dict[str, str | bool] = {
        "type": "" if invoke.type == "machine" else invoke.type,
        "typeexpr": invoke.type_of,
        "id": invoke.id,
        "idlocation": invoke.id_location,
        "src": invoke.source,
        "srcexpr": invoke.source_of,
        "namelist": " ".join(invoke.names),
        "autoforward": invoke.autoforward,
        "ms:digest": invoke.digest,
        "ms:task": _json({name: value for name, value in to_builtins(invoke).items() if name in TASK_FIELDS} or None),
    }
    inside = _parameters(invoke.parameters)
    if isinstance(invoke.content, dict) and "states" in invoke.content:
        inside.append(Node("content", {}, [_machine(convert(invoke.content, Document))]))
    elif invoke.content is not None:
        text = invoke.content if isinstance(invoke.content, str) else json.dumps(invoke.content)
        inside.append(Node("content", {}, text=text))
    elif invoke.content_of:
        inside.append(Node("content", {"expr": invoke.content_of}))
    if invoke.finalize is not None:
        inside.append(Node("finalize", {}, _actions(invoke.finalize)))
    return Node("invoke", attributes, inside)


# --- Executable content -----------------------------------------------------------------------


def _actions(actions: Iterable[AnyAction]) -> list[Node]:
    return [_ACTIONS[type(action)](action) for action in actions]


def _send(send: written.Send) -> Node:
    attributes: dict[str, str | bool] = {
        "event": send.event,
        "eventexpr": send.event_of,
        "target": send.target,
        "targetexpr": send.target_of,
        "type": send.type,
        "typeexpr": send.type_of,
        "id": send.id,
        "idlocation": send.id_location,
        "delay": send.delay,
        "delayexpr": send.delay_of,
        "namelist": " ".join(send.names),
    }
    return Node("send", attributes, _values(send.parameters, send.content))


def _if(action: written.If) -> Node:
    first, *others = action.branches
    inside = _actions(first.actions)
    for branch in others:
        inside += [Node("elseif", {"cond": branch.when}), *_actions(branch.actions)]
    if action.otherwise:
        inside += [Node("else", {}), *_actions(action.otherwise)]
    return Node("if", {"cond": first.when}, inside)


def _foreach(action: written.ForEach) -> Node:
    attributes = {"array": action.array, "item": action.item, "index": action.index}
    return Node("foreach", attributes, _actions(action.actions))


_ACTIONS: Mapping[type, Callable[[Any], Node]] = {
    written.Raise: lambda action: Node("raise", {"event": action.event}),
    written.Send: _send,
    written.Cancel: lambda action: Node("cancel", {"sendid": action.id, "sendidexpr": action.id_of}),
    written.Assign: lambda action: _valued("assign", {"location": action.location}, action.value),
    written.Script: lambda action: Node("script", {}, text=action.values),
    written.If: _if,
    written.ForEach: _foreach,
    written.Log: lambda action: Node("log", {"label": action.label, "expr": action.expression}),
    Call: lambda action: Node("ms:call", {"name": action.name}),
}
"""The element of each action."""


# --- Values -----------------------------------------------------------------------------------


def _values(parameters: Iterable[written.Parameter], content: Value | None) -> list[Node]:
    return _parameters(parameters) + ([] if content is None else [_valued("content", {}, content)])


def _parameters(parameters: Iterable[written.Parameter]) -> list[Node]:
    return [Node("param", {"name": each.name, "expr": each.expression}) for each in parameters]


def _valued(name: str, attributes: Attributes, value: Value | None) -> Node:
    if value is None:
        return Node(name, attributes)
    if value.expression:
        return Node(name, {**attributes, "expr": value.expression})
    return Node(name, attributes, text=json.dumps(value.constant, ensure_ascii=False))


def _json(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
