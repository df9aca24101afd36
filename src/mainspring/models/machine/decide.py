"""What follows from an event, for a durable machine.

| event                  | created | running        | paused  | ended   |
|------------------------|---------|----------------|---------|---------|
| Started                | begin   |                |         |         |
| Signal                 | refused | run or refused | refused | refused |
| TimerFired, Task…      |         | run            | keep    |         |
| CancelRequested        | cancel  | cancel         | cancel  | refused |
| PauseRequested         | refused | pause          |         | refused |
| ResumeRequested        | refused |                | resume  | refused |
| RetryRequested         | refused | refused        | refused | retry if it failed |
| RerunRequested         | refused | refused        | refused | refused |

A signal whose id is known already changes nothing; its sender is told the first outcome again.
"""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import structs

from mainspring.errors import MachineEndlessError, MachineFailedError
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
    TaskFailed,
    TaskLost,
    TimerFired,
)
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.state import (
    BEGIN_KEY,
    CANCELLED,
    CREATED,
    FAILED,
    PAUSED,
    RUNNING,
    STATUS_NAMES,
    Again,
    Called,
    Cancelled,
    Failed,
    Kept,
    MachineDecision,
    MachineState,
    Paused,
    Postponed,
    Resumed,
    Retried,
)
from mainspring.models.machine.stepping import Refused, advance, begin
from mainspring.models.retry import failure_of, lost_failure

Decisions = Sequence[MachineDecision] | Refusal

NOTHING: tuple[MachineDecision, ...] = ()


def decide(chart: Chart, state: MachineState, event: Event, at: float) -> Decisions:
    """Choose what follows from an event; touches nothing."""
    choose = _CHOOSE.get(type(event))
    return choose(chart, state, event, at) if choose is not None else NOTHING


def _started(chart: Chart, state: MachineState, event: Started, at: float) -> Decisions:
    if state.status != CREATED:
        return NOTHING
    if event.not_before > at:
        return (Postponed(event.not_before),)
    return _begin(chart, state, at, msgspec.json.decode(event.input))


def _begin(chart: Chart, state: MachineState, at: float, values: dict[str, Any]) -> Decisions:
    try:
        return (begin(chart, state, at, values),)
    except (MachineFailedError, MachineEndlessError) as error:
        return (Failed(failure_of(error)),)


def _signal(chart: Chart, state: MachineState, event: Signal, at: float) -> Decisions:
    if event.id and event.id in state.told:
        return NOTHING
    if state.status != RUNNING or not state.configuration:
        return Refusal(f"it takes no event {event.name!r}: it is {_status(state)}")
    made = MachineEvent(event.name, msgspec.json.decode(event.data))
    try:
        ran, refused = advance(chart, state, at, (*state.waiting, made))
    except (MachineFailedError, MachineEndlessError) as error:
        return (Failed(failure_of(error)),)
    if refused is not None and chart.plan.document.strict:
        return Refusal(str(refused))
    return (ran if refused is None else structs.replace(ran, reason=str(refused)),)


def _timer_fired(chart: Chart, state: MachineState, event: TimerFired, at: float) -> Decisions:
    if event.key == BEGIN_KEY and state.status == RUNNING and not state.configuration:
        return _begin(chart, state, at, msgspec.json.decode(state.input))
    timer = state.timers.get(event.key)
    return NOTHING if timer is None else _arrived(chart, state, timer.event, at)[0]


def _task_completed(chart: Chart, state: MachineState, event: TaskCompleted, at: float) -> Decisions:
    id = _called(state, event.key)
    if id is None:
        return NOTHING
    done = MachineEvent(f"done.invoke.{id}", msgspec.json.decode(event.output), invoke_id=id)
    return _arrived(chart, state, done, at)[0]


def _task_failed(chart: Chart, state: MachineState, event: TaskFailed, at: float) -> Decisions:
    id = _called(state, event.key)
    return NOTHING if id is None else _failed(chart, state, id, event.error, at)


