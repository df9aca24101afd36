"""Managed queues: what is said of them, whose turn it is, and what runs."""

from __future__ import annotations

import pytest

from mainspring.kernel.store import QueueRow
from tests.stores.bench import NOW


@pytest.fixture
def queue(bench):
    """A bench with instances, a worker, and a managed queue 7 of two capabilities."""
    bench.definition()
    for handler in ("work", "rest"):
        bench.capability(handler, "mail")
    for id in (1, 2):
        bench.instance(id)
    bench.worker(5)
    put(bench, QueueRow(7, "mail", '{"fair":true}'))
    return bench


def put(bench, row: QueueRow, *, managed: bool = True) -> None:
    with bench.writing():
        bench.store.put_queue(row, managed=managed)


def test_what_is_said_of_a_queue_is_kept(queue):
    put(queue, QueueRow(8, "other", '{"paused":true}', 2.5, NOW))
    with queue.reading() as store:
        assert store.list_queues() == [
            QueueRow(7, "mail", '{"fair":true}'),
            QueueRow(8, "other", '{"paused":true}', 2.5, NOW),
        ]
        assert store.find_queue("other") == QueueRow(8, "other", '{"paused":true}', 2.5, NOW)
        assert store.find_queue("none") is None
        assert [row.name for row in store.lock_queues([8])] == ["other"]
        assert [row.id for row in store.lock_queues([8, 7])] == [7, 8]
        assert store.lock_queues([]) == []


def test_how_far_it_has_come_is_kept_when_something_else_is_said(queue):
    with queue.writing():
        queue.store.save_queue(QueueRow(7, "mail", "", 1.5, NOW + 1, "b", 2))
    put(queue, QueueRow(7, "mail", "{}", 4.0, NOW + 2, "", 0))
    with queue.reading() as store:
        assert store.find_queue("mail") == QueueRow(7, "mail", "{}", 4.0, NOW + 2, "b", 2)


def test_groups_that_wait_are_told_in_order_page_by_page(queue):
    for number, group in enumerate(["b", "", "a", "b", "ä", "Z", "a b"]):
        queue.task(1, f"t{number}", queue=7, group=group)
    queue.task(1, "runs", queue=7, group="x", owner=5)
    queue.task(1, "plain", group="y")
    queue.task(1, "else", queue=7, group="z", capability=2)
    queue.task(1, "later", queue=7, group="c", ready_at=NOW + 5)
    with queue.reading() as store:
        everything = store.waiting_groups(1, None, 10)
        assert set(everything) == {"", "Z", "a", "a b", "b", "c", "ä"}
        assert everything == sorted(everything)
        assert store.waiting_groups(1, None, 3) == everything[:3]
        assert store.waiting_groups(1, everything[2], 10) == everything[3:]
        assert store.waiting_groups(1, everything[-1], 10) == []
        assert store.waiting_groups(2, None, 10) == ["z"]


def test_the_tasks_of_a_group_are_told_alone(queue):
    for key, group, priority in (("a1", "a", 0), ("a2", "a", 3), ("b1", "b", 9), ("a3", "a", 0)):
        queue.task(1, key, queue=7, group=group, priority=priority)
    queue.task(1, "later", queue=7, group="a", ready_at=NOW + 5)
    with queue.reading() as store:
        assert [row.key for row in store.waiting(1, NOW, 10, group="a")] == ["a2", "a1", "a3"]
        assert [row.key for row in store.waiting(1, NOW, 2, group="a")] == ["a2", "a1"]
        assert store.waiting(1, NOW, 10, group="none") == []


def test_some_of_each_priority_may_be_asked_for(queue):
    for priority in (5, 0, -5):
        for number in range(3):
            queue.task(1, f"{priority}/{number}", priority=priority, queue=7, group="")
    with queue.reading() as store:
        assert [row.key for row in store.waiting(1, NOW, 2, each=True)] == ["5/0", "5/1", "0/0", "0/1", "-5/0", "-5/1"]
        assert [row.key for row in store.waiting(1, NOW, 1, group="", each=True)] == ["5/0", "0/0", "-5/0"]


def test_what_runs_is_counted_by_group(queue):
    for number, (group, owner) in enumerate([("a", 5), ("a", 5), ("b", 5), ("b", None), ("c", 0)]):
        queue.task(1, f"t{number}", queue=7, group=group, owner=owner)
    queue.task(2, "plain", owner=5)
    with queue.reading() as store:
        assert store.count_running(7) == {"a": 2, "b": 1}
        assert store.count_running(8) == {}
    with queue.writing() as changes:
        changes.tasks_done.append((1, "t0"))
    with queue.writing():
        queue.store.lease([(1, "t3")], 5, NOW)
    with queue.reading() as store:
        assert store.count_running(7) == {"a": 1, "b": 2}


def test_tasks_that_are_there_belong_to_a_queue_from_when_it_is_managed(queue):
    capability = queue.capability("post", "post")
    queue.task(1, "waits", capability=capability)
    queue.task(1, "runs", capability=capability, owner=5, group="a")
    with queue.reading() as store:
        assert store.waiting_groups(capability, None, 10) == []
    put(queue, QueueRow(9, "post", "{}"))
    with queue.reading() as store:
        assert store.waiting_groups(capability, None, 10) == [""]
        assert store.count_running(9) == {"a": 1}
    put(queue, QueueRow(9, "post", "{}"), managed=False)
    with queue.reading() as store:
        assert store.waiting_groups(capability, None, 10) == []
        assert store.count_running(9) == {}
        assert [row.key for row in store.waiting(capability, NOW, 10)] == ["waits"]


def test_a_group_of_an_instance_is_kept(bench):
    bench.definition()
    bench.instance(1, group="tenant")
    bench.instance(2)
    with bench.reading() as store:
        assert [row.group for row in store.load_instances([1, 2])] == ["tenant", None]
