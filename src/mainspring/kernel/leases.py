"""The lease of this process and those of others: renewed, taken from the dead, given back at the end.

A lease belongs to a worker's incarnation, not to each of its tasks: renewing is one row however much runs, and all
tasks of a worker that died are found at once.  The fencing token is still each task's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mainspring.kernel.store import HeldRow, WorkerRow
from mainspring.models.contract import TaskLost

if TYPE_CHECKING:
    from mainspring.kernel.placement import Placement
    from mainspring.kernel.turn import Turn

LOST_COUNT_MAX = 10
"""A task whose worker died this often is taken for the cause and fails, so that it does not kill the fleet for ever."""
HELD_MAX = 1_000
"""Tasks taken from a dead worker in one turn."""


class Leases:
    """Keeps our incarnation alive in the store, and notices when others are not."""

    def __init__(
        self, *, name: str, host: str, process: str, lease_s: float, gone: Callable[[WorkerRow], bool]
    ) -> None:
        """`gone` tells whether a worker of this very host is known to have ended."""
        self.name = name
        self.lease_s = lease_s
        self._host = host
        self._process = process
        self._gone = gone
        self._until = 0.0
        self._look_at = 0.0

    def keep(self, turn: Turn) -> None:
        """Register or renew ourselves when it is time, and take the tasks of workers whose lease has run out."""
        now, placement = turn.now, turn.kernel.placement
        if not placement.worker:
            self._register(turn)
        elif (placement.running or turn.kernel.placement.wants_claim) and self._until - now < self.lease_s * 2 / 3:
            self._renew(turn)
        if self._look_at <= now:
            self._look_at = now + self.lease_s / 3
            self._reap(turn)

    def wake_at(self, placement: Placement) -> float:
        """When `keep` wants to be called next; an idle worker need not renew, but looks after the others."""
        return min(self._until - self.lease_s * 2 / 3, self._look_at) if placement.running else self._look_at

    def leave(self, turn: Turn) -> None:
        """A worker that stops in good order needs no mourning."""
        worker = turn.kernel.placement.worker
        if worker:
            turn.kernel.store.delete_worker(worker)
            turn.wrote = True

    def _register(self, turn: Turn) -> None:
        store = turn.kernel.store
        worker = store.reserve("worker", 1)
        self._until = turn.now + self.lease_s
        store.register_worker(WorkerRow(worker, self.name, self._host, self._process, self._until), turn.now)
        turn.kernel.placement.worker = worker
        turn.wrote = True

    def _renew(self, turn: Turn) -> None:
        """Extend our lease; if others have buried us meanwhile, all we hold is lost and we start anew."""
        placement = turn.kernel.placement
        self._until = turn.now + self.lease_s
        turn.wrote = True
        if not turn.kernel.store.renew_worker(placement.worker, self._until):
            for attempt in placement.attempts():
                turn.stop_attempt(attempt.instance, attempt.key)
            self._register(turn)

    def _reap(self, turn: Turn) -> None:
        store, mine = turn.kernel.store, turn.kernel.placement.worker
        for worker in store.list_workers():
            if worker.id == mine:
                continue
            if worker.lease_until < turn.now or (worker.host == self._host and self._gone(worker)):
                self._bury(turn, worker)

    def _bury(self, turn: Turn, worker: WorkerRow) -> None:
        store = turn.kernel.store
        held = store.held_by(worker.id, HELD_MAX)
        for row in held:
            self._lose(turn, worker, row)
        turn.flush()
        turn.wrote = True
        if len(held) == HELD_MAX:
            self._look_at = turn.now
        else:
            store.delete_worker(worker.id)

    def _lose(self, turn: Turn, worker: WorkerRow, row: HeldRow) -> None:
        kernel = turn.kernel
        final = row.lost_count + 1 >= LOST_COUNT_MAX
        event = TaskLost(row.key, row.attempt, row.leased_at, worker.name, final)
        live = kernel.live(turn, row.instance)
        if live.hosted:
            kernel.lose(turn, live, event)
            kernel.deliver_all(turn)
        else:
            turn.put_event(row.instance, f"!lost/{row.key}", turn.now, event)
