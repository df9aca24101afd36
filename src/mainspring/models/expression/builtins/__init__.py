"""The built-in functions of DMN 1.5, section 10.3.4, by family; a function's forms are read when it is first used."""

from __future__ import annotations

from functools import lru_cache

from mainspring.models.expression.builtins import (
    aggregates,
    calendar,
    contexts,
    conversion,
    intervals,
    lists,
    numeric,
    strings,
)
from mainspring.models.expression.functions import Native, Signature

FAMILIES = (
    *(conversion.FUNCTIONS, numeric.FUNCTIONS, strings.FUNCTIONS, lists.FUNCTIONS),
    *(aggregates.FUNCTIONS, contexts.FUNCTIONS, calendar.FUNCTIONS, intervals.FUNCTIONS),
)
"""Tables of forms by name: a signature, what does the work, and whether that wants the Run as its first argument."""


@lru_cache(maxsize=1024)  # names come from texts, so there is no end to those that are asked for
def find_builtin(name: str) -> Native | None:
    """The built-in function of this name."""
    for family in FAMILIES:
        forms = family.get(name)
        if forms is not None:
            return Native(name, tuple(Signature(text, work, needs_run=run) for text, work, run in forms))
    return None


def builtin_names() -> list[str]:
    """The names of all built-in functions, sorted."""
    return sorted(name for family in FAMILIES for name in family)
