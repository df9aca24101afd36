"""The queue: who is next, what a lease is, and what ends it."""

from __future__ import annotations

import random

import msgspec
import pytest

from mainspring.errors import LeaseLostError
from mainspring.kernel.enlist import record
from mainspring.kernel.records import Attempt
from mainspring.kernel.store import ENDED_ATTEMPT, HELD, HeldRow, WaitingRow
from mainspring.models.contract import TaskCompleted
from tests.stores.bench import NOW, task_row


@pytest.fixture
def queue(bench):
    """A bench with an instance and a capability."""
    bench.definition()
    bench.capability()
    bench.instance(1)
    bench.instance(2)
    bench.worker(5)
    return bench


def keys(rows) -> list[str]:
    return [row.key for row in rows]


def waiting(bench, capability: int = 1, now: float = NOW, limit: int = 100) -> list[WaitingRow]:
    with bench.reading() as store:
        return store.waiting(capability, now, limit)


def lease(bench, *wanted, owner: int = 5) -> None:
    with bench.writing():
        bench.store.lease(list(wanted), owner, NOW)


# --- The order of the queue -------------------------------------------------------------------


def test_a_waiting_task_is_told_as_it_is(queue):
    queue.task(1, "a", priority=3, attempt=2, token=4, timeout_s=1.5, payload='{"text": "☂"}')
    assert waiting(queue) == [WaitingRow(3, NOW, 1, "a", 1, 2, 4, 1.5, '{"text": "☂"}', "case-1")]


def test_the_order_is_priority_then_time_then_instance_then_key(queue):
    rows = [
        task_row(instance, f"{priority}/{ready_at}/{key}", priority=priority, ready_at=NOW + ready_at)
        for priority in (-3, 0, 7)
        for ready_at in (-20, -1, 0)
        for instance in (1, 2)
        for key in ("a", "b", "ä", "a/1")
    ]
    shuffled = random.Random(1).sample(rows, len(rows))
    with queue.writing() as changes:
        changes.tasks.extend(shuffled)
    expected = sorted(rows, key=lambda row: (-row[3], row[4], row[0], row[1]))
    assert [(row.instance, row.key) for row in waiting(queue)] == [(row[0], row[1]) for row in expected]
    assert len(waiting(queue, limit=5)) == 5
    assert [row.key for row in waiting(queue, limit=5)] == [row[1] for row in expected[:5]]


def test_what_is_not_ready_is_not_waiting_but_known(queue):
    queue.task(1, "later", ready_at=NOW + 10)
    queue.task(1, "sooner", ready_at=NOW + 5, priority=-9)
    queue.task(1, "now")
    assert keys(waiting(queue)) == ["now"]
    with queue.reading() as store:
        assert store.next_task_at(1, NOW) == NOW + 5
        assert store.next_task_at(1, NOW + 5) == NOW + 10
        assert store.next_task_at(1, NOW + 10) is None
    assert keys(waiting(queue, now=NOW + 10)) == ["now", "later", "sooner"]


def test_capabilities_wait_apart(queue):
    other = queue.capability("other")
    queue.task(1, "a")
    queue.task(1, "b", capability=other)
    assert keys(waiting(queue)) == ["a"]
    assert keys(waiting(queue, other)) == ["b"]
    assert waiting(queue, other + 1) == []


@pytest.mark.parametrize("priority", [-(2**31), 2**31 - 1])
def test_priorities_at_the_edge(queue, priority):
    queue.task(1, "a", priority=priority)
    assert keys(waiting(queue)) == ["a"]


def test_whether_an_attempt_was_made_is_known(queue):
    queue.task(1, "waits")
    queue.task(1, "held", owner=0)
    queue.task(1, "runs", owner=5, attempt=1)
    queue.task(1, "again", attempt=1)
    with queue.reading() as store:
        known = {key: store.has_not_begun(1, key) for key in ("waits", "held", "runs", "again", "gone")}
    assert known == {"waits": True, "held": True, "runs": False, "again": False, "gone": False}


# --- Leases -----------------------------------------------------------------------------------


