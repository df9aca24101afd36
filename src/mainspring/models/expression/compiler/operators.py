"""Arithmetic, comparison and three-valued logic.

Each closure asks first whether it has two whole numbers, which is all that most expressions have. Everything else goes
through the tables of `arithmetic.py` and `values.py`. Comparisons of inputs, which most guards are made of, read them
where they stand, without a call for each.
"""

from __future__ import annotations

import operator as python

from mainspring.models.expression import tree
from mainspring.models.expression.arithmetic import calculate, negate
from mainspring.models.expression.compiler.scope import Scope
from mainspring.models.expression.decimals import WHOLE_MAX
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import SERIES_STEPS
from mainspring.models.expression.runtime import INPUTS, STOPS, Code, Frame, Plan, report, running
from mainspring.models.expression.values import describe_kind, equal, order

WHOLE_MIN = -WHOLE_MAX
WHOLE = {"+": python.add, "-": python.sub, "*": python.mul}
"""What the operators do to whole numbers; the result must still be checked for its size."""
NESTED = frozenset((list, dict, tuple))
"""Types whose values hold others, so that comparing two of them must be paid for."""
ORDERED = {"<": python.lt, "<=": python.le, ">": python.gt, ">=": python.ge}


def binary(node: tree.Binary, scope: Scope) -> Code:
    """An operator with two operands."""
    left, right = scope.code(node.left), scope.code(node.right)
    if node.operator in WHOLE:
        return _arithmetic(node, left, right, scope)
    if node.operator in ORDERED:
        return _ordered_inputs(node, _ordered(node, left, right, scope.plan), scope)
    if node.operator in ("=", "!="):
        return _equality(node, left, right, scope.plan)
    return _other(node, left, right, scope.plan)


def _arithmetic(node: tree.Binary, left: Code, right: Code, scope: Scope) -> Code:
    whole, sign, at, plan = WHOLE[node.operator], node.operator, node.at, scope.plan
    if isinstance(node.right, tree.Literal) and type(node.right.value) is int:
        slot = scope.local(node.left)
        if slot is not None:
            return _arithmetic_in_loop(node, slot, node.right.value, plan)
        return _arithmetic_with(node, left, node.right.value, plan)

    def evaluate(frame: Frame) -> object:
        first, second = left(frame), right(frame)
        if type(first) is int and type(second) is int:
            result = whole(first, second)
            if WHOLE_MIN < result < WHOLE_MAX:
                return result
        return _calculated(frame, plan, at, sign, first, second)

    return evaluate


def _arithmetic_with(node: tree.Binary, left: Code, constant: int, plan: Plan) -> Code:
    """The same with a whole number on the right, which need not be asked for each time."""
    whole, sign, at = WHOLE[node.operator], node.operator, node.at

    def evaluate(frame: Frame) -> object:
        first = left(frame)
        if type(first) is int:
            result = whole(first, constant)
            if WHOLE_MIN < result < WHOLE_MAX:
                return result
        return _calculated(frame, plan, at, sign, first, constant)

    return evaluate


def _arithmetic_in_loop(node: tree.Binary, slot: int, constant: int, plan: Plan) -> Code:
    """The same with a local name on the left, as the bodies of loops have: a third less time for each pass."""
    whole, sign, at = WHOLE[node.operator], node.operator, node.at

    def evaluate(frame: Frame) -> object:
        first = frame[slot]
        if type(first) is int:
            result = whole(first, constant)
            if WHOLE_MIN < result < WHOLE_MAX:
                return result
        return _calculated(frame, plan, at, sign, first, constant)

    return evaluate


def _other(node: tree.Binary, left: Code, right: Code, plan: Plan) -> Code:
    sign, at = node.operator, node.at
    return lambda frame: _calculated(frame, plan, at, sign, left(frame), right(frame))


def _calculated(frame: Frame, plan: Plan, at: int, sign: str, first: object, second: object) -> object:
    try:
        if type(first) is str and type(second) is str and sign == "+":
            running(frame, plan).write(len(first) + len(second))
        if sign == "**" and type(second) is not int:
            running(frame, plan).spend(SERIES_STEPS)
        return calculate(sign, first, second)
    except STOPS as fault:
        return report(frame, plan, at, fault)


