"""How a decision changes the state of a schedule, and what it asks of the kernel."""

# ruff: noqa: ARG001, ARG005 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from msgspec import Raw, json, structs

from mainspring.models.contract import (
    Cancel,
    CancelRequested,
    CancelTimer,
    Command,
    Complete,
    Event,
    Pause,
    Resume,
    SendTo,
    SetTimer,
    Signal,
    Started,
    StartInstance,
)
from mainspring.models.schedule.settings import decode_settings
from mainspring.models.schedule.state import (
    CANCELLED,
    COMPLETED,
    NEXT_KEY,
    PAUSED,
    RUNNING,
    RUNS_KEPT,
    Backfilling,
    Cancelled,
    Completed,
    Defined,
    Ended,
    Fired,
    Missed,
    Moved,
    Outcome,
    Paused,
    Queued,
    Resumed,
    Run,
    ScheduleDecision,
    ScheduleState,
    Skipped,
    Stopped,
    Waits,
)
from mainspring.models.schedule.timetable import timetable_of

# --- The fold ---------------------------------------------------------------------------------


def evolve(plan: None, state: ScheduleState, event: Any, decision: Any, at: float) -> None:
    """Record one decision; chooses nothing."""
    _RECORD[type(decision)](state, event, decision, at)


def _define(state: ScheduleState, event: Started | Signal, decision: Defined, at: float) -> None:
    state.settings = event.input if isinstance(event, Started) else event.data
    state.anchor, state.cursor, state.zones = decision.anchor, decision.cursor, decision.zones
    if state.status != PAUSED:
        _run_on(state)


def _fire(state: ScheduleState, event: Any, decision: Fired, at: float) -> None:
    key = decision.key
    state.queue = tuple(run for run in state.queue if run.key != key)
    state.active = {**state.active, key: Run(key, decision.occurrence, at)}
    if "backfill-" in key:
        state.counts.backfilled += 1
    elif key.startswith("trigger-"):
        state.counts.triggered += 1
        _number(state, key)
    else:
        state.counts.fired += 1
    if decision.due_at is not None:
        state.lateness.add(max(0.0, at - decision.due_at))


def _skip(state: ScheduleState, event: Any, decision: Skipped, at: float) -> None:
    state.queue = tuple(run for run in state.queue if run.key != decision.key)
    state.counts.skipped += 1


def _miss(state: ScheduleState, event: Any, decision: Missed, at: float) -> None:
    state.counts.missed += decision.number
    state.counts.missed_is_least |= decision.is_least


def _queue(state: ScheduleState, event: Any, decision: Queued, at: float) -> None:
    state.queue = (*state.queue, Run(decision.key, decision.occurrence))
    _number(state, decision.key)


def _stop(state: ScheduleState, event: Any, decision: Stopped, at: float) -> None:
    for key in decision.keys if decision.is_forgotten else ():
        _record_end(state, key, "cancelled", at)


def _wait(state: ScheduleState, event: Any, decision: Waits, at: float) -> None:
    state.cursor, state.next, state.due_at = decision.cursor, decision.next, decision.due_at
    state.moved_from = None


def _end(state: ScheduleState, event: Any, decision: Ended, at: float) -> None:
    state.failures = state.failures + 1 if decision.outcome == "failed" else 0
    _record_end(state, decision.key, decision.outcome, at)


def _move(state: ScheduleState, event: Any, decision: Moved, at: float) -> None:
    state.zones, state.next, state.due_at = decision.zones, decision.next, decision.due_at
    state.moved_from = None if decision.before == decision.next else decision.before


def _backfill(state: ScheduleState, event: Any, decision: Backfilling, at: float) -> None:
    if decision.key not in state.backfills and decision.backfill is not None:
        state.backfill_count += 1
    left = {key: backfill for key, backfill in state.backfills.items() if key != decision.key}
    state.backfills = left if decision.backfill is None else {**left, decision.key: decision.backfill}


def _pause(state: ScheduleState, event: Any, decision: Paused, at: float) -> None:
    state.status, state.reason, state.by, state.paused_at = PAUSED, decision.reason, decision.by, at


def _resume(state: ScheduleState, event: Any, decision: Resumed, at: float) -> None:
    _run_on(state)
    state.failures = 0


def _run_on(state: ScheduleState) -> None:
    state.status, state.reason, state.by, state.paused_at = RUNNING, "", "", None


def _complete(state: ScheduleState, event: Any, decision: Completed, at: float) -> None:
    state.status = COMPLETED