def test_a_lease_counts_the_attempt_and_the_token(queue):
    queue.task(1, "a", attempt=2, token=7)
    lease(queue, (1, "a"))
    assert waiting(queue) == []
    with queue.reading() as store:
        assert store.held_by(5, 10) == [HeldRow(1, "a", 3, 0, NOW, 8)]
        assert store.stale([(1, "a", 8)], 5) == set()


def test_a_lease_is_stale_when_token_owner_or_task_are_not_the_same(queue):
    for key in ("ours", "taken", "again", "gone"):
        queue.task(1, key)
    lease(queue, (1, "ours"), (1, "again"), (1, "gone"))
    lease(queue, (1, "taken"), owner=6)
    with queue.writing() as changes:
        changes.tasks_retried.append((NOW, None, 0, 1, "again"))
        changes.tasks_done.append((1, "gone"))
    lease(queue, (1, "again"))
    with queue.reading() as store:
        leases = [(1, key, 1) for key in ("ours", "taken", "again", "gone")]
        assert store.stale(leases, 5) == {(1, "taken"), (1, "again"), (1, "gone")}
        assert store.stale([(1, "again", 2), (2, "ours", 1)], 5) == {(2, "ours")}


def test_a_new_task_may_be_leased_from_the_beginning(queue):
    queue.task(1, "a", attempt=1, token=1, owner=5, leased_at=NOW)
    assert waiting(queue) == []
    with queue.reading() as store:
        assert store.stale([(1, "a", 1)], 5) == set()


