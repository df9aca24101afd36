"""Tasks that go to workers able to do them, assigned and completed by hand.

Nothing is decided here: each call is worded for `mainspring.Engine`, and what became of a task is read back from it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from mainspring.claimed import Claimed
from mainspring.classic.workflow import IN_MEMORY
from mainspring.engine import Engine
from mainspring.errors import ConflictError, NotFoundError
from mainspring.history import AttemptTime
from mainspring.instance import Instance

DATA = "data"
"""The argument under which a handler gets what was submitted."""


class WorkerNotFoundError(NotFoundError):
    """No worker of that id was registered."""


class WorkerBusyError(ConflictError):
    """A worker has a task already, or has none to report on."""


class AssignedTask:
    """A task that a worker has, until it reports how it ended."""

    def __init__(self, attempt: Claimed) -> None:
        self.attempt = attempt
        self.task_id = attempt.instance
        self.task_type = attempt.handler
        self.data = attempt.arguments.get(DATA)

    def __repr__(self) -> str:
        return f"<task {self.task_id}: {self.task_type}>"


class Worker:
    """Somebody able to do tasks of some types, one at a time."""

    def __init__(self, worker_id: str, capabilities: Iterable[str]) -> None:
        self.worker_id = worker_id
        self.capabilities = list(capabilities)
        self.current_task: AssignedTask | None = None
        self.completed_tasks = 0
        self.failed_tasks = 0

    def __repr__(self) -> str:
        return f"<worker {self.worker_id}: {', '.join(self.capabilities)}>"

    @property
    def status(self) -> str:
        return "idle" if self.current_task is None else "busy"

    def can_handle_task(self, task_type: str) -> bool:
        return task_type in self.capabilities

    def complete_task(self, result: Any = None) -> None:
        """Report what the current task came to; raises `WorkerBusyError` where there is none."""
        self._task().attempt.complete(result)
        self.current_task = None
        self.completed_tasks += 1

    def fail_task(self, error: BaseException | str) -> None:
        """Report that the current task failed, and why."""
        self._task().attempt.fail(error)
        self.current_task = None
        self.failed_tasks += 1

    def _task(self) -> AssignedTask:
        if self.current_task is None:
            raise WorkerBusyError(f"worker {self.worker_id!r} has no task; call assign_tasks() first")
        return self.current_task


class DistributedTaskScheduler:
    """Gives tasks to registered workers that are able to do them.

    `url`: where to keep everything (`sqlite:///file.db`, `postgresql://…`); default: in memory, gone with it.  Tasks
    that no worker here can do stay pending; another program on the same store may take them.
    """

    def __init__(self, url: str | None = None) -> None:
        self.engine = Engine(url or IN_MEMORY, slots=0)
        """The engine underneath, for all that this vocabulary has no word for."""
        self.workers: dict[str, Worker] = {}

    def __enter__(self) -> DistributedTaskScheduler:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.engine.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Stop in good order; tasks that workers still have are given back."""
        self.engine.close()

    def register_worker(self, worker: Worker) -> None:
        """Have a worker take part; one of the same id is replaced, once it has no task."""
        known = self.workers.get(worker.worker_id)
        if known is not None and known is not worker and known.current_task is not None:
            raise WorkerBusyError(f"worker {worker.worker_id!r} has a task; let it end first")
        self.workers[worker.worker_id] = worker

    def unregister_worker(self, worker_id: str) -> None:
        """Have a worker take part no more; its task is given back.  Raises `WorkerNotFoundError`."""
        worker = self.workers.pop(worker_id, None)
        if worker is None:
            raise WorkerNotFoundError(f"no worker {worker_id!r} (there are: {', '.join(self.workers) or 'none'})")
        if worker.current_task is not None:
            worker.current_task.attempt.release()
            worker.current_task = None

    def submit_task(self, task_type: str, data: Any = None, *, priority: int = 0) -> str:
        """Put a task in line; returns its id.  A higher priority comes first."""
        return self.engine.submit(task_type, **{DATA: data}, priority=priority).id

    def assign_tasks(self) -> int:
        """Give each worker that is idle the first task in line that it can do; returns how many got one."""
        count = 0
        for worker in self.workers.values():
            if worker.current_task is None and worker.capabilities:
                for attempt in self.engine.claim(*worker.capabilities, worker=worker.worker_id):
                    worker.current_task = AssignedTask(attempt)
                    count += 1
        return count

    def get_task_status(self, task_id: str) -> dict[str, Any]:
        """Where a task stands.

        It has `task_id`, `task_type`, `status` (`pending running completed failed cancelled`), `result`, `error`,
        `assigned_worker`, `created_at`, `started_at` and `completed_at` (instants in UTC; None: not yet).
        Raises `InstanceNotFoundError`.
        """
        return self._status(self.engine.get(task_id))

    def get_worker_status(self) -> dict[str, dict[str, Any]]:
        """By worker: `status current_task completed_tasks failed_tasks capabilities`."""
        return {
            worker.worker_id: {
                "status": worker.status,
                "capabilities": list(worker.capabilities),
                "current_task": None if worker.current_task is None else worker.current_task.task_id,
                "completed_tasks": worker.completed_tasks,
                "failed_tasks": worker.failed_tasks,
            }
            for worker in self.workers.values()
        }

    def _status(self, instance: Instance) -> dict[str, Any]:
        info = instance.info()
        times = instance.timeline()
        last = times[0].attempts[-1] if times and times[0].attempts else None
        assigned = self._assigned(instance.id)
        return {
            "task_id": info.id,
            "task_type": info.definition,
            "status": info.status if info.ended_at is not None else "pending" if assigned is None else "running",
            "result": info.output,
            "error": None if info.failure is None else str(info.failure),
            "assigned_worker": assigned if last is None or assigned is not None else last.worker,
            "created_at": info.created_at,
            "started_at": _instant(last),
            "completed_at": info.ended_at,
        }

    def _assigned(self, task_id: str) -> str | None:
        return next(
            (
                worker.worker_id
                for worker in self.workers.values()
                if worker.current_task is not None and worker.current_task.task_id == task_id
            ),
            None,
        )


def _instant(attempt: AttemptTime | None) -> datetime | None:
    return None if attempt is None else datetime.fromtimestamp(attempt.started_at, UTC)
