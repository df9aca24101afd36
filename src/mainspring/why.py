"""Why a task waits: what keeps it, and which workers nearly could."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from importlib import import_module

from msgspec import Struct

from mainspring.kernel.queue import Queue, settings_of
from mainspring.kernel.reader import HolderView, NeedView, QueueView, Reader, TaskView, WorkerView
from mainspring.kernel.store import QueueRow

TASKS_MAX = 1_000
"""Of an instance that are looked at."""
HOLDERS_MAX = 10_000
"""Attempts under way in one queue that are looked at."""


class Mismatch(Struct, frozen=True):
    """A worker that cannot take a task, and what is in the way."""

    worker: str
    lacks: tuple[str, ...]


class Waiting(Struct, frozen=True):
    """A task that waits, and why."""

    key: str
    handler: str
    queue: str
    requires: str
    executor: str
    ready_at: float
    reasons: tuple[str, ...]
    """What keeps it, the nearest cause first."""
    workers: tuple[Mismatch, ...] = ()
    """Those that cannot take it; first those that lack least."""
    holders: tuple[HolderView, ...] = ()
    """Who has the places of the limit that keeps it, the longest first."""


def waiting_of(
    reader: Reader, number: int, key: str | None, *, workers: Sequence[WorkerView], now: float
) -> list[Waiting]:
    """Of an instance: all tasks that wait, or the one asked for; `workers` are those that are alive."""
    tasks = reader.list_tasks(number, TASKS_MAX)
    wanted = [task for task in tasks if not task.running and key in (None, task.key)]
    queues = {queue.name: queue for queue in reader.list_queues()} if wanted else {}
    return [_explained(reader, task, workers, queues.get(task.queue, QueueView(task.queue)), now) for task in wanted]


def _explained(reader: Reader, task: TaskView, workers: Sequence[WorkerView], queue: QueueView, now: float) -> Waiting:
    able = [worker for worker in workers if task.capability in worker.offer.capabilities]
    unable = [worker for worker in workers if worker not in able]
    mismatches = sorted(
        (Mismatch(worker.name, tuple(lacking(task, worker))) for worker in unable),
        key=lambda one: (len(one.lacks), one.worker),
    )
    reasons = list(_reasons(task, queue, now))
    full, holders = _limited(reader, task, queue)
    reasons += full
    if not workers:
        reasons.append("no worker is alive, or all are paused")
    elif not able:
        reasons.append("no worker that is alive can take it")
    elif not reasons:
        reasons += _behind(reader, task, able, now)
    shown = () if able else tuple(mismatches)
    needs = (task.handler, task.queue, task.requires, task.executor)
    return Waiting(task.key, *needs, task.ready_at, tuple(reasons), shown, holders)


def lacking(need: TaskView | NeedView, worker: WorkerView) -> Iterator[str]:
    """What keeps a worker from such a task."""
    queues, before = worker.offer.queues, 0
    if queues is not None and need.queue not in queues:
        before += 1
        yield f"serves queue {', '.join(queues)}, not {need.queue}"
    if need.executor and worker.offer.clusters.get(need.executor) != "":
        before += 1
        problem = worker.offer.clusters.get(need.executor)
        yield f"its {need.executor} cluster is away: {problem}" if problem else f"has no {need.executor} cluster"
    if need.requires:
        # The language of expressions is loaded by those who have a requirement.
        for part in import_module("mainspring.models.requirement").lacking(need.requires, worker.offer.labels):
            before += 1
            yield str(part)
    if not before:
        where = f" on its {need.executor} cluster" if need.executor else ""
        yield f"has not the handler {need.handler}{where}"


def _reasons(task: TaskView, queue: QueueView, now: float) -> Iterator[str]:
    """What would keep it from any worker."""
    if task.held:
        yield "its instance is paused"
    if task.ready_at > now:
        yield f"it waits for its time, in {task.ready_at - now:.1f} s"
    row = QueueRow(0, queue.name, queue.settings, queue.tokens, queue.filled_at)
    settings = settings_of(row)
    if settings.paused:
        yield f"queue {queue.name} is paused" + (f": {settings.reason}" if settings.reason else "")
    if settings.rate_per_s is not None and Queue(row, {}, now).tokens < 1:
        yield f"queue {queue.name} is at its rate of {settings.rate_per_s:g} a second"


def _limited(reader: Reader, task: TaskView, queue: QueueView) -> tuple[list[str], tuple[HolderView, ...]]:
    """Which limits of the queue are reached, and who has the places of the narrowest of them."""
    settings = settings_of(QueueRow(0, queue.name, queue.settings))
    if settings.concurrency is None and settings.group_concurrency is None:
        return [], ()
    all_of_them = reader.list_holders(queue.name, HOLDERS_MAX)
    of_group = [one for one in all_of_them if one.group == task.group]
    group = f"group {task.group}" if task.group else "what has no group"
    found, holders = [], []
    for name, limit, running in (
        (f"queue {queue.name}", settings.concurrency, all_of_them),
        (f"{group} of queue {queue.name}", settings.group_concurrency, of_group),
    ):
        if limit is not None and len(running) >= limit:
            found.append(f"{name} is at its limit: {len(running):,} of {limit:,} run")
            holders = running
    return found, tuple(holders)


def _behind(reader: Reader, task: TaskView, able: Sequence[WorkerView], now: float) -> Iterator[str]:
    ahead = reader.count_ahead(task, now)
    if ahead:
        yield f"it is behind {ahead:,} other{'' if ahead == 1 else 's'} in queue {task.queue}"
    if all(worker.running_count >= worker.slots for worker in able):
        yield f"all slots of {', '.join(worker.name for worker in able)} are taken"
    if not ahead and task.attempt:
        yield f"it is to be tried again, after {task.attempt} attempt{'' if task.attempt == 1 else 's'}"
    elif not ahead:
        yield "it is next"
