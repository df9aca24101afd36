"""What the calls of a builder are made of: texts as expressions, events and loops by their options."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.process.document import (
    CONDITIONAL,
    ERROR,
    ESCALATION,
    FEEL,
    JUEL,
    MESSAGE,
    SIGNAL,
    TEXT,
    TIMER,
    Code,
    EventDefinition,
    MultiInstance,
    StandardLoop,
)

Duration = str | float | timedelta


def code(text: str) -> Code:
    """An expression: FEEL, or `${…}`."""
    text = text.strip()
    if text.startswith(("${", "#{")):
        return Code(text, JUEL)
    return Code(text.removeprefix("=").strip(), FEEL)


def value(text: str | Iterable[str] | None) -> Code | None:
    """A constant, unless it is marked as an expression by `=` or `${…}`."""
    if text is None:
        return None
    if not isinstance(text, str):
        return Code(",".join(text), TEXT)
    return code(text) if text.startswith(("=", "${", "#{")) else Code(text, TEXT)


def event(
    *,
    message: str = "",
    key: str | None = None,
    signal: str = "",
    after: Duration | None = None,
    at: str = "",
    every: str = "",
    condition: str = "",
    error: str | None = None,
    escalation: str | None = None,
) -> EventDefinition:
    """One event definition of the kind that is named; raises `DefinitionInvalidError` for none."""
    if message:
        return EventDefinition(MESSAGE, name=message, correlation=None if key is None else code(key))
    if signal:
        return EventDefinition(SIGNAL, name=signal)
    if after is not None:
        return EventDefinition(TIMER, timer="duration", code=_duration(after))
    if at or every:
        return EventDefinition(TIMER, timer="date" if at else "cycle", code=value(at or every))
    if condition:
        return EventDefinition(CONDITIONAL, code=code(condition))
    if error is not None:
        return EventDefinition(ERROR, name=error)
    if escalation is not None:
        return EventDefinition(ESCALATION, name=escalation)
    kinds = "message, signal, after, at, every, condition, error, escalation"
    raise DefinitionInvalidError("process", [Problem(f"an event needs one of {kinds}")])


def _duration(after: Duration) -> Code | None:
    """ISO 8601, seconds, or a `timedelta`."""
    if isinstance(after, timedelta):
        after = after.total_seconds()
    return value(after) if isinstance(after, str) else Code(f"PT{after:.6f}".rstrip("0").rstrip(".") + "S", TEXT)


def loop_of(options: dict[str, Any]) -> StandardLoop | MultiInstance | None:
    """`each` item of a list, or so many `times`; or `repeat_while` a condition holds."""
    each, times, again = (options.pop(name, None) for name in ("each", "times", "repeat_while"))
    item, collect, gives = (options.pop(name, "") for name in ("item", "collect", "gives"))
    sequential, until = options.pop("sequential", False), options.pop("until", None)
    if again is not None:
        return StandardLoop(code(again), test_before=bool(options.pop("test_before", False)))
    if each is None and times is None:
        return None
    return MultiInstance(
        sequential=sequential,
        cardinality=None if times is None else code(str(times)),
        collection=None if each is None else code(each),
        item=item,
        output_collection=collect,
        output_item=code(gives) if gives else None,
        completion=None if until is None else code(until),
    )
