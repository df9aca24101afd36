"""Texts of a process become functions; the languages are in `language.py`, loaded with the first expression.

A compiled expression is a function of the variables in sight.  A missing variable, or a comparison without a meaning,
is an error with its place, which becomes an incident at the element, and no silent null.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mainspring.models.process.document import TEXT, Code
from mainspring.models.process.expression import Evaluate, NoValueError


def compile_code(code: Code) -> Evaluate:
    """Raises `CodeInvalidError` with the place in the text."""
    if code.language == TEXT:
        text = code.text
        return lambda _: text
    evaluate: Evaluate = import_module("mainspring.models.process.language").compile_expression(code)
    return evaluate


def compile_condition(code: Code) -> Evaluate:
    """The same for what must be true or false."""
    evaluate = compile_code(code)

    def holds(scope: Any) -> bool:
        value = evaluate(scope)
        if value is True or value is False:
            return value
        raise NoValueError(f"{code.text:.200}: the condition gives {value!r:.80}, neither true nor false")

    return holds
