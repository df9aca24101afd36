"""What follows from an event, for a process.

| event                       | created | running        | paused  | ended   |
|-----------------------------|---------|----------------|---------|---------|
| Started                     | begin   |                |         |         |
| Task…, Timer…, Child…       |         | run            | keep    |         |
| Received                    |         | run            | keep*   | refused |
| Requested                   | refused | run or refused | refused | refused** |
| CancelRequested             | cancel  | cancel         | cancel  | refused |
| PauseRequested              | refused | pause          |         | refused |
| ResumeRequested             | refused |                | resume  | refused |
| RetryRequested              | refused | retry incidents| refused | retry** |
| Signal, RerunRequested      | refused | refused        | refused | refused |

** Only of what has failed or was cancelled: its variables can be corrected, and it can be retried.
* Only signals.  A message that was on its way when the pause began is refused, and so waits for the end of the pause.
"""

# ruff: noqa: ARG001 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mainspring.models.contract import (
    CancelRequested,
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
    Event,
    Failure,
    PauseRequested,
    Received,
    Refusal,
    Requested,
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
from mainspring.models.process.arrivals import ARRIVE, begin_process
from mainspring.models.process.decisions import (
    Again,
    Cancelled,
    Corrected,
    Kept,
    Listening,
    Paused,
    Postponed,
    ProcessDecision,
    Resumed,
    Retried,
)
from mainspring.models.process.document import MESSAGE
from mainspring.models.process.game.rules import run
from mainspring.models.process.game.session import EndlessError, Session
from mainspring.models.process.plan import Plan
from mainspring.models.process.requests import REQUEST, retry_all
from mainspring.models.process.retrying import Retaking, before, came, kept
from mainspring.models.process.state import (
    BEGIN_KEY,
    CANCELLED,
    CREATED,
    DEPTH_MAX,
    FAILED,
    PAUSED,
    RUNNING,
    STATUS_NAMES,
    ProcessState,
)
from mainspring.models.retry import failure_of

Decisions = Sequence[ProcessDecision] | Refusal

NOTHING: tuple[ProcessDecision, ...] = ()
AGAIN = (FAILED, CANCELLED)
"""What has ended so can go on."""
KINDS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (TaskCompleted, TaskFailed, TaskLost, TimerFired, ChildCompleted, ChildFailed, ChildCancelled, Received)
}
"""Events that are kept while an instance is paused."""


def decide(plan: Plan, state: ProcessState, event: Event, at: float) -> Decisions:
    """Choose what follows from an event; touches nothing."""
    choose = _CHOOSE.get(type(event))
    return choose(plan, state, event, at) if choose is not None else NOTHING


def _ended(session: Session, *events: Event, told: str = "") -> tuple[ProcessDecision, ...]:
    """Move tokens until all are at rest.  `events`: what led to it."""
    try:
        run(session)
    except EndlessError as error:
        session.failure, session.is_over = failure_of(error), True
    if session.failure is not None:
        session.came += kept(*events)
    return (session.ran(told),)


def _started(plan: Plan, state: ProcessState, event: Started, at: float) -> Decisions:
    if state.status != CREATED:
        return NOTHING
    if event.not_before > at:
        return (Postponed(event.not_before),)
    return _begin(plan, state, at, event)


def _begin(plan: Plan, state: ProcessState, at: float, event: Started | ProcessState) -> Decisions:
    session = Session(plan, state, at)
    session.key = event.key
    begin_process(session, msgspec.json.decode(event.input), event.entry)
    if event.depth > DEPTH_MAX:
        session.failure = Failure("EndlessError", f"more than {DEPTH_MAX} processes call each other")
        session.is_over = True
    return _ended(session)


def _arrived(plan: Plan, state: ProcessState, event: Any, at: float) -> Decisions:
    """Something that nobody waits for an answer to."""
    if isinstance(event, TimerFired) and event.key == BEGIN_KEY and not state.tokens:
        return _time_to_begin(plan, state, event, at)
    if state.status not in (RUNNING, PAUSED):
        return NOTHING
    session = Session(plan, state, at)
    arrived = ARRIVE[type(event)](session, event)
    if isinstance(arrived, Again):
        return (arrived,)  # also while it is paused: the task is there only now
    if state.status == PAUSED:
        return (_kept(event),) if arrived else NOTHING
    return _ended(session, event) if arrived else NOTHING


def _time_to_begin(plan: Plan, state: ProcessState, event: TimerFired, at: float) -> Decisions:
    if state.status == PAUSED:
        return (_kept(event),)
    return _begin(plan, state, at, state) if state.status == RUNNING else NOTHING


def _kept(event: Event) -> Kept:
    return Kept(type(event).__name__, msgspec.json.decode(msgspec.json.encode(event)))


def _received(plan: Plan, state: ProcessState, event: Received, at: float) -> Decisions:
    if event.id and event.id in state.told:
        return NOTHING
    if state.status == PAUSED:
        return Refusal("it is paused") if event.until else (_kept(event),)
    if state.status != RUNNING or event.key not in state.waits:
        return Refusal(f"it does not wait for {event.name!r} any more")
    session = Session(plan, state, at)
    ARRIVE[Received](session, event)
    return _ended(session, event, told=event.id)


