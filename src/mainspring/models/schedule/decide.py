"""What follows from an event, for a schedule.

| event                  | created | running              | paused              | ended   |
|------------------------|---------|----------------------|---------------------|---------|
| Started                | define  |                      |                     |         |
| TimerFired             |         | fire what is due     |                     |         |
| Child…                 |         | note, start the next | note                |         |
| Signal `update`        | refused | define               | define              | define  |
| Signal `trigger`       | refused | fire                 | fire                | refused |
| Signal `backfill`      | refused | start the range      | refused             | refused |
| Signal `zones`         |         | move                 | move                |         |
| PauseRequested         | refused | pause                |                     | refused |
| ResumeRequested        | refused |                      | resume, catch up    | refused |
| CancelRequested        | cancel  | cancel               | cancel              | refused |
| Retry…, RerunRequested | refused | refused              | refused             | refused |

A schedule that never fires again completes when all that it started has ended.
"""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from msgspec import MsgspecError

from mainspring.errors import SettingInvalidError
from mainspring.models.contract import (
    CancelRequested,
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
    Event,
    PauseRequested,
    Refusal,
    RerunRequested,
    ResumeRequested,
    RetryRequested,
    Signal,
    Started,
    TimerFired,
)
from mainspring.models.schedule.admit import Admission
from mainspring.models.schedule.asking import BACKFILL, TRIGGER, UPDATE, ZONES, read_range
from mainspring.models.schedule.civil import TICK_S, zones_version
from mainspring.models.schedule.settings import CATCHUP_MAX
from mainspring.models.schedule.state import (
    CANCELLED,
    CREATED,
    NEXT_KEY,
    PAUSED,
    RUNNING,
    STATUS_NAMES,
    Backfill,
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
    Resumed,
    ScheduleDecision,
    ScheduleState,
    Waits,
)
from mainspring.models.schedule.timetable import Counted, Timetable, timetable_of

Decisions = Sequence[ScheduleDecision] | Refusal

NOTHING: tuple[ScheduleDecision, ...] = ()

GRACE_S = 60.0
"""What is late by less was not missed: a machine that is busy is not one that was off."""


def decide(plan: None, state: ScheduleState, event: Event, at: float) -> Decisions:
    """Choose what follows from an event; touches nothing."""
    choose = _CHOOSE.get(type(event))
    return choose(state, event, at) if choose is not None else NOTHING


# --- Settings ---------------------------------------------------------------------------------


def _started(state: ScheduleState, event: Started, at: float) -> Decisions:
    if state.status != CREATED:
        return NOTHING
    return _define(state, bytes(event.input), at, Admission(state, "skip"))


def _update(state: ScheduleState, event: Signal, at: float) -> Decisions:
    """What is due already, and has only not fired yet, does so by the settings that it became due under."""
    if state.status == CREATED:
        return Refusal("it has not begun yet")
    if bytes(event.data) == bytes(state.settings) and state.status != CANCELLED:
        return NOTHING
    table = _table(state)
    admission = Admission(state, table.settings.overlap)
    due = list(_admit_due(state, table, admission, at)) if _is_due(state, at) else []
    defined = _define(state, bytes(event.data), at, admission)
    return defined if isinstance(defined, Refusal) else [*due, *defined]


def _define(state: ScheduleState, settings: bytes, at: float, admission: Admission) -> Decisions:
    """What was due before now is not looked for, except when a schedule is made that wants to catch up on all of it."""
    is_new = state.status == CREATED
    anchor = at if is_new else state.anchor
    try:
        table = timetable_of(settings, anchor)
    except (SettingInvalidError, MsgspecError) as error:
        return Refusal(str(error))
    begin = table.settings.starts_at if is_new and table.settings.catchup in ("all", "window") else None
    cursor = max(state.cursor, at if begin is None else min(at, begin - TICK_S))
    found = table.next_after(cursor)
    defined = Defined(anchor, cursor, zones_version())
    waits = _waits(state, table, cursor, found, state.counts.fired + admission.begun)
    is_over = waits.next is None and not (admission.is_busy or state.backfills) and state.status != PAUSED
    return (defined, waits, Completed()) if is_over else (defined, waits)


def _waits(state: ScheduleState, table: Timetable, cursor: float, found: float | None, fired: int) -> Waits:
    if found is None or _is_used_up(table, fired):
        return Waits(cursor)
    return Waits(cursor, found, table.due_at(found, state.instance))


def _is_used_up(table: Timetable, fired: int) -> bool:
    return table.settings.count is not None and fired >= table.settings.count


# --- Occurrences ------------------------------------------------------------------------------


def _timer_fired(state: ScheduleState, event: TimerFired, at: float) -> Decisions:
    if state.status != RUNNING:
        return NOTHING
    if event.key in state.backfills:
        return list(_backfill_on(state, event.key, at))
    if event.key != NEXT_KEY or state.next is None:
        return NOTHING
    return list(_fire_due(state, at))


