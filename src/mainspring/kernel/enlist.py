"""What takes part in a transaction of somebody else: instances that begin with it, and outcomes of attempts.

It is there when that transaction commits; whoever hosts the instances goes on with them in a turn of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mainspring.errors import LeaseLostError, RefusedError
from mainspring.kernel.advance import outcome_key
from mainspring.kernel.definitions import Definition, Definitions
from mainspring.kernel.gate import closed, deployment_id
from mainspring.kernel.intake import check_entry
from mainspring.kernel.lifecycle import PAUSED, RUNNING
from mainspring.kernel.records import Attempt, Begun, LogLine, StartEntry
from mainspring.kernel.store import ENDED_ATTEMPT, Changes, InstanceRow, Store
from mainspring.models.contract import Deployable, Started, TaskCompleted

_encode = msgspec.json.Encoder().encode


def enlist(
    store: Store, definitions: Definitions, deployable: Deployable, entries: Sequence[StartEntry], now: float
) -> list[Begun]:
    """Write the instances and the events that begin them, with whatever transaction the store's connection is in.

    Raises what `Start` would: nothing has been written then, but perhaps the definition.
    """
    _check_keepers(store, deployable)
    definition = definitions.deploy(store, deployable, now)
    deployment = store.load_instances(store.find_ids([deployment_id(deployable.model, deployable.name)]).values())
    ids = store.find_ids([entry.public_id for entry in entries if entry.public_id is not None])
    rows = {row.public_id: row for row in store.load_instances(ids.values())}
    for entry in entries:
        row = None if entry.public_id is None else rows.get(entry.public_id)
        check_entry(definition, entry, None if row is None else definitions.get(store, row.definition))
        if row is None and any(each.status == PAUSED for each in deployment):
            raise RefusedError(closed(deployable.model, deployable.name))
    changes = Changes()
    begun = [_begin(store, changes, definition, entry, rows, now) for entry in entries]
    store.write(changes)
    return begun


def _check_keepers(store: Store, deployable: Deployable) -> None:
    """Raises `RefusedError` for a new version of which somebody must be told: only a turn can do that."""
    for child in deployable.children:
        _check_keepers(store, child)
    keeper = deployable.keeper
    if keeper is None or store.find_definition(digest=deployable.digest) is not None:
        return
    if keeper.is_needed or store.find_ids([deployment_id(deployable.model, deployable.name)]):
        raise RefusedError(
            f"this version of {deployable.model} {deployable.name!r} is new, and begins by timers or did so before:"
            " deploy it first, then start it in the transaction"
        )


def _begin(
    store: Store, changes: Changes, definition: Definition, entry: StartEntry, rows: dict[str, InstanceRow], now: float
) -> Begun:
    if entry.public_id is not None and entry.public_id in rows:
        return Begun(rows[entry.public_id].id, entry.public_id, existed=True)
    id = store.reserve("instance", 1)
    public_id = entry.public_id or f"{definition.name}:{id}"
    attributes = None if entry.attributes is None else entry.attributes.decode()
    row = InstanceRow(id, public_id, definition.id, RUNNING, None, None, entry.priority, entry.group)
    if entry.public_id is not None:
        rows[public_id] = row
    changes.instances.append((
        id, public_id, definition.id, RUNNING, None, None, entry.priority, attributes, now, entry.group, False,
    ))  # fmt: skip
    event = Started(
        msgspec.Raw(entry.input),
        entry.priority,
        entry.not_before,
        key=entry.key,
        entry=entry.entry,
        expires_s=entry.expires_s,
    )
    key = f"!{store.reserve('event', 1):016}"
    changes.events[id] = {key: (id, key, now, type(event).__name__, _encode(event).decode())}
    return Begun(id, public_id)


def record(store: Store, attempt: Attempt, event: TaskCompleted, lines: Sequence[LogLine], now: float) -> None:
    """Write the outcome of an attempt, with whatever transaction the store's connection is in.

    From its commit on the lease is over, so the task is not run again whatever becomes of the worker.
    Raises `LeaseLostError` where the attempt does not count any more: that transaction must be rolled back.
    """
    instance, key = attempt.instance, attempt.key
    # As in a turn, which locks the instance before it reads what belongs to it.
    if not store.lock((instance,), wait=True) or not store.is_leased(instance, key, attempt.token):
        raise LeaseLostError(attempt.public_id, key)
    changes = Changes()
    place = outcome_key(event)
    changes.events[instance] = {place: (instance, place, now, type(event).__name__, _encode(event).decode())}
    changes.tasks_retried.append((now, ENDED_ATTEMPT, 0, instance, key))
    changes.logs.extend((instance, key, attempt.attempt, *line) for line in lines)
    store.write(changes)