def _ordered(node: tree.Binary, left: Code, right: Code, plan: Plan) -> Code:
    compare, at = ORDERED[node.operator], node.at

    def evaluate(frame: Frame) -> object:
        first, second = left(frame), right(frame)
        if type(first) is int and type(second) is int:
            return compare(first, second)
        try:
            return compare(order(first, second), 0)
        except Fault as fault:
            return report(frame, plan, at, fault)

    return evaluate


def _ordered_inputs(node: tree.Binary, general: Code, scope: Scope) -> Code:
    """The same for an input beside another or beside a whole number: twice as fast as with a call for each of them."""
    compare, key, other = ORDERED[node.operator], scope.input_key(node.left), scope.input_key(node.right)
    constant = node.right.value if isinstance(node.right, tree.Literal) else None
    if key is None or (other is None and type(constant) is not int):
        return general
    whole: Any = constant

    def evaluate(frame: Frame) -> object:
        inputs = frame[INPUTS]
        try:
            first, second = inputs[key], inputs[other]  # type: ignore[index]
        except KeyError:
            return general(frame)
        if type(first) is int and type(second) is int:
            return compare(first, second)
        return general(frame)

    def evaluate_with(frame: Frame) -> object:
        try:
            first = frame[INPUTS][key]  # type: ignore[index]
        except KeyError:
            return general(frame)
        return compare(first, whole) if type(first) is int else general(frame)

    return evaluate if other is not None else evaluate_with


def _equality(node: tree.Binary, left: Code, right: Code, plan: Plan) -> Code:
    wanted, at = node.operator == "=", node.at

    def evaluate(frame: Frame) -> object:
        first, second = left(frame), right(frame)
        kind = type(first)
        if kind is type(second) and (kind is str or kind is int):
            return (first == second) is wanted
        try:
            return equal(first, second, running(frame, plan) if kind in NESTED else None) is wanted
        except STOPS as fault:
            return report(frame, plan, at, fault)

    return evaluate


def negation(node: tree.Negate, scope: Scope) -> Code:
    """A minus before an operand."""
    operand, plan, at = scope.code(node.operand), scope.plan, node.at
    if isinstance(node.operand, tree.Literal) and type(node.operand.value) is int:
        constant = -node.operand.value
        return lambda _: constant

    def evaluate(frame: Frame) -> object:
        value = operand(frame)
        try:
            return negate(value)
        except Fault as fault:
            return report(frame, plan, at, fault)

    return evaluate


def between(node: tree.Between, scope: Scope) -> Code:
    """`value between low and high` is `value >= low and value <= high`."""
    value, low, high = scope.code(node.value), scope.code(node.low), scope.code(node.high)
    plan, at = scope.plan, node.at

    def evaluate(frame: Frame) -> object:
        middle, least, most = value(frame), low(frame), high(frame)
        try:
            return order(middle, least) >= 0 and order(middle, most) <= 0
        except Fault as fault:
            return report(frame, plan, at, fault)

    return evaluate


def logic(node: tree.Logic, scope: Scope) -> Code:
    """`and` and `or` (table 50): one decisive operand decides, and anything but a boolean counts as null."""
    plan, at, decisive = scope.plan, node.at, node.operator == "or"
    operands = tuple(map(scope.code, node.operands))
    if len(operands) == 2:
        return _logic_of_two(node, *operands, plan)

    def evaluate(frame: Frame) -> object:
        result: bool | None = not decisive
        for operand in operands:
            value = operand(frame)
            if value is decisive:
                return decisive
            if value is not result:
                result = None
                if value is not None and type(value) is not bool:
                    report(frame, plan, at, not_boolean(node.operator, value))
        return result

    return evaluate


def _logic_of_two(node: tree.Logic, left: Code, right: Code, plan: Plan) -> Code:
    at, decisive, neutral = node.at, node.operator == "or", node.operator == "and"

    def evaluate(frame: Frame) -> object:
        first = left(frame)
        if first is decisive:
            return decisive
        second = right(frame)
        if second is decisive:
            return decisive
        if first is neutral and second is neutral:
            return neutral
        for value in (first, second):
            if value is not None and type(value) is not bool:
                report(frame, plan, at, not_boolean(node.operator, value))
        return None

    return evaluate


def not_boolean(place: str, value: object) -> Fault:
    """The fault of a value that stands where true or false is needed."""
    return Fault(f"'{place}' needs true or false, not {describe_kind(value)}")


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from typing import Any
