"""Workflows whose tasks find their handlers by type, and the engine that holds them.

Nothing is decided here: each class words what it is told as a definition for `mainspring.Engine`, and reads back what
became of it.  So all that is said of instances holds: they are durable, and go on after a crash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import Enum
from graphlib import CycleError, TopologicalSorter
from types import TracebackType
from typing import Any, TypeVar

from mainspring.engine import Engine
from mainspring.errors import DefinitionInvalidError, DefinitionNotFoundError, Problem
from mainspring.handler import Handler
from mainspring.history import Entry, Node, TaskTime
from mainspring.instance import Info, Instance
from mainspring.models.workflow.builder import Workflow as Definition

IN_MEMORY = "sqlite://"

T = TypeVar("T")

# --- Workflows --------------------------------------------------------------------------------


class WorkflowStatus(Enum):
    """Where a workflow stands."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class TaskStatus(Enum):
    """Where a task of a workflow stands."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    """Its workflow was cancelled, or something that it depends on failed: it will not run."""


UNFINISHED = ("created", "running", "paused")


class Task:
    """One task of a workflow; its handler is the one registered for `task_type`.

    The handler is called with one dict: `input_data`, and under the id of each task that this one depends on what that
    task returned.
    """

    def __init__(
        self, task_id: str, name: str, task_type: str, input_data: Mapping[str, Any] | None = None, *, retries: int = 0
    ) -> None:
        self.task_id = task_id
        self.name = name
        self.task_type = task_type
        self.input_data: dict[str, Any] = dict(input_data or {})
        self.retries = retries
        self.dependencies: list[str] = []
        self.run = Run(None)
        """The run it is seen in."""

    def __repr__(self) -> str:
        return f"<task {self.task_id}: {self.status.value}>"

    @property
    def status(self) -> TaskStatus:
        node = self.run.nodes().get(self.task_id)
        return TaskStatus.PENDING if node is None else TaskStatus(node.status)

    @property
    def output_data(self) -> Any:
        """What its handler returned; None before that."""
        return self.run.outputs().get(self.task_id)

    @property
    def error_message(self) -> str | None:
        """Why it failed; None if it has not."""
        node = self.run.nodes().get(self.task_id)
        return None if node is None or node.failure is None else str(node.failure)

    @property
    def started_at(self) -> datetime | None:
        """When its first attempt began, in UTC."""
        time = self.run.times().get(self.task_id)
        return None if time is None else _instant(time.started_at)

    @property
    def completed_at(self) -> datetime | None:
        """When its last attempt ended, well or not, in UTC."""
        time = self.run.times().get(self.task_id)
        return None if time is None else _instant(time.finished_at)


class Workflow:
    """Tasks with dependencies; `WorkflowEngine.create_workflow` makes it."""

    def __init__(self, workflow_id: str, name: str) -> None:
        self.workflow_id = workflow_id
        self.name = name
        self.tasks: dict[str, Task] = {}
        self.run = Run(None)
        """Its latest run."""

    def __repr__(self) -> str:
        return f"<workflow {self.workflow_id}: {self.status.value}>"

    def add_task(self, task: Task) -> None:
        """Add a task; raises `DefinitionInvalidError` where there is one of that id."""
        if task.task_id in self.tasks:
            self._refuse(f"there is a task {task.task_id!r} already; give each its own id")
        self.tasks[task.task_id] = task
        task.run = self.run

    def add_dependency(self, task_id: str, depends_on: str) -> None:
        """Let a task wait for another; raises `DefinitionInvalidError` where either is unknown."""
        for known in (task_id, depends_on):
            if known not in self.tasks:
                self._refuse(f"there is no task {known!r}; add it first (there are: {', '.join(self.tasks) or 'none'})")
        if depends_on not in self.tasks[task_id].dependencies:
            self.tasks[task_id].dependencies.append(depends_on)

    @property
    def status(self) -> WorkflowStatus:
        info = self.run.info()
        return WorkflowStatus.CREATED if info is None else WorkflowStatus(info.status)

    @property
    def started_at(self) -> datetime | None:
        """When its latest run began, in UTC."""
        info = self.run.info()
        return None if info is None else info.created_at

    @property
    def completed_at(self) -> datetime | None:
        """When its latest run ended, well or not, in UTC."""
        info = self.run.info()
        return None if info is None else info.ended_at

    def definition(self, handlers: Mapping[str, Handler[..., Any]]) -> Definition:
        """The same in the engine's own words; raises `DefinitionInvalidError` with all that is wrong."""
        problems = [
            Problem(f"no handler for {task.task_type!r}; call register_task_handler({task.task_type!r}, …)", place)
            for place, task in self.tasks.items()
            if task.task_type not in handlers
        ]
        order: list[str] = []
        try:
            order += TopologicalSorter(
                {task_id: task.dependencies for task_id, task in self.tasks.items()}
            ).static_order()
        except CycleError as error:
            problems.append(Problem(f"a cycle: {' -> '.join(error.args[1])}"))
        if problems:
            raise DefinitionInvalidError(self.workflow_id, problems)
        made = Definition(self.workflow_id, description=self.name)
        outputs: dict[str, Any] = {}
        for task in map(self.tasks.__getitem__, order):
            data = task.input_data | {other: outputs[other] for other in task.dependencies}
            outputs[task.task_id] = made.add(
                handlers[task.task_type], data, key=task.task_id, retries=task.retries or None, description=task.name
            )
        return made

    def show(self, run: Run) -> None:
        """From now on this run is seen."""
        self.run = run
        for task in self.tasks.values():
            task.run = run

    def _refuse(self, message: str) -> None:
        raise DefinitionInvalidError(self.workflow_id, [Problem(message)])


