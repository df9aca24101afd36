"""The standalone task: one handler, called once with the input's arguments, retried as its definition says."""

# ruff: noqa: ARG002 - the contract names arguments that a task does not need

from __future__ import annotations

from typing import Any

from msgspec import json

from mainspring.models.contract import Event, NodeView, Resolve
from mainspring.models.task.decide import decide
from mainspring.models.task.document import TaskDocument, TaskPlan, compile_task
from mainspring.models.task.evolve import commands, evolve
from mainspring.models.task.state import TaskDecision, TaskState, node_status

__all__ = ["TASK", "TaskDocument", "TaskModel"]


STATE_BYTES = 500
"""Of a state with a small payload."""


class TaskModel:
    """The standalone task as a model; see `mainspring.models.contract.Model`."""

    name = "task"
    decision_type: Any = TaskDecision

    decide = staticmethod(decide)
    evolve = staticmethod(evolve)
    commands = staticmethod(commands)

    def compile(self, document: bytes, resolve: Resolve) -> TaskPlan:
        return compile_task(document)

    def weight(self, plan: TaskPlan) -> int:
        return STATE_BYTES

    def children(self, plan: TaskPlan) -> tuple[str, ...]:
        return ()

    def check_input(self, plan: TaskPlan, payload: bytes) -> None:
        """The handler's own types are checked where the handler is."""

    def nodes(self, plan: TaskPlan, state: TaskState) -> tuple[NodeView, ...]:
        return (NodeView("task", "task", node_status(state), failure=state.failure),)

    def reply(self, plan: TaskPlan, state: TaskState, event: Event | None) -> None:
        return None

    def initial(self, plan: TaskPlan, instance: str) -> TaskState:
        return TaskState(instance)

    def dump(self, plan: TaskPlan, state: TaskState) -> bytes:
        return json.encode(state)

    def load(self, plan: TaskPlan, snapshot: bytes) -> TaskState:
        return json.decode(snapshot, type=TaskState)


TASK = TaskModel()
