"""What a loop runs over: the elements of a list or range, or steps from one value to another (section 10.3.2.14)."""

from __future__ import annotations

from decimal import Decimal

from mainspring.models.expression.decimals import whole
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.limits import Budget
from mainspring.models.expression.objects import Range
from mainspring.models.expression.standard import adopt_all
from mainspring.models.expression.temporal import Date
from mainspring.models.expression.values import describe_kind, kind_of, show


def elements(source: object, budget: Budget) -> list[object]:
    """The elements of a list or of a range of whole numbers or dates; anything else is a list of one."""
    if isinstance(source, Range):
        return _elements_of_range(source, budget)
    if source is None:
        raise Fault("null cannot be iterated over")
    items = adopt_all(source) if isinstance(source, list) else [source]
    budget.spend(len(items))
    return items


def _elements_of_range(range_: Range, budget: Budget) -> list[object]:
    start, end = _place(range_.start), _place(range_.end)
    if start > end:
        raise Fault("the range ends before it starts")
    first, last = start + (not range_.start_included), end - (not range_.end_included)
    return _counted(range_.start, first, last, 1, budget)


def steps_between(start: object, end: object, budget: Budget) -> list[object]:
    """The whole numbers or dates from one to another, upwards or downwards."""
    if kind_of(start) != kind_of(end):
        raise Fault(f"a loop cannot go from {describe_kind(start)} to {describe_kind(end)}")
    first, last = _place(start), _place(end)
    return _counted(start, first, last, 1 if first <= last else -1, budget)


def _place(value: object) -> int:
    if isinstance(value, Date):
        return value.number
    number = whole(value) if isinstance(value, Decimal) else value
    if type(number) is int:
        return number
    raise Fault(f"a loop needs whole numbers or dates, not {show(value)}")


def _counted(like: object, first: int, last: int, step: int, budget: Budget) -> list[object]:
    budget.spend(max(0, (last - first) * step + 1))
    places = range(first, last + step, step)
    return [Date.of_number(place) for place in places] if isinstance(like, Date) else list(places)
