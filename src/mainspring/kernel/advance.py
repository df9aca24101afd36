"""How an instance advances: one event decided, recorded and applied; what follows from it handed on."""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from mainspring.errors import BrokenError
from mainspring.kernel.apply import APPLY, begin_child
from mainspring.kernel.instances import Live, decode_event
from mainspring.kernel.lifecycle import ENDED, REQUESTS, answer, refusal
from mainspring.kernel.messages import pass_on, take_waiting
from mainspring.kernel.store import ENDED_ATTEMPT
from mainspring.kernel.turn import Suspect, Turn
from mainspring.models.contract import (
    EVENTS,
    CancelRequested,
    ChildCompleted,
    ChildFailed,
    Event,
    Failure,
    Received,
    Refusal,
    TaskCompleted,
    TaskFailed,
    TaskLost,
)

Outcome = TaskCompleted | TaskFailed | TaskLost
"""How an attempt can end."""

STRANGE_S = 10.0
"""An event of a kind that is not known here is left for so long to those who know it."""

ORDERED = {kind.__name__ for kind in REQUESTS.keys() - {CancelRequested}}
"""Requests whose order matters; after a cancellation nothing does."""

NULL = msgspec.Raw(b"null")

_encode = msgspec.json.Encoder().encode


def live_of(turn: Turn, id: int) -> Live:
    """The instance, up to date, touched by this turn."""
    live = turn.touched.get(id)
    if live is not None:
        return live
    if turn.is_shared:
        turn.lock((id,))
    live = turn.hold.instances.find(id)
    if live is None:
        turn.flush()
        turn.hold.instances.load(turn.hold.store, turn.hold.definitions, [id], turn.number)
        live = turn.hold.instances.find(id)
        if live is None:
            raise BrokenError(f"instance number {id} is referred to, but not in the store")
    elif live.turn < turn.hold.outdated_before:
        turn.hold.instances.refresh(turn.hold.store, [live], turn.number)
    live.turn = turn.number
    turn.touched[id] = live
    return live


def step(turn: Turn, live: Live, event: Event) -> Refusal | None:
    """One event into one instance: decide, record, and ask for what follows."""
    model, plan, state, now = live.model, live.plan, live.state, turn.now
    decisions = model.decide(plan, state, event, now)
    if type(decisions) is Refusal:
        return decisions
    if not decisions:
        return None
    evolve, commands = model.evolve, model.commands
    for decision in decisions:  # type: ignore[union-attr]
        evolve(plan, state, event, decision, now)
        for command in commands(plan, state, event, decision, now):
            APPLY[type(command)](turn, live, command)
    live.seq = seq = live.seq + 1
    told, chosen = _encode(event).decode(), _encode(decisions).decode()
    live.tail_bytes += len(told) + len(chosen)
    turn.changes.journal.append((live.id, seq, now, type(event).__name__, told, chosen))
    return None


def deliver_all(turn: Turn) -> None:
    """Hand on what instances sent to one another, until nothing is left."""
    if len(turn.deliveries) > 1:
        turn.lock(id for id, _, _ in turn.deliveries)  # at once, not one by one
    while turn.deliveries or turn.opened:
        if not turn.deliveries:
            take_waiting(turn)
            continue
        id, event, asker = turn.deliveries.popleft()
        handed = hand(turn, id, event)
        if type(event) is Received:
            _see_to(turn, id, event, handed)
        if asker is not None:
            instance, key = asker
            failure = Failure("RefusedError", handed.refusal)
            turn.deliver(instance, ChildFailed(key, failure) if handed.refusal else ChildCompleted(key, NULL))


class Handed(NamedTuple):
    """What became of an event that was sent."""

    is_taken: bool
    """False: it waits for a process that hosts the definition, or was refused."""
    refusal: str = ""
    family: str = "conflict"


TAKEN = Handed(True)


def hand(turn: Turn, id: int, event: Event) -> Handed:
    """Deliver an event here, or leave it for a process that hosts the definition."""
    live = live_of(turn, id)
    if not _overtakes(turn, id, event) if live.hosted else answer(event, live.status) == "no":
        return _take(turn, live, event)
    # Also what seems to be so already: requests that wait before it may change that.
    leave_for_host(turn, id, event)
    return Handed(False)


def _overtakes(turn: Turn, id: int, event: Event) -> bool:
    """Whether others have left requests that this one must not overtake: what was paused and resumed would be paused
    for ever."""
    return type(event).__name__ in ORDERED and any(kind in ORDERED for kind, _ in _line(turn, id))


