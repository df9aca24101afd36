"""Values: what kinds there are, when two are equal, and how they are written (DMN 1.5, section 10.3.2).

A value is None, bool, int, Decimal, str, one of `temporal.py`, a Range, a Function, a list of values or a dict with
string keys. What comes from outside is adopted piece by piece when an expression reads it, so that reading one entry of
a large context does not walk all of it; lists and dicts may therefore hold what `standard.py` has yet to adopt.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from mainspring.models.expression.decimals import text_of_number
from mainspring.models.expression.errors import Fault, LimitError
from mainspring.models.expression.iso import text_of_temporal
from mainspring.models.expression.limits import Budget
from mainspring.models.expression.objects import Range
from mainspring.models.expression.printer import quote
from mainspring.models.expression.standard import adopt
from mainspring.models.expression.temporal import (
    Date,
    DateTime,
    DaysDuration,
    MonthsDuration,
    Temporal,
    Time,
)

Orderable = int | Decimal | str
Pairs = Iterable[tuple[str | None, object]]
Scalar = Temporal | bool | int | Decimal | str | None

NoneType = type(None)
COMPARISON_STEPS = 3
"""What comparing two elements of lists or contexts costs; it takes that much longer than a pass of a loop."""
SHOWN_MAX = 40
"""Characters of a value that a message shows."""


KINDS: dict[type, str] = {
    NoneType: "null",
    bool: "boolean",
    int: "number",
    Decimal: "number",
    str: "string",
    list: "list",
    dict: "context",
    Date: "date",
    Time: "time",
    DateTime: "date and time",
    DaysDuration: "days and time duration",
    MonthsDuration: "years and months duration",
    Range: "range",
}


def kind_of(value: object) -> str:
    """The name of a value's kind."""
    return KINDS.get(type(value), "function")


def describe_kind(value: object) -> str:
    """A value's kind with an article, for messages."""
    kind = kind_of(value)
    return kind if kind == "null" else f"a {kind}"


def equal(left: object, right: object, budget: Budget | None = None) -> bool:
    """Whether two values are equal; raises Fault when they are of different kinds (section 10.3.2.4, table 53).

    The budget pays for the elements of lists and contexts; without one, neither value may be such.
    """
    return _equal(left, right, Comparison(budget))


class Comparison:
    """One comparison of two values: what pays for it, and the pairs of lists and contexts that it has begun."""

    __slots__ = ("budget", "pairs")

    def __init__(self, budget: Budget | None) -> None:
        self.budget = budget
        self.pairs: set[tuple[int, int]] = set()

    def begins(self, left: list[object] | dict[str, object], right: object) -> bool:
        """Whether a pair is new: shared parts that are compared once need not take exponential time."""
        pair = (id(left), id(right))
        if pair in self.pairs:
            return False
        self.pairs.add(pair)
        if self.budget is not None:
            self.budget.spend(COMPARISON_STEPS * (1 + len(left)))
        return True


def _equal(left: object, right: object, comparison: Comparison) -> bool:
    if left is right:
        return True
    left, right = adopt(left), adopt(right)
    if left is None or right is None:
        return left is right
    kind = kind_of(left)
    if kind != kind_of(right):
        raise Fault(f"{describe_kind(left)} cannot be compared with {describe_kind(right)}")
    if isinstance(left, list):
        return not comparison.begins(left, right) or _equal_lists(left, right, comparison)
    if isinstance(left, dict):
        return not comparison.begins(left, right) or _equal_contexts(left, right, comparison)
    if isinstance(left, Time | DateTime):
        return _instant(left) == _instant(right, like=left)
    return bool(left == right)


def _equal_lists(left: list[object], right: object, comparison: Comparison) -> bool:
    assert isinstance(right, list)
    if len(left) != len(right):
        return False
    return all(_matches(a, b, comparison) for a, b in zip(left, right, strict=True))


def _equal_contexts(left: dict[str, object], right: object, comparison: Comparison) -> bool:
    assert isinstance(right, dict)
    return left.keys() == right.keys() and all(_matches(left[key], right[key], comparison) for key in left)


