"""The engine: what users hold.  It opens a store, runs a pump and a worker, and hands out instances."""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, wait
from functools import partial
from types import TracebackType
from typing import Any

from mainspring.claimed import Claimed
from mainspring.clock import Clock
from mainspring.ends import Ends
from mainspring.errors import (
    InstanceCancelledError,
    InstanceFailedError,
    MainspringError,
    ResultTimeoutError,
    SettingInvalidError,
)
from mainspring.instance import Instance, left_s
from mainspring.kernel.census import WorkerRow
from mainspring.kernel.definitions import Definitions
from mainspring.kernel.kernel import Kernel
from mainspring.kernel.leases import Fate, Leases
from mainspring.kernel.placement import Placement
from mainspring.kernel.reader import PAGE_MAX
from mainspring.kernel.records import Attempt, Await, Claim, End, Prune, Tell, end_of
from mainspring.messaging import Messaging
from mainspring.models.contract import Deployable, Event
from mainspring.models.registry import MODELS
from mainspring.models.schedule.model import ZONES_NAME
from mainspring.queues import Queue
from mainspring.runtime.clusters.opening import open_clusters
from mainspring.runtime.handlers import Handlers
from mainspring.runtime.identity import fate_of, host_name, process_name
from mainspring.runtime.offer import Label, Offer
from mainspring.runtime.processes import RECYCLE_ATTEMPTS, RECYCLE_MB
from mainspring.runtime.pump import Pump
from mainspring.runtime.worker import Worker
from mainspring.scheduling import Scheduling
from mainspring.stores.url import open_reader, open_store, store_url
from mainspring.task_transaction import Transactions
from mainspring.terms import is_name, is_whole

__all__ = ["DRAIN_S", "RECYCLE_ATTEMPTS", "RECYCLE_MB", "Engine"]

SLOTS = {"async": 2_048, "thread": 64, "process": os.cpu_count() or 1}
"""Attempts at once where nothing else is said: what awaits costs little, a thread some, a process a core."""
CLUSTER_SLOTS = 256
"""Attempts that a cluster has at once, waiting there included, where nothing else is said."""
LEASE_S = 30.0
"""How long others wait before they take over from a process that has gone silent."""
DRAIN_S = 30.0
"""How long `close` waits for attempts under way."""
NOTICE_S = 5.0
"""How long who ends waits for the pump to take no more work; while the store is away it takes none anyway."""
AWAITED_MAX = 50_000
"""Instances that one call of `gather` waits for at a time; to note so many takes the pump some 50 milliseconds."""
CLAIM_MAX = 1_000
"""Tasks of one claim."""
ERRORS = (InstanceFailedError, InstanceCancelledError)
"""What an instance that ended badly gives in the place of an output."""
PRUNE_BATCH = 500
"""Instances forgotten in one turn, so that others are not kept waiting."""


