"""Range functions (section 10.3.4.8): how two ranges, or a point and a range, lie to each other.

An end of a range is a position just before, at or just after a value, and a point is the range from itself to
itself. So each of the standard's pages of conditions becomes a comparison of four positions: where the first range
starts and ends (s1, e1), and where the second does (s2, e2).
"""

from __future__ import annotations

from mainspring.models.expression.errors import Fault
from mainspring.models.expression.objects import Range
from mainspring.models.expression.ranges import ends_missing
from mainspring.models.expression.temporal import DateTime, Time
from mainspring.models.expression.values import describe_kind, is_local, kind_of, order_key

BEFORE_ALL, AFTER_ALL = (-1, 0, 0), (1, 0, 0)
"""The positions of ends that are open."""


def _relation(holds: Relation) -> Relation:
    """A function of two ranges or points, from one of four positions."""

    def work(first: object, second: object) -> bool:
        _check_kinds(first, second)
        return holds(_start(first), _end(first), _start(second), _end(second))

    return work


def _check_kinds(first: object, second: object) -> None:
    values = [value for each in (first, second) for value in _values(each)]
    for value in values:
        if order_key(value) is None or kind_of(value) != kind_of(values[0]):
            raise Fault(f"{describe_kind(values[0])} cannot be compared with {describe_kind(value)}")
    clocks = [is_local(value) for value in values if isinstance(value, Time | DateTime)]
    if len(set(clocks)) > 1:
        raise Fault("a local time cannot be compared with one that has an offset")


def _values(value: object) -> list[object]:
    if not isinstance(value, Range):
        return [value]
    if value.operator == "!=" or ends_missing(value):
        raise Fault("this range has no ends to compare")
    return [end for end in (value.start, value.end) if end is not None]


def _start(value: object) -> Position:
    if not isinstance(value, Range):
        return 0, order_key(value), 0
    return BEFORE_ALL if value.start is None else (0, order_key(value.start), 0 if value.start_included else 1)


def _end(value: object) -> Position:
    if not isinstance(value, Range):
        return 0, order_key(value), 0
    return AFTER_ALL if value.end is None else (0, order_key(value.end), 0 if value.end_included else -1)


POINTS, POINT_RANGE, RANGE_POINT, RANGES = (
    "point1: scalar, point2: scalar",
    "point: scalar, range: range",
    "range: range, point: scalar",
    "range1: range, range2: range",
)
RELATIONS: dict[str, tuple[Relation, tuple[str, ...]]] = {
    "before": (lambda _s1, e1, s2, _e2: e1 < s2, (POINTS, POINT_RANGE, RANGE_POINT, RANGES)),
    "after": (lambda s1, _e1, _s2, e2: s1 > e2, (POINTS, POINT_RANGE, RANGE_POINT, RANGES)),
    "meets": (lambda _s1, e1, s2, _e2: e1 == s2, (RANGES,)),
    "met by": (lambda s1, _e1, _s2, e2: s1 == e2, (RANGES,)),
    "overlaps": (lambda s1, e1, s2, e2: e1 >= s2 and s1 <= e2, (RANGES,)),
    "overlaps before": (lambda s1, e1, s2, e2: s1 < s2 <= e1 <= e2, (RANGES,)),
    "overlaps after": (lambda s1, e1, s2, e2: s2 < s1 <= e2 <= e1, (RANGES,)),
    "finishes": (lambda s1, e1, s2, e2: e1 == e2 and s1 >= s2, (POINT_RANGE, RANGES)),
    "finished by": (lambda s1, e1, s2, e2: e1 == e2 and s1 <= s2, (RANGE_POINT, RANGES)),
    "includes": (lambda s1, e1, s2, e2: s1 <= s2 and e2 <= e1, (RANGE_POINT, RANGES)),
    "during": (lambda s1, e1, s2, e2: s2 <= s1 and e1 <= e2, (POINT_RANGE, RANGES)),
    "starts": (lambda s1, e1, s2, e2: s1 == s2 and e1 <= e2, (POINT_RANGE, RANGES)),
    "started by": (lambda s1, e1, s2, e2: s1 == s2 and e1 >= e2, (RANGE_POINT, RANGES)),
    "coincides": (lambda s1, e1, s2, e2: s1 == s2 and e1 == e2, (POINTS, RANGES)),
}

FUNCTIONS: Table = {
    name: tuple((form, _relation(holds), False) for form in forms) for name, (holds, forms) in RELATIONS.items()
}


TYPE_CHECKING = False  # `typing` costs more to import than this whole package
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mainspring.models.expression.functions import Table

    Position = tuple[int, Any, int]
    Relation = Callable[..., bool]
