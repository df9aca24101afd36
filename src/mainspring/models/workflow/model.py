"""The workflow as a model: a graph of tasks, maps, sleeps and other workflows, each begun when what it depends on has
ended.
"""

from __future__ import annotations

from typing import Any

from mainspring.models.contract import Event, Resolve
from mainspring.models.workflow.commands import commands
from mainspring.models.workflow.decide import decide
from mainspring.models.workflow.decisions import WorkflowDecision
from mainspring.models.workflow.evolve import evolve
from mainspring.models.workflow.plan import NODE_BYTES, Plan, compile_plan
from mainspring.models.workflow.progress import nodes
from mainspring.models.workflow.snapshot import dump, load
from mainspring.models.workflow.state import State

STATE_BYTES = 2_000
"""Of a state without nodes."""


class WorkflowModel:
    """The workflow as a model; see `mainspring.models.contract.Model`."""

    name = "workflow"
    decision_type: Any = WorkflowDecision

    decide = staticmethod(decide)
    evolve = staticmethod(evolve)
    commands = staticmethod(commands)
    nodes = staticmethod(nodes)
    dump = staticmethod(dump)
    load = staticmethod(load)

    def compile(self, document: bytes, resolve: Resolve) -> Plan:
        return compile_plan(document, resolve)

    def weight(self, plan: Plan) -> int:
        return STATE_BYTES + NODE_BYTES * len(plan.keys)

    def children(self, plan: Plan) -> tuple[str, ...]:
        return plan.children

    def check_input(self, plan: Plan, payload: bytes) -> None:
        plan.inputs.check(payload)

    def reply(self, plan: Plan, state: State, event: Event | None) -> None:  # noqa: ARG002 - it has no answers
        return None

    def initial(self, plan: Plan, instance: str) -> State:
        return State(plan, instance)


WORKFLOW = WorkflowModel()
