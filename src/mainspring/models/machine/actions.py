"""Executable content, compiled: each action becomes a function of the session (SCXML 4, 5.4, 6.2, 6.3)."""

# ruff: noqa: ARG001, ARG005 - actions and values have one signature

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from copy import deepcopy
from importlib import import_module
from typing import Any, Protocol

from mainspring.errors import HandlerUnknownError
from mainspring.models.machine.delay import DelayInvalidError, seconds_of
from mainspring.models.machine.document import (
    AnyAction,
    Assign,
    Call,
    Cancel,
    ForEach,
    If,
    Log,
    Parameter,
    Raise,
    Script,
    Send,
    Value,
)
from mainspring.models.machine.event import ERROR_COMMUNICATION, INTERNAL, MachineEvent
from mainspring.models.machine.expression import (
    IN,
    SYSTEM,
    ActionError,
    Evaluate,
    Scope,
    split_location,
)

SCXML_PROCESSOR = "http://www.w3.org/TR/scxml/#SCXMLEventProcessor"
SEND_TYPES = ("", "scxml", SCXML_PROCESSOR, "http://www.w3.org/TR/scxml/", "http://www.w3.org/TR/scxml")
"""Types of `send` that are offered; all mean the same (6.2.5)."""
HTTP_PROCESSOR = "http://www.w3.org/TR/scxml/#BasicHTTPEventProcessor"

ITEMS_MAX = 100_000
"""Elements that one `foreach` goes through; more is a workflow's work."""


class Session(Protocol):
    """What actions may do to the machine that they are part of."""

    event: MachineEvent | None

    @property
    def host(self) -> Any: ...
    def scope(self) -> Scope: ...
    def has(self, name: str) -> bool: ...
    def assign(self, path: tuple[str, ...], value: Any) -> None: ...
    def declare(self, name: str, value: Any) -> None: ...
    def put(self, event: MachineEvent) -> None: ...
    def send(self, event: MachineEvent, target: str, delay_s: float) -> None: ...
    def cancel(self, send_id: str) -> None: ...
    def next_id(self, prefix: str) -> str: ...
    def log(self, label: str, value: Any) -> None: ...


class NotGivenError(HandlerUnknownError):
    """A callable that whoever made the definition has not given with it: wrong at its place, like all else."""


Do = Callable[[Any], None]
"""An action as a function of the session; raises `ActionError`."""
Compute = Callable[[Any], Any]
"""A value as a function of the session; raises `ActionError`."""
Resolve = Callable[[str], Callable[..., Any]]


