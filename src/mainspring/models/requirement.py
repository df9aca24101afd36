"""Requirements: which labels a worker must offer to run a task, as an expression over them.

    gpu and memory_gb >= 16 and region in ["eu", "us"]

A label that a worker does not have is null, and what is null does not hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mainspring.models.expression.errors import ExpressionError
from mainspring.models.expression.limits import Limits
from mainspring.models.expression.printer import print_tree, quote
from mainspring.models.expression.program import Expression, compile_text
from mainspring.models.expression.runtime import Plan
from mainspring.models.expression.tree import Logic

if TYPE_CHECKING:
    from mainspring.models.expression.tree import Node

LIMITS = Limits(text_max=1_000, steps_max=10_000)
"""Far more than a requirement needs; it is evaluated within a turn."""
CACHED_MAX = 1_000

Label = bool | int | float | str
Labels = Mapping[str, Label]


def problem_of(requires: str) -> str:
    """What is wrong with a requirement; empty: nothing."""
    try:
        _compile(requires, ())
    except ExpressionError as error:
        return str(error)
    return ""


def holds(requires: str, labels: Labels) -> bool:
    """Whether a worker with these labels may run it; one that does not parse holds for nobody."""
    try:
        return _compile(requires, tuple(labels)).evaluate(labels).value is True
    except ExpressionError:
        return False


def lacking(requires: str, labels: Labels) -> list[str]:
    """Which parts of a requirement these labels do not meet, and what there is instead; empty: it holds."""
    try:
        whole = _compile(requires, tuple(labels))
    except ExpressionError as error:
        return [str(error)]
    return [_told(part, labels) for part in _parts(whole.tree) if not holds(print_tree(part), labels)]


def _told(part: Node, labels: Labels) -> str:
    text = print_tree(part)
    names = sorted(_compile(text, tuple(labels)).names)
    has = ", ".join(f"{name} is {_shown(labels[name])}" if name in labels else f"no {name}" for name in names)
    return f"{text} ({has})" if has else text


def _shown(label: Label) -> str:
    match label:
        case bool():
            return "true" if label else "false"
        case str():
            return quote(label)
        case _:
            return f"{label:g}"


def _parts(node: Node) -> Iterable[Node]:
    """What must hold side by side."""
    return node.operands if isinstance(node, Logic) and node.operator == "and" else (node,)


@lru_cache(CACHED_MAX)
def _compile(requires: str, names: tuple[str, ...]) -> Expression:
    plan = Plan(requires, strict=False, clock=None, random=None, limits=LIMITS)
    return compile_text(plan, language="feel", names=names)


def label_value(text: str) -> Any:
    """What a label's text means: true and false, a number, or the text itself."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
