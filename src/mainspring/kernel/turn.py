"""The turn: everything that waits is taken in, decided, written and committed at once.

    take in → load → fire what is due → decide, evolve, apply → place → write → claim → commit → report

`Kernel.turn` is synchronous and starts no thread: whoever calls it (a pump, a simulation) brings the inputs and the
time, and acts on the report once the turn is durable.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from mainspring.errors import (
    BrokenError,
    InstanceExistsError,
    InstanceNotFoundError,
    InvalidError,
    MainspringError,
    RefusedError,
    UnavailableError,
)
from mainspring.kernel.apply import APPLY
from mainspring.kernel.definitions import Definition, Definitions
from mainspring.kernel.instances import Instances, Live, decode_event
from mainspring.kernel.leases import Leases
from mainspring.kernel.lifecycle import ENDED, RUNNING, answer, refusal
from mainspring.kernel.placement import Placement
from mainspring.kernel.records import (
    Attempt,
    Attend,
    Await,
    Begun,
    Deploy,
    End,
    Input,
    Leave,
    Progress,
    Prune,
    Release,
    Report,
    Settle,
    Start,
    StartEntry,
    Tell,
)
from mainspring.kernel.store import Changes, EndRow, InstanceRow, Key, Store
from mainspring.models.contract import Event, Failure, Refusal, Started, StartTask, TaskCompleted, TaskLost

DUE_EVENTS_MAX = 1_000
"""Due events taken into one turn; the rest waits for the next, so that a flood of timers does not starve the others."""
INSTANCE_IDS_RESERVED = 1_000
"""Instance numbers that a process takes at a time; those it does not use leave a harmless gap."""

logger = logging.getLogger("mainspring.kernel")
_encode = msgspec.json.Encoder().encode
_failure = msgspec.json.Decoder(Failure).decode


class Turn:
    """One turn under way: what it has gathered so far.  The commands of models are applied to it (`kernel.apply`)."""

    def __init__(self, kernel: Kernel, number: int, now: float) -> None:
        self.kernel = kernel
        self.number = number
        self.now = now
        self.changes = Changes()
        self.new_tasks: list[tuple[Live, StartTask]] = []
        self.withdrawn: set[Key] = set()
        """Tasks cancelled in this turn; they are not placed even if they were started in it."""
        self.retried: set[Key] = set()
        self.deliveries: deque[tuple[int, Event]] = deque()
        self.touched: dict[int, Live] = {}
        self.begun: dict[str, int] = {}
        self.dispatch: list[Attempt] = []
        self.cancelled: list[Key] = []
        self.replies: list[tuple[Any, Any]] = []
        self.ended: list[tuple[int, End]] = []
        self.settling: Attempt | None = None
        self.lost = 0
        """1 while the loss of a worker is being dealt with."""
        self.foreign = False
        """Whether another process has written since our last turn."""
        self.look = False
        """Whether tasks may wait that placement does not know of."""
        self.wrote = False

    # --- What commands ask for ----------------------------------------------------------------

    def deliver(self, instance: int, event: Event) -> None:
        """Hand an event to another instance, in this turn, after what is under way."""
        self.deliveries.append((instance, event))

    def put_event(self, instance: int, key: str, ready_at: float, event: Event) -> None:
        row = (instance, key, ready_at, type(event).__name__, _encode(event).decode())
        self.changes.events.setdefault(instance, {})[key] = row
        self.kernel.next_event_at = min(self.kernel.next_event_at, ready_at)

    def drop_event(self, instance: int, key: str) -> None:
        self.changes.events.setdefault(instance, {})[key] = None

    def requeued(self, ready_at: float) -> None:
        if self.settling is None:
            self.look = True
        else:
            self.kernel.placement.requeued(self.settling.capability, ready_at, self.now)

    def stop_attempt(self, instance: int, key: str) -> None:
        if self.kernel.placement.end(instance, key) is not None:
            self.cancelled.append((instance, key))

    def sweep(self, instance: int) -> None:
        """Take back all tasks and events of an instance, also those of this turn."""
        self.changes.swept.append((instance,))
        self.changes.events.pop(instance, None)
        self.withdrawn.update((instance, task.key) for live, task in self.new_tasks if live.id == instance)
        for key in list(self.kernel.placement.running.get(instance, ())):
            self.stop_attempt(instance, key)

    def children(self, instance: int) -> list[tuple[int, str, str]]:
        self.flush()
        return self.kernel.store.list_children(instance)

    def definition_of(self, digest: str) -> Definition:
        return self.kernel.definitions.of_digest(self.kernel.store, digest)

    def next_instance_id(self) -> int:
        return self.kernel.next_instance_id()

    def add_instance(self, row: InstanceRow, definition: Definition, attributes: str | None) -> Live:
        live = Live(row, definition)
        live.turn = self.number
        self.kernel.instances.add(live)
        self.touched[row.id] = live
        self.changes.instances.append((
            row.id, row.public_id, row.definition, row.status, row.parent, row.parent_key, row.priority, attributes,
            self.now,
        ))  # fmt: skip
        return live

    def end(self, live: Live, end: End) -> None:
        self.ended.append((live.id, end))

    def flush(self) -> None:
        """Write what was gathered so far, so that a query sees it."""
        if self.changes:
            self.kernel.store.write(self.changes)
            self.changes = Changes()
            self.wrote = True


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
        except Exception as error:
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

    # --- Inputs -------------------------------------------------------------------------------

    def take_settle(self, turn: Turn, input: Settle) -> None:
        """An outcome is recorded if the lease under which it was made is still ours."""
        attempt, event = input.attempt, input.event
        if self.placement.held(attempt) is None:
            return
        self.placement.end(attempt.instance, attempt.key)
        key = (attempt.instance, attempt.key)
        turn.settling = attempt
        live = self.live(turn, attempt.instance)
        if input.lines:
            self._log(turn, attempt, input.lines)
        if live.status not in ENDED:
            self.step(turn, live, event)
        if type(event) is TaskCompleted or key not in turn.retried:
            turn.changes.tasks_done.append(key)

    def take_release(self, turn: Turn, input: Release) -> None:
        attempt = input.attempt
        if self.placement.held(attempt) is not None:
            self.placement.end(attempt.instance, attempt.key)
            turn.changes.tasks_freed.append((attempt.instance, attempt.key, attempt.token))
            self.placement.requeued(attempt.capability, attempt.ready_at, turn.now)

    def take_progress(self, turn: Turn, input: Progress) -> None:
        attempt = input.attempt
        if input.lines:
            self._log(turn, attempt, input.lines)
        if input.fraction is not None and self.placement.held(attempt) is not None:
            turn.changes.progress.append((input.fraction, attempt.instance, attempt.key))

    def take_start(self, turn: Turn, input: Start) -> None:
        definition = self.definitions.deploy(self.store, input.definition, turn.now)
        turn.wrote = True
        wanted = [entry.public_id for entry in input.entries if entry.public_id is not None]
        if wanted:
            turn.flush()
            turn.begun.update(self.store.find_ids(wanted))
        begun = [self._begin(turn, definition, entry) for entry in input.entries]
        turn.replies.append((input.reply, begun))

    def _begin(self, turn: Turn, definition: Definition, entry: StartEntry) -> Begun:
        public_id = entry.public_id
        if public_id is not None and (known := turn.begun.get(public_id)) is not None:
            return self._begun_before(turn, definition, known, public_id)
        id = self.next_instance_id()
        if public_id is None:
            public_id = f"{definition.name}:{id}"
        elif given_by_store(public_id):
            raise InvalidError(
                f"id {public_id!r} is not yours to choose: ids of the form name:number are given by the store,"
                " and there is no such instance"
            )
        else:
            turn.begun[public_id] = id
        attributes = None if entry.attributes is None else entry.attributes.decode()
        row = InstanceRow(id, public_id, definition.id, RUNNING, None, None, entry.priority)
        live = turn.add_instance(row, definition, attributes)
        event = Started(msgspec.Raw(entry.input), entry.priority, entry.not_before)
        if live.hosted:
            self.step(turn, live, event)
        else:
            turn.put_event(id, "!started", turn.now, event)
        return Begun(id, public_id)

    def _begun_before(self, turn: Turn, definition: Definition, id: int, public_id: str) -> Begun:
        live = self.live(turn, id)
        if (live.definition.name, live.model.name) != (definition.name, definition.model.name):
            raise InstanceExistsError(
                f"instance {public_id!r} exists already, as one of {live.model.name} {live.definition.name!r};"
                f" choose another id for {definition.name!r}"
            )
        return Begun(id, public_id, existed=True)

    def take_deploy(self, turn: Turn, input: Deploy) -> None:
        definition = self.definitions.deploy(self.store, input.definition, turn.now)
        turn.wrote = True
        turn.replies.append((input.reply, definition.version))

    def take_tell(self, turn: Turn, input: Tell) -> None:
        id = turn.begun.get(input.public_id)
        if id is None:
            turn.replies.append((input.reply, InstanceNotFoundError(input.public_id)))
            return
        turn.settling = None
        refused = self.hand(turn, id, input.event)
        turn.replies.append((input.reply, None if refused is None else RefusedError(refused)))

    def take_await(self, turn: Turn, input: Await) -> None:
        id = turn.begun.get(input.public_id)
        if id is None:
            turn.replies.append((input.reply, InstanceNotFoundError(input.public_id)))
            return
        live = self.live(turn, id)
        if live.status in ENDED:
            turn.flush()
            turn.replies.extend((input.reply, end_of(row)) for row in self.store.load_ends([id]))
        else:
            self.awaited.setdefault(id, []).append(input.reply)

    def take_attend(self, turn: Turn, input: Attend) -> None:
        self.placement.draining = input.draining
        self.placement.offer()
        self.definitions.forget_unhosted()
        self.instances.drop_unhosted()
        self.next_event_at = 0.0
        turn.look = True

    def take_leave(self, turn: Turn, input: Leave) -> None:
        for attempt in self.placement.attempts():
            self.placement.end(attempt.instance, attempt.key)
            turn.changes.tasks_freed.append((attempt.instance, attempt.key, attempt.token))
        self.leases.leave(turn)
        turn.replies.append((input.reply, None))

    def take_prune(self, turn: Turn, input: Prune) -> None:
        turn.flush()
        ids = self.store.list_prunable(input.ended_before, input.limit)
        turn.replies.append((input.reply, self.store.delete_instances(ids) if ids else 0))
        turn.wrote = True

    def _log(self, turn: Turn, attempt: Attempt, lines: Sequence[tuple[float, str, str]]) -> None:
        turn.changes.logs.extend((attempt.instance, attempt.key, attempt.attempt, *line) for line in lines)


TAKE: dict[type, Callable[[Kernel, Turn, Any], None]] = {
    Settle: Kernel.take_settle,
    Release: Kernel.take_release,
    Progress: Kernel.take_progress,
    Start: Kernel.take_start,
    Deploy: Kernel.take_deploy,
    Tell: Kernel.take_tell,
    Await: Kernel.take_await,
    Prune: Kernel.take_prune,
    Attend: Kernel.take_attend,
    Leave: Kernel.take_leave,
}


def given_by_store(public_id: str) -> bool:
    """Whether an id has the form that the store gives: name:number."""
    _, colon, number = public_id.rpartition(":")
    return bool(colon) and number.isdigit()


def end_of(row: EndRow) -> End:
    return End(
        row.public_id,
        row.status,
        None if row.output is None else row.output.encode(),
        None if row.error is None else _failure(row.error),
        row.reason or "",
    )


def merged(reports: Sequence[Report]) -> Report:
    """One report of several turns."""
    return Report(
        [attempt for report in reports for attempt in report.dispatch],
        [key for report in reports for key in report.cancelled],
        [reply for report in reports for reply in report.replies],
        [end for report in reports for end in report.ended],
        min(report.wake_at for report in reports),
    )
