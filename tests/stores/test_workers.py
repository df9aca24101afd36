"""Workers and the leases of their incarnations."""

from __future__ import annotations

from mainspring.kernel.store import HeldRow, WorkerRow
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
    assert store.renew_worker(1, NOW + 99)
    assert not store.renew_worker(2, NOW + 99)
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
