"""The two kinds of value that Python has nothing like: ranges and functions."""

from __future__ import annotations


class Range:
    """A range, or the values that pass a unary test such as `< 10`; then `operator` says which, and one end is None."""

    __slots__ = ("end", "end_included", "operator", "start", "start_included")

    def __init__(
        self, start: object, end: object, *, start_included: bool, end_included: bool, operator: str = ""
    ) -> None:
        self.start, self.end = start, end
        self.start_included, self.end_included = start_included, end_included
        self.operator = operator

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Range) and self._parts() == other._parts()

    def __hash__(self) -> int:
        return hash(self._parts())

    def __repr__(self) -> str:
        ends = f"{'(['[self.start_included]}{self.start!r}..{self.end!r}{')]'[self.end_included]}"
        return f"<Range {self.operator or ends}>"

    def _parts(self) -> tuple[object, ...]:
        return self.start, self.end, self.start_included, self.end_included, self.operator


class Function:
    """A function as a value; `functions.py` has its two kinds."""

    __slots__ = ()
