"""Definitions by digest and version, and the numbers that stand for what tasks need."""

from __future__ import annotations

import pytest

from mainspring.kernel.need import Need
from tests.stores.bench import NOW


def test_versions_count_by_model_and_name(bench):
    store = bench.store
    with bench.writing():
        rows = [
            store.add_definition(model, name, digest, b'{"a": 1}', NOW)
            for model, name, digest in (
                ("workflow", "report", "d1"),
                ("workflow", "report", "d2"),
                ("task", "report", "d3"),
                ("workflow", "other", "d4"),
            )
        ]
    assert [row.version for row in rows] == [1, 2, 1, 1]
    assert len({row.id for row in rows}) == 4


def test_a_definition_is_found_by_id_and_by_digest(bench):
    store = bench.store
    with bench.writing():
        row = store.add_definition("workflow", "Bericht ☂", "d1", '{"text": "ä\U0001f600"}'.encode(), NOW)
    with bench.reading(bench.another()) as other:
        assert other.find_definition(id=row.id) == row
        assert other.find_definition(digest="d1") == row
        assert other.find_definition(id=row.id + 1) is None
        assert other.find_definition(digest="d") is None


def test_a_digest_is_stored_once(bench):
    with bench.writing():
        bench.store.add_definition("workflow", "report", "d1", b"{}", NOW)
    bench.store.begin()
    with pytest.raises(Exception, match=r"(?i)unique"):
        bench.store.add_definition("workflow", "report", "d1", b"{}", NOW)
    bench.store.rollback()


def test_a_capability_is_the_same_number_for_everybody(bench):
    other = bench.another()
    with bench.writing():
        first = bench.store.intern_capability(Need("mail:send"))
        again = bench.store.intern_capability(Need("mail:send"))
        gpu = bench.store.intern_capability(Need("mail:send", requires="gpu"))
        slow = bench.store.intern_capability(Need("mail:send", "slow"))
        dask = bench.store.intern_capability(Need("mail:send", executor="dask"))
        small = bench.store.intern_capability(Need("mail:send", memory_max_mb=64.5))
    with bench.writing(other):
        assert other.intern_capability(Need("mail:send", requires="gpu")) == gpu
        assert other.intern_capability(Need("mail:send", executor="dask")) == dask
        assert other.intern_capability(Need("mail:send", memory_max_mb=64.5)) == small
    assert first == again
    assert len({first, gpu, slow, dask, small}) == 5
    with bench.reading(other):
        assert other.list_capabilities() == [
            (first, Need("mail:send")),
            (gpu, Need("mail:send", requires="gpu")),
            (slow, Need("mail:send", "slow")),
            (dask, Need("mail:send", executor="dask")),
            (small, Need("mail:send", memory_max_mb=64.5)),
        ]