class Compiler:
    """Compiles expressions and actions, and gathers what is wrong with them.

    `report` is told what is wrong, `doubt` what will be an error when it is used: an expression that is none, …
    """

    def __init__(self, resolve: Resolve, report: Callable[[str, str], None], doubt: Callable[[str, str], None]) -> None:
        self.resolve = resolve
        self.report = report
        self.doubt = doubt
        self.names: dict[str, str] = {}
        """Names that expressions take from the data, and where each is first used."""
        self.system: set[str] = set()
        """Names that they take from the machine itself."""

    # --- Expressions --------------------------------------------------------------------------

    def value_of(self, text: str, place: str) -> Evaluate:
        """An expression as a function of the scope."""
        language: Any = import_module("mainspring.models.machine.language")
        try:
            expression = language.compile_expression(text)
        except ActionError as error:
            self.doubt(f"{text!r} is no expression: {error}", place)
            return failing(f"{text!r}: {error}")
        self.names |= {name: place for name in sorted(language.free_names(expression)) if name not in self.names}
        self.system |= expression.names & (SYSTEM | {IN})
        evaluate: Evaluate = language.evaluator(expression)
        return evaluate

    def compute(self, text: str, place: str) -> Compute:
        evaluate = self.value_of(text, place)
        return lambda session: evaluate(session.scope())

    def guard(self, when: str | Call, place: str) -> Compute | None:
        """A condition, for which null is false, and what is no boolean an error (5.9.1); None: there is none."""
        if isinstance(when, Call):
            function = self.callable_of(when.name, place)
            return lambda session: bool(_guarded(function, session))
        if not when:
            return None
        evaluate = self.value_of(when, place)

        def holds(session: Any) -> bool:
            value = evaluate(session.scope())
            if value is not True and value is not False and value is not None:
                raise ActionError(f"{when}: is neither true nor false")
            return value is True

        return holds

    def constant_or(self, value: Value, place: str) -> Compute:
        if value.expression:
            return self.compute(value.expression, place)
        constant = value.constant
        if isinstance(constant, list | dict):  # which Python could change in place
            return lambda session: deepcopy(constant)
        return lambda session: constant

    def text_or(self, text: str, text_of: str, place: str) -> Compute:
        """A text that is given, or computed from an expression."""
        return self.compute(text_of, place) if text_of else lambda session: text

    def callable_of(self, name: str, place: str) -> Callable[[Any, Any], Any]:
        """A Python callable with two arguments, whatever number the user's takes; raises `HandlerUnknownError`."""
        try:
            function = self.resolve(name)
        except NotGivenError as error:
            self.report(str(error), place)
            return _nothing
        try:
            count = _count_positional(function)
        except (TypeError, ValueError):
            return function
        if inspect.iscoroutinefunction(function):
            self.report(f"{name!r} is asked in between, so it cannot be `async def`; invoke a task instead", place)
        adapted: dict[int, Callable[[Any, Any], Any]] = {
            0: lambda host, event: function(),
            1: lambda host, event: function(host),
        }
        return adapted.get(count, function)

    # --- Actions ------------------------------------------------------------------------------

    def block(self, actions: tuple[AnyAction, ...], place: str) -> Do | None:
        """A block: an error ends it, and becomes an event (4.9)."""
        if not actions:
            return None
        steps = self.steps(actions, place)

        def run(session: Any) -> None:
            try:
                for step in steps:
                    step(session)
            except ActionError as error:
                session.fail(error)

        return run

    def steps(self, actions: tuple[AnyAction, ...], place: str) -> tuple[Do, ...]:
        return tuple(_COMPILE[type(action)](self, action, place) for action in actions)

    def location(self, location: str, place: str) -> Callable[[], tuple[str, ...]]:
        """Where to put a value; a place that is none is an error when it is used."""
        try:
            path = split_location(location)
        except ActionError as error:
            message = str(error)
            self.doubt(message, place)

            def fail() -> tuple[str, ...]:
                raise ActionError(message)

            return fail
        return lambda: path

    def data(
        self, names: tuple[str, ...], parameters: tuple[Parameter, ...], content: Value | None, place: str
    ) -> Compute:
        """What an event carries (5.6, 5.7, 6.2.4)."""
        if content is not None:
            return self.constant_or(content, place)
        if not names and not parameters:
            return lambda session: None
        parts = [(name, self.value_of(name, place)) for name in names]
        parts += [(each.name, self.value_of(each.expression, place)) for each in parameters]

        def compute(session: Any) -> dict[str, Any]:
            scope = session.scope()
            return {name: evaluate(scope) for name, evaluate in parts}

        return compute


def _raise(compiler: Compiler, action: Raise, place: str) -> Do:
    name = action.event
    return lambda session: session.put(MachineEvent(name, type=INTERNAL))


def _send(compiler: Compiler, action: Send, place: str) -> Do:
    event = compiler.text_or(action.event, action.event_of, place)
    target = compiler.text_or(action.target, action.target_of, place)
    type_ = compiler.text_or(action.type, action.type_of, place)
    delay = compiler.text_or(action.delay, action.delay_of, place)
    data = compiler.data(action.names, action.parameters, action.content, place)
    keep = compiler.location(action.id_location, place) if action.id_location else None

    def send(session: Any) -> None:
        # An id is shown in the event only where the author asked for one (5.10.1).
        given = action.id
        if keep is not None:
            given = session.next_id("send")
            session.assign(keep(), given)
        try:
            _check_type(type_(session), given)
            wait_s = _delay_s(delay(session))
            made = MachineEvent(str(event(session)), data(session), send_id=given, origin_type=SCXML_PROCESSOR)
            session.send(made, target(session) or "", wait_s)
        except ActionError as error:
            error.send_id = error.send_id or given
            raise

    return send


