"""How a decision changes the state of a durable machine, and what it asks of the kernel."""

# ruff: noqa: ARG001, ARG005 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from msgspec import structs

from mainspring.models.contract import (
    Cancel,
    CancelInstance,
    CancelTask,
    CancelTimer,
    Command,
    Complete,
    Event,
    Fail,
    HoldTasks,
    Message,
    Pause,
    ReleaseTasks,
    Resume,
    RetryTask,
    Send,
    SetTimer,
    Signal,
    Started,
    StartInstance,
    StartTask,
    TaskLost,
)
from mainspring.models.machine.chart import Chart
from mainspring.models.machine.event import MachineEvent
from mainspring.models.machine.invocation import TASK, deployable_of
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
    Passed,
    Paused,
    Postponed,
    Ran,
    Resumed,
    Retried,
    Sent,
    Timer,
)
from mainspring.models.machine.stepping import encode, id_of

# --- The fold ---------------------------------------------------------------------------------


def evolve(chart: Chart, state: MachineState, event: Any, decision: Any, at: float) -> None:
    """Record one decision; chooses nothing."""
    if isinstance(event, Started):
        state.input, state.priority = event.input, event.priority
        state.has_parent, state.depth = bool(event.parent_key), event.depth
    kind = type(decision)
    if kind is Ran:
        _record(state, decision, event)
    elif kind is Kept:
        _keep(state, decision.event, event)
    elif kind is Postponed:
        state.begin_at = decision.ready_at
    elif kind is Again and type(event) is TaskLost:
        id = id_of(event.key)
        state.calls = {**state.calls, id: structs.replace(state.calls[id], lost_count=state.calls[id].lost_count + 1)}
    elif kind is Passed:
        state.timers = _without(state.timers, event.key)
    elif kind is Retried:
        state.calls, state.counter, state.failure = dict(decision.calls), decision.counter, None
    elif kind is Failed:
        _record_failure(state, decision, event)
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


def _keep(state: MachineState, made: MachineEvent, event: Any) -> None:
    """What can be taken later: what it was about is over."""
    state.waiting = (*state.waiting, made)
    state.timers = _without(state.timers, _over(event))
    state.calls = {id: called for id, called in state.calls.items() if called.key != _over(event)}


def _record_failure(state: MachineState, failed: Failed, event: Any) -> None:
    state.failure = failed.error
    if failed.event is not None:
        _keep(state, failed.event, event)


def _record(state: MachineState, ran: Ran, event: Any) -> None:
    state.configuration, state.memory, state.counter = ran.configuration, ran.memory, ran.counter
    if ran.data:
        state.data = {**state.data, **ran.data}
    if ran.bound:
        state.bound = (*state.bound, *ran.bound)
    if state.timers or ran.timers:
        gone = {*ran.revoked, _over(event)}
        state.timers = {key: timer for key, timer in state.timers.items() if key not in gone} | ran.timers
    if state.calls or ran.calls:
        ended = ran.ended_tasks.keys() | ran.ended_children.keys()
        kept = {id: called for id, called in state.calls.items() if id not in ended}
        state.calls = {id: called for id, called in kept.items() if called.key != _over(event)} | ran.calls
    state.output, state.failure, state.waiting = ran.output, None, ()
    if type(event) is Signal:
        state.last = Outcome(event.name, ran.moves, not ran.reason, ran.reason)
        if event.id:
            state.told[event.id] = state.last
            if len(state.told) > EVENT_IDS_MAX:
                del state.told[next(iter(state.told))]


def _over(event: Any) -> str:
    """The key of the timer, task or child that has ended with an event."""
    return "" if type(event) is Message else getattr(event, "key", "")


def _without(timers: dict[str, Timer], key: str) -> dict[str, Timer]:
    return {own: timer for own, timer in timers.items() if own != key}


# --- The outward part -------------------------------------------------------------------------


def commands(
    chart: Chart, state: MachineState, event: Event, decision: MachineDecision, at: float
) -> Iterable[Command]:
    """What a decision asks of the kernel."""
    return _COMMANDS[type(decision)](chart, state, event, decision, at)


def _run(chart: Chart, state: MachineState, event: Event, decision: Ran, at: float) -> Iterable[Command]:
    asks = decision.timers or decision.revoked or decision.calls or decision.sends or decision.has_ended
    if not (asks or decision.ended_tasks or decision.ended_children):
        return ()
    return _ask(chart, state, event, decision, at)


def _ask(chart: Chart, state: MachineState, event: Event, decision: Ran, at: float) -> Iterator[Command]:
    settled = _over(event)
    yield from (CancelTimer(key) for key in decision.revoked if key != settled)
    yield from (SetTimer(key, timer.ready_at) for key, timer in decision.timers.items())
    yield from (CancelTask(key) for key in decision.ended_tasks.values() if key != settled)
    yield from (CancelInstance(key, "its state was left") for key in decision.ended_children.values() if key != settled)
    yield from _start(chart, state, decision.calls, at)
    yield from (_send(sent) for sent in decision.sends)
    if decision.has_ended:
        yield Complete(encode(decision.output))


def _start(chart: Chart, state: MachineState, calls: Mapping[str, Called], at: float) -> Iterator[Command]:
    for called in calls.values():
        key, input = called.key, bytes(called.input)
        calling = chart.plan.calls[called.number]
        if called.type == TASK:
            yield StartTask(key, calling.task(called.source), input, at, state.priority)
            continue
        made = calling.deployable if called.machine is None else deployable_of(called.machine)
        digest = calling.document.digest if made is None else made.digest
        newest = ("", "") if digest else (called.type, called.source)
        yield StartInstance(key, digest, input, state.priority, newest, made, state.depth + 1)


def _send(sent: Sent) -> Command:
    return Send(sent.key, sent.event.name, encode(sent.event.data), sent.event.send_id)


def _retry(chart: Chart, state: MachineState, event: Event, decision: Retried, at: float) -> Iterator[Command]:
    yield Resume()
    yield from (SetTimer(key, timer.ready_at) for key, timer in state.timers.items())
    yield from _start(chart, state, decision.calls, at)


def _pass(chart: Chart, state: MachineState, event: Event, decision: Passed, at: float) -> Iterable[Command]:
    return () if decision.sent is None else (_send(decision.sent),)


def _again(chart: Chart, state: MachineState, event: Event, decision: Again, at: float) -> Iterable[Command]:
    again = RetryTask(decision.key, decision.ready_at)
    return (again, HoldTasks()) if state.status == PAUSED else (again,)


_COMMANDS: dict[type, Callable[[Chart, MachineState, Any, Any, float], Iterable[Command]]] = {
    Ran: _run,
    Postponed: lambda chart, state, event, decision, at: (SetTimer(BEGIN_KEY, decision.ready_at),),
    Kept: lambda chart, state, event, decision, at: (),
    Passed: _pass,
    Again: _again,
    Failed: lambda chart, state, event, decision, at: (Fail(decision.error),),
    Retried: _retry,
    Cancelled: lambda chart, state, event, decision, at: (Cancel(decision.reason),),
    Paused: lambda chart, state, event, decision, at: (Pause(), HoldTasks()),
    Resumed: lambda chart, state, event, decision, at: (Resume(), ReleaseTasks()),
}
