"""Which tasks this process takes: slots, leases, and the order of the queue."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Set

from mainspring.kernel.instances import Live
from mainspring.kernel.lifecycle import ENDED, PAUSED
from mainspring.kernel.need import Need
from mainspring.kernel.queue import Candidate, Queue, merged, settings_of
from mainspring.kernel.records import Attempt
from mainspring.kernel.store import HELD, NOT_LEASED, Changes, Key, Store, WaitingRow
from mainspring.models.contract import StartTask, TaskSpec

Offers = Callable[[str, str, str, str], str | None]
"""By handler, queue, requirement and executor: the pool that such a task runs in here ("async", …); None: none."""

FIRST_CLAIM = 128
"""Tasks that a process which runs nothing takes at first: they begin in a few milliseconds, and the next turn takes the
rest.  Thousands at once would have the first of them wait for the lease of the last."""
OUTSIDE = "outside"
"""The pool of attempts that somebody carries out elsewhere; they fill no slot of ours."""


class Placement:
    """The slots of this process and the leases that fill them.

    Invariant: `used[pool]` is the number of leases in `running` whose handler runs in that pool, and never above
    `limits[pool]`.  A worker never holds more than it can run at once.  What a cluster computes fills its own slots,
    and none of the `total` of this process.
    """

    def __init__(self, offers: Offers, limits: Mapping[str, int], total: int, apart: Mapping[str, int] = {}) -> None:
        self.worker = 0
        """Id of our present incarnation."""
        self.running: dict[int, dict[str, Attempt]] = {}
        """What we hold leases of, by instance and key."""
        self.draining = False
        self.offer_number = 0
        """Another one whenever `accepted` may be something else."""
        self.next_task_at = 0.0
        """When a task that waits for its time is due; 0: look."""
        self._offers: Offers = offers if total or apart else _nothing
        self._free = {**limits, **apart}
        self._apart = frozenset(apart)
        """Pools of clusters."""
        self._free_total = total
        self._is_shared = total < sum(limits.values())
        """Whether a task of one pool can take the place of one of another."""
        self._capabilities: dict[tuple[str, str, str, str, float | None], int] = {}
        self._pools: dict[int, str | None] = {}
        self._needs: dict[int, Need] = {}
        self._first_claim = FIRST_CLAIM
        self._goes_on = False
        """Whether the last claim took fewer than there are slots for, so that it is soon done."""
        self._backlog: set[int] = set()
        """Capabilities of which ready tasks may be waiting."""
        self._limited: set[int] = set()
        """Capabilities of which tasks wait for a limit of their queue, and so are in nobody's way."""
        self._managed: dict[str, int] | None = None
        """Queues of which something was said; None: look."""
        """By capability."""
        self._token_at = float("inf")
        """When a queue's rate lets the next one through."""

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
        managed, apart = self._managed or {}, self._apart
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
            queue = managed.get(spec.queue)
            if (
                pool is not None
                and queue is None
                and ready_at <= now
                and free[pool] > 0
                and (self._free_total > 0 or pool in apart)
                and pool not in crowded
                and not self.draining
                and live.status != PAUSED
            ):
                free[pool] -= 1
                if pool not in apart:
                    self._free_total -= 1
                attempt = Attempt(
                    instance, task_key, spec.handler, payload, 1, 1, live.public_id, spec.timeout_s, ready_at,
                    capability, pool, spec.memory_max_mb,
                )  # fmt: skip
                held = running.get(instance)
                if held is None:
                    running[instance] = {task_key: attempt}
                else:
                    held[task_key] = attempt
                dispatch.append(attempt)
                rows.append((
                    instance, task_key, capability, priority, ready_at, 1, 1, worker, now, spec.timeout_s,
                    payload.decode(), None, live.group,
                ))  # fmt: skip
                continue
            owner = HELD if live.status == PAUSED else NOT_LEASED
            rows.append((
                instance, task_key, capability, priority, ready_at, 0, 0, owner, None, spec.timeout_s,
                payload.decode(), queue, live.group if queue is None else live.group or "",
            ))  # fmt: skip
            if ready_at > now or capability not in self._backlog:
                self._expect(capability, pool, ready_at, now)
                crowded = self._crowded()

    def _crowded(self) -> Container[str]:
        """The pools whose free slots belong to what waits already: what is new does not overtake it."""
        if not self._backlog:
            return ()
        pools = {pool for c in self._backlog if (pool := self._pools.get(c)) is not None}
        return pools | (self._free.keys() - self._apart) if self._is_shared and pools - self._apart else pools

    def _need(self, store: Store, spec: TaskSpec) -> tuple[int, str | None]:
        needs = (spec.handler, spec.queue, spec.requires, spec.executor, spec.memory_max_mb)
        capability = self._capabilities.get(needs)
        if capability is None:
            capability = store.intern_capability(need := Need(*needs))
            self._know(capability, need)
        return capability, self._pools[capability]

    def _know(self, capability: int, need: Need) -> None:
        self._capabilities[need] = capability
        self._needs[capability] = need
        if capability not in self._pools:
            self.offer_number += 1
            self._pools[capability] = self._offers(need.handler, need.queue, need.requires, need.executor)

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
    def _room(self) -> int:
        """Slots that may be filled now: where nothing runs yet a few, so that these need not wait for all others."""
        return self._free_total if self.running else min(self._free_total, self._first_claim)

    def _room_in(self, pool: str | None) -> int:
        """As far as one pool goes."""
        free = self._free[pool]  # type: ignore[index]  # only what has a pool is in the backlog
        return free if pool in self._apart else min(free, self._room)

    @property
    def wants_claim(self) -> bool:
        if self.draining or not (self._backlog or self._limited):
            return False
        return self._free_total > 0 or any(self._free[pool] > 0 for pool in self._apart)

    def look_at_queues(self, store: Store) -> None:
        """Something may have been said of a queue."""
        self._backlog |= self._limited
        self._limited.clear()
        self.learn_queues(store)

    def learn_queues(self, store: Store) -> None:
        """What is said of queues when tasks are placed now."""
        self._managed = {row.name: row.id for row in store.list_queues() if not settings_of(row).is_plain}

    def look(self, store: Store) -> None:
        """Anything may be waiting: another process wrote, tasks were released, or their time has come."""
        for row in store.list_capabilities():
            self._know(*row)
        self._backlog.update(capability for capability, pool in self._pools.items() if pool is not None)
        self.next_task_at = 0.0

    def accepted(self) -> list[int]:
        """The capabilities of which we take tasks, of those that we know of."""
        return sorted(capability for capability, pool in self._pools.items() if pool is not None)

    def decline(self, handler: str, pool: str) -> None:
        """It was there, and is not any more: take no tasks for it in this pool until handlers are added."""
        for capability, need in self._needs.items():
            if need.handler == handler and self._pools.get(capability) == pool:
                self.offer_number += 1
                self._pools[capability] = None
                self._backlog.discard(capability)
                self._limited.discard(capability)

    def offer(self) -> None:
        """Handlers were added: ask again which capabilities we have."""
        self.offer_number += 1
        self._capabilities.clear()
        self._pools.clear()
        self._backlog.clear()
        self._limited.clear()
        self.next_task_at = 0.0

    def claim(self, store: Store, *, now: float, dispatch: list[Attempt]) -> None:
        """Lease what waits, in the order of the queue, into the slots that are free."""
        room = self._room
        chosen = self._choose(store, now)
        here = sum(self._pools[row.capability] not in self._apart for row in chosen)
        self._goes_on = here == room < self._free_total
        if not chosen:
            return
        store.lease([(row.instance, row.key) for row in chosen], self.worker, now)
        free, running = self._free, self.running
        for row in chosen:
            pool = self._pools[row.capability]
            assert pool is not None, "only what has a pool is chosen"
            free[pool] -= 1
            if pool not in self._apart:
                self._free_total -= 1
            need = self._needs[row.capability]
            attempt = Attempt(
                row.instance, row.key, need.handler, row.payload.encode(), row.attempt + 1, row.token + 1,
                row.public_id, row.timeout_s, row.ready_at, row.capability, pool, need.memory_max_mb,
            )  # fmt: skip
            running.setdefault(row.instance, {})[row.key] = attempt
            dispatch.append(attempt)

    def claim_outside(
        self, store: Store, offers: Callable[[str, str, str, str], bool], limit: int, *, now: float
    ) -> list[Attempt]:
        """Lease what waits for somebody who carries it out elsewhere, in the order of the queue."""
        guest = Placement(lambda *need: OUTSIDE if offers(*need) else None, {OUTSIDE: limit}, limit)
        guest.worker, guest._first_claim = self.worker, limit
        guest.look_at_queues(store)
        guest.look(store)
        claimed: list[Attempt] = []
        guest.claim(store, now=now, dispatch=claimed)
        for attempt in claimed:
            self.running.setdefault(attempt.instance, {})[attempt.key] = attempt
        return claimed

    def _choose(self, store: Store, now: float) -> list[WaitingRow]:
        """What begins next, the most urgent first, as far as slots and queues have room."""
        free, total = dict(self._free), self._room
        queues = self._open_queues(store, now)
        plain = self._plain(store, now)
        if not queues and len({row.capability for row in plain}) <= 1:
            return plain  # in order, and no more than there is room for
        lines: list[Iterable[Candidate]] = [[Candidate(row) for row in plain]]
        reach = total + sum(free[pool] for pool in self._apart)
        lines += [queue.candidates(store, mine, reach) for queue, mine in queues]
        chosen: list[WaitingRow] = []
        taken: list[list[Candidate]] = [[] for _ in lines]
        full: set[int] = set()
        """Lines whose next task has no slot; what is behind it must not overtake it."""
        for line, candidate in merged(lines):
            row = candidate.row
            pool = self._pools[row.capability]
            is_apart = pool in self._apart
            if (total > 0 or is_apart) and free[pool] > 0 and line not in full:  # type: ignore[index]
                free[pool] -= 1  # type: ignore[index]
                total -= not is_apart
                chosen.append(row)
                taken[line].append(candidate)
            else:
                self._backlog.add(row.capability)
                if line:
                    full.add(line)
        for line, (queue, mine) in enumerate(queues, start=1):
            if taken[line]:
                store.save_queue(queue.taken(taken[line]))
            self._token_at = min(self._token_at, queue.token_at)
            if line in full:
                self._backlog.update(mine)
            elif queue.waits:
                self._limited.update(mine)
        return chosen

    def _open_queues(self, store: Store, now: float) -> list[tuple[Queue, list[int]]]:
        """The managed queues that have something for us, locked, each with the capabilities that have a slot."""
        self._token_at = float("inf")
        managed = self._managed or {}
        found: dict[int, list[int]] = {}
        for capability in sorted(self._backlog | self._limited):
            id = managed.get(self._needs[capability].queue)
            if id is not None and self._room_in(self._pools[capability]) > 0:
                found.setdefault(id, []).append(capability)
                self._backlog.discard(capability)
                self._limited.discard(capability)
        rows = store.lock_queues(sorted(found)) if found else ()
        return [(Queue(row, store.count_running(row.id), now), found[row.id]) for row in rows]

    def _plain(self, store: Store, now: float) -> list[WaitingRow]:
        """What waits in plain queues, in order, as far as there may be a slot."""
        rows: list[WaitingRow] = []
        backlog = [each for each in self._backlog if self._needs[each].queue not in (self._managed or ())]
        for capability in backlog:
            room = self._room_in(self._pools[capability])
            if room <= 0:
                continue
            found = store.waiting(capability, now, room)
            rows.extend(found)
            if len(found) < room:
                self._backlog.discard(capability)
        if len(backlog) > 1:  # those of one come in order
            rows.sort(key=lambda row: (-row.priority, row.ready_at, row.instance, row.key))
        return rows

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

    @property
    def wake_at(self) -> float:
        """When something may begin that nobody will tell us of."""
        if self._goes_on and self.wants_claim:
            return 0.0
        return min(self.next_task_at, self._token_at) if self.wants_claim else self.next_task_at

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
        self._vacate(held.pool, 1)
        return True

    def end(self, instance: int, key: str) -> Attempt | None:
        """Free the slot of a lease; None if we do not hold it."""
        tasks = self.running.get(instance)
        attempt = None if tasks is None else tasks.pop(key, None)
        if attempt is None:
            return None
        if not tasks:
            del self.running[instance]
        self._vacate(attempt.pool, 1)
        return attempt

    def _vacate(self, pool: str, slots: int) -> None:
        if pool != OUTSIDE:
            self._free[pool] += slots
            if pool not in self._apart:
                self._free_total += slots

    def restore(self, begun: list[Attempt], freed: list[Attempt]) -> None:
        """A turn was rolled back: the leases that began with it are none, those that ended with it go on."""
        for attempt in begun:
            self.end(attempt.instance, attempt.key)
        for attempt in freed:
            self.running.setdefault(attempt.instance, {})[attempt.key] = attempt
            self._vacate(attempt.pool, -1)

    def attempts(self) -> list[Attempt]:
        return [attempt for tasks in self.running.values() for attempt in tasks.values()]


def _nothing(handler: str, queue: str, requires: str, executor: str) -> None:
    """A process without slots offers nothing, and need not import a handler to know it."""
