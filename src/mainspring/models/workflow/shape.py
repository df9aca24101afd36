"""What a declared type says of the JSON that it describes: which parts there can be, and whether it is a list.

Only what is certain counts: a type that nothing is known of may have any part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from types import NoneType, UnionType
from typing import Annotated, Any, ForwardRef, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

import msgspec

LISTS = (list, tuple, set, frozenset, Sequence, Set, Iterable)
OBJECTS = (dict, Mapping)
SCALARS: dict[Any, str] = {str: "a string", int: "a number", float: "a number", bool: "true or false", NoneType: "null"}


class ShapeError(Exception):
    """A part that cannot exist; the message says why."""


def part(type: Any, path: Sequence[str | int]) -> Any:  # noqa: A002 - what a user calls it
    """The type of what lies at `path` in a value of `type`; raises `ShapeError`."""
    reached = type
    for step in path:
        reached = _part(reached, step)
    return reached


def _part(type: Any, step: str | int) -> Any:  # noqa: A002
    type = _plain(type)  # noqa: A001
    if get_origin(type) in (Union, UnionType):
        return _part_of_union(get_args(type), step)
    if type in SCALARS:
        raise ShapeError(f"{text(type)} has no parts")
    origin = get_origin(type) or type
    if origin in LISTS:
        if isinstance(step, str):
            raise ShapeError(f"{text(type)} is a list and has no field {step!r}")
        return _element(type)
    if origin in OBJECTS:
        return get_args(type)[1] if len(get_args(type)) == 2 and isinstance(step, str) else _no_position(type, step)
    fields = _fields(origin)
    if fields is None:
        return Any
    if isinstance(step, int):
        return _no_position(type, step)
    if step not in fields:
        raise ShapeError(f"{text(type)} has no field {step!r}; it has {', '.join(fields)}")
    return fields[step]


def _part_of_union(types: Iterable[Any], step: str | int) -> Any:
    """Of whichever members have it; null, which every optional value may be, reads null inside."""
    found, problems = [], []
    for one in types:
        if one is NoneType:
            continue
        try:
            found.append(_part(one, step))
        except ShapeError as error:
            problems.append(str(error))
    if problems and not found:
        raise ShapeError("; ".join(problems))
    return found[0] if len(found) == 1 else Any


def _no_position(type: Any, step: str | int) -> Any:  # noqa: A002
    if isinstance(step, int):
        raise ShapeError(f"{text(type)} is an object and has no position [{step}]")
    return Any


def _element(type: Any) -> Any:  # noqa: A002
    parts = get_args(type)
    if get_origin(type) is tuple and not (len(parts) == 2 and parts[1] is Ellipsis):
        return Any
    return parts[0] if parts else Any


def not_a_list(type: Any) -> str:  # noqa: A002
    """Why a value of `type` can be no list; empty if it can be one."""
    type = _plain(type)  # noqa: A001
    if get_origin(type) in (Union, UnionType):
        reasons = [not_a_list(one) for one in get_args(type)]
        return "; ".join(reasons) if all(reasons) else ""
    origin = get_origin(type) or type
    if origin in SCALARS or origin in OBJECTS or (_fields(origin) is not None and not _is_named_tuple(origin)):
        return f"{text(type)} is no list"
    return ""


def _plain(type: Any) -> Any:  # noqa: A002
    """Without annotations; what is unknown is `Any`."""
    if get_origin(type) is Annotated:
        return _plain(get_args(type)[0])
    if type is None:
        return NoneType
    return Any if type is object or isinstance(type, TypeVar | str | ForwardRef) else type


def _fields(kind: Any) -> dict[str, Any] | None:
    """Fields of a record as JSON names them, with their types; None for what is no record, or is not known to be."""
    read: Callable[[Any], dict[str, Any]]
    if _is_named_tuple(kind):
        return None
    if dataclasses.is_dataclass(kind):
        read = _dataclass_fields
    elif isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        read = _struct_fields
    elif is_typeddict(kind):
        read = get_type_hints
    else:
        return None
    try:
        return read(kind)
    except (NameError, TypeError, AttributeError):
        return None  # annotations that only a type checker can resolve


def _dataclass_fields(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints.get(field.name, Any) for field in dataclasses.fields(kind)}


def _struct_fields(kind: Any) -> dict[str, Any]:
    if kind.__struct_config__.array_like:
        raise TypeError("its JSON is a list")
    return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}


def _is_named_tuple(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def text(type: Any) -> str:  # noqa: A002
    """A type as messages name it."""
    if type is NoneType:
        return "None"
    return type.__name__ if isinstance(type, _CLASS) and not get_args(type) else str(type).replace("typing.", "")


_CLASS = type
