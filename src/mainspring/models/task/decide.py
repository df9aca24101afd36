"""What follows from an event, for a standalone task.

| event           | created | running           | paused            | completed | failed  | cancelled |
|-----------------|---------|-------------------|-------------------|-----------|---------|-----------|
| Started         | queue   |                   |                   |           |         |           |
| TaskCompleted   |         | complete          | complete          |           |         |           |
| TaskFailed      |         | retry or fail     | retry or fail     |           |         |           |
| TaskLost        |         | retry or fail     | retry or fail     |           |         |           |
| TaskExpired     |         | fail              | fail              |           |         |           |
| TimerFired      |         | fail or expire    | fail or expire    |           |         |           |
| CancelRequested | cancel  | cancel            | cancel            | refused   | refused |           |
| PauseRequested  | refused | pause             |                   | refused   | refused | refused   |
| ResumeRequested | refused |                   | resume            | refused   | refused | refused   |
| RetryRequested  | refused | refused           | refused           | refused   | requeue | requeue   |
| RerunRequested  | refused | refused           | refused           | requeue   | requeue | requeue   |

An empty cell is an event that came too late, or says what is so already: nothing follows.
"""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mainspring.models.contract import (
    CancelRequested,
    Event,
    Failure,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    Signal,
    Started,
    TaskCompleted,
    TaskExpired,
    TaskFailed,
    TaskLost,
    TimerFired,
)
from mainspring.models.retry import deadline_failure, lost_failure, retry_delay
from mainspring.models.task.document import TaskPlan
from mainspring.models.task.state import (
    CANCELLED,
    COMPLETED,
    CREATED,
    FAILED,
    PAUSED,
    RUNNING,
    STATUS_NAMES,
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

Decisions = Sequence[TaskDecision] | Refusal

NOTHING: tuple[TaskDecision, ...] = ()
COMPLETED_ALONE = (Completed(),)
LIVE = (RUNNING, PAUSED)
ENDED = (COMPLETED, FAILED, CANCELLED)


def decide(plan: TaskPlan, state: TaskState, event: Event, at: float) -> Decisions:
    """Choose what follows from an event; touches nothing."""
    choose = _CHOOSE.get(type(event))
    return choose(plan, state, event, at) if choose is not None else NOTHING


def _started(plan: TaskPlan, state: TaskState, event: Started, at: float) -> Decisions:
    if state.status != CREATED:
        return NOTHING
    return (Queued(max(at, event.not_before) + plan.delay_s),)


def _task_completed(plan: TaskPlan, state: TaskState, event: TaskCompleted, at: float) -> Decisions:
    return COMPLETED_ALONE if _is_awaited(state, event.key) else NOTHING


def _task_failed(plan: TaskPlan, state: TaskState, event: TaskFailed, at: float) -> Decisions:
    if not _is_awaited(state, event.key):
        return NOTHING
    delay_s = retry_delay(
        plan.retry, event.error, retries=event.attempt - 1 - state.lost, instance=state.instance, key=event.key
    )
    return (Failed(),) if delay_s is None else (Retried(at + delay_s),)


def _task_lost(plan: TaskPlan, state: TaskState, event: TaskLost, at: float) -> Decisions:
    if not _is_awaited(state, event.key):
        return NOTHING
    return (Failed(lost_failure(event)),) if event.final else (Retried(at),)


def _task_expired(plan: TaskPlan, state: TaskState, event: TaskExpired, at: float) -> Decisions:
    if not _is_awaited(state, event.key):
        return NOTHING
    text = (
        f"no worker had begun it {state.expires_s:g} s after it could have begun, and then it was not wanted any more"
    )
    return (Failed(Failure("TaskExpiredError", text)),)


def _timer_fired(plan: TaskPlan, state: TaskState, event: TimerFired, at: float) -> Decisions:
    if state.status in LIVE and event.key == state.expiry_key:
        return (Expired(),)
    if state.status not in LIVE or event.key != state.deadline_key or plan.deadline_s is None:
        return NOTHING
    error: Failure = deadline_failure(plan.deadline_s)
    return (Failed(error),)


def _cancel(plan: TaskPlan, state: TaskState, event: CancelRequested, at: float) -> Decisions:
    if state.status == CANCELLED:
        return NOTHING
    if state.status in ENDED:
        return Refusal(f"it has {STATUS_NAMES[state.status]} already; there is nothing left to cancel")
    return (Cancelled(event.reason),)


def _pause(plan: TaskPlan, state: TaskState, event: PauseRequested, at: float) -> Decisions:
    if state.status == PAUSED:
        return NOTHING
    if state.status != RUNNING:
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what is running can be paused")
    return (Paused(),)


def _resume(plan: TaskPlan, state: TaskState, event: ResumeRequested, at: float) -> Decisions:
    if state.status == RUNNING:
        return NOTHING
    if state.status != PAUSED:
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what is paused can be resumed")
    return (Resumed(),)


def _retry(plan: TaskPlan, state: TaskState, event: RetryRequested, at: float) -> Decisions:
    if state.status not in (FAILED, CANCELLED):
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what has failed or was cancelled can be retried")
    return (Requeued(at),)


def _rerun(plan: TaskPlan, state: TaskState, event: RerunRequested, at: float) -> Decisions:
    if event.node != "task":
        return Refusal(f"it has no node {event.node!r}; its only one is 'task'")
    if state.status not in ENDED:
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what has ended can be run again")
    return (Requeued(at),)


def _signal(plan: TaskPlan, state: TaskState, event: Signal, at: float) -> Decisions:
    return Refusal(f"it is a task, which takes no event {event.name!r}; state machines do")


def _is_awaited(state: TaskState, key: str) -> bool:
    return state.status in LIVE and key == state.key


_CHOOSE: dict[type[Event], Callable[[TaskPlan, TaskState, Any, float], Decisions]] = {
    Started: _started,
    TaskCompleted: _task_completed,
    TaskFailed: _task_failed,
    TaskLost: _task_lost,
    TaskExpired: _task_expired,
    TimerFired: _timer_fired,
    CancelRequested: _cancel,
    PauseRequested: _pause,
    ResumeRequested: _resume,
    RetryRequested: _retry,
    RerunRequested: _rerun,
    Signal: _signal,
}
