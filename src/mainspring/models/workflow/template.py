"""Argument templates: JSON in which a string such as `"$page.items[0]"` stands for a value known at run time.

    reference = "$" name path          name: an input or a node; in a map also `item` and `index`
    path      = { "." field | "[" integer "]" | "[" JSON string "]" }
    "$$…"     = the literal string "$…"

A template is compiled once, to the pieces of JSON between its references.  Filling it in joins those pieces with the
raw JSON of inputs and outputs: what is passed on whole is never decoded.
"""

# ruff: noqa: ARG005 - a template without references needs no values

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Protocol

from msgspec import Raw, Struct, json

NAME = r"[A-Za-z_][A-Za-z0-9_-]*"
"""Names of inputs and nodes."""

REFERENCE_START = "$"

_FIELD = re.compile(r"\.(?P<field>[A-Za-z_][A-Za-z0-9_-]*)|\[(?P<index>-?\d+)\]|\[(?P<quoted>\"(?:[^\"\\]|\\.)*\")\]")
_REFERENCE = re.compile(rf"\$(?P<name>{NAME})(?P<path>.*)", re.DOTALL)

NULL = b"null"

Path = tuple[str | int, ...]


class TemplateError(ValueError):
    """A string begins with `$` but is no reference."""


class DataError(Exception):
    """A reference leads nowhere in the data of this instance."""


class Reference(Struct, frozen=True, gc=False):
    """A place in an input or an output."""

    name: str
    path: Path = ()

    def __str__(self) -> str:
        return REFERENCE_START + self.name + "".join(_step_text(step) for step in self.path)


