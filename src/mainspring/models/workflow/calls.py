"""Calls as the Python notation writes them, bound to the parameters of what is called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import ValidationError, convert

from mainspring.handler import Handler
from mainspring.models.workflow.document import PYTHON, When
from mainspring.models.workflow.notation import raw_template, template
from mainspring.signature import VARIADIC

Bound = tuple[dict[str, Any], list[str]]
"""Argument templates by parameter name, without what cannot be bound; and what is wrong with the call."""


def bind_name(name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
    """A call of a handler that is not at hand."""
    problems = [f"handler {name!r} is given by name, so its arguments must be too"] if args else []
    return _templates(kwargs), problems


def bind_workflow(name: str, inputs: Iterable[str], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
    """A call of another workflow: its inputs are its parameters, in their order."""
    names = list(inputs)
    surplus = len(args) > len(names)
    problems = [f"workflow {name!r} has {len(names)} inputs, got {len(args)}"] if surplus else []
    return _templates(dict(zip(names, args, strict=False)) | dict(kwargs)), problems


def bind_handler(handler: Handler[..., Any], args: Sequence[Any], kwargs: Mapping[str, Any]) -> Bound:
    """A call of a handler."""
    problems = [f"{handler.where}: {problem}" for problem in handler.check(args, kwargs)]
    bound = handler.signature.bind(args, kwargs)
    if problems:
        bound.pop(VARIADIC, None)
    return _templates(bound), problems


def bind_when(
    when: Any, handler_of: Callable[[Callable[..., Any]], Handler[..., Any]]
) -> tuple[When | None, list[str]]:
    """An expression as text, `predicate`, `(predicate, argument, …)`, or a mapping as files have it."""
    if when is None or isinstance(when, When):
        return when, []
    if isinstance(when, str):
        return When.of_text(when), []
    if isinstance(when, Mapping):
        return _when_of_mapping(when)
    test, args = (when[0], when[1:]) if isinstance(when, tuple) else (when, None)
    if isinstance(test, str):
        return None, ["when: an expression takes no arguments; the names in it are inputs and nodes"]
    handler = handler_of(test)
    if args is None:
        return When(handler.name, language=PYTHON), []
    bound, problems = bind_handler(handler, args, {})
    return When(handler.name, bound, PYTHON), [f"when: {problem}" for problem in problems]


def _when_of_mapping(when: Mapping[str, Any]) -> tuple[When | None, list[str]]:
    try:
        return convert(raw_template(when), When), []
    except ValidationError as error:
        return None, [f"when: {error}"]


def _templates(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: template(value) for name, value in values.items()}
