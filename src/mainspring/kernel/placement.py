"""Which tasks this process takes: slots, leases, and the order of the queue."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Set

from mainspring.kernel.instances import Live
from mainspring.kernel.lifecycle import ENDED, PAUSED
from mainspring.kernel.records import Attempt
from mainspring.kernel.store import HELD, NOT_LEASED, Changes, Key, Store, WaitingRow
from mainspring.models.contract import StartTask, TaskSpec

Offers = Callable[[str, str, str], str | None]
"""By handler, queue and requirement: the pool that such a task runs in here ("async", …); None: it does not."""


class Placement:
    """The slots of this process and the leases that fill them.

    Invariant: `used[pool]` is the number of leases in `running` whose handler runs in that pool, and never above
    `limits[pool]`.  A worker never holds more than it can run at once.
    """

    def __init__(self, offers: Offers, limits: Mapping[str, int], total: int) -> None:
        self.worker = 0
        """Id of our present incarnation."""
        self.running: dict[int, dict[str, Attempt]] = {}
        """What we hold leases of, by instance and key."""
        self.draining = False
        self.next_task_at = 0.0
        """When a task that waits for its time is due; 0: look."""
        self._offers: Offers = offers if total else _nothing
        self._free = dict(limits)
        self._free_total = total
        self._is_shared = total < sum(limits.values())
        """Whether a task of one pool can take the place of one of another."""
        self._capabilities: dict[tuple[str, str, str], int] = {}
        self._pools: dict[int, str | None] = {}
        self._handlers: dict[int, str] = {}
        self._backlog: set[int] = set()
        """Capabilities of which ready tasks may be waiting."""

    # --- New tasks ----------------------------------------------------------------------------

    def place(
        self,
        store: Store,
        tasks: list[tuple[Live, StartTask]],
        *,
        now: float,
        withdrawn: Set[Key],
        changes: Changes,
        dispatch: list[Attempt],
    ) -> None:
        """Lease new tasks to ourselves while there are slots and nothing waits; queue the rest.

        Those `withdrawn` are neither.  Adds to `dispatch` what is to begin once the turn is durable.
        """
        worker, running, rows, free = self.worker, self.running, changes.tasks, self._free
        crowded = self._crowded()
        if len(tasks) > 1 and len({task.spec.priority + task.priority for _, task in tasks}) > 1:
            tasks.sort(key=lambda pair: -pair[1].spec.priority - pair[1].priority)
        for live, task in tasks:
            if live.status in ENDED:
                continue
            spec, instance, task_key, ready_at = task.spec, live.id, task.key, task.ready_at
            capability, pool = self._need(store, spec)
            if withdrawn and (instance, task_key) in withdrawn:
                continue
            priority = spec.priority + task.priority
            payload = task.payload
            if (
                pool is not None
                and ready_at <= now
                and free[pool] > 0
                and self._free_total > 0
                and pool not in crowded
                and not self.draining
                and live.status != PAUSED
            ):
                free[pool] -= 1
                self._free_total -= 1
                attempt = Attempt(
                    instance, task_key, spec.handler, payload, 1, 1, live.public_id, spec.timeout_s, ready_at,
                    capability, pool,
                )  # fmt: skip
                held = running.get(instance)
                if held is None:
                    running[instance] = {task_key: attempt}
                else:
                    held[task_key] = attempt
                dispatch.append(attempt)
                rows.append((
                    instance, task_key, capability, priority, ready_at, 1, 1, worker, now, spec.timeout_s,
                    payload.decode(),
                ))  # fmt: skip
                continue
            owner = HELD if live.status == PAUSED else NOT_LEASED
            rows.append((
                instance, task_key, capability, priority, ready_at, 0, 0, owner, None, spec.timeout_s,
                payload.decode(),
            ))  # fmt: skip
            backlog_count = len(self._backlog)
            self._expect(capability, pool, ready_at, now)
            if len(self._backlog) > backlog_count:
                crowded = self._crowded()

    def _crowded(self) -> Container[str]:
        """The pools whose free slots belong to what waits already: what is new does not overtake it."""
        if not self._backlog:
            return ()
        return (
            self._free if self._is_shared else {pool for c in self._backlog if (pool := self._pools.get(c)) is not None}
        )

    def _need(self, store: Store, spec: TaskSpec) -> tuple[int, str | None]:
        needs = (spec.handler, spec.queue, spec.requires)
        capability = self._capabilities.get(needs)
        if capability is None:
            capability = self._capabilities[needs] = store.intern_capability(*needs)
            self._pools[capability] = self._offers(*needs)
            self._handlers[capability] = spec.handler
        return capability, self._pools[capability]

    def _expect(self, capability: int, pool: str | None, ready_at: float, now: float) -> None:
        if pool is None:
            return
        if ready_at <= now:
            self._backlog.add(capability)
        else:
            self.next_task_at = min(self.next_task_at, ready_at)

    def requeued(self, capability: int, ready_at: float, now: float) -> None:
        """A task waits (again) from `ready_at` on."""
        self._expect(capability, self._pools.get(capability), ready_at, now)

    # --- Waiting tasks ------------------------------------------------------------------------

    @property
    def wants_claim(self) -> bool:
        return bool(self._backlog) and self._free_total > 0 and not self.draining

    def look(self, store: Store) -> None:
        """Anything may be waiting: another process wrote, tasks were released, or their time has come."""
        for capability, handler, queue, requires in store.list_capabilities():
            self._capabilities[handler, queue, requires] = capability
            self._handlers[capability] = handler
            if capability not in self._pools:
                self._pools[capability] = self._offers(handler, queue, requires)
        self._backlog.update(capability for capability, pool in self._pools.items() if pool is not None)
        self.next_task_at = 0.0

    def offer(self) -> None:
        """Handlers were added: ask again which capabilities we have."""
        self._capabilities.clear()
        self._pools.clear()
        self._backlog.clear()
        self.next_task_at = 0.0

    def claim(self, store: Store, *, now: float, dispatch: list[Attempt]) -> None:
        """Lease what waits, in the order of the queue, into the slots that are free."""
        chosen = self._choose(store, now)
        if not chosen:
            return
        store.lease([(row.instance, row.key) for row in chosen], self.worker, now)
        free, running = self._free, self.running
        for row in chosen:
            pool = self._pools[row.capability]
            assert pool is not None, "only what has a pool is chosen"
            free[pool] -= 1
            self._free_total -= 1
            attempt = Attempt(
                row.instance, row.key, self._handlers[row.capability], row.payload.encode(), row.attempt + 1,
                row.token + 1, row.public_id, row.timeout_s, row.ready_at, row.capability, pool,
            )  # fmt: skip
            running.setdefault(row.instance, {})[row.key] = attempt
            dispatch.append(attempt)

    def _choose(self, store: Store, now: float) -> list[WaitingRow]:
        free, total = dict(self._free), self._free_total
        rows: list[WaitingRow] = []
        backlog = list(self._backlog)
        for capability in backlog:
            room = min(free[self._pools[capability]], total)  # type: ignore[index]
            if room <= 0:
                continue
            found = store.waiting(capability, now, room)
            rows.extend(found)
            if len(found) < room:
                self._backlog.discard(capability)
        if len(backlog) == 1:
            return rows  # they come in order, and no more than there is room for
        rows.sort(key=lambda row: (-row.priority, row.ready_at, row.instance, row.key))
        chosen: list[WaitingRow] = []
        for row in rows:
            pool = self._pools[row.capability]
            if total > 0 and free[pool] > 0:  # type: ignore[index]
                free[pool] -= 1  # type: ignore[index]
                total -= 1
                chosen.append(row)
            else:
                self._backlog.add(row.capability)
        return chosen

    def next_at(self, store: Store, now: float) -> float:
        """When the next task becomes ready that we could run; asks the store only when the answer may have changed."""
        if self.next_task_at <= now:
            times = [
                at
                for capability, pool in self._pools.items()
                if pool is not None and (at := store.next_task_at(capability, now)) is not None
            ]
            self.next_task_at = min(times, default=float("inf"))
        return self.next_task_at

    # --- Leases that end ----------------------------------------------------------------------

    def holds(self, attempt: Attempt) -> bool:
        """Whether the lease under which an attempt was made is still ours."""
        tasks = self.running.get(attempt.instance)
        held = None if tasks is None else tasks.get(attempt.key)
        return held is not None and held.token == attempt.token

    def settle(self, attempt: Attempt) -> bool:
        """Free the slot of a lease, if it is still ours."""
        tasks = self.running.get(attempt.instance)
        held = None if tasks is None else tasks.get(attempt.key)
        if held is None or held.token != attempt.token:
            return False
        if len(tasks) == 1:  # type: ignore[arg-type]  # held was found in it
            del self.running[attempt.instance]
        else:
            del tasks[attempt.key]  # type: ignore[union-attr]
        self._free[held.pool] += 1
        self._free_total += 1
        return True

    def end(self, instance: int, key: str) -> Attempt | None:
        """Free the slot of a lease; None if we do not hold it."""
        tasks = self.running.get(instance)
        attempt = None if tasks is None else tasks.pop(key, None)
        if attempt is None:
            return None
        if not tasks:
            del self.running[instance]
        self._free[attempt.pool] += 1
        self._free_total += 1
        return attempt

    def restore(self, begun: list[Attempt], freed: list[Attempt]) -> None:
        """A turn was rolled back: the leases that began with it are none, those that ended with it go on."""
        for attempt in begun:
            self.end(attempt.instance, attempt.key)
        for attempt in freed:
            self.running.setdefault(attempt.instance, {})[attempt.key] = attempt
            self._free[attempt.pool] -= 1
            self._free_total -= 1

    def attempts(self) -> list[Attempt]:
        return [attempt for tasks in self.running.values() for attempt in tasks.values()]


def _nothing(handler: str, queue: str, requires: str) -> None:
    """A process without slots offers nothing, and need not import a handler to know it."""
