"""What expressions of a machine see, and how they fail; the language is in `language.py`, loaded with the first.

A compiled expression is a function of the scope, a mapping of names to values.  Where it has no value it raises
`ActionError`, which whoever evaluates turns into `error.execution`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Scope = Mapping[str, Any]
Evaluate = Callable[[Scope], Any]

IN = "In"
"""The predicate `In("state")` (SCXML 5.9.2)."""
EVENT, SESSION, NAME, PROCESSORS = "_event", "_sessionid", "_name", "_ioprocessors"
SYSTEM = frozenset({EVENT, SESSION, NAME, PROCESSORS, "_x"})
"""The system variables (5.10); nobody may assign to them."""

LOCATION = re.compile(r"[^\W\d]\w*(\.\w+)*")


class ActionError(Exception):
    """An expression without a value, or an action that cannot be done; becomes an error event."""

    def __init__(self, message: str, event: str = "error.execution", send_id: str = "") -> None:
        super().__init__(message)
        self.event = event
        self.send_id = send_id


def split_location(location: str) -> tuple[str, ...]:
    """The parts of a place in the data; raises `ActionError` for what is none, or is not ours to change."""
    if LOCATION.fullmatch(location) is None:
        raise ActionError(f"{location!r} is no place in the data; write a name, or a path such as order.paid")
    path = tuple(location.split("."))
    if path[0] in SYSTEM:
        raise ActionError(f"{path[0]} is given by the machine, and cannot be changed")
    return path


def replaced(value: Any, path: tuple[str, ...], new: Any) -> Any:
    """A copy of a value with another one at the end of a path; raises `ActionError` where nothing has parts."""
    if not path:
        return new
    if not isinstance(value, dict):
        raise ActionError(f"there is no {path[0]!r} in something that is no context")
    return {**value, path[0]: replaced(value.get(path[0], {}), path[1:], new)}
