"""Context functions (section 10.3.4.9)."""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import Budget
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.values import describe_kind, show

Context = dict[str, object]


def get_value(context: Context, key: str) -> object:
    """The entry of a key."""
    if key not in context:
        raise Fault(f"the context has no entry {show(key)}")
    return adopt(context[key])


def get_value_at(context: Context, keys: list[object]) -> object:
    """The entry at the end of a path of keys."""
    value: object = context
    for key in _path(keys):
        if not isinstance(value, dict):
            raise Fault(f"{describe_kind(value)} has no entry {show(key)}")
        value = get_value(value, key)
    return value


def get_entries(run: Run, context: Context) -> list[object]:
    """The entries, each as a context of its key and value."""
    run.spend(len(context))
    return [{"key": key, "value": value} for key, value in context.items()]


def of_entries(entries: list[object]) -> Context:
    """A context from such a list; no key may come twice."""
    context: Context = {}
    for entry in map(adopt, entries):
        if not isinstance(entry, dict) or not {"key", "value"} <= entry.keys():
            raise Fault("an entry must be a context with a key and a value")
        key = adopt(entry["key"])
        if not isinstance(key, str):
            raise Fault(f"a key must be a string, not {describe_kind(key)}")
        if key in context:
            raise Fault(f"the key {show(key)} comes twice")
        context[key] = entry["value"]
    return context


def put(run: Run, context: Context, key: str, value: object) -> Context:
    """The context with another value for one key."""
    run.spend(len(context))
    return {**context, key: value}


def put_at(run: Run, context: Context, keys: list[object], value: object) -> Context:
    """The context with another value at the end of a path of keys."""
    path = _path(keys)
    inner = context
    for key in path[:-1]:
        entry = adopt(inner.get(key))
        if not isinstance(entry, dict):
            raise Fault(f"there is no context at {show(key)}")
        inner = entry
    return _rebuilt(context, path, value, run)


def _rebuilt(context: Context, path: list[str], value: object, budget: Budget) -> Context:
    budget.spend(len(context))
    if len(path) == 1:
        return {**context, path[0]: value}
    inner = adopt(context[path[0]])
    assert isinstance(inner, dict)
    return {**context, path[0]: _rebuilt(inner, path[1:], value, budget)}


def _path(keys: list[object]) -> list[str]:
    path = [key for key in map(adopt, keys) if isinstance(key, str)]
    if not path or len(path) < len(keys):
        raise Fault("the keys must be a list of one or more strings")
    return path


def merge(run: Run, contexts: list[object]) -> Context:
    """All entries of all contexts; a later one replaces an earlier one."""
    merged: Context = {}
    for context in map(adopt, contexts):
        if not isinstance(context, dict):
            raise Fault(f"only contexts can be merged, not {describe_kind(context)}")
        run.spend(len(context))
        merged.update(context)
    return merged


FUNCTIONS: Table = {
    "get value": (("m: context, key: string", get_value, False), ("m: context, keys: list", get_value_at, False)),
    "get entries": (("m: context", get_entries, True),),
    "context": (("entries: list", of_entries, False),),
    "context put": (
        ("context: context, key: string, value: any", put, True),
        ("context: context, keys: list, value: any", put_at, True),
    ),
    "context merge": (("contexts: list", merge, True),),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from mainspring.models.expression.functions import Table