def _task_lost(chart: Chart, state: MachineState, event: TaskLost, at: float) -> Decisions:
    id = _called(state, event.key)
    if id is None:
        return NOTHING
    return _failed(chart, state, id, lost_failure(event), at) if event.final else (Again(event.key, at),)


def _failed(chart: Chart, state: MachineState, id: str, error: Failure, at: float) -> Decisions:
    """What was invoked failed: an event, and where a strict machine does not take it, the end."""
    data = {"type": error.type, "message": error.message}
    decisions, refused = _arrived(chart, state, MachineEvent(f"error.invoke.{id}", data, invoke_id=id), at)
    if refused is not None and chart.plan.document.strict:
        return (Failed(structs.replace(error, node=id)),)
    return decisions


def _arrived(chart: Chart, state: MachineState, event: MachineEvent, at: float) -> tuple[Decisions, Refused | None]:
    """An event that nobody waits for an answer to: a timer's or a task's."""
    if state.status == PAUSED:
        return (Kept(event),), None
    if state.status != RUNNING:
        return NOTHING, None
    try:
        ran, refused = advance(chart, state, at, (*state.waiting, event))
    except (MachineFailedError, MachineEndlessError) as error:
        return (Failed(failure_of(error)),), None
    return (ran,), refused


def _cancel(chart: Chart, state: MachineState, event: CancelRequested, at: float) -> Decisions:
    if state.status == CANCELLED:
        return NOTHING
    if state.status > PAUSED:
        return Refusal(f"it has {_status(state)} already; there is nothing left to cancel")
    return (Cancelled(event.reason),)


def _pause(chart: Chart, state: MachineState, event: PauseRequested, at: float) -> Decisions:
    if state.status == PAUSED:
        return NOTHING
    return (Paused(),) if state.status == RUNNING else Refusal(f"it is {_status(state)}; only what runs can be paused")


def _resume(chart: Chart, state: MachineState, event: ResumeRequested, at: float) -> Decisions:
    if state.status == RUNNING:
        return NOTHING
    if state.status != PAUSED:
        return Refusal(f"it is {_status(state)}; only what is paused can be resumed")
    if not state.waiting:
        return (Resumed(),)
    try:
        ran, _ = advance(chart, state, at, state.waiting)
    except (MachineFailedError, MachineEndlessError) as error:
        return (Resumed(), Failed(failure_of(error)))
    return (Resumed(), ran)


def _retry(chart: Chart, state: MachineState, event: RetryRequested, at: float) -> Decisions:
    if state.status != FAILED:
        return Refusal(f"it is {_status(state)}; only a machine that has failed can be retried")
    if not state.configuration:
        return _begin(chart, state, at, msgspec.json.decode(state.input))
    counter, calls = state.counter, dict[str, Called]()
    for id, called in state.calls.items():
        counter += 1
        calls[id] = structs.replace(called, key=f"{id}.{counter}")
    return (Retried(calls, counter),)


def _rerun(chart: Chart, state: MachineState, event: RerunRequested, at: float) -> Decisions:
    return Refusal("a machine has no nodes to run again; send it an event")


def _called(state: MachineState, key: str) -> str | None:
    """The invocation that a task belongs to."""
    return next((id for id, called in state.calls.items() if called.key == key), None)


def _status(state: MachineState) -> str:
    return STATUS_NAMES[state.status]


_CHOOSE: dict[type[Event], Callable[[Chart, MachineState, Any, float], Decisions]] = {
    Started: _started,
    Signal: _signal,
    TimerFired: _timer_fired,
    TaskCompleted: _task_completed,
    TaskFailed: _task_failed,
    TaskLost: _task_lost,
    CancelRequested: _cancel,
    PauseRequested: _pause,
    ResumeRequested: _resume,
    RetryRequested: _retry,
    RerunRequested: _rerun,
}
