"""The built-in functions of DMN 1.5, section 10.3.4, by family; a function's forms are read when it is first used."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module

from mainspring.models.expression.functions import Native, Signature

FAMILIES = {
    "mainspring.models.expression.builtins.conversion": (
        *("date", "date and time", "time", "number", "string", "duration", "years and months duration", "range"),
    ),
    "mainspring.models.expression.builtins.numeric": (
        *("not", "decimal", "floor", "ceiling", "round up", "round down", "round half up", "round half down"),
        *("abs", "modulo", "sqrt", "log", "exp", "odd", "even", "random number"),
    ),
    "mainspring.models.expression.builtins.strings": (
        *("substring", "string length", "upper case", "lower case", "substring before", "substring after"),
        *("contains", "starts with", "ends with", "matches", "replace", "split", "string join"),
    ),
    "mainspring.models.expression.builtins.lists": (
        *("list contains", "sublist", "append", "concatenate", "insert before", "remove", "reverse", "index of"),
        *("union", "distinct values", "flatten", "list replace", "sort"),
    ),
    "mainspring.models.expression.builtins.aggregates": (
        *("count", "min", "max", "sum", "product", "mean", "median", "stddev", "mode", "all", "any"),
    ),
    "mainspring.models.expression.builtins.contexts": (
        *("get value", "get entries", "context", "context put", "context merge"),
    ),
    "mainspring.models.expression.builtins.calendar": (
        *("now", "today", "is", "day of year", "day of week", "month of year", "week of year"),
    ),
    "mainspring.models.expression.builtins.intervals": (
        *("before", "after", "meets", "met by", "overlaps", "overlaps before", "overlaps after", "finishes"),
        *("finished by", "includes", "during", "starts", "started by", "coincides"),
    ),
}
"""Which family has which functions. A family is loaded when one of them is first used: a guard that calls nothing
need not wait for a fourth of this package, the regular expressions among it."""
_HOMES = {name: family for family, names in FAMILIES.items() for name in names}


@lru_cache(maxsize=1024)  # names come from texts, so there is no end to those that are asked for
def find_builtin(name: str) -> Native | None:
    """The built-in function of this name."""
    home = _HOMES.get(name)
    if home is None:
        return None
    forms = import_module(home).FUNCTIONS[name]
    return Native(name, tuple(Signature(text, work, needs_run=run) for text, work, run in forms))


def builtin_names() -> list[str]:
    """The names of all built-in functions, sorted."""
    return sorted(_HOMES)
