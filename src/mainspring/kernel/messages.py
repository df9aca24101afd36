"""Messages and signals: who waits for them, who gets them, and what they begin."""

from __future__ import annotations

from msgspec import Raw

from mainspring.errors import MessageAmbiguousError, MessageUnwantedError
from mainspring.kernel.gate import why_closed
from mainspring.kernel.instances import Live
from mainspring.kernel.lifecycle import RUNNING
from mainspring.kernel.records import Broadcast, Correlate
from mainspring.kernel.store import InstanceRow, Key
from mainspring.kernel.turn import Turn
from mainspring.models.contract import Publish, Received, Started, Subscribe, Unsubscribe

MESSAGE, SIGNAL, HELD = "message", "signal", "held"
TTL_S = 3_600.0
"""So long a message that an instance sends waits for a receiver, and the id of one that was given is known."""
SIGNAL_MAX = 1_000_000
"""Receivers of one signal."""
STARTS_MAX = 10_000
"""Definitions that begin with one message or signal."""
TOLD_MAX = 3
"""Paused receivers that a refusal names."""


def subscribe(turn: Turn, live: Live, command: Subscribe) -> None:
    """A message that waits already comes as soon as the instance is at rest."""
    key, kind, name, match = command.key, command.kind, command.name, command.match
    turn.changes.subscriptions[live.id, key] = (live.id, key, kind, name, match, command.data, turn.now)
    if kind == MESSAGE:
        turn.opened[live.id, key] = (name, match)
    else:
        turn.opened.pop((live.id, key), None)


def take_waiting(turn: Turn) -> None:
    """Give one message that waits to one subscription that was opened.

    One at a time: of two that come to an event-based gateway the second would find nobody who waits for it.
    """
    to = next(iter(turn.opened))
    name, match = turn.opened.pop(to)
    instance, key = to
    live = turn.touched[instance]
    store = turn.hold.store
    found = store.find_message(name, match, turn.now) if live.status == RUNNING else None
    if found is None:
        return
    store.take_message(found.id, live.public_id)
    turn.wrote = True
    turn.given.add(to)
    data = Raw(found.data.encode())
    turn.deliver(instance, Received(key, name, data, found.message_id, match, found.expires_at))
    turn.opened[to] = (name, match)  # until it is closed, or none waits


def unsubscribe(turn: Turn, live: Live, command: Unsubscribe) -> None:
    turn.changes.subscriptions[live.id, command.key] = None
    turn.given.discard((live.id, command.key))
    turn.opened.pop((live.id, command.key), None)


# --- What is sent -----------------------------------------------------------------------------


def publish(turn: Turn, live: Live, command: Publish) -> None:  # noqa: ARG001 - one signature for every command
    """An instance sends a message to the first that waits for it, or it waits itself; or a signal to all."""
    name, data = command.name, command.data
    if command.kind == SIGNAL:
        _broadcast(turn, name, data)
        return
    input = Correlate(name, command.match, data, TTL_S)
    if _send(turn, input, turn.now + TTL_S) is None:
        _keep(turn, input, None)


def pass_on(turn: Turn, instance: int, event: Received) -> None:
    """A message that its receiver does not want any more is for the next one, or waits."""
    store, to = turn.hold.store, (instance, event.key)
    turn.given.add(to)  # not to the same again
    turn.opened.pop(to, None)
    if event.id:
        store.forget_told(event.id)
    input = Correlate(event.name, event.match, bytes(event.data), max(0.0, event.until - turn.now), event.id)
    receiver = _send(turn, input, event.until)
    if receiver is None or input.id:
        _keep(turn, input, receiver)


def _send(turn: Turn, input: Correlate, until: float) -> str | None:
    """Give a message to the first that waits for it, or let it begin an instance; None: nobody is there now."""
    found = _subscribers(turn, input.name, input.key, 1)
    if found:
        return _give(turn, found[0], input, until)
    starts = _starts(turn, input, 1)
    return _begin(turn, *starts[0], input.data, input.key) if starts else None


def correlate(turn: Turn, input: Correlate) -> None:
    """Exactly one gets it; where that is not so, nobody does."""
    store, name, match = turn.hold.store, input.name, input.key
    known = store.find_told(input.id, turn.now) if input.id else None
    if known is not None:
        turn.replies.append((input.reply, known or None))
        return
    found = _subscribers(turn, name, match, 2)
    starts = [] if found else _starts(turn, input, 2)
    if len(found) > 1 or len(starts) > 1:
        ids = [row.public_id for row in store.load_instances([id for id, _ in found])]
        turn.replies.append((input.reply, MessageAmbiguousError(name, match, ids)))
        return
    if not found and not starts and input.ttl_s <= 0:
        turn.replies.append((input.reply, MessageUnwantedError(name, match, _paused(turn, name, match))))
        return
    receiver = None
    if found:
        receiver = _give(turn, found[0], input, turn.now + (input.ttl_s or TTL_S))
    elif starts:
        receiver = _begin(turn, *starts[0], input.data, match)
    if receiver is None or input.id:
        _keep(turn, input, receiver)
    turn.replies.append((input.reply, receiver))


