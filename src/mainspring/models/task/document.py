"""The definition of a standalone task, and its compiled form."""

from __future__ import annotations

from hashlib import sha256

from msgspec import Struct, json

from mainspring.models.contract import TaskSpec
from mainspring.models.retry import Retry, retry_of


class TaskDocument(Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What the store keeps: everything but the arguments, so that all tasks of a handler share one definition."""

    task: str
    """Name of the handler."""
    retries: int | Retry = 0
    timeout_s: float | None = None
    """Per attempt."""
    deadline_s: float | None = None
    """In all, retries and waiting included."""
    delay_s: float = 0.0
    priority: int = 0
    queue: str = "default"
    requires: str = ""
    executor: str = ""
    memory_max_mb: float | None = None
    """Per attempt."""

    def encode(self) -> bytes:
        return json.encode(self)

    @property
    def digest(self) -> str:
        return sha256(self.encode()).hexdigest()


class TaskPlan(Struct, frozen=True):
    """What a task's definition compiles to; one object for all its instances."""

    spec: TaskSpec
    retry: Retry
    delay_s: float
    deadline_s: float | None


def compile_task(document: bytes) -> TaskPlan:
    """The plan of a stored definition."""
    task = json.decode(document, type=TaskDocument)
    spec = TaskSpec(
        handler=task.task,
        queue=task.queue,
        priority=task.priority,
        timeout_s=task.timeout_s,
        requires=task.requires,
        executor=task.executor,
        memory_max_mb=task.memory_max_mb,
    )
    return TaskPlan(spec=spec, retry=retry_of(task.retries), delay_s=task.delay_s, deadline_s=task.deadline_s)