def matches(left: object, right: object, budget: Budget | None = None) -> bool:
    """Whether two values are equal; those of different kinds are not."""
    return _matches(left, right, Comparison(budget))


def _matches(left: object, right: object, comparison: Comparison) -> bool:
    try:
        return _equal(left, right, comparison)
    except Fault:
        return False


def _instant(value: object, like: object = None) -> int:
    assert isinstance(value, Time | DateTime)
    if isinstance(like, Time | DateTime) and is_local(value) != is_local(like):
        raise Fault("a local time cannot be compared with one that has an offset")
    return value.instant()


def is_local(value: Time | DateTime) -> bool:
    """Whether a time has neither offset nor zone."""
    return value.is_local if isinstance(value, DateTime) else value.offset is None and value.zone is None


def order_key(value: object) -> Orderable | None:
    """What a value is ordered by among those of its kind, or None where there is no order."""
    match value:
        case bool():
            return None
        case int() | Decimal() | str():
            return value
        case Date():
            return value.number
        case Time() | DateTime():
            return value.instant()
        case DaysDuration():
            return value.nanoseconds
        case MonthsDuration():
            return value.months
        case _:
            return None


def order(left: object, right: object) -> int:
    """-1, 0 or 1 as the left value is less than, equal to or greater than the right one; raises Fault without order."""
    if left is None or right is None or kind_of(left) != kind_of(right):
        raise Fault(f"{describe_kind(left)} cannot be compared with {describe_kind(right)}")
    first, second = order_key(left), order_key(right)
    if first is None or second is None:
        raise Fault(f"a {kind_of(left)} has no order")
    if isinstance(left, Time | DateTime):
        _instant(right, like=left)
    return (first > second) - (first < second)  # type: ignore[operator]


def text_of(value: object, length_max: int = 1_000_000) -> str:
    """Write a value as `string()` does; strings inside lists and contexts are quoted."""
    if type(value) is str:
        return value
    pieces: list[str] = []
    _write(value, pieces, [length_max])
    return "".join(pieces)


def _write(value: object, pieces: list[str], room: list[int]) -> None:
    value = adopt(value)
    match value:
        case list():
            _write_all(((None, item) for item in value), "[]", pieces, room)
        case dict():
            _write_all(value.items(), "{}", pieces, room)
        case Range():
            _write_range(value, pieces, room)
        case _:
            _put(_scalar_text(value), pieces, room)


def _put(text: str, pieces: list[str], room: list[int]) -> None:
    room[0] -= len(text)
    if room[0] < 0:
        raise LimitError("the text of a value is too long")
    pieces.append(text)


def _write_all(items: Pairs, brackets: str, pieces: list[str], room: list[int]) -> None:
    _put(brackets[0], pieces, room)
    for place, (key, item) in enumerate(items):
        if place:
            _put(", ", pieces, room)
        if key is not None:
            _put(f"{key}: ", pieces, room)
        _write(item, pieces, room)
    _put(brackets[1], pieces, room)


def _write_range(value: Range, pieces: list[str], room: list[int]) -> None:
    if value.operator:
        _put(value.operator, pieces, room)
        _write(value.end if value.end is not None else value.start, pieces, room)
        return
    _put("[" if value.start_included else "(", pieces, room)
    _write(value.start, pieces, room)
    _put("..", pieces, room)
    _write(value.end, pieces, room)
    _put("]" if value.end_included else ")", pieces, room)


def _scalar_text(value: object) -> str:
    match value:
        case None | True | False:
            return str(value).lower() if value is not None else "null"
        case int() | Decimal():
            return text_of_number(value)
        case str():
            return quote(value)
        case Date() | Time() | DateTime() | DaysDuration() | MonthsDuration():
            return text_of_temporal(value)
        case _:
            return repr(value)


def show(value: object) -> str:
    """A value as a message shows it: short."""
    try:
        text = quote(value) if isinstance(value, str) else text_of(value, SHOWN_MAX * 4)
    except LimitError:
        return describe_kind(value)
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}…"
