"""Forms: what completes a user task, checked by the part of JSON Schema that forms need.

`type`, `enum`, `const`, `required`, `properties`, `additionalProperties: false`, `items`, and the limits `minimum`,
`maximum`, `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `pattern`, `minItems`, `maxItems`
(JSON Schema 2020-12, validation 6).  A schema with another keyword that would restrict is refused when it is deployed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

NUMBER = (int, float)
TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "number": lambda value: isinstance(value, NUMBER) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, NUMBER) and not isinstance(value, bool) and value == int(value),
}
LIMITS: dict[str, tuple[tuple[type, ...], Callable[[Any, Any], bool], str]] = {
    "minimum": (NUMBER, lambda value, limit: value >= limit, "is less than {}"),
    "maximum": (NUMBER, lambda value, limit: value <= limit, "is more than {}"),
    "exclusiveMinimum": (NUMBER, lambda value, limit: value > limit, "is not more than {}"),
    "exclusiveMaximum": (NUMBER, lambda value, limit: value < limit, "is not less than {}"),
    "minLength": ((str,), lambda value, limit: len(value) >= limit, "has less than {} characters"),
    "maxLength": ((str,), lambda value, limit: len(value) <= limit, "has more than {} characters"),
    "pattern": ((str,), lambda value, limit: re.search(limit, value) is not None, "does not match {}"),
    "minItems": ((list,), lambda value, limit: len(value) >= limit, "has less than {} entries"),
    "maxItems": ((list,), lambda value, limit: len(value) <= limit, "has more than {} entries"),
}
"""Keywords that limit values of some types: of which, how, and what is said."""
STRUCTURE = ("type", "enum", "const", "required", "properties", "additionalProperties", "items")
NOTES = ("$schema", "$id", "$comment", "title", "description", "default", "examples", "format", "readOnly", "writeOnly")
"""Keywords that restrict nothing here."""


def form_problems(schema: Mapping[str, Any], value: Any, place: str = "the form") -> list[str]:
    """All that is wrong with a value, each with its place."""
    return list(_problems(schema, value, place))


def unknown_keywords(schema: Any) -> set[str]:
    """Keywords of a schema, at any depth, that are not known here."""
    if not isinstance(schema, Mapping):
        return set()
    found = {key for key in schema if key not in (*STRUCTURE, *NOTES, *LIMITS)}
    for inner in (*(schema.get("properties") or {}).values(), schema.get("items")):
        found |= unknown_keywords(inner)
    return found


def _problems(schema: Mapping[str, Any], value: Any, place: str) -> Iterator[str]:
    wanted = schema.get("type")
    kinds = [wanted] if isinstance(wanted, str) else wanted or []
    if kinds and not any(TYPES[kind](value) for kind in kinds if kind in TYPES):
        yield f"{place} is {value!r:.40}; expected {' or '.join(kinds)}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{place} is {value!r:.40}; expected one of {', '.join(map(str, schema['enum']))}"
    if "const" in schema and value != schema["const"]:
        yield f"{place} is {value!r:.40}; expected {schema['const']!r}"
    for keyword, (types, fits, words) in LIMITS.items():
        applies = keyword in schema and isinstance(value, types) and not isinstance(value, bool)
        if applies and not fits(value, schema[keyword]):
            yield f"{place} is {value!r:.40}, which {words.format(schema[keyword])}"
    if isinstance(value, dict):
        yield from _entries(schema, value, place)
    elif isinstance(value, list) and isinstance(schema.get("items"), Mapping):
        for number, item in enumerate(value, 1):
            yield from _problems(schema["items"], item, f"{place}, entry {number},")


def _entries(schema: Mapping[str, Any], value: Mapping[str, Any], place: str) -> Iterator[str]:
    properties = schema.get("properties") or {}
    yield from (f"{place} lacks {name!r}" for name in schema.get("required", ()) if name not in value)
    if schema.get("additionalProperties") is False:
        yield from (f"{place} has {name!r}, which is not asked for" for name in value if name not in properties)
    for name, inner in properties.items():
        if name in value:
            yield from _problems(inner, value[name], f"{name!r}")
