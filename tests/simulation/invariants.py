"""What must hold after every step, whatever has gone wrong."""

from __future__ import annotations

from typing import Any

import msgspec

from mainspring.kernel.instances import Live, decode_entry
from mainspring.kernel.store import Changes, EntryRow
from mainspring.testing.process import Process
from tests.plain_sql import plain_sql

STUCK = """
    select public_id from instance where status = 'running'
     and not exists (select 1 from task where task.instance = instance.id)
     and not exists (select 1 from event where event.instance = instance.id)
     and not exists (select 1 from subscription where subscription.instance = instance.id)
     and not exists (select 1 from instance as child where child.parent = instance.id
                     and child.status in ('created', 'running', 'paused'))
     and definition not in (select id from definition where model in ('machine', 'deployment'))
"""
"""A machine waits for whoever sends it an event, a deployment for the next version."""
LEFT_BEHIND = """
    select public_id, task.key from instance join task on task.instance = instance.id
     where status in ('completed', 'failed', 'cancelled')
    union all
    select public_id, event.key from instance join event on event.instance = instance.id
     where status in ('completed', 'failed', 'cancelled') and event.key not like '!%'
    union all
    select public_id, subscription.key from instance join subscription on subscription.instance = instance.id
     where status in ('completed', 'failed', 'cancelled')
"""
OWNERLESS = """
    select instance, key, owner from task where owner > 0 and owner not in (select id from worker)
    union all
    select instance, key, owner from task where owner < 0 and not exists (select 1 from event
     where event.instance = task.instance and event.key in ('!lost/' || task.key, '!ended/' || task.key))
"""
OWNED = "select instance, key, token from task where owner = ?"
ROWS = "select instance, key, attempt from task where owner in (?, -1)"
KNOWN_AS = "select id from worker where process = ?"
PAUSED = "select 1 from instance where id = ? and status = 'paused'"


class Violation(BaseException):
    """An invariant does not hold.  No `Exception`, for the kernel would take it for somebody's bug and go on."""


class Watch:
    """Sees every write of every process before it is committed, and remembers what must not happen twice."""

    def __init__(self) -> None:
        self._owned: dict[tuple[int, str], int] | None = None
        """The attempts that the process had leases of when its turn began."""
        self.seqs: dict[int, int] = {}
        self.completed: set[tuple[int, str]] = set()
        self._pending: list[tuple[Any, ...]] = []
        self._leased: list[int] = []

    def see(self, process: Process, changes: Changes) -> None:
        """Within the transaction of a turn."""
        execute = plain_sql(process.store.store)
        if self._owned is None:
            worker = process.kernel.placement.worker
            self._owned = {(instance, key): attempt for instance, key, attempt in execute(ROWS, (worker,))}
        for instance, seq, _, kind, event, _ in changes.journal:
            key = None
            if kind in ("TaskCompleted", "TaskFailed"):
                told = msgspec.json.decode(event)
                key = told["key"] if kind == "TaskCompleted" else None
                attempt = self._owned.get((instance, told["key"]))
                if attempt != told["attempt"]:
                    raise Violation(
                        f"{kind} of {instance} {told['key']}: not by the lease's owner ({attempt=}): {event}"
                    )
            self._pending.append((instance, seq, key))
        self._leased += [row[0] for row in changes.tasks if row[7]]

    def leased(self, keys: list[tuple[int, str]]) -> None:
        self._leased += [instance for instance, _ in keys]

    def committed(self, process: Process) -> None:
        """What was seen is durable now."""
        execute = plain_sql(process.store.store)
        for instance, seq, key in self._pending:
            if seq != self.seqs.get(instance, 0) + 1:
                raise Violation(f"seq {seq} of {instance} follows {self.seqs.get(instance)}")
            self.seqs[instance] = seq
            if key is not None:
                if (instance, key) in self.completed:
                    raise Violation(f"{key} of {instance} completed twice")
                self.completed.add((instance, key))
        for instance in self._leased:
            if execute(PAUSED, (instance,)).fetchone():
                raise Violation(f"a task of paused {instance} was claimed")
        self.forget()

    def forget(self) -> None:
        """What was seen was rolled back."""
        self._owned = None
        self._pending.clear()
        self._leased.clear()


