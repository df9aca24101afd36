"""Small parts of the Python notation: values not known yet, keys made from handlers, places in the user's code."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from msgspec import to_builtins

from mainspring.handler import Handler, Options
from mainspring.models.workflow.template import REFERENCE_START, Reference

OPTIONS = (
    "rule", "retries", "timeout_s", "deadline_s", "delay_s", "priority", "queue", "requires", "executor",
    "memory_max_mb", "description",
)  # fmt: skip
"""What a node says besides what it calls, and when."""

NO_OPTIONS = Options()

_FOLDER = str(PurePath(__file__).parent)


class Handle:
    """Stands for a value known when the workflow runs; `handle["field"]` and `handle[0]` for parts of it."""

    __slots__ = ("name", "path")

    def __init__(self, name: str, path: tuple[str | int, ...] = ()) -> None:
        self.name = name
        self.path = path

    def __getitem__(self, step: str | int) -> Handle:
        if type(step) not in (str, int):
            raise TypeError(f"{self}[{step!r}]: a part of a value is named by a field or a position")
        return Handle(self.name, (*self.path, step))

    def __iter__(self) -> Any:
        raise TypeError(f"{self} is not known before the workflow runs; to do something for each element use wf.map(…)")

    def __bool__(self) -> bool:
        raise TypeError(f"{self} is not known before the workflow runs; to decide by it use when=…")

    def __str__(self) -> str:
        return str(Reference(self.name, self.path))

    def __repr__(self) -> str:
        return f"<{self}>"


def template(value: Any) -> Any:
    """A value with its handles as references, and strings that look like one escaped; raises `TypeError`."""
    if isinstance(value, Handle):
        return str(value)
    if isinstance(value, str):
        return f"${value}" if value.startswith(REFERENCE_START) else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(name): template(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [template(part) for part in value]
    return template(to_builtins(value))


def raw_template(value: Any) -> Any:
    """The same for who writes references as text: `"$page.title"` is one."""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping):
        return {str(name): raw_template(part) for name, part in value.items()}
    return [raw_template(part) for part in value] if isinstance(value, list | tuple) else template(value)


def handler_options(handler: Handler[..., Any]) -> dict[str, Any]:
    """What a handler says of itself, where it differs from the defaults; a definition keeps it, as it is immutable."""
    options = handler.options
    if options is NO_OPTIONS or options == NO_OPTIONS:
        return {}
    return {
        name: value
        for name in OPTIONS
        if (value := getattr(options, name, None)) is not None and value != getattr(NO_OPTIONS, name)
    }


def said(options: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was not said."""
    return {name: value for name, value in options.items() if value is not None}


def short_name(handler: str) -> str:
    """`web.pages:Site.fetch` → `fetch`; what no key can contain is replaced."""
    name = handler.rpartition(":")[2] if "<" not in handler else "task"
    name = name.rpartition(".")[2]
    kept = "".join(letter if (letter.isascii() and letter.isalnum()) or letter in "_-" else "_" for letter in name)
    return kept if kept[:1].isalpha() or kept[:1] == "_" else f"_{kept}"


def caller() -> str:
    """`file:line` of the nearest frame outside of this folder: the user's."""
    frame = sys._getframe(1)  # noqa: SLF001 - the traceback module costs fifty times as much
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_FOLDER):
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
