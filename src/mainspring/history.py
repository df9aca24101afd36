"""What an instance has been through: its journal for people, the timeline of its tasks, the state of its nodes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec

from mainspring.kernel.instances import decode_entry
from mainspring.kernel.reader import PAGE_MAX, InstanceView, Reader
from mainspring.kernel.store import EntryRow
from mainspring.models.contract import Event, Failure, Model, NodeView, TaskCompleted, TaskFailed, TaskLost
from mainspring.models.registry import MODELS

TASKS_MAX = 100_000
"""Open tasks of one timeline."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the journal."""

    seq: int
    at: datetime
    kind: str
    event: dict[str, Any]
    decisions: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class AttemptTime:
    """One try of a task."""

    number: int
    started_at: float
    finished_at: float | None
    """None: it runs, or its worker was lost."""
    outcome: str
    """`completed`, `failed`, `lost` or `running`."""
    worker: str
    failure: Failure | None


@dataclass(frozen=True, slots=True)
class TaskTime:
    """A task from the moment it was ready."""

    key: str
    status: str
    ready_at: float
    """Of the first attempt; seconds since 1970, like all instants here."""
    started_at: float | None
    finished_at: float | None
    progress: float | None
    attempts: tuple[AttemptTime, ...]


Node = NodeView


def entries_of(reader: Reader, number: int, after: int) -> list[Entry]:
    """The journal after an entry, decoded."""
    return [
        Entry(
            row.seq,
            datetime.fromtimestamp(row.at, UTC),
            row.kind,
            msgspec.json.decode(row.event),
            msgspec.json.decode(row.decisions),
        )
        for row in _rows(reader, number, after)
    ]


def timeline_of(reader: Reader, view: InstanceView) -> list[TaskTime]:
    """Every task of an instance, in the order in which they became ready."""
    model = MODELS[view.model]
    open_tasks = {task.key: task for task in reader.list_tasks(view.number, TASKS_MAX)}
    attempts: dict[str, list[AttemptTime]] = {}
    ready: dict[str, float] = {}
    for row in _rows(reader, view.number, 0):
        if row.kind in ("TaskCompleted", "TaskFailed", "TaskLost"):
            event, _ = decode_entry(model.decision_type, row)
            _note(event, attempts, ready)
    for task in open_tasks.values():
        ready.setdefault(task.key, task.ready_at)
        if task.running:
            running = AttemptTime(task.attempt, task.leased_at or 0.0, None, "running", task.worker or "?", None)
            attempts.setdefault(task.key, []).append(running)
    return sorted(
        (_task_time(key, at, attempts.get(key, []), open_tasks.get(key)) for key, at in ready.items()),
        key=lambda task: (task.ready_at, task.started_at or float("inf"), task.key),
    )


class Fold:
    """A state under construction: the journal up to entry `seq`."""

    __slots__ = ("model", "plan", "seq", "state")

    def __init__(self, model: Model, plan: Any, state: Any, seq: int) -> None:
        self.model = model
        self.plan = plan
        self.state = state
        self.seq = seq


def start_fold(reader: Reader, view: InstanceView) -> Fold:
    """The state before the first entry that is kept; nothing is decided here, so predicates are not needed."""
    model = MODELS[view.model]
    plan = model.compile(reader.definition_of(view.number).document, _anything)
    fold = Fold(model, plan, model.initial(plan, view.public_id), 0)
    first = reader.list_entries(view.number, after=0, limit=1)
    if not first or first[0].seq > 1:
        _take_snapshot(reader, view, fold)
    return fold


def end_fold(reader: Reader, view: InstanceView) -> Fold:
    """The state after the last entry."""
    fold = start_fold(reader, view)
    _take_snapshot(reader, view, fold)
    for row in _rows(reader, view.number, fold.seq):
        fold_decisions(fold, row)
    return fold


def _take_snapshot(reader: Reader, view: InstanceView, fold: Fold) -> None:
    snapshot = reader.find_snapshot(view.number)
    if snapshot is not None:
        fold.seq, text = snapshot
        fold.state = fold.model.load(fold.plan, text.encode())


def fold_decisions(fold: Fold, row: EntryRow) -> tuple[Event, list[Any]]:
    """Record the decisions of the next entry; returns the event and them."""
    event, decisions = decode_entry(fold.model.decision_type, row)
    for decision in decisions:
        fold.model.evolve(fold.plan, fold.state, event, decision, row.at)
    fold.seq = row.seq
    return event, decisions


def nodes_of(reader: Reader, view: InstanceView) -> list[NodeView]:
    """Every node of an instance's definition, as its journal says it stands."""
    fold = end_fold(reader, view)
    return list(fold.model.nodes(fold.plan, fold.state))


def _rows(reader: Reader, number: int, after: int) -> list[EntryRow]:
    rows: list[EntryRow] = []
    while page := reader.list_entries(number, after=after, limit=PAGE_MAX):
        rows.extend(page)
        after = page[-1].seq
        if len(page) < PAGE_MAX:
            break
    return rows


def _note(event: Event, attempts: dict[str, list[AttemptTime]], ready: dict[str, float]) -> None:
    finished_at: float | None
    match event:
        case TaskCompleted():
            ready.setdefault(event.key, event.ready_at)
            outcome, failure, finished_at = "completed", None, event.finished_at
        case TaskFailed():
            ready.setdefault(event.key, event.ready_at)
            outcome, failure, finished_at = "failed", event.error, event.finished_at
        case TaskLost():
            ready.setdefault(event.key, event.started_at)
            outcome, failure, finished_at = "lost", None, None
        case _:
            return
    attempts.setdefault(event.key, []).append(
        AttemptTime(event.attempt, event.started_at, finished_at, outcome, event.worker, failure)
    )


def _task_time(key: str, ready_at: float, attempts: list[AttemptTime], task: Any) -> TaskTime:
    last = attempts[-1] if attempts else None
    if task is not None:
        status = "running" if task.running else "pending"
    else:
        status = "failed" if last is None or last.outcome == "lost" else last.outcome
    finished_at = last.finished_at if last is not None and task is None else None
    return TaskTime(
        key=key,
        status=status,
        ready_at=ready_at,
        started_at=attempts[0].started_at if attempts else None,
        finished_at=finished_at,
        progress=None if task is None else task.progress,
        attempts=tuple(attempts),
    )


def _anything(name: str) -> Any:
    def answer(*_: Any, **__: Any) -> str:
        return name

    return answer
