"""A slow and plain interpreter: what a tree means, said a second time and in another way.

It walks the tree with a dictionary of names, makes every number a Decimal and every error a null. It
shares nothing with the compiler but the tree.
"""

from __future__ import annotations

from decimal import Context, Decimal, DecimalException

from mainspring.models.expression import tree

EXACT = Context(prec=34, Emin=-6143, Emax=6144)
MISSING = object()


class Null(Exception):
    """The operation has no value."""


def interpret(node, names):
    """The value of a tree; a wrong operation is null."""
    try:
        return MEANINGS[type(node)](node, names)
    except (Null, DecimalException):
        return None


def kind(value):
    if value is None or isinstance(value, bool | str | list | dict):
        return type(value).__name__
    return "number" if isinstance(value, Decimal) else "function"


def number(value):
    """A value of Python as this interpreter has it: all numbers decimal."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return value
    return EXACT.create_decimal(repr(value) if isinstance(value, float) else value)


def deep(value):
    if isinstance(value, list):
        return [deep(each) for each in value]
    if isinstance(value, dict):
        return {key: deep(each) for key, each in value.items()}
    return number(value)


def name(node, names):
    if node.name not in names:
        raise Null
    return deep(names[node.name])


def binary(node, names):
    left, right = interpret(node.left, names), interpret(node.right, names)
    if node.operator in ("=", "!="):
        return same(left, right) is (node.operator == "=")
    if kind(left) != kind(right) or kind(left) not in ("number", "str"):
        raise Null
    if node.operator in ("<", "<=", ">", ">="):
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[node.operator]
    if kind(left) == "str":
        if node.operator != "+":
            raise Null
        return left + right
    return calculate(node.operator, left, right)


def calculate(operator, left, right):
    if operator == "/" and right == 0:
        raise Null
    work = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply, "/": EXACT.divide, "**": EXACT.power}
    result = work[operator](left, right)
    if not result.is_finite():
        raise Null
    return result


def same(left, right):
    if left is None or right is None:
        return left is right
    if kind(left) != kind(right):
        raise Null
    return like(left, right)


def like(left, right):
    """Equality inside of lists and contexts, where different kinds are just different."""
    if kind(left) != kind(right):
        return False
    if isinstance(left, list):
        return len(left) == len(right) and all(map(like, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(like(left[key], right[key]) for key in left)
    return left is right if kind(left) == "function" else left == right


def logic(node, names):
    decisive = node.operator == "or"
    unknown = False
    for operand in node.operands:
        value = interpret(operand, names)
        if value is decisive:
            return decisive
        unknown = unknown or value is not (not decisive)
    return None if unknown else not decisive


def negate(node, names):
    value = interpret(node.operand, names)
    if kind(value) != "number":
        raise Null
    return EXACT.minus(value)


def between(node, names):
    value, low, high = (interpret(each, names) for each in (node.value, node.low, node.high))
    if kind(value) not in ("number", "str") or kind(low) != kind(value):
        raise Null
    if value < low:
        return False
    if kind(high) != kind(value):
        raise Null
    return value <= high


def choice(node, names):
    return interpret(node.then if interpret(node.condition, names) is True else node.otherwise, names)


def items(node, names):
    return [interpret(each, names) for each in node.items]


def filtered(node, names):
    source = interpret(node.source, names)
    if source is None:
        raise Null
    source = source if isinstance(source, list) else [source]
    if is_number(node.condition):
        return at(source, interpret(node.condition, names))
    kept = []
    for place, each in enumerate(source):
        inner = {**names, "item": each, **(each if isinstance(each, dict) else {})}
        found = interpret(node.condition, inner)
        if found is True:
            kept.append(each)
        elif found is not False and found is not None:
            if place == 0 and kind(found) == "number":
                return at(source, found)
            raise Null
    return kept


def is_number(node):
    if isinstance(node, tree.Negate):
        return is_number(node.operand)
    return isinstance(node, tree.Literal) and type(node.value) is int


def at(source, position):
    if abs(position) >= 10**34:
        raise Null
    place = int(position)
    if place == 0 or abs(place) > len(source):
        raise Null
    return source[place - 1 if place > 0 else place]


def path(node, names):
    source = interpret(node.source, names)
    if isinstance(source, list):
        return [each.get(node.name) if isinstance(each, dict) else None for each in source]
    if not isinstance(source, dict) or node.name not in source:
        raise Null
    return source[node.name]


def combinations(iterators, names):
    """The names of each pass of nested loops; an iterator that has no elements at all is an error of the whole."""
    if not iterators:
        yield names
        return
    first = iterators[0]
    for value in elements(first, names):
        yield from combinations(iterators[1:], {**names, first.name: value})


def elements(iterator, names):
    source = interpret(iterator.source, names)
    if iterator.end is None:
        if source is None:
            raise Null
        return source if isinstance(source, list) else [source]
    end = interpret(iterator.end, names)
    if not all(kind(each) == "number" and whole(each) for each in (source, end)):
        raise Null
    step = 1 if source <= end else -1
    return [Decimal(each) for each in range(int(source), int(end) + step, step)]


def whole(value):
    return abs(value) < 10**34 and value == int(value)


def loop(node, names):
    results: list = []
    for inner in combinations(node.iterators, names):
        results.append(interpret(node.body, {**inner, "partial": results}))
    return results


def quantified(node, names):
    decisive = node.quantifier == "some"
    unknown = False
    for inner in combinations(node.iterators, names):
        found = interpret(node.condition, inner)
        if found is decisive:
            return decisive
        unknown = unknown or found is not (not decisive)
    return None if unknown else not decisive


def entries(node, names):
    context: dict = {}
    for entry in node.entries:
        context[entry.key] = interpret(entry.value, {**names, **context})
    return context


def call(node, names):
    argument = interpret(node.arguments[0], names)
    if isinstance(node.function, tree.Lambda):
        return interpret(node.function.body, {**names, node.function.parameters[0].name: argument})
    return FUNCTIONS[node.function.name](argument)


def listed(value):
    if value is None:
        raise Null
    return value if isinstance(value, list) else [value]


def alone(value, wanted):
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if kind(value) != wanted:
        raise Null
    return value


def total(values):
    result = Decimal(0)
    for value in values:
        if kind(value) != "number":
            raise Null
        result = EXACT.add(result, value)
    if not values:
        raise Null
    return result


def least(values):
    if not values or kind(values[0]) not in ("number", "str") or len({kind(each) for each in values}) > 1:
        raise Null
    return min(values)


FUNCTIONS = {
    "sum": lambda value: total(listed(value)),
    "count": lambda value: Decimal(len(listed(value))),
    "not": lambda value: None if value is None else not alone(value, "bool"),
    "abs": lambda value: abs(alone(value, "number")),
    "min": lambda value: least(listed(value)),
    "string length": lambda value: Decimal(len(alone(value, "str"))),
    "reverse": lambda value: listed(value)[::-1],
}

MEANINGS = {
    tree.Literal: lambda node, _: number(node.value),
    tree.Name: name,
    tree.Binary: binary,
    tree.Logic: logic,
    tree.Negate: negate,
    tree.Between: between,
    tree.If: choice,
    tree.Items: items,
    tree.Filter: filtered,
    tree.Path: path,
    tree.For: loop,
    tree.Quantified: quantified,
    tree.Entries: entries,
    tree.Call: call,
}