def test_a_retry_waits_again_with_its_attempt_counted(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.tasks_retried.append((NOW + 3, None, 1, 1, "a"))
    assert waiting(queue) == []
    (row,) = waiting(queue, now=NOW + 3)
    assert (row.attempt, row.token) == (1, 1)
    lease(queue, (1, "a"))
    with queue.reading() as store:
        assert store.held_by(5, 10) == [HeldRow(1, "a", 2, 1, NOW, 2)]


def test_what_is_given_back_is_uncounted_but_never_gets_its_token_again(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.tasks_freed.append((1, "a", 1))
    (row,) = waiting(queue)
    assert (row.attempt, row.token) == (0, 1)


def test_giving_back_with_a_stale_token_does_nothing(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.tasks_freed.append((1, "a", 0))
    assert waiting(queue) == []


def is_leased(bench, key: str, token: int) -> bool:
    with bench.reading() as store:
        return bool(store.is_leased(1, key, token))


def test_a_lease_is_in_force_under_its_own_token_until_it_ends(queue):
    queue.task(1, "a")
    assert not is_leased(queue, "a", 0)
    lease(queue, (1, "a"))
    assert is_leased(queue, "a", 1)
    assert not is_leased(queue, "a", 2)
    assert not is_leased(queue, "b", 1)
    with queue.writing() as changes:
        changes.tasks_retried.append((NOW, None, 0, 1, "a"))
    assert not is_leased(queue, "a", 1)
    lease(queue, (1, "a"))
    assert not is_leased(queue, "a", 1)
    assert is_leased(queue, "a", 2)


@pytest.mark.parametrize("owner", [ENDED_ATTEMPT, HELD])
def test_what_is_no_lease_is_not_given_back(queue, owner):
    """Its outcome stands among the events: it must not run again, whoever still believes to have it."""
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.tasks_retried.append((NOW, owner, 0, 1, "a"))
    assert not is_leased(queue, "a", 1)
    with queue.writing() as changes:
        changes.tasks_freed.append((1, "a", 1))
    assert waiting(queue) == []


def test_an_outcome_is_recorded_once_and_only_under_its_lease(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    attempt = Attempt(1, "a", "handler", b"{}", 1, 1, "case-1")
    event = TaskCompleted("a", 1, NOW, NOW, msgspec.Raw(b"7"))
    queue.store.begin()
    record(queue.store, attempt, event, [(NOW, "INFO", "done")], NOW)
    queue.store.rollback()
    assert is_leased(queue, "a", 1)
    queue.store.begin()
    record(queue.store, attempt, event, [(NOW, "INFO", "done")], NOW)
    queue.store.commit()
    with queue.reading() as store:
        (row,) = store.due_events(NOW, 10, ())
    assert (row.instance, row.kind, row.ready_at) == (1, "TaskCompleted", NOW)
    queue.store.begin()
    with pytest.raises(LeaseLostError):
        record(queue.store, attempt, event, [], NOW)
    queue.store.rollback()


def test_what_is_given_back_while_its_instance_is_paused_is_held(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.statuses[1] = ("paused", None, None, None, None, 1)
        changes.held[1] = (1,)
    with queue.writing() as changes:
        changes.tasks_freed.append((1, "a", 1))
    assert waiting(queue) == []
    with queue.writing() as changes:
        changes.released[1] = (1,)
    assert keys(waiting(queue)) == ["a"]


def test_a_task_that_is_done_is_gone(queue):
    queue.task(1, "a")
    with queue.writing() as changes:
        changes.tasks_done.extend([(1, "a"), (1, "never there")])
    assert waiting(queue) == []


def test_progress_is_shown_until_the_next_attempt(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.progress.append((0.25, 1, "a"))
    reader = queue.reader()
    assert reader.list_tasks(1, 10)[0].progress == 0.25
    with queue.writing() as changes:
        changes.tasks_retried.append((NOW, None, 0, 1, "a"))
    assert reader.list_tasks(1, 10)[0].progress is None


# --- Held back --------------------------------------------------------------------------------


def test_holding_touches_what_waits_not_what_runs(queue):
    queue.task(1, "waits")
    queue.task(1, "runs")
    queue.task(2, "other")
    lease(queue, (1, "runs"))
    with queue.writing() as changes:
        changes.held[1] = (1,)
    assert keys(waiting(queue)) == ["other"]
    with queue.reading() as store:
        assert store.stale([(1, "runs", 1)], 5) == set()
        assert store.next_task_at(1, NOW - 1) == NOW, "of the other instance"
    with queue.writing() as changes:
        changes.released[1] = (1,)
    assert keys(waiting(queue)) == ["waits", "other"]


def test_a_retry_can_be_held_at_once(queue):
    queue.task(1, "a")
    lease(queue, (1, "a"))
    with queue.writing() as changes:
        changes.tasks_retried.append((NOW, HELD, 0, 1, "a"))
    assert waiting(queue) == []


# --- Sweeping ---------------------------------------------------------------------------------


def test_a_sweep_comes_before_what_the_same_turn_adds(queue):
    queue.task(1, "old")
    queue.task(2, "other")
    with queue.writing() as changes:
        changes.events[1] = {"old": (1, "old", NOW, "TimerFired", "{}")}
        changes.events[2] = {"other": (2, "other", NOW, "TimerFired", "{}")}
    with queue.writing() as changes:
        changes.tasks.append(task_row(1, "new"))
        changes.events[1] = {"new": (1, "new", NOW, "TimerFired", "{}")}
        changes.swept.append((1,))
    assert sorted(keys(waiting(queue))) == ["new", "other"]
    with queue.reading() as store:
        assert sorted(row.key for row in store.due_events(NOW, 10, [])) == ["new", "other"]


def test_a_message_that_came_too_late_is_not_swept(queue):
    with queue.writing() as changes:
        changes.events[1] = {key: (1, key, NOW, kind, "{}") for key, kind in (("t", "TimerFired"), ("!1", "Received"))}
    with queue.writing() as changes:
        changes.swept.append((1,))
    with queue.reading() as store:
        assert [row.key for row in store.due_events(NOW, 10, [])] == ["!1"]


def test_a_key_is_one_task(queue):
    queue.task(1, "a")
    with pytest.raises(Exception, match=r"(?i)unique"), queue.writing() as changes:
        changes.tasks.append(task_row(1, "a"))
    queue.store.rollback()


@pytest.mark.parametrize("count", [32, 33, 500])
def test_many_tasks_at_once(queue, count):
    with queue.writing() as changes:
        changes.tasks.extend(task_row(1, f"item/{number:05}") for number in range(count))
    assert keys(waiting(queue, limit=1_000)) == [f"item/{number:05}" for number in range(count)]
    with queue.writing():
        queue.store.lease([(1, f"item/{number:05}") for number in range(count)], 5, NOW)
    with queue.reading() as store:
        assert len(store.held_by(5, 10_000)) == count
        assert len(store.held_by(5, 7)) == 7
