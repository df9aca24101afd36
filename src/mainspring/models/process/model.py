"""The business process as a model."""

# ruff: noqa: ARG002 - the contract names arguments that a process does not need

from __future__ import annotations

from inspect import Parameter
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.errors import HandlerUnknownError, PayloadInvalidError
from mainspring.handler import Handler
from mainspring.models.contract import Event, NodeView, Resolve
from mainspring.models.process.compiler import compile_process
from mainspring.models.process.decide import decide
from mainspring.models.process.decisions import ProcessDecision
from mainspring.models.process.document import decode_document
from mainspring.models.process.evolve import commands, evolve
from mainspring.models.process.plan import Plan
from mainspring.models.process.state import COMPLETED, ROOT, Incident, ProcessState, Todo, dump, load
from mainspring.signature import ALL_OFFERED

STATE_BYTES = 4_000
"""Of a state with little data."""


class Standing(Struct, frozen=True):
    """Where a process stands, for whoever asks."""

    variables: dict[str, Any]
    tasks: tuple[Todo, ...]
    incidents: tuple[Incident, ...]
    tokens: dict[str, int]
    """How many are at each element."""
    visits: dict[str, int]
    """How often each element was entered; flows begin with `>`."""


class ProcessModel:
    """The business process as a model; see `mainspring.models.contract.Model`."""

    name = "process"
    decision_type: Any = ProcessDecision

    decide = staticmethod(decide)
    evolve = staticmethod(evolve)
    commands = staticmethod(commands)

    def compile(self, document: bytes, resolve: Resolve) -> Plan:
        plan = compile_process(decode_document(document))
        for vertex in plan.vertices.values():
            if vertex.spec is not None and vertex.takes is None:
                vertex.takes = _takes(vertex.spec.handler, resolve)
        return plan

    def weight(self, plan: Plan) -> int:
        return STATE_BYTES

    def children(self, plan: Plan) -> tuple[str, ...]:
        """Children are found by name when they are called; this only tells that there may be some."""
        return ("",) if any(vertex.call is not None for vertex in plan.vertices.values()) else ()

    def check_input(self, plan: Plan, payload: bytes) -> None:
        if not isinstance(msgspec.json.decode(payload), dict):
            raise PayloadInvalidError("input", "expected an object: the variables of the process by name")

    def initial(self, plan: Plan, instance: str) -> ProcessState:
        return ProcessState(instance)

    def nodes(self, plan: Plan, state: ProcessState) -> tuple[NodeView, ...]:
        """Every flow node; where a token is, it runs, and one with an incident has failed."""
        at = {token.node for token in state.tokens.values()}
        stopped = {incident.node for incident in state.incidents.values()}
        parents: dict[str, tuple[str, ...]] = {
            vertex.id: tuple(dict.fromkeys(arc.source.id for arc in vertex.incoming))
            for vertex in plan.vertices.values()
        }
        return tuple(
            NodeView(id, vertex.kind, _status(state, id, at, stopped), parents[id])
            for id, vertex in plan.vertices.items()
        )

    def reply(self, plan: Plan, state: ProcessState, event: Event | None) -> bytes:
        """Where the process stands."""
        tokens: dict[str, int] = {}
        for token in state.tokens.values():
            tokens[token.node] = tokens.get(token.node, 0) + 1
        values = state.values.get(ROOT, {}) if state.status != COMPLETED else state.output
        return msgspec.json.encode(
            Standing(values, tuple(state.todos.values()), tuple(state.incidents.values()), tokens, state.visits)
        )

    def dump(self, plan: Plan, state: ProcessState) -> bytes:
        return dump(state)

    def load(self, plan: Plan, snapshot: bytes) -> ProcessState:
        return load(snapshot)


def _takes(name: str, resolve: Resolve) -> tuple[str, ...] | None:
    """The parameters of a handler that this process has; None: it has it not, or it takes whatever there is."""
    try:
        handler = Handler.of(resolve(name), name)
    except HandlerUnknownError:
        return None
    kinds = {parameter.kind for parameter in handler.signature.parameters.values()}
    if Parameter.VAR_KEYWORD in kinds or ALL_OFFERED in handler.signature.fillable:
        return None
    return tuple(handler.signature.fillable)


def _status(state: ProcessState, id: str, at: set[str], stopped: set[str]) -> str:
    if id in stopped:
        return "failed"
    if id in at:
        return "running"
    return "completed" if id in state.visits else "pending"


PROCESS = ProcessModel()
