"""The lease of this process and those of others: renewed, taken from the dead, given back at the end.

A lease belongs to a worker's incarnation, not to each of its tasks: renewing is one row however much runs, and all
tasks of a worker that died are found at once.  The fencing token is still each task's own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import Enum

import msgspec

from mainspring.kernel.advance import conclude, deliver_all, leave_outcome_for_host, live_of, outcome_key
from mainspring.kernel.census import Offered, Renewal, WorkerRow
from mainspring.kernel.store import HeldRow
from mainspring.kernel.turn import Suspect, Turn
from mainspring.models.contract import TaskLost

LOST_COUNT_MAX = 10
"""A task whose worker died this often is taken for the cause and fails, so that it does not kill the fleet for ever."""
SILENT_S_MAX = 600.0
"""A process that runs, but has not renewed its lease for so long after its end, is taken for stuck."""
NEWS_S = 1.0
"""A worker that has something else to offer says so after a second at the earliest."""
UNKNOWN = WorkerRow(0, "unknown", "", "", 0.0)
_encode = msgspec.json.Encoder().encode
HELD_MAX = 1_000
"""Tasks taken from a dead worker in one turn."""


class Fate(Enum):
    """What is known for certain of a worker's process."""

    GONE = "gone"
    RUNS = "runs"
    UNKNOWN = "unknown"


