"""What the methods of Java that older BPMN files call are in FEEL.

Each is a function of the place, the value that the method is called on, and its arguments.
"""

from __future__ import annotations

from collections.abc import Callable

from mainspring.models.expression import tree

Method = Callable[[int, tree.Node, list[tree.Node]], tree.Node]


def is_empty(at: int, value: tree.Node) -> tree.Node:
    """Whether a value is null or has nothing in it."""
    nothing = tree.Items(at, (tree.Literal(at, None), tree.Literal(at, ""), tree.Items(at, ()), tree.Entries(at, ())))
    return tree.In(at, value, (nothing,))


def _call(at: int, function: str, *arguments: tree.Node) -> tree.Node:
    return tree.Call(at, tree.Name(at, function), arguments, ())


def _function(name: str) -> Method:
    """A method that is a function of FEEL with the value as its first argument."""
    return lambda at, source, arguments: _call(at, name, source, *arguments)


def indexed(at: int, source: tree.Node, arguments: list[tree.Node]) -> tree.Node:
    """A key, or a place counted from 0; a plain name may turn out to be either."""
    inside = arguments[0]
    if isinstance(inside, tree.Literal) and isinstance(inside.value, str):
        return _call(at, "get value", source, inside)
    if isinstance(inside, tree.Literal) and type(inside.value) is int:
        return tree.Filter(at, source, tree.Literal(inside.at, inside.value + 1))
    place = tree.Filter(at, source, tree.Binary(at, "+", inside, tree.Literal(at, 1)))
    if not (isinstance(inside, tree.Name) and isinstance(source, tree.Name)):
        return place  # written out twice, a longer source or index could grow without end
    is_key = tree.InstanceOf(at, inside, tree.TypeName(at, "string"))
    return tree.If(at, is_key, _call(at, "get value", source, inside), place)


def _matches(at: int, source: tree.Node, arguments: list[tree.Node]) -> tree.Node:
    """Java's `matches` wants the whole text to match, that of FEEL a part of it."""
    start, end = tree.Literal(at, "^(?:"), tree.Literal(at, ")$")
    return _call(at, "matches", source, tree.Binary(at, "+", tree.Binary(at, "+", start, arguments[0]), end))


def _equal(at: int, source: tree.Node, arguments: list[tree.Node]) -> tree.Node:
    return tree.Binary(at, "=", source, arguments[0])


def _equal_in_any_case(at: int, source: tree.Node, arguments: list[tree.Node]) -> tree.Node:
    return tree.Binary(at, "=", _call(at, "lower case", source), _call(at, "lower case", arguments[0]))


def _has_key(at: int, source: tree.Node, arguments: list[tree.Node]) -> tree.Node:
    return _call(at, "list contains", tree.Path(at, _call(at, "get entries", source), "key"), arguments[0])


def _trimmed(at: int, source: tree.Node, _: list[tree.Node]) -> tree.Node:
    return _call(at, "replace", source, tree.Literal(at, r"^\s+|\s+$"), tree.Literal(at, ""))


METHODS: dict[str, tuple[int, Method]] = {
    "contains": (1, _function("contains")),
    "containsKey": (1, _has_key),
    "endsWith": (1, _function("ends with")),
    "equals": (1, _equal),
    "equalsIgnoreCase": (1, _equal_in_any_case),
    "get": (1, indexed),
    "isEmpty": (0, lambda at, source, _: is_empty(at, source)),
    "length": (0, _function("string length")),
    "matches": (1, _matches),
    "size": (0, _function("count")),
    "startsWith": (1, _function("starts with")),
    "toLowerCase": (0, _function("lower case")),
    "toUpperCase": (0, _function("upper case")),
    "trim": (0, _trimmed),
}
"""The methods that can be called: how many arguments each has, and what it is in FEEL."""
