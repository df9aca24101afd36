"""The expressions of a machine: FEEL, strict, seen from inside a session.

A compiled expression is a function of the scope, a mapping of names to values.  Where it has no value it raises
`ActionError`, which whoever evaluates turns into `error.execution`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from mainspring.models.expression.builtins import find_builtin
from mainspring.models.expression.errors import ExpressionError
from mainspring.models.expression.functions import Native, Signature
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.program import Expression, compile_text
from mainspring.models.expression.runtime import Plan as Setting

Scope = Mapping[str, Any]
Evaluate = Callable[[Scope], Any]

IN = "In"
"""The predicate `In("state")` (SCXML 5.9.2)."""
EVENT, SESSION, NAME, PROCESSORS = "_event", "_sessionid", "_name", "_ioprocessors"
SYSTEM = frozenset({EVENT, SESSION, NAME, PROCESSORS, "_x"})
"""The system variables (5.10); nobody may assign to them."""

LIMITS = Limits()
LOCATION = re.compile(r"[^\W\d]\w*(\.\w+)*")


class ActionError(Exception):
    """An expression without a value, or an action that cannot be done; becomes an error event."""

    def __init__(self, message: str, event: str = "error.execution", send_id: str = "") -> None:
        super().__init__(message)
        self.event = event
        self.send_id = send_id


def compile_expression(text: str) -> Expression:
    """The expression of a text; raises `ExpressionError` with the place in the text."""
    return compile_text(
        Setting(text, strict=True, clock=_no_clock, random=_no_random, limits=LIMITS), language="feel", names=()
    )


def evaluator(expression: Expression) -> Evaluate:
    """The same as a function of the scope."""

    def evaluate(scope: Scope) -> Any:
        try:
            return expression(scope)
        except ExpressionError as error:
            raise ActionError(f"{expression.text}: {error.warning}") from None

    return evaluate


def free_names(expression: Expression) -> frozenset[str]:
    """The names that must come from the data, for no built-in function has them."""
    return frozenset(name for name in expression.names if name not in SYSTEM | {IN} and find_builtin(name) is None)


def predicate_in(is_active: Callable[[str], bool]) -> Native:
    """`In` as a function value."""
    return Native(IN, (Signature("state: string", is_active),))


def split_location(location: str) -> tuple[str, ...]:
    """The parts of a place in the data; raises `ActionError` for what is none, or is not ours to change."""
    if LOCATION.fullmatch(location) is None:
        raise ActionError(f"{location!r} is no place in the data; write a name, or a path such as order.paid")
    path = tuple(location.split("."))
    if path[0] in SYSTEM:
        raise ActionError(f"{path[0]} is given by the machine, and cannot be changed")
    return path


def replaced(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """A copy of a value with another one at the end of a path; raises `ActionError` where nothing has parts."""
    if not path:
        return new
    if not isinstance(value, dict):
        raise ActionError(f"there is no {path[0]!r} in something that is no context")
    return {**value, path[0]: replaced(value.get(path[0], {}), path[1:], new)}


def _no_clock() -> datetime:
    raise ExpressionError("a machine has no clock: use delays, or send the time along with the event")


def _no_random() -> float:
    raise ExpressionError("a machine draws no random numbers: send one along with the event")
