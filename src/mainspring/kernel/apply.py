"""What each command of a model does to the store: one table, the same for every model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from mainspring.errors import InstanceNotFoundError, InvalidError, NotFoundError, RefusedError
from mainspring.kernel.definitions import Definition
from mainspring.kernel.deployment import deploy
from mainspring.kernel.gate import why_closed
from mainspring.kernel.instances import Live
from mainspring.kernel.lifecycle import CANCELLED, COMPLETED, CREATED, FAILED, LIVE, PAUSED, RUNNING
from mainspring.kernel.messages import admit, publish, subscribe, unsubscribe
from mainspring.kernel.records import End
from mainspring.kernel.store import HELD, InstanceRow, Key
from mainspring.kernel.turn import Turn
from mainspring.models.contract import (
    Admit,
    Cancel,
    CancelInstance,
    CancelRequested,
    CancelTask,
    CancelTimer,
    ChildCancelled,
    ChildCompleted,
    ChildFailed,
    Command,
    Complete,
    Event,
    ExpireTask,
    Fail,
    Failure,
    HoldTasks,
    Message,
    Pause,
    PauseRequested,
    Publish,
    ReleaseTasks,
    Resume,
    ResumeRequested,
    RetryInstance,
    RetryRequested,
    RetryTask,
    Send,
    SendTo,
    SetTimer,
    Started,
    StartInstance,
    StartTask,
    Subscribe,
    TaskExpired,
    TimerFired,
    Unsubscribe,
)
from mainspring.models.retry import failure_of

MESSAGES_MAX = 1_000
"""In one turn; two that never stop talking to each other must not keep all others from theirs."""

NULL = msgspec.Raw(b"null")

_encode = msgspec.json.Encoder().encode


# --- Tasks ------------------------------------------------------------------------------------


def start_task(turn: Turn, live: Live, command: StartTask) -> None:
    turn.new_tasks.append((live, command))


def retry_task(turn: Turn, live: Live, command: RetryTask) -> None:
    owner = HELD if live.status == PAUSED else None
    turn.changes.tasks_retried.append((command.ready_at, owner, turn.lost, live.id, command.key))
    turn.retried.add((live.id, command.key))
    if owner is None:
        turn.requeued(command.ready_at)


def cancel_task(turn: Turn, live: Live, command: CancelTask) -> None:
    key = (live.id, command.key)
    turn.withdrawn.add(key)
    turn.changes.tasks_done.append(key)
    turn.stop_attempt(live.id, command.key)


def expire_task(turn: Turn, live: Live, command: ExpireTask) -> None:
    turn.flush()
    if turn.hold.store.has_not_begun(live.id, command.key):
        turn.withdrawn.add((live.id, command.key))
        turn.changes.tasks_done.append((live.id, command.key))
        turn.deliver(live.id, TaskExpired(command.key))


def hold_tasks(turn: Turn, live: Live, command: HoldTasks) -> None:
    turn.changes.released.pop(live.id, None)
    turn.changes.held[live.id] = (live.id,)


def release_tasks(turn: Turn, live: Live, command: ReleaseTasks) -> None:
    turn.changes.held.pop(live.id, None)
    turn.changes.released[live.id] = (live.id,)
    turn.look = True


# --- Timers -----------------------------------------------------------------------------------


def set_timer(turn: Turn, live: Live, command: SetTimer) -> None:
    turn.put_event(live.id, command.key, command.ready_at, TimerFired(command.key))


def cancel_timer(turn: Turn, live: Live, command: CancelTimer) -> None:
    turn.drop_event(live.id, command.key)


# --- Children ---------------------------------------------------------------------------------


def start_instance(turn: Turn, live: Live, command: StartInstance) -> None:
    if turn.starting is not None and command.public_id and command.is_detached:
        turn.starting.append((live, command, turn.suspect))
    else:
        begin_child(turn, live, command, turn.find_id(command.public_id) if command.public_id else None)


def begin_child(turn: Turn, live: Live, command: StartInstance, known: int | None) -> None:
    """`known`: the instance that has its id already."""
    try:
        definition = _definition_of(turn, command)
        if not definition.missing:
            definition.model.check_input(definition.plan, command.input)
        reason = why_closed(turn, definition.model_name, definition.name)
        if reason:
            raise RefusedError(reason)
    except (InvalidError, NotFoundError, RefusedError) as error:
        turn.deliver(live.id, ChildFailed(command.key, failure_of(error)))
        return
    if known is not None:
        if command.otherwise is not None:
            turn.deliver(known, command.otherwise)
        else:
            turn.deliver(live.id, ChildCancelled(command.key, f"{command.public_id} was started before"))
        return
    id = turn.next_instance_id()
    public_id = command.public_id or f"{definition.name}:{id}"
    row = InstanceRow(
        id=id,
        public_id=public_id,
        definition=definition.id,
        status=RUNNING,
        parent=live.id,
        parent_key=command.key,
        priority=command.priority,
        group=live.group,
        detached=command.is_detached,
    )
    turn.add_instance(row, definition, attributes=None)
    turn.begun[public_id] = id
    input = msgspec.Raw(command.input)
    event = Started(
        input,
        command.priority,
        parent_key=command.key,
        depth=command.depth,
        key=command.business_key,
        entry=command.entry,
    )
    turn.deliver(row.id, event)


def _definition_of(turn: Turn, command: StartInstance) -> Definition:
    """What a child is to be an instance of; raises `DefinitionNotFoundError` or what is wrong with it."""
    definitions, store = turn.hold.definitions, turn.hold.store
    if command.definition is not None:
        return deploy(turn, command.definition)
    if command.digest:
        return definitions.of_digest(store, command.digest)
    return definitions.newest(store, *command.newest)


def send(turn: Turn, live: Live, command: Send) -> None:
    name, data = command.name, msgspec.Raw(command.data)
    if command.key:
        for child, key, status in turn.children(live.id):
            if key == command.key and status in LIVE:
                _pass(turn, child, Message("", name, data, command.id))
    elif live.parent is not None:
        _pass(turn, live.parent, Message(live.parent_key or "", name, data, command.id))


def send_to(turn: Turn, live: Live, command: SendTo) -> None:
    id = turn.find_id(command.to)
    asker = (live.id, command.key) if command.key else None
    if id is not None:
        _pass(turn, id, command.event, asker)
    elif asker is not None:
        turn.deliver(live.id, ChildFailed(command.key, failure_of(InstanceNotFoundError(command.to))))


def _pass(turn: Turn, id: int, event: Event, asker: Key | None = None) -> None:
    turn.message_count += 1
    if turn.message_count > MESSAGES_MAX and asker is None:
        turn.put_event(id, f"!{turn.hold.store.reserve('event', 1):016}", turn.now, event)
    else:
        turn.deliver(id, event, asker)


def cancel_instance(turn: Turn, live: Live, command: CancelInstance) -> None:
    for child, key, status in turn.children(live.id):
        if key == command.key and status in LIVE:
            turn.deliver(child, CancelRequested(command.reason))


def retry_instance(turn: Turn, live: Live, command: RetryInstance) -> None:
    for child, key, _ in turn.children(live.id):
        if key == command.key:
            turn.deliver(child, RetryRequested())


# --- The instance itself ----------------------------------------------------------------------


def pause(turn: Turn, live: Live, command: Pause) -> None:
    _set_status(turn, live, PAUSED)
    _tell_children(turn, live, PauseRequested("its parent was paused"), (CREATED, RUNNING))


def resume(turn: Turn, live: Live, command: Resume) -> None:
    _set_status(turn, live, RUNNING)
    _tell_children(turn, live, ResumeRequested(), (PAUSED, RUNNING))  # also one whose pause waits in line


def complete(turn: Turn, live: Live, command: Complete) -> None:
    live.status = COMPLETED
    turn.changes.statuses[live.id] = (COMPLETED, turn.now, command.output.decode(), None, None, live.id)
    # Told even if nobody waits yet: whoever does may come later in this very turn.
    turn.ended.append((live.id, End(live.public_id, COMPLETED, command.output)))
    if live.parent is not None:
        output = NULL if live.detached else msgspec.Raw(command.output)
        _tell_parent(turn, live, ChildCompleted(live.parent_key or "", output))


def fail(turn: Turn, live: Live, command: Fail) -> None:
    error: Failure = command.error
    live.status = FAILED
    turn.changes.statuses[live.id] = (FAILED, turn.now, None, _encode(error).decode(), None, live.id)
    _sweep(turn, live, "its parent failed")
    turn.ended.append((live.id, End(live.public_id, FAILED, failure=error)))
    _tell_parent(turn, live, ChildFailed(live.parent_key or "", error))


def cancel(turn: Turn, live: Live, command: Cancel) -> None:
    live.status = CANCELLED
    turn.changes.statuses[live.id] = (CANCELLED, turn.now, None, None, command.reason, live.id)
    _sweep(turn, live, "its parent was cancelled")
    turn.ended.append((live.id, End(live.public_id, CANCELLED, reason=command.reason)))
    _tell_parent(turn, live, ChildCancelled(live.parent_key or "", command.reason))


def _tell_parent(turn: Turn, live: Live, event: Event) -> None:
    """One that stands on its own may outlive its parent."""
    if live.parent is not None and not (live.detached and not turn.is_there(live.parent)):
        turn.deliver(live.parent, event)


def _set_status(turn: Turn, live: Live, status: str) -> None:
    live.status = status
    turn.changes.statuses[live.id] = (status, None, None, None, None, live.id)


def _sweep(turn: Turn, live: Live, reason: str) -> None:
    """Take back all that an ended instance still has."""
    turn.sweep(live.id)
    _tell_children(turn, live, CancelRequested(reason), tuple(LIVE))


def _tell_children(turn: Turn, live: Live, event: Event, statuses: tuple[str, ...]) -> None:
    if not live.definition.with_children:
        return
    for child, _, status in turn.children(live.id):
        if status in statuses:
            turn.deliver(child, event)


def admit_waiting(turn: Turn, live: Live, command: Admit) -> None:
    admit(turn, command.model, command.name)


APPLY: dict[type[Command], Callable[[Turn, Live, Any], None]] = {
    StartTask: start_task,
    RetryTask: retry_task,
    CancelTask: cancel_task,
    ExpireTask: expire_task,
    HoldTasks: hold_tasks,
    ReleaseTasks: release_tasks,
    SetTimer: set_timer,
    CancelTimer: cancel_timer,
    StartInstance: start_instance,
    CancelInstance: cancel_instance,
    RetryInstance: retry_instance,
    Pause: pause,
    Resume: resume,
    Send: send,
    SendTo: send_to,
    Subscribe: subscribe,
    Unsubscribe: unsubscribe,
    Publish: publish,
    Admit: admit_waiting,
    Complete: complete,
    Fail: fail,
    Cancel: cancel,
}
