"""Instances begun in a transaction of somebody else: they are there when it commits, and whoever hosts them goes on."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mainspring.kernel.definitions import Definition, Definitions
from mainspring.kernel.intake import check_entry
from mainspring.kernel.lifecycle import RUNNING
from mainspring.kernel.records import Begun, StartEntry
from mainspring.kernel.store import Changes, InstanceRow, Store
from mainspring.models.contract import Deployable, Started

_encode = msgspec.json.Encoder().encode


def enlist(
    store: Store, definitions: Definitions, deployable: Deployable, entries: Sequence[StartEntry], now: float
) -> list[Begun]:
    """Write the instances and the events that begin them, with whatever transaction the store's connection is in.

    Raises what `Start` would: nothing has been written then, but perhaps the definition.
    """
    definition = definitions.deploy(store, deployable, now)
    ids = store.find_ids([entry.public_id for entry in entries if entry.public_id is not None])
    rows = {row.public_id: row for row in store.load_instances(ids.values())}
    for entry in entries:
        row = None if entry.public_id is None else rows.get(entry.public_id)
        check_entry(definition, entry, None if row is None else definitions.get(store, row.definition))
    changes = Changes()
    begun = [_begin(store, changes, definition, entry, rows, now) for entry in entries]
    store.write(changes)
    return begun


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