def _is_due(state: ScheduleState, at: float) -> bool:
    return state.status == RUNNING and state.next is not None and state.due_at <= at


def _fire_due(state: ScheduleState, at: float) -> Iterator[ScheduleDecision]:
    """Everything that has fallen due up to now, and the next to wait for."""
    table = _table(state)
    admission = Admission(state, table.settings.overlap)
    last = yield from _admit_due(state, table, admission, at)
    waits = _waits(state, table, last, table.next_after(last), state.counts.fired + admission.begun)
    yield waits
    if waits.next is None and not admission.is_busy and not state.backfills:
        yield Completed()


def _admit_due(
    state: ScheduleState, table: Timetable, admission: Admission, at: float
) -> Generator[ScheduleDecision, None, float]:
    """Everything that has fallen due up to now; returns the last of it."""
    assert state.next is not None
    following = table.next_after(state.next)
    last, chosen, missed = state.next, [state.next], Counted(0, is_exact=True)
    if following is not None and table.due_at(following, state.instance) <= at:
        last, chosen, missed = _caught_up(state, table, at)
    elif table.settings.catchup in ("none", "window") and not _is_in_time(state, table, last, at):
        chosen, missed = [], Counted(1, is_exact=True)
    if missed.number:
        yield Missed(missed.number, not missed.is_exact)
    for occurrence in chosen:
        if _is_used_up(table, state.counts.fired + admission.begun):
            break
        yield from admission.admit(key_of(occurrence), occurrence, table.due_at(occurrence, state.instance))
    return last


def _caught_up(state: ScheduleState, table: Timetable, at: float) -> tuple[float, list[float], Counted]:
    """Several are due: the last of them, those that are started, and how many are missed."""
    assert state.next is not None
    settings = table.settings
    first = state.next - TICK_S
    wanted = {"all": settings.catchup_max, "window": CATCHUP_MAX}.get(settings.catchup, 1)
    # Those of the first line are due whatever their jitter.  One that is due before an earlier one takes that along.
    surely = table.latest(state.next, at - settings.jitter_s, wanted)
    due = sorted({state.next, *surely, *table.latest(state.next, at, wanted)})
    while len(due) > 1 and table.due_at(due[-1], state.instance) > at:
        due.pop()
    last = due[-1]
    chosen = due[-wanted:]
    if settings.catchup in ("none", "window"):
        chosen = [each for each in chosen if _is_in_time(state, table, each, at, is_last=each == last)]
    total = table.count(first, last)
    return last, chosen, Counted(max(0, total.number - len(chosen)), total.is_exact)


def _is_in_time(state: ScheduleState, table: Timetable, occurrence: float, at: float, *, is_last: bool = True) -> bool:
    """The last one is given some grace however short the window is, or it would hardly ever be in time."""
    settings = table.settings
    window_s = settings.catchup_s if settings.catchup == "window" else GRACE_S
    return at - table.due_at(occurrence, state.instance) <= (max(window_s, GRACE_S) if is_last else window_s)


def _trigger(state: ScheduleState, event: Signal, at: float) -> Decisions:
    if state.status not in (RUNNING, PAUSED):
        return Refusal(f"it is {_status(state)}; there is nothing to start")
    admission = Admission(state, _table(state).settings.overlap)
    if admission.is_full:
        running = ", ".join(state.id_of(key) for key in list(state.active)[:3])
        return Refusal(f"{running} still runs, and overlap is {_table(state).settings.overlap!r}")
    return list(admission.admit(f"trigger-{state.triggers + 1}", at, None))


# --- Ends -------------------------------------------------------------------------------------

OUTCOMES: dict[type[Event], Outcome] = {
    ChildCompleted: "completed",
    ChildFailed: "failed",
    ChildCancelled: "cancelled",
}


def _child_ended(state: ScheduleState, event: ChildCompleted | ChildFailed | ChildCancelled, at: float) -> Decisions:
    if event.key not in state.active:
        return NOTHING
    return list(_end(state, event.key, OUTCOMES[type(event)]))


def _end(state: ScheduleState, key: str, outcome: Outcome) -> Iterator[ScheduleDecision]:
    yield Ended(key, outcome)
    settings = _table(state).settings
    failures = state.failures + 1 if outcome == "failed" else 0
    pauses = settings.pause_after and failures >= settings.pause_after and state.status == RUNNING
    if pauses:
        times = "it failed" if failures == 1 else f"it failed {failures} times in a row"
        yield Paused(f"{times}; {state.id_of(key)} was the last")
    if len(state.active) > 1 or pauses or state.status != RUNNING:
        return
    if state.queue:
        yield Fired(state.queue[0].key, state.queue[0].occurrence)
    elif state.next is None and not state.backfills:
        yield Completed()


