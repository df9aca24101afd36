"""The data notation from YAML, JSON or a dict, read part by part: all that is wrong is told at once, with its line.

Places are said in the words of the definition (`state review, transition 2`), here as by whoever compiles it; `places`
knows the `file:line` of each.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import structs

from mainspring.errors import DefinitionInvalidError, Problem
from mainspring.models.machine.document import After, AnyAction, Datum, Document, Invoke, State, Transition
from mainspring.models.yaml_text import Path, Refused, Text, read_text

Places = Mapping[str, str]

_WHERE = re.compile(r" - at `\$(.*)`$")
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")


def read_machine(text: str, file: str) -> tuple[Document, list[Problem], Places]:
    """The machine of a YAML or JSON text, what is wrong with it, and where everything stands.

    Raises `DefinitionInvalidError` for what is no text of that kind at all.
    """
    return read_data(read_whole(text, file))


def read_whole(text: str, file: str) -> Text:
    """A text with its lines; raises `DefinitionInvalidError` for what is neither YAML nor JSON."""
    try:
        return read_text(text, file)
    except Refused as error:
        raise DefinitionInvalidError(file, [Problem(error.message, f"{file}:{error.line}")]) from None


def read_data(text: Text) -> tuple[Document, list[Problem], Places]:
    """The same of what has been read already."""
    reader = _Reader(text)
    return reader.document(), [*text.problems, *reader.problems], reader.places


def located(problems: Iterable[Problem], places: Places) -> list[Problem]:
    """Problems with the `file:line` of the nearest place that is known."""
    return [Problem(message, locate(place, places)) for message, place in problems]


def locate(place: str, places: Places) -> str:
    near = place
    while near and near not in places:
        near = near.rpartition(", ")[0]
    found = places.get(near, "")
    return ", ".join(part for part in (found, place) if part)


class _Reader:
    def __init__(self, text: Text) -> None:
        self.text = text
        self.problems: list[Problem] = []
        self.places: dict[str, str] = {}

    def document(self) -> Document:
        value = self.text.value
        self.know("", ())
        if not isinstance(value, dict) or not isinstance(value.get("machine"), str):
            self.tell("a machine is a mapping with the fields `machine` (its name) and `states`", "", ())
            return Document("machine", {})
        value = self.known_fields(value, Document, "", ())
        made: dict[str, Any] = {"states": self.states(value.pop("states", {}), "", ())}
        if isinstance(value.get("data"), list):
            made["data"] = self.each(value.pop("data"), Datum, "data", ("data",), "data")
        made["script"] = self.each(value.pop("script", ()), AnyAction, "script", ("script",), "script")
        for name, part in value.items():
            if (read := self.convert(part, _TYPES[Document][name], f"field {name}", (name,))) is not None:
                made[name] = read
        return Document(**made)

    def states(self, value: Any, place: str, path: Path) -> dict[str, State]:
        path = (*path, "states")
        if not isinstance(value, dict):
            self.tell("`states` is a mapping from ids to states", place or "field states", path)
            return {}
        return {id: self.state({} if part is None else part, id, (*path, id)) for id, part in value.items()}

    def state(self, value: Any, id: str, path: Path) -> State:
        place = f"state {id}"
        self.know(place, path)
        if not isinstance(value, dict):
            self.tell("a state is a mapping of its fields", place, path)
            return State()
        value = self.known_fields(value, State, place, path)
        made: dict[str, Any] = {"states": self.states(value.pop("states", {}), place, path)}
        for name, (kind, word) in _LISTS.items():
            if name in value:
                words = word if word == "transition" else name
                made[name] = self.each(value.pop(name), kind, f"{place}, {words}", (*path, name), word)
        made["after"] = self.after(value.pop("after", {}), place, (*path, "after"))
        for name, part in value.items():
            if (read := self.convert(part, _TYPES[State][name], f"{place}, {name}", (*path, name))) is not None:
                made[name] = read
        return State(**made)

    def after(self, value: Any, place: str, path: Path) -> dict[str, Any]:
        if not isinstance(value, dict):
            self.tell("`after` is a mapping from delays to where they lead", place, path)
            return {}
        found = {
            delay: self.convert(part, After, f"{place}, after {delay}", (*path, delay)) for delay, part in value.items()
        }
        return {delay: part for delay, part in found.items() if part is not None}

    def each(self, value: Any, kind: Any, place: str, path: Path, word: str) -> tuple[Any, ...]:
        """A list part by part; what stands alone is a list of one."""
        parts = value if isinstance(value, list | tuple) else [value]
        made = []
        for number, part in enumerate(parts):
            where = f"{place} {number + 1}" if word == "transition" else place
            read = self.convert(part, kind, where, (*path, number) if parts is value else path)
            made.append(_UNREAD if read is None and kind is Transition else read)
        return tuple(part for part in made if part is not None)

    def convert(self, value: Any, kind: Any, place: str, path: Path) -> Any:
        """A part as what it should be; None, and a problem, where it is not."""
        self.know(place, path)
        try:
            return msgspec.convert(value, kind)
        except msgspec.ValidationError as error:
            where = _WHERE.search(str(error))
            inner = tuple(name or int(index) for name, index in _STEP.findall(where[1])) if where else ()
            self.tell(_WHERE.sub("", str(error)), place, (*path, *inner))
            return None

    # --- Telling ------------------------------------------------------------------------------

    def known_fields(self, value: dict[str, Any], kind: type, place: str, path: Path) -> dict[str, Any]:
        for name in value:
            if name not in _TYPES[kind]:
                close = get_close_matches(name, _TYPES[kind], 1)
                hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(_TYPES[kind])}"
                self.tell(f"unknown field {name!r}; {hint}", place, (*path, name))
        return {name: part for name, part in value.items() if name in _TYPES[kind]}

    def know(self, place: str, path: Path) -> None:
        if self.text.file:
            self.places.setdefault(place, self.text.place(path))

    def tell(self, message: str, place: str, path: Path) -> None:
        line = self.text.place(path) if self.text.file else ""
        self.problems.append(Problem(message, ", ".join(part for part in (line, place) if part)))


_UNREAD = Transition(event="(unread)")
"""Keeps the numbers of those behind it."""
_LISTS: dict[str, tuple[Any, str]] = {
    "on": (Transition, "transition"),
    "enter": (tuple[AnyAction, ...] | AnyAction, "enter"),
    "exit": (tuple[AnyAction, ...] | AnyAction, "exit"),
    "initial_actions": (AnyAction, "initial_actions"),
    "invoke": (Invoke, "invoke"),
    "data": (Datum, "data"),
}
_TYPES: dict[type, dict[str, Any]] = {
    kind: {field.name: field.type for field in structs.fields(kind)} for kind in (Document, State)
}