def _line(turn: Turn, id: int) -> list[tuple[str, float]]:
    turn.flush()
    return turn.hold.store.line(id)


def _take(turn: Turn, live: Live, event: Event) -> Handed:
    what = answer(event, live.status)
    if what == "no":
        return Handed(False, refusal(event, live.public_id, live.status))
    if what == "done":
        return TAKEN
    refused = step(turn, live, event)
    if refused is None:
        return TAKEN
    return Handed(False, f"instance {live.public_id!r}: {refused.reason}", refused.family)


def _see_to(turn: Turn, id: int, event: Received, handed: Handed) -> None:
    """Whoever has taken a message may go on waiting for more; one that was not wanted any more is for others."""
    if handed.is_taken:
        turn.given.discard((id, event.key))
    elif handed.refusal and event.until:
        pass_on(turn, id, event)


def leave_for_host(turn: Turn, id: int, event: Event) -> None:
    """Keep an event for a process that hosts the definition, in line behind those that wait already."""
    at = turn.now
    if type(event).__name__ in ORDERED:  # they keep their order also when the clock is set back
        at = max([at, *(ready_at for _, ready_at in _line(turn, id))])
    turn.put_event(id, f"!{turn.hold.store.reserve('event', 1):016}", at, event)


def fire(turn: Turn, limit: int) -> None:
    """Deliver the events whose time has come."""
    turn.flush()
    rows = turn.hold.store.due_events(turn.now, limit, turn.hold.definitions.unhosted)
    turn.locked.update(row.instance for row in rows)
    turn.more_is_due = len(rows) == limit
    _load_all(turn, {row.instance for row in rows} - turn.touched.keys())
    turn.starting = []
    for row in rows:
        live = live_of(turn, row.instance)
        if not live.hosted:
            continue
        if row.kind not in EVENTS:  # a newer mainspring has put it there, and will see to it
            turn.changes.events.setdefault(row.instance, {})[row.key] = (
                row.instance, row.key, turn.now + STRANGE_S, row.kind, row.data,
            )  # fmt: skip
            continue
        turn.drop_event(row.instance, row.key)
        event = decode_event(row.kind, row.data)
        turn.suspect = Suspect(row.instance, row.key, event)
        if isinstance(event, Outcome):
            turn.settling = None
            conclude(turn, live, event)
        else:
            handed = _take(turn, live, event)
            if type(event) is Received:
                _see_to(turn, live.id, event, handed)
        deliver_all(turn)
    _start_gathered(turn)
    turn.suspect = None


def _load_all(turn: Turn, ids: set[int]) -> None:
    """Have instances in memory as they are now, with as many questions for a thousand as for one."""
    instances, store = turn.hold.instances, turn.hold.store
    known = [live for id in ids if (live := instances.find(id)) is not None]
    if missing := ids - {live.id for live in known}:
        instances.load(store, turn.hold.definitions, missing, turn.number)
    if outdated := [live for live in known if live.turn < turn.hold.outdated_before]:
        instances.refresh(store, outdated, turn.number)


def _start_gathered(turn: Turn) -> None:
    gathered, turn.starting = turn.starting, None
    if not gathered:
        return
    turn.begun.update(turn.hold.store.find_ids([command.public_id for _, command, _ in gathered]))
    for live, command, suspect in gathered:
        turn.suspect = suspect
        begin_child(turn, live, command, turn.begun.get(command.public_id))
        deliver_all(turn)


def conclude(turn: Turn, live: Live, event: Outcome) -> None:
    """An attempt has ended: its task is tried again, or is gone."""
    if live.status not in ENDED:
        turn.lost = 1 if type(event) is TaskLost else 0
        step(turn, live, event)
        turn.lost = 0
    key = (live.id, event.key)
    if type(event) is TaskCompleted or key not in turn.retried:
        turn.changes.tasks_done.append(key)


def leave_outcome_for_host(turn: Turn, id: int, event: Outcome) -> None:
    """Keep the end of an attempt for a process that hosts the definition; until then the task is nobody's."""
    turn.put_event(id, outcome_key(event), turn.now, event)
    turn.changes.tasks_retried.append((turn.now, ENDED_ATTEMPT, 0, id, event.key))


def outcome_key(event: Outcome) -> str:
    """Of the event by which an outcome waits."""
    return f"!{'lost' if type(event) is TaskLost else 'ended'}/{event.key}"
