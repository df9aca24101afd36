"""Functions that make one value of a list (section 10.3.4.4); each also takes its elements as arguments."""

from __future__ import annotations

from mainspring.models.expression import decimals
from mainspring.models.expression.decimals import Number
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.standard import adopt, adopt_all
from mainspring.models.expression.values import describe_kind, kind_of, order

WHOLE_ONLY = {int}


def of_arguments(work: Work) -> Work:
    """The same function of its arguments instead of a list of them."""
    return lambda *items: work(list(items))


def minimum(items: list[object]) -> object:
    """The least element."""
    return _extreme(items, -1)


def maximum(items: list[object]) -> object:
    """The greatest element."""
    return _extreme(items, 1)


def _extreme(items: list[object], sign: int) -> object:
    if not items:
        raise Fault("the list is empty")
    if WHOLE_ONLY.issuperset(map(type, items)):
        return max(items) if sign > 0 else min(items)  # type: ignore[type-var]
    best = adopt(items[0])
    for item in map(adopt, items):
        if order(item, best) == sign:
            best = item
    return best


def total(items: list[object]) -> Number:
    """The sum of numbers."""
    numbers = _numbers(items)
    if WHOLE_ONLY.issuperset(map(type, numbers)):
        return decimals.fit(sum(numbers))
    result: Number = 0
    for number in numbers:
        result = decimals.add(result, number)
    return result


def _numbers(items: list[object]) -> list[Number]:
    if not items:
        raise Fault("the list is empty")
    if WHOLE_ONLY.issuperset(map(type, items)):
        return items  # type: ignore[return-value]
    numbers = adopt_all(items)
    for number in numbers:
        if kind_of(number) != "number":
            raise Fault(f"the list holds {describe_kind(number)} where a number is needed")
    return numbers  # type: ignore[return-value]


def product(items: list[object]) -> Number:
    """The product of numbers."""
    result: Number = 1
    for number in _numbers(items):
        result = decimals.multiply(result, number)
    return result


def mean(items: list[object]) -> Number:
    """The arithmetic mean."""
    return decimals.divide(total(items), len(items))


def median(items: list[object]) -> Number:
    """The middle of the sorted numbers, or the mean of the two in the middle."""
    numbers = sorted(_numbers(items))
    middle = len(numbers) // 2
    if len(numbers) % 2:
        return numbers[middle]
    return decimals.divide(decimals.add(numbers[middle - 1], numbers[middle]), 2)


def standard_deviation(items: list[object]) -> Number:
    """The standard deviation of a sample."""
    numbers = _numbers(items)
    if len(numbers) < 2:
        raise Fault("a standard deviation needs two numbers or more")
    middle = mean(items)
    squares: Number = 0
    for number in numbers:
        distance = decimals.subtract(number, middle)
        squares = decimals.add(squares, decimals.multiply(distance, distance))
    return decimals.square_root(decimals.divide(squares, len(numbers) - 1))


def mode(items: list[object]) -> list[Number]:
    """The most frequent numbers, sorted."""
    if not items:
        return []
    counts: dict[Number, int] = {}
    for number in _numbers(items):
        counts[number] = counts.get(number, 0) + 1
    most = max(counts.values())
    return sorted(number for number, count in counts.items() if count == most)


def every(items: list[object]) -> bool | None:
    """False when one element is false, else null when one is null, else true."""
    return _decided(items, decisive=False)


def some(items: list[object]) -> bool | None:
    """True when one element is true, else null when one is null, else false."""
    return _decided(items, decisive=True)


def _decided(items: list[object], *, decisive: bool) -> bool | None:
    values = adopt_all(items)
    if decisive in [value for value in values if type(value) is bool]:
        return decisive
    for value in values:
        if value is not None and type(value) is not bool:
            raise Fault(f"the list holds {describe_kind(value)} where true or false is needed")
    return None if None in values else not decisive


def _of_both(work: Work, element: str) -> Forms:
    """A list as the only argument, or two and more elements."""
    return (("list: list", work, False), (f"{element}, {element}...", of_arguments(work), False))


FUNCTIONS: Table = {
    "count": (("list: list", len, False),),
    "min": _of_both(minimum, "c: scalar"),
    "max": _of_both(maximum, "c: scalar"),
    "sum": _of_both(total, "n: number"),
    "product": _of_both(product, "n: number"),
    "mean": _of_both(mean, "n: number"),
    "median": _of_both(median, "n: number"),
    "stddev": _of_both(standard_deviation, "n: number"),
    "mode": _of_both(mode, "n: number"),
    "all": _of_both(every, "b: any"),
    "any": _of_both(some, "b: any"),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mainspring.models.expression.functions import Forms, Table

    Work = Callable[..., Any]
