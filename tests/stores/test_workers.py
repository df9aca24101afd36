"""Workers and the leases of their incarnations."""

from __future__ import annotations

from mainspring.kernel.census import Offered, Renewal, TimesRow, WorkerRow
from mainspring.kernel.reader import NeedView
from mainspring.kernel.store import HeldRow
from tests.stores.bench import NOW


def test_a_worker_is_known_until_it_is_deleted(bench):
    bench.worker(1, NOW + 30)
    bench.worker(2, NOW + 40)
    with bench.reading(bench.another()) as other:
        assert other.list_workers() == [
            WorkerRow(1, "worker-1", "host", "process-1", NOW + 30),
            WorkerRow(2, "worker-2", "host", "process-2", NOW + 40),
        ]
    bench.store.begin()
    bench.store.delete_worker(1)
    bench.store.delete_worker(99)
    bench.store.commit()
    with bench.reading() as store:
        assert [row.id for row in store.list_workers()] == [2]


def test_a_lease_is_renewed_while_it_is_known(bench):
    bench.worker(1, NOW)
    store = bench.store
    store.begin()
    assert store.renew_worker(Renewal(1, NOW + 99, NOW + 9))
    assert not store.renew_worker(Renewal(2, NOW + 99, NOW + 9))
    store.commit()
    with bench.reading():
        assert store.list_workers()[0].lease_until == NOW + 99


def test_what_a_worker_holds_outlives_its_row(bench):
    bench.definition()
    bench.capability()
    bench.instance(1)
    bench.worker(1)
    bench.task(1, "ä", attempt=3, token=3, owner=1, leased_at=NOW)
    bench.task(1, "free")
    store = bench.store
    store.begin()
    store.delete_worker(1)
    store.commit()
    with bench.reading():
        assert store.held_by(1, 10) == [HeldRow(1, "ä", 3, 0, NOW, 3)]
        assert store.held_by(2, 10) == []


def test_what_a_worker_says_of_itself_is_kept_until_it_says_something_else(bench):
    store = bench.store
    store.begin()
    store.register_worker(WorkerRow(1, "ä", "host", "process", NOW + 30, slots=16), NOW)
    offer = '{"labels": {"gpu": true, "region": "eu"}, "queues": ["mail"], "capabilities": [3, 5]}'
    assert store.renew_worker(Renewal(1, NOW + 40, NOW + 10, 7, 2, offer))
    store.commit()
    store.begin()
    assert store.renew_worker(Renewal(1, NOW + 50, NOW + 20, 8, 2))
    store.commit()
    (view,) = bench.reader().list_workers()
    assert (view.slots, view.completed, view.failed, view.started_at, view.renewed_at) == (16, 8, 2, NOW, NOW + 20)
    assert view.offer == Offered({"gpu": True, "region": "eu"}, ["mail"], [3, 5])


def test_times_are_kept_by_capability(bench):
    work, mail = bench.capability("work"), bench.capability("send", "mail")
    first, second = TimesRow(work, 1, 2, '{"counts":{"3":1}}', "{}"), TimesRow(mail, 5, 0, "{}", '{"counts":{"9":5}}')
    for rows in ([first], [TimesRow(work, 9, 9, "{}", "{}"), second]):
        bench.store.begin()
        bench.store.lock_times(sorted(row.capability for row in rows))
        bench.store.put_times(rows)
        bench.store.commit()
    bench.store.begin()
    found = {row.capability: row for row in bench.store.lock_times([work, mail])}
    bench.store.rollback()
    assert found == {work: TimesRow(work, 9, 9, "{}", "{}"), mail: second}
    views = [(one.handler, one.queue, one.row.completed) for one in bench.reader().list_times()]
    assert views == [("send", "mail", 5), ("work", "default", 9)]


def test_what_waits_is_counted_by_need_and_by_queue(bench):
    bench.definition()
    work, mail = bench.capability("work"), bench.capability("send", "mail")
    bench.instance(1)
    bench.worker(4)
    bench.task(1, "a", capability=mail, ready_at=NOW)
    bench.task(1, "b", capability=mail, ready_at=NOW - 5)
    bench.task(1, "c", capability=mail, ready_at=NOW + 9, priority=3)
    bench.task(1, "d", capability=mail, owner=4)
    bench.task(1, "e", capability=work, owner=4)
    reader = bench.reader()
    assert reader.list_needs() == [NeedView(mail, "send", "mail", "", "", 3, NOW - 5)]
    counts = {view.name: (view.waiting, view.running) for view in reader.list_queues()}
    assert counts == {"default": (0, 1), "mail": (3, 1)}
    tasks = {view.key: view for view in reader.list_tasks(1, 10)}
    assert (tasks["a"].capability, tasks["a"].queue, tasks["a"].requires) == (mail, "mail", "")
    ahead = {key: reader.count_ahead(tasks[key], NOW) for key in "abc"}
    assert ahead == {"a": 1, "b": 0, "c": 0}, "what is not ready yet is in nobody's way"
