"""List functions that make lists or look into them (section 10.3.4.4); positions count from 1, or back from -1."""

from __future__ import annotations

from decimal import Decimal

from mainspring.models.expression.decimals import Number, integer
from mainspring.models.expression.errors import Fault
from mainspring.models.expression.functions import Defined, invoke
from mainspring.models.expression.limits import Budget
from mainspring.models.expression.objects import Function
from mainspring.models.expression.runtime import Run
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.values import COMPARISON_STEPS, describe_kind, matches, order

HASHED = frozenset((int, Decimal, str))
"""Types whose values are equal exactly when Python finds them so."""


def contains(run: Run, items: list[object], element: object) -> bool:
    """Whether an element of the list equals a value."""
    run.spend(COMPARISON_STEPS * len(items))
    return any(matches(item, element, run) for item in items)


def sublist(items: list[object], position: Number, length: Number | None = None) -> list[object]:
    """So many elements from a position on."""
    start = place_of(items, position)
    count = len(items) - start if length is None else integer(length, "the length")
    if count < 1 or start + count > len(items):
        raise Fault(f"the list does not have {count} elements from {position} on")
    return items[start : start + count]


def place_of(items: list[object], position: Number) -> int:
    """A position as an index of Python."""
    place = integer(position, "the position")
    if place == 0 or abs(place) > len(items):
        raise Fault(f"the list has {len(items)} elements, so none at {place}")
    return place - 1 if place > 0 else len(items) + place


def append(items: list[object], *more: object) -> list[object]:
    """The list with more elements at its end."""
    return [*items, *more]


def concatenate(*lists: list[object]) -> list[object]:
    """The elements of all lists."""
    return [item for items in lists for item in items]


def insert_before(items: list[object], position: Number, item: object) -> list[object]:
    """The list with an element before a position."""
    place = place_of(items, position)
    return [*items[:place], item, *items[place:]]


def remove(items: list[object], position: Number) -> list[object]:
    """The list without the element at a position."""
    place = place_of(items, position)
    return [*items[:place], *items[place + 1 :]]


def replace_at(items: list[object], position: Number, item: object) -> list[object]:
    """The list with another element at a position."""
    place = place_of(items, position)
    return [*items[:place], item, *items[place + 1 :]]


def replace_where(run: Run, items: list[object], match: Function, new: object) -> list[object]:
    """The list with another element wherever a function of the old and the new one is true."""
    return [new if _holds(run, match, adopt(item), new) else item for item in items]


def _holds(run: Run, function: Function, first: object, second: object) -> bool:
    result = invoke(run, function, [first, second])
    if type(result) is not bool:
        raise Fault(f"the function must say true or false, not {describe_kind(result)}")
    return result


def positions(run: Run, items: list[object], match: object) -> list[int]:
    """The positions of the elements that equal a value."""
    run.spend(COMPARISON_STEPS * len(items))
    return [place for place, item in enumerate(items, 1) if matches(item, match, run)]


def distinct(run: Run, items: list[object]) -> list[object]:
    """The elements without those that equal an earlier one."""
    kept: list[object] = []
    plain: set[object] = set()
    others: list[object] = []
    for item in map(adopt, items):
        if type(item) in HASHED:
            if item not in plain:
                plain.add(item)
                kept.append(item)
            continue
        run.spend(COMPARISON_STEPS * len(others))
        if not any(matches(item, other, run) for other in others):
            others.append(item)
            kept.append(item)
    return kept


def union(run: Run, *lists: list[object]) -> list[object]:
    """The distinct elements of all lists."""
    return distinct(run, concatenate(*lists))


def flatten(run: Run, items: list[object]) -> list[object]:
    """The elements of the list and of all lists inside it."""
    flat: list[object] = []
    _flatten(items, flat, run)
    return flat


def _flatten(items: list[object], flat: list[object], budget: Budget) -> None:
    budget.spend(len(items))
    for item in map(adopt, items):
        if isinstance(item, list):
            _flatten(item, flat, budget)
        else:
            flat.append(item)


def sort(run: Run, items: list[object], precedes: Function | None = None) -> list[object]:
    """The elements sorted, by their own order or by a function that tells whether one goes before another."""
    values = list(map(adopt, items))
    if isinstance(precedes, Defined) and len(precedes.slots) != 2:
        raise Fault("the function to sort by must take two arguments")
    goes_first = _natural if precedes is None else lambda left, right: _holds(run, precedes, left, right)
    return _merge_sort(values, goes_first, run)


def _natural(left: object, right: object) -> bool:
    return order(left, right) < 0


def _merge_sort(values: list[object], precedes: Precedes, budget: Budget) -> list[object]:
    """A stable sort that needs no consistent order, as a function from outside may not give one."""
    budget.spend(len(values))
    if len(values) < 2:
        return values
    middle = len(values) // 2
    left, right = (
        _merge_sort(values[:middle], precedes, budget),
        _merge_sort(values[middle:], precedes, budget),
    )
    merged: list[object] = []
    first = second = 0
    while first < len(left) and second < len(right):
        if precedes(right[second], left[first]):
            merged.append(right[second])
            second += 1
        else:
            merged.append(left[first])
            first += 1
    return merged + left[first:] + right[second:]


FUNCTIONS: Table = {
    "list contains": (("list: list, element: any", contains, True),),
    "sublist": (("list: list, start position: number, length?: number", sublist, False),),
    "append": (("list: list, item: any...", append, False),),
    "concatenate": (("list: list...", concatenate, False),),
    "insert before": (("list: list, position: number, newItem: any", insert_before, False),),
    "remove": (("list: list, position: number", remove, False),),
    "reverse": (("list: list", lambda items: items[::-1], False),),
    "index of": (("list: list, match: any", positions, True),),
    "union": (("list: list...", union, True),),
    "distinct values": (("list: list", distinct, True),),
    "flatten": (("list: list", flatten, True),),
    "list replace": (
        ("list: list, position: number, newItem: any", replace_at, False),
        ("list: list, match: function, newItem: any", replace_where, True),
    ),
    "sort": (("list: list, precedes?: function", sort, True),),
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable

    from mainspring.models.expression.functions import Table

    Precedes = Callable[[object, object], bool]
