"""The language of a machine's expressions: FEEL, strict.

Loaded when the first expression is compiled, so that who writes none does not pay for the language.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mainspring.models.expression.builtins import find_builtin
from mainspring.models.expression.errors import ExpressionError
from mainspring.models.expression.functions import Native, Signature
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.program import Expression, compile_text
from mainspring.models.expression.runtime import Plan as Setting
from mainspring.models.machine.expression import IN, SYSTEM, ActionError, Evaluate, Scope

LIMITS = Limits()


def compile_expression(text: str) -> Expression:
    """The expression of a text; raises `ActionError` with the place in the text."""
    setting = Setting(text, strict=True, clock=_no_clock, random=_no_random, limits=LIMITS)
    try:
        return compile_text(setting, language="feel", names=())
    except ExpressionError as error:
        raise ActionError(str(error.warning)) from None


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


def _no_clock() -> datetime:
    raise ExpressionError("a machine has no clock: use delays, or send the time along with the event")


def _no_random() -> float:
    raise ExpressionError("a machine draws no random numbers: send one along with the event")