def _requested(plan: Plan, state: ProcessState, event: Requested, at: float) -> Decisions:
    if state.status in AGAIN and event.verb == "set":
        return _correct(event)
    if state.status != RUNNING:
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what runs can be asked to {event.verb}")
    request = REQUEST.get(event.verb)
    if request is None:
        return Refusal(f"nothing is known of {event.verb!r}; known are {', '.join(REQUEST)}", "invalid")
    session = Session(plan, state, at)
    session.by = event.by
    refused = request(session, event, msgspec.json.decode(event.data))
    return refused if refused is not None else _ended(session, event)


def _correct(event: Requested) -> Decisions:
    """Of what has ended only the process's own variables are in sight."""
    if event.target:
        return Refusal(f"{event.target!r} is over; of what has ended, variables of the process itself can be corrected")
    return (Corrected(msgspec.json.decode(event.data).get("values") or {}, event.by),)


# --- Steering ---------------------------------------------------------------------------------


def _cancel(plan: Plan, state: ProcessState, event: CancelRequested, at: float) -> Decisions:
    if state.status == CANCELLED:
        return NOTHING
    if state.status > PAUSED:
        return Refusal(f"it has {STATUS_NAMES[state.status]} already; there is nothing left to cancel")
    return (Cancelled(event.reason),)


def _pause(plan: Plan, state: ProcessState, event: PauseRequested, at: float) -> Decisions:
    if state.status == PAUSED:
        return NOTHING
    if state.status != RUNNING:
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what runs can be paused")
    return (Paused(event.reason),)


def _resume(plan: Plan, state: ProcessState, event: ResumeRequested, at: float) -> Decisions:
    if state.status == RUNNING:
        return NOTHING
    if state.status != PAUSED:
        return Refusal(f"it is {STATUS_NAMES[state.status]}; only what is paused can be resumed")
    if state.kept and not state.tokens:
        begun = _begin(plan, state, at, state)
        assert not isinstance(begun, Refusal), "what was to begin later begins"
        return (Resumed(), *begun)
    session = Session(plan, state, at)
    decided: tuple[ProcessDecision, ...] = ()
    events = [msgspec.json.decode(msgspec.json.encode(data), type=KINDS[kind]) for kind, data in state.kept]
    for each in events:
        if session.is_over:
            break
        ARRIVE[type(each)](session, each)
        decided = _ended(session, *events)
    return (Resumed(), *decided, *_listening(state, session))


def _listening(state: ProcessState, session: Session) -> tuple[ProcessDecision, ...]:
    """Messages are taken again by what still waits for them; new waits see to it themselves."""
    if session.is_over:
        return ()
    keys = tuple(
        key
        for key, wait in state.waits.items()
        if wait.kind == MESSAGE and key not in session.waits and session.find_wait(key) is not None
    )
    return (Listening(keys),) if keys else ()


def _retry(plan: Plan, state: ProcessState, event: RetryRequested, at: float) -> Decisions:
    if state.status in AGAIN:
        return _go_on_from_before(plan, state, at)
    if state.status != RUNNING:
        return Refusal(
            f"it is {STATUS_NAMES[state.status]}; what runs, has failed or was cancelled can be retried, and that"
            " resolves its incidents"
        )
    if not state.incidents:
        return Refusal("it has no incident; there is nothing to retry")
    session = Session(plan, state, at)
    retry_all(session)
    return _ended(session)


def _go_on_from_before(plan: Plan, state: ProcessState, at: float) -> Decisions:
    again = before(state)
    if not again.tokens:
        begun = _begin(plan, again, at, again)
        assert not isinstance(begun, Refusal), "what has begun once begins"
        return (Retried(), *begun)
    session = Retaking(plan, again, at, state.corrected)
    refused = session.take(came(state))
    if refused is not None:
        return refused
    return (Retried(), *_ended(session))


def _no_signal(plan: Plan, state: ProcessState, event: Signal, at: float) -> Decisions:
    return Refusal("a process takes messages and signals by name: use publish or signal of the engine")


def _no_rerun(plan: Plan, state: ProcessState, event: RerunRequested, at: float) -> Decisions:
    return Refusal("of a process, an element is started again by moving a token there")


_CHOOSE: dict[type[Event], Callable[[Plan, ProcessState, Any, float], Decisions]] = {
    Started: _started,
    TaskCompleted: _arrived,
    TaskFailed: _arrived,
    TaskLost: _arrived,
    TimerFired: _arrived,
    ChildCompleted: _arrived,
    ChildFailed: _arrived,
    ChildCancelled: _arrived,
    Received: _received,
    Requested: _requested,
    CancelRequested: _cancel,
    PauseRequested: _pause,
    ResumeRequested: _resume,
    RetryRequested: _retry,
    Signal: _no_signal,
    RerunRequested: _no_rerun,
}
