"""Rows as PostgreSQL takes them quickest in one statement: one array literal for each column.

The driver's own lists cost six times as much as text, and give every width of integers a statement of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

NUMBERS, TEXTS = "n", "t"
"""Kinds of columns."""


def columns(rows: Sequence[Sequence[Any]], kinds: str) -> list[str]:
    """The parameters of a statement that takes each column as an array."""
    return [
        (numbers if kind == NUMBERS else texts)(column)
        for kind, column in zip(kinds, zip(*rows, strict=True), strict=True)
    ]


def numbers(values: Iterable[float | None]) -> str:
    """An array of integers or of floats."""
    column = tuple(values)
    if _is_all_one(column):
        return _repeated("NULL" if column[0] is None else repr(column[0]), column)
    return f"{{{repr(column)[1:-1].replace('None', 'NULL')}}}"  # one call writes them all


def texts(values: Iterable[str | None]) -> str:
    """An array of texts."""
    column = tuple(values)
    if _is_all_one(column):
        return _repeated(_quoted(column[0]), column)
    return f"{{{','.join([_quoted(value) for value in column])}}}"


def _is_all_one(column: tuple[Any, ...]) -> bool:
    """Many columns are: the time of the turn, a status, a kind, what is not given."""
    return bool(column) and column.count(column[0]) == len(column)


def _repeated(written: str, column: tuple[Any, ...]) -> str:
    return f"{{{','.join([written] * len(column))}}}"


def _quoted(value: str | None) -> str:
    if value is None:
        return "NULL"
    if "\\" in value:
        value = value.replace("\\", "\\\\")
    if '"' in value:
        value = value.replace('"', '\\"')
    return f'"{value}"'
