"""The kernel: everything that waits is taken in, decided, written and committed at once.

    take in → load → fire what is due → decide, evolve, apply → place → write → claim → commit → report

`Kernel.turn` is synchronous and starts no thread: whoever calls it (a pump, a simulation) brings the inputs and the
time, and acts on the report once the turn is durable.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import msgspec

from mainspring.clock import SET_BACK_S
from mainspring.errors import (
    BrokenError,
    MainspringError,
    SchemaNewerError,
    StoreDeniedError,
    StoreInvalidError,
    StoreLostError,
    UnavailableError,
)
from mainspring.kernel.advance import Outcome, deliver_all, fire, outcome_key
from mainspring.kernel.awaiting import look_up
from mainspring.kernel.contention import Contended
from mainspring.kernel.definitions import Definitions
from mainspring.kernel.hold import Hold
from mainspring.kernel.instances import Live
from mainspring.kernel.intake import TAKE
from mainspring.kernel.leases import HELD_MAX, Leases
from mainspring.kernel.lifecycle import ENDED
from mainspring.kernel.placement import Placement
from mainspring.kernel.records import (
    Ask,
    Attempt,
    Await,
    Input,
    Leave,
    Progress,
    Recorded,
    Release,
    Report,
    Settle,
    Tell,
    end_of,
)
from mainspring.kernel.store import ENDED_ATTEMPT, Changes, Store
from mainspring.kernel.turn import Suspect, Turn
from mainspring.models.contract import Failure, TaskCompleted, TaskFailed, TaskLost

DUE_EVENTS_MAX = 1_000
"""Due events taken into one turn; the rest waits for the next, so that a flood of timers does not starve the others."""
CHECK_S = 0.5
"""While another process writes, this often at most all our leases are checked: it may have cancelled what we run."""
ASIDE_S = 60.0
"""An event that breaks the turn it comes in is tried again after so long."""

BUSY_S = 0.05
"""What is due, but in the hands of another process, is looked at again after so long."""
TRIES_MAX = 20
"""Of a turn that others were in the way of; then it is not they who are to blame."""

INPUT_TOLD_MAX = 500
"""Characters of an input that the log shows: a start of many is megabytes."""

STORE_ERRORS = (UnavailableError, StoreDeniedError, StoreInvalidError, StoreLostError, SchemaNewerError)
"""What no input is to blame for.  Only the first is worth another try."""

logger = logging.getLogger("mainspring.kernel")
_encode = msgspec.json.Encoder().encode


class Kernel(Hold):
    """One process's hold on a store: takes inputs in turns, and remembers what it would otherwise read again."""

    def __init__(self, store: Store, definitions: Definitions, placement: Placement, leases: Leases) -> None:
        super().__init__(store, definitions, placement)
        self.leases = leases
        self._turns = 0
        self._now = 0.0
        """Of the last turn."""
        self._checked_at = 0.0
        self._check_at = float("inf")
        """When our leases are to be checked; infinity: nobody else has written since the last time."""
        self._is_blind = False
        """Whether the turn before was rolled back, and what it had seen of others with it."""
        self._is_in_doubt = False
        """Whether the turn before may be durable although it was rolled back."""

    # --- The turn -----------------------------------------------------------------------------

    def turn(self, inputs: Sequence[Input], now: float) -> Report:
        """Take all inputs in with one commit.

        A bad input harms nobody else: what fails together is tried again one by one, and an input that fails alone is
        answered with its error.  Raises `UnavailableError` (nothing was written, nothing is lost: call again) where
        the store cannot be written now, and another of `STORE_ERRORS` where it never will be.
        """
        tries, waited_for = 0, frozenset[int]()
        while True:
            self._turns += 1
            turn = Turn(self, self._turns, now)
            try:
                return self._commit(turn, inputs, waited_for)
            except STORE_ERRORS:
                self._undo(turn)
                self._is_in_doubt = True
                self.leases.excuse(now)
                raise
            except Exception as error:  # noqa: BLE001 - whatever an input brings up, the others must go on
                self._undo(turn)
                tries += 1
                if isinstance(error, Contended) and tries < TRIES_MAX:
                    waited_for |= error.ids
                elif turn.suspect is not None:
                    self._set_aside(turn.suspect, now, error)
                elif len(inputs) > 1:
                    return self._one_by_one(inputs, now)
                else:
                    return self._refuse(inputs, now, error)

    def _commit(self, turn: Turn, inputs: Sequence[Input], waited_for: frozenset[int]) -> Report:
        store, now = self.store, turn.now
        store.begin()
        ids = self._named(turn, inputs)
        if store.is_shared:
            self._hold_still(turn, inputs, ids | waited_for)
        self._look_around(turn)
        self._fetch(turn, inputs, ids)
        for input in inputs:
            TAKE[type(input)](turn, input)
            if turn.deliveries or turn.opened:
                deliver_all(turn)
        if self.next_event_at <= now:
            fire(turn, DUE_EVENTS_MAX)
        self._place(turn)
        self._finish(turn)
        if turn.wrote:
            store.commit()
        else:
            store.rollback()
        return self._report(turn)

    def _place(self, turn: Turn) -> None:
        placement, store, now = self.placement, self.store, turn.now
        if turn.new_tasks:
            placement.place(
                store,
                turn.new_tasks,
                now=now,
                withdrawn=turn.withdrawn,
                changes=turn.changes,
                dispatch=turn.dispatch,
            )
        for live in turn.touched.values():
            if live.wants_snapshot and live.status not in ENDED:
                state = live.model.dump(live.plan, live.state).decode()
                turn.changes.snapshots.append((live.id, live.seq, state))
                live.tail_bytes, live.snapshot_bytes = 0, len(state)
        turn.flush()
        if turn.look or placement.next_task_at <= now:
            placement.look(store)
        if placement.wants_claim:
            begun = len(turn.dispatch)
            placement.claim(store, now=now, dispatch=turn.dispatch)
            turn.wrote = turn.wrote or len(turn.dispatch) > begun

    def _finish(self, turn: Turn) -> None:
        """What must be asked of the store while the transaction is open."""
        if turn.tells or turn.leaving:
            # Last of all that is locked, so that nobody waits long for it.
            turn.tells = True
            turn.wrote = self.tally.write(self.store, turn.settled) or turn.wrote
        if turn.leaving:
            self.leases.leave(turn)
        else:
            self.leases.hurry(turn)
        if self.next_event_at <= turn.now:
            at = self.store.next_event_at(self.definitions.unhosted)
            self.next_event_at = float("inf") if at is None else at
            if self.store.is_shared and self.next_event_at <= turn.now and not turn.more_is_due:
                self.next_event_at = turn.now + BUSY_S
        self.placement.next_at(self.store, turn.now)

    def _report(self, turn: Turn) -> Report:
        self._is_blind = self._is_in_doubt = False
        self.tally.take(turn.settled, is_written=turn.tells)
        for live in turn.touched.values():
            if live.status in ENDED:
                self.instances.drop(live.id)
        self.instances.trim(turn.touched.values(), turn.number)
        replies = turn.replies
        if self.awaited:
            for id, end in turn.ended:
                for reply in self.awaited.pop(id, ()):
                    replies.append((reply, end))
        wake_at = min(self.next_event_at, self.placement.wake_at, self.leases.wake_at, self._check_at)
        return Report(turn.dispatch, turn.cancelled, replies, wake_at)

    # --- What others have written -------------------------------------------------------------

    def _look_around(self, turn: Turn) -> None:
        """What has happened since the last turn, apart from the inputs."""
        store, now = self.store, turn.now
        if store.changed() or self._is_blind:
            self._look(turn)
        elif self._turns == 1 or store.is_shared:
            self.placement.learn_queues(store)
            self.deployments.clear()
        if now < self._now:
            # The clock was set back: what was ready is not yet, and must be expected once more.
            self.next_event_at, turn.look = 0.0, True
            if self._now - now > SET_BACK_S:
                self.leases.set_back(now)
                self._checked_at, self._check_at = now, now + CHECK_S
        self._now = now
        self.let_ids_expire(now)
        self.leases.keep(turn)
        if self._is_in_doubt:
            self._give_back_unknown(turn)
        if self._check_at <= now:
            self._check_leases(turn)

    def _look(self, turn: Turn) -> None:
        """Another process has written: nothing that was remembered about the queue is certain any more."""
        self.placement.look_at_queues(self.store)
        self.deployments.clear()
        self.next_event_at = 0.0
        self.outdated_before = turn.number
        turn.look = True
        self._check_at = min(self._check_at, max(turn.now, self._checked_at + CHECK_S))
        if self.awaited:
            for row in self.store.load_ends(self.awaited):
                turn.ended.append((row.id, end_of(row)))

    def _check_leases(self, turn: Turn) -> None:
        """Stop attempts whose tasks were taken from us: cancelled by another process, or given to one."""
        self._checked_at, self._check_at = turn.now, float("inf")
        self._stop_stale(turn, self.placement.attempts())

    def _stop_stale(self, turn: Turn, attempts: Sequence[Attempt]) -> None:
        # A late outcome may name an old lease of a task that is ours again, under a new one.
        held = filter(self.placement.holds, attempts)
        leases = [(attempt.instance, attempt.key, attempt.token) for attempt in held]
        for instance, key in sorted(self.store.stale(leases, self.placement.worker)) if leases else ():
            turn.stop_attempt(instance, key)
            self.next_event_at = 0.0  # its outcome may be what took it

    def _named(self, turn: Turn, inputs: Sequence[Input]) -> set[int]:
        """The instances that the inputs are about."""
        ids, names, unknown = set[int](), set[str](), list[str]()
        for input in inputs:
            if type(input) is Settle:
                ids.add(input.attempt.instance)
            elif type(input) is Await:
                unknown += self.instances.find_ids(input.public_ids, turn.begun)
            elif isinstance(input, Tell | Ask):
                names.add(input.public_id)
        if names or unknown:
            turn.begun.update(self.store.find_ids(names.union(unknown)))
            ids.update(turn.begun[name] for name in names & turn.begun.keys())
        return ids

    def _hold_still(self, turn: Turn, inputs: Sequence[Input], ids: set[int]) -> None:
        """Lock what the inputs touch, in the order of the numbers, before anything is read that others may change."""
        self.outdated_before = turn.number
        for input in inputs:
            if isinstance(input, Release | Progress):
                ids.add(input.attempt.instance)
            elif type(input) is Leave:
                ids.update(self.placement.running)
        turn.lock(ids, wait=True)
        turn.begun = {
            name: id for name, id in turn.begun.items() if id in turn.locked or id not in ids
        }  # others were forgotten just now

    def _give_back_unknown(self, turn: Turn) -> None:
        """The store did not say whether the turn before is durable: if it is, it leased what nobody here runs."""
        worker = self.placement.worker
        known = {(attempt.instance, attempt.key, attempt.token) for attempt in self.placement.attempts()}
        held = self.store.held_by(worker, HELD_MAX)
        turn.lock({row.instance for row in held})
        for row in held:
            if (row.instance, row.key, row.token) not in known:
                turn.changes.tasks_freed.append((row.instance, row.key, row.token))
                turn.look = True
        self._check_at = turn.now

    def _fetch(self, turn: Turn, inputs: Sequence[Input], ids: set[int]) -> None:
        """Load what the inputs touch, all at once."""
        find, outdated_before = self.instances.find, self.outdated_before
        missing: list[int] = []
        outdated: list[Live] = []
        for id in ids:
            live = find(id)
            if live is None:
                missing.append(id)
            elif live.turn < outdated_before:
                outdated.append(live)
        if outdated:
            self.instances.refresh(self.store, outdated, turn.number)
        if self._check_at != float("inf") or self.store.is_shared:
            settled = [input.attempt for input in inputs if isinstance(input, Settle | Release | Progress)]
            self._stop_stale(turn, settled)
        if missing:
            self.instances.load(self.store, self.definitions, missing, turn.number)
        look_up(turn, inputs)

    # --- Turns that break ---------------------------------------------------------------------

    def _undo(self, turn: Turn) -> None:
        """Nothing of the turn has happened."""
        self.store.rollback()
        self.placement.restore([*turn.dispatch, *turn.claimed], turn.freed)
        self.leases.forget(turn)
        self.forget()
        self._is_blind = True

    def _set_aside(self, suspect: Suspect, now: float, error: Exception, lease: Attempt | None = None) -> None:
        """An event that breaks every turn it comes in must not keep all others from theirs.

        One that ends a lease is worth something only while that is ours.
        """
        instance, key, event = suspect.instance, suspect.key, suspect.event
        logger.error("event %s of instance number %d is set aside for %g s", key, instance, ASIDE_S, exc_info=error)
        changes = Changes()
        row = (instance, key, now + ASIDE_S, type(event).__name__, _encode(event).decode())
        changes.events[instance] = {key: row}
        if isinstance(event, Outcome):
            changes.tasks_retried.append((now, ENDED_ATTEMPT, 0, instance, event.key))
        self.store.begin()
        if lease is None or not self.store.stale([(instance, lease.key, lease.token)], self.placement.worker):
            self.store.write(changes)
        self.store.commit()

    def _one_by_one(self, inputs: Sequence[Input], now: float) -> Report:
        """What failed together, each alone; where the store cannot be written any more the rest is left."""
        reports: list[Report] = []
        for place, input in enumerate(inputs):
            try:
                reports.append(self.turn([input], now))
            except UnavailableError:
                if not reports:
                    raise
                return merged(reports, inputs[place:])
        return merged(reports)

    def _refuse(self, inputs: Sequence[Input], now: float, error: Exception) -> Report:
        """An input that cannot be taken in even alone: its sender is told; an outcome is recorded as a failure."""
        if not inputs:
            raise error
        (input,) = inputs
        if isinstance(input, Settle):
            return self._refuse_outcome(input, now, error)
        if isinstance(input, Release):
            lost = TaskLost(input.attempt.key, input.attempt.attempt, now, self.leases.name)
            return self._end_aside(input.attempt, lost, now, error)
        if isinstance(input, Recorded):
            # What it tells of is durable, and comes again as an event that is due; it must only not keep its slot.
            logger.error("was recorded, but could not be looked after: %s", input.attempt.key, exc_info=error)
            self.placement.settle(input.attempt)
            return Report([], [], [], now)
        if isinstance(input, Progress):
            logger.error("could not be recorded: %.*r", INPUT_TOLD_MAX, input, exc_info=error)
            return Report([], [], [], now)
        if isinstance(error, MainspringError):
            return Report([], [], [(input.reply, error)], now)
        logger.error("could not be taken in: %.*r", INPUT_TOLD_MAX, input, exc_info=error)
        broken = BrokenError(f"{type(error).__name__}: {error}")
        broken.__cause__ = error
        return Report([], [], [(input.reply, broken)], now)

    def _refuse_outcome(self, input: Settle, now: float, error: Exception) -> Report:
        """The task fails of it; if even that cannot be recorded, it is set aside."""
        attempt, event = input.attempt, input.event
        logger.error("an outcome of %s could not be recorded", attempt.key, exc_info=error)
        if isinstance(event, TaskCompleted):
            failure = Failure("BrokenError", f"its outcome could not be recorded: {type(error).__name__}: {error}")
            failed = TaskFailed(event.key, event.attempt, event.started_at, event.finished_at, failure, event.worker)
            return self.turn([Settle(attempt, failed, input.lines, input.reply)], now)
        return self._end_aside(attempt, event, now, error)

    def _end_aside(self, attempt: Attempt, event: Outcome, now: float, error: Exception) -> Report:
        self._set_aside(Suspect(attempt.instance, outcome_key(event), event), now, error, attempt)
        self.placement.end(attempt.instance, attempt.key)
        return Report([], [], [], now)


def merged(reports: Sequence[Report], left: Sequence[Input] = ()) -> Report:
    """One report of several turns."""
    return Report(
        [attempt for report in reports for attempt in report.dispatch],
        [key for report in reports for key in report.cancelled],
        [reply for report in reports for reply in report.replies],
        min(report.wake_at for report in reports),
        left,
    )
