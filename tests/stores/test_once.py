"""What is to be there once, under a name."""

from __future__ import annotations

from mainspring.kernel.store import OnceRow
from tests.stores.bench import NOW, ended


def test_what_began_once_is_found_by_its_name_with_where_it_stands(bench):
    bench.definition()
    bench.capability()
    for id in (1, 2, 3):
        bench.instance(id)
    bench.task(1, "waits")
    bench.task(2, "tried", attempt=1)
    with bench.writing() as changes:
        changes.once.update({name: (name, id, NOW + id) for name, id in (("a", 1), ("b", 2), ("c", 3))})
        changes.statuses[3] = ended(3)
    with bench.reading() as store:
        assert store.find_once(["a", "b", "c", "d"]) == {
            "a": OnceRow("a", 1, "case-1", "running", NOW + 1, False),
            "b": OnceRow("b", 2, "case-2", "running", NOW + 2, True),
            "c": OnceRow("c", 3, "case-3", "completed", NOW + 3, False),
        }
        assert store.find_once([]) == {}


def test_a_name_goes_to_the_next_one(bench):
    bench.definition()
    bench.instance(1)
    bench.instance(2)
    for id in (1, 2):
        with bench.writing() as changes:
            changes.once["a"] = ("a", id, NOW)
    with bench.reading() as store:
        assert store.find_once(["a"])["a"].instance == 2


def test_a_name_is_free_when_its_instance_is_forgotten(bench):
    bench.definition()
    bench.instance(1)
    with bench.writing() as changes:
        changes.once["a"] = ("a", 1, NOW)
    with bench.writing():
        bench.store.delete_instances([1])
    with bench.reading() as store:
        assert store.find_once(["a"]) == {}
