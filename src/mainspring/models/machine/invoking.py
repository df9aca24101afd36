"""What runs for a machine's states: begun once it has settled, heard before its transitions (SCXML 6.4, 6.5)."""

from __future__ import annotations

from typing import Any

from mainspring.models.machine.calling import Calling
from mainspring.models.machine.effects import Begin, Pass
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.expression import ActionError
from mainspring.models.machine.invocation import MACHINE, TYPES
from mainspring.models.machine.plan import Vertex


def begin_waiting(session: Any) -> None:
    """The machine has settled: begin what the states that were entered invoke, in document order."""
    entered, session.waiting = sorted(session.waiting, key=lambda vertex: vertex.index), ()
    for vertex in entered:
        for call in vertex.calls:
            try:
                _begin(session, vertex, call)
            except ActionError as error:
                session.fail(error)


def _begin(session: Any, vertex: Vertex, call: Calling) -> None:
    id = call.document.id or session.next_id(vertex.id)
    if call.keep is not None:
        session.assign(call.keep(), id)
    type_ = call.type(session)
    kind = TYPES.get(type_) if isinstance(type_, str) else None
    if kind is None:
        raise ActionError(f"nothing of type {type_!r} can be invoked")
    machine = call.machine_for(session) if kind == MACHINE else None
    begin = Begin(id, call.number, kind, str(call.source(session)), machine, call.data(session) or {})
    session.calls[id] = call
    session.outbox.append(begin)


def finalize(session: Any, event: MachineEvent) -> None:
    """What an invocation wants to do with an event before transitions see it, and who gets a copy."""
    for id, call in list(session.calls.items()):
        if event.invoke_id == id:
            if call.finalize is not None:
                call.finalize(session)
            elif call.document.finalize is not None and isinstance(event.data, dict):
                _return_values(session, call, event.data)
        if call.document.autoforward:
            session.outbox.append(Pass(event, f"#_{id}"))


def _return_values(session: Any, call: Calling, data: dict[str, Any]) -> None:
    """An empty finalize: what comes back goes where it came from."""
    names = {name: name for name in call.document.names}
    names |= {each.name: each.expression for each in call.document.parameters}
    for name, location in names.items():
        if name in data and location in session.data:
            session.declare(location, data[name])
