"""The inputs of a workflow: declared types, checked when an instance starts, and split by name undecoded."""

from __future__ import annotations

import dataclasses
import re
from functools import reduce
from operator import or_
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, is_typeddict

import msgspec
from msgspec import Raw, json

from mainspring.errors import PayloadInvalidError
from mainspring.models.workflow.document import Document

TYPES: dict[str, Any] = {
    "any": Any,
    "str": str,
    "int": int,
    "float": float,
    "bool": bool,
    "list": list,
    "dict": dict,
    "null": None,
}
"""The simple types, by the names that documents use; JSON Schema's names are understood as well."""

SYNONYMS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "array": "list", "object": "dict"}

TYPE_LENGTH_MAX = 200
"""Bounds the recursion of reading a type."""

_CONTAINER = re.compile(r"(list|dict)\[(.*)\]", re.DOTALL)


def parse_type(text: str) -> Any:
    """The Python type that a document's type stands for; raises `ValueError`."""
    text = text.strip()
    if len(text) > TYPE_LENGTH_MAX:
        raise ValueError(f"a type of {len(text)} characters is too long")
    if "|" in text and (parts := _split(text, "|"))[1:]:
        return reduce(or_, (parse_type(part) for part in parts))
    match = _CONTAINER.fullmatch(text)
    if match is None:
        name = SYNONYMS.get(text, text)
        if name not in TYPES:
            raise ValueError(f"unknown type {text!r}; there are {', '.join(TYPES)}, list[…], dict[str, …] and … | …")
        return TYPES[name]
    if match[1] == "list":
        return list[parse_type(match[2])]  # type: ignore[misc]
    parts = _split(match[2], ",")
    if len(parts) != 2 or parts[0].strip() not in ("str", "string"):
        raise ValueError(f"unknown type {text!r}; JSON has only dict[str, …]")
    return dict[str, parse_type(parts[1])]  # type: ignore[misc]


def _split(text: str, separator: str) -> list[str]:
    """Parts between separators that are not inside of brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "[") - (character == "]")
        if character == separator and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


class InputReader:
    """Reads the payload of `Started`."""

    __slots__ = ("_check", "_defaults", "_split", "names", "where")

    def __init__(self, where: str, names: list[str], types: type[msgspec.Struct] | None, defaults: list[Raw | None]):
        self.where = where
        self.names = names
        self._split = json.Decoder(dict[str, Raw]).decode
        self._check = None if types is None else json.Decoder(types).decode
        self._defaults = defaults

    def check(self, payload: bytes | Raw) -> None:
        """Raises `PayloadInvalidError` naming the input at fault."""
        if self._check is None:
            return
        try:
            self._check(payload)
        except (msgspec.MsgspecError, ValueError) as error:
            raise PayloadInvalidError(self.where, str(error)) from None
        except RecursionError:
            raise PayloadInvalidError(self.where, "nested too deeply") from None

    def read(self, payload: bytes | Raw) -> list[Raw | None]:
        """The raw inputs in the order of `names`; the payload must have been checked."""
        if not self.names:
            return []
        given = self._split(payload)
        return [given.get(name, default) for name, default in zip(self.names, self._defaults, strict=True)]


def compile_inputs(document: Document) -> InputReader:
    """A reader of the inputs that a workflow declares."""
    names = list(document.inputs)
    fields: list[Any] = []
    defaults: list[Raw | None] = []
    for number, name in enumerate(names):
        declared = document.input(name)
        field = (f"i{number}", parse_type(declared.type))
        fields.append(field if declared.is_required else (*field, msgspec.field(default=None)))
        defaults.append(None if declared.is_required else Raw(json.encode(declared.default)))
    rename = {f"i{number}": name for number, name in enumerate(names)}
    types = msgspec.defstruct("Inputs", fields, rename=rename, kw_only=True, forbid_unknown_fields=True)
    return InputReader(f"input of workflow {document.workflow!r}", names, types, defaults)


def type_text(type: Any) -> str:  # noqa: A002 - what a user calls it
    """The text for a Python type, as narrow as documents can say it."""
    if isinstance(type, str):
        return type
    if type is None or type is NoneType:
        return "null"
    origin, parts = get_origin(type), get_args(type)
    if origin in (Union, UnionType):
        return " | ".join(type_text(part) for part in parts)
    if origin in (list, tuple, set, frozenset) and len(parts) == 1:
        return f"list[{type_text(parts[0])}]"
    if origin is dict and len(parts) == 2:
        return f"dict[str, {type_text(parts[1])}]"
    for name, simple in TYPES.items():
        if type is simple:
            return name
    is_record = dataclasses.is_dataclass(type) or hasattr(type, "__struct_fields__") or hasattr(type, "model_validate")
    return "dict" if is_record or is_typeddict(type) else "any"
