"""Names, paths, filters and literals: how an expression gets at its values."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from mainspring.models.expression import tree
from mainspring.models.expression.builtins import find_builtin
from mainspring.models.expression.compiler.operators import not_boolean
from mainspring.models.expression.compiler.scope import ELEMENT, Scope
from mainspring.models.expression.decimals import integer
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.iso import read_temporal
from mainspring.models.expression.properties import property_of
from mainspring.models.expression.ranges import bound, range_of
from mainspring.models.expression.runtime import INPUTS, STOPS, Code, Frame, Plan, report, running
from mainspring.models.expression.standard import PLAIN, adopt, adopt_all
from mainspring.models.expression.values import show

Select = Callable[[Frame, list[object]], object]


def literal(node: tree.Literal, _: Scope) -> Code:
    """A constant."""
    value = node.value
    return lambda _: value


def at_literal(node: tree.At, scope: Scope) -> Code:
    """A temporal constant."""
    try:
        value = read_temporal(node.value)
    except Fault as fault:
        return scope.failing(node.at, fault)
    return lambda _: value


def name(node: tree.Name, scope: Scope) -> Code:
    """A local name, an entry of a filter's element, an input, or else a built-in function."""
    elements, slot = scope.resolve(node.name)
    if slot is None:
        scope.names[node.name] = None
        if not elements and find_builtin(node.name) is None:
            scope.needed.setdefault(node.name, node.at)
        outer = _input(node, scope.plan)
    elif slot in scope.growing:
        outer = _partial(slot, scope.plan)
    else:
        outer = _local(slot)
    return _element_entry(node, elements, outer, scope.plan) if elements else outer


def _local(slot: int) -> Code:
    return lambda frame: frame[slot]


def _partial(slot: int, plan: Plan) -> Code:
    """A copy: the list of a loop's results still grows."""

    def evaluate(frame: Frame) -> object:
        made = frame[slot]
        assert isinstance(made, list)
        running(frame, plan).spend(len(made))
        return made.copy()

    return evaluate


def _input(node: tree.Name, plan: Plan) -> Code:
    key, at, builtin = node.name, node.at, find_builtin(node.name)

    def evaluate(frame: Frame) -> object:
        try:
            value = frame[INPUTS][key]  # type: ignore[index]
        except KeyError:
            if builtin is not None:
                return builtin
            return report(frame, plan, at, Fault(f"there is no '{key}'"))
        if type(value) in PLAIN:
            return value
        try:
            return adopt(value)
        except Fault as fault:
            return report(frame, plan, at, fault)

    return evaluate


def _element_entry(node: tree.Name, elements: tuple[int, ...], outer: Code, plan: Plan) -> Code:
    key, at = node.name, node.at

    def evaluate(frame: Frame) -> object:
        for slot in elements:
            element = frame[slot]
            if type(element) is dict and key in element:
                try:
                    return adopt(element[key])
                except Fault as fault:
                    return report(frame, plan, at, fault)
        return outer(frame)

    return evaluate


def path(node: tree.Path, scope: Scope) -> Code:
    """A property of a value, or of each element of a list."""
    source, key, plan, at = scope.code(node.source), node.name, scope.plan, node.at

    def read(frame: Frame, value: object) -> object:
        try:
            return property_of(adopt(value), key)
        except Fault as fault:
            return report(frame, plan, at, fault)

    def evaluate(frame: Frame) -> object:
        value = source(frame)
        if type(value) is dict and key in value:
            entry = value[key]
            return entry if type(entry) in PLAIN else read(frame, value)
        if type(value) is not list:
            return read(frame, value)
        running(frame, plan).spend(len(value))
        return [read(frame, element) for element in value]

    return evaluate


