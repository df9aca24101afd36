"""What follows from an event, for a workflow: one row per event.

What comes too late, or says what is so already, is answered with no decisions; what makes no sense with a `Refusal`.
"""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mainspring.errors import InstanceCancelledError, PayloadInvalidError, TaskTimeoutError
from mainspring.models.contract import (
    CancelRequested,
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
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
    TaskFailed,
    TaskLost,
    TimerFired,
)
from mainspring.models.retry import Retry, deadline_failure, failure_of, lost_failure, retry_delay
from mainspring.models.workflow import items, steer
from mainspring.models.workflow.decisions import (
    Accepted,
    Begun,
    Completed,
    Failed,
    NodeCompleted,
    NodesStarted,
    TaskRetried,
    WorkflowDecision,
)
from mainspring.models.workflow.document import SLEEP
from mainspring.models.workflow.ending import settle, stop
from mainspring.models.workflow.plan import Plan
from mainspring.models.workflow.state import (
    ACTIVE,
    CREATED,
    PAUSED,
    RUNNING,
    START_TIMER,
    State,
)
from mainspring.models.workflow.wave import Wave

Decisions = Sequence[WorkflowDecision] | Refusal

NOTHING: tuple[WorkflowDecision, ...] = ()


def decide(plan: Plan, state: State, event: Event, at: float) -> Decisions:
    """Choose what follows from an event; touches nothing."""
    choose = _CHOOSE.get(type(event))
    return choose(plan, state, event, at) if choose is not None else NOTHING


# --- The start --------------------------------------------------------------------------------


def _started(plan: Plan, state: State, event: Started, at: float) -> Decisions:
    if state.status != CREATED:
        return NOTHING
    try:
        plan.inputs.check(event.input)
    except PayloadInvalidError as error:
        return (Failed(failure_of(error)),)
    if event.not_before > at:
        return (Accepted(event.not_before),)
    return (Accepted(), *_begin(plan, state, event))


def _begin(plan: Plan, state: State, event: Started | None) -> list[WorkflowDecision]:
    wave = Wave(plan, state)
    wave.is_held = state.status == PAUSED
    if event is not None:
        wave.set_inputs(plan.inputs.read(event.input))
    wave.note(Begun())
    for index in plan.roots:
        wave.consider(index)
    wave.spread()
    return settle(wave)


# --- Ends of tasks and children ---------------------------------------------------------------


def _completed(plan: Plan, state: State, event: TaskCompleted | ChildCompleted, at: float) -> Decisions:
    if state.calm:
        index = plan.index.get(event.key)
        if (
            index is not None
            and plan.is_smooth[index]
            and state.statuses[index] == ACTIVE
            and index not in state.rounds
        ):
            return _completed_smoothly(plan, state, index)
    found = state.locate(plan, event.key)
    if found is None:
        return _told(state, event.key)
    number, item = found
    if item >= 0:
        return items.completed(plan, state, number, item, event)
    wave = Wave(plan, state)
    wave.complete(number, lambda: event.output)
    wave.spread()
    return settle(wave)


def _completed_smoothly(plan: Plan, state: State, index: int) -> Decisions:
    """The hot path: all has gone well, and whatever comes next only waits for its parents.

    It says the same as a wave would; the test of both beside each other is its reason to exist.
    """
    done = NodeCompleted(plan.keys[index])
    waiting, keys = state.waiting, plan.keys
    ready = [keys[child] for child in plan.successors[index] if waiting[child] == 1]
    if ready:
        return (done, NodesStarted(tuple(ready)))
    if state.open > 1:
        return (done,)
    return (done, Completed())


def _failed(plan: Plan, state: State, event: TaskFailed, at: float) -> Decisions:
    key = event.key
    found = state.locate(plan, key)
    retry = _retry_of(plan, state, found, key)
    if retry is None:
        return NOTHING
    retries = event.attempt - 1 - state.lost.get(key, 0)
    delay_s = retry_delay(retry, event.error, retries=retries, instance=state.instance, key=key)
    if delay_s is not None:
        return (TaskRetried(at + delay_s),)
    return _failed_for_good(plan, state, found, event.error, is_of_event=True)