def broadcast(turn: Turn, input: Broadcast) -> None:
    turn.replies.append((input.reply, _broadcast(turn, input.name, input.data)))


def _broadcast(turn: Turn, name: str, data: bytes) -> int:
    turn.flush()
    store = turn.hold.store
    found = _waiting(turn, SIGNAL, name, "", SIGNAL_MAX)
    for instance, key in found:
        turn.deliver(instance, Received(key, name, Raw(data)))
    starts = _open(turn, store.find_starts(SIGNAL, name, STARTS_MAX))
    for definition, entry in starts:
        _begin(turn, definition, entry, data, "")
    return len(found) + len(starts)


def admit(turn: Turn, model: str, name: str) -> None:
    """Messages that wait begin instances of the newest version of a definition."""
    store = turn.hold.store
    definition = turn.hold.definitions.newest(store, model, name)
    for start in store.list_starts(definition.id):
        for row in store.list_messages(start.name, turn.now, SIGNAL_MAX) if start.kind == MESSAGE else ():
            if not store.find_subscribers(HELD, start.name, row.match, 1):
                store.take_message(row.id, _begin(turn, definition.id, start.entry, row.data.encode(), row.match))
                turn.wrote = True


def _subscribers(turn: Turn, name: str, match: str, limit: int) -> list[Key]:
    """Who waits for a message, without those that were given one in this turn and have not taken it yet."""
    turn.flush()
    found = _waiting(turn, MESSAGE, name, match, limit + len(turn.given))
    return [key for key in found if key not in turn.given][:limit]


def _starts(turn: Turn, input: Correlate, limit: int) -> list[tuple[int, str]]:
    """What a message begins; nothing where it is for one that is paused, and so waits for that."""
    store = turn.hold.store
    if store.find_subscribers(HELD, input.name, input.key, 1):
        return []
    return _open(turn, store.find_starts(MESSAGE, input.name, STARTS_MAX))[:limit]


def _open(turn: Turn, starts: list[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those of definitions that are not paused."""
    found = []
    for id, entry in starts:
        definition = turn.hold.definitions.get(turn.hold.store, id)
        if not why_closed(turn, definition.model_name, definition.name):
            found.append((id, entry))
    return found


def _paused(turn: Turn, name: str, match: str) -> list[str]:
    """Who would get a message, or begin with it, if it were not paused."""
    store = turn.hold.store
    held = store.load_instances([id for id, _ in store.find_subscribers(HELD, name, match, TOLD_MAX)])
    starts = store.find_starts(MESSAGE, name, TOLD_MAX)
    closed = set(starts) - set(_open(turn, starts))
    names = [turn.hold.definitions.get(store, id).name for id, _ in sorted(closed)]
    return [*(row.public_id for row in held), *names]


def _waiting(turn: Turn, kind: str, name: str, match: str, limit: int) -> list[Key]:
    """What waits for it, and still does when it is given."""
    store = turn.hold.store
    found = store.find_subscribers(kind, name, match, limit)
    if not found or not store.is_shared:
        return found
    turn.lock({instance for instance, _ in found})
    return [key for key in store.find_subscribers(kind, name, match, limit) if turn.has_locked(key[0])]


def _give(turn: Turn, to: Key, input: Correlate, until: float) -> str:
    instance, key = to
    turn.given.add(to)
    turn.deliver(instance, Received(key, input.name, Raw(input.data), input.id, input.key, until))
    (row,) = turn.hold.store.load_instances([instance])
    return row.public_id


def _begin(turn: Turn, definition_id: int, entry: str, data: bytes, key: str) -> str:
    """An instance is begun by what was sent."""
    definition = turn.hold.definitions.get(turn.hold.store, definition_id)
    id = turn.next_instance_id()
    row = InstanceRow(id, f"{definition.name}:{id}", definition.id, RUNNING, None, None, 0)
    turn.add_instance(row, definition, attributes=None)
    turn.deliver(id, Started(Raw(data), key=key, entry=entry))
    return row.public_id


def _keep(turn: Turn, input: Correlate, receiver: str | None) -> None:
    """A message waits for a receiver; or that it has got one is remembered."""
    store, now = turn.hold.store, turn.now
    store.forget_messages(now)
    data = "" if receiver else input.data.decode()
    expires_at = now + (max(input.ttl_s, TTL_S) if receiver else input.ttl_s)
    store.add_message(input.name, input.key, data, id=input.id, receiver=receiver, expires_at=expires_at)
    turn.wrote = True