# --- The past ---------------------------------------------------------------------------------


def _backfill(state: ScheduleState, event: Signal, at: float) -> Decisions:
    if state.status != RUNNING:
        return Refusal(f"it is {_status(state)}; only a schedule that runs can catch up on the past")
    try:
        wanted = read_range(event)
    except MsgspecError as error:
        return Refusal(f"backfill: {error}")
    if wanted.end < wanted.start:
        return Refusal("backfill: the end lies before the start")
    found = _table(state).next_after(wanted.start - TICK_S, is_bounded=False)
    if found is None or found > wanted.end:
        return Refusal("backfill: there is no occurrence between these times")
    key = f"backfill-{state.backfill_count + 1}"
    return (Backfilling(key, Backfill(found, wanted.end, wanted.every_s), at),)


def _backfill_on(state: ScheduleState, key: str, at: float) -> Iterator[ScheduleDecision]:
    backfill = state.backfills[key]
    yield Fired(f"{key_of(backfill.next)}/{key}", backfill.next)
    found = _table(state).next_after(backfill.next, is_bounded=False)
    if found is None or found > backfill.until:
        yield Backfilling(key, None)
    else:
        yield Backfilling(key, Backfill(found, backfill.until, backfill.every_s), at + backfill.every_s)


# --- Zones ------------------------------------------------------------------------------------


def _zones(state: ScheduleState, event: Signal, at: float) -> Decisions:
    """The next occurrence is looked for again, with the rules that are known now."""
    if state.status not in (RUNNING, PAUSED) or state.next is None or state.zones == zones_version():
        return NOTHING
    table = _table(state)
    found = table.next_after(state.cursor)
    due_at = 0.0 if found is None else table.due_at(found, state.instance)
    moved = Moved(zones_version(), found, due_at, state.next)
    is_over = found is None and state.status == RUNNING and not (state.active or state.queue or state.backfills)
    return (moved, Completed()) if is_over else (moved,)


# --- Steering ---------------------------------------------------------------------------------


def _pause(state: ScheduleState, event: PauseRequested, at: float) -> Decisions:
    if state.status == PAUSED:
        return NOTHING
    if state.status != RUNNING:
        return Refusal(f"it is {_status(state)}; only what runs can be paused")
    return (Paused(event.reason, event.by),)


def _resume(state: ScheduleState, event: ResumeRequested, at: float) -> Decisions:
    if state.status == RUNNING:
        return NOTHING
    if state.status != PAUSED:
        return Refusal(f"it is {_status(state)}; only what is paused can be resumed")
    return list(_go_on(state, at))


def _go_on(state: ScheduleState, at: float) -> Iterator[ScheduleDecision]:
    yield Resumed()
    if state.active:
        return
    if state.queue:
        yield Fired(state.queue[0].key, state.queue[0].occurrence)
    elif state.next is None and not state.backfills:
        yield Completed()


def _cancel(state: ScheduleState, event: CancelRequested, at: float) -> Decisions:
    if state.status == CANCELLED:
        return NOTHING
    if state.status > PAUSED:
        return Refusal(f"it has {_status(state)} already; there is nothing left to cancel")
    return (Cancelled(event.reason),)


def _retry(state: ScheduleState, event: Event, at: float) -> Decisions:
    return Refusal("a schedule is not run again itself; trigger it, or retry one of its runs")


_SIGNALS: dict[str, Callable[[ScheduleState, Any, float], Decisions]] = {
    UPDATE: _update,
    TRIGGER: _trigger,
    BACKFILL: _backfill,
    ZONES: _zones,
}


def _signal(state: ScheduleState, event: Signal, at: float) -> Decisions:
    choose = _SIGNALS.get(event.name)
    if choose is None:
        return Refusal(f"it is a schedule, which takes no event {event.name!r}; there are {', '.join(_SIGNALS)}")
    return choose(state, event, at)


def key_of(occurrence: float) -> str:
    """In UTC, as it stands in the id of what is started."""
    return datetime.fromtimestamp(occurrence, UTC).isoformat().replace("+00:00", "Z")


def _table(state: ScheduleState) -> Timetable:
    return timetable_of(bytes(state.settings), state.anchor)


def _status(state: ScheduleState) -> str:
    return STATUS_NAMES[state.status]


_CHOOSE: dict[type[Event], Callable[[ScheduleState, Any, float], Decisions]] = {
    Started: _started,
    TimerFired: _timer_fired,
    ChildCompleted: _child_ended,
    ChildFailed: _child_ended,
    ChildCancelled: _child_ended,
    Signal: _signal,
    PauseRequested: _pause,
    ResumeRequested: _resume,
    CancelRequested: _cancel,
    RetryRequested: _retry,
    RerunRequested: _retry,
}
