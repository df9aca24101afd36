"""By what a process is begun from outside: messages, signals and times (13.2)."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from mainspring.models.process.document import EVENT_BASED, SUBSCRIBED
from mainspring.models.process.expression import NoValueError, plain
from mainspring.models.process.plan import Plan, Vertex


class Start(Struct, frozen=True):
    """One way to begin a process."""

    kind: str
    name: str
    entry: str
    """The element that is begun with."""
    when: str = ""
    """Of a timer: its text, and whether it is a `date`, a `duration` or a `cycle`."""
    timer: str = ""


def starts_of(plan: Plan) -> Iterator[Start]:
    """All of them, in the order of the file."""
    for vertex in plan.root.starts:
        for entry in _entries(vertex):
            for trigger in entry.events:
                if trigger.kind in SUBSCRIBED:
                    yield Start(trigger.kind, trigger.name, entry.id, _when(trigger.code), trigger.definition.timer)


def _entries(vertex: Vertex) -> list[Vertex]:
    """A start event or a receive task itself; of an event-based gateway, the events behind it."""
    return [arc.target for arc in vertex.outgoing] if vertex.kind == EVENT_BASED else [vertex]


def _when(code: object) -> str:
    """A time that needs no variables, as text."""
    if not callable(code):
        return ""
    try:
        return str(plain(code({})))
    except NoValueError:
        return ""