class Engine(Scheduling, Messaging):
    """A store with a pump and a worker.

        with Engine("sqlite:///report.db") as engine:
            instance = engine.start(workflow, {"url": "https://…"}, id="report-2026-11-24")
            print(instance.result(timeout_s=60))

    `url`: `sqlite:///file.db`, `sqlite://` (in memory), `postgresql://user@host/database`; default
    `$MAINSPRING_URL`, else `./mainspring.db`.
    `slots`: how many attempts run at once in this process; 0: none, it only starts and asks.
    `labels`: what this process offers to tasks that require something, such as `{"gpu": True, "region": "eu"}`.
    `queues`: those whose tasks it takes; default: all.
    `recycle_attempts`, `recycle_mb`: a process for handlers with `isolation="process"` is replaced after so many, or
    when it has grown so much since its first.
    `clusters`: where tasks with an `executor` go, such as `{"dask": "tcp://scheduler:8786"}`, or the same as text,
    `"dask=tcp://scheduler:8786"`; default: `$MAINSPRING_CLUSTERS`, unless `slots` is 0.
    `cluster_slots`: attempts that each of them has at once.
    `paused`: it begins no attempts until `resume`.
    All methods may be called from any thread.  What a method returns for is durable.

    Raises `StoreInvalidError`, `StoreDeniedError`, `StoreUnavailableError` or `SchemaNewerError` where the store
    cannot be opened.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        slots: int | None = None,
        clock: Clock | None = None,
        lease_s: float = LEASE_S,
        name: str | None = None,
        labels: Mapping[str, Label] | None = None,
        queues: Collection[str] | None = None,
        clusters: Mapping[str, Any] | str | None = None,
        cluster_slots: int = CLUSTER_SLOTS,
        paused: bool = False,
        recycle_attempts: int = RECYCLE_ATTEMPTS,
        recycle_mb: float = RECYCLE_MB,
    ) -> None:
        if slots is not None and (not is_whole(slots) or slots < 0):
            raise SettingInvalidError(f"slots must be a whole number from 0, not {slots!r}")
        if not lease_s > 0:
            raise SettingInvalidError(f"lease_s must be seconds above 0, not {lease_s!r}")
        if not is_whole(recycle_attempts) or recycle_attempts < 1 or not recycle_mb > 0:
            raise SettingInvalidError(
                f"recycle_attempts must be a whole number from 1 and recycle_mb above 0,"
                f" not {recycle_attempts!r} and {recycle_mb!r}"
            )
        if not is_whole(cluster_slots) or cluster_slots < 1:
            raise SettingInvalidError(f"cluster_slots must be a whole number from 1, not {cluster_slots!r}")
        connections = open_clusters(clusters, is_worker=slots != 0)
        store = open_store(store_url(url))
        super().__init__(url, clock=clock or store.clock, reader=open_reader(store))
        self._handlers = Handlers()
        self._known: set[str] = set()
        self._kept: dict[str, Deployable] = {}
        process = process_name()
        limits = SLOTS if slots is None else dict.fromkeys(SLOTS, slots)
        total = sum(limits.values()) if slots is None else slots
        states: dict[str, str] = {}
        offer = Offer(partial(self._handlers.place, clusters=states), labels=labels, queues=queues)
        leases = Leases(
            name=name or f"worker-{process.partition('@')[0]}",
            host=host_name(),
            process=process,
            lease_s=lease_s,
            fate=_fate_of,
            slots=total + cluster_slots * len(connections),
            labels=labels,
            queues=queues,
            clusters=states,
        )
        self._name = leases.name
        apart = {each.kind: cluster_slots for each in connections}
        self._placement = Placement(offer, limits, total, apart)
        kernel = Kernel(store, Definitions(MODELS, self._resolve), self._placement, leases)
        self._pump = Pump(kernel, self.clock)
        self._worker = Worker(
            self._handlers,
            self._pump.put,
            name=leases.name,
            clock=self.clock,
            threads=max(1, limits["thread"]),
            processes=max(1, limits["process"]),
            clusters=connections,
            states=states,
            offer=self._pump.offer,
            is_idle=not total and not connections,
            recycle_attempts=recycle_attempts,
            recycle_mb=recycle_mb,
            joins=Transactions(self.url, self.clock),
        )
        self._worker.start()
        if paused:
            self._pump.drain()
        self._pump.start(self._worker)
        self._closed = False
        if self._reader.find_definition(ZONES_NAME) is not None:
            self.refresh_zones()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close(drain_s=0.0 if kind is not None and issubclass(kind, KeyboardInterrupt) else DRAIN_S)

    def close(self, *, drain_s: float = DRAIN_S) -> None:
        """Stop in good order: attempts under way get `drain_s` to finish, the rest is given back uncounted."""
        if self._closed:
            return
        self._closed = True
        # What the pump is about to hand to the worker in this moment is handed over, or it would begin unseen.
        wait([self._pump.drain()], timeout=NOTICE_S)
        self._worker.drain(drain_s)
        self._pump.stop()
        super().close()

    @property
    def broken(self) -> MainspringError | None:
        """Why this engine works no more although nobody closed it; what it was doing goes on in another one."""
        return self._pump.broken

    @property
    def running_count(self) -> int:
        """Attempts that this engine has under way, as the store knows; one that others took for dead has none."""
        return sum(worker.running_count for worker in self.workers() if worker.id == self._placement.worker)

    def pause(self, *, timeout_s: float | None = None) -> None:
        """Begin no attempts in this process; those under way go on, and all else does too.

        After `timeout_s` it is not waited for any longer that this has been taken in.
        """
        told = self._pump.drain()
        if told in wait([told], timeout=timeout_s).done:
            told.result()

    def resume(self) -> None:
        """Take work again after `pause`."""
        self._pump.drain(False).result()

    def stop(self) -> None:
        """Stop at once: attempts under way are given up, and given back uncounted; also while `close` waits for them.

        Handlers in threads cannot be ended; they hold the process until they return by themselves.
        """
        self._closed = True
        self._worker.kill()
        self._pump.stop()
        super().close()

    # --- Waiting ------------------------------------------------------------------------------

    def gather(
        self, instances: Iterable[Instance], *, timeout_s: float | None = None, return_errors: bool = False
    ) -> list[Any]:
        """The outputs of many instances, in order, as soon as all have ended.

        Raises what `Instance.result` would for the first that ended badly, unless `return_errors` puts the errors in
        the place of the outputs; `ResultTimeoutError` if not all have ended within `timeout_s`.
        """
        wanted = list(instances)
        until = None if timeout_s is None else time.monotonic() + timeout_s
        ids = list({instance.id: None for instance in wanted})
        ends: dict[str, End] = {}
        for place in range(0, len(ids), AWAITED_MAX):
            ends.update(self._await(ids[place : place + AWAITED_MAX], until, timeout_s))
        outcomes = [instance.outcome(ends[instance.id]) for instance in wanted]
        if not return_errors:
            for outcome in outcomes:
                if type(outcome) in ERRORS:
                    raise outcome
        return outcomes

    def _await(self, ids: list[str], until: float | None, timeout_s: float | None) -> dict[str, End]:
        ended: dict[str, End] = {}
        for place in range(0, len(ids), PAGE_MAX):
            page = ids[place : place + PAGE_MAX]
            if self._reader.find_end(page[-1]) is None:  # nor have most of them, and those that have are told of
                continue
            ended.update((row.public_id, end_of(row)) for row in self._reader.find_ends(page))
        left = [id for id in ids if id not in ended]
        if left:
            ends = Ends(left)
            self._pump.call(Await(left), ends)
            try:
                ended.update(ends.result(left_s(until)))
            except TimeoutError:
                ends.cancel()
                raise ResultTimeoutError(next(id for id in left if id not in ends.came), timeout_s or 0.0) from None
        return ended

    # --- Work by hand -------------------------------------------------------------------------

    def claim(
        self,
        *handlers: str,
        limit: int = 1,
        worker: str | None = None,
        labels: Mapping[str, Label] | None = None,
        queues: Collection[str] | None = None,
    ) -> list[Claimed]:
        """Lease tasks of these handlers to carry them out by hand, in the order of the queue; none if none waits.

        For work that is done elsewhere: by a person, a device, a program in another language.  `worker` names who
        does it; `labels` and `queues` as of an engine.  The handlers need not be in this process, nor have it slots.
        """
        if not handlers or not all(map(is_name, handlers)):
            raise SettingInvalidError(f"claim by the names of handlers, not {handlers!r:.80}")
        if not is_whole(limit) or not 1 <= limit <= CLAIM_MAX:
            raise SettingInvalidError(f"limit must be a whole number from 1 to {CLAIM_MAX:,}, not {limit!r}")
        wanted = {*handlers}
        offer = Offer(lambda handler, _: handler in wanted, labels=labels, queues=queues)
        claimed: list[Attempt] = self._pump.call(Claim(lambda *need: bool(offer(*need)), limit)).result()
        name = worker or self._name
        return [Claimed(attempt, self._pump, worker=name, clock=self.clock) for attempt in claimed]

    # --- Queues -------------------------------------------------------------------------------

    def queue(self, name: str) -> Queue:
        """The queue of that name, to limit, pause and resume."""
        if not is_name(name):
            raise SettingInvalidError(f"a queue is called by a name, not {name!r:.60}")
        return Queue(name, lambda input: self._pump.call(input).result())

    # --- Forgetting -----------------------------------------------------------------------------

    def prune(self, older_than_s: float) -> int:
        """Forget instances that ended longer ago than this, with all their history; returns how many went.

        Of those that live, such as schedules, entries of the journal that old go, as far as no recovery needs them.
        """
        if older_than_s < 0:
            raise SettingInvalidError(f"older_than_s must be seconds from 0, not {older_than_s!r}")
        before, total = self.clock.now() - older_than_s, 0
        spans = self._reader.ended_spans(before)
        while True:
            instances, entries = self._pump.call(Prune(before, PRUNE_BATCH, spans)).result()
            if not instances and not entries:
                return total
            total += instances

    # --- For instances ------------------------------------------------------------------------

    def tell(self, id: str, event: Event) -> bool:
        """Deliver an event to an instance and wait until it is durable.

        False: it was left for a process that has the code of the definition.  Raises `RefusedError`.
        """
        return bool(self._pump.call(Tell(id, event)).result())

    def call(self, input: Any) -> Future[Any]:
        """Hand an input to the kernel."""
        return self._pump.call(input)


def _fate_of(worker: WorkerRow) -> Fate:
    return fate_of(worker.process)