def _step_text(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(NAME, step) else f"[{json.encode(step).decode()}]"


# --- Reading ----------------------------------------------------------------------------------


def parse(text: str) -> Reference | str:
    """The reference that a template's string is, or the literal string that it stands for."""
    if not text.startswith(REFERENCE_START):
        return text
    if text.startswith("$$"):
        return text[1:]
    match = _REFERENCE.fullmatch(text)
    if match is None:
        raise TemplateError(f"{text!r} is no reference; write $name.field[0], or $$ for a string that begins with $")
    return Reference(match["name"], _parse_path(match["path"], text) if match["path"] else ())


def _parse_path(path: str, text: str) -> Path:
    steps: list[str | int] = []
    position = 0
    while position < len(path):
        match = _FIELD.match(path, position)
        if match is None:
            raise TemplateError(
                f'{text!r} is no reference: {path[position:]!r} is neither .field nor [0] nor ["field"]'
            )
        field, index, quoted = match.group("field", "index", "quoted")
        steps.append(field if field is not None else int(index) if index is not None else json.decode(quoted))
        position = match.end()
    return tuple(steps)


def references(template: Any) -> Iterator[Reference]:
    """All references in a template; raises `TemplateError` at a string that is none."""
    if isinstance(template, str):
        found = parse(template)
        if isinstance(found, Reference):
            yield found
    elif isinstance(template, Mapping):
        for value in template.values():
            yield from references(value)
    elif isinstance(template, list | tuple):
        for value in template:
            yield from references(value)


# --- Compiled ---------------------------------------------------------------------------------


class Values(Protocol):
    """Raw JSON by slot; None where there is no value (yet)."""

    def __getitem__(self, slot: int, /) -> bytes | Raw | None: ...


Render = Callable[[Values], bytes]
"""Fills in a template; raises `DataError`."""


class Hole(Struct, frozen=True, gc=False):
    """A reference whose name has been found: a slot among the values, and a path into it."""

    slot: int
    path: Path
    text: str


class Template(Struct, frozen=True, gc=False):
    """A compiled template."""

    render: Render
    holes: tuple[Hole, ...] = ()

    @property
    def is_fallible(self) -> bool:
        """Whether the data of an instance can contradict it; only paths look inside a value."""
        return any(hole.path for hole in self.holes)


EMPTY = Template(render=lambda values: b"{}")
"""Of no arguments; shared, for large graphs have many."""


def compile_template(template: Any, slots: Mapping[str, int]) -> Template:
    """The template for values found by the slots of their names; `KeyError` at a name without a slot."""
    if not template and isinstance(template, Mapping):
        return EMPTY
    pieces: list[bytes | Hole] = []
    _take_apart(template, slots, pieces)
    holes = tuple([piece for piece in pieces if type(piece) is Hole])
    return Template(render=_renderer(pieces), holes=holes)


def _take_apart(template: Any, slots: Mapping[str, int], pieces: list[bytes | Hole]) -> None:
    if isinstance(template, str):
        _take_text(template, slots, pieces)
    elif isinstance(template, Mapping):
        opening = b"{"
        for key, value in template.items():
            _add_literal(pieces, opening + _quoted(str(key)) + b":")
            _take_apart(value, slots, pieces)
            opening = b","
        _add_literal(pieces, b"}" if template else b"{}")
    elif isinstance(template, list | tuple):
        opening = b"["
        for value in template:
            _add_literal(pieces, opening)
            _take_apart(value, slots, pieces)
            opening = b","
        _add_literal(pieces, b"]" if template else b"[]")
    else:
        _add_literal(pieces, json.encode(template))


def _take_text(text: str, slots: Mapping[str, int], pieces: list[bytes | Hole]) -> None:
    slot = slots.get(text[1:]) if text[:1] == REFERENCE_START else None
    if slot is not None:  # most references are whole ones
        pieces.append(Hole(slot, (), text))
        return
    found = parse(text)
    if isinstance(found, Reference):
        pieces.append(Hole(slots[found.name], found.path, text))
    else:
        _add_literal(pieces, json.encode(found))


def _add_literal(pieces: list[bytes | Hole], literal: bytes) -> None:
    """Two literals beside each other are one."""
    if pieces and isinstance(last := pieces[-1], bytes):
        pieces[-1] = last + literal
    else:
        pieces.append(literal)


@lru_cache(maxsize=1_000)
def _quoted(name: str) -> bytes:
    return json.encode(name)


def _renderer(pieces: list[bytes | Hole]) -> Render:
    """The shortest function that fills in these pieces; most templates have no hole, or one that is passed whole."""
    match pieces:
        case [bytes() as literal]:
            return lambda values: literal
        case [bytes() as before, Hole(path=()) as hole, bytes() as after]:
            slot = hole.slot

            def render_one(values: Values) -> bytes:
                value = values[slot]
                return b"".join((before, NULL if value is None else value, after))

            return render_one
        case _:
            return _general_renderer(tuple(pieces))


def _general_renderer(pieces: tuple[bytes | Hole, ...]) -> Render:
    def render(values: Values) -> bytes:
        return b"".join([piece if isinstance(piece, bytes) else read(piece, values) for piece in pieces])

    return render


# --- Looking inside a value -------------------------------------------------------------------

_read_object = json.Decoder(dict[str, Raw]).decode
_read_list = json.Decoder(list[Raw]).decode
_KINDS = {b"{": "an object", b"[": "a list", b'"': "a string", b"t": "true", b"f": "false", b"n": "null"}


def read(hole: Hole, values: Values) -> bytes | Raw:
    """The raw JSON that a reference stands for.  Inside of null everything is null, as a skipped node's output is."""
    value = values[hole.slot]
    if value is None:
        return NULL
    for step in hole.path:
        if kind_of(value) == "null":
            return NULL
        value = _step(value, step, hole)
    return value


def _step(value: bytes | Raw, step: str | int, hole: Hole) -> Raw:
    wanted = "an object" if isinstance(step, str) else "a list"
    if kind_of(value) != wanted:
        raise DataError(f"{hole.text} leads nowhere: expected {wanted} to look up {step!r} in, found {kind_of(value)}")
    try:
        return _read_object(value)[step] if isinstance(step, str) else _read_list(value)[step]
    except KeyError:
        raise DataError(f"{hole.text} leads nowhere: the object has no field {step!r}") from None
    except IndexError:
        raise DataError(f"{hole.text} leads nowhere: the list has no element {step}") from None


def read_elements(value: bytes | Raw, what: str) -> list[Raw]:
    """The elements of a JSON list, each raw."""
    if kind_of(value) != "a list":
        raise DataError(f"{what}: expected a list to map over, found {kind_of(value)}")
    return _read_list(value)


def kind_of(value: bytes | Raw) -> str:
    """What a piece of JSON is, by its first character."""
    return _KINDS.get(bytes(memoryview(value)[:16]).lstrip()[:1], "a number")
