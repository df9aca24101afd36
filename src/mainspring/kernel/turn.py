"""One turn under way: what it has gathered so far, and the verbs by which commands add to it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from mainspring.kernel.contention import Contended
from mainspring.kernel.definitions import Definition
from mainspring.kernel.hold import Hold
from mainspring.kernel.instances import Live
from mainspring.kernel.records import Attempt, End
from mainspring.kernel.store import Changes, InstanceRow, Key
from mainspring.kernel.tally import Settled
from mainspring.models.contract import Event, Received, StartInstance, StartTask

_encode = msgspec.json.Encoder().encode


class Suspect(Struct, frozen=True):
    """An event that no input brought: if the turn breaks, this is what broke it."""

    instance: int
    key: str
    event: Event


class Turn:
    """The commands of models are applied to it (`kernel.apply`), inputs are taken into it (`kernel.intake`)."""

    def __init__(self, hold: Hold, number: int, now: float) -> None:
        self.hold = hold
        self.is_shared = hold.store.is_shared
        self.number = number
        self.now = now
        self.changes = Changes()
        self.new_tasks: list[tuple[Live, StartTask]] = []
        self.withdrawn: set[Key] = set()
        """Tasks cancelled in this turn; they are not placed even if they were started in it."""
        self.retried: set[Key] = set()
        self.deliveries: deque[tuple[int, Event, Key | None]] = deque()
        """To whom, what, and who wants to know under which key how it was taken."""
        self.touched: dict[int, Live] = {}
        self.locked: set[int] = set()
        """Instances that nobody else can change before the turn ends; of a store that is shared."""
        self.begun: dict[str, int] = {}
        """Instances by public id, as far as inputs name them."""
        self.ends: dict[int, End | None] = {}
        """Of the instances that inputs await, as they were when the turn began; None: that had not ended."""
        self.dispatch: list[Attempt] = []
        self.claimed: list[Attempt] = []
        """Leased for somebody who carries them out elsewhere."""
        self.freed: list[Attempt] = []
        """Leases that end with this turn, and live on if it is rolled back."""
        self.cancelled: list[Key] = []
        self.replies: list[tuple[Any, Any]] = []
        self.ended: list[tuple[int, End]] = []
        self.settling: Attempt | None = None
        self.suspect: Suspect | None = None
        self.starting: list[tuple[Live, StartInstance, Suspect | None]] | None = None
        """Instances under ids of their own, asked for by due events: gathered, so that the ids are looked up at once;
        None: they begin as they are asked for."""
        self.lost = 0
        """1 while the loss of a worker is being dealt with."""
        self.given: set[Key] = set()
        """Subscriptions to messages that were given one in this turn; a second one goes to somebody else."""
        self.opened: dict[Key, tuple[str, str]] = {}
        """Name and match of subscriptions to messages that are to look for one that waits already."""
        self.message_count = 0
        """Messages that instances have sent to one another."""
        self.more_is_due = False
        """Whether events are left that are due already."""
        self.look = False
        """Whether tasks may wait that placement does not know of."""
        self.leaving = False
        """Whether this process gives its leases back and goes."""
        self.settled: list[Settled] = []
        """Attempts that end with it."""
        self.tells = False
        """Whether it is time to say what was done since."""
        self.wrote = False

    # --- Keeping others away ------------------------------------------------------------------

    def lock(self, ids: Iterable[int], *, wait: bool = False) -> None:
        """Keep instances still, if others could change them now."""
        if not self.is_shared:
            return
        missing = sorted({id for id in ids if not self.has_locked(id)})
        if missing:
            try:
                self.locked |= self.hold.store.lock(missing, wait=wait)
            except Contended as busy:
                raise Contended(str(busy), missing) from busy

    def has_locked(self, instance: int) -> bool:
        """Whether nobody else can change an instance before the turn ends."""
        return instance in self.locked or instance in self.touched

    # --- What commands ask for ----------------------------------------------------------------

    def deliver(self, instance: int, event: Event, asker: Key | None = None) -> None:
        """Hand an event to another instance, in this turn, after what is under way."""
        self.deliveries.append((instance, event, asker))

    def put_event(self, instance: int, key: str, ready_at: float, event: Event) -> None:
        row = (instance, key, ready_at, type(event).__name__, _encode(event).decode())
        self.changes.events.setdefault(instance, {})[key] = row
        self.hold.next_event_at = min(self.hold.next_event_at, ready_at)
        if ready_at <= self.now:
            self.more_is_due = True

    def drop_event(self, instance: int, key: str) -> None:
        self.changes.events.setdefault(instance, {})[key] = None

    def requeued(self, ready_at: float) -> None:
        if self.settling is None:
            self.look = True
        else:
            self.hold.placement.requeued(self.settling.capability, ready_at, self.now)

    def stop_attempt(self, instance: int, key: str) -> None:
        if self.free(instance, key):
            self.cancelled.append((instance, key))

    def free(self, instance: int, key: str) -> bool:
        """End a lease of ours, with the turn; False if there is none."""
        attempt = self.hold.placement.end(instance, key)
        if attempt is None:
            return False
        self.freed.append(attempt)
        return True

    def sweep(self, instance: int) -> None:
        """Take back all tasks, events and subscriptions of an instance, also those of this turn."""
        self.changes.swept.append((instance,))
        put = self.changes.events.pop(instance, {})
        kept = {key: row for key, row in put.items() if row is None or row[3] == Received.__name__}
        if kept:
            self.changes.events[instance] = kept
        for subscription in [each for each in self.changes.subscriptions if each[0] == instance]:
            del self.changes.subscriptions[subscription]
        self.withdrawn.update((instance, task.key) for live, task in self.new_tasks if live.id == instance)
        for key in list(self.hold.placement.running.get(instance, ())):
            self.stop_attempt(instance, key)

    def children(self, instance: int) -> list[tuple[int, str, str]]:
        self.flush()
        return self.hold.store.list_children(instance)

    def find_id(self, public_id: str) -> int | None:
        """The number of an instance, also of one that began in this turn."""
        known = self.begun.get(public_id)
        return known if known is not None else self.hold.store.find_ids([public_id]).get(public_id)

    def is_there(self, instance: int) -> bool:
        """Whether an instance has not been forgotten."""
        return self.hold.instances.find(instance) is not None or bool(self.hold.store.load_instances([instance]))

    def next_instance_id(self) -> int:
        return self.hold.next_instance_id()

    def add_instance(self, row: InstanceRow, definition: Definition, attributes: str | None) -> Live:
        live = Live.of(row, definition, self.number)
        self.hold.deployments.pop(row.public_id, None)
        self.hold.instances.add(live)
        self.touched[row.id] = live
        self.changes.instances.append((
            row.id, row.public_id, row.definition, row.status, row.parent, row.parent_key, row.priority, attributes,
            self.now, row.group, row.detached,
        ))  # fmt: skip
        return live

    def flush(self) -> None:
        """Write what was gathered so far, so that a query sees it."""
        if self.changes:
            self.hold.store.write(self.changes)
            self.changes = Changes()
            self.wrote = True
