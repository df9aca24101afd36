"""The durable state machine as a model."""

# ruff: noqa: ARG002 - the contract names arguments that a machine does not need

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from mainspring.errors import InstanceFailedError, PayloadInvalidError
from mainspring.models.contract import Event, NodeView, Resolve, Signal
from mainspring.models.machine.asking import available
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.decide import decide
from mainspring.models.machine.document import HISTORIES, decode_document
from mainspring.models.machine.evolve import commands, evolve
from mainspring.models.machine.invocation import TASK
from mainspring.models.machine.plan import compile_machine
from mainspring.models.machine.session import typed
from mainspring.models.machine.state import COMPLETED, FAILED, PAUSED, RUNNING, MachineDecision, MachineState
from mainspring.models.machine.stepping import session_of

STATE_BYTES = 2_000
"""Of a state with little data."""


class Standing(Struct, frozen=True):
    """Where a machine stands, for whoever asks."""

    configuration: tuple[str, ...]
    available: tuple[str, ...]
    data: dict[str, Any]


class MachineModel:
    """The state machine as a model; see `mainspring.models.contract.Model`.  Its plan is a `Chart`."""

    name = "machine"
    decision_type: Any = MachineDecision

    decide = staticmethod(decide)
    evolve = staticmethod(evolve)
    commands = staticmethod(commands)

    def compile(self, document: bytes, resolve: Resolve) -> Chart:
        return Chart(compile_machine(decode_document(document), resolve))

    def weight(self, plan: Chart) -> int:
        return STATE_BYTES

    def children(self, plan: Chart) -> tuple[str, ...]:
        """Empty texts for those that are only known when they begin."""
        calls = [call for call in plan.plan.calls if call.document.type_of or call.document.type != TASK]
        return tuple(call.document.digest if call.deployable is None else call.deployable.digest for call in calls)

    def check_input(self, plan: Chart, payload: bytes) -> None:
        values = msgspec.json.decode(payload)
        if not isinstance(values, dict):
            raise PayloadInvalidError("input", "expected an object: the machine's data by name")
        if plan.plan.types:
            typed(plan.plan, values)

    def initial(self, plan: Chart, instance: str) -> MachineState:
        return MachineState(instance)

    def nodes(self, plan: Chart, state: MachineState) -> tuple[NodeView, ...]:
        """Every state, and behind it what runs for it; what is active runs, or has completed with the machine."""
        states, views = plan.plan.states, list[NodeView]()
        status = "completed" if state.status == COMPLETED else "running"
        for vertex in states[1:]:
            if vertex.kind in HISTORIES:
                continue
            around = (states[vertex.parent].id,) if vertex.parent else ()
            stands = status if vertex.id in state.configuration else "pending"
            views.append(NodeView(vertex.id, vertex.kind, stands, parents=around))
            numbers = {call.number for call in vertex.calls}
            views += (
                NodeView(called.key, called.type, "running", parents=(vertex.id,))
                for called in state.calls.values()
                if called.number in numbers and state.status in (RUNNING, PAUSED)
            )
        return tuple(views)

    def reply(self, plan: Chart, state: MachineState, event: Event | None) -> Any:
        """The `Outcome` of an event that was sent, or that it has stopped the machine; None: `Standing`."""
        if not isinstance(event, Signal):
            events = available(session_of(plan, state), None) if state.status == RUNNING else []
            return Standing(state.configuration, tuple(events), state.data)
        outcome = state.told.get(event.id)
        if outcome is None and state.status == FAILED:
            return InstanceFailedError(state.instance, state.failure)
        return state.last if outcome is None else outcome

    def dump(self, plan: Chart, state: MachineState) -> bytes:
        return msgspec.json.encode(state)

    def load(self, plan: Chart, snapshot: bytes) -> MachineState:
        return msgspec.json.decode(snapshot, type=MachineState)


MACHINE = MachineModel()