def _check_type(type_: object, send_id: str) -> None:
    if type_ == HTTP_PROCESSOR:
        raise ActionError("HTTP is not offered", ERROR_COMMUNICATION, send_id)
    if type_ not in SEND_TYPES:
        raise ActionError(f"nothing is sent by {type_!r}; leave the type out", send_id=send_id)


def _delay_s(value: object) -> float:
    if value == "" or value is None:
        return 0.0
    try:
        return seconds_of(value)
    except DelayInvalidError as error:
        raise ActionError(str(error)) from None


def _cancel(compiler: Compiler, action: Cancel, place: str) -> Do:
    id = compiler.text_or(action.id, action.id_of, place)
    return lambda session: session.cancel(id(session))


def _assign(compiler: Compiler, action: Assign, place: str) -> Do:
    path, value = compiler.location(action.location, place), compiler.constant_or(action.value, place)
    return lambda session: session.assign(path(), value(session))


def _script(compiler: Compiler, action: Script, place: str) -> Do:
    values = compiler.compute(action.values, place)

    def run(session: Any) -> None:
        made = values(session)
        if not isinstance(made, dict):
            raise ActionError(f"{action.values} is no context; write {{name: value}}")
        for name, value in made.items():
            split_location(name)
            session.declare(name, value)

    return run


def _if(compiler: Compiler, action: If, place: str) -> Do:
    branches = [
        (compiler.guard(branch.when, place), compiler.steps(branch.actions, place)) for branch in action.branches
    ]
    otherwise = compiler.steps(action.otherwise, place)

    def run(session: Any) -> None:
        chosen = otherwise
        for test, steps in branches:
            if test is None or _holds(test, session):
                chosen = steps
                break
        for step in chosen:
            step(session)

    return run


def _holds(test: Compute, session: Any) -> bool:
    try:
        return bool(test(session))
    except ActionError as error:
        session.fail(error)  # a condition without a value is false, and the block goes on (5.9.1)
        return False


def _foreach(compiler: Compiler, action: ForEach, place: str) -> Do:
    array, steps = compiler.compute(action.array, place), compiler.steps(action.actions, place)
    item = compiler.location(action.item, place)
    index = compiler.location(action.index, place) if action.index else None
    if "." in action.item + action.index:
        compiler.report(f"{action.item!r}: an element gets a name, not a part of one", place)

    def run(session: Any) -> None:
        items = array(session)
        if not isinstance(items, list) or len(items) > ITEMS_MAX:
            raise ActionError(f"{action.array} is no list of at most {ITEMS_MAX:,} elements")
        name, counter = item()[0], index()[0] if index is not None else None
        for position, element in enumerate(items):
            session.declare(name, element)
            if counter is not None:
                session.declare(counter, position)
            for step in steps:
                step(session)
        if not items and not session.has(name):
            session.declare(name, None)

    return run


def _log(compiler: Compiler, action: Log, place: str) -> Do:
    value = compiler.compute(action.expression, place) if action.expression else lambda session: None
    return lambda session: session.log(action.label, value(session))


def _call(compiler: Compiler, action: Call, place: str) -> Do:
    function = compiler.callable_of(action.name, place)

    def call(session: Any) -> None:
        _guarded(function, session)
        session.touch()

    return call


def _guarded(function: Callable[[Any, Any], Any], session: Any) -> Any:
    try:
        return function(session.host, session.event)
    except Exception as error:
        raise ActionError(f"{type(error).__name__}: {error}") from error


def _nothing(host: Any, event: Any) -> None:
    """Stands for a callable that is not there, in a plan that nobody gets."""


def failing(message: str) -> Evaluate:
    """In place of what has no value."""

    def evaluate(_: Any) -> Any:
        raise ActionError(message)

    return evaluate


def _count_positional(function: Callable[..., Any]) -> int:
    kinds = [each.kind for each in inspect.signature(function).parameters.values()]
    if inspect.Parameter.VAR_POSITIONAL in kinds:
        return 2
    return sum(kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD) for kind in kinds)


_COMPILE: Mapping[type, Callable[[Compiler, Any, str], Do]] = {
    Raise: _raise,
    Send: _send,
    Cancel: _cancel,
    Assign: _assign,
    Script: _script,
    If: _if,
    ForEach: _foreach,
    Log: _log,
    Call: _call,
}
