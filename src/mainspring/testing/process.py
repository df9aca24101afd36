"""One simulated process: a kernel on a connection of its own, a pump turned by hand, and attempts that take no time.

while process.step():      # one turn after another, until nothing is to be done at this moment
    pass
clock.advance(process.next_at() - clock.now())
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import cast

from msgspec import Struct

from mainspring.clock import Clock
from mainspring.kernel.census import WorkerRow
from mainspring.kernel.definitions import Definitions
from mainspring.kernel.kernel import Kernel
from mainspring.kernel.leases import Fate, Leases
from mainspring.kernel.placement import Offers, Placement
from mainspring.kernel.records import Attempt, Input, Release, Settle
from mainspring.kernel.store import Store
from mainspring.models.contract import Resolve
from mainspring.models.registry import MODELS
from mainspring.runtime.pump import BATCH_MAX, Performer, Pump
from mainspring.runtime.runs import Runs
from mainspring.runtime.watchdog import Watchdog
from mainspring.testing.faults import FaultyStore
from mainspring.testing.stubs import Stub, Stubs


class SteppedPump(Pump):
    """A pump without a thread of its own."""

    held_until = 0.0
    """The store could not be written; it is tried again then."""

    def start(self, performer: Performer) -> None:
        self._performer = performer

    def has_work(self) -> bool:
        """Whether a turn is due now."""
        now = self._clock.now()
        if now < self.held_until:
            return False
        return self.is_asked or self._wake_at <= now

    def step(self) -> None:
        """One turn with all that waits."""
        inputs = self._inputs
        # Known to `stop`, as those of a thread are: who asked is told that the process died over it.
        self._present = [inputs.popleft() for _ in range(min(len(inputs), BATCH_MAX))]
        self._turn(self._present)
        self._present = []

    def next_at(self) -> float:
        """When the next turn is due, if nothing comes from outside."""
        return max(self.held_until, self._clock.now() if self.is_asked else self._wake_at)

    @property
    def is_asked(self) -> bool:
        """Whether inputs wait, or another process has written."""
        return bool(self._inputs) or self._kernel.store.foreign()

    def waiting(self) -> tuple[Input, ...]:
        """What has not been taken in yet."""
        return tuple(self._inputs)

    def stop(self) -> None:
        """The process is dead; nobody gets an answer from it any more."""
        self._answer_all()

    def _rest(self, seconds: float) -> None:
        self.held_until = self._clock.now() + seconds


class Performance(Struct):
    """An attempt under way, and when it will end."""

    attempt: Attempt
    stub: Stub
    started_at: float
    ends_at: float


class Process:
    """A process that can be stepped, and thrown away at any moment."""

    def __init__(
        self,
        name: str,
        store: FaultyStore,
        *,
        clock: Clock,
        stubs: Stubs,
        offers: Offers,
        resolve: Resolve,
        slots: Mapping[str, int],
        slot_count: int,
        lease_s: float,
        fate: Callable[[WorkerRow], Fate],
        host: str = "simulated",
        labels: Mapping[str, bool | int | float | str] | None = None,
        queues: Collection[str] | None = None,
    ) -> None:
        self.name = name
        self.store = store
        self.slot_count = slot_count
        self.performing: list[Performance] = []
        self._clock = clock
        self._stubs = stubs
        leases = Leases(
            name=name,
            host=host,
            process=name,
            lease_s=lease_s,
            fate=fate,
            slots=slot_count,
            labels=labels,
            queues=queues,
        )
        placement = Placement(offers, slots, slot_count)
        self.kernel = Kernel(cast("Store", store), Definitions(MODELS, resolve), placement, leases)
        self.pump = SteppedPump(self.kernel, clock)
        self.pump.start(self)
        self._runs = Runs(self.pump.put, name, Watchdog(), clock.now)

    # --- As the pump's performer --------------------------------------------------------------

    def dispatch(self, attempts: list[Attempt]) -> None:
        now = self._clock.now()
        for attempt in attempts:
            stub = self._stubs.take(attempt, now)
            takes_s = stub.takes_s if attempt.timeout_s is None else min(stub.takes_s, attempt.timeout_s)
            self.performing.append(Performance(attempt, stub, now, now + takes_s))

    def cancel(self, instance: int, key: str) -> None:
        self.performing = [one for one in self.performing if (one.attempt.instance, one.attempt.key) != (instance, key)]

    # --- Step by step -------------------------------------------------------------------------

    def step(self) -> bool:
        """Report what has ended, and take a turn if one is due; False: nothing was to be done at this moment."""
        now = self._clock.now()
        for one in [one for one in self.performing if one.ends_at <= now]:
            self.perform(one)
        if not self.pump.has_work():
            return False
        self.pump.step()
        return True

    def perform(self, one: Performance) -> None:
        """End an attempt, whatever the time is."""
        self.pump.put([self.conclude(one)])

    def conclude(self, one: Performance) -> Settle | Release:
        """How an attempt ends; nobody has heard of it yet."""
        self.performing.remove(one)
        return self._stubs.perform(self._runs, one.attempt, one.stub, one.started_at)

    def next_at(self) -> float:
        """When it has something to do again."""
        return min([self.pump.next_at(), *(one.ends_at for one in self.performing)])

    def next_work_at(self) -> float:
        """The same, looking after leases apart."""
        if self.pump.is_asked:
            return self.pump.next_at()
        due_at = min(self.kernel.next_event_at, self.kernel.placement.wake_at)
        return min([max(due_at, self.pump.held_until), *(one.ends_at for one in self.performing)])

    def kill(self) -> None:
        """As SIGKILL would: what was not committed is gone."""
        self.performing.clear()
        self.pump.stop()
        self.store.store.close()
