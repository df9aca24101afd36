"""Predicates: conditions that are Python callables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import Parameter
from traceback import format_exception
from typing import Any

from msgspec import structs

from mainspring.errors import ConditionFailedError
from mainspring.handler import Handler
from mainspring.models.contract import Failure
from mainspring.models.retry import failure_of
from mainspring.models.workflow.document import INDEX, ITEM, When
from mainspring.models.workflow.template import Template, Values, compile_template, references
from mainspring.signature import VARIADIC

ASYNC = "a condition is asked in between, so it cannot be `async def`"

TRACEBACK_LENGTH_MAX = 8_000
"""The end of a traceback tells most of it."""


class Predicate:
    """A callable with the arguments it is asked with; a `Condition`."""

    __slots__ = ("arguments", "test", "text")

    def __init__(self, text: str, test: Handler[..., Any], arguments: Template) -> None:
        self.text = text
        self.test = test
        self.arguments = arguments

    @property
    def slots(self) -> tuple[int, ...]:
        """The values that its arguments refer to."""
        return tuple(hole.slot for hole in self.arguments.holes)

    def holds(self, values: Values) -> bool | Failure:
        """What it answers; a failure where it raises."""
        try:
            if self.test.is_async:
                raise TypeError(ASYNC)
            args, kwargs = self.test.decode(self.arguments.render(values))
            return bool(self.test.function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the user's code may raise anything, and decide must not
            failure = failure_of(ConditionFailedError(f"when {self.text}: {type(error).__name__}: {error}"))
            return structs.replace(failure, traceback="".join(format_exception(error))[-TRACEBACK_LENGTH_MAX:])


def compile_predicate(
    when: When, arguments: Mapping[str, Any], test: Callable[..., Any], slots: Mapping[str, int]
) -> Predicate:
    """The predicate of a node that has these arguments."""
    handler = Handler.of(test)
    own = when_arguments(handler, arguments) if when.arguments is None else when.arguments
    return Predicate(when.test, handler, compile_template(own, slots))


def when_arguments(test: Handler[..., Any], arguments: Mapping[str, Any]) -> dict[str, Any]:
    """What a predicate gets that says no arguments of its own: the node's, by name, or else by position.

    A map is asked once, for all its elements; so arguments that refer to the element are left out.
    """
    own = {name: value for name, value in arguments.items() if not _is_of_element(value)}
    kinds = {name: test.signature.parameters[name].kind for name in test.signature.fillable}
    if Parameter.VAR_KEYWORD in kinds.values():
        return own
    by_name = {name: value for name, value in own.items() if name in kinds}
    if by_name:
        return by_name
    values = [value for name, value in own.items() if name != VARIADIC] + list(own.get(VARIADIC, ()))
    return test.signature.bind(values[: len(kinds)] if Parameter.VAR_POSITIONAL not in kinds.values() else values, {})


def _is_of_element(template: Any) -> bool:
    return any(reference.name in (ITEM, INDEX) for reference in references(template))