class Leases:
    """Keeps our incarnation alive in the store, and notices when others are not."""

    def __init__(
        self,
        *,
        name: str,
        host: str,
        process: str,
        lease_s: float,
        fate: Callable[[WorkerRow], Fate],
        slots: int = 0,
        labels: Mapping[str, bool | int | float | str] | None = None,
        queues: Iterable[str] | None = None,
        clusters: Mapping[str, str] | None = None,
    ) -> None:
        """`fate` tells what is known of a worker of this very host; `slots` and what follows is what we offer.

        `clusters` is looked into whenever the offer has changed.
        """
        self.name = name
        self.lease_s = lease_s
        self._host = host
        self._process = process
        self._fate = fate
        self._slots = slots
        self._offered = Offered(dict(labels or {}), None if queues is None else sorted(queues))
        self._clusters: Mapping[str, str] = {} if clusters is None else clusters
        self._told = -1
        """The number of the offer that we last told others."""
        self._renewed_at = 0.0
        self._renew_at = 0.0
        self._look_at = 0.0
        self._has_orphans = False
        """Whether there may be tasks of workers that nobody knows."""
        self._looked: Turn | None = None
        """In which that was looked after."""
        self._registered: Turn | None = None
        """In which the present incarnation was made known."""
        self._worker_before = 0
        """The incarnation before the present one."""
        self._unsure: list[WorkerRow] = []
        """What we may be known as although the store did not say so."""

    def keep(self, turn: Turn) -> None:
        """Register or renew ourselves when it is time, and take the tasks of workers whose lease has run out."""
        now, placement = turn.now, turn.hold.placement
        if not placement.worker:
            self._register(turn)
        elif not self._is_alive(turn):
            # Before anything is leased in this turn: a lease under an incarnation that was buried is worth nothing.
            for attempt in placement.attempts():
                turn.stop_attempt(attempt.instance, attempt.key)
            self._register(turn)
        if self._look_at <= now:
            self._look_at = now + self.lease_s / 3
            self._reap(turn)

    @property
    def wake_at(self) -> float:
        """When `keep` wants to be called next."""
        return min(self._renew_at, self._look_at)

    def forget(self, turn: Turn) -> None:
        """The turn was rolled back."""
        self._renew_at = self._look_at = 0.0
        self._told = -1
        self._has_orphans = self._has_orphans or self._looked is turn
        if self._registered is turn:
            turn.hold.placement.worker = self._worker_before

    def excuse(self, now: float) -> None:
        """The store was not there: others could not renew their leases either, and get the time to do it."""
        self._look_at = now + self.lease_s / 3

    def set_back(self, now: float) -> None:
        """The clock was: our lease ends by what it says now, and so do those of others, once they have renewed them."""
        self._renew_at = now
        self._look_at = now + self.lease_s / 3

    def leave(self, turn: Turn) -> None:
        """A worker that stops in good order needs no mourning."""
        worker = turn.hold.placement.worker
        if worker:
            turn.hold.store.delete_worker(worker)
            turn.wrote = True

    def _register(self, turn: Turn) -> None:
        """Make an incarnation known, unless one is already: of a turn that is durable, as nobody has told us.

        What that one has leased nobody else would take for long, for its process is seen to run.
        """
        store, placement = turn.hold.store, turn.hold.placement
        # All of the row must be ours: a number that was rolled back is given again, perhaps to an engine beside us.
        known = [row for row in store.list_workers() if row in self._unsure]
        self._told = -1
        adopted = next((row.id for row in known if self._renew(turn, row.id)), None)
        worker = store.reserve("worker", 1) if adopted is None else adopted
        row = WorkerRow(worker, self.name, self._host, self._process, self._extended(turn.now), self._slots)
        if adopted is None:
            store.register_worker(row, turn.now)
            self._renew(turn, worker)
        self._unsure = [*known, row]
        self._worker_before, placement.worker = placement.worker, worker
        self._registered = turn
        self._has_orphans = turn.wrote = True

    def _is_alive(self, turn: Turn) -> bool:
        """Extend our lease when it is time; if others have buried us meanwhile, all we hold is lost.

        Whenever others are looked at too, so that an idle process takes one turn for both.
        """
        store, worker = turn.hold.store, turn.hold.placement.worker
        if self.wake_at <= turn.now:
            turn.wrote = turn.tells = True
            return self._renew(turn, worker)
        return not store.is_shared or store.hold_worker(worker)

    def _renew(self, turn: Turn, worker: int) -> bool:
        """Extend it, and say what we have done, and what we offer if that has changed; False: it is buried."""
        tally, placement, offer = turn.hold.tally, turn.hold.placement, None
        if self._told != placement.offer_number:
            self._told, self._offered.capabilities = placement.offer_number, placement.accepted()
            self._offered.clusters, self._offered.paused = dict(self._clusters), placement.draining
            offer = _encode(self._offered).decode()
        self._renewed_at = turn.now
        until = self._extended(turn.now)
        return turn.hold.store.renew_worker(Renewal(worker, until, turn.now, tally.completed, tally.failed, offer))

    def hurry(self, turn: Turn) -> None:
        """What we offer has changed: others want to know."""
        if turn.hold.placement.offer_number != self._told:
            self._renew_at = min(self._renew_at, max(turn.now, self._renewed_at + NEWS_S))

    def _extended(self, now: float) -> float:
        """A lease from now on, to be renewed when a third of it has passed."""
        self._renew_at = now + self.lease_s / 3
        return now + self.lease_s

    def _reap(self, turn: Turn) -> None:
        store, mine = turn.hold.store, turn.hold.placement.worker
        if store.is_shared:
            # What was locked when it was looked for may have been left by whoever had it, and what began in a
            # transaction of a user was only told of.
            turn.look, turn.hold.next_event_at = True, 0.0
        if self._has_orphans:
            # Nobody mourns a worker that is not known.  There should be no such task; looking for one reads them all,
            # so it is done once by each process.
            for row in self._held(turn, lambda: store.orphans(HELD_MAX)):
                self._lose(turn, UNKNOWN, row)
            self._has_orphans, self._looked = False, turn
        for worker in store.list_workers():
            if worker.id == mine:
                continue
            if self._is_dead(worker, turn.now):
                self._bury(turn, worker)

    def _is_dead(self, worker: WorkerRow, now: float) -> bool:
        """A handler that holds the interpreter keeps its process from renewing; here it is seen to run all the same."""
        fate = self._fate(worker) if worker.host == self._host else Fate.UNKNOWN
        silent_s = now - worker.lease_until
        return fate is Fate.GONE or silent_s > (SILENT_S_MAX if fate is Fate.RUNS else 0)

    def _bury(self, turn: Turn, worker: WorkerRow) -> None:
        store = turn.hold.store
        if not store.seize_worker(worker):
            return  # another process does it, or it has come back
        held = self._held(turn, lambda: store.held_by(worker.id, HELD_MAX))
        for row in held:
            self._lose(turn, worker, row)
        turn.flush()
        turn.wrote = True
        if len(held) == HELD_MAX:
            self._look_at = turn.now
        else:
            store.delete_worker(worker.id)

    def _held(self, turn: Turn, read: Callable[[], list[HeldRow]]) -> list[HeldRow]:
        """Tasks that nobody settles meanwhile."""
        rows = read()
        if not rows or not turn.hold.store.is_shared:
            return rows
        turn.lock({row.instance for row in rows})
        return [row for row in read() if turn.has_locked(row.instance)]

    def _lose(self, turn: Turn, worker: WorkerRow, row: HeldRow) -> None:
        final = row.lost_count + 1 >= LOST_COUNT_MAX
        event = TaskLost(row.key, row.attempt, row.leased_at, worker.name, final)
        live = live_of(turn, row.instance)
        if live.hosted:
            turn.suspect = Suspect(row.instance, outcome_key(event), event)
            turn.settling = None
            conclude(turn, live, event)
            deliver_all(turn)
            turn.suspect = None
        else:
            leave_outcome_for_host(turn, row.instance, event)
