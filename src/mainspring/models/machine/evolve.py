"""How a decision changes the state of a durable machine, and what it asks of the kernel."""

# ruff: noqa: ARG001, ARG005 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from mainspring.models.contract import (
    Cancel,
    CancelTask,
    CancelTimer,
    Command,
    Complete,
    Event,
    Fail,
    HoldTasks,
    Pause,
    ReleaseTasks,
    Resume,
    RetryRequested,
    RetryTask,
    SetTimer,
    Signal,
    Started,
    StartTask,
    TaskSpec,
)
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.outcome import Outcome
from mainspring.models.machine.state import (
    BEGIN_KEY,
    CANCELLED,
    COMPLETED,
    EVENT_IDS_MAX,
    FAILED,
    PAUSED,
    RUNNING,
    Again,
    Called,
    Cancelled,
    Failed,
    Kept,
    MachineDecision,
    MachineState,
    Paused,
    Postponed,
    Ran,
    Resumed,
    Retried,
)
from mainspring.models.machine.stepping import encode

# --- The fold ---------------------------------------------------------------------------------


def evolve(chart: Chart, state: MachineState, event: Any, decision: Any, at: float) -> None:
    """Record one decision; chooses nothing."""
    if isinstance(event, Started):
        state.input, state.priority = event.input, event.priority
    kind = type(decision)
    if kind is not Failed:
        # What has fired is gone; after a failure it fires once more, when the machine is retried.
        state.timers = {key: timer for key, timer in state.timers.items() if key != _key(event)}
    if kind is Ran:
        _record(state, decision, event)
    elif kind is Kept:
        state.waiting = (*state.waiting, decision.event)
        state.calls = {id: called for id, called in state.calls.items() if called.key != _key(event)}
    elif kind is Retried:
        state.calls, state.counter, state.failure = dict(decision.calls), decision.counter, None
    elif kind is Failed:
        state.failure = decision.error
    state.status = _STATUS_AFTER.get(kind, state.status)
    if kind is Ran and decision.has_ended:
        state.status = COMPLETED


_STATUS_AFTER: dict[type, int] = {
    Ran: RUNNING,
    Postponed: RUNNING,
    Retried: RUNNING,
    Failed: FAILED,
    Cancelled: CANCELLED,
    Paused: PAUSED,
    Resumed: RUNNING,
}


def _record(state: MachineState, ran: Ran, event: Any) -> None:
    state.configuration, state.memory, state.counter = ran.configuration, ran.memory, ran.counter
    if ran.data:
        state.data = {**state.data, **ran.data}
    if ran.bound:
        state.bound = (*state.bound, *ran.bound)
    if state.timers or ran.timers:
        gone = {*ran.revoked, _key(event)}
        state.timers = {key: timer for key, timer in state.timers.items() if key not in gone} | ran.timers
    if state.calls or ran.calls:
        kept = {id: called for id, called in state.calls.items() if id not in ran.ended_calls}
        state.calls = {id: called for id, called in kept.items() if called.key != _key(event)} | ran.calls
    state.output, state.failure, state.waiting = ran.output, None, ()
    if type(event) is Signal:
        state.last = Outcome(event.name, ran.moves, not ran.reason, ran.reason)
        if event.id:
            told = {**state.told, event.id: state.last}
            state.told = dict(list(told.items())[-EVENT_IDS_MAX:])


def _key(event: Any) -> str:
    """Of the timer or the task that an event is about."""
    return getattr(event, "key", "")


# --- The outward part -------------------------------------------------------------------------


def commands(
    chart: Chart, state: MachineState, event: Event, decision: MachineDecision, at: float
) -> Iterable[Command]:
    """What a decision asks of the kernel."""
    return _COMMANDS[type(decision)](state, event, decision, at)


def _run(state: MachineState, event: Event, decision: Ran, at: float) -> Iterator[Command]:
    settled = _key(event)
    if isinstance(event, RetryRequested):
        yield Resume()
    yield from (CancelTimer(key) for key in decision.revoked if key != settled)
    yield from (SetTimer(key, timer.ready_at) for key, timer in decision.timers.items())
    yield from (CancelTask(key) for key in decision.ended_calls.values() if key != settled)
    yield from _tasks(state, decision.calls, at)
    if decision.has_ended:
        yield Complete(encode(decision.output))


def _tasks(state: MachineState, calls: Mapping[str, Called], at: float) -> Iterator[Command]:
    for called in calls.values():
        yield StartTask(called.key, TaskSpec(called.handler), bytes(called.input), at, state.priority)


def _retry(state: MachineState, event: Event, decision: Retried, at: float) -> Iterator[Command]:
    yield Resume()
    yield from (SetTimer(key, timer.ready_at) for key, timer in state.timers.items())
    yield from _tasks(state, decision.calls, at)


def _again(state: MachineState, event: Event, decision: Again, at: float) -> Iterable[Command]:
    again = RetryTask(decision.key, decision.ready_at)
    return (again, HoldTasks()) if state.status == PAUSED else (again,)


_COMMANDS: dict[type, Callable[[MachineState, Any, Any, float], Iterable[Command]]] = {
    Ran: _run,
    Postponed: lambda state, event, decision, at: (SetTimer(BEGIN_KEY, decision.ready_at),),
    Kept: lambda state, event, decision, at: (),
    Again: _again,
    Failed: lambda state, event, decision, at: (Fail(decision.error),),
    Retried: _retry,
    Cancelled: lambda state, event, decision, at: (Cancel(decision.reason),),
    Paused: lambda state, event, decision, at: (Pause(), HoldTasks()),
    Resumed: lambda state, event, decision, at: (Resume(), ReleaseTasks()),
}
