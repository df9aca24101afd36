"""What the names in an XState configuration mean: guards, actions, actors and delays, as their importer gives them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct, structs

from mainspring.handler import Handler
from mainspring.models.machine.delay import DelayInvalidError, seconds_of
from mainspring.models.machine.document import AnyAction, Call, Invoke, Parameter, Raise
from mainspring.models.yaml_text import Path

Function = Callable[..., Any]

_INVOKE_KEYS = ("id", "src", "input", "onDone", "onError")


class Meaning(Struct, frozen=True):
    """By name: what a machine's guards, actions, actors and delays are."""

    guards: Mapping[str, str | Function] = {}
    """An expression, or a callable; with parameters: `params` in the expression, a third argument of the callable."""
    actions: Mapping[str, Any] = {}
    """A callable, or an action in the data notation, or several."""
    actors: Mapping[str, Any] = {}
    """A task: its handler, or `module:name`; a workflow or machine; or an invocation in the data notation."""
    delays: Mapping[str, str | float] = {}
    """A delay as text, or in milliseconds."""


class Names:
    """Finds them, and gathers the callables."""

    def __init__(self, meaning: Meaning, report: Callable[[str, Path], None]) -> None:
        self.meaning = meaning
        self.report = report
        self.functions: dict[str, Function] = {}
        self.definitions: dict[str, Any] = {}
        """Workflows and machines that are invoked, by their names."""

    # --- Guards -------------------------------------------------------------------------------

    def guard(self, value: Any, path: Path) -> str | Call:
        if value is None:
            return ""
        name, params = self.named(value, "guard", path)
        given = self.meaning.guards.get(name)
        if given is None:
            if name:
                self.report(f"guard {name!r} is not given; say guards={{{name!r}: an expression or a callable}}", path)
            return Call(name) if name else ""
        if isinstance(given, str):
            return given if params is None else f"some params in [{literal(params)}] satisfies ({given})"
        return self.call(name, given, params)

    # --- Actions ------------------------------------------------------------------------------

    def actions(self, value: Any, path: Path) -> tuple[AnyAction, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            return self.action(value, path)
        return tuple(each for number, part in enumerate(value) for each in self.action(part, (*path, number)))

    def action(self, value: Any, path: Path) -> tuple[AnyAction, ...]:
        if value is None:
            self.report("an action that was a function is lost in JSON; give it a name in setup()", path)
            return ()
        if isinstance(value, dict) and value.get("type") == "xstate.raise":
            return self.raised(value, path)
        name, params = self.named(value, "action", path)
        given = self.meaning.actions.get(name)
        if given is None:
            if name:
                self.report(f"action {name!r} is not given; say actions={{{name!r}: a callable or an action}}", path)
            return (Call(name),) if name else ()
        if callable(given):
            return (self.call(name, given, params),)
        if params is not None:
            self.report(f"action {name!r} has parameters, so it is a callable: f(machine, event, params)", path)
        parts = given if isinstance(given, Sequence) else [given]
        return tuple(found for part in parts if (found := self.converted(part, AnyAction, name, path)) is not None)

    def raised(self, value: Mapping[str, Any], path: Path) -> tuple[AnyAction, ...]:
        event = value.get("event", (value.get("params") or {}).get("event"))
        name = event.get("type") if isinstance(event, dict) else event
        if not isinstance(name, str) or (isinstance(event, dict) and set(event) != {"type"}) or "delay" in value:
            self.report("what is raised here is the name of an event, without data and delay", path)
            return ()
        return (Raise(name),)

    # --- Actors -------------------------------------------------------------------------------

    def invoke(self, id: str, value: Mapping[str, Any], path: Path) -> Invoke:
        for key in value:
            if key not in _INVOKE_KEYS:
                self.report(f"{key!r} of an invocation has no counterpart", (*path, key))
        name = value.get("src")
        parameters = self.parameters(value.get("input"), (*path, "input"))
        if not isinstance(name, str):
            self.report("`src` is the name of an actor; what was a function is lost in JSON", (*path, "src"))
            return Invoke(id=id)
        given = self.meaning.actors.get(name)
        if given is None:
            self.report(f"actor {name!r} is not given; say actors={{{name!r}: 'module:task' or a machine}}", path)
            return Invoke(type="task", source=name, id=id)
        return structs.replace(self.actor(name, given, path), id=id, parameters=parameters)

    def actor(self, name: str, given: Any, path: Path) -> Invoke:
        if isinstance(given, str):
            return Invoke(type="task", source=given)
        if isinstance(given, Mapping):
            return self.converted(given, Invoke, name, path) or Invoke()
        definition = given.machine() if hasattr(given, "machine") else given
        if hasattr(definition, "deployable"):
            self.definitions[definition.name] = definition
            return Invoke(type=definition.deployable().model, source=definition.name)
        handler = given if isinstance(given, Handler) else Handler.of(given)
        self.functions[handler.name] = handler.function
        return Invoke(type="task", source=handler.name)

    def parameters(self, value: Any, path: Path) -> tuple[Parameter, ...]:
        if value is None:
            return ()
        if not isinstance(value, dict):
            self.report("`input` is an object of names with their values", path)
            return ()
        return tuple(Parameter(name, literal(part)) for name, part in value.items())

    # --- Delays -------------------------------------------------------------------------------

    def delay(self, key: str, path: Path) -> str:
        given = self.meaning.delays.get(key, key)
        text = f"{given:g}ms" if isinstance(given, int | float) else given
        if re.fullmatch(r"\d+(\.\d+)?", text):
            text = f"{text}ms"
        try:
            seconds_of(text)
        except DelayInvalidError:
            self.report(f"delay {key!r} is not given; say delays={{{key!r}: '30s'}}, or milliseconds", path)
            return "0ms"
        return text

    # --- All of them --------------------------------------------------------------------------

    def named(self, value: Any, word: str, path: Path) -> tuple[str, Any]:
        """A name, and its parameters."""
        if isinstance(value, str):
            return value, None
        if isinstance(value, dict) and isinstance(value.get("type"), str):
            for key in value:
                if key not in ("type", "params"):
                    self.report(f"{key!r} of {word} {value['type']!r} has no counterpart", (*path, key))
            return value["type"], value.get("params")
        self.report(f"{word} is a name, or an object with `type` and `params`, not {value!r:.40}", path)
        return "", None

    def call(self, name: str, function: Function, params: Any) -> Call:
        if params is not None:
            name = f"{name}({json.dumps(params, sort_keys=True)})"
            function = _with(function, params)
        self.functions[name] = function
        return Call(name)

    def converted(self, value: Any, kind: Any, name: str, path: Path) -> Any:
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            self.report(f"what is given for {name!r} is wrong: {error}", path)
            return None


def invoke_id(state: str, value: Mapping[str, Any], number: int) -> str:
    """As XState makes it, from its own id of the state."""
    return str(value.get("id") or f"{number}.{state}")


def _with(function: Function, params: Any) -> Function:
    return lambda machine, event: function(machine, event, params)


def literal(value: Any) -> str:
    """A JSON value as an expression: FEEL writes it the same way."""
    return json.dumps(value, ensure_ascii=False)


def json_path(path: Path) -> str:
    """`$.states.paying.on.DONE[0]`, keys that are no words in brackets."""
    parts = [
        f"[{part}]" if isinstance(part, int) else f".{part}" if re.fullmatch(r"\w+", part) else f"[{json.dumps(part)}]"
        for part in path
    ]
    return "$" + "".join(parts)
