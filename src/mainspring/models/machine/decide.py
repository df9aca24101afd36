"""What follows from an event, for a durable machine.

| event                  | created | running        | paused  | ended   |
|------------------------|---------|----------------|---------|---------|
| Started                | begin   |                |         |         |
| Signal                 | refused | run or refused | refused | refused |
| TimerFired, Task…      |         | run            | keep    |         |
| Child…, Message        |         | run            | keep    |         |
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
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
    Event,
    Failure,
    Message,
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
from mainspring.models.machine.actions import SCXML_PROCESSOR
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.event import PLATFORM, MachineEvent
from mainspring.models.machine.state import (
    BEGIN_KEY,
    CANCELLED,
    CREATED,
    DEPTH_MAX,
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
    Passed,
    Paused,
    Postponed,
    Resumed,
    Retried,
    Sent,
)
from mainspring.models.machine.stepping import Refused, advance, begin, id_of, key_of
from mainspring.models.retry import failure_of, lost_failure, retry_delay

Decisions = Sequence[MachineDecision] | Refusal

UNHANDLED = (MachineFailedError, MachineEndlessError)
"""What stops a machine."""

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
    if event.depth > DEPTH_MAX:
        return (Failed(Failure("MachineEndlessError", f"more than {DEPTH_MAX} machines invoke each other")),)
    if event.parent_key:
        state = structs.replace(state, has_parent=True)
    return _begin(chart, state, at, msgspec.json.decode(event.input))


def _begin(chart: Chart, state: MachineState, at: float, values: dict[str, Any]) -> tuple[MachineDecision, ...]:
    try:
        return (begin(chart, state, at, values),)
    except UNHANDLED as error:
        return (Failed(failure_of(error)),)


def _signal(chart: Chart, state: MachineState, event: Signal, at: float) -> Decisions:
    if event.id and event.id in state.told:
        return NOTHING
    if state.status != RUNNING or not state.configuration:
        return Refusal(f"it takes no event {event.name!r}: it is {_status(state)}")
    made = MachineEvent(event.name, msgspec.json.decode(event.data))
    try:
        ran, refused = advance(chart, state, at, (*state.waiting, made))
    except UNHANDLED as error:
        return (Failed(failure_of(error)),)
    if refused is not None and chart.plan.document.strict:
        return Refusal(str(refused))
    return (ran if refused is None else structs.replace(ran, reason=str(refused)),)


def _timer_fired(chart: Chart, state: MachineState, event: TimerFired, at: float) -> Decisions:
    if event.key == BEGIN_KEY and state.status == RUNNING and not state.configuration:
        return _begin(chart, state, at, msgspec.json.decode(state.input))
    timer = state.timers.get(event.key)
    if timer is None:
        return NOTHING
    if not timer.target:
        return _arrived(chart, state, timer.event, at)[0]
    key = key_of(state.calls, timer.target)
    return (Passed(None if key is None else Sent(key, timer.event)),)


# --- What runs for a state --------------------------------------------------------------------


def _task_completed(chart: Chart, state: MachineState, event: TaskCompleted, at: float) -> Decisions:
    return NOTHING if _called(state, event.key) is None else _child_completed(chart, state, event, at)


def _child_completed(chart: Chart, state: MachineState, event: TaskCompleted | ChildCompleted, at: float) -> Decisions:
    """Also where its state was left meanwhile: it had ended before it could be cancelled (6.4.3)."""
    id = id_of(event.key)
    done = MachineEvent(f"done.invoke.{id}", msgspec.json.decode(event.output), invoke_id=id)
    return _arrived(chart, state, done, at)[0]


def _task_failed(chart: Chart, state: MachineState, event: TaskFailed, at: float) -> Decisions:
    id = _called(state, event.key)
    if id is None:
        return NOTHING
    called = state.calls[id]
    used = event.attempt - 1 - called.lost_count
    policy = chart.plan.calls[called.number].retry
    delay_s = retry_delay(policy, event.error, retries=used, instance=state.instance, key=event.key)
    return _broke(chart, state, event.key, event.error, at) if delay_s is None else (Again(event.key, at + delay_s),)


def _child_failed(chart: Chart, state: MachineState, event: ChildFailed, at: float) -> Decisions:
    return _broke(chart, state, event.key, event.error, at)


def _cancelled(chart: Chart, state: MachineState, event: ChildCancelled, at: float) -> Decisions:
    error = Failure("InstanceCancelledError", event.reason or "it was cancelled")
    return _broke(chart, state, event.key, error, at)


def _task_lost(chart: Chart, state: MachineState, event: TaskLost, at: float) -> Decisions:
    if _called(state, event.key) is None:
        return NOTHING
    return _broke(chart, state, event.key, lost_failure(event), at) if event.final else (Again(event.key, at),)


def _broke(chart: Chart, state: MachineState, key: str, error: Failure, at: float) -> Decisions:
    """What was invoked failed: an event, and where a strict machine does not take it, the end."""
    id = _called(state, key)
    if id is None:
        return NOTHING
    data = {"type": error.type, "message": error.message}
    decisions, refused = _arrived(chart, state, MachineEvent(f"error.invoke.{id}", data, PLATFORM, invoke_id=id), at)
    if refused is not None and chart.plan.document.strict:
        return (Failed(structs.replace(error, node=id)),)
    return decisions


def _message(chart: Chart, state: MachineState, event: Message, at: float) -> Decisions:
    """What another machine has sent; it can be answered where it says that it came from (C.1)."""
    id = _called(state, event.key) if event.key else ""
    if id is None:
        return NOTHING  # what was left has nothing to say any more (6.4)
    made = MachineEvent(
        event.name,
        msgspec.json.decode(event.data),
        send_id=event.id,
        origin=f"#_{id}" if id else "#_parent",
        origin_type=SCXML_PROCESSOR,
        invoke_id=id,
    )
    return _arrived(chart, state, made, at)[0]


def _arrived(chart: Chart, state: MachineState, event: MachineEvent, at: float) -> tuple[Decisions, Refused | None]:
    """An event that nobody waits for an answer to; the journal tells where no transition takes it."""
    if state.status == PAUSED:
        return (Kept(event),), None
    if state.status != RUNNING:
        return NOTHING, None
    try:
        ran, refused = advance(chart, state, at, (*state.waiting, event))
    except UNHANDLED as error:
        return (Failed(failure_of(error), event),), None
    return (ran if refused is None else structs.replace(ran, reason=str(refused)),), refused


# --- Steering ---------------------------------------------------------------------------------


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
    if not state.configuration:
        return (Resumed(), Postponed(state.begin_at))  # its time may have come meanwhile
    return (Resumed(), *_take_kept(chart, state, at))


def _retry(chart: Chart, state: MachineState, event: RetryRequested, at: float) -> Decisions:
    """From the configuration that was kept: what runs for its states begins anew, what came and failed comes again."""
    if state.status != FAILED:
        return Refusal(f"it is {_status(state)}; only a machine that has failed can be retried")
    if not state.configuration:
        return (Retried(), *_begin(chart, state, at, msgspec.json.decode(state.input)))
    counter, calls = state.counter, dict[str, Called]()
    for id, called in state.calls.items():
        counter += 1
        calls[id] = structs.replace(called, key=f"{id}.{counter}")
    again = structs.replace(state, calls=calls, counter=counter)
    return (Retried(calls, counter), *_take_kept(chart, again, at))


def _take_kept(chart: Chart, state: MachineState, at: float) -> tuple[MachineDecision, ...]:
    if not state.waiting:
        return ()
    try:
        ran, refused = advance(chart, state, at, state.waiting)
    except UNHANDLED as error:
        return (Failed(failure_of(error)),)
    return (ran if refused is None else structs.replace(ran, reason=str(refused)),)


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
    ChildCompleted: _child_completed,
    ChildFailed: _child_failed,
    ChildCancelled: _cancelled,
    Message: _message,
    CancelRequested: _cancel,
    PauseRequested: _pause,
    ResumeRequested: _resume,
    RetryRequested: _retry,
    RerunRequested: _rerun,
}
