"""Ranges and tests: whether a value is in one, and what they are when read as contexts (section 10.3.2.7)."""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import Budget
from mainspring.models.expression.objects import Range
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.values import describe_kind, equal, kind_of, matches, order, order_key


def range_of(start: object, end: object, *, start_included: bool, end_included: bool) -> Range:
    """A range; raises Fault when its ends are no two values of one ordered kind."""
    for first, second in ((start, end), (end, start)):
        if first is not None and order_key(first) is None:
            raise Fault(f"{describe_kind(first)} cannot be the end of a range")
        if first is not None and second is not None and kind_of(first) != kind_of(second):
            raise Fault(f"a range cannot go from {describe_kind(start)} to {describe_kind(end)}")
    return Range(start, end, start_included=start_included, end_included=end_included)


def bound(operator: str, value: object) -> Range:
    """The range of the values that pass a comparison with one value."""
    if operator[0] == "<":
        return Range(None, value, start_included=False, end_included=operator == "<=", operator=operator)
    if operator[0] == ">":
        return Range(value, None, start_included=operator == ">=", end_included=False, operator=operator)
    return Range(value, value, start_included=True, end_included=True, operator=operator)


def ends_missing(range_: Range) -> bool:
    """Whether an end is null that should not be: a comparison such as `> 5` has one end, any other range two."""
    return (range_.start is None) + (range_.end is None) > bool(range_.operator)


def contains(range_: Range, value: object) -> bool:
    """Whether a range holds a value; raises Fault when they cannot be compared."""
    if range_.operator in ("=", "!="):
        return equal(value, range_.start) is (range_.operator == "=")
    if ends_missing(range_):
        raise Fault("a range from or to null holds nothing that is known")
    if range_.start is not None and order(value, range_.start) < (not range_.start_included):
        return False
    return range_.end is None or order(value, range_.end) <= -(not range_.end_included)


def passes(value: object, test: object, budget: Budget) -> bool:
    """Whether a value passes one test of `in` (table 55); raises Fault when it cannot be told."""
    test = adopt(test)
    if isinstance(test, Range):
        return matches(value, test) if isinstance(value, Range) else contains(test, value)
    if isinstance(test, list):
        budget.spend(len(test))
        return matches(value, test, budget) or any(_passes_element(value, adopt(element), budget) for element in test)
    return equal(value, test, budget)


def _passes_element(value: object, element: object, budget: Budget) -> bool:
    if isinstance(element, Range) and not isinstance(value, Range):
        try:
            return contains(element, value)
        except Fault:
            return False
    return matches(value, element, budget)