def check_store(execute: Any) -> None:
    """Nothing waits for nothing, nothing is left behind, no lease without an owner."""
    assert not (rows := execute(STUCK).fetchall()), f"stuck: {rows}"
    assert not (rows := execute(LEFT_BEHIND).fetchall()), f"left behind: {rows}"
    assert not (rows := execute(OWNERLESS).fetchall()), f"leased to nobody: {rows}"


def check_process(execute: Any, process: Process) -> None:
    """Slots are counted right, and every lease in the store is one that the process knows and acts upon."""
    placement = process.kernel.placement
    held = {(one.instance, one.key, one.token) for one in placement.attempts()}
    stored = set(execute(OWNED, (placement.worker,)).fetchall()) if placement.worker else set()
    kernel = process.kernel
    if not kernel._is_in_doubt:  # until its next turn it cannot know what a commit without an answer has leased
        assert stored <= held, f"{process.name} does not know of its leases {stored - held}"
        known = {id for (id,) in execute(KNOWN_AS, (process.name,)).fetchall()}
        assert known <= {placement.worker}, f"{process.name} is {placement.worker}, but known as {known}"
    if not process.store.foreign() and kernel._check_at == float("inf") and not kernel._is_blind:
        assert held == stored, f"{process.name} believes to hold {held - stored}"
    under_way = {(one.attempt.instance, one.attempt.key, one.attempt.token) for one in process.performing}
    under_way |= {
        (one.attempt.instance, one.attempt.key, one.attempt.token)
        for one in process.pump.waiting()
        if hasattr(one, "attempt")
    }
    assert held <= under_way, f"{process.name} does nothing about its leases {held - under_way}"
    check_slots(process)


def check_slots(process: Process) -> None:
    """`free` and `running` say the same."""
    placement = process.kernel.placement
    attempts = placement.attempts()
    assert placement._free_total + len(attempts) == process.slot_count, f"{process.name}: slots have leaked"
    assert min(placement._free.values()) >= 0


def check_fold(execute: Any, process: Process, limit: int) -> None:
    """fold(journal) == state, for what the process believes to know."""
    kernel = process.kernel
    for live in list(kernel.instances._lives.values())[:limit]:
        if live.hosted and not process.store.foreign() and live.turn >= kernel.outdated_before:
            assert_fold(execute, live)


def assert_fold(execute: Any, live: Live) -> None:
    model, plan = live.model, live.plan
    if not execute("select 1 from instance where id = ?", (live.id,)).fetchone():
        return  # it was forgotten meanwhile; nobody will ask for it again
    rows = execute(
        "select instance, seq, at, kind, event, decisions from journal where instance = ? order by seq", (live.id,)
    ).fetchall()
    state, seq = model.initial(plan, live.public_id), 0
    snapshot = execute("select seq, state from snapshot where instance = ?", (live.id,)).fetchone()
    if snapshot and (not rows or rows[0][1] > 1):  # what is older than the snapshot may have been forgotten
        seq, state = snapshot[0], model.load(plan, snapshot[1].encode())
    for row in (row for row in rows if row[1] > seq):
        entry = EntryRow(*row)
        event, decisions = decode_entry(model.decision_type, entry)
        for decision in decisions:
            model.evolve(plan, state, event, decision, entry.at)
    last = rows[-1][1] if rows else seq
    assert live.seq == last, f"{live.public_id}: at {live.seq}, the journal at {last}"
    assert model.dump(plan, state) == model.dump(plan, live.state), f"{live.public_id}: fold differs"
    status = execute("select status from instance where id = ?", (live.id,)).fetchone()
    assert status == (live.status,), f"{live.public_id}: {live.status}, stored {status}"