def filtered(node: tree.Filter, scope: Scope) -> Code:
    """Elements of a list: one by its position, or those that meet a condition (section 10.3.2.6)."""
    source = _source(node.source, scope)
    item = scope.push("item")
    element = scope.push(ELEMENT)  # the inner one of the two: an element's own entry 'item' hides the element
    count = scope.node_count
    condition = scope.code(node.condition)
    scope.pop(2)
    select = _at_position(condition)
    if not _is_number(node.condition):
        select = _where((element, item), condition, scope.plan, select, steps=1 + scope.steps_since(count))
    at, plan = node.at, scope.plan

    def evaluate(frame: Frame) -> object:
        value = source(frame)
        if value is None:
            return report(frame, plan, at, Fault("null cannot be filtered"))
        try:
            return select(frame, value if type(value) is list else [value])
        except STOPS as fault:
            return report(frame, plan, at, fault)

    return evaluate


def _source(node: tree.Node, scope: Scope) -> Code:
    """What is filtered; the results of a loop so far need no copy for that."""
    elements, slot = scope.resolve(node.name) if isinstance(node, tree.Name) else ((), None)
    return _local(slot) if slot is not None and slot in scope.growing and not elements else scope.code(node)


def _is_number(node: tree.Node) -> bool:
    if isinstance(node, tree.Negate):
        return _is_number(node.operand)
    return isinstance(node, tree.Literal) and type(node.value) is int


def _at_position(condition: Code) -> Select:
    """The element at a position; raises Fault when there is none."""
    return lambda frame, items: element_at(items, condition(frame))


def element_at(items: list[object], position: object) -> object:
    """The element at a position, counted from 1 or backwards from -1."""
    place = integer(position, "the position")  # type: ignore[arg-type]
    if place == 0 or abs(place) > len(items):
        raise Fault(f"the list has {len(items)} elements, so none at {show(position)}")
    return adopt(items[place - 1 if place > 0 else place])


def _where(slots: tuple[int, int], condition: Code, plan: Plan, by_position: Select, *, steps: int) -> Select:
    """A condition that turns out to be a number for the first element is a position."""
    element, item = slots

    def evaluate(frame: Frame, items: list[object]) -> object:
        running(frame, plan).spend(steps * len(items))
        items = adopt_all(items)
        kept: list[object] = []
        for place, value in enumerate(items):
            frame[element] = frame[item] = value
            result = condition(frame)
            if result is True:
                kept.append(value)
            elif result is not False and result is not None:
                if place == 0 and _numeric(result):
                    return by_position(frame, items)
                raise not_boolean("a filter", result)
        return kept

    return evaluate


def _numeric(value: object) -> bool:
    return type(value) in (int, Decimal)


def span(node: tree.Span, scope: Scope) -> Code:
    """A range with two ends."""
    start, end, plan, at = scope.code(node.start), scope.code(node.end), scope.plan, node.at

    def evaluate(frame: Frame) -> object:
        first, last = start(frame), end(frame)
        try:
            return range_of(first, last, start_included=node.start_included, end_included=node.end_included)
        except Fault as fault:
            return report(frame, plan, at, fault)

    return evaluate


def bounded(node: tree.Bound, scope: Scope) -> Code:
    """A range with one end."""
    operand, operator = scope.code(node.operand), node.operator
    return lambda frame: bound(operator, operand(frame))


def items(node: tree.Items, scope: Scope) -> Code:
    """A list."""
    codes = tuple(map(scope.code, node.items))
    return lambda frame: [code(frame) for code in codes]


def entries(node: tree.Entries, scope: Scope) -> Code:
    """A context, whose entries see the entries before them; a key must not come twice (section 10.3.2.8)."""
    keys = [entry.key for entry in node.entries]
    if len(set(keys)) < len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        return scope.failing(node.at, Fault(f"the context has two entries '{twice}'"))
    made: list[tuple[str, int, Code]] = []
    for entry in node.entries:
        code = scope.code(entry.value)
        made.append((entry.key, scope.push(entry.key), code))
    scope.pop(len(made))

    def evaluate(frame: Frame) -> object:
        context: dict[str, object] = {}
        for key, slot, code in made:
            context[key] = frame[slot] = code(frame)
        return context

    return evaluate
