"""Data with types: what a name may hold, in words of FEEL, and how a text from JSON becomes such a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from inspect import get_annotations
from types import UnionType
from typing import Any, Union, get_args, get_origin

from msgspec import json

from mainspring.errors import Problem
from mainspring.models.machine.document import Datum, Value
from mainspring.models.machine.expression import ActionError, Evaluate

READERS: Mapping[str, str] = {
    "date": "date",
    "time": "time",
    "date and time": "date and time",
    "days and time duration": "duration",
    "years and months duration": "duration",
}
"""Types that JSON has no form for, and the function that reads them from a text."""

OF_PYTHON: Mapping[Any, str] = {
    int: "number",
    float: "number",
    Decimal: "number",
    str: "string",
    bool: "boolean",
    date: "date",
    time: "time",
    datetime: "date and time",
    timedelta: "days and time duration",
    list: "list<Any>",
    tuple: "list<Any>",
    dict: "context",
}


_encode = json.Encoder(decimal_format="number").encode


@dataclass(frozen=True, slots=True)
class DataType:
    """One type, compiled."""

    text: str
    _test: Evaluate
    _read: Evaluate | None

    @staticmethod
    def of(text: str) -> DataType:
        """The type of a text such as `number` or `list<string>`; raises `ActionError`."""
        language: Any = import_module("mainspring.models.machine.language")
        reader = READERS.get(" ".join(text.split()))

        def compiled(expression: str) -> Evaluate:
            made: Evaluate = language.evaluator(language.compile_expression(expression))
            return made

        return DataType(
            text, compiled(f"value instance of {text}"), None if reader is None else compiled(f"{reader}(value)")
        )

    def value_of(self, name: str, value: Any) -> Any:
        """The value as one of this type, or null; raises `ActionError`."""
        if value is None:
            return None
        if self._read is not None and isinstance(value, str):
            try:
                return self._read({"value": value})
            except ActionError as error:
                raise ActionError(f"{name} is a {self.text}: {error}") from None
        if self._test({"value": value}) is not True:
            raise ActionError(f"{name} is a {self.text}, and cannot be {value!r:.60}")
        return value


def data_of(owner: Any, base: type, others: tuple[type, ...], problems: list[Problem]) -> Iterator[Datum]:
    """The data that a class of machines describes: its annotated names, and those of `values`; `others` are no data."""
    first, types = dict(owner.values), dict[str, str]()
    for each in reversed([kind for kind in owner.__mro__ if issubclass(kind, base) and kind is not base]):
        for name, annotation in _annotations(each, problems).items():
            value = vars(each).get(name)
            if not isinstance(value, others) and name not in vars(base):
                first.setdefault(name, value)
                types[name] = type_of_annotation(annotation)
    for name, value in first.items():
        yield Datum(name, Value(constant=json.decode(_encode(value))), types.get(name, ""))


def _annotations(owner: type, problems: list[Problem]) -> dict[str, Any]:
    try:
        return get_annotations(owner, eval_str=True)
    except NameError as error:
        problems.append(Problem(f"an annotation cannot be read: {error}; name types of the module", owner.__name__))
        return {}


def type_of_annotation(annotation: Any) -> str:
    """The type that an annotation of a class stands for; empty: anything."""
    if isinstance(annotation, UnionType) or get_origin(annotation) is Union:
        kinds = [each for each in get_args(annotation) if each is not type(None)]
        return type_of_annotation(kinds[0]) if len(kinds) == 1 else ""
    return OF_PYTHON.get(get_origin(annotation) or annotation, "")
