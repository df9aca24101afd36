"""The languages of a process's expressions: FEEL, and the `${…}` of Camunda 7; both strict.

Loaded when the first expression is compiled, so that who writes none does not pay for the language.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mainspring.models.expression.errors import ExpressionError
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.program import compile_text
from mainspring.models.expression.runtime import Plan as Setting
from mainspring.models.process.document import Code
from mainspring.models.process.expression import MOMENT, CodeInvalidError, Evaluate, NoValueError

LIMITS = Limits()


def compile_expression(code: Code) -> Evaluate:
    """Raises `CodeInvalidError` with the place in the text."""
    setting = Setting(code.text, strict=True, clock=_now, random=_no_random, limits=LIMITS)
    try:
        expression = compile_text(setting, language=code.language, names=())
    except ExpressionError as error:
        raise CodeInvalidError(f"{code.text!r:.200} is no expression: {error.warning}") from None

    def evaluate(scope: Any) -> Any:
        try:
            return expression(scope)
        except ExpressionError as error:
            raise NoValueError(f"{code.text:.200}: {error.warning}") from None

    return evaluate


def _now() -> datetime:
    return datetime.fromtimestamp(MOMENT.get(), UTC)


def _no_random() -> float:
    raise ExpressionError("a process draws no random numbers: let a task draw one")