def _lost(plan: Plan, state: State, event: TaskLost, at: float) -> Decisions:
    found = state.locate(plan, event.key)
    if _retry_of(plan, state, found, event.key) is None:
        return NOTHING
    if not event.final:
        return (TaskRetried(at),)
    return _failed_for_good(plan, state, found, lost_failure(event))


def _child_failed(plan: Plan, state: State, event: ChildFailed, at: float) -> Decisions:
    found = state.locate(plan, event.key)
    return NOTHING if found is None else _failed_for_good(plan, state, found, event.error, is_of_event=True)


def _child_cancelled(plan: Plan, state: State, event: ChildCancelled, at: float) -> Decisions:
    found = state.locate(plan, event.key)
    error = failure_of(InstanceCancelledError(event.key, event.reason))
    return NOTHING if found is None else _failed_for_good(plan, state, found, error)


def _failed_for_good(
    plan: Plan, state: State, found: tuple[int, int] | None, error: Failure, is_of_event: bool = False
) -> Decisions:
    if found is None:
        return _told(state, state.telling_key())
    index, item = found
    if item >= 0:
        return items.failed(plan, state, index, item, error, is_of_event)
    wave = Wave(plan, state)
    wave.fail(index, error, is_of_event)
    wave.spread()
    return settle(wave)


def _retry_of(plan: Plan, state: State, found: tuple[int, int] | None, key: str) -> Retry | None:
    """The policy of what runs under this key; None when nothing does."""
    if found is not None:
        return plan.nodes[found[0]].retry
    if plan.on_failure is not None and state.is_telling and key == state.telling_key():
        return plan.on_failure.retry
    return None


def _told(state: State, key: str) -> Decisions:
    """`on_failure` has been told, or could not be; the instance fails of what it was going to fail of."""
    if state.failure is None or not state.is_telling or key != state.telling_key():
        return NOTHING
    return (Failed(state.failure),)


# --- Timers -----------------------------------------------------------------------------------


def _timer_fired(plan: Plan, state: State, event: TimerFired, at: float) -> Decisions:
    if state.status not in (RUNNING, PAUSED) or state.failure is not None:
        return NOTHING
    if event.key == START_TIMER:
        return NOTHING if state.is_begun else _begin(plan, state, None)
    if event.key == state.timeout_key():
        return _timed_out(plan, state)
    index = state.is_deadline(plan, event.key)
    if index is not None:
        return _deadline_passed(plan, state, index)
    found = state.locate(plan, event.key)
    if found is None or plan.nodes[found[0]].kind != SLEEP:
        return NOTHING
    wave = Wave(plan, state)
    wave.complete(found[0], _nothing)
    wave.spread()
    return settle(wave)


def _timed_out(plan: Plan, state: State) -> Decisions:
    wave = Wave(plan, state)
    message = f"workflow {plan.name!r} took longer than its timeout_s of {plan.timeout_s:g} s"
    return stop(wave, failure_of(TaskTimeoutError(message)))


def _deadline_passed(plan: Plan, state: State, index: int) -> Decisions:
    deadline_s = plan.nodes[index].deadline_s
    assert deadline_s is not None
    wave = Wave(plan, state)
    wave.fail(index, deadline_failure(deadline_s))
    wave.spread()
    return settle(wave)


def _nothing() -> bytes:
    return b"null"


_CHOOSE: dict[type[Event], Callable[[Plan, State, Any, float], Decisions]] = {
    Started: _started,
    TaskCompleted: _completed,
    TaskFailed: _failed,
    TaskLost: _lost,
    ChildCompleted: _completed,
    ChildFailed: _child_failed,
    ChildCancelled: _child_cancelled,
    TimerFired: _timer_fired,
    CancelRequested: steer.cancel,
    PauseRequested: steer.pause,
    ResumeRequested: steer.resume,
    RetryRequested: steer.retry,
    RerunRequested: steer.rerun,
    Signal: steer.signal,
}
