"""What one process remembers of a store between turns; all of it can be read again."""

from __future__ import annotations

from typing import Any

from mainspring.kernel.definitions import Definitions
from mainspring.kernel.instances import Instances
from mainspring.kernel.placement import Placement
from mainspring.kernel.store import Store
from mainspring.kernel.tally import Tally

INSTANCE_IDS_RESERVED = 1_000
"""Instance numbers that a process takes at a time; those it does not use leave a harmless gap."""
IDS_KEPT_S = 3_600.0
"""It uses them for so long: history is dropped by number, so nobody begins anything under one that is old."""


class Hold:
    """The store, and what is remembered of it."""

    def __init__(self, store: Store, definitions: Definitions, placement: Placement) -> None:
        self.store = store
        self.definitions = definitions
        self.placement = placement
        self.instances = Instances()
        self.tally = Tally()
        self.awaited: dict[int, list[Any]] = {}
        """Replies that wait for the end of an instance."""
        self.deployments: dict[str, int | None] = {}
        """Numbers of the instances that look after definitions, by public id; None: there was none."""
        self.next_event_at = 0.0
        """When an event is due; 0: look."""
        self.outdated_before = 0
        """The last turn before which another process wrote: instances touched earlier may have moved on since."""
        self._ids = iter(range(0))
        self._ids_until = 0.0

    def next_instance_id(self) -> int:
        id = next(self._ids, None)
        if id is None:
            id = self.store.reserve("instance", INSTANCE_IDS_RESERVED)
            self._ids = iter(range(id + 1, id + INSTANCE_IDS_RESERVED))
        return id

    def let_ids_expire(self, now: float) -> None:
        """Those that it has left; also when the clock was set back."""
        if not self._ids_until - IDS_KEPT_S <= now < self._ids_until:
            self._ids, self._ids_until = iter(range(0)), now + IDS_KEPT_S

    def forget(self) -> None:
        """A turn was rolled back: what was remembered since may be wrong."""
        self.instances.clear()
        self.deployments.clear()
        self.definitions.forget()
        self.placement.offer()
        self.next_event_at = 0.0
        self._ids = iter(range(0))
