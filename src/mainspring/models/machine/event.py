"""The events of a state machine, and how descriptors match their names (SCXML 3.12.1, 5.10.1)."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mainspring.errors import PayloadInvalidError

EXTERNAL, INTERNAL, PLATFORM = "external", "internal", "platform"

ERROR_EXECUTION = "error.execution"
ERROR_COMMUNICATION = "error.communication"


class MachineEvent(Struct, omit_defaults=True, gc=False):
    """Something that happened to a machine; `_event` in its expressions."""

    name: str
    data: Any = None
    type: str = EXTERNAL
    """`external`, `internal` (raised by the machine itself) or `platform` (done and error events)."""
    send_id: str = ""
    origin: str = ""
    """Where an answer is to be sent."""
    origin_type: str = ""
    invoke_id: str = ""
    """Of the invocation that it comes from."""

    def __getattr__(self, name: str) -> Any:
        """An entry of the data by name."""
        data = self.data
        if type(data) is dict and name in data:
            return data[name]
        raise AttributeError(f"event {self.name!r} has no data {name!r}")

    def as_context(self) -> dict[str, Any]:
        """With the field names of the standard; what is not known is null."""
        return {
            "name": self.name,
            "type": self.type,
            "sendid": self.send_id or None,
            "origin": self.origin or None,
            "origintype": self.origin_type or None,
            "invokeid": self.invoke_id or None,
            "data": self.data,
        }


def error_of(event: MachineEvent) -> str:
    """What went wrong, as an error event tells it; one that a machine has raised itself need not say."""
    data = event.data
    return str(data["message"]) if isinstance(data, dict) and "message" in data else f"it raised {event.name!r}"


def event_name(name: object) -> str:
    """The name, if one can be called so and be stored; raises `PayloadInvalidError`."""
    if not isinstance(name, str) or not name:
        raise PayloadInvalidError(f"event {name!r}", "the name of an event is a text, and not empty")
    if not name.isascii() and any("\ud800" <= character <= "\udfff" for character in name):
        raise PayloadInvalidError(f"event {name!r}", "a name with a lone surrogate is not Unicode")
    return name


def matcher(descriptors: str, *, is_exact: bool = False) -> tuple[bool, frozenset[str], tuple[str, ...]]:
    """What a list of descriptors takes: everything, exact names, and what begins with one of these and a dot.

    `is_exact`: only a descriptor that ends with `.*` takes what begins so.
    """
    # `error.` and `error.*` mean the same as `error` (3.12.1).
    words = [word.removesuffix(".*").removesuffix(".") for word in descriptors.split()]
    open_words = [word for word in descriptors.split() if word.endswith(".*")] if is_exact else words
    return "*" in words, frozenset(words), tuple(f"{word.removesuffix('.*')}." for word in open_words)
