"""How a decision changes the state of a process, and what it asks of the kernel."""

# ruff: noqa: ARG001, ARG005 - the rows of a table have one signature

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

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
    Pause,
    Publish,
    ReleaseTasks,
    Resume,
    RetryTask,
    SetTimer,
    Started,
    StartInstance,
    StartTask,
    Subscribe,
    Unsubscribe,
)
from mainspring.models.process.decisions import (
    Again,
    Broke,
    Cancelled,
    Corrected,
    Kept,
    Listening,
    Paused,
    Postponed,
    ProcessDecision,
    Ran,
    Resumed,
    Retried,
)
from mainspring.models.process.document import HELD, MESSAGE, TIMER
from mainspring.models.process.expression import encode
from mainspring.models.process.plan import Plan
from mainspring.models.process.retrying import before
from mainspring.models.process.state import (
    BEGIN_KEY,
    CANCELLED,
    COMPLETED,
    FAILED,
    INCIDENT,
    PAUSED,
    ROOT,
    RUNNING,
    TASK,
    TOLD_MAX,
    Incident,
    ProcessState,
    Todo,
    Wait,
    dump,
)

_json = msgspec.json.Encoder().encode

# --- The fold ---------------------------------------------------------------------------------


def evolve(plan: Plan, state: ProcessState, event: Event, decision: ProcessDecision, at: float) -> None:
    """Record one decision; chooses nothing."""
    if isinstance(event, Started):
        state.input, state.priority = event.input, event.priority
        state.key, state.entry, state.depth = event.key, event.entry, event.depth
    _EVOLVE[type(decision)](state, decision)


def _ran(state: ProcessState, ran: Ran) -> None:
    if state.status < PAUSED:
        state.status = RUNNING
    state.counter = ran.counter
    for id in ran.gone:
        state.drop(id)
    for key in ran.unwaited:
        state.forget(key)
    for token in ran.tokens:
        state.put(token)
    for key, wait in ran.waits.items():
        state.await_(key, wait)
    if ran.values or ran.arrived or ran.items or ran.outputs:
        _record_values(state, ran)
    if ran.todos or ran.resolved or ran.incidents:
        _record_people(state, ran)
    _record_rest(state, ran)


def _broke(state: ProcessState, broke: Broke) -> None:
    state.before = Raw(dump(state))
    state.came, state.corrected = broke.came, broke.corrected
    _ran(state, broke)


def _record_rest(state: ProcessState, ran: Ran) -> None:
    if ran.undone or ran.done or ran.undo:
        _record_done(state, ran)
    visits = state.visits
    for element in ran.trail:
        visits[element] = visits.get(element, 0) + 1
    if ran.told:
        state.told[ran.told] = None
        if len(state.told) > TOLD_MAX:
            del state.told[next(iter(state.told))]
    if ran.is_over:
        state.status = COMPLETED if ran.failure is None else FAILED
        state.output, state.failure = ran.output, ran.failure


def _record_values(state: ProcessState, ran: Ran) -> None:
    for scope, values in ran.values.items():
        known = state.values.get(scope)
        if known is None:
            state.values[scope] = dict(values)
        else:
            known.update(values)
    for scope, nodes in ran.arrived.items():
        waiting = state.arrived.setdefault(scope, {})
        for node, flows in nodes.items():
            if flows:
                waiting[node] = flows
            else:
                waiting.pop(node, None)
        if not waiting:
            del state.arrived[scope]
    state.items.update(ran.items)
    for body, outputs in ran.outputs.items():
        state.outputs.setdefault(body, {}).update(outputs)


def _record_people(state: ProcessState, ran: Ran) -> None:
    for todo in ran.todos:
        state.todos[todo.token] = todo
    for token in ran.resolved:
        state.incidents.pop(token, None)
    for incident in ran.incidents:
        state.incidents[incident.token] = incident


def _record_done(state: ProcessState, ran: Ran) -> None:
    for scope, ids in ran.undone.items():
        for id in ids:
            state.done.get(scope, {}).pop(id, None)
    for scope, completed in ran.done.items():
        state.done.setdefault(scope, {}).update((each.id, each) for each in completed)
    state.undo.update(ran.undo)


def _kept(state: ProcessState, decision: Kept) -> None:
    state.kept = (*state.kept, (decision.kind, decision.event))


def _again(state: ProcessState, decision: Again) -> None:
    token = state.tokens[state.tasks[decision.key]]
    state.put(replace(token, attempts=token.attempts + decision.counted))


def _become(status: int) -> Callable[[ProcessState, Any], None]:
    def become(state: ProcessState, decision: Any) -> None:
        state.status = status
        if status == RUNNING:
            state.kept = ()

    return become


def _corrected(state: ProcessState, decision: Corrected) -> None:
    state.corrected = {**state.corrected, **decision.values}
    state.values.setdefault(ROOT, {}).update(decision.values)


def _retried(state: ProcessState, decision: Retried) -> None:
    vars(state).update(vars(before(state)))


