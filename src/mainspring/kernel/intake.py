"""What becomes of each kind of input in a turn: one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mainspring.errors import (
    DeniedError,
    InstanceExistsError,
    InstanceNotFoundError,
    InvalidError,
    LeaseLostError,
    MainspringError,
    NotFoundError,
    PayloadInvalidError,
    RefusedError,
    SettingInvalidError,
)
from mainspring.kernel.advance import (
    conclude,
    hand,
    leave_for_host,
    leave_outcome_for_host,
    live_of,
    step,
)
from mainspring.kernel.awaiting import await_
from mainspring.kernel.definitions import Definition
from mainspring.kernel.deployment import deploy as deploy_definition
from mainspring.kernel.gate import why_closed
from mainspring.kernel.lifecycle import LIVE, RUNNING
from mainspring.kernel.messages import broadcast, correlate
from mainspring.kernel.public_id import number_of
from mainspring.kernel.queue import changed, settings_of, with_settings
from mainspring.kernel.records import (
    Ask,
    Attempt,
    Attend,
    Await,
    Begun,
    Broadcast,
    Claim,
    Correlate,
    Deploy,
    Leave,
    LogLine,
    Once,
    Progress,
    Prune,
    Recorded,
    Release,
    SetQueue,
    Settle,
    Start,
    StartEntry,
    Tell,
)
from mainspring.kernel.store import InstanceRow, QueueRow
from mainspring.kernel.turn import Turn
from mainspring.models.contract import CancelRequested, Signal, Started, TaskFailed
from mainspring.models.retry import STRANGE

ENTRIES_PRUNED_MAX = 5_000
"""Old entries of the journals of live instances that one turn deletes."""
FAMILIES: dict[str, Callable[[str], MainspringError]] = {
    "conflict": RefusedError,
    "denied": DeniedError,
    "missing": NotFoundError,
    "invalid": lambda reason: PayloadInvalidError("request", reason),
}
"""The error that a refusal is told as, by whose fault it is."""


def settle(turn: Turn, input: Settle) -> None:
    """An outcome is recorded if the lease under which it was made is still ours."""
    attempt, event = input.attempt, input.event
    if not turn.hold.placement.settle(attempt):
        turn.replies.append((input.reply, LeaseLostError(attempt.public_id, attempt.key)))
        return
    if input.reply is not None:
        turn.replies.append((input.reply, True))
    turn.freed.append(attempt)
    turn.settled.append((attempt.capability, event))
    turn.settling = attempt
    if isinstance(event, TaskFailed) and _is_strange(event, attempt.handler):
        turn.hold.placement.decline(attempt.handler, attempt.pool)
    live = live_of(turn, attempt.instance)
    if input.lines:
        _log(turn, attempt, input.lines)
    if live.hosted:
        conclude(turn, live, event)
    else:
        leave_outcome_for_host(turn, live.id, event)


def _is_strange(event: TaskFailed, handler: str) -> bool:
    """Whether this process has not the handler; one that handler raises itself may name another."""
    return STRANGE in event.error.kinds and event.error.message.startswith(f"handler {handler!r} ")


def recorded(turn: Turn, input: Recorded) -> None:
    """The outcome is among the events that are due; what is left of the attempt is its slot."""
    if turn.hold.placement.settle(input.attempt):
        turn.freed.append(input.attempt)
    turn.settled.append((input.attempt.capability, input.event))
    turn.hold.next_event_at = 0.0


def release(turn: Turn, input: Release) -> None:
    attempt = input.attempt
    turn.replies.append((input.reply, None))
    if turn.hold.placement.holds(attempt):
        turn.free(attempt.instance, attempt.key)
        turn.changes.tasks_freed.append((attempt.instance, attempt.key, attempt.token))
        turn.hold.placement.requeued(attempt.capability, attempt.ready_at, turn.now)


def claim(turn: Turn, input: Claim) -> None:
    turn.flush()
    claimed = turn.hold.placement.claim_outside(turn.hold.store, input.offers, input.limit, now=turn.now)
    turn.claimed.extend(claimed)
    turn.wrote = turn.wrote or bool(claimed)
    turn.replies.append((input.reply, claimed))


def progress(turn: Turn, input: Progress) -> None:
    attempt = input.attempt
    if input.lines:
        _log(turn, attempt, input.lines)
    if input.fraction is not None and turn.hold.placement.holds(attempt):
        turn.changes.progress.append((input.fraction, attempt.instance, attempt.key))


def start(turn: Turn, input: Start) -> None:
    """All entries begin, or none: whatever could be wrong with one is looked for before the first."""
    turn.wrote = True
    wanted = [entry.public_id for entry in input.entries if entry.public_id is not None]
    if wanted:
        turn.flush()
        turn.begun.update(turn.hold.store.find_ids(wanted))
    try:
        definition = deploy_definition(turn, input.definition)
        for entry in input.entries:
            id = None if entry.public_id is None else turn.begun.get(entry.public_id)
            check_entry(definition, entry, None if id is None else live_of(turn, id).definition)
        _check_open(turn, definition, input.entries)
    except MainspringError as error:
        turn.replies.append((input.reply, error))
        return
    turn.replies.append((input.reply, [_begin(turn, definition, entry) for entry in input.entries]))


def _begin(turn: Turn, definition: Definition, entry: StartEntry) -> Begun:
    if entry.public_id is not None and (known := turn.begun.get(entry.public_id)) is not None:
        return Begun(known, entry.public_id, existed=True)
    if entry.once is None:
        return _begin_anew(turn, definition, entry, entry.not_before)
    return _begin_once(turn, definition, entry, entry.once)


def _begin_once(turn: Turn, definition: Definition, entry: StartEntry, once: Once) -> Begun:
    """The one that is there already, or a new one that is it from now on."""
    turn.flush()
    name = f"{definition.model_name}/{definition.name}/{once.key}"
    known = turn.hold.store.find_once([name]).get(name)
    not_before = entry.not_before
    if once.debounce_s is not None:
        not_before = max(not_before, turn.now + once.debounce_s)
        if known is not None and known.status in LIVE and not known.has_begun:
            hand(turn, known.instance, CancelRequested("it was asked for again before it had begun"))
    elif known is not None and (known.status in LIVE or turn.now < known.until):
        return Begun(known.instance, known.public_id, existed=True)
    begun = _begin_anew(turn, definition, entry, not_before)
    turn.changes.once[name] = (name, begun.instance, turn.now + once.window_s)
    return begun


def _check_open(turn: Turn, definition: Definition, entries: Sequence[StartEntry]) -> None:
    """Raises `RefusedError` where an instance would begin, and none may; what is there already can be asked for."""
    if all(entry.public_id in turn.begun for entry in entries):
        return
    reason = why_closed(turn, definition.model_name, definition.name)
    if reason:
        raise RefusedError(reason)


def check_entry(definition: Definition, entry: StartEntry, known: Definition | None) -> None:
    """Raises what is wrong with an entry; `known`: of the instance that has its id already."""
    public_id = entry.public_id
    if public_id is not None:
        if known is not None:
            if (known.name, known.model_name) == (definition.name, definition.model_name):
                return
            raise InstanceExistsError(
                f"instance {public_id!r} exists already, as one of {known.model_name} {known.name!r};"
                f" choose another id for {definition.name!r}"
            )
        if number_of(public_id) is not None:
            raise InvalidError(
                f"id {public_id!r} is not yours to choose: ids of the form name:number are given by the store,"
                " and there is no such instance"
            )
    if not definition.missing:
        definition.model.check_input(definition.plan, entry.input)


def _begin_anew(turn: Turn, definition: Definition, entry: StartEntry, not_before: float) -> Begun:
    public_id = entry.public_id
    id = turn.hold.next_instance_id()
    if public_id is None:
        public_id = f"{definition.name}:{id}"
    else:
        turn.begun[public_id] = id
    attributes = None if entry.attributes is None else entry.attributes.decode()
    row = InstanceRow(id, public_id, definition.id, RUNNING, None, None, entry.priority, entry.group)
    live = turn.add_instance(row, definition, attributes)
    event = Started(
        msgspec.Raw(entry.input), entry.priority, not_before, "", 0, entry.key, entry.entry, entry.expires_s
    )
    if live.hosted:
        step(turn, live, event)
    else:
        leave_for_host(turn, id, event)
    return Begun(id, public_id)


def deploy(turn: Turn, input: Deploy) -> None:
    definition = deploy_definition(turn, input.definition)
    turn.wrote = True
    turn.replies.append((input.reply, definition.version))


def tell(turn: Turn, input: Tell) -> None:
    id = turn.begun.get(input.public_id)
    if id is None:
        turn.replies.append((input.reply, InstanceNotFoundError(input.public_id)))
        return
    turn.settling = None
    handed = hand(turn, id, input.event)
    answer: Any = FAMILIES[handed.family](handed.refusal) if handed.refusal else handed.is_taken
    if not handed.refusal and isinstance(input.event, Signal):
        live = live_of(turn, id)
        answer = live.model.reply(live.plan, live.state, input.event) if handed.is_taken else None
    turn.replies.append((input.reply, answer))


def ask(turn: Turn, input: Ask) -> None:
    id = turn.begun.get(input.public_id)
    if id is None:
        turn.replies.append((input.reply, InstanceNotFoundError(input.public_id)))
        return
    live = live_of(turn, id)
    if live.hosted:
        turn.replies.append((input.reply, live.model.reply(live.plan, live.state, None)))
    else:
        turn.replies.append((input.reply, RefusedError(f"instance {input.public_id!r}: {live.definition.missing}")))


def attend(turn: Turn, input: Attend) -> None:
    turn.hold.placement.draining = input.draining
    turn.hold.placement.offer()
    turn.hold.definitions.forget_unhosted()
    turn.hold.instances.drop_unhosted()
    turn.touched = {id: live for id, live in turn.touched.items() if live.hosted}
    turn.hold.next_event_at = 0.0
    turn.look = True
    if input.reply is not None:
        turn.replies.append((input.reply, None))


def leave(turn: Turn, input: Leave) -> None:
    turn.hold.placement.draining = True  # or the slots that are freed here would be filled again in this very turn
    for attempt in turn.hold.placement.attempts():
        turn.free(attempt.instance, attempt.key)
        turn.changes.tasks_freed.append((attempt.instance, attempt.key, attempt.token))
    turn.leaving = True
    turn.replies.append((input.reply, None))


def set_queue(turn: Turn, input: SetQueue) -> None:
    store, placement = turn.hold.store, turn.hold.placement
    turn.flush()
    row = store.find_queue(input.name) or QueueRow(0, input.name, "{}", filled_at=turn.now)
    try:
        settings = changed(row, input.change)
    except SettingInvalidError as error:
        turn.replies.append((input.reply, error))
        return
    if settings != settings_of(row):
        turn.wrote = turn.look = True
        told = with_settings(row, settings, turn.now, id=row.id or store.reserve("queue", 1))
        store.put_queue(told, managed=not settings.is_plain)
        placement.look_at_queues(store)
    turn.replies.append((input.reply, settings))


def prune(turn: Turn, input: Prune) -> None:
    turn.flush()
    store = turn.hold.store
    ids = store.list_prunable(input.ended_before, input.limit)
    entries = store.prune_journals(input.ended_before, ENTRIES_PRUNED_MAX)
    count = store.delete_instances(ids, input.spans) if ids else 0
    if not ids and input.spans:
        store.drop_spans(input.spans)
    turn.replies.append((input.reply, (count, entries)))
    turn.wrote = True


def _log(turn: Turn, attempt: Attempt, lines: Sequence[LogLine]) -> None:
    turn.changes.logs.extend((attempt.instance, attempt.key, attempt.attempt, *line) for line in lines)


TAKE: dict[type, Callable[[Turn, Any], None]] = {
    Claim: claim,
    Settle: settle,
    Recorded: recorded,
    Release: release,
    Progress: progress,
    Start: start,
    Deploy: deploy,
    Tell: tell,
    Ask: ask,
    Await: await_,
    Attend: attend,
    Leave: leave,
    Prune: prune,
    SetQueue: set_queue,
    Correlate: correlate,
    Broadcast: broadcast,
}