class WorkflowEngine:
    """Runs workflows whose tasks find their handlers by type.

    `url`: where to keep everything (`sqlite:///file.db`); default: in memory, gone with the engine.  On a file, a
    workflow that was interrupted goes on as soon as its handlers are registered again.
    All methods may be called from any thread.
    """

    def __init__(self, url: str | None = None) -> None:
        self.engine = Engine(url or IN_MEMORY)
        """The engine underneath, for all that this vocabulary has no word for."""
        self.workflows: dict[str, Workflow] = {}
        self._handlers: dict[str, Handler[..., Any]] = {}
        self._runs: dict[str, Run] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> WorkflowEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.engine.__exit__(kind, error, traceback)

    def close(self) -> None:
        """Stop in good order."""
        self.engine.close()

    def register_task_handler(self, task_type: str, handler: Callable[[dict[str, Any]], Any]) -> None:
        """Offer a handler for tasks of this type; it gets one dict (see `Task`) and returns a JSON value."""
        self._handlers[task_type] = self.engine.register(handler, task_type)

    def create_workflow(self, workflow_id: str, name: str) -> Workflow:
        """A new, empty workflow; raises `DefinitionInvalidError` where there is one of that id."""
        with self._lock:
            if workflow_id in self.workflows:
                problem = Problem("there is a workflow of that id already; see `workflows`")
                raise DefinitionInvalidError(workflow_id, [problem])
            workflow = self.workflows[workflow_id] = Workflow(workflow_id, name)
            return workflow

    def execute_workflow(self, workflow_id: str, timeout_s: float | None = None) -> bool:
        """Run a workflow to its end, and say whether it completed.

        A run that has not ended (of another thread, or interrupted by a crash) is joined; otherwise a new one begins.
        Raises `DefinitionNotFoundError`, `DefinitionInvalidError` and `ResultTimeoutError`.
        """
        with self._lock:
            workflow = self.workflows.get(workflow_id)
            if workflow is None:
                known = ", ".join(self.workflows) or "none"
                raise DefinitionNotFoundError(f"no workflow {workflow_id!r}; create it first (there are: {known})")
            definition = workflow.definition(self._handlers)
            instance = self._unfinished(workflow_id) or self.engine.start(definition)
            run = self._runs.setdefault(instance.id, Run(instance))
            workflow.show(run)
        return instance.wait(timeout_s) == WorkflowStatus.COMPLETED.value

    @property
    def execution_history(self) -> list[dict[str, Any]]:
        """What happened to the tasks of all runs, in the order of their journals.

        Each entry has `event` (`started`, `completed`, `failed`, `cancelled`), `task_id`, `workflow_id`, `instance_id`
        and `timestamp`.
        """
        with self._lock:
            runs = list(self._runs.values())
        return sorted((entry for run in runs for entry in run.history()), key=lambda entry: entry["timestamp"])

    def _unfinished(self, workflow_id: str) -> Instance | None:
        found = self.engine.list(definition=workflow_id, model="workflow", status=UNFINISHED, limit=1)
        return next((self.engine.get(info.id) for info in found), None)


# --- What became of a run ---------------------------------------------------------------------


class Run:
    """One instance as the classes above show it; read anew until it has ended, then kept."""

    def __init__(self, instance: Instance | None) -> None:
        self.instance = instance
        self._kept: dict[str, Any] = {}

    def info(self) -> Info | None:
        return self._read("info", lambda instance: instance.info(), None)

    def nodes(self) -> dict[str, Node]:
        return self._read("nodes", lambda instance: {node.key: node for node in instance.nodes()}, {})

    def times(self) -> dict[str, TaskTime]:
        return self._read("times", lambda instance: {time.key: time for time in instance.timeline()}, {})

    def outputs(self) -> dict[str, Any]:
        return self._read("outputs", lambda instance: _outputs(instance.journal()), {})

    def history(self) -> list[dict[str, Any]]:
        return self._read("history", _history, [])

    def _read(self, name: str, read: Callable[[Instance], T], nothing: T) -> T:
        if self.instance is None:
            return nothing
        if name in self._kept:
            kept: T = self._kept[name]
            return kept
        has_ended = self.instance.status not in UNFINISHED
        value = read(self.instance)
        if has_ended:
            self._kept[name] = value
        return value


EVENTS = {"start": "started", "done": "completed", "failed": "failed", "drop": "cancelled"}
"""Decisions about nodes, as the history calls them."""


def _history(instance: Instance) -> list[dict[str, Any]]:
    workflow_id = instance.info().definition
    return [
        {
            "event": EVENTS[decision["do"]],
            "task_id": task_id,
            "workflow_id": workflow_id,
            "instance_id": instance.id,
            "timestamp": entry.at,
        }
        for entry in instance.journal()
        for decision in entry.decisions
        if decision["do"] in EVENTS
        for task_id in decision.get("nodes") or [decision["node"]]
    ]


def _outputs(journal: list[Entry]) -> dict[str, Any]:
    """What each task returned, by the key of the task."""
    return {entry.event["key"]: entry.event.get("output") for entry in journal if entry.kind == "TaskCompleted"}


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