_EVOLVE: dict[type, Callable[[ProcessState, Any], None]] = {
    Ran: _ran,
    Broke: _broke,
    Postponed: _become(RUNNING),
    Kept: _kept,
    Again: _again,
    Cancelled: _become(CANCELLED),
    Paused: _become(PAUSED),
    Resumed: _become(RUNNING),
    Listening: lambda state, decision: None,
    Corrected: _corrected,
    Retried: _retried,
}

# --- The outward part -------------------------------------------------------------------------


def commands(plan: Plan, state: ProcessState, event: Event, decision: ProcessDecision, at: float) -> Iterable[Command]:
    """What a decision asks of the kernel."""
    return _COMMANDS[type(decision)](plan, state, event, decision, at)


def _run(plan: Plan, state: ProcessState, event: Event, ran: Ran, at: float) -> list[Command]:
    asked: list[Command] = []
    if ran.withdrawn or ran.recalled or ran.unwaited or ran.closed:
        settled = "" if isinstance(event, Started) else getattr(event, "key", "")
        asked += _end_what_is_gone(ran, settled)
    for task in ran.tasks:
        spec = plan.vertices[task.node].spec
        assert spec is not None, f"{task.node} has a task and no handler"
        asked.append(StartTask(task.key, spec, task.payload.encode(), at, state.priority))
    if ran.waits or ran.todos or ran.incidents or ran.called or ran.thrown:
        asked += _begin_what_is_new(state, ran)
    if ran.is_over:
        asked.append(Complete(encode(ran.output)) if ran.failure is None else Fail(ran.failure))
    return asked


def _end_what_is_gone(ran: Ran, settled: str) -> Iterator[Command]:
    yield from (CancelTask(key) for key in ran.withdrawn if key != settled)
    yield from (CancelInstance(key) for key in ran.recalled if key != settled)
    for key, kind in ran.unwaited.items():
        if kind != TIMER:
            yield Unsubscribe(key)
        elif key != settled and key not in ran.waits:
            yield CancelTimer(key)
    yield from (Unsubscribe(key) for key in ran.closed)


def _begin_what_is_new(state: ProcessState, ran: Ran) -> Iterator[Command]:
    yield from _wait_for(ran.waits, ran.todos, ran.incidents)
    for called in ran.called:
        yield StartInstance(
            called.key, "", encode(called.input), state.priority,
            newest=(called.model, called.name), depth=state.depth + 1, business_key=called.business_key,
        )  # fmt: skip
    yield from (Publish(each.kind, each.name, each.key, encode(each.values)) for each in ran.thrown)


def _wait_for(waits: Mapping[str, Wait], todos: Iterable[Todo], incidents: Iterable[Incident]) -> Iterator[Command]:
    for key, wait in waits.items():
        if wait.kind == TIMER:
            yield SetTimer(key, wait.ready_at)
        elif wait.name:
            yield Subscribe(key, wait.kind, wait.name, wait.key)
    for todo in todos:
        yield Subscribe(f"{TASK}/{todo.token}", TASK, todo.node, todo.assignee, _json(todo).decode())
    for incident in incidents:
        yield Subscribe(f"{INCIDENT}/{incident.token}", INCIDENT, incident.node, "", _json(incident).decode())


def _retry(plan: Plan, state: ProcessState, event: Event, decision: Retried, at: float) -> Iterator[Command]:
    """What it waited for was taken back when it ended."""
    yield Resume()
    yield from _wait_for(state.waits, state.todos.values(), state.incidents.values())


def _try_again(plan: Plan, state: ProcessState, event: Event, decision: Again, at: float) -> Iterable[Command]:
    again = RetryTask(decision.key, decision.ready_at)
    return (again, HoldTasks()) if state.status == PAUSED else (again,)


def _pause(plan: Plan, state: ProcessState, event: Event, decision: Paused, at: float) -> Iterable[Command]:
    """No message is taken during a pause: two could come to what only one of them ends, and the other would be lost.

    They wait for its end, and begin nothing else meanwhile.
    """
    held = (Subscribe(key, HELD, wait.name, wait.key) for key, wait in state.waits.items() if wait.kind == MESSAGE)
    return (Pause(), HoldTasks(), *held)


def _listen(plan: Plan, state: ProcessState, event: Event, decision: Listening, at: float) -> Iterable[Command]:
    for key in decision.keys:
        wait = state.waits[key]
        yield Subscribe(key, wait.kind, wait.name, wait.key)


_COMMANDS: dict[type, Callable[[Plan, ProcessState, Event, Any, float], Iterable[Command]]] = {
    Ran: _run,
    Broke: _run,
    Postponed: lambda plan, state, event, decision, at: (SetTimer(BEGIN_KEY, decision.ready_at),),
    Kept: lambda plan, state, event, decision, at: (),
    Again: _try_again,
    Cancelled: lambda plan, state, event, decision, at: (Cancel(decision.reason),),
    Paused: _pause,
    Resumed: lambda plan, state, event, decision, at: (Resume(), ReleaseTasks()),
    Listening: _listen,
    Corrected: lambda plan, state, event, decision, at: (),
    Retried: _retry,
}
