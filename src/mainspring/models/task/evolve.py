"""How a decision changes the state of a standalone task, and what it asks of the kernel."""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mainspring.models.contract import (
    Cancel,
    CancelTimer,
    Command,
    Complete,
    Event,
    ExpireTask,
    Fail,
    HoldTasks,
    Pause,
    ReleaseTasks,
    Resume,
    RetryTask,
    SetTimer,
    Started,
    StartTask,
    TaskLost,
)
from mainspring.models.task.document import TaskPlan
from mainspring.models.task.state import (
    CANCELLED,
    COMPLETED,
    FAILED,
    PAUSED,
    RUNNING,
    Cancelled,
    Completed,
    Expired,
    Failed,
    Paused,
    Queued,
    Requeued,
    Resumed,
    Retried,
    TaskDecision,
    TaskState,
)

# --- The fold ---------------------------------------------------------------------------------


def evolve(plan: TaskPlan, state: TaskState, event: Any, decision: Any, at: float) -> None:
    """Record one decision; chooses nothing."""
    kind = type(decision)
    if kind is Queued:
        assert isinstance(event, Started)
        state.input = event.input
        state.priority = event.priority
        state.expires_s = event.expires_s
        state.status = RUNNING
    elif kind is Requeued:
        state.round += 1
        state.lost = 0
        state.failure = None
        state.status = RUNNING
    elif kind is Retried:
        state.lost += isinstance(event, TaskLost)
    elif kind is not Expired:
        state.status = _STATUS_AFTER[kind]
        if kind is Failed:
            state.failure = decision.error or event.error


_STATUS_AFTER: dict[type, int] = {
    Completed: COMPLETED,
    Failed: FAILED,
    Cancelled: CANCELLED,
    Paused: PAUSED,
    Resumed: RUNNING,
}


# --- The outward part -------------------------------------------------------------------------


def commands(plan: TaskPlan, state: TaskState, event: Event, decision: TaskDecision, at: float) -> Iterable[Command]:
    """What a decision asks of the kernel."""
    return _COMMANDS[type(decision)](plan, state, event, decision, at)


def _queue(plan: TaskPlan, state: TaskState, event: Event, decision: Queued, at: float) -> Iterable[Command]:
    ready_at = decision.ready_at
    task = StartTask(state.key, plan.spec, bytes(state.input), ready_at, state.priority)
    timers = _timers(plan, state)
    # What is to run tomorrow has its time from tomorrow on.
    return (task, *[SetTimer(key, ready_at + seconds) for key, seconds in timers]) if timers else (task,)


def _timers(plan: TaskPlan, state: TaskState) -> Sequence[tuple[str, float]]:
    """Key and seconds of each; most tasks have none."""
    if plan.deadline_s is None and not state.expires_s:
        return ()
    timers = [] if plan.deadline_s is None else [(state.deadline_key, plan.deadline_s)]
    return [*timers, (state.expiry_key, state.expires_s)] if state.expires_s else timers


def _requeue(plan: TaskPlan, state: TaskState, event: Event, decision: Requeued, at: float) -> Iterable[Command]:
    return (Resume(), ReleaseTasks(), *_queue(plan, state, event, Queued(decision.ready_at), at))


def _retry(plan: TaskPlan, state: TaskState, event: Any, decision: Retried, at: float) -> Iterable[Command]:
    again = RetryTask(event.key, decision.ready_at)
    return (again, HoldTasks()) if state.status == PAUSED else (again,)


def _complete(plan: TaskPlan, state: TaskState, event: Any, decision: Completed, at: float) -> Iterable[Command]:
    ended, timers = Complete(bytes(event.output)), _timers(plan, state)
    return (*[CancelTimer(key) for key, _ in timers], ended) if timers else (ended,)


def _expire(plan: TaskPlan, state: TaskState, event: Any, decision: Expired, at: float) -> Iterable[Command]:
    return (ExpireTask(state.key),)


def _fail(plan: TaskPlan, state: TaskState, event: Any, decision: Failed, at: float) -> Iterable[Command]:
    return (Fail(decision.error or event.error),)


def _cancel(plan: TaskPlan, state: TaskState, event: Event, decision: Cancelled, at: float) -> Iterable[Command]:
    return (Cancel(decision.reason),)


def _pause(plan: TaskPlan, state: TaskState, event: Event, decision: Paused, at: float) -> Iterable[Command]:
    return (Pause(), HoldTasks())


def _resume(plan: TaskPlan, state: TaskState, event: Event, decision: Resumed, at: float) -> Iterable[Command]:
    return (Resume(), ReleaseTasks())


_COMMANDS: dict[type, Callable[[TaskPlan, TaskState, Any, Any, float], Iterable[Command]]] = {
    Queued: _queue,
    Requeued: _requeue,
    Retried: _retry,
    Completed: _complete,
    Failed: _fail,
    Expired: _expire,
    Cancelled: _cancel,
    Paused: _pause,
    Resumed: _resume,
}