def _cancel(state: ScheduleState, event: Any, decision: Cancelled, at: float) -> None:
    """What runs goes on by itself; nobody tells of its end any more."""
    state.status, state.next = CANCELLED, None
    state.active, state.queue, state.backfills = {}, (), {}


def _record_end(state: ScheduleState, key: str, outcome: Outcome, at: float) -> None:
    run = structs.replace(state.active[key], ended_at=at, outcome=outcome)
    state.active = {other: each for other, each in state.active.items() if other != key}
    state.last = (*state.last, run)[-RUNS_KEPT:]
    setattr(state.counts, outcome, getattr(state.counts, outcome) + 1)


def _number(state: ScheduleState, key: str) -> None:
    """Remember the number of a trigger, so that no other gets it."""
    if key.startswith("trigger-"):
        state.triggers = max(state.triggers, int(key.removeprefix("trigger-")))


_RECORD: dict[type, Callable[[ScheduleState, Any, Any, float], None]] = {
    Defined: _define,
    Fired: _fire,
    Skipped: _skip,
    Missed: _miss,
    Queued: _queue,
    Stopped: _stop,
    Waits: _wait,
    Ended: _end,
    Moved: _move,
    Backfilling: _backfill,
    Paused: _pause,
    Resumed: _resume,
    Completed: _complete,
    Cancelled: _cancel,
}

# --- The outward part -------------------------------------------------------------------------


def commands(
    plan: None, state: ScheduleState, event: Event, decision: ScheduleDecision, at: float
) -> Iterable[Command]:
    """What a decision asks of the kernel."""
    ask = _COMMANDS.get(type(decision))
    return () if ask is None else ask(state, event, decision, at)


def _start(state: ScheduleState, event: Event, decision: Fired, at: float) -> Iterable[Command]:
    target, id = decode_settings(bytes(state.settings)).target, state.id_of(decision.key)
    input = bytes(target.input)
    if target.occurrence_in:
        told = timetable_of(bytes(state.settings), state.anchor).told(decision.occurrence)
        input = json.encode(json.decode(input) | dict.fromkeys(target.occurrence_in, told))
    if not target.model:
        return (SendTo(decision.key, target.name, Signal(target.event, Raw(input), id)),)
    newest = ("", "") if target.digest else (target.model, target.name)
    return (
        StartInstance(
            decision.key,
            target.digest,
            input,
            target.priority,
            newest=newest,
            public_id=id,
            entry=target.entry,
            is_detached=True,
        ),
    )


def _ask_to_stop(state: ScheduleState, event: Event, decision: Stopped, at: float) -> Iterator[Command]:
    for key in decision.keys:
        yield SendTo("", state.id_of(key), CancelRequested(f"another occurrence of {state.instance} has come"))


def _set_timers(state: ScheduleState, at: float) -> Iterator[Command]:
    if state.next is not None:
        yield SetTimer(NEXT_KEY, state.due_at)
    yield from (SetTimer(key, at) for key in state.backfills)


def _set_next(state: ScheduleState, event: Event, decision: Waits | Moved, at: float) -> Iterable[Command]:
    if state.status == PAUSED:
        return ()
    return (CancelTimer(NEXT_KEY),) if state.next is None else (SetTimer(NEXT_KEY, state.due_at),)


def _set_backfill(state: ScheduleState, event: Event, decision: Backfilling, at: float) -> Iterable[Command]:
    return () if decision.backfill is None else (SetTimer(decision.key, decision.at),)


def _hold(state: ScheduleState, event: Event, decision: Paused, at: float) -> Iterator[Command]:
    yield Pause()
    yield CancelTimer(NEXT_KEY)
    yield from (CancelTimer(key) for key in state.backfills)


_COMMANDS: dict[type, Callable[[ScheduleState, Any, Any, float], Iterable[Command]]] = {
    # An update gives one that has ended a new life.
    Defined: lambda state, event, decision, at: (
        (Resume(),) if isinstance(event, Signal) and state.status == RUNNING else ()
    ),
    Fired: _start,
    Stopped: _ask_to_stop,
    Waits: _set_next,
    Moved: _set_next,
    Backfilling: _set_backfill,
    Paused: _hold,
    Resumed: lambda state, event, decision, at: (Resume(), *_set_timers(state, at)),
    Completed: lambda state, event, decision, at: (Complete(json.encode(state.counts)),),
    Cancelled: lambda state, event, decision, at: (Cancel(decision.reason),),
}
