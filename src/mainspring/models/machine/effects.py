"""What a machine asks of whoever runs it, beyond changing itself."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from mainspring.models.machine.document import Document
from mainspring.models.machine.event import MachineEvent


class Delay(Struct, frozen=True, gc=False):
    """Deliver an event after some time."""

    event: MachineEvent
    target: str
    delay_s: float
    key: str
    """By which it can be taken back; the author's id, or one of our own."""


class Revoke(Struct, frozen=True, gc=False):
    """Take back the delayed events of this key."""

    key: str


class Pass(Struct, frozen=True, gc=False):
    """Deliver an event to the parent (`#_parent`), or to a child (`#_<invoke id>`)."""

    event: MachineEvent
    target: str


class Begin(Struct, frozen=True, gc=False):
    """Start what a state invokes."""

    invoke_id: str
    number: int
    """Of the invocation, in the definition's order."""
    type: str
    """`machine`, `task` or `workflow`."""
    source: str
    machine: Document | None
    """Given in place of a source."""
    input: dict[str, Any]


class Stop(Struct, frozen=True, gc=False):
    """End what was invoked; nothing of its end is told."""

    invoke_id: str


class Say(Struct, frozen=True, gc=False):
    """Something for people to read."""

    label: str
    value: Any


Effect = Delay | Revoke | Pass | Begin | Stop | Say
