"""The kernel: everything that waits is taken in, decided, written and committed at once.

    take in → load → fire what is due → decide, evolve, apply → place → write → claim → commit → report

`Kernel.turn` is synchronous and starts no thread: whoever calls it (a pump, a simulation) brings the inputs and the
time, and acts on the report once the turn is durable.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from mainspring.errors import BrokenError, MainspringError, UnavailableError
from mainspring.kernel.apply import APPLY
from mainspring.kernel.definitions import Definitions
from mainspring.kernel.instances import Instances, Live, decode_event
from mainspring.kernel.intake import TAKE
from mainspring.kernel.leases import Leases
from mainspring.kernel.lifecycle import ENDED, answer, refusal
from mainspring.kernel.placement import Placement
from mainspring.kernel.records import Await, Input, Progress, Release, Report, Settle, Tell, end_of
from mainspring.kernel.store import Store
from mainspring.kernel.turn import Turn
from mainspring.models.contract import Event, Refusal, TaskLost

DUE_EVENTS_MAX = 1_000
"""Due events taken into one turn; the rest waits for the next, so that a flood of timers does not starve the others."""
INSTANCE_IDS_RESERVED = 1_000
"""Instance numbers that a process takes at a time; those it does not use leave a harmless gap."""

logger = logging.getLogger("mainspring.kernel")
_encode = msgspec.json.Encoder().encode


class Kernel:
    """One process's hold on a store: takes inputs in turns, and remembers what it would otherwise read again."""

    def __init__(self, store: Store, definitions: Definitions, placement: Placement, leases: Leases) -> None:
        self.store = store
        self.definitions = definitions
        self.placement = placement
        self.leases = leases
        self.instances = Instances()
        self.awaited: dict[int, list[Any]] = {}
        """Replies that wait for the end of an instance."""
        self.next_event_at = 0.0
        """When an event is due; 0: look."""
        self._ids = range(0)
        self._turns = 0

    # --- The turn -----------------------------------------------------------------------------

    def turn(self, inputs: Sequence[Input], now: float) -> Report:
        """Take all inputs in with one commit.

        A bad input harms nobody else: what fails together is tried again one by one, and an input that fails alone is
        answered with its error.  Raises `UnavailableError` (nothing was written, nothing is lost: call again) where
        the store cannot be written.
        """
        try:
            return self._commit(inputs, now)
        except UnavailableError:
            self._forget()
            raise
        except Exception as error:  # noqa: BLE001 - whatever an input brings up, the others must go on
            self._forget()
            if len(inputs) > 1:
                return merged([self.turn([input], now) for input in inputs])
            return self._refuse(inputs, now, error)

    def _commit(self, inputs: Sequence[Input], now: float) -> Report:
        store = self.store
        self._turns += 1
        turn = Turn(self, self._turns, now)
        store.begin()
        if store.changed():
            self._look(turn)
        self.leases.keep(turn)
        self._fetch(turn, inputs)
        for input in inputs:
            TAKE[type(input)](self, turn, input)
            if turn.deliveries:
                self.deliver_all(turn)
        if self.next_event_at <= now:
            self._fire(turn)
        self._place(turn)
        self._finish(turn)
        if turn.wrote:
            store.commit()
        else:
            store.rollback()
        return self._report(turn)

    def _place(self, turn: Turn) -> None:
        placement, store = self.placement, self.store
        if turn.new_tasks:
            placement.place(turn, store, turn.new_tasks)
        for live in turn.touched.values():
            if live.wants_snapshot and live.status not in ENDED:
                state = live.model.dump(live.plan, live.state).decode()
                turn.changes.snapshots.append((live.id, live.seq, state))
                live.tail_bytes, live.snapshot_bytes = 0, len(state)
        turn.flush()
        if turn.look or placement.next_task_at <= turn.now:
            placement.look(store)
        if placement.wants_claim:
            placement.claim(turn, store)

    def _finish(self, turn: Turn) -> None:
        """What must be asked of the store while the transaction is open."""
        if self.next_event_at <= turn.now:
            at = self.store.next_event_at(self.definitions.unhosted)
            self.next_event_at = float("inf") if at is None else at
        self.placement.next_at(self.store, turn.now)

    def _report(self, turn: Turn) -> Report:
        for live in turn.touched.values():
            if live.status in ENDED:
                self.instances.drop(live.id)
        self.instances.trim(turn.touched.values(), turn.number)
        replies = turn.replies
        if self.awaited:
            for id, end in turn.ended:
                replies.extend((reply, end) for reply in self.awaited.pop(id, ()))
        wake_at = min(self.next_event_at, self.placement.next_task_at, self.leases.wake_at(self.placement))
        return Report(turn.dispatch, turn.cancelled, replies, turn.ended, wake_at)

    def _look(self, turn: Turn) -> None:
        """Another process has written: nothing that was remembered about the queue is certain any more."""
        self.next_event_at = 0.0
        turn.foreign = turn.look = True
        if self.awaited:
            for row in self.store.load_ends(self.awaited):
                turn.ended.append((row.id, end_of(row)))

    def _forget(self) -> None:
        """A turn was rolled back: all that was remembered since may be wrong."""
        self.store.rollback()
        self.instances.clear()
        self.definitions.forget()
        self.placement.offer()
        self.next_event_at = 0.0
        self._ids = range(0)

    def _refuse(self, inputs: Sequence[Input], now: float, error: Exception) -> Report:
        """An input that cannot be taken in even alone: its sender is told; an outcome is recorded as a failure."""
        replies: list[tuple[Any, Any]] = []
        for input in inputs:
            if isinstance(input, Settle | Release | Progress):
                logger.error("an outcome could not be recorded: %r", input.attempt, exc_info=error)
            elif input.reply is not None:
                known = isinstance(error, MainspringError)
                replies.append((input.reply, error if known else BrokenError(f"{type(error).__name__}: {error}")))
                if not known:
                    replies[-1][1].__cause__ = error
        if not inputs:
            raise error
        return Report([], [], replies, [], now)

    # --- Instances ----------------------------------------------------------------------------

    def _fetch(self, turn: Turn, inputs: Sequence[Input]) -> None:
        """Load what the inputs touch, all at once."""
        ids = {input.attempt.instance for input in inputs if type(input) is Settle}
        names = [input.public_id for input in inputs if type(input) is Tell or type(input) is Await]
        if names:
            turn.begun.update(self.store.find_ids(names))
            ids.update(turn.begun.values())
        find = self.instances.find
        missing = [id for id in ids if find(id) is None]
        if turn.foreign:
            self.instances.refresh(self.store, [live for id in ids if (live := find(id)) is not None], turn.number)
            self._drop_stale(turn, inputs)
        if missing:
            self.instances.load(self.store, self.definitions, missing, turn.number)

    def _drop_stale(self, turn: Turn, inputs: Sequence[Input]) -> None:
        """Another process wrote: make sure that the leases being settled are still ours."""
        leases = [
            (input.attempt.instance, input.attempt.key, input.attempt.token)
            for input in inputs
            if type(input) is Settle
        ]
        for instance, key in self.store.stale(leases, self.placement.worker) if leases else ():
            turn.stop_attempt(instance, key)

    def live(self, turn: Turn, id: int) -> Live:
        """The instance, up to date, touched by this turn."""
        live = turn.touched.get(id)
        if live is not None:
            return live
        live = self.instances.find(id)
        if live is None:
            turn.flush()
            self.instances.load(self.store, self.definitions, [id], turn.number)
            live = self.instances.find(id)
            if live is None:
                raise BrokenError(f"instance number {id} is referred to, but not in the store")
        elif turn.foreign and live.turn != turn.number:
            self.instances.refresh(self.store, [live], turn.number)
        live.turn = turn.number
        turn.touched[id] = live
        return live

    def next_instance_id(self) -> int:
        if not self._ids:
            first = self.store.reserve("instance", INSTANCE_IDS_RESERVED)
            self._ids = range(first, first + INSTANCE_IDS_RESERVED)
        id, self._ids = self._ids[0], self._ids[1:]
        return id

    # --- Decide, evolve, apply ----------------------------------------------------------------

    def step(self, turn: Turn, live: Live, event: Event) -> Refusal | None:
        """One event into one instance: decide, record, and ask for what follows."""
        model, plan, state, now = live.model, live.plan, live.state, turn.now
        decisions = model.decide(plan, state, event, now)
        if type(decisions) is Refusal:
            return decisions
        if not decisions:
            return None
        evolve, commands = model.evolve, model.commands
        for decision in decisions:  # type: ignore[union-attr]
            evolve(plan, state, event, decision, now)
            for command in commands(plan, state, event, decision, now):
                APPLY[type(command)](turn, live, command)
        live.seq += 1
        told, chosen = _encode(event).decode(), _encode(decisions).decode()
        live.tail_bytes += len(told) + len(chosen)
        turn.changes.journal.append((live.id, live.seq, now, type(event).__name__, told, chosen))
        return None

    def deliver_all(self, turn: Turn) -> None:
        """Hand on what instances sent to one another, until nothing is left."""
        while turn.deliveries:
            id, event = turn.deliveries.popleft()
            self.hand(turn, id, event)

    def hand(self, turn: Turn, id: int, event: Event) -> str | None:
        """Deliver an event here, or leave it for a process that hosts the definition; returns why it was refused."""
        live = self.live(turn, id)
        what = answer(event, live.status)
        if what == "no":
            return refusal(event, live.public_id, live.status)
        if what == "done":
            return None
        if not live.hosted:
            turn.put_event(id, f"!{self.store.reserve('event', 1)}", turn.now, event)
            return None
        refused = self.step(turn, live, event)
        return None if refused is None else f"instance {live.public_id!r}: {refused.reason}"

    def _fire(self, turn: Turn) -> None:
        """Deliver the events whose time has come."""
        turn.flush()
        rows = self.store.due_events(turn.now, DUE_EVENTS_MAX, self.definitions.unhosted)
        missing = {row.instance for row in rows if self.instances.find(row.instance) is None}
        if missing:
            self.instances.load(self.store, self.definitions, missing, turn.number)
        for row in rows:
            live = self.live(turn, row.instance)
            if not live.hosted:
                continue
            turn.drop_event(row.instance, row.key)
            event = decode_event(row.kind, row.data)
            if isinstance(event, TaskLost):
                self.lose(turn, live, event)
            elif answer(event, live.status) == "do":
                self.step(turn, live, event)
            self.deliver_all(turn)

    def lose(self, turn: Turn, live: Live, event: TaskLost) -> None:
        """The worker of a task has died: the task is tried again, or ends."""
        key = (live.id, event.key)
        turn.lost, turn.settling = 1, None
        if live.status not in ENDED:
            self.step(turn, live, event)
        turn.lost = 0
        if key not in turn.retried:
            turn.changes.tasks_done.append(key)


def merged(reports: Sequence[Report]) -> Report:
    """One report of several turns."""
    return Report(
        [attempt for report in reports for attempt in report.dispatch],
        [key for report in reports for key in report.cancelled],
        [reply for report in reports for reply in report.replies],
        [end for report in reports for end in report.ended],
        min(report.wake_at for report in reports),
    )
